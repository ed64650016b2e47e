"""The same sums as one would write them down in NumPy: no clauses, no findings, no lines, nothing checked or explained.

It knows one scheme and nothing else: base and a shared pool, an allowance by certificate, days in the post by the
fixed number of paid days, five schemes of contributions, differences of one month before, cumulative tax with its
three modes and an annual bonus by the better way. Arrays of whole fen come in and go out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]

PAID_DAYS = 2175  # hundredths
SHARE = 70  # of the base, in hundredths; the rest is pooled
BASIC_MONTHLY = 500_000
YEAR_ENDS = np.array([3_600_000, 14_400_000, 30_000_000, 42_000_000, 66_000_000, 96_000_000])
YEAR_RATES = np.array([3, 10, 20, 25, 30, 35, 45])
YEAR_QUICK = np.array([0, 252_000, 1_692_000, 3_192_000, 5_292_000, 8_592_000, 18_192_000])
MONTH_ENDS = np.array([300_000, 1_200_000, 2_500_000, 3_500_000, 5_500_000, 8_000_000])
MONTH_QUICK = np.array([0, 21_000, 141_000, 266_000, 441_000, 716_000, 1_516_000])


@dataclass(frozen=True)
class Sums:
    gross: Int
    contributions: Int
    employer_contributions: Int
    tax: Int
    net: Int


@dataclass(frozen=True)
class Figures:
    """`allowances` by code of certificate, the last for none. A scheme: rates in ten-thousandths, fen, unit in fen."""

    allowances: Int
    schemes: tuple[tuple[str, int, int, int, int, int, int], ...]


def straight(batch: Any, figures: Figures) -> Sums:
    inputs, year = batch.inputs, batch.year
    first: dict[str, Int] = {}
    again_sums = [_month(past.inputs, figures, first, past.mine, inputs.size) for past in batch.past]
    earned, worker, employer = _month(inputs, figures, first, np.arange(inputs.size), inputs.size)
    overtime, bonus = _entered(inputs, "overtime_pay"), _entered(inputs, "annual_bonus")
    reported = _entered(inputs, "additional.children_education")
    again = earned + overtime - worker - reported
    for past, then in zip(batch.past, again_sums, strict=True):
        _add_differences(past, figures, then, (earned, worker, employer))
    months = _months(batch)
    income = year.income + earned + overtime
    deductions = year.special + worker + year.exempt + year.reported["additional.children_education"]
    gone = year.relief + year.withheld
    left = 12 - int(batch.paid_in[5:])
    expected = income - deductions + left * again - BASIC_MONTHLY * np.minimum(months + left, 12)
    apart = _table(bonus, MONTH_ENDS, MONTH_QUICK, 12)
    is_apart = (bonus > 0) & (year.bonuses_apart == 0)
    is_apart &= tax_of_year(expected) + apart < tax_of_year(expected + bonus)
    within = np.where(is_apart, 0, bonus)
    tax = np.maximum(tax_of_year(income + within - deductions - BASIC_MONTHLY * months) - gone, 0)
    tax += np.where(is_apart, apart, 0)
    gross = earned + overtime + bonus
    return Sums(gross, worker, employer, tax, gross - worker - tax)


def _add_differences(past: Any, figures: Figures, then: tuple[Int, Int, Int], totals: tuple[Int, Int, Int]) -> None:
    then_earned, then_worker, then_employer = then
    earned, worker, employer = totals
    paid = past.paid
    differences = (
        (earned, then_earned - paid["base"] - paid["performance"] - paid["certificate_allowance"]),
        (worker, then_worker - sum(paid[f"{name}_worker"] for name, *_ in figures.schemes)),
        (employer, then_employer - sum(paid[f"{name}_employer"] for name, *_ in figures.schemes)),
    )
    here = past.mine >= 0
    for total, difference in differences:
        np.add.at(total, past.mine[here], difference[here])


def _month(inputs: Any, figures: Figures, first: dict[str, Int], mine: Int, slips: int) -> tuple[Int, Int, Int]:
    """Earned with what comes out of the pool, and both sides' contributions. `first`: by scheme and slip, the pay of a
    first month, which the months after it go by.
    """
    starts = np.flatnonzero(np.diff(inputs.slip, prepend=-1))
    last = np.append(starts[1:], len(inputs.slip)) - 1
    weekdays = np.add.reduceat(inputs.weekdays, starts)
    is_whole = np.add.reduceat(inputs.days, starts) == inputs.month_days
    counted = np.where(is_whole, 1, np.minimum(weekdays * 100, PAID_DAYS))
    under = np.where(is_whole, inputs.month_weekdays, np.maximum(weekdays, 1) * PAID_DAYS)
    allowance = figures.allowances[inputs.keys["certificate"].codes]
    standard = _half_up(np.add.reduceat(inputs.standard * inputs.weekdays, starts) * counted, under)
    extra = _half_up(np.add.reduceat(allowance * inputs.weekdays, starts) * counted, under)

    base = standard * SHARE // 100
    base += standard * SHARE % 100 >= 50
    total = int((standard - base).sum())
    points = inputs.score // np.gcd.reduce(inputs.score)
    whole = int(points.sum())
    shares = points * total // whole
    left = total - int(shares.sum())
    shares[_largest(points * total % whole, left)] += 1

    monthly = inputs.standard[last] + allowance[last]
    worker, employer = np.zeros_like(monthly), np.zeros_like(monthly)
    for name, of_worker, of_employer, fixed, floor, ceiling, unit in figures.schemes:
        pay, here = monthly, first.setdefault(name, np.full(slips, -1))
        for known in (inputs.kept.get(name), here[mine]):
            pay = pay if known is None else np.where(known < 0, pay, known)
        given = inputs.bases.get(name)
        here[mine] = pay if given is None else np.where(given < 0, pay, here[mine])
        pay = pay if given is None else np.where(given < 0, pay, given)
        pay = np.clip(pay, floor, ceiling)
        worker += (pay * of_worker * 2 + 10_000 * unit) // (20_000 * unit) * unit + fixed
        employer += (pay * of_employer * 2 + 10_000 * unit) // (20_000 * unit) * unit
    return base + shares + extra, worker, employer


def _largest(remainders: Int, count: int) -> Int:
    """Of equal ones the earlier; without sorting them all."""
    if not count:
        return np.zeros(0, dtype=np.int64)
    smallest = np.partition(remainders, -count)[-count]
    above = np.flatnonzero(remainders > smallest)
    equal = np.flatnonzero(remainders == smallest)
    return np.concatenate([above, equal[: count - len(above)]])


def _half_up(over: Int, under: Int) -> Int:
    found: Int = (2 * over + under) // (2 * under)
    return found


def _entered(inputs: Any, code: str) -> Int:
    found: Int = np.maximum(inputs.entered[code], 0)
    return found


def _months(batch: Any) -> Int:
    mode = batch.year.mode
    months: Int = batch.year.months
    for name, counted in (("annual_60000", 12), ("first_job_of_year", int(batch.paid_in[5:]))):
        if name in mode.words:
            months = np.where(mode.codes == mode.words.index(name), counted, months)
    return months


def tax_of_year(taxable: Int) -> Int:
    return _table(taxable, YEAR_ENDS, YEAR_QUICK, 1)


def _table(amounts: Int, ends: Int, quick: Int, months: int) -> Int:
    amounts = np.maximum(amounts, 0)
    place = np.searchsorted(ends * months, amounts, side="left")
    found: Int = (amounts * YEAR_RATES[place] - quick[place] * 100 + 50) // 100
    return found
