from datetime import date
from decimal import Decimal

import pytest

from common.actors import Role
from common.events.contracts import LeaveRecorded

PLACE = "420103001"
EMPLOYER = f"community-{PLACE}"
WELFARE = {"staff": "public_welfare", "area": PLACE}


@pytest.fixture
async def owed(office, bench) -> str:
    """Of Li, after a January without pay: what her insurance came to, in yuan."""
    bench.set_today(date(2026, 12, 31))
    await office.has_worker("li", **WELFARE, organisation_id=EMPLOYER, monthly_pay=Decimal("4000.00"))
    leave = {"leave_id": "leave-1", "kind": "maternity", "starts_on": date(2026, 1, 1), "ends_on": date(2026, 2, 1)}
    await bench.hear(LeaveRecorded(worker_id="li", area=PLACE, **leave))
    slip = (await office.slips(await office.pays("2026-01", **WELFARE)))["li"]
    return str(-(await office.lines(slip))["advanced_by_employer"])


def settlement(amount: str = "1.00", **changes: str) -> dict[str, str]:
    given = {"worker_id": "li", "organisation_id": EMPLOYER, "kind": "written_off", "amount": amount}
    return given | {"reason": "本人生活困难", "reference": "会议纪要〔2026〕2号", "on": "2026-02-20"} | changes


def finance(bench, subject: str = "clerk"):
    return bench.client(Role.FINANCE, area="420103", subject=subject)


class TestBalances:
    async def test_from_the_list_to_nothing_owed(self, bench, owed):
        async with finance(bench) as clerk, finance(bench, "chief") as chief:
            [one] = (await clerk.get("/v1/open-balances", params={"area": PLACE})).json()["items"]
            drafted = await clerk.post("/v1/balance-settlements", json=settlement(owed))
            path = f"/v1/balance-settlements/{drafted.json()['settlement_id']}"
            [waiting] = (await clerk.get("/v1/open-balances")).json()["items"]
            refused = await clerk.post(f"{path}/approval", json={"on": "2026-02-20"})
            approved = await chief.post(f"{path}/approval", json={"on": "2026-02-20"})
            left = (await clerk.get("/v1/open-balances")).json()
            listed = (await clerk.get("/v1/balance-settlements", params={"waiting": False})).json()["items"]

        assert {name: one[name] for name in ("worker_id", "owed", "since_month", "left_on", "waiting")} == {
            "worker_id": "li", "owed": owed, "since_month": "2026-01", "left_on": None, "waiting": "0.00",
        }  # fmt: skip
        assert (drafted.status_code, drafted.json()["approved_on"], waiting["waiting"]) == (201, None, owed)
        assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON")
        assert (approved.status_code, approved.json()["clause"]) == (200, "LAW-LV-21")
        assert (left, [row["amount"] for row in listed]) == ({"items": [], "next": None}, [owed])

    async def test_the_same_key_drafts_once(self, bench, owed):
        async with finance(bench) as clerk:
            answers = [
                await clerk.post("/v1/balance-settlements", json=settlement("1.00"), headers={"Idempotency-Key": "a"})
                for _ in range(2)
            ]
            listed = (await clerk.get("/v1/balance-settlements")).json()["items"]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert len(listed) == 1

    async def test_rejected_stays_listed_and_settles_nothing(self, bench, owed):
        async with finance(bench) as clerk:
            drafted = (await clerk.post("/v1/balance-settlements", json=settlement(owed, kind="repaid"))).json()
            path = f"/v1/balance-settlements/{drafted['settlement_id']}"
            rejected = await clerk.post(f"{path}/rejection", json={"on": "2026-02-21"})
            again = await clerk.post(f"{path}/rejection", json={"on": "2026-02-21"})
            [one] = (await clerk.get("/v1/open-balances", params={"worker_id": "li"})).json()["items"]

        assert (rejected.json()["rejected_on"], again.status_code) == ("2026-02-21", 409)
        assert (one["owed"], one["waiting"]) == (owed, "0.00")

    async def test_more_than_is_open_is_refused_with_the_clause(self, bench, owed):
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/balance-settlements", json=settlement(f"{Decimal(owed) + 1}"))

        assert (answer.status_code, answer.json()["clause"]) == (409, "LAW-LV-21")
        assert f"尚可了结的待还金额{owed}元" in answer.json()["detail"]

    @pytest.mark.parametrize(
        "wrong", [{"amount": "0.00"}, {"amount": "-1.00"}, {"amount": "0.001"}, {"kind": "forgotten"}, {"reason": ""}]
    )
    async def test_a_settlement_that_is_none_is_refused(self, bench, owed, wrong):
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/balance-settlements", json=settlement() | wrong)

        assert answer.status_code == 422

    @pytest.mark.parametrize("role", [Role.HUMAN_RESOURCES, Role.STREET_OFFICE, Role.WORKER])
    async def test_are_finance_s_alone(self, bench, owed, role):
        async with bench.client(role, area="420103") as other:
            answers = [
                await other.get("/v1/open-balances"),
                await other.post("/v1/balance-settlements", json=settlement("1.00")),
            ]

        assert [answer.status_code for answer in answers] == [403, 403]


class TestPolicyChanges:
    async def test_nothing_has_changed(self, bench, owed):
        async with finance(bench) as clerk, bench.client(Role.STREET_OFFICE, area="420103") as street:
            answer = await clerk.post("/v1/policy-changes", json={"since": "2026-01"})
            elsewhere = await clerk.post("/v1/policy-changes", json={"area": "420104"})
            forbidden = await street.post("/v1/policy-changes", json={})

        assert (answer.status_code, answer.json()) == (200, {"noted": False, "items": []})
        assert (elsewhere.status_code, forbidden.status_code) == (404, 403)
