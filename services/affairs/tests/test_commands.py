import asyncio
from datetime import date
from typing import Any

import pytest

from affairs import commands
from affairs.models import DutyRoster, Organisation, Worker
from common.actors import Actor, Role
from common.errors import NotFound, Refused
from common.events.affairs import DutyRosterKept
from common.policy.documents import NoClause
from common.testing import Bench, somebody

COMMUNITY = "220102001002"
OFFICE = somebody(Role.STREET_OFFICE, area="220102001")
APRIL = date(2024, 4, 1)


def worker(name: str, **changes: Any) -> Worker:
    given: dict[str, Any] = {
        "worker_id": f"worker-{name}",
        "organisation_id": "organisation-1",
        "area": COMMUNITY,
        "staff": "community_worker",
        "hired_on": date(2024, 1, 2),
        "left_on": None,
    }
    return Worker(**given | changes)


HALL = ["worker-an", "worker-bo"]
GRIDS = {"第一网格": "worker-chen", "第二网格": "worker-chen", "第三网格": "worker-ding"}


class TestKeepDutyRoster:
    """JL-8a: the hall keeps two or three, everybody else works in the grids."""

    @pytest.fixture(autouse=True)
    async def _community_of_four(self, bench: Bench) -> None:
        await bench.save(Organisation(organisation_id="organisation-1", area=COMMUNITY))
        await bench.save(*(worker(name) for name in ("an", "bo", "chen", "ding")))

    async def keep(self, bench: Bench, *, actor: Actor = OFFICE, **changes: Any) -> DutyRoster:
        given: dict[str, Any] = {
            "organisation_id": "organisation-1",
            "starts_on": APRIL,
            "hall_workers": HALL,
            "grid_workers": GRIDS,
        }
        return await bench.run(commands.keep_duty_roster, actor=actor, **given | changes)

    @pytest.mark.clause("JL-8a")
    async def test_says_who_is_where(self, bench: Bench) -> None:
        roster = await self.keep(bench)

        assert (roster.clause, roster.staff, roster.kept_by) == ("JL-8a", "community_worker", OFFICE.account)
        [said] = await bench.sent(DutyRosterKept)
        assert said == DutyRosterKept(
            roster_id=roster.roster_id,
            organisation_id="organisation-1",
            area=COMMUNITY,
            starts_on=APRIL,
            hall_workers=HALL,
            grid_workers=GRIDS,
        )
        [decision] = await bench.decisions("duty.hall_staffing")
        assert (decision.subject, decision.permits) == ("organisation-1", True)
        assert decision.facts == {"hall_workers": 2, "workers_without_duty": 0}

    @pytest.mark.parametrize(
        ("hall", "grids", "facts"),
        [
            pytest.param(
                ["worker-an"],
                {"一": "worker-bo", "二": "worker-chen", "三": "worker-ding"},
                {"hall_workers": 1, "workers_without_duty": 0},
                id="one in the hall",
            ),
            pytest.param(
                ["worker-an", "worker-bo", "worker-chen", "worker-ding"],
                {},
                {"hall_workers": 4, "workers_without_duty": 0},
                id="four in the hall",
            ),
            pytest.param(
                HALL,
                {"一": "worker-chen"},
                {"hall_workers": 2, "workers_without_duty": 1},
                id="somebody in no grid",
            ),
        ],
    )
    async def test_refuses_and_keeps_the_refusal(
        self, bench: Bench, hall: list[str], grids: dict[str, str], facts: dict[str, int]
    ) -> None:
        with pytest.raises(Refused):
            await self.keep(bench, hall_workers=hall, grid_workers=grids)

        assert await bench.rows(DutyRoster) == []
        assert await bench.sent(DutyRosterKept) == []
        [decision] = await bench.decisions()
        assert (decision.clause, decision.permits, decision.facts) == ("JL-8a", False, facts)

    async def test_refuses_a_community_with_a_single_worker(self, bench: Bench) -> None:
        await bench.save(Organisation(organisation_id="organisation-2", area=COMMUNITY))
        await bench.save(worker("wu", organisation_id="organisation-2"))

        with pytest.raises(Refused):
            await self.keep(bench, organisation_id="organisation-2", hall_workers=["worker-wu"], grid_workers={})

    async def test_names_a_worker_of_another_community(self, bench: Bench) -> None:
        await bench.save(worker("wu", organisation_id="organisation-2"))

        with pytest.raises(commands.NotOfThisOrganisation) as error:
            await self.keep(bench, hall_workers=[*HALL, "worker-wu"])

        assert error.value.params["workers"] == "worker-wu"

    @pytest.mark.parametrize(
        ("hired_on", "left_on", "present"),
        [
            pytest.param(APRIL, None, True, id="hired on the day"),
            pytest.param(date(2024, 4, 2), None, False, id="hired the day after"),
            pytest.param(date(2024, 1, 2), date(2024, 4, 2), True, id="in post for the last day"),
            pytest.param(date(2024, 1, 2), APRIL, False, id="left on the day"),
        ],
    )
    async def test_counts_those_in_post_on_the_first_day(
        self, bench: Bench, hired_on: date, left_on: date | None, present: bool
    ) -> None:
        await bench.save(worker("wu", hired_on=hired_on, left_on=left_on))
        grids = {**GRIDS, "第四网格": "worker-wu"}

        if present:
            with pytest.raises(Refused):
                await self.keep(bench)
            assert (await self.keep(bench, grid_workers=grids)).grid_workers == grids
        else:
            with pytest.raises(commands.NotOfThisOrganisation):
                await self.keep(bench, grid_workers=grids)
            assert (await self.keep(bench)).grid_workers == GRIDS

    @pytest.mark.parametrize(
        ("hall", "grids"),
        [
            pytest.param(["worker-an", "worker-an"], GRIDS, id="twice in the hall"),
            pytest.param(
                ["worker-an", "worker-bo"], {**GRIDS, "第四网格": "worker-an"}, id="in the hall and in a grid"
            ),
        ],
    )
    async def test_gives_nobody_two_places(self, bench: Bench, hall: list[str], grids: dict[str, str]) -> None:
        with pytest.raises(commands.OnDutyTwice) as error:
            await self.keep(bench, hall_workers=hall, grid_workers=grids)

        assert error.value.params["workers"] == "worker-an"

    async def test_needs_somebody(self, bench: Bench) -> None:
        with pytest.raises(commands.EmptyRoster):
            await self.keep(bench, hall_workers=[], grid_workers={})

    async def test_does_not_ask_for_other_staff_and_does_not_take_them(self, bench: Bench) -> None:
        await bench.save(worker("wu", staff="public_welfare"))

        with pytest.raises(commands.MixedStaff):
            await self.keep(bench, grid_workers={**GRIDS, "第四网格": "worker-wu"})
        roster = await self.keep(bench)

        assert roster.staff == "community_worker"

    async def test_says_so_where_no_document_speaks(self, bench: Bench) -> None:
        await bench.save(Organisation(organisation_id="organisation-2", area="420103001"))
        await bench.save(worker("wu", organisation_id="organisation-2", area="420103001", staff="public_welfare"))
        office = somebody(Role.STREET_OFFICE, area="420103001")

        with pytest.raises(NoClause):
            await self.keep(
                bench, actor=office, organisation_id="organisation-2", hall_workers=["worker-wu"], grid_workers={}
            )

    async def test_is_kept_once_for_a_day(self, bench: Bench) -> None:
        first = await self.keep(bench)

        with pytest.raises(commands.RosterAlreadyKept, match=first.roster_id):
            await self.keep(bench)
        second = await self.keep(bench, starts_on=date(2024, 4, 2))

        assert {row.roster_id for row in await bench.rows(DutyRoster)} == {first.roster_id, second.roster_id}

    async def test_is_kept_once_when_asked_for_twice_at_once(self, bench: Bench) -> None:
        answers = await asyncio.gather(self.keep(bench), self.keep(bench), return_exceptions=True)

        assert sorted(type(answer).__name__ for answer in answers) == ["DutyRoster", "RosterAlreadyKept"]

    async def test_does_not_find_an_organisation_outside_the_area(self, bench: Bench) -> None:
        with pytest.raises(NotFound):
            await self.keep(bench, actor=somebody(Role.STREET_OFFICE, area="220102002"))
