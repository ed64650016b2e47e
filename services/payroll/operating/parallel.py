"""Hold a run against the county's old payroll spreadsheet: `python -m payroll parallel FILE --run RUN_ID`.

FILE is an xlsx sheet; `--columns MAP.yaml` says which heading is which line, by default the headings of our own payroll
sheet. Every difference is printed with both figures and the reason that gives the old figure to the fen, or as
unexplained.

Exits with 0 when nothing differs or every difference is explained, 1 when one is not, or somebody stands on one side
only without having been set aside, 2 when the file cannot be read, there is no such run, or no database.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from common.actors import service_actor
from common.fields import Sealer
from common.keys import load_keys
from common.money import in_yuan
from common.settings import Settings
from common.transaction import reading
from payroll import engine, queries
from payroll.engine.columns import Batch, Results
from payroll.models import Payee, PayrollBatch, Payslip, SetAside
from payroll.operating.explaining import Difference, differences
from payroll.operating.old_sheet import Key, OldRow, SheetFault, SheetMap, read_map, read_old_sheet
from payroll.operating.progress import sessions_of

AGREED, DISAGREED, NOT_DONE = 0, 1, 2

_OWN_HEADINGS = {"应发合计": "gross", "实发合计": "net", "单位缴纳合计": "employer_contributions"}


@dataclass
class Report:
    """What came of it. `only_theirs`: by row, why we have no slip, or None; `only_ours`: worker ids."""

    people: int = 0
    differences: list[Difference] = field(default_factory=list)
    only_theirs: dict[int, str | None] = field(default_factory=dict)
    only_ours: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        alone = sum(reason is None for reason in self.only_theirs.values()) + len(self.only_ours)
        return alone + sum(not one.explained for one in self.differences)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m payroll parallel", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="旧工资表 the old sheet (xlsx)")
    parser.add_argument("--run", required=True, help="工资核算编号 the run")
    parser.add_argument("--columns", type=Path, help="列对照表 which heading is which line (YAML)")
    given = parser.parse_args(arguments)
    settings = Settings()
    if not settings.database_url:
        return _cannot("缺少环境变量 DATABASE_URL：请在薪酬服务的环境中运行 (run it where payroll runs)")
    try:
        known = read_map(given.columns.read_text("utf-8")) if given.columns else None
        report = asyncio.run(_on_database(settings, given.run, given.file.read_bytes(), known))
    except SheetFault as fault:
        return _cannot(*fault.faults)
    except (OSError, DBAPIError, ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        return _cannot(str(error))
    if report is None:
        return _cannot(f"没有工资核算 (no such run): {given.run}")
    sys.stdout.writelines(f"{line}\n" for line in told(report))
    return DISAGREED if report.unexplained else AGREED


async def _on_database(settings: Settings, run_id: str, content: bytes, known: SheetMap | None) -> Report | None:
    sealer = Sealer(load_keys(settings.keys_path)) if known and known.key is Key.IDENTITY else None
    async with sessions_of(settings) as sessions, reading(sessions, actor=service_actor("payroll")) as session:
        return await compare(session, run_id, content, known, sealer=sealer)


async def compare(
    session: AsyncSession, run_id: str, content: bytes, known: SheetMap | None, *, sealer: Sealer | None = None
) -> Report | None:
    """None where there is no such run."""
    if await queries.run(session, run_id=run_id) is None:
        return None
    batches = await queries.batches_of(session, run_id=run_id)
    known = known or own_map([line for one in batches for line in one.layout])
    rows = {row.key: row for row in read_old_sheet(content, known)}
    of_worker = await _by_worker(session, run_id, rows, known, sealer=sealer)
    report = Report()
    for one in batches:
        snapshot = await session.scalar(select(PayrollBatch.snapshot).where(PayrollBatch.batch_id == one.batch_id))
        if snapshot is not None:
            batch, results = await asyncio.to_thread(queries.recompute, snapshot)
            _compare_batch(report, batch, results, of_worker, known)
    await _find_alone(session, report, run_id, rows, of_worker)
    return report


def own_map(lines: Sequence[Mapping[str, Any]]) -> SheetMap:
    """The headings of the payroll sheet that this platform writes."""
    columns: dict[str, str | tuple[str, ...]] = {
        str(line["label_zh"]): str(line["code"])
        for line in lines
        if line["kind"] in ("earning", "deduction", "employer")
    }
    return SheetMap(key=Key.WORKER_ID, key_heading="人员编号", columns=columns | _OWN_HEADINGS, sheet="工资表")


def _compare_batch(
    report: Report, batch: Batch, results: Results, of_worker: Mapping[str, OldRow], known: SheetMap
) -> None:
    paid = results.paid.nonzero()[0].tolist()
    ids = batch.inputs.worker_ids
    rows = {place: of_worker[ids[place]] for place in paid if ids[place] in of_worker}
    report.only_ours += [ids[place] for place in paid if ids[place] not in of_worker]
    report.people += len(rows)
    for one in differences(batch, results, rows, known):
        report.differences.append(replace(one, formula=_formula(batch, results, ids.index(one.worker_id), one)))


def _formula(batch: Batch, results: Results, place: int, difference: Difference) -> str:
    lines = engine.explain.explain(batch, results, place)
    return "；".join(line.words_zh for line in lines if line.code in difference.codes)


async def _by_worker(
    session: AsyncSession, run_id: str, rows: Mapping[str, OldRow], known: SheetMap, *, sealer: Sealer | None
) -> dict[str, OldRow]:
    """The rows of people this run has heard of, by worker. Raises SheetFault where a name is that of several."""
    of_run = select(Payslip.worker_id).where(Payslip.run_id == run_id)
    aside = select(SetAside.worker_id).where(SetAside.run_id == run_id)
    people = (
        await session.execute(
            select(Payee.worker_id, Payee.name, Payee.identity_sealed)
            .where(Payee.worker_id.in_(of_run.union(aside)))
            .order_by(Payee.worker_id)
        )
    ).all()
    found: dict[str, OldRow] = {}
    named = Counter("".join((name or "").split()) for _, name, _ in people)
    faults = []
    for worker_id, name, sealed in people:
        key = worker_id
        if known.key is Key.NAME:
            key = "".join((name or "").split())
        elif known.key is Key.IDENTITY and sealer is not None and sealed is not None:
            key = sealer.open(sealed, place=f"person|identity_number|{worker_id}")
        if key not in rows:
            continue
        if known.key is Key.NAME and named[key] > 1:
            faults.append(f"第 {rows[key].number} 行：本次核算中有同名人员，请改用编号 (several people of that name)")
        found[worker_id] = rows[key]
    if faults:
        raise SheetFault(*sorted(set(faults)))
    return found


async def _find_alone(
    session: AsyncSession, report: Report, run_id: str, rows: Mapping[str, OldRow], of_worker: Mapping[str, OldRow]
) -> None:
    """Rows that none of our slips stands against; whoever was set aside is told with the reason."""
    aside = {row.worker_id: row.zh for row in await session.scalars(select(SetAside).where(SetAside.run_id == run_id))}
    paid = set(await session.scalars(select(Payslip.worker_id).where(Payslip.run_id == run_id)))
    known = {row.number for row in of_worker.values()}
    report.only_theirs = {row.number: None for row in rows.values() if row.number not in known}
    report.only_theirs |= {
        row.number: aside.get(worker_id) for worker_id, row in of_worker.items() if worker_id not in paid
    }


def told(report: Report) -> Iterator[str]:
    for one in report.differences:
        mark = "·" if one.explained else "✗"
        more = in_yuan(one.theirs - one.ours)
        yield (
            f"{mark} 第 {one.row} 行 {one.worker_id} {one.heading}：旧表 {in_yuan(one.theirs)}，"
            f"本平台 {in_yuan(one.ours)}，差 {more}。{one.zh}"
        )
        if one.formula:
            yield f"    本平台：{one.formula}"
    for row, reason in sorted(report.only_theirs.items()):
        yield f"{'·' if reason else '✗'} 第 {row} 行：本次核算没有此人的工资条。{reason or '未能解释'}"
    for worker_id in report.only_ours:
        yield f"✗ {worker_id}：旧表没有此人 (not in the old sheet)"
    reasons = Counter(one.reason for one in report.differences)
    counted = "，".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
    agreed = "✗" if report.unexplained else "✓"
    yield (
        f"{agreed} 比对 {report.people} 人，{len(report.differences)} 处不同（{counted or '无'}），"
        f"未能解释 {report.unexplained} 处 (people, differences, unexplained)"
    )


def _cannot(*words: str) -> int:
    sys.stderr.writelines(f"{line}\n" for line in words)
    return NOT_DONE
