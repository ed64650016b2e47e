"""Kinds of examples about income tax, each told in questions to the rules."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, field_validator

from common.money import Yuan
from common.policy import NoClause
from payroll.operating.comparing import Desk, Given, Shown, own_fields, shown, shown_fields

NOTHING = Decimal("0.00")
DEDUCTIONS = ("exempt", "special", "additional", "other", "relief")

Amount = Annotated[Yuan, Field(ge=0)]
Month = Annotated[int, Field(ge=1, le=12)]


class MonthOfPay(Given):
    month: Month
    income: Amount
    exempt: Amount = NOTHING
    special: Amount = NOTHING
    additional: Amount = NOTHING
    other: Amount = NOTHING
    relief: Amount = NOTHING


class Months(Given):
    """Months of payment, in any order, each once."""

    months: Annotated[list[MonthOfPay], Field(min_length=1)]

    @field_validator("months")
    @classmethod
    def _in_order(cls, months: list[MonthOfPay]) -> list[MonthOfPay]:
        if len({one.month for one in months}) < len(months):
            raise ValueError("a month stands twice")
        return sorted(months, key=lambda one: one.month)


class Wages(Months):
    basic_mode: str = "employment_months"
    start_month: Month | None = None


def wage_cumulative(desk: Desk, given: Wages) -> dict[str, Any]:
    rows = _withheld(desk, given.months, mode=given.basic_mode, start_month=given.start_month)
    return {"months": rows, "withheld_total": _total(rows)}


def _withheld(
    desk: Desk, months: Iterable[MonthOfPay], *, mode: str = "employment_months", start_month: int | None = None
) -> list[dict[str, Shown]]:
    """Each month with the totals so far, and what was really withheld before taken off."""
    totals = dict.fromkeys(("income", *DEDUCTIONS), NOTHING)
    withheld = NOTHING
    rows: list[dict[str, Shown]] = []
    for one in months:
        start_month = start_month or one.month
        totals = {name: total + getattr(one, name) for name, total in totals.items()}
        on = desk.in_month(one.month)
        counted = desk.ask(
            "tax.basic_months", on=on, mode=mode, employed_months=one.month - start_month + 1, month=one.month
        )
        tax = desk.ask("tax.cumulative_withholding", on=on, months=counted.value.months, withheld=withheld, **totals)
        rows.append(
            {"month": shown(tax, one.month), "cum_basic": shown(counted, tax.value.basic)}
            | {f"cum_{name}": shown(tax, total) for name, total in totals.items()}
            | shown_fields(tax, cum_taxable="taxable", cum_tax="tax", raw_due="due", tax="withhold")
            | own_fields(tax, "rate", "quick")
            | {"already_withheld": shown(tax, withheld)}
        )
        withheld += tax.value.withhold
    return rows


def _total(rows: list[dict[str, Shown]]) -> Shown:
    return Shown(sum((row["tax"].value for row in rows), NOTHING), rows[-1]["tax"].by)


class Amounts(Given):
    amounts: list[Amount]


def bonus_separate(desk: Desk, given: Amounts) -> dict[str, Any]:
    taxed = [(bonus, desk.ask("tax.bonus_apart", bonus=bonus)) for bonus in given.amounts]
    return {
        "cases": [
            {"bonus": shown(one, bonus)} | own_fields(one, "month_average", "rate", "quick", "tax", "net")
            for bonus, one in taxed
        ]
    }


def bonus_blind_zones(desk: Desk, given: Given) -> dict[str, Any]:
    zones = desk.ask("tax.bonus_blind_zones")
    return {
        "zones": [
            {"start_exclusive": shown(zones, one.start_exclusive), "end": shown(zones, one.end)} for one in zones.value
        ]
    }


class BonusWithWages(Months):
    bonus: Amount
    bonus_month: Month


def bonus_choice(desk: Desk, given: BonusWithWages) -> dict[str, Any]:
    apart = _withheld(desk, given.months)
    merged = _withheld(desk, _with_bonus(given))
    wage_tax, merged_tax = _total(apart), _total(merged)
    try:
        bonus = desk.ask("tax.bonus_apart", on=desk.in_month(given.bonus_month), bonus=given.bonus)
        bonus_tax: Shown | None = shown(bonus, bonus.value.tax)
    except NoClause:
        bonus_tax = None
    chosen = desk.ask(
        "tax.bonus_choice",
        on=desk.in_month(given.bonus_month),
        wage_tax=wage_tax.value,
        bonus_tax=bonus_tax and bonus_tax.value,
        merged_tax=merged_tax.value,
    )
    in_month = next(row["tax"] for row in merged if row["month"].value == given.bonus_month)
    return {
        "separate": {
            "wage_tax": wage_tax,
            "bonus_tax": bonus_tax or shown(chosen, None),
            "total": shown(chosen, chosen.value.separate),
        },
        "merged": {"total": shown(chosen, chosen.value.merged), f"month{given.bonus_month}_tax": in_month},
        "better": shown(chosen, chosen.value.better),
    }


def _with_bonus(given: BonusWithWages) -> list[MonthOfPay]:
    others = [one for one in given.months if one.month != given.bonus_month]
    its_own = next((one for one in given.months if one.month == given.bonus_month), None)
    its_own = its_own or MonthOfPay(month=given.bonus_month, income=NOTHING)
    paid = its_own.model_copy(update={"income": its_own.income + given.bonus})
    return sorted([*others, paid], key=lambda one: one.month)


def labour_remuneration(desk: Desk, given: Amounts) -> dict[str, Any]:
    taxed = [(income, desk.ask("tax.labour_remuneration", income=income)) for income in given.amounts]
    return {
        "cases": [
            {"income": shown(one, income)} | own_fields(one, "expense", "taxable", "rate", "quick", "tax")
            for income, one in taxed
        ]
    }


class Internship(Months):
    start_month: Month | None = None


def intern_cumulative(desk: Desk, given: Internship) -> dict[str, Any]:
    start_month = given.start_month or given.months[0].month
    income = withheld = NOTHING
    rows = []
    for one in given.months:
        income += one.income
        tax = desk.ask(
            "tax.intern_withholding",
            on=desk.in_month(one.month),
            months=one.month - start_month + 1,
            income=income,
            withheld=withheld,
        )
        rows.append(
            {"month": shown(tax, one.month), "cum_income": shown(tax, income)}
            | shown_fields(tax, cum_income_amount_80pct="income_amount", cum_basic="basic", cum_taxable="taxable")
            | shown_fields(tax, cum_tax="tax", raw_due="due", tax="withhold")
            | own_fields(tax, "rate", "quick")
            | {"already_withheld": shown(tax, withheld)}
        )
        withheld += tax.value.withhold
    return {"months": rows, "withheld_total": _total(rows)}


class Severances(Amounts):
    local_average_annual_wage: Amount


def severance(desk: Desk, given: Severances) -> dict[str, Any]:
    average = given.local_average_annual_wage
    taxed = [
        (amount, desk.ask("tax.severance", amount=amount, local_average_yearly=average)) for amount in given.amounts
    ]
    return {
        "cases": [
            {"amount": shown(one, amount)} | own_fields(one, "exempt", "taxable", "rate", "quick", "tax")
            for amount, one in taxed
        ]
    }


class Employers(Given, extra="allow"):
    """Each employer of the year under a name of its own."""

    __pydantic_extra__: dict[str, Wages] = Field(init=False)


def annual_settlement(desk: Desk, given: Employers) -> dict[str, Any]:
    employers = given.__pydantic_extra__
    withheld = {
        name: _total(_withheld(desk, one.months, mode=one.basic_mode, start_month=one.start_month))
        for name, one in employers.items()
    }
    everything = [month for one in employers.values() for month in one.months]
    totals: dict[str, Any] = {
        name: sum((getattr(one, name) for one in everything), NOTHING) for name in ("income", *DEDUCTIONS)
    }
    paid = sum((one.value for one in withheld.values()), NOTHING)
    settled = desk.ask("tax.year_settlement", withheld=paid, **totals)
    return {f"withheld_{name}": one for name, one in withheld.items()} | shown_fields(
        settled, annual_tax="tax", refund_or_due="due", taxable="taxable", rate="rate", quick="quick"
    )


class TableRows(Given):
    """Which amounts are looked up stands in the rows that are stated."""

    rows: list[Amount]

    @classmethod
    def of(cls, inputs: dict[str, Any], stated: dict[str, Any]) -> Self:
        rows = stated.get("rows")
        if isinstance(rows, list):
            rows = [row.get("taxable") if isinstance(row, dict) else row for row in rows]
        return cls.model_validate(inputs | {"rows": rows})


def annual_table(desk: Desk, given: TableRows) -> dict[str, Any]:
    looked_up = [(taxable, desk.ask("tax.by_year_table", taxable=taxable)) for taxable in given.rows]
    rows = [{"taxable": shown(one, taxable)} | own_fields(one, "rate", "quick", "tax") for taxable, one in looked_up]
    return {"rows": rows}


KINDS = {
    "wage_cumulative": (Wages, wage_cumulative),
    "bonus_separate": (Amounts, bonus_separate),
    "bonus_blind_zones": (Given, bonus_blind_zones),
    "bonus_choice": (BonusWithWages, bonus_choice),
    "labour_remuneration": (Amounts, labour_remuneration),
    "intern_cumulative": (Internship, intern_cumulative),
    "severance": (Severances, severance),
    "annual_settlement": (Employers, annual_settlement),
    "annual_table": (TableRows, annual_table),
}
