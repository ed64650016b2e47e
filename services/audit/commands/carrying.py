"""The whole log as a folder that can be carried elsewhere, and a log from such a folder.

`log/` holds the files that everybody may read. Beside it, one JSON object a line: `disclosures.jsonl`, sealed as they
are in the database, `erasures.jsonl`, `marks.jsonl` and `checkpoints.jsonl`. The keys are carried apart.
"""

import asyncio
import json
import shutil
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from audit.commands.rebuilding import rebuild_index
from audit.commands.signing import signer_of
from audit.models import (
    CheckpointTimestamp,
    Disclosure,
    Entry,
    Erasure,
    IndexedEntry,
    PublishedCheckpoint,
    QueuedEntry,
)
from audit.queries.log import log_path, published_log
from audit.rules.entries import EntryType
from audit.tlog.findings import Outcome
from audit.tlog.folder import LogFolder
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.tiles import path_of, tiles_at
from audit.tlog.verifying import verify_log
from common.actors import service_actor
from common.clock import utc_now
from common.service import Runtime
from common.transaction import transaction

_BATCH = 1000


class CannotCarry(Exception):
    """Why the log cannot be exported or imported; nothing was changed."""


async def export_log(runtime: Runtime, folder: Path) -> int:
    """As it was published last; the folder must be empty or absent. Gives the number of entries."""
    log = await asyncio.to_thread(published_log, runtime.settings)
    if log is None:
        raise CannotCarry("还没有公布的检查点 (nothing is published yet)")
    if folder.exists() and any(folder.iterdir()):
        raise CannotCarry(f"{folder} 不是空目录 (is not empty)")
    size = log.checkpoint.size
    async with runtime.sessions(info={"actor": service_actor("audit"), "reads": True}) as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        if await _erases_unpublished(session, size):
            raise CannotCarry("有抹除尚未公布，请稍后再导出 (an erasure is not published yet: try again shortly)")
        await asyncio.to_thread(_copy_log, log_path(runtime.settings), folder / "log", size)
        for name, table, row in _CARRIED:
            with (folder / name).open("w", encoding="utf-8") as file:
                async for one in _rows(session, table, size):
                    if (line := row(one)) is not None:
                        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    (folder / "log" / "checkpoint").write_text(log.note, "utf-8")
    return size


async def _erases_unpublished(session: AsyncSession, size: int) -> bool:
    """Whether something is gone from entries that are carried, and the entry that says so would not be."""
    entered = select(IndexedEntry.index).where(IndexedEntry.type == EntryType.ERASED, IndexedEntry.index >= size)
    waiting = select(QueuedEntry.queue_id).where(QueuedEntry.type == EntryType.ERASED)
    return bool(await session.scalar(select(or_(entered.exists(), waiting.exists()))))


def _copy_log(source: Path, target: Path, size: int) -> None:
    for tile in tiles_at(size):
        place = target / path_of(tile)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path_of(tile), place)
    target.mkdir(parents=True, exist_ok=True)


async def _rows(session: AsyncSession, table: Any, size: int) -> AsyncIterator[Any]:
    place = table.size if hasattr(table, "size") else table.index
    query = select(table).where(place <= size if hasattr(table, "size") else place < size).order_by(place)
    async for row in await session.stream_scalars(query.execution_options(yield_per=_BATCH)):
        yield row


async def import_log(runtime: Runtime, folder: Path) -> int:
    """Into an empty database and an empty folder, after everything was verified. Gives the number of entries."""
    source, target = folder / "log", log_path(runtime.settings)
    signer = signer_of(runtime.settings, runtime.keys)
    report = await asyncio.to_thread(verify_log, FolderSource(source), keys=signer.verifiers)
    checkpoint = report.checkpoint
    if report.outcome is not Outcome.HOLDS or checkpoint is None:
        raise CannotCarry("; ".join(one.words("zh") for one in report.findings if one.outcome is not Outcome.HOLDS))
    if signer.last_signed() is not None or (target / "checkpoint").exists():
        raise CannotCarry("此处已有日志 (there is a log here already)")
    async with transaction(
        runtime.sessions, actor=service_actor("audit"), now=utc_now(), service="audit", policies=runtime.policies
    ) as tx:
        if await tx.session.scalar(select(func.count()).select_from(Entry)):
            raise CannotCarry("数据库不是空的 (the database is not empty)")
        await asyncio.to_thread(_copy_log, source, target, checkpoint.size)
        await _read_rows(tx.session, folder)
        await rebuild_index(tx, LogReader(FolderSource(target), checkpoint.size), sealer=runtime.sealer)
        for line in _lines(folder / "marks.jsonl"):
            marked = update(IndexedEntry).where(IndexedEntry.index == line["index"])
            await tx.session.execute(marked.values(mark=b64decode(line["mark"])))
    # Last, so that an import that failed can be done again.
    signer.replace(None, checkpoint)
    await asyncio.to_thread(LogFolder(target).publish, report.note or "")
    return checkpoint.size


async def _read_rows(session: AsyncSession, folder: Path) -> None:
    for name, table, read in (
        ("disclosures.jsonl", Disclosure, _disclosure_of),
        ("erasures.jsonl", Erasure, dict),
        ("checkpoints.jsonl", PublishedCheckpoint, _checkpoint_of),
        ("timestamps.jsonl", CheckpointTimestamp, _timestamp_of),
    ):
        batch: list[dict[str, Any]] = []
        for line in _lines(folder / name):
            batch.append(read(line))
            if len(batch) == _BATCH:
                await session.execute(insert(table), batch)
                batch = []
        if batch:
            await session.execute(insert(table), batch)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _mark_line(row: IndexedEntry) -> dict[str, Any] | None:
    return None if row.mark is None else {"index": row.index, "mark": _text(row.mark)}


_CARRIED: tuple[tuple[str, Any, Callable[[Any], dict[str, Any] | None]], ...] = (
    (
        "disclosures.jsonl",
        Disclosure,
        lambda row: {"index": row.index, "name": row.name, "area": row.area, "sealed": _text(row.sealed)},
    ),
    (
        "erasures.jsonl",
        Erasure,
        lambda row: {"index": row.index, "name": row.name, "erasure_id": row.erasure_id},
    ),
    ("marks.jsonl", IndexedEntry, _mark_line),
    (
        "checkpoints.jsonl",
        PublishedCheckpoint,
        lambda row: {
            "size": row.size,
            "root": _text(row.root),
            "note": row.note,
            "published_at": row.published_at.isoformat(),
        },
    ),
    (
        "timestamps.jsonl",
        CheckpointTimestamp,
        lambda row: {"size": row.size, "token": _text(row.token), "requested_at": row.requested_at.isoformat()},
    ),
)


def _disclosure_of(line: Mapping[str, Any]) -> dict[str, Any]:
    return {**line, "sealed": b64decode(line["sealed"])}


def _checkpoint_of(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **line,
        "root": b64decode(line["root"]),
        "published_at": datetime.fromisoformat(line["published_at"]),
    }


def _timestamp_of(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **line,
        "token": b64decode(line["token"]),
        "requested_at": datetime.fromisoformat(line["requested_at"]),
    }
