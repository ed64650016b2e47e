"""Witnesses: what they have not cosigned is not published, and what is not published is not called recorded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from audit.commands import publishing
from audit.commands.publishing import Publisher, publisher_of
from audit.commands.signing import Signer
from audit.models import Alarm
from audit.queries.log import log_path
from audit.tests.conftest import forget_log
from audit.tests.telling import a_decision, entries, open_alarms
from audit.tlog.findings import Outcome
from audit.tlog.notes import CosigningKey, read_checkpoint
from audit.tlog.policy import NONE, BadPolicy, Policy
from audit.tlog.reading import LogReader, TileMissing
from audit.tlog.sources import FolderSource, LogUnreachable
from audit.tlog.verifying import verify_log
from audit.tlog.witness import WitnessBook, witness_app
from common.actors import Role
from common.embedded.ports import free_port
from common.testing import Bench, empty_tables

Grow = Callable[..., Awaitable[None]]


@asynccontextmanager
async def serving(book: WitnessBook, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(witness_app(book), port=port, log_config=None))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        await running


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def book(tmp_path: Path, signer: Signer) -> WitnessBook:
    book = WitnessBook(tmp_path / "witness")
    book.init("witness.example/w1")
    book.add_log(str(signer.verifiers[0]))
    return book


@pytest.fixture
def policy(book: WitnessBook, port: int, signer: Signer) -> str:
    log, witness = signer.verifiers[0], book.verifier()
    return f"log {log}\nwitness w1 {witness} http://127.0.0.1:{port}\nquorum w1\n"


@pytest.fixture
def witnessed(bench: Bench, policy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A publisher whose checkpoints count when the witness has cosigned them."""
    (tmp_path / "policy").write_text(policy)
    monkeypatch.setattr(bench.runtime.settings, "log_policy", tmp_path / "policy")
    monkeypatch.setattr(publishing, "_WITHIN_S", 30.0)
    return publisher_of(bench.runtime)


async def published(publisher: Publisher) -> int:
    """The size that is published when there is nothing left to publish."""
    while await publisher.round():
        pass
    checkpoint = publisher.published()
    return checkpoint.size if checkpoint else 0


