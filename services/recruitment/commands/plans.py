from collections.abc import Sequence
from datetime import date
from typing import Any

from common.errors import BusinessError
from common.events.recruitment import (
    NoticePublished,
    PlanApproved,
    PlanCompleted,
    PlanDrafted,
    PlanReturned,
    PlanStepApproved,
)
from common.ids import new_id
from common.policy import Decision
from common.transaction import About, Transaction
from recruitment import queries, rules
from recruitment.commands.approvals import another_person, approval_of
from recruitment.commands.headcount import organisation_in
from recruitment.models import Application, Plan, in_order
from recruitment.rules import Act, Approver, OwnConditions, Stage


class PostOfAnother(BusinessError):
    zh = "岗位 {post_id} 不属于组织 {organisation_id} 的“{staff}”岗位，不能列入本方案。"
    en = "Post {post_id} is not a {staff} post of organisation {organisation_id}."


async def draft_plan(
    tx: Transaction,
    *,
    title: str,
    area: str,
    staff: str,
    organisation_id: str,
    post_ids: Sequence[str],
    conditions: OwnConditions,
    extra_conditions: Sequence[str],
    on: date,
    hire_by: date | None,
) -> Plan:
    await organisation_in(tx, organisation_id, area=area)
    plan_id = new_id("plan")
    held = await _hold_posts(tx, post_ids, plan_id=plan_id, organisation_id=organisation_id, staff=staff, on=on)

    about = About(area, staff, organisation_id)
    process, approvers = await _process(tx, about=about, on=on, plan_id=plan_id)
    tx.require(
        *await _conditions(tx, about=about, on=on, conditions=conditions),
        *await _headcount(tx, about=about, on=on, organisation_id=organisation_id, wanted=len(held)),
        subject=plan_id,
    )

    plan = Plan(
        plan_id=plan_id,
        title=title,
        area=area,
        staff=staff,
        organisation_id=organisation_id,
        post_ids=held,
        positions=len(held),
        **conditions.model_dump(mode="json"),
        extra_conditions=list(extra_conditions),
        **Plan.begun(process=process, approvers=approvers, account=tx.actor.account, on=on),
        hire_by=hire_by,
    )
    tx.session.add(plan)
    tx.emit(_drafted(plan))
    return plan


async def _hold_posts(
    tx: Transaction, post_ids: Sequence[str], *, plan_id: str, organisation_id: str, staff: str, on: date
) -> list[str]:
    posts = await queries.posts(tx.session, post_ids)
    for post in posts:
        if post.organisation_id != organisation_id or post.staff != staff:
            raise PostOfAnother(post_id=post.post_id, organisation_id=organisation_id, staff=staff)
        in_order("plan.drafting", on, after=post.opened_on)
        post.hold(plan_id)
    return [post.post_id for post in posts]


async def _process(
    tx: Transaction, *, about: About, on: date, plan_id: str
) -> tuple[Sequence[Stage], Sequence[Approver]]:
    """The stages and the approvers that the plan keeps; each scored stage must have its weight."""
    process = await tx.decide(rules.stage_in_order, about=about, on=on, done=[])
    approvers = await tx.decide(rules.plan_approvers, about=about, on=on)
    scored = tuple(one for one in process.value.stages if one.scored)
    weighed = await tx.decide(rules.score_total, about=about, on=on, stages=scored, scores={})
    tx.require(process, approvers, weighed, subject=plan_id)
    return process.value.stages, approvers.value.approvers


def _drafted(plan: Plan) -> PlanDrafted:
    return PlanDrafted(
        plan_id=plan.plan_id,
        area=plan.area,
        staff=plan.staff,
        organisation_id=plan.organisation_id,
        title=plan.title,
        positions=plan.positions,
        drafted_on=plan.drafted_on,
    )


async def _conditions(tx: Transaction, *, about: About, on: date, conditions: OwnConditions) -> list[Decision[Any]]:
    decided = await tx.decide(
        rules.plan_conditions,
        about=about,
        on=on,
        oldest_age=conditions.oldest_age,
        lowest_education=conditions.lowest_education,
    )
    if not conditions.age_relaxed_for:
        return [decided]
    # A limit of the document's own is relaxed only where a document says so; the plan's own is the plan's to relax.
    ask = tx.decide if decided.terms["oldest_age"] is not None else tx.decide_where_ruled
    relaxed = await ask(rules.age_relaxation, about=about, on=on, statuses=conditions.age_relaxed_for)
    return [decided, relaxed] if relaxed else [decided]


