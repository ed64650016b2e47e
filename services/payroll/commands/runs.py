"""A run: opened for an area, a kind of staff and a month, and given to whoever works it out, street by street."""

from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from common.areas import within
from common.errors import BusinessError, NotFound
from common.events.payroll import BatchQueued, RunCalculated, RunOpened
from common.ids import new_id
from common.policy import ParameterMissing
from common.transaction import Transaction, seeing
from payroll import queries
from payroll.commands.checks import require_issued
from payroll.commands.turns import Turn, take_turns
from payroll.models import Cycle, PayrollBatch, PayrollRun, Payslip, PayslipLine, RunStatus, SetAside
from payroll.models.runs import NOT_SEALED

# Else the second caller, waiting for batches that the first one takes away, would come to hold the run alone, while
# somebody who has one of the new batches in hand waits for the run.


class RunAlreadyOpened(BusinessError):
    zh = "{area} 的“{staff}”{month} 月（{cycle}）工资核算已经建立（{run_id}），请在该核算中办理。"
    en = "The run of {area}, {staff}, {month} ({cycle}) exists already ({run_id}); work in that one."


class MonthNotBegun(BusinessError):
    zh = "{month} 月尚未开始（办理日期 {on}），不能建立该月工资核算。"
    en = "The month {month} has not begun on {on}; its run cannot be opened yet."


class PaidBeforeEarned(BusinessError):
    zh = "发放月份 {paid_in} 早于工资所属月份 {month}，请更正发放月份。"
    en = "The month of payment {paid_in} lies before the month of work {month}; correct it."


class ParametersMissing(BusinessError):
    """Every row that a street of the run lacks; nothing was queued."""

    zh = "有 {count} 项参数没有已复核并生效的数值，不能核算：\n{rows_zh}"
    en = "{count} parameters have no checked figure in force; the run cannot be calculated:\n{rows_en}"

    def __init__(self, missing: list[ParameterMissing]) -> None:
        self.missing = missing
        super().__init__(
            count=len(missing),
            rows_zh="\n".join(one.zh for one in missing),
            rows_en="\n".join(one.en for one in missing),
        )


async def open_payroll_run(
    tx: Transaction,
    *,
    area: str,
    staff: str,
    month: str,
    on: date,
    cycle: str = Cycle.MONTH,
    paid_in: str | None = None,
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
            cycle=cycle,
            paid_in=paid_in or month,
            status=RunStatus.OPEN,
            opened_by=tx.actor.account,
            opened_on=on,
        )
        .on_conflict_do_nothing(index_elements=[PayrollRun.area, PayrollRun.staff, PayrollRun.month, PayrollRun.cycle])
        .returning(PayrollRun)
    )
    if run is None:
        earlier = await queries.run_for(tx.session, area=area, staff=staff, month=month, cycle=cycle)
        run_id = earlier.run_id if earlier else ""
        raise RunAlreadyOpened(area=area, staff=staff, month=month, cycle=cycle, run_id=run_id)
    tx.emit(RunOpened(run_id=run.run_id, area=area, staff=staff, month=month, cycle=run.cycle, paid_in=run.paid_in))
    return run


async def calculate_payroll_run(tx: Transaction, *, run_id: str, on: date) -> PayrollRun:
    """Make a batch of every street and queue it; what was calculated before goes.

    Nothing is queued where a clause that pay cannot do without, or a figure it goes by, is missing; nor while slips of
    an earlier month are being issued, which leave behind what the later one goes by (the base of a first month).
    """
    await take_turns(tx, Turn.CALCULATION, of=run_id)
    # The batches before the run, as those who calculate them do: whoever has one in hand finishes before.
    await queries.batches_of(tx.session, run_id=run_id, lock=True)
    run = await queries.run(tx.session, run_id=run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    run.require(*NOT_SEALED)
    async with seeing(tx.session, area=""):
        earlier = await queries.earlier_not_issued(tx.session, run)
        if earlier is not None:
            await require_issued(tx, earlier)
    streets = await queries.streets_of(tx.session, run)
    await _require_figures(tx, run, streets)

    await _forget(tx, run)
    run.attempt += 1
    run.batches = len(streets)
    run.step(RunStatus.CALCULATING, by=tx.actor.account, on=on)
    for street in streets:
        batch = PayrollBatch(
            batch_id=new_id("batch"),
            run_id=run_id,
            area=street,
            staff=run.staff,
            attempt=run.attempt,
            queued_at=tx.now,
        )
        tx.session.add(batch)
        tx.emit(BatchQueued(batch_id=batch.batch_id, run_id=run_id, area=street, attempt=run.attempt))
    if not streets:
        run.step(RunStatus.CALCULATED, by=tx.actor.account, on=on)
        nothing = {"workers": 0, "batches": 0, "gross_total": 0, "net_total": 0}
        tx.emit(RunCalculated(run_id=run_id, area=run.area, month=run.month, **nothing))
    return run


async def _require_figures(tx: Transaction, run: PayrollRun, streets: list[str]) -> None:
    """Every clause and figure that a street's pay goes by; the rows missing anywhere are named all at once."""
    parameters = await queries.parameters_in_force(tx.session, codes=None, area=run.area)
    missing = await queries.figures_missing(tx.session, tx.policies, parameters, run, streets=streets)
    if missing:
        raise ParametersMissing(missing)


async def _forget(tx: Transaction, run: PayrollRun) -> None:
    """What an earlier calculation of the run left behind."""
    old = select(Payslip.slip_no).where(Payslip.run_id == run.run_id)
    await tx.session.execute(delete(PayslipLine).where(PayslipLine.slip_no.in_(old)))
    for table in (Payslip, SetAside, PayrollBatch):
        await tx.session.execute(delete(table).where(table.run_id == run.run_id))
    for total in ("batches_done", "workers", "set_aside", *TOTALS.values()):
        setattr(run, total, 0)
    run.findings = []


TOTALS = {
    "gross": "gross_total",
    "contributions": "contributions_total",
    "employer_contributions": "employer_total",
    "tax": "tax_total",
    "net": "net_total",
}
