"""The bank's file of payments beside wages, sealed once like that of a run, and their sheets for the tax office."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from common.areas import within
from common.errors import BusinessError, NotFound, WrongState
from common.events.payroll import OneOffFileOpened, OneOffFileSealed, OneOffTaxSheetExported
from common.fields import Sealer
from common.ids import new_id
from common.money import in_yuan
from common.transaction import Transaction
from payroll.commands import accounts as bank_accounts
from payroll.commands.one_off_payments import HOLDER, IDENTITY, NUMBER, place_of
from payroll.commands.payments import NO_ACCOUNT, NOT_CONFIRMED, PaidBeforeTheFile, PaymentFormNotKnown
from payroll.files import bank, one_off
from payroll.files.form import Format, FormNotKnown
from payroll.models import HeldBackPayment, OneOffFile, OneOffKind, OneOffPayment
from payroll.queries import accounts
from payroll.queries import one_off_files as queries

_REMARKS = {
    OneOffKind.LABOUR_REMUNERATION: "劳务报酬",
    OneOffKind.SEVERANCE: "解除劳动合同补偿",
    OneOffKind.INTERNSHIP: "实习报酬",
}


class NoPaymentToFile(BusinessError):
    """Nothing is left that the next file could pay."""

    zh = "没有可以列入文件的付款：均已列入付款文件或已付、尚未批准，或收款账户尚未确认（{held_back} 笔）。"
    en = (
        "No payment can be filed: they stand in a file or are paid, wait for approval, or for an account ({held_back})."
    )


async def seal_one_off_file(
    tx: Transaction,
    *,
    area: str,
    organisation_id: str,
    paid_in: str,
    sealer: Sealer,
    form_name: str = bank.GENERAL,
    written_as: Format = "csv",
) -> OneOffFile:
    """What is approved, not paid and in no earlier file, of a unit and month of payment.

    A worker is paid to his confirmed account, if no newer one waits; somebody from outside to the one that was approved
    with the payment. Whom no account is known of is held back by payment; a later file pays it.
    """
    _require_within(tx, area)
    rows = await _divide(
        tx, await queries.payable(tx.session, area=area, organisation_id=organisation_id, paid_in=paid_in)
    )
    if not rows.paid:
        raise NoPaymentToFile(held_back=len(rows.held_back))

    content = _written(rows.paid, sealer, form_name=form_name, written_as=written_as)
    file_id = new_id("file")
    file = OneOffFile(
        file_id=file_id,
        area=area,
        organisation_id=organisation_id,
        paid_in=paid_in,
        form=form_name,
        written_as=written_as,
        digest=hashlib.sha256(content).hexdigest(),
        content_sealed=sealer.seal_bytes(content, place=_place_of(file_id)),
        payments=len(rows.paid),
        total=sum(one.payment.net for one in rows.paid),
        held_back=len(rows.held_back),
        sealed_by=tx.actor.account,
        sealed_at=tx.now,
    )
    tx.session.add(file)
    tx.session.add_all(_held_back(file, rows))
    for one in rows.paid:
        one.payment.file_id = file_id
    tx.emit(_sealed(file))
    return file


def _require_within(tx: Transaction, area: str) -> None:
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")


def _sealed(file: OneOffFile) -> OneOffFileSealed:
    return OneOffFileSealed(
        file_id=file.file_id,
        organisation_id=file.organisation_id,
        area=file.area,
        paid_in=file.paid_in,
        payments=file.payments,
        total=in_yuan(file.total),
        held_back=file.held_back,
        digest=file.digest,
    )


@dataclass(frozen=True)
class _Sealed:
    """Where a payment goes: what is sealed, and at which place each opens."""

    payment: OneOffPayment
    bank: str
    holder: tuple[bytes, str]
    number: tuple[bytes, str]


@dataclass
class _Rows:
    paid: list[_Sealed] = field(default_factory=list)
    held_back: list[tuple[OneOffPayment, str]] = field(default_factory=list)


async def _divide(tx: Transaction, payments: Sequence[OneOffPayment]) -> _Rows:
    workers = {one.worker_id for one in payments if one.worker_id is not None}
    known = await accounts.accounts_of(tx.session, workers) if workers else {}
    rows = _Rows()
    for payment in payments:
        paid_to = _outside(payment) if payment.worker_id is None else _of_worker(payment, known)
        if paid_to is not None:
            rows.paid.append(paid_to)
            continue
        rows.held_back.append((payment, NOT_CONFIRMED if payment.worker_id in known else NO_ACCOUNT))
    return rows


def _held_back(file: OneOffFile, rows: _Rows) -> Iterator[HeldBackPayment]:
    for payment, reason in rows.held_back:
        of = {"payment_id": payment.payment_id, "amount": payment.net, "reason": reason}
        yield HeldBackPayment(file_id=file.file_id, area=file.area, **of)


def _outside(payment: OneOffPayment) -> _Sealed | None:
    if payment.bank is None or payment.holder_sealed is None or payment.number_sealed is None:
        return None
    holder, number = (place_of(column, payment.payment_id) for column in (HOLDER, NUMBER))
    return _Sealed(payment, payment.bank, (payment.holder_sealed, holder), (payment.number_sealed, number))


def _of_worker(payment: OneOffPayment, known: Mapping[str, accounts.PaidTo]) -> _Sealed | None:
    paid_to = known.get(payment.worker_id or "")
    account = paid_to.usable if paid_to else None
    if account is None:
        return None
    holder, number = (bank_accounts.place_of(column, account.account_id) for column in ("holder", "number"))
    return _Sealed(payment, account.bank, (account.holder_sealed, holder), (account.number_sealed, number))


def _written(paid: Sequence[_Sealed], sealer: Sealer, *, form_name: str, written_as: Format) -> bytes:
    try:
        prescribed = bank.bank_form(form_name)
    except FormNotKnown as error:
        raise PaymentFormNotKnown(form=form_name) from error
    rows = [
        bank.BankRow(
            sequence=number,
            account_number=sealer.open_bytes(one.number[0], place=one.number[1]).decode(),
            holder=sealer.open_bytes(one.holder[0], place=one.holder[1]).decode(),
            bank=one.bank,
            amount_fen=one.payment.net,
            remark=f"{one.payment.paid_in}{_REMARKS[OneOffKind(one.payment.kind)]}",
        )
        for number, one in enumerate(paid, start=1)
    ]
    return bank.write(rows, prescribed, written_as=written_as)


def _place_of(file_id: str) -> str:
    return f"one_off_file|content|{file_id}"


async def open_one_off_file(tx: Transaction, *, file_id: str, sealer: Sealer) -> tuple[OneOffFile, bytes]:
    """The bytes that were sealed, with the account numbers in them; who took them out is said."""
    file = await queries.file(tx.session, file_id=file_id)
    if file is None:
        raise NotFound(what=f"one_off_file {file_id}")

    said = {"file_id": file_id, "organisation_id": file.organisation_id, "area": file.area}
    tx.emit(OneOffFileOpened(**said, opened_by=tx.actor.account))
    return file, sealer.open_bytes(file.content_sealed, place=_place_of(file_id))


async def record_one_off_file(tx: Transaction, *, file_id: str, on: date, reference: str) -> OneOffFile:
    """The bank has paid it, and with it every payment in it."""
    file = await queries.file(tx.session, file_id=file_id, lock=True)
    if file is None:
        raise NotFound(what=f"one_off_file {file_id}")
    if file.paid_on is not None:
        raise WrongState(what="one_off_file", state="payment_file.paid", needed="payment_file.sealed")
    approved = await queries.approved_last(tx.session, file)
    if approved is not None and on < approved:
        raise PaidBeforeTheFile(on=on.isoformat(), since=approved.isoformat())

    file.paid_on = on
    file.paid_by = tx.actor.account
    file.bank_reference = reference
    await queries.mark_paid(tx.session, file)
    return file


# ── for the tax office ───────────────────────────────────────────────────────────────────────────────────────────────


async def export_one_off_tax_sheet(
    tx: Transaction,
    *,
    area: str,
    organisation_id: str,
    paid_in: str,
    kind: OneOffKind,
    written_as: Format,
    reason: str,
    sealer: Sealer,
) -> bytes:
    """What a unit declares of a kind and month, identity numbers opened; who took it out, and why, is said."""
    _require_within(tx, area)
    asked = {"area": area, "organisation_id": organisation_id, "paid_in": paid_in}
    payments = await queries.declared(tx.session, **asked, kind=kind)
    workers = {one.worker_id for one in payments if one.worker_id is not None}
    known = await queries.known_workers(tx.session, workers)
    taxed = [_declared(list(parts), known, sealer) for _, parts in groupby(payments, key=_occasion)]

    content = await asyncio.to_thread(
        one_off.write, taxed, form_name=f"tax_{kind}", month=paid_in, written_as=written_as
    )
    tx.emit(
        OneOffTaxSheetExported(
            organisation_id=organisation_id,
            area=area,
            paid_in=paid_in,
            sheet=kind,
            people=len({one.reference for one in taxed if one.identity_number}),
            reason=reason,
            exported_by=tx.actor.account,
        )
    )
    return content


def _occasion(payment: OneOffPayment) -> tuple[str | None, ...]:
    """What is declared as one payment: of labour remuneration what one project brings, of the others all of a month."""
    alone = payment.kind == OneOffKind.LABOUR_REMUNERATION and payment.project is None
    return payment.worker_id, payment.payee_id, payment.project, payment.payment_id if alone else None


def _declared(
    parts: Sequence[OneOffPayment], known: Mapping[str, queries.Known], sealer: Sealer
) -> one_off.TaxedPayment:
    first = parts[0]
    name, number = _who(parts, known, sealer)
    elsewhen = sorted({one.paid_on for one in parts if one.paid_on and one.paid_on.isoformat()[:7] != one.paid_in})
    notes = [f"共 {len(parts)} 笔合并为一次"] if len(parts) > 1 else []
    notes += [f"实际于 {day} 支付，请核对税款所属期" for day in elsewhen]
    return one_off.TaxedPayment(
        reference=first.worker_id or first.payee_id or "",
        name=name,
        identity_number=number,
        project=first.project,
        income=sum(one.gross for one in parts),
        exempt=sum(one.exempt for one in parts),
        tax=sum(one.tax for one in parts),
        notes=tuple(notes),
    )


def _who(parts: Sequence[OneOffPayment], known: Mapping[str, queries.Known], sealer: Sealer) -> tuple[str, str]:
    """Name and identity number, as far as they are known: a worker's own, of somebody from outside the last entered."""
    worker_id = parts[0].worker_id
    if worker_id is not None:
        worker = known.get(worker_id, queries.Known("", None))
        place = f"person|identity_number|{worker_id}"
        return worker.name, sealer.open(worker.identity_sealed, place=place) if worker.identity_sealed else ""
    found = {HOLDER: "", IDENTITY: ""}
    for payment in parts:
        for column, sealed in ((HOLDER, payment.holder_sealed), (IDENTITY, payment.identity_sealed)):
            if sealed is not None:
                found[column] = sealer.open_bytes(sealed, place=place_of(column, payment.payment_id)).decode()
    return found[HOLDER], found[IDENTITY]
