"""What every service's tests share: real PostgreSQL, the real policy files, a bench to run commands on."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest
from aiokafka import ConsumerRecord
from sqlalchemy import MetaData, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from common.__main__ import find_service
from common.actors import Actor, Role
from common.bus import kafka_headers, source_of, topic_of
from common.clock import set_today, utc_now
from common.embedded.databases import prepare_database
from common.embedded.kafka import Kafka
from common.embedded.postgres import Postgres
from common.events import Event, event_classes
from common.events.decisions import DecisionRecorded
from common.keys import make_keys
from common.migrations import upgrade
from common.policy import Decision, ParameterRow, Parameters, Policies, Rule, load_policies, load_seeds
from common.policy.__main__ import import_all_rules
from common.policy.decisions import decide
from common.service import Runtime, Service, consumer_of
from common.settings import ROOT, Settings
from common.tables import OutboxMessage, PolicyChoice, chassis_metadata
from common.tokens import DevelopmentIssuer
from common.transaction import Transaction, open_sessions, transaction

T = TypeVar("T")

ISSUER = "http://127.0.0.1:8000/dev"


@cache
def real_policies() -> Policies:
    import_all_rules()  # it is kept, so it must answer for every service, whichever was imported first
    return load_policies(ROOT / "policies")


@cache
def real_parameters() -> Parameters:
    """Every figure that comes with the repository, those still to be verified as well."""
    import_all_rules()  # figures are held against the catalogue of their codes, whichever service is tested
    return load_seeds(ROOT / "policies")


def decide_here(
    rule: Rule[T],
    *,
    area: str,
    staff: str = "",
    on: date,
    choices: Mapping[str, Any] | None = None,
    own: Iterable[ParameterRow] = (),
    **facts: Any,
) -> Decision[T]:
    """The decision by the repository's own policy files; `choices` stands for what a level below has chosen, `own` for
    the figures that a place has entered itself.
    """
    parameters = real_parameters().with_rows(own)
    given: dict[str, Any] = {"policies": real_policies(), "parameters": parameters, "choices": choices}
    return decide(rule, area=area, staff=staff, on=on, **given, **facts)


def decide_every_here(rule: Rule[T], *, area: str, staff: str = "", on: date, **facts: Any) -> list[Decision[T]]:
    from common.policy.decisions import decide_by

    policies = real_policies()
    given: dict[str, Any] = {"parameters": real_parameters(), "choices": {}, "facts": facts}
    return [
        decide_by(answer, policies, rule, area=area, staff=staff, on=on, **given)
        for answer in policies.in_force(rule, area=area, staff=staff, on=on)
    ]


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("servers")
    make_keys(folder / "keys.json")
    return folder


@pytest.fixture(scope="session")
def postgres_url(servers_folder: Path) -> Iterator[str]:
    """An administrator's URL: of DATABASE_URL where it is set, else of a PostgreSQL of our own."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    postgres = Postgres(servers_folder, fast=True)
    yield postgres.start()
    postgres.stop()


