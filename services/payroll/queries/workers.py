"""Everything that a calculation goes by, read for all workers of a run at once."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range, within
from payroll.models import (
    Agreement,
    Certificate,
    EvaluationScore,
    GradeStep,
    Payee,
    PayrollRun,
    Payslip,
    PayStandard,
    PoolScore,
    RunEntry,
    RunStatus,
    StandardStatus,
)
from payroll.rules.pay import CertificateLevel

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Standard:
    """The approved amount that holds for a post."""

    standard_id: str
    monthly_amount: Decimal


@dataclass(frozen=True)
class YearSoFar:
    """What earlier approved slips of the tax year with the same employer add up to."""

    income: Decimal = NOTHING
    contributions: Decimal = NOTHING
    special_deductions: Decimal = NOTHING
    withheld: Decimal = NOTHING


@dataclass(frozen=True)
class Entered:
    performance_pay: Decimal | None = None
    overtime_pay: Decimal | None = None
    special_deductions: Decimal | None = None
    hours: Decimal | None = None


@dataclass(frozen=True)
class PaidWorker:
    """Everything a calculation knows of a worker in a month; `employed_months` are those of the tax year."""

    worker_id: str
    area: str
    staff: str
    organisation_id: str
    post_class: str
    periods: tuple[tuple[date, date], ...]
    agreed_pay: Decimal | None
    grade: int
    standard: Standard | None
    certificate: CertificateLevel | None
    entered: Entered
    score: Decimal | None
    employed_months: int
    so_far: YearSoFar


def digest_of(workers: Iterable[PaidWorker], clauses: Iterable[tuple[Any, ...]]) -> str:
    """One digest over everything a calculation goes by."""
    return hashlib.sha256(repr(([astuple(worker) for worker in workers], list(clauses))).encode()).hexdigest()


async def is_in_run(session: AsyncSession, run: PayrollRun, *, worker_id: str) -> bool:
    return any(found == worker_id for found in await _terms_in_month(session, run, worker_id=worker_id))


@dataclass(frozen=True)
class _Term:
    """An agreement cut to the day its worker left; `ends_on` is exclusive."""

    agreement: Agreement
    ends_on: date

    def covers(self, first_day: date, next_month: date) -> bool:
        return max(self.agreement.starts_on, first_day) < min(self.ends_on, next_month)


async def paid_workers(session: AsyncSession, run: PayrollRun) -> list[PaidWorker]:
    """The workers whose agreement covers a day of the run's month, with all that their pay goes by."""
    terms = await _terms_in_month(session, run)
    workers = list(terms)
    first_day, next_month = _month_bounds(run.month)

    grades = await _grades(session, workers, on=first_day)
    certificates = await _certificates(session, workers, before=next_month)
    entries = await _entries(session, run)
    scores = await _scores(session, run, workers)
    standards = await _standards(session, run)
    so_far = await _so_far(session, run, workers)

    found = []
    for worker_id, (now, all_terms) in terms.items():
        last = now[-1].agreement
        grade = grades.get(worker_id, 1)
        found.append(
            PaidWorker(
                worker_id=worker_id,
                area=last.area,
                staff=last.staff,
                organisation_id=last.organisation_id,
                post_class=last.post_class,
                periods=_periods(now, first_day, next_month),
                agreed_pay=last.monthly_pay,
                grade=grade,
                standard=_nearest(standards, area=last.area, post_class=last.post_class, grade=grade),
                certificate=certificates.get(worker_id),
                entered=entries.get(worker_id, Entered()),
                score=scores.get(worker_id),
                employed_months=_employed_months(all_terms, last.organisation_id, paid_in=run.paid_in),
                so_far=so_far.get((worker_id, last.organisation_id), YearSoFar()),
            )
        )
    return found


async def _terms_in_month(
    session: AsyncSession, run: PayrollRun, *, worker_id: str | None = None
) -> dict[str, tuple[list[_Term], list[_Term]]]:
    """By worker, in the order of ids: the agreements that cover a day of the month, and all of them."""
    first_day, next_month = _month_bounds(run.month)
    lowest, highest = code_range(run.area)
    query = (
        select(Agreement, Payee.left_on)
        .join(Payee, Payee.worker_id == Agreement.worker_id, isouter=True)
        .where(Agreement.staff == run.staff, Agreement.area >= lowest, Agreement.area < highest)
        .order_by(Agreement.worker_id, Agreement.starts_on, Agreement.agreement_id)
    )
    if worker_id is not None:
        query = query.where(Agreement.worker_id == worker_id)
    by_worker: dict[str, list[_Term]] = defaultdict(list)
    for agreement, left_on in await session.execute(query):
        by_worker[agreement.worker_id].append(_cut(agreement, left_on))
    covering = {
        worker: ([term for term in terms if term.covers(first_day, next_month)], terms)
        for worker, terms in by_worker.items()
    }
    return {worker: both for worker, both in covering.items() if both[0]}


def _cut(agreement: Agreement, left_on: date | None) -> _Term:
    """Leaving ends every agreement signed before it, a renewal that had not begun as well."""
    ends_on = agreement.ends_on or date.max
    if left_on is not None and agreement.signed_on < left_on:
        ends_on = min(ends_on, left_on)
    return _Term(agreement, ends_on)


