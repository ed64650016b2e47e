"""Slips are issued of an approved run alone, and only as the sealed inputs give them."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from common.events.payroll import BatchApproved, PayslipIssued
from common.testing import Bench
from payroll.commands import approve_payroll_run
from payroll.commands.sealing import SnapshotDisagrees, issue_slips
from payroll.models import PayrollBatch, RunStatus

PLACE = "220102001"


@pytest.fixture
async def calculated(office: Any) -> str:
    await office.has_standard("4000.00")
    await office.has_worker("li")
    run_id: str = await office.opens(area=PLACE)
    await office.scores(run_id, li=90)
    await office.calculates(run_id)
    return run_id


async def approved(office: Any, run_id: str) -> None:
    """Its slips wait to be issued."""
    await office.reviews(run_id)
    await office.run(approve_payroll_run, actor=office.chief, run_id=run_id, on=date(2026, 3, 27))


class TestIssueSlips:
    @pytest.mark.parametrize(
        "stored",
        [
            pytest.param({"root": "00" * 32}, id="another root"),
            pytest.param({"workers": 2}, id="a slip more than they give"),
        ],
    )
    async def test_stops_where_the_inputs_give_other_slips(
        self, office: Any, bench: Bench, calculated: str, stored: dict[str, Any]
    ) -> None:
        await approved(office, calculated)
        async with bench.session() as session:
            await session.execute(update(PayrollBatch).values(**stored))
            await session.commit()
        [event] = await bench.sent(BatchApproved)

        with pytest.raises(SnapshotDisagrees):
            await bench.run(issue_slips, event=event)

        [batch] = await bench.rows(PayrollBatch)
        assert (batch.issued_at, batch.decision_id, await bench.sent(PayslipIssued)) == (None, None, [])

    async def test_issues_nothing_of_a_run_that_nobody_has_approved(
        self, office: Any, bench: Bench, calculated: str
    ) -> None:
        [batch] = await bench.rows(PayrollBatch)

        await bench.run(issue_slips, event=BatchApproved(batch_id=batch.batch_id, run_id=calculated, area=PLACE))

        assert await bench.sent(PayslipIssued) == []
        assert (await office.the_run(calculated)).status == RunStatus.CALCULATED
