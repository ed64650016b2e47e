"""One decision: by whom, on what ground, with what result, as far as the reader may know, and the proof of it."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from audit.commands.signing import Signer
from audit.tests.telling import NANJING, a_decision
from audit.tlog.findings import Outcome
from audit.tlog.notes import read_checkpoint
from audit.tlog.receipts import read_receipt
from audit.tlog.tree import hash_leaf, is_included
from audit.tlog.verifying import verify_receipt
from common.access import access_matrix
from common.actors import Role
from common.testing import Bench

Hear = Callable[..., Awaitable[None]]
Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]

CLERK = "http://issuer.example|clerk"
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
PATHS = ["", "/proof"]


def told_by(proof: dict[str, Any]) -> dict[str, Any]:
    """Name and value of each disclosure of a proof, whose digest stands in the entry."""
    entry = json.loads(proof["entry"])
    for one in proof["disclosures"]:
        digest = base64.urlsafe_b64encode(hashlib.sha256(one.encode()).digest()).decode().rstrip("=")
        assert digest in entry["_sd"]
    return {
        name: value
        for _, name, value in (json.loads(base64.urlsafe_b64decode(f"{one}==")) for one in proof["disclosures"])
    }


class TestGetDecision:
    @pytest.mark.parametrize("role", READERS)
    async def test_gives_the_whole_of_it_in_words(self, bench: Bench, hear: Hear, role: Role) -> None:
        await hear(a_decision(), 1)

        async with bench.client(role, area=NANJING) as client:
            answer = await client.get("/v1/decisions/decision-1")

        assert answer.status_code == 200
        told, found = a_decision().model_dump(mode="json"), answer.json()
        given = set(told) - {"account", "recorded_at"}
        assert {name: found[name] for name in given} == {name: told[name] for name in given}
        assert (found["index"], found["source"], found["sequence"]) == (0, "/recruitment/decisions", 1)
        assert found["content"] == "whole"
        assert found["by_service"] is False
        assert found["account"] == (CLERK if role == Role.AUDITOR else None)

    async def test_gives_a_long_one_in_full(self, bench: Bench, hear: Hear) -> None:
        long = a_decision(facts={"slips": ["x" * 1000] * 100})
        await hear(long, 1)

        async with bench.client(Role.AUDITOR, area="32") as client:
            answer = await client.get("/v1/decisions/decision-1")

        assert answer.json()["facts"] == long.facts

    async def test_names_the_rows_that_its_figures_came_from(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(parameters={"wage.floor": "parameter-1"}), 1)

        async with bench.client(Role.AUDITOR, area="32") as client:
            found = (await client.get("/v1/decisions/decision-1")).json()

        assert found["parameters"] == {"wage.floor": "parameter-1"}

    async def test_says_of_a_service_that_it_was_one(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(account="service:evaluation"), 1)

        async with bench.client(Role.AUDITOR, area="32") as client:
            found = (await client.get("/v1/decisions/decision-1")).json()

        assert (found["account"], found["by_service"]) == ("service:evaluation", True)

    async def test_of_an_earlier_version_without_words_is_given_all_the_same(self, bench: Bench, hear: Hear) -> None:
        await hear(a_decision(words=None, terms_since=None, organisation=None), 1)

        async with bench.client(Role.AUDITOR, area="32") as client:
            found = (await client.get("/v1/decisions/decision-1")).json()

        assert (found["words"], found["terms_since"], found["organisation"]) == (None, None, None)
        assert found["content"] == "whole"

    @pytest.mark.parametrize("role", READERS)
    async def test_holds_back_pay_from_who_may_not_read_payslips(
        self, bench: Bench, hear: Hear, publish: Publish, role: Role
    ) -> None:
        secret: dict[str, Any] = {"facts": {"income": "9000.00"}, "outcome": "270.00", "terms": {"rate": "0.03"}}
        await hear(a_decision(rule="tax.cumulative_withholding", **secret), 1, by="payroll")
        await publish()

        async with bench.client(role, area=NANJING) as client:
            answer = await client.get("/v1/decisions/decision-1")
            proof = await client.get("/v1/decisions/decision-1/proof")
            receipt = await client.get("/v1/decisions/decision-1/proof", headers={"Accept": "text/plain"})
            listed = await client.get("/v1/decisions")

        found = answer.json()
        assert (found["clause"], found["rule"], found["on"]) == ("JL-10", "tax.cumulative_withholding", "2026-05-06")
        assert found["permits"] is True
        assert "9000.00" not in listed.text
        disclosed = set(told_by(proof.json()))
        assert set(read_receipt(receipt.text).disclosures) == set(proof.json()["disclosures"])
        if role in (Role.AUDITOR, Role.LEAD_DEPARTMENT, Role.FINANCE):
            assert found["content"] == "whole"
            assert found["facts"] == {"income": "9000.00"}
            assert disclosed == {"subject", "case", "policy"} | ({"account"} if role == Role.AUDITOR else set())
        else:
            assert (found["content"], found["words"]) == ("withheld", None)
            assert (found["facts"], found["terms"], found["outcome"]) == (None, None, None)
            assert disclosed == {"subject"}
            for text in (answer.text, proof.text):
                assert not [value for value in ("9000.00", "270.00", "0.03") if value in text]

    @pytest.mark.parametrize("path", PATHS)
    async def test_of_another_area_is_not_found(self, bench: Bench, hear: Hear, publish: Publish, path: str) -> None:
        await hear(a_decision(), 1)
        await publish()

        for area, status in (("220102001", 404), ("320102002", 404), ("320102", 200), ("32", 200), ("", 200)):
            async with bench.client(Role.AUDITOR, area=area) as client:
                answer = await client.get(f"/v1/decisions/decision-1{path}")
            assert answer.status_code == status, area

    @pytest.mark.parametrize("path", PATHS)
    async def test_that_does_not_exist_is_said_in_both_languages(self, bench: Bench, path: str) -> None:
        for language, word in (("zh", "没有找到"), ("en", "No ")):
            async with bench.client(Role.AUDITOR, area="32", language=language) as client:
                answer = await client.get(f"/v1/decisions/decision-9{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
            assert answer.json()["detail"].startswith(word)

    @pytest.mark.parametrize("role", [Role.WORKER, Role.APPLICANT, Role.OPERATOR])
    @pytest.mark.parametrize("path", PATHS)
    async def test_is_not_for_everybody(self, bench: Bench, role: Role, path: str) -> None:
        async with bench.client(role, area="32") as client:
            assert (await client.get(f"/v1/decisions/decision-1{path}")).status_code == 403


class TestProveDecision:
    async def test_gives_a_proof_that_holds_with_the_key_alone(
        self, bench: Bench, grow: Grow, publish: Publish, signer: Signer
    ) -> None:
        await grow(*range(1, 8))
        await publish()

        async with bench.client(Role.FINANCE, area=NANJING) as client:
            proof = (await client.get("/v1/decisions/decision-3/proof")).json()

        checkpoint = read_checkpoint(proof["checkpoint"], *signer.verifiers)
        leaf_hash = hash_leaf(proof["entry"].encode())
        assert base64.b64decode(proof["leaf_hash"]) == leaf_hash
        path = [base64.b64decode(one) for one in proof["hashes"]]
        assert is_included(leaf_hash, index=2, size=checkpoint.size, path=path, root=checkpoint.root)
        assert told_by(proof)["case"]["facts"] == a_decision().facts
        assert json.loads(proof["entry"])["decision_id"] == proof["decision_id"] == "decision-3"

    async def test_gives_the_receipt_for_offline_use_to_who_asks_for_text(
        self, bench: Bench, grow: Grow, publish: Publish, signer: Signer
    ) -> None:
        await grow(1, 2, 3)
        await publish()

        async with bench.client(Role.AUDITOR, area=NANJING) as client:
            answer = await client.get("/v1/decisions/decision-2/proof", headers={"Accept": "text/plain"})
            same = await client.get("/v1/decisions/decision-2/proof")

        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="decision-2.tlog-proof"'
        assert (answer.headers["vary"], same.headers["vary"]) == ("Accept", "Accept")
        report = verify_receipt(answer.text, keys=signer.verifiers)
        assert report.outcome is Outcome.HOLDS
        assert report.contents is not None
        assert report.contents.disclosed == told_by(same.json())
        assert report.contents.undisclosed == 0
        receipt = read_receipt(answer.text)
        assert (receipt.index, receipt.note) == (1, same.json()["checkpoint"])
        assert [base64.b64encode(one).decode() for one in receipt.path] == same.json()["hashes"]

    async def test_waits_until_a_checkpoint_covers_the_entry(self, bench: Bench, grow: Grow, publish: Publish) -> None:
        async with bench.client(Role.AUDITOR, area="32") as client:
            await grow(1)
            unsigned = await client.get("/v1/decisions/decision-1/proof")
            await publish()
            await grow(2)
            covered = await client.get("/v1/decisions/decision-1/proof")
            beyond = await client.get("/v1/decisions/decision-2/proof")

        assert (unsigned.status_code, unsigned.json()["code"]) == (409, "NOT_YET_RECORDED")
        assert covered.status_code == 200
        assert (beyond.status_code, beyond.json()["params"]["index"]) == (409, 1)


def test_every_operation_stands_in_the_matrix(bench: Bench) -> None:
    paths = bench.runtime.app().openapi()["paths"]
    operations = {one["operationId"] for path in paths if path.startswith("/v1/") for one in paths[path].values()}

    assert operations == {
        "list_decisions",
        "get_decision",
        "prove_decision",
        "erase_from_log",
        "list_log_alarms",
        "close_log_alarm",
        "list_log_entries",
        "list_checkpoints",
    }
    assert operations <= access_matrix().keys()
