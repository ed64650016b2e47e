from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.payroll import PayslipIssued, RunApproved, RunOpened
from common.tables import PolicyChoice
from common.testing import Bench, somebody
from payroll import commands
from payroll.commands.runs import (
    CalculationOutdated,
    MonthNotBegun,
    PaidBeforeEarned,
    RunAlreadyOpened,
    RunEmpty,
)
from payroll.models import Certificate, Payee, PayrollRun, Payslip


class TestOpenRun:
    async def test_is_said(self, office: Any, bench: Bench) -> None:
        run_id = await office.opens()

        assert await bench.sent() == [
            RunOpened(run_id=run_id, area="220102001", staff="community_worker", month="2026-03")
        ]

    async def test_is_one_for_area_staff_and_month(self, office: Any) -> None:
        await office.opens()
        await office.opens("2026-04")
        await office.opens(staff="union_worker")

        with pytest.raises(RunAlreadyOpened):
            await office.opens()

    async def test_waits_for_its_month_to_begin(self, office: Any) -> None:
        with pytest.raises(MonthNotBegun):
            await office.opens("2026-03", on=date(2026, 2, 28))

        await office.opens("2026-03", on=date(2026, 3, 1))

    async def test_is_not_paid_before_its_month(self, office: Any) -> None:
        with pytest.raises(PaidBeforeEarned):
            await office.opens("2026-03", paid_in="2026-02")

    async def test_lies_in_ones_own_area(self, office: Any) -> None:
        with pytest.raises(NotFound):
            await office.opens(actor=somebody(Role.FINANCE, area="220103"))


CASHIER = somebody(Role.FINANCE, area="", subject="cashier")
ALLOWANCES = {"assistant_social_worker": 200, "social_worker": 300, "senior_social_worker": 400}


@pytest.fixture
async def calculated(office: Any) -> str:
    """A run of Li and Wang, calculated by the clerk."""
    await office.has_standard("4000.00")
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id)
    run_id: str = await office.opens()
    await office.scores(run_id, li=90, wang=60)
    assert (await office.calculates(run_id)).status == "calculated"
    return run_id


