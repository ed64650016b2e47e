"""Reading beyond the area of whoever asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from common.transaction import SCOPE


@asynccontextmanager
async def seeing_all(session: AsyncSession) -> AsyncIterator[None]:
    """The nation's eyes for what the block reads: a run and its batches may lie above the area of its reader, and
    somebody it pays may have moved on. The block writes nothing: PostgreSQL takes the eyes back with the savepoint they
    were given in, and all else with them. What is shown of what was read is the caller's to keep narrow.
    """
    lowest, highest = code_range("")
    sight = await session.begin_nested()
    try:
        await session.execute(SCOPE, {"lowest": lowest, "highest": highest})
        yield
    finally:
        await sight.rollback()
