from datetime import date, datetime

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
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import NAMES, Moment, ScopedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Entry(ScopedRow, Table):
    """One decision, told once and kept for good. `leaf` is what is hashed; the other columns are for finding it.

    Nothing here says more of a person than under which clause and rule something was decided about which id. The
    database itself refuses to change or delete an entry, a node or a checkpoint.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("source", "sequence"),
        Index(None, "subject", "index"),
        Index(None, "clause", "index"),
        CheckConstraint("octet_length(leaf) <= 65535", name="leaf_fits"),
    )

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(60))
    sequence: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(String(60), unique=True)
    decision_id: Mapped[str] = mapped_column(String(60), unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    authid: Mapped[str] = mapped_column(String(200))
    staff: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    clause: Mapped[str] = mapped_column(String(60))
    rule: Mapped[str] = mapped_column(String(120))
    permits: Mapped[bool]
    on: Mapped[date]
    decided_at: Mapped[datetime] = mapped_column(Moment)
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class DecisionDocument(ScopedRow, Table):
    """What the decision holds, as it was told but for the account, and the salt without which its hash says nothing.

    It may be deleted: the entry stays, every proof stays valid, and nobody can tell again what was decided upon.
    """

    __tablename__ = "decision_document"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class Node(Table):
    """The hash of a full subtree; level 0 are the leaves. No more than this is needed for roots, proofs and tiles."""

    __tablename__ = "node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AccountName(ScopedRow, Table):
    """Whose pseudonym it is, as far as an area may know. When an account's rows are deleted, nobody can tell again."""

    __tablename__ = "account_name"

    authid: Mapped[str] = mapped_column(String(200), primary_key=True)
    area: Mapped[str] = mapped_column(String(12, collation="C"), primary_key=True)
    account: Mapped[str] = mapped_column(String(300), index=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


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


class SignedCheckpoint(Table):
    """What the signer has said about the log; the newest is published."""

    __tablename__ = "checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(Moment)
