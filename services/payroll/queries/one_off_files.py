"""Payments beside wages as the bank and the tax office are told of them, and the files that tell the bank."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from common.areas import code_range
from common.paging import Rows, make_page, page_query
from common.transaction import seeing
from payroll.models import HeldBackPayment, OneOffFile, OneOffKind, OneOffPayment, Payee

_NO_CONTENT = defer(OneOffFile.content_sealed, raiseload=True)


async def payable(session: AsyncSession, *, area: str, organisation_id: str, paid_in: str) -> Sequence[OneOffPayment]:
    """Approved ones of a unit and month of payment that are not paid and stand in no file, locked in one order."""
    lowest, highest = code_range(area)
    query = (
        select(OneOffPayment)
        .where(OneOffPayment.area >= lowest, OneOffPayment.area < highest)
        .where(OneOffPayment.organisation_id == organisation_id, OneOffPayment.paid_in == paid_in)
        .where(OneOffPayment.approved_on.is_not(None), OneOffPayment.paid_on.is_(None))
        .where(OneOffPayment.file_id.is_(None), OneOffPayment.net > 0)
        .order_by(OneOffPayment.payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(query)).all()


async def declared(
    session: AsyncSession, *, area: str, organisation_id: str, paid_in: str, kind: OneOffKind
) -> Sequence[OneOffPayment]:
    """Approved ones of a kind, by whom they are paid to: tax goes by the month that they were entered for."""
    lowest, highest = code_range(area)
    query = (
        select(OneOffPayment)
        .where(OneOffPayment.area >= lowest, OneOffPayment.area < highest)
        .where(OneOffPayment.organisation_id == organisation_id, OneOffPayment.paid_in == paid_in)
        .where(OneOffPayment.kind == kind, OneOffPayment.approved_on.is_not(None))
        .order_by(OneOffPayment.worker_id, OneOffPayment.payee_id, OneOffPayment.project, OneOffPayment.payment_id)
    )
    return (await session.scalars(query)).all()


class Known(NamedTuple):
    """Of a worker: the name, and the sealed identity number, as far as they have been told."""

    name: str
    identity_sealed: str | None


async def known_workers(session: AsyncSession, workers: Collection[str]) -> dict[str, Known]:
    """Wherever they serve: a unit may pay somebody who is employed in another county."""
    query = select(Payee.worker_id, Payee.name, Payee.identity_sealed).where(Payee.worker_id.in_(workers))
    async with seeing(session, area=""):
        rows = (await session.execute(query)).all()
    return {worker_id: Known(name or "", sealed) for worker_id, name, sealed in rows}


async def file(session: AsyncSession, *, file_id: str, lock: bool = False) -> OneOffFile | None:
    """To be opened; a locked one comes without its content."""
    query = select(OneOffFile).where(OneOffFile.file_id == file_id)
    return await session.scalar(query.options(_NO_CONTENT).with_for_update() if lock else query)


async def has_file(session: AsyncSession, *, file_id: str) -> bool:
    return await session.scalar(select(OneOffFile.payments).where(OneOffFile.file_id == file_id)) is not None


def workers_paid_by(file_id: str) -> Select[str | None]:
    return select(OneOffPayment.worker_id).where(OneOffPayment.file_id == file_id)


async def held_back(
    session: AsyncSession, *, file_id: str, cursor: str | None, limit: int, key: bytes
) -> Rows[HeldBackPayment]:
    """Which payments a file did not pay when it was sealed."""
    query = select(HeldBackPayment).where(HeldBackPayment.file_id == file_id)
    question, order = f"held_back_payments|{file_id}", [HeldBackPayment.payment_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.payment_id])


async def approved_last(session: AsyncSession, file: OneOffFile) -> date | None:
    """The day on which the last of a file's payments was approved."""
    asked = select(func.max(OneOffPayment.approved_on)).where(OneOffPayment.file_id == file.file_id)
    found: date | None = await session.scalar(asked)
    return found


async def mark_paid(session: AsyncSession, paid: OneOffFile) -> None:
    """The payments of a file as the file itself."""
    said = {"paid_on": paid.paid_on, "paid_by": paid.paid_by, "reference": paid.bank_reference}
    await session.execute(update(OneOffPayment).where(OneOffPayment.file_id == paid.file_id).values(**said))


async def files(
    session: AsyncSession,
    *,
    organisation_id: str | None,
    paid_in: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[OneOffFile]:
    """Without their content."""
    query = select(OneOffFile).options(_NO_CONTENT)
    for column, wanted in {"organisation_id": organisation_id, "paid_in": paid_in}.items():
        if wanted is not None:
            query = query.where(getattr(OneOffFile, column) == wanted)
    question = f"one_off_files|{organisation_id}|{paid_in}"
    paged = page_query(query, order=[OneOffFile.file_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.file_id])
