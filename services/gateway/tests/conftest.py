import itertools
from typing import Any

import pytest

from common.bus import source_of
from common.events import Event
from common.tables import ParkedMessage
from common.testing import Bench, bench_fixtures
from gateway.main import service
from gateway.tests.life import Hear

opened_bench, bench = bench_fixtures(service)


@pytest.fixture
def hear(bench: Bench) -> Hear:
    """Hear events with the sequences that their services would give them."""
    sequences: dict[str, itertools.count[int]] = {}

    async def hear(event: Event, **told: Any) -> str:
        service_name = "recruitment" if event.publisher == "audit" else event.publisher
        count = sequences.setdefault(source_of(service_name, event.stream), itertools.count(1))
        event_id = await bench.hear(event, **({"sequence": next(count)} | told))
        assert [parked.reason for parked in await bench.rows(ParkedMessage)] == []
        return event_id

    return hear
