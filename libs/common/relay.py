"""From the outbox to Kafka: nothing lost, the events of an aggregate in the order of what happened to it.

A cursor on an id loses events whose transaction commits late. The relay keeps no cursor on what it has not seen: it
numbers the committed rows that have no sequence yet, by the turn their transaction drew while it held its locks. The
sequence is durable before the send, so that a message sent again is the same message.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from sqlalchemy import Connection, String, bindparam, delete, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.bus import DEALT, kafka_headers, open_producer, source_of, streams_of, topic_of
from common.clock import utc_now
from common.keys import Keys
from common.observability import OUTBOX_AGE, OUTBOX_SENT, OUTBOX_UNSENT
from common.settings import Settings
from common.tables import IdempotentAnswer
from common.tally import tally_days

log = structlog.get_logger()

BATCH = 500
_IDLE = 1.0
_DEADLINE = 120.0
_MEASURED_EVERY = 10.0
_LOCK = 7_340_001

_NUMBER = text("""
WITH ready AS (
    SELECT event_id, row_number() OVER (ORDER BY turn, ordinal) AS n FROM (
        SELECT event_id, turn, ordinal FROM outbox_message
        WHERE sequence IS NULL AND stream = :stream
        ORDER BY turn, ordinal LIMIT :batch
    ) AS oldest
)
UPDATE outbox_message o SET sequence = :after + ready.n FROM ready WHERE o.event_id = ready.event_id
""")
_UNSENT = text("""
SELECT event_id, sequence, key, type, body, traceparent, recorded_at FROM outbox_message
WHERE stream = :stream AND sequence > coalesce((SELECT sent FROM relay_position WHERE stream = :stream), 0)
ORDER BY sequence LIMIT :batch
""")
# The streams that have something to number or to send; asked on the connection that holds the lock, so that a lost
# lock is noticed before anything is done.
_WITH_NEWS = text("""
SELECT s.stream FROM unnest(:streams) AS s (stream) LEFT JOIN relay_position p USING (stream)
WHERE EXISTS (SELECT FROM outbox_message m WHERE m.stream = s.stream AND m.sequence IS NULL)
   OR p.sequenced > p.sent
""").bindparams(bindparam("streams", type_=ARRAY(String)))
# A plan kept from when the outbox was nearly empty would read all of it, for each row, once there is much in it.
_PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
_ALWAYS_PLAN_ANEW = text("SET plan_cache_mode = force_custom_plan")
_WAITING = text("""
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(m.recorded_at)), 0) FROM outbox_message m
LEFT JOIN relay_position p USING (stream) WHERE m.sequence IS NULL OR m.sequence > coalesce(p.sent, 0)
""")
_ANSWERS_KEPT = timedelta(days=7)


class Relay:
    """One per service: an advisory lock held by its connection keeps a second one waiting."""

    def __init__(self, *, service: str, engine: AsyncEngine, settings: Settings, keys: Keys) -> None:
        self._service = service
        self._keys = keys
        self._engine = engine
        self._settings = settings
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled; a lost database or broker is waited for."""
        keeping_house = asyncio.create_task(self._keep_house())
        try:
            await self._relay_again_and_again()
        finally:
            keeping_house.cancel()

    async def _relay_again_and_again(self) -> None:
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
                await lock.execute(_ALWAYS_PLAN_ANEW)
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
                await self._pass_on(lock, producer)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _IDLE)
        finally:
            await asyncio.shield(producer.stop())

    async def _become_leader(self, lock: AsyncConnection) -> None:
        while not (await lock.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK})).scalar():
            await asyncio.sleep(0.5)

    async def _listen(self, lock: AsyncConnection) -> None:
        raw = await lock.get_raw_connection()
        connection: asyncpg.Connection[Any] = raw.driver_connection
        await connection.add_listener("outbox", lambda *_: self._wake.set())

    async def _pass_on(self, lock: AsyncConnection, producer: AIOKafkaProducer) -> None:
        """Number and send what there is, a batch of each stream in turn."""
        self._wake.clear()
        streams = list(streams_of(self._service))
        while with_news := list(await lock.scalars(_WITH_NEWS, {"streams": streams})):
            for stream in with_news:
                await self._number(stream)
                await self._send(producer, stream)

    async def _keep_house(self) -> None:
        """Measure what waits, beside the relay that may itself be waiting; forget answers nobody asks for again."""
        while True:
            with suppress(DBAPIError, OSError):
                async with self._engine.begin() as connection:
                    count, age = (await connection.execute(_WAITING)).one()
                    await connection.execute(
                        delete(IdempotentAnswer).where(IdempotentAnswer.answered_at < utc_now() - _ANSWERS_KEPT)
                    )
                await self._tally()
                OUTBOX_UNSENT.labels(self._service).set(count)
                OUTBOX_AGE.labels(self._service).set(float(age))
            await asyncio.sleep(_MEASURED_EVERY)

    async def _tally(self) -> None:
        """Say how many decisions the days that are over have seen; a second relay finds nothing left to say."""
        async for _ in tally_days(self._engine, service=self._service, keys=self._keys):
            pass

    async def _number(self, stream: str) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(_number_batch, stream)

    async def _send(self, producer: AIOKafkaProducer, stream: str) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(_PLAN_ANEW)
            rows = (await connection.execute(_UNSENT, {"stream": stream, "batch": BATCH})).all()
        if not rows:
            return
        topic = topic_of(self._settings.topic_prefix, self._service, stream)
        dealt = sorted(await producer.partitions_for(topic)) if stream in DEALT else []
        source = source_of(self._service, stream)
        pending = [
            await producer.send(
                topic,
                key=row.key.encode(),
                value=row.body,
                partition=dealt[row.sequence % len(dealt)] if dealt else None,
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
        # Without a deadline a producer that lost its place would wait for ever; a fresh one sends the same messages.
        await asyncio.wait_for(asyncio.gather(*pending), _DEADLINE)
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE relay_position SET sent = :sent WHERE stream = :stream"),
                {"sent": rows[-1].sequence, "stream": stream},
            )
        OUTBOX_SENT.labels(self._service).inc(len(rows))


def _number_batch(connection: Connection, stream: str) -> None:
    connection.execute(
        text("INSERT INTO relay_position (stream, sequenced, sent) VALUES (:s, 0, 0) ON CONFLICT DO NOTHING"),
        {"s": stream},
    )
    after = connection.execute(
        text("SELECT sequenced FROM relay_position WHERE stream = :s FOR UPDATE"), {"s": stream}
    ).scalar_one()
    connection.execute(_PLAN_ANEW)
    given = connection.execute(_NUMBER, {"stream": stream, "after": after, "batch": BATCH}).rowcount
    if given:
        connection.execute(
            text("UPDATE relay_position SET sequenced = :n WHERE stream = :s"), {"n": after + given, "s": stream}
        )
