"""A PostgreSQL and a Kafka for one benchmark, and the producer that baselines send with."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from aiokafka import AIOKafkaProducer

from common.embedded.servers import Servers
from common.keys import make_keys


@contextmanager
def own_servers() -> Iterator[Servers]:
    """A PostgreSQL and a Kafka for this benchmark; PostgreSQL as durable as `make run` has it."""
    # Only figures may appear on stdout.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(40), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        make_keys(folder / "keys.json")
        with Servers(folder, fast=False) as servers:
            yield servers


def unhurried_producer(bootstrap_servers: str) -> AIOKafkaProducer:
    """As safe as the relay's producer, but it sends at once: for baselines that wait for each message."""
    return AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", enable_idempotence=True, linger_ms=0)
