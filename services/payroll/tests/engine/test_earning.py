"""What a month brings: days in the post, changes within the month, leave, overtime, probation, part-timers."""

from typing import Any

import pytest

from payroll.engine import Unanswered, work_out
from payroll.engine.columns import Answers
from payroll.tests.engine.streets import (
    PLAIN,
    STANDARD,
    UNINSURED,
    Person,
    Stretch,
    answers,
    aside,
    batch_of,
    lines_of,
    total,
)

FULL = "4350.00"  # two hundred a day by 21.75


def paid(person: Person, by: Answers = PLAIN, **about: Any) -> dict[str, str]:
    return lines_of(work_out(batch_of(person, by=by, **about)))


def in_post(*days: tuple[int, int], standard: str = FULL) -> Person:
    return Person(stretches=[Stretch(first, last, standard) for first, last in days])


class TestPartOfMonth:
    """March 2026 has 22 weekdays and begins on a Sunday; February has 20."""

    @pytest.mark.parametrize(
        ("days", "pay"),
        [
            pytest.param([(1, 31)], "4350.00", id="the whole month is the whole pay"),
            pytest.param([(1, 15), (16, 31)], "4350.00", id="in two stretches as well"),
            pytest.param([(2, 31)], "4350.00", id="22 weekdays are no more than the month"),
            pytest.param([(3, 31)], "4200.00", id="21 weekdays"),
            pytest.param([(31, 31)], "200.00", id="one weekday is one day's pay"),
            pytest.param([(2, 3), (30, 31)], "800.00", id="two spells add up"),
        ],
    )
    def test_by_the_fixed_number_of_paid_days(self, days: list[tuple[int, int]], pay: str) -> None:
        assert paid(in_post(*days))["base"] == pay

    def test_a_weekend_alone_is_nothing(self) -> None:
        assert paid(in_post((28, 29))) == {}

    @pytest.mark.parametrize(("first", "pay"), [(1, "4350.00"), (2, "4000.00")])
    def test_a_short_month_is_whole_only_for_who_is_there_all_of_it(self, first: int, pay: str) -> None:
        """February 2026 begins on a Sunday, so that the 2nd to the 28th have all its 20 weekdays."""
        assert paid(in_post((first, 28)), month="2026-02")["base"] == pay

    @pytest.mark.parametrize(("method", "pay"), [("by_calendar_days", "2064.52"), ("by_working_days", "2181.82")])
    def test_by_other_methods(self, method: str, pay: str) -> None:
        by = PLAIN | answers(pay_partial_month={"method": method})

        assert paid(in_post((16, 31), standard="4000.00"), by)["base"] == pay

    def test_a_change_within_the_month_is_rounded_once(self) -> None:
        """10 weekdays at 1000.01 and 12 at 2000.02 of 22."""
        person = Person(stretches=[Stretch(1, 15, "1000.01"), Stretch(16, 31, "2000.02")])

        assert paid(person)["base"] == "1545.47"  # 454.550 and 1090.920 would each be rounded to 1545.47 in all
        assert paid(Person(stretches=[Stretch(1, 15, "0.03"), Stretch(16, 31, "0.05")]))["base"] == "0.04"

    def test_shares_of_the_standard_add_up_to_the_part_of_it(self) -> None:
        shares = [
            {"component": "base", "label_zh": "基础", "kind": "share_of_standard", "share": "0.70"},
            {"component": "rest", "label_zh": "其余", "kind": "share_of_standard", "share": "0.30"},
        ]
        by = PLAIN | answers(pay_composition={"components": shares})

        assert paid(in_post((3, 31), standard="1000.03"), by) == {"base": "675.89", "rest": "289.66"}  # 965.55

    def test_without_a_clause_nobody_can_be_paid_for_a_part(self) -> None:
        by = {rule: said for rule, said in PLAIN.items() if rule != "pay.partial_month"}

        assert paid(in_post((1, 31)), by)["base"] == FULL
        with pytest.raises(Unanswered, match=r"pay\.partial_month"):
            paid(in_post((2, 31)), by)

    def test_who_was_in_the_post_on_no_day_earns_nothing(self) -> None:
        results = work_out(batch_of(Person(stretches=[]), Person("wang")))

        assert lines_of(results) == {}
        assert lines_of(results, 1)["base"] == "4000.00"


