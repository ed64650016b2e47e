"""Reading recruitment's own tables."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.actors import Actor
from common.errors import NotFound
from common.fields import Sealer, mask_identity
from common.transaction import count_in_whole
from recruitment.models import (
    Application,
    Approval,
    HeadcountRequest,
    Objection,
    Organisation,
    Plan,
    Post,
    StageResult,
    Table,
)

# A plan of the city or the county may be for an organisation of a street.
_EVERYWHERE = ""


async def organisation(session: AsyncSession, organisation_id: str) -> Organisation:
    found = await session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound(what=f"organisation {organisation_id}")
    return found


async def headcount_request(session: AsyncSession, request_id: str, *, lock: bool = False) -> HeadcountRequest:
    found = await session.get(HeadcountRequest, request_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(what=f"headcount {request_id}")
    return found


async def plan(session: AsyncSession, plan_id: str, *, lock: bool = False) -> Plan:
    found = await session.get(Plan, plan_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(what=f"plan {plan_id}")
    return found


async def application(session: AsyncSession, application_id: str, *, lock: bool = False) -> Application:
    found = await session.get(Application, application_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(what=f"candidacy {application_id}")
    return found


async def application_and_plan(session: AsyncSession, application_id: str) -> tuple[Application, Plan]:
    """Both locked, the plan first, so that two commands on one plan never wait for each other in a ring."""
    seen = await application(session, application_id)
    locked = await plan(session, seen.plan_id, lock=True)
    await session.refresh(seen, with_for_update=True)
    return seen, locked


async def objection(session: AsyncSession, objection_id: str) -> Objection:
    found = await session.get(Objection, objection_id)
    if found is None:
        raise NotFound(what=f"objection {objection_id}")
    return found


async def posts(session: AsyncSession, post_ids: Sequence[str]) -> list[Post]:
    """The posts, locked in the order of their ids; each must be known."""
    wanted = sorted(set(post_ids))
    query = select(Post).where(Post.post_id.in_(wanted)).order_by(Post.post_id).with_for_update()
    found = list(await session.scalars(query))
    missing = [one for one in wanted if one not in {post.post_id for post in found}]
    if missing:
        raise NotFound(what=f"post {', '.join(missing)}")
    return found


async def posts_held(session: AsyncSession, plan_id: str) -> list[Post]:
    return list(await session.scalars(select(Post).where(Post.plan_id == plan_id).with_for_update()))


async def posts_of_worker(session: AsyncSession, worker_id: str) -> list[Post]:
    return list(await session.scalars(select(Post).where(Post.worker_id == worker_id).with_for_update()))


async def approved_headcount(session: AsyncSession, organisation_id: str, staff: str) -> int:
    """How many positions were approved for the organisation, by requests of whatever area."""
    query = (
        select(func.coalesce(func.sum(HeadcountRequest.positions), 0))
        .where(HeadcountRequest.organisation_id == organisation_id, HeadcountRequest.staff == staff)
        .where(HeadcountRequest.status == "approved")
    )
    return await count_in_whole(session, query, area=_EVERYWHERE)


async def used_headcount(session: AsyncSession, organisation_id: str, staff: str) -> int:
    """How many of them plans of whatever area have taken: live ones all their positions, ended ones those hired."""
    taken = case((Plan.status == "completed", Plan.hired), else_=Plan.positions)
    query = (
        select(func.coalesce(func.sum(taken), 0))
        .where(Plan.organisation_id == organisation_id, Plan.staff == staff)
        .where(Plan.status != "returned")
    )
    return await count_in_whole(session, query, area=_EVERYWHERE)


async def count_alone(session: AsyncSession, organisation_id: str, staff: str) -> None:
    """Two plans of one organisation must not both see the last approved position."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 0))"),
        {"place": f"headcount|{organisation_id}|{staff}"},
    )


async def approvals(session: AsyncSession, subject_id: str) -> list[Approval]:
    return list(
        await session.scalars(select(Approval).where(Approval.subject_id == subject_id).order_by(Approval.step))
    )


