"""A service counts what it has decided: a statement for each day, of what it has sent, and of nothing else."""

import asyncio
import base64
import hashlib
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from sqlalchemy import select, text

from common import tally
from common.bus import topic_of
from common.clock import CHINA, utc_now
from common.events.decisions import DecisionRecorded, DecisionsTallied
from common.tables import OutboxMessage, RelayPosition
from common.tally import mark_of, marks_in, midnight, tally_days
from common.tests.diary import SERVICE, eventually
from common.tests.test_relay import relaying

FIRST = datetime(2026, 5, 6, 9, tzinfo=CHINA)
SECOND = FIRST + timedelta(days=1)
LATER = midnight(FIRST + timedelta(days=30))


def message(number, at, *, sequence=None, type_name=DecisionRecorded.type_name()) -> OutboxMessage:
    return OutboxMessage(
        event_id=f"event-{number}",
        stream="decisions",
        turn=number,
        ordinal=0,
        sequence=sequence,
        key="worker-7",
        type=type_name,
        body=b'{"number": %d}' % number,
        recorded_at=at,
    )


async def decided(bench, *moments, sent=None):
    """Messages in the outbox, numbered from 1 and sent as far as is said, or all of them."""
    await bench.save(
        *(message(number, at, sequence=number) for number, at in enumerate(moments, start=1)),
        RelayPosition(stream="decisions", sequenced=len(moments), sent=len(moments) if sent is None else sent),
    )


async def stated(bench, *, until=LATER):
    runtime = bench.runtime
    return [one async for one in tally_days(runtime.engine, service=SERVICE, keys=runtime.keys, until=until)]


async def said(bench):
    """The statements that lie in the outbox and are not sent yet."""
    async with bench.session() as session:
        query = select(OutboxMessage).where(OutboxMessage.type == DecisionsTallied.type_name())
        rows = await session.scalars(query.where(OutboxMessage.sequence.is_(None)).order_by(OutboxMessage.turn))
        return [DecisionsTallied.read(orjson.loads(row.body)) for row in rows]


def spans(statements):
    return [(one.day, one.first_sequence, one.last_sequence) for one in statements]


class TestAStatement:
    async def test_covers_the_messages_of_a_day(self, bench):
        await decided(bench, FIRST, FIRST + timedelta(hours=1), SECOND)

        assert spans(await stated(bench)) == [(date(2026, 5, 6), 1, 2), (date(2026, 5, 7), 3, 3)]

    async def test_is_said_where_the_decisions_are_said(self, bench):
        await decided(bench, FIRST, SECOND)

        statements = await stated(bench)

        assert await said(bench) == statements
        async with bench.session() as session:
            rows = (await session.scalars(select(OutboxMessage).where(OutboxMessage.sequence.is_(None)))).all()
        assert {(row.stream, row.key, row.type) for row in rows} == {
            ("decisions", SERVICE, DecisionsTallied.type_name())
        }

    async def test_holds_the_mark_of_each_message_under_one_digest(self, bench):
        await decided(bench, FIRST, FIRST)

        (statement,) = await stated(bench)

        keys = bench.runtime.keys
        assert marks_in(statement) == [mark_of(f"event-{n}", b'{"number": %d}' % n, keys=keys) for n in (1, 2)]
        assert hashlib.sha256(base64.b64decode(statement.marks)).hexdigest() == statement.digest
        assert (statement.service, statement.key) == (SERVICE, SERVICE)

    async def test_is_made_once_though_two_relays_make_it(self, bench):
        await decided(bench, FIRST, SECOND)

        both = await asyncio.gather(stated(bench), stated(bench))

        assert len(both[0] + both[1]) == 2
        assert spans(await said(bench)) == [(date(2026, 5, 6), 1, 1), (date(2026, 5, 7), 2, 2)]
        assert await stated(bench) == []

    async def test_goes_in_pieces_where_a_day_has_too_many(self, bench, monkeypatch):
        monkeypatch.setattr(tally, "MOST_IN_ONE", 2)
        await decided(bench, FIRST, FIRST, FIRST, FIRST, FIRST)

        assert [(one.first_sequence, one.last_sequence) for one in await stated(bench)] == [(1, 2), (3, 4), (5, 5)]

    async def test_of_the_largest_number_fits_on_the_bus(self):
        marks = base64.b64encode(bytes(8 * tally.MOST_IN_ONE)).decode()

        assert len(marks) < 900_000


