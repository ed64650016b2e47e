from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.areas import AREA_CODE
from common.service import CurrentActor, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId, Words
from recruitment import commands, queries
from recruitment.api.headcount import OnInput
from recruitment.rules import Approver, Education, OwnConditions, Stage, Status

router = new_router("recruitment")

AgeLimit = Annotated[int, Field(ge=16, le=70)]


class PlanInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Line = Field(examples=["2024年公开招聘社会化工会工作者"], description="方案名称")
    area: str = Field(pattern=AREA_CODE, examples=["320102"], description="地区代码")
    staff: Code = Field(examples=["union_worker"], description="人员类别")
    organisation_id: RowId = Field(description="用人组织编号")
    post_ids: list[RowId] = Field(min_length=1, max_length=200, description="拟招岗位编号；须已开设且空缺")
    oldest_age: AgeLimit | None = Field(default=None, examples=[35], description="方案年龄上限（周岁，含）")
    lowest_education: Education | None = Field(default=None, description="方案最低学历")
    age_relaxed_for: list[Status] = Field(default=[], max_length=10, description="放宽年龄的人员")
    relaxed_oldest_age: AgeLimit | None = Field(default=None, description="放宽后的年龄上限；不填为不限")
    extra_conditions: list[Line] = Field(default=[], max_length=30, description="其他条件")
    on: Day = Field(description="拟订日")
    hire_by: Day | None = Field(default=None, description="应配备到位的日期")

    @property
    def conditions(self) -> OwnConditions:
        return OwnConditions.model_validate(self.model_dump(include=set(OwnConditions.model_fields)))


_OWN = {*OwnConditions.model_fields}


class Plan(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    plan_id: str
    title: str
    area: str
    staff: str
    organisation_id: str
    post_ids: list[str]
    positions: int
    hired: int
    oldest_age: int | None
    lowest_education: Education | None
    age_relaxed_for: list[Status]
    relaxed_oldest_age: int | None
    extra_conditions: list[str]
    process: list[Stage]
    approvers: list[Approver]
    approved: int
    version: int
    status: str
    drafted_on: date
    hire_by: date | None
    approved_on: date | None
    published_on: date | None
    closes_on: date | None
    ranked_on: date | None
    ended_on: date | None
    end_reason: str | None


class Approval(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    step: int
    version: int
    office: str
    level: str
    approved_on: date


class Place(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    application_id: str
    number: int
    rank: int | None
    total: Decimal | None
    status: str


class PlanView(Plan):
    approvals: list[Approval]
    applications: list[Place]


class ReasonInput(OnInput):
    reason: Words = Field(description="理由")


class NoticeInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    published_on: Day = Field(examples=["2024-09-02"], description="公告发布日")
    closes_on: Day = Field(examples=["2024-09-20"], description="报名截止日（含当日）")


class Ranking(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    plan_id: str
    ranked_on: date
    clause: str
    decision_id: str
    order: list[Place]


class PublicNoticeInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    starts_on: Day = Field(description="公示发布日；次日为第一个工作日")
    working_days: int = Field(ge=1, le=60, examples=[7], description="公示的工作日数")


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    application_id: str
    rank: int | None


class PublicNotice(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    plan_id: str
    starts_on: date
    ends_on: date
    shown: list[Shown]


@router.post("/plans", status_code=201, response_model=Plan, name="draft_plan", summary="拟订招聘方案")
async def draft_plan(body: PlanInput, tx: Tx) -> object:
    return await commands.draft_plan(tx, **body.model_dump(exclude=_OWN), conditions=body.conditions)


@router.get("/plans/{plan_id}", response_model=PlanView, name="get_plan", summary="查看招聘方案")
async def get_plan(plan_id: RowId, session: Reading, actor: CurrentActor) -> object:
    return await queries.plan_view(session, plan_id, actor=actor)


@router.post(
    "/plans/{plan_id}/approvals",
    response_model=Plan,
    name="approve_plan",
    summary="审批招聘方案",
    description="按条款规定的机关和次序逐级审批；拟订人不能审批，同一人不能审批两次。",
)
async def approve_plan(plan_id: RowId, body: OnInput, tx: Tx) -> object:
    return await commands.approve_plan(tx, plan_id=plan_id, on=body.on)


@router.post("/plans/{plan_id}/returns", response_model=Plan, name="return_plan", summary="退回招聘方案")
async def return_plan(plan_id: RowId, body: ReasonInput, tx: Tx) -> object:
    return await commands.return_plan(tx, plan_id=plan_id, **body.model_dump())


@router.post(
    "/plans/{plan_id}/closing",
    response_model=Plan,
    name="close_plan",
    summary="结束招聘方案",
    description="岗位无法招满时使用：未补的岗位重新空出，未聘用的报名终止。",
)
async def close_plan(plan_id: RowId, body: ReasonInput, tx: Tx) -> object:
    return await commands.close_plan(tx, plan_id=plan_id, **body.model_dump())


@router.post("/plans/{plan_id}/notice", response_model=Plan, name="publish_notice", summary="发布招聘公告")
async def publish_notice(plan_id: RowId, body: NoticeInput, tx: Tx) -> object:
    return await commands.publish_notice(tx, plan_id=plan_id, **body.model_dump())


@router.post("/plans/{plan_id}/ranking", response_model=Ranking, name="decide_ranking", summary="确定排名")
async def decide_ranking(plan_id: RowId, body: OnInput, tx: Tx) -> object:
    return await commands.decide_ranking(tx, plan_id=plan_id, on=body.on)


@router.post(
    "/plans/{plan_id}/public-notice",
    response_model=PublicNotice,
    name="start_public_notice",
    summary="公示拟聘人员",
    description="公示尚未公示过的全部拟聘人员；有人退出并递补后，为递补人员再次公示。",
)
async def start_public_notice(plan_id: RowId, body: PublicNoticeInput, tx: Tx) -> object:
    return await commands.start_public_notice(tx, plan_id=plan_id, **body.model_dump())
