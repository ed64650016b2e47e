"""Roots and proofs from tiles, against the published vectors and the recursive definitions of RFC 6962."""

import base64
import hashlib
from functools import lru_cache
from math import ceil, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog import tree
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.tiles import ENTRIES, Tile, pack, path_of, tiles_at

ROOT_OF_FIVE = "36IohO+htUNkRJ2ipayraY5y04qVNUTTdmdt1wAQJwI="
ROOT_OF_256 = "nB4LiA1JyE0SvlUEMV7AszETbIoWVeJrjMvZV0EfwtU="
ROOT_OF_70_000 = "zVj8ahXgkQUoFKVdA1f0iyJ4mCEQVU2dj2beCNu97aY="


def entry(number: int) -> bytes:
    return b'{"i":%d,"act":"hire"}' % number


@lru_cache
def naive_leaves(size: int) -> list[bytes]:
    return [hashlib.sha256(b"\x00" + entry(number)).digest() for number in range(size)]


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def naive_path(place: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if place < k:
        return [*naive_path(place, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(place - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def naive_content(tile: Tile, leaves: list[bytes]) -> bytes:
    """Each hash from the leaves below it, as tlog-tiles defines it."""
    first = tile.index * 256
    if tile.level == ENTRIES:
        return b"".join(len(one).to_bytes(2, "big") + one for one in map(entry, range(first, first + tile.width)))
    below = 256**tile.level
    return b"".join(
        naive_root(leaves[number * below : (number + 1) * below]) for number in range(first, first + tile.width)
    )


class CountingSource:
    """The files of a log in memory, and which of them were read."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.asked.append(path)
        return self.files.get(path)


@lru_cache
def naive_files(size: int) -> dict[str, bytes]:
    leaves = naive_leaves(size)
    return {path_of(tile): naive_content(tile, leaves) for tile in tiles_at(size)}


def source_of(size: int) -> CountingSource:
    return CountingSource(dict(naive_files(size)))


def reader_of(size: int) -> LogReader:
    return LogReader(source_of(size), size)


def encoded(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


LEAVES = naive_leaves(70)
ROOTS = [naive_root(LEAVES[:size]) for size in range(71)]
LARGE = 70_000


class TestTree:
    def test_the_empty_tree_has_the_published_root(self):
        assert encoded([tree.EMPTY_ROOT]) == ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
        assert tree.derive_root([]) == tree.root_of([]) == tree.hash_of((0, 0), lambda _: b"") == tree.EMPTY_ROOT

    @pytest.mark.parametrize(("size", "root"), [(5, ROOT_OF_FIVE), (256, ROOT_OF_256), (LARGE, ROOT_OF_70_000)])
    def test_gives_the_published_roots(self, size, root):
        assert encoded([tree.derive_root(map(entry, range(size)))]) == [root]

    def test_roots_of_every_small_tree_are_the_recursive_ones(self):
        growing = tree.GrowingTree()
        for size in range(70):
            assert (growing.size, growing.root) == (size, ROOTS[size])
            assert tree.root_of(LEAVES[:size]) == ROOTS[size]
            growing.add(LEAVES[size])

    @pytest.mark.parametrize("size", range(1, 70))
    def test_an_inclusion_proof_holds_for_its_leaf_and_root_and_nothing_else(self, size):
        for index in range(size):
            path = naive_path(index, LEAVES[:size])
            about: dict[str, Any] = {"index": index, "size": size, "path": path, "root": ROOTS[size]}

            assert tree.is_included(LEAVES[index], **about)
            assert not tree.is_included(LEAVES[(index + 1) % 70], **about)
            assert not tree.is_included(LEAVES[index], **about | {"root": ROOTS[size - 1]})
            assert not tree.is_included(LEAVES[index], **about | {"path": [*path, LEAVES[0]]})
            assert not path or not tree.is_included(LEAVES[index], **about | {"path": path[:-1]})

    @pytest.mark.parametrize("size", range(70))
    def test_a_consistency_proof_holds_for_its_two_roots_and_nothing_else(self, size):
        for old in range(size + 1):
            path = naive_subproof(old, LEAVES[:size]) if old else []
            about: dict[str, Any] = {
                "old": old,
                "size": size,
                "old_root": ROOTS[old],
                "root": ROOTS[size],
                "path": path,
            }

            assert tree.is_consistent(**about)
            assert not tree.is_consistent(**about | {"path": [*path, LEAVES[0]]})
            assert not tree.is_consistent(**about | {"old_root": LEAVES[69]})
            if 0 < old < size:
                assert not tree.is_consistent(**about | {"root": ROOTS[size + 1]})
                assert not tree.is_consistent(**about | {"path": path[:-1]})

    @pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0), (1, 1), (-1, 1)])
    def test_nothing_is_included_outside_the_tree(self, index, size):
        assert not tree.is_included(LEAVES[0], index=index, size=size, path=[], root=ROOTS[1])

    def test_a_smaller_tree_does_not_follow(self):
        assert not tree.is_consistent(old=6, size=5, old_root=ROOTS[6], root=ROOTS[5], path=[])

    def test_a_leaf_is_never_taken_for_a_node(self):
        assert tree.hash_leaf(LEAVES[0] + LEAVES[1]) != tree.hash_node(LEAVES[0], LEAVES[1])


class TestProofs:
    def test_are_the_published_ones(self):
        reader = reader_of(5)

        assert encoded([reader.root()]) == [ROOT_OF_FIVE]
        assert encoded(reader.inclusion_path(4)) == ["QOA73zxmJSpmDMSkUNfLLdVKsQg8+ZuxzVptp89SNQQ="]
        assert encoded(reader.consistency_path(3)) == [
            "mODZHTwMiDPrxemIBqpZrSxj2AB6ASdD05/Rq7C5Fyo=",
            "UqSEMdvr1pTD0DDKrgXfFjxMyr/zJfwHdZZjbuaXv5E=",
            "l+ArVKntU5wglV9z/eewDplHGZyyT7UIoO1jRULZ3JQ=",
            "X+S2KL6D0kdZP5/blNVt5mba6Zk8N2oB4vmmN0Cx3Fw=",
        ]

    @pytest.mark.parametrize("size", range(1, 70))
    def test_of_every_small_tree_are_the_recursive_ones(self, size):
        reader = reader_of(70)

        assert reader.root(size) == ROOTS[size]
        assert [reader.inclusion_path(index, size) for index in range(size)] == [
            naive_path(index, LEAVES[:size]) for index in range(size)
        ]
        assert [reader.consistency_path(old, size) for old in range(1, size + 1)] == [
            naive_subproof(old, LEAVES[:size]) for old in range(1, size + 1)
        ]
        assert reader.consistency_path(0, size) == []

    @given(st.data())
    def test_of_any_tree_are_the_recursive_ones_and_hold(self, data):
        served = data.draw(st.integers(1, 1400))
        size = data.draw(st.integers(1, served))
        index = data.draw(st.integers(0, size - 1))
        old = data.draw(st.integers(1, size))
        reader, leaves = reader_of(served), naive_leaves(1400)[:size]

        path, proof, root = reader.inclusion_path(index, size), reader.consistency_path(old, size), reader.root(size)

        assert path == naive_path(index, leaves)
        assert proof == naive_subproof(old, leaves)
        assert tree.is_included(reader.leaf_hash(index), index=index, size=size, path=path, root=root)
        assert tree.is_consistent(old=old, size=size, old_root=reader.root(old), root=root, path=proof)

    @pytest.mark.parametrize("place", [0, 255, 256, 65_535, 65_536, 69_887, 69_888, LARGE - 1])
    def test_of_a_large_tree_hold_and_read_one_tile_of_each_level_beside_the_right_edge(self, place):
        source = source_of(LARGE)
        reader = LogReader(source, LARGE)
        root = reader.root()
        source.asked.clear()

        path = reader.inclusion_path(place)
        asked_for_inclusion = len(source.asked)
        proof = reader.consistency_path(place + 1)

        assert encoded([root]) == [ROOT_OF_70_000]
        assert tree.is_included(reader.leaf_hash(place), index=place, size=LARGE, path=path, root=root)
        assert tree.is_consistent(old=place + 1, size=LARGE, old_root=reader.root(place + 1), root=root, path=proof)
        assert asked_for_inclusion <= ceil(log(LARGE, 256))
        assert len(source.asked) == len(set(source.asked))
        assert len(source.asked) <= 2 * ceil(log(LARGE, 256))

    def test_a_root_reads_only_the_right_edge(self):
        source = source_of(LARGE)

        LogReader(source, LARGE).root()

        assert sorted(source.asked) == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]


class TestLogReader:
    def test_gives_the_entries_as_they_were_written(self):
        reader = reader_of(600)

        assert [reader.entry(index) for index in (0, 255, 256, 599)] == list(map(entry, (0, 255, 256, 599)))
        assert reader.leaf_hash(599) == naive_leaves(600)[599]

    @given(st.lists(st.integers(0, 600), min_size=2, max_size=2).map(sorted))
    def test_gives_any_stretch_of_entries(self, ends):
        start, end = ends

        assert list(reader_of(600).entries(start, end)) == list(map(entry, range(start, end)))

    def test_gives_what_a_full_check_needs(self):
        reader, growing = reader_of(600), tree.GrowingTree()
        for index in range(3):
            assert [tree.hash_leaf(one) for one in reader.bundle(index)] == reader.tile(0, index)
            for leaf_hash in reader.tile(0, index):
                growing.add(leaf_hash)

        assert growing.root == reader.root() == naive_root(naive_leaves(600))
        assert [tree.root_of(reader.tile(0, index)) for index in range(2)] == reader.tile(1, 0)

    @pytest.mark.parametrize(
        "ask",
        [
            pytest.param(lambda reader: reader.entry(600), id="an entry at the size"),
            pytest.param(lambda reader: reader.entry(-1), id="an entry before the first"),
            pytest.param(lambda reader: reader.leaf_hash(600), id="a leaf at the size"),
            pytest.param(lambda reader: reader.leaf_hash(-1), id="a leaf before the first"),
            pytest.param(lambda reader: reader.entries(0, 601), id="entries past the size"),
            pytest.param(lambda reader: reader.entries(3, 2), id="entries backwards"),
            pytest.param(lambda reader: reader.root(601), id="the root of a larger log"),
            pytest.param(lambda reader: reader.inclusion_path(600), id="a proof of no entry"),
            pytest.param(lambda reader: reader.inclusion_path(5, 5), id="a proof of an entry past the smaller tree"),
            pytest.param(lambda reader: reader.inclusion_path(5, 601), id="a proof in a larger log"),
            pytest.param(lambda reader: reader.consistency_path(601), id="a proof from a larger log"),
            pytest.param(lambda reader: reader.consistency_path(6, 5), id="a proof backwards"),
            pytest.param(lambda reader: reader.tile(0, 3), id="a tile past the size"),
            pytest.param(lambda reader: reader.tile(ENTRIES, 0), id="hashes out of a bundle"),
            pytest.param(lambda reader: reader.bundle(-1), id="a bundle before the first"),
        ],
    )
    def test_refuses_what_lies_outside_the_log(self, ask):
        with pytest.raises(ValueError, match=r"^no |does not follow"):
            ask(LogReader(source_of(700), 600))

    def test_of_a_negative_size_is_none(self):
        with pytest.raises(ValueError, match="no log"):
            LogReader(source_of(5), -1)

    def test_reads_a_full_tile_where_the_partial_one_is_gone(self):
        files = naive_files(512) | {"tile/1/000.p/1": naive_files(300)["tile/1/000.p/1"]}
        reader = LogReader(CountingSource(files), 300)

        assert reader.root() == naive_root(naive_leaves(300))
        assert list(reader.entries(250, 300)) == list(map(entry, range(250, 300)))
        assert len(reader.bundle(1)) == len(reader.tile(0, 1)) == 44

    def test_a_missing_tile_is_named_as_it_should_be_there(self):
        source = source_of(300)
        del source.files["tile/0/001.p/44"], source.files["tile/entries/000"]
        reader = LogReader(source, 300)

        with pytest.raises(TileMissing, match=r"tile/0/001\.p/44") as missing:
            reader.root()
        assert missing.value.path == "tile/0/001.p/44"
        with pytest.raises(TileMissing, match="tile/entries/000"):
            reader.entry(0)

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            pytest.param("tile/0/000", b"\x00" * 8191, id="a byte too few"),
            pytest.param("tile/0/001.p/44", b"\x00" * 8192, id="a full tile under a partial name"),
            pytest.param("tile/entries/000", pack(map(entry, range(256)))[:-1], id="a bundle that breaks off"),
            pytest.param("tile/entries/000", pack(map(entry, range(255))), id="a bundle with an entry too few"),
            pytest.param("tile/entries/001.p/44", pack(map(entry, range(45))), id="a bundle with an entry too many"),
        ],
    )
    def test_a_malformed_tile_is_named(self, path, content):
        source = source_of(300)
        source.files[path] = content
        reader = LogReader(source, 300)

        with pytest.raises(TileMalformed) as malformed:
            [(reader.tile(0, index), reader.bundle(index)) for index in range(2)]
        assert malformed.value.path == path
