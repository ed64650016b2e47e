"""What the registry says: organisations, posts, quotas, certificates, filings."""

from datetime import date

from common.events import Event


class OrganisationRegistered(Event):
    """Also said again, whole, when its figures change."""

    publisher = "registry"
    about = "organisation_id"

    organisation_id: str
    name: str
    kind: str
    area: str
    unions: int | None = None
    workers: int | None = None
    households: int | None = None
    committee_term_ends_on: date | None = None


class QuotaDetermined(Event):
    publisher = "registry"
    about = "organisation_id"

    organisation_id: str
    area: str
    staff: str
    lowest: int
    highest: int
    obligation: str
    clause: str
    decision_id: str


class PostOpened(Event):
    publisher = "registry"
    about = "organisation_id"

    post_id: str
    organisation_id: str
    area: str
    staff: str
    post_class: str
    opened_on: date


class CertificateRegistered(Event):
    publisher = "registry"
    about = "worker_id"

    certificate_id: str
    worker_id: str
    area: str
    kind: str
    level: str
    registered_on: date


class FilingOpened(Event):
    publisher = "registry"
    about = "worker_id"

    filing_id: str
    worker_id: str
    area: str
    staff: str
    clause: str
    opened_on: date


class FilingSubmitted(Event):
    """Sent to the province; `correction` when it answers a return."""

    publisher = "registry"
    about = "worker_id"

    filing_id: str
    worker_id: str
    area: str
    submitted_on: date
    correction: bool


class FilingReturned(Event):
    publisher = "registry"
    about = "worker_id"

    filing_id: str
    worker_id: str
    area: str
    returned_on: date
    reason: str


class FilingAccepted(Event):
    publisher = "registry"
    about = "worker_id"

    filing_id: str
    worker_id: str
    area: str
    accepted_on: date
    receipt_number: str
