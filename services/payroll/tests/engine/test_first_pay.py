"""What contributions go by where no base was set: the pay of the first month with the employer, from then on."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from payroll.engine import explain, snapshot, work_out
from payroll.engine.columns import ABSENT, Answers, Results
from payroll.tests.engine.streets import (
    MARCH,
    PLAIN,
    SCHEME,
    Person,
    Stretch,
    answers,
    batch_of,
    lines_of,
    yuan,
)
from payroll.tests.engine.test_differences import past

PENSION = PLAIN | answers(contributions_amounts={"schemes": [SCHEME]})
FUND = SCHEME | {"scheme": "housing_fund", "employer": "0.10", "worker": "0.10", "first_job_from": 2}
BOTH = PLAIN | answers(contributions_amounts={"schemes": [SCHEME, FUND]})
HOURLY = {"component": "hours", "label_zh": "计时", "kind": "hourly", "rate": "24.00"}

NOTHING: Mapping[str, Sequence[str | None]] = {}


def paying(standard: str, **changes: Any) -> Person:
    first_day, last_day = changes.pop("days", (1, 31))
    return Person(stretches=[Stretch(first_day, last_day, standard)], **changes)


def begun(results: Results, scheme: str = "pension") -> dict[str, str]:
    """The first months found, and their pay."""
    return {
        month.month: yuan(amount)
        for month in results.first_months
        for amount in month.begun.get(scheme, ())
        if amount != ABSENT
    }


def ended(results: Results, scheme: str = "pension") -> list[str]:
    """The months that are nobody's first one."""
    return [month.month for month in results.first_months if month.ended.get(scheme, [False])[0]]


class TestTheFirstMonth:
    @pytest.mark.parametrize(
        ("person", "kept"),
        [
            pytest.param(paying("4000.00"), {MARCH: "4000.00"}, id="is kept, before floor and ceiling"),
            pytest.param(paying("4000.00", days=(30, 31)), {MARCH: "4000.00"}, id="as a whole month, begun late"),
            pytest.param(paying("4000.00", bases={"pension": "1.00"}), {}, id="not where a base was set"),
            pytest.param(paying("4000.00", kept={"pension": "1.00"}), {}, id="not where an earlier one is known"),
            pytest.param(paying("4000.00", insured=False), {}, id="not of whom another employer insures"),
            pytest.param(paying("4000.00", insurance="elsewhere"), {}, id="not of who is not in the scheme"),
            pytest.param(paying("4000.00", present=False), {}, id="not of who only has differences coming"),
            pytest.param(Person(stretches=[]), {}, id="not of who was there on no day"),
            pytest.param(paying("4000.00", entered={"deduction.court": "4000.00"}), {}, id="not of who is set aside"),
        ],
    )
    def test_is_kept(self, person: Person, kept: dict[str, str]) -> None:
        floor = SCHEME | {"floor": "5000.00"}
        results = work_out(batch_of(person, by=PLAIN | answers(contributions_amounts={"schemes": [floor]})))

        paid = [month for month in results.first_months if results.paid[month.slips].any()]
        assert begun(results) == kept if paid else kept == {}

    @pytest.mark.parametrize(
        ("facts", "worker"),
        [
            pytest.param({"kept": {"pension": "3000.00"}}, "240.00", id="instead of the month's own"),
            pytest.param({"kept": {"injury": "3000.00"}}, "320.00", id="of that scheme alone"),
            pytest.param(
                {"kept": {"pension": "3000.00"}, "bases": {"pension": "2000.00"}}, "160.00", id="not before a set base"
            ),
        ],
    )
    def test_counts(self, facts: dict[str, Any], worker: str) -> None:
        assert lines_of(work_out(batch_of(paying("4000.00", **facts), by=PENSION)))["pension_worker"] == worker

    @pytest.mark.parametrize(("unset", "worker"), [("first_month", "240.00"), ("each_month", "320.00")])
    def test_is_no_matter_where_the_place_says_so(self, unset: str, worker: str) -> None:
        by = PLAIN | answers(contributions_amounts={"schemes": [SCHEME | {"unset_base": unset}]})
        results = work_out(batch_of(paying("4000.00", kept={"pension": "3000.00"}), by=by))

        assert lines_of(results)["pension_worker"] == worker
        assert unset == "first_month" or begun(work_out(batch_of(paying("4000.00"), by=by))) == {}

    @pytest.mark.parametrize("cycle", ["month", "first_half", "second_half"])
    def test_of_part_timers_is_not_kept_and_does_not_count(self, cycle: str) -> None:
        by = answers(
            pay_composition={"components": [HOURLY]},
            contributions_amounts={"schemes": [SCHEME | {"part_time": True}]},
        )
        person = Person(
            part_time=True, stretches=[Stretch(16, 16)], entered={"hours": "10"}, kept={"pension": "9000.00"}
        )
        results = work_out(batch_of(person, by=by, cycle=cycle))

        assert lines_of(results)["pension_worker"] == "19.20"
        assert begun(results) == {}

    @pytest.mark.parametrize(
        ("facts", "counted", "words"),
        [
            pytest.param({}, "4000.00", "本月工资", id="the month's own pay"),
            pytest.param({"kept": {"pension": "3000.00"}}, "3000.00", "首月工资", id="that of a first month"),
            pytest.param({"bases": {"pension": "2000.00"}}, "2000.00", "核定基数", id="a base that was set"),
        ],
    )
    def test_is_told_from_others_where_a_line_is_explained(
        self, facts: dict[str, Any], counted: str, words: str
    ) -> None:
        batch = batch_of(paying("4000.00", **facts), by=PENSION)
        line = next(one for one in explain.explain(batch, work_out(batch), 0) if one.code == "pension_worker")

        assert line.inputs["contribution_base"] == counted
        assert line.words_zh == f"缴费基数{counted}元×0.08（按{words}，下限0.00元、上限99999.00元）"

    def test_found_in_the_same_batch_is_told_as_well(self) -> None:
        batch = batch_of(paying("4000.00"), by=PENSION, past=[past(paying("3000.00"), paid={}, by=PENSION)])
        lines = [one for one in explain.explain(batch, work_out(batch), 0) if one.code == "pension_worker"]

        assert "按首月工资" in next(one for one in lines if one.period is None).words_zh


