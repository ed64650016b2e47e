import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from common.embedded.kafka import Kafka
from common.embedded.ports import free_port
from common.embedded.postgres import Postgres


class Servers:
    """PostgreSQL and Kafka without services, for a test session: ours, or those that the environment names."""

    def __init__(self, folder: Path, *, fast: bool = True) -> None:
        self.folder = folder
        first = free_port(consecutive=3)
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(folder, port=first, fast=fast)
        self.kafka: Kafka | None = None
        if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
            self.kafka = Kafka(folder, port=first + 1, controller_port=first + 2)

    @property
    def admin_url(self) -> str:
        return self.postgres.admin_url if self.postgres else os.environ["DATABASE_URL"]

    @property
    def bootstrap_servers(self) -> str:
        return self.kafka.bootstrap_servers if self.kafka else os.environ["KAFKA_BOOTSTRAP_SERVERS"]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            starting = [pool.submit(server.start) for server in (self.postgres, self.kafka) if server]
            for server in starting:
                server.result()

    def stop(self) -> None:
        for server in (self.kafka, self.postgres):
            if server:
                server.stop()
