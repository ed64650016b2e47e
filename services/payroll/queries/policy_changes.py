"""Sealed months whose clauses now say something else than they were sealed by."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.policy import ParameterRow, Parameters, Policies
from payroll.engine.columns import Answers, Batch
from payroll.models import Change, Parameter, PayrollBatch, PayrollRun
from payroll.models.runs import SEALED
from payroll.queries.answers import COUNTY_DIGITS, policy
from payroll.queries.parameters import parameters_in_force, row_of
from payroll.queries.payslips import opened
from payroll.rules.cycles import PayPeriod

POLICY_CHANGED = "policy_changed"

Key = tuple[str, str, str]  # street, kind of staff, period


@dataclass(frozen=True)
class ChangedRule:
    """A rule that is answered otherwise; a clause is None where none answered, or answers."""

    rule: str
    clause_before: str | None
    clause_now: str | None


@dataclass(frozen=True)
class ChangedMonth:
    """A street's sealed month, or half of one, that clauses now speak otherwise of. `digest` is of what they say now.

    `rules` are those that differ from the sealing: none where what was noted since holds no longer.
    """

    area: str
    staff: str
    period: str
    digest: str
    rules: tuple[ChangedRule, ...]

    @property
    def reference(self) -> str:
        """What a change noted for it is told by: the period, and what was said of it then."""
        return f"{self.period} {self.digest}"


async def changed_months(
    session: AsyncSession, policies: Policies, *, area: str, staff: str | None, since: str | None
) -> list[ChangedMonth]:
    """By street and month. A month that was noted before counts by what clauses said then.

    Each is asked with the rows of figures that it was sealed by: a new figure notes itself. Raises NotChosen,
    ParameterMissing and FiguresUnfit where a clause of today cannot be filled in for such a month.
    """
    noted = await _noted(session, area)
    found: dict[Key, ChangedMonth] = {}
    in_force: dict[str, Parameters] = {}
    async for sealed in _sealed(session, area=area, staff=staff, since=since):
        county = sealed.area[:COUNTY_DIGITS]
        if county not in in_force:
            in_force = {county: await parameters_in_force(session, codes=None, area=county)}  # streets come by county
        now = await _answers_now(session, policies, in_force[county], sealed)
        key = sealed.area, sealed.staff, sealed.period.name
        before, after = _terms(sealed.batch.answers), _terms(now)
        digest = _digest(after)
        if digest != noted.get(key, _digest(before)):
            rules = tuple(
                ChangedRule(rule, _clause(sealed.batch.answers, rule), _clause(now, rule))
                for rule in sorted(before.keys() | after.keys())
                if before.get(rule) != after.get(rule)
            )
            found[key] = ChangedMonth(*key, digest, rules)
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True)
class _Sealed:
    area: str
    staff: str
    period: PayPeriod
    batch: Batch


async def _sealed(session: AsyncSession, *, area: str, staff: str | None, since: str | None) -> AsyncIterator[_Sealed]:
    """One after the other: a province's snapshots are too much to hold at once."""
    lowest, highest = code_range(area)
    query = (
        select(PayrollBatch.batch_id, PayrollBatch.area, PayrollBatch.staff, PayrollRun.month, PayrollRun.cycle)
        .join(PayrollRun, PayrollRun.run_id == PayrollBatch.run_id)
        .where(PayrollRun.status.in_(SEALED), PayrollBatch.snapshot.is_not(None))
        .where(PayrollBatch.area >= lowest, PayrollBatch.area < highest)
        .order_by(PayrollBatch.area, PayrollBatch.staff, PayrollRun.month, PayrollRun.cycle, PayrollRun.approved_at)
    )
    if staff is not None:
        query = query.where(PayrollBatch.staff == staff)
    if since is not None:
        query = query.where(PayrollRun.month >= since)
    for batch_id, street, kind, month, cycle in (await session.execute(query)).all():
        snapshot = await session.scalar(select(PayrollBatch.snapshot).where(PayrollBatch.batch_id == batch_id))
        batch = await asyncio.to_thread(opened, snapshot or b"")
        yield _Sealed(street, kind, PayPeriod(month, cycle), batch)


async def _answers_now(session: AsyncSession, policies: Policies, in_force: Parameters, sealed: _Sealed) -> Answers:
    answers = sealed.batch.answers
    ids = {parameter_id for spoken in answers.values() for parameter_id in spoken.parameters}
    rows = [row_of(one) for one in await session.scalars(select(Parameter).where(Parameter.parameter_id.in_(ids)))]
    said = await policy(session, policies, _instead(in_force, rows), area=sealed.area)
    certified = bool((sealed.batch.inputs.keys["certificate"].codes >= 0).any())
    return said.answers(sealed.period, area=sealed.area, staff=sealed.staff, allowances=certified)


def _instead(in_force: Parameters, rows: Sequence[ParameterRow]) -> Parameters:
    """These rows, and of other figures those in force."""
    codes = {row.code for row in rows}
    return Parameters([*rows, *(row for row in in_force.rows if row.code not in codes)])


async def _noted(session: AsyncSession, area: str) -> Mapping[Key, str]:
    """What clauses said of each month when it was noted last."""
    lowest, highest = code_range(area)
    changes = await session.scalars(
        select(Change)
        .where(Change.cause == POLICY_CHANGED, Change.worker_id.is_(None))
        .where(Change.area >= lowest, Change.area < highest)
        .order_by(Change.change_id)
    )
    found: dict[Key, str] = {}
    for change in changes:
        period, digest = change.reference.split(" ")
        found[change.area, change.staff or "", period] = digest
    return found


def _terms(answers: Answers) -> dict[str, Any]:
    return {rule: spoken.terms.model_dump(mode="json") for rule, spoken in answers.items()}


def _clause(answers: Answers, rule: str) -> str | None:
    return answers[rule].clause if rule in answers else None


def _digest(terms: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(terms, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
