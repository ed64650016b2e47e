"""A street from facts to slips: pool, minimum wage, contributions, tax, what is taken off, and who is set aside."""

from datetime import date
from typing import Any

import pytest

from common.policy import RULES
from payroll.engine import PAY_RULES, TAX_RULES, Unanswered, unanswered, work_out
from payroll.tests.engine.streets import (
    PLAIN,
    SCHEME,
    TAX,
    Person,
    Stretch,
    answers,
    answers_here,
    aside,
    batch_of,
    lines_of,
    total,
)
from payroll.tests.offices import certificate_allowances

CHANGCHUN = "220102001"
RISING = {"assistant_social_worker": "200.00", "social_worker": "300.00", "senior_social_worker": "400.00"}
SHARES: Any = [
    {"component": "base", "label_zh": "基础报酬", "kind": "share_of_standard", "share": "0.70"},
    {"component": "performance", "label_zh": "绩效奖金", "kind": "pooled_share_of_standard", "share": "0.30"},
]
POOLED = PLAIN | answers(pay_composition={"components": SHARES}, pool_shares={"weigh_by": "score"})


class TestAStreetInJilin:
    """JL-4c, JL-4d: seven parts by grade, three pooled and shared by results, the allowance on top."""

    @pytest.mark.clause("JL-4c", "JL-4d", "LAW-IIT")
    def test_pays_by_the_clauses_and_names_them(self) -> None:
        by = answers_here(
            area=CHANGCHUN, staff="community_worker", on=date(2026, 3, 1), own=[certificate_allowances(RISING)]
        )
        people = [
            Person("li", [Stretch(keys={"certificate": "social_worker"})], score="90"),
            Person("wang", score="60"),
            Person("zhao", score="0"),
        ]

        results = work_out(batch_of(*people, by=by))

        assert [lines_of(results, slip)["base"] for slip in range(3)] == ["2800.00"] * 3
        assert lines_of(results, 0)["performance"] == "2160.00"
        assert lines_of(results, 1)["performance"] == "1440.00"
        assert "performance" not in lines_of(results, 2)
        assert lines_of(results, 0)["certificate_allowance"] == "300.00"
        clauses = {line.code: line.clause for line in results.layout}
        assert (clauses["base"], clauses["certificate_allowance"], clauses["tax"]) == ("JL-4c", "JL-4d", "LAW-IIT")
        assert int(results.pools[0].shares.sum()) == int(results.pools[0].brought_in.sum()) == 360000


