"""Decimal figures as people may send them and policy may fix them: few places, nothing that is endless to reckon."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

MOST_PLACES = 6  # of a rate: what is reckoned in whole numbers is multiplied by a million at most


def plain(figure: Decimal) -> Decimal:
    """The same figure without an exponent or a long tail of zeros: `0e-9000000` is short to send, not to work with.

    It stands after bounds on size and places, for only those keep what is left short.
    """
    exponent = figure.as_tuple().exponent
    if isinstance(exponent, int) and -MOST_PLACES <= exponent <= 0:
        return figure
    return Decimal(f"{figure.normalize():f}")


PLAIN = AfterValidator(plain)
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=MOST_PLACES), PLAIN]
