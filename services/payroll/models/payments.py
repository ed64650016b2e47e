"""What leaves the house after a run: payment files, contributions owed, payments under contracts and beside wages."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from common.tables import GovernedRow, Moment, ScopedRow
from payroll.models.base import Account, Digest, Fen, Id, Month, Table


class PaymentFile(ScopedRow, Table):
    """A bank payment file, sealed once: the digest of its bytes, how many it pays, how much, how many it holds back.

    `form` is the bank's, `written_as` csv or xlsx. `content_sealed` opens at place `payment_file|content|<file_id>`.
    A later file of a run pays whom an earlier one held back; `number` counts them.
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
    held_back: Mapped[int]
    sealed_by: Mapped[str] = mapped_column(Account)
    sealed_on: Mapped[date]
    sealed_at: Mapped[datetime] = mapped_column(Moment)
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    bank_reference: Mapped[str | None] = mapped_column(String(120))


class HeldBackSlip(ScopedRow, Table):
    """Whom a payment file did not pay when it was sealed, how much, and why; in the area of the file. Fen."""

    __tablename__ = "held_back_slip"

    file_id: Mapped[str] = mapped_column(Id, primary_key=True)
    slip_no: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payslip_id: Mapped[str] = mapped_column(Id)
    worker_id: Mapped[str] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(Fen)
    reason: Mapped[str] = mapped_column(Id)


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


class BalanceSettlement(GovernedRow, Table):
    """What of an advance is settled beside pay: repaid by the worker in cash, or written off and borne by the employer.

    Counts once a second person has approved it; `clause` and `decision_id` are then those of the approval. Fen.
    """

    __tablename__ = "balance_settlement"
    __table_args__ = (Index("ix_balance_settlement_of_worker", "worker_id", "organisation_id"),)

    settlement_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(Fen)
    reason: Mapped[str] = mapped_column(String(400))
    reference: Mapped[str] = mapped_column(String(120))
    clause: Mapped[str] = mapped_column(Id)
    decision_id: Mapped[str] = mapped_column(Id)
    drafted_by: Mapped[str] = mapped_column(Account)
    drafted_on: Mapped[date]
    approved_by: Mapped[str | None] = mapped_column(Account)
    approved_on: Mapped[date | None]
    rejected_by: Mapped[str | None] = mapped_column(Account)
    rejected_on: Mapped[date | None]


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


class OneOffFile(ScopedRow, Table):
    """A bank file of payments beside wages of one unit and month of payment, sealed once like that of a run.

    `held_back` counts those that a later file pays. `content_sealed` opens at place `one_off_file|content|<file_id>`.
    """

    __tablename__ = "one_off_file"

    file_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    paid_in: Mapped[str] = mapped_column(Month)
    form: Mapped[str] = mapped_column(Id)
    written_as: Mapped[str] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(Digest)
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    payments: Mapped[int]
    total: Mapped[int] = mapped_column(Fen)
    held_back: Mapped[int]
    sealed_by: Mapped[str] = mapped_column(Account)
    sealed_at: Mapped[datetime] = mapped_column(Moment)
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    bank_reference: Mapped[str | None] = mapped_column(String(120))


class HeldBackPayment(ScopedRow, Table):
    """Which payment a file did not pay when it was sealed, and why; in the area of the file. Fen."""

    __tablename__ = "held_back_payment"

    file_id: Mapped[str] = mapped_column(Id, primary_key=True)
    payment_id: Mapped[str] = mapped_column(Id, primary_key=True)
    amount: Mapped[int] = mapped_column(Fen)
    reason: Mapped[str] = mapped_column(Id)


class OneOffKind(StrEnum):
    LABOUR_REMUNERATION = "labour_remuneration"
    SEVERANCE = "severance"
    INTERNSHIP = "internship"


class OneOffPayment(GovernedRow, Table):
    """What a person is paid beside wages, with the tax withheld from it: fen.

    Either `worker_id` or, for somebody from outside, `payee_id` as the unit that pays keeps it. `project` joins what
    the same continuous work brings, `begun_in` is the month an internship began. `parameter_id`: the row that gave
    the average wage; `exempt` is what of severance bears no tax. Somebody from outside is paid to the account entered
    with the payment, which whoever approves it confirms; `holder_sealed`, `number_sealed` and `identity_sealed` open at
    places `one_off_payment|holder|<payment_id>`, `…|number|…` and `…|identity_number|…`. `file_id`: the file it is in.
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
    exempt: Mapped[int] = mapped_column(Fen, default=0)
    tax: Mapped[int] = mapped_column(Fen)
    net: Mapped[int] = mapped_column(Fen)
    clause: Mapped[str] = mapped_column(Id)
    decision_id: Mapped[str] = mapped_column(Id)
    parameter_id: Mapped[str | None] = mapped_column(Id)
    bank: Mapped[str | None] = mapped_column(String(120))
    number_masked: Mapped[str | None] = mapped_column(String(40))
    holder_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_id: Mapped[str | None] = mapped_column(Id, index=True)
    entered_by: Mapped[str] = mapped_column(Account)
    approved_by: Mapped[str | None] = mapped_column(Account)
    approved_on: Mapped[date | None]
    rejected_by: Mapped[str | None] = mapped_column(Account)
    rejected_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    paid_by: Mapped[str | None] = mapped_column(Account)
    reference: Mapped[str | None] = mapped_column(String(120))
