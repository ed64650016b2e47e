"""That somebody looked is recorded as what they looked at was."""

from collections.abc import Mapping, Sequence

from audit.commands.queue import queue_entry
from audit.rules.entries import READING, EntryType
from common.transaction import Transaction


def record_reading(tx: Transaction, *, operation: str, question: Mapping[str, str], indices: Sequence[int]) -> None:
    """Who asked what, and which entries were shown, as disclosures: both speak of persons."""
    parts = {
        "account": tx.actor.account,
        READING: {"question": dict(question), "indices": [str(index) for index in indices]},
    }
    queue_entry(tx, EntryType.READ, shown={"operation": operation, "entries": str(len(indices))}, parts=parts)
