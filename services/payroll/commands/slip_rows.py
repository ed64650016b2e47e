"""The rows of a batch, written as columns in one statement for each table, and compared with their totals.

COPY cannot write to tables under row-level security; arrays that the database unfolds come near to it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from common.transaction import Transaction
from payroll.commands.runs import TOTALS
from payroll.engine.columns import Inputs, Int, Results
from payroll.engine.layout import DEDUCTION, EARNING, PAID_BY_EMPLOYER
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
SUMMED = (EARNING, DEDUCTION, PAID_BY_EMPLOYER)
_PLACES = ", ".join(f"${number}::text::bigint[]" for number in range(14, 14 + len(AMOUNTS)))
_SLIPS = f"""
INSERT INTO payslip (run_id, batch_id, staff, month, cycle, paid_in,
                     payslip_id, leaf, worker_id, organisation_id, area, {", ".join(AMOUNTS)})
SELECT $1, $2, $3, $4, $5, $6, given.payslip_id, given.leaf - 1, given.worker_id, ($9::text[])[given.organisation],
       ($10::text[])[given.area], {", ".join(f"given.{name}" for name in AMOUNTS)}
FROM unnest($7::text[], $8::text[], $11::text::int[], $12::text::int[], $13::text::int[], {_PLACES})
     AS given (payslip_id, worker_id, leaf, organisation, area, {", ".join(AMOUNTS)})
ON CONFLICT (worker_id, organisation_id, month, cycle) DO NOTHING
RETURNING leaf, slip_no
"""  # noqa: S608  # names of columns, nothing from outside
_LINES = """
WITH written AS (
    INSERT INTO payslip_line (slip_no, ordinal, code, amount, period, change_id, area, organisation_id)
    SELECT given.slip_no, given.ordinal, ($8::text[])[given.code], given.amount, ($9::text[])[given.period],
           nullif(given.change_id, -1), ($10::text[])[given.area], ($12::text[])[given.employer]
    FROM unnest($1::text::bigint[], $2::text::smallint[], $3::text::int[], $4::text::int[], $5::text::bigint[],
                $6::text::int[], $7::text::bigint[], $11::text::int[])
         AS given (slip_no, ordinal, code, area, amount, period, change_id, employer)
    RETURNING code, amount
)
SELECT code, sum(amount)::bigint FROM written GROUP BY code
"""
_TOTALS = """
SELECT count(*) AS slips, coalesce(sum(gross), 0)::bigint AS gross_total,
       coalesce(sum(contributions), 0)::bigint AS contributions_total,
       coalesce(sum(employer_contributions), 0)::bigint AS employer_total,
       coalesce(sum(tax + bonus_tax), 0)::bigint AS tax_total, coalesce(sum(net), 0)::bigint AS net_total
FROM payslip WHERE batch_id = $1
"""
_SET_ASIDE = """
INSERT INTO set_aside (run_id, batch_id, worker_id, organisation_id, area, period, code, zh, en, clause)
SELECT $1, $2, given.*
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) AS given
"""

Written = Mapping[str, int]
NOTHING_WRITTEN: Written = {"slips": 0} | dict.fromkeys(TOTALS.values(), 0)


class PaidMeanwhile(Exception):
    """Another run took somebody's month while this batch was worked out; working it out again sees it."""


class TotalsDisagree(Exception):
    """Rows and totals do not add up to the same. Nothing of the batch is kept."""


def payslip_id_of(run_id: str, worker_id: str, organisation_id: str) -> str:
    """The same for the same worker of the same run, however often it is calculated."""
    return f"payslip-{hashlib.sha256(f'{run_id}|{worker_id}|{organisation_id}'.encode()).hexdigest()[:27]}"


class Numbered:
    """Words by numbers from one: few words that many rows have."""

    def __init__(self, words: Sequence[str]) -> None:
        places = {word: number for number, word in enumerate(dict.fromkeys(words), 1)}
        self.words = list(places)
        self.numbers = np.array([places[word] for word in words], dtype=np.int64)


