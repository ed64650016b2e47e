from datetime import date

import pytest

from common.actors import Role
from common.testing import ISSUER
from payroll.commands.contributions import write_dues
from payroll.models import ContributionDue
from payroll.tests.sealed import STREET, UNION, approved_run, has_parameters, has_worker

COUNTY = "320102"
CARD = {"worker_id": "zhang", "bank": "工商银行", "holder": "zhang的姓名", "number": "6222 0212 3456 7890 128"}


@pytest.fixture
async def paid(bench) -> None:
    """One person with an approved slip, who signs in as `zhang`."""
    bench.set_today(date(2026, 12, 31))
    await has_parameters(bench)
    await has_worker(bench, "zhang", account=f"{ISSUER}|zhang")
    lines = {"base": 600_000, "pension_worker": 48_000, "pension_employer": 96_000}
    await bench.run(write_dues, batch_id=await approved_run(bench, {"zhang": lines}))


def finance(bench, subject: str = "clerk"):
    return bench.client(Role.FINANCE, area=COUNTY, subject=subject)


class TestBankAccounts:
    async def test_are_entered_confirmed_and_listed_without_the_number(self, bench, paid):
        async with finance(bench) as clerk, finance(bench, "chief") as chief:
            entered = await clerk.post("/v1/bank-accounts", json=CARD)
            account_id = entered.json()["account_id"]
            refused = await clerk.post(f"/v1/bank-accounts/{account_id}/confirmation")
            confirmed = await chief.post(f"/v1/bank-accounts/{account_id}/confirmation")
            listed = await clerk.get("/v1/bank-accounts", params={"waiting": False})

        assert (entered.status_code, entered.json()["warnings"]) == (201, [])
        assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON")
        assert "收款账户确认" in refused.json()["detail"]
        assert confirmed.status_code == 200
        assert [one["number_masked"] for one in listed.json()["items"]] == ["***************0128"]

    async def test_a_worker_sees_his_own_only(self, bench, paid):
        await has_worker(bench, "li")
        async with finance(bench) as clerk:
            for worker_id in ("zhang", "li"):
                await clerk.post("/v1/bank-accounts", json=CARD | {"worker_id": worker_id})
        async with bench.client(Role.WORKER, area=STREET, subject="zhang") as zhang:
            own = await zhang.get("/v1/bank-accounts")
            others = await zhang.post("/v1/bank-accounts", json=CARD | {"worker_id": "li"})

        assert [one["worker_id"] for one in own.json()["items"]] == ["zhang"]
        assert others.status_code == 404

    async def test_full_width_digits_are_digits(self, bench, paid):
        wide = "６２２２０２１２３４５６７８９０１２８"
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/bank-accounts", json=CARD | {"number": wide})

        assert (answer.status_code, answer.json()["warnings"]) == (201, [])

    @pytest.mark.parametrize("number", ["1234567", "12345678a", "1" * 33])
    async def test_a_number_that_is_none_is_refused_unseen(self, bench, paid, number):
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/bank-accounts", json=CARD | {"number": number})

        assert answer.status_code == 422
        assert number not in answer.text


