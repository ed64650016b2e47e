"""From the ranking to the hiring."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import orjson

from common.errors import BusinessError, SamePerson
from common.events.recruitment import (
    ObjectionAnswered,
    ObjectionRaised,
    PublicNoticeStarted,
    RankingDecided,
    WorkerHired,
)
from common.fields import Sealer
from common.ids import new_id
from common.transaction import LARGEST_EVENT, Transaction
from recruitment import queries, rules
from recruitment.commands.plans import stage_order, wind_up
from recruitment.commands.stages import move_up, total_of
from recruitment.models import Application, Objection, Plan, Post
from recruitment.rules import Act, Candidate


class AlreadyRanked(BusinessError):
    zh = "本方案已于{ranked_on}确定排名，不能再次排名；有人退出的，按名次递补。"
    en = "The ranking was decided on {ranked_on}; whoever falls out is replaced by the next in it."


class ApplicationsStillOpen(BusinessError):
    zh = "报名到{closes_on}（含当日）截止，{on}尚不能排名。"
    en = "Applications are taken to the end of {closes_on}; there is no ranking on {on}."


class ApplicationsPending(BusinessError):
    zh = "还有{count}人没有“{name}”的结果，不能排名；缺考或放弃的请记为未通过。"
    en = "{count} applicant(s) have no result for '{stage}' yet; record those who did not come as not passed."


class TooManyToRank(BusinessError):
    zh = "{count}人参加排名，超出一次排名所能办理的人数（约{most}人）。请结束本方案，分为几个方案另行招聘。"
    en = (
        "{count} people are too many for one ranking, which takes about {most}. Close this plan and recruit in several."
    )


class NobodyToRank(BusinessError):
    zh = "没有可以参加排名的人员。请结束本方案，另行招聘。"
    en = "There is nobody to rank. Close this plan and recruit anew."


@dataclass(frozen=True)
class DecidedRanking:
    plan_id: str
    ranked_on: date
    clause: str
    decision_id: str
    order: list[Application]


async def decide_ranking(tx: Transaction, *, plan_id: str, on: date) -> DecidedRanking:
    plan = await queries.plan(tx.session, plan_id, lock=True)
    candidates = await _to_rank(tx, plan, on=on)

    assert plan.published_on is not None  # noqa: S101  # the state was checked
    for application in candidates:
        total = await total_of(tx, plan, application)
        tx.require(total, subject=application.application_id)
        application.total = total.value.total
    decision = await tx.decide(
        rules.ranking_order, about=plan, on=plan.published_on, candidates=[_candidate(one) for one in candidates]
    )
    tx.record(decision, subject=plan_id)

    numbered = {application.number: application for application in candidates}
    ranked = [numbered[number] for number in decision.value.order]
    for rank, application in enumerate(ranked, start=1):
        application.place(rank, positions=plan.positions)
    plan.ranked_on = on
    tx.emit(RankingDecided(plan_id=plan_id, area=plan.area, order=[one.application_id for one in ranked]))
    _must_fit_the_bus(tx, count=len(ranked))
    return DecidedRanking(
        plan_id=plan_id, ranked_on=on, clause=decision.clause, decision_id=decision.decision_id, order=ranked
    )


async def _to_rank(tx: Transaction, plan: Plan, *, on: date) -> list[Application]:
    plan.need("published")
    assert plan.closes_on is not None  # noqa: S101  # the state was checked
    if plan.ranked_on is not None:
        raise AlreadyRanked(ranked_on=plan.ranked_on.isoformat())
    if on <= plan.closes_on:
        raise ApplicationsStillOpen(closes_on=plan.closes_on.isoformat(), on=on.isoformat())
    candidates = await queries.applications(tx.session, plan.plan_id, Application.status == "in_progress")
    last = plan.last_stage_before_ranking
    pending = [one for one in candidates if last.stage not in one.done]
    if pending:
        raise ApplicationsPending(count=len(pending), stage=last.stage, name=last.name)
    if not candidates:
        raise NobodyToRank
    return candidates


def _must_fit_the_bus(tx: Transaction, *, count: int) -> None:
    """The decision and the event carry everybody; one too large for the bus would break the whole command."""
    largest = max(len(orjson.dumps(said.model_dump(mode="json"))) for said in tx.outgoing[-2:])
    if largest > LARGEST_EVENT:
        raise TooManyToRank(count=count, most=count * LARGEST_EVENT // largest // 100 * 100)


def _candidate(application: Application) -> Candidate:
    return Candidate(
        number=application.number,
        total=application.total or Decimal(0),
        scores={stage: Decimal(score) for stage, score in application.scores.items()},
        holds=[*application.statuses, *([application.category] if application.category else [])],
    )


@dataclass(frozen=True)
class StartedNotice:
    plan_id: str
    starts_on: date
    ends_on: date
    shown: list[Application]


class NobodyToShow(BusinessError):
    zh = "没有需要公示的拟聘人员：请先确定排名，或者拟聘人员均已公示。"
    en = "There is nobody to put up: decide the ranking first, or all those selected are up already."


async def start_public_notice(tx: Transaction, *, plan_id: str, starts_on: date, working_days: int) -> StartedNotice:
    """Put up all those selected who are not up yet; a second notice is for those who moved up since."""
    plan = await queries.plan(tx.session, plan_id, lock=True)
    plan.need("published")
    selected = await queries.applications(
        tx.session, plan_id, Application.status == "selected", Application.notice_starts_on.is_(None)
    )
    if not selected:
        raise NobodyToShow

    stage = plan.stage_that_does(Act.PUBLIC_NOTICE).stage
    for application in selected:
        order = await stage_order(tx, plan, done=application.done, stage=stage)
        tx.require(order, subject=application.application_id)
    long_enough = await tx.decide(rules.public_notice_working_days, about=plan, on=starts_on, working_days=working_days)
    tx.require(long_enough, subject=plan_id)
    period = await tx.decide(rules.working_days, about=plan, on=starts_on, starts_on=starts_on, days=working_days)
    tx.require(period, subject=plan_id)

    ends_on = period.value.ends_on
    assert ends_on is not None  # noqa: S101  # a permitted period has its end
    for application in selected:
        application.finish(stage, on=starts_on)
        application.put_on_notice(starts_on=starts_on, ends_on=ends_on)
    tx.emit(PublicNoticeStarted(plan_id=plan_id, area=plan.area, starts_on=starts_on, ends_on=ends_on))
    return StartedNotice(plan_id=plan_id, starts_on=starts_on, ends_on=ends_on, shown=selected)


class ObjectionOutsideNotice(BusinessError):
    zh = "异议须在公示期内提出；{on}不在该人员的公示期内。"
    en = "Objections are raised during the public notice; {on} does not lie in it."


async def raise_objection(tx: Transaction, *, sealer: Sealer, application_id: str, on: date, content: str) -> Objection:
    application, plan = await queries.application_and_plan(tx.session, application_id)
    starts_on, ends_on = application.notice_starts_on, application.notice_ends_on
    if starts_on is None or ends_on is None or not starts_on <= on <= ends_on:
        raise ObjectionOutsideNotice(on=on.isoformat())
    application.need("selected")

    objection_id = new_id("objection")
    objection = Objection(
        objection_id=objection_id,
        application_id=application_id,
        plan_id=plan.plan_id,
        area=plan.area,
        content_sealed=sealer.seal(content, place=f"objection|content|{objection_id}"),
        raised_by=tx.actor.account,
        raised_on=on,
        status="open",
    )
    tx.session.add(objection)
    tx.emit(
        ObjectionRaised(
            objection_id=objection_id,
            plan_id=plan.plan_id,
            application_id=application_id,
            area=plan.area,
            raised_on=on,
        )
    )
    return objection


async def answer_objection(
    tx: Transaction, *, sealer: Sealer, objection_id: str, on: date, upheld: bool, answer: str
) -> Objection:
    """In writing, by somebody else than who raised it; one that is upheld ends the application."""
    objection = await queries.objection(tx.session, objection_id)
    application, plan = await queries.application_and_plan(tx.session, objection.application_id)
    await tx.session.refresh(objection, with_for_update=True)
    if objection.raised_by == tx.actor.account:
        raise SamePerson(what="objection")

    objection.settle(upheld=upheld, account=tx.actor.account, on=on)
    objection.answer_sealed = sealer.seal(answer, place=f"objection|answer|{objection_id}")
    if upheld and application.status == "selected":
        application.reject()
        await move_up(tx, plan)
    tx.emit(
        ObjectionAnswered(
            objection_id=objection_id,
            plan_id=plan.plan_id,
            application_id=application.application_id,
            area=plan.area,
            upheld=upheld,
        )
    )
    return objection


class PostNotOfPlan(BusinessError):
    zh = "岗位 {post_id} 不是本方案待补的岗位；待补岗位：{left}。"
    en = "Post {post_id} is not one this plan has left to fill; those are: {left}."


async def hire(tx: Transaction, *, sealer: Sealer, application_id: str, on: date, post_id: str) -> Application:
    application, plan = await queries.application_and_plan(tx.session, application_id)
    plan.need("published")
    application.need("selected")
    left = {post.post_id: post for post in await queries.posts_held(tx.session, plan.plan_id)}
    if post_id not in left:
        raise PostNotOfPlan(post_id=post_id, left=", ".join(sorted(left)))

    stage = plan.stage_that_does(Act.HIRING).stage
    await _may_be_hired(tx, plan, application, stage=stage, on=on)

    worker_id = new_id("worker")
    left[post_id].give(worker_id, plan_id=plan.plan_id, on=on)
    application.finish(stage, on=on)
    application.become_worker(worker_id, post_id=post_id)
    plan.count_hired(on)
    tx.emit(await _hired(tx, sealer, plan, application, post=left[post_id], worker_id=worker_id, on=on))
    if plan.status == "completed":
        await wind_up(tx, plan)
    return application


async def _may_be_hired(tx: Transaction, plan: Plan, application: Application, *, stage: str, on: date) -> None:
    order = await stage_order(tx, plan, done=application.done, stage=stage)
    if application.notice_ends_on is None:
        tx.require(order, subject=application.application_id)
    objections = await queries.objections(tx.session, application.application_id)
    permitted = await tx.decide(
        rules.public_notice_permits_hiring,
        about=plan,
        on=on,
        hired_on=on,
        ends_on=application.notice_ends_on,
        open_objections=sum(one.status == "open" for one in objections),
        upheld_objections=sum(one.status == "upheld" for one in objections),
    )
    tx.require(order, permitted, subject=application.application_id)


async def _hired(
    tx: Transaction, sealer: Sealer, plan: Plan, application: Application, *, post: Post, worker_id: str, on: date
) -> WorkerHired:
    organisation = await queries.organisation(tx.session, plan.organisation_id)
    place = f"application|identity_number|{application.application_id}"
    identity_number = sealer.open(application.identity_sealed, place=place)
    name = sealer.open(application.name_sealed, place=f"application|name|{application.application_id}")
    return WorkerHired(
        worker_id=worker_id,
        application_id=application.application_id,
        plan_id=plan.plan_id,
        organisation_id=plan.organisation_id,
        post_id=post.post_id,
        area=organisation.area,
        staff=plan.staff,
        post_class=post.post_class,
        name=name,
        account=application.account,
        identity_masked=application.identity_masked,
        identity_sealed=sealer.seal(identity_number, place=f"person|identity_number|{worker_id}"),
        certificate_level=application.certificate_level,
        category=application.category,
        education=application.education,
        hired_on=on,
    )
