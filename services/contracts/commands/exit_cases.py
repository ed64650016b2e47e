from datetime import date

from common.errors import BusinessError, SamePerson
from common.events.contracts import ExitCaseDismissed, ExitCaseOpened, ExitHearingHeld, WorkerLeft
from common.ids import new_id
from common.policy import Decision
from common.transaction import Transaction
from contracts import queries, rules
from contracts.models import Engagement, ExitCase


class ExitCaseAlreadyOpen(BusinessError):
    zh = "人员 {worker_id} 已有未决的退出事项 {case_id}，请先对其作出决定。"
    en = "Worker {worker_id} has exit case {case_id} open already; decide that one first."


class DayTooEarly(BusinessError):
    zh = "日期 {field}（{given}）早于 {earliest}，请更正。"
    en = "The day {field} ({given}) lies before {earliest}; correct it."


class LeavingDayMissing(BusinessError):
    status = 422
    zh = "决定退出的，须填写退出日 left_on（不再在岗的第一天）。"
    en = "Where the worker is to leave, give left_on, the first day out of the post."


class LeavingDayNotForeseen(BusinessError):
    status = 422
    zh = "决定不予退出的，不得填写退出日 left_on。"
    en = "Where the worker stays, left_on must not be given."


async def open_exit_case(
    tx: Transaction,
    *,
    worker_id: str,
    ground: rules.Ground,
    legal_ground: rules.LegalGround | None,
    statutory_procedure_on: date | None,
    evidence: str,
    on: date,
) -> ExitCase:
    engagement = await queries.engagement(tx.session, worker_id)
    engagement.check_active()
    already = await queries.open_exit_case(tx.session, worker_id)
    if already is not None:
        raise ExitCaseAlreadyOpen(worker_id=worker_id, case_id=already.case_id)
    _check_day("on", on, earliest=engagement.hired_on)

    case = ExitCase(
        case_id=new_id("exit"),
        worker_id=worker_id,
        area=engagement.area,
        staff=engagement.staff,
        ground=ground,
        legal_ground=legal_ground,
        statutory_procedure_on=statutory_procedure_on,
        evidence=evidence,
        status="opened",
        opened_on=on,
        opened_by=tx.actor.account,
    )
    case.clause = await _require_grounds(tx, engagement, case, deciding=False, on=on)

    tx.session.add(case)
    tx.emit(
        ExitCaseOpened(
            case_id=case.case_id,
            worker_id=worker_id,
            area=case.area,
            ground=ground,
            clause=case.clause,
            opened_on=on,
        )
    )
    return case


async def hold_exit_hearing(tx: Transaction, *, case_id: str, on: date, statement: str) -> ExitCase:
    case = await queries.exit_case(tx.session, case_id)
    case.check_state("opened")
    _check_day("on", on, earliest=case.opened_on)

    case.hear(on=on, statement=statement)
    tx.emit(ExitHearingHeld(case_id=case_id, worker_id=case.worker_id, area=case.area, held_on=on))
    return case


async def decide_exit_case(tx: Transaction, *, case_id: str, on: date, leaves: bool, left_on: date | None) -> ExitCase:
    """Decided by somebody other than who opened the case, and never by the worker concerned."""
    case = await queries.exit_case(tx.session, case_id)
    engagement = await queries.engagement(tx.session, case.worker_id)
    case.check_state("opened", "heard")
    if tx.actor.account in (case.opened_by, engagement.account):
        raise SamePerson(what=f"exit_case {case_id}")
    _check_day("on", on, earliest=case.heard_on or case.opened_on)
    if not leaves:
        if left_on is not None:
            raise LeavingDayNotForeseen
        return _dismiss(tx, case, on=on)
    if left_on is None:
        raise LeavingDayMissing

    case.clause = await _require_grounds(tx, engagement, case, deciding=True, on=on)
    await _end_agreements(tx, engagement, on=on, left_on=left_on)

    case.decide(on=on, account=tx.actor.account, left_on=left_on)
    engagement.leave(left_on=left_on)
    tx.emit(
        WorkerLeft(
            worker_id=case.worker_id,
            case_id=case_id,
            area=case.area,
            staff=case.staff,
            ground=case.ground,
            clause=case.clause,
            left_on=left_on,
        )
    )
    return case


def _dismiss(tx: Transaction, case: ExitCase, *, on: date) -> ExitCase:
    case.decide(on=on, account=tx.actor.account, left_on=None)
    tx.emit(ExitCaseDismissed(case_id=case.case_id, worker_id=case.worker_id, area=case.area, dismissed_on=on))
    return case


def _check_day(field: str, given: date, *, earliest: date) -> None:
    if given < earliest:
        raise DayTooEarly(field=field, given=given, earliest=earliest)


async def _end_agreements(tx: Transaction, engagement: Engagement, *, on: date, left_on: date) -> None:
    """What runs on past the leaving ends with it. Nobody is made to leave on a day already past, except on the day
    on which the last agreement had run out by itself."""
    signed = await queries.agreements_with(tx.session, engagement.worker_id, status="signed")
    _check_day("left_on", left_on, earliest=min([on, *(one.ends_on for one in signed[-1:])]))
    for agreement in signed:
        if agreement.ends_on > left_on:
            agreement.end(on=left_on)
    for draft in await queries.agreements_with(tx.session, engagement.worker_id, status="drafted"):
        draft.withdraw()


async def _require_grounds(tx: Transaction, engagement: Engagement, case: ExitCase, *, deciding: bool, on: date) -> str:
    """The clause under which the worker is to leave; asked at the opening and again at the decision."""
    procedure = await tx.decide(
        rules.exit_procedure_findings,
        about=engagement,
        on=on,
        ground=case.ground,
        post_class=engagement.post_class,
        statutory_procedure_done=case.statutory_procedure_on is not None and case.statutory_procedure_on <= on,
        deciding=deciding,
        heard=case.heard,
    )
    tx.require(procedure, subject=engagement.worker_id)
    clause = procedure.clause
    if case.ground == "failed_evaluations":
        known = await queries.evaluations(tx.session, engagement.worker_id)
        failed = await tx.decide(
            rules.may_end_for_failed_evaluations,
            about=engagement,
            on=on,
            evaluated_years=known.evaluated_years,
            failed_years=known.failed_years,
        )
        tx.require(failed, subject=engagement.worker_id)
        clause = failed.clause
    legal = await _legal_ground(tx, engagement, case, on=on)
    if legal is not None:
        tx.require(legal, subject=engagement.worker_id)
    return clause


async def _legal_ground(
    tx: Transaction, engagement: Engagement, case: ExitCase, *, on: date
) -> Decision[rules.LegalGroundFit] | None:
    """The article that carries the exit, or the one that comes nearest; None where no labour contract is ended."""
    if not tx.policies.in_force(rules.legal_ground_fit, area=engagement.area, staff=engagement.staff, on=on):
        return None
    articles = await tx.decide_every(
        rules.legal_ground_fit, about=engagement, on=on, ground=case.ground, legal_ground=case.legal_ground
    )
    return max(articles, key=lambda one: (one.permits, one.value.knows_legal_ground, one.value.knows_ground))
