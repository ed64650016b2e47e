from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from common.decimals import PLAIN
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CursorKey, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId, Words
from evaluation import commands, queries

router = new_router("evaluation")

Score = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2), PLAIN]


class EvaluationInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    worker_id: RowId = Field(description="人员编号")
    year: int = Field(ge=1949, le=9999, description="考核年度", examples=[2024])
    scores: dict[Code, Score] = Field(
        min_length=1,
        max_length=50,
        description="各维度得分，0至100分，至多两位小数；维度由适用条款规定",
        examples=[{"results": "92", "satisfaction": "95.5", "organisation_review": "88", "daily_record": "90"}],
    )
    on: Day = Field(description="考核日期", examples=["2025-01-10"])


class Consequence(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    consequence_id: str
    evaluation_id: str
    worker_id: str
    year: int
    kind: str
    clause: str
    status: str
    decided_on: date | None
    reason: str | None


class Evaluation(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    evaluation_id: str
    worker_id: str
    area: str
    staff: str
    year: int
    scores: dict[str, Decimal]
    score: Decimal
    grade: str
    passed: bool
    clause: str
    decision_id: str
    graded_on: date
    consequences: list[Consequence]


@router.post(
    "/evaluations",
    status_code=201,
    response_model=Evaluation,
    name="grade_worker",
    summary="年度考核定等次",
    description="一人一年一次。等次由条款规定的维度和县（市、区）选定的权重、等次线得出；结果运用由系统按条款提出，另由他人决定。",
)
async def grade_worker(body: EvaluationInput, tx: Tx) -> object:
    return await commands.grade_worker(
        tx, worker_id=body.worker_id, year=body.year, scores=dict(body.scores), on=body.on
    )


@router.get("/evaluations/{evaluation_id}", response_model=Evaluation, name="get_evaluation", summary="查看考核")
async def get_evaluation(evaluation_id: RowId, session: Reading) -> object:
    return await queries.evaluation(session, evaluation_id)


class ConsequenceDecisionInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approve: bool = Field(description="是否批准")
    reason: Words = Field(description="理由", examples=["当年实绩突出，同意晋一档"])
    on: Day = Field(description="决定日期", examples=["2025-01-20"])


@router.post(
    "/consequences/{consequence_id}/decisions",
    response_model=Consequence,
    name="decide_consequence",
    summary="决定考核结果运用",
    description="须由定等次者以外的人决定。",
)
async def decide_consequence(consequence_id: RowId, body: ConsequenceDecisionInput, tx: Tx) -> object:
    return await commands.decide_consequence(tx, consequence_id=consequence_id, **body.model_dump())


class CompletionInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    course: Line = Field(description="课程", examples=["社区治理与群众工作"])
    hours: Annotated[Decimal, Field(gt=0, le=1000, max_digits=5, decimal_places=1), PLAIN] = Field(
        description="学时", examples=["24"]
    )
    on: Day = Field(description="完成日期", examples=["2024-11-05"])


class Training(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    training_id: str
    worker_id: str
    area: str
    staff: str
    clause: str
    opened_on: date
    due_on: date
    status: str
    course: str | None
    hours: Decimal | None
    completed_on: date | None
    late: bool | None


@router.post(
    "/trainings/{training_id}/completions",
    response_model=Training,
    name="complete_training",
    summary="登记完成培训",
    description="逾期完成也予登记并注明；条款要求定期培训的，下一期任务随之产生。",
)
async def complete_training(training_id: RowId, body: CompletionInput, tx: Tx) -> object:
    return await commands.complete_training(tx, training_id=training_id, **body.model_dump())


@router.get(
    "/trainings",
    response_model=Page[Training],
    name="list_trainings",
    summary="培训任务清单",
    description="以 status=open 与 due_by 列出某日前应完成而未完成的培训。",
)
async def list_trainings(
    session: Reading,
    key: CursorKey,
    status: Annotated[Literal["open", "completed", "closed"] | None, Query(description="只列此状态")] = None,
    due_by: Annotated[date | None, Query(description="应在此日（含）之前完成")] = None,
    worker_id: Annotated[RowId | None, Query(description="只列此人")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    return await queries.trainings(
        session, status=status, due_by=due_by, worker_id=worker_id, cursor=cursor, limit=limit, key=key
    )
