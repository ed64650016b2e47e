"""What a service says it has decided, held against what stands in the log."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from audit.commands.checking import check_log
from audit.commands.erasing import erase
from audit.models import Alarm
from audit.rules.entries import attributes_of
from audit.tests.telling import a_decision, alarms, disclosed, entries, open_alarms, record_of
from common.actors import Role
from common.clock import CHINA, utc_now
from common.events.decisions import DecisionRecorded, DecisionsTallied
from common.tally import mark_of
from common.testing import Bench

Hear = Callable[..., Awaitable[None]]
Grow = Callable[..., Awaitable[None]]
CLERK = "http://issuer.example|clerk"


@pytest.fixture
def statement(bench: Bench) -> Callable[..., DecisionsTallied]:
    """Of decisions `first` to `last` as they were sent; `sent` names those that were other than the usual ones."""

    def stated(first: int, last: int, sent: dict[int, DecisionRecorded] | None = None) -> DecisionsTallied:
        told = {number: a_decision(number) for number in range(first, last + 1)} | (sent or {})
        records = [record_of(told[number], number) for number in range(first, last + 1)]
        marks = b"".join(
            mark_of(f"event-recruitment-{record.offset}", record.value or b"", keys=bench.runtime.keys)
            for record in records
        )
        return DecisionsTallied(
            service="recruitment",
            day=date(2026, 5, 6),
            first_sequence=first,
            last_sequence=last,
            digest=hashlib.sha256(marks).hexdigest(),
            marks=base64.b64encode(marks).decode(),
        )

    return stated


async def differences(bench: Bench) -> list[tuple[int, int]]:
    return [(first, last) for kind, _, first, last in await alarms(bench) if kind == "tally_differs"]


class TestAStatement:
    async def test_stands_in_the_log_without_its_marks(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any
    ) -> None:
        await grow(1, 2)
        told = statement(1, 2)
        await hear(told, 3)

        held = attributes_of((await entries(bench))[2].leaf)
        assert (held["type"], held["service"], held["day"]) == (
            "audit.decisions_tallied.v1",
            "recruitment",
            "2026-05-06",
        )
        assert (held["first_sequence"], held["last_sequence"], held["digest"]) == ("1", "2", told.digest)
        assert "marks" not in held
        assert await disclosed(bench, 2) == {}

    async def test_that_fits_raises_nothing(self, bench: Bench, hear: Hear, grow: Grow, statement: Any) -> None:
        await grow(1, 2, 3)
        await hear(statement(1, 3), 4)
        await hear(a_decision(5), 5)

        assert await alarms(bench) == []

    async def test_is_held_against_what_comes_in_the_same_batch(self, bench: Bench, statement: Any) -> None:
        records = [record_of(a_decision(1), 1), record_of(a_decision(2), 2), record_of(statement(1, 2), 3)]
        await bench.runtime.consumer.take_together(records)  # type: ignore[attr-defined]

        assert len(await entries(bench)) == 3
        assert await alarms(bench) == []

    async def test_covers_an_earlier_statement_too(self, bench: Bench, hear: Hear, grow: Grow, statement: Any) -> None:
        await grow(1)
        first = statement(1, 1)
        await hear(first, 2)
        await grow(3)

        await hear(statement(1, 3, {2: first}), 4)

        assert await alarms(bench) == []

    async def test_told_again_is_one_entry(self, bench: Bench, hear: Hear, grow: Grow, statement: Any) -> None:
        await grow(1)
        for _ in range(2):
            await hear(statement(1, 1), 2)

        assert len(await entries(bench)) == 2
        assert await alarms(bench) == []


class TestWhatDiffers:
    async def test_is_named_by_its_sequences(self, bench: Bench, hear: Hear, grow: Grow, statement: Any) -> None:
        """3 and 4 never came, 7 came changed on its way."""
        await grow(1, 2, 5, 6)
        await hear(a_decision(7, permits=False), 7)

        await hear(statement(1, 7), 8)

        assert await differences(bench) == [(3, 4), (7, 7)]

    @pytest.mark.parametrize("gone", [1, 3])
    async def test_at_the_ends_shows_too(self, bench: Bench, hear: Hear, grow: Grow, statement: Any, gone: int) -> None:
        await grow(*({1, 2, 3} - {gone}))
        await hear(statement(1, 3), 4)

        assert await differences(bench) == [(gone, gone)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"account": "http://issuer.example|somebody-else"},
            {"facts": {}},
            {"words": {"zh": "符合。", "en": "permitted."}},
            {"terms_since": None},
        ],
    )
    async def test_only_in_what_the_entry_does_not_show_shows_too(
        self, bench: Bench, hear: Hear, statement: Any, changes: dict[str, Any]
    ) -> None:
        await hear(a_decision(1, **changes), 1)
        await hear(statement(1, 1), 2)

        assert await differences(bench) == [(1, 1)]

    async def test_in_the_database_since_shows_too(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any, tamper: Any
    ) -> None:
        await grow(1, 2)
        await tamper("DELETE FROM entry WHERE index = 1", "DELETE FROM indexed_entry WHERE index = 1")

        await hear(statement(1, 2), 3)

        assert await differences(bench) == [(2, 2)]

    @pytest.mark.parametrize(
        "changes",
        [{"last_sequence": 3}, {"last_sequence": 10**15}, {"digest": "0" * 64}, {"marks": "AAAA"}],
    )
    async def test_within_the_statement_itself_is_an_alarm_for_all_of_it(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any, changes: dict[str, Any]
    ) -> None:
        await grow(1, 2)
        told = statement(1, 2).model_copy(update=changes)
        await hear(told, 3)

        assert await differences(bench) == [(told.first_sequence, told.last_sequence)]

    async def test_is_raised_once(self, bench: Bench, hear: Hear, grow: Grow, statement: Any) -> None:
        await grow(1)
        for sequence in (3, 4):
            await hear(statement(1, 2), sequence)

        assert await differences(bench) == [(2, 2)]

    async def test_of_another_source_is_no_matter_of_this_one(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any
    ) -> None:
        await grow(1, 2)
        await hear(a_decision(3), 1, by="payroll")
        await hear(statement(1, 2), 3)

        assert await alarms(bench) == []

    async def test_is_said_in_words(self, bench: Bench, hear: Hear, statement: Any) -> None:
        await hear(statement(1, 2), 3)

        async with bench.client(Role.AUDITOR, area="") as client:
            raised = (await client.get("/v1/log/alarms")).json()["items"]
        (words,) = [one["words"] for one in raised if one["kind"] == "tally_differs"]
        assert "第 1 至 2 号" in words["zh"]
        assert "Decisions 1 to 2, which /recruitment/decisions says it sent" in words["en"]


class TestASourceThatFallsSilent:
    @pytest.mark.parametrize(("days_ago", "overdue"), [(1, False), (2, False), (3, True)])
    async def test_rings_when_its_last_statement_is_old(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any, days_ago: int, overdue: bool
    ) -> None:
        day = utc_now().astimezone(CHINA).date() - timedelta(days=days_ago)
        await grow(1, 2)
        await hear(statement(1, 2).model_copy(update={"day": day}), 3)

        for _ in range(2):
            await check_log(bench.runtime)

        rung = [("/recruitment/decisions", str(day), 3)] if overdue else []
        assert [
            (row.source, row.mark, row.first_sequence) for row in await bench.rows(Alarm) if row.kind == "tally_overdue"
        ] == rung

    async def test_rings_though_it_never_stated_anything(self, bench: Bench, grow: Grow, tamper: Any) -> None:
        await grow(1)
        await check_log(bench.runtime)
        assert await alarms(bench) == []
        await tamper("UPDATE indexed_entry SET recorded_at = recorded_at - interval '4 days'")

        await check_log(bench.runtime)

        assert await alarms(bench) == [("tally_overdue", "/recruitment/decisions", 1, 1)]

    async def test_is_in_order_again_with_its_next_statement(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any
    ) -> None:
        await grow(1)
        first = statement(1, 1)
        await hear(first, 2)
        await check_log(bench.runtime)
        assert len(await open_alarms(bench, "tally_overdue")) == 1

        today = utc_now().astimezone(CHINA).date()
        await hear(statement(2, 2, {2: first}).model_copy(update={"day": today}), 3)
        await check_log(bench.runtime)

        assert await open_alarms(bench, "tally_overdue") == []
        assert await differences(bench) == []

    async def test_may_state_that_it_sent_nothing(self, bench: Bench, hear: Hear, grow: Grow, statement: Any) -> None:
        await grow(1)
        await hear(statement(2, 1), 2)

        assert await alarms(bench) == []


class TestWhatWasErased:
    @pytest.mark.parametrize("whose", [{"subject": "worker-7", "account": None}, {"subject": None, "account": CLERK}])
    async def test_is_not_held_against_its_mark(
        self, bench: Bench, hear: Hear, grow: Grow, statement: Any, whose: dict[str, Any]
    ) -> None:
        await grow(1, 2)
        await bench.run(erase, **whose, ground="asked for")

        await hear(statement(1, 3), 4)

        assert await differences(bench) == [(3, 3)]
