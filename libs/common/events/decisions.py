"""What every service says of each decision it makes; the audit service keeps it for good."""

from datetime import date, datetime
from typing import Any

from common.events import Event


class DecisionRecorded(Event):
    """`account` is who decided or asked; `facts` hold no names or numbers of identity.

    `words` says the decision in Chinese and English (`zh`, `en`), as only the deciding service can label its facts.
    """

    publisher = "audit"
    about = "subject"
    stream = "decisions"

    decision_id: str
    subject: str
    account: str
    recorded_at: datetime
    rule: str
    rule_version: int
    document: str
    document_title: str
    policy_digest: str
    clause: str
    at: str
    says: dict[str, str]
    area: str
    staff: str
    on: date
    terms: dict[str, Any]
    terms_since: dict[str, date] | None = None
    parameters: dict[str, str] | None = None
    facts: dict[str, Any]
    outcome: Any
    permits: bool
    organisation: str | None = None
    words: dict[str, str] | None = None


class DecisionsTallied(Event):
    """What a service says it has decided, so that whoever keeps the decisions can be held to it.

    Covers the messages `first_sequence` to `last_sequence` of the service's decisions, without this one. `marks` holds
    eight bytes for each in that order, base64: HMAC-SHA-256 by the installation's index key over the event's id, a zero
    byte and its body; `digest` is SHA-256 over them, hexadecimal. `day` is the last day they were made on.
    """

    publisher = "audit"
    about = "service"
    stream = "decisions"

    service: str
    day: date
    first_sequence: int
    last_sequence: int
    digest: str
    marks: str
