"""The minimum wage: what it is in a place, and whether pay meets it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from common.money import Yuan, to_fen
from common.policy import Finding, Terms, rule
from payroll.rules.amounts import Positive
from payroll.rules.arithmetic import Bool, Int


class WageFloor(Terms):
    monthly: Positive = Field(title="月最低工资", description="全日制人员，元/月")
    hourly: Positive | None = Field(
        default=None, title="小时最低工资", description="非全日制人员，元/小时；未核实的留空"
    )


class Floor(BaseModel):
    monthly: Yuan
    hourly: Yuan | None


@rule("wage.floor")
def wage_floor(terms: WageFloor) -> Floor:
    """The minimum wage of the place where the work is done, by the month and by the hour."""
    return Floor(monthly=terms.monthly, hourly=terms.hourly)


class WorkingTime(StrEnum):
    FULL_TIME = "full_time"
    PART_TIME = "part_time"


class Basis(StrEnum):
    MONTHLY = "monthly"
    HOURLY = "hourly"


class MeetsFloor(Terms):
    basis: dict[WorkingTime, Basis] = Field(title="比较口径", description="全日制、非全日制各按月还是按小时比较")
    own_contributions_count: bool = Field(
        default=True, title="最低工资含个人缴费", description="个人缴纳的社会保险和公积金是否计入最低工资"
    )


@rule("pay.meets_floor")
def meets_floor(
    terms: MeetsFloor,
    *,
    normal_pay: Annotated[Yuan, Field(title="正常劳动应发工资")],
    own_contributions: Annotated[Yuan, Field(title="个人缴费")],
    monthly_floor: Annotated[Yuan, Field(title="本月最低工资")],
    hourly_floor: Annotated[Yuan | None, Field(title="小时最低工资")] = None,
    hours: Annotated[Decimal | None, Field(title="工时", gt=0)] = None,
) -> list[Finding]:
    """Whether pay for normal work is no less than the minimum wage.

    Where a clause answers, wage.floor must be answered for the place as well; where none does, pay is held to no floor.

    Our reading: pay without overtime pay is compared; whoever has hours entered works part-time. For part of a
    month the floor is that part of it; by the hour it is rounded as pay is. Where the hourly minimum is not known,
    nothing can be said and pay waits.
    """
    working_time = WorkingTime.FULL_TIME if hours is None else WorkingTime.PART_TIME
    basis = terms.basis.get(working_time)
    if basis is None:
        return []
    pay = normal_pay if terms.own_contributions_count else normal_pay - own_contributions
    floor: Decimal | None = monthly_floor
    if basis is Basis.HOURLY and hours is not None:
        floor = None if hourly_floor is None else to_fen(hourly_floor * hours)
    if floor is None:
        return [hourly_floor_unknown()]
    return [] if pay >= floor else [below_floor(pay, floor)]


def is_below_floor(terms: MeetsFloor, normal_pay: Int, own_contributions: Int, floor: Int) -> Bool:
    """The rows that are paid less than their floor."""
    pay = normal_pay if terms.own_contributions_count else normal_pay - own_contributions
    below: Bool = pay < floor
    return below


def hourly_floor_unknown() -> Finding:
    return Finding(
        code="hourly_floor_unknown",
        zh="本地区小时最低工资尚未录入，非全日制工资无法核对。请先录入标准",
        en="the hourly minimum wage of this place is not entered; enter it first",
    )


def below_floor(pay: Decimal, floor: Decimal) -> Finding:
    return Finding(
        code="below_floor",
        zh=f"正常劳动应发工资{pay}元，低于最低工资{floor}元。请提高薪酬标准并重新核算",
        en=f"pay for normal work {pay} yuan is below the minimum wage {floor} yuan; "
        "raise the pay standard and calculate again",
    )
