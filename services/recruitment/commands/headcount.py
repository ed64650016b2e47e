from datetime import date
from decimal import Decimal

from common.areas import within
from common.errors import BusinessError, NotFound
from common.events.recruitment import HeadcountApproved, HeadcountRequested
from common.ids import new_id
from common.transaction import About, Transaction
from recruitment import queries, rules
from recruitment.commands.approvals import another_person, approval_of
from recruitment.models import HeadcountRequest, Organisation, in_order


class OrganisationElsewhere(BusinessError):
    zh = "组织 {organisation_id} 不在地区 {area} 内。请核对组织编号与地区代码。"
    en = "Organisation {organisation_id} does not lie in area {area}. Check the id and the area."


async def organisation_in(tx: Transaction, organisation_id: str, *, area: str) -> Organisation:
    """The organisation, when it lies in `area` and that in the area the person acts for."""
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")
    organisation = await queries.organisation(tx.session, organisation_id)
    if not within(organisation.area, area):
        raise OrganisationElsewhere(organisation_id=organisation_id, area=area)
    return organisation


async def request_headcount(
    tx: Transaction,
    *,
    area: str,
    staff: str,
    organisation_id: str,
    positions: int,
    figures: dict[str, Decimal],
    on: date,
) -> HeadcountRequest:
    await organisation_in(tx, organisation_id, area=area)

    request_id = new_id("headcount")
    about = About(area, staff, organisation_id)
    decision = await tx.decide(rules.headcount_request, about=about, on=on, positions=positions, figures=figures)
    tx.require(decision, subject=request_id)

    request = HeadcountRequest(
        request_id=request_id,
        organisation_id=organisation_id,
        area=area,
        staff=staff,
        positions=positions,
        figures={name: str(figure) for name, figure in figures.items()},
        approvers=[one.model_dump(mode="json") for one in decision.value.approvers],
        approved=0,
        status="requested",
        requested_by=tx.actor.account,
        requested_on=on,
    )
    tx.session.add(request)
    tx.emit(HeadcountRequested(request_id=request_id, area=area, staff=staff, positions=positions))
    return request


async def approve_headcount(tx: Transaction, *, request_id: str, on: date) -> HeadcountRequest:
    request = await queries.headcount_request(tx.session, request_id, lock=True)
    request.need("requested")
    in_order("headcount.approving", on, after=request.requested_on)
    await another_person(tx, what="headcount", maker=request.requested_by, subject_id=request_id)

    decision = await tx.decide(
        rules.headcount_request,
        about=request,
        on=request.requested_on,
        positions=request.positions,
        figures=request.figures,
        given=request.approved,
        offices=sorted(tx.actor.roles),
        level=tx.actor.level,
        agreed=request.steps,
    )
    tx.require(decision, subject=request_id)

    tx.session.add(approval_of(tx, decision.value, about=request, subject_id=request_id, version=1, on=on))
    request.approve_step()
    if request.fully_approved:
        tx.emit(
            HeadcountApproved(
                request_id=request_id, area=request.area, staff=request.staff, positions=request.positions
            )
        )
    return request
