"""Bank accounts: entered by one person, confirmed or rejected by another; until then nobody is paid to the new one."""

from typing import NamedTuple

from stdnum import luhn

from common.errors import NotFound, SamePerson, WrongState
from common.events.payroll import BankAccountChanged
from common.fields import Sealer
from common.ids import new_id
from common.policy import Finding
from common.transaction import Transaction
from payroll.models import BankAccount, Payee
from payroll.queries import accounts as queries

USUAL_LENGTHS = range(15, 20)  # bank cards here: fifteen to nineteen digits (ISO/IEC 7812)
SHOWN_DIGITS = 4


class EnteredAccount(NamedTuple):
    account: BankAccount
    warnings: list[Finding]


async def enter_bank_account(
    tx: Transaction, *, worker_id: str, bank: str, holder: str, number: str, sealer: Sealer
) -> EnteredAccount:
    """A number that looks odd is taken in with a warning: unit accounts and passbooks follow no check digit.

    An earlier one that still waits is set aside by it. A worker enters his own only.
    """
    payee = await _payee(tx, worker_id=worker_id)
    for earlier in await queries.waiting_accounts(tx.session, worker_id=worker_id):
        earlier.rejected = True

    account_id = new_id("account")
    account = BankAccount(
        account_id=account_id,
        area=payee.area,
        worker_id=worker_id,
        bank=bank,
        holder_sealed=sealer.seal_bytes(holder.encode(), place=place_of("holder", account_id)),
        number_sealed=sealer.seal_bytes(number.encode(), place=place_of("number", account_id)),
        number_masked=mask_number(number),
        entered_by=tx.actor.account,
        entered_at=tx.now,
        rejected=False,
    )
    tx.session.add(account)
    _say(tx, account, "entered")
    return EnteredAccount(account, [*odd_in(number), *_other_holder(holder, payee.name)])


async def confirm_bank_account(tx: Transaction, *, account_id: str) -> BankAccount:
    """By neither who entered it nor the worker: both could send the pay to themselves."""
    account = await _waiting(tx, account_id=account_id)
    payee = await _payee(tx, worker_id=account.worker_id)
    if tx.actor.account in (account.entered_by, payee.account):
        raise SamePerson(what="bank_account.confirming")

    account.confirmed_by = tx.actor.account
    account.confirmed_at = tx.now
    _say(tx, account, "confirmed")
    return account


async def reject_bank_account(tx: Transaction, *, account_id: str) -> BankAccount:
    """Pay goes to the one confirmed before, if there is one. Whoever entered it may take it back so."""
    account = await _waiting(tx, account_id=account_id)

    account.rejected = True
    _say(tx, account, "rejected")
    return account


async def _payee(tx: Transaction, *, worker_id: str) -> Payee:
    payee = await queries.payee(tx.session, worker_id=worker_id, lock=True)
    if payee is None or (tx.actor.is_for_himself and payee.account != tx.actor.account):
        raise NotFound(what=f"person {worker_id}")
    return payee


async def _waiting(tx: Transaction, *, account_id: str) -> BankAccount:
    account = await queries.account(tx.session, account_id=account_id, lock=True)
    if account is None:
        raise NotFound(what=f"bank_account {account_id}")
    if account.rejected or account.confirmed_at is not None:
        state = "rejected" if account.rejected else "confirmed"
        raise WrongState(what="bank_account", state=f"bank_account.{state}", needed="bank_account.entered")
    return account


def place_of(column: str, account_id: str) -> str:
    """What the seal binds a value to."""
    return f"bank_account|{column}|{account_id}"


def mask_number(number: str) -> str:
    """All but the last four digits hidden; of a short one, all."""
    if len(number) < 2 * SHOWN_DIGITS:
        return "*" * len(number)
    return "*" * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:]


def odd_in(number: str) -> list[Finding]:
    found = []
    if len(number) not in USUAL_LENGTHS:
        found.append(
            Finding(
                code="unusual_length",
                zh=f"账号共{len(number)}位，银行卡号通常为{USUAL_LENGTHS.start}至{USUAL_LENGTHS.stop - 1}位，请核对",
                en=f"{len(number)} digits; a bank card usually has {USUAL_LENGTHS.start} to {USUAL_LENGTHS.stop - 1}",
            )
        )
    if not luhn.is_valid(number):
        found.append(
            Finding(
                code="check_digit",
                zh="账号末位校验不符：如为银行卡号，可能有误，请核对",
                en="the check digit does not fit: a card number would be wrong, check it",
            )
        )
    return found


def _other_holder(holder: str, name: str | None) -> list[Finding]:
    if name is None or "".join(holder.split()) == "".join(name.split()):
        return []
    return [
        Finding(
            code="holder_differs",
            zh="户名与该人员姓名不一致，请核对收款人",
            en="the holder's name is not the worker's: check whom the pay goes to",
        )
    ]


def _say(tx: Transaction, account: BankAccount, status: str) -> None:
    tx.emit(
        BankAccountChanged(
            account_id=account.account_id,
            worker_id=account.worker_id,
            area=account.area,
            bank=account.bank,
            number_masked=account.number_masked,
            status=status,
        )
    )
