"""Headcount, plans and notices on the bench."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from common.actors import Role
from common.errors import NotFound, Refused, SamePerson, WrongState
from common.events.recruitment import (
    HeadcountApproved,
    HeadcountRequested,
    NoticePublished,
    PlanApproved,
    PlanCompleted,
    PlanDrafted,
    PlanReturned,
    PlanStepApproved,
)
from common.policy import NoClause
from common.testing import somebody
from recruitment import commands
from recruitment.commands.headcount import OrganisationElsewhere
from recruitment.commands.plans import PostOfAnother
from recruitment.models import OutOfOrder, Plan, Post, PostNotFree
from recruitment.rules import Education, OwnConditions, Status

APPROVED_ON = date(2024, 8, 26)


async def draft_slowly(tx, **given):
    plan = await commands.draft_plan(tx, **given)
    await asyncio.sleep(0.3)
    return plan


def codes(refused):
    outcome = refused.value.decisions[0].outcome
    return [one["code"] for one in (outcome if isinstance(outcome, list) else outcome["findings"])]


@pytest.mark.clause("JS-5b")
class TestHeadcount:
    """JS-5b: five figures, approved by the city union."""

    async def test_is_requested_and_approved(self, bench, desk):
        await desk.open_posts("post-1")
        request = await desk.approved_headcount(1)

        assert request.status == "approved"
        assert [type(one) for one in await bench.sent()] == [HeadcountRequested, HeadcountApproved]
        assert {one.clause for one in await bench.decisions()} == {"JS-5b"}

    async def test_is_refused_without_a_figure_and_keeps_the_refusal(self, bench, desk):
        await desk.open_posts("post-1")
        with pytest.raises(Refused) as refused:
            await self._requested(bench, desk, figures={"economy": Decimal(1)})

        assert codes(refused) == ["figure_missing"] * 4
        assert [one.permits for one in await bench.decisions("headcount.request")] == [False]
        assert await bench.sent() == []

    async def test_is_not_approved_by_the_county(self, bench, desk):
        await desk.open_posts("post-1")
        request = await self._requested(bench, desk)
        with pytest.raises(Refused) as refused:
            await self._approved(bench, request, desk.office("superior_union", "county"))

        assert codes(refused) == ["another_office"]

    async def test_is_not_approved_by_whoever_asked(self, bench, desk):
        await desk.open_posts("post-1")
        request = await self._requested(bench, desk)
        with pytest.raises(SamePerson):
            await self._approved(bench, request, desk.office("superior_union", "city", subject="clerk"))

    async def test_is_not_approved_twice(self, bench, desk):
        await desk.open_posts("post-1")
        request = await desk.approved_headcount(1)
        with pytest.raises(WrongState):
            await self._approved(bench, request, desk.office("superior_union", "city", subject="second"))

    async def test_needs_an_organisation_of_the_area(self, bench, desk):
        await desk.open_posts("post-1")
        with pytest.raises(OrganisationElsewhere):
            await self._requested(bench, desk, actor=somebody(Role.LEAD_DEPARTMENT, area="32"), area="320104")

    async def test_needs_an_area_of_ones_own(self, bench, desk):
        await desk.open_posts("post-1")
        with pytest.raises(NotFound):
            await self._requested(bench, desk, area="3201")

    async def _requested(self, bench, desk, actor=None, **other):
        given = {
            "area": desk.county,
            "staff": "union_worker",
            "organisation_id": "org-1",
            "positions": 1,
            "figures": dict.fromkeys(("economy", "staff_gap", "enterprises", "workers", "funds"), Decimal(1)),
            "on": date(2024, 8, 20),
        }
        return await bench.run(commands.request_headcount, actor=actor or desk.clerk, **(given | other))

    async def _approved(self, bench, request, actor):
        return await bench.run(
            commands.approve_headcount, actor=actor, request_id=request.request_id, on=date(2024, 8, 21)
        )


class TestDraftPlan:
    """A plan holds its posts, its stages and its approvers from its first day."""

    async def test_keeps_stages_approvers_and_posts(self, bench, desk):
        desk.staff = "open_recruitment"
        await desk.ready_to_draft("post-1", "post-2")
        plan = await desk.drafted("post-1", "post-2")

        assert [one.stage for one in plan.stages][:3] == ["notice", "application", "qualification_review"]
        assert [str(one.office) for one in plan.steps] == ["party_committee", "government"]
        assert {post.plan_id for post in await bench.rows(Post)} == {plan.plan_id}
        assert [one.positions for one in await bench.sent(PlanDrafted)] == [2]
        assert {one.clause for one in await bench.decisions()} == {"JH-9", "JH-4a", "JH-4b", "LAW-RC-07"}

    async def test_needs_a_free_post(self, desk):
        await desk.ready_to_draft("post-1", "post-2")
        await desk.drafted("post-1")
        with pytest.raises(PostNotFree):
            await desk.drafted("post-1")

    async def test_needs_a_known_post(self, desk):
        await desk.ready_to_draft("post-1")
        with pytest.raises(NotFound):
            await desk.drafted("post-9")

    async def test_needs_posts_of_its_own_kind_of_staff(self, desk):
        await desk.ready_to_draft("post-1")
        with pytest.raises(PostOfAnother):
            await desk.drafted("post-1", staff="community_worker")

    @pytest.mark.clause("JS-5b")
    async def test_needs_approved_headcount_for_each_position(self, bench, desk):
        await desk.open_posts("post-1", "post-2")
        await desk.approved_headcount(1)
        with pytest.raises(Refused) as refused:
            await desk.drafted("post-1", "post-2")

        assert refused.value.decisions[0].clause == "JS-5b"
        assert codes(refused) == ["headcount_not_approved"]
        assert await bench.rows(Plan) == []
        assert [one.plan_id for one in await bench.rows(Post)] == [None, None]

    @pytest.mark.clause("JS-5b")
    async def test_uses_up_the_headcount(self, desk):
        await desk.open_posts("post-1", "post-2")
        await desk.approved_headcount(1)
        await desk.drafted("post-1")
        with pytest.raises(Refused):
            await desk.drafted("post-2")

    @pytest.mark.clause("JS-5b")
    async def test_a_street_is_bound_by_what_the_county_planned(self, desk):
        await desk.open_posts("post-1", "post-2")
        await desk.approved_headcount(1)
        await desk.drafted("post-1")
        with pytest.raises(Refused) as refused:
            await self._drafted_by_the_street(desk, "post-2")

        assert refused.value.decisions[0].facts == {"approved": 1, "used": 1, "wanted": 1}

    @pytest.mark.clause("JS-5b")
    async def test_a_street_may_use_what_was_approved_for_the_county(self, bench, desk):
        await desk.open_posts("post-1")
        await desk.approved_headcount(1)

        assert (await self._drafted_by_the_street(desk, "post-1")).area == desk.street

    @pytest.mark.clause("JS-5b")
    async def test_two_plans_at_once_do_not_share_the_last_approved_position(self, bench, desk):
        await desk.open_posts("post-1", "post-2")
        await desk.approved_headcount(1)
        both = (desk.drafted(post_id, command=draft_slowly) for post_id in ("post-1", "post-2"))
        results = await asyncio.gather(*both, return_exceptions=True)

        assert sorted(type(result).__name__ for result in results) == ["Plan", "Refused"]

    async def _drafted_by_the_street(self, desk, post_id):
        street = somebody(Role.STREET_OFFICE, area=desk.street)
        return await desk.drafted(post_id, area=desk.street, actor=street)

    @pytest.mark.clause("JL-3b")
    async def test_is_refused_a_higher_age_than_the_documents(self, desk):
        desk.staff = "community_worker"
        await desk.ready_to_draft("post-1")
        with pytest.raises(Refused) as refused:
            await desk.drafted("post-1", conditions=OwnConditions(oldest_age=41))

        assert refused.value.decisions[0].clause == "JL-3b"

    @pytest.mark.clause("JL-3c")
    async def test_may_relax_the_age_for_those_the_document_names(self, bench, desk):
        desk.staff = "community_worker"
        await desk.ready_to_draft("post-1")
        await desk.drafted("post-1", conditions=OwnConditions(age_relaxed_for=(Status.VETERAN,)))

        assert [one.clause for one in await bench.decisions("plan.age_relaxation")] == ["JL-3c"]

    async def test_may_relax_its_own_age_where_the_document_gives_none(self, desk):
        await desk.ready_to_draft("post-1")
        plan = await desk.drafted(conditions=OwnConditions(oldest_age=35, age_relaxed_for=(Status.VETERAN,)))

        assert plan.own_conditions.age_relaxed_for == (Status.VETERAN,)

    @pytest.mark.clause("JH-4b")
    async def test_is_refused_less_education_than_the_documents(self, desk):
        desk.staff = "open_recruitment"
        await desk.ready_to_draft("post-1")
        with pytest.raises(Refused) as refused:
            await desk.drafted(conditions=OwnConditions(lowest_education=Education.JUNIOR_COLLEGE))

        assert refused.value.decisions[0].clause == "JH-4b"

    async def test_is_not_drafted_where_no_document_names_approvers(self, desk):
        desk.staff = "clerk"
        await desk.ready_to_draft("post-1")
        with pytest.raises(NoClause):
            await desk.drafted("post-1")


@pytest.mark.clause("JH-3a", "JH-4a")
class TestApprovePlan:
    """JH-3a and JH-4a: two offices in turn, never one person for both."""

    async def test_is_approved_by_each_office_in_turn(self, bench, desk):
        desk.staff = "open_recruitment"
        plan = await desk.approved("post-1")

        assert (plan.status, plan.approved_on) == ("approved", APPROVED_ON)
        steps = await bench.sent(PlanStepApproved, PlanApproved)
        assert [getattr(one, "office", "all") for one in steps] == ["party_committee", "government", "all"]

    async def test_is_refused_to_the_wrong_office_and_keeps_the_refusal(self, bench, desk):
        plan = await self._drafted(desk)
        with pytest.raises(Refused) as refused:
            await self._approved(bench, plan, desk.office("government"))

        assert refused.value.decisions[0].clause == "JH-4a"
        assert codes(refused) == ["another_office"]
        assert [one.permits for one in await bench.decisions("plan.approvers")] == [True, False]
        assert await bench.sent(PlanStepApproved) == []

    async def test_is_refused_to_the_right_office_of_another_level(self, bench, desk):
        plan = await self._drafted(desk)
        with pytest.raises(Refused):
            await self._approved(bench, plan, desk.office("party_committee", "city"))

    async def test_is_not_approved_by_whoever_drafted_it(self, bench, desk):
        plan = await self._drafted(desk)
        with pytest.raises(SamePerson):
            await self._approved(bench, plan, desk.office("party_committee", subject="clerk"))

    async def test_is_not_approved_by_one_person_for_two_offices(self, bench, desk):
        plan = await self._drafted(desk)
        both = somebody(Role.PARTY_COMMITTEE, Role.GOVERNMENT, area=desk.county, subject="both")
        await self._approved(bench, plan, both)
        with pytest.raises(SamePerson):
            await self._approved(bench, plan, both)

    async def test_is_not_approved_once_more(self, bench, desk):
        desk.staff = "open_recruitment"
        plan = await desk.approved("post-1")
        with pytest.raises(WrongState):
            await self._approved(bench, plan, desk.office("government", subject="third"))

    async def test_is_not_approved_before_it_was_drafted(self, bench, desk):
        plan = await self._drafted(desk)
        with pytest.raises(OutOfOrder):
            await self._approved(bench, plan, desk.office("party_committee"), on=date(2024, 8, 19))

    async def _drafted(self, desk):
        desk.staff = "open_recruitment"
        await desk.ready_to_draft("post-1")
        return await desk.drafted("post-1")

    async def _approved(self, bench, plan, actor, on=APPROVED_ON):
        return await bench.run(commands.approve_plan, actor=actor, plan_id=plan.plan_id, on=on)


class TestReturnAndClosePlan:
    async def test_returned_plan_gives_its_posts_and_headcount_back(self, bench, desk):
        await desk.ready_to_draft("post-1")
        plan = await desk.drafted("post-1")
        await bench.run(
            commands.return_plan,
            actor=desk.office("superior_union", "city"),
            plan_id=plan.plan_id,
            on=APPROVED_ON,
            reason="人数过多",
        )

        assert [one.office for one in await bench.sent(PlanReturned)] == ["superior_union"]
        assert (await desk.drafted("post-1")).status == "drafted"

    async def test_plan_is_not_returned_by_another_office(self, bench, desk):
        await desk.ready_to_draft("post-1")
        plan = await desk.drafted("post-1")
        with pytest.raises(Refused):
            await bench.run(
                commands.return_plan,
                actor=desk.office("finance"),
                plan_id=plan.plan_id,
                on=APPROVED_ON,
                reason="人数过多",
            )

    async def test_closed_plan_frees_posts_and_ends_applications(self, bench, desk):
        plan = await desk.published("post-1")
        application = await desk.applied(plan)
        await self._closed(bench, desk, plan)

        assert await desk.status(application) == "closed"
        assert [one.plan_id for one in await bench.rows(Post)] == [None]
        assert [one.hired for one in await bench.sent(PlanCompleted)] == [0]

    async def test_plan_is_closed_only_once(self, bench, desk):
        plan = await desk.published("post-1")
        await self._closed(bench, desk, plan)
        with pytest.raises(WrongState) as wrong:
            await self._closed(bench, desk, plan)

        assert wrong.value.detail("en") == (
            "recruitment plan is in state 'completed'; this needs 'drafted, approved, published'."
        )
        assert "招聘方案目前状态为“已结束”" in wrong.value.detail("zh")

    async def _closed(self, bench, desk, plan):
        return await bench.run(
            commands.close_plan, actor=desk.clerk, plan_id=plan.plan_id, on=date(2024, 9, 20), reason="无人报名"
        )


@pytest.mark.clause("LAW-RC-02", "LAW-WD")
class TestPublishNotice:
    """LAW-RC-02: seven working days at least."""

    @pytest.mark.parametrize(
        ("published_on", "closes_on"),
        [
            pytest.param(date(2024, 9, 2), date(2024, 9, 11), id="seven working days"),
            pytest.param(date(2024, 9, 29), date(2024, 10, 14), id="seven across the October week"),
        ],
    )
    async def test_stands_long_enough(self, bench, desk, published_on, closes_on):
        plan = await self._published(bench, desk, published_on, closes_on)

        assert plan.status == "published"
        assert [one.closes_on for one in await bench.sent(NoticePublished)] == [closes_on]

    @pytest.mark.parametrize(
        ("published_on", "closes_on"),
        [
            pytest.param(date(2024, 9, 2), date(2024, 9, 10), id="six working days"),
            pytest.param(date(2024, 9, 29), date(2024, 10, 12), id="six across the October week"),
            pytest.param(date(2024, 9, 2), date(2024, 9, 1), id="closing before it opens"),
        ],
    )
    async def test_is_refused_when_shorter(self, bench, desk, published_on, closes_on):
        with pytest.raises(Refused) as refused:
            await self._published(bench, desk, published_on, closes_on)

        assert refused.value.decisions[0].clause == "LAW-RC-02"

    async def test_is_refused_beyond_the_published_calendar(self, bench, desk):
        with pytest.raises(Refused) as refused:
            await self._published(bench, desk, date(2026, 12, 28), date(2027, 1, 20))

        assert refused.value.decisions[0].clause == "LAW-WD"
        assert codes(refused) == ["calendar_not_published"]

    async def test_is_not_published_before_the_plan_is_approved(self, bench, desk):
        await desk.ready_to_draft("post-1")
        plan = await desk.drafted("post-1")
        with pytest.raises(WrongState):
            await bench.run(
                commands.publish_notice,
                actor=desk.clerk,
                plan_id=plan.plan_id,
                published_on=date(2024, 9, 2),
                closes_on=date(2024, 9, 20),
            )

    async def _published(self, bench, desk, published_on, closes_on):
        plan = await desk.approved("post-1")
        return await bench.run(
            commands.publish_notice,
            actor=desk.clerk,
            plan_id=plan.plan_id,
            published_on=published_on,
            closes_on=closes_on,
        )
