"""Kinds of examples about labour law, each told in questions to the rules, and numbers that are only checked."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from common.identity import is_credit_code, is_identity_number
from common.money import Yuan
from payroll.operating.comparing import Desk, Given, Shown, own_fields, shown, shown_fields

Amount = Annotated[Yuan, Field(ge=0)]
DAY = timedelta(days=1)


def _first_of_month(value: object) -> object:
    return f"{value}-01" if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value) else value


class Birth(Given):
    kind: Literal["male60", "female55", "female50"]
    born: Annotated[date, BeforeValidator(_first_of_month)]


def retirement(desk: Desk, given: Birth) -> dict[str, Any]:
    age = desk.ask("retirement.statutory_age", category=given.kind, born=given.born)
    words = f"{age.value.years}岁" + (f"{age.value.months}个月" if age.value.months else "")
    return own_fields(age, "delay_months") | {
        "statutory_age": shown(age, words),
        "retire_month": shown(age, f"{age.value.retires_in:%Y-%m}"),
    }


class Year(Given):
    year: Annotated[int, Field(ge=1, le=9999)]


def min_contribution_years(desk: Desk, given: Year) -> dict[str, Any]:
    least = desk.ask("pension.least_contribution_months", year=given.year)
    return {"months": shown(least, least.value), "years": shown(least, Decimal(least.value) / 12)}


class Ended(Given):
    start: date
    last_day: date
    avg12: Amount
    local_avg: Amount
    min_wage: Amount


def severance(desk: Desk, given: Ended) -> dict[str, Any]:
    owed = desk.ask(
        "severance.amount",
        on=given.last_day,
        starts_on=given.start,
        ends_on=given.last_day + DAY,
        average_pay=given.avg12,
        local_average=given.local_avg,
        minimum_wage=given.min_wage,
    )
    damages = desk.ask("severance.damages", on=given.last_day, severance=owed.value.severance)
    return (
        shown_fields(owed, n="years", base="counted_pay")
        | own_fields(owed, "capped", "severance")
        | {"damages_2n": shown(damages, damages.value)}
    )


class PartOfYear(Given):
    """`remaining_days` for whoever comes, `elapsed_days` for whoever goes."""

    remaining_days: int | None = None
    elapsed_days: int | None = None
    entitled: int
    taken: int = 0

    @model_validator(mode="after")
    def _one_of_both(self) -> "PartOfYear":
        if (self.remaining_days is None) == (self.elapsed_days is None):
            raise ValueError("give either remaining_days or elapsed_days")
        return self


def annual_leave(desk: Desk, given: PartOfYear) -> dict[str, Any]:
    days = given.elapsed_days if given.remaining_days is None else given.remaining_days
    left = desk.ask("leave.for_part_of_year", calendar_days=days, entitled=given.entitled, taken=given.taken)
    return {"result": shown(left, left.value)}


class Unused(Given):
    avg_month_wage: Amount
    days: int


def unused_leave_pay(desk: Desk, given: Unused) -> dict[str, Any]:
    paid = desk.ask("leave.unused_pay", average_monthly_pay=given.avg_month_wage, days=given.days)
    return shown_fields(paid, daily="daily", extra_200pct="extra", total_300pct="total")


class Hours(Given, extra="allow"):
    """Beside the base, whichever hours are stated: `weekday_2h`, `restday_8h`, `holiday_1.5h`."""

    month_wage_base: Amount


DAYS = {"weekday": "working_day", "restday": "rest_day", "holiday": "holiday"}


def overtime(desk: Desk, given: Hours) -> dict[str, Any]:
    found = own_fields(desk.ask("pay.overtime", monthly=given.month_wage_base, hours={}), "hourly")
    for name in given.model_extra or ():
        stated = re.fullmatch(r"([a-z]+)_(\d+(?:\.\d+)?)h", name)
        if stated and stated[1] in DAYS:
            hours = {DAYS[stated[1]]: stated[2]}
            found |= shown_fields(
                desk.ask("pay.overtime", monthly=given.month_wage_base, hours=hours), **{name: "total"}
            )
    return found


class Contract(Given):
    """A fixed term of so many months, or a kind of contract without one."""

    kind: Literal["fixed", "open", "task", "part_time"] = "fixed"
    months: Annotated[int | None, Field(ge=0)] = None


def probation(desk: Desk, given: Contract) -> dict[str, Any]:
    longest = desk.ask("probation.limit", kind=f"labour_{given.kind}", months=given.months)
    return {"max_probation_months": shown(longest, longest.value)}


class Signing(Given):
    start: date
    signed: date


def double_pay(desk: Desk, given: Signing) -> dict[str, Any]:
    doubled = desk.ask("agreement.double_pay", on=given.start, works_from=given.start, signed_on=given.signed)
    return shown_fields(doubled, double_from="first_day", double_to="last_day", open_ended_from="open_ended_from")


class Pay(Given):
    base: Amount


def union_dues(desk: Desk, given: Pay) -> dict[str, Any]:
    dues = desk.ask("union.dues", basic_pay=given.base)
    return {"dues": shown(dues, dues.value)}


class IdentityCard(Given):
    id: str


def id_card(desk: Desk, given: IdentityCard) -> dict[str, Any]:
    return {"ok": Shown(is_identity_number(given.id), "GB 11643-1999")}


class CreditCode(Given):
    code: str


def uscc(desk: Desk, given: CreditCode) -> dict[str, Any]:
    return {"ok": Shown(is_credit_code(given.code), "GB 32100-2015")}


KINDS = {
    "retirement": (Birth, retirement),
    "min_contribution_years": (Year, min_contribution_years),
    "severance": (Ended, severance),
    "annual_leave": (PartOfYear, annual_leave),
    "unused_leave_pay": (Unused, unused_leave_pay),
    "overtime": (Hours, overtime),
    "probation": (Contract, probation),
    "double_pay": (Signing, double_pay),
    "union_dues": (Pay, union_dues),
    "id_card": (IdentityCard, id_card),
    "uscc": (CreditCode, uscc),
}
