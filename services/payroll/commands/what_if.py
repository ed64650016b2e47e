"""What pay would come to by other figures: the engine of real runs, twice, on present facts; nothing is written."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from common.errors import BusinessError
from common.policy import NoClause, NotChosen, ParameterMissing, ParameterRow, Parameters, Policies
from common.policy.documents import Answer, Dated, left_open
from common.policy.parameters import kind_of
from payroll import engine, queries
from payroll.engine.columns import Results
from payroll.models import Cycle, PayrollBatch, PayrollRun, PayStandard, StandardStatus
from payroll.queries.proposals import run_over
from payroll.rules.cycles import first_day

PROPOSED = "what-if"


@dataclass(frozen=True)
class ProposedStandard:
    """`monthly_amount` in yuan."""

    post_class: str
    grade: int
    monthly_amount: Decimal


@dataclass(frozen=True)
class Proposal:
    """Other figures for the pay of an area, a kind of staff and a month.

    `parameters`: by code, a value in the form of its code, or None, which ends it. `standards` go before those in force
    in the area. `choices`: by clause and term, what the level named there would choose.
    """

    area: str
    staff: str
    month: str
    cycle: Cycle = Cycle.MONTH
    paid_in: str | None = None
    parameters: Mapping[str, Any] | None = None
    standards: Sequence[ProposedStandard] = ()
    choices: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Cost:
    """In fen. `employer`: contributions of the employer, on top of gross."""

    workers: int
    set_aside: int
    gross: int
    employer: int

    @property
    def total(self) -> int:
        return self.gross + self.employer

    def plus(self, other: "Cost") -> "Cost":
        return Cost(
            self.workers + other.workers,
            self.set_aside + other.set_aside,
            self.gross + other.gross,
            self.employer + other.employer,
        )


NO_COST = Cost(0, 0, 0, 0)


@dataclass(frozen=True)
class Person:
    """Whose pay would be otherwise, in fen; `set_aside`: the codes of why he could not be paid then."""

    worker_id: str
    organisation_id: str
    area: str
    gross_before: int
    gross_after: int
    net_before: int
    net_after: int
    set_aside: tuple[str, ...]

    @property
    def change(self) -> int:
        """What is left to him more, or less."""
        return self.net_after - self.net_before


@dataclass(frozen=True)
class StreetCost:
    """`before` is None where what is in force does not suffice to reckon the street's pay."""

    area: str
    before: Cost | None
    after: Cost
    people: tuple[Person, ...]


class ParameterNotKnown(BusinessError):
    status = 422
    zh = "没有名为 {code} 的参数。"
    en = "There is no parameter {code}."


class ProposedValueWrong(BusinessError):
    status = 422
    zh = "测算所用的 {name} 取值不合规定：{reason}"
    en = "The value proposed for {name} will not do: {reason}"


async def streets_of(session: AsyncSession, proposal: Proposal) -> list[str]:
    """Where the proposal may have somebody to pay."""
    return await queries.streets_of(session, _run(proposal))


async def reckon(
    session: AsyncSession, policies: Policies, proposal: Proposal, *, streets: Sequence[str]
) -> AsyncIterator[StreetCost]:
    """Street by street. Raises ParameterMissing, NoClause, NotChosen where the proposal does not suffice."""
    run = _run(proposal)
    proposed_policies = with_choices(policies, proposal.choices or {})
    standards = _standards(proposal)
    rows = _rows(proposal)
    for street in streets:
        of_street = _run(proposal, run_id=await run_over(session, run, area=street))
        parameters = await queries.parameters_in_force(session, codes=None, area=street)
        proposed = _Reckoner(session, proposed_policies, parameters.with_rows(rows), of_street, street)
        after, areas = await proposed.results(standards)
        before: Results | None = None
        with suppress(ParameterMissing, NoClause, NotChosen):
            before, _ = await _Reckoner(session, policies, parameters, of_street, street).results(())
        yield StreetCost(
            area=street,
            before=_cost(before) if before is not None else None,
            after=_cost(after),
            people=_people(proposed.payees, areas, before, after) if before is not None else (),
        )


