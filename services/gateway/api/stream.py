"""What changes in the caller's area, as it changes (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from common.actors import Actor
from common.service import CurrentActor, new_router, runtime_of
from common.transaction import reading
from gateway import queries
from gateway.api.pulse import Pulse
from gateway.models import Change as ChangeRow

HEARTBEAT = 15.0
LONGEST_STREAM = 900.0  # then the client comes back, and its token is looked at again
_BATCH = 200

router = new_router("gateway")


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


class Change(BaseModel):
    """流中每条消息的 data：只有编号，不含个人信息；内容请按编号读取视图。"""

    model_config = ConfigDict(from_attributes=True)

    change_id: str = Field(description="与 SSE 的 id 相同")
    type: str = Field(examples=["recruitment.worker_hired.v1"])
    subject: str = Field(description="所涉对象的编号")
    area: str
    happened_at: datetime


LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", pattern=r"^\d{1,18}$", description="最后收到的 id；从其后继续"),
]


@router.get(
    "/changes",
    name="stream_changes",
    response_class=EventStream,
    responses={200: {"model": Change, "description": "每条 change 消息的 data"}},
    summary="本地区变化的实时流",
)
async def stream_changes(request: Request, actor: CurrentActor, last_event_id: LastEventId = None) -> EventStream:
    """先发 `ready`（其 id 可用于续传），之后每次变化一条 `change`；每 15 秒一条心跳注释。

    续传位置已被清理或不属于本系统时先发 `reset`：请重新读取视图。流最长 15 分钟，客户端应带 Last-Event-ID 重连。
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    after = None if last_event_id is None else int(last_event_id)
    return EventStream(_flow(request, actor, after), headers=headers)


async def _flow(request: Request, actor: Actor, after: int | None) -> AsyncIterator[bytes]:
    pulse: Pulse = request.app.state.pulse
    clock = asyncio.get_running_loop().time
    ends_at = clock() + LONGEST_STREAM
    first, after = await _begin(request, actor, after)
    yield first
    while clock() < ends_at:
        mark = pulse.mark()
        async with reading(runtime_of(request).sessions, actor=actor) as session:
            rows = await queries.changes_after(session, after, limit=_BATCH)
        for row in rows:
            yield _message(row)
            after = row.change_id
        if not rows and not await pulse.after(mark, at_most=HEARTBEAT):
            yield b": heartbeat\n\n"


async def _begin(request: Request, actor: Actor, after: int | None) -> tuple[bytes, int]:
    """The first words of the stream, and the id after which it goes on."""
    async with reading(runtime_of(request).sessions, actor=actor) as session:
        newest = await queries.newest_change(session)
        forgotten = await queries.forgotten_changes(session)
    retry = b"retry: 2000\n"
    if after is None:
        return retry + b"event: ready\nid: %d\ndata: {}\n\n" % newest, newest
    if forgotten > after or after > max(newest, forgotten):
        return retry + b"event: reset\nid: %d\ndata: {}\n\n" % newest, newest
    return retry + b": resumed\n\n", after


def _message(row: ChangeRow) -> bytes:
    shown = {
        "change_id": str(row.change_id),
        "type": row.type,
        "subject": row.subject,
        "area": row.area,
        "happened_at": row.happened_at,
    }
    return b"event: change\nid: %d\ndata: %b\n\n" % (row.change_id, orjson.dumps(shown))
