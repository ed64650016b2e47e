from collections.abc import Iterable, Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Disclosure, Erasure
from audit.rules.disclosures import read_disclosure
from audit.rules.entries import EntryType, Part
from common.fields import Sealer

_MISSING = text("""
SELECT e.index, p.name FROM indexed_entry e CROSS JOIN unnest(CAST(:parts AS varchar[])) AS p(name)
LEFT JOIN disclosure d ON d.index = e.index AND d.name = p.name
LEFT JOIN erasure r ON r.index = e.index AND r.name = p.name
WHERE e.type = :decision AND d.index IS NULL AND r.index IS NULL
ORDER BY e.index, p.name LIMIT :most
""")


def place_of(index: int, name: str) -> str:
    """What the seal binds a disclosure to."""
    return f"disclosure|{name}|{index}"


async def disclosures_of(session: AsyncSession, indices: Sequence[int], *, sealer: Sealer) -> dict[int, dict[str, str]]:
    """By index and name, the disclosures that are left. One that cannot be opened is as good as gone."""
    found: dict[int, dict[str, str]] = {index: {} for index in indices}
    for row in await session.scalars(select(Disclosure).where(Disclosure.index.in_(indices)).order_by(Disclosure.name)):
        with suppress(InvalidTag, KeyError, ValueError):
            found[row.index][row.name] = sealer.open_bytes(row.sealed, place=place_of(row.index, row.name)).decode()
    return found


def values_of(disclosures: Iterable[str]) -> dict[str, object]:
    return dict(map(read_disclosure, disclosures))


async def erased_parts(session: AsyncSession, index: int) -> set[str]:
    return set(await session.scalars(select(Erasure.name).where(Erasure.index == index)))


async def missing(session: AsyncSession, *, most: int = 1000) -> list[tuple[int, str]]:
    """Index and name of what belongs to a decision and is gone though nothing erased it."""
    asked = {"parts": [str(part) for part in Part], "decision": str(EntryType.DECISION), "most": most}
    return [(index, name) for index, name in await session.execute(_MISSING, asked)]
