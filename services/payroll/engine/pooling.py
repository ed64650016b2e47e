"""The pool of a street: what everybody's post brings in goes out by the scores, to the fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from payroll.engine import findings
from payroll.engine.answers import Unanswered, terms_of
from payroll.engine.columns import Bool, Inputs, Int, Pool
from payroll.engine.earning import Earned
from payroll.engine.sheet import Sheet, always
from payroll.rules.arithmetic import zeros
from payroll.rules.composition import PayComposition
from payroll.rules.pay import PoolShares, pool_shares

K = TypeVar("K", np.int64, np.bool_)


@dataclass
class Piece:
    """A piece of a street while it is worked out."""

    rows: slice
    inputs: Inputs
    sheet: Sheet
    earned: Earned


def share_pool(pieces: Sequence[Piece]) -> Pool | None:
    """Puts everybody's share on the sheets. Who is stopped brings nothing in; None where nobody is left to share."""
    first = pieces[0]
    terms = terms_of(first.sheet.answers, "pool.shares", PoolShares)
    composition = terms_of(first.sheet.answers, "pay.composition", PayComposition)
    if terms is None or composition is None or composition.pooled is None:
        inputs = first.inputs
        raise Unanswered("pool.shares", area=inputs.area, staff=inputs.staff, month=inputs.month)
    sharers = _joined([_sharers(piece) for piece in pieces])
    [slips] = sharers.nonzero()
    part = _joined([piece.earned.brought_in for piece in pieces if piece.earned.brought_in is not None])
    points = _joined([piece.inputs.score for piece in pieces])
    size = len(points)
    if len(slips) < size:
        part, points = part[slips], points[slips]
    total = int(part.sum())
    if len(slips) and total and not _anything_to_share_by(terms, points, part):
        for piece in pieces:
            piece.sheet.find_next(_sharers(piece), always(findings.pool_without_scores), "pool.shares")
        slips, part, points = slips[:0], part[:0], points[:0]
    of_slips = pool_shares(terms, total, part, points) if len(slips) and total else zeros(len(slips))
    shares = of_slips
    if len(slips) < size:
        shares = zeros(size)
        shares[slips] = of_slips
    for piece in pieces:
        piece.sheet.put(composition.pooled.component, shares[piece.rows])
    if not len(slips):
        return None
    return Pool(
        area=first.inputs.area,
        month=first.inputs.month,
        slips=slips,
        brought_in=part,
        scores=points,
        shares=of_slips,
    )


def _sharers(piece: Piece) -> Bool:
    going = ~piece.sheet.stopped
    return going if piece.earned.has_part is None else going & piece.earned.has_part


def _joined(columns: Sequence[NDArray[K]]) -> NDArray[K]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _anything_to_share_by(terms: PoolShares, points: Int, part: Int) -> bool:
    return bool((points[part > 0] > 0).any() if terms.weighs_parts else (points > 0).any())
