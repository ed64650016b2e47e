"""What was reported for tax, month of the tax year by month: each month of employment counts once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from payroll.models import Cycle
from payroll.queries.raw import fetch
from payroll.queries.timelines import Segment, slips_of_worker
from payroll.rules.cycles import PayPeriod, month_of, next_month

_ENTRIES = r"""
SELECT worker_id, code, month, cycle, amount FROM entry
WHERE worker_id = ANY($1::text[]) AND month >= $2 AND month <= $3 AND code ~ '^(additional|other)(\.|$)'
"""
_STANDING = r"""
SELECT worker_id, code, from_month, amount FROM standing_entry
WHERE worker_id = ANY($1::text[]) AND from_month <= $2 AND code ~ '^(additional|other)(\.|$)' ORDER BY from_month
"""

Calendar = Sequence[tuple[date, date]]  # the months of a tax year up to the one of payment: first day, and day after


def calendar_of(paid_in: str) -> Calendar:
    firsts = [date(int(paid_in[:4]), month, 1) for month in range(1, int(paid_in[5:]) + 1)]
    return [(first, next_month(first)) for first in firsts]


@dataclass(frozen=True)
class _Code:
    """Of one worker: what was entered, by month and cycle, and since when what stands."""

    entered: dict[str, dict[str, int]]
    standing: list[tuple[str, int | None]]

    def of(self, month: str) -> int:
        """Entries go before what stands; what is said of the whole month falls in its second half."""
        by_cycle = self.entered.get(month, {})
        always = [amount for since, amount in self.standing if since <= month]
        whole = by_cycle.get(Cycle.MONTH, (always[-1] if always else None) or 0)
        return by_cycle.get(Cycle.FIRST_HALF, 0) + by_cycle.get(Cycle.SECOND_HALF, whole)


Codes = Mapping[str, _Code]


async def reported_codes(session: AsyncSession, workers: Sequence[str], *, since: str, until: str) -> dict[str, Codes]:
    """By worker and code, of months from `since` to `until`."""
    found: dict[str, dict[str, _Code]] = defaultdict(lambda: defaultdict(lambda: _Code(defaultdict(dict), [])))
    for worker_id, code, month, cycle, amount in await fetch(session, _ENTRIES, workers, since, until):
        found[worker_id][code].entered[month][cycle] = amount
    for worker_id, code, from_month, amount in await fetch(session, _STANDING, workers, until):
        found[worker_id][code].standing.append((from_month, amount))
    return dict(found)


def months_served(segments: Sequence[Segment], organisation_id: str, calendar: Calendar) -> list[int]:
    """By number, those of the calendar with a day of employment."""
    here = [one for one in segments if one.organisation_id == organisation_id]
    if any(one.begins <= calendar[0][0] and one.ends >= calendar[-1][1] for one in here):
        return list(range(1, len(calendar) + 1))
    return [
        number
        for number, (first, after) in enumerate(calendar, start=1)
        if any(one.begins < after and first < one.ends for one in here)
    ]


def carries(worker_id: str, segments: Sequence[Segment], organisation_id: str, first: date) -> bool:
    """Whether what is entered for the month of a day goes to this employer, who is one of several."""
    slips = slips_of_worker(worker_id, segments, PayPeriod(month_of(first), Cycle.MONTH), halves=False)
    return any(slip.organisation_id == organisation_id and slip.carries for slip in slips)


def reported_in(codes: Codes, months: Sequence[str]) -> dict[str, int]:
    """By code, over months of which each is named as often as it counts."""
    return {code: sum(one.of(month) for month in months) for code, one in codes.items()}


def months_reported(months: Sequence[str], paid: Mapping[str, str], *, otherwise: bool) -> list[str]:
    """For each of these months of employment the one whose report counts in it: the latest that was paid in it (`paid`,
    by month of payment), or itself where nothing was paid in it. Who is paid for December in January reports with
    December's pay. `otherwise`: whoever is paid without a month of employment in the year has one.
    """
    if otherwise:
        return [paid[max(paid)]] if paid else []
    return [paid.get(month, month) for month in months]
