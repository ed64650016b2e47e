"""Payments under contracts for bought services."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from common.money import Yuan
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CursorKey, Reading, Tx, new_router
from common.text import Day, Line, RowId
from payroll.api.shapes import Approval, Area, Body, FromFen, HandledOn, Shown, Staff
from payroll.commands import contract_payments as commands
from payroll.queries import payments as queries
from payroll.rules.purchases import PaidTo

router = new_router("payroll")

PaymentId = Annotated[RowId, Path(description="合同付款编号")]


class ContractPaymentInput(Body):
    area: Area
    staff: Staff
    organisation_id: RowId = Field(description="购买服务的单位编号")
    provider: Line = Field(description="服务提供方", examples=["某社会工作服务中心"])
    contract_reference: Annotated[Line, StringConstraints(max_length=120)] = Field(
        description="合同编号", examples=["2026-购-017"]
    )
    instalment: int = Field(ge=1, le=999, description="第几期付款", examples=[1])
    amount: Yuan = Field(gt=0, le=1_000_000_000, description="金额（元）", examples=["120000.00"])
    due_on: Day = Field(description="合同约定付款日", examples=["2026-03-31"])
    paid_to: PaidTo = Field(description="款项付给谁", examples=["provider"])
    on: HandledOn


class ContractPayment(Shown):
    payment_id: str
    area: str
    staff: str
    organisation_id: str
    provider: str
    contract_reference: str
    instalment: int
    amount: FromFen
    due_on: date
    approved_on: date | None
    paid_on: date | None
    clause: str | None
    decision_id: str | None


@router.post(
    "/contract-payments",
    name="enter_contract_payment",
    status_code=201,
    response_model=ContractPayment,
    summary="登记购买服务合同付款",
    description="购买服务按合同付款，不发工资条；须由另一人批准。",
)
async def enter_contract_payment(body: ContractPaymentInput, tx: Tx) -> object:
    return await commands.enter_contract_payment(tx, **dict(body))


@router.post(
    "/contract-payments/{payment_id}/approval",
    name="approve_contract_payment",
    response_model=ContractPayment,
    summary="批准合同付款",
)
async def approve_contract_payment(payment_id: PaymentId, body: Approval, tx: Tx) -> object:
    return await commands.approve_contract_payment(tx, payment_id=payment_id, on=body.on)


@router.post(
    "/contract-payments/{payment_id}/payment",
    name="record_contract_payment",
    response_model=ContractPayment,
    summary="登记合同款已付",
)
async def record_contract_payment(payment_id: PaymentId, body: Approval, tx: Tx) -> object:
    return await commands.record_contract_payment(tx, payment_id=payment_id, on=body.on)


@router.get(
    "/contract-payments",
    name="list_contract_payments",
    response_model=Page[ContractPayment],
    summary="查看合同付款",
)
async def list_contract_payments(
    session: Reading,
    key: CursorKey,
    paid: Annotated[bool | None, Query(description="是否已付")] = None,
    due_by: Annotated[Day | None, Query(description="约定付款日不晚于")] = None,
    organisation_id: Annotated[RowId | None, Query(description="单位编号")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    return await queries.contract_payments(
        session, paid=paid, due_by=due_by, organisation_id=organisation_id, cursor=cursor, limit=limit, key=key
    )
