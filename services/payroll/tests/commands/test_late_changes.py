from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.events.contracts import WorkerTransferred
from common.testing import Bench
from payroll.commands import entries
from payroll.models import PayslipLine
from payroll.tests.commands.test_arrears import PLACE, STAFF, differences

OTHER = "220102002001"
STREET, OTHER_STREET = PLACE[:9], OTHER[:9]


class TestWhoeverIsSetAside:
    """Is paid later what the others were paid meanwhile for earlier months, in the first run that pays him at all."""

    @pytest.fixture(autouse=True)
    async def _february_paid(self, office: Any) -> None:
        await office.has_standard("4000.00")
        for worker_id in ("li", "wang"):
            await office.has_worker(worker_id)
            for month in ("2026-01", "2026-02", "2026-05"):
                await office.enters(worker_id, month, score="90")
        for month in ("2026-03", "2026-04"):
            await office.enters("wang", month, score="90")
        await office.pays("2026-01")
        await office.ages()
        await office.pays("2026-02")
        await office.ages()

    async def test_what_changed_for_everybody(self, office: Any) -> None:
        await office.has_standard("4400.00", starts_on=date(2026, 1, 1), area="220102")
        march = await office.pays("2026-03")
        await office.ages()
        for month in ("2026-03", "2026-04"):
            await office.enters("li", month, score="90")

        april = await office.pays("2026-04")

        assert await office.set_aside(march) == [("li", "score_missing")]
        raised = {"2026-01": Decimal("400.00"), "2026-02": Decimal("400.00")}
        assert await differences(office, march, "wang") == raised
        assert await differences(office, april, "li") == raised | {"2026-03": Decimal("4400.00")}

    async def test_also_when_the_next_month_sets_him_aside_again(self, office: Any) -> None:
        await office.has_standard("4400.00", starts_on=date(2026, 1, 1), area="220102")
        await office.pays("2026-03")
        await office.ages()
        april = await office.pays("2026-04")
        await office.ages()
        for month in ("2026-03", "2026-04"):
            await office.enters("li", month, score="90")

        may = await office.pays("2026-05")

        assert ("li", "score_missing") in await office.set_aside(april)
        unpaid = {"2026-03": Decimal("4400.00"), "2026-04": Decimal("4400.00")}
        owed = {"2026-01": Decimal("400.00"), "2026-02": Decimal("400.00")}
        assert await differences(office, may, "li") == owed | unpaid

    async def test_what_a_neighbour_s_score_moves_in_the_pool(self, office: Any, bench: Bench) -> None:
        await office.enters("wang", "2026-01", score="60")
        await office.pays("2026-03")
        await office.ages()
        for month in ("2026-03", "2026-04"):
            await office.enters("li", month, score="90")

        await office.pays("2026-04")

        pooled = [row for row in await bench.rows(PayslipLine) if row.code == "performance"]
        january = sum(row.amount for row in pooled if row.period == "2026-01")
        assert january == 0  # what the one gives back the other gets

    async def test_what_was_entered_for_himself(self, office: Any) -> None:
        await office.enters("li", "2026-01", overtime_pay="300")
        await office.pays("2026-03")
        await office.ages()
        for month in ("2026-03", "2026-04"):
            await office.enters("li", month, score="90")

        april = await office.pays("2026-04")

        assert (await differences(office, april, "li"))["2026-01"] == Decimal("300.00")


class TestAfterATransfer:
    """What changes late for the old street is paid in the new one, whichever of the two was worked out when."""

    @pytest.mark.parametrize("order", [(STREET, OTHER_STREET), (OTHER_STREET, STREET)], ids=["old first", "new first"])
    async def test_a_standard_of_the_old_street(self, office: Any, bench: Bench, order: tuple[str, str]) -> None:
        await office.has_standard("4000.00")
        for worker_id, area in (("li", PLACE), ("wang", PLACE), ("qian", OTHER)):
            await office.has_worker(worker_id, area=area)
            for month in ("2026-01", "2026-02", "2026-03"):
                await office.enters(worker_id, month, score="90")
        for month in ("2026-01", "2026-02"):
            await office.pays(month, area=STREET)
        await office.pays("2026-01", area=OTHER_STREET)
        await office.ages()
        await office.has_standard("4400.00", starts_on=date(2026, 1, 1), area=STREET)
        await office.ages()
        await office.pays("2026-02", area=OTHER_STREET)
        await bench.hear(
            WorkerTransferred(
                transfer_id="t", worker_id="li", from_area=PLACE, area=OTHER, staff=STAFF,
                organisation_id=f"community-{OTHER}", post_class="ordinary", starts_on=date(2026, 3, 1),
            )
        )  # fmt: skip

        march = {street: await office.pays("2026-03", area=street) for street in order}

        owed = {"2026-01": Decimal("400.00"), "2026-02": Decimal("400.00")}
        assert await differences(office, march[OTHER_STREET], "li") == owed
        assert await differences(office, march[STREET], "wang") == owed
        assert await differences(office, march[OTHER_STREET], "qian") == {}


class TestAMonthRunAfterALaterOne:
    """What the late run has reckoned with is still to be paid for the months that were paid before it."""

    @pytest.fixture(autouse=True)
    async def _february_left_out(self, office: Any) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        for month in ("2026-01", "2026-02", "2026-03", "2026-04"):
            await office.enters("li", month, score="90")
        await office.pays("2026-01")
        await office.pays("2026-03")
        await office.ages()

    async def test_somebody_s_own_change(self, office: Any) -> None:
        await office.run(
            entries.set_attribute, worker_id="li", kind="insured", starts_on=date(2026, 1, 1), value="elsewhere"
        )
        await office.ages(hours=2)
        february = await office.pays("2026-02")
        await office.ages()

        april = await office.pays("2026-04")

        [before, after] = [await office.lines((await office.slips(run))["li"]) for run in (february, april)]
        assert before["pension_worker@2026-01"] == after["pension_worker@2026-03"] < 0

    async def test_everybody_s(self, office: Any) -> None:
        await office.has_standard("4400.00", starts_on=date(2026, 1, 1), area="220102")
        await office.ages(hours=2)
        february = await office.pays("2026-02")
        await office.ages()

        april = await office.pays("2026-04")

        assert await differences(office, february, "li") == {"2026-01": Decimal("400.00")}
        assert await differences(office, april, "li") == {"2026-03": Decimal("400.00")}
