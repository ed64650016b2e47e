"""A month of a street worked out, piece by piece, until nobody more has to be set aside."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from payroll.engine.answers import needed_terms, terms_of
from payroll.engine.columns import ABSENT, Answers, Bool, Inputs, Int, Pool
from payroll.engine.contributing import check_floor, contribute
from payroll.engine.earning import earn
from payroll.engine.pooling import Piece, share_pool
from payroll.engine.rows import chunks, cut, said
from payroll.engine.sheet import Sheet
from payroll.rules.composition import PayComposition
from payroll.rules.dues import UnionDues, dues

Step = Callable[[Piece], object]


def work_month(
    inputs: Inputs, answers: Answers, present: Bool | None, *, settle: Step, finish: Step
) -> tuple[Pool, ...]:
    """`settle` goes on with a piece whose earnings stand, and may stop rows; `finish` takes it when all is settled.

    Where there is a pool, whoever is stopped takes his part out of it, so it is shared again among the others.
    """
    pieces: list[Piece] = []
    period = inputs.period
    for rows in chunks(inputs.size):
        sheet = Sheet(rows.stop - rows.start, rows.start, period, answers, None if present is None else present[rows])
        street = _without_entries_of_others(cut(inputs, rows), sheet.present)
        piece = Piece(rows, street, sheet, earn(street, sheet))
        if piece.earned.pooled is None:
            settle(piece)
            finish(piece)
        else:
            pieces.append(piece)
    if not pieces:
        return ()
    while True:
        pool = share_pool(pieces)
        stopped = _stopped(pieces)
        for piece in pieces:
            settle(piece)
        if pool is None or not (_stopped(pieces) & ~stopped)[pool.slips].any():
            break
    for piece in pieces:
        finish(piece)
    return () if pool is None else (pool,)


def _without_entries_of_others(inputs: Inputs, present: Bool | None) -> Inputs:
    """Whoever only has differences coming has nothing entered for this period."""
    if present is None or present.all():
        return inputs
    return replace(inputs, entered={code: np.where(present, one, ABSENT) for code, one in inputs.entered.items()})


def _stopped(pieces: list[Piece]) -> Bool:
    return np.concatenate([piece.sheet.stopped for piece in pieces])


def contribute_and_hold(piece: Piece) -> tuple[Int, Int]:
    """Contributions of worker and employer, and the minimum wage."""
    inputs, sheet = piece.inputs, piece.sheet
    composition = needed_terms(inputs, sheet.answers, "pay.composition", PayComposition)
    own, employer = contribute(inputs, sheet, piece.earned)
    check_floor(inputs, sheet, piece.earned, composition, own)
    return own, employer


def dues_of(piece: Piece) -> Int | None:
    """Union dues of the members, by the period's basic pay; None where there are none."""
    terms = terms_of(piece.sheet.answers, "union.dues", UnionDues)
    member = said(piece.inputs.entered, "union_member")
    return None if terms is None or member is None else dues(terms, piece.earned.basic) * (member > 0)
