"""Parameters as rows: those in force, for whoever works by them, and all, for whoever enters and checks them."""

from collections.abc import Sequence, Set
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from common.paging import Rows, make_page, page_query
from common.policy import ParameterRow, Parameters
from payroll.models import Parameter, ParameterStatus


async def parameters_in_force(session: AsyncSession, *, codes: Set[str] | None, area: str) -> Parameters:
    """The checked rows of these codes (None: of all) that may have the say in `area` or within it, of every day."""
    query = select(Parameter).where(Parameter.status == ParameterStatus.IN_FORCE)
    query = query.where(or_(Parameter.area.in_(_above(area)), Parameter.area.startswith(area, autoescape=True)))
    if codes is not None:
        query = query.where(Parameter.code.in_(codes))
    return Parameters(row_of(one) for one in await session.scalars(query))


def row_of(parameter: Parameter) -> ParameterRow:
    return ParameterRow(
        parameter_id=parameter.parameter_id,
        code=parameter.code,
        area=parameter.area,
        staff=parameter.staff,
        starts_on=parameter.starts_on,
        value=parameter.value,
        source=parameter.source,
        confidence=parameter.confidence,
    )


def _above(area: str) -> list[str]:
    return [area[:digits] for digits in range(len(area) + 1)]


async def parameter(session: AsyncSession, *, parameter_id: str) -> Parameter | None:
    return await session.scalar(select(Parameter).where(Parameter.parameter_id == parameter_id))


async def to_handle(session: AsyncSession, *, parameter_ids: Sequence[str]) -> list[Parameter]:
    """These rows, locked in one order so that two people who check take turns."""
    query = select(Parameter).where(Parameter.parameter_id.in_(parameter_ids)).order_by(Parameter.parameter_id)
    return list(await session.scalars(query.with_for_update().execution_options(populate_existing=True)))


async def rivals(session: AsyncSession, of: Parameter) -> list[Parameter]:
    """Other rows of the same figure, place, staff and day that are in force, or wait for somebody to check them."""
    query = (
        select(Parameter)
        .where(Parameter.code == of.code, Parameter.area == of.area, Parameter.staff == of.staff)
        .where(Parameter.starts_on == of.starts_on, Parameter.parameter_id != of.parameter_id)
        .where(Parameter.status.in_((ParameterStatus.IN_FORCE, ParameterStatus.ENTERED)))
        .order_by(Parameter.parameter_id)
    )
    return list(await session.scalars(query.with_for_update()))


async def parameters(
    session: AsyncSession,
    *,
    code: str | None,
    area: str | None,
    staff: str | None,
    on: date | None,
    status: ParameterStatus | None,
    cursor: str | None,
    limit: int,
    key: bytes,
) -> Rows[Parameter]:
    """`code`: how the code begins; `area`: what may have the say there; `on`: begun and not yet followed."""
    query = _in_place(select(Parameter), area=area, staff=staff)
    if code is not None:
        query = query.where(Parameter.code.startswith(code, autoescape=True))
    if status is not None:
        query = query.where(Parameter.status == status)
    if on is not None:
        query = query.where(_holding_on(on))
    question = f"parameters {code} {area} {staff} {on} {status}"
    begins = func.to_char(Parameter.starts_on, "YYYY-MM-DD")
    order = [Parameter.code, Parameter.area, Parameter.staff, begins, Parameter.parameter_id]
    paged = page_query(query, order=order, key=key, question=question, cursor=cursor, limit=limit)
    found = (await session.scalars(paged)).all()
    return make_page(
        found,
        limit=limit,
        key=key,
        question=question,
        place=lambda row: [row.code, row.area, row.staff, row.starts_on.isoformat(), row.parameter_id],
    )


def _in_place(query: Select[Parameter], *, area: str | None, staff: str | None) -> Select[Parameter]:
    if area is not None:
        query = query.where(Parameter.area.in_(_above(area)))
    return query if staff is None else query.where(Parameter.staff.in_(("", staff)))


def _holding_on(on: date) -> ColumnElement[bool]:
    later = aliased(Parameter)
    followed = exists().where(
        later.code == Parameter.code,
        later.area == Parameter.area,
        later.staff == Parameter.staff,
        later.status == Parameter.status,
        later.starts_on > Parameter.starts_on,
        later.starts_on <= on,
    )
    return and_(Parameter.starts_on <= on, ~followed)


async def history(session: AsyncSession, *, code: str, area: str | None, limit: int) -> Sequence[Parameter]:
    """Every row of a figure that was ever entered, by place, kind of staff and day, the latest first."""
    query = _in_place(select(Parameter).where(Parameter.code == code), area=area, staff=None)
    order = (Parameter.area, Parameter.staff, Parameter.starts_on.desc(), Parameter.entered_on, Parameter.parameter_id)
    return (await session.scalars(query.order_by(*order).limit(limit))).all()
