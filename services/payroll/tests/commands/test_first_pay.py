"""The pay of a first month with an employer is kept as the base of contributions until one is set."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, update

from common.testing import Bench
from payroll.commands import bases, entries
from payroll.commands.checks import SlipsNotIssued
from payroll.commands.first_pay import keep_first_pay
from payroll.models import Agreement, Change, ContributionBase, PayrollBatch, PayrollRun, RunStatus
from payroll.operating.recomputing import recompute_run
from payroll.queries import payslips

PLACE = "420103001"
OFFICE, OTHER = f"community-{PLACE}", "community-420103001099"
WELFARE: dict[str, Any] = {"staff": "public_welfare", "area": PLACE}
WORKER = "pension_worker"


async def kept(bench: Bench, scheme: str = "pension") -> list[tuple[str, str | None, int]]:
    """Rows of one scheme: from which month, for which employer, yuan."""
    rows = [row for row in await bench.rows(ContributionBase) if row.scheme == scheme]
    found = [(row.from_month, row.organisation_id, row.amount // 100) for row in rows]
    return sorted(found, key=lambda one: (one[0], one[1] or ""))


async def earns(bench: Bench, yuan: str, **changes: Any) -> None:
    """Li's agreement is otherwise."""
    async with bench.session() as session:
        await session.execute(
            update(Agreement)
            .where(Agreement.agreement_id == "agreement-li")
            .values(monthly_pay=Decimal(yuan), **changes)
        )
        await session.commit()


