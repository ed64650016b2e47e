"""The signer: says how large the log is and what its root is, and never contradicts itself.

What it said last is kept in a file outside the database, so that whoever can rewrite or restore the database still
cannot make it sign another history.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text, update

from audit.commands.intake import raise_alarm
from audit.models import Alarm, SignedCheckpoint
from audit.queries import tree as queries
from audit.rules import tree
from audit.rules.alarms import AlarmKind, SignerFault
from audit.rules.notes import Checkpoint, VerifierKey, sign_note, verifier_key
from common.keys import Keys
from common.settings import Settings
from common.transaction import Transaction

_SIGNER = text("SELECT pg_advisory_xact_lock(7340102)")


class SignerRefused(Exception):
    def __init__(self, fault: SignerFault, *, signed_size: int = 0) -> None:
        self.fault = fault
        self.signed_size = signed_size
        super().__init__(fault)


@dataclass(frozen=True)
class Signer:
    """Origin and key of the log, and the file with what was signed last."""

    origin: str
    seed: bytes
    file: Path

    @property
    def key(self) -> VerifierKey:
        return verifier_key(self.origin, self.seed)

    def last_signed(self) -> Checkpoint | None:
        try:
            kept = json.loads(self.file.read_text("utf-8"))
            vkey, size, root = str(kept["vkey"]), int(kept["size"]), bytes.fromhex(kept["root"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise SignerRefused(SignerFault.STATE_UNREADABLE) from None
        if vkey != str(self.key):
            raise SignerRefused(SignerFault.STATE_OF_ANOTHER_LOG, signed_size=size)
        return Checkpoint(self.origin, size, root)

    def replace(self, before: Checkpoint | None, after: Checkpoint) -> None:
        """Durably put `after` in the place of `before`, or refuse when something else stands there by now."""
        content = {"vkey": str(self.key), "size": after.size, "root": after.root.hex()}
        with self._alone():
            if self.last_signed() != before:
                raise SignerRefused(SignerFault.STATE_CHANGED, signed_size=before.size if before else 0)
            fresh = self.file.with_suffix(".new")
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.file)
            _sync_folder(self.file.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def signer_of(settings: Settings, keys: Keys) -> Signer:
    return Signer(settings.log_origin, keys.log_seed, settings.folder / "audit-signer.json")


async def sign_checkpoint(tx: Transaction, *, signer: Signer) -> SignedCheckpoint | None:
    """Sign the log as it stands, if it has grown and continues what was signed before; otherwise raise an alarm."""
    await tx.session.execute(_SIGNER)
    size = await queries.tree_size(tx.session)
    published = await queries.last_checkpoint(tx.session)

    try:
        last = await asyncio.to_thread(signer.last_signed)
        if last is None and published is not None:
            raise SignerRefused(SignerFault.STATE_MISSING, signed_size=published.size)
        if published is not None:
            await _require_continued(tx, Checkpoint(signer.origin, published.size, published.root), size)
        if last is not None:
            await _require_continued(tx, last, size)
        now = Checkpoint(signer.origin, size, await queries.root_at(tx.session, size))
        if last != now:
            await asyncio.to_thread(signer.replace, last, now)
    except SignerRefused as refused:
        await raise_alarm(tx, _alarm(refused))
        return None

    await _close_alarms(tx)
    if published is not None and published.size == size:
        return None
    note = sign_note(now.text(), name=signer.origin, seed=signer.seed)
    signed = SignedCheckpoint(size=size, root=now.root, note=note, signed_at=tx.now)
    tx.session.add(signed)
    return signed


async def _close_alarms(tx: Transaction) -> None:
    await tx.session.execute(
        update(Alarm)
        .where(Alarm.kind == AlarmKind.CHECKPOINT_REFUSED, Alarm.closed_at.is_(None))
        .values(closed_at=tx.now)
    )


async def _require_continued(tx: Transaction, signed: Checkpoint, size: int) -> None:
    if size < signed.size:
        raise SignerRefused(SignerFault.SHRUNK, signed_size=signed.size)
    try:
        path = await queries.consistency_path(tx.session, old=signed.size, size=size)
        root = await queries.root_at(tx.session, size)
    except KeyError:  # a node is gone
        raise SignerRefused(SignerFault.REWRITTEN, signed_size=signed.size) from None
    if not tree.is_consistent(old=signed.size, size=size, old_root=signed.root, root=root, path=path):
        raise SignerRefused(SignerFault.REWRITTEN, signed_size=signed.size)


def _alarm(refused: SignerRefused) -> Alarm:
    return Alarm(
        kind=AlarmKind.CHECKPOINT_REFUSED,
        source="",
        first_sequence=refused.signed_size,
        last_sequence=refused.signed_size,
        event_id=None,
        index=None,
        mark=refused.fault,
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
