"""Earlier months worked out again: what should have been paid for them less what was."""

from dataclasses import dataclass, replace

import numpy as np

from payroll.engine.columns import ABSENT, Batch, Found, Int, Past
from payroll.engine.layout import is_worked_out_again
from payroll.engine.months import contribute_and_hold, work_month
from payroll.engine.pooling import Piece
from payroll.rules.arithmetic import zeros
from payroll.rules.cycles import PayPeriod


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

    def total(self, codes: Int, size: int) -> Int:
        """By slip, of the lines at these places of the layout."""
        total = zeros(size)
        chosen = np.isin(self.code, codes)
        np.add.at(total, self.slip[chosen], self.amount[chosen])
        return total


def differences_of(batch: Batch, places: dict[str, int]) -> Differences:
    """In the order of periods, so that the same facts in another order give the same lines."""
    past = sorted(batch.past, key=lambda one: (one.inputs.month, one.inputs.cycle))
    periods = tuple(dict.fromkeys(PayPeriod(one.inputs.month, one.inputs.cycle).name for one in past))
    rows: list[tuple[Int, ...]] = []
    found: list[Found] = []
    for one in past:
        period = periods.index(PayPeriod(one.inputs.month, one.inputs.cycle).name)
        _work_again(one, places, period, rows, found)
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)] if rows else [zeros(0)] * 5
    return Differences(columns[0], columns[1], columns[2], columns[3], columns[4], periods, tuple(found))


def _work_again(
    past: Past, places: dict[str, int], period: int, rows: list[tuple[Int, ...]], found: list[Found]
) -> None:
    def settle(piece: Piece) -> None:
        contribute_and_hold(piece)

    def finish(piece: Piece) -> None:
        mine = past.mine[piece.rows]
        here = (mine >= 0) & ~piece.sheet.stopped
        for code in sorted({*piece.sheet.lines, *past.paid}):
            if not is_worked_out_again(code):
                continue
            again = piece.sheet.lines.get(code)
            paid = past.paid.get(code)
            apart = zeros(piece.sheet.size) if again is None else again
            if paid is not None:
                before = paid[piece.rows]
                apart = apart - np.where(before == ABSENT, 0, before)
            at = np.flatnonzero((apart != 0) & here)
            if len(at):
                same = np.ones(len(at), dtype=np.int64)
                change = past.change_id[piece.rows][at]
                rows.append((mine[at], same * places[code], apart[at], same * period, change))
        for one in piece.sheet.found:
            if one.blocks and mine[one.slip - piece.rows.start] >= 0:
                found.append(replace(one, slip=int(mine[one.slip - piece.rows.start])))

    work_month(past.inputs, past.answers, None, settle=settle, finish=finish)
