"""The gateway's views and its hop to a service, each by one uvicorn worker, against bare code on the same database."""

import itertools
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import psutil  # type: ignore[import-untyped]
from sqlalchemy import make_url

from benchmarks.figures import figure, median, run_loop, say
from benchmarks.load import Plan, Request, Seen, load
from benchmarks.relay import plain_url
from benchmarks.servers import own_servers
from common.__main__ import find_service
from common.actors import Role
from common.bus import source_of
from common.embedded.databases import DatabaseUrls
from common.embedded.ports import free_port, is_open
from common.embedded.servers import Servers
from common.embedded.services import own_environment, service_urls, shared_environment
from common.testing import Bench, open_bench
from gateway.tests.life import life

ROUNDS = 3
READS = ("worker", "workers", "office")
BARE = (
    "bare Starlette, asyncpg and orjson answering the same JSON by the same SQL: no tokens, roles, row security, logs"
)
WORKERS, OFFICES, DECISIONS = 400, 12, 8
AREA = "320102"
_LEAVING = ("contracts.exit_case_opened.v1", "contracts.worker_left.v1")

# One worker's life, told by events, becomes a county of 12 offices and 400 workers with 8 decisions each.
_MULTIPLY = (
    """
    INSERT INTO organisation SELECT (jsonb_populate_record(o, jsonb_build_object('organisation_id', 'org-' || n))).*
    FROM organisation o, generate_series(1, $1) n
    """,
    """
    INSERT INTO worker SELECT (jsonb_populate_record(w, jsonb_build_object(
        'worker_id', 'worker-' || lpad(n::text, 5, '0'),
        'organisation_id', 'org-' || n % $2 + 1,
        'account', NULL,
        'subjects', jsonb_build_array('worker-' || lpad(n::text, 5, '0')),
        'pending', CASE WHEN n % 10 = 0 THEN w.pending ELSE '[]'::jsonb END,
        'body', w.body || jsonb_build_object('worker_id', 'worker-' || lpad(n::text, 5, '0'))
    ))).* FROM worker w, generate_series(1, $1) n
    """,
    """
    INSERT INTO decision_note SELECT (jsonb_populate_record(d, jsonb_build_object(
        'decision_id', 'decision-' || w.worker_id || '-' || n, 'subject', w.worker_id
    ))).* FROM worker w, generate_series(1, $1) n, decision_note d WHERE d.decision_id = 'decision-1'
    """,
)


@dataclass
class Process:
    """A server under load: what it has used of a processor so far, and what was seen from outside."""

    port: int
    process: psutil.Process
    headers: Mapping[str, str] = field(default_factory=dict)

    def cpu(self) -> float:
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def get(self, path: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=dict(self.headers))
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def load(self, requests: Sequence[Request], **plan: Any) -> Seen:
        return load(Plan(port=self.port, requests=requests, headers=self.headers, **plan))


@dataclass(frozen=True)
class Measured:
    rate: float
    cpu_ms: float
    p50: float


def run() -> None:
    with own_servers() as servers, ExitStack() as stack:
        gateway, registry = run_loop(_prepare(servers))
        headers = {
            "Authorization": "Bearer "
            + gateway.issuer.token(subject="clerk", roles=[str(Role.LEAD_DEPARTMENT)], area="3201")
        }
        ports = {name: free_port() for name in ("gateway", "registry")}
        shared = shared_environment(
            folder=servers.folder,
            bootstrap_servers=servers.bootstrap_servers,
            urls=service_urls(ports),
            settings={},
        )

        def service(bench: Bench) -> Process:
            name, settings = bench.runtime.service.name, bench.runtime.settings
            urls = DatabaseUrls(database_url=settings.database_url, owner_url=settings.owner_database_url)
            environment = shared | own_environment(port=ports[name], urls=urls)
            running = _served("common", name, "api", environment=environment, log=servers.folder / f"{name}.log")
            return replace(stack.enter_context(running), headers=headers)

        bare_environment = {"SERVICE_PORT": str(free_port()), "DATABASE_URL": _unguarded(servers, gateway)}
        bare = stack.enter_context(
            _served("benchmarks.bare", environment=bare_environment, log=servers.folder / "bare.log")
        )
        ours, owner = service(gateway), service(registry)
        bare_read = _views(ours, bare)
        _hop(ours, owner, bare_read)


