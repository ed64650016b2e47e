"""What somebody should look at before a run is approved: swings, the average of a scheme, too large deductions."""

from decimal import Decimal
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from common.decimals import PLAIN, Share
from common.money import Yuan, to_fen
from common.policy import Finding, Terms, rule
from common.text import Code
from payroll.rules.amounts import Positive
from payroll.rules.arithmetic import Bool, Int, Ratio, column, fen, half_up, times, yuan


class PaySwing(Terms):
    share: Annotated[Decimal, Field(gt=0, le=100, decimal_places=4), PLAIN] = Field(
        title="波动比例", description="应发与上月相差超过上月此比例的，应予查看"
    )


@rule("pay.swing")
def swings(
    terms: PaySwing,
    *,
    gross: Annotated[Yuan, Field(title="本月应发")],
    last_gross: Annotated[Yuan, Field(title="上月应发", ge=0)],
) -> list[Finding]:
    """Whether pay differs so much from last month's that somebody should look at it.

    Our reading: the share itself is still usual. Where nothing was paid last month there is nothing to compare.
    """
    return [swing(gross, last_gross)] if has_swung(terms, column(fen(gross)), column(fen(last_gross)))[0] else []


def has_swung(terms: PaySwing, gross: Int, last_gross: Int) -> Bool:
    share = Ratio.of(terms.share)
    apart: Bool = times(np.abs(gross - last_gross), share.under) > times(last_gross, share.over)
    return apart & (last_gross > 0)


def swing(gross: Decimal, last_gross: Decimal) -> Finding:
    return Finding(
        code="pay_swing",
        zh=f"本月应发{gross}元，上月{last_gross}元，变动较大，请核对",
        en=f"gross pay is {gross} yuan, last month it was {last_gross}: a large change, please check",
    )


class SchemeAverage(Terms):
    reference: Positive = Field(title="参照的平均工资", description="当地参照岗位上年度月平均工资（元/月）")
    tolerance: Annotated[Share, Field(lt=1)] = Field(
        default=Decimal(0), title="容许差距", description="低于参照数此比例以内的为相当"
    )


class Average(BaseModel):
    """`average` is to the fen; `short` is what it lacks of the reference."""

    model_config = ConfigDict(frozen=True)

    average: Yuan
    reference: Yuan
    short: Yuan
    permitted: bool


@rule("scheme.average")
def average_of_scheme(
    terms: SchemeAverage,
    *,
    total: Annotated[Yuan, Field(title="全部人员月应发合计", ge=0)],
    people: Annotated[int, Field(title="人数", ge=1)],
) -> Average:
    """Whether a scheme's average pay reaches the local reference.

    Our reading: an average above the reference stands, nobody's pay is lowered for it; a shortfall is shown, and one
    within the tolerance is still on a par.
    """
    average = to_fen(total / people)
    short = max(terms.reference - average, Decimal("0.00"))
    on_a_par = short <= terms.reference * terms.tolerance
    return Average(average=average, reference=terms.reference, short=short, permitted=on_a_par)


class DeductionLimit(BaseModel):
    """Of the month's gross pay; `keeps_floor`: what is left is no less than the minimum wage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Share
    keeps_floor: bool = False


OWED = "owed"  # what was overpaid in earlier months, and what the employer laid out


class DeductionLimits(Terms):
    limits: dict[Code, DeductionLimit] = Field(
        title="代扣上限", description="各类代扣占当月应发的最高比例，以及余额是否不得低于最低工资", min_length=1
    )
    owed: DeductionLimit | None = Field(
        default=None, title="收回上限", description="每月收回多发工资和单位垫付款占当月应发的最高比例"
    )

    def limit_of(self, deduction: str) -> DeductionLimit | None:
        return self.owed if deduction == OWED else self.limits.get(deduction)


@rule("pay.deduction_limits")
def most_to_deduct(
    terms: DeductionLimits,
    *,
    deduction: Annotated[Code, Field(title="代扣种类")],
    gross: Annotated[Yuan, Field(title="当月应发", ge=0)],
    floor: Annotated[Yuan | None, Field(title="当月最低工资", ge=0)] = None,
) -> Yuan | None:
    """The most that may be taken from a month's pay for something entered; null where nothing bounds it.

    Our reading: what is left is counted before tax and the worker's own contributions; what a worker owes (`owed`) is
    got back within the same bounds as damage.
    """
    limit = terms.limit_of(deduction)
    if limit is None:
        return None
    return yuan(deduction_limit(limit, column(fen(gross)), None if floor is None else column(fen(floor)))[0])


def deduction_limit(limit: DeductionLimit, gross: Int, floor: Int | None) -> Int:
    most = half_up(np.maximum(gross, 0), Ratio.of(limit.share))
    if limit.keeps_floor and floor is not None:
        most = np.minimum(most, np.maximum(gross - floor, 0))
    return most
