"""What the service does: agreements from draft to signature and renewal, exit cases from opening to decision."""

from contracts.commands.agreements import draft_agreement, renew_agreement
from contracts.commands.exit_cases import decide_exit_case, hold_exit_hearing, open_exit_case
from contracts.commands.signatures import sign_agreement

__all__ = [
    "decide_exit_case",
    "draft_agreement",
    "hold_exit_hearing",
    "open_exit_case",
    "renew_agreement",
    "sign_agreement",
]
