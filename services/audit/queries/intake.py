from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Alarm, Entry, IndexedEntry, SourceState
from audit.rules.alarms import AlarmKind
from audit.rules.entries import OWN_SOURCE, EntryType, attributes_of, shown_in
from common.batches import Heard
from common.clock import CHINA
from common.events.decisions import DecisionRecorded


@dataclass(frozen=True)
class Earlier:
    """An entry that is of the same event, place or decision as a message."""

    index: int
    event_id: str
    mark: bytes | None
    leaf: bytes | None = None

    def is_told_again(self, one: Heard, mark: bytes) -> bool:
        """Whether it holds this very telling; of what was erased only what is left is compared."""
        if self.event_id != one.envelope.event_id:
            return False
        if self.mark is not None:
            return self.mark == mark
        held = attributes_of(self.leaf or b"{}")
        same_place = (held["source"], held["sequence"]) == (one.envelope.source, str(one.envelope.sequence))
        if not isinstance(one.event, DecisionRecorded):
            return same_place
        return same_place and shown_in(one.event.model_dump(mode="json")).items() <= held.items()


@dataclass
class Known:
    """Earlier entries by whatever makes two messages the same."""

    by_key: dict[tuple[str, Any], Earlier] = field(default_factory=dict)

    def like(self, one: Heard) -> Earlier | None:
        return next((self.by_key[key] for key in _keys_of(one) if key in self.by_key), None)

    def add(self, one: Heard, *, mark: bytes, index: int) -> None:
        earlier = Earlier(index, one.envelope.event_id, mark)
        self.by_key |= dict.fromkeys(_keys_of(one), earlier)


def _keys_of(one: Heard) -> list[tuple[str, Any]]:
    keys: list[tuple[str, Any]] = [
        ("event", one.envelope.event_id),
        ("place", (one.envelope.source, one.envelope.sequence)),
    ]
    if isinstance(one.event, DecisionRecorded):
        keys.append(("decision", one.event.decision_id))
    return keys


_LIKE = text("""
SELECT index AS place, event_id, source, sequence, decision_id, leaf FROM entry WHERE index IN (
    SELECT index FROM entry WHERE event_id = ANY(CAST(:events AS varchar[]))
    UNION ALL
    SELECT index FROM entry WHERE decision_id = ANY(CAST(:decisions AS varchar[]))
    UNION ALL
    SELECT placed.index
    FROM unnest(CAST(:sources AS varchar[]), CAST(:sequences AS bigint[])) AS told(source, sequence)
    CROSS JOIN LATERAL (
        SELECT index FROM entry WHERE source = told.source AND sequence = told.sequence LIMIT 1
    ) AS placed
)
""")


async def known_entries(session: AsyncSession, heard: Sequence[Heard], *, expected: Mapping[str, int]) -> Known:
    """The entries that are of the same event, decision or place in their source as any of these messages."""
    # Only what comes out of its turn can stand where something stands already.
    late = [one for one in heard if one.envelope.sequence < expected.get(one.envelope.source, 1)]
    alike = {
        "events": [one.envelope.event_id for one in heard],
        "decisions": [one.event.decision_id for one in heard if isinstance(one.event, DecisionRecorded)],
        "sources": [one.envelope.source for one in late],
        "sequences": [one.envelope.sequence for one in late],
    }
    rows = (await session.execute(_LIKE, alike)).all()
    marks = await _marks_at(session, [row.place for row in rows])
    known = Known()
    for row in rows:
        earlier = Earlier(row.place, row.event_id, marks.get(row.place), row.leaf)
        known.by_key["event", row.event_id] = earlier
        known.by_key["place", (row.source, row.sequence)] = earlier
        if row.decision_id is not None:
            known.by_key["decision", row.decision_id] = earlier
    return known


async def _marks_at(session: AsyncSession, indices: Sequence[int]) -> dict[int, bytes | None]:
    if not indices:
        return {}
    rows = await session.execute(select(IndexedEntry.index, IndexedEntry.mark).where(IndexedEntry.index.in_(indices)))
    return {place: mark for place, mark in rows}  # noqa: C416  # a row is no pair for the type checker


async def log_size(session: AsyncSession) -> int:
    last = await session.scalar(select(func.max(Entry.index)))
    return 0 if last is None else last + 1


