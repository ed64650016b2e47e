"""What payroll does: pay standards, runs and what is entered in them, the calculation."""

from payroll.commands.calculation import calculate_payroll_run
from payroll.commands.runs import approve_payroll_run, enter_performance, open_payroll_run, score_for_pool
from payroll.commands.standards import approve_pay_standard, set_pay_standard

__all__ = [
    "approve_pay_standard",
    "approve_payroll_run",
    "calculate_payroll_run",
    "enter_performance",
    "open_payroll_run",
    "score_for_pool",
    "set_pay_standard",
]
