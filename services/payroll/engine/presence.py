"""Who was in the post for which part of the period, and what a monthly amount comes to for it."""

from dataclasses import dataclass

import numpy as np

from payroll.engine.answers import Unanswered, terms_of
from payroll.engine.columns import Answers, Inputs, Int
from payroll.rules.arithmetic import half_up_by, zeros
from payroll.rules.cycles import LAST_DAY_OF_FIRST_HALF, PayCycle
from payroll.rules.leave import LeaveKindPay, LeavePay
from payroll.rules.pay import InPost, Part, PartialMonth, part_of_month


@dataclass(frozen=True)
class Odd:
    """The slips that are not simply a whole month with unchanged facts, and their stretches."""

    rows: Int
    stretches: Int
    bounds: Int  # of each row's stretches among `stretches`, one more than rows
    weights: Int
    part: Part | Unanswered  # without a clause nothing can be paid for a part of the period

    def share(self) -> Part:
        if isinstance(self.part, Unanswered):
            raise self.part
        return self.part

    def weighed(self, amounts: Int) -> Int:
        """Each row's amounts times their weights, added up; `amounts` one a stretch of the street."""
        return self._summed(amounts[self.stretches] * self.weights)

    def _summed(self, products: Int) -> Int:
        return _sums(products, self.bounds)

    @property
    def weight(self) -> Int:
        return self._summed(self.weights)


@dataclass(frozen=True)
class Presence:
    """`last`: each slip's last stretch; None where every slip has exactly one. `reduced`: leave not paid like work."""

    size: int
    last: Int | None
    nowhere: Int  # slips without any stretch
    odd: Odd | None
    reduced: dict[str, tuple[LeaveKindPay, Int]]

    def last_of(self, amounts: Int) -> Int:
        """What holds at the end of the period, as a whole month's amount."""
        if self.last is None:
            return amounts
        found = amounts.take(self.last) if len(amounts) else zeros(self.size)
        if len(self.nowhere):
            found[self.nowhere] = 0
        return found

    def part_of(self, amounts: Int) -> Int:
        """What monthly amounts come to for the days in the post, rounded once for each slip."""
        found = self.last_of(amounts)
        odd = self.odd
        if odd is None:
            return found
        found = found.copy() if found is amounts else found
        weighed = odd.weighed(amounts)
        if np.count_nonzero(weighed):
            part = odd.share()
            weighed = half_up_by(weighed * part.over, part.under)
        found[odd.rows] = weighed
        return found


@dataclass(frozen=True)
class _Bounds:
    """Where each slip's stretches begin and end; `single`: every slip has exactly one."""

    first: Int
    count: Int
    single: bool

    @classmethod
    def of(cls, inputs: Inputs) -> "_Bounds":
        size, slip = inputs.size, inputs.slip
        [ends] = (slip[1:] != slip[:-1]).nonzero()
        if len(slip) and len(ends) + 1 == size:
            first = np.empty(size, dtype=np.int64)
            first[0] = 0
            np.add(ends, 1, out=first[1:])
            count = np.empty(size, dtype=np.int64)
            np.subtract(first[1:], first[:-1], out=count[:-1])
            count[-1] = len(slip) - first[-1]
            return cls(first, count, len(slip) == size)
        count = np.bincount(slip, minlength=size)
        return cls(_after(count)[:-1], count, not size)

    @property
    def last(self) -> Int:
        found: Int = np.maximum(self.first + self.count - 1, 0)
        return found

    def summed(self, amounts: Int) -> Int:
        if self.single:
            return amounts
        sums = _after(amounts)
        found: Int = sums[self.first + self.count] - sums[self.first]
        return found

    def of_rows(self, rows: Int) -> tuple[Int, Int]:
        """The stretches of these slips one after the other, and where each slip's begin among them, and the end."""
        count = self.count[rows]
        bounds = _after(count)
        return np.arange(bounds[-1]) + (self.first[rows] - bounds[:-1]).repeat(count), bounds


