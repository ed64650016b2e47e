"""What policy says to a run: which clause answers for each part of pay, and what was chosen under it."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import area_at
from common.policy import Policies
from common.policy.documents import Answer, left_open
from common.tables import PolicyChoice
from payroll import rules
from payroll.models import PayrollRun

BY_MONTH_OF_WORK = (
    rules.compose_pay,
    rules.pay_for_part_of_month,
    rules.share_pool,
    rules.certificate_allowance,
    rules.contribution_amounts,
    rules.meets_floor,
    rules.wage_floor,
)
BY_MONTH_OF_PAYMENT = (rules.withhold_cumulatively,)

Choices = dict[tuple[str, str, str], list[PolicyChoice]]


async def clauses_gone_by(
    session: AsyncSession, policies: Policies, run: PayrollRun, *, areas: set[str]
) -> list[tuple[Any, ...]]:
    """By area and rule: the nearest clause, the digest of its document, the values chosen for what it leaves open."""
    paid_on = date.fromisoformat(f"{run.paid_in}-01")
    asked = [*((rule, run.first_day) for rule in BY_MONTH_OF_WORK), *((rule, paid_on) for rule in BY_MONTH_OF_PAYMENT)]
    found = [
        (area, on, answers[0])
        for area in sorted(areas)
        for rule, on in asked
        if (answers := policies.in_force(rule, area=area, staff=run.staff, on=on))
    ]
    choices = await _choices(session, {answer.clause.clause_id for _, _, answer in found})
    return [
        (
            area,
            answer.rule,
            answer.clause.clause_id,
            policies.digests[answer.document.id],
            _chosen(answer, choices, area=area, on=on),
        )
        for area, on, answer in found
    ]


async def _choices(session: AsyncSession, clauses: set[str]) -> Choices:
    """By clause, term and area, in the order of days."""
    choices: Choices = {}
    for row in await session.scalars(
        select(PolicyChoice).where(PolicyChoice.clause.in_(clauses)).order_by(PolicyChoice.starts_on)
    ):
        choices.setdefault((row.clause, row.term, row.area), []).append(row)
    return choices


def _chosen(answer: Answer, choices: Choices, *, area: str, on: date) -> list[tuple[str, Any]]:
    chosen = []
    for term, value in sorted(answer.values_on(on).items()):
        open_term = left_open(value)
        chooser = area_at(area, open_term.chosen_by) if open_term else None
        begun = [row for row in choices.get((answer.clause.clause_id, term, chooser or ""), []) if row.starts_on <= on]
        if begun:
            chosen.append((term, begun[-1].value))
    return chosen
