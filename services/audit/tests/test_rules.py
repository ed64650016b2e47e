"""The vectors of the published formats, and every proof of small trees against the recursive definitions."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.rules import notes, tree
from audit.rules.alarms import AlarmKind, SignerFault, describe_alarm

SEED = hashlib.sha256(b"test log key").digest()
WITNESS_SEED = hashlib.sha256(b"test witness key").digest()
VKEY = "audit.example/log1+03a2b0e9+AT8D+vTUws/7W1gOqSGbdDXrrmt3jPAqTrHAstWiE4z5"
ROOT_OF_FIVE = "36IohO+htUNkRJ2ipayraY5y04qVNUTTdmdt1wAQJwI="
LOG_LINE = (
    "— audit.example/log1 A6Kw6Qw7Rk98Fp3jMIT7crgOsXmTtkYhz/IAoFptZOrnjffWFu1VnIhr5aEeKkB5+KPTHKDSwuDhBNiWACTAe0bG"
    "JQM=\n"
)
WITNESS_LINE = (
    "— witness.example/w1 WG0LmgAAAABpVbkAASe52A4m1fMPCFH2cY3M7fPHmzQj7QkxBBj/Eol1pDsxeBIOGCH1YzgRvJziTQ6XT2PNeLbP"
    "JYg3KqsRl2OzDg==\n"
)
CHECKPOINT = f"audit.example/log1\n5\n{ROOT_OF_FIVE}\n"


def entry(number: int) -> bytes:
    return b'{"i":%d,"act":"hire"}' % number


def hashes_of(count: int) -> list[bytes]:
    return [tree.hash_leaf(entry(number)) for number in range(count)]


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return tree.hash_node(naive_root(leaves[:k]), naive_root(leaves[k:]))


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


def grown(count: int) -> dict[tree.Node, bytes]:
    nodes: dict[tree.Node, bytes] = {}
    for index, leaf_hash in enumerate(hashes_of(count)):
        siblings = {node: nodes[node] for node in tree.left_siblings(index)}
        nodes |= tree.grown_nodes(index, leaf_hash, siblings)
    return nodes


def paths(spans: list[tree.Span], nodes: dict[tree.Node, bytes]) -> list[bytes]:
    return [tree.hash_of(span, nodes) for span in spans]


NODES = grown(70)
LEAVES = hashes_of(70)
ROOTS = [naive_root(LEAVES[:size]) for size in range(71)]


class TestTree:
    def test_the_empty_tree_has_the_published_root(self) -> None:
        assert notes.encode(tree.hash_of((0, 0), {})) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        assert tree.GrowingTree().root == tree.EMPTY_ROOT

    @pytest.mark.parametrize(
        ("size", "root"),
        [
            (5, ROOT_OF_FIVE),
            (256, "nB4LiA1JyE0SvlUEMV7AszETbIoWVeJrjMvZV0EfwtU="),
            (70_000, "zVj8ahXgkQUoFKVdA1f0iyJ4mCEQVU2dj2beCNu97aY="),
        ],
    )
    def test_gives_the_published_roots(self, size: int, root: str) -> None:
        growing = tree.GrowingTree()
        for leaf_hash in hashes_of(size):
            list(growing.add(leaf_hash))

        assert notes.encode(growing.root) == root

    def test_gives_the_published_proofs(self) -> None:
        inclusion = paths(tree.inclusion_spans(4, 5), NODES)
        consistency = paths(tree.consistency_spans(3, 5), NODES)

        assert [notes.encode(one) for one in inclusion] == ["QOA73zxmJSpmDMSkUNfLLdVKsQg8+ZuxzVptp89SNQQ="]
        assert [notes.encode(one) for one in consistency] == [
            "mODZHTwMiDPrxemIBqpZrSxj2AB6ASdD05/Rq7C5Fyo=",
            "UqSEMdvr1pTD0DDKrgXfFjxMyr/zJfwHdZZjbuaXv5E=",
            "l+ArVKntU5wglV9z/eewDplHGZyyT7UIoO1jRULZ3JQ=",
            "X+S2KL6D0kdZP5/blNVt5mba6Zk8N2oB4vmmN0Cx3Fw=",
        ]

    def test_roots_of_every_small_tree_are_the_recursive_ones(self) -> None:
        growing = tree.GrowingTree()
        seen = dict(pair for leaf_hash in LEAVES for pair in growing.add(leaf_hash))

        assert seen == NODES
        assert growing.root == ROOTS[70]
        assert [tree.hash_of((0, size), NODES) for size in range(71)] == ROOTS

    @pytest.mark.parametrize("size", range(1, 70))
    def test_every_inclusion_proof_is_the_recursive_one_and_holds(self, size: int) -> None:
        for index in range(size):
            path = paths(tree.inclusion_spans(index, size), NODES)
            assert path == naive_path(index, LEAVES[:size])
            about: dict[str, Any] = {"index": index, "size": size, "path": path, "root": ROOTS[size]}
            assert tree.is_included(LEAVES[index], **about)
            assert not tree.is_included(LEAVES[(index + 1) % 70], **about)
            assert not tree.is_included(LEAVES[index], **about | {"root": ROOTS[size - 1]})
            assert not tree.is_included(LEAVES[index], **about | {"path": [*path, LEAVES[0]]})
            assert not path or not tree.is_included(LEAVES[index], **about | {"path": path[:-1]})

    @pytest.mark.parametrize("size", range(70))
    def test_every_consistency_proof_is_the_recursive_one_and_holds(self, size: int) -> None:
        for old in range(size + 1):
            path = paths(tree.consistency_spans(old, size), NODES)
            assert path == (naive_subproof(old, LEAVES[:size]) if old else [])
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

    @pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0)])
    def test_an_index_outside_the_tree_is_refused(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="no entry"):
            tree.inclusion_spans(index, size)
        assert not tree.is_included(LEAVES[0], index=index, size=size, path=[], root=ROOTS[1])

    def test_a_smaller_tree_does_not_follow(self) -> None:
        with pytest.raises(ValueError, match="does not follow"):
            tree.consistency_spans(6, 5)
        assert not tree.is_consistent(old=6, size=5, old_root=ROOTS[6], root=ROOTS[5], path=[])

    def test_a_leaf_is_never_taken_for_a_node(self) -> None:
        assert tree.hash_leaf(LEAVES[0] + LEAVES[1]) != tree.hash_node(LEAVES[0], LEAVES[1])


class TestNotes:
    def test_the_key_is_written_as_published(self) -> None:
        assert str(notes.verifier_key("audit.example/log1", SEED)) == VKEY
        assert str(notes.VerifierKey.read(VKEY)) == VKEY

    def test_the_witness_key_of_the_vectors_differs_only_in_its_type(self) -> None:
        public = notes.verifier_key("witness.example/w1", WITNESS_SEED).public

        assert base64.b64encode(b"\x04" + public).decode() == "BBQzA22TUGQjImRLTPJOCPRp+BAYPvXYTpf05YEMg813"

    def test_signs_the_published_checkpoint_to_the_letter(self) -> None:
        root = base64.b64decode(ROOT_OF_FIVE)

        text = notes.Checkpoint("audit.example/log1", 5, root).text()

        assert notes.sign_note(text, name="audit.example/log1", seed=SEED) == f"{CHECKPOINT}\n{LOG_LINE}"

    def test_the_example_of_the_specification_verifies(self) -> None:
        key = notes.VerifierKey.read("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
        note = (
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ER"
            "YNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
        )

        assert notes.open_note(note, key) == "This is an example message.\n"

    def test_verifies_with_cryptography_from_the_key_alone(self) -> None:
        public = base64.b64decode(VKEY.split("+", 2)[2])[1:]
        signature = base64.b64decode(LOG_LINE.split(" ")[2])[4:]

        Ed25519PublicKey.from_public_bytes(public).verify(signature, CHECKPOINT.encode())

    def test_lines_of_others_do_not_matter(self) -> None:
        checkpoint = notes.read_checkpoint(f"{CHECKPOINT}\n{LOG_LINE}{WITNESS_LINE}", notes.VerifierKey.read(VKEY))

        assert (checkpoint.size, notes.encode(checkpoint.root)) == (5, ROOT_OF_FIVE)

    @pytest.mark.parametrize(
        "note",
        [
            pytest.param(f"{CHECKPOINT}\n{WITNESS_LINE}", id="nobody known has signed"),
            pytest.param(f"{CHECKPOINT.replace('5', '6', 1)}\n{LOG_LINE}", id="another size than was signed"),
            pytest.param(CHECKPOINT, id="no signature at all"),
            pytest.param(f"{CHECKPOINT}\n{LOG_LINE[:-1]}", id="the last line does not end"),
            pytest.param(f"{CHECKPOINT}\n{LOG_LINE.replace('— ', '- ')}", id="another dash"),
            pytest.param(f"{CHECKPOINT}\n{LOG_LINE}— x ***\n", id="a signature that is no base64"),
            pytest.param(f"{CHECKPOINT}\t\n{LOG_LINE}", id="a control character"),
        ],
    )
    def test_a_bad_note_is_rejected(self, note: str) -> None:
        with pytest.raises(notes.BadNote):
            notes.open_note(note, notes.VerifierKey.read(VKEY))

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("audit.example/log1\n05\n" + ROOT_OF_FIVE + "\n", id="a leading zero"),
            pytest.param("audit.example/log1\n5\nAAAA\n", id="a root that is too short"),
            pytest.param("audit.example/log1\n5\n", id="two lines"),
        ],
    )
    def test_a_signed_note_that_is_no_checkpoint_is_rejected(self, text: str) -> None:
        note = notes.sign_note(text, name="audit.example/log1", seed=SEED)

        with pytest.raises(notes.BadNote):
            notes.read_checkpoint(note, notes.VerifierKey.read(VKEY))

    @pytest.mark.parametrize("vkey", ["", "a+b", VKEY.replace("03a2", "03a3"), VKEY[:-4], "a+00000000+AAAA"])
    def test_a_malformed_key_is_rejected(self, vkey: str) -> None:
        with pytest.raises(notes.BadNote):
            notes.VerifierKey.read(vkey)

    def test_an_offline_proof_reads_back_as_written(self) -> None:
        note = f"{CHECKPOINT}\n{LOG_LINE}{WITNESS_LINE}"
        path = paths(tree.inclusion_spans(4, 5), NODES)

        proof = notes.write_proof(index=4, path=path, note=note)

        first = "c2sp.org/tlog-proof@v1\nindex 4\nQOA73zxmJSpmDMSkUNfLLdVKsQg8+ZuxzVptp89SNQQ=\n\n"
        assert proof == first + note
        assert notes.read_proof(proof) == (4, path, note)
        assert notes.read_proof(proof.replace("index", "extra AAAA\nindex", 1)) == (4, path, note)

    def test_the_proof_of_a_lone_entry_holds_no_hash(self) -> None:
        assert notes.read_proof(notes.write_proof(index=0, path=[], note="x\n\n— y z\n")) == (0, [], "x\n\n— y z\n")

    @pytest.mark.parametrize(
        "proof",
        [
            "",
            "c2sp.org/tlog-proof@v1\nindex 04\n\nx",
            "c2sp.org/tlog-proof@v1\nindex 4\nAAAA\n\nx",
            "c2sp.org/tlog-proof@v2\nindex 4\n\nx",
        ],
    )
    def test_a_malformed_proof_is_rejected(self, proof: str) -> None:
        with pytest.raises(notes.BadNote):
            notes.read_proof(proof)


class TestAlarms:
    @pytest.mark.parametrize(
        ("kind", "mark"),
        [(kind, "m") for kind in AlarmKind if kind != AlarmKind.CHECKPOINT_REFUSED]
        + [(AlarmKind.CHECKPOINT_REFUSED, fault) for fault in SignerFault],
    )
    def test_each_is_said_in_both_languages(self, kind: AlarmKind, mark: str) -> None:
        words = describe_alarm(
            kind, mark=mark, source="/payroll/decisions", first=4, last=6, event_id="event-4", index=9
        )

        assert words.zh != words.en
        assert "{" not in words.zh + words.en
