"""A database for each service and two roles for all: one owns the tables, the other may only work on their rows."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, NullPool, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from common.embedded.passwords import kept_passwords
from common.embedded.refusals import StartRefused

# Any number: two starts on one server must not make the same role at the same moment.
LOCK = 7_204_118


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    database_url: str
    owner_url: str


async def prepare_database(admin_url: str, name: str, *, folder: Path, prefix: str = "gp_") -> DatabaseUrls:
    return (await prepare_databases(admin_url, [name], folder=folder, prefix=prefix))[name]


async def prepare_databases(
    admin_url: str, names: Iterable[str], *, folder: Path, prefix: str = "gp_"
) -> dict[str, DatabaseUrls]:
    admin, urls = asyncpg_url(admin_url), database_urls(admin_url, names, folder=folder, prefix=prefix)
    owner, app = f"{prefix}owner", f"{prefix}app"
    try:
        async with _connected(admin) as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            await _prepare_roles(connection, kept_passwords(folder, owner, app), owner=owner, app=app)
            for name, url in urls.items():
                await _create_database(connection, f"{prefix}{name}", owner=owner, app=app)
                await _grant_tables(make_url(url.owner_url), app=app)
    except (OSError, DBAPIError) as failure:
        raise _not_prepared(admin, failure) from failure
    return urls


def database_urls(
    admin_url: str, names: Iterable[str], *, folder: Path, prefix: str = "gp_"
) -> dict[str, DatabaseUrls]:
    passwords = kept_passwords(folder, f"{prefix}owner", f"{prefix}app")

    def url(role: str, name: str) -> str:
        at = asyncpg_url(admin_url).set(username=role, password=passwords[role], database=f"{prefix}{name}")
        return at.render_as_string(hide_password=False)

    return {
        name: DatabaseUrls(database_url=url(f"{prefix}app", name), owner_url=url(f"{prefix}owner", name))
        for name in names
    }


def asyncpg_url(url: str) -> URL:
    """The usual `postgresql://…?sslmode=…` as the driver wants it."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in parsed.query:
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


@asynccontextmanager
async def _connected(url: URL) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _prepare_roles(connection: AsyncConnection, passwords: Mapping[str, str], *, owner: str, app: str) -> None:
    for role in (owner, app):
        verb = "ALTER" if await _exists(connection, "pg_roles", "rolname", role) else "CREATE"
        await connection.execute(text(f"{verb} ROLE \"{role}\" LOGIN PASSWORD '{passwords[role]}'"))
    mighty = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = :role"
    if await connection.scalar(text(mighty), {"role": app}):
        raise StartRefused(
            chinese=f"数据库角色 {app} 权限过大(超级用户、可绕过行级安全或可建角色),请先收回。",
            english=f"The database role {app} may do too much (superuser, bypassrls or createrole): revoke that.",
        )
    if not await connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        await connection.execute(text(f'GRANT "{owner}" TO CURRENT_USER'))


async def _create_database(connection: AsyncConnection, database: str, *, owner: str, app: str) -> None:
    if not await _exists(connection, "pg_database", "datname", database):
        await connection.execute(text(f'CREATE DATABASE "{database}" OWNER "{owner}"'))
    await connection.execute(text(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC'))
    await connection.execute(text(f'GRANT CONNECT ON DATABASE "{database}" TO "{app}"'))


async def _grant_tables(as_owner: URL, *, app: str) -> None:
    async with _connected(as_owner) as connection:
        for grant in (
            f'GRANT USAGE ON SCHEMA public TO "{app}"',
            f'ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{app}"',
            f'ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO "{app}"',
        ):
            await connection.execute(text(grant))


async def _exists(connection: AsyncConnection, table: str, column: str, name: str) -> bool:
    # Table and column are ours; the name is a parameter.
    question = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = :name)"  # noqa: S608
    return bool(await connection.scalar(text(question), {"name": name}))


def _not_prepared(admin: URL, failure: Exception) -> StartRefused:
    reason = str(getattr(failure, "orig", failure)).splitlines()[0][:200]
    place = f"{admin.host}:{admin.port or 5432}"
    return StartRefused(
        chinese=f"在数据库服务器 {place} 上建库或授权失败:{reason}",
        english=f"The databases could not be prepared on the server {place}.",
    )
