"""The published log as this process sees it: its checkpoint, and proofs from its tiles."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from audit.tlog.notes import BadNote, Checkpoint, encode, parse_checkpoint, split_note
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.sources import FolderSource, LogUnreachable
from common.errors import BusinessError
from common.settings import Settings


class NothingPublished(BusinessError):
    status = 404
    zh = "还没有公布任何检查点。请稍后重试；若一直如此，请运维人员查看日志告警。"
    en = "No checkpoint has been published yet. Try again shortly; if this stays so, look at the log's alarms."


class LogDamaged(BusinessError):
    status = 503
    zh = "日志文件 {path} 缺失或损坏，无法出具证明。请运维人员运行 fsck，并查看日志告警。"
    en = "The log's file {path} is missing or damaged, so nothing can be proved. An operator should run fsck."


@dataclass(frozen=True)
class Published:
    """The newest checkpoint that satisfies the policy, and the tiles under it."""

    note: str
    checkpoint: Checkpoint
    reader: LogReader

    def covers(self, index: int) -> bool:
        return index < self.checkpoint.size

    def path(self, index: int) -> list[bytes]:
        """RFC 6962 §2.1.1, the leaf's sibling first."""
        try:
            return self.reader.inclusion_path(index)
        except (TileMissing, TileMalformed) as fault:
            raise LogDamaged(path=fault.path) from fault
        except LogUnreachable as fault:
            raise LogDamaged(path="log/") from fault

    def hashes(self, index: int) -> list[str]:
        return [encode(one) for one in self.path(index)]


def published_log(settings: Settings) -> Published | None:
    """None where nothing is published yet. Blocks on files."""
    folder = log_path(settings)
    try:
        note = (folder / "checkpoint").read_text("utf-8")
    except FileNotFoundError:
        return None
    return _open(folder, note)


def log_path(settings: Settings) -> Path:
    return settings.folder / "log"


@lru_cache(maxsize=2)
def _open(folder: Path, note: str) -> Published:
    try:
        checkpoint = parse_checkpoint(split_note(note)[0])
    except BadNote as fault:
        raise LogDamaged(path="checkpoint") from fault
    return Published(note, checkpoint, LogReader(FolderSource(folder), checkpoint.size))
