"""What the files of a run are written from. Amounts in fen."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, String, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.money import whole_fen
from common.transaction import seeing
from payroll.engine.explain import ExplainedLine, explain
from payroll.engine.layout import DUES
from payroll.files.figures import Difference, DueOfEmployer, Item, MemberDues, RunOfSlips, Slip
from payroll.models import (
    Change,
    Payee,
    PayrollBatch,
    PayrollRun,
    Payslip,
    PayslipLine,
)
from payroll.models.runs import SEALED
from payroll.queries.contributions import Side, contribution_lines
from payroll.queries.payslips import opened, recompute

_IN_ORDER = (Payslip.area, Payslip.worker_id, Payslip.slip_no)


@dataclass(frozen=True)
class SlipsOf:
    """Which slips of a run: those of an area within it, those with a bonus taxed apart, one of them, or a page."""

    run_id: str
    area: str = ""
    bonuses: bool = False
    slip_no: int | None = None
    first: int = 0
    most: int | None = None

    def page(self, number: int, *, of: int) -> "SlipsOf":
        """The first page is 1."""
        return replace(self, first=(number - 1) * of, most=of)

    def numbers(self) -> Select[int]:
        query = select(Payslip.slip_no).where(Payslip.run_id == self.run_id)
        if self.area:
            lowest, highest = code_range(self.area)
            query = query.where(Payslip.area >= lowest, Payslip.area < highest)
        if self.bonuses:
            query = query.where(Payslip.bonus != 0)
        if self.slip_no is not None:
            query = query.where(Payslip.slip_no == self.slip_no)
        if self.most is not None:
            query = query.order_by(*_IN_ORDER).offset(self.first).limit(self.most)
        return query


async def count_slips(session: AsyncSession, wanted: SlipsOf) -> int:
    return await session.scalar(select(func.count()).select_from(wanted.numbers().subquery())) or 0


async def run_of_slips(session: AsyncSession, *, run: PayrollRun, wanted: SlipsOf) -> RunOfSlips:
    """The slips with their lines, by street, then worker."""
    layouts = await _layouts(session, run_id=run.run_id)
    slips = [_slip(*found) for found in await _with_lines(session, wanted.numbers())]
    return RunOfSlips(
        run_id=run.run_id,
        area=wanted.area or run.area,
        staff=run.staff,
        month=run.month,
        cycle=run.cycle,
        paid_in=run.paid_in,
        items=tuple(layouts.values()),
        slips=slips,
        settled=run.status in SEALED,
    )


async def _layouts(session: AsyncSession, *, run_id: str) -> dict[str, Item]:
    """The lines of all batches in one order: each batch's own, what a later one adds behind its predecessor."""
    order: list[str] = []
    items: dict[str, Item] = {}
    query = select(PayrollBatch.layout).where(PayrollBatch.run_id == run_id).order_by(PayrollBatch.area)
    for layout in await session.scalars(query):
        behind = 0
        for line in layout:
            code = str(line["code"])
            if code in items:
                behind = order.index(code) + 1
                continue
            order.insert(behind, code)
            behind += 1
            items[code] = Item(code, str(line["kind"]), str(line["label_zh"]), line.get("clause"))
    return {code: items[code] for code in order}


async def _with_lines(session: AsyncSession, wanted: Select[int]) -> list[tuple[Payslip, str, list[Any]]]:
    """Slips with the worker's name and (code, amount, period, cause, employer of the period) of each line."""
    lines: dict[int, list[Any]] = defaultdict(list)
    found = await session.execute(
        select(PayslipLine.slip_no, PayslipLine.code, PayslipLine.amount, PayslipLine.period, Change.cause)
        .add_columns(PayslipLine.organisation_id)
        .outerjoin(Change, Change.change_id == PayslipLine.change_id)
        .where(PayslipLine.slip_no.in_(wanted))
        .order_by(PayslipLine.slip_no, PayslipLine.ordinal)
    )
    for slip_no, *line in found:
        lines[slip_no].append(line)
    slips = list(await session.scalars(select(Payslip).where(Payslip.slip_no.in_(wanted)).order_by(*_IN_ORDER)))
    async with seeing(session, area=""):  # whoever has moved away since, or is not here yet
        names = await names_of(session, worker_ids=[slip.worker_id for slip in slips])
    return [(slip, names.get(slip.worker_id) or "", lines[slip.slip_no]) for slip in slips]


