"""Random streets: a seed gives the same ones always. Edges come more often than in life."""

import calendar
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.random import Generator

from payroll.tests.oracle.places import (
    CERTIFICATES,
    EDUCATION,
    GRADES,
    PLACES,
    POST_CLASSES,
    any_of,
    deduction_limits,
    tax_place,
)
from payroll.tests.oracle.records import NOTHING, Month, PastMonth, PersonMonth, Place, Street, Stretch, YearSoFar, Yuan
from payroll.tests.oracle.slips import work_month

FEN = Decimal("0.01")
UNION_MEMBER = FEN  # an entry of 1: a mark, no money
# The bracket ends of the bonus table, and of its blind zones.
BONUSES = ("36000", "38566.67", "144000", "160500", "300000", "318333.33", "420000", "660000", "960000", "8000", "0")
SMALL_STREETS = (1, 1, 2, 3, 5)
MOST_IN_A_STREET = 300


def random_streets(seed: int, *, people: int) -> Iterator[Street]:
    """Streets of all sizes until `people` are in them altogether."""
    draw = np.random.default_rng(seed)
    number = 0
    while people > 0:
        size = any_of(draw, *SMALL_STREETS) if draw.random() < 0.2 else int(draw.integers(6, MOST_IN_A_STREET))
        size = min(size, people)
        scheme = tuple(PLACES)[number % len(PLACES)]
        yield random_street(draw, size, scheme=scheme)
        people -= size
        number += 1


def random_street(draw: Generator, size: int, *, scheme: str) -> Street:
    month_number = int(draw.integers(1, 13))
    month = f"{any_of(draw, 2026, 2027)}-{month_number:02}"
    is_hourly = scheme == "hourly"
    cycle = any_of(draw, "first_half", "second_half") if is_hourly else "month"
    last = calendar.monthrange(*map(int, month.split("-")))[1]
    first_day, last_day = {"month": (1, last), "first_half": (1, 15), "second_half": (16, last)}[cycle]
    place = PLACES[scheme](draw) | deduction_limits(draw, keeps_floor=not is_hourly)
    people = [
        _person(draw, number, place, scheme=scheme, first_day=first_day, last_day=last_day) for number in range(size)
    ]
    street = Street(
        month=Month(month=month, cycle=cycle, first_day=first_day, last_day=last_day, people=people, place=place),
        paid_in=_paid_in(draw, month),
        tax_place=tax_place(bonus_apart=draw.random() < 0.9),
        years=[_year(draw, person) for person in people],
        present=[True] * size,
    )
    if draw.random() < 0.6:
        street.present = [bool(draw.random() < 0.97) for _ in people]
        street.past = [_past(draw, street, scheme, back) for back in range(1, int(draw.integers(1, 4)))]
    return street


def _past(draw: Generator, street: Street, scheme: str, back: int) -> PastMonth:
    """An earlier month of the street, of which some facts have come in late; some people of then are no longer here."""
    month, cycle = street.month, street.month.cycle
    year, number = divmod(int(month.month[:4]) * 12 + int(month.month[5:]) - 1 - back, 12)
    last = calendar.monthrange(year, number + 1)[1]
    first_day, last_day = {"month": (1, last), "first_half": (1, 15), "second_half": (16, last)}[cycle]
    rows = [slip for slip in range(len(month.people)) if draw.random() < 0.8] or [0]
    known = [_person(draw, slip, month.place, scheme=scheme, first_day=first_day, last_day=last_day) for slip in rows]
    for person, slip in zip(known, rows, strict=True):
        if draw.random() < 0.9:  # the others have come from another employer, mostly
            person.organisation_id = month.people[slip].organisation_id
    then = [_as_known_before(draw, person) for person in known]
    at: dict[str, Any] = {
        "month": f"{year}-{number + 1:02}",
        "cycle": cycle,
        "first_day": first_day,
        "last_day": last_day,
    }
    paid = [
        {} if worked.refused or draw.random() < 0.05 else worked.earnings | worked.worker | worked.employer
        for worked in work_month(Month(people=then, place=month.place, **at))
    ]
    return PastMonth(
        month=Month(people=known, place=month.place, **at),
        paid=[{code: amount for code, amount in lines.items() if amount} for lines in paid],
        goes_to=[slip if draw.random() < 0.9 else None for slip in rows],
        caused_by=[int(draw.integers(1, 1000)) for _ in rows],
    )


