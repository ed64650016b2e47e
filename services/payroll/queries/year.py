"""The tax year so far with an employer: what was paid and withheld, how many months, which way of withholding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from payroll.engine.answers import terms_of
from payroll.engine.columns import ABSENT, Answers, Int, Year
from payroll.models.runs import SEALED
from payroll.queries.debts import Balances, balances_of
from payroll.queries.inputs import Words, column
from payroll.queries.last_year import incomes_of_whole_year
from payroll.queries.raw import fetch
from payroll.queries.reported import (
    Codes,
    calendar_of,
    carries,
    months_reported,
    months_served,
    reported_codes,
    reported_in,
)
from payroll.queries.timelines import Slip, Timelines
from payroll.rules.cycles import PayPeriod
from payroll.rules.tax import BasicMode, BasicModeTerms, is_within_last_year_most

TOTALS = ("income", "exempt", "special", "additional", "other", "relief", "withheld")
OF_MONTHS = ("additional", "other")  # deductions that go by the months of the year, not by what is paid when
MONTH = 7  # letters: 2026-03

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
       max(s.gross) FILTER (WHERE s.month = $4 AND s.cycle = $5),
       CASE WHEN bool_or(s.month <> s.paid_in) THEN array_agg(s.paid_in || s.month) FILTER (WHERE s.paid_in >= $2) END
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
    session: AsyncSession,
    slips: Sequence[Slip],
    timelines: Timelines,
    period: PayPeriod,
    *,
    paid_in: str,
    run_id: str,
    answers: Answers,
) -> Year:
    """For each slip, what sealed runs other than `run_id` paid in the tax year up to the month of payment, how its
    basic deduction counts, and what was reported for the months of the year. `answers` are those of tax.
    """
    workers = sorted({slip.worker_id for slip in slips})
    year, earlier = paid_in[:4], period.before
    sums: dict[Key, Any] = {
        (row[0], row[1]): row
        for row in await fetch(
            session, _SUMS, workers, f"{year}-01", paid_in, earlier.month, earlier.cycle, list(SEALED), run_id
        )
    }
    cards: dict[Key, Any] = {(row[0], row[1]): row for row in await fetch(session, _CARDS, workers, int(year))}
    of = _TaxYear(
        period=period,
        paid_in=paid_in,
        timelines=timelines,
        sums=sums,
        cards=cards,
        last_year=await _last_year(session, slips, cards, answers, year=int(year), run_id=run_id),
        codes=await reported_codes(
            session, workers, since=min(f"{year}-01", period.month, *_late_months(sums)), until=paid_in
        ),
    )
    return of.columns(slips, await balances_of(session, slips, run_id=run_id))


async def _last_year(
    session: AsyncSession, slips: Sequence[Slip], cards: Mapping[Key, Any], answers: Answers, *, year: int, run_id: str
) -> Mapping[Key, int]:
    """The income of those whose year's basic deduction is taken at once because of it, where no card speaks."""
    terms = terms_of(answers, "tax.basic_mode", BasicModeTerms)
    if terms is None or terms.last_year_most is None:
        return {}
    asked = {slip.worker_id for slip in slips if not _said_mode(cards.get((slip.worker_id, slip.organisation_id)))}
    incomes = await incomes_of_whole_year(session, sorted(asked), before=year, run_id=run_id)
    within = is_within_last_year_most(terms, column(list(incomes.values())))
    return {key: incomes[key] for key, fits in zip(incomes, within, strict=True) if fits}


def _said_mode(card: Any) -> str | None:
    return card["mode"] if card else None


def _late_months(sums: Mapping[Key, Any]) -> list[str]:
    """Months that were paid in another one."""
    return [pair[MONTH:] for row in sums.values() for pair in row[12] or ()]


