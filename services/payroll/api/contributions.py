"""What employers owe to the schemes, and the pay that contributions go by."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CursorKey, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId
from payroll.api.shapes import MONTH, Area, Body, FromFen, HandledOn, Shown, Staff, WorkerId, require_known
from payroll.commands import bases
from payroll.commands import contributions as commands
from payroll.queries import contributions as queries
from payroll.rules.amounts import Amount

router = new_router("payroll")

Reference = Annotated[Line, StringConstraints(max_length=120)]
Scheme = Annotated[Code, Field(description="险种", examples=["pension"])]


class ContributionDue(Shown):
    """`people` 为人数；金额单位元。补缴差额列在原所属月份和该月的用人单位。"""

    due_id: str
    run_id: str
    organisation_id: str
    area: str
    staff: str
    scheme: str
    period: str
    people: int
    employer: FromFen
    worker: FromFen
    due_on: date
    clause: str
    paid_on: date | None
    reference: str | None
    alerted_on: date | None


class ContributionPaymentInput(Body):
    on: HandledOn
    reference: Reference = Field(description="缴款凭证号", examples=["电子缴款凭证 3220 2603 0001"])


class ContributionBaseInput(Body):
    from_month: str = Field(pattern=MONTH, description="自何月起", examples=["2026-07"])
    amount: Amount = Field(description="月缴费基数（元），上下限由系统按险种执行", examples=["6120.50"])
    source: Line = Field(description="依据", examples=["2025年1至12月工资表"])


class ContributionBase(Shown):
    """有 `organisation_id` 的，为系统按其在该单位首月工资留存，至核定基数时为止；无的为人工核定。"""

    worker_id: str
    scheme: str
    from_month: str
    amount: FromFen
    source: str
    organisation_id: str | None


class AdjustmentInput(Body):
    area: Area
    staff: Staff
    year: int = Field(ge=2000, le=2199, description="以哪一年的工资为依据", examples=[2025])
    from_month: str = Field(pattern=MONTH, description="自何月起执行", examples=["2026-07"])
    schemes: list[Scheme] = Field(min_length=1, max_length=20, description="调整哪些险种", examples=[["housing_fund"]])


class Adjustment(Shown):
    area: str
    staff: str
    year: int
    from_month: str
    schemes: list[str]
    workers: int
    total: FromFen


@router.get(
    "/contribution-dues",
    name="list_contribution_dues",
    response_model=Page[ContributionDue],
    summary="查看应缴社会保险费和住房公积金",
    description="按单位、险种和所属月份；可只看某日仍逾期未缴的。",
)
async def list_contribution_dues(
    session: Reading,
    key: CursorKey,
    overdue_on: Annotated[Day | None, Query(description="截至该日逾期未缴的")] = None,
    paid: Annotated[bool | None, Query(description="是否已缴")] = None,
    organisation_id: Annotated[RowId | None, Query(description="单位编号")] = None,
    run_id: Annotated[RowId | None, Query(description="工资核算编号")] = None,
    scheme: Annotated[Code | None, Query(description="险种")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    return await queries.dues(
        session,
        overdue_on=overdue_on,
        paid=paid,
        organisation_id=organisation_id,
        run_id=run_id,
        scheme=scheme,
        cursor=cursor,
        limit=limit,
        key=key,
    )


@router.post(
    "/contribution-dues/{due_id}/payment",
    name="record_contribution_payment",
    response_model=ContributionDue,
    summary="登记缴款",
)
async def record_contribution_payment(
    due_id: Annotated[RowId, Path(description="应缴款编号")], body: ContributionPaymentInput, tx: Tx
) -> object:
    return await commands.record_contribution_payment(tx, due_id=due_id, **dict(body))


@router.put(
    "/contribution-bases/{worker_id}/{scheme}",
    name="set_contribution_base",
    response_model=ContributionBase,
    summary="核定个人缴费基数",
    description="追溯到已发放月份的，差额列入下次工资，并注明原所属月份。",
)
async def set_contribution_base(worker_id: WorkerId, scheme: Scheme, body: ContributionBaseInput, tx: Tx) -> object:
    return await bases.set_contribution_base(tx, worker_id=worker_id, scheme=scheme, **dict(body))


@router.get(
    "/contribution-bases/{worker_id}",
    name="list_contribution_bases",
    response_model=list[ContributionBase],
    summary="查看个人缴费基数",
)
async def list_contribution_bases(worker_id: WorkerId, session: Reading) -> object:
    await require_known(session, worker_id)
    return await queries.bases_of(session, worker_id=worker_id)


@router.post(
    "/contribution-base-adjustments",
    name="adjust_contribution_bases",
    response_model=Adjustment,
    summary="年度调整缴费基数",
    description="按本人上年月平均工资统一调整；上年在此没有工资的不变。追溯到已发放月份的，差额列入下次工资。",
)
async def adjust_contribution_bases(body: AdjustmentInput, tx: Tx) -> object:
    return await bases.adjust_contribution_bases(tx, **dict(body))
