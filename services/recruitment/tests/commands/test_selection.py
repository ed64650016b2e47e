"""From the ranking to the hiring on the bench."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from common.errors import Refused, SamePerson, WrongState
from common.events.contracts import WorkerLeft
from common.events.recruitment import (
    ObjectionAnswered,
    PlanCompleted,
    PublicNoticeStarted,
    RankingDecided,
    WorkerHired,
)
from recruitment import commands
from recruitment.commands.selection import (
    AlreadyRanked,
    ApplicationsPending,
    ApplicationsStillOpen,
    NobodyToRank,
    NobodyToShow,
    ObjectionOutsideNotice,
    PostNotOfPlan,
    TooManyToRank,
)
from recruitment.models import Application, Plan, Post, PostNotFreeYet
from recruitment.rules import Status
from recruitment.tests.conftest import identity_number

LAST_DAY = date(2024, 9, 25)
DAY_AFTER = date(2024, 9, 26)


class TestDecideRanking:
    """JS-5a: among equals the certificate comes first."""

    @pytest.mark.clause("JS-5a")
    async def test_a_tie_goes_to_the_certificate(self, bench, desk):
        plan = await desk.published("post-1")
        plain = await desk.applied(plan, "plain")
        certified = await desk.applied(plan, "certified", statuses=[Status.SOCIAL_WORK_CERTIFICATE])
        for application in (plain, certified):
            await desk.examined(application)

        order = [certified.application_id, plain.application_id]
        assert await desk.ranked(plan) == order
        assert [await desk.status(one) for one in (certified, plain)] == ["selected", "reserve"]
        assert [one.order for one in await bench.sent(RankingDecided)] == [order]
        assert [one.clause for one in await bench.decisions("ranking.order")] == ["JS-5a"]

    async def test_says_so_when_there_are_more_than_one_decision_can_carry(self, bench, desk, monkeypatch):
        monkeypatch.setattr("recruitment.commands.selection.LARGEST_EVENT", 900)
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await desk.examined(application)
        with pytest.raises(TooManyToRank) as too_many:
            await desk.ranked(plan)

        assert too_many.value.params["count"] == 1
        assert await desk.status(application) == "in_progress"
        assert await bench.sent(RankingDecided) == []

    async def test_waits_for_every_result(self, desk):
        plan = await desk.published("post-1")
        await desk.applied(plan)
        with pytest.raises(ApplicationsPending):
            await desk.ranked(plan)

    async def test_waits_for_the_end_of_applications(self, desk):
        plan = await desk.published("post-1")
        with pytest.raises(ApplicationsStillOpen):
            await desk.ranked(plan, on=date(2024, 9, 11))

    async def test_needs_somebody(self, desk):
        plan = await desk.published("post-1")
        with pytest.raises(NobodyToRank):
            await desk.ranked(plan)

    async def test_is_decided_once(self, desk):
        plan = await desk.published("post-1")
        await desk.examined(await desk.applied(plan))
        await desk.ranked(plan)
        with pytest.raises(AlreadyRanked):
            await desk.ranked(plan)

    @pytest.mark.parametrize("stage", ["background_check", "medical"])
    async def test_whoever_falls_out_is_replaced_by_the_next(self, desk, stage):
        plan = await desk.published("post-1")
        first, second = await desk.applied(plan, "one"), await desk.applied(plan, "two")
        await desk.examined(first, written=90)
        await desk.examined(second)
        await desk.ranked(plan)
        if stage == "medical":
            await desk.record(first, "background_check", passed=True)
        await desk.record(first, stage, passed=False)

        assert [await desk.status(one) for one in (first, second)] == ["rejected", "selected"]
        await desk.checked(second)

    @pytest.mark.clause("LAW-RC-12")
    async def test_a_bar_found_in_the_background_check_rejects(self, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await desk.examined(application)
        await desk.ranked(plan)
        recorded = await desk.record(
            application, "background_check", passed=True, found_bars={"serious_discredit": "信用报告"}
        )

        assert (recorded.passed, recorded.status) == (False, "rejected")


@pytest.mark.clause("LAW-RC-03", "LAW-WD")
class TestStartPublicNotice:
    """LAW-RC-03: five working days at least, by the published calendar."""

    @pytest.mark.parametrize(
        ("starts_on", "ends_on"),
        [
            pytest.param(date(2024, 9, 18), LAST_DAY, id="five plain working days"),
            pytest.param(date(2024, 9, 29), date(2024, 10, 11), id="across the October week"),
            pytest.param(date(2025, 1, 27), date(2025, 2, 10), id="across the Spring Festival"),
        ],
    )
    async def test_ends_after_five_working_days(self, bench, desk, starts_on, ends_on):
        plan, _ = await self._ready(desk)
        notice = await desk.put_up(plan, starts_on=starts_on)

        assert notice.ends_on == ends_on
        assert [one.ends_on for one in await bench.sent(PublicNoticeStarted)] == [ends_on]

    async def test_is_refused_for_four_days(self, desk):
        plan, _ = await self._ready(desk)
        with pytest.raises(Refused) as refused:
            await desk.put_up(plan, working_days=4)

        assert refused.value.decisions[0].clause == "LAW-RC-03"

    async def test_is_refused_beyond_the_published_calendar(self, bench, desk):
        plan, _ = await self._ready(desk)
        with pytest.raises(Refused) as refused:
            await desk.put_up(plan, starts_on=date(2026, 12, 28))

        assert refused.value.decisions[0].clause == "LAW-WD"
        assert "日历只公布至2026年12月31日" in refused.value.detail("zh")
        assert [one.permits for one in await bench.decisions("calendar.working_days")][-1] is False

    async def test_waits_for_every_check(self, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await desk.examined(application)
        await desk.ranked(plan)
        with pytest.raises(Refused) as refused:
            await desk.put_up(plan)

        assert refused.value.decisions[0].clause == "LAW-RC-01"

    async def test_needs_somebody_who_is_not_up_yet(self, desk):
        plan, _ = await desk.on_notice("post-1")
        with pytest.raises(NobodyToShow):
            await desk.put_up(plan, starts_on=date(2024, 9, 20))

    async def _ready(self, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await desk.examined(application)
        await desk.ranked(plan)
        await desk.checked(application)
        return plan, application


class TestObjections:
    @pytest.mark.parametrize("on", [date(2024, 9, 18), LAST_DAY])
    async def test_is_taken_during_the_notice(self, desk, on):
        _, [application] = await desk.on_notice("post-1")

        assert (await desk.object_to(application, on=on)).status == "open"

    @pytest.mark.parametrize("on", [date(2024, 9, 17), DAY_AFTER])
    async def test_is_not_taken_outside_the_notice(self, desk, on):
        _, [application] = await desk.on_notice("post-1")
        with pytest.raises(ObjectionOutsideNotice):
            await desk.object_to(application, on=on)

    async def test_is_not_answered_by_whoever_raised_it(self, desk):
        _, [application] = await desk.on_notice("post-1")
        objection = await desk.object_to(application, on=LAST_DAY, subject="clerk")
        with pytest.raises(SamePerson):
            await desk.answer(objection, upheld=False, on=DAY_AFTER)

    async def test_is_answered_once(self, desk):
        _, [application] = await desk.on_notice("post-1")
        objection = await desk.object_to(application, on=LAST_DAY)
        await desk.answer(objection, upheld=False, on=DAY_AFTER)
        with pytest.raises(WrongState):
            await desk.answer(objection, upheld=True, on=DAY_AFTER)

    async def test_upheld_it_replaces_the_person_by_the_next(self, bench, desk):
        plan, [first, second] = await desk.on_notice("post-1", people=("one", "two"))
        objection = await desk.object_to(first, on=LAST_DAY)
        await desk.answer(objection, upheld=True, on=DAY_AFTER)

        assert [await desk.status(one) for one in (first, second)] == ["rejected", "selected"]
        assert [one.upheld for one in await bench.sent(ObjectionAnswered)] == [True]
        for stage in ("background_check", "medical"):
            await desk.record(second, stage, passed=True, on=date(2024, 9, 27))
        notice = await desk.put_up(plan, starts_on=date(2024, 9, 29))
        assert [one.application_id for one in notice.shown] == [second.application_id]
        assert (await desk.hire(second, on=date(2024, 10, 12))).status == "hired"


@pytest.mark.clause("LAW-RC-17")
class TestHire:
    """LAW-RC-17: from the day after the notice, nothing open, nothing upheld."""

    async def test_makes_a_worker(self, bench, desk):
        plan = await desk.published("post-1")
        number = identity_number(order=55)
        application = await desk.applied(plan, identity_number=number, certificate_level="social_worker")
        await desk.examined(application)
        await desk.ranked(plan)
        await desk.checked(application)
        await desk.put_up(plan)
        hired = await desk.hire(application, on=DAY_AFTER)

        [event] = await bench.sent(WorkerHired)
        sealer = bench.runtime.sealer
        assert sealer.open(event.identity_sealed, place=f"person|identity_number|{hired.worker_id}") == number
        assert (event.area, event.post_class, event.name) == ("320102002", "ordinary", "张三")
        assert (event.account, event.certificate_level) == (application.account, "social_worker")
        [post] = await bench.rows(Post)
        assert (post.plan_id, post.worker_id) == (None, hired.worker_id)

    async def test_is_refused_on_the_last_day_of_the_notice(self, bench, desk):
        _, [application] = await desk.on_notice("post-1")
        with pytest.raises(Refused) as refused:
            await desk.hire(application, on=LAST_DAY)

        assert [one.clause for one in refused.value.decisions] == ["LAW-RC-17"]
        assert [one.permits for one in await bench.decisions("public_notice.permits_hiring")] == [False]
        assert await bench.sent(WorkerHired) == []

    async def test_is_refused_while_an_objection_is_open(self, desk):
        _, [application] = await desk.on_notice("post-1")
        objection = await desk.object_to(application, on=LAST_DAY)
        with pytest.raises(Refused):
            await desk.hire(application, on=DAY_AFTER)
        await desk.answer(objection, upheld=False, on=DAY_AFTER)

        assert (await desk.hire(application, on=DAY_AFTER)).status == "hired"

    async def test_is_refused_before_the_notice_with_the_clause_of_the_order(self, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await desk.examined(application)
        await desk.ranked(plan)
        with pytest.raises(Refused) as refused:
            await desk.hire(application, on=DAY_AFTER)

        assert [one.clause for one in refused.value.decisions] == ["LAW-RC-01"]

    async def test_needs_a_post_of_the_plan(self, desk):
        _, [application] = await desk.on_notice("post-1")
        with pytest.raises(PostNotOfPlan):
            await desk.hire(application, on=DAY_AFTER, post_id="post-9")

    async def test_fills_each_post_once_and_completes_the_plan(self, bench, desk):
        _, [first, second, third] = await desk.on_notice("post-1", "post-2", people=("one", "two", "three"))
        await desk.hire(first, on=DAY_AFTER)
        with pytest.raises(PostNotOfPlan):
            await desk.hire(second, on=DAY_AFTER, post_id="post-1")
        assert await bench.sent(PlanCompleted) == []
        await desk.hire(second, on=DAY_AFTER, post_id="post-2")

        assert [one.hired for one in await bench.sent(PlanCompleted)] == [2]
        assert await desk.status(third) == "closed"
        with pytest.raises(WrongState):
            await desk.hire(first, on=DAY_AFTER, post_id="post-2")

    async def test_a_post_left_can_be_planned_for_again(self, bench, desk):
        _, [application] = await desk.on_notice("post-1")
        hired = await desk.hire(application, on=DAY_AFTER)
        left = WorkerLeft(
            worker_id=hired.worker_id,
            case_id="case-1",
            area=desk.street,
            staff=desk.staff,
            ground="resigned",
            clause="JS-8e",
            left_on=date(2025, 3, 1),
        )
        await desk.hear(left)
        await desk.approved_headcount(1)

        assert (await desk.drafted("post-1")).status == "drafted"
        assert {one.status for one in await bench.rows(Application)} == {"hired"}

    async def test_a_post_still_to_be_left_is_not_filled_before(self, bench, desk):
        _, [application] = await desk.on_notice("post-1")
        await self._free_from(bench, DAY_AFTER + timedelta(days=1))
        with pytest.raises(PostNotFreeYet):
            await desk.hire(application, on=DAY_AFTER)
        assert await bench.sent(WorkerHired) == []

        assert (await desk.hire(application, on=DAY_AFTER + timedelta(days=1))).status == "hired"

    async def test_a_plan_that_ends_leaves_the_day_from_which_its_post_is_free(self, bench, desk):
        plan, _ = await desk.on_notice("post-1")
        await self._free_from(bench, date(2025, 3, 1))
        await bench.run(commands.close_plan, actor=desk.clerk, plan_id=plan.plan_id, on=DAY_AFTER, reason="无人报名")

        assert [(one.plan_id, one.free_from) for one in await bench.rows(Post)] == [(None, date(2025, 3, 1))]

    async def _free_from(self, bench, day):
        async with bench.session() as session, session.begin():
            (await session.get(Post, "post-1")).free_from = day


class TestAnotherOrder:
    """A plan keeps the order it was drafted with: here the interview before the written exam, and no medical."""

    async def test_is_carried_out_by_the_same_commands(self, bench, desk):
        plan = await desk.published("post-1")
        order = {one["stage"]: one for one in plan.process}
        codes = "notice application qualification_review interview written_exam background_check public_notice hiring"
        async with bench.session() as session, session.begin():
            row = await session.get(Plan, plan.plan_id)
            row.process = [order[code] for code in codes.split()]
        application = await desk.applied(plan)
        await desk.record(application, "qualification_review")
        with pytest.raises(Refused):
            await desk.record(application, "written_exam", score=Decimal(80))
        await desk.record(application, "interview", score=Decimal(80))
        with pytest.raises(ApplicationsPending):
            await desk.ranked(plan)
        await desk.record(application, "written_exam", score=Decimal(80))
        await desk.ranked(plan)
        await desk.record(application, "background_check", passed=True)
        await desk.put_up(plan)

        assert (await desk.hire(application, on=DAY_AFTER)).done == codes.split()


@pytest.mark.clause("JH-7")
class TestPurchase:
    """JH-7: a tender has its own stages; the same commands carry them out."""

    async def test_goes_from_tender_notice_to_start(self, bench, desk):
        desk.staff = "purchased_service"
        plan = await desk.published("post-1")
        first = await desk.applied(plan, "one", statuses=[Status.SOCIAL_WORK_DEGREE])
        second = await desk.applied(plan, "two", statuses=[Status.SOCIAL_WORK_DEGREE])
        for application, won in ((first, True), (second, False)):
            await desk.record(application, "professional_review")
            await desk.record(application, "bidding", passed=won)
        assert await desk.ranked(plan) == [first.application_id]
        await desk.put_up(plan)
        with pytest.raises(Refused):
            await desk.hire(first, on=DAY_AFTER)
        await desk.record(first, "contract", passed=True, on=DAY_AFTER)

        assert (await desk.hire(first, on=DAY_AFTER)).done == [one.stage for one in plan.stages]
        assert len(await bench.sent(PlanCompleted)) == 1
