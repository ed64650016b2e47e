"""Reading the views. Row-level security keeps every statement inside the caller's area."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.bus import source_of
from common.tables import InboxMessage, SourcePosition
from common.waiting import Position
from gateway.models import Change, ForgottenChanges, Worker

LONGEST_LIST = 200
BY_ID: ColumnElement[Any] = Worker.__table__.c.worker_id


_POSITION = text("SELECT source, sequence FROM source_position ORDER BY source")


async def position(session: AsyncSession) -> str:
    """Up to which sequence of each source the views hold everything: `recruitment.events=12, registry.events=7`."""
    rows = await session.execute(_POSITION)
    return ", ".join(f"{source.strip('/').replace('/', '.')}={sequence}" for source, sequence in rows)


async def has_reached(session: AsyncSession, waited_for: Position) -> bool:
    """Whether the views hold this event and everything its source said before it."""
    found = await session.scalar(
        select(InboxMessage.event_id)
        .join(SourcePosition, SourcePosition.source == InboxMessage.source)
        .where(InboxMessage.event_id == waited_for.event_id, InboxMessage.parked.is_(False))
        .where(InboxMessage.source == source_of(waited_for.service, "events"))
        .where(SourcePosition.sequence >= InboxMessage.sequence)
    )
    return found is not None


_WORKER = text("""
SELECT ((w.body - shown.less) || jsonb_build_object('decisions', coalesce((
    SELECT jsonb_agg(d.body ORDER BY d.recorded_at, d.decision_id) FROM decision_note d
    WHERE d.subject = ANY (w.subjects) AND (d.section IS NULL OR d.section <> ALL (shown.less))
), '[]'::jsonb)))::text
FROM worker w CROSS JOIN LATERAL (
    SELECT CASE WHEN w.account = CAST(:caller AS varchar) THEN '{}' ELSE CAST(:hidden AS text[]) END AS less
) AS shown
WHERE w.worker_id = :worker_id AND (NOT :only_own OR w.account = :caller)
""")


async def worker_view(
    session: AsyncSession, *, worker_id: str, caller: str, only_own: bool = False, hidden: Sequence[str] = ()
) -> bytes | None:
    """The view as it is sent, without the `hidden` sections; a worker who signs in as `caller` sees all of his own."""
    asked = {"worker_id": worker_id, "caller": caller, "only_own": only_own, "hidden": list(hidden)}
    found: str | None = await session.scalar(_WORKER, asked)
    return None if found is None else found.encode()


def workers(
    *, area: str | None, staff: str | None, organisation_id: str | None, account: str | None
) -> Select[tuple[Any, ...]]:
    """Those who were hired, without those of whom only another service has spoken so far."""
    wanted: list[ColumnElement[bool]] = [Worker.hired_on.is_not(None)]
    if area is not None:
        lowest, highest = code_range(area)
        wanted += [Worker.area >= lowest, Worker.area < highest]
    if staff is not None:
        wanted.append(Worker.staff == staff)
    if organisation_id is not None:
        wanted.append(Worker.organisation_id == organisation_id)
    if account is not None:
        wanted.append(Worker.account == account)
    return select(Worker.worker_id, Worker.left_on, Worker.body).where(*wanted)


@dataclass(frozen=True)
class Office:
    """The rows of an office view, not yet put together."""

    organisations: Sequence[Any]
    in_post: Sequence[Any]
    pending: Sequence[Any]
    plans: Sequence[Any]
    runs: Sequence[Any]


_ORGANISATIONS = text("""
SELECT organisation_id, area, name, kind, figures, quotas, posts FROM organisation
WHERE area >= :lowest AND area < :highest ORDER BY organisation_id
""")
_IN_POST = text("""
SELECT organisation_id, staff, min(area) AS area, count(*) AS workers FROM worker
WHERE area >= :lowest AND area < :highest AND hired_on <= :today AND (left_on IS NULL OR left_on > :today)
GROUP BY organisation_id, staff ORDER BY organisation_id, staff
""")
_PENDING = text("""
SELECT what, worker_id, name, area, entry, total, overdue FROM (
    SELECT p.entry ->> 'what' AS what, w.worker_id, w.body -> 'person' ->> 'name' AS name, w.area, p.entry,
        count(*) OVER whole AS total,
        count(*) FILTER (WHERE p.entry ->> 'day' < :today) OVER whole AS overdue,
        row_number() OVER (PARTITION BY p.entry ->> 'what' ORDER BY p.entry ->> 'day', p.entry ->> 'id') AS place
    FROM worker w CROSS JOIN LATERAL jsonb_array_elements(w.pending) AS p(entry)
    WHERE w.area >= :lowest AND w.area < :highest AND w.pending <> '[]'::jsonb
    WINDOW whole AS (PARTITION BY p.entry ->> 'what')
) AS listed WHERE place <= :longest ORDER BY what, place
""")
_PLANS = text("""
SELECT body, count(*) OVER () AS total FROM plan
WHERE in_progress AND area >= :lowest AND area < :highest ORDER BY plan_id LIMIT :longest
""")
_RUNS = text("""
SELECT month, body, count(*) OVER () AS total FROM run
WHERE area >= :lowest AND area < :highest AND month = coalesce(CAST(:month AS varchar), (
    SELECT max(month) FROM run WHERE area >= :lowest AND area < :highest
)) ORDER BY area, run_id LIMIT :longest
""")


async def office(session: AsyncSession, *, area: str, today: date, month: str | None) -> Office:
    lowest, highest = code_range(area)
    place = {"lowest": lowest, "highest": highest}
    listed = {**place, "longest": LONGEST_LIST}
    return Office(
        organisations=(await session.execute(_ORGANISATIONS, place)).all(),
        in_post=(await session.execute(_IN_POST, {**place, "today": today})).all(),
        pending=(await session.execute(_PENDING, {**listed, "today": today.isoformat()})).all(),
        plans=(await session.execute(_PLANS, listed)).all(),
        runs=(await session.execute(_RUNS, {**listed, "month": month})).all(),
    )


async def changes_after(session: AsyncSession, change_id: int, *, limit: int) -> Sequence[Change]:
    rows = await session.scalars(
        select(Change).where(Change.change_id > change_id).order_by(Change.change_id).limit(limit)
    )
    return rows.all()


async def newest_change(session: AsyncSession) -> int:
    return await session.scalar(select(func.max(Change.change_id))) or 0


async def forgotten_changes(session: AsyncSession) -> int:
    return await session.scalar(select(ForgottenChanges.change_id)) or 0
