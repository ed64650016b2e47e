"""The whole log, hashed again from the bytes of its entries and held against every file it serves."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count, takewhile

from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.tiles import ENTRIES, WIDTH, Tile, count_at, path_of
from audit.tlog.tree import EMPTY_ROOT, root_of

_READERS = 4
_AHEAD = 16
_LEAF = b"\x00"

Row = list[bytes | None]


@dataclass(frozen=True)
class Fault:
    """A file that is `missing` or `malformed`, or does not fit: `entries` their tile, a `tile` the hashes below it.

    Of entries, `first` is the index of the first that does not fit and `number` how many in this bundle.
    """

    kind: str
    path: str
    first: int = 0
    number: int = 0


File = list[bytes] | Fault


@dataclass
class Derivation:
    """`root` is what the tiles add up to, None where too much is missing to say; `files` how many were read."""

    root: bytes | None = None
    files: int = 0
    faults: list[Fault] = field(default_factory=list)


def derive(reader: LogReader) -> Derivation:
    """Reads each file once. Raises LogUnreachable.

    Where bundle and tile differ both are named and the tile is taken as it is: the hashes above tell which is right.
    """
    walk = _Walk(reader)
    for index, (entries, tile) in enumerate(_pairs(reader)):
        walk.take_leaves(index, entries, tile)
    return walk.finish()


def _pairs(reader: LogReader) -> Iterator[tuple[File, File]]:
    """Bundles and their tiles in order, read a little ahead of who hashes them."""
    with ThreadPoolExecutor(_READERS) as pool:
        waiting: deque[tuple[Future[File], Future[File]]] = deque()
        try:
            for index in range(-(-reader.size // WIDTH)):
                waiting.append((pool.submit(_read, reader, ENTRIES, index), pool.submit(_read, reader, 0, index)))
                if len(waiting) == _AHEAD:
                    entries, tile = waiting.popleft()
                    yield entries.result(), tile.result()
            for entries, tile in waiting:
                yield entries.result(), tile.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _read(reader: LogReader, level: int, index: int) -> File:
    try:
        return reader.bundle(index) if level == ENTRIES else reader.tile(level, index)
    except TileMissing as fault:
        return Fault("missing", fault.path)
    except TileMalformed as fault:
        return Fault("malformed", fault.path)


class _Walk:
    """Of each level the row of the tile that is being filled; None stands for a hash that nothing told."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._found = Derivation()
        levels = takewhile(lambda level: count_at(level, reader.size), count())
        self._rows: list[Row] = [[] for _ in levels]

    def take_leaves(self, index: int, entries: File, tile: File) -> None:
        read, served = self._accept(entries), self._accept(tile)
        derived: Row = [sha256(_LEAF + entry).digest() for entry in read] if read is not None else []
        if served is not None and read is not None and derived != served:
            wrong = [place for place, one in enumerate(served) if one != derived[place]]
            path = path_of(Tile(ENTRIES, index, len(read)))
            self._found.faults.append(Fault("entries", path, index * WIDTH + wrong[0], len(wrong)))
        width = min(self._reader.size - index * WIDTH, WIDTH)
        self._fill(0, index, list(served or derived or [None] * width))

    def finish(self) -> Derivation:
        for level in range(1, len(self._rows)):
            if self._rows[level]:
                self._close(level, count_at(level, self._reader.size) // WIDTH)
        self._found.root = self._root()
        return self._found

    def _accept(self, file: File) -> list[bytes] | None:
        if isinstance(file, Fault):
            self._found.faults.append(file)
            return None
        self._found.files += 1
        return file

    def _fill(self, level: int, index: int, row: Row) -> None:
        """Take all hashes of a tile; what a full one adds up to belongs to the level above."""
        if len(row) < WIDTH:
            self._rows[level] = row
            return
        self._rows[level] = []
        above = self._rows[level + 1]
        above.append(_added_up(row))
        if len(above) == WIDTH:
            self._close(level + 1, index // WIDTH)

    def _close(self, level: int, index: int) -> None:
        """Hold what was derived for a tile against the tile."""
        derived = self._rows[level]
        served = self._accept(_read(self._reader, level, index))
        if served is not None and any(one not in (None, served[place]) for place, one in enumerate(derived)):
            self._found.faults.append(Fault("tile", path_of(Tile(level, index, len(derived)))))
        self._fill(level, index, list(served or derived))

    def _root(self) -> bytes | None:
        found: Row = []
        for row in self._rows:
            found = [_added_up(row + found)] if row or found else []
        return found[0] if found else EMPTY_ROOT


def _added_up(row: Row) -> bytes | None:
    known = [one for one in row if one is not None]
    return root_of(known) if len(known) == len(row) else None
