from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, MetaData, Numeric, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.actors import Role
from common.errors import BusinessError, WrongState
from common.tables import NAMES, GovernedRow, ScopedRow


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class WorkerHasLeft(BusinessError):
    zh = "人员 {worker_id} 已于 {left_on} 退出岗位，不能再办理协议或退出事项。"
    en = "Worker {worker_id} left the post on {left_on}; no agreement or exit can be handled any more."


class AgreementNotInState(WrongState):
    zh = "协议 {agreement_id} 目前为“{state_zh}”（{state}），不能办理此事项；须先处于“{needed}”。"
    en = "Agreement {agreement_id} is {state}; this needs {needed}."


class ExitCaseNotInState(WrongState):
    zh = "退出事项 {case_id} 目前为“{state_zh}”（{state}），不能办理此事项；须先处于“{needed}”。"
    en = "Exit case {case_id} is {state}; this needs {needed}."


class LeaveWithdrawn(BusinessError):
    zh = "休假 {leave_id} 已于 {withdrawn_on} 撤回。"
    en = "Leave {leave_id} was withdrawn on {withdrawn_on}."


class NotAParty(BusinessError):
    zh = "“{party}”不是协议 {agreement_id} 的签约方；签约各方：{parties}。"
    en = "{party} is no party to agreement {agreement_id}; its parties are {parties}."


class AlreadySigned(BusinessError):
    zh = "“{party}”已于 {signed_on} 签署协议 {agreement_id}，不必重复签署。"
    en = "{party} signed agreement {agreement_id} on {signed_on} already."


class Organisation(ScopedRow, Table):
    """What the registry says of an organisation, as far as agreements depend on it."""

    __tablename__ = "organisation"

    organisation_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    committee_term_ends_on: Mapped[date | None]


class Engagement(GovernedRow, Table):
    """A worker in a post, from the hiring to the leaving. `account` is the worker's own login."""

    __tablename__ = "engagement"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(60), index=True)
    post_class: Mapped[str] = mapped_column(String(60))
    account: Mapped[str] = mapped_column(String(300))
    hired_on: Mapped[date]
    left_on: Mapped[date | None]

    @property
    def active(self) -> bool:
        return self.left_on is None

    def check_active(self) -> None:
        if self.left_on is not None:
            raise WorkerHasLeft(worker_id=self.worker_id, left_on=self.left_on)

    def leave(self, *, left_on: date) -> None:
        self.check_active()
        self.left_on = left_on

    def move(self, *, area: str, organisation_id: str, post_class: str) -> None:
        self.check_active()
        self.area, self.organisation_id, self.post_class = area, organisation_id, post_class


class YearlyGrade(GovernedRow, Table):
    __tablename__ = "yearly_grade"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    grade: Mapped[str] = mapped_column(String(60))
    passed: Mapped[bool]


class RenewalProposal(GovernedRow, Table):
    """What was decided of the renewal that an evaluation led to."""

    __tablename__ = "renewal_proposal"

    worker_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    declined: Mapped[bool]


@dataclass(frozen=True)
class PartTime:
    """Hours of part-time work: a day on average, and in a week."""

    hours_a_day: Decimal
    hours_a_week: Decimal


