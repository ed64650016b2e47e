"""Signed notes, their keys, checkpoints and cosignatures.

C2SP signed-note, tlog-checkpoint and tlog-cosignature, with Ed25519. A note is text that ends in a newline, an empty
line, and one line a signature; the text is signed, the empty line is not.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4

_DASH = "\N{EM DASH} "
_SECRET = "PRIVATE+KEY+"  # noqa: S105 - the first word of a form, not a secret
_LONGEST_NOTE = 1_000_000  # bytes; room for 100 signatures of a post-quantum key
_MOST_SIGNATURES = 100
_LATEST_TIME = (1 << 63) - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class BadNote(Exception):
    """The note, key or checkpoint is not what it should be; the reason says how."""


class NobodyKnown(BadNote):
    """A note that none of the known keys has signed."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: whose it is, how many entries it has, and the hash over them (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"


@dataclass(frozen=True)
class VerifierKey:
    """What others need to check signatures: of a log (`ED25519`) or of a witness (`COSIGNATURE`).

    Take it from a place that the keeper of the log does not control.
    """

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self._typed()).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode(self._typed())}"

    def _typed(self) -> bytes:
        return bytes([self.algorithm]) + self.public

    @classmethod
    def read(cls, vkey: str) -> "VerifierKey":
        """Of `<name>+<key id>+<base64 of type and key>`. Raises `BadNote`."""
        # The base64 part may itself hold a plus sign, the name may not.
        parts = vkey.strip("\n").split("+", 2)
        if len(parts) != 3 or not _is_name(parts[0]):
            raise BadNote("a verifier key is <name>+<key id>+<key>")
        name, key_id, content = parts[0], parts[1], decode(parts[2])
        if content[:1] not in (bytes([ED25519]), bytes([COSIGNATURE])) or len(content) != 33:
            raise BadNote("not an Ed25519 verifier key")
        key = cls(name, content[1:], content[0])
        if key.key_id.hex() != key_id:
            raise BadNote("the key id does not belong to the key")
        return key


class SigningKey(Protocol):
    """Signs the text of notes, wherever the private key may be."""

    @property
    def verifier(self) -> VerifierKey: ...

    def sign(self, text: str) -> bytes:
        """What follows the key id in the signature line."""
        ...


class Ed25519Key:
    """The key of a log, from a seed of 32 bytes (RFC 8032)."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._verifier = VerifierKey(_name(name), self._key.public_key().public_bytes_raw())

    @property
    def verifier(self) -> VerifierKey:
        return self._verifier

    def sign(self, text: str) -> bytes:
        return self._key.sign(text.encode())


class CosigningKey:
    """The key of a witness, from a seed of 32 bytes; signs what it saw and when it saw it."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(_name(name), self._key.public_key().public_bytes_raw(), COSIGNATURE)

    @classmethod
    def read(cls, secret: str) -> "CosigningKey":
        """Of what `secret` gives: `PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>`. Raises `BadNote`."""
        parts = secret.removesuffix("\n").removeprefix(_SECRET).split("+", 2)
        if not secret.startswith(_SECRET) or len(parts) != 3:
            raise BadNote("not a private key")
        content = decode(parts[2])
        if content[:1] != bytes([COSIGNATURE]) or len(content) != 33:
            raise BadNote("not the Ed25519 key of a witness")
        key = cls(parts[0], content[1:])
        if key.verifier.key_id.hex() != parts[1]:
            raise BadNote("the key id does not belong to the key")
        return key

    def secret(self) -> str:
        verifier = self.verifier
        return f"{_SECRET}{verifier.name}+{verifier.key_id.hex()}+{encode(bytes([COSIGNATURE]) + self._seed)}\n"

    def cosign(self, text: str, *, time: int) -> str:
        """The signature line over the text of a checkpoint as seen at `time` (unix seconds)."""
        if not 0 < time <= _LATEST_TIME:
            raise ValueError(f"no time for a cosignature: {time}")
        return _line(self.verifier, time.to_bytes(8, "big") + self._key.sign(_cosigned(text, time)))


def sign_note(text: str, *keys: SigningKey) -> str:
    """The note of `text` with one line a key. Raises `BadNote` when no note can hold the text."""
    _require_plain(text)
    if not text.endswith("\n") or not keys:
        raise BadNote("the text of a note ends in a newline, and somebody signs it")
    return f"{text}\n{''.join(_line(key.verifier, key.sign(text)) for key in keys)}"


def add_signatures(note: str, lines: Sequence[str]) -> str:
    """The note with more signature lines, each with its newline, as witnesses answer them; none stands twice."""
    _, present = split_note(note)
    added: list[str] = []
    for line in lines:
        _signature(line.removesuffix("\n"))
        if not line.endswith("\n"):
            raise BadNote("a signature is one line")
        if line[:-1] not in present and line not in added:
            added.append(line)
    return note + "".join(added)


@dataclass(frozen=True)
class Signature:
    """A good signature: whose, and for a cosignature when (unix seconds)."""

    key: VerifierKey
    time: int | None


