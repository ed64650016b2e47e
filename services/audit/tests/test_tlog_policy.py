"""The trust policy: whose signatures make a checkpoint count."""

import pytest

from audit.tests.histories import LOG_KEY, ORIGIN, History
from audit.tlog.notes import BadNote, CosigningKey, Ed25519Key, VerifierKey, add_signatures, encode, sign_note
from audit.tlog.policy import NONE, BadPolicy, Policy

TEXT = History().text(5)
NOTE = History().note(5)
NEW_KEY = Ed25519Key(ORIGIN, bytes(32))
COSIGNERS = {name: CosigningKey(f"{name}.example", name.encode().ljust(32)) for name in ("X1", "X2", "X3", "Y1", "Y2")}
OTHER = CosigningKey("other.example", bytes(32))
LOG_LINE = f"log {LOG_KEY.verifier}"
WITNESS_LINES = "\n".join(f"witness {name} {key.verifier}" for name, key in COSIGNERS.items())
TWO_LEVELS = f"""
# Two houses, and each must agree.
{LOG_LINE} https://audit.example/log1
{WITNESS_LINES}

group X-house 2 X1 X2 X3
group\tY-house  any Y1 Y2\t
group both all X-house Y-house
quorum both
"""


def cosigned_by(*names: str, time: int = 1000) -> str:
    return add_signatures(NOTE, [COSIGNERS[name].cosign(TEXT, time=time) for name in names])


def with_quorum(*lines: str) -> Policy:
    return Policy.read("\n".join([WITNESS_LINES, *lines]) + "\n")


class TestQuorum:
    @pytest.mark.parametrize(
        ("names", "satisfied"),
        [
            pytest.param(["X1", "X2", "Y1"], True, id="just enough of both houses"),
            pytest.param(["X1", "X2", "X3", "Y1", "Y2"], True, id="everybody"),
            pytest.param(["X1", "Y1", "Y2"], False, id="one too few of the first house"),
            pytest.param(["X1", "X2", "X3"], False, id="nobody of the second house"),
            pytest.param([], False, id="nobody"),
        ],
    )
    def test_of_groups_of_groups(self, names: list[str], satisfied: bool) -> None:
        assert Policy.read(TWO_LEVELS).is_satisfied(cosigned_by(*names)) is satisfied

    @pytest.mark.parametrize(
        ("lines", "needed"),
        [
            (["quorum X2"], [["X2"]]),
            (["group g any X1 X2", "quorum g"], [["X1"], ["X2"], ["X1", "X2"]]),
            (["group g 1 X1 X2", "quorum g"], [["X1"], ["X2"], ["X1", "X2"]]),
            (["group g all X1 X2", "quorum g"], [["X1", "X2"]]),
            (["group g 2 X1 X2", "quorum g"], [["X1", "X2"]]),
            (["group none-of-us all X1", "quorum none-of-us"], [["X1"], ["X1", "X2"]]),
            (["group g all X1", "quorum X2"], [["X2"], ["X1", "X2"]]),
        ],
    )
    def test_of_each_form(self, lines: list[str], needed: list[list[str]]) -> None:
        policy = with_quorum(*lines)

        for names in ([], ["X1"], ["X2"], ["Y1"], ["X1", "X2"]):
            expected = any(set(enough) <= set(names) for enough in needed)
            assert policy.is_satisfied(cosigned_by(*names)) is expected

    def test_of_nobody_needs_no_cosignature(self) -> None:
        assert with_quorum("quorum none").is_satisfied(NOTE)
        assert NONE.is_satisfied(NOTE)

    def test_a_witness_that_cosigned_twice_counts_once(self) -> None:
        policy = with_quorum("group g 2 X1 X2", "quorum g")
        lines = [COSIGNERS["X1"].cosign(TEXT, time=time) for time in (1000, 1001)]

        assert not policy.is_satisfied(add_signatures(NOTE, lines))

    def test_a_witness_of_the_same_name_and_another_key_does_not_count(self) -> None:
        stranger = CosigningKey("X1.example", bytes(32))

        assert not with_quorum("quorum X1").is_satisfied(NOTE + stranger.cosign(TEXT, time=1000))

    def test_a_cosignature_of_another_text_does_not_count(self) -> None:
        note = NOTE + COSIGNERS["X1"].cosign(History().text(6), time=1000)

        assert not with_quorum("quorum X1").is_satisfied(note)

    def test_a_bad_cosignature_of_a_witness_rejects_even_where_nobody_is_needed(self) -> None:
        key = COSIGNERS["X1"].verifier
        note = NOTE + f"— {key.name} {encode(key.key_id + bytes(72))}\n"

        assert not with_quorum("quorum none").is_satisfied(note)
        assert not with_quorum("quorum X2").is_satisfied(add_signatures(note, [COSIGNERS["X2"].cosign(TEXT, time=9)]))

    def test_a_witness_that_signs_as_a_log_does_not_count(self) -> None:
        as_log = Ed25519Key("X1.example", b"X1".ljust(32))

        assert not with_quorum("quorum X1").is_satisfied(sign_note(TEXT, LOG_KEY, as_log))

    def test_what_is_no_note_satisfies_nothing(self) -> None:
        assert not NONE.is_satisfied("no note")

    def test_says_who_cosigned_and_when(self) -> None:
        policy = Policy.read(TWO_LEVELS)

        found = policy.cosigned_at(cosigned_by("X3", "Y1", time=1234))

        assert {witness.name: time for witness, time in found.items()} == {"X3": 1234, "Y1": 1234}


