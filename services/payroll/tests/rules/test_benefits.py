"""What a place grants beside pay, through the policy files and with terms of other places."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from common.policy import NoClause, ParameterMissing
from common.policy.decisions import recompute
from common.testing import decide_every_here, decide_here
from payroll.rules import may_pay_benefit, may_receive_again, may_receive_benefit
from payroll.rules.benefits import BenefitEntitlements, BenefitIntervals, full_months, within_interval
from payroll.tests.offices import own_figure

STREET = "220102001"
STAFF = "community_worker"
INTERVAL = own_figure("benefit.interval", {"medical_check": 2}, area="220102", staff=STAFF)
LIMIT = own_figure("benefit.limit", {"emergency_allowance": "2000.00"}, area="220102", staff=STAFF)


def entitled(benefit: str, *, area: str = STREET, on: date = date(2026, 3, 1), **facts: Any) -> Any:
    given = {"in_service": True, "months_of_service": 0, "amount": None} | facts
    [decision] = decide_every_here(may_receive_benefit, area=area, staff=STAFF, on=on, benefit=benefit, **given)
    return decision


def codes(findings: Any) -> list[str]:
    return [one.code for one in findings]


@pytest.mark.clause("JL-5c")
class TestMayReceiveBenefit:
    """JL-5c: a free medical check, paid leave and an emergency allowance."""

    @pytest.mark.parametrize(
        ("benefit", "facts", "found"),
        [
            pytest.param("medical_check", {}, [], id="a check from the first day"),
            pytest.param("medical_check", {"amount": "1.00"}, ["not_paid_in_money"], id="a check is not paid out"),
            pytest.param("medical_check", {"in_service": False}, ["not_in_service"], id="nobody else's"),
            pytest.param("emergency_allowance", {"amount": "0.01"}, [], id="an allowance of any amount"),
            pytest.param("emergency_allowance", {}, ["amount_missing"], id="an allowance is money"),
            pytest.param("paid_leave", {}, ["recorded_as_leave"], id="leave is recorded as leave"),
            pytest.param("gym", {}, ["benefit_not_granted_here"], id="nothing that the document does not name"),
        ],
    )
    def test_as_the_document_names_it(self, benefit: str, facts: dict[str, Any], found: list[str]) -> None:
        decision = entitled(benefit, **facts)

        assert (decision.clause, decision.permits, codes(decision.value)) == ("JL-5c", not found, found)
        assert recompute(decision) == decision.outcome

    def test_since_the_document_is_in_force(self) -> None:
        assert entitled("medical_check", on=date(2020, 5, 6)).permits
        assert decide_every_here(may_receive_benefit, area=STREET, staff=STAFF, on=date(2020, 5, 5)) == []

    def test_says_what_is_granted_instead(self) -> None:
        [finding] = entitled("gym").value

        assert "免费体检、带薪休假、应急补贴" in finding.zh
        assert "medical_check, paid_leave, emergency_allowance" in finding.en

    @pytest.mark.parametrize("area", ["320102001", "420103001", "330602001"])
    def test_is_not_granted_elsewhere(self, area: str) -> None:
        with pytest.raises(NoClause):
            decide_here(may_receive_benefit, area=area, staff=STAFF, on=date(2026, 3, 1))


class TestMonthsOfService:
    """A place that asks for six months of service."""

    @pytest.mark.parametrize(
        ("months", "found"),
        [pytest.param(6, [], id="the sixth is full"), pytest.param(5, ["not_entitled_yet"], id="not")],
    )
    def test_are_full_ones(self, months: int, found: list[str]) -> None:
        kinds = [{"benefit": "medical_check", "label_zh": "体检", "after_months": 6}]
        terms = BenefitEntitlements.model_validate({"kinds": kinds})
        facts: dict[str, Any] = {"in_service": True, "months_of_service": months, "amount": None}

        assert codes(may_receive_benefit(terms, benefit="medical_check", **facts)) == found

    @pytest.mark.parametrize(
        ("since", "on", "months"),
        [
            pytest.param(date(2025, 9, 15), date(2026, 3, 14), 5, id="the day before"),
            pytest.param(date(2025, 9, 15), date(2026, 3, 15), 6, id="the day itself"),
            pytest.param(date(2025, 8, 31), date(2026, 2, 27), 5, id="not before February ends"),
            pytest.param(date(2025, 8, 31), date(2026, 2, 28), 6, id="February has no 31st"),
            pytest.param(date(2024, 2, 29), date(2025, 2, 28), 12, id="from a leap day"),
            pytest.param(date(2026, 3, 1), date(2026, 3, 1), 0, id="on the first day"),
            pytest.param(date(2026, 4, 1), date(2026, 3, 1), 0, id="never less than none"),
        ],
    )
    def test_are_counted_by_days_of_the_calendar(self, since: date, on: date, months: int) -> None:
        assert full_months(since, on) == months


@pytest.mark.clause("JL-5c")
class TestMayReceiveAgain:
    """JL-5c: the county says how often, here every two years."""

    @pytest.mark.parametrize(
        ("year", "granted_in", "found"),
        [
            pytest.param(2026, [], [], id="never had"),
            pytest.param(2026, [2026], ["granted_already"], id="had this year"),
            pytest.param(2026, [2025], ["granted_already"], id="had last year"),
            pytest.param(2026, [2024], [], id="had two years ago"),
            pytest.param(2026, [2027], ["granted_already"], id="recorded late, before the next one"),
            pytest.param(2026, [2028], [], id="recorded late, long before the next one"),
            pytest.param(2026, [2022, 2024, 2028], [], id="had whenever it came round"),
        ],
    )
    def test_when_it_comes_round(self, year: int, granted_in: list[int], found: list[str]) -> None:
        facts: dict[str, Any] = {"benefit": "medical_check", "year": year, "granted_in": granted_in}
        decision = decide_here(
            may_receive_again, area=STREET, staff=STAFF, on=date(2026, 3, 1), own=[INTERVAL], **facts
        )

        assert (decision.clause, codes(decision.value)) == ("JL-5c", found)
        assert decision.parameters == {"benefit.interval": INTERVAL.parameter_id}

    def test_is_not_said_by_the_document(self) -> None:
        facts: dict[str, Any] = {"benefit": "medical_check", "year": 2026, "granted_in": []}
        with pytest.raises(ParameterMissing, match=r"benefit\.interval"):
            decide_here(may_receive_again, area=STREET, staff=STAFF, on=date(2026, 3, 1), **facts)

    def test_of_another_benefit_says_nothing_of_this(self) -> None:
        terms = BenefitIntervals(years={"gym": 1})

        assert codes(may_receive_again(terms, benefit="medical_check", year=2026, granted_in=[])) == [
            "interval_unknown"
        ]

    def test_names_the_nearest_year_that_stands_in_the_way(self) -> None:
        assert within_interval(3, year=2026, granted_in=[2024, 2027]) == 2027
        assert within_interval(1, year=2026, granted_in=[2025, 2027]) is None


@pytest.mark.clause("JL-5c")
class TestMayPayBenefit:
    """JL-5c: the county says how much an emergency allowance may come to, here 2,000."""

    @pytest.mark.parametrize(
        ("amount", "found"),
        [
            pytest.param("2000.00", [], id="as much as that"),
            pytest.param("2000.01", ["above_limit"], id="no fen more"),
        ],
    )
    def test_no_more_than_the_county_says(self, amount: str, found: list[str]) -> None:
        facts: dict[str, Any] = {"benefit": "emergency_allowance", "amount": amount}
        decision = decide_here(may_pay_benefit, area=STREET, staff=STAFF, on=date(2026, 3, 1), own=[LIMIT], **facts)

        assert (decision.clause, codes(decision.value)) == ("JL-5c", found)

    def test_of_a_benefit_that_the_county_left_out_nothing(self) -> None:
        facts: dict[str, Any] = {"benefit": "gym", "amount": Decimal("0.01")}
        decision = decide_here(may_pay_benefit, area=STREET, staff=STAFF, on=date(2026, 3, 1), own=[LIMIT], **facts)

        assert codes(decision.value) == ["limit_unknown"]


class TestKinds:
    @pytest.mark.parametrize(
        "kinds",
        [
            pytest.param([], id="none at all"),
            pytest.param([{"benefit": "gym", "label_zh": "健身"}] * 2, id="one twice"),
            pytest.param(
                [{"benefit": "rest", "label_zh": "休假", "recorded_as": "leave", "recurs": True}],
                id="leave that recurs",
            ),
            pytest.param(
                [{"benefit": "rest", "label_zh": "休假", "recorded_as": "leave", "paid": True}], id="paid leave"
            ),
            pytest.param([{"benefit": "gym", "label_zh": "健身", "after_months": -1}], id="less than no months"),
            pytest.param([{"benefit": "gym", "label_zh": " "}], id="without a name"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, kinds: list[dict[str, Any]]) -> None:
        with pytest.raises(ValidationError):
            BenefitEntitlements.model_validate({"kinds": kinds})
