"""Social insurance and the housing fund of a street, and whether pay for normal work reaches the minimum wage."""

from decimal import Decimal
from functools import partial

import numpy as np

from common.policy import Finding
from payroll.engine.answers import needed_terms, terms_of
from payroll.engine.columns import ABSENT, Bool, Inputs, Int
from payroll.engine.earning import Earned
from payroll.engine.rows import said
from payroll.engine.sheet import Sheet, always, sum_of
from payroll.rules.arithmetic import Same, fen, yuan, zeros
from payroll.rules.composition import PayComposition
from payroll.rules.contributions import (
    FIRST_MONTH,
    ContributionSchemes,
    Figures,
    Scheme,
    Sides,
    contributed,
    figures_of,
    held_to,
)
from payroll.rules.cycles import PayCycle
from payroll.rules.floor import (
    Basis,
    MeetsFloor,
    WageFloor,
    WorkingTime,
    below_floor,
    hourly_floor_unknown,
    is_below_floor,
)
from payroll.rules.monthly import hourly_pay

WORKER, EMPLOYER = "_worker", "_employer"
AS_USUAL = "yes"


def contribute(inputs: Inputs, sheet: Sheet, earned: Earned) -> tuple[Int, Int]:
    """Puts both sides of every scheme on the sheet, and gives what the worker and what the employer pays in all."""
    terms = needed_terms(inputs, sheet.answers, "contributions.amounts", ContributionSchemes)
    insured = _insured(inputs, earned)
    known: dict[tuple[int, int], Int] = {}
    workers: list[Int] = []
    employers: list[Int] = []
    for scheme, figures in figures_of(Same(terms)):
        sides = _sides(inputs, scheme, figures, earned.counted, known)
        owed = _owed(inputs, scheme, insured)
        if sheet.present is not None:
            owed = sheet.present if owed is None else owed & sheet.present
        sheet.owed[scheme.scheme] = owed
        for amounts, rate, suffix, total in (
            (sides.worker, scheme.worker or scheme.worker_fixed, WORKER, workers),
            (sides.employer, scheme.employer, EMPLOYER, employers),
        ):
            if rate:
                sheet.lines[scheme.scheme + suffix] = amount = amounts if owed is None else amounts * owed
                total.append(amount)
    return sum_of(workers, inputs.size), sum_of(employers, inputs.size)


def _insured(inputs: Inputs, earned: Earned) -> Bool | None:
    """Who is insured by this employer and in the post for a day of the period; None for everybody."""
    nowhere = earned.presence.nowhere
    if inputs.insured.all() and not len(nowhere):
        return None
    insured = inputs.insured.copy()
    insured[nowhere] = False
    return insured


def _owed(inputs: Inputs, scheme: Scheme, insured: Bool | None) -> Bool | None:
    """Who is in a scheme, of whoever is insured; None for everybody."""
    owed = insured
    for out in (_out_by_status(inputs, scheme), _out_in_first_job(inputs, scheme)):
        if out is not None:
            owed = ~out if owed is None else owed & ~out
    if not scheme.part_time and inputs.part_time.any():
        owed = ~inputs.part_time if owed is None else owed & ~inputs.part_time
    return owed


def _out_by_status(inputs: Inputs, scheme: Scheme) -> Bool | None:
    words = inputs.insurance.words
    if not words and AS_USUAL in scheme.statuses:
        return None
    is_out = [word not in scheme.statuses for word in (*words, AS_USUAL)]  # nothing said is -1, the last
    found: Bool = np.array(is_out, dtype=np.bool_)[inputs.insurance.codes]
    return found


def _out_in_first_job(inputs: Inputs, scheme: Scheme) -> Bool | None:
    if scheme.first_job_from == 1:
        return None
    found: Bool = (inputs.month_of_first_job >= 1) & (inputs.month_of_first_job < scheme.first_job_from)
    return found


def _sides(inputs: Inputs, scheme: Scheme, figures: Figures, counted: Int, known: dict[tuple[int, int], Int]) -> Sides:
    limits = (figures.floor, figures.ceiling)
    if scheme.scheme in inputs.bases or scheme.scheme in inputs.kept:
        held = _held(inputs, scheme, counted, limits)
    elif limits in known:
        held = known[limits]
    else:
        held = known[limits] = _held(inputs, scheme, counted, limits)
    return contributed(figures, held, fixed=figures.fixed if _has_fixed(inputs) else 0)


def _has_fixed(inputs: Inputs) -> bool:
    """The fixed yuan of a month fall in the second half of it where it is paid in halves."""
    return inputs.cycle in (PayCycle.MONTH, "second_half")


def counted_base(inputs: Inputs, scheme: Scheme, counted: Int) -> tuple[Int, Decimal]:
    """The base within floor and ceiling, and the fixed yuan that come on top of the worker's part."""
    fixed = scheme.worker_fixed if _has_fixed(inputs) else Decimal(0)
    return _held(inputs, scheme, counted, (fen(scheme.floor), fen(scheme.ceiling))), fixed


