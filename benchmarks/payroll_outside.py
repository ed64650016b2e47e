"""Two payroll programs of others, each in a Python environment of its own under `.tools/outside`."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import say
from common.settings import ROOT

_LOCKS = Path(__file__).parent / "outside"
_KEPT = ROOT / ".tools" / "outside"


class CannotInstall(Exception):
    """The package registry did not give what the lock names; the reason is uv's."""


@dataclass(frozen=True)
class Ran:
    seconds: list[float]
    peak_mb: float


def ran(name: str, script: str, *arguments: str, environment: dict[str, str] | None = None) -> Ran:
    """The script run by the environment that `outside/<name>.txt` describes; it prints its seconds and peak as JSON."""
    command = [str(_python(name)), str(Path(__file__).parent / script), *arguments]
    done = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True, cwd=_KEPT)
    if done.returncode:
        raise AssertionError(f"{script}: {done.stderr.strip()[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Ran(seconds=said["seconds"], peak_mb=said["peak_kb"] / 1024)


def _python(name: str) -> Path:
    """Made anew when its lock has changed."""
    place, lock = _KEPT / name, _LOCKS / f"{name}.txt"
    kept = place / "locked.txt"
    if not kept.exists() or kept.read_bytes() != lock.read_bytes():
        say(f"  installing {name}")
        uv = ROOT / ".tools" / "bin" / "uv"
        found = str(uv) if uv.exists() else shutil.which("uv") or "uv"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _call(found, "venv", "-q", "--clear", "--python", version, str(place))
        _call(found, "pip", "install", "-q", "--python", str(place / "bin" / "python"), "-r", str(lock))
        shutil.copyfile(lock, kept)
    return place / "bin" / "python"


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise CannotInstall(done.stderr.strip())
