"""Attacks that need no other log: on times, on proofs, on the verifier's key, on messages before they are entered."""

import base64
import hashlib
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from audit.models import Entry
from audit.tests import sample_log
from audit.tests.sample_log import LOG, OTHER, grow_log, write_log
from audit.tests.telling import a_decision, alarms, record_of
from audit.tlog.findings import Outcome
from audit.tlog.notes import (
    Checkpoint,
    add_signatures,
    encode,
    parse_checkpoint,
    read_checkpoint,
    sign_note,
    split_note,
)
from audit.tlog.policy import Policy
from audit.tlog.reading import LogReader
from audit.tlog.receipts import Receipt, write_receipt
from audit.tlog.sources import FolderSource
from audit.tlog.verify_cli import main
from audit.tlog.verifying import ReceiptReport, verify_log, verify_receipt
from audit.tlog.witness import WitnessBook
from common.events.decisions import DecisionsTallied
from common.tally import mark_of
from common.testing import Bench

JUNE, JULY = 1_780_272_000, 1_782_864_000  # the first of each, 2026, unix seconds
IN_MAY = {"time": "2026-05-06T01:02:03.000000Z", "recordedtime": "2026-05-06T01:02:04.000000Z"}


class TestBackDating:
    """In July, a decision is entered as of May: in it both times are forged, `time` and `recordedtime`.

    The log is whole, signed and cosigned. What tells is where the entry stands: not under the checkpoint that the
    witness saw in June.
    """

    @pytest.fixture
    def book(self, tmp_path: Path) -> WitnessBook:
        book = WitnessBook(tmp_path / "witness")
        book.init("witness.example/w1")
        book.add_log(str(LOG.verifier))
        return book

    @pytest.fixture
    def policy(self, book: WitnessBook) -> Policy:
        return Policy.read(f"log {LOG.verifier}\nwitness w1 {book.verifier()}\nquorum w1\n")

    @pytest.fixture
    def notes(self, book: WitnessBook, tmp_path: Path) -> list[str]:
        """The checkpoints of 600 entries in June and 601 in July, each with the witness's own time."""
        folder = tmp_path / "log"
        june = write_log(folder, [sample_log.decision(number) for number in range(600)])
        june = self.cosign(book, june, now=JUNE)
        july = grow_log(folder, [sample_log.decision(600, **IN_MAY)], since=read_checkpoint(june, LOG.verifier))
        path = LogReader(FolderSource(folder), 601).consistency_path(600)
        july = self.cosign(book, july, "old 600", *map(encode, path), now=JULY)
        (folder / "checkpoint").write_text(july, "utf-8")
        return [june, july]

    def cosign(self, book: WitnessBook, note: str, *head: str, now: int) -> str:
        reply = book.add_checkpoint("\n".join([*(head or ("old 0",)), "", note]).encode(), now)
        assert reply.status == 200
        return add_signatures(note, [reply.body])

    def seen(self, index: int, notes: list[str], policy: Policy) -> tuple[int | None, int | None]:
        """When the witness saw the log without the entry for the last time, and with it for the first."""
        (witness,) = policy.witnesses
        times = [(parse_checkpoint(split_note(note)[0]).size, policy.cosigned_at(note)[witness]) for note in notes]
        without = [time for size, time in times if size <= index]
        with_it = [time for size, time in times if size > index]
        return max(without, default=None), min(with_it, default=None)

    def test_leaves_a_log_that_holds(self, notes: list[str], policy: Policy, tmp_path: Path) -> None:
        source = FolderSource(tmp_path / "log")

        report = verify_log(source, keys=[LOG.verifier], policy=policy, saved={"june": notes[0]})

        assert report.outcome is Outcome.HOLDS

    def test_shows_between_two_cosigned_checkpoints(self, notes: list[str], policy: Policy) -> None:
        """Whatever the entry says of itself, on the first of June it was not there."""
        assert self.seen(600, notes, policy) == (JUNE, JULY)
        assert self.seen(599, notes, policy) == (None, JUNE)

    def test_shows_on_a_receipt_by_the_time_of_its_witness(
        self, notes: list[str], policy: Policy, tmp_path: Path
    ) -> None:
        report = verify_receipt(sample_log.receipt(tmp_path / "log", notes[1], 600), keys=[LOG.verifier], policy=policy)

        assert report.contents is not None
        assert report.contents.shown["recordedtime"] == IN_MAY["recordedtime"]
        assert [one.time for one in report.signatures] == [None, JULY]


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("thousand") / "log"
    write_log(folder, [sample_log.decision(number) for number in range(1000)])
    return folder


