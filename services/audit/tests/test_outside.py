"""Checkpoints out of the keeper's reach: copies in a folder and at a URL, and an authority's time under them."""

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audit import events
from audit.commands import outside
from audit.commands.publishing import Publisher
from audit.models import CheckpointTimestamp
from audit.rules.entries import attributes_of
from audit.tests.telling import alarms, entries, open_alarms
from audit.tests.test_tlog_timestamps import Authority, serving
from audit.tlog.notes import parse_checkpoint, split_note
from audit.tlog.timestamps import check_token
from common.actors import Role
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Coroutine[Any, Any, bool]]


class Received(ThreadingHTTPServer):
    """A place elsewhere that takes checkpoints by POST, or answers with another status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.answers = threading.Event()
        self.answers.set()
        self.notes: list[str] = []
        self.kinds: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/checkpoints"


class _Handler(BaseHTTPRequestHandler):
    server: Received

    def do_POST(self) -> None:
        self.server.notes.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.kinds.append(self.headers["Content-Type"])
        self.server.answers.wait(60)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[Received]:
    server = Received()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.answers.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def copied_to(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def to(*places: str | Path) -> None:
        monkeypatch.setattr(bench.runtime.settings, "log_publish_to", [str(place) for place in places])

    return to


@pytest.fixture
def sending(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> outside.Outside:
    """That does not wait after a failure."""
    monkeypatch.setattr(outside, "AFTER_FAILURE_S", 0.0)
    return outside.Outside(bench.runtime)


@pytest.fixture
def publish(publisher: Publisher, sending: outside.Outside) -> Publish:
    """Bring everything under a published checkpoint and send it out, and what that in turn has to say."""

    async def published() -> bool:
        any_round = False
        while await publisher.round():
            any_round = True
            assert publisher.told is not None
            await sending.send(*publisher.told)
        return any_round

    return published


class TestACopy:
    async def test_lies_in_a_folder_newest_and_each_under_its_size(
        self, grow: Grow, publish: Publish, publisher: Publisher, copied_to: Any, tmp_path: Path
    ) -> None:
        copied_to(tmp_path / "copies")
        notes = []
        for number in (1, 2):
            await grow(number)
            await publish()
            notes.append(publisher.folder.checkpoint())

        copies = {path.name: path.read_text() for path in (tmp_path / "copies").iterdir()}
        assert copies == {"checkpoint-1": notes[0], "checkpoint-2": notes[1], "checkpoint": notes[1]}

    async def test_is_posted_to_a_url(
        self, grow: Grow, publish: Publish, publisher: Publisher, copied_to: Any, elsewhere: Received
    ) -> None:
        copied_to(elsewhere.url)
        await grow(1)
        await publish()

        assert elsewhere.notes == [publisher.folder.checkpoint()]
        assert elsewhere.kinds == ["text/plain; charset=utf-8"]

    async def test_goes_to_each_place_though_another_cannot_be_reached(
        self, bench: Bench, grow: Grow, publish: Publish, copied_to: Any, elsewhere: Received, tmp_path: Path
    ) -> None:
        copied_to("http://127.0.0.1:1/nowhere", elsewhere.url, tmp_path / "copies")
        await grow(1)
        async with asyncio.timeout(60):
            await publish()

        assert (tmp_path / "copies/checkpoint-1").exists()
        assert parse_checkpoint(split_note(elsewhere.notes[0])[0]).size == 1
        assert [mark for mark, _ in await open_alarms(bench, "copy_failed")] == ["http://127.0.0.1:1/nowhere"]


class TestACopyThatFails:
    @pytest.mark.parametrize("how", ["a status", "nobody there", "a file in its place", "no scheme we know"])
    async def test_raises_one_alarm_and_the_log_goes_on(
        self,
        bench: Bench,
        grow: Grow,
        publish: Publish,
        publisher: Publisher,
        copied_to: Any,
        elsewhere: Received,
        tmp_path: Path,
        how: str,
    ) -> None:
        (tmp_path / "a-file").write_text("")
        elsewhere.status = 500
        places = {
            "a status": elsewhere.url,
            "nobody there": "http://127.0.0.1:1/",
            "a file in its place": tmp_path / "a-file",
            "no scheme we know": "http://[",
        }
        copied_to(places[how])
        for number in (1, 2, 3):
            await grow(number)
            async with asyncio.timeout(60):
                await publish()

        assert [kind for kind, *_ in await alarms(bench)] == ["copy_failed"]
        published = publisher.published()
        assert published is not None
        assert published.size == len(await entries(bench)) == 4

    async def test_keeps_the_secrets_of_the_place_out_of_the_log(
        self, bench: Bench, grow: Grow, publish: Publish, copied_to: Any
    ) -> None:
        copied_to("http://clerk:password@127.0.0.1:1/put?token=secret")
        await grow(1)
        async with asyncio.timeout(60):
            await publish()

        assert await open_alarms(bench, "copy_failed") == [("http://127.0.0.1:1/put", 0)]
        leaves = b"".join(entry.leaf for entry in await entries(bench))
        assert not [one for one in (b"password", b"secret") if one in leaves]

    async def test_is_made_up_for_by_the_next_checkpoint_and_the_alarm_closes(
        self, bench: Bench, grow: Grow, publish: Publish, copied_to: Any, elsewhere: Received
    ) -> None:
        copied_to(elsewhere.url)
        elsewhere.status = 500
        await grow(1)
        async with asyncio.timeout(60):
            await publish()
        assert len(await open_alarms(bench, "copy_failed")) == 1

        elsewhere.status = 200
        await grow(2)
        await publish()

        assert await open_alarms(bench, "copy_failed") == []
        async with bench.client(Role.AUDITOR, area="") as client:
            items = (await client.get("/v1/log/entries")).json()["items"]
        assert [one["type"] for one in items] == ["audit.alarm_raised.v1", "audit.alarm_closed.v1"]

    async def test_is_said_in_words(
        self, bench: Bench, grow: Grow, publish: Publish, copied_to: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "a-file").write_text("")
        copied_to(tmp_path / "a-file")
        await grow(1)
        async with asyncio.timeout(60):
            await publish()

        async with bench.client(Role.OPERATOR, area="") as client:
            (one,) = (await client.get("/v1/log/alarms")).json()["items"]
        assert "检查点（1 条）未能送到" in one["words"]["zh"]
        assert "The checkpoint of 1 entries could not be put" in one["words"]["en"]

    async def test_brings_about_no_more_than_one_alarm_where_it_fails_now_and_then(
        self,
        bench: Bench,
        grow: Grow,
        publish: Publish,
        copied_to: Any,
        elsewhere: Received,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(outside, "AFTER_FAILURE_S", 3600.0)
        copied_to(elsewhere.url)
        for number, status in enumerate((500, 200, 500, 200), start=1):
            elsewhere.status = status
            await grow(number)
            async with asyncio.timeout(60):
                await publish()

        kinds = [
            one["type"]
            for one in (attributes_of(entry.leaf) for entry in await entries(bench))
            if one["type"].startswith("audit.alarm")
        ]
        assert kinds == ["audit.alarm_raised.v1"]

    async def test_is_tried_again_in_time_though_nothing_new_is_published(
        self,
        bench: Bench,
        grow: Grow,
        publish: Publish,
        publisher: Publisher,
        sending: Any,
        copied_to: Any,
        elsewhere: Any,
    ) -> None:
        copied_to(elsewhere.url)
        elsewhere.status = 500
        await grow(1)
        await publish()

        elsewhere.status = 200
        assert publisher.told is not None
        await sending.send(*publisher.told)

        assert elsewhere.notes[-1] == publisher.folder.checkpoint()
        assert await open_alarms(bench, "copy_failed") == []


class TestAPlaceThatNeverAnswers:
    async def test_holds_up_no_round_and_gets_the_newest_when_it_does_answer(
        self, bench: Bench, grow: Grow, publisher: Publisher, copied_to: Any, elsewhere: Received, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(outside, "_WITHIN_S", 60.0)
        monkeypatch.setattr(outside, "DEADLINE_S", 60.0)
        copied_to(elsewhere.url)
        elsewhere.answers.clear()
        task = asyncio.create_task(events.publish_log(bench.runtime))
        try:
            async with asyncio.timeout(60):
                while not elsewhere.notes:
                    await asyncio.sleep(0.05)
                for number in (1, 2, 3):
                    await grow(number)
                    while (published := publisher.published()) is None or published.size != number:
                        await asyncio.sleep(0.05)
                assert len(elsewhere.notes) == 1
                elsewhere.answers.set()
                while len(elsewhere.notes) < 2:
                    await asyncio.sleep(0.05)
            assert elsewhere.notes[1:] == [publisher.folder.checkpoint()]
        finally:
            elsewhere.answers.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def test_fails_at_the_deadline_and_is_given_no_more_until_it_lets_go(
        self, bench: Bench, grow: Grow, publish: Publish, copied_to: Any, elsewhere: Received, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(outside, "_WITHIN_S", 60.0)
        monkeypatch.setattr(outside, "DEADLINE_S", 0.5)
        copied_to(elsewhere.url)
        elsewhere.answers.clear()
        for number in (1, 2):
            await grow(number)
            async with asyncio.timeout(50):
                await publish()

        assert len(await open_alarms(bench, "copy_failed")) == 1
        assert len(elsewhere.notes) == 1

    async def test_is_waited_for_outside_any_transaction(
        self, bench: Bench, grow: Grow, publish: Publish, copied_to: Any, elsewhere: Received
    ) -> None:
        copied_to(elsewhere.url)
        elsewhere.answers.clear()
        await grow(1)
        publishing = asyncio.create_task(publish())
        async with asyncio.timeout(50):
            while not elsewhere.notes:
                await asyncio.sleep(0.05)
            open_ones = bench.runtime.engine.pool.checkedout()  # type: ignore[attr-defined]
            elsewhere.answers.set()
            await publishing

        assert open_ones == 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "authority")


class TestATimestamp:
    @pytest.fixture
    def stamping(self, bench: Bench, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        monkeypatch.setattr(outside, "_WITHIN_S", 60.0)
        monkeypatch.setattr(outside, "DEADLINE_S", 60.0)
        with serving(authority) as served:
            monkeypatch.setattr(bench.runtime.settings, "log_timestamping", served.url)
            yield served

    async def stamped(self, bench: Bench) -> list[int]:
        return sorted(row.size for row in await bench.rows(CheckpointTimestamp))

    async def test_is_kept_beside_the_checkpoint_and_given_with_it(
        self, bench: Bench, grow: Grow, publish: Publish, stamping: Any, publisher: Publisher
    ) -> None:
        await grow(1)
        await publish()

        (kept,) = await bench.rows(CheckpointTimestamp)
        note = (publisher.folder.checkpoint() or "").encode()
        assert stamping.authority.verifies(kept.token, note)
        told = check_token(kept.token, note, roots_pem=stamping.authority.root)
        assert told == stamping.authority.time_of(kept.token)
        async with bench.client(Role.AUDITOR, area="") as client:
            (shown,) = (await client.get("/v1/log/checkpoints", params={"stamped": "true"})).json()["items"]
        assert shown["size"] == 1
        assert base64.b64decode(shown["timestamp"]) == kept.token
        assert shown["note"].encode() == note

    async def test_is_asked_for_at_most_once_an_hour(
        self, bench: Bench, grow: Grow, publish: Publish, stamping: Any, tamper: Any
    ) -> None:
        for number in (1, 2, 3):
            await grow(number)
            await publish()
        assert await self.stamped(bench) == [1]

        await tamper("UPDATE checkpoint_timestamp SET requested_at = requested_at - interval '1 hour'")
        for number in (4, 5):
            await grow(number)
            await publish()

        assert await self.stamped(bench) == [1, 4]
        assert timedelta(hours=1) == outside.STAMPED_EVERY

    @pytest.mark.parametrize("how", ["refused", "away"])
    async def test_that_is_not_given_raises_one_alarm_and_is_asked_for_again(
        self, bench: Bench, grow: Grow, publish: Publish, stamping: Any, how: str
    ) -> None:
        if how == "refused":
            stamping.instead = bytes.fromhex("30053003020102")
        else:
            stamping.status, stamping.instead = 503, b""
        for number in (1, 2):
            await grow(number)
            async with asyncio.timeout(60):
                await publish()
        assert await alarms(bench) == [("stamp_failed", "", 0, 0)]
        assert await self.stamped(bench) == []

        stamping.status, stamping.instead = 200, None
        await grow(3)
        await publish()

        assert len(await self.stamped(bench)) == 1
        assert await open_alarms(bench, "stamp_failed") == []

    async def test_that_is_not_given_is_asked_for_again_only_after_a_while(
        self, bench: Bench, grow: Grow, publish: Publish, stamping: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outside, "AFTER_FAILURE_S", 3600.0)
        stamping.status, stamping.instead = 503, b""
        await grow(1)
        await publish()
        stamping.status, stamping.instead = 200, None
        await grow(2)
        await publish()
        assert await self.stamped(bench) == []

        monkeypatch.setattr(outside, "AFTER_FAILURE_S", 0.0)
        await grow(3)
        await publish()
        assert len(await self.stamped(bench)) == 1

    async def test_is_not_asked_for_where_no_authority_is_named(
        self, bench: Bench, grow: Grow, publish: Publish
    ) -> None:
        await grow(1)
        await publish()

        assert await self.stamped(bench) == []
        assert await alarms(bench) == []
