"""Watch a run being calculated: `python -m payroll progress RUN_ID`.

Exits with 0 when it is calculated, 1 when it is not (stopped with Ctrl-C, or every street that still waits has failed:
they are listed), 2 when there is no such run or no database.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from tqdm import tqdm

from common.actors import service_actor
from common.settings import Settings
from common.transaction import Sessions, open_engine, open_sessions, reading
from payroll import queries
from payroll.models import PayrollRun, RunStatus

FINE, NOT_YET, NOT_DONE = 0, 1, 2
LOOKS_EVERY_S = 0.5


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m payroll progress", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run_id", help="工资核算编号 the run")
    given = parser.parse_args(arguments)
    settings = Settings()
    if not settings.database_url:
        sys.stderr.write("缺少环境变量 DATABASE_URL：请在薪酬服务的环境中运行 (run it where payroll runs)\n")
        return NOT_DONE
    try:
        return asyncio.run(_on_database(settings, given.run_id))
    except (DBAPIError, OSError) as error:
        sys.stderr.write(f"数据库没有应答 (the database does not answer): {error}\n")
        return NOT_DONE
    except KeyboardInterrupt:
        return asyncio.run(_list_waiting(settings, given.run_id))


@asynccontextmanager
async def sessions_of(settings: Settings) -> AsyncIterator[Sessions]:
    engine = open_engine(settings.database_url, pool_size=1)
    try:
        yield open_sessions(engine)
    finally:
        await engine.dispose()


async def _on_database(settings: Settings, run_id: str) -> int:
    async with sessions_of(settings) as sessions:
        return await watch(sessions, run_id)


async def watch(sessions: Sessions, run_id: str, *, every_s: float = LOOKS_EVERY_S) -> int:
    """A bar in batches until the run is calculated."""
    run = await _look(sessions, run_id)
    if run is None:
        sys.stderr.write(f"没有工资核算 (no such run): {run_id}\n")
        return NOT_DONE
    with tqdm(total=run.batches, unit="批", desc=f"{run.area} {run.month}", file=sys.stderr) as bar:
        while run is not None:
            bar.total = run.batches
            bar.n = run.batches_done
            bar.set_postfix({"人": run.workers, "另列": run.set_aside}, refresh=False)
            bar.refresh()
            if run.status not in (RunStatus.OPEN, RunStatus.CALCULATING):
                break
            if await _is_stuck(sessions, run):
                break
            await asyncio.sleep(every_s)
            run = await _look(sessions, run_id)
    if run is None:
        return NOT_DONE
    if run.status in (RunStatus.OPEN, RunStatus.CALCULATING):
        async with reading(sessions, actor=service_actor("payroll")) as session:
            await _say_waiting(session, run_id)
        return NOT_YET
    sys.stdout.write(
        f"{run.run_id}: {run.status}, {run.workers} 人 (people), {run.set_aside} 人另列 (set aside), "
        f"{run.batches_done}/{run.batches} 批 (batches)\n"
    )
    return FINE


async def _look(sessions: Sessions, run_id: str) -> PayrollRun | None:
    async with reading(sessions, actor=service_actor("payroll")) as session:
        return await queries.run(session, run_id=run_id)


async def _is_stuck(sessions: Sessions, run: PayrollRun) -> bool:
    """Whether nothing more will come by itself: every street that still waits was put aside for an operator."""
    async with reading(sessions, actor=service_actor("payroll")) as session:
        waiting = await queries.waiting_batches(session, run)
    return bool(waiting) and all(batch.is_stuck for batch in waiting)


async def _list_waiting(settings: Settings, run_id: str) -> int:
    async with sessions_of(settings) as sessions, reading(sessions, actor=service_actor("payroll")) as session:
        await _say_waiting(session, run_id)
    return NOT_YET


async def _say_waiting(session: AsyncSession, run_id: str) -> None:
    run = await queries.run(session, run_id=run_id)
    for batch in await queries.waiting_batches(session, run) if run else ():
        why = f"：{batch.zh} ({batch.en})" if batch.is_stuck else ""
        sys.stdout.write(f"待核算 (waiting): {batch.area} {batch.queued_at:%Y-%m-%d %H:%M}{why}\n")
