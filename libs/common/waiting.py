"""Read what one wrote: a caller shows the positions its commands returned, and waits until they are reflected here.

A position is `<service>:<event id>:<n>`: the last of the n events of one transaction, whose sequences are contiguous.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import func, select

from common.bus import source_of
from common.errors import BusinessError
from common.tables import InboxMessage
from common.transaction import Sessions

LONGEST_WAIT = 10.0
_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_MOST = 20
_MOST_EVENTS = 1_000_000


class NotReflectedYet(BusinessError):
    status = 503
    zh = "先前的办理结果尚未同步到此处，请稍后用同一请求重试。"
    en = "What was done before has not arrived here yet; send the same request again shortly."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class BadPosition(BusinessError):
    status = 400
    zh = "Wait-For 的格式不正确，应为先前答复中的 Position。"
    en = "Wait-For is not well-formed; send the Position of an earlier answer."


@dataclass(frozen=True)
class Position:
    service: str
    event_id: str
    events: int

    def __str__(self) -> str:
        return f"{self.service}:{self.event_id}:{self.events}"

    @classmethod
    def read_all(cls, header: str) -> list["Position"]:
        """The positions of a `Wait-For` header, parted by commas."""
        found = []
        for item in header.split(",")[:_MOST]:
            try:
                service, event_id, events = item.strip().split(":")
                found.append(cls(service, event_id, _count(events)))
            except ValueError:
                raise BadPosition from None
        return found


def _count(events: str) -> int:
    number = int(events)
    if not 1 <= number <= _MOST_EVENTS:
        raise ValueError
    return number


async def wait_for(sessions: Sessions, header: str, *, services: Collection[str]) -> None:
    """Return when every position of a service in `services` is in the inbox; NotReflectedYet after ten seconds."""
    waited_for = [position for position in Position.read_all(header) if position.service in services]
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            for position in waited_for:
                pause = _PAUSE
                while not await _reflected(sessions, position):
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, _LONGEST_PAUSE)
    except TimeoutError:
        raise NotReflectedYet from None


async def _reflected(sessions: Sessions, position: Position) -> bool:
    source = source_of(position.service, "events")
    async with sessions() as session:
        last = await session.scalar(
            select(InboxMessage.sequence).where(
                InboxMessage.event_id == position.event_id,
                InboxMessage.source == source,
                InboxMessage.parked.is_(False),
            )
        )
        if last is None or position.events <= 1:
            return last is not None
        there = await session.scalar(
            select(func.count())
            .select_from(InboxMessage)
            .where(InboxMessage.source == source, InboxMessage.parked.is_(False))
            .where(InboxMessage.sequence > last - position.events, InboxMessage.sequence <= last)
        )
        return there == position.events
