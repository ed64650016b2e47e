"""What the whole platform takes to start and to stand, against PostgreSQL and Kafka alone from the same packages."""

import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import figure, median, say
from common.__main__ import service_names
from common.actors import Role
from common.embedded.platform import Platform
from common.embedded.ports import Ports
from common.embedded.processes import processes_of
from common.embedded.refusals import StartRefused
from common.embedded.servers import Servers
from common.settings import Settings
from common.tokens import DevelopmentIssuer

BARE = "PostgreSQL and Kafka alone, from the same packages, in a fresh folder"


@dataclass(frozen=True)
class Stood:
    seconds: float
    megabytes: float
    processes: int

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.megabytes:.0f} MB in {self.processes} processes"


def run() -> None:
    bare = [_servers()]
    with _folder() as folder:
        try:
            first, again = _platform(folder), _platform(folder)
        except StartRefused:
            # The folder goes with us; what its logs end with must not.
            for log in sorted((folder / "logs").glob("*.log")):
                say(f"{log.name}: {log.read_text(errors='replace')[-1500:]}")
            raise
    bare.append(_servers())
    baseline = median([one.seconds for one in bare])
    figure("start_fresh_seconds", ours=first.seconds, baseline=baseline, unit="s", baseline_is=BARE)
    figure("start_again_seconds", ours=again.seconds, baseline=baseline, unit="s", baseline_is=BARE)
    figure(
        "start_memory",
        ours=first.megabytes,
        baseline=median([one.megabytes for one in bare]),
        unit="MB",
        baseline_is=BARE,
    )


def _servers() -> Stood:
    with _folder() as folder:
        begun = time.monotonic()
        with Servers(folder, fast=False):
            stood = _standing(folder, time.monotonic() - begun)
    say(f"  PostgreSQL and Kafka alone: {stood}")
    return stood


def _platform(folder: Path) -> Stood:
    """Until the gateway has answered a question whose answer it reads from its database."""
    names = service_names()
    begun = time.monotonic()
    with Platform(folder, ports=Ports.free(services=len(names)), services=names, say=lambda _: None) as platform:
        issuer = DevelopmentIssuer(Settings(embedded=True, folder=folder))
        token = issuer.token(subject="clerk", roles=[str(Role.LEAD_DEPARTMENT)], area="32")
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{platform.service_url('gateway')}/v1/workers", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            answer.read()
        stood = _standing(folder, time.monotonic() - begun)
    say(f"  the whole platform: {stood}")
    return stood


def _standing(folder: Path, seconds: float) -> Stood:
    """Proportional set sizes: what processes share is counted once."""
    marked = processes_of(folder)
    # PostgreSQL's own children write their titles over the mark.
    processes = {*marked, *(child for process in marked for child in process.children(recursive=True))}
    kept = [process.memory_full_info() for process in processes]
    return Stood(seconds, sum(getattr(one, "pss", one.rss) for one in kept) / 1e6, len(processes))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        yield Path(name).resolve()
