from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.actors import Role
from common.decimals import PLAIN
from common.money import Yuan
from common.service import CurrentActor, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId, Words
from contracts import commands, queries
from contracts.models import LeaveKind, PartTime
from contracts.rules import Ground, LegalGround

router = new_router("contracts")


class PartTimeHours(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)

    hours_a_day: Annotated[Decimal, Field(gt=0, le=24, decimal_places=2), PLAIN] = Field(
        description="平均每日工作小时数", examples=["4"]
    )
    hours_a_week: Annotated[Decimal, Field(gt=0, le=168, decimal_places=2), PLAIN] = Field(
        description="每周工作小时数", examples=["20"]
    )


class AgreementInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    worker_id: RowId = Field(description="人员编号", examples=["worker-0198c0ffee"])
    starts_on: Day = Field(description="起始日", examples=["2024-03-01"])
    ends_on: Day = Field(description="终止日（不含当日）", examples=["2025-03-01"])
    probation_months: int = Field(ge=0, le=120, description="试用期（月），没有则为 0", examples=[2])
    monthly_pay: Annotated[Yuan, Field(gt=0, le=Decimal("9999999"))] | None = Field(
        default=None, description="约定月报酬（元）", examples=["4200.00"]
    )
    duties: Words = Field(description="工作内容", examples=["负责辖区企业建会和职工维权服务"])
    place: Line = Field(description="工作地点", examples=["梅园新村街道总工会"])
    part_time: PartTimeHours | None = Field(default=None, description="非全日制用工的工作时间；全日制的不填")
    on: Day = Field(description="起草日期", examples=["2024-02-20"])


class Signature(BaseModel):
    party: Role
    on: date


class Agreement(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    agreement_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    post_class: str
    kind: str = Field(
        description="labour_fixed 固定期限劳动合同；labour_part_time 非全日制用工；service_agreement 服务协议"
    )
    clause: str = Field(description="确定期限与种类的条款")
    parties: list[Role]
    starts_on: date
    ends_on: date
    probation_months: int
    monthly_pay: Yuan | None
    part_time: PartTimeHours | None
    duties: str
    place: str
    renewal_of: str | None
    status: str = Field(description="drafted 待签署；signed 已签订；ended 已终止；withdrawn 已撤回")
    drafted_on: date
    signatures: list[Signature]
    signed_on: date | None
    ended_on: date | None
    warnings: list[str] = Field(description="late_signing 逾期签订")


@router.post(
    "/agreements",
    status_code=201,
    response_model=Agreement,
    name="draft_agreement",
    summary="起草协议",
    description="为已录用人员起草首份协议；种类、期限要求和签约各方由当地文件确定。尚未签妥的旧草稿随之撤回。",
)
async def draft_agreement(body: AgreementInput, tx: Tx) -> object:
    hours = PartTime(**body.part_time.model_dump()) if body.part_time else None
    return await commands.draft_agreement(tx, **body.model_dump(exclude={"part_time"}), part_time=hours)


@router.get("/agreements/{agreement_id}", response_model=Agreement, name="get_agreement", summary="查看协议")
async def get_agreement(agreement_id: RowId, session: Reading, actor: CurrentActor) -> object:
    return await queries.agreement_shown(session, agreement_id, actor=actor)


class SignatureInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    party: Role = Field(description="代表哪一方签署", examples=["worker"])
    on: Day = Field(description="签署日期", examples=["2024-02-22"])


@router.post(
    "/agreements/{agreement_id}/signatures",
    response_model=Agreement,
    name="sign_agreement",
    summary="签署协议",
    description="单位一方由具有该角色的经办人签署，本人一方由本人账号签署；各方签妥即成立。",
)
async def sign_agreement(agreement_id: RowId, body: SignatureInput, tx: Tx) -> object:
    return await commands.sign_agreement(tx, agreement_id=agreement_id, party=body.party, on=body.on)


class RenewalInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    starts_on: Day = Field(description="续签起始日", examples=["2025-03-01"])
    ends_on: Day = Field(description="续签终止日（不含当日）", examples=["2026-03-01"])
    on: Day = Field(description="办理日期", examples=["2025-02-20"])


@router.post(
    "/agreements/{agreement_id}/renewals",
    status_code=201,
    response_model=Agreement,
    name="renew_agreement",
    summary="续签协议",
    description="以考核结果和累计年限为据；沿用原协议的报酬、工作内容和地点，不设试用期。",
)
async def renew_agreement(agreement_id: RowId, body: RenewalInput, tx: Tx) -> object:
    return await commands.renew_agreement(tx, agreement_id=agreement_id, **body.model_dump())


class ExitCaseInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    worker_id: RowId = Field(description="人员编号", examples=["worker-0198c0ffee"])
    ground: Ground = Field(description="退出情形", examples=["failed_evaluations"])
    legal_ground: LegalGround | None = Field(
        default=None, description="法定事由编码；解除劳动合同时必填", examples=["R-40-2"]
    )
    statutory_procedure_on: Day | None = Field(
        default=None, description="社区“两委”成员法定退出程序的完成日；其他人员不填"
    )
    evidence: Words = Field(description="事实与证据", examples=["2022、2023年度考核均不合格，见考核表"])
    on: Day = Field(description="立案日期", examples=["2024-03-01"])


class ExitCase(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    case_id: str
    worker_id: str
    area: str
    staff: str
    ground: Ground
    legal_ground: LegalGround | None
    statutory_procedure_on: date | None
    evidence: str
    clause: str
    status: str = Field(description="opened 待听取意见；heard 待决定；left 已退出；dismissed 不予退出")
    opened_on: date
    heard_on: date | None
    statement: str | None
    decided_on: date | None
    left_on: date | None


@router.post("/exit-cases", status_code=201, response_model=ExitCase, name="open_exit_case", summary="提出退出事项")
async def open_exit_case(body: ExitCaseInput, tx: Tx) -> object:
    return await commands.open_exit_case(tx, **body.model_dump())


@router.get("/exit-cases/{case_id}", response_model=ExitCase, name="get_exit_case", summary="查看退出事项")
async def get_exit_case(case_id: RowId, session: Reading, actor: CurrentActor) -> object:
    return await queries.exit_case_shown(session, case_id, actor=actor)


class HearingInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="听取意见日期", examples=["2024-03-08"])
    statement: Words = Field(description="本人陈述；未到场的写明情况", examples=["本人对考核结果无异议"])


@router.post(
    "/exit-cases/{case_id}/hearings", response_model=ExitCase, name="hold_exit_hearing", summary="听取本人意见"
)
async def hold_exit_hearing(case_id: RowId, body: HearingInput, tx: Tx) -> object:
    return await commands.hold_exit_hearing(tx, case_id=case_id, **body.model_dump())


class ExitDecisionInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="决定日期", examples=["2024-03-15"])
    leaves: bool = Field(description="是否退出")
    left_on: Day | None = Field(default=None, description="不再在岗的第一天；决定退出时必填", examples=["2024-04-15"])


