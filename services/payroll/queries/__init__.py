"""Reading payroll's own tables."""

from payroll.queries.clauses import clauses_gone_by
from payroll.queries.rows import (
    grade_on,
    lock_payees,
    own_payslip,
    parties_to,
    payslip,
    rivals,
    run,
    run_for,
    slips_of,
    standard,
)
from payroll.queries.workers import PaidWorker, digest_of, is_in_run, paid_workers

__all__ = [
    "PaidWorker",
    "clauses_gone_by",
    "digest_of",
    "grade_on",
    "is_in_run",
    "lock_payees",
    "own_payslip",
    "paid_workers",
    "parties_to",
    "payslip",
    "rivals",
    "run",
    "run_for",
    "slips_of",
    "standard",
]
