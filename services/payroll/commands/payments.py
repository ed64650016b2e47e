"""The bank's file of an approved run: sealed once, taken out by name, marked paid when the bank has carried it out."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from common.errors import BusinessError, NotFound, WrongState
from common.events.payroll import PaymentFileOpened, PaymentFileSealed, RunPaid
from common.fields import Sealer
from common.ids import new_id
from common.money import in_yuan
from common.transaction import Transaction
from payroll.commands.accounts import place_of
from payroll.commands.checks import require_issued
from payroll.commands.contributions import count_dues_from_payday
from payroll.files import bank
from payroll.files.form import Format, FormNotKnown
from payroll.models import BankAccount, HeldBackSlip, PaymentFile, PayrollRun, RunStatus
from payroll.models.runs import SEALED
from payroll.queries import accounts
from payroll.queries import payments as queries

NO_ACCOUNT, NOT_CONFIRMED = "account_missing", "account_not_confirmed"


class NothingToPay(BusinessError):
    """Nobody is left whom this run's next file could pay."""

    zh = "没有可以发放的人员：均已列入付款文件，或收款账户尚未确认（{held_back} 人）。"
    en = "Nobody can be paid: all stand in a payment file already, or wait for their account ({held_back})."


class PaymentFormNotKnown(BusinessError):
    status = 422
    zh = "没有名为 {form} 的银行代发文件格式。"
    en = "There is no form of bank file called {form}."


class PaidBeforeTheFile(BusinessError):
    status = 422
    zh = "付款日期 {on} 早于付款文件可付之日 {since}，请按银行回单更正日期。"
    en = "Paid on {on}, but the file could not be paid before {since}: give the day on the bank's receipt."


async def seal_payment_file(
    tx: Transaction, *, run_id: str, sealer: Sealer, on: date, form_name: str = bank.GENERAL, written_as: Format = "csv"
) -> PaymentFile:
    """Whoever is in no earlier file of the run and has a confirmed account and no newer one waiting.

    The others are held back by name; a later file pays them, also when the run is closed already, and it stays so.
    """
    run = await queries.run(tx.session, run_id=run_id, lock=True)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    run.require(*SEALED)
    await require_issued(tx, run)
    earlier = await queries.payment_files(tx.session, run_id=run_id)
    filed = {slip_no for file in earlier for slip_no in file.payslip_nos}
    slips = [slip for slip in await queries.payable_slips(tx.session, run_id=run_id) if slip.slip_no not in filed]
    rows = _divide(slips, await accounts.accounts_paid_to(tx.session, run_id=run_id))
    if not rows.paid:
        raise NothingToPay(held_back=len(rows.held_back))

    content = _written(rows.paid, sealer, run=run, form_name=form_name, written_as=written_as)
    file_id = new_id("file")
    file = PaymentFile(
        file_id=file_id,
        area=run.area,
        run_id=run_id,
        number=len(earlier) + 1,
        form=form_name,
        written_as=written_as,
        digest=hashlib.sha256(content).hexdigest(),
        content_sealed=sealer.seal_bytes(content, place=_place_of(file_id)),
        payslip_nos=[slip.slip_no for slip, _ in rows.paid],
        people=len(rows.paid),
        total=sum(slip.net for slip, _ in rows.paid),
        held_back=len(rows.held_back),
        sealed_by=tx.actor.account,
        sealed_on=on,
        sealed_at=tx.now,
    )
    tx.session.add(file)
    tx.session.add_all(_held_back(file, rows))
    if run.status != RunStatus.CLOSED:
        run.step(RunStatus.FILE_SEALED, by=tx.actor.account, on=on)
    tx.emit(_sealed(file))
    return file


def _sealed(file: PaymentFile) -> PaymentFileSealed:
    return PaymentFileSealed(
        file_id=file.file_id,
        run_id=file.run_id,
        area=file.area,
        number=file.number,
        people=file.people,
        total=in_yuan(file.total),
        held_back=file.held_back,
        digest=file.digest,
    )


@dataclass
class _Rows:
    paid: list[tuple[queries.Payable, BankAccount]] = field(default_factory=list)
    held_back: list[tuple[queries.Payable, str]] = field(default_factory=list)


def _divide(slips: Sequence[queries.Payable], paid_to: Mapping[str, accounts.PaidTo]) -> _Rows:
    rows = _Rows()
    for slip in slips:
        known = paid_to.get(slip.worker_id)
        account = known.usable if known else None
        if account is not None:
            rows.paid.append((slip, account))
            continue
        rows.held_back.append((slip, NO_ACCOUNT if known is None else NOT_CONFIRMED))
    return rows


