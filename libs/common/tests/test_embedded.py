import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from common.embedded import jars
from common.embedded.checks import require_space, require_writable
from common.embedded.databases import prepare_database
from common.embedded.platform import Platform
from common.embedded.ports import Ports, require_free
from common.embedded.processes import processes_of
from common.embedded.refusals import StartRefused
from common.embedded.servers import Servers

SERVICE = """
import http.server, os, pathlib
assert os.environ["DATABASE_URL"].startswith("postgresql+asyncpg://gp_app:")
assert os.environ["ODD"] == "100% 'of' \\"it\\", all"
assert "PYTHONDONTWRITEBYTECODE" not in os.environ
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["SERVICE_PORT"])), Answer).serve_forever()
"""
MIGRATION = "import json, os; assert set(json.loads(os.environ['DATABASES'])) == {'gateway', 'ledger'}"
LAUNCHER = """
import sys
from pathlib import Path
from uuid import uuid4
from common.tests.test_embedded import platform_in
with platform_in(Path(sys.argv[1])) as platform:
    print("up", flush=True)
    platform.wait()
"""


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
        with Servers(tmp_path_factory.mktemp("servers")) as started:
            yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Longer than a socket's path may be, with the characters that configuration files mind.
    return tmp_path_factory.mktemp("platform") / f"a folder with 100% {'long ' * 20}name"


def platform_in(folder: Path, *, ports: Ports | None = None, say: Callable[[str], None] = print) -> Platform:
    return Platform(
        folder,
        ports=ports or Ports.free(),
        services=["gateway", "ledger"],
        fast=True,
        settings={"ODD": "100% 'of' \"it\", all"},
        say=say,
        command=lambda service: [sys.executable, str(written(folder.parent / "service.py", SERVICE))],
        migration=[sys.executable, "-c", MIGRATION],
    )


def written(file: Path, content: str) -> Path:
    file.write_text(content)
    return file


async def run_sql(url: str, *statements: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


def eventually(holds: Callable[[], bool], *, within: float = 15) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


async def send(servers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def first_of(servers: str, topic: str) -> bytes:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=uuid4().hex, auto_offset_reset="earliest", session_timeout_ms=1000
    ) as consumer:
        value: bytes = (await asyncio.wait_for(consumer.getone(), 20)).value
        return value


async def test_a_message_sent_is_a_message_received(servers: Servers) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("letters", 2, 1)])
    await admin.close()
    await send(servers.bootstrap_servers, "letters", b"hello")
    assert await first_of(servers.bootstrap_servers, "letters") == b"hello"


async def test_a_killed_broker_keeps_what_it_acknowledged(servers: Servers) -> None:
    assert servers.kafka
    servers.kafka.kill()
    assert not servers.kafka.is_ready()
    servers.kafka.start()
    assert await first_of(servers.bootstrap_servers, "letters") == b"hello"


async def test_the_app_role_works_on_tables_it_can_neither_own_nor_change(servers: Servers, tmp_path: Path) -> None:
    urls = await prepare_database(servers.admin_url, "ledger", folder=tmp_path)
    assert await prepare_database(servers.admin_url, "ledger", folder=tmp_path) == urls
    await run_sql(urls.owner_url, "CREATE TABLE entry (entry_id bigserial PRIMARY KEY, note text)")
    await run_sql(
        urls.database_url, "INSERT INTO entry (note) VALUES ('x')", "UPDATE entry SET note = 'y'", "DELETE FROM entry"
    )
    for forbidden in ("DROP TABLE entry", "CREATE TABLE other ()", "TRUNCATE entry", "ALTER TABLE entry ADD x int"):
        with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
            await run_sql(urls.database_url, forbidden)
    mighty = "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = "
    assert await run_sql(urls.database_url, f"{mighty} current_user") is False
    assert await run_sql(urls.database_url, "SELECT pg_has_role(current_user, 'gp_owner', 'MEMBER')") is False
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600


async def test_an_app_role_that_may_do_too_much_is_refused(servers: Servers, tmp_path: Path) -> None:
    await prepare_database(servers.admin_url, "ledger", folder=tmp_path, prefix="odd_")
    await run_sql(servers.admin_url, "ALTER ROLE odd_app BYPASSRLS")
    with pytest.raises(StartRefused, match="权限过大"):
        await prepare_database(servers.admin_url, "ledger", folder=tmp_path, prefix="odd_")


