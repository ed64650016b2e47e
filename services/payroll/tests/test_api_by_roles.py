"""A worker who also has an office: others' papers are open as far as that office may read them, his own anywhere."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from common.actors import Role
from common.testing import ISSUER, Bench
from payroll.models import BankAccount, BenefitGrant, Organisation, TaxCard
from payroll.tests.sealed import STREET, UNION, approved_run, has_parameters, has_worker

COUNTY = "320102"
ELSEWHERE = "220102"
CARD = {"worker_id": "zhang", "bank": "工商银行", "holder": "zhang的姓名", "number": "6222 0212 3456 7890 128"}
TAX_CARD = f"/v1/tax-cards/zhang/{UNION}/2026"
FACTS = {
    "paid_before_this_year": True,
    "whole_last_year_here": False,
    "income_last_year": "0.00",
    "evidence": "本人声明",
    "on": "2026-01-10",
}
PAYMENT = {
    "area": STREET, "staff": "union_worker", "organisation_id": "union-320102", "kind": "labour_remuneration",
    "worker_id": "zhang", "paid_in": "2026-09", "gross": "3000.00",
}  # fmt: skip
OPEN_TO_NEITHER = (Role.OPERATOR, Role.PARTY_COMMITTEE, Role.GOVERNMENT, Role.CIVIL_AFFAIRS, Role.APPLICANT)


@pytest.fixture
async def papers(bench: Bench) -> Bench:
    """Zhang and Li of one street, each with an approved slip, who sign in by their names; the papers are Zhang's."""
    bench.set_today(date(2026, 12, 31))
    await has_parameters(bench)
    for worker_id in ("zhang", "li"):
        await has_worker(bench, worker_id, account=f"{ISSUER}|{worker_id}")
    await approved_run(bench, {"zhang": {"base": 600_000}, "li": {"base": 600_000}})
    await bench.save(Organisation(organisation_id="union-320102", area=COUNTY), _grant())
    async with (
        bench.client(Role.HUMAN_RESOURCES, Role.FINANCE, area=COUNTY) as clerk,
        bench.client(Role.FINANCE, area=COUNTY, subject="chief") as chief,
    ):
        assert (await clerk.put(TAX_CARD, json=FACTS)).status_code == 200
        assert (await clerk.post("/v1/bank-accounts", json=CARD)).status_code == 201
        paid = (await clerk.post("/v1/one-off-payments", json=PAYMENT)).json()
        approval = f"/v1/one-off-payments/{paid['payment_id']}/approval"
        assert (await chief.post(approval, json={"on": "2026-09-20"})).status_code == 200
    return bench


def _grant() -> BenefitGrant:
    return BenefitGrant(
        grant_id="grant-zhang", worker_id="zhang", organisation_id=UNION, area=STREET, staff="union_worker",
        benefit="medical_check", granted_on=date(2026, 3, 20), evidence="体检通知", clause="made-up",
        decision_id="decision-1", granted_by="x|clerk", recorded_at=datetime(2026, 3, 20, tzinfo=UTC),
    )  # fmt: skip


async def listed(client: Any, path: str) -> int:
    return len((await client.get(path)).json()["items"])


LISTS = ("/v1/bank-accounts", "/v1/one-off-payments", "/v1/benefit-grants")