def january(*people: Person, paid: Mapping[str, Sequence[str | None]] = NOTHING, by: Answers = PENSION) -> Any:
    return past(*people, paid=paid, month="2026-01", by=by)


class TestEarlierMonths:
    """The first month is looked for again in every month that is worked out again, and holds for those after it."""

    def test_paid_late_leave_theirs_to_the_months_after_them(self) -> None:
        months = [january(paying("3000.00")), past(paying("3500.00"), paid={}, by=PENSION)]
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=months))

        lines = lines_of(results)
        assert [lines[code] for code in ("2026-01 pension_worker", "2026-02 pension_worker", "pension_worker")] == [
            "240.00", "240.00", "240.00"
        ]  # fmt: skip
        assert begun(results) == {"2026-01": "3000.00"}
        assert ended(results) == ["2026-02"]

    def test_keep_what_was_kept_when_their_pay_is_otherwise_now(self) -> None:
        paid = {"base": ["3000.00"], "pension_worker": ["240.00"], "pension_employer": ["480.00"]}
        first = past(paying("3300.00", kept={"pension": "3000.00"}), paid=paid, by=PENSION)
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=[first]))

        assert {code: amount for code, amount in lines_of(results).items() if "2026-02" in code} == {
            "2026-02 base": "300.00"
        }
        assert lines_of(results)["pension_worker"] == "240.00"
        assert (begun(results), ended(results)) == ({}, [])

    def test_that_have_never_been_hand_it_on(self) -> None:
        paid = {"base": ["3000.00"], "pension_worker": ["240.00"], "pension_employer": ["480.00"]}
        gone = january(Person(stretches=[]), paid=paid)
        now_first = past(paying("3500.00"), paid=paid, by=PENSION)
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=[gone, now_first]))

        lines = lines_of(results)
        assert lines["2026-01 pension_worker"] == "-240.00"
        assert (lines["2026-02 pension_worker"], lines["pension_worker"]) == ("40.00", "280.00")
        assert (begun(results), ended(results)) == ({"2026-02": "3500.00"}, ["2026-01"])

    def test_found_before_the_first_one_take_its_place(self) -> None:
        paid = {"base": ["3500.00"], "pension_worker": ["280.00"], "pension_employer": ["560.00"]}
        then_first = past(paying("3500.00", kept={"pension": "3500.00"}), paid=paid, by=PENSION)
        batch = batch_of(paying("4000.00"), by=PENSION, past=[january(paying("3000.00")), then_first])
        results = work_out(batch)

        lines = lines_of(results)
        assert (lines["2026-02 pension_worker"], lines["pension_worker"]) == ("-40.00", "240.00")
        assert (begun(results), ended(results)) == ({"2026-01": "3000.00"}, ["2026-02"])
        assert work_out(snapshot.read(snapshot.write(batch))).root == results.root

    def test_with_another_employer_leave_nothing(self) -> None:
        there = january(paying("3000.00", employer="elsewhere"))
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=[there]))

        assert lines_of(results)["pension_worker"] == "320.00"
        assert begun(results) == {"2026-01": "3000.00", MARCH: "4000.00"}

    def test_with_another_employer_leave_nothing_of_any_scheme(self) -> None:
        months = [
            january(paying("3000.00", employer="elsewhere"), by=BOTH),
            past(paying("3500.00", month_of_first_job=1), paid={}, by=BOTH),
        ]
        results = work_out(batch_of(paying("4000.00", month_of_first_job=2), by=BOTH, past=months))

        lines = lines_of(results)
        assert (lines["pension_worker"], lines["housing_fund_worker"]) == ("280.00", "400.00")

    def test_that_somebody_came_back_after_begin_anew(self) -> None:
        months = [january(paying("3000.00")), past(paying("9.00", employer="elsewhere"), paid={}, by=PENSION)]
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=months))

        assert begun(results) == {"2026-01": "3000.00", "2026-02": "9.00", MARCH: "4000.00"}

    def test_that_cannot_be_worked_out_now_hand_on_what_holds(self) -> None:
        cannot = {"entered": {"unheard_of": "1.00"}, "kept": {"pension": "2500.00"}}
        stopped = past(paying("3000.00", **cannot), paid={}, by=PENSION)
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=[stopped]))

        assert lines_of(results)["pension_worker"] == "200.00"
        assert (begun(results), ended(results)) == ({}, [])

    def test_of_somebody_whom_another_batch_pays_say_nothing(self) -> None:
        other = past(paying("3000.00"), paid={}, by=PENSION, mine=[-1])
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=[other]))

        month = results.first_months[0]
        assert ("pension" in month.begun, bool(month.ended["pension"][0])) == (False, False)
        assert begun(results) == {MARCH: "4000.00"}

    def test_insured_elsewhere_in_between_change_nothing(self) -> None:
        months = [january(paying("3000.00")), past(paying("9.00", insurance="elsewhere"), paid={}, by=PENSION)]

        assert lines_of(work_out(batch_of(paying("4000.00"), by=PENSION, past=months)))["pension_worker"] == "240.00"