class TestAMadeUpProof:
    @pytest.fixture
    def genuine(self, thousand: Path) -> Receipt:
        reader = LogReader(FolderSource(thousand), 1000)
        note = (thousand / "checkpoint").read_text("utf-8")
        return Receipt(300, reader.inclusion_path(300), note, reader.entry(300))

    def outcome(self, receipt: Receipt, *entries: bytes) -> ReceiptReport:
        return verify_receipt(write_receipt(receipt), keys=[LOG.verifier], entries=entries)

    def codes(self, report: ReceiptReport) -> set[str]:
        return {finding.code for finding in report.findings if finding.outcome is Outcome.FAILS}

    def test_that_is_none_holds(self, genuine: Receipt) -> None:
        assert self.outcome(genuine).outcome is Outcome.HOLDS

    def test_of_a_node_as_if_it_were_an_entry_does_not_hold(self, thousand: Path, genuine: Receipt) -> None:
        """Two leaf hashes, said to be one entry of a log half as long with the same root, which even is signed."""
        reader = LogReader(FolderSource(thousand), 1000)
        node = reader.leaf_hash(300) + reader.leaf_hash(301)
        half = Checkpoint(LOG.verifier.name, 500, reader.root())
        shorter = Receipt(150, genuine.path[1:], sign_note(half.text(), LOG))

        assert self.codes(self.outcome(shorter, node)) == {"receipt_not_included"}

    @pytest.mark.parametrize("index", [299, 301, 1000, 1300, 1324, 2**62])
    def test_at_another_index_does_not_hold(self, genuine: Receipt, index: int) -> None:
        """1000 and more lie beyond the log; 1324 has the same last ten bits as 300."""
        assert self.codes(self.outcome(replace(genuine, index=index))) == {"receipt_not_included"}

    def test_at_an_index_that_is_none_is_no_receipt(self, genuine: Receipt) -> None:
        text = write_receipt(genuine).replace("index 300\n", "index -300\n")

        assert self.codes(verify_receipt(text, keys=[LOG.verifier])) == {"not_a_receipt"}


class TestAKeyBesideTheLog:
    """Another log altogether, in itself without fault, and with it the key that it is signed with."""

    @pytest.fixture
    def false(self, thousand: Path, tmp_path: Path) -> Path:
        folder = tmp_path / "log"
        shutil.copytree(thousand, folder)
        text, _ = split_note((folder / "checkpoint").read_text("utf-8"))
        (folder / "checkpoint").write_text(sign_note(text, OTHER), "utf-8")
        (folder / "key").write_text(f"{OTHER.verifier}\n", "utf-8")
        return folder

    @pytest.mark.parametrize("beside", ["{log}/key", "{log}/tile/../key", "https://audit.example/log1/key"])
    def test_is_not_taken(self, false: Path, beside: str, capsys: pytest.CaptureFixture[str]) -> None:
        code = main([str(false), "--key", beside.format(log=false)])

        said = capsys.readouterr()
        assert code == 2
        assert said.out == ""
        assert "公钥与日志放在一处" in said.err

    def test_is_not_taken_by_a_link_from_elsewhere(
        self, false: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "my.vkey").symlink_to(false / "key")

        assert main([str(false), "--key", str(tmp_path / "my.vkey")]) == 2

    def test_makes_no_log_of_it_for_who_has_the_true_one(
        self, false: Path, thousand: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([str(thousand), "--key", str(LOG.verifier)]) == 0
        assert main([str(false), "--key", str(LOG.verifier)]) == 1
        assert "检查点没有所给公钥的有效签名" in capsys.readouterr().out


@dataclass(frozen=True)
class Message:
    """Of this sequence; with other content, or under another event's id, than the one that was sent."""

    sequence: int
    content: dict[str, Any] = field(default_factory=dict)
    event_id: str | None = None


SENT = [Message(number) for number in (1, 2, 3, 4)]
FIRST, SECOND, THIRD, LAST = SENT
OTHER_THIRD = Message(3, {"permits": False})


class TestOnTheWay:
    """Somebody at the bus, who can keep back, repeat or write any message. The service's own statement follows."""

    @pytest.mark.parametrize(
        ("heard", "raised"),
        [
            pytest.param(SENT, [], id="nothing"),
            pytest.param([*SENT, *SENT, LAST], [], id="repeat"),
            pytest.param([FIRST, SECOND, LAST], ["gap 3-3", "tally_differs 3-3"], id="keep one back"),
            pytest.param([FIRST, SECOND, THIRD], ["gap 4-4", "tally_differs 4-4"], id="keep the last one back"),
            pytest.param([], ["gap 1-4", "tally_differs 1-4"], id="keep all back"),
            pytest.param([FIRST, THIRD, SECOND, LAST], ["gap 2-2", "out_of_order 2-2"], id="turn round"),
            pytest.param([FIRST, SECOND, OTHER_THIRD, LAST], ["tally_differs 3-3"], id="write another"),
            pytest.param([*SENT, OTHER_THIRD], ["conflict 3-3"], id="write another afterwards"),
            pytest.param([*SENT, Message(3, event_id="x")], ["conflict 3-3"], id="repeat as another event"),
            pytest.param(
                [*SENT, Message(5, {"decision_id": "decision-3"}, "x")],
                ["conflict 5-5"],
                id="tell a decision again in another place",
            ),
        ],
    )
    async def test_is_noticed(
        self, bench: Bench, hear: Callable[..., Awaitable[None]], heard: list[Message], raised: list[str]
    ) -> None:
        for one in heard:
            await hear(a_decision(one.sequence, **one.content), one.sequence, event_id=one.event_id)
        entered = len(await bench.rows(Entry))
        await hear(self.tally(bench), 5)

        assert entered == len({one.sequence for one in heard} & {1, 2, 3, 4})
        assert [f"{kind} {first}-{last}" for kind, _, first, last in await alarms(bench)] == raised

    def tally(self, bench: Bench) -> DecisionsTallied:
        """What the service states that it sent: four decisions."""
        sent = [record_of(a_decision(number), number) for number in range(1, 5)]
        marks = b"".join(
            mark_of(f"event-recruitment-{one.offset}", one.value or b"", keys=bench.runtime.keys) for one in sent
        )
        return DecisionsTallied(
            service="recruitment",
            day=date(2026, 5, 6),
            first_sequence=1,
            last_sequence=4,
            digest=hashlib.sha256(marks).hexdigest(),
            marks=base64.b64encode(marks).decode(),
        )
