from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from common.errors import BusinessError
from common.events.recruitment import StageRecorded
from common.fields import Sealer
from common.ids import new_id
from common.policy import Decision
from common.transaction import About, Transaction
from recruitment import queries, rules
from recruitment.commands.applications import know_bars
from recruitment.commands.plans import stage_order
from recruitment.models import Application, Plan, StageResult
from recruitment.rules import Act, Stage


class StageHasItsOwnCommand(BusinessError):
    zh = "环节“{name}”由专门的事项办理，不能在此记录结果。"
    en = "The stage '{stage}' has an operation of its own; its result is not recorded here."


class NotRankedYet(BusinessError):
    zh = "环节“{name}”在排名之后：请先确定排名，再为拟聘人员办理。"
    en = "The stage '{stage}' comes after the ranking; decide the ranking first."


class ScoreMissing(BusinessError):
    status = 422
    zh = "环节“{name}”为计分环节，须填写0至100的成绩。"
    en = "The stage '{stage}' is scored: give a score from 0 to 100."


class ScoreNotExpected(BusinessError):
    status = 422
    zh = "环节“{name}”不计分，请只填写是否通过。"
    en = "The stage '{stage}' is not scored: say only whether it was passed."


class ResultMissing(BusinessError):
    status = 422
    zh = "请填写环节“{name}”是否通过（passed）。"
    en = "Say whether the stage '{stage}' was passed."


@dataclass(frozen=True)
class RecordedStage:
    application_id: str
    plan_id: str
    stage: str
    passed: bool
    status: str
    done: list[str]
    category: str | None
    decisions: list[Decision[Any]]


async def record_stage(
    tx: Transaction,
    *,
    sealer: Sealer,
    application_id: str,
    stage: str,
    on: date,
    passed: bool | None,
    score: Decimal | None,
    found_bars: Mapping[str, str],
    note: str | None,
) -> RecordedStage:
    """Keep a stage's result; whoever fails is out, and the next in the ranking moves up."""
    application, plan = await queries.application_and_plan(tx.session, application_id)
    plan.need("published")
    application.need("in_progress", "selected")
    tx.require(await stage_order(tx, plan, done=application.done, stage=stage), subject=application_id)
    at = _recordable(plan, application, stage, passed=passed, score=score)
    know_bars(tx, about=plan, on=on, codes=found_bars)

    if score is not None:
        application.scores = {**application.scores, stage: str(score)}
    decisions = await _findings(
        tx, plan, application, at=at, on=on, found=sorted(found_bars), further=passed is not False
    )
    for decision in decisions:
        tx.record(decision, subject=application_id)
    got_on = passed is not False and all(decision.permits for decision in decisions)

    application.finish(stage, on=on)
    if not got_on:
        application.reject()
        await move_up(tx, plan)
    tx.session.add(
        _result(tx, sealer, application, stage=stage, on=on, passed=got_on, score=score, bars=found_bars, note=note)
    )
    tx.emit(
        StageRecorded(application_id=application_id, plan_id=plan.plan_id, area=plan.area, stage=stage, passed=got_on)
    )
    return RecordedStage(
        application_id=application_id,
        plan_id=plan.plan_id,
        stage=stage,
        passed=got_on,
        status=application.status,
        done=application.done,
        category=application.category,
        decisions=decisions,
    )


def _recordable(
    plan: Plan, application: Application, stage: str, *, passed: bool | None, score: Decimal | None
) -> Stage:
    at = plan.stage(stage)
    assert at is not None  # noqa: S101  # the order was checked: the plan has this stage
    if at.does not in (Act.RESULT, Act.QUALIFICATION_REVIEW):
        raise StageHasItsOwnCommand(stage=at.stage, name=at.name)
    if plan.comes_after_ranking(at) and application.status != "selected":
        raise NotRankedYet(stage=at.stage, name=at.name)
    if at.scored and score is None:
        raise ScoreMissing(stage=at.stage, name=at.name)
    if not at.scored and score is not None:
        raise ScoreNotExpected(stage=at.stage, name=at.name)
    if at.does is Act.RESULT and not at.scored and passed is None:
        raise ResultMissing(stage=at.stage, name=at.name)
    return at


