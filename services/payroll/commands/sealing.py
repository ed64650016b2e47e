"""An approved batch: its slips issued, its snapshot sealed by a decision, its dues written, its changes settled."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from common.events.payroll import BatchApproved, PayslipIssued
from common.money import in_yuan
from common.transaction import Transaction
from payroll import queries, rules
from payroll.commands.changes import note_change
from payroll.commands.contributions import write_dues
from payroll.commands.slip_rows import payslip_id_of
from payroll.engine.columns import Batch, Results
from payroll.models import Change, PayrollBatch, PayrollRun, SetAside


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
    for slip, lines in _lines_by_slip(results).items():
        tx.emit(_issued(run, columns, results, slip=slip, lines=lines, areas=areas))
    await _settle(tx, run, batch)
    await write_dues(tx, batch.batch_id)
    batch.issued_at = tx.now


async def _seal(tx: Transaction, run: PayrollRun, batch: PayrollBatch, columns: Batch, results: Results) -> None:
    """The decision of the whole batch: that these slips, by their digests, follow from these inputs and terms."""
    decision = await tx.decide_where_ruled(
        rules.seal_batch,
        about=batch,
        on=date.fromisoformat(f"{run.month}-01"),
        run_id=run.run_id,
        batch_id=batch.batch_id,
        engine=batch.engine,
        inputs=batch.inputs,
        terms_digests=queries.terms_by_rule(columns, tx.policies.digests),
        leaves=[leaf.hex() for leaf in results.leaves],
    )
    if decision is not None:
        tx.record(decision, subject=run.run_id)
        batch.decision_id = decision.decision_id


def _lines_by_slip(results: Results) -> Mapping[int, list[dict[str, Any]]]:
    """The lines of each paid slip as an event shows them, in their order."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for slip, code, amount, period in zip(
        results.line_slip.tolist(),
        results.line_code.tolist(),
        results.line_amount.tolist(),
        results.line_period.tolist(),
        strict=True,
    ):
        line = results.layout[code]
        said = {"code": line.code, "kind": line.kind, "label": line.label_zh, "amount": str(in_yuan(amount))}
        found[slip].append(said | ({"period": results.periods[period]} if period >= 0 else {}))
    return {slip: found[slip] for slip in results.paid.nonzero()[0].tolist()}


def _issued(
    run: PayrollRun, batch: Batch, results: Results, *, slip: int, lines: list[dict[str, Any]], areas: Mapping[str, str]
) -> PayslipIssued:
    worker_id, organisation_id = batch.inputs.worker_ids[slip], batch.inputs.organisation_ids[slip]
    payslip_id = payslip_id_of(run.run_id, worker_id, organisation_id)
    amounts = {name: in_yuan(int(results.columns[name][slip])) for name in ("gross", "contributions", "tax", "net")}
    return PayslipIssued(
        payslip_id=payslip_id,
        run_id=run.run_id,
        worker_id=worker_id,
        organisation_id=organisation_id,
        area=areas[payslip_id],
        staff=run.staff,
        month=run.month,
        cycle=run.cycle,
        lines=lines,
        **amounts,
    )


async def _settle(tx: Transaction, run: PayrollRun, batch: PayrollBatch) -> None:
    """What was considered is done with, but for those set aside: the next run looks at their month again."""
    aside = list(await tx.session.scalars(select(SetAside).where(SetAside.batch_id == batch.batch_id)))
    people = {one.worker_id for one in aside}
    await tx.session.execute(
        update(Change)
        .where(Change.change_id == any_(literal(batch.considered, ARRAY(BigInteger))))
        .where(Change.worker_id.is_not(None), Change.settled_by.is_(None), Change.worker_id.not_in(people))
        .values(settled_by=run.run_id)
    )
    for worker_id, area in sorted({(one.worker_id, one.area) for one in aside}):
        await note_change(
            tx,
            area=area,
            worker_id=worker_id,
            staff=run.staff,
            from_month=run.month,
            cause="set_aside",
            reference=run.run_id,
        )
