"""Reading payroll's own tables."""

from payroll.queries.changes import has_authored, snapshot_now, stale_changes
from payroll.queries.debts import balances_moved_on
from payroll.queries.figures import figures_missing
from payroll.queries.loading import load_batch
from payroll.queries.missing import missing_since
from payroll.queries.parameters import parameters_in_force
from payroll.queries.payslips import compared, explained_slip, own_payslip, own_slips, proof_of, recompute
from payroll.queries.rows import grade_on, rivals, standard, standard_before
from payroll.queries.runs import (
    areas_of_slips,
    batch,
    batches_of,
    earlier_not_approved,
    earlier_not_issued,
    elsewhere,
    first_sealed_after,
    held_back,
    is_paid_by,
    is_run,
    listed_batches,
    not_issued,
    noted,
    payslip,
    run,
    run_for,
    runs_where,
    set_aside,
    set_aside_by_code,
    slips,
    spent,
    streets_of,
    year_moved_on,
)
from payroll.queries.terms import digest_of_terms, policy_moved_on, terms_by_rule
from payroll.queries.waiting import waiting_batches

__all__ = [
    "areas_of_slips",
    "balances_moved_on",
    "batch",
    "batches_of",
    "compared",
    "digest_of_terms",
    "earlier_not_approved",
    "earlier_not_issued",
    "elsewhere",
    "explained_slip",
    "figures_missing",
    "first_sealed_after",
    "grade_on",
    "has_authored",
    "held_back",
    "is_paid_by",
    "is_run",
    "listed_batches",
    "load_batch",
    "missing_since",
    "not_issued",
    "noted",
    "own_payslip",
    "own_slips",
    "parameters_in_force",
    "payslip",
    "policy_moved_on",
    "proof_of",
    "recompute",
    "rivals",
    "run",
    "run_for",
    "runs_where",
    "set_aside",
    "set_aside_by_code",
    "slips",
    "snapshot_now",
    "spent",
    "stale_changes",
    "standard",
    "standard_before",
    "streets_of",
    "terms_by_rule",
    "waiting_batches",
    "year_moved_on",
]
