from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.money import Yuan, share_out, to_fen

FEN = st.integers(min_value=-(10**12), max_value=10**12).map(lambda fen: Decimal(fen) / 100)
WEIGHTS = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.decimals(min_value=0, max_value=10**6, places=4),
    min_size=1,
    max_size=12,
).filter(lambda weights: sum(weights.values()) > 0)


class TestShareOut:
    @given(total=FEN, weights=WEIGHTS)
    def test_adds_up_to_the_fen(self, total, weights):
        assert sum(share_out(total, weights).values()) == total

    @given(total=FEN, weights=WEIGHTS)
    def test_no_share_is_a_fen_or_more_off(self, total, weights):
        whole = sum(Fraction(weight) for weight in weights.values())

        for key, share in share_out(total, weights).items():
            assert abs(Fraction(share) - Fraction(total) * Fraction(weights[key]) / whole) < Fraction(1, 100)

    @given(total=FEN, weights=WEIGHTS, seed=st.randoms())
    def test_does_not_depend_on_the_order_of_the_weights(self, total, weights, seed):
        shuffled = list(weights.items())
        seed.shuffle(shuffled)

        assert share_out(total, dict(shuffled)) == share_out(total, weights)

    def test_gives_an_odd_fen_to_the_smaller_key(self):
        assert share_out(Decimal("0.01"), {"b": Decimal(1), "a": Decimal(1)}) == {"a": Decimal("0.01"), "b": Decimal(0)}

    def test_takes_back_what_it_gave(self):
        assert sum(share_out(Decimal("-0.01"), {"a": Decimal(1), "b": Decimal(1)}).values()) == Decimal("-0.01")

    @pytest.mark.parametrize(
        ("total", "weights"),
        [("1.00", {}), ("1.00", {"a": "0"}), ("1.00", {"a": "2", "b": "-1"}), ("0.015", {"a": "1"})],
    )
    def test_refuses_what_cannot_be_shared(self, total, weights):
        with pytest.raises(ValueError, match=r"weights|fen"):
            share_out(Decimal(total), {key: Decimal(weight) for key, weight in weights.items()})


class TestYuan:
    @pytest.mark.parametrize("given", ["0.001", "NaN", "Infinity", "1e-3"])
    def test_refuses_what_is_no_amount(self, given):
        with pytest.raises(ValidationError):
            TypeAdapter(Yuan).validate_python(given)

    def test_is_a_string_with_two_places_in_json(self):
        assert TypeAdapter(Yuan).dump_json(TypeAdapter(Yuan).validate_python("1.5")) == b'"1.50"'

    @pytest.mark.parametrize(("amount", "rounded"), [("0.005", "0.01"), ("0.0149", "0.01"), ("-0.005", "-0.01")])
    def test_half_a_fen_goes_up(self, amount, rounded):
        assert to_fen(Decimal(amount)) == Decimal(rounded)
