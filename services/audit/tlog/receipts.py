"""Receipts: what somebody keeps in hand to show that an entry stands in the log.

A receipt is a C2SP tlog-proof. Its `extra` line, which other tools pass over, carries base64 of the JSON
`{"entry": <its text>, "disclosures": [<RFC 9901 disclosure>, …]}`. Nothing there is believed: the entry hashes to the
leaf of the proof, and the digest of each disclosure stands in the entry's `_sd`.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.tlog.notes import BadNote, Checkpoint, decode, encode, read_decimal
from audit.tlog.tree import HASH_LENGTH, hash_leaf, is_included

SUFFIX = ".tlog-proof"
DIGESTS = "_sd"

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "
_LONGEST_PATH = 63
_ALGORITHM = "_sd_alg"
ERASED = "audit.disclosures_erased.v1"
_RESERVED = frozenset({DIGESTS, _ALGORITHM, "..."})


class BadEntry(Exception):
    """The bytes of the entry are in the log, but no JSON object with one reading."""


class BadDisclosure(Exception):
    """The disclosure is not one of this entry; `name` is what it claims to tell, None where that cannot be read."""

    def __init__(self, name: str | None, reason: str) -> None:
        self.name = name
        super().__init__(reason)


@dataclass(frozen=True)
class Receipt:
    """Where the entry stands, its path (RFC 6962 §2.1.1, the leaf's sibling first) and the signed checkpoint."""

    index: int
    path: list[bytes]
    note: str
    entry: bytes | None = None
    disclosures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contents:
    """What an entry says for good, what the disclosures at hand add, and how many parts stay unknown."""

    shown: Mapping[str, Any] = field(default_factory=dict)
    disclosed: Mapping[str, Any] = field(default_factory=dict)
    undisclosed: int = 0


def write_receipt(receipt: Receipt) -> str:
    """ValueError for an entry that is no text, as no entry of this log is."""
    lines = [_FIRST_LINE]
    if receipt.entry is not None:
        extra = {"entry": receipt.entry.decode(), "disclosures": list(receipt.disclosures)}
        lines.append(_EXTRA + encode(json.dumps(extra, ensure_ascii=False, separators=(",", ":")).encode()))
    return "\n".join([*lines, f"{_INDEX}{receipt.index}", *map(encode, receipt.path), "", receipt.note])


def read_receipt(text: str) -> Receipt:
    """Raises `BadNote` for what is no tlog-proof. An `extra` line that others wrote for themselves is passed over."""
    head, empty_line, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    extra = lines.pop(0).removeprefix(_EXTRA) if lines and lines[0].startswith(_EXTRA) else None
    if first != _FIRST_LINE or not empty_line or not lines or not lines[0].startswith(_INDEX):
        raise BadNote("not a tlog-proof of version 1")
    path = [decode(line) for line in lines[1:]]
    if len(path) > _LONGEST_PATH or any(len(one) != HASH_LENGTH for one in path):
        raise BadNote(f"a path has at most {_LONGEST_PATH} hashes of {HASH_LENGTH} bytes")
    entry, disclosures = _read_extra(decode(extra)) if extra is not None else (None, ())
    return Receipt(read_decimal(lines[0].removeprefix(_INDEX)), path, note, entry, disclosures)


def _read_extra(extra: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    try:
        content = json.loads(extra)
    except (ValueError, RecursionError):
        return None, ()
    if not isinstance(content, dict) or not isinstance(content.get("entry"), str):
        return None, ()
    disclosures = content.get("disclosures", [])
    if not isinstance(disclosures, list) or not all(isinstance(one, str) for one in disclosures):
        raise BadNote("the disclosures of a receipt are a list of texts")
    try:
        return content["entry"].encode(), tuple(disclosures)
    except UnicodeEncodeError:
        raise BadNote("the entry of a receipt is no text") from None


def stands_in(receipt: Receipt, entry: bytes, checkpoint: Checkpoint) -> bool:
    """Whether the receipt's path leads from the entry to the checkpoint's root."""
    return is_included(
        hash_leaf(entry), index=receipt.index, size=checkpoint.size, path=receipt.path, root=checkpoint.root
    )


def digest_of(disclosure: str) -> str:
    """RFC 9901 §4.2.3, SHA-256; ValueError for what is not ASCII."""
    return base64.urlsafe_b64encode(hashlib.sha256(disclosure.encode("ascii")).digest()).decode().rstrip("=")


def read_entry(entry: bytes) -> dict[str, Any]:
    """What stands in the entry itself. Raises `BadEntry`; a member that is named twice has no one reading either."""
    try:
        attributes = json.loads(entry, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise BadEntry(str(error)) from None
    if not isinstance(attributes, dict):
        raise BadEntry("an entry is a JSON object")
    digests = attributes.get(DIGESTS, [])
    if not isinstance(digests, list) or not all(isinstance(one, str) for one in digests):
        raise BadEntry(f"`{DIGESTS}` is a list of digests")
    if digests and attributes.get(_ALGORITHM, "sha-256") != "sha-256":
        raise BadEntry("the digests of an entry are made with SHA-256")
    return attributes


def open_entry(entry: bytes, disclosures: Sequence[str]) -> Contents:
    """The entry with what the disclosures add. Raises `BadEntry`, `BadDisclosure`."""
    attributes = read_entry(entry)
    digests = attributes.pop(DIGESTS, [])
    attributes.pop(_ALGORITHM, None)
    disclosed: dict[str, Any] = {}
    for disclosure in disclosures:
        name, value = _read_disclosure(disclosure)
        if digests.count(digest_of(disclosure)) != 1:
            raise BadDisclosure(name, "its digest does not stand in the entry")
        if name in attributes or name in disclosed or name in _RESERVED:
            raise BadDisclosure(name, "the entry says this already")
        disclosed[name] = value
    return Contents(attributes, disclosed, len(digests) - len(disclosed))


def find_erasures(entries: Iterable[bytes], index: int) -> frozenset[str]:
    """The parts of entry `index` that entries after it say were erased."""
    erased = set()
    for entry in entries:
        if ERASED.encode() in entry:
            said = _read_or_nothing(entry)
            if said.get("type") == ERASED and str(index) in said.get("indices", ()):
                erased.add(str(said.get("part")))
    return frozenset(erased)


def _read_or_nothing(entry: bytes) -> dict[str, Any]:
    try:
        return read_entry(entry)
    except BadEntry:
        return {}


def _read_disclosure(disclosure: str) -> tuple[str, Any]:
    try:
        padded = disclosure + "=" * (-len(disclosure) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True), object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise BadDisclosure(None, "not a disclosure: it cannot be read") from None
    match content:
        case [str(), str(name), value]:
            return name, value
    raise BadDisclosure(None, "not a disclosure: salt, name and value")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members
