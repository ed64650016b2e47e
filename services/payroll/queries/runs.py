"""Runs, their batches, their slips, and who was set aside, as they are."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, String, any_, column, func, literal, or_, select, true, tuple_, union
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import code_range, within
from common.paging import Rows, make_page, page_query
from common.transaction import seeing
from payroll.models import (
    Agreement,
    Cycle,
    Payee,
    PaymentFile,
    PayrollBatch,
    PayrollRun,
    Payslip,
    PayslipLine,
    Placement,
    RunStatus,
    SetAside,
)
from payroll.models.runs import SEALED
from payroll.queries.timelines import STREET_DIGITS
from payroll.rules.cycles import first_day, next_month

_LONG = {"snapshot", "considered", "findings", "layout"}
_SHORT = [one for one in PayrollBatch.__table__.columns if one.name not in _LONG]


async def run(session: AsyncSession, *, run_id: str, lock: bool = False) -> PayrollRun | None:
    query = select(PayrollRun).where(PayrollRun.run_id == run_id)
    if lock:  # beside the batches that refer to it: they keep its key from changing, and no more
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(query)


async def is_run(session: AsyncSession, *, run_id: str, area: str) -> bool:
    """Whether there is such a run of `area`, of something in it, or of a place that it lies in."""
    async with seeing(session, area=""):
        found = await session.scalar(select(PayrollRun.area).where(PayrollRun.run_id == run_id))
    return found is not None and (within(found, area) or within(area, found))


async def run_for(session: AsyncSession, *, area: str, staff: str, month: str, cycle: str) -> PayrollRun | None:
    return await session.scalar(
        select(PayrollRun)
        .where(PayrollRun.area == area, PayrollRun.staff == staff)
        .where(PayrollRun.month == month, PayrollRun.cycle == cycle)
    )


async def runs_where(
    session: AsyncSession, *, wanted: Mapping[str, str], key: bytes, cursor: str | None, limit: int
) -> Rows[PayrollRun]:
    """By id those where each column named in `wanted` has that value; `area` is the area and all within it."""
    question = "runs " + " ".join(f"{name}={value}" for name, value in sorted(wanted.items()))
    query: Select[Any] = select(PayrollRun)
    for name, value in wanted.items():
        column = getattr(PayrollRun, name)
        if name == "area":
            lowest, highest = code_range(value)
            query = query.where(column >= lowest, column < highest)
        else:
            query = query.where(column == value)
    paged = page_query(query, order=[PayrollRun.run_id], key=key, question=question, cursor=cursor, limit=limit)
    rows = list(await session.scalars(paged))
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.run_id])


async def batch(session: AsyncSession, *, batch_id: str, lock: bool = False) -> PayrollBatch | None:
    query = select(PayrollBatch).where(PayrollBatch.batch_id == batch_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(query)


async def batches_of(session: AsyncSession, *, run_id: str, lock: bool = False) -> list[Any]:
    """The batches of a run by area, each with its layout; with `lock`, once nobody works on them any more."""
    query = select(*_SHORT, PayrollBatch.layout).where(PayrollBatch.run_id == run_id)
    if lock:
        await session.execute(
            select(PayrollBatch.batch_id)
            .where(PayrollBatch.run_id == run_id)
            .order_by(PayrollBatch.batch_id)
            .with_for_update()
        )
    return list((await session.execute(query.order_by(PayrollBatch.area, PayrollBatch.batch_id))).all())


async def listed_batches(
    session: AsyncSession, *, run_id: str, key: bytes, cursor: str | None, limit: int
) -> Rows[Any]:
    """By area, each with how much was noted of its people (`noted`)."""
    question = f"batches {run_id}"
    noted = func.jsonb_array_length(PayrollBatch.findings).label("noted")
    query: Select[Any] = select(*_SHORT, noted).where(PayrollBatch.run_id == run_id)
    order = [PayrollBatch.area, PayrollBatch.batch_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.execute(paged)).all()
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.area, row.batch_id])


async def noted(
    session: AsyncSession, *, run_id: str, code: str | None, key: bytes, cursor: str | None, limit: int
) -> Rows[Any]:
    """What somebody should look at of those who are paid, by street and within it as it was found."""
    question = f"noted {run_id} {code}"
    findings = func.jsonb_array_elements(PayrollBatch.findings)
    said = findings.table_valued(column("one", JSONB), with_ordinality="place").render_derived(name="said")
    told = [said.c.one[name].astext.label(name) for name in ("worker_id", "period", "code", "zh", "en", "clause")]
    query: Select[Any] = select(PayrollBatch.area, PayrollBatch.batch_id, said.c.place, *told)
    query = query.join(said, true()).where(PayrollBatch.run_id == run_id)
    if code is not None:
        query = query.where(said.c.one["code"].astext == code)
    order = [PayrollBatch.area, PayrollBatch.batch_id, said.c.place]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = (await session.execute(paged)).all()
    return make_page(
        rows, limit=limit, key=key, question=question, place=lambda row: [row.area, row.batch_id, row.place]
    )


async def not_issued(session: AsyncSession, *, run_id: str) -> list[str]:
    """The streets of a run whose slips are not issued."""
    query = select(PayrollBatch.area).where(PayrollBatch.run_id == run_id, PayrollBatch.issued_at.is_(None))
    return list(await session.scalars(query.order_by(PayrollBatch.area)))


async def streets_of(session: AsyncSession, run: PayrollRun) -> list[str]:
    """The streets in which a run may have somebody to pay or to settle: of every agreement and every move until the
    month's end. Where an agreement names no street, the place that it names.
    """
    lowest, highest = code_range(run.area)
    after = next_month(first_day(run.month))
    signed = select(func.left(Agreement.area, STREET_DIGITS).label("street")).where(
        Agreement.staff == run.staff,
        Agreement.area >= lowest,
        Agreement.area < highest,
        Agreement.starts_on < after,
    )
    moved = (
        select(func.left(Placement.area, STREET_DIGITS))
        .join(Agreement, Agreement.worker_id == Placement.worker_id)
        .where(Agreement.staff == run.staff, Placement.area >= lowest, Placement.area < highest)
        .where(Placement.starts_on < after)
    )
    return sorted(await session.scalars(union(signed, moved)))


async def elsewhere(
    session: AsyncSession, *, run: PayrollRun, payees: list[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Of these workers with their employers, whose slip for the month stands in another run, and in which."""
    rows = await session.execute(
        select(Payslip.worker_id, Payslip.organisation_id, Payslip.run_id)
        .where(Payslip.worker_id == any_(literal([worker for worker, _ in payees], ARRAY(String))))
        .where(Payslip.month == run.month, Payslip.cycle == run.cycle, Payslip.run_id != run.run_id)
    )
    wanted = set(payees)
    return {(worker, org): found for worker, org, found in rows if (worker, org) in wanted}


