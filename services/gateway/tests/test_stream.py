import asyncio
from datetime import date
from typing import Any

import orjson
import pytest

from common.actors import Role
from common.events.evaluation import TrainingDue
from common.testing import Bench
from gateway.api import stream
from gateway.models import Change, ForgottenChanges
from gateway.tests.life import STREET, WORKER, Hear, hired, organisation

LEAD = Role.LEAD_DEPARTMENT


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LONGEST_STREAM", 0.8)
    monkeypatch.setattr(stream, "HEARTBEAT", 0.3)


async def listen(bench: Bench, *, area: str = "320102", last: int | None = None) -> Any:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with bench.client(LEAD, area=area) as client:
        return await client.get("/v1/changes", headers=headers)


def messages(answer: Any) -> list[dict[str, str]]:
    """The messages of the stream, comments left out."""
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "event" in fields:
            found.append(fields)
    return found


class TestTheStream:
    async def test_begins_with_now_and_tells_what_happens_then(self, bench: Bench, hear: Hear):
        await hear(organisation())

        listening = asyncio.create_task(listen(bench))
        await asyncio.sleep(0.3)
        await hear(hired())
        answer = await listening

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        ready, change = messages(answer)
        assert ready["event"] == "ready"
        assert change["event"] == "change"
        assert int(change["id"]) > int(ready["id"])
        told = stream.Change.model_validate_json(change["data"])
        assert (told.type, told.subject, told.area) == ("recruitment.worker_hired.v1", WORKER, STREET)
        assert told.change_id == change["id"]
        assert "李明" not in answer.text

    async def test_keeps_the_connection_warm(self, bench: Bench):
        assert ": heartbeat\n\n" in (await listen(bench)).text

    async def test_goes_on_after_the_last_event_id(self, bench: Bench, hear: Hear):
        for number in range(4):
            training = f"t-{number}"
            due_on = date(2024, 6, 1)
            await hear(TrainingDue(worker_id=WORKER, area=STREET, training_id=training, due_on=due_on, clause="JS-7"))
        ids = sorted(row.change_id for row in await bench.rows(Change))

        answer = await listen(bench, last=ids[1])

        assert [int(one["id"]) for one in messages(answer)] == ids[2:]
        assert {one["event"] for one in messages(answer)} == {"change"}

    async def test_tells_nothing_of_other_areas(self, bench: Bench, hear: Hear):
        await hear(hired(area="320103001"))
        await hear(organisation())

        answer = await listen(bench, last=0)

        assert [orjson.loads(one["data"])["area"] for one in messages(answer)] == [STREET]

    @pytest.mark.parametrize("last", [3, 10_000], ids=["thrown away since", "never given"])
    async def test_says_reset_where_it_cannot_go_on(self, bench: Bench, hear: Hear, last: int):
        await hear(organisation())
        await bench.save(ForgottenChanges(only=1, change_id=5))

        answer = await listen(bench, last=last)

        assert messages(answer)[0]["event"] == "reset"

    async def test_is_for_offices_only(self, bench: Bench):
        async with bench.client(Role.WORKER, area=STREET) as client:
            assert (await client.get("/v1/changes")).status_code == 403
        async with bench.client() as client:
            assert (await client.get("/v1/changes")).status_code == 401
