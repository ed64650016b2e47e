"""`python -m payroll progress` and `python -m payroll recompute`, on runs of a real database."""

from typing import Any

import pytest

from common.clock import utc_now
from common.events.payroll import BatchQueued
from common.tables import ParkedMessage
from common.testing import Bench
from payroll.models import PayrollBatch, Payslip, PayslipLine
from payroll.operating.progress import watch
from payroll.operating.recomputing import recompute_run


@pytest.fixture
async def calculated(office: Any) -> str:
    await office.has_standard("4000.00")
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id)
    await office.has_worker("zhao", area="220102002001")
    run_id: str = await office.opens(area="220102")
    await office.scores(run_id, li=90, wang=60, zhao=80)
    await office.calculates(run_id)
    return run_id


def parked(batch_id: str) -> ParkedMessage:
    """The message about a batch, put aside: what follows of its key waits behind it."""
    return ParkedMessage(
        topic="payroll.work",
        partition=0,
        offset=99,
        key=batch_id,
        reason="ZeroDivisionError: of zhao",
        headers={},
        body=b"{}",
        parked_at=utc_now(),
    )


class TestRecompute:
    async def test_finds_all_the_same(self, bench: Bench, calculated: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert await recompute_run(bench.runtime.sessions, calculated) == 0
        assert "2 批全部一致" in capsys.readouterr().out

    @pytest.mark.parametrize("what", ["a line", "a slip", "the snapshot", "the root", "a slip that is gone"])
    async def test_names_what_was_changed(
        self, bench: Bench, calculated: str, capsys: pytest.CaptureFixture[str], what: str
    ) -> None:
        slip = next(one for one in await bench.rows(Payslip) if one.worker_id == "li")
        async with bench.session() as session, session.begin():
            batch = await session.get_one(PayrollBatch, slip.batch_id)
            mine = await session.get_one(Payslip, slip.slip_no)
            if what == "a line":
                (await session.get_one(PayslipLine, (slip.slip_no, 0))).amount += 1
            elif what == "a slip":
                mine.net += 1
            elif what == "the snapshot":
                batch.snapshot = bytes(reversed(batch.snapshot or b""))
            elif what == "the root":
                batch.root = "0" * 64
            else:
                await session.delete(mine)

        assert await recompute_run(bench.runtime.sessions, calculated) == 1
        named = capsys.readouterr().out
        assert (slip.payslip_id if what in ("a line", "a slip") else slip.batch_id) in named

    async def test_knows_no_such_run(self, bench: Bench) -> None:
        assert await recompute_run(bench.runtime.sessions, "run-0") == 2


class TestProgress:
    async def test_ends_when_the_run_is_calculated(
        self, bench: Bench, calculated: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await watch(bench.runtime.sessions, calculated, every_s=0.01) == 0

        shown = capsys.readouterr()
        assert "2/2" in shown.err
        assert "calculated" in shown.out

    async def test_ends_when_a_street_has_failed(
        self, bench: Bench, office: Any, calculated: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await office.queues(calculated)
        batch = next(one for one in await bench.rows(PayrollBatch) if one.area == "220102002")
        await bench.save(parked(batch.batch_id))
        for number, event in enumerate(await bench.sent(BatchQueued), start=100):
            await bench.hear(event, sequence=number)

        assert await watch(bench.runtime.sessions, calculated, every_s=0.01) == 1
        shown = capsys.readouterr().out
        assert "220102002" in shown
        assert "ZeroDivisionError" in shown
        assert "zhao" not in shown

    async def test_knows_no_such_run(self, bench: Bench) -> None:
        assert await watch(bench.runtime.sessions, "run-0") == 2
