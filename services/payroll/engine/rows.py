"""Streets cut into pieces that fit the processor's cache, and facts that may be absent made into amounts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from payroll.engine.columns import ABSENT, Bool, Coded, Inputs, Int, Year
from payroll.rules import amounts

CHUNK = 1 << 14
KEPT = 31 << 20  # bytes; glibc learns from nothing larger than 32 MiB

MOST_PAY = amounts.MOST_PAY * 100  # fen in a month


@cache
def keep_memory() -> None:
    """Columns are freed batch by batch. Left alone, glibc gives them back to the kernel and has every page brought in
    anew for the next batch, which costs as much as the sums. Freeing one large block, never touched, teaches it to keep
    up to twice as much for itself.
    """
    np.empty(KEPT, dtype=np.uint8)


def chunks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, CHUNK):
        yield slice(start, min(start + CHUNK, rows))


def cut(inputs: Inputs, rows: slice) -> Inputs:
    """The slips of `rows` with their stretches, as views."""
    if rows.start == 0 and rows.stop == inputs.size:
        return inputs
    first, last = np.searchsorted(inputs.slip, [rows.start, rows.stop])
    days = slice(int(first), int(last))
    return replace(
        inputs,
        worker_ids=inputs.worker_ids[rows],
        organisation_ids=inputs.organisation_ids[rows],
        slip=inputs.slip[days] - rows.start,
        first_day=inputs.first_day[days],
        last_day=inputs.last_day[days],
        weekdays=inputs.weekdays[days],
        days=inputs.days[days],
        standard=inputs.standard[days],
        standard_source=_cut_coded(inputs.standard_source, days),
        years=inputs.years[days],
        keys={name: _cut_coded(one, days) for name, one in inputs.keys.items()},
        part_time=inputs.part_time[rows],
        probation=inputs.probation[rows],
        score=inputs.score[rows],
        leave=_cut_each(inputs.leave, rows),
        entered=_cut_each(inputs.entered, rows),
        bases=_cut_each(inputs.bases, rows),
        kept=_cut_each(inputs.kept, rows),
        insured=inputs.insured[rows],
        insurance=_cut_coded(inputs.insurance, rows),
        month_of_first_job=inputs.month_of_first_job[rows],
    )


def cut_year(year: Year, rows: slice) -> Year:
    if rows.start == 0 and rows.stop == len(year.months):
        return year
    return Year(
        months=year.months[rows],
        mode=_cut_coded(year.mode, rows),
        income_last_year=year.income_last_year[rows],
        income=year.income[rows],
        exempt=year.exempt[rows],
        special=year.special[rows],
        additional=year.additional[rows],
        other=year.other[rows],
        relief=year.relief[rows],
        withheld=year.withheld[rows],
        reported=_cut_each(year.reported, rows),
        bonuses_apart=year.bonuses_apart[rows],
        bonus_way=_cut_coded(year.bonus_way, rows),
        last_gross=year.last_gross[rows],
        owed=year.owed[rows],
        repaid=year.repaid[rows],
        written_off=year.written_off[rows],
    )


def _cut_coded(coded: Coded, rows: slice) -> Coded:
    return Coded(coded.codes[rows], coded.words)


def _cut_each(columns: Mapping[str, Int], rows: slice) -> dict[str, Int]:
    return {name: column[rows] for name, column in columns.items()}


def said(columns: Mapping[str, Int], name: str) -> Int | None:
    """The column with zero where nothing was said; None where nothing was said to anybody."""
    column = columns.get(name)
    if column is None:
        return None
    absent = column == ABSENT
    count = np.count_nonzero(absent)
    if not count:
        return column
    return None if count == len(column) else np.where(absent, 0, column)


def too_large(columns: Iterable[Int], most: int) -> Bool | None:
    """The rows with an amount that is beyond what pay can be; None where there is none."""
    found: Bool | None = None
    for column in columns:
        size = np.abs(column)  # ABSENT has no counterpart among integers and stays below zero
        if column.size and size.max() > most:
            found = size > most if found is None else found | (size > most)
    return found


COMPONENT = "component."  # before an entry that only a scheme's own component asks for


def entered_for(inputs: Inputs, entry: str) -> Int | None:
    """What was entered for a component that is paid as entered."""
    by_itself, as_component = said(inputs.entered, entry), said(inputs.entered, COMPONENT + entry)
    if by_itself is None or as_component is None:
        return as_component if by_itself is None else by_itself
    return by_itself + as_component
