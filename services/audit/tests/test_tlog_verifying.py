"""The verifier against an attacker who owns the files and the signing key, and `python -m audit verify`."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from audit.__main__ import main
from audit.tests.sample_log import (
    DISCLOSURES,
    LOG,
    OTHER,
    PARTS,
    SEEN,
    WITNESS,
    WITNESSED,
    decision,
    erasure,
    grow_log,
    publish,
    receipt,
    write_log,
)
from audit.tlog.findings import WORDS, Outcome
from audit.tlog.notes import Checkpoint, Ed25519Key, parse_checkpoint, sign_note
from audit.tlog.policy import NONE, Policy
from audit.tlog.sources import FolderSource, LogUnreachable
from audit.tlog.tiles import tiles_at
from audit.tlog.tree import EMPTY_ROOT, derive_root
from audit.tlog.verifying import Report, verify_log

SIZE = 1000
SAVED = 600
ENTRIES = [decision(number) for number in range(SIZE)]
POLICY = f"log {LOG.verifier}\nwitness w1 {WITNESS.verifier}\nquorum w1\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A log, and the checkpoint of its first 600 entries that an inspector took home."""
    folder = tmp_path_factory.mktemp("written")
    write_log(folder, ENTRIES[:SAVED])
    first = checkpoint_of(folder)
    grow_log(folder, ENTRIES[SAVED:], since=first)
    return folder, sign_note(first.text(), LOG)


@pytest.fixture
def log(written: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(written[0], tmp_path / "log"))


@pytest.fixture
def saved(written: tuple[Path, str]) -> str:
    return written[1]


def checkpoint_of(folder: Path) -> Checkpoint:
    return parse_checkpoint((folder / "checkpoint").read_text().partition("\n\n")[0] + "\n")


def look(folder: Path, *saved: str, quick: bool = False, policy: Policy = NONE) -> Report:
    kept = {f"saved-{number}": note for number, note in enumerate(saved)}
    return verify_log(FolderSource(folder), keys=[LOG.verifier], policy=policy, saved=kept, quick=quick)


def failures(report: Report) -> dict[str, dict[str, Any]]:
    return {found.code: dict(found.facts) for found in report.findings if found.outcome is Outcome.FAILS}


def codes(report: Report) -> dict[str, Outcome]:
    return {found.code: found.outcome for found in report.findings}


def rewritten(log: Path, entries: Sequence[bytes]) -> Path:
    """The attacker has the signing key: everything is built and signed anew."""
    shutil.rmtree(log)
    log.mkdir()
    write_log(log, entries)
    return log


def change_byte(file: Path, place: int = 40) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


class TestHonestLog:
    @pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000])
    def test_holds_at_every_size(self, tmp_path: Path, size: int) -> None:
        write_log(tmp_path, ENTRIES[:size])
        report = look(tmp_path)
        assert report.outcome is Outcome.HOLDS
        assert report.checkpoint == Checkpoint(LOG.verifier.name, size, derive_root(ENTRIES[:size]))

    def test_holds_where_tiles_stand_three_levels_high(self, tmp_path: Path) -> None:
        write_log(tmp_path, [b"%d" % number for number in range(66_000)])
        report = look(tmp_path)
        assert codes(report)["derived"] is Outcome.HOLDS
        assert next(found.facts for found in report.findings if found.code == "derived")["files"] == len(
            list(tiles_at(66_000))
        )

    def test_continues_what_was_saved(self, log: Path, saved: str) -> None:
        now = (log / "checkpoint").read_text()
        report = look(log, saved, now)
        assert report.outcome is Outcome.HOLDS
        assert codes(report) == {
            "checkpoint_signed": Outcome.HOLDS,
            "no_witness": Outcome.NOTE,
            "derived": Outcome.HOLDS,
            "continues": Outcome.HOLDS,
            "same": Outcome.HOLDS,
        }

    def test_is_bound_by_nothing_saved_of_an_empty_log(self, log: Path) -> None:
        empty = sign_note(Checkpoint(LOG.verifier.name, 0, EMPTY_ROOT).text(), LOG)
        assert codes(look(log, empty))["saved_empty"] is Outcome.NOTE

    def test_may_have_dropped_its_partial_tiles_for_full_ones(self, tmp_path: Path) -> None:
        write_log(tmp_path, ENTRIES[:300])
        early = (tmp_path / "checkpoint").read_text()
        grow_log(tmp_path, ENTRIES[300:], since=checkpoint_of(tmp_path))
        for partial_tile in tmp_path.glob("tile/*/001.p"):
            shutil.rmtree(partial_tile)
        (tmp_path / "checkpoint").write_text(early)
        assert look(tmp_path).outcome is Outcome.HOLDS

    def test_is_seen_by_the_witnesses_of_the_policy(self, tmp_path: Path) -> None:
        write_log(tmp_path, ENTRIES[:5], witnessed=True)
        report = look(tmp_path, policy=WITNESSED)
        words = next(found for found in report.findings if found.code == "witnessed").words("en")
        assert words == f"cosigned by witness.example/w1 ({SEEN}), as the policy asks"


