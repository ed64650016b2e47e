"""What workers owe: what sealed slips say was advanced, less what later ones recovered and what they paid back."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from payroll.engine.columns import Int
from payroll.models.runs import SEALED
from payroll.queries.raw import fetch
from payroll.queries.timelines import Slip
from payroll.rules.cycles import PayPeriod

# The codes stand in the statement itself: only so does the planner see that the partial index has all of them.
_ADVANCED = """
SELECT s.worker_id, s.organisation_id, -sum(l.amount)::bigint
FROM payslip_line l JOIN payslip s ON s.slip_no = l.slip_no JOIN payroll_run r ON r.run_id = s.run_id
WHERE l.code IN ('advanced_by_employer', 'advance_recovered')
  AND s.worker_id = ANY($1::text[]) AND r.status = ANY($2::text[]) AND s.run_id <> $3
GROUP BY s.worker_id, s.organisation_id HAVING sum(l.amount) < 0 ORDER BY s.worker_id, s.organisation_id
"""
_REPAID = """
SELECT worker_id, sum(amount)::bigint FROM entry
WHERE worker_id = ANY($1::text[]) AND code = 'repaid' AND month <= $2 GROUP BY worker_id
"""


async def owed_by(session: AsyncSession, slips: Sequence[Slip], period: PayPeriod, *, run_id: str) -> Int:
    """For each slip, in fen, what the worker owes its employer by runs other than `run_id`.

    What was paid back goes to one employer after the other, where somebody owes several.
    """
    owed = np.zeros(len(slips), dtype=np.int64)
    rows = await fetch(session, _ADVANCED, sorted({slip.worker_id for slip in slips}), list(SEALED), run_id)
    if not rows:
        return owed
    repaid = defaultdict(int, await fetch(session, _REPAID, sorted({row[0] for row in rows}), period.month))
    left: dict[tuple[str, str], int] = {}
    for worker_id, organisation_id, amount in rows:
        covered = min(amount, repaid[worker_id])
        repaid[worker_id] -= covered
        left[worker_id, organisation_id] = amount - covered
    for number, slip in enumerate(slips):
        owed[number] = left.get((slip.worker_id, slip.organisation_id), 0)
    return owed