LEAVE: Any = {
    "kinds": {
        "sick": {"share": "0.60", "floor_share": "0.80"},
        "personal": {"share": "0"},
        "maternity": {"share": "0", "by_fund": True, "tops_up": True},
    }
}
WITH_LEAVE = PLAIN | answers(leave_pay=LEAVE, wage_floor={"monthly": "2175.00"})


class TestLeave:
    @pytest.mark.parametrize(
        ("leave", "lines"),
        [
            pytest.param({"annual": 22}, {"base": "4350.00"}, id="annual leave is paid like work"),
            pytest.param({"personal": 2}, {"base": "4000.00"}, id="unpaid days are not paid days"),
            pytest.param({"sick": 2}, {"base": "4000.00", "leave_sick": "210.00"}, id="sick pay of what is left"),
            pytest.param({"sick": 22}, {"leave_sick": "2610.00"}, id="sick all month"),
            pytest.param({"personal": 22}, {}, id="away all month"),
            pytest.param({"personal": 1, "sick": 1}, {"base": "4000.00", "leave_sick": "105.00"}, id="one of each"),
            pytest.param({"maternity": 22}, {"leave_maternity": "350.00"}, id="topped up to usual pay"),
        ],
    )
    def test_by_kind(self, leave: dict[str, int], lines: dict[str, str]) -> None:
        person = Person(stretches=[Stretch(standard=FULL)], leave=leave, entered={"fund_allowance": "4000.00"})

        assert paid(person, WITH_LEAVE) == lines

    @pytest.mark.parametrize(
        ("standard", "pay"), [("2900.00", "1740.00"), ("2899.98", "1740.00"), ("2900.02", "1740.01")]
    )
    def test_sick_pay_is_no_less_than_its_share_of_the_minimum_wage(self, standard: str, pay: str) -> None:
        person = Person(stretches=[Stretch(standard=standard)], leave={"sick": 22})

        assert paid(person, WITH_LEAVE) == {"leave_sick": pay}

    def test_sick_and_then_in_the_post_for_a_part_alone(self) -> None:
        """From the 16th: 12 weekdays, two of them sick."""
        person = Person(stretches=[Stretch(16, 31, FULL)], leave={"sick": 2})

        assert paid(person, WITH_LEAVE) == {"base": "2000.00", "leave_sick": "240.00"}

    def test_without_a_clause_it_is_paid_like_work_and_somebody_is_told(self) -> None:
        results = work_out(batch_of(Person(leave={"sick": 3})))

        assert lines_of(results)["base"] == "4000.00"
        assert [(one.code, one.blocks) for one in results.found] == [("no_rule_for_leave", False)]


