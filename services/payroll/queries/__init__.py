"""Reading payroll's own tables."""

from payroll.queries.rows import (
    grade_on,
    lock_payees,
    own_payslip,
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
    "digest_of",
    "grade_on",
    "is_in_run",
    "lock_payees",
    "own_payslip",
    "paid_workers",
    "payslip",
    "rivals",
    "run",
    "run_for",
    "slips_of",
    "standard",
]