@pytest.fixture(scope="session")
def own_kafka(servers_folder: Path) -> Iterator[Kafka | None]:
    """A Kafka of our own, which a test may kill; none where KAFKA_BOOTSTRAP_SERVERS names one."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield None
        return
    kafka = Kafka(servers_folder)
    kafka.start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="session")
def kafka_servers(own_kafka: Kafka | None) -> str:
    return own_kafka.bootstrap_servers if own_kafka else os.environ["KAFKA_BOOTSTRAP_SERVERS"]


@dataclass
class Bench:
    """A service with its own empty, migrated database: run commands, look at rows and at what was sent."""

    runtime: Runtime
    issuer: DevelopmentIssuer
    actor: Actor = field(default_factory=lambda: somebody(Role.LEAD_DEPARTMENT, area=""))

    @asynccontextmanager
    async def transaction(self, actor: Actor | None = None) -> AsyncIterator[Transaction]:
        async with transaction(
            self.runtime.sessions,
            actor=actor or self.actor,
            now=utc_now(),
            service=self.runtime.service.name,
            policies=self.runtime.policies,
            find_parameters=self.runtime.service.parameters,
        ) as tx:
            yield tx

    async def run(self, command: Callable[..., Awaitable[T]], *, actor: Actor | None = None, **arguments: Any) -> T:
        """One command in a transaction of its own, as `actor`."""
        async with self.transaction(actor) as tx:
            return await command(tx, **arguments)

    async def save(self, *rows: Any) -> None:
        async with self.session() as session, session.begin():
            session.add_all(rows)

    def session(self, actor: Actor | None = None) -> AsyncSession:
        return self.runtime.sessions(info={"actor": actor or somebody(Role.OPERATOR, area="")})

    async def rows(self, model: type[T]) -> list[T]:
        async with self.session() as session:
            return list(await session.scalars(select(model)))

    async def choose(self, clause: str, term: str, value: Any, *, area: str, starts_on: date) -> None:
        await self.save(
            PolicyChoice(clause=clause, term=term, area=area, starts_on=starts_on, value=value, decision_id="bench")
        )

    async def sent(self, *wanted: type[Event]) -> list[Any]:
        """Events in the outbox in the order of commits, those of the given classes, or all but decisions."""
        classes = event_classes()
        async with self.session() as session:
            rows = await session.scalars(select(OutboxMessage).order_by(OutboxMessage.turn, OutboxMessage.ordinal))
            events = [classes[row.type].read(json.loads(row.body)) for row in rows]
        return [e for e in events if (type(e) in wanted if wanted else not isinstance(e, DecisionRecorded))]

    async def decisions(self, rule: str | None = None) -> list[DecisionRecorded]:
        found: list[DecisionRecorded] = await self.sent(DecisionRecorded)
        return [decision for decision in found if rule in (None, decision.rule)]

    async def hear(self, event: Event, *, event_id: str | None = None, sequence: int = 1) -> str:
        """Let the service's consumer take `event` as if it came from Kafka; returns the event's id."""
        service = "recruitment" if event.publisher == "audit" else event.publisher
        event_id = event_id or str(uuid4())
        headers = kafka_headers(
            event_id=event_id,
            source=source_of(service, event.stream),
            type_name=event.type_name(),
            key=event.key,
            sequence=sequence,
            recorded_at=utc_now(),
            traceparent=None,
        )
        record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
            topic=topic_of("", service, event.stream),
            partition=0,
            offset=sequence,
            timestamp=0,
            timestamp_type=0,
            key=event.key.encode(),
            value=event.model_dump_json().encode(),
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            headers=headers,
        )
        await self.runtime.consumer.take(record)
        return event_id

    def client(self, *roles: Role, area: str = "", subject: str = "clerk", language: str = "zh") -> httpx.AsyncClient:
        """An HTTP client signed in with these roles; without roles, not signed in at all."""
        headers = {"Accept-Language": language}
        if roles:
            token = self.issuer.token(subject=subject, roles=[str(role) for role in roles], area=area)
            headers["Authorization"] = f"Bearer {token}"
        # An error of ours must come out as the answer a client would get, not as an exception in the test.
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers)

    @property
    def _app(self) -> Any:
        if not hasattr(self.runtime, "bench_app"):
            self.runtime.bench_app = self.runtime.app()  # type: ignore[attr-defined]
        return self.runtime.bench_app  # type: ignore[attr-defined]

    def set_today(self, day: date) -> None:
        set_today(self.runtime.settings, day)


def somebody(*roles: Role, area: str, subject: str = "clerk") -> Actor:
    return Actor(account=f"{ISSUER}|{subject}", roles=frozenset(roles), area=area)


async def open_bench(service: Service, *, admin_url: str, folder: Path, number: int = 1) -> Bench:
    """A bench for `service`, its database made and migrated; a second one of a service has another number."""
    import asyncio

    prefix = f"t{os.getpid()}_" if number == 1 else f"t{os.getpid()}_{number}_"
    urls = await prepare_database(admin_url, service.name, folder=folder, prefix=prefix)
    await asyncio.to_thread(upgrade, service=service.name, metadata=service.tables, owner_url=urls.owner_url)
    settings = Settings(
        database_url=urls.database_url,
        owner_database_url=urls.owner_url,
        embedded=True,
        folder=folder,
        oidc_issuer=ISSUER,
        policies_dir=ROOT / "policies",
        log_level="error",
    )
    issuer = DevelopmentIssuer(settings)
    return Bench(Runtime(service, settings), issuer)


async def empty_tables(bench: Bench) -> None:
    """Leave no row behind; the owner does it, whom row-level security would otherwise hide the rows from."""
    engine = create_async_engine(bench.runtime.settings.owner_database_url)
    metadatas: tuple[MetaData, ...] = (chassis_metadata, bench.runtime.service.tables)
    names = ", ".join(f'"{table}"' for metadata in metadatas for table in metadata.tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    await engine.dispose()
    bench.runtime.settings.folder.joinpath("today").unlink(missing_ok=True)


def bench_fixtures(service: Service) -> tuple[Any, Any]:
    """The two fixtures of a service's conftest: `opened_bench` once a session, `bench` emptied for each test."""

    @pytest.fixture(scope="session")
    async def opened_bench(postgres_url: str, servers_folder: Path) -> AsyncIterator[Bench]:
        bench = await open_bench(service, admin_url=postgres_url, folder=servers_folder)
        yield bench
        await bench.runtime.engine.dispose()

    @pytest.fixture
    async def bench(opened_bench: Bench) -> Bench:
        await empty_tables(opened_bench)
        return opened_bench

    return opened_bench, bench


def find_consumer(service: str) -> Any:
    """The consumer of a service as described, to be asked what it hears; it is connected to nothing."""
    return consumer_of(
        find_service(service),
        sessions=open_sessions(create_async_engine("postgresql+asyncpg://nobody@127.0.0.1/nothing")),
        settings=Settings(),
        policies=Policies((), {}),
    )
