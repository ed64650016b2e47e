"""The slips of a street: the pool shared, past months, contributions, the minimum wage, tax, and what is left."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal

from payroll.tests.oracle.calculator import (
    basic_months,
    bonus_tax_apart,
    contribution,
    exactly,
    share_out,
    tax_on,
    to_fen,
    union_dues,
    withhold,
)
from payroll.tests.oracle.earnings import BASIC_INCOME, POOLED, Earned, earn, part_of_month
from payroll.tests.oracle.first_pay import FirstMonths, goes_by_first_month, is_in
from payroll.tests.oracle.records import NOTHING, Month, PersonMonth, Slip, Street, YearSoFar, Yuan

SETTLED = ("repaid", "written_off")  # shown beside pay, which it changes by nothing
OF_YEAR = ("additional", "other")
TOTALS = (
    *("gross", "contributions", "employer_contributions", "tax", "net", "income", "exempt", "special"),
    *("additional", "other", "relief", "bonus", "bonus_tax"),
)


@dataclass
class Worked:
    """A person's month before tax: lines by code, by whom each is borne."""

    earnings: dict[str, Yuan] = field(default_factory=dict)
    worker: dict[str, Yuan] = field(default_factory=dict)
    employer: dict[str, Yuan] = field(default_factory=dict)
    basic: Yuan = NOTHING
    dues: Yuan = NOTHING  # of a month that is paid for the first time
    first_pay: dict[str, Yuan] = field(default_factory=dict)  # by scheme, of whoever goes by a first month
    refused: set[str] = field(default_factory=set)

    @property
    def earned(self) -> Yuan:
        return sum(self.earnings.values(), NOTHING)

    @property
    def exempt(self) -> Yuan:
        return self.earnings.get("exempt_income", NOTHING)

    @property
    def own(self) -> Yuan:
        return sum(self.worker.values(), NOTHING)


def pay_street(street: Street) -> list[Slip]:
    """A slip for everybody, in the order of the street's people.

    Whoever is set aside takes his part out of the pool, which is shared again among the others.
    """
    differences: dict[int, list[tuple[str, Worked]]] = defaultdict(list)
    relief: dict[int, Yuan] = defaultdict(lambda: NOTHING)
    first = FirstMonths()
    for past in sorted(street.past, key=lambda one: one.month.month):
        told = first.tell(past.month.people, past.goes_to)
        again = work_month(replace(past.month, people=told))
        first.learn(told, past.goes_to, [None if one.refused else one.first_pay for one in again])
        for row, (now, paid) in enumerate(zip(again, past.paid, strict=True)):
            slip = past.goes_to[row]
            if slip is not None and not now.refused:
                apart, entered = _difference(now, paid), past.month.people[row].entered
                differences[slip].append((period_of(past.month), apart))
                if any(paid.values()):
                    continue
                if entered.get("union_member") and "union.dues" in past.month.place:
                    apart.dues = union_dues(past.month.place["union.dues"], now.basic)
                if past.month.month[:4] == street.paid_in[:4]:
                    relief[slip] += entered.get("relief", NOTHING)
    told = first.tell(street.month.people, range(len(street.present)))
    street = replace(street, month=replace(street.month, people=told))
    earned = earn_month(street.month, present=street.present)
    aside: dict[int, set[str]] = {}
    while True:
        worked = finish_month(street.month, earned, aside=aside)
        slips = [
            _settle(street, slip, worked[slip], differences[slip], street.years[slip], relief[slip])
            for slip in range(len(worked))
        ]
        more = {number: slip.refused for number, slip in enumerate(slips) if slip.refused}
        if more.keys() == aside.keys():
            return slips
        aside = more


def period_of(month: Month) -> str:
    return month.month + {"first_half": ".1", "second_half": ".2"}.get(month.cycle, "")


def work_month(month: Month) -> list[Worked]:
    """Earnings with the pool shared, and contributions, of everybody whose month it is, those set aside left out."""
    earned = earn_month(month)
    aside: dict[int, set[str]] = {}
    while True:
        worked = finish_month(month, earned, aside=aside)
        more = {number: one.refused for number, one in enumerate(worked) if one.refused}
        if more.keys() == aside.keys():
            return worked
        aside = more


