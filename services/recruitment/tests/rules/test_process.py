"""Stages, approvers and headcount, through the policy files themselves."""

from datetime import date
from decimal import Decimal

import pytest

from common.policy import NoClause
from common.testing import decide_here
from recruitment import rules
from recruitment.rules import Stage
from recruitment.rules.process import StageOrder

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


@pytest.mark.clause("JH-7", "JH-8", "JH-9", "LAW-RC-01")
class TestStageInOrder:
    """JH-7, JH-8, JH-9, LAW-RC-01: the stages in their order, none skipped."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause", "stages"),
        [
            pytest.param(JIANGHAN, "purchased_service", "JH-7", TENDER, id="a purchase is a tender"),
            pytest.param(JIANGHAN, "public_welfare", "JH-8", USUAL, id="public-welfare posts are examined for"),
            pytest.param(JIANGHAN, "open_recruitment", "JH-9", USUAL, id="open recruitment is examined for"),
            pytest.param(JIANGSU, "union_worker", "LAW-RC-01", USUAL, id="where no document says, the usual order"),
        ],
    )
    def test_gives_the_stages_of_the_channel(self, area, staff, clause, stages):
        decision = decide_here(rules.stage_in_order, area=area, staff=staff, on=DAY, done=[])

        assert decision.clause == clause
        assert [one["stage"] for one in decision.outcome["stages"]] == stages
        assert decision.outcome["expected"] == stages[0]

    @pytest.mark.parametrize(
        ("done", "stage", "found"),
        [
            pytest.param(4, "second_review", [], id="the next one is permitted"),
            pytest.param(4, "interview", ["stage_skipped"], id="the one after the next is not"),
            pytest.param(4, "written_exam", ["stage_done"], id="a stage is not done twice"),
            pytest.param(4, "bidding", ["unknown_stage"], id="a stage of another channel is unknown"),
            pytest.param(9, "hiring", [], id="hiring is the last"),
            pytest.param(10, "hiring", ["stage_done"], id="after the last nothing comes"),
        ],
    )
    def test_skips_none_and_repeats_none(self, done, stage, found):
        decision = decide_here(
            rules.stage_in_order, area=JIANGHAN, staff="open_recruitment", on=DAY, done=USUAL[:done], stage=stage
        )

        assert codes(decision.outcome["findings"]) == found
        assert decision.permits is (not found)

    def test_keeps_to_the_stages_agreed_when_the_plan_was_drafted(self):
        agreed = tuple(Stage(stage=one) for one in ("notice", "application", "interview", "written_exam"))
        decision = decide_here(
            rules.stage_in_order,
            area=JIANGSU,
            staff="union_worker",
            on=DAY,
            done=["notice", "application"],
            stage="interview",
            agreed=agreed,
        )

        assert decision.permits


class TestStageOrderOfAnotherProvince:
    """A province may order its stages otherwise, as long as the platform can carry them out."""

    def test_takes_the_interview_before_the_written_exam_and_no_medical(self):
        order = [
            "notice",
            "application",
            "qualification_review",
            "interview",
            "written_exam",
            "public_notice",
            "hiring",
        ]
        terms = StageOrder(stages=[{"stage": one, "scored": one in ("interview", "written_exam")} for one in order])

        assert rules.stage_in_order(terms, done=order[:3]).expected == "interview"

    @pytest.mark.parametrize(
        ("order", "why"),
        [
            pytest.param(
                ["application", "notice", *USUAL[2:]], "notice comes first", id="applications before the notice"
            ),
            pytest.param([*USUAL[:8], "hiring"], "exactly one stage does public_notice", id="no public notice"),
            pytest.param([*USUAL[:8], "hiring", "public_notice"], "hiring last", id="hiring before the public notice"),
            pytest.param([*USUAL, "medical"], "each stage stands once", id="a stage twice"),
        ],
    )
    def test_refuses_an_order_that_cannot_be_carried_out(self, order, why):
        with pytest.raises(ValueError, match=why):
            StageOrder(stages=[{"stage": one} for one in order])

    def test_refuses_a_score_after_the_public_notice(self):
        late = [*USUAL[:9], "trial", "hiring"]
        with pytest.raises(ValueError, match="nothing is scored after"):
            StageOrder(stages=[{"stage": one, "scored": one == "trial"} for one in late])


@pytest.mark.clause("JH-2a", "JH-3a", "JH-4a", "JL-3d", "JS-5b")
class TestPlanApprovers:
    """JH-2a, JH-3a, JH-4a, JL-3d, JS-5b: whose approval a plan needs."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause", "approvers"),
        [
            pytest.param(JIANGHAN, "purchased_service", "JH-2a", ["finance"], id="finance for a purchase"),
            pytest.param(
                JIANGHAN, "public_welfare", "JH-3a", ["finance", "human_resources"], id="two for welfare posts"
            ),
            pytest.param(
                JIANGHAN, "open_recruitment", "JH-4a", ["party_committee", "government"], id="committee first"
            ),
            pytest.param(JILIN, "community_worker", "JL-3d", ["civil_affairs", "human_resources"], id="civil affairs"),
            pytest.param(JIANGSU, "union_worker", "JS-5b", ["superior_union"], id="the city union"),
        ],
    )
    def test_names_the_offices(self, area, staff, clause, approvers):
        decision = decide_here(rules.plan_approvers, area=area, staff=staff, on=DAY)

        assert decision.clause == clause
        assert [one["office"] for one in decision.outcome["approvers"]] == approvers

    @pytest.mark.parametrize(
        ("given", "office", "level", "permitted"),
        [
            pytest.param(0, "finance", "county", True, id="finance of the county first"),
            pytest.param(0, "human_resources", "county", False, id="human resources not before finance"),
            pytest.param(0, "finance", "city", False, id="not finance of the city"),
            pytest.param(1, "human_resources", "county", True, id="then human resources"),
            pytest.param(1, "finance", "county", False, id="not finance again"),
        ],
    )
    def test_takes_them_in_turn(self, given, office, level, permitted):
        decision = decide_here(
            rules.plan_approvers,
            area=JIANGHAN,
            staff="public_welfare",
            on=DAY,
            given=given,
            offices=[office],
            level=level,
        )

        assert decision.permits is permitted

    def test_assumes_nobody_where_no_document_speaks(self):
        with pytest.raises(NoClause):
            decide_here(rules.plan_approvers, area="330903", staff="union_worker", on=DAY)


