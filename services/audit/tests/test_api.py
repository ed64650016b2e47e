"""What the log answers, and to whom."""

import base64
import hashlib
import json
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import delete

from audit.models import AccountName, DecisionDocument
from audit.rules import tree
from audit.rules.notes import VerifierKey, read_checkpoint, read_proof
from common.access import access_matrix
from common.actors import Role
from common.testing import Bench

NANJING = "320102001"
READERS = [
    Role.AUDITOR,
    Role.LEAD_DEPARTMENT,
    Role.CIVIL_AFFAIRS,
    Role.STREET_OFFICE,
    Role.HUMAN_RESOURCES,
    Role.FINANCE,
    Role.SUPERIOR_UNION,
    Role.PROVINCIAL_REGISTRAR,
]


class TestGetDecision:
    @pytest.mark.parametrize("role", READERS)
    async def test_gives_the_whole_decision_and_its_words(
        self, bench: Bench, hear: Any, decision: Any, role: Role
    ) -> None:
        await hear(decision(), 1)

        async with bench.client(role, area=NANJING) as client:
            answer = await client.get("/v1/decisions/decision-1")

        assert answer.status_code == 200
        body = answer.json()
        assert (body["index"], body["source"], body["sequence"]) == (0, "/recruitment/decisions", 1)
        assert body["decision"]["clause"] == "JL-10"
        assert body["content"] == "whole"
        assert body["decision"]["facts"] == decision().facts
        assert body["words"]["zh"].startswith("符合规定。依据《社区专职工作者队伍建设的意见》二（十）一（JL-10）")
        assert body["words"]["en"].startswith("permitted under JL-10")
        assert body["account"] == ("http://issuer.example|clerk" if role == Role.AUDITOR else None)

    async def test_a_long_one_is_given_in_full(self, bench: Bench, hear: Any, decision: Any) -> None:
        long = decision(facts={"slips": ["x" * 1000] * 100})
        await hear(long, 1)

        async with bench.client(Role.AUDITOR, area="32") as client:
            answer = await client.get("/v1/decisions/decision-1")

        assert answer.json()["decision"]["facts"] == long.facts

    async def test_an_erased_account_is_gone_and_the_decision_stays(
        self, bench: Bench, hear: Any, decision: Any
    ) -> None:
        await hear(decision(), 1)
        async with bench.session() as session, session.begin():
            await session.execute(delete(AccountName))

        async with bench.client(Role.AUDITOR, area="32") as client:
            answer = await client.get("/v1/decisions/decision-1")

        assert answer.status_code == 200
        assert answer.json()["account"] is None

    @pytest.mark.parametrize("role", READERS)
    async def test_holds_back_pay_from_who_may_not_read_payslips(
        self, bench: Bench, hear: Any, sign: Any, decision: Any, role: Role
    ) -> None:
        await hear(decision(rule="tax.cumulative_withholding", facts={"income": "9000.00"}), 1, by="payroll")
        await sign()

        async with bench.client(role, area=NANJING) as client:
            answer = await client.get("/v1/decisions/decision-1")
            proof = await client.get("/v1/decisions/decision-1/proof")
            listed = (await client.get("/v1/decisions")).json()["items"]

        body = answer.json()
        assert (body["clause"], body["rule"], body["on"]) == ("JL-10", "tax.cumulative_withholding", "2026-05-06")
        assert body["permits"] is True
        assert [line["clause"] for line in listed] == ["JL-10"]
        if role in (Role.AUDITOR, Role.LEAD_DEPARTMENT, Role.FINANCE):
            assert body["content"] == "whole"
            assert body["decision"]["facts"] == {"income": "9000.00"}
            assert "9000.00" in proof.json()["document"]
        else:
            assert (body["content"], body["words"]) == ("withheld", None)
            assert not {"facts", "terms", "outcome"} & body["decision"].keys()
            assert (proof.json()["document"], proof.json()["salt"]) == (None, None)
            assert "9000.00" not in answer.text + proof.text

    async def test_an_erased_one_says_so_and_what_the_log_still_holds(
        self, bench: Bench, hear: Any, sign: Any, decision: Any
    ) -> None:
        await hear(decision(), 1)
        await sign()
        async with bench.session() as session, session.begin():
            await session.execute(delete(DecisionDocument))

        async with bench.client(Role.AUDITOR, area="32") as client:
            body = (await client.get("/v1/decisions/decision-1")).json()
            proof = await client.get("/v1/decisions/decision-1/proof")
            listed = (await client.get("/v1/decisions", params={"clause": "JL-10"})).json()["items"]

        assert (body["content"], body["decision"]) == ("erased", None)
        assert (body["subject"], body["clause"], body["permits"]) == ("worker-7", "JL-10", True)
        assert "已抹除" in body["words"]["zh"]
        assert "erased" in body["words"]["en"]
        assert (proof.json()["document"], proof.json()["salt"]) == (None, None)
        assert _is_proved(proof.json())
        assert [line["decision_id"] for line in listed] == ["decision-1"]

    async def test_a_service_is_named_to_an_auditor(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(account="service:evaluation"), 1)

        async with bench.client(Role.AUDITOR, area="32") as client:
            answer = await client.get("/v1/decisions/decision-1")

        assert answer.json()["account"] == "service:evaluation"

    @pytest.mark.parametrize("path", ["", "/proof"])
    async def test_of_another_area_is_not_found(
        self, bench: Bench, hear: Any, sign: Any, decision: Any, path: str
    ) -> None:
        await hear(decision(), 1)
        await sign()

        for area, status in (("220102001", 404), ("320102002", 404), ("320102", 200), ("32", 200), ("", 200)):
            async with bench.client(Role.AUDITOR, area=area) as client:
                answer = await client.get(f"/v1/decisions/decision-1{path}")
            assert answer.status_code == status, area

    async def test_that_does_not_exist_is_said_in_both_languages(self, bench: Bench) -> None:
        for language, word in (("zh", "没有找到"), ("en", "No ")):
            async with bench.client(Role.AUDITOR, area="32", language=language) as client:
                answer = await client.get("/v1/decisions/decision-9")
            assert answer.status_code == 404
            assert answer.json()["code"] == "NOT_FOUND"
            assert answer.json()["detail"].startswith(word)

    @pytest.mark.parametrize("role", [Role.WORKER, Role.APPLICANT, Role.OPERATOR])
    async def test_is_not_for_everybody(self, bench: Bench, role: Role) -> None:
        async with bench.client(role, area="32") as client:
            for path in ("/v1/decisions/decision-1", "/v1/decisions/decision-1/proof", "/v1/decisions"):
                assert (await client.get(path)).status_code == 403


