from datetime import date

from sqlalchemy import ForeignKey, MetaData, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import NAMES, GovernedRow, ScopedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Organisation(ScopedRow, Table):
    __tablename__ = "organisation"

    organisation_id: Mapped[str] = mapped_column(String(60), primary_key=True)


class Worker(GovernedRow, Table):
    """Who may be put on a roster, and where.

    Hiring and leaving are told by two publishers, so leaving may be heard first: the organisation is then unknown.
    """

    __tablename__ = "worker"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str | None] = mapped_column(String(60), index=True)
    hired_on: Mapped[date | None]
    left_on: Mapped[date | None]


class DutyRoster(GovernedRow, Table):
    """Who is in the hall and who in which grid, from a day until the next roster's."""

    __tablename__ = "duty_roster"
    __table_args__ = (UniqueConstraint("organisation_id", "starts_on"),)

    roster_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey(Organisation.organisation_id))
    starts_on: Mapped[date]
    hall_workers: Mapped[list[str]] = mapped_column(JSONB)
    grid_workers: Mapped[dict[str, str]] = mapped_column(JSONB)
    clause: Mapped[str] = mapped_column(String(60))
    decision_id: Mapped[str] = mapped_column(String(60))
    kept_by: Mapped[str] = mapped_column(String(300))
