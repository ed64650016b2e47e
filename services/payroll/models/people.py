"""Who is paid and why, as others have said it, and what was entered for them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import LargeBinary, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from common.tables import GovernedRow, Moment, ScopedRow
from payroll.models.base import Account, Fen, Id, Month, Table, Yuan


class Payee(GovernedRow, Table):
    """A worker as known here; what has not been said yet is null, for publishers are not heard in one order."""

    __tablename__ = "payee"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(120))
    account: Mapped[str | None] = mapped_column(Account)
    identity_masked: Mapped[str | None] = mapped_column(String(40))
    identity_sealed: Mapped[str | None] = mapped_column(String(400))
    hired_on: Mapped[date | None]
    left_on: Mapped[date | None]


class Organisation(ScopedRow, Table):
    """A registered organisation, which may pay somebody; where it lies."""

    __tablename__ = "organisation"

    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)


class Agreement(GovernedRow, Table):
    """A signed agreement: what is paid for. `ends_on` is the first day after it; `kind` as contracts names it."""

    __tablename__ = "agreement"

    agreement_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, index=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    post_class: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Id)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    signed_on: Mapped[date]
    probation_ends_on: Mapped[date | None]
    monthly_pay: Mapped[Decimal | None] = mapped_column(Yuan)


class Placement(GovernedRow, Table):
    """Where an agreement is served from a day on, after a transfer; before its first one, where it was signed for.

    It holds for the agreements of its kind of staff that were signed or had begun before it.
    """

    __tablename__ = "placement"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    transfer_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    post_class: Mapped[str] = mapped_column(Id)


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
    """The score of a year, and the grade it came to."""

    __tablename__ = "evaluation_score"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    score: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    grade: Mapped[str] = mapped_column(Id)


class Attribute(ScopedRow, Table):
    """What a scheme may pay for beside class, grade and certificate: `kind` is `education`, `title`, `level`,
    `years_from` (the day from which years of service count, ISO), or any a policy file names; the value holds from its
    day until the next row's.
    """

    __tablename__ = "attribute"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Id, primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[str | None] = mapped_column(Id)
    said_by: Mapped[str] = mapped_column(Account)


class Leave(ScopedRow, Table):
    """Leave as contracts recorded it; `ends_on` is the first day after it, null when it was withdrawn."""

    __tablename__ = "leave"

    leave_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, index=True)
    kind: Mapped[str] = mapped_column(Id)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class Entry(ScopedRow, Table):
    """A monthly variable of a worker: fen for money, hundredths for hours and days; entering again replaces it.

    `cycle` is a half only for part-timers, and for codes that go by halves.
    """

    __tablename__ = "entry"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    month: Mapped[str] = mapped_column(Month, primary_key=True)
    cycle: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(Id, primary_key=True)
    amount: Mapped[int] = mapped_column(Fen)
    entered_by: Mapped[str] = mapped_column(Account)


class StandingEntry(ScopedRow, Table):
    """What holds every month from `from_month` until the next row of the code; null ends it. Entry goes before it."""

    __tablename__ = "standing_entry"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(Id, primary_key=True)
    from_month: Mapped[str] = mapped_column(Month, primary_key=True)
    amount: Mapped[int | None] = mapped_column(Fen)
    entered_by: Mapped[str] = mapped_column(Account)


class ContributionBase(ScopedRow, Table):
    """The pay that contributions to a scheme are worked out from, before floor and ceiling, from a month on.

    `organisation_id`: kept by the system, the pay of the first month with that employer; it holds there alone, and only
    as long as none without one, which somebody has set, is in force.
    """

    __tablename__ = "contribution_base"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    scheme: Mapped[str] = mapped_column(Id, primary_key=True)
    from_month: Mapped[str] = mapped_column(Month, primary_key=True)
    amount: Mapped[int] = mapped_column(Fen)
    source: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[str | None] = mapped_column(Id)
    set_by: Mapped[str] = mapped_column(Account)


class TaxCard(ScopedRow, Table):
    """How a person's tax is withheld by an employer in a tax year, and what was paid before this platform kept it.

    Without `mode` nothing was said of it: it follows from last year's slips.
    `opening`: fen by name (income, exempt, special, additional, other, relief, withheld) and `months`.
    """

    __tablename__ = "tax_card"

    worker_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    mode: Mapped[str | None] = mapped_column(Id)
    evidence: Mapped[str] = mapped_column(String(400))
    bonus_way: Mapped[str | None] = mapped_column(Id)
    opening: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    set_by: Mapped[str] = mapped_column(Account)
    decision_id: Mapped[str | None] = mapped_column(Id)


class BankAccount(ScopedRow, Table):
    """Where a worker's pay goes. A change is paid to by nobody until a second person has confirmed it.

    `number_sealed` opens at place `bank_account|number|<account_id>`.
    """

    __tablename__ = "bank_account"

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id, index=True)
    bank: Mapped[str] = mapped_column(String(120))
    holder_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number_masked: Mapped[str] = mapped_column(String(40))
    entered_by: Mapped[str] = mapped_column(Account)
    entered_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[str | None] = mapped_column(Account)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    rejected: Mapped[bool] = mapped_column(default=False)
