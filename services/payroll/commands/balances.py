"""What a worker owes, settled beside pay: repaid in cash or written off, drafted by one person, approved by another."""

from datetime import date
from decimal import Decimal

from common.areas import within
from common.errors import NotFound, SamePerson, WrongState
from common.events.payroll import BalanceSettled
from common.ids import new_id
from common.money import in_yuan, whole_fen
from common.policy import Decision, Finding
from common.transaction import About, Governed, Transaction, seeing
from payroll import rules
from payroll.commands.changes import note_change
from payroll.commands.turns import Turn, take_turns
from payroll.models import BalanceSettlement
from payroll.queries import accounts
from payroll.queries import debts as queries
from payroll.rules.balances import SettlementKind
from payroll.rules.cycles import month_of


async def draft_balance_settlement(
    tx: Transaction,
    *,
    worker_id: str,
    organisation_id: str,
    kind: SettlementKind,
    amount: Decimal,
    reason: str,
    reference: str,
    on: date,
) -> BalanceSettlement:
    """`amount` in yuan, no more than is owed and not drafted already. Nothing counts before it is approved."""
    await _while_no_run_is_approved(tx, worker_id=worker_id, organisation_id=organisation_id)
    known = await queries.open_balance(tx.session, worker_id=worker_id, organisation_id=organisation_id)
    about = await _about(tx, known, worker_id=worker_id, organisation_id=organisation_id)
    if tx.actor.account == await _account(tx, worker_id=worker_id):
        raise SamePerson(what="balance_settlement.own")
    settlement_id = new_id("settlement")
    owed = max(known.owed - known.waiting, 0) if known else 0
    decision = await _decided(tx, about, kind=kind, amount=amount, owed=owed, on=on)
    tx.require(decision, subject=settlement_id)

    settlement = BalanceSettlement(
        settlement_id=settlement_id,
        area=about.area,
        staff=about.staff,
        worker_id=worker_id,
        organisation_id=organisation_id,
        kind=kind,
        amount=whole_fen(amount),
        reason=reason,
        reference=reference,
        clause=decision.clause,
        decision_id=decision.decision_id,
        drafted_by=tx.actor.account,
        drafted_on=on,
    )
    tx.session.add(settlement)
    return settlement


async def approve_balance_settlement(tx: Transaction, *, settlement_id: str, on: date) -> BalanceSettlement:
    """By neither who drafted it nor the worker. From now on no run recovers it; one calculated before is outdated."""
    settlement = await _drafted(tx, settlement_id=settlement_id)
    worker_id, organisation_id = settlement.worker_id, settlement.organisation_id
    if tx.actor.account in (settlement.drafted_by, await _account(tx, worker_id=worker_id)):
        raise SamePerson(what="balance_settlement.approving")
    await _while_no_run_is_approved(tx, worker_id=worker_id, organisation_id=organisation_id)
    known = await queries.open_balance(tx.session, worker_id=worker_id, organisation_id=organisation_id)
    kind, amount = SettlementKind(settlement.kind), in_yuan(settlement.amount)
    decision = await _decided(tx, settlement, kind=kind, amount=amount, owed=known.owed if known else 0, on=on)
    tx.require(decision, subject=settlement_id)

    settlement.approved_by = tx.actor.account
    settlement.approved_on = on
    settlement.clause, settlement.decision_id = decision.clause, decision.decision_id
    await note_change(
        tx,
        area=settlement.area,
        worker_id=worker_id,
        staff=None,  # whichever run of the employer comes next
        from_month=month_of(on),
        cause=kind,
        reference=settlement_id,
    )
    tx.emit(
        BalanceSettled(
            settlement_id=settlement_id,
            worker_id=worker_id,
            organisation_id=organisation_id,
            area=settlement.area,
            staff=settlement.staff,
            kind=kind,
            amount=amount,
            clause=decision.clause,
        )
    )
    return settlement


async def reject_balance_settlement(tx: Transaction, *, settlement_id: str, on: date) -> BalanceSettlement:
    """It will never count. Whoever drafted it may take it back so."""
    settlement = await _drafted(tx, settlement_id=settlement_id)

    settlement.rejected_by = tx.actor.account
    settlement.rejected_on = on
    return settlement


async def _while_no_run_is_approved(tx: Transaction, *, worker_id: str, organisation_id: str) -> None:
    """What is read as owed from here on stays so: an approval would recover something of it beside this one."""
    for staff in await queries.staffs_of(tx.session, worker_id=worker_id, organisation_id=organisation_id):
        await take_turns(tx, Turn.APPROVAL, of=staff)


async def _about(tx: Transaction, known: queries.OpenBalance | None, *, worker_id: str, organisation_id: str) -> About:
    """Where the balance lies; where nothing is open, where the worker is, so that it can be refused by a clause."""
    place = known or await accounts.payee(tx.session, worker_id=worker_id)
    if place is None or not within(place.area, tx.actor.area):
        raise NotFound(what=f"person {worker_id}")
    return About(area=place.area, staff=place.staff, organisation_id=organisation_id)


async def _account(tx: Transaction, *, worker_id: str) -> str | None:
    """As whom the worker signs in, wherever he serves now."""
    async with seeing(tx.session, area=""):
        payee = await accounts.payee(tx.session, worker_id=worker_id)
        return payee.account if payee else None


async def _decided(
    tx: Transaction, about: Governed, *, kind: SettlementKind, amount: Decimal, owed: int, on: date
) -> Decision[list[Finding]]:
    facts = {"kind": kind, "amount": amount, "owed": in_yuan(owed)}
    return await tx.decide(rules.may_settle_balance, about=about, on=on, **facts)


async def _drafted(tx: Transaction, *, settlement_id: str) -> BalanceSettlement:
    settlement = await queries.settlement(tx.session, settlement_id=settlement_id, lock=True)
    if settlement is None:
        raise NotFound(what=f"balance_settlement {settlement_id}")
    if settlement.approved_on is not None or settlement.rejected_on is not None:
        state = "approved" if settlement.approved_on is not None else "rejected"
        raise WrongState(
            what="balance_settlement", state=f"balance_settlement.{state}", needed="balance_settlement.drafted"
        )
    return settlement
