"""The signer, and what is found when somebody has been at the database."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from audit.commands import signing
from audit.commands.signing import Signer, SignerRefused
from audit.models import Alarm, SignedCheckpoint
from audit.rules import tree
from audit.rules.alarms import SignerFault
from audit.rules.notes import Checkpoint, VerifierKey, read_checkpoint, sign_note
from common.testing import Bench

Sign = Callable[[], Awaitable[SignedCheckpoint | None]]
Tamper = Callable[..., Awaitable[None]]


@pytest.fixture
def tamper(bench: Bench) -> Tamper:
    """What somebody with the owner's password can do, row-level security and triggers put aside."""

    async def tampered(*statements: str, **values: Any) -> None:
        engine = create_async_engine(bench.runtime.settings.owner_database_url)
        async with engine.begin() as connection:
            await connection.execute(text("SELECT set_config('app.area_from', '0', true)"))
            await connection.execute(text("SELECT set_config('app.area_to', ':', true)"))
            for table in ("entry", "node", "checkpoint"):
                await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER only_grows"))
            for statement in statements:
                await connection.execute(text(statement), values if ":" in statement else {})
            for table in ("entry", "node", "checkpoint"):
                await connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER only_grows"))
        await engine.dispose()

    return tampered


@pytest.fixture
def grow(hear: Any, decision: Any) -> Callable[..., Awaitable[None]]:
    async def grown(*numbers: int) -> None:
        for number in numbers:
            await hear(decision(number), number)

    return grown


async def open_faults(bench: Bench) -> list[tuple[str, int]]:
    async with bench.session() as session:
        rows = await session.scalars(select(Alarm).where(Alarm.kind == "checkpoint_refused"))
        return [(row.mark, row.first_sequence) for row in rows if row.closed_at is None]


