"""Totals, order, working days and hiring, through the policy files themselves."""

from datetime import date
from decimal import Decimal

import pytest

from common.testing import decide_here
from common.transaction import LARGEST_EVENT
from recruitment import rules
from recruitment.rules import Candidate, Stage

JIANGSU, JILIN, JIANGHAN = "320102", "220102", "420103"
DAY = date(2024, 9, 2)
FIGURES = dict.fromkeys(("economy", "staff_gap", "enterprises", "workers", "funds"), Decimal(1))
USUAL = [
    "notice",
    "application",
    "qualification_review",
    "written_exam",
    "second_review",
    "interview",
    "background_check",
    "medical",
    "public_notice",
    "hiring",
]
TENDER = ["tender_notice", "application", "professional_review", "bidding", "public_notice", "contract", "start"]


def codes(outcome):
    return [finding["code"] for finding in outcome]


@pytest.mark.clause("LAW-RC-07")
class TestTotal:
    """LAW-RC-07: half and half, the interview at least 60, two places half up."""

    @pytest.mark.parametrize(
        ("scores", "total"),
        [
            pytest.param({"written_exam": "80", "interview": "90"}, "85.00", id="half and half"),
            pytest.param({"written_exam": "80.25", "interview": "80.26"}, "80.26", id="a half is rounded up"),
            pytest.param({"written_exam": "80"}, None, id="no total before the last score"),
        ],
    )
    def test_is_made_of_unrounded_scores(self, scores, total):
        assert self._decided(("written_exam", "interview"), scores).outcome["total"] == total

    def test_counts_the_interview_alone_where_there_is_no_written_exam(self):
        assert self._decided(("interview",), {"interview": "72.5"}).outcome["total"] == "72.50"

    @pytest.mark.parametrize(
        ("score", "permitted"),
        [pytest.param("60", True, id="sixty passes"), pytest.param("59.99", False, id="a hundredth less does not")],
    )
    def test_needs_the_pass_mark_of_the_interview(self, score, permitted):
        assert self._decided(("interview",), {"interview": score}).permits is permitted

    def test_has_no_weight_for_a_stage_nobody_weighed(self):
        assert codes(self._decided(("essay",), {}).outcome["findings"]) == ["no_weight"]

    def _decided(self, stages, scores):
        scored = tuple(Stage(stage=one, scored=True) for one in stages)
        return decide_here(rules.score_total, area=JIANGSU, staff="union_worker", on=DAY, stages=scored, scores=scores)


def candidate(number, *, total, written="80", interview="80", holds=()):
    return Candidate(
        number=number,
        total=Decimal(total),
        scores={"written_exam": Decimal(written), "interview": Decimal(interview)},
        holds=[*holds],
    )


