import base64
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, field_serializer

from audit.api.decisions import Cursor, Limit, Words
from audit.commands import alarms as commands
from audit.commands.reading import record_reading
from audit.queries import alarms as alarm_queries
from audit.queries import own as own_queries
from audit.rules.entries import EntryType
from common.paging import USUAL_PAGE, Page
from common.service import CurrentSealer, CursorKey, Reading, Tx, new_router
from common.text import Words as Text

router = new_router("audit")

AlarmId = Annotated[int, Path(ge=1, le=2**63 - 1, description="告警编号")]


class RaisedAlarm(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    alarm_id: int
    kind: str = Field(
        description="gap 缺号、conflict 内容冲突、out_of_order 迟到、tally_differs 与来源自报不符、"
        "tally_overdue 来源久未自报、records_differ 数据库与文件不符、"
        "disclosure_missing 内容被私删、checkpoint_refused 拒绝签发、publishing_failed 公布失败、"
        "witness_silent 见证方未副署、witness_refused 见证方拒绝、copy_failed 检查点未送出、stamp_failed 未盖时间戳"
    )
    source: str
    first_sequence: int
    last_sequence: int
    event_id: str | None
    index: int | None
    raised_at: datetime
    closed_at: datetime | None
    words: Words


class Closing(BaseModel):
    finding: Text = Field(description="查明的情况与处理，记入日志")


class ClosedAlarm(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    alarm_id: int
    closed_at: datetime


class OwnEntry(BaseModel):
    """日志自己的记录：何人查了什么、抹除了什么、发生过什么告警、各来源自报的件数。"""

    model_config = ConfigDict(from_attributes=True)

    index: int
    type: EntryType
    recorded_at: datetime
    entry: dict[str, Any] = Field(description="日志条目")
    disclosed: dict[str, Any] = Field(description="条目的披露内容")


class Checkpoint(BaseModel):
    """公布过的检查点；带时间戳的可用 openssl ts -verify 核验。"""

    model_config = ConfigDict(from_attributes=True)

    size: int
    note: str
    published_at: datetime
    timestamp: bytes | None = Field(description="RFC 3161 时间戳应答（DER），base64；未盖的为空")

    @field_serializer("timestamp")
    def _as_base64(self, token: bytes | None) -> str | None:
        return None if token is None else base64.b64encode(token).decode()


@router.get("/log/alarms", response_model=Page[RaisedAlarm], name="list_log_alarms", summary="日志告警")
async def list_log_alarms(
    session: Reading,
    key: CursorKey,
    is_open: Annotated[bool | None, Query(alias="open", description="只看未关闭（true）或已关闭（false）的")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await alarm_queries.alarms(session, is_open=is_open, cursor=cursor, limit=limit, key=key)


@router.post(
    "/log/alarms/{alarm_id}/closure", response_model=ClosedAlarm, name="close_log_alarm", summary="查明并关闭告警"
)
async def close_log_alarm(alarm_id: AlarmId, body: Closing, tx: Tx) -> object:
    return await commands.close_alarm(tx, alarm_id=alarm_id, finding=body.finding)


@router.get("/log/entries", response_model=Page[OwnEntry], name="list_log_entries", summary="日志自己的记录")
async def list_log_entries(
    tx: Tx,
    key: CursorKey,
    sealer: CurrentSealer,
    kind: Annotated[EntryType | None, Query(alias="type", description="只看一种")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    """查看本身也记入日志。"""
    found = await own_queries.entries(tx.session, kind=kind, cursor=cursor, limit=limit, key=key, sealer=sealer)
    question = {"type": str(kind)} if kind else {}
    record_reading(tx, operation="list_log_entries", question=question, indices=[one.index for one in found.items])
    return found


@router.get("/log/checkpoints", response_model=Page[Checkpoint], name="list_checkpoints", summary="公布过的检查点")
async def list_checkpoints(
    session: Reading,
    key: CursorKey,
    stamped: Annotated[bool, Query(description="只看盖有时间戳的")] = False,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await own_queries.checkpoints(session, stamped=stamped, cursor=cursor, limit=limit, key=key)
