"""The same streets as the engine takes them: columns of whole fen and hundredths, terms as the rules type them."""

import calendar
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

import payroll.rules  # noqa: F401  # the rules make themselves known
from common.policy import RULES
from payroll.engine.columns import ABSENT, Batch, Coded, Inputs, Past, Spoken, Year
from payroll.tests.oracle.records import Month, PastMonth, Place, Street, YearSoFar

AREA = "990101001"
STAFF = "made_up"
TOTALS = ("income", "exempt", "special", "additional", "other", "relief", "withheld")
BALANCES = ("owed", "repaid", "written_off")


def batch_of(street: Street) -> Batch:
    return Batch(
        paid_in=street.paid_in,
        inputs=inputs_of(street.month),
        answers=answers_of(street.month.place),
        tax_answers=answers_of(street.tax_place),
        year=year_of(street.years),
        present=np.array(street.present, dtype=np.bool_),
        past=tuple(_past_of(one) for one in street.past),
    )


def answers_of(place: Place) -> dict[str, Spoken]:
    return {
        name: Spoken(
            terms=RULES[name].terms.model_validate(terms),
            clause=f"MADE-UP-{name}",
            document="MADE-UP",
            title="",
            at="",
        )
        for name, terms in place.items()
    }


def inputs_of(month: Month) -> Inputs:
    year, number = map(int, month.month.split("-"))
    last = calendar.monthrange(year, number)[1]
    people = month.people
    stretches = [(slip, one) for slip, person in enumerate(people) for one in person.stretches]
    weekdays = [
        [date(year, number, day).weekday() < 5 for day in range(one.first_day, one.last_day + 1)]
        for _, one in stretches
    ]
    return Inputs(
        area=AREA,
        staff=STAFF,
        month=month.month,
        cycle=month.cycle,
        month_weekdays=sum(date(year, number, day).weekday() < 5 for day in range(1, last + 1)),
        month_days=last,
        worker_ids=tuple(person.worker_id for person in people),
        organisation_ids=tuple(person.organisation_id for person in people),
        slip=_whole(slip for slip, _ in stretches),
        first_day=_whole(one.first_day for _, one in stretches),
        last_day=_whole(one.last_day for _, one in stretches),
        weekdays=_whole(sum(days) for days in weekdays),
        days=_whole(len(days) for days in weekdays),
        standard=_hundredths(one.standard for _, one in stretches),
        standard_source=_coded(["standard" if one.standard is not None else None for _, one in stretches]),
        years=_whole(one.years for _, one in stretches),
        keys={
            key: _coded([one.keys.get(key) for _, one in stretches])
            for key in sorted({key for _, one in stretches for key in one.keys})
        },
        part_time=_flags(person.part_time for person in people),
        probation=_flags(person.probation for person in people),
        score=_hundredths(person.score for person in people),
        leave=_by_code([{kind: Decimal(days) for kind, days in one.leave.items()} for one in people], 1, absent=0),
        entered=_by_code([person.entered for person in people], 100, absent=ABSENT),
        bases=_by_code([person.contribution_pay for person in people], 100, absent=ABSENT),
        kept=_by_code([person.first_pay for person in people], 100, absent=ABSENT),
        insured=_flags(person.insured for person in people),
        insurance=_coded([person.insurance for person in people]),
        month_of_first_job=_whole(
            ABSENT if person.month_of_first_job is None else person.month_of_first_job for person in people
        ),
    )


def year_of(years: Sequence[YearSoFar]) -> Year:
    return Year(
        months=_whole(one.months for one in years),
        mode=_coded([one.mode for one in years]),
        income_last_year=_hundredths(None for _ in years),
        reported=_by_code([one.reported for one in years], 100, absent=0),
        bonuses_apart=_whole(one.bonuses_apart for one in years),
        bonus_way=_coded([one.bonus_way for one in years]),
        last_gross=_hundredths(one.last_gross for one in years),
        **{name: _hundredths(getattr(one, name) for one in years) for name in (*TOTALS, *BALANCES)},
    )


def _past_of(past: PastMonth) -> Past:
    return Past(
        inputs=inputs_of(past.month),
        answers=answers_of(past.month.place),
        paid=_by_code(past.paid, 100, absent=0),
        mine=_whole(-1 if slip is None else slip for slip in past.goes_to),
        change_id=_whole(past.caused_by),
    )


def _whole(numbers: Iterable[int]) -> Any:
    return np.array(list(numbers), dtype=np.int64)


def _flags(flags: Iterable[bool]) -> Any:
    return np.array(list(flags), dtype=np.bool_)


def _hundredths(amounts: Iterable[Decimal | None]) -> Any:
    return _whole(ABSENT if one is None else int(one * 100) for one in amounts)


def _by_code(rows: Sequence[dict[str, Decimal]], times: int, *, absent: int) -> dict[str, Any]:
    codes = sorted({code for row in rows for code in row})
    return {code: _whole(int(row[code] * times) if code in row else absent for row in rows) for code in codes}


def _coded(words: Sequence[str | None]) -> Coded:
    known = sorted({word for word in words if word is not None})
    number = {word: place for place, word in enumerate(known)}
    return Coded(codes=_whole(-1 if word is None else number[word] for word in words), words=tuple(known))