class TestTampering:
    def test_with_an_entry_is_named_to_the_entry(self, log: Path) -> None:
        change_byte(log / "tile/entries/001", 3 * (2 + len(ENTRIES[300])) + 40)
        assert failures(look(log)) == {"entries_changed": {"path": "tile/entries/001", "first": 259, "number": 1}}

    def test_with_a_tile_of_hashes_is_named(self, log: Path) -> None:
        change_byte(log / "tile/0/001")
        assert failures(look(log)) == {
            "entries_differ": {"path": "tile/entries/001", "first": 257, "number": 1},
            "tile_differs": {"path": "tile/1/000.p/3"},
        }

    def test_with_the_tile_above_is_named(self, log: Path) -> None:
        change_byte(log / "tile/1/000.p/3")
        assert set(failures(look(log))) == {"tile_differs", "root_differs"}

    @pytest.mark.parametrize("path", ["tile/entries/002", "tile/0/002", "tile/1/000.p/3", "tile/entries/003.p/232"])
    def test_by_leaving_out_a_file_is_named(self, log: Path, path: str) -> None:
        (log / path).unlink()
        assert failures(look(log)) == {"missing": {"path": path}}

    def test_by_leaving_out_a_bundle_and_its_tile_is_named(self, log: Path) -> None:
        (log / "tile/entries/002").unlink()
        (log / "tile/0/002").unlink()
        found = [one.facts["path"] for one in look(log).findings if one.code == "missing"]
        assert found == ["tile/entries/002", "tile/0/002"]

    def test_by_leaving_out_all_that_tells_a_root_is_named(self, log: Path) -> None:
        for path in ("tile/entries/003.p/232", "tile/0/003.p/232"):
            (log / path).unlink()
        assert set(failures(look(log))) == {"missing"}

    @pytest.mark.parametrize("path", ["tile/entries/002", "tile/0/002", "tile/1/000.p/3"])
    def test_by_cutting_a_file_is_named(self, log: Path, path: str) -> None:
        (log / path).write_bytes((log / path).read_bytes()[:-1])
        assert failures(look(log)) == {"malformed": {"path": path}}

    def test_with_tiles_that_agree_among_themselves_shows_in_the_root(self, log: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        write_log(other, [*ENTRIES[:417], decision(417, permits=False), *ENTRIES[418:]])
        shutil.copy(log / "checkpoint", other / "checkpoint")
        assert set(failures(look(other))) == {"root_differs"}

    def test_with_the_size_of_the_checkpoint_is_found(self, log: Path) -> None:
        (log / "checkpoint").write_text((log / "checkpoint").read_text().replace("\n1000\n", "\n999\n"))
        assert set(failures(look(log))) == {"checkpoint_not_signed"}

    def test_is_not_looked_for_by_a_quick_check(self, log: Path) -> None:
        change_byte(log / "tile/entries/001")
        assert look(log, quick=True).outcome is Outcome.HOLDS
        assert codes(look(log, quick=True))["not_derived"] is Outcome.NOTE


FORGED: dict[str, tuple[Callable[[], Sequence[bytes]], str]] = {
    "an entry edited": (lambda: [*ENTRIES[:417], decision(417, permits=False), *ENTRIES[418:]], "rewritten"),
    "an entry deleted": (lambda: [*ENTRIES[:417], *ENTRIES[418:]], "rewritten"),
    "two entries exchanged": (lambda: [ENTRIES[1], ENTRIES[0], *ENTRIES[2:]], "rewritten"),
    "the tail cut off": (lambda: ENTRIES[:500], "shrank"),
    "all of it gone": (lambda: [], "shrank"),
    "cut, forked and grown again": (lambda: [*ENTRIES[:550], *ENTRIES[:600]], "rewritten"),
    "another log of the same size": (lambda: [*ENTRIES[: SAVED - 1], decision(7)], "forked"),
}


class TestRewritingWithTheKey:
    """Everything is derived and signed anew, so that the log by itself is without fault."""

    @pytest.mark.parametrize("quick", [False, True])
    @pytest.mark.parametrize("what", FORGED)
    def test_shows_against_a_checkpoint_kept_elsewhere(self, log: Path, saved: str, what: str, quick: bool) -> None:
        entries, code = FORGED[what]
        forged = rewritten(log, entries())
        expected = "not_continued" if quick and code == "rewritten" else code

        assert look(forged, quick=quick).outcome is Outcome.HOLDS
        found = failures(look(forged, saved, quick=quick))
        assert found == {expected: {"name": "saved-0", "size": SAVED, "now": len(entries())}}

    def test_of_what_came_after_the_last_one_kept_elsewhere_does_not_show_and_is_said(
        self, log: Path, saved: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        forged = rewritten(log, [*ENTRIES[:SAVED], *ENTRIES[: SIZE - SAVED]])
        (tmp_path / "saved").write_text(saved)
        code = main(["verify", str(forged), "--key", str(LOG.verifier), "--saved", str(tmp_path / "saved")])
        assert code == 0
        assert "entries after the last checkpoint kept elsewhere may still have been rewritten" in (
            capsys.readouterr().out
        )

    def test_cannot_bring_the_witness_along(self, log: Path) -> None:
        publish(log, checkpoint_of(log), witnessed=True)
        assert look(log, policy=WITNESSED).outcome is Outcome.HOLDS
        forged = rewritten(log, FORGED["an entry edited"][0]())
        assert set(failures(look(forged, policy=WITNESSED))) == {"not_witnessed"}


class TestSavedCheckpoint:
    def test_of_another_key_is_no_evidence(self, log: Path) -> None:
        assert codes(look(log, sign_note(checkpoint_of(log).text(), OTHER)))["saved_unusable"] is Outcome.UNCHECKED

    def test_of_another_log_is_no_evidence(self, log: Path) -> None:
        other = Checkpoint("elsewhere.example/log", SIZE, b"r" * 32)
        assert codes(look(log, sign_note(other.text(), LOG)))["saved_unusable"] is Outcome.UNCHECKED

    def test_is_not_called_contradicted_where_tiles_are_damaged(self, log: Path, saved: str) -> None:
        change_byte(log / "tile/0/003.p/232")
        assert "rewritten" not in failures(look(log, saved))
        assert "not_continued" in failures(look(log, saved))

    def test_cannot_be_compared_where_a_tile_is_gone(self, log: Path, saved: str) -> None:
        (log / "tile/0/002").unlink()
        assert failures(look(log, saved, quick=True)) == {"missing": {"path": "tile/0/002"}}


class TestSource:
    def test_without_a_checkpoint_cannot_be_checked(self, tmp_path: Path) -> None:
        assert codes(look(tmp_path)) == {"no_checkpoint": Outcome.UNCHECKED}

    def test_with_a_checkpoint_that_is_no_text_does_not_hold(self, tmp_path: Path) -> None:
        (tmp_path / "checkpoint").write_bytes(b"\xff\n\n")
        assert codes(look(tmp_path)) == {"checkpoint_not_signed": Outcome.FAILS}

    def test_that_goes_away_meanwhile_leaves_what_was_found(self, log: Path) -> None:
        class Leaving(FolderSource):
            def read(self, path: str) -> bytes | None:
                if path == "tile/0/002":
                    raise LogUnreachable("gone")
                return super().read(path)

        report = verify_log(Leaving(log), keys=[LOG.verifier])
        assert codes(report)["checkpoint_signed"] is Outcome.HOLDS
        assert report.outcome is Outcome.UNCHECKED

    def test_of_another_key_does_not_hold(self, log: Path) -> None:
        report = verify_log(FolderSource(log), keys=[OTHER.verifier])
        assert codes(report) == {"checkpoint_not_signed": Outcome.FAILS}

    def test_that_bears_another_name_than_its_key_does_not_hold(self, log: Path) -> None:
        stranger = Ed25519Key("elsewhere.example/log", b"s" * 32)
        publish(log, checkpoint_of(log), key=stranger)
        report = verify_log(FolderSource(log), keys=[stranger.verifier])
        assert codes(report) == {"other_origin": Outcome.FAILS}


class TestWords:
    def test_name_the_same_in_both_languages_but_for_reasons(self) -> None:
        for code, (zh, en) in WORDS.items():
            named = [{field for _, field, _, _ in Formatter().parse(words) if field} for words in (zh, en)]
            assert named[0] >= named[1] - {"why"}, code


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    file = tmp_path / "log.vkey"
    file.write_text(f"# published on paper\n{LOG.verifier}\n")
    return str(file)


@pytest.fixture
def policy_file(tmp_path: Path) -> str:
    file = tmp_path / "policy"
    file.write_text(POLICY)
    return str(file)


@pytest.fixture
def receipt_file(tmp_path: Path) -> str:
    """Of a log of its own, which grows later."""
    folder = tmp_path / "own"
    folder.mkdir()
    note = write_log(folder, [decision(number, DISCLOSURES) for number in range(5)], witnessed=True)
    file = tmp_path / "decision.tlog-proof"
    file.write_text(receipt(folder, note, 3, DISCLOSURES[:2]))
    return str(file)


@pytest.fixture
def own(receipt_file: str) -> Path:
    return Path(receipt_file).parent / "own"


class TestCommand:
    def test_answers_in_chinese_with_english_beneath(
        self, log: Path, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["verify", str(log), "--key", key_file]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == ["核验通过：所核对的全部成立", "ALL HOLDS"]
        place = lines.index("  ✓ 全部 1000 条记录逐条重新计算，与 9 个文件和签署的根一致")
        assert lines[place + 1] == "    all 1000 entries were hashed again and fit 9 files and the signed root"

    def test_answers_in_one_language_when_asked(
        self, log: Path, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(["verify", str(log), "--key", key_file, "--language", "zh"])
        assert "ALL HOLDS" not in capsys.readouterr().out
        main(["verify", str(log), "--key", key_file, "--language", "en"])
        assert "核验" not in capsys.readouterr().out

    def test_refuses_without_a_key_and_says_where_one_is_published(
        self, log: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["verify", str(log)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert "公告、官网、盖章的纸面" in said.err
        assert "notice, website" in said.err

    def test_refuses_a_key_that_lies_in_the_log(self, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (log / "log.vkey").write_text(str(LOG.verifier))
        assert main(["verify", str(log), "--key", str(log / "log.vkey")]) == 2
        assert "beside the log" in capsys.readouterr().err

    def test_refuses_to_fetch_a_key(self, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["verify", str(log), "--key", "https://audit.example/log1/key"]) == 2
        assert "beside the log" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--key", "audit.example/log1+00000000+AAAA"],
            ["--key", str(WITNESS.verifier)],
            ["--key", "no-such-file"],
            ["--policy", "no-such-file"],
            ["--key", str(LOG.verifier), "--saved", "no-such-file"],
            ["--key", str(LOG.verifier), "--receipt", "no-such-file"],
        ],
    )
    def test_cannot_check_with_what_it_cannot_use(self, log: Path, arguments: list[str]) -> None:
        assert main(["verify", str(log), *arguments]) == 2

    @pytest.mark.parametrize("arguments", [[], ["--quicker"], ["a", "b"]])
    def test_says_2_for_malformed_arguments(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as said:
            main(["verify", *arguments])
        assert said.value.code == 2

    def test_says_2_for_another_kind_of_url(self) -> None:
        assert main(["verify", "ftp://audit.example/log1", "--key", str(LOG.verifier)]) == 2

    def test_says_2_for_a_malformed_policy(self, log: Path, tmp_path: Path) -> None:
        (tmp_path / "policy").write_text("quorum nobody-known\n")
        assert main(["verify", str(log), "--policy", str(tmp_path / "policy")]) == 2

    def test_takes_the_key_from_the_policy_and_asks_for_its_quorum(self, log: Path, policy_file: str) -> None:
        assert main(["verify", str(log), "--policy", policy_file]) == 1
        publish(log, checkpoint_of(log), witnessed=True)
        assert main(["verify", str(log), "--policy", policy_file]) == 0

    def test_says_1_where_something_does_not_hold_and_names_it_first(
        self, log: Path, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        change_byte(log / "tile/entries/001")
        assert main(["verify", str(log), "--key", key_file]) == 1
        said = capsys.readouterr().out
        assert said.index("tile/entries/001") < said.index("检查点由")
        assert "第一条序号为 256" in said
        assert "This proves" not in said
        assert "This does not prove" not in said

    def test_says_1_even_where_something_else_could_not_be_checked(
        self, log: Path, key_file: str, tmp_path: Path
    ) -> None:
        change_byte(log / "tile/entries/001")
        (tmp_path / "saved").write_text("no checkpoint")
        assert main(["verify", str(log), "--key", key_file, "--saved", str(tmp_path / "saved")]) == 1

    def test_documents_its_exit_codes(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["verify", "--help"])
        assert "退出码 exit codes" in capsys.readouterr().out

    def test_knows_no_other_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["verfy"]) == 2
        assert "verify" in capsys.readouterr().err
        assert main(["--help"]) == 0

    def test_answers_in_json(self, own: Path, receipt_file: str, policy_file: str, capsys: Any) -> None:
        code = main(["verify", str(own), "--policy", policy_file, "--receipt", receipt_file, "--json"])
        answer = json.loads(capsys.readouterr().out)
        assert (code, answer["exit_code"], answer["outcome"]) == (0, 0, "holds")
        assert answer["log"]["size"] == 5
        assert answer["receipts"][0]["index"] == 3
        assert answer["receipts"][0]["disclosed"]["subject"] == PARTS["subject"]
        assert answer["receipts"][0]["undisclosed"] == 2
        assert answer["receipts"][0]["signatures"][1]["vkey"] == str(WITNESS.verifier)

    def test_cannot_be_made_to_steer_a_terminal(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        entry = json.dumps({"clause": "\x1b[2J\u202eJL\u3000十\ud800"}).encode()
        write_log(tmp_path, [entry])
        file = tmp_path / "odd.tlog-proof"
        file.write_text(receipt(tmp_path, (tmp_path / "checkpoint").read_text(), 0))
        assert main(["verify", "-", "--key", str(LOG.verifier), "--receipt", str(file)]) == 0
        assert "\\u001b[2J\\u202eJL\u3000十\\ud800" in capsys.readouterr().out


class TestKeepingTheCheckpoint:
    def test_keeps_it_when_all_holds_and_compares_with_it_next_time(
        self, log: Path, key_file: str, tmp_path: Path, saved: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        kept = tmp_path / "last.checkpoint"
        kept.write_text(saved)
        command = ["verify", str(log), "--key", key_file, "--save-checkpoint", str(kept)]
        assert main(command) == 0
        assert kept.read_bytes() == (log / "checkpoint").read_bytes()

        rewritten(log, FORGED["the tail cut off"][0]())
        capsys.readouterr()
        assert main(command) == 1
        assert "日志缩短了" in capsys.readouterr().out
        assert b"\n1000\n" in kept.read_bytes()
        assert list(tmp_path.glob(".last*")) == []

    def test_says_2_where_it_cannot_be_written(self, log: Path, key_file: str, tmp_path: Path) -> None:
        file = tmp_path / "no" / "folder"
        assert main(["verify", str(log), "--key", key_file, "--save-checkpoint", str(file)]) == 2

    def test_is_not_for_receipts_alone(self, receipt_file: str, key_file: str, tmp_path: Path) -> None:
        arguments = ["verify", "-", "--key", key_file, "--receipt", receipt_file, "--save-checkpoint"]
        assert main([*arguments, str(tmp_path / "last")]) == 2


class TestReceipts:
    def test_are_checked_without_any_log(
        self, receipt_file: str, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["verify", "-", "--key", key_file, "--receipt", receipt_file]) == 0
        said = capsys.readouterr().out
        for words in (
            "条款 Clause: JL-10",
            "条文位置 Place in the document: 二（十）一",
            "文件 Document: JL",
            "决定所据日期 Decided as of: 2026-05-06",
            "结论 Answer: 准许 permitted",
            "对象 · 编号 Subject · Id: worker-7",
            "入账时间 Recorded: 2026-05-06T01:02:04.000000Z",
            "not given, being withheld or erased: Policy, Account",
            "没有见证方的时间",
        ):
            assert words in said

    def test_say_when_the_witness_saw_them(
        self, receipt_file: str, policy_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["verify", "-", "--policy", policy_file, "--receipt", receipt_file]) == 0
        assert f"witness witness.example/w1 saw the log with this entry at {SEEN}" in capsys.readouterr().out

    def test_need_a_log_or_a_receipt(self, key_file: str) -> None:
        assert main(["verify", "-", "--key", key_file]) == 2

    def test_that_are_bare_find_their_entry_in_a_file_or_in_the_log(
        self, own: Path, key_file: str, tmp_path: Path
    ) -> None:
        bare = tmp_path / "bare.tlog-proof"
        bare.write_text(receipt(own, (own / "checkpoint").read_text(), 3, bare=True))
        entry = tmp_path / "entry"
        entry.write_bytes(decision(3, DISCLOSURES) + b"\n")
        command = ["verify", "-", "--key", key_file, "--receipt", str(bare)]
        assert main(command) == 2
        assert main([*command, "--entry", str(entry)]) == 0
        assert main(["verify", str(own), *command[2:]]) == 0

    def test_stand_in_the_log_as_it_has_grown(self, own: Path, receipt_file: str, key_file: str) -> None:
        grow_log(own, ENTRIES[:300], since=checkpoint_of(own))
        assert main(["verify", str(own), "--key", key_file, "--receipt", receipt_file]) == 0

    def test_say_with_a_log_what_was_erased_and_what_is_withheld(
        self, own: Path, receipt_file: str, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        grow_log(own, [erasure(1, "policy", 2, 3), erasure(2, "account", 4)], since=checkpoint_of(own))
        command = ["verify", str(own), "--key", key_file, "--receipt", receipt_file, "--language", "en"]
        assert main(command) == 0
        said = capsys.readouterr().out
        assert "erased, as the log says itself: Policy\n" in said
        assert "the log does not say that it was erased: Account\n" in said

        assert main([*command, "--quick"]) == 0
        assert "not given, being withheld or erased: Policy, Account" in capsys.readouterr().out

    def test_are_not_mended_by_the_log_where_another_entry_was_given(
        self, own: Path, key_file: str, tmp_path: Path
    ) -> None:
        bare = tmp_path / "bare.tlog-proof"
        bare.write_text(receipt(own, (own / "checkpoint").read_text(), 3, bare=True))
        (tmp_path / "entry").write_bytes(decision(4))
        command = ["verify", str(own), "--key", key_file, "--receipt", str(bare), "--entry", str(tmp_path / "entry")]
        assert main(command) == 1

    def test_convict_a_log_that_was_rewritten_since(
        self, own: Path, receipt_file: str, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rewritten(own, [decision(number, DISCLOSURES, permits=False) for number in range(6)])
        assert main(["verify", str(own), "--key", key_file, "--receipt", receipt_file]) == 1
        said = capsys.readouterr().out
        assert f"the checkpoint {receipt_file} saw" in said
        assert "This proves" not in said


class TestOverHttp:
    @pytest.fixture
    def url(self, log: Path) -> Iterator[str]:
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(log))) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def test_a_log_is_checked_as_in_a_folder(self, url: str, key_file: str) -> None:
        assert main(["verify", url, "--key", key_file]) == 0

    def test_a_log_that_does_not_answer_cannot_be_checked(
        self, key_file: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["verify", "http://127.0.0.1:9", "--key", key_file]) == 2
        assert "无法读取日志" in capsys.readouterr().out


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class TestIndependence:
    def test_needs_no_database_no_settings_and_nothing_of_the_platform(
        self, own: Path, receipt_file: str, policy_file: str
    ) -> None:
        program = (
            "import sys; from audit.__main__ import main; code = main(sys.argv[1:]); "
            "platform = {name.partition('.')[0] for name in sys.modules} & "
            "{'common', 'sqlalchemy', 'asyncpg', 'fastapi', 'pydantic', 'aiokafka', 'structlog'}; "
            "assert not platform, platform; sys.exit(code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, "verify", str(own), "--policy", policy_file, "--receipt", receipt_file],
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")

    def test_is_reached_as_a_module(self) -> None:
        done = subprocess.run([sys.executable, "-m", "audit", "--help"], capture_output=True, text=True, check=True)
        assert "verify" in done.stdout
