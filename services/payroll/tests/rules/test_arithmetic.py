"""Money in columns: every rounding, and shares that make up their whole."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import money
from payroll.rules.arithmetic import (
    MOST,
    WIDE,
    Ratio,
    Rounding,
    column,
    half_up,
    half_up_by,
    product,
    rounded,
    share_by_weights,
    share_out,
    yuan,
)

MODES = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.UP: ROUND_CEILING, Rounding.DOWN: ROUND_FLOOR}
FEN = st.integers(0, MOST)
RATES = st.decimals("0", "1", places=4)


class TestRounding:
    @given(amount=FEN, rate=RATES)
    def test_half_a_fen_goes_up_as_in_decimals(self, amount: int, rate: Decimal) -> None:
        assert yuan(half_up(column(amount), Ratio.of(rate))[0]) == money.to_fen(yuan(amount) * rate)

    @given(amount=FEN, rate=RATES, unit=st.sampled_from([1, 10, 100]), mode=st.sampled_from(Rounding))
    def test_any_unit_and_way(self, amount: int, rate: Decimal, unit: int, mode: Rounding) -> None:
        exact = (Decimal(amount) * rate / unit).quantize(Decimal(1), MODES[mode]) * unit

        assert rounded(column(amount), Ratio.of(rate), unit, mode)[0] == exact

    @pytest.mark.parametrize(
        ("over", "under", "found"),
        [(149, 100, 1), (150, 100, 2), (-149, 100, -1), (-150, 100, -2), (0, 100, 0)],
    )
    def test_an_amount_and_its_negative_are_rounded_alike(self, over: int, under: int, found: int) -> None:
        assert half_up_by(column(over), column(under))[0] == found

    @given(amount=st.integers(MOST + 1, 10**14), rate=st.decimals("0", "1", places=12))
    def test_beyond_what_a_column_holds_it_is_as_exact(self, amount: int, rate: Decimal) -> None:
        exact = (Decimal(amount) * rate).quantize(Decimal(1), ROUND_HALF_UP)

        assert half_up(column(amount), Ratio.of(rate))[0] == exact


class TestProduct:
    @given(amount=st.integers(-MOST * 31, MOST * 31), factor=st.integers(0, 10**6))
    def test_is_exact_also_beyond_int64(self, amount: int, factor: int) -> None:
        assert int(product(np.array([amount]), np.array([factor]))[0]) == amount * factor

    @pytest.mark.parametrize(("amount", "is_wide"), [(WIDE - 1, False), (WIDE, True), (-WIDE, True)])
    def test_is_worked_out_in_wide_integers_from_where_it_must_be(self, amount: int, is_wide: bool) -> None:
        assert (product(np.array([amount]), np.array([1])).dtype == object) is is_wide

    @given(amount=st.integers(0, 10**8), rate=st.decimals("0", "1", places=12))
    def test_a_wide_factor_gives_back_what_it_was_given(self, amount: int, rate: Decimal) -> None:
        for found in (half_up(column(amount), Ratio.of(rate)), rounded(column(amount), Ratio.of(rate), 1, Rounding.UP)):
            assert found.dtype == np.int64


class TestShares:
    @given(
        whole=st.integers(0, 10**10),
        shares=st.sampled_from([("1",), ("0.7", "0.3"), ("0.5", "0.5"), ("0.333", "0.333", "0.334"), ("0.1",) * 10]),
    )
    def test_parts_are_those_of_the_largest_remainder(self, whole: int, shares: tuple[str, ...]) -> None:
        names = {f"part_{number}": Decimal(share) for number, share in enumerate(shares)}

        parts = share_out(column(whole), {name: Ratio.of(share) for name, share in names.items()})

        assert {name: yuan(part[0]) for name, part in parts.items()} == money.share_out(yuan(whole), names)

    @given(
        total=st.integers(0, 10**12),
        weights=st.lists(st.integers(0, 10**12), min_size=1, max_size=40).filter(any),
    )
    def test_a_pool_goes_out_whole_whatever_the_size_of_the_weights(self, total: int, weights: list[int]) -> None:
        names = {f"worker-{number:02}": Decimal(weight) for number, weight in enumerate(weights)}

        shares = share_by_weights(total, np.array(weights))

        assert int(shares.sum()) == total
        assert dict(zip(names, map(yuan, shares), strict=True)) == money.share_out(yuan(total), names)

    def test_nobody_with_a_weight_is_refused(self) -> None:
        with pytest.raises(ValueError, match="nothing"):
            share_by_weights(100, column(0, 0))
