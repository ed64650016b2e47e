"""From rows to columns: the slips of a street's period, cut into stretches of days with unchanged facts."""

import calendar
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from payroll.engine.columns import ABSENT, Coded, Inputs, Int
from payroll.queries.facts import ByWorker, Facts, Standards
from payroll.queries.timelines import Segment, Slip
from payroll.rules.cycles import PART_TIME, PayPeriod
from payroll.rules.entries import FIRST_EMPLOYED_ON, INSURED, YEARS_FROM
from payroll.rules.leave import WorkingCalendar
from payroll.rules.pay import CertificateLevel

BY_AGREEMENT = "agreement"
SCORE = "score"
HOURS = "hours"

ALWAYS_KEYS = ("post_class", "grade", "certificate", "education", "title", "level", "result")
NO_KEYS = frozenset({YEARS_FROM, FIRST_EMPLOYED_ON, INSURED})  # of attributes: what no amount goes by
_RANK = {str(level): rank for rank, level in enumerate(CertificateLevel)}


class Words:
    """Numbers for words, in the order of their first use; None is -1."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.codes: list[int] = []

    def add(self, word: str | None) -> None:
        self.codes.append(-1 if word is None else self.numbers.setdefault(word, len(self.numbers)))

    def coded(self) -> Coded:
        return Coded(column(self.codes), tuple(self.numbers))


def column(values: Sequence[int]) -> Int:
    return np.array(values, dtype=np.int64)


@dataclass
class _Stretches:
    """The columns of stretches in the making."""

    kinds: tuple[str, ...]
    slip: list[int] = field(default_factory=list)
    first_day: list[int] = field(default_factory=list)
    last_day: list[int] = field(default_factory=list)
    standard: list[int] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    source: Words = field(default_factory=Words)
    keys: dict[str, Words] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = {kind: Words() for kind in self.kinds}


def inputs_of(
    slips: Sequence[Slip],
    facts: Facts,
    standards: Standards,
    *,
    area: str,
    staff: str,
    period: PayPeriod,
    working: WorkingCalendar | None = None,
    again: Collection[tuple[str, str]] = (),
) -> Inputs:
    """`slips` in the order of worker and employer; one without segments has no days, and what it is for is outside.

    `working`: by which days of leave are counted, otherwise Monday to Friday. `again`: workers and months that are
    worked out anew: what was kept of a first month among them does not count.
    """
    stretches = _stretches(slips, facts, standards, period)
    begins, ends = period.begins, period.ends
    weekdays = weekdays_before(begins)
    first_day, last_day = column(stretches.first_day), column(stretches.last_day)
    entered = _entered(slips, facts)
    return Inputs(
        area=area,
        staff=staff,
        month=period.month,
        cycle=period.cycle,
        month_weekdays=int(weekdays[-1]),
        month_days=len(weekdays) - 1,
        worker_ids=tuple(slip.worker_id for slip in slips),
        organisation_ids=tuple(slip.organisation_id for slip in slips),
        slip=column(stretches.slip),
        first_day=first_day,
        last_day=last_day,
        weekdays=weekdays[last_day] - weekdays[first_day - 1],
        days=last_day - first_day + 1,
        standard=column(stretches.standard),
        standard_source=stretches.source.coded(),
        years=column(stretches.years),
        keys={kind: words.coded() for kind, words in stretches.keys.items()},
        part_time=_part_time(slips, entered),
        probation=np.array([_on_probation(slip) for slip in slips], dtype=np.bool_),
        score=_scores(slips, facts),
        leave=_leave(slips, facts, weekdays, weekdays if working is None else working_days_before(begins, working)),
        entered=entered,
        bases=_by_name(slips, [facts.bases]),
        kept=_kept(slips, facts, again),
        insured=np.array([slip.carries for slip in slips], dtype=np.bool_),
        insurance=_insurance(slips, facts, before=ends),
        month_of_first_job=column([_month_of_first_job(slip, facts, before=ends) for slip in slips]),
    )


def weekdays_before(day: date) -> Int:
    """How many Mondays to Fridays lie in the month up to its n-th day, by n."""
    first, days = calendar.monthrange(day.year, day.month)
    is_weekday = (np.arange(days) + first) % 7 < calendar.SATURDAY
    return np.concatenate((column([0]), np.cumsum(is_weekday, dtype=np.int64)))


def working_days_before(day: date, working: WorkingCalendar) -> Int:
    """How many working days lie in the month up to its n-th day, by n."""
    works = [working.is_working_day(day.replace(day=number)) for number in range(1, _last_of_month(day) + 1)]
    return np.concatenate((column([0]), np.cumsum(works, dtype=np.int64)))


def _stretches(slips: Sequence[Slip], facts: Facts, standards: Standards, period: PayPeriod) -> _Stretches:
    named = {kind for rows in facts.attributes.values() for _, kind, _ in rows} - NO_KEYS
    made = _Stretches((*ALWAYS_KEYS, *sorted(named - set(ALWAYS_KEYS))))
    changes = _days_of_change(facts, period.begins)
    for number, slip in enumerate(slips):
        days = changes.get(slip.worker_id, ())
        for segment in slip.segments:
            inside = [day for day in days if segment.begins < day < segment.ends]
            begins = segment.begins
            for ends in (*inside, segment.ends):
                made.slip.append(number)
                made.first_day.append(begins.day)
                made.last_day.append(ends.day - 1 if ends.day > begins.day else _last_of_month(begins))
                _add_facts(made, slip.worker_id, segment, begins, facts, standards)
                begins = ends
    return made


def _last_of_month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _days_of_change(facts: Facts, begins: date) -> dict[str, list[date]]:
    """By worker, the days after `begins` on which grade, certificate or an attribute becomes another."""
    days: dict[str, set[date]] = {}
    for worker_id, steps in facts.steps.items():
        for day in steps:
            if day > begins:
                days.setdefault(worker_id, set()).add(day)
    for dated in (facts.certificates, facts.attributes):
        for worker_id, rows in dated.items():
            for row in rows:
                if row[0] > begins:
                    days.setdefault(worker_id, set()).add(row[0])
    return {worker_id: sorted(found) for worker_id, found in days.items()}


def _add_facts(
    made: _Stretches, worker_id: str, segment: Segment, on: date, facts: Facts, standards: Standards
) -> None:
    keys = made.keys
    grade = 1 + sum(day <= on for day in facts.steps.get(worker_id, ()))
    found = standards.nearest(segment.post_class, grade, segment.area)
    source, amount = found or (BY_AGREEMENT, segment.pay)
    made.source.add(None if amount is None else source)
    made.standard.append(ABSENT if amount is None else amount)
    held = {kind: value for day, kind, value in facts.attributes.get(worker_id, ()) if day <= on}
    keys["post_class"].add(segment.post_class)
    keys["grade"].add(str(grade))
    keys["certificate"].add(_highest(facts.certificates.get(worker_id, ()), on))
    keys["result"].add(held.pop("result", None) or facts.results.get(worker_id))
    for kind in made.kinds:
        if kind not in ("post_class", "grade", "certificate", "result"):
            keys[kind].add(held.get(kind))
    made.years.append(_full_years(held.get(YEARS_FROM) or facts.hired.get(worker_id), on))


def _highest(certificates: Sequence[tuple[date, str]], on: date) -> str | None:
    """The highest level held on the day; other kinds of certificate are left aside."""
    held = [level for day, level in certificates if day <= on and level in _RANK]
    return max(held, key=_RANK.__getitem__, default=None)


def _full_years(since: str | date | None, on: date) -> int:
    if since is None:
        return 0
    first = date.fromisoformat(since) if isinstance(since, str) else since
    return max(0, on.year - first.year - ((on.month, on.day) < (first.month, first.day)))


def _part_time(slips: Sequence[Slip], entered: Mapping[str, Int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By agreement, or because hours were entered for the period."""
    agreed = np.array([bool(slip.segments) and slip.segments[-1].kind == PART_TIME for slip in slips], dtype=np.bool_)
    return agreed | (entered[HOURS] != ABSENT) if HOURS in entered else agreed


