from datetime import date
from decimal import Decimal

from common.errors import BusinessError, SamePerson
from common.events.evaluation import (
    ConsequenceDecided,
    ConsequenceProposed,
    EvaluationGraded,
    TrainingCompleted,
    TrainingDue,
)
from common.ids import new_id
from common.policy import Decision
from common.transaction import Transaction
from evaluation import queries, rules
from evaluation.models import Consequence, Evaluation, Training, Worker


class NotInPost(BusinessError):
    zh = "人员 {worker_id} 在 {on} 不在岗（尚未录用或已离岗），不能办理。请核对日期。"
    en = "Worker {worker_id} holds no post on {on} (not yet hired, or left). Check the date."


class HiredAfterTheYear(BusinessError):
    zh = "人员 {worker_id} 在 {year} 年底之前尚未录用，不参加该年度考核。"
    en = "Worker {worker_id} was hired after {year} and is not evaluated for it."


class YearNotBegun(BusinessError):
    zh = "考核日期 {on} 早于 {year} 年，该年度尚未开始。请核对年度和日期。"
    en = "{on} lies before {year}: that year has not begun. Check year and date."


class AlreadyGraded(BusinessError):
    zh = "人员 {worker_id} 的 {year} 年度考核已有结果（{evaluation_id}），一人一年只考核一次。"
    en = "Worker {worker_id} has been graded for {year} already ({evaluation_id}); there is one evaluation a year."


class ScoresDoNotFit(BusinessError):
    status = 422
    zh = "得分与考核维度不符：应评 {asked}；缺少 {missing}；多出 {unknown}。请逐项评分后重报。"
    en = "The scores do not fit the dimensions: asked for {asked}; missing {missing}; unknown {unknown}."


class DecidedBeforeGraded(BusinessError):
    zh = "决定日期 {on} 早于考核日期 {graded_on}。请核对日期。"
    en = "The decision of {on} lies before the evaluation of {graded_on}. Check the date."


class TrainedBeforeOpened(BusinessError):
    zh = "培训日期 {on} 早于该培训任务的起算日 {opened_on}。请核对日期。"
    en = "The training of {on} lies before its duty began on {opened_on}. Check the date."


async def grade_worker(
    tx: Transaction, *, worker_id: str, year: int, scores: dict[str, Decimal], on: date
) -> Evaluation:
    worker = await queries.hired_worker(tx.session, worker_id)
    await _check_gradable(tx, worker, year=year, on=on)

    decision = await tx.decide(rules.grade_by_scores, about=worker, on=on, scores=scores)
    graded = decision.value
    if isinstance(graded, rules.ScoresAskedFor):
        named = {name: "、".join(listed) or "—" for name, listed in graded.model_dump().items()}
        raise ScoresDoNotFit(**named)
    tx.record(decision, subject=worker_id)

    evaluation = Evaluation(
        evaluation_id=new_id("evaluation"),
        worker_id=worker_id,
        area=worker.area,
        staff=worker.staff,
        year=year,
        scores={name: f"{score:f}" for name, score in scores.items()},
        score=graded.score,
        grade=graded.grade,
        passed=graded.passed,
        clause=decision.clause,
        decision_id=decision.decision_id,
        graded_on=on,
        graded_by=tx.actor.account,
        consequences=[],
    )
    tx.session.add(evaluation)
    tx.emit(
        EvaluationGraded(
            evaluation_id=evaluation.evaluation_id,
            worker_id=worker_id,
            area=worker.area,
            staff=worker.staff,
            year=year,
            score=graded.score,
            grade=graded.grade,
            passed=graded.passed,
            clause=decision.clause,
        )
    )
    await _propose_consequences(tx, evaluation)
    return evaluation


async def _check_gradable(tx: Transaction, worker: Worker, *, year: int, on: date) -> None:
    if on.year < year:
        raise YearNotBegun(on=on.isoformat(), year=year)
    if not worker.hired_by_end_of(year):
        raise HiredAfterTheYear(worker_id=worker.worker_id, year=year)
    if not worker.in_post(on):
        raise NotInPost(worker_id=worker.worker_id, on=on.isoformat())
    earlier = await queries.evaluation_of(tx.session, worker.worker_id, year=year)
    if earlier is not None:
        raise AlreadyGraded(worker_id=worker.worker_id, year=year, evaluation_id=earlier.evaluation_id)


