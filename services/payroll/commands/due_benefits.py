"""Which benefits a place grants, and to whom a recurring one is due: looked up, nothing is kept."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from common.areas import within
from common.errors import BusinessError, NotFound
from common.paging import Rows, make_page
from common.policy import NoClause, NotChosen, ParameterMissing
from common.transaction import About, Transaction
from payroll import rules
from payroll.queries import benefits as queries
from payroll.rules.benefits import (
    BenefitEntitlements,
    BenefitIntervals,
    BenefitKind,
    BenefitLimits,
    RecordedAs,
    full_months,
    within_interval,
)


class NotRecurringHere(BusinessError):
    zh = "{on}，地区 {area} 没有对“{staff}”定期给予“{benefit}”的规定，没有应享未享的名单；请核对福利项目和地区。"
    en = "On {on} no clause in area {area} grants {benefit} to {staff} every so many years; check benefit and area."


class IntervalUnknown(BusinessError):
    zh = "地区 {area} 尚未录入“{benefit}”每几年一次（参数 benefit.interval），请先录入并由另一人复核。"
    en = "Area {area} has not entered how often {benefit} is granted (parameter benefit.interval); enter it first."


@dataclass(frozen=True)
class GrantedHere:
    """A kind of benefit as a place grants it; what nobody has entered yet is None. `most` in yuan."""

    benefit: str
    label_zh: str
    recorded_as: RecordedAs
    after_months: int
    recurs: bool
    paid: bool
    every_years: int | None
    most: Decimal | None
    clause: str


async def kinds_of_benefit(tx: Transaction, *, area: str, staff: str, on: date) -> list[GrantedHere]:
    """Of every clause in force; of two that name the same kind the nearer one."""
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")
    about = About(area, staff)
    named = await _named(tx, about, on=on)
    years, most = await _intervals(tx, about, on=on), await _limits(tx, about, on=on)
    return [
        GrantedHere(
            **kind.model_dump(),
            every_years=years.get(kind.benefit) if kind.recurs else None,
            most=most.get(kind.benefit) if kind.paid else None,
            clause=clause,
        )
        for kind, clause in named.values()
    ]


async def _named(tx: Transaction, about: About, *, on: date) -> dict[str, tuple[BenefitKind, str]]:
    """By benefit, the kind and its clause. Raises NoClause where no document grants anything."""
    nobody = {"benefit": "none", "in_service": False, "months_of_service": 0, "amount": None}
    found: dict[str, tuple[BenefitKind, str]] = {}
    for decision in await tx.decide_every(rules.may_receive_benefit, about=about, on=on, **nobody):
        for kind in BenefitEntitlements.model_validate(decision.terms).kinds:
            found.setdefault(kind.benefit, (kind, decision.clause))
    return found


async def _intervals(tx: Transaction, about: About, *, on: date) -> dict[str, int]:
    try:
        facts = {"benefit": "none", "year": on.year, "granted_in": []}
        decision = await tx.decide(rules.may_receive_again, about=about, on=on, **facts)
    except (NoClause, NotChosen, ParameterMissing):
        return {}
    return BenefitIntervals.model_validate(decision.terms).years


async def _limits(tx: Transaction, about: About, *, on: date) -> dict[str, Decimal]:
    try:
        facts = {"benefit": "none", "amount": Decimal("0.01")}
        decision = await tx.decide(rules.may_pay_benefit, about=about, on=on, **facts)
    except (NoClause, NotChosen, ParameterMissing):
        return {}
    return BenefitLimits.model_validate(decision.terms).most


# ── who has not had it ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class DueBenefit:
    """Somebody in service and entitled who has not had a recurring benefit in the years that it comes round in."""

    worker_id: str
    organisation_id: str
    area: str
    months_of_service: int
    last_granted_on: date | None


@dataclass(frozen=True)
class Asked:
    """Who of a kind of staff in an area lacks which benefit on which day."""

    area: str
    staff: str
    benefit: str
    on: date


async def due_benefits(
    tx: Transaction, asked: Asked, *, cursor: str | None, limit: int, key: bytes
) -> Rows[DueBenefit]:
    """In the year of the day, of whoever serves in the area on it. Places in it may grant it otherwise, or not."""
    if not within(asked.area, tx.actor.area):
        raise NotFound(what=f"area {asked.area}")
    reader = _Reader(tx, asked)
    if await reader.comes_round(asked.area) is None:
        of = {"area": asked.area, "staff": asked.staff, "benefit": asked.benefit}
        raise NotRecurringHere(on=asked.on.isoformat(), **of)
    question = f"due_benefits|{asked}"
    place = {"area": asked.area, "staff": asked.staff, "question": question}
    found: list[DueBenefit] = []
    after: str | None = None
    while len(found) <= limit:
        workers = await queries.next_workers(tx.session, after=after, cursor=cursor, key=key, **place)
        if not workers:
            break
        found += await reader.due_among(workers)
        after = workers[-1]
    return make_page(found, limit=limit, key=key, question=question, place=lambda row: [row.worker_id])


@dataclass(frozen=True)
class _Reader:
    """Asks each place within the area once."""

    tx: Transaction
    asked: Asked
    _kinds: dict[str, BenefitKind | None] = field(default_factory=dict)
    _years: dict[str, int] = field(default_factory=dict)

    async def due_among(self, workers: list[str]) -> list[DueBenefit]:
        asked = self.asked
        served = await queries.in_service(self.tx.session, workers, on=asked.on)
        grants = await queries.standing_grants(self.tx.session, workers, benefit=asked.benefit)
        found = []
        for worker_id in workers:
            here = [one for one in served.get(worker_id, ()) if one.staff == asked.staff]
            here = [one for one in here if within(one.area, asked.area)]
            given = [one.granted_on for one in grants.get(worker_id, ())]
            if here and await self._is_due(here[-1], [day.year for day in given]):
                place, last = here[-1], given[-1] if given else None
                months = full_months(place.since, asked.on)
                found.append(DueBenefit(worker_id, place.organisation_id, place.area, months, last))
        return found

    async def _is_due(self, place: queries.Service, granted_in: list[int]) -> bool:
        on = self.asked.on
        kind = await self.comes_round(place.area)
        if kind is None or full_months(place.since, on) < kind.after_months:
            return False
        years = await self._every(place.area)
        return within_interval(years, year=on.year, granted_in=granted_in) is None

    async def comes_round(self, area: str) -> BenefitKind | None:
        """The kind as the area grants it, where it does and it recurs."""
        if area not in self._kinds:
            try:
                named = await _named(self.tx, About(area, self.asked.staff), on=self.asked.on)
            except NoClause:
                named = {}
            kind, _ = named.get(self.asked.benefit, (None, ""))
            self._kinds[area] = kind if kind is not None and kind.recurs else None
        return self._kinds[area]

    async def _every(self, area: str) -> int:
        """Raises ParameterMissing, IntervalUnknown: who is due cannot be told without."""
        if area not in self._years:
            asked = self.asked
            facts = {"benefit": asked.benefit, "year": asked.on.year, "granted_in": []}
            about = About(area, asked.staff)
            decision = await self.tx.decide(rules.may_receive_again, about=about, on=asked.on, **facts)
            years = BenefitIntervals.model_validate(decision.terms).years.get(asked.benefit)
            if years is None:
                raise IntervalUnknown(area=area, benefit=asked.benefit)
            self._years[area] = years
        return self._years[area]