@dataclass
class _Reckoner:
    session: AsyncSession
    policies: Policies
    parameters: Parameters
    run: PayrollRun
    street: str
    payees: tuple[tuple[str, str], ...] = ()

    async def results(self, standards: Sequence[PayStandard]) -> tuple[Results, tuple[str, ...]]:
        missing = await queries.figures_missing(
            self.session, self.policies, self.parameters, self.run, streets=[self.street]
        )
        if missing:
            raise missing[0]
        batch = PayrollBatch(
            batch_id=PROPOSED, run_id=self.run.run_id, attempt=0, area=self.street, staff=self.run.staff
        )
        loaded = await queries.load_batch(
            self.session, self.policies, self.parameters, self.run, batch, proposed=standards, arrears=False
        )
        inputs = loaded.batch.inputs
        self.payees = tuple(zip(inputs.worker_ids, inputs.organisation_ids, strict=True))
        return await asyncio.to_thread(engine.work_out, loaded.batch), loaded.areas


def _run(proposal: Proposal, *, run_id: str | None = None) -> PayrollRun:
    """What load and policy ask a run for; it is never added to a session."""
    return PayrollRun(
        run_id=run_id or PROPOSED,
        area=proposal.area,
        staff=proposal.staff,
        month=proposal.month,
        cycle=proposal.cycle,
        paid_in=proposal.paid_in or proposal.month,
    )


def _standards(proposal: Proposal) -> list[PayStandard]:
    return [
        PayStandard(
            standard_id=f"{PROPOSED}-{number}",
            area=proposal.area,
            staff=proposal.staff,
            post_class=one.post_class,
            grade=one.grade,
            monthly_amount=one.monthly_amount,
            starts_on=first_day(proposal.month),
            source=PROPOSED,
            status=StandardStatus.APPROVED,
        )
        for number, one in enumerate(proposal.standards, start=1)
    ]


def _rows(proposal: Proposal) -> list[ParameterRow]:
    """In force on both days that a run asks for: the first of its month, and that of the month of payment."""
    days = {first_day(proposal.month), first_day(proposal.paid_in or proposal.month)}
    rows = []
    for code, value in (proposal.parameters or {}).items():
        kind = kind_of(code)
        if kind is None:
            raise ParameterNotKnown(code=code)
        try:
            checked = kind.validated(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ProposedValueWrong(name=code, reason=f"{place} {first['msg']}".strip()) from error
        rows += [
            ParameterRow(f"{PROPOSED}-{code}"[:60], code, proposal.area, proposal.staff, day, checked) for day in days
        ]
    return rows


def with_choices(policies: Policies, choices: Mapping[str, Mapping[str, Any]]) -> Policies:
    """The same documents, as if the level that each term is left to had chosen so. Bounds hold for a proposal too."""
    unknown = [clause for clause in choices if policies.clause(clause) is None]
    if unknown:
        raise ProposedValueWrong(name=unknown[0], reason="—")
    answers = {
        rule: tuple(_chosen(answer, choices.get(answer.clause.clause_id, {})) for answer in found)
        for rule, found in policies.answers.items()
    }
    return replace(policies, answers=answers) if choices else policies


def _chosen(answer: Answer, choices: Mapping[str, Any]) -> Answer:
    series = dict(answer.series)
    for term, value in choices.items():
        if term in series:
            series[term] = tuple(_dated(answer, term, dated, value) for dated in series[term])
    return replace(answer, series=series)


def _dated(answer: Answer, term: str, dated: Dated, value: Any) -> Dated:
    open_term = left_open(dated.value)
    if open_term is None:
        return dated
    if not open_term.allows(value):
        allowed = open_term.between or open_term.among
        raise ProposedValueWrong(name=f"{answer.clause.clause_id} {term}", reason=str(allowed))
    return replace(dated, value=value)


def _cost(results: Results) -> Cost:
    return Cost(
        workers=int(results.paid.sum()),
        set_aside=int((~results.paid).sum()),
        gross=int(results.columns["gross"].sum()),
        employer=int(results.columns["employer_contributions"].sum()),
    )


def _people(
    payees: Sequence[tuple[str, str]], areas: Sequence[str], before: Results, after: Results
) -> tuple[Person, ...]:
    """Those whose gross or net pay differs, or who could be paid by one and not by the other."""
    gross, net = before.columns["gross"], before.columns["net"]
    gross_then, net_then = after.columns["gross"], after.columns["net"]
    differs = (gross != gross_then) | (net != net_then) | (before.paid != after.paid)
    codes: dict[int, list[str]] = {}
    for found in after.found:
        if found.blocks:
            codes.setdefault(found.slip, []).append(found.code)
    return tuple(
        Person(
            worker_id=payees[place][0],
            organisation_id=payees[place][1],
            area=areas[place],
            gross_before=int(gross[place]),
            gross_after=int(gross_then[place]),
            net_before=int(net[place]),
            net_after=int(net_then[place]),
            set_aside=tuple(sorted(set(codes.get(place, ())))),
        )
        for place in differs.nonzero()[0].tolist()
    )
