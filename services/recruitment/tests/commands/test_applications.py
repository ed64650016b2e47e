"""Applications and the results of their stages on the bench."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from common.errors import NotFound, Refused, WrongState
from common.events.recruitment import ApplicationReceived, StageRecorded
from common.transaction import Transaction
from recruitment.commands.applications import (
    AccountOfAnother,
    AlreadyApplied,
    ApplicationsClosed,
    NotBornYet,
    UnknownBar,
)
from recruitment.commands.stages import (
    NotRankedYet,
    ResultMissing,
    ScoreMissing,
    ScoreNotExpected,
    StageHasItsOwnCommand,
)
from recruitment.models import Application, OutOfOrder, StageResult
from recruitment.rules import Education, OwnConditions, Status
from recruitment.tests.conftest import identity_number

NUMBER = identity_number(order=77)


class TestApply:
    async def test_seals_what_is_personal(self, bench, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan, identity_number=NUMBER, phone="13800000000")

        [row] = await bench.rows(Application)
        place = f"application|identity_number|{application.application_id}"
        assert bench.runtime.sealer.open(row.identity_sealed, place=place) == NUMBER
        assert row.identity_masked == NUMBER[:3] + "*" * 11 + NUMBER[-4:]
        plain = "".join(str(getattr(row, column.key)) for column in Application.__mapper__.column_attrs)
        told = "".join(one.model_dump_json() for one in [*await bench.sent(), *await bench.decisions()])
        for personal in (NUMBER, "张三", "13800000000"):
            assert personal not in plain + told
        assert len(await bench.sent(ApplicationReceived)) == 1

    async def test_is_refused_the_same_person_twice_without_an_echo(self, desk):
        plan = await desk.published("post-1")
        await desk.applied(plan, "one", identity_number=NUMBER)
        with pytest.raises(AlreadyApplied) as refused:
            await desk.applied(plan, "two", identity_number=NUMBER)

        assert NUMBER not in refused.value.detail("zh") + refused.value.detail("en")
        assert refused.value.params == {}

    async def test_is_taken_once_from_two_at_the_same_moment(self, bench, desk):
        plan = await desk.published("post-1")
        both = [desk.applied(plan, subject, identity_number=NUMBER) for subject in ("one", "two")]
        answers = await asyncio.gather(*both, return_exceptions=True)

        assert sorted(type(one).__name__ for one in answers) == ["AlreadyApplied", "Application"]
        assert len(await bench.rows(Application)) == 1

    async def test_is_refused_another_person_on_the_same_account(self, desk):
        plan = await desk.published("post-1")
        await desk.applied(plan, "one")
        with pytest.raises(AccountOfAnother):
            await desk.applied(plan, "one")

    @pytest.mark.parametrize("on", [date(2024, 9, 2), date(2024, 9, 11)])
    async def test_is_taken_from_the_first_day_to_the_last(self, desk, on):
        plan = await desk.published("post-1")

        assert (await desk.applied(plan, on=on)).applied_on == on

    @pytest.mark.parametrize("on", [date(2024, 9, 1), date(2024, 9, 12)])
    async def test_is_not_taken_a_day_outside(self, desk, on):
        plan = await desk.published("post-1")
        with pytest.raises(ApplicationsClosed):
            await desk.applied(plan, on=on)

    async def test_plan_is_not_shown_before_its_notice(self, desk):
        plan = await desk.approved("post-1")
        with pytest.raises(NotFound):
            await desk.applied(plan)

    async def test_is_refused_a_bar_that_does_not_exist(self, desk):
        plan = await desk.published("post-1")
        with pytest.raises(UnknownBar) as refused:
            await desk.applied(plan, declared_bars=["left_handed"])

        assert "against_party_line" in refused.value.detail("zh")

    async def test_is_refused_somebody_not_born_yet(self, desk):
        plan = await desk.published("post-1")
        with pytest.raises(NotBornYet):
            await desk.applied(plan, identity_number=identity_number("20300101"))

    async def test_a_certificate_level_counts_as_holding_the_certificate(self, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan, certificate_level="social_worker")

        assert application.statuses == [Status.SOCIAL_WORK_CERTIFICATE]


class TestQualificationReview:
    """The document's conditions and bars, and the plan's own; not to qualify is an answer, not an error."""

    async def test_lets_the_qualified_go_on(self, bench, desk):
        application = await desk.applied(await desk.published("post-1"))
        recorded = await desk.record(application, "qualification_review")

        assert (recorded.passed, recorded.status) == (True, "in_progress")
        assert {one.clause for one in recorded.decisions} == {"LAW-RC-15", "JS-5a", "LAW-RC-12"}
        assert [one.passed for one in await bench.sent(StageRecorded)] == [True]

    @pytest.mark.clause("JL-3b")
    @pytest.mark.parametrize(
        ("born", "status"),
        [
            pytest.param("19830905", "in_progress", id="forty on the day, forty-one the day after"),
            pytest.param("19830904", "rejected", id="forty-one on the day itself"),
        ],
    )
    async def test_age_is_that_of_the_day_of_the_application(self, desk, born, status):
        desk.staff = "community_worker"
        plan = await desk.published("post-1")
        application = await desk.applied(plan, identity_number=identity_number(born))

        assert (await desk.record(application, "qualification_review")).status == status

    @pytest.mark.clause("JL-3c")
    async def test_age_is_relaxed_when_the_plan_says_so(self, desk):
        desk.staff = "community_worker"
        plan = await desk.published("post-1", conditions=OwnConditions(age_relaxed_for=(Status.VETERAN,)))
        application = await desk.applied(plan, identity_number=identity_number("19750101"), statuses=[Status.VETERAN])

        assert (await desk.record(application, "qualification_review")).passed

    async def test_the_plans_own_conditions_hold_too(self, desk):
        conditions = OwnConditions(lowest_education=Education.MASTER)
        plan = await desk.published("post-1", conditions=conditions)
        recorded = await desk.record(await desk.applied(plan), "qualification_review")

        assert (recorded.status, recorded.done[-1]) == ("rejected", "qualification_review")
        assert [one.clause for one in recorded.decisions if not one.permits] == ["JS-5a"]

    @pytest.mark.clause("JS-5a", "LAW-RC-12")
    @pytest.mark.parametrize(
        ("declared", "found", "clause"),
        [
            pytest.param(["criminal_record"], {}, "LAW-RC-12", id="declared by the applicant"),
            pytest.param([], {"against_party_line": "档案所载"}, "JS-5a", id="found by the reviewer"),
        ],
    )
    async def test_a_bar_rejects_and_the_decision_is_kept(self, bench, desk, declared, found, clause):
        plan = await desk.published("post-1")
        application = await desk.applied(plan, declared_bars=declared)
        recorded = await desk.record(application, "qualification_review", found_bars=found)

        assert recorded.status == "rejected"
        assert [one.clause for one in await bench.decisions("applicant.bars") if not one.permits] == [clause]
        assert "档案所载" not in "".join(one.model_dump_json() for one in await bench.decisions())
        [row] = await bench.rows(StageResult)
        assert (row.found_bars, row.passed) == (sorted(found), False)

    @pytest.mark.clause("JH-3b")
    async def test_a_category_is_found_where_a_document_has_categories(self, desk):
        desk.staff = "public_welfare"
        plan = await desk.published("post-1")
        application = await desk.applied(
            plan, household_area="420103", unemployed_months=3, graduated_on=date(2023, 9, 4)
        )

        assert (await desk.record(application, "qualification_review")).category == "unemployed_graduate"

    async def test_a_rejected_applicant_goes_no_further(self, desk):
        application = await desk.applied(await desk.published("post-1"))
        await desk.record(application, "qualification_review", passed=False)
        with pytest.raises(WrongState):
            await desk.record(application, "written_exam", score=Decimal(80))


@pytest.mark.clause("LAW-RC-01", "JH-9")
class TestRecordStage:
    """LAW-RC-01, JH-9: none skipped, none twice."""

    @pytest.mark.parametrize(("staff", "clause"), [("union_worker", "LAW-RC-01"), ("open_recruitment", "JH-9")])
    async def test_refuses_a_stage_skipped_and_names_the_clause(self, bench, desk, staff, clause):
        desk.staff = staff
        application = await desk.applied(await desk.published("post-1"))
        with pytest.raises(Refused) as refused:
            await desk.record(application, "written_exam", score=Decimal(80))

        assert refused.value.decisions[0].clause == clause
        assert "资格审查" in refused.value.detail("zh")
        kept = [one for one in await bench.decisions("recruitment.stage_in_order") if not one.permits]
        assert [one.subject for one in kept] == [application.application_id]
        assert await bench.rows(StageResult) == []

    async def test_refuses_a_stage_twice(self, desk):
        application = await desk.applied(await desk.published("post-1"))
        await desk.record(application, "qualification_review")
        with pytest.raises(Refused):
            await desk.record(application, "qualification_review")

    async def test_refuses_a_day_before_the_stage_before(self, desk):
        application = await desk.applied(await desk.published("post-1"))
        with pytest.raises(OutOfOrder):
            await desk.record(application, "qualification_review", on=date(2024, 9, 3))

    async def test_asks_for_what_the_stage_needs(self, desk):
        application = await desk.applied(await desk.published("post-1"))
        with pytest.raises(ScoreNotExpected):
            await desk.record(application, "qualification_review", score=Decimal(80))
        await desk.record(application, "qualification_review")
        with pytest.raises(ScoreMissing):
            await desk.record(application, "written_exam", passed=True)
        await desk.record(application, "written_exam", score=Decimal(80))
        with pytest.raises(ResultMissing):
            await desk.record(application, "second_review")

    @pytest.mark.clause("LAW-RC-07")
    @pytest.mark.parametrize(("score", "status"), [("60", "in_progress"), ("59.99", "rejected")])
    async def test_the_interview_needs_its_pass_mark(self, desk, score, status):
        application = await desk.applied(await desk.published("post-1"))
        await desk.examined(application, interview=score)

        assert await desk.status(application) == status

    async def test_somebody_who_did_not_come_has_failed(self, desk):
        application = await desk.applied(await desk.published("post-1"))
        await desk.record(application, "qualification_review")
        recorded = await desk.record(application, "written_exam", score=Decimal(0), passed=False)

        assert recorded.status == "rejected"

    async def test_the_later_stages_wait_for_the_ranking(self, desk):
        application = await desk.applied(await desk.published("post-1"))
        await desk.examined(application)
        with pytest.raises(NotRankedYet):
            await desk.record(application, "background_check", passed=True)

    async def test_public_notice_and_hiring_are_not_recorded_here(self, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await desk.examined(application)
        await desk.ranked(plan)
        await desk.checked(application)
        with pytest.raises(StageHasItsOwnCommand):
            await desk.record(application, "public_notice", passed=True)

    async def test_leaves_nothing_behind_when_it_breaks(self, bench, desk, monkeypatch):
        application = await desk.applied(await desk.published("post-1"))
        sent = len(await bench.sent())

        def broken(tx, event):
            raise RuntimeError("broken")

        monkeypatch.setattr(Transaction, "emit", broken)
        with pytest.raises(RuntimeError):
            await desk.record(application, "qualification_review")
        monkeypatch.undo()

        assert await bench.rows(StageResult) == []
        assert len(await bench.sent()) == sent
        assert await bench.decisions("applicant.qualified") == []
