"""The bank's files of a run."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Path
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from common.errors import NotFound
from common.paging import USUAL_PAGE, Page
from common.service import CurrentSealer, CursorKey, Reading, Tx, new_router
from common.text import Code, Line, RowId
from payroll.api.runs import Cursor, KnownRun, Limit
from payroll.api.shapes import Body, FromFen, HandledOn, RunId, Shown
from payroll.commands import payments as commands
from payroll.files.bank import GENERAL
from payroll.files.writing import CSV, XLSX
from payroll.queries import accounts
from payroll.queries import payments as queries

router = new_router("payroll")

WAITING_COUNT = "X-Accounts-Waiting-Count"
FileId = Annotated[RowId, Path(description="付款文件编号")]
Reference = Annotated[Line, StringConstraints(max_length=120)]


class PaymentFileInput(Body):
    form_name: Code = Field(default=GENERAL, description="银行代发格式", examples=["bank_general"])
    written_as: Literal["csv", "xlsx"] = Field(default="csv", description="文件类型")
    on: HandledOn


class HeldBack(Shown):
    """`reason`：account_missing 没有收款账户；account_not_confirmed 账户尚待确认。"""

    worker_id: str
    payslip_id: str
    amount: FromFen
    reason: str


class AccountWaiting(Shown):
    worker_id: str


class PaymentFile(Shown):
    file_id: str
    run_id: str
    number: int
    form: str
    written_as: str
    digest: str
    people: int
    total: FromFen
    held_back: int = Field(description="暂缓发放人数")
    sealed_at: datetime
    paid_on: date | None
    bank_reference: str | None


class PaidFile(PaymentFile):
    """`accounts_waiting`：文件封存后又填报了新账户、尚待确认的人数；发放前请核对名单。"""

    accounts_waiting: int


class PaymentInput(Body):
    on: HandledOn
    reference: Reference = Field(description="银行回单号", examples=["20260328-000123"])


@router.post(
    "/payroll-runs/{run_id}/payment-files",
    name="seal_payment_file",
    status_code=201,
    response_model=PaymentFile,
    summary="生成并封存银行代发文件",
    description="没有收款账户或账户变更尚待确认的人员暂不列入，另有名单；确认后再生成下一份。",
)
async def seal_payment_file(run_id: RunId, body: PaymentFileInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.seal_payment_file(tx, run_id=run_id, sealer=sealer, **dict(body))


@router.get(
    "/payroll-runs/{run_id}/payment-files",
    name="list_payment_files",
    response_model=Page[PaymentFile],
    summary="查看工资核算的代发文件",
)
async def list_payment_files(
    run_id: KnownRun, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    return await queries.listed_files(session, run_id=run_id, cursor=cursor, limit=limit, key=key)


async def _known_file(file_id: FileId, session: Reading) -> str:
    if not await queries.has_file(session, file_id=file_id):
        raise NotFound(what=f"payment_file {file_id}")
    return file_id


KnownFile = Annotated[str, Depends(_known_file)]


@router.get(
    "/payment-files/{file_id}/held-back",
    name="list_held_back",
    response_model=Page[HeldBack],
    summary="查看代发文件封存时暂缓发放的人员",
)
async def list_held_back(
    file_id: KnownFile, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    return await queries.held_back(session, file_id=file_id, cursor=cursor, limit=limit, key=key)


@router.get(
    "/payment-files/{file_id}/accounts-waiting",
    name="list_accounts_waiting",
    response_model=Page[AccountWaiting],
    summary="查看代发文件中有新账户待确认的人员",
    description="文件封存后又填报了新账户、尚待确认的人员；发放前请核对。",
)
async def list_accounts_waiting(
    file_id: KnownFile, session: Reading, key: CursorKey, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> object:
    workers = queries.workers_paid_by(file_id)
    return await accounts.waiting_among(session, workers=workers, of=file_id, cursor=cursor, limit=limit, key=key)


@router.get(
    "/payment-files/{file_id}/content",
    name="open_payment_file",
    response_class=Response,
    responses={200: {"content": {CSV.partition(";")[0]: {}, XLSX: {}}}},
    summary="取出银行代发文件",
    description="内含账号，取出人留有记录。文件与封存时逐字节相同。"
    "封存后又有新账户待确认的，人数列在应答头 X-Accounts-Waiting-Count 中。",
)
async def open_payment_file(file_id: FileId, tx: Tx, sealer: CurrentSealer) -> Response:
    file, content = await commands.open_payment_file(tx, file_id=file_id, sealer=sealer)
    waiting = await accounts.count_waiting(tx.session, workers=queries.workers_paid_by(file_id))
    name = f"{file.run_id}-{file.number}.{file.written_as}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if waiting:
        headers[WAITING_COUNT] = str(waiting)
    return Response(content, media_type=XLSX if file.written_as == "xlsx" else CSV, headers=headers)


@router.post(
    "/payment-files/{file_id}/payment",
    name="record_payment",
    response_model=PaidFile,
    summary="登记银行已代发",
    description="全部文件代发后，工资核算即为已发放。",
)
async def record_payment(file_id: FileId, body: PaymentInput, tx: Tx) -> object:
    file = await commands.record_payment(tx, file_id=file_id, **dict(body))
    waiting = await accounts.count_waiting(tx.session, workers=queries.workers_paid_by(file_id))
    return {**PaymentFile.model_validate(file).model_dump(), "accounts_waiting": waiting}
