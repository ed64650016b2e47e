import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Actor, Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.evaluation import (
    ConsequenceDecided,
    ConsequenceProposed,
    EvaluationGraded,
)
from common.policy.documents import NoClause, NotChosen
from common.testing import Bench, somebody
from evaluation import commands
from evaluation.models import Consequence, Evaluation, Worker

COUNTY = "220102"
STREET = "220102001"
COMMUNITY = "220102001002"
NEW_YEAR = date(2024, 1, 1)
JANUARY = date(2025, 1, 10)

GRADER = somebody(Role.STREET_OFFICE, area=STREET, subject="grader")
DECIDER = somebody(Role.LEAD_DEPARTMENT, area=COUNTY, subject="decider")

WEIGHTS = {"results": 35, "satisfaction": 35, "organisation_review": 20, "daily_record": 10}
THRESHOLDS = {"excellent": 90, "qualified": 70, "basically_qualified": 60}


def worker(**changes: Any) -> Worker:
    given: dict[str, Any] = {
        "worker_id": "worker-li",
        "area": COMMUNITY,
        "staff": "community_worker",
        "post_class": "head",
        "hired_on": date(2024, 3, 15),
        "left_on": None,
    }
    return Worker(**given | changes)


def all_at(score: str) -> dict[str, Decimal]:
    return {dimension: Decimal(score) for dimension in WEIGHTS}


async def choose_method(bench: Bench, *, clause: str = "JL-9a", area: str = COUNTY, weights: Any = WEIGHTS) -> None:
    await bench.choose(clause, "weights", weights, area=area, starts_on=NEW_YEAR)
    await bench.choose(clause, "thresholds", THRESHOLDS, area=area, starts_on=NEW_YEAR)


async def grade(bench: Bench, score: str = "95", *, actor: Actor = GRADER, **changes: Any) -> Evaluation:
    given: dict[str, Any] = {"worker_id": "worker-li", "year": 2024, "scores": all_at(score), "on": JANUARY}
    return await bench.run(commands.grade_worker, actor=actor, **given | changes)