class TestAWitness:
    async def test_has_cosigned_whatever_is_published(
        self, bench: Bench, grow: Grow, witnessed: Publisher, book: WitnessBook, port: int, policy: str
    ) -> None:
        async with serving(book, port):
            for number in (1, 2, 3):
                await grow(number)
                assert await witnessed.round()

                note = witnessed.folder.checkpoint() or ""
                assert Policy.read(policy).read_checkpoint(note).size == number

        source = FolderSource(log_path(bench.runtime.settings))
        checked = verify_log(source, keys=witnessed.signer.verifiers, policy=Policy.read(policy))
        assert "witnessed" in {finding.code for finding in checked.findings}
        assert checked.outcome is Outcome.HOLDS

    async def test_that_is_away_keeps_checkpoints_back_until_it_returns(
        self,
        bench: Bench,
        grow: Grow,
        witnessed: Publisher,
        book: WitnessBook,
        port: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await grow(1)
        assert not await witnessed.round()
        assert witnessed.folder.checkpoint() is None
        assert await open_alarms(bench, "witness_silent") == []

        monkeypatch.setattr(publishing, "PATIENCE_S", 0.0)
        for number in (2, 3):
            await grow(number)
            assert not await witnessed.round()
        assert await open_alarms(bench, "witness_silent") == [("", 0)]
        assert witnessed.folder.checkpoint() is None

        async with serving(book, port):
            size = await published(witnessed)
        assert await open_alarms(bench, "witness_silent") == []
        assert size == len(await entries(bench))

    async def test_that_is_away_leaves_decisions_taken_in_but_not_recorded(
        self, bench: Bench, grow: Grow, witnessed: Publisher, book: WitnessBook, port: int
    ) -> None:
        async with serving(book, port):
            await grow(1)
            await published(witnessed)
        await grow(2)
        assert not await witnessed.round()

        async with bench.client(Role.AUDITOR, area="") as client:
            lines = (await client.get("/v1/decisions")).json()["items"]
            answer = await client.get("/v1/decisions/decision-2/proof")
        assert [(line["recorded"], line["hashes"]) for line in lines] == [(True, []), (False, None)]
        assert (answer.status_code, answer.json()["code"]) == (409, "NOT_YET_RECORDED")

    async def test_that_comes_back_sooner_than_patience_ends_is_no_alarm(
        self, bench: Bench, grow: Grow, witnessed: Publisher, book: WitnessBook, port: int
    ) -> None:
        for number in (1, 2):
            await grow(number)
            assert not await witnessed.round()
            async with serving(book, port):
                assert await published(witnessed) == number
            assert witnessed.silent_since is None

        assert await bench.rows(Alarm) == []

    async def test_is_asked_again_by_a_process_that_does_not_know_what_it_saw(
        self, bench: Bench, grow: Grow, witnessed: Publisher, book: WitnessBook, port: int
    ) -> None:
        async with serving(book, port):
            await grow(1, 2)
            await published(witnessed)
            await grow(3)

            assert await publisher_of(bench.runtime).round()

    @pytest.mark.parametrize("error", [TileMissing("tile/0/000"), LogUnreachable("disk"), OSError()])
    async def test_for_whom_no_proof_can_be_made_has_not_cosigned(
        self,
        bench: Bench,
        grow: Grow,
        witnessed: Publisher,
        book: WitnessBook,
        port: int,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
    ) -> None:
        def fails(*_: object) -> None:
            raise error

        async with serving(book, port):
            await grow(1)
            await published(witnessed)
            await grow(2)
            monkeypatch.setattr(LogReader, "consistency_path", fails)
            monkeypatch.setattr(publishing, "PATIENCE_S", 0.0)
            assert not await witnessed.round()
        assert await open_alarms(bench, "witness_silent") == [("", 0)]

    async def test_that_saw_another_log_never_cosigns_this_one(
        self, bench: Bench, grow: Grow, hear: Any, witnessed: Publisher, book: WitnessBook, port: int
    ) -> None:
        """Everything here was thrown away and begun anew, with the same keys."""
        async with serving(book, port):
            await grow(1, 2)
            await published(witnessed)
            await empty_tables(bench)
            forget_log(bench)
            await hear(a_decision(1, permits=False), 1)
            await grow(2)
            anew = publisher_of(bench.runtime)

            for _ in range(2):
                assert not await anew.round()
            assert anew.folder.checkpoint() is None
        assert await open_alarms(bench, "witness_refused") == [("w1 (422)", 0)]
        ours, theirs = (read_checkpoint(note, *anew.signer.verifiers) for note in contradiction(book))
        assert ours.size == theirs.size == 2
        assert ours.root != theirs.root


def contradiction(book: WitnessBook) -> tuple[str, str]:
    (evidence,) = book.evidence()
    return evidence.cosigned, evidence.refused


class TestAPolicy:
    async def test_without_quorum_waits_for_nobody(
        self, bench: Bench, grow: Grow, book: WitnessBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "policy").write_text(f"witness w1 {book.verifier()}\nquorum none\n")
        monkeypatch.setattr(bench.runtime.settings, "log_policy", tmp_path / "policy")
        await grow(1)

        assert await published(publisher_of(bench.runtime)) == 1

    async def test_is_satisfied_by_some_of_its_witnesses(
        self,
        bench: Bench,
        grow: Grow,
        book: WitnessBook,
        port: int,
        signer: Signer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        away = CosigningKey("witness.example/away", bytes(32)).verifier
        (tmp_path / "policy").write_text(
            f"log {signer.verifiers[0]}\nwitness w1 {book.verifier()} http://127.0.0.1:{port}\n"
            f"witness w2 {away} http://127.0.0.1:{free_port()}\ngroup one any w1 w2\nquorum one\n"
        )
        monkeypatch.setattr(bench.runtime.settings, "log_policy", tmp_path / "policy")
        monkeypatch.setattr(publishing, "_WITHIN_S", 30.0)
        await grow(1)

        async with serving(book, port):
            assert await published(publisher_of(bench.runtime)) == 1

    def test_stands_in_a_file_that_must_be_readable(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert publisher_of(bench.runtime).policy == NONE
        monkeypatch.setattr(bench.runtime.settings, "log_policy", tmp_path / "policy")
        with pytest.raises(OSError, match="policy"):
            publisher_of(bench.runtime)
        (tmp_path / "policy").write_text("quorum nobody\n")
        with pytest.raises(BadPolicy):
            publisher_of(bench.runtime)
