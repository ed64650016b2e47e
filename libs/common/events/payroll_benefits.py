"""What payroll says of benefits beside pay. Amounts are decimal strings in yuan."""

from datetime import date

from common.events import Event
from common.money import Yuan


class BenefitGranted(Event):
    """A worker was given a benefit; `amount` where money was paid. `corrects`: the grant that was withdrawn for it."""

    publisher = "payroll"
    about = "worker_id"

    grant_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    benefit: str
    granted_on: date
    amount: Yuan | None
    corrects: str | None
    clause: str


class BenefitWithdrawn(Event):
    """A benefit counts as never given; the reason stays with payroll."""

    publisher = "payroll"
    about = "worker_id"

    grant_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    benefit: str
    granted_on: date
    amount: Yuan | None
    withdrawn_on: date
