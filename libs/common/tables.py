"""The tables every service has, and what its own tables share."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

AreaCode = String(12, collation="C")
Moment = DateTime(timezone=True)

chassis_metadata = MetaData(naming_convention=NAMES)


class ScopedRow:
    """A row that belongs to an area: row-level security shows it to that area's offices and those above."""

    area: Mapped[str] = mapped_column(AreaCode, index=True)


class GovernedRow(ScopedRow):
    """A row that policy speaks of: the area and the kind of staff find the clause."""

    staff: Mapped[str] = mapped_column(String(60))


class ChassisTable(DeclarativeBase):
    metadata = chassis_metadata


OUTBOX_TURN = Sequence("outbox_turn", metadata=chassis_metadata)


class OutboxMessage(ChassisTable):
    """An event on its way out, in the transaction that made it true.

    `turn` is drawn once a transaction, when it writes its events and holds its locks: transactions that wait for each
    other draw in the order in which they act, which an id of the transaction or the moment of commit would not keep.
    `sequence` is given by the relay, contiguous per stream.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        # Each keeps to its part of the rows: the planner would look for those without a sequence among all of them.
        Index("ix_outbox_message_unsequenced", "stream", "turn", "ordinal", postgresql_where=text("sequence IS NULL")),
        Index(
            "uq_outbox_message_stream_sequence",
            "stream",
            "sequence",
            unique=True,
            postgresql_where=text("sequence IS NOT NULL"),
        ),
    )

    event_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    stream: Mapped[str] = mapped_column(String(20))
    turn: Mapped[int] = mapped_column(BigInteger)
    ordinal: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(120))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    traceparent: Mapped[str | None] = mapped_column(String(60))
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class RelayPosition(ChassisTable):
    """How far each stream has been given its sequence, how far it has been sent, and how far it has been tallied."""

    __tablename__ = "relay_position"

    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    sequenced: Mapped[int] = mapped_column(BigInteger, default=0)
    sent: Mapped[int] = mapped_column(BigInteger, default=0)
    tallied: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class InboxMessage(ChassisTable):
    """An event whose effect is in this database; written in the transaction of the effect."""

    __tablename__ = "inbox_message"
    __table_args__ = (Index("ix_inbox_message_source_sequence", "source", "sequence"),)

    event_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    source: Mapped[str] = mapped_column(String(60))
    sequence: Mapped[int] = mapped_column(BigInteger)
    parked: Mapped[bool] = mapped_column(default=False)
    handled_at: Mapped[datetime] = mapped_column(Moment, index=True)


class SourcePosition(ChassisTable):
    """Up to which sequence of a source every event has been taken in, none missing."""

    __tablename__ = "source_position"

    source: Mapped[str] = mapped_column(String(60), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class ParkedMessage(ChassisTable):
    """An event that could not be handled, and the later ones of its key, until an operator replays them."""

    __tablename__ = "parked_message"
    __table_args__ = (UniqueConstraint("topic", "partition", "offset"), Index(None, "topic", "key"))

    parked_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    topic: Mapped[str] = mapped_column(String(120))
    partition: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(2000))
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    parked_at: Mapped[datetime] = mapped_column(Moment)


class RebuildRequest(ChassisTable):
    """An operator's wish to build this service's view of the world again from the topics."""

    __tablename__ = "rebuild_request"

    request_id: Mapped[int] = mapped_column(Integer, primary_key=True, default=1)
    emptied: Mapped[bool] = mapped_column(default=False)
    requested_at: Mapped[datetime] = mapped_column(Moment)


class IdempotentAnswer(ChassisTable):
    """The answer once given to a caller's Idempotency-Key, kept with the effect it answers for."""

    __tablename__ = "idempotent_answer"

    account: Mapped[str] = mapped_column(String(300), primary_key=True)
    operation: Mapped[str] = mapped_column(String(400), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime] = mapped_column(Moment, index=True)


class PolicyChoice(ScopedRow, ChassisTable):
    """What a document left to a level below and that level has chosen, from its day on."""

    __tablename__ = "policy_choice"

    clause: Mapped[str] = mapped_column(String(60), primary_key=True)
    term: Mapped[str] = mapped_column(String(60), primary_key=True)
    area: Mapped[str] = mapped_column(AreaCode, primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    decision_id: Mapped[str] = mapped_column(String(60))
