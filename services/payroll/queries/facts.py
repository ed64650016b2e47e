"""What is known of workers in a period, a few statements for however many there are."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from payroll.models import Cycle, PayStandard, StandardStatus
from payroll.queries.raw import fetch
from payroll.rules.cycles import PayPeriod, first_day

ByWorker = dict[str, dict[str, int]]

IN_EACH_HALF = frozenset({"kept_level", "union_member"})  # by what each half comes to, which adds up to the month

_STEPS = """
SELECT worker_id, starts_on FROM grade_step WHERE worker_id = ANY($1::text[]) AND starts_on < $2
"""
_CERTIFICATES = """
SELECT worker_id, level, registered_on FROM certificate WHERE worker_id = ANY($1::text[]) AND registered_on < $2
"""
_ATTRIBUTES = """
SELECT worker_id, kind, starts_on, value FROM attribute
WHERE worker_id = ANY($1::text[]) AND starts_on < $2 ORDER BY starts_on
"""
_LEAVES = """
SELECT worker_id, kind, starts_on, ends_on FROM leave
WHERE worker_id = ANY($1::text[]) AND starts_on < $3 AND ends_on > $2
"""
_ENTRIES = """
SELECT worker_id, code, amount FROM entry
WHERE worker_id = ANY($1::text[]) AND month = $2 AND (cycle = $3 OR cycle = $4) ORDER BY cycle = $3
"""
_STANDING = """
SELECT DISTINCT ON (worker_id, code) worker_id, code, amount FROM standing_entry
WHERE worker_id = ANY($1::text[]) AND from_month <= $2 ORDER BY worker_id, code, from_month DESC
"""
_RESULTS = """
SELECT DISTINCT ON (worker_id) worker_id, (score * 100)::bigint, grade FROM evaluation_score
WHERE worker_id = ANY($1::text[]) AND year < $2 ORDER BY worker_id, year DESC
"""
_BASES = """
SELECT DISTINCT ON (worker_id, scheme) worker_id, scheme, amount, from_month, organisation_id FROM contribution_base
WHERE worker_id = ANY($1::text[]) AND from_month <= $2
ORDER BY worker_id, scheme, organisation_id IS NOT NULL, from_month DESC
"""
_HIRED = """
SELECT worker_id, hired_on FROM payee WHERE worker_id = ANY($1::text[]) AND hired_on IS NOT NULL
"""
_STANDARDS = """
SELECT post_class, grade, area, starts_on, standard_id, (monthly_amount * 100)::bigint FROM pay_standard
WHERE staff = $1 AND status = $2 AND starts_on <= $3
  AND EXISTS (SELECT 1 FROM unnest($4::text[]) AS place WHERE starts_with(place, area))
