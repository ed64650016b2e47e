"""What a consumer has taken in: the inbox, what is parked, and how far each source has come without a gap."""

from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import Envelope
from common.clock import utc_now
from common.tables import InboxMessage, ParkedMessage, SourcePosition

_POSITION_LOCK = 7_340_003
_MOST_AT_ONCE = 5_000


def seen(envelope: Envelope, *, parked: bool) -> dict[str, Any]:
    return {
        "event_id": envelope.event_id,
        "source": envelope.source,
        "sequence": envelope.sequence,
        "parked": parked,
        "handled_at": utc_now(),
    }


async def remember(session: AsyncSession, envelope: Envelope, *, replayed: bool) -> bool:
    """True the first time this event is seen, or the first time it is replayed after it was parked."""
    insertion = insert(InboxMessage).values(seen(envelope, parked=False))
    if replayed:
        once = insertion.on_conflict_do_update(
            index_elements=["event_id"], set_={"parked": False}, where=InboxMessage.parked.is_(True)
        )
    else:
        once = insertion.on_conflict_do_nothing()
    return await session.scalar(once.returning(InboxMessage.event_id)) is not None


async def is_blocked(session: AsyncSession, *, topic: str, key: str) -> bool:
    """Whether an earlier event of this key is parked."""
    return bool(await session.scalar(select(exists().where(ParkedMessage.topic == topic, ParkedMessage.key == key))))


async def advance(session: AsyncSession, envelope: Envelope) -> None:
    """Move the source's position over every sequence that has been taken in without a gap."""
    # Two consumers that each miss the other's uncommitted neighbour would leave the position behind for good.
    await session.execute(select(func.pg_advisory_xact_lock(_POSITION_LOCK, func.hashtext(envelope.source))))
    at = await session.scalar(select(SourcePosition.sequence).where(SourcePosition.source == envelope.source)) or 0
    reached = await _reach(session, envelope.source, at)
    if reached == at:
        return
    await session.execute(
        insert(SourcePosition)
        .values(source=envelope.source, sequence=reached)
        .on_conflict_do_update(index_elements=["source"], set_={"sequence": reached})
    )


async def _reach(session: AsyncSession, source: str, at: int) -> int:
    """The last sequence of the row without gaps that begins after `at`."""
    ahead = 1  # nearly always there is one to go
    while True:
        later = await session.scalars(
            select(InboxMessage.sequence)
            .where(InboxMessage.source == source, InboxMessage.sequence > at)
            .order_by(InboxMessage.sequence)
            .limit(ahead)
        )
        begun = at
        for sequence in later:
            if sequence != at + 1:
                return at
            at = sequence
        if at - begun < ahead:
            return at
        ahead = _MOST_AT_ONCE
