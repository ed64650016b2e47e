"""How fast the relay empties an outbox, against a relay that sends a row at a time and against aiokafka alone."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.figures import figure, median, run_loop, say
from benchmarks.servers import own_servers, unhurried_producer
from common.__main__ import find_service
from common.bus import EVENT_PARTITIONS, create_topics, kafka_headers, open_producer, source_of, topic_of
from common.clock import utc_now
from common.embedded.servers import Servers
from common.events.payroll import PayslipIssued
from common.observability import OUTBOX_SENT
from common.relay import BATCH
from common.testing import Bench, empty_tables, open_bench

SERVICE = "payroll"
ROWS = 20_000
ROUNDS = 3
NAIVE_SECONDS = 2.0
_WATCH = 0.002

# A transaction for each row, as commands leave them. Only this filling does not wait for the disk.
_FILL = """
DO $$ BEGIN
    FOR n IN 1..current_setting('bench.rows')::int LOOP
        INSERT INTO outbox_message (event_id, stream, turn, ordinal, key, type, body, recorded_at) VALUES (
            gen_random_uuid()::text, 'events', nextval('outbox_turn'), 0, 'worker-' || n % 997,
            current_setting('bench.type'), convert_to(current_setting('bench.body'), 'UTF8'), clock_timestamp()
        );
        COMMIT;
    END LOOP;
END $$
"""
_OLDEST = """
SELECT event_id, key, type, body, traceparent, recorded_at FROM outbox_message
WHERE sequence IS NULL AND stream = 'events' ORDER BY turn, ordinal LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SENT = "UPDATE outbox_message SET sequence = $1 WHERE event_id = $2"


@dataclass(frozen=True)
class Outbox:
    bench: Bench
    admin: Any
    servers: str
    topic: str

    async def fill(self) -> None:
        await empty_tables(self.bench)
        await self.admin.execute(_FILL)
        await self.admin.execute("VACUUM ANALYZE outbox_message")


def run() -> None:
    with own_servers() as servers:
        run_loop(_measure(servers))


async def _measure(servers: Servers) -> None:
    bench = await open_bench(find_service(SERVICE), admin_url=servers.admin_url, folder=servers.folder)
    bench.runtime.settings.kafka_bootstrap_servers = servers.bootstrap_servers
    await create_topics(servers.bootstrap_servers, prefix="", services=[SERVICE])
    await create_topics(servers.bootstrap_servers, prefix="baseline.", services=[SERVICE])
    body = payslip().model_dump_json()
    admin = await asyncpg.connect(plain_url(bench.runtime.settings.owner_database_url))
    for name, value in (("rows", str(ROWS)), ("type", PayslipIssued.type_name()), ("body", body)):
        await admin.execute("SELECT set_config($1, $2, false)", f"bench.{name}", value)
    await admin.execute("SET synchronous_commit = off")
    outbox = Outbox(bench, admin, servers.bootstrap_servers, topic_of("", SERVICE, "events"))

    ours, naive, bare = [], [], []
    for turn in range(ROUNDS):
        await outbox.fill()
        naive.append(await _naive(outbox))
        await outbox.fill()
        ours.append(await _ours(outbox))
        bare.append(await _bare(servers.bootstrap_servers, body.encode()))
        say(f"  round {turn + 1}: relay {ours[-1]:.0f}, a row at a time {naive[-1]:.0f}, aiokafka {bare[-1]:.0f} per s")
    await admin.close()
    await bench.runtime.engine.dispose()

    figure(
        "relay_rate_to_naive",
        ours=median(ours),
        baseline=median(naive),
        unit="events/s",
        baseline_is="a relay with asyncpg and aiokafka that takes, sends and marks one row in a transaction",
    )
    figure(
        "relay_rate_to_aiokafka",
        ours=median(ours),
        baseline=median(bare),
        unit="events/s",
        baseline_is=f"aiokafka alone producing the same {len(body)}-byte events from memory",
    )


async def _ours(outbox: Outbox) -> float:
    """Rows a second between the first batch and the last; every row must be in Kafka at the end."""
    runtime = outbox.bench.runtime
    counter = OUTBOX_SENT.labels(SERVICE)
    before, at_start = await _in_kafka(outbox), _value(counter)
    relay = asyncio.create_task(runtime.relay.run())
    async with asyncio.timeout(60):
        while _value(counter) == at_start:
            await asyncio.sleep(_WATCH)
        begun, first = time.perf_counter(), _value(counter)
        while _value(counter) < at_start + ROWS:
            await asyncio.sleep(_WATCH)
    seconds = time.perf_counter() - begun
    relay.cancel()
    with suppress(asyncio.CancelledError):
        await relay
    arrived = await _in_kafka(outbox) - before
    if arrived != ROWS:
        raise AssertionError(f"{arrived} of {ROWS} events arrived in Kafka")
    return (at_start + ROWS - first) / seconds


def _value(counter: Any) -> float:
    return float(counter._value.get())


async def _in_kafka(outbox: Outbox) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=outbox.servers)
    await consumer.start()
    ends = await consumer.end_offsets([TopicPartition(outbox.topic, number) for number in range(EVENT_PARTITIONS)])
    await consumer.stop()
    return sum(ends.values())


async def _naive(outbox: Outbox) -> float:
    connection = await asyncpg.connect(plain_url(outbox.bench.runtime.settings.database_url))
    producer = unhurried_producer(outbox.servers)
    await producer.start()
    sent, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < NAIVE_SECONDS:
        async with connection.transaction():
            row = await connection.fetchrow(_OLDEST)
            sent += 1
            await producer.send_and_wait(
                topic_of("baseline.", SERVICE, "events"),
                key=row["key"].encode(),
                value=row["body"],
                headers=_headers(sequence=sent, **{name: row[name] for name in ("event_id", "key", "recorded_at")}),
            )
            await connection.execute(_SENT, sent, row["event_id"])
    rate = sent / (time.perf_counter() - begun)
    await producer.stop()
    await connection.close()
    return rate


async def _bare(bootstrap_servers: str, body: bytes) -> float:
    producer: AIOKafkaProducer = open_producer(bootstrap_servers, client_id="bare")
    await producer.start()
    topic, now = topic_of("baseline.", SERVICE, "events"), utc_now()
    begun = time.perf_counter()
    for first in range(0, ROWS, BATCH):
        pending = []
        for n in range(first, min(first + BATCH, ROWS)):
            key = f"worker-{n % 997}"
            headers = _headers(event_id=f"{n:036}", sequence=n, key=key, recorded_at=now)
            pending.append(await producer.send(topic, key=key.encode(), value=body, headers=headers))
        await asyncio.gather(*pending)
    rate = ROWS / (time.perf_counter() - begun)
    await producer.stop()
    return rate


def _headers(**told: Any) -> list[tuple[str, bytes]]:
    source = source_of(SERVICE, "events")
    return kafka_headers(source=source, type_name=PayslipIssued.type_name(), traceparent=None, **told)


def payslip() -> PayslipIssued:
    return PayslipIssued(
        payslip_id="payslip-0123456789abcdef",
        run_id="run-0123456789abcdef",
        worker_id="worker-0123456789abcdef",
        area="320102002",
        staff="union_worker",
        month="2024-04",
        gross="5000.00",
        contributions="525.00",
        tax="0.00",
        net="4475.00",
        lines=[{"code": "post_pay", "label": "岗位工资", "amount": "5000.00"}],
    )


def plain_url(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")
