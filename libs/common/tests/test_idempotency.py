"""One key, one effect, one answer: through HTTP, on a real PostgreSQL."""

import asyncio

import pytest

from common.actors import Role
from common.tables import IdempotentAnswer
from common.tests.diary import DAY, Entry


@pytest.fixture(autouse=True)
def day(bench):
    bench.set_today(DAY)


async def post(client, words, *, key="key-1", entry="e-1"):
    return await client.post(f"/v1/entries/{entry}", json={"words": words}, headers={"Idempotency-Key": key})


class TestSameKey:
    async def test_ten_at_once_have_one_effect_and_one_answer(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT) as client:
            answers = await asyncio.gather(*(post(client, "short") for _ in range(10)))

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert len({answer.headers["position"] for answer in answers}) == 1
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
        assert len(await bench.rows(Entry)) == 1
        assert len(await bench.sent()) == 1
        assert len(await bench.decisions()) == 1

    async def test_ten_refusals_at_once_are_decided_once(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT) as client:
            answers = await asyncio.gather(*(post(client, "much too long") for _ in range(10)))

        assert {answer.status_code for answer in answers} == {409}
        assert len({answer.json()["decisions"][0]["decision_id"] for answer in answers}) == 1
        assert [one.permits for one in await bench.decisions()] == [False]
        assert len(await bench.rows(IdempotentAnswer)) == 1

    async def test_a_refusal_later_is_the_same_refusal(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT) as client:
            first = await post(client, "much too long")
            second = await post(client, "much too long")

        assert first.content == second.content
        assert second.headers["content-type"] == "application/problem+json"
        assert len(await bench.decisions()) == 1

    async def test_with_another_body_is_told_so_and_has_no_effect(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT) as client:
            await post(client, "short")
            other = await post(client, "other")

        assert other.status_code == 422
        assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
        assert [entry.words for entry in await bench.rows(Entry)] == ["short"]

    async def test_a_request_that_broke_may_be_sent_again(self, bench, monkeypatch):
        """A crash is no answer: nothing was kept, and the key is free."""
        async with bench.client(Role.LEAD_DEPARTMENT) as client:
            monkeypatch.setattr("common.tests.diary.write_entry", _breaks)
            broken = await post(client, "short")
            monkeypatch.undo()
            monkeypatch.setattr("common.service.access_matrix", lambda: {"write_entry": {Role.LEAD_DEPARTMENT}})
            again = await post(client, "short")

        assert (broken.status_code, again.status_code) == (500, 200)

    async def test_of_another_person_or_path_is_another_key(self, bench):
        async with bench.client(Role.LEAD_DEPARTMENT) as one, bench.client(Role.LEAD_DEPARTMENT, subject="b") as two:
            answers = [await post(one, "a"), await post(two, "b", entry="e-2"), await post(one, "c", entry="e-3")]

        assert [answer.json()["words"] for answer in answers] == ["a", "b", "c"]


async def _breaks(*_arguments, **_named):
    raise RuntimeError("broken")
