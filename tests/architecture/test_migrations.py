"""The migrations lead to the tables that the models speak of, and to no others."""

import asyncio
import os
from pathlib import Path

import pytest
from alembic import command

from common.__main__ import find_service, service_names
from common.embedded.databases import prepare_database
from common.migrations import alembic_config


@pytest.mark.parametrize("name", service_names())
async def test_migrations_make_what_the_models_describe(name: str, postgres_url: str, servers_folder: Path) -> None:
    urls = await prepare_database(postgres_url, name, folder=servers_folder, prefix=f"m{os.getpid()}_")
    config = alembic_config(service=name, metadata=find_service(name).tables, owner_url=urls.owner_url)
    await asyncio.to_thread(command.upgrade, config, "head")
    await asyncio.to_thread(command.check, config)
