from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Alarm
from audit.rules.alarms import Words, describe_alarm
from common.paging import Rows, make_page, page_query


@dataclass(frozen=True)
class RaisedAlarm:
    alarm_id: int
    kind: str
    source: str
    first_sequence: int
    last_sequence: int
    event_id: str | None
    index: int | None
    raised_at: datetime
    closed_at: datetime | None
    words: Words


async def alarms(
    session: AsyncSession, *, is_open: bool | None, cursor: str | None, limit: int, key: bytes
) -> Rows[RaisedAlarm]:
    query = select(Alarm)
    if is_open is not None:
        query = query.where(Alarm.closed_at.is_(None) if is_open else Alarm.closed_at.is_not(None))
    question = f"alarms|{is_open}"
    paged = page_query(query, order=[Alarm.alarm_id.expression], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    page = make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.alarm_id])
    return Rows([_in_words(row) for row in page.items], page.next)


def _in_words(alarm: Alarm) -> RaisedAlarm:
    words = describe_alarm(
        alarm.kind,
        mark=alarm.mark,
        source=alarm.source,
        first=alarm.first_sequence,
        last=alarm.last_sequence,
        event_id=alarm.event_id,
        index=alarm.index,
    )
    return RaisedAlarm(
        alarm_id=alarm.alarm_id,
        kind=alarm.kind,
        source=alarm.source,
        first_sequence=alarm.first_sequence,
        last_sequence=alarm.last_sequence,
        event_id=alarm.event_id,
        index=alarm.index,
        raised_at=alarm.raised_at,
        closed_at=alarm.closed_at,
        words=words,
    )
