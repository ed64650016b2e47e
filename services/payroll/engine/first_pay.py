"""The pay of a first month with an employer: what contributions go by from then on, until a base is set.

Months are looked at in their order, so that a first month found anew, or no longer there, holds for those after it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from payroll.engine.columns import ABSENT, Bool, FirstMonth, Inputs, Int
from payroll.engine.contributing import first_pay_of
from payroll.engine.pooling import Piece

Words = NDArray[Any]


class FirstPay:
    """What is known so far, by slip of the present period: the employer, and by scheme the pay of the first month."""

    def __init__(self, slips: int) -> None:
        self.slips = slips
        self.employer: Words = np.full(slips, "", dtype=object)
        self.amounts: dict[str, Int] = {}
        self.months: list[FirstMonth] = []

    def month(self, inputs: Inputs, slips: Int) -> "Month":
        """A month, or half of one, about to be worked out; `slips`: of the present one, by row, -1 for another's."""
        return Month(self, inputs, slips)

    def of_rows(self, employer: Words, slips: Int) -> dict[str, Int]:
        """By scheme what an earlier month has left for each row with the same employer."""
        same = (slips >= 0) & (self.employer[slips] == employer)
        return {scheme: np.where(same, amounts[slips], ABSENT) for scheme, amounts in self.amounts.items()}

    def keep(self, employer: Words, slips: Int, pay: Mapping[str, Int]) -> None:
        rows = np.zeros(len(slips), dtype=bool)
        for amounts in pay.values():
            rows |= amounts != ABSENT
        moved = slips[rows][self.employer[slips[rows]] != employer[rows]]
        for amounts in self.amounts.values():
            amounts[moved] = ABSENT
        self.employer[slips[rows]] = employer[rows]
        for scheme, amounts in pay.items():
            if (said := amounts != ABSENT).any():
                self.amounts.setdefault(scheme, _absent(self.slips))[slips[said]] = amounts[said]


class Month:
    """One month: `inputs` are those to work it out by; each piece is looked at when it is done, then `close`."""

    def __init__(self, known: FirstPay, inputs: Inputs, slips: Int) -> None:
        self.known = known
        self.slips = slips
        self.given = inputs
        self.earlier = known.of_rows(self.employer, slips) if known.amounts else {}
        self.before = inputs.kept
        kept = dict(inputs.kept)
        for scheme, amounts in self.earlier.items():
            kept[scheme] = np.where(amounts == ABSENT, kept.get(scheme, amounts), amounts)
        self.inputs = replace(inputs, kept=kept)
        self.worked = np.zeros(inputs.size, dtype=bool)
        self.schemes: set[str] = set(kept)
        self.pay: dict[str, Int] = {}

    @cached_property
    def employer(self) -> Words:
        return np.array(self.given.organisation_ids, dtype=object)

    def look(self, piece: Piece) -> None:
        worked = self.worked[piece.rows] = (self.slips[piece.rows] >= 0) & ~piece.sheet.stopped
        self.schemes.update(piece.sheet.owed)
        for scheme, pay in first_pay_of(piece.inputs, piece.sheet, piece.earned.counted).items():
            of_month = self.pay.setdefault(scheme, _absent(self.inputs.size))
            of_month[piece.rows] = np.where(worked, pay, ABSENT)

    def close(self) -> None:
        """Says whose first month it is, whose it is not, and leaves the pay to the months after it.

        Of whoever could not be worked out what holds already goes on.
        """
        nothing = _absent(self.inputs.size)
        waiting = (self.slips >= 0) & ~self.worked
        ended: dict[str, Bool] = {}
        left: dict[str, Int] = {}
        for scheme in sorted(self.schemes):
            pay, earlier = self.pay.get(scheme, nothing), self.earlier.get(scheme, nothing)
            unset = self.inputs.bases.get(scheme, nothing) == ABSENT
            ended[scheme] = self.worked & unset & ((pay == ABSENT) | (earlier != ABSENT))
            left[scheme] = np.where(waiting, self.inputs.kept.get(scheme, nothing), pay)
        self.known.keep(self.employer, self.slips, left)
        self._say(ended)

    def close_last(self) -> None:
        """The present month, which no other comes after."""
        self._say({})

    def _say(self, ended: Mapping[str, Bool]) -> None:
        begun: dict[str, Int] = {}
        for scheme, pay in sorted(self.pay.items()):
            is_first = [found[scheme] == ABSENT for found in (self.earlier, self.before) if scheme in found]
            amounts = np.where(np.logical_and.reduce(is_first), pay, ABSENT) if is_first else pay
            if (amounts != ABSENT).any():
                begun[scheme] = amounts
        workers, employers = self.inputs.worker_ids, self.inputs.organisation_ids
        self.known.months.append(FirstMonth(self.inputs.month, self.slips, workers, employers, begun, ended))


def _absent(size: int) -> Int:
    return np.full(size, ABSENT, dtype=np.int64)
