"""`python -m tests.integration.log_killed 50000`: the log's writer killed again and again while decisions arrive.

None may be missing, none may stand there twice, no file of the log may ever be written with other bytes, and whatever
checkpoint was published at any moment must be continued by the last. A witness, which lives on, must have cosigned what
is published and hold nothing against the log, though the writer dies between signing and being cosigned.
"""

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from audit.commands.signing import signer_of
from audit.main import service
from audit.tests.witnesses import serving
from audit.tlog.findings import Outcome
from audit.tlog.policy import Policy
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.verifying import verify_log
from audit.tlog.witness import WitnessBook
from common.__main__ import service_names
from common.bus import create_topics, kafka_headers, open_producer, source_of, topic_of
from common.clock import utc_now
from common.embedded.databases import DatabaseUrls, prepare_database
from common.embedded.ports import free_port
from common.embedded.servers import Servers
from common.events.decisions import DecisionRecorded
from common.keys import load_keys, make_keys
from common.migrations import upgrade
from common.settings import Settings

SOURCES = ("recruitment", "payroll")
_LIVES_FOR = (0.0, 1.0)
_PATIENCE_S = 900


@dataclass
class Watched:
    """What was seen in the log's folder while it grew: by path the digest of its bytes; every checkpoint."""

    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    rewritten: list[str] = field(default_factory=list)

    def look(self) -> None:
        for path in self.folder.rglob("*"):
            name = str(path.relative_to(self.folder))
            if name.startswith(".") or not path.is_file():
                continue
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # a partial tile that is no longer needed
            if name == "checkpoint":
                self.notes[f"after {len(self.notes)}"] = content.decode()
            elif self.files.setdefault(name, hashlib.sha256(content).digest()) != hashlib.sha256(content).digest():
                self.rewritten.append(name)


@contextmanager
def _watching(watched: Watched) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if watched.folder.is_dir():
                watched.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def run(count: int, *, folder: Path, admin_url: str, kafka: str, seed: int = 1, least_kills: int = 0) -> dict[str, Any]:
    """What was found; raises AssertionError where anything is missing, double or rewritten."""
    make_keys(folder / "keys.json")
    urls = asyncio.run(_prepare(folder, admin_url, kafka, count))
    watched = Watched(folder / "log")
    kills = 0
    with _witnessed(folder), _watching(watched):
        begun, dice = time.monotonic(), random.Random(seed)
        while True:
            process = _start(folder, urls, kafka)
            with suppress(subprocess.TimeoutExpired):
                process.wait(dice.uniform(*_LIVES_FOR) + _STARTS_WITHIN)
            process.kill()
            process.wait()
            kills += 1
            if asyncio.run(_entries(urls)) >= count and kills >= least_kills:
                break
            assert time.monotonic() - begun < _PATIENCE_S, (
                f"{asyncio.run(_entries(urls))} of {count} after {kills} kills"
            )
        _finish(folder, urls, kafka, count)
    watched.look()
    return asyncio.run(_judge(folder, urls, watched, count)) | {"kills": kills}


_STARTS_WITHIN = 1.5


@contextmanager
def _witnessed(folder: Path) -> Iterator[None]:
    """A witness as a process of its own, and the policy that asks for it."""
    book = WitnessBook(folder / "witness")
    witness = book.init("witness.example/w1")
    (log,) = signer_of(_settings(folder), load_keys(folder / "keys.json")).verifiers
    book.add_log(str(log))
    with serving(book.folder) as served:
        _policy(folder).write_text(f"log {log}\nwitness w1 {witness} {served.url}\nquorum w1\n", "utf-8")
        yield


def _policy(folder: Path) -> Path:
    return folder / "policy"


def _settings(folder: Path) -> Settings:
    return Settings(folder=folder, embedded=True)