class Agreement(GovernedRow, Table):
    """drafted → signed → ended; a draft that another takes the place of, or whose worker leaves, is withdrawn.

    Only part-time work has its hours.
    """

    __tablename__ = "agreement"
    __table_args__ = (
        Index("uq_agreement_draft", "worker_id", unique=True, postgresql_where=text("status = 'drafted'")),
    )

    agreement_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Engagement.worker_id), index=True)
    organisation_id: Mapped[str] = mapped_column(String(60))
    post_class: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(60))
    clause: Mapped[str] = mapped_column(String(60))
    parties: Mapped[list[str]] = mapped_column(JSONB)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    probation_months: Mapped[int]
    monthly_pay: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    hours_a_day: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    hours_a_week: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    duties: Mapped[str] = mapped_column(String(4000))
    place: Mapped[str] = mapped_column(String(200))
    renewal_of: Mapped[str | None] = mapped_column(ForeignKey("agreement.agreement_id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    drafted_on: Mapped[date]
    signatures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    signed_on: Mapped[date | None]
    signed_late: Mapped[bool]
    ended_on: Mapped[date | None]

    @property
    def part_time(self) -> "PartTime | None":
        if self.hours_a_day is None or self.hours_a_week is None:
            return None
        return PartTime(self.hours_a_day, self.hours_a_week)

    @property
    def warnings(self) -> list[str]:
        return ["late_signing"] if self.signed_late else []

    def check_state(self, *needed: str) -> None:
        if self.status not in needed:
            raise AgreementNotInState(
                agreement_id=self.agreement_id,
                state=self.status,
                state_zh=_AGREEMENT_STATES[self.status],
                needed=", ".join(needed),
            )

    def sign(self, *, party: Role, account: str, on: date) -> None:
        """Put one party's signature; with the last one the agreement is made."""
        self.check_party(party)
        self.signatures = [*self.signatures, {"party": str(party), "account": account, "on": on.isoformat()}]
        if {one["party"] for one in self.signatures} == set(self.parties):
            self.status = "signed"
            self.signed_on = max(date.fromisoformat(one["on"]) for one in self.signatures)

    def check_party(self, party: Role) -> None:
        """Whether this party's signature is still awaited."""
        self.check_state("drafted")
        if party not in self.parties:
            raise NotAParty(party=str(party), agreement_id=self.agreement_id, parties=", ".join(self.parties))
        for one in self.signatures:
            if one["party"] == party:
                raise AlreadySigned(party=str(party), agreement_id=self.agreement_id, signed_on=one["on"])

    def signed_by(self, account: str) -> bool:
        return any(one["account"] == account for one in self.signatures)

    def withdraw(self) -> None:
        self.check_state("drafted")
        self.status = "withdrawn"

    def end(self, *, on: date) -> None:
        self.check_state("signed")
        self.status = "ended"
        self.ended_on = on


class ExitCase(GovernedRow, Table):
    """opened → heard → left, or dismissed."""

    __tablename__ = "exit_case"
    __table_args__ = (
        Index("uq_exit_case_open", "worker_id", unique=True, postgresql_where=text("status IN ('opened', 'heard')")),
    )

    case_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Engagement.worker_id), index=True)
    ground: Mapped[str] = mapped_column(String(60))
    legal_ground: Mapped[str | None] = mapped_column(String(20))
    statutory_procedure_on: Mapped[date | None]
    evidence: Mapped[str] = mapped_column(String(4000))
    clause: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(20))
    opened_on: Mapped[date]
    opened_by: Mapped[str] = mapped_column(String(300))
    heard_on: Mapped[date | None]
    statement: Mapped[str | None] = mapped_column(String(4000))
    decided_on: Mapped[date | None]
    decided_by: Mapped[str | None] = mapped_column(String(300))
    left_on: Mapped[date | None]

    @property
    def heard(self) -> bool:
        return self.heard_on is not None

    def check_state(self, *needed: str) -> None:
        if self.status not in needed:
            raise ExitCaseNotInState(
                case_id=self.case_id,
                state=self.status,
                state_zh=_CASE_STATES[self.status],
                needed=", ".join(needed),
            )

    def hear(self, *, on: date, statement: str) -> None:
        self.check_state("opened")
        self.status, self.heard_on, self.statement = "heard", on, statement

    def decide(self, *, on: date, account: str, left_on: date | None) -> None:
        self.check_state("opened", "heard")
        self.status = "dismissed" if left_on is None else "left"
        self.decided_on, self.decided_by, self.left_on = on, account, left_on


class LeaveKind(StrEnum):
    ANNUAL = "annual"
    SICK = "sick"
    PERSONAL = "personal"
    MATERNITY = "maternity"
    WORK_INJURY = "work_injury"
    MARRIAGE = "marriage"
    BEREAVEMENT = "bereavement"
    PATERNITY = "paternity"
    PARENTAL = "parental"


class Leave(GovernedRow, Table):
    """Days off; `ends_on` is the first day after them. A withdrawn leave counts as never taken."""

    __tablename__ = "leave"
    __table_args__ = (Index("ix_leave_worker_id", "worker_id", "starts_on"),)

    leave_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Engagement.worker_id))
    kind: Mapped[str] = mapped_column(String(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    grounds: Mapped[str] = mapped_column(String(4000))
    recorded_on: Mapped[date]
    recorded_by: Mapped[str] = mapped_column(String(300))
    withdrawn_on: Mapped[date | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(300))

    def withdraw(self, *, by: str, on: date) -> None:
        if self.withdrawn_on is not None:
            raise LeaveWithdrawn(leave_id=self.leave_id, withdrawn_on=self.withdrawn_on)
        self.withdrawn_on, self.withdrawn_by = on, by


class Transfer(GovernedRow, Table):
    """A move to another post under the same agreement, from `starts_on` on; `area` is where it leads."""

    __tablename__ = "transfer"
    __table_args__ = (Index("ix_transfer_worker_id", "worker_id", "starts_on"),)

    transfer_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker_id: Mapped[str] = mapped_column(ForeignKey(Engagement.worker_id))
    from_area: Mapped[str] = mapped_column(String(12))
    from_organisation_id: Mapped[str] = mapped_column(String(60))
    from_post_class: Mapped[str] = mapped_column(String(60))
    organisation_id: Mapped[str] = mapped_column(String(60))
    post_class: Mapped[str] = mapped_column(String(60))
    starts_on: Mapped[date]
    consented_on: Mapped[date]
    consent: Mapped[str] = mapped_column(String(4000))
    clause: Mapped[str] = mapped_column(String(60))
    decided_on: Mapped[date]
    decided_by: Mapped[str] = mapped_column(String(300))


_AGREEMENT_STATES = {"drafted": "待签署", "signed": "已签订", "ended": "已终止", "withdrawn": "已撤回"}
_CASE_STATES = {"opened": "待听取意见", "heard": "待决定", "left": "已退出", "dismissed": "不予退出"}
