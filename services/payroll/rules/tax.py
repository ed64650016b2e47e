"""Income tax on wages: withheld cumulatively over the tax year, and settled when it is over."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.decimals import Share
from common.money import Yuan, to_fen
from common.policy import Terms, rule
from payroll.rules.amounts import Amount, AmountOfYear
from payroll.rules.arithmetic import MOST_FACTOR, Bool, Int, Ratio, Same, column, fen, yuan

NOTHING = Decimal("0.00")


class Bracket(BaseModel):
    """Up to and with `up_to` taxable yuan; null for the last bracket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to: AmountOfYear | None
    rate: Share
    quick: AmountOfYear

    def tax(self, taxable: Decimal) -> Decimal:
        """Rounded half up to the fen."""
        return to_fen(taxable * self.rate - self.quick)


def bracket_of(amount: Decimal, brackets: Sequence[Bracket]) -> Bracket:
    return next(one for one in brackets if one.up_to is None or amount <= one.up_to)


@dataclass(frozen=True)
class _Figures:
    """Twice the tax over `under` is `over * amount - off`, half a fen added for the rounding."""

    under: int
    over: tuple[int, ...]
    off: tuple[int, ...]
    ends: tuple[int, ...]
    columns: tuple[Int, Int, Int]  # ends, over, off
    rises: bool
    is_wide: bool  # worked out in Python's integers


