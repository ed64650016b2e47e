from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from audit.commands.signing import signer_of
from audit.queries import alarms as alarm_queries
from audit.queries import decisions as queries
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CurrentActor, CursorKey, Reading, new_router, runtime_of
from common.text import RowId

router = new_router("audit")

_NEVER_OLD = {"Cache-Control": "no-cache"}
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

Cursor = Annotated[str | None, Query(max_length=500, description="上一页给出的 next；不填则从第一页开始")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="每页条数")]


class Words(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    zh: str
    en: str


class Decision(BaseModel):
    """一项决定及其在日志中的位置；内容按该事项原承办服务的查看权限给出。"""

    model_config = ConfigDict(from_attributes=True)

    index: int = Field(description="日志中的序号，自 0 起连续")
    recorded_at: datetime = Field(description="记入日志的时刻")
    decided_at: datetime = Field(description="作出决定的时刻")
    source: str = Field(description="作出决定的服务", examples=["/recruitment/decisions"])
    sequence: int = Field(description="该服务的第几号决定")
    event_id: str
    authid: str = Field(description="经办账号的代号；同一账号代号相同")
    account: str | None = Field(description="经办账号；仅审计员可见，已抹除的为空")
    decision_id: str
    subject: str = Field(description="决定所涉人员或事项的编号")
    clause: str
    rule: str
    area: str
    staff: str
    on: date
    permits: bool
    content: queries.Content = Field(
        description="whole 全文；withheld 该角色无权查看事实、取值与结论；erased 内容已抹除，仅余日志所载"
    )
    decision: dict[str, Any] | None = Field(description="规则、条款、条款取值、事实与结论；已抹除的为空")
    words: Words | None = Field(description="决定的文字说明；无权查看内容的为空")


class DecisionLine(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    index: int
    decision_id: str
    subject: str
    clause: str
    rule: str
    area: str
    staff: str
    on: date
    permits: bool
    decided_at: datetime
    recorded_at: datetime


class Proof(BaseModel):
    """该决定确在日志中的证明（RFC 6962）；可凭外部取得的公钥离线核验。"""

    model_config = ConfigDict(from_attributes=True)

    decision_id: str
    index: int
    entry: str = Field(description="日志条目原文；其 UTF-8 字节即为被哈希的内容")
    document: str | None = Field(
        description="决定内容原文：SHA-256(salt ‖ document) 即条目中的 decision_hash；已抹除或无权查看的为空"
    )
    salt: str | None = Field(description="内容的盐（128 位），base64；已抹除或无权查看的为空")
    leaf_hash: str = Field(description="SHA-256(0x00 ‖ 条目)，base64")
    hashes: list[str] = Field(description="自叶至根的兄弟节点，base64")
    checkpoint: str = Field(description="覆盖该条目的已签名检查点（C2SP signed note）")


class RaisedAlarm(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    alarm_id: int
    kind: str = Field(description="gap 缺号、conflict 内容冲突、out_of_order 迟到、checkpoint_refused 拒绝签发")
    source: str
    first_sequence: int
    last_sequence: int
    event_id: str | None
    index: int | None
    raised_at: datetime
    closed_at: datetime | None
    words: Words


def log_key(request: Request) -> str:
    runtime = runtime_of(request)
    return str(signer_of(runtime.settings, runtime.keys).key)


LogKey = Annotated[str, Depends(log_key)]


def wants_text(request: Request) -> bool:
    """Whether the caller asks for the offline receipt rather than JSON."""
    accepted = request.headers.get("accept", "")
    return "text/plain" in accepted and "application/json" not in accepted


WantsText = Annotated[bool, Depends(wants_text)]


@router.get("/decisions", response_model=Page[DecisionLine], name="list_decisions", summary="查询决定")
async def list_decisions(
    session: Reading,
    key: CursorKey,
    subject: Annotated[RowId | None, Query(description="人员或事项编号")] = None,
    clause: Annotated[str | None, Query(max_length=60, pattern=r"^[A-Za-z0-9._-]+$", description="条款编号")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await queries.decisions(session, subject=subject, clause=clause, cursor=cursor, limit=limit, key=key)


@router.get("/decisions/{decision_id}", response_model=Decision, name="get_decision", summary="查看决定")
async def get_decision(decision_id: RowId, session: Reading, actor: CurrentActor) -> object:
    return await queries.kept_decision(session, decision_id, actor=actor)


@router.get(
    "/decisions/{decision_id}/proof",
    response_model=Proof,
    name="prove_decision",
    summary="证明决定在日志中",
    description="Accept 为 text/plain 时给出可离线核验的 .tlog-proof 文件（C2SP tlog-proof）。",
    responses=_TEXT,
)
async def prove_decision(
    decision_id: RowId, session: Reading, actor: CurrentActor, response: Response, text: WantsText
) -> object:
    return _negotiated(await queries.proof(session, decision_id, actor=actor), response, text=text)


@router.get(
    "/log/checkpoint",
    response_class=PlainTextResponse,
    name="read_checkpoint",
    summary="最新的已签名检查点",
    description="C2SP tlog-checkpoint：日志名、条数、根哈希与 Ed25519 签名。请保存在本系统之外，以便日后核对。",
)
async def read_checkpoint(session: Reading) -> object:
    return PlainTextResponse(await queries.newest_note(session), headers=_NEVER_OLD)


@router.get(
    "/log/key",
    response_class=PlainTextResponse,
    name="read_log_key",
    summary="日志的验证公钥",
    description="C2SP vkey。仅供与线下公布的公钥对照：核验者不应从日志本身取得公钥。",
)
async def read_log_key(key: LogKey) -> object:
    return PlainTextResponse(f"{key}\n")


@router.get("/log/alarms", response_model=Page[RaisedAlarm], name="list_log_alarms", summary="日志告警")
async def list_log_alarms(
    session: Reading,
    key: CursorKey,
    is_open: Annotated[bool | None, Query(alias="open", description="只看未关闭（true）或已关闭（false）的")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await alarm_queries.alarms(session, is_open=is_open, cursor=cursor, limit=limit, key=key)


def _negotiated(proof: queries.Proof, response: Response, *, text: bool) -> object:
    if not text:
        response.headers["Vary"] = "Accept"
        return proof
    name = f'attachment; filename="{proof.decision_id}.tlog-proof"'
    return PlainTextResponse(proof.text, headers={"Vary": "Accept", "Content-Disposition": name})
