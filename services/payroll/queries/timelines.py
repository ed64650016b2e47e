"""Where, as what and by which agreement somebody works, day by day, and whose pay of a period a street works out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range
from payroll.queries.raw import fetch
from payroll.rules.cycles import PART_TIME, PayPeriod

STREET_DIGITS = 9


class Segment(NamedTuple):
    """Days with one agreement and one place; `ends` is the first day after them, `pay` the agreed fen a month."""

    organisation_id: str
    area: str
    post_class: str
    kind: str
    begins: date
    ends: date
    probation_ends_on: date | None
    pay: int | None


class Slip(NamedTuple):
    """A worker's days of a period with one employer. `carries`: it takes what is the person's, not an employer's."""

    worker_id: str
    organisation_id: str
    area: str
    segments: tuple[Segment, ...]
    carries: bool


_BEGINS, _AFTER = Segment._fields.index("begins"), Segment._fields.index("ends") + 1

Timelines = Mapping[str, Sequence[Segment]]

# By themselves, and what is known of them in statements of their own: as one, the planner went through all of a county
# for each of its streets.
_EVER_IN = """
SELECT a.worker_id FROM agreement a
JOIN unnest($2::text[], $3::text[]) AS s(lowest, highest)
  ON a.area >= s.lowest COLLATE "C" AND a.area < s.highest COLLATE "C"
WHERE a.staff = $1
UNION
SELECT p.worker_id FROM placement p
JOIN unnest($2::text[], $3::text[]) AS s(lowest, highest)
  ON p.area >= s.lowest COLLATE "C" AND p.area < s.highest COLLATE "C"
WHERE p.staff = $1
"""
_AGREEMENTS = """
SELECT a.worker_id, a.organisation_id, a.area, a.post_class, a.kind, a.starts_on, a.ends_on, a.signed_on,
       a.probation_ends_on, (a.monthly_pay * 100)::bigint AS pay, p.left_on
FROM agreement a LEFT JOIN payee p ON p.worker_id = a.worker_id AND p.worker_id = ANY($2::text[])
WHERE a.staff = $1 AND a.worker_id = ANY($2::text[])
ORDER BY a.worker_id COLLATE "C", a.starts_on, a.agreement_id
"""
_PLACEMENTS = """
SELECT worker_id, starts_on, organisation_id, area, post_class FROM placement
WHERE staff = $1 AND worker_id = ANY($2::text[]) ORDER BY worker_id, starts_on
"""


def street_of(area: str) -> str:
    """The part of an area whose pay is worked out together; an area above the streets stands by itself."""
    return area[:STREET_DIGITS]


async def timelines_of(session: AsyncSession, workers: Sequence[str], *, staff: str) -> dict[str, list[Segment]]:
    agreements = await fetch(session, _AGREEMENTS, staff, list(workers))
    placements = await fetch(session, _PLACEMENTS, staff, list(workers))
    return _timelines(agreements, placements)


async def timelines_in(session: AsyncSession, streets: Iterable[str], *, staff: str) -> dict[str, list[Segment]]:
    """Of everybody who ever served in one of the streets, in the order of ids."""
    ranges = [code_range(street) for street in sorted(streets)]
    lowest, highest = [lowest for lowest, _ in ranges], [highest for _, highest in ranges]
    rows = await fetch(session, _EVER_IN, staff, lowest, highest)
    return await timelines_of(session, [worker_id for (worker_id,) in rows], staff=staff)


def _timelines(agreements: Sequence[Any], placements: Sequence[Any]) -> dict[str, list[Segment]]:
    moves: dict[str, list[Any]] = defaultdict(list)
    for placement in placements:
        moves[placement["worker_id"]].append(placement)
    found: dict[str, list[Segment]] = {}
    signed: dict[str, list[date]] = {}
    for row in agreements:
        worker_id, org, area, post_class, kind, begins, ends, signed_on, probation, pay, left_on = row
        ends = ends or date.max
        if left_on is not None and signed_on < left_on and left_on < ends:
            ends = left_on  # leaving ends every agreement signed before it, a renewal that had not begun as well
        if begins < ends:
            found.setdefault(worker_id, []).append(Segment(org, area, post_class, kind, begins, ends, probation, pay))
            if worker_id in moves:
                signed.setdefault(worker_id, []).append(signed_on)
    for worker_id, segments in found.items():
        if worker_id in moves:
            segments = found[worker_id] = _moved(segments, signed[worker_id], moves[worker_id])
        if len(segments) > 1:
            found[worker_id] = _one_after_another(segments)
    return found


