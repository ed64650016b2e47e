"""Figures that hold from a day on, entered by one person and checked by another: parameters and pay standards."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from common.errors import SamePerson, WrongState
from common.tables import GovernedRow, ScopedRow
from payroll.models.base import Account, Id, Table, Yuan


class ParameterStatus(StrEnum):
    ENTERED = "entered"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REJECTED = "rejected"


class Parameter(ScopedRow, Table):
    """A figure of a place and a kind of staff (`""` for all) from a day on; it counts once a second person checked it.

    It holds until the next row of its code, area and staff begins; a null value ends it. So overlaps cannot be said.
    `confidence` L is a proposal: it cannot be checked as it stands, but must be entered again with its document.
    """

    __tablename__ = "parameter"
    __table_args__ = (
        Index(
            "uq_parameter_in_force",
            "code",
            "area",
            "staff",
            "starts_on",
            unique=True,
            postgresql_where=text("status = 'in_force'"),
        ),
    )

    parameter_id: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(120))
    staff: Mapped[str] = mapped_column(Id, default="")
    starts_on: Mapped[date]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    source: Mapped[str] = mapped_column(String(400))
    confidence: Mapped[str] = mapped_column(String(1))
    status: Mapped[str] = mapped_column(Id, default=ParameterStatus.ENTERED)
    entered_by: Mapped[str] = mapped_column(Account)
    entered_on: Mapped[date]
    checked_by: Mapped[str | None] = mapped_column(Account)
    checked_on: Mapped[date | None]


class StandardStatus(StrEnum):
    DRAFTED = "drafted"
    APPROVED = "approved"
    REPLACED = "replaced"


class PayStandard(GovernedRow, Table):
    """The monthly amount of a post class and grade in an area, from a day on; it counts once approved.

    `source` says where the figure comes from, as a parameter's does.
    """

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
    monthly_amount: Mapped[Decimal] = mapped_column(Yuan)
    starts_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(400))
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
