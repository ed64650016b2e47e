"""The database held against the log's files: every entry, what it is found by, and what is left of its disclosures."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Disclosure, Entry, Erasure, IndexedEntry, QueuedEntry
from audit.queries.disclosures import disclosures_of, values_of
from audit.rules.entries import EntryType, Part, attributes_of, content_of, found_by
from audit.tlog.reading import LogReader
from audit.tlog.receipts import digest_of
from common.fields import Sealer

_BATCH = 500


@dataclass(frozen=True)
class Fault:
    """What does not fit, and at which entry."""

    code: str
    index: int
    name: str = ""


@dataclass
class _Erasures:
    """What the log says was erased: index and name of each disclosure, by the erasure that took it.

    `gone` is what of a decision is not there; `lacking` how many disclosures are not there of another entry, whose
    digests do not say what they were.
    """

    said: dict[tuple[int, str], str] = field(default_factory=dict)
    gone: list[tuple[int, str]] = field(default_factory=list)
    lacking: Counter[int] = field(default_factory=Counter)

    def hear(self, held: Mapping[str, Any]) -> None:
        if held.get("type") == EntryType.ERASED:
            self.said |= {(int(index), held["part"]): held["erasure_id"] for index in held["indices"]}

    def miss(self, index: int, held: Mapping[str, Any], left: Mapping[str, str]) -> None:
        if held["type"] == EntryType.DECISION:
            self.gone += [(index, part) for part in Part if part not in left]
        elif len(left) < len(held["_sd"]):
            self.lacking[index] = len(held["_sd"]) - len(left)

    def missing(self) -> Iterator[Fault]:
        for place in self.gone:
            if place not in self.said:
                yield Fault("disclosure_missing", *place)
        erased = Counter(index for index, _ in self.said)
        for index, number in self.lacking.items():
            if number > erased[index]:
                yield Fault("disclosure_missing", index)


async def check_records(session: AsyncSession, log: LogReader, *, sealer: Sealer) -> AsyncIterator[Fault]:
    """Every fault of the rows against the first `log.size` entries of the files. The session must see every area.

    That the files are themselves the log that was signed is for the offline verifier to say. The session must be
    fresh: all of it is read as it stood at one moment, whatever is erased meanwhile.
    """
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    erasures = _Erasures()
    for start in range(0, log.size, _BATCH):
        end = min(start + _BATCH, log.size)
        leaves = await asyncio.to_thread(list, log.entries(start, end))
        rows = await _rows(session, start, end)
        left = await disclosures_of(session, list(range(start, end)), sealer=sealer)
        for index, leaf in enumerate(leaves, start=start):
            held = attributes_of(leaf)
            erasures.hear(held)
            for fault in _faults_of(index, leaf, held, rows.get(index), left[index]):
                yield fault
            erasures.miss(index, held, left[index])
        session.expunge_all()
    for held in await _erased_since(session, log.size):
        erasures.hear(held)
    for fault in erasures.missing():
        yield fault
    async for fault in _faults_of_erasures(session, erasures):
        yield fault
    for table in (Entry, IndexedEntry):
        if await session.scalar(select(func.count()).select_from(table).where(table.index < log.size)) != log.size:
            yield Fault("count_differs", log.size, table.__tablename__)


async def _rows(session: AsyncSession, start: int, end: int) -> dict[int, tuple[Entry, IndexedEntry | None]]:
    query = (
        select(Entry, IndexedEntry)
        .join(IndexedEntry, IndexedEntry.index == Entry.index, isouter=True)
        .where(Entry.index >= start, Entry.index < end)
    )
    return {entry.index: (entry, indexed) for entry, indexed in await session.execute(query)}


def _faults_of(
    index: int,
    leaf: bytes,
    held: Mapping[str, Any],
    row: tuple[Entry, IndexedEntry | None] | None,
    disclosures: Mapping[str, str],
) -> Iterator[Fault]:
    if row is None:
        yield Fault("entry_missing", index)
        return
    entry, indexed = row
    if entry.leaf != leaf:
        yield Fault("entry_differs", index)
    row_says = (entry.event_id, entry.source, str(entry.sequence), entry.decision_id)
    if row_says != (held["id"], held["source"], held["sequence"], held.get("decision_id")):
        yield Fault("row_differs", index)
    for name, disclosure in disclosures.items():
        if digest_of(disclosure) not in held["_sd"]:
            yield Fault("disclosure_differs", index, name)
            return
    if indexed is None:
        yield Fault("index_missing", index)
    elif not _is_found_by(indexed, found_by(held, content_of(values_of(disclosures.values())))):
        yield Fault("index_differs", index)


def _is_found_by(indexed: IndexedEntry, expected: Mapping[str, Any]) -> bool:
    """What was erased leaves the area as wide as whoever erased it may write: no wider than the county."""
    other = {name: value for name, value in expected.items() if name != "area"}
    return all(getattr(indexed, name) == value for name, value in other.items()) and (
        indexed.area == expected["area"] or (indexed.subject is None and indexed.area.startswith(expected["area"]))
    )


async def _erased_since(session: AsyncSession, size: int) -> list[dict[str, Any]]:
    """Erasures that are not published yet: entered after the first `size` entries, or waiting to be."""
    queued = await session.scalars(select(QueuedEntry).where(QueuedEntry.type == EntryType.ERASED))
    entered = await session.scalars(
        select(Entry.leaf)
        .join(IndexedEntry, IndexedEntry.index == Entry.index)
        .where(IndexedEntry.type == EntryType.ERASED, Entry.index >= size)
    )
    return [{"type": one.type, **one.shown} for one in queued] + list(map(attributes_of, entered))


async def _faults_of_erasures(session: AsyncSession, erasures: _Erasures) -> AsyncIterator[Fault]:
    said = sorted({index for index, _ in erasures.said})
    for start in range(0, len(said), _BATCH):
        among = Disclosure.index.in_(said[start : start + _BATCH])
        for index, name in await session.execute(select(Disclosure.index, Disclosure.name).where(among)):
            if (index, name) in erasures.said:
                yield Fault("erased_but_there", index, name)
    rows = await session.stream(
        select(Erasure.index, Erasure.name, Erasure.erasure_id), execution_options={"yield_per": _BATCH}
    )
    async for place, name, erasure_id in rows:
        if erasures.said.get((place, name)) != erasure_id:
            yield Fault("erasure_not_in_log", place, name)


def as_line(fault: Fault) -> str:
    return json.dumps(vars(fault), ensure_ascii=False)
