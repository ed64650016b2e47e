"""A whole batch as columns: who is paid, by which facts, by which clauses, and which earlier periods come with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from common.policy import Parameters, Policies
from payroll.engine.columns import Answers, Batch, Inputs, Past
from payroll.models import PayrollBatch, PayrollRun, PayStandard
from payroll.queries.answers import COUNTY_DIGITS, Policy, policy
from payroll.queries.facts import facts_of, standards_for
from payroll.queries.inputs import column, inputs_of
from payroll.queries.parameters import parameters_in_force
from payroll.queries.past import Key, PastSlips, Street, past_slips, pending
from payroll.queries.timelines import STREET_DIGITS, Slip, slips_in, timelines_in
from payroll.queries.year import year_of
from payroll.rules.cycles import PayPeriod


@dataclass(frozen=True)
class LoadedBatch:
    """What the engine reads, the area of each slip, and the changes that were known when it was read."""

    batch: Batch
    areas: tuple[str, ...]
    considered: list[int]


async def load_batch(
    session: AsyncSession,
    policies: Policies,
    parameters: Parameters,
    run: PayrollRun,
    batch: PayrollBatch,
    *,
    proposed: Sequence[PayStandard] = (),
    arrears: bool = True,
) -> LoadedBatch:
    """Everything that the street `batch.area` of the run is worked out from.

    `proposed`: pay standards to reckon with as if they were approved; without `arrears`, the period alone, which is
    what a proposal is compared by. Nothing is written. Raises ParameterMissing and NotChosen where a clause in force
    cannot be filled in.
    """
    said = await policy(session, policies, parameters, area=batch.area)
    street = await _street(session, said, run, batch.area)
    slips = slips_in(street.slips, street.area, digits=street.digits)
    loader = _Loader(session, said, street, tuple(proposed))
    past: list[PastSlips] = []
    considered: list[int] = []
    if arrears:
        waiting = await pending(session, street, said)
        considered = waiting.considered
        others = sorted({dirty.street for dirty in waiting.dirty} - {street.area})
        if others:
            figures = await _with_figures_of(session, parameters, others)
            loader = replace(loader, said=await policy(session, policies, figures, area=street.area, others=others))
        past = [
            await past_slips(session, dirty, loader.said, waiting.timelines, staff=street.staff, digits=street.digits)
            for dirty in waiting.dirty
        ]
    slips = _with_leavers(street, slips, past)
    past = [one for one in past if any(_is_ours(street, slip) for slip in one.slips)]
    number = {(slip.worker_id, slip.organisation_id): place for place, slip in enumerate(slips)}
    again = _again(street, past) if arrears else frozenset((slip.worker_id, run.month) for slip in slips)
    inputs, answers = await loader.inputs(slips, street.period, street.area, again)
    tax_answers = said.tax_answers(run.paid_in, area=street.area, staff=street.staff)
    of_run: dict[str, Any] = {"paid_in": run.paid_in, "run_id": run.run_id, "answers": tax_answers}
    loaded = Batch(
        paid_in=run.paid_in,
        inputs=inputs,
        answers=answers,
        tax_answers=tax_answers,
        year=await year_of(session, slips, street.timelines, street.period, **of_run),
        present=np.array([bool(slip.segments) for slip in slips], dtype=np.bool_),
        past=tuple([await loader.past(one, number, again) for one in past]),
    )
    return LoadedBatch(loaded, tuple(slip.area for slip in slips), considered)


async def _with_figures_of(session: AsyncSession, parameters: Parameters, streets: Iterable[str]) -> Parameters:
    """And those of the counties of these streets, which may lie in another city."""
    for county in sorted({street[:COUNTY_DIGITS] for street in streets}):
        there = await parameters_in_force(session, codes=None, area=county)
        parameters = there.with_rows(parameters.rows)
    return parameters


async def _street(session: AsyncSession, said: Policy, run: PayrollRun, area: str) -> Street:
    period = PayPeriod(run.month, run.cycle)
    return Street(
        area=area,
        staff=run.staff,
        period=period,
        digits=max(STREET_DIGITS, len(area)),
        halves=said.halves(period, area=area, staff=run.staff),
        timelines=await timelines_in(session, [area], staff=run.staff),
    )


def _with_leavers(street: Street, slips: list[Slip], past: Sequence[PastSlips]) -> list[Slip]:
    """And those whom nothing is paid to for the period itself, but perhaps a difference for an earlier one."""
    known = {(slip.worker_id, slip.organisation_id) for slip in slips}
    added: dict[Key, Slip] = {}
    for one in past:
        for slip in one.slips:
            home = street.home(slip.worker_id, slip.organisation_id)
            if home is not None and home[0] not in known and _is_ours(street, slip):
                (worker_id, employer), area = home
                added[home[0]] = Slip(worker_id, employer, area, (), True)
    return sorted([*slips, *added.values()], key=lambda slip: (slip.worker_id, slip.organisation_id))


def _is_ours(street: Street, slip: Slip) -> bool:
    return street.is_home(slip.worker_id, slip.organisation_id)


def _again(street: Street, past: Sequence[PastSlips]) -> frozenset[Key]:
    """The workers and months that are worked out again in this batch: theirs are first months only if it finds so."""
    return frozenset(
        (slip.worker_id, one.dirty.period.month) for one in past for slip in one.slips if _is_ours(street, slip)
    )


@dataclass(frozen=True)
class _Loader:
    session: AsyncSession
    said: Policy
    street: Street
    proposed: tuple[PayStandard, ...]

    async def inputs(
        self, slips: Sequence[Slip], period: PayPeriod, area: str, again: frozenset[Key]
    ) -> tuple[Inputs, Answers]:
        staff = self.street.staff
        facts = await facts_of(self.session, sorted({slip.worker_id for slip in slips}), period)
        places = {segment.area for slip in slips for segment in slip.segments}
        standards = await standards_for(self.session, places, period, staff=staff, proposed=self.proposed)
        working = self.said.calendar(period, area=area, staff=staff) if facts.leaves else None
        given: dict[str, Any] = {"area": area, "staff": staff, "period": period, "working": working}
        inputs = inputs_of(slips, facts, standards, **given, again=again)
        certified = bool((inputs.keys["certificate"].codes >= 0).any())
        return inputs, self.said.answers(period, area=area, staff=staff, allowances=certified)

    async def past(self, one: PastSlips, number: Mapping[Key, int], again: frozenset[Key]) -> Past:
        period = one.dirty.period
        earlier = frozenset(key for key in again if key[1] != period.month)
        inputs, answers = await self.inputs(one.slips, period, one.dirty.street, earlier)
        codes = sorted({code for lines in one.paid.values() for code in lines})
        keys = [(slip.worker_id, slip.organisation_id) for slip in one.slips]
        return Past(
            inputs=inputs,
            answers=answers,
            paid={code: column([one.paid.get(key, {}).get(code, 0) for key in keys]) for code in codes},
            mine=column([self._mine(key, number) for key in keys]),
            change_id=column([one.dirty.cause(slip.worker_id) for slip in one.slips]),
        )

    def _mine(self, key: Key, number: Mapping[Key, int]) -> int:
        home = self.street.home(*key)
        return number[home[0]] if home is not None and self.street.is_home(*key) else -1
