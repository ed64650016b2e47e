from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, MetaData, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.errors import BusinessError, WrongState
from common.tables import NAMES, GovernedRow, ScopedRow
from recruitment.rules import Act, Approver, OwnConditions, Stage

Id = String(60)


class OutOfOrder(BusinessError):
    zh = "{what}的日期（{on}）早于前一步的日期（{earlier}）。请核对日期。"
    en = "{what}: the day {on} is before the step that came earlier, {earlier}. Check the day."


def in_order(what: str, on: date, *, after: date) -> None:
    if on < after:
        raise OutOfOrder(what=what, on=on.isoformat(), earlier=after.isoformat())


class PostNotFree(BusinessError):
    zh = "岗位 {post_id} 已被其他招聘方案占用或已有人在岗，不能再次使用。"
    en = "Post {post_id} is held by another plan or by a worker."


class PostNotFreeYet(BusinessError):
    zh = "岗位 {post_id} 自{free_from}起才空出，{on}不能聘用；请改在该日或之后。"
    en = "Post {post_id} is free from {free_from}; nobody is hired into it on {on}."


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Organisation(ScopedRow, Table):
    """An organisation of the registry, as far as recruitment needs it."""

    __tablename__ = "organisation"

    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(60))


class Post(GovernedRow, Table):
    """A post of the registry: free (from a day, where somebody is still to leave), held by a plan, or by a worker."""

    __tablename__ = "post"

    post_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id, index=True)
    post_class: Mapped[str] = mapped_column(String(60))
    opened_on: Mapped[date]
    plan_id: Mapped[str | None] = mapped_column(Id, index=True)
    worker_id: Mapped[str | None] = mapped_column(Id, index=True)
    free_from: Mapped[date | None]

    def hold(self, plan_id: str) -> None:
        if self.plan_id is not None or self.worker_id is not None:
            raise PostNotFree(post_id=self.post_id)
        self.plan_id = plan_id

    def give(self, worker_id: str, *, plan_id: str, on: date) -> None:
        if self.plan_id != plan_id:
            raise PostNotFree(post_id=self.post_id)
        if self.free_from is not None and on < self.free_from:
            raise PostNotFreeYet(post_id=self.post_id, free_from=self.free_from.isoformat(), on=on.isoformat())
        self.plan_id = None
        self.worker_id = worker_id

    def be_let_go(self) -> None:
        """Its plan is over."""
        self.plan_id = None

    def be_left(self, left_on: date) -> None:
        """Its worker is out of it from that day; until then it may be planned for, not filled."""
        self.worker_id = None
        self.free_from = left_on


class InApproval:
    """Waits for one office after another; the offices are those decided when it was made."""

    approvers: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    approved: Mapped[int] = mapped_column(default=0)

    @property
    def steps(self) -> tuple[Approver, ...]:
        return tuple(Approver.model_validate(one) for one in self.approvers)

    @property
    def fully_approved(self) -> bool:
        return self.approved == len(self.approvers)


