"""The database again from the log's files: what it is searched by, and what a restored backup has lost."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from audit.commands.erasing import erase
from audit.commands.rebuilding import EntryAltered, rebuild_index
from audit.models import Disclosure, Entry, Erasure, IndexedEntry, QueuedEntry, SourceState
from audit.queries.log import published_log
from audit.queries.verification import Fault
from audit.rules.entries import attributes_of
from audit.tests.telling import a_decision, alarms, disclosed, entries
from audit.tlog.findings import Outcome
from common.actors import Role, service_actor
from common.tables import ParkedMessage
from common.testing import Bench

Hear = Callable[..., Awaitable[None]]
Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Faults = Callable[[], Awaitable[list[Fault]]]
Tamper = Callable[..., Awaitable[None]]
Rebuild = Callable[[], Awaitable[int]]


@pytest.fixture
def rebuild(bench: Bench) -> Rebuild:
    async def rebuilt() -> int:
        log = published_log(bench.runtime.settings)
        assert log is not None
        actor = service_actor("audit")
        return await bench.run(rebuild_index, actor=actor, log=log.reader, sealer=bench.runtime.sealer)

    return rebuilt


async def rows(bench: Bench, model: type[Any]) -> list[dict[str, Any]]:
    """As they stand in the database, in the order of their index."""
    found = [
        {column.name: getattr(row, column.name) for column in model.__table__.columns}
        for row in await bench.rows(model)
    ]
    return sorted(found, key=lambda row: (row.get("index", 0), row.get("name", ""), row.get("source", "")))


@pytest.fixture
async def grown(bench: Bench, hear: Hear, grow: Grow, publish: Publish) -> None:
    """A log of decisions, readings, an alarm and erasures, all of it published."""
    await grow(1, 2, 3)
    await hear(a_decision(5, subject="worker-8"), 5)
    async with bench.client(Role.AUDITOR, area="") as client:
        await client.get("/v1/decisions", params={"subject": "worker-8"})
    await publish()
    await bench.run(erase, subject="worker-8", account=None, ground="asked for")
    await publish()


@pytest.mark.usefixtures("grown")
class TestAnIndex:
    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM indexed_entry",
            "DELETE FROM indexed_entry WHERE index % 2 = 0",
            "UPDATE indexed_entry SET subject = 'worker-9', area = '22', permits = NOT permits, type = 'other'",
            "DELETE FROM source_state",
            "UPDATE source_state SET next_sequence = 1",
        ],
    )
    async def test_that_was_lost_or_spoiled_is_as_it_was(
        self, bench: Bench, rebuild: Rebuild, faults: Faults, tamper: Tamper, statement: str
    ) -> None:
        before = [row | {"mark": None} for row in await rows(bench, IndexedEntry)]
        state = [row | {"heard_at": None} for row in await rows(bench, SourceState)]
        await tamper(statement)

        assert await rebuild() == len(before)

        assert [row | {"mark": None} for row in await rows(bench, IndexedEntry)] == before
        assert [row | {"heard_at": None} for row in await rows(bench, SourceState)] == state
        assert await faults() == []

    async def test_keeps_the_marks_that_are_left(self, bench: Bench, rebuild: Rebuild, tamper: Tamper) -> None:
        before = {row["index"]: row["mark"] for row in await rows(bench, IndexedEntry)}
        await tamper("DELETE FROM indexed_entry WHERE index = 1", "UPDATE indexed_entry SET clause = 'x'")

        await rebuild()

        after = {row["index"]: row["mark"] for row in await rows(bench, IndexedEntry)}
        assert after == before | {1: None}

    async def test_can_be_built_as_often_as_one_likes(self, bench: Bench, rebuild: Rebuild) -> None:
        await rebuild()
        before = [await rows(bench, model) for model in (Entry, IndexedEntry, Disclosure, Erasure)]

        await rebuild()

        assert [await rows(bench, model) for model in (Entry, IndexedEntry, Disclosure, Erasure)] == before

    async def test_leaves_what_is_entered_and_not_published_yet(
        self, bench: Bench, grow: Grow, rebuild: Rebuild, publish: Publish, faults: Faults
    ) -> None:
        await grow(6, 7)
        before = await rows(bench, IndexedEntry)

        assert await rebuild() == len(before) - 2

        assert await rows(bench, IndexedEntry) == before
        await publish()
        assert await faults() == []


@pytest.mark.usefixtures("grown")
class TestARestoredBackup:
    """The database is put back to when it had two entries; the files have all of them."""

    @pytest.fixture
    async def restored(self, bench: Bench, grown: None, tamper: Tamper) -> list[dict[str, Any]]:
        """The entries as they were."""
        before = await rows(bench, Entry)
        for table in ("entry", "indexed_entry", "disclosure", "erasure"):
            await tamper(f"DELETE FROM {table} WHERE index >= 2")  # noqa: S608
        await tamper("UPDATE source_state SET next_sequence = 3", "DELETE FROM alarm", "DELETE FROM checkpoint")
        return before

    async def test_has_its_entries_again_byte_for_byte(
        self, bench: Bench, restored: list[dict[str, Any]], rebuild: Rebuild, faults: Faults
    ) -> None:
        await rebuild()

        assert await rows(bench, Entry) == restored
        erased = {(row["index"], row["name"]) for row in await rows(bench, Erasure)}
        missing = {(fault.index, fault.name) for fault in await faults()}
        assert {fault.code for fault in await faults()} == {"disclosure_missing"}
        own = {row["index"] for row in restored if row["index"] > 3 and attributes_of(row["leaf"])["_sd"]}
        assert missing == (
            {(2, name) for name in ("subject", "account", "case", "policy")}
            | {(3, name) for name in ("account", "policy")}
            | {(index, "") for index in own}
        )
        assert {(3, "subject"), (3, "case")} <= erased

    async def test_goes_on_where_the_log_was(
        self,
        bench: Bench,
        restored: list[dict[str, Any]],
        rebuild: Rebuild,
        hear: Hear,
        publish: Publish,
        publisher: Any,
        verify: Any,
    ) -> None:
        saved = publisher.folder.checkpoint()
        await rebuild()

        for number in (2, 3, 6):
            await hear(a_decision(number), number)
        await publish()

        assert [entry.sequence for entry in await entries(bench)][len(restored)] == 6
        assert await alarms(bench) == []
        assert await bench.rows(ParkedMessage) == []
        assert verify(saved).outcome is Outcome.HOLDS

    async def test_still_knows_what_it_lost_the_content_of(
        self, bench: Bench, restored: list[dict[str, Any]], rebuild: Rebuild
    ) -> None:
        await rebuild()

        async with bench.client(Role.AUDITOR, area="") as client:
            lost = (await client.get("/v1/decisions/decision-3")).json()
            erased = (await client.get("/v1/decisions/decision-5")).json()
            proof = await client.get("/v1/decisions/decision-3/proof")
        assert (lost["content"], lost["clause"], lost["subject"]) == ("missing", "JL-10", None)
        assert (erased["content"], erased["clause"]) == ("erased", "JL-10")
        assert proof.status_code == 200


class TestAnAlteredEntry:
    @pytest.mark.parametrize(
        "change",
        ["leaf = leaf || ' '::bytea", "event_id = 'other'", "source = 'x'", "sequence = 99", "decision_id = 'other'"],
    )
    async def test_is_named_and_nothing_is_rebuilt_over_it(
        self, bench: Bench, grow: Grow, publish: Publish, rebuild: Rebuild, tamper: Tamper, change: str
    ) -> None:
        await grow(1, 2, 3)
        await publish()
        await tamper(f"UPDATE entry SET {change} WHERE index = 1", "DELETE FROM indexed_entry")  # noqa: S608

        with pytest.raises(EntryAltered, match="entry 1 of the database"):
            await rebuild()

        assert await rows(bench, IndexedEntry) == []


class TestABackupFromBeforeAnErasure:
    async def test_does_not_bring_back_what_was_erased(
        self, bench: Bench, grow: Grow, publish: Publish, rebuild: Rebuild, faults: Faults, tamper: Tamper
    ) -> None:
        await grow(1, 2)
        await publish()
        before = await rows(bench, Disclosure), await rows(bench, IndexedEntry)
        await bench.run(erase, subject="worker-7", account=None, ground="asked for")
        await publish()
        erasures = await rows(bench, Erasure)
        await tamper("DELETE FROM disclosure", "DELETE FROM indexed_entry", "DELETE FROM erasure")
        await tamper("DELETE FROM entry WHERE index >= 2")
        await bench.save(*(Disclosure(**row) for row in before[0]), *(IndexedEntry(**row) for row in before[1]))
        assert (await disclosed(bench, 0))["subject"]["subject"] == "worker-7"

        await rebuild()

        assert set(await disclosed(bench, 0)) == {"account", "policy"}
        assert {row["subject"] for row in await rows(bench, IndexedEntry)} == {None}
        assert await rows(bench, Erasure) == erasures
        assert {fault.code for fault in await faults()} <= {"disclosure_missing"}

    async def test_enters_nothing_twice_that_waited_when_it_was_made(
        self, bench: Bench, grow: Grow, publish: Publish, rebuild: Rebuild, tamper: Tamper, verify: Any
    ) -> None:
        await grow(1)
        async with bench.client(Role.AUDITOR, area="") as client:
            await client.get("/v1/decisions")
        queue = await rows(bench, QueuedEntry)
        await publish()
        size = len(await entries(bench))
        await tamper("DELETE FROM entry WHERE index >= 1", "DELETE FROM indexed_entry WHERE index >= 1")
        await bench.save(*(QueuedEntry(**row) for row in queue))

        await rebuild()
        await publish()
        await grow(2)
        await publish()

        assert len(await entries(bench)) == size + 1
        assert await bench.rows(QueuedEntry) == []
        assert verify().outcome is Outcome.HOLDS
