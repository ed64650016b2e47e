"""The catalogue of parameters: what each code stands for, in which unit, and what a figure of it looks like."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, model_validator

from common.decimals import Share
from common.money import Yuan
from common.policy.parameters import parameter
from payroll.rules.amounts import Amount, Positive
from payroll.rules.pay import RisingAllowances
from payroll.rules.tax import Bracket, Table

SCHEMES = {
    "pension": "养老保险",
    "medical": "医疗保险",
    "unemployment": "失业保险",
    "injury": "工伤保险",
    "maternity": "生育保险",
    "housing_fund": "住房公积金",
}

DEDUCTIONS = {
    "infant_care": "3岁以下婴幼儿照护（每孩）",
    "children_education": "子女教育（每孩）",
    "elderly_support": "赡养老人",
    "housing_loan": "住房贷款利息",
    "housing_rent": "住房租金",
    "continuing_education": "继续教育",
    "personal_pension": "个人养老金",
    "health_insurance": "商业健康保险",
}

Key = Annotated[str, StringConstraints(max_length=120, pattern=r"^[A-Za-z0-9_]+(\|[A-Za-z0-9_]+)*$")]


class _Figure(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContributionRates(_Figure):
    """Shares of the base, the fixed yuan of the worker, and to what unit of yuan each side is rounded and how."""

    employer: Share
    worker: Share
    worker_fixed: Amount = Decimal("0.00")
    unit: Literal["0.01", "0.1", "1"]
    rounding: Literal["half_up", "up", "down"]


class ContributionLimits(_Figure):
    floor: Amount
    ceiling: Positive

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError(f"the floor {self.floor} lies above the ceiling {self.ceiling}")
        return self


class Wage(_Figure):
    """`hourly` is null where it is not known: then nobody paid by the hour can be checked."""

    monthly: Positive
    hourly: Positive | None


class WageFloor(Wage):
    """`tier`: which of the province's tiers the place is in; the amounts are those of the place all the same."""

    tier: PositiveInt | None = None


class AverageWage(_Figure):
    monthly: Positive
    yearly: Positive


class Deduction(_Figure):
    """What the law lets a person deduct: a month or a year, at most when shared, for so many months; one at least."""

    monthly: Positive | None = None
    yearly: Positive | None = None
    shared_most: Positive | None = None
    most_months: PositiveInt | None = None

    @model_validator(mode="after")
    def _some_amount(self) -> Self:
        if self.monthly is None and self.yearly is None:
            raise ValueError("say what may be deducted by the month or by the year")
        return self


class Budget(_Figure):
    """Nothing is multiplied by it, so that it may be as large as money is."""

    amount: Annotated[Yuan, Field(ge=0)]


def _joined(brackets: tuple[Bracket, ...]) -> tuple[Bracket, ...]:
    Table(brackets=brackets)
    return brackets


TaxTable = Annotated[tuple[Bracket, ...], Field(min_length=1), AfterValidator(_joined)]
Years = Annotated[dict[Key, Annotated[int, Field(ge=1, le=20)]], Field(min_length=1)]
AmountTable = Annotated[dict[Key, Amount], Field(min_length=1)]
Tiers = Annotated[dict[Annotated[str, StringConstraints(pattern=r"^[1-9]$")], Wage], Field(min_length=1)]

WAGE_FLOOR, WAGE_TIERS = "wage.floor", "wage.tiers"
BENEFIT_INTERVAL, BENEFIT_LIMIT = "benefit.interval", "benefit.limit"
BESIDE_PAY = frozenset({BENEFIT_INTERVAL, BENEFIT_LIMIT})  # no slip of any month goes by them

parameter("contribution.*.rates", ContributionRates, title="{}费率", unit="占基数的比例；定额为元/月", names=SCHEMES)
parameter("contribution.*.limits", ContributionLimits, title="{}基数上下限", unit="元/月", names=SCHEMES)
parameter(WAGE_FLOOR, WageFloor, title="最低工资", unit="元/月、元/小时")
parameter(WAGE_TIERS, Tiers, title="各档最低工资", unit="元/月、元/小时", by_platform=True)
parameter("wage.floor_own_contributions", bool, title="最低工资是否含个人缴费", unit="是或否")
parameter("wage.average", AverageWage, title="当地上年职工平均工资", unit="元/月、元/年", by_platform=True)
parameter("tax.basic_monthly", Amount, title="每月减除费用", unit="元/月")
parameter("tax.year_table", TaxTable, title="综合所得年度税率表", unit="元/年")
parameter("tax.month_table", TaxTable, title="按月换算的综合所得税率表", unit="元/月")
parameter("tax.labour_table", TaxTable, title="劳务报酬预扣率表", unit="元/次")
parameter("deduction.*", Deduction, title="税前扣除：{}", unit="元", by_platform=True, names=DEDUCTIONS)
parameter(BENEFIT_INTERVAL, Years, title="定期福利的周期", unit="年；键为福利项目")
parameter(BENEFIT_LIMIT, AmountTable, title="福利每次最高金额", unit="元/次；键为福利项目")
parameter("budget.payroll", Budget, title="薪酬预算", unit="元/年", by_platform=True)
parameter("table.certificate_allowance", RisingAllowances, title="社工师补贴", unit="元/月；各级都填，逐级提高")
parameter("table.*", AmountTable, title="金额表 {}", unit="元；键以“|”相连")
parameter("hourly.*", Positive, title="小时标准 {}", unit="元/小时")
parameter("amount.*", Amount, title="金额 {}", unit="元")