class TestItsBounds:
    async def test_are_midnight_in_china(self, bench):
        before = datetime(2026, 5, 6, 15, 59, 59, 999_999, tzinfo=UTC)
        await decided(bench, before, before + timedelta(microseconds=1))

        assert spans(await stated(bench)) == [(date(2026, 5, 6), 1, 1), (date(2026, 5, 7), 2, 2)]

    async def test_leave_out_the_day_that_is_not_over(self, bench):
        await decided(bench, FIRST, SECOND)

        assert spans(await stated(bench, until=midnight(SECOND))) == [(date(2026, 5, 6), 1, 1)]
        assert spans(await stated(bench, until=midnight(SECOND) + timedelta(days=1))) == [(date(2026, 5, 7), 2, 2)]

    async def test_leave_out_today_where_nothing_is_said(self, bench):
        now = utc_now()
        await decided(bench, midnight(now) - timedelta(seconds=1), midnight(now), now)

        assert [(one.first_sequence, one.last_sequence) for one in await stated(bench, until=None)] == [(1, 1)]

    async def test_take_in_what_stands_before_a_message_of_the_day(self, bench):
        """It took its sequence first though its clock was ahead."""
        await decided(bench, SECOND, FIRST, SECOND)

        assert spans(await stated(bench, until=midnight(SECOND))) == [(date(2026, 5, 7), 1, 2)]

    async def test_leave_out_what_is_not_sent_yet(self, bench):
        await decided(bench, FIRST, FIRST, FIRST, sent=2)
        assert spans(await stated(bench)) == [(date(2026, 5, 6), 1, 2)]

        async with bench.session() as session, session.begin():
            await session.execute(text("UPDATE relay_position SET sent = 3"))
        assert spans(await stated(bench)) == [(date(2026, 5, 6), 3, 3)]

    async def test_of_a_service_that_has_decided_nothing_are_none(self, bench):
        assert await stated(bench) == []


class TestADayWithoutDecisions:
    async def test_has_a_statement_of_the_statement_before_it(self, bench):
        await bench.save(
            message(1, FIRST, sequence=1),
            message(2, SECOND, sequence=2, type_name=DecisionsTallied.type_name()),
            RelayPosition(stream="decisions", sequenced=2, sent=2, tallied=1),
        )

        assert spans(await stated(bench)) == [(date(2026, 5, 7), 2, 2)]
        assert await stated(bench) == []

    async def test_has_one_and_the_next_waits_for_the_next_day(self, bench):
        now = utc_now()
        await decided(bench, midnight(now) - timedelta(hours=1))
        assert len(await stated(bench, until=None)) == 1

        async with bench.session() as session, session.begin():
            await session.execute(text("UPDATE outbox_message SET sequence = 2 WHERE sequence IS NULL"))
            await session.execute(text("UPDATE relay_position SET sequenced = 2, sent = 2"))

        assert await stated(bench, until=None) == []
        tomorrow = midnight(now) + timedelta(days=2)
        assert [(one.first_sequence, one.last_sequence) for one in await stated(bench, until=tomorrow)] == [(2, 2)]


class TestAMark:
    def test_tells_one_message_from_any_other(self, bench):
        keys = bench.runtime.keys
        marks = {mark_of(event_id, body, keys=keys) for event_id in ("a", "ab", "") for body in (b"", b"b", b"bc")}

        assert len(marks) == 9
        assert {len(mark) for mark in marks} == {8}

    def test_says_nothing_to_whoever_lacks_the_key(self, bench):
        assert mark_of("a", b"b", keys=bench.runtime.keys) != hashlib.sha256(b"a\0b").digest()[:8]

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"last_sequence": 4}, id="more messages than marks"),
            pytest.param({"last_sequence": 2}, id="fewer messages than marks"),
            pytest.param({"last_sequence": 0}, id="an end before the beginning"),
            pytest.param({"digest": "0" * 64}, id="another digest"),
            pytest.param({"marks": base64.b64encode(bytes(24)).decode()}, id="other marks"),
            pytest.param({"marks": "***"}, id="no base64"),
        ],
    )
    def test_in_a_statement_that_contradicts_itself_is_not_read(self, changes):
        marks = bytes(range(24))
        statement = DecisionsTallied(
            service=SERVICE,
            day=date(2026, 5, 6),
            first_sequence=1,
            last_sequence=3,
            digest=hashlib.sha256(marks).hexdigest(),
            marks=base64.b64encode(marks).decode(),
        )
        assert len(marks_in(statement)) == 3

        with pytest.raises(ValueError):  # noqa: PT011 - base64 has words of its own
            marks_in(statement.model_copy(update=changes))


async def test_the_relay_says_it_after_the_decisions_it_covers(bench, bus, monkeypatch):
    monkeypatch.setattr("common.relay._MEASURED_EVERY", 0.1)
    yesterday = midnight(utc_now()) - timedelta(hours=1)
    await bench.save(message(1, yesterday), message(2, yesterday))

    async with relaying(bench, bus):
        await eventually(lambda: _is_sent(bench, 3))
    found = await _topic(bench, bus)

    assert [name for name, _ in found] == [DecisionRecorded.type_name()] * 2 + [DecisionsTallied.type_name()]
    statement = DecisionsTallied.model_validate_json(found[2][1])
    assert (statement.first_sequence, statement.last_sequence) == (1, 2)
    assert marks_in(statement)[0] == mark_of("event-1", found[0][1], keys=bench.runtime.keys)


async def _is_sent(bench, count):
    async with bench.session() as session:
        position = await session.get(RelayPosition, "decisions")
    return position is not None and position.sent == count


async def _topic(bench, bus):
    topic = topic_of(bus.topic_prefix, SERVICE, "decisions")
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bus.kafka_bootstrap_servers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        found: list[tuple[str, bytes]] = []
        async with asyncio.timeout(30):
            while len(found) < 3:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [(dict(record.headers)["ce_type"].decode(), record.value) for record in records]
        return found
    finally:
        await consumer.stop()
