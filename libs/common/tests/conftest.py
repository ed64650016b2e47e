"""The diary, a service made for these tests, opened once and emptied for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from common.bus import create_topics
from common.events import event_classes
from common.settings import Settings
from common.testing import Bench, empty_tables
from common.tests import diary


@pytest.fixture(scope="session")
async def opened_diary(postgres_url: str, servers_folder: Path) -> AsyncIterator[Bench]:
    bench = await diary.open_diary(postgres_url, servers_folder)
    yield bench
    await bench.runtime.engine.dispose()


@pytest.fixture
async def bench(opened_diary: Bench, diary_rules: None) -> Bench:
    await empty_tables(opened_diary)
    return opened_diary


@pytest.fixture
def diary_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("common.service.access_matrix", lambda: diary.MATRIX)
    known = {**event_classes(), diary.EntryWritten.type_name(): diary.EntryWritten}
    monkeypatch.setattr("common.testing.event_classes", lambda: known)
    with diary.registered(*diary.OWN_RULES):
        yield


@pytest.fixture
async def bus(bench: Bench, kafka_servers: str) -> Settings:
    """Settings of the diary with topics that no other test has."""
    prefix = f"t{uuid4().hex[:8]}."
    await create_topics(kafka_servers, prefix=prefix, services=[diary.SERVICE])
    given: dict[str, Any] = {"kafka_bootstrap_servers": kafka_servers, "topic_prefix": prefix}
    return bench.runtime.settings.model_copy(update=given)
