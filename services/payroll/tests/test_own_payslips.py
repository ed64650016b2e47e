"""What a worker lists are the own slips alone, of approved runs alone, wherever they were earned."""

from datetime import date

import pytest

from common.actors import Role
from common.testing import ISSUER, Bench
from payroll.tests.sealed import STREET, approved_run, has_worker

ELSEWHERE = "320103001"


@pytest.fixture
async def slips(bench: Bench) -> None:
    """Zhang's of March, of a month elsewhere before, and of a run that nobody has approved; Li's of March."""
    bench.set_today(date(2026, 12, 31))
    await has_worker(bench, "zhang", account=f"{ISSUER}|zhang")
    await has_worker(bench, "li", account=f"{ISSUER}|li")
    await has_worker(bench, "wang")
    both = {"zhang": {"base": 600_000}, "li": {"base": 500_000}, "wang": {"base": 400_000}}
    await approved_run(bench, {"zhang": {"base": 100}}, month="2026-01", area=ELSEWHERE)
    await approved_run(bench, both)
    await approved_run(bench, both, month="2026-04", status="reviewed")


class TestOwnPayslips:
    @pytest.mark.parametrize(
        ("who", "months"),
        [("zhang", ["2026-01", "2026-03"]), ("li", ["2026-03"]), ("somebody", [])],
    )
    @pytest.mark.parametrize("area", [STREET, ELSEWHERE])
    async def test_are_listed(self, bench: Bench, slips: None, who: str, months: list[str], area: str) -> None:
        async with bench.client(Role.WORKER, area=area, subject=who) as worker:
            listed = (await worker.get("/v1/payslips")).json()

        assert [(one["worker_id"], one["month"]) for one in listed["items"]] == [(who, month) for month in months]

    async def test_go_on_from_page_to_page(self, bench: Bench, slips: None) -> None:
        async with bench.client(Role.WORKER, area=STREET, subject="zhang") as worker:
            first = (await worker.get("/v1/payslips", params={"limit": 1})).json()
            second = (await worker.get("/v1/payslips", params={"limit": 1, "cursor": first["next"]})).json()
        async with bench.client(Role.WORKER, area=STREET, subject="li") as another:
            foreign = await another.get("/v1/payslips", params={"limit": 1, "cursor": first["next"]})

        assert [one["items"][0]["month"] for one in (first, second)] == ["2026-01", "2026-03"]
        assert (second["next"], foreign.status_code) == (None, 400)
