"""The published log as this process sees it: its checkpoint, and proofs from its tiles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from audit.tlog.notes import BadNote, Checkpoint, Ed25519Key, VerifierKey, encode, read_checkpoint
from audit.tlog.policy import BadPolicy, Policy
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.sources import FolderSource, LogUnreachable
from audit.tlog.tree import hash_leaf
from common.errors import BusinessError
from common.keys import load_keys
from common.settings import Settings

log = structlog.get_logger()


class NothingPublished(BusinessError):
    status = 404
    zh = "还没有公布任何检查点。请稍后重试；若一直如此，请运维人员查看日志告警。"
    en = "No checkpoint has been published yet. Try again shortly; if this stays so, look at the log's alarms."


class LogDamaged(BusinessError):
    status = 503
    zh = "日志文件 {path} 缺失或损坏，无法出具证明。请运维人员运行 fsck，并查看日志告警。"
    en = "The log's file {path} is missing or damaged, so nothing can be proved. An operator should run fsck."


class EntryDiffers(BusinessError):
    status = 503
    zh = (
        "数据库中的日志第 {index} 条与已公布的日志不符，不予显示：有人改动了数据库。请告知审计员，由运维人员运行 fsck。"
    )
    en = (
        "Entry {index} in the database is not the one in the published log and is not shown: somebody changed the "
        "database. Tell an auditor; an operator should run fsck."
    )


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (TileMissing, TileMalformed) as fault:
        raise LogDamaged(path=fault.path) from fault
    except LogUnreachable as fault:
        raise LogDamaged(path="log/") from fault


@dataclass(frozen=True)
class Published:
    """The newest checkpoint that satisfies the policy, and the tiles under it."""

    note: str
    checkpoint: Checkpoint
    reader: LogReader

    def covers(self, index: int) -> bool:
        return index < self.checkpoint.size

    def require_held(self, index: int, entry: bytes) -> None:
        """That the entry under the checkpoint is this one. Raises EntryDiffers."""
        with _readable():
            held = self.reader.leaf_hash(index)
        if held != hash_leaf(entry):
            log.error("entry_differs", index=index)
            raise EntryDiffers(index=index)

    def path(self, index: int) -> list[bytes]:
        """RFC 6962 §2.1.1, the leaf's sibling first."""
        with _readable():
            return self.reader.inclusion_path(index)

    def hashes(self, index: int) -> list[str]:
        return [encode(one) for one in self.path(index)]


def published_log(settings: Settings) -> Published | None:
    """None where nothing is published yet. Blocks on files."""
    folder = log_path(settings)
    try:
        note = (folder / "checkpoint").read_text("utf-8")
        policy = settings.log_policy.read_text("utf-8") if settings.log_policy else None
    except FileNotFoundError as missing:
        if missing.filename == str(settings.log_policy):
            raise LogDamaged(path="LOG_POLICY") from missing
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise LogDamaged(path="checkpoint") from fault
    return _open(folder, note, verifiers_of(settings), policy)


def verifiers_of(settings: Settings) -> tuple[VerifierKey, ...]:
    """The keys that sign this log, as verifiers."""
    seeds = load_keys(settings.keys_path).log_seeds
    return tuple(Ed25519Key(settings.log_origin, seed).verifier for seed in seeds)


def log_path(settings: Settings) -> Path:
    return settings.folder / "log"


@lru_cache(maxsize=2)
def _open(folder: Path, note: str, keys: tuple[VerifierKey, ...], policy: str | None) -> Published:
    """A file says anything: only what our key signed and the policy is content with counts."""
    try:
        checkpoint = read_checkpoint(note, *keys)
        content = policy is None or Policy.read(policy).is_satisfied(note)
    except (BadNote, BadPolicy) as fault:
        raise LogDamaged(path="checkpoint") from fault
    if not content:
        raise LogDamaged(path="checkpoint")
    return Published(note, checkpoint, LogReader(FolderSource(folder), checkpoint.size))
