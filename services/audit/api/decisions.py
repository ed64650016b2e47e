import asyncio
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from audit.commands import erasing
from audit.commands.reading import record_reading
from audit.queries import decisions as queries
from audit.queries.log import Published, published_log
from common.areas import AREA_CODE
from common.paging import LONGEST_PAGE, USUAL_PAGE
from common.service import CurrentSealer, CursorKey, Tx, new_router, runtime_of
from common.text import Account, AnyLine, RowId
from common.text import Words as Text

router = new_router("audit")

_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

Cursor = Annotated[str | None, Query(max_length=500, description="上一页给出的 next；不填则从第一页开始")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="每页条数")]
_ID = r"^[A-Za-z0-9._-]+$"


class Words(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    zh: str
    en: str


class Found(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    index: int = Field(description="日志中的序号，自 0 起连续")
    decision_id: str
    subject: str | None = Field(description="决定所涉人员或事项的编号；已抹除的为空")
    organisation: str | None = Field(description="所涉组织；未注明或已抹除的为空")
    clause: str
    rule: str
    area: str = Field(description="所在区域；已抹除的只到区县")
    staff: str
    on: date = Field(description="决定所据的日期")
    permits: bool
    decided_at: datetime = Field(description="作出决定的时刻")
    recorded_at: datetime = Field(description="列入日志的时刻")
    recorded: bool = Field(description="已记录：经见证的检查点已覆盖此条；为否时只是已收到，尚可能被改动")


class DecisionLine(Found):
    entry: str = Field(description="日志条目原文；其 UTF-8 字节即为被哈希的内容")
    hashes: list[str] | None = Field(description="自叶至根的兄弟节点，base64（RFC 6962）；尚未记录的为空")


class DecisionLines(BaseModel):
    """查到的决定，各附在日志中的证明。"""

    model_config = ConfigDict(from_attributes=True)

    items: list[DecisionLine]
    next: str | None = Field(description="下一页的游标，末页为空")
    searched: int = Field(description="查询所及：日志第 0 条起的这么多条，限您的辖区")
    checkpoint: str | None = Field(description="各证明所指的检查点（C2SP signed note）")


class Decision(Found):
    """一项决定的全部来由：何人何时依据何条款、当日取值、事实与结论。内容按原承办服务的查看权限给出。"""

    source: str = Field(description="作出决定的服务", examples=["/recruitment/decisions"])
    sequence: int = Field(description="该服务的第几号消息")
    event_id: str
    by_service: bool = Field(description="由系统按规则作出，而非由人经办")
    account: str | None = Field(description="经办账号；仅审计员可见，已抹除的为空")
    document: str
    document_title: str | None
    at: str = Field(description="条款在文件中的位置")
    says: Words | None = Field(description="条款大意")
    policy_digest: str = Field(description="当日政策文件的 SHA-256")
    rule_version: int
    terms: dict[str, Any] | None = Field(description="条款当日的取值；无权查看的为空")
    terms_since: dict[str, date] | None = Field(description="各取值自何日起施行")
    parameters: dict[str, str] | None = Field(description="取自参数的，按参数代码列出所取的那一行的编号")
    facts: dict[str, Any] | None = Field(description="所据事实；无权查看或已抹除的为空")
    outcome: Any = Field(description="结论；无权查看或已抹除的为空")
    content: queries.Content = Field(
        description="whole 全文；withheld 该角色无权查看；erased 已抹除；missing 内容不见而无抹除记录，请告知审计员"
    )
    words: Words | None = Field(description="决定的文字说明；无权查看内容的为空")


class Proof(BaseModel):
    """该决定确在日志中的证明（RFC 6962）；可凭外部取得的公钥离线核验。"""

    model_config = ConfigDict(from_attributes=True)

    decision_id: str
    index: int
    entry: str = Field(description="日志条目原文；其 UTF-8 字节即为被哈希的内容")
    disclosures: list[str] = Field(description="您有权查看的披露（RFC 9901）：各自的 SHA-256 在条目的 _sd 中")
    leaf_hash: str = Field(description="SHA-256(0x00 ‖ 条目)，base64")
    hashes: list[str] = Field(description="自叶至根的兄弟节点，base64")
    checkpoint: str = Field(description="覆盖该条目的检查点，经见证方副署（C2SP signed note）")


class Erasing(BaseModel):
    """抹除某人或某事项的内容，或抹除某经办账号。日志保留：当时按某条款作过此项决定。"""

    subject: AnyLine | None = Field(default=None, description="人员或事项编号")
    account: Account | None = Field(default=None, description="经办账号")
    ground: Text = Field(description="抹除的依据，记入日志；勿写个人信息")


class Erased(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    erasure_id: str
    entries: int = Field(description="涉及的日志条数")


async def current_log(request: Request) -> Published | None:
    return await asyncio.to_thread(published_log, runtime_of(request).settings)


CurrentLog = Annotated[Published | None, Depends(current_log)]


def wants_text(request: Request) -> bool:
    """Whether the caller asks for the offline receipt rather than JSON."""
    accepted = request.headers.get("accept", "")
    return "text/plain" in accepted and "application/json" not in accepted


WantsText = Annotated[bool, Depends(wants_text)]


def what_is_asked(
    subject: Annotated[RowId | None, Query(description="人员或事项编号")] = None,
    organisation: Annotated[RowId | None, Query(description="组织编号")] = None,
    area: Annotated[str | None, Query(pattern=AREA_CODE, description="区域代码，含其下级")] = None,
    clause: Annotated[str | None, Query(max_length=60, pattern=_ID, description="条款编号")] = None,
    rule: Annotated[str | None, Query(max_length=120, pattern=_ID, description="规则，即决定的种类")] = None,
    account: Annotated[Account | None, Query(description="经办账号；仅审计员可用")] = None,
    permits: Annotated[bool | None, Query(description="准许（true）或不予办理（false）")] = None,
    since: Annotated[AwareDatetime | None, Query(description="作出时刻不早于")] = None,
    until: Annotated[AwareDatetime | None, Query(description="作出时刻早于")] = None,
) -> queries.Asked:
    return queries.Asked(subject, organisation, area, clause, rule, account, permits, since, until)


@router.get("/decisions", response_model=DecisionLines, name="list_decisions", summary="查询决定")
async def list_decisions(
    tx: Tx,
    key: CursorKey,
    sealer: CurrentSealer,
    log: CurrentLog,
    asked: Annotated[queries.Asked, Depends(what_is_asked)],
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    """查询本身记入日志。"""
    queries.require_auditor_for(asked, actor=tx.actor)
    found = await queries.decisions(
        tx.session, asked=asked, cursor=cursor, limit=limit, key=key, log=log, sealer=sealer
    )
    record_reading(tx, operation="list_decisions", question=asked.as_json(), indices=[one.index for one in found.items])
    return found


@router.get("/decisions/{decision_id}", response_model=Decision, name="get_decision", summary="查看决定")
async def get_decision(decision_id: RowId, tx: Tx, sealer: CurrentSealer, log: CurrentLog) -> object:
    """查看本身记入日志。"""
    found = await queries.kept(tx.session, decision_id, sealer=sealer)
    record_reading(tx, operation="get_decision", question={"decision_id": decision_id}, indices=[found.entry.index])
    return await asyncio.to_thread(queries.explain, found, actor=tx.actor, log=log)


@router.get(
    "/decisions/{decision_id}/proof",
    response_model=Proof,
    name="prove_decision",
    summary="证明决定在日志中",
    description="Accept 为 text/plain 时给出可离线核验的 .tlog-proof 文件（C2SP tlog-proof），"
    "可用 python -m audit verify 或 /log/check.html 核验。出具证明本身记入日志。",
    responses=_TEXT,
)
async def prove_decision(
    decision_id: RowId, tx: Tx, sealer: CurrentSealer, log: CurrentLog, response: Response, text: WantsText
) -> object:
    found = await queries.kept(tx.session, decision_id, sealer=sealer)
    proof = await asyncio.to_thread(queries.prove, found, actor=tx.actor, log=log)
    record_reading(tx, operation="prove_decision", question={"decision_id": decision_id}, indices=[found.entry.index])
    return _negotiated(proof, response, text=text)


@router.post(
    "/erasures",
    status_code=201,
    response_model=Erased,
    name="erase_from_log",
    summary="抹除个人信息",
    description="从决定日志中抹除此一编号或此一账号所涉的内容，并记入日志。同一人另有编号的（如应聘编号），须逐一提出；"
    "以他人或事项为对象的决定（如奖金池分配）不在其内；承办服务与消息主题中的原件不由本操作抹除。",
)
async def erase_from_log(body: Erasing, tx: Tx) -> object:
    return await erasing.erase(tx, subject=body.subject, account=body.account, ground=body.ground)


def _negotiated(proof: queries.Proof, response: Response, *, text: bool) -> object:
    if not text:
        response.headers["Vary"] = "Accept"
        return proof
    name = f'attachment; filename="{proof.decision_id}.tlog-proof"'
    return PlainTextResponse(proof.text, headers={"Vary": "Accept", "Content-Disposition": name})
