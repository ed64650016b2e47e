from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import AccountName, Alarm, Entry, SourceState
from audit.rules.alarms import AlarmKind
from audit.rules.entries import Told


async def source_state(session: AsyncSession, source: str) -> SourceState | None:
    return await session.get(SourceState, source)


async def entries_like(session: AsyncSession, told: Told) -> Sequence[Entry]:
    """Entries of the same place in the source, of the same event or of the same decision."""
    same_place = and_(Entry.source == told.source, Entry.sequence == told.sequence)
    same_decision = Entry.decision_id == told.content["decision_id"]
    query = select(Entry).where(or_(same_place, Entry.event_id == told.event_id, same_decision))
    return (await session.scalars(query.order_by(Entry.index))).all()


async def open_gap(session: AsyncSession, source: str, sequence: int) -> Alarm | None:
    query = select(Alarm).where(Alarm.kind == AlarmKind.GAP, Alarm.source == source, Alarm.closed_at.is_(None))
    found: Alarm | None = await session.scalar(
        query.where(Alarm.first_sequence <= sequence, Alarm.last_sequence >= sequence)
    )
    return found


async def is_filled(session: AsyncSession, gap: Alarm) -> bool:
    query = select(func.count(Entry.index)).where(
        Entry.source == gap.source, Entry.sequence.between(gap.first_sequence, gap.last_sequence)
    )
    return await session.scalar(query) == gap.last_sequence - gap.first_sequence + 1


async def name_behind(session: AsyncSession, authid: str) -> AccountName | None:
    found: AccountName | None = await session.scalar(select(AccountName).where(AccountName.authid == authid).limit(1))
    return found


async def name_of(session: AsyncSession, account: str) -> AccountName | None:
    found: AccountName | None = await session.scalar(select(AccountName).where(AccountName.account == account).limit(1))
    return found
