"""Earlier periods that may come out differently now: which, with whose slips, and what was paid for them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import within
from payroll.models.runs import SEALED
from payroll.queries.answers import Policy
from payroll.queries.changes import (
    LastSealed,
    OfEverybody,
    OfWorker,
    changes_of_everybody,
    changes_of_workers,
    last_sealed,
)
from payroll.queries.raw import fetch
from payroll.queries.timelines import (
    Segment,
    Slip,
    last_place,
    slips_by_worker,
    slips_in,
    slips_of_worker,
    timelines_in,
    timelines_of,
)
from payroll.rules.cycles import PayPeriod

Key = tuple[str, str]  # worker and employer

_SEALED_PERIODS = """
SELECT month, cycle, area FROM payroll_run
WHERE staff = $1 AND status = ANY($2::text[]) AND month >= $3 AND month <= $4 ORDER BY month, cycle, area
"""
_PAID_SLIPS = """
SELECT s.worker_id, s.organisation_id, s.month, s.cycle, b.area FROM payslip s
JOIN payroll_run r ON r.run_id = s.run_id JOIN payroll_batch b ON b.batch_id = s.batch_id
WHERE s.worker_id = ANY($1::text[]) AND s.month >= $2 AND r.staff = $3 AND r.status = ANY($4::text[])
"""
_PAID_IN_STREET = """
SELECT s.worker_id, s.organisation_id FROM payroll_batch b
JOIN payroll_run r ON r.run_id = b.run_id JOIN payslip s ON s.batch_id = b.batch_id
WHERE b.area = $1 AND b.staff = $2 AND r.month = $3 AND r.cycle = $4 AND r.status = ANY($5::text[])
"""
_PAID_LINES = """
SELECT s.worker_id, coalesce(l.organisation_id, s.organisation_id) AS organisation_id, l.code, l.period IS NULL AS own,
       sum(l.amount)::bigint AS amount
FROM payslip s JOIN payroll_run r ON r.run_id = s.run_id JOIN payslip_line l ON l.slip_no = s.slip_no
WHERE s.worker_id = ANY($1::text[]) AND s.month >= $2 AND r.status = ANY($3::text[])
  AND ((s.month = $2 AND s.cycle = $4 AND l.period IS NULL) OR l.period = $5)
GROUP BY s.worker_id, coalesce(l.organisation_id, s.organisation_id), l.code, l.period IS NULL
"""


@dataclass(frozen=True)
class Street:
    """Whose pay is worked out together in a run, with everybody who ever served there; `digits` of an area name it."""

    area: str
    staff: str
    period: PayPeriod
    digits: int
    halves: bool
    timelines: dict[str, list[Segment]]

    @cached_property
    def slips(self) -> dict[str, list[Slip]]:
        """Of the period, by worker, wherever they are paid."""
        return slips_by_worker(self.timelines, self.period, halves=self.halves)

    def home(self, worker_id: str, organisation_id: str | None = None) -> tuple[Key, str] | None:
        """The slip that pays somebody's differences now, and its area: of the same employer, else of the last one.

        Whoever is not paid in the period is paid where he was last; None for whom runs of another cycle pay.
        """
        slips = self.slips.get(worker_id, ())
        for slip in slips:
            if slip.organisation_id == organisation_id or (slip.carries and not self._has(slips, organisation_id)):
                return (worker_id, slip.organisation_id), slip.area
        segments = self.timelines.get(worker_id, ())
        last = None if slips else last_place(segments, self.period, halves=self.halves)
        return ((worker_id, last.organisation_id), last.area) if last else None

    @staticmethod
    def _has(slips: Iterable[Slip], organisation_id: str | None) -> bool:
        return any(slip.organisation_id == organisation_id for slip in slips)

    def is_home(self, worker_id: str, organisation_id: str | None = None) -> bool:
        home = self.home(worker_id, organisation_id)
        return home is not None and home[1][: self.digits] == self.area


@dataclass
class Dirty:
    """A street's period to be worked out again: by worker the change that asks for it, and one of everybody."""

    street: str
    period: PayPeriod
    of_workers: dict[str, int] = field(default_factory=dict)
    of_everybody: int | None = None

    def cause(self, worker_id: str) -> int:
        """Whoever shares a pool with somebody may come out differently for that one's change."""
        if worker_id in self.of_workers:
            return self.of_workers[worker_id]
        return self.of_everybody if self.of_everybody is not None else min(self.of_workers.values())


