from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.events.payroll import PayslipIssued
from common.testing import ISSUER, Bench
from common.words import NOUNS
from payroll.models import PayrollRun, Payslip, RunStatus, StandardStatus

STANDARD = {
    "area": "320102",
    "staff": "union_worker",
    "post_class": "ordinary",
    "grade": 1,
    "monthly_amount": "6000.00",
    "starts_on": "2026-01-01",
}
RUN = {"area": "320102001", "staff": "union_worker", "month": "2026-03", "on": "2026-03-20"}
ON = {"on": "2026-03-25"}
AMOUNTS = {"assistant_social_worker": 200, "social_worker": "300.00", "senior_social_worker": 400}


@pytest.fixture
async def approved(office: Any, bench: Bench) -> Payslip:
    """Chen's slip of an approved run."""
    await office.has_worker(
        "chen", area="320102001", staff="union_worker", monthly_pay=Decimal("6000.00"), account=f"{ISSUER}|chen"
    )
    await office.pays("2026-03", area="320102001", staff="union_worker")
    [slip] = await bench.rows(Payslip)
    return slip


class TestPayrollOverHttp:
    async def test_from_standard_to_slip(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", area="320102001", staff="union_worker")
        clerk = bench.client(Role.FINANCE, area="320102", subject="clerk")
        chief = bench.client(Role.FINANCE, area="320102", subject="chief")

        drafted = await clerk.post("/v1/pay-standards", json=STANDARD)
        assert (drafted.status_code, drafted.json()["status"]) == (201, "drafted")
        standard = await chief.post(f"/v1/pay-standards/{drafted.json()['standard_id']}/approvals", json=ON)
        assert (standard.status_code, standard.json()["status"]) == (200, "approved")

        opened = await clerk.post("/v1/payroll-runs", json=RUN)
        assert (opened.status_code, opened.json()["paid_in"]) == (201, "2026-03")
        run = f"/v1/payroll-runs/{opened.json()['run_id']}"
        entry = await clerk.put(f"{run}/entries/chen", json={"performance_pay": "1200.00"})
        assert (entry.status_code, entry.json()["performance_pay"]) == (200, "1200.00")
        score = await clerk.put(f"{run}/pool-scores/chen", json={"score": "92.5"})
        assert score.status_code == 200
        calculated = await clerk.post(f"{run}/calculation", json=ON)
        assert (calculated.json()["status"], calculated.json()["gross_total"]) == ("calculated", "7200.00")
        approved = await chief.post(f"{run}/approval", json=ON)
        assert (approved.status_code, approved.json()["status"]) == (200, "approved")

        shown = (await clerk.get(run)).json()
        assert shown["slips"][0]["lines"][0]["label"] == "基本工资"
        slip = await clerk.get(f"/v1/payslips/{shown['slips'][0]['payslip_id']}")
        assert slip.json() == shown["slips"][0]
        assert [issued.gross for issued in await bench.sent(PayslipIssued)] == [Decimal("7200.00")]

    async def test_a_blocked_run_is_an_answer_with_findings(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", area="320102001", staff="union_worker")
        run_id = await office.opens(area="320102001", staff="union_worker")

        answer = await bench.client(Role.FINANCE, area="320102").post(f"/v1/payroll-runs/{run_id}/calculation", json=ON)

        assert (answer.status_code, answer.json()["status"]) == (200, "blocked")
        assert answer.json()["findings"][0]["code"] == "standard_missing"

    async def test_a_missing_clause_is_named(self, office: Any, bench: Bench) -> None:
        place = {"area": "330602001", "staff": "union_worker"}
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**place)

        answer = await bench.client(Role.FINANCE).post(f"/v1/payroll-runs/{run_id}/calculation", json=ON)

        assert (answer.status_code, answer.json()["code"]) == (409, "NO_CLAUSE")
        assert answer.json()["rule"] == "pay.composition"

    async def test_the_same_key_opens_one_run(self, bench: Bench) -> None:
        client = bench.client(Role.FINANCE, area="320102")
        key = {"Idempotency-Key": "once"}

        first = await client.post("/v1/payroll-runs", json=RUN, headers=key)
        again = await client.post("/v1/payroll-runs", json=RUN, headers=key)

        assert (first.json(), again.status_code) == (again.json(), 201)
        assert len(await bench.rows(PayrollRun)) == 1

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/pay-standards", STANDARD | {"monthly_amount": "0.00"}),
            ("/v1/pay-standards", STANDARD | {"monthly_amount": "1.001"}),
            ("/v1/pay-standards", STANDARD | {"grade": 0}),
            ("/v1/payroll-runs", RUN | {"month": "2026-13"}),
            ("/v1/payroll-runs", RUN | {"area": "32010"}),
            ("/v1/payroll-runs", RUN | {"name": "李某"}),
            ("/v1/payroll-runs", RUN | {"on": "1949-09-30"}),
            ("/v1/pay-standards", STANDARD | {"starts_on": "2200-01-01"}),
            ("/v1/payroll-runs/r/calculation", {"on": "1949-09-30"}),
        ],
    )
    async def test_a_malformed_body_is_refused(self, bench: Bench, path: str, body: dict[str, Any]) -> None:
        answer = await bench.client(Role.FINANCE, area="320102").post(path, json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


class TestWords:
    """What an error names, it names in the reader's language."""

    async def test_of_what_was_not_found(self, bench: Bench) -> None:
        english = bench.client(Role.FINANCE, area="320102", language="en")
        chinese = bench.client(Role.FINANCE, area="320102")

        details = [(await client.get("/v1/payroll-runs/run-0")).json()["detail"] for client in (english, chinese)]

        assert details[0].startswith("No payroll run run-0 found.")
        assert details[1].startswith("没有找到工资核算 run-0。")

    async def test_of_a_state(self, office: Any, bench: Bench) -> None:
        path = f"/v1/payroll-runs/{await office.opens(area='320102001', staff='union_worker')}/approval"
        english = bench.client(Role.FINANCE, area="320102", subject="chief", language="en")
        chinese = bench.client(Role.FINANCE, area="320102", subject="chief")

        details = [(await client.post(path, json=ON)).json()["detail"] for client in (english, chinese)]

        assert details[0] == "payroll run is in state 'open'; this needs 'calculated'."
        assert details[1].startswith("工资核算目前状态为“待核算”")

    async def test_of_an_act_for_somebody_else(self, office: Any, bench: Bench) -> None:
        drafted = await bench.client(Role.FINANCE, area="320102").post("/v1/pay-standards", json=STANDARD)
        english = bench.client(Role.FINANCE, area="320102", language="en")

        answer = await english.post(f"/v1/pay-standards/{drafted.json()['standard_id']}/approvals", json=ON)

        assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON")
        assert "approving the pay standard needs somebody else" in answer.json()["detail"]

    def test_are_known_for_each_state(self) -> None:
        assert {f"run.{state}" for state in RunStatus} | {f"standard.{state}" for state in StandardStatus} <= set(NOUNS)


class TestSlip:
    async def test_is_shown_to_its_worker_and_no_other(self, bench: Bench, approved: Payslip) -> None:
        path = f"/v1/payslips/{approved.payslip_id}"

        own = await bench.client(Role.WORKER, area="320102001", subject="chen").get(path)
        another = await bench.client(Role.WORKER, area="320102001", subject="li").get(path)
        stranger = await bench.client(Role.FINANCE, area="320103").get(path)

        assert (own.status_code, own.json()["net"]) == (200, str(approved.net))
        assert (another.status_code, stranger.status_code) == (404, 404)

    async def test_is_not_shown_to_its_worker_before_approval(self, office: Any, bench: Bench) -> None:
        await office.has_worker(
            "chen", area="320102001", staff="union_worker", monthly_pay=Decimal("6000.00"), account=f"{ISSUER}|chen"
        )
        await office.calculates(await office.opens(area="320102001", staff="union_worker"))
        [slip] = await bench.rows(Payslip)

        answer = await bench.client(Role.WORKER, area="320102001", subject="chen").get(
            f"/v1/payslips/{slip.payslip_id}"
        )

        assert answer.status_code == 404


class TestChoice:
    """JL-4d: the county sets the allowance within the bounds."""

    @pytest.mark.clause("JL-4d")
    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            pytest.param({}, 200, id="from the lowest, rising, as numbers or strings"),
            pytest.param({"assistant_social_worker": 199}, 409, id="not a yuan under the lowest"),
            pytest.param({"assistant_social_worker": "199.99"}, 409, id="not a fen under the lowest"),
            pytest.param({"social_worker": 200}, 409, id="not two levels alike"),
            pytest.param({"senior_social_worker": 250}, 409, id="not a level that falls"),
            pytest.param({"senior_social_worker": "NaN"}, 409, id="not what is no amount"),
            pytest.param({"senior_social_worker": 5000}, 200, id="up to the highest"),
            pytest.param({"senior_social_worker": 5001}, 409, id="not over the highest"),
        ],
    )
    async def test_is_taken(self, bench: Bench, changes: dict[str, Any], status: int) -> None:
        client = bench.client(Role.CIVIL_AFFAIRS, area="220102")
        body = {"area": "220102", "starts_on": "2026-01-01", "value": AMOUNTS | changes}

        answer = await client.put("/v1/payroll/choices/JL-4d/amounts", json=body)

        assert answer.status_code == status

    async def test_begins_within_a_working_life(self, bench: Bench) -> None:
        client = bench.client(Role.CIVIL_AFFAIRS, area="220102")
        body = {"area": "220102", "starts_on": "2200-01-01", "value": AMOUNTS}

        answer = await client.put("/v1/payroll/choices/JL-4d/amounts", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


class TestAccess:
    @pytest.mark.parametrize(
        ("method", "path", "role"),
        [
            ("POST", "/v1/pay-standards", Role.STREET_OFFICE),
            ("POST", "/v1/pay-standards/s/approvals", Role.WORKER),
            ("POST", "/v1/payroll-runs", Role.WORKER),
            ("PUT", "/v1/payroll-runs/r/entries/w", Role.WORKER),
            ("PUT", "/v1/payroll-runs/r/pool-scores/w", Role.WORKER),
            ("POST", "/v1/payroll-runs/r/calculation", Role.AUDITOR),
            ("POST", "/v1/payroll-runs/r/approval", Role.STREET_OFFICE),
            ("GET", "/v1/payroll-runs/r", Role.WORKER),
            ("GET", "/v1/payslips/p", Role.APPLICANT),
        ],
    )
    async def test_is_not_for(self, bench: Bench, method: str, path: str, role: Role) -> None:
        answers = [
            await bench.client(role, area="320102").request(method, path, json={}),
            await bench.client().request(method, path, json={}),
        ]

        assert [answer.status_code for answer in answers] == [403, 401]