ORDER BY starts_on, standard_id
"""


class FirstPayKept(NamedTuple):
    """What the first month with an employer came to, in fen."""

    amount: int
    month: str
    organisation_id: str


@dataclass(frozen=True)
class Facts:
    """By worker: days of grade steps, days of certificates and attributes, leaves, figures by code or scheme.

    `kept`: by scheme, where no base was set.
    """

    steps: dict[str, list[date]]
    certificates: dict[str, list[tuple[date, str]]]
    attributes: dict[str, list[tuple[date, str, str | None]]]
    leaves: dict[str, list[tuple[str, date, date]]]
    entries: ByWorker
    standing: ByWorker
    scores: dict[str, int]
    results: dict[str, str]
    bases: ByWorker
    kept: dict[str, dict[str, FirstPayKept]]
    hired: dict[str, date]


async def facts_of(session: AsyncSession, workers: Sequence[str], period: PayPeriod) -> Facts:
    ids, begins, ends = list(workers), period.begins, period.ends
    results = await fetch(session, _RESULTS, ids, begins.year)
    # What is said of the whole month counts once, in its second half.
    of_month = Cycle.MONTH if period.cycle == Cycle.SECOND_HALF else period.cycle
    standing = _by_code(await fetch(session, _STANDING, ids, period.month))
    bases, kept = _by_origin(await fetch(session, _BASES, ids, period.month))
    return Facts(
        steps=_grouped(await fetch(session, _STEPS, ids, ends)),
        certificates=_grouped((row[0], (row[2], row[1])) for row in await fetch(session, _CERTIFICATES, ids, ends)),
        attributes=_grouped((row[0], (row[2], row[1], row[3])) for row in await fetch(session, _ATTRIBUTES, ids, ends)),
        leaves=_grouped((row[0], (row[1], row[2], row[3])) for row in await fetch(session, _LEAVES, ids, begins, ends)),
        entries=_by_code(await fetch(session, _ENTRIES, ids, period.month, period.cycle, of_month)),
        standing=_in_first_half(standing) if period.cycle == Cycle.FIRST_HALF else standing,
        scores={worker_id: score for worker_id, score, _ in results},
        results={worker_id: grade for worker_id, _, grade in results},
        bases=bases,
        kept=kept,
        hired=dict(map(tuple, await fetch(session, _HIRED, ids))),
    )


class Standards:
    """Approved amounts in force at the beginning of a month, and which of them holds for a post in a place."""

    def __init__(self, rows: Sequence[tuple[str, int, str, date, str, int]]) -> None:
        self._by_post: dict[tuple[str, int], list[tuple[int, date, str, str, int]]] = defaultdict(list)
        for post_class, grade, area, starts_on, standard_id, amount in rows:
            self._by_post[post_class, grade].append((len(area), starts_on, area, standard_id, amount))
        self._found: dict[tuple[str, int, str], tuple[str, int] | None] = {}

    def nearest(self, post_class: str, grade: int, area: str) -> tuple[str, int] | None:
        """Id and monthly fen of the standard of the nearest area, there of the latest."""
        key = post_class, grade, area
        if key not in self._found:
            fitting = [row for row in self._by_post.get((post_class, grade), ()) if area.startswith(row[2])]
            best = max(fitting, key=lambda row: row[:2], default=None)
            self._found[key] = (best[3], best[4]) if best else None
        return self._found[key]


async def standards_for(
    session: AsyncSession,
    areas: Collection[str],
    period: PayPeriod,
    *,
    staff: str,
    proposed: Sequence[PayStandard] = (),
) -> Standards:
    """Those that may hold in one of the areas.

    `proposed` ones count as if they were approved, in the place of any for the same post, area and day.
    """
    on = first_day(period.month)
    found = await fetch(session, _STANDARDS, staff, StandardStatus.APPROVED, on, sorted(areas))
    rows: dict[Any, Any] = {(row[0], row[1], row[2], row[3]): tuple(row) for row in found}
    for one in proposed:
        if one.staff == staff and one.starts_on <= on:
            key = (one.post_class, one.grade, one.area, one.starts_on)
            rows[key] = (*key, one.standard_id, int(one.monthly_amount * 100))
    return Standards(list(rows.values()))


def _grouped(rows: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for worker_id, one in rows:
        found.setdefault(worker_id, []).append(one)
    return found


def _in_first_half(standing: ByWorker) -> ByWorker:
    return {
        worker_id: {code: amount for code, amount in amounts.items() if code in IN_EACH_HALF}
        for worker_id, amounts in standing.items()
    }


def _by_origin(rows: Sequence[Any]) -> tuple[ByWorker, dict[str, dict[str, FirstPayKept]]]:
    """Bases that somebody set, and those kept from a first month; of a worker and scheme there is one row."""
    set_by_hand: ByWorker = {}
    kept: dict[str, dict[str, FirstPayKept]] = {}
    for worker_id, scheme, amount, month, organisation_id in rows:
        if organisation_id is None:
            set_by_hand.setdefault(worker_id, {})[scheme] = amount
        else:
            kept.setdefault(worker_id, {})[scheme] = FirstPayKept(amount, month, organisation_id)
    return set_by_hand, kept


def _by_code(rows: Sequence[Any]) -> ByWorker:
    """Null is "no longer"; of two rows the last counts."""
    found: ByWorker = {}
    for worker_id, code, amount in rows:
        if amount is not None:
            found.setdefault(worker_id, {})[code] = amount
    return found
