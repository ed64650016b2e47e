"""What leaves the house after a run: payment files, contributions owed, payments under contracts and beside wages."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from common.tables import GovernedRow, Moment, ScopedRow
from payroll.models.base import Account, Digest, Fen, Id, Month, Table


class PaymentFile(ScopedRow, Table):
    """A bank payment file, sealed once: the digest of its bytes, how many it pays, how much, and who was held back.

    `held_back`: {worker_id, payslip_id, amount, reason}, the amount in fen. `form` is the bank's, `written_as` csv or
    xlsx. `content_sealed` opens at place `payment_file|content|<file_id>`. A later file of a run pays whom an earlier
    one held back; `number` counts them.
    """

    __tablename__ = "payment_file"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    file_id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    form: Mapped[str] = mapped_column(Id)
    written_as: Mapped[str] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(Digest)
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    payslip_nos: Mapped[list[int]] = mapped_column(JSONB)
    people: Mapped[int]
    total: Mapped[int] = mapped_column(Fen)
    held_back: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    sealed_by: Mapped[str] = mapped_column(Account)
    sealed_at: Mapped[datetime] = mapped_column(Moment)
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    bank_reference: Mapped[str | None] = mapped_column(String(120))


class ContributionDue(ScopedRow, Table):
    """What an employer owes to a scheme for a month, from a run; differences for earlier months name their `period`."""

    __tablename__ = "contribution_due"
    __table_args__ = (UniqueConstraint("run_id", "organisation_id", "scheme", "period"),)

    due_id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    staff: Mapped[str] = mapped_column(Id)
    scheme: Mapped[str] = mapped_column(Id)
    period: Mapped[str] = mapped_column(Month)
    people: Mapped[int]
    employer: Mapped[int] = mapped_column(Fen)
    worker: Mapped[int] = mapped_column(Fen)
    due_on: Mapped[date]
    clause: Mapped[str] = mapped_column(Id)
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    reference: Mapped[str | None] = mapped_column(String(120))
    alerted_on: Mapped[date | None]


class ContractPayment(GovernedRow, Table):
    """A payment to the provider of a purchased service, as its contract says: no payslip, no tax withheld here."""

    __tablename__ = "contract_payment"
    __table_args__ = (UniqueConstraint("organisation_id", "contract_reference", "instalment"),)

    payment_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    provider: Mapped[str] = mapped_column(String(200))
    contract_reference: Mapped[str] = mapped_column(String(120))
    instalment: Mapped[int]
    amount: Mapped[int] = mapped_column(Fen)
    due_on: Mapped[date]
    entered_by: Mapped[str] = mapped_column(Account)
    approved_by: Mapped[str | None] = mapped_column(Account)
    approved_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    clause: Mapped[str | None] = mapped_column(Id)
    decision_id: Mapped[str | None] = mapped_column(Id)


class OneOffKind(StrEnum):
    LABOUR_REMUNERATION = "labour_remuneration"
    SEVERANCE = "severance"
    INTERNSHIP = "internship"


class OneOffPayment(GovernedRow, Table):
    """What a person is paid beside wages, with the tax withheld from it: fen.

    Either `worker_id` or, for somebody from outside, `payee_id` as the unit that pays keeps it. `project` joins what
    the same continuous work brings, `begun_in` is the month an internship began. `parameter_id`: the row that gave
    the average wage.
    """

    __tablename__ = "one_off_payment"

    payment_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str | None] = mapped_column(Id)
    payee_id: Mapped[str | None] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Id)
    project: Mapped[str | None] = mapped_column(String(120))
    begun_in: Mapped[str | None] = mapped_column(Month)
    paid_in: Mapped[str] = mapped_column(Month)
    gross: Mapped[int] = mapped_column(Fen)
    tax: Mapped[int] = mapped_column(Fen)
    net: Mapped[int] = mapped_column(Fen)
    clause: Mapped[str] = mapped_column(Id)
    decision_id: Mapped[str] = mapped_column(Id)
    parameter_id: Mapped[str | None] = mapped_column(Id)
    entered_by: Mapped[str] = mapped_column(Account)
    approved_by: Mapped[str | None] = mapped_column(Account)
    approved_on: Mapped[date | None]
    rejected_by: Mapped[str | None] = mapped_column(Account)
    rejected_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    reference: Mapped[str | None] = mapped_column(String(120))
