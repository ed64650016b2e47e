"""A run, its batches by street, the slips and their lines, and who was set aside."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from common.errors import WrongState
from common.tables import AreaCode, GovernedRow, Moment, ScopedRow
from payroll.models.base import Account, Cycle, Digest, Fen, Id, Month, Period, Table


class RunStatus(StrEnum):
    """In this order; a run is calculated again as long as it is not approved."""

    OPEN = "open"
    CALCULATING = "calculating"
    CALCULATED = "calculated"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    FILE_SEALED = "file_sealed"
    PAID = "paid"
    CLOSED = "closed"


SEALED = (RunStatus.APPROVED, RunStatus.FILE_SEALED, RunStatus.PAID, RunStatus.CLOSED)
NOT_SEALED = (RunStatus.OPEN, RunStatus.CALCULATING, RunStatus.CALCULATED, RunStatus.REVIEWED)


class PayrollRun(GovernedRow, Table):
    """The pay of one kind of staff in an area for a month or half of it; tax goes by `paid_in`, the month of payment.

    `steps`: each change of status as {status, by, on, reason}. `findings`: what the checks of the whole run found.
    `approved_at` is the moment from which its slips count for later ones.
    """

    __tablename__ = "payroll_run"
    __table_args__ = (UniqueConstraint("area", "staff", "month", "cycle"),)

    run_id: Mapped[str] = mapped_column(Id, primary_key=True)
    month: Mapped[str] = mapped_column(Month)
    cycle: Mapped[str] = mapped_column(Id, default=Cycle.MONTH)
    paid_in: Mapped[str] = mapped_column(Month)
    status: Mapped[str] = mapped_column(Id, default=RunStatus.OPEN)
    attempt: Mapped[int] = mapped_column(default=0)
    opened_by: Mapped[str] = mapped_column(Account)
    opened_on: Mapped[date]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    batches: Mapped[int] = mapped_column(default=0)
    batches_done: Mapped[int] = mapped_column(default=0)
    workers: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)
    gross_total: Mapped[int] = mapped_column(Fen, default=0)
    contributions_total: Mapped[int] = mapped_column(Fen, default=0)
    employer_total: Mapped[int] = mapped_column(Fen, default=0)
    tax_total: Mapped[int] = mapped_column(Fen, default=0)
    net_total: Mapped[int] = mapped_column(Fen, default=0)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    approved_at: Mapped[datetime | None] = mapped_column(Moment)

    def require(self, *needed: RunStatus) -> None:
        """Raises WrongState, which names the first of the states that would do."""
        if self.status not in needed:
            raise WrongState(what="run", state=f"run.{self.status}", needed=f"run.{needed[0]}")

    def step(self, status: RunStatus, *, by: str, on: date, reason: str | None = None) -> None:
        self.status = status
        self.steps = [*self.steps, {"status": str(status), "by": by, "on": on.isoformat(), "reason": reason}]

    def done_by(self, *statuses: RunStatus) -> set[str]:
        """The accounts that ever brought it into one of these states."""
        return {step["by"] for step in self.steps if step["status"] in statuses}


class PayrollBatch(GovernedRow, Table):
    """A street's part of a run: what one payroll worker takes from the bus, and the sealed snapshot of what it did.

    `snapshot`: the inputs as the engine writes them, compressed; `inputs` and `terms` the digests of them and of the
    terms (clauses and parameter rows) they were worked out by; `root` the Merkle root (RFC 9162) over the slips.
    `considered`: the changes that were known; `saw`: the database's snapshot, from just before the facts were read.
    `layout`: the lines a slip of this batch may have, in their order.
    `queued_at` says since when it waits, as long as `calculated_at` is empty.
    """

    __tablename__ = "payroll_batch"
    __table_args__ = (Index("ix_payroll_batch_run_id", "run_id"), Index("ix_payroll_batch_street", "area", "staff"))

    batch_id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("payroll_run.run_id"))
    attempt: Mapped[int]
    queued_at: Mapped[datetime] = mapped_column(Moment, server_default=text("now()"))
    calculated_at: Mapped[datetime | None] = mapped_column(Moment)
    saw: Mapped[str | None] = mapped_column(Text)
    issued_at: Mapped[datetime | None] = mapped_column(Moment)
    engine: Mapped[str | None] = mapped_column(Id)
    workers: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)
    totals: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    layout: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    considered: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    snapshot: Mapped[bytes | None] = mapped_column(LargeBinary)
    inputs: Mapped[str | None] = mapped_column(Digest)
    terms: Mapped[str | None] = mapped_column(Digest)
    root: Mapped[str | None] = mapped_column(Digest)
    decision_id: Mapped[str | None] = mapped_column(Id)


class Payslip(GovernedRow, Table):
    """A worker's pay of a month or half of it from one employer, in fen. It counts once its run is approved.

    `leaf` is its place in the batch's Merkle tree. What tax goes by over the year: income, exempt, special,
    additional, other, relief, tax. An annual bonus taxed apart stands in `bonus` and `bonus_tax` and in no total
    of the year but gross and net; what is shown or told of as tax is both (`tax_in_all`).
    """

    __tablename__ = "payslip"
    __table_args__ = (
        UniqueConstraint("worker_id", "organisation_id", "month", "cycle"),
        Index("ix_payslip_run_id", "run_id"),
        Index("ix_payslip_batch_id", "batch_id", "leaf"),
    )

    # Without an index of its own: nobody asks for an area's slips but by run, batch or person, and the planner would
    # go through all slips of a county for each of its streets.
    area: Mapped[str] = mapped_column(AreaCode)
    slip_no: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payslip_id: Mapped[str] = mapped_column(Id, unique=True)
    run_id: Mapped[str] = mapped_column(Id)
    batch_id: Mapped[str] = mapped_column(Id)
    leaf: Mapped[int]
    worker_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    month: Mapped[str] = mapped_column(Month)
    cycle: Mapped[str] = mapped_column(Id)
    paid_in: Mapped[str] = mapped_column(Month)
    gross: Mapped[int] = mapped_column(Fen)
    contributions: Mapped[int] = mapped_column(Fen)
    employer_contributions: Mapped[int] = mapped_column(Fen)
    tax: Mapped[int] = mapped_column(Fen)
    net: Mapped[int] = mapped_column(Fen)
    income: Mapped[int] = mapped_column(Fen)
    exempt: Mapped[int] = mapped_column(Fen)
    special: Mapped[int] = mapped_column(Fen)
    additional: Mapped[int] = mapped_column(Fen)
    other: Mapped[int] = mapped_column(Fen)
    relief: Mapped[int] = mapped_column(Fen)
    bonus: Mapped[int] = mapped_column(Fen)
    bonus_tax: Mapped[int] = mapped_column(Fen)

    @property
    def tax_in_all(self) -> int:
        """What is taken off as tax: on wages, and on a bonus taxed apart."""
        return self.tax + self.bonus_tax


class PayslipLine(ScopedRow, Table):
    """One line: its code stands in the batch's layout with kind, label and clause. Lines of nothing are left out.

    A difference for an earlier month (or half of one) carries it as `period` and the change that caused it, and as
    `organisation_id` the employer of that month where it is not the slip's.
    """

    __tablename__ = "payslip_line"
    __table_args__ = (
        Index(
            "ix_payslip_line_advance",
            "slip_no",
            postgresql_where=text("code IN ('advanced_by_employer', 'advance_recovered', 'repaid', 'written_off')"),
        ),
    )

    # Without an index of its own, as that of the slip.
    area: Mapped[str] = mapped_column(AreaCode)
    slip_no: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(Fen)
    period: Mapped[str | None] = mapped_column(Period)
    change_id: Mapped[int | None] = mapped_column(BigInteger)
    organisation_id: Mapped[str | None] = mapped_column(Id)


class SetAside(ScopedRow, Table):
    """Somebody a run could not pay, and why; the next run looks at the month again."""

    __tablename__ = "set_aside"

    set_aside_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[str] = mapped_column(Id, index=True)
    batch_id: Mapped[str] = mapped_column(Id, index=True)
    worker_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    period: Mapped[str] = mapped_column(Period)
    code: Mapped[str] = mapped_column(Id)
    zh: Mapped[str] = mapped_column(String(1000))
    en: Mapped[str] = mapped_column(String(1000))
    clause: Mapped[str | None] = mapped_column(Id)
    decision_id: Mapped[str | None] = mapped_column(Id)