class TestBeside:
    OVERTIME = PLAIN | answers(
        pay_overtime={
            "paid_days": "21.75", "hours_a_day": "8", "times": {"working_day": "1.5", "rest_day": "2", "holiday": "3"}
        },
        leave_unused_pay={"paid_days": "21.75", "times": "3", "normal_times": "1"},
    )  # fmt: skip

    def test_overtime_is_paid_by_the_hour_of_basic_income(self) -> None:
        entered = {"overtime_working_day": "1", "overtime_rest_day": "1", "overtime_holiday": "1.5"}
        person = Person(stretches=[Stretch(standard="5000.00")], entered=entered)

        assert paid(person, self.OVERTIME) == {
            "base": "5000.00",
            "overtime_working_day": "43.10",
            "overtime_rest_day": "57.47",
            "overtime_holiday": "129.31",
            "tax": "6.90",
        }

    @pytest.mark.parametrize(("average", "pay"), [({}, "459.77"), ({"average_pay": "4350.00"}, "400.00")])
    def test_leave_not_taken_goes_by_the_average_or_this_months_pay(self, average: dict[str, str], pay: str) -> None:
        person = Person(stretches=[Stretch(standard="5000.00")], entered={"unused_leave_days": "1", **average})

        assert paid(person, self.OVERTIME)["unused_leave_pay"] == pay

    def test_hours_that_no_clause_pays_are_pointed_out(self) -> None:
        results = work_out(batch_of(Person(entered={"overtime_rest_day": "1"})))

        assert lines_of(results) == {"base": "4000.00"}
        assert [(one.code, one.blocks) for one in results.found] == [("no_rule_for_entry", False)]

    @pytest.mark.parametrize(("probation", "pay"), [(True, "3200.00"), (False, "4000.00")])
    def test_a_month_in_probation_is_paid_by_the_share(self, probation: bool, pay: str) -> None:
        by = PLAIN | answers(pay_probation={"lowest_share": "0.80", "share": "0.80"})

        assert paid(Person(probation=probation), by)["base"] == pay

    def test_an_entry_of_a_schemes_own_is_found_with_and_without_its_prefix(self) -> None:
        extra = {"component": "extra", "label_zh": "补贴", "kind": "entered", "entry": "extra"}
        by = PLAIN | answers(pay_composition={"components": [STANDARD, extra]})

        for code in ("extra", "component.extra"):
            assert paid(Person(entered={code: "12.34"}), by)["extra"] == "12.34"


class TestPartTimers:
    BY = answers(
        pay_composition={
            "components": [STANDARD, {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": "24.00"}]
        },
        contributions_amounts=UNINSURED,
        wage_floor={"monthly": "2400.00", "hourly": "24.00"},
        pay_meets_floor={"basis": {"full_time": "monthly", "part_time": "hourly"}},
    )

    def test_are_paid_their_hours_and_no_standard(self) -> None:
        person = Person(part_time=True, stretches=[Stretch(1, 15, standard=None)], entered={"hours": "40.25"})

        assert paid(person, self.BY, cycle="first_half") == {"hours": "966.00"}

    def test_without_hours_have_a_slip_of_nothing(self) -> None:
        results = work_out(batch_of(Person(part_time=True, stretches=[Stretch(1, 15)]), by=self.BY, cycle="first_half"))

        assert (results.paid.tolist(), total(results, "net")) == ([True], "0.00")

    @pytest.mark.parametrize(("rate", "reasons"), [("24.00", {}), ("23.99", {0: {"below_floor"}})])
    def test_are_held_to_the_hourly_minimum(self, rate: str, reasons: dict[int, set[str]]) -> None:
        hourly = {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": rate}
        by = {**self.BY, **answers(pay_composition={"components": [hourly]})}

        assert aside(work_out(batch_of(Person(part_time=True, entered={"hours": "10"}), by=by))) == reasons

    def test_whose_pay_is_rounded_down_reach_the_minimum_rounded_the_same_way(self) -> None:
        hourly = {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": "24.05"}
        floor = {"monthly": "2400.00", "hourly": "24.05"}
        by = {**self.BY, **answers(pay_composition={"components": [hourly]}, wage_floor=floor)}

        assert aside(work_out(batch_of(Person(part_time=True, entered={"hours": "10.27"}), by=by))) == {}

    @pytest.mark.parametrize(("damage", "reasons"), [("100.00", {}), ("100.01", {0: {"deduction_too_large"}})])
    def test_keep_the_hourly_minimum_when_damage_is_taken_off(self, damage: str, reasons: dict[int, set[str]]) -> None:
        hourly = {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": "25.00"}
        limits = {"limits": {"damage": {"share": "0.20", "keeps_floor": True}}}
        terms = answers(pay_composition={"components": [hourly]}, pay_deduction_limits=limits)
        person = Person(part_time=True, entered={"hours": "100", "deduction.damage": damage})

        assert aside(work_out(batch_of(person, by={**self.BY, **terms}))) == reasons

    def test_wait_where_the_hourly_minimum_is_not_known(self) -> None:
        by = {**self.BY, **answers(wage_floor={"monthly": "2400.00"})}
        results = work_out(batch_of(Person(part_time=True, entered={"hours": "10"}), by=by))

        assert aside(results) == {0: {"hourly_floor_unknown"}}
