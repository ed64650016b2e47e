"""What pay would come to by other figures. Nothing is written."""

from typing import Annotated, Any

from fastapi import Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import within
from common.errors import BusinessError, NotFound
from common.policy import Policies
from common.service import CurrentActor, Reading, new_router, runtime_of
from common.text import Code
from payroll.api.shapes import MONTH, Area, Body, FromFen, Shown, Staff
from payroll.commands import what_if as commands
from payroll.models import Cycle
from payroll.rules.amounts import Positive

router = new_router("payroll")

MOST_STREETS = 60
MOST_PEOPLE = 1_000

ClauseId = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9-]+$")]
ParameterCode = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[a-z][a-z0-9_.]*$")]


class ProposedStandard(Body):
    post_class: Code = Field(description="岗位类别", examples=["ordinary"])
    grade: int = Field(ge=1, le=99, description="岗位等级")
    monthly_amount: Positive = Field(description="月标准（元）", examples=["4200.00"])


class ProposalInput(Body):
    """至少给出一项拟改的参数、薪酬标准或选定值。"""

    area: Area
    staff: Staff
    month: str = Field(pattern=MONTH, description="按哪个月的人员情况测算", examples=["2026-07"])
    cycle: Cycle = Field(default=Cycle.MONTH, description="整月，或上、下半月")
    paid_in: str | None = Field(default=None, pattern=MONTH, description="发放月份，不填即所属月份")
    parameters: dict[ParameterCode, Any] = Field(
        default={},
        max_length=50,
        description="拟改的参数：代码和取值",
        examples=[{"wage.floor": {"monthly": "2200.00"}}],
    )
    standards: list[ProposedStandard] = Field(default=[], max_length=500, description="拟改的薪酬标准")
    choices: dict[ClauseId, dict[Code, Any]] = Field(default={}, max_length=50, description="拟选定的数值：条款和事项")
    skip: int = Field(default=0, ge=0, le=10_000_000, description="略过受影响人员中的前若干人")
    limit: int = Field(default=200, ge=0, le=MOST_PEOPLE, description="列出受影响人员的人数")

    def proposal(self) -> commands.Proposal:
        return commands.Proposal(
            area=self.area,
            staff=self.staff,
            month=self.month,
            cycle=self.cycle,
            paid_in=self.paid_in,
            parameters=self.parameters,
            standards=tuple(commands.ProposedStandard(**dict(one)) for one in self.standards),
            choices=self.choices,
        )


class Cost(Shown):
    """`gross` 应发合计，`employer` 单位缴费，`total` 两项之和（元）。"""

    workers: int
    set_aside: int
    gross: FromFen
    employer: FromFen
    total: FromFen


class StreetCost(Shown):
    """`before` 为空：现行标准和参数不足以核算，无从比较。"""

    area: str
    before: Cost | None
    after: Cost


class Person(Shown):
    worker_id: str
    organisation_id: str
    area: str
    gross_before: FromFen
    gross_after: FromFen
    net_before: FromFen
    net_after: FromFen
    change: FromFen
    set_aside: list[str]


class WhatIf(Shown):
    """`people` 按到手金额变化由减少到增加排列；`lose`、`gain` 为减少、增加的人数。"""

    streets: list[StreetCost]
    before: Cost | None
    after: Cost
    lose: int
    gain: int
    affected: int
    people: list[Person]


class TooManyStreets(BusinessError):
    status = 422
    zh = "该地区有 {streets} 个街道，一次最多测算 {most} 个；请缩小地区，或由运维人员用命令行测算。"
    en = "The area has {streets} streets and at most {most} are reckoned at once; narrow it, or use the command line."


@router.post(
    "/what-ifs",
    name="reckon_what_if",
    response_model=WhatIf,
    summary="测算拟改标准和参数的影响",
    description="用同一核算引擎按现有人员情况测算：各街道成本、增减人员和金额。不产生任何记录，也不影响已建立的核算。",
)
async def reckon_what_if(body: ProposalInput, request: Request, session: Reading, actor: CurrentActor) -> object:
    return await _what_if(session, runtime_of(request).policies, body, scope=actor.area)


async def _what_if(session: AsyncSession, policies: Policies, body: ProposalInput, *, scope: str) -> dict[str, Any]:
    if not within(body.area, scope):
        raise NotFound(what=f"area {body.area}")
    proposal = body.proposal()
    streets = await commands.streets_of(session, proposal)
    if len(streets) > MOST_STREETS:
        raise TooManyStreets(streets=len(streets), most=MOST_STREETS)
    costs = [one async for one in commands.reckon(session, policies, proposal, streets=streets)]
    return summed(costs, skip=body.skip, limit=body.limit)


def summed(costs: list[commands.StreetCost], *, skip: int = 0, limit: int = MOST_PEOPLE) -> dict[str, Any]:
    people = sorted((one for cost in costs for one in cost.people), key=lambda one: (one.change, one.worker_id))
    known = [cost.before for cost in costs if cost.before is not None]
    return {
        "streets": costs,
        "before": _total(known) if len(known) == len(costs) else None,
        "after": _total([cost.after for cost in costs]),
        "lose": sum(one.change < 0 for one in people),
        "gain": sum(one.change > 0 for one in people),
        "affected": len(people),
        "people": people[skip : skip + limit],
    }


def _total(costs: list[commands.Cost]) -> commands.Cost:
    total = commands.NO_COST
    for cost in costs:
        total = total.plus(cost)
    return total
