"""What recruitment says: headcount, plans, applications, stages, hiring."""

from datetime import date

from common.events import Event


class HeadcountRequested(Event):
    publisher = "recruitment"
    about = "request_id"

    request_id: str
    area: str
    staff: str
    positions: int


class HeadcountApproved(Event):
    publisher = "recruitment"
    about = "request_id"

    request_id: str
    area: str
    staff: str
    positions: int


class PlanDrafted(Event):
    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    staff: str
    organisation_id: str
    title: str
    positions: int
    drafted_on: date


class PlanStepApproved(Event):
    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    office: str
    level: str


class PlanApproved(Event):
    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str


class PlanReturned(Event):
    """An approver sent the plan back; it is over."""

    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    office: str
    reason: str


class NoticePublished(Event):
    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    published_on: date
    closes_on: date


class ApplicationReceived(Event):
    publisher = "recruitment"
    about = "plan_id"

    application_id: str
    plan_id: str
    area: str


class StageRecorded(Event):
    publisher = "recruitment"
    about = "plan_id"

    application_id: str
    plan_id: str
    area: str
    stage: str
    passed: bool


class RankingDecided(Event):
    """`order` holds application ids, best first."""

    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    order: list[str]


class PublicNoticeStarted(Event):
    """`ends_on` is the last day on which objections may be raised."""

    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    starts_on: date
    ends_on: date


class ObjectionRaised(Event):
    publisher = "recruitment"
    about = "plan_id"

    objection_id: str
    plan_id: str
    application_id: str
    area: str
    raised_on: date


class ObjectionAnswered(Event):
    publisher = "recruitment"
    about = "plan_id"

    objection_id: str
    plan_id: str
    application_id: str
    area: str
    upheld: bool


class WorkerHired(Event):
    """`identity_sealed` opens only at place `person|identity_number|<worker_id>`; `account` is the worker's login."""

    publisher = "recruitment"
    about = "worker_id"

    worker_id: str
    application_id: str
    plan_id: str
    organisation_id: str
    post_id: str
    area: str
    staff: str
    post_class: str
    name: str
    account: str
    identity_masked: str
    identity_sealed: str
    certificate_level: str | None = None
    category: str | None = None
    education: str | None = None
    hired_on: date


class PlanCompleted(Event):
    publisher = "recruitment"
    about = "plan_id"

    plan_id: str
    area: str
    hired: int
