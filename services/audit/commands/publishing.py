"""From what was entered to a checkpoint that witnesses have seen: tiles, signature, cosignatures, publication.

The only writer of the log's folder. It builds on nothing but what the signer last signed: the tree of that size must
have that root in the tiles, and the entries that follow are added to it, so that what is signed continues what was.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import structlog
from prometheus_client import Gauge, Histogram

from audit.commands.alarms import close_alarms, raise_alarm
from audit.commands.intake import LogShrunk, enter_queued
from audit.commands.signing import Signer, SignerRefused, signer_of
from audit.models import PublishedCheckpoint
from audit.queries.intake import leaves_after, log_size
from audit.queries.log import log_path
from audit.rules.alarms import AlarmKind, SignerFault
from audit.tlog.cosigning import WitnessRefused, WitnessUnreachable, cosign
from audit.tlog.folder import Diverged, LogFolder, PathConflict
from audit.tlog.notes import BadNote, Checkpoint, add_signatures, read_checkpoint
from audit.tlog.policy import NONE, Policy, Witness
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.tree import EMPTY_ROOT
from common.actors import service_actor
from common.clock import utc_now
from common.service import Runtime
from common.settings import Settings
from common.transaction import Transaction, transaction

log = structlog.get_logger()

MOST_AT_ONCE = 4096
PATIENCE_S = 30.0
_WITHIN_S = 3.0

PUBLISHED = Gauge("log_published_entries", "Entries under the published checkpoint")
GOOD_ROUND = Gauge(
    "log_last_good_round_timestamp_seconds", "When this process last had all that was entered published or on its way"
)
ROUND = Histogram("log_publishing_seconds", "From reading what was entered to the published checkpoint")


@dataclass
class Publisher:
    """`seen` holds, by witness, the size it cosigned last; `silent_since` since when the policy is not satisfied;
    `failing_since` since when no round has come to its end; `told` the checkpoint that the database knows of, and its
    note.
    """

    runtime: Runtime
    folder: LogFolder
    signer: Signer
    policy: Policy
    seen: dict[str, int] = field(default_factory=dict)
    silent_since: float | None = None
    failing_since: float | None = None
    told: tuple[Checkpoint, str] | None = None

    async def attempt(self) -> bool:
        """A round, whatever becomes of it: what cannot be done now is tried again with the next."""
        try:
            published = await self.round()
        except Exception as error:
            await self.failed(error)
            return False
        self.failing_since = None
        return published

    async def failed(self, error: Exception) -> None:
        log.exception("publishing_failed", error=type(error).__name__)
        self.failing_since = self.failing_since or time.monotonic()
        if time.monotonic() - self.failing_since < PATIENCE_S:
            return
        try:
            async with own_transaction(self.runtime) as tx:
                await raise_alarm(tx, AlarmKind.PUBLISHING_FAILED, mark=type(error).__name__)
        except Exception as lost:
            log.warning("alarm_not_raised", error=type(lost).__name__)

    async def round(self) -> bool:
        """Bring what was entered under a published checkpoint; False where there was nothing to do or it may not be.

        At most `MOST_AT_ONCE` entries: a round ends before the next one begins, and the rest follows.
        """
        try:
            published = await self._advance()
        except SignerRefused as refused:
            async with own_transaction(self.runtime) as tx:
                await raise_alarm(tx, AlarmKind.CHECKPOINT_REFUSED, first=refused.size, mark=refused.fault)
            return False
        if self.silent_since is None:
            GOOD_ROUND.set_to_current_time()
        return published

    async def _advance(self) -> bool:
        begun = time.monotonic()
        last = await asyncio.to_thread(self.signer.last_signed)
        published = await asyncio.to_thread(self.published)
        if last is None and published is not None:
            raise SignerRefused(SignerFault.STATE_MISSING, size=published.size)
        if last is not None and published is not None and last.size < published.size:
            raise SignerRefused(SignerFault.STATE_BEHIND, size=published.size)
        await self._enter_queued(signed=last.size if last else 0)
        leaves = await self._leaves(after=last.size if last else 0)
        if published is not None and last == published and not leaves:
            await self._tell(published, self.folder.checkpoint() or "")
            return False
        now = await asyncio.to_thread(self._integrate, last, leaves)
        note = await self._witnessed(self.signer.sign(now), now)
        if note is None:
            return False
        await self._publish(now, note)
        ROUND.observe(time.monotonic() - begun)
        return True

    def published(self) -> Checkpoint | None:
        note = self.folder.checkpoint()
        if note is None:
            return None
        try:
            return read_checkpoint(note, *self.signer.verifiers)
        except BadNote:
            raise SignerRefused(SignerFault.PUBLISHED_UNREADABLE) from None

    async def _enter_queued(self, *, signed: int) -> None:
        try:
            async with own_transaction(self.runtime) as tx:
                await enter_queued(tx, signed=signed, sealer=self.runtime.sealer)
        except LogShrunk:
            raise SignerRefused(SignerFault.SHRUNK, size=signed) from None

    async def _leaves(self, *, after: int) -> list[bytes]:
        async with self.runtime.sessions() as session:
            if await log_size(session) < after:
                raise SignerRefused(SignerFault.SHRUNK, size=after)
            rows = await leaves_after(session, after, most=MOST_AT_ONCE)
        if [index for index, _ in rows] != list(range(after, after + len(rows))):
            raise SignerRefused(SignerFault.REWRITTEN, size=after)
        return [leaf for _, leaf in rows]

    def _integrate(self, last: Checkpoint | None, leaves: Sequence[bytes]) -> Checkpoint:
        before = (last.size, last.root) if last else (0, EMPTY_ROOT)
        try:
            size, root = self.folder.append(leaves, after=before)
        except Diverged:
            raise SignerRefused(SignerFault.REWRITTEN, size=before[0]) from None
        except PathConflict as conflict:
            log.error("log_path_conflict", path=conflict.path)
            raise SignerRefused(SignerFault.PATH_CONFLICT, size=before[0]) from None
        now = Checkpoint(self.signer.origin, size, root)
        self.signer.replace(last, now)
        return now

    async def _witnessed(self, note: str, now: Checkpoint) -> str | None:
        """The note with the cosignatures that the policy asks for; where they are missing None, in time an alarm."""
        asked = [witness for witness in self.policy.witnesses if witness.url]
        answers = await asyncio.gather(*(asyncio.to_thread(self._ask, witness, note, now) for witness in asked))
        for witness, answer in zip(asked, answers, strict=True):
            if isinstance(answer, WitnessRefused):
                async with own_transaction(self.runtime) as tx:
                    mark = f"{witness.name} ({answer.status})"
                    await raise_alarm(tx, AlarmKind.WITNESS_REFUSED, last=now.size, mark=mark)
        note = add_signatures(note, [line for answer in answers if isinstance(answer, tuple) for line in answer])
        if self.policy.is_satisfied(note):
            self.silent_since = None
            return note
        self.silent_since = self.silent_since or time.monotonic()
        if time.monotonic() - self.silent_since >= PATIENCE_S:
            async with own_transaction(self.runtime) as tx:
                await raise_alarm(tx, AlarmKind.WITNESS_SILENT)
        return None

    def _ask(self, witness: Witness, note: str, now: Checkpoint) -> tuple[str, ...] | WitnessRefused:
        reader = LogReader(FolderSource(self.folder.folder), now.size)
        known = min(self.seen.get(witness.name, 0), now.size)
        try:
            cosigned = cosign(note, witness=witness, prove=reader.consistency_path, old_size=known, timeout_s=_WITHIN_S)
        except (WitnessRefused, WitnessUnreachable) as error:
            log.warning("witness_did_not_cosign", witness=witness.name, reason=str(error)[:300])
            return error if isinstance(error, WitnessRefused) else ()
        except Exception as error:
            log.exception("witness_not_asked", witness=witness.name, error=type(error).__name__)
            return ()
        self.seen[witness.name] = now.size
        return tuple(cosigned.lines)

    async def _publish(self, now: Checkpoint, note: str) -> None:
        await asyncio.to_thread(self.folder.publish, note)
        try:
            await asyncio.to_thread(self.folder.forget_partials, now.size)
        except Exception as error:
            log.warning("partial_tiles_not_removed", error=type(error).__name__, reason=str(error)[:300])
        await self._tell(now, note)

    async def _tell(self, published: Checkpoint, note: str) -> None:
        """Let the database know; a crash or a failure before it is made up for."""
        if self.told is not None and self.told[0] == published:
            return
        async with own_transaction(self.runtime) as tx:
            if await tx.session.get(PublishedCheckpoint, published.size) is None:
                row = {"size": published.size, "root": published.root, "note": note, "published_at": tx.now}
                tx.session.add(PublishedCheckpoint(**row))
            await close_alarms(tx, AlarmKind.CHECKPOINT_REFUSED, AlarmKind.PUBLISHING_FAILED, AlarmKind.WITNESS_SILENT)
        PUBLISHED.set(published.size)
        self.told = (published, note)


def own_transaction(runtime: Runtime) -> AbstractAsyncContextManager[Transaction]:
    """Of the service itself, on nobody's behalf."""
    return transaction(
        runtime.sessions, actor=service_actor("audit"), now=utc_now(), service="audit", policies=runtime.policies
    )


def publisher_of(runtime: Runtime) -> Publisher:
    """Raises BadPolicy or OSError where LOG_POLICY does not name a readable policy of this log."""
    settings = runtime.settings
    policy = Policy.read(settings.log_policy.read_text("utf-8")) if settings.log_policy else NONE
    return Publisher(runtime, log_folder(settings), signer_of(settings, runtime.keys), policy)


def log_folder(settings: Settings) -> LogFolder:
    return LogFolder(log_path(settings))