class TestOthersPapers:
    @pytest.mark.parametrize("office", OPEN_TO_NEITHER)
    async def test_are_closed_to_a_worker_whose_office_may_not_read_them(self, papers: Bench, office: Role) -> None:
        async with papers.client(Role.WORKER, office, area=STREET, subject="li") as li:
            found = [await listed(li, path) for path in LISTS]
            seen = await li.get(TAX_CARD)
            ways = await li.get(f"{TAX_CARD}/bonus-ways", params={"bonus": "36000.00", "paid_in": "2026-12"})

        assert found == [0, 0, 0]
        assert (seen.status_code, ways.status_code) == (404, 404)

    @pytest.mark.parametrize("office", OPEN_TO_NEITHER)
    async def test_are_not_his_to_change(self, papers: Bench, office: Role) -> None:
        async with papers.client(Role.WORKER, office, area=STREET, subject="li") as li:
            chosen = await li.put(f"{TAX_CARD}/bonus-way", json={"way": "merged", "on": "2026-06-01"})
            entered = await li.post("/v1/bank-accounts", json=CARD)

        assert (chosen.status_code, entered.status_code) == (404, 404)
        assert [card.bonus_way for card in await papers.rows(TaxCard)] == [None]
        assert len(await papers.rows(BankAccount)) == 1

    async def test_are_open_to_the_office_where_it_may_read_them_and_not_beyond(self, papers: Bench) -> None:
        """A street office lists accounts, payments and grants; tax cards are not its business."""
        async with papers.client(Role.WORKER, Role.STREET_OFFICE, area=STREET, subject="li") as li:
            found = [await listed(li, path) for path in LISTS]
            seen = await li.get(TAX_CARD)
        async with papers.client(Role.WORKER, Role.FINANCE, area=STREET, subject="li") as li:
            assert (await li.get(TAX_CARD)).status_code == 200

        assert (found, seen.status_code) == ([1, 1, 1], 404)

    async def test_of_ones_own_stay_open(self, papers: Bench) -> None:
        async with papers.client(Role.WORKER, Role.OPERATOR, area=STREET, subject="zhang") as zhang:
            assert [await listed(zhang, path) for path in LISTS] == [1, 1, 1]
            assert (await zhang.get(TAX_CARD)).status_code == 200
            chosen = await zhang.put(f"{TAX_CARD}/bonus-way", json={"way": "merged", "on": "2026-06-01"})

        assert chosen.json()["bonus_way"] == "merged"


class TestOwnSlip:
    @pytest.mark.parametrize(
        "offices",
        [(), (Role.FINANCE,), (Role.LEAD_DEPARTMENT, Role.AUDITOR), (Role.OPERATOR,)],
        ids=lambda offices: "+".join(offices) or "a worker alone",
    )
    @pytest.mark.parametrize("area", [STREET, ELSEWHERE])
    async def test_is_read_wherever_the_office_is(self, office: Any, offices: tuple[Role, ...], area: str) -> None:
        slip_id, months = await two_months_of_chen(office)
        async with office.bench.client(Role.WORKER, *offices, area=area, subject="chen") as chen:
            own = (await chen.get("/v1/payslips")).json()["items"]
            answers = [await chen.get(f"/v1/payslips/{slip_id}{more}") for more in ("", "/proof", "/page")]
            answers.append(await chen.get(f"/v1/payslips/{slip_id}/comparison", params={"with": own[0]["payslip_id"]}))

        assert [one["month"] for one in own] == months
        assert [answer.status_code for answer in answers] == [200] * 4

    @pytest.mark.parametrize("office_role", [Role.FINANCE, Role.AUDITOR, Role.OPERATOR])
    async def test_of_another_is_not_read_from_elsewhere(self, office: Any, office_role: Role) -> None:
        slip_id, _ = await two_months_of_chen(office)
        async with office.bench.client(Role.WORKER, office_role, area=ELSEWHERE, subject="li") as li:
            assert (await li.get(f"/v1/payslips/{slip_id}")).status_code == 404
            assert (await li.get(f"/v1/payslips/{slip_id}/proof")).status_code == 404

    async def test_that_is_not_approved_is_read_by_the_office_alone(self, papers: Bench) -> None:
        await approved_run(papers, {"zhang": {"base": 600_000}}, month="2026-04", status="reviewed")
        slip = "/v1/payslips/payslip-run-2026-04-zhang"
        async with papers.client(Role.WORKER, Role.OPERATOR, area=STREET, subject="zhang") as zhang:
            assert (await zhang.get(slip)).status_code == 404
        async with papers.client(Role.WORKER, Role.FINANCE, area=STREET, subject="li") as li:
            assert (await li.get(slip)).status_code != 404


async def two_months_of_chen(office: Any) -> tuple[str, list[str]]:
    """Chen's slip of March and the months he was paid for."""
    place = {"area": "320102001", "staff": "union_worker"}
    await office.has_standard("6000.00", area="3201", staff="union_worker")
    await office.has_worker("chen", **place, account=f"{ISSUER}|chen")
    months = ["2026-02", "2026-03"]
    for month in months:
        await office.enters("chen", month=month, performance_pay="1.00")
        run = await office.pays(month, **place)
    return (await office.slips(run))["chen"].payslip_id, months
