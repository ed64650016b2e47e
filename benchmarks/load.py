"""A client for measuring: keep-alive HTTP/1.1 over bare sockets, in a process of its own.

`python -m benchmarks.load` reads a plan as JSON from stdin and writes what it saw as JSON to stdout.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Self

from benchmarks.figures import percentile, run_loop


@dataclass(frozen=True)
class Request:
    path: str
    method: str = "GET"
    body: str = ""

    def encode(self, *, port: int, headers: Mapping[str, str]) -> bytes:
        body = self.body.encode()
        told = {"Host": f"127.0.0.1:{port}", **headers}
        if body:
            told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        return "\r\n".join(lines).encode() + body


@dataclass(frozen=True)
class Seen:
    """Every answer had the status asked for: one that had not would have ended the run."""

    answers: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


@dataclass(frozen=True)
class Plan:
    port: int
    requests: Sequence[Request]
    headers: Mapping[str, str]
    status: int = 200
    connections: int = 4
    seconds: float = 1.5

    @classmethod
    def read(cls, text: str) -> Self:
        said = json.loads(text)
        return cls(**said | {"requests": [Request(**request) for request in said["requests"]]})


def load(plan: Plan) -> Seen:
    command = [sys.executable, "-m", "benchmarks.load"]
    done = subprocess.run(command, input=json.dumps(asdict(plan)), stdout=subprocess.PIPE, text=True, check=True)
    return Seen(**json.loads(done.stdout))


async def _send_all(plan: Plan) -> Seen:
    encoded = cycle([request.encode(port=plan.port, headers=plan.headers) for request in plan.requests])
    waits: list[float] = []
    begun = time.perf_counter()

    async def keep_asking() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", plan.port)
        while (asked := time.perf_counter()) < begun + plan.seconds:
            writer.write(next(encoded))
            status, body = await _answer(reader)
            if status != plan.status:
                raise SystemExit(f"status {status}: {body[:500].decode(errors='replace')}")
            waits.append(time.perf_counter() - asked)
        writer.close()

    await asyncio.gather(*(keep_asking() for _ in range(plan.connections)))
    seconds = time.perf_counter() - begun
    return Seen(len(waits), seconds, percentile(waits, 50), percentile(waits, 99))


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = head.partition("content-length:")[2].partition("\r\n")[0]
    return int(head.split(" ", 2)[1]), await reader.readexactly(int(length or 0))


if __name__ == "__main__":
    print(json.dumps(asdict(run_loop(_send_all(Plan.read(sys.stdin.read()))))))