@pytest.mark.clause("JS-5b")
class TestHeadcount:
    """JS-5b: five figures, and a plan only within what was approved."""

    def test_is_complete_with_all_five_figures(self):
        decision = decide_here(
            rules.headcount_request, area=JIANGSU, staff="union_worker", on=DAY, positions=2, figures=FIGURES
        )

        assert decision.permits
        assert decision.outcome["approvers"] == [{"office": "superior_union", "level": "city"}]

    @pytest.mark.parametrize("missing", sorted(FIGURES))
    def test_lacks_each_figure_that_is_not_given(self, missing):
        figures = {name: figure for name, figure in FIGURES.items() if name != missing}
        decision = decide_here(
            rules.headcount_request, area=JIANGSU, staff="union_worker", on=DAY, positions=2, figures=figures
        )

        assert codes(decision.outcome["findings"]) == ["figure_missing"]

    @pytest.mark.parametrize(
        ("approved", "used", "wanted", "covered"),
        [
            pytest.param(3, 1, 2, True, id="exactly what is left"),
            pytest.param(3, 1, 3, False, id="one more than is left"),
            pytest.param(0, 0, 1, False, id="nothing was approved"),
            pytest.param(1, 2, 1, False, id="more is used than was approved"),
        ],
    )
    def test_covers_what_is_left(self, approved, used, wanted, covered):
        decision = decide_here(
            rules.plan_headcount,
            area=JIANGSU,
            staff="union_worker",
            on=DAY,
            approved=approved,
            used=used,
            wanted=wanted,
        )

        assert decision.permits is covered
