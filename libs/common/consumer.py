"""From Kafka to a service's own tables: one message, one transaction, effect once.

At least once is what the bus gives. The remembered event id commits with the effect, the offset after it. What cannot
be handled is parked with its reason, and the later events of its key behind it, so that order holds and the rest flows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from pydantic import ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncSession

from common.actors import service_actor
from common.bus import Envelope, publishers, topic_of
from common.clock import utc_now
from common.errors import Refused
from common.events import Event, event_classes
from common.inbox import advance, is_blocked, remember, seen
from common.observability import CONSUMER_LAG, HANDLED, PARKED, consuming
from common.policy import Policies
from common.settings import Settings
from common.tables import InboxMessage, ParkedMessage, RebuildRequest, SourcePosition
from common.transaction import FindParameters, Sessions, Transaction, transaction

log = structlog.get_logger()

Handler = Callable[[Transaction, Any], Awaitable[None]]
AnyHandler = Callable[[Transaction, Event, Envelope], Awaitable[None]]


Records = Sequence["ConsumerRecord[bytes, bytes]"]

ATTEMPTS = 5
BACK_OFF = 0.05
LONGEST_KEY = 200
INBOX_KEPT = timedelta(days=90)
_HOUSEKEEPING = 60.0


class Unhandled(Exception):
    """The message cannot be handled as it is; trying again would not help."""


class NotNow(Exception):
    """Nothing can be handled until somebody has put something right; messages wait where they are."""


class Consumer:
    most_at_once = 500

    def __init__(
        self,
        *,
        service: str,
        sessions: Sessions,
        settings: Settings,
        policies: Policies,
        handlers: Mapping[type[Event], Handler],
        handle_any: AnyHandler | None = None,
        streams: tuple[str, ...] = ("events", "decisions"),
        empty: Callable[[AsyncSession], Awaitable[None]] | None = None,
        find_parameters: FindParameters | None = None,
    ) -> None:
        self.service = service
        self.sessions = sessions
        self.settings = settings
        self.policies = policies
        self.handlers = {cls.type_name(): (cls, handler) for cls, handler in handlers.items()}
        self.handle_any = handle_any
        self.streams = streams
        self.empty = empty
        self.find_parameters = find_parameters
        self._asked_for = {_unversioned(name) for name in self.handlers}
        self.types = event_classes()
        self._stuck = False

    @property
    def healthy(self) -> bool:
        return not self._stuck

    @property
    def hears_all(self) -> bool:
        """Whether every event of its streams is handed over, of whatever type."""
        return self.handle_any is not None

    def topics(self) -> list[str]:
        """The topics of whoever says what this service handles."""
        prefix = self.settings.topic_prefix
        wanted = set()
        for cls, _ in self.handlers.values():
            if cls.stream == "decisions":
                wanted |= {topic_of(prefix, publisher, "decisions") for publisher in publishers()}
            else:
                wanted.add(topic_of(prefix, cls.publisher, cls.stream))
        if self.hears_all:
            wanted |= {topic_of(prefix, publisher, stream) for publisher in publishers() for stream in self.streams}
        return sorted(wanted)

    def hears(self) -> set[str]:
        """The services whose events arrive here."""
        topics = set(self.topics())
        return {name for name in publishers() if topic_of(self.settings.topic_prefix, name, "events") in topics}

    async def run(self) -> None:
        """Consume until cancelled; a lost broker or database is waited for with a fresh consumer."""
        if not self.topics():
            return
        pause = 0.1
        while True:
            try:
                await self._consume()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # The offset was not committed, so the messages come again and the inbox knows them.
                self._stuck = True
                log.warning("consumer_interrupted", error=type(error).__name__, reason=str(error)[:300])
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _consume(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers,
            group_id=f"{self.settings.topic_prefix}{self.service}",
            group_instance_id=f"{self.service}-{self.settings.instance}",
            client_id=f"{self.service}-consumer-{self.settings.instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=30000,
            heartbeat_interval_ms=3000,
            max_poll_interval_ms=600000,
            metadata_max_age_ms=30000,
        )
        consumer.subscribe(self.topics(), listener=_Rebalanced(self.service))
        await consumer.start()
        try:
            next_housekeeping = 0.0
            while True:
                await self._rebuild_if_asked(consumer)
                await self.take_all(consumer, await consumer.getmany(timeout_ms=500, max_records=self.most_at_once))
                self._stuck = False
                await self._measure(consumer)
                clock = asyncio.get_running_loop().time()
                if clock >= next_housekeeping:
                    await self._keep_house()
                    next_housekeeping = clock + _HOUSEKEEPING
        finally:
            await asyncio.shield(consumer.stop())

    async def take_all(self, consumer: AIOKafkaConsumer, batches: Mapping[TopicPartition, Records]) -> None:
        for partition, records in batches.items():
            for record in records:
                await self.take(record)
            await self.move_offset(consumer, partition, records)

    async def move_offset(self, consumer: AIOKafkaConsumer, partition: TopicPartition, records: Records) -> None:
        try:
            # Never bare: that would commit what was fetched, not what was handled.
            await consumer.commit({partition: records[-1].offset + 1})
        except (CommitFailedError, IllegalStateError):
            log.info("partition_moved", topic=partition.topic, partition=partition.partition)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        actor = service_actor(self.service)
        return transaction(
            self.sessions,
            actor=actor,
            now=utc_now(),
            service=self.service,
            policies=self.policies,
            find_parameters=self.find_parameters,
        )

    async def take(self, record: ConsumerRecord[bytes, bytes]) -> None:
        """Handle one message, or park it. Returns only when the database has one or the other."""
        key, headers = key_and_headers(record)
        failure: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(BACK_OFF * 2**attempt)
            try:
                if await self._handle(topic=record.topic, key=key, headers=headers, body=record.value or b""):
                    return
                failure = Unhandled("an earlier event of this key is parked")
                break
            except (ValueError, ValidationError, Unhandled, Refused) as error:
                failure = error
                break
            except Exception as error:
                if is_lost_database(error):
                    raise
                failure = error
        await self.park(record, key=key, headers=headers, reason=f"{type(failure).__name__}: {failure}")

    async def _handle(
        self, *, topic: str, key: str, headers: dict[str, str], body: bytes, parked_id: int | None = None
    ) -> bool:
        """False where the message must wait behind a parked one of its key."""
        envelope = Envelope.read(headers)
        with consuming(type_name=envelope.type_name, traceparent=envelope.traceparent):
            async with self.transaction() as tx:
                if parked_id is None and await is_blocked(tx.session, topic=topic, key=key):
                    return False
                if await remember(tx.session, envelope, replayed=parked_id is not None):
                    await self._apply(tx, envelope, body)
                    if self.handle_any:
                        await advance(tx.session, envelope)
                if parked_id is not None:
                    await tx.session.execute(delete(ParkedMessage).where(ParkedMessage.parked_id == parked_id))
        HANDLED.labels(self.service, envelope.type_name).inc()
        return True

    async def _apply(self, tx: Transaction, envelope: Envelope, body: bytes) -> None:
        known = self.handlers.get(envelope.type_name)
        cls = known[0] if known else self.types.get(envelope.type_name)
        if cls is None and (self.handle_any or _unversioned(envelope.type_name) in self._asked_for):
            raise Unhandled(f"{envelope.type_name} is not known to this version")
        if cls is None or (known is None and self.handle_any is None):
            return
        event = cls.read(orjson.loads(body))
        if known:
            await known[1](tx, event)
        if self.handle_any:
            await self.handle_any(tx, event, envelope)

    async def park(
        self, record: ConsumerRecord[bytes, bytes], *, key: str, headers: dict[str, str], reason: str
    ) -> None:
        async with self.sessions() as session, session.begin():
            await session.execute(
                insert(ParkedMessage)
                .values(
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    key=key,
                    reason=_text(reason)[:2000],
                    headers=headers,
                    body=record.value or b"",
                    parked_at=utc_now(),
                )
                .on_conflict_do_nothing()
            )
            await self.pass_over(session, headers)
        log.error("message_parked", topic=record.topic, offset=record.offset, reason=reason.split(":")[0])

    async def pass_over(self, session: AsyncSession, headers: dict[str, str]) -> None:
        """A parked event does not hold up the position: its place is known, its effect is an operator's matter."""
        try:
            envelope = Envelope.read(headers)
        except ValueError:
            return
        await session.execute(insert(InboxMessage).values(seen(envelope, parked=True)).on_conflict_do_nothing())
        if self.handle_any:
            await advance(session, envelope)

    async def replay(self, *, key: str | None = None) -> tuple[int, int]:
        """Handle parked messages again, oldest first; returns how many went through and how many stay."""
        done = 0
        blocked: set[tuple[str, str]] = set()
        async with self.sessions() as session:
            query = select(ParkedMessage).order_by(ParkedMessage.parked_id)
            waiting = list(await session.scalars(query if key is None else query.where(ParkedMessage.key == key)))
        for message in waiting:
            if (message.topic, message.key) in blocked:
                continue
            try:
                await self.handle_again(message)
            except Exception as error:
                blocked.add((message.topic, message.key))
                log.error("replay_failed", parked_id=message.parked_id, reason=type(error).__name__)
                continue
            done += 1
        return done, len(waiting) - done

    async def handle_again(self, message: ParkedMessage) -> None:
        await self._handle(
            topic=message.topic,
            key=message.key,
            headers=message.headers,
            body=message.body,
            parked_id=message.parked_id,
        )

    async def ask_for_rebuild(self) -> None:
        """Leave the wish to empty this service's own view and build it from the topics; the consumer grants it."""
        async with self.sessions() as session, session.begin():
            await session.execute(
                insert(RebuildRequest)
                .values(request_id=1, emptied=False, requested_at=utc_now())
                .on_conflict_do_update(index_elements=["request_id"], set_={"emptied": False})
            )

    async def _rebuild_if_asked(self, consumer: AIOKafkaConsumer) -> None:
        if self.empty is None or not _has_every_partition(consumer):
            return  # what another consumer holds it would not read again
        async with self.sessions(info={"actor": service_actor(self.service)}) as session, session.begin():
            asked = await session.get(RebuildRequest, 1, with_for_update=True)
            if asked is None:
                return
            if not asked.emptied:
                await self.empty(session)
                for table in (InboxMessage, SourcePosition, ParkedMessage):
                    await session.execute(delete(table))
                asked.emptied = True
        # A crash from here on finds the request again, goes back once more, and the inbox absorbs the rest.
        partitions = consumer.assignment()
        await consumer.seek_to_beginning(*partitions)
        if partitions:
            await consumer.commit({partition: await consumer.position(partition) for partition in partitions})
        async with self.sessions() as session, session.begin():
            await session.execute(delete(RebuildRequest))
        log.info("rebuilding", partitions=len(partitions))

    async def _keep_house(self) -> None:
        async with self.sessions() as session, session.begin():
            if not self.handle_any:
                await session.execute(delete(InboxMessage).where(InboxMessage.handled_at < utc_now() - INBOX_KEPT))
            PARKED.labels(self.service).set(await session.scalar(select(func.count(ParkedMessage.parked_id))) or 0)

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        lag: dict[str, int] = {}
        for partition in consumer.assignment():
            high = consumer.highwater(partition)
            if high is not None:
                behind = max(0, high - await consumer.position(partition))
                lag[partition.topic] = lag.get(partition.topic, 0) + behind
        for topic, behind in lag.items():
            CONSUMER_LAG.labels(self.service, topic).set(behind)


