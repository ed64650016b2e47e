"""What services tell the log, and what it then holds."""

from datetime import UTC, date, datetime
from typing import Any

from aiokafka import ConsumerRecord
from sqlalchemy import select

from audit.models import Alarm, Entry
from audit.queries.disclosures import disclosures_of, values_of
from audit.rules.entries import attributes_of
from common.bus import Envelope, kafka_headers, topic_of
from common.events import Event
from common.events.decisions import DecisionRecorded
from common.testing import Bench

NANJING = "320102001"
DECIDED_AT = datetime(2026, 5, 6, 1, 2, 3, tzinfo=UTC)


def a_decision(number: int = 1, **changes: Any) -> DecisionRecorded:
    told = {
        "decision_id": f"decision-{number}",
        "subject": "worker-7",
        "account": "http://issuer.example|clerk",
        "recorded_at": DECIDED_AT,
        "rule": "exit.failed_evaluations",
        "rule_version": 1,
        "document": "JL",
        "document_title": "社区专职工作者队伍建设的意见",
        "policy_digest": "0" * 64,
        "clause": "JL-10",
        "at": "二（十）一",
        "says": {"zh": "连续两年不合格的应退出岗位。", "en": "Two failed years running end the post."},
        "area": NANJING,
        "staff": "community_worker",
        "on": date(2026, 5, 6),
        "terms": {"years_running": 2},
        "terms_since": {"years_running": date(2020, 5, 6)},
        "facts": {"grades": {"2024": "not_qualified", "2025": "not_qualified"}},
        "outcome": True,
        "permits": True,
        "organisation": "organisation-1",
        "words": {"zh": "符合规定。", "en": "permitted."},
    }
    return DecisionRecorded.model_validate(told | changes)


def headers_of(
    told: Event, sequence: int, *, event_id: str | None = None, by: str = "recruitment"
) -> list[tuple[str, bytes]]:
    return kafka_headers(
        event_id=event_id or f"event-{by}-{sequence}",
        source=f"/{by}/decisions",
        type_name=told.type_name(),
        key=told.key,
        sequence=sequence,
        recorded_at=getattr(told, "recorded_at", DECIDED_AT),
        traceparent=None,
    )


def record_of(
    told: Event,
    sequence: int,
    *,
    event_id: str | None = None,
    by: str = "recruitment",
    body: bytes | None = None,
) -> "ConsumerRecord[bytes, bytes]":
    """A message of a decisions topic; `body` where it is to hold something else than what is told."""
    return ConsumerRecord(
        topic=topic_of("", by, "decisions"),
        partition=0,
        offset=sequence,
        timestamp=0,
        timestamp_type=0,
        key=told.key.encode(),
        value=told.model_dump_json().encode() if body is None else body,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=headers_of(told, sequence, event_id=event_id, by=by),
    )


def envelope_of(told: Event, sequence: int, *, by: str = "recruitment") -> Envelope:
    return Envelope.read(headers_of(told, sequence, by=by))


async def entries(bench: Bench) -> list[Entry]:
    async with bench.session() as session:
        return list(await session.scalars(select(Entry).order_by(Entry.index)))


async def decided(bench: Bench) -> list[dict[str, Any]]:
    """The attributes of the entries that are decisions."""
    held = [attributes_of(entry.leaf) for entry in await entries(bench)]
    return [one for one in held if "decision_id" in one]


async def disclosed(bench: Bench, index: int) -> dict[str, Any]:
    """By name, what is left of the disclosures of an entry."""
    async with bench.session() as session:
        left = await disclosures_of(session, [index], sealer=bench.runtime.sealer)
    return values_of(left[index].values())


async def alarms(bench: Bench) -> list[tuple[str, str, int, int]]:
    async with bench.session() as session:
        rows = await session.scalars(select(Alarm).order_by(Alarm.alarm_id))
        return [(row.kind, row.source, row.first_sequence, row.last_sequence) for row in rows]


async def open_alarms(bench: Bench, kind: str) -> list[tuple[str, int]]:
    """What tells each open alarm of this kind apart, and where it begins."""
    async with bench.session() as session:
        query = select(Alarm).where(Alarm.kind == kind, Alarm.closed_at.is_(None)).order_by(Alarm.alarm_id)
        return [(row.mark, row.first_sequence) for row in await session.scalars(query)]