@dataclass(frozen=True)
class _TaxYear:
    """What is known of a tax year, by worker and employer."""

    period: PayPeriod
    paid_in: str
    timelines: Timelines
    sums: Mapping[Key, Any]
    cards: Mapping[Key, Any]
    last_year: Mapping[Key, int]
    codes: Mapping[str, Codes]

    def columns(self, slips: Sequence[Slip], balances: Balances) -> Year:
        totals: dict[str, Int] = {name: np.zeros(len(slips), dtype=np.int64) for name in TOTALS}
        reported: dict[str, Int] = {}
        apart: dict[str, int] = {}  # once a person and year, whichever employer paid it
        for (worker_id, _), paid in self.sums.items():
            apart[worker_id] = apart.get(worker_id, 0) + paid[9]
        months, last_gross, last_year = [], [], []
        mode, way = Words(), Words()
        calendar = calendar_of(self.paid_in)
        for number, slip in enumerate(slips):
            key = slip.worker_id, slip.organisation_id
            paid, card = self.sums.get(key), self.cards.get(key)
            opening = _opening(card)
            for place, name in enumerate(TOTALS, start=2):
                amount = (paid[place] if paid else 0) + opening.get(name, 0)
                if amount:
                    totals[name][number] = amount
            here = months_served(self.timelines.get(slip.worker_id, ()), slip.organisation_id, calendar)
            months.append(_months(here, len(calendar), opening.get("months", 0), paid))
            for code, amount in self._reported(slip, here, months[-1], opening).items():
                reported.setdefault(code, np.zeros(len(slips), dtype=np.int64))[number] += amount
            last_gross.append(ABSENT if paid is None or paid[11] is None else paid[11])
            last_year.append(ABSENT if _said_mode(card) else self.last_year.get(key, ABSENT))
            mode.add(_said_mode(card) or _mode(last_year[-1]))
            way.add(card["bonus_way"] if card else None)
        return Year(
            months=column(months),
            mode=mode.coded(),
            income_last_year=column(last_year),
            reported=dict(sorted(reported.items())),
            bonuses_apart=column([apart.get(slip.worker_id, 0) for slip in slips]),
            bonus_way=way.coded(),
            last_gross=column(last_gross),
            owed=balances.owed,
            repaid=balances.repaid,
            written_off=balances.written_off,
            **totals,
        )

    def _reported(self, slip: Slip, here: Sequence[int], months: int, opening: Mapping[str, int]) -> dict[str, int]:
        """By code, for the months of the year up to that of payment, with those before this platform."""
        found = {name: opening[name] for name in OF_MONTHS if opening.get(name)}
        codes = self.codes.get(slip.worker_id)
        if codes:
            count = months - opening.get("months", 0)  # the others were paid before this platform
            counted = self._carried(slip, here[-count:] if count > 0 else [])
            named = months_reported(counted, self._paid(slip), otherwise=not here)
            for code, amount in reported_in(codes, named).items():
                if amount:
                    found[code] = found.get(code, 0) + amount
        return found

    def _carried(self, slip: Slip, numbers: Sequence[int]) -> list[str]:
        """The months among them whose entries this employer takes."""
        segments = self.timelines.get(slip.worker_id, ())
        if any(one.organisation_id != slip.organisation_id for one in segments):
            firsts = {number: date(int(self.paid_in[:4]), number, 1) for number in numbers}
            numbers = [
                number
                for number, first in firsts.items()
                if carries(slip.worker_id, segments, slip.organisation_id, first)
            ]
        return [f"{self.paid_in[:4]}-{number:02}" for number in numbers]

    def _paid(self, slip: Slip) -> dict[str, str]:
        """By month of payment of the year the latest month that was paid in it, this slip's among them."""
        row = self.sums.get((slip.worker_id, slip.organisation_id))
        pairs = list(row[12] or ()) if row else []
        if slip.segments and slip.carries:
            pairs.append(self.paid_in + self.period.month)
        return {pair[:MONTH]: pair[MONTH:] for pair in sorted(pairs)}


def _opening(card: Any) -> dict[str, int]:
    return dict(card["opening"] or {}) if card else {}


def _mode(income_last_year: int) -> str:
    return BasicMode.EMPLOYMENT_MONTHS if income_last_year == ABSENT else BasicMode.ANNUAL_60000


def _months(here: Sequence[int], calendar_months: int, opening: int, paid: Any) -> int:
    """Months of the tax year, up to the month of payment, with a day of employment; whoever is paid has one.

    Where months before this platform are known, they and those paid for here count at the least.
    """
    known = opening + (paid[10] if paid else 0) + 1 if opening else 1
    return min(calendar_months, max(len(here), known))
