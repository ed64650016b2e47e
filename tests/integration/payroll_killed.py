"""`python -m tests.integration.payroll_killed 200`: payroll's processes killed in the midst of a run of so many people.

Two processes share the run over a real bus. One is killed with SIGKILL while it holds a batch half written: in the
first batch, the second, the middle one and the last; after the totals were added up; while slips are issued; and, after
that, whoever seals the payment file. Every message is told again, with its own id and with another. What is left
behind must be that of a run which nobody disturbed: slips, lines, sums, roots, events, and one file.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import psutil  # type: ignore[import-untyped]
from sqlalchemy import func, select

from common.__main__ import service_names
from common.bus import create_topics, kafka_headers, open_producer, source_of, topic_of
from common.clock import utc_now
from common.embedded.ports import free_port
from common.embedded.servers import Servers
from common.events.payroll import ContributionOverdue, PayslipIssued
from common.keys import make_keys
from common.service import Runtime
from common.settings import Settings
from common.tables import InboxMessage, OutboxMessage, ParkedMessage
from common.testing import Bench, open_bench
from common.transaction import transaction
from payroll.commands import accounts, payments, reviewing
from payroll.commands.slip_rows import AMOUNTS
from payroll.main import service
from payroll.models import PaymentFile, PayrollBatch, Payslip, PayslipLine, RunStatus, SetAside
from payroll.tests.offices import Office, seeded_parameters

PEOPLE_OF_A_STREET = 5
COUNTY, MONTH = "220102", "2026-03"
DAY = date(2026, 3, 31)
_PATIENCE_S = 300.0


class Payroll:
    """Payroll's own processes on a database and topics of their own: a relay, and two that take work."""

    def __init__(self, bench: Bench, folder: Path, kafka: str, *, admin_url: str) -> None:
        self.bench = bench
        self.folder = folder
        self.admin_url = admin_url
        self.kafka = kafka
        self.office = Office(bench)
        self.relay: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def prefix(self) -> str:
        return f"{self.folder.name}-{os.getpid()}."

    @contextmanager
    def running(self) -> Iterator[None]:
        """Two that take work; they hear of none before the relay is started."""
        try:
            self.workers = [self._start("consumer", str(number)) for number in range(2)]
            yield
        finally:
            for process in (*self.workers, *([self.relay] if self.relay else [])):
                process.kill()
                process.wait()

    def start_relay(self) -> None:
        self.relay = self._start("relay", "relay")

    def _start(self, part: str, instance: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "common", "payroll", part],
            env=self._environment(instance),
            stdout=self._log(f"{part}-{instance}"),
            stderr=subprocess.STDOUT,
        )

    def _environment(self, instance: str) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.bench.runtime.settings.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "TOPIC_PREFIX": self.prefix,
            "EMBEDDED": "true",
            "FOLDER": str(self.bench.runtime.settings.folder),
            "INSTANCE": instance,
            "SERVICE_PORT": str(free_port()),
        }

    def _log(self, name: str) -> Any:
        return (self.folder / f"{name}.log").open("ab")

    def kill_who_waits(self, backend: int) -> None:
        """SIGKILL to the process whose connection that is, found by its port; another takes its place."""
        for number, process in enumerate(self.workers):
            if backend in _ports_of(process.pid):
                process.kill()
                process.wait()
                self.workers[number] = self._start("consumer", str(number))
                return
        raise AssertionError(f"no process has a connection from port {backend}")

    def seal_file(self, run_id: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.integration.payroll_killed", "seal", run_id],
            env=self._environment("seal"),
            stdout=self._log("seal"),
            stderr=subprocess.STDOUT,
        )


def _ports_of(pid: int) -> set[int]:
    """The local ports of a process's connections."""
    return {one.laddr.port for one in psutil.Process(pid).net_connections(kind="tcp") if one.laddr}


