"""What must hold after every run, looked at from outside: in the databases and on the bus."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from common.bus import publishers
from common.consumer import Consumer
from common.embedded.platform import Platform
from common.testing import find_consumer

_PATIENCE = 60.0


async def _query(platform: Platform, service: str, statement: str) -> list[tuple[Any, ...]]:
    engine = create_async_engine(platform.databases[service].owner_url)
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in (await connection.execute(text(statement))).all()]
    finally:
        await engine.dispose()


def query(platform: Platform, service: str, statement: str) -> list[tuple[Any, ...]]:
    return asyncio.run(_query(platform, service, statement))


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
    for event_id, source in query(platform, service, "SELECT event_id, source FROM inbox_message"):
        found.setdefault(source, set()).add(event_id)
    return found


def missing(platform: Platform) -> dict[str, int]:
    """Events that somebody should have heard and has not, counted by `who <- source`."""
    everything = said(platform)
    gaps: Counter[str] = Counter()
    for service in platform.service_urls:
        consumer: Consumer = find_consumer(service)
        inbox = heard(platform, service)
        for source, events in everything.items():
            topic = source.removeprefix("/").replace("/", ".")
            lost = set(events) - inbox.get(source, set())
            if topic in consumer.topics() and lost:
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
    decided = {event_id for source, events in everything.items() if source.endswith("decisions") for event_id in events}
    logged = [event_id for (event_id,) in query(platform, "audit", "SELECT event_id FROM entry")]
    assert Counter(logged) == Counter(decided)
    assert query(platform, "audit", "SELECT kind FROM alarm WHERE closed_at IS NULL") == []
    for service in platform.service_urls:
        assert query(platform, service, "SELECT reason FROM parked_message") == [], service


def outcome(platform: Platform) -> dict[str, Any]:
    """What the lives left behind, without ids and moments: to be equal after every run, however it went."""
    views = query(platform, "gateway", "SELECT document FROM worker_view")
    decisions: Counter[str] = Counter()
    for (body,) in [
        row
        for service in publishers()
        for row in query(platform, service, "SELECT body FROM outbox_message WHERE stream = 'decisions'")
    ]:
        decision = json.loads(body)
        decisions[f"{decision['rule']} {decision['clause']} {decision['permits']}"] += 1
    events: Counter[str] = Counter(
        type_name for source in said(platform).values() for _, type_name in source.values()
    )
    return {
        "workers": sorted(json.dumps(_plain(view), ensure_ascii=False, sort_keys=True) for (view,) in views),
        "decisions": dict(sorted(decisions.items())),
        "events": dict(sorted(events.items())),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if not key.endswith("_id") and key != "receipt_number"}
    if isinstance(value, list):
        return sorted((_plain(one) for one in value), key=lambda one: json.dumps(one, ensure_ascii=False))
    return value
