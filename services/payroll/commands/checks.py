"""What is looked at in a whole run before anybody approves it: money, swings, and who could not be paid."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from common.areas import Level, level_of
from common.errors import BusinessError
from common.money import in_yuan
from common.policy import Decision, Finding, ParameterMissing
from common.transaction import Transaction, seeing
from payroll import queries, rules
from payroll.models import Cycle, PayrollRun
from payroll.rules.cycles import PayPeriod, first_day

BUDGET = "budget.payroll"
MOST_NAMED = 200

_NOTED = text("""
SELECT said->>'code' AS code, count(DISTINCT said->>'worker_id') AS people
FROM payroll_batch, jsonb_array_elements(findings) AS said WHERE run_id = :run_id GROUP BY 1 ORDER BY 1
""")


class OverBudget(BusinessError):
    zh = "本次核算超出全年预算 {over} 元，须写明理由方可批准。"
    en = "The run exceeds the year's budget by {over} yuan; it is approved with a reason only."


class SlipsNotIssued(BusinessError):
    zh = "该工资核算（{run_id}）有街道的工资条尚未签发：{streets}。请稍候；久未签发的，请查看该核算所列原因。"
    en = "Slips of these streets of the run {run_id} are not issued yet: {streets}. Wait, or see the reason in the run."


async def require_issued(tx: Transaction, run: PayrollRun) -> None:
    """Nothing is paid, and nothing is over, as long as a street's slips are not sealed as they were written."""
    streets = await queries.not_issued(tx.session, run_id=run.run_id)
    if streets:
        raise SlipsNotIssued(run_id=run.run_id, streets="、".join(streets))


async def check_run(tx: Transaction, run: PayrollRun) -> list[dict[str, Any]]:
    """The findings, each with code, words and figures; none of them stops the calculation."""
    aside = await queries.set_aside_by_code(tx.session, run_id=run.run_id)
    noted = await tx.session.execute(_NOTED, {"run_id": run.run_id})
    return [
        *await _check_budget(tx, run),
        *await _check_average(tx, run),
        *await _check_missing(tx, run),
        *(_people("set_aside", code, people) for code, people in aside.items()),
        *(_people("noted", code, people) for code, people in noted),
    ]


@dataclass(frozen=True)
class BudgetFigures:
    """The year's budget of the level that pays, what was used of it before, and what this run costs, in yuan."""

    level: Level
    budget: Decimal
    used: Decimal
    amount: Decimal
    parameter_id: str

    @property
    def over(self) -> Decimal:
        return self.used + self.amount - self.budget


async def budget_figures(tx: Transaction, run: PayrollRun) -> BudgetFigures | None:
    """None where no budget has been entered for the area or one above it."""
    parameters = await queries.parameters_in_force(tx.session, codes=frozenset({BUDGET}), area=run.area)
    row = parameters.find(BUDGET, area=run.area, staff=run.staff, on=first_day(run.paid_in))
    if row is None:
        return None
    async with seeing(tx.session, area=""):
        spent = await queries.spent(tx.session, run, area=row.area)
    return BudgetFigures(
        level=level_of(row.area),
        budget=Decimal(str(row.value["amount"])),
        used=in_yuan(spent),
        amount=in_yuan(run.gross_total + run.employer_total),
        parameter_id=row.parameter_id,
    )


async def _check_budget(tx: Transaction, run: PayrollRun) -> list[dict[str, Any]]:
    figures = await budget_figures(tx, run)
    if figures is None:
        cost = in_yuan(run.gross_total + run.employer_total)
        return [
            {
                "code": "budget_unknown",
                "zh": f"没有录入 {run.area} {run.paid_in[:4]} 年的工资预算，无法核对（本次 {cost} 元）",
                "en": f"no payroll budget is known for {run.area} in {run.paid_in[:4]} (this run costs {cost} yuan)",
            }
        ]
    decision = await _decide_budget(tx, run, figures, reason=None)
    if decision is not None:
        return [one.model_dump() | {"clause": decision.clause} for one in decision.value]
    return [_over(figures)] if figures.over > 0 else []


async def require_budget(tx: Transaction, run: PayrollRun, *, reason: str | None) -> None:
    """Raises Refused where a clause does not let this be paid, OverBudget where it wants a reason and has none."""
    figures = await budget_figures(tx, run)
    if figures is None:
        return
    decision = await _decide_budget(tx, run, figures, reason=reason)
    if decision is not None:
        tx.require(decision, subject=run.run_id)
    elif figures.over > 0 and not reason:
        raise OverBudget(over=str(figures.over))


async def _decide_budget(
    tx: Transaction, run: PayrollRun, figures: BudgetFigures, *, reason: str | None
) -> Decision[list[Finding]] | None:
    on = first_day(run.paid_in)
    facts = {"level": figures.level, "budget": figures.budget, "used": figures.used, "amount": figures.amount}
    return await tx.decide_where_ruled(rules.pay_within_budget, about=run, on=on, reason=reason, **facts)


async def _check_average(tx: Transaction, run: PayrollRun) -> list[dict[str, Any]]:
    """The average of a whole month's run beside the reference, where a document names one."""
    if run.workers == 0 or run.cycle != Cycle.MONTH:
        return []
    on = first_day(run.month)
    facts = {"total": in_yuan(run.gross_total), "people": run.workers}
    try:
        decision = await tx.decide_where_ruled(rules.average_of_scheme, about=run, on=on, **facts)
    except ParameterMissing as missing:
        return [{"code": "reference_unknown", "zh": missing.zh, "en": missing.en, "clause": missing.clause}]
    if decision is None:
        return []
    tx.record(decision, subject=run.run_id)
    found = decision.value
    if found.permitted:
        return []
    return [
        {
            "code": "below_reference",
            "zh": f"人均应发 {found.average} 元，比参照的平均工资 {found.reference} 元低 {found.short} 元",
            "en": f"gross pay averages {found.average} yuan, {found.short} below the reference of {found.reference}",
            "clause": decision.clause,
        }
    ]


async def _check_missing(tx: Transaction, run: PayrollRun) -> list[dict[str, Any]]:
    """Who was paid for the period before and is nowhere in this run, though nobody said that he left."""
    missing = await queries.missing_since(tx.session, run, period=PayPeriod(run.month, run.cycle).before)
    if not missing:
        return []
    return [
        {
            "code": "missing_since_last_month",
            "zh": f"{len(missing)} 人上期由本地同一单位发放工资、协议未止，本次既无工资条也未另列，请核对",
            "en": f"{len(missing)} people were paid last time, have not left, and are neither paid nor set aside now",
            "people": len(missing),
            "workers": missing[:MOST_NAMED],
        }
    ]


def _over(figures: BudgetFigures) -> dict[str, Any]:
    return {
        "code": "budget_exceeded",
        "zh": f"超出全年预算 {figures.over} 元：预算 {figures.budget} 元，已用 {figures.used} 元，"
        f"本次 {figures.amount} 元；说明理由后可以批准",
        "en": f"over the year's budget by {figures.over} yuan: budget {figures.budget}, used {figures.used}, "
        f"this run {figures.amount}; it may be approved with a reason",
    }


def _people(kind: str, code: str, people: int) -> dict[str, Any]:
    zh = {"set_aside": "未能核算，已另列", "noted": "须留意"}[kind]
    en = {"set_aside": "set aside", "noted": "to be looked at"}[kind]
    return {"code": code, "zh": f"{people} 人{zh}", "en": f"{people} people {en}", "people": people, "kind": kind}
