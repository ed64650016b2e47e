"""Pay for days of leave that are not paid like days at work, and which days those are."""

import calendar
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.decimals import Share
from common.money import Yuan
from common.policy import Terms, rule
from common.text import Code
from payroll.rules.arithmetic import Int, Ratio, column, fen, half_up_by, product, yuan


class LeaveKindPay(BaseModel):
    """`share` of the usual pay that is kept; `floor_share` of the minimum wage, under which it does not fall.

    `by_fund`: an insurance fund pays, the employer nothing, or (`tops_up`) what the fund's part lacks of usual pay.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Share = Decimal(1)
    floor_share: Share | None = None
    by_fund: bool = False
    tops_up: bool = False

    @model_validator(mode="after")
    def _topped_up_by_fund(self) -> Self:
        if self.tops_up and not self.by_fund:
            raise ValueError("what is topped up is a fund's allowance: tops_up needs by_fund")
        return self

    @property
    def like_work(self) -> bool:
        return self.share == 1 and not self.by_fund


class LeavePay(Terms):
    kinds: dict[Code, LeaveKindPay] = Field(
        title="各类假期工资", description="各类假期照发的比例、最低工资的下限比例、是否由基金支付", min_length=1
    )


@rule("leave.pay")
def pay_for_leave(
    terms: LeavePay,
    *,
    kind: Annotated[Code, Field(title="假期种类")],
    usual: Annotated[Yuan, Field(title="假期中照常出勤应得的工资", ge=0)],
    floor: Annotated[Yuan, Field(title="假期天数折算的最低工资", ge=0)] = Decimal("0.00"),
    fund_allowance: Annotated[Yuan, Field(title="基金支付的津贴", ge=0)] = Decimal("0.00"),
) -> Yuan:
    """What the employer pays for days of leave.

    Our reading: usual pay is basic income, without bonuses and allowances. A kind that the clause leaves out is paid
    like days at work, and where no clause answers every kind is. What the law lets local rules or the contract set
    is set here at its lowest; a document of a place may answer with more.
    """
    paid = terms.kinds.get(kind, LeaveKindPay())
    one = column(1)
    return yuan(leave_pay(paid, column(fen(usual)), one, column(fen(floor)), one, column(fen(fund_allowance)))[0])


def leave_pay(
    paid: LeaveKindPay, usual_over: Int, usual_under: Int, floor_over: Int, floor_under: Int, fund_allowance: Int
) -> Int:
    """Fen, row by row; usual pay and floor are fractions of fen, so that each is rounded once, half up."""
    if paid.by_fund:
        lacking: Int = np.maximum(half_up_by(usual_over, usual_under) - fund_allowance, 0)
        return lacking if paid.tops_up else np.zeros_like(lacking)
    share = Ratio.of(paid.share)
    found = half_up_by(product(usual_over, column(share.over)), usual_under * share.under)
    if paid.floor_share is None:
        return found
    least = Ratio.of(paid.floor_share)
    held: Int = np.maximum(found, half_up_by(product(floor_over, column(least.over)), floor_under * least.under))
    return held


class WorkingCalendar(Terms):
    """The published days that differ from the plain week."""

    rest_days: tuple[date, ...] = Field(title="周一至周五中的休息日")
    workdays: tuple[date, ...] = Field(title="周六、周日中的上班日")

    def is_working_day(self, day: date) -> bool:
        if day.weekday() >= calendar.SATURDAY:
            return day in self.workdays
        return day not in self.rest_days


@rule("leave.working_days")
def working_days_of_leave(
    terms: WorkingCalendar,
    *,
    first_day: Annotated[date, Field(title="假期第一日")],
    last_day: Annotated[date, Field(title="假期最后一日")],
) -> int:
    """How many working days lie in a leave, both its ends included.

    Our reading: statutory holidays and rest days within a leave are not days of leave, working days that were moved to
    a weekend are. A year whose days are not published yet is counted by Monday to Friday, as where no clause answers.
    """
    days = (first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1))
    return sum(terms.is_working_day(day) for day in days)
