"""What somebody can do who has all that the log's keeper has: the database, the files, the signer's file, the keys."""

import json
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from audit.commands.signing import Signer, signer_of
from audit.models import Disclosure, Entry, IndexedEntry
from audit.queries.disclosures import disclosures_of, place_of, values_of
from audit.queries.log import log_path
from audit.rules.disclosures import disclose
from audit.rules.entries import Origin, attributes_of, canonical, content_of, decision_entry, found_by
from audit.tests.telling import DECIDED_AT, a_decision
from audit.tlog.folder import LogFolder
from audit.tlog.notes import Checkpoint, parse_checkpoint, sign_note, split_note
from audit.tlog.policy import Policy
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.tiles import pack, unpack
from audit.tlog.tree import EMPTY_ROOT
from audit.tlog.witness import WitnessBook
from common.actors import service_actor
from common.testing import Bench

Rows = list[tuple[Any, list[dict[str, Any]]]]


@dataclass(frozen=True)
class Told:
    """An entry, and by name what stands beside it."""

    leaf: bytes
    disclosures: dict[str, str]


History = list[Told]


def falsified(told: Told) -> Told:
    """The same decision, which now says the opposite."""
    return Told(canonical(attributes_of(told.leaf) | {"permits": False}), told.disclosures)


def forged(number: int) -> Told:
    """A decision that no service made, with all that belongs to one."""
    sequence = 9000 + number
    origin = Origin(f"forged-{number}", "/recruitment/decisions", "audit.decision_recorded.v1", sequence, DECIDED_AT)
    content = a_decision(sequence).model_dump(mode="json")
    made = decision_entry(origin, content, recorded_at=DECIDED_AT + timedelta(seconds=1))
    return Told(made.leaf, made.disclosures)


@dataclass(frozen=True)
class Honest:
    """The log before anybody was at it. `folder` holds a copy of its files, `saved` is an earlier checkpoint."""

    folder: Path
    rows: Rows
    saved: str
    policy: Policy
    book: WitnessBook


@dataclass
class Keeper:
    """Somebody at the keeper's place, before the log as it was published."""

    bench: Bench
    tamper: Callable[..., Awaitable[None]]
    honest: Honest

    @property
    def folder(self) -> Path:
        return log_path(self.bench.runtime.settings)

    @property
    def signer(self) -> Signer:
        return signer_of(self.bench.runtime.settings, self.bench.runtime.keys)

    @property
    def note(self) -> str:
        note = LogFolder(self.folder).checkpoint()
        assert note is not None
        return note

    @property
    def checkpoint(self) -> Checkpoint:
        return parse_checkpoint(split_note(self.note)[0])

    def read(self) -> LogReader:
        return LogReader(FolderSource(self.folder), self.checkpoint.size)

    async def history(self) -> History:
        """The entries from the files, their disclosures from the database."""
        size = self.checkpoint.size
        async with self.bench.session(service_actor("audit")) as session:
            left = await disclosures_of(session, range(size), sealer=self.bench.runtime.sealer)
        return [Told(leaf, left[index]) for index, leaf in enumerate(self.read().entries(0, size))]

    async def retell(self, history: History) -> None:
        """Another history everywhere: in bundles and tiles, signed, in the signer's file, in every table."""
        self.sign(self.write(history))
        await self.retell_in_the_database(history)

    def write(self, history: History) -> Checkpoint:
        shutil.rmtree(self.folder / "tile")
        grown = LogFolder(self.folder).append([told.leaf for told in history], after=(0, EMPTY_ROOT))
        return Checkpoint(self.signer.origin, *grown)

    def sign(self, checkpoint: Checkpoint) -> None:
        self.publish(sign_note(checkpoint.text(), *self.signer.keys))

    def publish(self, note: str) -> None:
        """As what was signed last."""
        LogFolder(self.folder).publish(note)
        self.remember(self.checkpoint)

    def remember(self, checkpoint: Checkpoint) -> None:
        """Write the signer's file by hand."""
        content = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
        self.signer.file.write_text(json.dumps(content), "utf-8")

    async def retell_in_the_database(self, history: Sequence[Told]) -> None:
        entries, indexed, disclosures = [], [], []
        for index, told in enumerate(history):
            held = attributes_of(told.leaf)
            of_source = {"source": held["source"], "sequence": int(held["sequence"]), "event_id": held["id"]}
            decision = {"decision_id": held.get("decision_id")}
            entries.append({"index": index, "leaf": told.leaf, **of_source, **decision})
            columns = found_by(held, content_of(values_of(told.disclosures.values())))
            indexed.append({"index": index, "mark": None, **columns})
            for name, disclosure in told.disclosures.items():
                sealed = self.seal(disclosure, index=index, name=name)
                disclosures.append({"index": index, "name": name, "area": columns["area"], "sealed": sealed})
        await self.tamper("DELETE FROM entry", "DELETE FROM indexed_entry", "DELETE FROM disclosure")
        await put_back(self.bench, [(Entry, entries), (IndexedEntry, indexed), (Disclosure, disclosures)])

    def seal(self, disclosure: str, *, index: int, name: str) -> bytes:
        return self.bench.runtime.sealer.seal_bytes(disclosure.encode(), place=place_of(index, name))


