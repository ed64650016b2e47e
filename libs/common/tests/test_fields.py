import secrets

import pytest
from cryptography.exceptions import InvalidTag

from common.fields import Sealer, mask_identity
from common.keys import Keys, load_keys, make_keys

PLACE = "person|identity|worker-1"
NUMBER = "11010519491231002X"


def keys(current: str = "k1", *ids: str, seed: bytes = b"1") -> Keys:
    fields = {key_id: (key_id.encode() * 16)[:32] for key_id in (ids or (current,))}
    return Keys(fields=fields, current=current, index=seed * 32, cursor=b"c" * 32, log_seeds=(b"l" * 32,))


class TestSealing:
    def test_opens_where_it_was_sealed(self):
        sealer = Sealer(keys())

        assert sealer.open(sealer.seal(NUMBER, place=PLACE), place=PLACE) == NUMBER

    @pytest.mark.parametrize(
        "elsewhere", ["person|identity|worker-2", "person|phone|worker-1", "post|identity|worker-1"]
    )
    def test_does_not_open_in_another_place(self, elsewhere):
        sealer = Sealer(keys())

        with pytest.raises(InvalidTag):
            sealer.open(sealer.seal(NUMBER, place=PLACE), place=elsewhere)

    def test_does_not_open_under_another_key_id_or_with_a_byte_changed(self):
        sealer = Sealer(keys("k2", "k1", "k2"))
        version, _, content = sealer.seal(NUMBER, place=PLACE).split(".")
        changed = content[:20] + ("A" if content[20] != "A" else "B") + content[21:]

        for forged in (f"{version}.k1.{content}", f"{version}.k2.{changed}"):
            with pytest.raises(InvalidTag):
                sealer.open(forged, place=PLACE)

    def test_two_seals_of_one_value_share_nothing(self):
        sealer = Sealer(keys())

        assert sealer.seal(NUMBER, place=PLACE) != sealer.seal(NUMBER, place=PLACE)

    def test_what_an_older_key_sealed_still_opens_and_new_seals_name_the_new_key(self):
        before = Sealer(keys("k1")).seal(NUMBER, place=PLACE)
        rotated = Sealer(keys("k2", "k1", "k2"))

        assert rotated.open(before, place=PLACE) == NUMBER
        assert rotated.seal(NUMBER, place=PLACE).split(".")[1] == "k2"


class TestBlindIndex:
    @pytest.mark.parametrize("as_typed", [" 11010519491231002x ", "１１０１０５１９４９１２３１００２Ｘ", NUMBER])
    def test_is_the_same_however_it_was_typed(self, as_typed):
        sealer = Sealer(keys())

        assert sealer.index(as_typed, column="identity") == sealer.index(NUMBER, column="identity")

    def test_differs_by_column_key_and_value(self):
        indexes = {
            Sealer(keys()).index(NUMBER, column="identity"),
            Sealer(keys()).index(NUMBER, column="phone"),
            Sealer(keys(seed=b"2")).index(NUMBER, column="identity"),
            Sealer(keys()).index(NUMBER[:-1] + "1", column="identity"),
        }

        assert len(indexes) == 4

    def test_does_not_change_with_the_sealing_key(self):
        rotated = Sealer(keys("k2", "k1", "k2"))

        assert rotated.index(NUMBER, column="identity") == Sealer(keys("k1")).index(NUMBER, column="identity")


class TestMask:
    def test_hides_district_and_birth_date(self):
        assert mask_identity(NUMBER) == "110***********002X"

    @pytest.mark.parametrize("short", ["1", "12345", "1234567", "12345678"])
    def test_never_shows_most_of_a_short_one(self, short):
        shown = mask_identity(short)

        assert len(shown) == len(short)
        assert sum(one != "*" for one in shown) <= len(short) // 2


class TestKeyFile:
    def test_is_for_its_owner_alone_and_never_overwritten(self, tmp_path):
        path = tmp_path / secrets.token_hex(4) / "keys.json"
        make_keys(path)
        before = path.read_bytes()
        make_keys(path)

        assert path.read_bytes() == before
        assert path.stat().st_mode & 0o777 == 0o600
        assert len({load_keys(path).index, load_keys(path).cursor, load_keys(path).log_seeds[0]}) == 3
