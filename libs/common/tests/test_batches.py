"""Many messages in one transaction, on a real PostgreSQL: what cannot be handled stands aside alone."""

from dataclasses import replace

import orjson
import pytest
from aiokafka import TopicPartition
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from common.batches import BatchConsumer
from common.consumer import NotNow, Unhandled
from common.tables import InboxMessage, ParkedMessage
from common.tests.diary import SERVICE, Effect, EntryWritten, run_sql
from common.tests.test_consumer import POISON, effects, parked, record, with_header

ONE = TopicPartition("diary.events", 0)
OTHER = TopicPartition("diary.events", 1)


@pytest.fixture(autouse=True)
def no_back_off(monkeypatch):
    monkeypatch.setattr("common.batches.BACK_OFF", 0)


class Handler:
    """Notes the effect of each message and how they came together; fails where it is told a number it cannot bear."""

    def __init__(self, *unbearable, raises=ValueError):
        self.unbearable = set(unbearable)
        self.raises = raises
        self.handed_over = []

    async def __call__(self, tx, heard):
        self.handed_over.append([one.event.number for one in heard])
        for one in heard:
            tx.session.add(Effect(entry_id=one.event.entry_id, number=one.event.number))
        await tx.session.flush()
        if self.unbearable & {one.event.number for one in heard}:
            raise self.raises("not that one")


def consumer_of(bench, handler) -> BatchConsumer:
    consumer = BatchConsumer(
        handle_batch=handler,
        service=SERVICE,
        sessions=bench.runtime.sessions,
        settings=bench.runtime.settings,
        policies=bench.runtime.policies,
        handlers={},
        streams=("events",),
    )
    consumer.types = consumer.types | {EntryWritten.type_name(): EntryWritten}
    return consumer


def records(*numbers):
    return [record(f"key-{number % 3}", number) for number in numbers]


async def numbers(bench):
    return [number for _, number in await effects(bench)]


class TestABatch:
    async def test_is_handed_over_whole_and_in_order(self, bench):
        handler = Handler()
        await consumer_of(bench, handler).take_together(records(3, 1, 2))

        assert handler.handed_over == [[3, 1, 2]]
        assert await numbers(bench) == [3, 1, 2]

    async def test_tells_who_said_it_and_the_very_bytes(self, bench):
        heard = []

        async def listen(tx, batch):
            heard.extend(batch)

        body = b'{"number": 7,  "entry_id":"a"}'
        await consumer_of(bench, listen).take(record(body=body, event_id="event-1", offset=5))

        (one,) = heard
        assert (one.body, one.event) == (body, EntryWritten(entry_id="a", number=7))
        assert (one.envelope.event_id, one.envelope.source, one.envelope.sequence) == ("event-1", "/diary/events", 5)

    async def test_that_fails_leaves_nothing_but_what_the_smaller_ones_make(self, bench):
        handler = Handler(6)
        await consumer_of(bench, handler).take_together(records(*range(1, 9)))

        assert await numbers(bench) == [1, 2, 3, 4, 5, 7, 8]
        assert handler.handed_over == [
            [1, 2, 3, 4, 5, 6, 7, 8],
            [1, 2, 3, 4],
            [5, 6, 7, 8],
            [5, 6],
            [5],
            [6],
            [6],
            [7, 8],
        ]

    async def test_that_fails_once_is_handled_all_the_same(self, bench):
        handler = Handler(2)
        consumer = consumer_of(bench, handler)

        async def fails_once(tx, heard):
            try:
                await handler(tx, heard)
            finally:
                handler.unbearable.clear()

        consumer.handle_batch = fails_once
        await consumer.take_together(records(1, 2, 3))

        assert await numbers(bench) == [1, 2, 3]
        assert await parked(bench) == []

    async def test_remembers_nothing_for_its_service(self, bench):
        await consumer_of(bench, Handler()).take_together([record(event_id="same"), record(event_id="same")])

        assert await bench.rows(InboxMessage) == []
        assert len(await effects(bench)) == 2


class TestPoison:
    @pytest.mark.parametrize("kind", POISON)
    async def test_is_parked_alone_with_its_reason(self, bench, kind):
        poison, _ = POISON[kind]
        await consumer_of(bench, Handler()).take_together([*records(1), poison, *records(2)])

        (one,) = await parked(bench)
        assert (one.offset, bytes(one.body)) == (poison.offset, poison.value)
        assert one.reason
        assert await numbers(bench) == [1, 2]

    async def test_that_only_its_handler_knows_is_parked_alone_wherever_it_stands(self, bench):
        for place in range(5):
            batch = records(*range(1, 6))
            await consumer_of(bench, Handler(place + 1)).take_together(batch)
            assert (await parked(bench))[-1].offset == batch[place].offset

        assert [one.reason for one in await parked(bench)] == ["ValueError: not that one"] * 5
        assert len(await effects(bench)) == 20

    async def test_holds_up_no_later_message_of_its_key(self, bench):
        consumer = consumer_of(bench, Handler(1))
        await consumer.take(record("a", 1))
        await consumer.take(record("a", 2))

        assert await effects(bench) == [("a", 2)]
        assert len(await parked(bench)) == 1

    async def test_a_type_of_another_version_is_parked(self, bench):
        await consumer_of(bench, Handler()).take(record(type_name="diary.entry_written.v2"))

        (one,) = await parked(bench)
        assert one.reason.startswith(Unhandled.__name__)


