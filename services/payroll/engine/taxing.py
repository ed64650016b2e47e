"""Tax on a street's pay: cumulative over the tax year, a bonus taxed apart or with the wages."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from payroll.engine.answers import Unanswered, terms_of
from payroll.engine.columns import Answers, Inputs, Int, Year
from payroll.engine.rows import said
from payroll.rules.arithmetic import fen, zeros
from payroll.rules.bonus import BonusApart, BonusChoice, apart_is_better
from payroll.rules.tax import BasicMonths, CumulativeWithholding, SoFar, basic_months, tax_on, withhold

MONTHS_OF_YEAR = 12


@dataclass(frozen=True)
class Paid:
    """What is paid now, in fen: all of it, what of that is exempt, own contributions, and the annual bonus in it."""

    gross: Int
    exempt: Int
    special: Int
    bonus: Int | None
    usual: Int  # less exempt and own contributions, without differences and bonus: what another month may bring


@dataclass(frozen=True)
class Taxed:
    """`income` is what the year's tax goes by; `bonus` what was taxed apart. `reported`: deductions of this month."""

    income: Int
    tax: Int
    bonus: Int
    bonus_tax: Int
    additional: Int
    other: Int
    relief: Int


@dataclass(frozen=True)
class Desk:
    """By what tax is worked out in a month of payment."""

    withholding: CumulativeWithholding
    months: BasicMonths | None
    apart: BonusApart | None
    choice: BonusChoice | None
    month: int


def desk_of(answers: Answers, *, paid_in: str, inputs: Inputs) -> Desk:
    withholding = terms_of(answers, "tax.cumulative_withholding", CumulativeWithholding)
    if withholding is None:
        raise Unanswered("tax.cumulative_withholding", area=inputs.area, staff=inputs.staff, month=paid_in)
    return Desk(
        withholding=withholding,
        months=terms_of(answers, "tax.basic_months", BasicMonths),
        apart=terms_of(answers, "tax.bonus_apart", BonusApart),
        choice=terms_of(answers, "tax.bonus_choice", BonusChoice),
        month=int(paid_in[5:]),
    )


def tax(desk: Desk, inputs: Inputs, year: Year, paid: Paid) -> Taxed:
    """Nobody is paid back what was withheld before: it is carried within the year."""
    additional = _reported(inputs, "additional")
    other = _reported(inputs, "other")
    relief = said(inputs.entered, "relief")
    relief = zeros(inputs.size) if relief is None else relief
    months = year.months
    if desk.months is not None:
        months = basic_months(desk.months, year.mode.codes, year.mode.words, months, month=desk.month)
    apart = zeros(inputs.size)
    apart_tax = apart
    so_far = SoFar(
        income=year.income + paid.gross,
        exempt=year.exempt + paid.exempt,
        special=year.special + paid.special,
        additional=year.additional + additional,
        other=year.other + other,
        relief=year.relief + relief,
        withheld=year.withheld,
    )
    income = paid.gross
    if paid.bonus is not None and desk.apart is not None and paid.bonus.any():
        apart = _taxed_apart(desk, year, paid, so_far, months, additional + other)
        apart_tax = tax_on(desk.apart.brackets, apart, months=desk.apart.months)
        income = income - apart
        so_far.income[:] -= apart
    withheld = withhold(desk.withholding, months, so_far).withhold
    return Taxed(income, withheld, apart, apart_tax, additional, other, relief)


def _reported(inputs: Inputs, name: str) -> Int:
    """Deductions as the person reported them, of all items together."""
    total = zeros(inputs.size)
    for code in inputs.entered:
        if code == name or code.startswith(f"{name}."):
            amount = said(inputs.entered, code)
            if amount is not None:
                total = total + amount
    return total


def _taxed_apart(desk: Desk, year: Year, paid: Paid, so_far: SoFar, months: Int, reported: Int) -> Int:
    """The bonus where it is taxed apart, zero where it goes with the wages.

    The person's choice counts as long as taxing apart is open. Without one, the way with less tax over the year is
    taken: the year so far, and for each month still to come what this one brings without differences and the bonus.
    """
    bonus = cast(Int, paid.bonus)
    apart = np.zeros_like(bonus)
    if desk.choice is None or desk.apart is None:
        return apart
    rows = np.flatnonzero((bonus > 0) & (year.bonuses_apart < desk.choice.times_a_year))
    if not len(rows):
        return apart
    basic = fen(desk.withholding.basic_monthly)
    left = MONTHS_OF_YEAR - desk.month
    month = (paid.usual - reported)[rows]
    counted = np.minimum(months[rows] + left, MONTHS_OF_YEAR)
    so_far_taxable = (so_far.income - so_far.exempt - so_far.special - so_far.additional - so_far.other)[rows]
    expected = so_far_taxable - bonus[rows] + left * month - counted * basic
    brackets = desk.withholding.brackets
    own_tax = tax_on(desk.apart.brackets, bonus[rows], months=desk.apart.months)
    separate = tax_on(brackets, np.maximum(expected, 0)) + own_tax
    merged = tax_on(brackets, np.maximum(expected + bonus[rows], 0))
    better = apart_is_better(desk.choice, separate, merged)
    codes, words = year.bonus_way.codes[rows], year.bonus_way.words
    chosen = np.array([*(word == "separate" for word in words), False], dtype=bool)[codes]
    apart[rows] = np.where(np.where(codes >= 0, chosen, better), bonus[rows], 0)
    return apart
