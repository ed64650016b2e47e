"""The consumer's loop on a real Kafka: the offset after the database, poison aside, a database that goes away."""

import asyncio
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import select

from common.bus import kafka_headers, open_producer, source_of, topic_of
from common.clock import utc_now
from common.tables import InboxMessage, ParkedMessage
from common.tests.diary import SERVICE, Effect, EntryWritten, consumer_of, eventually, note_effect, run_sql


def headers_of(key, sequence, event_id=None):
    return kafka_headers(
        event_id=event_id or str(uuid4()),
        source=source_of(SERVICE, "events"),
        type_name=EntryWritten.type_name(),
        key=key,
        sequence=sequence,
        recorded_at=utc_now(),
        traceparent=None,
    )


@pytest.fixture
async def send(bus):
    """Put a message on one partition of the diary's topic."""
    producer = open_producer(bus.kafka_bootstrap_servers, client_id="test")
    await producer.start()

    async def put(key, number, *, body=None, headers=None, event_id=None):
        await producer.send_and_wait(
            topic_of(bus.topic_prefix, SERVICE, "events"),
            key=key.encode(),
            value=orjson.dumps({"entry_id": key, "number": number}) if body is None else body,
            headers=headers_of(key, number, event_id) if headers is None else headers,
            partition=0,
        )

    yield put
    await producer.stop()


@asynccontextmanager
async def consuming(bench, bus, **more):
    running = asyncio.create_task(consumer_of(bench, settings=bus, **more).run())
    try:
        yield running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def committed(bus) -> int:
    """The offset that the group has committed for the partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bus.kafka_bootstrap_servers, group_id=f"{bus.topic_prefix}{SERVICE}", enable_auto_commit=False
    )
    await consumer.start()
    try:
        return await consumer.committed(TopicPartition(topic_of(bus.topic_prefix, SERVICE, "events"), 0)) or 0
    finally:
        await consumer.stop()


def effects_are(bench, wanted):
    async def holds():
        async with bench.session() as session:
            rows = await session.execute(select(Effect.entry_id, Effect.number).order_by(Effect.effect_id))
            return [tuple(row) for row in rows] == wanted

    return holds


class TestOffset:
    async def test_is_committed_only_when_the_database_has_the_effect(self, bench, bus, send):
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def waits(tx, event):
            await note_effect(tx, event)
            reached.set()
            await go_on.wait()

        await send("a", 1)
        async with consuming(bench, bus, handler=waits):
            await asyncio.wait_for(reached.wait(), 20)
            before = await committed(bus)
            go_on.set()
            await eventually(effects_are(bench, [("a", 1)]))
            await eventually(lambda: _is_at(bus, 1))

        assert before == 0

    async def test_a_crash_before_it_brings_the_message_again_and_no_second_effect(self, bench, bus, send, monkeypatch):
        async def dies(self, consumer, batches):
            for records in batches.values():
                for record in records:
                    await self.take(record)
                raise ConnectionError("killed between the database and the offset")

        await send("a", 1)
        with monkeypatch.context() as patched:
            patched.setattr("common.consumer.Consumer.take_all", dies)
            async with consuming(bench, bus):
                await eventually(effects_are(bench, [("a", 1)]))
        assert await committed(bus) == 0

        await send("a", 2)
        async with consuming(bench, bus):
            await eventually(lambda: _is_at(bus, 2))

        assert await effects_are(bench, [("a", 1), ("a", 2)])()


async def _is_at(bus, offset):
    return await committed(bus) == offset


class TestPoison:
    async def test_stands_aside_with_its_key_and_the_rest_of_the_partition_flows(self, bench, bus, send):
        await send("a", 1)
        await send("bad", 2, body=b"{")
        await send("nameless", 3, headers=[])
        await send("bad", 4)
        await send("b", 5)
        async with consuming(bench, bus):
            await eventually(effects_are(bench, [("a", 1), ("b", 5)]))
            await eventually(lambda: _is_at(bus, 5))

        assert sorted((one.key, one.offset) for one in await bench.rows(ParkedMessage)) == [
            ("bad", 1),
            ("bad", 3),
            ("nameless", 2),
        ]


class TestLostDatabase:
    async def test_is_waited_for_and_nothing_is_parked(self, bench, bus, send, postgres_url):
        """New connections are refused and the old ones ended, as while a server restarts."""
        name = (await run_sql(bench.runtime.settings.database_url, "SELECT current_database()"))[0][0]
        async with consuming(bench, bus):
            await send("a", 1)
            await eventually(effects_are(bench, [("a", 1)]))
            await run_sql(postgres_url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            try:
                await run_sql(
                    postgres_url,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name",
                    name=name,
                )
                await send("a", 2)
                await asyncio.sleep(2.5)
            finally:
                await run_sql(postgres_url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await _ready_again(bench)
            await eventually(effects_are(bench, [("a", 1), ("a", 2)]))

        assert await bench.rows(ParkedMessage) == []
        assert len(await bench.rows(InboxMessage)) == 2


async def _ready_again(bench) -> None:
    """Connections of the pool that died are found out one by one."""
    for _ in range(30):
        with suppress(Exception):
            await bench.rows(Effect)
            return
        await asyncio.sleep(0.1)
