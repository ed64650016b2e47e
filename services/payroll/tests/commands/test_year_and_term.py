from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.testing import Bench, somebody
from payroll.models import Agreement, Payslip

UNION: dict[str, Any] = {"staff": "union_worker", "area": "320102001"}


class TestWhoIsPaid:
    @pytest.mark.parametrize(
        ("changes", "days"),
        [
            pytest.param({"starts_on": date(2026, 3, 31)}, 1, id="who begins on the last day"),
            pytest.param({"starts_on": date(2026, 4, 1)}, None, id="not who begins the day after"),
            pytest.param({"ends_on": date(2026, 3, 2)}, 1, id="whose agreement ends with the first day"),
            pytest.param({"ends_on": date(2026, 3, 1)}, None, id="not whose agreement ended before"),
            pytest.param({"left_on": date(2026, 3, 2)}, 1, id="who left after the first day"),
            pytest.param({"left_on": date(2026, 3, 1)}, None, id="not who left before the month"),
            pytest.param(
                {"left_on": date(2026, 2, 1), "starts_on": date(2026, 3, 1)}, None, id="not who left before a renewal"
            ),
            pytest.param({"area": "220102002001"}, None, id="not who works in another street"),
            pytest.param({"staff": "union_worker"}, None, id="not who is of another kind"),
        ],
    )
    async def test_is(self, office: Any, bench: Bench, changes: dict[str, Any], days: int | None) -> None:
        await office.has_standard("40000.00")
        await office.has_worker("li", **changes)
        run_id = await office.opens()
        if days is not None:
            await office.scores(run_id, li=90)

        run = await office.calculates(run_id)

        assert run.workers + len(run.findings) == (0 if days is None else 1)

    async def test_a_renewal_that_follows_on_makes_a_whole_month(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"), ends_on=date(2026, 3, 16))
        await bench.save(renewal("chen", starts_on=date(2026, 3, 16), monthly_pay=Decimal("6100.00")))
        run_id = await office.opens(**UNION)

        await office.calculates(run_id)

        [slip] = await bench.rows(Payslip)
        assert slip.gross == Decimal("6100.00")

    async def test_one_slip_a_month_also_across_runs_that_cannot_see_each_other(
        self, office: Any, bench: Bench
    ) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"), ends_on=date(2026, 3, 16))
        moved = renewal("chen", area="320102002", starts_on=date(2026, 3, 16), monthly_pay=Decimal("6000.00"))
        await bench.save(moved)
        first = await office.opens(**UNION)
        second = await office.opens(**(UNION | {"area": "320102002"}))
        assert (await office.calculates(first)).status == "calculated"

        run = await office.calculates(second, somebody(Role.FINANCE, area="320102002", subject="clerk"))

        assert (run.status, run.findings[0]["code"]) == ("blocked", "paid_in_another_run")
        assert [slip.run_id for slip in await bench.rows(Payslip)] == [first]


def renewal(worker_id: str, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "agreement_id": f"renewal-{worker_id}", "worker_id": worker_id, "area": "320102001", "staff": "union_worker",
        "organisation_id": "community-320102001", "post_class": "ordinary", "ends_on": None,
        "signed_on": date(2026, 3, 1), "monthly_pay": None,
    }  # fmt: skip
    return Agreement(**(given | changes))


class TestTaxOverTheYear:
    """LAW-IIT: cumulative by month of payment, with what this employer withheld in approved runs."""

    async def _slips(self, bench: Bench) -> dict[str, Decimal]:
        return {slip.month: slip.tax for slip in await bench.rows(Payslip)}

    @pytest.mark.clause("LAW-IIT")
    async def test_goes_on_from_approved_months_and_begins_anew_with_the_year(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("20000.00"), starts_on=date(2025, 12, 1))
        for month in ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04"):
            await office.pays(month, **UNION)

        # worker's contributions: 1,600 + 410 + 100 + 1,600 = 3,710; taxable 11,290 a month
        assert await self._slips(bench) == {
            "2025-12": Decimal("338.70"),
            "2026-01": Decimal("338.70"),
            "2026-02": Decimal("338.70"),
            "2026-03": Decimal("338.70"),
            "2026-04": Decimal("979.90"),  # 45,160 x 10 % - 2,520 - 1,016.10
        }

    async def test_a_december_wage_paid_in_january_belongs_to_the_new_year(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"))
        await office.pays("2025-11", **UNION, paid_in="2025-12")
        await office.pays("2025-12", **UNION, paid_in="2026-01")
        await office.pays("2026-01", **UNION, paid_in="2026-01")

        [december, january] = [
            decision.facts
            for decision in await bench.decisions("tax.cumulative_withholding")
            if decision.on == date(2026, 1, 1)
        ]
        assert (december["months"], december["income"], december["withheld"]) == (1, "8000.00", "0.00")
        assert (january["months"], january["income"]) == (1, "16000.00")

    async def test_what_is_not_approved_does_not_count(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"))
        await office.calculates(await office.opens("2026-01", **UNION))
        await office.calculates(await office.opens("2026-02", **UNION))

        assert [fact.facts["income"] for fact in await bench.decisions("tax.cumulative_withholding")] == [
            "8000.00",
            "8000.00",
        ]

    async def test_begins_anew_with_another_employer(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"), ends_on=date(2026, 2, 1))
        await bench.save(
            renewal("chen", organisation_id="other", starts_on=date(2026, 2, 1), monthly_pay=Decimal("8000.00"))
        )
        await office.pays("2026-01", **UNION)
        await office.pays("2026-02", **UNION)

        facts = [decision.facts for decision in await bench.decisions("tax.cumulative_withholding")]
        assert [(one["months"], one["income"]) for one in facts] == [(1, "8000.00"), (1, "8000.00")]