async def leaves_after(session: AsyncSession, index: int, *, most: int) -> list[tuple[int, bytes]]:
    """Index and bytes of the entries from `index` on, in their order."""
    query = select(Entry.index, Entry.leaf).where(Entry.index >= index).order_by(Entry.index).limit(most)
    return [(place, leaf) for place, leaf in await session.execute(query)]


async def expected_sequences(session: AsyncSession) -> dict[str, int]:
    rows = await session.execute(select(SourceState.source, SourceState.next_sequence))
    return {row.source: row.next_sequence for row in rows}


# Arrays are one statement for a whole batch; as rows the statement would be built anew for each size of it.
_INDEXED = {
    "index": "bigint",
    "type": "varchar",
    "area": "varchar",
    "recorded_at": "timestamptz",
    "decided_at": "timestamptz",
    "mark": "bytea",
    "account": "varchar",
    "asked_account": "varchar",
    "subject": "varchar",
    "organisation": "varchar",
    "decision_id": "varchar",
    "clause": "varchar",
    "rule": "varchar",
    "staff": "varchar",
    "permits": "boolean",
    "on": "date",
}
_INDEX = text(
    f"""INSERT INTO indexed_entry ({", ".join(f'"{name}"' for name in _INDEXED)})
    SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _INDEXED.items())})"""  # noqa: S608
)


async def index_entries(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    await session.execute(_INDEX, {name: [row[name] for row in rows] for name in _INDEXED})


async def filled_gaps(session: AsyncSession, source: str) -> Sequence[int]:
    """Open gaps of the source in which nothing is missing any more."""
    inside = and_(Entry.source == Alarm.source, Entry.sequence.between(Alarm.first_sequence, Alarm.last_sequence))
    held = select(func.count(Entry.index)).where(inside).correlate(Alarm).scalar_subquery()
    query = select(Alarm.alarm_id).where(
        Alarm.kind == AlarmKind.GAP,
        Alarm.source == source,
        Alarm.closed_at.is_(None),
        held == Alarm.last_sequence - Alarm.first_sequence + 1,
    )
    return (await session.scalars(query)).all()


async def marks_between(session: AsyncSession, source: str, first: int, last: int) -> dict[int, bytes | None]:
    """By sequence, the marks of what stands in the log; None where it was erased."""
    rows = await session.execute(
        select(Entry.sequence, IndexedEntry.mark)
        .join(IndexedEntry, IndexedEntry.index == Entry.index)
        .where(Entry.source == source, Entry.sequence.between(first, last))
    )
    return {row.sequence: row.mark for row in rows}


@dataclass(frozen=True)
class Tallied:
    """The day that a source's last statement speaks of, or on which it was first heard, and the last it states."""

    source: str
    day: date
    last_sequence: int


_TALLIES = text("""
SELECT s.source, tally.leaf, begun.recorded_at FROM source_state s
LEFT JOIN LATERAL (
    SELECT e.leaf FROM indexed_entry i JOIN entry e ON e.index = i.index
    WHERE i.type = :tally AND i.type <> :decision AND e.source = s.source ORDER BY i.index DESC LIMIT 1
) AS tally ON true
LEFT JOIN LATERAL (
    SELECT i.recorded_at FROM entry e JOIN indexed_entry i ON i.index = e.index
    WHERE e.source = s.source ORDER BY e.sequence LIMIT 1
) AS begun ON true
WHERE s.source <> :own AND begun.recorded_at IS NOT NULL ORDER BY s.source
""")


async def tallies(session: AsyncSession) -> list[Tallied]:
    """By source that has said anything, how far it has stated what it sent."""
    asked = {"tally": str(EntryType.TALLY), "decision": str(EntryType.DECISION), "own": OWN_SOURCE}
    found = []
    for source, leaf, begun in await session.execute(_TALLIES, asked):
        stated = Tallied(source, begun.astimezone(CHINA).date(), 0)
        # One that somebody has spoiled states nothing.
        with suppress(KeyError, ValueError):
            held = attributes_of(leaf or b"{}")
            stated = Tallied(source, date.fromisoformat(held["day"]), int(held["last_sequence"]))
        found.append(stated)
    return found