def earn_month(month: Month, *, present: list[bool] | None = None) -> list[Earned | None]:
    """None for whoever is not paid for the month."""
    return [
        earn(person, month) if present is None or present[number] else None
        for number, person in enumerate(month.people)
    ]


def finish_month(month: Month, earned: list[Earned | None], *, aside: dict[int, set[str]]) -> list[Worked]:
    """The pool among those who are not set aside, then contributions and the minimum wage."""
    for number, one in enumerate(earned):
        if one is not None:
            one.refused |= aside.get(number, set())
    _share_pool(month, earned)
    return [
        Worked(refused=aside.get(number, set()))
        if one is None
        else _with_contributions(month.people[number], month, one)
        for number, one in enumerate(earned)
    ]


def _share_pool(month: Month, earned: list[Earned | None]) -> None:
    """What all bring in goes out by score; who is set aside for another reason brings in nothing."""
    pooled = [one["component"] for one in month.place["pay.composition"]["components"] if one["kind"] in POOLED]
    for code in pooled:
        sharers = {
            f"{person.worker_id}|{person.organisation_id}": (person, one)
            for person, one in zip(month.people, earned, strict=True)
            if one is not None and not one.refused
        }
        by_share = month.place["pool.shares"]["weigh_by"] == "score_and_share"
        weights = {
            key: exactly(person.score or NOTHING) * (exactly(one.brought_in[code]) if by_share else 1)
            for key, (person, one) in sharers.items()
        }
        total = sum((one.brought_in[code] for _, one in sharers.values()), NOTHING)
        for _, one in sharers.values():
            one.amounts[code] = NOTHING
        if not total:
            continue
        if not any(weights.values()):
            for _, one in sharers.values():
                one.refused.add("pool_without_scores")
            continue
        for key, share in share_out(total, weights).items():
            sharers[key][1].amounts[code] = share


def _with_contributions(person: PersonMonth, month: Month, earned: Earned) -> Worked:
    components = {one["component"]: one for one in month.place["pay.composition"]["components"]}
    worked = Worked(earnings=earned.amounts | earned.extra, refused=earned.refused)
    known_by_the_month = earned.full | {
        code: amount for code, amount in earned.amounts.items() if components[code]["kind"] == "hourly"
    }
    monthly_pay = sum(known_by_the_month.values(), NOTHING)
    worked.basic = sum(
        (amount for code, amount in known_by_the_month.items() if components[code]["kind"] in BASIC_INCOME), NOTHING
    )
    for scheme in month.place["contributions.amounts"]["schemes"]:
        if not is_in(scheme, person):
            continue
        name = scheme["scheme"]
        average = person.contribution_pay.get(name)
        if goes_by_first_month(scheme, person):
            average = worked.first_pay[name] = person.first_pay.get(name, monthly_pay)
        worker, employer = contribution(scheme, monthly_pay, average=average, cycle=month.cycle)
        worked.worker[f"{name}_worker"], worked.employer[f"{name}_employer"] = worker, employer
    _check_floor(person, month, worked, earned)
    return worked


def _check_floor(person: PersonMonth, month: Month, worked: Worked, earned: Earned) -> None:
    held = month.place.get("pay.meets_floor")
    basis = held["basis"].get("part_time" if person.part_time else "full_time") if held else None
    if held is None or basis is None or worked.refused:
        return
    pay = sum(earned.amounts.values(), NOTHING)
    if not held.get("own_contributions_count", True):
        pay -= sum(worked.worker.values(), NOTHING)
    if basis == "monthly":
        floor = part_of_month(person, month, [Decimal(month.place["wage.floor"]["monthly"])] * len(person.stretches))
    else:
        hourly = month.place["wage.floor"]["hourly"]
        if hourly is None:
            worked.refused.add("hourly_floor_unknown")
            return
        floor = Decimal(hourly) * person.entered.get("hours", NOTHING)
    if pay < floor:
        worked.refused.add("below_floor")


