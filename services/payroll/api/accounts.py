"""Bank accounts: numbers come in and are never shown again but for their last digits."""

import unicodedata
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator, Field, StringConstraints

from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.policy import Finding
from common.service import CurrentActor, CurrentSealer, CursorKey, Reading, Tx, new_router
from common.text import Line, RowId
from payroll.api.shapes import Body, Shown
from payroll.commands import accounts as commands
from payroll.queries import accounts as queries

router = new_router("payroll")

AccountId = Annotated[RowId, Path(description="银行账户编号")]


def _without_gaps(number: object) -> object:
    """As people copy it from a card: in groups of four, perhaps in full width."""
    if not isinstance(number, str) or len(number) > 60:
        return number
    return unicodedata.normalize("NFKC", number).replace(" ", "").replace("-", "")


Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{8,32}$"), BeforeValidator(_without_gaps)]
Name = Annotated[Line, StringConstraints(max_length=120)]


class BankAccountInput(Body):
    worker_id: RowId = Field(description="人员编号")
    bank: Name = Field(description="开户银行", examples=["中国工商银行长春南关支行"])
    holder: Name = Field(description="户名；加密保存", examples=["张三"])
    number: Number = Field(description="账号；加密保存，答复中只显示末四位", examples=["6222021234567890128"])


class BankAccount(Shown):
    account_id: str
    worker_id: str
    area: str
    bank: str
    number_masked: str
    entered_at: datetime
    confirmed_at: datetime | None
    rejected: bool


class EnteredAccount(BankAccount):
    """`warnings`：账号看似有误之处，不影响保存，由复核人核对。"""

    warnings: list[Finding]


@router.post(
    "/bank-accounts",
    name="enter_bank_account",
    status_code=201,
    response_model=EnteredAccount,
    summary="登记或变更收款账户",
    description="本人或经办人填报；另一人确认之前，该人员的工资暂不发放。",
)
async def enter_bank_account(body: BankAccountInput, tx: Tx, sealer: CurrentSealer) -> object:
    entered = await commands.enter_bank_account(tx, sealer=sealer, **body.model_dump())
    return {**BankAccount.model_validate(entered.account).model_dump(), "warnings": entered.warnings}


@router.post(
    "/bank-accounts/{account_id}/confirmation",
    name="confirm_bank_account",
    response_model=BankAccount,
    summary="确认收款账户",
    description="须由填报人和本人以外的人确认。",
)
async def confirm_bank_account(account_id: AccountId, tx: Tx) -> object:
    return await commands.confirm_bank_account(tx, account_id=account_id)


@router.post(
    "/bank-accounts/{account_id}/rejection",
    name="reject_bank_account",
    response_model=BankAccount,
    summary="退回收款账户",
)
async def reject_bank_account(account_id: AccountId, tx: Tx) -> object:
    return await commands.reject_bank_account(tx, account_id=account_id)


@router.get(
    "/bank-accounts",
    name="list_bank_accounts",
    response_model=Page[BankAccount],
    summary="查看收款账户",
    description="本人只能查看自己的。",
)
async def list_bank_accounts(
    session: Reading,
    actor: CurrentActor,
    key: CursorKey,
    worker_id: Annotated[RowId | None, Query(description="人员编号")] = None,
    waiting: Annotated[bool | None, Query(description="是否待确认")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    own = actor.account if actor.is_for_himself else None
    return await queries.accounts(
        session, worker_id=worker_id, waiting=waiting, own=own, cursor=cursor, limit=limit, key=key
    )
