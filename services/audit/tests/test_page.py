"""The page that checks a receipt in a browser: what it says of good and bad ones, and that it says it by itself."""

import base64
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.rules.entries import Origin, decision_entry
from audit.tests.chromium import Chromium, Tab, browsing, program
from audit.tests.sample_log import (
    DISCLOSURES,
    LOG,
    OTHER,
    PARTS,
    SEEN,
    WITNESS,
    decision,
    disclose,
    receipt,
    write_log,
)
from audit.tlog.findings import LABELS, WITHIN, Outcome
from audit.tlog.notes import Checkpoint, CosigningKey, Ed25519Key, add_signatures, encode, sign_note
from audit.tlog.receipts import Receipt, open_entry, read_receipt, write_receipt
from audit.tlog.tree import hash_leaf
from audit.tlog.verifying import PARTS_OF_DECISION, verify_receipt
from common.events.decisions import DecisionRecorded
from common.words import WORDS

PAGE = Path(__file__).parents[1] / "page" / "check.html"
INDEX = 417
SIZE = 1000
STRANGER = CosigningKey("witness.example/w2", hashlib.sha256(b"another witness").digest())
STATES = {Outcome.HOLDS: "good", Outcome.FAILS: "bad", Outcome.UNCHECKED: "missing"}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    found = program()
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("no chromium on this machine: apt-get install chromium")
    if found is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with browsing(found, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def tab(chromium: Chromium) -> Iterator[Tab]:
    opened = Tab(chromium)
    opened.call("Emulation.setTimezoneOverride", timezoneId="Asia/Shanghai")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    entries = [decision(number) for number in range(SIZE)]
    entries[INDEX] = decision(INDEX, DISCLOSURES)
    write_log(folder, entries, witnessed=True)
    return folder


@pytest.fixture(scope="module")
def note(folder: Path) -> str:
    return (folder / "checkpoint").read_text()


@pytest.fixture
def good(folder: Path, note: str) -> str:
    """With the disclosures of everything but the account."""
    return receipt(folder, note, INDEX, DISCLOSURES[:3])


Show = Callable[..., dict[str, Any]]


@pytest.fixture
def show(tab: Tab, tmp_path: Path) -> Show:
    """Have the page check a receipt; what it answers."""

    def shown(
        text: str, *, key: str = str(LOG.verifier), witness: str = "", language: str = "en", at: str = PAGE.as_uri()
    ) -> dict[str, Any]:
        file = tmp_path / "decision.tlog-proof"
        file.write_text(text, newline="\n")
        tab.open(f"{at}#{language}")
        tab.attach_file("#receipt", file)
        return press_check(tab, key=key, witness=witness)

    return shown


def press_check(tab: Tab, *, key: str, witness: str = "") -> dict[str, Any]:
    tab.evaluate(f"document.getElementById('keys').value = {json.dumps(key)}")
    tab.evaluate(f"document.getElementById('witnesses').value = {json.dumps(witness)}")
    tab.evaluate("document.getElementById('check').click()")
    tab.until("!document.getElementById('result').hidden")
    return answer(tab)


def answer(tab: Tab) -> dict[str, Any]:
    """The verdict, the state of each check by its name, the words of them, and the text of each section shown."""
    found: dict[str, Any] = tab.evaluate("""(() => {
      const checks = Array.from(document.querySelectorAll("#checks li"));
      const sections = Array.from(document.querySelectorAll("#result section")).filter((one) => !one.hidden);
      return {
        verdict: document.getElementById("verdict").dataset.state,
        checks: Object.fromEntries(checks.map((one) => [one.dataset.check, one.dataset.state])),
        words: checks.map((one) => one.innerText).join("\\n"),
        shown: Object.fromEntries(sections.map((one) => [one.id, one.innerText])),
      };
    })()""")
    return found


def changed(text: str, **parts: Any) -> str:
    """The receipt with other parts, written anew."""
    known = read_receipt(text)
    return write_receipt(Receipt(**({**known.__dict__, **parts})))


def tampered_entry(text: str) -> str:
    entry = read_receipt(text).entry
    assert entry is not None
    return changed(text, entry=entry.replace(b'"permits":true', b'"permits":false'))


def tampered_disclosure(text: str) -> str:
    _, *others = read_receipt(text).disclosures
    return changed(text, disclosures=(disclose("subject", PARTS["subject"] | {"subject": "worker-8"}), *others))


def tampered_path(text: str) -> str:
    first, *others = read_receipt(text).path
    return changed(text, path=[bytes([first[0] ^ 1]) + first[1:], *others])


def tampered_size(text: str) -> str:
    return changed(text, note=read_receipt(text).note.replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n"))


def resigned(text: str, key: Ed25519Key) -> str:
    checkpoint = Checkpoint(LOG.verifier.name, SIZE, base64.b64decode(read_receipt(text).note.split("\n")[2]))
    return changed(text, note=sign_note(checkpoint.text(), key))


def of_a_tree(text: str, *, index: int, size: int) -> str:
    """The log signs the entry's own hash as the root over so many entries; the path is empty."""
    entry = read_receipt(text).entry
    assert entry is not None
    signed = sign_note(Checkpoint(LOG.verifier.name, size, hash_leaf(entry)).text(), LOG)
    return changed(text, index=index, path=[], note=signed)


def loosely_encoded(text: str) -> str:
    """The same bytes, in base64 whose last bits are not zero."""
    first = encode(read_receipt(text).path[0])
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text.replace(first, first[:-2] + digits[digits.index(first[-2]) + 1] + "=")


ELSEWHERE = Ed25519Key("elsewhere.example/log", hashlib.sha256(b"test log key").digest())

CASES: dict[str, tuple[Callable[[str], str], str, str | None]] = {
    "a good receipt": (lambda text: text, "good", None),
    "one without any disclosure": (lambda text: changed(text, disclosures=()), "good", None),
    "an entry that was changed": (tampered_entry, "bad", "path"),
    "a disclosure that was changed": (tampered_disclosure, "bad", "parts"),
    "a disclosure that is none": (lambda text: changed(text, disclosures=("bm90IG9uZQ",)), "bad", "parts"),
    "the same disclosure twice": (lambda text: changed(text, disclosures=(DISCLOSURES[0],) * 2), "bad", "parts"),
    "a path that was changed": (tampered_path, "bad", "path"),
    "a path that was cut": (lambda text: changed(text, path=read_receipt(text).path[:-1]), "bad", "path"),
    "another number": (lambda text: changed(text, index=INDEX + 1), "bad", "path"),
    "a number beyond the log": (lambda text: changed(text, index=INDEX + SIZE), "bad", "path"),
    "the only entry of a log": (lambda text: of_a_tree(text, index=0, size=1), "good", None),
    "a path too short for the log": (lambda text: of_a_tree(text, index=0, size=2), "bad", "path"),
    "a number beyond a log of one": (lambda text: of_a_tree(text, index=1, size=1), "bad", "path"),
    "a hash that is not written as it should be": (loosely_encoded, "bad", "format"),
    "a checkpoint that was changed": (tampered_size, "bad", "signature"),
    "the key of somebody else": (lambda text: resigned(text, OTHER), "bad", "signature"),
    "no entry": (lambda text: changed(text, entry=None), "missing", "path"),
    "an index with a leading zero": (lambda text: text.replace("index ", "index 0"), "bad", "format"),
    "lines that end as on Windows": (lambda text: text.replace("\n", "\r\n"), "bad", "format"),
    "something else": (lambda _: "hello\n\nworld\n", "bad", "format"),
}


class TestVerdict:
    @pytest.mark.parametrize("case", CASES)
    def test_of_the_page_is_that_of_the_verifier(self, show: Show, good: str, case: str) -> None:
        mangle, verdict, where = CASES[case]

        found = show(mangle(good))

        assert found["verdict"] == verdict
        assert where is None or found["checks"][where] == verdict
        assert STATES[verify_receipt(mangle(good), keys=[LOG.verifier]).outcome] == verdict

    @pytest.mark.parametrize("index", [0, 255, 256, SIZE - 8, SIZE - 2, SIZE - 1])
    def test_is_good_wherever_the_entry_stands(self, show: Show, folder: Path, note: str, index: int) -> None:
        assert show(receipt(folder, note, index))["verdict"] == "good"

    def test_needs_the_key(self, show: Show, good: str) -> None:
        found = show(good, key="")

        assert found["verdict"] == "missing"
        assert found["checks"] == {
            "format": "good", "path": "good", "signature": "missing", "witness": "note", "parts": "good",
        }  # fmt: skip
        assert "No key of the log was given" in found["words"]

    def test_is_not_given_with_what_is_no_key(self, show: Show, good: str) -> None:
        vkey = str(LOG.verifier)
        assert show(good, key=vkey[:-2] + "9" + vkey[-1:])["checks"]["signature"] == "missing"
        assert show(good, key=str(WITNESS.verifier))["checks"]["signature"] == "missing"

    def test_takes_the_old_key_or_the_new_one(self, show: Show, good: str) -> None:
        keys = f"# ours\n{OTHER.verifier}\n\n{LOG.verifier}\n"
        assert show(good, key=keys)["verdict"] == "good"

    def test_is_bad_for_a_log_that_bears_another_name_than_its_key(self, show: Show, good: str) -> None:
        found = show(resigned(good, ELSEWHERE), key=str(ELSEWHERE.verifier))
        assert found["checks"]["signature"] == "bad"
        assert "elsewhere.example/log" in found["words"]

    def test_goes_when_something_else_is_given(self, show: Show, tab: Tab, good: str) -> None:
        show(good)
        tab.call("Input.insertText", text="x")
        assert not tab.evaluate("document.getElementById('result').hidden")

        tab.evaluate("document.getElementById('keys').focus()")
        tab.call("Input.insertText", text="x")

        assert tab.evaluate("document.getElementById('result').hidden")


class TestWitnesses:
    def test_give_the_time(self, show: Show, good: str) -> None:
        found = show(good, witness=str(WITNESS.verifier))

        assert found["verdict"] == "good"
        assert f"Witness witness.example/w1 cosigned at {SEEN} (here 2026-01-01 08:00:00 UTC+8)" in found["words"]

    def test_that_did_not_cosign_are_missing(self, show: Show, good: str) -> None:
        found = show(good, witness=str(STRANGER.verifier))
        assert (found["verdict"], found["checks"]["witness"]) == ("missing", "missing")

    def test_that_did_not_cosign_are_named_beside_one_that_did(self, show: Show, good: str) -> None:
        found = show(good, witness=f"{WITNESS.verifier}\n{STRANGER.verifier}")
        assert found["verdict"] == "good"
        assert "No cosignature by witness witness.example/w2" in found["words"]

    def test_whose_cosignature_is_of_another_checkpoint_make_it_bad(self, show: Show, good: str) -> None:
        other = WITNESS.cosign(Checkpoint(LOG.verifier.name, 3, b"r" * 32).text(), time=1)
        bare = resigned(good, LOG)
        forged = changed(bare, note=add_signatures(read_receipt(bare).note, [other]))
        assert show(forged, witness=str(WITNESS.verifier))["checks"]["witness"] == "bad"

    def test_cannot_have_cosigned_at_the_end_of_time(self, show: Show, good: str) -> None:
        time = 1 << 63
        bare = read_receipt(resigned(good, LOG)).note
        message = f"cosignature/v1\ntime {time}\n{bare.partition(chr(10) * 2)[0]}\n".encode()
        seed = hashlib.sha256(b"test witness key").digest()
        signature = time.to_bytes(8, "big") + Ed25519PrivateKey.from_private_bytes(seed).sign(message)
        line = f"— {WITNESS.verifier.name} {encode(WITNESS.verifier.key_id + signature)}\n"
        found = show(changed(good, note=bare + line), witness=str(WITNESS.verifier))
        assert found["checks"]["witness"] == "bad"

    def test_are_not_the_log_itself(self, show: Show, good: str) -> None:
        assert show(good, witness=str(LOG.verifier))["checks"]["witness"] == "missing"


class TestContents:
    def test_are_the_decision_and_what_was_disclosed(self, show: Show, good: str) -> None:
        shown = show(good, language="zh")["shown"]

        for words in ("准许", "JL-10", "二（十）一", "2026-05-06", "worker-7", "社区专职工作者", "decision-417"):
            assert words in shown["decision"]
        assert PARTS["case"]["words"]["zh"] in shown["decision"]
        assert PARTS["policy"]["document_title"] in shown["parts"]
        assert "没有附上、不予公开或已删除：经办账号" in shown["parts"]

    def test_are_not_shown_when_they_are_not_in_the_log(self, show: Show, good: str) -> None:
        assert set(show(tampered_entry(good))["shown"]) == {"verdict", "checks", "values"}
        assert set(show(resigned(good, OTHER))["shown"]) == {"verdict", "checks", "values"}

    def test_leave_out_a_part_that_does_not_belong(self, show: Show, good: str) -> None:
        found = show(tampered_disclosure(good))
        assert "worker-8" not in json.dumps(found["shown"])
        assert "Subject" in found["words"]

    def test_hold_the_hashes(self, show: Show, good: str, note: str) -> None:
        entry = read_receipt(good).entry
        assert entry is not None
        leaf = base64.b64encode(hashlib.sha256(b"\0" + entry).digest()).decode()
        values = show(good)["shown"]["values"]
        assert leaf in values
        assert note.split("\n")[2] in values
        assert str(LOG.verifier) in values

    def test_come_from_a_file_where_the_receipt_has_none(self, show: Show, tab: Tab, good: str, tmp_path: Path) -> None:
        show(changed(good, entry=None))
        entry = tmp_path / "entry.json"
        entry.write_bytes((read_receipt(good).entry or b"") + b"\n")

        tab.attach_file("#entry", entry)
        found = press_check(tab, key=str(LOG.verifier))

        assert found["verdict"] == "good"
        assert "JL-10" in found["shown"]["decision"]

    def test_cannot_turn_the_direction_of_writing(self, show: Show, tmp_path: Path) -> None:
        disclosure = disclose("subject", {"subject": "<b>7</b>\u202e\u2066"})
        folder = tmp_path / "log"
        folder.mkdir()
        note = write_log(folder, [decision(0, [disclosure])])
        shown = show(receipt(folder, note, 0, [disclosure]))["shown"]
        assert r"<b>7</b>\u202e\u2066" in shown["decision"]

    def test_of_an_entry_with_two_readings_are_not_shown(self, show: Show, tmp_path: Path) -> None:
        folder = tmp_path / "log"
        folder.mkdir()
        note = write_log(folder, [b'{"permits":false,"permits":true}'])
        found = show(receipt(folder, note, 0))
        assert (found["verdict"], found["checks"]["parts"]) == ("missing", "missing")
        assert "decision" not in found["shown"]


class TestBrowser:
    def test_without_ed25519_is_told_so_and_the_rest_is_checked(self, show: Show, tab: Tab, good: str) -> None:
        tab.call(
            "Page.addScriptToEvaluateOnNewDocument",
            source="crypto.subtle.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))",
        )
        found = show(good, witness=str(WITNESS.verifier))
        assert found["verdict"] == "missing"
        assert found["checks"] == {
            "format": "good", "path": "good", "signature": "missing", "witness": "missing", "parts": "good",
        }  # fmt: skip
        assert "This browser cannot check Ed25519 signatures" in found["words"]

    def test_whose_ed25519_does_not_work_calls_no_signature_bad(self, show: Show, tab: Tab, good: str) -> None:
        tab.call("Page.addScriptToEvaluateOnNewDocument", source="crypto.subtle.verify = () => Promise.resolve(false)")
        assert show(good)["checks"]["signature"] == "missing"

    def test_without_hashes_is_told_what_to_do(self, show: Show, tab: Tab, good: str) -> None:
        tab.call(
            "Page.addScriptToEvaluateOnNewDocument",
            source="Object.defineProperty(Crypto.prototype, 'subtle', {value: undefined})",
        )
        found = show(good)
        assert (found["verdict"], found["checks"]) == ("missing", {"format": "missing"})
        assert "open this page over https" in found["words"]

    def test_takes_a_dropped_file(self, tab: Tab, good: str) -> None:
        tab.open(PAGE.as_uri())
        tab.evaluate(f"""(() => {{
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([{json.dumps(good)}], "dropped.tlog-proof"));
          document.getElementById("keys").dispatchEvent(new DragEvent("drop", {{dataTransfer, bubbles: true}}));
        }})()""")
        assert press_check(tab, key=str(LOG.verifier))["verdict"] == "good"
        assert "dropped.tlog-proof" in tab.evaluate("document.getElementById('made').innerText")

    def test_is_asked_for_a_file_first(self, tab: Tab) -> None:
        tab.open(f"{PAGE.as_uri()}#en")
        tab.evaluate("document.getElementById('check').click()")
        assert tab.evaluate("document.getElementById('unchosen').innerText") == "Choose a receipt first."

    def test_is_told_when_the_file_has_changed_since_it_was_chosen(
        self, show: Show, tab: Tab, good: str, tmp_path: Path
    ) -> None:
        show(good)
        (tmp_path / "decision.tlog-proof").write_text("something else")
        tab.evaluate("document.getElementById('check').click()")
        tab.until("document.getElementById('unchosen').innerText.startsWith('The file cannot be read')")
        assert tab.evaluate("document.getElementById('result').hidden")

    def test_sends_nothing(self, show: Show, tab: Tab, good: str) -> None:
        show(good, witness=str(WITNESS.verifier))
        asked = {event["request"]["url"] for event in tab.events("Network.requestWillBeSent")}
        assert asked == {f"{PAGE.as_uri()}"}
        assert tab.evaluate("fetch('https://example.com/').then(() => 'sent', () => 'refused')") == "refused"

    def test_may_have_got_the_page_over_http(self, show: Show, tab: Tab, good: str) -> None:
        handler = partial(SimpleHTTPRequestHandler, directory=str(PAGE.parent))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            assert show(good, at=f"http://127.0.0.1:{server.server_port}/check.html")["verdict"] == "good"
            server.shutdown()


class TestReader:
    def test_changes_the_language_of_everything(self, show: Show, tab: Tab, good: str) -> None:
        show(good, language="zh")
        assert tab.evaluate("document.documentElement.lang") == "zh-CN"

        tab.evaluate("document.getElementById('say-en').click()")

        assert tab.evaluate("document.documentElement.lang") == "en"
        shown = tab.evaluate("document.body.innerText")
        assert "The receipt holds" in shown
        ours = shown.replace("中文", "").replace(PARTS["policy"]["document_title"], "").replace("二（十）一", "")
        assert not re.search(r"[\u4e00-\u9fff]", ours)

    def test_finds_a_name_on_every_control(self, tab: Tab) -> None:
        tab.open(PAGE.as_uri())
        tree = tab.call("Accessibility.getFullAXTree")["nodes"]
        controls = [
            node
            for node in tree
            if node["role"]["value"] in ("button", "textbox", "DisclosureTriangle") and not node["ignored"]
        ]
        assert len(controls) >= 5
        assert all(node["name"]["value"] for node in controls)

    def test_reaches_everything_with_the_keyboard(self, show: Show, tab: Tab, good: str, tmp_path: Path) -> None:
        tab.open(PAGE.as_uri())
        file = tmp_path / "decision.tlog-proof"
        file.write_text(good)
        tab.attach_file("#receipt", file)
        tab.evaluate("document.getElementById('receipt').focus()")

        tab.press("Tab", 9)
        tab.call("Input.insertText", text=str(LOG.verifier))
        tab.press("Tab", 9)
        tab.press("Tab", 9)
        assert tab.evaluate("document.activeElement.id") == "check"
        tab.press("Enter", 13, "\r")
        tab.until("!document.getElementById('result').hidden")

        assert answer(tab)["verdict"] == "good"
        assert tab.evaluate("document.activeElement.id") == "verdict"

    @pytest.mark.parametrize("case", ["a good receipt", "an entry that was changed", "no entry"])
    def test_can_tell_the_letters_from_the_ground(self, show: Show, tab: Tab, good: str, case: str) -> None:
        """WCAG 2.2, 1.4.3: 4.5 to 1."""
        show(CASES[case][0](good))
        faint = tab.evaluate(FAINT_TEXT)
        assert faint == []

    @pytest.mark.parametrize("width", [320, 390, 1280])
    def test_need_not_scroll_sideways(self, show: Show, tab: Tab, good: str, width: int) -> None:
        tab.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        show(good, witness=str(WITNESS.verifier))
        assert tab.evaluate("document.documentElement.scrollWidth") <= width

    def test_prints_the_answer_with_its_hashes_and_no_form(self, show: Show, tab: Tab, good: str) -> None:
        show(good)
        tab.call("Emulation.setEmulatedMedia", media="print")
        printed = tab.evaluate("document.body.innerText")
        assert "The receipt holds" in printed
        assert base64.b64encode(read_receipt(good).path[0]).decode() in printed
        assert str(LOG.verifier) in printed
        assert "Choose" not in printed
        assert "Drop the file here" not in printed


FAINT_TEXT = """(() => {
  const light = (channel) => channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map((one) => light(Number(one) / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (node) => {
    const colour = getComputedStyle(node).backgroundColor;
    return /^rgba.*, 0\\)$/.test(colour) && node.parentElement ? ground(node.parentElement) : colour;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.tagName === "SCRIPT") continue;
    const two = [luminance(getComputedStyle(node).color), luminance(ground(node))].sort((one, other) => other - one);
    if ((two[0] + 0.05) / (two[1] + 0.05) < 4.5) faint.push(texts.currentNode.data);
  }
  return faint;
})()"""


ORIGIN = Origin("event-1", "/contracts/decisions", "audit.decision_recorded.v1", 1, datetime(2026, 5, 6, tzinfo=UTC))
TOLD = DecisionRecorded(
    decision_id="decision-1",
    subject="worker-7",
    account="http://issuer.example|clerk",
    recorded_at=ORIGIN.time,
    rule="exit.failed_evaluations",
    rule_version=1,
    document="JL",
    document_title="社区专职工作者队伍建设的意见",
    policy_digest="0" * 64,
    clause="JL-10",
    at="二（十）一",
    says={},
    area="220102001",
    staff="community_worker",
    on=ORIGIN.time.date(),
    terms={},
    facts={},
    outcome=True,
    permits=True,
).model_dump(mode="json")


class TestSource:
    """What can be seen without a browser."""

    def test_allows_its_own_script_and_style_and_nothing_else(self) -> None:
        page = PAGE.read_text()
        allowed = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
        expected = "; ".join(
            [
                "default-src 'none'",
                f"script-src 'sha256-{_hash_of(page, 'script')}'",
                f"style-src 'sha256-{_hash_of(page, 'style')}'",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        )
        assert allowed is not None
        assert allowed[1] == expected

    def test_names_nothing_outside_itself(self) -> None:
        assert not re.search(r"""\b(src|href|action)\s*=|url\(|@import|https?://""", PAGE.read_text())

    def test_calls_things_as_the_verifier_does(self) -> None:
        words = _words()
        assert words["labels"] == {name: {"zh": zh, "en": en} for name, (zh, en) in LABELS.items()}
        assert words["inner"] == {name: {"zh": zh, "en": en} for name, (zh, en) in WITHIN.items()}

    def test_has_a_name_for_every_member_of_a_decision(self) -> None:
        made = decision_entry(ORIGIN, TOLD, recorded_at=ORIGIN.time)
        contents = open_entry(made.leaf, list(made.disclosures.values()))
        assert contents.shown.keys() | contents.disclosed.keys() <= LABELS.keys()
        assert set(PARTS_OF_DECISION) == contents.disclosed.keys()
        for part in contents.disclosed.values():
            assert not isinstance(part, dict) or part.keys() <= WITHIN.keys()

    def test_calls_staff_as_the_platform_does(self) -> None:
        assert {code: one["zh"] for code, one in _words()["staff"].items()} == {
            code: WORDS[code] for code in _words()["staff"]
        }

    def test_says_everything_in_both_languages(self) -> None:
        zh, en = _words()["zh"], _words()["en"]
        assert zh.keys() == en.keys()
        for code in zh:
            assert set(re.findall(r"\{\w+\}", zh[code])) == set(re.findall(r"\{\w+\}", en[code])), code

    def test_has_a_use_for_every_word(self) -> None:
        page = PAGE.read_text()
        rest = page[: page.index('id="words"')] + page[page.index('"use strict"') :]
        unused = [code for code in _words()["zh"] if code not in rest and not code.endswith("_more")]
        assert unused == []


def _hash_of(page: str, tag: str) -> str:
    content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert content is not None
    return base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()


def _words() -> dict[str, Any]:
    content = re.search(r'id="words">(.*?)</script>', PAGE.read_text(), re.DOTALL)
    assert content is not None
    words: dict[str, Any] = json.loads(content[1])
    return words