async def write_slips(
    tx: Transaction,
    *,
    run: PayrollRun,
    batch: PayrollBatch,
    results: Results,
    inputs: Inputs,
    areas: Sequence[str],
) -> Written:
    """The slips that are paid, and their lines; answers what the database makes of them, for `reconcile_batch`.

    Raises TotalsDisagree where a slip is not the sum of its lines, or the lines that were stored are not these.
    """
    paid = np.flatnonzero(results.paid)
    if not len(paid):
        return NOTHING_WRITTEN
    payees = [(inputs.worker_ids[slip], inputs.organisation_ids[slip]) for slip in paid.tolist()]
    organisations = Numbered([organisation_id for _, organisation_id in payees])
    places = Numbered(areas)
    written = await fetch(
        tx.session,
        _SLIPS,
        *(run.run_id, batch.batch_id, run.staff, run.month, run.cycle, run.paid_in),
        [payslip_id_of(run.run_id, *payee) for payee in payees],
        [worker_id for worker_id, _ in payees],
        organisations.words,
        places.words,
        listed(np.arange(1, len(paid) + 1)),
        listed(organisations.numbers),
        listed(places.numbers[paid]),
        *(listed(results.columns[name][paid]) for name in AMOUNTS),
    )
    if len(written) != len(paid):
        raise PaidMeanwhile(f"{len(paid) - len(written)} people of {batch.area}")
    numbers = np.zeros(len(results.paid), dtype=np.int64)
    numbers[paid[[row[0] for row in written]]] = [row[1] for row in written]
    _require_sums(batch, results)
    await _write_lines(tx, batch, results, numbers, places)
    [totals] = await fetch(tx.session, _TOTALS, batch.batch_id)
    return dict(totals)


async def _write_lines(tx: Transaction, batch: PayrollBatch, results: Results, numbers: Int, places: Numbered) -> None:
    slips, codes = results.line_slip, [line.code for line in results.layout]
    ordinals = np.arange(len(slips)) - np.searchsorted(slips, slips)
    with_differences = bool((results.line_period >= 0).any())
    written = await fetch(
        tx.session,
        _LINES,
        listed(numbers[slips]),
        listed(ordinals),
        listed(results.line_code + 1),  # the database counts from one, and gives null for nought
        listed(places.numbers[slips]),
        listed(results.line_amount),
        listed(results.line_period + 1) if with_differences else None,
        listed(results.line_change) if with_differences else None,
        codes,
        list(results.periods),
        places.words,
        listed(results.line_employer + 1) if results.employers else None,
        list(results.employers),
    )
    sums = _sums(results.line_code, results.line_amount, len(codes)).tolist()
    stated = {codes[code]: sums[code] for code in np.unique(results.line_code).tolist()}
    _compare(dict(map(tuple, written)), stated, what=batch.batch_id)


def _require_sums(batch: PayrollBatch, results: Results) -> None:
    """Raises TotalsDisagree where a slip is not the sum of its lines."""
    kinds = [line.kind for line in results.layout]
    earned, deducted, paid_by_employer = (
        _sums(results.line_slip[of_kind], results.line_amount[of_kind], len(results.paid))
        for kind in SUMMED
        for of_kind in [np.array([one == kind for one in kinds], dtype=np.bool_)[results.line_code]]
    )
    columns = results.columns
    wrong = (columns["gross"] != earned) | (columns["net"] != earned - deducted)
    wrong |= columns["employer_contributions"] != paid_by_employer
    if wrong.any():
        raise TotalsDisagree(f"{batch.batch_id}: {int(wrong.sum())} slips are not the sum of their lines")


def _sums(places: Int, amounts: Int, size: int) -> Int:
    """What comes together in each place."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, places, amounts)
    return sums


def listed(column: Int) -> str:
    """A column as the database reads an array: a fifth of what the driver takes to pack as many numbers one by one."""
    said = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)
    return f"{{{said[1:-1].decode('ascii')}}}"


async def write_set_aside(
    tx: Transaction, *, run: PayrollRun, batch: PayrollBatch, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    columns = ("worker_id", "organisation_id", "area", "period", "code", "zh", "en", "clause")
    arrays = [[row[name] if name not in ("zh", "en") else row[name][:1000] for row in rows] for name in columns]
    await fetch(tx.session, _SET_ASIDE, run.run_id, batch.batch_id, *arrays)


# ── totals against rows, by the database ─────────────────────────────────────────────────────────────────────────────

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


def reconcile_batch(batch: PayrollBatch, written: Written) -> None:
    """The batch is the sum of the slips that were stored, and counts as many; else TotalsDisagree."""
    _compare(written, batch.totals | {"slips": batch.workers}, what=batch.batch_id)


async def reconcile_run(tx: Transaction, run: PayrollRun) -> None:
    """The run is the sum of its batches, and has as many slips as they have; else TotalsDisagree."""
    [row] = await fetch(tx.session, _RUN, run.run_id)
    stated = {name: getattr(run, name) for name in dict(row) if name != "slips"}
    _compare(dict(row), stated | {"slips": run.workers}, what=run.run_id)


def _compare(found: Mapping[str, int], stated: dict[str, int], *, what: str) -> None:
    wrong = [f"{name} {found.get(name)}, not {total}" for name, total in stated.items() if found.get(name) != total]
    if wrong:
        raise TotalsDisagree(f"{what}: {'; '.join(wrong)}")
