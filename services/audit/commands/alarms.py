"""An alarm is kept once while it is open, said to whoever watches, and entered in the log itself."""

import structlog
from prometheus_client import Counter
from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects.postgresql import insert

from audit.commands.queue import queue_entry
from audit.models import Alarm
from audit.rules.alarms import AlarmKind
from audit.rules.entries import EntryType
from common.errors import BusinessError, NotFound
from common.transaction import Transaction

log = structlog.get_logger()

ALARMS = Counter("log_alarms_total", "Alarms of the decision log", ["kind"])


class AlarmAlreadyClosed(BusinessError):
    zh = "告警 {alarm_id} 已经关闭，不必再次处理。"
    en = "Alarm {alarm_id} is closed already; nothing is left to do."


async def raise_alarm(
    tx: Transaction,
    kind: AlarmKind,
    *,
    source: str = "",
    first: int = 0,
    last: int | None = None,
    event_id: str | None = None,
    index: int | None = None,
    mark: str = "",
) -> None:
    """`first` to `last` are sequences of the source, or a size of the log; `mark` tells alarms of a kind apart."""
    raised = {
        "kind": kind,
        "source": source,
        "first_sequence": first,
        "last_sequence": first if last is None else last,
        "event_id": event_id,
        "index": index,
        "mark": mark[:200],
    }
    alarm_id = await tx.session.scalar(
        insert(Alarm)
        .values(raised | {"raised_at": tx.now})
        .on_conflict_do_update(
            index_elements=["kind", "source", "first_sequence", "mark"],
            set_={"raised_at": tx.now, "closed_at": None},
            where=Alarm.closed_at.is_not(None),
        )
        .returning(Alarm.alarm_id)
    )
    if alarm_id is None:
        return
    # An entry's `source` is who tells it.
    named = raised | {"source": None, "of_source": source}
    shown = {"alarm_id": str(alarm_id)} | {name: str(value) for name, value in named.items() if value not in (None, "")}
    queue_entry(tx, EntryType.ALARM, shown=shown)
    ALARMS.labels(kind).inc()
    log.error("log_alarm", kind=kind, source=source, first=raised["first_sequence"], last=raised["last_sequence"])


async def close_alarms(tx: Transaction, *kinds: AlarmKind) -> None:
    """What the log can see by itself to be in order again."""
    await close_those(tx, Alarm.kind.in_(kinds))


async def close_those(tx: Transaction, *which: ColumnElement[bool]) -> None:
    """Those of them that are open; each closing stands in the log."""
    closed = await tx.session.execute(
        update(Alarm).where(*which, Alarm.closed_at.is_(None)).values(closed_at=tx.now).returning(Alarm.alarm_id)
    )
    for (alarm_id,) in closed.all():
        queue_entry(tx, EntryType.ALARM_CLOSED, shown={"alarm_id": str(alarm_id)})


async def close_alarm(tx: Transaction, *, alarm_id: int, finding: str) -> Alarm:
    """A person has looked into it: what was found stands in the log, beside who says so."""
    alarm = await tx.session.get(Alarm, alarm_id, with_for_update=True)
    if alarm is None:
        raise NotFound(what=f"告警 {alarm_id}")
    if alarm.closed_at is not None:
        raise AlarmAlreadyClosed(alarm_id=alarm_id)
    alarm.closed_at = tx.now
    parts = {"account": tx.actor.account, "finding": finding}
    queue_entry(tx, EntryType.ALARM_CLOSED, shown={"alarm_id": str(alarm_id)}, parts=parts)
    return alarm
