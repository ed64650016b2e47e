"""Union dues."""

from typing import Annotated

from pydantic import Field

from common.decimals import Share
from common.money import Yuan
from common.policy import Terms, rule
from payroll.rules.amounts import Positive
from payroll.rules.arithmetic import Int, Ratio, column, fen, half_up, yuan


class UnionDues(Terms):
    share: Share = Field(title="会费比例")
    unit: Positive = Field(title="计算单位", description="基本收入不足此数的尾数不计（元）")


@rule("union.dues")
def dues_of_member(terms: UnionDues, *, basic_pay: Annotated[Yuan, Field(title="每月基本收入", ge=0)]) -> Yuan:
    """A union member's monthly dues.

    Our reading: bonuses and allowances are no basic income; what is left over a whole number of units is not counted.
    """
    return yuan(dues(terms, column(fen(basic_pay)))[0])


def dues(terms: UnionDues, basic_pay: Int) -> Int:
    unit = fen(terms.unit)
    return half_up(basic_pay // unit * unit, Ratio.of(terms.share))


class UnionFund(Terms):
    share: Share = Field(title="工会经费比例")


@rule("union.fund")
def fund_of_employer(terms: UnionFund, *, wages: Annotated[Yuan, Field(title="全部职工工资总额", ge=0)]) -> Yuan:
    """What an employer with a union pays to it for a month.

    Our reading: wages are the gross pay of everybody on its payroll, staff under purchased services not among them.
    """
    return yuan(half_up(column(fen(wages)), Ratio.of(terms.share))[0])
