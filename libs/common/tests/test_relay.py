"""Outbox to Kafka on a real PostgreSQL and a real Kafka: nothing lost, nothing out of the order of commits."""

import asyncio
import json
import random
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import select, text, update

from common import relay as relay_module
from common.bus import topic_of
from common.clock import utc_now
from common.relay import Relay
from common.tables import OutboxMessage, RelayPosition
from common.tests.diary import SERVICE, EntryWritten, eventually, owner_sql
from common.transaction import open_engine


@dataclass(frozen=True)
class Arrived:
    event_id: str
    sequence: int
    key: str
    number: int


async def arrived(bus, *, at_least: int, within: float = 30) -> list[Arrived]:
    """What stands on the topic, by partition in the order of offsets, once it is `at_least` distinct events."""
    topic = topic_of(bus.topic_prefix, SERVICE, "events")
    found: list[Arrived] = []
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bus.kafka_bootstrap_servers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        async with asyncio.timeout(within):
            while len({one.event_id for one in found}) < at_least:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [_arrived(record) for record in records]
        for records in (await consumer.getmany(timeout_ms=500)).values():
            found += [_arrived(record) for record in records]
    finally:
        await consumer.stop()
    return found


def _arrived(record) -> Arrived:
    headers = {name: value.decode() for name, value in record.headers}
    body = json.loads(record.value)
    return Arrived(headers["ce_id"], int(headers["ce_sequence"]), record.key.decode(), body["number"])


def once_each(found: list[Arrived]) -> list[Arrived]:
    return list({one.event_id: one for one in reversed(found)}.values())[::-1]


async def say(bench, *numbered: tuple[str, int]) -> None:
    async with bench.transaction() as tx:
        for key, number in numbered:
            tx.emit(EntryWritten(entry_id=key, number=number))


async def messages(bench) -> list[OutboxMessage]:
    async with bench.session() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.xid, OutboxMessage.ordinal)))


def all_sent(bench, count: int):
    async def holds() -> bool:
        async with bench.session() as session:
            position = await session.get(RelayPosition, "events")
        return position is not None and position.sent == count

    return holds


@asynccontextmanager
async def relaying(bench, bus, engine=None):
    running = asyncio.create_task(Relay(service=SERVICE, engine=engine or bench.runtime.engine, settings=bus).run())
    try:
        yield running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class TestOrder:
    async def test_a_writer_that_commits_late_is_neither_lost_nor_overtaken(self, bench, bus):
        """The late writer takes its place in the order first and commits after everybody else."""
        async with relaying(bench, bus):
            async with bench.session() as late:
                await late.execute(text("SELECT pg_current_xact_id()"))
                for number in range(1, 6):
                    await say(bench, ("others", number))
                await asyncio.sleep(0.4)
                given = {message.sequence for message in await messages(bench)}
                late.add(_message("late", 1, recorded_at=utc_now()))
                await late.commit()
            found = await arrived(bus, at_least=6)

        assert given == {None}  # nobody with a later place was let past
        assert [one.key for one in sorted(found, key=lambda one: one.sequence)] == ["late"] + ["others"] * 5

    async def test_many_writers_with_slow_commits_lose_nothing(self, bench, bus):
        rng = random.Random(7)
        writers, each = 8, 30

        async def write(writer: int) -> None:
            for number in range(each):
                async with bench.session() as session:
                    session.add(_message(f"key-{writer}", number, recorded_at=utc_now()))
                    await session.flush()
                    if rng.random() < 0.2:
                        await asyncio.sleep(0.02)
                    await session.commit()

        async with relaying(bench, bus):
            await asyncio.gather(*(write(writer) for writer in range(writers)))
            found = await arrived(bus, at_least=writers * each)

        rows = await messages(bench)
        assert len(found) == writers * each
        assert [row.sequence for row in rows] == list(range(1, writers * each + 1))  # contiguous, in commit order
        by_key = defaultdict(list)
        for one in found:
            by_key[one.key].append(one.number)
        assert all(numbers == list(range(each)) for numbers in by_key.values())

    async def test_each_stream_counts_for_itself(self, bench, bus):
        async with bench.session() as session:
            for number in range(4):
                stream = ("events", "decisions")[number % 2]
                session.add(_message("key", number, recorded_at=utc_now(), stream=stream, ordinal=number))
            await session.commit()

        async with relaying(bench, bus):
            await eventually(all_sent(bench, 2))
            rows = await messages(bench)

        assert [(row.stream, row.sequence) for row in rows] == [
            ("events", 1), ("decisions", 1), ("events", 2), ("decisions", 2),
        ]  # fmt: skip


