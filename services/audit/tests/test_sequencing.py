"""Many messages in one transaction: indices without holes, in the order told, and nothing lost with what is bad."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from audit.commands import intake
from audit.commands.intake import keep_messages
from audit.models import Alarm, Disclosure, IndexedEntry
from audit.rules.entries import attributes_of
from audit.tests.telling import a_decision, alarms, entries, envelope_of, record_of
from common.batches import Heard
from common.errors import BusinessError
from common.tables import ParkedMessage
from common.testing import Bench
from common.transaction import Transaction

Grow = Callable[..., Awaitable[None]]
Hear = Callable[..., Awaitable[None]]
Together = Callable[..., Awaitable[None]]


@pytest.fixture
def together(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Together:
    """Let the consumer take these messages as one batch."""
    monkeypatch.setattr("common.batches.BACK_OFF", 0)

    async def taken(*records: Any) -> None:
        await bench.runtime.consumer.take_together(records)  # type: ignore[attr-defined]

    return taken


async def keep(bench: Bench, tx: Transaction, *numbers: int) -> None:
    heard = [
        Heard(envelope_of(told, number), told, told.model_dump_json().encode())
        for number, told in ((number, a_decision(number)) for number in numbers)
    ]
    await keep_messages(tx, heard, signed=0, keys=bench.runtime.keys, sealer=bench.runtime.sealer)


async def placed(bench: Bench) -> list[tuple[int, str, int]]:
    return [(entry.index, entry.source.split("/")[1], entry.sequence) for entry in await entries(bench)]


class TestABatch:
    async def test_is_entered_in_the_order_told_at_one_moment(self, bench: Bench, together: Together) -> None:
        await together(
            record_of(a_decision(1), 1, by="payroll"),
            record_of(a_decision(2), 1, by="contracts"),
            record_of(a_decision(3), 2, by="payroll"),
        )

        assert await placed(bench) == [(0, "payroll", 1), (1, "contracts", 1), (2, "payroll", 2)]
        assert len({attributes_of(entry.leaf)["recordedtime"] for entry in await entries(bench)}) == 1
        assert await alarms(bench) == []

    async def test_is_entered_whole_or_not_at_all(self, bench: Bench, grow: Grow) -> None:
        await grow(1)

        async def break_off() -> None:
            async with bench.transaction() as tx:
                await keep(bench, tx, 2, 3, 4)
                raise BusinessError

        with pytest.raises(BusinessError):
            await break_off()

        assert [row.index for row in await bench.rows(IndexedEntry)] == [0]
        assert {row.index for row in await bench.rows(Disclosure)} == {0}
        await grow(2)
        assert await placed(bench) == [(0, "recruitment", 1), (1, "recruitment", 2)]

    async def test_tells_a_repeat_and_a_conflict_within_itself(self, bench: Bench, together: Together) -> None:
        await together(
            record_of(a_decision(1), 1),
            record_of(a_decision(1), 1),
            record_of(a_decision(2), 2),
            record_of(a_decision(1, permits=False), 3, event_id="event-forged"),
            record_of(a_decision(3), 3),
        )

        assert [entry.event_id for entry in await entries(bench)] == [f"event-recruitment-{n}" for n in (1, 2, 3)]
        (conflict,) = await bench.rows(Alarm)
        assert (conflict.kind, conflict.event_id, conflict.index) == ("conflict", "event-forged", 0)

    async def test_that_is_told_again_in_part_enters_only_the_rest(self, bench: Bench, grow: Grow) -> None:
        await grow(1, 2, 3)
        await grow(2, 3, 4, 5)

        assert [entry.sequence for entry in await entries(bench)] == [1, 2, 3, 4, 5]
        assert await alarms(bench) == []

    async def test_notices_a_gap_and_what_fills_it_within_itself(self, bench: Bench, grow: Grow) -> None:
        await grow(1, 4, 2, 3)

        assert [entry.sequence for entry in await entries(bench)] == [1, 4, 2, 3]
        (gap,) = [alarm for alarm in await bench.rows(Alarm) if alarm.kind == "gap"]
        assert gap.closed_at is not None

    async def test_as_large_as_the_consumer_takes_is_one_transaction(self, bench: Bench, grow: Grow) -> None:
        await grow(*range(1, 2001))

        assert len({attributes_of(entry.leaf)["recordedtime"] for entry in await entries(bench)}) == 1
        assert await placed(bench) == [(number - 1, "recruitment", number) for number in range(1, 2001)]


class TestWhatCannotBeEntered:
    TOO_LONG = "x" * 61

    async def test_is_parked_alone_and_the_rest_is_entered_in_order(self, bench: Bench, together: Together) -> None:
        bad = {4, 9}
        await together(
            *(
                record_of(a_decision(number, clause=self.TOO_LONG if number in bad else "JL-10"), number)
                for number in range(1, 12)
            )
        )

        assert [entry.sequence for entry in await entries(bench)] == [n for n in range(1, 12) if n not in bad]
        assert [entry.index for entry in await entries(bench)] == list(range(9))
        assert {row.offset for row in await bench.rows(ParkedMessage)} == bad
        assert await alarms(bench) == [
            ("gap", "/recruitment/decisions", 4, 4),
            ("gap", "/recruitment/decisions", 9, 9),
        ]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"no json", id="no JSON"),
            pytest.param(b'{"decision_id": "decision-2"}', id="half a decision"),
            pytest.param(a_decision(2, subject="a\x00b").model_dump_json().encode(), id="what no column can hold"),
        ],
    )
    async def test_is_parked_whatever_is_wrong_with_it(self, bench: Bench, together: Together, body: bytes) -> None:
        await together(record_of(a_decision(1), 1), record_of(a_decision(2), 2, body=body), record_of(a_decision(3), 3))

        assert [entry.sequence for entry in await entries(bench)] == [1, 3]
        (parked,) = await bench.rows(ParkedMessage)
        assert (parked.offset, parked.body) == (2, body)

    async def test_holds_up_nothing_behind_it_and_fills_its_gap_when_replayed(
        self, bench: Bench, together: Together
    ) -> None:
        await together(record_of(a_decision(1), 1), record_of(a_decision(2, clause=self.TOO_LONG), 2))
        await together(record_of(a_decision(3), 3))
        assert [row.key for row in await bench.rows(ParkedMessage)] == ["worker-7"]
        assert await bench.runtime.consumer.replay() == (0, 1)

        async with bench.session() as session, session.begin():
            body = a_decision(2).model_dump_json().encode()
            await session.execute(text("UPDATE parked_message SET body = :body"), {"body": body})
        assert await bench.runtime.consumer.replay() == (1, 0)

        assert [entry.sequence for entry in await entries(bench)] == [1, 3, 2]
        assert await bench.rows(ParkedMessage) == []
        assert all(alarm.closed_at for alarm in await bench.rows(Alarm) if alarm.kind == "gap")


class TestTheSequencer:
    async def test_gives_every_index_once_when_many_append_together(self, bench: Bench, hear: Hear) -> None:
        async def service_tells(name: str, first: int) -> None:
            for sequence in range(1, 11):
                await hear(a_decision(first + sequence), sequence, by=name)

        names = ("payroll", "contracts", "registry", "evaluation")
        await asyncio.gather(*(service_tells(name, 100 * place) for place, name in enumerate(names)))

        found = await placed(bench)
        assert [index for index, *_ in found] == list(range(40))
        for name in names:
            assert [sequence for _, by, sequence in found if by == name] == list(range(1, 11))
        assert await alarms(bench) == []

    async def test_makes_the_second_wait_until_the_first_has_committed(self, bench: Bench) -> None:
        second_ends = 0.0

        async def second() -> None:
            nonlocal second_ends
            async with bench.transaction() as tx:
                await keep(bench, tx, 2)
            second_ends = time.monotonic()

        async with bench.transaction() as tx:
            await keep(bench, tx, 1)
            waiting = asyncio.create_task(second())
            await self._until_it_waits(bench)
            first_ends = time.monotonic()
        await waiting

        assert second_ends > first_ends
        assert await placed(bench) == [(0, "recruitment", 1), (1, "recruitment", 2)]
        assert await alarms(bench) == []

    async def _until_it_waits(self, bench: Bench) -> None:
        waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with asyncio.timeout(10), bench.session() as session:
            while not await session.scalar(waits):
                await asyncio.sleep(0.02)

    async def test_enters_once_what_several_tell_at_the_same_moment(self, bench: Bench, hear: Hear) -> None:
        await asyncio.gather(*(hear(a_decision(), 1) for _ in range(4)))

        assert len(await entries(bench)) == 1
        assert await alarms(bench) == []

    async def test_is_freed_by_a_batch_that_fails(
        self, bench: Bench, together: Together, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The batch, and then twice the second half of it, break off when everything is written."""
        write, failures = intake.write_entries, iter([True, False, True, True])

        async def fails(*arguments: Any, **named: Any) -> None:
            await write(*arguments, **named)
            if next(failures, False):
                raise RuntimeError("killed here")

        monkeypatch.setattr(intake, "write_entries", fails)
        await together(record_of(a_decision(1), 1), record_of(a_decision(2), 2))

        assert await placed(bench) == [(0, "recruitment", 1)]
        assert [row.offset for row in await bench.rows(ParkedMessage)] == [2]
