"""How a person's tax is withheld in a year."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from common.errors import NotFound
from common.money import Yuan
from common.service import CurrentActor, Reading, Tx, new_router
from common.text import Line, RowId
from payroll.api.shapes import MONTH, Body, FromFen, HandledOn, Shown, WorkerId
from payroll.commands import tax_cards as commands
from payroll.queries import tax_cards as queries
from payroll.rules.amounts import Amount, AmountOfYear

router = new_router("payroll")

OrganisationId = Annotated[RowId, Path(description="扣缴单位编号")]
Year = Annotated[int, Path(ge=2019, le=2199, description="纳税年度")]


class OpeningInput(Body):
    """本年在本单位、未在本平台发放的累计数（元）。"""

    months: int = Field(default=0, ge=0, le=12, description="已任职月数")
    income: AmountOfYear = Decimal("0.00")
    exempt: AmountOfYear = Decimal("0.00")
    special: AmountOfYear = Decimal("0.00")
    additional: AmountOfYear = Decimal("0.00")
    other: AmountOfYear = Decimal("0.00")
    relief: AmountOfYear = Decimal("0.00")
    withheld: AmountOfYear = Decimal("0.00")


class TaxCardInput(Body):
    paid_before_this_year: bool = Field(description="入职前本年已取得工资或连续劳务报酬")
    whole_last_year_here: bool = Field(description="上年十二个月均在本单位并逐月申报；本平台已有全年记录的以记录为准")
    income_last_year: AmountOfYear = Field(description="上年工资薪金收入（元），减除前")
    ordinary_agreed: bool = Field(default=False, description="已约定按月扣除")
    evidence: Annotated[Line, StringConstraints(max_length=400)] = Field(
        description="依据", examples=["本人2026年1月5日声明"]
    )
    opening: OpeningInput = OpeningInput()
    on: HandledOn


class Opening(Shown):
    months: int = 0
    income: FromFen = Decimal("0.00")
    exempt: FromFen = Decimal("0.00")
    special: FromFen = Decimal("0.00")
    additional: FromFen = Decimal("0.00")
    other: FromFen = Decimal("0.00")
    relief: FromFen = Decimal("0.00")
    withheld: FromFen = Decimal("0.00")


class TaxCard(Shown):
    worker_id: str
    organisation_id: str
    year: int
    mode: str | None = Field(description="减除方式；未登记的为空，符合条件的按上年工资记录自动一次扣足全年")
    evidence: str
    bonus_way: str | None
    opening: Opening
    decision_id: str | None


class BonusWayInput(Body):
    way: Literal["separate", "merged"] | None = Field(description="单独计税或并入综合所得；空为由系统取税少的")
    on: HandledOn


class Ways(Shown):
    """合计税额：工资与奖金一并计算。`separate` 为空即不能单独计税。"""

    separate: Yuan | None
    merged: Yuan
    better: str
    saves: Yuan


class BonusWays(Shown):
    so_far: Ways
    whole_year: Ways | None
    chosen: str | None


PLACE = "/tax-cards/{worker_id}/{organisation_id}/{year}"


@router.put(
    PLACE,
    name="set_tax_card",
    response_model=TaxCard,
    summary="登记预扣个人所得税的办法",
    description="减除方式由情况得出，年内不变。",
)
async def set_tax_card(
    worker_id: WorkerId, organisation_id: OrganisationId, year: Year, body: TaxCardInput, tx: Tx
) -> object:
    given = {**dict(body), "opening": dict(body.opening)}
    return await commands.set_tax_card(tx, worker_id=worker_id, organisation_id=organisation_id, year=year, **given)


@router.get(PLACE, name="get_tax_card", response_model=TaxCard, summary="查看预扣个人所得税的办法")
async def get_tax_card(
    worker_id: WorkerId, organisation_id: OrganisationId, year: Year, session: Reading, actor: CurrentActor
) -> object:
    card = await queries.tax_card(session, queries.TaxYear(worker_id, organisation_id, year))
    if card is None or not await commands.may_see(session, actor, worker_id=worker_id):
        raise NotFound(what=f"tax_card {worker_id}")
    return card


@router.get(
    PLACE + "/bonus-ways",
    name="show_bonus_ways",
    response_model=BonusWays,
    summary="比较全年一次性奖金的两种计税办法",
    description="按本年已发放数，并按最后一月延续至年末推算。只作比较，不作登记。",
)
async def show_bonus_ways(
    worker_id: WorkerId,
    organisation_id: OrganisationId,
    year: Year,
    tx: Tx,
    bonus: Annotated[Amount, Query(description="奖金（元）", examples=["36000.00"])],
    paid_in: Annotated[str, Query(pattern=MONTH, description="发放月份", examples=["2026-12"])],
) -> object:
    return await commands.show_bonus_ways(
        tx, worker_id=worker_id, organisation_id=organisation_id, year=year, bonus=bonus, paid_in=paid_in
    )


@router.put(
    PLACE + "/bonus-way",
    name="choose_bonus_way",
    response_model=TaxCard,
    summary="选择全年一次性奖金的计税办法",
    description="本人可自行选择。",
)
async def choose_bonus_way(
    worker_id: WorkerId, organisation_id: OrganisationId, year: Year, body: BonusWayInput, tx: Tx
) -> object:
    return await commands.choose_bonus_way(
        tx, worker_id=worker_id, organisation_id=organisation_id, year=year, **dict(body)
    )
