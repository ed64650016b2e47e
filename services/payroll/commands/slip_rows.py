"""The rows of a batch, written as columns in one statement for each table, and compared with their totals.

COPY cannot write to tables under row-level security; arrays that the database unfolds come near to it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.transaction import Transaction
from payroll.engine.columns import Inputs, Int, Results
from payroll.models import PayrollBatch, PayrollRun
from payroll.queries.raw import fetch

AMOUNTS = (
    "gross",
    "contributions",
    "employer_contributions",
    "tax",
    "net",
    "income",
    "exempt",
    "special",
    "additional",
    "other",
    "relief",
    "bonus",
    "bonus_tax",
)
_PLACES = ", ".join(f"${number}::bigint[]" for number in range(12, 12 + len(AMOUNTS)))
_SLIPS = f"""
INSERT INTO payslip (run_id, batch_id, staff, month, cycle, paid_in,
                     payslip_id, leaf, worker_id, organisation_id, area, {", ".join(AMOUNTS)})
SELECT $1, $2, $3, $4, $5, $6, given.*
FROM unnest($7::text[], $8::int[], $9::text[], $10::text[], $11::text[], {_PLACES}) AS given
ON CONFLICT (worker_id, organisation_id, month, cycle) DO NOTHING
RETURNING leaf, slip_no
"""  # noqa: S608  # names of columns, nothing from outside
_LINES = """
INSERT INTO payslip_line (slip_no, ordinal, code, amount, period, change_id, area)
SELECT given.slip_no, given.ordinal, ($6::text[])[given.code], given.amount, ($7::text[])[given.period],
       nullif(given.change_id, -1), ($8::text[])[given.area]
FROM unnest($1::bigint[], $2::smallint[], $3::int[], $4::bigint[], $5::int[], $9::bigint[], $10::int[])
     AS given (slip_no, ordinal, code, amount, period, change_id, area)
"""
_SET_ASIDE = """
INSERT INTO set_aside (run_id, batch_id, worker_id, organisation_id, area, period, code, zh, en, clause)
SELECT $1, $2, given.*
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) AS given
"""


class PaidMeanwhile(Exception):
    """Another run took somebody's month while this batch was worked out; working it out again sees it."""


class TotalsDisagree(Exception):
    """Rows and totals do not add up to the same. Nothing of the batch is kept."""


def payslip_id_of(run_id: str, worker_id: str, organisation_id: str) -> str:
    """The same for the same worker of the same run, however often it is calculated."""
    return f"payslip-{hashlib.sha256(f'{run_id}|{worker_id}|{organisation_id}'.encode()).hexdigest()[:27]}"


async def write_slips(
    tx: Transaction,
    *,
    run: PayrollRun,
    batch: PayrollBatch,
    results: Results,
    inputs: Inputs,
    areas: Sequence[str],
) -> None:
    """The slips that are paid, and their lines."""
    paid = np.flatnonzero(results.paid).tolist()
    if not paid:
        return
    payees = [(inputs.worker_ids[slip], inputs.organisation_ids[slip]) for slip in paid]
    written = await fetch(
        tx.session,
        _SLIPS,
        *(run.run_id, batch.batch_id, run.staff, run.month, run.cycle, run.paid_in),
        [payslip_id_of(run.run_id, *payee) for payee in payees],
        list(range(len(paid))),
        [worker_id for worker_id, _ in payees],
        [organisation_id for _, organisation_id in payees],
        [areas[slip] for slip in paid],
        *(results.columns[name][paid].tolist() for name in AMOUNTS),
    )
    if len(written) != len(paid):
        raise PaidMeanwhile(f"{len(paid) - len(written)} people of {batch.area}")
    numbers = np.zeros(len(results.paid), dtype=np.int64)
    numbers[[paid[leaf] for leaf, _ in written]] = [slip_no for _, slip_no in written]
    await _write_lines(tx, results, numbers, areas)


