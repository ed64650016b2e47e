"""Wakes whoever waits for the views to change: one listening connection for the whole process."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

log = structlog.get_logger()

_STILL_THERE = 5.0


class Pulse:
    """Take the `mark` first, then look at the database, then wait `after` the mark: no beat is lost in between."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._beat = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def mark(self) -> asyncio.Event:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        return self._beat

    async def after(self, mark: asyncio.Event, *, at_most: float) -> bool:
        """True where something was committed after the mark, False where time ran out."""
        with suppress(TimeoutError):
            await asyncio.wait_for(mark.wait(), at_most)
            return True
        return False

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _wake(self, *_: Any) -> None:
        passed, self._beat = self._beat, asyncio.Event()
        passed.set()

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear_beats()
            except Exception as error:
                # Those who wait look for themselves when their time is up; nothing is lost, only later.
                log.warning("pulse_interrupted", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _hear_beats(self) -> None:
        async with self._engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            raw = await connection.get_raw_connection()
            driver: asyncpg.Connection[Any] = raw.driver_connection
            await driver.add_listener("change", self._wake)
            self._wake()  # what was committed before we listened
            try:
                while True:
                    await asyncio.sleep(_STILL_THERE)
                    await connection.execute(text("SELECT 1"))
            finally:
                if not driver.is_closed():
                    await asyncio.shield(driver.remove_listener("change", self._wake))
