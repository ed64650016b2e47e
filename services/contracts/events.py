from typing import Any

from sqlalchemy.dialects.postgresql import insert

from common.consumer import Handler
from common.events import Event
from common.events.evaluation import ConsequenceDecided, EvaluationGraded
from common.events.recruitment import WorkerHired
from common.events.registry import OrganisationRegistered
from common.transaction import Transaction
from contracts.models import Engagement, Organisation, RenewalProposal, YearlyGrade


async def keep_organisation(tx: Transaction, event: OrganisationRegistered) -> None:
    """Know when the committees' term ends; said again whole when figures change, and the latest word counts."""
    row = {"area": event.area, "committee_term_ends_on": event.committee_term_ends_on}
    await tx.session.execute(
        insert(Organisation)
        .values(organisation_id=event.organisation_id, **row)
        .on_conflict_do_update(index_elements=["organisation_id"], set_=row)
    )


async def keep_engagement(tx: Transaction, event: WorkerHired) -> None:
    """Open the engagement once: told again, a worker who has left does not come back."""
    await tx.session.execute(
        insert(Engagement)
        .values(
            worker_id=event.worker_id,
            area=event.area,
            staff=event.staff,
            organisation_id=event.organisation_id,
            post_class=event.post_class,
            account=event.account,
            hired_on=event.hired_on,
        )
        .on_conflict_do_nothing()
    )


async def keep_grade(tx: Transaction, event: EvaluationGraded) -> None:
    """Keep the year's grade, also of a worker not heard of yet: another publisher's topic may be ahead.

    It lies where the worker is now, who may have been transferred since.
    """
    engagement = await tx.session.get(Engagement, event.worker_id)
    row: dict[str, Any] = {
        "area": engagement.area if engagement else event.area,
        "staff": event.staff,
        "grade": event.grade,
        "passed": event.passed,
    }
    await tx.session.execute(
        insert(YearlyGrade)
        .values(worker_id=event.worker_id, year=event.year, **row)
        .on_conflict_do_update(index_elements=["worker_id", "year"], set_=row)
    )


async def keep_renewal_proposal(tx: Transaction, event: ConsequenceDecided) -> None:
    """Of the consequences of an evaluation only those about renewal matter here."""
    if event.kind not in ("renewal", "no_renewal"):
        return
    row = {"area": event.area, "staff": event.staff, "declined": event.approved == (event.kind == "no_renewal")}
    await tx.session.execute(
        insert(RenewalProposal)
        .values(worker_id=event.worker_id, year=event.year, **row)
        .on_conflict_do_update(index_elements=["worker_id", "year"], set_=row)
    )


handlers: dict[type[Event], Handler] = {
    OrganisationRegistered: keep_organisation,
    WorkerHired: keep_engagement,
    EvaluationGraded: keep_grade,
    ConsequenceDecided: keep_renewal_proposal,
}
