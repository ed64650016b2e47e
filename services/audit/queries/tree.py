from collections.abc import Iterable, Sequence
from itertools import chain

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Node, SignedCheckpoint
from audit.rules import tree


async def tree_size(session: AsyncSession) -> int:
    last = await session.scalar(select(func.max(Node.index)).where(Node.level == 0))
    return 0 if last is None else last + 1


async def nodes(session: AsyncSession, wanted: Iterable[tree.Node]) -> dict[tree.Node, bytes]:
    keys = list(wanted)
    if not keys:
        return {}
    query = select(Node.level, Node.index, Node.hash).where(tuple_(Node.level, Node.index).in_(keys))
    return {(level, index): found for level, index, found in await session.execute(query)}


async def root_at(session: AsyncSession, size: int) -> bytes:
    return (await _hashes(session, [(0, size)]))[0]


async def inclusion_path(session: AsyncSession, *, index: int, size: int) -> list[bytes]:
    return await _hashes(session, tree.inclusion_spans(index, size))


async def consistency_path(session: AsyncSession, *, old: int, size: int) -> list[bytes]:
    return await _hashes(session, tree.consistency_spans(old, size))


async def _hashes(session: AsyncSession, spans: Sequence[tree.Span]) -> list[bytes]:
    known = await nodes(session, chain.from_iterable(map(tree.nodes_of, spans)))
    return [tree.hash_of(span, known) for span in spans]


async def last_checkpoint(session: AsyncSession) -> SignedCheckpoint | None:
    query = select(SignedCheckpoint).order_by(SignedCheckpoint.size.desc()).limit(1)
    found: SignedCheckpoint | None = await session.scalar(query)
    return found