async def applications(session: AsyncSession, plan_id: str, *only: ColumnElement[bool]) -> list[Application]:
    """A plan's applications by rank, those without one by number."""
    order = (Application.rank.asc().nulls_last(), Application.number)
    query = select(Application).where(Application.plan_id == plan_id, *only).order_by(*order)
    return list(await session.scalars(query))


async def applications_received(session: AsyncSession, plan_id: str) -> int:
    count = select(func.count()).select_from(Application).where(Application.plan_id == plan_id)
    return await session.scalar(count) or 0


async def identity_on_plan(session: AsyncSession, plan_id: str, identity_index: str) -> bool:
    query = select(Application.application_id).where(
        Application.plan_id == plan_id, Application.identity_index == identity_index
    )
    return await session.scalar(query) is not None


async def other_identity_of(session: AsyncSession, account: str, identity_index: str) -> bool:
    """Whether the account has applied as somebody else."""
    query = select(Application.application_id).where(
        Application.account == account, Application.identity_index != identity_index
    )
    return await session.scalar(query.limit(1)) is not None


async def stage_results(session: AsyncSession, application_id: str) -> list[StageResult]:
    query = select(StageResult).where(StageResult.application_id == application_id)
    return list(await session.scalars(query.order_by(StageResult.recorded_on, StageResult.result_id)))


async def objections(session: AsyncSession, application_id: str) -> list[Objection]:
    query = select(Objection).where(Objection.application_id == application_id)
    return list(await session.scalars(query.order_by(Objection.raised_on, Objection.objection_id)))


async def visible_plan(session: AsyncSession, plan_id: str, *, published_only: bool, lock: bool = False) -> Plan:
    """The plan; for those outside the offices only once its notice is published."""
    found = await plan(session, plan_id, lock=lock)
    if published_only and found.published_on is None:
        raise NotFound(what=f"plan {plan_id}")
    return found


async def plan_view(session: AsyncSession, plan_id: str, *, actor: Actor) -> dict[str, Any]:
    """The plan with its approvals and, for the offices, its applications."""
    public = actor.is_for_himself
    found = await visible_plan(session, plan_id, published_only=public)
    return {
        **_columns(found),
        "approvals": await approvals(session, plan_id),
        "applications": [] if public else await applications(session, plan_id),
    }


async def application_view(
    session: AsyncSession, application_id: str, *, actor: Actor, sealer: Sealer
) -> dict[str, Any]:
    """The application with its results; an applicant sees his own alone, and neither evidence nor objections."""
    found = await application(session, application_id)
    own = actor.is_for_himself
    if own and found.account != actor.account:
        raise NotFound(what=f"candidacy {application_id}")
    phone = _open(sealer, found.phone_sealed, place=f"application|phone|{application_id}")
    return {
        **_columns(found),
        "name": _open(sealer, found.name_sealed, place=f"application|name|{application_id}"),
        "phone_masked": mask_identity(phone) if phone else None,
        "results": [_result_view(one, sealer, own=own) for one in await stage_results(session, application_id)],
        "objections": []
        if own
        else [_objection_view(one, sealer) for one in await objections(session, application_id)],
    }


def _result_view(result: StageResult, sealer: Sealer, *, own: bool) -> dict[str, Any]:
    place = f"stage_result|{{}}|{result.result_id}"
    evidence = None if own else _open(sealer, result.evidence_sealed, place=place.format("evidence"))
    return {
        **_columns(result),
        "evidence": orjson.loads(evidence) if evidence else {},
        "note": None if own else _open(sealer, result.note_sealed, place=place.format("note")),
    }


def _objection_view(objection: Objection, sealer: Sealer) -> dict[str, Any]:
    place = f"objection|{{}}|{objection.objection_id}"
    return {
        **_columns(objection),
        "content": _open(sealer, objection.content_sealed, place=place.format("content")),
        "answer": _open(sealer, objection.answer_sealed, place=place.format("answer")),
    }


def _open(sealer: Sealer, sealed: str | None, *, place: str) -> str | None:
    return sealer.open(sealed, place=place) if sealed is not None else None


def _columns(row: Table) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}
