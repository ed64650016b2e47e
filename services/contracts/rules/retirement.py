"""Retirement age, and the contributions a pension takes."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from common.policy import Terms, rule
from contracts.rules.agreements import months_after


class RetirementCategory(StrEnum):
    """A stored fact of the post, never derived from sex alone; the number is the age before the delay."""

    MALE60 = "male60"
    FEMALE55 = "female55"
    FEMALE50 = "female50"


class Delay(BaseModel):
    """From `age_years` on: a month later for every `step_months` months by which that age is reached later."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    age_years: PositiveInt
    step_months: PositiveInt
    most_months: PositiveInt


class RetirementAge(Terms):
    delayed_from: date = Field(title="延迟起始月", description="原退休年龄在此月或以后届满的，开始延迟")
    months_of_year: PositiveInt = Field(title="每年月数")
    delays: dict[RetirementCategory, Delay] = Field(
        title="各类人员", description="原退休年龄、每几个月延迟一个月、最多延迟几个月"
    )

    @model_validator(mode="after")
    def _each_category(self) -> Self:
        if set(self.delays) != set(RetirementCategory):
            raise ValueError("each category has its row")
        return self


class Retirement(BaseModel):
    """`retires_in` is the first day of the month; the age is `years` and `months`."""

    delay_months: int
    years: int
    months: int
    retires_in: date


@rule("retirement.statutory_age")
def retirement_age(
    terms: RetirementAge,
    *,
    category: Annotated[RetirementCategory, Field(title="人员类别")],
    born: Annotated[date, Field(title="出生年月")],
) -> Retirement:
    """At which age, and in which month, a person reaches the statutory retirement age.

    Our reading: the day of birth does not matter, the month alone; a step begun counts whole. Retiring earlier or later
    by choice, within what the law leaves open, is not decided here.
    """
    row = terms.delays[category]
    birth_month = born.replace(day=1)
    before = months_after(birth_month, row.age_years * terms.months_of_year)
    years_late, months_late = before.year - terms.delayed_from.year, before.month - terms.delayed_from.month
    passed = years_late * terms.months_of_year + months_late + 1
    delay = min(row.most_months, -(-passed // row.step_months)) if passed > 0 else 0
    years, months = divmod(delay, terms.months_of_year)
    return Retirement(
        delay_months=delay,
        years=row.age_years + years,
        months=months,
        retires_in=months_after(before, delay),
    )


class ContributionMonths(Terms):
    months: PositiveInt = Field(title="最低缴费月数")
    rising_from_year: PositiveInt = Field(title="从哪一年起提高")
    step_months: PositiveInt = Field(title="每年提高月数")
    most_months: PositiveInt = Field(title="最高月数")


@rule("pension.least_contribution_months")
def least_contribution_months(terms: ContributionMonths, *, year: Annotated[int, Field(title="退休年份", ge=1)]) -> int:
    """How many months of contributions a pension takes for whoever retires in a year."""
    risen = max(year - terms.rising_from_year + 1, 0)
    return min(terms.months + risen * terms.step_months, terms.most_months)
