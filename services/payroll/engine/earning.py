"""What a street earns in a period, before its pool is shared: components, leave, overtime, leave not taken."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

import numpy as np

from payroll.engine import findings
from payroll.engine.answers import needed_terms, terms_of
from payroll.engine.columns import ABSENT, Answers, Bool, Inputs, Int
from payroll.engine.presence import Presence, presence_of
from payroll.engine.rows import COMPONENT, MOST_PAY, entered_for, said, too_large
from payroll.engine.sheet import Sheet, always, sum_of
from payroll.rules.arithmetic import Ratio, Same, fen, half_up, product, zeros
from payroll.rules.composition import PERFORMANCE, ComponentKind, PayComposition
from payroll.rules.floor import WageFloor
from payroll.rules.hours import OvertimeDay, OvertimePay, UnusedLeavePay, overtime, unused_leave
from payroll.rules.leave import LeavePay, leave_pay
from payroll.rules.monthly import HUNDREDTHS, Held, Made, hourly_pay, monthly_amounts
from payroll.rules.pay import CertificateAllowance, ProbationPay

# What the engine knows to do with an entry beside what a scheme's own components ask for.
ENTRIES = frozenset(
    {
        "overtime_pay",
        "overtime_working_day",
        "overtime_rest_day",
        "overtime_holiday",
        "hours",
        "annual_bonus",
        "exempt_income",
        "relief",
        "unused_leave_days",
        "average_pay",
        "fund_allowance",
        "kept_level",
        "union_member",
        "score",
        "additional",
    }
)
ENTRY_GROUPS = ("additional.", "other.", "deduction.")


@dataclass
class Earned:
    """`counted`: the full month's pay that contributions go by; `brought_in` to the pool."""

    presence: Presence
    made: Made
    counted: Int
    brought_in: Int | None
    pooled: str | None
    has_part: Bool | None  # who is in the post and whose post brings something into the pool; None: everybody
    hourly: list[Int]

    @cached_property
    def basic_by_month(self) -> Int:
        """The full month's basic income."""
        basic = self.made.sum_where(lambda one: one.is_basic)
        return zeros(self.presence.size) if basic is None else self.presence.last_of(basic)

    @cached_property
    def basic(self) -> Int:
        """With what was earned by the hour."""
        return sum_of([self.basic_by_month, *self.hourly], self.presence.size)


def earn(inputs: Inputs, sheet: Sheet) -> Earned:
    """Puts the lines of earnings on the sheet, without the pool's shares."""
    answers = sheet.answers
    terms = needed_terms(inputs, answers, "pay.composition", PayComposition)
    inputs = _within_bounds(inputs, sheet)
    _check_entries(inputs, sheet, terms)
    presence = presence_of(inputs, answers)
    made = monthly_amounts(terms, held_of(inputs, answers, terms))
    _check_made(inputs, sheet, terms, made)
    _cut_in_probation(inputs, answers, made)
    brought_in = _put_monthly(sheet, terms, made, presence)
    by_hand = _put_by_hand(inputs, sheet, terms)
    of_month = made.sum_where(lambda one: one.contributes)
    counted = [] if of_month is None else [presence.last_of(of_month)]
    counted += [by_hand[one.component] for one in terms.components if one.contributes and one.component in by_hand]
    earned = Earned(
        presence=presence,
        made=made,
        counted=sum_of(counted, inputs.size),
        brought_in=brought_in,
        pooled=terms.pooled.component if terms.pooled else None,
        has_part=_has_part(inputs, sheet, terms, presence),
        hourly=[by_hand[one.component] for one in terms.components if one.is_basic and one.component in by_hand],
    )
    if terms.pooled is not None and np.count_nonzero(missing := inputs.score == ABSENT):
        missing = missing if earned.has_part is None else missing & earned.has_part
        sheet.find(missing, always(findings.score_missing), "pool.shares")
    if presence.reduced and (basic := made.sum_where(lambda one: one.is_basic)) is not None:
        _put_leave(inputs, sheet, presence, basic)
    _note_leave(inputs, sheet)
    _put_beside(inputs, sheet, earned)
    return earned


def _within_bounds(inputs: Inputs, sheet: Sheet) -> Inputs:
    """Rows with amounts beyond all pay are stopped, their amounts left out of the sums."""
    beyond = too_large((*inputs.entered.values(), *inputs.bases.values(), *inputs.kept.values()), MOST_PAY)
    standards = too_large((inputs.standard,), MOST_PAY)
    if standards is not None:
        rows = np.zeros(inputs.size, dtype=bool)
        rows[inputs.slip[standards]] = True
        beyond = rows if beyond is None else beyond | rows
    if beyond is None:
        return inputs
    sheet.find(beyond, always(findings.too_much), "pay.composition")
    return replace(
        inputs,
        standard=np.where(beyond[inputs.slip], 0, inputs.standard),
        entered={code: np.where(beyond, ABSENT, one) for code, one in inputs.entered.items()},
        bases={scheme: np.where(beyond, ABSENT, one) for scheme, one in inputs.bases.items()},
    )