class TestGradeWorker:
    """JL-9a and JL-9b: a grade once a year, and what the document lets follow from it."""

    @pytest.fixture(autouse=True)
    async def _method_chosen(self, bench: Bench) -> None:
        await choose_method(bench)
        await bench.save(worker())

    @pytest.mark.clause("JL-9a", "JL-9b")
    async def test_keeps_the_grade_and_proposes_what_follows(self, bench: Bench) -> None:
        evaluation = await grade(bench, "95")

        assert (evaluation.score, evaluation.grade, evaluation.passed) == (Decimal("95.00"), "excellent", True)
        assert evaluation.clause == "JL-9a"
        [said] = await bench.sent(EvaluationGraded)
        assert (said.worker_id, said.year, said.score, said.grade, said.passed, said.clause) == (
            "worker-li",
            2024,
            Decimal("95.00"),
            "excellent",
            True,
            "JL-9a",
        )
        proposed = await bench.sent(ConsequenceProposed)
        assert [one.kind for one in proposed] == ["pay_step_up", "renewal", "reward"]
        kept = {row.kind: (row.clause, row.status) for row in await bench.rows(Consequence)}
        assert kept == dict.fromkeys(("pay_step_up", "renewal", "reward"), ("JL-9b", "proposed"))

    async def test_records_both_decisions_about_the_worker(self, bench: Bench) -> None:
        evaluation = await grade(bench)

        [graded] = await bench.decisions("evaluation.grade")
        [following] = await bench.decisions("evaluation.consequences")
        assert (graded.subject, following.subject) == ("worker-li", "worker-li")
        assert graded.decision_id == evaluation.decision_id
        assert graded.facts == {"scores": dict.fromkeys(WEIGHTS, "95")}

    @pytest.mark.parametrize(
        ("score", "expected"),
        [
            pytest.param("90", "excellent", id="at the threshold"),
            pytest.param("89.99", "qualified", id="one hundredth below"),
            pytest.param("59.99", "not_qualified", id="below the last threshold"),
        ],
    )
    async def test_goes_by_the_thresholds_the_county_chose(self, bench: Bench, score: str, expected: str) -> None:
        evaluation = await grade(bench, score)

        assert evaluation.grade == expected

    async def test_refuses_a_second_grade_for_the_year_and_leaves_the_first(self, bench: Bench) -> None:
        first = await grade(bench, "95")

        with pytest.raises(commands.AlreadyGraded, match=first.evaluation_id):
            await grade(bench, "50", actor=DECIDER)

        assert [row.grade for row in await bench.rows(Evaluation)] == ["excellent"]

    async def test_keeps_one_grade_of_two_given_at_once(self, bench: Bench) -> None:
        answers = await asyncio.gather(grade(bench, "95"), grade(bench, "50", actor=DECIDER), return_exceptions=True)

        assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyGraded", "Evaluation"]
        assert len(await bench.rows(Evaluation)) == 1

    async def test_grades_another_year(self, bench: Bench) -> None:
        await grade(bench, "95")

        await grade(bench, "65", year=2025, on=date(2026, 1, 9))

        assert sorted(row.year for row in await bench.rows(Evaluation)) == [2024, 2025]

    async def test_names_the_dimensions_that_do_not_fit(self, bench: Bench) -> None:
        scores = all_at("80") | {"looks": Decimal(99)}
        del scores["daily_record"]

        with pytest.raises(commands.ScoresDoNotFit) as error:
            await grade(bench, scores=scores)

        assert error.value.status == 422
        assert error.value.params == {
            "asked": "results、satisfaction、organisation_review、daily_record",
            "missing": "daily_record",
            "unknown": "looks",
        }
        assert await bench.rows(Evaluation) == []
        assert await bench.decisions() == []

    async def test_evaluates_somebody_hired_on_the_last_day_of_the_year(self, bench: Bench) -> None:
        await bench.save(worker(worker_id="worker-late", hired_on=date(2024, 12, 31)))

        evaluation = await grade(bench, worker_id="worker-late")

        assert evaluation.year == 2024

    async def test_does_not_evaluate_somebody_hired_the_day_after(self, bench: Bench) -> None:
        await bench.save(worker(worker_id="worker-late", hired_on=date(2025, 1, 1)))

        with pytest.raises(commands.HiredAfterTheYear):
            await grade(bench, worker_id="worker-late")

    async def test_does_not_evaluate_a_year_that_has_not_begun(self, bench: Bench) -> None:
        with pytest.raises(commands.YearNotBegun):
            await grade(bench, year=2026, on=date(2025, 12, 31))

    async def test_evaluates_on_the_last_day_in_post_and_not_after(self, bench: Bench) -> None:
        await bench.save(worker(worker_id="worker-gone", left_on=date(2025, 1, 11)))

        with pytest.raises(commands.NotInPost):
            await grade(bench, worker_id="worker-gone", on=date(2025, 1, 11))
        evaluation = await grade(bench, worker_id="worker-gone", on=date(2025, 1, 10))

        assert evaluation.graded_on == date(2025, 1, 10)

    async def test_does_not_evaluate_before_the_day_of_hiring(self, bench: Bench) -> None:
        with pytest.raises(commands.NotInPost):
            await grade(bench, on=date(2024, 3, 14))

    async def test_does_not_find_a_worker_outside_the_office_s_area(self, bench: Bench) -> None:
        with pytest.raises(NotFound):
            await grade(bench, actor=somebody(Role.STREET_OFFICE, area="220102002"))

    async def test_does_not_find_a_worker_known_only_by_leaving(self, bench: Bench) -> None:
        await bench.save(worker(worker_id="worker-unheard", hired_on=None, post_class=None, left_on=JANUARY))

        with pytest.raises(NotFound):
            await grade(bench, worker_id="worker-unheard")


