"""A log in memory that can tell two histories, as one whose keeper holds the signing key could."""

import hashlib
from dataclasses import dataclass

from audit.tlog.notes import Checkpoint, Ed25519Key, encode, sign_note
from audit.tlog.tree import consistency_spans, hash_leaf, root_of

ORIGIN = "audit.example/log1"
LOG_KEY = Ed25519Key(ORIGIN, hashlib.sha256(b"test log key").digest())


@dataclass(frozen=True)
class History:
    """Entries with the same numbers are the same up to `fork`, and from there on those of `name`."""

    name: str = ""
    fork: int = 0
    key: Ed25519Key = LOG_KEY
    origin: str = ORIGIN

    def leaf(self, index: int) -> bytes:
        return hash_leaf(f"entry {index} {self.name if index >= self.fork else ''}".encode())

    def root(self, size: int) -> bytes:
        return root_of([self.leaf(index) for index in range(size)])

    def path(self, old: int, size: int) -> list[bytes]:
        return [
            root_of([self.leaf(index) for index in range(start, end)]) for start, end in consistency_spans(old, size)
        ]

    def text(self, size: int) -> str:
        return Checkpoint(self.origin, size, self.root(size)).text()

    def note(self, size: int) -> str:
        return sign_note(self.text(size), self.key)

    def request(self, old: int, size: int) -> bytes:
        """What the log sends to a witness that has cosigned `old` entries."""
        path = self.path(old, size) if old < size else []
        return "\n".join([f"old {old}", *map(encode, path), "", self.note(size)]).encode()
