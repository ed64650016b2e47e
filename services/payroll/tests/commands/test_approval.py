"""From calculated to closed: a second person looks, a third approves, nobody closes what was not seen."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, Refused, SamePerson, WrongState
from common.events.payroll import BatchApproved, PayslipIssued, RunApproved, RunClosed, RunReviewed
from common.tables import PolicyChoice
from common.testing import Bench, somebody
from payroll import commands
from payroll.api.runs import PayslipFigures
from payroll.commands import tax_cards
from payroll.commands.checks import OverBudget
from payroll.commands.reviewing import CalculationOutdated, EarlierRunWaits, NotSeen, RunEmpty
from payroll.models import Certificate, Change, Parameter, Payee, PayrollBatch, PayrollRun
from payroll.tests.offices import ALLOWANCES

CASHIER = somebody(Role.FINANCE, area="", subject="cashier")


@pytest.fixture
async def calculated(office: Any) -> str:
    """A run of Li and Wang, calculated by the clerk."""
    await office.has_standard("4000.00")
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id)
    run_id: str = await office.opens()
    await office.scores(run_id, li=90, wang=60)
    await office.calculates(run_id)
    return run_id


class TestReview:
    async def test_is_said(self, office: Any, bench: Bench, calculated: str) -> None:
        run = await office.reviews(calculated)

        assert run.status == "reviewed"
        [reviewed] = await bench.sent(RunReviewed)
        assert (reviewed.workers, reviewed.set_aside) == (2, 0)

    @pytest.mark.parametrize("maker", ["opened it", "calculated it", "is paid by it"])
    async def test_is_not_for_who(self, office: Any, bench: Bench, calculated: str, maker: str) -> None:
        reviewer = CASHIER
        if maker == "opened it":
            reviewer = office.clerk
        elif maker == "calculated it":
            await office.calculates(calculated, CASHIER)
        else:
            await _signs_in_as(bench, "li", CASHIER.account)

        with pytest.raises(SamePerson):
            await office.reviews(calculated, reviewer)

    async def test_states_how_many_were_set_aside(self, office: Any, calculated: str) -> None:
        await office.has_worker("sun", post_class="head")
        await office.calculates(calculated)

        with pytest.raises(NotSeen):
            await office.reviews(calculated, set_aside=0)

        await office.reviews(calculated, set_aside=1)

    async def test_says_that_the_run_is_empty(self, office: Any) -> None:
        run_id = await office.opens()
        await office.calculates(run_id)

        with pytest.raises(RunEmpty):
            await office.reviews(run_id, empty=False)

        assert (await office.reviews(run_id, empty=True)).status == "reviewed"

    async def test_needs_a_calculation(self, office: Any, calculated: str) -> None:
        await office.queues(calculated)

        with pytest.raises(WrongState):
            await office.reviews(calculated)


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

    async def test_says_the_tax_on_a_bonus_as_tax(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.enters("li", annual_bonus="30000")
        given = {"worker_id": "li", "organisation_id": "community-220102001002", "year": 2026, "on": date(2026, 3, 20)}
        await office.run(tax_cards.choose_bonus_way, way="separate", **given)
        await office.calculates(calculated)
        await office.approves(calculated)

        slip = (await office.slips(calculated))["li"]
        [said] = [one for one in await bench.sent(PayslipIssued) if one.worker_id == "li"]
        shown = PayslipFigures.model_validate(slip)
        run = await office.the_run(calculated)
        assert slip.bonus_tax == 90000
        for one in (said, shown):
            assert one.tax == Decimal(slip.tax + slip.bonus_tax) / 100
            assert one.net == one.gross - one.contributions - one.tax
        assert run.net_total == run.gross_total - run.contributions_total - run.tax_total

    async def test_issues_once_however_often_it_is_told(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.approves(calculated)
        for event in await bench.sent(BatchApproved):
            await bench.hear(event)

        assert len(await bench.sent(PayslipIssued)) == 2
        assert len(await bench.decisions("payroll.batch_sealed")) == 1

    async def test_seals_each_batch_by_a_decision(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.approves(calculated)

        [sealed] = await bench.decisions("payroll.batch_sealed")
        [batch] = await bench.rows(PayrollBatch)
        assert (sealed.decision_id, sealed.subject) == (batch.decision_id, calculated)
        assert sealed.outcome == {"root": batch.root, "slips": 2}
        assert [sealed.facts[name] for name in ("inputs", "root", "slips")] == [batch.inputs, batch.root, 2]

    @pytest.mark.parametrize("maker", ["opened it", "reviewed it", "calculated it", "entered an amount", "is paid"])
    async def test_is_not_for_who(self, office: Any, bench: Bench, calculated: str, maker: str) -> None:
        approver = CASHIER
        if maker == "opened it":
            approver = office.clerk
        elif maker == "reviewed it":
            approver = office.deputy
        elif maker == "calculated it":
            await office.calculates(calculated, CASHIER)
        elif maker == "entered an amount":
            await office.enters("li", overtime_pay="100.00", actor=CASHIER)
            await office.calculates(calculated)
        else:
            await _signs_in_as(bench, "li", CASHIER.account)

        with pytest.raises(SamePerson):
            await office.approves(calculated, approver)

        assert await bench.sent(PayslipIssued) == []
        await office.approves(calculated)

    async def test_is_for_who_entered_or_is_paid_in_another_run(self, office: Any, calculated: str) -> None:
        await office.has_worker("zhao", area="220102002001", account=CASHIER.account)
        other = await office.opens(area="220102002")
        deputy_clerk = somebody(Role.FINANCE, area="", subject="second-clerk")
        await office.scores(other, actor=deputy_clerk, zhao=95)
        await office.calculates(other)

        await office.approves(calculated, CASHIER)

    async def test_happens_once(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.approves(calculated)

        with pytest.raises(WrongState):
            await office.approves(calculated)

        assert len(await bench.sent(RunApproved)) == 1

    async def test_needs_a_review(self, office: Any, calculated: str) -> None:
        with pytest.raises(WrongState):
            await office.run(commands.approve_payroll_run, actor=office.chief, run_id=calculated, on=date(2026, 3, 27))

    async def test_is_not_seen_from_another_area(self, office: Any, calculated: str) -> None:
        with pytest.raises(NotFound):
            await office.approves(calculated, somebody(Role.FINANCE, area="320102"))

    async def test_waits_for_an_earlier_run_that_is_calculated(self, office: Any, calculated: str) -> None:
        """Tax adds up by month of payment: the earlier month goes first."""
        april = await office.opens("2026-04", area="220102")
        await office.scores(april, li=90, wang=60)
        await office.calculates(april)
        await office.reviews(april)

        with pytest.raises(EarlierRunWaits):
            await office.approves(april)

        await office.approves(calculated)
        with pytest.raises(CalculationOutdated):
            await office.approves(april)
        await office.calculates(april)
        assert (await office.approves(april)).status == "approved"

    async def test_waits_for_an_earlier_run_of_the_province_that_its_office_cannot_see(
        self, office: Any, calculated: str
    ) -> None:
        await office.calculates(await office.opens("2026-02", area="22"))

        with pytest.raises(EarlierRunWaits):
            await office.approves(calculated, somebody(Role.FINANCE, area="220102", subject="chief"))

    @pytest.mark.parametrize("other", [{"area": "220103"}, {"staff": "union_worker", "area": "320102001"}])
    async def test_does_not_wait_for_a_run_of_other_people(self, office: Any, calculated: str, other: Any) -> None:
        await office.calculates(await office.opens("2026-02", **other))

        assert (await office.approves(calculated)).status == "approved"

    @pytest.mark.parametrize("change", ["a worker left", "a certificate came", "a standard changed", "an entry"])
    async def test_waits_for_a_new_calculation_when(
        self, office: Any, bench: Bench, calculated: str, change: str
    ) -> None:
        place = {"area": "220102001", "staff": "community_worker", "month": "2026-03"}
        if change == "a standard changed":
            await office.has_standard("4200.00", starts_on=date(2026, 3, 1))
        elif change == "an entry":
            await office.enters("li", overtime_pay="100.00")
        elif change == "a certificate came":
            await bench.save(
                Certificate(worker_id="li", level="social_worker", area="220102001", registered_on=date(2026, 3, 9))
            )
            await office.changed("li", cause="certificate", **place)
        else:
            async with bench.session() as session, session.begin():
                (await session.get_one(Payee, "li")).left_on = date(2026, 3, 16)
            await office.changed("li", cause="left", **place)

        with pytest.raises(CalculationOutdated):
            await office.approves(calculated)

        assert await bench.sent(PayslipIssued) == []

    async def test_settles_the_changes_it_knew(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.has_worker("sun", post_class="head")
        await office.calculates(calculated)

        await office.approves(calculated)

        changes = await bench.rows(Change)
        of_workers = {(one.worker_id, one.cause): one.settled_by for one in changes if one.worker_id}
        assert of_workers["li", "agreement"] == calculated
        assert of_workers["sun", "agreement"] is None
        assert of_workers["sun", "set_aside"] is None

    @pytest.mark.parametrize(
        ("area", "starts_on", "outdated"),
        [
            pytest.param("220102", date(2025, 1, 1), True, id="the choice itself was changed"),
            pytest.param("220102", date(2026, 3, 1), True, id="another one begins with the month"),
            pytest.param("220102", date(2026, 3, 2), False, id="not when another one begins within it"),
            pytest.param("220103", date(2026, 1, 1), False, id="not when another county chose"),
        ],
    )
    @pytest.mark.usefixtures("left_to_counties")
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

        await _chooses_again(bench, ALLOWANCES | {"social_worker": "350.00"}, area=area, starts_on=starts_on)

        if not outdated:
            await office.approves(run_id)
            return
        with pytest.raises(CalculationOutdated):
            await office.approves(run_id)
        await office.calculates(run_id)
        await office.approves(run_id)
        slips = await office.slips()
        assert (await office.lines(slips["li"]))["certificate_allowance"] == Decimal("350.00")

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


class TestBudget:
    """A run's pay and the employers' contributions against the year's budget of the level that pays."""

    async def test_that_nobody_entered_is_a_finding_and_no_obstacle(self, office: Any, calculated: str) -> None:
        assert "budget_unknown" in [one["code"] for one in (await office.the_run(calculated)).findings]
        await office.approves(calculated)

    @pytest.mark.parametrize(("over", "needs_reason"), [(0, False), (1, True)], ids=["at the fen", "a fen over"])
    async def test_exceeded_needs_a_reason(
        self, office: Any, bench: Bench, calculated: str, over: int, needs_reason: bool
    ) -> None:
        run = await office.the_run(calculated)
        await _has_budget(bench, run.gross_total + run.employer_total - over)
        run = await office.calculates(calculated)
        assert ("budget_exceeded" in [one["code"] for one in run.findings]) is needs_reason

        if needs_reason:
            with pytest.raises((OverBudget, Refused)):
                await office.approves(calculated)
        await office.approves(calculated, **({"reason": "追加预算已报批"} if needs_reason else {}))

    async def test_counts_what_was_approved_before_in_the_year(
        self, office: Any, bench: Bench, calculated: str
    ) -> None:
        run = await office.the_run(calculated)
        await _has_budget(bench, 2 * (run.gross_total + run.employer_total) - 1)
        await office.calculates(calculated)
        await office.approves(calculated)
        april = await office.opens("2026-04")
        await office.scores(april, li=90, wang=60)

        found = (await office.calculates(april)).findings

        assert "budget_exceeded" in [one["code"] for one in found]