class TestPayment:
    async def test_from_the_sealed_file_to_paid(self, bench, paid):
        async with finance(bench) as clerk, finance(bench, "chief") as chief:
            account_id = (await clerk.post("/v1/bank-accounts", json=CARD)).json()["account_id"]
            await chief.post(f"/v1/bank-accounts/{account_id}/confirmation")
            sealed = await clerk.post("/v1/payroll-runs/run-2026-03/payment-files", json={"on": "2026-03-26"})
            file = sealed.json()
            content = await clerk.get(f"/v1/payment-files/{file['file_id']}/content")
            given = {"on": "2026-03-26", "reference": "0001"}
            done = await clerk.post(f"/v1/payment-files/{file['file_id']}/payment", json=given)
            listed = await clerk.get("/v1/payroll-runs/run-2026-03/payment-files")

        assert (sealed.status_code, file["people"], file["total"]) == (201, 1, "5520.00")
        assert content.headers["content-disposition"].endswith('.csv"')
        assert content.headers["cache-control"] == "no-store"
        assert "6222021234567890128" in content.content.decode("utf-8-sig")
        assert done.json()["paid_on"] == "2026-03-26"
        assert [one["bank_reference"] for one in listed.json()["items"]] == ["0001"]

    async def test_whose_account_has_changed_since_is_counted(self, bench, paid):
        async with finance(bench) as clerk, finance(bench, "chief") as chief:
            account_id = (await clerk.post("/v1/bank-accounts", json=CARD)).json()["account_id"]
            await chief.post(f"/v1/bank-accounts/{account_id}/confirmation")
            file = (await clerk.post("/v1/payroll-runs/run-2026-03/payment-files", json={"on": "2026-03-26"})).json()
            unchanged = await clerk.get(f"/v1/payment-files/{file['file_id']}/content")
            await clerk.post("/v1/bank-accounts", json=CARD)
            content = await clerk.get(f"/v1/payment-files/{file['file_id']}/content")
            given = {"on": "2026-03-26", "reference": "0001"}
            done = await clerk.post(f"/v1/payment-files/{file['file_id']}/payment", json=given)

        assert "x-accounts-waiting-count" not in unchanged.headers
        assert content.headers["x-accounts-waiting-count"] == "1"
        assert (done.json()["accounts_waiting"], done.json()["total"]) == (1, "5520.00")

    async def test_who_is_held_back_is_named_with_the_reason(self, bench, paid):
        await has_worker(bench, "li")
        await approved_run(bench, {"li": {"base": 1}}, month="2026-04")
        async with finance(bench) as clerk:
            refused = await clerk.post("/v1/payroll-runs/run-2026-04/payment-files", json={"on": "2026-04-26"})

        assert (refused.status_code, refused.json()["params"]) == (409, {"held_back": 1})


class TestContributions:
    async def test_are_listed_as_overdue_and_marked_paid(self, bench, paid):
        async with finance(bench) as clerk:
            overdue = await clerk.get("/v1/contribution-dues", params={"overdue_on": "2026-04-01"})
            [due] = overdue.json()["items"]
            given = {"on": "2026-04-01", "reference": "凭证1"}
            done = await clerk.post(f"/v1/contribution-dues/{due['due_id']}/payment", json=given)
            left = await clerk.get("/v1/contribution-dues", params={"paid": False})

        assert (due["scheme"], due["employer"], due["worker"]) == ("pension", "960.00", "480.00")
        assert done.json()["paid_on"] == "2026-04-01"
        assert left.json()["items"] == []

    async def test_bases_are_set_listed_and_adjusted(self, bench, paid):
        body = {"from_month": "2026-07", "amount": "6120.50", "source": "工资表"}
        adjustment = {"area": COUNTY, "staff": "union_worker", "year": 2026, "from_month": "2027-01"}
        async with finance(bench) as clerk:
            kept = await clerk.put("/v1/contribution-bases/zhang/pension", json=body)
            adjusted = await clerk.post("/v1/contribution-base-adjustments", json=adjustment | {"schemes": ["pension"]})
            listed = await clerk.get("/v1/contribution-bases/zhang")

        assert (kept.status_code, kept.json()["amount"]) == (200, "6120.50")
        assert (adjusted.json()["workers"], adjusted.json()["total"]) == (1, "6000.00")
        assert [one["amount"] for one in listed.json()] == ["6120.50", "6000.00"]


class TestTaxCards:
    PLACE = f"/v1/tax-cards/zhang/{UNION}/2026"

    async def test_are_set_shown_and_chosen_by_the_worker(self, bench, paid):
        body = {
            "paid_before_this_year": True,
            "whole_last_year_here": False,
            "income_last_year": "0.00",
            "evidence": "本人声明",
            "opening": {"income": "12000.00", "months": 2},
            "on": "2026-01-05",
        }
        async with finance(bench) as clerk:
            kept = await clerk.put(self.PLACE, json=body)
        async with bench.client(Role.WORKER, area=STREET, subject="zhang") as zhang:
            ways = await zhang.get(f"{self.PLACE}/bonus-ways", params={"bonus": "36000.00", "paid_in": "2026-12"})
            chosen = await zhang.put(f"{self.PLACE}/bonus-way", json={"way": "separate", "on": "2026-12-01"})
            shown = await zhang.get(self.PLACE)

        assert (kept.status_code, kept.json()["mode"]) == (200, "employment_months")
        assert (
            kept.json()["opening"] | {"income": "12000.00", "withheld": "0.00", "months": 2} == kept.json()["opening"]
        )
        assert set(ways.json()) == {"so_far", "whole_year", "chosen"}
        assert (chosen.json()["bonus_way"], shown.json()["bonus_way"]) == ("separate", "separate")

    async def test_anothers_card_is_not_found(self, bench, paid):
        async with bench.client(Role.WORKER, area=STREET, subject="li") as li:
            assert (await li.get(self.PLACE)).status_code == 404


