from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from common.actors import Role
from payroll.models import Change, PayrollBatch, PayrollRun, SetAside
from payroll.queries.changes import snapshot_now, stale_changes
from payroll.tests.queries.conftest import PLACE, STAFF, STREET, Street

CALCULATED = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 8, 1, tzinfo=UTC)


class TestStaleChanges:
    """What came in after a run was calculated, was not reckoned with, and concerns its month."""

    async def calculated(self, street: Street, *, considered: list[int] | None = None) -> PayrollRun:
        await street.has("li")
        run_id = await street.was_paid(
            "2026-03", {"li": {"base_pay": 1}}, status="reviewed", calculated_at=CALCULATED, considered=considered or []
        )
        [run] = [row for row in await street.bench.rows(PayrollRun) if row.run_id == run_id]
        return run

    async def stale(self, street: Street, run: PayrollRun) -> list[int]:
        async with street.bench.session() as session:
            return [change.change_id for change in await stale_changes(session, run)]

    @pytest.mark.parametrize(
        ("worker_id", "changes", "is_stale"),
        [
            pytest.param("li", {}, True, id="of somebody who is paid"),
            pytest.param("li", {"from_month": "2026-01"}, True, id="of an earlier month"),
            pytest.param("li", {"from_month": "2026-04"}, False, id="not of the next month"),
            pytest.param("li", {"from_month": "2026-04", "cause": "repaid"}, True, id="what was repaid whenever"),
            pytest.param("li", {"from_month": "2026-04", "cause": "written_off"}, True, id="what was written off"),
            pytest.param("li", {"noted_at": CALCULATED}, False, id="not what was noted before"),
            pytest.param("li", {"settled_by": "run-9"}, False, id="not what another run has settled"),
            pytest.param("wang", {}, False, id="not of somebody elsewhere"),
            pytest.param("aside", {}, True, id="of somebody who was set aside"),
            pytest.param(None, {"area": "22"}, True, id="of everybody in the province"),
            pytest.param(None, {"area": PLACE}, True, id="of everybody in a part of the street"),
            pytest.param(None, {"area": "220102002"}, False, id="not of everybody in another street"),
            pytest.param(None, {"staff": STAFF}, True, id="for this kind of staff"),
            pytest.param(None, {"staff": "public_welfare"}, False, id="not for another kind"),
        ],
    )
    async def test_which(self, street: Street, worker_id: str | None, changes: dict[str, Any], is_stale: bool) -> None:
        run = await self.calculated(street)
        await street.has("wang", area="220102002001")
        await street.bench.save(
            SetAside(
                run_id=run.run_id, batch_id="b", worker_id="aside", organisation_id="o", period="2026-03", code="c",
                zh="z", en="e", area=STREET,
            )
        )  # fmt: skip
        given: dict[str, Any] = {"from_month": "2026-03", "noted_at": LATER} | changes

        change = await street.changed(worker_id, **given)

        assert await self.stale(street, run) == ([change] if is_stale else [])

    async def test_not_what_a_batch_knew(self, street: Street) -> None:
        change = await street.changed("li", "2026-03", noted_at=LATER)

        assert await self.stale(street, await self.calculated(street, considered=[change])) == []

    async def test_what_was_noted_before_and_committed_while_the_run_was_worked_out(self, street: Street) -> None:
        run = await self.calculated(street)
        async with street.bench.session() as noting, noting.begin():
            noting.add(self.noted_just_before("li"))
            await noting.flush()
            await self.begins_to_read(street, run)
        async with street.bench.session() as noting, noting.begin():
            noting.add(after := self.noted_just_before("li"))

        assert after.change_id in await self.stale(street, run)
        assert len(await self.stale(street, run)) == 2

    async def test_not_what_was_committed_before_it_began_to_read(self, street: Street) -> None:
        run = await self.calculated(street)
        await street.bench.save(self.noted_just_before("li"))
        await self.begins_to_read(street, run)

        assert await self.stale(street, run) == []

    def noted_just_before(self, worker_id: str) -> Change:
        moment = CALCULATED - timedelta(seconds=1)
        return Change(
            worker_id=worker_id,
            area=PLACE,
            from_month="2026-03",
            cause="entry",
            reference="e",
            noted_at=moment,
            noted_by="somebody",
        )

    async def begins_to_read(self, street: Street, run: PayrollRun) -> None:
        async with street.bench.session() as session, session.begin():
            saw = await snapshot_now(session)
            await session.execute(update(PayrollBatch).where(PayrollBatch.run_id == run.run_id).values(saw=saw))

    async def test_a_month_paid_later_is_held_to_the_month_of_payment_too(self, street: Street) -> None:
        run = await self.calculated(street)
        run.paid_in = "2026-04"
        change = await street.changed(None, "2026-04", area="22", noted_at=LATER)

        assert await self.stale(street, run) == [change]


@pytest.mark.usefixtures("left_to_counties")
class TestPolicyChoices:
    async def test_a_choice_is_a_change_of_everybody_there(self, street: Street) -> None:
        amounts = {"assistant_social_worker": "200.00", "social_worker": "300.00", "senior_social_worker": "500.00"}

        async with street.bench.client(Role.CIVIL_AFFAIRS, area="220102") as client:
            answer = await client.put(
                "/v1/payroll/choices/JL-4d/amounts",
                json={"area": "220102", "starts_on": "2026-01-15", "value": amounts},
            )

        assert answer.status_code == 200, answer.text
        [change] = await street.bench.rows(Change)
        noted = (change.area, change.worker_id, change.staff, change.from_month, change.cause, change.reference)
        assert noted == ("220102", None, None, "2026-01", "policy_choice", "JL-4d amounts")
