"""What an entry of the log holds: one CloudEvents-like object in the canonical form of RFC 8785.

No account stands in an entry. A person's is replaced by a pseudonym, a hash salted with 128 random bits: when the
salt is deleted nobody, not even we, can tell again whose it was, and every proof stays valid.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from common.areas import AREA_CODE

LARGEST_ENTRY = 65_535
_LARGEST_INTEGER = 2**53 - 1
_SERVICE = "service:"
_NATION_ALONE = "0"


@dataclass(frozen=True)
class Told:
    """A decision as it was told: the attributes of its event and its content."""

    event_id: str
    source: str
    type_name: str
    sequence: int
    time: datetime
    content: Mapping[str, Any]

    def digest(self) -> str:
        """Equal for two tellings of one decision, different as soon as anything in them differs."""
        attributes = {**self._attributes(), "content": dict(self.content)}
        return hashlib.sha256(canonical(attributes)).hexdigest()

    def _attributes(self) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": self.type_name,
            "time": moment(self.time),
            "sequence": str(self.sequence),
        }

    def compose(self, *, authid: str, recorded_at: datetime) -> tuple[bytes, bytes | None]:
        """The entry, and beside it the decision's own bytes where they are too many for an entry."""
        decision = {name: value for name, value in self.content.items() if name not in _OUTSIDE}
        entry = {
            **self._attributes(),
            "recordedtime": moment(recorded_at),
            "subject": self.content["subject"],
            "authtype": "service_account" if is_service(self.content["account"]) else "user",
            "authid": authid,
            "clause": self.content["clause"],
        }
        whole = canonical({**entry, "decision": decision})
        if len(whole) <= LARGEST_ENTRY:
            return whole, None
        document = canonical(decision)
        return canonical({**entry, "decision_hash": document_hash(document)}), document


_OUTSIDE = ("subject", "account", "clause")


def scope_of(area: str) -> str:
    """Where the row lies for row-level security: what has no proper code is shown to the nation's offices alone."""
    return area if re.fullmatch(AREA_CODE, area) else _NATION_ALONE


def is_service(account: str) -> bool:
    return account.startswith(_SERVICE)


def pseudonym(account: str, *, salt: bytes) -> str:
    """A service is no person and stays readable."""
    if is_service(account):
        return account
    return base64.urlsafe_b64encode(hashlib.sha256(salt + account.encode()).digest()).decode().rstrip("=")


def document_hash(document: bytes) -> str:
    return f"sha-256:{hashlib.sha256(document).hexdigest()}"


def read_entry(entry: bytes, document: bytes | None) -> dict[str, Any]:
    """The decision's content out of an entry, as it was told but for the account.

    Raises ValueError where the document is not the one the entry speaks of.
    """
    held = json.loads(entry)
    if "decision_hash" in held:
        if document is None or document_hash(document) != held["decision_hash"]:
            raise ValueError("the document is not the one whose hash the entry holds")
        decision = json.loads(document)
    else:
        decision = held["decision"]
    return {**decision, "subject": held["subject"], "clause": held["clause"]}


def attributes_of(entry: bytes) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(entry)
    return held


def canonical(value: Any) -> bytes:
    return rfc8785.dumps(_exact(value))


def _exact(value: Any) -> Any:
    """JSON knows doubles only: a larger integer is written as a string (RFC 7493 §2.2), not rounded."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return str(value)
    if isinstance(value, Mapping):
        return {name: _exact(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(one) for one in value]
    return value


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
