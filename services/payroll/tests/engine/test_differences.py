"""Earlier months worked out again: the differences are lines of the present slip, each with its month and cause."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from payroll.engine import ABSENT, work_out
from payroll.engine.columns import Answers, Past
from payroll.engine.rows import CHUNK
from payroll.tests.engine.streets import (
    PLAIN,
    SCHEME,
    Person,
    Stretch,
    answers,
    batch_of,
    column,
    fen,
    inputs_of,
    lines_of,
    total,
)

INSURED = PLAIN | answers(contributions_amounts={"schemes": [SCHEME]})


def past(
    *people: Person,
    paid: Mapping[str, Sequence[str | None]],
    by: Answers = PLAIN,
    month: str = "2026-02",
    mine: Sequence[int] | None = None,
) -> Past:
    return Past(
        inputs=inputs_of(people, month=month),
        answers=by,
        paid={code: column([fen(amount) for amount in amounts]) for code, amounts in paid.items()},
        mine=column(range(len(people)) if mine is None else mine),
        change_id=column([7 + number for number in range(len(people))]),
    )


class TestDifferences:
    @pytest.mark.parametrize(
        ("paid", "difference"),
        [
            pytest.param("3999.99", "0.01", id="a fen too little is paid"),
            pytest.param("4000.00", None, id="what was right stays as it is"),
            pytest.param("4000.01", "-0.01", id="a fen too much is taken back"),
            pytest.param(None, "4000.00", id="a month that was not paid at all"),
        ],
    )
    def test_carry_their_month_and_their_cause(self, paid: str | None, difference: str | None) -> None:
        results = work_out(batch_of(Person(), past=[past(Person(), paid={"base": [paid]})]))

        assert lines_of(results).get("2026-02 base") == difference
        assert lines_of(results)["base"] == "4000.00"
        assert set(results.line_change.tolist()) == ({-1} if difference is None else {-1, 7})

    def test_keep_the_cause_of_their_own_row_in_a_street_worked_out_in_pieces(self) -> None:
        street = [Person(f"worker-{number:05}") for number in range(CHUNK + 2)]
        right = ["4000.00"] * CHUNK

        results = work_out(batch_of(*street, past=[past(*street, paid={"base": [*right, "3999.99", "3999.98"]})]))

        late = results.line_period >= 0
        found = zip(results.line_slip[late], results.line_amount[late], results.line_change[late], strict=True)
        assert [tuple(map(int, one)) for one in found] == [(CHUNK, 1, 7 + CHUNK), (CHUNK + 1, 2, 8 + CHUNK)]

    @pytest.mark.parametrize(("damage", "set_aside"), [("800.00", False), ("800.01", True)])
    def test_are_not_part_of_the_pay_whose_share_may_be_taken_off(self, damage: str, set_aside: bool) -> None:
        by = PLAIN | answers(pay_deduction_limits={"limits": {"damage": {"share": "0.20"}}})
        person = Person(entered={"deduction.damage": damage})
        results = work_out(batch_of(person, by=by, past=[past(Person(), paid={"base": ["1000.00"]})]))

        assert results.paid.tolist() == [not set_aside]

    def test_are_income_of_the_month_of_payment_and_contributions_of_their_own(self) -> None:
        february = past(Person(), paid={"base": ["1000.00"], "pension_worker": ["80.00"]}, by=INSURED)
        results = work_out(batch_of(Person(), by=INSURED, past=[february]))

        assert lines_of(results)["2026-02 pension_worker"] == "240.00"
        assert lines_of(results)["2026-02 pension_employer"] == "640.00"
        assert [total(results, name) for name in ("gross", "contributions", "employer_contributions", "tax")] == [
            "7000.00", "560.00", "1280.00", "43.20"
        ]  # fmt: skip

    def test_of_a_line_that_no_clause_pays_any_more_take_it_back(self) -> None:
        results = work_out(batch_of(Person(), past=[past(Person(), paid={"base": ["4000.00"], "meals": ["300.00"]})]))

        assert lines_of(results)["2026-02 meals"] == "-300.00"

    def test_are_not_made_of_tax_dues_and_deductions(self) -> None:
        paid = {"base": ["4000.00"], "tax": ["9.00"], "union_dues": ["20.00"], "deduction.court": ["500.00"]}

        assert lines_of(work_out(batch_of(Person(), past=[past(Person(), paid=paid)]))) == {"base": "4000.00"}

    def test_share_the_pool_of_the_month_again_among_all_who_were_in_it(self) -> None:
        shares: Any = [{"component": "pool", "label_zh": "绩效", "kind": "pooled_share_of_standard", "share": "1"}]
        by = PLAIN | answers(pay_composition={"components": shares}, pool_shares={"weigh_by": "score"})
        people = [Person("li", score="75"), Person("wang", score="25")]

        results = work_out(batch_of(*people, by=by, past=[past(*people, paid={"pool": ["4000.00", "4000.00"]}, by=by)]))

        assert [lines_of(results, slip)["2026-02 pool"] for slip in (0, 1)] == ["2000.00", "-2000.00"]

    def test_of_somebody_whom_another_batch_pays_are_not_paid_here(self) -> None:
        february = past(Person(), Person("wang"), paid={"base": ["1.00", "1.00"]}, mine=[-1, 0])

        results = work_out(batch_of(Person("wang"), past=[february]))

        assert lines_of(results) == {"base": "4000.00", "2026-02 base": "3999.00", "tax": "89.97"}

    def test_alone_make_a_slip_for_who_has_left(self) -> None:
        gone = Person(stretches=[], present=False, entered={"overtime_pay": "50.00"})

        results = work_out(batch_of(gone, by=INSURED, past=[past(Person(), paid={"base": ["3000.00"]})]))

        assert lines_of(results) == {"2026-02 base": "1000.00"}
        assert total(results, "net") == "1000.00"

    def test_that_leave_less_than_nothing_are_owed(self) -> None:
        results = work_out(batch_of(Person(), past=[past(Person(), paid={"base": ["8000.01"]})]))

        assert lines_of(results)["advanced_by_employer"] == "-0.01"
        assert total(results, "net") == "0.00"

    def test_of_a_month_that_cannot_be_worked_out_wait_and_the_present_is_paid(self) -> None:
        february = past(Person(stretches=[Stretch(standard=None)]), paid={"base": ["1.00"]})

        results = work_out(batch_of(Person(), past=[february]))

        assert lines_of(results) == {"base": "4000.00"}
        assert [(one.slip, one.period, one.code) for one in results.found] == [(0, "2026-02", "standard_missing")]

    def test_of_several_months_stand_in_their_order(self) -> None:
        months = [past(Person(), paid={"base": [paid]}, month=month) for month, paid in
                  (("2026-02", "3000.00"), ("2025-12", "2000.00"), ("2026-01", "1000.00"))]  # fmt: skip
        results = work_out(batch_of(Person(), past=months))

        assert list(lines_of(results)) == ["base", "tax", "2025-12 base", "2026-01 base", "2026-02 base"]
        assert work_out(batch_of(Person(), past=months[::-1])).root == results.root

    def test_absent_and_nothing_paid_are_alike(self) -> None:
        nothing = past(Person(), paid={"base": ["0.00"]})
        absent = replace(nothing, paid={"base": np.array([ABSENT])})

        roots = {work_out(batch_of(Person(), past=[one])).root for one in (nothing, absent)}

        assert len(roots) == 1


class TestUnionDues:
    """LAW-TU-01: of a month that is paid for the first time they are taken with its pay; what was taken stays."""

    BY = INSURED | answers(union_dues={"share": "0.005", "unit": "10.00"})
    MEMBER = Person(entered={"union_member": "1.00"})

    @pytest.mark.parametrize(
        ("paid", "dues"),
        [
            pytest.param({}, "20.00", id="nothing was paid"),
            pytest.param({"base": ["0.00"]}, "20.00", id="nothing of any line"),
            pytest.param({"base": ["0.01"]}, None, id="a fen was paid"),
            pytest.param({"base": ["3000.00"], "union_dues": ["15.00"]}, None, id="pay and dues were"),
            pytest.param({"union_dues": ["15.00"]}, None, id="dues alone were"),
        ],
    )
    def test_of_a_month_first_paid_now(self, paid: dict[str, list[str]], dues: str | None) -> None:
        february = past(self.MEMBER, paid=paid, by=self.BY)
        results = work_out(batch_of(self.MEMBER, by=self.BY, past=[february]))

        assert lines_of(results).get("2026-02 union_dues") == dues
        assert lines_of(results)["union_dues"] == "20.00"

    def test_lower_no_tax_and_are_no_contribution(self) -> None:
        february = past(self.MEMBER, paid={}, by=self.BY)
        results = work_out(batch_of(self.MEMBER, by=self.BY, past=[february]))

        names = ("gross", "special", "contributions", "tax", "net")
        # 8,000 less 640 and 5,000 is taxed: 70.80; twice 20 of dues
        assert [total(results, name) for name in names] == ["8000.00", "640.00", "640.00", "70.80", "7249.20"]

    @pytest.mark.parametrize(
        ("person", "dues"),
        [
            pytest.param(Person(stretches=[], present=False), "20.00", id="also from who has left since"),
            pytest.param(Person(), "20.00", id="by membership in the month itself"),
        ],
    )
    def test_go_by_the_month_that_they_are_for(self, person: Person, dues: str) -> None:
        results = work_out(batch_of(person, by=self.BY, past=[past(self.MEMBER, paid={}, by=self.BY)]))
        none = work_out(batch_of(self.MEMBER, by=self.BY, past=[past(Person(), paid={}, by=self.BY)]))

        assert lines_of(results)["2026-02 union_dues"] == dues
        assert "2026-02 union_dues" not in lines_of(none)

    def test_go_where_the_differences_go(self) -> None:
        february = past(self.MEMBER, self.MEMBER, paid={}, by=self.BY, mine=[-1, 0])
        lines = lines_of(work_out(batch_of(self.MEMBER, by=self.BY, past=[february])))

        assert lines["2026-02 union_dues"] == "20.00"


class TestFiguresThatAreNotPaid:
    def test_make_no_slip_for_who_has_left(self) -> None:
        """A component that others are shares of may come out differently where nothing that is paid does."""
        parts: Any = [
            {"component": "whole", "label_zh": "标准", "kind": "per_year", "amount": "100.00", "paid": False},
            {"component": "all", "label_zh": "工资", "kind": "share_of", "of": ["whole"], "share": "1"},
        ]
        by = PLAIN | answers(pay_composition={"components": parts})
        gone = Person(stretches=[], present=False, year={"additional": "500.00"})
        then = Person(stretches=[Stretch(years=10)])
        results = [
            work_out(batch_of(gone, by=by, past=[past(then, paid={"whole": ["999.00"], "all": [paid]}, by=by)]))
            for paid in ("1000.00", "999.99")
        ]

        assert [one.paid.tolist() for one in results] == [[False], [True]]
        assert lines_of(results[0]) == {}
