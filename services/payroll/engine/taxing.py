"""Tax on a street's pay: cumulative over the tax year, a bonus taxed apart or with the wages."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from payroll.engine.answers import Unanswered, terms_of
from payroll.engine.columns import Answers, Inputs, Int, Year
from payroll.engine.rows import said
from payroll.engine.sheet import sum_of
from payroll.rules.arithmetic import fen, zeros
from payroll.rules.bonus import BonusApart, BonusChoice, apart_is_better
from payroll.rules.tax import BasicMonths, CumulativeWithholding, SoFar, basic_months, tax_on, withhold

MONTHS_OF_YEAR = 12
ADDITIONAL, OTHER, RELIEF = "additional", "other", "relief"


@dataclass(frozen=True)
class Paid:
    """What is paid now, in fen: all of it, what of that is exempt, own contributions, and the annual bonus in it.

    `usual`, `usual_exempt`, `usual_special`: the same of this month alone, without the differences of earlier ones.
    `late_relief`: what was entered for earlier months that are paid for the first time now.
    """

    gross: Int
    exempt: Int | None
    special: Int
    bonus: Int | None
    usual: Int
    usual_exempt: Int | None
    usual_special: Int
    late_relief: Int

    def of_another_month(self, rows: Int) -> Int:
        """What taxable income another month may bring: without differences and bonus."""
        found = self.usual[rows] - self.usual_special[rows]
        for less in (self.bonus, self.usual_exempt):
            if less is not None:
                found -= less[rows]
        return found


@dataclass(frozen=True)
class Taxed:
    """`income` is what the year's tax goes by; `bonus` what was taxed apart; `additional` and `other` what this slip
    adds to the deductions of the year: less than nothing where more was deducted before than counts now.
    None is nothing for anybody.
    """

    income: Int
    tax: Int
    bonus: Int | None
    bonus_tax: Int | None
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
    additional, other = (_of_year(year, name) for name in (ADDITIONAL, OTHER))
    relief = _with(paid.late_relief, reported_of(inputs.entered, RELIEF))
    months = year.months
    if desk.months is not None:
        months = basic_months(desk.months, year.mode.codes, year.mode.words, months, month=desk.month)
    so_far = SoFar(
        income=year.income + paid.gross,
        exempt=_with(year.exempt, paid.exempt),
        special=year.special + paid.special,
        additional=additional,
        other=other,
        relief=year.relief + relief,
        withheld=year.withheld,
    )
    income, bonus, bonus_tax = paid.gross, None, None
    now = tuple(reported_of(inputs.entered, name) for name in (ADDITIONAL, OTHER))
    apart = _taxed_apart(desk, year, paid, so_far, months, now)
    if apart is not None:
        bonus, bonus_tax, income = zeros(inputs.size), zeros(inputs.size), income.copy()
        bonus[apart.rows], bonus_tax[apart.rows] = apart.bonus, apart.tax
        income[apart.rows] -= apart.bonus
        so_far.income[apart.rows] -= apart.bonus
    withheld = withhold(desk.withholding, months, so_far).withhold
    return Taxed(income, withheld, bonus, bonus_tax, additional - year.additional, other - year.other, relief)


def _with(amounts: Int, more: Int | None) -> Int:
    return amounts if more is None else amounts + more


def _of_year(year: Year, name: str) -> Int:
    """Deductions of the tax year, a month of it counts once, however often somebody is paid in it."""
    found = reported_of(year.reported, name)
    return zeros(len(year.months)) if found is None else found


def reported_of(amounts: Mapping[str, Int], name: str) -> Int | None:
    """Deductions as the person reported them, of all items together."""
    named = [said(amounts, code) for code in amounts if code == name or code.startswith(f"{name}.")]
    found = [amount for amount in named if amount is not None]
    return sum_of(found, len(found[0])) if found else None


@dataclass(frozen=True)
class _Apart:
    """Whose bonus is taxed apart, and its tax."""

    rows: Int
    bonus: Int
    tax: Int


def _taxed_apart(
    desk: Desk, year: Year, paid: Paid, so_far: SoFar, months: Int, reported: tuple[Int | None, ...]
) -> _Apart | None:
    """The bonuses that are taxed apart; the others go with the wages.

    The person's choice counts as long as taxing apart is open. Without one, the way with less tax over the year is
    taken: the year so far, and for each month still to come what this one brings without differences and the bonus.
    """
    if paid.bonus is None or desk.choice is None or desk.apart is None:
        return None
    [rows] = ((paid.bonus > 0) & (year.bonuses_apart < desk.choice.times_a_year)).nonzero()
    if not len(rows):
        return None
    bonus, left = paid.bonus[rows], MONTHS_OF_YEAR - desk.month
    month = paid.of_another_month(rows)
    for amounts in reported:
        if amounts is not None:
            month -= amounts[rows]
    counted = np.minimum(months[rows] + left, MONTHS_OF_YEAR)
    expected = so_far.income[rows] - bonus + left * month - counted * fen(desk.withholding.basic_monthly)
    for deductions in (so_far.exempt, so_far.special, so_far.additional, so_far.other):
        expected -= deductions[rows]
    brackets = desk.withholding.brackets
    own_tax = tax_on(desk.apart.brackets, bonus, months=desk.apart.months)
    separate = tax_on(brackets, np.maximum(expected, 0)) + own_tax
    merged = tax_on(brackets, np.maximum(expected + bonus, 0))
    better = apart_is_better(desk.choice, separate, merged)
    codes, words = year.bonus_way.codes[rows], year.bonus_way.words
    chosen = np.array([*(word == "separate" for word in words), False], dtype=bool)[codes]
    apart = np.where(codes >= 0, chosen, better)
    return _Apart(rows[apart], bonus[apart], own_tax[apart]) if np.count_nonzero(apart) else None