async def _write_lines(tx: Transaction, results: Results, numbers: Int, areas: Sequence[str]) -> None:
    slips = results.line_slip
    ordinals = np.arange(len(slips)) - np.searchsorted(slips, slips)
    places = {area: number for number, area in enumerate(dict.fromkeys(areas), 1)}
    place_of = np.array([places[area] for area in areas], dtype=np.int64)
    await fetch(
        tx.session,
        _LINES,
        numbers[slips].tolist(),
        ordinals.tolist(),
        (results.line_code + 1).tolist(),  # the database counts from one, and gives null for nought
        results.line_amount.tolist(),
        (results.line_period + 1).tolist(),
        [line.code for line in results.layout],
        list(results.periods),
        list(places),
        results.line_change.tolist(),
        place_of[slips].tolist(),
    )


async def write_set_aside(
    tx: Transaction, *, run: PayrollRun, batch: PayrollBatch, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    columns = ("worker_id", "organisation_id", "area", "period", "code", "zh", "en", "clause")
    arrays = [[row[name] if name not in ("zh", "en") else row[name][:1000] for row in rows] for name in columns]
    await fetch(tx.session, _SET_ASIDE, run.run_id, batch.batch_id, *arrays)


# ── totals against rows, by the database ─────────────────────────────────────────────────────────────────────────────

_BATCH = """
WITH kinds AS (
    SELECT said->>'code' AS code, said->>'kind' AS kind
    FROM payroll_batch, jsonb_array_elements(layout) AS said WHERE batch_id = $1
), slips AS (
    SELECT s.gross, s.contributions, s.employer_contributions, s.tax, s.net,
           coalesce(sum(l.amount) FILTER (WHERE k.kind = 'earning'), 0) AS earned,
           coalesce(sum(l.amount) FILTER (WHERE k.kind = 'deduction'), 0) AS deducted,
           coalesce(sum(l.amount) FILTER (WHERE k.kind = 'employer'), 0) AS employer
    FROM payslip s LEFT JOIN payslip_line l USING (slip_no) LEFT JOIN kinds k USING (code)
    WHERE s.batch_id = $1 GROUP BY s.slip_no
)
SELECT count(*) AS slips,
       coalesce(sum(gross), 0) AS gross_total,
       coalesce(sum(contributions), 0) AS contributions_total,
       coalesce(sum(employer_contributions), 0) AS employer_total,
       coalesce(sum(tax), 0) AS tax_total,
       coalesce(sum(net), 0) AS net_total,
       count(*) FILTER (
           WHERE gross <> earned OR net <> earned - deducted OR employer_contributions <> employer
       ) AS wrong
FROM slips
"""
_RUN = """
SELECT (SELECT count(*) FROM payslip WHERE run_id = $1) AS slips,
       sum(workers) AS workers, sum(set_aside) AS set_aside,
       sum((totals->>'gross_total')::bigint) AS gross_total,
       sum((totals->>'contributions_total')::bigint) AS contributions_total,
       sum((totals->>'employer_total')::bigint) AS employer_total,
       sum((totals->>'tax_total')::bigint) AS tax_total,
       sum((totals->>'net_total')::bigint) AS net_total
FROM payroll_batch WHERE run_id = $1
"""


async def reconcile_batch(tx: Transaction, batch: PayrollBatch) -> None:
    """Every slip is the sum of its lines, and the batch that of its slips; else TotalsDisagree."""
    [row] = await fetch(tx.session, _BATCH, batch.batch_id)
    found = dict(row)
    if found["wrong"] or found["slips"] != batch.workers:
        raise TotalsDisagree(f"{batch.batch_id}: {found['wrong']} slips are not the sum of their lines")
    _compare(found, batch.totals, what=batch.batch_id)


async def reconcile_run(tx: Transaction, run: PayrollRun) -> None:
    """The run is the sum of its batches, and has as many slips as they have; else TotalsDisagree."""
    [row] = await fetch(tx.session, _RUN, run.run_id)
    stated = {name: getattr(run, name) for name in dict(row) if name != "slips"}
    _compare(dict(row), stated | {"slips": run.workers}, what=run.run_id)


def _compare(found: Mapping[str, int], stated: dict[str, int], *, what: str) -> None:
    wrong = [f"{name} {found[name]}, not {total}" for name, total in stated.items() if found[name] != total]
    if wrong:
        raise TotalsDisagree(f"{what}: {'; '.join(wrong)}")
