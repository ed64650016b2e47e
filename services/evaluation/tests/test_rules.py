from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from common.policy.decisions import recompute
from common.policy.documents import NoClause, NotChosen
from common.testing import decide_every_here, decide_here
from evaluation import rules

NANJING = "320102001"
CHANGCHUN = "220102001002"
JIANGHAN = "420103"
JANUARY = date(2025, 1, 10)

THRESHOLDS = {"excellent": 90, "qualified": 70, "basically_qualified": 60}
UNION = {
    "weights": {"ethics": 20, "practical_skill": 20, "results": 30, "satisfaction": 30},
    "thresholds": THRESHOLDS,
}
COMMUNITY = {
    "weights": {"results": 35, "satisfaction": 35, "organisation_review": 20, "daily_record": 10},
    "thresholds": THRESHOLDS,
}


def all_at(score: str, *, choices: dict[str, Any]) -> dict[str, Decimal]:
    return {dimension: Decimal(score) for dimension in choices["weights"]}


def grade(score: str) -> Any:
    return decide_here(
        rules.grade_by_scores,
        area=CHANGCHUN,
        staff="community_worker",
        on=JANUARY,
        choices=COMMUNITY,
        scores=all_at(score, choices=COMMUNITY),
    )


@pytest.mark.clause("JL-9a")
class TestGradeByScoresInJilin:
    """JL-9a: four grades by results and satisfaction above all; the county sets weights and thresholds."""

    @pytest.mark.parametrize(
        ("score", "expected", "passed"),
        [
            pytest.param("100", "excellent", True, id="the full score is excellent"),
            pytest.param("90", "excellent", True, id="the threshold itself is excellent"),
            pytest.param("89.99", "qualified", True, id="one hundredth below is qualified"),
            pytest.param("70", "qualified", True, id="the second threshold itself is qualified"),
            pytest.param("69.99", "basically_qualified", True, id="basically qualified counts as passed"),
            pytest.param("60", "basically_qualified", True, id="the last threshold itself is basically qualified"),
            pytest.param("59.99", "not_qualified", False, id="below every threshold has failed"),
            pytest.param("0", "not_qualified", False, id="nothing at all has failed"),
        ],
    )
    def test_holds_the_score_against_each_threshold(self, score: str, expected: str, passed: bool) -> None:
        decision = grade(score)

        assert decision.clause == "JL-9a"
        assert decision.value == rules.Graded(
            score=Decimal(score).quantize(Decimal("0.01")), grade=expected, passed=passed
        )

    def test_weighs_each_dimension(self) -> None:
        decision = decide_here(
            rules.grade_by_scores,
            area=CHANGCHUN,
            staff="community_worker",
            on=JANUARY,
            choices=COMMUNITY,
            scores={
                "results": Decimal(90),
                "satisfaction": Decimal(80),
                "organisation_review": Decimal(70),
                "daily_record": Decimal(60),
            },
        )

        assert decision.outcome["score"] == "79.50"  # 90 × 35% + 80 × 35% + 70 × 20% + 60 × 10%

    def test_rounds_half_up_before_it_compares(self) -> None:
        scores = all_at("90", choices=COMMUNITY) | {"daily_record": Decimal("89.95")}

        decision = decide_here(
            rules.grade_by_scores,
            area=CHANGCHUN,
            staff="community_worker",
            on=JANUARY,
            choices=COMMUNITY,
            scores=scores,
        )

        assert decision.outcome == {"score": "90.00", "grade": "excellent", "passed": True}  # 89.995 before rounding

    def test_names_what_is_missing_and_what_is_unknown(self) -> None:
        scores = all_at("80", choices=COMMUNITY) | {"looks": Decimal(100)}
        del scores["satisfaction"]

        decision = decide_here(
            rules.grade_by_scores,
            area=CHANGCHUN,
            staff="community_worker",
            on=JANUARY,
            choices=COMMUNITY,
            scores=scores,
        )

        assert decision.value == rules.ScoresAskedFor(
            asked=["results", "satisfaction", "organisation_review", "daily_record"],
            missing=["satisfaction"],
            unknown=["looks"],
        )

    def test_waits_for_the_county_to_choose(self) -> None:
        with pytest.raises(NotChosen) as refusal:
            decide_here(
                rules.grade_by_scores,
                area=CHANGCHUN,
                staff="community_worker",
                on=JANUARY,
                choices={"weights": COMMUNITY["weights"]},
                scores=all_at("80", choices=COMMUNITY),
            )

        assert "等次线" in str(refusal.value.zh)

    def test_computes_again_from_what_the_decision_carries(self) -> None:
        decision = grade("88.8")

        assert recompute(decision) == decision.outcome


