"""Payments under contracts for bought services: entered by one person, approved by another, then paid."""

from datetime import date
from decimal import Decimal

from sqlalchemy.dialects.postgresql import insert

from common.areas import within
from common.errors import BusinessError, NotFound, SamePerson, WrongState
from common.events.payroll import ContractPaymentApproved
from common.ids import new_id
from common.money import in_yuan, whole_fen
from common.transaction import About, Transaction
from payroll import rules
from payroll.models import ContractPayment
from payroll.queries import payments as queries
from payroll.rules.purchases import PaidTo


class InstalmentEnteredAlready(BusinessError):
    zh = "合同 {contract_reference} 第 {instalment} 期付款已经登记。"
    en = "Instalment {instalment} of contract {contract_reference} is entered already."


async def enter_contract_payment(
    tx: Transaction,
    *,
    area: str,
    staff: str,
    organisation_id: str,
    provider: str,
    contract_reference: str,
    instalment: int,
    amount: Decimal,
    due_on: date,
    paid_to: PaidTo,
    on: date,
) -> ContractPayment:
    """`amount` in yuan. Where a document says whom a bought service is paid to, it decides."""
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")
    payment_id = new_id("payment")
    about = About(area=area, staff=staff, organisation_id=organisation_id)
    decision = await tx.decide_where_ruled(rules.may_receive_payment, about=about, on=on, paid_to=paid_to)
    if decision is not None:
        tx.require(decision, subject=payment_id)

    payment: ContractPayment | None = await tx.session.scalar(
        insert(ContractPayment)
        .values(
            payment_id=payment_id,
            area=area,
            staff=staff,
            organisation_id=organisation_id,
            provider=provider,
            contract_reference=contract_reference,
            instalment=instalment,
            amount=whole_fen(amount),
            due_on=due_on,
            entered_by=tx.actor.account,
            clause=decision.clause if decision else None,
            decision_id=decision.decision_id if decision else None,
        )
        .on_conflict_do_nothing()
        .returning(ContractPayment)
    )
    if payment is None:
        raise InstalmentEnteredAlready(contract_reference=contract_reference, instalment=instalment)
    return payment


async def approve_contract_payment(tx: Transaction, *, payment_id: str, on: date) -> ContractPayment:
    payment = await _locked(tx, payment_id=payment_id)
    if payment.approved_on is not None:
        raise WrongState(what="contract_payment", state="contract_payment.approved", needed="contract_payment.entered")
    if tx.actor.account == payment.entered_by:
        raise SamePerson(what="contract_payment.approving")

    payment.approved_by = tx.actor.account
    payment.approved_on = on
    tx.emit(
        ContractPaymentApproved(
            payment_id=payment_id,
            organisation_id=payment.organisation_id,
            area=payment.area,
            staff=payment.staff,
            provider=payment.provider,
            contract_reference=payment.contract_reference,
            instalment=payment.instalment,
            amount=in_yuan(payment.amount),
            due_on=payment.due_on,
        )
    )
    return payment


async def record_contract_payment(tx: Transaction, *, payment_id: str, on: date) -> ContractPayment:
    payment = await _locked(tx, payment_id=payment_id)
    if payment.approved_on is None or payment.paid_on is not None:
        state = "contract_payment.paid" if payment.paid_on is not None else "contract_payment.entered"
        raise WrongState(what="contract_payment", state=state, needed="contract_payment.approved")

    payment.paid_on = on
    payment.paid_by = tx.actor.account
    return payment


async def _locked(tx: Transaction, *, payment_id: str) -> ContractPayment:
    payment = await queries.contract_payment(tx.session, payment_id=payment_id, lock=True)
    if payment is None:
        raise NotFound(what=f"contract_payment {payment_id}")
    return payment
