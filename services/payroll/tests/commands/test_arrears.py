from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.events.contracts import WorkerLeft, WorkerTransferred
from common.events.evaluation import ConsequenceDecided
from common.testing import Bench
from payroll.models import Change, PayrollBatch, PayslipLine

STAFF = "community_worker"
PLACE = "220102001002"


async def differences(office: Any, run_id: str, worker_id: str) -> dict[str, Decimal]:
    """What a run pays or takes back for earlier months, by month: the sum of the earnings."""
    slip = (await office.slips(run_id))[worker_id]
    [batch] = [one for one in await office.bench.rows(PayrollBatch) if one.batch_id == slip.batch_id]
    earnings = {line["code"] for line in batch.layout if line["kind"] == "earning"}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in await office.bench.rows(PayslipLine):
        if row.slip_no == slip.slip_no and row.period is not None and row.code in earnings:
            found[row.period] += Decimal(row.amount).scaleb(-2)
    return dict(found)


class TestArrears:
    """What comes in late about a month already paid is paid or taken back in the next run, once."""

    @pytest.fixture(autouse=True)
    async def _scored(self, office: Any) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await office.has_worker("wang")
        for month in ("2026-01", "2026-02", "2026-03", "2026-04"):
            for worker_id in ("li", "wang"):
                await office.enters(worker_id, month, score="90")

    async def test_a_grade_decided_late_is_paid_back_to_its_month(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4400.00", grade=2)
        await office.pays("2026-01")
        await office.pays("2026-02")
        await bench.hear(
            ConsequenceDecided(
                consequence_id="c", worker_id="li", area=PLACE, staff=STAFF, year=2025, kind="pay_step_up",
                approved=True, decided_on=date(2025, 12, 20),
            )
        )  # fmt: skip

        march = await office.pays("2026-03")
        april = await office.pays("2026-04")

        li, wang = [await differences(office, march, worker_id) for worker_id in ("li", "wang")]
        assert set(li) == {"2026-01", "2026-02"}
        # 400.00 a month more went into his own pay and the pool that both share.
        assert {month: li[month] + wang[month] for month in li} == dict.fromkeys(li, Decimal("400.00"))
        assert li["2026-01"] == Decimal("340.00")
        assert await differences(office, april, "li") == {}

    async def test_somebody_hired_late_is_paid_the_month_before(self, office: Any, bench: Bench) -> None:
        await office.pays("2026-02")
        await office.has_worker("zhao", starts_on=date(2026, 2, 1))
        await office.enters("zhao", "2026-02", score="90")
        await office.enters("zhao", "2026-03", score="90")

        march = await office.pays("2026-03")

        assert await differences(office, march, "zhao") == {"2026-02": Decimal("4000.00")}
        assert (await office.slips(march))["zhao"].gross == 800000

    async def test_what_was_reported_for_a_month_paid_late_counts_in_the_same_tax_year(self, office: Any) -> None:
        await office.pays("2026-02")
        await office.has_worker("zhao", starts_on=date(2026, 2, 1))
        for month, reported in (("2026-02", "2000"), ("2026-03", "1500"), ("2026-04", "1500")):
            await office.enters("zhao", month, score="90", **{"additional.infant_care": reported})

        march = (await office.slips(await office.pays("2026-03")))["zhao"]
        april = (await office.slips(await office.pays("2026-04")))["zhao"]

        assert (march.additional, april.additional) == (350000, 150000)

    async def test_not_what_was_reported_for_a_month_of_the_tax_year_before(self, office: Any) -> None:
        await office.pays("2026-02")
        await office.has_worker("zhao", starts_on=date(2026, 2, 1))
        for month, reported in (("2026-02", "2000"), ("2026-03", "1500")):
            await office.enters("zhao", month, score="90", **{"additional.infant_care": reported})

        march = (await office.slips(await office.pays("2026-03", paid_in="2027-01")))["zhao"]

        assert march.additional == 150000

    async def test_a_leaving_heard_of_late_takes_the_month_back(self, office: Any, bench: Bench) -> None:
        await office.pays("2026-02")
        await bench.hear(
            WorkerLeft(
                worker_id="li", case_id="case", area=PLACE, staff=STAFF, ground="resigned", clause="JL-10",
                left_on=date(2026, 2, 1),
            )
        )  # fmt: skip

        march = await office.opens("2026-03")
        run = await office.calculates(march)

        assert (await office.set_aside(march), run.workers) == ([], 2)
        taken_back = sum((await differences(office, march, "li")).values())
        assert taken_back < 0
        assert (await office.slips(march))["li"].net == 0

    async def test_what_is_entered_late_is_paid_with_the_next_run(self, office: Any) -> None:
        await office.pays("2026-02")
        await office.enters("li", "2026-02", overtime_pay="300")

        march = await office.pays("2026-03")

        assert await differences(office, march, "li") == {"2026-02": Decimal("300.00")}

    async def test_a_transfer_told_late_is_settled_in_the_new_street(self, office: Any, bench: Bench) -> None:
        await office.has_worker("qian", area="220102002001")
        for month in ("2026-02", "2026-03"):
            await office.enters("qian", month, score="90")
        await office.pays("2026-02", area="220102")
        await bench.hear(
            WorkerTransferred(
                transfer_id="t", worker_id="li", from_area=PLACE, area="220102002001", staff=STAFF,
                organisation_id="community-220102002001", post_class="ordinary", starts_on=date(2026, 2, 1),
            )
        )  # fmt: skip

        march = await office.pays("2026-03", area="220102")

        # The same month's pay, of another employer now; the others' pools come out the same.
        assert await differences(office, march, "li") == {"2026-02": Decimal("0.00")}
        assert [await differences(office, march, worker_id) for worker_id in ("wang", "qian")] == [{}, {}]

    async def test_what_was_settled_is_named_by_the_run(self, office: Any, bench: Bench) -> None:
        await office.pays("2026-02")
        await office.enters("li", "2026-02", overtime_pay="300")
        march = await office.pays("2026-03")

        [late] = [row for row in await bench.rows(Change) if row.reference == "2026-02 overtime_pay"]
        assert late.settled_by == march
