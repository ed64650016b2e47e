"""What workers were given beside pay, who was in service on a day, and who may come into question for a benefit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from common.areas import code_range
from common.paging import LONGEST_PAGE, Rows, make_page, page_query
from common.transaction import seeing
from payroll.models import Agreement, BenefitGrant, Payee, Placement
from payroll.queries.timelines import timelines_of

STANDING = BenefitGrant.withdrawn_on.is_(None)


class Service(NamedTuple):
    """Where and as what somebody serves on a day, and the day from which months of service count."""

    worker_id: str
    organisation_id: str
    area: str
    staff: str
    since: date


class Known(NamedTuple):
    """A worker as payroll knows him."""

    area: str
    staff: str
    account: str | None


async def worker(session: AsyncSession, *, worker_id: str) -> Known | None:
    """Wherever he serves now."""
    query = select(Payee.area, Payee.staff, Payee.account).where(Payee.worker_id == worker_id)
    async with seeing(session, area=""):
        row = (await session.execute(query)).one_or_none()
    return Known(*row) if row else None


async def in_service(session: AsyncSession, workers: Sequence[str], *, on: date) -> Mapping[str, Sequence[Service]]:
    """By worker each place served on the day, wherever it is; who serves nowhere then is left out."""
    async with seeing(session, area=""):
        staffs = set(await session.scalars(select(Agreement.staff).where(Agreement.worker_id.in_(workers)).distinct()))
        known = select(Payee.worker_id, Payee.hired_on).where(Payee.worker_id.in_(workers))
        hired = {row.worker_id: row.hired_on for row in await session.execute(known)}
        timelines = {staff: await timelines_of(session, workers, staff=staff) for staff in sorted(staffs)}
    found: dict[str, list[Service]] = {}
    for worker_id in workers:
        whole = [(staff, part) for staff, of in timelines.items() for part in of.get(worker_id, ())]
        hired_on = hired.get(worker_id)
        since = min((part.begins for _, part in whole), default=on)
        if hired_on is not None and hired_on <= on:
            since = hired_on
        for staff, part in sorted(whole, key=lambda one: one[1].begins):
            if part.begins <= on < part.ends:
                found.setdefault(worker_id, []).append(
                    Service(worker_id, part.organisation_id, part.area, staff, since)
                )
    return found


async def standing_grants(
    session: AsyncSession, workers: Sequence[str], *, benefit: str
) -> Mapping[str, Sequence[BenefitGrant]]:
    """By worker what was given and not withdrawn, wherever that was, the earliest first."""
    query = (
        select(BenefitGrant)
        .where(BenefitGrant.worker_id.in_(workers), BenefitGrant.benefit == benefit, STANDING)
        .order_by(BenefitGrant.granted_on)
    )
    found: dict[str, list[BenefitGrant]] = {}
    async with seeing(session, area=""):
        for grant in await session.scalars(query):
            found.setdefault(grant.worker_id, []).append(grant)
    return found


async def grant(session: AsyncSession, *, grant_id: str, lock: bool = False) -> BenefitGrant | None:
    query = select(BenefitGrant).where(BenefitGrant.grant_id == grant_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(query)


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; None narrows to nothing."""

    area: str | None = None
    worker_id: str | None = None
    benefit: str | None = None
    year: int | None = None
    withdrawn: bool | None = None


async def grants(
    session: AsyncSession, wanted: Wanted, *, own: str | None, cursor: str | None, limit: int, key: bytes
) -> Rows[BenefitGrant]:
    """In the order of being given. `own`: of the worker who signs in by that account, wherever they were given."""
    query = select(BenefitGrant).where(*_of(area=wanted.area, year=wanted.year))
    if wanted.withdrawn is not None:
        query = query.where(~STANDING if wanted.withdrawn else STANDING)
    if wanted.worker_id is not None:
        query = query.where(BenefitGrant.worker_id == wanted.worker_id)
    if wanted.benefit is not None:
        query = query.where(BenefitGrant.benefit == wanted.benefit)
    if own is not None:
        query = query.join(Payee, Payee.worker_id == BenefitGrant.worker_id).where(Payee.account == own)
    question = f"benefit_grants|{wanted}|{own}"
    order = [func.to_char(BenefitGrant.granted_on, "YYYY-MM-DD"), BenefitGrant.grant_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    if own is None:
        rows = (await session.scalars(paged)).all()
    else:
        async with seeing(session, area=""):
            rows = (await session.scalars(paged)).all()
    return make_page(
        rows, limit=limit, key=key, question=question, place=lambda row: [row.granted_on.isoformat(), row.grant_id]
    )


@dataclass(frozen=True)
class BenefitCount:
    """`amount`: fen in all."""

    benefit: str
    grants: int
    workers: int
    amount: int


async def counts(session: AsyncSession, *, area: str | None, year: int) -> Sequence[BenefitCount]:
    """By kind, of a calendar year; what was withdrawn does not count."""
    query = (
        select(
            BenefitGrant.benefit,
            func.count(),
            func.count(BenefitGrant.worker_id.distinct()),
            func.coalesce(func.sum(BenefitGrant.amount), 0),
        )
        .where(STANDING, *_of(area=area, year=year))
        .group_by(BenefitGrant.benefit)
        .order_by(BenefitGrant.benefit)
    )
    rows = await session.execute(query)
    return [BenefitCount(benefit, number, workers, int(amount or 0)) for benefit, number, workers, amount in rows]


def _of(*, area: str | None, year: int | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if area is not None:
        lowest, highest = code_range(area)
        wanted += [BenefitGrant.area >= lowest, BenefitGrant.area < highest]
    if year is not None:
        wanted += [BenefitGrant.granted_on.between(date(year, 1, 1), date(year, 12, 31))]
    return wanted


async def next_workers(
    session: AsyncSession, *, area: str, staff: str, after: str | None, cursor: str | None, key: bytes, question: str
) -> list[str]:
    """Who ever served in the area, by id, a piece of them: those after the cursor's, and after `after`."""
    ever = union(*(_ever_in(table, area=area, staff=staff) for table in (Agreement, Placement))).subquery()
    query = select(ever.c.worker_id)
    if after is not None:
        query = query.where(ever.c.worker_id > after)
    order = [ever.c.worker_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=LONGEST_PAGE)
    return list(await session.scalars(paged))


def _ever_in(table: type[Agreement | Placement], *, area: str, staff: str) -> Select[str]:
    lowest, highest = code_range(area)
    return select(table.worker_id).where(table.staff == staff, table.area >= lowest, table.area < highest)
