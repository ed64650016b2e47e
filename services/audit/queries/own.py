"""What the log says of itself: its own entries and the checkpoints it has published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import CheckpointTimestamp, Entry, IndexedEntry, PublishedCheckpoint
from audit.queries.disclosures import disclosures_of, values_of
from audit.rules.entries import EntryType, attributes_of
from common.fields import Sealer
from common.paging import Rows, make_page, page_query


@dataclass(frozen=True)
class OwnEntry:
    index: int
    type: str
    recorded_at: datetime
    entry: dict[str, Any]
    disclosed: dict[str, Any]


@dataclass(frozen=True)
class StampedCheckpoint:
    size: int
    note: str
    published_at: datetime
    timestamp: bytes | None


async def entries(
    session: AsyncSession, *, kind: EntryType | None, cursor: str | None, limit: int, key: bytes, sealer: Sealer
) -> Rows[OwnEntry]:
    kinds = [kind] if kind else [one for one in EntryType if one is not EntryType.DECISION]
    query = (
        select(IndexedEntry, Entry)
        .join(Entry, Entry.index == IndexedEntry.index)
        .where(IndexedEntry.type.in_(kinds), IndexedEntry.type != str(EntryType.DECISION))
    )
    question = f"log-entries|{kind}"
    order = [IndexedEntry.index.expression]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.execute(paged)).all()
    page = make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row[0].index])
    left = await disclosures_of(session, [row.index for row, _ in page.items], sealer=sealer)
    shown = [
        OwnEntry(row.index, row.type, row.recorded_at, attributes_of(entry.leaf), values_of(left[row.index].values()))
        for row, entry in page.items
    ]
    return Rows(shown, page.next)


async def checkpoints(
    session: AsyncSession, *, stamped: bool, cursor: str | None, limit: int, key: bytes
) -> Rows[StampedCheckpoint]:
    query = select(PublishedCheckpoint, CheckpointTimestamp.token).join(
        CheckpointTimestamp, CheckpointTimestamp.size == PublishedCheckpoint.size, isouter=not stamped
    )
    question = f"checkpoints|{stamped}"
    order = [PublishedCheckpoint.size.expression]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.execute(paged)).all()
    page = make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row[0].size])
    shown = [StampedCheckpoint(one.size, one.note, one.published_at, token) for one, token in page.items]
    return Rows(shown, page.next)
