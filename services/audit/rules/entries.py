"""What an entry of the log holds: one CloudEvents-like object in the canonical form of RFC 8785.

An entry cannot be taken back, so neither an account nor a fact stands in it. A person's account is replaced by a
pseudonym, the decision by the hash of its document, each salted with 128 random bits: when the salt is deleted nobody,
not even we, can tell again what it stood for, and every proof stays valid.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import rfc8785

from common.areas import AREA_CODE

SALT_BYTES = 16
_LARGEST_INTEGER = 2**53 - 1
_SERVICE = "service:"
_NATION_ALONE = "0"


class Kept(Protocol):
    """A decision's document and its salt, until they are erased."""

    @property
    def salt(self) -> bytes: ...
    @property
    def document(self) -> bytes: ...


@dataclass(frozen=True)
class Told:
    """A decision as it was told: the attributes of its event and its content."""

    event_id: str
    source: str
    type_name: str
    sequence: int
    time: datetime
    content: Mapping[str, Any]

    def _attributes(self) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": self.type_name,
            "time": moment(self.time),
            "sequence": str(self.sequence),
        }

    def entry(self, *, authid: str, recorded_at: datetime, salt: bytes) -> bytes:
        """What is hashed into the tree: whose, when, under which clause and rule, and the salted hash of the rest."""
        entry = {
            **self._attributes(),
            "recordedtime": moment(recorded_at),
            "authtype": "service_account" if is_service(self.content["account"]) else "user",
            "authid": authid,
            **{name: self.content[name] for name in SHOWN_FOR_GOOD},
            "decision_hash": decision_hash(self.document(), salt=salt),
        }
        return canonical(entry)

    def document(self) -> bytes:
        """The whole decision as it was told, but for the account."""
        return canonical({name: value for name, value in self.content.items() if name != "account"})

    def is_held_in(self, entry: bytes, kept: Kept | None) -> bool:
        """Whether the entry tells the same decision; of what was erased only what still stands in it is compared."""
        held = json.loads(entry)
        told = {**self._attributes(), **{name: self.content[name] for name in SHOWN_FOR_GOOD}}
        if any(held[name] != value for name, value in told.items()):
            return False
        return kept is None or decision_hash(self.document(), salt=kept.salt) == held["decision_hash"]


# What of a decision's content stays in the log when the content is erased: no fact, no term, no words.
SHOWN_FOR_GOOD = ("decision_id", "subject", "clause", "rule", "area", "staff", "on", "permits")


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


def decision_hash(document: bytes, *, salt: bytes) -> str:
    """Salted, because what a decision holds can be guessed: an age, a yes or no."""
    return f"sha-256:{hashlib.sha256(salt + document).hexdigest()}"


def read_document(entry: bytes, kept: Kept) -> dict[str, Any]:
    """The decision's content, as it was told but for the account.

    Raises ValueError where the document is not the one the entry speaks of.
    """
    if decision_hash(kept.document, salt=kept.salt) != attributes_of(entry)["decision_hash"]:
        raise ValueError("the document is not the one whose hash the entry holds")
    content: dict[str, Any] = json.loads(kept.document)
    return content


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
