"""What a month's pay is made of, row by row and for one person: the amounts of a scheme's components."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from common.money import Yuan
from common.policy import rule
from payroll.rules.arithmetic import Bool, Int, Ratio, column, fen, half_up, share_out, yuan
from payroll.rules.composition import (
    OF_OTHERS,
    OF_STANDARD,
    PERFORMANCE,
    YEARS,
    Component,
    ComponentKind,
    PayComposition,
)

HUNDREDTHS = 100
DENSE = 4  # times the rows: all combinations of keys up to this many, beyond it those that occur

Codes = tuple[Int, tuple[str, ...]]  # numbers of words, -1 for none


@dataclass(frozen=True)
class Held:
    """What the monthly amounts go by, row by row; money in fen, zero where there is none."""

    standard: Int
    years: Int
    keys: Mapping[str, Codes]
    allowance: Int
    kept_level: Int
    part_time: Bool | None = None  # None: nobody is


@dataclass(frozen=True)
class Whole:
    """A monthly amount that is rounded as one, and the components that divide it (or the one that it is)."""

    amount: Int
    parts: tuple[Component, ...]

    def divide(self, amount: Int) -> dict[str, Int]:
        if len(self.parts) == 1:
            return {self.parts[0].component: amount}
        return share_out(amount, {one.component: Ratio.of(one.share or Decimal(0)) for one in self.parts})


@dataclass
class Made:
    """`missing`: rows that a table has no amount for, by component."""

    wholes: list[Whole] = field(default_factory=list)
    sources: dict[str, Int] = field(default_factory=dict)
    missing: dict[str, Bool] = field(default_factory=dict)

    @cached_property
    def amounts(self) -> dict[str, Int]:
        """Every component by itself, once all are made."""
        return self.sources | {
            code: amount for whole in self.wholes for code, amount in whole.divide(whole.amount).items()
        }

    def amount_of(self, code: str) -> Int:
        if code in self.sources:
            return self.sources[code]
        whole = next(one for one in self.wholes if any(part.component == code for part in one.parts))
        return whole.divide(whole.amount)[code]

    def sum_where(self, counts: Callable[[Component], bool]) -> Int | None:
        """The sum of what counts, None where nothing does."""
        found: list[Int] = []
        for whole in self.wholes:
            chosen = [one for one in whole.parts if counts(one)]
            if len(chosen) == len(whole.parts):
                found.append(whole.amount)
            elif chosen:
                parts = whole.divide(whole.amount)
                found += [parts[one.component] for one in chosen]
        return sum(found[1:], found[0]) if found else None


def monthly_amounts(terms: PayComposition, held: Held) -> Made:
    """The whole month's amount of every monthly component, in fen. Rows that a component does not pay have zero."""
    made = Made()
    for one in terms.monthly:
        parts = _parts(terms, one)
        if any(one.component == part.component for whole in made.wholes for part in whole.parts):
            continue  # a share of a whole that already stands
        paid = _paid(terms, one, held.part_time)
        amount = _monthly(one, made, held, paid)
        if paid is not None:
            amount = amount * paid
        if one.paid:
            made.wholes.append(Whole(amount, parts))
        else:
            made.sources[one.component] = amount
    return made


def _parts(terms: PayComposition, one: Component) -> tuple[Component, ...]:
    if one.kind in OF_STANDARD:
        return terms.standard_parts
    if one.kind in OF_OTHERS and one.of[0] in terms.unpaid:
        return terms.parts_of(one.of)
    return (one,)


def _paid(terms: PayComposition, one: Component, part_time: Bool | None) -> Bool | None:
    """The rows that a component pays; None for all."""
    if part_time is None:
        return None if terms.pays(one, part_time=False) else np.zeros(1, dtype=bool)
    full, part = terms.pays(one, part_time=False), terms.pays(one, part_time=True)
    if full and part:
        return None
    return part_time if part else ~part_time if full else np.zeros(1, dtype=bool)


def _monthly(one: Component, made: Made, held: Held, paid: Bool | None) -> Int:
    kind = one.kind
    if kind in OF_STANDARD:
        return held.standard
    if kind is ComponentKind.CERTIFICATE_ALLOWANCE:
        return held.allowance
    if kind is ComponentKind.BY_TABLE:
        return _by_table(one, made, held, paid)
    amount = fen(one.amount or Decimal(0))
    if kind is ComponentKind.PER_YEAR:
        years = held.years if one.most_years is None else np.minimum(held.years, one.most_years)
        return years * amount
    if kind is ComponentKind.KEPT_LEVEL:
        reached = made.sum_where(lambda _: True)
        return held.kept_level if reached is None else np.maximum(held.kept_level - reached, 0)
    found = [made.amount_of(code) for code in one.of]
    reached = sum(found[1:], found[0])
    if kind is ComponentKind.FLOOR_OF:
        return np.maximum(amount - reached, 0)
    if kind is ComponentKind.CEILING_OF:
        return np.minimum(amount - reached, 0)
    if one.of[0] in made.sources:
        return reached
    return half_up(reached, Ratio.of(one.share or Decimal(0)))