class TestEnter:
    async def test_puts_the_calculation_back(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.run(commands.enter_performance, run_id=calculated, worker_id="li", overtime_pay=Decimal("100.00"))

        assert [run.status for run in await bench.rows(PayrollRun)] == ["open"]
        assert await bench.rows(Payslip) == []
        with pytest.raises(WrongState):
            await office.approves(calculated)

    async def test_replaces_what_was_entered_before(self, office: Any, calculated: str) -> None:
        entry = {"run_id": calculated, "worker_id": "li"}
        await office.run(commands.enter_performance, **entry, overtime_pay=Decimal("100.00"))

        entered = await office.run(commands.enter_performance, **entry, hours=Decimal("80"))

        assert (entered.overtime_pay, entered.hours) == (None, Decimal("80"))

    async def test_is_for_workers_of_the_run_alone(self, office: Any, calculated: str) -> None:
        await office.has_worker("neighbour", area="220102002001")

        for stranger in ("neighbour", "nobody"):
            with pytest.raises(NotFound):
                await office.scores(calculated, **{stranger: 80})

    async def test_ends_with_the_approval(self, office: Any, calculated: str) -> None:
        await office.approves(calculated)

        with pytest.raises(WrongState):
            await office.scores(calculated, li=100)
        with pytest.raises(WrongState):
            await office.run(commands.enter_performance, run_id=calculated, worker_id="li")
        with pytest.raises(WrongState):
            await office.calculates(calculated)


class TestApproveRun:
    async def test_issues_each_slip_and_says_the_totals(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.approves(calculated)

        issued = await bench.sent(PayslipIssued)
        [approved] = await bench.sent(RunApproved)
        assert [slip.worker_id for slip in issued] == ["li", "wang"]
        assert approved.workers == 2
        assert approved.gross_total == sum(slip.gross for slip in issued) == Decimal("8000.00")
        assert approved.net_total == sum(slip.net for slip in issued)
        for slip in issued:
            assert slip.net == slip.gross - slip.contributions - slip.tax
            assert set(slip.lines[0]) == {"code", "kind", "label", "amount"}

    async def test_is_not_for_who_opened_it(self, office: Any, calculated: str) -> None:
        with pytest.raises(SamePerson):
            await office.approves(calculated, office.clerk)

    async def test_is_not_for_who_calculated_it(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.calculates(calculated, office.chief)

        with pytest.raises(SamePerson):
            await office.approves(calculated, office.chief)

        assert await bench.sent(PayslipIssued) == []

    async def test_is_not_for_who_entered_an_amount(self, office: Any, calculated: str) -> None:
        await office.run(
            commands.enter_performance,
            actor=CASHIER,
            run_id=calculated,
            worker_id="li",
            overtime_pay=Decimal("100.00"),
        )
        await office.calculates(calculated)

        with pytest.raises(SamePerson):
            await office.approves(calculated, CASHIER)

        await office.approves(calculated)

    async def test_is_not_for_who_scored_for_the_pool(self, office: Any, calculated: str) -> None:
        score = {"run_id": calculated, "worker_id": "li", "score": Decimal("95")}
        await office.run(commands.score_for_pool, actor=CASHIER, **score)
        await office.calculates(calculated)

        with pytest.raises(SamePerson):
            await office.approves(calculated, CASHIER)

        await office.approves(calculated)

    async def test_is_not_for_who_is_paid_by_it(self, office: Any, bench: Bench, calculated: str) -> None:
        async with bench.session() as session, session.begin():
            (await session.get_one(Payee, "li")).account = CASHIER.account

        with pytest.raises(SamePerson):
            await office.approves(calculated, CASHIER)

        assert await bench.sent(PayslipIssued) == []
        await office.approves(calculated)

    async def test_is_for_who_entered_or_is_paid_in_another_run(self, office: Any, calculated: str) -> None:
        await office.has_worker("zhao", area="220102002001", account=CASHIER.account)
        other = await office.opens(area="220102002")
        score = {"run_id": other, "worker_id": "zhao", "score": Decimal("95")}
        await office.run(commands.score_for_pool, actor=CASHIER, **score)
        await office.calculates(other)

        await office.approves(calculated, CASHIER)

    async def test_happens_once(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.approves(calculated)

        with pytest.raises(WrongState):
            await office.approves(calculated)

        assert len(await bench.sent(RunApproved)) == 1

    async def test_needs_a_calculation(self, office: Any) -> None:
        run_id = await office.opens()

        with pytest.raises(WrongState):
            await office.approves(run_id)

    async def test_needs_a_slip(self, office: Any) -> None:
        run_id = await office.opens()
        assert (await office.calculates(run_id)).status == "calculated"

        with pytest.raises(RunEmpty):
            await office.approves(run_id)

    async def test_is_not_seen_from_another_area(self, office: Any, calculated: str) -> None:
        with pytest.raises(NotFound):
            await office.approves(calculated, somebody(Role.FINANCE, area="320102"))

    @pytest.mark.parametrize("change", ["a worker left", "a certificate came", "a standard changed"])
    async def test_waits_for_a_new_calculation_when(
        self, office: Any, bench: Bench, calculated: str, change: str
    ) -> None:
        if change == "a standard changed":
            await office.has_standard("4200.00", starts_on=date(2026, 3, 1))
        elif change == "a certificate came":
            certificate = Certificate(
                worker_id="li", level="social_worker", area="220102001", registered_on=date(2026, 3, 9)
            )
            await bench.save(certificate)
        else:
            async with bench.session() as session, session.begin():
                (await session.get_one(Payee, "li")).left_on = date(2026, 3, 16)

        with pytest.raises(CalculationOutdated):
            await office.approves(calculated)

        assert await bench.sent(PayslipIssued) == []

    @pytest.mark.parametrize(
        ("area", "starts_on", "outdated"),
        [
            pytest.param("220102", date(2025, 1, 1), True, id="the choice itself was changed"),
            pytest.param("220102", date(2026, 3, 1), True, id="another one begins with the month"),
            pytest.param("220102", date(2026, 3, 2), False, id="not when another one begins within it"),
            pytest.param("220103", date(2026, 1, 1), False, id="not when another county chose"),
        ],
    )
    async def test_waits_for_a_new_calculation_when_a_county_chose_anew(
        self, office: Any, bench: Bench, area: str, starts_on: date, outdated: bool
    ) -> None:
        await bench.choose("JL-4d", "amounts", ALLOWANCES, area="220102", starts_on=date(2025, 1, 1))
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await bench.save(
            Certificate(worker_id="li", level="social_worker", area="220102001", registered_on=date(2025, 3, 9))
        )
        run_id = await office.opens()
        await office.scores(run_id, li=90)
        await office.calculates(run_id)

        async with bench.session() as session, session.begin():
            await session.merge(
                PolicyChoice(
                    clause="JL-4d",
                    term="amounts",
                    area=area,
                    starts_on=starts_on,
                    value=ALLOWANCES | {"social_worker": 350},
                    decision_id="bench",
                )
            )

        if not outdated:
            await office.approves(run_id)
            return
        with pytest.raises(CalculationOutdated):
            await office.approves(run_id)
        await office.calculates(run_id)
        await office.approves(run_id)
        [slip] = await bench.rows(Payslip)
        assert "350.00" in [line["amount"] for line in slip.lines]

    @pytest.mark.parametrize(("document", "outdated"), [("JL", True), ("LAW-TAX", True), ("JS", False)])
    async def test_waits_for_a_new_calculation_when_a_document_reads_otherwise(
        self,
        office: Any,
        bench: Bench,
        calculated: str,
        monkeypatch: pytest.MonkeyPatch,
        document: str,
        outdated: bool,
    ) -> None:
        policies = bench.runtime.policies
        assert document in policies.digests
        digests = {**policies.digests, document: "sha256:another"}
        monkeypatch.setattr(bench.runtime, "policies", replace(policies, digests=digests))

        if not outdated:
            await office.approves(calculated)
            return
        with pytest.raises(CalculationOutdated):
            await office.approves(calculated)
