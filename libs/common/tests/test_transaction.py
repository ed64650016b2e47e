"""Rows, events and decisions commit together or not at all; who sees what is kept by the database."""

import asyncio
from datetime import date
from uuid import UUID

import orjson
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from common.actors import Role
from common.clock import utc_now
from common.errors import NotFound, Refused
from common.policy import NoClause, NotChosen
from common.tables import OutboxMessage
from common.testing import somebody
from common.tests.diary import (
    DAY,
    HERE,
    STAFF,
    Entry,
    EntryWritten,
    OthersSaid,
    length_allowed,
    number_allowed,
    write_entry,
)
from common.transaction import LARGEST_EVENT, About, open_sessions, reading, transaction

SHORT, LONG = "short", "much too long"


async def nothing_is_left(bench):
    return await bench.rows(Entry) == [] and await bench.rows(OutboxMessage) == []


async def add_entry(tx, *, entry_id, area=HERE):
    tx.session.add(Entry(entry_id=entry_id, area=area, staff=STAFF, words="x"))


async def write_and_say(tx, *, event):
    await add_entry(tx, entry_id="e-1")
    tx.emit(event)


class TestCommit:
    async def test_rows_events_and_decisions_are_one_transaction(self, bench):
        await bench.run(write_entry, entry_id="e-1", words=SHORT, on=DAY)

        rows = await bench.rows(OutboxMessage)
        assert [one.entry_id for one in await bench.rows(Entry)] == ["e-1"]
        assert sorted((row.type, row.ordinal) for row in rows) == [
            ("audit.decision_recorded.v1", 1),
            ("diary.entry_written.v1", 0),
        ]
        assert len({row.turn for row in rows}) == 1
        assert [one.permits for one in await bench.decisions()] == [True]

    async def test_says_where_its_events_will_stand(self, bench):
        async with bench.transaction() as tx:
            tx.emit(EntryWritten(entry_id="a"))
            tx.emit(EntryWritten(entry_id="b"))
        last = max(await bench.rows(OutboxMessage), key=lambda row: row.ordinal)

        assert tx.position == f"diary:{last.event_id}:2"

    async def test_nobody_speaks_for_another(self, bench):
        with pytest.raises(ValueError, match="cannot publish"):
            await bench.run(write_and_say, event=OthersSaid(entry_id="a"))

        assert await nothing_is_left(bench)


class TestManyOfOneClass:
    """Bodies made beforehand go out as the events themselves would."""

    async def test_stand_in_the_outbox_as_emitted_ones_do(self, bench):
        events = [EntryWritten(entry_id=f"e-{number}") for number in range(3)]
        async with bench.transaction() as tx:
            for event in events:
                tx.emit(event)
        async with bench.transaction() as tx:
            tx.emit_ready(
                EntryWritten, [one.key for one in events], [orjson.dumps(one.model_dump(mode="json")) for one in events]
            )

        rows = sorted(await bench.rows(OutboxMessage), key=lambda row: (row.turn, row.ordinal))
        as_sent = [(row.stream, row.ordinal, row.sequence, row.key, row.type, row.body) for row in rows]
        assert as_sent[:3] == as_sent[3:]
        assert len({row.event_id for row in rows}) == 6
        assert all(UUID(row.event_id).version == 4 for row in rows)
        assert await bench.sent(EntryWritten) == events * 2

    async def test_come_after_what_is_emitted_and_say_where_they_stand(self, bench):
        async with bench.transaction() as tx:
            tx.emit_ready(EntryWritten, ["b", "c"], [b'{"entry_id":"b"}', b'{"entry_id":"c"}'])
            tx.emit(EntryWritten(entry_id="a"))

        rows = sorted(await bench.rows(OutboxMessage), key=lambda row: row.ordinal)
        assert [row.key for row in rows] == ["a", "b", "c"]
        assert tx.position == f"diary:{rows[-1].event_id}:3"

    async def test_of_another_service_are_not_said(self, bench):
        async def speak(tx):
            tx.emit_ready(OthersSaid, ["a"], [b"{}"])

        with pytest.raises(ValueError, match="cannot publish"):
            await bench.run(speak)

    @pytest.mark.parametrize(("over", "goes"), [(0, True), (1, False)])
    async def test_are_no_larger_than_the_bus_takes(self, bench, over, goes):
        async def speak(tx):
            tx.emit_ready(EntryWritten, ["a", "b"], [b"x", b"x" * (LARGEST_EVENT + over)])

        if goes:
            await bench.run(speak)
        else:
            with pytest.raises(ValueError, match="too large"):
                await bench.run(speak)

        assert len(await bench.rows(OutboxMessage)) == (2 if goes else 0)

    async def test_are_not_said_by_work_that_was_refused(self, bench):
        async def speak(tx):
            tx.emit_ready(EntryWritten, ["a"], [b'{"entry_id":"a"}'])
            await write_entry(tx, entry_id="e-1", words=LONG, on=DAY)

        with pytest.raises(Refused):
            await bench.run(speak)

        assert await bench.sent() == []


