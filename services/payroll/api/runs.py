"""Runs from opening to closing, how far they are, and who could not be paid."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AliasChoices, BaseModel, Field, StringConstraints

from common.areas import AREA_CODE
from common.errors import NotFound
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CurrentActor, CursorKey, Reading, Tx, new_router
from common.text import Code, Line
from payroll import commands, queries
from payroll.api.shapes import MONTH, Approval, Area, Body, FromFen, HandledOn, RunId, Shown, Staff
from payroll.models import Cycle, RunStatus

router = new_router("payroll")

MOST_PEOPLE = 10_000_000  # of a province, generously

Cursor = Annotated[str | None, Query(max_length=2000, description="上一页给出的游标")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="每页条数")]


async def _known_run(run_id: RunId, session: Reading, actor: CurrentActor) -> str:
    if not await queries.is_run(session, run_id=run_id, area=actor.area):
        raise NotFound(what=f"run {run_id}")
    return run_id


KnownRun = Annotated[str, Depends(_known_run)]  # a list of what belongs to no run at all would look like an empty one


class PayrollRunInput(Body):
    area: Area
    staff: Staff
    month: str = Field(pattern=MONTH, description="工资所属月份", examples=["2026-03"])
    cycle: Cycle = Field(default=Cycle.MONTH, description="整月，或上、下半月（非全日制人员）")
    paid_in: str | None = Field(
        default=None, pattern=MONTH, description="发放月份，个人所得税按此归年；不填即所属月份", examples=["2026-03"]
    )
    on: HandledOn


class ReviewInput(Body):
    set_aside: int = Field(ge=0, le=MOST_PEOPLE, description="已查看的另列人数，须与核算结果一致", examples=[0])
    empty: bool = Field(default=False, description="确认本次核算没有任何人员发放")
    on: HandledOn


class ApprovalWithReason(Body):
    reason: Annotated[Line, StringConstraints(min_length=2, max_length=400)] | None = Field(
        default=None, description="超出预算的，写明理由"
    )
    on: HandledOn


class ClosingInput(Body):
    set_aside: int = Field(ge=0, le=MOST_PEOPLE, description="另列人数", examples=[0])
    held_back: int = Field(ge=0, le=MOST_PEOPLE, description="暂缓发放人数", examples=[0])
    on: HandledOn


class Step(BaseModel):
    status: str
    by: str
    on: date
    reason: str | None = None


class RunFinding(BaseModel):
    """`workers` 列出有关人员，人数多的只列前面一部分；`people` 是全部人数。"""

    code: str
    zh: str
    en: str
    people: int | None = None
    workers: list[str] | None = None
    clause: str | None = None


class PayrollRun(Shown):
    run_id: str
    area: str
    staff: str
    month: str
    cycle: str
    paid_in: str
    status: str
    attempt: int
    opened_on: date
    batches: int
    batches_done: int
    workers: int
    set_aside: int
    gross_total: FromFen
    contributions_total: FromFen
    employer_total: FromFen
    tax_total: FromFen
    net_total: FromFen
    findings: list[RunFinding]
    steps: list[Step]


class WaitingBatch(Shown):
    """处理失败、不会自行完成的，`zh`、`en` 说明原因和办法。"""

    batch_id: str
    area: str
    queued_at: datetime
    zh: str | None
    en: str | None


class PayrollRunInDetail(PayrollRun):
    """`waiting` 列出尚未核算（已批准的，尚未签发）的批次及其排队时间；久未完成的，可重新核算。"""

    waiting: list[WaitingBatch]
    set_aside_by_code: dict[str, int]


class PayrollBatch(Shown):
    batch_id: str
    run_id: str
    area: str
    attempt: int
    queued_at: datetime
    calculated_at: datetime | None
    issued_at: datetime | None
    engine: str | None
    workers: int
    set_aside: int
    noted: int = Field(description="须留意的事项数")
    totals: dict[str, FromFen]
    inputs: str | None
    terms: str | None
    root: str | None
    decision_id: str | None


class Noted(Shown):
    """已核算、须留意的事项。"""

    worker_id: str
    area: str
    period: str
    code: str
    zh: str
    en: str
    clause: str | None


class SetAside(Shown):
    worker_id: str
    organisation_id: str
    area: str
    period: str
    code: str
    zh: str
    en: str
    clause: str | None


class PayslipFigures(Shown):
    payslip_id: str
    run_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    month: str
    cycle: str
    paid_in: str
    gross: FromFen
    contributions: FromFen
    employer_contributions: FromFen
    tax: FromFen = Field(
        validation_alias=AliasChoices("tax_in_all", "tax"), description="工资薪金与单独计税的年终奖税款合计"
    )
    net: FromFen


@router.post(
    "/payroll-runs",
    name="open_payroll_run",
    status_code=201,
    response_model=PayrollRun,
    summary="建立工资核算",
    description="一个地区、一类人员、一个月（或半月）只有一份工资核算。",
)
async def open_payroll_run(body: PayrollRunInput, tx: Tx) -> object:
    return await commands.open_payroll_run(tx, **body.model_dump())


@router.post(
    "/payroll-runs/{run_id}/calculation",
    name="calculate_payroll_run",
    response_model=PayrollRun,
    summary="核算工资",
    description="按街道分批排队核算，状态先为 calculating，全部完成后为 calculated；不能核算的人员另列，不影响其他人。"
    "缺少参数的，指明所缺参数而不开始。批准之前可以重新核算。",
)
async def calculate_payroll_run(run_id: RunId, body: Approval, tx: Tx) -> object:
    return await commands.calculate_payroll_run(tx, run_id=run_id, on=body.on)


@router.post(
    "/payroll-runs/{run_id}/review",
    name="review_payroll_run",
    response_model=PayrollRun,
    summary="复核工资核算",
    description="由未建立、未核算、未填报、未设定其所依资料、本人工资不在其中的人复核，并填写所见的另列人数。",
)
async def review_payroll_run(run_id: RunId, body: ReviewInput, tx: Tx) -> object:
    return await commands.review_payroll_run(tx, run_id=run_id, **body.model_dump())


@router.post(
    "/payroll-runs/{run_id}/approval",
    name="approve_payroll_run",
    response_model=PayrollRun,
    summary="批准工资核算",
    description="须由未参与建立、填报、核算和复核、未设定其所依资料、且本人工资不在其中的人批准；批准后发出工资条。",
)
async def approve_payroll_run(run_id: RunId, body: ApprovalWithReason, tx: Tx) -> object:
    return await commands.approve_payroll_run(tx, run_id=run_id, **body.model_dump())


@router.post(
    "/payroll-runs/{run_id}/closing",
    name="close_payroll_run",
    response_model=PayrollRun,
    summary="办结工资核算",
    description="发放完毕，或全部人员暂缓发放时办结；须填写另列人数和暂缓发放人数，与实际一致方可办结。办结后仍可为暂缓人员再生成代发文件。",
)
async def close_payroll_run(run_id: RunId, body: ClosingInput, tx: Tx) -> object:
    return await commands.close_payroll_run(tx, run_id=run_id, **body.model_dump())


@router.get(
    "/payroll-runs",
    name="list_payroll_runs",
    response_model=Page[PayrollRun],
    summary="工资核算列表",
)
async def list_payroll_runs(
    session: Reading,
    key: CursorKey,
    area: Annotated[str | None, Query(pattern=AREA_CODE, description="地区代码，含其下级")] = None,
    staff: Annotated[Code | None, Query(description="人员类别")] = None,
    month: Annotated[str | None, Query(pattern=MONTH, description="所属月份")] = None,
    status: Annotated[RunStatus | None, Query(description="状态")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    given = {"area": area, "staff": staff, "month": month, "status": status}
    wanted = {name: str(value) for name, value in given.items() if value is not None}
    return await queries.runs_where(session, key=key, cursor=cursor, limit=limit, wanted=wanted)


@router.get(
    "/payroll-runs/{run_id}",
    name="get_payroll_run",
    response_model=PayrollRunInDetail,
    summary="查看工资核算及其进度",
)
async def get_payroll_run(run_id: RunId, session: Reading) -> dict[str, Any]:
    run = await queries.run(session, run_id=run_id)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    waiting = await queries.waiting_batches(session, run)
    aside = await queries.set_aside_by_code(session, run_id=run_id)
    return {**PayrollRun.model_validate(run).model_dump(), "waiting": waiting, "set_aside_by_code": aside}


@router.get(
    "/payroll-runs/{run_id}/batches",
    name="list_payroll_batches",
    response_model=Page[PayrollBatch],
    summary="工资核算的各批次（街道）",
)
async def list_payroll_batches(
    run_id: KnownRun, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    return await queries.listed_batches(session, run_id=run_id, key=key, cursor=cursor, limit=limit)


@router.get(
    "/payroll-runs/{run_id}/noted",
    name="list_noted",
    response_model=Page[Noted],
    summary="已核算而须留意的人员及事项",
)
async def list_noted(
    run_id: KnownRun,
    session: Reading,
    key: CursorKey,
    code: Annotated[Code | None, Query(description="只看此类事项", examples=["pay_swing"])] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await queries.noted(session, run_id=run_id, code=code, key=key, cursor=cursor, limit=limit)


@router.get(
    "/payroll-runs/{run_id}/payslips",
    name="list_payslips",
    response_model=Page[PayslipFigures],
    summary="工资核算的工资条",
)
async def list_payslips(
    run_id: KnownRun,
    session: Reading,
    key: CursorKey,
    area: Annotated[str, Query(pattern=AREA_CODE + "|^$", description="只看此地区")] = "",
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await queries.slips(session, run_id=run_id, area=area, key=key, cursor=cursor, limit=limit)


@router.get(
    "/payroll-runs/{run_id}/set-aside",
    name="list_set_aside",
    response_model=Page[SetAside],
    summary="另列人员及原因",
)
async def list_set_aside(
    run_id: KnownRun, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    return await queries.set_aside(session, run_id=run_id, key=key, cursor=cursor, limit=limit)
