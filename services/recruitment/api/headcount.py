from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.areas import AREA_CODE
from common.decimals import PLAIN
from common.service import Tx, new_router
from common.text import Code, Day, RowId
from recruitment import commands
from recruitment.rules import Approver

router = new_router("recruitment")

Positions = Annotated[int, Field(ge=1, le=1000)]
Figure = Annotated[Decimal, Field(ge=0, lt=10**16, max_digits=18, decimal_places=2), PLAIN]


class HeadcountInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    area: str = Field(pattern=AREA_CODE, examples=["320102"], description="地区代码")
    staff: Code = Field(examples=["union_worker"], description="人员类别")
    organisation_id: RowId = Field(description="用人组织编号")
    positions: Positions = Field(examples=[2], description="申请人数")
    figures: dict[Code, Figure] = Field(
        max_length=20,
        examples=[{"economy": 980, "staff_gap": 3, "enterprises": 1200, "workers": 34000, "funds": 860000}],
        description="条款要求列明的各项数字",
    )
    on: Day = Field(description="申请日")


class Headcount(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    request_id: str
    area: str
    staff: str
    organisation_id: str
    positions: int
    figures: dict[str, Decimal]
    approvers: list[Approver]
    approved: int
    status: str
    requested_on: date


class OnInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="办理日")


@router.post(
    "/headcount-requests", status_code=201, response_model=Headcount, name="request_headcount", summary="申请员额"
)
async def request_headcount(body: HeadcountInput, tx: Tx) -> object:
    return await commands.request_headcount(tx, **body.model_dump())


@router.post(
    "/headcount-requests/{request_id}/approvals",
    response_model=Headcount,
    name="approve_headcount",
    summary="核准员额",
    description="由条款规定的机关核准；申请人本人不能核准。",
)
async def approve_headcount(request_id: RowId, body: OnInput, tx: Tx) -> object:
    return await commands.approve_headcount(tx, request_id=request_id, on=body.on)
