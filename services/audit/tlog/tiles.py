"""How a log lies in files: tiles of hashes and bundles of entries, their paths and their bytes (C2SP tlog-tiles).

Hash `i` of tile `(level, index)` is the root over `256 ** level` leaves, the first of them leaf
`(index * 256 + i) * 256 ** level`. While it is not full, a tile lies under its width, each width in a file of its own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WIDTH = 256
LEVELS_IN_TILE = 8
ENTRIES = -1
LONGEST_ENTRY = 65_535
LONGEST_FILE = WIDTH * (2 + LONGEST_ENTRY)

_HIGHEST_LEVEL = 63
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, order=True)
class Tile:
    """`width` hashes of `level`, or as many entries where the level is `ENTRIES`."""

    level: int
    index: int
    width: int = WIDTH


def path_of(tile: Tile) -> str:
    """Relative to the log's prefix: `tile/0/x001/234.p/17`, `tile/entries/000`."""
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    rest, last = divmod(tile.index, 1000)
    groups = [f"{last:03}"]
    while rest:
        rest, group = divmod(rest, 1000)
        groups.append(f"x{group:03}")
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def tile_of(path: str) -> Tile:
    """What lies at `path`; ValueError for anything but the one way to write it."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"not the path of a tile: {path!r}")
    level = ENTRIES if found[1] == "entries" else int(found[1])
    tile = Tile(level, int(re.sub("[x/]", "", found[2])), int(found[3] or WIDTH))
    if level > _HIGHEST_LEVEL or not 0 < tile.width <= WIDTH or path_of(tile) != path:
        raise ValueError(f"not the path of a tile: {path!r}")
    return tile


def count_at(level: int, size: int) -> int:
    """How many hashes of `level`, or entries, a log of `size` has."""
    return size >> LEVELS_IN_TILE * max(level, 0)


def tiles_at(size: int) -> Iterator[Tile]:
    """All that a log of `size` serves beside its checkpoint: bundles first, then tiles from the leaves upwards."""
    return tiles_between(0, size)


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """What a log of `new` entries serves that one of `old` does not, in the order of `tiles_at`."""
    level = ENTRIES
    while count_at(level, new) > count_at(level, old):
        full, width = divmod(count_at(level, new), WIDTH)
        for index in range(count_at(level, old) // WIDTH, full):
            yield Tile(level, index)
        if width:
            yield Tile(level, full, width)
        level += 1


def pack(entries: Iterable[bytes]) -> bytes:
    """The bytes of a bundle; ValueError for an entry that is empty or longer than 65,535 bytes."""
    parts = []
    for entry in entries:
        if not 0 < len(entry) <= LONGEST_ENTRY:
            raise ValueError(f"an entry has 1 to {LONGEST_ENTRY} bytes, not {len(entry)}")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def unpack(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; ValueError where it breaks off or holds more than 256."""
    entries = []
    place, end = 0, len(bundle)
    while place < end:
        start = place + 2
        place = start + int.from_bytes(bundle[place:start], "big")
        entries.append(bundle[start:place])
        if place > end or start > end or len(entries) > WIDTH:
            raise ValueError("not a bundle of up to 256 entries")
    return entries