def weekdays_of(inputs: Inputs) -> Int:
    """In the post, by slip."""
    return _Bounds.of(inputs).summed(inputs.weekdays)


def presence_of(inputs: Inputs, answers: Answers) -> Presence:
    size, period = inputs.size, _days_of_period(inputs)
    found = _Bounds.of(inputs)
    last = None if found.single else found.last
    nowhere = zeros(0)
    if last is None:
        odd = inputs.days != period
    else:
        odd = (inputs.days.take(last) if len(inputs.slip) else zeros(size)) != period
        odd |= found.count > 1
        [nowhere] = (found.count == 0).nonzero()
        if len(nowhere):
            odd[nowhere] = False
    halves = inputs.cycle != PayCycle.MONTH
    reduced, absent = _reduced(inputs, answers, found)
    if absent is not None:
        odd |= absent > 0
        odd[nowhere] = False
    rows = np.arange(size) if halves else odd.nonzero()[0]
    part = _odd(inputs, answers, rows, absent, found) if len(rows) else None
    return Presence(size, last, nowhere, part, reduced)


def _odd(inputs: Inputs, answers: Answers, rows: Int, absent: Int | None, found: _Bounds) -> Odd:
    terms = terms_of(answers, "pay.partial_month", PartialMonth)
    stretches, bounds = found.of_rows(rows)
    weekdays, days = inputs.weekdays[stretches], inputs.days[stretches]
    in_all = _sums(days, bounds)
    if terms is None:
        missing = Unanswered("pay.partial_month", area=inputs.area, staff=inputs.staff, month=inputs.month)
        return Odd(rows, stretches, bounds, weekdays, missing)
    post = InPost(
        weekdays=_sums(weekdays, bounds),
        days=in_all,
        absent=zeros(len(rows)) if absent is None else absent[rows],
        whole=in_all == _days_of_period(inputs),
        month_weekdays=inputs.month_weekdays,
        month_days=inputs.month_days,
        halves=inputs.cycle != PayCycle.MONTH,
    )
    part = part_of_month(terms, post)
    return Odd(rows, stretches, bounds, days if part.by_days else weekdays, part)


def _after(amounts: Int) -> Int:
    """Running sums, with nothing before the first."""
    sums = np.zeros(len(amounts) + 1, dtype=np.int64)
    amounts.cumsum(out=sums[1:])
    return sums


def _sums(amounts: Int, bounds: Int) -> Int:
    if len(amounts) == len(bounds) - 1 == np.count_nonzero(bounds[1:] != bounds[:-1]):
        return amounts  # one each
    sums = _after(amounts)
    return sums[bounds[1:]] - sums[bounds[:-1]]


def _days_of_period(inputs: Inputs) -> int:
    if inputs.cycle == PayCycle.MONTH:
        return inputs.month_days
    first_half = inputs.cycle == "first_half"
    return LAST_DAY_OF_FIRST_HALF if first_half else inputs.month_days - LAST_DAY_OF_FIRST_HALF


def _reduced(
    inputs: Inputs, answers: Answers, bounds: _Bounds
) -> tuple[dict[str, tuple[LeaveKindPay, Int]], Int | None]:
    """Days of leave by kind, where they are not paid like days at work, and their sum; never more than in the post."""
    terms = terms_of(answers, "leave.pay", LeavePay)
    found: dict[str, tuple[LeaveKindPay, Int]] = {}
    absent: Int | None = None
    for kind in sorted(inputs.leave) if terms is not None else ():
        paid = terms.kinds.get(kind) if terms is not None else None
        if paid is None or paid.like_work or not inputs.leave[kind].any():
            continue
        left = bounds.summed(inputs.weekdays)
        left = left if absent is None else left - absent
        days = np.minimum(inputs.leave[kind], left)
        found[kind] = (paid, days)
        absent = days if absent is None else absent + days
    return found, absent