def _on_probation(slip: Slip) -> bool:
    return bool(slip.segments) and all(
        segment.probation_ends_on is not None and segment.probation_ends_on >= segment.ends for segment in slip.segments
    )


def _insurance(slips: Sequence[Slip], facts: Facts, *, before: date) -> Coded:
    """How each is insured, as an attribute says. Of two employers in a period the last one insures."""
    words = Words()
    for slip in slips:
        words.add(_last_said(slip, facts, INSURED, before=before))
    return words.coded()


def _month_of_first_job(slip: Slip, facts: Facts, *, before: date) -> int:
    said = _last_said(slip, facts, FIRST_EMPLOYED_ON, before=before)
    if said is None:
        return ABSENT
    began, last = date.fromisoformat(said), before - timedelta(days=1)
    return (last.year - began.year) * 12 + last.month - began.month + 1


def _last_said(slip: Slip, facts: Facts, kind: str, *, before: date) -> str | None:
    held = [value for day, said, value in facts.attributes.get(slip.worker_id, ()) if said == kind and day < before]
    return held[-1] if held else None


def _kept(slips: Sequence[Slip], facts: Facts, again: Collection[tuple[str, str]]) -> dict[str, Int]:
    """By scheme, the pay of a first month with the same employer, this one or one before."""
    columns: dict[str, Int] = {}
    for number, slip in enumerate(slips):
        for scheme, first in (facts.kept.get(slip.worker_id, {}) if slip.segments else {}).items():
            is_anew = (slip.worker_id, first.month) in again
            if first.organisation_id == slip.organisation_id and not is_anew:
                if scheme not in columns:
                    columns[scheme] = np.full(len(slips), ABSENT, dtype=np.int64)
                columns[scheme][number] = first.amount
    return dict(sorted(columns.items()))