def _check_entries(inputs: Inputs, sheet: Sheet, terms: PayComposition) -> None:
    paid = {one.entry_code for one in terms.components if one.kind is ComponentKind.ENTERED}
    clause = sheet.answers["pay.composition"].clause
    for code in sorted(inputs.entered):
        if code.removeprefix(COMPONENT) in paid or code in ENTRIES or code.startswith(ENTRY_GROUPS):
            continue
        entered = inputs.entered[code] != ABSENT
        if code == PERFORMANCE:
            sheet.find(entered, always(partial(findings.not_entered_here, clause)), "pay.composition")
        else:
            sheet.find(entered, always(partial(findings.entry_unknown, code, clause)), "pay.composition")


def held_of(inputs: Inputs, answers: Answers, terms: PayComposition) -> Held:
    """What the monthly amounts go by, a row for each stretch."""
    kinds = terms.kinds
    standard = inputs.standard
    if np.count_nonzero(missing := standard == ABSENT):
        standard = np.where(missing, 0, standard)
    kept = said(inputs.entered, "kept_level") if ComponentKind.KEPT_LEVEL in kinds else None
    nothing = zeros(len(inputs.slip))
    return Held(
        standard=standard,
        years=inputs.years,
        keys={name: (one.codes, one.words) for name, one in inputs.keys.items()},
        allowance=_allowance(inputs, answers) if ComponentKind.CERTIFICATE_ALLOWANCE in kinds else nothing,
        kept_level=nothing if kept is None else kept[inputs.slip],
        part_time=inputs.part_time[inputs.slip] if inputs.part_time.any() else None,
    )


def _allowance(inputs: Inputs, answers: Answers) -> Int:
    held = inputs.keys.get("certificate")
    if held is None or not (held.codes >= 0).any():
        return zeros(len(inputs.slip))
    terms = needed_terms(inputs, answers, "allowance.certificate", CertificateAllowance)
    return _by_level(Same(terms), held.words)[held.codes]  # no certificate is -1, the nothing at the end


@lru_cache(maxsize=256)
def _by_level(terms: Same[CertificateAllowance], words: tuple[str, ...]) -> Int:
    by_level = {str(level): fen(amount) for level, amount in terms.it.amounts.items()}
    return np.array([*(by_level.get(word, 0) for word in words), 0], dtype=np.int64)


def _check_made(inputs: Inputs, sheet: Sheet, terms: PayComposition, made: Made) -> None:
    if terms.standard_parts and np.count_nonzero(missing := inputs.standard == ABSENT):
        one = terms.standard_parts[0]
        held = _of_slips(inputs, missing)
        if not terms.pays(one, part_time=True):
            held &= ~inputs.part_time
        sheet.find(held, partial(findings.standard_missing, inputs), "pay.composition")
    for one in terms.components:
        if one.component in made.missing:
            unknown = _of_slips(inputs, made.missing[one.component])
            sheet.find(unknown, partial(findings.table_key_unknown, inputs, one), "pay.composition")


def _of_slips(inputs: Inputs, stretches: Bool) -> Bool:
    found = np.zeros(inputs.size, dtype=bool)
    found[inputs.slip[stretches]] = True
    return found


def _cut_in_probation(inputs: Inputs, answers: Answers, made: Made) -> None:
    terms = terms_of(answers, "pay.probation", ProbationPay)
    if terms is None or terms.share == 1 or not inputs.probation.any():
        return
    on_probation = inputs.probation[inputs.slip]
    for place, whole in enumerate(made.wholes):
        if any(one.is_basic for one in whole.parts):
            cut = np.where(on_probation, half_up(whole.amount, Ratio.of(terms.share)), whole.amount)
            made.wholes[place] = type(whole)(cut, whole.parts)


def _put_monthly(sheet: Sheet, terms: PayComposition, made: Made, presence: Presence) -> Int | None:
    brought_in: Int | None = None
    for whole in made.wholes:
        paid = presence.part_of if whole.parts[0].prorated else presence.last_of
        for code, amount in whole.divide(paid(whole.amount)).items():
            if terms.pooled is not None and code == terms.pooled.component:
                brought_in = amount if sheet.present is None else amount * sheet.present
            else:
                sheet.put(code, amount)
    for code, amount in made.sources.items():
        sheet.put(code, presence.part_of(amount))
    return brought_in


