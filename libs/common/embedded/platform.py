import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from common.embedded import services as service_processes
from common.embedded.checks import require_space, require_writable, sole_user_of
from common.embedded.databases import DatabaseUrls, database_urls, prepare_databases
from common.embedded.kafka import Kafka, in_own_loop, require_answer
from common.embedded.ports import Ports, require_free
from common.embedded.postgres import Postgres, system_user
from common.embedded.processes import child_environment, stop_leftovers, sweep
from common.embedded.refusals import StartRefused
from common.embedded.supervision import SERVERS, Program, Supervision

READY_WITHIN_S = 90.0
# A service that has ended this long after the start, and again, is not going to come up.
GIVE_UP_AFTER_S = 12.0


class Platform:
    """Everything on one machine. As a context it hears TERM and Ctrl-C, and leaves no process behind."""

    def __init__(
        self,
        folder: Path,
        *,
        ports: Ports,
        services: Sequence[str],
        fast: bool = False,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = print,
        command: Callable[[str], list[str]] = service_processes.service_command,
        migration: Sequence[str] = service_processes.MIGRATION,
        beside: Sequence[Program] = (),
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """`beside`: programs that are no services of ours; `prepare` is called once the folder is this platform's."""
        self.folder = folder.resolve()
        self.services = tuple(services)
        self.settings = dict(settings or {})
        self.say = say
        self.command = command
        self.migration = tuple(migration)
        self.beside = tuple(beside)
        self._prepare = prepare
        self._ports = ports
        self.service_ports = ports.of_services(self.services)
        self.service_urls = service_processes.service_urls(self.service_ports)
        self.databases: dict[str, DatabaseUrls] = {}
        self._supervision = Supervision(self.folder)
        self._held = ExitStack()
        self._is_ours = False
        self._postgres: Postgres | None = None
        self._kafka: Kafka | None = None
        if not os.environ.get("DATABASE_URL"):
            self._postgres = Postgres(self.folder, port=ports.postgres, fast=fast)
        if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
            self._kafka = Kafka(self.folder, port=ports.kafka, controller_port=ports.kafka_controller, say=say)

    @property
    def admin_url(self) -> str:
        return self._postgres.admin_url if self._postgres else os.environ["DATABASE_URL"]

    @property
    def bootstrap_servers(self) -> str:
        return self._kafka.bootstrap_servers if self._kafka else os.environ["KAFKA_BOOTSTRAP_SERVERS"]

    def __enter__(self) -> Self:
        self._held.enter_context(_signals(_interrupt))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        try:
            self._claim_folder()
            if self._prepare:
                self._prepare()
            self._prepare_servers()
            self._supervision.start(self._programs(), environment=self._environment())
            self._await_servers()
            self.say("正在启动各服务。Starting the services.")
            self._supervision.start_services()
            self.wait_ready()
            self.say("全部就绪。Everything is up.")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        with _signals(signal.SIG_IGN):
            if self._supervision.is_running():
                self.say("正在停止。Stopping.")
            self._supervision.stop()
            # Without the lock the folder is another platform's, and so are its processes.
            if self._is_ours:
                sweep(self.folder, patience=10)
            self._is_ours = False
            self._held.close()

    def wait(self) -> None:
        """Until TERM or Ctrl-C; only inside the context, which turns the one into the other."""
        try:
            while self._supervision.is_running():
                time.sleep(0.5)
        except KeyboardInterrupt:
            return
        log = self.folder / "logs" / "supervisord.log"
        raise StartRefused(
            chinese=f"进程看护已经退出,平台随之停止,原因见 {log}。",
            english=f"The supervisor has ended and the platform stops with it: see {log}.",
        )

    def wait_ready(self, *, within: float = READY_WITHIN_S) -> None:
        started, waiting = time.monotonic(), dict(self.service_urls)
        while waiting := {name: url for name, url in waiting.items() if not service_processes.answers(f"{url}/livez")}:
            elapsed = time.monotonic() - started
            for name in waiting:
                if elapsed > within or (elapsed > GIVE_UP_AFTER_S and not self._supervision.is_up(name)):
                    raise self._not_started(name)
            time.sleep(0.1)

    def service_url(self, name: str) -> str:
        return self.service_urls[name]

    def kill(self, service: str, *, number: signal.Signals = signal.SIGKILL) -> int:
        return self._supervision.kill(service, number=number)

    def is_up(self, service: str) -> bool:
        return self._supervision.is_up(service)

    def kill_kafka(self) -> int:
        return self._supervision.kill("kafka", number=signal.SIGKILL)

    def kill_postgres(self) -> int:
        return self._supervision.kill("postgres", number=signal.SIGKILL)

    def pid(self, program: str) -> int:
        return self._supervision.pid(program)

    def manage(self, service: str, *part: str) -> str:
        """An operator's command on a running platform, as `python -m common <service> <part>`; what it printed."""
        return self._run_for(service, "common", service, *part)

    def operate(self, service: str, *part: str) -> str:
        """As `manage`, of the commands that a service has of its own: `python -m <service> <part>`."""
        return self._run_for(service, service, *part)

    def _run_for(self, service: str, *module: str) -> str:
        own = service_processes.own_environment(port=self.service_ports[service], urls=self.databases[service])
        command = [sys.executable, "-m", *module]
        return subprocess.run(command, env=self._environment() | own, check=True, capture_output=True, text=True).stdout

    def _claim_folder(self) -> None:
        require_writable(self.folder)
        require_space(self.folder)
        self._held.enter_context(sole_user_of(self.folder))
        self._is_ours = True
        stop_leftovers(self.folder, say=self.say)
        ports = list(self.service_ports.values())
        ports += [self._ports.witness] if self.beside else []
        ports += [self._postgres.port] if self._postgres else []
        ports += [self._kafka.port, self._kafka.controller_port] if self._kafka else []
        require_free(ports)

    def _prepare_servers(self) -> None:
        if self._postgres or self._kafka:
            self.say("正在启动数据库和消息总线。Starting PostgreSQL and Kafka.")
        with ThreadPoolExecutor(2) as pool:
            prepared = [pool.submit(server.prepare) for server in (self._postgres, self._kafka) if server]
            for server in prepared:
                server.result()
        self.databases = database_urls(self.admin_url, self.services, folder=self.folder)

    def _programs(self) -> list[Program]:
        programs = [
            Program(
                name=name,
                command=self.command(name),
                environment=service_processes.own_environment(port=port, urls=self.databases[name]),
            )
            for name, port in self.service_ports.items()
        ]
        if self._postgres:
            command, user = self._postgres.command(), system_user()
            programs.append(
                Program(
                    name="postgres",
                    command=command,
                    group=SERVERS,
                    user=user,
                    stop_signal="INT",
                    stop_as_group=False,
                )
            )
        programs += self.beside
        if self._kafka:
            programs.append(Program(name="kafka", command=self._kafka.command(), group=SERVERS))
        return programs

    def _environment(self) -> dict[str, str]:
        inherited = child_environment(self.folder)
        # The outside server's admin is nobody's business but ours.
        inherited.pop("DATABASE_URL", None)
        return inherited | service_processes.shared_environment(
            folder=self.folder,
            bootstrap_servers=self.bootstrap_servers,
            urls=self.service_urls,
            settings=self.settings,
        )

    def _await_servers(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            tables, bus = pool.submit(self._prepare_tables), pool.submit(self._await_bus)
            try:
                tables.result()
                bus.result()
            except BaseException:
                # The threads wait for processes: without them they end, and so can we.
                sweep(self.folder, patience=10)
                raise

    def _await_bus(self) -> None:
        if self._kafka:
            self._kafka.wait_ready(is_alive=lambda: self._supervision.is_up("kafka"))
        else:
            require_answer(self.bootstrap_servers)

    def _prepare_tables(self) -> None:
        if self._postgres:
            self._postgres.wait_ready(is_alive=lambda: self._supervision.is_up("postgres"))
        in_own_loop(prepare_databases(self.admin_url, self.services, folder=self.folder))
        if not self.migration:
            return
        self.say("正在建立数据表。Migrating the databases.")
        log = self.folder / "logs" / "migrate.log"
        environment = self._environment() | service_processes.migration_environment(self.databases)
        with log.open("wb") as output:
            done = subprocess.run(self.migration, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise StartRefused(
                chinese=f"建立数据表失败,原因见 {log}。",
                english=f"The migrations failed, see {log}.",
            )

    def _not_started(self, name: str) -> StartRefused:
        log = self.folder / "logs" / f"{name}.log"
        return StartRefused(
            chinese=f"服务 {name} 没有启动成功,原因见 {log}。",
            english=f"The service {name} did not start, see {log}.",
        )


@contextmanager
def _signals(handler: signal.Handlers | Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # Python lets only the main thread decide about signals.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