def _scores(slips: Sequence[Slip], facts: Facts) -> Int:
    """What was entered for the month, else the result of the latest year before it."""
    entered, yearly = facts.entries, facts.scores
    return column(
        [
            entered.get(slip.worker_id, {}).get(SCORE, yearly.get(slip.worker_id, ABSENT)) if slip.segments else ABSENT
            for slip in slips
        ]
    )


def _entered(slips: Sequence[Slip], facts: Facts) -> dict[str, Int]:
    """Entries of the period before standing ones; they are the person's, so they go to one slip alone."""
    return _by_name([slip if slip.carries else None for slip in slips], [facts.standing, facts.entries], without=SCORE)


def _by_name(slips: Sequence[Slip | None], sources: Sequence[ByWorker], *, without: str = "") -> dict[str, Int]:
    """A column for each name, ABSENT where nothing is said; a later source goes before an earlier one."""
    columns: dict[str, Int] = {}
    for source in sources:
        for number, slip in enumerate(slips):
            for name, amount in (source.get(slip.worker_id, {}) if slip and slip.segments else {}).items():
                if name != without:
                    if name not in columns:
                        columns[name] = np.full(len(slips), ABSENT, dtype=np.int64)
                    columns[name][number] = amount
    return dict(sorted(columns.items()))


def _leave(slips: Sequence[Slip], facts: Facts, weekdays: Int, working: Int) -> dict[str, Int]:
    """Working days of leave on days in the post, by kind.

    Whoever has no working day left is away on every weekday: holidays inside a longer leave are none.
    """
    columns: dict[str, Int] = {}
    for number, slip in enumerate(slips if facts.leaves else ()):
        leaves = facts.leaves.get(slip.worker_id, ())
        days = _days_of_leave(slip, leaves, working)
        if days and sum(days.values()) >= sum(_between(working, one.begins, one.ends) for one in slip.segments):
            days = _days_of_leave(slip, leaves, weekdays)
        for kind, counted in days.items():
            if kind not in columns:
                columns[kind] = np.zeros(len(slips), dtype=np.int64)
            columns[kind][number] = counted
    return dict(sorted(columns.items()))


def _days_of_leave(slip: Slip, leaves: Sequence[tuple[str, date, date]], counted: Int) -> dict[str, int]:
    days: dict[str, int] = {}
    for kind, starts_on, ends_on in leaves:
        for segment in slip.segments:
            first, after = max(starts_on, segment.begins), min(ends_on, segment.ends)
            if first < after:
                days[kind] = days.get(kind, 0) + _between(counted, first, after)
    return days


def _between(counted: Int, first: date, after: date) -> int:
    """Of days of one month, `after` not among them; it may be the first of the next."""
    last = after.day - 1 if after.day > first.day else len(counted) - 1
    return int(counted[last] - counted[first.day - 1])
