import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from audit.commands.publishing import Publisher, publisher_of
from audit.commands.signing import Signer, signer_of
from audit.main import service
from audit.queries.log import log_path
from audit.queries.verification import Fault, check_records
from audit.tests.telling import a_decision, record_of
from audit.tlog.reading import LogReader
from audit.tlog.sources import FolderSource
from audit.tlog.verifying import Report, verify_log
from common.actors import service_actor
from common.events import Event
from common.testing import Bench, bench_fixtures, empty_tables, open_bench

opened_bench, emptied_bench = bench_fixtures(service)


@pytest.fixture
def bench(emptied_bench: Bench) -> Bench:
    """An empty log is a new log: its files and what the signer said of the last one go with it."""
    forget_log(emptied_bench)
    return emptied_bench


def forget_log(bench: Bench) -> None:
    settings = bench.runtime.settings
    signer_of(settings, bench.runtime.keys).file.unlink(missing_ok=True)
    shutil.rmtree(log_path(settings), ignore_errors=True)


@pytest.fixture(scope="session")
async def opened_other(
    opened_bench: Bench, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp("other")
    shutil.copy(opened_bench.runtime.settings.keys_path, folder)
    other = await open_bench(service, admin_url=postgres_url, folder=folder, number=2)
    yield other
    await other.runtime.engine.dispose()


@pytest.fixture
async def other(opened_other: Bench) -> Bench:
    """A second installation with the same keys, empty: another database, another folder."""
    await empty_tables(opened_other)
    forget_log(opened_other)
    return opened_other


Hear = Callable[..., Awaitable[None]]


@pytest.fixture
def hear(bench: Bench) -> Hear:
    """Let the consumer take an event as message `sequence` of a service's decisions."""

    async def heard(told: Event, sequence: int, *, event_id: str | None = None, by: str = "recruitment") -> None:
        await bench.runtime.consumer.take(record_of(told, sequence, event_id=event_id, by=by))

    return heard


@pytest.fixture
def grow(bench: Bench) -> Callable[..., Awaitable[None]]:
    """Let the consumer take decisions of these numbers, together, as messages of the same number."""

    async def grown(*numbers: int, by: str = "recruitment") -> None:
        records = [record_of(a_decision(number), number, by=by) for number in numbers]
        await bench.runtime.consumer.take_together(records)  # type: ignore[attr-defined]

    return grown


@pytest.fixture
def signer(bench: Bench) -> Signer:
    return signer_of(bench.runtime.settings, bench.runtime.keys)


@pytest.fixture
def publisher(bench: Bench) -> Publisher:
    return publisher_of(bench.runtime)


@pytest.fixture
def publish(publisher: Publisher) -> Callable[[], Awaitable[bool]]:
    """Bring everything under a published checkpoint; whether there was anything to bring."""

    async def published() -> bool:
        any_round = False
        while await publisher.round():
            any_round = True
        return any_round

    return published


@pytest.fixture
def verify(bench: Bench, signer: Signer) -> Callable[..., Report]:
    """The offline verifier over the log's files, with checkpoints saved earlier."""

    def verified(*saved: str) -> Report:
        source = FolderSource(log_path(bench.runtime.settings))
        named = {f"saved {number}": note for number, note in enumerate(saved)}
        return verify_log(source, keys=signer.verifiers, saved=named)

    return verified


@pytest.fixture
def faults(bench: Bench, publisher: Publisher) -> Callable[[], Awaitable[list[Fault]]]:
    """The database held against the files."""

    async def found() -> list[Fault]:
        published = publisher.published()
        reader = LogReader(FolderSource(log_path(bench.runtime.settings)), published.size if published else 0)
        async with bench.runtime.sessions(info={"actor": service_actor("audit")}) as session:
            return [fault async for fault in check_records(session, reader, sealer=bench.runtime.sealer)]

    return found


@pytest.fixture
def tamper(bench: Bench) -> Callable[..., Awaitable[None]]:
    """What somebody with the owner's password can do, row-level security and triggers put aside."""

    async def tampered(*statements: str, **values: Any) -> None:
        engine = create_async_engine(bench.runtime.settings.owner_database_url)
        tables = ("entry", "checkpoint", "checkpoint_timestamp")
        async with engine.begin() as connection:
            await connection.execute(text("SELECT set_config('app.area_from', '0', true)"))
            await connection.execute(text("SELECT set_config('app.area_to', ':', true)"))
            for table in tables:
                await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER only_grows"))
            for statement in statements:
                named = {name: value for name, value in values.items() if f":{name}" in statement}
                await connection.execute(text(statement), named)
            for table in tables:
                await connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER only_grows"))
        await engine.dispose()

    return tampered
