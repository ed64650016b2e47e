from datetime import date
from typing import Any

from affairs.models import Organisation, Worker
from common.events import Event
from common.events.contracts import WorkerLeft
from common.events.recruitment import WorkerHired
from common.events.registry import OrganisationRegistered
from common.tables import ParkedMessage
from common.testing import Bench

COMMUNITY = "220102001002"

REGISTERED = OrganisationRegistered(organisation_id="organisation-1", name="民康社区", kind="community", area=COMMUNITY)
HIRED = WorkerHired(
    worker_id="worker-li",
    application_id="application-1",
    plan_id="plan-1",
    organisation_id="organisation-1",
    post_id="post-1",
    area=COMMUNITY,
    staff="community_worker",
    post_class="ordinary",
    name="李强",
    account="http://127.0.0.1:8000/dev|li",
    identity_masked="220***********0011",
    identity_sealed="v1.k1.c2VhbGVk",
    hired_on=date(2024, 3, 15),
)
LEFT = WorkerLeft(
    worker_id="worker-li",
    case_id="case-1",
    area=COMMUNITY,
    staff="community_worker",
    ground="resignation",
    clause="LAW-LC-37",
    left_on=date(2024, 9, 1),
)


async def known(bench: Bench) -> dict[str, Any]:
    [worker] = await bench.rows(Worker)
    return {
        "organisation_id": worker.organisation_id,
        "area": worker.area,
        "hired_on": worker.hired_on,
        "left_on": worker.left_on,
    }


STAYED = {
    "organisation_id": "organisation-1",
    "area": COMMUNITY,
    "hired_on": date(2024, 3, 15),
    "left_on": None,
}
GONE = {**STAYED, "left_on": date(2024, 9, 1)}


class TestWhatOthersSay:
    """Organisations and workers are known from what registry, recruitment and contracts say."""

    async def hear(self, bench: Bench, *events: Event) -> None:
        for number, event in enumerate(events, start=1):
            await bench.hear(event, sequence=number)
        assert await bench.rows(ParkedMessage) == []

    async def test_a_worker_is_known_from_hiring_on(self, bench: Bench) -> None:
        await self.hear(bench, HIRED)

        assert await known(bench) == STAYED

    async def test_a_worker_is_gone_after_leaving(self, bench: Bench) -> None:
        await self.hear(bench, HIRED, LEFT)

        assert await known(bench) == GONE

    async def test_leaving_may_be_told_first(self, bench: Bench) -> None:
        await self.hear(bench, LEFT, HIRED)

        assert await known(bench) == GONE

    async def test_each_is_the_same_when_told_twice(self, bench: Bench) -> None:
        await self.hear(bench, REGISTERED, HIRED, LEFT, REGISTERED, HIRED, LEFT)

        assert await known(bench) == GONE
        assert len(await bench.rows(Organisation)) == 1

    async def test_an_organisation_is_kept_as_last_told(self, bench: Bench) -> None:
        await self.hear(bench, REGISTERED, REGISTERED.model_copy(update={"area": "220102001003"}))

        [organisation] = await bench.rows(Organisation)
        assert organisation.area == "220102001003"