def _is_proved(proof: dict[str, Any]) -> bool:
    """Whether the entry is in the tree of the checkpoint, by the answer alone."""
    _, size, root, *_ = proof["checkpoint"].split("\n")
    leaf_hash = tree.hash_leaf(proof["entry"].encode())
    return base64.b64decode(proof["leaf_hash"]) == leaf_hash and tree.is_included(
        leaf_hash,
        index=proof["index"],
        size=int(size),
        path=[base64.b64decode(one) for one in proof["hashes"]],
        root=base64.b64decode(root),
    )


class TestListDecisions:
    async def test_goes_through_pages_in_the_order_of_the_log(self, bench: Bench, hear: Any, decision: Any) -> None:
        for number in range(1, 13):
            await hear(decision(number), number)

        seen, cursor = [], None
        async with bench.client(Role.AUDITOR, area="32") as client:
            while True:
                params = {"limit": "5"} | ({"cursor": cursor} if cursor else {})
                page = (await client.get("/v1/decisions", params=params)).json()
                seen += [item["index"] for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    break

        assert seen == list(range(12))

    async def test_finds_by_subject_and_clause_within_the_area(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(1), 1)
        await hear(decision(2, subject="worker-8"), 2)
        await hear(decision(3, clause="JL-2a"), 3)
        await hear(decision(4, area="220102001"), 4)

        async def found(area: str = "32", **params: str) -> list[str]:
            async with bench.client(Role.AUDITOR, area=area) as client:
                page = (await client.get("/v1/decisions", params=params)).json()
            return [item["decision_id"] for item in page["items"]]

        assert await found() == ["decision-1", "decision-2", "decision-3"]
        assert await found(subject="worker-8") == ["decision-2"]
        assert await found(clause="JL-10") == ["decision-1", "decision-2"]
        assert await found(subject="worker-7", clause="JL-2a") == ["decision-3"]
        assert await found(area="22") == ["decision-4"]
        assert await found(subject="nobody") == []

    async def test_a_cursor_belongs_to_its_question(self, bench: Bench, hear: Any, decision: Any) -> None:
        for number in (1, 2):
            await hear(decision(number), number)

        async with bench.client(Role.AUDITOR, area="32") as client:
            cursor = (await client.get("/v1/decisions", params={"limit": "1"})).json()["next"]
            other = await client.get("/v1/decisions", params={"cursor": cursor, "clause": "JL-10"})

        assert (other.status_code, other.json()["code"]) == (400, "BAD_CURSOR")

    @pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "201"}, {"subject": "a b"}, {"clause": "x\u0000"}])
    async def test_a_malformed_question_is_refused(self, bench: Bench, params: dict[str, str]) -> None:
        async with bench.client(Role.AUDITOR, area="32") as client:
            assert (await client.get("/v1/decisions", params=params)).status_code == 422


