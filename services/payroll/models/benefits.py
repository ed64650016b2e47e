"""What workers were given beside pay."""

from datetime import date, datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from common.tables import GovernedRow, Moment
from payroll.models.base import Account, Fen, Id, Table


class BenefitGrant(GovernedRow, Table):
    """A benefit that a worker was given on a day; `area` and `organisation_id` are those of the service on that day.

    `amount` in fen, null where no money is paid. A grant is never changed: it is withdrawn with a reason, and
    `corrects` is the one that this one stands for instead. `on` days are as told, `recorded_at` is when it was told.
    """

    __tablename__ = "benefit_grant"
    __table_args__ = (
        Index(
            "uq_benefit_grant_standing",
            "worker_id",
            "benefit",
            "granted_on",
            unique=True,
            postgresql_where=text("withdrawn_on IS NULL"),
        ),
    )

    grant_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    benefit: Mapped[str] = mapped_column(Id)
    granted_on: Mapped[date]
    amount: Mapped[int | None] = mapped_column(Fen)
    note: Mapped[str | None] = mapped_column(String(400))
    evidence: Mapped[str] = mapped_column(String(200))
    corrects: Mapped[str | None] = mapped_column(Id)
    clause: Mapped[str] = mapped_column(Id)
    decision_id: Mapped[str] = mapped_column(Id)
    granted_by: Mapped[str] = mapped_column(Account)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    withdrawn_on: Mapped[date | None]
    withdrawn_by: Mapped[str | None] = mapped_column(Account)
    withdrawal_reason: Mapped[str | None] = mapped_column(String(400))
