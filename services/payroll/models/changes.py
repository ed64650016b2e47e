"""What may change pay already worked out: every fact, entry and parameter that comes in leaves a row here."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from common.tables import Moment, ScopedRow
from payroll.models.base import Account, Id, Month, Table


class Change(ScopedRow, Table):
    """From `from_month` on, the pay of a worker (or, without one, of everybody in the area and of that kind of staff)
    may come out differently. `settled_by` is the run whose sealed batches took it into account; only a worker's
    changes are settled so. A change of everybody is settled for each batch that names it in `considered`.

    `xid` is the transaction that noted it: whether a calculation could see it yet is asked of that one's snapshot.
    `cause` is the kind of thing (`agreement`, `grade`, `leave`, `entry`, `parameter`, `standard`, `set_aside` …),
    `reference` its id. `noted_by` is whose doing it is: that account neither reviews nor approves what comes of it.
    """

    __tablename__ = "change"
    __table_args__ = (
        Index("ix_change_pending", "worker_id", postgresql_where=text("settled_by IS NULL")),
        Index("ix_change_of_worker", "worker_id", "noted_at"),
        Index("ix_change_of_all", "area", postgresql_where=text("worker_id IS NULL")),
    )

    change_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    worker_id: Mapped[str | None] = mapped_column(Id)
    staff: Mapped[str | None] = mapped_column(Id)
    from_month: Mapped[str] = mapped_column(Month)
    cause: Mapped[str] = mapped_column(Id)
    reference: Mapped[str] = mapped_column(Id)
    noted_at: Mapped[datetime] = mapped_column(Moment)
    noted_by: Mapped[str] = mapped_column(Account)
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    settled_by: Mapped[str | None] = mapped_column(Id)
