"""Those who would change the same thing at once do it one after the other."""

from enum import IntEnum

from sqlalchemy import func, select

from common.transaction import Transaction


class Turn(IntEnum):
    """What is done by one at a time, and of what; the numbers are this database's, each used once."""

    APPROVAL = 7_340_011  # of the runs of a kind of staff
    CALCULATION = 7_340_012  # of a run
    ONE_OFF_ENTRY = 7_340_013  # of what is taxed together
    POLICY_COMPARISON = 7_340_014
    BENEFIT_GRANT = 7_340_015  # of a benefit to a worker


async def take_turns(tx: Transaction, turn: Turn, of: str = "") -> None:
    """Waits until nobody else has the same turn; it ends with the transaction."""
    await tx.session.execute(select(func.pg_advisory_xact_lock(turn, func.hashtext(of))))
