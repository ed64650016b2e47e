"""Income tax beside the monthly withholding, through the policy files: each limit at the value and one beyond."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.policy import NoClause
from common.testing import decide_here
from payroll import rules
from payroll.rules.bonus import BonusChoice
from payroll.rules.tax import BasicMonths

WUHAN = "420103001"
MARCH = date(2026, 3, 1)
FEN = st.integers(0, 300_000_000).map(lambda fen: Decimal(fen) / 100)


def decided(rule: Any, *, on: date = MARCH, **facts: Any) -> Any:
    return decide_here(rule, area=WUHAN, staff="open_recruitment", on=on, **facts)


@pytest.mark.clause("LAW-IIT-BASIC")
class TestBasicMode:
    """LAW-IIT-BASIC: how the months of the basic deduction are counted."""

    @pytest.mark.parametrize(
        ("income", "agreed", "mode"),
        [
            pytest.param("60000.00", False, "annual_60000", id="60,000 last year is still enough"),
            pytest.param("60000.01", False, "employment_months", id="a fen more is not"),
            pytest.param("30000.00", True, "employment_months", id="what was agreed goes first"),
        ],
    )
    def test_whoever_was_here_all_last_year(self, income: str, agreed: bool, mode: str) -> None:
        decision = decided(
            rules.mode_of_basic_deduction,
            paid_before_this_year=False,
            whole_last_year_here=True,
            income_last_year=income,
            ordinary_agreed=agreed,
        )

        assert (decision.clause, decision.outcome) == ("LAW-IIT-BASIC", mode)

    @pytest.mark.parametrize(
        ("paid_before", "mode"),
        [
            pytest.param(False, "first_job_of_year", id="no pay before this year: from January"),
            pytest.param(True, "employment_months", id="pay before this year: the months here"),
        ],
    )
    def test_whoever_came_this_year(self, paid_before: bool, mode: str) -> None:
        facts: dict[str, Any] = {
            "paid_before_this_year": paid_before,
            "whole_last_year_here": False,
            "income_last_year": "0.00",
        }

        assert decided(rules.mode_of_basic_deduction, **facts).outcome == mode

    @pytest.mark.parametrize(
        ("whole_last_year", "last_old_day", "first_new_day", "mode"),
        [
            pytest.param(False, date(2020, 6, 30), date(2020, 7, 1), "first_job_of_year", id="the first job"),
            pytest.param(True, date(2020, 12, 31), date(2021, 1, 1), "annual_60000", id="the whole year at once"),
        ],
    )
    def test_each_mode_has_its_day(
        self, whole_last_year: bool, last_old_day: date, first_new_day: date, mode: str
    ) -> None:
        facts: dict[str, Any] = {
            "paid_before_this_year": False, "whole_last_year_here": whole_last_year, "income_last_year": "1.00"
        }  # fmt: skip
        counted: dict[str, Any] = {"mode": mode, "employed_months": 1, "month": 7}

        assert decided(rules.mode_of_basic_deduction, on=last_old_day, **facts).outcome == "employment_months"
        assert decided(rules.mode_of_basic_deduction, on=first_new_day, **facts).outcome == mode
        assert decided(rules.months_of_basic_deduction, on=last_old_day, **counted).outcome == {
            "mode": "employment_months", "months": 1
        }  # fmt: skip
        assert decided(rules.months_of_basic_deduction, on=first_new_day, **counted).outcome["mode"] == mode

    @pytest.mark.parametrize(
        ("mode", "months"), [("employment_months", 2), ("first_job_of_year", 8), ("annual_60000", 12)]
    )
    def test_counts_months(self, mode: str, months: int) -> None:
        decision = decided(rules.months_of_basic_deduction, mode=mode, employed_months=2, month=8)

        assert (decision.clause, decision.outcome) == ("LAW-IIT-BASIC", {"mode": mode, "months": months})

    @pytest.mark.parametrize("modes", [["annual_60000", "employment_months"], ["first_job_of_year"]])
    def test_terms_that_cannot_be_counted_by_are_refused(self, modes: list[str]) -> None:
        with pytest.raises(ValidationError):
            BasicMonths.model_validate({"modes": modes})


@pytest.mark.clause("LAW-IIT-YEAR")
class TestYear:
    """LAW-IIT-YEAR: the year's table and the settlement."""

    @pytest.mark.parametrize(
        ("income", "taxable", "tax"),
        [
            pytest.param("60000.00", "0.00", "0.00", id="60,000 bears none"),
            pytest.param("60000.17", "0.17", "0.01", id="the first half fen is rounded up"),
            pytest.param("60000.16", "0.16", "0.00", id="less than half a fen is rounded down"),
            pytest.param("96000.00", "36000.00", "1080.00", id="the last fen of the first bracket"),
            pytest.param("96000.10", "36000.10", "1080.01", id="ten fen into the second"),
        ],
    )
    def test_is_settled(self, income: str, taxable: str, tax: str) -> None:
        decision = decided(rules.settle_year, income=income, withheld="100.00")

        assert decision.clause == "LAW-IIT-YEAR"
        assert (decision.value.taxable, decision.value.tax) == (Decimal(taxable), Decimal(tax))
        assert decision.value.due == Decimal(tax) - 100

    def test_relief_never_pays_out_more_than_was_withheld(self) -> None:
        assert decided(rules.settle_year, income="70000.00", relief="500.00", withheld="20.00").value.due == -20

    @given(smaller=FEN, more=FEN)
    def test_tax_never_falls_and_never_takes_all_that_was_added(self, smaller: Decimal, more: Decimal) -> None:
        low = decided(rules.tax_by_year_table, taxable=smaller).value.tax
        high = decided(rules.tax_by_year_table, taxable=smaller + more).value.tax

        assert 0 <= high - low <= more


