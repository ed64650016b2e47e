import asyncio
from collections.abc import Sequence

import structlog

from audit.commands.checking import check_disclosures
from audit.commands.intake import LogShrunk, keep_messages
from audit.commands.publishing import publisher_of
from audit.commands.signing import SignerRefused, signer_of
from audit.queries.log import LogDamaged, published_log
from audit.tlog.folder import AlreadyWritten
from common.batches import Heard
from common.consumer import NotNow
from common.service import Runtime
from common.transaction import Transaction

log = structlog.get_logger()

# A checkpoint at most this often; each leaves partial tiles behind and asks the witnesses.
BETWEEN_CHECKPOINTS_S = 0.5
BETWEEN_LOOKS_S = 0.1
BETWEEN_CHECKS_S = 86_400.0


async def keep_told(runtime: Runtime, tx: Transaction, heard: Sequence[Heard]) -> None:
    """Enter what services have decided, and what they say of how much that was."""
    try:
        last = await asyncio.to_thread(signer_of(runtime.settings, runtime.keys).last_signed)
        published = await asyncio.to_thread(published_log, runtime.settings)
        signed = max(last.size if last else 0, published.checkpoint.size if published else 0)
        await keep_messages(tx, heard, signed=signed, keys=runtime.keys, sealer=runtime.sealer)
    except (SignerRefused, LogDamaged, LogShrunk) as error:
        # Whatever is entered now might be given an index that is given already. The publisher raises the alarm.
        raise NotNow("the log is not what was signed") from error


async def publish_log(runtime: Runtime) -> None:
    """Bring what is entered under witnessed checkpoints, until cancelled. A second process waits for the first."""
    publisher = publisher_of(runtime)
    clock = asyncio.get_running_loop().time
    next_check = clock()
    while True:
        try:
            with publisher.folder.alone():
                while True:
                    begun = clock()
                    published = await publisher.round()
                    if begun >= next_check:
                        await check_disclosures(runtime)
                        next_check = begun + BETWEEN_CHECKS_S
                    asked = published or publisher.silent_since is not None
                    pause = BETWEEN_CHECKPOINTS_S if asked else BETWEEN_LOOKS_S
                    await asyncio.sleep(max(BETWEEN_LOOKS_S, pause - (clock() - begun)))
        except AlreadyWritten:
            await asyncio.sleep(BETWEEN_CHECKPOINTS_S)