def _held(inputs: Inputs, scheme: Scheme, counted: Int, limits: tuple[int, int]) -> Int:
    halves = inputs.cycle != PayCycle.MONTH
    pay = counted
    given = own_base(inputs, scheme)
    if given is not None:
        pay = np.where(given == ABSENT, counted, (given + 1) // 2 if halves else given)
    floor, ceiling = limits
    if halves:
        floor, ceiling = (floor + 1) // 2, (ceiling + 1) // 2
    return held_to(pay, floor, ceiling)


def own_base(inputs: Inputs, scheme: Scheme) -> Int | None:
    """What was set for each, else the pay of the first month; ABSENT, or None for all: this month's pay counts."""
    given, kept = inputs.bases.get(scheme.scheme), _kept(inputs, scheme)
    if given is None or kept is None:
        return kept if given is None else given
    return np.where(given == ABSENT, kept, given)


def _kept(inputs: Inputs, scheme: Scheme) -> Int | None:
    """Part-timers go by each period's own pay."""
    kept = inputs.kept.get(scheme.scheme)
    if kept is None or scheme.unset_base != FIRST_MONTH:
        return None
    return np.where(inputs.part_time, ABSENT, kept) if inputs.part_time.any() else kept


def first_pay_of(inputs: Inputs, sheet: Sheet, counted: Int, *, known_too: bool) -> dict[str, Int]:
    """By scheme the pay that whoever has no base goes by, before floor and ceiling; ABSENT for others. Whose first
    month is known already is among them only with `known_too`.

    Pay by the hour is no pay of a month that could stand for later ones.
    """
    terms = needed_terms(inputs, sheet.answers, "contributions.amounts", ContributionSchemes)
    found: dict[str, Int] = {}
    known: dict[tuple[int, ...], Int | None] = {}  # shared by schemes that go by the same
    for scheme, _ in figures_of(Same(terms)):
        if scheme.unset_base != FIRST_MONTH:
            continue
        by = sheet.owed[scheme.scheme], inputs.bases.get(scheme.scheme), inputs.kept.get(scheme.scheme)
        key = tuple(map(id, by))
        if key not in known:
            known[key] = _unset_pay(inputs, counted, *by, known_too=known_too)
        if (pay := known[key]) is not None:
            found[scheme.scheme] = pay
    return found


def _unset_pay(
    inputs: Inputs, counted: Int, owed: Bool | None, given: Int | None, kept: Int | None, *, known_too: bool
) -> Int | None:
    rows = ~inputs.part_time
    if owed is not None:
        rows &= owed
    if given is not None:
        rows &= given == ABSENT
    if kept is not None and not known_too:
        rows &= kept == ABSENT
    elif kept is not None:
        counted = np.where(kept == ABSENT, counted, kept)
    return np.where(rows, counted, ABSENT) if rows.any() else None


def check_floor(inputs: Inputs, sheet: Sheet, earned: Earned, composition: PayComposition, own: Int) -> None:
    """Stops whoever is paid less for normal work than the minimum wage, where a document holds the place to it."""
    terms = terms_of(sheet.answers, "pay.meets_floor", MeetsFloor)
    if terms is None:
        return
    figures = needed_terms(inputs, sheet.answers, "wage.floor", WageFloor)
    codes = {one.component for one in composition.components if one.counts_for_floor and one.paid}
    normal = sheet.total(codes.__contains__)
    for working_time, rows in ((WorkingTime.FULL_TIME, ~inputs.part_time), (WorkingTime.PART_TIME, inputs.part_time)):
        if sheet.present is not None:
            rows = rows & sheet.present
        basis = terms.basis.get(working_time)
        if basis is None or not rows.any():
            continue
        if basis is Basis.HOURLY and figures.hourly is None:
            worked = _hours(inputs) > 0
            sheet.find_next(rows & worked, always(hourly_floor_unknown), "pay.meets_floor")
            continue
        floor = _floor(inputs, earned, basis, figures)
        below = is_below_floor(terms, normal, own, floor) & rows
        paid = normal if terms.own_contributions_count else normal - own
        sheet.find_next(below, partial(_below, paid, floor), "pay.meets_floor")


def _below(paid: Int, floor: Int, row: int) -> Finding:
    return below_floor(yuan(paid[row]), yuan(floor[row]))


def _hours(inputs: Inputs) -> Int:
    hours = said(inputs.entered, "hours")
    return zeros(inputs.size) if hours is None else hours


def floor_kept(inputs: Inputs, sheet: Sheet, earned: Earned) -> Int | None:
    """The minimum wage of each for the period, part-timers' by their hours; None where none is known there."""
    figures = terms_of(sheet.answers, "wage.floor", WageFloor)
    if figures is None:
        return None
    floor = _floor(inputs, earned, Basis.MONTHLY, figures)
    if figures.hourly is not None and inputs.part_time.any():
        floor = np.where(inputs.part_time, _floor(inputs, earned, Basis.HOURLY, figures), floor)
    return floor


def _floor(inputs: Inputs, earned: Earned, basis: Basis, figures: WageFloor) -> Int:
    if basis is Basis.HOURLY and figures.hourly is not None:
        return hourly_pay(_hours(inputs), figures.hourly)
    presence = earned.presence
    return presence.part_of(np.full(len(inputs.slip), fen(figures.monthly)))
