from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from affairs import commands, queries
from common.service import Reading, Tx, new_router
from common.text import Day, Line, RowId

router = new_router("affairs")

Grid = Annotated[Line, StringConstraints(max_length=60)]


class DutyRosterInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    organisation_id: RowId = Field(description="社区组织编号")
    starts_on: Day = Field(description="自何日起执行", examples=["2024-04-01"])
    hall_workers: list[RowId] = Field(max_length=200, description="一站式大厅值班人员编号")
    grid_workers: dict[Grid, RowId] = Field(
        max_length=500,
        description="各网格的负责人员编号；一人可负责多个网格",
        examples=[{"第一网格": "worker-01", "第二网格": "worker-02"}],
    )


class DutyRoster(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    roster_id: str
    organisation_id: str
    area: str
    staff: str
    starts_on: date
    hall_workers: list[str]
    grid_workers: dict[str, str]
    clause: str
    decision_id: str


@router.post(
    "/duty-rosters",
    status_code=201,
    response_model=DutyRoster,
    name="keep_duty_roster",
    summary="安排大厅与网格值班",
    description="大厅人数由条款限定，其余在岗人员均须下到网格；不符合的不予办理并说明差几人。",
)
async def keep_duty_roster(body: DutyRosterInput, tx: Tx) -> object:
    return await commands.keep_duty_roster(tx, **body.model_dump())


@router.get("/duty-rosters/{roster_id}", response_model=DutyRoster, name="get_duty_roster", summary="查看值班安排")
async def get_duty_roster(roster_id: RowId, session: Reading) -> object:
    return await queries.roster(session, roster_id)