def _difference(now: Worked, paid: dict[str, Yuan]) -> Worked:
    def against(lines: dict[str, Yuan], codes: set[str]) -> dict[str, Yuan]:
        return {code: lines.get(code, NOTHING) - paid.get(code, NOTHING) for code in codes}

    of_worker = {code for code in paid if code.endswith("_worker")} | now.worker.keys()
    of_employer = {code for code in paid if code.endswith("_employer")} | now.employer.keys()
    earned = {code for code in paid if code not in of_worker | of_employer} | now.earnings.keys()
    return Worked(
        earnings=against(now.earnings, earned),
        worker=against(now.worker, of_worker),
        employer=against(now.employer, of_employer),
    )


def _settle(
    street: Street,
    number: int,
    worked: Worked,
    differences: list[tuple[str, Worked]],
    year: YearSoFar,
    late_relief: Yuan,
) -> Slip:
    """Tax on the year so far with this month in it, dues, what else is taken off, and what is left.

    `late_relief`: that of months that are paid for the first time now.
    """
    if worked.refused:
        return Slip(refused=worked.refused, totals=dict.fromkeys(TOTALS, NOTHING))
    entered = street.month.people[number].entered if street.present[number] else {}
    parts = [("", worked), *differences]
    lines: dict[tuple[str, str], Yuan] = defaultdict(Decimal)
    for period, one in parts:
        for group in (one.earnings, one.worker, one.employer):
            for code, amount in group.items():
                lines[period, code] += amount
    earned, own = (sum((getattr(one, name) for _, one in parts), NOTHING) for name in ("earned", "own"))
    month = {
        "income": earned,
        "exempt": sum((one.exempt for _, one in parts), NOTHING),
        "special": own,
        **{name: _sum_under(year.reported, name) - getattr(year, name) for name in OF_YEAR},
        "relief": entered.get("relief", NOTHING) + late_relief,
    }
    taxed = _tax(street, year, month, worked, again={name: _sum_under(entered, name) for name in OF_YEAR})
    off = {"tax": taxed["tax"], "bonus_tax": taxed["bonus_tax"]}
    off |= {code: amount for code, amount in entered.items() if code.startswith("deduction.")}
    dues = street.month.place.get("union.dues")
    if dues is not None and entered.get("union_member"):
        off["union_dues"] = union_dues(dues, worked.basic)
    for code, amount in off.items():
        lines["", code] += amount
    damage = entered.get("deduction.damage", NOTHING)
    most = _most_off(street, number, worked.earned, "damage")
    if most is not None and damage > most:
        return Slip(refused={"deduction_too_large"}, totals=dict.fromkeys(TOTALS, NOTHING))
    for period, one in differences:
        lines[period, "union_dues"] += one.dues
    taken_back = [(one.earned, one.own) for _, one in differences]
    kept = earned - own - off.pop("union_dues", NOTHING) - sum((one.dues for _, one in differences), NOTHING)
    net = _with_advances(street, number, kept, sum(off.values(), NOTHING), taken_back, damage, lines, earned)
    if net is None:
        return Slip(refused={"net_below_zero"}, totals=dict.fromkeys(TOTALS, NOTHING))
    employer = sum((amount for _, one in parts for amount in one.employer.values()), NOTHING)
    totals = {"gross": earned, "contributions": own, "employer_contributions": employer, "net": net}
    due = {key: amount for key, amount in lines.items() if amount}
    if not due and not street.present[number]:
        return Slip(totals=dict.fromkeys(TOTALS, NOTHING))
    due |= {("", name): getattr(year, name) for name in SETTLED if getattr(year, name)}
    return Slip(lines=due, totals=month | taxed | totals)


