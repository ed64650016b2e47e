"""The calculator itself, against worked examples that an accountant handed out and figures worked out by hand."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from payroll.tests.oracle.calculator import (
    basic_months,
    bonus_tax_apart,
    contribution,
    share_out,
    to_fen,
    union_dues,
    withhold,
)
from payroll.tests.oracle.earnings import part_of_month
from payroll.tests.oracle.places import tax_place
from payroll.tests.oracle.records import Month, PersonMonth, Stretch, YearSoFar

VECTORS = Path(__file__).parents[1] / "operating" / "vectors"
TAX = tax_place()
FACTS = ("income", "exempt", "special", "additional", "other", "relief")


def vectors(kind: str) -> list[Any]:
    listed = json.loads((VECTORS / "iit_vectors.json").read_text("utf-8"))["vectors"]
    return [
        pytest.param(one["inputs"], one["expected"], id=f"{one['id']} {one['title']}")
        for one in listed
        if one["inputs"]["kind"] == kind
    ]


class TestTax:
    @pytest.mark.parametrize(("inputs", "expected"), vectors("wage_cumulative"))
    def test_withholds_what_the_accountant_withholds(self, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
        year = YearSoFar(months=0)
        withheld = []
        for one in inputs["months"]:
            year.months = one["month"] - inputs["start_month"] + 1
            month = {name: Decimal(one.get(name, "0.00")) for name in FACTS}
            months = basic_months(
                TAX["tax.basic_months"], mode=inputs["basic_mode"], employed=year.months, month=one["month"]
            )
            now = withhold(TAX["tax.cumulative_withholding"], year=year, months=months, month=month).now
            withheld.append(now)
            for name in FACTS:
                setattr(year, name, getattr(year, name) + month[name])
            year.withheld += now

        assert withheld == [Decimal(one["tax"]) for one in expected["months"]]

    @pytest.mark.parametrize(("inputs", "expected"), vectors("bonus_separate"))
    def test_taxes_a_bonus_apart(self, inputs: dict[str, Any], expected: dict[str, Any]) -> None:
        taxes = [bonus_tax_apart(TAX["tax.bonus_apart"], Decimal(bonus)) for bonus in inputs["amounts"]]

        assert taxes == [Decimal(one["tax"]) for one in expected["cases"]]

    def test_a_fen_beyond_a_bracket_is_taxed_by_the_next(self) -> None:
        terms = TAX["tax.bonus_apart"]

        assert bonus_tax_apart(terms, Decimal("36000.00")) == Decimal("1080.00")
        assert bonus_tax_apart(terms, Decimal("36000.01")) == Decimal("3390.00")


class TestUnionDues:
    def test_as_the_accountant_has_them(self) -> None:
        for one in json.loads((VECTORS / "law_vectors.json").read_text("utf-8"))["union_dues"]:
            assert union_dues({"share": "0.005", "unit": "10.00"}, Decimal(one["base"])) == Decimal(one["dues"])


class TestContributions:
    """By hand: each side is rounded by itself, to the scheme's own unit."""

    @pytest.mark.parametrize(
        ("rounding", "unit", "pay", "worker"),
        [
            pytest.param("half_up", "0.01", "4307.10", "344.57", id="the floor itself, half up to the fen"),
            pytest.param("half_up", "0.01", "4307.09", "344.57", id="a fen below the floor counts as the floor"),
            pytest.param("half_up", "0.01", "4307.20", "344.58", id="above the floor by itself"),
            pytest.param("up", "1", "4312.51", "346.00", id="345.0008 up to the next yuan"),
            pytest.param("down", "1", "4312.51", "345.00", id="345.0008 down to the yuan"),
            pytest.param("half_up", "0.1", "4313.00", "345.00", id="345.04 to a tenth of a yuan"),
            pytest.param("half_up", "0.01", "21535.51", "1722.84", id="a fen beyond the ceiling counts as the ceiling"),
        ],
    )
    def test_rounds_as_the_scheme_says(self, rounding: str, unit: str, pay: str, worker: str) -> None:
        scheme = {"worker": "0.08", "employer": "0.16", "floor": "4307.10", "ceiling": "21535.50"}

        assert contribution(scheme | {"rounding": rounding, "unit": unit}, Decimal(pay))[0] == Decimal(worker)


class TestShares:
    def test_equal_remainders_go_to_the_smaller_name(self) -> None:
        shares = share_out(Decimal("0.10"), {"b": Fraction(1), "a": Fraction(1), "c": Fraction(1)})

        assert shares == {"a": Decimal("0.04"), "b": Decimal("0.03"), "c": Decimal("0.03")}

    def test_half_a_fen_goes_up(self) -> None:
        assert to_fen(Fraction(1, 200)) == Decimal("0.01")
        assert to_fen(Fraction(-1, 200)) == Decimal("-0.01")


class TestPartOfMonth:
    """March 2026 has 22 weekdays; by hand from 4,350 yuan a month, 200 a day by 21.75."""

    @pytest.mark.parametrize(
        ("method", "days", "paid"),
        [
            pytest.param("by_21_75", [(1, 31)], "4350.00", id="the whole month"),
            pytest.param("by_21_75", [(2, 31)], "4350.00", id="all its weekdays are more than the whole"),
            pytest.param("by_21_75", [(3, 31)], "4200.00", id="one weekday less"),
            pytest.param("by_21_75", [(7, 8)], "0.00", id="a weekend"),
            pytest.param("by_21_75", [(2, 2), (31, 31)], "400.00", id="two days apart"),
            pytest.param("by_working_days", [(3, 31)], "4152.27", id="21 of 22 weekdays"),
            pytest.param("by_calendar_days", [(7, 8)], "280.65", id="two of 31 days"),
        ],
    )
    def test_pays_the_days_in_the_post(self, method: str, days: list[tuple[int, int]], paid: str) -> None:
        stretches = [Stretch(first, last, None, 0, {}) for first, last in days]
        person = PersonMonth("worker-1", "organisation-1", stretches)
        month = Month(
            "2026-03", "month", 1, 31, [person], {"pay.partial_month": {"method": method, "paid_days": "21.75"}}
        )

        assert part_of_month(person, month, [Decimal("4350.00")] * len(days)) == Decimal(paid)
