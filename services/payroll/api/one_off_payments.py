"""Payments beside wages: labour remuneration, severance, interns."""

from datetime import date
from typing import Annotated, Any, Self

from fastapi import Path, Query
from pydantic import Field, StringConstraints, model_validator

from common.identity import IdentityNumber
from common.money import Yuan
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CurrentActor, CurrentSealer, CursorKey, Reading, Tx, new_router
from common.text import Line, RowId
from payroll.api.accounts import Name, Number
from payroll.api.payments import PaymentInput
from payroll.api.shapes import MONTH, Approval, Area, Body, FromFen, Shown, Staff
from payroll.commands import one_off_payments as commands
from payroll.models import OneOffKind
from payroll.queries import one_off_payments as queries

router = new_router("payroll")

PaymentId = Annotated[RowId, Path(description="一次性付款编号")]
PaidIn = Annotated[str, StringConstraints(pattern=MONTH)]


class OutsideAccountInput(Body):
    holder: Name = Field(description="户名，应为本人；加密保存", examples=["张三"])
    bank: Name = Field(description="开户银行", examples=["中国工商银行长春南关支行"])
    number: Number = Field(description="账号；加密保存，答复中只显示末四位", examples=["6222021234567890128"])


class OneOffPaymentInput(Body):
    area: Area
    staff: Staff
    organisation_id: RowId = Field(description="付款单位编号")
    kind: OneOffKind = Field(
        description="labour_remuneration 劳务报酬；severance 解除劳动合同一次性补偿；internship 实习报酬"
    )
    worker_id: RowId | None = Field(default=None, description="人员编号；外单位人员不填")
    payee_id: RowId | None = Field(
        default=None, description="外单位人员在本单位台账中的编号，不得填写身份证件号码", examples=["expert-017"]
    )
    project: Annotated[Line, StringConstraints(max_length=120)] | None = Field(
        default=None, description="劳务报酬：同一项目当月连续取得的，合并为一次", examples=["2026年春季培训"]
    )
    begun_in: PaidIn | None = Field(default=None, description="实习报酬：实习开始月份", examples=["2026-07"])
    paid_in: PaidIn = Field(description="付款月份，税额按此月计算", examples=["2026-09"])
    gross: Yuan = Field(gt=0, le=100_000_000, description="税前金额（元）", examples=["3000.00"])
    paid_to: OutsideAccountInput | None = Field(
        default=None, description="外单位人员的收款账户，由批准人核对确认；本平台人员按其已确认的账户付款，不填"
    )
    identity_number: IdentityNumber | None = Field(
        default=None, description="外单位人员的身份证件号码，申报个人所得税用；加密保存，不再显示"
    )

    @model_validator(mode="after")
    def _one_payee(self) -> Self:
        if (self.worker_id is None) == (self.payee_id is None):
            raise ValueError("either worker_id or payee_id")
        if self.worker_id is not None and (self.paid_to or self.identity_number):
            raise ValueError("paid_to and identity_number belong to somebody from outside; a worker's are known")
        return self

    @model_validator(mode="after")
    def _what_the_kind_needs(self) -> Self:
        if self.project is not None and self.kind != OneOffKind.LABOUR_REMUNERATION:
            raise ValueError("project belongs to labour remuneration")
        if (self.begun_in is not None) != (self.kind == OneOffKind.INTERNSHIP):
            raise ValueError("begun_in belongs to an internship, and is needed there")
        if self.begun_in is not None and self.begun_in > self.paid_in:
            raise ValueError("the internship begins after the month of payment")
        return self


class OneOffPayment(Shown):
    payment_id: str
    area: str
    staff: str
    organisation_id: str
    kind: OneOffKind
    worker_id: str | None
    payee_id: str | None
    project: str | None
    begun_in: str | None
    paid_in: str
    gross: FromFen
    exempt: FromFen
    tax: FromFen
    net: FromFen
    clause: str
    decision_id: str
    parameter_id: str | None
    bank: str | None
    number_masked: str | None
    file_id: str | None
    approved_on: date | None
    rejected_on: date | None
    paid_on: date | None
    reference: str | None


@router.post(
    "/one-off-payments",
    name="enter_one_off_payment",
    status_code=201,
    response_model=OneOffPayment,
    summary="登记工资以外的一次性付款",
    description="劳务报酬、解除劳动合同一次性补偿、实习报酬；税额按条款计算，须由另一人批准。",
)
async def enter_one_off_payment(body: OneOffPaymentInput, tx: Tx, sealer: CurrentSealer) -> object:
    paid_to = commands.OutsideAccount(**dict(body.paid_to)) if body.paid_to else None
    return await commands.enter_one_off_payment(tx, **{**dict(body), "paid_to": paid_to}, sealer=sealer)


@router.post(
    "/one-off-payments/{payment_id}/approval",
    name="approve_one_off_payment",
    response_model=OneOffPayment,
    summary="批准一次性付款",
    description="须由登记人和收款人以外的人批准；外单位人员的收款账户随之确认。",
)
async def approve_one_off_payment(payment_id: PaymentId, body: Approval, tx: Tx) -> object:
    return await commands.approve_one_off_payment(tx, payment_id=payment_id, on=body.on)


@router.post(
    "/one-off-payments/{payment_id}/rejection",
    name="reject_one_off_payment",
    response_model=OneOffPayment,
    summary="退回一次性付款",
    description="退回的不再计入合并计税；登记人也可以此撤回。",
)
async def reject_one_off_payment(payment_id: PaymentId, body: Approval, tx: Tx) -> object:
    return await commands.reject_one_off_payment(tx, payment_id=payment_id, on=body.on)


@router.post(
    "/one-off-payments/{payment_id}/payment",
    name="record_one_off_payment",
    response_model=OneOffPayment,
    summary="登记一次性付款已付",
)
async def record_one_off_payment(payment_id: PaymentId, body: PaymentInput, tx: Tx) -> object:
    return await commands.record_one_off_payment(tx, payment_id=payment_id, **dict(body))


@router.get(
    "/one-off-payments",
    name="list_one_off_payments",
    response_model=Page[OneOffPayment],
    summary="查看一次性付款",
    description="本人只能查看自己的、已批准的。",
)
async def list_one_off_payments(
    session: Reading,
    actor: CurrentActor,
    key: CursorKey,
    kind: Annotated[OneOffKind | None, Query(description="种类")] = None,
    paid: Annotated[bool | None, Query(description="是否已付")] = None,
    paid_in: Annotated[PaidIn | None, Query(description="付款月份")] = None,
    organisation_id: Annotated[RowId | None, Query(description="付款单位编号")] = None,
    worker_id: Annotated[RowId | None, Query(description="人员编号")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    asked: dict[str, Any] = {"kind": kind, "paid": paid, "paid_in": paid_in}
    whose: dict[str, Any] = {"organisation_id": organisation_id, "worker_id": worker_id}
    own = actor.account if actor.is_for_himself else None
    return await queries.one_off_payments(session, **asked, **whose, own=own, cursor=cursor, limit=limit, key=key)
