"""Told at least once, effect once: messages handed to the consumer as Kafka would, on a real PostgreSQL."""

import asyncio
from uuid import uuid4

import orjson
import pytest
from aiokafka import ConsumerRecord
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from common.bus import kafka_headers, source_of
from common.clock import utc_now
from common.consumer import Unhandled
from common.errors import Refused
from common.policy.decisions import decide
from common.tables import InboxMessage, ParkedMessage
from common.tests.diary import (
    DAY,
    HERE,
    SERVICE,
    STAFF,
    Effect,
    EntryWritten,
    OthersSaid,
    consumer_of,
    length_allowed,
    note_effect,
    run_sql,
)

OFFSETS = iter(range(1, 1_000_000))


def record(key="a", number=1, *, event_id=None, body=None, headers=None, offset=None, raw_key=None, type_name=None):
    offset = offset or next(OFFSETS)
    usual = kafka_headers(
        event_id=event_id or str(uuid4()),
        source=source_of(SERVICE, "events"),
        type_name=type_name or EntryWritten.type_name(),
        key=key,
        sequence=offset,
        recorded_at=utc_now(),
        traceparent=None,
    )
    value = orjson.dumps({"entry_id": key, "number": number}) if body is None else body
    return ConsumerRecord(
        topic="diary.events",
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=key.encode() if raw_key is None else raw_key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=usual if headers is None else headers,
    )


def with_header(name, value):
    kept = [pair for pair in record().headers if pair[0] != name]
    return [*kept, (name, value)]


@pytest.fixture(autouse=True)
def no_back_off(monkeypatch):
    monkeypatch.setattr("common.consumer.BACK_OFF", 0)


async def effects(bench):
    return [(one.entry_id, one.number) for one in sorted(await bench.rows(Effect), key=lambda one: one.effect_id)]


async def parked(bench):
    return sorted(await bench.rows(ParkedMessage), key=lambda one: one.parked_id)


def handler_that(raises, *, while_number=1):
    """Does its work, then fails as long as `while_number` is what it is told."""

    async def handle(tx, event):
        await note_effect(tx, event)
        await tx.session.flush()
        if event.number == while_number:
            raise raises

    return handle


class TestEffectOnce:
    async def test_told_twice_is_one_effect(self, bench):
        consumer = consumer_of(bench)
        for offset in (1, 2):
            await consumer.take(record(event_id="same", offset=offset))

        assert await effects(bench) == [("a", 1)]

    async def test_told_twice_at_the_same_moment_is_one_effect(self, bench):
        consumer = consumer_of(bench)

        await asyncio.gather(*(consumer.take(record(event_id="same", offset=offset)) for offset in range(1, 6)))

        assert await effects(bench) == [("a", 1)]
        assert await parked(bench) == []

    async def test_a_crash_after_the_effect_leaves_no_half(self, bench):
        """The first attempt dies after its rows were written; the second is the one that counts."""
        attempts = 0

        async def dies_once(tx, event):
            nonlocal attempts
            attempts += 1
            await note_effect(tx, event)
            await tx.session.flush()
            if attempts == 1:
                raise RuntimeError("killed here")

        await consumer_of(bench, handler=dies_once).take(record())

        assert attempts == 2
        assert await effects(bench) == [("a", 1)]
        assert await parked(bench) == []

    async def test_a_handler_that_is_cancelled_leaves_nothing(self, bench):
        reached = asyncio.Event()

        async def hangs(tx, event):
            await note_effect(tx, event)
            await tx.session.flush()
            reached.set()
            await asyncio.sleep(60)

        taking = asyncio.create_task(consumer_of(bench, handler=hangs).take(record(event_id="same")))
        await reached.wait()
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        await consumer_of(bench).take(record(event_id="same"))

        assert await effects(bench) == [("a", 1)]

    async def test_fields_of_a_newer_version_are_left_aside(self, bench):
        body = orjson.dumps({"entry_id": "a", "number": 3, "colour": "blue", "more": {"x": 1}})
        await consumer_of(bench).take(record(body=body))

        assert await effects(bench) == [("a", 3)]
        assert await parked(bench) == []

    async def test_what_others_say_on_the_topic_passes_by(self, bench):
        await consumer_of(bench).take(record(type_name=OthersSaid.type_name()))

        assert await effects(bench) == []
        assert await parked(bench) == []


