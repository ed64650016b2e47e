"""What is entered for a person and a month. Figures go in and out in yuan, hours, days or points, with two decimals."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from common.decimals import PLAIN
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page, Rows
from common.policy import Finding
from common.service import CursorKey, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId
from payroll import commands
from payroll.api.shapes import MONTH, Area, Body, Shown, WorkerId, require_known
from payroll.models import Entry, StandingEntry
from payroll.queries import entries as queries
from payroll.rules.amounts import MOST_YUAN
from payroll.rules.entries import CODES, HUNDREDTHS, Unit

router = new_router("payroll")

Month = Annotated[str, Path(pattern=MONTH, description="月份", examples=["2026-03"])]
HalfOrMonth = Literal["month", "first_half", "second_half"]
ForCycle = Annotated[HalfOrMonth, Query(description="month 整月；first_half 上半月；second_half 下半月")]
EntryKey = Annotated[
    str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]{0,39})?$", examples=["performance_pay"])
]
Figure = Annotated[
    Decimal,
    Field(ge=0, le=MOST_YUAN, decimal_places=2, description="元、小时、天或分，至多两位小数", examples=["1200.00"]),
    PLAIN,
]
Shape = Annotated[str, Field(description="元、小时、天或分，两位小数", examples=["1200.00"])]


def _kept(figure: Decimal | None) -> int | None:
    return None if figure is None else int(figure * HUNDREDTHS)


def _shown(amount: int) -> str:
    return str(Decimal(amount).scaleb(-2))


class VariablesInput(Body):
    """没有列出的项保持不变；值为 null 的项撤销。"""

    cycle: HalfOrMonth = Field(default="month", description="结算周期；只有非全日制人员分上下半月")
    values: dict[EntryKey, Figure | None] = Field(
        min_length=1, max_length=60, description="填报项及其数值", examples=[{"performance_pay": "1200.00"}]
    )


class Variables(Shown):
    worker_id: str
    month: str
    cycle: str
    values: dict[str, Shape]
    warnings: list[Finding] = Field(default=[], description="不影响保存，请核实")


class StandingInput(Body):
    from_month: str = Field(pattern=MONTH, description="自何月起", examples=["2026-03"])
    amount: Figure | None = Field(description="每月数值；null 为自该月起停止")


class Standing(Shown):
    code: str
    from_month: str
    amount: Shape | None


class AttributeInput(Body):
    starts_on: Day = Field(description="自何日起", examples=["2026-03-01"])
    value: Annotated[Line, StringConstraints(max_length=60)] | None = Field(
        description="取值；null 为自该日起没有", examples=["bachelor"]
    )


class PersonAttribute(Shown):
    kind: str
    starts_on: date
    value: str | None


class EnteredForPerson(Variables):
    standing: list[Standing]
    attributes: list[PersonAttribute]


class OneEntry(Shown):
    worker_id: str
    month: str
    cycle: str
    code: str
    amount: Shape


class EntryItem(Shown):
    code: str
    zh: str
    en: str
    unit: Unit
    most: Shape
    monthly: bool
    standing: bool
    in_halves: bool


@router.get(
    "/payroll-entry-codes",
    name="list_entry_codes",
    response_model=list[EntryItem],
    summary="可以填报的项",
    description="此外还有 deduction.<名称>（扣款）和 component.<名称>（本地方案中由填报确定的项）。",
)
async def list_entry_codes() -> object:
    return [{**vars(one), "most": _shown(one.most)} for one in CODES.values()]


@router.put(
    "/payroll-entries/{worker_id}/{month}",
    name="enter_variables",
    response_model=Variables,
    summary="填报本月变动项",
    description="绩效、得分、加班、工时、专项附加扣除等。已发放的月份也可以补填，差额在下一次核算中补发或扣回。",
)
async def enter_variables(worker_id: WorkerId, month: Month, body: VariablesInput, tx: Tx) -> object:
    values = {code: _kept(figure) for code, figure in body.values.items()}
    now = await commands.enter_variables(tx, worker_id=worker_id, month=month, cycle=body.cycle, values=values)
    return {**_of_month(worker_id, month, body.cycle, now.values), "warnings": now.warnings}


@router.get(
    "/payroll-entries/{worker_id}/{month}",
    name="get_entries",
    response_model=EnteredForPerson,
    summary="查看一人一月的填报内容",
)
async def get_entries(worker_id: WorkerId, month: Month, session: Reading, cycle: ForCycle = "month") -> object:
    await require_known(session, worker_id)
    rows = await queries.entries_of(session, worker_id, month=month, cycle=cycle)
    return {
        **_of_month(worker_id, month, cycle, {row.code: row.amount for row in rows}),
        "standing": [_standing(row) for row in await queries.standing_in(session, worker_id, month=month)],
        "attributes": await queries.attributes_of(session, worker_id),
    }


@router.get(
    "/payroll-entries",
    name="list_entries",
    response_model=Page[OneEntry],
    summary="查看一个地区一月的填报内容",
)
async def list_entries(
    session: Reading,
    key: CursorKey,
    area: Area,
    month: Annotated[str, Query(pattern=MONTH, description="月份")],
    cycle: ForCycle = "month",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    found = await queries.entries(session, area=area, month=month, cycle=cycle, key=key, cursor=cursor, limit=limit)
    return Rows([_one(entry) for entry in found.items], found.next)


@router.put(
    "/payroll-standing-entries/{worker_id}/{code}",
    name="enter_standing",
    response_model=Standing,
    summary="填报长期有效的项",
    description="自该月起每月有效，直至另行填报；当月另有填报的，以当月为准。",
)
async def enter_standing(
    worker_id: WorkerId, code: Annotated[EntryKey, Path(description="填报项")], body: StandingInput, tx: Tx
) -> object:
    row: StandingEntry = await commands.enter_standing(
        tx, worker_id=worker_id, code=code, from_month=body.from_month, amount=_kept(body.amount)
    )
    return _standing(row)


@router.put(
    "/payroll-attributes/{worker_id}/{kind}",
    name="set_attribute",
    response_model=PersonAttribute,
    summary="登记与工资有关的个人情况",
    description="学历、职称、层级、工龄起算日（years_from）、参加工作日期（first_employed_on）、参保情况（insured）等，自该日起有效。",
)
async def set_attribute(
    worker_id: WorkerId,
    kind: Annotated[Code, Path(description="种类", examples=["education"])],
    body: AttributeInput,
    tx: Tx,
) -> object:
    return await commands.set_attribute(tx, worker_id=worker_id, kind=kind, starts_on=body.starts_on, value=body.value)


def _of_month(worker_id: RowId, month: str, cycle: str, values: Mapping[str, int]) -> dict[str, Any]:
    shown = {code: _shown(amount) for code, amount in values.items()}
    return {"worker_id": worker_id, "month": month, "cycle": cycle, "values": shown}


def _standing(row: StandingEntry) -> dict[str, Any]:
    amount = None if row.amount is None else _shown(row.amount)
    return {"code": row.code, "from_month": row.from_month, "amount": amount}


def _one(entry: Entry) -> dict[str, Any]:
    return {
        "worker_id": entry.worker_id,
        "month": entry.month,
        "cycle": entry.cycle,
        "code": entry.code,
        "amount": _shown(entry.amount),
    }