async def _prepare(servers: Servers) -> tuple[Bench, Bench]:
    gateway, registry = [
        await open_bench(find_service(name), admin_url=servers.admin_url, folder=servers.folder)
        for name in ("gateway", "registry")
    ]
    sequences: dict[str, Iterator[int]] = {}
    for event in itertools.chain.from_iterable(life().values()):
        if event.type_name() not in _LEAVING:
            source = source_of(event.publisher, event.stream)
            await gateway.hear(event, sequence=next(sequences.setdefault(source, itertools.count(1))))
    admin = await asyncpg.connect(_unguarded(servers, gateway))
    for statement, numbers in zip(_MULTIPLY, ((OFFICES,), (WORKERS, OFFICES), (DECISIONS,)), strict=True):
        await admin.execute(statement, *numbers)
    await admin.execute("ANALYZE")
    await admin.close()
    for bench in (gateway, registry):
        await bench.runtime.engine.dispose()
    return gateway, registry


def _unguarded(servers: Servers, bench: Bench) -> str:
    """The service's database as the administrator, whom row-level security does not hold."""
    database = make_url(bench.runtime.settings.database_url).database
    return plain_url(make_url(servers.admin_url).set(database=database).render_as_string(hide_password=False))


@contextmanager
def _served(module: str, *arguments: str, environment: Mapping[str, str], log: Path) -> Iterator[Process]:
    port = int(environment["SERVICE_PORT"])
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=os.environ | dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        ends = time.monotonic() + 30
        while not is_open(port):
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{module} {' '.join(arguments)} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield Process(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def _views(ours: Process, bare: Process) -> Measured:
    """All three reads; returns the bare single read, the yardstick of the hop."""
    requests = {
        "worker": [Request(f"/v1/workers/worker-{n:05}") for n in range(1, WORKERS + 1)],
        "workers": [Request("/v1/workers")],
        "office": [Request(f"/v1/offices/{AREA}")],
    }
    measured: dict[tuple[str, str], Measured] = {}
    for name in READS:
        _compare(ours.get(requests[name][0].path), bare.get(requests[name][0].path), name)
        found = _in_turn({"ours": ours, "bare": bare}, requests[name])
        measured |= {(side, name): one for side, one in found.items()}
        for unit, read in (("requests/s", "rate"), ("CPU-ms/request", "cpu_ms")):
            figure(
                f"gateway_{name}_{read}",
                ours=getattr(found["ours"], read),
                baseline=getattr(found["bare"], read),
                unit=unit,
                baseline_is=BARE,
            )
    figure(
        "gateway_office_to_workers_cpu_ms",
        ours=measured["ours", "office"].cpu_ms,
        baseline=measured["ours", "workers"].cpu_ms,
        unit="CPU-ms/request",
        baseline_is="the gateway's own list of 50 workers",
    )
    return measured["bare", "worker"]


def _hop(ours: Process, owner: Process, bare_read: Measured) -> None:
    body = json.dumps({"name": "梅园新村街道总工会", "kind": "street_union", "area": "320102002"}, ensure_ascii=False)
    command = [Request("/v1/organisations", method="POST", body=body)]
    found = _in_turn({"through": ours, "direct": owner}, command, status=201, connections=1)
    figure(
        "gateway_command_p50",
        ours=found["through"].p50 * 1000,
        baseline=found["direct"].p50 * 1000,
        unit="ms",
        baseline_is="the same command sent to the service itself, one at a time",
    )
    figure(
        "gateway_hop_cpu_ms",
        ours=found["through"].cpu_ms,
        baseline=bare_read.cpu_ms,
        unit="CPU-ms/request",
        baseline_is="a single read by bare Starlette, asyncpg and orjson; the service's own processor time not counted",
    )


def _compare(ours: Any, bare: Any, name: str) -> None:
    for one in (ours, bare):
        one.pop("next", None)  # the gateway signs its cursors
    if ours != bare:
        raise AssertionError(f"{name}: the baseline does not answer the same JSON")


def _in_turn(sides: Mapping[str, Process], requests: Sequence[Request], **plan: Any) -> dict[str, Measured]:
    for process in sides.values():
        process.load(requests, **plan | {"seconds": 0.5})
    found: dict[str, list[Measured]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, process in sides.items():
            before = process.cpu()
            seen = process.load(requests, **plan)
            cpu_ms = (process.cpu() - before) / seen.answers * 1000
            found[side].append(Measured(seen.rate, cpu_ms, seen.p50))
    shown = {
        side: Measured(*(median([getattr(one, name) for one in runs]) for name in ("rate", "cpu_ms", "p50")))
        for side, runs in found.items()
    }
    for side, one in shown.items():
        rate = f"{one.rate:.0f}/s, {one.cpu_ms:.3f} CPU-ms, p50 {one.p50 * 1000:.2f} ms"
        say(f"  {requests[0].method} {requests[0].path} {side}: {rate}")
    return shown
