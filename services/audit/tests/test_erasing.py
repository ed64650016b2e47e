"""Erasing a person: what speaks of them goes, the log says that it went, and every proof stays valid."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from audit.commands import erasing as commands
from audit.commands.checking import check_log
from audit.commands.intake import LOCK_SEQUENCER, enter_queued, keep_messages
from audit.models import Disclosure, Erasure, IndexedEntry, QueuedEntry
from audit.queries.verification import Fault
from audit.tests.telling import NANJING, a_decision, alarms, disclosed, envelope_of, open_alarms
from audit.tlog.findings import Outcome
from audit.tlog.verifying import verify_receipt
from common.actors import Role
from common.batches import Heard
from common.testing import ISSUER, Bench, somebody

Hear = Callable[..., Awaitable[None]]
Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Faults = Callable[[], Awaitable[list[Fault]]]
Answer = Callable[..., Awaitable[httpx.Response]]

CLERK = "http://issuer.example|clerk"
GROUND = "当事人书面申请，2026年第7号"


@pytest.fixture
def erase(bench: Bench) -> Answer:
    """Ask over HTTP for something to be erased."""

    async def asked(*, area: str = "32", role: Role = Role.HUMAN_RESOURCES, **body: Any) -> httpx.Response:
        async with bench.client(role, area=area, subject="officer") as client:
            return await client.post("/v1/erasures", json={"ground": GROUND} | body)

    return asked


@pytest.fixture
def look(bench: Bench) -> Callable[..., Awaitable[dict[str, Any]]]:
    """What an auditor of the nation is answered."""

    async def looked(path: str, **params: Any) -> dict[str, Any]:
        async with bench.client(Role.AUDITOR, area="") as client:
            answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return looked


class TestBySubject:
    async def test_takes_what_speaks_of_them_and_leaves_what_the_clause_said(
        self, bench: Bench, hear: Hear, erase: Answer, look: Any
    ) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, subject="worker-8"), 2)

        answer = await erase(subject="worker-7")

        assert (answer.status_code, answer.json()["entries"]) == (201, 1)
        assert set(await disclosed(bench, 0)) == {"account", "policy"}
        assert set(await disclosed(bench, 1)) == {"subject", "account", "case", "policy"}
        assert {(row.index, row.name, row.erasure_id) for row in await bench.rows(Erasure)} == {
            (0, name, answer.json()["erasure_id"]) for name in ("subject", "case")
        }
        found = await look("/v1/decisions/decision-1")
        assert (found["content"], found["facts"], found["outcome"]) == ("erased", None, None)
        assert (found["subject"], found["organisation"], found["area"]) == (None, None, "320102")
        assert found["terms"] == {"years_running": 2}
        assert found["says"]["zh"] == "连续两年不合格的应退出岗位。"
        assert (found["clause"], found["permits"], found["account"]) == ("JL-10", True, CLERK)
        assert "已抹除" in found["words"]["zh"]
        assert "erased" in found["words"]["en"]

    async def test_leaves_nothing_to_find_them_by(self, bench: Bench, hear: Hear, erase: Answer, look: Any) -> None:
        await hear(a_decision(1), 1)
        await erase(subject="worker-7")

        for params in ({"subject": "worker-7"}, {"organisation": "organisation-1"}, {"area": NANJING}):
            assert (await look("/v1/decisions", **params))["items"] == []
        (line,) = (await look("/v1/decisions", clause="JL-10"))["items"]
        assert (line["decision_id"], line["subject"], line["area"]) == ("decision-1", None, "320102")
        assert [row.area for row in await bench.rows(Disclosure)] == ["320102"] * 2
        assert [row.mark for row in await bench.rows(IndexedEntry) if row.decision_id] == [None]

    async def test_takes_what_readers_asked_about_them_too(
        self, bench: Bench, hear: Hear, publish: Publish, erase: Answer, look: Any
    ) -> None:
        await hear(a_decision(1), 1)
        await look("/v1/decisions", subject="worker-7")
        await look("/v1/decisions", subject="worker-8")
        await publish()

        answer = await erase(subject="worker-7", area="")
        await publish()

        assert answer.json()["entries"] == 2
        first, second = (await look("/v1/log/entries", type="audit.decisions_read.v1"))["items"][:2]
        assert first["disclosed"].keys() == {"account"}
        assert second["disclosed"]["reading"]["question"] == {"subject": "worker-8"}
        everything = await look("/v1/log/entries", limit="200")
        assert "worker-7" not in str(everything)

    @pytest.mark.parametrize("entered", [True, False])
    @pytest.mark.parametrize("who", [{"subject": "worker-7"}, {"account": CLERK}])
    async def test_takes_what_an_office_above_asked(
        self,
        bench: Bench,
        hear: Hear,
        publish: Publish,
        erase: Answer,
        look: Any,
        faults: Faults,
        entered: bool,
        who: dict[str, str],
    ) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, area="320103001"), 2)
        async with bench.client(Role.AUDITOR, area="32") as client:
            await client.get("/v1/decisions", params=who)
        if entered:
            await publish()

        answer = await erase(**who, area="320102")
        await publish()

        assert answer.json()["entries"] == (2 if entered else 1)
        (read,) = (await look("/v1/log/entries", type="audit.decisions_read.v1"))["items"]
        assert read["disclosed"].keys() == {"account"}
        assert len(await disclosed(bench, 1)) == 4
        assert await faults() == []

    async def test_sees_no_further_afterwards(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, area="220102001", subject="worker-8"), 2)
        async with bench.transaction(somebody(Role.HUMAN_RESOURCES, area="320102")) as tx:
            await commands.erase(tx, subject="worker-7", account=None, ground=GROUND)
            assert await tx.session.scalar(select(func.count()).select_from(IndexedEntry)) == 1

    async def test_waits_for_what_is_being_entered(self, bench: Bench, hear: Hear, erase: Answer) -> None:
        async with bench.transaction() as tx:
            told = a_decision(1)
            heard = [Heard(envelope_of(told, 1), told, told.model_dump_json().encode())]
            await keep_messages(tx, heard, signed=0, keys=bench.runtime.keys, sealer=bench.runtime.sealer)
            asked = asyncio.ensure_future(erase(subject="worker-7"))
            await asyncio.wait({asked}, timeout=1)
        assert (await asked).status_code == 201

    async def test_and_the_sequencer_take_the_lock_before_the_rows(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(2), 2)

        async def enter() -> None:
            async with bench.transaction() as other:
                await enter_queued(other, signed=0, sealer=bench.runtime.sealer)

        async with bench.transaction() as tx:
            await tx.session.execute(LOCK_SEQUENCER)
            entering = asyncio.create_task(enter())
            await asyncio.wait({entering}, timeout=1)
            assert await tx.session.scalar(select(QueuedEntry.queue_id).with_for_update(nowait=True)) is not None
        await entering

    async def test_takes_what_was_asked_a_moment_ago_and_is_not_entered_yet(
        self, hear: Hear, publish: Publish, erase: Answer, look: Any
    ) -> None:
        await hear(a_decision(1), 1)
        await look("/v1/decisions", subject="worker-7")

        await erase(subject="worker-7", area="")
        await publish()

        (read,) = (await look("/v1/log/entries", type="audit.decisions_read.v1"))["items"]
        assert read["disclosed"].keys() == {"account"}

    async def test_stands_in_the_log_with_who_and_on_what_ground(
        self, hear: Hear, publish: Publish, erase: Answer, look: Any
    ) -> None:
        for number in (1, 2, 3):
            await hear(a_decision(number, subject="worker-8" if number == 2 else "worker-7"), number)
        erased = (await erase(subject="worker-7")).json()
        await publish()

        items = (await look("/v1/log/entries", type="audit.disclosures_erased.v1"))["items"]

        assert {(one["entry"]["part"], tuple(one["entry"]["indices"])) for one in items} == {
            ("subject", ("0", "2")),
            ("case", ("0", "2")),
        }
        for one in items:
            assert one["entry"]["erasure_id"] == erased["erasure_id"]
            assert one["disclosed"] == {"account": f"{ISSUER}|officer", "ground": GROUND}
            assert "worker-7" not in str(one)

    async def test_leaves_every_proof_valid(
        self,
        bench: Bench,
        hear: Hear,
        publish: Publish,
        erase: Answer,
        verify: Any,
        faults: Faults,
        signer: Any,
        publisher: Any,
    ) -> None:
        await hear(a_decision(1), 1)
        await publish()
        before = publisher.folder.checkpoint()
        async with bench.client(Role.AUDITOR, area="") as client:
            text = {"Accept": "text/plain"}
            receipt = (await client.get("/v1/decisions/decision-1/proof", headers=text)).text
            await erase(subject="worker-7")
            await publish()
            after = (await client.get("/v1/decisions/decision-1/proof", headers=text)).text
            given = (await client.get("/v1/decisions/decision-1/proof")).json()["disclosures"]

        assert len(given) == 2
        for one in (receipt, after):
            assert verify_receipt(one, keys=signer.verifiers).outcome is Outcome.HOLDS
        assert verify(before).outcome is Outcome.HOLDS
        assert await faults() == []

    async def test_a_second_time_finds_nobody(self, hear: Hear, erase: Answer) -> None:
        await hear(a_decision(), 1)
        await erase(subject="worker-7")

        for subject in ("worker-7", "nobody"):
            answer = await erase(subject=subject)
            assert (answer.status_code, answer.json()["code"]) == (404, "NOBODY_FOUND")

    async def test_is_done_again_for_what_is_decided_later(
        self, bench: Bench, hear: Hear, erase: Answer, publish: Publish, faults: Faults
    ) -> None:
        await hear(a_decision(1), 1)
        first = (await erase(subject="worker-7")).json()
        await hear(a_decision(2), 2)
        second = (await erase(subject="worker-7")).json()

        assert second["entries"] == 1
        assert {(row.index, row.erasure_id) for row in await bench.rows(Erasure)} == {
            (0, first["erasure_id"]),
            (1, second["erasure_id"]),
        }
        await publish()
        assert await faults() == []


class TestByAccount:
    async def test_takes_who_decided_and_leaves_what_was_decided(
        self, bench: Bench, hear: Hear, erase: Answer, look: Any, publish: Publish, faults: Faults
    ) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, account="http://issuer.example|other"), 2)

        answer = await erase(account=CLERK)

        assert (answer.status_code, answer.json()["entries"]) == (201, 1)
        found = await look("/v1/decisions/decision-1")
        assert (found["account"], found["content"], found["subject"]) == (None, "whole", "worker-7")
        assert (await look("/v1/decisions", account=CLERK))["items"] == []
        assert (await look("/v1/decisions/decision-2"))["account"] == "http://issuer.example|other"
        assert (await erase(account=CLERK)).status_code == 404
        await publish()
        assert await faults() == []

    async def test_takes_who_read_too(
        self, bench: Bench, hear: Hear, grow: Grow, erase: Answer, look: Any, publish: Publish
    ) -> None:
        await grow(1)
        async with bench.client(Role.FINANCE, area="32", subject="reader") as client:
            await client.get("/v1/decisions/decision-1")
        await publish()

        assert (await erase(account=f"{ISSUER}|reader")).json()["entries"] == 1
        await publish()

        (read,) = (await look("/v1/log/entries", type="audit.decisions_read.v1"))["items"]
        assert read["disclosed"].keys() == {"reading"}

    async def test_takes_who_was_looked_for_too(
        self, grow: Grow, erase: Answer, look: Any, publish: Publish, faults: Faults
    ) -> None:
        await grow(1)
        await look("/v1/decisions", account=CLERK)
        await publish()
        await look("/v1/decisions", account=CLERK)

        assert (await erase(account=CLERK, area="")).json()["entries"] == 2
        await publish()

        assert CLERK not in str(await look("/v1/log/entries", limit="200"))
        assert await faults() == []

    async def test_works_for_one_who_has_decided_more_than_a_query_takes_arguments(
        self, bench: Bench, erase: Answer, tamper: Any
    ) -> None:
        await tamper(
            "INSERT INTO indexed_entry (index, type, recorded_at, decided_at, account, area) "
            "SELECT n, 'audit.decision_recorded.v1', now(), now(), :account, '320102001' "
            "FROM generate_series(0, 39999) AS n",
            "INSERT INTO disclosure (index, name, area, sealed) "
            "SELECT n, 'account', '320102001', 'x' FROM generate_series(0, 39999) AS n",
            account=CLERK,
        )

        answer = await erase(account=CLERK)

        assert (answer.status_code, answer.json().get("entries")) == (201, 40_000)
        assert await bench.rows(Disclosure) == []
        queued = [len(row.shown["indices"]) for row in await bench.rows(QueuedEntry)]
        assert sum(queued) == 40_000
        assert max(queued) <= 2000


class TestWhoMayErase:
    async def test_who_only_looked_at_somebody_elsewhere_wipes_nothing(
        self, bench: Bench, hear: Hear, erase: Answer, publish: Publish
    ) -> None:
        await hear(a_decision(1), 1)
        async with bench.client(Role.HUMAN_RESOURCES, area="420103") as client:
            assert (await client.get("/v1/decisions?subject=worker-7")).json()["items"] == []
        await publish()

        answer = await erase(area="420103", subject="worker-7")

        assert answer.status_code == 404
        async with bench.client(Role.AUDITOR) as client:
            read = (await client.get("/v1/log/entries?type=audit.decisions_read.v1")).json()["items"]
        assert read[0]["disclosed"]["reading"]["question"] == {"subject": "worker-7"}

    @pytest.mark.parametrize("area", ["320102001", "320102", "32", ""])
    async def test_an_office_erases_in_its_area_and_sees_what_is_left(
        self, bench: Bench, hear: Hear, erase: Answer, publish: Publish, faults: Faults, area: str
    ) -> None:
        await hear(a_decision(1), 1)
        await hear(a_decision(2, area="220102001"), 2)

        answer = await erase(area=area, subject="worker-7")

        assert answer.json()["entries"] == (1 if area else 2)
        async with bench.client(Role.HUMAN_RESOURCES, area=area) as client:
            found = (await client.get("/v1/decisions/decision-1")).json()
        assert (found["content"], found["area"]) == ("erased", "320102")
        await publish()
        assert await faults() == []

    @pytest.mark.parametrize("area", ["320102002", "22"])
    async def test_an_office_of_another_area_finds_nobody(
        self, bench: Bench, hear: Hear, erase: Answer, area: str
    ) -> None:
        await hear(a_decision(1), 1)

        assert (await erase(area=area, subject="worker-7")).status_code == 404
        assert len(await disclosed(bench, 0)) == 4

    @pytest.mark.parametrize("role", list(Role))
    async def test_is_for_the_lead_department_and_human_resources(
        self, bench: Bench, erase: Answer, role: Role
    ) -> None:
        answer = await erase(role=role, subject="nobody")

        assert answer.status_code == (404 if role in (Role.LEAD_DEPARTMENT, Role.HUMAN_RESOURCES) else 403)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"subject": "a", "account": "b"},
            {"subject": "worker-7", "ground": ""},
            {"subject": "a\x00b"},
            {"account": "a\x00b"},
            {"subject": "worker-7", "ground": "a\x00b"},
        ],
    )
    async def test_a_malformed_wish_is_refused(self, hear: Hear, erase: Answer, body: dict[str, str]) -> None:
        await hear(a_decision(), 1)

        assert (await erase(**body)).status_code == 422


class TestWhatIsParked:
    async def test_is_put_right_before_anybody_in_it_is_erased(
        self, bench: Bench, hear: Hear, erase: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.batches.BACK_OFF", 0)
        await hear(a_decision(1), 1)
        await hear(a_decision(2, clause="x" * 61), 2)

        answer = await erase(subject="worker-7")

        assert (answer.status_code, answer.json()["code"]) == (409, "STILL_PARKED")
        assert len(await disclosed(bench, 0)) == 4
        assert (await erase(subject="worker-8")).status_code == 404


class TestTakenAwayPastTheSystem:
    async def test_is_said_to_be_missing_and_not_erased(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults, look: Any, tamper: Any
    ) -> None:
        await grow(1, 2, 3, 4)
        await publish()
        await tamper("DELETE FROM disclosure WHERE index IN (1, 2) AND name = 'case'")

        found = await look("/v1/decisions/decision-2")
        assert (found["content"], found["facts"]) == ("missing", None)
        assert "审计员" in found["words"]["zh"]
        assert await faults() == [
            Fault("disclosure_missing", 1, "case"),
            Fault("disclosure_missing", 2, "case"),
        ]
        for _ in range(2):
            await check_log(bench.runtime)
        assert await alarms(bench) == [("disclosure_missing", "", 1, 2)]

    async def test_with_a_made_up_erasure_is_found_by_who_holds_the_log(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults, tamper: Any
    ) -> None:
        await grow(1)
        await publish()
        await tamper(
            "DELETE FROM disclosure WHERE name = 'case'",
            "INSERT INTO erasure (index, name, erasure_id) VALUES (0, 'case', 'erasure-made-up')",
        )

        assert await faults() == [
            Fault("disclosure_missing", 0, "case"),
            Fault("erasure_not_in_log", 0, "case"),
        ]

    async def test_and_put_back_after_an_erasure_is_found(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults, erase: Answer
    ) -> None:
        await grow(1)
        kept = [
            {"index": row.index, "name": row.name, "area": row.area, "sealed": row.sealed}
            for row in await bench.rows(Disclosure)
            if row.name == "case"
        ]
        await erase(subject="worker-7")
        await publish()
        await bench.save(*(Disclosure(**row) for row in kept))

        assert Fault("erased_but_there", 0, "case") in await faults()

    async def test_nothing_is_an_alarm_where_all_is_there_or_erased(
        self, bench: Bench, grow: Grow, publish: Publish, erase: Answer
    ) -> None:
        await grow(1, 2)
        await erase(subject="worker-7")
        await erase(account=CLERK)
        await publish()

        await check_log(bench.runtime)

        assert await open_alarms(bench, "disclosure_missing") == []
