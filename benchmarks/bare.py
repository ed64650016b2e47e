"""The baseline of the gateway: Starlette, asyncpg and orjson with nothing around them, and the gateway's own SQL.

No tokens, no roles, no row-level security, no request ids, no logs, no metrics, no ETag.
`python -m benchmarks.bare` serves it on SERVICE_PORT from the database of DATABASE_URL.
"""

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import uvicorn
from sqlalchemy import TextClause
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.areas import code_range
from common.clock import CHINA
from gateway import queries
from gateway.api.office import office_view

CONNECTIONS = 10
PAGE = 50
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class Row(asyncpg.Record):  # type: ignore[misc]
    def __getattr__(self, name: str) -> Any:
        return self[name]


class Statement:
    """The gateway's statement as asyncpg takes it: `:area` becomes `$1`."""

    def __init__(self, clause: TextClause) -> None:
        self.names = list(dict.fromkeys(_PARAMETER.findall(clause.text)))
        self.sql = _PARAMETER.sub(lambda found: f"${self.names.index(found[1]) + 1}", clause.text)

    async def rows(self, connection: Any, values: Mapping[str, Any]) -> Sequence[Any]:
        found: Sequence[Any] = await connection.fetch(self.sql, *(values[name] for name in self.names))
        return found


_WORKER = Statement(queries._WORKER)
_OFFICE = {
    "organisations": Statement(queries._ORGANISATIONS),
    "in_post": Statement(queries._IN_POST),
    "pending": Statement(queries._PENDING),
    "plans": Statement(queries._PLANS),
    "runs": Statement(queries._RUNS),
}
_WORKERS = "SELECT worker_id, left_on, body FROM worker WHERE hired_on IS NOT NULL ORDER BY worker_id LIMIT $1"


async def worker(request: Request) -> Response:
    asked = {"worker_id": request.path_params["worker_id"], "caller": "", "only_own": False, "hidden": []}
    async with request.app.state.pool.acquire() as connection:
        (row,) = await _WORKER.rows(connection, asked)
    return Response(row[0].encode(), media_type="application/json")


async def workers(request: Request) -> Response:
    async with request.app.state.pool.acquire() as connection:
        rows = await connection.fetch(_WORKERS, PAGE + 1)
    items = [
        {
            "worker_id": row["worker_id"],
            "name": row["body"]["person"]["name"],
            "identity_masked": row["body"]["person"]["identity_masked"],
            "area": row["body"]["area"],
            "staff": row["body"]["staff"],
            "organisation_id": row["body"]["organisation"]["organisation_id"],
            "organisation_name": row["body"]["organisation"]["name"],
            "post_class": row["body"]["post"]["post_class"],
            "hired_on": row["body"]["post"]["hired_on"],
            "left_on": row["left_on"],
        }
        for row in rows[:PAGE]
    ]
    body = {"items": items, "next": items[-1]["worker_id"] if len(rows) > PAGE else None}
    return Response(orjson.dumps(body), media_type="application/json")


async def office(request: Request) -> Response:
    area, today = request.path_params["area"], datetime.now(CHINA).date()
    lowest, highest = code_range(area)
    values = {"lowest": lowest, "highest": highest, "longest": queries.LONGEST_LIST, "month": None}
    async with request.app.state.pool.acquire() as connection:
        found = {
            name: await statement.rows(
                connection, {**values, "today": today.isoformat() if name == "pending" else today}
            )
            for name, statement in _OFFICE.items()
        }
    shown = office_view(queries.Office(**found), area=area, today=today, month=None)
    return Response(orjson.dumps(shown), media_type="application/json")


async def _read_json(connection: Any) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=orjson.dumps, decoder=orjson.loads)


@asynccontextmanager
async def _pooled(app: Starlette) -> AsyncIterator[None]:
    pool = asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS, init=_read_json, record_class=Row
    )
    async with pool as app.state.pool:
        yield


routes = [
    Route("/v1/workers", workers),
    Route("/v1/workers/{worker_id}", worker),
    Route("/v1/offices/{area}", office),
]


if __name__ == "__main__":
    app = Starlette(routes=routes, lifespan=_pooled)
    uvicorn.run(app, port=int(os.environ["SERVICE_PORT"]), log_config=None, access_log=False)
