"""What has changed since a street was last worked out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from payroll.models import PayrollRun
from payroll.models.runs import SEALED
from payroll.queries.raw import fetch
from payroll.rules.cycles import PayPeriod

# Changes are written before they are committed: one may become visible after a calculation that began later.
OVERLAP = timedelta(hours=1)
COUNTY_DIGITS = 6
ANY_MONTH = "9999-99"

_LAST_SEALED = """
SELECT b.calculated_at, CASE WHEN b.area = $1 THEN b.considered END AS considered
FROM payroll_batch b JOIN payroll_run r ON r.run_id = b.run_id
WHERE b.staff = $2 AND r.status = ANY($3::text[]) AND (r.cycle = 'month') = $4 AND b.calculated_at IS NOT NULL
  AND b.area >= $5 COLLATE "C" AND b.area < $6 COLLATE "C" AND r.month < $7
ORDER BY (b.area = $1) DESC, b.calculated_at DESC LIMIT 1
"""
_OF_WORKERS = """
SELECT change_id, worker_id, from_month, true AS pending FROM change
WHERE worker_id = ANY($1::text[]) AND settled_by IS NULL AND from_month <= $2
UNION ALL
SELECT change_id, worker_id, from_month, false FROM change
WHERE worker_id = ANY($1::text[]) AND settled_by IS NOT NULL AND noted_at > $3 AND from_month <= $2
ORDER BY pending DESC, change_id
"""
_OF_EVERYBODY = """
SELECT change_id, area, from_month FROM change
WHERE worker_id IS NULL AND (staff IS NULL OR staff = $1) AND from_month <= $2
  AND ($3::timestamptz IS NULL OR noted_at > $3) AND (starts_with($4, area) OR starts_with(area, $4))
ORDER BY change_id
"""
_STALE = """
WITH seen AS (
  SELECT min(calculated_at) AS since, array_agg(DISTINCT saw) AS snapshots FROM payroll_batch WHERE run_id = $1
), considered AS (
  SELECT unnest(considered) AS change_id FROM payroll_batch WHERE run_id = $1
), workers AS (
  SELECT worker_id FROM payslip WHERE run_id = $1
  UNION SELECT worker_id FROM set_aside WHERE run_id = $1
  UNION SELECT worker_id FROM agreement WHERE staff = $2 AND area >= $3 COLLATE "C" AND area < $4 COLLATE "C"
  UNION SELECT worker_id FROM placement WHERE area >= $3 COLLATE "C" AND area < $4 COLLATE "C"
)
SELECT change_id, worker_id, area, from_month, cause, reference FROM change, seen
WHERE (from_month <= $5 OR cause = ANY($9::text[])) AND (staff IS NULL OR staff = $2)
  AND (noted_at > seen.since OR noted_at > seen.since - $8::interval AND EXISTS (
    SELECT FROM unnest(seen.snapshots) AS saw WHERE NOT pg_visible_in_snapshot(xid::text::xid8, saw::pg_snapshot)))
  AND change_id NOT IN (SELECT change_id FROM considered)
  AND CASE WHEN worker_id IS NULL THEN starts_with($6, area) OR starts_with(area, $6)
           ELSE settled_by IS NULL AND worker_id IN (SELECT worker_id FROM workers) END
ORDER BY change_id LIMIT $7
"""

# What is settled of an open balance counts in whatever run is approved after it, of an earlier month as well.
WHENEVER = ("repaid", "written_off")
# Of what two people have done already, the second says that it holds; a document is no doing of whoever compared it.
BY_TWO_PEOPLE = ("parameter", "standard", "policy_changed", *WHENEVER)
_HAS_AUTHORED = """
WITH considered AS (
  SELECT unnest(considered) AS change_id FROM payroll_batch WHERE run_id = $1
), workers AS (
  SELECT worker_id FROM payslip WHERE run_id = $1 UNION SELECT worker_id FROM set_aside WHERE run_id = $1
)
SELECT 1 FROM change
WHERE noted_by = $2 AND cause <> ALL($3::text[]) AND (
  change_id IN (SELECT change_id FROM considered)
  OR worker_id IN (SELECT worker_id FROM workers)
     AND (from_month = $4 OR settled_by IS NULL AND (from_month <= $5 OR cause = 'tax_card')))
