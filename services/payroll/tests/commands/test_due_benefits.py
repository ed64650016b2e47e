from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from common.actors import Role
from common.errors import BadCursor, NotFound
from common.events.contracts import WorkerLeft, WorkerTransferred
from common.paging import Rows
from common.policy import NoClause, ParameterMissing
from common.testing import Bench, somebody
from payroll.commands import benefits as granting
from payroll.commands import due_benefits as commands
from payroll.models import Payee
from payroll.queries import benefits as queries
from payroll.tests.benefits import (
    COMMUNITY,
    COUNTY,
    NEXT_COMMUNITY,
    NEXT_COUNTY,
    ON,
    STAFF,
    county_figures,
    grants,
    grants_otherwise,
    neighbour,
    registrar,
)
from payroll.tests.offices import Office, checked, own_figure

CITY = "2201"
city = somebody(Role.HUMAN_RESOURCES, area=CITY, subject="city")


@pytest.fixture
async def place(office: Office, bench: Bench) -> Office:
    """A check every two years in one county, every year in the next."""
    await bench.save(*county_figures(), *county_figures(NEXT_COUNTY, years=1))
    return office


async def page(
    bench: Bench, *, actor: Any = registrar, cursor: str | None = None, limit: int = 50, **changes: Any
) -> Any:
    given: dict[str, Any] = {"area": COUNTY, "staff": STAFF, "benefit": "medical_check", "on": ON} | changes
    found: Rows[commands.DueBenefit] = await bench.run(
        commands.due_benefits, actor=actor, asked=commands.Asked(**given), cursor=cursor, limit=limit, key=b"key"
    )
    return found


async def due(bench: Bench, **changes: Any) -> list[str]:
    return [one.worker_id for one in (await page(bench, **changes)).items]


