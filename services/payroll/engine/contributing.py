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
from payroll.rules.contributions import ContributionSchemes, Figures, Scheme, Sides, contributed, figures_of, held_to
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


def contribute(inputs: Inputs, sheet: Sheet, earned: Earned) -> tuple[Int, Int]:
    """Puts both sides of every scheme on the sheet, and gives what the worker and what the employer pays in all."""
    terms = needed_terms(inputs, sheet.answers, "contributions.amounts", ContributionSchemes)
    insured = _insured(inputs, earned)
    part_time = inputs.part_time if inputs.part_time.any() else None
    known: dict[tuple[int, int], Int] = {}
    workers: list[Int] = []
    employers: list[Int] = []
    for scheme, figures in figures_of(Same(terms)):
        sides = _sides(inputs, scheme, figures, earned.counted, known)
        owed = insured
        if part_time is not None and not scheme.part_time:
            owed = ~part_time if owed is None else owed & ~part_time
        if sheet.present is not None:
            owed = sheet.present if owed is None else owed & sheet.present
        for amounts, rate, suffix, total in (
            (sides.worker, scheme.worker or scheme.worker_fixed, WORKER, workers),
            (sides.employer, scheme.employer, EMPLOYER, employers),
        ):
            if rate:
                sheet.lines[scheme.scheme + suffix] = amount = amounts if owed is None else amounts * owed
                total.append(amount)
    return sum_of(workers, inputs.size), sum_of(employers, inputs.size)


def _insured(inputs: Inputs, earned: Earned) -> Bool | None:
    """Who is insured and in the post for a day of the period; None for everybody."""
    nowhere = earned.presence.nowhere
    if inputs.insured.all() and not len(nowhere):
        return None
    insured = inputs.insured.copy()
    insured[nowhere] = False
    return insured


def _sides(inputs: Inputs, scheme: Scheme, figures: Figures, counted: Int, known: dict[tuple[int, int], Int]) -> Sides:
    limits = (figures.floor, figures.ceiling)
    if scheme.scheme in inputs.bases:
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
    if scheme.scheme in inputs.bases:
        given = inputs.bases[scheme.scheme]
        pay = np.where(given == ABSENT, counted, (given + 1) // 2 if halves else given)
    floor, ceiling = limits
    if halves:
        floor, ceiling = (floor + 1) // 2, (ceiling + 1) // 2
    return held_to(pay, floor, ceiling)


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
