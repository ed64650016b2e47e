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
    facts: dict[str, Any]
    outcome: Any
    permits: bool
    words: dict[str, str] | None = None
