"""A whole run on two payroll processes: facts in tables to sealed slips, lines, totals and events in tables."""

import asyncio
import io
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from benchmarks.payroll_facts import COUNTY, MONTH, STAFF, Facts, parameters
from common.__main__ import find_service, service_names
from common.actors import Role
from common.bus import create_topics
from common.embedded.ports import free_port
from common.embedded.servers import Servers
from common.testing import Bench, empty_tables, open_bench, somebody
from payroll import commands

WORKERS = 2
PATIENCE_S = 3600
_WATCH = 0.02
_JOINING = 0.5
# What a run writes; the rows of a batch are copied in one transaction, as they were written in one.
_BY_BATCH = {
    "payslip": "SELECT * FROM payslip WHERE batch_id = '{batch}'",
    "payslip_line": "SELECT l.* FROM payslip_line l JOIN payslip s USING (slip_no) WHERE s.batch_id = '{batch}'",
    "set_aside": "SELECT * FROM set_aside WHERE batch_id = '{batch}'",
    "payroll_batch": "SELECT * FROM payroll_batch WHERE batch_id = '{batch}'",
    "contribution_base": (
        "SELECT b.* FROM contribution_base b JOIN payroll_batch p USING (area) "
        "WHERE p.batch_id = '{batch}' AND b.organisation_id IS NOT NULL"
    ),
}
_TOLD = """
CREATE TEMPORARY TABLE told AS
SELECT event_id, ntile({parts}) OVER (ORDER BY turn, ordinal) AS part FROM outbox_message WHERE turn > {after};
CREATE INDEX ON told (part);
ANALYZE told;
"""
_OUTBOX = "SELECT m.* FROM outbox_message m JOIN told USING (event_id) WHERE told.part = {part}"
Copies = list[dict[str, bytes]]  # by batch: a table's rows, as COPY has them


@dataclass(frozen=True)
class Measured:
    """Seconds: to slips that can be reviewed, to sealed ones with all their events, and of copying the same rows."""

    people: int
    calculated: float
    sealed: float
    copied: float
    peak_mb: float


@dataclass
class Place:
    """A service with its database, the topics, and a superuser's connection to that database."""

    servers: Servers
    bench: Bench
    admin: Any
    prefix: str
    administrator: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.bench.runtime.settings.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": self.servers.bootstrap_servers,
            "TOPIC_PREFIX": self.prefix,
            "EMBEDDED": "true",
            "FOLDER": str(self.servers.folder),
            "LOG_LEVEL": "error",
        }


async def measure(servers: Servers, people: int, *, number: int) -> Measured:
    """One run with tables and topics of its own."""
    async with _place(servers, prefix=f"run{number}.") as place:
        await _tell(place, Facts(people))
        turn = await place.admin.fetchval("SELECT coalesce(max(turn), 0) FROM outbox_message")
        with _processes(place) as workers:
            await _joined(place)
            calculated, sealed = await _run(place)
            peak = max(_peak_mb(process.pid) for process in workers)
        await _everybody_is_paid(place, people)
        copies = await _copies(place, after=turn)
        return Measured(people, calculated, sealed, await _copy(place, copies), peak)


@asynccontextmanager
async def _place(servers: Servers, *, prefix: str) -> AsyncIterator[Place]:
    bench = await open_bench(find_service("payroll"), admin_url=servers.admin_url, folder=servers.folder)
    bench.runtime.settings.kafka_bootstrap_servers = servers.bootstrap_servers
    bench.runtime.settings.topic_prefix = prefix
    await create_topics(servers.bootstrap_servers, prefix=prefix, services=service_names())
    administrator = _database_of(servers.admin_url, bench.runtime.settings.database_url)
    admin = await asyncpg.connect(administrator)
    try:
        yield Place(servers, bench, admin, prefix, administrator)
    finally:
        await admin.close()
        await bench.runtime.engine.dispose()


async def _tell(place: Place, facts: Facts) -> None:
    await empty_tables(place.bench)
    await place.bench.save(*parameters())
    await facts.tell(place.admin)


async def _run(place: Place) -> tuple[float, float]:
    """Seconds until the run is calculated, and those from its approval until every slip has been issued, added up."""
    clerk, reviewer, chief = (
        somebody(Role.FINANCE, area=COUNTY, subject=name) for name in ("clerk", "reviewer", "chief")
    )
    on, run = date(2026, 3, 25), place.bench.run
    opened = await run(
        commands.open_payroll_run, actor=clerk, area=COUNTY, staff=STAFF, month=MONTH, paid_in=MONTH, on=on
    )
    begun = time.perf_counter()
    await run(commands.calculate_payroll_run, actor=clerk, run_id=opened.run_id, on=on)
    await _until(place, "SELECT status = 'calculated' FROM payroll_run")
    calculated = time.perf_counter() - begun
    aside = await place.admin.fetchval("SELECT set_aside FROM payroll_run")
    await run(commands.review_payroll_run, actor=reviewer, run_id=opened.run_id, on=on, set_aside=aside)
    begun = time.perf_counter()
    await run(commands.approve_payroll_run, actor=chief, run_id=opened.run_id, on=on, reason="bench")
    await _until(place, "SELECT bool_and(issued_at IS NOT NULL) FROM payroll_batch")
    return calculated, calculated + time.perf_counter() - begun


