"""What one person earns in one month, whole months first and then the days in the post, in Decimal yuan."""

import calendar
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from payroll.tests.oracle.calculator import exactly, share_out, to_fen
from payroll.tests.oracle.records import NOTHING, Month, PersonMonth, Place, Stretch, Terms, Yuan

SHARES_OF_STANDARD = ("share_of_standard", "pooled_share_of_standard")
SHARES_OF_OTHERS = ("share_of", "pooled_share_of")
POOLED = ("pooled_share_of_standard", "pooled_share_of")
NOT_MONTHLY = ("hourly", "entered")
# What overtime, leave and union dues go by: no pooled share, no allowance for a certificate, nothing entered.
BASIC_INCOME = (
    *("share_of_standard", "share_of", "by_table", "per_year", "floor_of", "ceiling_of", "kept_level", "hourly"),
)
OVERTIME_DAYS = ("working_day", "rest_day", "holiday")


@dataclass
class Whole:
    """An amount that is rounded once, and the components that divide it, by their shares."""

    amount: Yuan
    parts: dict[str, Fraction]


@dataclass
class Earned:
    """`amounts`: by component, as the days in the post bring it. `full`: those of the last stretch's whole month.

    `brought_in`: what goes into a pool, by component; what comes out of it stands in `amounts`.
    """

    amounts: dict[str, Yuan] = field(default_factory=dict)
    brought_in: dict[str, Yuan] = field(default_factory=dict)
    full: dict[str, Yuan] = field(default_factory=dict)
    extra: dict[str, Yuan] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


def earn(person: PersonMonth, month: Month) -> Earned:
    components = month.place["pay.composition"]["components"]
    kinds = {one["component"]: one["kind"] for one in components}
    earned = Earned()
    by_stretch = [_wholes(person, one, month.place, earned) for one in person.stretches]
    basic = [_basic_of(wholes, kinds) for wholes in by_stretch]
    floor = month.place.get("wage.floor")
    floors = [Decimal(floor["monthly"])] * len(basic) if floor else None
    for kind, amount in pay_for_leave(person, month, basic, floors).items():
        earned.extra[f"leave_{kind}"] = amount
    for same in zip(*by_stretch, strict=True):
        amount = part_of_month(person, month, [whole.amount for whole in same])
        earned.amounts |= _divide(amount, same[0].parts)
        earned.full |= _divide(same[-1].amount, same[-1].parts)
    for one in components:
        if one["kind"] == "hourly":
            earned.amounts[one["component"]] = to_fen(Decimal(one["rate"]) * person.entered.get("hours", NOTHING))
        elif one["kind"] == "entered":
            earned.amounts[one["component"]] = person.entered.get("performance_pay", NOTHING)
    earned.brought_in = {code: amount for code, amount in earned.amounts.items() if kinds[code] in POOLED}
    if "performance_pay" in person.entered and "entered" not in kinds.values():
        earned.refused.add("performance_not_entered_here")
    if any(kind in POOLED for kind in kinds.values()) and person.score is None:
        earned.refused.add("score_missing")
    _earn_beside(person, month, earned, kinds)
    return earned


def _basic_of(wholes: list[Whole], kinds: dict[str, str]) -> Yuan:
    """Of basic income alone."""
    amounts = [
        amount
        for one in wholes
        for code, amount in _divide(one.amount, one.parts).items()
        if kinds[code] in BASIC_INCOME
    ]
    return sum(amounts, NOTHING)


def _divide(amount: Yuan, parts: dict[str, Fraction]) -> dict[str, Yuan]:
    if len(parts) == 1:
        return dict.fromkeys(parts, amount)
    return share_out(amount, parts)


def _wholes(person: PersonMonth, stretch: Stretch, place: Place, earned: Earned) -> list[Whole]:
    """The whole month's amounts as they are in that stretch, those of basic income cut in probation."""
    found: list[Whole] = []
    sources: dict[str, Yuan] = {}  # amounts that are not paid, but divided
    for one in _in_order(place["pay.composition"]["components"]):
        if any(one["component"] in whole.parts for whole in found):
            continue
        amount = _amount(one, person, stretch, place, found, sources, earned)
        if one.get("paid", True):
            found.append(Whole(amount, _parts(one, place, sources)))
        else:
            sources[one["component"]] = amount
    share = place.get("pay.probation", {}).get("share")
    if share is not None and person.probation:
        kinds = {one["component"]: one["kind"] for one in place["pay.composition"]["components"]}
        for whole in found:
            if any(kinds[code] in BASIC_INCOME for code in whole.parts):
                whole.amount = to_fen(whole.amount * Decimal(share))
    return found


