"""What must be true before anything is started."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.embedded.refusals import StartRefused

NEEDED_BYTES = 1 << 30


def require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as failure:
        raise StartRefused(
            chinese=f"目录 {folder} 不能写入({failure.strerror}):请换一个目录或修改权限。",
            english=f"The folder {folder} is not writable ({failure.strerror}): choose another or change permissions.",
        ) from failure


def require_space(folder: Path, *, needed: int = NEEDED_BYTES) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StartRefused(
            chinese=f"磁盘空间不足:{folder} 只剩 {free >> 20} MiB,至少需要 {needed >> 20} MiB。",
            english=f"Not enough disk space: {folder} has {free >> 20} MiB left and needs {needed >> 20} MiB.",
        )


@contextmanager
def sole_user_of(folder: Path) -> Iterator[None]:
    """The lock goes with the process that holds it, so a crash never leaves the folder locked."""
    with (folder / "platform.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise _runs_already(folder, file.read().strip()) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _runs_already(folder: Path, pid: str) -> StartRefused:
    return StartRefused(
        chinese=f"平台已经在目录 {folder} 中运行(进程 {pid}):要停止它,在它的窗口按 Ctrl-C,或执行 kill {pid}。",
        english=f"A platform already runs in {folder} (process {pid}): "
        f"to stop it press Ctrl-C in its window, or run: kill {pid}",
    )
