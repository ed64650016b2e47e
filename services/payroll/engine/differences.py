"""Earlier months worked out again: what should have been paid for them less what was."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from payroll.engine.columns import ABSENT, Batch, Bool, Found, Int, Past
from payroll.engine.first_pay import OWN, FirstPay, Month
from payroll.engine.layout import DUES, is_worked_out_again
from payroll.engine.months import contribute_and_hold, dues_of, work_month
from payroll.engine.pooling import Piece
from payroll.engine.rows import said
from payroll.engine.taxing import RELIEF, reported_of
from payroll.rules.arithmetic import zeros


@dataclass(frozen=True)
class Differences:
    """Flat, one a row: the slip it goes to, the line's place in the layout, the amount, its period and cause, and the
    number of the employer of that period, -1 where it is the slip's own. `first_pay`: as the earlier months leave it.
    """

    slip: Int
    code: Int
    amount: Int
    period: Int
    change: Int
    employer: Int
    periods: tuple[str, ...]
    employers: tuple[str, ...]
    found: tuple[Found, ...]
    relief: Int  # by slip, of months that are paid for the first time here
    first_pay: FirstPay

    def totals(self, groups: list[int], size: int, *, count: int) -> Int:
        """By group and slip; `groups` of the lines at each place of the layout."""
        totals = zeros(count * size)
        np.add.at(totals, np.array(groups, dtype=np.int64)[self.code] * size + self.slip, self.amount)
        return totals.reshape(count, size)


def differences_of(batch: Batch, places: dict[str, int]) -> Differences:
    """In the order of periods, so that the same facts in another order give the same lines."""
    past = sorted(batch.past, key=lambda one: (one.inputs.month, one.inputs.cycle))
    periods = tuple(dict.fromkeys(one.inputs.period for one in past))
    collected = _Collected(np.array(batch.inputs.organisation_ids, dtype=object))
    first_pay = FirstPay(batch.inputs.size)
    relief = zeros(batch.inputs.size)
    for one in past:
        month = first_pay.month(one.inputs, one.mine, collected.employer(one))
        again = replace(one, inputs=month.inputs)
        held = _work_again(again, places, periods.index(one.inputs.period), collected, month)
        month.close()
        if one.inputs.month[:4] == batch.paid_in[:4]:
            _relieve(one, held, relief)
    slip, code, amount, when, change, employer = collected.columns()
    return Differences(
        slip=slip,
        code=code,
        amount=amount,
        period=when,
        change=change,
        employer=employer,
        periods=periods,
        employers=tuple(collected.employers),
        found=tuple(collected.found),
        relief=relief,
        first_pay=first_pay,
    )


@dataclass
class _Collected:
    """What earlier months come to, piece by piece. `here`: the employer of each slip of the present period."""

    here: Any
    rows: list[tuple[Int, ...]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    employers: dict[str, int] = field(default_factory=dict)

    def columns(self) -> list[Int]:
        if not self.rows:
            return [zeros(0)] * 6
        return [np.concatenate(column) for column in zip(*self.rows, strict=True)]

    def employer(self, past: Past) -> Int:
        """By row the number of its employer, where that is another than the one of the slip that it goes to."""
        numbers = np.full(past.inputs.size, OWN, dtype=np.int64)
        if not len(self.here):
            return numbers
        then = np.array(past.inputs.organisation_ids, dtype=object)
        for row in np.flatnonzero((past.mine >= 0) & (self.here[past.mine] != then)).tolist():
            numbers[row] = self.employers.setdefault(then[row], len(self.employers))
        return numbers


def _work_again(past: Past, places: dict[str, int], period: int, collected: _Collected, month: Month) -> Bool:
    """True for the rows that are paid here; their differences are collected."""
    held = np.zeros(past.inputs.size, dtype=bool)

    def finish(piece: Piece) -> None:
        month.look(piece)
        mine = past.mine[piece.rows]
        here = held[piece.rows] = (mine >= 0) & ~piece.sheet.stopped
        codes = [code for code in sorted({*piece.sheet.lines, *past.paid}) if is_worked_out_again(code)]
        if (dues := _dues(piece, past)) is not None:
            piece.sheet.lines[DUES] = dues
            codes.append(DUES)
        apart = _apart(piece, past, codes)
        code, at = ((apart != 0) & here).nonzero()
        if len(at):
            place = np.array([places[one] for one in codes], dtype=np.int64)[code]
            change, then = past.change_id[piece.rows][at], month.employer[piece.rows][at]
            when = np.full(len(at), period, dtype=np.int64)
            collected.rows.append((mine[at], place, apart[code, at], when, change, then))
        for one in piece.sheet.found:
            if one.blocks and mine[one.slip - piece.rows.start] >= 0:
                collected.found.append(replace(one, slip=int(mine[one.slip - piece.rows.start])))

    work_month(past.inputs, past.answers, None, settle=contribute_and_hold, finish=finish)
    return held


def _dues(piece: Piece, past: Past) -> Int | None:
    """Those of a month that nothing was paid for yet; once taken they stay as they were. None where nobody owes any."""
    due = dues_of(piece)
    if due is None:
        return None
    taken = said(past.paid, DUES)
    return np.where(_is_first(past)[piece.rows], due, 0 if taken is None else taken[piece.rows])


def _relieve(past: Past, held: Bool, relief: Int) -> None:
    """The relief entered for a month that nothing was paid for yet counts with its pay, within the tax year."""
    amounts = reported_of(past.inputs.entered, RELIEF)
    if amounts is None:
        return
    first = held & _is_first(past)
    np.add.at(relief, past.mine[first], amounts[first])


def _is_first(past: Past) -> Bool:
    """The rows that nothing was paid for until now."""
    first = np.ones(past.inputs.size, dtype=bool)
    for paid in past.paid.values():
        first &= (paid == 0) | (paid == ABSENT)
    return first


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
