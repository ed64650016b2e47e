"""A document published late, or read otherwise since: the months already paid by it are looked at again."""

from collections.abc import Sequence

from common.areas import within
from common.errors import NotFound
from common.transaction import Transaction
from payroll.commands.changes import note_changes
from payroll.commands.turns import Turn, take_turns
from payroll.queries import policy_changes as queries
from payroll.queries.policy_changes import POLICY_CHANGED, ChangedMonth

_MONTH = len("2026-03")


async def note_policy_changes(
    tx: Transaction, *, area: str | None, staff: str | None, since: str | None, dry_run: bool
) -> Sequence[ChangedMonth]:
    """The sealed months of the area that clauses now speak otherwise of, each noted once: the next run works them out
    again and pays the difference. `dry_run` only looks.
    """
    place = tx.actor.area if area is None else area
    if not within(place, tx.actor.area):
        raise NotFound(what=f"area {place}")
    await take_turns(tx, Turn.POLICY_COMPARISON)
    changed = await queries.changed_months(tx.session, tx.policies, area=place, staff=staff, since=since)
    if not dry_run:
        await note_changes(
            tx,
            [
                {
                    "area": one.area,
                    "worker_id": None,
                    "staff": one.staff,
                    "from_month": one.period[:_MONTH],
                    "cause": POLICY_CHANGED,
                    "reference": one.reference,
                }
                for one in changed
            ],
        )
    return changed
