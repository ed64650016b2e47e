"""A payslip in the making, and what can stand in its way."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from common.ids import new_id
from common.policy import Decision, Finding
from payroll.models import PayrollRun, Payslip
from payroll.queries import PaidWorker
from payroll.rules.pay import ComponentAmount, Period, month_around

NOTHING = Decimal("0.00")


@dataclass
class Slip:
    """A payslip in the making: its lines, the decisions behind them, what stands in its way."""

    run: PayrollRun
    worker: PaidWorker
    lines: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[Decision[Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    counted_pay: Decimal = NOTHING
    pooled: ComponentAmount | None = None
    pool_place: int = 0
    waits_for_pool: bool = False
    normal_pay: Decimal = NOTHING
    contributions: Decimal = NOTHING
    employer_contributions: Decimal = NOTHING
    tax: Decimal = NOTHING

    @property
    def area(self) -> str:
        return self.worker.area

    @property
    def staff(self) -> str:
        return self.worker.staff

    @property
    def is_whole_month(self) -> bool:
        return self.periods == [month_around(self.run.first_day)]

    @property
    def periods(self) -> list[Period]:
        return [Period(first_day=first_day, last_day=last_day) for first_day, last_day in self.worker.periods]

    @property
    def gross(self) -> Decimal:
        return self.normal_pay + (self.worker.entered.overtime_pay or NOTHING)

    @property
    def net(self) -> Decimal:
        return self.gross - self.contributions - self.tax

    def find(self, finding: Finding, decision: Decision[Any] | None = None) -> None:
        self.findings.append(
            {
                "worker_id": self.worker.worker_id,
                **finding.model_dump(),
                "clause": decision.clause if decision else None,
                "decision_id": decision.decision_id if decision else None,
            }
        )

    def add(
        self, code: str, label: str, amount: Decimal, formula: str, *, by: Decision[Any] | None, kind: str = "earning"
    ) -> None:
        self.lines.append(self._line(code, label, amount, formula, by=by, kind=kind))

    def earn(self, one: ComponentAmount, formula: str, *, by: Decision[Any]) -> None:
        self.normal_pay += one.amount
        self.add(one.component, one.label_zh, one.amount, formula, by=by)

    def bring_in(self, one: ComponentAmount) -> None:
        """Into the pool; what comes out of it will stand at this place of the slip."""
        self.pooled = one
        self.pool_place = len(self.lines)

    def take_out(self, one: ComponentAmount, amount: Decimal, formula: str, *, by: Decision[Any]) -> None:
        self.normal_pay += amount
        self.lines.insert(self.pool_place, self._line(one.component, one.label_zh, amount, formula, by=by))

    @staticmethod
    def _line(
        code: str, label: str, amount: Decimal, formula: str, *, by: Decision[Any] | None, kind: str = "earning"
    ) -> dict[str, Any]:
        return {
            "code": code,
            "kind": kind,
            "label": label,
            "amount": str(amount),
            "formula": formula,
            "clause": by.clause if by else None,
            "decision_id": by.decision_id if by else None,
        }

    def row(self) -> Payslip:
        worker, run = self.worker, self.run
        return Payslip(
            payslip_id=new_id("payslip"),
            run_id=run.run_id,
            worker_id=worker.worker_id,
            area=worker.area,
            staff=worker.staff,
            organisation_id=worker.organisation_id,
            month=run.month,
            paid_in=run.paid_in,
            gross=self.gross,
            contributions=self.contributions,
            employer_contributions=self.employer_contributions,
            special_deductions=worker.entered.special_deductions or NOTHING,
            tax=self.tax,
            net=self.net,
            lines=self.lines,
        )


def no_standard(slip: Slip) -> Finding:
    worker = slip.worker
    return Finding(
        code="standard_missing",
        zh=f"缺少薪酬标准：地区{worker.area}、{worker.staff}、岗位类别{worker.post_class}、{worker.grade}级，"
        f"{slip.run.first_day}起；请由本级或上级机构设定，并由另一人批准",
        en=f"no approved pay standard for area {worker.area}, {worker.staff}, {worker.post_class}, grade "
        f"{worker.grade} on {slip.run.first_day}; set one here or in an area above, and have somebody else approve it",
    )


def no_score() -> Finding:
    return Finding(
        code="score_missing",
        zh="绩效总额分配缺少得分：尚无年度考核结果，也未填报本月得分；请填报得分",
        en="no score for the pool: neither a yearly evaluation nor one entered for this run; enter a score",
    )


def all_scored_nothing() -> Finding:
    return Finding(
        code="pool_without_scores",
        zh="本街道全部人员得分均为0，绩效总额无法分配；请更正得分",
        en="everyone in the street scored nothing, so the pool cannot be shared; correct the scores",
    )


def nothing_to_enter(composed: Decision[Any]) -> Finding:
    return Finding(
        code="performance_not_entered_here",
        zh=f"依{composed.clause}，该类人员的工资没有单独填报的绩效项；请删去填报的绩效工资",
        en=f"under {composed.clause} this pay has no part that is entered by hand; take the performance pay out",
    )


def nothing_left(slip: Slip) -> Finding:
    return Finding(
        code="net_below_zero",
        zh=f"应发{slip.gross}元，不足以扣缴个人缴费和税款{slip.contributions + slip.tax}元；请核对在岗日期和填报内容",
        en=f"gross pay {slip.gross} yuan does not cover contributions and tax of {slip.contributions + slip.tax} "
        "yuan; check the days in the post and what was entered",
    )


def paid_elsewhere() -> Finding:
    return Finding(
        code="paid_in_another_run",
        zh="该人员本月工资已列入另一份工资核算；请只在一份核算中发放",
        en="this worker's pay for the month stands in another run; pay it in one run only",
    )
