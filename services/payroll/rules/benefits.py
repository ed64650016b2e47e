"""What benefits a place grants beside pay: to whom, how often, and up to which amount."""

from calendar import monthrange
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from common.money import Yuan
from common.policy import Finding, Terms, rule
from common.text import Code, Line
from common.words import word
from payroll.rules.amounts import Amount

MONTHS_OF_YEAR = 12


class RecordedAs(StrEnum):
    """In the register of benefits, each time; or as leave, with the agreement it is taken from."""

    GRANT = "grant"
    LEAVE = "leave"


class BenefitKind(BaseModel):
    """`after_months`: full months of service before somebody is entitled. `recurs`: once in so many years, otherwise
    as the need arises. `paid`: money is paid, otherwise the benefit is had in kind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    benefit: Code
    label_zh: Line
    recorded_as: RecordedAs = RecordedAs.GRANT
    after_months: NonNegativeInt = 0
    recurs: bool = False
    paid: bool = False

    @model_validator(mode="after")
    def _leave_says_nothing_else(self) -> Self:
        if self.recorded_as is RecordedAs.LEAVE and (self.recurs or self.paid or self.after_months):
            raise ValueError(f"{self.benefit} is recorded as leave: recurs, paid and after_months say nothing of it")
        return self


class BenefitEntitlements(Terms):
    kinds: tuple[BenefitKind, ...] = Field(
        title="福利项目", description="本地给予的福利；是否定期、是否发钱、在岗满几个月起享受", min_length=1
    )

    @field_validator("kinds")
    @classmethod
    def _each_once(cls, kinds: tuple[BenefitKind, ...]) -> tuple[BenefitKind, ...]:
        codes = [kind.benefit for kind in kinds]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands here twice")
        return kinds

    def kind(self, benefit: str) -> BenefitKind | None:
        return next((kind for kind in self.kinds if kind.benefit == benefit), None)


class BenefitIntervals(Terms):
    years: dict[Code, PositiveInt] = Field(title="福利周期（年）", description="定期福利每几个自然年一次，按项目")


class BenefitLimits(Terms):
    most: dict[Code, Amount] = Field(title="每次最高金额", description="发钱的福利每次最多多少元，按项目")


NOT_GRANTED_HERE = "benefit_not_granted_here"


@rule("benefit.entitlement", every=True)
def may_receive_benefit(
    terms: BenefitEntitlements,
    *,
    benefit: Annotated[Code, Field(title="福利")],
    in_service: Annotated[bool, Field(title="当日是否在岗")],
    months_of_service: Annotated[int, Field(title="在岗满月数", ge=0)],
    amount: Annotated[Yuan | None, Field(title="金额", gt=0)],
) -> list[Finding]:
    """Whether somebody may be given a benefit on a day.

    Clauses add up: what the nearest one does not name, a wider one may. Our reading: months of service are full ones
    from the day of hiring, where that is not known from the first day served. Leave is a benefit, but none that is
    given here: its days are recorded with the agreement, and what days of it somebody has is another question's.
    Money given here is a subsidy for somebody in need out of the unit's welfare funds, which is free of income tax
    (Individual Income Tax Law, article 4(4); its Implementation Regulation, article 11) and no part of a payslip. What
    everybody gets alike, or what is paid for work, is wages and is entered for the month.
    """
    kind = terms.kind(benefit)
    if kind is None:
        known = "、".join(one.label_zh for one in terms.kinds), ", ".join(one.benefit for one in terms.kinds)
        zh = f"本条款没有“{word(benefit)}”这项福利，只有：{known[0]}。请核对福利项目"
        return [Finding(code=NOT_GRANTED_HERE, zh=zh, en=f"{benefit} is not granted here; what is: {known[1]}")]
    if kind.recorded_as is RecordedAs.LEAVE:
        zh = f"“{kind.label_zh}”不在福利台账登记，请按假期登记（record_leave）"
        return [Finding(code="recorded_as_leave", zh=zh, en=f"{benefit} is recorded as leave (record_leave)")]
    return [*_of_service(kind, in_service, months_of_service), *_of_money(kind, amount)]


def _of_service(kind: BenefitKind, in_service: bool, months_of_service: int) -> list[Finding]:
    if not in_service:
        zh, en = "该人员当日不在岗，请核对人员和日期", "the person is not in service on that day: check person and day"
        return [Finding(code="not_in_service", zh=zh, en=en)]
    if months_of_service < kind.after_months:
        zh = f"“{kind.label_zh}”须在岗满{kind.after_months}个月，该人员当日满{months_of_service}个月"
        en = f"{kind.benefit} needs {kind.after_months} months of service; there are {months_of_service}"
        return [Finding(code="not_entitled_yet", zh=zh, en=en)]
    return []


def _of_money(kind: BenefitKind, amount: Yuan | None) -> list[Finding]:
    if kind.paid and amount is None:
        zh, en = f"“{kind.label_zh}”须填写金额", f"{kind.benefit} is paid: give the amount"
        return [Finding(code="amount_missing", zh=zh, en=en)]
    if not kind.paid and amount is not None:
        zh, en = f"“{kind.label_zh}”不发钱，请勿填写金额", f"{kind.benefit} is not paid in money: give no amount"
        return [Finding(code="not_paid_in_money", zh=zh, en=en)]
    return []


@rule("benefit.interval")
def may_receive_again(
    terms: BenefitIntervals,
    *,
    benefit: Annotated[Code, Field(title="福利")],
    year: Annotated[int, Field(title="享受年度", ge=1949, le=2199)],
    granted_in: Annotated[list[int], Field(title="已享受年度")],
) -> list[Finding]:
    """Whether a benefit that comes back every so many years may be given in a year.

    Our reading: by calendar years, whatever the day. Every two years means: not in the same year as another one, not in
    the year before or after it. So one that is recorded late is held against later ones as well.
    """
    years = terms.years.get(benefit)
    if years is None:
        zh = f"尚未录入“{word(benefit)}”每几年一次，请先录入并由另一人复核"
        return [Finding(code="interval_unknown", zh=zh, en=f"how often {benefit} is granted has not been entered")]
    near = within_interval(years, year=year, granted_in=granted_in)
    if near is None:
        return []
    zh = f"“{word(benefit)}”每{years}年一次，{near}年已享受，{year}年不能再次享受"
    en = f"{benefit} is granted once in {years} year(s); it was granted in {near} and cannot be again in {year}"
    return [Finding(code="granted_already", zh=zh, en=en)]


@rule("benefit.limit")
def may_pay_benefit(
    terms: BenefitLimits,
    *,
    benefit: Annotated[Code, Field(title="福利")],
    amount: Annotated[Yuan, Field(title="金额", gt=0)],
) -> list[Finding]:
    """Whether so much money may be given at once as a benefit.

    Our reading: the bound is on each grant, not on a year. How it stands to income tax: see `benefit.entitlement`.
    """
    most = terms.most.get(benefit)
    if most is None:
        zh = f"尚未录入“{word(benefit)}”每次最高金额，请先录入并由另一人复核"
        return [Finding(code="limit_unknown", zh=zh, en=f"the most that {benefit} may come to has not been entered")]
    if amount <= most:
        return []
    zh = f"“{word(benefit)}”每次最多{most}元，{amount}元超出；请按不超过该金额办理"
    return [Finding(code="above_limit", zh=zh, en=f"{benefit} is at most {most} yuan each time; {amount} is more")]


def within_interval(years: int, *, year: int, granted_in: Collection[int]) -> int | None:
    """The year of a grant that stands in the way of one in `year`, the nearest; None where none does."""
    near = [one for one in granted_in if abs(year - one) < years]
    return min(near, key=lambda one: (abs(year - one), one), default=None)


def full_months(since: date, on: date) -> int:
    """How many months are full on a day; where a month lacks the day of `since`, its last day completes one."""
    months = (on.year - since.year) * MONTHS_OF_YEAR + on.month - since.month
    completes = min(since.day, monthrange(on.year, on.month)[1])
    return max(months - (on.day < completes), 0)
