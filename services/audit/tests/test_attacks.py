"""Attacks on the log by somebody who has everything its keeper has, and which check notices which.

A log of 1000 decisions. Somebody outside has saved its checkpoint of 600; a witness, a process of its own, has
cosigned 600 and 1000. The attacker has the database with its owner's password, the files, the signer's file and all
keys of the installation. An attack is listed with the checks that notice it and what they say; the others, and the
witness, find nothing.

    fsck     the offline verifier at one look: signature, every entry, every tile
    saved    the offline verifier, quick: whether the log continues the checkpoint of 600
    policy   the offline verifier, quick: whether the checkpoint is cosigned as the policy asks
    proof    that the touched entry is in the log, made from the files alone
    receipt  of the touched decision, as the service gives it out
    records  the database held against the files, the rest of `python -m audit fsck`
    witness  what it answers who is to cosign the checkpoint
    alarm    what the service raises by itself
"""

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

from audit.commands.publishing import Publisher, log_folder
from audit.commands.signing import signer_of
from audit.models import Disclosure, Entry, IndexedEntry, PublishedCheckpoint, SourceState
from audit.queries.log import log_path
from audit.tests.attacks import (
    Act,
    Honest,
    Keeper,
    borrow_cosignature,
    change,
    edit_bundle,
    edit_row,
    edit_tile,
    everywhere,
    forged,
    in_a_file,
    in_the_database,
    lose_signer,
    nothing,
    put_back,
    put_back_all,
    put_back_signer,
    put_back_signer_and_checkpoint,
    replace_case,
    rows_of,
    withhold_bundle,
)
from audit.tests.conftest import forget_log
from audit.tests.noticing import failing, look, noticed
from audit.tests.telling import a_decision, record_of
from audit.tests.witnesses import serving
from audit.tlog.policy import Policy
from audit.tlog.witness import WitnessBook
from common.testing import Bench, empty_tables

TABLES = (Entry, Disclosure, IndexedEntry, SourceState, PublishedCheckpoint)
DELETE_CASE = "DELETE FROM disclosure WHERE index = 300 AND name = 'case'"
SPOIL_CASE = "UPDATE disclosure SET sealed = sealed || '!' WHERE index = 300 AND name = 'case'"
CLAIM_ERASURE = "INSERT INTO erasure (index, name, erasure_id) VALUES (300, 'case', 'erasure-1')"
HIDE = "DELETE FROM indexed_entry WHERE index = 300"
MISFILE = "UPDATE indexed_entry SET subject = 'worker-8' WHERE index = 300"
CUT = (
    "DELETE FROM entry WHERE index >= 500",
    "DELETE FROM indexed_entry WHERE index >= 500",
    "DELETE FROM disclosure WHERE index >= 500",
)
# The size is signed; whoever has no key can only write over it.
CLAIM_SIZE = in_a_file("checkpoint", lambda note: note.replace(b"\n1000\n", b"\n999\n"))
DELETE = everywhere(lambda told: told[:300] + told[301:])
REORDER = everywhere(lambda told: [*told[:300], told[301], told[300], *told[302:]])
FORK = everywhere(lambda told: [*told[:550], *map(forged, range(550, 1100))])


def attack(name: str, act: Act, *, touched: int = 300, **noticed_by: str) -> Any:
    return pytest.param(act, touched, noticed_by, id=name)


