"""Streets for tests: people written down in yuan, as the engine takes them in columns."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from common.policy import RULES, ParameterRow
from common.testing import real_parameters, real_policies
from payroll.engine import ABSENT, PAY_RULES, TAX_RULES
from payroll.engine.columns import Answers, Batch, Coded, Inputs, Past, Results, Spoken, Year

MARCH = "2026-03"  # 22 weekdays, begins on a Sunday


@dataclass(frozen=True)
class Stretch:
    first_day: int = 1
    last_day: int = 31
    standard: str | None = "4000.00"
    years: int = 0
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    name: str = "li"
    stretches: Sequence[Stretch] = (Stretch(),)
    employer: str = "street-office"
    score: str | None = "90"
    entered: Mapping[str, str] = field(default_factory=dict)
    leave: Mapping[str, int] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    part_time: bool = False
    probation: bool = False
    insured: bool = True
    insurance: str | None = None
    month_of_first_job: int = ABSENT
    year: Mapping[str, Any] = field(default_factory=dict)  # yuan so far; months, mode, bonus_way, last_gross
    present: bool = True


def fen(amount: str | None) -> int:
    """Hundredths as well; ABSENT for nothing said."""
    return ABSENT if amount is None else int(Decimal(amount) * 100)


def column(amounts: Sequence[int]) -> Any:
    return np.array(amounts, dtype=np.int64)


def coded(words: Sequence[str | None]) -> Coded:
    known = tuple(dict.fromkeys(word for word in words if word is not None))
    return Coded(column([-1 if word is None else known.index(word) for word in words]), known)


def spoken(rule: str, terms: Mapping[str, Any], clause: str = "MADE-UP-1") -> Spoken:
    return Spoken(RULES[rule].terms.model_validate(terms), clause, "MADE-UP", "made up", "1", ("parameter-1",))


def answers(**terms: Mapping[str, Any]) -> dict[str, Spoken]:
    """Made-up clauses; `pay_composition` stands for `pay.composition`."""
    return {name.replace("_", ".", 1): spoken(name.replace("_", ".", 1), given) for name, given in terms.items()}


def answers_here(
    *, area: str, staff: str, on: date, own: Iterable[ParameterRow] = (), tax: bool = False
) -> dict[str, Spoken]:
    """What the repository's own policy files say."""
    found = {}
    for name in TAX_RULES if tax else PAY_RULES:
        clauses = real_policies().in_force(RULES[name], area=area, staff=staff, on=on)
        if clauses:
            filled = clauses[0].filled_on(on, {}, real_parameters().with_rows(own), area=area, staff=staff)
            clause = clauses[0].clause
            found[name] = Spoken(filled.terms, clause.clause_id, clauses[0].document.id, "", clause.at)
    return found


def _weekdays(year: int, month: int, first_day: int, last_day: int) -> int:
    return sum(date(year, month, day).weekday() < calendar.SATURDAY for day in range(first_day, last_day + 1))


def inputs_of(people: Sequence[Person], *, month: str = MARCH, cycle: str = "month") -> Inputs:
    year, number = map(int, month.split("-"))
    days = calendar.monthrange(year, number)[1]
    people = sorted(people, key=lambda one: (one.name, one.employer))
    rows = [(slip, one) for slip, person in enumerate(people) for one in person.stretches]
    last = [min(one.last_day, days) for _, one in rows]
    names = sorted({key for _, one in rows for key in one.keys})
    return Inputs(
        area="990101001",
        staff="made_up",
        month=month,
        cycle=cycle,
        month_weekdays=_weekdays(year, number, 1, days),
        month_days=days,
        worker_ids=tuple(one.name for one in people),
        organisation_ids=tuple(one.employer for one in people),
        slip=column([slip for slip, _ in rows]),
        first_day=column([one.first_day for _, one in rows]),
        last_day=column(last),
        weekdays=column(
            [_weekdays(year, number, one.first_day, end) for (_, one), end in zip(rows, last, strict=True)]
        ),
        days=column([end - one.first_day + 1 for (_, one), end in zip(rows, last, strict=True)]),
        standard=column([fen(one.standard) for _, one in rows]),
        standard_source=coded(["standard-1" for _ in rows]),
        years=column([one.years for _, one in rows]),
        keys={name: coded([one.keys.get(name) for _, one in rows]) for name in names},
        part_time=np.array([one.part_time for one in people], dtype=bool),
        probation=np.array([one.probation for one in people], dtype=bool),
        score=column([fen(one.score) for one in people]),
        leave=_each(people, "leave", lambda value: 0 if value is None else value),
        entered=_each(people, "entered", fen),
        bases=_each(people, "bases", fen),
        kept=_each(people, "kept", fen),
        insured=np.array([one.insured for one in people], dtype=bool),
        insurance=coded([one.insurance for one in people]),
        month_of_first_job=column([one.month_of_first_job for one in people]),
    )


