"""What the log looks for by itself once a day: rows that differ from its files, and services that fell silent."""

import asyncio
from collections import defaultdict
from datetime import timedelta

from audit.commands.alarms import close_those, raise_alarm
from audit.commands.intake import runs
from audit.models import Alarm
from audit.queries.intake import tallies
from audit.queries.log import LogDamaged, published_log
from audit.queries.verification import check_records
from audit.rules.alarms import AlarmKind
from audit.tlog.reading import TileMalformed, TileMissing
from audit.tlog.sources import LogUnreachable
from common.actors import service_actor
from common.clock import CHINA, utc_now
from common.service import Runtime
from common.transaction import Transaction, transaction

_MISSING = "disclosure_missing"
_OLDEST_TALLY = timedelta(days=2)


async def check_log(runtime: Runtime) -> None:
    """The database against the published log, and what each service last said of itself; what is odd is an alarm."""
    found = await _faults(runtime)
    async with transaction(
        runtime.sessions, actor=service_actor("audit"), now=utc_now(), service="audit", policies=runtime.policies
    ) as tx:
        for first, last in runs(sorted(found.pop(_MISSING, ()))):
            await raise_alarm(tx, AlarmKind.DISCLOSURE_MISSING, first=first, last=last, mark=f"{first}-{last}")
        for what, indices in found.items():
            first, last = min(indices), max(indices)
            await raise_alarm(tx, AlarmKind.RECORDS_DIFFER, first=first, last=last, mark=f"{what} {first}-{last}")
        await _check_tallies(tx)


async def _faults(runtime: Runtime) -> dict[str, set[int]]:
    """By kind of fault, the indices at which it was found; where a file cannot be read, that file."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    try:
        log = await asyncio.to_thread(published_log, runtime.settings)
        if log is None:
            return found
        async with runtime.sessions(info={"actor": service_actor("audit"), "reads": True}) as session, session.begin():
            async for fault in check_records(session, log.reader, sealer=runtime.sealer):
                found[fault.code].add(fault.index)
    except (KeyError, LogDamaged, LogUnreachable, TileMalformed, TileMissing, ValueError) as fault:
        found[f"{type(fault).__name__} {getattr(fault, 'path', 'log/')}"].add(0)
    return found


async def _check_tallies(tx: Transaction) -> None:
    today = tx.now.astimezone(CHINA).date()
    overdue = [one for one in await tallies(tx.session) if one.day < today - _OLDEST_TALLY]
    for one in overdue:
        await raise_alarm(
            tx, AlarmKind.TALLY_OVERDUE, source=one.source, first=one.last_sequence + 1, mark=one.day.isoformat()
        )
    stated = Alarm.source.not_in([one.source for one in overdue])
    await close_those(tx, Alarm.kind == AlarmKind.TALLY_OVERDUE, stated)
