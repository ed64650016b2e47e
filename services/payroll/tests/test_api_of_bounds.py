"""What is typed wrongly is refused before anything is reckoned or kept, with the place and what may stand there."""

import time
from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.testing import ISSUER, Bench
from payroll.models import Attribute, ContributionBase, Parameter, PaymentFile
from payroll.tests.sealed import STREET, UNION, approved_run, has_parameters, has_worker

COUNTY = "320102"
CARD = {"worker_id": "zhang", "bank": "工商银行", "holder": "zhang的姓名", "number": "6222 0212 3456 7890 128"}
TAX_CARD = f"/v1/tax-cards/zhang/{UNION}/2026"
STANDARDS = [{"post_class": "ordinary", "grade": 1, "monthly_amount": "6000.00"}]
WHAT_IF = {"area": STREET, "staff": "union_worker", "month": "2026-03", "standards": STANDARDS}
RATES = {"employer": "0.16", "worker": "0.08", "unit": "0.01", "rounding": "half_up"}
LIMITS = {"floor": "4000.00", "ceiling": "20000.00"}
TOO_MUCH = "1000000.01"


@pytest.fixture(autouse=True)
async def paid(bench: Bench) -> None:
    """Zhang with an approved slip of March."""
    bench.set_today(date(2026, 12, 31))
    await has_parameters(bench)
    await has_worker(bench, "zhang", account=f"{ISSUER}|zhang")
    await approved_run(bench, {"zhang": {"base": 600_000}})


def finance(bench: Bench, subject: str = "clerk") -> Any:
    return bench.client(Role.FINANCE, area=COUNTY, subject=subject)


def table(rate: str) -> list[dict[str, Any]]:
    return [{"up_to": None, "rate": rate, "quick": "0.00"}]


BEYOND = [
    pytest.param("contribution.pension.limits", LIMITS | {"ceiling": TOO_MUCH}, id="ceiling"),
    pytest.param("contribution.pension.limits", {"floor": TOO_MUCH, "ceiling": TOO_MUCH}, id="floor"),
    pytest.param("contribution.pension.rates", RATES | {"employer": "0.1612347"}, id="seven places"),
    pytest.param("contribution.pension.rates", RATES | {"employer": "1e-1000"}, id="a thousand places"),
    pytest.param("contribution.pension.rates", RATES | {"employer": "1e-10000000"}, id="ten million places"),
    pytest.param("contribution.pension.rates", RATES | {"worker_fixed": TOO_MUCH}, id="fixed yuan"),
    pytest.param("tax.basic_monthly", "999999999999.00", id="basic deduction"),
    pytest.param("tax.year_table", table("1e-30"), id="rate of a bracket"),
    pytest.param("tax.year_table", [{"up_to": None, "rate": "0.45", "quick": "100000000.01"}], id="quick deduction"),
    pytest.param("wage.floor", {"monthly": TOO_MUCH, "hourly": None}, id="minimum wage"),
    pytest.param("amount.meal", TOO_MUCH, id="an amount"),
    pytest.param("table.meal", {"head": TOO_MUCH}, id="an amount of a table"),
]


class TestFigures:
    """A product beyond int64 would be wrong money without a word; a rate of ten million places takes a minute."""

    @pytest.mark.parametrize(("code", "value"), BEYOND)
    async def test_beyond_what_is_reckoned_are_not_proposed(self, bench: Bench, code: str, value: Any) -> None:
        begun = time.monotonic()
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/what-ifs", json=WHAT_IF | {"parameters": {code: value}})

        assert (answer.status_code, answer.json()["code"]) == (422, "PROPOSED_VALUE_WRONG")
        assert time.monotonic() - begun < 2

    @pytest.mark.parametrize(("code", "value"), BEYOND)
    async def test_beyond_what_is_reckoned_are_not_entered(self, bench: Bench, code: str, value: Any) -> None:
        before = len(await bench.rows(Parameter))
        given = {"code": code, "area": COUNTY, "starts_on": "2026-01-01", "value": value, "source": "文件"}
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/parameters", json=given | {"confidence": "H", "on": "2026-03-01"})

        assert (answer.status_code, answer.json()["code"]) == (422, "PARAMETER_INVALID")
        assert len(await bench.rows(Parameter)) == before

    async def test_at_the_bounds_are_reckoned_to_the_fen(self, bench: Bench) -> None:
        most = {"floor": "1000000.00", "ceiling": "1000000.00"}
        proposed = {
            "contribution.pension.limits": most,
            "contribution.pension.rates": RATES | {"employer": "0.161235"},
            "tax.basic_monthly": "1000000.00",
        }
        without = {"contribution.pension.rates": RATES | {"employer": "0"}, "contribution.pension.limits": most}
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/what-ifs", json=WHAT_IF | {"parameters": proposed})
            other = await clerk.post("/v1/what-ifs", json=WHAT_IF | {"parameters": without})

        fen = [round(float(one.json()["after"]["employer"]) * 100) for one in (answer, other)]
        assert (answer.status_code, fen[0] - fen[1]) == (200, 16_123_500)

    @pytest.mark.parametrize("figure", ["1e-10000000", "0.001", "1000000.01", "NaN", "1e400"])
    async def test_of_a_month_are_bounded(self, bench: Bench, figure: str) -> None:
        async with finance(bench) as clerk:
            answer = await clerk.put("/v1/payroll-entries/zhang/2026-12", json={"values": {"performance_pay": figure}})

        assert answer.status_code == 422


