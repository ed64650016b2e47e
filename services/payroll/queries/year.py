"""The tax year so far with an employer: what was paid and withheld, how many months, which way of withholding."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from payroll.engine.columns import ABSENT, Int, Year
from payroll.models.runs import SEALED
from payroll.queries.debts import owed_by
from payroll.queries.inputs import Words, column
from payroll.queries.raw import fetch
from payroll.queries.timelines import Segment, Slip, Timelines
from payroll.rules.cycles import PayPeriod, next_month

TOTALS = ("income", "exempt", "special", "additional", "other", "relief", "withheld")
USUAL_MODE = "employment_months"

Key = tuple[str, str]  # worker and employer

_SUMS = """
SELECT s.worker_id, s.organisation_id,
       coalesce(sum(s.income) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       coalesce(sum(s.exempt) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       coalesce(sum(s.special) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       coalesce(sum(s.additional) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       coalesce(sum(s.other) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       coalesce(sum(s.relief) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       coalesce(sum(s.tax) FILTER (WHERE s.paid_in >= $2), 0)::bigint,
       count(*) FILTER (WHERE s.paid_in >= $2 AND s.bonus <> 0),
       count(DISTINCT s.paid_in) FILTER (WHERE s.paid_in >= $2 AND s.paid_in < $3),
       max(s.gross) FILTER (WHERE s.month = $4 AND s.cycle = $5)
FROM payslip s JOIN payroll_run r ON r.run_id = s.run_id
WHERE s.worker_id = ANY($1::text[]) AND r.status = ANY($6::text[]) AND s.run_id <> $7
  AND ((s.paid_in >= $2 AND s.paid_in <= $3) OR (s.month = $4 AND s.cycle = $5))
GROUP BY s.worker_id, s.organisation_id
"""
_CARDS = """
SELECT worker_id, organisation_id, mode, bonus_way, opening FROM tax_card
WHERE worker_id = ANY($1::text[]) AND year = $2
"""


async def year_of(
    session: AsyncSession, slips: Sequence[Slip], timelines: Timelines, period: PayPeriod, *, paid_in: str, run_id: str
) -> Year:
    """For each slip, what sealed runs other than `run_id` paid in the tax year up to the month of payment."""
    workers = sorted({slip.worker_id for slip in slips})
    year, earlier = paid_in[:4], period.before
    sums: dict[Key, Any] = {
        (row[0], row[1]): row
        for row in await fetch(
            session, _SUMS, workers, f"{year}-01", paid_in, earlier.month, earlier.cycle, list(SEALED), run_id
        )
    }
    cards: dict[Key, Any] = {(row[0], row[1]): row for row in await fetch(session, _CARDS, workers, int(year))}
    owed = await owed_by(session, slips, period, run_id=run_id)
    return _columns(slips, timelines, sums, cards, owed, paid_in=paid_in)


def _columns(
    slips: Sequence[Slip], timelines: Timelines, sums: dict[Key, Any], cards: dict[Key, Any], owed: Int, *, paid_in: str
) -> Year:
    totals: dict[str, Int] = {name: np.zeros(len(slips), dtype=np.int64) for name in TOTALS}
    apart: dict[str, int] = {}  # once a person and year, whichever employer paid it
    for (worker_id, _), paid in sums.items():
        apart[worker_id] = apart.get(worker_id, 0) + paid[9]
    months, last_gross = [], []
    mode, way = Words(), Words()
    calendar_months = _months_of_year(paid_in)
    for number, slip in enumerate(slips):
        key = slip.worker_id, slip.organisation_id
        paid, card = sums.get(key), cards.get(key)
        opening = _opening(card)
        for place, name in enumerate(TOTALS, start=2):
            amount = (paid[place] if paid else 0) + opening.get(name, 0)
            if amount:
                totals[name][number] = amount
        months.append(_months(timelines.get(slip.worker_id, ()), slip, calendar_months, opening.get("months", 0), paid))
        last_gross.append(ABSENT if paid is None or paid[11] is None else paid[11])
        mode.add(card["mode"] if card else USUAL_MODE)
        way.add(card["bonus_way"] if card else None)
    return Year(
        months=column(months),
        mode=mode.coded(),
        bonuses_apart=column([apart.get(slip.worker_id, 0) for slip in slips]),
        bonus_way=way.coded(),
        last_gross=column(last_gross),
        owed=owed,
        **totals,
    )


def _opening(card: Any) -> dict[str, int]:
    return dict(card["opening"] or {}) if card else {}


def _months(
    segments: Sequence[Segment], slip: Slip, calendar_months: list[tuple[date, date]], opening: int, paid: Any
) -> int:
    """Months of the tax year, up to the month of payment, with a day of employment; whoever is paid has one.

    Where months before this platform are known, they and those paid for here count at the least.
    """
    ours = [(one.begins, one.ends) for one in segments if one.organisation_id == slip.organisation_id]
    first, last = calendar_months[0][0], calendar_months[-1][1]
    if any(begins <= first and ends >= last for begins, ends in ours):
        return len(calendar_months)
    served = sum(any(begins < after and day < ends for begins, ends in ours) for day, after in calendar_months)
    known = opening + (paid[10] if paid else 0) + 1 if opening else 1
    return min(len(calendar_months), max(served, known))


def _months_of_year(paid_in: str) -> list[tuple[date, date]]:
    year, last = int(paid_in[:4]), int(paid_in[5:])
    firsts = [date(year, month, 1) for month in range(1, last + 1)]
    return [(first, next_month(first)) for first in firsts]