@pytest.mark.clause("JS-5a", "JL-3c", "JH-3b", "LAW-RC-09")
class TestRankingOrder:
    """JS-5a, JL-3c, JH-3b: who comes first among equals; LAW-RC-09: what decides then."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause", "holds"),
        [
            pytest.param(
                JIANGSU, "union_worker", "JS-5a", "social_work_certificate", id="certificate holders in Jiangsu"
            ),
            pytest.param(JILIN, "community_worker", "JL-3c", "veteran", id="former soldiers in Jilin"),
            pytest.param(JIANGHAN, "public_welfare", "JH-3b", "long_unemployed", id="the hard to employ in Jianghan"),
        ],
    )
    def test_a_tie_goes_to_those_preferred(self, area, staff, clause, holds):
        decision = self._decided(
            area, staff, candidate(1, total="80"), candidate(2, total="80", written="70", holds=[holds])
        )

        assert decision.clause == clause
        assert decision.value.order == [2, 1]

    def test_a_preference_adds_no_points(self):
        preferred = candidate(2, total="79.99", holds=["social_work_certificate"])
        decision = self._decided(JIANGSU, "union_worker", candidate(1, total="80"), preferred)

        assert decision.value.order == [1, 2]

    def test_several_reasons_for_preference_are_no_more_than_one(self):
        one = candidate(1, total="80", holds=["veteran"])
        two = candidate(2, total="80", holds=["veteran", "community_worker"])

        assert self._decided(JILIN, "community_worker", one, two).value.order == [1, 2]

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            pytest.param({"written": "81"}, {"written": "80"}, id="the written exam"),
            pytest.param({"interview": "81"}, {"interview": "80"}, id="then the interview"),
        ],
    )
    def test_equals_are_parted_by(self, first, second):
        decision = self._decided(
            JIANGHAN, "open_recruitment", candidate(1, total="80", **second), candidate(2, total="80", **first)
        )

        assert decision.clause == "LAW-RC-09"
        assert decision.value.order == [2, 1]

    def test_full_equals_by_the_earlier_application(self):
        decision = self._decided(JIANGHAN, "open_recruitment", candidate(2, total="80"), candidate(1, total="80"))

        assert decision.value.order == [1, 2]
        assert decision.permits

    def test_thousands_are_said_in_one_event(self):
        many = [candidate(one, total="80.55", written="80.50", holds=["veteran"]) for one in range(1, 6001)]
        decision = self._decided(JIANGHAN, "open_recruitment", *many)

        assert len(decision.model_dump_json()) < LARGEST_EVENT

    def _decided(self, area, staff, *candidates):
        return decide_here(rules.ranking_order, area=area, staff=staff, on=DAY, candidates=[*candidates])


@pytest.mark.clause("LAW-WD", "LAW-RC-02", "LAW-RC-03")
class TestWorkingDays:
    """LAW-WD: the published calendar; LAW-RC-02: a notice stands seven days; LAW-RC-03: a public notice five."""

    @pytest.mark.parametrize(
        ("starts_on", "days", "ends_on"),
        [
            pytest.param(date(2024, 9, 2), 1, date(2024, 9, 3), id="the day after publication is the first"),
            pytest.param(date(2024, 9, 6), 1, date(2024, 9, 9), id="a weekend does not count"),
            pytest.param(date(2024, 9, 13), 1, date(2024, 9, 14), id="a Saturday made a working day does"),
            pytest.param(date(2024, 9, 29), 1, date(2024, 9, 30), id="the last day before the October week"),
            pytest.param(date(2024, 9, 29), 5, date(2024, 10, 11), id="across the October week"),
            pytest.param(date(2024, 9, 29), 6, date(2024, 10, 12), id="with the Saturday that makes up for it"),
            pytest.param(date(2025, 1, 27), 1, date(2025, 2, 5), id="across the Spring Festival"),
            pytest.param(date(2026, 12, 30), 1, date(2026, 12, 31), id="the last day of the calendar"),
        ],
    )
    def test_end(self, starts_on, days, ends_on):
        decision = self._decided(starts_on, days=days)

        assert decision.value.ends_on == ends_on

    @pytest.mark.parametrize(
        ("starts_on", "facts"),
        [
            pytest.param(date(2026, 12, 30), {"days": 2}, id="the end lies beyond"),
            pytest.param(date(2026, 12, 31), {"days": 1}, id="the start is its last day"),
            pytest.param(date(2026, 12, 28), {"until": date(2027, 1, 1)}, id="the last day lies beyond"),
        ],
    )
    def test_are_not_counted_beyond_the_published_calendar(self, starts_on, facts):
        decision = self._decided(starts_on, **facts)

        assert not decision.permits
        assert codes(decision.outcome["findings"]) == ["calendar_not_published"]
        assert "2026-12-31" in decision.outcome["findings"][0]["zh"]

    @pytest.mark.parametrize(
        ("starts_on", "until", "days"),
        [
            pytest.param(date(2024, 9, 27), date(2024, 10, 8), 3, id="few across the October week"),
            pytest.param(date(2025, 1, 25), date(2025, 2, 5), 3, id="few across the Spring Festival"),
            pytest.param(date(2024, 9, 2), date(2024, 9, 2), 0, id="none on the day itself"),
            pytest.param(date(2024, 9, 2), date(2024, 8, 30), 0, id="none before"),
            pytest.param(date(2026, 12, 29), date(2026, 12, 31), 2, id="up to the last day of the calendar"),
        ],
    )
    def test_count(self, starts_on, until, days):
        assert self._decided(starts_on, until=until).value.working_days == days

    @pytest.mark.parametrize(
        ("rule", "clause", "days", "permitted"),
        [
            pytest.param(rules.notice_working_days, "LAW-RC-02", 7, True, id="seven for a notice"),
            pytest.param(rules.notice_working_days, "LAW-RC-02", 6, False, id="six are too few"),
            pytest.param(rules.public_notice_working_days, "LAW-RC-03", 5, True, id="five for a public notice"),
            pytest.param(rules.public_notice_working_days, "LAW-RC-03", 4, False, id="four are too few"),
        ],
    )
    def test_how_many_are_needed(self, rule, clause, days, permitted):
        decision = decide_here(rule, area=JIANGSU, staff="union_worker", on=DAY, working_days=days)

        assert (decision.clause, decision.permits) == (clause, permitted)

    def _decided(self, starts_on, **facts):
        return decide_here(
            rules.working_days, area=JIANGSU, staff="union_worker", on=starts_on, starts_on=starts_on, **facts
        )


@pytest.mark.clause("LAW-RC-17")
class TestPublicNoticePermitsHiring:
    """LAW-RC-17: hired from the day after, nothing open, nothing upheld."""

    @pytest.mark.parametrize(
        ("hired_on", "open_objections", "upheld", "found"),
        [
            pytest.param(date(2024, 9, 26), 0, 0, [], id="the day after the last"),
            pytest.param(date(2024, 9, 25), 0, 0, ["notice_not_over"], id="not on the last day"),
            pytest.param(date(2024, 9, 26), 1, 0, ["objection_open"], id="not with an objection open"),
            pytest.param(date(2024, 9, 26), 0, 1, ["objection_upheld"], id="not with one upheld"),
        ],
    )
    def test_permits(self, hired_on, open_objections, upheld, found):
        decision = decide_here(
            rules.public_notice_permits_hiring,
            area=JIANGSU,
            staff="union_worker",
            on=hired_on,
            hired_on=hired_on,
            ends_on=date(2024, 9, 25),
            open_objections=open_objections,
            upheld_objections=upheld,
        )

        assert codes(decision.outcome) == found
