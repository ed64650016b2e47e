"""Outbox to Kafka on a real PostgreSQL and a real Kafka: nothing lost, an aggregate's events in their order."""

import asyncio
import json
import random
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import text, update

from common import relay as relay_module
from common.bus import topic_of
from common.clock import utc_now
from common.relay import Relay
from common.tables import OutboxMessage, RelayPosition
from common.tests.diary import (
    DAY,
    HERE,
    SERVICE,
    STAFF,
    Entry,
    EntryWritten,
    eventually,
    owner_sql,
    write_entry,
)
from common.transaction import open_engine, transaction


@dataclass(frozen=True)
class Arrived:
    event_id: str
    sequence: int
    key: str
    number: int
    partition: int


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
    return Arrived(headers["ce_id"], int(headers["ce_sequence"]), record.key.decode(), body["number"], record.partition)


def once_each(found: list[Arrived]) -> list[Arrived]:
    return list({one.event_id: one for one in reversed(found)}.values())[::-1]


def boundary(bench) -> dict[str, Any]:
    given = {"actor": bench.actor, "now": utc_now(), "service": SERVICE, "policies": bench.runtime.policies}
    return {"sessions": bench.runtime.sessions, **given}


async def say(bench, *numbered: tuple[str, int], finish=None) -> None:
    async with transaction(**boundary(bench), finish=finish) as tx:
        for key, number in numbered:
            tx.emit(EntryWritten(entry_id=key, number=number))


def all_sent(bench, count: int, *, stream: str = "events"):
    async def holds() -> bool:
        async with bench.session() as session:
            position = await session.get(RelayPosition, stream)
        return position is not None and position.sent == count

    return holds


@asynccontextmanager
async def relaying(bench, bus, engine=None):
    running = asyncio.create_task(
        Relay(service=SERVICE, engine=engine or bench.runtime.engine, settings=bus, keys=bench.runtime.keys).run()
    )
    try:
        yield running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class TestPartitions:
    KEYS = ["one", "one", "one", "two", "two", "three"] * 4

    async def test_of_a_key_are_one(self, bench, bus):
        async with relaying(bench, bus):
            await say(bench, *((key, number) for number, key in enumerate(self.KEYS)))
            found = await arrived(bus, at_least=24)

        assert len({(one.key, one.partition) for one in found}) == 3

    async def test_of_work_are_dealt_out_in_turn(self, bench, bus, monkeypatch):
        """Whoever works on a sixth of the partitions has a sixth of the work, whatever it is about."""
        monkeypatch.setattr(relay_module, "DEALT", {"events"})
        async with relaying(bench, bus):
            await say(bench, *((key, number) for number, key in enumerate(self.KEYS)))
            found = await arrived(bus, at_least=24)

        assert Counter(one.partition for one in once_each(found)) == dict.fromkeys(range(6), 4)


class TestOrder:
    async def test_a_transaction_that_commits_late_is_not_lost(self, bench, bus):
        """It takes its turn before everybody else and commits after them, when the relay is long past that turn."""
        written, commit = asyncio.Event(), asyncio.Event()

        async def wait(_tx):
            written.set()
            await commit.wait()

        async with relaying(bench, bus):
            late = asyncio.create_task(say(bench, ("late", 1), finish=wait))
            await written.wait()
            for number in range(1, 6):
                await say(bench, ("others", number))
            await eventually(all_sent(bench, 5))
            commit.set()
            await late
            found = await arrived(bus, at_least=6)

        assert sorted((one.sequence, one.key) for one in found) == [
            *((sequence, "others") for sequence in range(1, 6)),
            (6, "late"),
        ]

    async def test_writers_who_wait_for_each_other_are_told_in_their_order(self, bench, bus):
        """Each takes the next number of a row that it locks, and often commits late."""
        rng = random.Random(7)
        keys, writers, each = 3, 9, 20
        await bench.save(*(Entry(entry_id=f"key-{key}", area=HERE, staff=STAFF, words="0") for key in range(keys)))

        async def linger(_tx):
            if rng.random() < 0.2:
                await asyncio.sleep(0.01)

        async def write(writer: int) -> None:
            for _ in range(each):
                async with transaction(**boundary(bench), finish=linger) as tx:
                    row = await tx.session.get_one(Entry, f"key-{writer % keys}", with_for_update=True)
                    row.words = str(int(row.words) + 1)
                    tx.emit(EntryWritten(entry_id=row.entry_id, number=int(row.words)))

        async with relaying(bench, bus):
            await asyncio.gather(*(write(writer) for writer in range(writers)))
            found = await arrived(bus, at_least=writers * each)

        assert sorted(one.sequence for one in found) == list(range(1, writers * each + 1))  # each once, no gap
        for key in range(keys):
            numbers = [one.number for one in found if one.key == f"key-{key}"]
            assert numbers == list(range(1, writers * each // keys + 1))

    async def test_who_begins_first_and_acts_second_is_told_second(self, bench, bus):
        """Two requests meet at one row: the order of what happened to it is the order in which they held it."""
        async with bench.transaction() as first_to_begin:
            await first_to_begin.session.execute(text("SELECT pg_current_xact_id()"))
            await say(bench, ("a", 1))
            first_to_begin.emit(EntryWritten(entry_id="a", number=2))
        async with relaying(bench, bus):
            found = await arrived(bus, at_least=2)

        assert [(one.number, one.sequence) for one in found] == [(1, 1), (2, 2)]

    async def test_each_stream_counts_for_itself(self, bench, bus):
        for number in range(1, 3):
            await bench.run(write_entry, entry_id=f"e-{number}", words="x", on=DAY)

        async with relaying(bench, bus):
            await eventually(all_sent(bench, 2))
            await eventually(all_sent(bench, 2, stream="decisions"))
            rows = await bench.rows(OutboxMessage)

        assert sorted((row.stream, row.sequence) for row in rows) == [
            ("decisions", 1),
            ("decisions", 2),
            ("events", 1),
            ("events", 2),
        ]


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

        async def fail_once(self, *given):
            nonlocal failing
            await pass_on(self, *given)
            if failing:
                failing = False
                raise ConnectionError("the broker went away")

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
