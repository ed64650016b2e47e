"""Three tools that we did not write, each with its own code for notes, tiles and proofs, looking at one log."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tlog_scales import signing, tlog
from tlog_scales.backend import make_backend
from tlog_scales.reader import TilesReader

from audit.tlog.reading import LogReader
from audit.tlog.receipts import Receipt, write_receipt
from audit.tlog.sources import open_source
from tests.verifiers.programs import program

_LONGEST_S = 600


class Caught(Exception):
    """The tool does not accept the log; the reason is the tool's own."""


@dataclass(frozen=True)
class Finding:
    """What a tool makes of a log: whether it accepts it, and its own words or the reason."""

    tool: str
    ok: bool
    words: str
    seconds: float = 0.0


def look(url: str, *, key: str, earlier: Sequence[Path]) -> list[Finding]:
    """What each tool makes of the log at `url`, whose verifier key is `key`, and of the notes saved before."""
    return [
        _timed("x/mod", lambda: x_mod(url, key=key, earlier=earlier)),
        _timed("tessera fsck", lambda: tessera_fsck(url, key=key)),
        _timed("tlog-scales", lambda: tlog_scales(url, key=key, earlier=earlier)),
    ]


def _timed(tool: str, use: Callable[[], str]) -> Finding:
    begun = time.perf_counter()
    try:
        ok, words = True, use()
    except Caught as reason:
        ok, words = False, str(reason)
    return Finding(tool, ok, words, time.perf_counter() - begun)


def x_mod(url: str, *, key: str, earlier: Sequence[Path] = ()) -> str:
    """golang.org/x/mod: signature, each tile, each entry, consistency with each note of `earlier`. Raises `Caught`."""
    return _go("xver", "-log", url, "-key", key, *earlier)


def tessera_fsck(url: str, *, key: str) -> str:
    """Tessera's fsck: signature, and each tile and the root once more from the entries. Raises `Caught`."""
    return _go("fsck", "-log", url, "-key", key)


def tlog_scales(url: str, *, key: str, earlier: Sequence[Path] = ()) -> str:
    """tlog-scales: signature, root, and for some entries a receipt that is ours byte for byte. Raises `Caught`.

    Its command checks no signature and knows no consistency, so for these its library is asked.
    """
    theirs = TilesReader(make_backend(url))
    with _believed():
        checkpoint = theirs.get_checkpoint()
        checkpoint.verify(signing.Vkey.from_string(key))
        if theirs.calculate_root_hash() != checkpoint.root_hash:
            raise Caught("the tiles have another root than the checkpoint")
    ours = LogReader(open_source(url), checkpoint.size)
    for path in earlier:
        _compare_consistency(theirs, ours, checkpoint, old=tlog.Checkpoint.from_text(path.read_text("utf-8")))
    if checkpoint.size == 0:
        return "signature and root only: there is no entry to ask gen-proof and get-leaf for"
    indexes = sample(checkpoint.size)
    for index in indexes:
        _compare_entry(url, ours, index)
    return f"signature, root, {len(earlier)} consistency paths, receipts and entries of {' '.join(map(str, indexes))}"


def sample(size: int) -> list[int]:
    """The first and the last entry, those around the end of the last full tile, and one in the middle."""
    full = size // 256 * 256
    return sorted({index for index in (0, size // 2, full - 1, full, size - 1) if 0 <= index < size})


def _compare_consistency(
    theirs: TilesReader, ours: LogReader, checkpoint: tlog.Checkpoint, *, old: tlog.Checkpoint
) -> None:
    with _believed():
        # From an empty log there is nothing to prove, and it knows no such path.
        nothing = tlog.ConsistencyProof(0, checkpoint.size, [])
        proof = theirs.get_consistency_proof(old.size, checkpoint.size) if old.size else nothing
        proof.check(old.root_hash, checkpoint.root_hash)
    if proof.node_hashes != ours.consistency_path(old.size):
        raise Caught(f"our consistency path from {old.size} is another")


def _compare_entry(url: str, ours: LogReader, index: int) -> None:
    note = ours.source.read("checkpoint") or b""
    receipt = write_receipt(Receipt(index, ours.inclusion_path(index), note.decode()))
    if _tlog_tiles("gen-proof", url, str(index)) != receipt.encode():
        raise Caught(f"our receipt of entry {index} is another")
    if _tlog_tiles("get-leaf", "-c", url, str(index)) != ours.entry(index):
        raise Caught(f"we read another entry {index}")


@contextmanager
def _believed() -> Iterator[None]:
    """Whatever tlog-scales raises, it does not believe the log."""
    try:
        yield
    except Exception as error:
        raise Caught(f"{type(error).__name__}: {error}") from error


def _go(name: str, *arguments: str | Path) -> str:
    return _run(program(name), *arguments).decode().strip().removeprefix(f"{name}: ok: ")


def _tlog_tiles(*arguments: str) -> bytes:
    return _run(sys.executable, "-m", "tlog_scales.cli", *arguments)


def _run(*command: str | Path) -> bytes:
    """What the command prints. Raises `Caught` with the last line it leaves when it fails."""
    done = subprocess.run(command, capture_output=True, timeout=_LONGEST_S)
    if done.returncode:
        said = (done.stdout or done.stderr).decode().strip() or f"ended with {done.returncode}"
        raise Caught(said.splitlines()[-1])
    return done.stdout