def _as_known_before(draw: Generator, person: PersonMonth) -> PersonMonth:
    """The same facts for most; for some another wage, an average not set yet, hours not entered."""
    kind = draw.random()
    if kind < 0.6:
        return person
    if kind < 0.8 and not person.part_time:
        most = any_of(draw, 500_00, 500_00, 9_000_00)
        wages = [replace(one, standard=(one.standard or NOTHING) + _money(draw, 0, most)) for one in person.stretches]
        return replace(person, stretches=wages)
    if kind < 0.9:
        return replace(person, contribution_pay={})
    return replace(person, entered={})


def _paid_in(draw: Generator, month: str) -> str:
    year, number = map(int, month.split("-"))
    if draw.random() < 0.7:
        return month
    return f"{year + number // 12}-{number % 12 + 1:02}"


def _person(draw: Generator, number: int, place: Place, *, scheme: str, first_day: int, last_day: int) -> PersonMonth:
    person = PersonMonth(
        worker_id=f"worker-{number:06}",
        organisation_id=f"organisation-{int(draw.integers(4))}",
        stretches=_stretches(draw, first_day, last_day),
        part_time=scheme == "hourly",
        probation=draw.random() < 0.1,
        insured=draw.random() > 0.03,
    )
    if scheme in ("pooled", "composed") and draw.random() < 0.99:
        person.score = Decimal(any_of(draw, "85.00", "92.50", "100.00", "60.33", "0.00", "0.01"))
    person.entered = _entered(draw, scheme)
    person.contribution_pay = _averages(draw, place)
    person.insurance = any_of(draw, None, None, None, None, "yes", "pensioner", "elsewhere")
    person.month_of_first_job = any_of(draw, None, None, None, 0, 1, 2, 40)
    for one in place["contributions.amounts"]["schemes"]:
        if draw.random() < 0.3:
            person.first_pay[one["scheme"]] = _money(draw, 1_000_00, 30_000_00)
    for kind in ("personal", "sick", "maternity", "parental", "annual") if scheme != "hourly" else ():
        if draw.random() < 0.05:
            person.leave[kind] = any_of(draw, 1, 1, 2, 5, 23)
    return person


def _stretches(draw: Generator, first: int, last: int) -> list[Stretch]:
    """Mostly the whole period; else begun late, ended early, changed within, left out in the middle, a single day."""
    middle = int(draw.integers(first + 1, last))
    whole = [(first, last)]
    shapes = [
        [(middle, last)],
        [(first, middle)],
        [(first, middle), (middle + 1, last)],
        [(middle, middle)],
        [(first, middle - 1), (middle, middle), (middle + 1, last)],
        [(first, first), (last, last)],
    ]
    days = whole if draw.random() < 0.6 else any_of(draw, *shapes)
    wage, steady = _wage(draw) if draw.random() < 0.995 else None, draw.random() < 0.3
    keys: dict[str, str | None] = {
        "post_class": any_of(draw, *POST_CLASSES),
        "grade": any_of(draw, *GRADES),
        "certificate": any_of(draw, None, None, *CERTIFICATES),
        "education": any_of(draw, None, *EDUCATION),
    }
    years = int(draw.integers(0, 24))
    found = []
    for start, end in days:
        found.append(Stretch(start, end, wage, years, dict(keys)))
        if not steady:
            wage = _wage(draw)
            keys = keys | {"grade": any_of(draw, *GRADES), "certificate": any_of(draw, None, *CERTIFICATES)}
            years += 1
    return found


def _wage(draw: Generator) -> Yuan:
    kind = draw.random()
    if kind < 0.02:
        return Decimal("0.00")
    if kind < 0.15:
        return Decimal(
            any_of(draw, "2400.00", "2399.99", "2400.01", "4307.10", "4307.09", "4307.11", "21535.51", "0.01")
        )
    if kind < 0.25:
        return _money(draw, 30_000_00, 130_000_00)
    return _money(draw, 2_400_00, 15_000_00)


def _money(draw: Generator, low: int, high: int) -> Yuan:
    return int(draw.integers(low, high)) * FEN


