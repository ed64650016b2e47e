"""The receiving end: each decision becomes exactly one entry, and whatever is odd about it an alarm."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from audit.models import AccountName, Alarm, DecisionDocument, Entry, Node, SourceState
from audit.queries import intake as queries
from audit.queries import tree as tree_queries
from audit.rules import tree
from audit.rules.alarms import AlarmKind
from audit.rules.entries import SALT_BYTES, Told, is_service, pseudonym, scope_of
from common.transaction import Transaction

log = structlog.get_logger()

ALARMS = Counter("log_alarms_total", "Alarms of the decision log", ["kind"])

# Held until the transaction ends, so that an index is given once and only in the order of commits.
_SEQUENCER = text("SELECT pg_advisory_xact_lock(7340101)")


async def keep_decision(tx: Transaction, *, told: Told) -> Entry | None:
    """Enter the decision; None where the log has it already, or where it contradicts what the log has."""
    await tx.session.execute(_SEQUENCER)
    known = await queries.entries_like(tx.session, told)
    state = await queries.source_state(tx.session, told.source)

    if known:
        if not await _is_told_again(tx, told, known):
            await raise_alarm(tx, _alarm(AlarmKind.CONFLICT, told, index=known[0].index))
        return None

    expected = state.next_sequence if state else 1
    if told.sequence > expected:
        await raise_alarm(tx, _alarm(AlarmKind.GAP, told, first=expected, last=told.sequence - 1))
    entry = await _append(tx, told)
    if told.sequence < expected:
        await raise_alarm(tx, _alarm(AlarmKind.OUT_OF_ORDER, told, index=entry.index))
        await _close_gap(tx, told)
    await _expect(tx, told.source, max(expected, told.sequence + 1))
    return entry


async def _is_told_again(tx: Transaction, told: Told, known: Sequence[Entry]) -> bool:
    """Whether one of the entries holds this very telling; of what was erased only what is left is compared."""
    for entry in known:
        kept = await tx.session.get(DecisionDocument, entry.index)
        if told.is_held_in(entry.leaf, kept) and await _is_account_of(tx, told.content["account"], entry.authid):
            return True
    return False


async def _is_account_of(tx: Transaction, account: str, authid: str) -> bool:
    if is_service(account) or is_service(authid):
        return account == authid
    name = await queries.name_behind(tx.session, authid)
    return name is None or name.account == account


async def _append(tx: Transaction, told: Told) -> Entry:
    area = scope_of(told.content["area"])
    authid = await _authid(tx, told.content["account"], area=area)
    salt = secrets.token_bytes(SALT_BYTES)
    leaf = told.entry(authid=authid, recorded_at=tx.now, salt=salt)
    leaf_hash = tree.hash_leaf(leaf)
    index = await _grow(tx, leaf_hash)
    entry = Entry(
        index=index,
        source=told.source,
        sequence=told.sequence,
        event_id=told.event_id,
        decision_id=told.content["decision_id"],
        leaf_hash=leaf_hash,
        leaf=leaf,
        authid=authid,
        area=area,
        staff=told.content["staff"],
        subject=told.content["subject"],
        clause=told.content["clause"],
        rule=told.content["rule"],
        permits=told.content["permits"],
        on=date.fromisoformat(told.content["on"]),
        decided_at=datetime.fromisoformat(told.content["recorded_at"]),
        recorded_at=tx.now,
    )
    tx.session.add_all([entry, DecisionDocument(index=index, area=area, salt=salt, document=told.document())])
    await tx.session.flush()  # the count of a gap must see it
    return entry


async def _grow(tx: Transaction, leaf_hash: bytes) -> int:
    index = await tree_queries.tree_size(tx.session)
    siblings = await tree_queries.nodes(tx.session, tree.left_siblings(index))
    grown = tree.grown_nodes(index, leaf_hash, siblings)
    rows = [{"level": level, "index": place, "hash": found} for (level, place), found in grown.items()]
    await tx.session.execute(insert(Node), rows)
    return index


async def _authid(tx: Transaction, account: str, *, area: str) -> str:
    if is_service(account):
        return account
    known = await queries.name_of(tx.session, account)
    salt = known.salt if known else secrets.token_bytes(SALT_BYTES)
    authid = pseudonym(account, salt=salt)
    name = {"authid": authid, "area": area, "account": account, "salt": salt}
    await tx.session.execute(insert(AccountName).values(name).on_conflict_do_nothing())
    return authid


async def _expect(tx: Transaction, source: str, sequence: int) -> None:
    state = {"next_sequence": sequence, "heard_at": tx.now}
    await tx.session.execute(
        insert(SourceState).values(source=source, **state).on_conflict_do_update(index_elements=["source"], set_=state)
    )


async def _close_gap(tx: Transaction, told: Told) -> None:
    gap = await queries.open_gap(tx.session, told.source, told.sequence)
    if gap is not None and await queries.is_filled(tx.session, gap):
        gap.closed_at = tx.now


def _alarm(
    kind: AlarmKind,
    told: Told,
    *,
    first: int | None = None,
    last: int | None = None,
    index: int | None = None,
) -> Alarm:
    return Alarm(
        kind=kind,
        source=told.source,
        first_sequence=told.sequence if first is None else first,
        last_sequence=told.sequence if last is None else last,
        event_id=told.event_id,
        index=index,
        mark="" if kind == AlarmKind.GAP else told.event_id,
    )


async def raise_alarm(tx: Transaction, alarm: Alarm) -> None:
    """Keep the alarm, once while it is open, and say it to whoever watches."""
    columns = ("kind", "source", "first_sequence", "last_sequence", "event_id", "index", "mark")
    raised = await tx.session.execute(
        insert(Alarm)
        .values({name: getattr(alarm, name) for name in columns} | {"raised_at": tx.now})
        .on_conflict_do_update(
            index_elements=["kind", "source", "first_sequence", "mark"],
            set_={"raised_at": tx.now, "closed_at": None},
            where=Alarm.closed_at.is_not(None),
        )
        .returning(Alarm.alarm_id)
    )
    if raised.first() is None:
        return
    ALARMS.labels(alarm.kind).inc()
    log.error("log_alarm", kind=alarm.kind, source=alarm.source, first=alarm.first_sequence, last=alarm.last_sequence)
