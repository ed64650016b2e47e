from datetime import date
from decimal import Decimal

from common.errors import BusinessError
from common.events.contracts import AgreementDrafted
from common.ids import new_id
from common.transaction import Transaction
from contracts import queries, rules
from contracts.models import Agreement, Engagement, PartTime

PART_TIME = "labour_part_time"


class TermTurnedAround(BusinessError):
    status = 422
    zh = "终止日 {ends_on}（不含当日）须晚于起始日 {starts_on}，请更正 ends_on。"
    en = "ends_on {ends_on} (excluded) must lie after starts_on {starts_on}."


class StartsBeforeHiring(BusinessError):
    zh = "协议起始日 {starts_on} 早于录用日 {hired_on}，请更正 starts_on。"
    en = "starts_on {starts_on} lies before the hiring on {hired_on}; correct it."


class AgreementMade(BusinessError):
    zh = "人员 {worker_id} 已签订过协议 {agreement_id}；期满后请对该协议办理续签，不能另行起草。"
    en = "Worker {worker_id} has agreement {agreement_id} already; renew that one instead of drafting anew."


class AlreadyRenewed(BusinessError):
    zh = "协议 {agreement_id} 已由协议 {renewal_id} 续签；请对后者办理续签。"
    en = "Agreement {agreement_id} was renewed by {renewal_id} already; renew the latter."


class TermsOverlap(BusinessError):
    zh = "续签起始日 {starts_on} 早于原协议终止日 {earlier_ends_on}，两期重叠；请更正 starts_on。"
    en = "The renewal begins on {starts_on}, before the earlier agreement ends on {earlier_ends_on}; correct starts_on."


class NoProbationForeseen(BusinessError):
    zh = "没有文件条款允许对此类人员约定试用期，试用期须为 0，所填为 {probation_months} 个月。"
    en = "No clause foresees a probation for this kind of staff: it must be 0, not {probation_months} months."


async def draft_agreement(
    tx: Transaction,
    *,
    worker_id: str,
    starts_on: date,
    ends_on: date,
    probation_months: int,
    monthly_pay: Decimal | None,
    duties: str,
    place: str,
    on: date,
    part_time: PartTime | None = None,
) -> Agreement:
    """The first agreement of a hired worker. A draft that is not signed by all yet gives way to the new one."""
    engagement = await queries.engagement(tx.session, worker_id)
    engagement.check_active()
    made = await queries.agreements_with(tx.session, worker_id, status="signed")
    if made:
        raise AgreementMade(worker_id=worker_id, agreement_id=made[-1].agreement_id)
    _check_days(engagement, starts_on=starts_on, ends_on=ends_on)

    return await _draft(
        tx,
        engagement,
        renewed=None,
        starts_on=starts_on,
        ends_on=ends_on,
        probation_months=probation_months,
        monthly_pay=monthly_pay,
        duties=duties,
        place=place,
        on=on,
        part_time=part_time,
    )


async def renew_agreement(tx: Transaction, *, agreement_id: str, starts_on: date, ends_on: date, on: date) -> Agreement:
    """A new draft that goes on from a signed agreement, with its pay, duties and place and without probation."""
    renewed = await queries.agreement(tx.session, agreement_id)
    engagement = await queries.engagement(tx.session, renewed.worker_id)
    engagement.check_active()
    renewed.check_state("signed")
    signed = await queries.agreements_with(tx.session, renewed.worker_id, status="signed")
    if signed[-1] is not renewed:
        raise AlreadyRenewed(agreement_id=agreement_id, renewal_id=signed[-1].agreement_id)
    if starts_on < renewed.ends_on:
        raise TermsOverlap(starts_on=starts_on, earlier_ends_on=renewed.ends_on)
    _check_days(engagement, starts_on=starts_on, ends_on=ends_on)

    earlier = [rules.Period(starts_on=one.starts_on, ends_on=one.ends_on) for one in signed]
    await _require_renewable(tx, engagement, earlier=earlier, starts_on=starts_on, ends_on=ends_on, on=on)
    return await _draft(
        tx,
        engagement,
        renewed=renewed,
        starts_on=starts_on,
        ends_on=ends_on,
        probation_months=0,
        monthly_pay=renewed.monthly_pay,
        duties=renewed.duties,
        place=renewed.place,
        on=on,
        part_time=renewed.part_time,
    )


