"""What an office sees of a run that does not come to its end, or in which somebody is missing."""

import asyncio
from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.clock import utc_now
from common.events.payroll import BatchQueued
from common.tables import ParkedMessage
from common.testing import Bench
from payroll.commands import runs
from payroll.models import Agreement, Payee, PayrollBatch, SetAside


@pytest.fixture
async def street(office: Any) -> None:
    await office.has_standard("4000.00")
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id)


async def parks(bench: Bench, batch_id: str, reason: str) -> None:
    known = len(await bench.rows(ParkedMessage))
    await bench.save(
        ParkedMessage(
            topic="payroll.work",
            partition=0,
            offset=known,
            key=batch_id,
            reason=reason,
            headers={},
            body=b"{}",
            parked_at=utc_now(),
        )
    )


async def shown(bench: Bench, run_id: str) -> Any:
    return (await bench.client(Role.FINANCE, area="220102").get(f"/v1/payroll-runs/{run_id}")).json()


@pytest.mark.usefixtures("street")
class TestWaiting:
    async def test_says_why_a_street_will_not_come_and_what_to_do(self, office: Any, bench: Bench) -> None:
        run_id = await office.opens()
        await office.queues(run_id)
        [batch] = await bench.rows(PayrollBatch)
        [before] = (await shown(bench, run_id))["waiting"]
        await parks(bench, batch.batch_id, "MemoryError: li, 4000.00")
        await parks(bench, batch.batch_id, "Unhandled: an earlier event of this key is parked")

        [waiting] = (await shown(bench, run_id))["waiting"]

        assert (before["area"], before["zh"]) == ("220102001", None)
        assert waiting["zh"] == "内存不足；请排除原因后重新核算，即重新排队"
        assert "calculate again" in waiting["en"]
        assert "4000" not in str(waiting)

    async def test_calculating_again_queues_it_anew(self, office: Any, bench: Bench) -> None:
        run_id = await office.opens()
        await office.scores(run_id, li=90, wang=60)
        await office.queues(run_id)
        [batch] = await bench.rows(PayrollBatch)
        await parks(bench, batch.batch_id, "MemoryError: li, 4000.00")

        await office.queues(run_id)
        [waiting] = (await shown(bench, run_id))["waiting"]
        for event in await bench.sent(BatchQueued):
            await bench.hear(event)

        assert waiting["zh"] is None
        assert (await office.the_run(run_id)).status == "calculated"

    async def test_says_which_slips_are_not_issued(self, office: Any, bench: Bench) -> None:
        run_id = await office.opens()
        await office.scores(run_id, li=90, wang=60)
        await office.calculates(run_id)
        await office.approves(run_id)
        assert (await shown(bench, run_id))["waiting"] == []
        async with bench.session() as session, session.begin():
            [batch] = await bench.rows(PayrollBatch)
            (await session.get_one(PayrollBatch, batch.batch_id)).issued_at = None
        await parks(bench, batch.batch_id, "SnapshotDisagrees: batch")

        [waiting] = (await shown(bench, run_id))["waiting"]

        assert "封存的核算数据与已写入的工资条不一致" in waiting["zh"]
        assert "重新核算" not in waiting["zh"]

    async def test_two_who_ask_for_it_and_one_who_works_do_not_wait_for_each_other(
        self, office: Any, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_id = await office.opens()
        await office.scores(run_id, li=90, wang=60)
        await office.queues(run_id)
        reached, goes_on = asyncio.Event(), asyncio.Event()
        require_figures = runs._require_figures

        async def waits(*given: Any) -> None:
            await require_figures(*given)
            if reached.is_set():
                return
            reached.set()
            await goes_on.wait()

        async with bench.transaction(office.clerk) as first:
            await runs.calculate_payroll_run(first, run_id=run_id, on=date(2026, 3, 25))
            await first.session.flush()
            monkeypatch.setattr(runs, "_require_figures", waits)
            second = asyncio.create_task(office.queues(run_id))
            await asyncio.sleep(0.3)
        await reached.wait()
        worked = asyncio.create_task(bench.hear((await bench.sent(BatchQueued))[1], sequence=2))
        await asyncio.sleep(0.5)
        goes_on.set()
        await asyncio.wait_for(asyncio.gather(second, worked), timeout=30)

        assert await bench.rows(ParkedMessage) == []
        await bench.hear((await bench.sent(BatchQueued))[2], sequence=3)
        assert (await office.the_run(run_id)).status == "calculated"


@pytest.mark.usefixtures("street")
class TestMissingSinceLastMonth:
    @staticmethod
    async def found(office: Any, bench: Bench) -> Any:
        """The finding of March, in which Li alone has a slip of February's two."""
        february = await office.opens("2026-02")
        await office.scores(february, li=90, wang=60)
        await office.calculates(february)
        await office.approves(february)
        march = await office.opens("2026-03")
        await office.scores(march, li=90, wang=60)
        return march

    async def test_names_who_has_neither_a_slip_nor_a_reason(self, office: Any, bench: Bench) -> None:
        march = await self.found(office, bench)
        async with bench.session() as session, session.begin():
            (await session.get_one(Agreement, "agreement-wang")).starts_on = date(2026, 4, 1)
        await office.calculates(march)

        findings = (await shown(bench, march))["findings"]

        [missing] = [one for one in findings if one["code"] == "missing_since_last_month"]
        assert (missing["people"], missing["workers"]) == (1, ["wang"])

    @pytest.mark.parametrize("why", ["is paid", "is set aside", "has left", "agreement ended", "moved away"])
    async def test_not_who(self, office: Any, bench: Bench, why: str) -> None:
        march = await self.found(office, bench)
        async with bench.session() as session, session.begin():
            agreement = await session.get_one(Agreement, "agreement-wang")
            payee = await session.get_one(Payee, "wang")
            if why == "is set aside":
                agreement.post_class = "head"
            elif why == "has left":
                payee.left_on = date(2026, 3, 1)
            elif why == "agreement ended":
                agreement.ends_on = date(2026, 3, 1)
            elif why == "moved away":
                agreement.area, payee.area = "220103001", "220103001"
        await office.calculates(march)

        assert ("wang" in await office.slips(march)) is (why == "is paid")
        assert ("wang" in [one.worker_id for one in await bench.rows(SetAside)]) is (why == "is set aside")
        findings = (await office.the_run(march)).findings
        assert "missing_since_last_month" not in [one["code"] for one in findings]