def _start(folder: Path, urls: DatabaseUrls, kafka: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "DATABASE_URL": urls.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TOPIC_PREFIX": _prefix(folder),
        "EMBEDDED": "true",
        "FOLDER": str(folder),
        "LOG_POLICY": str(_policy(folder)),
        "SERVICE_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "common", "audit", "consumer"]
    with (folder / "consumer.log").open("ab") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


def _finish(folder: Path, urls: DatabaseUrls, kafka: str, count: int) -> None:
    """Let it live until everything is under a checkpoint."""
    process = _start(folder, urls, kafka)
    try:
        end = time.monotonic() + 60
        while _published(folder) < asyncio.run(_entries(urls)):
            assert time.monotonic() < end, f"{_published(folder)} of {count} published"
            time.sleep(0.3)
    finally:
        process.kill()
        process.wait()


def _published(folder: Path) -> int:
    try:
        return int((folder / "log" / "checkpoint").read_text("utf-8").splitlines()[1])
    except FileNotFoundError:
        return 0


async def _prepare(folder: Path, admin_url: str, kafka: str, count: int) -> DatabaseUrls:
    urls = await prepare_database(admin_url, "audit", folder=folder, prefix=f"killed_{os.getpid()}_")
    await asyncio.to_thread(upgrade, service="audit", metadata=service.tables, owner_url=urls.owner_url)
    await create_topics(kafka, prefix=_prefix(folder), services=service_names())
    producer = open_producer(kafka, client_id="killed")
    await producer.start()
    for number in range(count):
        await _send(producer, folder, SOURCES[number % 2], number // 2 + 1)
    await producer.stop()
    return urls


def _prefix(folder: Path) -> str:
    return f"{folder.name}.".replace("_", "-")


async def _send(producer: Any, folder: Path, by: str, sequence: int) -> None:
    told = _decision(by, sequence)
    headers = kafka_headers(
        event_id=f"{by}-{sequence}",
        source=source_of(by, "decisions"),
        type_name=told.type_name(),
        key=told.key,
        sequence=sequence,
        recorded_at=utc_now(),
        traceparent=None,
    )
    topic = topic_of(_prefix(folder), by, "decisions")
    await producer.send(topic, key=told.key.encode(), value=told.model_dump_json().encode(), headers=headers)


def _decision(by: str, number: int) -> DecisionRecorded:
    told = {
        "decision_id": f"decision-{by}-{number}",
        "subject": f"worker-{number % 97}",
        "account": "http://issuer.example|clerk",
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
        "terms": {"years_running": 2},
        "facts": {"grades": {"2024": "not_qualified", "2025": "not_qualified"}},
        "outcome": True,
        "permits": True,
    }
    return DecisionRecorded.model_validate(told)


async def _query(urls: DatabaseUrls, statement: str) -> list[Any]:
    connection = await asyncpg.connect(urls.owner_url.replace("postgresql+asyncpg", "postgresql"))
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def _entries(urls: DatabaseUrls) -> int:
    [row] = await _query(urls, "SELECT count(*) AS n FROM entry WHERE source <> '/audit/log'")
    return int(row["n"])


async def _judge(folder: Path, urls: DatabaseUrls, watched: Watched, count: int) -> dict[str, Any]:
    assert watched.rewritten == [], f"rewritten: {watched.rewritten[:5]}"
    alarms = [dict(row) for row in await _query(urls, "SELECT kind, source, first_sequence, mark FROM alarm")]
    assert alarms == [], alarms[:5]
    parked = await _query(urls, "SELECT reason FROM parked_message LIMIT 1")
    assert parked == [], parked
    assert WitnessBook(folder / "witness").evidence() == []
    keys = signer_of(_settings(folder), load_keys(folder / "keys.json")).verifiers
    policy = Policy.read(_policy(folder).read_text("utf-8"))
    report = verify_log(FolderSource(watched.folder), keys=keys, policy=policy, saved=watched.notes)
    assert report.outcome is Outcome.HOLDS, [one.words("en") for one in report.findings if one.outcome != "holds"]
    assert report.checkpoint is not None
    reader = LogReader(FolderSource(watched.folder), report.checkpoint.size)
    ids = [json.loads(entry)["id"] for entry in reader.entries(0, reader.size)]
    told = {f"{by}-{number // 2 + 1}" for number in range(count) for by in [SOURCES[number % 2]]}
    assert len(ids) == len(set(ids)), "an event stands twice in the log"
    assert told <= set(ids), f"{len(told - set(ids))} decisions are missing"
    return {"entries": len(ids), "checkpoints": len(set(watched.notes.values())), "files": len(watched.files)}


def main(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="killed-") as name, Servers(Path(name), fast=False) as servers:
        found = run(count, folder=Path(name), admin_url=servers.admin_url, kafka=servers.bootstrap_servers)
    sys.stdout.write(f"{json.dumps(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
