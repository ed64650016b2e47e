"""Intake: each decision told once, what is odd noticed, nothing held up."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text

from audit.events import keep_told
from audit.models import AccountName, Alarm, DecisionDocument, Entry, Node, SourceState
from audit.queries.tree import root_at
from audit.rules import tree
from audit.rules.entries import attributes_of, decision_hash
from common.bus import Envelope
from common.errors import BusinessError
from common.events import Event
from common.tables import ParkedMessage
from common.testing import Bench


class Aside(Event):
    """Something else in a decisions topic."""


def envelope_of(sequence: int) -> Envelope:
    return Envelope.read(
        {
            "ce_id": f"event-{sequence}",
            "ce_source": "/recruitment/decisions",
            "ce_type": "audit.decision_recorded.v1",
            "ce_sequence": str(sequence),
            "ce_time": "2026-05-06T00:00:00+00:00",
        }
    )


async def entries(bench: Bench) -> list[Entry]:
    async with bench.session() as session:
        return list(await session.scalars(select(Entry).order_by(Entry.index)))


async def alarms(bench: Bench) -> list[tuple[Any, ...]]:
    async with bench.session() as session:
        rows = await session.scalars(select(Alarm).order_by(Alarm.alarm_id))
        return [(row.kind, row.source, row.first_sequence, row.last_sequence) for row in rows]


class TestKeepDecision:
    async def test_enters_a_decision_with_its_leaf_and_columns(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(), 1)

        (entry,) = await entries(bench)
        assert (entry.index, entry.source, entry.sequence) == (0, "/recruitment/decisions", 1)
        assert (entry.subject, entry.clause, entry.area, entry.permits) == ("worker-7", "JL-10", "320102001", True)
        assert entry.leaf_hash == tree.hash_leaf(entry.leaf)
        assert attributes_of(entry.leaf)["authid"] == entry.authid
        assert await alarms(bench) == []

    async def test_the_tree_grows_as_the_rules_say(self, bench: Bench, hear: Any, decision: Any) -> None:
        for number in range(1, 12):
            await hear(decision(number), number)

        growing = tree.GrowingTree()
        expected = {node: found for entry in await entries(bench) for node, found in growing.add(entry.leaf_hash)}
        assert {(node.level, node.index): node.hash for node in await bench.rows(Node)} == expected
        async with bench.session() as session:
            assert await root_at(session, 11) == growing.root

    async def test_is_one_entry_when_told_twice(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(), 1)
        await hear(decision(), 1)

        assert len(await entries(bench)) == 1
        assert await alarms(bench) == []

    async def test_is_one_entry_when_told_again_after_the_inbox_has_forgotten(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        await hear(decision(), 1)
        async with bench.session() as session, session.begin():
            await session.execute(text("DELETE FROM inbox_message"))

        await hear(decision(), 1)
        await hear(decision(2), 2)

        assert [entry.sequence for entry in await entries(bench)] == [1, 2]
        assert await alarms(bench) == []

    async def test_sequences_are_counted_for_each_source(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(1), 1, by="payroll")
        await hear(decision(2), 1, by="contracts")
        await hear(decision(3), 2, by="payroll")

        assert await alarms(bench) == []
        expected = {state.source: state.next_sequence for state in await bench.rows(SourceState)}
        assert expected == {"/payroll/decisions": 3, "/contracts/decisions": 2}

    async def test_a_refusal_is_kept_like_a_permission(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(permits=False, outcome=False), 1)

        assert [entry.permits for entry in await entries(bench)] == [False]

    async def test_keeps_what_it_holds_beside_the_entry_under_a_salt_of_its_own(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        bars = {"rule": "applicant.bars", "facts": {"criminal_record": {"application-7": True}}}
        await hear(decision(1, **bars), 1)
        await hear(decision(2, **bars), 2)

        first, second = sorted(await bench.rows(DecisionDocument), key=lambda kept: kept.index)
        for entry, kept in zip(await entries(bench), (first, second), strict=True):
            assert b"criminal_record" in kept.document
            assert b"criminal_record" not in b"".join(
                value if isinstance(value, bytes) else str(value).encode() for value in vars(entry).values()
            )
            assert attributes_of(entry.leaf)["decision_hash"] == decision_hash(kept.document, salt=kept.salt)
            assert (kept.area, len(kept.salt)) == (entry.area, 16)
        assert first.salt != second.salt

    async def test_keeps_a_long_decision_too(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(facts={"slips": ["x" * 1000] * 100}), 1)

        (entry,) = await entries(bench)
        assert len(entry.leaf) < 2000

    async def test_what_was_erased_is_not_entered_again(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(), 1)
        async with bench.session() as session, session.begin():
            for table in ("decision_document", "account_name", "inbox_message"):
                await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608

        await hear(decision(), 1)

        assert len(await entries(bench)) == 1
        assert await bench.rows(DecisionDocument) == []
        assert await alarms(bench) == []

    async def test_keeps_a_decision_without_an_area_for_the_nation(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        await hear(decision(area=""), 1)

        (entry,) = await entries(bench)
        assert entry.area == "0"

    async def test_facts_may_hold_what_a_text_column_cannot(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(facts={"odd": "a\u0000b", "large": 2**60}), 1)

        assert len(await entries(bench)) == 1

    async def test_nothing_but_decisions_is_taken(self, bench: Bench) -> None:
        async with bench.transaction() as tx:
            await keep_told(tx, Aside(), envelope_of(1))

        assert await entries(bench) == []

    def test_hears_decisions_and_nothing_else(self, bench: Bench) -> None:
        topics = bench.runtime.consumer.topics()

        assert "recruitment.decisions" in topics
        assert all(topic.endswith(".decisions") for topic in topics)


class TestPseudonym:
    async def test_one_account_has_one_in_every_area(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(1), 1)
        await hear(decision(2, area="220102001"), 2)
        await hear(decision(3, account="http://issuer.example|other"), 3)

        first, second, third = await entries(bench)
        assert first.authid == second.authid != third.authid
        names = {(name.account, name.area) for name in await bench.rows(AccountName)}
        assert names == {
            ("http://issuer.example|clerk", "320102001"),
            ("http://issuer.example|clerk", "220102001"),
            ("http://issuer.example|other", "320102001"),
        }

    async def test_a_service_needs_none(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(account="service:evaluation"), 1)

        assert (await entries(bench))[0].authid == "service:evaluation"
        assert await bench.rows(AccountName) == []


class TestGap:
    async def test_is_noticed_and_later_entries_go_on(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(1), 1)
        await hear(decision(4), 4)
        await hear(decision(5), 5)

        assert [entry.sequence for entry in await entries(bench)] == [1, 4, 5]
        assert await alarms(bench) == [("gap", "/recruitment/decisions", 2, 3)]

    async def test_before_the_first_message_is_a_gap_too(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(2), 2)

        assert await alarms(bench) == [("gap", "/recruitment/decisions", 1, 1)]

    async def test_closes_when_everything_missing_came_late(self, bench: Bench, hear: Any, decision: Any) -> None:
        for sequence in (1, 4, 3):
            await hear(decision(sequence), sequence)
        assert [alarm.closed_at for alarm in await bench.rows(Alarm) if alarm.kind == "gap"] == [None]

        await hear(decision(2), 2)

        (gap,) = [alarm for alarm in await bench.rows(Alarm) if alarm.kind == "gap"]
        assert gap.closed_at is not None
        assert [entry.sequence for entry in await entries(bench)] == [1, 4, 3, 2]
        assert (await alarms(bench))[1:] == [
            ("out_of_order", "/recruitment/decisions", 3, 3),
            ("out_of_order", "/recruitment/decisions", 2, 2),
        ]

    async def test_does_not_open_again_for_what_is_expected_next(self, bench: Bench, hear: Any, decision: Any) -> None:
        for sequence in (1, 3, 2, 4):
            await hear(decision(sequence), sequence)

        assert [kind for kind, *_ in await alarms(bench)] == ["gap", "out_of_order"]


class TestConflict:
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
        self, bench: Bench, hear: Any, decision: Any, number: int, sequence: int, event_id: str
    ) -> None:
        await hear(decision(), 1)
        before = (await entries(bench))[0].leaf

        for _ in range(2):
            await hear(decision(number, permits=False, outcome=False), sequence, event_id=event_id)

        assert [entry.leaf for entry in await entries(bench)] == [before]
        assert await alarms(bench) == [("conflict", "/recruitment/decisions", sequence, sequence)]

    async def test_only_in_who_decided_is_one_too(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(), 1)
        await hear(decision(account="http://issuer.example|somebody-else"), 1)

        assert [kind for kind, *_ in await alarms(bench)] == ["conflict"]

    async def test_does_not_take_the_place_of_what_comes_next(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(1), 1)
        await hear(decision(1), 2, event_id="event-forged")
        await hear(decision(2), 2)

        assert [entry.sequence for entry in await entries(bench)] == [1, 2]
        assert [kind for kind, *_ in await alarms(bench)] == ["conflict"]


class TestSequencer:
    async def test_gives_every_index_once_when_many_append_together(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        async def service_tells(name: str, first: int) -> None:
            for sequence in range(1, 11):
                await hear(decision(first + sequence), sequence, by=name)

        names = ("payroll", "contracts", "registry", "evaluation")
        await asyncio.gather(*(service_tells(name, 100 * place) for place, name in enumerate(names)))

        kept = await entries(bench)
        assert [entry.index for entry in kept] == list(range(40))
        assert {(node.level, node.index): node.hash for node in await bench.rows(Node) if node.level == 0} == {
            (0, entry.index): entry.leaf_hash for entry in kept
        }
        growing = tree.GrowingTree()
        for entry in kept:
            list(growing.add(entry.leaf_hash))
        async with bench.session() as session:
            assert await root_at(session, 40) == growing.root
        assert await alarms(bench) == []

    async def test_makes_the_second_wait_until_the_first_has_committed(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        async with bench.transaction() as tx:
            await keep_told(tx, decision(1), envelope_of(1))
            second = asyncio.create_task(bench.run(keep_told, event=decision(2), envelope=envelope_of(2)))
            await asyncio.sleep(0.2)
            assert not second.done()
        await second

        assert [(entry.index, entry.sequence) for entry in await entries(bench)] == [(0, 1), (1, 2)]
        assert await alarms(bench) == []

    async def test_two_connections_telling_the_same_make_one_entry(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        await asyncio.gather(*(hear(decision(), 1) for _ in range(4)))

        assert len(await entries(bench)) == 1
        assert await alarms(bench) == []

    async def test_a_broken_append_leaves_no_hole(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(1), 1)

        async def break_off() -> None:
            async with bench.transaction() as tx:
                await keep_told(tx, decision(2), envelope_of(2))
                raise BusinessError

        with pytest.raises(BusinessError):
            await break_off()
        await hear(decision(3), 2)

        assert [(entry.index, entry.decision_id) for entry in await entries(bench)] == [
            (0, "decision-1"),
            (1, "decision-3"),
        ]


class TestParked:
    async def test_holds_up_nothing_behind_it_and_fills_its_gap_when_replayed(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        await hear(decision(1), 1)
        await hear(decision(2, clause="x" * 61), 2)
        await hear(decision(3), 3)

        assert [entry.sequence for entry in await entries(bench)] == [1, 3]
        assert await alarms(bench) == [("gap", "/recruitment/decisions", 2, 2)]
        assert [row.key for row in await bench.rows(ParkedMessage)] == ["worker-7"]

        async with bench.session() as session, session.begin():
            body = decision(2).model_dump_json().encode()
            await session.execute(text("UPDATE parked_message SET body = :body"), {"body": body})
        assert await bench.runtime.consumer.replay() == (1, 0)

        assert [entry.sequence for entry in await entries(bench)] == [1, 3, 2]
        assert all(alarm.closed_at for alarm in await bench.rows(Alarm) if alarm.kind == "gap")
