"""The Merkle tree of RFC 6962 over SHA-256: hashes, roots, inclusion and consistency.

A node `(level, index)` is the hash of the complete subtree over the leaves `index << level` up to, not including,
`(index + 1) << level`. Such a node never changes once it is full, so every root and proof is made of a few of them.
All hashes are 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

Node = tuple[int, int]
Span = tuple[int, int]

HASH_LENGTH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def hash_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def pair_up(hashes: Sequence[bytes]) -> list[bytes]:
    """The nodes one level above; an odd one at the end is left out, its pair is not there yet."""
    return [hash_node(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """MTH over neighbours of one level, the first at a multiple of a power of two not below their number.

    The last may be the root of a smaller tree: what is left over on the right.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) & 1 else []
        row = pair_up(row) + odd
    return row[0]


def nodes_of(span: Span) -> list[Node]:
    """The complete subtrees that make up the leaves of `span`, left to right.

    `span` begins where RFC 6962 splits: at a multiple of the largest power of two not above its length.
    """
    start, end = span
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def hash_of(span: Span, hash_at: Callable[[Node], bytes]) -> bytes:
    """MTH over the leaves of `span`."""
    hashes = [hash_at(node) for node in nodes_of(span)]
    if not hashes:
        return EMPTY_ROOT
    return _fold(hashes)


def _fold(peaks: Sequence[bytes]) -> bytes:
    found = peaks[-1]
    for left in peaks[-2::-1]:
        found = hash_node(left, found)
    return found


def _split(span: Span) -> int:
    """Where the left part ends: the largest power of two smaller than the length."""
    start, end = span
    return start + (1 << ((end - start - 1).bit_length() - 1))


def inclusion_spans(index: int, size: int) -> list[Span]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1 as the spans to be hashed, the leaf's sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
    found: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = _split((start, end))
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency_spans(old: int, size: int) -> list[Span]:
    """PROOF(old, D[size]) of RFC 6962 §2.1.2 as the spans to be hashed."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} does not follow one of {old}")
    if old in (0, size):
        return []
    found: list[Span] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = _split((start, end))
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, whole = middle, False
    if not whole:
        found.append((start, end))
    return found[::-1]


def is_included(leaf_hash: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = hash_node(sibling, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = hash_node(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(*, old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2; a tree of nothing is followed by every other."""
    if not 0 <= old <= size:
        return False
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    rest = list(path) if old & (old - 1) else [old_root, *path]
    if not rest:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = hash_node(sibling, first), hash_node(sibling, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = hash_node(second, sibling)
        place, last = place >> 1, last >> 1
    return first == old_root and second == root and last == 0


class GrowingTree:
    """The root as leaves are added one by one, holding no more than the peaks: for going through a whole log."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf_hash: bytes) -> None:
        found, place = leaf_hash, self.size
        while place & 1:
            found, place = hash_node(self._peaks.pop(), found), place >> 1
        self._peaks.append(found)
        self.size += 1

    @property
    def root(self) -> bytes:
        return _fold(self._peaks) if self._peaks else EMPTY_ROOT


def derive_root(entries: Iterable[bytes]) -> bytes:
    """The root over the bytes of all entries, from nothing else."""
    growing = GrowingTree()
    for entry in entries:
        growing.add(hash_leaf(entry))
    return growing.root
