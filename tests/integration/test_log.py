"""The log as an inspector meets it: through the gateway, with a key from elsewhere and tools of her own."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.embedded.platform import Platform
from tests.integration import exchange


@pytest.fixture
def inspector(platform: Platform, undisturbed: dict[str, Any]) -> Iterator[httpx.Client]:
    """Signed in as an auditor of the whole nation; every decision of the lives is under a witnessed checkpoint."""
    with httpx.Client(base_url=platform.service_url("gateway"), trust_env=False, timeout=30) as gateway:
        token = gateway.post("/dev/tokens", json={"subject": "inspector", "roles": ["auditor"], "area": ""}).json()
        gateway.headers["Authorization"] = f"Bearer {token['access_token']}"
        exchange.until(lambda: published(gateway) >= entries(platform), lambda: "not all is under a checkpoint")
        yield gateway


def published(gateway: httpx.Client) -> int:
    answer = gateway.get("/log/checkpoint")
    return int(answer.text.splitlines()[1]) if answer.status_code == 200 else 0


def entries(platform: Platform) -> int:
    [(count,)] = exchange.query(platform, "audit", "SELECT count(*) FROM entry WHERE source <> '/audit/log'")
    return int(count)


@pytest.fixture
def decision_id(inspector: httpx.Client) -> str:
    [listed] = inspector.get("/v1/decisions", params={"clause": "JL-10", "limit": 1}).json()["items"]
    found: str = listed["decision_id"]
    return found


def verify(platform: Platform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "audit", "verify", *arguments]
    command += ["--policy", str(platform.folder / "log-policy")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestLog:
    def test_is_read_and_derived_again_through_the_gateway(self, platform, inspector):
        answer = verify(platform, f"{inspector.base_url}/log")

        assert answer.returncode == 0, answer.stdout + answer.stderr

    def test_its_files_say_how_long_they_may_be_kept(self, inspector):
        tile = inspector.get("/log/tile/0/000")

        assert len(tile.content) == 256 * 32
        assert "immutable" in tile.headers["cache-control"]
        assert inspector.get("/log/checkpoint").headers["cache-control"] == "no-cache"
        assert inspector.get("/log/tile/0/999").status_code == 404

    def test_asks_nobody_who_they_are(self, platform, inspector):
        anonymous = httpx.get(f"{inspector.base_url}/log/checkpoint", trust_env=False)

        assert "witness.invalid/here" in anonymous.text

    def test_is_accepted_by_tools_that_others_wrote(self, platform, inspector, tmp_path):
        pytest.importorskip("tlog_scales", reason="make test brings the tools of others")
        from tests.verifiers.tools import look

        key = (platform.folder / "log-policy").read_text("utf-8").split()[1]
        saved = tmp_path / "checkpoint"
        saved.write_text(inspector.get("/log/checkpoint").text, "utf-8")

        found = look(f"{inspector.base_url}/log", key=key, earlier=[saved])

        assert {one.tool: one.words for one in found if not one.ok} == {}
        assert len(found) == 3


class TestReceipt:
    def test_holds_by_itself(self, platform, inspector, decision_id, tmp_path):
        receipt = tmp_path / "decision.tlog-proof"
        text = inspector.get(f"/v1/decisions/{decision_id}/proof", headers={"Accept": "text/plain"}).text
        receipt.write_text(text, "utf-8")

        answer = verify(platform, "-", "--receipt", str(receipt))

        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert "JL-10" in answer.stdout

    def test_holds_by_code_of_an_outsiders_own(self, inspector, decision_id):
        proof = inspector.get(f"/v1/decisions/{decision_id}/proof").json()

        size = int(proof["checkpoint"].splitlines()[1])
        root = base64.b64decode(proof["checkpoint"].splitlines()[2])
        leaf = hashlib.sha256(b"\x00" + proof["entry"].encode()).digest()
        assert root_of(leaf, proof["index"], size, [base64.b64decode(one) for one in proof["hashes"]]) == root


class TestExplanation:
    def test_computes_again_by_the_rule_of_its_day(self, inspector, decision_id, tmp_path):
        explained = inspector.get(f"/v1/decisions/{decision_id}").json()
        (tmp_path / "decision.json").write_text(json.dumps(explained, ensure_ascii=False), "utf-8")

        answer = recompute(tmp_path / "decision.json")

        assert answer.returncode == 0, answer.stderr
        assert explained["terms_since"]
        assert explained["recorded"] is True

    def test_of_another_outcome_does_not(self, inspector, decision_id, tmp_path):
        explained = inspector.get(f"/v1/decisions/{decision_id}").json() | {"outcome": "altered"}
        (tmp_path / "decision.json").write_text(json.dumps(explained, ensure_ascii=False), "utf-8")

        assert recompute(tmp_path / "decision.json").returncode == 1


class TestReading:
    def test_is_recorded_too(self, inspector, decision_id):
        exchange.until(lambda: "JL-10" in searched(inspector), lambda: "the search does not stand in the log")


def searched(inspector: httpx.Client) -> set[str]:
    """The clauses that somebody searched for, as the log has it."""
    found, cursor = set(), None
    while True:
        asked = {"type": "audit.decisions_read.v1", "limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = inspector.get("/v1/log/entries", params=asked).json()
        found |= {one["disclosed"]["reading"]["question"].get("clause") for one in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return found


def recompute(file: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "common.policy", "recompute", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 §2.1.3.2, written here once more: an outsider does not use our code."""
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if place & 1 or place == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        place, last = place >> 1, last >> 1
    return found
