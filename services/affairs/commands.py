from collections.abc import Iterable, Mapping
from datetime import date

from affairs import queries, rules
from affairs.models import DutyRoster, Worker
from common.errors import BusinessError
from common.events.affairs import DutyRosterKept
from common.ids import new_id
from common.transaction import About, Transaction


class RosterAlreadyKept(BusinessError):
    zh = "组织 {organisation_id} 自 {starts_on} 起的值班安排已存在（{roster_id}）；如需调整，请自另一日起另行安排。"
    en = "{organisation_id} has a roster from {starts_on} already ({roster_id}); keep another from another day."


class EmptyRoster(BusinessError):
    status = 422
    zh = "值班安排中没有任何人员，请至少安排一人。"
    en = "Nobody is on this roster; put somebody on it."


class OnDutyTwice(BusinessError):
    zh = "人员 {workers} 被重复安排：在大厅列了两次，或既在大厅又在网格。每人只能安排一处。"
    en = "Workers {workers} stand twice: twice in the hall, or both in the hall and in a grid. Give each one place."


class NotOfThisOrganisation(BusinessError):
    zh = "人员 {workers} 在 {on} 不是组织 {organisation_id} 的在岗人员，不能列入其值班安排。"
    en = "Workers {workers} hold no post at {organisation_id} on {on} and cannot be on its roster."


class MixedStaff(BusinessError):
    zh = "同一值班安排只能列一类人员，现有：{staff}。请分别安排。"
    en = "One roster holds one kind of staff, this one has {staff}. Keep one for each."


async def keep_duty_roster(
    tx: Transaction, *, organisation_id: str, starts_on: date, hall_workers: list[str], grid_workers: dict[str, str]
) -> DutyRoster:
    """Who is in the hall and who in which grid from a day on. One worker may have several grids."""
    organisation = await queries.organisation(tx.session, organisation_id)
    earlier = await queries.roster_from(tx.session, organisation_id, starts_on=starts_on)
    if earlier is not None:
        raise RosterAlreadyKept(
            organisation_id=organisation_id, starts_on=starts_on.isoformat(), roster_id=earlier.roster_id
        )
    present = await queries.workers_present(tx.session, organisation_id, on=starts_on)
    on_duty = _each_in_one_place(hall_workers, grid_workers.values())
    strangers = on_duty - present.keys()
    if strangers:
        raise NotOfThisOrganisation(
            workers=_listed(strangers), organisation_id=organisation_id, on=starts_on.isoformat()
        )
    staff = _one_staff(on_duty, present)

    idle = [one for one in present.values() if one.staff == staff and one.worker_id not in on_duty]
    decision = await tx.decide(
        rules.hall_staffing,
        about=About(organisation.area, staff, organisation_id),
        on=starts_on,
        hall_workers=len(hall_workers),
        workers_without_duty=len(idle),
    )
    tx.require(decision, subject=organisation_id)

    roster = DutyRoster(
        roster_id=new_id("roster"),
        organisation_id=organisation_id,
        area=organisation.area,
        staff=staff,
        starts_on=starts_on,
        hall_workers=hall_workers,
        grid_workers=grid_workers,
        clause=decision.clause,
        decision_id=decision.decision_id,
        kept_by=tx.actor.account,
    )
    tx.session.add(roster)
    tx.emit(_as_told(roster))
    return roster


def _as_told(roster: DutyRoster) -> DutyRosterKept:
    return DutyRosterKept(
        roster_id=roster.roster_id,
        organisation_id=roster.organisation_id,
        area=roster.area,
        starts_on=roster.starts_on,
        hall_workers=roster.hall_workers,
        grid_workers=roster.grid_workers,
    )


def _each_in_one_place(hall: list[str], grids: Iterable[str]) -> set[str]:
    in_grids = set(grids)
    twice = {worker for worker in hall if hall.count(worker) > 1 or worker in in_grids}
    if twice:
        raise OnDutyTwice(workers=_listed(twice))
    if not hall and not in_grids:
        raise EmptyRoster
    return {*hall, *in_grids}


def _one_staff(on_duty: set[str], present: Mapping[str, Worker]) -> str:
    kinds = {present[worker].staff for worker in on_duty}
    if len(kinds) > 1:
        raise MixedStaff(staff=_listed(kinds))
    return kinds.pop()


def _listed(names: Iterable[str]) -> str:
    return "、".join(sorted(names))
