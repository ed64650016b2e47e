"""From opening to the calculation: what is queued, what waits, what a second try leaves behind."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, WrongState
from common.events.payroll import BatchCalculated, BatchQueued, RunCalculated, RunOpened
from common.policy import NoClause
from common.tables import ParkedMessage
from common.testing import Bench, somebody
from payroll.commands import slip_rows
from payroll.commands.runs import MonthNotBegun, PaidBeforeEarned, ParametersMissing, RunAlreadyOpened
from payroll.engine import work_out
from payroll.engine.columns import Batch, Results
from payroll.models import Parameter, PayrollBatch, PayrollRun, Payslip, PayslipLine, SetAside
from payroll.tests.offices import checked, own_figure


class TestOpenRun:
    async def test_is_said(self, office: Any, bench: Bench) -> None:
        run_id = await office.opens()

        assert await bench.sent(RunOpened) == [
            RunOpened(
                run_id=run_id,
                area="220102001",
                staff="community_worker",
                month="2026-03",
                cycle="month",
                paid_in="2026-03",
            )
        ]

    async def test_is_one_for_area_staff_month_and_cycle(self, office: Any) -> None:
        await office.opens()
        await office.opens("2026-04")
        await office.opens(staff="union_worker")
        await office.opens(cycle="first_half")

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


@pytest.fixture
async def opened(office: Any) -> str:
    """A run of a county with two streets: Li and Wang in one, Zhao in the other."""
    await office.has_standard("4000.00")
    await office.has_worker("li")
    await office.has_worker("wang")
    await office.has_worker("zhao", area="220102002001")
    run_id: str = await office.opens(area="220102")
    await office.scores(run_id, li=90, wang=60, zhao=80)
    return run_id


class TestQueue:
    async def test_makes_a_batch_of_each_street(self, office: Any, bench: Bench, opened: str) -> None:
        run = await office.queues(opened)

        assert (run.status, run.attempt, run.batches, run.batches_done) == ("calculating", 1, 2, 0)
        batches = {batch.area: batch.batch_id for batch in await bench.rows(PayrollBatch)}
        assert await bench.sent(BatchQueued) == [
            BatchQueued(batch_id=batches[area], run_id=opened, area=area, attempt=1)
            for area in ("220102001", "220102002")
        ]
        assert await bench.rows(Payslip) == []

    async def test_ends_at_once_where_there_is_nobody(self, office: Any, bench: Bench) -> None:
        run = await office.queues(await office.opens())

        assert (run.status, run.workers, run.batches) == ("calculated", 0, 0)
        assert [event.workers for event in await bench.sent(RunCalculated)] == [0]

    async def test_is_not_for_an_approved_run(self, office: Any, opened: str) -> None:
        await office.calculates(opened)
        await office.approves(opened)

        with pytest.raises(WrongState):
            await office.queues(opened)

    async def test_is_not_seen_from_another_area(self, office: Any, opened: str) -> None:
        with pytest.raises(NotFound):
            await office.queues(opened, somebody(Role.FINANCE, area="320102"))

    @pytest.mark.parametrize(
        ("place", "rule"),
        [
            pytest.param({"staff": "union_worker", "area": "320602001"}, "contributions.amounts", id="contributions"),
            pytest.param({"staff": "union_worker", "area": "340102001"}, "pay.composition", id="the make-up of pay"),
        ],
    )
    async def test_stops_where_no_document_rules_on(
        self, office: Any, bench: Bench, place: dict[str, Any], rule: str
    ) -> None:
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**place)

        with pytest.raises(NoClause) as stopped:
            await office.queues(run_id)

        assert stopped.value.rule == rule
        assert [run.status for run in await bench.rows(PayrollRun)] == ["open"]

    async def test_stops_with_the_name_of_every_row_that_is_missing(self, office: Any, bench: Bench) -> None:
        """LAW-SI, LAW-MW: figures are rows; one that has ended is not carried on."""
        place = {"staff": "union_worker", "area": "320102001"}
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**place)
        for code in ("wage.floor", "contribution.pension.limits"):
            await bench.save(ended(code, area="3201", on=date(2026, 3, 1)))

        with pytest.raises(ParametersMissing) as stopped:
            await office.queues(run_id)

        assert {one.code for one in stopped.value.missing} == {"wage.floor", "contribution.pension.limits"}
        assert "contribution.pension.limits" in str(stopped.value)
        assert await bench.sent(BatchQueued) == []

    async def test_stops_for_a_month_paid_before_that_lost_its_figure(self, office: Any, bench: Bench) -> None:
        place = {"staff": "union_worker", "area": "320102001"}
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        await office.pays("2026-02", **place)
        await office.ages()
        await bench.save(ended("wage.floor", area="3201", on=date(2026, 2, 1)))
        value = {"monthly": "2490.00", "hourly": "24.00"}
        await bench.save(*checked([own_figure("wage.floor", value, area="3201", staff="", starts_on=date(2026, 3, 1))]))
        await office.changed(None, area="3201", staff=None, month="2026-02", cause="parameter")
        run_id = await office.opens("2026-03", **place)

        with pytest.raises(ParametersMissing) as stopped:
            await office.queues(run_id)

        assert [(one.code, one.on) for one in stopped.value.missing] == [("wage.floor", date(2026, 2, 1))]
        assert [event.run_id for event in await bench.sent(BatchQueued)].count(run_id) == 0

    async def test_goes_by_the_figures_of_its_own_month(self, office: Any, bench: Bench) -> None:
        place = {"staff": "union_worker", "area": "320102001"}
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        await bench.save(ended("wage.floor", area="3201", on=date(2026, 3, 2)))

        assert (await office.queues(await office.opens(**place))).status == "calculating"


def ended(code: str, *, area: str, on: date) -> Parameter:
    return Parameter(
        parameter_id=f"ended-{code}",
        code=code,
        area=area,
        starts_on=on,
        value=None,
        source="test",
        confidence="H",
        status="in_force",
        entered_by="a",
        entered_on=on,
        checked_by="b",
        checked_on=on,
    )


class TestBatch:
    async def test_says_how_far_the_run_is(self, office: Any, bench: Bench, opened: str) -> None:
        run = await office.calculates(opened)

        told = await bench.sent(BatchCalculated)
        assert [(one.done, one.batches, one.area, one.workers) for one in told] == [
            (1, 2, "220102001", 2),
            (2, 2, "220102002", 1),
        ]
        [calculated] = await bench.sent(RunCalculated)
        assert (calculated.workers, calculated.set_aside, calculated.batches) == (3, 0, 2)
        assert calculated.gross_total == Decimal("12000.00") == sum(one.gross_total for one in told)
        assert run.gross_total == 1_200_000

    async def test_is_worked_out_once_however_often_it_is_told(self, office: Any, bench: Bench, opened: str) -> None:
        """The same message again, and another message about the same batch."""
        await office.queues(opened)
        queued = await bench.sent(BatchQueued)
        for event in (*queued, *queued, *queued):
            await bench.hear(event)

        assert len(await bench.rows(Payslip)) == 3
        run = await office.the_run(opened)
        assert (run.status, run.batches_done, run.workers) == ("calculated", 2, 3)
        assert len(await bench.sent(RunCalculated)) == 1

    async def test_is_done_by_one_of_two_that_take_it_at_once(self, office: Any, bench: Bench, opened: str) -> None:
        await office.queues(opened)
        queued = await bench.sent(BatchQueued)

        await asyncio.gather(*(bench.hear(event) for event in (*queued, *queued)))

        run = await office.the_run(opened)
        assert (run.status, run.batches_done, run.workers) == ("calculated", 2, 3)
        assert len(await bench.sent(BatchCalculated)) == 2
        assert await bench.rows(ParkedMessage) == []

    async def test_pays_nobody_whom_another_run_pays_at_the_same_moment(
        self, office: Any, bench: Bench, opened: str
    ) -> None:
        street = await office.opens(area="220102001")
        for run_id in (opened, street):
            await office.queues(run_id)

        await asyncio.gather(*(bench.hear(event) for event in await bench.sent(BatchQueued)))

        runs = [await office.the_run(run_id) for run_id in (opened, street)]
        assert sum(run.workers for run in runs) == 3
        assert sum(run.set_aside for run in runs) == 2
        assert {code for _, code in await office.set_aside()} == {"paid_in_another_run"}
        assert len(await bench.rows(Payslip)) == 3

    async def test_of_an_earlier_attempt_is_left_alone(self, office: Any, bench: Bench, opened: str) -> None:
        await office.queues(opened)
        [first, _] = await bench.sent(BatchQueued)
        await office.queues(opened)

        await bench.hear(first)

        assert await bench.rows(Payslip) == []
        assert (await office.the_run(opened)).batches_done == 0

    async def test_shows_a_run_that_waits(self, office: Any, bench: Bench, opened: str) -> None:
        await office.queues(opened)
        [first, _] = await bench.sent(BatchQueued)
        await bench.hear(first)

        answer = await bench.client(Role.FINANCE, area="220102").get(f"/v1/payroll-runs/{opened}")

        assert (answer.json()["status"], answer.json()["batches_done"]) == ("calculating", 1)
        assert [batch["area"] for batch in answer.json()["waiting"]] == ["220102002"]

    async def test_seals_inputs_terms_and_root(self, office: Any, bench: Bench, opened: str) -> None:
        await office.calculates(opened)

        for batch in await bench.rows(PayrollBatch):
            assert all(len(digest or "") == 64 for digest in (batch.inputs, batch.terms, batch.root))
            assert batch.snapshot
            assert batch.engine

    async def test_that_cannot_be_done_waits_and_is_queued_anew(
        self, office: Any, bench: Bench, opened: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What breaks leaves nothing half, is parked with its reason, and does not stand in the way of the next try."""
        await office.queues(opened)
        [first, second] = await bench.sent(BatchQueued)
        with monkeypatch.context() as broken:
            broken.setattr("payroll.commands.batches.reconcile_batch", _breaks)
            await bench.hear(first)
        await bench.hear(second)

        assert {slip.area[:9] for slip in await bench.rows(Payslip)} == {"220102002"}
        assert (await office.the_run(opened)).batches_done == 1
        [parked] = await bench.rows(ParkedMessage)
        assert "does not add up" in parked.reason

        await office.queues(opened)
        for event in (await bench.sent(BatchQueued))[2:]:
            await bench.hear(event)
        run = await office.the_run(opened)
        assert (run.status, run.attempt, run.workers) == ("calculated", 2, 3)

    @pytest.mark.parametrize("column", ["gross", "net", "employer_contributions"])
    async def test_is_kept_only_where_each_slip_is_the_sum_of_its_lines(
        self, office: Any, bench: Bench, opened: str, monkeypatch: pytest.MonkeyPatch, column: str
    ) -> None:
        """One fen from one slip to another leaves every total as it was."""
        await office.queues(opened)
        [first, _] = await bench.sent(BatchQueued)
        with monkeypatch.context() as broken:
            broken.setattr("payroll.commands.batches.engine.work_out", partial(_one_fen_to_the_next, column))
            await bench.hear(first)

        assert await bench.rows(Payslip) == []
        [parked] = await bench.rows(ParkedMessage)
        assert "2 slips are not the sum of their lines" in parked.reason

    async def test_is_kept_only_where_the_lines_that_are_stored_come_to_the_same(
        self, office: Any, bench: Bench, opened: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await office.queues(opened)
        [first, _] = await bench.sent(BatchQueued)
        with monkeypatch.context() as broken:
            stored = slip_rows._LINES.replace("given.amount,", "given.amount + (given.ordinal = 0)::int,")
            broken.setattr(slip_rows, "_LINES", stored)
            await bench.hear(first)

        assert await bench.rows(Payslip) == []
        [parked] = await bench.rows(ParkedMessage)
        assert "TotalsDisagree" in parked.reason


def _one_fen_to_the_next(column: str, batch: Batch) -> Results:
    results = work_out(batch)
    moved = results.columns[column].copy()
    moved[:2] += (1, -1)
    return replace(results, columns={**results.columns, column: moved})


def _breaks(*_: Any) -> None:
    raise ValueError("does not add up")


class TestCalculateAgain:
    async def test_replaces_what_was_there(self, office: Any, bench: Bench, opened: str) -> None:
        await office.calculates(opened)
        first = {slip.worker_id: (slip.payslip_id, slip.net) for slip in await bench.rows(Payslip)}
        lines = len(await bench.rows(PayslipLine))

        run = await office.calculates(opened)

        assert run.attempt == 2
        assert {slip.worker_id: (slip.payslip_id, slip.net) for slip in await bench.rows(Payslip)} == first
        assert len(await bench.rows(PayslipLine)) == lines
        assert len(await bench.rows(PayrollBatch)) == 2

    async def test_forgets_who_was_set_aside(self, office: Any, bench: Bench, opened: str) -> None:
        await office.has_worker("sun", post_class="head")
        assert (await office.calculates(opened)).set_aside == 1
        await office.has_standard("5000.00", post_class="head")
        await office.scores(opened, sun=80)

        run = await office.calculates(opened)

        assert (run.workers, run.set_aside, await bench.rows(SetAside)) == (4, 0, [])

    async def test_takes_a_reviewed_run_back(self, office: Any, opened: str) -> None:
        await office.calculates(opened)
        await office.reviews(opened)

        assert (await office.calculates(opened)).status == "calculated"