class TestText:
    async def test_that_no_database_holds_is_refused(self, bench: Bench) -> None:
        given = {"starts_on": "2026-03-01", "value": "a\0b"}
        async with finance(bench) as clerk:
            answer = await clerk.put("/v1/payroll-attributes/zhang/education", json=given)

        assert (answer.status_code, await bench.rows(Attribute)) == (422, [])

    @pytest.mark.parametrize(
        "cell", [pytest.param("1" * 131_073, id="a cell that is too long"), pytest.param('"1', id="half a quotation")]
    )
    async def test_of_a_csv_that_cannot_be_read_is_a_fault_of_its_line(self, bench: Bench, cell: str) -> None:
        content = f"人员编号,月份,得分\r\nzhang,2026-03,{cell}".encode()
        async with finance(bench) as clerk:
            answer = await clerk.post("/v1/payroll-imports", content=content)

        assert (answer.status_code, "第 2 行" in answer.json()["detail"]) == (422, True)


class TestSchemes:
    async def test_that_no_clause_provides_for_have_no_base(self, bench: Bench) -> None:
        given = {"from_month": "2026-01", "amount": "5000.00", "source": "工资表"}
        async with finance(bench) as clerk:
            wrong = await clerk.put("/v1/contribution-bases/zhang/pensoin", json=given)
            right = await clerk.put("/v1/contribution-bases/zhang/pension", json=given | {"from_month": "2001-01"})

        assert (wrong.status_code, wrong.json()["code"], right.status_code) == (422, "SCHEME_NOT_KNOWN", 200)
        assert "pension" in wrong.json()["detail"]
        assert [row.scheme for row in await bench.rows(ContributionBase)] == ["pension"]

    @pytest.mark.parametrize("area", [COUNTY, "3201"])
    @pytest.mark.parametrize(
        ("schemes", "status", "adjusted"),
        [(["pension", "pension"], 200, ["pension"]), (["pension", "pensoin"], 422, None)],
    )
    async def test_named_twice_are_adjusted_once(
        self, bench: Bench, area: str, schemes: list[str], status: int, adjusted: list[str] | None
    ) -> None:
        given = {"area": area, "staff": "union_worker", "year": 2026, "from_month": "2027-01", "schemes": schemes}
        async with bench.client(Role.FINANCE, area=area) as clerk:
            answer = await clerk.post("/v1/contribution-base-adjustments", json=given)

        assert (answer.status_code, answer.json().get("schemes")) == (status, adjusted)


class TestPaymentFiles:
    @pytest.fixture(autouse=True)
    async def account(self, bench: Bench) -> None:
        async with finance(bench) as clerk, finance(bench, "chief") as chief:
            account = (await clerk.post("/v1/bank-accounts", json=CARD)).json()
            await chief.post(f"/v1/bank-accounts/{account['account_id']}/confirmation")

    @pytest.mark.parametrize("form_name", ["tax_wages", "tax_bonus", "bank_of_nowhere"])
    async def test_are_in_a_banks_form(self, bench: Bench, form_name: str) -> None:
        async with finance(bench) as clerk:
            asked = {"form_name": form_name, "on": "2026-03-26"}
            answer = await clerk.post("/v1/payroll-runs/run-2026-03/payment-files", json=asked)

        assert (answer.status_code, answer.json()["code"]) == (422, "PAYMENT_FORM_NOT_KNOWN")

    @pytest.mark.parametrize(
        ("on", "status"), [("1949-10-01", 422), ("2026-03-25", 422), ("2026-03-26", 200), ("2026-03-27", 200)]
    )
    async def test_are_paid_on_the_day_they_were_sealed_at_the_earliest(
        self, bench: Bench, on: str, status: int
    ) -> None:
        async with finance(bench) as clerk:
            file = (await clerk.post("/v1/payroll-runs/run-2026-03/payment-files", json={"on": "2026-03-26"})).json()
            answer = await clerk.post(f"/v1/payment-files/{file['file_id']}/payment", json={"on": on, "reference": "1"})

        assert answer.status_code == status
        assert [one.paid_on is not None for one in await bench.rows(PaymentFile)] == [status == 200]


class TestBonusWays:
    @pytest.mark.parametrize(
        ("paid_in", "status"), [("2025-12", 422), ("2026-01", 200), ("2026-12", 200), ("2027-01", 422)]
    )
    async def test_are_those_of_the_year_of_the_card(self, bench: Bench, paid_in: str, status: int) -> None:
        async with finance(bench) as clerk:
            shown = await clerk.get(f"{TAX_CARD}/bonus-ways", params={"bonus": "36000.00", "paid_in": paid_in})

        assert shown.status_code == status
