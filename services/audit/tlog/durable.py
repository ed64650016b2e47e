"""A file put in the place of another so that a crash leaves the one or the other, and a return leaves the new one."""

import os
from pathlib import Path


def put(path: Path, content: str, *, mode: int = 0o644) -> None:
    """All of `content` or nothing, in the place of what stands there; durable on return, folder entry and all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
