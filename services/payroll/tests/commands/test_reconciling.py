"""Totals of a street, and of a run, are those that the database adds up from its rows; else nothing of it is kept."""

from typing import Any

import pytest

from common.events.payroll import BatchQueued
from common.testing import Bench
from payroll.commands import batches, slip_rows
from payroll.commands.batches import calculate_batch
from payroll.commands.slip_rows import TotalsDisagree
from payroll.models import PayrollBatch, PayrollRun, Payslip


@pytest.fixture
async def queued(office: Any) -> PayrollRun:
    """Two people of a street whose pay is asked for."""
    await office.has_standard("4000.00")
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id)
    run_id = await office.opens()
    await office.scores(run_id, li=90, wang=80)
    run: PayrollRun = await office.queues(run_id)
    return run


class TestBatch:
    @pytest.mark.parametrize("name", ["gross_total", "contributions_total", "employer_total", "tax_total", "net_total"])
    @pytest.mark.parametrize("amount", [1, -1])
    async def test_is_not_kept_where_its_totals_are_not_those_of_its_slips(
        self, bench: Bench, queued: PayrollRun, monkeypatch: pytest.MonkeyPatch, name: str, amount: int
    ) -> None:
        keep = batches._keep

        def wrongly(batch: PayrollBatch, *given: Any, **named: Any) -> None:
            keep(batch, *given, **named)
            batch.totals = batch.totals | {name: batch.totals[name] + amount}

        monkeypatch.setattr(batches, "_keep", wrongly)
        [event] = await bench.sent(BatchQueued)

        with pytest.raises(TotalsDisagree, match=name):
            await bench.run(calculate_batch, event=event)
        assert await bench.rows(Payslip) == []


class TestRun:
    @pytest.mark.parametrize("name", ["workers", "gross_total", "tax_total", "net_total"])
    async def test_is_not_calculated_where_it_is_not_the_sum_of_its_batches(
        self, bench: Bench, queued: PayrollRun, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        reconcile = slip_rows.reconcile_run

        async def wrongly(tx: Any, run: PayrollRun) -> None:
            setattr(run, name, getattr(run, name) + 1)
            await reconcile(tx, run)

        monkeypatch.setattr(batches, "reconcile_run", wrongly)
        [event] = await bench.sent(BatchQueued)

        with pytest.raises(TotalsDisagree, match=name):
            await bench.run(calculate_batch, event=event)
        assert await bench.rows(Payslip) == []
