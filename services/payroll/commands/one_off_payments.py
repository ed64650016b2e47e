"""What is paid beside wages: entered by one person with the tax the rule gives, approved by another, then paid."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common.areas import within
from common.errors import BusinessError, NotFound, SamePerson, WrongState
from common.events.payroll import OneOffPaymentApproved
from common.fields import Sealer
from common.ids import new_id
from common.money import in_yuan, whole_fen
from common.policy import Decision
from common.transaction import About, Transaction
from payroll import rules
from payroll.commands.accounts import mask_number
from payroll.commands.turns import Turn, take_turns
from payroll.models import OneOffKind, OneOffPayment
from payroll.queries import accounts, parameters_in_force
from payroll.queries import one_off_payments as queries
from payroll.queries.one_off_payments import Chain
from payroll.rules.cycles import first_day, next_month

AVERAGE_WAGE = "wage.average"
NOTHING = Decimal("0.00")
HOLDER, NUMBER, IDENTITY = "holder", "number", "identity_number"


class EarlierPaymentWaits(BusinessError):
    zh = "同一人合并计税的上一笔付款尚待批准，其税额未定；请先批准或退回该笔。"
    en = "An earlier payment that this one is taxed with waits for approval; approve or reject it first."


class LaterPaymentEntered(BusinessError):
    zh = "本年已登记 {paid_in} 的付款，按累计计税的付款须按月份先后登记。"
    en = "A payment for {paid_in} is entered already; payments taxed cumulatively are entered month by month."


class OwnStaffPaidWages(BusinessError):
    status = 422
    zh = "该人员当月是本单位职工，所得属于工资薪金，应填入工资，不作劳务报酬。"
    en = "The unit employs this person in that month: what it pays is wages and is entered there."


@dataclass(frozen=True)
class Taxed:
    """What is withheld now, in yuan, the decision it follows from, the row of the average wage it went by, and what of
    the payment bears no tax.
    """

    tax: Decimal
    decision: Decision[Any]
    parameter_id: str | None = None
    exempt: Decimal = NOTHING

    def columns(self, gross: Decimal) -> dict[str, Any]:
        """Of the payment that it is withheld from."""
        amounts = {"exempt": self.exempt, "tax": self.tax, "net": gross - self.tax}
        return {name: whole_fen(amount) for name, amount in amounts.items()} | {
            "clause": self.decision.clause,
            "decision_id": self.decision.decision_id,
            "parameter_id": self.parameter_id,
        }


@dataclass(frozen=True)
class OutsideAccount:
    """Where somebody from outside is paid; whoever approves the payment confirms it."""

    holder: str
    bank: str
    number: str


async def enter_one_off_payment(
    tx: Transaction,
    *,
    area: str,
    staff: str,
    organisation_id: str,
    kind: OneOffKind,
    worker_id: str | None,
    payee_id: str | None,
    project: str | None,
    begun_in: str | None,
    paid_in: str,
    gross: Decimal,
    paid_to: OutsideAccount | None = None,
    identity_number: str | None = None,
    sealer: Sealer | None = None,
) -> OneOffPayment:
    """`gross` in yuan. The clauses are those of the first day of the month of payment.

    The tax is that on what is taxed together, less what was withheld before, and never less than nothing. `paid_to`
    and `identity_number`: of somebody from outside, sealed by `sealer`; a worker's are known.
    """
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")
    await _require_unit(tx, organisation_id, area=area)
    chain = Chain(organisation_id, worker_id, payee_id, kind, paid_in, project)
    await _require_payable(tx, chain)
    about = About(area=area, staff=staff, organisation_id=organisation_id)
    taxed = await _taxed(tx, chain, about=about, gross=gross, begun_in=begun_in)
    payment = OneOffPayment(
        payment_id=new_id("payment"),
        area=area,
        staff=staff,
        organisation_id=organisation_id,
        kind=kind,
        worker_id=worker_id,
        payee_id=payee_id,
        project=project,
        begun_in=begun_in,
        paid_in=paid_in,
        gross=whole_fen(gross),
        entered_by=tx.actor.account,
        **taxed.columns(gross),
    )
    if sealer is not None:
        _keep_outside(payment, sealer, paid_to, identity_number)
    tx.record(taxed.decision, subject=payment.payment_id)
    tx.session.add(payment)
    return payment


def _keep_outside(
    payment: OneOffPayment, sealer: Sealer, paid_to: OutsideAccount | None, identity_number: str | None
) -> None:
    def sealed(column: str, value: str) -> bytes:
        return sealer.seal_bytes(value.encode(), place=place_of(column, payment.payment_id))

    if identity_number is not None:
        payment.identity_sealed = sealed(IDENTITY, identity_number)
    if paid_to is not None:
        payment.bank = paid_to.bank
        payment.number_masked = mask_number(paid_to.number)
        payment.holder_sealed = sealed(HOLDER, paid_to.holder)
        payment.number_sealed = sealed(NUMBER, paid_to.number)


def place_of(column: str, payment_id: str) -> str:
    """What the seal binds a value to."""
    return f"one_off_payment|{column}|{payment_id}"


async def _require_unit(tx: Transaction, organisation_id: str, *, area: str) -> None:
    """A registered one that the actor can see, and that lies in the area of the payment or around it."""
    unit = await queries.organisation(tx.session, organisation_id=organisation_id)
    if unit is None or not (within(unit.area, area) or within(area, unit.area)):
        raise NotFound(what=f"organisation {organisation_id}")


async def _require_payable(tx: Transaction, chain: Chain) -> None:
    """A worker must be known, not oneself, and for labour remuneration not the unit's own."""
    if chain.worker_id is None:
        return
    payee = await accounts.payee(tx.session, worker_id=chain.worker_id)
    if payee is None:
        raise NotFound(what=f"person {chain.worker_id}")
    if payee.account == tx.actor.account:
        raise SamePerson(what="one_off_payment.own")
    first = first_day(chain.paid_in)
    after = next_month(first)
    of = {"worker_id": chain.worker_id, "organisation_id": chain.organisation_id}
    if chain.kind == OneOffKind.LABOUR_REMUNERATION and await queries.is_own_staff(
        tx.session, **of, first=first, after=after
    ):
        raise OwnStaffPaidWages


