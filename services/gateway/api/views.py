"""The worker view and the office view, each from the gateway's own tables."""

import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from common import waiting
from common.actors import Actor
from common.areas import AREA_CODE, within
from common.errors import NotFound
from common.paging import LONGEST_PAGE, USUAL_PAGE, Page, make_page, page_query
from common.service import CurrentActor, CursorKey, Today, WaitFor, new_router, runtime_of
from common.text import Code, RowId
from common.transaction import reading
from common.waiting import Position
from gateway import queries
from gateway.api import office
from gateway.api.pulse import Pulse
from gateway.api.worker import WorkerLine, WorkerView
from gateway.rules import COUNTED_FOR_ALL, hidden_from

_LOOK_AGAIN = 0.5

router = new_router("gateway")


@dataclass(frozen=True)
class View:
    """A session to read with, and how far what it shows has come."""

    session: AsyncSession
    actor: Actor
    position: str

    @property
    def account(self) -> str | None:
        """The caller's own account where it is all he may see, None for an office."""
        return self.actor.account if self.actor.is_for_himself else None


async def open_view(request: Request, actor: CurrentActor, wait_for: WaitFor = None) -> AsyncIterator[View]:
    if wait_for is not None:
        await _wait(request, actor, wait_for)
    async with reading(runtime_of(request).sessions, actor=actor) as session:
        # The position first: what is read after it is at least as new as it says.
        yield View(session, actor, await queries.position(session))


Viewed = Annotated[View, Depends(open_view, scope="function")]


async def _wait(request: Request, actor: Actor, header: str) -> None:
    """Until the views hold what these positions speak of and all that came before; no connection is held meanwhile.

    Stricter than a command's waiting: a view is put together from many events, so none before may be missing.
    """
    runtime = runtime_of(request)
    pulse: Pulse = request.app.state.pulse
    heard = runtime.consumer.hears()
    waited_for = [position for position in Position.read_all(header) if position.service in heard]
    ends_at = time.monotonic() + waiting.LONGEST_WAIT
    while True:
        mark = pulse.mark()
        async with reading(runtime.sessions, actor=actor) as session:
            waited_for = [one for one in waited_for if not await queries.has_reached(session, one)]
        if not waited_for:
            return
        left = ends_at - time.monotonic()
        if left <= 0:
            raise waiting.NotReflectedYet
        await pulse.after(mark, at_most=min(left, _LOOK_AGAIN))


IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=2000, description="已有版本（ETag）；未变则答复 304。")
]


def answered(body: bytes, view: View, if_none_match: str | None) -> Response:
    """The body with its ETag, or 304 where the caller has it already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Position": view.position, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


_SHOWN_WITH: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "ETag": {"description": "版本；放进 If-None-Match", "schema": {"type": "string"}},
            "Position": {
                "description": "视图已包含各来源至第几条消息",
                "schema": {"type": "string", "examples": ["recruitment.events=12, registry.events=7"]},
            },
        }
    }
}


AreaFilter = Annotated[str | None, Query(pattern=AREA_CODE, description="只看该地区代码及其以下", examples=["320102"])]
StaffFilter = Annotated[Code | None, Query(description="只看该类人员", examples=["union_worker"])]
OrganisationFilter = Annotated[RowId | None, Query(description="只看该组织的人员")]
Limit = Annotated[int, Query(ge=1, description=f"每页条数，最多 {LONGEST_PAGE}")]
Cursor = Annotated[str | None, Query(max_length=1000, description="上一页答复中的 next")]


@router.get(
    "/workers", name="list_workers", response_model=Page[WorkerLine], responses=_SHOWN_WITH, summary="工作人员名册"
)
async def list_workers(
    view: Viewed,
    key: CursorKey,
    area: AreaFilter = None,
    staff: StaffFilter = None,
    organisation_id: OrganisationFilter = None,
    limit: Limit = USUAL_PAGE,
    cursor: Cursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """本地区已聘用的工作人员，按编号排列。工作人员本人登录时只列出本人。"""
    query = queries.workers(area=area, staff=staff, organisation_id=organisation_id, account=view.account)
    question = f"workers|{area}|{staff}|{organisation_id}|{view.actor.area}|{view.account}"
    paged = page_query(query, order=[queries.BY_ID], key=key, question=question, cursor=cursor, limit=limit)
    found: Sequence[Any] = list(await view.session.execute(paged))
    page = make_page(found, limit=limit, key=key, question=question, place=lambda row: [row.worker_id])
    return answered(orjson.dumps({"items": [_line(row) for row in page.items], "next": page.next}), view, if_none_match)


def _line(row: Any) -> dict[str, Any]:
    body = row.body
    return {
        "worker_id": row.worker_id,
        "name": body["person"]["name"],
        "identity_masked": body["person"]["identity_masked"],
        "area": body["area"],
        "staff": body["staff"],
        "organisation_id": body["organisation"]["organisation_id"],
        "organisation_name": body["organisation"]["name"],
        "post_class": body["post"]["post_class"],
        "hired_on": body["post"]["hired_on"],
        "left_on": row.left_on,
    }


WorkerId = Annotated[RowId, Path(description="工作人员编号")]


@router.get(
    "/workers/{worker_id}", name="get_worker", response_model=WorkerView, responses=_SHOWN_WITH, summary="工作人员全貌"
)
async def get_worker(worker_id: WorkerId, view: Viewed, if_none_match: IfNoneMatch = None) -> Response:
    """聘用、合同、工资、考核、培训、备案、退出及各项决定；某部分仅对有权向承办服务查看它的角色给出，其余角色的答复中没有该项。

    工作人员本人只能查看本人，且可见全部。
    """
    body = await queries.worker_view(
        view.session,
        worker_id=worker_id,
        caller=view.actor.account,
        only_own=view.account is not None,
        hidden=hidden_from(view.actor.roles),
    )
    if body is None:
        raise NotFound(what="工作人员")
    return answered(body, view, if_none_match)


AreaInPath = Annotated[str, Path(pattern=AREA_CODE, description="地区代码", examples=["320102"])]
Month = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="工资月份；不填则为该地区最近有工资批次的月份"),
]


@router.get(
    "/offices/{area}",
    name="get_office",
    response_model=office.OfficeView,
    responses=_SHOWN_WITH,
    summary="地区办公一览",
)
async def get_office(
    area: AreaInPath, view: Viewed, today: Today, month: Month = None, if_none_match: IfNoneMatch = None
) -> Response:
    """该地区及其以下：编制与在岗、进行中的招聘计划、未备案、应训与逾期、退出事项、工资批次。"""
    if not within(area, view.actor.area):
        raise NotFound(what=f"地区 {area}")
    rows = await queries.office(view.session, area=area, today=today, month=month)
    only_counted = hidden_from(view.actor.roles, COUNTED_FOR_ALL)
    shown = office.office_view(rows, area=area, today=today, month=month, only_counted=only_counted)
    return answered(orjson.dumps(shown), view, if_none_match)