class TestCheckpoint:
    def test_signed_by_a_log_and_enough_witnesses_is_read(self) -> None:
        assert Policy.read(TWO_LEVELS).read_checkpoint(cosigned_by("X1", "X2", "Y1")).size == 5

    def test_cosigned_by_too_few_is_not(self) -> None:
        with pytest.raises(BadNote, match="too few"):
            Policy.read(TWO_LEVELS).read_checkpoint(cosigned_by("X1", "Y1"))

    def test_of_another_log_that_the_witnesses_cosign_too_is_not(self) -> None:
        other = History(key=Ed25519Key("other.example", bytes(32)), origin="other.example")
        lines = [COSIGNERS[name].cosign(other.text(5), time=1000) for name in ("X1", "X2", "Y1")]
        note = add_signatures(other.note(5), lines)

        assert Policy.read(TWO_LEVELS).is_satisfied(note)
        with pytest.raises(BadNote, match="none of the known keys"):
            Policy.read(TWO_LEVELS).read_checkpoint(note)

    def test_of_one_log_signed_by_the_other_is_not(self) -> None:
        other = Ed25519Key("other.example", bytes(32))
        policy = Policy.read(f"{LOG_LINE}\nlog {other.verifier}\nquorum none\n")

        with pytest.raises(BadNote, match="none of the known keys"):
            policy.read_checkpoint(sign_note(TEXT, other))

    def test_of_an_origin_that_no_log_has_is_not(self) -> None:
        with pytest.raises(BadNote, match="does not name"):
            Policy.read(f"{LOG_LINE}\nquorum none\n").read_checkpoint(History(origin="other.example").note(5))

    @pytest.mark.parametrize("signer", [LOG_KEY, NEW_KEY])
    def test_with_either_key_while_they_overlap_is_read(self, signer: Ed25519Key) -> None:
        policy = Policy.read(f"{LOG_LINE}\nlog {NEW_KEY.verifier}\nquorum none\n")

        assert policy.read_checkpoint(sign_note(TEXT, signer)).size == 5