def _with_advances(
    street: Street,
    number: int,
    kept: Yuan,
    off: Yuan,
    late: list[tuple[Yuan, Yuan]],
    damage: Yuan,
    lines: dict[tuple[str, str], Yuan],
    gross: Yuan,
) -> Yuan | None:
    """What is paid out. `kept`: gross pay less own contributions and dues; `off`: tax and what was entered.

    First the month without what earlier ones take back; it must bear `off`. Then as much is taken back as may be; the
    rest, and contributions that pay does not cover, are advanced. Of a month in which the bound is not reached, what
    was advanced before comes back.
    """
    late_pay, late_own = (sum((one[place] for one in late), NOTHING) for place in (0, 1))
    overpaid = -late_pay if late_own > 0 else late_own - late_pay
    overpaid = max(overpaid, NOTHING)
    before = kept + overpaid
    if off and off > max(before, NOTHING):
        return None
    most = _most_off(street, number, gross - late_pay, "owed")
    left = before - off
    if left < 0:
        bearable = NOTHING
        advanced = overpaid - left
    else:
        bearable = left if most is None else min(left, max(most - damage, NOTHING))
        advanced = overpaid - min(overpaid, bearable)
        left -= overpaid - advanced
        bearable -= overpaid - advanced
    recovered = min(street.years[number].owed, bearable)
    lines["", "advanced_by_employer"] = -advanced
    lines["", "advance_recovered"] = recovered
    return max(left, NOTHING) - recovered


def _most_off(street: Street, number: int, gross: Yuan, what: str) -> Yuan | None:
    """The share of the month's own pay, and no more than leaves the minimum wage of the days in the post."""
    month = street.month
    terms = month.place.get("pay.deduction_limits", {})
    limit = terms.get("owed") if what == "owed" else terms.get("limits", {}).get(what)
    if limit is None:
        return None
    most = to_fen(max(gross, NOTHING) * Decimal(limit["share"]))
    if limit["keeps_floor"] and "wage.floor" in month.place:
        person = month.people[number]
        monthly = Decimal(month.place["wage.floor"]["monthly"])
        floor = part_of_month(person, month, [monthly] * len(person.stretches))
        most = min(most, max(gross - floor, NOTHING))
    return most


def _sum_under(amounts: dict[str, Decimal], name: str) -> Yuan:
    return sum((amount for code, amount in amounts.items() if code == name or code.startswith(f"{name}.")), NOTHING)


def _tax(
    street: Street, year: YearSoFar, month: dict[str, Yuan], worked: Worked, again: dict[str, Yuan]
) -> dict[str, Yuan]:
    """The month's tax, and the bonus taxed apart or within the wages."""
    terms, counted = street.tax_place["tax.cumulative_withholding"], street.tax_place["tax.basic_months"]
    months = basic_months(counted, mode=year.mode, employed=year.months, month=int(street.paid_in[5:]))
    bonus = worked.earnings.get("annual_bonus", NOTHING)
    apart = bonus and _is_taxed_apart(street, year, months, month, worked, again)
    if apart:
        month = month | {"income": month["income"] - bonus}
    return {
        "tax": withhold(terms, year=year, months=months, month=month).now,
        "bonus": bonus if apart else NOTHING,
        "bonus_tax": bonus_tax_apart(street.tax_place["tax.bonus_apart"], bonus) if apart else NOTHING,
        "income": month["income"],
    }


def _is_taxed_apart(
    street: Street, year: YearSoFar, months: int, month: dict[str, Yuan], worked: Worked, reported: dict[str, Yuan]
) -> bool:
    """The person's choice; without one the way that bears less over the year, each month still to come like this one.

    Bonus and differences do not come again.
    """
    place = street.tax_place
    if "tax.bonus_apart" not in place or year.bonuses_apart >= place["tax.bonus_choice"]["times_a_year"]:
        return False
    if year.bonus_way is not None:
        return year.bonus_way == "separate"
    terms, to_come = place["tax.cumulative_withholding"], 12 - int(street.paid_in[5:])
    bonus = worked.earnings["annual_bonus"]
    again = worked.earned - bonus - worked.exempt - worked.own - reported["additional"] - reported["other"]
    so_far = year.income + month["income"] - bonus
    for name in ("exempt", "special", "additional", "other"):
        so_far -= getattr(year, name) + month[name]
    basic = Decimal(terms["basic_monthly"]) * max(months, min(months + to_come, 12))
    expected = so_far + to_come * again - basic

    def of_year(taxable: Yuan) -> Yuan:
        return tax_on(max(taxable, NOTHING), terms["brackets"])

    separate = of_year(expected) + bonus_tax_apart(place["tax.bonus_apart"], bonus)
    merged = of_year(expected + bonus)
    return separate < merged or (separate == merged and place["tax.bonus_choice"]["when_equal"] == "separate")
