from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import Level, area_at, code_range
from common.errors import NotFound
from common.paging import Rows, make_page, page_query
from common.transaction import count_in_whole
from registry.models import Filing, Organisation, Post, Quota, Worker


async def organisation(session: AsyncSession, organisation_id: str, *, lock: bool = False) -> Organisation:
    found = await session.get(Organisation, organisation_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(what=f"organisation {organisation_id}")
    return found


async def quota(session: AsyncSession, organisation_id: str, *, staff: str) -> Quota | None:
    return await session.get(Quota, (organisation_id, staff), with_for_update=True)


async def posts_open(session: AsyncSession, organisation_id: str, *, staff: str) -> int:
    query = select(func.count(Post.post_id)).where(Post.organisation_id == organisation_id, Post.staff == staff)
    return await session.scalar(query) or 0


async def posts_open_in_county(session: AsyncSession, area: str, *, staff: str) -> int:
    """In all of the county, also where the actor sees only a street of it: its total binds every office alike."""
    county = area_at(area, Level.COUNTY) or area
    lowest, highest = code_range(county)
    query = select(func.count(Post.post_id)).where(Post.area >= lowest, Post.area < highest, Post.staff == staff)
    return await count_in_whole(session, query, area=county)


async def worker(session: AsyncSession, worker_id: str) -> Worker:
    found = await session.get(Worker, worker_id)
    if found is None:
        raise NotFound(what=f"person {worker_id}")
    return found


async def filing(session: AsyncSession, filing_id: str) -> Filing:
    found = await session.get(Filing, filing_id, with_for_update=True)
    if found is None:
        raise NotFound(what=f"filing {filing_id}")
    return found


async def filings(
    session: AsyncSession, *, status: str | None, cursor: str | None, limit: int, key: bytes
) -> Rows[Filing]:
    query = select(Filing) if status is None else select(Filing).where(Filing.status == status)
    question = f"filings|{status}"
    paged = page_query(query, order=[Filing.filing_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.filing_id])