async def _draft(
    tx: Transaction,
    engagement: Engagement,
    *,
    renewed: Agreement | None,
    starts_on: date,
    ends_on: date,
    probation_months: int,
    monthly_pay: Decimal | None,
    duties: str,
    place: str,
    on: date,
    part_time: PartTime | None,
) -> Agreement:
    await _withdraw_drafts(tx, engagement)
    clause, kind = await _require_term(tx, engagement, starts_on=starts_on, ends_on=ends_on, on=on)
    if part_time is not None:
        kind = await _require_part_time(tx, engagement, part_time, months=probation_months, on=on)
    days = {"starts_on": starts_on, "ends_on": ends_on}
    await _require_probation(tx, engagement, **days, months=probation_months, first=renewed is None, on=on)
    parties = await tx.decide(rules.parties_of_agreement, about=engagement, on=on)
    tx.record(parties, subject=engagement.worker_id)

    agreement = Agreement(
        agreement_id=new_id("agreement"),
        worker_id=engagement.worker_id,
        area=engagement.area,
        staff=engagement.staff,
        organisation_id=engagement.organisation_id,
        post_class=engagement.post_class,
        kind=kind,
        clause=clause,
        parties=[str(party) for party in parties.value.parties],
        probation_months=probation_months,
        monthly_pay=monthly_pay,
        hours_a_day=part_time.hours_a_day if part_time else None,
        hours_a_week=part_time.hours_a_week if part_time else None,
        duties=duties,
        place=place,
        renewal_of=renewed.agreement_id if renewed else None,
        status="drafted",
        drafted_on=on,
        signatures=[],
        signed_late=False,
        **days,
    )
    tx.session.add(agreement)
    tx.emit(_as_drafted(agreement))
    return agreement


async def _withdraw_drafts(tx: Transaction, engagement: Engagement) -> None:
    for draft in await queries.agreements_with(tx.session, engagement.worker_id, status="drafted"):
        draft.withdraw()
    await tx.session.flush()  # one draft for each worker: the old one goes before the new one comes


def _as_drafted(agreement: Agreement) -> AgreementDrafted:
    return AgreementDrafted(
        agreement_id=agreement.agreement_id,
        worker_id=agreement.worker_id,
        area=agreement.area,
        staff=agreement.staff,
        kind=agreement.kind,
        starts_on=agreement.starts_on,
        ends_on=agreement.ends_on,
        renewal_of=agreement.renewal_of,
    )


def _check_days(engagement: Engagement, *, starts_on: date, ends_on: date) -> None:
    if ends_on <= starts_on:
        raise TermTurnedAround(starts_on=starts_on, ends_on=ends_on)
    if starts_on < engagement.hired_on:
        raise StartsBeforeHiring(starts_on=starts_on, hired_on=engagement.hired_on)


async def _require_term(
    tx: Transaction, engagement: Engagement, *, starts_on: date, ends_on: date, on: date
) -> tuple[str, str]:
    """The clause that fixes the agreement's term, and its kind."""
    term_ends_on = await queries.committee_term_ends_on(tx.session, engagement.organisation_id)
    decision = await tx.decide(
        rules.term_of_agreement,
        about=engagement,
        on=on,
        starts_on=starts_on,
        ends_on=ends_on,
        committee_term_ends_on=term_ends_on,
        agreements_in_term=await queries.agreements_ending(tx.session, engagement.worker_id, ends_on=term_ends_on),
    )
    tx.require(decision, subject=engagement.worker_id)
    return decision.clause, decision.terms["kind"]


async def _require_part_time(tx: Transaction, engagement: Engagement, hours: PartTime, *, months: int, on: date) -> str:
    """Within the hours of part-time work; gives the kind of agreement that it makes."""
    decision = await tx.decide(
        rules.part_time_findings,
        about=engagement,
        on=on,
        hours_a_day=hours.hours_a_day,
        hours_a_week=hours.hours_a_week,
        probation_months=months,
    )
    tx.require(decision, subject=engagement.worker_id)
    return PART_TIME


async def _require_probation(
    tx: Transaction,
    engagement: Engagement,
    *,
    starts_on: date,
    ends_on: date,
    months: int,
    first: bool,
    on: date,
) -> None:
    decision = await tx.decide_where_ruled(
        rules.probation_findings,
        about=engagement,
        on=on,
        starts_on=starts_on,
        ends_on=ends_on,
        probation_months=months,
        first_agreement=first,
    )
    if decision is not None:
        tx.require(decision, subject=engagement.worker_id)
    elif months:
        raise NoProbationForeseen(probation_months=months)


async def _require_renewable(
    tx: Transaction,
    engagement: Engagement,
    *,
    earlier: list[rules.Period],
    starts_on: date,
    ends_on: date,
    on: date,
) -> None:
    """Where a document ties renewal to the evaluation, and where law limits the time in all."""
    known = await queries.evaluations(tx.session, engagement.worker_id)
    evaluated = await tx.decide_where_ruled(
        rules.renewal_findings,
        about=engagement,
        on=on,
        starts_on=starts_on,
        evaluated_years=known.evaluated_years,
        failed_years=known.failed_years,
        declined_years=known.declined_years,
    )
    within_limit = await tx.decide_where_ruled(
        rules.renewal_length_findings, about=engagement, on=on, earlier=earlier, starts_on=starts_on, ends_on=ends_on
    )
    decisions = [decision for decision in (evaluated, within_limit) if decision is not None]
    tx.require(*decisions, subject=engagement.worker_id)
