"""The one alembic environment: every service's migrations run through it."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from common.migrations import secure_tables
from common.tables import chassis_metadata

_LOCK = 7_340_002


def migrate(connection: Connection) -> None:
    service_metadata = context.config.attributes["metadata"]
    context.configure(
        connection=connection, target_metadata=[chassis_metadata, service_metadata], compare_server_default=False
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()
        secure_tables(connection)


async def main() -> None:
    engine = create_async_engine(context.config.attributes["owner_url"])
    # A connection of its own holds the lock, so that migrations keep their own transactions.
    async with engine.connect() as lock:
        lock = await lock.execution_options(isolation_level="AUTOCOMMIT")
        await lock.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
        await lock.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
    await engine.dispose()


asyncio.run(main())