class TestProveDecision:
    async def test_gives_a_proof_that_holds_with_the_key_alone(
        self, bench: Bench, hear: Any, sign: Any, decision: Any
    ) -> None:
        for number in range(1, 8):
            await hear(decision(number), number)
        await sign()

        async with bench.client(Role.FINANCE, area=NANJING) as client:
            vkey = (await client.get("/v1/log/key")).text
            proof = (await client.get("/v1/decisions/decision-3/proof")).json()

        read_checkpoint(proof["checkpoint"], VerifierKey.read(vkey))
        assert _is_proved(proof)
        hashed = hashlib.sha256(base64.b64decode(proof["salt"]) + proof["document"].encode()).hexdigest()
        assert json.loads(proof["entry"])["decision_hash"] == f"sha-256:{hashed}"
        assert json.loads(proof["document"])["facts"] == decision().facts

    async def test_gives_the_offline_receipt_as_text(self, bench: Bench, hear: Any, sign: Any, decision: Any) -> None:
        for number in range(1, 4):
            await hear(decision(number), number)
        await sign()

        async with bench.client(Role.AUDITOR, area=NANJING) as client:
            answer = await client.get("/v1/decisions/decision-2/proof", headers={"Accept": "text/plain"})
            same = (await client.get("/v1/decisions/decision-2/proof")).json()

        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="decision-2.tlog-proof"'
        index, path, note = read_proof(answer.text)
        assert (index, note) == (1, same["checkpoint"])
        assert [base64.b64encode(one).decode() for one in path] == same["hashes"]

    async def test_an_entry_no_checkpoint_covers_yet_is_said_to_be_so(
        self, bench: Bench, hear: Any, sign: Any, decision: Any
    ) -> None:
        await hear(decision(1), 1)
        async with bench.client(Role.AUDITOR, area="32") as client:
            unsigned = await client.get("/v1/decisions/decision-1/proof")
            await sign()
            await hear(decision(2), 2)
            covered = await client.get("/v1/decisions/decision-1/proof")
            beyond = await client.get("/v1/decisions/decision-2/proof")

        assert (unsigned.status_code, unsigned.json()["code"]) == (409, "NOT_YET_SIGNED")
        assert covered.status_code == 200
        assert (beyond.status_code, beyond.json()["params"]["index"]) == (409, 1)


class TestLog:
    @pytest.mark.parametrize("role", list(Role))
    async def test_checkpoint_and_key_are_for_every_role(
        self, bench: Bench, hear: Any, sign: Any, decision: Any, role: Role
    ) -> None:
        await hear(decision(), 1)
        await sign()

        async with bench.client(role, area="65") as client:
            checkpoint = await client.get("/v1/log/checkpoint")
            key = await client.get("/v1/log/key")

        assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
        assert checkpoint.headers["cache-control"] == "no-cache"
        assert read_checkpoint(checkpoint.text, VerifierKey.read(key.text)).size == 1

    async def test_before_the_first_checkpoint_there_is_none(self, bench: Bench) -> None:
        async with bench.client(Role.WORKER, area="65") as client:
            answer = await client.get("/v1/log/checkpoint")

        assert (answer.status_code, answer.json()["code"]) == (404, "NOTHING_SIGNED")

    async def test_needs_a_login(self, bench: Bench) -> None:
        async with bench.client() as client:
            for path in ("/v1/log/checkpoint", "/v1/log/key", "/v1/log/alarms", "/v1/decisions"):
                assert (await client.get(path)).status_code == 401


class TestListLogAlarms:
    async def test_shows_what_was_noticed_in_words(self, bench: Bench, hear: Any, decision: Any) -> None:
        await hear(decision(3), 3)
        await hear(decision(3, permits=False, outcome=False), 3)
        await hear(decision(1), 1)
        await hear(decision(2), 2)

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

    async def test_goes_through_pages(self, bench: Bench, hear: Any, decision: Any) -> None:
        for sequence in (2, 4, 6):
            await hear(decision(sequence), sequence)

        async with bench.client(Role.AUDITOR, area="32") as client:
            first = (await client.get("/v1/log/alarms", params={"limit": "2"})).json()
            second = (await client.get("/v1/log/alarms", params={"limit": "2", "cursor": first["next"]})).json()

        assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]

    async def test_is_for_auditors_and_operators(self, bench: Bench) -> None:
        for role in Role:
            async with bench.client(role, area="32") as client:
                expected = 200 if role in (Role.AUDITOR, Role.OPERATOR) else 403
                assert (await client.get("/v1/log/alarms")).status_code == expected


def test_every_operation_stands_in_the_matrix(bench: Bench) -> None:
    operations = {route.name for route in bench.runtime.service.router.routes if isinstance(route, APIRoute)}

    assert len(operations) == 6
    assert operations <= access_matrix().keys()
