from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from audit.commands.signing import Signer, sign_checkpoint, signer_of
from audit.main import service
from audit.models import SignedCheckpoint
from audit.queries.verification import Verification, verify_log
from common.actors import Role, service_actor
from common.bus import kafka_headers, topic_of
from common.events.decisions import DecisionRecorded
from common.testing import Bench, bench_fixtures, somebody

opened_bench, emptied_bench = bench_fixtures(service)

NANJING = "320102001"
DECIDED_AT = datetime(2026, 5, 6, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def bench(emptied_bench: Bench) -> Bench:
    """An empty log is a new log: what the signer said of the last one goes with it."""
    signer_of(emptied_bench.runtime.settings, emptied_bench.runtime.keys).file.unlink(missing_ok=True)
    return emptied_bench


Tell = Callable[..., DecisionRecorded]


@pytest.fixture
def decision() -> Tell:
    """A decision as a service tells it, and as the test would change it."""
    return _decision


def _decision(number: int = 1, **changes: Any) -> DecisionRecorded:
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
        "facts": {"grades": {"2024": "not_qualified", "2025": "not_qualified"}},
        "outcome": True,
        "permits": True,
    }
    return DecisionRecorded.model_validate(told | changes)


Hear = Callable[..., Awaitable[None]]


@pytest.fixture
def hear(bench: Bench) -> Hear:
    """Let the consumer take a decision as message `sequence` of a service's decisions."""

    async def heard(
        told: DecisionRecorded, sequence: int, *, event_id: str | None = None, by: str = "recruitment"
    ) -> None:
        await bench.runtime.consumer.take(_record_of(told, sequence, event_id=event_id, by=by))

    return heard


def _record_of(
    told: DecisionRecorded, sequence: int, *, event_id: str | None = None, by: str = "recruitment"
) -> "ConsumerRecord[bytes, bytes]":
    headers = kafka_headers(
        event_id=event_id or f"event-{by}-{sequence}",
        source=f"/{by}/decisions",
        type_name=told.type_name(),
        key=told.key,
        sequence=sequence,
        recorded_at=DECIDED_AT,
        traceparent=None,
    )
    return ConsumerRecord(
        topic=topic_of("", by, "decisions"),
        partition=0,
        offset=sequence,
        timestamp=0,
        timestamp_type=0,
        key=told.key.encode(),
        value=told.model_dump_json().encode(),
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=headers,
    )


@pytest.fixture
def signer(bench: Bench) -> Signer:
    return signer_of(bench.runtime.settings, bench.runtime.keys)


@pytest.fixture
def sign(bench: Bench, signer: Signer) -> Callable[[], Awaitable[SignedCheckpoint | None]]:
    async def signed() -> SignedCheckpoint | None:
        return await bench.run(sign_checkpoint, actor=service_actor("audit"), signer=signer)

    return signed


@pytest.fixture
def verify(bench: Bench, signer: Signer) -> Callable[..., Awaitable[Verification]]:
    async def verified(*saved: str) -> Verification:
        async with bench.session(somebody(Role.AUDITOR, area="")) as session:
            return await verify_log(session, key=signer.key, saved=saved)

    return verified
