"""HTTP in and out of payroll."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from common.actors import Role
from common.areas import AREA_CODE
from common.errors import NotFound
from common.money import Yuan
from common.service import CurrentActor, Reading, Tx, new_router
from common.text import Code, Day, RowId
from payroll import commands, queries

router = new_router("payroll")

MONTH = r"^20\d{2}-(0[1-9]|1[0-2])$"

RunId = Annotated[RowId, Path(description="工资核算编号")]
WorkerId = Annotated[RowId, Path(description="人员编号")]
Area = Annotated[str, Field(pattern=AREA_CODE, description="地区代码", examples=["220102001"])]
Staff = Annotated[Code, Field(description="人员类别", examples=["community_worker"])]
Amount = Annotated[Yuan, Field(ge=0, le=1_000_000)]
HandledOn = Annotated[Day, Field(description="办理日期", examples=["2026-03-25"])]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PayStandardInput(Body):
    area: Area
    staff: Staff
    post_class: Code = Field(description="岗位类别", examples=["ordinary"])
    grade: int = Field(ge=1, le=99, description="岗位等级，自1级起", examples=[1])
    monthly_amount: Yuan = Field(gt=0, le=1_000_000, description="月标准（元）", examples=["4000.00"])
    starts_on: Day = Field(description="自何日起执行；月中起的自次月适用", examples=["2026-01-01"])


class PayStandard(Shown):
    standard_id: str
    area: str
    staff: str
    post_class: str
    grade: int
    monthly_amount: Yuan
    starts_on: date
    status: str
    approved_on: date | None


class Approval(Body):
    on: HandledOn


class PayrollRunInput(Body):
    area: Area
    staff: Staff
    month: str = Field(pattern=MONTH, description="工资所属月份", examples=["2026-03"])
    paid_in: str | None = Field(
        default=None, pattern=MONTH, description="发放月份，个人所得税按此归年；不填即所属月份", examples=["2026-03"]
    )
    on: HandledOn


class EntryInput(Body):
    """整份替换：未填的项即为没有。"""

    performance_pay: Amount | None = Field(default=None, description="业绩考评工资（元）", examples=["1200.00"])
    overtime_pay: Amount | None = Field(default=None, description="加班工资（元）", examples=["300.00"])
    special_deductions: Amount | None = Field(
        default=None, description="本月专项附加扣除合计（元），按本人申报", examples=["1000.00"]
    )
    hours: Decimal | None = Field(
        default=None, gt=0, le=744, decimal_places=2, description="本月工时；只有非全日制人员填报", examples=["80"]
    )


class Entry(Shown):
    run_id: str
    worker_id: str
    performance_pay: Yuan | None
    overtime_pay: Yuan | None
    special_deductions: Yuan | None
    hours: Decimal | None


class PoolScoreInput(Body):
    score: Decimal = Field(ge=0, le=100, decimal_places=2, description="绩效分配得分，0至100", examples=["92.5"])


class PoolScore(Shown):
    run_id: str
    worker_id: str
    score: Decimal


class Line(BaseModel):
    code: str
    kind: str
    label: str
    amount: Yuan
    formula: str
    clause: str | None
    decision_id: str | None


class Payslip(Shown):
    payslip_id: str
    run_id: str
    worker_id: str
    area: str
    staff: str
    month: str
    paid_in: str
    gross: Yuan
    contributions: Yuan
    employer_contributions: Yuan
    tax: Yuan
    net: Yuan
    lines: list[Line]


class RunFinding(BaseModel):
    worker_id: str
    code: str
    zh: str
    en: str
    clause: str | None
    decision_id: str | None


class PayrollRun(Shown):
    run_id: str
    area: str
    staff: str
    month: str
    paid_in: str
    status: str
    opened_on: date
    calculated_on: date | None
    approved_on: date | None
    workers: int
    gross_total: Yuan
    net_total: Yuan
    findings: list[RunFinding]


class PayrollRunWithSlips(PayrollRun):
    slips: list[Payslip]


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


@router.post(
    "/payroll-runs",
    name="open_payroll_run",
    status_code=201,
    response_model=PayrollRun,
    summary="建立工资核算",
    description="一个地区、一类人员、一个月只有一份工资核算。",
)
async def open_payroll_run(body: PayrollRunInput, tx: Tx) -> object:
    return await commands.open_payroll_run(tx, **body.model_dump())


@router.put(
    "/payroll-runs/{run_id}/entries/{worker_id}",
    name="enter_performance",
    response_model=Entry,
    summary="填报绩效、加班、专项附加扣除和工时",
    description="填报后须重新核算。",
)
async def enter_performance(run_id: RunId, worker_id: WorkerId, body: EntryInput, tx: Tx) -> object:
    return await commands.enter_performance(tx, run_id=run_id, worker_id=worker_id, **body.model_dump())


@router.put(
    "/payroll-runs/{run_id}/pool-scores/{worker_id}",
    name="score_for_pool",
    response_model=PoolScore,
    summary="填报绩效分配得分",
    description="未填报的，以最近一个年度考核得分为准。填报后须重新核算。",
)
async def score_for_pool(run_id: RunId, worker_id: WorkerId, body: PoolScoreInput, tx: Tx) -> object:
    return await commands.score_for_pool(tx, run_id=run_id, worker_id=worker_id, score=body.score)


@router.post(
    "/payroll-runs/{run_id}/calculation",
    name="calculate_payroll_run",
    response_model=PayrollRun,
    summary="核算工资",
    description="有人缺少标准、得分或低于最低工资的，状态为 blocked 并逐人列明问题；更正后可重新核算。",
)
async def calculate_payroll_run(run_id: RunId, body: Approval, tx: Tx) -> object:
    return await commands.calculate_payroll_run(tx, run_id=run_id, on=body.on)


@router.post(
    "/payroll-runs/{run_id}/approval",
    name="approve_payroll_run",
    response_model=PayrollRun,
    summary="批准工资核算",
    description="须由未参与建立、填报和核算、且本人工资不在其中的人批准；批准后发出工资条。",
)
async def approve_payroll_run(run_id: RunId, body: Approval, tx: Tx) -> object:
    return await commands.approve_payroll_run(tx, run_id=run_id, on=body.on)


@router.get(
    "/payroll-runs/{run_id}",
    name="get_payroll_run",
    response_model=PayrollRunWithSlips,
    summary="查看工资核算及工资条",
)
async def get_payroll_run(run_id: RunId, session: Reading) -> dict[str, Any]:
    run = await queries.run(session, run_id=run_id)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    shown = PayrollRun.model_validate(run).model_dump()
    return {**shown, "slips": await queries.slips_of(session, run_id=run_id)}


@router.get(
    "/payslips/{payslip_id}",
    name="get_payslip",
    response_model=Payslip,
    summary="查看工资条",
    description="本人只能查看自己的、已批准的工资条。",
)
async def get_payslip(
    payslip_id: Annotated[RowId, Path(description="工资条编号")], session: Reading, actor: CurrentActor
) -> object:
    offices = actor.roles - {Role.WORKER}
    slip = (
        await queries.payslip(session, payslip_id=payslip_id)
        if offices & SLIP_OFFICES
        else await queries.own_payslip(session, payslip_id=payslip_id, account=actor.account)
    )
    if slip is None:
        raise NotFound(what=f"payslip {payslip_id}")
    return slip


SLIP_OFFICES = frozenset({Role.LEAD_DEPARTMENT, Role.FINANCE, Role.AUDITOR})
