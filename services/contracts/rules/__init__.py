"""What policy allows: of agreements, their renewals and exit cases."""

from contracts.rules.agreements import (
    Parties,
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
from contracts.rules.renewals import Period, renewal_findings, renewal_length_findings

__all__ = [
    "Ground",
    "LegalGround",
    "LegalGroundFit",
    "Parties",
    "Period",
    "exit_procedure_findings",
    "legal_ground_fit",
    "may_end_for_failed_evaluations",
    "months_after",
    "parties_of_agreement",
    "probation_findings",
    "renewal_findings",
    "renewal_length_findings",
    "signed_in_time",
    "term_of_agreement",
]