class TestASourceOnAnothersTopic:
    """Whoever may write to one topic must not speak for another service, nor for this one."""

    SOURCES = ("/payroll/events", "/diary/decisions", "/audit/log")

    @pytest.mark.parametrize("source", SOURCES)
    async def test_is_parked_with_the_reason(self, bench, source):
        stranger = record(headers=with_header("ce_source", source.encode()))
        await consumer_of(bench, Handler()).take_together([*records(1), stranger, *records(2)])

        (one,) = await parked(bench)
        assert one.reason == f"Unhandled: {source} does not speak on diary.events"
        assert await numbers(bench) == [1, 2]

    async def test_is_not_believed_on_replay_either(self, bench):
        await consumer_of(bench, Handler()).take(record(headers=with_header("ce_source", b"/payroll/events")))

        assert await consumer_of(bench, Handler()).replay() == (0, 1)
        assert await effects(bench) == []

    async def test_is_its_own_where_topics_have_a_prefix(self, bench, monkeypatch):
        monkeypatch.setattr(bench.runtime.settings, "topic_prefix", "t1_")
        consumer = consumer_of(bench, Handler())
        await consumer.take(replace(record(number=7), topic="t1_diary.events"))
        await consumer.take(record(number=8))

        assert await numbers(bench) == [7]
        assert len(await parked(bench)) == 1


class TestReplay:
    async def test_hands_each_over_by_itself_and_parks_it_no_more(self, bench):
        await consumer_of(bench, Handler(2, 4)).take_together(records(1, 2, 3, 4))
        handler = Handler()

        assert await consumer_of(bench, handler).replay() == (2, 0)

        assert handler.handed_over == [[2], [4]]
        assert await numbers(bench) == [1, 3, 2, 4]
        assert await parked(bench) == []

    async def test_of_what_fails_again_leaves_it_parked_and_without_effect(self, bench):
        await consumer_of(bench, Handler(2)).take_together(records(1, 2))

        assert await consumer_of(bench, Handler(2)).replay() == (0, 1)

        assert await numbers(bench) == [1]
        assert len(await parked(bench)) == 1

    async def test_of_a_body_put_right_is_the_one_effect(self, bench):
        await consumer_of(bench, Handler()).take(record("a", body=b"{"))
        async with bench.session() as session, session.begin():
            (kept,) = (await session.scalars(select(ParkedMessage))).all()
            kept.body = orjson.dumps({"entry_id": "a", "number": 9})

        assert await consumer_of(bench, Handler()).replay() == (1, 0)
        assert await effects(bench) == [("a", 9)]


class Offsets:
    """Stands for the Kafka client: remembers what was committed."""

    def __init__(self):
        self.committed = {}

    async def commit(self, offsets):
        self.committed |= offsets


class TestWhatIsNotTheMessagesFault:
    async def test_a_lost_database_parks_nothing_and_commits_no_offset(self, bench, postgres_url):
        async def loses_it(tx, heard):
            pid = await tx.session.scalar(select(func.pg_backend_pid()))
            await run_sql(postgres_url, "SELECT pg_terminate_backend(:pid)", pid=pid)
            await tx.session.scalar(select(func.count(Effect.effect_id)))

        batch, offsets = {ONE: records(1, 2)}, Offsets()
        with pytest.raises(DBAPIError):
            await consumer_of(bench, loses_it).take_all(offsets, batch)
        assert offsets.committed == {}

        await consumer_of(bench, Handler()).take_all(offsets, batch)
        assert await numbers(bench) == [1, 2]
        assert await parked(bench) == []

    async def test_a_service_that_cannot_now_parks_nothing_and_tries_no_smaller_batch(self, bench):
        handler = Handler(2, raises=NotNow)
        offsets = Offsets()

        with pytest.raises(NotNow):
            await consumer_of(bench, handler).take_all(offsets, {ONE: records(1, 2)})

        assert (handler.handed_over, offsets.committed) == ([[1, 2]], {})
        assert await parked(bench) == []

    async def test_that_shows_only_for_one_of_them_leaves_the_rest_as_it_is(self, bench):
        """What was entered before it stays entered and comes again; the service knows repeats."""

        class NowAndThen(Handler):
            async def __call__(self, tx, heard):
                self.raises = ValueError if len(heard) > 1 else NotNow
                await super().__call__(tx, heard)

        with pytest.raises(NotNow):
            await consumer_of(bench, NowAndThen(2)).take_together(records(1, 2, 3))

        assert await numbers(bench) == [1]
        assert await parked(bench) == []


class TestOffsets:
    async def test_of_all_partitions_are_committed_after_one_transaction(self, bench):
        offsets, handler = Offsets(), Handler()
        batch = {ONE: records(1, 2), OTHER: records(3)}
        await consumer_of(bench, handler).take_all(offsets, batch)

        assert handler.handed_over == [[1, 2, 3]]
        assert offsets.committed == {one: those[-1].offset + 1 for one, those in batch.items()}

    async def test_of_a_parked_message_are_committed_too(self, bench):
        offsets = Offsets()
        batch = {ONE: [record(body=b"{")]}
        await consumer_of(bench, Handler()).take_all(offsets, batch)

        assert offsets.committed == {ONE: batch[ONE][0].offset + 1}
        assert len(await parked(bench)) == 1


def test_hears_every_service_on_its_streams(bench):
    topics = consumer_of(bench, Handler()).topics()

    assert {"recruitment.events", "payroll.events"} <= set(topics)
    assert all(topic.endswith(".events") for topic in topics)
