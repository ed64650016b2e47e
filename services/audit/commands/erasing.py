"""Erasing a person: what speaks of them goes, the log says that it went, by whose word and on what ground."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Text,
    any_,
    cast,
    delete,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from audit.commands.intake import LOCK_SEQUENCER
from audit.commands.queue import queue_entry
from audit.models import Disclosure, Erasure, IndexedEntry, QueuedEntry
from audit.rules.entries import PERSONAL, READING, EntryType, Part, county_of, scope_of
from common.areas import code_range
from common.errors import BusinessError
from common.ids import new_id
from common.transaction import SCOPE, Transaction

# An entry holds 65,535 bytes, and an index in it at most 20.
_MOST_IN_ONE = 2000

_PARKED = text("SELECT count(*) FROM parked_message WHERE position(CAST(:whom AS bytea) IN body) > 0")


class NobodyFound(BusinessError):
    status = 404
    zh = "您的辖区内没有关于编号 {subject} 的决定，或其内容已全部抹除。请核对编号。"
    en = "No decision about {subject} is left in your area that could be erased. Check the id."


@dataclass(frozen=True)
class Erased:
    erasure_id: str
    entries: int


class EitherOr(BusinessError):
    status = 422
    zh = "请在人员或事项编号（subject）与经办账号（account）中填且只填一项。"
    en = "Give either the subject or the account, and only one of them."


class StillParked(BusinessError):
    zh = "有 {number} 条搁置的消息提到该编号，现在抹除会漏掉它们。请先由运维人员处理搁置的消息（replay），再行抹除。"
    en = "{number} parked messages name this id and would be left over. An operator should replay them first."


async def erase(tx: Transaction, *, subject: str | None, account: str | None, ground: str) -> Erased:
    # What is being entered is either not begun or committed, and can be found.
    await tx.session.execute(LOCK_SEQUENCER)
    await _require_none_parked(tx, whom=subject or account or "")
    if subject and not account:
        return await _erase_subject(tx, subject=subject, ground=ground)
    if account and not subject:
        return await _erase_account(tx, account=account, ground=ground)
    raise EitherOr


async def _erase_subject(tx: Transaction, *, subject: str, ground: str) -> Erased:
    """Whose matter it was and what was found; under which clause and whether it was permitted stays."""
    erasure_id = new_id("erasure")
    query = select(IndexedEntry.index, IndexedEntry.area).where(
        IndexedEntry.subject == subject, IndexedEntry.type == EntryType.DECISION
    )
    found = (await tx.session.execute(query.order_by(IndexedEntry.index).with_for_update())).all()
    if not found:
        # Who only looked at somebody elsewhere must not wipe out whom they looked at.
        raise NobodyFound(subject=subject)
    readings = await _erase_readings(tx, IndexedEntry.subject, subject, erasure_id=erasure_id, ground=ground)
    indices = [index for index, _ in found]
    await _erase(tx, indices, PERSONAL, erasure_id=erasure_id, ground=ground)
    for area in {area for _, area in found}:
        # No wider than the eraser's own area, beyond which the database lets nothing be written.
        left = scope_of(max(county_of(area), tx.actor.area, key=len))
        gone = {"subject": None, "organisation": None, "mark": None, "area": left}
        await tx.session.execute(
            update(IndexedEntry).where(_among(indices, IndexedEntry.index), IndexedEntry.area == area).values(gone)
        )
        await tx.session.execute(
            update(Disclosure).where(_among(indices, Disclosure.index), Disclosure.area == area).values(area=left)
        )
    return Erased(erasure_id, len(indices) + len(readings))


async def _erase_account(tx: Transaction, *, account: str, ground: str) -> Erased:
    """Who decided, and whose acts were looked for; that somebody with the right to it did, stays."""
    await _forget_queued(tx, Part.ACCOUNT, QueuedEntry.parts[Part.ACCOUNT].astext == account)
    erasure_id = new_id("erasure")
    readings = await _erase_readings(tx, IndexedEntry.asked_account, account, erasure_id=erasure_id, ground=ground)
    query = select(IndexedEntry.index).where(IndexedEntry.account == account).order_by(IndexedEntry.index)
    indices = (await tx.session.scalars(query.with_for_update())).all()
    await _erase(tx, indices, (Part.ACCOUNT,), erasure_id=erasure_id, ground=ground)
    gone = {"account": None, "mark": None}
    await tx.session.execute(update(IndexedEntry).where(_among(indices, IndexedEntry.index)).values(gone))
    found = {*indices, *readings}
    if not found:
        raise NobodyFound(subject=account)
    return Erased(erasure_id, len(found))


async def _erase_readings(
    tx: Transaction, column: InstrumentedAttribute[str | None], whom: str, *, erasure_id: str, ground: str
) -> Sequence[int]:
    """What any office asked about them: the question lies where the reader's office does, not where they do."""
    asked = "subject" if column is IndexedEntry.subject else "account"
    async with _seeing_all(tx):
        await _forget_queued(tx, READING, QueuedEntry.parts[READING, "question", asked].astext == whom)
        query = select(IndexedEntry.index).where(IndexedEntry.type == EntryType.READ, column == whom)
        indices = (await tx.session.scalars(query.order_by(IndexedEntry.index).with_for_update())).all()
        await _erase(tx, indices, (READING,), erasure_id=erasure_id, ground=ground)
        gone = dict.fromkeys(("subject", "organisation", "asked_account", "mark"))
        await tx.session.execute(update(IndexedEntry).where(_among(indices, IndexedEntry.index)).values(gone))
    return indices


