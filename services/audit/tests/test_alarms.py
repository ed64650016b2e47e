"""Alarms: said in words, closed by whoever looked into them, and both standing in the log."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from audit.rules.alarms import AlarmKind, SignerFault, describe_alarm
from audit.rules.entries import EntryType
from audit.tests.telling import a_decision
from common.actors import Role
from common.testing import ISSUER, Bench

Hear = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
FINDING = "邮件网关丢了一条消息，已从发件箱补齐。"


@pytest.mark.parametrize(
    ("kind", "mark"),
    [(kind, "m") for kind in AlarmKind if kind != AlarmKind.CHECKPOINT_REFUSED]
    + [(AlarmKind.CHECKPOINT_REFUSED, fault) for fault in SignerFault],
)
def test_each_is_said_in_both_languages(kind: AlarmKind, mark: str) -> None:
    words = describe_alarm(kind, mark=mark, source="/payroll/decisions", first=4, last=6, event_id="event-4", index=9)

    assert words.zh != words.en
    assert "{" not in words.zh + words.en
    assert "None" not in words.zh + words.en


class TestListLogAlarms:
    async def test_shows_what_was_noticed_in_words(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(3), 3)
        await hear(a_decision(3, permits=False, outcome=False), 3)
        await hear(a_decision(1), 1)
        await hear(a_decision(2), 2)

        async with bench.client(Role.OPERATOR, area="32") as client:
            every = (await client.get("/v1/log/alarms")).json()["items"]
            still_open = (await client.get("/v1/log/alarms", params={"open": "true"})).json()["items"]
            closed = (await client.get("/v1/log/alarms", params={"open": "false"})).json()["items"]

        assert [alarm["kind"] for alarm in every] == ["gap", "conflict", "out_of_order", "out_of_order"]
        assert [alarm["kind"] for alarm in closed] == ["gap"]
        assert len(still_open) == 3
        assert "第 1 至 2 号决定没有收到" in every[0]["words"]["zh"]
        assert "Decisions 1 to 2" in every[0]["words"]["en"]
        assert "clerk" not in str(every)

    async def test_shows_what_happens_again_and_again_once_and_so_does_the_log(
        self, bench: Bench, hear: Hear, publish: Publish
    ) -> None:
        await hear(a_decision(1), 1)
        for _ in range(3):
            await hear(a_decision(1, permits=False), 1)
        await publish()

        async with bench.client(Role.AUDITOR, area="") as client:
            listed = (await client.get("/v1/log/alarms")).json()["items"]
            entered = (await client.get("/v1/log/entries")).json()["items"]
        assert [one["kind"] for one in listed] == ["conflict"]
        assert [one["type"] for one in entered] == [EntryType.ALARM]

    async def test_that_closed_by_itself_stands_closed_in_the_log(
        self, bench: Bench, hear: Hear, publish: Publish
    ) -> None:
        await hear(a_decision(2), 2)
        await hear(a_decision(1), 1)
        await publish()

        async with bench.client(Role.AUDITOR, area="") as client:
            entered = (await client.get("/v1/log/entries")).json()["items"]
        closed = [one["entry"]["alarm_id"] for one in entered if one["type"] == EntryType.ALARM_CLOSED]
        assert closed == ["1"]

    async def test_goes_through_pages(self, bench: Bench, hear: Hear) -> None:
        for sequence in (2, 4, 6):
            await hear(a_decision(sequence), sequence)

        async with bench.client(Role.AUDITOR, area="32") as client:
            first = (await client.get("/v1/log/alarms", params={"limit": "2"})).json()
            second = (await client.get("/v1/log/alarms", params={"limit": "2", "cursor": first["next"]})).json()

        assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]

    @pytest.mark.parametrize("role", list(Role))
    async def test_is_for_auditors_and_operators(self, bench: Bench, role: Role) -> None:
        async with bench.client(role, area="32") as client:
            expected = 200 if role in (Role.AUDITOR, Role.OPERATOR) else 403
            assert (await client.get("/v1/log/alarms")).status_code == expected


class TestCloseLogAlarm:
    @pytest.fixture
    def close(self, bench: Bench) -> Callable[..., Awaitable[Any]]:
        async def closed(alarm_id: int = 1, *, role: Role = Role.AUDITOR, finding: str = FINDING) -> Any:
            async with bench.client(role, area="", subject="auditor") as client:
                return await client.post(f"/v1/log/alarms/{alarm_id}/closure", json={"finding": finding})

        return closed

    async def test_takes_it_from_the_open_ones(self, bench: Bench, hear: Hear, close: Any) -> None:
        await hear(a_decision(2), 2)

        answer = await close()

        assert (answer.status_code, answer.json()["alarm_id"]) == (200, 1)
        async with bench.client(Role.AUDITOR, area="") as client:
            assert (await client.get("/v1/log/alarms", params={"open": "true"})).json()["items"] == []

    async def test_leaves_in_the_log_that_it_was_raised_and_what_was_found(
        self, bench: Bench, hear: Hear, publish: Publish, close: Any
    ) -> None:
        await hear(a_decision(2), 2)
        await publish()
        await close()
        await publish()

        async with bench.client(Role.AUDITOR, area="") as client:
            items = (await client.get("/v1/log/entries")).json()["items"]

        raised, closed = items
        assert raised["type"] == EntryType.ALARM
        told = {"alarm_id": "1", "kind": "gap", "of_source": "/recruitment/decisions", "first_sequence": "1"}
        assert {name: raised["entry"][name] for name in told} == told
        assert closed["type"] == EntryType.ALARM_CLOSED
        assert closed["entry"]["alarm_id"] == "1"
        assert closed["disclosed"] == {"account": f"{ISSUER}|auditor", "finding": FINDING}

    async def test_is_done_once(self, hear: Hear, close: Any) -> None:
        await hear(a_decision(2), 2)
        await close()

        again, unknown = await close(), await close(7)

        assert (again.status_code, again.json()["code"]) == (409, "ALARM_ALREADY_CLOSED")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("finding", ["", "   ", "x" * 4001, "a\x00b"])
    async def test_needs_words_for_what_was_found(self, hear: Hear, close: Any, finding: str) -> None:
        await hear(a_decision(2), 2)

        assert (await close(finding=finding)).status_code == 422

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
    async def test_is_for_auditors(self, close: Any, role: Role) -> None:
        assert (await close(role=role)).status_code == 403

    async def test_does_not_keep_it_from_being_raised_again(
        self, bench: Bench, hear: Hear, close: Any, publish: Publish
    ) -> None:
        await hear(a_decision(1), 1)
        for _ in range(2):
            await hear(a_decision(1, permits=False), 1)
            await close()
        await publish()

        async with bench.client(Role.AUDITOR, area="") as client:
            items = (await client.get("/v1/log/entries")).json()["items"]
        assert [one["type"] for one in items] == [EntryType.ALARM, EntryType.ALARM_CLOSED] * 2


class TestListLogEntries:
    async def test_goes_through_pages_of_one_kind(self, bench: Bench, hear: Hear, publish: Publish) -> None:
        for sequence in (2, 4, 6):
            await hear(a_decision(sequence), sequence)
        async with bench.client(Role.AUDITOR, area="") as client:
            await client.get("/v1/decisions")
            await publish()
            about = {"type": "audit.alarm_raised.v1", "limit": "2"}
            first = (await client.get("/v1/log/entries", params=about)).json()
            second = (await client.get("/v1/log/entries", params=about | {"cursor": first["next"]})).json()
            none = (await client.get("/v1/log/entries", params={"type": "audit.decision_recorded.v1"})).json()

        assert [one["entry"]["first_sequence"] for one in first["items"] + second["items"]] == ["1", "3", "5"]
        assert (second["next"], none["items"]) == (None, [])

    async def test_shows_an_auditor_what_was_read_in_his_area(self, bench: Bench, hear: Hear, publish: Publish) -> None:
        for area in ("32", "22"):
            async with bench.client(Role.FINANCE, area=area) as client:
                await client.get("/v1/decisions")
        await publish()

        for area, seen in (("32", ["32"]), ("22", ["22"]), ("", ["32", "22"]), ("31", [])):
            async with bench.client(Role.AUDITOR, area=area) as client:
                items = (await client.get("/v1/log/entries")).json()["items"]
            assert [one["entry"]["area"] for one in items] == seen

    @pytest.mark.parametrize("role", list(Role))
    async def test_is_for_auditors(self, bench: Bench, role: Role) -> None:
        async with bench.client(role, area="32") as client:
            expected = 200 if role is Role.AUDITOR else 403
            assert (await client.get("/v1/log/entries")).status_code == expected


class TestListCheckpoints:
    async def test_shows_each_as_it_was_published(
        self, bench: Bench, grow: Any, publish: Publish, publisher: Any
    ) -> None:
        notes = []
        for number in (1, 2, 3):
            await grow(number)
            await publish()
            notes.append(publisher.folder.checkpoint())

        async with bench.client(Role.OPERATOR, area="32") as client:
            first = (await client.get("/v1/log/checkpoints", params={"limit": "2"})).json()
            cursor = {"cursor": first["next"]}
            second = (await client.get("/v1/log/checkpoints", params={"limit": "2"} | cursor)).json()
            stamped = (await client.get("/v1/log/checkpoints", params={"stamped": "true"})).json()

        shown = first["items"] + second["items"]
        assert [(one["size"], one["note"], one["timestamp"]) for one in shown] == [
            (number, note, None) for number, note in enumerate(notes, start=1)
        ]
        assert stamped["items"] == []
