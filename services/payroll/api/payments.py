"""The bank's files of a run."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from common.service import CurrentSealer, Reading, Tx, new_router
from common.text import Code, Line, RowId
from payroll.api.shapes import Body, FromFen, HandledOn, RunId, Shown
from payroll.commands import payments as commands
from payroll.files.bank import GENERAL
from payroll.files.writing import CSV, XLSX
from payroll.queries import accounts
from payroll.queries import payments as queries

router = new_router("payroll")

MOST_NAMED = 100
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


class PaymentFile(Shown):
    file_id: str
    run_id: str
    number: int
    form: str
    written_as: str
    digest: str
    people: int
    total: FromFen
    held_back: list[HeldBack]
    sealed_at: datetime
    paid_on: date | None
    bank_reference: str | None


class PaidFile(PaymentFile):
    """`accounts_waiting`：文件封存后又填报了新账户、尚待确认的人员；发放前请核对。"""

    accounts_waiting: list[str]


class PaymentInput(Body):
    on: HandledOn
    reference: Reference = Field(description="银行回单号", examples=["20260328-000123"])


@router.post(
    "/payroll-runs/{run_id}/payment-files",
    name="seal_payment_file",
    status_code=201,
    response_model=PaymentFile,
    summary="生成并封存银行代发文件",
    description="没有收款账户或账户变更尚待确认的人员暂不列入，逐人列明；确认后再生成下一份。",
)
async def seal_payment_file(run_id: RunId, body: PaymentFileInput, tx: Tx, sealer: CurrentSealer) -> object:
    return await commands.seal_payment_file(tx, run_id=run_id, sealer=sealer, **dict(body))


@router.get(
    "/payroll-runs/{run_id}/payment-files",
    name="list_payment_files",
    response_model=list[PaymentFile],
    summary="查看工资核算的代发文件",
)
async def list_payment_files(run_id: RunId, session: Reading) -> object:
    return await queries.payment_files(session, run_id=run_id)


@router.get(
    "/payment-files/{file_id}/content",
    name="open_payment_file",
    response_class=Response,
    responses={200: {"content": {CSV.partition(";")[0]: {}, XLSX: {}}}},
    summary="取出银行代发文件",
    description="内含账号，取出人留有记录。文件与封存时逐字节相同。"
    "封存后又有新账户待确认的人员列在应答头 X-Accounts-Waiting 中（至多 100 人），"
    "人数在 X-Accounts-Waiting-Count 中。",
)
async def open_payment_file(file_id: FileId, tx: Tx, sealer: CurrentSealer) -> Response:
    file, content = await commands.open_payment_file(tx, file_id=file_id, sealer=sealer)
    waiting = await accounts.waiting_among(tx.session, slips=file.payslip_nos)
    name = f"{file.run_id}-{file.number}.{file.written_as}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if waiting:
        headers["X-Accounts-Waiting"] = ",".join(waiting[:MOST_NAMED])
        headers["X-Accounts-Waiting-Count"] = str(len(waiting))
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
    waiting = await accounts.waiting_among(tx.session, slips=file.payslip_nos)
    return {**PaymentFile.model_validate(file).model_dump(), "accounts_waiting": waiting}
