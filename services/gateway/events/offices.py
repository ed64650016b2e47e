"""What an office sees of its area: organisations with quotas and posts, plans and their step, payroll runs."""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from common.events import payroll, recruitment, registry
from gateway.models import Organisation, Plan, Run

# The steps of a plan in their order; a plan never goes back.
STEPS = ("drafted", "in_approval", "approved", "applications", "assessment", "ranked", "public_notice")
ENDED = ("completed", "returned")

_STEP_OF: dict[type[Any], str] = {
    recruitment.PlanDrafted: "drafted",
    recruitment.PlanStepApproved: "in_approval",
    recruitment.PlanApproved: "approved",
    recruitment.NoticePublished: "applications",
    recruitment.StageRecorded: "assessment",
    recruitment.RankingDecided: "ranked",
    recruitment.PublicNoticeStarted: "public_notice",
    recruitment.PlanCompleted: "completed",
    recruitment.PlanReturned: "returned",
}


async def keep_figures(session: AsyncSession, event: registry.OrganisationRegistered) -> None:
    organisation = await _organisation(session, event.organisation_id, event.area)
    organisation.area, organisation.name, organisation.kind = event.area, event.name, event.kind
    figures = {"unions", "workers", "households", "committee_term_ends_on"}
    organisation.figures = event.model_dump(mode="json", include=figures)


async def keep_quota(session: AsyncSession, event: registry.QuotaDetermined) -> None:
    organisation = await _organisation(session, event.organisation_id, event.area)
    shown = {"lowest", "highest", "obligation", "clause", "decision_id"}
    organisation.quotas = organisation.quotas | {event.staff: event.model_dump(mode="json", include=shown)}


async def keep_post(session: AsyncSession, event: registry.PostOpened) -> None:
    organisation = await _organisation(session, event.organisation_id, event.area)
    post = {"staff": event.staff, "post_class": event.post_class}
    organisation.posts = organisation.posts | {event.post_id: post}


async def _organisation(session: AsyncSession, organisation_id: str, area: str) -> Organisation:
    organisation = await session.get(Organisation, organisation_id, with_for_update=True)
    if organisation is None:
        figures = {"unions": None, "workers": None, "households": None, "committee_term_ends_on": None}
        organisation = Organisation(organisation_id=organisation_id, area=area, figures=figures, quotas={}, posts={})
        session.add(organisation)
    return organisation


async def keep_plan(session: AsyncSession, event: Any) -> None:
    plan = await session.get(Plan, event.plan_id, with_for_update=True)
    if plan is None:
        plan = Plan(plan_id=event.plan_id, area=event.area, in_progress=False, body=_new_plan(event.plan_id))
        session.add(plan)
    body = deepcopy(plan.body)
    _fold_plan(body, event)
    if not isinstance(event, recruitment.WorkerHired):  # whose area is the organisation's, not the plan's
        body["area"] = plan.area = event.area
        body["step"] = _further(body["step"], _STEP_OF.get(type(event)))
    plan.in_progress = body["title"] is not None and body["step"] not in ENDED
    plan.body = body


def _new_plan(plan_id: str) -> dict[str, Any]:
    known_later = ("area", "title", "staff", "organisation_id", "positions", "step", "drafted_on", "published_on")
    return {
        "plan_id": plan_id,
        **dict.fromkeys((*known_later, "closes_on", "public_notice_starts_on", "public_notice_ends_on", "returned")),
        "approvals": [],
        "applications": 0,
        "stages": {},
        "open_objections": 0,
        "hired": 0,
    }


def _fold_plan(body: dict[str, Any], event: Any) -> None:
    said = event.model_dump(mode="json")
    match event:
        case recruitment.PlanDrafted():
            drafted = ("title", "staff", "organisation_id", "positions", "drafted_on")
            body |= {name: said[name] for name in drafted}
        case recruitment.PlanStepApproved():
            body["approvals"].append({"office": event.office, "level": event.level})
        case recruitment.PlanReturned():
            body["returned"] = {"office": event.office, "reason": event.reason}
        case recruitment.NoticePublished():
            body |= {name: said[name] for name in ("published_on", "closes_on")}
        case recruitment.ApplicationReceived():
            body["applications"] += 1
        case recruitment.StageRecorded():
            tally = body["stages"].setdefault(event.stage, {"passed": 0, "failed": 0})
            tally["passed" if event.passed else "failed"] += 1
        case recruitment.PublicNoticeStarted():
            body |= {f"public_notice_{name}": said[name] for name in ("starts_on", "ends_on")}
        case recruitment.ObjectionRaised():
            body["open_objections"] += 1
        case recruitment.ObjectionAnswered():
            body["open_objections"] -= 1
        case recruitment.WorkerHired():
            body["hired"] += 1


def _further(step: str | None, reached: str | None) -> str | None:
    order = (None, *STEPS, *ENDED)
    return max(step, reached, key=order.index)


async def keep_run(session: AsyncSession, event: Any) -> None:
    """Of one run the bus keeps the order, so that its opening, which alone says whose it is, comes first."""
    run = await session.get(Run, event.run_id, with_for_update=True)
    if run is None:
        month = getattr(event, "month", "")
        run = Run(run_id=event.run_id, area=event.area, month=month, body=_new_run(event.run_id, event.area, month))
        session.add(run)
    body = deepcopy(run.body)
    _fold_run(body, event)
    run.body = body


def _new_run(run_id: str, area: str, month: str) -> dict[str, Any]:
    known_later = ("staff", "cycle", "paid_in", "status", "workers", "gross_total", "net_total", "pool_total")
    counted = ("set_aside", "batches", "batches_done", "held_back")
    return {
        "run_id": run_id,
        "area": area,
        "month": month,
        **dict.fromkeys(known_later),
        **dict.fromkeys(counted, 0),
        "pools": {},
    }


def _unless_closed(body: Mapping[str, Any], status: str) -> str:
    """A closed run stays so; a later file pays whom it held back."""
    return "closed" if body.get("status") == "closed" else status


def _fold_run(body: dict[str, Any], event: Any) -> None:
    said = event.model_dump(mode="json")
    match event:
        case payroll.RunOpened():
            body |= {name: said[name] for name in ("staff", "cycle", "paid_in")} | {"status": "opened"}
        case payroll.BatchCalculated():
            body |= {"status": "calculating", "batches": event.batches, "batches_done": event.done}
        case payroll.PoolShared():
            body["pools"][event.area] = said["total"]
            body["pool_total"] = str(sum(map(Decimal, body["pools"].values())))
        case payroll.RunCalculated():
            body |= {name: said[name] for name in ("workers", "set_aside", "gross_total", "net_total", "batches")}
            body |= {"status": "calculated", "batches_done": event.batches}
        case payroll.RunReviewed():
            body["status"] = "reviewed"
        case payroll.RunApproved():
            body |= {name: said[name] for name in ("workers", "set_aside", "gross_total", "net_total")}
            body["status"] = "approved"
        case payroll.PaymentFileSealed():
            body |= {"status": _unless_closed(body, "file_sealed"), "held_back": event.held_back}
        case payroll.RunPaid():
            body |= {"status": _unless_closed(body, "paid"), "held_back": event.held_back}
        case payroll.RunClosed():
            body |= {"status": "closed", "set_aside": event.set_aside, "held_back": event.held_back}
