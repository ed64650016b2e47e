"""The database again from the log's files: what it is searched by, and entries it has lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from audit.commands.intake import LOCK_SEQUENCER
from audit.models import Disclosure, Entry, Erasure, IndexedEntry, QueuedEntry, SourceState
from audit.queries.disclosures import disclosures_of, values_of
from audit.rules.entries import EntryType, attributes_of, content_of, found_by
from audit.tlog.reading import LogReader
from common.fields import Sealer
from common.transaction import Transaction

_BATCH = 500


class EntryAltered(ValueError):
    def __init__(self, index: int) -> None:
        super().__init__(
            f"数据库中第 {index} 条与日志文件不同，条目不可改写：请另建空库再重建 "
            f"(entry {index} of the database differs from the file and cannot be replaced: start from an empty one)"
        )


async def rebuild_index(tx: Transaction, log: LogReader, *, sealer: Sealer) -> int:
    """Enter what the files hold and the database lacks, index all of it anew; gives the number of entries.

    Marks are kept where they still are. What the database has beyond the files is left as it is: it is not signed yet.
    Disclosures that are lost stay lost, and show as missing. Raises EntryAltered, and then changes nothing.
    """
    await tx.session.execute(LOCK_SEQUENCER)
    await _erase_again(tx, log)
    marks = await _marks(tx)
    await tx.session.execute(delete(IndexedEntry).where(IndexedEntry.index < log.size))
    for start in range(0, log.size, _BATCH):
        end = min(start + _BATCH, log.size)
        held = [(index, leaf, attributes_of(leaf)) for index, leaf in enumerate(log.entries(start, end), start=start)]
        expected = [_entry(*one) for one in held]
        await tx.session.execute(insert(Entry).on_conflict_do_nothing(), expected)
        await _require_same(tx, expected)
        left = await disclosures_of(tx.session, list(range(start, end)), sealer=sealer)
        rows = [
            {
                "index": index,
                "mark": marks.get(index),
                **found_by(attributes, content_of(values_of(left[index].values()))),
            }
            for index, _, attributes in held
        ]
        await tx.session.execute(insert(IndexedEntry), rows)
        tx.session.expunge_all()
    # A backup may bring back what was waiting when it was made and is entered by now.
    await tx.session.execute(delete(QueuedEntry).where(QueuedEntry.event_id.in_(select(Entry.event_id))))
    await _expect_what_follows(tx)
    return log.size


async def _marks(tx: Transaction) -> dict[int, bytes]:
    rows = await tx.session.execute(select(IndexedEntry.index, IndexedEntry.mark).where(IndexedEntry.mark.is_not(None)))
    return {place: mark for place, mark in rows if mark is not None}


def _entry(index: int, leaf: bytes, held: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": index,
        "leaf": leaf,
        "source": held["source"],
        "sequence": int(held["sequence"]),
        "event_id": held["id"],
        "decision_id": held.get("decision_id"),
    }


async def _require_same(tx: Transaction, expected: Sequence[Mapping[str, Any]]) -> None:
    indices = [one["index"] for one in expected]
    found = {row.index: row for row in await tx.session.scalars(select(Entry).where(Entry.index.in_(indices)))}
    for one in expected:
        row = found.get(one["index"])
        if row is None or any(getattr(row, name) != value for name, value in one.items()):
            raise EntryAltered(one["index"])


async def _erase_again(tx: Transaction, log: LogReader) -> None:
    """What the log says was erased stays erased, though a backup brought the disclosures back."""
    for one in map(attributes_of, log.entries(0, log.size)):
        if one["type"] != EntryType.ERASED:
            continue
        indices = [int(index) for index in one["indices"]]
        rows = [{"index": index, "name": one["part"], "erasure_id": one["erasure_id"]} for index in indices]
        await tx.session.execute(insert(Erasure).on_conflict_do_nothing(), rows)
        brought_back = delete(Disclosure).where(Disclosure.index.in_(indices), Disclosure.name == one["part"])
        await tx.session.execute(brought_back)


async def _expect_what_follows(tx: Transaction) -> None:
    last = await tx.session.execute(select(Entry.source, func.max(Entry.sequence)).group_by(Entry.source))
    for source, sequence in last:
        state = {"next_sequence": sequence + 1, "heard_at": tx.now}
        await tx.session.execute(
            insert(SourceState)
            .values(source=source, **state)
            .on_conflict_do_update(index_elements=["source"], set_=state)
        )
