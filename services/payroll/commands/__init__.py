"""What payroll does: pay standards, runs and what is entered in them, the calculation."""

from payroll.commands.batches import calculate_batch
from payroll.commands.contributions import watch_deadlines, write_dues
from payroll.commands.entries import enter_many, enter_standing, enter_variables, set_attribute
from payroll.commands.parameters import check_parameters, enter_parameter, reject_parameter
from payroll.commands.reviewing import approve_payroll_run, close_payroll_run, review_payroll_run
from payroll.commands.runs import calculate_payroll_run, open_payroll_run
from payroll.commands.sealing import issue_slips
from payroll.commands.standards import approve_pay_standard, set_pay_standard

__all__ = [
    "approve_pay_standard",
    "approve_payroll_run",
    "calculate_batch",
    "calculate_payroll_run",
    "check_parameters",
    "close_payroll_run",
    "enter_many",
    "enter_parameter",
    "enter_standing",
    "enter_variables",
    "issue_slips",
    "open_payroll_run",
    "reject_parameter",
    "review_payroll_run",
    "set_attribute",
    "set_pay_standard",
    "watch_deadlines",
    "write_dues",
]
