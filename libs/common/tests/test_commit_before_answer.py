"""The commit comes before the answer. Only a real server can show it: in-process transports hide the order."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from sqlalchemy import MetaData, String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.access import access_matrix
from common.actors import Role
from common.embedded.ports import free_port
from common.service import Service, Tx, new_router
from common.tables import NAMES
from common.testing import open_bench
from common.tokens import DevelopmentIssuer


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Note(Table):
    __tablename__ = "note"

    note_id: Mapped[str] = mapped_column(String(60), primary_key=True)


router = new_router("notes")


@router.post("/notes/{note_id}", name="register_organisation")
async def write_note(note_id: str, tx: Tx) -> dict[str, str]:
    tx.session.add(Note(note_id=note_id))
    return {"note_id": note_id}


@pytest.fixture
async def served(postgres_url, servers_folder, monkeypatch):
    """A service with one table, behind a real uvicorn; `register_organisation` lends it its line in the matrix."""
    assert Role.LEAD_DEPARTMENT in access_matrix()["register_organisation"]
    service = Service(name="notes", title="notes", router=router, tables=Table.metadata)
    monkeypatch.setattr("common.testing.upgrade", lambda **_: None)
    bench = await open_bench(service, admin_url=postgres_url, folder=servers_folder)
    await _create_tables(bench.runtime.settings.owner_database_url)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(bench.runtime.app(), port=port, log_config=None))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    token = DevelopmentIssuer(bench.runtime.settings).token(subject="x", roles=["lead_department"], area="")
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        yield bench, client
    server.should_exit = True
    await running


async def _create_tables(owner_url):
    from sqlalchemy.ext.asyncio import create_async_engine

    from common.tables import chassis_metadata

    engine = create_async_engine(owner_url)
    async with engine.begin() as connection:
        for metadata in (Table.metadata, chassis_metadata):
            await connection.run_sync(metadata.drop_all)
            await connection.run_sync(metadata.create_all)
    await engine.dispose()


@asynccontextmanager
async def committing(bench, happens):
    engine = bench.runtime.engine.sync_engine
    event.listen(engine, "commit", happens)
    try:
        yield
    finally:
        event.remove(engine, "commit", happens)


class TestCommitBeforeAnswer:
    async def test_the_row_is_there_when_the_answer_is(self, served):
        bench, client = served
        order = []
        async with committing(bench, lambda _connection: order.append("commit")):
            answer = await client.post("/v1/notes/a")
            order.append("answer")

        assert answer.status_code == 200
        assert order == ["commit", "answer"]
        assert [note.note_id for note in await bench.rows(Note)] == ["a"]

    async def test_a_commit_that_fails_is_no_success(self, served):
        bench, client = served

        def refuse(_connection):
            raise OSError("the database went away")

        async with committing(bench, refuse):
            answer = await client.post("/v1/notes/b")

        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert await bench.rows(Note) == []
