"""Rows as the database driver gives them, in the session's own transaction and with its eyes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession


async def fetch(session: AsyncSession, statement: str, *arguments: Any) -> Sequence[Any]:
    """For thousands of rows at a time, where objects of the ORM would cost more than all the rest."""
    await session.flush()
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    rows: Sequence[Any] = await driver.fetch(statement, *arguments)
    return rows
