"""The engine against a calculator that shares nothing with it, for 20,000 random people."""

from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from payroll.engine import work_out
from payroll.engine.columns import Results
from payroll.tests.oracle.batches import batch_of
from payroll.tests.oracle.people import random_streets
from payroll.tests.oracle.places import PLACES
from payroll.tests.oracle.records import Slip, Street
from payroll.tests.oracle.slips import SETTLED, TOTALS, pay_street, period_of

SEED = 20_260_104
PEOPLE = 20_000
MOST_SHOWN = 3
ADVANCES = ("advanced_by_employer", "advance_recovered")


def as_slips(results: Results, period: str) -> list[Slip]:
    """The engine's columns as the calculator has its slips; what stands in the way of a past month stops no slip."""
    refused: list[set[str]] = [set() for _ in results.paid]
    for found in results.found:
        if found.blocks and found.period == period:
            refused[found.slip].add(found.code)
    slips = [
        Slip(totals={name: yuan(results.columns[name][slip]) for name in TOTALS}, refused=refused[slip])
        for slip in range(len(results.paid))
    ]
    flat = (results.line_slip, results.line_code, results.line_amount, results.line_period)
    rows: Any = zip(*(column.tolist() for column in flat), strict=True)
    for slip, code, amount, of_period in rows:
        line = results.layout[code]
        if line.kind != "note" or line.code in SETTLED:
            key = ("" if of_period < 0 else results.periods[of_period], line.code)
            assert key not in slips[slip].lines, f"{key} stands twice"
            slips[slip].lines[key] = yuan(amount)
    return slips


def yuan(fen: Any) -> Decimal:
    return Decimal(int(fen)).scaleb(-2)


def disagreements(street: Street, slips: list[Slip]) -> list[str]:
    """What differs from the calculator's slips, person by person, printed small.

    Where several things stand in a slip's way the engine may name the first alone.
    """
    found = []
    ours = as_slips(work_out(batch_of(street)), period_of(street.month))
    for number, (slip, expected) in enumerate(zip(ours, slips, strict=True)):
        wrong = differing(slip.lines, expected.lines) | differing(slip.totals, expected.totals)
        if bool(slip.refused) != bool(expected.refused) or not slip.refused <= expected.refused:
            wrong["set aside for"] = (slip.refused, expected.refused)
        if wrong:
            found.append(shown(street, number, wrong))
    return found


def differing(ours: dict[Any, Decimal], expected: dict[Any, Decimal]) -> dict[Any, Any]:
    return {
        key: (str(ours.get(key)), str(expected.get(key)))
        for key in ours.keys() | expected.keys()
        if ours.get(key) != expected.get(key)
    }


def shown(street: Street, number: int, wrong: dict[Any, Any]) -> str:
    facts = {name: value for name, value in asdict(street.month.people[number]).items() if value}
    years = {name: str(value) for name, value in asdict(street.years[number]).items() if value}
    scheme = [one["kind"] for one in street.month.place["pay.composition"]["components"]]
    part = street.month.place.get("pay.partial_month")
    return (
        f"{street.month.month} {street.month.cycle}, {scheme}, {part}, present {street.present[number]}\n"
        f"    facts: {facts}\n    year: {years}\n    engine, calculator: {wrong}"
    )


@pytest.fixture(scope="module")
def streets() -> list[tuple[Street, list[Slip]]]:
    """With the calculator's slips."""
    return [(street, pay_street(street)) for street in random_streets(SEED, people=PEOPLE)]


class TestTwentyThousandPeople:
    """Composition, pool, part of a month, leave, overtime, contributions, arrears, tax and bonus, dues and deductions:
    every line and every total of every person, and for whom no slip can be made why, to the fen."""

    def test_the_engine_gives_what_the_calculator_gives(self, streets: list[tuple[Street, list[Slip]]]) -> None:
        found = [one for street, slips in streets for one in disagreements(street, slips)]

        assert not found, f"{len(found)} people differ\n" + "\n".join(found[:MOST_SHOWN])

    def test_each_scheme_pays_many_and_each_thing_occurs(self, streets: list[tuple[Street, list[Slip]]]) -> None:
        """Otherwise the comparison above would prove little."""
        counted: dict[str, Counter[str]] = {scheme: Counter() for scheme in PLACES}
        for number, (_, slips) in enumerate(streets):
            of_scheme = counted[tuple(PLACES)[number % len(PLACES)]]
            for slip in slips:
                of_scheme.update(slip.refused or {"paid"})
                of_scheme.update({"arrears" for period, _ in slip.lines if period})
                of_scheme.update(name for name in ("tax", "bonus_tax") if slip.totals[name])
                of_scheme.update(code for _, code in slip.lines if code in (*ADVANCES, *SETTLED))
                of_scheme.update({"bounded"} if slip.totals["net"] and ("", ADVANCES[0]) in slip.lines else ())

        altogether = sum(counted.values(), Counter[str]())
        assert all(one["paid"] > 1500 and one["arrears"] > 100 for one in counted.values()), counted
        assert all(counted[scheme]["tax"] > 300 for scheme in PLACES if scheme != "hourly"), counted
        for refusal in (
            *("net_below_zero", "below_floor", "standard_missing", "score_missing", "table_key_unknown"),
            "deduction_too_large",
        ):
            assert altogether[refusal] > 5, altogether
        assert all(altogether[code] > 500 for code in (*ADVANCES, *SETTLED)), altogether
        assert altogether["bounded"] > 20, altogether
