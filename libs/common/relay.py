"""From the outbox to Kafka, in the order of commits, nothing lost.

A cursor on an id loses events whose transaction commits late; the relay therefore gives sequences only below the
oldest transaction still running, by (transaction, position in it). The sequence is durable before the send, so that a
message sent again is the same message.
"""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.bus import kafka_headers, open_producer, source_of, topic_of
from common.observability import OUTBOX_AGE, OUTBOX_SENT, OUTBOX_UNSENT
from common.settings import Settings

log = structlog.get_logger()

BATCH = 500
_IDLE = 1.0
_HELD_BACK = 0.02
_LOCK = 7_340_001

_NUMBER = text("""
WITH ready AS (
    SELECT event_id, row_number() OVER (ORDER BY xid, ordinal) AS n FROM (
        SELECT event_id, xid, ordinal FROM outbox_message
        WHERE sequence IS NULL AND stream = :stream
          AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY xid, ordinal LIMIT :batch
    ) AS oldest
)
UPDATE outbox_message o SET sequence = :after + ready.n FROM ready WHERE o.event_id = ready.event_id
""")
_UNSENT = text("""
SELECT event_id, sequence, key, type, body, traceparent, recorded_at FROM outbox_message
WHERE stream = :stream AND sequence > :sent ORDER BY sequence LIMIT :batch
""")
_WAITING = text("""
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0) FROM outbox_message
WHERE sequence IS NULL
""")


class Relay:
    """One per service: an advisory lock held by its connection keeps a second one waiting."""

    def __init__(self, *, service: str, engine: AsyncEngine, settings: Settings) -> None:
        self._service = service
        self._engine = engine
        self._settings = settings
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled; a lost database or broker is waited for."""
        pause = 0.1
        while True:
            try:
                await self._relay_while_leading()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # Whatever broke, the rows are safe in the outbox: begin again with a fresh connection and producer.
                log.warning("relay_interrupted", error=type(error).__name__, reason=str(error)[:300])
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _relay_while_leading(self) -> None:
        async with self._engine.connect() as lock:
            lock = await lock.execution_options(isolation_level="AUTOCOMMIT")
            try:
                await self._become_leader(lock)
                await self._listen(lock)
                await self._relay(lock)
            finally:
                # Back in the pool it would go on holding the lock, and nobody could lead again.
                await asyncio.shield(lock.invalidate())

    async def _relay(self, lock: AsyncConnection) -> None:
        producer = open_producer(
            self._settings.kafka_bootstrap_servers, client_id=f"{self._service}-relay-{self._settings.instance}"
        )
        await producer.start()
        try:
            while True:
                await lock.execute(text("SELECT 1"))  # the lock lives as long as this connection
                waiting = await self._pass_on(producer)
                await self._rest(waiting)
        finally:
            await asyncio.shield(producer.stop())

    async def _become_leader(self, lock: AsyncConnection) -> None:
        while not (await lock.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK})).scalar():
            await asyncio.sleep(0.5)

    async def _listen(self, lock: AsyncConnection) -> None:
        raw = await lock.get_raw_connection()
        connection: asyncpg.Connection[Any] = raw.driver_connection
        await connection.add_listener("outbox", lambda *_: self._wake.set())

    async def _pass_on(self, producer: AIOKafkaProducer) -> bool:
        """Send what there is; True where rows remain that a running transaction holds back."""
        self._wake.clear()
        for stream in ("events", "decisions"):
            while await self._number(stream) + await self._send(producer, stream) > 0:
                pass
        async with self._engine.connect() as connection:
            count, age = (await connection.execute(_WAITING)).one()
        OUTBOX_UNSENT.labels(self._service).set(count)
        OUTBOX_AGE.labels(self._service).set(float(age))
        return bool(count)

    async def _number(self, stream: str) -> int:
        async with self._engine.begin() as connection:
            return await connection.run_sync(_number_batch, stream)

    async def _send(self, producer: AIOKafkaProducer, stream: str) -> int:
        async with self._engine.connect() as connection:
            sent = await connection.scalar(text("SELECT sent FROM relay_position WHERE stream = :s"), {"s": stream})
            rows = (await connection.execute(_UNSENT, {"stream": stream, "sent": sent or 0, "batch": BATCH})).all()
        if not rows:
            return 0
        topic = topic_of(self._settings.topic_prefix, self._service, stream)
        source = source_of(self._service, stream)
        pending = [
            await producer.send(
                topic,
                key=row.key.encode(),
                value=row.body,
                headers=kafka_headers(
                    event_id=row.event_id,
                    source=source,
                    type_name=row.type,
                    key=row.key,
                    sequence=row.sequence,
                    recorded_at=row.recorded_at,
                    traceparent=row.traceparent,
                ),
            )
            for row in rows
        ]
        await asyncio.gather(*pending)
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE relay_position SET sent = :sent WHERE stream = :stream"),
                {"sent": rows[-1].sequence, "stream": stream},
            )
        OUTBOX_SENT.labels(self._service).inc(len(rows))
        return len(rows)

    async def _rest(self, held_back: bool) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), _HELD_BACK if held_back else _IDLE)


def _number_batch(connection: Connection, stream: str) -> int:
    connection.execute(
        text("INSERT INTO relay_position (stream, sequenced, sent) VALUES (:s, 0, 0) ON CONFLICT DO NOTHING"),
        {"s": stream},
    )
    after = connection.execute(
        text("SELECT sequenced FROM relay_position WHERE stream = :s FOR UPDATE"), {"s": stream}
    ).scalar_one()
    given = connection.execute(_NUMBER, {"stream": stream, "after": after, "batch": BATCH}).rowcount
    if given:
        connection.execute(
            text("UPDATE relay_position SET sequenced = :n WHERE stream = :s"), {"n": after + given, "s": stream}
        )
    return given
