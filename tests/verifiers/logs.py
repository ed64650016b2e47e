"""Logs to be looked at: written by the audit service's own writer, served over HTTP whatever state they are in."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from threading import Thread

from audit.tlog.folder import LogFolder
from audit.tlog.notes import Checkpoint, Ed25519Key, sign_note
from audit.tlog.tiles import LONGEST_ENTRY
from audit.tlog.tree import EMPTY_ROOT

KEY = Ed25519Key("audit.example/log1", hashlib.sha256(b"test log key").digest())
# Batches that end within a tile, at its end, just after it, and that fill many tiles at once.
_BATCHES = (1, 4, 250, 1, 1, 43, 700, 3_000, 17, 12_345, 9_000)


@dataclass(frozen=True)
class GrownLog:
    """A log in its folder, and the notes of its earlier checkpoints as somebody saved them elsewhere."""

    folder: Path
    size: int
    earlier: tuple[Path, ...]


def entry(index: int) -> bytes:
    """The longest entry is among them, lengths of one byte and of two, and words that are not ASCII."""
    if index == 3:
        return b"x" * LONGEST_ENTRY
    return json.dumps({"i": index, "act": "聘用", "on": "x" * (index * 131 % 997)}, ensure_ascii=False).encode()


def grow(place: Path, entries: Sequence[bytes]) -> GrownLog:
    """Write the entries in uneven batches, and a signed checkpoint after each; `place` is an empty folder."""
    writer = LogFolder(place / "log")
    saved = place / "saved"
    saved.mkdir()
    state = (0, EMPTY_ROOT)
    earlier: list[Path] = []
    with writer.alone():
        writer.publish(signed(*state))
        for batch in _cut(entries):
            earlier.append(saved / f"{state[0]}.note")
            earlier[-1].write_text(signed(*state), "utf-8")
            state = writer.append(batch, after=state)
            writer.publish(signed(*state))
    return GrownLog(writer.folder, len(entries), tuple(earlier))


def _cut(entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = 0
    for length in cycle(_BATCHES):
        if start >= len(entries):
            return
        yield entries[start : start + length]
        start += length


def signed(size: int = 0, root: bytes = EMPTY_ROOT) -> str:
    return sign_note(Checkpoint(KEY.verifier.name, size, root).text(), KEY)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The URL of the log in `folder`, whatever is in it at the time.

    A log is static files, so any server of files will do. Put the audit service here to check what it serves itself.
    """
    with _Server(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A tool that has seen enough hangs up in the middle of an answer."""


class _Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and the body leave in two pieces; the second is not to wait for word of the first.
    disable_nagle_algorithm = True

    def log_request(self, *_: object) -> None:
        """The tools say what they find."""

    def log_error(self, *_: object) -> None:
        """They ask for tiles that are not there yet, or no more."""