def _slip(slip: Payslip, name: str, lines: Sequence[Any]) -> Slip:
    amounts: dict[str, int] = defaultdict(int)
    differences = []
    for code, amount, period, cause, organisation_id in lines:
        if period is None:
            amounts[code] += amount
        else:
            differences.append(Difference(code, period, amount, cause or "", organisation_id))
    figures = {
        column: getattr(slip, column)
        for column in (
            *("gross", "contributions", "employer_contributions", "tax", "net"),
            *("income", "exempt", "relief", "bonus", "bonus_tax"),
        )
    }
    return Slip(
        payslip_id=slip.payslip_id,
        worker_id=slip.worker_id,
        name=name,
        area=slip.area,
        organisation_id=slip.organisation_id,
        amounts=dict(amounts),
        differences=tuple(differences),
        batch_id=slip.batch_id,
        **figures,
    )


Explained = Mapping[str, Sequence[ExplainedLine]]  # by payslip


async def explained_lines(session: AsyncSession, slips: Sequence[Slip]) -> Explained:
    """How the figures of slips came about, worked out again from the snapshots of their batches."""
    found: dict[str, Sequence[ExplainedLine]] = {}
    for batch_id in sorted({slip.batch_id for slip in slips}):
        snapshot = await session.scalar(select(PayrollBatch.snapshot).where(PayrollBatch.batch_id == batch_id))
        if snapshot is not None:
            of_batch = [slip for slip in slips if slip.batch_id == batch_id]
            found |= await asyncio.to_thread(_explained, snapshot, of_batch)
    return found


def _explained(snapshot: bytes, slips: Sequence[Slip]) -> dict[str, Sequence[ExplainedLine]]:
    batch, results = recompute(snapshot)
    payees = zip(batch.inputs.worker_ids, batch.inputs.organisation_ids, strict=True)
    places = {payee: number for number, payee in enumerate(payees)}
    return {slip.payslip_id: explain(batch, results, places[slip.worker_id, slip.organisation_id]) for slip in slips}


async def sides_of_schemes(session: AsyncSession, *, run_id: str) -> dict[str, Side]:
    """By the code of a line: its scheme, and whether the employer pays it."""
    found: dict[str, Side] = {}
    query = select(PayrollBatch.layout).where(PayrollBatch.run_id == run_id).order_by(PayrollBatch.area)
    for layout in await session.scalars(query):
        found |= contribution_lines(layout)
    return found


def dues_of_employers(
    run: RunOfSlips, sides: Mapping[str, Side], explained: Explained | None = None
) -> list[DueOfEmployer]:
    """By employer, scheme and month, with the bases of the month as far as they are `explained`.

    A difference is the employer's of its month, whoever pays the worker now.
    """
    people: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    bases: dict[tuple[str, str, str], int] = defaultdict(int)
    for slip in run.slips:
        paid = [(code, run.month, amount, slip.organisation_id) for code, amount in slip.amounts.items()]
        paid += [
            (one.code, one.period[:7], one.amount, one.organisation_id or slip.organisation_id)
            for one in slip.differences
        ]
        for code, period, amount, organisation_id in paid:
            if code in sides:
                side = sides[code]
                place = (organisation_id, side.scheme, period)
                people[place].add(slip.worker_id)
                sums[place][0 if side.of_employer else 1] += amount
        for scheme, held in _bases((explained or {}).get(slip.payslip_id, ()), sides).items():
            bases[slip.organisation_id, scheme, run.month] += held
    labels = {side.scheme: side.label for side in sides.values()}
    order = {scheme: place for place, scheme in enumerate(labels)}
    return [
        DueOfEmployer(
            organisation_id=organisation_id,
            scheme=scheme,
            label=labels[scheme],
            period=period,
            people=len(people[organisation_id, scheme, period]),
            base=bases.get((organisation_id, scheme, period)),
            employer=employer,
            worker=worker,
        )
        for (organisation_id, scheme, period), (employer, worker) in sorted(
            sums.items(), key=lambda one: (one[0][0], order[one[0][1]], one[0][2])
        )
    ]


def _bases(lines: Sequence[ExplainedLine], sides: Mapping[str, Side]) -> dict[str, int]:
    """By scheme, once for both sides."""
    return {
        sides[line.code].scheme: _fen(line.inputs["contribution_base"])
        for line in lines
        if line.code in sides and line.period is None and "contribution_base" in line.inputs
    }


