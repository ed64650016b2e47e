"""From a command's commit in one service to the committed effect of its event in another, on an idle platform."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.figures import figure, percentile, run_loop, say
from benchmarks.relay import plain_url
from benchmarks.servers import own_servers, unhurried_producer
from common.__main__ import find_service
from common.bus import create_topics, kafka_headers, publishers, source_of, topic_of
from common.clock import utc_now
from common.embedded.servers import Servers
from common.events.registry import OrganisationRegistered
from common.testing import Bench, open_bench
from registry.commands import register_organisation

SAMPLES = 100
ROUNDS = 4
FIGURES: dict[str, Any] = {"unions": 260, "workers": 7300, "households": None, "committee_term_ends_on": None}
BARE_TOPIC = topic_of("baseline.", "registry", "events")
BARE = "aiokafka alone: send_and_wait of the same event until getmany has it, same broker, same process"


class Arrivals:
    """When something was last seen to arrive; one is waited for at a time."""

    def __init__(self) -> None:
        self._expected: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def expect(self) -> asyncio.Future[float]:
        self._expected = asyncio.get_running_loop().create_future()
        return self._expected

    def arrived(self, *_: Any) -> None:
        if not self._expected.done():
            self._expected.set_result(time.perf_counter())


def run() -> None:
    with own_servers() as servers:
        run_loop(_measure(servers))


async def _measure(servers: Servers) -> None:
    registry, gateway = [await _opened(name, servers) for name in ("registry", "gateway")]
    await create_topics(servers.bootstrap_servers, prefix="", services=publishers())
    await create_topics(servers.bootstrap_servers, prefix="baseline.", services=["registry"])
    effects, on_bus = Arrivals(), Arrivals()
    listener = await asyncpg.connect(plain_url(gateway.runtime.settings.database_url))
    await listener.add_listener("change", effects.arrived)  # the gateway says it in the transaction of the effect
    consumer = AIOKafkaConsumer(
        topic_of("", "registry", "events"),
        BARE_TOPIC,
        bootstrap_servers=servers.bootstrap_servers,
        isolation_level="read_committed",
    )
    producer = unhurried_producer(servers.bootstrap_servers)
    await consumer.start()
    await producer.start()
    parts = [
        asyncio.create_task(work)
        for work in (registry.runtime.relay.run(), gateway.runtime.consumer.run(), _watch(consumer, on_bus))
    ]

    async def ours() -> tuple[float, float]:
        effect, seen = effects.expect(), on_bus.expect()
        await registry.run(
            register_organisation,
            organisation_id=None,
            name="梅园新村街道总工会",
            kind="street_union",
            area="320102002",
            **FIGURES,
        )
        committed = time.perf_counter()
        return await effect - committed, await seen - committed

    async def bare() -> float:
        seen, begun = on_bus.expect(), time.perf_counter()
        await _send(producer)
        return await seen - begun

    await _repeat(ours, times=10)  # connections, plans and topics are warm from here on
    await _repeat(bare, times=10)
    measured: list[tuple[float, float]] = []
    baseline: list[float] = []
    for turn in range(ROUNDS):
        measured += await _repeat(ours, times=SAMPLES)
        baseline += await _repeat(bare, times=SAMPLES)
        say(f"  round {turn + 1}: {2 * SAMPLES} events")

    for part in parts:
        part.cancel()
        with suppress(asyncio.CancelledError):
            await part
    await asyncio.gather(consumer.stop(), producer.stop(), listener.close())
    await asyncio.gather(registry.runtime.engine.dispose(), gateway.runtime.engine.dispose())
    _tell("commit_to_effect", [effect for effect, _ in measured], baseline)
    _tell("commit_to_bus", [seen for _, seen in measured], baseline)


def _tell(name: str, measured: list[float], baseline: list[float]) -> None:
    for percent in (50, 99):
        figure(
            f"{name}_p{percent}",
            ours=percentile(measured, percent) * 1000,
            baseline=percentile(baseline, percent) * 1000,
            unit="ms",
            baseline_is=BARE,
        )


async def _opened(name: str, servers: Servers) -> Bench:
    bench = await open_bench(find_service(name), admin_url=servers.admin_url, folder=servers.folder)
    bench.runtime.settings.kafka_bootstrap_servers = servers.bootstrap_servers
    return bench


async def _watch(consumer: AIOKafkaConsumer, arrivals: Arrivals) -> None:
    while True:
        if await consumer.getmany(timeout_ms=500):
            arrivals.arrived()


async def _send(producer: AIOKafkaProducer) -> None:
    event = OrganisationRegistered(
        organisation_id="organisation-0123456789abcdef",
        name="梅园新村街道总工会",
        kind="street_union",
        area="320102002",
        **FIGURES,
    )
    headers = kafka_headers(
        event_id="0" * 36,
        source=source_of("registry", "events"),
        type_name=event.type_name(),
        key=event.key,
        sequence=1,
        recorded_at=utc_now(),
        traceparent=None,
    )
    await producer.send_and_wait(
        BARE_TOPIC, key=event.key.encode(), value=event.model_dump_json().encode(), headers=headers
    )


async def _repeat(measure: Callable[[], Awaitable[Any]], *, times: int) -> list[Any]:
    found = []
    for _ in range(times):
        found.append(await asyncio.wait_for(measure(), 30))
        await asyncio.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - so as not to keep step with any timer
    return found