async def _propose_consequences(tx: Transaction, evaluation: Evaluation) -> None:
    """One proposal of each kind, under the first clause that names it; none where no document speaks."""
    on = evaluation.graded_on
    rule = rules.consequences_of_grade
    if not tx.policies.in_force(rule, area=evaluation.area, staff=evaluation.staff, on=on):
        return
    by_kind: dict[rules.Kind, Decision[rules.Proposed]] = {}
    for decision in await tx.decide_every(rule, about=evaluation, on=on, grade=evaluation.grade):
        tx.record(decision, subject=evaluation.worker_id)
        for kind in decision.value.kinds:
            by_kind.setdefault(kind, decision)

    for kind, decision in sorted(by_kind.items()):
        consequence = Consequence(
            consequence_id=new_id("consequence"),
            evaluation_id=evaluation.evaluation_id,
            worker_id=evaluation.worker_id,
            area=evaluation.area,
            staff=evaluation.staff,
            year=evaluation.year,
            kind=kind.value,
            clause=decision.clause,
            decision_id=decision.decision_id,
            status="proposed",
        )
        evaluation.consequences.append(consequence)
        tx.emit(
            ConsequenceProposed(
                consequence_id=consequence.consequence_id,
                worker_id=consequence.worker_id,
                area=consequence.area,
                staff=consequence.staff,
                year=consequence.year,
                kind=consequence.kind,
            )
        )


async def decide_consequence(
    tx: Transaction, *, consequence_id: str, approve: bool, reason: str, on: date
) -> Consequence:
    consequence = await queries.consequence(tx.session, consequence_id)
    evaluation = await queries.evaluation(tx.session, consequence.evaluation_id)
    worker = await queries.hired_worker(tx.session, consequence.worker_id)

    if tx.actor.account == evaluation.graded_by:
        raise SamePerson(what=f"consequence {consequence_id}")
    if on < evaluation.graded_on:
        raise DecidedBeforeGraded(on=on.isoformat(), graded_on=evaluation.graded_on.isoformat())
    if approve and not worker.in_post(on):
        raise NotInPost(worker_id=worker.worker_id, on=on.isoformat())

    consequence.settle(approved=approve, account=tx.actor.account, on=on, reason=reason)
    tx.emit(
        ConsequenceDecided(
            consequence_id=consequence_id,
            worker_id=consequence.worker_id,
            area=consequence.area,
            staff=consequence.staff,
            year=consequence.year,
            kind=consequence.kind,
            approved=approve,
            decided_on=on,
        )
    )
    return consequence


async def complete_training(tx: Transaction, *, training_id: str, course: str, hours: Decimal, on: date) -> Training:
    """Completing late is allowed and shows; where the clause repeats, the next duty opens."""
    worker_id = (await queries.training(tx.session, training_id)).worker_id
    worker = await queries.hired_worker(tx.session, worker_id)
    training = await queries.training(tx.session, training_id, lock=True)

    if on < training.opened_on:
        raise TrainedBeforeOpened(on=on.isoformat(), opened_on=training.opened_on.isoformat())

    training.complete(course=course, hours=hours, on=on)
    tx.emit(
        TrainingCompleted(
            training_id=training_id, worker_id=worker_id, area=training.area, course=course, completed_on=on
        )
    )
    await open_training(tx, worker, on=on, last_trained_on=on)
    return training


async def open_training(tx: Transaction, worker: Worker, *, on: date, last_trained_on: date | None) -> None:
    """The duty to be trained next, where a document asks for one."""
    decision = await tx.decide_where_ruled(
        rules.training_due,
        about=worker,
        on=on,
        post_class=worker.post_class,
        hired_on=worker.hired_on,
        last_trained_on=last_trained_on,
    )
    if decision is None:
        return
    tx.record(decision, subject=worker.worker_id)
    if decision.value is None:
        return
    training = Training(
        training_id=new_id("training"),
        worker_id=worker.worker_id,
        area=worker.area,
        staff=worker.staff,
        clause=decision.clause,
        decision_id=decision.decision_id,
        opened_on=on,
        due_on=decision.value,
        status="open",
    )
    tx.session.add(training)
    tx.emit(
        TrainingDue(
            training_id=training.training_id,
            worker_id=worker.worker_id,
            area=worker.area,
            due_on=training.due_on,
            clause=training.clause,
        )
    )
