"""The calculation of a run: every worker's lines, or what stands in the way of paying anybody."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from common.areas import Level, area_at
from common.errors import NotFound
from common.events.payroll import PoolShared, RunBlocked, RunCalculated
from common.policy import Decision, Rule
from common.transaction import Transaction
from payroll import queries, rules
from payroll.commands.runs import inputs_of
from payroll.commands.slips import (
    NOTHING,
    Slip,
    all_scored_nothing,
    no_score,
    no_standard,
    nothing_left,
    nothing_to_enter,
    paid_elsewhere,
)
from payroll.models import PayrollRun, Payslip
from payroll.rules.contributions import Contribution
from payroll.rules.pay import ComponentKind, Composition

T = TypeVar("T")

MOST_NAMED = 200  # an event has a largest size; the run itself names everybody


async def calculate_payroll_run(tx: Transaction, *, run_id: str, on: date) -> PayrollRun:
    """Slips for all, or none: what one worker lacks, or a wage below the floor, blocks the run until mended."""
    run = await queries.run(tx.session, run_id=run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    run.require_not_approved()
    workers = await queries.paid_workers(tx.session, run)
    inputs = await inputs_of(tx, run, workers)  # before anything is decided: a later change must be noticed
    await tx.session.execute(delete(Payslip).where(Payslip.run_id == run_id))

    slips = [Slip(run=run, worker=worker) for worker in workers]
    for slip in slips:
        await _compose(tx, slip)
    pools = await _share_pools(tx, run, slips)
    for slip in slips:
        if not slip.findings and not slip.waits_for_pool:
            await _deduct(tx, slip)
    rows = [] if any(slip.findings for slip in slips) else await _keep(tx, slips)
    findings = [finding for slip in slips for finding in slip.findings]
    if findings:
        _block(tx, run, slips, findings, on=on)
        return run
    run.calculate(rows, inputs=inputs, by=tx.actor.account, on=on)
    for slip in slips:
        for decision in slip.decisions:
            tx.record(decision, subject=slip.worker.worker_id)
    for decision, shared in pools:
        tx.record(decision, subject=run_id)
        tx.emit(shared)
    tx.emit(
        RunCalculated(
            run_id=run_id,
            area=run.area,
            month=run.month,
            workers=run.workers,
            gross_total=run.gross_total,
            net_total=run.net_total,
        )
    )
    return run


def _block(tx: Transaction, run: PayrollRun, slips: list[Slip], findings: list[dict[str, Any]], *, on: date) -> None:
    """Nothing is kept of the slips but the decisions that refuse."""
    run.block(findings, by=tx.actor.account, on=on)
    for slip in slips:
        for decision in slip.decisions:
            if not decision.permits:
                tx.record(decision, subject=slip.worker.worker_id)
    blocked = sorted({finding["worker_id"] for finding in findings})
    workers_and_codes = {(finding["worker_id"], finding["code"]) for finding in findings}
    tx.emit(
        RunBlocked(
            run_id=run.run_id,
            area=run.area,
            month=run.month,
            blocked_workers=len(blocked),
            findings=dict(sorted(Counter(code for _, code in workers_and_codes).items())),
            worker_ids=blocked[:MOST_NAMED],
        )
    )


async def _decide(tx: Transaction, slip: Slip, rule: Rule[T], *, on: date | None = None, **facts: Any) -> Decision[T]:
    decision = await tx.decide(rule, about=slip, on=on or slip.run.first_day, **facts)
    slip.decisions.append(decision)
    return decision


async def _compose(tx: Transaction, slip: Slip) -> None:
    """The standard, for the days in the post, divided into the components that the clause names."""
    worker, entered = slip.worker, slip.worker.entered
    if worker.standard is not None:
        monthly, source = worker.standard.monthly_amount, f"薪酬标准{worker.standard.standard_id}"
    elif worker.agreed_pay is not None:
        monthly, source = worker.agreed_pay, "协议约定工资（未见已批准的薪酬标准）"
    else:
        slip.find(no_standard(slip))
        return
    standard, words = monthly, f"{source}每月{monthly}元"
    if not slip.is_whole_month:
        part = await _decide(tx, slip, rules.pay_for_part_of_month, monthly=monthly, periods=slip.periods)
        standard, words = part.value, f"{words}，在岗{_days(slip)}，依{part.clause}折合{part.value}元"
    composed, allowance = await _components(tx, slip, standard)
    slip.counted_pay = monthly + (allowance.value if allowance else NOTHING)

    if entered.performance_pay is not None and composed.value.of(ComponentKind.ENTERED) is None:
        slip.find(nothing_to_enter(composed), composed)
    for one in composed.value.amounts:
        match one.kind:
            case ComponentKind.POOLED_SHARE_OF_STANDARD:
                slip.bring_in(one)
                if worker.score is None:
                    slip.find(no_score())
            case ComponentKind.SHARE_OF_STANDARD:
                slip.earn(one, f"{words}，乘以{one.share}", by=composed)
            case ComponentKind.ENTERED:
                given = "未填报，按0元计" if entered.performance_pay is None else "本次核算填报"
                slip.earn(one, given, by=composed)
            case ComponentKind.CERTIFICATE_ALLOWANCE if allowance is not None:
                slip.earn(one, f"证书等级{worker.certificate}的每月补贴", by=allowance)


async def _components(
    tx: Transaction, slip: Slip, standard: Decimal
) -> tuple[Decision[Composition], Decision[Decimal] | None]:
    """The make-up of pay; where its clause has an allowance and the worker a certificate, with that decided first."""
    facts = {"standard": standard, "entered": slip.worker.entered.performance_pay}
    composed = await tx.decide(rules.compose_pay, about=slip, on=slip.run.first_day, **facts)
    kinds = {one["kind"] for one in composed.terms["components"]}
    allowance = None
    if ComponentKind.CERTIFICATE_ALLOWANCE in kinds and slip.worker.certificate is not None:
        allowance = await _decide(tx, slip, rules.certificate_allowance, level=slip.worker.certificate)
        facts["allowance"] = allowance.value
        composed = await tx.decide(rules.compose_pay, about=slip, on=slip.run.first_day, **facts)
    slip.decisions.append(composed)
    return composed, allowance


async def _share_pools(
    tx: Transaction, run: PayrollRun, slips: list[Slip]
) -> list[tuple[Decision[dict[str, Decimal]], PoolShared]]:
    """Each street's pool among its workers; a pool with anybody missing is not shared at all."""
    streets: dict[str, list[Slip]] = defaultdict(list)
    for slip in slips:
        streets[area_at(slip.area, Level.STREET) or slip.area].append(slip)
    pools = []
    for street, neighbours in streets.items():
        sharers = {slip.worker.worker_id: (slip, slip.pooled) for slip in neighbours if slip.pooled is not None}
        scores = {worker_id: slip.worker.score or NOTHING for worker_id, (slip, _) in sharers.items()}
        if any(slip.findings for slip in neighbours):
            for slip, _ in sharers.values():
                slip.waits_for_pool = True
            continue
        if not any(scores.values()):
            for slip, _ in sharers.values():
                slip.find(all_scored_nothing())
            continue
        brought_in = {worker_id: pooled.amount for worker_id, (_, pooled) in sharers.items()}
        about = next(iter(sharers.values()))[0]
        shared = await tx.decide(rules.share_pool, about=about, on=run.first_day, brought_in=brought_in, scores=scores)
        total = sum(brought_in.values(), NOTHING)
        for worker_id, (slip, pooled) in sharers.items():
            words = f"{street}绩效总额{total}元（本人计入{pooled.amount}元），按得分{slip.worker.score}分配"
            slip.take_out(pooled, shared.value[worker_id], words, by=shared)
        pools.append(
            (
                shared,
                PoolShared(run_id=run.run_id, area=street, month=run.month, total=total, shares=shared.value),
            )
        )
    return pools


