"""The log as static files, for everybody."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.commands.publishing import Publisher
from audit.commands.signing import Signer
from audit.queries.log import log_path
from audit.tlog.findings import Outcome
from audit.tlog.sources import Source
from audit.tlog.tiles import path_of, tiles_at
from audit.tlog.verifying import verify_log
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]


@pytest.fixture
async def anybody(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    """Not signed in."""
    async with bench.client() as client:
        yield client


@pytest.fixture
def log(bench: Bench) -> Path:
    return log_path(bench.runtime.settings)


class Fetched(Source):
    """What was fetched before, as a source of the verifier."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


class TestTiles:
    async def test_are_all_that_a_verifier_needs(
        self, grow: Grow, publish: Publish, anybody: httpx.AsyncClient, signer: Signer
    ) -> None:
        await grow(*range(1, 301))
        await publish()

        files = {}
        for path in ["checkpoint", *map(path_of, tiles_at(300))]:
            answer = await anybody.get(f"/log/{path}")
            assert answer.status_code == 200, path
            files[path] = answer.content

        assert len(files) == 6
        assert verify_log(Fetched(files), keys=signer.verifiers).outcome is Outcome.HOLDS

    async def test_are_bytes_to_be_kept_for_good(
        self, grow: Grow, publish: Publish, anybody: httpx.AsyncClient, log: Path
    ) -> None:
        await grow(*range(1, 258))
        await publish()

        for path in ("tile/0/000", "tile/entries/000", "tile/0/001.p/1", "tile/1/000.p/1"):
            answer = await anybody.get(f"/log/{path}")
            assert answer.content == (log / path).read_bytes()
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"

    @pytest.mark.parametrize(
        "path", ["tile/0/001", "tile/0/000.p/3", "tile/1/000.p/1", "tile/7/000", "tile/entries/000.p/9"]
    )
    async def test_that_are_not_there_are_not_found_and_may_come_yet(
        self, grow: Grow, publish: Publish, anybody: httpx.AsyncClient, path: str
    ) -> None:
        await grow(1, 2)
        await publish()

        answer = await anybody.get(f"/log/{path}")

        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")

    async def test_hold_nothing_of_a_person(self, grow: Grow, publish: Publish, anybody: httpx.AsyncClient) -> None:
        await grow(1, 2, 3)
        await publish()

        bundle = (await anybody.get("/log/tile/entries/000.p/3")).content

        assert not [one for one in (b"worker-7", b"clerk", b"320102001", b"organisation-1", b"grades") if one in bundle]


class TestTheCheckpoint:
    async def test_is_never_taken_from_a_cache(
        self, grow: Grow, publish: Publish, anybody: httpx.AsyncClient, publisher: Publisher
    ) -> None:
        assert (await anybody.get("/log/checkpoint")).status_code == 404
        for number in (1, 2):
            await grow(number)
            await publish()

            answer = await anybody.get("/log/checkpoint")
            assert answer.text == publisher.folder.checkpoint()
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert answer.headers["cache-control"] == "no-cache"

    async def test_can_be_compared_with_a_key_that_one_had_before(
        self, anybody: httpx.AsyncClient, signer: Signer
    ) -> None:
        answer = await anybody.get("/log/key")

        assert answer.text == f"{signer.verifiers[0]}\n"
        assert answer.headers["content-type"].startswith("text/plain")


class TestNothingElse:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/000.p/256",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/x000/000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/000/",
            "tile/0/000\0",
            "tile/0/../0/000",
            ".lock",
            ".unfinished",
            "../audit-signer.json",
            "tile/0/../../../keys.json",
            "/etc/passwd",
            "//etc/passwd",
        ],
    )
    async def test_is_served(self, bench: Bench, grow: Grow, publish: Publish, path: str) -> None:
        await grow(1)
        await publish()

        status, content = await as_sent(bench, f"/log/{path}")

        assert status == 404
        assert b"seed" not in content
        assert b"root" not in content

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    async def test_can_be_done_to_it(self, anybody: httpx.AsyncClient, method: str) -> None:
        assert (await anybody.request(method, "/log/checkpoint")).status_code == 405

    @pytest.mark.parametrize("path", ["decisions", "log/alarms", "log/entries", "log/checkpoints"])
    async def test_is_told_to_who_is_not_signed_in(self, anybody: httpx.AsyncClient, path: str) -> None:
        answer = await anybody.get(f"/v1/{path}")

        assert answer.status_code == 401
        assert json.loads(answer.content)["code"] == "UNAUTHENTICATED"


async def as_sent(bench: Bench, path: str) -> tuple[int, bytes]:
    """The answer to a path that no client has tidied up first."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "server": ("service", 80),
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        return next(requests, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await bench.runtime.app()(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_what_is_sent_as_it_is_reaches_the_files(bench: Bench, grow: Grow, publish: Publish, log: Path) -> None:
    await grow(1)
    await publish()

    assert await as_sent(bench, "/log/checkpoint") == (200, (log / "checkpoint").read_bytes())


async def test_the_page_that_checks_receipts_is_served(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/log/check.html")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