class TestKept:
    @pytest.fixture(autouse=True)
    async def _people(self, office: Any) -> None:
        """Li, new on the 20th of January; Wang, who has long had a base."""
        await office.has_worker("li", **WELFARE, monthly_pay=Decimal("6000.00"), starts_on=date(2026, 1, 20))
        await office.has_worker("wang", **WELFARE, monthly_pay=Decimal("6000.00"))
        for scheme in ("pension", "medical", "unemployment", "injury"):
            await office.run(
                bases.set_contribution_base,
                worker_id="wang", scheme=scheme, from_month="2025-07", amount=Decimal("5000.00"), source="x",
            )  # fmt: skip

    async def pays(self, office: Any, month: str) -> dict[str, Decimal]:
        run_id = await office.pays(month, **WELFARE)
        assert await office.set_aside(run_id) == []
        await office.ages()
        found: dict[str, Decimal] = await office.lines((await office.slips(run_id))["li"])
        return found

    async def test_as_a_whole_month_and_counts_in_the_next_ones(self, office: Any, bench: Bench) -> None:
        january = await self.pays(office, "2026-01")
        await earns(bench, "7000.00")
        february = await self.pays(office, "2026-02")

        assert january["base"] < Decimal("3000.00") < january[WORKER] * 10
        assert january[WORKER] == february[WORKER] == Decimal("480.00")
        [row] = [row for row in await bench.rows(ContributionBase) if row.worker_id == "li" and row.scheme == "pension"]
        assert (row.from_month, row.organisation_id, row.amount, row.area) == ("2026-01", OFFICE, 600_000, PLACE)
        assert "首月工资" in row.source
        assert row.set_by == "service:payroll"
        schemes = {row.scheme for row in await bench.rows(ContributionBase) if row.worker_id == "li"}
        assert schemes == {"pension", "medical", "unemployment", "injury"}
        for run in await bench.rows(PayrollRun):
            assert await recompute_run(bench.runtime.sessions, run.run_id) == 0

    async def test_notes_no_change_and_asks_for_no_month_again(self, office: Any, bench: Bench) -> None:
        before = len(await bench.rows(Change))
        await self.pays(office, "2026-01")
        assert len(await bench.rows(Change)) == before

        await self.pays(office, "2026-02")
        [batch] = [one for one in await bench.rows(PayrollBatch) if one.run_id == (await self._run(bench, "2026-02"))]
        columns, _ = payslips.recompute(batch.snapshot or b"")
        assert columns.past == ()

    async def _run(self, bench: Bench, month: str) -> str:
        [run] = [run for run in await bench.rows(PayrollRun) if run.month == month]
        return run.run_id

    @pytest.mark.parametrize(
        ("from_month", "back", "left"),
        [
            pytest.param("2025-12", Decimal("-40.00"), ["2026-01"], id="from before it"),
            pytest.param("2026-01", Decimal("-40.00"), [], id="from its own month"),
            pytest.param("2026-02", None, ["2026-01"], id="from a later one"),
        ],
    )
    async def test_is_replaced_by_a_base_that_is_set(
        self, office: Any, bench: Bench, from_month: str, back: Decimal | None, left: list[str]
    ) -> None:
        await self.pays(office, "2026-01")
        given = {"worker_id": "li", "scheme": "pension", "amount": Decimal("5500.00"), "source": "x"}
        await office.run(bases.set_contribution_base, from_month=from_month, **given)

        february = await self.pays(office, "2026-02")

        assert (february.get(f"{WORKER}@2026-01"), february[WORKER]) == (back, Decimal("440.00"))
        assert [month for month, employer, _ in await kept(bench) if employer] == left
        assert (await self.pays(office, "2026-03"))[WORKER] == Decimal("440.00")

    async def test_of_a_month_that_was_paid_otherwise_stays(self, office: Any, bench: Bench) -> None:
        await self.pays(office, "2026-01")
        await earns(bench, "6500.00")
        await office.changed("li", **WELFARE, month="2026-01")

        february = await self.pays(office, "2026-02")

        assert february["base@2026-01"] > 0
        assert f"{WORKER}@2026-01" not in february
        assert february[WORKER] == Decimal("480.00")
        assert ("2026-01", OFFICE, 6000) in await kept(bench)

    async def test_moves_where_somebody_was_hired_a_month_later(self, office: Any, bench: Bench) -> None:
        await self.pays(office, "2026-01")
        await self.pays(office, "2026-02")
        await earns(bench, "6500.00", starts_on=date(2026, 2, 10))
        await office.changed("li", **WELFARE, month="2026-01")

        march = await self.pays(office, "2026-03")
        april = await self.pays(office, "2026-04")

        assert march[f"{WORKER}@2026-01"] == Decimal("-480.00")
        assert march[f"{WORKER}@2026-02"] == Decimal("40.00")
        assert march[WORKER] == april[WORKER] == Decimal("520.00")
        assert [row for row in await kept(bench) if row[1]] == [("2026-02", OFFICE, 6500)]

    async def test_moves_where_somebody_was_hired_a_month_earlier(self, office: Any, bench: Bench) -> None:
        await earns(bench, "6000.00", starts_on=date(2026, 2, 1))
        await office.pays("2026-01", **WELFARE)
        await self.pays(office, "2026-02")
        await earns(bench, "5800.00", starts_on=date(2026, 1, 20))
        await office.changed("li", **WELFARE, month="2026-01")

        march = await self.pays(office, "2026-03")

        assert march[f"{WORKER}@2026-01"] == Decimal("464.00")
        assert (march[f"{WORKER}@2026-02"], march[WORKER]) == (Decimal("-16.00"), Decimal("464.00"))
        assert [row for row in await kept(bench) if row[1]] == [("2026-01", OFFICE, 5800)]

    async def test_of_somebody_set_aside_waits_for_the_month_to_be_paid(self, office: Any, bench: Bench) -> None:
        await office.enters("li", "2026-01", component__unheard_of="1")
        january = await office.pays("2026-01", **WELFARE)
        assert [worker for worker, _ in await office.set_aside(january)] == ["li"]
        assert [row for row in await kept(bench) if row[1]] == []
        await office.ages()
        await office.run(
            entries.enter_variables, worker_id="li", month="2026-01", values={"component.unheard_of": None}
        )
        await earns(bench, "6500.00")

        february = await self.pays(office, "2026-02")

        assert february[f"{WORKER}@2026-01"] == february[WORKER] == Decimal("520.00")
        assert [row for row in await kept(bench) if row[1]] == [("2026-01", OFFICE, 6500)]

    async def test_of_a_month_whose_difference_waits_as_well_is_not_kept_yet(self, office: Any, bench: Bench) -> None:
        for month in ("2026-01", "2026-02"):
            await office.enters("li", month, component__unheard_of="1")
        await office.pays("2026-01", **WELFARE)
        await office.ages()
        taken_back = {"worker_id": "li", "values": {"component.unheard_of": None}}
        await office.run(entries.enter_variables, month="2026-01", **taken_back)
        february = await office.pays("2026-02", **WELFARE)
        await office.ages()
        assert [worker for worker, _ in await office.set_aside(february)] == ["li"]
        assert [row for row in await kept(bench) if row[1]] == []
        await office.run(entries.enter_variables, month="2026-02", **taken_back)

        march = await self.pays(office, "2026-03")

        assert march[f"{WORKER}@2026-01"] == march[f"{WORKER}@2026-02"] == march[WORKER] == Decimal("480.00")
        assert [row for row in await kept(bench) if row[1]] == [("2026-01", OFFICE, 6000)]

    async def test_begins_anew_with_another_employer(self, office: Any, bench: Bench) -> None:
        await self.pays(office, "2026-01")
        await earns(bench, "6000.00", ends_on=date(2026, 2, 1))
        await bench.save(
            Agreement(
                agreement_id="second", worker_id="li", **WELFARE, organisation_id=OTHER, post_class="ordinary",
                kind="service_agreement", starts_on=date(2026, 2, 1), signed_on=date(2026, 1, 25),
                monthly_pay=Decimal("8000.00"),
            )
        )  # fmt: skip
        await office.changed("li", **WELFARE, month="2026-02")

        assert (await self.pays(office, "2026-02"))[WORKER] == Decimal("640.00")
        assert [row for row in await kept(bench) if row[1]] == [("2026-01", OFFICE, 6000), ("2026-02", OTHER, 8000)]

    async def test_found_in_a_run_opened_late_is_looked_at_again_in_the_later_month(
        self, office: Any, bench: Bench
    ) -> None:
        await self.pays(office, "2026-02")
        await earns(bench, "6500.00")
        january = await office.pays("2026-01", **WELFARE)
        await office.ages()

        assert [row for row in await kept(bench) if row[1]] == [("2026-01", OFFICE, 6500)]
        changes = {(one.worker_id, one.from_month, one.reference) for one in await bench.rows(Change)}
        assert ("li", "2026-02", january) in changes
        march = await self.pays(office, "2026-03")
        assert (march[f"{WORKER}@2026-02"], march[WORKER]) == (Decimal("40.00"), Decimal("520.00"))

    async def test_the_same_when_it_is_told_twice(self, office: Any, bench: Bench) -> None:
        await self.pays(office, "2026-01")
        rows = await kept(bench)
        [batch], [run] = await bench.rows(PayrollBatch), await bench.rows(PayrollRun)
        _, results = payslips.recompute(batch.snapshot or b"")
        await bench.run(keep_first_pay, run=run, batch=batch, results=results, areas={})

        assert await kept(bench) == rows

    async def test_no_later_month_is_calculated_while_slips_of_an_earlier_one_are_issued(
        self, office: Any, bench: Bench
    ) -> None:
        january = await office.opens("2026-01", **WELFARE)
        await office.calculates(january)
        async with bench.session() as session:
            await session.execute(update(PayrollRun).values(status=RunStatus.APPROVED))
            await session.commit()
        february = await office.opens("2026-02", **WELFARE)

        with pytest.raises(SlipsNotIssued, match=PLACE):
            await office.queues(february)
        async with bench.session() as session:
            await session.execute(delete(PayrollBatch))
            await session.commit()
        assert (await office.queues(february)).status == RunStatus.CALCULATING


