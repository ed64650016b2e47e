"""Pay that does not cover what it has to: the employer lays it out, and later pay gives it back within its bounds."""

from dataclasses import replace
from typing import Any

import pytest

from payroll.engine import explain, snapshot, work_out
from payroll.engine.columns import Batch, Past, Results
from payroll.engine.layout import ADVANCED, RECOVERED, REPAID, WRITTEN_OFF
from payroll.engine.rows import CHUNK
from payroll.tests.engine.streets import (
    PLAIN,
    SCHEME,
    Person,
    Stretch,
    answers,
    aside,
    batch_of,
    column,
    fen,
    inputs_of,
    lines_of,
    total,
)

INSURED = PLAIN | answers(contributions_amounts={"schemes": [SCHEME]})
SHARE = {"share": "0.20", "keeps_floor": True}
BOUND = INSURED | answers(
    pay_deduction_limits={"limits": {"damage": SHARE}, "owed": SHARE}, wage_floor={"monthly": "2400.00"}
)
UNPAID = [Stretch(standard="0.00")]


def overpaid(amount: str, worker: str = "0.00", *, standard: str = "0.00") -> Past:
    """A February for which nothing was due by what is known now."""
    return Past(
        inputs=inputs_of([Person(stretches=[Stretch(standard=standard)], bases={"pension": "0.00"})], month="2026-02"),
        answers=INSURED,
        paid={"base": column([fen(amount)]), "pension_worker": column([fen(worker)])},
        mine=column([0]),
        change_id=column([7]),
    )


def reconciled(results: Results) -> bool:
    kinds = {line.code: line.kind for line in results.layout}
    signs = {"earning": 1, "deduction": -1}
    lines = zip(results.line_code.tolist(), results.line_amount.tolist(), strict=True)
    net = sum(signs.get(kinds[results.layout[code].code], 0) * amount for code, amount in lines)
    return bool(net == results.columns["net"].sum())


class TestContributions:
    """A month with nothing or too little to pay them from: insurance is owed all the same."""

    def test_that_no_pay_covers_are_laid_out(self) -> None:
        results = work_out(batch_of(Person(stretches=UNPAID, bases={"pension": "4000.00"}), by=BOUND))

        assert lines_of(results) == {"pension_worker": "320.00", ADVANCED: "-320.00", "pension_employer": "640.00"}
        assert [total(results, name) for name in ("gross", "contributions", "net", "income")] == [
            "0.00", "320.00", "0.00", "0.00"
        ]  # fmt: skip
        assert results.paid.tolist() == [True]
        assert reconciled(results)

    @pytest.mark.parametrize(
        ("pay", "advanced"), [("320.00", None), ("319.99", "-0.01")], ids=["just covered", "a fen short"]
    )
    def test_are_laid_out_as_far_as_pay_is_short(self, pay: str, advanced: str | None) -> None:
        person = Person(stretches=[Stretch(standard=pay)], bases={"pension": "4000.00"})
        results = work_out(batch_of(person, by=BOUND))

        assert lines_of(results).get(ADVANCED) == advanced
        assert total(results, "net") == "0.00"

    def test_and_the_reviewer_is_told(self) -> None:
        results = work_out(batch_of(Person(stretches=UNPAID, bases={"pension": "4000.00"}), by=BOUND))

        assert [(one.code, one.blocks, one.clause) for one in results.found] == [
            ("advanced_by_employer", False, "MADE-UP-1")
        ]
        assert "320.00" in results.found[0].zh

    @pytest.mark.parametrize(
        ("pay", "court", "reasons"),
        [
            pytest.param("1000.00", "680.00", {}, id="pay covers both"),
            pytest.param("1000.00", "680.01", {0: {"net_below_zero"}}, id="a fen more than is left of pay"),
            pytest.param("0.00", "0.01", {0: {"net_below_zero"}}, id="entered where there is no pay at all"),
        ],
    )
    def test_and_not_what_was_entered(self, pay: str, court: str, reasons: dict[int, set[str]]) -> None:
        person = Person(
            stretches=[Stretch(standard=pay)], bases={"pension": "4000.00"}, entered={"deduction.court": court}
        )

        assert aside(work_out(batch_of(person, by=BOUND))) == reasons

    def test_nor_tax(self) -> None:
        """Relief was given by mistake in earlier months: more tax is due now than the month brings."""
        year = {"months": 2, "income": "90000.00"}
        person = Person(stretches=[Stretch(standard="100.00")], insured=False, year=year)

        assert aside(work_out(batch_of(person, by=BOUND))) == {0: {"net_below_zero"}}


