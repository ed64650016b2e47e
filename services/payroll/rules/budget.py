"""Whose budget bears pay, and whether it still does."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from common.areas import Level
from common.money import Yuan
from common.policy import Finding, Terms, rule
from common.words import word


class PayBudget(Terms):
    levels: tuple[Level, ...] = Field(title="列支层级", description="薪酬列入哪一级的预算", min_length=1)
    over_with_reason: bool = Field(
        default=True, title="超预算说明理由后可以批准", description="为否时，超预算的一律不予批准"
    )


@rule("pay.budget")
def pay_within_budget(
    terms: PayBudget,
    *,
    level: Annotated[Level | None, Field(title="已录入预算的层级")] = None,
    budget: Annotated[Yuan | None, Field(title="全年预算", ge=0)] = None,
    used: Annotated[Yuan, Field(title="本年已用", ge=0)] = Decimal("0.00"),
    amount: Annotated[Yuan, Field(title="本次金额")],
    reason: Annotated[str | None, Field(title="超预算理由")] = None,
) -> list[Finding]:
    """Whether the budget of the level that pays still bears a run.

    Our reading: pay and the employer's contributions are both borne; a year's budget goes by the month of payment.
    Where no budget is entered nothing can be said, and nothing stands in the way.
    """
    if level is None or budget is None:
        return []
    if level not in terms.levels:
        borne_zh = "、".join(word(one) for one in terms.levels)
        return [
            Finding(
                code="budget_of_another_level",
                zh=f"薪酬应列入{borne_zh}预算，已录入的是{word(level)}预算。请录入{borne_zh}预算",
                en=f"pay is in the budget of: {', '.join(terms.levels)}; the one entered is the {level}'s",
            )
        ]
    over = used + amount - budget
    if over <= 0 or (terms.over_with_reason and reason):
        return []
    way_out_zh = "说明理由后可以批准" if terms.over_with_reason else "不能批准"
    way_out_en = "it may be approved with a reason" if terms.over_with_reason else "it cannot be approved"
    return [
        Finding(
            code="budget_exceeded",
            zh=f"本年已用{used}元，加上本次{amount}元，超出全年预算{budget}元，超出{over}元，{way_out_zh}",
            en=f"{used} yuan used this year and {amount} now exceed the year's {budget} by {over}; {way_out_en}",
        )
    ]
