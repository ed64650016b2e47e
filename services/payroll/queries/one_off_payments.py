"""What was paid beside wages: one payment, those that are taxed together, and lists of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from common.paging import Rows, make_page, page_query
from common.transaction import seeing
from payroll.models import Agreement, OneOffKind, OneOffPayment, Organisation, Payee
from payroll.queries.timelines import timelines_of


@dataclass(frozen=True)
class Chain:
    """The payments of one unit to one person that are taxed together: of a year, or of one project within a month."""

    organisation_id: str
    worker_id: str | None
    payee_id: str | None
    kind: OneOffKind
    paid_in: str
    project: str | None


@dataclass(frozen=True)
class Link:
    """A payment of a chain that was not rejected, in fen."""

    paid_in: str
    gross: int
    exempt: int
    tax: int
    approved: bool


async def links(session: AsyncSession, of: Chain) -> Sequence[Link]:
    """Wherever they were entered. Labour remuneration without a project stands alone."""
    if of.kind == OneOffKind.LABOUR_REMUNERATION and of.project is None:
        return []
    query = (
        select(OneOffPayment.paid_in, OneOffPayment.gross, OneOffPayment.exempt, OneOffPayment.tax)
        .add_columns(OneOffPayment.approved_on.is_not(None))
        .where(OneOffPayment.organisation_id == of.organisation_id, OneOffPayment.kind == of.kind)
        .where(OneOffPayment.worker_id.is_not_distinct_from(of.worker_id))
        .where(OneOffPayment.payee_id.is_not_distinct_from(of.payee_id))
        .where(OneOffPayment.rejected_on.is_(None))
    )
    if of.kind == OneOffKind.LABOUR_REMUNERATION:
        query = query.where(OneOffPayment.project == of.project, OneOffPayment.paid_in == of.paid_in)
    else:
        query = query.where(OneOffPayment.paid_in.startswith(of.paid_in[:4]))
    async with seeing(session, area=""):
        return [Link(*row) for row in (await session.execute(query)).all()]


async def organisation(session: AsyncSession, *, organisation_id: str) -> Organisation | None:
    return await session.scalar(select(Organisation).where(Organisation.organisation_id == organisation_id))


async def is_own_staff(
    session: AsyncSession, *, worker_id: str, organisation_id: str, first: date, after: date
) -> bool:
    """Whether the worker serves the unit, by an agreement or after a transfer, on any day from `first` until before
    `after`.
    """
    kinds = select(Agreement.staff).where(Agreement.worker_id == worker_id).distinct()
    async with seeing(session, area=""):
        timelines = [
            await timelines_of(session, [worker_id], staff=staff) for staff in (await session.scalars(kinds)).all()
        ]
    segments = [one for timeline in timelines for one in timeline.get(worker_id, ())]
    return any(one.organisation_id == organisation_id and one.begins < after and first < one.ends for one in segments)


async def one_off_payment(session: AsyncSession, *, payment_id: str, lock: bool = False) -> OneOffPayment | None:
    query = select(OneOffPayment).where(OneOffPayment.payment_id == payment_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def one_off_payments(
    session: AsyncSession,
    *,
    kind: OneOffKind | None,
    paid: bool | None,
    paid_in: str | None,
    organisation_id: str | None,
    worker_id: str | None,
    own: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[OneOffPayment]:
    """`own`: only the approved ones of the worker who signs in by that account."""
    query = select(OneOffPayment)
    if own is not None:
        query = query.join(Payee, Payee.worker_id == OneOffPayment.worker_id).where(Payee.account == own)
        query = query.where(OneOffPayment.approved_on.is_not(None))
    if paid is not None:
        query = query.where(OneOffPayment.paid_on.is_not(None) if paid else OneOffPayment.paid_on.is_(None))
    wanted = {"kind": kind, "paid_in": paid_in, "organisation_id": organisation_id, "worker_id": worker_id}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(getattr(OneOffPayment, column) == value)
    question = f"one_off_payments|{paid}|{kind}|{paid_in}|{organisation_id}|{worker_id}|{own}"
    order = [OneOffPayment.payment_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.payment_id])
