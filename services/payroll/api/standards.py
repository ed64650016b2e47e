"""Pay standards: drafted by one person, approved by another."""

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import Field

from common.money import Yuan
from common.service import Tx, new_router
from common.text import Code, Day, Line, RowId
from payroll import commands
from payroll.api.shapes import Approval, Area, Body, Shown, Staff

router = new_router("payroll")


class PayStandardInput(Body):
    area: Area
    staff: Staff
    post_class: Code = Field(description="岗位类别", examples=["ordinary"])
    grade: int = Field(ge=1, le=99, description="岗位等级，自1级起", examples=[1])
    monthly_amount: Yuan = Field(gt=0, le=1_000_000, description="月标准（元）", examples=["4000.00"])
    starts_on: Day = Field(description="自何日起执行；月中起的自次月适用", examples=["2026-01-01"])
    source: Line = Field(description="数额的出处：文件名、文号、条款或会议", examples=["示例：县薪酬方案第三条"])


class PayStandard(Shown):
    standard_id: str
    area: str
    staff: str
    post_class: str
    grade: int
    monthly_amount: Yuan
    starts_on: date
    source: str
    status: str
    approved_on: date | None


@router.post(
    "/pay-standards",
    name="set_pay_standard",
    status_code=201,
    response_model=PayStandard,
    summary="拟定薪酬标准",
    description="拟定后须由另一人批准方才生效；同一人员适用地区最近的标准。",
)
async def set_pay_standard(body: PayStandardInput, tx: Tx) -> object:
    return await commands.set_pay_standard(tx, **body.model_dump())


@router.post(
    "/pay-standards/{standard_id}/approvals",
    name="approve_pay_standard",
    response_model=PayStandard,
    summary="批准薪酬标准",
)
async def approve_pay_standard(
    standard_id: Annotated[RowId, Path(description="薪酬标准编号")], body: Approval, tx: Tx
) -> object:
    return await commands.approve_pay_standard(tx, standard_id=standard_id, on=body.on)
