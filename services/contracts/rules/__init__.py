"""What policy allows: of agreements, their renewals, transfers and exit cases."""

from contracts.rules.agreements import (
    Parties,
    longest_probation,
    months_after,
    parties_of_agreement,
    probation_findings,
    signed_in_time,
    term_of_agreement,
)
from contracts.rules.exit_cases import (
    Ground,
    LegalGround,
    LegalGroundFit,
    exit_procedure_findings,
    legal_ground_fit,
    may_end_for_failed_evaluations,
)
from contracts.rules.part_time import part_time_findings
from contracts.rules.renewals import Period, renewal_findings, renewal_length_findings
from contracts.rules.retirement import RetirementCategory, least_contribution_months, retirement_age
from contracts.rules.severance import damages_for_unlawful_end, double_pay_for_late_contract, severance_amount
from contracts.rules.transfers import transfer_findings

__all__ = [
    "Ground",
    "LegalGround",
    "LegalGroundFit",
    "Parties",
    "Period",
    "RetirementCategory",
    "damages_for_unlawful_end",
    "double_pay_for_late_contract",
    "exit_procedure_findings",
    "least_contribution_months",
    "legal_ground_fit",
    "longest_probation",
    "may_end_for_failed_evaluations",
    "months_after",
    "part_time_findings",
    "parties_of_agreement",
    "probation_findings",
    "renewal_findings",
    "renewal_length_findings",
    "retirement_age",
    "severance_amount",
    "signed_in_time",
    "term_of_agreement",
    "transfer_findings",
]