@pytest.mark.clause("LAW-IIT-BONUS")
class TestBonus:
    """LAW-IIT-BONUS: apart by the month's table, to the end of 2027."""

    @pytest.mark.parametrize(
        ("bonus", "rate", "tax"),
        [
            pytest.param("36000.00", "0.03", "1080.00", id="twelve times the first bracket"),
            pytest.param("36000.01", "0.10", "3390.00", id="a fen more, the average unrounded"),
            pytest.param("144000.00", "0.10", "14190.00", id="twelve times the second"),
            pytest.param("144000.01", "0.20", "27390.00", id="a fen more than that"),
            pytest.param("960000.00", "0.35", "328840.00", id="twelve times the last but one"),
            pytest.param("960000.01", "0.45", "416840.00", id="a fen into the last"),
        ],
    )
    def test_the_average_finds_the_bracket(self, bonus: str, rate: str, tax: str) -> None:
        decision = decided(rules.tax_bonus_apart, bonus=bonus)

        assert decision.clause == "LAW-IIT-BONUS"
        assert (decision.value.rate, decision.value.tax) == (Decimal(rate), Decimal(tax))

    def test_is_switched_off_after_the_last_day(self) -> None:
        assert decided(rules.tax_bonus_apart, on=date(2027, 12, 31), bonus="36000.00").value.tax == 1080
        for rule, facts in ((rules.tax_bonus_apart, {"bonus": "36000.00"}), (rules.blind_zones_of_bonus, {})):
            with pytest.raises(NoClause):
                decided(rule, on=date(2028, 1, 1), **facts)

    def test_inside_a_blind_zone_more_leaves_less(self) -> None:
        for zone in decided(rules.blind_zones_of_bonus).value:
            nets = [
                decided(rules.tax_bonus_apart, bonus=bonus).value.net
                for bonus in (zone.start_exclusive, zone.end - Decimal("0.02"), zone.end + Decimal("0.02"))
            ]
            assert nets[1] < nets[0] <= nets[2]

    @pytest.mark.parametrize(
        ("wage_tax", "bonus_tax", "merged_tax", "used", "better", "separate"),
        [
            pytest.param("10.00", "90.00", "100.01", 0, "separate", "100.00", id="apart is a fen less"),
            pytest.param("10.00", "90.00", "99.99", 0, "merged", "100.00", id="merged is a fen less"),
            pytest.param("10.00", "90.00", "100.00", 0, "merged", "100.00", id="both alike: the choice is kept"),
            pytest.param("10.00", "90.00", "500.00", 1, "merged", None, id="used once this year already"),
            pytest.param("10.00", None, "500.00", 0, "merged", None, id="no clause taxes it apart"),
        ],
    )
    def test_shows_the_better_way(
        self, wage_tax: str, bonus_tax: str | None, merged_tax: str, used: int, better: str, separate: str | None
    ) -> None:
        facts: dict[str, Any] = {"wage_tax": wage_tax, "bonus_tax": bonus_tax, "merged_tax": merged_tax}
        decision = decided(rules.better_way_for_bonus, times_used=used, **facts)

        assert decision.clause == "LAW-IIT-BONUS"
        assert (decision.outcome["better"], decision.outcome["separate"]) == (better, separate)

    @pytest.mark.parametrize("way", ["separate", "merged"])
    def test_of_two_equal_ways_shows_the_one_that_the_terms_name(self, way: Literal["separate", "merged"]) -> None:
        terms = BonusChoice(times_a_year=1, when_equal=way)
        amounts = {"wage_tax": Decimal("10.00"), "bonus_tax": Decimal("90.00"), "merged_tax": Decimal("100.00")}

        assert rules.better_way_for_bonus(terms, **amounts, times_used=0).better == way

    def test_merging_stays_open_when_the_other_way_has_ended(self) -> None:
        facts: dict[str, Any] = {"wage_tax": "10.00", "bonus_tax": None, "merged_tax": "500.00"}

        assert decided(rules.better_way_for_bonus, on=date(2028, 1, 1), **facts).outcome["better"] == "merged"