@dataclass(frozen=True)
class Pending:
    """What a batch takes into account, the earlier periods that come with it, and the streets they lie in."""

    considered: list[int]
    dirty: list[Dirty]
    timelines: dict[str, list[Segment]]


async def pending(session: AsyncSession, street: Street, said: Policy) -> Pending:
    """The changes not yet reckoned with, and which earlier periods of which streets they touch.

    Streets are those in which anybody at home here ever served: a change of a former neighbour may change a pool.
    """
    at_home = [worker_id for worker_id in street.timelines if street.is_home(worker_id)]
    streets = {segment.area[: street.digits] for worker in at_home for segment in street.timelines[worker]}
    streets.add(street.area)
    timelines = dict(street.timelines)
    if len(streets) > 1:
        timelines |= await timelines_in(session, streets - {street.area}, staff=street.staff)
    last = await _last_sealed(session, street, streets)
    here = last[street.area]
    up_to = street.period.month
    own = await changes_of_workers(session, street.timelines, last=here, up_to=up_to)
    if elsewhere := timelines.keys() - street.timelines.keys():
        earliest = _earliest(here.considered, *last.values())
        own += await changes_of_workers(session, elsewhere, last=earliest, up_to=up_to)
    everybody = await changes_of_everybody(session, last, staff=street.staff, up_to=up_to)
    home = set(at_home)
    considered = [change.change_id for change in own if change.pending and change.worker_id in home]
    considered += [change.change_id for change in everybody[street.area]]
    touched = _Touched(session, street, said, streets, timelines, home)
    return Pending(sorted(considered), await touched.periods(own, everybody), timelines)


async def _last_sealed(session: AsyncSession, street: Street, streets: Collection[str]) -> dict[str, LastSealed]:
    """By street since when its changes may be new to those at home here.

    A street that somebody has come from may have been worked out without him since: what it knew before the month
    counts, or what was known here, whichever is earlier.
    """
    here = await last_sealed(session, street.area, street.period, staff=street.staff)
    last = {street.area: here}
    for other in sorted(set(streets) - {street.area}):
        there = await last_sealed(session, other, street.period, staff=street.staff, before=street.period.month)
        last[other] = _earliest(here.considered, here, there)
    return last


def _earliest(considered: frozenset[int], *last: LastSealed) -> LastSealed:
    return LastSealed(min((one.since for one in last if one.since is not None), default=None), considered)


async def sealed_periods(
    session: AsyncSession, period: PayPeriod, *, staff: str, since: str
) -> dict[PayPeriod, list[str]]:
    """By period before this one, from a month on, the areas whose runs are sealed."""
    rows = await fetch(session, _SEALED_PERIODS, staff, list(SEALED), since, period.month)
    covered: dict[PayPeriod, list[str]] = defaultdict(list)
    for month, cycle, area in rows:
        if PayPeriod(month, cycle).is_before(period):
            covered[PayPeriod(month, cycle)].append(area)
    return covered