class TestSendingAgain:
    async def test_a_crash_between_send_and_mark_repeats_the_same_event(self, bench, bus):
        await say(bench, ("a", 1), ("a", 2), ("b", 1))
        async with relaying(bench, bus):
            await eventually(all_sent(bench, 3))
        async with bench.session() as session:
            await session.execute(update(RelayPosition).values(sent=0))  # as if it had died before the mark
            await session.commit()
        await say(bench, ("a", 3))

        async with relaying(bench, bus):
            await eventually(all_sent(bench, 4))
            found = await arrived(bus, at_least=4)

        assert len(found) == 7
        assert len({(one.event_id, one.sequence) for one in found}) == 4
        assert [one.number for one in once_each(found) if one.key == "a"] == [1, 2, 3]

    async def test_a_send_that_fails_is_repeated_with_what_it_was_given(self, bench, bus, monkeypatch):
        """Dies after the broker has the messages and before the relay knows."""
        await say(bench, *(("a", number) for number in range(1, 6)))
        stop_after_send = True
        stop = AIOKafkaProducer.send

        async def send(self, *arguments, **named):
            nonlocal stop_after_send
            future = await stop(self, *arguments, **named)
            if stop_after_send:
                await future
                stop_after_send = False
                raise ConnectionError("lost after the send")
            return future

        monkeypatch.setattr(AIOKafkaProducer, "send", send)
        async with relaying(bench, bus):
            found = await arrived(bus, at_least=5)

        assert len(found) == 6
        assert [one.number for one in once_each(found)] == [1, 2, 3, 4, 5]
        assert [one.sequence for one in once_each(found)] == [1, 2, 3, 4, 5]


class TestLeading:
    async def test_of_two_relays_one_waits(self, bench, bus):
        other_engine = open_engine(bench.runtime.settings.database_url)
        async with relaying(bench, bus) as first, relaying(bench, bus, other_engine):
            await eventually(lambda: holders(bench))
            await say(bench, *(("a", number) for number in range(1, 51)))
            await eventually(all_sent(bench, 50))
            held = await holders(bench)
            first.cancel()  # the second takes over, where the first ended
            await say(bench, ("a", 51))
            await eventually(all_sent(bench, 51))
            found = await arrived(bus, at_least=51)
        await other_engine.dispose()

        assert held == 1
        assert [one.number for one in found] == list(range(1, 52))

    async def test_a_relay_that_was_interrupted_leads_again(self, bench, bus, monkeypatch):
        """Its pool holds several connections; the lock must not stay with one that lies idle there."""
        await say(bench, ("a", 1))
        failing = True
        pass_on = Relay._pass_on

        async def fail_once(self, producer):
            nonlocal failing
            waiting = await pass_on(self, producer)
            if failing:
                failing = False
                raise ConnectionError("the broker went away")
            return waiting

        monkeypatch.setattr(Relay, "_pass_on", fail_once)
        async with relaying(bench, bus):
            await eventually(all_sent(bench, 1))
            await say(bench, ("a", 2))
            await eventually(all_sent(bench, 2), within=10)


class TestBrokerDown:
    async def test_everything_arrives_in_order_when_it_is_back(self, bench, bus, own_kafka):
        if own_kafka is None:
            pytest.skip("the broker is not ours to kill")
        async with relaying(bench, bus):
            await say(bench, *((f"key-{number % 3}", number) for number in range(30)))
            await eventually(all_sent(bench, 30))
            await asyncio.to_thread(own_kafka.kill)
            await say(bench, *((f"key-{number % 3}", number) for number in range(30, 60)))
            await asyncio.sleep(2)
            await asyncio.to_thread(own_kafka.start)
            await eventually(all_sent(bench, 60), within=60)
            found = once_each(await arrived(bus, at_least=60))

        assert sorted(one.sequence for one in found) == list(range(1, 61))
        for key in range(3):
            assert [one.number for one in found if one.key == f"key-{key}"] == list(range(key, 60, 3))


async def holders(bench) -> int:
    rows = await owner_sql(
        bench,
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE l.locktype = 'advisory' AND l.objid = :key AND l.granted AND d.datname = current_database()",
        key=relay_module._LOCK,
    )
    return int(rows[0][0])


def _message(key: str, number: int, *, recorded_at, stream: str = "events", ordinal: int = 0) -> OutboxMessage:
    body = EntryWritten(entry_id=key, number=number).model_dump_json().encode()
    return OutboxMessage(
        event_id=str(uuid4()),
        stream=stream,
        ordinal=ordinal,
        key=key,
        type=EntryWritten.type_name(),
        body=body,
        recorded_at=recorded_at,
    )
