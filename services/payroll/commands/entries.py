"""What offices enter: monthly variables, what holds every month, and what a scheme pays a person for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import delete, tuple_
from sqlalchemy.dialects.postgresql import insert

from common.errors import BusinessError, NotFound, SamePerson
from common.policy import Finding
from common.transaction import Transaction
from payroll.commands.changes import note_change, note_changes
from payroll.models import Attribute, Cycle, Entry, StandingEntry
from payroll.queries import entries as queries
from payroll.queries.timelines import street_of
from payroll.rules.cycles import PayPeriod, first_day, month_of, next_month
from payroll.rules.entries import (
    already_paid,
    counts_late,
    faults_of,
    faults_of_attribute,
    is_reported,
    warnings_about,
)

MOST_AT_ONCE = 1000  # rows in a statement, which takes so many arguments and no more


class EntryFaulty(BusinessError):
    """What was to be entered is not allowed; each fault in words."""

    status = 422
    zh = "填报内容有误：{faults}。"
    en = "What was entered is not allowed: {faults}."

    def __init__(self, faults: Sequence[Finding]) -> None:
        self.faults = list(faults)
        super().__init__(faults="；".join(fault.zh for fault in faults))

    def detail(self, language: str) -> str:
        words = [fault.en if language == "en" else fault.zh for fault in self.faults]
        template, parted = (self.en, "; ") if language == "en" else (self.zh, "；")
        return template.format(faults=parted.join(words))


class EntryRow(NamedTuple):
    """One figure: fen for money, hundredths for hours, days and points; None takes an entry back."""

    worker_id: str
    month: str
    cycle: str
    code: str
    amount: int | None


class RowFault(NamedTuple):
    """What stands against one of the rows; `row` is its place among them, from 0."""

    row: int
    fault: Finding


@dataclass(frozen=True)
class Entered:
    """What the entries of a worker's month are now, and what somebody should look at."""

    values: dict[str, int]
    warnings: list[Finding]


async def enter_variables(
    tx: Transaction,
    *,
    worker_id: str,
    month: str,
    values: Mapping[str, int | None],
    cycle: str = Cycle.MONTH,
) -> Entered:
    """Each code replaces what was entered for it; codes not named stay. A month already paid becomes arrears."""
    rows = [EntryRow(worker_id, month, cycle, code, amount) for code, amount in values.items()]
    places = await queries.served(tx.session, [worker_id], PayPeriod(month, cycle))
    if worker_id not in places:
        raise NotFound(what=f"payee {worker_id}")
    await _require_not_own(tx, [worker_id])
    late = await _too_late(tx, rows, places)
    faults = [fault for number, row in enumerate(rows) for fault in (*_faults(row, places), *late.get(number, ()))]
    if faults:
        raise EntryFaulty(faults)

    await _write(tx, rows, places)
    now = await queries.entries_of(tx.session, worker_id, month=month, cycle=cycle)
    entered = {entry.code: entry.amount for entry in now}
    return Entered(entered, warnings_about(entered))


async def enter_many(tx: Transaction, rows: Sequence[EntryRow], *, partial: bool = False) -> list[RowFault]:
    """All of the rows, or none and every fault; with `partial` those without a fault.

    Of two rows for the same worker, month, cycle and code, the second is a fault.
    """
    faults: list[RowFault] = []
    known: dict[PayPeriod, dict[str, queries.Served]] = {}
    for period in sorted({PayPeriod(row.month, row.cycle) for row in rows}):
        workers = {row.worker_id for row in rows if (row.month, row.cycle) == period}
        known[period] = await queries.served(tx.session, workers, period)
    own = await queries.signing_in_as(tx.session, {row.worker_id for row in rows}, account=tx.actor.account)
    late: dict[int, list[Finding]] = {}
    for period, places in known.items():
        numbers = [number for number, row in enumerate(rows) if (row.month, row.cycle) == period]
        found_late = await _too_late(tx, [rows[number] for number in numbers], places)
        late |= {numbers[place]: faults for place, faults in found_late.items()}
    seen: set[tuple[str, str, str, str]] = set()
    good: list[EntryRow] = []
    for number, row in enumerate(rows):
        found = [*_faults(row, known[PayPeriod(row.month, row.cycle)]), *late.get(number, ())]
        if row[:4] in seen:
            found.append(Finding(code="twice", zh="同一人员、月份和填报项重复", en="entered twice for the same month"))
        if row.worker_id in own:
            found.append(Finding(code="own_pay", zh="不能填报本人的工资", en="nobody enters figures of their own pay"))
        seen.add(row[:4])
        faults.extend(RowFault(number, fault) for fault in found)
        if not found:
            good.append(row)
    if faults and not partial:
        return faults
    for period, places in known.items():
        await _write(tx, [row for row in good if (row.month, row.cycle) == period], places)
    return faults


