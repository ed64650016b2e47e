"""The pay of a first month with an employer: what contributions go by from then on, until a base is set.

Months are looked at in their order, so that a first month found anew, or no longer there, holds for those after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from payroll.engine.columns import ABSENT, Bool, FirstMonth, Inputs, Int
from payroll.engine.contributing import first_pay_of
from payroll.engine.pooling import Piece

OWN, _NOBODY = -1, -2


class FirstPay:
    """What is known so far, by slip of the present period: the employer, and by scheme the pay of the first month.

    Employers are numbers: -1 the one of the present slip.
    """

    def __init__(self, slips: int) -> None:
        self.slips = slips
        self.employer = np.full(slips, _NOBODY, dtype=np.int64)
        self.amounts: dict[str, Int] = {}
        self.months: list[FirstMonth] = []

    def month(self, inputs: Inputs, slips: Int, employer: Int) -> "Month":
        """A month, or half of one, about to be worked out; `slips`: of the present one, by row, -1 for another's."""
        earlier = self.of_rows(employer, slips) if self.amounts else {}
        return Month(self, inputs, slips, employer, earlier=earlier, last=False)

    def present(self, inputs: Inputs) -> "Month":
        """The last month, which leaves nothing to others."""
        rows = np.flatnonzero(self.employer == OWN)
        kept = dict(inputs.kept)
        for scheme, amounts in self.amounts.items():
            said = rows[amounts[rows] != ABSENT]
            before = kept.get(scheme)
            kept[scheme] = _with(_absent(self.slips) if before is None else before, said, amounts[said])
        every, own = np.arange(self.slips), np.full(self.slips, OWN, dtype=np.int64)
        return Month(self, replace(inputs, kept=kept), every, own, earlier={}, last=True)

    def of_rows(self, employer: Int, slips: Int) -> dict[str, Int]:
        """By scheme what an earlier month has left for each row with the same employer."""
        same = (slips >= 0) & (self.employer[slips] == employer)
        return _each(self.amounts, lambda amounts: np.where(same, amounts[slips], ABSENT))

    def keep(self, employer: Int, slips: Int, pay: Mapping[str, Int]) -> None:
        """What another employer left is forgotten where pay is said."""
        pay = {scheme: amounts for scheme, amounts in pay.items() if (amounts != ABSENT).any()}
        if not pay:
            return
        rows = np.logical_or.reduce([amounts != ABSENT for amounts in pay.values()])
        ours = slips[rows]
        moved = ours[self.employer[ours] != employer[rows]]
        self.amounts = _each(self.amounts, lambda amounts: _with(amounts, moved, ABSENT))
        self.employer[ours] = employer[rows]
        for scheme, amounts in pay.items():
            said = amounts != ABSENT
            before = self.amounts.get(scheme)
            self.amounts[scheme] = _with(_absent(self.slips) if before is None else before, slips[said], amounts[said])


class Month:
    """One month: `inputs` are those to work it out by; each piece is looked at when it is done, then `close`."""

    def __init__(
        self, known: FirstPay, inputs: Inputs, slips: Int, employer: Int, *, earlier: dict[str, Int], last: bool
    ) -> None:
        self.known = known
        self.last = last
        self.slips = slips
        self.employer = employer
        self.earlier = earlier
        self.before = inputs.kept
        kept = dict(inputs.kept)
        for scheme, amounts in self.earlier.items():
            before = kept.get(scheme)
            kept[scheme] = amounts if before is None else np.where(amounts == ABSENT, before, amounts)
        self.inputs = replace(inputs, kept=kept)
        self.worked = np.zeros(inputs.size, dtype=bool)
        self.schemes: set[str] = set(kept)
        self.pay: dict[str, Int] = {}

    def look(self, piece: Piece) -> None:
        worked = self.worked[piece.rows] = (self.slips[piece.rows] >= 0) & ~piece.sheet.stopped
        self.schemes.update(piece.sheet.owed)
        pay = first_pay_of(piece.inputs, piece.sheet, piece.earned.counted, known_too=not self.last)
        if not worked.all():
            pay = _each(pay, lambda amounts: np.where(worked, amounts, ABSENT))
        if len(worked) == self.inputs.size:
            self.pay = pay
            return
        for scheme, amounts in pay.items():
            self.pay.setdefault(scheme, _absent(self.inputs.size))[piece.rows] = amounts

    def close(self) -> None:
        """Says whose first month it is, whose it is not, and leaves the pay to the months after it.

        Of whoever could not be worked out what holds already goes on.
        """
        if self.last:
            self._say({}, self.pay)
            return
        nothing = _absent(self.inputs.size)
        waiting = (self.slips >= 0) & ~self.worked
        any_waiting = bool(waiting.any())
        known: dict[tuple[int, ...], Bool] = {}
        ended: dict[str, Bool] = {}
        left: dict[str, Int] = {}
        for scheme in sorted(self.schemes):
            pay, earlier = self.pay.get(scheme, nothing), self.earlier.get(scheme, nothing)
            given = self.inputs.bases.get(scheme, nothing)
            found = id(pay), id(earlier), id(given)
            if found not in known:
                known[found] = self.worked & (given == ABSENT) & ((pay == ABSENT) | (earlier != ABSENT))
            ended[scheme] = known[found]
            left[scheme] = np.where(waiting, self.inputs.kept.get(scheme, nothing), pay) if any_waiting else pay
        self.known.keep(self.employer, self.slips, left)
        self._say(ended, self._begun())

    def _begun(self) -> dict[str, Int]:
        """Of the pay that of a first month, which nothing was known of before."""
        known: dict[tuple[int, ...], Int] = {}
        begun: dict[str, Int] = {}
        for scheme, pay in sorted(self.pay.items()):
            others = [found[scheme] for found in (self.earlier, self.before) if scheme in found]
            key = (id(pay), *map(id, others))
            if key not in known:
                first = np.logical_and.reduce([one == ABSENT for one in others]) if others else True
                known[key] = np.where(first, pay, ABSENT) if others else pay
            begun[scheme] = known[key]
        return begun

    def _say(self, ended: Mapping[str, Bool], begun: Mapping[str, Int]) -> None:
        all_worked = self.last and bool(self.worked.all())  # then there is some, or nothing is said of the scheme
        begun = {
            scheme: amounts for scheme, amounts in sorted(begun.items()) if all_worked or (amounts != ABSENT).any()
        }
        workers, employers = self.inputs.worker_ids, self.inputs.organisation_ids
        self.known.months.append(FirstMonth(self.inputs.month, self.slips, workers, employers, begun, ended))


def _each(columns: Mapping[str, Int], change: Callable[[Int], Any]) -> dict[str, Any]:
    """Each column changed, once where several schemes share it: pay without a base is the same for all of them."""
    done: dict[int, Any] = {}
    for column in columns.values():
        if id(column) not in done:
            done[id(column)] = change(column)
    return {scheme: done[id(column)] for scheme, column in columns.items()}


def _with(column: Int, rows: Int, amounts: Int | int) -> Int:
    """A new column: others may share the old one."""
    changed = column.copy()
    changed[rows] = amounts
    return changed


def _absent(size: int) -> Int:
    return np.full(size, ABSENT, dtype=np.int64)