def _in_order(components: list[Terms]) -> list[Terms]:
    """Monthly ones, what tops the sum up last."""
    monthly = [one for one in components if one["kind"] not in NOT_MONTHLY]
    return sorted(monthly, key=lambda one: one["kind"] == "kept_level")


def _parts(one: Terms, place: Place, sources: dict[str, Yuan]) -> dict[str, Fraction]:
    """Who divides the same amount: shares of the standard, or of components that are not paid themselves."""
    components = place["pay.composition"]["components"]
    together = [one]
    if one["kind"] in SHARES_OF_STANDARD:
        together = [other for other in components if other["kind"] in SHARES_OF_STANDARD]
    elif one["kind"] in SHARES_OF_OTHERS and one["of"][0] in sources:
        together = [other for other in components if other["kind"] in SHARES_OF_OTHERS and other["of"] == one["of"]]
    if len(together) == 1:
        return {one["component"]: Fraction(1)}
    return {other["component"]: Fraction(other["share"]) for other in together}


def _amount(
    one: Terms,
    person: PersonMonth,
    stretch: Stretch,
    place: Place,
    found: list[Whole],
    sources: dict[str, Yuan],
    earned: Earned,
) -> Yuan:
    match one["kind"]:
        case "share_of_standard" | "pooled_share_of_standard":
            if stretch.standard is None:
                earned.refused.add("standard_missing")
            return stretch.standard or NOTHING
        case "by_table":
            return _by_table(one, stretch, earned)
        case "per_year":
            years = min(stretch.years, int(one.get("most_years", stretch.years)))
            return years * Decimal(one["amount"])
        case "certificate_allowance":
            level = stretch.keys.get("certificate")
            return Decimal(place["allowance.certificate"]["amounts"][level]) if level else NOTHING
        case "kept_level":
            before = person.entered.get("kept_level", NOTHING)
            return max(before - sum((whole.amount for whole in found), NOTHING), NOTHING)
    known = sources | {code: amount for whole in found for code, amount in _divide(whole.amount, whole.parts).items()}
    reached = sum((known[code] for code in one["of"]), NOTHING)
    match one["kind"]:
        case "floor_of":
            return max(Decimal(one["amount"]) - reached, NOTHING)
        case "ceiling_of":
            return min(Decimal(one["amount"]) - reached, NOTHING)
        case "share_of" | "pooled_share_of":
            return reached if one["of"][0] in sources else to_fen(reached * Decimal(one["share"]))
        case kind:
            raise ValueError(f"no component of the kind {kind} is known here")


def _by_table(one: Terms, stretch: Stretch, earned: Earned) -> Yuan:
    """In the place of years stands the number from which an amount holds."""
    words = []
    for place, name in enumerate(one["keys"]):
        if name == "years":
            steps = [int(key.split("|")[place]) for key in one["amounts"]]
            words.append(str(max((step for step in steps if step <= stretch.years), default="")))
        else:
            words.append(stretch.keys.get(name) or "")
    key = "|".join(words)
    if key in one["amounts"]:
        return Decimal(one["amounts"][key])
    if "else" in one:
        return Decimal(one["else"])
    if not one.get("optional"):
        earned.refused.add("table_key_unknown")
    return NOTHING


@dataclass(frozen=True)
class Days:
    """Of a person in a month: `weights` of the stretches, by weekdays or calendar days, and the share of the month."""

    weights: list[int]
    paid: Fraction  # of an amount that held all month, for the days in the post that are paid like work
    each_absent: Fraction  # of it, for each day of leave that is not
    leave: dict[str, int]  # such days, by kind


def days_of(person: PersonMonth, month: Month) -> Days:
    terms = month.place["pay.partial_month"]
    year, number = map(int, month.month.split("-"))
    all_days = range(1, calendar.monthrange(year, number)[1] + 1)

    def weekdays(days: range) -> int:
        return sum(date(year, number, day).weekday() < calendar.SATURDAY for day in days)

    stretches = [range(one.first_day, one.last_day + 1) for one in person.stretches]
    is_whole = sum(map(len, stretches)) == len(all_days)
    in_post = sum(map(weekdays, stretches))
    leave = unpaid_leave(person, month, in_post)
    absent = sum(leave.values())
    by_weekdays = [weekdays(days) for days in stretches]
    if terms["method"] == "by_calendar_days":
        weights = [len(days) for days in stretches]
        each = Fraction(sum(weights), len(all_days))
        share = Fraction(in_post - absent, in_post) if in_post else Fraction(1)
        return Days(weights, each * share, each / max(in_post, 1), leave)
    if terms["method"] == "by_working_days":
        whole = weekdays(all_days)
        return Days(by_weekdays, Fraction(in_post - absent, whole), Fraction(1, whole), leave)
    paid_days = Fraction(terms["paid_days"])
    if is_whole and not absent:
        return Days(by_weekdays, Fraction(1), Fraction(0), leave)
    counted = min(Fraction(in_post - absent), paid_days)
    left = paid_days - counted
    # Whoever is in the post all month and is paid in full for his leave has neither more nor less than the month.
    per_day = left / max(absent, 1) if is_whole else min(left / max(absent, 1), Fraction(1))
    return Days(by_weekdays, counted / paid_days, per_day / paid_days, leave)


