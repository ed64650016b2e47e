"""A run: opened for an area, a kind of staff and a month, filled in, approved by somebody else."""

from datetime import date
from decimal import Decimal

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from common.areas import within
from common.errors import BusinessError, NotFound
from common.events.payroll import PayslipIssued, RunApproved, RunOpened
from common.ids import new_id
from common.transaction import Transaction
from payroll import queries
from payroll.models import PayrollRun, Payslip, PoolScore, RunEntry, RunStatus


class RunAlreadyOpened(BusinessError):
    zh = "{area} 的“{staff}”{month} 月工资核算已经建立（{run_id}），请在该核算中办理。"
    en = "The run of {area}, {staff}, {month} exists already ({run_id}); work in that one."


class MonthNotBegun(BusinessError):
    zh = "{month} 月尚未开始（办理日期 {on}），不能建立该月工资核算。"
    en = "The month {month} has not begun on {on}; its run cannot be opened yet."


class PaidBeforeEarned(BusinessError):
    zh = "发放月份 {paid_in} 早于工资所属月份 {month}，请更正发放月份。"
    en = "The month of payment {paid_in} lies before the month of work {month}; correct it."


class RunEmpty(BusinessError):
    zh = "该工资核算（{run_id}）没有任何工资条，不能批准。请核对地区、人员类别和协议起止日期。"
    en = "The run {run_id} has no payslip and cannot be approved; check area, staff and agreements."


class CalculationOutdated(BusinessError):
    zh = "核算（{run_id}）之后，人员、标准、证书、考核、累计数据或所依条款及其选定取值已有变化，请重新核算后再批准。"
    en = "Since the run {run_id} was calculated, what it goes by has changed; calculate again, then approve."


async def open_payroll_run(
    tx: Transaction, *, area: str, staff: str, month: str, on: date, paid_in: str | None = None
) -> PayrollRun:
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")

    if on.isoformat()[:7] < month:
        raise MonthNotBegun(month=month, on=on)
    if paid_in is not None and paid_in < month:
        raise PaidBeforeEarned(month=month, paid_in=paid_in)

    run: PayrollRun | None = await tx.session.scalar(
        insert(PayrollRun)
        .values(
            run_id=new_id("run"),
            area=area,
            staff=staff,
            month=month,
            paid_in=paid_in or month,
            status=RunStatus.OPEN,
            opened_by=tx.actor.account,
            opened_on=on,
        )
        .on_conflict_do_nothing(index_elements=[PayrollRun.area, PayrollRun.staff, PayrollRun.month])
        .returning(PayrollRun)
    )
    if run is None:
        earlier = await queries.run_for(tx.session, area=area, staff=staff, month=month)
        raise RunAlreadyOpened(area=area, staff=staff, month=month, run_id=earlier.run_id if earlier else "")
    tx.emit(RunOpened(run_id=run.run_id, area=area, staff=staff, month=month))
    return run


async def enter_performance(
    tx: Transaction,
    *,
    run_id: str,
    worker_id: str,
    performance_pay: Decimal | None = None,
    overtime_pay: Decimal | None = None,
    special_deductions: Decimal | None = None,
    hours: Decimal | None = None,
) -> RunEntry:
    """What is entered replaces what was entered before; the run is to be calculated again."""
    run = await _run_with(tx, run_id=run_id, worker_id=worker_id)
    entry = await tx.session.get(RunEntry, (run_id, worker_id))

    await _reopen(tx, run)

    if entry is None:
        entry = RunEntry(run_id=run_id, worker_id=worker_id, area=run.area)
        tx.session.add(entry)
    entry.performance_pay = performance_pay
    entry.overtime_pay = overtime_pay
    entry.special_deductions = special_deductions
    entry.hours = hours
    entry.entered_by = tx.actor.account
    return entry


async def score_for_pool(tx: Transaction, *, run_id: str, worker_id: str, score: Decimal) -> PoolScore:
    run = await _run_with(tx, run_id=run_id, worker_id=worker_id)
    scored = await tx.session.get(PoolScore, (run_id, worker_id))

    await _reopen(tx, run)

    if scored is None:
        scored = PoolScore(run_id=run_id, worker_id=worker_id, area=run.area)
        tx.session.add(scored)
    scored.score = score
    scored.scored_by = tx.actor.account
    return scored


async def approve_payroll_run(tx: Transaction, *, run_id: str, on: date) -> PayrollRun:
    run = await queries.run(tx.session, run_id=run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    await queries.lock_payees(tx.session, run)

    run.approve(by=tx.actor.account, on=on, parties=await queries.parties_to(tx.session, run_id=run_id))
    slips = await queries.slips_of(tx.session, run_id=run_id)
    if not slips:
        raise RunEmpty(run_id=run_id)
    if await inputs_of(tx, run, await queries.paid_workers(tx.session, run)) != run.inputs:
        raise CalculationOutdated(run_id=run_id)

    for slip in slips:
        tx.emit(_issued(slip))
    tx.emit(
        RunApproved(
            run_id=run.run_id,
            area=run.area,
            staff=run.staff,
            month=run.month,
            workers=run.workers,
            gross_total=run.gross_total,
            net_total=run.net_total,
        )
    )
    return run


async def inputs_of(tx: Transaction, run: PayrollRun, workers: list[queries.PaidWorker]) -> str:
    """What a calculation of these workers goes by: what is known of them, and what policy says where they are."""
    areas = {worker.area for worker in workers}
    return queries.digest_of(workers, await queries.clauses_gone_by(tx.session, tx.policies, run, areas=areas))


def _issued(slip: Payslip) -> PayslipIssued:
    return PayslipIssued(
        payslip_id=slip.payslip_id,
        run_id=slip.run_id,
        worker_id=slip.worker_id,
        area=slip.area,
        staff=slip.staff,
        month=slip.month,
        gross=slip.gross,
        contributions=slip.contributions,
        tax=slip.tax,
        net=slip.net,
        lines=[{key: line[key] for key in ("code", "kind", "label", "amount")} for line in slip.lines],
    )


async def _run_with(tx: Transaction, *, run_id: str, worker_id: str) -> PayrollRun:
    run = await queries.run(tx.session, run_id=run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    if not await queries.is_in_run(tx.session, run, worker_id=worker_id):
        raise NotFound(what=f"payee {worker_id}")
    return run


async def _reopen(tx: Transaction, run: PayrollRun) -> None:
    run.reopen()
    await tx.session.execute(delete(Payslip).where(Payslip.run_id == run.run_id))
