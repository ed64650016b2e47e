"""Lists read as clients do: from page to page."""

from collections.abc import AsyncIterator
from typing import Any

import httpx


async def pages(client: httpx.AsyncClient, path: str, *, limit: int, **asked: Any) -> AsyncIterator[list[Any]]:
    """Each page of a list until there is no further one."""
    cursor: str | None = None
    while True:
        where = {"limit": limit, **asked} | ({"cursor": cursor} if cursor else {})
        answer = await client.get(path, params=where)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page["items"]
        cursor = page["next"]
        if cursor is None:
            return
