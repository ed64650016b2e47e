"""Each process of a platform carries its folder in its environment: so it is found when its parent is gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MARK = "EMBEDDED_FOLDER"
TETHER = Path(__file__).with_name("tether.py")


def child_environment(folder: Path) -> dict[str, str]:
    """Ours, but one in which imports are cached: without that every start compiles every library again."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {MARK: str(folder)}


def tethered(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """A child in its own session that is stopped cleanly even when we are killed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-S", "-E", str(TETHER), str(os.getpid()), str(int(stop_signal)), user or "", *command]
    with log.open("ab") as output:
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment if environment is not None else child_environment(folder),
        )


def end(process: subprocess.Popen[bytes], *, patience: float) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def processes_of(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _belongs(process, folder)]


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        return bool(process.environ().get(MARK) == str(folder) and process.pid != os.getpid())
    except psutil.Error:
        return False


def stop_leftovers(folder: Path, *, say: Callable[[str], None], patience: float = 20) -> None:
    left = processes_of(folder)
    if not left:
        return
    say(f"上次运行留下了 {len(left)} 个进程,正在停止。Stopping {len(left)} processes that an earlier run left behind.")
    sweep(folder, patience=patience)


def sweep(folder: Path, *, patience: float) -> None:
    for process in processes_of(folder):
        _signal(process, _gentle(process))
    _, alive = psutil.wait_procs(processes_of(folder), timeout=patience)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5)


def _gentle(process: psutil.Process) -> signal.Signals:
    # PostgreSQL waits for its clients on TERM; on INT it closes them and shuts down in order.
    try:
        return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
    except psutil.Error:
        return signal.SIGTERM


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
