"""Who was paid by an employer in every month of a tax year, and how much before any deduction."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from payroll.models.runs import SEALED
from payroll.queries.raw import fetch

# The months are counted as bits: so nothing has to be sorted.
_WHOLE_YEARS = """
SELECT s.worker_id, s.organisation_id, (sum(s.gross) FILTER (WHERE s.paid_in <= $3))::bigint,
       max(r.approved_at) FILTER (WHERE s.paid_in <= $3) > min(r.approved_at) FILTER (WHERE s.paid_in > $3) AS late
FROM payslip s JOIN payroll_run r ON r.run_id = s.run_id
WHERE s.worker_id = ANY($1::text[]) AND s.paid_in BETWEEN $2 AND $4 AND r.status = ANY($5::text[]) AND s.run_id <> $6
GROUP BY s.worker_id, s.organisation_id
HAVING bit_or(1 << right(s.paid_in, 2)::int) FILTER (WHERE s.paid_in <= $3) = (1 << 13) - 2
"""
# What was sealed after the first pay of the year that follows comes too late: the mode stays for that year.
_IN_TIME = """
SELECT worker_id, organisation_id, sum(gross)::bigint FROM (
    SELECT s.worker_id, s.organisation_id, s.paid_in, s.gross, r.approved_at,
           min(r.approved_at) FILTER (WHERE s.paid_in > $3) OVER (PARTITION BY s.worker_id, s.organisation_id) AS began
    FROM payslip s JOIN payroll_run r ON r.run_id = s.run_id
    WHERE s.worker_id = ANY($1::text[]) AND s.paid_in BETWEEN $2 AND $4 AND r.status = ANY($5::text[])
      AND s.run_id <> $6
) AS paid
WHERE paid_in <= $3 AND (began IS NULL OR approved_at IS NULL OR approved_at <= began)
GROUP BY worker_id, organisation_id HAVING count(DISTINCT paid_in) = 12
"""


async def incomes_of_whole_year(
    session: AsyncSession, workers: Sequence[str], *, before: int, run_id: str = ""
) -> dict[tuple[str, str], int]:
    """By worker and employer, in fen, of the year before `before`: of those who were paid in all its months.

    One statement for all of them, and one more for whom something of that year was sealed late. Runs count that are
    sealed, `run_id` does not.
    """
    asked = f"{before - 1}-01", f"{before - 1}-12", f"{before}-12", list(SEALED), run_id
    rows = await fetch(session, _WHOLE_YEARS, workers, *asked) if workers else ()
    found = {(worker_id, organisation_id): gross for worker_id, organisation_id, gross, late in rows if not late}
    if late := {(row[0], row[1]) for row in rows if row[3]}:
        in_time = await fetch(session, _IN_TIME, sorted({worker_id for worker_id, _ in late}), *asked)
        found |= {(row[0], row[1]): row[2] for row in in_time if (row[0], row[1]) in late}
    return found
