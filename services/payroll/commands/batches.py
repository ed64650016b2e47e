"""One batch of a run, worked out by whichever process takes it from the bus: all of it in one transaction."""

import asyncio
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from common.errors import NotFound
from common.events.payroll import BatchCalculated, BatchQueued, PoolShared, RunCalculated
from common.money import in_yuan
from common.transaction import Transaction
from payroll import engine, queries
from payroll.commands.checks import check_run
from payroll.commands.issuing import pool_bodies
from payroll.commands.runs import TOTALS
from payroll.commands.slip_rows import reconcile_batch, reconcile_run, write_set_aside, write_slips
from payroll.engine.columns import Batch, Results
from payroll.engine.leaving import leave_out
from payroll.models import PayrollBatch, PayrollRun, RunStatus

FASTEST = 1  # of zlib: a snapshot is written once for every batch and seldom read


async def calculate_batch(tx: Transaction, event: BatchQueued) -> None:
    """Slips, lines, those set aside, snapshot and totals of a street; the last batch of a run finishes the run.

    A second message about a batch that is done, or one about an earlier attempt, changes nothing.
    """
    batch = await queries.batch(tx.session, batch_id=event.batch_id, lock=True)
    if batch is None or batch.attempt != event.attempt or batch.calculated_at is not None:
        return
    run = await queries.run(tx.session, run_id=batch.run_id)
    if run is None or run.status != RunStatus.CALCULATING:
        return
    batch.saw = await queries.snapshot_now(tx.session)
    parameters = await queries.parameters_in_force(tx.session, codes=None, area=batch.area)
    loaded = await queries.load_batch(tx.session, tx.policies, parameters, run, batch)
    kept, paid_already = await _paid_already(tx, run, loaded.batch)
    columns = leave_out(loaded.batch, ~kept) if paid_already else loaded.batch
    areas = [area for area, keep in zip(loaded.areas, kept, strict=True) if keep]
    # Beside the loop, which must go on telling the bus that this process lives.
    results, snapshot = await asyncio.to_thread(_work_out, columns)

    aside = [*_blocked(columns, results, areas), *paid_already]
    written = await write_slips(tx, run=run, batch=batch, results=results, inputs=columns.inputs, areas=areas)
    await write_set_aside(tx, run=run, batch=batch, rows=aside)
    _keep(batch, columns, results, snapshot, documents=tx.policies.digests)
    batch.considered = loaded.considered
    batch.calculated_at = tx.now
    batch.set_aside = len({(row["worker_id"], row["organisation_id"]) for row in aside})
    reconcile_batch(batch, written)
    _say_pools(tx, run, columns, results)
    await _count_in(tx, batch)


def _work_out(batch: Batch) -> tuple[Results, bytes]:
    return engine.work_out(batch), engine.snapshot.write(batch)


async def _paid_already(tx: Transaction, run: PayrollRun, batch: Batch) -> tuple[Any, list[dict[str, Any]]]:
    """Which slips are worked out here, and why the others are set aside: another run has paid their month."""
    payees = list(zip(batch.inputs.worker_ids, batch.inputs.organisation_ids, strict=True))
    found = await queries.elsewhere(tx.session, run=run, payees=payees)
    kept = np.array([payee not in found for payee in payees], dtype=np.bool_)
    rows = [
        {
            "worker_id": worker_id,
            "organisation_id": organisation_id,
            "area": run.area,
            "period": run.month,
            "code": "paid_in_another_run",
            "zh": f"该人员本月工资已列入另一份工资核算（{other}）；请只在一份核算中发放",
            "en": f"this worker's pay for the month stands in another run ({other}); pay it in one run only",
            "clause": None,
        }
        for (worker_id, organisation_id), other in sorted(found.items())
    ]
    return kept, rows


def _blocked(batch: Batch, results: Results, areas: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "worker_id": batch.inputs.worker_ids[one.slip],
            "organisation_id": batch.inputs.organisation_ids[one.slip],
            "area": areas[one.slip],
            "period": one.period,
            "code": one.code,
            "zh": one.zh,
            "en": one.en,
            "clause": one.clause,
        }
        for one in results.found
        if one.blocks
    ]


def _keep(
    batch: PayrollBatch, columns: Batch, results: Results, snapshot: bytes, *, documents: Mapping[str, str]
) -> None:
    """What seals the batch: its inputs byte for byte, the digests, the root over its slips, and its totals."""
    batch.engine = engine.ENGINE
    batch.snapshot = zlib.compress(snapshot, FASTEST)
    batch.inputs = hashlib.sha256(snapshot).hexdigest()
    batch.terms = queries.digest_of_terms(columns.answers, columns.tax_answers, documents)
    batch.root = results.root
    batch.workers = int(results.paid.sum())
    batch.totals = {total: int(results.columns[column].sum()) for column, total in TOTALS.items()}
    batch.totals["tax_total"] += int(results.columns["bonus_tax"].sum())
    batch.layout = [asdict(line) for line in results.layout]
    batch.findings = [
        {
            "worker_id": columns.inputs.worker_ids[one.slip],
            "period": one.period,
            "code": one.code,
            "zh": one.zh,
            "en": one.en,
            "clause": one.clause,
        }
        for one in results.found
        if not one.blocks
    ]


def _say_pools(tx: Transaction, run: PayrollRun, batch: Batch, results: Results) -> None:
    """The pools of the run's own month; an earlier month's, shared again, shows in the lines of its differences."""
    for pool in results.pools:
        if pool.month != run.month:
            continue
        bodies = pool_bodies(run, batch, pool)
        tx.emit_ready(PoolShared, [run.run_id] * len(bodies), bodies)


async def _count_in(tx: Transaction, batch: PayrollBatch) -> None:
    """One batch more of the run is done; after the last one the run is calculated."""
    run = await queries.run(tx.session, run_id=batch.run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {batch.run_id}")
    run.batches_done += 1
    run.workers += batch.workers
    run.set_aside += batch.set_aside
    for total in TOTALS.values():
        setattr(run, total, getattr(run, total) + batch.totals[total])
    tx.emit(
        BatchCalculated(
            run_id=run.run_id,
            batch_id=batch.batch_id,
            area=batch.area,
            done=run.batches_done,
            batches=run.batches,
            workers=batch.workers,
            set_aside=batch.set_aside,
            gross_total=in_yuan(batch.totals["gross_total"]),
        )
    )
    if run.batches_done == run.batches:
        await _finish(tx, run)


async def _finish(tx: Transaction, run: PayrollRun) -> None:
    asked = run.steps[-1]
    run.step(RunStatus.CALCULATED, by=asked["by"], on=date.fromisoformat(asked["on"]))
    await reconcile_run(tx, run)
    run.findings = await check_run(tx, run)
    tx.emit(
        RunCalculated(
            run_id=run.run_id,
            area=run.area,
            month=run.month,
            workers=run.workers,
            set_aside=run.set_aside,
            batches=run.batches,
            findings=await queries.set_aside_by_code(tx.session, run_id=run.run_id),
            gross_total=in_yuan(run.gross_total),
            net_total=in_yuan(run.net_total),
        )
    )
