"""A street of any size, drawn straight into columns, and the same people as plain records for the calculator."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.payroll_straight import BASIC_MONTHLY, Figures, tax_of_year
from payroll.engine.columns import ABSENT, Batch, Coded, Inputs, Past, Year
from payroll.tests.oracle.batches import answers_of
from payroll.tests.oracle.places import MONTH_TABLE, YEAR_TABLE
from payroll.tests.oracle.records import Month, PastMonth, PersonMonth, Place, Street, Stretch, YearSoFar

MONTH, BEFORE = "2026-10", "2026-09"
WEEKDAYS = {MONTH: 22, BEFORE: 22}
DAYS = {MONTH: 31, BEFORE: 30}
CERTIFICATES = ("assistant_social_worker", "senior_social_worker", "social_worker")
ALLOWANCES = {"assistant_social_worker": "200.00", "social_worker": "333.33", "senior_social_worker": "500.05"}
_RATES = (  # scheme, worker, employer, fixed, unit
    ("pension", "0.08", "0.16", "0.00", "0.01"),
    ("medical", "0.02", "0.075", "7.00", "0.01"),
    ("unemployment", "0.003", "0.007", "0.00", "0.01"),
    ("injury", "0", "0.002", "0.00", "0.01"),
    ("housing_fund", "0.08", "0.08", "0.00", "1"),
)
FLOOR, CEILING = "4307.10", "21535.50"
REPORTED = "additional.children_education"
CHANGED = 10  # of so many people one has differences for the month before

PLACE: Place = {
    "pay.composition": {
        "components": [
            {"component": "base", "label_zh": "基础报酬", "kind": "share_of_standard", "share": "0.70"},
            {"component": "performance", "label_zh": "绩效奖金", "kind": "pooled_share_of_standard", "share": "0.30"},
            {"component": "certificate_allowance", "label_zh": "社工师补贴", "kind": "certificate_allowance"},
        ]
    },
    "pool.shares": {"weigh_by": "score"},
    "allowance.certificate": {"lowest": "200.00", "amounts": ALLOWANCES},
    "pay.partial_month": {"method": "by_21_75", "paid_days": "21.75"},
    "contributions.amounts": {
        "schemes": [
            {
                "scheme": name,
                "worker": worker,
                "employer": employer,
                "worker_fixed": fixed,
                "unit": unit,
                "floor": FLOOR,
                "ceiling": CEILING,
                "rounding": "half_up",
            }
            for name, worker, employer, fixed, unit in _RATES
        ]
    },
}
TAX_PLACE: Place = {
    "tax.cumulative_withholding": {"basic_monthly": "5000.00", "brackets": YEAR_TABLE},
    "tax.basic_months": {"modes": ["employment_months", "first_job_of_year", "annual_60000"], "whole_year": 12},
    "tax.bonus_apart": {"months": 12, "brackets": MONTH_TABLE},
    "tax.bonus_choice": {"times_a_year": 1, "when_equal": "merged"},
}


def _fen(amount: str) -> int:
    return int(Decimal(amount) * 100)


def _ten_thousandths(rate: str) -> int:
    return int(Decimal(rate) * 10_000)


FIGURES = Figures(
    allowances=np.array([*(_fen(ALLOWANCES[name]) for name in CERTIFICATES), 0]),
    schemes=tuple(
        (
            name,
            _ten_thousandths(worker),
            _ten_thousandths(employer),
            _fen(fixed),
            _fen(FLOOR),
            _fen(CEILING),
            _fen(unit),
        )
        for name, worker, employer, fixed, unit in _RATES
    ),
)
_TOTALS = ("income", "exempt", "special", "additional", "other", "relief", "withheld")
LINES = (
    *("base", "performance", "certificate_allowance"),
    *(f"{name}_{side}" for name, *_ in _RATES for side in ("worker", "employer")),
)


def draw_batch(seed: int, people: int, *, changed: int) -> Batch:
    """`changed`: how many of the people are worked out again for the month before; what they were paid is made up."""
    draw = np.random.default_rng(seed)
    answers = answers_of(PLACE)
    past: tuple[Past, ...] = ()
    if changed:
        mine = np.sort(draw.choice(people, changed, replace=False))
        inputs = _inputs(draw, BEFORE, mine)
        paid = {code: draw.integers(0, 800_00 if code in LINES[:2] else 300_00, changed) for code in LINES}
        past = (Past(inputs, answers, paid, mine, np.full(changed, 7)),)
    inputs = _inputs(draw, MONTH, np.arange(people))
    return Batch(
        paid_in=MONTH,
        inputs=inputs,
        answers=answers,
        tax_answers=answers_of(TAX_PLACE),
        year=_year(draw, people, np.maximum(inputs.entered[REPORTED], 0)),
        present=np.ones(people, dtype=np.bool_),
        past=past,
    )


def _inputs(draw: Generator, month: str, workers: Any) -> Inputs:
    """One in ten comes within the month, one in twenty has another grade from a day of it."""
    people = len(workers)
    days, weekdays = DAYS[month], WEEKDAYS[month]
    changes = np.sort(draw.choice(people, people // 20, replace=False))
    slip = np.sort(np.append(np.arange(people), changes))
    starts = np.flatnonzero(np.diff(slip, prepend=-1))
    first_day, last_day = np.ones(len(slip), dtype=np.int64), np.full(len(slip), days)
    is_second = np.ones(len(slip), dtype=np.bool_)
    is_second[starts] = False
    second = np.flatnonzero(is_second)
    first_day[second], last_day[second - 1] = 16, 15
    late = np.setdiff1d(draw.choice(starts, people // 10, replace=False), second - 1)
    first_day[late] = draw.integers(2, 15, len(late))
    is_weekday = np.array([0, *((day + (3 if month == MONTH else 1)) % 7 < 5 for day in range(days))])
    before = np.cumsum(is_weekday)
    if before[-1] != weekdays:
        raise AssertionError(f"{month} has {before[-1]} weekdays")
    entered = {
        "overtime_pay": _some(draw, people, 10, 1_00, 900_00),
        "annual_bonus": _some(draw, people, 20, 1_000_00, 200_000_00),
        REPORTED: _some(draw, people, 2, 1_000_00, 1_000_01),
    }
    certificate = draw.integers(-1, 3, people)
    return Inputs(
        area="990101001",
        staff="made_up",
        month=month,
        cycle="month",
        month_weekdays=weekdays,
        month_days=days,
        worker_ids=tuple(f"worker-{number:08}" for number in workers.tolist()),
        organisation_ids=("organisation-1",) * people,
        slip=slip,
        first_day=first_day,
        last_day=last_day,
        weekdays=before[last_day] - before[first_day - 1],
        days=last_day - first_day + 1,
        standard=draw.integers(5_000_00, 12_000_00, len(slip)),
        standard_source=Coded(np.zeros(len(slip), dtype=np.int64), ("standard-1",)),
        years=draw.integers(0, 30, people)[slip],
        keys={"certificate": Coded(certificate[slip], CERTIFICATES)},
        part_time=np.zeros(people, dtype=np.bool_),
        probation=np.zeros(people, dtype=np.bool_),
        score=draw.integers(60_00, 100_01, people),
        leave={},
        entered=entered if month == MONTH else {},
        bases={"pension": _some(draw, people, 4, 3_000_00, 25_000_00)},
        kept=_kept(draw, people),
        insured=np.ones(people, dtype=np.bool_),
        insurance=Coded(np.full(people, -1), ()),
        month_of_first_job=np.full(people, ABSENT),
    )


def _kept(draw: Generator, people: int) -> dict[str, Any]:
    """The pay of the first month, but of one in ten, whose first month it is."""
    kept = np.where(draw.integers(0, 10, people) == 0, ABSENT, draw.integers(3_000_00, 25_000_00, people))
    return {scheme: kept.copy() for scheme in ("housing_fund", "injury", "medical", "pension", "unemployment")}


def _some(draw: Generator, people: int, one_in: int, low: int, high: int) -> Any:
    return np.where(draw.integers(0, one_in, people) == 0, draw.integers(low, high, people), ABSENT)


def _year(draw: Generator, people: int, reported: Any) -> Year:
    """`reported`: for the month of payment, beside what was deducted for the months before it."""
    months = draw.integers(1, 11, people)
    income = draw.integers(3_000_00, 25_000_00, people) * (months - 1)
    nothing = np.zeros(people, dtype=np.int64)
    additional = draw.integers(0, 3, people) * (months - 1) * 1_000_00
    return Year(
        months=months,
        mode=Coded(draw.integers(0, 3, people), ("annual_60000", "employment_months", "first_job_of_year")),
        income=income,
        exempt=nothing,
        special=income * 18 // 100,
        additional=additional,
        reported={REPORTED: additional + reported},
        income_last_year=np.full(people, ABSENT),
        other=nothing,
        relief=nothing,
        withheld=np.maximum(
            tax_of_year(income * 82 // 100 - BASIC_MONTHLY * months) - draw.integers(0, 300_00, people), 0
        ),
        bonuses_apart=(draw.integers(0, 20, people) == 0).astype(np.int64),
        bonus_way=Coded(np.full(people, -1), ()),
        last_gross=np.full(people, ABSENT),
        owed=nothing,
        repaid=nothing,
        written_off=nothing,
    )


def without_past(batch: Batch) -> Batch:
    return replace(batch, past=())


def street_of(batch: Batch) -> Street:
    """The same people, one record each."""
    year = batch.year
    totals: list[dict[str, Any]] = [
        {name: _yuan(getattr(year, name)[slip]) for name in _TOTALS} for slip in range(batch.inputs.size)
    ]
    return Street(
        month=_month_of(batch.inputs),
        paid_in=batch.paid_in,
        tax_place=TAX_PLACE,
        years=[
            YearSoFar(
                months=int(year.months[slip]),
                mode=year.mode.words[year.mode.codes[slip]],
                bonuses_apart=int(year.bonuses_apart[slip]),
                reported=_said(year.reported, slip),
                **totals[slip],
            )
            for slip in range(batch.inputs.size)
        ],
        present=batch.present.tolist(),
        past=[
            PastMonth(
                month=_month_of(past.inputs),
                paid=[
                    {code: _yuan(amounts[row]) for code, amounts in past.paid.items()}
                    for row in range(past.inputs.size)
                ],
                goes_to=past.mine.tolist(),
                caused_by=past.change_id.tolist(),
            )
            for past in batch.past
        ],
    )


def _month_of(inputs: Inputs) -> Month:
    people = [
        PersonMonth(
            worker_id=inputs.worker_ids[slip],
            organisation_id=inputs.organisation_ids[slip],
            stretches=[],
            score=_yuan(inputs.score[slip]),
            entered=_said(inputs.entered, slip),
            contribution_pay=_said(inputs.bases, slip),
            first_pay=_said(inputs.kept, slip),
        )
        for slip in range(inputs.size)
    ]
    certificate = inputs.keys["certificate"]
    for row, slip in enumerate(inputs.slip.tolist()):
        held = int(certificate.codes[row])
        people[slip].stretches.append(
            Stretch(
                first_day=int(inputs.first_day[row]),
                last_day=int(inputs.last_day[row]),
                standard=_yuan(inputs.standard[row]),
                years=int(inputs.years[row]),
                keys={"certificate": certificate.words[held] if held >= 0 else None},
            )
        )
    return Month(inputs.month, inputs.cycle, 1, inputs.month_days, people, PLACE)


def _said(columns: Mapping[str, Any], slip: int) -> dict[str, Decimal]:
    return {code: _yuan(amounts[slip]) for code, amounts in columns.items() if amounts[slip] != ABSENT}


def _yuan(fen: Any) -> Decimal:
    return Decimal(int(fen)).scaleb(-2)