def unpaid_leave(person: PersonMonth, month: Month, in_post: int) -> dict[str, int]:
    """Weekdays of leave that is not paid like work, never more than were in the post, the kinds by name."""
    kinds = month.place.get("leave.pay", {}).get("kinds", {})
    found: dict[str, int] = {}
    for kind in sorted(person.leave):
        paid = kinds.get(kind)
        if paid is not None and (Fraction(paid.get("share", "1")) != 1 or paid.get("by_fund")):
            found[kind] = min(person.leave[kind], in_post - sum(found.values()))
    return found


def _average(amounts: list[Yuan], weights: list[int]) -> Fraction:
    """What held over the days in the post; without a working day among them, what held at their end counts for none."""
    if not sum(weights):
        return Fraction(0)
    weighed = (exactly(amount) * weight for amount, weight in zip(amounts, weights, strict=True))
    return sum(weighed, Fraction(0)) / sum(weights)


def part_of_month(person: PersonMonth, month: Month, amounts: list[Yuan]) -> Yuan:
    """Monthly amounts, one for each stretch, for the days of the stretches: added up, then rounded once."""
    if not any(amounts):
        return NOTHING
    days = days_of(person, month)
    return to_fen(_average(amounts, days.weights) * days.paid)


def pay_for_leave(person: PersonMonth, month: Month, basic: list[Yuan], floors: list[Yuan] | None) -> dict[str, Yuan]:
    """What days of leave bring instead of work, by kind: a share of basic income, not under one of the minimum wage."""
    if "leave.pay" not in month.place or not person.leave:
        return {}
    days = days_of(person, month)
    found = {}
    for kind, absent in days.leave.items():
        paid = month.place["leave.pay"]["kinds"][kind]
        if paid.get("by_fund"):
            usual = to_fen(_average(basic, days.weights) * days.each_absent * absent)
            fund = person.entered.get("fund_allowance", NOTHING)
            found[kind] = max(usual - fund, NOTHING) if paid.get("tops_up") else NOTHING
            continue
        amount = to_fen(_average(basic, days.weights) * days.each_absent * absent * Fraction(paid.get("share", "1")))
        if "floor_share" in paid and floors is not None:
            least = _average(floors, days.weights) * days.each_absent * absent * Fraction(paid["floor_share"])
            amount = max(amount, to_fen(least))
        found[kind] = amount
    return found


def _earn_beside(person: PersonMonth, month: Month, earned: Earned, kinds: dict[str, str]) -> None:
    """Leave, overtime by the hour or as entered, leave that was not granted, and what is paid free of tax."""
    basic = sum((amount for code, amount in earned.full.items() if kinds[code] in BASIC_INCOME), NOTHING)
    overtime = month.place.get("pay.overtime")
    if overtime is not None:
        month_hours = Fraction(overtime["paid_days"]) * Fraction(overtime["hours_a_day"])
        for day in OVERTIME_DAYS:
            hours = person.entered.get(f"overtime_{day}", NOTHING)
            times = Fraction(overtime["times"][day])
            earned.extra[f"overtime_{day}"] = to_fen(exactly(basic) * exactly(hours) * times / month_hours)
    unused = month.place.get("leave.unused_pay")
    if unused is not None and "unused_leave_days" in person.entered:
        average = exactly(sum(earned.full.values(), NOTHING))
        times = Fraction(unused["times"]) - Fraction(unused["normal_times"])
        days = exactly(person.entered["unused_leave_days"])
        earned.extra["unused_leave_pay"] = to_fen(average * days * times / Fraction(unused["paid_days"]))
    for code in ("overtime_pay", "exempt_income", "annual_bonus"):
        earned.extra[code] = person.entered.get(code, NOTHING)
