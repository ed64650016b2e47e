from datetime import date
from decimal import Decimal

import pytest

from common.policy import NoClause
from common.testing import decide_here
from payroll.rules import fund_of_employer

NANJING = "320102"


class TestFundOfEmployer:
    """LAW-TU-02: two per cent of the month's total wages of all staff."""

    @pytest.mark.parametrize(
        ("wages", "fund"),
        [
            pytest.param("0.00", "0.00", id="no wages, nothing"),
            pytest.param("10000.00", "200.00", id="two in a hundred"),
            pytest.param("0.24", "0.00", id="less than half a fen falls away"),
            pytest.param("0.25", "0.01", id="half a fen is one"),
            pytest.param("12345.67", "246.91", id="to the fen"),
        ],
    )
    def test_is_two_per_cent_to_the_fen(self, wages, fund):
        decision = decide_here(
            fund_of_employer, area=NANJING, staff="union_worker", on=date(2026, 3, 1), wages=Decimal(wages)
        )

        assert (decision.clause, decision.value) == ("LAW-TU-02", Decimal(fund))

    def test_is_not_asked_before_the_clause_we_know_was_in_force(self):
        with pytest.raises(NoClause):
            decide_here(
                fund_of_employer, area=NANJING, staff="union_worker", on=date(2021, 12, 31), wages=Decimal("1.00")
            )
