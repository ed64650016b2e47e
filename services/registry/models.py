from datetime import date

from sqlalchemy import ForeignKey, MetaData, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.errors import PreconditionFailed, SamePerson, WrongState
from common.tables import NAMES, GovernedRow, ScopedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Organisation(ScopedRow, Table):
    __tablename__ = "organisation"

    organisation_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(60))
    unions: Mapped[int | None]
    workers: Mapped[int | None]
    households: Mapped[int | None]
    committee_term_ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it once

    def check_version(self, seen: int) -> None:
        if self.version != seen:
            raise PreconditionFailed

    def figures(self) -> dict[str, int]:
        """What quotas are worked out from; figures that were not given are left out."""
        given = {"unions": self.unions, "workers": self.workers, "households": self.households}
        return {name: figure for name, figure in given.items() if figure is not None}


class Quota(GovernedRow, Table):
    """The latest quota determined for an organisation and a kind of staff."""

    __tablename__ = "quota"

    organisation_id: Mapped[str] = mapped_column(ForeignKey(Organisation.organisation_id), primary_key=True)
    staff: Mapped[str] = mapped_column(String(60), primary_key=True)
    lowest: Mapped[int]
    highest: Mapped[int]
    obligation: Mapped[str] = mapped_column(String(20))
    clause: Mapped[str] = mapped_column(String(60))
    decision_id: Mapped[str] = mapped_column(String(60))
    determined_on: Mapped[date]


class Post(GovernedRow, Table):
    __tablename__ = "post"

    post_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey(Organisation.organisation_id), index=True)
    post_class: Mapped[str] = mapped_column(String(60))
    opened_on: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(4000))


class Worker(GovernedRow, Table):
    """The real-name record of a hired worker; the identity number opens only at its own place."""

    __tablename__ = "worker"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(60), index=True)
    post_id: Mapped[str] = mapped_column(String(60))
    post_class: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    identity_masked: Mapped[str] = mapped_column(String(18))
    identity_sealed: Mapped[str] = mapped_column(String(400))
    hired_on: Mapped[date]
    left_on: Mapped[date | None]


class Departure(ScopedRow, Table):
    """A worker's leaving that was heard before the hire: two publishers keep no common order."""

    __tablename__ = "departure"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    left_on: Mapped[date]


class Certificate(ScopedRow, Table):
    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("kind", "number_index"),)

    certificate_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Worker.worker_id), index=True)
    kind: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(String(60))
    number_sealed: Mapped[str] = mapped_column(String(400))
    number_index: Mapped[str] = mapped_column(String(64))
    registered_on: Mapped[date]


class Filing(GovernedRow, Table):
    """A worker's filing with the province: open → submitted → returned → submitted → accepted."""

    __tablename__ = "filing"

    filing_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Worker.worker_id), unique=True)
    clause: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(20), index=True)
    opened_on: Mapped[date]
    receipt_number: Mapped[str | None] = mapped_column(String(60), unique=True)
    steps: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)

    def move(self, *, needed: tuple[str, ...], status: str, step: str, account: str, on: date, words: str = "") -> None:
        if self.status not in needed:
            raise WrongState(
                what="filing", state=f"filing.{self.status}", needed=", ".join(f"filing.{one}" for one in needed)
            )
        self.status = status
        self.steps = [*self.steps, {"step": step, "on": on.isoformat(), "account": account, "words": words}]

    def need_another_than_its_reporters(self, account: str) -> None:
        """Whoever submitted or corrected the filing does not judge it."""
        if any(one["account"] == account and one["step"] in ("submitted", "corrected") for one in self.steps):
            raise SamePerson(what="filing")
