from datetime import date

import httpx
import pytest

from common.actors import Role
from common.clock import today
from common.service import Runtime
from common.testing import Bench
from gateway.main import service


class TestTheDocsPage:
    async def test_is_where_the_front_door_leads(self, bench: Bench):
        async with bench.client() as client:
            answer = await client.get("/")

        assert answer.status_code == 307
        assert answer.headers["location"] == "/docs"

    async def test_needs_nothing_from_outside(self, bench: Bench):
        async with bench.client() as client:
            page = await client.get("/docs")
            bundle = await client.get("/docs-assets/swagger-ui-bundle.js")
            style = await client.get("/docs-assets/swagger-ui.css")
            icon = await client.get("/docs-assets/favicon.png")

        assert page.status_code == bundle.status_code == style.status_code == icon.status_code == 200
        assert "://" not in page.text
        assert '"validatorUrl": null' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]

    async def test_reads_the_whole_platforms_document(self, bench: Bench):
        async with bench.client() as client:
            document = (await client.get("/openapi.json")).json()

        assert document["openapi"] == "3.1.0"
        assert document["paths"]["/v1/workers/{worker_id}"]["get"]["x-service"] == "gateway"
        assert document["paths"]["/v1/organisations"]["post"]["x-service"] == "registry"


class TestTheEmbeddedPeople:
    async def test_get_tokens_that_open_doors(self, bench: Bench):
        async with bench.client() as client:
            people = (await client.get("/dev/people")).json()["items"]
            person = next(one for one in people if one["roles"] == ["lead_department"] and one["area"] == "320102")
            wanted = {name: person[name] for name in ("subject", "roles", "area")}
            token = (await client.post("/dev/tokens", json=wanted)).json()
            answer = await client.get("/v1/workers", headers={"Authorization": f"Bearer {token['access_token']}"})

        assert person["name"] == "玄武区牵头部门"
        assert token["token_type"] == "Bearer"
        assert answer.status_code == 200

    async def test_are_of_every_role_and_each_once(self, bench: Bench):
        async with bench.client() as client:
            people = (await client.get("/dev/people")).json()["items"]

        assert {role for one in people for role in one["roles"]} == {str(role) for role in Role}
        assert len({one["subject"] for one in people}) == len(people)

    @pytest.mark.parametrize(
        "body",
        [
            {"subject": "a", "roles": ["king"], "area": "32"},
            {"subject": "a", "roles": [], "area": "321"},
            {"subject": "a b", "roles": [], "area": "32"},
            {"subject": "a", "roles": [], "area": "32", "more": 1},
        ],
        ids=["no such role", "no such code", "no such subject", "an unknown field"],
    )
    async def test_get_no_token_for_nonsense(self, bench: Bench, body: dict[str, object]):
        async with bench.client() as client:
            assert (await client.post("/dev/tokens", json=body)).status_code == 422

    async def test_show_public_keys_without_the_private_part(self, bench: Bench):
        async with bench.client() as client:
            keys = (await client.get("/dev/jwks")).json()["keys"]

        assert keys[0]["kty"] == "OKP"
        assert "d" not in keys[0]


class TestTheClock:
    async def test_is_set_and_given_back(self, bench: Bench):
        async with bench.client() as client:
            was_set = (await client.put("/dev/clock", json={"today": "2024-02-29"})).json()
            read = (await client.get("/dev/clock")).json()
            in_chassis = today(bench.runtime.settings)
            released = await client.delete("/dev/clock")
            after = (await client.get("/dev/clock")).json()

        assert was_set == read == {"today": "2024-02-29"}
        assert in_chassis == date(2024, 2, 29)
        assert released.status_code == 204
        assert after != read


class TestOutsideTheEmbeddedDefault:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/dev/people"),
            ("POST", "/dev/tokens"),
            ("GET", "/dev/jwks"),
            ("GET", "/dev/clock"),
            ("PUT", "/dev/clock"),
            ("DELETE", "/dev/clock"),
        ],
    )
    async def test_there_are_no_made_up_people_and_no_clock(self, bench: Bench, method: str, path: str):
        app = Runtime(service, bench.runtime.settings.model_copy(update={"embedded": False})).app()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway") as client:
            answer = await client.request(method, path, json={"subject": "a", "roles": [], "area": "32"})

        assert answer.status_code == 404