def _each(people: Sequence[Person], name: str, read: Any) -> dict[str, Any]:
    codes = sorted({code for one in people for code in getattr(one, name)})
    return {code: column([read(getattr(one, name).get(code)) for one in people]) for code in codes}


def year_of(people: Sequence[Person]) -> Year:
    people = sorted(people, key=lambda one: (one.name, one.employer))
    amounts = {
        name: column([fen(one.year.get(name, "0")) for one in people])
        for name in ("income", "exempt", "special", "additional", "other", "relief", "withheld")
    }
    return Year(
        months=column([one.year.get("months", 1) for one in people]),
        mode=coded([one.year.get("mode", "employment_months") for one in people]),
        income_last_year=column([fen(one.year.get("income_last_year")) for one in people]),
        reported=_reported(people),
        bonuses_apart=column([one.year.get("bonuses_apart", 0) for one in people]),
        bonus_way=coded([one.year.get("bonus_way") for one in people]),
        last_gross=column([fen(one.year.get("last_gross")) for one in people]),
        **{
            name: column([fen(one.year.get(name, "0")) for one in people]) for name in ("owed", "repaid", "written_off")
        },
        **amounts,
    )


def _reported(people: Sequence[Person]) -> dict[str, Any]:
    """What was deducted before, and what is entered for the month."""
    found: dict[str, Any] = {}
    for number, one in enumerate(people):
        before = {name: one.year[name] for name in ("additional", "other") if name in one.year}
        for code, amount in [*before.items(), *one.entered.items()]:
            if code.partition(".")[0] in ("additional", "other"):
                found.setdefault(code, column([0] * len(people)))[number] += fen(amount)
    return found


TAX = answers_here(area="990101", staff="made_up", on=date(2026, 3, 1), tax=True)
SCHEME = {
    "scheme": "pension", "employer": "0.16", "worker": "0.08", "floor": "0.00", "ceiling": "99999.00",
    "unit": "0.01", "rounding": "half_up",
}  # fmt: skip
UNINSURED: Mapping[str, Any] = {"schemes": [{**SCHEME, "employer": "0", "worker": "0"}]}
STANDARD = {"component": "base", "label_zh": "基本工资", "kind": "share_of_standard", "share": "1"}
PLAIN = answers(
    pay_composition={"components": [STANDARD]},
    pay_partial_month={"method": "by_21_75", "paid_days": "21.75"},
    contributions_amounts=UNINSURED,
)


def batch_of(
    *people: Person,
    by: Answers = PLAIN,
    tax: Answers = TAX,
    month: str = MARCH,
    cycle: str = "month",
    paid_in: str | None = None,
    past: Sequence[Past] = (),
) -> Batch:
    ordered = sorted(people, key=lambda one: (one.name, one.employer))
    return Batch(
        paid_in=paid_in or month,
        inputs=inputs_of(people, month=month, cycle=cycle),
        answers=by,
        tax_answers=tax,
        year=year_of(people),
        present=np.array([one.present for one in ordered], dtype=bool),
        past=tuple(past),
    )


def lines_of(results: Results, slip: int = 0) -> dict[str, str]:
    """Lines of the month itself by code, in yuan; those of earlier ones by `period code`."""
    found = {}
    for at in np.flatnonzero(results.line_slip == slip).tolist():
        period = int(results.line_period[at])
        code = results.layout[int(results.line_code[at])].code
        found[code if period < 0 else f"{results.periods[period]} {code}"] = yuan(results.line_amount[at])
    return found


def yuan(amount: Any) -> str:
    return str(Decimal(int(amount)).scaleb(-2))


def total(results: Results, name: str, slip: int = 0) -> str:
    return yuan(results.columns[name][slip])


def aside(results: Results) -> dict[int, set[str]]:
    """Why whom is set aside, in the month itself."""
    found: dict[int, set[str]] = {}
    for one in results.found:
        if one.blocks:
            found.setdefault(one.slip, set()).add(one.code)
    return found
