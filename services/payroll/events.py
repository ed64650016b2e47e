"""What payroll does when others speak. Publishers are heard in no common order, so each thing said is kept apart."""

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from common.consumer import Handler
from common.events import Event
from common.events.contracts import AgreementSigned, LeaveRecorded, WorkerLeft, WorkerTransferred
from common.events.evaluation import ConsequenceDecided, EvaluationGraded
from common.events.payroll import GradeChanged
from common.events.recruitment import WorkerHired
from common.events.registry import CertificateRegistered, OrganisationRegistered
from common.transaction import Transaction
from payroll import queries
from payroll.commands.changes import note_change
from payroll.models import (
    Agreement,
    Attribute,
    BankAccount,
    Certificate,
    ContributionBase,
    EvaluationScore,
    GradeStep,
    Leave,
    Organisation,
    Payee,
    Placement,
    StandingEntry,
    Table,
    TaxCard,
)
from payroll.rules.cycles import month_of, next_month

PAY_STEP_UP = "pay_step_up"
PROFESSIONAL_TITLE = "professional_title"

# What an office enters once and goes on with: the new one has to see it, and to change it.
KEPT_FOR_THE_WORKER = (BankAccount, ContributionBase, StandingEntry, TaxCard)


async def keep_organisation(tx: Transaction, event: OrganisationRegistered) -> None:
    """Said again, whole, when something about it changes."""
    await _keep(tx, Organisation, {"organisation_id": event.organisation_id}, {"area": event.area})


async def keep_hired_worker(tx: Transaction, event: WorkerHired) -> None:
    await _keep_payee(
        tx,
        event,
        staff=event.staff,
        said={
            "name": event.name,
            "account": event.account,
            "identity_masked": event.identity_masked,
            "identity_sealed": event.identity_sealed,
            "hired_on": event.hired_on,
        },
    )
    if event.certificate_level is not None:
        await _keep_certificate(tx, event, level=event.certificate_level, on=event.hired_on)
    if event.education is not None:
        await _keep_attribute(tx, event, kind="education", value=event.education, on=event.hired_on)


async def keep_agreement(tx: Transaction, event: AgreementSigned) -> None:
    await _keep_payee(tx, event, staff=event.staff, said={})
    signed = {
        "worker_id": event.worker_id,
        "area": event.area,
        "staff": event.staff,
        "organisation_id": event.organisation_id,
        "post_class": event.post_class,
        "kind": event.kind,
        "starts_on": event.starts_on,
        "ends_on": event.ends_on,
        "signed_on": event.signed_on,
        "probation_ends_on": event.probation_ends_on,
        "monthly_pay": event.monthly_pay,
    }
    if await _keep(tx, Agreement, {"agreement_id": event.agreement_id}, signed):
        await _note(tx, event, on=event.starts_on, cause="agreement", reference=event.agreement_id)


async def end_pay(tx: Transaction, event: WorkerLeft) -> None:
    if await _keep_payee(tx, event, staff=event.staff, said={"left_on": event.left_on}):
        await _note(tx, event, on=event.left_on, cause="left", reference=event.case_id)


async def move_post(tx: Transaction, event: WorkerTransferred) -> None:
    """From the day on; the payee's row, and what the office keeps for him, lie where the latest transfer leads."""
    said = {
        "transfer_id": event.transfer_id,
        "area": event.area,
        "staff": event.staff,
        "organisation_id": event.organisation_id,
        "post_class": event.post_class,
    }
    key = {"worker_id": event.worker_id, "starts_on": event.starts_on}
    if not await _keep(tx, Placement, key, said):
        return
    latest = await tx.session.scalar(
        select(Placement.area)
        .where(Placement.worker_id == event.worker_id)
        .order_by(Placement.starts_on.desc())
        .limit(1)
    )
    await _keep_payee(tx, event, staff=event.staff, said={"area": latest})
    for table in KEPT_FOR_THE_WORKER:
        await tx.session.execute(update(table).where(table.worker_id == event.worker_id).values(area=latest))
    await _note(tx, event, on=event.starts_on, cause="transfer", reference=event.transfer_id)


async def keep_leave(tx: Transaction, event: LeaveRecorded) -> None:
    said = {
        "worker_id": event.worker_id,
        "area": event.area,
        "kind": event.kind,
        "starts_on": event.starts_on,
        "ends_on": event.ends_on,
    }
    if await _keep(tx, Leave, {"leave_id": event.leave_id}, said):
        await _note(tx, event, on=event.starts_on, cause="leave", reference=event.leave_id)


async def keep_certificate(tx: Transaction, event: CertificateRegistered) -> None:
    if event.kind == PROFESSIONAL_TITLE:
        await _keep_attribute(tx, event, kind="title", value=event.level, on=event.registered_on)
    else:
        await _keep_certificate(tx, event, level=event.level, on=event.registered_on)