# ── the stage ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _prepare(folder: Path, admin_url: str, kafka: str, *, people: int, number: int) -> Payroll:
    bench = await open_bench(service, admin_url=admin_url, folder=folder, number=number)
    payroll = Payroll(bench, folder / f"payroll-{number}", kafka, admin_url=admin_url)
    payroll.folder.mkdir()
    await create_topics(kafka, prefix=payroll.prefix, services=service_names())
    office = payroll.office
    await bench.save(*seeded_parameters())
    await office.has_standard("4000.00")
    for person in range(people):
        worker_id = f"worker-{person:06}"
        street = f"{COUNTY}{person // PEOPLE_OF_A_STREET + 1:03}"
        await office.has_worker(worker_id, area=f"{street}001", organisation_id=f"street-{street}")
        await office.enters(worker_id, MONTH, score=str(60 + person % 40))
        if person % 11 != 7:  # some have no account, and are held back
            entered = await office.run(
                accounts.enter_bank_account,
                worker_id=worker_id,
                bank="某银行",
                holder=worker_id,
                number=f"62220000000{person:08}",
                sealer=bench.runtime.sealer,
            )
            await office.run(accounts.confirm_bank_account, actor=office.chief, account_id=entered.account.account_id)
    await office.has_worker("without-standard", area=f"{COUNTY}001001", post_class="unheard_of")
    return payroll


async def _until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not await holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        await asyncio.sleep(0.02)


# ── killing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_WAITERS = """
SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND $1 = ANY(pg_blocking_pids(pid))
"""
BETWEEN_SLIPS_AND_LINES = "LOCK TABLE payslip_line IN SHARE MODE"
AFTER_TOTALS = "SELECT FROM payroll_run FOR UPDATE"
WHILE_ISSUING = "LOCK TABLE change IN SHARE MODE"
BEFORE_FILE = "LOCK TABLE payment_file IN SHARE MODE"


class Gate:
    """A lock that whoever works must wait for in the midst of a transaction.

    Letting them through admits those who wait, and closes again behind them: the database serves in turn.
    """

    def __init__(self, payroll: Payroll, connection: "asyncpg.Connection[Any]", lock: str) -> None:
        self.payroll = payroll
        self.connection = connection
        self.lock = lock

    async def close(self) -> None:
        await self.connection.execute("BEGIN")
        await self.connection.execute(self.lock)

    async def open(self) -> None:
        await self.connection.execute("ROLLBACK")

    async def waiters(self, *, of: "subprocess.Popen[bytes] | None" = None) -> list[int]:
        """The ports of the connections that wait at it, once there is one; `of` is who is to come, and must live."""
        end = time.monotonic() + _PATIENCE_S
        async with _admin(self.payroll) as watching:
            while True:
                found = await watching.fetch(_WAITERS, self.connection.get_server_pid())
                if found:
                    return [row["client_port"] for row in found]
                assert of is None or of.poll() is None, "it ended before it came here; its log says why"
                assert time.monotonic() < end, f"nobody came to: {self.lock}"
                await asyncio.sleep(0.01)

    async def kill_one(self, kill: Callable[[int], None]) -> None:
        kill((await self.waiters())[0])


@asynccontextmanager
async def _admin(payroll: Payroll) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """With the administrator's eyes: only he sees whose connection waits for whom."""
    name = payroll.bench.runtime.settings.database_url.rpartition("/")[2]
    url = payroll.admin_url.replace("postgresql+asyncpg", "postgresql").rpartition("/")[0]
    connection = await asyncpg.connect(f"{url}/{name}")
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _gate(payroll: Payroll, lock: str) -> AsyncIterator[Gate]:
    async with _admin(payroll) as connection:
        gate = Gate(payroll, connection, lock)
        await gate.close()
        yield gate
        await gate.open()