def _by_table(one: Component, made: Made, held: Held, paid: Bool | None) -> Int:
    rows = len(held.years)
    place = np.zeros(rows, dtype=np.int64)
    axes: list[tuple[str, ...]] = []
    for number, key in enumerate(one.keys):
        codes, words = _codes(one, held, key, number)
        place *= len(words) + 1
        place += codes + 1
        axes.append(("", *words))
    size = int(np.prod([len(axis) for axis in axes], dtype=object))
    if size <= DENSE * rows:
        combinations, inverse = range(size), place
    else:
        found, inverse = np.unique(place, return_inverse=True)
        combinations = found.tolist()
    otherwise = 0 if one.optional else -1
    if one.otherwise is not None:
        otherwise = fen(one.otherwise)
    amounts = [fen(one.amounts[key]) if (key := _key(axes, at)) in one.amounts else otherwise for at in combinations]
    amount = column(*amounts)[inverse]
    if otherwise < 0 and (missing := (amount < 0) if paid is None else (amount < 0) & paid).any():
        made.missing[one.component] = missing
    return np.maximum(amount, 0) if otherwise < 0 else amount


def _key(axes: list[tuple[str, ...]], place: int) -> str:
    words = []
    for axis in reversed(axes):
        place, at = divmod(place, len(axis))
        words.append(axis[at])
    return "|".join(reversed(words))


def _codes(one: Component, held: Held, key: str, number: int) -> Codes:
    if key == YEARS:
        starts = sorted({int(known.split("|")[number]) for known in one.amounts})
        return np.searchsorted(starts, held.years, side="right") - 1, tuple(str(start) for start in starts)
    return held.keys.get(key) or (np.full(len(held.years), -1), ())


def hourly_pay(hours: Int, rate: Decimal) -> Int:
    """Fen for hundredths of hours at yuan an hour, half up."""
    return half_up(hours, Ratio(fen(rate), HUNDREDTHS))


class ComponentAmount(BaseModel):
    component: str
    label_zh: str
    kind: ComponentKind
    share: Decimal | None
    amount: Yuan


class Composition(BaseModel):
    amounts: list[ComponentAmount]


@rule("pay.composition")
def compose_pay(
    terms: PayComposition,
    *,
    standard: Annotated[Yuan, Field(title="本月标准工资", ge=0)],
    entered: Annotated[Yuan | None, Field(title="填报的绩效工资", ge=0)] = None,
    allowance: Annotated[Yuan | None, Field(title="证书补贴", ge=0)] = None,
    keys: Annotated[dict[str, str] | None, Field(title="岗位类别、等级、学历等")] = None,
    years: Annotated[int, Field(title="工作年限（满年）", ge=0)] = 0,
    kept_level: Annotated[Yuan | None, Field(title="原月工资（不予下调）", ge=0)] = None,
    hours: Annotated[Decimal | None, Field(title="非全日制工时（至百分之一小时）", ge=0, decimal_places=2)] = None,
) -> Composition:
    """What a month's pay is made of, component by component.

    share_of_standard is paid as it is; pooled_share_of_standard needs pool.shares answered too, certificate_allowance
    needs allowance.certificate; entered is typed in for each month (`entry`, otherwise performance_pay). by_table is
    the amount of the person's keys (post_class, grade, education, title, level, result …, joined by "|"; in the place
    of `years` stands the number of years from which it holds); a key that is not there takes `else`, is nothing where
    `optional`, and is a finding otherwise. per_year is an amount for each full year, up to `most_years`. share_of and
    pooled_share_of take shares of other components: of such as are not paid themselves, together the whole; of paid
    ones, on top. floor_of and ceiling_of lift or cut the sum of others to an amount. kept_level tops the monthly sum
    up to what the person had before. hourly is a rate for each hour entered.

    Our reading: the shares of a whole add up to it to the fen, a left-over fen going to the larger remainder.
    A pooled share is what the worker's post brings into the pool, not yet what comes out of it. An amount that
    nobody entered is nothing; an allowance appears only for whoever holds a certificate.
    """
    held = Held(
        standard=column(fen(standard)),
        years=column(years),
        keys={name: (column(0), (word,)) for name, word in (keys or {}).items()},
        allowance=column(fen(allowance or Decimal(0))),
        kept_level=column(fen(kept_level or Decimal(0))),
        part_time=None if hours is None else np.ones(1, dtype=bool),
    )
    made = monthly_amounts(terms, held)
    for component, missing in made.missing.items():
        if missing[0]:
            raise ValueError(f"{component}: no amount for these keys")
    amounts = [(one, _one_amount(one, made, entered=entered, hours=hours)) for one in terms.components if one.paid]
    return Composition(
        amounts=[
            ComponentAmount(
                component=one.component, label_zh=one.label_zh, kind=one.kind, share=one.share, amount=amount
            )
            for one, amount in amounts
            if amount or one.share is not None or one.pays_entry(PERFORMANCE)
        ]
    )


def _one_amount(one: Component, made: Made, *, entered: Decimal | None, hours: Decimal | None) -> Decimal:
    if one.kind.is_monthly:
        return yuan(made.amounts[one.component][0])
    if one.kind is ComponentKind.HOURLY and one.rate is not None:
        return yuan(hourly_pay(column(int((hours or 0) * HUNDREDTHS)), one.rate)[0])
    return (entered if one.pays_entry(PERFORMANCE) else None) or Decimal("0.00")