async def _joined(place: Place) -> None:
    """Returns when the workers have divided the topics among themselves."""
    kafka = AIOKafkaAdminClient(bootstrap_servers=place.servers.bootstrap_servers)
    await kafka.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await _is_joined(kafka, group=f"{place.prefix}payroll"):
                await asyncio.sleep(_JOINING)
    finally:
        await kafka.close()


async def _is_joined(kafka: AIOKafkaAdminClient, *, group: str) -> bool:
    with suppress(GroupCoordinatorNotAvailableError):
        [answer] = await kafka.describe_consumer_groups([group])
        _, _, state, _, _, members, *_ = answer.groups[0]
        return bool(state == "Stable" and len(members) == WORKERS)
    return False


async def _until(place: Place, question: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await place.admin.fetchval(question):
            await asyncio.sleep(_WATCH)


async def _everybody_is_paid(place: Place, people: int) -> None:
    """But for the few that begin at the very end of the month and do not earn their contributions."""
    slips = await place.admin.fetchval("SELECT count(*) FROM payslip")
    if slips < people * 0.99:
        reasons = await place.admin.fetch("SELECT code, count(*) FROM set_aside GROUP BY code")
        parked = await place.admin.fetchval("SELECT count(*) FROM parked_message")
        raise AssertionError(f"{slips} slips for {people} people; set aside {reasons}, {parked} messages parked")


async def _copies(place: Place, *, after: int) -> Copies:
    batches = [row[0] for row in await place.admin.fetch("SELECT batch_id FROM payroll_batch ORDER BY area")]
    await place.admin.execute("VACUUM ANALYZE")
    await place.admin.execute(_TOLD.format(parts=len(batches), after=after))
    found: Copies = []
    for part, batch in enumerate(batches, start=1):
        queries = {name: query.format(batch=batch) for name, query in _BY_BATCH.items()}
        queries["outbox_message"] = _OUTBOX.format(part=part)
        rows = {}
        for table, query in queries.items():
            target = io.BytesIO()
            await place.admin.copy_from_query(query, output=target, format="binary")
            rows[table] = target.getvalue()
        found.append(rows)
    return found


async def _copy(place: Place, copies: Copies) -> float:
    """The same rows into the same tables with their indexes, by as many connections as there were workers."""
    await place.admin.execute("TRUNCATE payslip, payslip_line, set_aside, payroll_batch, outbox_message CASCADE")
    await place.admin.execute("DELETE FROM contribution_base WHERE organisation_id IS NOT NULL")
    await place.admin.execute("VACUUM contribution_base")
    await place.admin.execute("CHECKPOINT")
    connections = [await asyncpg.connect(place.administrator) for _ in range(WORKERS)]
    try:
        begun = time.perf_counter()
        await asyncio.gather(*(_copy_part(one, copies[number::WORKERS]) for number, one in enumerate(connections)))
        return time.perf_counter() - begun
    finally:
        for one in connections:
            await one.close()


async def _copy_part(connection: Any, copies: Copies) -> None:
    for rows in copies:
        async with connection.transaction():
            for table, content in rows.items():
                await connection.copy_to_table(table, source=io.BytesIO(content), format="binary")


@contextmanager
def _processes(place: Place) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Those that work, and one that sends: they are run as an installation runs them."""
    with (place.servers.folder / "payroll.log").open("ab") as output:
        workers = [_start("consumer", place.environment, output, instance=number) for number in range(WORKERS)]
        relay = _start("relay", place.environment, output, instance=WORKERS)
        try:
            yield workers
        finally:
            for process in (*workers, relay):
                process.terminate()
            for process in (*workers, relay):
                process.wait()


def _start(part: str, environment: dict[str, str], output: Any, *, instance: int) -> "subprocess.Popen[bytes]":
    """Each with an instance of its own: the group takes two of one name for the same worker begun again."""
    own = os.environ | environment | {"SERVICE_PORT": str(free_port()), "INSTANCE": str(instance)}
    command = [sys.executable, "-m", "common", "payroll", part]
    return subprocess.Popen(command, env=own, stdout=output, stderr=output)


def _peak_mb(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _database_of(admin_url: str, database_url: str) -> str:
    """The administrator's way into that database, as asyncpg and others read it."""
    at = urlsplit(admin_url.replace("+asyncpg", ""))
    return urlunsplit(at._replace(path=urlsplit(database_url).path))
