from datetime import date

from sqlalchemy import update

from common.areas import within
from common.errors import BusinessError, NotFound, SamePerson
from common.events.contracts import WorkerTransferred
from common.ids import new_id
from common.transaction import Transaction
from contracts import queries, rules
from contracts.models import Agreement, Engagement, Leave, RenewalProposal, Transfer, YearlyGrade


class NowhereNew(BusinessError):
    zh = "人员 {worker_id} 已在该组织的该类岗位，无须调动。"
    en = "Worker {worker_id} holds a post of that class in that organisation already."


class NoAgreementToCarry(BusinessError):
    zh = "人员 {worker_id} 在 {starts_on} 没有已签订的协议，不能调动；请先签订协议。"
    en = "Worker {worker_id} has no signed agreement on {starts_on}; sign one first."


class TransferBeforeLast(BusinessError):
    zh = "人员 {worker_id} 已定于 {last_on} 调动，新的调动日 {starts_on} 须晚于该日。"
    en = "Worker {worker_id} has a transfer on {last_on}; the new one on {starts_on} must lie after it."


class TransferDuringExit(BusinessError):
    zh = "人员 {worker_id} 有未办结的退出事项 {case_id}，请先办结再办理调动。"
    en = "Worker {worker_id} has an open exit case {case_id}; settle it before a transfer."


async def transfer_worker(
    tx: Transaction,
    *,
    worker_id: str,
    organisation_id: str,
    post_class: str,
    starts_on: date,
    consented_on: date,
    consent: str,
    on: date,
) -> Transfer:
    """To another organisation or class of post from a day on; the agreement goes on, a draft of another is dropped.

    Decided by an office that answers for both places. From now on the new place's offices deal with the worker.
    """
    engagement = await queries.engagement(tx.session, worker_id)
    engagement.check_active()
    if tx.actor.account == engagement.account:
        raise SamePerson(what="transfer.own")
    if (organisation_id, post_class) == (engagement.organisation_id, engagement.post_class):
        raise NowhereNew(worker_id=worker_id)
    area = await _area_of(tx, organisation_id)
    await _check_day(tx, engagement, starts_on=starts_on)

    days = {"starts_on": starts_on, "consented_on": consented_on}
    permitted = await tx.decide(
        rules.transfer_findings, about=engagement, on=on, from_area=engagement.area, to_area=area, **days
    )
    tx.require(permitted, subject=worker_id)

    transfer = Transfer(
        transfer_id=new_id("transfer"),
        worker_id=worker_id,
        from_area=engagement.area,
        from_organisation_id=engagement.organisation_id,
        from_post_class=engagement.post_class,
        area=area,
        staff=engagement.staff,
        organisation_id=organisation_id,
        post_class=post_class,
        consent=consent,
        clause=permitted.clause,
        decided_on=on,
        decided_by=tx.actor.account,
        **days,
    )
    tx.session.add(transfer)
    await _move(tx, engagement, transfer)
    tx.emit(_as_transferred(transfer))
    return transfer


async def _area_of(tx: Transaction, organisation_id: str) -> str:
    organisation = await queries.organisation(tx.session, organisation_id)
    if organisation is None or not within(organisation.area, tx.actor.area):
        raise NotFound(what=f"organisation {organisation_id}")
    return organisation.area


async def _check_day(tx: Transaction, engagement: Engagement, *, starts_on: date) -> None:
    worker_id = engagement.worker_id
    agreements = await queries.agreements_with(tx.session, worker_id, status="signed")
    if not any(one.starts_on <= starts_on < one.ends_on for one in agreements):
        raise NoAgreementToCarry(worker_id=worker_id, starts_on=starts_on)
    last = await queries.last_transfer(tx.session, worker_id)
    if last is not None and starts_on <= last.starts_on:
        raise TransferBeforeLast(worker_id=worker_id, last_on=last.starts_on, starts_on=starts_on)
    case = await queries.open_exit_case(tx.session, worker_id)
    if case is not None:
        raise TransferDuringExit(worker_id=worker_id, case_id=case.case_id)


async def _move(tx: Transaction, engagement: Engagement, transfer: Transfer) -> None:
    """What is known of the worker goes along to the new offices; whom an agreement was made with stays as signed."""
    for draft in await queries.agreements_with(tx.session, engagement.worker_id, status="drafted"):
        draft.withdraw()
    for kept in (Agreement, Leave, RenewalProposal, YearlyGrade):
        await tx.session.execute(update(kept).where(kept.worker_id == engagement.worker_id).values(area=transfer.area))
    engagement.move(area=transfer.area, organisation_id=transfer.organisation_id, post_class=transfer.post_class)


def _as_transferred(transfer: Transfer) -> WorkerTransferred:
    return WorkerTransferred(
        transfer_id=transfer.transfer_id,
        worker_id=transfer.worker_id,
        from_area=transfer.from_area,
        area=transfer.area,
        staff=transfer.staff,
        organisation_id=transfer.organisation_id,
        post_class=transfer.post_class,
        starts_on=transfer.starts_on,
    )
