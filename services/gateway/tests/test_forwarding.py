import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

from common.embedded.ports import free_port
from common.service import Runtime
from common.testing import Bench
from gateway.api import docs, forwarding
from gateway.main import service

DOCUMENT: dict[str, Any] = {
    "info": {"title": "test"},
    "paths": {
        "/v1/plans": {"post": {"operationId": "draft_plan", "x-service": "upstream"}},
        "/v1/plans/{plan_id}": {
            "get": {"operationId": "get_plan", "x-service": "upstream"},
            "put": {"operationId": "change_plan", "x-service": "upstream"},
        },
        "/v1/slow": {"get": {"operationId": "be_slow", "x-service": "upstream"}},
        "/v1/gone": {"get": {"operationId": "be_gone", "x-service": "nowhere"}},
        "/v1/unknown": {"get": {"operationId": "be_unknown", "x-service": "nobody"}},
        "/v1/workers": {"get": {"operationId": "list_workers", "x-service": "gateway"}},
    },
}


def upstream_app() -> FastAPI:
    app = FastAPI()

    @app.api_route("/v1/plans/{plan_id}", methods=["GET", "PUT"])
    @app.post("/v1/plans")
    async def echo(request: Request) -> Response:
        """Says what arrived, and answers with headers of every sort."""
        said = {
            "path": request.scope["raw_path"].decode(),
            "query": request.scope["query_string"].decode(),
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        }
        headers = {
            "ETag": '"7"',
            "Location": "/v1/plans/plan-1",
            "Position": "upstream:event-1:1",
            "Decisions": "decision-1",
            "Idempotent-Replayed": "true",
            "Server-Timing": "secret",
            "Set-Cookie": "a=b",
        }
        return Response(json.dumps(said), 201, headers, "application/json")

    @app.delete("/v1/plans/{plan_id}")
    async def never() -> None:
        raise AssertionError("no such public operation")

    @app.get("/v1/slow")
    async def slow() -> None:
        await asyncio.sleep(1)

    return app


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(upstream_app(), port=port, log_level="error", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


@pytest.fixture
async def client(bench: Bench, upstream: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(docs, "public_document", lambda: DOCUMENT)
    monkeypatch.setattr(forwarding, "TIMEOUT", httpx.Timeout(0.5, connect=0.5))
    urls = {"upstream": upstream, "nowhere": f"http://127.0.0.1:{free_port()}"}
    app = Runtime(service, bench.runtime.settings.model_copy(update={"service_urls": urls})).app()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


class TestARequestPassedOn:
    async def test_arrives_with_its_path_query_body_and_named_headers(self, client: httpx.AsyncClient):
        traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        sent = {
            "Authorization": "Bearer token",
            "Idempotency-Key": "key-1",
            "If-Match": '"6"',
            "Accept-Language": "en",
            "X-Request-Id": "request-1",
            "Wait-For": "registry:event-0:1",
            "traceparent": traceparent,
            "Content-Type": "application/json",
        }
        hop_by_hop = {"TE": "trailers", "Upgrade": "h2c", "X-Forwarded-For": "1.2.3.4", "Cookie": "a=b"}

        answer = await client.put(
            "/v1/plans/plan%201?x=%E4%B8%AD&y=1&y=2", content='{"名": 1}', headers=sent | hop_by_hop
        )

        said = answer.json()
        assert answer.status_code == 201
        assert said["path"] == "/v1/plans/plan%201"
        assert said["query"] == "x=%E4%B8%AD&y=1&y=2"
        assert said["body"] == '{"名": 1}'
        for name in sent.keys() - {"traceparent"}:
            assert said["headers"][name.lower()] == sent[name]
        assert said["headers"]["traceparent"].split("-")[1] == traceparent.split("-")[1]
        assert not {"te", "upgrade", "x-forwarded-for", "cookie"} & said["headers"].keys()

    async def test_comes_back_with_the_named_headers_and_no_others(self, client: httpx.AsyncClient):
        answer = await client.post("/v1/plans", json={})

        assert answer.headers["etag"] == '"7"'
        assert answer.headers["location"] == "/v1/plans/plan-1"
        assert answer.headers["position"] == "upstream:event-1:1"
        assert answer.headers["decisions"] == "decision-1"
        assert answer.headers["idempotent-replayed"] == "true"
        assert len(answer.headers.get_list("x-request-id")) == 1
        assert not {"server-timing", "set-cookie", "server"} & answer.headers.keys()

    async def test_of_a_large_body_is_refused_at_the_limit_and_one_byte_beyond(self, client: httpx.AsyncClient):
        at_limit = await client.post("/v1/plans", content=b"x" * forwarding.LONGEST_BODY)
        beyond = await client.post("/v1/plans", content=b"x" * (forwarding.LONGEST_BODY + 1))

        async def unannounced() -> AsyncIterator[bytes]:
            for _ in range(9):
                yield b"x" * (forwarding.LONGEST_BODY // 8)

        streamed = await client.post("/v1/plans", content=unannounced())

        assert at_limit.status_code == 201
        assert beyond.status_code == streamed.status_code == 413
        assert beyond.headers["content-type"] == "application/problem+json"

    async def test_that_is_no_public_operation_goes_nowhere(self, client: httpx.AsyncClient):
        deleted = await client.delete("/v1/plans/plan-1")
        unknown = await client.get("/v1/secrets")

        assert deleted.status_code == 405
        assert deleted.headers["allow"] == "GET, PUT"
        assert unknown.status_code == 404


class TestAServiceThatIsAway:
    @pytest.mark.parametrize("path", ["/v1/gone", "/v1/unknown"])
    async def test_is_answered_for_with_503(self, client: httpx.AsyncClient, path: str):
        answer = await client.get(path, headers={"Accept-Language": "en", "X-Request-Id": "request-9"})

        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "2"
        assert answer.json()["code"] == "SERVICE_UNREACHABLE"
        assert answer.json()["request_id"] == "request-9"
        assert "Idempotency-Key" in answer.json()["detail"]

    async def test_that_does_not_answer_in_time_is_answered_for_with_504(self, client: httpx.AsyncClient):
        answer = await client.get("/v1/slow")

        assert answer.status_code == 504
        assert answer.json()["code"] == "SERVICE_TOO_SLOW"


class TestAConnectionThatBreaks:
    """A service that hangs up without a word may have done its work: asked again only where nothing is done twice."""

    @pytest.fixture
    async def hanging_up(self) -> AsyncIterator[tuple[str, list[int]]]:
        asked = [0]

        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked[0] += 1
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
        server.close()

    @pytest.mark.parametrize(
        ("method", "headers", "times"),
        [
            pytest.param("GET", {}, 2, id="reading asks twice"),
            pytest.param("POST", {"Idempotency-Key": "k"}, 2, id="a command with a key asks twice"),
            pytest.param("POST", {}, 1, id="a command without a key asks once"),
        ],
    )
    async def test_is_tried_again_only_if_safe(
        self,
        bench: Bench,
        hanging_up: tuple[str, list[int]],
        monkeypatch: pytest.MonkeyPatch,
        method: str,
        headers: dict[str, str],
        times: int,
    ):
        url, asked = hanging_up
        document = {
            "info": {"title": "t"},
            "paths": {"/v1/x": {method.lower(): {"operationId": "x", "x-service": "u"}}},
        }
        monkeypatch.setattr(docs, "public_document", lambda: document)
        app = Runtime(service, bench.runtime.settings.model_copy(update={"service_urls": {"u": url}})).app()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.request(method, "/v1/x", headers=headers)

        assert answer.status_code == 504
        assert answer.json()["code"] == "OUTCOME_UNKNOWN"
        assert "同一 Idempotency-Key" in answer.json()["detail"]
        assert "先查看是否已办成" in answer.json()["detail"]
        assert asked == [times]

    async def test_and_cannot_be_reached_again_leaves_the_outcome_unknown_too(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        asked = [0]

        async def hang_up_for_good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked[0] += 1
            server.close()
            writer.close()

        server = await asyncio.start_server(hang_up_for_good, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        document = {"info": {"title": "t"}, "paths": {"/v1/x": {"post": {"operationId": "x", "x-service": "u"}}}}
        monkeypatch.setattr(docs, "public_document", lambda: document)
        app = Runtime(service, bench.runtime.settings.model_copy(update={"service_urls": {"u": url}})).app()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.post("/v1/x", headers={"Idempotency-Key": "k"})

        assert (answer.status_code, answer.json()["code"]) == (504, "OUTCOME_UNKNOWN")
        assert asked == [1]