@pytest.mark.clause("JS-8b", "JS-8c")
class TestGradeByScoresInJiangsu:
    """JS-8b: ethics, practical skill, results, satisfaction; JS-8c: the county quantifies them."""

    def test_weighs_four_dimensions(self) -> None:
        scores = all_at("80", choices=UNION) | {"results": Decimal(95), "satisfaction": Decimal(95)}

        decision = decide_here(
            rules.grade_by_scores, area=NANJING, staff="union_worker", on=JANUARY, choices=UNION, scores=scores
        )

        assert decision.clause == "JS-8b"
        assert decision.outcome == {"score": "89.00", "grade": "qualified", "passed": True}

    def test_does_not_ask_that_any_dimension_leads(self) -> None:
        weights = {"ethics": 40, "practical_skill": 40, "results": 10, "satisfaction": 10}
        choices = {**UNION, "weights": weights}

        decision = decide_here(
            rules.grade_by_scores,
            area=NANJING,
            staff="union_worker",
            on=JANUARY,
            choices=choices,
            scores=all_at("75", choices=choices),
        )

        assert decision.outcome["grade"] == "qualified"


@pytest.mark.clause("JH-11b", "JH-12")
class TestGradeByScoresInJianghan:
    """JH-11b and JH-12: a yearly evaluation by a method of the district's own."""

    @pytest.mark.parametrize(
        ("staff", "clause"),
        [("public_welfare", "JH-11b"), ("open_recruitment", "JH-12")],
        ids=["public welfare", "open"],
    )
    def test_weighs_duties_and_attendance(self, staff: str, clause: str) -> None:
        choices = {"weights": {"duties": 80, "attendance": 20}, "thresholds": THRESHOLDS}

        decision = decide_here(
            rules.grade_by_scores,
            area=JIANGHAN,
            staff=staff,
            on=JANUARY,
            choices=choices,
            scores={"duties": Decimal(50), "attendance": Decimal(100)},
        )

        assert decision.clause == clause
        assert decision.outcome == {"score": "60.00", "grade": "basically_qualified", "passed": True}

    def test_says_nothing_of_people_whom_a_provider_employs(self) -> None:
        with pytest.raises(NoClause):
            decide_here(
                rules.grade_by_scores,
                area=JIANGHAN,
                staff="purchased_service",
                on=JANUARY,
                scores={"duties": Decimal(50)},
            )


def terms(**changes: Any) -> rules.GradingTerms:
    given: dict[str, Any] = {
        "dimensions": [{"dimension": "results", "label_zh": "实绩"}, {"dimension": "attendance", "label_zh": "出勤"}],
        "leading": {"dimensions": ["results"], "at_least": 50},
        "grades": [
            {"grade": "excellent", "label_zh": "优秀", "passed": True},
            {"grade": "qualified", "label_zh": "合格", "passed": True},
            {"grade": "not_qualified", "label_zh": "不合格", "passed": False},
        ],
        "weights": {"results": 50, "attendance": 50},
        "thresholds": {"excellent": 90, "qualified": 70},
    }
    return rules.GradingTerms.model_validate(given | changes)


