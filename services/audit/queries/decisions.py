import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import ScalarSelect, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Entry, IndexedEntry
from audit.queries import disclosures as disclosure_queries
from audit.queries.intake import log_size
from audit.queries.log import Published
from audit.rules.alarms import Words
from audit.rules.entries import EntryType, Part, attributes_of, content_of, found_by
from audit.rules.readers import may_read
from audit.tlog.notes import encode
from audit.tlog.receipts import Receipt, digest_of, write_receipt
from audit.tlog.tree import hash_leaf
from common.actors import Actor, Role
from common.errors import BusinessError, NotFound
from common.fields import Sealer
from common.paging import make_page, page_query


class NotYetRecorded(BusinessError):
    """The entry has its place, but no witnessed checkpoint covers it yet."""

    zh = (
        "决定 {decision_id} 已列为日志第 {index} 条，但还没有经见证的检查点覆盖它，尚不能出具证明。"
        "请稍后重试；若一直如此，请运维人员查看日志告警。"
    )
    en = (
        "Decision {decision_id} has its place at index {index}, but no witnessed checkpoint covers it yet, so nothing "
        "can be proved. Try again shortly; if this stays so, an operator should look at the log's alarms."
    )


class OnlyForAuditors(BusinessError):
    status = 403
    zh = "按经办账号查询仅限审计员。请改用其他条件，或请审计员查询。"
    en = "Only an auditor may search by account. Use another condition or ask an auditor."


class Content(StrEnum):
    """How much of a decision is shown. `missing`: it is gone, and nothing in the log says that it was erased."""

    WHOLE = "whole"
    WITHHELD = "withheld"
    ERASED = "erased"
    MISSING = "missing"


_ERASED = Words(
    "此项决定的内容已抹除。日志仍证明：当时按所列规则与条款作过此项决定。",
    "The content of this decision has been erased. The log still proves that it was made under this rule and clause.",
)
_MISSING = Words(
    "此项决定的内容不见了，而日志中没有抹除它的记录：请告知审计员。",
    "The content of this decision is gone though nothing in the log erased it: tell an auditor.",
)
# Batches take their moment before their turn, and clocks of services differ.
_OUT_OF_ORDER = timedelta(minutes=10)

_IF_ALLOWED = ("facts", "terms", "outcome", "words")


@dataclass(frozen=True)
class Asked:
    """What a search asks for; what is None does not narrow it. Times are those of deciding, half open."""

    subject: str | None = None
    organisation: str | None = None
    area: str | None = None
    clause: str | None = None
    rule: str | None = None
    account: str | None = None
    permits: bool | None = None
    since: datetime | None = None
    until: datetime | None = None

    def narrow(self, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        for name in ("subject", "clause", "rule", "account", "permits"):
            value = getattr(self, name)
            if value is not None:
                query = query.where(getattr(IndexedEntry, name) == value)
        if self.organisation is not None:
            # What is decided about an organisation itself has it as its subject.
            query = query.where(
                or_(IndexedEntry.organisation == self.organisation, IndexedEntry.subject == self.organisation)
            )
        if self.area is not None:
            query = query.where(IndexedEntry.area.startswith(self.area, autoescape=True))
        if self.since is not None:
            query = query.where(IndexedEntry.decided_at >= self.since, IndexedEntry.index >= _first_after(self.since))
        if self.until is not None:
            query = query.where(IndexedEntry.decided_at < self.until)
        return query

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in vars(self).items() if value is not None}


def _first_after(since: datetime) -> ScalarSelect[int]:
    """Nothing before it was decided since then: entries stand in the order of recording, and follow the decision."""
    later = select(IndexedEntry.index).where(IndexedEntry.recorded_at >= since - _OUT_OF_ORDER)
    return later.order_by(IndexedEntry.recorded_at, IndexedEntry.index).limit(1).scalar_subquery()


@dataclass(frozen=True)
class Line:
    """A decision that was found, with the proof that it stands in the log."""

    index: int
    decision_id: str
    subject: str | None
    organisation: str | None
    clause: str
    rule: str
    area: str
    staff: str
    on: date
    permits: bool
    decided_at: datetime
    recorded_at: datetime
    recorded: bool
    entry: str
    hashes: list[str] | None


@dataclass(frozen=True)
class Lines:
    """`searched` entries were looked at, those from 0 on; the proofs lead to the checkpoint."""

    items: Sequence[Line]
    next: str | None
    searched: int
    checkpoint: str | None


@dataclass(frozen=True)
class Kept:
    """An entry and what is left of its disclosures. The index finds it and is not believed any further."""

    entry: Entry
    disclosures: dict[str, str]
    erased: frozenset[str] = frozenset()

    @cached_property
    def attributes(self) -> dict[str, Any]:
        return attributes_of(self.entry.leaf)

    @cached_property
    def content(self) -> dict[str, Any]:
        return content_of(disclosure_queries.values_of(self.disclosures.values()))

    @cached_property
    def said(self) -> dict[str, Any]:
        return found_by(self.attributes, self.content)


def require_auditor_for(asked: Asked, *, actor: Actor) -> None:
    """Whose acts they are is the auditor's business alone."""
    if asked.account is not None and Role.AUDITOR not in actor.roles:
        raise OnlyForAuditors


