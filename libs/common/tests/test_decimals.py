"""Decimals as they may be written: what is short to send is short to reckon with."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from common.decimals import Share

SHARE: TypeAdapter[Decimal] = TypeAdapter(Share)


class TestShare:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            pytest.param("0.16", "0.16", id="as it is written"),
            pytest.param("0.160", "0.160", id="with its zeros"),
            pytest.param("0.161235", "0.161235", id="six places"),
            pytest.param("0.1600000", "0.16", id="more places that say nothing"),
            pytest.param("1." + "0" * 100_000, "1", id="a long tail of zeros"),
            pytest.param("0e-10000000", "0", id="nothing, with a large exponent"),
            pytest.param("0e999999", "0", id="nothing, with a large exponent above"),
            pytest.param("1e-6", "0.000001", id="an exponent"),
            pytest.param(0.1, "0.1", id="a number of JSON"),
        ],
    )
    def test_is_kept_plain(self, written: str | float, kept: str) -> None:
        assert str(SHARE.validate_python(written)) == kept

    @pytest.mark.parametrize(
        "written", ["0.1612351", "1e-7", "1e-10000000", "1.000001", "-0.000001", "1e9", "NaN", "sNaN"]
    )
    def test_is_not_beyond_its_bounds(self, written: str) -> None:
        with pytest.raises(ValidationError):
            SHARE.validate_python(written)
