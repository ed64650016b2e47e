"""What is owed when a labour contract ends, and when it was written too late."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, Field, PositiveInt, model_validator

from common.decimals import PLAIN, Share
from common.money import Yuan, to_fen
from common.policy import Terms, rule
from contracts.rules.agreements import EndsOn, months_after

NOTHING = Decimal("0.00")
Times = Annotated[Decimal, Field(gt=0, le=100, decimal_places=2), PLAIN]


class SeveranceTerms(Terms):
    """`owed: false` alone says that none is owed."""

    owed: bool = Field(default=True, title="支付经济补偿")
    months_of_year: PositiveInt | None = Field(default=None, title="每满几个月为一年")
    whole_from_months: PositiveInt | None = Field(default=None, title="余数满几个月按一年计")
    shorter_counts: Share | None = Field(default=None, title="余数不足的按几年计")
    most_times_average: Times | None = Field(default=None, title="月工资封顶倍数")
    most_years_when_capped: Times | None = Field(default=None, title="封顶时最长年数")

    @model_validator(mode="after")
    def _how_much_where_owed(self) -> Self:
        if self.owed and self.months_of_year is None:
            raise ValueError("where severance is owed, months_of_year is needed")
        return self


class Severance(BaseModel):
    """`years` may end in a half; `counted_pay` is the month's pay that each of them brings."""

    years: Decimal
    counted_pay: Yuan
    capped: bool
    severance: Yuan


@rule("severance.amount")
def severance_amount(
    terms: SeveranceTerms,
    *,
    starts_on: Annotated[date, Field(title="用工首日")],
    ends_on: EndsOn,
    average_pay: Annotated[Yuan, Field(title="前十二个月月平均应得工资", ge=0)],
    local_average: Annotated[Yuan, Field(title="当地上年度职工月平均工资", gt=0)],
    minimum_wage: Annotated[Yuan, Field(title="当地月最低工资", gt=0)],
) -> Severance:
    """How much severance a contract brings that ends on a ground for which severance is owed.

    Our reading: years are counted from the first day of work to the day of the same number, that day excluded; a rest
    of exactly the months named makes a whole year, no rest at all adds nothing. The average is of due pay before any
    deduction, and never counts as less than the minimum wage. Only pay above the multiple of the local average is
    capped, and only then are the years. Whether the ground brings severance at all is not decided here.
    """
    if not terms.owed:
        return Severance(years=Decimal(0), counted_pay=NOTHING, capped=False, severance=NOTHING)
    years = _counted_years(terms, starts_on, ends_on)
    counted_pay, capped = max(average_pay, minimum_wage), False
    if terms.most_times_average is not None:
        ceiling = to_fen(local_average * terms.most_times_average)
        if average_pay > ceiling:
            counted_pay, capped = ceiling, True
            years = min(years, terms.most_years_when_capped or years)
    return Severance(years=years, counted_pay=counted_pay, capped=capped, severance=to_fen(counted_pay * years))


def _counted_years(terms: SeveranceTerms, starts_on: date, ends_on: date) -> Decimal:
    assert terms.months_of_year is not None  # noqa: S101  # the terms saw to it
    span = range(ends_on.year - starts_on.year + 1)
    years = max((y for y in span if months_after(starts_on, terms.months_of_year * y) <= ends_on), default=0)
    whole = terms.months_of_year * years
    if terms.whole_from_months is not None and months_after(starts_on, whole + terms.whole_from_months) <= ends_on:
        return Decimal(years + 1)
    rest = months_after(starts_on, whole) < ends_on
    return years + ((terms.shorter_counts or Decimal(0)) if rest else Decimal(0))


class DamagesTerms(Terms):
    times: Times = Field(title="赔偿金倍数", description="经济补偿的倍数")


@rule("severance.damages")
def damages_for_unlawful_end(terms: DamagesTerms, *, severance: Annotated[Yuan, Field(title="经济补偿", ge=0)]) -> Yuan:
    """How much is owed where the employer ended a contract against the law.

    Our reading: instead of severance, not beside it; counted from the first day of work.
    """
    return to_fen(severance * terms.times)


class DoublePayTerms(Terms):
    after_months: PositiveInt = Field(title="自用工满几个月的次日起")
    open_ended_after_months: PositiveInt = Field(title="满几个月未签的视为无固定期限")


class DoublePay(BaseModel):
    """`last_day` included; empty where nothing is doubled. `open_ended_from` where the contract counts as such."""

    first_day: date | None = None
    last_day: date | None = None
    open_ended_from: date | None = None


@rule("agreement.double_pay")
def double_pay_for_late_contract(
    terms: DoublePayTerms,
    *,
    works_from: Annotated[date, Field(title="用工首日")],
    signed_on: Annotated[date, Field(title="签订日（尚未签订的填核算日）")],
) -> DoublePay:
    """From which day to which wages are owed twice because no written contract was signed.

    Our reading, the stricter of two: the first working day itself counts, so that a month from the 10th is over with
    the 9th; the day of signing is no longer doubled. Nor is any day on which the contract already counts as
    open-ended. Refusal by the worker and terms extended by law are not looked at here.
    """
    first_day = months_after(works_from, terms.after_months)
    open_ended_from = months_after(works_from, terms.open_ended_after_months)
    stops_on = min(signed_on, open_ended_from)
    if stops_on <= first_day:
        return DoublePay()
    return DoublePay(
        first_day=first_day,
        last_day=stops_on - timedelta(days=1),
        open_ended_from=open_ended_from if signed_on >= open_ended_from else None,
    )
