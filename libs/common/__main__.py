"""One entry point: `python -m common <service|all> <part>`.

Parts that stay: `api`, `relay`, `consumer`, `all` of them. Commands: `migrate`, `check`, `revision`, `replay`,
`rebuild`, `tally`.
"""

import argparse
import asyncio
import gc
import importlib
import json
import os
import sys
from pathlib import Path

import structlog
import uvicorn

from common.bus import create_topics
from common.clock import utc_now
from common.keys import KeysMissing, make_keys
from common.migrations import at_head, revise, upgrade
from common.policy.faults import PolicyFault
from common.service import Runtime, Service
from common.settings import Settings
from common.tally import tally_days

PARTS = ("api", "relay", "consumer", "all", "migrate", "check", "revision", "replay", "rebuild", "tally")
GARBAGE_AFTER = (10_000, 20, 20)
SERVICES = Path(__file__).resolve().parents[2] / "services"


def service_names() -> list[str]:
    return sorted(path.parent.name for path in SERVICES.glob("*/main.py"))


def find_service(name: str) -> Service:
    service: Service = importlib.import_module(f"{name}.main").service
    return service


def serve(name: str, parts: frozenset[str], settings: Settings) -> None:
    missing = settings.missing()
    if missing:
        raise SystemExit(f"缺少环境变量 (environment variables not set): {', '.join(missing)}")
    app = Runtime(find_service(name), settings).app(parts=parts)
    _collect_garbage_less_often()
    uvicorn.run(
        app,
        host="127.0.0.1" if settings.embedded else "0.0.0.0",  # noqa: S104  # a container listens for its pod
        port=settings.service_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=61,
    )


def _collect_garbage_less_often() -> None:
    """What has been loaded stays: looking through it again and again was a fifth of a payroll worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)


def migrate(names: list[str], settings: Settings) -> None:
    """Bring databases and topics to the state this version needs."""
    if settings.embedded:
        make_keys(settings.keys_path)
    urls = json.loads(os.environ.get("DATABASES", "{}"))
    for name in names:
        owner_url = urls.get(name, {}).get("owner_url") or settings.owner_database_url
        upgrade(service=name, metadata=find_service(name).tables, owner_url=owner_url)
    if settings.kafka_bootstrap_servers:
        asyncio.run(create_topics(settings.kafka_bootstrap_servers, prefix=settings.topic_prefix, services=names))


async def is_migrated(name: str, settings: Settings) -> bool:
    return await at_head(service=name, metadata=find_service(name).tables, database_url=settings.database_url)


async def replay(name: str, settings: Settings, key: str | None) -> None:
    runtime = Runtime(find_service(name), settings)
    done, left = await runtime.consumer.replay(key=key)
    await runtime.engine.dispose()
    sys.stdout.write(f"{name}: {done} handled, {left} still parked\n")


async def tally(name: str, settings: Settings) -> None:
    """State what was decided up to now, today included."""
    runtime = Runtime(find_service(name), settings)
    async for stated in tally_days(runtime.engine, service=name, keys=runtime.keys, until=utc_now()):
        first, last = stated.first_sequence, stated.last_sequence
        sys.stdout.write(f"{name} {stated.day}: {last - first + 1} (No. {first} to {last}), {stated.digest}\n")
    await runtime.engine.dispose()


async def rebuild(name: str, settings: Settings) -> None:
    runtime = Runtime(find_service(name), settings)
    if runtime.service.empty is None:
        raise SystemExit(f"{name}: 没有可从主题重建的视图 (no view that topics can build again)")
    await runtime.consumer.ask_for_rebuild()
    await runtime.engine.dispose()
    sys.stdout.write(f"{name}: 已请求重建，由其消费进程执行 (asked; its consumer does it)\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m common", description=__doc__)
    parser.add_argument("service", choices=[*service_names(), "all"])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("text", nargs="?", help="what the revision does, or the key to replay")
    arguments = parser.parse_args()
    settings = Settings()
    names = service_names() if arguments.service == "all" else [arguments.service]
    try:
        _run(arguments.part, names, arguments.text, settings)
    except (KeysMissing, PolicyFault) as error:
        structlog.get_logger().error("cannot_start", reason=str(error))
        raise SystemExit(1) from None


def _run(part: str, names: list[str], words: str | None, settings: Settings) -> None:
    match part:
        case "migrate":
            migrate(names, settings)
        case "check":
            behind = [name for name in names if not asyncio.run(is_migrated(name, settings))]
            if behind:
                raise SystemExit(f"尚未迁移到本版本 (not migrated to this version): {', '.join(behind)}")
        case "revision":
            for name in names:
                service = find_service(name)
                owner_url = settings.owner_database_url
                revise(service=name, metadata=service.tables, owner_url=owner_url, message=words or "change")
        case "replay":
            for name in names:
                asyncio.run(replay(name, settings, words))
        case "tally":
            for name in names:
                asyncio.run(tally(name, settings))
        case "rebuild":
            for name in names:
                asyncio.run(rebuild(name, settings))
        case _:
            parts = {"api", "relay", "consumer"} if part == "all" else {part}
            serve(names[0], frozenset(parts), settings)


if __name__ == "__main__":
    main()
