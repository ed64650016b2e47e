"""By which day an employer pays what is owed to a scheme, and what it means to be late."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.decimals import Share
from common.money import Yuan, to_fen
from common.policy import Terms, rule
from common.text import Code

MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


class CountedFrom(StrEnum):
    MONTH_END = "month_end"
    PAYDAY = "payday"


class Deadline(BaseModel):
    """So many calendar days after the last day of the month of payment, or after the day of payment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counted_from: CountedFrom
    days: int = Field(ge=0, le=366)


class ContributionDeadlines(Terms):
    schemes: dict[Code, Deadline] = Field(title="险种缴存期限", description="各险种的期限：自月末或发薪日起若干日")
    otherwise: Deadline = Field(title="其他险种缴存期限", description="未列出的险种的期限")


def month_end(month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    return date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)


@rule("contributions.due_on")
def contributions_due_on(
    terms: ContributionDeadlines,
    *,
    schemes: Annotated[list[str], Field(title="险种")],
    paid_in: Annotated[str, Field(title="发放月份", pattern=MONTH)],
    payday: Annotated[date | None, Field(title="发薪日")] = None,
) -> dict[str, date]:
    """By which day the contributions of a month's pay are paid, by scheme.

    Where no clause answers, no list of what is owed is kept.

    Our reading: "monthly" is by the end of the month in which the pay is paid. As long as the pay is not paid, the last
    day of that month stands for payday; once it is, the day is counted again. Differences for earlier months are owed
    with the month in which they are paid.
    """
    end = month_end(paid_in)
    begun = {CountedFrom.MONTH_END: end, CountedFrom.PAYDAY: payday or end}
    deadlines = {scheme: terms.schemes.get(scheme, terms.otherwise) for scheme in schemes}
    return {
        scheme: begun[deadline.counted_from] + timedelta(days=deadline.days) for scheme, deadline in deadlines.items()
    }


class Punctuality(Terms):
    grace_days: int = Field(title="宽限天数", description="期限届满后仍不视为逾期的天数", ge=0)
    daily_fee: dict[Code, Share] = Field(
        default={}, title="每日滞纳金比例", description="各险种欠缴金额每日加收的比例；未列的不加收"
    )


class Paid(BaseModel):
    """Whether it is in time; `days` late, and the `fee` that may be added for them."""

    permitted: bool
    days: int
    fee: Yuan


@rule("contributions.in_time", every=True)
def contributions_in_time(
    terms: Punctuality,
    *,
    scheme: Annotated[str, Field(title="险种")],
    amount: Annotated[Yuan, Field(title="应缴金额", ge=0)],
    due_on: Annotated[date, Field(title="缴纳期限")],
    checked_on: Annotated[date, Field(title="核对日期")],
) -> Paid:
    """Whether what an employer still owes to a scheme is late, and what may be added for it.

    Our reading: the last day is in time, the next is the first day late. The fee is shown, not charged: the authority
    sets it when it asks for the arrears.
    """
    days = max((checked_on - due_on).days, 0)
    late = days > terms.grace_days
    fee = to_fen(amount * terms.daily_fee.get(scheme, Decimal(0)) * days) if late else Decimal("0.00")
    return Paid(permitted=not late, days=days if late else 0, fee=fee)
