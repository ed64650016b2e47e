"""The whole log as a folder, and the same log from such a folder somewhere else."""

import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.commands.carrying import CannotCarry, export_log, import_log
from audit.commands.erasing import erase
from audit.commands.intake import enter_queued
from audit.commands.publishing import publisher_of
from audit.commands.signing import signer_of
from audit.models import (
    CheckpointTimestamp,
    Disclosure,
    Entry,
    Erasure,
    IndexedEntry,
    PublishedCheckpoint,
    SourceState,
)
from audit.queries.log import log_path
from audit.queries.verification import check_records
from audit.tests.telling import a_decision, alarms, record_of
from audit.tlog.findings import Outcome
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.verifying import verify_log
from common.actors import Role, service_actor
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
CARRIED = (Entry, Disclosure, Erasure, IndexedEntry, PublishedCheckpoint, CheckpointTimestamp)


async def rows(bench: Bench, model: type[Any]) -> list[dict[str, Any]]:
    found = [
        {column.name: getattr(row, column.name) for column in model.__table__.columns}
        for row in await bench.rows(model)
    ]
    return sorted(found, key=lambda row: (row.get("index", row.get("size", 0)), row.get("name", "")))


@pytest.fixture
async def carried(bench: Bench, grow: Grow, publish: Publish, tmp_path: Path) -> Path:
    """An export of a log with all that a log may hold."""
    await grow(*range(1, 261))
    await publish()
    await bench.run(erase, subject=None, account="http://issuer.example|clerk", ground="asked for")
    async with bench.client(Role.AUDITOR, area="") as client:
        await client.get("/v1/decisions", params={"limit": "5"})
    await grow(261, 262)
    await publish()
    await bench.save(CheckpointTimestamp(size=260, token=b"token", requested_at=datetime(2026, 5, 6, tzinfo=UTC)))
    await export_log(bench.runtime, tmp_path / "export")
    return tmp_path / "export"


async def faults(bench: Bench, size: int) -> list[Any]:
    reader = LogReader(FolderSource(log_path(bench.runtime.settings)), size)
    async with bench.runtime.sessions(info={"actor": service_actor("audit")}) as session:
        return [fault async for fault in check_records(session, reader, sealer=bench.runtime.sealer)]


class TestExport:
    async def test_is_a_log_that_anybody_can_verify(self, bench: Bench, carried: Path) -> None:
        keys = signer_of(bench.runtime.settings, bench.runtime.keys).verifiers

        assert verify_log(FolderSource(carried / "log"), keys=keys).outcome is Outcome.HOLDS

    async def test_holds_no_key_and_disclosures_only_sealed(self, bench: Bench, carried: Path) -> None:
        content = b"".join(path.read_bytes() for path in carried.rglob("*") if path.is_file())

        assert not [secret for secret in (b"worker-7", b"clerk", b"not_qualified") if secret in content]
        kept = json.loads(bench.runtime.settings.keys_path.read_text())
        assert kept["log_seeds"][0].encode() not in content

    async def test_leaves_what_is_not_published_yet(
        self, bench: Bench, carried: Path, grow: Grow, tmp_path: Path
    ) -> None:
        await grow(263)

        size = await export_log(bench.runtime, tmp_path / "again")

        assert (carried / "disclosures.jsonl").read_bytes() == (tmp_path / "again/disclosures.jsonl").read_bytes()
        assert size == max(row.size for row in await bench.rows(PublishedCheckpoint))

    async def test_waits_until_an_erasure_stands_in_what_is_published(
        self, bench: Bench, other: Bench, grow: Grow, publish: Publish, tmp_path: Path
    ) -> None:
        await grow(1)
        await publish()
        await bench.run(erase, subject="worker-7", account=None, ground="asked for")
        with pytest.raises(CannotCarry, match="erasure is not published"):
            await export_log(bench.runtime, tmp_path / "export")
        async with bench.transaction() as tx:
            await enter_queued(tx, signed=0, sealer=bench.runtime.sealer)
        with pytest.raises(CannotCarry, match="erasure is not published"):
            await export_log(bench.runtime, tmp_path / "export")
        assert not (tmp_path / "export").exists()

        await publish()
        await export_log(bench.runtime, tmp_path / "export")
        assert await faults(other, await import_log(other.runtime, tmp_path / "export")) == []

    async def test_writes_over_nothing(self, bench: Bench, carried: Path) -> None:
        with pytest.raises(CannotCarry, match="is not empty"):
            await export_log(bench.runtime, carried)

    async def test_of_nothing_is_none(self, bench: Bench, tmp_path: Path) -> None:
        with pytest.raises(CannotCarry, match="nothing is published"):
            await export_log(bench.runtime, tmp_path / "export")
        assert not (tmp_path / "export").exists()