class TestReading:
    def test_keeps_keys_and_urls(self) -> None:
        policy = Policy.read(f"{LOG_LINE} https://l\nwitness X1 {COSIGNERS['X1'].verifier} http://w/a\nquorum none")

        assert policy.logs == ((LOG_KEY.verifier, "https://l"),)
        assert [(one.name, one.key, one.url) for one in policy.witnesses] == [
            ("X1", COSIGNERS["X1"].verifier, "http://w/a")
        ]

    def test_takes_many_of_all(self) -> None:
        keys = [CosigningKey(f"w{number}", bytes([number + 1] * 32)).verifier for number in range(40)]
        logs = [Ed25519Key(f"l{number}", bytes([number + 101] * 32)).verifier for number in range(40)]
        text = [f"log {key}" for key in logs] + [f"witness w{number} {key}" for number, key in enumerate(keys)]
        text += [f"group g{number} all w{number}" for number in range(40)] + ["quorum g39"]

        assert len(Policy.read("\n".join(text)).witnesses) == 40

    def test_names_are_compared_sign_by_sign(self) -> None:
        policy = Policy.read(
            f"witness K {COSIGNERS['X1'].verifier}\nwitness \u212a {COSIGNERS['X2'].verifier}\nquorum \u212a\n"
        )

        assert policy.is_satisfied(cosigned_by("X2"))
        assert not policy.is_satisfied(cosigned_by("X1"))

    def test_only_blanks_and_tabulators_part_words(self) -> None:
        key = COSIGNERS["X1"].verifier

        assert Policy.read(f"witness a\u3000b {key}\nquorum a\u3000b\n").witnesses[0].name == "a\u3000b"

    @pytest.mark.parametrize(
        ("lines", "line"),
        [
            pytest.param(["quorum X9"], 6, id="a name nobody has"),
            pytest.param(["group g any X9", "quorum g"], 6, id="a member nobody has"),
            pytest.param(["quorum g", "group g any X1"], 6, id="a name before it is defined"),
            pytest.param(["group g any g", "quorum g"], 6, id="a group in itself"),
            pytest.param(["group g any none", "quorum g"], 6, id="nobody as a member"),
            pytest.param(["group none any X1", "quorum none"], 6, id="nobody as a name"),
            pytest.param(["group X1 any X2", "quorum X1"], 6, id="a name that has a meaning"),
            pytest.param([f"witness X1 {OTHER.verifier}", "quorum X1"], 6, id="a witness named like another"),
            pytest.param([f"witness none {OTHER.verifier}", "quorum X1"], 6, id="a witness named like nobody"),
            pytest.param(["group g any X1", "group g any X2", "quorum g"], 7, id="a group defined twice"),
            pytest.param(["group g 0 X1", "quorum g"], 6, id="none of one"),
            pytest.param(["group g 3 X1 X2", "quorum g"], 6, id="three of two"),
            pytest.param(["group g -1 X1", "quorum g"], 6, id="fewer than none"),
            pytest.param(["group g ２ X1 X2", "quorum g"], 6, id="a wide digit"),
            pytest.param(["group g most X1", "quorum g"], 6, id="a number in words"),
            pytest.param(["group g any", "quorum g"], 6, id="a group of nobody"),
            pytest.param(["group g 2 X1 X1", "quorum g"], 6, id="a member twice"),
            pytest.param(["group g any X1", "group h all X1 X2", "quorum h"], 7, id="a member of two groups"),
            pytest.param(["quorum X1", "quorum X1"], 7, id="two quorums"),
            pytest.param(["group g any X1"], 6, id="no quorum"),
            pytest.param(["quorum"], 6, id="a quorum of nothing"),
            pytest.param(["quorum X1 X2"], 6, id="a quorum of two names"),
            pytest.param(["mirror X1"], 6, id="another statement"),
            pytest.param(["Quorum X1"], 6, id="a capital letter"),
            pytest.param(["quorum X1\r"], 6, id="lines of another system"),
            pytest.param(["# \x7f", "quorum X1"], 6, id="a control character, even in a comment"),
            pytest.param([f"log {LOG_KEY.verifier} u v", "quorum X1"], 6, id="a log with two URLs"),
            pytest.param(["log nonsense", "quorum X1"], 6, id="what is no key"),
            pytest.param([LOG_LINE, LOG_LINE, "quorum X1"], 7, id="the same log twice"),
            pytest.param(
                [f"witness Z {CosigningKey('Z', b'X1'.ljust(32)).verifier}", "quorum X1"],
                6,
                id="the key of a witness under another name",
            ),
            pytest.param(
                [f"log {Ed25519Key('Z', b'X1'.ljust(32)).verifier}", "quorum X1"], 6, id="the key of a witness as a log"
            ),
            pytest.param([f"witness Z {LOG_KEY.verifier}", "quorum X1"], 6, id="a log as a witness"),
            pytest.param([f"log {CosigningKey('Z', bytes(32)).verifier}", "quorum X1"], 6, id="a witness as a log"),
            pytest.param([f"log {VerifierKey('Z', bytes(32), 6)}", "quorum X1"], 6, id="an unknown algorithm"),
        ],
    )
    def test_says_in_which_line_it_is_wrong(self, lines: list[str], line: int) -> None:
        with pytest.raises(BadPolicy) as found:
            with_quorum(*lines)

        assert found.value.line == line
        assert str(found.value).startswith(f"line {line}: ")
