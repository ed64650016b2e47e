"""Where people's pay goes: accounts by worker, and which of them pay is sent to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from common.paging import Rows, make_page, page_query
from common.transaction import count_in_whole, seeing
from payroll.models import Agreement, BankAccount, Payee, Payslip, Placement


async def payee(session: AsyncSession, *, worker_id: str, lock: bool = False) -> Payee | None:
    query = select(Payee).where(Payee.worker_id == worker_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def is_known(session: AsyncSession, *, worker_id: str) -> bool:
    """Whether anything says that this worker is, or was, paid from here."""
    for table in (Payee, Agreement, Placement):
        if await session.scalar(select(table.worker_id).where(table.worker_id == worker_id).limit(1)) is not None:
            return True
    return False


async def workers_of_account(session: AsyncSession, *, account: str) -> set[str]:
    """As whom an account is paid."""
    return set(await session.scalars(select(Payee.worker_id).where(Payee.account == account)))


async def account(session: AsyncSession, *, account_id: str, lock: bool = False) -> BankAccount | None:
    query = select(BankAccount).where(BankAccount.account_id == account_id)
    return await session.scalar(query.with_for_update() if lock else query)


async def waiting_accounts(session: AsyncSession, *, worker_id: str) -> Sequence[BankAccount]:
    """Entered, and looked at by nobody else yet."""
    query = select(BankAccount).where(BankAccount.worker_id == worker_id, _WAITING)
    return (await session.scalars(query.with_for_update())).all()


_WAITING = and_(BankAccount.confirmed_at.is_(None), BankAccount.rejected.is_(False))


@dataclass(frozen=True)
class PaidTo:
    """The last account confirmed for a worker, and whether a newer one waits to be confirmed."""

    confirmed: BankAccount | None
    waits: bool

    @property
    def usable(self) -> BankAccount | None:
        return None if self.waits else self.confirmed


async def accounts_paid_to(session: AsyncSession, *, run_id: str) -> Mapping[str, PaidTo]:
    """By worker of the run; who has no account at all is not among them.

    The account lies with the person, who may serve in another county by now, or not yet in this one.
    """
    return await accounts_of(session, select(Payslip.worker_id).where(Payslip.run_id == run_id))


async def accounts_of(session: AsyncSession, workers: Select[str] | Collection[str]) -> Mapping[str, PaidTo]:
    """By worker among them; who has no account at all is not among the answers."""
    query = (
        select(BankAccount)
        .where(BankAccount.worker_id.in_(workers))
        .where(or_(BankAccount.confirmed_at.is_not(None), _WAITING))
        .where(BankAccount.rejected.is_(False))
        .order_by(BankAccount.worker_id, BankAccount.entered_at, BankAccount.account_id)
    )
    found: dict[str, PaidTo] = {}
    async with seeing(session, area=""):
        entered = (await session.scalars(query)).all()
    for one in entered:
        before = found.get(one.worker_id, PaidTo(None, waits=False))
        waits = one.confirmed_at is None
        found[one.worker_id] = PaidTo(before.confirmed if waits else one, waits or before.waits)
    return found


async def somebody_payable(session: AsyncSession, *, run_id: str) -> bool:
    """Whether anybody with pay in the run has an account that a file might pay it to."""
    paid_to = await accounts_paid_to(session, run_id=run_id)
    workers = set(await session.scalars(select(Payslip.worker_id).where(Payslip.run_id == run_id, Payslip.net > 0)))
    return any(worker_id in workers and known.usable is not None for worker_id, known in paid_to.items())


def _waiting_among(workers: Select[Any]) -> Select[str]:
    """Those of the workers who have a newer account that nobody has confirmed yet."""
    return select(BankAccount.worker_id).distinct().where(BankAccount.worker_id.in_(workers), _WAITING)


async def count_waiting(session: AsyncSession, *, workers: Select[Any]) -> int:
    """How many of the workers have a newer account that nobody has confirmed yet, wherever they serve now."""
    return await count_in_whole(session, select(func.count()).select_from(_waiting_among(workers).subquery()), area="")


async def waiting_among(
    session: AsyncSession, *, workers: Select[Any], of: str, cursor: str | None, limit: int, key: bytes
) -> Rows[Any]:
    """Who they are; `of` names in the cursor what the workers are those of."""
    question = f"accounts_waiting|{of}"
    order = [BankAccount.worker_id]
    paged = page_query(_waiting_among(workers), order=order, key=key, question=question, cursor=cursor, limit=limit)
    async with seeing(session, area=""):
        rows = (await session.execute(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.worker_id])


async def accounts(
    session: AsyncSession,
    *,
    worker_id: str | None,
    waiting: bool | None,
    own: str | None = None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[BankAccount]:
    """`own`: only those of the worker who signs in by that account."""
    query = select(BankAccount)
    if own is not None:
        query = query.join(Payee, Payee.worker_id == BankAccount.worker_id).where(Payee.account == own)
    if worker_id is not None:
        query = query.where(BankAccount.worker_id == worker_id)
    if waiting is not None:
        query = query.where(_WAITING if waiting else ~_WAITING)
    question = f"bank_accounts|{worker_id}|{waiting}|{own}"
    paged = page_query(query, order=[BankAccount.account_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.scalars(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.account_id])
