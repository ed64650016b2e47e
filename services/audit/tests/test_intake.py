"""Intake: each decision told once, what is odd noticed, nothing held up."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from audit.commands.erasing import erase
from audit.commands.publishing import Publisher
from audit.commands.signing import Signer
from audit.models import Alarm, Disclosure, Entry, IndexedEntry, SourceState
from audit.rules.entries import attributes_of
from audit.tests.telling import a_decision, alarms, decided, disclosed, entries
from common.consumer import NotNow
from common.tables import ParkedMessage
from common.testing import Bench

Hear = Callable[..., Awaitable[None]]
Tamper = Callable[..., Awaitable[None]]


class TestADecision:
    async def test_is_entered_with_what_it_is_found_by_and_what_can_be_erased(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(), 1)

        (entry,) = await entries(bench)
        assert (entry.index, entry.source, entry.sequence) == (0, "/recruitment/decisions", 1)
        assert entry.event_id == attributes_of(entry.leaf)["id"] == "event-recruitment-1"
        (row,) = await bench.rows(IndexedEntry)
        assert (row.subject, row.clause, row.area, row.permits) == ("worker-7", "JL-10", "320102001", True)
        kept = await disclosed(bench, 0)
        assert kept["subject"] == {"subject": "worker-7", "area": "320102001", "organisation": "organisation-1"}
        assert kept["account"] == "http://issuer.example|clerk"
        assert kept["case"]["facts"] == a_decision().facts
        assert kept["policy"]["terms"] == {"years_running": 2}
        assert await alarms(bench) == []

    async def test_lies_sealed_where_nobody_reads_it_without_the_key(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(facts={"criminal_record": True}), 1)

        for row in await bench.rows(Disclosure):
            assert row.area == "320102001"
            assert not re.search(rb"criminal|worker-7|clerk|JL-10", row.sealed)

    async def test_that_refuses_is_kept_like_one_that_permits(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(permits=False, outcome=False), 1)

        assert [one["permits"] for one in await decided(bench)] == [False]

    async def test_of_any_length_makes_a_short_entry(self, bench: Bench, hear: Hear) -> None:
        long = a_decision(facts={"slips": ["x" * 1000] * 100})
        await hear(long, 1)

        assert len((await entries(bench))[0].leaf) < 2000
        assert (await disclosed(bench, 0))["case"]["facts"] == long.facts

    async def test_without_an_area_is_kept_for_the_nation(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(area=""), 1)

        assert [row.area for row in await bench.rows(IndexedEntry)] == ["0"]

    async def test_may_hold_what_a_text_column_cannot(self, bench: Bench, hear: Hear) -> None:
        odd = a_decision(facts={"odd": "a\u0000b \u2028 \U0001f600", "large": 2**60, "number": 1e-7})
        await hear(odd, 1)

        assert (await disclosed(bench, 0))["case"]["facts"] == odd.facts

    async def test_sequences_are_counted_for_each_source(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(1), 1, by="payroll")
        await hear(a_decision(2), 1, by="contracts")
        await hear(a_decision(3), 2, by="payroll")

        assert await alarms(bench) == []
        expected = {state.source: state.next_sequence for state in await bench.rows(SourceState)}
        assert expected == {"/payroll/decisions": 3, "/contracts/decisions": 2}

    def test_is_all_the_log_listens_for(self, bench: Bench) -> None:
        topics = bench.runtime.consumer.topics()

        assert "recruitment.decisions" in topics
        assert all(topic.endswith(".decisions") for topic in topics)


class TestARepeat:
    async def test_is_one_entry(self, bench: Bench, hear: Hear) -> None:
        for _ in range(3):
            await hear(a_decision(), 1)

        assert len(await entries(bench)) == 1
        assert await alarms(bench) == []

    async def test_is_known_though_its_row_in_the_index_is_gone(self, bench: Bench, hear: Hear, tamper: Tamper) -> None:
        await hear(a_decision(), 1)
        await tamper("DELETE FROM indexed_entry")

        await hear(a_decision(), 1)
        await hear(a_decision(2), 2)

        assert [entry.sequence for entry in await entries(bench)] == [1, 2]
        assert await alarms(bench) == []
        assert await bench.rows(ParkedMessage) == []

    async def test_of_what_was_erased_is_not_entered_again(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(), 1)
        await bench.run(erase, subject="worker-7", account=None, ground="asked for")

        await hear(a_decision(), 1)

        assert len(await entries(bench)) == 1
        assert set(await disclosed(bench, 0)) == {"account", "policy"}
        assert await alarms(bench) == []

    async def test_of_what_was_erased_is_held_against_what_is_left(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(), 1)
        await bench.run(erase, subject="worker-7", account=None, ground="asked for")

        await hear(a_decision(permits=False), 1)

        assert [kind for kind, *_ in await alarms(bench)] == ["conflict"]


class TestAGap:
    async def test_is_noticed_and_later_entries_go_on(self, bench: Bench, hear: Hear) -> None:
        for number in (1, 4, 5):
            await hear(a_decision(number), number)

        assert [entry.sequence for entry in await entries(bench)] == [1, 4, 5]
        assert await alarms(bench) == [("gap", "/recruitment/decisions", 2, 3)]

    async def test_before_the_first_message_is_one_too(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(2), 2)

        assert await alarms(bench) == [("gap", "/recruitment/decisions", 1, 1)]

    async def test_closes_when_everything_missing_came_late(self, bench: Bench, hear: Hear) -> None:
        for sequence in (1, 4, 3):
            await hear(a_decision(sequence), sequence)
        assert [alarm.closed_at for alarm in await bench.rows(Alarm) if alarm.kind == "gap"] == [None]

        await hear(a_decision(2), 2)

        (gap,) = [alarm for alarm in await bench.rows(Alarm) if alarm.kind == "gap"]
        assert gap.closed_at is not None
        assert [entry.sequence for entry in await entries(bench)] == [1, 4, 3, 2]
        assert (await alarms(bench))[1:] == [
            ("out_of_order", "/recruitment/decisions", 3, 3),
            ("out_of_order", "/recruitment/decisions", 2, 2),
        ]

    async def test_does_not_open_again_for_what_is_expected_next(self, bench: Bench, hear: Hear) -> None:
        for sequence in (1, 3, 2, 4):
            await hear(a_decision(sequence), sequence)

        assert [kind for kind, *_ in await alarms(bench)] == ["gap", "out_of_order"]


class TestAConflict:
    @pytest.mark.parametrize(
        ("number", "sequence", "event_id"),
        [
            pytest.param(1, 1, "event-recruitment-1", id="the same event"),
            pytest.param(2, 1, "event-other", id="the same place in the source"),
            pytest.param(1, 3, "event-other", id="the same decision in another event"),
            pytest.param(2, 3, "event-recruitment-1", id="the same event id at another place"),
        ],
    )
    async def test_of_content_is_an_alarm_and_no_entry(
        self, bench: Bench, hear: Hear, number: int, sequence: int, event_id: str
    ) -> None:
        await hear(a_decision(), 1)
        before = (await entries(bench))[0].leaf

        for _ in range(2):
            await hear(a_decision(number, permits=False, outcome=False), sequence, event_id=event_id)

        assert [entry.leaf for entry in await entries(bench)] == [before]
        assert await alarms(bench) == [("conflict", "/recruitment/decisions", sequence, sequence)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"account": "http://issuer.example|somebody-else"},
            {"facts": {}},
            {"area": "320102002"},
            {"organisation": None},
            {"words": None},
        ],
    )
    async def test_only_in_what_can_be_erased_is_one_too(
        self, bench: Bench, hear: Hear, changes: dict[str, Any]
    ) -> None:
        await hear(a_decision(), 1)
        await hear(a_decision(**changes), 1)

        assert [kind for kind, *_ in await alarms(bench)] == ["conflict"]
        assert (await disclosed(bench, 0))["account"] == "http://issuer.example|clerk"

    async def test_does_not_take_the_place_of_what_comes_next(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(1), 2, event_id="event-forged")
        await hear(a_decision(2), 2)

        assert [entry.sequence for entry in await entries(bench)] == [1, 2]
        assert [kind for kind, *_ in await alarms(bench)] == ["conflict"]


class TestADatabaseRestoredFromABackup:
    """What was signed is gone from it, so that an index given now would be given a second time."""

    async def test_takes_nothing_in_and_parks_nothing_until_it_is_put_right(
        self, bench: Bench, hear: Hear, publish: Any, tamper: Tamper
    ) -> None:
        for number in (1, 2):
            await hear(a_decision(number), number)
        await publish()
        last = (await entries(bench))[1]
        await tamper("DELETE FROM entry WHERE index = 1", "DELETE FROM indexed_entry WHERE index = 1")

        for _ in range(2):
            with pytest.raises(NotNow):
                await hear(a_decision(3), 3)

        assert [entry.index for entry in await entries(bench)] == [0]
        assert await bench.rows(ParkedMessage) == []
        kept = {name: getattr(last, name) for name in ("index", "source", "sequence", "event_id", "leaf")}
        await bench.save(Entry(**kept))
        await hear(a_decision(3), 3)
        assert [entry.index for entry in await entries(bench)] == [0, 1, 2]

    async def test_is_told_to_whoever_watches_though_nobody_decides_anything(
        self, bench: Bench, hear: Hear, publish: Any, publisher: Publisher, tamper: Tamper
    ) -> None:
        for number in (1, 2):
            await hear(a_decision(number), number)
        await publish()
        await tamper("DELETE FROM entry WHERE index = 1", "DELETE FROM indexed_entry WHERE index = 1")

        assert not await publisher.round()

        assert [(row.kind, row.mark, row.first_sequence) for row in await bench.rows(Alarm)] == [
            ("checkpoint_refused", "shrunk", 2)
        ]

    async def test_with_a_state_file_that_nobody_can_read_takes_nothing_in_either(
        self, bench: Bench, hear: Hear, signer: Signer
    ) -> None:
        signer.file.write_text("{}")

        with pytest.raises(NotNow):
            await hear(a_decision(), 1)

        assert await entries(bench) == []