class TestTakenBack:
    """What earlier months were overpaid."""

    @pytest.mark.parametrize(
        ("paid", "advanced", "net"),
        [
            pytest.param("800.00", None, "2880.00", id="a fifth"),
            pytest.param("800.01", "-0.01", "2880.00", id="a fen beyond is waited for"),
            pytest.param("9000.00", "-8200.00", "2880.00", id="far more than a month's pay"),
        ],
    )
    def test_no_more_than_a_share_of_the_month(self, paid: str, advanced: str | None, net: str) -> None:
        results = work_out(batch_of(Person(), by=BOUND, past=[overpaid(paid)]))

        assert lines_of(results)["2026-02 base"] == f"-{paid}"
        assert lines_of(results).get(ADVANCED) == advanced
        assert (total(results, "net"), aside(results)) == (net, {})
        assert reconciled(results)

    @pytest.mark.parametrize(("paid", "advanced"), [("200.00", None), ("200.01", "-0.01")])
    def test_never_below_the_minimum_wage(self, paid: str, advanced: str | None) -> None:
        results = work_out(batch_of(Person(stretches=[Stretch(standard="2600.00")]), by=BOUND, past=[overpaid(paid)]))

        assert lines_of(results).get(ADVANCED) == advanced

    @pytest.mark.parametrize(("hours", "advanced"), [("20", None), ("20.01", "-0.01")])
    def test_never_below_the_minimum_of_the_hours(self, hours: str, advanced: str | None) -> None:
        """Of 600.00, 120.00 are a fifth; 480.00 are twenty hours at 24.00, and 480.24 a hundredth of an hour more."""
        by = BOUND | answers(wage_floor={"monthly": "2400.00", "hourly": "24.00"})
        person = Person(stretches=[Stretch(standard="600.00")], part_time=True, entered={"hours": hours})
        results = work_out(batch_of(person, by=by, past=[overpaid("119.77" if advanced else "120.00")]))

        assert lines_of(results).get(ADVANCED) == advanced

    @pytest.mark.parametrize(("damage", "advanced"), [("300.00", None), ("300.01", "-0.01")])
    def test_together_with_what_is_taken_off_for_damage(self, damage: str, advanced: str | None) -> None:
        person = Person(entered={"deduction.damage": damage})
        results = work_out(batch_of(person, by=BOUND, past=[overpaid("500.00")]))

        assert lines_of(results).get(ADVANCED) == advanced

    def test_less_the_contributions_that_come_back_with_it(self) -> None:
        results = work_out(batch_of(Person(), by=BOUND, past=[overpaid("900.00", "100.00")]))

        assert ADVANCED not in lines_of(results)
        assert total(results, "net") == "2880.00"

    @pytest.mark.parametrize(("paid", "advanced"), [("4000.00", None), ("4000.01", "-0.01")])
    def test_where_no_clause_bounds_it_all_that_pay_allows(self, paid: str, advanced: str | None) -> None:
        results = work_out(batch_of(Person(), past=[overpaid(paid)]))

        assert lines_of(results).get(ADVANCED) == advanced
        assert total(results, "net") == "0.00"

    def test_after_what_was_entered(self) -> None:
        """The court's due is paid before the employer gets back what it paid too much."""
        person = Person(entered={"deduction.court": "3500.00"})
        results = work_out(batch_of(person, by=BOUND, past=[overpaid("500.00")]))

        assert (lines_of(results)[ADVANCED], total(results, "net")) == ("-320.00", "0.00")

    def test_of_whoever_has_left_is_waited_for_once(self) -> None:
        gone = Person(stretches=[], present=False)
        results = work_out(batch_of(gone, by=BOUND, past=[overpaid("4000.00")]))

        assert lines_of(results) == {"2026-02 base": "-4000.00", ADVANCED: "-4000.00"}
        assert (results.paid.tolist(), total(results, "net")) == ([True], "0.00")
        assert [one.blocks for one in results.found] == [False]

    def test_and_no_empty_slip_is_made_for_him_later(self) -> None:
        gone = Person(stretches=[], present=False, year={"owed": "4000.00"})
        results = work_out(batch_of(gone, Person("wang"), by=BOUND, past=[overpaid("0.00")]))

        assert (results.paid.tolist(), aside(results), len(results.leaves)) == ([False, True], {}, 1)


