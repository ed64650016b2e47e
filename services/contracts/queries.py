from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.actors import Actor
from common.errors import NotFound
from contracts.models import (
    Agreement,
    Engagement,
    ExitCase,
    Leave,
    Organisation,
    RenewalProposal,
    Transfer,
    YearlyGrade,
)


class WorkerNotFound(NotFound):
    zh = "没有找到人员 {worker_id}。请核对编号；刚录用的人员稍后可见，不在您管辖地区内的人员不会显示。"
    en = "No worker {worker_id} found. Check the id; a new hire shows shortly, and workers outside your area do not."


class AgreementNotFound(NotFound):
    zh = "没有找到协议 {agreement_id}。请核对编号；不在您管辖地区内的协议不会显示。"
    en = "No agreement {agreement_id} found. Check the id; agreements outside your area are not shown."


class ExitCaseNotFound(NotFound):
    zh = "没有找到退出事项 {case_id}。请核对编号；不在您管辖地区内的事项不会显示。"
    en = "No exit case {case_id} found. Check the id; cases outside your area are not shown."


class LeaveNotFound(NotFound):
    zh = "没有找到休假 {leave_id}。请核对编号；不在您管辖地区内的休假不会显示。"
    en = "No leave {leave_id} found. Check the id; leaves outside your area are not shown."


@dataclass(frozen=True)
class Evaluations:
    """The years in which a worker was evaluated, those failed, and those whose renewal was decided against."""

    evaluated_years: list[int]
    failed_years: list[int]
    declined_years: list[int]


async def engagement(session: AsyncSession, worker_id: str) -> Engagement:
    """The worker's engagement, locked: whatever concerns one worker's agreements and exit is done one by one."""
    found = await session.get(Engagement, worker_id, with_for_update=True)
    if found is None:
        raise WorkerNotFound(worker_id=worker_id)
    return found


async def committee_term_ends_on(session: AsyncSession, organisation_id: str) -> date | None:
    organisation = await session.get(Organisation, organisation_id)
    return organisation.committee_term_ends_on if organisation else None


async def agreement(session: AsyncSession, agreement_id: str) -> Agreement:
    """The agreement with its worker's engagement locked before it, in the order in which every command locks."""
    worker_id = await session.scalar(select(Agreement.worker_id).where(Agreement.agreement_id == agreement_id))
    if worker_id is None:
        raise AgreementNotFound(agreement_id=agreement_id)
    await engagement(session, worker_id)
    return await session.get_one(Agreement, agreement_id, with_for_update=True)


async def agreements_with(session: AsyncSession, worker_id: str, *, status: str) -> Sequence[Agreement]:
    query = select(Agreement).where(Agreement.worker_id == worker_id, Agreement.status == status)
    return (await session.scalars(query.order_by(Agreement.starts_on))).all()


async def agreements_ending(session: AsyncSession, worker_id: str, *, ends_on: date | None) -> int:
    """How many agreements with the worker were signed to end on that day."""
    query = select(func.count(Agreement.agreement_id)).where(
        Agreement.worker_id == worker_id, Agreement.ends_on == ends_on, Agreement.status.in_(("signed", "ended"))
    )
    return await session.scalar(query) or 0


async def evaluations(session: AsyncSession, worker_id: str) -> Evaluations:
    grades = (await session.scalars(select(YearlyGrade).where(YearlyGrade.worker_id == worker_id))).all()
    declined = await session.scalars(
        select(RenewalProposal.year).where(RenewalProposal.worker_id == worker_id, RenewalProposal.declined)
    )
    return Evaluations(
        evaluated_years=sorted(grade.year for grade in grades),
        failed_years=sorted(grade.year for grade in grades if not grade.passed),
        declined_years=sorted(declined),
    )


async def exit_case(session: AsyncSession, case_id: str) -> ExitCase:
    """The case with its worker's engagement locked before it."""
    worker_id = await session.scalar(select(ExitCase.worker_id).where(ExitCase.case_id == case_id))
    if worker_id is None:
        raise ExitCaseNotFound(case_id=case_id)
    await engagement(session, worker_id)
    return await session.get_one(ExitCase, case_id, with_for_update=True)


async def open_exit_case(session: AsyncSession, worker_id: str) -> ExitCase | None:
    query = select(ExitCase).where(ExitCase.worker_id == worker_id, ExitCase.status.in_(("opened", "heard")))
    return (await session.scalars(query)).one_or_none()


async def organisation(session: AsyncSession, organisation_id: str) -> Organisation | None:
    return await session.get(Organisation, organisation_id)


async def leave(session: AsyncSession, leave_id: str) -> Leave:
    """The leave with its worker's engagement locked before it."""
    worker_id = await session.scalar(select(Leave.worker_id).where(Leave.leave_id == leave_id))
    if worker_id is None:
        raise LeaveNotFound(leave_id=leave_id)
    await engagement(session, worker_id)
    return await session.get_one(Leave, leave_id, with_for_update=True)


async def leave_between(session: AsyncSession, worker_id: str, *, starts_on: date, ends_on: date) -> Leave | None:
    """The first leave of the worker that has a day of these and was not withdrawn."""
    query = (
        select(Leave)
        .where(Leave.worker_id == worker_id, Leave.withdrawn_on.is_(None))
        .where(Leave.starts_on < ends_on, Leave.ends_on > starts_on)
        .order_by(Leave.starts_on)
    )
    return (await session.scalars(query)).first()


async def last_transfer(session: AsyncSession, worker_id: str) -> Transfer | None:
    query = select(Transfer).where(Transfer.worker_id == worker_id).order_by(Transfer.starts_on.desc())
    return (await session.scalars(query)).first()


async def leaves_shown(session: AsyncSession, worker_id: str, *, actor: Actor) -> Sequence[Leave]:
    """All of a worker's leaves by day, withdrawn ones too."""
    if not await _may_see(session, worker_id, actor=actor):
        raise WorkerNotFound(worker_id=worker_id)
    return (await session.scalars(select(Leave).where(Leave.worker_id == worker_id).order_by(Leave.starts_on))).all()


async def transfers_shown(session: AsyncSession, worker_id: str, *, actor: Actor) -> Sequence[Transfer]:
    if not await _may_see(session, worker_id, actor=actor):
        raise WorkerNotFound(worker_id=worker_id)
    query = select(Transfer).where(Transfer.worker_id == worker_id).order_by(Transfer.starts_on)
    return (await session.scalars(query)).all()


async def agreement_shown(session: AsyncSession, agreement_id: str, *, actor: Actor) -> Agreement:
    found = await session.get(Agreement, agreement_id)
    if found is None or not await _may_see(session, found.worker_id, actor=actor):
        raise AgreementNotFound(agreement_id=agreement_id)
    return found


async def exit_case_shown(session: AsyncSession, case_id: str, *, actor: Actor) -> ExitCase:
    found = await session.get(ExitCase, case_id)
    if found is None or not await _may_see(session, found.worker_id, actor=actor):
        raise ExitCaseNotFound(case_id=case_id)
    return found


async def _may_see(session: AsyncSession, worker_id: str, *, actor: Actor) -> bool:
    """An office sees whatever lies in its area; a worker without an office only what is his or her own."""
    if not actor.is_for_himself:
        return True
    account = await session.scalar(select(Engagement.account).where(Engagement.worker_id == worker_id))
    return account == actor.account
