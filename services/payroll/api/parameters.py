"""Parameters: the figures of a place, entered with their source by one person and checked by another."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field, StringConstraints, field_validator

from common.errors import NotFound
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.policy.parameters import PARAMETERS, ParameterKind
from common.service import CursorKey, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId
from payroll.api.shapes import Approval, Body, HandledOn, Shown
from payroll.commands import parameters as commands
from payroll.models import ParameterStatus
from payroll.queries import parameters as queries

router = new_router("payroll")

MOST_AT_ONCE = 500
LONGEST_HISTORY = 500

ParameterCode = Annotated[str, StringConstraints(max_length=120, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
CodeBeginning = Annotated[str, StringConstraints(max_length=120, pattern=r"^[a-z0-9_.]+$")]
Place = Annotated[
    str,
    Field(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})?$", description="地区代码；空串为全国", examples=["3201"]),
]
StaffOrAll = Annotated[Code | Literal[""], Field(description="人员类别；空串为全部")]
ParameterId = Annotated[RowId, Path(description="参数编号")]


class ParameterInput(Body):
    code: ParameterCode = Field(description="参数代码，见参数目录", examples=["wage.floor"])
    area: Place
    staff: StaffOrAll = ""
    starts_on: Day = Field(description="自何日起执行；月中起的自次月适用", examples=["2026-01-01"])
    value: Any = Field(
        description="取值，形式见参数目录；空值（null）表示自该日起停止执行",
        examples=[{"monthly": "2660.00", "hourly": None}],
    )
    source: Line = Field(description="依据的文件、文号或网址", examples=["苏人社规〔2025〕3号"])
    confidence: Literal["H", "M", "L"] = Field(description="H 见于原文；M 可靠转引；L 待核，不能复核生效")
    on: HandledOn


class Parameter(Shown):
    parameter_id: str
    code: str
    area: str
    staff: str
    starts_on: date
    value: Any
    source: str
    confidence: str
    status: str
    entered_by: str
    entered_on: date
    checked_by: str | None
    checked_on: date | None


class ChecksInput(Body):
    parameter_ids: list[RowId] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="参数编号，全部通过或全部不办"
    )
    on: HandledOn

    @field_validator("parameter_ids")
    @classmethod
    def _each_once(cls, given: list[str]) -> list[str]:
        return list(dict.fromkeys(given))


class Checks(Shown):
    checked: list[Parameter]


class Kind(Shown):
    """`shape`：取值的 JSON Schema。"""

    code: str
    title: str
    unit: str
    shape: dict[str, Any]


class Catalogue(Shown):
    kinds: list[Kind]


class History(Shown):
    rows: list[Parameter]


@router.get(
    "/parameter-codes",
    name="list_parameter_codes",
    response_model=Catalogue,
    summary="参数目录",
    description="每个参数代码的含义、单位和取值形式；代码中的 * 代表一个名称。",
)
async def list_parameter_codes() -> dict[str, Any]:
    return {"kinds": [_kind(kind) for _, kind in sorted(PARAMETERS.items())]}


def _kind(kind: ParameterKind) -> dict[str, Any]:
    shape = kind.shape.json_schema(mode="serialization")
    return {"code": kind.code, "title": kind.title.format("（名称）"), "unit": kind.unit, "shape": shape}


@router.post(
    "/parameters",
    name="enter_parameter",
    status_code=201,
    response_model=Parameter,
    summary="录入参数",
    description="录入后须由另一人复核方才生效，至同一代码、地区、人员类别的下一行为止。",
)
async def enter_parameter(body: ParameterInput, tx: Tx) -> object:
    return await commands.enter_parameter(tx, **body.model_dump())


@router.post(
    "/parameter-checks",
    name="check_parameters",
    status_code=201,
    response_model=Checks,
    summary="复核参数",
    description=(
        "须由录入人以外的人复核；可信度为 L 的须先按文件重新录入。同日原有的数值被替换，已核算的月份将补发或补扣差额。"
    ),
)
async def check_parameters(body: ChecksInput, tx: Tx) -> dict[str, Any]:
    return {"checked": await commands.check_parameters(tx, **body.model_dump())}


@router.post(
    "/parameters/{parameter_id}/rejection",
    name="reject_parameter",
    response_model=Parameter,
    summary="退回参数",
    description="退回的参数不会生效；录入人也可以此撤回。",
)
async def reject_parameter(parameter_id: ParameterId, body: Approval, tx: Tx) -> object:
    return await commands.reject_parameter(tx, parameter_id=parameter_id, on=body.on)


@router.get(
    "/parameters",
    name="list_parameters",
    response_model=Page[Parameter],
    summary="查看参数",
)
async def list_parameters(
    session: Reading,
    key: CursorKey,
    code: Annotated[CodeBeginning | None, Query(description="参数代码，或其开头")] = None,
    area: Annotated[Place | None, Query(description="适用于该地区的，含上级的")] = None,
    staff: Annotated[Code | None, Query(description="适用于该类人员的")] = None,
    on: Annotated[Day | None, Query(description="该日的：此前开始、尚无后一行的")] = None,
    status: Annotated[ParameterStatus | None, Query(description="状态")] = None,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    asked: dict[str, Any] = {"code": code, "area": area, "staff": staff, "on": on, "status": status}
    return await queries.parameters(session, **asked, cursor=cursor, limit=limit, key=key)


@router.get(
    "/parameter-codes/{code}/history",
    name="get_parameter_history",
    response_model=History,
    summary="查看一个参数的历次取值",
    description="按地区、人员类别和日期，新的在前；最多 500 行。",
)
async def get_parameter_history(
    code: Annotated[ParameterCode, Path(description="参数代码")],
    session: Reading,
    area: Annotated[Place | None, Query(description="适用于该地区的，含上级的")] = None,
) -> dict[str, Any]:
    return {"rows": await queries.history(session, code=code, area=area, limit=LONGEST_HISTORY)}


@router.get("/parameters/{parameter_id}", name="get_parameter", response_model=Parameter, summary="查看一行参数")
async def get_parameter(parameter_id: ParameterId, session: Reading) -> object:
    found = await queries.parameter(session, parameter_id=parameter_id)
    if found is None:
        raise NotFound(what=f"parameter {parameter_id}")
    return found
