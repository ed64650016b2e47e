"""What a bank is told to pay, and what was paid under service contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from common.paging import Rows, make_page, page_query
from payroll.models import ContractPayment, HeldBackSlip, PaymentFile, PayrollRun, Payslip

_NO_CONTENT = defer(PaymentFile.content_sealed, raiseload=True)
_NO_SLIPS = defer(PaymentFile.payslip_nos, raiseload=True)


async def run(session: AsyncSession, *, run_id: str, lock: bool = False) -> PayrollRun | None:
    query = select(PayrollRun).where(PayrollRun.run_id == run_id)
    return await session.scalar(query.with_for_update() if lock else query)


@dataclass(frozen=True)
class Payable:
    """A slip that leaves something to pay out, in fen."""

    slip_no: int
    payslip_id: str
    worker_id: str
    net: int


async def payable_slips(session: AsyncSession, *, run_id: str) -> Sequence[Payable]:
    query = (
        select(Payslip.slip_no, Payslip.payslip_id, Payslip.worker_id, Payslip.net)
        .where(Payslip.run_id == run_id, Payslip.net > 0)
        .order_by(Payslip.slip_no)
    )
    return [Payable(*row) for row in (await session.execute(query)).all()]


async def payment_files(session: AsyncSession, *, run_id: str) -> Sequence[PaymentFile]:
    """Without their content, which is long and nobody's to read here."""
    query = select(PaymentFile).where(PaymentFile.run_id == run_id).order_by(PaymentFile.number).options(_NO_CONTENT)
    return (await session.scalars(query)).all()


async def listed_files(
    session: AsyncSession, *, run_id: str, cursor: str | None, limit: int, key: bytes
) -> Rows[PaymentFile]:
    """Without their content, nor whom they pay."""
    query = select(PaymentFile).where(PaymentFile.run_id == run_id).options(_NO_CONTENT, _NO_SLIPS)
    question = f"payment_files|{run_id}"
    paged = page_query(query, order=[PaymentFile.number], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.number])


async def has_file(session: AsyncSession, *, file_id: str) -> bool:
    return await session.scalar(select(PaymentFile.number).where(PaymentFile.file_id == file_id)) is not None


async def held_back(
    session: AsyncSession, *, file_id: str, cursor: str | None, limit: int, key: bytes
) -> Rows[HeldBackSlip]:
    """Whom a file did not pay when it was sealed: by street, then by worker, as the slips are numbered."""
    query = select(HeldBackSlip).where(HeldBackSlip.file_id == file_id)
    question = f"held_back|{file_id}"
    paged = page_query(query, order=[HeldBackSlip.slip_no], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.slip_no])


def workers_paid_by(file_id: str) -> Select[str]:
    paid = select(cast(func.jsonb_array_elements_text(PaymentFile.payslip_nos), BigInteger))
    return select(Payslip.worker_id).where(Payslip.slip_no.in_(paid.where(PaymentFile.file_id == file_id)))


async def payment_file(session: AsyncSession, *, file_id: str, lock: bool = False) -> PaymentFile | None:
    """To be opened; a locked one comes without its content."""
    query = select(PaymentFile).where(PaymentFile.file_id == file_id)
    return await session.scalar(query.options(_NO_CONTENT).with_for_update() if lock else query)


async def contract_payment(session: AsyncSession, *, payment_id: str, lock: bool = False) -> ContractPayment | None:
    query = select(ContractPayment).where(ContractPayment.payment_id == payment_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def contract_payments(
    session: AsyncSession,
    *,
    paid: bool | None,
    due_by: date | None,
    organisation_id: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[ContractPayment]:
    query = select(ContractPayment)
    if paid is not None:
        query = query.where(ContractPayment.paid_on.is_not(None) if paid else ContractPayment.paid_on.is_(None))
    if due_by is not None:
        query = query.where(ContractPayment.due_on <= due_by)
    if organisation_id is not None:
        query = query.where(ContractPayment.organisation_id == organisation_id)
    question = f"contract_payments|{paid}|{due_by}|{organisation_id}"
    order = [ContractPayment.payment_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.payment_id])