def key_and_headers(record: ConsumerRecord[bytes, bytes]) -> tuple[str, dict[str, str]]:
    headers = {_text(name): _text(value) for name, value in record.headers if value is not None}
    return _text(record.key)[:LONGEST_KEY], headers


def _has_every_partition(consumer: AIOKafkaConsumer) -> bool:
    wanted = {
        TopicPartition(topic, number)
        for topic in consumer.subscription()
        for number in consumer.partitions_for_topic(topic) or ()
    }
    return bool(wanted) and wanted == consumer.assignment()


class _Rebalanced(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, service: str) -> None:
        self._service = service

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        log.info("partitions_revoked", count=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        log.info("partitions_assigned", count=len(assigned))


def _text(given: bytes | str | None) -> str:
    """As text that a column can hold, whatever was sent."""
    words = given.decode("utf-8", "replace") if isinstance(given, bytes) else given or ""
    return words.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _unversioned(type_name: str) -> str:
    return type_name.rpartition(".v")[0]


def is_lost_database(error: Exception) -> bool:
    """Whether the database, not the message, is what failed: gone, starting, stopping or out of room (SQLSTATE)."""
    if isinstance(error, NotNow | OperationalError | InterfaceError | PoolExhausted | OSError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    return state.startswith(("08", "53", "57P", "58"))
