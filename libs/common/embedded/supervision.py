"""supervisord as a child: one program for each server and service, brought back when it dies."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport

from common.embedded.processes import end, tethered
from common.embedded.refusals import StartRefused

LONGEST_SOCKET_PATH = 90
SERVERS, SERVICES = "servers", "services"
SUPERVISORD = """\
[unix_http_server]
file={socket}
chmod=0700
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
nodaemon=true
silent=true
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={run}/supervisord.pid
childlogdir={logs}
identifier=platform
"""
PROGRAM = """\
[program:{name}]
command={command}
environment={environment}
{user}autostart={autostart}
autorestart=true
startsecs=1
startretries=1000
stopsignal={stop_signal}
stopwaitsecs={patience}
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


@dataclass(frozen=True, kw_only=True)
class Program:
    name: str
    command: Sequence[str]
    group: str = SERVICES
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: str = "TERM"
    patience: int = 15
    # PostgreSQL asks its own children to finish; a signal to all of them would look like a crash.
    stop_as_group: bool = True

    def section(self, logs: Path) -> str:
        environment = ",".join(f'{name}="{value}"' for name, value in self.environment.items())
        return PROGRAM.format(
            name=self.name,
            command=_plain(shlex.join(self.command)),
            environment=_plain(environment),
            user=f"user={self.user}\ndirectory=/\n" if self.user else "",
            autostart=str(self.group == SERVERS).lower(),
            stop_signal=self.stop_signal,
            patience=self.patience,
            as_group=str(self.stop_as_group).lower(),
            # This one setting is expanded twice.
            logs=_plain(_plain(str(logs))),
        )


class Supervision:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self._programs: dict[str, Program] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None

    def start(self, programs: Sequence[Program], *, environment: Mapping[str, str]) -> None:
        """What all programs share comes from `environment`: a configuration line could not carry every value."""
        self._programs = {program.name: program for program in programs}
        configuration = self._write()
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration)]
        self._process = tethered(
            command, folder=self.folder, log=self.logs / "supervisord.out", environment=environment
        )
        self._wait_answers()

    def start_services(self) -> None:
        self._ask().supervisor.startProcessGroup(SERVICES, False)

    def stop(self) -> None:
        if self._process:
            end(self._process, patience=40)
            self._process = None
        if self._socket_folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None

    def kill(self, name: str, *, number: signal.Signals = signal.SIGKILL) -> int:
        pid = self.pid(name)
        if pid:
            os.kill(pid, number)
        return pid

    def pid(self, name: str) -> int:
        return int(self._status(name)["pid"])

    def is_up(self, name: str) -> bool:
        """Not whether it works: whether its process stands."""
        try:
            return self._status(name)["statename"] in ("STARTING", "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _status(self, name: str) -> dict[str, str]:
        full_name = f"{self._programs[name].group}:{name}"
        status: dict[str, str] = self._ask().supervisor.getProcessInfo(full_name)  # type: ignore[assignment]
        return status

    def _ask(self) -> xmlrpc.client.ServerProxy:
        transport = SupervisorTransport(None, None, f"unix://{self._socket()}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def _socket(self) -> Path:
        beside = self.folder / "run" / "supervisor.sock"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_PATH:
            return beside
        if self._socket_folder is None:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="gp-", dir="/tmp"))
        return self._socket_folder / "s"

    def _write(self) -> Path:
        run = self.folder / "run"
        run.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        paths = {"socket": self._socket(), "logs": self.logs, "run": run}
        sections = [SUPERVISORD.format(**{name: _plain(str(path)) for name, path in paths.items()})]
        sections += [program.section(self.logs) for program in self._programs.values()]
        for priority, group in ((10, SERVERS), (20, SERVICES)):
            members = ",".join(program.name for program in self._programs.values() if program.group == group)
            if members:
                sections.append(f"[group:{group}]\nprograms={members}\npriority={priority}\n")
        file = run / "supervisord.conf"
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text("\n".join(sections))
        return file

    def _wait_answers(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                self._ask().supervisor.getState()
                return
            except (OSError, xmlrpc.client.Error):
                if time.monotonic() > deadline or not self.is_running():
                    raise StartRefused(
                        chinese=f"进程看护没有启动成功,原因见 {self.logs}/supervisord.log。",
                        english=f"The supervisor did not start, see {self.logs}/supervisord.log.",
                    ) from None
            time.sleep(0.05)


def _plain(value: str) -> str:
    return value.replace("%", "%%")
