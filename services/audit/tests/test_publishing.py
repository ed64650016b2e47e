"""From what was entered to a checkpoint that others have seen, and what a crash in between leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from audit import events
from audit.commands import publishing
from audit.commands.publishing import Publisher, publisher_of
from audit.commands.signing import Signer
from audit.models import Alarm, PublishedCheckpoint
from audit.queries.log import log_path
from audit.tests.telling import NANJING, entries, open_alarms
from audit.tlog.findings import Outcome
from audit.tlog.folder import LogFolder
from audit.tlog.notes import Checkpoint, Ed25519Key, VerifierKey, parse_checkpoint, read_checkpoint, split_note
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.tree import EMPTY_ROOT
from audit.tlog.verifying import Report, verify_log
from common.actors import Role
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Verify = Callable[..., Report]


def files_of(bench: Bench) -> dict[str, bytes]:
    folder = log_path(bench.runtime.settings)
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def note_of(publisher: Publisher) -> str:
    note = publisher.folder.checkpoint()
    assert note is not None
    return note


def size_of(publisher: Publisher) -> int:
    published = publisher.published()
    return published.size if published else 0


class TestACheckpoint:
    async def test_is_published_of_the_empty_log(self, publisher: Publisher, publish: Publish, signer: Signer) -> None:
        assert await publish()

        assert read_checkpoint(note_of(publisher), *signer.verifiers) == Checkpoint(signer.origin, 0, EMPTY_ROOT)

    async def test_covers_what_has_come_and_the_key_alone_verifies_it(
        self, bench: Bench, publisher: Publisher, publish: Publish, signer: Signer, grow: Grow
    ) -> None:
        await grow(1, 2, 3)
        await publish()

        checkpoint = read_checkpoint(note_of(publisher), VerifierKey.read(str(signer.verifiers[0])))
        assert checkpoint.size == 3
        assert signer.last_signed() == checkpoint
        (kept,) = await bench.rows(PublishedCheckpoint)
        assert (kept.size, kept.root, kept.note) == (3, checkpoint.root, note_of(publisher))

    async def test_is_published_once_and_the_files_hold_the_entries(
        self, bench: Bench, publish: Publish, grow: Grow, verify: Verify
    ) -> None:
        await grow(*range(1, 301))
        assert await publish()
        assert not await publish()

        report = verify()
        assert (report.outcome, report.checkpoint and report.checkpoint.size) == (Outcome.HOLDS, 300)
        reader = LogReader(FolderSource(log_path(bench.runtime.settings)), 300)
        assert list(reader.entries(0, 300)) == [entry.leaf for entry in await entries(bench)]

    async def test_continues_each_one_before(
        self, publisher: Publisher, publish: Publish, grow: Grow, verify: Verify
    ) -> None:
        notes = []
        for number in range(1, 8):
            await grow(number)
            await publish()
            notes.append(note_of(publisher))

        assert verify(*notes).outcome is Outcome.HOLDS
        assert [finding.code for finding in verify(*notes).findings if finding.code == "continues"] == ["continues"] * 6

    async def test_covers_several_thousand_entries_in_several_rounds(
        self, publisher: Publisher, grow: Grow, verify: Verify
    ) -> None:
        for start in range(1, 5001, 2000):
            await grow(*range(start, min(start + 2000, 5001)))

        sizes = []
        while await publisher.round():
            sizes.append(size_of(publisher))

        assert sizes == [4096, 5000]
        assert verify().outcome is Outcome.HOLDS


class TestRecorded:
    async def test_is_what_a_published_checkpoint_covers(self, bench: Bench, grow: Grow, publish: Publish) -> None:
        async with bench.client(Role.AUDITOR, area=NANJING) as client:

            async def recorded() -> list[bool]:
                lines = (await client.get("/v1/decisions")).json()["items"]
                singly = [
                    (await client.get(f"/v1/decisions/{line['decision_id']}")).json()["recorded"] for line in lines
                ]
                assert singly == [line["recorded"] for line in lines]
                return singly

            await grow(1)
            assert await recorded() == [False]
            await publish()
            await grow(2)
            assert await recorded() == [True, False]
            await publish()
            assert await recorded() == [True, True]


class TestACrash:
    """The process dies at a step; the next one finishes it, and every path has the bytes it would have had."""

    STEPS = (
        pytest.param("append", "before", id="before the tiles are written"),
        pytest.param("append", "after", id="after the tiles are written"),
        pytest.param("replace", "after", id="after the signer has put down what it signs"),
        pytest.param("publish", "before", id="before the checkpoint is published"),
        pytest.param("publish", "after", id="after the checkpoint is published"),
        pytest.param("forget_partials", "after", id="before the database knows of the checkpoint"),
    )

    @pytest.mark.parametrize(("step", "when"), STEPS)
    async def test_is_finished_with_the_same_bytes(
        self,
        bench: Bench,
        grow: Grow,
        publish: Publish,
        verify: Verify,
        monkeypatch: pytest.MonkeyPatch,
        step: str,
        when: str,
    ) -> None:
        await grow(1, 2)
        await publish()
        await grow(3, 4, 5)
        dying = publisher_of(bench.runtime)
        with monkeypatch.context() as patched:
            owner = Signer if step == "replace" else type(dying.folder)
            patched.setattr(owner, step, dies(getattr(owner, step), when=when))
            with pytest.raises(Killed):
                await dying.round()
        left = files_of(bench)

        again = publisher_of(bench.runtime)
        await again.round()

        now = files_of(bench)
        assert {path: now[path] for path in left if path != "checkpoint"} == {
            path: content for path, content in left.items() if path != "checkpoint"
        }
        assert (size_of(again), verify().outcome) == (5, Outcome.HOLDS)
        assert await bench.rows(Alarm) == []
        assert {row.size for row in await bench.rows(PublishedCheckpoint)} >= {2, 5}


class TestARoundThatFails:
    """Not the signer's doing: a full disk, a file that is gone."""

    async def test_is_an_alarm_once_it_has_lasted_and_none_after_the_next_that_succeeds(
        self, bench: Bench, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await grow(1)
        with monkeypatch.context() as patched:
            patched.setattr(LogFolder, "append", fails(OSError(28, "no space left")))
            assert not await publisher.attempt()
            assert await open_alarms(bench, "publishing_failed") == []
            patched.setattr(publishing, "PATIENCE_S", 0.0)
            for _ in range(2):
                assert not await publisher.attempt()
            assert await open_alarms(bench, "publishing_failed") == [("OSError", 0)]

        while await publisher.attempt():
            pass

        assert publisher.failing_since is None
        assert await open_alarms(bench, "publishing_failed") == []
        assert size_of(publisher) == len(await entries(bench))
        async with bench.client(Role.OPERATOR, area="") as client:
            (one,) = (await client.get("/v1/log/alarms")).json()["items"]
        assert "OSError" in one["words"]["zh"]
        assert "OSError" in one["words"]["en"]

    async def test_does_not_hide_that_the_alarm_cannot_be_kept_either(
        self, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await grow(1)
        monkeypatch.setattr(publishing, "PATIENCE_S", 0.0)
        monkeypatch.setattr(publishing, "own_transaction", fails(ConnectionError()))

        assert not await publisher.attempt()
        assert publisher.failing_since is not None

    async def test_leaves_the_time_of_the_last_good_one_standing(
        self, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stands_at() -> float | None:
            return REGISTRY.get_sample_value("log_last_good_round_timestamp_seconds")

        publishing.GOOD_ROUND.set(1)
        with monkeypatch.context() as patched:
            patched.setattr(LogFolder, "append", fails(OSError()))
            await grow(1)
            await publisher.attempt()
        assert stands_at() == 1
        await publisher.attempt()
        assert (stands_at() or 0) > 1

    async def test_to_remove_partial_tiles_is_a_good_one(
        self, bench: Bench, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(LogFolder, "forget_partials", fails(OSError()))
        await grow(1)

        assert await publisher.round()
        assert [row.size for row in await bench.rows(PublishedCheckpoint)] == [1]


def fails(error: Exception) -> Callable[..., Any]:
    def failing(*_arguments: Any, **_named: Any) -> Any:
        raise error

    return failing


class Killed(BaseException):
    """The process is gone: nothing catches it."""


def dies(act: Callable[..., Any], *, when: str) -> Callable[..., Any]:
    def acted(*arguments: Any, **named: Any) -> Any:
        if when == "after":
            act(*arguments, **named)
        raise Killed

    return acted


class TestKeys:
    async def test_that_overlap_all_sign_and_each_alone_verifies(
        self, bench: Bench, grow: Grow, publish: Publish, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await grow(1)
        await publish()
        old, first = publisher.signer.verifiers[0], note_of(publisher)
        keys = replace(bench.runtime.keys, log_seeds=(*bench.runtime.keys.log_seeds, bytes(32)))
        monkeypatch.setattr(bench.runtime, "keys", keys)
        both = publisher_of(bench.runtime)
        new = Ed25519Key(both.signer.origin, bytes(32)).verifier

        await grow(2)
        assert await both.round()

        note = note_of(both)
        assert len(split_note(note)[1]) == 2
        source = FolderSource(log_path(bench.runtime.settings))
        for key in (old, new):
            assert read_checkpoint(note, key).size == 2
            assert verify_log(source, keys=[key]).outcome is Outcome.HOLDS
        assert verify_log(source, keys=[old], saved={"first": first}).outcome is Outcome.HOLDS

    async def test_the_old_of_which_is_gone_go_on_from_what_both_signed(
        self, bench: Bench, grow: Grow, publish: Publish, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both = replace(bench.runtime.keys, log_seeds=(*bench.runtime.keys.log_seeds, bytes(32)))
        for number, keys in enumerate((both, replace(both, log_seeds=(bytes(32),))), start=1):
            monkeypatch.setattr(bench.runtime, "keys", keys)
            await grow(number)
            assert await publisher_of(bench.runtime).round()

        assert parse_checkpoint(split_note(note_of(publisher))[0]).size == 2


class TestBesideTheConsumer:
    @asynccontextmanager
    async def running(self, bench: Bench) -> AsyncIterator[None]:
        task = asyncio.create_task(events.publish_log(bench.runtime))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, publisher: Publisher, size: int) -> None:
        async with asyncio.timeout(20):
            while size_of(publisher) != size:
                await asyncio.sleep(0.05)

    async def test_what_is_entered_is_published_by_and_by(
        self, bench: Bench, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(events, "BETWEEN_CHECKPOINTS_S", 0.1)
        async with self.running(bench):
            for number in (1, 2, 3):
                await grow(number)
                await self.until(publisher, number)

    async def test_one_process_publishes_and_the_next_takes_over(
        self, bench: Bench, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(events, "BETWEEN_CHECKPOINTS_S", 0.1)
        await grow(1)
        with publisher.folder.alone():
            waiting = asyncio.create_task(events.publish_log(bench.runtime))
            await asyncio.sleep(0.5)
            assert publisher.folder.checkpoint() is None
        await self.until(publisher, 1)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    async def test_a_failing_round_is_told_by_the_process_and_the_next_goes_on_with_the_same_publisher(
        self, bench: Bench, grow: Grow, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = iter([publisher])
        monkeypatch.setattr(events, "publisher_of", lambda _: next(made))
        monkeypatch.setattr(publishing, "PATIENCE_S", 0.0)
        monkeypatch.setattr(events, "BETWEEN_CHECKPOINTS_S", 0.1)

        async def said(path: str) -> dict[str, Any]:
            async with bench.client() as client:
                return (await client.get(path)).json()  # type: ignore[no-any-return]

        await grow(1)
        async with self.running(bench):
            with monkeypatch.context() as patched:
                patched.setattr(LogFolder, "append", fails(OSError()))
                async with asyncio.timeout(20):
                    while not await open_alarms(bench, "publishing_failed"):
                        await asyncio.sleep(0.05)
                assert (await said("/status"))["beside"] == "stuck"
                assert (await said("/livez"))["status"] == "what runs beside the consumer fails"
            async with asyncio.timeout(20):
                while await open_alarms(bench, "publishing_failed"):
                    await asyncio.sleep(0.05)
            assert (await said("/status"))["beside"] == "ok"
            assert (await said("/livez"))["status"] == "ok"

    async def test_disclosures_that_somebody_took_away_are_noticed(self, bench: Bench, grow: Grow, tamper: Any) -> None:
        await grow(1)
        await tamper("DELETE FROM disclosure WHERE name = 'case'")

        async with self.running(bench), asyncio.timeout(20):
            while not await open_alarms(bench, "disclosure_missing"):
                await asyncio.sleep(0.05)
