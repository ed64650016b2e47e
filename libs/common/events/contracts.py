"""What contracts says: agreements, exit cases, leaving."""

from datetime import date

from common.events import Event
from common.money import Yuan


class AgreementDrafted(Event):
    publisher = "contracts"
    about = "worker_id"

    agreement_id: str
    worker_id: str
    area: str
    staff: str
    kind: str
    starts_on: date
    ends_on: date | None
    renewal_of: str | None = None


class AgreementSigned(Event):
    """Every party has signed. `ends_on` is the first day after the term; `monthly_pay` in yuan where agreed.

    `probation_ends_on` is the first day after a probation, where there is one.
    """

    publisher = "contracts"
    about = "worker_id"

    agreement_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    post_class: str
    kind: str
    starts_on: date
    ends_on: date | None
    signed_on: date
    monthly_pay: Yuan | None = None
    renewal_of: str | None = None
    probation_ends_on: date | None = None


class LeaveRecorded(Event):
    """`ends_on` is the first day after the leave; null where a leave recorded before is withdrawn."""

    publisher = "contracts"
    about = "worker_id"

    leave_id: str
    worker_id: str
    area: str
    kind: str
    starts_on: date
    ends_on: date | None


class WorkerTransferred(Event):
    """The post is served elsewhere from `starts_on` on; agreement and employment go on."""

    publisher = "contracts"
    about = "worker_id"

    transfer_id: str
    worker_id: str
    from_area: str
    area: str
    staff: str
    organisation_id: str
    post_class: str
    starts_on: date


class ExitCaseOpened(Event):
    publisher = "contracts"
    about = "worker_id"

    case_id: str
    worker_id: str
    area: str
    ground: str
    clause: str
    opened_on: date


class ExitHearingHeld(Event):
    publisher = "contracts"
    about = "worker_id"

    case_id: str
    worker_id: str
    area: str
    held_on: date


class ExitCaseDismissed(Event):
    publisher = "contracts"
    about = "worker_id"

    case_id: str
    worker_id: str
    area: str
    dismissed_on: date


class WorkerLeft(Event):
    """`left_on` is the first day on which the worker no longer holds the post."""

    publisher = "contracts"
    about = "worker_id"

    worker_id: str
    case_id: str
    area: str
    staff: str
    ground: str
    clause: str
    left_on: date
