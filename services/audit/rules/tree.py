"""The Merkle tree of RFC 6962 over SHA-256: hashes, roots, inclusion and consistency.

A node `(level, index)` is the hash of the complete subtree over the leaves `index << level` up to, not including,
`(index + 1) << level`. Such a node never changes once it is full, so every root and proof is made of a few of them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

Node = tuple[int, int]
Span = tuple[int, int]
Nodes = Mapping[Node, bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()


def hash_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def left_siblings(index: int) -> list[Node]:
    """The nodes that the leaf at `index` makes into full subtrees, nearest first."""
    siblings = []
    level = 0
    while index & 1:
        siblings.append((level, index - 1))
        level, index = level + 1, index >> 1
    return siblings


def grown_nodes(index: int, leaf_hash: bytes, siblings: Nodes) -> dict[Node, bytes]:
    """The leaf at `index` and every subtree it completes; `siblings` holds at least its `left_siblings`."""
    grown = {(0, index): leaf_hash}
    level = 0
    while index & 1:
        leaf_hash = hash_node(siblings[level, index - 1], leaf_hash)
        level, index = level + 1, index >> 1
        grown[level, index] = leaf_hash
    return grown


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


def hash_of(span: Span, nodes: Nodes) -> bytes:
    """MTH over the leaves of `span`."""
    hashes = [nodes[node] for node in nodes_of(span)]
    if not hashes:
        return EMPTY_ROOT
    right = hashes.pop()
    while hashes:
        right = hash_node(hashes.pop(), right)
    return right


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
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, leaf_hash: bytes) -> Iterator[tuple[Node, bytes]]:
        """Take the next leaf; yields it and every subtree it completes."""
        level, index, found = 0, self.size, leaf_hash
        self.size += 1
        yield (0, index), found
        while self._peaks and self._peaks[-1][0] == level:
            _, left = self._peaks.pop()
            level, index, found = level + 1, index >> 1, hash_node(left, found)
            yield (level, index), found
        self._peaks.append((level, found))

    @property
    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY_ROOT
        found = self._peaks[-1][1]
        for _, left in self._peaks[-2::-1]:
            found = hash_node(left, found)
        return found
