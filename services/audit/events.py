import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from audit.commands.checking import check_log
from audit.commands.intake import LogShrunk, keep_messages
from audit.commands.outside import Outside
from audit.commands.publishing import Publisher, publisher_of
from audit.commands.signing import SignerRefused, signer_of
from audit.queries.log import LogDamaged, published_log
from audit.tlog.folder import AlreadyWritten
from audit.tlog.notes import Checkpoint
from common.batches import Heard
from common.consumer import NotNow
from common.service import Runtime
from common.transaction import Transaction

log = structlog.get_logger()

# A checkpoint at most this often; each leaves partial tiles behind and asks the witnesses.
BETWEEN_CHECKPOINTS_S = 0.5
BETWEEN_LOOKS_S = 0.1
BETWEEN_CHECKS_S = 86_400.0
AFTER_FAILURE_S = 10.0


async def keep_told(runtime: Runtime, tx: Transaction, heard: Sequence[Heard]) -> None:
    """Enter what services have decided, and what they say of how much that was."""
    try:
        last = await asyncio.to_thread(signer_of(runtime.settings, runtime.keys).last_signed)
        # A signer's file that is lost must not let a restored database give indices that are published.
        known = last or await asyncio.to_thread(_published, runtime)
        signed = known.size if known else 0
        await keep_messages(tx, heard, signed=signed, keys=runtime.keys, sealer=runtime.sealer)
    except (SignerRefused, LogDamaged, LogShrunk) as error:
        # Whatever is entered now might be given an index that is given already. The publisher raises the alarm.
        raise NotNow("the log is not what was signed") from error


def _published(runtime: Runtime) -> Checkpoint | None:
    published = published_log(runtime.settings)
    return published.checkpoint if published else None


async def publish_log(runtime: Runtime) -> None:
    """Bring what is entered under witnessed checkpoints, until cancelled. A second process waits for the first."""
    publisher = publisher_of(runtime)
    outside = Outside(runtime)

    async def send_outside() -> None:
        if publisher.told is not None:
            await outside.send(*publisher.told)

    while True:
        try:
            with publisher.folder.alone():
                async with asyncio.TaskGroup() as together:
                    together.create_task(_publish(runtime, publisher))
                    together.create_task(_again_and_again(send_outside, every=BETWEEN_LOOKS_S))
                    together.create_task(_check(runtime, publisher))
        except AlreadyWritten:
            runtime.beside_works = True
        except Exception as error:
            runtime.beside_works = False
            await publisher.failed(error)
        await asyncio.sleep(BETWEEN_CHECKPOINTS_S)


async def _publish(runtime: Runtime, publisher: Publisher) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        begun = clock()
        published = await publisher.attempt()
        runtime.beside_works = publisher.failing_since is None
        asked = published or publisher.silent_since is not None or not runtime.beside_works
        pause = BETWEEN_CHECKPOINTS_S if asked else BETWEEN_LOOKS_S
        await asyncio.sleep(max(BETWEEN_LOOKS_S, pause - (clock() - begun)))


async def _check(runtime: Runtime, publisher: Publisher) -> None:
    while publisher.told is None:
        await asyncio.sleep(BETWEEN_LOOKS_S)
    await _again_and_again(partial(check_log, runtime), every=BETWEEN_CHECKS_S)


async def _again_and_again(act: Callable[[], Awaitable[None]], *, every: float) -> None:
    while True:
        pause = every
        try:
            await act()
        except Exception as error:
            log.exception("beside_publishing_failed", error=type(error).__name__)
            pause = AFTER_FAILURE_S
        await asyncio.sleep(pause)
