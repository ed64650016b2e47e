"""Exact money in columns: whole fen as int64, rates as fractions of integers, every rounding said by name.

A column holds amounts of at most `MOST` fen (ten thousand million yuan) either way, and is multiplied by at most
`MOST_FACTOR`, so a product keeps clear of 2**63. What terms and facts may say sees to both (`amounts`,
`common.decimals`, `PayComposition`, `MOST_PAY`). Where a factor or one row's amount is larger, the same formulas go on
over Python's own integers (dtype object): slower, and just as exact. Amounts come back as they were given.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import gcd, prod
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from common.money import FEN

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
T = TypeVar("T")

MOST = 10**12
MOST_FACTOR = 4 * 10**6
WIDE = 2**60  # products from here on are worked out in Python's integers; twice one, and half a fen, still fits
FEW = 64


class Rounding(StrEnum):
    HALF_UP = "half_up"
    UP = "up"
    DOWN = "down"


class Same(Generic[T]):
    """Things that never change, as the key of a cache: known by being the very same, for tables have no hash."""

    __slots__ = ("_ids", "them")

    def __init__(self, *them: T) -> None:
        self.them = them
        self._ids = tuple(map(id, them))

    @property
    def it(self) -> T:
        [it] = self.them
        return it

    def __hash__(self) -> int:
        return hash(self._ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._ids == other._ids


@dataclass(frozen=True)
class Ratio:
    over: int
    under: int = 1

    @classmethod
    def of(cls, value: Decimal) -> "Ratio":
        return _ratio(value)


@lru_cache(maxsize=4096)
def _ratio(value: Decimal) -> Ratio:
    return Ratio(*value.as_integer_ratio())


def simplest(over: int, under: int) -> Ratio:
    divisor = gcd(over, under)
    return Ratio(over // divisor, under // divisor)


@lru_cache(maxsize=4096)
def fen(yuan: Decimal) -> int:
    """Whole fen; the amount has at most two decimal places."""
    return int(yuan / FEN)


def yuan(amount: Any) -> Decimal:
    """One amount of a column, in yuan."""
    return int(amount) * FEN


def column(*amounts: int) -> Int:
    """A column of a few rows, wide enough for what it holds."""
    wide = max((abs(amount) for amount in amounts), default=0) > MOST
    return np.array(amounts, dtype=object if wide else np.int64)


def zeros(rows: int) -> Int:
    return np.zeros(rows, dtype=np.int64)


def times(amounts: Int, factor: int) -> Int:
    if abs(factor) > MOST_FACTOR and amounts.dtype != object:
        amounts = amounts.astype(object)
    return amounts * factor


def product(amounts: Int, factors: Int) -> Int:
    """Row by row, where neither side is bounded tightly enough for the other."""
    sizes = (int(np.abs(one).max(initial=0)) for one in (amounts, factors))
    if amounts.dtype != object and prod(sizes) >= WIDE:
        amounts = amounts.astype(object)
    return amounts * factors


def half_up(amounts: Int, ratio: Ratio) -> Int:
    """`amounts` times `ratio`, half a fen and more up; amounts are not negative."""
    if ratio.under == 1:
        found = times(amounts, ratio.over)
    else:
        found = times(amounts, 2 * ratio.over)
        found += ratio.under
        found //= 2 * ratio.under
    return found.astype(amounts.dtype, copy=False)


def rounded(amounts: Int, ratio: Ratio, unit: int, mode: Rounding) -> Int:
    """`amounts` times `ratio` to whole `unit` fen, in fen; amounts are not negative."""
    if ratio.over == 0:
        return np.zeros_like(amounts)
    under = ratio.under * unit
    if mode is Rounding.HALF_UP:
        found = times(amounts, ratio.over if under == 1 else 2 * ratio.over)
        if under != 1:
            found += under
            found //= 2 * under
    elif mode is Rounding.UP:
        found = -(times(amounts, -ratio.over) // under)
    else:
        found = times(amounts, ratio.over) // under
    return (found if unit == 1 else times(found, unit)).astype(amounts.dtype, copy=False)


def half_up_by(over: Int, under: Int) -> Int:
    """Row by row; `over` may be negative, then the same amount without its sign is rounded."""
    negative = over < 0
    if not np.count_nonzero(negative):
        return (2 * over + under) // (2 * under)
    size = (2 * np.abs(over) + under) // (2 * under)
    return np.where(negative, -size, size)


def share_out(wholes: Int, shares: dict[str, Ratio]) -> dict[str, Int]:
    """Each whole divided so that its parts add up to it: largest remainder, equal ones to the smaller name.

    The shares add up to 1, the wholes are not negative.
    """
    if len(shares) == 1:
        return dict.fromkeys(shares, wholes)
    names = sorted(shares)
    if len(names) == 2:  # of two remainders the larger is the one of half a fen and more
        first = half_up(wholes, shares[names[0]])
        return {names[0]: first, names[1]: wholes - first}
    under = int(np.lcm.reduce([one.under for one in shares.values()], dtype=object))
    exact = [times(wholes, shares[name].over * (under // shares[name].under)) for name in names]
    parts = [one // under for one in exact]
    remainders = [one - part * under for one, part in zip(exact, parts, strict=True)]
    left = wholes - sum(parts[1:], parts[0])
    order = np.argsort(-np.stack(remainders).astype(np.int64), axis=0, kind="stable")
    ranks = np.argsort(order, axis=0, kind="stable")
    return {name: part + (ranks[place] < left) for place, (name, part) in enumerate(zip(names, parts, strict=True))}


def _largest(remainders: Int, count: int) -> Int:
    """The places of the `count` largest; of equal ones the earlier."""
    if remainders.dtype == object:
        return np.argsort(-remainders, kind="stable")[:count]
    smallest = np.partition(remainders, -count)[-count]
    above = np.flatnonzero(remainders > smallest)
    equal = np.flatnonzero(remainders == smallest)
    return np.concatenate([above, equal[: count - len(above)]])


def share_by_weights(total: int, weights: Int) -> Int:
    """`total` fen by the rows' weights: largest remainder, equal ones to the earlier row; the parts add up to it.

    Weights are not negative and not all zero. Products beyond int64 are worked out in Python's integers.
    """
    divisor = _divisor(weights) if weights.dtype != object else 1
    if divisor > 1:
        weights = weights // divisor
    whole = int(weights.sum())
    if whole <= 0:
        raise ValueError("the weights add up to nothing")
    if weights.dtype != object and total * int(weights.max()) >= 2**62:
        weights = weights.astype(object)
    exact = weights * total
    parts = exact // whole
    left = total - int(parts.sum())
    if left:
        exact -= parts * whole
        parts[_largest(exact, left)] += 1
    if int(parts.sum()) != total:
        raise ArithmeticError(f"shares of {parts.sum()} fen do not make up the whole of {total}")
    return parts.astype(np.int64, copy=False)


def _divisor(weights: Int) -> int:
    """What divides all of them: mostly nothing does, and the first few say so."""
    found = int(np.gcd.reduce(weights[:FEW]))
    return found if found == 1 or len(weights) <= FEW else int(np.gcd.reduce(weights))
