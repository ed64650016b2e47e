"""What a worker is given beside pay: granted by the office of the place, withdrawn or corrected with a reason."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common.areas import within
from common.errors import BusinessError, NotFound, SamePerson, WrongState
from common.events.payroll_benefits import BenefitGranted, BenefitWithdrawn
from common.ids import new_id
from common.money import in_yuan, whole_fen
from common.policy import Decision
from common.transaction import About, Transaction
from payroll import rules
from payroll.commands.turns import Turn, take_turns
from payroll.models import BenefitGrant
from payroll.queries import benefits as queries
from payroll.rules.benefits import NOT_GRANTED_HERE, BenefitEntitlements, BenefitKind, full_months


class GrantedInFuture(BusinessError):
    status = 422
    zh = "享受日期 {granted_on} 晚于办理日期 {on}，尚不能登记；请填写实际享受的日期。"
    en = (
        "The benefit is dated {granted_on}, after the day of the act ({on}); give the day on which it was really given."
    )


class GrantedThatDay(BusinessError):
    zh = "该人员 {granted_on} 的“{benefit}”已经登记（{grant_id}），内容与本次不同；如登记有误，请更正该条记录。"
    en = "{benefit} of {granted_on} is recorded already ({grant_id}), otherwise than now; if it is wrong, correct it."


class WithdrawnBeforeGranted(BusinessError):
    status = 422
    zh = "撤销日期 {on} 早于享受日期 {granted_on}，请核对日期。"
    en = "The day of withdrawal ({on}) lies before the day of the grant ({granted_on}); check the days."


@dataclass(frozen=True)
class Given:
    """What is told of a grant; `amount` in yuan."""

    granted_on: date
    amount: Decimal | None
    note: str | None
    evidence: str

    def is_said_by(self, grant: BenefitGrant) -> bool:
        """Whether a row says the very same."""
        fen = None if self.amount is None else whole_fen(self.amount)
        return (grant.granted_on, grant.amount, grant.note, grant.evidence) == (
            self.granted_on,
            fen,
            self.note,
            self.evidence,
        )


async def grant_benefit(
    tx: Transaction,
    *,
    worker_id: str,
    benefit: str,
    granted_on: date,
    amount: Decimal | None = None,
    note: str | None = None,
    evidence: str,
    on: date,
) -> BenefitGrant:
    """By the clauses of the day on which it was given. The very same told again is the same grant."""
    await _while_nobody_else_grants(tx, worker_id=worker_id, benefit=benefit)
    given = Given(granted_on, amount, note, evidence)
    return await _grant(tx, given, worker_id=worker_id, benefit=benefit, on=on)


async def withdraw_benefit(tx: Transaction, *, grant_id: str, reason: str, on: date) -> BenefitGrant:
    """It counts as never given; the row stays, with who withdrew it and why."""
    grant = await _standing(tx, grant_id=grant_id)
    await _require_somebody_else(tx, worker_id=grant.worker_id)
    return _withdraw(tx, grant, reason=reason, on=on)


async def correct_benefit(
    tx: Transaction,
    *,
    grant_id: str,
    granted_on: date,
    amount: Decimal | None = None,
    note: str | None = None,
    evidence: str,
    reason: str,
    on: date,
) -> BenefitGrant:
    """A grant that stands for the withdrawn one, decided anew. Where it is refused, the first stays as it was."""
    grant = await _standing(tx, grant_id=grant_id)
    worker_id, benefit = grant.worker_id, grant.benefit
    _withdraw(tx, grant, reason=reason, on=on)
    given = Given(granted_on, amount, note, evidence)
    return await _grant(tx, given, worker_id=worker_id, benefit=benefit, on=on, corrects=grant_id)


async def _grant(
    tx: Transaction, given: Given, *, worker_id: str, benefit: str, on: date, corrects: str | None = None
) -> BenefitGrant:
    if given.granted_on > on:
        raise GrantedInFuture(granted_on=given.granted_on.isoformat(), on=on.isoformat())
    await _require_somebody_else(tx, worker_id=worker_id)
    about, months = await _service(tx, worker_id=worker_id, on=given.granted_on)
    before = (await queries.standing_grants(tx.session, [worker_id], benefit=benefit)).get(worker_id, ())
    same_day = next((one for one in before if one.granted_on == given.granted_on), None)
    if same_day is not None and given.is_said_by(same_day):
        return same_day

    grant_id = new_id("benefit")
    decisions = await _decided(tx, given, about, benefit=benefit, months=months, before=[*before])
    tx.require(*decisions, subject=grant_id)
    if same_day is not None:
        raise GrantedThatDay(benefit=benefit, granted_on=given.granted_on.isoformat(), grant_id=same_day.grant_id)
    grant = BenefitGrant(
        grant_id=grant_id,
        area=about.area,
        staff=about.staff,
        organisation_id=about.organisation_id,
        worker_id=worker_id,
        benefit=benefit,
        granted_on=given.granted_on,
        amount=None if given.amount is None else whole_fen(given.amount),
        note=given.note,
        evidence=given.evidence,
        corrects=corrects,
        clause=decisions[0].clause,
        decision_id=decisions[0].decision_id,
        granted_by=tx.actor.account,
        recorded_at=tx.now,
    )
    tx.session.add(grant)
    tx.emit(BenefitGranted(amount=given.amount, corrects=corrects, **_said(grant), clause=grant.clause))
    return grant


async def _decided(
    tx: Transaction, given: Given, about: About, *, benefit: str, months: int | None, before: list[BenefitGrant]
) -> list[Decision[Any]]:
    """Whether the place grants it and the worker is entitled; then how often, and how much."""
    on = given.granted_on
    facts = {"in_service": months is not None, "months_of_service": months or 0, "amount": given.amount}
    asked = await tx.decide_every(rules.may_receive_benefit, about=about, on=on, benefit=benefit, **facts)
    first = next((one for one in asked if _names(one)), asked[0])
    kind = _kind(first, benefit)
    if kind is None or not first.permits:
        return [first]
    decisions: list[Decision[Any]] = [first]
    if kind.recurs:
        years = sorted({one.granted_on.year for one in before})
        again = {"benefit": benefit, "year": on.year, "granted_in": years}
        decisions.append(await tx.decide(rules.may_receive_again, about=about, on=on, **again))
    if kind.paid:
        paid = {"benefit": benefit, "amount": given.amount}
        decisions.append(await tx.decide(rules.may_pay_benefit, about=about, on=on, **paid))
    return decisions


def _names(decision: Decision[Any]) -> bool:
    return all(finding.code != NOT_GRANTED_HERE for finding in decision.value)


def _kind(decision: Decision[Any], benefit: str) -> BenefitKind | None:
    return BenefitEntitlements.model_validate(decision.terms).kind(benefit)


def _withdraw(tx: Transaction, grant: BenefitGrant, *, reason: str, on: date) -> BenefitGrant:
    if on < grant.granted_on:
        raise WithdrawnBeforeGranted(on=on.isoformat(), granted_on=grant.granted_on.isoformat())
    grant.withdrawn_on = on
    grant.withdrawn_by = tx.actor.account
    grant.withdrawal_reason = reason
    amount = None if grant.amount is None else in_yuan(grant.amount)
    tx.emit(BenefitWithdrawn(amount=amount, withdrawn_on=on, **_said(grant)))
    return grant


def _said(grant: BenefitGrant) -> dict[str, Any]:
    names = ("grant_id", "worker_id", "organisation_id", "area", "staff", "benefit", "granted_on")
    return {name: getattr(grant, name) for name in names}


async def _standing(tx: Transaction, *, grant_id: str) -> BenefitGrant:
    """Locked, after whoever grants the same benefit to the same worker."""
    known = await queries.grant(tx.session, grant_id=grant_id)
    if known is None:
        raise NotFound(what=f"benefit_grant {grant_id}")
    await _while_nobody_else_grants(tx, worker_id=known.worker_id, benefit=known.benefit)
    grant = await queries.grant(tx.session, grant_id=grant_id, lock=True)
    if grant is None or grant.withdrawn_on is not None:
        raise WrongState(what="benefit_grant", state="benefit_grant.withdrawn", needed="benefit_grant.granted")
    return grant


async def _while_nobody_else_grants(tx: Transaction, *, worker_id: str, benefit: str) -> None:
    """Of two grants at once the second sees the first, in whatever county either is recorded."""
    await take_turns(tx, Turn.BENEFIT_GRANT, of=f"{worker_id}|{benefit}")


async def _require_somebody_else(tx: Transaction, *, worker_id: str) -> None:
    known = await queries.worker(tx.session, worker_id=worker_id)
    if known is not None and known.account == tx.actor.account:
        raise SamePerson(what="benefit_grant.own")


async def _service(tx: Transaction, *, worker_id: str, on: date) -> tuple[About, int | None]:
    """Where the worker serves on the day, and the full months of it; where he serves nowhere then, where he is known,
    so that it can be refused by a clause. Of two places at once, the one that began last.
    """
    served = (await queries.in_service(tx.session, [worker_id], on=on)).get(worker_id, ())
    here = [one for one in served if within(one.area, tx.actor.area)]
    if here:
        place = here[-1]
        return About(place.area, place.staff, place.organisation_id), full_months(place.since, on)
    known = await queries.worker(tx.session, worker_id=worker_id)
    if served or known is None or not within(known.area, tx.actor.area):
        raise NotFound(what=f"person {worker_id}")
    return About(known.area, known.staff), None
