"""The pay that contributions go by: set for one person, or for a whole area from last year's pay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from common.areas import within
from common.errors import BusinessError, NotFound, SamePerson
from common.money import in_yuan, whole_fen
from common.transaction import Transaction
from payroll.commands.changes import note_change
from payroll.models import Change, ContributionBase
from payroll.queries import accounts
from payroll.queries import contributions as queries
from payroll.rules.cycles import first_day

CAUSE = "contribution_base"
ROWS_AT_ONCE = 2_000
REPLACED = ("area", "amount", "source", "set_by", "organisation_id")


class YearNotOver(BusinessError):
    status = 422
    zh = "缴费基数自 {from_month} 起调整，应依据该月之前的完整年度；{year} 年尚未结束。"
    en = "Bases from {from_month} on go by a whole year before that month; {year} is not over by then."


class SchemeNotKnown(BusinessError):
    status = 422
    zh = "没有条款在此规定名为 {scheme} 的险种。可填：{known}。"
    en = "No clause provides here for a scheme called {scheme}. There are: {known}."


def _require_schemes(tx: Transaction, schemes: Iterable[str], *, area: str, staff: str, since: str) -> None:
    """A base of a scheme that no clause provides for would be kept, and never looked at."""
    known = set(queries.schemes_provided(tx.policies, area=area, staff=staff, since=first_day(since)))
    for scheme in schemes:
        if scheme not in known:
            raise SchemeNotKnown(scheme=scheme, known=", ".join(sorted(known)) or "—")


async def set_contribution_base(
    tx: Transaction, *, worker_id: str, scheme: str, from_month: str, amount: Decimal, source: str
) -> ContributionBase:
    """`amount` in yuan a month. A month already paid is worked out again by the next run."""
    payee = await accounts.payee(tx.session, worker_id=worker_id)
    if payee is None:
        raise NotFound(what=f"person {worker_id}")
    if payee.account == tx.actor.account:
        raise SamePerson(what="contribution_base.own")
    _require_schemes(tx, [scheme], area=payee.area, staff=payee.staff, since=from_month)

    place = {"worker_id": worker_id, "scheme": scheme, "from_month": from_month}
    said = {
        "area": payee.area,
        "amount": whole_fen(amount),
        "source": source,
        "set_by": tx.actor.account,
        "organisation_id": None,
    }
    addition = upsert(ContributionBase).values(**place, **said)
    kept: ContributionBase | None = await tx.session.scalar(
        addition.on_conflict_do_update(index_elements=list(place), set_=said).returning(ContributionBase)
    )
    await note_change(
        tx,
        area=payee.area,
        worker_id=worker_id,
        staff=payee.staff,
        from_month=from_month,
        cause=CAUSE,
        reference=scheme,
    )
    assert kept is not None  # noqa: S101  # an upsert that returns
    return kept


@dataclass(frozen=True)
class Adjustment:
    """How many people's bases were set from their pay of `year`, and their monthly averages added up, in fen."""

    area: str
    staff: str
    year: int
    from_month: str
    schemes: tuple[str, ...]
    workers: int
    total: int


async def adjust_contribution_bases(
    tx: Transaction, *, area: str, staff: str, year: int, from_month: str, schemes: Sequence[str]
) -> Adjustment:
    """Everybody's own monthly average of `year`, before floor and ceiling, from `from_month` on.

    Our reading: the pay of a year is what was paid for its months here, also later, before anything is taken off,
    divided by the months that were paid. Whoever was paid nothing here that year keeps his base, as does who asks.
    """
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")
    if from_month <= f"{year}-12":
        raise YearNotOver(from_month=from_month, year=year)
    schemes = tuple(dict.fromkeys(schemes))
    _require_schemes(tx, schemes, area=area, staff=staff, since=from_month)
    own = await accounts.workers_of_account(tx.session, account=tx.actor.account)
    of_year = await queries.pay_of_year(tx.session, area=area, staff=staff, year=year)
    found = [one for one in of_year if one.worker_id not in own]

    rows = [
        {
            "worker_id": one.worker_id,
            "scheme": scheme,
            "from_month": from_month,
            "area": one.area,
            "amount": one.monthly,
            "source": f"{year}年{one.months}个月工资合计{in_yuan(one.gross)}元，月平均{in_yuan(one.monthly)}元",
            "set_by": tx.actor.account,
            "organisation_id": None,
        }
        for one in found
        for scheme in schemes
    ]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        addition = upsert(ContributionBase).values(rows[start : start + ROWS_AT_ONCE])
        said = {name: addition.excluded[name] for name in REPLACED}
        await tx.session.execute(
            addition.on_conflict_do_update(index_elements=["worker_id", "scheme", "from_month"], set_=said)
        )
    await _note_changes(tx, found, staff=staff, from_month=from_month)
    total = sum(one.monthly for one in found)
    return Adjustment(area, staff, year, from_month, schemes, workers=len(found), total=total)


async def _note_changes(tx: Transaction, found: Sequence[queries.YearOfPay], *, staff: str, from_month: str) -> None:
    changes = [
        {
            "area": one.area,
            "worker_id": one.worker_id,
            "staff": staff,
            "from_month": from_month,
            "cause": CAUSE,
            "reference": from_month,
            "noted_at": tx.now,
            "noted_by": tx.actor.account,
        }
        for one in found
    ]
    for start in range(0, len(changes), ROWS_AT_ONCE):
        await tx.session.execute(insert(Change), changes[start : start + ROWS_AT_ONCE])
