"""The pool of a street: what everybody's post brings in goes out by the scores, to the fen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from payroll.engine import findings
from payroll.engine.answers import Unanswered, terms_of
from payroll.engine.columns import Inputs, Int, Pool
from payroll.engine.earning import Earned
from payroll.engine.sheet import Sheet, always
from payroll.rules.composition import PayComposition
from payroll.rules.pay import PoolShares, pool_shares


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
    has_part = [piece.earned.has_part for piece in pieces]
    sharers = np.concatenate([rows & ~piece.sheet.stopped for piece, rows in zip(pieces, has_part, strict=True)])
    slips = np.flatnonzero(sharers)
    brought_in = np.concatenate([piece.earned.brought_in for piece in pieces if piece.earned.brought_in is not None])
    scores = np.concatenate([piece.inputs.score for piece in pieces])
    part, points = brought_in[slips], scores[slips]
    total = int(part.sum())
    if len(slips) and total and not _anything_to_share_by(terms, points, part):
        for piece, rows in zip(pieces, has_part, strict=True):
            piece.sheet.find_next(rows, always(findings.pool_without_scores()), "pool.shares")
        slips = slips[:0]
    shares = np.zeros(len(scores), dtype=np.int64)
    if len(slips) and total:
        shares[slips] = pool_shares(terms, total, part, points)
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
        shares=shares[slips],
    )


def _anything_to_share_by(terms: PoolShares, points: Int, part: Int) -> bool:
    return bool((points[part > 0] > 0).any() if terms.weighs_parts else (points > 0).any())
