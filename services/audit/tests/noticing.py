"""The checks there are of a log, each by itself: what it says of the log as it now lies there."""

import asyncio
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from audit.commands.checking import check_log
from audit.commands.publishing import Publisher, log_folder
from audit.models import Alarm
from audit.queries.decisions import kept, prove
from audit.queries.log import EntryDiffers, LogDamaged, Published
from audit.queries.verification import check_records
from audit.rules.alarms import AlarmKind
from audit.tests.attacks import Keeper
from audit.tlog.cosigning import WitnessRefused, cosign
from audit.tlog.findings import Outcome
from audit.tlog.notes import split_note
from audit.tlog.reading import TileMissing
from audit.tlog.receipts import Receipt, write_receipt
from audit.tlog.sources import FolderSource
from audit.tlog.verifying import Report, verify_log, verify_receipt
from common.actors import Role, service_actor
from common.errors import NotFound
from common.testing import somebody

AUDITOR = somebody(Role.AUDITOR, area="")


async def noticed(keeper: Keeper, *, touched: int) -> dict[str, str]:
    """By check, what it found; those that found nothing are left out. `touched` is the entry to be proved."""
    honest = keeper.honest
    found = {
        "fsck": failing(look(keeper)),
        "saved": failing(look(keeper, saved={"saved": honest.saved}, quick=True)),
        "policy": failing(look(keeper, policy=honest.policy, quick=True)),
        "proof": _proof(keeper, touched),
        "receipt": await _receipt(keeper, touched),
        "records": await _records(keeper),
        "witness": await asyncio.to_thread(_ask_witness, keeper),
        "alarm": await _alarms(keeper),
    }
    return {check: what for check, what in found.items() if what}


def look(keeper: Keeper, **how: Any) -> Report:
    return verify_log(FolderSource(keeper.folder), keys=keeper.signer.verifiers, **how)


def failing(report: Report) -> str:
    fine = (Outcome.HOLDS, Outcome.NOTE)
    return _listed(finding.code for finding in report.findings if finding.outcome not in fine)


def _proof(keeper: Keeper, index: int) -> str:
    """That the entry is in the log, made from its files alone."""
    reader = keeper.read()
    try:
        made = Receipt(index, reader.inclusion_path(index), keeper.note, reader.entry(index))
    except TileMissing:
        return "missing"
    return failing(verify_receipt(write_receipt(made), keys=keeper.signer.verifiers))


async def _receipt(keeper: Keeper, index: int) -> str:
    """What the service gives to somebody who asks for the decision that was entered there."""
    published = Published(keeper.note, keeper.checkpoint, keeper.read())
    async with keeper.bench.session(AUDITOR) as session:
        try:
            found = await kept(session, f"decision-{index + 1}", sealer=keeper.bench.runtime.sealer)
            text = prove(found, actor=AUDITOR, log=published).text
        except (EntryDiffers, NotFound, LogDamaged) as refusal:
            return type(refusal).__name__
    return failing(verify_receipt(text, keys=keeper.signer.verifiers))


async def _records(keeper: Keeper) -> str:
    async with keeper.bench.session(service_actor("audit")) as session:
        try:
            faults = check_records(session, keeper.read(), sealer=keeper.bench.runtime.sealer)
            return _listed([fault.code async for fault in faults])
        except TileMissing:
            return "missing"


def _ask_witness(keeper: Keeper) -> str:
    """As the publisher asks it, which knows that 1000 entries were cosigned. Asking again is harmless."""
    (witness,) = keeper.honest.policy.witnesses
    checkpoint = keeper.checkpoint
    try:
        cosign(keeper.note, witness=witness, prove=keeper.read().consistency_path, old_size=min(1000, checkpoint.size))
    except WitnessRefused as refused:
        keeps = any(split_note(one.refused)[0] == checkpoint.text() for one in keeper.honest.book.evidence())
        return f"{refused.status}, keeps both" if keeps else str(refused.status)
    return ""


async def _alarms(keeper: Keeper) -> str:
    """After the service has looked as it does again and again."""
    runtime = keeper.bench.runtime
    await Publisher(runtime, log_folder(runtime.settings), keeper.signer, keeper.honest.policy).round()
    await check_log(runtime)
    async with keeper.bench.session(service_actor("audit")) as session:
        alarms = (await session.scalars(select(Alarm))).all()
    refused = AlarmKind.CHECKPOINT_REFUSED
    return _listed([f"{one.kind} {one.mark}" if one.kind == refused else one.kind for one in alarms])


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(sorted(set(codes)))