async def _taxed(tx: Transaction, chain: Chain, *, about: About, gross: Decimal, begun_in: str | None) -> Taxed:
    earlier = await _earlier(tx, chain)
    income = gross + in_yuan(sum(one.gross for one in earlier))
    withheld = in_yuan(sum(one.tax for one in earlier))
    on = first_day(chain.paid_in)
    parameter_id, exempt = None, NOTHING
    decided: Decision[Any]
    if chain.kind == OneOffKind.INTERNSHIP:
        months = _months_of_internship(begun_in or chain.paid_in, paid_in=chain.paid_in)
        facts = {"months": months, "income": income, "withheld": withheld}
        decided = await tx.decide(rules.withhold_from_intern, about=about, on=on, **facts)
    elif chain.kind == OneOffKind.SEVERANCE:
        average, parameter_id = await _average_wage(tx, about, on=on)
        facts = {"amount": income, "local_average_yearly": average}
        decided = await tx.decide(rules.tax_severance, about=about, on=on, **facts)
        exempt = decided.value.exempt - in_yuan(sum(one.exempt for one in earlier))
    else:
        decided = await tx.decide(rules.withhold_from_remuneration, about=about, on=on, income=income)
    return Taxed(max(decided.value.tax - withheld, NOTHING), decided, parameter_id, exempt)