@pytest.mark.clause("LAW-IIT-LABOUR")
class TestLabourRemuneration:
    """LAW-IIT-LABOUR: 800 yuan or a fifth off, then a table of its own."""

    @pytest.mark.parametrize(
        ("income", "expense", "rate", "tax"),
        [
            pytest.param("800.00", "800.00", "0.20", "0.00", id="800 bears none"),
            pytest.param("800.03", "800.00", "0.20", "0.01", id="three fen more bear the first"),
            pytest.param("4000.00", "800.00", "0.20", "640.00", id="4,000 with the flat expense"),
            pytest.param("4000.03", "800.01", "0.20", "640.00", id="above it with a fifth"),
            pytest.param("25000.00", "5000.00", "0.20", "4000.00", id="20,000 after expenses"),
            pytest.param("25000.02", "5000.00", "0.30", "4000.01", id="two fen more"),
            pytest.param("62500.00", "12500.00", "0.30", "13000.00", id="50,000 after expenses"),
            pytest.param("62500.02", "12500.00", "0.40", "13000.01", id="two fen more than that"),
        ],
    )
    def test_is_taxed_by_the_payment(self, income: str, expense: str, rate: str, tax: str) -> None:
        decision = decided(rules.withhold_from_remuneration, income=income)

        assert decision.clause == "LAW-IIT-LABOUR"
        found = decision.value
        assert (found.expense, found.rate, found.tax) == (Decimal(expense), Decimal(rate), Decimal(tax))


@pytest.mark.clause("LAW-IIT-INTERN")
class TestIntern:
    """LAW-IIT-INTERN: cumulatively, for full-time students on an internship."""

    @pytest.mark.parametrize(
        ("income", "taxable", "tax"),
        [
            pytest.param("6250.00", "0.00", "0.00", id="5,000 after a fifth bears none"),
            pytest.param("6251.25", "1.00", "0.03", id="a yuan more bears three fen"),
        ],
    )
    def test_a_fifth_and_the_basic_deduction_come_off(self, income: str, taxable: str, tax: str) -> None:
        decision = decided(rules.withhold_from_intern, months=1, income=income)

        assert decision.clause == "LAW-IIT-INTERN"
        assert (decision.value.taxable, decision.value.withhold) == (Decimal(taxable), Decimal(tax))

    def test_too_much_is_carried_and_not_paid_back(self) -> None:
        found = decided(rules.withhold_from_intern, months=2, income="6251.25", withheld="0.03").value

        assert (found.due, found.withhold) == (Decimal("-0.03"), Decimal("0.00"))

    def test_is_not_ruled_before_its_day(self) -> None:
        with pytest.raises(NoClause):
            decided(rules.withhold_from_intern, on=date(2020, 6, 30), months=1, income="6000.00")


@pytest.mark.clause("LAW-IIT-SEV")
class TestSeveranceTax:
    """LAW-IIT-SEV: free up to three times the local yearly average."""

    @pytest.mark.parametrize(
        ("amount", "exempt", "tax"),
        [
            pytest.param("300000.00", "300000.00", "0.00", id="three times the average is free"),
            pytest.param("300000.17", "300000.00", "0.01", id="what lies above is taxed"),
            pytest.param("336000.00", "300000.00", "1080.00", id="by the year's table"),
            pytest.param("336000.10", "300000.00", "1080.01", id="bracket by bracket"),
        ],
    )
    def test_the_excess_is_taxed_by_itself(self, amount: str, exempt: str, tax: str) -> None:
        decision = decided(rules.tax_severance, amount=amount, local_average_yearly="100000.00")

        assert decision.clause == "LAW-IIT-SEV"
        assert (decision.value.exempt, decision.value.tax) == (Decimal(exempt), Decimal(tax))
