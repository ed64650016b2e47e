"""The audit log: from Kafka to a signed checkpoint, against tables in PostgreSQL and against Tessera's POSIX log."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from audit.commands.intake import Told, open_book, write_entries
from audit.commands.publishing import publisher_of
from audit.commands.signing import Signer, signer_of
from audit.main import service
from audit.rules.entries import Made, Origin, found_by
from audit.tlog.findings import Outcome
from audit.tlog.folder import LogFolder
from audit.tlog.notes import Checkpoint, Ed25519Key
from audit.tlog.sources import FolderSource
from audit.tlog.tree import EMPTY_ROOT
from audit.tlog.verifying import verify_log
from audit.tlog.witness import WitnessBook
from benchmarks.figures import figure, median, percentile, run_loop, say
from benchmarks.servers import own_servers
from common.__main__ import service_names
from common.actors import service_actor
from common.bus import create_topics, kafka_headers, open_producer, source_of, topic_of
from common.clock import utc_now
from common.embedded.ports import HOST, free_port
from common.embedded.postgres import binaries
from common.embedded.servers import Servers
from common.events.decisions import DecisionRecorded
from common.keys import load_keys, make_keys
from common.settings import Settings
from common.testing import Bench, empty_tables, open_bench
from tests.verifiers.logs import serve
from tests.verifiers.programs import program
from tests.verifiers.tools import tessera_fsck

DECISIONS = 12_000
ENTRIES = 30_000
ENTRY_BYTES = 500
BATCH = 256
TOGETHER = 2000
CLIENTS = 64
SECONDS = 3
ROUNDS = 3
VERIFIED = 70_000
SINGLE = 200
BETWEEN_S = 0.05
_WATCH = 0.002

_PLAIN = f"INSERT INTO bench_plain (body) VALUES (decode(repeat('ab', {ENTRY_BYTES}), 'hex'));"
_CHAIN = f"""
BEGIN;
UPDATE bench_head SET hash = sha256(hash || decode(repeat('ab', {ENTRY_BYTES}), 'hex')), n = n + 1 RETURNING n;
INSERT INTO bench_chain (body, hash) SELECT decode(repeat('ab', {ENTRY_BYTES}), 'hex'), hash FROM bench_head;
COMMIT;
"""
_TABLES = """
CREATE TABLE bench_plain (n bigserial PRIMARY KEY, body bytea);
CREATE TABLE bench_chain (n bigserial PRIMARY KEY, body bytea, hash bytea);
CREATE TABLE bench_head (n bigint, hash bytea);
INSERT INTO bench_head VALUES (0, '');
"""


def run() -> None:
    with own_servers() as servers:
        _psql(servers, _TABLES)
        names = ("entries", "decisions", "chain", "plain", "log", "tessera")
        measured: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(ROUNDS):
            measured["chain"].append(_pgbench(servers, _CHAIN))
            measured["entries"].append(run_loop(_enter(servers, prefix=f"e{turn}.")))
            measured["decisions"].append(run_loop(_ingest(servers, prefix=f"r{turn}.")))
            measured["plain"].append(_pgbench(servers, _PLAIN))
            measured["log"].append(_append())
            measured["tessera"].append(_tessera(servers.folder / f"tessera-{turn}"))
            say("  " + ", ".join(f"{name} {rates[-1]:.0f}/s" for name, rates in measured.items()))
        _say_rates({name: median(rates) for name, rates in measured.items()})
        _say_latency(run_loop(_single(servers)))
    _say_verifying()


def _say_rates(rate: dict[str, float]) -> None:
    baselines = (
        ("chain", f"{ENTRY_BYTES} bytes to a hash chain with a locked head in PostgreSQL, pgbench, {CLIENTS} clients"),
        ("plain", f"{ENTRY_BYTES} bytes, one INSERT a transaction in PostgreSQL, pgbench, {CLIENTS} clients"),
    )
    for ours in ("entries", "decisions"):
        for name, words in baselines:
            figure(f"audit_{ours}_to_{name}", ours=rate[ours], baseline=rate[name], unit=f"{ours}/s", baseline_is=words)
    figure(
        "audit_log_to_tessera",
        ours=rate["log"],
        baseline=rate["tessera"],
        unit="entries/s",
        baseline_is=f"Tessera's POSIX log, 256 writers; both {ENTRY_BYTES} bytes, batches of {BATCH}, fsync",
    )


async def _enter(servers: Servers, *, prefix: str) -> float:
    """Entries of 500 bytes a second, ready made, to a place in the database and a signed, published checkpoint."""
    with _folder() as folder:
        bench = await _bench(servers, folder, prefix=prefix)
        publisher = publisher_of(bench.runtime)
        await publisher.round()
        batches = [
            [_told(number) for number in range(start, start + TOGETHER)] for start in range(0, ENTRIES, TOGETHER)
        ]
        begun = time.perf_counter()
        publishing = asyncio.create_task(publisher.round())
        for batch in batches:
            async with bench.transaction(service_actor("audit")) as tx:
                book = await open_book(tx, signed=0)
                book.entered += batch
                book.expected["/bench/decisions"] = batch[-1].origin.sequence + 1
                await write_entries(tx, book, sealer=bench.runtime.sealer)
            if publishing.done():
                publishing = asyncio.create_task(publisher.round())
        await publishing
        while _published(folder) < ENTRIES:
            await publisher.round()
        seconds = time.perf_counter() - begun
        await bench.runtime.engine.dispose()
        return ENTRIES / seconds


def _told(number: int) -> Told:
    at = utc_now()
    origin = Origin(f"event-{number}", "/bench/decisions", "bench", number + 1, at)
    columns = found_by({"type": "bench", "time": at.isoformat(), "recordedtime": at.isoformat()}, {})
    leaf = number.to_bytes(8, "big") + bytes(ENTRY_BYTES - 8)
    return Told(origin, Made(leaf, {}, columns), bytes(8))


async def _ingest(servers: Servers, *, prefix: str) -> float:
    """Decisions a second from Kafka to a signed, published checkpoint, between the first checkpoint and the last."""
    with _folder() as folder:
        bench = await _bench(servers, folder, prefix=prefix)
        await _produce(servers, prefix, range(1, DECISIONS + 1))
        consumer = asyncio.create_task(bench.runtime.part("consumer"))
        first = await _until(lambda: _published(folder) > 1)
        size = _published(folder)
        last = await _until(lambda: _published(folder) >= DECISIONS)
        await _stop(consumer, bench)
        return (DECISIONS - size) / (last - first)


async def _single(servers: Servers) -> list[float]:
    """Milliseconds from sending a decision to a published checkpoint over it with the cosignature of a witness."""
    with _folder() as folder, _witness(folder) as policy:
        bench = await _bench(servers, folder, prefix="single.", policy=policy)
        consumer = asyncio.create_task(bench.runtime.part("consumer"))
        await _until(lambda: (folder / "log" / "checkpoint").exists())
        sent: list[float] = []
        seen: dict[int, float] = {}
        watching = asyncio.create_task(_watch(folder, seen))
        for number in range(1, SINGLE + 1):
            sent.append(time.perf_counter())
            await _produce(servers, "single.", range(number, number + 1))
            await asyncio.sleep(BETWEEN_S)
        await _until(lambda: _published(folder) >= SINGLE)
        await asyncio.sleep(0.1)
        watching.cancel()
        await _stop(consumer, bench)
        return [1000 * (_first_over(number, seen) - at) for number, at in enumerate(sent, start=1)]


async def _watch(folder: Path, seen: dict[int, float]) -> None:
    while True:
        seen.setdefault(_published(folder), time.perf_counter())
        await asyncio.sleep(_WATCH)


def _first_over(number: int, seen: dict[int, float]) -> float:
    return min(at for size, at in seen.items() if size >= number)


def _say_latency(milliseconds: list[float]) -> None:
    for percent in (50, 99):
        figure(
            f"audit_append_to_witnessed_p{percent}",
            ours=percentile(milliseconds, percent),
            baseline=2000,
            unit="ms",
            baseline_is="the bar; a checkpoint at most every half second",
        )


def _append() -> float:
    """Entries a second into tiles, each batch durable, put down by the signer and signed."""
    entries = [number.to_bytes(8, "big") + bytes(ENTRY_BYTES - 8) for number in range(ENTRIES)]
    with _folder() as folder:
        log = LogFolder(folder / "log")
        signer = Signer("bench/log", (Ed25519Key("bench/log", bytes(32)),), folder / "signer.json")
        last: Checkpoint | None = None
        begun = time.perf_counter()
        for start in range(0, ENTRIES, BATCH):
            after = (last.size, last.root) if last else (0, EMPTY_ROOT)
            now = Checkpoint("bench/log", *log.append(entries[start : start + BATCH], after=after))
            signer.replace(last, now)
            log.publish(signer.sign(now))
            last = now
        return ENTRIES / (time.perf_counter() - begun)


def _tessera(folder: Path) -> float:
    command = [str(program("tessera-posix")), f"-folder={folder}", f"-entries={ENTRIES}", "-writers=256"]
    command += [f"-bytes={ENTRY_BYTES}", f"-batch={BATCH}", "-batch-age=50ms"]
    done = subprocess.run(command, check=True, capture_output=True)
    return float(json.loads(done.stdout)["entries_per_second"])


def _say_verifying() -> None:
    """Both derive every tile and the root from the entries, over the same folder."""
    with _folder() as folder:
        log, key = LogFolder(folder), Ed25519Key("bench/log", bytes(32))
        at = (0, EMPTY_ROOT)
        for start in range(0, VERIFIED, 10_000):
            at = log.append([start.to_bytes(8, "big") + bytes(492) for _ in range(10_000)], after=at)
        log.publish(Signer("bench/log", (key,), folder / "none").sign(Checkpoint("bench/log", *at)))
        ours, theirs = [], []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            report = verify_log(FolderSource(folder), keys=[key.verifier])
            ours.append(VERIFIED / (time.perf_counter() - begun))
            if report.outcome is not Outcome.HOLDS:
                raise AssertionError("the log does not verify")
            theirs.append(VERIFIED / _fsck(folder, str(key.verifier)))
    figure(
        "audit_verify_rate",
        ours=median(ours),
        baseline=median(theirs),
        unit="entries/s",
        baseline_is="Tessera's fsck over the same folder, with the start of its process",
    )


def _fsck(folder: Path, vkey: str) -> float:
    with serve(folder) as url:
        begun = time.perf_counter()
        tessera_fsck(url, key=vkey)
        return time.perf_counter() - begun


async def _bench(servers: Servers, folder: Path, *, prefix: str, policy: Path | None = None) -> Bench:
    """The audit service with an empty database and an empty log of its own."""
    make_keys(folder / "keys.json")
    bench = await open_bench(service, admin_url=servers.admin_url, folder=folder)
    await empty_tables(bench)
    settings = bench.runtime.settings
    settings.kafka_bootstrap_servers, settings.topic_prefix = servers.bootstrap_servers, prefix
    settings.log_policy = policy
    await create_topics(servers.bootstrap_servers, prefix=prefix, services=service_names())
    return bench


async def _stop(consumer: "asyncio.Task[None]", bench: Bench) -> None:
    consumer.cancel()
    with suppress(asyncio.CancelledError):
        await consumer
    await bench.runtime.engine.dispose()


async def _produce(servers: Servers, prefix: str, numbers: range) -> None:
    producer = open_producer(servers.bootstrap_servers, client_id="bench")
    await producer.start()
    for number in numbers:
        told = decision(number)
        headers = kafka_headers(
            event_id=f"event-{number}",
            source=source_of("recruitment", "decisions"),
            type_name=told.type_name(),
            key=told.key,
            sequence=number,
            recorded_at=utc_now(),
            traceparent=None,
        )
        topic = topic_of(prefix, "recruitment", "decisions")
        await producer.send(topic, key=told.key.encode(), value=told.model_dump_json().encode(), headers=headers)
    await producer.stop()


def decision(number: int) -> DecisionRecorded:
    return DecisionRecorded.model_validate(
        {
            "decision_id": f"decision-{number:027d}",
            "subject": f"worker-{number % 997:027d}",
            "account": "https://issuer.example|clerk",
            "recorded_at": utc_now(),
            "rule": "exit.failed_evaluations",
            "rule_version": 1,
            "document": "JL",
            "document_title": "社区专职工作者队伍建设的意见",
            "policy_digest": "0" * 64,
            "clause": "JL-10",
            "at": "二（十）一",
            "says": {"zh": "连续两年不合格的应退出岗位。", "en": "Two failed years running end the post."},
            "area": "220102001",
            "staff": "community_worker",
            "on": "2026-05-06",
            "terms": {"years_running": 2, "years_in_all": 3},
            "facts": {"grades": {"2024": "not_qualified", "2025": "not_qualified"}},
            "outcome": True,
            "permits": True,
        }
    )


def _published(folder: Path) -> int:
    try:
        return int((folder / "log" / "checkpoint").read_text("utf-8").split("\n", 2)[1])
    except FileNotFoundError:
        return 0


async def _until(holds: Callable[[], bool]) -> float:
    async with asyncio.timeout(120):
        while not holds():
            await asyncio.sleep(_WATCH)
    return time.perf_counter()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="benchmark-log-") as name:
        yield Path(name)


@contextmanager
def _witness(folder: Path) -> Iterator[Path]:
    """A witness in a process of its own, and the policy that asks for its cosignature."""
    book, port = WitnessBook(folder / "witness"), free_port()
    verifier = book.init("witness.example/w1")
    make_keys(folder / "keys.json")
    [log] = signer_of(Settings(embedded=True, folder=folder), load_keys(folder / "keys.json")).verifiers
    book.add_log(str(log))
    policy = folder / "policy"
    policy.write_text(f"log {log}\nwitness w1 {verifier} http://{HOST}:{port}\nquorum w1\n", "utf-8")
    serve = ["serve", "--folder", str(book.folder), "--listen", f"{HOST}:{port}"]
    with subprocess.Popen([sys.executable, "-m", "audit", "witness", *serve], stdout=subprocess.DEVNULL) as process:
        try:
            yield policy
        finally:
            process.terminate()


def _psql(servers: Servers, script: str) -> None:
    _client(servers, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", script)


def _pgbench(servers: Servers, script: str) -> float:
    """Transactions a second, as pgbench counts them without connecting."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        options = ["-n", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), "-f", file.name]
        said = _client(servers, "pgbench", *options)
    line = next(line for line in said.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def _client(servers: Servers, name: str, *arguments: str) -> str:
    at = urlsplit(servers.admin_url)
    where = ["-h", str(at.hostname), "-p", str(at.port), "-U", str(at.username)]
    environment = {"PGPASSWORD": str(at.password), "PGDATABASE": at.path.strip("/") or "postgres"}
    command = [str(binaries() / name), *where, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