def _one_after_another(segments: list[Segment]) -> list[Segment]:
    """An agreement gives way to the next one with the same organisation on the day on which that begins.

    Two organisations may employ somebody at once: neither agreement cuts the other.
    """
    cut = []
    following: dict[str, date] = {}
    for segment in reversed(segments):
        ends = min(segment.ends, following.get(segment.organisation_id, date.max))
        following[segment.organisation_id] = segment.begins
        if segment.begins < ends:
            cut.append(segment._replace(ends=ends))
    return cut[::-1]


def _moved(segments: Sequence[Segment], signed: Sequence[date], moves: Sequence[Any]) -> list[Segment]:
    """The agreements with their places, by their first days. A move takes along what was signed or begun before it with
    the organisation that somebody served last; what was agreed after it names its own place.
    """
    parts: list[Segment] = []
    for segment, signed_on in zip(segments, signed, strict=True):
        own = [
            move
            for move in moves
            if min(signed_on, segment.begins) < move["starts_on"] < segment.ends
            and _left_by(segments, move["starts_on"]) == segment.organisation_id
        ]
        days = sorted({segment.begins, *(move["starts_on"] for move in own if segment.begins < move["starts_on"])})
        for begins, ends in zip(days, [*days[1:], segment.ends], strict=True):
            made = [move for move in own if move["starts_on"] <= begins]
            place = {name: made[-1][name] for name in ("organisation_id", "area", "post_class")} if made else {}
            parts.append(segment._replace(begins=begins, ends=ends, **place))
    return sorted(parts, key=lambda part: part.begins)


def _left_by(segments: Sequence[Segment], on: date) -> str:
    """The organisation of the agreement that began last before a day."""
    begun = [segment for segment in segments if segment.begins < on]
    return (begun[-1] if begun else segments[0]).organisation_id


def slips_of_worker(worker_id: str, segments: Sequence[Segment], period: PayPeriod, *, halves: bool) -> list[Slip]:
    """What somebody is paid of a period, by employer. `halves`: whether part-timers are paid by the half month."""
    begins, ends = period.begins, period.ends
    return _slips(worker_id, segments, begins, ends, wanted=_is_paid_in(period, halves=halves))


def _slips(worker_id: str, segments: Sequence[Segment], begins: date, ends: date, *, wanted: Any) -> list[Slip]:
    by_employer: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.begins < ends and begins < segment.ends and wanted(segment.kind):
            first, after = max(begins, segment.begins), min(ends, segment.ends)
            cut = Segment._make((*segment[:_BEGINS], first, after, *segment[_AFTER:]))  # as _replace does, and faster
            by_employer.setdefault(segment.organisation_id, []).append(cut)
    if len(by_employer) == 1:
        [(employer, parts)] = by_employer.items()
        return [Slip(worker_id, employer, parts[-1].area, tuple(parts), True)]
    # Of two until the same day the one that began last.
    last = max(reversed(by_employer), key=lambda employer: by_employer[employer][-1].ends, default=None)
    return [
        Slip(worker_id, employer, parts[-1].area, tuple(parts), employer == last)
        for employer, parts in sorted(by_employer.items())
    ]


def _is_paid_in(period: PayPeriod, *, halves: bool) -> Any:
    if not halves:
        return lambda kind: not period.is_half
    return lambda kind: (kind == PART_TIME) == period.is_half


def slips_by_worker(timelines: Timelines, period: PayPeriod, *, halves: bool) -> dict[str, list[Slip]]:
    """In the order of workers and their employers, with nothing for whom the period does not pay."""
    begins, ends = period.begins, period.ends
    wanted = _is_paid_in(period, halves=halves)
    return {
        worker_id: _slips(worker_id, timelines[worker_id], begins, ends, wanted=wanted)
        for worker_id in sorted(timelines)
    }


def slips_in(slips: Mapping[str, Sequence[Slip]], street: str, *, digits: int = STREET_DIGITS) -> list[Slip]:
    """Those whose home is the street: where the last day is served."""
    return [slip for of_worker in slips.values() for slip in of_worker if slip.area[:digits] == street]


def last_place(segments: Sequence[Segment], period: PayPeriod, *, halves: bool) -> Segment | None:
    """Where somebody who is not paid in the period served last before it, if runs of this cycle paid him then."""
    before = [segment for segment in segments if segment.begins < period.ends]
    if not before or not _is_paid_in(period, halves=halves)(before[-1].kind):
        return None
    return before[-1]