async def _headcount(
    tx: Transaction, *, about: About, on: date, organisation_id: str, wanted: int
) -> list[Decision[Any]]:
    await queries.count_alone(tx.session, organisation_id, about.staff)
    decided = await tx.decide_where_ruled(
        rules.plan_headcount,
        about=about,
        on=on,
        approved=await queries.approved_headcount(tx.session, organisation_id, about.staff),
        used=await queries.used_headcount(tx.session, organisation_id, about.staff),
        wanted=wanted,
    )
    return [decided] if decided else []


async def approve_plan(tx: Transaction, *, plan_id: str, on: date) -> Plan:
    plan = await queries.plan(tx.session, plan_id, lock=True)
    plan.need("drafted")
    in_order("plan.approving", on, after=plan.drafted_on)
    await another_person(tx, what="plan", maker=plan.drafted_by, subject_id=plan_id)

    decision = await _their_step(tx, plan)

    approval = approval_of(tx, decision.value, about=plan, subject_id=plan_id, version=plan.version, on=on)
    tx.session.add(approval)
    plan.approve_step(on)
    tx.emit(PlanStepApproved(plan_id=plan_id, area=plan.area, office=approval.office, level=approval.level))
    if plan.fully_approved:
        tx.emit(PlanApproved(plan_id=plan_id, area=plan.area))
    return plan


async def _their_step(tx: Transaction, plan: Plan) -> Decision[rules.NextApproval]:
    """That the next step belongs to this person's office, by the approvers the plan was drafted with."""
    decision = await tx.decide(
        rules.plan_approvers,
        about=plan,
        on=plan.drafted_on,
        given=plan.approved,
        offices=sorted(tx.actor.roles),
        level=tx.actor.level,
        agreed=plan.steps,
    )
    tx.require(decision, subject=plan.plan_id)
    return decision


async def return_plan(tx: Transaction, *, plan_id: str, on: date, reason: str) -> Plan:
    """The office whose turn it is sends the plan back; its posts are free again."""
    plan = await queries.plan(tx.session, plan_id, lock=True)
    plan.need("drafted")
    in_order("plan.returning", on, after=plan.drafted_on)
    await another_person(tx, what="plan", maker=plan.drafted_by, subject_id=plan_id)

    decision = await _their_step(tx, plan)

    plan.send_back(on=on, reason=reason)
    await _free_posts(tx, plan_id)
    assert decision.value.expected is not None  # noqa: S101  # a drafted plan has a step left
    office = str(decision.value.expected.office)
    tx.emit(PlanReturned(plan_id=plan_id, area=plan.area, office=office, reason=reason))
    return plan


async def publish_notice(tx: Transaction, *, plan_id: str, published_on: date, closes_on: date) -> Plan:
    plan = await queries.plan(tx.session, plan_id, lock=True)
    plan.need("approved")
    assert plan.approved_on is not None  # noqa: S101  # the state was checked
    in_order("plan.publishing", published_on, after=plan.approved_on)

    order = await stage_order(tx, plan, done=[], stage=plan.stage_that_does(Act.NOTICE).stage)
    period = await tx.decide(rules.working_days, about=plan, on=published_on, starts_on=published_on, until=closes_on)
    tx.require(order, period, subject=plan_id)
    long_enough = await tx.decide(
        rules.notice_working_days, about=plan, on=published_on, working_days=period.value.working_days
    )
    tx.require(long_enough, subject=plan_id)

    plan.publish(published_on=published_on, closes_on=closes_on)
    tx.emit(NoticePublished(plan_id=plan_id, area=plan.area, published_on=published_on, closes_on=closes_on))
    return plan


async def stage_order(tx: Transaction, plan: Plan, *, done: Sequence[str], stage: str) -> Decision[rules.NextStage]:
    """Whether `stage` is next, by the stages the plan was drafted with."""
    return await tx.decide(
        rules.stage_in_order, about=plan, on=plan.drafted_on, done=list(done), stage=stage, agreed=plan.stages
    )


async def close_plan(tx: Transaction, *, plan_id: str, on: date, reason: str) -> Plan:
    """End a plan whose posts cannot all be filled; the posts left are free again."""
    plan = await queries.plan(tx.session, plan_id, lock=True)
    in_order("plan.closing", on, after=plan.drafted_on)

    plan.close(on=on, reason=reason)
    await wind_up(tx, plan)
    return plan


async def wind_up(tx: Transaction, plan: Plan) -> None:
    """What follows when a plan is over: nobody waits for it any more, and it holds no post."""
    await _free_posts(tx, plan.plan_id)
    waiting = Application.status.in_(("in_progress", "selected", "reserve"))
    for application in await queries.applications(tx.session, plan.plan_id, waiting):
        application.close()
    tx.emit(PlanCompleted(plan_id=plan.plan_id, area=plan.area, hired=plan.hired))


async def _free_posts(tx: Transaction, plan_id: str) -> None:
    for post in await queries.posts_held(tx.session, plan_id):
        post.be_let_go()
