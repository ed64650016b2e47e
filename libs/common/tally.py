"""A service counts what it has decided, and says so where it says its decisions.

What is missing elsewhere shows by the sequence; that something else arrived than was sent shows by the marks. The
statement goes the way of the decisions, so it stands in the log as they do. A day on which nothing was decided has one
too, of the statement before it: from its first decision on, a service that is silent is a service that is cut off.
"""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.clock import CHINA, utc_now
from common.events.decisions import DecisionsTallied
from common.keys import Keys
from common.tables import OUTBOX_TURN, OutboxMessage

MOST_IN_ONE = 50_000
_MARK_BYTES = 8
_POSITION = text("SELECT sent, tallied FROM relay_position WHERE stream = 'decisions' FOR UPDATE")
_DECIDED = text("""
SELECT event_id, body, sequence, recorded_at FROM outbox_message
WHERE stream = 'decisions' AND sequence > :after AND sequence <= :last ORDER BY sequence LIMIT :most
""")
_TALLIED = text("UPDATE relay_position SET tallied = :last WHERE stream = 'decisions'")


def mark_of(event_id: str, body: bytes, *, keys: Keys) -> bytes:
    """Eight bytes that tell one message from any other, and nothing of what it says to whoever lacks the key."""
    return hmac.digest(keys.index, event_id.encode() + b"\0" + body, hashlib.sha256)[:_MARK_BYTES]


def marks_in(statement: DecisionsTallied) -> list[bytes]:
    """Raises ValueError where marks, digest and sequences do not fit each other."""
    marks = base64.b64decode(statement.marks, validate=True)
    count = statement.last_sequence - statement.first_sequence + 1
    if len(marks) != count * _MARK_BYTES or hashlib.sha256(marks).hexdigest() != statement.digest:
        raise ValueError("the tally contradicts itself")
    return [marks[start : start + _MARK_BYTES] for start in range(0, len(marks), _MARK_BYTES)]


def midnight(at: datetime) -> datetime:
    """The beginning of the day in China."""
    return datetime.combine(at.astimezone(CHINA).date(), time(), CHINA)


async def tally_days(
    engine: AsyncEngine, *, service: str, keys: Keys, until: datetime | None = None
) -> AsyncIterator[DecisionsTallied]:
    """State, a day at a time, what is sent and not stated yet, earlier statements too: what was said before `until`,
    which is today's midnight where nothing else is given, so that no statement calls for the next on the same day.
    """
    while True:
        async with engine.begin() as connection:
            rows = await _unstated(connection, until=until or midnight(utc_now()))
            if not rows:
                return
            statement = _statement(service, rows, keys=keys)
            await _say(connection, statement)
            await connection.execute(_TALLIED, {"last": statement.last_sequence})
        yield statement


async def _unstated(connection: AsyncConnection, *, until: datetime) -> Sequence[Row[Any]]:
    """The next day's messages. Sequences follow commits, not clocks: whatever stands before one of a day is of it."""
    position = (await connection.execute(_POSITION)).one_or_none()
    if position is None or position.tallied >= position.sent:
        return []
    bounds = {"after": position.tallied, "last": position.sent, "most": MOST_IN_ONE}
    rows = (await connection.execute(_DECIDED, bounds)).all()
    ends = min(until, midnight(rows[0].recorded_at) + timedelta(days=1))
    return rows[: max((n for n, row in enumerate(rows, start=1) if row.recorded_at < ends), default=0)]


def _statement(service: str, rows: Sequence[Row[Any]], *, keys: Keys) -> DecisionsTallied:
    marks = b"".join(mark_of(row.event_id, row.body, keys=keys) for row in rows)
    return DecisionsTallied(
        service=service,
        day=rows[0].recorded_at.astimezone(CHINA).date(),
        first_sequence=rows[0].sequence,
        last_sequence=rows[-1].sequence,
        digest=hashlib.sha256(marks).hexdigest(),
        marks=base64.b64encode(marks).decode(),
    )


async def _say(connection: AsyncConnection, statement: DecisionsTallied) -> None:
    row = {
        "event_id": str(uuid4()),
        "stream": statement.stream,
        "turn": await connection.scalar(select(OUTBOX_TURN.next_value())),
        "ordinal": 0,
        "key": statement.key,
        "type": statement.type_name(),
        "body": orjson.dumps(statement.model_dump(mode="json")),
        "traceparent": None,
        "recorded_at": utc_now(),
    }
    await connection.execute(insert(OutboxMessage), row)
    await connection.execute(text("SELECT pg_notify('outbox', '')"))
