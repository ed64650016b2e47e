"""What policy says to a street: for each rule the nearest clause, with what was chosen under it and the parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import area_at
from common.policy import Policies
from common.policy.documents import Answer, left_open
from common.policy.parameters import Parameters
from common.policy.rules import RULES
from common.tables import PolicyChoice
from payroll import rules
from payroll.engine.answers import PAY_RULES, RULES_OF_TAX_YEAR, TAX_RULES
from payroll.engine.columns import Answers, Spoken
from payroll.rules.cycles import PayCycle, PayPeriod, first_day
from payroll.rules.leave import WorkingCalendar

# Asked only where another answer makes use of it: a place need not have a figure that nobody there is held to.
ONLY_WITH = {"wage.floor": ("pay.meets_floor", "leave.pay")}
ALLOWANCE = "allowance.certificate"
COUNTY_DIGITS = 6


@dataclass(frozen=True)
class Policy:
    """The documents, the values chosen for what they leave open, and the parameters, as they stand now."""

    policies: Policies
    parameters: Parameters
    choices: Mapping[tuple[str, str, str], list[tuple[date, Any]]]

    def answers(self, period: PayPeriod, *, area: str, staff: str, allowances: bool = True) -> Answers:
        """For pay, by the first day of the month. Raises NotChosen, ParameterMissing, FiguresUnfit.

        `allowances`: whether anybody holds a certificate, for which the allowance has to be known.
        """
        on = first_day(period.month)
        asked = [name for name in PAY_RULES if allowances or name != ALLOWANCE]
        return self._spoken(asked, area=area, staff=staff, on=on)

    def tax_answers(self, paid_in: str, *, area: str, staff: str) -> Answers:
        """For tax, by the first day of the month of payment; what stays for a tax year, by the first day of that."""
        on = first_day(paid_in)
        of_year = self._spoken(RULES_OF_TAX_YEAR, area=area, staff=staff, on=on.replace(month=1))
        return {**self._spoken(TAX_RULES, area=area, staff=staff, on=on), **of_year}

    def halves(self, period: PayPeriod, *, area: str, staff: str) -> bool:
        """Whether part-timers are paid by the half month there."""
        name = rules.cycle_of_pay.name
        spoken = self._spoken([name], area=area, staff=staff, on=first_day(period.month))
        terms: Any = spoken[name].terms if name in spoken else None
        return terms is not None and terms.part_time is PayCycle.HALF_MONTH

    def calendar(self, period: PayPeriod, *, area: str, staff: str) -> WorkingCalendar | None:
        """By which days of leave are counted there; None where no clause answers."""
        name = rules.working_days_of_leave.name
        spoken = self._spoken([name], area=area, staff=staff, on=first_day(period.month))
        terms = spoken[name].terms if name in spoken else None
        return terms if isinstance(terms, WorkingCalendar) else None

    def _spoken(self, names: Iterable[str], *, area: str, staff: str, on: date) -> dict[str, Spoken]:
        found: dict[str, Answer] = {}
        for name in names:
            if name in RULES and (answers := self.policies.in_force(RULES[name], area=area, staff=staff, on=on)):
                found[name] = answers[0]
        for name, users in ONLY_WITH.items():
            if not any(user in found for user in users):
                found.pop(name, None)
        return {name: self._filled(answer, area=area, staff=staff, on=on) for name, answer in found.items()}

    def _filled(self, answer: Answer, *, area: str, staff: str, on: date) -> Spoken:
        chosen = {}
        for term, value in answer.values_on(on).items():
            open_term = left_open(value)
            chooser = area_at(area, open_term.chosen_by) if open_term else None
            rows = self.choices.get((answer.clause.clause_id, term, chooser), []) if chooser is not None else []
            begun = [value for starts_on, value in rows if starts_on <= on]
            if begun:
                chosen[term] = begun[-1]
        filled = answer.require_on(on, chosen, self.parameters, area=area, staff=staff)
        return Spoken(
            terms=filled.terms,
            clause=answer.clause.clause_id,
            document=answer.document.id,
            title=answer.document.title,
            at=answer.clause.at,
            parameters=tuple(sorted(filled.parameters.values())),
        )


async def policy(
    session: AsyncSession, policies: Policies, parameters: Parameters, *, area: str, others: Iterable[str] = ()
) -> Policy:
    """Ready to be asked about `area`, and about `others`."""
    above = {place[:digits] for place in (area, *others) for digits in range(len(place) + 1)}
    rows = await session.execute(
        select(PolicyChoice.clause, PolicyChoice.term, PolicyChoice.area, PolicyChoice.starts_on, PolicyChoice.value)
        .where(PolicyChoice.area.in_(above))
        .order_by(PolicyChoice.starts_on)
    )
    choices: dict[tuple[str, str, str], list[tuple[date, Any]]] = {}
    for clause, term, chooser, starts_on, value in rows:
        choices.setdefault((clause, term, chooser), []).append((starts_on, value))
    return Policy(policies, parameters, choices)


async def like_governed(
    session: AsyncSession, policies: Policies, parameters: Parameters, streets: Iterable[str]
) -> dict[str, str]:
    """By street one that stands for it: of its county the first, but where a document, a choice or a figure is made for
    a place within the county. What policy says to the one it says to the other.
    """
    own = {document.area for document in policies.documents} | {row.area for row in parameters.rows}
    own |= set(await session.scalars(select(PolicyChoice.area).distinct()))
    within = [area for area in own if len(area) > COUNTY_DIGITS]
    first: dict[str, str] = {}
    found = {}
    for street in streets:
        is_special = any(street.startswith(area) or area.startswith(street) for area in within)
        found[street] = street if is_special else first.setdefault(street[:COUNTY_DIGITS], street)
    return found
