"""Migrations: where a service keeps them, and what every table with an area gets by itself."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from common.tables import PolicyChoice

ROOT = Path(__file__).resolve().parents[3]


def alembic_config(*, service: str, metadata: MetaData, owner_url: str) -> Config:
    config = Config()
    versions = ROOT / "services" / service / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["metadata"] = metadata
    config.attributes["owner_url"] = owner_url
    return config


def upgrade(*, service: str, metadata: MetaData, owner_url: str) -> None:
    command.upgrade(alembic_config(service=service, metadata=metadata, owner_url=owner_url), "head")


def revise(*, service: str, metadata: MetaData, owner_url: str, message: str) -> None:
    """Write the migration that leads from the database to the models."""
    config = alembic_config(service=service, metadata=metadata, owner_url=owner_url)
    command.upgrade(config, "head")
    command.revision(config, message=message, autogenerate=True)


async def at_head(*, service: str, metadata: MetaData, database_url: str) -> bool:
    """Whether the database has every migration of this version; the application's own role may ask."""
    config = alembic_config(service=service, metadata=metadata, owner_url="")
    wanted = set(ScriptDirectory.from_config(config).get_heads())
    engine = create_async_engine(database_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            found = set(await connection.scalars(text("SELECT version_num FROM alembic_version")))
    except (DBAPIError, OSError):
        return False
    finally:
        await engine.dispose()
    return found == wanted


_AREA_TABLES = text("""
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'area' AND NOT a.attisdropped
""")
# An unset or emptied setting is NULL, and NULL lets nothing through.
_SCOPE = (
    "area >= nullif(current_setting('app.area_from', true), '') COLLATE \"C\" "
    "AND area < nullif(current_setting('app.area_to', true), '') COLLATE \"C\""
)
# What a county has chosen binds its streets and communities: they read it, and cannot change it.
_FROM_ABOVE = "starts_with(nullif(current_setting('app.area_from', true), ''), area)"


def secure_tables(connection: Connection) -> None:
    """Force row-level security on every table that has an area: a backstop nobody can forget to switch on."""
    for (table,) in connection.execute(_AREA_TABLES).all():
        connection.execute(text(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'))
        connection.execute(text(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'))
        connection.execute(text(f'DROP POLICY IF EXISTS area_scope ON "{table}"'))
        connection.execute(text(f'CREATE POLICY area_scope ON "{table}" USING ({_SCOPE}) WITH CHECK ({_SCOPE})'))
        if table == PolicyChoice.__tablename__:
            connection.execute(text(f'DROP POLICY IF EXISTS chosen_above ON "{table}"'))
            connection.execute(text(f'CREATE POLICY chosen_above ON "{table}" FOR SELECT USING ({_FROM_ABOVE})'))
