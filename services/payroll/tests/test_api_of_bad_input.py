"""What is turned away at the door: identity numbers in free text, keys that would be repeated, lists of nothing."""

from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.testing import Bench
from payroll.models import Entry, OneOffPayment
from payroll.tests.sealed import STREET, UNION, approved_run, has_worker

COUNTY = "320102"
NUMBER, OLD_NUMBER = "110101199003070134", "220102900101123"
RUN = "/v1/payroll-runs/run-2026-03"
ONE_OFF = {
    "area": STREET,
    "staff": "union_worker",
    "organisation_id": UNION,
    "kind": "labour_remuneration",
    "payee_id": "expert-017",
    "paid_in": "2026-09",
    "gross": "3000.00",
}
TAX_CARD = {
    "paid_before_this_year": True,
    "whole_last_year_here": False,
    "income_last_year": "0.00",
    "evidence": "本人声明",
    "on": "2026-01-10",
}
GRANT = {
    "worker_id": "zhang",
    "benefit": "medical_check",
    "granted_on": "2026-03-20",
    "evidence": "体检通知",
    "on": "2026-03-25",
}
ACCOUNT = {"worker_id": "zhang", "bank": "工商银行", "holder": "张某", "number": "6222021234567890128"}
CONTRACT = {
    "area": STREET,
    "staff": "purchased_service",
    "organisation_id": UNION,
    "provider": "某中心",
    "contract_reference": "2026-购-017",
    "instalment": 1,
    "amount": "1.00",
    "due_on": "2026-03-31",
    "paid_to": "provider",
    "on": "2026-03-20",
}
SETTLEMENT = {
    "worker_id": "zhang",
    "organisation_id": UNION,
    "kind": "repaid",
    "amount": "1.00",
    "reason": "本人交回",
    "reference": "0001",
    "on": "2026-03-20",
}


@pytest.fixture(autouse=True)
async def run(bench: Bench) -> None:
    bench.set_today(date(2026, 12, 31))
    await has_worker(bench, "zhang")
    await approved_run(bench, {"zhang": {"base": 600_000}})


def office(bench: Bench, area: str = COUNTY) -> Any:
    return bench.client(Role.FINANCE, Role.HUMAN_RESOURCES, Role.LEAD_DEPARTMENT, area=area)


class TestAnIdentityNumberInFreeText:
    """It would go into an event, a fact or a list, and from there into a log that nothing is ever taken out of."""

    @pytest.mark.parametrize("number", [NUMBER, OLD_NUMBER, f"{NUMBER}-1", f"核对 {NUMBER} 一人"])
    @pytest.mark.parametrize(
        ("method", "path", "body", "field"),
        [
            ("POST", "/one-off-payments", ONE_OFF, "payee_id"),
            ("POST", "/one-off-payments", ONE_OFF, "project"),
            ("PUT", f"/tax-cards/zhang/{UNION}/2026", TAX_CARD, "evidence"),
            ("POST", "/benefit-grants", GRANT, "evidence"),
            ("POST", "/benefit-grants", GRANT, "note"),
            ("POST", "/bank-accounts", ACCOUNT, "bank"),
            ("POST", "/contract-payments", CONTRACT, "contract_reference"),
            ("POST", "/contract-payments", CONTRACT, "provider"),
            ("POST", "/balance-settlements", SETTLEMENT, "reason"),
            ("POST", "/balance-settlements", SETTLEMENT, "reference"),
            ("POST", "/payroll-runs/run-2026-03/approval", {"on": "2026-03-26"}, "reason"),
            ("PUT", "/payroll-attributes/zhang/title", {"starts_on": "2026-03-01"}, "value"),
            ("PUT", "/contribution-bases/zhang/pension", {"from_month": "2026-07", "amount": "5000.00"}, "source"),
        ],
    )
    async def test_is_refused_with_its_place(
        self, bench: Bench, method: str, path: str, body: dict[str, Any], field: str, number: str
    ) -> None:
        if field == "payee_id" and not number.isascii():
            return  # no reference to begin with
        async with office(bench) as clerk:
            answer = await clerk.request(method, f"/v1{path}", json=body | {field: number})

        assert answer.status_code == 422
        faults = [(one["pointer"], one["code"]) for one in answer.json()["errors"]]
        assert (f"#/body/{field}", "IDENTITY_NUMBER") in faults
        assert number not in answer.text
        assert await bench.sent() == []
        assert await bench.rows(OneOffPayment) == []

    @pytest.mark.parametrize("number", [NUMBER, OLD_NUMBER])
    async def test_is_refused_as_the_reason_of_a_tax_sheet(self, bench: Bench, number: str) -> None:
        asked = {"reason": f"核对 {number}"}
        async with office(bench) as clerk:
            answer = await clerk.get(f"{RUN}/tax-sheets/wages", params=asked)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/query/reason")
        assert await bench.sent() == []

    async def test_is_refused_as_an_id_and_not_repeated(self, bench: Bench) -> None:
        async with office(bench) as clerk:
            answer = await clerk.get(f"/v1/payroll-entries/{NUMBER}/2026-03")

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/path/worker_id")
        assert NUMBER not in answer.text


