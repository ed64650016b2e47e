"""Proof that a slip is in a sealed batch: the Merkle tree of RFC 9162 over the slips' leaves."""

from collections.abc import Sequence

from payroll.rules.sealing import hash_leaf, hash_node, root_of

__all__ = ["hash_leaf", "hash_node", "is_included", "path_of", "root_of"]


def path_of(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that lead from a leaf to the root, the leaf's sibling first (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {len(leaves)}")
    row, place, path = list(leaves), index, []
    while len(row) > 1:
        sibling = place ^ 1
        if sibling < len(row):
            path.append(row[sibling])
        odd = row[-1:] if len(row) % 2 else []
        row = [hash_node(left, right) for left, right in zip(row[::2], row[1::2], strict=False)] + odd
        place //= 2
    return path


def is_included(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
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
