"""Signed notes, keys, checkpoints and cosignatures of C2SP, to the letter of the published examples."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.tlog.notes import (
    COSIGNATURE,
    BadNote,
    Checkpoint,
    CosigningKey,
    Ed25519Key,
    Signature,
    VerifierKey,
    add_signatures,
    decode,
    encode,
    open_note,
    parse_checkpoint,
    read_checkpoint,
    read_text,
    sign_note,
)

ORIGIN = "audit.example/log1"
SEED = hashlib.sha256(b"test log key").digest()
WITNESS_SEED = hashlib.sha256(b"test witness key").digest()
VKEY = "audit.example/log1+03a2b0e9+AT8D+vTUws/7W1gOqSGbdDXrrmt3jPAqTrHAstWiE4z5"
WITNESS_VKEY = "witness.example/w1+586d0b9a+BBQzA22TUGQjImRLTPJOCPRp+BAYPvXYTpf05YEMg813"
ROOT_OF_FIVE = "36IohO+htUNkRJ2ipayraY5y04qVNUTTdmdt1wAQJwI="
TEXT = f"{ORIGIN}\n5\n{ROOT_OF_FIVE}\n"
LOG_LINE = (
    "— audit.example/log1 A6Kw6Qw7Rk98Fp3jMIT7crgOsXmTtkYhz/IAoFptZOrnjffWFu1VnIhr5aEeKkB5+KPTHKDSwuDhBNiWACTAe0bG"
    "JQM=\n"
)
WITNESS_LINE = (
    "— witness.example/w1 WG0LmgAAAABpVbkAASe52A4m1fMPCFH2cY3M7fPHmzQj7QkxBBj/Eol1pDsxeBIOGCH1YzgRvJziTQ6XT2PNeLbP"
    "JYg3KqsRl2OzDg==\n"
)
WITNESSED_AT = 0x6955B900
LOG = Ed25519Key(ORIGIN, SEED)
NEW_LOG = Ed25519Key(ORIGIN, hashlib.sha256(b"next log key").digest())
WITNESS = CosigningKey("witness.example/w1", WITNESS_SEED)
NOTE = f"{TEXT}\n{LOG_LINE}"


def line_of(name: str, key_id: bytes, signature: bytes) -> str:
    return f"— {name} {encode(key_id + signature)}\n"


class TestPublishedVectors:
    def test_keys_are_written_and_read_to_the_letter(self) -> None:
        assert (str(LOG.verifier), str(WITNESS.verifier)) == (VKEY, WITNESS_VKEY)
        assert VerifierKey.read(VKEY) == LOG.verifier
        assert VerifierKey.read(WITNESS_VKEY + "\n") == WITNESS.verifier

    def test_the_log_signs_its_checkpoint_to_the_letter(self) -> None:
        checkpoint = Checkpoint(ORIGIN, 5, decode(ROOT_OF_FIVE))

        assert sign_note(checkpoint.text(), LOG) == NOTE

    def test_the_witness_cosigns_to_the_letter(self) -> None:
        assert WITNESS.cosign(TEXT, time=WITNESSED_AT) == WITNESS_LINE

    def test_both_signatures_open_with_their_keys_and_the_time(self) -> None:
        opened = open_note(add_signatures(NOTE, [WITNESS_LINE]), LOG.verifier, WITNESS.verifier)

        assert opened.text == TEXT
        assert opened.signatures == (Signature(LOG.verifier, None), Signature(WITNESS.verifier, WITNESSED_AT))

    def test_the_example_of_the_specification_verifies(self) -> None:
        key = VerifierKey.read("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
        note = (
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ER"
            "YNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
        )

        assert open_note(note, key).text == "This is an example message.\n"

    def test_the_cosignature_verifies_with_cryptography_alone(self) -> None:
        public = base64.b64decode(WITNESS_VKEY.split("+", 2)[2])[1:]
        content = base64.b64decode(WITNESS_LINE.split(" ")[2])

        Ed25519PublicKey.from_public_bytes(public).verify(
            content[12:], f"cosignature/v1\ntime {int.from_bytes(content[4:12], 'big')}\n{TEXT}".encode()
        )


class TestRotationOfKeys:
    """An old and a new key of one name sign side by side, beside algorithms that we do not know."""

    POST_QUANTUM = line_of(ORIGIN, b"\x01\x02\x03\x04", bytes(8 + 2420))
    NATIONAL = line_of(ORIGIN, b"\xff\x02\x03\x04", b"an algorithm with a long identifier")

    @pytest.mark.parametrize("known", [LOG, NEW_LOG], ids=["the old key", "the new key"])
    def test_each_key_alone_verifies(self, known: Ed25519Key) -> None:
        note = add_signatures(sign_note(TEXT, LOG, NEW_LOG), [self.POST_QUANTUM, self.NATIONAL])

        assert read_checkpoint(note, known.verifier).size == 5

    def test_both_keys_together_verify(self) -> None:
        opened = open_note(sign_note(TEXT, LOG, NEW_LOG), NEW_LOG.verifier, LOG.verifier)

        assert [signature.key for signature in opened.signatures] == [LOG.verifier, NEW_LOG.verifier]

    def test_a_line_of_another_name_with_the_same_key_id_does_not_matter(self) -> None:
        note = add_signatures(NOTE, [line_of("other.example", LOG.verifier.key_id, bytes(64))])

        assert open_note(note, LOG.verifier).text == TEXT

    def test_the_bad_line_of_one_known_key_rejects_the_good_line_of_the_other(self) -> None:
        note = add_signatures(NOTE, [line_of(ORIGIN, NEW_LOG.verifier.key_id, bytes(64))])

        assert open_note(note, LOG.verifier).text == TEXT
        with pytest.raises(BadNote, match="is not good"):
            open_note(note, LOG.verifier, NEW_LOG.verifier)

    def test_a_witness_and_a_log_of_one_seed_are_two_keys(self) -> None:
        cosigner = CosigningKey(ORIGIN, SEED)

        assert cosigner.verifier.key_id != LOG.verifier.key_id
        with pytest.raises(BadNote, match="none of the known keys"):
            open_note(NOTE, cosigner.verifier)

    def test_two_keys_that_share_name_and_id_are_refused(self) -> None:
        class Colliding(VerifierKey):
            @property
            def key_id(self) -> bytes:
                return LOG.verifier.key_id

        with pytest.raises(BadNote, match="same key id"):
            open_note(NOTE, LOG.verifier, Colliding(ORIGIN, NEW_LOG.verifier.public))

    def test_the_same_key_given_twice_counts_once(self) -> None:
        assert len(open_note(NOTE, LOG.verifier, VerifierKey.read(VKEY)).signatures) == 1


class TestManySignatures:
    def test_sixteen_signatures_of_known_keys_are_read(self) -> None:
        cosigners = [CosigningKey(f"witness.example/w{number}", bytes([number] * 32)) for number in range(15)]
        note = add_signatures(NOTE, [cosigner.cosign(TEXT, time=7) for cosigner in cosigners])

        opened = open_note(note, LOG.verifier, *(cosigner.verifier for cosigner in cosigners))

        assert len(opened.signatures) == 16

    def test_sixteen_post_quantum_lines_do_not_matter(self) -> None:
        lines = [line_of("w.example", bytes([0, 0, 0, number]), bytes(5000)) for number in range(16)]

        assert open_note(add_signatures(NOTE, lines), LOG.verifier).text == TEXT

    def test_more_than_a_hundred_are_refused(self) -> None:
        line = line_of("w.example", b"abcd", b"x")

        assert open_note(NOTE + 99 * line, LOG.verifier).text == TEXT
        with pytest.raises(BadNote, match="too many"):
            open_note(NOTE + 100 * line, LOG.verifier)

    def test_a_note_beyond_all_measure_is_refused(self) -> None:
        with pytest.raises(BadNote, match="too long"):
            open_note("x" * 1_000_001, LOG.verifier)

    def test_a_cosigner_counts_once_with_its_latest_time(self) -> None:
        lines = [WITNESS.cosign(TEXT, time=time) for time in (30, 90, 60)]

        opened = open_note(add_signatures(NOTE, lines), WITNESS.verifier)

        assert opened.signatures == (Signature(WITNESS.verifier, 90),)

    def test_one_bad_repetition_of_a_known_key_rejects_the_note(self) -> None:
        bad = line_of(WITNESS.verifier.name, WITNESS.verifier.key_id, bytes(72))

        with pytest.raises(BadNote, match="is not good"):
            open_note(add_signatures(NOTE, [WITNESS_LINE, bad]), WITNESS.verifier)

    def test_no_line_is_added_twice(self) -> None:
        once = add_signatures(NOTE, [WITNESS_LINE])

        assert add_signatures(once, [WITNESS_LINE, LOG_LINE]) == once

    @pytest.mark.parametrize(
        "line",
        [
            pytest.param(WITNESS_LINE[:-1], id="without its end"),
            pytest.param(WITNESS_LINE * 2, id="two lines in one"),
            pytest.param("x\n", id="no signature"),
            pytest.param("\n", id="an empty line, which would move the text"),
        ],
    )
    def test_what_is_no_line_is_not_added(self, line: str) -> None:
        with pytest.raises(BadNote):
            add_signatures(NOTE, [line])


class TestBadNotes:
    @pytest.mark.parametrize(
        "note",
        [
            pytest.param("", id="nothing"),
            pytest.param(f"{TEXT}\n{WITNESS_LINE}", id="nobody known has signed"),
            pytest.param(NOTE.replace("5", "6", 1), id="another size than was signed"),
            pytest.param(TEXT, id="no signature at all"),
            pytest.param(NOTE[:-1], id="the last line does not end"),
            pytest.param(NOTE + "\n", id="an empty line at the end"),
            pytest.param(NOTE[:-1] + "x", id="something else ends the last line"),
            pytest.param(NOTE.replace("— ", "- "), id="another dash"),
            pytest.param(NOTE.replace("— ", ""), id="no dash"),
            pytest.param(NOTE.replace("— ", "—\u00a0"), id="another space"),
            pytest.param(NOTE.replace("\n", "\r\n"), id="lines of another system"),
            pytest.param(NOTE.replace("5\n", "5\t\n"), id="a tabulator"),
            pytest.param(NOTE + "— x ***\n", id="a signature that is no base64"),
            pytest.param(NOTE + "— x AAAA\n", id="a key id without signature"),
            pytest.param(NOTE + "— x AAAAAAF=\n", id="base64 that nobody would write"),
            pytest.param(NOTE + "— x ＡＡＡＡＡＡＡＡ\n", id="base64 in wide letters"),
            pytest.param(NOTE + "—  AAAAAAAA\n", id="an empty name"),
            pytest.param(NOTE + "— a+b AAAAAAAA\n", id="a plus sign in the name"),
            pytest.param(NOTE + "— a\u2003b AAAAAAAA\n", id="a space of another kind in the name"),
            pytest.param(NOTE + "— \udc80 AAAAAAAA\n", id="what was no UTF-8"),
        ],
    )
    def test_is_rejected(self, note: str) -> None:
        with pytest.raises(BadNote):
            open_note(note, LOG.verifier)

    def test_bytes_that_are_no_utf_8_are_rejected(self) -> None:
        assert read_text(NOTE.encode()) == NOTE
        with pytest.raises(BadNote):
            read_text(NOTE.encode().replace(b"\xe2", b"\xff"))

    def test_a_line_separator_of_unicode_ends_no_line(self) -> None:
        note = sign_note(f"{ORIGIN}\u2028x\n5\n{ROOT_OF_FIVE}\n", LOG)

        assert read_checkpoint(note, LOG.verifier).origin == f"{ORIGIN}\u2028x"

    def test_the_text_may_hold_empty_lines_and_lines_that_look_like_signatures(self) -> None:
        text = f"first\n\n{LOG_LINE}"

        assert open_note(sign_note(text, LOG), LOG.verifier).text == text

    @pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "\udc80\n"])
    def test_no_key_signs_what_no_note_can_hold(self, text: str) -> None:
        with pytest.raises(BadNote):
            sign_note(text, LOG)

    def test_a_note_needs_a_signer(self) -> None:
        with pytest.raises(BadNote):
            sign_note(TEXT)


class TestCosignatures:
    def test_the_time_is_signed(self) -> None:
        name, content = WITNESS.verifier.name, decode(WITNESS_LINE.split(" ")[2].strip())
        later = line_of(name, content[:4], (WITNESSED_AT + 1).to_bytes(8, "big") + content[12:])

        with pytest.raises(BadNote, match="is not good"):
            open_note(f"{TEXT}\n{later}", WITNESS.verifier)

    @pytest.mark.parametrize("length", [1, 7, 8, 71, 73])
    def test_a_signature_of_another_length_is_bad(self, length: int) -> None:
        signature = decode(WITNESS_LINE.split(" ")[2].strip())[4:] + b"\0"

        with pytest.raises(BadNote, match="is not good"):
            open_note(
                f"{TEXT}\n{line_of(WITNESS.verifier.name, WITNESS.verifier.key_id, signature[:length])}",
                WITNESS.verifier,
            )

    @pytest.mark.parametrize("time", [-1, 0, 1 << 63])
    def test_no_time_outside_the_range_is_signed(self, time: int) -> None:
        with pytest.raises(ValueError, match="no time"):
            WITNESS.cosign(TEXT, time=time)

    def test_the_key_file_reads_back(self) -> None:
        secret = WITNESS.secret()

        assert secret.startswith("PRIVATE+KEY+witness.example/w1+586d0b9a+B")
        assert CosigningKey.read(secret).cosign(TEXT, time=WITNESSED_AT) == WITNESS_LINE

    @pytest.mark.parametrize(
        "secret",
        [
            "",
            WITNESS_VKEY,
            WITNESS.secret().replace("586d", "586e"),
            WITNESS.secret().replace("w1", "w2"),
            f"PRIVATE+KEY+{ORIGIN}+03a2b0e9+{encode(bytes([1]) + SEED)}\n",
        ],
    )
    def test_another_key_file_is_refused(self, secret: str) -> None:
        with pytest.raises(BadNote):
            CosigningKey.read(secret)

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
    def test_no_key_takes_a_name_that_no_line_can_hold(self, name: str) -> None:
        for kind in (CosigningKey, Ed25519Key):
            with pytest.raises(BadNote):
                kind(name, SEED)


class TestVerifierKeys:
    @pytest.mark.parametrize(
        "vkey",
        [
            "",
            "a+b",
            VKEY.replace("03a2", "03a3"),
            VKEY.replace("03a2b0e9", "03A2B0E9"),
            VKEY[:-4],
            "a+00000000+AAAA",
            f" {VKEY}",
            str(VerifierKey("log 1", LOG.verifier.public)),
            WITNESS_VKEY.replace("+BBQ", "+BhQ"),
        ],
    )
    def test_a_malformed_key_is_rejected(self, vkey: str) -> None:
        with pytest.raises(BadNote):
            VerifierKey.read(vkey)

    def test_an_algorithm_we_do_not_know_is_rejected(self) -> None:
        unknown = VerifierKey(ORIGIN, LOG.verifier.public, 6)

        with pytest.raises(BadNote, match="not an Ed25519"):
            VerifierKey.read(str(unknown))

    def test_the_algorithm_is_part_of_the_key(self) -> None:
        assert VerifierKey.read(WITNESS_VKEY).algorithm == COSIGNATURE
        assert VerifierKey(ORIGIN, LOG.verifier.public, COSIGNATURE) != LOG.verifier


class TestCheckpoints:
    @pytest.mark.parametrize("size", [0, 1, 256, (1 << 63) - 1])
    def test_reads_back_as_written(self, size: int) -> None:
        checkpoint = Checkpoint(ORIGIN, size, bytes(range(32)))

        assert parse_checkpoint(checkpoint.text()) == checkpoint

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"{ORIGIN}\n05\n{ROOT_OF_FIVE}\n", id="a leading zero"),
            pytest.param(f"{ORIGIN}\n-5\n{ROOT_OF_FIVE}\n", id="below zero"),
            pytest.param(f"{ORIGIN}\n+5\n{ROOT_OF_FIVE}\n", id="a sign"),
            pytest.param(f"{ORIGIN}\n５\n{ROOT_OF_FIVE}\n", id="a wide digit"),
            pytest.param(f"{ORIGIN}\n{1 << 63}\n{ROOT_OF_FIVE}\n", id="more than a proof can reach"),
            pytest.param(f"{ORIGIN}\n{'9' * 5000}\n{ROOT_OF_FIVE}\n", id="endless digits"),
            pytest.param(f"{ORIGIN}\n\n{ROOT_OF_FIVE}\n", id="no size"),
            pytest.param(f"{ORIGIN}\n5\nAAAA\n", id="a root that is too short"),
            pytest.param(f"{ORIGIN}\n5\n{ROOT_OF_FIVE.replace('wI=', 'wJ=')}\n", id="a root that nobody would write"),
            pytest.param(f"{ORIGIN}\n5\n", id="two lines"),
            pytest.param(f"\n5\n{ROOT_OF_FIVE}\n", id="no origin"),
            pytest.param(f"{TEXT}extension\n", id="a line that nobody audits"),
            pytest.param(f"{TEXT}\n", id="an empty line"),
            pytest.param(f"{TEXT}x", id="something that does not end"),
            pytest.param(TEXT[:-1], id="no end"),
        ],
    )
    def test_a_signed_note_that_is_no_checkpoint_is_rejected(self, text: str) -> None:
        with pytest.raises(BadNote):
            parse_checkpoint(text)