@dataclass(frozen=True)
class OpenedNote:
    text: str
    signatures: tuple[Signature, ...]


def open_note(note: str, *keys: VerifierKey) -> OpenedNote:
    """The text and who of `keys` has signed it: each key once, a cosigner with the latest of its times.

    Lines of unknown keys do not matter, whatever their algorithm. A bad signature of a known key rejects the whole
    note (`BadNote`); a note that none of them has signed is `NobodyKnown`.
    """
    known = _by_line(keys)
    text, lines = split_note(note)
    found: dict[VerifierKey, int | None] = {}
    for line in lines:
        name, content = _signature(line)
        key = known.get((name, content[:4]))
        if key is None:
            continue
        time = _check(key, text, content[4:])
        found[key] = max(time, found.get(key) or 0) if time is not None else None
    if not found:
        raise NobodyKnown("none of the known keys has signed the note")
    return OpenedNote(text, tuple(Signature(key, time) for key, time in found.items()))


def split_note(note: str) -> tuple[str, list[str]]:
    """The text and the signature lines, without their newlines: nothing is verified yet. Raises `BadNote`."""
    _require_plain(note)
    text, empty_line, signatures = note.rpartition("\n\n")
    if not empty_line or not signatures.endswith("\n"):
        raise BadNote("the note has no signatures")
    lines = signatures[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise BadNote("the note has too many signatures")
    return text + "\n", lines


def only_by(note: str, *keys: VerifierKey) -> str:
    """The note with the lines of these keys alone, each once; verify them first."""
    known = _by_line(keys)
    text, lines = split_note(note)
    kept = [line for line in dict.fromkeys(lines) if _signer(line) in known]
    return "\n".join([text, *kept, ""])


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of exactly three lines: what a log would put below them nobody could audit, so it is refused."""
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0] or lines[3]:
        raise BadNote("a checkpoint has three lines")
    origin, size, root = lines[0], read_decimal(lines[1]), decode(lines[2])
    if len(root) != 32:
        raise BadNote("the root of a checkpoint has 32 bytes")
    return Checkpoint(origin, size, root)


def read_checkpoint(note: str, *keys: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that one of `keys` has signed. Raises `BadNote`."""
    return parse_checkpoint(open_note(note, *keys).text)


def read_text(content: bytes) -> str:
    """What arrives as bytes, as a note; anything but UTF-8 is a `BadNote`."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadNote("not UTF-8") from None


def read_decimal(number: str) -> int:
    """A size or index below 2^63: ASCII digits, no leading zero. Raises `BadNote`."""
    if not _DECIMAL.fullmatch(number) or int(number) > _LATEST_TIME:
        raise BadNote("a number is written in decimal, without leading zeros")
    return int(number)


def encode(content: bytes) -> str:
    """Base64 of RFC 4648 §4, padded."""
    return base64.b64encode(content).decode()


def decode(content: str) -> bytes:
    """The bytes of which `encode` makes exactly `content`. Raises `BadNote`."""
    try:
        decoded = base64.b64decode(content, validate=True)
    except ValueError:
        raise BadNote("malformed base64") from None
    if encode(decoded) != content:
        raise BadNote("malformed base64")
    return decoded


def _is_name(name: str) -> bool:
    return bool(name) and not any(sign.isspace() or sign == "+" or ord(sign) < 0x20 for sign in name)


def _name(name: str) -> str:
    if not _is_name(name):
        raise BadNote("the name of a key holds neither spaces nor plus signs")
    return name


def _require_plain(content: str) -> None:
    try:
        size = len(content.encode())
    except UnicodeEncodeError:
        raise BadNote("not UTF-8") from None
    if size > _LONGEST_NOTE:
        raise BadNote("the note is too long")
    if any(sign < " " and sign != "\n" for sign in content):
        raise BadNote("the note holds control characters")


def _signature(line: str) -> tuple[str, bytes]:
    """Name, and key id with signature."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _is_name(name):
        raise BadNote("a line below the text is no signature")
    content = decode(encoded)
    if len(content) < 5:
        raise BadNote("a line below the text is no signature")
    return name, content


def _signer(line: str) -> tuple[str, bytes]:
    name, content = _signature(line)
    return name, content[:4]


def _line(key: VerifierKey, signature: bytes) -> str:
    return f"{_DASH}{key.name} {encode(key.key_id + signature)}\n"


def _by_line(keys: Sequence[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise BadNote(f"two keys of {key.name} have the same key id")
    return known


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _check(key: VerifierKey, text: str, signature: bytes) -> int | None:
    """The time of a cosignature. Raises `BadNote` for a signature that is not good."""
    time, message = None, text.encode()
    if key.algorithm == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = _cosigned(text, time)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        raise BadNote(f"the signature of {key.name} is not good") from None
    if time is not None and time > _LATEST_TIME:
        raise BadNote(f"the time of {key.name} is out of range")
    return time
