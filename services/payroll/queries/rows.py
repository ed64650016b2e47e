"""Rows as they are: standards and grades."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payroll.models import GradeStep, PayStandard, StandardStatus


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


async def standard_before(session: AsyncSession, of: PayStandard) -> PayStandard | None:
    """The one that held for the same post on the day before: approved, of the nearest area, there the latest."""
    above = [of.area[:digits] for digits in range(len(of.area) + 1)]
    query = (
        select(PayStandard)
        .where(PayStandard.area.in_(above), PayStandard.staff == of.staff, PayStandard.post_class == of.post_class)
        .where(PayStandard.grade == of.grade, PayStandard.starts_on < of.starts_on)
        .where(PayStandard.status == StandardStatus.APPROVED)
        .order_by(func.length(PayStandard.area).desc(), PayStandard.starts_on.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def grade_on(session: AsyncSession, *, worker_id: str, on: date) -> int:
    steps = await session.scalar(
        select(func.count()).select_from(GradeStep).where(GradeStep.worker_id == worker_id, GradeStep.starts_on <= on)
    )
    return 1 + (steps or 0)
