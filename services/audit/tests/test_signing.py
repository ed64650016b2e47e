"""The signer says one history: what it refuses, and that it goes on when what was wrong has been put right."""

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from audit.commands.publishing import Publisher
from audit.commands.signing import Signer, SignerRefused
from audit.models import Alarm, Entry
from audit.queries.log import log_path
from audit.rules.alarms import SignerFault
from audit.tests.telling import open_alarms
from audit.tlog.notes import Checkpoint, Ed25519Key, sign_note
from audit.tlog.tiles import Tile, path_of
from common.settings import Settings
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Tamper = Callable[..., Awaitable[None]]


@pytest.fixture
def log(bench: Bench) -> Path:
    return log_path(bench.runtime.settings)


@pytest.fixture
def refused(bench: Bench, publisher: Publisher) -> Callable[[], Awaitable[list[tuple[str, int]]]]:
    """Try to publish twice in vain; what is raised, each once."""

    async def tried() -> list[tuple[str, int]]:
        before = publisher.folder.checkpoint()
        assert not await publisher.round()
        assert not await publisher.round()
        assert publisher.folder.checkpoint() == before
        return await open_alarms(bench, "checkpoint_refused")

    return tried


class TestRefuses:
    async def test_a_log_that_has_shrunk(self, grow: Grow, publish: Publish, refused: Any, tamper: Tamper) -> None:
        await grow(1, 2, 3)
        await publish()
        await tamper("DELETE FROM entry WHERE index = 2", "DELETE FROM checkpoint")

        assert await refused() == [("shrunk", 3)]

    async def test_a_log_with_a_hole(self, grow: Grow, publish: Publish, refused: Any, tamper: Tamper) -> None:
        await grow(1)
        await publish()
        await grow(2, 3, 4)
        await tamper("DELETE FROM entry WHERE index = 2")

        assert await refused() == [("rewritten", 1)]

    @pytest.mark.parametrize("path", [path_of(Tile(0, 0, 3)), path_of(Tile(-1, 0, 3))])
    async def test_files_that_were_changed(
        self, grow: Grow, publish: Publish, refused: Any, log: Path, path: str
    ) -> None:
        await grow(1, 2, 3)
        await publish()
        content = (log / path).read_bytes()
        (log / path).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        await grow(4)

        assert await refused() == [("rewritten", 3)]

    async def test_files_that_are_gone(self, grow: Grow, publish: Publish, refused: Any, log: Path) -> None:
        await grow(1, 2, 3)
        await publish()
        shutil.rmtree(log / "tile")
        await grow(4)

        assert await refused() == [("rewritten", 3)]

    async def test_a_root_that_it_never_signed(
        self, grow: Grow, publish: Publish, refused: Any, signer: Signer
    ) -> None:
        await grow(1)
        await publish()
        signer.file.write_text(json.dumps({"origin": signer.origin, "size": 1, "root": "00" * 32}))

        assert await refused() == [("rewritten", 1)]

    async def test_another_continuation_than_lies_in_the_files(
        self, grow: Grow, publish: Publish, refused: Any, signer: Signer, publisher: Publisher, tamper: Tamper
    ) -> None:
        """Checkpoint and state were put back and an entry changed since; the tiles still tell what was published."""
        await grow(1)
        await publish()
        kept, note = signer.file.read_text(), publisher.folder.checkpoint()
        await grow(2, 3)
        await publish()
        await tamper("UPDATE entry SET leaf = leaf || ' '::bytea WHERE index = 1")
        signer.file.write_text(kept)
        publisher.folder.publish(note or "")

        assert await refused() == [("path_conflict", 1)]

    @pytest.mark.parametrize("content", ["", "no note", "x\n1\nAAAA\n\n— x AAAA\n"])
    async def test_a_published_checkpoint_that_nobody_can_read(
        self, grow: Grow, publish: Publish, refused: Any, log: Path, content: str
    ) -> None:
        await grow(1)
        await publish()
        (log / "checkpoint").write_text(content)
        await grow(2)

        assert await refused() == [("published_unreadable", 0)]

    async def test_a_published_checkpoint_of_another_key(
        self, grow: Grow, publish: Publish, refused: Any, log: Path, signer: Signer
    ) -> None:
        await grow(1)
        await publish()
        last = signer.last_signed()
        assert last is not None
        (log / "checkpoint").write_text(sign_note(last.text(), Ed25519Key(signer.origin, bytes(32))))

        assert await refused() == [("published_unreadable", 0)]

    async def test_to_follow_a_state_older_than_what_it_published(
        self, grow: Grow, publish: Publish, refused: Any, signer: Signer
    ) -> None:
        await grow(1)
        await publish()
        kept = signer.file.read_text()
        await grow(2, 3)
        await publish()
        signer.file.write_text(kept)

        assert await refused() == [("state_behind", 3)]

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            ("", SignerFault.STATE_UNREADABLE),
            ('{"origin": "x"}', SignerFault.STATE_UNREADABLE),
            ("[]", SignerFault.STATE_UNREADABLE),
            ('{"origin": "grassroots-staff/log1", "size": "many", "root": "00"}', SignerFault.STATE_UNREADABLE),
            (json.dumps({"origin": "other/log", "size": 1, "root": "00"}), SignerFault.STATE_OF_ANOTHER_LOG),
        ],
    )
    async def test_a_state_that_is_not_its_own(
        self, grow: Grow, refused: Any, signer: Signer, content: str, fault: SignerFault
    ) -> None:
        await grow(1)
        signer.file.write_text(content)

        assert [mark for mark, _ in await refused()] == [fault]

    async def test_what_another_process_signs_meanwhile(
        self, grow: Grow, refused: Any, publisher: Publisher, signer: Signer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await grow(1)
        append = publisher.folder.append

        def slow(*arguments: Any, **named: Any) -> tuple[int, bytes]:
            grown = append(*arguments, **named)
            signer.file.write_text(json.dumps({"origin": signer.origin, "size": 1, "root": "00" * 32}))
            return grown

        monkeypatch.setattr(publisher.folder, "append", slow)
        assert not await publisher.round()
        monkeypatch.setattr(publisher.folder, "append", append)

        assert ("state_changed", 0) in await refused()
        assert publisher.folder.checkpoint() is None


class TestGoesOn:
    async def test_when_its_state_is_back(
        self, bench: Bench, grow: Grow, publish: Publish, refused: Any, signer: Signer, verify: Any
    ) -> None:
        await grow(1)
        await publish()
        kept = signer.file.read_text()
        for number in (2, 3):
            signer.file.unlink()
            await grow(number)
            assert [mark for mark, _ in await refused()] == ["state_missing"]

            signer.file.write_text(kept)
            await publish()
            assert await open_alarms(bench, "checkpoint_refused") == []
            kept = signer.file.read_text()

        assert verify().outcome == "holds"

    async def test_when_the_lost_entries_are_back(
        self, bench: Bench, grow: Grow, publish: Publish, refused: Any, tamper: Tamper, verify: Any
    ) -> None:
        await grow(1, 2, 3)
        await publish()
        lost = (await bench.rows(Entry))[-1]
        await tamper("DELETE FROM entry WHERE index = 2")
        assert await refused() == [("shrunk", 3)]

        row = {name: getattr(lost, name) for name in ("index", "source", "sequence", "event_id", "leaf")}
        await bench.save(Entry(**row))
        assert await publish()

        assert await open_alarms(bench, "checkpoint_refused") == []
        assert verify().outcome == "holds"

    async def test_from_state_and_checkpoint_put_back_together_with_the_same_bytes(
        self, bench: Bench, grow: Grow, publish: Publish, signer: Signer, publisher: Publisher
    ) -> None:
        await grow(1)
        await publish()
        kept, note = signer.file.read_text(), publisher.folder.checkpoint()
        await grow(2, 3)
        await publish()
        newest = publisher.folder.checkpoint()
        signer.file.write_text(kept)
        publisher.folder.publish(note or "")

        assert await publish()

        assert publisher.folder.checkpoint() == newest
        assert await bench.rows(Alarm) == []


class TestItsFile:
    def test_is_replaced_only_by_who_knows_what_stands_there(self, signer: Signer) -> None:
        first, second = Checkpoint(signer.origin, 1, b"1" * 32), Checkpoint(signer.origin, 2, b"2" * 32)
        signer.replace(None, first)

        with pytest.raises(SignerRefused) as refused:
            signer.replace(None, second)

        assert refused.value.fault == SignerFault.STATE_CHANGED
        assert signer.last_signed() == first
        signer.replace(first, second)
        assert signer.last_signed() == second

    def test_lies_outside_the_database_and_outside_what_everybody_may_read(self, signer: Signer, log: Path) -> None:
        assert not signer.file.is_relative_to(log)

    @pytest.mark.parametrize("origin", ["a b", "a+b", "", "a\nb"])
    def test_is_of_a_log_whose_origin_does_not_break_the_format(self, origin: str) -> None:
        with pytest.raises(ValidationError):
            Settings(log_origin=origin)


async def test_a_signer_that_cannot_write_does_not_stop_the_intake(
    bench: Bench, grow: Grow, publisher: Publisher, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*_: Any) -> None:
        raise OSError("no space left")

    await grow(1)
    with monkeypatch.context() as patched:
        patched.setattr(Signer, "replace", disk_full)
        with pytest.raises(OSError, match="no space"):
            await publisher.round()
        await grow(2)

    assert publisher.folder.checkpoint() is None
    assert await publish()
    published = publisher.published()
    assert published is not None
    assert published.size == 2