async def step_grade_up(tx: Transaction, event: ConsequenceDecided) -> None:
    if event.kind != PAY_STEP_UP or not event.approved:
        return
    starts_on = next_month(event.decided_on)
    added = await tx.session.execute(
        insert(GradeStep)
        .values(consequence_id=event.consequence_id, worker_id=event.worker_id, area=event.area, starts_on=starts_on)
        .on_conflict_do_nothing()
        .returning(GradeStep.consequence_id)
    )
    if added.first() is None:
        return
    await _note(tx, event, on=starts_on, cause="grade", reference=event.consequence_id)
    grade = await queries.grade_on(tx.session, worker_id=event.worker_id, on=starts_on)
    tx.emit(GradeChanged(worker_id=event.worker_id, area=event.area, grade=grade, starts_on=starts_on))


async def keep_score(tx: Transaction, event: EvaluationGraded) -> None:
    """A year's result is gone by from the year after it."""
    said = {"area": event.area, "score": event.score, "grade": event.grade}
    if await _keep(tx, EvaluationScore, {"worker_id": event.worker_id, "year": event.year}, said):
        following = date(min(event.year + 1, date.max.year), 1, 1)
        await _note(tx, event, on=following, cause="evaluation", reference=event.evaluation_id)


AboutWorker = (
    WorkerHired
    | AgreementSigned
    | WorkerLeft
    | WorkerTransferred
    | LeaveRecorded
    | CertificateRegistered
    | ConsequenceDecided
    | EvaluationGraded
)


async def _note(tx: Transaction, event: AboutWorker, *, on: date, cause: str, reference: str) -> None:
    await note_change(
        tx,
        area=event.area,
        worker_id=event.worker_id,
        staff=getattr(event, "staff", None),
        from_month=month_of(on),
        cause=cause,
        reference=reference,
    )


async def _keep(tx: Transaction, model: type[Table], key: dict[str, Any], said: dict[str, Any]) -> bool:
    """Insert or update by key; whether anything is different from what was known."""
    columns: Any = model.__table__.c
    kept = await tx.session.execute(
        insert(model)
        .values(**key, **said)
        .on_conflict_do_update(
            index_elements=list(key),
            set_=said,
            where=or_(*[columns[name].is_distinct_from(value) for name, value in said.items()]),
        )
        .returning(*[columns[name] for name in key])
    )
    return kept.first() is not None


async def _keep_payee(tx: Transaction, event: AboutWorker, *, staff: str, said: dict[str, Any]) -> bool:
    """A first word makes the row; a later one changes only what it is about. Whether something is different."""
    place = {"area": event.area, "staff": staff}
    addition = insert(Payee).values(worker_id=event.worker_id, **(place | said))
    if not said:
        await tx.session.execute(addition.on_conflict_do_nothing())
        return False
    columns = Payee.__table__.c
    kept = await tx.session.execute(
        addition.on_conflict_do_update(
            index_elements=[Payee.worker_id],
            set_=said,
            where=or_(*[columns[name].is_distinct_from(value) for name, value in said.items()]),
        ).returning(Payee.worker_id)
    )
    return kept.first() is not None


async def _keep_certificate(
    tx: Transaction, event: WorkerHired | CertificateRegistered, *, level: str, on: date
) -> None:
    addition = insert(Certificate).values(worker_id=event.worker_id, level=level, area=event.area, registered_on=on)
    kept = await tx.session.execute(
        addition.on_conflict_do_update(
            index_elements=[Certificate.worker_id, Certificate.level],
            set_={
                "area": event.area,
                "registered_on": func.least(Certificate.registered_on, addition.excluded.registered_on),
            },
            where=Certificate.registered_on > addition.excluded.registered_on,
        ).returning(Certificate.level)
    )
    if kept.first() is not None:
        await _note(tx, event, on=on, cause="certificate", reference=level)


async def _keep_attribute(
    tx: Transaction, event: WorkerHired | CertificateRegistered, *, kind: str, value: str, on: date
) -> None:
    key = {"worker_id": event.worker_id, "kind": kind, "starts_on": on}
    if await _keep(tx, Attribute, key, {"area": event.area, "value": value, "said_by": f"event:{event.publisher}"}):
        await _note(tx, event, on=on, cause="attribute", reference=kind)


handlers: dict[type[Event], Handler] = {
    OrganisationRegistered: keep_organisation,
    WorkerHired: keep_hired_worker,
    AgreementSigned: keep_agreement,
    WorkerLeft: end_pay,
    WorkerTransferred: move_post,
    LeaveRecorded: keep_leave,
    CertificateRegistered: keep_certificate,
    ConsequenceDecided: step_grade_up,
    EvaluationGraded: keep_score,
}
