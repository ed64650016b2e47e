"""What the log itself has to say, put in line in the transaction that makes it true."""

from collections.abc import Mapping
from typing import Any

from audit.models import QueuedEntry
from audit.rules.entries import EntryType, county_of, scope_of
from common.ids import new_id
from common.transaction import Transaction


def queue_entry(
    tx: Transaction,
    kind: EntryType,
    *,
    shown: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
) -> None:
    """`shown` stands in the entry for good, so nothing of a person may; `parts` become disclosures beside it."""
    tx.session.add(
        QueuedEntry(
            event_id=new_id("entry"),
            type=kind,
            area=scope_of(tx.actor.area),
            shown={"area": county_of(tx.actor.area), **(shown or {})},
            parts=dict(parts or {}),
            queued_at=tx.now,
        )
    )
