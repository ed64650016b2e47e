"""Finding decisions: by what they say, within one's area, each with its proof; and that one looked is recorded."""

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from audit.commands.signing import Signer
from audit.queries.log import log_path
from audit.tests.telling import DECIDED_AT, a_decision
from audit.tlog.notes import read_checkpoint
from audit.tlog.tree import hash_leaf, is_included
from common.actors import Role
from common.testing import ISSUER, Bench

Hear = Callable[..., Awaitable[None]]
Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
List = Callable[..., Awaitable[dict[str, Any]]]
Find = Callable[..., Awaitable[list[int]]]


@pytest.fixture
def listed(bench: Bench) -> List:
    """What an auditor `of` this area is answered."""

    async def asked(*, of: str = "", **question: Any) -> dict[str, Any]:
        async with bench.client(Role.AUDITOR, area=of, subject="reader") as client:
            answer = await client.get("/v1/decisions", params=question)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return asked


@pytest.fixture
def find(listed: List) -> Find:
    """The numbers of the decisions that are found."""

    async def found(**question: Any) -> list[int]:
        return [int(item["decision_id"].removeprefix("decision-")) for item in (await listed(**question))["items"]]

    return found


class TestFinds:
    @pytest.mark.parametrize(
        ("changes", "question"),
        [
            ({"subject": "worker-8"}, {"subject": "worker-8"}),
            ({"organisation": "organisation-2"}, {"organisation": "organisation-2"}),
            ({"subject": "organisation-2", "organisation": None}, {"organisation": "organisation-2"}),
            ({"area": "320103002"}, {"area": "320103"}),
            ({"area": "320103002"}, {"area": "320103002"}),
            ({"clause": "JL-2a"}, {"clause": "JL-2a"}),
            ({"rule": "exit.procedure"}, {"rule": "exit.procedure"}),
            ({"account": "http://issuer.example|other"}, {"account": "http://issuer.example|other"}),
            ({"account": "service:payroll"}, {"account": "service:payroll"}),
            ({"permits": False}, {"permits": "false"}),
            ({"recorded_at": DECIDED_AT + timedelta(days=9)}, {"since": "2026-05-15T00:00:00Z"}),
            ({"recorded_at": DECIDED_AT - timedelta(days=9)}, {"until": "2026-05-01T00:00:00+08:00"}),
        ],
    )
    async def test_by_each_of_its_filters(
        self, hear: Hear, find: Find, changes: dict[str, Any], question: dict[str, str]
    ) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, **changes), 2)
        await hear(a_decision(3), 3)

        assert await find(**question) == [2]

    async def test_what_all_filters_together_say(self, hear: Hear, find: Find) -> None:
        await hear(a_decision(1, subject="worker-8", clause="JL-2a"), 1)
        await hear(a_decision(2, subject="worker-8"), 2)
        await hear(a_decision(3, clause="JL-2a"), 3)

        assert await find(subject="worker-8", clause="JL-2a", permits="true") == [1]
        assert await find(subject="worker-8", clause="JL-2a", permits="false") == []
        assert await find() == [1, 2, 3]

    async def test_what_was_decided_from_one_moment_to_before_another(self, hear: Hear, find: Find) -> None:
        for number in (1, 2, 3):
            await hear(a_decision(number, recorded_at=DECIDED_AT + timedelta(seconds=number)), number)

        def at(seconds: int) -> str:
            return (DECIDED_AT + timedelta(seconds=seconds)).isoformat()

        assert await find(since=at(2)) == [2, 3]
        assert await find(until=at(2)) == [1]
        assert await find(since=at(2), until=at(3)) == [2]

    async def test_nothing_but_decisions(self, bench: Bench, hear: Hear, find: Find, publish: Publish) -> None:
        await hear(a_decision(1), 1)
        await find(subject="worker-7")
        await publish()

        assert await find(subject="worker-7") == [1]

    @pytest.mark.parametrize(
        "params",
        [
            {"limit": "0"},
            {"limit": "201"},
            {"subject": "a b"},
            {"clause": "x\x00"},
            {"rule": "a b"},
            {"account": "a\x00"},
            {"area": "32010"},
            {"permits": "perhaps"},
            {"since": "2026-05-06T00:00:00"},
            {"until": "yesterday"},
        ],
    )
    async def test_nothing_for_a_malformed_question(self, bench: Bench, params: dict[str, str]) -> None:
        async with bench.client(Role.AUDITOR, area="32") as client:
            assert (await client.get("/v1/decisions", params=params)).status_code == 422