class TestSignCheckpoint:
    async def test_signs_the_empty_log(self, sign: Sign, signer: Signer) -> None:
        signed = await sign()

        assert signed is not None
        assert read_checkpoint(signed.note, signer.key) == Checkpoint("grassroots-staff/log1", 0, tree.EMPTY_ROOT)

    async def test_signs_what_has_come_and_the_key_alone_verifies_it(
        self, bench: Bench, sign: Sign, signer: Signer, grow: Any
    ) -> None:
        await grow(1, 2, 3)

        signed = await sign()

        assert signed is not None
        checkpoint = read_checkpoint(signed.note, VerifierKey.read(str(signer.key)))
        assert (checkpoint.size, checkpoint.root) == (3, signed.root)
        assert signer.last_signed() == checkpoint

    async def test_signs_nothing_twice(self, bench: Bench, sign: Sign, grow: Any) -> None:
        await grow(1)
        await sign()

        assert await sign() is None
        assert len(await bench.rows(SignedCheckpoint)) == 1

    async def test_each_checkpoint_continues_the_one_before(
        self, bench: Bench, sign: Sign, signer: Signer, grow: Any
    ) -> None:
        for number in range(1, 10):
            await grow(number)
            await sign()

        assert [one.size for one in await bench.rows(SignedCheckpoint)] == list(range(1, 10))
        assert await open_faults(bench) == []

    async def test_the_consumer_signs_between_batches(self, bench: Bench, grow: Any) -> None:
        await grow(1, 2)

        await bench.runtime.consumer.rest()

        assert [one.size for one in await bench.rows(SignedCheckpoint)] == [2]

    async def test_publishes_again_what_was_signed_before_a_crash(
        self, bench: Bench, sign: Sign, grow: Any, tamper: Tamper
    ) -> None:
        await grow(1)
        signed = await sign()
        assert signed is not None
        await tamper("DELETE FROM checkpoint")

        again = await sign()

        assert again is not None
        assert again.note == signed.note

    async def test_a_signer_that_cannot_write_does_not_stop_the_intake(
        self, bench: Bench, grow: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def disk_full(*_: Any) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(Signer, "replace", disk_full)
        await grow(1)

        await bench.runtime.consumer.rest()
        await grow(2)

        assert await bench.rows(SignedCheckpoint) == []


class TestSignerRefuses:
    async def test_a_log_that_has_shrunk(self, bench: Bench, sign: Sign, grow: Any, tamper: Tamper) -> None:
        await grow(1, 2, 3)
        await sign()
        await tamper("DELETE FROM entry WHERE index = 2", "DELETE FROM node WHERE index = 2", "DELETE FROM checkpoint")

        assert await sign() is None
        assert await open_faults(bench) == [("shrunk", 3)]

    async def test_a_log_that_shrank_and_grew_again(
        self, bench: Bench, sign: Sign, grow: Any, hear: Any, decision: Any, tamper: Tamper
    ) -> None:
        await grow(1, 2, 3)
        await sign()
        await tamper(
            "DELETE FROM entry WHERE index = 2",
            "DELETE FROM decision_document WHERE index = 2",
            "DELETE FROM node WHERE index = 2",
            "DELETE FROM checkpoint",
        )
        await hear(decision(8), 8)
        await hear(decision(9), 9)

        assert await sign() is None
        assert await open_faults(bench) == [("rewritten", 3)]

    async def test_a_node_rewritten_within_what_was_signed(
        self, bench: Bench, sign: Sign, grow: Any, tamper: Tamper
    ) -> None:
        await grow(1, 2, 3)
        await sign()
        await tamper("UPDATE node SET hash = :fake WHERE level = 1", fake=b"0" * 32)

        assert await sign() is None
        assert await open_faults(bench) == [("rewritten", 3)]

    async def test_a_node_that_is_gone(self, bench: Bench, sign: Sign, grow: Any, tamper: Tamper) -> None:
        await grow(1, 2)
        await sign()
        await tamper("DELETE FROM node WHERE level = 1")

        assert await sign() is None
        assert await open_faults(bench) == [("rewritten", 2)]

    async def test_without_its_file_when_checkpoints_exist_and_goes_on_when_it_is_back(
        self, bench: Bench, sign: Sign, signer: Signer, grow: Any
    ) -> None:
        await grow(1)
        await sign()
        kept = signer.file.read_text()
        signer.file.unlink()
        await grow(2)

        assert await sign() is None
        assert await sign() is None
        assert await open_faults(bench) == [("state_missing", 1)]
        assert len(await bench.rows(Alarm)) == 1

        signer.file.write_text(kept)
        assert await sign() is not None
        assert await open_faults(bench) == []

    async def test_opens_a_closed_alarm_again(self, bench: Bench, sign: Sign, signer: Signer, grow: Any) -> None:
        await grow(1)
        await sign()
        kept = signer.file.read_text()
        for _ in range(2):
            signer.file.unlink()
            await sign()
            assert await open_faults(bench) == [("state_missing", 1)]
            signer.file.write_text(kept)
            await sign()
            assert await open_faults(bench) == []

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            ("", SignerFault.STATE_UNREADABLE),
            ('{"vkey": "x"}', SignerFault.STATE_UNREADABLE),
            ("[]", SignerFault.STATE_UNREADABLE),
            (json.dumps({"vkey": "other+00+AA", "size": 1, "root": "00"}), SignerFault.STATE_OF_ANOTHER_LOG),
        ],
    )
    async def test_a_file_that_is_not_its_own(
        self, bench: Bench, sign: Sign, signer: Signer, grow: Any, content: str, fault: SignerFault
    ) -> None:
        await grow(1)
        signer.file.write_text(content)

        assert await sign() is None
        assert [mark for mark, _ in await open_faults(bench)] == [fault]

    async def test_a_file_that_somebody_else_has_written_meanwhile(self, signer: Signer) -> None:
        first, second = Checkpoint(signer.origin, 1, b"1" * 32), Checkpoint(signer.origin, 2, b"2" * 32)
        signer.replace(None, first)

        with pytest.raises(SignerRefused) as refused:
            signer.replace(None, second)

        assert refused.value.fault == SignerFault.STATE_CHANGED
        assert signer.last_signed() == first

    async def test_to_follow_a_file_older_than_what_it_published_when_that_was_cut(
        self, bench: Bench, sign: Sign, signer: Signer, grow: Any, tamper: Tamper
    ) -> None:
        await grow(1)
        await sign()
        kept = signer.file.read_text()
        await grow(2, 3)
        await sign()
        signer.file.write_text(kept)
        await tamper("DELETE FROM entry WHERE index = 2", "DELETE FROM node WHERE index = 2")

        assert await sign() is None
        assert await open_faults(bench) == [("shrunk", 3)]

    async def test_nothing_of_an_honest_log_whose_file_lags(
        self, bench: Bench, sign: Sign, signer: Signer, grow: Any
    ) -> None:
        await grow(1)
        await sign()
        kept = signer.file.read_text()
        await grow(2, 3)
        await sign()
        signer.file.write_text(kept)

        assert await sign() is None
        last = signer.last_signed()
        assert last is not None
        assert last.size == 3
        assert await open_faults(bench) == []


class TestTheDatabaseItself:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE entry SET clause = 'JL-1'",
            "DELETE FROM entry",
            "UPDATE node SET index = 7",
            "DELETE FROM checkpoint",
        ],
    )
    async def test_refuses_to_change_what_is_in_the_log(
        self, bench: Bench, sign: Sign, grow: Any, statement: str
    ) -> None:
        await grow(1)
        await sign()

        with pytest.raises(DBAPIError, match="only grows"):
            async with bench.session() as session, session.begin():
                await session.execute(text(statement))


