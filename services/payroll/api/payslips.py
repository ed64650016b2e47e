"""A payslip as its worker reads it: every line with its formula, its inputs and its clause."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from common.actors import Actor
from common.errors import NotFound
from common.paging import USUAL_PAGE, Page
from common.service import CurrentActor, CursorKey, Reading, new_router
from common.text import RowId
from payroll import models, queries
from payroll.api.runs import Cursor, Limit, PayslipFigures
from payroll.api.shapes import FromFen, Shown

router = new_router("payroll")

PayslipId = Annotated[RowId, Path(description="工资条编号")]


class Line(BaseModel):
    """`words` 用通俗文字说明算法；`inputs` 为所用数据，`parameters` 为所用参数行，`clause` 为所依条款。"""

    code: str
    kind: str
    label: str
    amount: FromFen
    period: str | None
    words: str
    inputs: dict[str, Any]
    parameters: list[str]
    clause: str | None


class Payslip(PayslipFigures):
    batch_id: str
    decision_id: str | None
    lines: list[Line]


class Proof(Shown):
    payslip_id: str
    batch_id: str
    leaf: str
    index: int
    size: int
    path: list[str]
    root: str
    decision_id: str | None


class ComparedLine(Shown):
    code: str
    kind: str
    label: str
    period: str | None
    before: FromFen | None
    now: FromFen | None
    difference: FromFen
    words_before: str | None
    words_now: str | None


class Comparison(BaseModel):
    before: PayslipFigures
    now: PayslipFigures
    lines: list[ComparedLine]


async def _readable(session: AsyncSession, payslip_id: str, actor: Actor) -> models.Payslip:
    """An office reads those of its area, and whoever he is his own approved ones; NotFound for any other."""
    slip = await queries.own_payslip(session, payslip_id=payslip_id, account=actor.account)
    if slip is None and not actor.is_for_himself:
        slip = await queries.payslip(session, payslip_id=payslip_id)
    if slip is None:
        raise NotFound(what=f"payslip {payslip_id}")
    return slip


@router.get(
    "/payslips",
    name="list_own_payslips",
    response_model=Page[PayslipFigures],
    summary="本人的工资条",
    description="本人已批准的工资条，按月份排列。",
)
async def list_own_payslips(
    session: Reading, actor: CurrentActor, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    return await queries.own_slips(session, account=actor.account, key=key, cursor=cursor, limit=limit)


@router.get(
    "/payslips/{payslip_id}",
    name="get_payslip",
    response_model=Payslip,
    summary="查看工资条",
    description="每一项列明算法、数据、参数和条款。本人只能查看自己的、已批准的工资条。",
)
async def get_payslip(payslip_id: PayslipId, session: Reading, actor: CurrentActor) -> dict[str, Any]:
    explained = await queries.explained_slip(session, await _readable(session, payslip_id, actor))
    lines = [
        Line(
            code=line.code,
            kind=line.kind,
            label=line.label,
            amount=line.amount,
            period=line.period,
            words=line.words_zh,
            inputs=dict(line.inputs),
            parameters=list(line.parameters),
            clause=line.clause,
        )
        for line in explained.lines
    ]
    sealed = {"batch_id": explained.batch.batch_id, "decision_id": explained.batch.decision_id}
    return {**PayslipFigures.model_validate(explained.slip).model_dump(), **sealed, "lines": lines}


@router.get(
    "/payslips/{payslip_id}/proof",
    name="get_payslip_proof",
    response_model=Proof,
    summary="工资条在封存批次中的证明",
    description="按 RFC 9162 的包含证明：由 leaf 和 path 可得 root，与封存决定所载一致。",
)
async def get_payslip_proof(payslip_id: PayslipId, session: Reading, actor: CurrentActor) -> object:
    return await queries.proof_of(session, await _readable(session, payslip_id, actor))


@router.get(
    "/payslips/{payslip_id}/comparison",
    name="compare_payslips",
    response_model=Comparison,
    summary="与另一个月的工资条逐项比较",
)
async def compare_payslips(
    payslip_id: PayslipId,
    session: Reading,
    actor: CurrentActor,
    other: Annotated[RowId, Query(alias="with", description="较早的工资条编号")],
) -> dict[str, Any]:
    now = await _readable(session, payslip_id, actor)
    before = await _readable(session, other, actor)
    if before.worker_id != now.worker_id:
        raise NotFound(what=f"payslip {other}")
    lines = await queries.compared(session, before=before, now=now)
    return {"before": before, "now": now, "lines": lines}
