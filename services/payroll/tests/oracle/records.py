"""A person's month in plain words: yuan and hours as Decimals, one record a person. Nothing here knows of columns."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Yuan = Decimal
NOTHING = Decimal("0.00")

Terms = dict[str, Any]  # of one rule, as a policy file would say them
Place = dict[str, Terms]  # by rule


@dataclass
class Stretch:
    """Days of a month, both ends included, in which nothing about the person changed."""

    first_day: int
    last_day: int
    standard: Yuan | None
    years: int
    keys: dict[str, str | None]


@dataclass
class YearSoFar:
    """With this employer, before this month of payment. `reported`: by code, of the year with this one."""

    months: int
    mode: str = "employment_months"
    income: Yuan = NOTHING
    exempt: Yuan = NOTHING
    special: Yuan = NOTHING
    additional: Yuan = NOTHING
    other: Yuan = NOTHING
    relief: Yuan = NOTHING
    withheld: Yuan = NOTHING
    bonuses_apart: int = 0
    bonus_way: str | None = None
    last_gross: Yuan | None = None
    owed: Yuan = NOTHING
    reported: dict[str, Yuan] = field(default_factory=dict)
    repaid: Yuan = NOTHING
    written_off: Yuan = NOTHING


@dataclass
class PersonMonth:
    """`entered`: yuan, hours or days by entry code. `contribution_pay`: by scheme, where an average was set;
    `first_pay`: what the first month with this employer came to, where that is known already. `insured`: by this
    employer; `insurance`: what was said of how, if anything.
    """

    worker_id: str
    organisation_id: str
    stretches: list[Stretch]
    part_time: bool = False
    probation: bool = False
    insured: bool = True
    insurance: str | None = None
    month_of_first_job: int | None = None
    score: Decimal | None = None
    leave: dict[str, int] = field(default_factory=dict)
    entered: dict[str, Decimal] = field(default_factory=dict)
    contribution_pay: dict[str, Yuan] = field(default_factory=dict)
    first_pay: dict[str, Yuan] = field(default_factory=dict)


@dataclass
class Month:
    """A month of a street, or half of one: `first_day` to `last_day` of it are paid."""

    month: str
    cycle: str
    first_day: int
    last_day: int
    people: list[PersonMonth]
    place: Place


@dataclass
class PastMonth:
    """An earlier month as it is known now; `paid`: what was paid for it until now, by line code, person by person."""

    month: Month
    paid: list[dict[str, Yuan]]
    goes_to: list[int | None]
    caused_by: list[int]


@dataclass
class Street:
    """All that a street's payroll of one month goes by. `present[i]`: whether that person is paid for the month."""

    month: Month
    paid_in: str
    tax_place: Place
    years: list[YearSoFar]
    present: list[bool]
    past: list[PastMonth] = field(default_factory=list)


@dataclass
class Slip:
    """`lines`: (period or "", code) to yuan; lines of nothing are left out. `refused`: codes of what blocks."""

    lines: dict[tuple[str, str], Yuan] = field(default_factory=dict)
    totals: dict[str, Yuan] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
