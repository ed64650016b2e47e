from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, MetaData, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from common.errors import WrongState
from common.tables import NAMES, GovernedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Worker(GovernedRow, Table):
    """Who may be evaluated and trained.

    Hiring and leaving are told by two publishers, so leaving may be heard first: `hired_on` is then still empty.
    """

    __tablename__ = "worker"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    post_class: Mapped[str | None] = mapped_column(String(60))
    hired_on: Mapped[date | None]
    left_on: Mapped[date | None]

    @property
    def active(self) -> bool:
        return self.hired_on is not None and self.left_on is None

    def in_post(self, on: date) -> bool:
        hired = self.hired_on is not None and self.hired_on <= on
        return hired and (self.left_on is None or on < self.left_on)

    def hired_by_end_of(self, year: int) -> bool:
        return self.hired_on is not None and self.hired_on.year <= year


class Evaluation(GovernedRow, Table):
    """The one evaluation of a worker for a calendar year."""

    __tablename__ = "evaluation"
    __table_args__ = (UniqueConstraint("worker_id", "year"),)

    evaluation_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Worker.worker_id))
    year: Mapped[int]
    scores: Mapped[dict[str, str]] = mapped_column(JSONB)
    score: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    grade: Mapped[str] = mapped_column(String(60))
    passed: Mapped[bool]
    clause: Mapped[str] = mapped_column(String(60))
    decision_id: Mapped[str] = mapped_column(String(60))
    graded_on: Mapped[date]
    graded_by: Mapped[str] = mapped_column(String(300))
    consequences: Mapped[list["Consequence"]] = relationship(lazy="selectin", order_by="Consequence.kind")


class Consequence(GovernedRow, Table):
    """What a clause proposes to follow from a grade: proposed → approved or declined, by a person."""

    __tablename__ = "consequence"
    __table_args__ = (UniqueConstraint("evaluation_id", "kind"),)

    consequence_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    evaluation_id: Mapped[str] = mapped_column(ForeignKey(Evaluation.evaluation_id))
    worker_id: Mapped[str] = mapped_column(String(60), index=True)
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(String(60))
    clause: Mapped[str] = mapped_column(String(60))
    decision_id: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(20), index=True)
    decided_on: Mapped[date | None]
    decided_by: Mapped[str | None] = mapped_column(String(300))
    reason: Mapped[str | None] = mapped_column(String(4000))

    def settle(self, *, approved: bool, account: str, on: date, reason: str) -> None:
        if self.status != "proposed":
            raise WrongState(what="consequence", state=f"consequence.{self.status}", needed="consequence.proposed")
        self.status = "approved" if approved else "declined"
        self.decided_by, self.decided_on, self.reason = account, on, reason


class Training(GovernedRow, Table):
    """A duty to be trained by a day: open → completed, or closed when the worker leaves."""

    __tablename__ = "training"

    training_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Worker.worker_id), index=True)
    clause: Mapped[str] = mapped_column(String(60))
    decision_id: Mapped[str] = mapped_column(String(60))
    opened_on: Mapped[date]
    due_on: Mapped[date] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(String(20), index=True)
    course: Mapped[str | None] = mapped_column(String(200))
    hours: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    completed_on: Mapped[date | None]

    @property
    def late(self) -> bool | None:
        """Whether it was completed after its day; None until it is completed."""
        return None if self.completed_on is None else self.completed_on > self.due_on

    def complete(self, *, course: str, hours: Decimal, on: date) -> None:
        if self.status != "open":
            raise WrongState(what="training", state=f"training.{self.status}", needed="training.open")
        self.status = "completed"
        self.course, self.hours, self.completed_on = course, hours, on

    def close(self) -> None:
        if self.status == "open":
            self.status = "closed"
