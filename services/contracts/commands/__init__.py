"""What the service does: agreements from draft to renewal, leaves, transfers, exit cases from opening to decision."""

from contracts.commands.agreements import draft_agreement, renew_agreement
from contracts.commands.exit_cases import decide_exit_case, hold_exit_hearing, open_exit_case
from contracts.commands.leaves import record_leave, withdraw_leave
from contracts.commands.signatures import sign_agreement
from contracts.commands.transfers import transfer_worker

__all__ = [
    "decide_exit_case",
    "draft_agreement",
    "hold_exit_hearing",
    "open_exit_case",
    "record_leave",
    "renew_agreement",
    "sign_agreement",
    "transfer_worker",
    "withdraw_leave",
]