async def _deduct(tx: Transaction, slip: Slip) -> None:
    """Overtime, contributions, the floor, tax, and that something is left to pay out."""
    entered = slip.worker.entered
    if entered.overtime_pay is not None:
        slip.add("overtime_pay", "加班工资", entered.overtime_pay, "本次核算填报", by=None)
    contributed = await _decide(
        tx, slip, rules.contribution_amounts, pay=slip.counted_pay, part_time=entered.hours is not None
    )
    slip.contributions = contributed.value.worker
    slip.employer_contributions = contributed.value.employer
    for one in contributed.value.schemes:
        if one.worker:
            words = _contribution_words(one, one.worker_rate, one.worker_fixed)
            code, label = f"{one.scheme}_worker", f"{one.label_zh}（个人）"
            slip.add(code, label, one.worker, words, by=contributed, kind="deduction")
    await _check_floor(tx, slip)
    await _withhold(tx, slip)
    for one in contributed.value.schemes:
        if one.employer:
            words = _contribution_words(one, one.employer_rate, NOTHING)
            code, label = f"{one.scheme}_employer", f"{one.label_zh}（单位）"
            slip.add(code, label, one.employer, words, by=contributed, kind="employer")
    if slip.net < 0:
        slip.find(nothing_left(slip))


async def _check_floor(tx: Transaction, slip: Slip) -> None:
    """Where a document holds this kind of staff to the minimum wage."""
    on = slip.run.first_day
    if not tx.policies.in_force(rules.meets_floor, area=slip.area, staff=slip.staff, on=on):
        return
    floor = await _decide(tx, slip, rules.wage_floor)
    monthly = floor.value.monthly
    if not slip.is_whole_month:
        monthly = (await _decide(tx, slip, rules.pay_for_part_of_month, monthly=monthly, periods=slip.periods)).value
    met = await _decide(
        tx,
        slip,
        rules.meets_floor,
        normal_pay=slip.normal_pay,
        own_contributions=slip.contributions,
        monthly_floor=monthly,
        hourly_floor=floor.value.hourly,
        hours=slip.worker.entered.hours,
    )
    for finding in met.value:
        slip.find(finding, met)


