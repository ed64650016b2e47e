import asyncio
from datetime import date
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from common.actors import Role
from common.errors import NotFound, PreconditionFailed, Refused, SamePerson, WrongState
from common.events.contracts import WorkerLeft
from common.events.recruitment import WorkerHired
from common.events.registry import (
    FilingAccepted,
    FilingOpened,
    FilingReturned,
    FilingSubmitted,
    OrganisationRegistered,
    PostOpened,
)
from common.policy import NoClause, NotChosen
from common.tables import ParkedMessage
from common.testing import somebody
from common.transaction import count_in_whole
from registry import commands, queries
from registry.commands import AlreadyRegistered
from registry.models import Filing, Organisation, Post, Worker

STREET = "320102002"
COMMUNITY = "220102001001"
COUNTY_OFFICE = somebody(Role.CIVIL_AFFAIRS, area="220102")
OTHER_STREET = somebody(Role.STREET_OFFICE, area="220102002")
PROVINCE = somebody(Role.PROVINCIAL_REGISTRAR, area="32", subject="registrar")
HIRED = WorkerHired(
    worker_id="worker-1",
    application_id="application-1",
    plan_id="plan-1",
    organisation_id="union-1",
    post_id="post-1",
    area=STREET,
    staff="union_worker",
    post_class="ordinary",
    name="陈静",
    account="issuer|chen",
    identity_masked="320***********1234",
    identity_sealed="v1.k1.AAAA",
    hired_on=date(2024, 4, 1),
)


async def register(bench, **given):
    figures = {"unions": None, "workers": None, "households": None, "committee_term_ends_on": None}
    place = {"organisation_id": "union-1", "name": "梅园新村街道总工会", "kind": "street_union", "area": STREET}
    return await bench.run(commands.register_organisation, **{**figures, **place, **given})


async def register_community(bench, *, cap=100):
    await register(bench, organisation_id="community-1", kind="community", area=COMMUNITY, households=3620)
    on = date(2021, 1, 1)
    await bench.choose("JL-2a", "one_extra_per", 300, area="220102", starts_on=on)
    await bench.choose("JL-2b", "county_cap", cap, area="220102", starts_on=on)
    quota = {"organisation_id": "community-1", "staff": "community_worker", "on": date(2021, 9, 1)}
    await bench.run(commands.determine_quota, actor=COUNTY_OFFICE, **quota)


async def open_post(bench, **given):
    usual = {"organisation_id": "community-1", "staff": "community_worker", "post_class": "ordinary", "reason": None}
    return await bench.run(commands.open_post, **{**usual, "on": date(2021, 9, 1), **given})


class TestDetermineQuota:
    async def test_refuses_to_guess_what_the_county_has_not_chosen(self, bench):
        await register(bench, organisation_id="community-1", kind="community", area=COMMUNITY, households=3620)

        with pytest.raises(NotChosen) as refusal:
            await bench.run(
                commands.determine_quota, organisation_id="community-1", staff="community_worker", on=date(2021, 9, 1)
            )

        assert refusal.value.clause == "JL-2a"

    async def test_refuses_where_no_document_speaks(self, bench):
        await register(bench, area="110101001")

        with pytest.raises(NoClause):
            await bench.run(
                commands.determine_quota, organisation_id="union-1", staff="union_worker", on=date(2024, 1, 5)
            )


class TestRegisterOrganisation:
    """An id is taken once on the whole platform; whoever asks, the answer is the same."""

    async def test_an_id_taken_is_refused_alike_here_and_where_nobody_sees_it(self, bench):
        await register(bench)
        answers = []
        for area in (STREET, "220102001"):
            with pytest.raises(AlreadyRegistered) as refusal:
                await register(bench, area=area, actor=somebody(Role.LEAD_DEPARTMENT, area=area[:6]))
            answers.append(refusal.value.detail("zh"))

        assert answers[0] == answers[1]
        assert [row.area for row in await bench.rows(Organisation)] == [STREET]
        assert len(await bench.sent(OrganisationRegistered)) == 1

    async def test_two_at_once_register_one(self, bench):
        results = await asyncio.gather(register(bench), register(bench), return_exceptions=True)

        assert sorted(type(result).__name__ for result in results) == ["AlreadyRegistered", "Organisation"]