def _entered(draw: Generator, scheme: str) -> dict[str, Decimal]:
    entered: dict[str, Decimal] = {}

    def enter(code: str, share: float, amount: Any) -> None:
        if draw.random() < share:
            entered[code] = amount() if callable(amount) else Decimal(amount)

    if scheme == "hourly":
        enter(
            "hours", 0.9, lambda: any_of(draw, Decimal("0.01"), Decimal("44.25"), Decimal("48"), _money(draw, 0, 6000))
        )
        return entered
    if scheme in ("stepped", "composed"):
        enter("performance_pay", 0.7 if scheme == "stepped" else 0.01, lambda: _money(draw, 0, 5_000_00))
        enter("kept_level", 0.2, lambda: _money(draw, 2_000_00, 9_000_00))
    if scheme != "pooled":
        for day in ("working_day", "rest_day", "holiday"):
            enter(f"overtime_{day}", 0.1, lambda: any_of(draw, Decimal("0.50"), _money(draw, 1, 3600)))
        enter("unused_leave_days", 0.03, lambda: any_of(draw, Decimal("1.00"), Decimal("0.50"), Decimal("5.00")))
    enter("overtime_pay", 0.08, lambda: _money(draw, 1, 2_000_00))
    enter("annual_bonus", 0.12, lambda: Decimal(any_of(draw, *BONUSES)) + any_of(draw, 0, 0, 1, -1) * FEN)
    enter("exempt_income", 0.05, lambda: _money(draw, 0, 3_000_00))
    for item in ("children_education", "elderly_support", "housing_rent", "infant_care"):
        enter(f"additional.{item}", 0.2, lambda: Decimal(any_of(draw, "1000", "2000", "1500", "3000", "800")))
    enter("additional", 0.05, "1234.56")
    enter("other.personal_pension", 0.05, lambda: _money(draw, 0, 12_000_00))
    enter("fund_allowance", 0.05, lambda: _money(draw, 0, 6_000_00))
    enter("relief", 0.05, lambda: _money(draw, 0, 200_00))
    enter("deduction.court_order", 0.03, lambda: _money(draw, 1, 500_00))
    enter("deduction.damage", 0.05, lambda: _money(draw, 1, 700_00))
    enter("union_member", 0.5, UNION_MEMBER)
    if entered.get("annual_bonus", Decimal(1)) < 0:
        entered["annual_bonus"] = Decimal("0.00")
    return entered


def _averages(draw: Generator, place: Place) -> dict[str, Yuan]:
    """Averages set for some schemes: at floor and ceiling, and one fen to each side of them."""
    found = {}
    for scheme in place["contributions.amounts"]["schemes"]:
        if draw.random() < 0.5:
            edge = Decimal(any_of(draw, scheme["floor"], scheme["ceiling"]))
            amount = _money(draw, 1_000_00, any_of(draw, 9_000_00, 9_000_00, 40_000_00))
            if draw.random() < 0.4:
                amount = edge + any_of(draw, -1, 0, 1) * FEN
            found[scheme["scheme"]] = max(amount, Decimal("0.00"))
    return found


def _year(draw: Generator, person: PersonMonth) -> YearSoFar:
    """With what counts of the deductions by now: the month's on top, or in the year already, or less than before."""
    year = _year_before(draw)
    for name in ("additional", "other"):
        before: Yuan = getattr(year, name)
        if before:
            year.reported[name] = before if draw.random() < 0.95 else (before / 2).quantize(FEN)
    counts_once_more = draw.random() < 0.9
    for code, amount in person.entered.items():
        if counts_once_more and code.partition(".")[0] in ("additional", "other"):
            year.reported[code] = year.reported.get(code, NOTHING) + amount
    return year


def _year_before(draw: Generator) -> YearSoFar:
    """What came before this month: nothing, a usual year, too much withheld, or much more."""
    months = int(draw.integers(1, 13))
    year = YearSoFar(
        months=months,
        mode=any_of(draw, "employment_months", "employment_months", "first_job_of_year", "annual_60000"),
        bonuses_apart=int(draw.random() < 0.1),
        bonus_way=any_of(draw, None, None, "separate", "merged"),
        last_gross=_money(draw, 0, 20_000_00) if draw.random() < 0.8 else None,
    )
    if draw.random() < 0.15:
        year.owed = any_of(draw, FEN, _money(draw, 1, 900_00), _money(draw, 900_00, 20_000_00))
    if draw.random() < 0.08:
        year.repaid = any_of(draw, FEN, _money(draw, 1, 900_00))
    if draw.random() < 0.08:
        year.written_off = any_of(draw, FEN, _money(draw, 1, 900_00))
    if months == 1 or draw.random() < 0.1:
        return year
    monthly = _money(draw, 3_000_00, any_of(draw, 15_000_00, 15_000_00, 120_000_00))
    year.income = monthly * (months - 1)
    year.special = (year.income * Decimal("0.185")).quantize(FEN)
    year.additional = any_of(draw, 0, 1000, 3000) * Decimal(months - 1) + Decimal("0.00")
    year.exempt = any_of(draw, Decimal("0.00"), Decimal("0.00"), _money(draw, 0, 20_000_00))
    year.other = any_of(draw, Decimal("0.00"), _money(draw, 0, 1_000_00))
    year.relief = any_of(draw, Decimal("0.00"), Decimal("0.00"), _money(draw, 0, 500_00))
    year.withheld = any_of(draw, Decimal("0.00"), _money(draw, 0, 3_000_00), _money(draw, 0, 60_000_00))
    return year