async def _earlier(tx: Transaction, chain: Chain) -> list[queries.Link]:
    """What this payment is taxed with; nothing of it may still be rejected, nor come after it."""
    whose = f"{chain.organisation_id}|{chain.kind}|{chain.worker_id}|{chain.payee_id}"
    await take_turns(tx, Turn.ONE_OFF_ENTRY, of=whose)
    found = list(await queries.links(tx.session, chain))
    later = [one.paid_in for one in found if one.paid_in > chain.paid_in]
    if later:
        raise LaterPaymentEntered(paid_in=min(later))
    if not all(one.approved for one in found):
        raise EarlierPaymentWaits
    return found


def _months_of_internship(begun_in: str, *, paid_in: str) -> int:
    """Of this tax year, the month of payment included."""
    first = int(begun_in[5:]) if begun_in[:4] == paid_in[:4] else 1
    return int(paid_in[5:]) - first + 1


async def _average_wage(tx: Transaction, about: About, *, on: date) -> tuple[Decimal, str]:
    clause = tx.policies.nearest(rules.tax_severance, area=about.area, staff=about.staff, on=on).clause.clause_id
    rows = await parameters_in_force(tx.session, codes=frozenset({AVERAGE_WAGE}), area=about.area)
    row = rows.get(AVERAGE_WAGE, area=about.area, staff=about.staff, on=on, clause=clause)
    return Decimal(str(row.value["yearly"])), row.parameter_id


async def approve_one_off_payment(tx: Transaction, *, payment_id: str, on: date) -> OneOffPayment:
    """By neither who entered it nor whom it is paid to."""
    payment = await _locked(tx, payment_id=payment_id, needed="entered")
    payee = await accounts.payee(tx.session, worker_id=payment.worker_id) if payment.worker_id else None
    if tx.actor.account in (payment.entered_by, payee.account if payee else None):
        raise SamePerson(what="one_off_payment.approving")

    payment.approved_by = tx.actor.account
    payment.approved_on = on
    tx.emit(
        OneOffPaymentApproved(
            payment_id=payment_id,
            worker_id=payment.worker_id,
            organisation_id=payment.organisation_id,
            area=payment.area,
            staff=payment.staff,
            kind=payment.kind,
            paid_in=payment.paid_in,
            gross=in_yuan(payment.gross),
            tax=in_yuan(payment.tax),
            net=in_yuan(payment.net),
        )
    )
    return payment


async def reject_one_off_payment(tx: Transaction, *, payment_id: str, on: date) -> OneOffPayment:
    """It counts no more. Whoever entered it may take it back so."""
    payment = await _locked(tx, payment_id=payment_id, needed="entered")

    payment.rejected_by = tx.actor.account
    payment.rejected_on = on
    return payment


class PaymentInFile(BusinessError):
    zh = "此付款已列入付款文件 {file_id}，请登记该文件已付，不要另行支付。"
    en = "This payment stands in file {file_id}: record that file as paid, and do not pay it by itself."


async def record_one_off_payment(tx: Transaction, *, payment_id: str, on: date, reference: str) -> OneOffPayment:
    """Of one that no file pays."""
    payment = await _locked(tx, payment_id=payment_id, needed="approved")
    if payment.file_id is not None:
        raise PaymentInFile(file_id=payment.file_id)

    payment.paid_on = on
    payment.paid_by = tx.actor.account
    payment.reference = reference
    return payment


async def _locked(tx: Transaction, *, payment_id: str, needed: str) -> OneOffPayment:
    payment = await queries.one_off_payment(tx.session, payment_id=payment_id, lock=True)
    if payment is None:
        raise NotFound(what=f"one_off_payment {payment_id}")
    state = _state(payment)
    if state != needed:
        raise WrongState(what="one_off_payment", state=f"one_off_payment.{state}", needed=f"one_off_payment.{needed}")
    return payment


def _state(payment: OneOffPayment) -> str:
    if payment.rejected_on is not None:
        return "rejected"
    if payment.paid_on is not None:
        return "paid"
    return "approved" if payment.approved_on is not None else "entered"
