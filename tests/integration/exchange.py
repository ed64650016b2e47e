"""What must hold after every run, looked at from outside: in the databases and on the bus."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from common.__main__ import service_names
from common.areas import code_range
from common.bus import publishers
from common.consumer import Consumer
from common.embedded.platform import Platform
from common.embedded.ports import Ports
from common.testing import find_consumer
from lives.platform import open_platform

_PATIENCE = 60.0
_ID = re.compile(r"\b([a-z]+)-[0-9a-f]{27}\b")


def start_platform(folder: Path, **settings: str) -> Platform:
    ports = Ports.free(services=len(service_names()))
    return open_platform(folder, ports=ports, fast=True, settings=settings, say=lambda _: None)


def topics_of(service: str) -> list[str]:
    consumer: Consumer = find_consumer(service)
    return consumer.topics()


async def _query(platform: Platform, service: str, statement: str, area: str) -> list[tuple[Any, ...]]:
    lowest, highest = code_range(area)
    engine = create_async_engine(platform.databases[service].owner_url)
    try:
        async with engine.connect() as connection:
            # Row-level security binds the owner of the tables as well.
            await connection.execute(text("SELECT set_config('app.area_from', :code, true)"), {"code": lowest})
            await connection.execute(text("SELECT set_config('app.area_to', :code, true)"), {"code": highest})
            return [tuple(row) for row in (await connection.execute(text(statement))).all()]
    finally:
        await engine.dispose()


def query(platform: Platform, service: str, statement: str, *, area: str = "") -> list[tuple[Any, ...]]:
    """What the database shows to an office of `area`; without one, to the nation's."""
    return asyncio.run(_query(platform, service, statement, area))


def said(platform: Platform) -> dict[str, dict[str, tuple[int, str]]]:
    """What every outbox holds: by source, event id -> (sequence, type)."""
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for service in publishers():
        rows = query(platform, service, "SELECT stream, event_id, sequence, type FROM outbox_message")
        for stream, event_id, sequence, type_name in rows:
            found.setdefault(f"/{service}/{stream}", {})[event_id] = (sequence, type_name)
    return found


def heard(platform: Platform, service: str) -> dict[str, set[str]]:
    """What an inbox holds: by source, event ids."""
    found: dict[str, set[str]] = {}
    # The log has no inbox: what it has heard stands in it.
    table = "entry" if service == "audit" else "inbox_message"
    for event_id, source in query(platform, service, f"SELECT event_id, source FROM {table}"):  # noqa: S608
        found.setdefault(source, set()).add(event_id)
    return found


def missing(platform: Platform) -> dict[str, int]:
    """Events that somebody should have heard and has not, counted by `who <- source`."""
    everything = said(platform)
    gaps: Counter[str] = Counter()
    for service in platform.service_urls:
        topics = topics_of(service)
        inbox = heard(platform, service)
        for source, events in everything.items():
            topic = source.removeprefix("/").replace("/", ".")
            lost = set(events) - inbox.get(source, set())
            if topic in topics and lost:
                gaps[f"{service} <- {source}"] = len(lost)
    return dict(gaps)


def settle(platform: Platform) -> None:
    """Wait until every event is sequenced, sent and heard by everybody it concerns; fail naming what is missing."""
    until(lambda: missing(platform) == {}, lambda: f"not heard: {missing(platform)}")


def until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(otherwise())
        time.sleep(0.3)


def check_invariants(platform: Platform) -> None:
    """No event lost, none twice, sequences contiguous, nothing parked, the log complete and without alarm."""
    settle(platform)
    everything = said(platform)
    for source, events in everything.items():
        sequences = sorted(sequence for sequence, _ in events.values())
        assert sequences == list(range(1, len(events) + 1)), f"{source} has gaps"
    decided = {source: len(events) for source, events in everything.items() if source.endswith("/decisions")}
    logged = Counter(source for _, source in query(platform, "audit", "SELECT event_id, source FROM entry"))
    own = logged.pop("/audit/log", 0)
    assert logged == decided
    assert query(platform, "audit", "SELECT count(DISTINCT event_id) FROM entry") == [(sum(decided.values()) + own,)]
    assert query(platform, "audit", "SELECT kind FROM alarm WHERE closed_at IS NULL") == []
    for service in platform.service_urls:
        assert query(platform, service, "SELECT reason FROM parked_message") == [], service


DECISIONS = "SELECT body FROM outbox_message WHERE type = 'audit.decision_recorded.v1'"


def outcome(platform: Platform) -> dict[str, Any]:
    """What the lives left behind, without ids and moments: to be equal after every run, however it went."""
    views = query(platform, "gateway", "SELECT body FROM worker")
    decisions: Counter[str] = Counter()
    for (body,) in [row for service in publishers() for row in query(platform, service, DECISIONS)]:
        decision = json.loads(body)
        decisions[f"{decision['rule']} {decision['clause']} {decision['permits']}"] += 1
    events: Counter[str] = Counter(type_name for source in said(platform).values() for _, type_name in source.values())
    events.pop("audit.decisions_tallied.v1", None)  # there is one when a day ends meanwhile
    assert views, "no worker to be seen"
    return {
        "workers": sorted(json.dumps(_plain(view), ensure_ascii=False, sort_keys=True) for (view,) in views),
        "decisions": dict(sorted(decisions.items())),
        "events": dict(sorted(events.items())),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if not key.endswith("_id") and key != "receipt_number"}
    if isinstance(value, str):
        return _ID.sub(r"\1", value)
    if isinstance(value, list):
        return sorted((_plain(one) for one in value), key=lambda one: json.dumps(one, ensure_ascii=False))
    return value