class HeadcountRequest(GovernedRow, InApproval, Table):
    """requested → approved."""

    __tablename__ = "headcount_request"

    request_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey(Organisation.organisation_id), index=True)
    positions: Mapped[int]
    figures: Mapped[dict[str, str]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(String(20))
    requested_by: Mapped[str] = mapped_column(String(300))
    requested_on: Mapped[date]

    def need(self, *states: str) -> None:
        _need(self.status in states, what="headcount", state=self.status, needed=states)

    def approve_step(self) -> None:
        self.need("requested")
        self.approved += 1
        if self.fully_approved:
            self.status = "approved"


class Plan(GovernedRow, InApproval, Table):
    """drafted → approved → published → completed; or drafted → returned.

    The stages and the approvers are those of the day it was drafted. `version` is what an approval binds to.
    """

    __tablename__ = "plan"

    plan_id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[str] = mapped_column(ForeignKey(Organisation.organisation_id), index=True)
    post_ids: Mapped[list[str]] = mapped_column(JSONB)
    positions: Mapped[int]
    hired: Mapped[int] = mapped_column(default=0)
    oldest_age: Mapped[int | None]
    lowest_education: Mapped[str | None] = mapped_column(String(30))
    age_relaxed_for: Mapped[list[str]] = mapped_column(JSONB)
    relaxed_oldest_age: Mapped[int | None]
    extra_conditions: Mapped[list[str]] = mapped_column(JSONB)
    process: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(20), index=True)
    drafted_by: Mapped[str] = mapped_column(String(300))
    drafted_on: Mapped[date]
    hire_by: Mapped[date | None]
    approved_on: Mapped[date | None]
    published_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    ranked_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None] = mapped_column(String(4000))

    @staticmethod
    def begun(*, process: Sequence[Stage], approvers: Sequence[Approver], account: str, on: date) -> dict[str, Any]:
        """The columns of a plan on its first day."""
        return {
            "process": [one.model_dump(mode="json") for one in process],
            "approvers": [one.model_dump(mode="json") for one in approvers],
            "approved": 0,
            "hired": 0,
            "version": 1,
            "status": "drafted",
            "drafted_by": account,
            "drafted_on": on,
        }

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(Stage.model_validate(one) for one in self.process)

    @property
    def scored_stages(self) -> tuple[Stage, ...]:
        return tuple(one for one in self.stages if one.scored)

    @property
    def own_conditions(self) -> OwnConditions:
        return OwnConditions.model_validate({name: getattr(self, name) for name in OwnConditions.model_fields})

    @property
    def last_stage_before_ranking(self) -> Stage:
        """The last scored stage; where nothing is scored, the one before the public notice."""
        stages = self.stages
        scored = [one for one in stages if one.scored]
        before = stages.index(self.stage_that_does(Act.PUBLIC_NOTICE)) - 1
        return scored[-1] if scored else stages[before]

    def stage_that_does(self, act: Act) -> Stage:
        return next(one for one in self.stages if one.does is act)

    def stage(self, code: str) -> Stage | None:
        return next((one for one in self.stages if one.stage == code), None)

    def comes_after_ranking(self, stage: Stage) -> bool:
        return self.stages.index(stage) > self.stages.index(self.last_stage_before_ranking)

    def need(self, *states: str) -> None:
        _need(self.status in states, what="plan", state=self.status, needed=states)

    def approve_step(self, on: date) -> None:
        self.need("drafted")
        self.approved += 1
        if self.fully_approved:
            self.status = "approved"
            self.approved_on = on

    def send_back(self, *, on: date, reason: str) -> None:
        self.need("drafted")
        self._end("returned", on=on, reason=reason)

    def publish(self, *, published_on: date, closes_on: date) -> None:
        self.need("approved")
        self.status = "published"
        self.published_on = published_on
        self.closes_on = closes_on

    def count_hired(self, on: date) -> None:
        self.need("published")
        self.hired += 1
        if self.hired == self.positions:
            self._end("completed", on=on, reason=None)

    def close(self, *, on: date, reason: str) -> None:
        self.need("drafted", "approved", "published")
        self._end("completed", on=on, reason=reason)

    def _end(self, status: str, *, on: date, reason: str | None) -> None:
        self.status = status
        self.ended_on = on
        self.end_reason = reason


class Approval(ScopedRow, Table):
    """One office's yes, to one version of a plan or to a request."""

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("subject_id", "version", "account"),
        UniqueConstraint("subject_id", "version", "step"),
    )

    approval_id: Mapped[str] = mapped_column(Id, primary_key=True)
    subject_id: Mapped[str] = mapped_column(Id, index=True)
    version: Mapped[int]
    step: Mapped[int]
    office: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(300))
    approved_on: Mapped[date]