class TestGradingTerms:
    """What a clause, or a county under it, may not say."""

    def test_accepts_a_leading_dimension_at_its_least_weight(self) -> None:
        assert terms().weights == {"results": 50, "attendance": 50}

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            pytest.param({"weights": {"results": 49, "attendance": 51}}, "at least 50", id="leading weighs too little"),
            pytest.param({"weights": {"results": 60, "attendance": 39}}, "99, not 100", id="weights add up to 99"),
            pytest.param({"weights": {"results": 60, "attendance": 41}}, "101, not 100", id="weights add up to 101"),
            pytest.param({"weights": {"results": 100}}, "one weight for each", id="a weight is missing"),
            pytest.param(
                {"weights": {"results": 50, "attendance": 40, "looks": 10}},
                "one weight for each",
                id="a weight too many",
            ),
            pytest.param(
                {"thresholds": {"excellent": 70, "qualified": 70}}, "above the next", id="thresholds are equal"
            ),
            pytest.param({"thresholds": {"excellent": 69, "qualified": 70}}, "above the next", id="thresholds rise"),
            pytest.param({"thresholds": {"excellent": 90}}, "each grade but the last", id="a threshold is missing"),
            pytest.param(
                {"thresholds": {"excellent": 90, "qualified": 70, "not_qualified": 50}},
                "each grade but the last",
                id="the last grade has a threshold",
            ),
            pytest.param(
                {"leading": {"dimensions": ["looks"], "at_least": 50}}, "not among", id="an unknown one leads"
            ),
            pytest.param(
                {"dimensions": [{"dimension": "results", "label_zh": "实绩"}] * 2},
                "stands twice",
                id="a dimension twice",
            ),
            pytest.param(
                {"grades": [{"grade": "qualified", "label_zh": "合格", "passed": True}] * 2},
                "stands twice",
                id="a grade twice",
            ),
        ],
    )
    def test_refuses_what_cannot_be_graded_by(self, changes: dict[str, Any], said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            terms(**changes)


def proposed(*, area: str, staff: str, grade: str) -> dict[str, list[str]]:
    decisions = decide_every_here(rules.consequences_of_grade, area=area, staff=staff, on=JANUARY, grade=grade)
    return {decision.clause: [kind.value for kind in decision.value.kinds] for decision in decisions}


class TestConsequencesOfGrade:
    """JS-8b: pay and renewal; JS-8d: reward and priority; JS-8e: the talk; JL-9b: all of them in one clause."""

    @pytest.mark.clause("JS-8b", "JS-8d", "JS-8e")
    @pytest.mark.parametrize(
        ("grade", "expected"),
        [
            pytest.param(
                "excellent",
                {"JS-8b": ["pay_step_up", "renewal"], "JS-8d": ["reward", "priority_for_promotion"], "JS-8e": []},
                id="excellent is rewarded by two clauses",
            ),
            pytest.param("qualified", {"JS-8b": ["renewal"], "JS-8d": [], "JS-8e": []}, id="qualified is renewed"),
            pytest.param(
                "basically_qualified",
                {"JS-8b": ["renewal"], "JS-8d": [], "JS-8e": []},
                id="basically qualified is renewed",
            ),
            pytest.param(
                "not_qualified",
                {"JS-8b": [], "JS-8d": [], "JS-8e": ["admonition_talk"]},
                id="not qualified is talked to",
            ),
        ],
    )
    def test_add_up_in_jiangsu(self, grade: str, expected: dict[str, list[str]]) -> None:
        assert proposed(area=NANJING, staff="union_worker", grade=grade) == expected

    @pytest.mark.clause("JL-9b")
    @pytest.mark.parametrize(
        ("grade", "expected"),
        [
            ("excellent", ["pay_step_up", "renewal", "reward"]),
            ("qualified", ["renewal"]),
            ("basically_qualified", ["renewal"]),
            ("not_qualified", ["no_renewal"]),
        ],
    )
    def test_stand_in_one_clause_in_jilin(self, grade: str, expected: list[str]) -> None:
        assert proposed(area=CHANGCHUN, staff="community_worker", grade=grade) == {"JL-9b": expected}


@pytest.mark.clause("JS-7")
class TestTrainingDueInJiangsu:
    """JS-7: a newly hired worker is trained within one year of being hired, once."""

    @pytest.mark.parametrize(
        ("hired_on", "due_on"),
        [
            pytest.param(date(2024, 3, 15), date(2025, 3, 15), id="the day of the same number"),
            pytest.param(date(2024, 2, 29), date(2025, 2, 28), id="a leap day gives the last of February"),
            pytest.param(date(2023, 2, 28), date(2024, 2, 28), id="the last of February stays the 28th in a leap year"),
            pytest.param(date(2024, 12, 31), date(2025, 12, 31), id="the last day of the year"),
            pytest.param(date(9999, 1, 1), date.max, id="the calendar's end stays the end"),
        ],
    )
    def test_is_one_year_after_hiring(self, hired_on: date, due_on: date) -> None:
        decision = decide_here(
            rules.training_due,
            area=NANJING,
            staff="union_worker",
            on=hired_on,
            post_class="ordinary",
            hired_on=hired_on,
        )

        assert decision.clause == "JS-7"
        assert decision.value == due_on

    def test_does_not_come_again(self) -> None:
        decision = decide_here(
            rules.training_due,
            area=NANJING,
            staff="union_worker",
            on=date(2025, 1, 10),
            post_class="ordinary",
            hired_on=date(2024, 3, 15),
            last_trained_on=date(2025, 1, 10),
        )

        assert decision.value is None
        assert decision.permits


@pytest.mark.clause("JL-7")
class TestTrainingDueInJilin:
    """JL-7: heads every year, everybody else every two years."""

    @pytest.mark.parametrize(
        ("post_class", "due_on"),
        [("head", date(2025, 3, 15)), ("committee_member", date(2026, 3, 15)), ("ordinary", date(2026, 3, 15))],
    )
    def test_goes_by_the_class_of_the_post(self, post_class: str, due_on: date) -> None:
        decision = decide_here(
            rules.training_due,
            area=CHANGCHUN,
            staff="community_worker",
            on=date(2024, 3, 15),
            post_class=post_class,
            hired_on=date(2024, 3, 15),
        )

        assert decision.clause == "JL-7"
        assert decision.value == due_on

    def test_comes_again_after_the_last_training(self) -> None:
        decision = decide_here(
            rules.training_due,
            area=CHANGCHUN,
            staff="community_worker",
            on=date(2024, 8, 31),
            post_class="head",
            hired_on=date(2022, 3, 15),
            last_trained_on=date(2024, 8, 31),
        )

        assert decision.value == date(2025, 8, 31)