class TestRecovered:
    """What was laid out comes back from later pay."""

    @pytest.mark.parametrize(
        ("owed", "recovered"),
        [
            pytest.param("799.99", "799.99", id="all of it"),
            pytest.param("800.00", "800.00", id="a fifth of the month"),
            pytest.param("800.01", "800.00", id="never more"),
            pytest.param("0.00", None, id="nothing owed"),
        ],
    )
    def test_within_a_share_of_the_month(self, owed: str, recovered: str | None) -> None:
        results = work_out(batch_of(Person(year={"owed": owed}), by=BOUND))

        assert lines_of(results).get(RECOVERED) == recovered
        assert fen(total(results, "net")) == fen("3680.00") - fen(recovered or "0.00")
        assert total(results, "income") == "4000.00"
        assert reconciled(results)

    @pytest.mark.parametrize(("pay", "recovered"), [("2400.01", "0.01"), ("2400.00", None)])
    def test_never_below_the_minimum_wage(self, pay: str, recovered: str | None) -> None:
        person = Person(stretches=[Stretch(standard=pay)], year={"owed": "50.00"})

        assert lines_of(work_out(batch_of(person, by=BOUND))).get(RECOVERED) == recovered

    def test_after_what_earlier_months_take_back(self) -> None:
        results = work_out(batch_of(Person(year={"owed": "5000.00"}), by=BOUND, past=[overpaid("700.00")]))

        assert (lines_of(results)[RECOVERED], ADVANCED in lines_of(results)) == ("100.00", False)

    def test_leaving_no_less_than_nothing(self) -> None:
        person = Person(entered={"deduction.court": "3600.00"}, year={"owed": "500.00"})
        results = work_out(batch_of(person, by=BOUND))

        assert (lines_of(results)[RECOVERED], total(results, "net")) == ("80.00", "0.00")

    def test_not_in_a_month_in_which_more_is_laid_out(self) -> None:
        person = Person(stretches=UNPAID, bases={"pension": "4000.00"}, year={"owed": "500.00"})

        assert RECOVERED not in lines_of(work_out(batch_of(person, by=BOUND)))

    @pytest.mark.parametrize("settled", [REPAID, WRITTEN_OFF])
    def test_what_was_settled_otherwise_is_noted_and_changes_nothing(self, settled: str) -> None:
        results, without = (work_out(batch_of(Person(year=year), by=BOUND)) for year in ({settled: "150.00"}, {}))

        assert lines_of(results) == lines_of(without) | {settled: "150.00"}
        assert {name: column.tolist() for name, column in results.columns.items()} == {
            name: column.tolist() for name, column in without.columns.items()
        }

    @pytest.mark.parametrize("settled", [REPAID, WRITTEN_OFF])
    def test_of_whoever_is_gone_a_note_makes_no_slip(self, settled: str) -> None:
        gone = Person(stretches=[], present=False, year={settled: "4000.00"})
        results = work_out(batch_of(gone, Person("wang"), by=BOUND))

        assert (results.paid.tolist(), len(results.leaves)) == ([False, True], 1)
        assert lines_of(results, 0) == {}

    def test_of_whoever_is_gone_it_stands_beside_a_difference(self) -> None:
        gone = Person(stretches=[], present=False, year={WRITTEN_OFF: "5.00"})
        results = work_out(batch_of(gone, by=BOUND, past=[overpaid("700.00")]))

        assert lines_of(results)[WRITTEN_OFF] == "5.00"

    def test_is_not_worked_out_again_for_an_earlier_month(self) -> None:
        paid = {ADVANCED: "-320.00", RECOVERED: "5.00", REPAID: "7.00", WRITTEN_OFF: "9.00", "base": "4000.00",
                "pension_worker": "320.00", "pension_employer": "640.00"}  # fmt: skip
        february = replace(
            overpaid("0.00"),
            inputs=inputs_of([Person()], month="2026-02"),
            paid={code: column([fen(amount)]) for code, amount in paid.items()},
        )

        assert not any(
            code.startswith("2026-02") for code in lines_of(work_out(batch_of(Person(), past=[february], by=BOUND)))
        )

    def test_in_every_piece_of_a_large_street(self) -> None:
        street = [Person(f"worker-{number:05}", year={"owed": "1.00"}) for number in range(CHUNK + 1)]
        results = work_out(batch_of(*street, by=BOUND))

        assert [lines_of(results, slip)[RECOVERED] for slip in (0, CHUNK)] == ["1.00", "1.00"]


class TestSealed:
    def _batch(self) -> Batch:
        li = Person(year={"owed": "900.00", "repaid": "1.00", "written_off": "20.00"})
        wang = Person("wang", UNPAID, year={"owed": "5.00"}, bases={"pension": "4000.00"})
        return batch_of(li, wang, by=BOUND)

    def test_what_is_owed_is_in_the_snapshot(self) -> None:
        batch = self._batch()
        again = snapshot.read(snapshot.write(batch))

        assert again.year.owed.tolist() == [90000, 500]
        assert (again.year.repaid.tolist(), again.year.written_off.tolist()) == ([100, 0], [2000, 0])
        assert snapshot.write(again) == snapshot.write(batch)
        assert work_out(again).root == work_out(batch).root

    @pytest.mark.parametrize(
        ("slip", "code", "words"),
        [
            (0, RECOVERED, ["900.00", "800.00", "尚欠100.00", "0.20", "最低工资"]),
            (0, REPAID, ["1.00", "本人已交回", "待还900.00"]),
            (0, WRITTEN_OFF, ["20.00", "已核销", "由单位承担", "不计入本月应发", "待还900.00"]),
            (1, ADVANCED, ["应发0.00", "320.00", "单位垫付", "累计待还325.00"]),
        ],
    )
    def test_each_line_says_why(self, slip: int, code: str, words: list[str]) -> None:
        batch = self._batch()
        [line] = [one for one in explain.explain(batch, work_out(batch), slip) if one.code == code]

        said: Any = line.words_zh
        assert [word for word in words if word not in said] == []