async def enter_standing(
    tx: Transaction, *, worker_id: str, code: str, from_month: str, amount: int | None
) -> StandingEntry:
    """From the month on, until another amount is entered; None ends it. What is entered for a month goes before it."""
    place = await _place(tx, worker_id, from_month)
    faults = list(faults_of(code, amount, cycle=Cycle.MONTH, standing=True))
    if not counts_late(code) and (paid := await _last_paid(tx, place, since=from_month)):
        last = EntryRow(worker_id, paid, Cycle.MONTH, code, amount)
        open_months = await _open_months(tx, [last], {worker_id: place})
        faults.append(already_paid(code, paid, open_month=open_months[worker_id, paid]))
    if faults:
        raise EntryFaulty(faults)

    said = {"area": place.area, "amount": amount, "entered_by": tx.actor.account}
    row: StandingEntry | None = await tx.session.scalar(
        insert(StandingEntry)
        .values(worker_id=worker_id, code=code, from_month=from_month, **said)
        .on_conflict_do_update(
            index_elements=[StandingEntry.worker_id, StandingEntry.code, StandingEntry.from_month], set_=said
        )
        .returning(StandingEntry),
        execution_options={"populate_existing": True},
    )
    assert row is not None  # noqa: S101  # inserted or updated, it is returned
    await _note(tx, worker_id, place, month=from_month, cause="standing_entry", reference=code)
    return row


async def set_attribute(tx: Transaction, *, worker_id: str, kind: str, starts_on: date, value: str | None) -> Attribute:
    """What holds of a person from a day on: education, title, level, the day years of service count from."""
    place = await _place(tx, worker_id, month_of(starts_on))
    if faults := list(faults_of_attribute(kind, value, starts_on=starts_on)):
        raise EntryFaulty(faults)

    said = {"area": place.area, "value": value, "said_by": tx.actor.account}
    row: Attribute | None = await tx.session.scalar(
        insert(Attribute)
        .values(worker_id=worker_id, kind=kind, starts_on=starts_on, **said)
        .on_conflict_do_update(index_elements=[Attribute.worker_id, Attribute.kind, Attribute.starts_on], set_=said)
        .returning(Attribute),
        execution_options={"populate_existing": True},
    )
    assert row is not None  # noqa: S101  # inserted or updated, it is returned
    await _note(tx, worker_id, place, month=month_of(starts_on), cause="attribute", reference=kind)
    return row


def _faults(row: EntryRow, places: Mapping[str, queries.Served]) -> list[Finding]:
    place = places.get(row.worker_id)
    if place is None:
        return [
            Finding(
                code="not_served",
                zh="该人员该月在本地区没有在岗日期，或编号有误",
                en="this worker has no day in a post here in that month, or the id is wrong",
            )
        ]
    faults = list(faults_of(row.code, row.amount, cycle=row.cycle))
    if row.cycle != Cycle.MONTH and not place.part_time:
        faults.append(
            Finding(
                code="not_part_time",
                zh="按半月填报的只有非全日制人员",
                en="only part-time staff are entered by the half month",
            )
        )
    return faults


async def _too_late(
    tx: Transaction, rows: Sequence[EntryRow], places: Mapping[str, queries.Served]
) -> dict[int, list[Finding]]:
    """By place among `rows`, of one month: what would be otherwise for a month that is paid, and could not count."""
    asked = {number: row for number, row in enumerate(rows) if row.worker_id in places and not counts_late(row.code)}
    if not asked:
        return {}
    areas = {places[row.worker_id].area for row in asked.values()}
    sealed = await queries.sealed_periods(tx.session, areas, since=min(row.month for row in asked.values()))
    late = {number: row for number, row in asked.items() if _is_paid(row, places[row.worker_id], sealed)}
    reported = [row for row in late.values() if is_reported(row.code)]
    if reported:  # tax counts it with the month's pay, whenever that is paid
        cycles = {row.cycle for row in reported} | {Cycle.SECOND_HALF}
        periods = {PayPeriod(row.month, cycle) for row in reported for cycle in cycles}
        paid = await queries.paid_people(tx.session, {row.worker_id for row in reported}, periods)
        late = {number: row for number, row in late.items() if not is_reported(row.code) or row.worker_id in paid}
    known = await queries.known_entries(tx.session, [row[:4] for row in late.values()]) if late else {}
    late = {number: row for number, row in late.items() if known.get(row[:4]) != row.amount}
    open_months = await _open_months(tx, list(late.values()), places)
    return {
        number: [already_paid(row.code, row.month, open_month=open_months[row.worker_id, row.month])]
        for number, row in late.items()
    }


