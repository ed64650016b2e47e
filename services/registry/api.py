from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from common.areas import AREA_CODE
from common.errors import PreconditionRequired
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page
from common.service import CurrentSealer, CursorKey, Reading, Tx, new_router
from common.text import AnyLine, Code, Day, Line, RowId, Words
from registry import commands, queries

router = new_router("registry")

Count = Annotated[int, Field(ge=0, le=100_000_000)]
PostClass = Literal["head", "committee_member", "ordinary"]


class Figures(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unions: Count | None = Field(default=None, description="所辖单独工会组织数", examples=[260])
    workers: Count | None = Field(default=None, description="职工人数", examples=[7300])
    households: Count | None = Field(default=None, description="社区户数")
    committee_term_ends_on: Day | None = Field(default=None, description="社区“两委”本届届满次日")


class OrganisationInput(Figures):
    organisation_id: RowId | None = Field(default=None, description="组织编号；不填则由系统编号")
    name: Line = Field(description="组织名称", examples=["梅园新村街道总工会"])
    kind: Code = Field(description="组织类型代码；可设岗的类型由政策文件列明", examples=["street_union"])
    area: str = Field(pattern=AREA_CODE, description="所在地区代码", examples=["320102002"])


class Organisation(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    organisation_id: str
    name: str
    kind: str
    area: str
    unions: int | None
    workers: int | None
    households: int | None
    committee_term_ends_on: date | None
    version: int


@router.post(
    "/organisations", status_code=201, response_model=Organisation, name="register_organisation", summary="登记组织"
)
async def register_organisation(body: OrganisationInput, tx: Tx, response: Response) -> object:
    return _tagged(response, await commands.register_organisation(tx, **body.model_dump()))


@router.get(
    "/organisations/{organisation_id}", response_model=Organisation, name="get_organisation", summary="查看组织"
)
async def get_organisation(organisation_id: RowId, session: Reading, response: Response) -> object:
    return _tagged(response, await queries.organisation(session, organisation_id))


IfMatch = Annotated[str | None, Header(alias="If-Match", description="所见版本（ETag）", max_length=100)]


@router.put(
    "/organisations/{organisation_id}/figures",
    response_model=Organisation,
    name="change_organisation_figures",
    summary="变更组织数据",
)
async def change_organisation_figures(
    organisation_id: RowId, body: Figures, tx: Tx, response: Response, if_match: IfMatch = None
) -> object:
    version = _version(if_match)
    changed = await commands.change_organisation_figures(
        tx, organisation_id=organisation_id, version=version, **body.model_dump()
    )
    return _tagged(response, changed)


class QuotaInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    staff: Code = Field(description="人员类别", examples=["union_worker"])
    on: Day = Field(description="核定日期")


class Quota(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    organisation_id: str
    staff: str
    lowest: int
    highest: int
    obligation: str
    clause: str
    decision_id: str
    determined_on: date


@router.post(
    "/organisations/{organisation_id}/quotas",
    status_code=201,
    response_model=Quota,
    name="determine_quota",
    summary="核定岗位定额",
)
async def determine_quota(organisation_id: RowId, body: QuotaInput, tx: Tx) -> object:
    return await commands.determine_quota(tx, organisation_id=organisation_id, staff=body.staff, on=body.on)


class PostInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    organisation_id: RowId = Field(description="设岗组织")
    staff: Code = Field(description="人员类别", examples=["community_worker"])
    post_class: PostClass = Field(description="岗位类别", examples=["ordinary"])
    on: Day = Field(description="设岗日期")
    reason: Words | None = Field(default=None, description="超出一般上限时的理由")


class Post(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    post_id: str
    organisation_id: str
    area: str
    staff: str
    post_class: str
    opened_on: date
    reason: str | None


@router.post("/posts", status_code=201, response_model=Post, name="open_post", summary="设立岗位")
async def open_post(body: PostInput, tx: Tx) -> object:
    return await commands.open_post(tx, **body.model_dump())


class CertificateInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    worker_id: RowId = Field(description="人员编号")
    kind: Literal["social_work"] = Field(description="证书种类", examples=["social_work"])
    level: Literal["assistant_social_worker", "social_worker", "senior_social_worker"] = Field(description="级别")
    number: AnyLine = Field(description="证书编号（加密保存）", max_length=60)
    on: Day = Field(description="登记日期")


class Certificate(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    certificate_id: str
    worker_id: str
    kind: str
    level: str
    registered_on: date


@router.post(
    "/certificates", status_code=201, response_model=Certificate, name="register_certificate", summary="登记证书"
)
async def register_certificate(body: CertificateInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.register_certificate(tx, sealer=sealer, **body.model_dump())


class FilingStep(BaseModel):
    step: str
    on: date
    words: str


class Filing(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    filing_id: str
    worker_id: str
    area: str
    status: str
    clause: str
    opened_on: date
    receipt_number: str | None
    steps: list[FilingStep]


FilingStatus = Literal["open", "submitted", "returned", "accepted"]


@router.get("/filings", response_model=Page[Filing], name="list_filings", summary="备案清单")
async def list_filings(
    session: Reading,
    key: CursorKey,
    status: Annotated[FilingStatus | None, Query(description="只列此状态")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE,
) -> object:
    return await queries.filings(session, status=status, cursor=cursor, limit=limit, key=key)


class DayInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day = Field(description="办理日期")


class ReturnInput(DayInput):
    reason: Words = Field(description="退回原因", examples=["劳动合同起始日期与录用日期不一致"])


class CorrectionInput(DayInput):
    explanation: Words = Field(description="更正说明")


@router.post("/filings/{filing_id}/submissions", response_model=Filing, name="submit_filing", summary="报送备案")
async def submit_filing(filing_id: RowId, body: DayInput, tx: Tx) -> object:
    return await commands.submit_filing(tx, filing_id=filing_id, on=body.on)


@router.post("/filings/{filing_id}/returns", response_model=Filing, name="return_filing", summary="退回备案")
async def return_filing(filing_id: RowId, body: ReturnInput, tx: Tx) -> object:
    return await commands.return_filing(tx, filing_id=filing_id, on=body.on, reason=body.reason)


@router.post("/filings/{filing_id}/corrections", response_model=Filing, name="correct_filing", summary="更正后重报")
async def correct_filing(filing_id: RowId, body: CorrectionInput, tx: Tx) -> object:
    return await commands.correct_filing(tx, filing_id=filing_id, on=body.on, explanation=body.explanation)


@router.post("/filings/{filing_id}/acceptances", response_model=Filing, name="accept_filing", summary="受理备案")
async def accept_filing(filing_id: RowId, body: DayInput, tx: Tx) -> object:
    return await commands.accept_filing(tx, filing_id=filing_id, on=body.on)


def _tagged(response: Response, organisation: Any) -> Any:
    response.headers["ETag"] = f'"{organisation.version}"'
    return organisation


def _version(if_match: str | None) -> int:
    if if_match is None:
        raise PreconditionRequired
    stripped = if_match.removeprefix("W/").strip('"')
    return int(stripped) if stripped.isdecimal() else -1