class TestImport:
    async def test_is_the_same_log_with_the_same_checkpoint(self, bench: Bench, other: Bench, carried: Path) -> None:
        size = await import_log(other.runtime, carried)

        here, there = (log_path(one.runtime.settings) for one in (bench, other))
        assert (there / "checkpoint").read_bytes() == (here / "checkpoint").read_bytes()
        for model in CARRIED:
            assert await rows(other, model) == await rows(bench, model), model
        assert await faults(other, size) == []
        keys = signer_of(other.runtime.settings, other.runtime.keys).verifiers
        assert verify_log(FolderSource(there), keys=keys).outcome is Outcome.HOLDS

    async def test_goes_on_as_the_log_it_came_from(self, bench: Bench, other: Bench, carried: Path) -> None:
        size = await import_log(other.runtime, carried)
        saved = (log_path(bench.runtime.settings) / "checkpoint").read_text()

        records = [record_of(a_decision(number), number) for number in (7, 262, 263)]
        await other.runtime.consumer.take_together(records)  # type: ignore[attr-defined]
        publisher = publisher_of(other.runtime)
        while await publisher.round():
            pass

        assert await alarms(other) == []
        published = publisher.published()
        assert published is not None
        assert published.size == size + 1
        source = FolderSource(log_path(other.runtime.settings))
        assert verify_log(source, keys=publisher.signer.verifiers, saved={"before": saved}).outcome is Outcome.HOLDS

    async def test_is_answered_from_like_the_log_it_came_from(self, bench: Bench, other: Bench, carried: Path) -> None:
        await import_log(other.runtime, carried)

        answers = []
        for one in (bench, other):
            async with one.client(Role.AUDITOR, area="") as client:
                listed = await client.get("/v1/decisions", params={"subject": "worker-7", "limit": "200"})
                single = await client.get("/v1/decisions/decision-7")
                proof = await client.get("/v1/decisions/decision-7/proof", headers={"Accept": "text/plain"})
            answers.append((listed.json()["items"], single.json(), proof.text))
        assert answers[0] == answers[1]
        assert answers[0][1]["account"] is None

    async def test_of_an_empty_log_is_one(self, bench: Bench, other: Bench, publish: Publish, tmp_path: Path) -> None:
        await publish()
        assert await export_log(bench.runtime, tmp_path / "export") == 0

        assert await import_log(other.runtime, tmp_path / "export") == 0
        assert not await publisher_of(other.runtime).round()


class TestNothingIsImported:
    async def is_nothing(self, other: Bench) -> bool:
        kept = [await other.rows(model) for model in (*CARRIED, SourceState)]
        signer = signer_of(other.runtime.settings, other.runtime.keys)
        published = (log_path(other.runtime.settings) / "checkpoint").exists()
        return not any(kept) and signer.last_signed() is None and not published

    @pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1", "checkpoint"])
    async def test_of_files_that_were_changed(self, other: Bench, carried: Path, path: str) -> None:
        content = bytearray((carried / "log" / path).read_bytes())
        content[len(content) // 2] ^= 1
        (carried / "log" / path).write_bytes(content)

        with pytest.raises(CannotCarry):
            await import_log(other.runtime, carried)
        assert await self.is_nothing(other)

    async def test_of_files_that_are_not_there(self, other: Bench, carried: Path, tmp_path: Path) -> None:
        with pytest.raises(CannotCarry):
            await import_log(other.runtime, tmp_path / "nowhere")
        shutil.rmtree(carried / "log" / "tile" / "entries")
        with pytest.raises(CannotCarry):
            await import_log(other.runtime, carried)
        assert await self.is_nothing(other)

    async def test_of_a_log_of_another_key(self, other: Bench, carried: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(other.runtime, "keys", replace(other.runtime.keys, log_seeds=(bytes(32),)))

        with pytest.raises(CannotCarry):
            await import_log(other.runtime, carried)
        assert await self.is_nothing(other)

    async def test_into_a_database_that_holds_something(self, other: Bench, carried: Path) -> None:
        await other.runtime.consumer.take(record_of(a_decision(1), 1))

        with pytest.raises(CannotCarry, match="database is not empty"):
            await import_log(other.runtime, carried)
        assert len(await other.rows(Entry)) == 1

    async def test_into_a_folder_that_holds_a_log(self, other: Bench, carried: Path) -> None:
        await publisher_of(other.runtime).round()

        with pytest.raises(CannotCarry, match="a log here already"):
            await import_log(other.runtime, carried)

    async def test_twice(self, other: Bench, carried: Path) -> None:
        await import_log(other.runtime, carried)

        with pytest.raises(CannotCarry):
            await import_log(other.runtime, carried)

    async def test_of_rows_that_are_spoiled_and_it_can_be_done_again_when_they_are_right(
        self, other: Bench, carried: Path
    ) -> None:
        right = (carried / "disclosures.jsonl").read_text()
        (carried / "disclosures.jsonl").write_text(right[: len(right) // 2])
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            await import_log(other.runtime, carried)
        assert await self.is_nothing(other)

        (carried / "disclosures.jsonl").write_text(right)
        size = await import_log(other.runtime, carried)
        assert await faults(other, size) == []
