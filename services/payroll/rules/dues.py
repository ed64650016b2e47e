from decimal import Decimal
from typing import Annotated

from pydantic import Field

from common.money import Yuan, to_fen
from common.policy import Terms, rule


class UnionDues(Terms):
    share: Decimal = Field(title="会费比例", ge=0, le=1)
    unit: Yuan = Field(title="计算单位", description="基本收入不足此数的尾数不计（元）", gt=0)


@rule("union.dues")
def dues_of_member(terms: UnionDues, *, basic_pay: Annotated[Yuan, Field(title="每月基本收入", ge=0)]) -> Yuan:
    """A union member's monthly dues.

    Our reading: bonuses and allowances are no basic income; what is left over a whole number of units is not counted.
    """
    return to_fen(basic_pay // terms.unit * terms.unit * terms.share)
