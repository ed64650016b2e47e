"""Working days by the published calendar."""

from calendar import SATURDAY
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, Field, PositiveInt

from common.policy import Finding, Terms, rule


class PublishedCalendar(Terms):
    """The days that differ from the plain week, and up to which day they are known."""

    rest_days: tuple[date, ...] = Field(title="周一至周五中的休息日")
    workdays: tuple[date, ...] = Field(title="周六、周日中的上班日")
    through: date = Field(title="已公布至")


class Period(BaseModel):
    """`ends_on` is the last day of the period."""

    permitted: bool
    working_days: int | None
    ends_on: date | None
    findings: list[Finding]


@rule("calendar.working_days")
def working_days(
    terms: PublishedCalendar,
    *,
    starts_on: Annotated[date, Field(title="公布日")],
    days: Annotated[PositiveInt | None, Field(title="工作日数")] = None,
    until: Annotated[date | None, Field(title="截止日")] = None,
) -> Period:
    """When a number of working days is over, or how many there are until a day.

    The day after publication is the first that can count; the last day belongs to the period. What lies beyond the
    published calendar cannot be counted.
    """
    count = 0
    for day in _days_after(starts_on, terms.through):
        if until is not None and day > until:
            return Period(permitted=True, working_days=count, ends_on=until, findings=[])
        count += _works(terms, day)
        if days is not None and count >= days:
            return Period(permitted=True, working_days=count, ends_on=day, findings=[])
    if until is not None and until <= terms.through:
        return Period(permitted=True, working_days=count, ends_on=until, findings=[])
    unknown = Finding(
        code="calendar_not_published",
        zh=f"工作日历只公布至{terms.through}，此期限超出其范围，无法计算；请待国务院办公厅公布下一年安排并录入后再办",
        en=f"the calendar is published only through {terms.through}; add the next year's before counting beyond it",
    )
    return Period(permitted=False, working_days=None, ends_on=None, findings=[unknown])


def _days_after(day: date, last: date) -> Iterator[date]:
    while day < last:
        day += timedelta(days=1)
        yield day


def _works(terms: PublishedCalendar, day: date) -> bool:
    weekend = day.weekday() >= SATURDAY
    return day in terms.workdays if weekend else day not in terms.rest_days