async def _open_months(
    tx: Transaction, rows: Sequence[EntryRow], places: Mapping[str, queries.Served]
) -> dict[tuple[str, str], str | None]:
    """By worker and month the first later month that is not paid where he serves; None where he serves in none."""
    if not rows:
        return {}
    areas = {places[row.worker_id].area for row in rows}
    sealed = await queries.sealed_periods(tx.session, areas, since=min(row.month for row in rows))
    found: dict[tuple[str, str], str | None] = {}
    for row in rows:
        after = row
        while _is_paid(after, places[row.worker_id], sealed):
            after = after._replace(month=month_of(next_month(first_day(after.month))))
        found[row.worker_id, row.month] = after.month
    for month in sorted({month for month in found.values() if month}):
        serving = await queries.served(tx.session, {who for who, _ in found}, PayPeriod(month, Cycle.MONTH))
        found |= {key: None for key, one in found.items() if one == month and key[0] not in serving}
    return found


def _is_paid(row: EntryRow, place: queries.Served, sealed: set[tuple[str, str, PayPeriod]]) -> bool:
    """What is entered for the month of somebody paid in halves counts in the second one."""
    paid = {one.cycle for street, staff, one in sealed if (street, staff, one.month) == (*_street(place), row.month)}
    if row.cycle == Cycle.MONTH and place.part_time and paid & {Cycle.FIRST_HALF, Cycle.SECOND_HALF}:
        return Cycle.SECOND_HALF in paid
    return row.cycle in paid


async def _last_paid(tx: Transaction, place: queries.Served, *, since: str) -> str | None:
    """The latest month from `since` on that is paid where somebody serves."""
    sealed = await queries.sealed_periods(tx.session, [place.area], since=since)
    return max((one.month for street, staff, one in sealed if (street, staff) == _street(place)), default=None)


def _street(place: queries.Served) -> tuple[str, str]:
    return street_of(place.area), place.staff


async def _write(tx: Transaction, rows: Sequence[EntryRow], places: Mapping[str, queries.Served]) -> None:
    """Upsert and delete what is different, and note a change for each worker and month."""
    different: list[EntryRow] = []
    for start in range(0, len(rows), MOST_AT_ONCE):
        part = rows[start : start + MOST_AT_ONCE]
        known = await queries.known_entries(tx.session, [row[:4] for row in part])
        different += [row for row in part if known.get(row[:4]) != row.amount]
    gone = [row[:4] for row in different if row.amount is None]
    if gone:
        key = tuple_(Entry.worker_id, Entry.month, Entry.cycle, Entry.code)
        await tx.session.execute(delete(Entry).where(key.in_(gone)))
    kept = [_values(row, places[row.worker_id], by=tx.actor.account) for row in different if row.amount is not None]
    for start in range(0, len(kept), MOST_AT_ONCE):
        addition = insert(Entry).values(kept[start : start + MOST_AT_ONCE])
        said = {name: addition.excluded[name] for name in ("area", "amount", "entered_by")}
        keys = [Entry.worker_id, Entry.month, Entry.cycle, Entry.code]
        await tx.session.execute(addition.on_conflict_do_update(index_elements=keys, set_=said))
    changed: dict[tuple[str, str, str], list[str]] = {}
    for row in different:
        changed.setdefault((row.worker_id, row.month, row.cycle), []).append(row.code)
    await note_changes(
        tx,
        [
            {
                "area": places[worker_id].area,
                "worker_id": worker_id,
                "staff": places[worker_id].staff,
                "from_month": month,
                "cause": "entry",
                "reference": f"{PayPeriod(month, cycle).name} {' '.join(codes)}",
            }
            for (worker_id, month, cycle), codes in changed.items()
        ],
    )


def _values(row: EntryRow, place: queries.Served, *, by: str) -> dict[str, Any]:
    return {**row._asdict(), "area": place.area, "entered_by": by}


async def _place(tx: Transaction, worker_id: str, month: str) -> queries.Served:
    """Where somebody serves in a month; of a day before the first agreement, where the payee is known to be."""
    found = (await queries.served(tx.session, [worker_id], PayPeriod(month, Cycle.MONTH))).get(worker_id)
    payee = (await queries.payees(tx.session, [worker_id])).get(worker_id)
    if found is None and payee is not None:
        found = queries.Served(payee.area, payee.staff, part_time=False)
    if found is None:
        raise NotFound(what=f"payee {worker_id}")
    await _require_not_own(tx, [worker_id])
    return found


async def _require_not_own(tx: Transaction, workers: Sequence[str]) -> None:
    if await queries.signing_in_as(tx.session, workers, account=tx.actor.account):
        raise SamePerson(what="entry.own")


async def _note(
    tx: Transaction, worker_id: str, place: queries.Served, *, month: str, cause: str, reference: str
) -> None:
    await note_change(
        tx,
        area=place.area,
        worker_id=worker_id,
        staff=place.staff,
        from_month=month,
        cause=cause,
        reference=reference,
    )