class TestGradeWorkerElsewhere:
    """JS-8b, JS-8d, JS-8e in Jiangsu; JH-11b, where nothing is said about what follows."""

    @pytest.mark.clause("JS-8b", "JS-8d")
    async def test_names_for_each_consequence_the_clause_that_proposes_it(self, bench: Bench) -> None:
        weights = {"ethics": 20, "practical_skill": 20, "results": 30, "satisfaction": 30}
        await choose_method(bench, clause="JS-8b", area="320102", weights=weights)
        await bench.save(worker(area="320102001", staff="union_worker"))

        office = somebody(Role.LEAD_DEPARTMENT, area="320102")
        await grade(bench, actor=office, scores=dict.fromkeys(weights, Decimal(92)))

        assert {row.kind: row.clause for row in await bench.rows(Consequence)} == {
            "pay_step_up": "JS-8b",
            "renewal": "JS-8b",
            "reward": "JS-8d",
            "priority_for_promotion": "JS-8d",
        }

    @pytest.mark.clause("JS-8e")
    async def test_proposes_a_talk_after_a_failed_year(self, bench: Bench) -> None:
        weights = {"ethics": 20, "practical_skill": 20, "results": 30, "satisfaction": 30}
        await choose_method(bench, clause="JS-8b", area="320102", weights=weights)
        await bench.save(worker(area="320102001", staff="union_worker"))

        office = somebody(Role.LEAD_DEPARTMENT, area="320102")
        evaluation = await grade(bench, actor=office, scores=dict.fromkeys(weights, Decimal(40)))

        assert not evaluation.passed
        [talk] = await bench.rows(Consequence)
        assert (talk.kind, talk.clause) == ("admonition_talk", "JS-8e")

    @pytest.mark.clause("JH-11b")
    async def test_proposes_nothing_where_no_document_speaks(self, bench: Bench) -> None:
        weights = {"duties": 80, "attendance": 20}
        await choose_method(bench, clause="JH-11b", area="420103", weights=weights)
        await bench.save(worker(area="420103001", staff="public_welfare"))

        office = somebody(Role.LEAD_DEPARTMENT, area="420103")
        evaluation = await grade(bench, actor=office, scores=dict.fromkeys(weights, Decimal(92)))

        assert evaluation.grade == "excellent"
        assert evaluation.consequences == []

    async def test_waits_for_the_county_s_method(self, bench: Bench) -> None:
        await bench.save(worker())

        with pytest.raises(NotChosen):
            await grade(bench)

        assert await bench.rows(Evaluation) == []

    async def test_refuses_where_no_document_in_force_speaks_of_evaluation(self, bench: Bench) -> None:
        await bench.save(worker(hired_on=date(2019, 1, 1)))

        with pytest.raises(NoClause):
            await grade(bench, year=2019, on=date(2020, 1, 10))


class TestDecideConsequence:
    """What a clause proposes is decided by a person, and not by the one who graded."""

    @pytest.fixture(autouse=True)
    async def _graded(self, bench: Bench) -> None:
        await choose_method(bench)
        await bench.save(worker())
        await grade(bench, "95")

    async def decide(
        self, bench: Bench, kind: str = "pay_step_up", *, actor: Actor = DECIDER, **changes: Any
    ) -> Consequence:
        [proposed] = [row for row in await bench.rows(Consequence) if row.kind == kind]
        given: dict[str, Any] = {"approve": True, "reason": "实绩突出", "on": date(2025, 1, 20)}
        return await bench.run(
            commands.decide_consequence, actor=actor, consequence_id=proposed.consequence_id, **given | changes
        )

    @pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "declined")])
    async def test_says_how_it_was_decided(self, bench: Bench, approve: bool, status: str) -> None:
        consequence = await self.decide(bench, approve=approve)

        assert (consequence.status, consequence.decided_by) == (status, DECIDER.account)
        [said] = await bench.sent(ConsequenceDecided)
        assert (said.kind, said.year, said.approved, said.decided_on) == (
            "pay_step_up",
            2024,
            approve,
            date(2025, 1, 20),
        )

    async def test_is_not_the_grader_s(self, bench: Bench) -> None:
        with pytest.raises(SamePerson):
            await self.decide(bench, actor=GRADER)

        assert await bench.sent(ConsequenceDecided) == []

    async def test_is_made_once(self, bench: Bench) -> None:
        await self.decide(bench, approve=False)

        with pytest.raises(WrongState):
            await self.decide(bench, approve=True)

    async def test_leaves_the_other_proposals_open(self, bench: Bench) -> None:
        await self.decide(bench, "reward")

        assert {row.kind: row.status for row in await bench.rows(Consequence)} == {
            "pay_step_up": "proposed",
            "renewal": "proposed",
            "reward": "approved",
        }

    async def test_does_not_lie_before_the_evaluation(self, bench: Bench) -> None:
        with pytest.raises(commands.DecidedBeforeGraded):
            await self.decide(bench, on=date(2025, 1, 9))
        consequence = await self.decide(bench, on=date(2025, 1, 10))

        assert consequence.decided_on == date(2025, 1, 10)

    async def test_may_decline_and_not_approve_once_the_worker_has_left(self, bench: Bench) -> None:
        async with bench.session() as session, session.begin():
            left = await session.get(Worker, "worker-li")
            assert left is not None
            left.left_on = date(2025, 1, 20)

        with pytest.raises(commands.NotInPost):
            await self.decide(bench, approve=True)
        consequence = await self.decide(bench, approve=False)

        assert consequence.status == "declined"

    async def test_is_not_found_outside_the_area(self, bench: Bench) -> None:
        with pytest.raises(NotFound):
            await self.decide(bench, actor=somebody(Role.LEAD_DEPARTMENT, area="220103"))
