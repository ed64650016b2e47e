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
        sums = _after(products)
        return sums[self.bounds[1:]] - sums[self.bounds[:-1]]

    @property
    def weight(self) -> Int:
        return self._summed(self.weights)


@dataclass(frozen=True)
class Presence:
    """`last`: each slip's last stretch; None where every slip has exactly one. `reduced`: leave not paid like work."""

    size: int
    last: Int | None
    nowhere: Int  # slips without any stretch
    weekdays: Int
    odd: Odd | None
    reduced: dict[str, tuple[LeaveKindPay, Int]]

    def last_of(self, amounts: Int) -> Int:
        """What holds at the end of the period, as a whole month's amount."""
        if self.last is None:
            return amounts
        found = amounts[self.last] if len(amounts) else zeros(self.size)
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
        if weighed.any():
            part = odd.share()
            weighed = half_up_by(weighed * part.over, part.under)
        found[odd.rows] = weighed
        return found


def presence_of(inputs: Inputs, answers: Answers) -> Presence:
    size, stretches = inputs.size, len(inputs.slip)
    single = stretches == size and bool((inputs.slip == np.arange(size)).all())
    if single:
        last, nowhere = None, zeros(0)
        weekdays, days, disturbed = inputs.weekdays, inputs.days, np.zeros(size, dtype=bool)
    else:
        count = np.bincount(inputs.slip, minlength=size)
        bounds = _after(count)
        last = np.maximum(bounds[1:] - 1, 0)
        nowhere = np.flatnonzero(count == 0)
        weekdays, days = _sums(inputs.weekdays, bounds), _sums(inputs.days, bounds)
        disturbed = count > 1
    halves = inputs.cycle != PayCycle.MONTH
    reduced, absent = _reduced(inputs, answers, weekdays)
    whole = days == _days_of_period(inputs)
    if not halves and single and absent is None and bool(whole.all()):
        return Presence(size, last, nowhere, weekdays, None, reduced)
    odd = disturbed | ~whole
    if absent is not None:
        odd |= absent > 0
    odd[nowhere] = False
    rows = np.arange(size) if halves else np.flatnonzero(odd)
    if not len(rows):
        return Presence(size, last, nowhere, weekdays, None, reduced)
    post = InPost(
        weekdays=weekdays[rows],
        days=days[rows],
        absent=zeros(len(rows)) if absent is None else absent[rows],
        whole=whole[rows],
        month_weekdays=inputs.month_weekdays,
        month_days=inputs.month_days,
        halves=halves,
    )
    return Presence(size, last, nowhere, weekdays, _odd(inputs, answers, rows, post), reduced)


def _odd(inputs: Inputs, answers: Answers, rows: Int, post: InPost) -> Odd:
    terms = terms_of(answers, "pay.partial_month", PartialMonth)
    missing = Unanswered("pay.partial_month", area=inputs.area, staff=inputs.staff, month=inputs.month)
    part = missing if terms is None else part_of_month(terms, post)
    by_days = isinstance(part, Part) and part.by_days
    chosen = np.zeros(inputs.size, dtype=bool)
    chosen[rows] = True
    stretches = np.flatnonzero(chosen[inputs.slip])
    bounds = _after(np.bincount(inputs.slip[stretches], minlength=inputs.size)[rows])
    weights = (inputs.days if by_days else inputs.weekdays)[stretches]
    return Odd(rows, stretches, bounds, weights, part)


def _after(amounts: Int) -> Int:
    """Running sums, with nothing before the first."""
    sums = np.zeros(len(amounts) + 1, dtype=np.int64)
    np.cumsum(amounts, out=sums[1:])
    return sums


def _sums(amounts: Int, bounds: Int) -> Int:
    sums = _after(amounts)
    return sums[bounds[1:]] - sums[bounds[:-1]]


def _days_of_period(inputs: Inputs) -> int:
    if inputs.cycle == PayCycle.MONTH:
        return inputs.month_days
    first_half = inputs.cycle == "first_half"
    return LAST_DAY_OF_FIRST_HALF if first_half else inputs.month_days - LAST_DAY_OF_FIRST_HALF


def _reduced(inputs: Inputs, answers: Answers, weekdays: Int) -> tuple[dict[str, tuple[LeaveKindPay, Int]], Int | None]:
    """Days of leave by kind, where they are not paid like days at work, and their sum; never more than in the post."""
    terms = terms_of(answers, "leave.pay", LeavePay)
    found: dict[str, tuple[LeaveKindPay, Int]] = {}
    absent: Int | None = None
    for kind in sorted(inputs.leave) if terms is not None else ():
        paid = terms.kinds.get(kind) if terms is not None else None
        if paid is None or paid.like_work or not inputs.leave[kind].any():
            continue
        left = weekdays if absent is None else weekdays - absent
        days = np.minimum(inputs.leave[kind], left)
        found[kind] = (paid, days)
        absent = days if absent is None else absent + days
    return found, absent