POISON = {
    "no JSON": (record(body=b"{"), "JSONDecodeError"),
    "no body": (record(body=b""), "JSONDecodeError"),
    "not an object": (record(body=b"[1]"), "ValidationError"),
    "a field missing": (record(body=b"{}"), "ValidationError"),
    "NaN": (record(body=b'{"entry_id": "a", "number": NaN}'), "JSONDecodeError"),
    "no headers": (record(headers=[]), "ValueError: no ce_"),
    "a header without a value": (record(headers=with_header("ce_id", None)), "ValueError: no ce_id"),
    "a sequence that is no number": (record(headers=with_header("ce_sequence", b"x")), "ValueError"),
    "a sequence that no column holds": (record(headers=with_header("ce_sequence", b"9" * 30)), "ValueError"),
    "an id that no column holds": (record(headers=with_header("ce_id", b"x" * 100)), "ValueError"),
    "a time that is none": (record(headers=with_header("ce_time", b"noon")), "ValueError"),
    "a type of a version not known": (record(type_name="diary.entry_written.v2"), "Unhandled"),
    "bytes that no text column holds": (record(headers=with_header("ce_id", b"a\x00b")), "ValueError"),
}


class TestPoison:
    @pytest.mark.parametrize("kind", POISON)
    async def test_is_parked_with_its_reason_and_others_flow(self, bench, kind):
        poison, reason = POISON[kind]
        consumer = consumer_of(bench)
        await consumer.take(poison)
        await consumer.take(record("a", 2))
        await consumer.take(record("b", 3))

        first, second = await parked(bench)
        assert first.reason.startswith(reason)
        assert (first.offset, bytes(first.body)) == (poison.offset, poison.value)
        assert "earlier event of this key" in second.reason
        assert await effects(bench) == [("b", 3)]

    @pytest.mark.parametrize("raw_key", [b"a\x00b", b"\xff\xfe", b"k" * 300])
    async def test_a_key_that_no_column_holds_is_no_reason_to_stand_still(self, bench, raw_key):
        consumer = consumer_of(bench)
        await consumer.take(record(raw_key=raw_key, headers=[("odd\x00", b"a\x00b"), ("null", None)], body=b"x"))
        await consumer.take(record("b", 3))

        assert len(await parked(bench)) == 1
        assert await effects(bench) == [("b", 3)]

    async def test_a_handler_that_always_fails_is_tried_and_then_parked(self, bench):
        tried = []

        async def fails(tx, event):
            tried.append(event.number)
            raise RuntimeError("never works\x00")

        await consumer_of(bench, handler=fails).take(record())

        (message,) = await parked(bench)
        assert len(tried) == 5
        assert message.reason.startswith("RuntimeError: never works")

    async def test_what_cannot_get_better_is_tried_once(self, bench):
        tried = []

        async def fails(tx, event):
            tried.append(event.number)
            raise Unhandled("no")

        await consumer_of(bench, handler=fails).take(record())

        assert len(tried) == 1

    async def test_a_refusal_is_decided_once(self, bench):
        async def refuses(tx, event):
            decision = decide(length_allowed, policies=tx.policies, area=HERE, staff=STAFF, on=DAY, length=99)
            tx.require(decision, subject=event.entry_id)

        await consumer_of(bench, handler=refuses).take(record())

        (message,) = await parked(bench)
        assert message.reason.startswith(Refused.__name__)
        assert [one.permits for one in await bench.decisions()] == [False]

    async def test_delivered_again_while_parked_is_parked_once(self, bench):
        consumer = consumer_of(bench)
        poison = record(body=b"{")
        await consumer.take(poison)
        await consumer.take(poison)

        assert len(await parked(bench)) == 1


