"""What policy fixes about pay: each module one part of the slip."""

from payroll.rules.contributions import contribution_amounts
from payroll.rules.floor import meets_floor, wage_floor
from payroll.rules.pay import certificate_allowance, compose_pay, pay_for_part_of_month, share_pool
from payroll.rules.tax import withhold_cumulatively

__all__ = [
    "certificate_allowance",
    "compose_pay",
    "contribution_amounts",
    "meets_floor",
    "pay_for_part_of_month",
    "share_pool",
    "wage_floor",
    "withhold_cumulatively",
]
