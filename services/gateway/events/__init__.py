"""Every event of every service, folded into the views.

Services are heard in any order: whoever comes first begins a partial view and the others complete it. Within one
service and one aggregate the order of the bus holds.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import Envelope
from common.events import Event
from common.events.affairs import DutyRosterKept
from common.events.contracts import (
    AgreementDrafted,
    AgreementSigned,
    ExitCaseDismissed,
    ExitCaseOpened,
    ExitHearingHeld,
    LeaveRecorded,
    WorkerLeft,
    WorkerTransferred,
)
from common.events.decisions import DecisionRecorded
from common.events.evaluation import (
    ConsequenceDecided,
    ConsequenceProposed,
    EvaluationGraded,
    TrainingCompleted,
    TrainingDue,
)
from common.events.payroll import (
    BatchCalculated,
    GradeChanged,
    PaymentFileSealed,
    PayslipIssued,
    PoolShared,
    RunApproved,
    RunCalculated,
    RunClosed,
    RunOpened,
    RunPaid,
    RunReviewed,
)
from common.events.recruitment import (
    ApplicationReceived,
    NoticePublished,
    ObjectionAnswered,
    ObjectionRaised,
    PlanApproved,
    PlanCompleted,
    PlanDrafted,
    PlanReturned,
    PlanStepApproved,
    PublicNoticeStarted,
    RankingDecided,
    StageRecorded,
    WorkerHired,
)
from common.events.registry import (
    CertificateRegistered,
    FilingAccepted,
    FilingOpened,
    FilingReturned,
    FilingSubmitted,
    OrganisationRegistered,
    PostOpened,
    QuotaDetermined,
)
from common.transaction import Transaction
from gateway.events import offices, workers
from gateway.models import Change, DecisionNote, ForgottenChanges, Organisation, Plan, Run, Worker
from gateway.rules import section_of

CHANGES_KEPT = timedelta(days=7)
_FORGET_EVERY = 1000
_LOCK = 7_340_010

Fold = Callable[[AsyncSession, Any], Awaitable[None]]


async def keep(tx: Transaction, event: Event, envelope: Envelope) -> None:
    """Fold the event into the views and tell those who watch, in the transaction that remembers the event."""
    # One at a time: ids of changes then commit in their order, and two events of one worker never overwrite each other.
    await tx.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    for fold in folds.get(type(event), ()):
        await fold(tx.session, event)
    if isinstance(event, DecisionRecorded):
        await note_decision(tx.session, event, source=envelope.source)
    await _announce(tx, event, envelope)


async def _announce(tx: Transaction, event: Event, envelope: Envelope) -> None:
    area = str(getattr(event, "area", ""))
    if area and envelope.time > tx.now - CHANGES_KEPT:
        change_id = await tx.session.scalar(
            insert(Change)
            .values(
                event_id=envelope.event_id,
                area=area,
                type=envelope.type_name,
                subject=event.key[:200],
                happened_at=envelope.time,
            )
            .on_conflict_do_nothing(index_elements=["event_id"])
            .returning(Change.change_id)
        )
        if change_id is not None and change_id % _FORGET_EVERY == 0:
            await forget_changes(tx)
    await tx.session.execute(text("SELECT pg_notify('change', '')"))


async def forget_changes(tx: Transaction) -> None:
    """Throw away changes that are older than anybody may resume from, and remember up to where."""
    old = delete(Change).where(Change.happened_at <= tx.now - CHANGES_KEPT).returning(Change.change_id)
    gone = list(await tx.session.scalars(old))
    if not gone:
        return
    forgotten = insert(ForgottenChanges).values(only=1, change_id=max(gone))
    await tx.session.execute(
        forgotten.on_conflict_do_update(
            index_elements=["only"],
            set_={"change_id": func.greatest(ForgottenChanges.change_id, forgotten.excluded.change_id)},
        )
    )


async def note_decision(session: AsyncSession, event: DecisionRecorded, *, source: str) -> None:
    shown = {"decision_id", "subject", "rule", "document", "document_title", "clause", "at", "on", "permits"}
    await session.execute(
        insert(DecisionNote)
        .values(
            decision_id=event.decision_id,
            subject=event.subject[:200],
            area=event.area,
            recorded_at=event.recorded_at,
            section=section_of(source, event.rule),
            body=event.model_dump(mode="json", include=shown),
        )
        .on_conflict_do_nothing()
    )


async def empty(session: AsyncSession) -> None:
    """Clear the views for a rebuild. What was announced stays: those who watch are not told everything again."""
    for table in (Worker, DecisionNote, Organisation, Plan, Run):
        await session.execute(delete(table))


folds: Mapping[type[Event], tuple[Fold, ...]] = {
    OrganisationRegistered: (offices.keep_figures, workers.name_organisation),
    QuotaDetermined: (offices.keep_quota,),
    PostOpened: (offices.keep_post,),
    PlanDrafted: (offices.keep_plan,),
    PlanStepApproved: (offices.keep_plan,),
    PlanApproved: (offices.keep_plan,),
    PlanReturned: (offices.keep_plan,),
    NoticePublished: (offices.keep_plan,),
    ApplicationReceived: (offices.keep_plan,),
    StageRecorded: (offices.keep_plan,),
    RankingDecided: (offices.keep_plan,),
    PublicNoticeStarted: (offices.keep_plan,),
    ObjectionRaised: (offices.keep_plan,),
    ObjectionAnswered: (offices.keep_plan,),
    PlanCompleted: (offices.keep_plan,),
    WorkerHired: (offices.keep_plan, workers.keep_hire),
    AgreementDrafted: (workers.keep_part,),
    AgreementSigned: (workers.keep_part,),
    ExitCaseOpened: (workers.keep_part,),
    ExitHearingHeld: (workers.keep_part,),
    ExitCaseDismissed: (workers.keep_part,),
    LeaveRecorded: (workers.keep_part,),
    WorkerTransferred: (workers.keep_transfer,),
    WorkerLeft: (workers.keep_part,),
    EvaluationGraded: (workers.keep_part,),
    ConsequenceProposed: (workers.keep_part,),
    ConsequenceDecided: (workers.keep_part,),
    TrainingDue: (workers.keep_part,),
    TrainingCompleted: (workers.keep_part,),
    CertificateRegistered: (workers.keep_part,),
    FilingOpened: (workers.keep_part,),
    FilingSubmitted: (workers.keep_part,),
    FilingReturned: (workers.keep_part,),
    FilingAccepted: (workers.keep_part,),
    GradeChanged: (workers.keep_part,),
    PayslipIssued: (workers.keep_part,),
    DutyRosterKept: (workers.keep_duty,),
    RunOpened: (offices.keep_run,),
    BatchCalculated: (offices.keep_run,),
    PoolShared: (offices.keep_run,),
    RunCalculated: (offices.keep_run,),
    RunReviewed: (offices.keep_run,),
    RunApproved: (offices.keep_run,),
    PaymentFileSealed: (offices.keep_run,),
    RunPaid: (offices.keep_run,),
    RunClosed: (offices.keep_run,),
}
