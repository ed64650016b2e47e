from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from affairs.models import DutyRoster, Organisation, Worker
from common.errors import NotFound


async def organisation(session: AsyncSession, organisation_id: str) -> Organisation:
    found = await session.get(Organisation, organisation_id, with_for_update=True)
    if found is None:
        raise NotFound(what=f"organisation {organisation_id}")
    return found


async def workers_present(session: AsyncSession, organisation_id: str, *, on: date) -> dict[str, Worker]:
    """The organisation's workers who hold a post on the day, by id."""
    query = select(Worker).where(
        Worker.organisation_id == organisation_id,
        Worker.hired_on <= on,
        or_(Worker.left_on.is_(None), Worker.left_on > on),
    )
    return {worker.worker_id: worker for worker in await session.scalars(query)}


async def roster_from(session: AsyncSession, organisation_id: str, *, starts_on: date) -> DutyRoster | None:
    return await session.scalar(
        select(DutyRoster).where(DutyRoster.organisation_id == organisation_id, DutyRoster.starts_on == starts_on)
    )


async def roster(session: AsyncSession, roster_id: str) -> DutyRoster:
    found = await session.get(DutyRoster, roster_id)
    if found is None:
        raise NotFound(what=f"roster {roster_id}")
    return found
