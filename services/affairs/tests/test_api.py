from datetime import date
from typing import Any

import pytest

from affairs.models import Organisation, Worker
from common.actors import Role
from common.testing import Bench

STREET = "220102001"
COMMUNITY = "220102001002"

ROSTER: dict[str, Any] = {
    "organisation_id": "organisation-1",
    "starts_on": "2024-04-01",
    "hall_workers": ["worker-an", "worker-bo"],
    "grid_workers": {"第一网格": "worker-chen"},
}


@pytest.fixture(autouse=True)
async def _community(bench: Bench) -> None:
    await bench.save(Organisation(organisation_id="organisation-1", area=COMMUNITY))
    await bench.save(
        *(
            Worker(
                worker_id=f"worker-{name}",
                organisation_id="organisation-1",
                area=COMMUNITY,
                staff="community_worker",
                hired_on=date(2024, 1, 2),
            )
            for name in ("an", "bo", "chen")
        )
    )


class TestDutyRosters:
    async def test_are_kept_and_read(self, bench: Bench) -> None:
        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            answer = await client.post("/v1/duty-rosters", json=ROSTER)
            read = await client.get(f"/v1/duty-rosters/{answer.json()['roster_id']}")

        assert answer.status_code == 201
        assert {name: answer.json()[name] for name in ROSTER} == ROSTER
        assert (answer.json()["clause"], answer.json()["staff"]) == ("JL-8a", "community_worker")
        assert read.json() == answer.json()

    async def test_are_not_shown_outside_the_area(self, bench: Bench) -> None:
        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            kept = (await client.post("/v1/duty-rosters", json=ROSTER)).json()
        async with bench.client(Role.STREET_OFFICE, area="220102002") as client:
            answer = await client.get(f"/v1/duty-rosters/{kept['roster_id']}")

        assert answer.status_code == 404

    async def test_are_refused_with_clause_and_finding(self, bench: Bench) -> None:
        body = {**ROSTER, "hall_workers": ["worker-an"]}
        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            answer = await client.post("/v1/duty-rosters", json=body)
        async with bench.client(Role.STREET_OFFICE, area=STREET, language="en") as client:
            english = await client.post("/v1/duty-rosters", json=body)

        assert (answer.status_code, answer.json()["code"], answer.json()["clause"]) == (409, "REFUSED", "JL-8a")
        assert "尚缺 1 人" in answer.json()["detail"]
        assert "1 neither in the hall nor in a grid" in english.json()["detail"]

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"grid_workers": {"": "worker-chen"}}, id="a grid without a name"),
            pytest.param({"grid_workers": {"网" * 61: "worker-chen"}}, id="a grid's name too long"),
            pytest.param({"hall_workers": ["worker an"]}, id="no worker's id"),
            pytest.param({"remark": "x"}, id="a field nobody asked for"),
            pytest.param({"starts_on": "9999-12-31"}, id="a day outside any working life"),
        ],
    )
    async def test_are_checked_as_bodies(self, bench: Bench, changes: dict[str, Any]) -> None:
        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            answer = await client.post("/v1/duty-rosters", json={**ROSTER, **changes})

        assert answer.status_code == 422

    @pytest.mark.parametrize(
        ("language", "words"), [("en", "No duty roster roster-0 found."), ("zh", "没有找到值班安排 roster-0。")]
    )
    async def test_are_named_in_the_readers_language(self, bench: Bench, language: str, words: str) -> None:
        async with bench.client(Role.STREET_OFFICE, area=STREET, language=language) as client:
            answer = await client.get("/v1/duty-rosters/roster-0")

        assert answer.json()["detail"].startswith(words)

    async def test_say_that_nobody_is_on_them(self, bench: Bench) -> None:
        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            answer = await client.post("/v1/duty-rosters", json={**ROSTER, "hall_workers": [], "grid_workers": {}})

        assert (answer.status_code, answer.json()["code"]) == (422, "EMPTY_ROSTER")


class TestAccess:
    @pytest.mark.parametrize(
        ("method", "place", "role"),
        [
            pytest.param("POST", "/v1/duty-rosters", Role.WORKER, id="keep_duty_roster"),
            pytest.param("GET", "/v1/duty-rosters/roster-1", Role.APPLICANT, id="get_duty_roster"),
        ],
    )
    async def test_is_closed_to_other_roles_and_to_strangers(
        self, bench: Bench, method: str, place: str, role: Role
    ) -> None:
        async with bench.client(role, area=STREET) as client:
            forbidden = await client.request(method, place, json={})
        async with bench.client() as client:
            unknown = await client.request(method, place, json={})

        assert (forbidden.status_code, unknown.status_code) == (403, 401)
