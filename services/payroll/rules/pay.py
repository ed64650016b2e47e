"""Part of a month, the pool, the certificate allowance, pay in probation."""

import calendar
import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from common.decimals import PLAIN, Share
from common.money import Yuan
from common.policy import Terms, rule
from payroll.rules.amounts import Amount
from payroll.rules.arithmetic import Bool, Int, Ratio, column, fen, half_up, half_up_by, product, share_by_weights, yuan

PaidDays = Annotated[Decimal, Field(ge=1, le=31, decimal_places=2), PLAIN]


class PartOfMonth(StrEnum):
    BY_21_75 = "by_21_75"
    BY_WORKING_DAYS = "by_working_days"
    BY_CALENDAR_DAYS = "by_calendar_days"


class PartialMonth(Terms):
    method: PartOfMonth = Field(title="不足整月的折算办法", description="按月计薪天数、按当月计薪日或按日历日")
    paid_days: PaidDays | None = Field(default=None, title="月计薪天数", description="按月计薪天数折算时必填")

    @model_validator(mode="after")
    def _paid_days_where_needed(self) -> Self:
        if self.method is PartOfMonth.BY_21_75 and self.paid_days is None:
            raise ValueError("by_21_75 needs paid_days")
        return self


class Period(BaseModel):
    """Days in the post within one month, both ends included."""

    model_config = ConfigDict(frozen=True)

    first_day: date
    last_day: date


@dataclass(frozen=True)
class InPost:
    """Days in the post, row by row. `absent`: weekdays of leave that are not paid like days at work.

    `whole`: in the post on every day of the period that is paid, which is a month or (`halves`) half of one.
    """

    weekdays: Int
    days: Int
    absent: Int
    whole: Bool
    month_weekdays: int
    month_days: int
    halves: bool = False


@dataclass(frozen=True)
class Part:
    """What share of a monthly amount is paid, row by row: the amount times its `weights`, times `over / under`.

    Weights are the weekdays (`by_days`: the calendar days) on which an amount held, so that amounts which change
    within the month are added up before they are rounded. `absent_over / absent_under` is the share of one day absent.
    """

    by_days: bool
    over: Int
    under: Int
    absent_over: Int
    absent_under: Int


def part_of_month(terms: PartialMonth, post: InPost) -> Part:
    """By what every monthly amount is multiplied for the days in the post."""
    weekdays, present = np.maximum(post.weekdays, 1), post.weekdays - post.absent
    one = np.ones_like(weekdays)
    if terms.method is PartOfMonth.BY_CALENDAR_DAYS:
        any_weekday = post.weekdays > 0
        under = weekdays * post.month_days
        return Part(True, np.where(any_weekday, present, 1), under, one, under)
    if terms.method is PartOfMonth.BY_WORKING_DAYS:
        under = weekdays * post.month_weekdays
        return Part(False, present, under, one, under)
    assert terms.paid_days is not None  # noqa: S101  # the terms saw to it
    paid_days = Ratio.of(terms.paid_days)
    counted = np.minimum(present * paid_days.under, paid_days.over)
    undisturbed = post.whole & (post.absent == 0)
    rest = paid_days.over - counted
    if post.halves:
        rest = np.minimum(rest, post.absent * paid_days.under)
    else:
        rest = np.where(post.whole, rest, np.minimum(rest, post.absent * paid_days.under))
    return Part(
        by_days=False,
        over=np.where(undisturbed, 1, counted),
        under=np.where(undisturbed, post.month_weekdays, weekdays * paid_days.over),
        absent_over=rest,
        absent_under=weekdays * paid_days.over * np.maximum(post.absent, 1),
    )


@rule("pay.partial_month")
def pay_for_part_of_month(
    terms: PartialMonth,
    *,
    monthly: Annotated[Yuan, Field(title="整月金额", ge=0)],
    periods: Annotated[tuple[Period, ...], Field(title="在岗日期", min_length=1)],
) -> Yuan:
    """How much of a monthly amount falls to the days in the post within one month.

    Our reading: paid days are Monday to Friday; statutory holidays among them are paid, so they count, and moved
    rest days do not change the number. By the fixed number of paid days a month never yields more than the whole, and
    whoever is in the post on every day of it has the whole. Amounts that change within the month each count for their
    own days and are rounded once, together; in the post all month, they are weighed by the month's weekdays. Days of
    leave that are not paid like work are taken out of the paid days; what they bring instead is leave.pay's to say:
    of the part of the month that the paid days leave over.
    """
    whole_month = month_around(periods[0].first_day)
    days = _days(*periods)
    post = InPost(
        weekdays=column(_weekdays(days)),
        days=column(len(days)),
        absent=column(0),
        whole=np.array([set(days) == set(_days(whole_month))]),
        month_weekdays=_weekdays(_days(whole_month)),
        month_days=len(_days(whole_month)),
    )
    part = part_of_month(terms, post)
    weighed = column(fen(monthly)) * (post.days if part.by_days else post.weekdays)
    return yuan(half_up_by(weighed * part.over, part.under)[0])


