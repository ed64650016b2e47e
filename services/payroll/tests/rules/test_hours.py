"""Overtime, annual leave and union dues, through the policy files."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.policy import NoClause
from common.testing import decide_here
from payroll import rules

NANJING, CHANGCHUN = "320102001", "220102001"
MARCH = date(2026, 3, 1)


def decided(rule: Any, *, area: str = NANJING, staff: str = "union_worker", on: date = MARCH, **facts: Any) -> Any:
    return decide_here(rule, area=area, staff=staff, on=on, **facts)


@pytest.mark.clause("LAW-LV-03")
class TestOvertime:
    """LAW-LV-03: one and a half, two, three times an hour's pay."""

    def test_each_kind_of_day_by_itself(self) -> None:
        decision = decided(
            rules.pay_for_overtime, monthly="5000.00", hours={"working_day": "1", "rest_day": "1", "holiday": "1"}
        )

        assert decision.clause == "LAW-LV-03"
        assert decision.outcome == {
            "hourly": "28.74",  # 28.7356…
            "amounts": {"working_day": "43.10", "rest_day": "57.47", "holiday": "86.21"},
            "total": "186.78",
        }

    def test_an_hours_pay_is_not_rounded_before_the_hours_are_counted(self) -> None:
        assert decided(rules.pay_for_overtime, monthly="5000.00", hours={"rest_day": "100"}).value.total == Decimal(
            "5747.13"
        )

    def test_is_not_asked_of_a_service_agreement(self) -> None:
        with pytest.raises(NoClause):
            decided(rules.pay_for_overtime, area=CHANGCHUN, staff="community_worker", monthly="5000.00", hours={})


class TestAnnualLeave:
    """LAW-LV-06, LAW-LV-07, LAW-LV-09."""

    @pytest.mark.clause("LAW-LV-06")
    @pytest.mark.parametrize(("years", "days"), [(0, 0), (1, 5), (9, 5), (10, 10), (19, 10), (20, 15), (40, 15)])
    def test_goes_by_the_years_worked(self, years: int, days: int) -> None:
        decision = decided(rules.annual_leave_days, worked_years=years)

        assert (decision.clause, decision.outcome) == ("LAW-LV-06", days)

    @pytest.mark.clause("LAW-LV-07")
    @pytest.mark.parametrize(
        ("days", "entitled", "taken", "left"),
        [
            pytest.param(73, 5, 0, 1, id="a fifth of the year is a day of five"),
            pytest.param(72, 5, 0, 0, id="a day less is none"),
            pytest.param(365, 10, 0, 10, id="a whole year is whole"),
            pytest.param(366, 15, 0, 15, id="so is a leap year"),
            pytest.param(219, 5, 3, 0, id="as many taken as fell due"),
            pytest.param(218, 5, 3, 0, id="one more taken is not asked back"),
        ],
    )
    def test_goes_by_the_part_of_the_year(self, days: int, entitled: int, taken: int, left: int) -> None:
        decision = decided(rules.leave_for_part_of_year, calendar_days=days, entitled=entitled, taken=taken)

        assert (decision.clause, decision.outcome) == ("LAW-LV-07", left)

    @pytest.mark.clause("LAW-LV-09")
    @pytest.mark.parametrize(
        ("declined", "extra", "total"),
        [
            pytest.param(False, "459.77", "689.66", id="three times, one of them paid already"),
            pytest.param(True, "0.00", "229.89", id="once where it was declined in writing"),
        ],
    )
    def test_not_granted_is_paid(self, declined: bool, extra: str, total: str) -> None:
        decision = decided(
            rules.pay_for_unused_leave, average_monthly_pay="5000.00", days=1, declined_in_writing=declined
        )

        assert decision.clause == "LAW-LV-09"
        assert decision.outcome == {"daily": "229.89", "extra": extra, "total": total}


@pytest.mark.clause("LAW-TU-01")
class TestUnionDues:
    """LAW-TU-01: half a per cent of whole tens of yuan."""

    @pytest.mark.parametrize(
        ("pay", "dues"), [("9.99", "0.00"), ("10.00", "0.05"), ("19.99", "0.05"), ("20.00", "0.10"), ("0.00", "0.00")]
    )
    def test_a_rest_under_ten_yuan_is_not_counted(self, pay: str, dues: str) -> None:
        decision = decided(rules.dues_of_member, area=CHANGCHUN, staff="community_worker", basic_pay=pay)

        assert (decision.clause, decision.outcome) == ("LAW-TU-01", dues)
