"""Whose budget bears pay, and which classes of posts have a pay standard, through the policy files."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.policy import Decision, Finding
from common.testing import decide_here
from payroll.rules import pay_within_budget, standard_has_class

CHANGCHUN = "220102001"
NANJING = "320102002"
SHAOXING = "330602001"
MARCH = date(2026, 3, 1)


def borne(area: str, staff: str, **facts: Any) -> Decision[list[Finding]]:
    given: dict[str, Any] = {"level": "county", "budget": Decimal("100000.00"), "used": Decimal("60000.00")} | facts
    return decide_here(pay_within_budget, area=area, staff=staff, on=MARCH, **given)


def codes(decision: Decision[list[Finding]]) -> list[str]:
    return [finding.code for finding in decision.value]


class TestPayBudget:
    """JL-12, JS-12, SX-21: pay is in the budget of the level that pays, and more needs a reason."""

    @pytest.mark.clause("JL-12", "JS-12")
    @pytest.mark.parametrize(("area", "staff"), [(CHANGCHUN, "community_worker"), (NANJING, "union_worker")])
    @pytest.mark.parametrize(
        ("amount", "reason", "found"),
        [
            pytest.param("39999.99", None, [], id="a fen below"),
            pytest.param("40000.00", None, [], id="exactly"),
            pytest.param("40000.01", None, ["budget_exceeded"], id="a fen above"),
            pytest.param("40000.01", "", ["budget_exceeded"], id="above, without words"),
            pytest.param("40000.01", "新增两个社区", [], id="above, with a reason"),
        ],
    )
    def test_bears_a_run_up_to_its_amount(
        self, area: str, staff: str, amount: str, reason: str | None, found: list[str]
    ) -> None:
        assert codes(borne(area, staff, amount=Decimal(amount), reason=reason)) == found

    @pytest.mark.clause("JL-12", "JS-12", "SX-21")
    @pytest.mark.parametrize(
        ("area", "staff", "level", "found"),
        [
            pytest.param(CHANGCHUN, "community_worker", "county", [], id="Jilin: the county's"),
            pytest.param(
                CHANGCHUN, "community_worker", "city", ["budget_of_another_level"], id="Jilin: not the city's"
            ),
            pytest.param(NANJING, "union_worker", "city", [], id="Jiangsu: the city's"),
            pytest.param(
                NANJING, "union_worker", "street", ["budget_of_another_level"], id="Jiangsu: not the street's"
            ),
            pytest.param(SHAOXING, "open_recruitment", "street", [], id="Shaoxing: the street's own"),
            pytest.param(
                SHAOXING, "open_recruitment", "province", ["budget_of_another_level"], id="Shaoxing: none above"
            ),
        ],
    )
    def test_is_that_of_the_level_named(self, area: str, staff: str, level: str, found: list[str]) -> None:
        assert codes(borne(area, staff, level=level, amount=Decimal("1.00"))) == found

    def test_says_by_how_much(self) -> None:
        finding = borne(CHANGCHUN, "community_worker", amount=Decimal("40000.01")).value[0]

        assert "超出0.01元" in finding.zh
        assert "by 0.01" in finding.en

    def test_that_is_not_entered_stops_nothing(self) -> None:
        decision = borne(CHANGCHUN, "community_worker", level=None, budget=None, amount=Decimal("9999999.00"))

        assert decision.value == []


class TestPostClasses:
    """JL-4a: three classes of posts, each with its own grades."""

    @pytest.mark.clause("JL-4a")
    @pytest.mark.parametrize(
        ("post_class", "found"),
        [
            pytest.param("head", [], id="the head"),
            pytest.param("committee_member", [], id="other committee members"),
            pytest.param("ordinary", [], id="ordinary staff"),
            pytest.param("driver", ["unknown_class"], id="no fourth class"),
        ],
    )
    def test_are_three(self, post_class: str, found: list[str]) -> None:
        decision = decide_here(
            standard_has_class, area=CHANGCHUN, staff="community_worker", on=MARCH, post_class=post_class, grade=9
        )

        assert codes(decision) == found
        assert decision.clause == "JL-4a"
