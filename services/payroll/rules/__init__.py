"""What policy fixes about pay: each module one part of the slip, or of what is owed beside it."""

from payroll.rules.bonus import better_way_for_bonus, blind_zones_of_bonus, tax_bonus_apart
from payroll.rules.contributions import contribution_amounts
from payroll.rules.dues import dues_of_member
from payroll.rules.fees import tax_severance, withhold_from_intern, withhold_from_remuneration
from payroll.rules.floor import meets_floor, wage_floor
from payroll.rules.hours import annual_leave_days, leave_for_part_of_year, pay_for_overtime, pay_for_unused_leave
from payroll.rules.pay import certificate_allowance, compose_pay, pay_for_part_of_month, share_pool
from payroll.rules.tax import (
    mode_of_basic_deduction,
    months_of_basic_deduction,
    settle_year,
    tax_by_year_table,
    withhold_cumulatively,
)

__all__ = [
    "annual_leave_days",
    "better_way_for_bonus",
    "blind_zones_of_bonus",
    "certificate_allowance",
    "compose_pay",
    "contribution_amounts",
    "dues_of_member",
    "leave_for_part_of_year",
    "meets_floor",
    "mode_of_basic_deduction",
    "months_of_basic_deduction",
    "pay_for_overtime",
    "pay_for_part_of_month",
    "pay_for_unused_leave",
    "settle_year",
    "share_pool",
    "tax_bonus_apart",
    "tax_by_year_table",
    "tax_severance",
    "wage_floor",
    "withhold_cumulatively",
    "withhold_from_intern",
    "withhold_from_remuneration",
]