class TestSetAside:
    """Who cannot be paid is set aside with the reason; the others are paid."""

    def test_without_a_standard(self) -> None:
        results = work_out(batch_of(Person("li", [Stretch(standard=None)]), Person("wang")))

        assert aside(results) == {0: {"standard_missing"}}
        assert (results.paid.tolist(), total(results, "gross"), len(results.leaves)) == ([False, True], "0.00", 1)
        assert lines_of(results, 0) == {}
        assert results.found[0].clause == "MADE-UP-1"

    def test_brings_nothing_into_the_pool(self) -> None:
        people = [Person("li", score=None), Person("wang", score="1"), Person("zhao", score="1")]

        results = work_out(batch_of(*people, by=POOLED))

        assert aside(results) == {0: {"score_missing"}}
        assert [lines_of(results, slip)["performance"] for slip in (1, 2)] == ["1200.00", "1200.00"]

    def test_after_the_pool_was_shared_takes_his_part_out_again(self) -> None:
        people = [Person("li", entered={"deduction.court": "9999.00"}, score="80"), Person("wang", score="20")]

        results = work_out(batch_of(*people, by=POOLED))

        assert aside(results) == {0: {"net_below_zero"}}
        assert lines_of(results, 1)["performance"] == "1200.00"
        assert results.pools[0].slips.tolist() == [1]

    def test_where_everybody_scored_nothing(self) -> None:
        results = work_out(batch_of(Person("li", score="0"), Person("wang", score="0"), by=POOLED))

        assert aside(results) == {0: {"pool_without_scores"}, 1: {"pool_without_scores"}}
        assert results.pools == ()

    @pytest.mark.parametrize(("standard", "reasons"), [("2400.00", {}), ("2399.99", {0: {"below_floor"}})])
    def test_a_fen_below_the_minimum_wage(self, standard: str, reasons: dict[int, set[str]]) -> None:
        by = PLAIN | answers(wage_floor={"monthly": "2400.00"}, pay_meets_floor={"basis": {"full_time": "monthly"}})

        assert aside(work_out(batch_of(Person(stretches=[Stretch(standard=standard)]), by=by))) == reasons

    @pytest.mark.parametrize(("taken", "reasons"), [("4000.00", {}), ("4000.01", {0: {"net_below_zero"}})])
    def test_when_less_than_nothing_would_be_left(self, taken: str, reasons: dict[int, set[str]]) -> None:
        results = work_out(batch_of(Person(entered={"deduction.court": taken})))

        assert aside(results) == reasons

    @pytest.mark.parametrize(("damage", "reasons"), [("800.00", {}), ("800.01", {0: {"deduction_too_large"}})])
    def test_when_more_is_taken_off_than_may_be(self, damage: str, reasons: dict[int, set[str]]) -> None:
        by = PLAIN | answers(pay_deduction_limits={"limits": {"damage": {"share": "0.20"}}})

        assert aside(work_out(batch_of(Person(entered={"deduction.damage": damage}), by=by))) == reasons

    @pytest.mark.parametrize(
        ("entered", "reason"),
        [
            ({"performance_pay": "1.00"}, "performance_not_entered_here"),
            ({"component.bonus": "1.00"}, "entry_not_paid_here"),
            ({"overtime_pay": "100000000.01"}, "amount_too_large"),
        ],
    )
    def test_for_what_was_entered(self, entered: dict[str, str], reason: str) -> None:
        assert aside(work_out(batch_of(Person(entered=entered)))) == {0: {reason}}

    @pytest.mark.parametrize(("years", "reasons"), [(100, {}), (101, {0: {"amount_too_large"}})])
    def test_for_more_than_anybody_is_paid(self, years: int, reasons: dict[int, set[str]]) -> None:
        grown = {"component": "years", "label_zh": "工龄工资", "kind": "per_year", "amount": "1000000.00"}
        by = PLAIN | answers(pay_composition={"components": [grown]})

        results = work_out(batch_of(Person("li", [Stretch(years=years)]), Person("wang", [Stretch(years=1)]), by=by))

        assert aside(results) == reasons
        assert total(results, "gross") == ("0.00" if reasons else "100000000.00")
        assert results.paid.tolist() == [not reasons, True]

    def test_for_every_reason_at_once(self) -> None:
        person = Person(stretches=[Stretch(standard=None)], score=None)

        assert aside(work_out(batch_of(person, by=POOLED))) == {0: {"standard_missing", "score_missing"}}

    def test_a_key_that_no_table_has(self) -> None:
        table = {"component": "post", "label_zh": "岗位", "kind": "by_table", "keys": ["post_class"],
                 "amounts": {"head": "100.00"}}  # fmt: skip
        by = PLAIN | answers(pay_composition={"components": [table]})
        people = [Person("li", [Stretch(keys={"post_class": "head"})]), Person("wang", [Stretch()])]

        results = work_out(batch_of(*people, by=by))

        assert aside(results) == {1: {"table_key_unknown"}}
        assert lines_of(results) == {"post": "100.00"}

    def test_a_swing_is_pointed_out_and_paid(self) -> None:
        by = PLAIN | answers(pay_swing={"share": "0.30"})

        results = work_out(batch_of(Person(year={"last_gross": "3000.00"}), by=by))

        assert [(one.code, one.blocks) for one in results.found] == [("pay_swing", False)]
        assert results.paid.all()

    @pytest.mark.parametrize("rule", ["pay.composition", "contributions.amounts", "pool.shares"])
    def test_nobody_is_paid_without_a_clause_that_the_scheme_needs(self, rule: str) -> None:
        by = {name: said for name, said in POOLED.items() if name != rule}

        assert unanswered(by, TAX) == (rule,)
        with pytest.raises(Unanswered, match=rule.replace(".", r"\.")):
            work_out(batch_of(Person(), by=by))