class TestAFirstJob:
    """LAW-SI-2201: in a first job the housing fund is paid from the second month on, by that month's pay."""

    @pytest.mark.clause("LAW-SI-2201")
    async def test_pays_to_the_housing_fund_from_its_second_month(self, office: Any, bench: Bench) -> None:
        staff = {"staff": "community_worker", "area": "220102001002"}
        await office.has_standard("6000.00")
        await office.has_standard("7000.00", starts_on=date(2026, 2, 1))
        await office.has_worker("li", **staff, starts_on=date(2026, 1, 20))
        given = {"worker_id": "li", "kind": "first_employed_on", "starts_on": date(2026, 1, 20)}
        await office.run(entries.set_attribute, value="2026-01-20", **given)
        lines = {}
        for month in ("2026-01", "2026-02", "2026-03"):
            await office.enters("li", month, score="90")
            run_id = await office.pays(month, staff="community_worker", area="220102001")
            await office.ages()
            lines[month] = await office.lines((await office.slips(run_id))["li"])

        fund = [lines[month].get("housing_fund_worker") for month in lines]
        assert fund == [None, Decimal("560.00"), Decimal("560.00")]
        assert [lines[month][WORKER] for month in lines] == [Decimal("480.00")] * 3
        assert [row[0] for row in await kept(bench, "housing_fund")] == ["2026-02"]

    async def test_said_late_gives_the_first_month_back(self, office: Any, bench: Bench) -> None:
        staff = {"staff": "community_worker", "area": "220102001002"}
        await office.has_standard("6000.00")
        await office.has_worker("li", **staff, starts_on=date(2026, 1, 20))
        for month in ("2026-01", "2026-02"):
            await office.enters("li", month, score="90")
        await office.pays("2026-01", staff="community_worker", area="220102001")
        await office.ages()
        given = {"worker_id": "li", "kind": "first_employed_on", "starts_on": date(2026, 1, 20)}
        await office.run(entries.set_attribute, value="2026-01-20", **given)
        run_id = await office.pays("2026-02", staff="community_worker", area="220102001")

        lines = await office.lines((await office.slips(run_id))["li"])
        assert lines["housing_fund_worker@2026-01"] == Decimal("-480.00")
        assert [row[0] for row in await kept(bench, "housing_fund")] == ["2026-02"]