async def _kill_while_calculating(payroll: Payroll, run_id: str) -> int:
    """At the first batch, the second, the middle one and the last, then after the totals; how many kills."""
    office, kills = payroll.office, 0
    run = await office.the_run(run_id)
    async with _gate(payroll, BETWEEN_SLIPS_AND_LINES) as gate:
        payroll.start_relay()
        points = [0, 1, run.batches // 2, run.batches - 2]
        while points:
            await gate.waiters()
            if (await office.the_run(run_id)).batches_done >= points[0]:
                await gate.kill_one(payroll.kill_who_waits)
                points.pop(0)
                kills += 1
                if len(points) == 2:
                    await _tell_again(payroll)
            elif points:
                await gate.open()
                await gate.close()
        async with _gate(payroll, AFTER_TOTALS) as totals:
            await gate.open()
            await totals.kill_one(payroll.kill_who_waits)
            await gate.connection.execute("BEGIN")
    return kills + 1


async def _tell_again(payroll: Payroll) -> list[str]:
    """Every message about work, with its own id and with another; the new ids."""
    async with payroll.bench.session() as session:
        rows = list(await session.scalars(select(OutboxMessage).where(OutboxMessage.stream == "work")))
    producer = open_producer(payroll.kafka, client_id="again")
    await producer.start()
    told = []
    for row in rows:
        told.append(str(uuid4()))
        for event_id in (row.event_id, told[-1]):
            headers = kafka_headers(
                event_id=event_id,
                source=source_of(service.name, "work"),
                type_name=row.type,
                key=row.key,
                sequence=row.sequence or 1,
                recorded_at=utc_now(),
                traceparent=None,
            )
            topic = topic_of(payroll.prefix, service.name, "work")
            await producer.send(topic, key=row.key.encode(), value=row.body, headers=headers)
    await producer.stop()
    return told


async def _heard(payroll: Payroll, event_ids: list[str]) -> bool:
    async with payroll.bench.session() as session:
        query = select(func.count()).select_from(InboxMessage).where(InboxMessage.event_id.in_(event_ids))
        return await session.scalar(query) == len(event_ids)


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _play(payroll: Payroll, *, disturbed: bool) -> tuple[dict[str, Any], int]:
    """From opening to closing; what was left behind, and how often somebody was killed."""
    office, kills = payroll.office, 0
    run_id = await office.opens(MONTH, area=COUNTY)
    await office.queues(run_id)
    with payroll.running():
        if disturbed:
            kills += await _kill_while_calculating(payroll, run_id)
        else:
            payroll.start_relay()
        await _until(lambda: _is(payroll, run_id, RunStatus.CALCULATED), "the calculation")
        await office.reviews(run_id)
        if disturbed:
            async with _gate(payroll, WHILE_ISSUING) as gate:
                await _approve(office, run_id)
                await gate.kill_one(payroll.kill_who_waits)
                kills += 1
        else:
            await _approve(office, run_id)
        await _until(lambda: _all_issued(payroll), "the slips")
        if disturbed:
            told = await _tell_again(payroll)
            await _until(lambda: _heard(payroll, told), "what was told again")
            kills += await _kill_before_file(payroll, run_id)
        assert await asyncio.to_thread(payroll.seal_file(run_id).wait, _PATIENCE_S) == 0, "the file was not sealed"
    await _pay_and_close(payroll, run_id)
    return await _left_behind(payroll, run_id), kills


async def _approve(office: Office, run_id: str) -> None:
    await office.run(reviewing.approve_payroll_run, actor=office.chief, run_id=run_id, on=DAY)


async def _kill_before_file(payroll: Payroll, run_id: str) -> int:
    """The totals stand, the file is worked out, and is not written yet."""
    async with _gate(payroll, BEFORE_FILE) as gate:
        sealing = payroll.seal_file(run_id)
        await gate.waiters(of=sealing)
        sealing.kill()
        sealing.wait()
    return 1


async def _pay_and_close(payroll: Payroll, run_id: str) -> None:
    office = payroll.office
    [file] = await payroll.bench.rows(PaymentFile)
    await office.run(payments.record_payment, file_id=file.file_id, on=DAY, reference="bank-1")
    run = await office.the_run(run_id)
    closing: dict[str, Any] = {
        "run_id": run_id,
        "on": DAY,
        "set_aside": run.set_aside,
        "held_back": file.held_back,
    }
    await office.run(reviewing.close_payroll_run, **closing)


async def _is(payroll: Payroll, run_id: str, status: RunStatus) -> bool:
    return (await payroll.office.the_run(run_id)).status == status


async def _all_issued(payroll: Payroll) -> bool:
    return all(batch.issued_at is not None for batch in await payroll.bench.rows(PayrollBatch))


async def _left_behind(payroll: Payroll, run_id: str) -> dict[str, Any]:
    """Everything but ids and moments, which are never the same."""
    bench = payroll.bench
    assert [one.reason for one in await bench.rows(ParkedMessage)] == []
    run = await payroll.office.the_run(run_id)
    slips = {row.slip_no: row for row in await bench.rows(Payslip)}
    lines: dict[int, list[Any]] = {}
    for row in sorted(await bench.rows(PayslipLine), key=lambda row: (row.slip_no, row.ordinal)):
        lines.setdefault(row.slip_no, []).append((row.code, row.amount, row.period))
    [file] = await bench.rows(PaymentFile)
    events = Counter(type(event).__name__ for event in await bench.sent())
    events.pop(ContributionOverdue.__name__, None)  # said when the daily look comes by, or not yet
    return {
        "run": {name: getattr(run, name) for name in ("status", "attempt", "batches", "batches_done", *_TOTALS)},
        "slips": sorted(
            (row.worker_id, row.area, row.leaf, *(getattr(row, name) for name in AMOUNTS), tuple(lines[row.slip_no]))
            for row in slips.values()
        ),
        "lines without a slip": sorted(set(lines) - set(slips)),
        "batches": sorted((row.area, row.root, row.workers, row.set_aside) for row in await bench.rows(PayrollBatch)),
        "set aside": sorted((row.worker_id, row.code) for row in await bench.rows(SetAside)),
        "issued": dict(Counter(event.worker_id for event in await bench.sent(PayslipIssued))),
        "events": dict(events),
        "sealed": len(await bench.decisions("payroll.batch_sealed")),
        "file": (file.number, file.people, file.total, file.held_back),
    }


_TOTALS = (
    "workers",
    "set_aside",
    "gross_total",
    "contributions_total",
    "employer_total",
    "tax_total",
    "net_total",
)


async def run(people: int, *, folder: Path, admin_url: str, kafka: str) -> dict[str, Any]:
    """What was done; AssertionError where a run that was disturbed leaves something else behind."""
    make_keys(folder / "keys.json")
    calm = await _prepare(folder, admin_url, kafka, people=people, number=2)
    expected, _ = await _play(calm, disturbed=False)
    disturbed = await _prepare(folder, admin_url, kafka, people=people, number=3)
    found, kills = await _play(disturbed, disturbed=True)
    for name, left in expected.items():
        assert found[name] == left, f"{name} differs: {_shortened(found[name])} and not {_shortened(left)}"
    for payroll in (calm, disturbed):
        await payroll.bench.runtime.engine.dispose()
    return {"people": people, "batches": found["run"]["batches"], "slips": len(found["slips"]), "kills": kills}


def _shortened(value: Any) -> str:
    return str(value)[:400]


async def _seal(run_id: str) -> None:
    """Seal the payment file of a run, in the environment that payroll's processes have."""
    runtime = Runtime(service, Settings())
    about: dict[str, Any] = {"service": service.name, "policies": runtime.policies}
    async with transaction(runtime.sessions, actor=Office.chief, now=utc_now(), **about) as tx:
        await payments.seal_payment_file(tx, run_id=run_id, sealer=runtime.sealer, on=DAY)
    await runtime.engine.dispose()


def main(arguments: list[str]) -> int:
    if arguments[0] == "seal":
        asyncio.run(_seal(arguments[1]))
        return 0
    with tempfile.TemporaryDirectory(prefix="killed-") as name, Servers(Path(name), fast=False) as servers:
        about = {"admin_url": servers.admin_url, "kafka": servers.bootstrap_servers}
        found = asyncio.run(run(int(arguments[0]), folder=Path(name), **about))
    sys.stdout.write(f"{json.dumps(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
