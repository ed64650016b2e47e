"""Lists in pages: an opaque signed cursor holds where the next page begins and which question it continues."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, tuple_

from common.errors import BadCursor

T = TypeVar("T")

USUAL_PAGE = 50
LONGEST_PAGE = 200


@dataclass(frozen=True)
class Rows(Generic[T]):
    """A page of rows as a query gives it."""

    items: Sequence[T]
    next: str | None


class Page(BaseModel, Generic[T]):
    """`next` is the cursor of the following page, null at the end."""

    model_config = ConfigDict(from_attributes=True)

    items: list[T]
    next: str | None


def page_query(
    query: Select[*tuple[Any, ...]],
    *,
    order: Sequence[Any],
    key: bytes,
    question: str,
    cursor: str | None,
    limit: int,
) -> Select[*tuple[Any, ...]]:
    """`query` ordered by `order` (ascending, unique together), beginning after `cursor`, one row longer than asked."""
    if cursor is not None:
        query = query.where(tuple_(*order) > tuple_(*_read(cursor, key=key, question=question)))
    return query.order_by(*order).limit(min(limit, LONGEST_PAGE) + 1)


def make_page(
    rows: Sequence[T], *, limit: int, key: bytes, question: str, place: Callable[[T], Sequence[Any]]
) -> Rows[T]:
    """The rows of the page and the cursor of the next."""
    limit = min(limit, LONGEST_PAGE)
    if len(rows) <= limit:
        return Rows(rows, None)
    shown = rows[:limit]
    return Rows(shown, _write(place(shown[-1]), key=key, question=question))


def _write(place: Sequence[Any], *, key: bytes, question: str) -> str:
    content = json.dumps([part if isinstance(part, int) else str(part) for part in place]).encode()
    return base64.urlsafe_b64encode(_sign(content, key, question) + content).decode()


def _read(cursor: str, *, key: bytes, question: str) -> list[Any]:
    try:
        both = base64.urlsafe_b64decode(cursor.encode())
        mark, content = both[:16], both[16:]
        if not hmac.compare_digest(mark, _sign(content, key, question)):
            raise BadCursor
        return list(json.loads(content))
    except (ValueError, UnicodeError) as error:
        raise BadCursor from error


def _sign(content: bytes, key: bytes, question: str) -> bytes:
    return hmac.digest(key, question.encode() + b"\0" + content, hashlib.sha256)[:16]
