"""What workers owe: what sealed slips advanced, less what later ones recovered and what was settled beside pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from sqlalchemy import Date, String, and_, bindparam, column, not_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.paging import Rows, make_page, page_query
from common.transaction import seeing
from payroll.engine.columns import Int
from payroll.models import BalanceSettlement, PayrollRun, Payslip
from payroll.models.runs import SEALED
from payroll.queries.raw import fetch
from payroll.queries.timelines import Slip

# The codes stand in the statements themselves: only so does the planner see that the partial index has all of them.
_OF_WORKERS = """
WITH said AS (
  SELECT s.worker_id, s.organisation_id,
         -coalesce(sum(l.amount) FILTER (WHERE l.code IN ('advanced_by_employer', 'advance_recovered')), 0) AS owed,
         coalesce(sum(l.amount) FILTER (WHERE l.code = 'repaid'), 0) AS repaid,
         coalesce(sum(l.amount) FILTER (WHERE l.code = 'written_off'), 0) AS written_off
  FROM payslip_line l JOIN payslip s ON s.slip_no = l.slip_no JOIN payroll_run r ON r.run_id = s.run_id
  WHERE l.code IN ('advanced_by_employer', 'advance_recovered', 'repaid', 'written_off')
    AND s.worker_id = ANY($1::text[]) AND r.status = ANY($2::text[]) AND s.run_id <> $3
  GROUP BY s.worker_id, s.organisation_id
), settled AS (
  SELECT worker_id, organisation_id, coalesce(sum(amount) FILTER (WHERE kind = 'repaid'), 0) AS repaid,
         coalesce(sum(amount) FILTER (WHERE kind = 'written_off'), 0) AS written_off
  FROM balance_settlement WHERE worker_id = ANY($1::text[]) AND approved_on IS NOT NULL
  GROUP BY worker_id, organisation_id
)
SELECT worker_id, organisation_id,
       (said.owed - coalesce(settled.repaid + settled.written_off, 0))::bigint AS owed,
       (coalesce(settled.repaid, 0) - said.repaid)::bigint AS repaid,
       (coalesce(settled.written_off, 0) - said.written_off)::bigint AS written_off
FROM said LEFT JOIN settled USING (worker_id, organisation_id)
"""
_OPEN = text("""
WITH lines AS (
  SELECT s.worker_id, s.organisation_id, s.slip_no, s.run_id, s.month, s.area, s.staff, l.code, l.amount
  FROM payslip_line l JOIN payslip s ON s.slip_no = l.slip_no JOIN payroll_run r ON r.run_id = s.run_id
  WHERE l.code IN ('advanced_by_employer', 'advance_recovered') AND r.status = ANY(:sealed)
), settled AS (
  SELECT worker_id, organisation_id,
         coalesce(sum(amount) FILTER (WHERE approved_on IS NOT NULL AND kind = 'repaid'), 0) AS repaid,
         coalesce(sum(amount) FILTER (WHERE approved_on IS NOT NULL AND kind = 'written_off'), 0) AS written_off,
         coalesce(sum(amount) FILTER (WHERE approved_on IS NULL AND rejected_on IS NULL), 0) AS waiting
  FROM balance_settlement GROUP BY worker_id, organisation_id
), balances AS (
  SELECT worker_id, organisation_id,
         coalesce(-sum(amount) FILTER (WHERE code = 'advanced_by_employer'), 0) AS advanced,
         coalesce(sum(amount) FILTER (WHERE code = 'advance_recovered'), 0) AS recovered,
         (array_agg(area ORDER BY month DESC, slip_no DESC))[1] AS area,
         (array_agg(staff ORDER BY month DESC, slip_no DESC))[1] AS staff
  FROM lines GROUP BY worker_id, organisation_id
), counted AS (
  SELECT b.*, coalesce(s.repaid, 0) AS repaid, coalesce(s.written_off, 0) AS written_off,
         coalesce(s.waiting, 0) AS waiting,
         b.advanced - b.recovered - coalesce(s.repaid + s.written_off, 0) AS owed
  FROM balances b LEFT JOIN settled s USING (worker_id, organisation_id)
), advances AS (
  SELECT worker_id, organisation_id, run_id, month, slip_no,
         -sum(amount) OVER (PARTITION BY worker_id, organisation_id ORDER BY month, slip_no) AS until_then
  FROM lines WHERE code = 'advanced_by_employer'
)
SELECT DISTINCT ON (c.worker_id, c.organisation_id)
       c.worker_id, c.organisation_id, c.area, c.staff, c.owed::bigint AS owed, c.advanced::bigint AS advanced,
       c.recovered::bigint AS recovered, c.repaid::bigint AS repaid, c.written_off::bigint AS written_off,
       c.waiting::bigint AS waiting, a.run_id AS since_run_id, a.month AS since_month, p.left_on
FROM counted c
JOIN advances a ON a.worker_id = c.worker_id AND a.organisation_id = c.organisation_id
  AND a.until_then > c.advanced - c.owed
