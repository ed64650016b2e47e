"""Reading payroll's own tables."""

from payroll.queries.changes import StaleChange, snapshot_now, stale_changes
from payroll.queries.figures import figures_missing
from payroll.queries.loading import LoadedBatch, load_batch
from payroll.queries.parameters import parameters_in_force
from payroll.queries.payslips import compared, explained_slip, own_payslip, own_slips, proof_of, recompute
from payroll.queries.rows import grade_on, rivals, standard
from payroll.queries.runs import (
    areas_of_slips,
    batch,
    batches_of,
    earlier_not_approved,
    elsewhere,
    enterers,
    held_back,
    is_paid_by,
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
from payroll.queries.sight import seeing_all
from payroll.queries.terms import digest_of_terms, policy_moved_on, terms_by_rule

__all__ = [
    "LoadedBatch",
    "StaleChange",
    "areas_of_slips",
    "batch",
    "batches_of",
    "compared",
    "digest_of_terms",
    "earlier_not_approved",
    "elsewhere",
    "enterers",
    "explained_slip",
    "figures_missing",
    "grade_on",
    "held_back",
    "is_paid_by",
    "load_batch",
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
    "seeing_all",
    "set_aside",
    "set_aside_by_code",
    "slips",
    "snapshot_now",
    "spent",
    "stale_changes",
    "standard",
    "streets_of",
    "terms_by_rule",
    "year_moved_on",
]
