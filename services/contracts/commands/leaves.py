from datetime import date

from common.errors import BusinessError, SamePerson
from common.events.contracts import LeaveRecorded
from common.ids import new_id
from common.transaction import Transaction
from contracts import queries
from contracts.models import Engagement, Leave, LeaveKind


class LeaveTurnedAround(BusinessError):
    status = 422
    zh = "休假终止日 {ends_on}（不含当日）须晚于起始日 {starts_on}，请更正 ends_on。"
    en = "ends_on {ends_on} (excluded) must lie after starts_on {starts_on}."


class LeaveOutsideAgreement(BusinessError):
    zh = "{starts_on} 至 {ends_on}（不含当日）不全在人员 {worker_id} 已签订的协议期限内，不能登记休假。"
    en = "{starts_on} to {ends_on} (excluded) does not lie wholly within signed agreements of worker {worker_id}."


class LeavesOverlap(BusinessError):
    zh = "与已登记的休假 {leave_id}（{starts_on} 至 {ends_on}，不含当日）重叠；请更正日期，或先撤回该次休假。"
    en = "It overlaps leave {leave_id} ({starts_on} to {ends_on}, excluded); correct the days or withdraw that one."


async def record_leave(
    tx: Transaction, *, worker_id: str, kind: LeaveKind, starts_on: date, ends_on: date, grounds: str, on: date
) -> Leave:
    """Days off within the worker's signed agreements; one leave at a time."""
    engagement = await queries.engagement(tx.session, worker_id)
    _check_somebody_else(tx, engagement)
    if ends_on <= starts_on:
        raise LeaveTurnedAround(starts_on=starts_on, ends_on=ends_on)
    if not await _is_covered(tx, engagement, starts_on=starts_on, ends_on=ends_on):
        raise LeaveOutsideAgreement(worker_id=worker_id, starts_on=starts_on, ends_on=ends_on)
    other = await queries.leave_between(tx.session, worker_id, starts_on=starts_on, ends_on=ends_on)
    if other is not None:
        raise LeavesOverlap(leave_id=other.leave_id, starts_on=other.starts_on, ends_on=other.ends_on)

    leave = Leave(
        leave_id=new_id("leave"),
        worker_id=worker_id,
        area=engagement.area,
        staff=engagement.staff,
        kind=kind,
        starts_on=starts_on,
        ends_on=ends_on,
        grounds=grounds,
        recorded_on=on,
        recorded_by=tx.actor.account,
    )
    tx.session.add(leave)
    tx.emit(_as_recorded(leave))
    return leave


async def withdraw_leave(tx: Transaction, *, leave_id: str, on: date) -> Leave:
    """It counts as never taken; a leave that ended sooner is withdrawn and recorded anew."""
    leave = await queries.leave(tx.session, leave_id)
    engagement = await queries.engagement(tx.session, leave.worker_id)
    _check_somebody_else(tx, engagement)

    leave.withdraw(by=tx.actor.account, on=on)
    tx.emit(_as_recorded(leave))
    return leave


def _as_recorded(leave: Leave) -> LeaveRecorded:
    return LeaveRecorded(
        leave_id=leave.leave_id,
        worker_id=leave.worker_id,
        area=leave.area,
        kind=leave.kind,
        starts_on=leave.starts_on,
        ends_on=None if leave.withdrawn_on else leave.ends_on,
    )


def _check_somebody_else(tx: Transaction, engagement: Engagement) -> None:
    if tx.actor.account == engagement.account:
        raise SamePerson(what="leave.own")


async def _is_covered(tx: Transaction, engagement: Engagement, *, starts_on: date, ends_on: date) -> bool:
    """Whether each day lies in a signed agreement, those that follow each other taken together."""
    signed = await queries.agreements_with(tx.session, engagement.worker_id, status="signed")
    ended = await queries.agreements_with(tx.session, engagement.worker_id, status="ended")
    reached = starts_on
    for agreement in sorted((*ended, *signed), key=lambda one: one.starts_on):
        last = agreement.ends_on if agreement.ended_on is None else min(agreement.ends_on, agreement.ended_on)
        if agreement.starts_on <= reached < last:
            reached = last
    return reached >= ends_on and (engagement.left_on is None or ends_on <= engagement.left_on)
