"""Noting what may change pay already worked out, so that the next run looks at the months again."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from common.tables import PolicyChoice
from common.transaction import Transaction
from payroll.models import Change
from payroll.rules.cycles import month_of

LONGEST_REFERENCE = 60


async def note_choice(tx: Transaction, choice: PolicyChoice) -> None:
    """What a place chose under a clause holds for everybody there from its day."""
    await note_change(
        tx,
        area=choice.area,
        worker_id=None,
        staff=None,
        from_month=month_of(choice.starts_on),
        cause="policy_choice",
        reference=f"{choice.clause} {choice.term}",
    )


async def note_change(
    tx: Transaction,
    *,
    area: str,
    worker_id: str | None,
    staff: str | None,
    from_month: str,
    cause: str,
    reference: str,
) -> None:
    """From `from_month` on, this worker's pay (without one: everybody's in the area) may come out differently."""
    noted = {
        "area": area,
        "worker_id": worker_id,
        "staff": staff,
        "from_month": from_month,
        "cause": cause,
        "reference": reference,
    }
    await note_changes(tx, [noted])


async def note_changes(tx: Transaction, noted: Sequence[Mapping[str, Any]]) -> None:
    """Several at once, each with the arguments of `note_change`."""
    if noted:
        said = {"noted_at": tx.now, "noted_by": tx.actor.account}
        rows = [{**one, **said, "reference": one["reference"][:LONGEST_REFERENCE]} for one in noted]
        await tx.session.execute(insert(Change), rows)
