"""How what a worker owes the employer may be settled beside pay."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from common.money import Yuan
from common.policy import Finding, Terms, rule
from common.words import word


class SettlementKind(StrEnum):
    """Paid back by the worker; or written off, then the employer bears it."""

    REPAID = "repaid"
    WRITTEN_OFF = "written_off"


class BalanceSettlements(Terms):
    kinds: tuple[SettlementKind, ...] = Field(
        title="了结方式", description="待还金额除从工资中扣回外，还可以怎样了结", min_length=1
    )


@rule("balance.may_be_settled")
def may_settle_balance(
    terms: BalanceSettlements,
    *,
    kind: Annotated[SettlementKind, Field(title="办理方式")],
    amount: Annotated[Yuan, Field(title="了结金额", gt=0)],
    owed: Annotated[Yuan, Field(title="待还金额", ge=0)],
) -> list[Finding]:
    """Whether so much of what a worker owes may be settled this way.

    Our reading: no more than is open; a part of it may be, and what is settled is neither pay nor a deduction.
    """
    found = []
    if kind not in terms.kinds:
        ways_zh, ways_en = "、".join(word(one) for one in terms.kinds), ", ".join(terms.kinds)
        found.append(
            Finding(
                code="settlement_not_allowed",
                zh=f"此处不得以“{word(kind)}”了结待还金额，可用的方式：{ways_zh}",
                en=f"a balance is not settled as {kind} here, but as: {ways_en}",
            )
        )
    if owed == 0:
        found.append(
            Finding(
                code="nothing_owed",
                zh="该人员在该单位没有待还金额，请核对人员和单位",
                en="the worker owes this employer nothing: check worker and organisation",
            )
        )
    elif amount > owed:
        found.append(
            Finding(
                code="more_than_owed",
                zh=f"金额{amount}元超过尚可了结的待还金额{owed}元，请按不超过该金额办理",
                en=f"{amount} yuan is more than the {owed} still owed; settle no more than that",
            )
        )
    return found
