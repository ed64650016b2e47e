"""What a run lacks before it can be calculated: clauses, choices and figures."""

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range, within
from common.policy import NoClause, ParameterMissing, Parameters, Policies
from common.policy.documents import Answer
from common.policy.rules import RULES
from payroll.engine.answers import PAY_RULES, REQUIRED, TAX_RULES, unanswered
from payroll.models import Agreement, Certificate, PayrollRun
from payroll.queries.answers import ALLOWANCE, ONLY_WITH, like_governed, policy
from payroll.queries.changes import changes_of_everybody, last_sealed
from payroll.queries.past import sealed_periods
from payroll.queries.timelines import STREET_DIGITS
from payroll.rules.cycles import PayPeriod, first_day


async def figures_missing(
    session: AsyncSession, policies: Policies, parameters: Parameters, run: PayrollRun, *, streets: list[str]
) -> list[ParameterMissing]:
    """Each figure that the clauses of a street of the run refer to and no row gives, once for a place and a month: of
    the run's own, and of the earlier ones that something which changed for everybody there has to be reckoned in.

    Raises NoClause where no clause answers what pay cannot do without, NotChosen where a county has not chosen,
    FiguresUnfit where a clause cannot go by a figure that was entered.
    """
    period = PayPeriod(run.month, run.cycle)
    missing: dict[tuple[str, str, date], ParameterMissing] = {}
    stands_for = await like_governed(session, policies, parameters, streets)
    holders = {stands_for.get(street) for street in await _streets_with_certificates(session, run)}
    for street in dict.fromkeys(stands_for.values()):
        allowances = street in holders
        asked = _asked(policies, run, area=street)
        lacking = list(_lacking(asked, parameters, run, area=street, allowances=allowances))
        for earlier in await _months_again(session, run, street):
            again = _asked(policies, run, area=street, earlier=earlier)
            lacking += _lacking(again, parameters, run, area=street, allowances=allowances)
        missing |= {(one.code, one.area, one.on): one for one in lacking}
        if lacking:
            continue
        said = await policy(session, policies, parameters, area=street)
        answers = said.answers(period, area=street, staff=run.staff, allowances=allowances)
        tax_answers = said.tax_answers(run.paid_in, area=street, staff=run.staff)
        for rule in unanswered(answers, tax_answers):
            raise NoClause(rule=rule, area=street, staff=run.staff, on=period.begins)
    return [missing[key] for key in sorted(missing)]


async def _months_again(session: AsyncSession, run: PayrollRun, street: str) -> list[str]:
    period = PayPeriod(run.month, run.cycle)
    last = await last_sealed(session, street, period, staff=run.staff)
    changes = (await changes_of_everybody(session, {street: last}, staff=run.staff, up_to=run.month))[street]
    if not changes:
        return []
    since = min(change.from_month for change in changes)
    covered = await sealed_periods(session, period, staff=run.staff, since=since)
    return sorted({one.month for one, areas in covered.items() if any(within(street, area) for area in areas)})


def _asked(
    policies: Policies, run: PayrollRun, *, area: str, earlier: str | None = None
) -> dict[str, tuple[date, Answer]]:
    """By rule the nearest clause, with the day by which it is asked: of the month, or of the month of payment. Of an
    earlier month it is asked for pay alone.
    """
    worked, paid = first_day(earlier or run.month), first_day(run.paid_in)
    days = dict.fromkeys(PAY_RULES, worked) | ({} if earlier else dict.fromkeys(TAX_RULES, paid))
    found = {}
    for name, on in days.items():
        if name in RULES:
            answers = policies.in_force(RULES[name], area=area, staff=run.staff, on=on)
            if answers:
                found[name] = on, answers[0]
            elif name in REQUIRED:
                raise NoClause(rule=name, area=area, staff=run.staff, on=on)
    return found


def _lacking(
    asked: Mapping[str, tuple[date, Answer]], parameters: Parameters, run: PayrollRun, *, area: str, allowances: bool
) -> Iterator[ParameterMissing]:
    for name, (on, answer) in asked.items():
        users = ONLY_WITH.get(name, (name,))
        if (name == ALLOWANCE and not allowances) or not any(user in asked for user in users):
            continue
        for code in sorted(answer.codes_on(on)):
            try:
                parameters.get(code, area=area, staff=run.staff, on=on, clause=answer.clause.clause_id)
            except ParameterMissing as one:
                yield one


async def _streets_with_certificates(session: AsyncSession, run: PayrollRun) -> set[str]:
    lowest, highest = code_range(run.area)
    query = (
        select(func.left(Agreement.area, STREET_DIGITS))
        .join(Certificate, Certificate.worker_id == Agreement.worker_id)
        .where(Agreement.staff == run.staff, Agreement.area >= lowest, Agreement.area < highest)
    )
    return set(await session.scalars(query.distinct()))
