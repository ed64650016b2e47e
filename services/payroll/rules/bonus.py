"""The annual bonus: taxed apart by the month's table, or merged into the year's wages."""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, Field, PositiveInt

from common.money import Yuan, to_fen
from common.policy import Terms, rule
from payroll.rules.arithmetic import Bool, Int, column, fen, yuan
from payroll.rules.tax import Table, TaxOnTable, Total, bracket_of, tax_on


class BonusApart(Table):
    """The table is the month's; its quick deduction is taken off once, so the tax on the whole bonus jumps."""

    months: int = Field(title="折算月数", description="奖金除以此数后查月度税率表", ge=1, le=12)


class TaxedBonus(TaxOnTable):
    """`month_average` is shown to the fen; the bracket is found by the unrounded one."""

    month_average: Yuan
    net: Yuan


@rule("tax.bonus_apart")
def tax_bonus_apart(terms: BonusApart, *, bonus: Annotated[Total, Field(title="全年一次性奖金")]) -> TaxedBonus:
    """The tax on an annual bonus that is taxed apart from the wages.

    Where no clause answers, the bonus is taxed with the wages of its month.

    Our reading: no deduction of any kind is taken off; the bonus divided by the months of a year, unrounded, finds the
    bracket; the quick deduction is taken off once. Bonuses of a quarter or half a year are wages.
    """
    average = bonus / terms.months
    bracket = bracket_of(average, terms.brackets)
    tax = yuan(tax_on(terms.brackets, column(fen(bonus)), months=terms.months)[0])
    return TaxedBonus(month_average=to_fen(average), rate=bracket.rate, quick=bracket.quick, tax=tax, net=bonus - tax)


class BlindZone(BaseModel):
    """A bonus above `start_exclusive` and below `end` leaves less than one of `start_exclusive`."""

    start_exclusive: Yuan
    end: Yuan


@rule("tax.bonus_blind_zones")
def blind_zones_of_bonus(terms: BonusApart) -> list[BlindZone]:
    """Between which amounts a larger bonus taxed apart leaves the worker less than a smaller one."""
    zones = []
    for lower, higher in pairwise(terms.brackets):
        assert lower.up_to is not None  # noqa: S101  # the terms saw to it
        start = lower.up_to * terms.months
        net = start - lower.tax(start)
        zones.append(BlindZone(start_exclusive=start, end=to_fen((net - higher.quick) / (1 - higher.rate))))
    return zones


Way = Literal["separate", "merged"]


class BonusChoice(Terms):
    times_a_year: PositiveInt = Field(title="每年可单独计税次数")
    when_equal: Way = Field(title="两法税额相同时")


class BonusWays(BaseModel):
    """`separate` is null where it is not open; `better` is shown, the person chooses."""

    separate: Yuan | None
    merged: Yuan
    better: Way
    saves: Yuan


@rule("tax.bonus_choice")
def better_way_for_bonus(
    terms: BonusChoice,
    *,
    wage_tax: Annotated[Total, Field(title="不含奖金的全年税额")],
    bonus_tax: Annotated[Total | None, Field(title="奖金单独计税的税额")],
    merged_tax: Annotated[Total, Field(title="奖金并入后的全年税额")],
    times_used: Annotated[int, Field(title="本年已单独计税次数", ge=0)] = 0,
) -> BonusWays:
    """By which way an annual bonus bears less tax over the year.

    Our reading: the two totals of the year are compared, wages and bonus together; taxing apart is open so many times
    a person and year, at all employers together, and not where no clause fixes its tax (`bonus_tax` is empty).
    """
    if bonus_tax is None or times_used >= terms.times_a_year:
        return BonusWays(separate=None, merged=merged_tax, better="merged", saves=Decimal("0.00"))
    separate = wage_tax + bonus_tax
    apart = apart_is_better(terms, column(fen(separate)), column(fen(merged_tax)))[0]
    better: Way = "separate" if apart else "merged"
    return BonusWays(separate=separate, merged=merged_tax, better=better, saves=abs(separate - merged_tax))


def apart_is_better(terms: BonusChoice, separate: Int, merged: Int) -> Bool:
    """Row by row, of the two totals of tax over the year."""
    better: Bool = separate <= merged if terms.when_equal == "separate" else separate < merged
    return better
