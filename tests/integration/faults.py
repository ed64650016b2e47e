"""What can go wrong while the lives are played, made to go wrong."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from common.bus import publishers, streams_of, topic_of
from common.embedded.platform import Platform
from lives.__main__ import play
from tests.integration import exchange

_MARK = ("duplicate", b"1")
TOPICS = [topic_of("", publisher, stream) for publisher in publishers() for stream in streams_of(publisher)]


def play_through(platform: Platform) -> None:
    """The lives from beginning to end; every lost answer is asked for again with the same key."""
    play(platform, say=lambda _: None, explain=False)


@contextmanager
def in_background(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `work` beside the block; it ends when it sees the event set."""
    over = threading.Event()
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work(over)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=60)
    if failures:
        raise failures[0]


def kill_at_random(
    platform: Platform, killed: list[str], *, seed: int, between: tuple[float, float], times: int
) -> Callable[..., None]:
    """SIGKILL a service picked by `seed`, `times` times, after pauses of so many seconds; `killed` names them."""

    def work(over: threading.Event) -> None:
        chance = random.Random(seed)
        for _ in range(times):
            if over.wait(chance.uniform(*between)):
                return
            service = chance.choice(sorted(platform.service_urls))
            if platform.is_up(service):  # killed a moment ago it may not be back yet
                platform.kill(service)
                killed.append(service)

    return work


def kill_broker(platform: Platform, *, after: float) -> Callable[..., None]:
    def work(over: threading.Event) -> None:
        if not over.wait(after):
            platform.kill_kafka()

    return work


def duplicate_everything(platform: Platform) -> Callable[..., None]:
    """Send every event of every topic once more, as it was, behind whatever came meanwhile."""

    def work(over: threading.Event) -> None:
        asyncio.run(_duplicate(platform.bootstrap_servers, over))

    return work


async def _duplicate(bootstrap_servers: str, over: threading.Event) -> None:
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, enable_idempotence=True)
    await consumer.start()
    await producer.start()
    try:
        idle = 0
        while not (over.is_set() and idle > 5):
            batches = await consumer.getmany(timeout_ms=200)
            records = [record for batch in batches.values() for record in batch if _MARK not in record.headers]
            idle = 0 if records else idle + 1
            for record in records:
                headers = [*record.headers, _MARK]
                await producer.send(record.topic, record.value, record.key, record.partition, headers=headers)
    finally:
        await producer.stop()
        await consumer.stop()


def drained(platform: Platform) -> bool:
    """Whether every service has gone through everything that lies in its topics."""
    return asyncio.run(_drained(platform))


async def _drained(platform: Platform) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=platform.bootstrap_servers)
    await admin.start()
    await consumer.start()
    try:
        for service in platform.service_urls:
            topics = exchange.topics_of(service)
            for topic in topics:
                partitions = [TopicPartition(topic, n) for n in await admin_partitions(admin, topic)]
                ends = await consumer.end_offsets(partitions)
                committed = await admin.list_consumer_group_offsets(service)
                if any(end and (committed.get(p) is None or committed[p].offset < end) for p, end in ends.items()):
                    return False
        return True
    finally:
        await consumer.stop()
        await admin.close()


async def admin_partitions(admin: AIOKafkaAdminClient, topic: str) -> list[int]:
    described = await admin.describe_topics([topic])
    return [partition["partition"] for partition in described[0]["partitions"]]
