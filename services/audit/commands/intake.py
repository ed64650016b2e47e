"""The receiving end: each message becomes exactly one entry, and whatever is odd about it an alarm.

A batch is one transaction under the sequencer's lock, so that indices have no holes and follow the order of commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from audit.commands.alarms import close_those, raise_alarm
from audit.models import Alarm, QueuedEntry, SourceState
from audit.queries import intake as queries
from audit.queries.disclosures import place_of
from audit.rules.alarms import AlarmKind
from audit.rules.entries import (
    OWN_SOURCE,
    Made,
    Origin,
    decision_entry,
    make_entry,
)
from common.batches import Heard
from common.events.decisions import DecisionRecorded, DecisionsTallied
from common.fields import Sealer
from common.keys import Keys
from common.tally import mark_of, marks_in
from common.transaction import Transaction

# Held until the transaction ends: one sequencer, whatever process it is in.
LOCK_SEQUENCER = text("SELECT pg_advisory_xact_lock(7340101)")
_MOST_QUEUED = 2000

_ENTER = text("""
INSERT INTO entry (index, source, sequence, event_id, decision_id, leaf)
SELECT * FROM unnest(CAST(:index AS bigint[]), CAST(:source AS varchar[]), CAST(:sequence AS bigint[]),
                     CAST(:event_id AS varchar[]), CAST(:decision_id AS varchar[]), CAST(:leaf AS bytea[]))
""")
_DISCLOSE = text("""
INSERT INTO disclosure (index, name, area, sealed)
SELECT * FROM unnest(CAST(:index AS bigint[]), CAST(:name AS varchar[]), CAST(:area AS varchar[]),
                     CAST(:sealed AS bytea[]))
