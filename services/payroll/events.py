"""What payroll does when others speak. Publishers are heard in no common order, so each thing said is kept apart."""

from datetime import date
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from common.consumer import Handler
from common.events import Event
from common.events.contracts import AgreementSigned, WorkerLeft
from common.events.evaluation import ConsequenceDecided, EvaluationGraded
from common.events.payroll import GradeChanged
from common.events.recruitment import WorkerHired
from common.events.registry import CertificateRegistered
from common.transaction import Transaction
from payroll import queries
from payroll.models import Agreement, Certificate, EvaluationScore, GradeStep, Payee

PAY_STEP_UP = "pay_step_up"


async def keep_hired_worker(tx: Transaction, event: WorkerHired) -> None:
    await _keep_payee(tx, event, account=event.account, hired_on=event.hired_on)
    if event.certificate_level is not None:
        await _keep_certificate(
            tx, worker_id=event.worker_id, area=event.area, level=event.certificate_level, on=event.hired_on
        )


async def keep_agreement(tx: Transaction, event: AgreementSigned) -> None:
    await _keep_payee(tx, event, area=event.area, staff=event.staff)
    signed = {
        "worker_id": event.worker_id,
        "area": event.area,
        "staff": event.staff,
        "organisation_id": event.organisation_id,
        "post_class": event.post_class,
        "starts_on": event.starts_on,
        "ends_on": event.ends_on,
        "signed_on": event.signed_on,
        "monthly_pay": event.monthly_pay,
    }
    await tx.session.execute(
        insert(Agreement)
        .values(agreement_id=event.agreement_id, **signed)
        .on_conflict_do_update(index_elements=[Agreement.agreement_id], set_=signed)
    )


async def end_pay(tx: Transaction, event: WorkerLeft) -> None:
    await _keep_payee(tx, event, left_on=event.left_on)


async def keep_certificate(tx: Transaction, event: CertificateRegistered) -> None:
    await _keep_certificate(tx, worker_id=event.worker_id, area=event.area, level=event.level, on=event.registered_on)


async def step_grade_up(tx: Transaction, event: ConsequenceDecided) -> None:
    if event.kind != PAY_STEP_UP or not event.approved:
        return
    starts_on = _next_month(event.decided_on)
    added = await tx.session.execute(
        insert(GradeStep)
        .values(consequence_id=event.consequence_id, worker_id=event.worker_id, area=event.area, starts_on=starts_on)
        .on_conflict_do_nothing()
        .returning(GradeStep.consequence_id)
    )
    if added.first() is None:
        return
    grade = await queries.grade_on(tx.session, worker_id=event.worker_id, on=starts_on)
    tx.emit(GradeChanged(worker_id=event.worker_id, area=event.area, grade=grade, starts_on=starts_on))


async def keep_score(tx: Transaction, event: EvaluationGraded) -> None:
    said = {"area": event.area, "score": event.score}
    await tx.session.execute(
        insert(EvaluationScore)
        .values(worker_id=event.worker_id, year=event.year, **said)
        .on_conflict_do_update(index_elements=[EvaluationScore.worker_id, EvaluationScore.year], set_=said)
    )


async def _keep_payee(tx: Transaction, event: WorkerHired | AgreementSigned | WorkerLeft, **said: Any) -> None:
    """A first word makes the row; a later one changes only what it is about."""
    place = {"area": event.area, "staff": event.staff}
    await tx.session.execute(
        insert(Payee)
        .values(worker_id=event.worker_id, **(place | said))
        .on_conflict_do_update(index_elements=[Payee.worker_id], set_=said)
    )


async def _keep_certificate(tx: Transaction, *, worker_id: str, area: str, level: str, on: date) -> None:
    addition = insert(Certificate).values(worker_id=worker_id, level=level, area=area, registered_on=on)
    await tx.session.execute(
        addition.on_conflict_do_update(
            index_elements=[Certificate.worker_id, Certificate.level],
            set_={
                "area": area,
                "registered_on": func.least(Certificate.registered_on, addition.excluded.registered_on),
            },
        )
    )


def _next_month(day: date) -> date:
    """Its first day; after the last month of the calendar, the last day there is."""
    if (day.year, day.month) == (date.max.year, date.max.month):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


handlers: dict[type[Event], Handler] = {
    WorkerHired: keep_hired_worker,
    AgreementSigned: keep_agreement,
    WorkerLeft: end_pay,
    CertificateRegistered: keep_certificate,
    ConsequenceDecided: step_grade_up,
    EvaluationGraded: keep_score,
}
