"""Checkpoints out of the reach of whoever keeps the log: copies elsewhere, and an authority's time under them."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import httpx
import structlog
from sqlalchemy import func, select

from audit.commands.alarms import close_alarms, raise_alarm
from audit.models import CheckpointTimestamp
from audit.rules.alarms import AlarmKind
from audit.tlog.notes import Checkpoint
from audit.tlog.timestamps import TimestampRefused, TimestampUnreachable, request_token
from common.settings import Settings
from common.transaction import Transaction

log = structlog.get_logger()

STAMPED_EVERY = timedelta(hours=1)
_WITHIN_S = 5.0
_URL = ("http://", "https://")


async def send_outside(tx: Transaction, settings: Settings, checkpoint: Checkpoint, note: str) -> None:
    """What fails raises an alarm and is tried again with the next checkpoint; the log goes on."""
    failed = [where for where in settings.log_publish_to if not await asyncio.to_thread(_copy, where, checkpoint, note)]
    for where in failed:
        # Once for each place: an alarm for each checkpoint would itself bring about the next one.
        await raise_alarm(tx, AlarmKind.COPY_FAILED, last=checkpoint.size, mark=_without_secrets(where))
    if settings.log_publish_to and not failed:
        await close_alarms(tx, AlarmKind.COPY_FAILED)
    if settings.log_timestamping:
        await _stamp(tx, settings.log_timestamping, checkpoint, note)


def _copy(where: str, checkpoint: Checkpoint, note: str) -> bool:
    """To a URL by POST; in a folder, the newest as `checkpoint` and each under its size."""
    try:
        if where.startswith(_URL):
            answer = httpx.post(
                where,
                content=note.encode(),
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=_WITHIN_S,
            )
            answer.raise_for_status()
            return True
        folder = Path(where)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (f"checkpoint-{checkpoint.size}", "checkpoint"):
            _write(folder / name, note)
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        log.warning("checkpoint_not_copied", where=_without_secrets(where), error=type(error).__name__)
        return False
    return True


def _without_secrets(where: str) -> str:
    """A place as everybody may read it in the log for good: no password, no query."""
    if not where.startswith(_URL):
        return where
    scheme, _, rest = where.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def _write(place: Path, note: str) -> None:
    fresh = place.with_name(f".{place.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place)


async def _stamp(tx: Transaction, authority: str, checkpoint: Checkpoint, note: str) -> None:
    last = await tx.session.scalar(select(func.max(CheckpointTimestamp.requested_at)))
    if last is not None and tx.now - last < STAMPED_EVERY:
        return
    if await tx.session.get(CheckpointTimestamp, checkpoint.size) is not None:
        return
    try:
        token = await asyncio.to_thread(request_token, authority, note.encode(), timeout_s=_WITHIN_S)
    except (TimestampRefused, TimestampUnreachable) as error:
        log.warning("checkpoint_not_stamped", reason=str(error)[:300])
        await raise_alarm(tx, AlarmKind.STAMP_FAILED, mark=_without_secrets(authority))
        return
    tx.session.add(CheckpointTimestamp(size=checkpoint.size, token=token, requested_at=tx.now))
    await close_alarms(tx, AlarmKind.STAMP_FAILED)