@asynccontextmanager
async def _seeing_all(tx: Transaction) -> AsyncIterator[None]:
    """With the service's own eyes; a fault takes them back with the savepoint."""
    async with tx.session.begin_nested():
        await _see(tx, "")
        yield
        await _see(tx, tx.actor.area)


async def _see(tx: Transaction, area: str) -> None:
    lowest, highest = code_range(area)
    await tx.session.execute(SCOPE, {"lowest": lowest, "highest": highest})


async def _require_none_parked(tx: Transaction, *, whom: str) -> None:
    number = await tx.session.scalar(_PARKED, {"whom": f'"{whom}"'.encode()}) if whom else 0
    if number:
        raise StillParked(number=number)


async def _forget_queued(tx: Transaction, part: str, of_them: ColumnElement[bool]) -> None:
    """What is not entered yet is entered without it."""
    left = QueuedEntry.parts.op("-")(cast(part, Text))
    await tx.session.execute(update(QueuedEntry).where(of_them).values(parts=left))


async def _erase(
    tx: Transaction, indices: Sequence[int], parts: Sequence[str], *, erasure_id: str, ground: str
) -> None:
    gone = await tx.session.execute(
        delete(Disclosure)
        .where(_among(indices, Disclosure.index), Disclosure.name.in_(parts))
        .returning(Disclosure.index, Disclosure.name)
    )
    erased = sorted((index, name) for index, name in gone.all())
    if erased:
        rows = [{"index": index, "name": name, "erasure_id": erasure_id} for index, name in erased]
        await tx.session.execute(insert(Erasure), rows)
    for name in sorted({name for _, name in erased}):
        of_name = [str(index) for index, one in erased if one == name]
        for start in range(0, len(of_name), _MOST_IN_ONE):
            queue_entry(
                tx,
                EntryType.ERASED,
                shown={"erasure_id": erasure_id, "part": name, "indices": of_name[start : start + _MOST_IN_ONE]},
                parts={"account": tx.actor.account, "ground": ground},
            )


def _among(indices: Sequence[int], column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """As one argument: somebody may have decided more often than a query takes arguments."""
    return column == any_(literal(list(indices), ARRAY(BigInteger)))
