"""Work a run out again from its sealed snapshots: `python -m payroll recompute RUN_ID`.

Compares, batch by batch, the bytes of the snapshot with their digest, the snapshot read and written again with its
bytes, the root over the slips, and every slip and line with what stands in the database. Says what differs.

Exits with 0 when all is the same, 1 when something differs, 2 when there is no such run or no database.
"""

import argparse
import asyncio
import hashlib
import sys
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from tqdm import tqdm

from common.actors import service_actor
from common.settings import Settings
from common.transaction import Sessions, reading
from payroll import engine, queries
from payroll.commands.slip_rows import AMOUNTS
from payroll.engine.columns import Batch, Results
from payroll.models import PayrollBatch, Payslip, PayslipLine
from payroll.operating.progress import sessions_of

SAME, DIFFERENT, NOT_DONE = 0, 1, 2
MOST_SAID = 20

Line = tuple[str, int, str | None, int | None]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m payroll recompute", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
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


async def _on_database(settings: Settings, run_id: str) -> int:
    async with sessions_of(settings) as sessions:
        return await recompute_run(sessions, run_id)


async def recompute_run(sessions: Sessions, run_id: str) -> int:
    async with reading(sessions, actor=service_actor("payroll")) as session:
        if await queries.run(session, run_id=run_id) is None:
            sys.stderr.write(f"没有工资核算 (no such run): {run_id}\n")
            return NOT_DONE
        batches = [one.batch_id for one in await queries.batches_of(session, run_id=run_id)]
    found: list[str] = []
    for batch_id in tqdm(batches, unit="批", file=sys.stderr):
        async with reading(sessions, actor=service_actor("payroll")) as session:
            found += await differences(session, batch_id)
    sys.stdout.writelines(f"✗ {one}\n" for one in found[:MOST_SAID])
    if found:
        sys.stdout.write(f"✗ {len(found)} 处不同 (differences)\n")
        return DIFFERENT
    sys.stdout.write(f"✓ {len(batches)} 批全部一致 (batches, all the same)\n")
    return SAME


async def differences(session: AsyncSession, batch_id: str) -> list[str]:
    """What a batch's snapshot gives otherwise than was written; nothing where all is the same."""
    batch = await queries.batch(session, batch_id=batch_id)
    if batch is None or batch.snapshot is None:
        return [f"{batch_id}: 没有快照 (no snapshot)"]
    try:
        content = zlib.decompress(batch.snapshot)
    except zlib.error:
        content = b""
    if hashlib.sha256(content).hexdigest() != batch.inputs:
        return [f"{batch_id}: 快照摘要不符 (the digest of the snapshot)"]
    columns, results = queries.recompute(batch.snapshot)
    slips = await _slips(session, batch_id)
    return [
        *_of_bytes(batch, content, columns, results),
        *_of_slips(batch, columns, results, slips, await _lines(session, batch_id)),
    ]


def _of_bytes(batch: PayrollBatch, content: bytes, columns: Batch, results: Results) -> Iterator[str]:
    if engine.snapshot.write(columns) != content:
        yield f"{batch.batch_id}: 快照重写后字节不同 (the bytes of the snapshot written again)"
    if results.root != batch.root:
        yield f"{batch.batch_id}: 根不同 (the root): {results.root}, {batch.root}"


def _of_slips(
    batch: PayrollBatch, columns: Batch, results: Results, slips: dict[int, Payslip], lines: dict[int, list[Line]]
) -> Iterator[str]:
    paid = results.paid.nonzero()[0].tolist()
    if len(paid) != len(slips):
        yield f"{batch.batch_id}: {len(paid)} 张工资条，库中 {len(slips)} 张 (payslips)"
        return
    ours = _by_slip(results)
    for leaf, place in enumerate(paid):
        slip = slips[leaf]
        figures = {name: int(results.columns[name][place]) for name in AMOUNTS}
        wrong = [
            f"{name} {value}≠{getattr(slip, name)}" for name, value in figures.items() if value != getattr(slip, name)
        ]
        if slip.worker_id != columns.inputs.worker_ids[place]:
            wrong.append(f"worker {columns.inputs.worker_ids[place]}")
        if ours.get(place, []) != lines.get(slip.slip_no, []):
            wrong.append("lines")
        if wrong:
            yield f"{slip.payslip_id}: {', '.join(wrong)}"


def _by_slip(results: Results) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    columns: list[Any] = [results.line_slip, results.line_code, results.line_amount, results.line_period]
    for slip, code, amount, period, change in zip(
        *(column.tolist() for column in columns), results.line_change.tolist(), strict=True
    ):
        line = (results.layout[code].code, amount, results.periods[period] if period >= 0 else None)
        found.setdefault(slip, []).append((*line, change if change >= 0 else None))
    return found


async def _slips(session: AsyncSession, batch_id: str) -> dict[int, Payslip]:
    rows = await session.scalars(select(Payslip).where(Payslip.batch_id == batch_id))
    return {row.leaf: row for row in rows}


async def _lines(session: AsyncSession, batch_id: str) -> dict[int, list[Line]]:
    rows = await session.execute(
        select(PayslipLine.slip_no, PayslipLine.code, PayslipLine.amount, PayslipLine.period, PayslipLine.change_id)
        .join(Payslip, Payslip.slip_no == PayslipLine.slip_no)
        .where(Payslip.batch_id == batch_id)
        .order_by(PayslipLine.slip_no, PayslipLine.ordinal)
    )
    found: dict[int, list[Line]] = {}
    for slip_no, code, amount, period, change_id in rows:
        found.setdefault(slip_no, []).append((code, amount, period, change_id))
    return found
