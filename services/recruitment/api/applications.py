from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.areas import AREA_CODE
from common.decimals import PLAIN
from common.identity import IdentityNumber
from common.policy.documents import Says
from common.service import CurrentActor, CurrentSealer, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId, Words
from recruitment import commands, queries
from recruitment.rules import Education, Status

router = new_router("recruitment")

Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9-]{7,20}$", max_length=21)]
CertificateLevel = Literal["assistant_social_worker", "social_worker", "senior_social_worker"]
Score = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2), PLAIN]


class ApplicationInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["张三"], description="姓名")
    identity_number: IdentityNumber = Field(description="居民身份证号码；加密保存，答复中只显示首尾")
    education: Education = Field(description="学历")
    statuses: list[Status] = Field(default=[], max_length=10, description="身份与资格")
    certificate_level: CertificateLevel | None = Field(default=None, description="社会工作者职业水平证书级别")
    declared_bars: list[Code] = Field(default=[], max_length=20, description="本人申报的不得录用情形")
    phone: Phone | None = Field(default=None, description="联系电话")
    household_area: str | None = Field(default=None, pattern=AREA_CODE, description="户籍地区代码")
    unemployed_months: int | None = Field(default=None, ge=0, le=600, description="连续失业月数；在职的不填")
    graduated_on: Day | None = Field(default=None, description="毕业日期")
    on: Day = Field(description="报名日")


class Result(BaseModel):
    stage: str
    recorded_on: date
    passed: bool
    score: Decimal | None
    found_bars: list[str]
    evidence: dict[str, str]
    note: str | None


class Objection(BaseModel):
    objection_id: str
    raised_on: date
    status: str
    content: str
    answered_on: date | None
    answer: str | None


class Application(BaseModel):
    application_id: str
    plan_id: str
    area: str
    staff: str
    number: int
    name: str
    identity_masked: str
    phone_masked: str | None
    age: int
    education: Education
    statuses: list[Status]
    certificate_level: str | None
    declared_bars: list[str]
    household_area: str | None
    unemployed_months: int | None
    graduated_on: date | None
    applied_on: date
    status: str
    done: list[str]
    scores: dict[str, Decimal]
    total: Decimal | None
    rank: int | None
    category: str | None
    notice_starts_on: date | None
    notice_ends_on: date | None
    post_id: str | None
    worker_id: str | None
    results: list[Result]
    objections: list[Objection]


class StageInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stage: Code = Field(examples=["qualification_review"], description="环节代码，见方案的程序")
    on: Day = Field(description="办理日")
    passed: bool | None = Field(
        default=None, description="是否通过；计分环节可不填；资格审查填“否”表示不符合方案的其他条件"
    )
    score: Score | None = Field(default=None, description="成绩（0至100），仅计分环节填写")
    found_bars: dict[Code, Words] = Field(
        default={}, max_length=20, description="审查发现的不得录用情形及其依据", examples=[{}]
    )
    note: Words | None = Field(default=None, description="说明")


class DecisionRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    decision_id: str
    rule: str
    document: str
    document_title: str
    clause: str
    at: str
    says: Says
    terms: dict[str, Any]
    facts: dict[str, Any]
    outcome: Any
    permits: bool


class RecordedStage(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    application_id: str
    plan_id: str
    stage: str
    passed: bool
    status: str
    done: list[str]
    category: str | None
    decisions: list[DecisionRead]


class ObjectionInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="提出日")
    content: Words = Field(description="异议内容")


class RaisedObjection(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    objection_id: str
    application_id: str
    plan_id: str
    status: str
    raised_on: date
    answered_on: date | None


class AnswerInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="答复日")
    upheld: bool = Field(description="异议是否成立")
    answer: Words = Field(description="书面答复")


class HiringInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="聘用日")
    post_id: RowId = Field(description="聘用岗位编号")


class Hired(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    application_id: str
    plan_id: str
    post_id: str
    worker_id: str
    status: str


@router.post(
    "/plans/{plan_id}/applications",
    status_code=201,
    response_model=Application,
    name="apply",
    summary="报名",
    description="每人使用本人账号报名；同一证件号码在同一方案中只能报名一次。",
)
async def apply(plan_id: RowId, body: ApplicationInput, tx: Tx, sealer: CurrentSealer) -> object:
    application = await commands.apply(tx, plan_id=plan_id, sealer=sealer, **body.model_dump())
    return await queries.application_view(tx.session, application.application_id, actor=tx.actor, sealer=sealer)


@router.get(
    "/applications/{application_id}",
    response_model=Application,
    name="get_application",
    summary="查看报名",
    description="报名人只能查看本人的报名；证件号码和电话只显示首尾。",
)
async def get_application(
    application_id: RowId, session: Reading, actor: CurrentActor, sealer: CurrentSealer
) -> object:
    return await queries.application_view(session, application_id, actor=actor, sealer=sealer)


@router.post(
    "/applications/{application_id}/stages",
    response_model=RecordedStage,
    name="record_stage",
    summary="记录环节结果",
    description="须按方案程序依次办理。未通过的，答复为 200，报名状态为“rejected”，并附所依据的各项决定。",
)
async def record_stage(application_id: RowId, body: StageInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.record_stage(tx, application_id=application_id, sealer=sealer, **body.model_dump())


@router.post(
    "/applications/{application_id}/objections",
    status_code=201,
    response_model=RaisedObjection,
    name="raise_objection",
    summary="提出异议",
    description="在公示期内提出；答复中不含报名人的资料。",
)
async def raise_objection(application_id: RowId, body: ObjectionInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.raise_objection(tx, application_id=application_id, sealer=sealer, **body.model_dump())


@router.post(
    "/objections/{objection_id}/answers",
    response_model=RaisedObjection,
    name="answer_objection",
    summary="答复异议",
    description="由提出人以外的人员书面答复；异议成立的，报名终止，由下一名次递补。",
)
async def answer_objection(objection_id: RowId, body: AnswerInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.answer_objection(tx, objection_id=objection_id, sealer=sealer, **body.model_dump())


@router.post(
    "/applications/{application_id}/hiring",
    response_model=Hired,
    name="hire",
    summary="办理聘用",
    description="程序各环节办结、公示期满且没有未答复或者成立的异议，方可聘用。",
)
async def hire(application_id: RowId, body: HiringInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.hire(tx, application_id=application_id, sealer=sealer, **body.model_dump())