async def decisions(
    session: AsyncSession,
    *,
    asked: Asked,
    cursor: str | None,
    limit: int,
    key: bytes,
    log: Published | None,
    sealer: Sealer,
) -> Lines:
    searched = await log_size(session)
    query = asked.narrow(
        select(IndexedEntry, Entry)
        .join(Entry, Entry.index == IndexedEntry.index)
        .where(IndexedEntry.type == EntryType.DECISION, IndexedEntry.index < searched)
    )
    question = f"decisions|{sorted(asked.as_json().items())}"
    order = [IndexedEntry.index.expression]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.execute(paged)).all()
    page = make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row[0].index])
    left = await disclosure_queries.disclosures_of(session, [row.index for row, _ in page.items], sealer=sealer)
    found = [Kept(entry, _genuine(entry, left[entry.index])) for _, entry in page.items]
    return Lines(
        items=await asyncio.to_thread(lambda: [_line(one, log) for one in found]),
        next=page.next,
        searched=searched,
        checkpoint=log.note if log else None,
    )


_FOUND = (
    "decision_id",
    "subject",
    "organisation",
    "clause",
    "rule",
    "area",
    "staff",
    "on",
    "permits",
    "decided_at",
    "recorded_at",
)


def _line(found: Kept, log: Published | None) -> Line:
    index, recorded = found.entry.index, _is_recorded(found, log)
    return Line(
        index=index,
        **{name: found.said[name] for name in _FOUND},
        recorded=recorded,
        entry=found.entry.leaf.decode(),
        hashes=log.hashes(index) if log is not None and recorded else None,
    )


def _is_recorded(found: Kept, log: Published | None) -> bool:
    """Whether a published checkpoint covers it; what it covers must be this very entry (EntryDiffers)."""
    if log is None or not log.covers(found.entry.index):
        return False
    log.require_held(found.entry.index, found.entry.leaf)
    return True


def _genuine(entry: Entry, disclosures: Mapping[str, str]) -> dict[str, str]:
    """Those whose digest the entry holds: the others are not what was entered."""
    digests = attributes_of(entry.leaf)["_sd"]
    return {name: one for name, one in disclosures.items() if digest_of(one) in digests}


async def kept(session: AsyncSession, decision_id: str, *, sealer: Sealer) -> Kept:
    """What lies in an area that the reader may see; only the index knows which that is."""
    query = select(Entry).join(IndexedEntry, Entry.index == IndexedEntry.index).where(Entry.decision_id == decision_id)
    entry = await session.scalar(query)
    if entry is None:
        raise NotFound(what=f"决定 {decision_id}")
    left = (await disclosure_queries.disclosures_of(session, [entry.index], sealer=sealer))[entry.index]
    return Kept(entry, _genuine(entry, left), frozenset(await disclosure_queries.erased_parts(session, entry.index)))


def explain(found: Kept, *, actor: Actor, log: Published | None) -> dict[str, Any]:
    """Everything about one decision that this reader may know: by whom, on what ground, when, and what became of it."""
    held, content, said = found.attributes, found.content, found.said
    allowed = _may_read(found, actor)
    state = _state(found, allowed=allowed)
    words = {Content.ERASED: _ERASED, Content.MISSING: _MISSING}.get(state)
    if state is Content.WHOLE and content.get("words"):
        words = Words(**{language: content["words"][language] for language in ("zh", "en")})
    shown = {name: value for name, value in content.items() if allowed or name not in _IF_ALLOWED}
    return {
        "index": found.entry.index,
        **{name: said[name] for name in _FOUND},
        **{name: held[name] for name in ("document", "at", "policy_digest", "source")},
        "rule_version": int(held["rule_version"]),
        "sequence": int(held["sequence"]),
        "event_id": held["id"],
        "by_service": held["authtype"] == "service_account",
        "account": said["account"] if Role.AUDITOR in actor.roles else None,
        "recorded": _is_recorded(found, log),
        "content": state,
        "document_title": shown.get("document_title"),
        "says": shown.get("says"),
        "terms": shown.get("terms"),
        "terms_since": shown.get("terms_since"),
        "parameters": shown.get("parameters"),
        "facts": shown.get("facts"),
        "outcome": shown.get("outcome"),
        "words": words,
    }


def _state(found: Kept, *, allowed: bool) -> Content:
    if Part.CASE not in found.disclosures:
        return Content.ERASED if Part.CASE in found.erased else Content.MISSING
    return Content.WHOLE if allowed else Content.WITHHELD


def _may_read(found: Kept, actor: Actor) -> bool:
    return may_read(actor.roles, source=found.attributes["source"], rule=found.attributes["rule"])


@dataclass(frozen=True)
class Proof:
    """That the entry stands under the checkpoint: RFC 6962 inclusion, the leaf's sibling first."""

    decision_id: str
    index: int
    entry: str
    disclosures: list[str]
    leaf_hash: str
    hashes: list[str]
    checkpoint: str
    text: str


def prove(found: Kept, *, actor: Actor, log: Published | None) -> Proof:
    """With those disclosures that this reader may see; whose act it was is for the auditor."""
    index, leaf, decision_id = found.entry.index, found.entry.leaf, found.attributes["decision_id"]
    if log is None or not _is_recorded(found, log):
        raise NotYetRecorded(decision_id=decision_id, index=index)
    allowed = {Part.SUBJECT}
    if _may_read(found, actor):
        allowed |= {Part.CASE, Part.POLICY}
    if Role.AUDITOR in actor.roles:
        allowed |= {Part.ACCOUNT}
    given = [one for name, one in sorted(found.disclosures.items()) if name in allowed]
    path = log.path(index)
    receipt = Receipt(index, path, log.note, leaf, tuple(given))
    return Proof(
        decision_id=decision_id,
        index=index,
        entry=leaf.decode(),
        disclosures=given,
        leaf_hash=encode(hash_leaf(leaf)),
        hashes=[encode(one) for one in path],
        checkpoint=log.note,
        text=write_receipt(receipt),
    )