class TestRefusal:
    async def test_undoes_the_work_and_keeps_one_decision(self, bench):
        with pytest.raises(Refused):
            await bench.run(write_entry, entry_id="e-1", words=LONG, on=DAY)

        assert await bench.rows(Entry) == []
        assert await bench.sent() == []
        (decision,) = await bench.decisions()
        assert (decision.permits, decision.clause, decision.facts) == (False, "DI-1", {"length": len(LONG)})
        assert decision.words["zh"].startswith("不予办理")

    async def test_keeps_none_of_the_decisions_before_it(self, bench):
        async def require_both(tx):
            yes = await tx.decide(length_allowed, about=About(HERE, STAFF), on=DAY, length=1)
            no = await tx.decide(length_allowed, about=About(HERE, STAFF), on=DAY, length=99)
            tx.record(yes, subject="before")
            tx.require(yes, no, subject="e-1")

        with pytest.raises(Refused):
            await bench.run(require_both)

        assert [(one.subject, one.permits) for one in await bench.decisions()] == [("e-1", False)]


class TestOtherErrors:
    @pytest.mark.parametrize("error", [NotFound(what="x"), RuntimeError("x"), asyncio.CancelledError()])
    async def test_leave_nothing(self, bench, error):
        async def break_off(tx):
            await write_entry(tx, entry_id="e-1", words=SHORT, on=DAY)
            raise error

        with pytest.raises(type(error)):
            await bench.run(break_off)

        assert await nothing_is_left(bench)

    async def test_a_broken_constraint_leaves_nothing(self, bench):
        await bench.run(write_entry, entry_id="e-1", words=SHORT, on=DAY)

        with pytest.raises(DBAPIError):
            await bench.run(write_and_say, event=EntryWritten(entry_id="twice"))

        assert [event.entry_id for event in await bench.sent()] == ["e-1"]

    @pytest.mark.parametrize(
        ("error", "area", "on"),
        [(NoClause, "220102", DAY), (NoClause, HERE, date(2023, 12, 31))],
    )
    async def test_where_no_document_speaks_nothing_is_left(self, bench, error, area, on):
        with pytest.raises(error):
            await bench.run(write_entry, entry_id="e-1", words=SHORT, on=on, area=area)

        assert await nothing_is_left(bench)

    async def test_what_is_not_chosen_leaves_nothing(self, bench):
        async def write_another(tx):
            tx.session.add(Entry(entry_id="e-1", area=HERE, staff=STAFF, words=SHORT))
            tx.emit(EntryWritten(entry_id="e-1"))
            await tx.decide(number_allowed, about=About(HERE, STAFF), on=DAY, number=2)

        with pytest.raises(NotChosen):
            await bench.run(write_another)

        assert await nothing_is_left(bench)

    async def test_an_event_too_large_for_the_bus_is_not_let_into_the_outbox(self, bench):
        """It would stand in the way of every later one for good."""
        with pytest.raises(ValueError, match="too large"):
            await bench.run(write_and_say, event=EntryWritten(entry_id="e-1", words="长" * 400_000))

        assert await nothing_is_left(bench)


@pytest.fixture
async def narrow(bench):
    """Sessions on a pool of one connection, so that each sees what the one before left behind."""
    engine = create_async_engine(bench.runtime.settings.database_url, pool_size=1, max_overflow=0)
    yield open_sessions(engine)
    await engine.dispose()


STREETS = {"320102001": "county", "320102002": "county", "320105001": "other", "330102001": "far"}