async def _findings(
    tx: Transaction, plan: Plan, application: Application, *, at: Stage, on: date, found: list[str], further: bool
) -> list[Decision[Any]]:
    """What policy says of this result: conditions at the review, bars wherever one is found, marks where scored."""
    decisions: list[Decision[Any]] = []
    if at.does is Act.QUALIFICATION_REVIEW:
        decisions += await _qualification(tx, plan, application, further=further)
    if found or at.does is Act.QUALIFICATION_REVIEW:
        declared = application.declared_bars
        decisions += await tx.decide_every(rules.applicant_bars, about=plan, on=on, declared=declared, found=found)
    if at.scored:
        decisions.append(await total_of(tx, plan, application))
    return decisions


async def _qualification(
    tx: Transaction, plan: Plan, application: Application, *, further: bool
) -> list[Decision[Any]]:
    """By the facts and the clauses of the day of the application."""
    about, on = About(plan.area, plan.staff, plan.organisation_id), application.applied_on
    decisions: list[Decision[Any]] = [
        await tx.decide(rules.applicant_of_working_age, about=about, on=on, age=application.age),
        await tx.decide(
            rules.applicant_qualified,
            about=about,
            on=on,
            age=application.age,
            education=application.education,
            statuses=application.statuses,
            plan=plan.own_conditions,
            further_conditions_met=further,
        ),
    ]
    placed = await tx.decide_where_ruled(
        rules.applicant_category,
        about=about,
        on=on,
        household_area=application.household_area,
        age=application.age,
        female=application.female,
        education=application.education,
        unemployed_months=application.unemployed_months,
        months_since_graduation=_months_since(application.graduated_on, on),
    )
    if placed is not None:
        application.category = placed.value.category
        decisions.append(placed)
    return decisions


def _months_since(day: date | None, on: date) -> int | None:
    """Completed months; none where the day is not known or still to come."""
    if day is None or day > on:
        return None
    return (on.year - day.year) * 12 + on.month - day.month - (on.day < day.day)


async def total_of(tx: Transaction, plan: Plan, application: Application) -> Decision[Any]:
    """By the weights in force when the notice was published: it told the applicants what counts."""
    assert plan.published_on is not None  # noqa: S101  # only a published plan has applications
    return await tx.decide(
        rules.score_total,
        about=plan,
        on=plan.published_on,
        stages=plan.scored_stages,
        scores=application.scores,
    )


def _result(
    tx: Transaction,
    sealer: Sealer,
    application: Application,
    *,
    stage: str,
    on: date,
    passed: bool,
    score: Decimal | None,
    bars: Mapping[str, str],
    note: str | None,
) -> StageResult:
    result_id = new_id("result")
    evidence = orjson.dumps(dict(bars)).decode() if bars else None
    return StageResult(
        result_id=result_id,
        application_id=application.application_id,
        area=application.area,
        stage=stage,
        recorded_on=on,
        recorded_by=tx.actor.account,
        passed=passed,
        score=score,
        found_bars=sorted(bars),
        evidence_sealed=sealer.seal(evidence, place=f"stage_result|evidence|{result_id}") if evidence else None,
        note_sealed=sealer.seal(note, place=f"stage_result|note|{result_id}") if note else None,
    )


async def move_up(tx: Transaction, plan: Plan) -> None:
    """As many as posts stay in: whoever falls out after the ranking is replaced by the next in it."""
    ranked = await queries.applications(tx.session, plan.plan_id, Application.rank.is_not(None))
    staying = [one for one in ranked if one.status in ("selected", "hired")]
    reserve = [one for one in ranked if one.status == "reserve"]
    for application in reserve[: plan.positions - len(staying)]:
        application.move_up()