class TestContributions:
    BY = PLAIN | answers(contributions_amounts={"schemes": [SCHEME | {"floor": "3000.00", "ceiling": "5000.00"}]})

    @pytest.mark.parametrize(
        ("facts", "worker"),
        [
            pytest.param({}, "320.00", id="the month's pay"),
            pytest.param({"stretches": [Stretch(16, 31)]}, "320.00", id="the whole month's also in a part of it"),
            pytest.param({"stretches": [Stretch(standard="2999.99")]}, "240.00", id="held to the floor"),
            pytest.param({"stretches": [Stretch(standard="5000.01")]}, "400.00", id="held to the ceiling"),
            pytest.param({"bases": {"pension": "3500.00"}}, "280.00", id="the base that was set"),
            pytest.param({"bases": {"injury": "3500.00"}}, "320.00", id="not that of another scheme"),
            pytest.param({"insured": False}, None, id="nothing of who is insured elsewhere"),
            pytest.param({"part_time": True}, None, id="nothing of a part-timer where the scheme has none"),
            pytest.param({"stretches": []}, None, id="nothing of who was there on no day"),
        ],
    )
    def test_go_by(self, facts: dict[str, Any], worker: str | None) -> None:
        lines = lines_of(work_out(batch_of(Person(**facts), by=self.BY)))

        assert lines.get("pension_worker") == worker
        assert lines.get("pension_employer") == (worker and f"{float(worker) * 2:.2f}")

    @pytest.mark.parametrize(("cycle", "worker"), [("first_half", "120.00"), ("second_half", "127.00")])
    def test_of_half_a_month_are_held_to_half_and_fixed_yuan_fall_in_the_second(self, cycle: str, worker: str) -> None:
        scheme = SCHEME | {"floor": "3000.00", "part_time": True, "worker_fixed": "7.00"}
        hourly = {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": "24.00"}
        by = answers(pay_composition={"components": [hourly]}, contributions_amounts={"schemes": [scheme]})
        person = Person(part_time=True, stretches=[Stretch(16, 16)], entered={"hours": "10"})

        assert lines_of(work_out(batch_of(person, by=by, cycle=cycle)))["pension_worker"] == worker

    @pytest.mark.parametrize(
        "limits", [{"floor": "3000.01"}, {"ceiling": "3000.01", "floor": "0.00"}], ids=["floor", "ceiling"]
    )
    @pytest.mark.parametrize("cycle", ["first_half", "second_half"])
    def test_of_half_a_month_are_held_to_half_of_an_odd_limit_half_up(self, cycle: str, limits: dict[str, str]) -> None:
        scheme = SCHEME | limits | {"employer": "1", "part_time": True}
        hourly = {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": "24.00"}
        by = answers(pay_composition={"components": [hourly]}, contributions_amounts={"schemes": [scheme]})
        hours = "10" if limits["floor"] != "0.00" else "100"
        person = Person(part_time=True, stretches=[Stretch(16, 16)], entered={"hours": hours})

        assert lines_of(work_out(batch_of(person, by=by, cycle=cycle)))["pension_employer"] == "1500.01"


class TestTax:
    """LAW-IIT, LAW-IIT-BASIC, LAW-IIT-BONUS."""

    def test_goes_by_the_year_so_far(self) -> None:
        entered = {"additional.elderly_support": "1000.00", "other.annuity": "100.00", "relief": "5.00"}
        year = {"months": 2, "income": "20000.00", "special": "3000.00", "withheld": "150.00"}
        person = Person(stretches=[Stretch(standard="20000.00")], entered=entered, year=year)

        results = work_out(batch_of(person))

        assert total(results, "tax") == "622.00"  # 25,900 taxable, 777 in all
        assert [total(results, name) for name in ("additional", "other", "relief")] == ["1000.00", "100.00", "5.00"]

    @pytest.mark.parametrize(
        ("mode", "tax"), [("employment_months", "150.00"), ("first_job_of_year", "0.00"), ("annual_60000", "0.00")]
    )
    def test_counts_the_months_of_the_persons_mode(self, mode: str, tax: str) -> None:
        person = Person(stretches=[Stretch(standard="10000.00")], year={"mode": mode, "months": 1})

        assert total(work_out(batch_of(person)), "tax") == tax

    def test_what_is_exempt_is_income_and_not_taxed(self) -> None:
        person = Person(stretches=[Stretch(standard="5000.00")], entered={"exempt_income": "900.00"})

        results = work_out(batch_of(person))

        assert [total(results, name) for name in ("gross", "income", "exempt", "tax")] == [
            "5900.00", "5900.00", "900.00", "0.00"
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("year", "way"),
        [
            pytest.param({}, "separate", id="the way with less tax over the year"),
            pytest.param({"bonus_way": "merged"}, "merged", id="the person's choice"),
            pytest.param({"bonuses_apart": 1}, "merged", id="a second bonus goes with the wages"),
            pytest.param({"bonuses_apart": 1, "bonus_way": "separate"}, "merged", id="whatever was chosen"),
        ],
    )
    def test_a_bonus_is_taxed_apart_or_with_the_wages(self, year: dict[str, Any], way: str) -> None:
        """Example 17: 15,000 a month, and 36,000 of bonus."""
        person = Person(stretches=[Stretch(standard="11500.00")], entered={"annual_bonus": "36000.00"}, year=year)

        results = work_out(batch_of(person, month="2026-01"))

        apart = way == "separate"
        assert total(results, "bonus") == ("36000.00" if apart else "0.00")
        assert total(results, "bonus_tax") == ("1080.00" if apart else "0.00")
        assert total(results, "income") == ("11500.00" if apart else "47500.00")
        assert total(results, "gross") == "47500.00"

    def test_the_better_way_looks_at_the_months_to_come(self) -> None:
        """Within January alone the wages' brackets are still low; over the year they are not."""
        person = Person(stretches=[Stretch(standard="35000.00")], entered={"annual_bonus": "150000.00"})

        assert total(work_out(batch_of(person, month="2026-01")), "bonus") == "150000.00"

    def test_the_months_to_come_have_their_basic_deduction_whatever_counts_them(self) -> None:
        """Twelve times 4,000 less twelve times 5,000: with the wages 24,000 of 36,000 are taxed, apart all of them."""
        without = {name: one for name, one in TAX.items() if name != "tax.basic_months"}
        person = Person(entered={"annual_bonus": "36000.00"})
        for clauses in (TAX, without):
            assert total(work_out(batch_of(person, tax=clauses, month="2026-01")), "bonus") == "0.00"

    def test_from_the_day_on_which_taxing_apart_ends_it_goes_with_the_wages(self) -> None:
        later = answers_here(area="990101", staff="made_up", on=date(2028, 1, 1), tax=True)
        person = Person(entered={"annual_bonus": "36000.00"}, year={"bonus_way": "separate"})

        assert total(work_out(batch_of(person, tax=later, month="2028-01")), "bonus") == "0.00"


class TestTakenOff:
    BY = PLAIN | answers(union_dues={"share": "0.005", "unit": "10.00"})

    @pytest.mark.parametrize(("member", "dues"), [({"union_member": "1"}, "20.00"), ({}, None)])
    def test_dues_of_a_member(self, member: dict[str, str], dues: str | None) -> None:
        person = Person(stretches=[Stretch(standard="4009.99")], entered=member)

        assert lines_of(work_out(batch_of(person, by=self.BY))).get("union_dues") == dues

    def test_net_is_what_all_of_it_leaves(self) -> None:
        by = self.BY | answers(contributions_amounts={"schemes": [SCHEME]})
        person = Person(entered={"union_member": "1", "deduction.court": "500.00"})

        results = work_out(batch_of(person, by=by))

        assert lines_of(results) == {
            "base": "4000.00", "pension_worker": "320.00", "union_dues": "20.00", "deduction.court": "500.00",
            "pension_employer": "640.00",
        }  # fmt: skip
        assert total(results, "net") == "3160.00"


def test_the_engine_asks_only_rules_that_there_are() -> None:
    assert [name for name in (*PAY_RULES, *TAX_RULES) if name not in RULES] == []
