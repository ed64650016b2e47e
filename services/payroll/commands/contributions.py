"""What employers owe to the schemes: written down when a run is approved, marked paid, told of when late."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from common.actors import service_actor
from common.clock import today, utc_now
from common.errors import BusinessError, NotFound, WrongState
from common.events.payroll import ContributionOverdue
from common.ids import new_id
from common.money import in_yuan
from common.service import Runtime
from common.transaction import Transaction, transaction
from payroll import rules
from payroll.models import ContributionDue, PayrollBatch
from payroll.queries import contributions as queries
from payroll.rules.cycles import first_day

LOOKED_AT_AT_ONCE = 200
BETWEEN_LOOKS_S = 600.0


async def write_dues(
    tx: Transaction, batch_id: str, *, streets: Mapping[tuple[str, str], str] | None = None
) -> list[ContributionDue]:
    """What each employer of an approved batch owes to each scheme, by month; batches of a run add up.

    A difference is owed by the employer of its month. `streets`: by employer and month where it is listed, of those
    whose people the batch pays differences to, and who work for another one now. Called once for each batch. Where no
    document says by which day it is paid, no list is kept.
    """
    batch = await queries.batch(tx.session, batch_id=batch_id)
    run = await queries.run(tx.session, run_id=batch.run_id) if batch else None
    if batch is None or run is None:
        raise NotFound(what=f"batch {batch_id}")
    lines = queries.contribution_lines(batch.layout)
    owed = await queries.owed_by_employers(tx.session, batch_id=batch_id, lines=lines)
    if not owed:
        return []

    decided = await tx.decide_where_ruled(
        rules.contributions_due_on,
        about=batch,
        on=first_day(run.paid_in),
        schemes=sorted({one.scheme for one in owed}),
        paid_in=run.paid_in,
        payday=await queries.first_payday(tx.session, run_id=run.run_id),
    )
    if decided is None:
        return []

    tx.record(decided, subject=run.run_id)
    return await _add_up(tx, batch, owed, due_on=decided.value, clause=decided.clause, streets=streets or {})


async def _add_up(
    tx: Transaction,
    batch: PayrollBatch,
    owed: Sequence[queries.Owed],
    *,
    due_on: Mapping[str, date],
    clause: str,
    streets: Mapping[tuple[str, str], str],
) -> list[ContributionDue]:
    rows = [
        {
            "due_id": new_id("due"),
            "area": streets.get((one.organisation_id, one.period), batch.area),
            "run_id": batch.run_id,
            "organisation_id": one.organisation_id,
            "staff": batch.staff,
            "scheme": one.scheme,
            "period": one.period,
            "people": one.people,
            "employer": one.employer,
            "worker": one.worker,
            "due_on": due_on[one.scheme],
            "clause": clause,
        }
        for one in owed
    ]
    addition = insert(ContributionDue)
    place = (
        ContributionDue.run_id,
        ContributionDue.organisation_id,
        ContributionDue.scheme,
        ContributionDue.period,
    )
    summed: dict[str, Any] = {
        name: getattr(ContributionDue, name) + getattr(addition.excluded, name)
        for name in ("people", "employer", "worker")
    }
    kept = await tx.session.scalars(
        addition.on_conflict_do_update(index_elements=place, set_=summed).returning(ContributionDue),
        rows,
        execution_options={"populate_existing": True},
    )
    return list(kept)


async def count_dues_from_payday(tx: Transaction, *, run_id: str, payday: date) -> None:
    """The pay is paid: deadlines counted from payday are counted again from the day it really was."""
    run = await queries.run(tx.session, run_id=run_id)
    unpaid = await queries.unpaid_dues_of(tx.session, run_id=run_id)
    if run is None or not unpaid:
        return
    decided = await tx.decide_where_ruled(
        rules.contributions_due_on,
        about=run,
        on=first_day(run.paid_in),
        schemes=sorted({due.scheme for due in unpaid}),
        paid_in=run.paid_in,
        payday=payday,
    )
    if decided is None:
        return

    tx.record(decided, subject=run_id)
    for due in unpaid:
        due.due_on = decided.value[due.scheme]


class PaidBeforeItWasOwed(BusinessError):
    status = 422
    zh = "缴款日期 {on} 早于该款项所属月份（{period}），请核对。"
    en = "The day of payment {on} lies before the month it is for ({period}); check it."


async def record_contribution_payment(tx: Transaction, *, due_id: str, on: date, reference: str) -> ContributionDue:
    due = await queries.due(tx.session, due_id=due_id, lock=True)
    if due is None:
        raise NotFound(what=f"contribution_due {due_id}")
    if due.paid_on is not None:
        raise WrongState(what="contribution_due", state="contribution_due.paid", needed="contribution_due.unpaid")
    if on < first_day(due.period):
        raise PaidBeforeItWasOwed(on=on.isoformat(), period=due.period)

    due.paid_on = on
    due.paid_by = tx.actor.account
    due.reference = reference
    return due


async def tell_overdue(tx: Transaction, *, on: date, after: str = "", limit: int = LOOKED_AT_AT_ONCE) -> str | None:
    """Say once of everything owed and late on the day that it is; answers up to which one was looked, None at the end.

    What another process looks at just now is left to it.
    """
    found = await queries.dues_to_look_at(tx.session, on=on, after=after, limit=limit)
    for due in found:
        decisions = await tx.decide_every(
            rules.contributions_in_time,
            about=due,
            on=on,
            scheme=due.scheme,
            amount=in_yuan(due.employer + due.worker),
            due_on=due.due_on,
            checked_on=on,
        )
        late = [decision for decision in decisions if not decision.permits]
        if not late:
            continue
        for decision in late:
            tx.record(decision, subject=due.due_id)
        due.alerted_on = on
        tx.emit(
            ContributionOverdue(
                due_id=due.due_id,
                organisation_id=due.organisation_id,
                area=due.area,
                staff=due.staff,
                scheme=due.scheme,
                period=due.period,
                employer=in_yuan(due.employer),
                worker=in_yuan(due.worker),
                due_on=due.due_on,
                clauses=[decision.clause for decision in late],
            )
        )
    return found[-1].due_id if len(found) == limit else None


async def watch_deadlines(runtime: Runtime) -> None:
    """Look through what is owed again and again, until cancelled; each process may, for each due is told of once."""
    while True:
        after: str | None = ""
        while after is not None:
            after = await look_once(runtime, after=after)
        runtime.beside_works = True
        await asyncio.sleep(BETWEEN_LOOKS_S)


async def look_once(runtime: Runtime, *, after: str) -> str | None:
    async with transaction(
        runtime.sessions,
        actor=service_actor(runtime.service.name),
        now=utc_now(),
        service=runtime.service.name,
        policies=runtime.policies,
        find_parameters=runtime.service.parameters,
    ) as tx:
        return await tell_overdue(tx, on=today(runtime.settings), after=after)
