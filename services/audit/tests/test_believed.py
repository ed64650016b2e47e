"""What a reader is shown comes from the entry under the checkpoint; neither the index nor a file is believed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from audit.queries.log import log_path
from audit.tests.telling import a_decision
from common.actors import Role
from common.testing import Bench

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Tamper = Callable[..., Awaitable[None]]

PATHS = ("/v1/decisions/decision-2", "/v1/decisions/decision-2/proof", "/v1/decisions")


@pytest.fixture
def ask(bench: Bench) -> Callable[[str], Awaitable[Any]]:
    async def asked(path: str) -> Any:
        async with bench.client(Role.AUDITOR) as client:
            return await client.get(path)

    return asked


async def test_a_falsified_index_changes_nothing_that_is_shown(
    grow: Grow, publish: Publish, tamper: Tamper, ask: Any
) -> None:
    await grow(1, 2, 3)
    await publish()
    before = (await ask(PATHS[0])).json(), (await ask(PATHS[2])).json()["items"][1]

    await tamper(
        "UPDATE indexed_entry SET permits = false, clause = 'JL-99', rule = 'x', subject = 'worker-666', "
        """account = 'x', decided_at = '2020-01-01', recorded_at = '2020-01-01', "on" = '2020-01-01' WHERE index = 1"""
    )

    assert (await ask(PATHS[0])).json() == before[0]
    assert (await ask(PATHS[2])).json()["items"][1] | {"hashes": 0} == before[1] | {"hashes": 0}


@pytest.mark.parametrize("path", PATHS)
async def test_an_altered_entry_is_not_shown(grow: Grow, publish: Publish, tamper: Tamper, ask: Any, path: str) -> None:
    await grow(1, 2, 3)
    await publish()
    await tamper(
        "UPDATE entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'JL-10', 'JL-11'), 'UTF8') "
        "WHERE index = 1"
    )

    answer = await ask(path)

    assert answer.status_code == 503
    assert answer.json()["code"] == "ENTRY_DIFFERS"


@pytest.mark.parametrize(
    "write", [lambda note: note.replace(b"\n2\n", b"\n999\n"), lambda _: b"\xff\xfe", lambda _: b""]
)
async def test_nothing_is_recorded_because_a_file_says_so(
    bench: Bench, grow: Grow, publish: Publish, ask: Any, write: Callable[[bytes], bytes]
) -> None:
    await grow(1, 2)
    await publish()
    await grow(3)
    checkpoint = log_path(bench.runtime.settings) / "checkpoint"
    checkpoint.write_bytes(write(checkpoint.read_bytes()))

    answer = await ask("/v1/decisions/decision-3")

    assert (answer.status_code, answer.json()["code"]) == (503, "LOG_DAMAGED")


async def test_nothing_is_recorded_without_the_cosignatures_that_the_policy_asks_for(
    bench: Bench, grow: Grow, publish: Publish, ask: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grow(1, 2)
    await publish()
    policy = tmp_path / "policy"
    witness = "witness.example/w1+586d0b9a+BBQzA22TUGQjImRLTPJOCPRp+BAYPvXYTpf05YEMg813"
    policy.write_text(f"witness w1 {witness}\nquorum w1\n", "utf-8")
    monkeypatch.setattr(bench.runtime.settings, "log_policy", policy)

    answer = await ask("/v1/decisions/decision-2")

    assert (answer.status_code, answer.json()["code"]) == (503, "LOG_DAMAGED")


async def test_who_reads_the_readings_is_read_about_too(bench: Bench, hear: Any, publish: Publish, ask: Any) -> None:
    await hear(a_decision(1), 1)
    await ask("/v1/decisions?subject=worker-7")
    await publish()
    await ask("/v1/log/entries")
    await publish()

    entries = (await ask("/v1/log/entries")).json()["items"]

    assert [one["entry"]["operation"] for one in entries] == ["list_decisions", "list_log_entries"]
