"""Severance, damages and double pay, through the policy files: each limit at the value and one beyond."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.policy import NoClause
from common.testing import decide_here
from contracts import rules
from contracts.rules.severance import SeveranceTerms

JIANGHAN, JIANGSU, JILIN = "420103001", "320102002", "220102001002"


def owed(*, area: str = JIANGSU, staff: str = "union_worker", **changes: Any) -> Any:
    facts: dict[str, Any] = {
        "starts_on": date(2024, 7, 1), "ends_on": date(2025, 7, 1), "average_pay": "5000.00",
        "local_average": "8200.00", "minimum_wage": "2400.00",
    } | changes  # fmt: skip
    return decide_here(rules.severance_amount, area=area, staff=staff, on=date(2025, 7, 1), **facts)


@pytest.mark.clause("LAW-LCL-47")
class TestSeverance:
    """LAW-LCL-47: a month's pay a year."""

    @pytest.mark.parametrize(
        ("ends_on", "years"),
        [
            pytest.param(date(2024, 7, 2), "0.5", id="a single day is half a year"),
            pytest.param(date(2024, 12, 31), "0.5", id="a day short of six months is half"),
            pytest.param(date(2025, 1, 1), "1", id="six months are a year"),
            pytest.param(date(2025, 7, 1), "1", id="a year is a year"),
            pytest.param(date(2025, 7, 2), "1.5", id="a day beyond a year is a half more"),
            pytest.param(date(2026, 1, 1), "2", id="a year and six months are two"),
            pytest.param(date(2024, 7, 1), "0", id="not a day is nothing"),
        ],
    )
    def test_counts_years(self, ends_on: date, years: str) -> None:
        decision = owed(ends_on=ends_on)

        assert decision.clause == "LAW-LCL-47"
        assert decision.value.years == Decimal(years)
        assert decision.value.severance == 5000 * Decimal(years)

    @pytest.mark.parametrize(
        ("pay", "counted", "years", "capped"),
        [
            pytest.param("24600.00", "24600.00", "17", False, id="three times the average, all years"),
            pytest.param("24600.01", "24600.00", "12", True, id="a fen more: capped, and twelve years"),
            pytest.param("2400.00", "2400.00", "17", False, id="the minimum wage counts as itself"),
            pytest.param("2399.99", "2400.00", "17", False, id="a fen below counts as the minimum wage"),
        ],
    )
    def test_pay_counts_between_the_minimum_and_the_cap(self, pay: str, counted: str, years: str, capped: bool) -> None:
        found = owed(starts_on=date(2009, 5, 10), ends_on=date(2026, 5, 10), average_pay=pay).value

        assert (found.counted_pay, found.years, found.capped) == (Decimal(counted), Decimal(years), capped)
        assert found.severance == Decimal(counted) * Decimal(years)

    def test_the_years_are_not_lengthened_by_the_cap(self) -> None:
        assert owed(average_pay="90000.00").value.years == 1

    def test_is_no_matter_of_a_service_agreement(self) -> None:
        with pytest.raises(NoClause):
            owed(area=JILIN, staff="community_worker")

    @pytest.mark.clause("LAW-PW-03")
    def test_is_not_owed_for_a_public_welfare_post(self) -> None:
        """LAW-PW-03."""
        decision = owed(area=JIANGHAN, staff="public_welfare")

        assert (decision.clause, decision.value.severance) == ("LAW-PW-03", Decimal("0.00"))

    def test_terms_that_owe_it_say_how_much(self) -> None:
        with pytest.raises(ValidationError):
            SeveranceTerms.model_validate({"owed": True})

    @given(
        starts_on=st.dates(date(2008, 1, 1), date(2026, 1, 1)),
        days=st.lists(st.integers(0, 9000), min_size=2, max_size=2).map(sorted),
    )
    def test_never_falls_with_a_longer_time(self, starts_on: date, days: list[int]) -> None:
        shorter, longer = (
            owed(starts_on=starts_on, ends_on=date.fromordinal(starts_on.toordinal() + day)).value.severance
            for day in days
        )

        assert shorter <= longer


@pytest.mark.clause("LAW-LCL-87")
class TestDamages:
    """LAW-LCL-87: twice the severance."""

    @pytest.mark.parametrize(("severance", "damages"), [("0.00", "0.00"), ("2500.05", "5000.10")])
    def test_are_twice_the_severance(self, severance: str, damages: str) -> None:
        rule = rules.damages_for_unlawful_end
        decision = decide_here(rule, area=JIANGSU, staff="union_worker", on=date(2025, 7, 1), severance=severance)

        assert (decision.clause, decision.outcome) == ("LAW-LCL-87", damages)


@pytest.mark.clause("LAW-LCL-82")
class TestDoublePay:
    """LAW-LCL-82: from the day after a month to the day before signing, at most eleven months."""

    @pytest.mark.parametrize(
        ("signed_on", "first_day", "last_day", "open_ended_from"),
        [
            pytest.param(date(2025, 2, 9), None, None, None, id="none when signed on the month's last day"),
            pytest.param(date(2025, 2, 10), None, None, None, id="none when signed the day after"),
            pytest.param(date(2025, 2, 11), date(2025, 2, 10), date(2025, 2, 10), None, id="one day after that"),
            pytest.param(date(2026, 1, 9), date(2025, 2, 10), date(2026, 1, 8), None, id="a day short of the year"),
            pytest.param(
                date(2026, 1, 10), date(2025, 2, 10), date(2026, 1, 9), date(2026, 1, 10), id="the year is over"
            ),
            pytest.param(
                date(2029, 1, 1), date(2025, 2, 10), date(2026, 1, 9), date(2026, 1, 10), id="and no day more"
            ),
        ],
    )
    def test_is_owed(
        self, signed_on: date, first_day: date | None, last_day: date | None, open_ended_from: date | None
    ) -> None:
        rule = rules.double_pay_for_late_contract
        facts: dict[str, Any] = {"works_from": date(2025, 1, 10), "signed_on": signed_on}
        decision = decide_here(rule, area=JIANGSU, staff="union_worker", on=date(2025, 1, 10), **facts)

        assert decision.clause == "LAW-LCL-82"
        found = decision.value
        assert (found.first_day, found.last_day, found.open_ended_from) == (first_day, last_day, open_ended_from)
