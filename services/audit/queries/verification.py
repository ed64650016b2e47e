"""The whole log once more from its entries' bytes, trusting neither rows nor nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import DecisionDocument, Entry, Node, SignedCheckpoint
from audit.queries import tree as queries
from audit.rules import tree
from audit.rules.entries import SHOWN_FOR_GOOD, attributes_of, read_document, scope_of
from audit.rules.notes import BadNote, Checkpoint, VerifierKey, read_checkpoint

_BATCH = 500


@dataclass(frozen=True)
class Fault:
    """What does not fit, and at which entry or size."""

    code: str
    at: int


@dataclass(frozen=True)
class Verification:
    """`erased` counts the decisions whose content is gone: that is no fault, the entry proves what is left."""

    size: int
    root: bytes
    erased: int
    faults: list[Fault]


async def verify_log(session: AsyncSession, *, key: VerifierKey, saved: Sequence[str] = ()) -> Verification:
    """Every entry, node and checkpoint against what the entries' bytes give.

    `saved` are checkpoints kept outside our reach: only they can show that the end was cut off, or that the
    log was rewritten and signed again. The session must see every area.
    """
    faults: list[Fault] = []
    signed = await _checkpoints(session, key=key, saved=saved, faults=faults)
    growing = tree.GrowingTree()
    faults += _at_size(signed, growing)
    erased = 0

    while True:
        entries = (
            await session.scalars(select(Entry).where(Entry.index >= growing.size).order_by(Entry.index).limit(_BATCH))
        ).all()
        documents = await _documents(session, entries)
        grown: dict[tree.Node, bytes] = {}
        for entry in entries:
            if entry.index != growing.size:
                faults.append(Fault("entry_missing", growing.size))
                return Verification(growing.size, growing.root, erased, faults)
            kept = documents.get(entry.index)
            erased += kept is None
            faults += [Fault(code, entry.index) for code in _faults_of(entry, kept)]
            grown |= growing.add(tree.hash_leaf(entry.leaf))
            faults += _at_size(signed, growing)
        stored = await queries.nodes(session, grown)
        faults += [Fault("node_differs", node[1]) for node, found in grown.items() if stored.get(node) != found]
        if len(entries) < _BATCH:
            break
        session.expunge_all()

    faults += await _faults_at_the_end(session, growing.size, signed)
    return Verification(growing.size, growing.root, erased, faults)


async def _documents(session: AsyncSession, entries: Sequence[Entry]) -> dict[int, DecisionDocument]:
    query = select(DecisionDocument).where(DecisionDocument.index.in_([entry.index for entry in entries]))
    return {kept.index: kept for kept in await session.scalars(query)}


def _faults_of(entry: Entry, kept: DecisionDocument | None) -> Iterator[str]:
    if tree.hash_leaf(entry.leaf) != entry.leaf_hash:
        yield "leaf_differs"
    try:
        held = attributes_of(entry.leaf)
        if _columns_of(entry) != _columns_in(held) or (kept is not None and kept.area != entry.area):
            yield "row_differs"
        if kept is not None and not _is_told_in(held, read_document(entry.leaf, kept)):
            yield "document_differs"
    except (ValueError, KeyError):
        yield "entry_unreadable"


def _columns_of(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.source,
        str(entry.sequence),
        entry.event_id,
        entry.authid,
        entry.subject,
        entry.clause,
        entry.decision_id,
        entry.area,
        entry.staff,
        entry.rule,
        entry.permits,
        entry.on.isoformat(),
    )


def _is_told_in(held: dict[str, Any], content: dict[str, Any]) -> bool:
    return all(held[name] == content[name] for name in SHOWN_FOR_GOOD)


def _columns_in(held: dict[str, Any]) -> tuple[Any, ...]:
    return (
        held["source"],
        held["sequence"],
        held["id"],
        held["authid"],
        held["subject"],
        held["clause"],
        held["decision_id"],
        scope_of(held["area"]),
        held["staff"],
        held["rule"],
        held["permits"],
        held["on"],
    )


async def _checkpoints(
    session: AsyncSession, *, key: VerifierKey, saved: Sequence[str], faults: list[Fault]
) -> dict[int, list[Checkpoint]]:
    """By size, those whose signature is good."""
    by_size: dict[int, list[Checkpoint]] = {}
    rows = (await session.scalars(select(SignedCheckpoint).order_by(SignedCheckpoint.size))).all()
    for note, size in [*((row.note, row.size) for row in rows), *((note, 0) for note in saved)]:
        try:
            checkpoint = read_checkpoint(note, key)
        except BadNote:
            faults.append(Fault("checkpoint_not_signed", size))
            continue
        by_size.setdefault(checkpoint.size, []).append(checkpoint)
    return by_size


def _at_size(signed: dict[int, list[Checkpoint]], growing: tree.GrowingTree) -> list[Fault]:
    root = growing.root if growing.size in signed else b""
    return [Fault("root_differs", growing.size) for one in signed.get(growing.size, ()) if one.root != root]


async def _faults_at_the_end(session: AsyncSession, size: int, signed: dict[int, list[Checkpoint]]) -> list[Fault]:
    faults = [Fault("log_shorter_than_signed", one) for one in signed if one > size]
    count = await session.scalar(select(func.count()).select_from(Node))
    if count != sum(size >> level for level in range(size.bit_length())):
        faults.append(Fault("node_count_differs", size))
    return faults
