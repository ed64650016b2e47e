"""A service as small as one can be, with tables, rules, policy files and events of its own, to try the chassis on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from sqlalchemy import BigInteger, Connection, Identity, MetaData, String, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.actors import Role
from common.consumer import Consumer
from common.embedded.databases import asyncpg_url, prepare_database
from common.events import Event
from common.migrations import secure_tables
from common.policy import RULES, Terms, rule
from common.service import CurrentActor, Runtime, Service, Today, Tx, new_router
from common.settings import Settings
from common.tables import NAMES, GovernedRow, chassis_metadata
from common.testing import ISSUER, Bench
from common.tokens import DevelopmentIssuer
from common.transaction import About, Transaction

SERVICE = "diary"
STAFF = "clerk"
HERE = "320102"
DAY = date(2024, 5, 1)
POLICY = """
id: DI
title: 日记办法
area: "32"
staff: [clerk]
starts_on: 2024-01-01
clauses:
  DI-1:
    at: 第一条
    says: {zh: 每则日记字数有限, en: an entry has so many characters at most}
    rules:
      diary.length_allowed:
        characters: [{from: 2024-01-01, value: 10}, {from: 2024-07-01, value: 20}]
  DI-2:
    at: 第二条
    says: {zh: 每日篇数由县定, en: the county sets how many a day}
    rules:
      diary.number_allowed:
        a_day: {chosen_by: county, between: [1, 5]}
"""


class Length(Terms):
    characters: int | None = None


class Number(Terms):
    a_day: int


@rule("diary.length_allowed")
def length_allowed(terms: Length, *, length: int) -> bool:
    return terms.characters is None or length <= terms.characters


@rule("diary.number_allowed")
def number_allowed(terms: Number, *, number: int) -> bool:
    return number <= terms.a_day


# Registered only while these tests run: the catalogue of the platform must not know them.
OWN_RULES = [RULES.pop(one.name) for one in (length_allowed, number_allowed)]


@contextmanager
def registered(*rules: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for one in rules:
            patch.setitem(RULES, one.name, one)
        yield


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Entry(GovernedRow, Table):
    """An entry; belongs to an area, so that its rows are secured."""

    __tablename__ = "entry"

    entry_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    words: Mapped[str] = mapped_column(String(200))


class Effect(Table):
    """One row for each time an event had its effect."""

    __tablename__ = "effect"

    effect_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(60))
    number: Mapped[int] = mapped_column()


class EntryWritten(Event):
    publisher = SERVICE
    about = "entry_id"

    entry_id: str
    number: int = 1
    words: str = ""


class OthersSaid(Event):
    publisher = "somebody"
    about = "entry_id"

    entry_id: str


async def write_entry(tx: Transaction, *, entry_id: str, words: str, on: date, area: str = HERE) -> Entry:
    entry = Entry(entry_id=entry_id, area=area, staff=STAFF, words=words)
    tx.session.add(entry)
    await tx.session.flush()
    tx.emit(EntryWritten(entry_id=entry_id, words=words))
    decision = await tx.decide(length_allowed, about=About(area, STAFF), on=on, length=len(words))
    tx.require(decision, subject=entry_id)
    return entry


async def note_effect(tx: Transaction, event: EntryWritten) -> None:
    tx.session.add(Effect(entry_id=event.entry_id, number=event.number))


class EntryInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: Annotated[str, Field(max_length=50)]
    weight: FiniteFloat = 1.0


class EntryShown(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    entry_id: str
    words: str


router = new_router(SERVICE)


@router.post("/entries/{entry_id}", name="write_entry", response_model=EntryShown)
async def post_entry(entry_id: str, body: EntryInput, tx: Tx, day: Today) -> object:
    return await write_entry(tx, entry_id=entry_id, words=body.words, on=day)


@router.get("/entries/{entry_id}", name="read_entry", response_model=EntryShown)
async def get_entry(entry_id: str, tx: Tx) -> object:
    return await tx.session.get_one(Entry, entry_id)


@router.get("/roles", name="list_roles")
async def list_roles(actor: CurrentActor) -> dict[str, Any]:
    """As whom somebody acts here."""
    return {"roles": sorted(actor.roles), "is_for_himself": actor.is_for_himself}


MATRIX = {name: frozenset({Role.LEAD_DEPARTMENT}) for name in ("write_entry", "read_entry")}
MATRIX["list_roles"] = frozenset({Role.LEAD_DEPARTMENT, Role.WORKER})

service = Service(
    name=SERVICE, title="diary", router=router, tables=Table.metadata, handlers={EntryWritten: note_effect}
)


async def open_diary(admin_url: str, folder: Path) -> Bench:
    """A bench on a database of its own, with the diary's own policy file."""
    policies = folder / "diary-policies"
    policies.mkdir(exist_ok=True)
    (policies / "DI.yaml").write_text(POLICY)
    urls = await prepare_database(admin_url, SERVICE, folder=folder, prefix="diary_")
    engine = create_async_engine(urls.owner_url)
    async with engine.begin() as connection:
        await connection.run_sync(_make_tables)
    await engine.dispose()
    settings = Settings(
        database_url=urls.database_url,
        owner_database_url=urls.owner_url,
        embedded=True,
        folder=folder,
        oidc_issuer=ISSUER,
        policies_dir=policies,
        log_level="error",
    )
    with registered(*OWN_RULES):
        return Bench(Runtime(service, settings), DevelopmentIssuer(settings))


def _make_tables(connection: Connection) -> None:
    for metadata in (Table.metadata, chassis_metadata):
        metadata.drop_all(connection)
        metadata.create_all(connection)
    secure_tables(connection)


async def owner_sql(bench: Bench, statement: str, **values: Any) -> list[Any]:
    return await run_sql(bench.runtime.settings.owner_database_url, statement, **values)


async def run_sql(url: str, statement: str, **values: Any) -> list[Any]:
    engine = create_async_engine(asyncpg_url(url), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []
    finally:
        await engine.dispose()


def consumer_of(bench: Bench, *, handler: Any = note_effect, settings: Settings | None = None, **more: Any) -> Consumer:
    return Consumer(
        service=SERVICE,
        sessions=bench.runtime.sessions,
        settings=settings or bench.runtime.settings,
        policies=bench.runtime.policies,
        handlers={EntryWritten: handler},
        **more,
    )


async def eventually(holds: Any, *, within: float = 20) -> Any:
    """The first true answer of `holds`, asked again and again."""
    async with asyncio.timeout(within):
        while not (found := await holds()):
            await asyncio.sleep(0.05)
        return found