def month_around(day: date) -> Period:
    last = calendar.monthrange(day.year, day.month)[1]
    return Period(first_day=day.replace(day=1), last_day=day.replace(day=last))


def _days(*periods: Period) -> list[date]:
    return [
        one.first_day + timedelta(days=number)
        for one in periods
        for number in range((one.last_day - one.first_day).days + 1)
    ]


def _weekdays(days: list[date]) -> int:
    return sum(day.weekday() not in (calendar.SATURDAY, calendar.SUNDAY) for day in days)


class ProbationPay(Terms):
    lowest_share: Share = Field(title="试用期工资下限", description="不得低于约定工资的此比例")
    share: Annotated[Share, Field(gt=0)] = Field(
        default=Decimal(1), title="试用期工资比例", description="未约定的付全额"
    )

    @model_validator(mode="after")
    def _not_below_the_lowest(self) -> Self:
        if self.share < self.lowest_share:
            raise ValueError(f"pay in probation is at least {self.lowest_share} of the usual")
        return self


@rule("pay.probation")
def pay_in_probation(terms: ProbationPay, *, monthly: Annotated[Yuan, Field(title="转正后的月工资", ge=0)]) -> Yuan:
    """A monthly amount of basic income as it is paid in probation.

    Our reading: a month that lies wholly in probation is paid so; bonuses and allowances are not cut, and the minimum
    wage holds as for everybody.
    """
    return yuan(half_up(column(fen(monthly)), Ratio.of(terms.share))[0])


class WeighBy(StrEnum):
    SCORE = "score"
    SCORE_AND_SHARE = "score_and_share"


class PoolShares(Terms):
    weigh_by: WeighBy = Field(title="分配依据", description="按考核得分，或按得分乘以本人计入总额的份额")

    @property
    def weighs_parts(self) -> bool:
        return self.weigh_by is WeighBy.SCORE_AND_SHARE


@rule("pool.shares")
def share_pool(
    terms: PoolShares,
    *,
    brought_in: Annotated[dict[str, Yuan], Field(title="各人计入绩效总额的金额")],
    scores: Annotated[dict[str, Decimal], Field(title="各人得分")],
) -> dict[str, Yuan]:
    """How a performance pool is shared among those who brought it together.

    A pool is a street's, of one kind of staff and month. The scores are entered for the run or, where none was, those
    of the latest yearly evaluation.

    Our reading: the pool is the sum of everyone's part and goes out whole, to the fen; who scores nothing
    receives nothing. Equal left-overs go to the smaller worker id, so that the same scores give the same shares.
    """
    workers = sorted(scores)
    fractions = {worker: Ratio.of(scores[worker]) for worker in workers}
    under = math.lcm(*(one.under for one in fractions.values()))
    points = column(*(fractions[worker].over * under // fractions[worker].under for worker in workers))
    parts = column(*(fen(brought_in.get(worker, Decimal(0))) for worker in workers))
    total = sum(fen(amount) for amount in brought_in.values())
    return {
        worker: yuan(share) for worker, share in zip(workers, pool_shares(terms, total, parts, points), strict=True)
    }


def pool_shares(terms: PoolShares, total: int, brought_in: Int, points: Int) -> Int:
    """The shares of a pool of `total` fen, rows in the order of worker ids; `points` are scores in one small unit."""
    if terms.weigh_by is WeighBy.SCORE:
        return share_by_weights(total, points)
    return share_by_weights(total, product(points, brought_in))


class CertificateLevel(StrEnum):
    """From low to high."""

    ASSISTANT_SOCIAL_WORKER = "assistant_social_worker"
    SOCIAL_WORKER = "social_worker"
    SENIOR_SOCIAL_WORKER = "senior_social_worker"


def _rising(amounts: dict[CertificateLevel, Decimal]) -> dict[CertificateLevel, Decimal]:
    if set(amounts) != set(CertificateLevel):
        raise ValueError("each certificate level has its amount")
    if any(amounts[higher] <= amounts[lower] for lower, higher in pairwise(CertificateLevel)):
        raise ValueError("the allowance rises strictly with the level")
    return amounts


RisingAllowances = Annotated[
    dict[CertificateLevel, Amount],
    AfterValidator(_rising),
    Field(title="各级补贴", description="证书等级对应的每月补贴（元），逐级提高"),
]


class CertificateAllowance(Terms):
    lowest: Amount = Field(title="补贴下限", description="每月每人不低于此数（元）")
    amounts: RisingAllowances

    @model_validator(mode="after")
    def _not_below_the_lowest(self) -> Self:
        if min(self.amounts.values()) < self.lowest:
            raise ValueError(f"the allowance is at least {self.lowest}")
        return self


@rule("allowance.certificate")
def certificate_allowance(
    terms: CertificateAllowance, *, level: Annotated[CertificateLevel, Field(title="证书等级")]
) -> Yuan:
    """The monthly allowance of whoever holds a social worker's certificate.

    Our reading: the highest level held counts, alone.
    """
    return terms.amounts[level]
