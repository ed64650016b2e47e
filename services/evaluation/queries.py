from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from common.errors import NotFound
from common.paging import Rows, make_page, page_query
from evaluation.models import Consequence, Evaluation, Training, Worker


async def hired_worker(session: AsyncSession, worker_id: str) -> Worker:
    found = await session.get(Worker, worker_id, with_for_update=True)
    if found is None or found.hired_on is None:
        raise NotFound(what=f"person {worker_id}")
    return found


async def evaluation_of(session: AsyncSession, worker_id: str, *, year: int) -> Evaluation | None:
    return await session.scalar(select(Evaluation).where(Evaluation.worker_id == worker_id, Evaluation.year == year))


async def evaluation(session: AsyncSession, evaluation_id: str) -> Evaluation:
    found = await session.get(Evaluation, evaluation_id)
    if found is None:
        raise NotFound(what=f"evaluation {evaluation_id}")
    return found


async def consequence(session: AsyncSession, consequence_id: str) -> Consequence:
    found = await session.get(Consequence, consequence_id, with_for_update=True)
    if found is None:
        raise NotFound(what=f"consequence {consequence_id}")
    return found


async def training(session: AsyncSession, training_id: str, *, lock: bool = False) -> Training:
    found = await session.get(Training, training_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(what=f"training {training_id}")
    return found


async def open_trainings(session: AsyncSession, worker_id: str) -> list[Training]:
    query = select(Training).where(Training.worker_id == worker_id, Training.status == "open")
    return list(await session.scalars(query.with_for_update()))


async def trainings(
    session: AsyncSession,
    *,
    status: str | None,
    due_by: date | None,
    worker_id: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[Training]:
    query = select(Training)
    if status is not None:
        query = query.where(Training.status == status)
    if due_by is not None:
        query = query.where(Training.due_on <= due_by)
    if worker_id is not None:
        query = query.where(Training.worker_id == worker_id)
    question = f"trainings|{status}|{due_by}|{worker_id}"
    paged = page_query(query, order=[Training.training_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.training_id])