async def seen(sessions, area):
    actor = None if area is None else somebody(Role.AUDITOR, area=area)
    async with sessions(info={"actor": actor} if actor else {}) as session, session.begin():
        return set(await session.scalars(select(Entry.area)))


class TestScope:
    @pytest.fixture(autouse=True)
    async def rows_everywhere(self, bench):
        await bench.save(*(Entry(entry_id=f"e-{area}", area=area, staff=STAFF, words="x") for area in STREETS))

    async def test_each_sees_his_own_on_one_connection_and_without_scope_nobody_sees_any(self, narrow):
        for area in ["320102", None, "3201", "320102001", None, "33", "", None, "320105", "320102"]:
            found = await seen(narrow, area)

            assert found == (set() if area is None else {one for one in STREETS if one.startswith(area)})

    async def test_a_setting_that_was_emptied_lets_nothing_through(self, narrow):
        await seen(narrow, "32")  # from here on the setting exists on this connection, empty
        async with narrow() as session, session.begin():
            left = (await session.execute(text("SELECT current_setting('app.area_from', true)"))).scalar()
            found = await session.scalar(select(func.count()).select_from(Entry))

        assert left == ""
        assert found == 0

    @pytest.mark.parametrize("wrong", ["%", "_", "3%", "'", "9" * 12, " "])
    async def test_an_area_that_is_a_pattern_sees_nothing(self, narrow, wrong):
        assert await seen(narrow, wrong) == set()

    @pytest.mark.parametrize("elsewhere", ["320105001", "32", "3201", ""])
    async def test_a_row_outside_ones_area_cannot_be_written(self, bench, elsewhere):
        clerk = somebody(Role.STREET_OFFICE, area="320102")

        with pytest.raises(DBAPIError, match="row-level security"):
            await bench.run(add_entry, actor=clerk, entry_id="new", area=elsewhere)

    async def test_a_row_cannot_be_moved_out_or_touched_from_elsewhere(self, bench):
        clerk = somebody(Role.STREET_OFFICE, area="320102")
        async with bench.session(clerk) as session, session.begin():
            elsewhere = await session.execute(text("UPDATE entry SET words = 'y' WHERE area = '320105001'"))
            gone = await session.execute(text("DELETE FROM entry WHERE area = '320105001'"))
        async with bench.session(clerk) as session, session.begin():
            with pytest.raises(DBAPIError, match="row-level security"):
                await session.execute(text("UPDATE entry SET area = '320105001' WHERE area = '320102001'"))

        assert (elsewhere.rowcount, gone.rowcount) == (0, 0)

    async def test_the_scope_holds_inside_and_after_a_savepoint_and_for_a_second_begin(self, narrow):
        actor = somebody(Role.AUDITOR, area="320102001")
        counts = []
        async with narrow(info={"actor": actor}) as session:
            for _ in range(2):
                async with session.begin():
                    nested = await session.begin_nested()
                    counts.append(await session.scalar(select(func.count()).select_from(Entry)))
                    await nested.rollback()
                    counts.append(await session.scalar(select(func.count()).select_from(Entry)))

        assert counts == [1, 1, 1, 1]

    async def test_a_cancelled_transaction_leaves_no_scope_behind(self, bench, narrow):
        begun = asyncio.Event()

        async def hangs():
            async with transaction(
                narrow,
                actor=somebody(Role.OPERATOR, area=""),
                now=utc_now(),
                service="diary",
                policies=bench.runtime.policies,
            ) as tx:
                tx.session.add(Entry(entry_id="half", area=HERE, staff=STAFF, words="x"))
                await tx.session.flush()
                begun.set()
                await tx.session.execute(text("SELECT pg_sleep(60)"))

        task = asyncio.create_task(hangs())
        await begun.wait()
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert await seen(narrow, None) == set()
        assert await seen(narrow, "320102001") == {"320102001"}
        assert "half" not in {one.entry_id for one in await bench.rows(Entry)}

    async def test_reading_cannot_write(self, bench):
        async with reading(bench.runtime.sessions, actor=somebody(Role.AUDITOR, area="")) as session:
            with pytest.raises(DBAPIError, match="read-only"):
                await session.execute(text("DELETE FROM entry"))