async def slips(
    session: AsyncSession, *, run_id: str, key: bytes, cursor: str | None, limit: int, area: str = ""
) -> Rows[Payslip]:
    """In the order of their numbers, which is by street and within it by worker."""
    question = f"slips {run_id} {area}"
    query = select(Payslip).where(Payslip.run_id == run_id)
    if area:
        lowest, highest = code_range(area)
        query = query.where(Payslip.area >= lowest, Payslip.area < highest)
    paged = page_query(query, order=[Payslip.slip_no], key=key, question=question, cursor=cursor, limit=limit)
    rows = list(await session.scalars(paged))
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.slip_no])


async def own_slips(
    session: AsyncSession, *, account: str, key: bytes, cursor: str | None, limit: int
) -> Rows[Payslip]:
    """The approved slips of whoever signs in with `account`, by month."""
    question = f"own {account}"
    query = (
        select(Payslip)
        .join(PayrollRun, PayrollRun.run_id == Payslip.run_id)
        .join(Payee, Payee.worker_id == Payslip.worker_id)
        .where(PayrollRun.status.in_(SEALED), Payee.account == account)
    )
    order = [Payslip.month, Payslip.slip_no]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = list(await session.scalars(paged))
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.month, row.slip_no])


async def set_aside(
    session: AsyncSession, *, run_id: str, key: bytes, cursor: str | None, limit: int
) -> Rows[SetAside]:
    question = f"set aside {run_id}"
    query = select(SetAside).where(SetAside.run_id == run_id)
    order = [SetAside.set_aside_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    rows = list(await session.scalars(paged))
    return make_page(rows, limit=limit, key=key, question=question, place=lambda row: [row.set_aside_id])


async def set_aside_by_code(session: AsyncSession, *, run_id: str) -> dict[str, int]:
    """How many people each code has set aside."""
    rows = await session.execute(
        select(SetAside.code, func.count(SetAside.worker_id.distinct()))
        .where(SetAside.run_id == run_id)
        .group_by(SetAside.code)
        .order_by(SetAside.code)
    )
    return {row[0]: row[1] for row in rows}


async def held_back(session: AsyncSession, *, run_id: str) -> int:
    """How many slips of a run no payment file pays."""
    paid = await session.scalars(select(PaymentFile.payslip_nos).where(PaymentFile.run_id == run_id))
    slips_with_pay = await session.scalar(
        select(func.count()).select_from(Payslip).where(Payslip.run_id == run_id, Payslip.net > 0)
    )
    return (slips_with_pay or 0) - len({number for numbers in paid for number in numbers})


async def payslip(session: AsyncSession, *, payslip_id: str) -> Payslip | None:
    return await session.scalar(select(Payslip).where(Payslip.payslip_id == payslip_id))


async def own_payslip(session: AsyncSession, *, payslip_id: str, account: str) -> Payslip | None:
    """The slip if it is approved and its worker signs in with `account`."""
    return await session.scalar(
        select(Payslip)
        .join(PayrollRun, PayrollRun.run_id == Payslip.run_id)
        .join(Payee, Payee.worker_id == Payslip.worker_id)
        .where(Payslip.payslip_id == payslip_id)
        .where(PayrollRun.status.in_(SEALED), Payee.account == account)
    )


async def areas_of_slips(session: AsyncSession, *, batch_id: str) -> list[str]:
    """Where the worker of each slip of a batch serves, in the order of the slips."""
    query = select(Payslip.area).where(Payslip.batch_id == batch_id).order_by(Payslip.leaf)
    return list(await session.scalars(query))


async def lines_of(session: AsyncSession, *, slip_no: int) -> list[PayslipLine]:
    query = select(PayslipLine).where(PayslipLine.slip_no == slip_no).order_by(PayslipLine.ordinal)
    return list(await session.scalars(query))


async def is_paid_by(session: AsyncSession, run: PayrollRun, *, account: str) -> bool:
    query = (
        select(Payslip.slip_no)
        .join(Payee, Payee.worker_id == Payslip.worker_id)
        .where(Payslip.run_id == run.run_id, Payee.account == account)
    )
    return await session.scalar(query.limit(1)) is not None


async def earlier_not_approved(session: AsyncSession, run: PayrollRun) -> PayrollRun | None:
    """The first run of the same staff and tax year that overlaps in area, is paid before, and was calculated only."""
    lowest, highest = code_range(run.area)
    above = [run.area[:digits] for digits in range(len(run.area))]
    order = (PayrollRun.paid_in, PayrollRun.month, PayrollRun.cycle)
    return await session.scalar(
        select(PayrollRun)
        .where(PayrollRun.staff == run.staff, PayrollRun.run_id != run.run_id)
        .where(or_(PayrollRun.area.in_(above), (PayrollRun.area >= lowest) & (PayrollRun.area < highest)))
        .where(PayrollRun.status.in_((RunStatus.CALCULATING, RunStatus.CALCULATED, RunStatus.REVIEWED)))
        .where(PayrollRun.paid_in >= f"{run.paid_in[:4]}-01", tuple_(*order) < (run.paid_in, run.month, run.cycle))
        .order_by(*order)
        .limit(1)
    )


async def earlier_not_issued(session: AsyncSession, run: PayrollRun) -> PayrollRun | None:
    """The first approved run of the same staff for an earlier month that overlaps in area and has slips to issue."""
    lowest, highest = code_range(run.area)
    above = [run.area[:digits] for digits in range(len(run.area))]
    waits = select(PayrollBatch.batch_id).where(
        PayrollBatch.run_id == PayrollRun.run_id, PayrollBatch.issued_at.is_(None)
    )
    return await session.scalar(
        select(PayrollRun)
        .where(PayrollRun.staff == run.staff, PayrollRun.month < run.month, PayrollRun.status.in_(SEALED))
        .where(or_(PayrollRun.area.in_(above), (PayrollRun.area >= lowest) & (PayrollRun.area < highest)))
        .where(waits.exists())
        .order_by(PayrollRun.month, PayrollRun.run_id)
        .limit(1)
    )


async def first_sealed_after(session: AsyncSession, run: PayrollRun) -> str | None:
    """The first month, after the run's own period, that a sealed run of the same staff has paid where its area is."""
    lowest, highest = code_range(run.area)
    above = [run.area[:digits] for digits in range(len(run.area))]
    later = PayrollRun.month > run.month
    if run.cycle == Cycle.FIRST_HALF:
        later |= (PayrollRun.month == run.month) & (PayrollRun.cycle != Cycle.FIRST_HALF)
    return await session.scalar(
        select(func.min(PayrollRun.month))
        .where(PayrollRun.staff == run.staff, PayrollRun.status.in_(SEALED), later)
        .where(or_(PayrollRun.area.in_(above), (PayrollRun.area >= lowest) & (PayrollRun.area < highest)))
    )


async def year_moved_on(session: AsyncSession, run: PayrollRun) -> bool:
    """Whether somebody's year of tax has grown since this run was calculated, by another run approved since."""
    since = await session.scalar(select(func.min(PayrollBatch.calculated_at)).where(PayrollBatch.run_id == run.run_id))
    if since is None:
        return False
    approved = list(
        await session.scalars(
            select(PayrollRun.run_id)
            .where(PayrollRun.status.in_(SEALED), PayrollRun.approved_at > since, PayrollRun.run_id != run.run_id)
            .where(PayrollRun.paid_in >= f"{run.paid_in[:4]}-01", PayrollRun.paid_in <= run.paid_in)
        )
    )
    if not approved:
        return False
    mine, other = select(Payslip).subquery("mine"), select(Payslip).subquery("other")
    shared = (
        select(mine.c.slip_no)
        .join(other, (mine.c.worker_id == other.c.worker_id) & (mine.c.organisation_id == other.c.organisation_id))
        .where(mine.c.run_id == run.run_id, other.c.run_id.in_(approved))
    )
    return await session.scalar(shared.limit(1)) is not None


async def spent(session: AsyncSession, run: PayrollRun, *, area: str) -> int:
    """Fen that approved runs of the same staff in an area have cost in the calendar year of payment, employers' share
    of contributions included; `run` itself is not among them.
    """
    lowest, highest = code_range(area)
    return (
        await session.scalar(
            select(func.sum(PayrollRun.gross_total + PayrollRun.employer_total))
            .where(PayrollRun.status.in_(SEALED), PayrollRun.staff == run.staff, PayrollRun.run_id != run.run_id)
            .where(PayrollRun.area >= lowest, PayrollRun.area < highest)
            .where(PayrollRun.paid_in >= f"{run.paid_in[:4]}-01", PayrollRun.paid_in <= f"{run.paid_in[:4]}-12")
        )
        or 0
    )