class TestWhoFindsWhat:
    async def test_each_office_in_its_own_area(self, hear: Hear, find: Find) -> None:
        for number, area in enumerate(("320102001", "320102002", "320103001", "220102001", ""), start=1):
            await hear(a_decision(number, area=area), number)

        assert await find(of="320102001") == [1]
        assert await find(of="320102002") == [2]
        assert await find(of="320102") == [1, 2]
        assert await find(of="32") == [1, 2, 3]
        assert await find(of="22") == [4]
        assert await find(of="") == [1, 2, 3, 4, 5]

    async def test_none_beyond_it_by_asking_for_another(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(1), 1)

        async with bench.client(Role.AUDITOR, area="22") as client:
            answer = await client.get("/v1/decisions", params={"area": "32"})

        assert answer.json()["items"] == []

    @pytest.mark.parametrize("role", [Role.LEAD_DEPARTMENT, Role.STREET_OFFICE, Role.FINANCE, Role.SUPERIOR_UNION])
    async def test_only_an_auditor_by_account(self, bench: Bench, hear: Hear, role: Role) -> None:
        await hear(a_decision(1), 1)

        async with bench.client(role, area="32") as client:
            answer = await client.get("/v1/decisions", params={"account": "http://issuer.example|clerk"})
            listed = await client.get("/v1/decisions")

        assert (answer.status_code, answer.json()["code"]) == (403, "ONLY_FOR_AUDITORS")
        assert listed.status_code == 200
        assert "clerk" not in listed.text

    @pytest.mark.parametrize("role", [Role.WORKER, Role.APPLICANT, Role.OPERATOR])
    async def test_not_everybody(self, bench: Bench, role: Role) -> None:
        async with bench.client(role, area="32") as client:
            assert (await client.get("/v1/decisions")).status_code == 403