@router.post(
    "/exit-cases/{case_id}/decisions",
    response_model=ExitCase,
    name="decide_exit_case",
    summary="决定是否退出",
    description="须由立案人以外的人办理；文件要求听取意见的，须先听取。",
)
async def decide_exit_case(case_id: RowId, body: ExitDecisionInput, tx: Tx) -> object:
    return await commands.decide_exit_case(tx, case_id=case_id, **body.model_dump())


class LeaveInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    worker_id: RowId = Field(description="人员编号", examples=["worker-0198c0ffee"])
    kind: LeaveKind = Field(description="假别", examples=["sick"])
    starts_on: Day = Field(description="起始日", examples=["2024-06-03"])
    ends_on: Day = Field(description="终止日（不含当日）", examples=["2024-06-08"])
    grounds: Words = Field(description="事由与证明", examples=["见诊断证明"])
    on: Day = Field(description="登记日期", examples=["2024-06-03"])


class Leave(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    leave_id: str
    worker_id: str
    area: str
    kind: LeaveKind
    starts_on: date
    ends_on: date
    recorded_on: date
    withdrawn_on: date | None


@router.post(
    "/leaves",
    status_code=201,
    response_model=Leave,
    name="record_leave",
    summary="登记休假",
    description="须在已签订的协议期限内，且不与已登记的休假重叠。",
)
async def record_leave(body: LeaveInput, tx: Tx) -> object:
    return await commands.record_leave(tx, **body.model_dump())


class Withdrawal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="撤回日期", examples=["2024-06-10"])


@router.post(
    "/leaves/{leave_id}/withdrawals",
    response_model=Leave,
    name="withdraw_leave",
    summary="撤回休假",
    description="撤回的休假视为未休；提前结束的，撤回后按实际日期重新登记。",
)
async def withdraw_leave(leave_id: RowId, body: Withdrawal, tx: Tx) -> object:
    return await commands.withdraw_leave(tx, leave_id=leave_id, on=body.on)


@router.get("/workers/{worker_id}/leaves", response_model=list[Leave], name="list_leaves", summary="查看休假")
async def list_leaves(worker_id: RowId, session: Reading, actor: CurrentActor) -> object:
    return await queries.leaves_shown(session, worker_id, actor=actor)


class TransferInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    worker_id: RowId = Field(description="人员编号", examples=["worker-0198c0ffee"])
    organisation_id: RowId = Field(description="调往的组织编号", examples=["organisation-0198c0ffee"])
    post_class: Code = Field(description="调往的岗位类别", examples=["ordinary"])
    starts_on: Day = Field(description="调动日", examples=["2024-07-01"])
    consented_on: Day = Field(description="本人书面同意日", examples=["2024-06-20"])
    consent: Words = Field(description="本人同意的书面材料", examples=["见本人签字的调动同意书"])
    on: Day = Field(description="办理日期", examples=["2024-06-25"])


class Transfer(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    transfer_id: str
    worker_id: str
    from_area: str
    from_organisation_id: str
    from_post_class: str
    area: str
    organisation_id: str
    post_class: str
    starts_on: date
    consented_on: date
    clause: str
    decided_on: date


@router.post(
    "/transfers",
    status_code=201,
    response_model=Transfer,
    name="transfer_worker",
    summary="调动岗位",
    description="协议继续有效；由管辖新旧两地的单位办理，须有本人书面同意。未签妥的协议草稿随之撤回。",
)
async def transfer_worker(body: TransferInput, tx: Tx) -> object:
    return await commands.transfer_worker(tx, **body.model_dump())


@router.get("/workers/{worker_id}/transfers", response_model=list[Transfer], name="list_transfers", summary="查看调动")
async def list_transfers(worker_id: RowId, session: Reading, actor: CurrentActor) -> object:
    return await queries.transfers_shown(session, worker_id, actor=actor)
