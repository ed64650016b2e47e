from datetime import date
from typing import Any

import pytest

from common.policy import Decision
from common.policy.decisions import recompute
from common.testing import decide_every_here, decide_here
from contracts import rules

JIANGHAN, JIANGSU, JILIN = "420103001", "320102002", "220102001002"


def codes(decision: Decision[Any]) -> list[str]:
    return [finding["code"] for finding in decision.outcome]


class TestFailedEvaluations:
    """JL-10 and JS-8e: so many failed years, running or in all, and the worker leaves the post."""

    @pytest.mark.parametrize(
        ("evaluated", "failed", "in_jilin", "in_jiangsu"),
        [
            pytest.param([2023], [2023], False, False, id="one failed year is not enough"),
            pytest.param([2022, 2023], [2022, 2023], True, True, id="two years running"),
            pytest.param([2021, 2022, 2023], [2021, 2023], False, False, id="two years, a passed one between"),
            pytest.param([2021, 2023], [2021, 2023], False, False, id="two years, one without evaluation between"),
            pytest.param(
                [2019, 2020, 2021, 2022, 2023], [2019, 2021, 2023], True, False, id="three years in all, none running"
            ),
            pytest.param([2020, 2021, 2022], [2020, 2021], True, True, id="two years running, passed since"),
            pytest.param([2022, 2023], [], False, False, id="never failed"),
            pytest.param([], [], False, False, id="never evaluated"),
        ],
    )
    @pytest.mark.clause("JL-10", "JS-8e")
    def test_needs_so_many_years(
        self, evaluated: list[int], failed: list[int], in_jilin: bool, in_jiangsu: bool
    ) -> None:
        facts: dict[str, Any] = {"evaluated_years": evaluated, "failed_years": failed}
        rule, on = rules.may_end_for_failed_evaluations, date(2024, 3, 1)
        jilin = decide_here(rule, area=JILIN, staff="community_worker", on=on, **facts)
        jiangsu = decide_here(rule, area=JIANGSU, staff="union_worker", on=on, **facts)

        assert (jilin.clause, jilin.outcome) == ("JL-10", in_jilin)
        assert (jiangsu.clause, jiangsu.outcome) == ("JS-8e", in_jiangsu)

    def test_can_be_computed_again_from_what_the_decision_carries(self) -> None:
        facts: dict[str, Any] = {"evaluated_years": [2022, 2023], "failed_years": [2022, 2023]}
        rule = rules.may_end_for_failed_evaluations
        decision = decide_here(rule, area=JILIN, staff="community_worker", on=date(2024, 3, 1), **facts)

        assert recompute(decision) is True