class TestReplay:
    async def test_handles_them_in_order(self, bench):
        await self._park_three(bench)

        assert await consumer_of(bench).replay() == (3, 0)
        assert await effects(bench) == [("b", 5), ("a", 1), ("a", 2), ("a", 3)]
        assert await parked(bench) == []

    async def test_twice_has_no_second_effect(self, bench):
        await self._park_three(bench)
        consumer = consumer_of(bench)
        await asyncio.gather(consumer.replay(), consumer.replay())
        await consumer.replay()

        assert sorted(await effects(bench)) == [("a", 1), ("a", 2), ("a", 3), ("b", 5)]

    async def test_told_again_after_the_replay_has_no_second_effect(self, bench):
        poison = record(event_id="same")
        await consumer_of(bench, handler=handler_that(ValueError("no"))).take(poison)
        await consumer_of(bench).replay()
        await consumer_of(bench).take(poison)
        await consumer_of(bench).take(record(event_id="same"))

        assert await effects(bench) == [("a", 1)]

    async def test_what_fails_again_keeps_its_key_waiting(self, bench):
        await self._park_three(bench)
        await consumer_of(bench, handler=handler_that(ValueError("no"))).take(record("c", 1))
        failing = consumer_of(bench, handler=handler_that(ValueError("still not"), while_number=2))

        assert await failing.replay() == (2, 2)
        assert await effects(bench) == [("b", 5), ("a", 1), ("c", 1)]
        assert [orjson.loads(one.body)["number"] for one in await parked(bench)] == [2, 3]

    async def test_of_one_key_leaves_the_others(self, bench):
        await self._park_three(bench)
        await consumer_of(bench, handler=handler_that(ValueError("no"))).take(record("c", 1))

        assert await consumer_of(bench).replay(key="c") == (1, 0)
        assert {one.key for one in await parked(bench)} == {"a"}

    async def test_lets_the_key_flow_again(self, bench):
        await self._park_three(bench)
        consumer = consumer_of(bench)
        await consumer.replay()
        await consumer.take(record("a", 4))

        assert (await effects(bench))[-1] == ("a", 4)

    async def test_a_repeat_that_waited_behind_is_no_second_effect(self, bench):
        """An event already handled comes again while its key is blocked, and is parked with the rest."""
        await consumer_of(bench).take(record("a", 9, event_id="before"))
        await self._park_three(bench)
        await consumer_of(bench).take(record("a", 9, event_id="before"))
        await consumer_of(bench).replay()

        assert (await effects(bench)).count(("a", 9)) == 1
        assert await parked(bench) == []

    async def _park_three(self, bench):
        consumer = consumer_of(bench, handler=handler_that(ValueError("no")))
        for key, number in (("a", 1), ("a", 2), ("b", 5), ("a", 3)):
            await consumer.take(record(key, number))
        assert [(one.key, bool(one.reason)) for one in await parked(bench)] == [("a", True)] * 3


class TestLostDatabase:
    async def test_is_no_reason_to_park(self, bench, postgres_url):
        """The server ends the connection in the middle of the effect: the message comes again, and is handled."""

        async def loses_it(tx, event):
            await note_effect(tx, event)
            await tx.session.flush()
            pid = await tx.session.scalar(select(func.pg_backend_pid()))
            await run_sql(postgres_url, "SELECT pg_terminate_backend(:pid)", pid=pid)
            await tx.session.scalar(select(func.count(InboxMessage.event_id)))

        message = record()
        with pytest.raises(DBAPIError):
            await consumer_of(bench, handler=loses_it).take(message)
        await consumer_of(bench).take(message)

        assert await effects(bench) == [("a", 1)]
        assert await parked(bench) == []
