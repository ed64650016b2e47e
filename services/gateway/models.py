"""What the gateway shows, built from what the services say. Everything here can be emptied and built again."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, Integer, MetaData, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import NAMES, Moment, ScopedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Worker(ScopedRow, Table):
    """The worker view, ready to be sent; columns beside it are for finding and counting.

    `hired_on` is null while other services have spoken of the worker and the hire has not been heard yet.
    `subjects` are the ids under which decisions about this worker were recorded.
    """

    __tablename__ = "worker"
    __table_args__ = (Index("ix_worker_pending", "area", postgresql_where=text("pending <> '[]'::jsonb")),)

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str | None] = mapped_column(String(60), index=True)
    staff: Mapped[str | None] = mapped_column(String(60))
    account: Mapped[str | None] = mapped_column(String(300), index=True)
    hired_on: Mapped[date | None]
    left_on: Mapped[date | None]
    subjects: Mapped[list[str]] = mapped_column(ARRAY(String(60)))
    pending: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class DecisionNote(ScopedRow, Table):
    """A decision by its subject; it is shown with the worker whom the subject turns out to concern.

    `section` is the section of the worker view whose readers alone may see it; null where every reader may.
    """

    __tablename__ = "decision_note"

    decision_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    section: Mapped[str | None] = mapped_column(String(60))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Organisation(ScopedRow, Table):
    """`quotas` by kind of staff, `posts` by post id."""

    __tablename__ = "organisation"

    organisation_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str | None] = mapped_column(String(60))
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    quotas: Mapped[dict[str, Any]] = mapped_column(JSONB)
    posts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Plan(ScopedRow, Table):
    __tablename__ = "plan"

    plan_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    in_progress: Mapped[bool]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Run(ScopedRow, Table):
    __tablename__ = "run"

    run_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Change(ScopedRow, Table):
    """One line of the live stream. Ids rise in the order of commits; they are never given twice, not by a rebuild."""

    __tablename__ = "change"

    change_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(60), unique=True)
    type: Mapped[str] = mapped_column(String(120))
    subject: Mapped[str] = mapped_column(String(200))
    happened_at: Mapped[datetime] = mapped_column(Moment, index=True)


class ForgottenChanges(Table):
    """Up to which id changes have been thrown away; whoever resumes before it must read the views again."""

    __tablename__ = "forgotten_changes"

    only: Mapped[int] = mapped_column(Integer, primary_key=True, default=1)
    change_id: Mapped[int] = mapped_column(BigInteger)
