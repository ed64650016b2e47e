"""The writer of a log that lies in a folder, as static files that others read while it grows (C2SP tlog-tiles).

No file of the tree is ever written twice. Each is written beside its place, made durable and linked to it, bundles
before the tiles over them, so that a crash at any moment leaves what the same append, or one cut otherwise, completes.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.tlog import tree
from audit.tlog.durable import sync
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.sources import FolderSource, LogUnreachable
from audit.tlog.tiles import ENTRIES, WIDTH, Tile, count_at, pack, path_of, tile_of

_CHECKPOINT = "checkpoint"
_LOCK = ".lock"
_UNFINISHED = ".unfinished"
_AT_ONCE = 4

Files = dict[str, bytes]


class AlreadyWritten(Exception):
    """Somebody else writes this log."""


class Diverged(Exception):
    """What lies in the folder is not the log that is to be continued; the reason says how."""


class PathConflict(Exception):
    """Other bytes lie where these would go: a path of a log never changes."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} holds other bytes")


class LogFolder:
    """One writer at a time: hold `alone()` around what writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._durable: set[Path] = set()
        self._forgotten: dict[int, int] = {}
        # A disk makes files durable much faster together than one after the other.
        self._threads = ThreadPoolExecutor(_AT_ONCE)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises AlreadyWritten at once when another process, or another LogFolder, holds it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyWritten(f"another process writes {self.folder}") from None
            yield

    def append(self, entries: Sequence[bytes], *, after: tuple[int, bytes]) -> tuple[int, bytes]:
        """Durably add `entries` to the log of this size and root; gives the size and root it then has.

        Doing it again has no effect. All that is added is held in memory: some thousands of entries at a time.
        Raises ValueError for an entry that is empty or too long, Diverged when the folder does not hold the log of
        `after`, PathConflict when it holds another continuation already; nothing is written then.
        """
        edge = _read_edge(self.folder, *after)
        bundles, tiles, grown = _grow(edge, entries)
        present = {path for path, content in (bundles | tiles).items() if self._holds(path, content)}
        self._sweep()
        for files in (bundles, tiles):
            self._add({path: content for path, content in files.items() if path not in present})
            self._settle(files)
        return grown

    def publish(self, note: str) -> None:
        """Durably put `note` in the place of the checkpoint; first append what it covers."""
        self._sweep()
        fresh = self._unfinished / _CHECKPOINT
        _write(fresh, note.encode())
        fresh.replace(self.folder / _CHECKPOINT)
        self._settle([_CHECKPOINT])

    def checkpoint(self) -> str | None:
        """The note that is published."""
        try:
            return (self.folder / _CHECKPOINT).read_bytes().decode()
        except FileNotFoundError:
            return None

    def forget_partials(self, size: int) -> int:
        """Remove the partial tiles that readers of the log of `size`, or one a little older, can do without.

        Those are the ones beside full tiles, but for the newest full tile of each level. Gives the number of files.
        """
        removed = 0
        level = ENTRIES
        while newest := count_at(level, size) // WIDTH:
            for index in range(self._forgotten.get(level, 0), newest - 1):
                removed += self._forget(Tile(level, index))
            self._forgotten[level] = newest - 1
            level += 1
        return removed

    def _forget(self, tile: Tile) -> int:
        full = self.folder / path_of(tile)
        partials = full.with_name(f"{full.name}.p")
        try:
            found = list(partials.iterdir())
        except FileNotFoundError:
            return 0
        if not full.is_file():
            raise TileMissing(path_of(tile))
        for partial in found:
            partial.unlink()
        partials.rmdir()
        self._durable.discard(partials)
        return len(found)

    def _holds(self, path: str, content: bytes) -> bool:
        try:
            found = (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            self._require_continued(tile_of(path), content)
            return False
        if found != content:
            raise PathConflict(path)
        return True

    def _require_continued(self, tile: Tile, content: bytes) -> None:
        """The same tile may lie there in other widths, of which the widest tells most: both must begin the same."""
        full = self.folder / path_of(Tile(tile.level, tile.index))
        try:
            widths = [int(one.name) for one in full.with_name(f"{full.name}.p").iterdir() if one.name.isdecimal()]
        except (FileNotFoundError, NotADirectoryError):
            widths = []
        widest = WIDTH if full.is_file() else max(widths, default=0)
        if not widest:
            return
        other = path_of(Tile(tile.level, tile.index, widest))
        found = (self.folder / other).read_bytes()
        if found[: len(content)] != content[: len(found)]:
            raise PathConflict(other)

    @property
    def _unfinished(self) -> Path:
        return self.folder / _UNFINISHED

    def _sweep(self) -> None:
        """What a crash left half written lies here, and nothing else ever."""
        self._unfinished.mkdir(parents=True, exist_ok=True)
        for left in self._unfinished.iterdir():
            left.unlink()

    def _add(self, files: Files) -> None:
        fresh = {path: self._unfinished / str(number) for number, path in enumerate(files)}
        self._all_at_once(_write, fresh.values(), files.values())
        for path, written in fresh.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(written, place)
            except FileExistsError:
                raise PathConflict(path) from None
            written.unlink()

    def _settle(self, paths: Iterable[str]) -> None:
        """Make the names of these files durable, and those of the folders they lie in."""
        touched: set[Path] = set()
        named: set[Path] = set()
        for path in paths:
            place = (self.folder / path).parent
            touched.add(place)
            while place not in self._durable and place not in named:
                named.add(place)
                touched.add(place.parent)
                if place != self.folder:
                    place = place.parent
        self._all_at_once(sync, touched)
        self._durable |= named

    def _all_at_once(self, act: Callable[..., None], *arguments: Iterable[object]) -> None:
        """When one fails, the others are over too."""
        acts = [self._threads.submit(act, *one) for one in zip(*arguments, strict=True)]
        wait(acts)
        for one in acts:
            one.result()


@dataclass(frozen=True)
class _Edge:
    """The right end of a log: the entries of its unfinished bundle, the hashes of the unfinished tile of each level."""

    size: int
    entries: list[bytes]
    rows: list[list[bytes]]

    @property
    def root(self) -> bytes:
        right: list[bytes] = []
        for row in self.rows:
            if row or right:
                right = [tree.root_of(row + right)]
        return right[0] if right else tree.EMPTY_ROOT


def _read_edge(folder: Path, size: int, root: bytes) -> _Edge:
    reader = LogReader(FolderSource(folder), size)
    edge = _Edge(size, [], [])
    try:
        while number := count_at(len(edge.rows), size):
            index, width = divmod(number, WIDTH)
            edge.rows.append(reader.tile(len(edge.rows), index) if width else [])
        if size % WIDTH:
            edge.entries.extend(reader.bundle(size // WIDTH))
    except (TileMissing, TileMalformed, LogUnreachable) as error:
        raise Diverged(f"the log of {size} entries is not whole: {error}") from error
    if edge.root != root:
        raise Diverged(f"the tiles of {size} entries do not have the root that is to be continued")
    if [tree.hash_leaf(entry) for entry in edge.entries] != (edge.rows[0] if edge.rows else []):
        raise Diverged(f"the last bundle of {size} entries does not hold what the tiles say")
    return edge


def _grow(edge: _Edge, entries: Sequence[bytes]) -> tuple[Files, Files, tuple[int, bytes]]:
    """Bundles, tiles, and the size and root of the log that `entries` continue."""
    bundles = {path_of(tile): pack(part) for tile, part in _cut(ENTRIES, edge.size, edge.entries, entries)}
    tiles: Files = {}
    rows: list[list[bytes]] = []
    fresh = [tree.hash_leaf(entry) for entry in entries]
    while fresh or len(rows) < len(edge.rows):
        level = len(rows)
        row = edge.rows[level] if level < len(edge.rows) else []
        cut = _cut(level, edge.size, row, fresh)
        tiles |= {path_of(tile): b"".join(part) for tile, part in cut}
        if cut:
            row = cut[-1][1] if cut[-1][0].width < WIDTH else []
        rows.append(row)
        fresh = [tree.root_of(part) for tile, part in cut if tile.width == WIDTH]
    size = edge.size + len(entries)
    return bundles, tiles, (size, _Edge(size, [], rows).root)


def _cut(level: int, size: int, row: Sequence[bytes], fresh: Sequence[bytes]) -> list[tuple[Tile, list[bytes]]]:
    """The tiles that are new or wider once `fresh` follows `row`, which is what the last one at `size` holds."""
    if not fresh:
        return []
    items = [*row, *fresh]
    parts = [items[start : start + WIDTH] for start in range(0, len(items), WIDTH)]
    first = count_at(level, size) // WIDTH
    return [(Tile(level, first + number, len(part)), part) for number, part in enumerate(parts)]


def _write(place: Path, content: bytes) -> None:
    with place.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
