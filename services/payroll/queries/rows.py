"""Rows as they are: standards, runs, slips."""

from datetime import date

from sqlalchemy import func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from payroll.models import GradeStep, Payee, PayrollRun, Payslip, PayStandard, PoolScore, RunEntry, RunStatus


async def standard(session: AsyncSession, *, standard_id: str) -> PayStandard | None:
    return await session.scalar(select(PayStandard).where(PayStandard.standard_id == standard_id))


async def rivals(session: AsyncSession, of: PayStandard) -> list[PayStandard]:
    """All standards for the same post and day, locked in one order so that two approvals take turns."""
    query = (
        select(PayStandard)
        .where(PayStandard.area == of.area, PayStandard.staff == of.staff, PayStandard.post_class == of.post_class)
        .where(PayStandard.grade == of.grade, PayStandard.starts_on == of.starts_on)
        .order_by(PayStandard.standard_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(query))


async def run(session: AsyncSession, *, run_id: str, lock: bool = False) -> PayrollRun | None:
    query = select(PayrollRun).where(PayrollRun.run_id == run_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def run_for(session: AsyncSession, *, area: str, staff: str, month: str) -> PayrollRun | None:
    return await session.scalar(
        select(PayrollRun).where(PayrollRun.area == area, PayrollRun.staff == staff, PayrollRun.month == month)
    )


async def slips_of(session: AsyncSession, *, run_id: str) -> list[Payslip]:
    return list(await session.scalars(select(Payslip).where(Payslip.run_id == run_id).order_by(Payslip.worker_id)))


async def parties_to(session: AsyncSession, *, run_id: str) -> set[str]:
    """The accounts of those who entered something in a run, or are themselves paid by it."""
    entered = select(RunEntry.entered_by).where(RunEntry.run_id == run_id)
    scored = select(PoolScore.scored_by).where(PoolScore.run_id == run_id)
    paid = (
        select(Payee.account)
        .join(Payslip, Payslip.worker_id == Payee.worker_id)
        .where(Payslip.run_id == run_id, Payee.account.is_not(None))
    )
    return set(await session.scalars(union(entered, scored, paid)))


async def payslip(session: AsyncSession, *, payslip_id: str) -> Payslip | None:
    return await session.get(Payslip, payslip_id)


async def own_payslip(session: AsyncSession, *, payslip_id: str, account: str) -> Payslip | None:
    """The slip if it is approved and its worker signs in with `account`."""
    return await session.scalar(
        select(Payslip)
        .join(PayrollRun, PayrollRun.run_id == Payslip.run_id)
        .join(Payee, Payee.worker_id == Payslip.worker_id)
        .where(Payslip.payslip_id == payslip_id)
        .where(PayrollRun.status == RunStatus.APPROVED, Payee.account == account)
    )


async def grade_on(session: AsyncSession, *, worker_id: str, on: date) -> int:
    steps = await session.scalar(
        select(func.count()).select_from(GradeStep).where(GradeStep.worker_id == worker_id, GradeStep.starts_on <= on)
    )
    return 1 + (steps or 0)


async def lock_payees(session: AsyncSession, run: PayrollRun) -> None:
    """Hold the workers of a run, so that two runs of the same workers are approved one after the other."""
    lowest, highest = code_range(run.area)
    await session.execute(
        select(Payee.worker_id)
        .where(Payee.area >= lowest, Payee.area < highest, Payee.staff == run.staff)
        .order_by(Payee.worker_id)
        .with_for_update()
    )