async def _withhold(tx: Transaction, slip: Slip) -> None:
    """Cumulative by month of payment over the tax year, with what this employer has paid and withheld before."""
    before, paid_in = slip.worker.so_far, slip.run.paid_in
    withheld = await _decide(
        tx,
        slip,
        rules.withhold_cumulatively,
        on=date.fromisoformat(f"{paid_in}-01"),
        months=slip.worker.employed_months,
        income=before.income + slip.gross,
        special=before.contributions + slip.contributions,
        additional=before.special_deductions + (slip.worker.entered.special_deductions or NOTHING),
        withheld=before.withheld,
    )
    tax = withheld.value
    slip.tax = tax.withhold
    words = (
        f"本年累计应纳税所得额{tax.taxable}元×{tax.rate}－速算扣除数{tax.quick}元＝{tax.tax}元，"
        f"已预扣{before.withheld}元"
    )
    slip.add("tax", "个人所得税", tax.withhold, words, by=withheld, kind="deduction")


async def _keep(tx: Transaction, slips: list[Slip]) -> list[Payslip]:
    """One slip per worker and month: whoever has one in another run, also where it cannot be seen, is a finding."""
    kept = []
    for slip in slips:
        row = slip.row()
        values = {column.name: getattr(row, column.name) for column in Payslip.__table__.columns}
        added = await tx.session.execute(
            insert(Payslip)
            .values(values)
            .on_conflict_do_nothing(index_elements=[Payslip.worker_id, Payslip.month])
            .returning(Payslip.payslip_id)
        )
        if added.first() is None:
            slip.find(paid_elsewhere())
        kept.append(row)
    if any(slip.findings for slip in slips):
        await tx.session.execute(delete(Payslip).where(Payslip.run_id == slips[0].run.run_id))
        return []
    return kept


def _days(slip: Slip) -> str:
    return "、".join(f"{period.first_day}至{period.last_day}" for period in slip.periods)


def _contribution_words(one: Contribution, rate: Decimal, fixed: Decimal) -> str:
    return f"缴费基数{one.contribution_base}元×{rate}" + (f"＋定额{fixed}元" if fixed else "")