class TestOpenPost:
    async def test_refuses_one_too_many_and_keeps_the_refusal(self, bench):
        await register_community(bench)
        for _ in range(17):
            await open_post(bench)

        with pytest.raises(Refused) as refusal:
            await open_post(bench)

        assert refusal.value.decisions[0].clause == "JL-2b"
        assert len(await bench.rows(Post)) == 17
        kept = await bench.decisions("post.may_open")
        assert [decision.permits for decision in kept] == [True] * 17 + [False]
        assert len(await bench.sent(PostOpened)) == 17

    async def test_two_offices_at_once_do_not_share_the_last_place(self, bench):
        await register_community(bench, cap=1)

        results = await asyncio.gather(open_post(bench), open_post(bench), return_exceptions=True)

        assert sorted(type(result).__name__ for result in results) == ["Post", "Refused"]

    async def test_a_street_is_bound_by_the_total_of_the_whole_county(self, bench):
        await register_community(bench, cap=1)
        await open_post(bench)
        elsewhere = {"organisation_id": "community-2", "area": "220102002001"}
        await register(bench, **elsewhere, kind="community", households=3620)
        quota = {"organisation_id": "community-2", "staff": "community_worker", "on": date(2021, 9, 1)}
        await bench.run(commands.determine_quota, actor=COUNTY_OFFICE, **quota)

        with pytest.raises(Refused) as refusal:
            await open_post(bench, organisation_id="community-2", actor=OTHER_STREET)

        assert refusal.value.decisions[0].facts["posts_open_in_county"] == 1
        assert len(await bench.rows(Post)) == 1

    async def test_counting_the_county_shows_nobody_more_of_it(self, bench):
        await register_community(bench)
        await open_post(bench)

        async with bench.transaction(OTHER_STREET) as tx:
            counted = await queries.posts_open_in_county(tx.session, OTHER_STREET.area, staff="community_worker")
            seen = list(await tx.session.scalars(select(Post)))
            broken = select(func.count() // 0).select_from(Post)
            with pytest.raises(DBAPIError):
                await count_in_whole(tx.session, broken, area="220102")
            seen += await tx.session.scalars(select(Post))

        assert (counted, seen) == (1, [])

    async def test_another_county_does_not_find_the_organisation(self, bench):
        await register_community(bench)

        with pytest.raises(NotFound):
            await open_post(bench, actor=somebody(Role.CIVIL_AFFAIRS, area="220103"))


class TestFiling:
    """JS-5c: opens by itself on hire; submit, return with a reason, correct, accept."""

    @pytest.mark.clause("JS-5c")
    async def test_opens_once_however_often_the_hire_is_told(self, bench):
        event_id = await bench.hear(HIRED)
        await bench.hear(HIRED, event_id=event_id)

        assert [filing.status for filing in await bench.rows(Filing)] == ["open"]
        opened = await bench.sent(FilingOpened)
        assert [event.clause for event in opened] == ["JS-5c"]

    async def test_opens_once_when_the_hire_is_read_again_after_its_mark_was_pruned(self, bench):
        await bench.hear(HIRED, sequence=1)
        await bench.hear(LEFT, sequence=1)
        await bench.hear(HIRED, sequence=2)

        assert await bench.rows(ParkedMessage) == []
        assert [worker.left_on for worker in await bench.rows(Worker)] == [LEFT.left_on]
        assert len(await bench.rows(Filing)) == len(await bench.sent(FilingOpened)) == 1

    async def test_does_not_open_where_no_document_asks_for_it(self, bench):
        await bench.hear(HIRED.model_copy(update={"area": COMMUNITY, "staff": "community_worker"}))

        assert await bench.rows(Filing) == []
        assert len(await bench.rows(Worker)) == 1

    async def test_goes_back_and_forth_until_accepted(self, bench):
        await bench.hear(HIRED)
        [filing] = await bench.rows(Filing)
        on = date(2024, 4, 10)

        await bench.run(commands.submit_filing, filing_id=filing.filing_id, on=on)
        await bench.run(
            commands.return_filing, actor=PROVINCE, filing_id=filing.filing_id, on=on, reason="合同起始日期不一致"
        )
        await bench.run(commands.correct_filing, filing_id=filing.filing_id, on=on, explanation="已核对")
        accepted = await bench.run(commands.accept_filing, actor=PROVINCE, filing_id=filing.filing_id, on=on)

        assert accepted.receipt_number.startswith("32-2024-")
        assert [step["step"] for step in accepted.steps] == ["submitted", "returned", "corrected", "accepted"]
        said = await bench.sent(FilingSubmitted, FilingReturned, FilingAccepted)
        assert [type(event).__name__ for event in said] == [
            "FilingSubmitted",
            "FilingReturned",
            "FilingSubmitted",
            "FilingAccepted",
        ]

    @pytest.mark.parametrize("judged", ["accept", "return"])
    async def test_is_judged_by_nobody_who_submitted_or_corrected_it(self, bench, judged):
        submitter, corrector = (
            somebody(Role.PROVINCIAL_REGISTRAR, area="32", subject=one) for one in ("first", "next")
        )
        await bench.hear(HIRED)
        [filing] = await bench.rows(Filing)
        given = {"filing_id": filing.filing_id, "on": date(2024, 4, 10)}
        await bench.run(commands.submit_filing, actor=submitter, **given)
        await bench.run(commands.return_filing, actor=PROVINCE, **given, reason="合同起始日期不一致")
        await bench.run(commands.correct_filing, actor=corrector, **given, explanation="已核对")
        judge = commands.accept_filing if judged == "accept" else partial(commands.return_filing, reason="仍不一致")

        for actor in (submitter, corrector):
            with pytest.raises(SamePerson):
                await bench.run(judge, actor=actor, **given)
        assert (await bench.run(judge, actor=PROVINCE, **given)).status == f"{judged}ed"

    async def test_cannot_be_accepted_before_it_is_submitted(self, bench):
        await bench.hear(HIRED)
        [filing] = await bench.rows(Filing)

        with pytest.raises(WrongState) as wrong:
            await bench.run(commands.accept_filing, actor=PROVINCE, filing_id=filing.filing_id, on=date(2024, 4, 10))

        assert wrong.value.detail("en") == "filing is in state 'open'; this needs 'submitted'."
        assert wrong.value.detail("zh").startswith("备案目前状态为“待报送”，不能办理此事项；须先处于“已报送”")

    @pytest.mark.clause("JS-5c")
    async def test_is_not_accepted_by_a_county(self, bench):
        await bench.hear(HIRED)
        [filing] = await bench.rows(Filing)
        await bench.run(commands.submit_filing, filing_id=filing.filing_id, on=date(2024, 4, 2))

        with pytest.raises(Refused) as refusal:
            await bench.run(
                commands.accept_filing,
                actor=somebody(Role.PROVINCIAL_REGISTRAR, area="320102", subject="county"),
                filing_id=filing.filing_id,
                on=date(2024, 4, 10),
            )

        assert refusal.value.decisions[0].clause == "JS-5c"


LEFT = WorkerLeft(
    worker_id="worker-1",
    case_id="case-1",
    area=STREET,
    staff="union_worker",
    ground="failed_evaluations",
    clause="JS-8e",
    left_on=date(2026, 4, 1),
)


class TestWorkerRecord:
    @pytest.mark.parametrize("events", [(HIRED, LEFT), (LEFT, HIRED)], ids=["in order", "the other way round"])
    async def test_keeps_the_day_of_leaving_in_whatever_order_it_is_told(self, bench, events):
        for event in events:
            await bench.hear(event)

        assert [worker.left_on for worker in await bench.rows(Worker)] == [date(2026, 4, 1)]

    async def test_takes_the_leaving_twice_before_the_hire(self, bench):
        for sequence, event in enumerate((LEFT, LEFT, HIRED), start=1):
            await bench.hear(event, sequence=sequence)

        assert await bench.rows(ParkedMessage) == []
        assert [worker.left_on for worker in await bench.rows(Worker)] == [date(2026, 4, 1)]


class TestChangeFigures:
    async def test_does_not_overwrite_what_somebody_else_changed(self, bench):
        organisation = await register(bench, unions=100, workers=900)
        changed = {"organisation_id": "union-1", "workers": 900, "households": None, "committee_term_ends_on": None}
        await bench.run(commands.change_organisation_figures, version=organisation.version, unions=260, **changed)

        with pytest.raises(PreconditionFailed):
            await bench.run(commands.change_organisation_figures, version=organisation.version, unions=120, **changed)
