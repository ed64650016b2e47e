"""How a person's tax is withheld by an employer, and what the tax year has come to so far."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.transaction import seeing
from payroll.models import Agreement, Payee, PayrollRun, Payslip, Placement, TaxCard
from payroll.models.runs import SEALED
from payroll.rules.deadlines import month_end


@dataclass(frozen=True)
class TaxYear:
    """Of a worker with an employer: whoever changes employers begins again."""

    worker_id: str
    organisation_id: str
    year: int


async def tax_card(session: AsyncSession, of: TaxYear, *, lock: bool = False) -> TaxCard | None:
    query = select(TaxCard).where(
        TaxCard.worker_id == of.worker_id, TaxCard.organisation_id == of.organisation_id, TaxCard.year == of.year
    )
    return await session.scalar(query.with_for_update() if lock else query)


async def has_employed(session: AsyncSession, *, worker_id: str, organisation_id: str) -> bool:
    """Whether the worker ever signed with the organisation, or was moved to it."""
    for table in (Agreement, Placement):
        query = select(table.worker_id).where(table.worker_id == worker_id, table.organisation_id == organisation_id)
        if await session.scalar(query.limit(1)) is not None:
            return True
    return False


async def months_served(session: AsyncSession, of: TaxYear, *, month: int) -> int:
    """In how many months of the year, up to `month`, the worker had a day of an agreement with the organisation."""
    query = select(Agreement.starts_on, Agreement.ends_on, Payee.left_on).join(
        Payee, Payee.worker_id == Agreement.worker_id
    )
    of_employer = query.where(Agreement.worker_id == of.worker_id, Agreement.organisation_id == of.organisation_id)
    periods = [
        (starts_on, min((day for day in ends if day is not None), default=date.max))
        for starts_on, *ends in (await session.execute(of_employer)).all()
    ]
    firsts = [date(of.year, number, 1) for number in range(1, month + 1)]
    return sum(
        any(begins <= month_end(f"{first:%Y-%m}") and first < ends for begins, ends in periods) for first in firsts
    )


@dataclass(frozen=True)
class Totals:
    """What tax goes by, in fen; `months` are those in which something was paid."""

    months: int = 0
    income: int = 0
    exempt: int = 0
    special: int = 0
    additional: int = 0
    other: int = 0
    relief: int = 0
    withheld: int = 0

    def plus(self, other: "Totals", *, times: int = 1) -> "Totals":
        return Totals(
            **{one.name: getattr(self, one.name) + times * getattr(other, one.name) for one in fields(Totals)}
        )

    def opened_with(self, opening: dict[str, int]) -> "Totals":
        """With what was paid before this platform kept it."""
        return self.plus(replace(Totals(), **opening))


def _sealed(worker_id: str) -> Select[Any]:
    joined = select().select_from(Payslip).join(PayrollRun, PayrollRun.run_id == Payslip.run_id)
    return joined.where(Payslip.worker_id == worker_id, PayrollRun.status.in_(SEALED))


def _of_year(of: TaxYear) -> Select[Any]:
    return _sealed(of.worker_id).where(Payslip.organisation_id == of.organisation_id, _paid_in_year(of.year))


_SUMS = (
    func.count(distinct(Payslip.paid_in)),
    *(
        func.coalesce(func.sum(column), 0)
        for column in (
            Payslip.income,
            Payslip.exempt,
            Payslip.special,
            Payslip.additional,
            Payslip.other,
            Payslip.relief,
            Payslip.tax,
        )
    ),
)


async def _one(session: AsyncSession, query: Select[Any]) -> Any:
    """Of slips wherever they were earned, as a batch counts them: the tax year is one for all of them."""
    async with seeing(session, area=""):
        return (await session.execute(query)).one()


async def year_so_far(session: AsyncSession, of: TaxYear) -> Totals:
    """From the sealed slips paid in the year by this employer."""
    row = await _one(session, _of_year(of).add_columns(*_SUMS))
    return Totals(*(int(value) for value in row))


async def last_month(session: AsyncSession, of: TaxYear) -> tuple[str, Totals] | None:
    """The last month of payment of the year, and what it brought; None where nothing was paid yet."""
    (month,) = await _one(session, _of_year(of).add_columns(func.max(Payslip.paid_in)))
    if month is None:
        return None
    row = await _one(session, _of_year(of).add_columns(*_SUMS).where(Payslip.paid_in == month))
    return month, Totals(*(int(value) for value in row))


async def bonuses_taxed_apart(session: AsyncSession, *, worker_id: str, year: int) -> int:
    """At all employers here: taxing apart is open once a person and year."""
    query = _sealed(worker_id).add_columns(func.count()).where(Payslip.bonus > 0, _paid_in_year(year))
    (times,) = await _one(session, query)
    return int(times)


@dataclass(frozen=True)
class YearHere:
    """In how many months of a year this employer paid, and how much before any deduction, in fen."""

    months: int
    gross: int


async def year_here(session: AsyncSession, of: TaxYear) -> YearHere:
    sums = (func.count(distinct(Payslip.paid_in)), func.coalesce(func.sum(Payslip.gross), 0))
    months, gross = await _one(session, _of_year(of).add_columns(*sums))
    return YearHere(months, int(gross))


async def last_sealed_month(session: AsyncSession, *, worker_id: str) -> str | None:
    """The latest month that a sealed slip of the worker pays."""
    return await session.scalar(_sealed(worker_id).add_columns(func.max(Payslip.month)))


def _paid_in_year(year: int) -> ColumnElement[bool]:
    return Payslip.paid_in.between(f"{year}-01", f"{year}-12")
