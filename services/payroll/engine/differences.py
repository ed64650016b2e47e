"""Earlier months worked out again: what should have been paid for them less what was."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from payroll.engine.columns import ABSENT, Batch, Bool, Found, Int, Past
from payroll.engine.layout import is_worked_out_again
from payroll.engine.months import contribute_and_hold, work_month
from payroll.engine.pooling import Piece
from payroll.engine.taxing import REPORTED, reported_of
from payroll.rules.arithmetic import zeros


@dataclass(frozen=True)
class Differences:
    """Flat, one a row: the slip it goes to, the line's place in the layout, the amount, its period and cause."""

    slip: Int
    code: Int
    amount: Int
    period: Int
    change: Int
    periods: tuple[str, ...]
    found: tuple[Found, ...]
    reported: Mapping[str, Int]  # by slip and name: what tax goes by of months that are paid for the first time here

    def totals(self, groups: list[int], size: int, *, count: int) -> Int:
        """By group and slip; `groups` of the lines at each place of the layout."""
        totals = zeros(count * size)
        np.add.at(totals, np.array(groups, dtype=np.int64)[self.code] * size + self.slip, self.amount)
        return totals.reshape(count, size)


def differences_of(batch: Batch, places: dict[str, int]) -> Differences:
    """In the order of periods, so that the same facts in another order give the same lines."""
    past = sorted(batch.past, key=lambda one: (one.inputs.month, one.inputs.cycle))
    periods = tuple(dict.fromkeys(one.inputs.period for one in past))
    rows: list[tuple[Int, ...]] = []
    found: list[Found] = []
    reported: dict[str, Int] = {}
    for one in past:
        period = periods.index(one.inputs.period)
        held = _work_again(one, places, period, rows, found)
        if one.inputs.month[:4] == batch.paid_in[:4]:
            _report(one, held, reported, size=batch.inputs.size)
    columns = [zeros(0)] * 5
    if rows:
        columns = list(rows[0]) if len(rows) == 1 else [np.concatenate(column) for column in zip(*rows, strict=True)]
    return Differences(columns[0], columns[1], columns[2], columns[3], columns[4], periods, tuple(found), reported)


def _work_again(
    past: Past, places: dict[str, int], period: int, rows: list[tuple[Int, ...]], found: list[Found]
) -> Bool:
    """True for the rows that are paid here; their differences go to `rows`."""
    held = np.zeros(past.inputs.size, dtype=bool)

    def finish(piece: Piece) -> None:
        mine = past.mine[piece.rows]
        here = held[piece.rows] = (mine >= 0) & ~piece.sheet.stopped
        codes = [code for code in sorted({*piece.sheet.lines, *past.paid}) if is_worked_out_again(code)]
        apart = _apart(piece, past, codes)
        code, at = ((apart != 0) & here).nonzero()
        if len(at):
            place = np.array([places[one] for one in codes], dtype=np.int64)[code]
            change = past.change_id[piece.rows][at]
            rows.append((mine[at], place, apart[code, at], np.full(len(at), period, dtype=np.int64), change))
        for one in piece.sheet.found:
            if one.blocks and mine[one.slip - piece.rows.start] >= 0:
                found.append(replace(one, slip=int(mine[one.slip - piece.rows.start])))

    work_month(past.inputs, past.answers, None, settle=contribute_and_hold, finish=finish)
    return held


def _report(past: Past, held: Bool, reported: dict[str, Int], *, size: int) -> None:
    """What was reported for a month that nothing was paid for yet counts with its pay (law: within the tax year)."""
    first = held.copy()
    for paid in past.paid.values():
        first &= (paid == 0) | (paid == ABSENT)
    for name in REPORTED:
        amounts = reported_of(past.inputs, name)
        if amounts is not None and np.count_nonzero(amounts * first):
            np.add.at(reported.setdefault(name, zeros(size)), past.mine[first], amounts[first])


def _apart(piece: Piece, past: Past, codes: list[str]) -> Int:
    """What each line is now less what was paid for it, a row for each code."""
    apart, paid = np.zeros((2, len(codes), piece.sheet.size), dtype=np.int64)
    for row, code in enumerate(codes):
        if code in piece.sheet.lines:
            apart[row] = piece.sheet.lines[code]
        if code in past.paid:
            paid[row] = past.paid[code][piece.rows]
    if np.count_nonzero(absent := paid == ABSENT):
        paid[absent] = 0
    apart -= paid
    return apart
