from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from common.areas import Level
from common.testing import decide_here
from payroll.rules.guidance import PayGuidance, may_approve_standard, pay_within_guidance
from payroll.rules.purchases import PaidTo, may_receive_payment

JIANGHAN = "420103"


class TestPayWithinGuidance:
    """JS-6a: guidance standards are published; a pay standard keeps to them."""

    terms = PayGuidance(
        lowest={"ordinary": Decimal("3800.00"), "ordinary|3": Decimal("4500.00")},
        highest={"ordinary": Decimal("6000.00")},
    )

    @pytest.mark.parametrize(
        ("grade", "amount", "codes"),
        [
            pytest.param(1, "3800.00", [], id="the lowest itself will do"),
            pytest.param(1, "3799.99", ["below_guidance"], id="a fen below the lowest will not"),
            pytest.param(1, "6000.00", [], id="the highest itself will do"),
            pytest.param(1, "6000.01", ["above_guidance"], id="a fen above the highest will not"),
            pytest.param(3, "4499.99", ["below_guidance"], id="a grade of its own goes before its class"),
            pytest.param(3, "4500.00", [], id="the grade's own lowest will do"),
        ],
    )
    def test_holds_the_standard_between_both(self, grade, amount, codes):
        found = pay_within_guidance(self.terms, post_class="ordinary", grade=grade, monthly_amount=Decimal(amount))

        assert [finding.code for finding in found] == codes

    def test_bounds_no_class_it_does_not_name(self):
        assert pay_within_guidance(self.terms, post_class="head", grade=1, monthly_amount=Decimal("1.00")) == []

    def test_the_lowest_does_not_lie_above_the_highest(self):
        with pytest.raises(ValidationError, match="lies above the highest"):
            PayGuidance(lowest={"head": Decimal("2.00")}, highest={"head": Decimal("1.00")})


class TestMayApproveStandard:
    """JH-13c: the district's finance department sets the pay of openly recruited staff."""

    @pytest.mark.clause("JH-13c")
    @pytest.mark.parametrize(
        ("roles", "level", "codes"),
        [
            pytest.param(["finance"], Level.COUNTY, [], id="the district's finance department"),
            pytest.param(["finance"], Level.CITY, [], id="that of the city above it"),
            pytest.param(["finance"], Level.STREET, ["wrong_level"], id="not a street's"),
            pytest.param(["lead_department"], Level.COUNTY, ["wrong_office"], id="not the lead department"),
            pytest.param(["lead_department", "finance"], Level.COUNTY, [], id="who is both is the finance department"),
        ],
    )
    def test_asks_for_office_and_level(self, roles, level, codes):
        decision = decide_here(
            may_approve_standard,
            area=JIANGHAN,
            staff="open_recruitment",
            on=date(2026, 3, 1),
            roles=roles,
            level=level,
        )

        assert decision.clause == "JH-13c"
        assert [finding.code for finding in decision.value] == codes


class TestMayReceivePayment:
    """JH-13a: the provider secures the pay of the staff whose service is bought, so the provider is paid."""

    @pytest.mark.clause("JH-13a")
    @pytest.mark.parametrize(
        ("paid_to", "codes"),
        [
            pytest.param(PaidTo.PROVIDER, [], id="the provider"),
            pytest.param(PaidTo.WORKER, ["wrong_payee"], id="not the worker"),
        ],
    )
    def test_pays_the_provider(self, paid_to, codes):
        decision = decide_here(
            may_receive_payment, area=JIANGHAN, staff="purchased_service", on=date(2026, 3, 1), paid_to=paid_to
        )

        assert decision.clause == "JH-13a"
        assert [finding.code for finding in decision.value] == codes
