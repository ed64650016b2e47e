"""Rows as they are: standards and grades."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payroll.models import GradeStep, PayStandard


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


async def grade_on(session: AsyncSession, *, worker_id: str, on: date) -> int:
    steps = await session.scalar(
        select(func.count()).select_from(GradeStep).where(GradeStep.worker_id == worker_id, GradeStep.starts_on <= on)
    )
    return 1 + (steps or 0)
