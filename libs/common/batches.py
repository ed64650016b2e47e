"""From Kafka to a service's own tables, many messages in one transaction: for a service that keeps what it hears."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from pydantic import ValidationError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import Envelope, topic_of
from common.consumer import BACK_OFF, Consumer, Records, Unhandled, is_lost_database, key_and_headers
from common.events import Event
from common.observability import HANDLED
from common.tables import ParkedMessage
from common.transaction import Transaction


@dataclass(frozen=True)
class Heard:
    """A message that was understood: who said it and when, what it says, and the very bytes of it."""

    envelope: Envelope
    event: Event
    body: bytes


BatchHandler = Callable[[Transaction, Sequence[Heard]], Awaitable[None]]
Understood = tuple["ConsumerRecord[bytes, bytes]", Heard]


class BatchConsumer(Consumer):
    """Hands over whole batches. It has no inbox: its service tells repeats, gaps and late arrivals apart by itself,
    and nothing waits behind a parked message of its key.
    """

    most_at_once = 2000

    def __init__(self, *, handle_batch: BatchHandler, **others: Any) -> None:
        super().__init__(**others)
        self.handle_batch = handle_batch

    @property
    def hears_all(self) -> bool:
        return True

    async def take_all(self, consumer: AIOKafkaConsumer, batches: Mapping[TopicPartition, Records]) -> None:
        await self.take_together([record for records in batches.values() for record in records])
        for partition, records in batches.items():
            await self.move_offset(consumer, partition, records)

    async def take(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        await self.take_together([record])

    async def take_together(self, records: Records) -> None:
        """Handle the messages in one transaction; where that fails, in smaller and smaller ones, until what cannot
        be handled stands alone and is parked. Returns only when the database has each as one or the other.
        """
        understood: list[Understood] = []
        for record in records:
            key, headers = key_and_headers(record)
            try:
                understood.append((record, self._understand(record.topic, headers, record.value or b"")))
            except (ValueError, ValidationError, Unhandled) as error:
                await self.park(record, key=key, headers=headers, reason=f"{type(error).__name__}: {error}")
        if understood:
            await self._handle_together(understood)

    async def _handle_together(self, understood: Sequence[Understood]) -> None:
        try:
            await self._hand_over([heard for _, heard in understood])
            return
        except Exception as error:
            if is_lost_database(error):
                raise
        if len(understood) > 1:
            middle = len(understood) // 2
            await self._handle_together(understood[:middle])
            await self._handle_together(understood[middle:])
            return
        record, heard = understood[0]
        await asyncio.sleep(BACK_OFF)
        try:
            await self._hand_over([heard])
        except Exception as error:
            if is_lost_database(error):
                raise
            key, headers = key_and_headers(record)
            await self.park(record, key=key, headers=headers, reason=f"{type(error).__name__}: {error}")

    async def _hand_over(self, heard: Sequence[Heard], *, parked_id: int | None = None) -> None:
        async with self.transaction() as tx:
            await self.handle_batch(tx, heard)
            if parked_id is not None:
                await tx.session.execute(delete(ParkedMessage).where(ParkedMessage.parked_id == parked_id))
        for type_name, count in Counter(one.envelope.type_name for one in heard).items():
            HANDLED.labels(self.service, type_name).inc(count)

    def _understand(self, topic: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """A source is believed only on its own topic: whoever may write to one must not speak for another."""
        envelope = Envelope.read(dict(headers))
        _, service, stream = envelope.source.split("/")
        if topic != topic_of(self.settings.topic_prefix, service, stream):
            raise Unhandled(f"{envelope.source} does not speak on {topic}")
        cls = self.types.get(envelope.type_name)
        if cls is None:
            raise Unhandled(f"{envelope.type_name} is not known to this version")
        return Heard(envelope, cls.read(orjson.loads(body)), body)

    async def pass_over(self, session: AsyncSession, headers: dict[str, str]) -> None:
        """Nothing to pass over: it keeps no position."""

    async def handle_again(self, message: ParkedMessage) -> None:
        understood = self._understand(message.topic, message.headers, message.body)
        await self._hand_over([understood], parked_id=message.parked_id)
