"""What was entered, and for whom something may be entered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.paging import Rows, make_page, page_query
from common.transaction import seeing
from payroll.models import (
    Agreement,
    Attribute,
    Entry,
    Payee,
    PayrollBatch,
    Payslip,
    PayslipLine,
    Placement,
    StandingEntry,
)
from payroll.queries.timelines import street_of
from payroll.rules.cycles import PART_TIME, PayPeriod


@dataclass(frozen=True)
class Served:
    """Where somebody serves in a period, as far as the reader's own area reaches; `part_time` by the agreement."""

    area: str
    staff: str
    part_time: bool


async def served(session: AsyncSession, workers: Collection[str], period: PayPeriod) -> dict[str, Served]:
    """By worker, of those with a day of the period here: by an agreement, or by a move to here."""
    found: dict[str, Served] = {}
    signed = await session.execute(
        select(Agreement, Payee.left_on)
        .join(Payee, Payee.worker_id == Agreement.worker_id, isouter=True)
        .where(Agreement.worker_id.in_(workers), Agreement.starts_on < period.ends)
        .where(Agreement.ends_on.is_(None) | (Agreement.ends_on > period.begins))
        .order_by(Agreement.worker_id, Agreement.starts_on, Agreement.agreement_id)
    )
    latest: dict[str, Agreement] = {}
    for agreement, left_on in signed:
        if left_on is None or left_on > period.begins or agreement.signed_on >= left_on:
            found[agreement.worker_id] = Served(agreement.area, agreement.staff, agreement.kind == PART_TIME)
            latest[agreement.worker_id] = agreement
    moved = await session.execute(
        select(Placement.worker_id, Placement.area, Placement.staff, Placement.starts_on)
        .join(Payee, Payee.worker_id == Placement.worker_id)
        .where(Placement.worker_id.in_(workers), Placement.starts_on < period.ends)
        .where(Payee.left_on.is_(None) | (Payee.left_on > period.begins))
        .order_by(Placement.worker_id, Placement.starts_on)
    )
    for worker_id, area, staff, starts_on in moved:
        agreed = latest.get(worker_id)
        if agreed is None or (agreed.staff == staff and min(agreed.signed_on, agreed.starts_on) < starts_on):
            found[worker_id] = Served(area, staff, agreed is not None and agreed.kind == PART_TIME)
    return found


async def sealed_periods(
    session: AsyncSession, areas: Collection[str], *, since: str
) -> set[tuple[str, str, PayPeriod]]:
    """From a month on, for which street, kind of staff and period slips have been issued, of the streets of `areas`."""
    has_slips = (
        select(PayrollBatch.area, PayrollBatch.staff, Payslip.month, Payslip.cycle)
        .join(Payslip, Payslip.batch_id == PayrollBatch.batch_id)
        .where(PayrollBatch.area.in_({street_of(area) for area in areas}), PayrollBatch.issued_at.is_not(None))
        .where(Payslip.month >= since)
        .distinct()
    )
    rows = await session.execute(has_slips)
    return {(street, staff, PayPeriod(month, cycle)) for street, staff, month, cycle in rows}


async def paid_people(session: AsyncSession, workers: Collection[str], periods: Collection[PayPeriod]) -> set[str]:
    """Who of `workers` has been issued a slip, or a difference, for one of the periods."""
    own = (
        select(Payslip.worker_id)
        .outerjoin(PayslipLine, PayslipLine.slip_no == Payslip.slip_no)
        .join(PayrollBatch, PayrollBatch.batch_id == Payslip.batch_id)
        .where(Payslip.worker_id.in_(workers), PayrollBatch.issued_at.is_not(None))
        .where(
            or_(
                tuple_(Payslip.month, Payslip.cycle).in_([(one.month, str(one.cycle)) for one in periods]),
                PayslipLine.period.in_([one.name for one in periods]),
            )
        )
    )
    return set(await session.scalars(own.distinct()))


async def payees(session: AsyncSession, workers: Collection[str]) -> dict[str, Payee]:
    return {
        payee.worker_id: payee for payee in await session.scalars(select(Payee).where(Payee.worker_id.in_(workers)))
    }


async def signing_in_as(session: AsyncSession, workers: Collection[str], *, account: str) -> set[str]:
    """Those of the workers who are this account, wherever they serve by now."""
    query = select(Payee.worker_id).where(Payee.worker_id.in_(workers), Payee.account == account)
    async with seeing(session, area=""):
        return set(await session.scalars(query))


async def entries_of(session: AsyncSession, worker_id: str, *, month: str, cycle: str) -> Sequence[Entry]:
    query = select(Entry).where(Entry.worker_id == worker_id, Entry.month == month, Entry.cycle == cycle)
    return (await session.scalars(query.order_by(Entry.code))).all()


async def known_entries(
    session: AsyncSession, keys: Collection[tuple[str, str, str, str]]
) -> dict[tuple[str, str, str, str], int]:
    """By worker, month, cycle and code."""
    columns = (Entry.worker_id, Entry.month, Entry.cycle, Entry.code)
    rows = await session.execute(select(*columns, Entry.amount).where(tuple_(*columns).in_(keys)))
    return {(worker_id, month, cycle, code): amount for worker_id, month, cycle, code, amount in rows}


async def standing_in(session: AsyncSession, worker_id: str, *, month: str) -> Sequence[StandingEntry]:
    """Of each code the row that holds in the month, one that ends it left out."""
    query = (
        select(StandingEntry)
        .ext(distinct_on(StandingEntry.code))
        .where(StandingEntry.worker_id == worker_id, StandingEntry.from_month <= month)
        .order_by(StandingEntry.code, StandingEntry.from_month.desc())
    )
    return [row for row in await session.scalars(query) if row.amount is not None]


async def attributes_of(session: AsyncSession, worker_id: str) -> Sequence[Attribute]:
    query = select(Attribute).where(Attribute.worker_id == worker_id)
    return (await session.scalars(query.order_by(Attribute.kind, Attribute.starts_on))).all()


async def entries(
    session: AsyncSession, *, area: str, month: str, cycle: str, key: bytes, cursor: str | None, limit: int
) -> Rows[Entry]:
    """Of an area and a month, by worker and code."""
    question = f"entries {area} {month} {cycle}"
    lowest, highest = code_range(area)
    query: Select[Any] = select(Entry).where(Entry.area >= lowest, Entry.area < highest)
    query = query.where(Entry.month == month, Entry.cycle == cycle)
    order = [Entry.worker_id, Entry.code]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = list(await session.scalars(paged))
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.worker_id, row.code])