class TestVerifyLog:
    async def test_an_honest_log_has_no_faults(self, sign: Sign, verify: Any, grow: Any) -> None:
        await grow(1, 2, 3)
        saved = await sign()
        await grow(4, 5)
        await sign()

        verified = await verify(saved.note)  # type: ignore[union-attr]

        assert verified.faults == []
        assert verified.size == 5

    async def test_an_empty_log_has_none_either(self, sign: Sign, verify: Any) -> None:
        await sign()

        assert (await verify()).faults == []

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("UPDATE entry SET leaf = leaf || ' '::bytea WHERE index = 1", "leaf_differs"),
            ("UPDATE entry SET leaf_hash = sha256('x'::bytea) WHERE index = 1", "leaf_differs"),
            ("UPDATE entry SET permits = NOT permits WHERE index = 1", "row_differs"),
            ("UPDATE entry SET area = '22' WHERE index = 1", "row_differs"),
            ("UPDATE entry SET subject = 'worker-8' WHERE index = 1", "row_differs"),
            ("UPDATE entry SET leaf = 'x'::bytea WHERE index = 1", "entry_unreadable"),
            ("DELETE FROM entry WHERE index = 1", "entry_missing"),
            ("DELETE FROM entry WHERE index = 2", "log_shorter_than_signed"),
            ("UPDATE node SET hash = sha256('x'::bytea) WHERE level = 1", "node_differs"),
            ("DELETE FROM node WHERE level = 1", "node_count_differs"),
            ("INSERT INTO node VALUES (5, 0, 'x'::bytea)", "node_count_differs"),
            ("UPDATE checkpoint SET note = replace(note, '3', '4')", "checkpoint_not_signed"),
        ],
    )
    async def test_finds_what_was_changed_behind_our_back(
        self, sign: Sign, verify: Any, grow: Any, tamper: Tamper, statement: str, code: str
    ) -> None:
        await grow(1, 2, 3)
        await sign()

        await tamper(statement)

        assert code in {fault.code for fault in (await verify()).faults}

    async def test_finds_a_changed_document(
        self, sign: Sign, verify: Any, hear: Any, decision: Any, tamper: Tamper
    ) -> None:
        await hear(decision(), 1)
        await sign()
        await tamper("UPDATE decision_document SET document = '{}'::bytea")

        assert [fault.code for fault in (await verify()).faults] == ["entry_unreadable"]

    async def test_finds_a_document_moved_to_another_area(
        self, sign: Sign, verify: Any, grow: Any, tamper: Tamper
    ) -> None:
        await grow(1)
        await sign()
        await tamper("UPDATE decision_document SET area = '22'")

        assert [fault.code for fault in (await verify()).faults] == ["row_differs"]

    async def test_an_erased_document_is_counted_and_no_fault(
        self, bench: Bench, sign: Sign, verify: Any, grow: Any
    ) -> None:
        await grow(1, 2, 3)
        saved = await sign()
        assert saved is not None
        async with bench.session() as session, session.begin():
            await session.execute(text("DELETE FROM decision_document WHERE index = 1"))

        verified = await verify(saved.note)

        assert (verified.faults, verified.erased, verified.size) == ([], 1, 3)

    async def test_a_log_rewritten_and_signed_again_is_found_by_a_checkpoint_kept_elsewhere(
        self, bench: Bench, sign: Sign, signer: Signer, verify: Any, grow: Any, hear: Any, decision: Any, tamper: Tamper
    ) -> None:
        await grow(1, 2)
        saved = await sign()
        assert saved is not None
        await tamper(
            *(f"DELETE FROM {table}" for table in ("entry", "decision_document", "node", "checkpoint", "source_state"))  # noqa: S608
        )
        signer.file.unlink()
        await hear(decision(1, permits=False, outcome=False), 1)
        await grow(2)
        await sign()

        assert (await verify()).faults == []
        assert [fault.code for fault in (await verify(saved.note)).faults] == ["root_differs"]

    async def test_a_note_that_the_log_never_signed_is_no_witness(self, sign: Sign, verify: Any, grow: Any) -> None:
        await grow(1)
        await sign()
        forged = sign_note(Checkpoint("x", 1, b"0" * 32).text(), name="x", seed=b"0" * 32)

        assert [fault.code for fault in (await verify(forged)).faults] == ["checkpoint_not_signed"]


def test_the_origin_may_not_break_the_format(bench: Bench) -> None:
    from pydantic import ValidationError

    from common.settings import Settings

    assert signing.signer_of(bench.runtime.settings, bench.runtime.keys).origin == "grassroots-staff/log1"
    for origin in ("a b", "a+b", "", "a\nb"):
        with pytest.raises(ValidationError):
            Settings(log_origin=origin)
