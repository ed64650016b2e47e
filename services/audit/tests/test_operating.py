"""What operators do from a shell: what it prints, and what it exits with."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from audit import operating
from audit.commands.publishing import publisher_of
from audit.commands.signing import signer_of
from audit.models import IndexedEntry
from audit.queries.log import log_path
from audit.tlog.findings import Outcome
from audit.tlog.notes import VerifierKey, split_note
from audit.tlog.sources import FolderSource
from audit.tlog.verifying import verify_log
from common.keys import load_keys
from common.settings import Settings
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Tamper = Callable[..., Awaitable[None]]
Run = Callable[..., Awaitable[int]]
FINE, FAULTY, NOT_DONE = 0, 1, 2


@pytest.fixture
def run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`python -m audit …` in this process, with the settings of `at` or of the bench."""

    async def ran(*words: str, at: Settings | None = None) -> int:
        monkeypatch.setattr(operating, "Settings", lambda: at or bench.runtime.settings)
        return await asyncio.to_thread(operating.main, words)

    return ran


@pytest.fixture
async def grown(grow: Grow, publish: Publish) -> None:
    await grow(1, 2, 3)
    await publish()


@pytest.mark.usefixtures("grown")
class TestFsck:
    async def test_finds_nothing_in_an_honest_log(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert await run("fsck") == FINE

        said = capsys.readouterr().out
        assert "全部 3 条记录逐条重新计算" in said
        assert "all 3 entries were hashed again" in said
        assert "数据库与日志文件一致" in said

    @pytest.mark.parametrize("path", ["tile/entries/000.p/3", "tile/0/000.p/3", "checkpoint"])
    async def test_finds_a_file_that_was_changed(self, bench: Bench, run: Run, path: str) -> None:
        place = log_path(bench.runtime.settings) / path
        content = bytearray(place.read_bytes())
        content[10] ^= 1
        place.write_bytes(content)

        assert await run("fsck") == FAULTY

    async def test_finds_a_checkpoint_that_is_none(self, bench: Bench, run: Run) -> None:
        (log_path(bench.runtime.settings) / "checkpoint").write_text("no note")

        assert await run("fsck") == FAULTY
        assert await run("rebuild-index") == NOT_DONE

    async def test_finds_what_was_changed_in_the_database_and_names_it(
        self, run: Run, tamper: Tamper, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await tamper(
            "UPDATE entry SET leaf = leaf || ' '::bytea WHERE index = 1",
            "DELETE FROM disclosure WHERE index = 2 AND name = 'case'",
        )

        assert await run("fsck") == FAULTY

        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        assert lines == [
            {"code": "entry_differs", "index": 1, "name": ""},
            {"code": "disclosure_missing", "index": 2, "name": "case"},
        ]

    async def test_asks_for_the_witnesses_of_the_policy(
        self, bench: Bench, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        witness = "witness.example/w1+586d0b9a+BBQzA22TUGQjImRLTPJOCPRp+BAYPvXYTpf05YEMg813"
        (tmp_path / "policy").write_text(f"witness w1 {witness}\nquorum w1\n")
        monkeypatch.setattr(bench.runtime.settings, "log_policy", tmp_path / "policy")

        assert await run("fsck") == FAULTY

    async def test_changes_nothing(self, bench: Bench, run: Run) -> None:
        folder = log_path(bench.runtime.settings)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

        await run("fsck")

        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("grown")
class TestWhatIsNoFaultOfTheLog:
    """It says that it could not be done, which is something else than that the log does not hold."""

    async def not_done(self, run: Run, capsys: pytest.CaptureFixture[str], *words: str, at: Settings) -> bool:
        code = await run(*words, at=at)
        said = capsys.readouterr().err
        return code == NOT_DONE and said.startswith("未能完成") and "Traceback" not in said

    @pytest.mark.parametrize("command", ["fsck", "rebuild-index"])
    @pytest.mark.parametrize("change", ["the port", "the password"])
    async def test_a_database_that_cannot_be_reached(
        self, bench: Bench, run: Run, capsys: pytest.CaptureFixture[str], change: str, command: str
    ) -> None:
        url = make_url(bench.runtime.settings.database_url)
        url = url.set(port=1) if change == "the port" else url.set(password="wrong", username="nobody")
        away = bench.runtime.settings.model_copy(update={"database_url": url.render_as_string(hide_password=False)})

        assert await self.not_done(run, capsys, command, at=away)

    async def test_a_policy_that_cannot_be_read(
        self, bench: Bench, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        (tmp_path / "policy").write_text("quorum nobody\n")
        settings = bench.runtime.settings.model_copy(update={"log_policy": tmp_path / "policy"})

        assert await self.not_done(run, capsys, "fsck", at=settings)

    async def test_a_file_that_is_gone_from_which_the_index_is_to_be_built(
        self, bench: Bench, run: Run, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = len(await bench.rows(IndexedEntry))
        (log_path(bench.runtime.settings) / "tile/entries/000.p/3").unlink()

        assert await self.not_done(run, capsys, "rebuild-index", at=bench.runtime.settings)
        assert len(await bench.rows(IndexedEntry)) == before

    async def test_an_export_that_is_spoiled(
        self, bench: Bench, other: Bench, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        await run("export", str(tmp_path / "export"))
        (tmp_path / "export/marks.jsonl").write_text("{")

        assert await self.not_done(run, capsys, "import", str(tmp_path / "export"), at=other.runtime.settings)
        assert await other.rows(IndexedEntry) == []

    async def test_a_state_of_the_signer_that_nobody_can_read(
        self, other: Bench, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        await run("export", str(tmp_path / "export"))
        signer_of(other.runtime.settings, other.runtime.keys).file.write_text("{}")

        assert await self.not_done(run, capsys, "import", str(tmp_path / "export"), at=other.runtime.settings)


class TestWhereNothingIsPublished:
    async def test_nothing_can_be_done(self, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert await run("rebuild-index") == NOT_DONE
        assert await run("export", str(tmp_path / "export")) == NOT_DONE
        assert await run("import", str(tmp_path / "export")) == NOT_DONE
        assert await run("fsck") == FAULTY

        assert "nothing is published yet" in capsys.readouterr().err

    async def test_without_keys_nothing_can_be_done_either(
        self, bench: Bench, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        keyless = bench.runtime.settings.model_copy(update={"keys_file": tmp_path / "no-keys.json"})
        keyless.__dict__.pop("keys_path", None)

        assert await run("fsck", at=keyless) == NOT_DONE
        assert await run("keys", "show", at=keyless) == NOT_DONE
        assert "未能完成" in capsys.readouterr().err


@pytest.mark.usefixtures("grown")
class TestRebuildExportImport:
    async def test_brings_a_spoiled_index_back(
        self, run: Run, tamper: Tamper, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await tamper("DELETE FROM indexed_entry")
        assert await run("fsck") == FAULTY

        assert await run("rebuild-index") == FINE

        assert "已由日志文件重建 3 条" in capsys.readouterr().out
        assert await run("fsck") == FINE

    async def test_carries_the_log_to_another_installation(self, other: Bench, run: Run, tmp_path: Path) -> None:
        there = other.runtime.settings

        assert await run("export", str(tmp_path / "export")) == FINE
        assert await run("export", str(tmp_path / "export")) == NOT_DONE
        assert await run("import", str(tmp_path / "export"), at=there) == FINE
        assert await run("fsck", at=there) == FINE
        assert await run("import", str(tmp_path / "export"), at=there) == NOT_DONE


class TestKeys:
    @pytest.fixture
    def settings(self, bench: Bench, tmp_path: Path) -> Settings:
        """A copy of the installation's key file, to be changed."""
        (tmp_path / "keys.json").write_bytes(bench.runtime.settings.keys_path.read_bytes())
        (tmp_path / "keys.json").chmod(0o600)
        copied = bench.runtime.settings.model_copy(update={"keys_file": tmp_path / "keys.json"})
        copied.__dict__.pop("keys_path", None)
        return copied

    @pytest.fixture
    def keys(
        self, run: Run, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> Callable[..., Awaitable[list[VerifierKey]]]:
        """What `keys …` prints when it succeeds."""

        async def ran(*words: str) -> list[VerifierKey]:
            capsys.readouterr()
            assert await run("keys", *words, at=settings) == FINE
            return [VerifierKey.read(line) for line in capsys.readouterr().out.splitlines()]

        return ran

    async def test_are_shown_as_verifiers_take_them(self, bench: Bench, keys: Any) -> None:
        assert await keys("show") == list(publisher_of(bench.runtime).signer.verifiers)

    async def test_added_and_dropped_change_what_signs_and_nothing_else(self, keys: Any, settings: Settings) -> None:
        before = json.loads(settings.keys_path.read_text())
        (old,) = await keys("show")

        both = await keys("add")
        assert both[0] == old
        assert len(set(both)) == 2
        assert await keys("drop", old.key_id.hex()) == [both[1]]

        after = json.loads(settings.keys_path.read_text())
        assert {**after, "log_seeds": None} == {**before, "log_seeds": None}
        assert stat.S_IMODE(settings.keys_path.stat().st_mode) == 0o600
        assert [path.name for path in settings.keys_path.parent.glob("keys*")] == ["keys.json"]

    async def test_that_overlap_carry_the_log_from_one_to_the_next(
        self, bench: Bench, keys: Any, settings: Settings, grow: Grow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (old,) = await keys("show")
        folder = log_path(bench.runtime.settings)
        signers, notes = [], []
        for number, words in enumerate((["show"], ["add"], ["drop", old.key_id.hex()]), start=1):
            new = (await keys(*words))[-1]
            monkeypatch.setattr(bench.runtime, "keys", load_keys(settings.keys_path))
            await grow(number)
            assert await publisher_of(bench.runtime).round()
            notes.append((folder / "checkpoint").read_text())
            signers.append(len(split_note(notes[-1])[1]))

        assert signers == [1, 2, 1]
        saved = {"by the old": notes[0], "by both": notes[1]}
        assert verify_log(FolderSource(folder), keys=[old, new], saved=saved).outcome is Outcome.HOLDS
        assert verify_log(FolderSource(folder), keys=[new], saved={"by both": notes[1]}).outcome is Outcome.HOLDS

    @pytest.mark.parametrize("key_id", ["00000000", "", "no id"])
    async def test_that_are_not_there_cannot_be_dropped(self, run: Run, settings: Settings, key_id: str) -> None:
        before = settings.keys_path.read_bytes()

        assert await run("keys", "drop", key_id, at=settings) == NOT_DONE
        assert await run("keys", "drop", at=settings) == NOT_DONE
        assert settings.keys_path.read_bytes() == before

    async def test_cannot_be_dropped_down_to_none(self, run: Run, keys: Any, settings: Settings) -> None:
        (only,) = await keys("show")

        assert await run("keys", "drop", only.key_id.hex(), at=settings) == NOT_DONE
        assert await keys("show") == [only]

    async def test_are_never_printed(self, run: Run, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        for words in (["show"], ["add"]):
            await run("keys", *words, at=settings)
        said = capsys.readouterr()

        for seed in json.loads(settings.keys_path.read_text())["log_seeds"]:
            assert seed not in said.out + said.err


class TestFromAShell:
    def shell(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        env = {"PATH": os.environ["PATH"], **settings}
        command = [sys.executable, "-m", "audit", *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    @pytest.mark.usefixtures("grown")
    async def test_exits_with_what_was_found(self, bench: Bench, tamper: Tamper) -> None:
        settings = bench.runtime.settings
        env = {"DATABASE_URL": settings.database_url, "FOLDER": str(settings.folder)}

        fine = await asyncio.to_thread(self.shell, "fsck", **env)
        await tamper("DELETE FROM indexed_entry WHERE index = 1")
        faulty = await asyncio.to_thread(self.shell, "fsck", **env)

        assert (fine.returncode, fine.stderr) == (FINE, "")
        assert faulty.returncode == FAULTY
        assert '"index_missing", "index": 1' in faulty.stdout

    def test_an_unknown_command_names_those_there_are(self) -> None:
        unknown, asked = self.shell("fschk"), self.shell("--help")

        assert (unknown.returncode, asked.returncode) == (NOT_DONE, FINE)
        for command in ("verify", "witness", "fsck", "rebuild-index", "export", "import", "keys"):
            assert command in unknown.stderr
            assert command in asked.stdout
