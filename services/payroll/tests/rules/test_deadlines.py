from datetime import date
from decimal import Decimal

import pytest

from common.policy.decisions import recompute
from common.testing import decide_every_here, decide_here
from payroll.rules.deadlines import contributions_due_on, contributions_in_time

NANJING, CHANGCHUN = "320102001", "220102001"


class TestContributionsDueOn:
    """LAW-SI-DUE: insurance by the month, the housing fund within five days of payday."""

    @staticmethod
    def due(paid_in: str, payday: date | None = None) -> dict[str, date]:
        decision = decide_here(
            contributions_due_on,
            area=NANJING,
            staff="union_worker",
            on=date(2026, 1, 1),
            schemes=["pension", "housing_fund", "serious_illness"],
            paid_in=paid_in,
            payday=payday,
        )
        assert decision.clause == "LAW-SI-DUE"
        assert recompute(decision) == decision.outcome
        return decision.value

    @pytest.mark.clause("LAW-SI-DUE")
    @pytest.mark.parametrize(
        ("paid_in", "payday", "pension", "fund"),
        [
            pytest.param("2026-03", None, "2026-03-31", "2026-04-05", id="not paid yet: from the end of the month"),
            pytest.param("2026-03", "2026-03-25", "2026-03-31", "2026-03-30", id="paid within the month"),
            pytest.param("2026-03", "2026-04-02", "2026-03-31", "2026-04-07", id="paid after the month"),
            pytest.param("2028-02", None, "2028-02-29", "2028-03-05", id="a leap year's February"),
            pytest.param("2026-12", None, "2026-12-31", "2027-01-05", id="over the turn of the year"),
        ],
    )
    def test_counts_from_the_end_of_the_month_or_from_payday(self, paid_in, payday, pension, fund):
        due = self.due(paid_in, date.fromisoformat(payday) if payday else None)

        assert due["pension"] == date.fromisoformat(pension)
        assert due["housing_fund"] == date.fromisoformat(fund)

    def test_a_scheme_that_is_not_named_is_due_with_the_month(self):
        assert self.due("2026-03")["serious_illness"] == date(2026, 3, 31)


class TestContributionsInTime:
    """JS-6c and LAW-SI-DUE: in full and on time; insurance paid late costs 0.05 per cent a day."""

    @staticmethod
    def asked(on: date, *, scheme: str = "pension", area: str = NANJING, staff: str = "union_worker"):
        facts = {"scheme": scheme, "amount": Decimal("10000.00"), "due_on": date(2026, 3, 31), "checked_on": on}
        return {
            decision.clause: decision
            for decision in decide_every_here(contributions_in_time, area=area, staff=staff, on=on, **facts)
        }

    @pytest.mark.clause("JS-6c", "LAW-SI-DUE")
    @pytest.mark.parametrize(
        ("on", "in_time", "fee"),
        [
            pytest.param(date(2026, 3, 31), True, "0.00", id="the last day is in time"),
            pytest.param(date(2026, 4, 1), False, "5.00", id="the next is a day late"),
            pytest.param(date(2026, 4, 30), False, "150.00", id="thirty days late"),
        ],
    )
    def test_both_clauses_say_so(self, on, in_time, fee):
        asked = self.asked(on)

        assert {clause: decision.permits for clause, decision in asked.items()} == {
            "JS-6c": in_time,
            "LAW-SI-DUE": in_time,
        }
        assert asked["LAW-SI-DUE"].value.fee == Decimal(fee)
        assert asked["JS-6c"].value.fee == Decimal("0.00")

    def test_the_housing_fund_bears_no_daily_fee(self):
        late = self.asked(date(2026, 4, 30), scheme="housing_fund")["LAW-SI-DUE"]

        assert (late.permits, late.value.days, late.value.fee) == (False, 30, Decimal("0.00"))

    def test_elsewhere_the_law_alone_speaks(self):
        assert list(self.asked(date(2026, 4, 1), area=CHANGCHUN, staff="community_worker")) == ["LAW-SI-DUE"]