async def rows_of(bench: Bench, *tables: Any) -> Rows:
    """All rows of these tables, for `put_back`."""
    async with bench.session(service_actor("audit")) as session:
        found = [(table, (await session.execute(select(table.__table__))).mappings().all()) for table in tables]
    return [(table, [dict(row) for row in rows]) for table, rows in found]


async def put_back(bench: Bench, kept: Rows) -> None:
    async with bench.session(service_actor("audit")) as session, session.begin():
        for table, rows in kept:
            await session.execute(insert(table.__table__), rows)


Act = Callable[[Keeper], Awaitable[None]]


def everywhere(change: Callable[[History], Iterable[Told]]) -> Act:
    """In files, signature, signer's file and database alike."""

    async def act(keeper: Keeper) -> None:
        await keeper.retell(list(change(await keeper.history())))

    return act


def in_the_database(*statements: str) -> Act:
    async def act(keeper: Keeper) -> None:
        await keeper.tamper(*statements)

    return act


def in_a_file(path: str, change: Callable[[bytes], bytes]) -> Act:
    async def act(keeper: Keeper) -> None:
        file = keeper.folder / path
        file.write_bytes(change(file.read_bytes()))

    return act


async def nothing(_keeper: Keeper) -> None: ...


async def edit_row(keeper: Keeper) -> None:
    leaf = falsified((await keeper.history())[300]).leaf
    await keeper.tamper("UPDATE entry SET leaf = :leaf WHERE index = 300", leaf=leaf)


def edit_bundle(bundle: bytes) -> bytes:
    """Of entries 256 to 511."""
    leaves = unpack(bundle)
    leaves[300 - 256] = falsified(Told(leaves[300 - 256], {})).leaf
    return pack(leaves)


def edit_tile(tile: bytes) -> bytes:
    return bytes([tile[0] ^ 1]) + tile[1:]


async def withhold_bundle(keeper: Keeper) -> None:
    (keeper.folder / "tile/entries/001").unlink()


def change(index: int) -> Act:
    return everywhere(lambda told: [*told[:index], falsified(told[index]), *told[index + 1 :]])


async def borrow_cosignature(keeper: Keeper) -> None:
    """Below another history, the line in which the witness cosigned the true one."""
    cosignature = split_note(keeper.note)[1][-1]
    await change(800)(keeper)
    keeper.publish(f"{keeper.note}{cosignature}\n")


async def put_back_all(keeper: Keeper) -> None:
    """From a backup of 600 entries, which has their true checkpoint."""
    history = (await keeper.history())[:600]
    keeper.write(history)
    keeper.publish(keeper.honest.saved)
    await keeper.retell_in_the_database(history)


async def put_back_signer(keeper: Keeper) -> None:
    keeper.remember(parse_checkpoint(split_note(keeper.honest.saved)[0]))


async def put_back_signer_and_checkpoint(keeper: Keeper) -> None:
    """To 600, and let other decisions follow in the database, for the service itself to sign."""
    history = await keeper.history()
    keeper.publish(keeper.honest.saved)
    await keeper.retell_in_the_database([*history[:600], *map(forged, range(600, 1000))])


async def lose_signer(keeper: Keeper) -> None:
    keeper.signer.file.unlink()


async def replace_case(keeper: Keeper) -> None:
    """Another finding in the place of what was found, sealed as it should be."""
    sealed = keeper.seal(disclose("case", {"facts": {}}), index=300, name="case")
    await keeper.tamper("UPDATE disclosure SET sealed = :sealed WHERE index = 300 AND name = 'case'", sealed=sealed)