class TestPages:
    async def test_go_through_all_in_the_order_of_the_log(self, bench: Bench, grow: Grow) -> None:
        await grow(*range(1, 13))

        seen, cursor = [], None
        async with bench.client(Role.AUDITOR, area="32") as client:
            while True:
                params = {"limit": "5", "clause": "JL-10"} | ({"cursor": cursor} if cursor else {})
                page = (await client.get("/v1/decisions", params=params)).json()
                seen += [item["index"] for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    break

        assert seen == list(range(12))

    async def test_lose_nothing_while_the_log_grows(self, bench: Bench, grow: Grow) -> None:
        await grow(1, 2, 3)
        async with bench.client(Role.AUDITOR, area="32") as client:
            first = (await client.get("/v1/decisions", params={"limit": "2"})).json()
            await grow(4, 5)
            second = (await client.get("/v1/decisions", params={"limit": "9", "cursor": first["next"]})).json()

        assert [item["index"] for item in first["items"] + second["items"]] == [0, 1, 2, 3, 4]

    @pytest.mark.parametrize("other", [{"clause": "JL-10"}, {"permits": "true"}, {"since": "2026-01-01T00:00:00Z"}])
    async def test_belong_to_their_question(self, bench: Bench, grow: Grow, other: dict[str, str]) -> None:
        await grow(1, 2)

        async with bench.client(Role.AUDITOR, area="32") as client:
            cursor = (await client.get("/v1/decisions", params={"limit": "1"})).json()["next"]
            answer = await client.get("/v1/decisions", params={"cursor": cursor} | other)

        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_CURSOR")


class TestProofs:
    async def test_of_all_that_is_found_lead_to_the_checkpoint(
        self, bench: Bench, grow: Grow, publish: Publish, signer: Signer, listed: List
    ) -> None:
        await grow(*range(1, 301))
        await publish()

        page = await listed(limit="200", clause="JL-10")

        checkpoint = read_checkpoint(page["checkpoint"], *signer.verifiers)
        assert (checkpoint.size, page["searched"], len(page["items"])) == (300, 300, 200)
        assert page["checkpoint"] == (log_path(bench.runtime.settings) / "checkpoint").read_text()
        for item in page["items"]:
            about = {"index": item["index"], "size": checkpoint.size, "root": checkpoint.root}
            path = [base64.b64decode(one) for one in item["hashes"]]
            assert is_included(hash_leaf(item["entry"].encode()), path=path, **about)

    async def test_say_how_much_of_the_log_was_looked_at(self, grow: Grow, publish: Publish, listed: List) -> None:
        before = await listed()
        await grow(1, 2)
        await publish()
        await grow(3)
        after = await listed()

        assert (before["items"], before["searched"], before["checkpoint"]) == ([], 0, None)
        assert after["searched"] == 4
        assert after["checkpoint"].split("\n")[1] == "3"
        assert [item["recorded"] for item in after["items"]] == [True, True, False]

    async def test_cannot_be_made_from_damaged_files(self, bench: Bench, grow: Grow, publish: Publish) -> None:
        await grow(1, 2, 3)
        await publish()
        (log_path(bench.runtime.settings) / "tile/0/000.p/3").unlink()

        async with bench.client(Role.AUDITOR, area="32") as client:
            answer = await client.get("/v1/decisions")

        assert (answer.status_code, answer.json()["code"]) == (503, "LOG_DAMAGED")
        assert answer.json()["params"]["path"] == "tile/0/000.p/3"


class TestLooking:
    """That somebody looked stands in the log as what they looked at does."""

    async def test_is_recorded_with_who_asked_what_and_what_was_shown(
        self, bench: Bench, hear: Hear, publish: Publish, signer: Signer
    ) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, subject="worker-8"), 2)
        await publish()
        async with bench.client(Role.FINANCE, area="320102001", subject="reader") as client:
            await client.get("/v1/decisions", params={"subject": "worker-7", "permits": "true"})
            await client.get("/v1/decisions/decision-2")
            await client.get("/v1/decisions/decision-2/proof")
        await publish()

        async with bench.client(Role.AUDITOR, area="") as client:
            params = {"type": "audit.decisions_read.v1"}
            items = (await client.get("/v1/log/entries", params=params)).json()["items"]

        assert [(one["entry"]["operation"], one["entry"]["entries"], one["entry"]["area"]) for one in items] == [
            ("list_decisions", "1", "320102"),
            ("get_decision", "1", "320102"),
            ("prove_decision", "1", "320102"),
        ]
        assert {one["disclosed"]["account"] for one in items} == {f"{ISSUER}|reader"}
        assert [one["disclosed"]["reading"] for one in items] == [
            {"question": {"subject": "worker-7", "permits": "True"}, "indices": ["0"]},
            {"question": {"decision_id": "decision-2"}, "indices": ["1"]},
            {"question": {"decision_id": "decision-2"}, "indices": ["1"]},
        ]
        for one in items:
            assert not [secret for secret in ("reader", "worker-7") if secret in str(one["entry"])]

    async def test_in_vain_is_recorded_too(self, listed: List, publish: Publish, bench: Bench) -> None:
        await listed(subject="nobody")
        await publish()

        async with bench.client(Role.AUDITOR, area="") as client:
            (one,) = (await client.get("/v1/log/entries")).json()["items"]
        assert (one["entry"]["entries"], one["disclosed"]["reading"]["indices"]) == ("0", [])
        assert one["disclosed"]["reading"]["question"] == {"subject": "nobody"}