@dataclass
class _Touched:
    session: AsyncSession
    street: Street
    said: Policy
    streets: set[str]
    timelines: dict[str, list[Segment]]
    at_home: set[str]
    found: dict[tuple[str, PayPeriod], Dirty] = field(default_factory=dict)
    paid: dict[tuple[str, PayPeriod], set[str]] = field(default_factory=lambda: defaultdict(set))
    halves: dict[PayPeriod, bool] = field(default_factory=dict)

    async def periods(self, own: Sequence[OfWorker], everybody: Mapping[str, Sequence[OfEverybody]]) -> list[Dirty]:
        months = [change.from_month for change in own]
        months += [change.from_month for changes in everybody.values() for change in changes]
        if not months:
            return []
        earliest = min(months)
        staff = self.street.staff
        covered = await sealed_periods(self.session, self.street.period, staff=staff, since=earliest)
        if not covered:
            return []
        changed = sorted({change.worker_id for change in own})
        for worker_id, _, month, cycle, area in await fetch(
            self.session, _PAID_SLIPS, changed, earliest, staff, list(SEALED)
        ):
            self.paid[worker_id, PayPeriod(month, cycle)].add(area)
        for period, areas in covered.items():
            self._look_at(period, areas, own, everybody)
        return sorted(self.found.values(), key=lambda dirty: (dirty.period, dirty.street))

    def _look_at(
        self,
        period: PayPeriod,
        areas: list[str],
        own: Sequence[OfWorker],
        everybody: Mapping[str, Sequence[OfEverybody]],
    ) -> None:
        paying = {street for street in self.streets if any(within(street, area) for area in areas)}
        for change in own:
            if change.from_month <= period.month:
                for street in self._streets_of(change.worker_id, period) & paying:
                    if dirty := self._dirty(street, period):
                        dirty.of_workers.setdefault(change.worker_id, change.change_id)
        for street in sorted(paying):
            first = next((one for one in everybody.get(street, ()) if one.from_month <= period.month), None)
            if first and (dirty := self._dirty(street, period)):
                dirty.of_everybody = first.change_id

    def _dirty(self, street: str, period: PayPeriod) -> Dirty | None:
        """None where nobody who is at home here had a part in it."""
        key = street, period
        if key not in self.found:
            concerned = street == self.street.area or any(
                street in self._streets_of(worker_id, period) for worker_id in self.at_home
            )
            if not concerned:
                return None
            self.found[key] = Dirty(street, period)
        return self.found[key]

    def _streets_of(self, worker_id: str, period: PayPeriod) -> set[str]:
        """Where a period of somebody belongs by what is known now, and where it was paid."""
        if period not in self.halves:
            self.halves[period] = self.said.halves(period, area=self.street.area, staff=self.street.staff)
        slips = slips_of_worker(worker_id, self.timelines.get(worker_id, ()), period, halves=self.halves[period])
        streets = {slip.area[: self.street.digits] for slip in slips}
        return streets | self.paid.get((worker_id, period), set())


@dataclass(frozen=True)
class PastSlips:
    """The slips of an earlier period as known now, with those that were paid and should not have been, and by line
    code what has been paid for each until now.
    """

    dirty: Dirty
    slips: list[Slip]
    paid: dict[Key, dict[str, int]]


async def past_slips(
    session: AsyncSession, dirty: Dirty, said: Policy, known: dict[str, list[Segment]], *, staff: str, digits: int
) -> PastSlips:
    street, period = dirty.street, dirty.period
    halves = said.halves(period, area=street, staff=staff)
    slips = slips_in(slips_by_worker(known, period, halves=halves), street, digits=digits)
    rows = await fetch(session, _PAID_IN_STREET, street, staff, period.month, period.cycle, list(SEALED))
    unknown = sorted({worker_id for worker_id, _ in rows} - known.keys())
    timelines = known | (await timelines_of(session, unknown, staff=staff) if unknown else {})
    workers = {slip.worker_id for slip in slips} | {worker_id for worker_id, _ in rows}
    elsewhere = {
        (slip.worker_id, slip.organisation_id): slip
        for worker_id in workers
        for slip in slips_of_worker(worker_id, timelines.get(worker_id, ()), period, halves=halves)
    }
    undue = [(worker_id, employer) for worker_id, employer in rows if (worker_id, employer) not in elsewhere]
    slips += [Slip(worker_id, employer, street, (), False) for worker_id, employer in undue]
    slips.sort(key=lambda slip: (slip.worker_id, slip.organisation_id))
    carrying = {slip.worker_id: slip.organisation_id for slip in elsewhere.values() if slip.carries}
    paid = await _paid(session, workers, carrying, set(elsewhere) | set(undue), period)
    return PastSlips(dirty, slips, paid)


async def _paid(
    session: AsyncSession, workers: Collection[str], carrying: dict[str, str], keys: set[Key], period: PayPeriod
) -> dict[Key, dict[str, int]]:
    """By worker and employer the lines of the period's own slip and those paid for it later.

    What another employer paid later counts for the one that the person was last with in the period.
    """
    paid: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = await fetch(session, _PAID_LINES, sorted(workers), period.month, list(SEALED), period.cycle, period.name)
    owners = {row["worker_id"]: row["organisation_id"] for row in rows if row["own"]}
    for row in rows:
        worker_id, employer = row["worker_id"], row["organisation_id"]
        if not row["own"] and (worker_id, employer) not in keys:
            employer = carrying.get(worker_id) or owners.get(worker_id, employer)
        paid[worker_id, employer][row["code"]] += row["amount"]
    return paid
