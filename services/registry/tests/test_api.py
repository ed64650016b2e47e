from sqlalchemy import text

from common.actors import Role
from registry.models import Organisation
from registry.tests.test_commands import HIRED

BODY = {"organisation_id": "union-1", "name": "梅园新村街道总工会", "kind": "street_union", "area": "320102002"}


class TestRegisterOrganisation:
    async def test_answers_with_the_version_to_change_it_by(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102") as client:
            answer = await client.post("/v1/organisations", json=BODY | {"unions": 260})
            changed = await client.put(
                "/v1/organisations/union-1/figures", json={"unions": 261}, headers={"If-Match": answer.headers["ETag"]}
            )
            stale = await client.put(
                "/v1/organisations/union-1/figures", json={"unions": 1}, headers={"If-Match": answer.headers["ETag"]}
            )
            blind = await client.put("/v1/organisations/union-1/figures", json={"unions": 1})

        assert [answer.status_code, changed.status_code, stale.status_code, blind.status_code] == [201, 200, 412, 428]
        assert answer.headers["Position"].startswith("registry:")

    async def test_the_same_key_gives_the_same_answer_and_one_effect(self, bench):
        key = {"Idempotency-Key": "7d1"}
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102") as client:
            first = await client.post("/v1/organisations", json=BODY, headers=key)
            again = await client.post("/v1/organisations", json=BODY, headers=key)
            other = await client.post("/v1/organisations", json=BODY | {"unions": 3}, headers=key)

        assert first.status_code == again.status_code == 201
        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"
        assert other.status_code == 422
        assert len(await bench.rows(Organisation)) == 1

    async def test_a_refusal_is_the_same_answer_too_and_decided_once(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102") as client:
            await client.post("/v1/organisations", json=BODY | {"kind": "community"})
            await client.post("/v1/organisations/union-1/quotas", json={"staff": "union_worker", "on": "2024-01-05"})
            post = {
                "organisation_id": "union-1",
                "staff": "union_worker",
                "post_class": "ordinary",
                "on": "2024-01-05",
            }
            first = await client.post("/v1/posts", json=post, headers={"Idempotency-Key": "k"})
            again = await client.post("/v1/posts", json=post, headers={"Idempotency-Key": "k"})

        assert first.status_code == again.status_code == 409
        assert first.json() == again.json()
        assert first.json()["clause"] == "JS-4a"
        assert "JS-4a" in first.json()["detail"]
        assert len(await bench.decisions("post.place")) == 1


class TestWhoMayCall:
    async def test_nobody_without_a_token(self, bench):
        async with bench.client() as client:
            answer = await client.post("/v1/organisations", json=BODY)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_not_every_role(self, bench):
        async with bench.client(Role.APPLICANT, area="320102") as client:
            answer = await client.post("/v1/organisations", json=BODY)

        assert answer.status_code == 403

    async def test_another_area_sees_nothing_by_api_and_by_the_database_alone(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102002") as client:
            await client.post("/v1/organisations", json=BODY)
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102003") as client:
            answer = await client.get("/v1/organisations/union-1")
        async with bench.runtime.sessions() as session:
            unscoped = (await session.execute(text("SELECT count(*) FROM organisation"))).scalar()

        assert answer.status_code == 404
        assert unscoped == 0


class TestBadInput:
    async def test_nan_is_a_clear_answer(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102") as client:
            answer = await client.post(
                "/v1/organisations",
                content=b'{"unions": NaN, "name": "x"}',
                headers={"Content-Type": "application/json"},
            )

        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_says_where_without_an_echo(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102") as client:
            answer = await client.post("/v1/organisations", json=BODY | {"kind": "110101199003070038"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/body/kind"
        assert "110101199003070038" not in answer.text

    async def test_speaks_english_on_request(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102", language="en") as client:
            answer = await client.get("/v1/organisations/nowhere")

        assert answer.json()["title"] == "Not found"
        assert answer.json()["detail"].startswith("No organisation nowhere found.")

    async def test_names_every_method_of_a_path(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102") as client:
            answer = await client.delete("/v1/organisations/x")

        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET"


class TestListFilings:
    async def test_a_cursor_of_another_question_is_refused(self, bench):
        async with bench.client(Role.PROVINCIAL_REGISTRAR, area="32") as client:
            answer = await client.get("/v1/filings", params={"cursor": "AAAA"})

        assert answer.status_code == 400


class TestWaitFor:
    async def test_waits_for_every_event_of_the_position(self, bench):
        event_id = await bench.hear(HIRED, sequence=7)
        async with bench.client(Role.PROVINCIAL_REGISTRAR, area="32") as client:
            there = await client.get("/v1/filings", headers={"Wait-For": f"recruitment:{event_id}:1"})
            unheard = await client.get("/v1/filings", headers={"Wait-For": "payroll:nobody-hears-this:1"})
            malformed = await client.get("/v1/filings", headers={"Wait-For": "x"})

        assert [there.status_code, unheard.status_code, malformed.status_code] == [200, 200, 400]
        assert len(there.json()["items"]) == 1

    async def test_says_so_when_it_does_not_arrive(self, bench, monkeypatch):
        monkeypatch.setattr("common.waiting.LONGEST_WAIT", 0.1)
        event_id = await bench.hear(HIRED, sequence=7)
        async with bench.client(Role.PROVINCIAL_REGISTRAR, area="32") as client:
            answer = await client.get("/v1/filings", headers={"Wait-For": f"recruitment:{event_id}:2"})

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