def _fen(said: str) -> int:
    return whole_fen(Decimal(said))


def pays_dues(slip: Slip) -> bool:
    return DUES in slip.amounts or any(one.code == DUES for one in slip.differences)


def members_dues(run: RunOfSlips, explained: Explained) -> list[MemberDues]:
    """Those from whose pay union dues are taken, differences of earlier months among them."""
    found = []
    for slip in run.slips:
        late = sum(one.amount for one in slip.differences if one.code == DUES)
        dues = slip.amounts.get(DUES, 0) + late
        if not dues:
            continue
        said = [line.inputs for line in explained.get(slip.payslip_id, ()) if line.code == DUES and not line.period]
        basic_pay = _fen(said[0]["basic_pay"]) if said and "basic_pay" in said[0] else None
        found.append(MemberDues(slip.worker_id, slip.name, slip.organisation_id, basic_pay, dues))
    return sorted(found, key=lambda member: (member.organisation_id, member.worker_id))


def wages_of_employers(run: RunOfSlips) -> list[tuple[str, int, int]]:
    """By employer: how many people, and the gross pay of all of them."""
    wages: dict[str, list[Any]] = defaultdict(lambda: [set(), 0])
    for slip in run.slips:
        wages[slip.organisation_id][0].add(slip.worker_id)
        wages[slip.organisation_id][1] += slip.gross
    return [(organisation_id, len(people), gross) for organisation_id, (people, gross) in sorted(wages.items())]


async def sealed_identities(session: AsyncSession, wanted: SlipsOf) -> dict[str, str]:
    """The sealed identity number of everybody with one of the slips, where it is known."""
    workers = select(Payslip.worker_id).where(Payslip.slip_no.in_(wanted.numbers()))
    query = select(Payee.worker_id, Payee.identity_sealed).where(
        Payee.worker_id.in_(workers), Payee.identity_sealed.is_not(None)
    )
    async with seeing(session, area=""):  # of whoever has moved away since as well
        rows = (await session.execute(query)).all()
    return {worker_id: sealed for worker_id, sealed in rows if sealed is not None}


Reported = Mapping[tuple[str, str], Mapping[str, int]]


async def reported_in_year(session: AsyncSession, wanted: SlipsOf) -> Reported:
    """By worker and employer, what the slips' tax went by of deductions reported for the tax year, by entry code.

    Of everybody in their batches, one batch after the other.
    """
    found: dict[tuple[str, str], Mapping[str, int]] = {}
    batches = select(Payslip.batch_id).distinct().where(Payslip.slip_no.in_(wanted.numbers()))
    for batch_id in await session.scalars(batches):
        snapshot = await session.scalar(select(PayrollBatch.snapshot).where(PayrollBatch.batch_id == batch_id))
        if snapshot is not None:
            found |= await asyncio.to_thread(_reported, snapshot)
    return found


def _reported(snapshot: bytes) -> Reported:
    batch = opened(snapshot)
    columns = {code: amounts.tolist() for code, amounts in batch.year.reported.items()}
    payees = zip(batch.inputs.worker_ids, batch.inputs.organisation_ids, strict=True)
    return {
        payee: {code: amounts[row] for code, amounts in columns.items() if amounts[row]}
        for row, payee in enumerate(payees)
    }


async def names_in(session: AsyncSession, *, area: str, staff: str) -> list[tuple[str, str]]:
    """Everybody of the kind of staff in the area who has not left: id and name, for a sheet to fill in."""
    lowest, highest = code_range(area)
    rows = await session.execute(
        select(Payee.worker_id, Payee.name)
        .where(Payee.area >= lowest, Payee.area < highest, Payee.staff == staff, Payee.left_on.is_(None))
        .order_by(Payee.area, Payee.worker_id)
    )
    return [(worker_id, name or "") for worker_id, name in rows]


async def names_of(session: AsyncSession, *, worker_ids: Sequence[str]) -> dict[str, str | None]:
    """The names of those who are known here, as far as they have been told."""
    rows = await session.execute(
        select(Payee.worker_id, Payee.name).where(Payee.worker_id == any_(literal(list(worker_ids), ARRAY(String))))
    )
    return dict(rows.all())