class TestCloseRun:
    async def test_states_who_was_not_paid(self, office: Any, bench: Bench, calculated: str) -> None:
        await office.approves(calculated)
        await _is_paid(bench, calculated)
        closing = {"run_id": calculated, "on": date(2026, 4, 1)}

        with pytest.raises(NotSeen):
            await office.run(commands.close_payroll_run, set_aside=0, held_back=0, **closing)

        run = await office.run(commands.close_payroll_run, set_aside=0, held_back=2, **closing)
        assert run.status == "closed"
        assert [event.held_back for event in await bench.sent(RunClosed)] == [2]

    async def test_of_an_empty_run_needs_no_payment(self, office: Any) -> None:
        run_id = await office.pays("2026-03")

        run = await office.run(commands.close_payroll_run, run_id=run_id, on=date(2026, 4, 1), set_aside=0, held_back=0)

        assert run.status == "closed"


async def _signs_in_as(bench: Bench, worker_id: str, account: str) -> None:
    async with bench.session() as session, session.begin():
        (await session.get_one(Payee, worker_id)).account = account


async def _is_paid(bench: Bench, run_id: str) -> None:
    async with bench.session() as session, session.begin():
        (await session.get_one(PayrollRun, run_id)).status = "paid"


async def _has_budget(bench: Bench, fen: int) -> None:
    day = date(2026, 1, 1)
    await bench.save(
        Parameter(
            parameter_id="budget",
            code="budget.payroll",
            area="220102",
            staff="community_worker",
            starts_on=day,
            value={"amount": str(Decimal(fen).scaleb(-2))},
            source="test",
            confidence="H",
            status="in_force",
            entered_by="a",
            entered_on=day,
            checked_by="b",
            checked_on=day,
        )
    )


async def _chooses_again(bench: Bench, value: dict[str, str], *, area: str, starts_on: date) -> None:
    async with bench.session() as session, session.begin():
        await session.merge(
            PolicyChoice(
                clause="JL-4d", term="amounts", area=area, starts_on=starts_on, value=value, decision_id="bench"
            )
        )