LIMIT 1
"""


class StaleChange(NamedTuple):
    """Something that a calculated run did not reckon with; without a worker it concerns everybody in the area."""

    change_id: int
    worker_id: str | None
    cause: str
    reference: str


@dataclass(frozen=True)
class OfWorker:
    """`pending`: not yet in any sealed run; else settled elsewhere since this street was last worked out."""

    change_id: int
    worker_id: str
    from_month: str
    pending: bool


@dataclass(frozen=True)
class OfEverybody:
    change_id: int
    area: str
    from_month: str


@dataclass(frozen=True)
class LastSealed:
    """When the sealed pay of a street was last worked out, and what it knew; where it never was, the county's."""

    since: datetime | None
    considered: frozenset[int]


async def last_sealed(
    session: AsyncSession, street: str, period: PayPeriod, *, staff: str, before: str = ANY_MONTH
) -> LastSealed:
    """`before`: of the runs of earlier months alone."""
    lowest, highest = code_range(street[:COUNTY_DIGITS])
    asked = street, staff, list(SEALED), not period.is_half, lowest, highest, before
    rows = await fetch(session, _LAST_SEALED, *asked)
    if not rows:
        return LastSealed(None, frozenset())
    return LastSealed(rows[0]["calculated_at"] - OVERLAP, frozenset(rows[0]["considered"] or ()))


async def changes_of_workers(
    session: AsyncSession, workers: Collection[str], *, last: LastSealed, up_to: str
) -> list[OfWorker]:
    since = last.since or datetime.max.replace(tzinfo=UTC)
    rows = await fetch(session, _OF_WORKERS, list(workers), up_to, since)  # what is new before what was seen elsewhere
    return [OfWorker(*row) for row in rows if row["change_id"] not in last.considered]


async def changes_of_everybody(
    session: AsyncSession, last: Mapping[str, LastSealed], *, staff: str, up_to: str
) -> dict[str, list[OfEverybody]]:
    """By street, since each was last worked out."""
    found: dict[str, list[OfEverybody]] = {}
    for street, known in sorted(last.items()):
        rows = await fetch(session, _OF_EVERYBODY, staff, up_to, known.since, street)
        found[street] = [OfEverybody(*row) for row in rows if row["change_id"] not in known.considered]
    return found


async def snapshot_now(session: AsyncSession) -> str:
    """Which transactions have ended by now, as the database writes it."""
    return str(await session.scalar(text("SELECT pg_current_snapshot()::text")))


async def stale_changes(session: AsyncSession, run: PayrollRun, *, most: int = 200) -> list[StaleChange]:
    """What came in after the run was calculated and concerns its people or everybody there, `most` of them."""
    lowest, highest = code_range(run.area)
    up_to = max(run.month, run.paid_in)
    asked = run.run_id, run.staff, lowest, highest, up_to, run.area, most, OVERLAP, list(WHENEVER)
    rows = await fetch(session, _STALE, *asked)
    return [StaleChange(row["change_id"], row["worker_id"], row["cause"], row["reference"]) for row in rows]


async def has_authored(session: AsyncSession, run: PayrollRun, *, account: str) -> bool:
    """Whether anything that the run reckons with is this account's doing: what its batches considered, what was noted
    for its month, and what of its people no sealed run has settled. A card of a year counts from whatever month on.
    """
    up_to = max(run.month, run.paid_in)
    rows = await fetch(session, _HAS_AUTHORED, run.run_id, account, list(BY_TWO_PEOPLE), run.month, up_to)
    return bool(rows)
