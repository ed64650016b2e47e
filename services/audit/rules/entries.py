"""What an entry of the log holds: one CloudEvents-like object in the canonical form of RFC 8785.

An entry cannot be taken back and anybody may read it, so no person stands in it: not whose matter it is, not who
decided, no fact, and of the area only the county. Those are disclosures (RFC 9901) beside it, which can be erased.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import orjson

from audit.rules.disclosures import ALGORITHM, disclose
from audit.tlog import receipts
from audit.tlog.receipts import digest_of
from common.areas import AREA_CODE
from common.events.decisions import DecisionRecorded, DecisionsTallied

OWN_SOURCE = "/audit/log"
_COUNTY = 6
_NATION_ALONE = "0"
_SERVICE = "service:"


class EntryType(StrEnum):
    """What an entry may be about, as its `type` says."""

    DECISION = DecisionRecorded.type_name()
    TALLY = DecisionsTallied.type_name()
    ERASED = receipts.ERASED
    READ = "audit.decisions_read.v1"
    ALARM = "audit.alarm_raised.v1"
    ALARM_CLOSED = "audit.alarm_closed.v1"


class Part(StrEnum):
    """The disclosures of a decision: whose matter, who decided, what was found, and what the clause said that day."""

    SUBJECT = "subject"
    ACCOUNT = "account"
    CASE = "case"
    POLICY = "policy"


# What a reading discloses: the question and what was shown.
READING = "reading"

# What speaks of a person, and goes when the person is erased; the policy stays.
PERSONAL = (Part.SUBJECT, Part.CASE, READING)

# What of a decision stands in its entry for good.
SHOWN_FOR_GOOD = ("decision_id", "clause", "rule", "document", "at", "policy_digest", "staff", "on", "permits")
_BY_PART = {
    Part.SUBJECT: ("subject", "area", "organisation"),
    Part.CASE: ("facts", "outcome", "words", "recorded_at"),
    Part.POLICY: ("document_title", "says", "terms", "terms_since"),
}


@dataclass(frozen=True)
class Origin:
    """Where a message comes from: the attributes of its event."""

    event_id: str
    source: str
    type_name: str
    sequence: int
    time: datetime

    def attributes(self) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": self.type_name,
            "time": moment(self.time),
            "sequence": str(self.sequence),
        }


@dataclass(frozen=True)
class Made:
    """An entry as it is hashed into the tree, its disclosures by name, and what it is found by."""

    leaf: bytes
    disclosures: dict[str, str]
    columns: dict[str, Any]


def decision_entry(origin: Origin, content: Mapping[str, Any], *, recorded_at: datetime) -> Made:
    """`content`: the members of DecisionRecorded as plain JSON values."""
    shown = {name: content[name] for name in SHOWN_FOR_GOOD}
    shown["rule_version"] = str(content["rule_version"])
    shown["authtype"] = "service_account" if is_service(content["account"]) else "user"
    shown["area"] = county_of(content["area"])
    parts: dict[str, Any] = {part: {name: content[name] for name in names} for part, names in _BY_PART.items()}
    if content.get("parameters"):  # few decisions go by any
        parts[Part.POLICY]["parameters"] = content["parameters"]
    parts[Part.ACCOUNT] = content["account"]
    return make_entry(origin, shown, parts, recorded_at=recorded_at)


def make_entry(origin: Origin, shown: Mapping[str, Any], parts: Mapping[str, Any], *, recorded_at: datetime) -> Made:
    disclosures = {name: disclose(name, value) for name, value in parts.items()}
    held = {**origin.attributes(), "recordedtime": moment(recorded_at), **shown}
    leaf = {**held, "_sd_alg": ALGORITHM, "_sd": sorted(map(digest_of, disclosures.values()))}
    return Made(canonical(leaf), disclosures, found_by(held, content_of(parts)))


def shown_in(content: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry of this decision shows, to compare a second telling with."""
    return {name: content[name] for name in SHOWN_FOR_GOOD} | {"area": county_of(content["area"])}


def content_of(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the decision that these disclosures, by name, give back."""
    content: dict[str, Any] = {}
    for name, value in parts.items():
        content |= {name: value} if name == Part.ACCOUNT or not isinstance(value, Mapping) else value
    return content


def county_of(area: str) -> str:
    """The county an area lies in: a community and a day may be enough to know of whom a decision speaks."""
    return area[:_COUNTY]


def scope_of(area: str) -> str:
    """Where a row lies for row-level security: what has no proper code is shown to the nation's offices alone."""
    return area if re.fullmatch(AREA_CODE, area) else _NATION_ALONE


def is_service(account: str) -> bool:
    return account.startswith(_SERVICE)


def attributes_of(leaf: bytes) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(leaf)
    return held


def found_by(held: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry is found by: from its attributes, and from what its disclosures still say."""
    asked = content.get("question", {})
    return {
        "type": held["type"],
        "area": scope_of(content.get("area", held.get("area", ""))),
        "recorded_at": datetime.fromisoformat(held["recordedtime"]),
        "decided_at": datetime.fromisoformat(held["time"]),
        "on": date.fromisoformat(held["on"]) if "on" in held else None,
        **{name: held.get(name) for name in ("decision_id", "clause", "rule", "staff", "permits")},
        "account": content.get("account"),
        "asked_account": asked.get("account"),
        **{name: content.get(name, asked.get(name)) for name in ("subject", "organisation")},
    }


def canonical(leaf: Mapping[str, Any]) -> bytes:
    """RFC 8785, for what entries hold: strings, booleans and lists of strings, under names in ASCII.

    Only numbers, and names beyond ASCII, would need more care than sorting the names.
    """
    return orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
