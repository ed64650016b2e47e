"""Receipts as files, and what stands in the entries they carry."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.tests.sample_log import (
    DISCLOSURES,
    LOG,
    OTHER,
    PARTS,
    SEEN_AT,
    WITNESS,
    WITNESSED,
    decision,
    disclose,
    receipt,
    write_log,
)
from audit.tlog.findings import Outcome
from audit.tlog.notes import BadNote, Checkpoint, Ed25519Key, encode, sign_note
from audit.tlog.receipts import (
    BadDisclosure,
    BadEntry,
    Receipt,
    digest_of,
    open_entry,
    read_entry,
    read_receipt,
    write_receipt,
)
from audit.tlog.verifying import ReceiptReport, verify_receipt

NOTE = sign_note(Checkpoint("audit.example/log1", 5, b"r" * 32).text(), LOG)
KNOWN = Receipt(3, [b"a" * 32, b"b" * 32], NOTE, '{"words":"条款"}'.encode(), ("one", "two"))


class TestFile:
    def test_is_a_tlog_proof_whose_extra_line_carries_entry_and_disclosures(self) -> None:
        lines = write_receipt(KNOWN).split("\n")
        assert lines[0] == "c2sp.org/tlog-proof@v1"
        assert json.loads(base64.b64decode(lines[1].removeprefix("extra "))) == {
            "entry": '{"words":"条款"}',
            "disclosures": ["one", "two"],
        }
        assert lines[2:6] == ["index 3", encode(b"a" * 32), encode(b"b" * 32), ""]
        assert "\n".join(lines[6:]) == NOTE

    def test_has_no_extra_line_where_it_carries_nothing(self) -> None:
        assert write_receipt(replace(KNOWN, entry=None)).split("\n")[1] == "index 3"

    @pytest.mark.parametrize(
        "known",
        [KNOWN, replace(KNOWN, path=[]), replace(KNOWN, entry=None, disclosures=()), replace(KNOWN, disclosures=())],
        ids=["whole", "of a log of one", "bare", "without disclosures"],
    )
    def test_is_read_as_it_was_written(self, known: Receipt) -> None:
        assert read_receipt(write_receipt(known)) == known

    @pytest.mark.parametrize("extra", [b"age-v1.2.1.tar.gz", b"\xff\x00", b"[1]", b'{"entry":7}', b"[" * 100_000])
    def test_may_carry_what_others_wrote_for_themselves(self, extra: bytes) -> None:
        text = write_receipt(replace(KNOWN, entry=None)).replace("index", f"extra {encode(extra)}\nindex", 1)
        assert read_receipt(text) == replace(KNOWN, entry=None, disclosures=())

    @pytest.mark.parametrize(
        "mangle",
        [
            lambda text: text.replace("@v1", "@v2"),
            lambda text: text.replace("\n\n", "\n", 1),
            lambda text: text.replace("index 3", "index 03"),
            lambda text: text.replace("index 3", "index -3"),
            lambda text: text.replace("index 3", "index ３"),
            lambda text: text.replace("index 3\n", ""),
            lambda text: text.replace("index 3\n", "index 3\nextra YQ==\n"),
            lambda text: text.replace("extra ", "extra !"),
            lambda text: text.replace(encode(b"a" * 32), encode(b"a" * 31)),
            lambda text: text.replace(encode(b"a" * 32), encode(b"a" * 32)[:-1]),
            lambda text: text.replace("index 3", "index 3\n" + "\n".join([encode(b"c" * 32)] * 62)),
            lambda text: text.replace("\n", "\r\n"),
            lambda _: "",
        ],
    )
    def test_is_refused_where_the_form_is_another(self, mangle: Callable[[str], str]) -> None:
        with pytest.raises(BadNote):
            read_receipt(mangle(write_receipt(KNOWN)))

    @pytest.mark.parametrize("disclosures", ["one", [1], {"a": 1}])
    def test_is_refused_where_its_disclosures_are_no_texts(self, disclosures: object) -> None:
        extra = encode(json.dumps({"entry": "{}", "disclosures": disclosures}).encode())
        text = write_receipt(replace(KNOWN, entry=None)).replace("index", f"extra {extra}\nindex", 1)
        with pytest.raises(BadNote):
            read_receipt(text)


class TestEntry:
    # RFC 9901 §4.2.1: the first object property of its example, and the digest given for it.
    GIVEN = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    DIGEST = "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"

    def test_has_the_digest_of_a_disclosure_that_the_rfc_gives(self) -> None:
        assert digest_of(self.GIVEN) == self.DIGEST
        contents = open_entry(json.dumps({"_sd": [self.DIGEST], "_sd_alg": "sha-256"}).encode(), [self.GIVEN])
        assert contents.disclosed == {"family_name": "Möbius"}

    def test_says_what_stands_in_it_and_what_was_disclosed_and_how_much_was_not(self) -> None:
        contents = open_entry(decision(1, DISCLOSURES), DISCLOSURES[:2])
        assert contents.shown["clause"] == "JL-10"
        assert "_sd" not in contents.shown
        assert contents.disclosed == {"subject": PARTS["subject"], "case": PARTS["case"]}
        assert contents.undisclosed == 2

    @pytest.mark.parametrize(
        ("disclosures", "name"),
        [
            ([disclose("subject", "worker-8")], "subject"),
            ([DISCLOSURES[0], DISCLOSURES[0]], "subject"),
            ([disclose("subject", PARTS["subject"], salt="another")], "subject"),
            (["bm90IGpzb24"], None),
            (["WyJhIiwgImIiXQ"], None),
            (["WzEsICJiIiwgMl0"], None),
            (["ä"], None),
            (["A"], None),
        ],
        ids=["other value", "twice", "other salt", "no JSON", "two members", "salt no text", "no ASCII", "no base64"],
    )
    def test_names_a_disclosure_that_is_not_its_own(self, disclosures: list[str], name: str | None) -> None:
        with pytest.raises(BadDisclosure) as refused:
            open_entry(decision(1, DISCLOSURES), disclosures)
        assert refused.value.name == name

    def test_cannot_be_overruled_by_a_disclosure(self) -> None:
        overruling = disclose("permits", False)
        with pytest.raises(BadDisclosure):
            open_entry(decision(1, [overruling]), [overruling])

    def test_does_not_take_a_digest_that_stands_twice(self) -> None:
        entry = json.dumps({"_sd": [digest_of(DISCLOSURES[0])] * 2}).encode()
        with pytest.raises(BadDisclosure):
            open_entry(entry, DISCLOSURES[:1])

    @pytest.mark.parametrize(
        "entry",
        [
            b"hello",
            b"[1]",
            b"\xff",
            b'{"permits":true,"permits":false}',
            b'{"_sd":"x"}',
            b'{"_sd":["x"],"_sd_alg":"sha-1"}',
            b"[" * 60_000,
        ],
    )
    def test_that_has_not_one_reading_is_refused(self, entry: bytes) -> None:
        with pytest.raises(BadEntry):
            read_entry(entry)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Receipt:
    folder = tmp_path_factory.mktemp("log")
    entries = [decision(number) for number in range(300)]
    entries[7] = decision(7, DISCLOSURES)
    note = write_log(folder, entries, witnessed=True)
    return read_receipt(receipt(folder, note, 7, DISCLOSURES[:3]))


def check(known: Receipt, *, key: Ed25519Key = LOG, entries: tuple[bytes, ...] = ()) -> ReceiptReport:
    return verify_receipt(write_receipt(known), keys=[key.verifier], policy=WITNESSED, entries=entries)


def codes(report: ReceiptReport) -> dict[str, Outcome]:
    return {finding.code: finding.outcome for finding in report.findings}


class TestCheck:
    def test_says_what_was_decided_and_who_saw_it_when(self, good: Receipt) -> None:
        report = check(good)
        assert report.outcome is Outcome.HOLDS
        assert report.contents is not None
        assert report.contents.shown["decision_id"] == "decision-7"
        assert report.contents.disclosed["subject"] == PARTS["subject"]
        assert [(one.key, one.time) for one in report.signatures] == [
            (LOG.verifier, None),
            (WITNESS.verifier, SEEN_AT),
        ]

    def test_names_the_part_that_was_withheld(self, good: Receipt) -> None:
        words = next(finding for finding in check(good).findings if finding.code == "undisclosed")
        assert words.words("zh") == "没有附上、不予公开或已删除的内容：经办账号"
        assert words.words("en") == "not given, being withheld or erased: Account"

    def test_counts_the_parts_it_cannot_name(self, tmp_path: Path) -> None:
        note = write_log(tmp_path, [decision(0, DISCLOSURES[:2])])
        text = receipt(tmp_path, note, 0)
        report = verify_receipt(text, keys=[LOG.verifier])
        assert "2 more parts are not given" in report.findings[-1].words("en")

    def test_does_not_hold_for_another_entry(self, good: Receipt) -> None:
        assert good.entry is not None
        report = check(replace(good, entry=good.entry.replace(b"JL-10", b"JL-11")))
        assert codes(report)["receipt_not_included"] is Outcome.FAILS
        assert report.contents is None

    @pytest.mark.parametrize(
        "change",
        [
            lambda good: replace(good, index=8),
            lambda good: replace(good, index=300),
            lambda good: replace(good, path=good.path[:-1]),
            lambda good: replace(good, path=[*good.path, good.path[0]]),
            lambda good: replace(good, path=good.path[::-1]),
        ],
        ids=["next number", "number beyond", "path cut", "path longer", "path turned round"],
    )
    def test_does_not_hold_for_another_place(self, good: Receipt, change: Callable[[Receipt], Receipt]) -> None:
        assert codes(check(change(good)))["receipt_not_included"] is Outcome.FAILS

    def test_does_not_hold_with_a_disclosure_of_something_else(self, good: Receipt) -> None:
        report = check(replace(good, disclosures=(disclose("subject", "worker-8"),)))
        assert codes(report)["disclosure_foreign"] is Outcome.FAILS
        assert report.contents is not None
        assert report.contents.disclosed == {}

    def test_does_not_hold_under_another_key(self, good: Receipt) -> None:
        assert codes(check(good, key=OTHER))["checkpoint_not_signed"] is Outcome.FAILS

    def test_does_not_hold_where_the_checkpoint_was_changed(self, good: Receipt) -> None:
        report = check(replace(good, note=good.note.replace("\n300\n", "\n299\n")))
        assert codes(report)["checkpoint_not_signed"] is Outcome.FAILS

    def test_does_not_hold_without_the_witness_that_the_policy_asks_for(self, good: Receipt) -> None:
        unwitnessed = "".join(line for line in good.note.splitlines(keepends=True) if "witness.example" not in line)
        assert codes(check(replace(good, note=unwitnessed)))["not_witnessed"] is Outcome.FAILS

    def test_does_not_hold_with_a_forged_cosignature(self, good: Receipt) -> None:
        other = WITNESS.cosign("another\n3\nAAAA\n", time=SEEN_AT)
        kept = "".join(line for line in good.note.splitlines(keepends=True) if "witness.example" not in line)
        assert codes(check(replace(good, note=kept + other)))["bad_cosignature"] is Outcome.FAILS

    def test_does_not_hold_where_the_key_is_of_another_log(self, good: Receipt) -> None:
        stranger = Ed25519Key("elsewhere.example/log", b"s" * 32)
        text = good.note.partition("\n\n")[0] + "\n"
        report = check(replace(good, note=sign_note(text, stranger)), key=stranger)
        assert codes(report) == {"other_origin": Outcome.FAILS, **SOUND_INSIDE}

    def test_cannot_be_finished_without_the_entry(self, good: Receipt) -> None:
        bare = replace(good, entry=None)
        assert check(bare).outcome is Outcome.UNCHECKED
        assert check(bare, entries=(b"another", good.entry or b"")).outcome is Outcome.HOLDS
        assert check(bare, entries=(b"another",)).outcome is Outcome.FAILS

    def test_cannot_be_finished_where_the_entry_has_no_one_reading(self, tmp_path: Path) -> None:
        note = write_log(tmp_path, [b"no JSON"])
        report = verify_receipt(receipt(tmp_path, note, 0), keys=[LOG.verifier])
        assert codes(report)["receipt_included"] is Outcome.HOLDS
        assert codes(report)["entry_unreadable"] is Outcome.UNCHECKED

    def test_does_not_hold_for_a_file_of_another_kind(self) -> None:
        report = verify_receipt("hello\n\nworld\n", keys=[LOG.verifier])
        assert codes(report) == {"not_a_receipt": Outcome.FAILS}


SOUND_INSIDE = {
    "receipt_included": Outcome.HOLDS,
    "disclosures_hold": Outcome.HOLDS,
    "undisclosed": Outcome.NOTE,
}
