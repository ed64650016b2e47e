import random
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import psutil  # type: ignore[import-untyped]

from common.embedded.refusals import StartRefused

HOST = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections.
SEARCHED = range(10_000, 30_000)


@dataclass(frozen=True, kw_only=True)
class Ports:
    gateway: int = 8000
    services_from: int = 8101
    witness: int = 8190
    postgres: int = 25432
    kafka: int = 29092
    kafka_controller: int = 29093

    @classmethod
    def free(cls, *, services: int = 8) -> Self:
        first = free_port(consecutive=services + 5)
        return cls(
            gateway=first,
            postgres=first + 1,
            kafka=first + 2,
            kafka_controller=first + 3,
            witness=first + 4,
            services_from=first + 5,
        )

    def of_services(self, services: Sequence[str]) -> dict[str, int]:
        inner = [name for name in services if name != "gateway"]
        ports = {name: self.services_from + place for place, name in enumerate(inner)}
        if "gateway" in services:
            ports["gateway"] = self.gateway
        return ports


def free_port(*, consecutive: int = 1) -> int:
    for _ in range(200):
        first = random.randrange(SEARCHED.start, SEARCHED.stop - consecutive)  # noqa: S311 - not a secret
        if all(is_free(port) for port in range(first, first + consecutive)):
            return first
    raise StartRefused(chinese="本机找不到空闲的端口。", english="No free port was found on this machine.")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_open(port: int, *, host: str = HOST) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def require_free(ports: Iterable[int]) -> None:
    for port in ports:
        if not is_free(port):
            chinese, english = _holder(port)
            raise StartRefused(
                chinese=f"端口 {port} 已被占用{chinese}:请先停掉占用者,或换一个端口。",
                english=f"Port {port} is taken{english}: stop what holds it, or choose another port.",
            )


def _holder(port: int) -> tuple[str, str]:
    try:
        connections = psutil.net_connections("tcp")
        holder = next(c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid)
        command = " ".join(psutil.Process(holder).cmdline())[:120]
    except (StopIteration, psutil.Error):
        return "", ""
    return f"(进程 {holder}:{command})", f" (process {holder}: {command})"
