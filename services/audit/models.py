from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from audit.rules.entries import EntryType
from common.tables import NAMES, AreaCode, Moment, ScopedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Entry(Table):
    """One message, entered once and kept for good: its place, and the bytes that are hashed into the tree.

    The database itself refuses to change or delete an entry or a checkpoint.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("source", "sequence"),
        CheckConstraint("octet_length(leaf) BETWEEN 1 AND 65535", name="leaf_fits"),
    )

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(60))
    sequence: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(String(60), unique=True)
    decision_id: Mapped[str | None] = mapped_column(String(60), unique=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class Disclosure(ScopedRow, Table):
    """A part of what an entry says (RFC 9901), sealed. It may be deleted: the entry stays and every proof is valid."""

    __tablename__ = "disclosure"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    area: Mapped[str] = mapped_column(AreaCode)  # never looked for by it
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Erasure(Table):
    """That a disclosure was erased, by which entry of the log. One that is gone without this was taken away."""

    __tablename__ = "erasure"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    erasure_id: Mapped[str] = mapped_column(String(60), index=True)


class IndexedEntry(ScopedRow, Table):
    """What an entry is found by. All of it comes from the entries and what is left of their disclosures, and can be
    built from them again; but for `mark`, which holds a message against what its service says it sent.
    """

    __tablename__ = "indexed_entry"
    __table_args__ = (
        Index(None, "subject", "index"),
        Index(None, "organisation", "index"),
        Index(None, "account", "index"),
        Index(None, "asked_account", "index"),
        Index(None, "clause", "index"),
        Index(None, "rule", "index"),
        Index("ix_indexed_entry_own", "index", postgresql_where=text(f"type <> '{EntryType.DECISION}'")),
        Index(None, "recorded_at", "index"),
    )

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    decided_at: Mapped[datetime] = mapped_column(Moment)
    mark: Mapped[bytes | None] = mapped_column(LargeBinary)
    account: Mapped[str | None] = mapped_column(String(300))
    asked_account: Mapped[str | None] = mapped_column(String(300))
    subject: Mapped[str | None] = mapped_column(String(200))
    organisation: Mapped[str | None] = mapped_column(String(60))
    decision_id: Mapped[str | None] = mapped_column(String(60))
    clause: Mapped[str | None] = mapped_column(String(60))
    rule: Mapped[str | None] = mapped_column(String(120))
    staff: Mapped[str | None] = mapped_column(String(60))
    permits: Mapped[bool | None]
    on: Mapped[date | None]


class QueuedEntry(ScopedRow, Table):
    """What the log itself has to enter, until the sequencer gives it its place: readings, erasures, alarms."""

    __tablename__ = "queued_entry"

    queue_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(60))
    type: Mapped[str] = mapped_column(String(120))
    shown: Mapped[dict[str, Any]] = mapped_column(JSONB)
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    queued_at: Mapped[datetime] = mapped_column(Moment)


class SourceState(Table):
    """What a source is expected to say next."""

    __tablename__ = "source_state"

    source: Mapped[str] = mapped_column(String(60), primary_key=True)
    next_sequence: Mapped[int] = mapped_column(BigInteger)
    heard_at: Mapped[datetime] = mapped_column(Moment)


class Alarm(Table):
    """Something that must not happen to a log has happened. It is raised once; a gap closes when it is filled."""

    __tablename__ = "alarm"
    __table_args__ = (UniqueConstraint("kind", "source", "first_sequence", "mark"),)

    alarm_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    source: Mapped[str] = mapped_column(String(60))
    first_sequence: Mapped[int] = mapped_column(BigInteger)
    last_sequence: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str | None] = mapped_column(String(60))
    index: Mapped[int | None] = mapped_column(BigInteger)
    mark: Mapped[str] = mapped_column(String(200))
    raised_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class PublishedCheckpoint(Table):
    """A checkpoint as it was published, with the cosignatures of the witnesses."""

    __tablename__ = "checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Moment)


class CheckpointTimestamp(Table):
    """A time-stamping authority's word (RFC 3161) that a checkpoint existed at a time."""

    __tablename__ = "checkpoint_timestamp"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    requested_at: Mapped[datetime] = mapped_column(Moment, index=True)