LEFT JOIN payee p ON p.worker_id = c.worker_id AND NOT EXISTS (
  SELECT FROM agreement g WHERE g.worker_id = p.worker_id AND g.signed_on >= p.left_on
)
WHERE c.owed > 0
ORDER BY c.worker_id, c.organisation_id, a.month, a.slip_no
""").bindparams(bindparam("sealed", list(SEALED), type_=ARRAY(String)))
_MOVED_ON = """
SELECT 1 FROM payslip mine
JOIN payslip other ON other.worker_id = mine.worker_id AND other.organisation_id = mine.organisation_id
JOIN payroll_run r ON r.run_id = other.run_id AND r.run_id <> mine.run_id
JOIN payslip_line l ON l.slip_no = other.slip_no
  AND l.code IN ('advanced_by_employer', 'advance_recovered', 'repaid', 'written_off')
WHERE mine.run_id = $1 AND r.status = ANY($2::text[])
  AND r.approved_at > (SELECT min(calculated_at) FROM payroll_batch WHERE run_id = $1)
LIMIT 1
"""


@dataclass(frozen=True)
class Balances:
    """For each slip, in fen: what is owed, and what of it was settled beside pay and no sealed slip shows yet."""

    owed: Int
    repaid: Int
    written_off: Int


@dataclass(frozen=True)
class OpenBalance:
    """What a worker owes an employer, in fen. Oldest first, the advance of `since_run_id` is not covered in full.

    `waiting` is what of it somebody has drafted to settle. `area` is where the last slip about it was made.
    """

    worker_id: str
    organisation_id: str
    area: str
    staff: str
    owed: int
    advanced: int
    recovered: int
    repaid: int
    written_off: int
    waiting: int
    since_run_id: str
    since_month: str
    left_on: date | None


async def balances_of(session: AsyncSession, slips: Sequence[Slip], *, run_id: str) -> Balances:
    """What the workers of slips owe their employers by runs other than `run_id`."""
    columns = np.zeros((3, len(slips)), dtype=np.int64)
    rows = await fetch(session, _OF_WORKERS, sorted({slip.worker_id for slip in slips}), list(SEALED), run_id)
    known: Mapping[tuple[str, str], tuple[int, int, int]] = {(row[0], row[1]): tuple(row)[2:] for row in rows}
    if known:
        for number, slip in enumerate(slips):
            columns[:, number] = known.get((slip.worker_id, slip.organisation_id), 0)
    return Balances(*columns)


async def balances_moved_on(session: AsyncSession, run: PayrollRun) -> bool:
    """Whether another run approved since this one was calculated has a line about what its people owe."""
    return bool(await fetch(session, _MOVED_ON, run.run_id, list(SEALED)))


_COLUMNS = [column(field.name, Date() if field.name == "left_on" else None) for field in fields(OpenBalance)]


async def open_balances(
    session: AsyncSession,
    *,
    area: str | None,
    seen_from: str,
    organisation_id: str | None,
    worker_id: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[OpenBalance]:
    """Those that lie in an area and where they are seen from, by worker and employer; the slips that make them up may
    lie elsewhere.
    """
    found = _OPEN.columns(*_COLUMNS).subquery("open_balance")
    query = select(found)
    for place in (seen_from, area or seen_from):
        lowest, highest = code_range(place)
        query = query.where(found.c.area >= lowest, found.c.area < highest)
    for name, wanted in {"organisation_id": organisation_id, "worker_id": worker_id}.items():
        if wanted is not None:
            query = query.where(found.c[name] == wanted)
    question = f"open_balances|{area}|{organisation_id}|{worker_id}"
    order = [found.c.worker_id, found.c.organisation_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    async with seeing(session, area=""):
        rows = [OpenBalance(**row._mapping) for row in await session.execute(paged)]
    return make_page(
        rows, limit=limit, key=key, question=question, place=lambda row: [row.worker_id, row.organisation_id]
    )


async def open_balance(session: AsyncSession, *, worker_id: str, organisation_id: str) -> OpenBalance | None:
    """Wherever it lies; None where nothing is open."""
    found = _OPEN.columns(*_COLUMNS).subquery("open_balance")
    query = select(found).where(found.c.worker_id == worker_id, found.c.organisation_id == organisation_id)
    async with seeing(session, area=""):
        row = (await session.execute(query)).one_or_none()
    return OpenBalance(**row._mapping) if row else None


async def staffs_of(session: AsyncSession, *, worker_id: str, organisation_id: str) -> list[str]:
    """The kinds of staff as which somebody has slips of an employer, approved or not."""
    query = select(Payslip.staff).distinct().order_by(Payslip.staff)
    query = query.where(Payslip.worker_id == worker_id, Payslip.organisation_id == organisation_id)
    async with seeing(session, area=""):
        return list(await session.scalars(query))


async def settlement(session: AsyncSession, *, settlement_id: str, lock: bool = False) -> BalanceSettlement | None:
    query = select(BalanceSettlement).where(BalanceSettlement.settlement_id == settlement_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def settlements(
    session: AsyncSession,
    *,
    worker_id: str | None,
    organisation_id: str | None,
    waiting: bool | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[BalanceSettlement]:
    query = select(BalanceSettlement)
    if worker_id is not None:
        query = query.where(BalanceSettlement.worker_id == worker_id)
    if organisation_id is not None:
        query = query.where(BalanceSettlement.organisation_id == organisation_id)
    if waiting is not None:
        drafted = and_(BalanceSettlement.approved_on.is_(None), BalanceSettlement.rejected_on.is_(None))
        query = query.where(drafted if waiting else not_(drafted))
    question = f"balance_settlements|{worker_id}|{organisation_id}|{waiting}"
    order = [BalanceSettlement.settlement_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.settlement_id])
