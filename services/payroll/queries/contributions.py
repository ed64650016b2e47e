"""What employers owe to the schemes, and the pay that contributions go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, distinct, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.paging import Rows, make_page, page_query
from payroll.models import (
    ContributionBase,
    ContributionDue,
    PaymentFile,
    PayrollBatch,
    PayrollRun,
    Payslip,
    PayslipLine,
)
from payroll.models.runs import SEALED


@dataclass(frozen=True)
class Owed:
    """Of one employer to one scheme for one month, in fen."""

    organisation_id: str
    scheme: str
    period: str
    people: int
    employer: int
    worker: int


async def batch(session: AsyncSession, *, batch_id: str) -> PayrollBatch | None:
    return await session.scalar(select(PayrollBatch).where(PayrollBatch.batch_id == batch_id))


async def run(session: AsyncSession, *, run_id: str) -> PayrollRun | None:
    return await session.scalar(select(PayrollRun).where(PayrollRun.run_id == run_id))


async def owed_by_employers(
    session: AsyncSession, *, batch_id: str, lines: dict[str, tuple[str, bool]]
) -> Sequence[Owed]:
    """`lines`: by code, the scheme and whether it is the employer's side. Differences stand under their own month."""
    period = func.coalesce(PayslipLine.period, Payslip.month)
    query = (
        select(Payslip.organisation_id, PayslipLine.code, period, Payslip.worker_id, func.sum(PayslipLine.amount))
        .join(PayslipLine, PayslipLine.slip_no == Payslip.slip_no)
        .where(Payslip.batch_id == batch_id, PayslipLine.code.in_(lines))
        .group_by(Payslip.organisation_id, PayslipLine.code, period, Payslip.worker_id)
    ).subquery()
    employer, code, month, _, amount = query.c
    sums = select(employer, code, month, func.count(), func.sum(amount)).group_by(employer, code, month)
    totals: dict[tuple[str, str, str], list[int]] = {}
    for organisation_id, line, its_period, people, total in (await session.execute(sums)).all():
        scheme, of_employer = lines[line]
        found = totals.setdefault((organisation_id, scheme, its_period), [0, 0, 0])
        found[0] = max(found[0], people)
        found[1 if of_employer else 2] += int(total)
    return [Owed(*place, *figures) for place, figures in sorted(totals.items())]


async def first_payday(session: AsyncSession, *, run_id: str) -> date | None:
    """When the bank carried out the first file of the run."""
    return await session.scalar(select(func.min(PaymentFile.paid_on)).where(PaymentFile.run_id == run_id))


async def due(session: AsyncSession, *, due_id: str, lock: bool = False) -> ContributionDue | None:
    query = select(ContributionDue).where(ContributionDue.due_id == due_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def unpaid_dues_of(session: AsyncSession, *, run_id: str) -> Sequence[ContributionDue]:
    query = select(ContributionDue).where(ContributionDue.run_id == run_id, ContributionDue.paid_on.is_(None))
    return (await session.scalars(query.order_by(ContributionDue.due_id).with_for_update())).all()


async def dues_to_look_at(session: AsyncSession, *, on: date, after: str, limit: int) -> Sequence[ContributionDue]:
    """Past their day, neither paid nor told of; those that another process looks at just now are left to it."""
    query = (
        select(ContributionDue)
        .where(ContributionDue.paid_on.is_(None), ContributionDue.alerted_on.is_(None), ContributionDue.due_on < on)
        .where(ContributionDue.employer + ContributionDue.worker > 0, ContributionDue.due_id > after)
        .order_by(ContributionDue.due_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def dues(
    session: AsyncSession,
    *,
    overdue_on: date | None,
    paid: bool | None,
    organisation_id: str | None,
    run_id: str | None,
    scheme: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[ContributionDue]:
    """`overdue_on`: not paid up to that day although due before it."""
    query: Select[tuple[ContributionDue]] = select(ContributionDue)
    if overdue_on is not None:
        late = ContributionDue.paid_on.is_(None) | (ContributionDue.paid_on > overdue_on)
        query = query.where(ContributionDue.due_on < overdue_on, late)
    if paid is not None:
        query = query.where(ContributionDue.paid_on.is_not(None) if paid else ContributionDue.paid_on.is_(None))
    for column, wanted in _wanted(organisation_id=organisation_id, run_id=run_id, scheme=scheme):
        query = query.where(column == wanted)
    question = f"contribution_dues|{overdue_on}|{paid}|{organisation_id}|{run_id}|{scheme}"
    paged = page_query(query, order=[ContributionDue.due_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.due_id])


def _wanted(**given: str | None) -> list[tuple[Any, str]]:
    return [(getattr(ContributionDue, name), value) for name, value in given.items() if value is not None]


@dataclass(frozen=True)
class YearOfPay:
    """What a worker was paid for the months of a calendar year, all employers here together; fen."""

    worker_id: str
    area: str
    months: int
    gross: int

    @property
    def monthly(self) -> int:
        """Rounded half up to the fen."""
        return (2 * self.gross + self.months) // (2 * self.months)


async def pay_of_year(
    session: AsyncSession, *, area: str, staff: str, year: int, worker_ids: Sequence[str] | None = None
) -> Sequence[YearOfPay]:
    """From the sealed slips of those whose last slip of the year lies in `area`.

    What was paid later for a month of the year counts in the month of that slip, as wages of the year it was paid in.
    """
    lowest, highest = code_range(area)
    of_year = (
        select(Payslip.worker_id, Payslip.area, Payslip.staff, Payslip.month, Payslip.cycle, Payslip.gross)
        .join(PayrollRun, PayrollRun.run_id == Payslip.run_id)
        .where(PayrollRun.status.in_(SEALED), Payslip.month.between(f"{year}-01", f"{year}-12"))
    )
    if worker_ids is not None:
        of_year = of_year.where(Payslip.worker_id.in_(worker_ids))
    slips = of_year.subquery()
    last = (
        select(slips.c.worker_id, slips.c.area, slips.c.staff)
        .ext(distinct_on(slips.c.worker_id))
        .order_by(slips.c.worker_id, slips.c.month.desc(), slips.c.cycle.desc(), slips.c.area)
    ).subquery()
    months = func.count(distinct(slips.c.month))
    query = (
        select(last.c.worker_id, last.c.area, months, func.sum(slips.c.gross))
        .join(slips, slips.c.worker_id == last.c.worker_id)
        .where(last.c.staff == staff, last.c.area >= lowest, last.c.area < highest)
        .group_by(last.c.worker_id, last.c.area)
        .order_by(last.c.worker_id)
    )
    rows = (await session.execute(query)).all()
    return [YearOfPay(worker_id, place, count, int(gross)) for worker_id, place, count, gross in rows]


async def bases_of(session: AsyncSession, *, worker_id: str) -> Sequence[ContributionBase]:
    query = select(ContributionBase).where(ContributionBase.worker_id == worker_id)
    return (await session.scalars(query.order_by(ContributionBase.scheme, ContributionBase.from_month))).all()
