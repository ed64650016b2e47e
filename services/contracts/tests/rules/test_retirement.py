"""Retirement age and contributions, through the policy files."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.policy import NoClause
from common.testing import decide_here
from contracts import rules
from contracts.rules.retirement import RetirementAge

JILIN = "220102001002"
CATEGORIES = list(rules.RetirementCategory)


def decided(rule: Any, *, on: date = date(2026, 3, 1), **facts: Any) -> Any:
    return decide_here(rule, area=JILIN, staff="community_worker", on=on, **facts)


@pytest.mark.clause("LAW-RET-1")
class TestRetirementAge:
    """LAW-RET-1: a month later for every four, or every two."""

    @pytest.mark.parametrize(
        ("category", "born", "delay", "retires_in"),
        [
            pytest.param("male60", date(1964, 12, 31), 0, date(2024, 12, 1), id="sixty before the reform"),
            pytest.param("male60", date(1965, 1, 1), 1, date(2025, 2, 1), id="sixty in its first month"),
            pytest.param("male60", date(1965, 4, 30), 1, date(2025, 5, 1), id="the last month of the first step"),
            pytest.param("male60", date(1965, 5, 1), 2, date(2025, 7, 1), id="the first of the second"),
            pytest.param("male60", date(1976, 8, 31), 35, date(2039, 7, 1), id="a month before the longest delay"),
            pytest.param("male60", date(1976, 9, 1), 36, date(2039, 9, 1), id="the longest delay"),
            pytest.param("male60", date(1977, 1, 1), 36, date(2040, 1, 1), id="and no longer"),
            pytest.param("female50", date(1975, 2, 28), 1, date(2025, 3, 1), id="women from fifty: two months a step"),
            pytest.param("female50", date(1975, 3, 1), 2, date(2025, 5, 1), id="and the next two"),
        ],
    )
    def test_goes_by_the_month_of_birth(self, category: str, born: date, delay: int, retires_in: date) -> None:
        decision = decided(rules.retirement_age, category=category, born=born)

        assert decision.clause == "LAW-RET-1"
        assert (decision.value.delay_months, decision.value.retires_in) == (delay, retires_in)

    @given(category=st.sampled_from(CATEGORIES), days=st.tuples(*[st.dates(date(1960, 1, 1), date(1995, 1, 1))] * 2))
    def test_the_younger_never_retire_first(self, category: Any, days: tuple[date, date]) -> None:
        older, younger = (decided(rules.retirement_age, category=category, born=born).value for born in sorted(days))

        assert older.retires_in <= younger.retires_in

    def test_is_not_ruled_here_before_the_reform(self) -> None:
        with pytest.raises(NoClause):
            decided(rules.retirement_age, on=date(2024, 12, 31), category="male60", born=date(1965, 1, 1))

    def test_each_category_has_a_row(self) -> None:
        row = {"age_years": 60, "step_months": 4, "most_months": 36}
        with pytest.raises(ValidationError):
            RetirementAge.model_validate(
                {"delayed_from": "2025-01-01", "months_of_year": 12, "delays": {"male60": row, "female55": row}}
            )


@pytest.mark.clause("LAW-RET-2")
class TestContributions:
    """LAW-RET-2: fifteen years, rising to twenty."""

    @pytest.mark.parametrize(
        ("year", "months"), [(2025, 180), (2029, 180), (2030, 186), (2038, 234), (2039, 240), (2040, 240), (2080, 240)]
    )
    def test_rise_by_half_a_year(self, year: int, months: int) -> None:
        decision = decided(rules.least_contribution_months, year=year)

        assert (decision.clause, decision.outcome) == ("LAW-RET-2", months)
