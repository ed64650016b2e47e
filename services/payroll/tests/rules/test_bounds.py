"""What a clause may fix: each figure at its bound and one beyond, so that what is reckoned from it stays exact."""

from typing import Any

import pytest
from pydantic import ValidationError

from common.policy import RULES
from common.policy.parameters import kind_of

SCHEME = {"scheme": "pension", "employer": "0.16", "worker": "0.08", "floor": "1.00", "ceiling": "2.00", "unit": "0.01"}
BRACKET = {"up_to": None, "rate": "0.45", "quick": "0.00"}
OVERTIME = {"paid_days": "21.75", "hours_a_day": "8", "times": {"working_day": "1.5"}}
UNUSED = {"paid_days": "21.75", "times": "3", "normal_times": "1"}
HOURLY = {"component": "pay", "label_zh": "工资", "kind": "hourly"}


def scheme(**changes: Any) -> dict[str, Any]:
    return {"schemes": [SCHEME | {"rounding": "half_up"} | changes]}


@pytest.mark.parametrize(
    ("rule", "terms", "at", "beyond"),
    [
        pytest.param("contributions.amounts", lambda x: scheme(employer=x), "0.161235", "0.1612351", id="rate"),
        pytest.param("contributions.amounts", lambda x: scheme(ceiling=x), "1000000", "1000000.01", id="ceiling"),
        pytest.param("contributions.amounts", lambda x: scheme(worker_fixed=x), "1000000", "1000000.01", id="fixed"),
        pytest.param("contributions.amounts", lambda x: scheme(unit=x), "100", "100.01", id="unit"),
        pytest.param(
            "tax.by_year_table", lambda x: {"brackets": [BRACKET | {"rate": x}]}, "1", "1.000001", id="bracket"
        ),
        pytest.param(
            "tax.by_year_table",
            lambda x: {"brackets": [BRACKET | {"quick": x}]},
            "100000000",
            "100000000.01",
            id="quick",
        ),
        pytest.param(
            "tax.cumulative_withholding",
            lambda x: {"brackets": [BRACKET], "basic_monthly": x},
            "1000000",
            "1000000.01",
            id="basic deduction",
        ),
        pytest.param("tax.bonus_apart", lambda x: {"brackets": [BRACKET], "months": x}, 12, 13, id="months"),
        pytest.param(
            "tax.basic_months", lambda x: {"modes": ["employment_months"], "whole_year": x}, 12, 13, id="year"
        ),
        pytest.param("pay.overtime", lambda x: OVERTIME | {"paid_days": x}, "1", "0.99", id="paid days"),
        pytest.param("pay.overtime", lambda x: OVERTIME | {"hours_a_day": x}, "24", "24.01", id="hours a day"),
        pytest.param("pay.overtime", lambda x: OVERTIME | {"times": {"holiday": x}}, "10", "10.01", id="times"),
        pytest.param("leave.unused_pay", lambda x: UNUSED | {"times": x}, "1", "0.99", id="times of a day's wage"),
        pytest.param(
            "pay.composition", lambda x: {"components": [HOURLY | {"rate": x}]}, "1000000", "1000000.01", id="hour"
        ),
        pytest.param("wage.floor", lambda x: {"monthly": x}, "1000000", "1000000.01", id="minimum wage"),
        pytest.param("union.dues", lambda x: {"share": x, "unit": "1"}, "0.000001", "1e-7", id="dues"),
    ],
)
def test_holds_at_its_bound_and_not_beyond(rule: str, terms: Any, at: str | int, beyond: str | int) -> None:
    RULES[rule].terms.model_validate(terms(at))

    with pytest.raises(ValidationError):
        RULES[rule].terms.model_validate(terms(beyond))


def test_a_budget_may_be_a_provinces() -> None:
    kind = kind_of("budget.payroll")

    assert kind is not None
    assert kind.validated({"amount": "99999999999.00"}) == {"amount": "99999999999.00"}
