"""An approved batch: its slips issued, its snapshot sealed by a decision, its dues written, its changes settled."""

import asyncio
from collections.abc import Sequence

import numpy as np
from sqlalchemy import BigInteger, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from common.events.payroll import BatchApproved, PayslipIssued
from common.transaction import Transaction
from payroll import queries, rules
from payroll.commands.changes import note_change
from payroll.commands.contributions import write_dues
from payroll.commands.first_pay import keep_first_pay
from payroll.commands.issuing import issued_bodies
from payroll.engine.columns import Batch, Results
from payroll.models import Change, PayrollBatch, PayrollRun, SetAside
from payroll.rules.cycles import first_day


class SnapshotDisagrees(Exception):
    """The sealed inputs give other slips than were written; nothing is issued."""


async def issue_slips(tx: Transaction, event: BatchApproved) -> None:
    """Everything is worked out once more from the snapshot, so that what is sealed is what can be recomputed."""
    batch = await queries.batch(tx.session, batch_id=event.batch_id, lock=True)
    if batch is None or batch.issued_at is not None or batch.snapshot is None:
        return
    run = await queries.run(tx.session, run_id=batch.run_id)
    if run is None or run.approved_at is None:
        return
    columns, results = await asyncio.to_thread(queries.recompute, batch.snapshot)
    if (results.root, int(results.paid.sum())) != (batch.root, batch.workers):
        raise SnapshotDisagrees(f"{batch.batch_id}: root {results.root}, written was {batch.root}")

    await _seal(tx, run, batch, columns, results)
    areas = await queries.areas_of_slips(tx.session, batch_id=batch.batch_id)
    tx.emit_ready(PayslipIssued, *await asyncio.to_thread(issued_bodies, run, columns, results, areas))
    await _settle(tx, run, batch, columns)
    await keep_first_pay(tx, run, batch, results, _places(columns, results, areas))
    await write_dues(tx, batch.batch_id, streets=_streets_then(columns, results))
    batch.issued_at = tx.now


async def _seal(tx: Transaction, run: PayrollRun, batch: PayrollBatch, columns: Batch, results: Results) -> None:
    """The decision of the whole batch: that these slips, by their digests, follow from these inputs and terms."""
    decision = await tx.decide_where_ruled(
        rules.seal_batch,
        about=batch,
        on=first_day(run.month),
        run_id=run.run_id,
        batch_id=batch.batch_id,
        engine=batch.engine,
        inputs=batch.inputs,
        terms_digests=queries.terms_by_rule(columns, tx.policies.digests),
        root=results.root,
        slips=len(results.leaves),
    )
    if decision is not None:
        tx.record(decision, subject=run.run_id)
        batch.decision_id = decision.decision_id


async def _settle(tx: Transaction, run: PayrollRun, batch: PayrollBatch, columns: Batch) -> None:
    """What was considered is done with, but for those set aside, and for what was paid already for later months."""
    aside = list(await tx.session.scalars(select(SetAside).where(SetAside.batch_id == batch.batch_id)))
    people = {one.worker_id for one in aside}
    await tx.session.execute(
        update(Change)
        .where(Change.change_id == any_(literal(batch.considered, ARRAY(BigInteger))))
        .where(Change.worker_id.is_not(None), Change.settled_by.is_(None), Change.worker_id.not_in(people))
        .values(settled_by=run.run_id)
    )
    first = _first_months(columns, people)
    for worker_id, area in sorted({(one.worker_id, one.area) for one in aside}):
        await note_change(
            tx,
            area=area,
            worker_id=worker_id,
            staff=run.staff,
            from_month=min(run.month, first.get(worker_id, run.month)),
            cause="set_aside",
            reference=run.run_id,
        )
    later = await queries.first_sealed_after(tx.session, run) if batch.considered else None
    if later is not None:
        await note_change(
            tx,
            area=batch.area,
            worker_id=None,
            staff=run.staff,
            from_month=later,
            cause="earlier_run",
            reference=run.run_id,
        )


def _places(columns: Batch, results: Results, areas: Sequence[str]) -> dict[tuple[str, str], str]:
    """By worker and employer, where each paid slip is; `areas` are those of the paid slips."""
    workers, employers = columns.inputs.worker_ids, columns.inputs.organisation_ids
    paid = np.flatnonzero(results.paid).tolist()
    return {(workers[slip], employers[slip]): area for slip, area in zip(paid, areas, strict=True)}


def _streets_then(columns: Batch, results: Results) -> dict[tuple[str, str], str]:
    """By employer and month the street that it paid in, of those that somebody has come from since."""
    wanted, found = set(results.employers), {}
    for past in sorted(columns.past, key=lambda one: one.inputs.area, reverse=True):
        for employer in wanted.intersection(past.inputs.organisation_ids):
            found[employer, past.inputs.month] = past.inputs.area
    return found


def _first_months(columns: Batch, people: set[str]) -> dict[str, str]:
    """By worker the first month that was worked out again here; what it came to was not paid to those set aside."""
    first: dict[str, str] = {}
    for past in columns.past:
        for worker_id in people.intersection(past.inputs.worker_ids):
            first[worker_id] = min(past.inputs.month, first.get(worker_id, past.inputs.month))
    return first
