"""Money: whole fen inside, decimal strings of yuan outside."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

FEN = Decimal("0.01")
_TOO_MUCH = Decimal(10) ** 12


def to_fen(amount: Decimal) -> Decimal:
    """Yuan rounded half up to the fen (law sets no mode; filing clients round so)."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def whole_fen(amount: Decimal) -> int:
    """Yuan as a whole number of fen; ValueError where a fraction of a fen would be lost."""
    if amount != to_fen(amount):
        raise ValueError(f"{amount} yuan is not whole fen")
    return int(amount.scaleb(2))


def in_yuan(fen: int) -> Decimal:
    """Whole fen as yuan with two decimal places."""
    return Decimal(fen).scaleb(-2)


def in_two_places(amount: Decimal) -> Decimal:
    """An amount in yuan as it may be written; ValueError where it has more places or digits."""
    if not amount.is_finite() or abs(amount) >= _TOO_MUCH or amount != to_fen(amount):
        raise ValueError("an amount in yuan has at most two decimal places and twelve digits before them")
    return to_fen(amount)


Yuan = Annotated[Decimal, AfterValidator(in_two_places), PlainSerializer(str, return_type=str)]


def share_out(total: Decimal, weights: dict[str, Decimal]) -> dict[str, Decimal]:
    """Divide `total` yuan by `weights` so that the shares add up to the fen (largest remainder).

    Equal remainders go to the smaller key, so that the same input always gives the same shares.
    """
    whole = sum(map(Fraction, weights.values()), Fraction(0))
    if whole <= 0 or min(weights.values()) < 0:
        raise ValueError("the weights add up to nothing, or one is negative")
    if total != to_fen(total):
        raise ValueError("the total is not whole fen")
    fen = int(total / FEN)
    exact = {key: fen * Fraction(weight) / whole for key, weight in weights.items()}
    shares = {key: floor(amount) for key, amount in exact.items()}
    left = fen - sum(shares.values())
    for key in sorted(exact, key=lambda key: (shares[key] - exact[key], key))[:left]:
        shares[key] += 1
    return {key: Decimal(amount) * FEN for key, amount in shares.items()}