""")


@dataclass(frozen=True)
class Told:
    """A message on its way into the log: where it comes from, what it becomes, and what tells it from any other."""

    origin: Origin
    made: Made
    mark: bytes | None


@dataclass
class Book:
    """What the log knows while a batch is entered."""

    size: int
    expected: dict[str, int]
    entered: list[Told] = field(default_factory=list)


async def keep_messages(tx: Transaction, heard: Sequence[Heard], *, signed: int, keys: Keys, sealer: Sealer) -> int:
    """Enter what the log does not have yet, in the order heard; returns how many entries came of it."""
    book = await open_book(tx, signed=signed)
    known = await queries.known_entries(tx.session, heard, expected=book.expected)
    gaps: set[str] = set()
    for one in heard:
        mark = mark_of(one.envelope.event_id, one.body, keys=keys)
        earlier = known.like(one)
        if earlier is not None:
            if not earlier.is_told_again(one, mark):
                await _raise(tx, AlarmKind.CONFLICT, one, index=earlier.index)
            continue
        index = book.size + len(book.entered)
        book.entered.append(_told(one, mark=mark, recorded_at=tx.now))
        known.add(one, mark=mark, index=index)
        if await _place(tx, book, one, index=index):
            gaps.add(one.envelope.source)
    await write_entries(tx, book, sealer=sealer)
    for source in gaps:
        await _close_gaps(tx, source)
    for one in heard:
        if isinstance(one.event, DecisionsTallied):
            await _hold_against(tx, one.envelope.source, one.event)
    return len(book.entered)


class LogShrunk(Exception):
    """The database holds fewer entries than were signed: an index given now would be given twice."""


async def open_book(tx: Transaction, *, signed: int) -> Book:
    """`signed`: the size of the log that the signer signed last. Raises LogShrunk."""
    await tx.session.execute(LOCK_SEQUENCER)
    size = await queries.log_size(tx.session)
    if size < signed:
        raise LogShrunk
    return Book(size, await queries.expected_sequences(tx.session))


async def enter_queued(tx: Transaction, *, signed: int, sealer: Sealer) -> int:
    """Give what the log itself has to say its place; returns how much that was."""
    if await tx.session.scalar(select(QueuedEntry.queue_id).limit(1)) is None:
        return 0
    # The lock before the rows: whoever erases takes them in this order too.
    book = await open_book(tx, signed=signed)
    waiting = select(QueuedEntry).order_by(QueuedEntry.queue_id).limit(_MOST_QUEUED).with_for_update(skip_locked=True)
    queued = (await tx.session.scalars(waiting)).all()
    for number, one in enumerate(queued, start=book.expected.get(OWN_SOURCE, 1)):
        origin = Origin(one.event_id, OWN_SOURCE, one.type, number, one.queued_at)
        made = make_entry(origin, one.shown, one.parts, recorded_at=tx.now)
        book.entered.append(Told(origin, made, None))
        book.expected[OWN_SOURCE] = number + 1
    await write_entries(tx, book, sealer=sealer)
    await tx.session.execute(delete(QueuedEntry).where(QueuedEntry.queue_id.in_([one.queue_id for one in queued])))
    return len(queued)


async def _place(tx: Transaction, book: Book, one: Heard, *, index: int) -> bool:
    """Hold the sequence against what was expected of the source; whether it may have filled a gap."""
    source, sequence = one.envelope.source, one.envelope.sequence
    expected = book.expected.get(source, 1)
    book.expected[source] = max(expected, sequence + 1)
    if sequence > expected:
        await raise_alarm(
            tx, AlarmKind.GAP, source=source, first=expected, last=sequence - 1, event_id=one.envelope.event_id
        )
    if sequence < expected:
        await _raise(tx, AlarmKind.OUT_OF_ORDER, one, index=index)
    return sequence < expected


async def _raise(tx: Transaction, kind: AlarmKind, one: Heard, *, index: int) -> None:
    envelope = one.envelope
    await raise_alarm(
        tx,
        kind,
        source=envelope.source,
        first=envelope.sequence,
        event_id=envelope.event_id,
        index=index,
        mark=envelope.event_id,
    )


def _told(one: Heard, *, mark: bytes, recorded_at: datetime) -> Told:
    envelope = one.envelope
    origin = Origin(envelope.event_id, envelope.source, envelope.type_name, envelope.sequence, envelope.time)
    content = one.event.model_dump(mode="json")
    if isinstance(one.event, DecisionRecorded):
        return Told(origin, decision_entry(origin, content, recorded_at=recorded_at), mark)
    del content["marks"]
    shown = {name: value if isinstance(value, str) else str(value) for name, value in content.items()}
    return Told(origin, make_entry(origin, shown, {}, recorded_at=recorded_at), mark)


async def write_entries(tx: Transaction, book: Book, *, sealer: Sealer) -> None:
    if not book.entered:
        return
    placed = list(enumerate(book.entered, start=book.size))
    await tx.session.execute(
        _ENTER,
        {
            "index": [index for index, _ in placed],
            "source": [told.origin.source for _, told in placed],
            "sequence": [told.origin.sequence for _, told in placed],
            "event_id": [told.origin.event_id for _, told in placed],
            "decision_id": [told.made.columns["decision_id"] for _, told in placed],
            "leaf": [told.made.leaf for _, told in placed],
        },
    )
    await _write_disclosures(tx, placed, sealer=sealer)
    await queries.index_entries(
        tx.session, [{"index": index, "mark": told.mark, **told.made.columns} for index, told in placed]
    )
    state = insert(SourceState)
    await tx.session.execute(
        state.on_conflict_do_update(
            index_elements=["source"],
            set_={"next_sequence": state.excluded.next_sequence, "heard_at": state.excluded.heard_at},
        ),
        [
            {"source": source, "next_sequence": book.expected[source], "heard_at": tx.now}
            for source in sorted({told.origin.source for told in book.entered})
        ],
    )


async def _write_disclosures(tx: Transaction, placed: Iterable[tuple[int, Told]], *, sealer: Sealer) -> None:
    rows = [
        (index, name, told.made.columns["area"], sealer.seal_bytes(disclosure.encode(), place=place_of(index, name)))
        for index, told in placed
        for name, disclosure in told.made.disclosures.items()
    ]
    if rows:
        columns = zip(*rows, strict=True)
        await tx.session.execute(
            _DISCLOSE, dict(zip(("index", "name", "area", "sealed"), map(list, columns), strict=True))
        )


async def _close_gaps(tx: Transaction, source: str) -> None:
    filled = await queries.filled_gaps(tx.session, source)
    await close_those(tx, Alarm.alarm_id.in_(filled))


async def _hold_against(tx: Transaction, source: str, stated: DecisionsTallied) -> None:
    """Compare what the service says it sent with what stands in the log; what does not fit is named by sequence."""
    try:
        marks = marks_in(stated)
    except ValueError:
        await raise_alarm(
            tx, AlarmKind.TALLY_DIFFERS, source=source, first=stated.first_sequence, last=stated.last_sequence
        )
        return
    held = await queries.marks_between(tx.session, source, stated.first_sequence, stated.last_sequence)
    wrong = [
        sequence
        for sequence, mark in enumerate(marks, start=stated.first_sequence)
        if sequence not in held or held[sequence] not in (None, mark)
    ]
    for first, last in runs(wrong):
        await raise_alarm(tx, AlarmKind.TALLY_DIFFERS, source=source, first=first, last=last)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending numbers as first and last of each unbroken run."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