class TestExitProcedure:
    """JL-10, JS-8e and, for staff under labour law alone, LAW-LCL-43: on which grounds, and heard first."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause", "grounds"),
        [
            pytest.param(
                JILIN,
                "community_worker",
                "JL-10",
                {
                    "failed_evaluations",
                    "breach_of_rules",
                    "grave_dereliction",
                    "duties_not_done",
                    "not_able",
                    "other_by_law",
                },
                marks=pytest.mark.clause("JL-10"),
            ),
            pytest.param(
                JIANGSU,
                "union_worker",
                "JS-8e",
                {"failed_evaluations", "breach_of_rules", "other_by_law"},
                marks=pytest.mark.clause("JS-8e"),
            ),
            pytest.param(
                JIANGHAN,
                "public_welfare",
                "LAW-LCL-43",
                {"breach_of_rules", "grave_dereliction", "duties_not_done", "not_able", "other_by_law"},
                marks=pytest.mark.clause("LAW-LCL-43"),
            ),
        ],
    )
    def test_permits_the_grounds_foreseen_and_no_other(
        self, area: str, staff: str, clause: str, grounds: set[str]
    ) -> None:
        for ground in rules.Ground.__args__:  # type: ignore[attr-defined]
            decision = self.decided(area=area, staff=staff, ground=ground)

            assert decision.clause == clause
            assert codes(decision) == ([] if ground in grounds else ["ground_not_foreseen"]), ground

    @pytest.mark.clause("JL-10", "JS-8e")
    @pytest.mark.parametrize(
        ("deciding", "heard", "found"),
        [
            pytest.param(False, False, [], id="not needed at the opening"),
            pytest.param(True, False, ["not_heard"], id="needed at the decision"),
            pytest.param(True, True, [], id="held before the decision"),
        ],
    )
    def test_the_hearing_comes_before_the_decision(self, deciding: bool, heard: bool, found: list[str]) -> None:
        for area, staff in ((JILIN, "community_worker"), (JIANGSU, "union_worker")):
            decision = self.decided(area=area, staff=staff, deciding=deciding, heard=heard)

            assert codes(decision) == found

    @pytest.mark.clause("LAW-LCL-43")
    def test_no_hearing_is_asked_for_where_no_document_does(self) -> None:
        decision = self.decided(area=JIANGHAN, staff="open_recruitment", deciding=True, heard=False)

        assert decision.permits

    @pytest.mark.clause("JL-10")
    @pytest.mark.parametrize(
        ("post_class", "done", "found"),
        [
            pytest.param("head", False, ["statutory_procedure_first"], id="a head leaves by statutory procedure"),
            pytest.param("committee_member", False, ["statutory_procedure_first"], id="so does a committee member"),
            pytest.param("head", True, [], id="a head whose procedure is completed"),
            pytest.param("ordinary", False, [], id="ordinary staff have none"),
        ],
    )
    def test_committee_members_leave_by_their_own_procedure(
        self, post_class: str, done: bool, found: list[str]
    ) -> None:
        decision = self.decided(area=JILIN, staff="community_worker", post_class=post_class, done=done)

        assert codes(decision) == found

    def decided(
        self,
        *,
        area: str,
        staff: str,
        ground: str = "breach_of_rules",
        post_class: str = "ordinary",
        done: bool = False,
        deciding: bool = False,
        heard: bool = False,
    ) -> Decision[Any]:
        return decide_here(
            rules.exit_procedure_findings,
            area=area,
            staff=staff,
            on=date(2024, 3, 1),
            ground=ground,
            post_class=post_class,
            statutory_procedure_done=done,
            deciding=deciding,
            heard=heard,
        )


class TestLegalGround:
    """LAW-LCL-36 to 44: what ends a labour contract is a ground of law, whatever a local document calls it."""

    @pytest.mark.parametrize(
        ("ground", "legal_ground", "article"),
        [
            pytest.param("failed_evaluations", "R-40-2", "LAW-LCL-40", marks=pytest.mark.clause("LAW-LCL-40")),
            pytest.param("failed_evaluations", "R-39-2", "LAW-LCL-39", marks=pytest.mark.clause("LAW-LCL-39")),
            pytest.param("failed_evaluations", "T-EXP", "LAW-LCL-44", marks=pytest.mark.clause("LAW-LCL-44")),
            pytest.param("breach_of_rules", "R-39-2", "LAW-LCL-39", marks=pytest.mark.clause("LAW-LCL-39")),
            pytest.param("other_by_law", "W-AGREE", "LAW-LCL-36", marks=pytest.mark.clause("LAW-LCL-36")),
            pytest.param("other_by_law", "E-RESIGN", "LAW-LCL-37", marks=pytest.mark.clause("LAW-LCL-37")),
            pytest.param("other_by_law", "E-38", "LAW-LCL-38", marks=pytest.mark.clause("LAW-LCL-38")),
            pytest.param("other_by_law", "R-41", "LAW-LCL-41", marks=pytest.mark.clause("LAW-LCL-41")),
            pytest.param("failed_evaluations", "R-39-3", None, id="failed evaluations are no dereliction"),
            pytest.param("failed_evaluations", "E-RESIGN", None, id="failed evaluations are no resignation"),
            pytest.param("grave_dereliction", "R-40-2", None, id="dereliction is not inability"),
            pytest.param("failed_evaluations", None, None, id="none named"),
        ],
    )
    def test_one_article_carries_it_or_none(self, ground: str, legal_ground: str | None, article: str | None) -> None:
        permitting = [d.clause for d in self.decided(ground=ground, legal_ground=legal_ground) if d.permits]

        assert permitting == ([article] if article else [])

    def test_every_ground_can_be_carried_by_some_article(self) -> None:
        for ground in rules.Ground.__args__:  # type: ignore[attr-defined]
            codes_of_law = rules.LegalGround.__args__  # type: ignore[attr-defined]
            decided = [d for code in codes_of_law for d in self.decided(ground=ground, legal_ground=code)]

            assert any(decision.permits for decision in decided), ground

    def test_is_not_asked_of_a_service_agreement(self) -> None:
        facts: dict[str, Any] = {"ground": "not_able", "legal_ground": None}
        on = date(2024, 3, 1)

        assert decide_every_here(rules.legal_ground_fit, area=JILIN, staff="community_worker", on=on, **facts) == []

    def decided(self, *, ground: str, legal_ground: str | None) -> list[Decision[Any]]:
        facts: dict[str, Any] = {"ground": ground, "legal_ground": legal_ground}
        return decide_every_here(
            rules.legal_ground_fit, area=JIANGSU, staff="union_worker", on=date(2024, 3, 1), **facts
        )
