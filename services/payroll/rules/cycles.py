"""Months and halves of months: which days a run pays for, and who is paid by the half."""

from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, NamedTuple

from pydantic import Field

from common.policy import Terms, rule

PART_TIME = "labour_part_time"  # the kind of agreement that is paid by the hour
LAST_DAY_OF_FIRST_HALF = 15

_HALVES = {"first_half": ".1", "second_half": ".2"}


class PayCycle(StrEnum):
    MONTH = "month"
    HALF_MONTH = "half_month"


class CycleTerms(Terms):
    part_time: PayCycle = Field(title="非全日制人员的结算周期", description="按月，或每月上下半月各结算一次")


@rule("pay.cycle")
def cycle_of_pay(terms: CycleTerms, *, agreement: Annotated[str, Field(title="协议种类")]) -> PayCycle:
    """How often somebody is paid: by the month, or each half of it.

    Our reading: the halves are the 1st to the 15th and the rest. Where no clause answers, everybody is paid by the
    month.
    """
    return terms.part_time if agreement == PART_TIME else PayCycle.MONTH


class PayPeriod(NamedTuple):
    """A month, or a half of one; `cycle` is `month`, `first_half` or `second_half`."""

    month: str
    cycle: str

    @property
    def begins(self) -> date:
        return _days(self.month, self.cycle)[0]

    @property
    def ends(self) -> date:
        """The first day after it."""
        return _days(self.month, self.cycle)[1]

    @property
    def name(self) -> str:
        """`2026-03`, or `2026-03.1` and `2026-03.2` for its halves."""
        return self.month + _HALVES.get(self.cycle, "")

    @property
    def before(self) -> "PayPeriod":
        """The one of its kind before it."""
        if self.cycle == "second_half":
            return PayPeriod(self.month, "first_half")
        year, month = int(self.month[:4]), int(self.month[5:])
        earlier = f"{year - 1:04}-12" if month == 1 else f"{year:04}-{month - 1:02}"
        return PayPeriod(earlier, "second_half" if self.cycle == "first_half" else self.cycle)

    def is_before(self, other: "PayPeriod") -> bool:
        """Whether all of it was paid for before `other` is: of one month, the first half goes before the rest."""
        if self.month != other.month:
            return self.month < other.month
        return self.cycle == "first_half" and other.cycle != "first_half"

    @property
    def is_half(self) -> bool:
        return self.cycle in _HALVES


@cache
def _days(month: str, cycle: str) -> tuple[date, date]:
    first = first_day(month)
    middle = first.replace(day=LAST_DAY_OF_FIRST_HALF + 1)
    after = next_month(first)
    return {"first_half": (first, middle), "second_half": (middle, after)}.get(cycle, (first, after))


def month_of(day: date) -> str:
    return f"{day.year:04}-{day.month:02}"


def first_day(month: str) -> date:
    """Of a month written `2026-03`."""
    return date.fromisoformat(f"{month}-01")


def next_month(day: date) -> date:
    """Its first day; after the last month of the calendar, the last day there is."""
    if (day.year, day.month) == (date.max.year, date.max.month):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
