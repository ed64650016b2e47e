"""The jars of the broker: exactly those of `kafka/jgo.lock.toml`, by checksum, fetched once into the Maven cache.

`jgo sync` would resolve the dependency tree again at each change of folder; the lock already says which files we want.
"""

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.embedded.refusals import StartRefused

LOCK = Path(__file__).parent / "kafka" / "jgo.lock.toml"
TIMEOUT_S = 20
AT_ONCE = 6


@dataclass(frozen=True, kw_only=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    def path_in(self, cache: Path) -> Path:
        folder = cache / self.group.replace(".", "/") / self.artifact / self.version
        return folder / f"{self.artifact}-{self.version}.jar"


def class_path(*, say: Callable[[str], None] = lambda text: None, lock: Path = LOCK) -> list[Path]:
    jars, cache = locked_jars(lock), maven_cache()
    missing = [jar for jar in jars if not _is_intact(jar, jar.path_in(cache))]
    if missing:
        say(
            f"首次运行:下载消息总线的 {len(missing)} 个组件。Downloading {len(missing)} parts of the message bus, once."
        )
        _fetch(missing, cache)
    return [jar.path_in(cache) for jar in jars]


def locked_jars(lock: Path = LOCK) -> list[Jar]:
    entries = tomllib.loads(lock.read_text())["dependencies"]
    return [
        Jar(group=entry["groupId"], artifact=entry["artifactId"], version=entry["version"], sha256=entry["sha256"])
        for entry in entries
    ]


def maven_cache() -> Path:
    return Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository")


def _is_intact(jar: Jar, path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def _fetch(jars: list[Jar], cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Apart from the cache until the checksum is known: another process may be reading there.
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as apart, ThreadPoolExecutor(AT_ONCE) as pool:
            context = _maven(Path(apart))
            for jar, path in zip(jars, pool.map(lambda jar: _download(context, jar), jars), strict=True):
                _accept(jar, path, cache)
    except (OSError, RuntimeError) as failure:
        raise _no_answer(str(failure)) from failure


def _maven(cache: Path) -> Any:
    # Slow to import, and needed only the first time.
    from jgo.maven import MavenContext

    return MavenContext(repo_cache=cache, remote_repos=_mirrors(), timeout=TIMEOUT_S)


def _mirrors() -> dict[str, str]:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    return {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories


def _download(context: Any, jar: Jar) -> Path:
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    return Path(context.resolver.download(artifact))


def _accept(jar: Jar, path: Path, cache: Path) -> None:
    if not _is_intact(jar, path):
        raise StartRefused(
            chinese=f"下载的 {jar.artifact} {jar.version} 与锁定的校验值不符,已拒绝使用。",
            english=f"The download of {jar.artifact} {jar.version} does not match its locked checksum and was refused.",
        )
    kept = jar.path_in(cache)
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.replace(kept)


def _no_answer(reason: str) -> StartRefused:
    short = reason.splitlines()[0][:160] if reason else ""
    return StartRefused(
        chinese=f"下载不到消息总线的组件,软件仓库没有应答({short}):"
        "请检查网络,或用 KAFKA_BOOTSTRAP_SERVERS 指定现有的 Kafka。",
        english="The parts of the message bus cannot be downloaded, the registry does not answer: check the network, "
        "or name an existing Kafka in KAFKA_BOOTSTRAP_SERVERS.",
    )
