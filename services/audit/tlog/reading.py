"""Entries, roots and proofs of a log, read from its tiles. Nothing here is believed: compare with a signed root."""

from collections.abc import Iterator
from functools import lru_cache

from audit.tlog import tree
from audit.tlog.sources import Source
from audit.tlog.tiles import ENTRIES, LEVELS_IN_TILE, WIDTH, Tile, count_at, path_of, unpack

_TILES_KEPT = 256
_BUNDLES_KEPT = 8


class TileMissing(Exception):
    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} is missing")


class TileMalformed(Exception):
    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} is malformed")


class LogReader:
    """A log of `size` entries; more may lie at the source, and is not looked at.

    Every method raises ValueError for what lies outside `size`, TileMissing, TileMalformed, and what the source raises.
    Once the tiles at the right edge are known (by `root()`), a proof reads at most one tile of each level.
    """

    def __init__(self, source: Source, size: int) -> None:
        if size < 0:
            raise ValueError(f"no log has {size} entries")
        self.source = source
        self.size = size
        self._rows = lru_cache(_TILES_KEPT)(self._read_rows)
        self._bundle = lru_cache(_BUNDLES_KEPT)(self.bundle)

    def entry(self, index: int) -> bytes:
        self._require_entry(index)
        return self._bundle(index // WIDTH)[index % WIDTH]

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """Those from `start` up to, not including, `end`."""
        if not 0 <= start <= end <= self.size:
            raise ValueError(f"no entries {start} to {end} in a log of {self.size}")
        return self._entries(start, end)

    def _entries(self, start: int, end: int) -> Iterator[bytes]:
        for index in range(start // WIDTH, -(-end // WIDTH)):
            first = index * WIDTH
            yield from self.bundle(index)[max(start - first, 0) : end - first]

    def leaf_hash(self, index: int) -> bytes:
        self._require_entry(index)
        return self._hash_at((0, index))

    def root(self, size: int | None = None) -> bytes:
        size = self._require_size(size)
        return tree.hash_of((0, size), self._hash_at)

    def inclusion_path(self, index: int, size: int | None = None) -> list[bytes]:
        """RFC 6962 §2.1.1, the leaf's sibling first."""
        size = self._require_size(size)
        return [tree.hash_of(span, self._hash_at) for span in tree.inclusion_spans(index, size)]

    def consistency_path(self, old: int, new: int | None = None) -> list[bytes]:
        """RFC 6962 §2.1.2."""
        new = self._require_size(new)
        return [tree.hash_of(span, self._hash_at) for span in tree.consistency_spans(old, new)]

    def bundle(self, index: int) -> list[bytes]:
        """The 256 entries from `index * 256` on, or as many as there are; read anew each time."""
        found, content, width = self._read(ENTRIES, index)
        try:
            entries = unpack(content)
        except ValueError:
            raise TileMalformed(path_of(found)) from None
        if len(entries) != found.width:
            raise TileMalformed(path_of(found))
        return entries[:width]

    def tile(self, level: int, index: int) -> list[bytes]:
        """The 256 hashes from `index * 256` of `level` on, or as many as there are; read anew each time."""
        if level < 0:
            raise ValueError(f"no hashes of level {level}")
        found, content, width = self._read(level, index)
        if len(content) != found.width * tree.HASH_LENGTH:
            raise TileMalformed(path_of(found))
        end = width * tree.HASH_LENGTH
        return [content[place : place + tree.HASH_LENGTH] for place in range(0, end, tree.HASH_LENGTH)]

    def _read(self, level: int, index: int) -> tuple[Tile, bytes, int]:
        """What lies there, its bytes, and the width asked for: where a partial tile is gone, the full one is read."""
        width = min(count_at(level, self.size) - index * WIDTH, WIDTH)
        if index < 0 or width <= 0:
            raise ValueError(f"no tile {index} of level {level} in a log of {self.size}")
        asked = Tile(level, index, width)
        for tile in dict.fromkeys([asked, Tile(level, index)]):
            content = self.source.read(path_of(tile))
            if content is not None:
                return tile, content, width
        raise TileMissing(path_of(asked))

    def _read_rows(self, level: int, index: int) -> list[list[bytes]]:
        """The hashes of a tile and, row by row, what they add up to within it."""
        rows = [self.tile(level, index)]
        while len(rows) < LEVELS_IN_TILE:
            rows.append(tree.pair_up(rows[-1]))
        return rows

    def _hash_at(self, node: tree.Node) -> bytes:
        level, row = divmod(node[0], LEVELS_IN_TILE)
        index, place = divmod(node[1], WIDTH >> row)
        return self._rows(level, index)[row][place]

    def _require_entry(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise ValueError(f"no entry {index} in a log of {self.size}")

    def _require_size(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"no tree of {size} in a log of {self.size}")
        return size
