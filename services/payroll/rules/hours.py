"""Pay by working time: overtime, annual leave, and leave not taken."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from common.decimals import PLAIN
from common.money import Yuan, to_fen
from common.policy import Terms, rule
from payroll.rules.arithmetic import Int, Ratio, column, fen, half_up, product, simplest, yuan
from payroll.rules.pay import PaidDays

Times = Annotated[Decimal, Field(ge=0, le=10, decimal_places=2), PLAIN]


class OvertimeDay(StrEnum):
    WORKING_DAY = "working_day"
    REST_DAY = "rest_day"
    HOLIDAY = "holiday"


class OvertimePay(Terms):
    paid_days: PaidDays = Field(title="月计薪天数")
    hours_a_day: Annotated[Decimal, Field(ge=1, le=24, decimal_places=2), PLAIN] = Field(title="每日工时")
    times: dict[OvertimeDay, Times] = Field(
        title="加班工资倍数", description="工作日、未补休的休息日、法定节日各为小时工资的几倍"
    )


class PaidOvertime(BaseModel):
    """`hourly` is shown to the fen; each amount is counted from the unrounded one."""

    hourly: Yuan
    amounts: dict[OvertimeDay, Yuan]
    total: Yuan


@rule("pay.overtime")
def pay_for_overtime(
    terms: OvertimePay,
    *,
    monthly: Annotated[Yuan, Field(title="加班工资计算基数（月）", ge=0)],
    hours: Annotated[dict[OvertimeDay, Annotated[Decimal, Field(ge=0)]], Field(title="各类加班小时")],
) -> PaidOvertime:
    """What is paid for overtime hours of a month, by the kind of day.

    Our reading: hours of a rest day that were given back as time off are not counted; those of a statutory holiday are
    always paid. Each kind of day is rounded by itself, half up to the fen. A kind that the clause leaves out is not
    paid under it.
    """
    month_hours = terms.paid_days * terms.hours_a_day
    amounts = {}
    for day, worked in hours.items():
        if day in terms.times:
            exact = Ratio.of(worked)
            paid = overtime(terms, day, column(fen(monthly)), column(exact.over), per=exact.under)
            amounts[day] = yuan(paid[0])
    return PaidOvertime(
        hourly=to_fen(monthly / month_hours), amounts=amounts, total=sum(amounts.values(), Decimal("0.00"))
    )


def overtime(terms: OvertimePay, day: OvertimeDay, monthly: Int, hours: Int, *, per: int) -> Int:
    """Fen for `hours` (one `per`th of an hour each) of a kind of day."""
    times, month_hours = Ratio.of(terms.times[day]), Ratio.of(terms.paid_days * terms.hours_a_day)
    factor = simplest(times.over * month_hours.under, times.under * month_hours.over * per)
    return half_up(product(monthly, hours), factor)


class LeaveTier(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least_years: PositiveInt
    days: PositiveInt


class LeaveTiers(Terms):
    tiers: tuple[LeaveTier, ...] = Field(title="年休假分档", description="累计工作满几年、每年几天", min_length=1)


@rule("leave.annual_days")
def annual_leave_days(
    terms: LeaveTiers, *, worked_years: Annotated[int, Field(title="累计工作年限（满年）", ge=0)]
) -> int:
    """How many days of annual leave a whole year brings.

    Our reading: completed years of work with any employer count, the number itself included. Whether long sick or
    personal leave takes the year's leave away is not decided here.
    """
    return max((tier.days for tier in terms.tiers if worked_years >= tier.at_least_years), default=0)


class LeaveForPartOfYear(Terms):
    days_of_year: PositiveInt = Field(title="折算的全年天数")


@rule("leave.for_part_of_year")
def leave_for_part_of_year(
    terms: LeaveForPartOfYear,
    *,
    calendar_days: Annotated[int, Field(title="本年在本单位的日历天数", ge=0)],
    entitled: Annotated[int, Field(title="全年应休天数", ge=0)],
    taken: Annotated[int, Field(title="本年已休天数", ge=0)] = 0,
) -> int:
    """How many days of annual leave are left for part of a year.

    For whoever comes, the days from then to the end of the year count; for whoever goes, those up to then.

    Our reading: less than a whole day is nothing; leave taken beyond the part is not asked back.
    """
    return max(calendar_days * entitled // terms.days_of_year - taken, 0)


class UnusedLeavePay(Terms):
    paid_days: PaidDays = Field(title="月计薪天数")
    times: Annotated[Times, Field(ge=1)] = Field(title="应付倍数", description="日工资的倍数，含正常工作期间工资")
    normal_times: Times = Field(title="正常工资倍数", description="已随工资发放的部分")


class PaidLeave(BaseModel):
    """`extra` is paid beside the wages of those days, `total` is both together."""

    daily: Yuan
    extra: Yuan
    total: Yuan


@rule("leave.unused_pay")
def pay_for_unused_leave(
    terms: UnusedLeavePay,
    *,
    average_monthly_pay: Annotated[Yuan, Field(title="前十二个月月平均工资（不含加班工资）", ge=0)],
    days: Annotated[int, Field(title="应休未休天数", ge=0)],
    declined_in_writing: Annotated[bool, Field(title="本人书面表示不休")] = False,
) -> PaidLeave:
    """What is paid for days of annual leave that the employer did not grant.

    Our reading: whoever declined the leave in writing of his or her own accord has the normal wages alone. A day's wage
    is shown to the fen, the amounts are counted from the unrounded one and rounded half up.
    """
    times = terms.normal_times if declined_in_writing else terms.times
    average, taken = column(fen(average_monthly_pay)), column(days)
    return PaidLeave(
        daily=to_fen(average_monthly_pay / terms.paid_days),
        extra=yuan(unused_leave(terms, average, taken, times - terms.normal_times)[0]),
        total=yuan(unused_leave(terms, average, taken, times)[0]),
    )


def unused_leave(terms: UnusedLeavePay, average: Int, days: Int, times: Decimal, *, per: int = 1) -> Int:
    """Fen for `days` (one `per`th of a day each) of leave at so many times a day's wage."""
    factor, paid_days = Ratio.of(times), Ratio.of(terms.paid_days)
    return half_up(product(average, days), simplest(factor.over * paid_days.under, factor.under * paid_days.over * per))
