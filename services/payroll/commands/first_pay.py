"""The pay of a first month with an employer, kept as the base of contributions until one is set."""

from typing import Any

import numpy as np

from common.transaction import Transaction
from payroll.commands.bases import CAUSE
from payroll.commands.changes import note_changes
from payroll.commands.slip_rows import listed
from payroll.engine.columns import ABSENT, FirstMonth, Results
from payroll.models import PayrollBatch, PayrollRun
from payroll.queries.raw import fetch

_END = """
DELETE FROM contribution_base
USING unnest($1::text[], $2::text[], $3::text[]) AS ended (worker_id, organisation_id, scheme)
WHERE contribution_base.worker_id = ended.worker_id AND contribution_base.organisation_id = ended.organisation_id
  AND contribution_base.scheme = ended.scheme AND contribution_base.from_month = $4
"""
# Of somebody who went away and came back, the second first month stands.
_END_LATER = """
DELETE FROM contribution_base AS later
USING unnest($1::text[], $2::text[], $3::text[]) AS begun (worker_id, organisation_id, scheme)
WHERE later.worker_id = begun.worker_id AND later.organisation_id = begun.organisation_id
  AND later.scheme = begun.scheme AND later.from_month > $4
  AND NOT EXISTS (
    SELECT FROM contribution_base AS between_them
    WHERE between_them.worker_id = later.worker_id AND between_them.scheme = later.scheme
      AND between_them.organisation_id <> later.organisation_id
      AND between_them.from_month > $4 AND between_them.from_month < later.from_month)
"""
_BEGIN = """
INSERT INTO contribution_base (worker_id, organisation_id, scheme, from_month, amount, area, source, set_by)
SELECT begun.worker_id, begun.organisation_id, begun.scheme, $4, begun.amount, begun.area, $5, $6
FROM unnest($1::text[], $2::text[], $3::text[], $7::text::bigint[], $8::text[])
     AS begun (worker_id, organisation_id, scheme, amount, area)
ON CONFLICT (worker_id, scheme, from_month) DO UPDATE
SET organisation_id = excluded.organisation_id, amount = excluded.amount, area = excluded.area,
    source = excluded.source, set_by = excluded.set_by
WHERE contribution_base.organisation_id IS NOT NULL
"""
_WORKED_OUT_LATER = """
SELECT worker_id, area, staff, min(month) AS month FROM payslip
WHERE worker_id = ANY($1::text[]) AND month > $2 GROUP BY worker_id, area, staff ORDER BY worker_id, area, staff
"""


async def keep_first_pay(
    tx: Transaction, run: PayrollRun, batch: PayrollBatch, results: Results, areas: dict[tuple[str, str], str]
) -> None:
    """For everybody charged without a base. A first month that is none any more goes, also of a month worked out again.

    `areas`: where each worker is paid by an employer now. What was worked out for a later month before this one is to
    be looked at again; else nothing is.
    """
    begun: set[str] = set()
    for month in results.first_months:
        paid = (month.slips >= 0) & results.paid[month.slips] if len(results.paid) else month.slips >= 0
        if month.month != run.month:
            await _end(tx, month, paid)
        begun |= await _begin(tx, month, paid, areas, elsewhere=batch.area)
    later = await fetch(tx.session, _WORKED_OUT_LATER, sorted(begun), run.month) if begun else []
    await note_changes(
        tx,
        [
            {
                "area": row["area"],
                "worker_id": row["worker_id"],
                "staff": row["staff"],
                "from_month": row["month"],
                "cause": CAUSE,
                "reference": run.run_id,
            }
            for row in later
        ],
    )


async def _end(tx: Transaction, month: FirstMonth, paid: Any) -> None:
    places, schemes = _flat(month.ended, paid)
    if len(places):
        await fetch(tx.session, _END, *_payees(month, places), schemes, month.month)


async def _begin(
    tx: Transaction, month: FirstMonth, paid: Any, areas: dict[tuple[str, str], str], *, elsewhere: str
) -> set[str]:
    """The workers whose first month it is."""
    places, schemes = _flat({scheme: amounts != ABSENT for scheme, amounts in month.begun.items()}, paid)
    if not len(places):
        return set()
    workers, employers = payees = _payees(month, places)
    await fetch(tx.session, _END_LATER, *payees, schemes, month.month)
    amounts = np.concatenate([of[(of != ABSENT) & paid] for of in month.begun.values()])
    await fetch(
        tx.session,
        _BEGIN,
        *payees,
        schemes,
        month.month,
        f"{month.month}首月工资（按整月计）",
        tx.actor.account,
        listed(amounts),
        [areas.get(payee, elsewhere) for payee in zip(workers, employers, strict=True)],
    )
    return set(workers)


def _flat(columns: Any, paid: Any) -> tuple[list[int], list[str]]:
    """Rows and schemes, one after the other in the order of the schemes."""
    places: list[int] = []
    schemes: list[str] = []
    for scheme, rows in columns.items():
        found = np.flatnonzero(rows & paid).tolist()
        places += found
        schemes += [scheme] * len(found)
    return places, schemes


def _payees(month: FirstMonth, places: list[int]) -> tuple[list[str], list[str]]:
    return [month.worker_ids[row] for row in places], [month.organisation_ids[row] for row in places]
