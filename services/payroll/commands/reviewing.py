"""From calculated to closed: looked at by a second person, approved by a third, ended when nothing is left to pay."""

from datetime import date

from common.errors import BusinessError, NotFound, SamePerson
from common.events.payroll import BatchApproved, RunApproved, RunClosed, RunReviewed
from common.money import in_yuan
from common.transaction import Transaction, seeing
from payroll import queries
from payroll.commands.checks import require_budget, require_issued
from payroll.commands.turns import Turn, take_turns
from payroll.models import PayrollRun, RunStatus
from payroll.queries import accounts


class NotSeen(BusinessError):
    """Somebody went on without having seen who is not paid."""

    zh = "本次核算有 {set_aside} 人未能核算而另列、{held_back} 人暂缓发放；所填人数不符，请查看名单后再办理。"
    en = (
        "{set_aside} people were set aside and {held_back} held back; the number given differs: look at the list first."
    )


class RunEmpty(BusinessError):
    zh = (
        "该工资核算（{run_id}）没有任何工资条。确无人员可发的，请注明“空核算”；否则请核对地区、人员类别和协议起止日期。"
    )
    en = "The run {run_id} has no payslip. Say that it is empty if it is to be; else check area, staff, agreements."


class EarlierRunWaits(BusinessError):
    zh = (
        "较早的工资核算（{run_id}，{month} 月，{paid_in} 发放）已核算而未批准；"
        "个人所得税按发放次序累计，请先办结该次核算。"
    )
    en = (
        "Run {run_id} ({month}, paid in {paid_in}) is calculated and not approved; tax adds up in the order of payment."
    )


class CalculationOutdated(BusinessError):
    zh = "核算（{run_id}）之后，人员、标准、参数、填报、累计数据或所依条款及其选定取值已有变化，请重新核算后再批准。"
    en = "Since the run {run_id} was calculated, what it goes by has changed; calculate again, then approve."


async def review_payroll_run(
    tx: Transaction, *, run_id: str, on: date, set_aside: int, empty: bool = False
) -> PayrollRun:
    """`set_aside` is the number of people that the reviewer has seen listed, `empty` that nobody is paid at all."""
    run = await _locked(tx, run_id)
    run.require(RunStatus.CALCULATED)
    makers = {run.opened_by} | run.done_by(RunStatus.CALCULATING)
    async with seeing(tx.session, area=""):
        if tx.actor.account in makers or await _has_a_hand(tx, run):
            raise SamePerson(what="run.reviewing")
    if run.workers == 0 and not empty:
        raise RunEmpty(run_id=run_id)
    if set_aside != run.set_aside:
        raise NotSeen(set_aside=run.set_aside, held_back=0)

    run.step(RunStatus.REVIEWED, by=tx.actor.account, on=on)
    tx.emit(
        RunReviewed(
            run_id=run_id,
            area=run.area,
            staff=run.staff,
            month=run.month,
            workers=run.workers,
            set_aside=run.set_aside,
        )
    )
    return run


async def approve_payroll_run(tx: Transaction, *, run_id: str, on: date, reason: str | None = None) -> PayrollRun:
    """From now on its slips count. `reason` is for pay beyond the budget.

    Runs of one kind of staff are approved one after the other, for the tax of a later one adds up on the earlier.
    """
    run = await _locked(tx, run_id)
    await take_turns(tx, Turn.APPROVAL, of=run.staff)
    run.require(RunStatus.REVIEWED)
    async with seeing(tx.session, area=""):
        await _require_somebody_else(tx, run)
        earlier = await queries.earlier_not_approved(tx.session, run)
        outdated = await _is_outdated(tx, run)
    if earlier is not None:
        raise EarlierRunWaits(run_id=earlier.run_id, month=earlier.month, paid_in=earlier.paid_in)
    if outdated:
        raise CalculationOutdated(run_id=run_id)
    await require_budget(tx, run, reason=reason)

    run.step(RunStatus.APPROVED, by=tx.actor.account, on=on, reason=reason)
    run.approved_at = tx.now
    for batch in await queries.batches_of(tx.session, run_id=run_id):
        tx.emit(BatchApproved(batch_id=batch.batch_id, run_id=run_id, area=batch.area))
    tx.emit(
        RunApproved(
            run_id=run_id,
            area=run.area,
            staff=run.staff,
            month=run.month,
            workers=run.workers,
            set_aside=run.set_aside,
            gross_total=in_yuan(run.gross_total),
            net_total=in_yuan(run.net_total),
        )
    )
    return run


async def close_payroll_run(tx: Transaction, *, run_id: str, on: date, set_aside: int, held_back: int) -> PayrollRun:
    """Who closes it states how many were set aside, and how many slips were not paid: a later file may pay those.

    Without any payment it is closed only where nobody could be paid by now.
    """
    run = await _locked(tx, run_id)
    payable = run.status == RunStatus.APPROVED and await accounts.somebody_payable(tx.session, run_id=run_id)
    run.require(RunStatus.PAID, *([] if payable else [RunStatus.APPROVED]))
    await require_issued(tx, run)
    waiting = await queries.held_back(tx.session, run_id=run_id)
    if (set_aside, held_back) != (run.set_aside, waiting):
        raise NotSeen(set_aside=run.set_aside, held_back=waiting)

    run.step(RunStatus.CLOSED, by=tx.actor.account, on=on)
    tx.emit(
        RunClosed(
            run_id=run_id,
            area=run.area,
            staff=run.staff,
            month=run.month,
            workers=run.workers,
            set_aside=run.set_aside,
            held_back=waiting,
        )
    )
    return run


async def _locked(tx: Transaction, run_id: str) -> PayrollRun:
    run = await queries.run(tx.session, run_id=run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    return run


async def _require_somebody_else(tx: Transaction, run: PayrollRun) -> None:
    """Who approves has neither opened, calculated, entered nor reviewed anything of it, and is not paid by it."""
    makers = {run.opened_by} | run.done_by(RunStatus.CALCULATING, RunStatus.REVIEWED)
    if tx.actor.account in makers or await _has_a_hand(tx, run):
        raise SamePerson(what="run.approving")


async def _has_a_hand(tx: Transaction, run: PayrollRun) -> bool:
    """Whether who acts is paid by the run, or anything that it goes by is that person's doing."""
    account = tx.actor.account
    if await queries.is_paid_by(tx.session, run, account=account):
        return True
    return await queries.has_authored(tx.session, run, account=account)


async def _is_outdated(tx: Transaction, run: PayrollRun) -> bool:
    """Whether anything came in since that its batches did not know: facts, figures, clauses, or other runs' tax."""
    if await queries.stale_changes(tx.session, run):
        return True
    if await queries.year_moved_on(tx.session, run) or await queries.balances_moved_on(tx.session, run):
        return True
    parameters = await queries.parameters_in_force(tx.session, codes=None, area=run.area)
    return await queries.policy_moved_on(tx.session, tx.policies, parameters, run)
