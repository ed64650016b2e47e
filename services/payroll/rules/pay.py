"""What a month's pay is made of: components, part of a month, the pool, the certificate allowance."""

import calendar
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.money import Yuan, share_out, to_fen
from common.policy import Terms, rule
from common.text import Code, Line


class ComponentKind(StrEnum):
    SHARE_OF_STANDARD = "share_of_standard"
    POOLED_SHARE_OF_STANDARD = "pooled_share_of_standard"
    ENTERED = "entered"
    CERTIFICATE_ALLOWANCE = "certificate_allowance"


SHARES = frozenset({ComponentKind.SHARE_OF_STANDARD, ComponentKind.POOLED_SHARE_OF_STANDARD})


class Component(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    component: Code
    label_zh: Line
    kind: ComponentKind
    share: Decimal | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _share_where_it_belongs(self) -> Self:
        if (self.share is None) == (self.kind in SHARES):
            raise ValueError(f"{self.component}: a share of the standard has a `share`, any other kind has none")
        return self


class PayComposition(Terms):
    components: tuple[Component, ...] = Field(
        title="工资构成", description="各组成项；标准工资各份额合计须为1", min_length=1
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        codes = [component.component for component in self.components]
        if len(set(codes)) != len(codes):
            raise ValueError("each component stands once")
        if sum(component.share or Decimal(0) for component in self.components) != 1:
            raise ValueError("the shares of the standard add up to 1")
        for kind in ComponentKind:
            if kind is not ComponentKind.SHARE_OF_STANDARD and self._count(kind) > 1:
                raise ValueError(f"at most one component is of the kind {kind}")
        return self

    def _count(self, kind: ComponentKind) -> int:
        return sum(component.kind is kind for component in self.components)


class ComponentAmount(BaseModel):
    component: str
    label_zh: str
    kind: ComponentKind
    share: Decimal | None
    amount: Yuan


class Composition(BaseModel):
    amounts: list[ComponentAmount]

    def of(self, kind: ComponentKind) -> ComponentAmount | None:
        return next((one for one in self.amounts if one.kind is kind), None)


@rule("pay.composition")
def compose_pay(
    terms: PayComposition,
    *,
    standard: Annotated[Yuan, Field(title="本月标准工资", ge=0)],
    entered: Annotated[Yuan | None, Field(title="填报的绩效工资", ge=0)] = None,
    allowance: Annotated[Yuan | None, Field(title="证书补贴", ge=0)] = None,
) -> Composition:
    """What a month's pay is made of, component by component.

    share_of_standard is paid as it is; pooled_share_of_standard needs pool.shares answered too, certificate_allowance
    needs allowance.certificate; entered is typed in for each run and month.

    Our reading: the shares of the standard add up to it to the fen, a left-over fen going to the larger remainder.
    A pooled share is what the worker's post brings into the pool, not yet what comes out of it. An amount that
    nobody entered is nothing; an allowance appears only for whoever holds a certificate.
    """
    shares = share_out(standard, {one.component: one.share for one in terms.components if one.share is not None})
    given = {ComponentKind.ENTERED: entered or Decimal("0.00"), ComponentKind.CERTIFICATE_ALLOWANCE: allowance}
    amounts = []
    for one in terms.components:
        amount = shares[one.component] if one.kind in SHARES else given[one.kind]
        if amount is not None:
            amounts.append(
                ComponentAmount(
                    component=one.component, label_zh=one.label_zh, kind=one.kind, share=one.share, amount=amount
                )
            )
    return Composition(amounts=amounts)


class PartOfMonth(StrEnum):
    BY_21_75 = "by_21_75"
    BY_WORKING_DAYS = "by_working_days"
    BY_CALENDAR_DAYS = "by_calendar_days"


class PartialMonth(Terms):
    method: PartOfMonth = Field(title="不足整月的折算办法", description="按月计薪天数、按当月计薪日或按日历日")
    paid_days: Decimal | None = Field(default=None, gt=0, title="月计薪天数", description="按月计薪天数折算时必填")

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


@rule("pay.partial_month")
def pay_for_part_of_month(
    terms: PartialMonth,
    *,
    monthly: Annotated[Yuan, Field(title="整月金额", ge=0)],
    periods: Annotated[tuple[Period, ...], Field(title="在岗日期", min_length=1)],
) -> Yuan:
    """How much of a monthly amount falls to the days in the post within one month.

    Our reading: paid days are Monday to Friday; statutory holidays among them are paid, so they count, and moved
    rest days do not change the number. By the fixed number of paid days a month never yields more than the whole.
    """
    whole_month = month_around(periods[0].first_day)
    if periods == (whole_month,):
        return monthly
    if terms.method is PartOfMonth.BY_CALENDAR_DAYS:
        return to_fen(monthly * len(_days(*periods)) / len(_days(whole_month)))
    paid_days = terms.paid_days if terms.method is PartOfMonth.BY_21_75 else _weekdays(whole_month)
    assert paid_days is not None  # noqa: S101  # the terms saw to it
    return min(monthly, to_fen(monthly * _weekdays(*periods) / paid_days))


def month_around(day: date) -> Period:
    last = calendar.monthrange(day.year, day.month)[1]
    return Period(first_day=day.replace(day=1), last_day=day.replace(day=last))


def _days(*periods: Period) -> list[date]:
    return [
        one.first_day + timedelta(days=number)
        for one in periods
        for number in range((one.last_day - one.first_day).days + 1)
    ]


def _weekdays(*periods: Period) -> int:
    return sum(day.weekday() not in (calendar.SATURDAY, calendar.SUNDAY) for day in _days(*periods))


class WeighBy(StrEnum):
    SCORE = "score"
    SCORE_AND_SHARE = "score_and_share"


class PoolShares(Terms):
    weigh_by: WeighBy = Field(title="分配依据", description="按考核得分，或按得分乘以本人计入总额的份额")


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
    weights = {
        worker: score * brought_in[worker] if terms.weigh_by is WeighBy.SCORE_AND_SHARE else score
        for worker, score in scores.items()
    }
    return share_out(sum(brought_in.values(), Decimal("0.00")), weights)


class CertificateLevel(StrEnum):
    """From low to high."""

    ASSISTANT_SOCIAL_WORKER = "assistant_social_worker"
    SOCIAL_WORKER = "social_worker"
    SENIOR_SOCIAL_WORKER = "senior_social_worker"


class CertificateAllowance(Terms):
    lowest: Yuan = Field(title="补贴下限", description="每月每人不低于此数（元）", ge=0)
    amounts: dict[CertificateLevel, Yuan] = Field(
        title="各级补贴", description="证书等级对应的每月补贴（元），逐级提高"
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if set(self.amounts) != set(CertificateLevel):
            raise ValueError("each certificate level has its amount")
        rising = [self.amounts[level] for level in CertificateLevel]
        if rising[0] < self.lowest:
            raise ValueError(f"the allowance is at least {self.lowest}")
        if any(higher <= lower for lower, higher in pairwise(rising)):
            raise ValueError("the allowance rises strictly with the level")
        return self


@rule("allowance.certificate")
def certificate_allowance(
    terms: CertificateAllowance, *, level: Annotated[CertificateLevel, Field(title="证书等级")]
) -> Yuan:
    """The monthly allowance of whoever holds a social worker's certificate.

    Our reading: the highest level held counts, alone.
    """
    return terms.amounts[level]
