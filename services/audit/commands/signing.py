"""The signer: says how large the log is and what its root is, and never contradicts itself.

What it said last is kept in a file outside the database, so that whoever can rewrite or restore the database still
cannot make it sign another history.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.rules.alarms import SignerFault
from audit.tlog.durable import put
from audit.tlog.notes import Checkpoint, Ed25519Key, VerifierKey, sign_note
from common.keys import Keys
from common.settings import Settings


class SignerRefused(Exception):
    def __init__(self, fault: SignerFault, *, size: int = 0) -> None:
        self.fault = fault
        self.size = size
        super().__init__(fault)


@dataclass(frozen=True)
class Signer:
    """Origin and keys of the log, and the file with what was signed last. More than one key while they change."""

    origin: str
    keys: tuple[Ed25519Key, ...]
    file: Path

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        return tuple(key.verifier for key in self.keys)

    def sign(self, checkpoint: Checkpoint) -> str:
        """The note; only of what `replace` has put down as signed."""
        return sign_note(checkpoint.text(), *self.keys)

    def last_signed(self) -> Checkpoint | None:
        try:
            kept = json.loads(self.file.read_text("utf-8"))
            origin, size, root = str(kept["origin"]), int(kept["size"]), bytes.fromhex(kept["root"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise SignerRefused(SignerFault.STATE_UNREADABLE) from None
        if origin != self.origin:
            raise SignerRefused(SignerFault.STATE_OF_ANOTHER_LOG, size=size)
        return Checkpoint(origin, size, root)

    def replace(self, before: Checkpoint | None, after: Checkpoint) -> None:
        """Durably put `after` in the place of `before`, or refuse when something else stands there by now."""
        if before == after:
            return
        content = {"origin": after.origin, "size": after.size, "root": after.root.hex()}
        with self._alone():
            if self.last_signed() != before:
                raise SignerRefused(SignerFault.STATE_CHANGED, size=before.size if before else 0)
            put(self.file, json.dumps(content))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def signer_of(settings: Settings, keys: Keys) -> Signer:
    signing = tuple(Ed25519Key(settings.log_origin, seed) for seed in keys.log_seeds)
    return Signer(settings.log_origin, signing, settings.folder / "audit-signer.json")
