from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.events.contracts import LeaveRecorded, WorkerLeft
from common.testing import Bench
from payroll.models import ContributionDue, PayrollRun
from payroll.operating.recomputing import recompute_run

PLACE = "420103001"
WELFARE: dict[str, Any] = {"staff": "public_welfare", "area": PLACE}
ADVANCED, RECOVERED = "advanced_by_employer", "advance_recovered"


async def on_leave(bench: Bench, month: str, last_day: int, kind: str = "personal", worker_id: str = "li") -> None:
    """On leave for the whole month."""
    await bench.hear(
        LeaveRecorded(
            leave_id=f"leave-{worker_id}-{month}", worker_id=worker_id, area=PLACE, kind=kind,
            starts_on=date.fromisoformat(f"{month}-01"), ends_on=date.fromisoformat(f"{month}-{last_day}"),
        )
    )  # fmt: skip


class TestAdvances:
    """A month without pay: insurance is owed all the same, the employer lays it out, later pay gives it back."""

    @pytest.fixture(autouse=True)
    async def _people(self, office: Any) -> None:
        for worker_id in ("li", "wang"):
            await office.has_worker(worker_id, **WELFARE, monthly_pay=Decimal("4000.00"))

    async def paid(self, office: Any, month: str) -> dict[str, Decimal]:
        run_id = await office.pays(month, **WELFARE)
        assert await office.set_aside(run_id) == []
        slip = (await office.slips(run_id))["li"]
        lines = await office.lines(slip)
        found = {code: amount for code, amount in lines.items() if code in (ADVANCED, RECOVERED)}
        return found | {"net": Decimal(slip.net).scaleb(-2), "own": Decimal(slip.contributions).scaleb(-2)}

    async def test_of_a_month_of_leave_come_back_from_the_months_after_it(self, office: Any, bench: Bench) -> None:
        await on_leave(bench, "2026-01", 31, "maternity")

        january = await self.paid(office, "2026-01")
        owed = january["own"]
        assert owed > 0
        assert january == {ADVANCED: -owed, "net": Decimal("0.00"), "own": owed}
        dues = [due for due in await bench.rows(ContributionDue) if due.people == 2]
        assert sum(due.worker for due in dues) > int(owed * 100)

        february = await self.paid(office, "2026-02")
        assert february[RECOVERED] == min(owed, Decimal("800.00"))
        march = await self.paid(office, "2026-03")
        assert march.get(RECOVERED, Decimal(0)) == owed - february[RECOVERED]
        assert RECOVERED not in await self.paid(office, "2026-04")
        for run in await bench.rows(PayrollRun):
            assert await recompute_run(bench.runtime.sessions, run.run_id) == 0

    async def test_what_was_paid_too_much_is_taken_back_by_a_fifth_of_the_month(
        self, office: Any, bench: Bench
    ) -> None:
        await office.pays("2026-01", **WELFARE)
        await on_leave(bench, "2026-01", 31)

        february = await self.paid(office, "2026-02")

        # 4,000.00 of January are more than a fifth of February; insurance for January stays owed.
        assert february[ADVANCED] == Decimal("-3200.00")
        assert february["net"] == Decimal("3200.00") - february["own"]
        assert (await self.paid(office, "2026-03"))[RECOVERED] == Decimal("800.00")

    async def test_of_whoever_has_left_stand_on_one_slip_and_on_no_other(self, office: Any, bench: Bench) -> None:
        await office.pays("2026-01", **WELFARE)
        await bench.hear(
            WorkerLeft(
                worker_id="li", case_id="case", **WELFARE, ground="resigned", clause="JL-10",
                left_on=date(2026, 1, 1),
            )
        )  # fmt: skip

        february = await self.paid(office, "2026-02")
        assert (february["net"], february[ADVANCED] < 0) == (Decimal("0.00"), True)

        await office.changed(None, month="2026-01", cause="parameter", **WELFARE)  # his month is looked at once more
        march = await office.pays("2026-03", **WELFARE)
        assert await office.set_aside(march) == []
        assert list(await office.slips(march)) == ["wang"]