class TestContractPayments:
    async def test_are_entered_approved_paid_and_listed(self, bench, paid):
        body = {
            "area": COUNTY,
            "staff": "purchased_service",
            "organisation_id": "street-1",
            "provider": "某中心",
            "contract_reference": "2026-购-017",
            "instalment": 1,
            "amount": "120000.00",
            "due_on": "2026-03-31",
            "paid_to": "provider",
            "on": "2026-03-20",
        }
        async with finance(bench) as clerk, finance(bench, "chief") as chief:
            entered = await clerk.post("/v1/contract-payments", json=body)
            place = f"/v1/contract-payments/{entered.json()['payment_id']}"
            assert (await clerk.post(f"{place}/approval", json={"on": "2026-03-21"})).status_code == 409
            approved = await chief.post(f"{place}/approval", json={"on": "2026-03-21"})
            await clerk.post(f"{place}/payment", json={"on": "2026-03-31"})
            listed = await clerk.get("/v1/contract-payments", params={"paid": True, "due_by": "2026-03-31"})

        assert (entered.status_code, entered.json()["amount"]) == (201, "120000.00")
        assert approved.json()["approved_on"] == "2026-03-21"
        assert [one["paid_on"] for one in listed.json()["items"]] == ["2026-03-31"]


class TestWhatIf:
    async def test_answers_with_cost_and_people(self, office):
        await office.has_standard("4000.00")
        await office.has_worker("zhang")
        await office.enters("zhang", score="90")
        proposed = [{"post_class": "ordinary", "grade": 1, "monthly_amount": "5000.00"}]
        body = {"area": "220102", "staff": "community_worker", "month": "2026-03", "standards": proposed}
        async with office.bench.client(Role.FINANCE, area="2201") as clerk:
            answer = await clerk.post("/v1/what-ifs", json=body)
            elsewhere = await clerk.post("/v1/what-ifs", json=body | {"area": "320102"})
            page = await clerk.post("/v1/what-ifs", json=body | {"skip": 1})

        found = answer.json()
        assert (answer.status_code, found["before"]["gross"], found["after"]["gross"]) == (200, "4000.00", "5000.00")
        assert [(one["worker_id"], one["gross_after"]) for one in found["people"]] == [("zhang", "5000.00")]
        assert (page.json()["affected"], page.json()["people"]) == (1, [])
        assert elsewhere.status_code == 404


OPERATIONS = [
    pytest.param("get", "/v1/payment-files/file-1/content", Role.LEAD_DEPARTMENT, id="the file is finance's to open"),
    pytest.param("post", "/v1/payroll-runs/run-1/payment-files", Role.STREET_OFFICE, id="nor does a street seal it"),
    pytest.param("post", "/v1/bank-accounts/account-1/confirmation", Role.WORKER, id="a worker confirms no account"),
    pytest.param("get", "/v1/contribution-dues", Role.WORKER, id="a worker sees no dues of the employer"),
    pytest.param("post", "/v1/what-ifs", Role.STREET_OFFICE, id="a street reckons with no other figures"),
    pytest.param("put", f"/v1/tax-cards/zhang/{UNION}/2026", Role.WORKER, id="a worker sets no card"),
]


@pytest.mark.parametrize(("method", "path", "role"), OPERATIONS)
async def test_is_refused(bench, method, path, role):
    async with bench.client(role, area=COUNTY) as client:
        answer = await client.request(method, path, json={} if method != "get" else None)

    assert answer.status_code == 403


async def test_dues_of_another_county_are_not_shown(bench, paid):
    async with bench.client(Role.FINANCE, area="320104") as elsewhere:
        assert (await elsewhere.get("/v1/contribution-dues")).json()["items"] == []
    assert len(await bench.rows(ContributionDue)) == 1