class TestAKeyOfTheSendersOwn:
    @pytest.mark.parametrize(
        ("key", "pointer"),
        [
            pytest.param(NUMBER, "#/body/values/…/[key]", id="an identity number"),
            pytest.param("13800000000", "#/body/values/…/[key]", id="a telephone number"),
            pytest.param("张三", "#/body/values/…/[key]", id="a name"),
            pytest.param("Score", "#/body/values/Score/[key]", id="a code misspelt"),
        ],
    )
    async def test_is_repeated_only_where_it_is_a_plain_word(self, bench: Bench, key: str, pointer: str) -> None:
        async with office(bench) as clerk:
            answer = await clerk.put("/v1/payroll-entries/zhang/2026-03", json={"values": {key: "1"}})

        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
        assert await bench.rows(Entry) == []

    async def test_stands_beside_what_is_wrong_with_its_value(self, bench: Bench) -> None:
        async with office(bench) as clerk:
            answer = await clerk.put("/v1/payroll-entries/zhang/2026-03", json={"values": {"score": "x", NUMBER: "x"}})

        pointers = {one["pointer"] for one in answer.json()["errors"]}
        assert pointers == {"#/body/values/score", "#/body/values/…", "#/body/values/…/[key]"}
        assert NUMBER not in answer.text


LISTS = ("batches", "noted", "payslips", "set-aside", "payment-files")


class TestAListOfNothing:
    @pytest.mark.parametrize("what", LISTS)
    @pytest.mark.parametrize(
        ("run_id", "area", "status"),
        [
            pytest.param("NOSUCH", COUNTY, 404, id="of a run that there is none of"),
            pytest.param("run-2026-03", "320104", 404, id="of another county's run"),
            pytest.param("run-2026-03", "320102002", 404, id="of the next street's run"),
            pytest.param("run-2026-03", COUNTY, 200, id="of a run of the own area"),
            pytest.param("county-run", STREET, 200, id="of a run that the own street is a part of"),
        ],
    )
    async def test_is_not_found(self, bench: Bench, what: str, run_id: str, area: str, status: int) -> None:
        await approved_run(bench, {}, run_id="county-run", month="2026-04", area=COUNTY)
        async with office(bench, area) as clerk:
            answer = await clerk.get(f"/v1/payroll-runs/{run_id}/{what}")

        assert answer.status_code == status

    @pytest.mark.parametrize("path", ["payroll-entries/{}/2026-03", "contribution-bases/{}"])
    @pytest.mark.parametrize(
        ("worker_id", "area", "status"),
        [
            pytest.param("nobody", COUNTY, 404, id="of nobody"),
            pytest.param("zhang", "320104", 404, id="of somebody elsewhere"),
            pytest.param("zhang", STREET, 200, id="of somebody here for whom nothing is entered"),
        ],
    )
    async def test_of_entries_and_bases_is_not_found(
        self, bench: Bench, path: str, worker_id: str, area: str, status: int
    ) -> None:
        async with office(bench, area) as clerk:
            assert (await clerk.get(f"/v1/{path.format(worker_id)}")).status_code == status
