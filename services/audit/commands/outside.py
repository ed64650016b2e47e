"""Checkpoints out of the reach of whoever keeps the log: copies elsewhere, and an authority's time under them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import structlog
from sqlalchemy import func, select

from audit.commands.alarms import close_alarms, raise_alarm
from audit.commands.publishing import own_transaction
from audit.models import CheckpointTimestamp
from audit.rules.alarms import AlarmKind
from audit.tlog.durable import put
from audit.tlog.notes import Checkpoint
from audit.tlog.timestamps import TimestampRefused, TimestampUnreachable, request_token
from common.clock import utc_now
from common.service import Runtime

log = structlog.get_logger()

T = TypeVar("T")

STAMPED_EVERY = timedelta(hours=1)
AFTER_FAILURE_S = 300.0
DEADLINE_S = 15.0
_WITHIN_S = 5.0
_MOST_PLACES = 64
_URL = ("http://", "https://")


@dataclass
class Outside:
    """Sends checkpoints out, next to the rounds that publish them and never in their way.

    `sent` is the checkpoint sent last; `failed` holds, by place, when it failed last, until its alarm may be closed.
    An alarm stays open while its place has failed within `AFTER_FAILURE_S`: each alarm is an entry and so brings about
    a checkpoint, which a place that fails now and then must not answer with the next alarm.
    """

    runtime: Runtime
    sent: Checkpoint | None = None
    failed: dict[str, float] = field(default_factory=dict)
    _running: dict[str, Future[Any]] = field(default_factory=dict)
    _threads: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, _MOST_PLACES, "outside"))

    async def send(self, checkpoint: Checkpoint, note: str) -> None:
        """Send what is new; what failed is tried again with the next checkpoint, or after `AFTER_FAILURE_S`.

        A failing authority is asked again only after that.
        """
        settings = self.runtime.settings
        fresh = checkpoint != self.sent
        places = [where for where in settings.log_publish_to if fresh or self._is_due(where)]
        if places:
            await self._send_copies(places, checkpoint, note)
        authority = settings.log_timestamping
        if authority and (self._is_due(authority) if authority in self.failed else fresh):
            await self._stamp(authority, checkpoint, note)
        self.sent = checkpoint

    def _is_due(self, where: str) -> bool:
        return where in self.failed and time.monotonic() - self.failed[where] >= AFTER_FAILURE_S

    async def _send_copies(self, places: list[str], checkpoint: Checkpoint, note: str) -> None:
        copies = [self._within_deadline(where, partial(_copy, where, checkpoint, note)) for where in places]
        arrived = dict(zip(places, await asyncio.gather(*copies), strict=True))
        failed = [where for where in places if not arrived[where]]
        for where in places:
            if arrived[where] and self._is_due(where):
                del self.failed[where]
        self.failed |= dict.fromkeys(failed, time.monotonic())
        async with own_transaction(self.runtime) as tx:
            for where in failed:
                await raise_alarm(tx, AlarmKind.COPY_FAILED, last=checkpoint.size, mark=_without_secrets(where))
            if not set(self.runtime.settings.log_publish_to) & set(self.failed):
                await close_alarms(tx, AlarmKind.COPY_FAILED)

    async def _stamp(self, authority: str, checkpoint: Checkpoint, note: str) -> None:
        asked_at = utc_now()
        async with self.runtime.sessions() as session:
            last = await session.scalar(select(func.max(CheckpointTimestamp.requested_at)))
            if last is not None and asked_at - last < STAMPED_EVERY:
                return
            if await session.get(CheckpointTimestamp, checkpoint.size) is not None:
                return
        token = await self._within_deadline(authority, partial(_token, authority, note))
        async with own_transaction(self.runtime) as tx:
            if token is None:
                self.failed[authority] = time.monotonic()
                await raise_alarm(tx, AlarmKind.STAMP_FAILED, mark=_without_secrets(authority))
                return
            tx.session.add(CheckpointTimestamp(size=checkpoint.size, token=token, requested_at=asked_at))
            await close_alarms(tx, AlarmKind.STAMP_FAILED)
        self.failed.pop(authority, None)

    async def _within_deadline(self, where: str, act: Callable[[], T]) -> T | None:
        """None where it takes too long. A place that still holds on to what it got before is not given more."""
        before = self._running.get(where)
        if before is not None and not before.done():
            return None
        self._running[where] = doing = self._threads.submit(act)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(doing), DEADLINE_S)
        except TimeoutError:
            log.warning("outside_too_slow", where=_without_secrets(where))
            return None


def _copy(where: str, checkpoint: Checkpoint, note: str) -> bool:
    """To a URL by POST; in a folder, the newest as `checkpoint` and each under its size."""
    try:
        if where.startswith(_URL):
            headers = {"Content-Type": "text/plain; charset=utf-8"}
            with httpx.stream("POST", where, content=note.encode(), headers=headers, timeout=_WITHIN_S) as answer:
                answer.raise_for_status()
            return True
        folder = Path(where)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (f"checkpoint-{checkpoint.size}", "checkpoint"):
            put(folder / name, note)
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


def _token(authority: str, note: str) -> bytes | None:
    try:
        return request_token(authority, note.encode(), timeout_s=_WITHIN_S)
    except (TimestampRefused, TimestampUnreachable, OSError, ValueError) as error:
        log.warning("checkpoint_not_stamped", reason=str(error)[:300])
        return None
