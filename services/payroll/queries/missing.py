"""Who was paid the last time and is nowhere this time."""

from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from payroll.models import PayrollRun
from payroll.models.runs import SEALED
from payroll.queries.raw import fetch
from payroll.rules.cycles import PayPeriod

_MISSING = """
SELECT DISTINCT last.worker_id
FROM payroll_run r JOIN payslip last ON last.run_id = r.run_id JOIN payee ON payee.worker_id = last.worker_id
WHERE r.month = $2 AND r.cycle = $3 AND r.staff = $4 AND r.status = ANY($5::text[])
  AND last.area >= $6 COLLATE "C" AND last.area < $7 COLLATE "C"
  AND payee.area >= $6 COLLATE "C" AND payee.area < $7 COLLATE "C"
  AND (payee.left_on IS NULL OR payee.left_on > $8)
  AND EXISTS (
    SELECT FROM agreement a WHERE a.worker_id = last.worker_id AND a.organisation_id = last.organisation_id
      AND a.staff = $4 AND (a.ends_on IS NULL OR a.ends_on > $8))
  AND NOT EXISTS (SELECT FROM payslip now WHERE now.run_id = $1 AND now.worker_id = last.worker_id)
  AND NOT EXISTS (SELECT FROM set_aside s WHERE s.run_id = $1 AND s.worker_id = last.worker_id)
ORDER BY last.worker_id
"""


async def missing_since(session: AsyncSession, run: PayrollRun, *, period: PayPeriod) -> list[str]:
    """Whom a sealed run paid here for `period`, whose agreement with that employer goes on, and of whom this run has
    neither a slip nor a reason; those known to serve elsewhere by now are another run's.
    """
    lowest, highest = code_range(run.area)
    begins = PayPeriod(run.month, run.cycle).begins
    rows = await fetch(
        session,
        _MISSING,
        run.run_id,
        period.month,
        period.cycle,
        run.staff,
        list(SEALED),
        lowest,
        highest,
        begins,
    )
    return [row["worker_id"] for row in rows]
