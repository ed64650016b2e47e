"""What workers owe for what their employer laid out, and how it is settled beside pay."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from common.areas import AREA_CODE
from common.money import Yuan
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CurrentActor, CursorKey, Reading, Tx, new_router
from common.text import Line, RowId
from payroll.api.shapes import Approval, Body, FromFen, HandledOn, Shown
from payroll.commands import balances as commands
from payroll.queries import debts as queries
from payroll.rules.balances import SettlementKind

router = new_router("payroll")

SettlementId = Annotated[RowId, Path(description="待还金额了结编号")]


class OpenBalance(Shown):
    """`owed`：尚欠；`waiting`：其中已拟办了结、待批准的；`since_run_id`：按先垫先还，最早尚未还清的那次核算。"""

    worker_id: str
    organisation_id: str
    area: str
    staff: str
    owed: FromFen
    advanced: FromFen
    recovered: FromFen
    repaid: FromFen
    written_off: FromFen
    waiting: FromFen
    since_run_id: str
    since_month: str
    left_on: date | None


class BalanceSettlementInput(Body):
    worker_id: RowId = Field(description="人员编号")
    organisation_id: RowId = Field(description="垫付单位编号")
    kind: SettlementKind = Field(description="repaid 本人交回；written_off 单位核销")
    amount: Yuan = Field(gt=0, le=100_000_000, description="金额（元），不超过尚欠金额", examples=["320.00"])
    reason: Annotated[Line, StringConstraints(max_length=400)] = Field(
        description="理由", examples=["已离岗，无工资可扣"]
    )
    reference: Annotated[Line, StringConstraints(max_length=120)] = Field(
        description="依据：收据编号，或同意核销的文件、会议", examples=["收据0001"]
    )
    on: HandledOn


class BalanceSettlement(Shown):
    settlement_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    kind: SettlementKind
    amount: FromFen
    reason: str
    reference: str
    clause: str
    decision_id: str
    drafted_on: date
    approved_on: date | None
    rejected_on: date | None


@router.get(
    "/open-balances",
    name="list_open_balances",
    response_model=Page[OpenBalance],
    summary="查看单位垫付、个人待还的金额",
    description="按已批准的核算计算，含已离岗人员（注明离岗日）；不列已还清的。",
)
async def list_open_balances(
    session: Reading,
    actor: CurrentActor,
    key: CursorKey,
    area: Annotated[str | None, Query(pattern=AREA_CODE, description="地区代码；不填为本机关的地区")] = None,
    organisation_id: Annotated[RowId | None, Query(description="垫付单位编号")] = None,
    worker_id: Annotated[RowId | None, Query(description="人员编号")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    whose = {"organisation_id": organisation_id, "worker_id": worker_id}
    return await queries.open_balances(
        session, area=area, seen_from=actor.area, **whose, cursor=cursor, limit=limit, key=key
    )


@router.post(
    "/balance-settlements",
    name="draft_balance_settlement",
    status_code=201,
    response_model=BalanceSettlement,
    summary="拟办待还金额的了结",
    description="本人以现金交回，或由单位核销；须由另一人批准方才生效，生效后不再从工资中扣回。",
)
async def draft_balance_settlement(body: BalanceSettlementInput, tx: Tx) -> object:
    return await commands.draft_balance_settlement(tx, **dict(body))


@router.post(
    "/balance-settlements/{settlement_id}/approval",
    name="approve_balance_settlement",
    response_model=BalanceSettlement,
    summary="批准待还金额的了结",
    description="须由拟办人和本人以外的人批准；此前已核算而未批准的工资须重新核算。",
)
async def approve_balance_settlement(settlement_id: SettlementId, body: Approval, tx: Tx) -> object:
    return await commands.approve_balance_settlement(tx, settlement_id=settlement_id, on=body.on)


@router.post(
    "/balance-settlements/{settlement_id}/rejection",
    name="reject_balance_settlement",
    response_model=BalanceSettlement,
    summary="退回待还金额的了结",
    description="拟办人也可以此撤回。",
)
async def reject_balance_settlement(settlement_id: SettlementId, body: Approval, tx: Tx) -> object:
    return await commands.reject_balance_settlement(tx, settlement_id=settlement_id, on=body.on)


@router.get(
    "/balance-settlements",
    name="list_balance_settlements",
    response_model=Page[BalanceSettlement],
    summary="查看待还金额的了结",
)
async def list_balance_settlements(
    session: Reading,
    key: CursorKey,
    worker_id: Annotated[RowId | None, Query(description="人员编号")] = None,
    organisation_id: Annotated[RowId | None, Query(description="垫付单位编号")] = None,
    waiting: Annotated[bool | None, Query(description="是否待批准")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    whose = {"worker_id": worker_id, "organisation_id": organisation_id}
    return await queries.settlements(session, **whose, waiting=waiting, cursor=cursor, limit=limit, key=key)
