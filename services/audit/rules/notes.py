"""Signed notes, checkpoints and offline proofs as C2SP writes them down, with Ed25519."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "
_PROOF = "c2sp.org/tlog-proof@v1"


class BadNote(Exception):
    """The note, key or checkpoint is not what it should be; the reason says how."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: whose it is, how many entries it has, and the hash over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"


@dataclass(frozen=True)
class VerifierKey:
    """What others need to check our signatures. Take it from a place the log's keeper does not control."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode(_ED25519 + self.public)}"

    @classmethod
    def read(cls, vkey: str) -> "VerifierKey":
        # The base64 part may itself hold a plus sign, the name may not.
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise BadNote("a verifier key is <name>+<key id>+<key>")
        name, key_id, content = parts[0], parts[1], _decode(parts[2])
        key = cls(name, content[1:])
        if content[:1] != _ED25519 or len(key.public) != 32:
            raise BadNote("not an Ed25519 verifier key")
        if key.key_id.hex() != key_id:
            raise BadNote("the key id does not belong to the key")
        return key


def verifier_key(name: str, seed: bytes) -> VerifierKey:
    return VerifierKey(name, Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def sign_note(text: str, *, name: str, seed: bytes) -> str:
    """`text` ends in a newline, which is signed; the empty line after it is not."""
    if not text.endswith("\n"):
        raise BadNote("the text of a note ends in a newline")
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    return f"{text}\n{_DASH}{name} {encode(verifier_key(name, seed).key_id + signature)}\n"


def open_note(note: str, *keys: VerifierKey) -> str:
    """The text, when at least one of `keys` has signed it; a bad signature of a known key rejects the whole note."""
    text, empty_line, signatures = note.rpartition("\n\n")
    if not empty_line or not signatures.endswith("\n"):
        raise BadNote("the note has no signatures")
    if any(ord(sign) < 0x20 and sign != "\n" for sign in note):
        raise BadNote("the note holds control characters")
    text += "\n"
    good = 0
    for line in signatures.splitlines():
        name, content = _signature(line)
        for key in keys:
            if (key.name, key.key_id) == (name, content[:4]):
                _check(key, text, content[4:])
                good += 1
    if not good:
        raise BadNote("none of the known keys has signed the note")
    return text


def _signature(line: str) -> tuple[str, bytes]:
    name, space, content = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or not space:
        raise BadNote("a line below the text is no signature")
    return name, _decode(content)


def _check(key: VerifierKey, text: str, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature:
        raise BadNote(f"the signature of {key.name} is not good") from None


def read_checkpoint(note: str, *keys: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that one of `keys` has signed."""
    lines = open_note(note, *keys).split("\n")
    if len(lines) < 4 or not lines[0]:
        raise BadNote("a checkpoint has three lines")
    origin, size, root = lines[0], lines[1], _decode(lines[2])
    if not (size.isascii() and size.isdigit()) or str(int(size)) != size or len(root) != 32:
        raise BadNote("the size or the root of the checkpoint is malformed")
    return Checkpoint(origin, int(size), root)


def write_proof(*, index: int, path: Sequence[bytes], note: str) -> str:
    """An offline receipt (`.tlog-proof`): where the entry stands, its path, and the signed checkpoint."""
    return "\n".join([_PROOF, f"index {index}", *map(encode, path), "", note])


def read_proof(proof: str) -> tuple[int, list[bytes], str]:
    """Index, path and checkpoint of a `.tlog-proof`."""
    head, empty_line, note = proof.partition("\n\n")
    first, *lines = head.split("\n")
    if lines and lines[0].startswith("extra "):
        lines = lines[1:]
    if first != _PROOF or not empty_line or not lines or not lines[0].startswith("index "):
        raise BadNote("not a tlog-proof of version 1")
    index = lines[0].removeprefix("index ")
    if not (index.isascii() and index.isdigit()) or str(int(index)) != index:
        raise BadNote("the index is malformed")
    path = [_decode(line) for line in lines[1:]]
    if any(len(one) != 32 for one in path):
        raise BadNote("a hash is not 32 bytes long")
    return int(index), path, note


def encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decode(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise BadNote("malformed base64") from None
