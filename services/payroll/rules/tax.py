"""Income tax on wages, withheld cumulatively over the tax year."""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.money import Yuan, to_fen
from common.policy import Terms, rule

NOTHING = Decimal("0.00")


class Bracket(BaseModel):
    """Up to and with `up_to` cumulative taxable yuan; null for the last bracket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to: Yuan | None
    rate: Decimal = Field(ge=0, le=1)
    quick: Yuan


class CumulativeWithholding(Terms):
    basic_monthly: Yuan = Field(title="每月减除费用", description="元/月", ge=0)
    brackets: tuple[Bracket, ...] = Field(
        title="税率表", description="累计应纳税所得额的级距、税率和速算扣除数", min_length=1
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


class Withholding(BaseModel):
    """`due` may be negative; what is withheld now never is."""

    taxable: Yuan
    rate: Decimal
    quick: Yuan
    tax: Yuan
    due: Yuan
    withhold: Yuan


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
    deducted = exempt + terms.basic_monthly * months + special + additional + other
    taxable = max(income - deducted, NOTHING)
    bracket = next(one for one in terms.brackets if one.up_to is None or taxable <= one.up_to)
    tax = to_fen(taxable * bracket.rate - bracket.quick)
    due = tax - relief - withheld
    return Withholding(
        taxable=taxable, rate=bracket.rate, quick=bracket.quick, tax=tax, due=due, withhold=max(due, NOTHING)
    )
