"""`python -m common.embedded.revision registry "text"`: write a migration, on a PostgreSQL that lives just as long."""

import asyncio
import sys
import tempfile
from pathlib import Path

from common.__main__ import find_service
from common.embedded.databases import prepare_database
from common.embedded.postgres import Postgres
from common.migrations import revise


def main(name: str, message: str) -> None:
    service = find_service(name)
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder), fast=True)
        try:
            urls = asyncio.run(prepare_database(postgres.start(), name, folder=Path(folder)))
            revise(service=name, metadata=service.tables, owner_url=urls.owner_url, message=message)
        finally:
            postgres.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
