from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import AccountName, DecisionDocument, Entry
from audit.queries import tree
from audit.rules.alarms import Words
from audit.rules.entries import is_service, read_document
from audit.rules.notes import encode, write_proof
from audit.rules.readers import may_read
from common.actors import Actor, Role
from common.errors import BusinessError, NotFound
from common.paging import Rows, make_page, page_query
from common.policy import Decision
from common.wording import describe_decision


class NotYetSigned(BusinessError):
    """The entry is in the log, but no signed checkpoint covers it yet."""

    zh = (
        "决定 {decision_id} 已记为日志第 {index} 条，但还没有签名的检查点覆盖它。"
        "请稍后重试；若一直如此，请运维人员查看日志告警。"
    )
    en = (
        "Decision {decision_id} stands in the log at index {index}, but no signed checkpoint covers it yet. "
        "Try again shortly; if this stays so, an operator should look at the log's alarms."
    )


class NothingSigned(BusinessError):
    status = 404
    zh = "还没有签发任何检查点。请稍后重试；若一直如此，请运维人员查看日志告警。"
    en = "No checkpoint has been signed yet. Try again shortly; if this stays so, look at the log's alarms."


class Content(StrEnum):
    """How much of a decision is shown: without its facts where the reader may not see them, nothing once erased."""

    WHOLE = "whole"
    WITHHELD = "withheld"
    ERASED = "erased"


_WITHHELD = {"facts", "terms", "outcome"}
_ERASED = Words(
    "此项决定的内容已抹除。日志仍证明：当时就该编号按所列规则与条款作过此项决定。",
    "The content of this decision has been erased. The log still proves that it was made about this id, under this "
    "rule and clause.",
)


@dataclass(frozen=True)
class KeptDecision:
    """A decision as the log holds it, with its words and, for an auditor, the account it belongs to."""

    index: int
    recorded_at: datetime
    source: str
    sequence: int
    event_id: str
    authid: str
    account: str | None
    decision_id: str
    subject: str
    clause: str
    rule: str
    area: str
    staff: str
    on: date
    permits: bool
    decided_at: datetime
    content: Content
    decision: dict[str, Any] | None
    words: Words | None


@dataclass(frozen=True)
class Proof:
    """That the entry is in the log whose checkpoint is given: RFC 6962 inclusion, the leaf's sibling first."""

    decision_id: str
    index: int
    entry: str
    document: str | None
    salt: str | None
    leaf_hash: str
    hashes: list[str]
    checkpoint: str
    text: str


async def entry(session: AsyncSession, decision_id: str) -> Entry:
    found: Entry | None = await session.scalar(select(Entry).where(Entry.decision_id == decision_id))
    if found is None:
        raise NotFound(what=f"决定 {decision_id}")
    return found


async def kept_decision(session: AsyncSession, decision_id: str, *, actor: Actor) -> KeptDecision:
    found = await entry(session, decision_id)
    content, decision, words = await _content(session, found, actor)
    return KeptDecision(
        index=found.index,
        recorded_at=found.recorded_at,
        source=found.source,
        sequence=found.sequence,
        event_id=found.event_id,
        authid=found.authid,
        account=await _account(session, found) if Role.AUDITOR in actor.roles else None,
        decision_id=found.decision_id,
        subject=found.subject,
        clause=found.clause,
        rule=found.rule,
        area=found.area,
        staff=found.staff,
        on=found.on,
        permits=found.permits,
        decided_at=found.decided_at,
        content=content,
        decision=decision,
        words=words,
    )


async def _content(
    session: AsyncSession, found: Entry, actor: Actor
) -> tuple[Content, dict[str, Any] | None, Words | None]:
    kept = await session.get(DecisionDocument, found.index)
    if kept is None:
        return Content.ERASED, None, _ERASED
    told = read_document(found.leaf, kept)
    decision: Decision[Any] = Decision.model_validate(told)
    if not may_read(actor.roles, source=found.source, rule=found.rule):
        return Content.WITHHELD, decision.model_dump(mode="json", exclude=_WITHHELD), None
    return Content.WHOLE, decision.model_dump(mode="json"), _words(told, decision)


def _words(content: dict[str, Any], decision: Decision[Any]) -> Words:
    """As the deciding service said it; it alone has the labels of its facts."""
    told = content.get("words") or {}
    return Words(*(told.get(language) or describe_decision(decision, language) for language in ("zh", "en")))


async def _account(session: AsyncSession, found: Entry) -> str | None:
    if is_service(found.authid):
        return found.authid
    name = await session.get(AccountName, (found.authid, found.area))
    return name.account if name else None


async def decisions(
    session: AsyncSession, *, subject: str | None, clause: str | None, cursor: str | None, limit: int, key: bytes
) -> Rows[Entry]:
    query = select(Entry)
    if subject is not None:
        query = query.where(Entry.subject == subject)
    if clause is not None:
        query = query.where(Entry.clause == clause)
    question = f"decisions|{subject}|{clause}"
    paged = page_query(query, order=[Entry.index.expression], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.index])


async def proof(session: AsyncSession, decision_id: str, *, actor: Actor) -> Proof:
    found = await entry(session, decision_id)
    checkpoint = await tree.last_checkpoint(session)
    if checkpoint is None or checkpoint.size <= found.index:
        raise NotYetSigned(decision_id=decision_id, index=found.index)
    path = await tree.inclusion_path(session, index=found.index, size=checkpoint.size)
    shown = may_read(actor.roles, source=found.source, rule=found.rule)
    kept = await session.get(DecisionDocument, found.index) if shown else None
    return Proof(
        decision_id=decision_id,
        index=found.index,
        entry=found.leaf.decode(),
        document=kept.document.decode() if kept else None,
        salt=encode(kept.salt) if kept else None,
        leaf_hash=encode(found.leaf_hash),
        hashes=[encode(one) for one in path],
        checkpoint=checkpoint.note,
        text=write_proof(index=found.index, path=path, note=checkpoint.note),
    )


async def newest_note(session: AsyncSession) -> str:
    checkpoint = await tree.last_checkpoint(session)
    if checkpoint is None:
        raise NothingSigned
    return checkpoint.note
