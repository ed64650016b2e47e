"""What a proposal has to know of real runs."""

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from payroll.models import PayrollRun


async def run_over(session: AsyncSession, like: PayrollRun, *, area: str) -> str | None:
    """The real run of that month in the area: its own slips must not count as paid before it."""
    query = select(PayrollRun.run_id).where(
        PayrollRun.staff == like.staff, PayrollRun.month == like.month, PayrollRun.cycle == like.cycle
    )
    return await session.scalar(query.where(literal(area).startswith(PayrollRun.area)).limit(1))
