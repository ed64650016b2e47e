"""What workers are given beside pay, and to whom a recurring benefit is due."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from common.areas import AREA_CODE, within
from common.errors import NotFound
from common.money import Yuan
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CurrentActor, CursorKey, Reading, Tx, new_router
from common.text import Code, Day, Line, RowId
from payroll.api.shapes import Body, FromFen, HandledOn, Shown
from payroll.commands import benefits as commands
from payroll.commands import due_benefits
from payroll.queries import benefits as queries
from payroll.rules.benefits import RecordedAs

router = new_router("payroll")

GrantId = Annotated[RowId, Path(description="福利登记编号")]
Benefit = Annotated[Code, Field(description="福利项目", examples=["medical_check"])]
Place = Annotated[str, Query(pattern=AREA_CODE, description="地区代码", examples=["220102001"])]
OfStaff = Annotated[Code, Query(description="人员类别", examples=["community_worker"])]
Year = Annotated[int, Query(ge=1949, le=2199, description="年度", examples=[2026])]
Reason = Annotated[Line, StringConstraints(max_length=400)]


class GrantToldInput(Body):
    granted_on: Day = Field(description="实际享受的日期，不晚于办理日期", examples=["2026-03-20"])
    amount: Yuan | None = Field(default=None, gt=0, le=1_000_000, description="金额（元）；只填发钱的福利")
    note: Reason | None = Field(default=None, description="备注；不得填写体检结果、病情等个人健康情况")
    evidence: Line = Field(description="依据：体检通知、审批表等的编号", examples=["体检通知〔2026〕1号"])
    on: HandledOn


class BenefitGrantInput(GrantToldInput):
    worker_id: RowId = Field(description="人员编号")
    benefit: Benefit


class GrantCorrectionInput(GrantToldInput):
    reason: Reason = Field(description="更正理由", examples=["日期录错"])


class WithdrawalInput(Body):
    reason: Reason = Field(description="撤销理由", examples=["实际未参加"])
    on: HandledOn


class BenefitGrant(Shown):
    """`corrects`：本条更正的是哪一条；撤销、更正的原记录保留。"""

    grant_id: str
    worker_id: str
    organisation_id: str
    area: str
    staff: str
    benefit: str
    granted_on: date
    amount: FromFen | None
    note: str | None
    evidence: str
    corrects: str | None
    clause: str
    decision_id: str
    withdrawn_on: date | None
    withdrawal_reason: str | None


class BenefitCount(Shown):
    benefit: str
    grants: int
    workers: int
    amount: FromFen


class BenefitKind(Shown):
    """`every_years`、`most` 为空：不定期、不发钱，或者本地尚未录入。"""

    benefit: str
    label_zh: str
    recorded_as: RecordedAs
    after_months: int
    recurs: bool
    paid: bool
    every_years: int | None
    most: Yuan | None
    clause: str


class DueBenefit(Shown):
    worker_id: str
    organisation_id: str
    area: str
    months_of_service: int
    last_granted_on: date | None


@router.post(
    "/benefit-grants",
    name="grant_benefit",
    status_code=201,
    response_model=BenefitGrant,
    summary="登记福利",
    description="登记本地给予的福利，按享受当日的规定办理；只作登记，不经工资发放。内容完全相同的不重复登记。",
)
async def grant_benefit(body: BenefitGrantInput, tx: Tx) -> object:
    return await commands.grant_benefit(tx, **dict(body))


@router.post(
    "/benefit-grants/{grant_id}/withdrawal",
    name="withdraw_benefit",
    response_model=BenefitGrant,
    summary="撤销福利登记",
    description="撤销后视为未享受；原记录保留。",
)
async def withdraw_benefit(grant_id: GrantId, body: WithdrawalInput, tx: Tx) -> object:
    return await commands.withdraw_benefit(tx, grant_id=grant_id, **dict(body))


@router.post(
    "/benefit-grants/{grant_id}/correction",
    name="correct_benefit",
    status_code=201,
    response_model=BenefitGrant,
    summary="更正福利登记",
    description="撤销原记录，另登一条并重新审核；不符合规定的，原记录不变。",
)
async def correct_benefit(grant_id: GrantId, body: GrantCorrectionInput, tx: Tx) -> object:
    return await commands.correct_benefit(tx, grant_id=grant_id, **dict(body))


@router.get(
    "/benefit-grants",
    name="list_benefit_grants",
    response_model=Page[BenefitGrant],
    summary="查看福利登记",
    description="本人只能查看自己的，包括在其他地区享受的。",
)
async def list_benefit_grants(
    session: Reading,
    actor: CurrentActor,
    key: CursorKey,
    area: Place | None = None,
    worker_id: Annotated[RowId | None, Query(description="人员编号")] = None,
    benefit: Annotated[Code | None, Query(description="福利项目")] = None,
    year: Year | None = None,
    withdrawn: Annotated[bool | None, Query(description="是否已撤销")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    asked = queries.Wanted(area=area, worker_id=worker_id, benefit=benefit, year=year, withdrawn=withdrawn)
    own = actor.account if actor.is_for_himself else None
    return await queries.grants(session, asked, own=own, cursor=cursor, limit=limit, key=key)


@router.get(
    "/benefit-counts",
    name="count_benefits",
    response_model=list[BenefitCount],
    summary="按项目统计一年的福利",
    description="不计已撤销的；金额为合计（元）。",
)
async def count_benefits(session: Reading, actor: CurrentActor, year: Year, area: Place | None = None) -> object:
    if area is not None and not within(area, actor.area):
        raise NotFound(what=f"area {area}")
    return await queries.counts(session, area=area, year=year)


@router.get(
    "/benefit-kinds",
    name="list_benefit_kinds",
    response_model=list[BenefitKind],
    summary="查看本地给予的福利项目",
    description="`recorded_as` 为 leave 的按假期登记；年休假每年天数依 leave.annual_days 的规定。",
)
async def list_benefit_kinds(
    tx: Tx, area: Place, staff: OfStaff, on: Annotated[Day, Query(description="日期", examples=["2026-03-25"])]
) -> object:
    return await due_benefits.kinds_of_benefit(tx, area=area, staff=staff, on=on)


@router.get(
    "/due-benefits",
    name="list_due_benefits",
    response_model=Page[DueBenefit],
    summary="查看应享未享定期福利的人员",
    description="当日在岗、已符合条件、该周期内尚未享受的人员，按该日所在年度计算。",
)
async def list_due_benefits(
    tx: Tx,
    key: CursorKey,
    area: Place,
    staff: OfStaff,
    benefit: Annotated[Code, Query(description="福利项目", examples=["medical_check"])],
    on: Annotated[Day, Query(description="日期", examples=["2026-03-25"])],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    asked = due_benefits.Asked(area=area, staff=staff, benefit=benefit, on=on)
    return await due_benefits.due_benefits(tx, asked, cursor=cursor, limit=limit, key=key)
