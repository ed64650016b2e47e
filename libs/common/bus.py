"""Kafka: topics, producers and the wire form of an event (CloudEvents 1.0, binary mode)."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError, for_code

from common.events import event_classes

EVENT_PARTITIONS = 6
DEALT = frozenset({"work"})  # streams dealt out to partitions in turn: no order to keep, and equal shares
_ID = re.compile(r"[\x21-\x7e]{1,60}\Z")
_SOURCE = re.compile(r"(?=.{3,60}\Z)/[a-z]+/[a-z]+\Z")
_CONNECT_ATTEMPTS = 60
_FOREVER = {"retention.ms": "-1", "cleanup.policy": "delete"}


def publishers() -> list[str]:
    """Every service that says something about itself."""
    return sorted({cls.publisher for cls in event_classes().values() if cls.stream == "events"})


def topic_of(prefix: str, service: str, stream: str) -> str:
    return f"{prefix}{service}.{stream}"


def source_of(service: str, stream: str) -> str:
    """The CloudEvents source: sequences are contiguous within it."""
    return f"/{service}/{stream}"


def streams_of(service: str) -> dict[str, int]:
    """The streams a service has topics for, with their partitions: decisions have one, because their order is
    evidence; events are spread by key; the work that a service gives to its own processes, where it does, is dealt out.
    """
    own = {cls.stream for cls in event_classes().values() if cls.publisher == service}
    return {"events": EVENT_PARTITIONS, "decisions": 1} | ({"work": EVENT_PARTITIONS} if "work" in own else {})


async def create_topics(bootstrap_servers: str, *, prefix: str, services: Iterable[str]) -> None:
    """Make the topics of these services where they are missing."""
    admin = await _connected(bootstrap_servers)
    try:
        existing = set(await admin.list_topics())
        wanted = [
            # -1 is the broker's own factor; without the empty assignment aiokafka does not let it through.
            NewTopic(topic_of(prefix, service, stream), partitions, -1, {}, topic_configs=_FOREVER)
            for service in services
            for stream, partitions in streams_of(service).items()
            if topic_of(prefix, service, stream) not in existing
        ]
        if not wanted:
            return
        answer = await admin.create_topics(wanted)
        for _name, code, *_rest in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(_rest)
    finally:
        await admin.close()


async def _connected(bootstrap_servers: str) -> AIOKafkaAdminClient:
    """An admin client; a broker that is still starting is waited for."""
    for attempt in range(_CONNECT_ATTEMPTS):
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
        try:
            await admin.start()
        except KafkaConnectionError:
            await admin.close()
            if attempt == _CONNECT_ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.5)
        else:
            return admin
    raise AssertionError("unreachable")


def open_producer(bootstrap_servers: str, *, client_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_batch_size=131072,
        request_timeout_ms=30000,
        retry_backoff_ms=100,
    )


def kafka_headers(
    *,
    event_id: str,
    source: str,
    type_name: str,
    key: str,
    sequence: int,
    recorded_at: datetime,
    traceparent: str | None,
) -> list[tuple[str, bytes]]:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": type_name,
        "ce_time": recorded_at.isoformat(),
        "ce_sequence": str(sequence),
        "ce_partitionkey": key,
        "content-type": "application/json",
    }
    if traceparent:
        headers["ce_traceparent"] = traceparent
    return [(name, value.encode()) for name, value in headers.items()]


@dataclass(frozen=True)
class Envelope:
    """The attributes of an event as received."""

    event_id: str
    source: str
    type_name: str
    sequence: int
    time: datetime
    traceparent: str | None

    @property
    def service(self) -> str:
        return self.source.split("/")[1]

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes]] | dict[str, str]) -> "Envelope":
        """Raises ValueError where the message is no CloudEvent of ours."""
        pairs = headers.items() if isinstance(headers, dict) else headers
        found: dict[str, Any] = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in pairs if value is not None
        }
        try:
            envelope = cls(
                event_id=found["ce_id"],
                source=found["ce_source"],
                type_name=found["ce_type"],
                sequence=int(found["ce_sequence"]),
                time=datetime.fromisoformat(found["ce_time"]),
                traceparent=found.get("ce_traceparent"),
            )
        except KeyError as error:
            raise ValueError(f"no {error.args[0]} among the headers") from None
        if not (_SOURCE.match(envelope.source) and _ID.match(envelope.event_id) and 0 < envelope.sequence < 2**63):
            raise ValueError("ce_id, ce_source or ce_sequence is not one of ours")
        return envelope
