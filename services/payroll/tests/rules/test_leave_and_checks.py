"""Leave, probation, deductions, swings, averages and the seal, through the policy files."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from common.policy import NoClause
from common.policy.decisions import recompute
from common.testing import decide_here
from payroll import rules
from payroll.rules.checks import SchemeAverage
from payroll.rules.leave import LeaveKindPay, leave_pay
from payroll.rules.pay import ProbationPay
from payroll.rules.sealing import EMPTY_ROOT, hash_leaf, root_of

NANJING, CHANGCHUN = "320102001", "220102001"
MARCH = date(2026, 3, 1)


class TestLeaveOfTheLargestPay:
    @pytest.mark.parametrize("usual", [10**9, 10**13, 10**15])
    def test_is_exact_beyond_int64(self, usual: int) -> None:
        paid, one, nothing = LeaveKindPay(share=Decimal("0.654321")), np.array([1]), np.array([0])

        assert leave_pay(paid, np.array([usual]), one, nothing, one, nothing)[0] == usual * 654_321 // 10**6


def decided(rule: Any, *, area: str = NANJING, staff: str = "union_worker", **facts: Any) -> Any:
    return decide_here(rule, area=area, staff=staff, on=MARCH, **facts)


@pytest.mark.clause("LAW-LV-12")
class TestLeavePay:
    """LAW-LV-12: sick pay, unpaid leave, maternity; other leave is paid like work."""

    @pytest.mark.parametrize(
        ("kind", "pay"),
        [
            pytest.param("sick", "800.00", id="sick pay is four fifths of the minimum wage"),
            pytest.param("personal", "0.00", id="personal leave is unpaid"),
            pytest.param("maternity", "0.00", id="maternity is paid by the fund"),
            pytest.param("annual", "2000.00", id="annual leave is paid like work"),
            pytest.param("work_injury", "2000.00", id="so is time off after a work injury"),
        ],
    )
    def test_by_kind(self, kind: str, pay: str) -> None:
        decision = decided(rules.pay_for_leave, kind=kind, usual="2000.00", floor="1000.00", fund_allowance="1800.00")

        assert (decision.clause, decision.outcome) == ("LAW-LV-12", pay)

    def test_is_not_asked_of_a_service_agreement(self) -> None:
        with pytest.raises(NoClause):
            decided(rules.pay_for_leave, area=CHANGCHUN, staff="community_worker", kind="sick", usual="1.00")

    @pytest.mark.parametrize(("allowance", "pay"), [("1999.99", "0.01"), ("2000.00", "0.00"), ("2000.01", "0.00")])
    def test_an_employer_may_top_up_what_a_fund_pays(self, allowance: str, pay: str) -> None:
        terms = rules.pay_for_leave.terms.model_validate(
            {"kinds": {"maternity": {"share": "0", "by_fund": True, "tops_up": True}}}
        )
        facts = {"usual": Decimal("2000.00"), "floor": Decimal(0), "fund_allowance": Decimal(allowance)}

        assert rules.pay_for_leave(terms, kind="maternity", **facts) == Decimal(pay)

    def test_nothing_is_topped_up_without_a_fund(self) -> None:
        with pytest.raises(ValidationError):
            LeaveKindPay.model_validate({"tops_up": True})


@pytest.mark.clause("LAW-LCL-20")
class TestProbation:
    """LAW-LCL-20: at least four fifths."""

    def test_is_paid_in_full_where_nobody_set_a_share(self) -> None:
        assert decided(rules.pay_in_probation, monthly="3000.00").outcome == "3000.00"

    @pytest.mark.parametrize(("share", "allowed"), [("0.80", True), ("0.79", False)])
    def test_a_share_lies_no_lower(self, share: str, allowed: bool) -> None:
        terms = {"lowest_share": "0.80", "share": share}
        if not allowed:
            with pytest.raises(ValidationError):
                ProbationPay.model_validate(terms)
        else:
            paid = rules.pay_in_probation(ProbationPay.model_validate(terms), monthly=Decimal("3333.33"))
            assert paid == Decimal("2666.66")


@pytest.mark.clause("LAW-LV-20")
class TestDeductions:
    """LAW-LV-20: damage is recovered from a fifth, and the minimum wage stays."""

    @pytest.mark.parametrize(
        ("gross", "most"),
        [
            pytest.param("5000.00", "1000.00", id="a fifth"),
            pytest.param("3000.00", "340.00", id="no more than leaves the minimum wage"),
            pytest.param("2660.00", "0.00", id="nothing at the minimum wage"),
        ],
    )
    def test_damage(self, gross: str, most: str) -> None:
        decision = decided(rules.most_to_deduct, deduction="damage", gross=gross, floor="2660.00")

        assert (decision.clause, decision.outcome) == ("LAW-LV-20", most)

    def test_a_court_order_is_not_bounded_here(self) -> None:
        assert decided(rules.most_to_deduct, deduction="court", gross="5000.00").outcome is None


@pytest.mark.clause("LAW-LV-19")
class TestChecks:
    """LAW-LV-19: what is looked at, and how a batch is sealed."""

    @pytest.mark.parametrize(
        ("gross", "last_gross", "found"),
        [
            pytest.param("1300.00", "1000.00", [], id="three tenths more are usual"),
            pytest.param("1300.01", "1000.00", ["pay_swing"], id="a fen beyond is not"),
            pytest.param("699.99", "1000.00", ["pay_swing"], id="nor is a fen below"),
            pytest.param("700.00", "1000.00", [], id="three tenths less are"),
            pytest.param("5000.00", "0.00", [], id="a first month has nothing to compare"),
        ],
    )
    def test_a_swing(self, gross: str, last_gross: str, found: list[str]) -> None:
        decision = decided(rules.swings, gross=gross, last_gross=last_gross)

        assert [one.code for one in decision.value] == found

    def test_a_seal_is_the_root_over_the_slips_and_computes_again(self) -> None:
        root = root_of([hash_leaf(entry) for entry in (b"a", b"b", b"c")]).hex()

        decision = decided(
            rules.seal_batch,
            run_id="run-1",
            batch_id="batch-1",
            engine="payroll-engine-1",
            inputs="0" * 64,
            terms_digests={"pay.composition": "1" * 64},
            root=root,
            slips=3,
        )

        assert decision.outcome == {"root": root, "slips": 3}
        assert recompute(decision) == decision.outcome

    def test_a_batch_of_nobody_has_the_empty_root(self) -> None:
        assert root_of([]) == EMPTY_ROOT


class TestSchemeAverage:
    @pytest.mark.parametrize(
        ("total", "permitted", "short"),
        [
            pytest.param("10000.00", True, "0.00", id="at the reference"),
            pytest.param("11000.00", True, "0.00", id="above it, and nobody is lowered"),
            pytest.param("9000.00", True, "500.00", id="a tenth below is on a par"),
            pytest.param("8999.98", False, "500.01", id="a fen more below is not"),
        ],
    )
    def test_is_held_against_the_reference(self, total: str, permitted: bool, short: str) -> None:
        terms = SchemeAverage.model_validate({"reference": "5000.00", "tolerance": "0.10"})

        found = rules.average_of_scheme(terms, total=Decimal(total), people=2)

        assert (found.permitted, found.short) == (permitted, Decimal(short))


class TestWorkingDaysOfLeave:
    """LAW-WD-LEAVE: leave is counted in working days of the published calendar."""

    @pytest.mark.clause("LAW-WD-LEAVE")
    @pytest.mark.parametrize(
        ("first_day", "last_day", "days"),
        [
            pytest.param(date(2026, 10, 1), date(2026, 10, 9), 2, id="a holiday and its rest days are none"),
            pytest.param(date(2026, 10, 8), date(2026, 10, 10), 3, id="a Saturday that is worked is one"),
            pytest.param(date(2026, 10, 17), date(2026, 10, 18), 0, id="a weekend is none"),
            pytest.param(date(2026, 10, 12), date(2026, 10, 12), 1, id="both ends belong to it"),
            pytest.param(date(2027, 1, 1), date(2027, 1, 4), 2, id="of a year not published by Monday to Friday"),
        ],
    )
    def test_days(self, first_day: date, last_day: date, days: int) -> None:
        decision = decided(rules.working_days_of_leave, first_day=first_day, last_day=last_day)

        assert (decision.outcome, decision.clause) == (days, "LAW-WD-LEAVE")
