"""Files of a run to take out, and a sheet of monthly variables to bring in."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, StringConstraints

from common.areas import AREA_CODE
from common.errors import language_of
from common.service import CurrentActor, CurrentSealer, Tx, new_router
from common.text import Line, RowId
from payroll.api.shapes import MONTH, Area, RunId, Staff
from payroll.commands import exporting, importing
from payroll.commands.exporting import FileFormat, FileKind, TaxSheet
from payroll.files.payslips import PDF
from payroll.files.writing import CSV, XLSX
from payroll.models import Cycle

router = new_router("payroll")

_TYPES: dict[str, str] = {"xlsx": XLSX, "csv": CSV, "pdf": PDF}
_BYTES = {"type": "string", "format": "binary"}
_NOT_YET: dict[str, Any] = {"description": "工资核算尚未到可导出的状态"}
SHEETS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": _BYTES}, XLSX: {"schema": _BYTES}}},
    409: _NOT_YET,
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {**SHEETS[200]["content"], PDF: {"schema": _BYTES}}},
    409: _NOT_YET,
}

PartOfRun = Annotated[
    str, Query(pattern=AREA_CODE + "|^$", description="只含核算地区内的该地区，如某街道（乡镇）；不填为全部")
]
Reason = Annotated[Line, StringConstraints(min_length=4, max_length=200)]


def file_answer(content: bytes, *, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
    return Response(content, media_type=_TYPES[kind], headers=headers)


@router.get(
    "/payroll-runs/{run_id}/files/{kind}",
    name="get_payroll_file",
    response_class=Response,
    responses=_FILES,
    summary="导出工资表、工资条、缴费申报、会费名册、工会经费",
    description="工资表和工资条在核算后即可导出复核（标明未批准），其余须已批准。文件不含证件号码和账号。",
)
async def get_payroll_file(
    run_id: RunId,
    kind: Annotated[
        FileKind,
        Path(
            description="payroll_sheet 工资表；payslips 工资条；contributions 缴费申报；union_dues 会费；"
            "union_fund 工会经费"
        ),
    ],
    tx: Tx,
    written_as: Annotated[FileFormat, Query(alias="format", description="文件格式；pdf 只用于工资条")] = "xlsx",
    area: PartOfRun = "",
    by_street: Annotated[bool, Query(description="工资表按街道（乡镇）分表")] = False,
    part: Annotated[int, Query(ge=1, le=10_000, description="pdf 每份至多100张工资条，此处为第几份")] = 1,
) -> Response:
    content = await exporting.write_run_file(
        tx, run_id=run_id, kind=kind, written_as=written_as, area=area, by_street=by_street, part=part
    )
    name = "-".join((run_id, kind, *((area,) if area else ()), *((str(part),) if written_as == "pdf" else ())))
    return file_answer(content, name=name, kind=written_as)


@router.get(
    "/payroll-runs/{run_id}/tax-sheets/{sheet}",
    name="export_tax_sheet",
    response_class=Response,
    responses=SHEETS,
    summary="导出扣缴申报导入表",
    description="含证件号码；须填写用途，导出人、人数和用途留有记录。栏目见表单文件，导入前请与当地现行模板对照。",
)
async def export_tax_sheet(
    run_id: RunId,
    sheet: Annotated[TaxSheet, Path(description="wages 正常工资薪金；bonuses 全年一次性奖金")],
    tx: Tx,
    sealer: CurrentSealer,
    reason: Annotated[Reason, Query(description="用途", examples=["2026年3月扣缴申报"])],
    written_as: Annotated[Literal["xlsx", "csv"], Query(alias="format", description="文件格式")] = "xlsx",
    area: PartOfRun = "",
) -> Response:
    content = await exporting.export_tax_sheet(
        tx, run_id=run_id, sheet=sheet, written_as=written_as, reason=reason, sealer=sealer, area=area
    )
    return file_answer(content, name="-".join((run_id, "tax", sheet, *((area,) if area else ()))), kind=written_as)


@router.get(
    "/payslips/{payslip_id}/page",
    name="get_payslip_page",
    response_class=Response,
    responses={200: {"content": {PDF: {"schema": _BYTES}}}},
    summary="下载本人工资条（PDF）",
)
async def get_payslip_page(
    payslip_id: Annotated[RowId, Path(description="工资条编号")], tx: Tx, actor: CurrentActor
) -> Response:
    content = await exporting.write_own_payslip(tx, payslip_id=payslip_id, account=actor.account)
    return file_answer(content, name=payslip_id, kind="pdf")


@router.get(
    "/payroll-import-templates",
    name="get_import_template",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": _BYTES}}}},
    summary="下载月度变量填报模板",
    description="已列出该地区的在岗人员。",
)
async def get_import_template(
    tx: Tx,
    area: Annotated[Area, Query()],
    staff: Annotated[Staff, Query()],
    month: Annotated[str, Query(pattern=MONTH, description="月份", examples=["2026-03"])],
    cycle: Annotated[Cycle, Query(description="结算周期")] = Cycle.MONTH,
) -> Response:
    content = await importing.import_template(tx, area=area, staff=staff, month=month, cycle=cycle)
    return file_answer(content, name=f"variables-{area}-{month}", kind="xlsx")


class ImportFault(BaseModel):
    """一处错误：工作表、行、列、表头，填了什么样的内容、可填什么。不回显所填内容。"""

    pointer: str = Field(examples=["#/sheets/月度变量/E5"])
    code: str = Field(examples=["NOT_A_NUMBER"])
    detail: str
    sheet: str
    row: int | None
    column: str | None
    heading: str | None


class ImportOutcome(BaseModel):
    digest: str = Field(description="文件的 SHA-256")
    rows: int
    entries: int
    written: bool = Field(description="是否已写入")
    faults_found: int
    faults: list[ImportFault] = Field(description="至多列出500处")


@router.post(
    "/payroll-imports",
    name="import_variables",
    response_model=ImportOutcome,
    summary="导入月度变量",
    description="请求内容即为文件本身（xlsx，或 UTF-8、GB 18030 的 csv），至多 1 MB。"
    "有错误时不导入任何内容并逐格列明；`partial=true` 时只导入无错误的行；`dry_run=true` 时只检查。",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {XLSX: {"schema": _BYTES}, "text/csv": {"schema": _BYTES}},
        }
    },
)
async def import_variables(
    request: Request,
    tx: Tx,
    dry_run: Annotated[bool, Query(description="只检查，不写入")] = False,
    partial: Annotated[bool, Query(description="有错误时仍导入无错误的行")] = False,
) -> ImportOutcome:
    done = await importing.import_variables(tx, content=await request.body(), dry_run=dry_run, partial=partial)
    language = language_of(request)
    return ImportOutcome(
        digest=done.digest,
        rows=done.rows,
        entries=done.entries,
        written=done.written,
        faults_found=len(done.faults),
        faults=[ImportFault(**importing.shown(one, language)) for one in done.faults[: importing.MOST_FAULTS_SHOWN]],
    )
