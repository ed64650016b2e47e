"""What policy fixes about pay: each module one part of the slip, or of what is owed beside it."""

from payroll.rules.balances import may_settle_balance
from payroll.rules.benefits import may_pay_benefit, may_receive_again, may_receive_benefit
from payroll.rules.bonus import better_way_for_bonus, blind_zones_of_bonus, tax_bonus_apart
from payroll.rules.budget import pay_within_budget
from payroll.rules.checks import average_of_scheme, most_to_deduct, swings
from payroll.rules.contributions import contribution_amounts
from payroll.rules.cycles import cycle_of_pay
from payroll.rules.deadlines import contributions_due_on, contributions_in_time
from payroll.rules.dues import dues_of_member, fund_of_employer
from payroll.rules.fees import tax_severance, withhold_from_intern, withhold_from_remuneration
from payroll.rules.floor import meets_floor, wage_floor
from payroll.rules.grades import standard_has_class, standard_not_lowered
from payroll.rules.guidance import may_approve_standard, pay_within_guidance
from payroll.rules.hours import annual_leave_days, leave_for_part_of_year, pay_for_overtime, pay_for_unused_leave
from payroll.rules.leave import pay_for_leave, working_days_of_leave
from payroll.rules.monthly import compose_pay
from payroll.rules.parameters import SCHEMES
from payroll.rules.pay import certificate_allowance, pay_for_part_of_month, pay_in_probation, share_pool
from payroll.rules.purchases import may_receive_payment
from payroll.rules.sealing import seal_batch
from payroll.rules.tax import (
    mode_of_basic_deduction,
    months_of_basic_deduction,
    settle_year,
    tax_by_year_table,
    withhold_cumulatively,
)

__all__ = [
    "SCHEMES",
    "annual_leave_days",
    "average_of_scheme",
    "better_way_for_bonus",
    "blind_zones_of_bonus",
    "certificate_allowance",
    "compose_pay",
    "contribution_amounts",
    "contributions_due_on",
    "contributions_in_time",
    "cycle_of_pay",
    "dues_of_member",
    "fund_of_employer",
    "leave_for_part_of_year",
    "may_approve_standard",
    "may_pay_benefit",
    "may_receive_again",
    "may_receive_benefit",
    "may_receive_payment",
    "may_settle_balance",
    "meets_floor",
    "mode_of_basic_deduction",
    "months_of_basic_deduction",
    "most_to_deduct",
    "pay_for_leave",
    "pay_for_overtime",
    "pay_for_part_of_month",
    "pay_for_unused_leave",
    "pay_in_probation",
    "pay_within_budget",
    "pay_within_guidance",
    "seal_batch",
    "settle_year",
    "share_pool",
    "standard_has_class",
    "standard_not_lowered",
    "swings",
    "tax_bonus_apart",
    "tax_by_year_table",
    "tax_severance",
    "wage_floor",
    "withhold_cumulatively",
    "withhold_from_intern",
    "withhold_from_remuneration",
    "working_days_of_leave",
]