class Application(GovernedRow, Table):
    """in_progress → selected or reserve → hired; rejected or closed on the way.

    Name, phone and identity number are sealed; what rules need of the number is kept as age and sex on the day of the
    application.
    """

    __tablename__ = "application"
    __table_args__ = (UniqueConstraint("plan_id", "identity_index"), UniqueConstraint("plan_id", "number"))

    application_id: Mapped[str] = mapped_column(Id, primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey(Plan.plan_id))
    number: Mapped[int]
    account: Mapped[str] = mapped_column(String(300), index=True)
    name_sealed: Mapped[str] = mapped_column(String(1200))
    phone_sealed: Mapped[str | None] = mapped_column(String(400))
    identity_sealed: Mapped[str] = mapped_column(String(400))
    identity_index: Mapped[str] = mapped_column(String(64), index=True)
    identity_masked: Mapped[str] = mapped_column(String(18))
    age: Mapped[int]
    female: Mapped[bool]
    education: Mapped[str] = mapped_column(String(30))
    statuses: Mapped[list[str]] = mapped_column(JSONB)
    certificate_level: Mapped[str | None] = mapped_column(String(60))
    declared_bars: Mapped[list[str]] = mapped_column(JSONB)
    household_area: Mapped[str | None] = mapped_column(String(12))
    unemployed_months: Mapped[int | None]
    graduated_on: Mapped[date | None]
    applied_on: Mapped[date]
    latest_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(20), index=True)
    done: Mapped[list[str]] = mapped_column(JSONB)
    scores: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    total: Mapped[Decimal | None] = mapped_column(Numeric(8, 3))
    rank: Mapped[int | None]
    category: Mapped[str | None] = mapped_column(String(60))
    notice_starts_on: Mapped[date | None]
    notice_ends_on: Mapped[date | None]
    post_id: Mapped[str | None] = mapped_column(Id)
    worker_id: Mapped[str | None] = mapped_column(Id, index=True)

    def need(self, *states: str) -> None:
        _need(self.status in states, what="candidacy", state=self.status, needed=states)

    def finish(self, stage: str, *, on: date) -> None:
        """Go past a stage on a day not before that of the stage before."""
        in_order("candidacy.stage", on, after=self.latest_on)
        self.done = [*self.done, stage]
        self.latest_on = on

    def reject(self) -> None:
        self.need("in_progress", "selected")
        self.status = "rejected"

    def place(self, rank: int, *, positions: int) -> None:
        self.need("in_progress")
        self.rank = rank
        self.status = "selected" if rank <= positions else "reserve"

    def close(self) -> None:
        self.need("in_progress", "selected", "reserve")
        self.status = "closed"

    def move_up(self) -> None:
        self.need("reserve")
        self.status = "selected"

    def put_on_notice(self, *, starts_on: date, ends_on: date) -> None:
        self.need("selected")
        self.notice_starts_on = starts_on
        self.notice_ends_on = self.latest_on = ends_on

    def become_worker(self, worker_id: str, *, post_id: str) -> None:
        self.need("selected")
        self.status = "hired"
        self.worker_id = worker_id
        self.post_id = post_id


class StageResult(ScopedRow, Table):
    """What was found at one stage. Evidence is sealed as a whole; the codes of bars stay readable."""

    __tablename__ = "stage_result"
    __table_args__ = (UniqueConstraint("application_id", "stage"),)

    result_id: Mapped[str] = mapped_column(Id, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey(Application.application_id))
    stage: Mapped[str] = mapped_column(String(60))
    recorded_on: Mapped[date]
    recorded_by: Mapped[str] = mapped_column(String(300))
    passed: Mapped[bool]
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    found_bars: Mapped[list[str]] = mapped_column(JSONB)
    evidence_sealed: Mapped[str | None]
    note_sealed: Mapped[str | None]


class Objection(ScopedRow, Table):
    """open → upheld or dismissed."""

    __tablename__ = "objection"

    objection_id: Mapped[str] = mapped_column(Id, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey(Application.application_id), index=True)
    plan_id: Mapped[str] = mapped_column(Id)
    content_sealed: Mapped[str]
    raised_by: Mapped[str] = mapped_column(String(300))
    raised_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    answer_sealed: Mapped[str | None]
    answered_by: Mapped[str | None] = mapped_column(String(300))
    answered_on: Mapped[date | None]

    def settle(self, *, upheld: bool, account: str, on: date) -> None:
        _need(self.status == "open", what="objection", state=self.status, needed=("open",))
        in_order("objection.answering", on, after=self.raised_on)
        self.status = "upheld" if upheld else "dismissed"
        self.answered_by = account
        self.answered_on = on


def _need(holds: bool, *, what: str, state: str, needed: tuple[str, ...]) -> None:
    if not holds:
        raise WrongState(what=what, state=f"{what}.{state}", needed=", ".join(f"{what}.{one}" for one in needed))
