from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.testing import Bench, somebody
from payroll import queries
from payroll.models import Agreement, PayrollBatch, Payslip

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

        assert run.workers + run.set_aside == (0 if days is None else 1)

    async def test_a_renewal_that_follows_on_makes_a_whole_month(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"), ends_on=date(2026, 3, 16))
        await bench.save(renewal("chen", starts_on=date(2026, 3, 16), monthly_pay=Decimal("6100.00")))
        run_id = await office.opens(**UNION)

        await office.calculates(run_id)

        [slip] = await bench.rows(Payslip)
        # ten weekdays at 6,000 and twelve at 6,100: the rate of each day counts, and no day is lost between them
        assert slip.gross == 605455

    async def test_one_slip_a_month_also_across_runs_that_cannot_see_each_other(
        self, office: Any, bench: Bench
    ) -> None:
        """Who moves is paid where the last day of the month is served, by that street's run alone."""
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"), ends_on=date(2026, 3, 16))
        moved = renewal("chen", area="320102002", starts_on=date(2026, 3, 16), monthly_pay=Decimal("6000.00"))
        await bench.save(moved)
        first = await office.opens(**UNION)
        second = await office.opens(**(UNION | {"area": "320102002"}))

        runs = [
            await office.calculates(run_id, somebody(Role.FINANCE, area=area, subject="clerk"))
            for run_id, area in ((first, "320102001"), (second, "320102002"))
        ]

        assert [run.workers for run in runs] == [0, 1]
        [slip] = await bench.rows(Payslip)
        assert (slip.run_id, slip.gross) == (second, 600000)

    async def test_whom_another_run_has_paid_is_set_aside(self, office: Any, bench: Bench) -> None:
        """A county's run and one of a street in it."""
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"))
        await office.has_worker("qian", **(UNION | {"area": "320102002"}), monthly_pay=Decimal("6000.00"))
        street = await office.opens(**UNION)
        county = await office.opens(**(UNION | {"area": "320102"}))
        await office.calculates(street)

        run = await office.calculates(county)

        assert (run.workers, await office.set_aside(county)) == (1, [("chen", "paid_in_another_run")])
        assert {slip.worker_id: slip.run_id for slip in await bench.rows(Payslip)} == {"chen": street, "qian": county}


def renewal(worker_id: str, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "agreement_id": f"renewal-{worker_id}", "worker_id": worker_id, "area": "320102001", "staff": "union_worker",
        "organisation_id": "community-320102001", "post_class": "ordinary", "kind": "labour_fixed", "ends_on": None,
        "signed_on": date(2026, 3, 1), "monthly_pay": None,
    }  # fmt: skip
    return Agreement(**(given | changes))


class TestTaxOverTheYear:
    """LAW-IIT: cumulative by month of payment, with what this employer withheld in approved runs."""

    @pytest.mark.clause("LAW-IIT")
    async def test_goes_on_from_approved_months_and_begins_anew_with_the_year(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("20000.00"), starts_on=date(2025, 12, 1))
        for month in ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04"):
            await office.pays(month, **UNION)

        # worker's contributions: 1,600 + 410 + 100 + 1,600 = 3,710; taxable 11,290 a month
        assert {slip.month: slip.tax for slip in await bench.rows(Payslip)} == {
            "2025-12": 33870,
            "2026-01": 33870,
            "2026-02": 33870,
            "2026-03": 33870,
            "2026-04": 97990,  # 45,160 x 10 % - 2,520 - 1,016.10 yuan
        }

    async def test_a_december_wage_paid_in_january_belongs_to_the_new_year(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"))
        await office.pays("2025-11", **UNION, paid_in="2025-12")
        december = await office.pays("2025-12", **UNION, paid_in="2026-01")
        january = await office.pays("2026-01", **UNION, paid_in="2026-01")

        before = {run_id: (await _year_before(bench, run_id)) for run_id in (december, january)}
        assert before[december] == (1, 0)
        assert before[january] == (1, 800000)

    async def test_what_is_not_approved_does_not_count(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"))
        runs = [await office.opens(month, **UNION) for month in ("2026-01", "2026-02")]
        for run_id in runs:
            await office.calculates(run_id)

        assert [(await _year_before(bench, run_id))[1] for run_id in runs] == [0, 0]

    async def test_begins_anew_with_another_employer(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"), ends_on=date(2026, 2, 1))
        await bench.save(
            renewal("chen", organisation_id="other", starts_on=date(2026, 2, 1), monthly_pay=Decimal("8000.00"))
        )
        runs = [await office.pays(month, **UNION) for month in ("2026-01", "2026-02")]

        assert [await _year_before(bench, run_id) for run_id in runs] == [(1, 0), (1, 0)]


async def _year_before(bench: Bench, run_id: str) -> tuple[int, int]:
    """Of the one worker of a run, as sealed: months of employment in the year, and fen of income before this slip."""
    [batch] = [one for one in await bench.rows(PayrollBatch) if one.run_id == run_id]
    columns, _ = queries.recompute(batch.snapshot or b"")
    [months], [income] = columns.year.months.tolist(), columns.year.income.tolist()
    return months, income