def _held_back(file: PaymentFile, rows: _Rows) -> Iterator[HeldBackSlip]:
    for slip, reason in rows.held_back:
        yield HeldBackSlip(
            file_id=file.file_id,
            area=file.area,
            slip_no=slip.slip_no,
            payslip_id=slip.payslip_id,
            worker_id=slip.worker_id,
            amount=slip.net,
            reason=reason,
        )


def _written(
    paid: Sequence[tuple[queries.Payable, BankAccount]],
    sealer: Sealer,
    *,
    run: PayrollRun,
    form_name: str,
    written_as: Format,
) -> bytes:
    try:
        prescribed = bank.bank_form(form_name)
    except FormNotKnown as error:
        raise PaymentFormNotKnown(form=form_name) from error
    rows = [
        bank.BankRow(
            sequence=number,
            account_number=_opened(sealer, account.number_sealed, "number", account),
            holder=_opened(sealer, account.holder_sealed, "holder", account),
            bank=account.bank,
            amount_fen=slip.net,
            remark=f"{run.month}工资",
        )
        for number, (slip, account) in enumerate(paid, start=1)
    ]
    return bank.write(rows, prescribed, written_as=written_as)


def _opened(sealer: Sealer, sealed: bytes, column: str, account: BankAccount) -> str:
    return sealer.open_bytes(sealed, place=place_of(column, account.account_id)).decode()


def _place_of(file_id: str) -> str:
    return f"payment_file|content|{file_id}"


async def open_payment_file(tx: Transaction, *, file_id: str, sealer: Sealer) -> tuple[PaymentFile, bytes]:
    """The bytes that were sealed, with the account numbers in them; who took them out is said."""
    file = await queries.payment_file(tx.session, file_id=file_id)
    if file is None:
        raise NotFound(what=f"payment_file {file_id}")

    tx.emit(PaymentFileOpened(file_id=file_id, run_id=file.run_id, area=file.area, opened_by=tx.actor.account))
    return file, sealer.open_bytes(file.content_sealed, place=_place_of(file_id))


async def record_payment(tx: Transaction, *, file_id: str, on: date, reference: str) -> PaymentFile:
    """The bank has paid it. With the last file the run is paid; deadlines of payday are counted from the first."""
    file = await queries.payment_file(tx.session, file_id=file_id, lock=True)
    run = await queries.run(tx.session, run_id=file.run_id, lock=True) if file else None
    if file is None or run is None:
        raise NotFound(what=f"payment_file {file_id}")
    if file.paid_on is not None:
        raise WrongState(what="payment_file", state="payment_file.paid", needed="payment_file.sealed")
    run.require(RunStatus.FILE_SEALED, RunStatus.CLOSED)
    if on < file.sealed_on:
        raise PaidBeforeTheFile(on=on.isoformat(), since=file.sealed_on.isoformat())
    files = await queries.payment_files(tx.session, run_id=run.run_id)

    if all(one.paid_on is None for one in files):
        await count_dues_from_payday(tx, run_id=run.run_id, payday=on)
    file.paid_on = on
    file.paid_by = tx.actor.account
    file.bank_reference = reference
    if on.isoformat()[:7] != run.paid_in:
        run.findings = [*run.findings, _another_month(run, on=on)]
    if all(one.paid_on is not None for one in files):
        _close_payment(tx, run, files, on=on)
    return file


def _close_payment(tx: Transaction, run: PayrollRun, files: Sequence[PaymentFile], *, on: date) -> None:
    if run.status != RunStatus.CLOSED:
        run.step(RunStatus.PAID, by=tx.actor.account, on=on)
    tx.emit(
        RunPaid(
            run_id=run.run_id,
            area=run.area,
            staff=run.staff,
            month=run.month,
            paid_on=on,
            people=sum(one.people for one in files),
            total=in_yuan(sum(one.total for one in files)),
            held_back=files[-1].held_back,
        )
    )


def _another_month(run: PayrollRun, *, on: date) -> dict[str, Any]:
    return {
        "code": "paid_in_another_month",
        "zh": f"实际发放日{on}不在核算时的发放月份{run.paid_in}；个人所得税按发放月份计算，请核对申报所属期",
        "en": f"paid on {on}, not in the month of payment {run.paid_in} that tax went by: check the tax declaration",
        "clause": None,
    }
