from datetime import date

from common.events.contracts import WorkerLeft
from common.events.registry import OrganisationRegistered, PostOpened
from recruitment.models import Organisation, Post

POST = PostOpened(
    post_id="post-1",
    organisation_id="org-1",
    area="320102002",
    staff="union_worker",
    post_class="ordinary",
    opened_on=date(2024, 8, 1),
)


def organisation(name="街道总工会"):
    return OrganisationRegistered(organisation_id="org-1", name=name, kind="street_union", area="320102002")


def left(worker_id):
    return WorkerLeft(
        worker_id=worker_id,
        case_id="case-1",
        area="320102002",
        staff="union_worker",
        ground="resigned",
        clause="JS-8e",
        left_on=date(2025, 3, 1),
    )


class TestOrganisations:
    async def test_is_kept_and_kept_up(self, bench, desk):
        await desk.hear(organisation(), organisation("街道联合工会"))

        [row] = await bench.rows(Organisation)
        assert row.name == "街道联合工会"


class TestPosts:
    async def test_is_free_at_first(self, bench, desk):
        await desk.hear(organisation(), POST)

        [post] = await bench.rows(Post)
        assert (post.plan_id, post.worker_id) == (None, None)

    async def test_told_twice_stays_with_its_plan(self, bench, desk):
        await desk.ready_to_draft("post-1")
        plan = await desk.drafted("post-1")
        await desk.hear(POST)

        [post] = await bench.rows(Post)
        assert post.plan_id == plan.plan_id

    async def test_is_free_again_when_the_worker_left_told_once_or_twice(self, bench, desk):
        _, [application] = await desk.on_notice("post-1")
        hired = await desk.hire(application, on=date(2024, 9, 26))
        await desk.hear(left(hired.worker_id), left(hired.worker_id))

        [post] = await bench.rows(Post)
        assert (post.plan_id, post.worker_id, post.free_from) == (None, None, date(2025, 3, 1))

    async def test_a_late_word_of_leaving_leaves_the_next_holder_alone(self, bench, desk):
        _, [application] = await desk.on_notice("post-1")
        hired = await desk.hire(application, on=date(2024, 9, 26))
        await desk.hear(left(hired.worker_id))
        await desk.approved_headcount(1)
        plan = await desk.drafted("post-1")
        await desk.hear(left(hired.worker_id))

        [post] = await bench.rows(Post)
        assert post.plan_id == plan.plan_id

    async def test_somebody_hired_elsewhere_frees_nothing(self, bench, desk):
        await desk.ready_to_draft("post-1")
        plan = await desk.drafted("post-1")
        await desk.hear(left("worker-9"))

        [post] = await bench.rows(Post)
        assert post.plan_id == plan.plan_id
