"""What employers owe to the schemes, and the pay that contributions go by."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range, within
from common.paging import Rows, make_page, page_query
from common.policy import Policies
from payroll import rules
from payroll.models import (
    ContributionBase,
    ContributionDue,
    PaymentFile,
    PayrollBatch,
    PayrollRun,
)
from payroll.models.runs import SEALED
from payroll.queries.raw import fetch

WORKER_SIDE, EMPLOYER_SIDE = "_worker", "_employer"
_SIDE = re.compile(r"（[^（）]*）$")

# By employer and then by the number of each slip: joined, the planner would look each line's slip up anew.
_OWED = """
SELECT coalesce(due.then_with, own.organisation_id) AS organisation_id, due.code, due.period,
       sum(due.people)::int AS people, sum(due.amount)::bigint AS amount
FROM (
    SELECT organisation_id, month, array_agg(slip_no) AS slips FROM payslip WHERE batch_id = $1
    GROUP BY organisation_id, month
) AS own, LATERAL (
    SELECT code, period, then_with, count(*) AS people, sum(amount)::bigint AS amount
    FROM (
        SELECT slip_no, code, coalesce(left(period, 7), own.month) AS period, organisation_id AS then_with,
               sum(amount) AS amount
        FROM payslip_line WHERE slip_no = ANY(own.slips) AND code = ANY($2::text[])
        GROUP BY slip_no, code, coalesce(left(period, 7), own.month), organisation_id
    ) AS of_slip
    GROUP BY code, period, then_with
) AS due
GROUP BY 1, 2, 3
"""


class Side(NamedTuple):
    """One side of a scheme; its label without the word for the side."""

    scheme: str
    of_employer: bool
    label: str


def contribution_lines(layout: Iterable[Mapping[str, Any]]) -> dict[str, Side]:
    """Of a batch's lines those that are one side of a scheme, by code.

    A scheme that ended since an earlier month has lines without a rule.
    """
    found = {}
    for line in layout:
        code = str(line["code"])
        if line.get("rule") not in (rules.contribution_amounts.name, None):
            continue
        for suffix, kind in ((WORKER_SIDE, "deduction"), (EMPLOYER_SIDE, "employer")):
            if code.endswith(suffix) and line["kind"] == kind:
                label = _SIDE.sub("", str(line["label_zh"]))
                found[code] = Side(code.removesuffix(suffix), kind == "employer", label)
    return found


@dataclass(frozen=True)
class Owed:
    """Of one employer to one scheme for one month, in fen."""

    organisation_id: str
    scheme: str
    period: str
    people: int
    employer: int
    worker: int


async def batch(session: AsyncSession, *, batch_id: str) -> PayrollBatch | None:
    return await session.get(PayrollBatch, batch_id)


async def run(session: AsyncSession, *, run_id: str) -> PayrollRun | None:
    return await session.get(PayrollRun, run_id)


async def owed_by_employers(session: AsyncSession, *, batch_id: str, lines: Mapping[str, Side]) -> Sequence[Owed]:
    """Differences stand under their own month, and with the employer of it."""
    totals: dict[tuple[str, str, str], list[int]] = {}
    for organisation_id, line, period, people, total in await fetch(session, _OWED, batch_id, list(lines)):
        side = lines[line]
        found = totals.setdefault((organisation_id, side.scheme, period), [0, 0, 0])
        found[0] = max(found[0], people)
        found[1 if side.of_employer else 2] += total
    return [Owed(*place, *figures) for place, figures in sorted(totals.items())]


async def first_payday(session: AsyncSession, *, run_id: str) -> date | None:
    """When the bank carried out the first file of the run."""
    return await session.scalar(select(func.min(PaymentFile.paid_on)).where(PaymentFile.run_id == run_id))


async def due(session: AsyncSession, *, due_id: str, lock: bool = False) -> ContributionDue | None:
    query = select(ContributionDue).where(ContributionDue.due_id == due_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def unpaid_dues_of(session: AsyncSession, *, run_id: str) -> Sequence[ContributionDue]:
    query = select(ContributionDue).where(ContributionDue.run_id == run_id, ContributionDue.paid_on.is_(None))
    return (await session.scalars(query.order_by(ContributionDue.due_id).with_for_update())).all()


async def dues_to_look_at(session: AsyncSession, *, on: date, after: str, limit: int) -> Sequence[ContributionDue]:
    """Past their day, neither paid nor told of; those that another process looks at just now are left to it."""
    query = (
        select(ContributionDue)
        .where(ContributionDue.paid_on.is_(None), ContributionDue.alerted_on.is_(None), ContributionDue.due_on < on)
        .where(ContributionDue.employer + ContributionDue.worker > 0, ContributionDue.due_id > after)
        .order_by(ContributionDue.due_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def dues(
    session: AsyncSession,
    *,
    overdue_on: date | None,
    paid: bool | None,
    organisation_id: str | None,
    run_id: str | None,
    scheme: str | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[ContributionDue]:
    """`overdue_on`: not paid up to that day although due before it."""
    query: Select[tuple[ContributionDue]] = select(ContributionDue)
    if overdue_on is not None:
        late = ContributionDue.paid_on.is_(None) | (ContributionDue.paid_on > overdue_on)
        query = query.where(ContributionDue.due_on < overdue_on, late)
    if paid is not None:
        query = query.where(ContributionDue.paid_on.is_not(None) if paid else ContributionDue.paid_on.is_(None))
    for column, wanted in _wanted(organisation_id=organisation_id, run_id=run_id, scheme=scheme):
        query = query.where(column == wanted)
    question = f"contribution_dues|{overdue_on}|{paid}|{organisation_id}|{run_id}|{scheme}"
    paged = page_query(query, order=[ContributionDue.due_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.due_id])


def _wanted(**given: str | None) -> list[tuple[Any, str]]:
    return [(getattr(ContributionDue, name), value) for name, value in given.items() if value is not None]


@dataclass(frozen=True)
class YearOfPay:
    """What a worker was paid for the months of a calendar year, all employers here together; fen."""

    worker_id: str
    area: str
    months: int
    gross: int

    @property
    def monthly(self) -> int:
        """Rounded half up to the fen."""
        return (2 * self.gross + self.months) // (2 * self.months)


_PAY_OF_YEAR = """
WITH slips AS (
  SELECT s.slip_no, s.batch_id, s.worker_id, s.area, s.staff, s.month, s.cycle, s.gross
  FROM payslip s JOIN payroll_run r ON r.run_id = s.run_id
  WHERE r.status = ANY($1::text[]) AND s.month >= $2
), earnings AS (
  SELECT batch_id, said->>'code' AS code FROM payroll_batch, jsonb_array_elements(layout) AS said
  WHERE batch_id IN (SELECT batch_id FROM slips) AND said->>'kind' = 'earning'
), late AS (
  SELECT s.slip_no, s.worker_id, left(l.period, 7) AS month, sum(l.amount) AS amount
  FROM slips s JOIN payslip_line l ON l.slip_no = s.slip_no AND l.period IS NOT NULL
  JOIN earnings e ON e.batch_id = s.batch_id AND e.code = l.code
  GROUP BY s.slip_no, s.worker_id, left(l.period, 7)
), paid AS (
  SELECT worker_id, month, gross AS amount FROM slips
  UNION ALL SELECT worker_id, month, amount FROM late
  UNION ALL SELECT s.worker_id, s.month, -late.amount FROM late JOIN slips s USING (slip_no)
), months AS (
  SELECT worker_id, month, sum(amount) AS amount FROM paid WHERE month BETWEEN $2 AND $3
  GROUP BY worker_id, month HAVING sum(amount) <> 0
), home AS (
  SELECT DISTINCT ON (worker_id) worker_id, area, staff FROM slips WHERE month <= $3
  ORDER BY worker_id, month DESC, cycle DESC, area
)
SELECT worker_id, area, count(*) AS months, sum(amount)::bigint AS gross FROM home JOIN months USING (worker_id)
WHERE staff = $4 AND area >= $5 COLLATE "C" AND area < $6 COLLATE "C"
GROUP BY worker_id, area ORDER BY worker_id
"""


async def pay_of_year(session: AsyncSession, *, area: str, staff: str, year: int) -> Sequence[YearOfPay]:
    """From the sealed slips of those whose last slip of the year lies in `area`.

    What was paid or taken back later counts in the month that it was for, not in that of the slip which says so.
    """
    first, last = f"{year}-01", f"{year}-12"
    rows = await fetch(session, _PAY_OF_YEAR, list(SEALED), first, last, staff, *code_range(area))
    return [YearOfPay(*row) for row in rows]


def schemes_provided(policies: Policies, *, area: str, staff: str, since: date) -> Iterator[str]:
    """Those of every clause that speaks to a kind of staff there, or at a place within, on that day or later."""
    kinds = {staff, policies.engaged_by.get(staff, staff)}
    for answer in policies.answers.get(rules.contribution_amounts.name, ()):
        place = max(area, answer.area, key=len)
        for on in (since, *(day for day in answer.days() if day > since)):
            if within(place, area) and answer.governs(area=place, kinds=kinds, on=on):
                yield from (one["scheme"] for one in answer.values_on(on).get("schemes", ()))


async def bases_of(session: AsyncSession, *, worker_id: str) -> Sequence[ContributionBase]:
    query = select(ContributionBase).where(ContributionBase.worker_id == worker_id)
    return (await session.scalars(query.order_by(ContributionBase.scheme, ContributionBase.from_month))).all()
