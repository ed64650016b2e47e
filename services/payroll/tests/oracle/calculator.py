"""One person at a time, in Decimal yuan, from the law and the clauses alone: what the engine is held against.

Nothing of the engine or the rules is used or followed here. Slow, and meant to be read beside the law.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

from payroll.tests.oracle.records import NOTHING, Terms, YearSoFar, Yuan

FEN = Decimal("0.01")
MODES = {"half_up": ROUND_HALF_UP, "up": ROUND_UP, "down": ROUND_DOWN}


def to_fen(amount: Decimal | Fraction) -> Yuan:
    """Half up; a fraction is compared exactly, so that no division is cut off first."""
    if isinstance(amount, Fraction):
        fen = amount * 100
        whole = abs(fen).__floor__()
        rounded = whole + (abs(fen) - whole >= Fraction(1, 2))
        return Decimal(rounded if fen >= 0 else -rounded).scaleb(-2)
    return amount.quantize(FEN, ROUND_HALF_UP)


def exactly(amount: Decimal) -> Fraction:
    return Fraction(amount)


# Tax


@dataclass(frozen=True)
class Withheld:
    taxable: Yuan
    tax: Yuan
    now: Yuan


def tax_on(amount: Yuan, brackets: Iterable[Terms], *, found_by: Fraction | None = None) -> Yuan:
    """By the bracket that `amount` (or `found_by`) lies in, its upper end included."""
    size = exactly(amount) if found_by is None else found_by
    for bracket in brackets:
        if bracket["up_to"] is None or size <= Fraction(bracket["up_to"]):
            return to_fen(amount * Decimal(bracket["rate"]) - Decimal(bracket["quick"]))
    raise AssertionError("the last bracket has no end")


def basic_months(terms: Terms, *, mode: str, employed: int, month: int) -> int:
    if mode not in terms["modes"]:
        return employed
    if mode == "annual_60000":
        return int(terms["whole_year"])
    return month if mode == "first_job_of_year" else employed


def withhold(
    terms: Terms, *, year: YearSoFar, months: int, month: Mapping[str, Yuan], extra_income: Yuan = NOTHING
) -> Withheld:
    """What is owed on the year so far, less relief and what was withheld before; never less than nothing."""
    income = year.income + month["income"] + extra_income
    deductions = Decimal(terms["basic_monthly"]) * months
    for name in ("exempt", "special", "additional", "other"):
        deductions += getattr(year, name) + month[name]
    taxable = max(income - deductions, NOTHING)
    tax = tax_on(taxable, terms["brackets"])
    due = tax - (year.relief + month["relief"]) - year.withheld
    return Withheld(taxable=taxable, tax=tax, now=max(due, NOTHING))


def bonus_tax_apart(terms: Terms, bonus: Yuan) -> Yuan:
    return tax_on(bonus, terms["brackets"], found_by=exactly(bonus) / terms["months"])


# Contributions


def contribution(scheme: Terms, pay: Yuan, *, average: Yuan | None = None, cycle: str = "month") -> tuple[Yuan, Yuan]:
    """What the worker and the employer pay into one scheme, by an average of a month where one was set.

    Floor, ceiling and average are a month's: in half a month half of them counts, and the fixed yuan in the second.
    """
    floor, ceiling, fixed = (Decimal(scheme.get(name, "0.00")) for name in ("floor", "ceiling", "worker_fixed"))
    if cycle != "month":
        floor, ceiling = to_fen(floor / 2), to_fen(ceiling / 2)
        average = None if average is None else to_fen(average / 2)
        fixed = fixed if cycle == "second_half" else Decimal("0.00")
    counted = min(max(pay if average is None else average, floor), ceiling)
    unit = Decimal(scheme["unit"])

    def part(rate: str) -> Yuan:
        return ((counted * Decimal(rate) / unit).quantize(Decimal(1), MODES[scheme["rounding"]]) * unit).quantize(FEN)

    return part(scheme["worker"]) + fixed, part(scheme["employer"])


# Shares


def share_out(total: Yuan, weights: Mapping[str, Fraction]) -> dict[str, Yuan]:
    """Whole fen by weight; what is left over goes to the largest remainders, of equal ones to the smaller key."""
    whole = sum(weights.values())
    fen = int(total * 100)
    exact = {key: fen * weight / whole for key, weight in weights.items()}
    shares = {key: int(Decimal(one.numerator // one.denominator)) for key, one in exact.items()}
    left = fen - sum(shares.values())
    by_remainder = sorted(exact, key=lambda key: (-(exact[key] - shares[key]), key))
    for key in by_remainder[:left]:
        shares[key] += 1
    return {key: Decimal(amount).scaleb(-2) for key, amount in shares.items()}


# Union dues


def union_dues(terms: Terms, basic_pay: Yuan) -> Yuan:
    units = (basic_pay / Decimal(terms["unit"])).to_integral_value(ROUND_FLOOR)
    return to_fen(units * Decimal(terms["unit"]) * Decimal(terms["share"]))