async def test_a_database_needs_a_password(servers: Servers) -> None:
    assert servers.postgres
    with pytest.raises(Exception, match="password authentication failed"):
        await run_sql(f"postgresql+asyncpg://postgres:guess@127.0.0.1:{servers.postgres.port}/postgres", "SELECT 1")


async def test_services_come_back_when_killed(folder: Path) -> None:
    said: list[str] = []
    with platform_in(folder, say=said.append) as platform:
        for program in ("ledger", "kafka", "postgres"):
            killed = platform.kill(program)
            assert killed
            eventually(partial(has_come_back, platform, program, killed))
        platform.wait_ready()
        with pytest.raises(StartRefused, match=f"已经在目录.*{os.getpid()}"):
            platform_in(folder).start()
        platform.wait_ready(within=1)
        eventually(lambda: platform_answers(platform))
        await run_sql(platform.databases["ledger"].owner_url, "CREATE TABLE kept ()")
    assert processes_of(folder) == []
    assert any("Everything is up" in text for text in said)


def has_come_back(platform: Platform, program: str, killed: int) -> bool:
    return platform.pid(program) not in (0, killed)


def platform_answers(platform: Platform) -> bool:
    assert platform._postgres
    assert platform._kafka
    return platform._postgres.is_ready() and platform._kafka.is_ready()


async def test_a_second_start_keeps_what_the_first_one_stored(folder: Path) -> None:
    with platform_in(folder) as platform:
        assert await run_sql(platform.databases["ledger"].database_url, "SELECT count(*) FROM kept") == 0
    assert processes_of(folder) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_launcher(folder: Path, number: signal.Signals) -> None:
    launcher = launch(folder)
    assert wait_for_line(launcher, "up")
    assert len(processes_of(folder)) > 4
    launcher.send_signal(number)
    launcher.wait(30)
    eventually(lambda: processes_of(folder) == [], within=30)


def test_a_start_that_is_interrupted_leaves_nothing(folder: Path) -> None:
    launcher = launch(folder)
    assert wait_for_line(launcher, "PostgreSQL")
    time.sleep(1)
    launcher.terminate()
    launcher.wait(30)
    assert processes_of(folder) == []


def test_leftovers_are_stopped_before_the_start(folder: Path) -> None:
    launcher = launch(folder)
    assert wait_for_line(launcher, "up")
    left = [process for process in processes_of(folder) if process.name() in ("java", "postgres")]
    others = [process for process in processes_of(folder) if process not in left]
    launcher.kill()
    for process in sorted(others, key=lambda process: process.create_time()):
        process.kill()
    launcher.wait(10)
    assert any(process.is_running() for process in left)
    said: list[str] = []
    with platform_in(folder, say=said.append):
        assert "留下了" in said[0]
    assert processes_of(folder) == []


def launch(folder: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-u", "-c", LAUNCHER, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )


def wait_for_line(launcher: subprocess.Popen[str], wanted: str) -> bool:
    assert launcher.stdout
    return any(wanted in line for line in launcher.stdout)


def test_a_failed_migration_is_named_and_nothing_stays(tmp_path: Path) -> None:
    platform = platform_in(tmp_path)
    platform.migration = (sys.executable, "-c", "raise SystemExit('no')")
    with pytest.raises(StartRefused, match=r"migrate\.log"):
        platform.start()
    assert processes_of(tmp_path) == []


def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    ports = Ports.free()
    with socket.create_server(("127.0.0.1", ports.gateway)), pytest.raises(StartRefused) as refused:
        platform_in(tmp_path, ports=ports).start()
    assert f"端口 {ports.gateway} 已被占用(进程 {os.getpid()}" in refused.value.chinese
    assert f"Port {ports.gateway} is taken (process {os.getpid()}" in refused.value.english
    require_free([ports.gateway])


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused, match="不能写入"):
        require_writable(tmp_path / "file" / "folder")


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="磁盘空间不足"):
        require_space(tmp_path, needed=1 << 60)


def test_a_silent_registry_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M2_REPO", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "_mirrors", lambda: {"central": "http://127.0.0.1:9"})
    with pytest.raises(StartRefused, match="软件仓库没有应答"):
        jars.class_path()


def test_the_lock_is_what_the_specification_asks_for() -> None:
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in jars.locked_jars()}
    wanted = (jars.LOCK.parent / "jgo.toml").read_text().split('"')[1::2]
    assert set(wanted) <= locked
