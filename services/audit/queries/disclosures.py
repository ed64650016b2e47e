from collections.abc import Iterable, Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Disclosure, Erasure
from audit.rules.disclosures import read_disclosure
from common.fields import Sealer


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