class TestAFirstJob:
    """The housing fund is owed from its second month, by that month's pay; insurance from the first."""

    @pytest.mark.parametrize(
        ("month", "fund"),
        [
            pytest.param(1, None, id="not in its first month"),
            pytest.param(2, "400.00", id="in its second"),
            pytest.param(300, "400.00", id="long after"),
            pytest.param(ABSENT, "400.00", id="where nothing is known of it"),
            pytest.param(0, "400.00", id="where it is said to begin next month"),
        ],
    )
    def test_is_charged(self, month: int, fund: str | None) -> None:
        lines = lines_of(work_out(batch_of(paying("4000.00", month_of_first_job=month), by=BOTH)))

        assert (lines["pension_worker"], lines.get("housing_fund_worker")) == ("320.00", fund)

    def test_goes_by_the_pay_of_the_second_month(self) -> None:
        months = [
            january(paying("3000.00", month_of_first_job=1), by=BOTH),
            past(paying("3500.00", month_of_first_job=2), paid={}, by=BOTH),
        ]
        results = work_out(batch_of(paying("4000.00", month_of_first_job=3), by=BOTH, past=months))

        lines = lines_of(results)
        assert "2026-01 housing_fund_worker" not in lines
        assert (lines["2026-02 housing_fund_worker"], lines["housing_fund_worker"]) == ("350.00", "350.00")
        assert lines["pension_worker"] == "240.00"
        assert begun(results, "housing_fund") == {"2026-02": "3500.00"}


class TestHowSomebodyIsInsured:
    """Each scheme says whom it takes in."""

    @pytest.mark.parametrize(
        ("statuses", "insurance", "charged"),
        [
            pytest.param(("yes",), None, True, id="nothing said is as usual"),
            pytest.param(("yes",), "yes", True, id="as usual"),
            pytest.param(("yes",), "pensioner", False, id="pensioners are not"),
            pytest.param(("yes", "pensioner"), "pensioner", True, id="where it takes them in they are"),
            pytest.param(("yes", "pensioner"), "elsewhere", False, id="and nobody else"),
            pytest.param(("pensioner",), None, False, id="nor whoever is insured as usual where it does not say so"),
        ],
    )
    def test_says_which_schemes_are_owed(self, statuses: tuple[str, ...], insurance: str, charged: bool) -> None:
        injury = SCHEME | {"scheme": "injury", "statuses": statuses}
        by = PLAIN | answers(contributions_amounts={"schemes": [SCHEME, injury]})
        people = [paying("4000.00", insurance=insurance), paying("4000.00", name="wang", insurance="no")]
        results = work_out(batch_of(*people, by=by))

        assert ("injury_worker" in lines_of(results)) is charged
        assert ("pension_worker" in lines_of(results)) is (insurance in (None, "yes"))
        assert not {"pension_worker", "injury_worker"} & lines_of(results, 1).keys()


class TestTheEmployerOfADifference:
    def test_is_that_of_its_month_where_it_is_another(self) -> None:
        months = [january(paying("3000.00", employer="elsewhere")), past(paying("3500.00"), paid={}, by=PENSION)]
        results = work_out(batch_of(paying("4000.00"), by=PENSION, past=months))

        employers = {
            results.periods[period]: results.employers[number] if number >= 0 else None
            for period, number in zip(results.line_period.tolist(), results.line_employer.tolist(), strict=True)
            if period >= 0
        }
        assert employers == {"2026-01": "elsewhere", "2026-02": None}
        assert set(results.line_employer[results.line_period < 0].tolist()) == {-1}


def test_amounts_beyond_all_pay_set_their_person_aside() -> None:
    results = work_out(batch_of(paying("4000.00", kept={"pension": "100000000.01"}), by=PENSION))

    assert not results.paid.any()