@pytest.mark.clause("JL-5c")
class TestDueBenefits:
    """JL-5c: whoever is in service has a medical check as often as the county says."""

    async def test_is_who_has_never_had_it(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li")

        [one] = (await page(bench)).items
        assert (one.worker_id, one.area, one.organisation_id) == ("li", COMMUNITY, f"community-{COMMUNITY}")
        assert (one.months_of_service, one.last_granted_on) == (14, None)

    async def test_is_not_who_has_had_it_until_it_comes_round(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li")
        await place.has_worker("wang")
        await grants(bench)

        assert await due(bench) == ["wang"]
        assert await due(bench, on=date(2027, 12, 31)) == ["wang"]
        assert await due(bench, on=date(2028, 1, 1)) == ["li", "wang"]
        [li, _] = (await page(bench, on=date(2028, 1, 1))).items
        assert li.last_granted_on == ON

    async def test_is_whose_grant_was_withdrawn(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li")
        grant = await grants(bench)
        await bench.run(granting.withdraw_benefit, actor=registrar, grant_id=grant.grant_id, reason="未参加", on=ON)

        assert await due(bench) == ["li"]

    async def test_is_who_serves_here_on_the_day(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li", starts_on=date(2026, 3, 20))
        await place.has_worker("wang", ends_on=date(2026, 3, 20))
        case = {"case_id": "case-1", "ground": "resigned", "clause": "JL-10", "left_on": date(2026, 3, 25)}
        await bench.hear(WorkerLeft(worker_id="li", area=COMMUNITY, staff=STAFF, **case))

        assert await due(bench, on=date(2026, 3, 19)) == ["wang"]
        assert await due(bench, on=date(2026, 3, 20)) == ["li"]
        assert await due(bench, on=date(2026, 3, 24)) == ["li"]
        assert await due(bench, on=date(2026, 3, 25)) == []

    async def test_goes_along_with_a_transfer(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li")
        await grants(bench)
        moved = {"area": NEXT_COMMUNITY, "staff": STAFF, "organisation_id": "next", "post_class": "ordinary"}
        said = {"transfer_id": "transfer-1", "worker_id": "li", "from_area": COMMUNITY, "starts_on": date(2027, 1, 10)}
        await bench.hear(WorkerTransferred(**said, **moved))
        next_door: dict[str, Any] = {"area": NEXT_COUNTY, "actor": neighbour}

        # Every two years where he was, every year where he is.
        assert await due(bench, on=date(2027, 1, 9)) == []
        assert await due(bench, on=date(2027, 1, 9), **next_door) == []
        assert await due(bench, on=date(2027, 1, 10), **next_door) == ["li"]
        assert await due(bench, on=date(2028, 1, 1)) == []

    async def test_of_a_city_goes_by_each_county(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li")
        await place.has_worker("wang", area=NEXT_COMMUNITY)
        for worker_id in ("li", "wang"):
            await grants(bench, worker_id, actor=city, granted_on=date(2025, 5, 1))

        assert await due(bench, area=CITY, actor=city) == ["wang"]

    @pytest.mark.parametrize(("on", "found"), [(date(2025, 6, 30), []), (date(2025, 7, 1), ["li"])])
    async def test_is_who_is_entitled_by_then(
        self, bench: Bench, place: Office, monkeypatch: pytest.MonkeyPatch, on: date, found: list[str]
    ) -> None:
        kinds = [{"benefit": "medical_check", "label_zh": "体检", "recurs": True, "after_months": 6}]
        grants_otherwise(bench, monkeypatch, kinds)
        await place.has_worker("li")

        assert await due(bench, on=on) == found

    async def test_counts_from_the_day_of_hiring(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li")
        async with bench.session() as session, session.begin():
            await session.execute(update(Payee).values(hired_on=date(2025, 9, 21)))

        assert [one.months_of_service for one in (await page(bench)).items] == [5]

    async def test_is_of_one_kind_of_staff(self, bench: Bench, place: Office) -> None:
        await place.has_worker("li", staff="public_welfare")

        assert await due(bench) == []

    async def test_comes_page_by_page(self, bench: Bench, place: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queries, "LONGEST_PAGE", 1)  # pieces smaller than a page
        for number in range(5):
            await place.has_worker(f"worker-{number}")
        await grants(bench, "worker-1")

        first = await page(bench, limit=2)
        second = await page(bench, limit=2, cursor=first.next)

        assert [one.worker_id for one in first.items] == ["worker-0", "worker-2"]
        assert [one.worker_id for one in second.items] == ["worker-3", "worker-4"]
        assert second.next is None
        with pytest.raises(BadCursor):
            await page(bench, limit=2, cursor=first.next, on=date(2026, 3, 21))

    @pytest.mark.parametrize("benefit", ["emergency_allowance", "paid_leave", "gym"])
    async def test_there_is_none_of_what_does_not_recur(self, bench: Bench, place: Office, benefit: str) -> None:
        with pytest.raises(commands.NotRecurringHere):
            await page(bench, benefit=benefit)

    async def test_cannot_be_told_before_the_county_says_how_often(self, office: Office, bench: Bench) -> None:
        await office.has_worker("li")
        with pytest.raises(ParameterMissing, match=r"benefit\.interval"):
            await page(bench)

        figure = own_figure("benefit.interval", {"gym": 1}, area=COUNTY, staff=STAFF)
        await bench.save(*checked([figure]))
        with pytest.raises(commands.IntervalUnknown):
            await page(bench)

    async def test_of_another_county_is_not_shown(self, bench: Bench, place: Office) -> None:
        for area in (NEXT_COUNTY, CITY):
            with pytest.raises(NotFound):
                await page(bench, area=area)


class TestKindsOfBenefit:
    async def kinds(self, bench: Bench, **changes: Any) -> dict[str, commands.GrantedHere]:
        given: dict[str, Any] = {"area": COUNTY, "staff": STAFF, "on": ON, "actor": registrar} | changes
        return {one.benefit: one for one in await bench.run(commands.kinds_of_benefit, **given)}

    async def test_say_what_the_county_has_entered(self, bench: Bench, place: Office) -> None:
        found = await self.kinds(bench)

        shown = {name: (one.recorded_as, one.every_years, str(one.most)) for name, one in found.items()}
        assert shown == {
            "medical_check": ("grant", 2, "None"),
            "paid_leave": ("leave", None, "None"),
            "emergency_allowance": ("grant", None, "2000.00"),
        }
        assert {one.clause for one in found.values()} == {"JL-5c"}

    async def test_and_nothing_where_it_has_entered_nothing(self, bench: Bench, office: Office) -> None:
        found = await self.kinds(bench)

        assert [(one.every_years, one.most) for one in found.values()] == [(None, None)] * 3

    async def test_of_two_clauses_the_nearer_first(
        self, bench: Bench, place: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kinds = [{"benefit": "medical_check", "label_zh": "体检", "recurs": True, "after_months": 6}]
        grants_otherwise(bench, monkeypatch, kinds, county=COUNTY)
        found = await self.kinds(bench)

        assert (len(found), found["medical_check"].after_months) == (3, 6)

    async def test_are_none_where_no_document_speaks(self, bench: Bench, place: Office) -> None:
        with pytest.raises(NoClause):
            await self.kinds(bench, area="320102", actor=somebody(Role.HUMAN_RESOURCES, area="32"))
        with pytest.raises(NotFound):
            await self.kinds(bench, area=NEXT_COUNTY)