ATTACKS = [
    attack("nothing", nothing),
    # One copy is changed and not the other.
    attack(
        "edit an entry in the database",
        edit_row,
        receipt="EntryDiffers",
        records="entry_differs",
        alarm="records_differ",
    ),
    attack(
        "edit an entry in its bundle",
        in_a_file("tile/entries/001", edit_bundle),
        fsck="entries_changed",
        proof="receipt_not_included",
        records="entry_differs, index_differs",
        alarm="records_differ",
    ),
    attack(
        "change a byte of a tile",
        in_a_file("tile/0/001", edit_tile),
        fsck="entries_differ, tile_differs",
        proof="receipt_not_included",
        receipt="receipt_not_included",
    ),
    attack(
        "change a byte of a tile that the proof does not need",
        in_a_file("tile/0/001", edit_tile),
        touched=800,
        fsck="entries_differ, tile_differs",
    ),
    attack(
        "withhold a bundle",
        withhold_bundle,
        fsck="missing",
        proof="missing",
        records="missing",
        alarm="records_differ",
    ),
    attack(
        "claim another size, without the key",
        CLAIM_SIZE,
        fsck="checkpoint_not_signed",
        saved="checkpoint_not_signed",
        policy="checkpoint_not_signed",
        proof="missing",
        receipt="LogDamaged",
        records="missing",
        witness="403",
        alarm="checkpoint_refused published_unreadable, records_differ",
    ),
    attack(
        "put the database alone back from a backup of 500",
        in_the_database(*CUT),
        records="count_differs, disclosure_missing, entry_missing",
        alarm="checkpoint_refused shrunk, disclosure_missing, records_differ",
    ),
    # All copies are changed, the tiles built again, all signed: nothing inside notices, whatever is proved.
    attack("edit", change(300), saved="not_continued", policy="not_witnessed", witness="422, keeps both"),
    attack("delete", DELETE, saved="not_continued", policy="not_witnessed", receipt="NotFound", witness="409"),
    attack("reorder", REORDER, saved="not_continued", policy="not_witnessed", witness="422, keeps both"),
    attack("fork at 550, grow to 1100", FORK, saved="not_continued", policy="not_witnessed", witness="422"),
    attack("cut to 500", everywhere(lambda told: told[:500]), saved="shrank", policy="not_witnessed", witness="409"),
    # What came after the last checkpoint that somebody keeps: the witness alone stands against it.
    attack("edit after what was saved", change(800), touched=800, policy="not_witnessed", witness="422, keeps both"),
    attack("cut to 700", everywhere(lambda told: told[:700]), policy="not_witnessed", witness="409"),
    attack(
        "edit after what was saved, borrow the cosignature",
        borrow_cosignature,
        touched=800,
        policy="bad_cosignature",
        witness="422, keeps both",
    ),
    attack("put everything back to 600, with its true checkpoint", put_back_all, witness="409"),
    # The signer's file.
    attack("put the signer's file back to 600", put_back_signer, alarm="checkpoint_refused state_behind"),
    attack("lose the signer's file", lose_signer, alarm="checkpoint_refused state_missing"),
    attack(
        "put signer's file and checkpoint back to 600, let other decisions follow",
        put_back_signer_and_checkpoint,
        witness="409",
        alarm="checkpoint_refused path_conflict",
    ),
    # What stands beside the log.
    attack(
        "delete a disclosure covertly",
        in_the_database(DELETE_CASE),
        records="disclosure_missing",
        alarm="disclosure_missing",
    ),
    attack(
        "delete a disclosure, forge its erasure",
        in_the_database(DELETE_CASE, CLAIM_ERASURE),
        records="disclosure_missing, erasure_not_in_log",
        alarm="disclosure_missing, records_differ",
    ),
    attack(
        "spoil a disclosure",
        in_the_database(SPOIL_CASE),
        records="disclosure_missing",
        alarm="disclosure_missing",
    ),
    attack("replace a disclosure", replace_case, records="disclosure_differs", alarm="records_differ"),
    attack(
        "hide an entry from every search",
        in_the_database(HIDE),
        receipt="NotFound",
        records="count_differs, index_missing",
        alarm="records_differ",
    ),
    attack(
        "file an entry under another person",
        in_the_database(MISFILE),
        records="index_differs",
        alarm="records_differ",
    ),
]


@pytest.mark.parametrize(("act", "touched", "noticed_by"), ATTACKS)
async def test_is_noticed_by(keeper: Keeper, act: Act, touched: int, noticed_by: dict[str, str]) -> None:
    await act(keeper)

    assert await noticed(keeper, touched=touched) == noticed_by


async def test_a_log_that_does_not_continue_what_was_saved_but_holds_by_itself_was_rewritten(keeper: Keeper) -> None:
    """Which is what the whole check says, other than the quick one: two checkpoints of one signer, kept as evidence."""
    await change(300)(keeper)

    assert failing(look(keeper, saved={"saved": keeper.honest.saved})) == "rewritten"


@pytest.fixture(scope="module")
async def honest(opened_bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Honest]:
    await empty_tables(opened_bench)
    forget_log(opened_bench)
    runtime = opened_bench.runtime
    signer, folder = signer_of(runtime.settings, runtime.keys), tmp_path_factory.mktemp("honest")
    book = WitnessBook(folder / "witness")
    witness = book.init("witness.example/w1")
    (log,) = signer.verifiers
    book.add_log(str(log))
    with serving(book.folder) as served:
        policy = Policy.read(f"log {log}\nwitness w1 {witness} {served.url}\nquorum w1\n")
        publisher = Publisher(runtime, log_folder(runtime.settings), signer, policy)
        notes = []
        for numbers in (range(1, 601), range(601, 1001)):
            records = [record_of(a_decision(number), number) for number in numbers]
            await runtime.consumer.take_together(records)  # type: ignore[attr-defined]
            assert await publisher.round()
            notes.append(publisher.folder.checkpoint() or "")
        shutil.copytree(log_path(runtime.settings), folder / "log")
        shutil.copy(signer.file, folder)
        yield Honest(folder, await rows_of(opened_bench, *TABLES), notes[0], policy, book)


@pytest.fixture
async def keeper(honest: Honest, bench: Bench, tamper: Any) -> Keeper:
    """Before the honest log, put back as it was."""
    keeper = Keeper(bench, tamper, honest)
    shutil.copytree(honest.folder / "log", keeper.folder)
    shutil.copy(honest.folder / keeper.signer.file.name, keeper.signer.file)
    await put_back(bench, honest.rows)
    return keeper
