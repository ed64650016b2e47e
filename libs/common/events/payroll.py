"""What payroll says: standards, runs, slips, pools. Amounts are decimal strings in yuan; a month is `YYYY-MM`."""

from datetime import date
from typing import Any

from pydantic import Field

from common.events import Event
from common.money import Yuan


class PayStandardSet(Event):
    publisher = "payroll"
    about = "area"

    standard_id: str
    area: str
    staff: str
    post_class: str
    grade: int
    monthly_amount: Yuan
    starts_on: date


class ParameterChecked(Event):
    """A figure counts from its day on; a null value ends it. `staff` null is everybody, the empty area the nation."""

    publisher = "payroll"
    about = "code"

    parameter_id: str
    code: str
    area: str
    staff: str | None
    starts_on: date
    value: Any


class RunOpened(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str
    cycle: str = "month"
    paid_in: str | None = None


class BatchQueued(Event):
    """A street's part of a run, for whichever payroll process takes it first; `attempt` is that of its run."""

    publisher = "payroll"
    about = "batch_id"
    stream = "work"

    batch_id: str
    run_id: str
    area: str
    attempt: int


class BatchCalculated(Event):
    """One batch more is done: `done` of `batches`."""

    publisher = "payroll"
    about = "run_id"

    run_id: str
    batch_id: str
    area: str
    done: int
    batches: int
    workers: int
    set_aside: int
    gross_total: Yuan


class PoolShared(Event):
    """A street's pool. A large one is said in several events: each has the `total` of the whole pool and the `shares`
    of other workers of it.
    """

    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    month: str
    total: Yuan
    shares: dict[str, Yuan]


class RunCalculated(Event):
    """All batches are done. `findings` counts the people set aside by code; the run itself names them."""

    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    month: str
    workers: int
    set_aside: int = 0
    batches: int = 1
    findings: dict[str, int] = Field(default_factory=dict)
    gross_total: Yuan
    net_total: Yuan


class RunReviewed(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str
    workers: int
    set_aside: int


class BatchApproved(Event):
    """The slips of a batch are to be issued and its snapshot sealed; its run is approved."""

    publisher = "payroll"
    about = "batch_id"
    stream = "work"

    batch_id: str
    run_id: str
    area: str


class PayslipIssued(Event):
    """Said when the run is approved. `lines`: {code, kind, label, amount} in the order of the slip; a difference for an
    earlier month has that month as `period`.
    """

    publisher = "payroll"
    about = "worker_id"

    payslip_id: str
    run_id: str
    worker_id: str
    area: str
    staff: str
    month: str
    cycle: str = "month"
    organisation_id: str | None = None
    gross: Yuan
    contributions: Yuan
    tax: Yuan
    net: Yuan
    lines: list[dict[str, Any]]


class RunApproved(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str
    workers: int
    set_aside: int = 0
    gross_total: Yuan
    net_total: Yuan


class RunClosed(Event):
    """Nothing more happens in this run; whoever was set aside or held back is looked at by a later one."""

    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str
    workers: int
    set_aside: int
    held_back: int


class GradeChanged(Event):
    publisher = "payroll"
    about = "worker_id"

    worker_id: str
    area: str
    grade: int
    starts_on: date


class PaymentFileSealed(Event):
    """A bank payment file is sealed: from now on its bytes are these. `held_back` counts who it does not pay yet."""

    publisher = "payroll"
    about = "run_id"

    file_id: str
    run_id: str
    area: str
    number: int
    people: int
    total: Yuan
    held_back: int
    digest: str


class PaymentFileOpened(Event):
    """Somebody has taken out a sealed file, with the account numbers in it."""

    publisher = "payroll"
    about = "run_id"

    file_id: str
    run_id: str
    area: str
    opened_by: str


class TaxSheetExported(Event):
    """Somebody has taken out a sheet with the identity numbers of these people opened in it, and said what for."""

    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    sheet: str
    people: int
    reason: str
    exported_by: str


class RunPaid(Event):
    """The bank has carried out the last payment file sealed so far."""

    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str
    paid_on: date
    people: int
    total: Yuan
    held_back: int


class ContributionOverdue(Event):
    """Said once for what an employer owes to a scheme and has not paid in time; `clauses` say that it is late."""

    publisher = "payroll"
    about = "organisation_id"

    due_id: str
    organisation_id: str
    area: str
    staff: str
    scheme: str
    period: str
    employer: Yuan
    worker: Yuan
    due_on: date
    clauses: list[str]


class BankAccountChanged(Event):
    """`status`: entered, confirmed or rejected. An entered one stops payment until a second person has looked."""

    publisher = "payroll"
    about = "worker_id"

    account_id: str
    worker_id: str
    area: str
    bank: str
    number_masked: str
    status: str


class BalanceSettled(Event):
    """Of what a worker owes an employer, this much is settled beside pay. `kind`: repaid, or written_off (then the
    employer bears it); no later run recovers it.
    """

    publisher = "payroll"
    about = "worker_id"

    settlement_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    kind: str
    amount: Yuan
    clause: str


class ContractPaymentApproved(Event):
    publisher = "payroll"
    about = "payment_id"

    payment_id: str
    organisation_id: str
    area: str
    staff: str
    provider: str
    contract_reference: str
    instalment: int
    amount: Yuan
    due_on: date


class OneOffPaymentApproved(Event):
    """`kind`: labour_remuneration, severance or internship. `worker_id` is null for somebody from outside."""

    publisher = "payroll"
    about = "payment_id"

    payment_id: str
    worker_id: str | None
    organisation_id: str
    area: str
    staff: str
    kind: str
    paid_in: str
    gross: Yuan
    tax: Yuan
    net: Yuan


class OneOffFileSealed(Event):
    """A bank file of payments beside wages is sealed. `held_back` counts the payments that wait for an account."""

    publisher = "payroll"
    about = "file_id"

    file_id: str
    organisation_id: str
    area: str
    paid_in: str
    payments: int
    total: Yuan
    held_back: int
    digest: str


class OneOffFileOpened(Event):
    """Somebody has taken out a sealed file of payments beside wages, with the account numbers in it."""

    publisher = "payroll"
    about = "file_id"

    file_id: str
    organisation_id: str
    area: str
    opened_by: str


class OneOffTaxSheetExported(Event):
    """Somebody has taken out a tax sheet of payments beside wages, with the identity numbers of so many people opened
    in it, and said what for.
    """

    publisher = "payroll"
    about = "organisation_id"

    organisation_id: str
    area: str
    paid_in: str
    sheet: str
    people: int
    reason: str
    exported_by: str
