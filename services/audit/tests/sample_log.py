"""A small signed log in a folder, with decisions as this platform enters them, and receipts of them."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.tlog.folder import LogFolder
from audit.tlog.notes import Checkpoint, CosigningKey, Ed25519Key, add_signatures, sign_note
from audit.tlog.policy import Policy
from audit.tlog.reading import LogReader
from audit.tlog.receipts import Receipt, digest_of, write_receipt
from audit.tlog.sources import FolderSource
from audit.tlog.tree import EMPTY_ROOT

LOG = Ed25519Key("audit.example/log1", hashlib.sha256(b"test log key").digest())
OTHER = Ed25519Key("audit.example/log1", hashlib.sha256(b"somebody else's key").digest())
WITNESS = CosigningKey("witness.example/w1", hashlib.sha256(b"test witness key").digest())
SEEN_AT = 1_767_225_600
SEEN = "2026-01-01T00:00:00Z"
WITNESSED = Policy.read(
    f"log {LOG.verifier}\nwitness w1 {WITNESS.verifier}\nquorum w1\n",
)

PARTS: dict[str, Any] = {
    "subject": {"subject": "worker-7", "area": "220102001", "organisation": None},
    "case": {
        "facts": {"grades": {"2024": "not_qualified", "2025": "not_qualified"}},
        "outcome": True,
        "words": {"zh": "连续两年考核不合格，应退出岗位。", "en": "Two failed years running: the post ends."},
        "recorded_at": "2026-05-06T01:02:03Z",
    },
    "policy": {
        "document_title": "社区专职工作者队伍建设的意见",
        "says": {"zh": "连续两年不合格的应退出岗位。", "en": "Two failed years running end the post."},
        "terms": {"years_running": 2},
        "terms_since": {"years_running": "2020-05-06"},
    },
    "account": "http://issuer.example|clerk",
}


def disclose(name: str, value: Any, *, salt: str = "c2FsdCBvZiAxMjggYml0cw") -> str:
    content = json.dumps([salt, name, value], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decision(number: int, disclosures: Sequence[str] = (), **changes: Any) -> bytes:
    said = {
        "_sd": sorted(map(digest_of, disclosures)),
        "_sd_alg": "sha-256",
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "/contracts/decisions",
        "type": "audit.decision_recorded.v1",
        "time": "2026-05-06T01:02:03.000000Z",
        "recordedtime": "2026-05-06T01:02:04.000000Z",
        "sequence": str(number),
        "authtype": "user",
        "decision_id": f"decision-{number}",
        "clause": "JL-10",
        "rule": "exit.failed_evaluations",
        "rule_version": "1",
        "document": "JL",
        "at": "二（十）一",
        "policy_digest": "0" * 64,
        "area": "220102",
        "staff": "community_worker",
        "on": "2026-05-06",
        "permits": True,
    }
    return json.dumps(said | changes, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def erasure(number: int, part: str, *indices: int) -> bytes:
    """How the log says that a part of these entries was erased."""
    said = {
        "id": f"own-{number}",
        "source": "/audit/log",
        "type": "audit.disclosures_erased.v1",
        "erasure_id": "erasure-1",
        "part": part,
        "indices": [str(index) for index in indices],
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


DISCLOSURES = [disclose(name, value) for name, value in PARTS.items()]


def write_log(folder: Path, entries: Sequence[bytes], *, key: Ed25519Key = LOG, witnessed: bool = False) -> str:
    """The signed checkpoint over `entries`, whose folder holds nothing else."""
    size, root = LogFolder(folder).append(entries, after=(0, EMPTY_ROOT))
    return publish(folder, Checkpoint(LOG.verifier.name, size, root), key=key, witnessed=witnessed)


def grow_log(folder: Path, entries: Sequence[bytes], *, since: Checkpoint) -> str:
    size, root = LogFolder(folder).append(entries, after=(since.size, since.root))
    return publish(folder, Checkpoint(LOG.verifier.name, size, root))


def publish(folder: Path, checkpoint: Checkpoint, *, key: Ed25519Key = LOG, witnessed: bool = False) -> str:
    note = sign_note(checkpoint.text(), key)
    if witnessed:
        note = add_signatures(note, [WITNESS.cosign(checkpoint.text(), time=SEEN_AT)])
    LogFolder(folder).publish(note)
    return note


def receipt(folder: Path, note: str, index: int, disclosures: Sequence[str] = (), *, bare: bool = False) -> str:
    reader = LogReader(FolderSource(folder), int(note.split("\n")[1]))
    entry = None if bare else reader.entry(index)
    return write_receipt(Receipt(index, reader.inclusion_path(index), note, entry, tuple(disclosures)))