@lru_cache(maxsize=256)
def _figures(table: Same[tuple[Bracket, ...]], months: int) -> _Figures:
    rates = [Ratio.of(one.rate) for one in table.it]
    under = math.lcm(*(rate.under for rate in rates))
    over = [2 * rate.over * (under // rate.under) for rate in rates]
    off = [2 * fen(one.quick) * under - under for one in table.it]
    ends = [fen(one.up_to) * months for one in table.it if one.up_to is not None]
    return _Figures(
        under=2 * under,
        over=tuple(over),
        off=tuple(off),
        ends=tuple(ends),
        columns=(column(*ends), column(*over), column(*off)),
        rises=over == sorted(over),
        is_wide=max(over) > MOST_FACTOR,
    )


def tax_on(brackets: tuple[Bracket, ...], amounts: Int, *, months: int = 1) -> Int:
    """The tax on each amount, fen, half up. The bracket is found by the amount divided by `months`.

    Where the table is the amount's own and its rates rise, the tax is the largest that any bracket gives, which is
    found without looking a bracket up.
    """
    table = _figures(Same(brackets), months)
    over, off = table.over, table.off
    reached = 1 + bisect_left(table.ends, int(amounts.max(initial=0)))
    given = amounts.astype(object) if table.is_wide else amounts
    if reached == 1 or (months == 1 and table.rises):
        found = given * over[0]
        found -= off[0]
        for rate, deduction in zip(over[1:reached], off[1:reached], strict=True):
            other = given * rate
            other -= deduction
            np.maximum(found, other, out=found)
    else:
        ends, rates, deductions = table.columns
        place = ends.searchsorted(amounts, side="left")
        found = given * rates[place] - deductions[place]
    found //= table.under
    return found.astype(amounts.dtype, copy=False)


class Table(Terms):
    brackets: tuple[Bracket, ...] = Field(
        title="税率表", description="应纳税所得额的级距、税率和速算扣除数", min_length=1
    )

    @model_validator(mode="after")
    def _joined(self) -> Self:
        if self.brackets[-1].up_to is not None or any(one.up_to is None for one in self.brackets[:-1]):
            raise ValueError("the last bracket alone has no up_to")
        for lower, higher in pairwise(self.brackets):
            assert lower.up_to is not None  # noqa: S101  # checked above
            if higher.up_to is not None and higher.up_to <= lower.up_to:
                raise ValueError("the brackets rise")
            if higher.quick - lower.quick != lower.up_to * (higher.rate - lower.rate):
                raise ValueError(f"the tax jumps at {lower.up_to}: check rates and quick deductions there")
        return self


class CumulativeWithholding(Table):
    basic_monthly: Amount = Field(title="每月减除费用", description="元/月")


class Withholding(BaseModel):
    """`due` may be negative, what is withheld now never is; `basic` follows from terms and facts, unrecorded."""

    taxable: Yuan
    rate: Decimal
    quick: Yuan
    tax: Yuan
    due: Yuan
    withhold: Yuan
    basic: Yuan = Field(exclude=True)


Total = Annotated[Yuan, Field(ge=0)]


@rule("tax.cumulative_withholding")
def withhold_cumulatively(
    terms: CumulativeWithholding,
    *,
    months: Annotated[int, Field(title="任职月数", ge=1)],
    income: Annotated[Total, Field(title="累计收入")],
    exempt: Annotated[Total, Field(title="累计免税收入")] = NOTHING,
    special: Annotated[Total, Field(title="累计专项扣除")] = NOTHING,
    additional: Annotated[Total, Field(title="累计专项附加扣除")] = NOTHING,
    other: Annotated[Total, Field(title="累计其他扣除")] = NOTHING,
    relief: Annotated[Total, Field(title="累计减免税额")] = NOTHING,
    withheld: Annotated[Total, Field(title="累计已预扣税额")] = NOTHING,
) -> Withholding:
    """How much income tax is withheld from this month's wages.

    Our reading: all facts are totals of the tax year with this employer, this month included, by the month of
    payment; `months` counts those of employment. The cumulative tax is rounded half up to the fen, the month's
    difference is not rounded again; a negative difference is carried within the year and not paid back.
    """
    so_far = SoFar(
        **{
            name: column(fen(amount))
            for name, amount in {
                "income": income, "exempt": exempt, "special": special, "additional": additional,
                "other": other, "relief": relief, "withheld": withheld,
            }.items()
        }
    )  # fmt: skip
    found = withhold(terms, column(months), so_far)
    taxable = yuan(found.taxable[0])
    bracket = bracket_of(taxable, terms.brackets)
    return Withholding(
        taxable=taxable,
        rate=bracket.rate,
        quick=bracket.quick,
        tax=yuan(found.tax[0]),
        due=yuan(found.due[0]),
        withhold=yuan(found.withhold[0]),
        basic=terms.basic_monthly * months,
    )


@dataclass(frozen=True)
class SoFar:
    """Totals of the tax year, row by row, in fen, the present payment included (but in `withheld`)."""

    income: Int
    exempt: Int
    special: Int
    additional: Int
    other: Int
    relief: Int
    withheld: Int


@dataclass(frozen=True)
class Withheld:
    taxable: Int
    tax: Int
    due: Int
    withhold: Int


def withhold(terms: CumulativeWithholding, months: Int, so_far: SoFar) -> Withheld:
    left = so_far.income - so_far.exempt
    left -= months * fen(terms.basic_monthly)
    left -= so_far.special
    left -= so_far.additional
    left -= so_far.other
    taxable = np.maximum(left, 0)
    tax = tax_on(terms.brackets, taxable)
    due = tax - so_far.relief - so_far.withheld
    return Withheld(taxable, tax, due, np.maximum(due, 0))


class BasicMode(StrEnum):
    """How the months of the basic deduction are counted for a person in a tax year."""

    EMPLOYMENT_MONTHS = "employment_months"
    FIRST_JOB_OF_YEAR = "first_job_of_year"
    ANNUAL_60000 = "annual_60000"


class BasicModeTerms(Terms):
    first_job: bool = Field(default=False, title="当年首次取得工资的从一月起算")
    last_year_most: AmountOfYear | None = Field(
        default=None, title="上年工资上限", description="上年全年在本单位、工资不超过此数的，一次扣足全年（元）"
    )


@rule("tax.basic_mode")
def mode_of_basic_deduction(
    terms: BasicModeTerms,
    *,
    paid_before_this_year: Annotated[bool, Field(title="入职前本年已取得工资或连续劳务报酬")],
    whole_last_year_here: Annotated[bool, Field(title="上年十二个月均在本单位并逐月申报")],
    income_last_year: Annotated[Total, Field(title="上年工资薪金收入")],
    ordinary_agreed: Annotated[bool, Field(title="已约定按月扣除")] = False,
) -> BasicMode:
    """How the months of the basic deduction are counted for a person in a tax year.

    Our reading: last year's income is that of all kinds of wages before any deduction, and the limit itself still
    suffices. Whoever was here all last year cannot have a first job this year. What the person and the employer agreed
    before January's filing goes first. The mode stays for the year.
    """
    if whole_last_year_here:
        fits = is_within_last_year_most(terms, column(fen(income_last_year)))[0]
        return BasicMode.ANNUAL_60000 if fits and not ordinary_agreed else BasicMode.EMPLOYMENT_MONTHS
    if terms.first_job and not paid_before_this_year:
        return BasicMode.FIRST_JOB_OF_YEAR
    return BasicMode.EMPLOYMENT_MONTHS


def is_within_last_year_most(terms: BasicModeTerms, income_last_year: Int) -> Bool:
    """Row by row, in fen, of those who were here all last year: whether the whole year is deducted at once."""
    most = terms.last_year_most
    found: Bool = np.zeros(len(income_last_year), dtype=bool) if most is None else income_last_year <= fen(most)
    return found


class BasicMonths(Terms):
    modes: tuple[BasicMode, ...] = Field(title="可用的减除方式", min_length=1)
    whole_year: int | None = Field(default=None, title="全年月数", description="一次扣足全年时必填", ge=1, le=12)

    @model_validator(mode="after")
    def _whole_year_where_needed(self) -> Self:
        if BasicMode.ANNUAL_60000 in self.modes and self.whole_year is None:
            raise ValueError("annual_60000 needs whole_year")
        if BasicMode.EMPLOYMENT_MONTHS not in self.modes:
            raise ValueError("employment_months is what the other modes fall back to: it must stand among the modes")
        return self


class CountedMonths(BaseModel):
    mode: BasicMode
    months: int


@rule("tax.basic_months")
def months_of_basic_deduction(
    terms: BasicMonths,
    *,
    mode: Annotated[BasicMode, Field(title="减除方式")],
    employed_months: Annotated[int, Field(title="本年任职月数", ge=1)],
    month: Annotated[int, Field(title="发放月份", ge=1)],
) -> CountedMonths:
    """How many months of the basic deduction count up to a month of payment.

    Our reading: a month of employment counts although nothing was paid in it. A mode not in force in that month counts
    by the months of employment, and the answer says so.
    """
    mode = mode if mode in terms.modes else BasicMode.EMPLOYMENT_MONTHS
    months = basic_months(terms, column(0), (mode,), column(employed_months), month=month)
    return CountedMonths(mode=mode, months=int(months[0]))


def basic_months(terms: BasicMonths, codes: Int, words: tuple[str, ...], employed_months: Int, *, month: int) -> Int:
    """Row by row; `codes` number the modes among `words`, -1 for none said."""
    found = employed_months
    for mode, months in ((BasicMode.ANNUAL_60000, terms.whole_year), (BasicMode.FIRST_JOB_OF_YEAR, month)):
        if mode in terms.modes and mode in words and months is not None:
            found = np.where(codes == words.index(mode), months, found)
    return found


class TaxOnTable(BaseModel):
    rate: Decimal
    quick: Yuan
    tax: Yuan


@rule("tax.by_year_table")
def tax_by_year_table(terms: Table, *, taxable: Annotated[Total, Field(title="应纳税所得额")]) -> TaxOnTable:
    """The tax on the taxable part of a year's comprehensive income.

    Our reading: the last fen of a bracket still belongs to it; the tax is rounded half up to the fen.
    """
    bracket = bracket_of(taxable, terms.brackets)
    tax = yuan(tax_on(terms.brackets, column(fen(taxable)))[0])
    return TaxOnTable(rate=bracket.rate, quick=bracket.quick, tax=tax)


class YearSettlement(Table):
    basic_yearly: AmountOfYear = Field(title="全年减除费用", description="元/年")


class Settlement(TaxOnTable):
    """`due` is to be paid, or paid back where it is negative."""

    taxable: Yuan
    due: Yuan


@rule("tax.year_settlement")
def settle_year(
    terms: YearSettlement,
    *,
    income: Annotated[Total, Field(title="全年收入")],
    exempt: Annotated[Total, Field(title="全年免税收入")] = NOTHING,
    special: Annotated[Total, Field(title="全年专项扣除")] = NOTHING,
    additional: Annotated[Total, Field(title="全年专项附加扣除")] = NOTHING,
    other: Annotated[Total, Field(title="全年其他扣除")] = NOTHING,
    relief: Annotated[Total, Field(title="全年减免税额")] = NOTHING,
    withheld: Annotated[Total, Field(title="已预扣税额")] = NOTHING,
) -> Settlement:
    """What remains to be paid, or is paid back, when the tax year is settled.

    Our reading: `income` is that of all employers together, with labour remuneration after its expenses; the yearly
    deduction stands once, whatever each employer deducted; nothing unused is carried into the next year. An annual
    bonus taxed apart is left out on both sides. Whether a small difference is waived is not decided here.
    """
    taxable = max(income - (exempt + terms.basic_yearly + special + additional + other), NOTHING)
    bracket = bracket_of(taxable, terms.brackets)
    tax = bracket.tax(taxable)
    owed = max(tax - relief, NOTHING)
    return Settlement(taxable=taxable, rate=bracket.rate, quick=bracket.quick, tax=tax, due=owed - withheld)
