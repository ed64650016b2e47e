"""Files of payments beside wages: for the bank, and for the tax office."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Path, Query
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from common.errors import NotFound
from common.paging import USUAL_PAGE, Page
from common.service import CurrentSealer, CursorKey, Reading, Tx, new_router
from common.text import Code, RowId
from payroll.api.files import SHEETS, Reason, file_answer
from payroll.api.payments import WAITING_COUNT, AccountWaiting, FileId, PaymentInput
from payroll.api.runs import Cursor, Limit
from payroll.api.shapes import MONTH, Area, Body, FromFen, Shown
from payroll.commands import one_off_files as commands
from payroll.files.bank import GENERAL
from payroll.files.writing import CSV, XLSX
from payroll.models import OneOffKind
from payroll.queries import accounts
from payroll.queries import one_off_files as queries

router = new_router("payroll")

PaidIn = Annotated[str, StringConstraints(pattern=MONTH)]


class OneOffFileInput(Body):
    area: Area
    organisation_id: RowId = Field(description="付款单位编号")
    paid_in: PaidIn = Field(description="付款月份", examples=["2026-09"])
    form_name: Code = Field(default=GENERAL, description="银行代发格式", examples=["bank_general"])
    written_as: Literal["csv", "xlsx"] = Field(default="csv", description="文件类型")


class HeldBackPayment(Shown):
    """`reason`：account_missing 没有收款账户；account_not_confirmed 账户尚待确认。"""

    payment_id: str
    amount: FromFen
    reason: str


class OneOffFile(Shown):
    file_id: str
    area: str
    organisation_id: str
    paid_in: str
    form: str
    written_as: str
    digest: str
    payments: int
    total: FromFen
    held_back: int = Field(description="暂缓付款笔数")
    sealed_at: datetime
    paid_on: date | None
    bank_reference: str | None


@router.post(
    "/one-off-files",
    name="seal_one_off_file",
    status_code=201,
    response_model=OneOffFile,
    summary="生成并封存一次性付款的银行文件",
    description="列入该单位该月已批准、未付、未列入其他文件的付款；没有收款账户或账户变更尚待确认的暂不列入，另有清单。",
)
async def seal_one_off_file(body: OneOffFileInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.seal_one_off_file(tx, sealer=sealer, **dict(body))


@router.get(
    "/one-off-files",
    name="list_one_off_files",
    response_model=Page[OneOffFile],
    summary="查看一次性付款的银行文件",
)
async def list_one_off_files(
    session: Reading,
    key: CursorKey,
    organisation_id: Annotated[RowId | None, Query(description="付款单位编号")] = None,
    paid_in: Annotated[PaidIn | None, Query(description="付款月份")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL_PAGE,
) -> object:
    return await queries.files(
        session, organisation_id=organisation_id, paid_in=paid_in, cursor=cursor, limit=limit, key=key
    )


async def _known_file(file_id: FileId, session: Reading) -> str:
    if not await queries.has_file(session, file_id=file_id):
        raise NotFound(what=f"one_off_file {file_id}")
    return file_id


KnownFile = Annotated[str, Depends(_known_file)]


@router.get(
    "/one-off-files/{file_id}/held-back",
    name="list_held_back_payments",
    response_model=Page[HeldBackPayment],
    summary="查看一次性付款文件封存时暂缓的付款",
)
async def list_held_back_payments(
    file_id: KnownFile, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    return await queries.held_back(session, file_id=file_id, cursor=cursor, limit=limit, key=key)


@router.get(
    "/one-off-files/{file_id}/accounts-waiting",
    name="list_one_off_accounts_waiting",
    response_model=Page[AccountWaiting],
    summary="查看一次性付款文件中有新账户待确认的人员",
    description="文件封存后又填报了新账户、尚待确认的人员；付款前请核对。",
)
async def list_one_off_accounts_waiting(
    file_id: KnownFile, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    workers = queries.workers_paid_by(file_id)
    return await accounts.waiting_among(session, workers=workers, of=file_id, cursor=cursor, limit=limit, key=key)


@router.get(
    "/one-off-files/{file_id}/content",
    name="open_one_off_file",
    response_class=Response,
    responses={200: {"content": {CSV.partition(";")[0]: {}, XLSX: {}}}},
    summary="取出一次性付款的银行文件",
    description="内含账号，取出人留有记录。文件与封存时逐字节相同。"
    "封存后又有新账户待确认的，人数列在应答头 X-Accounts-Waiting-Count 中。",
)
async def open_one_off_file(file_id: FileId, tx: Tx, sealer: CurrentSealer) -> Response:
    file, content = await commands.open_one_off_file(tx, file_id=file_id, sealer=sealer)
    waiting = await accounts.count_waiting(tx.session, workers=queries.workers_paid_by(file_id))
    answer = file_answer(content, name=file_id, kind=file.written_as)
    if waiting:
        answer.headers[WAITING_COUNT] = str(waiting)
    return answer


@router.post(
    "/one-off-files/{file_id}/payment",
    name="record_one_off_file",
    response_model=OneOffFile,
    summary="登记一次性付款的银行文件已付",
    description="文件中的付款一并登记为已付。",
)
async def record_one_off_file(file_id: FileId, body: PaymentInput, tx: Tx) -> object:
    return await commands.record_one_off_file(tx, file_id=file_id, **dict(body))


@router.get(
    "/one-off-tax-sheets/{kind}",
    name="export_one_off_tax_sheet",
    response_class=Response,
    responses=SHEETS,
    summary="导出一次性付款的个税扣缴表",
    description="内含证件号码，须写明用途；取出人、人数、用途留有记录。列入该月已批准的付款。",
)
async def export_one_off_tax_sheet(
    kind: Annotated[
        OneOffKind, Path(description="labour_remuneration 劳务报酬；severance 一次性补偿；internship 实习报酬")
    ],
    tx: Tx,
    sealer: CurrentSealer,
    area: Annotated[Area, Query()],
    organisation_id: Annotated[RowId, Query(description="付款单位编号")],
    paid_in: Annotated[PaidIn, Query(description="付款月份", examples=["2026-09"])],
    reason: Annotated[Reason, Query(description="用途", examples=["2026年9月扣缴申报"])],
    written_as: Annotated[Literal["xlsx", "csv"], Query(alias="format", description="文件格式")] = "xlsx",
) -> Response:
    asked = {"area": area, "organisation_id": organisation_id, "paid_in": paid_in, "reason": reason}
    content = await commands.export_one_off_tax_sheet(tx, **asked, kind=kind, written_as=written_as, sealer=sealer)
    return file_answer(content, name=f"tax-{kind}-{paid_in}", kind=written_as)
