"""The figures that the repository brings along are those of the handbook: day, source, and how sure each one is."""

from datetime import date, timedelta
from typing import Any

import pytest

from common.policy import Parameters, Policies, load_policies, load_seeds
from common.policy.__main__ import POLICIES, import_all_rules
from common.policy.documents import left_open
from common.policy.parameters import kind_of, placeholders

import_all_rules()

WUHAN, NANJING, CHANGCHUN, SHAOXING, ZHOUSHAN = "420103001", "320102001", "220102001", "330602001", "330902001"


@pytest.fixture(scope="module")
def figures() -> Parameters:
    return load_seeds(POLICIES)


@pytest.fixture(scope="module")
def policies() -> Policies:
    return load_policies(POLICIES, strict=True)


def limits(floor: str, ceiling: str) -> dict[str, str]:
    return {"floor": floor, "ceiling": ceiling}


def floor(monthly: str, hourly: str | None, *, tier: int = 1) -> dict[str, Any]:
    return {"monthly": monthly, "hourly": hourly, "tier": tier}


STEPS = (
    *("table.level_step", "amount.years_step", "table.education_step"),
    *("table.post_step", "table.title_step", "table.results_step"),
)
FLOOR, PENSION = "wage.floor", "contribution.pension.limits"


class TestFigure:
    @pytest.mark.parametrize(
        ("code", "area", "on", "value", "confidence"),
        [
            pytest.param(FLOOR, WUHAN, date(2024, 1, 31), None, "", id="Wuhan's wage before the first one known"),
            pytest.param(FLOOR, WUHAN, date(2024, 2, 1), floor("2210.00", "22.00"), "M", id="Wuhan's wage of 2024"),
            pytest.param(FLOOR, WUHAN, date(2025, 11, 30), floor("2210.00", "22.00"), "M", id="on its last day"),
            pytest.param(FLOOR, WUHAN, date(2025, 12, 1), floor("2400.00", "24.00"), "H", id="Wuhan's wage of 2025"),
            pytest.param(FLOOR, NANJING, date(2025, 12, 31), floor("2490.00", "24.00"), "M", id="Nanjing's of 2024"),
            pytest.param(FLOOR, NANJING, date(2026, 1, 1), floor("2660.00", None), "M", id="Nanjing's, by the month"),
            pytest.param(FLOOR, CHANGCHUN, date(2024, 12, 1), floor("2120.00", None), "M", id="Changchun's, likewise"),
            pytest.param(FLOOR, CHANGCHUN, date(2026, 1, 1), floor("2120.00", "21.00"), "L", id="Changchun's, about"),
            pytest.param(
                FLOOR, SHAOXING, date(2026, 1, 1), floor("2260.00", "22.00", tier=2), "L", id="Shaoxing's tier"
            ),
            pytest.param(
                FLOOR, ZHOUSHAN, date(2026, 1, 1), floor("2260.00", "22.00", tier=2), "L", id="Zhoushan's tier"
            ),
            pytest.param(PENSION, NANJING, date(2024, 12, 31), limits("4879.00", "24396.00"), "M", id="Nanjing 2024"),
            pytest.param(PENSION, NANJING, date(2025, 1, 1), limits("4952.00", "24762.00"), "L", id="Nanjing 2025"),
            pytest.param(PENSION, CHANGCHUN, date(2024, 6, 1), limits("4307.10", "21535.50"), "M", id="Changchun 2024"),
            pytest.param(PENSION, CHANGCHUN, date(2025, 1, 1), limits("4307.10", "21535.50"), "L", id="Changchun 2025"),
            pytest.param(PENSION, WUHAN, date(2024, 6, 1), limits("4494.00", "22467.00"), "L", id="Wuhan's floor"),
            pytest.param(PENSION, SHAOXING, date(2024, 12, 31), None, "", id="Zhejiang before 2025"),
            pytest.param(PENSION, SHAOXING, date(2025, 1, 1), limits("4986.00", "25299.00"), "M", id="Zhejiang 2025"),
            pytest.param(PENSION, ZHOUSHAN, date(2026, 1, 1), limits("4986.00", "25299.00"), "L", id="Zhejiang 2026"),
            pytest.param("contribution.medical.rates", SHAOXING, date(2026, 1, 1), None, "", id="Zhejiang's medical"),
            pytest.param("tax.basic_monthly", WUHAN, date(2018, 12, 31), None, "", id="the deduction before its law"),
            pytest.param("tax.basic_monthly", WUHAN, date(2019, 1, 1), "5000.00", "H", id="the monthly deduction"),
        ],
    )
    def test_is_that_of_the_handbook(
        self, figures: Parameters, code: str, area: str, on: date, value: Any, confidence: str
    ) -> None:
        found = figures.find(code, area=area, staff="", on=on)

        assert (found.value if found else None) == value
        assert (found.confidence if found else "") == confidence

    @pytest.mark.parametrize(
        ("area", "employer", "worker"),
        [
            pytest.param(NANJING, "0.005", "0.005", id="Nanjing"),
            pytest.param(CHANGCHUN, "0.007", "0.003", id="Changchun"),
            pytest.param(WUHAN, "0.007", "0.003", id="Wuhan"),
            pytest.param(SHAOXING, "0.005", "0.005", id="Shaoxing"),
        ],
    )
    def test_of_unemployment_is_unverified_once_the_lower_rate_has_run_out(
        self, figures: Parameters, area: str, employer: str, worker: str
    ) -> None:
        last = date(2025, 12, 31)
        for on, confidence in ((last, "M"), (last + timedelta(1), "L")):
            row = figures.get("contribution.unemployment.rates", area=area, staff="", on=on)
            assert (row.value["employer"], row.value["worker"], row.confidence) == (employer, worker, confidence)

    def test_of_a_place_is_that_of_its_tier(self, figures: Parameters) -> None:
        floors = [row for row in figures.rows if row.code == FLOOR]
        unlike = []
        for row in floors:
            tiers = figures.get("wage.tiers", area=row.area, staff="", on=row.starts_on).value[str(row.value["tier"])]
            if tiers["monthly"] != row.value["monthly"] or tiers["hourly"] not in (None, row.value["hourly"]):
                unlike.append(row.parameter_id)

        assert len(floors) == 8
        assert unlike == []

    def test_of_pension_and_injury_holds_everywhere(self, figures: Parameters) -> None:
        def rates(scheme: str, area: str) -> tuple[str, str]:
            row = figures.get(f"contribution.{scheme}.rates", area=area, staff="", on=date(2026, 3, 1))
            return row.value["employer"], row.value["worker"]

        for area in (WUHAN, NANJING, CHANGCHUN, SHAOXING, ZHOUSHAN):
            assert (rates("pension", area), rates("injury", area)) == (("0.16", "0.08"), ("0.002", "0.00"))

    @pytest.mark.parametrize(
        ("code", "area", "staff"),
        [
            *((code, NANJING, "union_worker") for code in STEPS),
            ("table.certificate_allowance", CHANGCHUN, "community_worker"),
            ("benefit.interval", CHANGCHUN, "community_worker"),
            ("benefit.limit", CHANGCHUN, "community_worker"),
        ],
    )
    def test_that_no_document_prints_is_nobodys(self, figures: Parameters, code: str, area: str, staff: str) -> None:
        """A county enters its own; none is assumed, nought least of all."""
        assert kind_of(code) is not None
        assert figures.find(code, area=area, staff=staff, on=date(2026, 3, 1)) is None

    def test_names_its_source_and_how_sure_it_is(self, figures: Parameters) -> None:
        assert len(figures.rows) > 60
        assert [row for row in figures.rows if not row.source.strip() or row.confidence not in ("H", "M", "L")] == []


class TestClause:
    def test_refers_only_to_codes_of_the_catalogue(self, policies: Policies) -> None:
        series = [one for found in policies.answers.values() for answer in found for one in answer.series.values()]
        codes = {one.code for dated in series for row in dated for one in placeholders(row.value)}

        assert len(codes) > 10
        assert sorted(code for code in codes if kind_of(code) is None) == []

    def test_leaves_no_amount_of_pay_to_a_choice(self, policies: Policies) -> None:
        """A choice holds by one person's act; what people are paid by has a source and a second person."""
        chosen = {
            answer.clause.clause_id
            for found in policies.answers.values()
            for answer in found
            for day in answer.days()
            for value in answer.values_on(day).values()
            if answer.clause.service == "payroll" and left_open(value)
        }

        assert chosen == set()