def _has_part(inputs: Inputs, sheet: Sheet, terms: PayComposition, presence: Presence) -> Bool | None:
    if terms.pooled is None:
        return np.zeros(inputs.size, dtype=bool)
    is_whole = sheet.present is None and not len(presence.nowhere)
    if is_whole and not inputs.part_time.any() and terms.pays(terms.pooled, part_time=False):
        return None
    pays = {kind: terms.pays(terms.pooled, part_time=kind) for kind in (False, True)}
    rows = np.where(inputs.part_time, pays[True], pays[False])
    rows[presence.nowhere] = False
    return rows if sheet.present is None else rows & sheet.present


def _put_by_hand(inputs: Inputs, sheet: Sheet, terms: PayComposition) -> dict[str, Int]:
    """Entered amounts and pay by the hour."""
    found: dict[str, Int] = {}
    for one in terms.components:
        if one.kind is ComponentKind.ENTERED:
            amount = entered_for(inputs, one.entry_code)
        elif one.kind is ComponentKind.HOURLY and one.rate is not None and inputs.part_time.any():
            hours = said(inputs.entered, "hours")
            amount = None if hours is None else hourly_pay(hours * inputs.part_time, one.rate)
        else:
            continue
        if amount is not None:
            found[one.component] = amount
            sheet.put(one.component, amount)
    return found


def _put_leave(inputs: Inputs, sheet: Sheet, presence: Presence, basic: Int) -> None:
    odd, floor = presence.odd, terms_of(sheet.answers, "wage.floor", WageFloor)
    if odd is None:
        return
    usual, weight, part = odd.weighed(basic), odd.weight, odd.share()
    monthly_floor = fen(floor.monthly) if floor else 0
    allowance = said(inputs.entered, "fund_allowance")
    for kind, (paid, days) in presence.reduced.items():
        share = part.absent_over * days[odd.rows]
        fund = zeros(len(odd.rows)) if allowance is None else allowance[odd.rows]
        amount = zeros(inputs.size)
        amount[odd.rows] = leave_pay(
            paid,
            product(usual, share),
            part.absent_under,
            monthly_floor * weight * share,
            part.absent_under,
            fund,
        )
        sheet.put(leave_code(kind), np.where(days > 0, amount, 0))


def leave_code(kind: str) -> str:
    return f"leave_{kind}"


def _note_leave(inputs: Inputs, sheet: Sheet) -> None:
    """Somebody should know of leave that no clause says anything about; without a clause all of it is paid."""
    if terms_of(sheet.answers, "leave.pay", LeavePay) is None:
        for kind in sorted(inputs.leave):
            sheet.find(
                inputs.leave[kind] > 0,
                always(partial(findings.leave_without_rule, kind)),
                "leave.pay",
                blocks=False,
            )


def _put_beside(inputs: Inputs, sheet: Sheet, earned: Earned) -> None:
    """Overtime, leave not taken, what is exempt from tax, and the annual bonus."""
    overtimes = terms_of(sheet.answers, "pay.overtime", OvertimePay)
    for day in OvertimeDay:
        hours = said(inputs.entered, f"overtime_{day}")
        if hours is None:
            continue
        if overtimes is None or day not in overtimes.times:
            left_out = partial(findings.without_rule, "加班工时", "overtime by the hour")
            sheet.find(hours > 0, always(left_out), "pay.overtime", blocks=False)
        else:
            sheet.put(f"overtime_{day}", overtime(overtimes, day, earned.basic_by_month, hours, per=HUNDREDTHS))
    unused = terms_of(sheet.answers, "leave.unused_pay", UnusedLeavePay)
    days = said(inputs.entered, "unused_leave_days")
    if days is not None and unused is None:
        left_out = partial(findings.without_rule, "应休未休年休假", "annual leave not taken")
        sheet.find(days > 0, always(left_out), "leave.unused_pay", blocks=False)
    elif days is not None and unused is not None:
        average = inputs.entered.get("average_pay", np.full(inputs.size, ABSENT))
        average = np.where(average == ABSENT, earned.counted, average)
        times = unused.times - unused.normal_times
        sheet.put("unused_leave_pay", unused_leave(unused, average, days, times, per=HUNDREDTHS))
    for code in ("overtime_pay", "exempt_income", "annual_bonus"):
        amount = said(inputs.entered, code)
        if amount is not None:
            sheet.put(code, amount)


def counted_and_basic(inputs: Inputs, answers: Answers) -> tuple[int, int]:
    """Of the one slip that `inputs` are cut to: the full month's pay, and the basic income in it."""
    earned = earn(inputs, Sheet(inputs.size, 0, inputs.month, answers, None))
    return int(earned.counted[0]), int(earned.basic[0])
