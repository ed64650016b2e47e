"""Minimum wage, contributions and tax, through the policy files."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from common.policy import NoClause
from common.testing import decide_here
from payroll.rules import contribution_amounts, meets_floor, wage_floor, withhold_cumulatively
from payroll.rules.contributions import ContributionSchemes, Scheme
from payroll.rules.floor import MeetsFloor
from payroll.rules.tax import CumulativeWithholding

WUHAN = "420103001"
NANJING = "320102001"
CHANGCHUN = "220102001"
MARCH = date(2026, 3, 1)


class TestWageFloor:
    """LAW-MW-4201, LAW-MW-3201, LAW-MW-2201: by district and day."""

    @pytest.mark.clause("LAW-MW-4201", "LAW-MW-3201", "LAW-MW-2201")
    @pytest.mark.parametrize(
        ("area", "on", "clause", "monthly", "hourly"),
        [
            pytest.param(WUHAN, date(2025, 11, 30), "LAW-MW-4201", "2210.00", "22.00", id="Wuhan's last old day"),
            pytest.param(WUHAN, date(2025, 12, 1), "LAW-MW-4201", "2400.00", "24.00", id="Wuhan's first new day"),
            pytest.param(NANJING, date(2025, 12, 31), "LAW-MW-3201", "2490.00", "24.00", id="Nanjing 2025"),
            pytest.param(NANJING, date(2026, 1, 1), "LAW-MW-3201", "2660.00", None, id="Nanjing 2026, hourly unknown"),
            pytest.param(CHANGCHUN, MARCH, "LAW-MW-2201", "2120.00", "21.00", id="Changchun"),
        ],
    )
    def test_is_that_of_the_place_on_the_day(
        self, area: str, on: date, clause: str, monthly: str, hourly: str | None
    ) -> None:
        decision = decide_here(wage_floor, area=area, staff="union_worker", on=on)

        assert decision.clause == clause
        assert decision.outcome == {"monthly": monthly, "hourly": hourly}

    def test_is_not_guessed_from_another_place(self) -> None:
        with pytest.raises(NoClause):
            decide_here(wage_floor, area="510104", staff="union_worker", on=MARCH)


def floor_decision(area: str, staff: str, **facts: Any) -> Any:
    given: dict[str, Any] = {
        "normal_pay": "2400.00", "own_contributions": "500.00", "monthly_floor": "2400.00", "hourly_floor": "24.00"
    }  # fmt: skip
    return decide_here(meets_floor, area=area, staff=staff, on=MARCH, **(given | facts))


class TestMeetsFloor:
    """JH-13b and LAW-MW: no less than the minimum, by the month or by the hour."""

    @pytest.mark.clause("JH-13b")
    @pytest.mark.parametrize(
        ("facts", "permits"),
        [
            pytest.param({"normal_pay": "2400.00"}, True, id="pay at the floor is enough"),
            pytest.param({"normal_pay": "2399.99"}, False, id="a fen below is not"),
            pytest.param({"normal_pay": "240.00", "hours": "10"}, True, id="part-time pay at the hourly floor"),
            pytest.param({"normal_pay": "239.99", "hours": "10"}, False, id="part-time pay a fen below"),
            pytest.param(
                {"normal_pay": "246.99", "hours": "10.27", "hourly_floor": "24.05"}, True,
                id="an hourly floor is rounded as pay is",  # 246.9935
            ),
            pytest.param({"hours": "10", "hourly_floor": None}, False, id="an hourly floor nobody knows"),
        ],
    )  # fmt: skip
    def test_holds_public_welfare_posts_to_the_floor(self, facts: dict[str, Any], permits: bool) -> None:
        decision = floor_decision(WUHAN, "public_welfare", **facts)

        assert decision.clause == "JH-13b"
        assert decision.permits is permits

    @pytest.mark.clause("LAW-MW")
    @pytest.mark.parametrize(
        ("area", "staff"), [(NANJING, "union_worker"), (WUHAN, "open_recruitment"), (NANJING, "public_welfare")]
    )
    def test_national_law_holds_every_labour_contract_to_it(self, area: str, staff: str) -> None:
        assert floor_decision(area, staff).permits
        below = floor_decision(area, staff, normal_pay="2399.99")

        assert below.clause == "LAW-MW"
        assert below.value[0].code == "below_floor"
        assert "2399.99" in below.value[0].zh
        assert "2400.00" in below.value[0].en

    def test_a_province_may_leave_own_contributions_out(self) -> None:
        terms = MeetsFloor.model_validate({"basis": {"full_time": "monthly"}, "own_contributions_count": False})

        def found(pay: str) -> list[Any]:
            return meets_floor(
                terms,
                normal_pay=Decimal(pay),
                own_contributions=Decimal("500.00"),
                monthly_floor=Decimal("2400.00"),
                hourly_floor=None,
                hours=None,
            )

        assert found("2900.00") == []
        assert [finding.code for finding in found("2899.99")] == ["below_floor"]

    def test_says_nothing_of_working_time_that_the_document_leaves_out(self) -> None:
        terms = MeetsFloor.model_validate({"basis": {"full_time": "monthly"}})

        found = meets_floor(
            terms,
            normal_pay=Decimal("1.00"),
            own_contributions=Decimal("0.00"),
            monthly_floor=Decimal("2400.00"),
            hourly_floor=None,
            hours=Decimal(10),
        )

        assert found == []


def contributed(area: str, staff: str, pay: str, **facts: Any) -> Any:
    return decide_here(contribution_amounts, area=area, staff=staff, on=MARCH, pay=pay, **facts)


class TestContributions:
    """LAW-SI-*: each scheme by its own floor, ceiling, rates and rounding."""

    @pytest.mark.clause("LAW-SI-2201")
    @pytest.mark.parametrize(
        ("pay", "counted"),
        [
            pytest.param("4307.09", "4307.10", id="a fen under the floor counts as the floor"),
            pytest.param("4307.10", "4307.10", id="the floor counts as itself"),
            pytest.param("4307.11", "4307.11", id="a fen over the floor counts as itself"),
            pytest.param("21535.50", "21535.50", id="the ceiling counts as itself"),
            pytest.param("21535.51", "21535.50", id="a fen over the ceiling counts as the ceiling"),
        ],
    )
    def test_pay_is_held_between_floor_and_ceiling(self, pay: str, counted: str) -> None:
        decision = contributed(CHANGCHUN, "community_worker", pay)

        assert decision.clause == "LAW-SI-2201"
        assert decision.value.schemes[0].contribution_base == Decimal(counted)

    @pytest.mark.clause("LAW-SI-2201")
    def test_the_housing_fund_has_a_floor_of_its_own(self) -> None:
        by_scheme = {one.scheme: one for one in contributed(CHANGCHUN, "community_worker", "3000.00").value.schemes}

        assert by_scheme["pension"].contribution_base == Decimal("4307.10")
        assert by_scheme["housing_fund"].contribution_base == Decimal("3000.00")

    @pytest.mark.parametrize(
        ("area", "staff", "clause"),
        [
            pytest.param(CHANGCHUN, "community_worker", "LAW-SI-2201", marks=pytest.mark.clause("LAW-SI-2201")),
            pytest.param(NANJING, "union_worker", "LAW-SI-3201", marks=pytest.mark.clause("LAW-SI-3201")),
            pytest.param(WUHAN, "open_recruitment", "LAW-SI-4201", marks=pytest.mark.clause("LAW-SI-4201")),
            pytest.param(WUHAN, "public_welfare", "LAW-SI-4201-PW", marks=pytest.mark.clause("LAW-SI-4201-PW")),
        ],
    )
    @pytest.mark.parametrize(
        ("on", "insured", "schemes"),
        [
            pytest.param(date(2026, 6, 30), "pensioner", set(), id="past retirement age in no scheme"),
            pytest.param(date(2026, 7, 1), "pensioner", {"injury"}, id="from the order of July on in injury insurance"),
            pytest.param(date(2026, 7, 1), "elsewhere", set(), id="insured elsewhere in none"),
            pytest.param(date(2026, 7, 1), "no", set(), id="not insured in none"),
        ],
    )
    def test_who_is_in_which_scheme(
        self, area: str, staff: str, clause: str, on: date, insured: str, schemes: set[str]
    ) -> None:
        decision = decide_here(contribution_amounts, area=area, staff=staff, on=on, pay="5000.00", insured=insured)

        assert (decision.clause, {one.scheme for one in decision.value.schemes}) == (clause, schemes)

    @pytest.mark.clause("LAW-SI-2201")
    @pytest.mark.parametrize(("month", "charged"), [(1, False), (2, True), (None, True)])
    def test_the_housing_fund_begins_with_the_second_month_of_a_first_job(
        self, month: int | None, charged: bool
    ) -> None:
        found = contributed(CHANGCHUN, "community_worker", "5000.00", month_of_first_job=month).value.schemes

        assert {one.scheme for one in found} >= {"pension", "medical", "unemployment", "injury"}
        assert ("housing_fund" in {one.scheme for one in found}) is charged

    @pytest.mark.clause("LAW-SI-3201")
    def test_both_sides_in_nanjing(self) -> None:
        decision = contributed(NANJING, "union_worker", "6000.00")

        assert decision.clause == "LAW-SI-3201"
        assert {one.scheme: (str(one.employer), str(one.worker)) for one in decision.value.schemes} == {
            "pension": ("960.00", "480.00"),
            "medical": ("528.00", "130.00"),  # 2 % and ten yuan
            "unemployment": ("30.00", "30.00"),
            "injury": ("12.00", "0.00"),
            "housing_fund": ("480.00", "480.00"),
        }
        assert decision.value.worker == Decimal("1120.00")
        assert decision.value.employer == Decimal("2010.00")

    @pytest.mark.clause("LAW-SI-4201", "LAW-SI-4201-PW")
    @pytest.mark.parametrize(
        ("staff", "clause", "has_fund"),
        [("open_recruitment", "LAW-SI-4201", True), ("public_welfare", "LAW-SI-4201-PW", False)],
    )
    def test_public_welfare_posts_in_wuhan_have_no_housing_fund(self, staff: str, clause: str, has_fund: bool) -> None:
        decision = contributed(WUHAN, staff, "5000.00")

        assert decision.clause == clause
        assert ("housing_fund" in [one.scheme for one in decision.value.schemes]) is has_fund

    @pytest.mark.clause("LAW-SI-4201-PW")
    def test_part_time_staff_are_in_the_injury_scheme_alone(self) -> None:
        decision = contributed(WUHAN, "public_welfare", "5000.00", part_time=True)

        assert [one.scheme for one in decision.value.schemes] == ["injury"]

    @pytest.mark.parametrize(
        ("unit", "rounding", "amount"),
        [
            ("0.01", "half_up", "100.05"), ("0.01", "down", "100.04"), ("0.1", "up", "100.10"),
            ("1", "half_up", "100.00"), ("1", "up", "101.00"), ("1", "down", "100.00"),
        ],
    )  # fmt: skip
    def test_rounds_as_the_scheme_says(self, unit: str, rounding: str, amount: str) -> None:
        scheme = Scheme.model_validate(
            {"scheme": "pension", "employer": "0.05", "worker": "0.05", "floor": "0.00", "ceiling": "9999.00",
             "unit": unit, "rounding": rounding}
        )  # fmt: skip

        assert scheme.amount(Decimal("2000.90"), Decimal("0.05")) == Decimal(amount)

    def test_a_scheme_stands_once_and_its_floor_under_its_ceiling(self) -> None:
        scheme = {"scheme": "pension", "employer": "0.16", "worker": "0.08", "floor": "1.00", "ceiling": "2.00",
                  "unit": "0.01", "rounding": "half_up"}  # fmt: skip

        for broken in ([scheme, scheme], [scheme | {"floor": "2.01"}]):
            with pytest.raises(ValidationError):
                ContributionSchemes.model_validate({"schemes": broken})


class TestCumulativeWithholding:
    """LAW-IIT: by announcement 61 of 2018. Whole years are in `operating/test_vectors`."""

    @pytest.mark.clause("LAW-IIT")
    @pytest.mark.parametrize(
        ("taxable", "rate", "tax"),
        [
            ("0.00", "0.03", "0.00"),
            ("36000.00", "0.03", "1080.00"), ("36000.01", "0.10", "1080.00"),
            ("144000.00", "0.10", "11880.00"), ("144000.01", "0.20", "11880.00"),
            ("300000.00", "0.20", "43080.00"), ("300000.01", "0.25", "43080.00"),
            ("420000.00", "0.25", "73080.00"), ("420000.01", "0.30", "73080.00"),
            ("660000.00", "0.30", "145080.00"), ("660000.01", "0.35", "145080.00"),
            ("960000.00", "0.35", "250080.00"), ("960000.01", "0.45", "250080.00"),
        ],
    )  # fmt: skip
    def test_a_bracket_ends_with_its_last_fen(self, taxable: str, rate: str, tax: str) -> None:
        outcome = decide_here(
            withhold_cumulatively, area=CHANGCHUN, on=MARCH, months=1, income=Decimal(taxable) + 5000
        ).value

        assert (outcome.rate, outcome.tax) == (Decimal(rate), Decimal(tax))

    @pytest.mark.clause("LAW-IIT")
    def test_too_much_withheld_is_carried_and_not_paid_back(self) -> None:
        outcome = decide_here(
            withhold_cumulatively, area=CHANGCHUN, on=MARCH, months=2, income="12000.00", withheld="75.00"
        ).value

        assert (outcome.due, outcome.withhold) == (Decimal("-15.00"), Decimal("0.00"))

    @pytest.mark.parametrize(
        "brackets",
        [
            pytest.param([("36000.00", "0.03", "0.00")], id="no bracket without an end"),
            pytest.param([(None, "0.03", "0.00"), (None, "0.10", "2520.00")], id="two without an end"),
            pytest.param([("36000.00", "0.03", "0.00"), (None, "0.10", "2530.00")], id="a jump in the tax"),
            pytest.param(
                [("36000.00", "0.03", "0.00"), ("36000.00", "0.10", "2520.00"), (None, "0.10", "2520.00")],
                id="brackets that do not rise",
            ),
        ],
    )
    def test_a_table_is_refused_with(self, brackets: list[tuple[str | None, str, str]]) -> None:
        with pytest.raises(ValidationError):
            CumulativeWithholding.model_validate(
                {
                    "basic_monthly": "5000.00",
                    "brackets": [{"up_to": up_to, "rate": rate, "quick": quick} for up_to, rate, quick in brackets],
                }
            )
