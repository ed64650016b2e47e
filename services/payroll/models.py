"""Who is paid and why (as others have said it), pay standards, runs with what was entered, slips."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, MetaData, Numeric, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.errors import SamePerson, WrongState
from common.tables import NAMES, GovernedRow, ScopedRow

Id = String(60)
Account = String(300)
Money = Numeric(14, 2)
Month = String(7)


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Payee(GovernedRow, Table):
    """A worker as known here; what has not been said yet is null, for publishers are not heard in one order."""

    __tablename__ = "payee"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    account: Mapped[str | None] = mapped_column(Account)
    hired_on: Mapped[date | None]
    left_on: Mapped[date | None]


class Agreement(GovernedRow, Table):
    """A signed agreement: what is paid for. `ends_on` is the first day after it."""

    __tablename__ = "agreement"

    agreement_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, index=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    post_class: Mapped[str] = mapped_column(Id)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    signed_on: Mapped[date]
    monthly_pay: Mapped[Decimal | None] = mapped_column(Money)


class Certificate(ScopedRow, Table):
    """That a worker holds a level, since the earliest day that was said."""

    __tablename__ = "certificate"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    level: Mapped[str] = mapped_column(Id, primary_key=True)
    registered_on: Mapped[date]


class GradeStep(ScopedRow, Table):
    """One grade up, from a month on."""

    __tablename__ = "grade_step"

    consequence_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, index=True)
    starts_on: Mapped[date]


class EvaluationScore(ScopedRow, Table):
    __tablename__ = "evaluation_score"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    score: Mapped[Decimal] = mapped_column(Numeric(7, 2))


class StandardStatus(StrEnum):
    DRAFTED = "drafted"
    APPROVED = "approved"
    REPLACED = "replaced"


class PayStandard(GovernedRow, Table):
    """The monthly amount of a post class and grade in an area, from a day on; it counts once approved."""

    __tablename__ = "pay_standard"
    __table_args__ = (
        Index(
            "uq_pay_standard_approved",
            "area",
            "staff",
            "post_class",
            "grade",
            "starts_on",
            unique=True,
            postgresql_where=text("status = 'approved'"),
        ),
    )

    standard_id: Mapped[str] = mapped_column(Id, primary_key=True)
    post_class: Mapped[str] = mapped_column(Id)
    grade: Mapped[int]
    monthly_amount: Mapped[Decimal] = mapped_column(Money)
    starts_on: Mapped[date]
    status: Mapped[str] = mapped_column(Id, default=StandardStatus.DRAFTED)
    drafted_by: Mapped[str] = mapped_column(Account)
    approved_by: Mapped[str | None] = mapped_column(Account)
    approved_on: Mapped[date | None]

    def approve(self, *, by: str, on: date) -> None:
        if self.status != StandardStatus.DRAFTED:
            raise WrongState(what="standard", state=f"standard.{self.status}", needed="standard.drafted")
        if by == self.drafted_by:
            raise SamePerson(what="standard.approving")
        self.status = StandardStatus.APPROVED
        self.approved_by = by
        self.approved_on = on

    def replace(self) -> None:
        """Another one was approved for the same post and day."""
        self.status = StandardStatus.REPLACED


class RunStatus(StrEnum):
    OPEN = "open"
    BLOCKED = "blocked"
    CALCULATED = "calculated"
    APPROVED = "approved"


class PayrollRun(GovernedRow, Table):
    """The pay of one kind of staff in an area for a month; `paid_in` is the month of payment, which tax goes by.

    `inputs` is the digest of everything the calculation read, so that approval can tell whether it still holds.
    """

    __tablename__ = "payroll_run"
    __table_args__ = (UniqueConstraint("area", "staff", "month"),)

    run_id: Mapped[str] = mapped_column(Id, primary_key=True)
    month: Mapped[str] = mapped_column(Month)
    paid_in: Mapped[str] = mapped_column(Month)
    status: Mapped[str] = mapped_column(Id, default=RunStatus.OPEN)
    opened_by: Mapped[str] = mapped_column(Account)
    opened_on: Mapped[date]
    calculated_by: Mapped[str | None] = mapped_column(Account)
    calculated_on: Mapped[date | None]
    approved_by: Mapped[str | None] = mapped_column(Account)
    approved_on: Mapped[date | None]
    inputs: Mapped[str | None] = mapped_column(String(64))
    workers: Mapped[int] = mapped_column(default=0)
    gross_total: Mapped[Decimal] = mapped_column(Money, default=Decimal("0.00"))
    net_total: Mapped[Decimal] = mapped_column(Money, default=Decimal("0.00"))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)

    @property
    def first_day(self) -> date:
        return date.fromisoformat(f"{self.month}-01")

    def require_not_approved(self) -> None:
        if self.status == RunStatus.APPROVED:
            raise WrongState(what="run", state="run.approved", needed="run.unapproved")

    def reopen(self) -> None:
        """Something was entered: what was calculated before no longer holds."""
        self.require_not_approved()
        self._reset(RunStatus.OPEN)

    def block(self, findings: list[dict[str, Any]], *, by: str, on: date) -> None:
        self.require_not_approved()
        self._reset(RunStatus.BLOCKED)
        self.findings = findings
        self.calculated_by = by
        self.calculated_on = on

    def calculate(self, slips: "list[Payslip]", *, inputs: str, by: str, on: date) -> None:
        self.require_not_approved()
        self._reset(RunStatus.CALCULATED)
        self.workers = len(slips)
        self.gross_total = sum((slip.gross for slip in slips), Decimal("0.00"))
        self.net_total = sum((slip.net for slip in slips), Decimal("0.00"))
        self.inputs = inputs
        self.calculated_by = by
        self.calculated_on = on

    def approve(self, *, by: str, on: date, parties: set[str]) -> None:
        """By somebody who neither made it nor is one of its `parties`: who entered amounts or is paid by it."""
        if self.status != RunStatus.CALCULATED:
            raise WrongState(what="run", state=f"run.{self.status}", needed="run.calculated")
        if by in {self.opened_by, self.calculated_by} | parties:
            raise SamePerson(what="run.approving")
        self.status = RunStatus.APPROVED
        self.approved_by = by
        self.approved_on = on

    def _reset(self, status: RunStatus) -> None:
        self.status = status
        self.findings = []
        self.workers = 0
        self.gross_total = self.net_total = Decimal("0.00")
        self.inputs = None


class RunEntry(ScopedRow, Table):
    """What was entered for a worker in a run, and by whom."""

    __tablename__ = "run_entry"

    run_id: Mapped[str] = mapped_column(ForeignKey("payroll_run.run_id"), primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    performance_pay: Mapped[Decimal | None] = mapped_column(Money)
    overtime_pay: Mapped[Decimal | None] = mapped_column(Money)
    special_deductions: Mapped[Decimal | None] = mapped_column(Money)
    hours: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    entered_by: Mapped[str] = mapped_column(Account)


class PoolScore(ScopedRow, Table):
    __tablename__ = "pool_score"

    run_id: Mapped[str] = mapped_column(ForeignKey("payroll_run.run_id"), primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    score: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    scored_by: Mapped[str] = mapped_column(Account)


class Payslip(GovernedRow, Table):
    """A worker's month. It counts once its run is approved; until then it is made anew by each calculation.

    `lines`: code, kind (earning, deduction, employer), label, amount, formula, clause, decision_id.
    """

    __tablename__ = "payslip"
    __table_args__ = (UniqueConstraint("worker_id", "month"),)

    payslip_id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("payroll_run.run_id"), index=True)
    worker_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    month: Mapped[str] = mapped_column(Month)
    paid_in: Mapped[str] = mapped_column(Month)
    gross: Mapped[Decimal] = mapped_column(Money)
    contributions: Mapped[Decimal] = mapped_column(Money)
    employer_contributions: Mapped[Decimal] = mapped_column(Money)
    special_deductions: Mapped[Decimal] = mapped_column(Money)
    tax: Mapped[Decimal] = mapped_column(Money)
    net: Mapped[Decimal] = mapped_column(Money)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