def _periods(terms: list[_Term], first_day: date, next_month: date) -> tuple[tuple[date, date], ...]:
    """The days of the month in the post as first and last days, agreements that follow each other joined."""
    joined: list[tuple[date, date]] = []
    for term in terms:
        begins, ends = max(first_day, term.agreement.starts_on), min(next_month, term.ends_on)
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return tuple((begins, ends - timedelta(days=1)) for begins, ends in joined)


def _month_bounds(month: str) -> tuple[date, date]:
    first_day = date.fromisoformat(f"{month}-01")
    return first_day, date(first_day.year + first_day.month // 12, first_day.month % 12 + 1, 1)


def _employed_months(terms: list[_Term], organisation_id: str, *, paid_in: str) -> int:
    """Months of the tax year, up to the month of payment, with a day of employment; whoever is paid has one."""
    year, last_month = int(paid_in[:4]), int(paid_in[5:])
    months = [_month_bounds(f"{year}-{month:02}") for month in range(1, last_month + 1)]
    ours = [term for term in terms if term.agreement.organisation_id == organisation_id]
    return max(1, sum(any(term.covers(*month) for term in ours) for month in months))


async def _grades(session: AsyncSession, workers: list[str], *, on: date) -> dict[str, int]:
    rows = await session.execute(
        select(GradeStep.worker_id, func.count())
        .where(GradeStep.worker_id.in_(workers), GradeStep.starts_on <= on)
        .group_by(GradeStep.worker_id)
    )
    return {worker_id: 1 + steps for worker_id, steps in rows}


async def _certificates(session: AsyncSession, workers: list[str], *, before: date) -> dict[str, CertificateLevel]:
    """The highest level each worker holds by the month's end; other kinds of certificate are left aside."""
    rising = list(CertificateLevel)
    rows = await session.execute(
        select(Certificate.worker_id, Certificate.level)
        .where(Certificate.worker_id.in_(workers), Certificate.registered_on < before)
        .where(Certificate.level.in_(rising))
    )
    highest: dict[str, CertificateLevel] = {}
    for worker_id, level in rows:
        held = CertificateLevel(level)
        highest[worker_id] = max(highest.get(worker_id, held), held, key=rising.index)
    return highest


async def _entries(session: AsyncSession, run: PayrollRun) -> dict[str, Entered]:
    rows = await session.scalars(select(RunEntry).where(RunEntry.run_id == run.run_id))
    return {
        row.worker_id: Entered(row.performance_pay, row.overtime_pay, row.special_deductions, row.hours) for row in rows
    }


async def _scores(session: AsyncSession, run: PayrollRun, workers: list[str]) -> dict[str, Decimal]:
    """The score entered for the run, else that of the last year evaluated, not later than the month's."""
    evaluated = await session.execute(
        select(EvaluationScore.worker_id, EvaluationScore.score)
        .where(EvaluationScore.worker_id.in_(workers), EvaluationScore.year <= run.first_day.year)
        .order_by(EvaluationScore.worker_id, EvaluationScore.year)
    )
    entered = await session.execute(select(PoolScore.worker_id, PoolScore.score).where(PoolScore.run_id == run.run_id))
    return {row.worker_id: row.score for row in (*evaluated, *entered)}


async def _standards(session: AsyncSession, run: PayrollRun) -> list[PayStandard]:
    """Approved standards of the run's kind of staff in force at the month's beginning, the newest first."""
    lowest, highest = code_range(run.area)
    above = [run.area[:digits] for digits in range(len(run.area))]
    return list(
        await session.scalars(
            select(PayStandard)
            .where(PayStandard.staff == run.staff, PayStandard.status == StandardStatus.APPROVED)
            .where(PayStandard.starts_on <= run.first_day)
            .where(or_(PayStandard.area.in_(above), (PayStandard.area >= lowest) & (PayStandard.area < highest)))
            .order_by(PayStandard.starts_on.desc())
        )
    )


def _nearest(standards: list[PayStandard], *, area: str, post_class: str, grade: int) -> Standard | None:
    fitting = [
        row for row in standards if within(area, row.area) and (row.post_class, row.grade) == (post_class, grade)
    ]
    nearest = max(fitting, key=lambda row: (len(row.area), row.starts_on), default=None)
    return Standard(nearest.standard_id, nearest.monthly_amount) if nearest else None


async def _so_far(session: AsyncSession, run: PayrollRun, workers: list[str]) -> Mapping[tuple[str, str], YearSoFar]:
    sums: list[Any] = [
        func.sum(column) for column in (Payslip.gross, Payslip.contributions, Payslip.special_deductions, Payslip.tax)
    ]
    rows = await session.execute(
        select(Payslip.worker_id, Payslip.organisation_id, *sums)
        .join(PayrollRun, PayrollRun.run_id == Payslip.run_id)
        .where(Payslip.worker_id.in_(workers), PayrollRun.status == RunStatus.APPROVED)
        .where(Payslip.paid_in >= f"{run.paid_in[:4]}-01", Payslip.paid_in <= run.paid_in)
        .where(Payslip.run_id != run.run_id)
        .group_by(Payslip.worker_id, Payslip.organisation_id)
    )
    return {(worker_id, organisation_id): YearSoFar(*totals) for worker_id, organisation_id, *totals in rows}
