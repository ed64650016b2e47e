import hashlib
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.events.payroll import PayslipIssued
from common.testing import ISSUER, Bench
from common.words import NOUNS
from payroll.models import PayrollBatch, PayrollRun, Payslip, PayslipLine, RunStatus, StandardStatus

STANDARD = {
    "area": "320102",
    "staff": "union_worker",
    "post_class": "ordinary",
    "grade": 1,
    "monthly_amount": "6000.00",
    "starts_on": "2026-01-01",
    "source": "区薪酬方案第三条（虚构）",
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
        deputy = bench.client(Role.FINANCE, area="320102", subject="deputy")
        chief = bench.client(Role.FINANCE, area="320102", subject="chief")

        drafted = await clerk.post("/v1/pay-standards", json=STANDARD)
        assert (drafted.status_code, drafted.json()["status"]) == (201, "drafted")
        standard = await chief.post(f"/v1/pay-standards/{drafted.json()['standard_id']}/approvals", json=ON)
        assert (standard.status_code, standard.json()["status"]) == (200, "approved")

        opened = await clerk.post("/v1/payroll-runs", json=RUN)
        assert (opened.status_code, opened.json()["paid_in"]) == (201, "2026-03")
        run = f"/v1/payroll-runs/{opened.json()['run_id']}"
        await office.enters("chen", performance_pay="1200.00")
        queued = await clerk.post(f"{run}/calculation", json=ON)
        assert (queued.status_code, queued.json()["status"], queued.json()["batches"]) == (200, "calculating", 1)
        await office.works()
        calculated = (await clerk.get(run)).json()
        assert (calculated["status"], calculated["gross_total"]) == ("calculated", "7200.00")
        reviewed = await deputy.post(f"{run}/review", json=ON | {"set_aside": 0})
        assert (reviewed.status_code, reviewed.json()["status"]) == (200, "reviewed")
        approved = await chief.post(f"{run}/approval", json=ON)
        assert (approved.status_code, approved.json()["status"]) == (200, "approved")
        await office.works()

        [listed] = (await clerk.get(f"{run}/payslips")).json()["items"]
        slip = (await clerk.get(f"/v1/payslips/{listed['payslip_id']}")).json()
        assert {name: slip[name] for name in listed} == listed
        assert (slip["lines"][0]["label"], slip["lines"][0]["amount"]) == ("基本工资", "6000.00")
        [batch] = (await clerk.get(f"{run}/batches")).json()["items"]
        assert (batch["workers"], batch["totals"]["gross_total"]) == (1, "7200.00")
        assert [issued.gross for issued in await bench.sent(PayslipIssued)] == [Decimal("7200.00")]

    async def test_who_was_set_aside_is_listed_with_the_reason(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", area="320102001", staff="union_worker")
        run_id = await office.opens(area="320102001", staff="union_worker")
        await office.calculates(run_id)
        client = bench.client(Role.FINANCE, area="320102")

        shown = (await client.get(f"/v1/payroll-runs/{run_id}")).json()
        [one] = (await client.get(f"/v1/payroll-runs/{run_id}/set-aside")).json()["items"]

        assert (shown["status"], shown["set_aside"]) == ("calculated", 1)
        assert shown["set_aside_by_code"] == {"standard_missing": 1}
        assert (one["worker_id"], one["code"], one["period"]) == ("chen", "standard_missing", "2026-03")

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            pytest.param({"area": "3201"}, 2, id="those within an area"),
            pytest.param({"area": "3201", "month": "2026-04"}, 1, id="of a month"),
            pytest.param({"status": "calculated"}, 1, id="in a state"),
            pytest.param({"staff": "community_worker"}, 1, id="of a kind of staff"),
            pytest.param({}, 3, id="all of them"),
        ],
    )
    async def test_runs_are_listed(self, office: Any, bench: Bench, asked: dict[str, str], found: int) -> None:
        place = {"area": "320102001", "staff": "union_worker"}
        await office.calculates(await office.opens(**place))
        await office.opens("2026-04", **place)
        await office.opens()
        client = bench.client(Role.FINANCE, area="")

        listed = (await client.get("/v1/payroll-runs", params=asked)).json()

        assert len(listed["items"]) == found

    async def test_a_missing_clause_is_named(self, office: Any, bench: Bench) -> None:
        place = {"area": "340102001", "staff": "union_worker"}
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
            ("/v1/pay-standards", STANDARD | {"source": " "}),
            ("/v1/pay-standards", STANDARD | {"source": "文" * 201}),
            ("/v1/pay-standards", {key: value for key, value in STANDARD.items() if key != "source"}),
            ("/v1/payroll-runs", RUN | {"month": "2026-13"}),
            ("/v1/payroll-runs", RUN | {"area": "32010"}),
            ("/v1/payroll-runs", RUN | {"name": "李某"}),
            ("/v1/payroll-runs", RUN | {"on": "1949-09-30"}),
            ("/v1/pay-standards", STANDARD | {"starts_on": "2200-01-01"}),
            ("/v1/payroll-runs", RUN | {"cycle": "weekly"}),
            ("/v1/payroll-runs/r/calculation", {"on": "1949-09-30"}),
            ("/v1/payroll-runs/r/review", ON),
            ("/v1/payroll-runs/r/review", ON | {"set_aside": -1}),
            ("/v1/payroll-runs/r/closing", ON | {"set_aside": 0}),
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

        assert details[0] == "payroll run is in state 'open'; this needs 'reviewed'."
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

        assert (own.status_code, own.json()["net"]) == (200, str(Decimal(approved.net).scaleb(-2)))
        assert (another.status_code, stranger.status_code) == (404, 404)

    async def test_is_shown_to_its_worker_also_of_a_countys_run(self, office: Any, bench: Bench) -> None:
        await office.has_worker(
            "chen", area="320102001003", staff="union_worker", monthly_pay=Decimal("6000.00"), account=f"{ISSUER}|chen"
        )
        await office.pays("2026-03", area="320102", staff="union_worker")
        client = bench.client(Role.WORKER, area="320102001003", subject="chen")

        [listed] = (await client.get("/v1/payslips")).json()["items"]

        answer = await client.get(f"/v1/payslips/{listed['payslip_id']}")
        assert (answer.status_code, answer.json()["gross"]) == (200, "6000.00")

    async def test_is_not_shown_to_its_worker_before_approval(self, office: Any, bench: Bench) -> None:
        await office.has_worker(
            "chen", area="320102001", staff="union_worker", monthly_pay=Decimal("6000.00"), account=f"{ISSUER}|chen"
        )
        await office.calculates(await office.opens(area="320102001", staff="union_worker"))
        [slip] = await bench.rows(Payslip)
        client = bench.client(Role.WORKER, area="320102001", subject="chen")

        answers = [await client.get(f"/v1/payslips/{slip.payslip_id}{what}") for what in ("", "/proof")]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert (await client.get("/v1/payslips")).json()["items"] == []

    async def test_says_of_each_line_why(self, bench: Bench, approved: Payslip) -> None:
        shown = (
            await bench.client(Role.WORKER, area="320102001", subject="chen").get(f"/v1/payslips/{approved.payslip_id}")
        ).json()

        for line in shown["lines"]:
            assert line["words"]
            assert line["clause"] or line["kind"] == "earning"
        earned = sum(Decimal(line["amount"]) for line in shown["lines"] if line["kind"] == "earning")
        taken = sum(Decimal(line["amount"]) for line in shown["lines"] if line["kind"] == "deduction")
        assert (str(earned), str(earned - taken)) == (shown["gross"], shown["net"])

    async def test_is_explained_to_who_has_moved_to_another_county(self, bench: Bench, approved: Payslip) -> None:
        chen = bench.client(Role.WORKER, area="220102001", subject="chen")
        path = f"/v1/payslips/{approved.payslip_id}"

        slip = await chen.get(path)
        compared = await chen.get(f"{path}/comparison", params={"with": approved.payslip_id})

        assert (slip.status_code, compared.status_code) == (200, 200)
        assert slip.json()["lines"]

    async def test_is_not_explained_when_it_is_not_what_was_sealed(self, bench: Bench, approved: Payslip) -> None:
        async with bench.session() as session, session.begin():
            line = await session.get_one(PayslipLine, (approved.slip_no, 0))
            line.amount += 1

        answer = await bench.client(Role.FINANCE, area="320102").get(f"/v1/payslips/{approved.payslip_id}")

        assert (answer.status_code, answer.json()["code"]) == (500, "SLIP_DISAGREES")

    async def test_is_proved_to_be_in_the_sealed_batch(self, office: Any, bench: Bench) -> None:
        """RFC 9162, 2.1.3.2: the path leads from the leaf to the root that the decision holds."""
        for number in range(5):
            await office.has_worker(
                f"worker-{number}", area="320102001", staff="union_worker", monthly_pay=Decimal("6000.00")
            )
        await office.pays("2026-03", area="320102001", staff="union_worker")
        [batch] = await bench.rows(PayrollBatch)
        client = bench.client(Role.FINANCE, area="320102")

        for slip in await bench.rows(Payslip):
            proof = (await client.get(f"/v1/payslips/{slip.payslip_id}/proof")).json()
            assert (proof["index"], proof["size"], proof["root"]) == (slip.leaf, 5, batch.root)
            assert root_by(proof) == batch.root

    async def test_is_compared_with_an_earlier_one_line_by_line(
        self, office: Any, bench: Bench, approved: Payslip
    ) -> None:
        await office.enters("chen", "2026-04", overtime_pay="500.00")
        april = await office.pays("2026-04", area="320102001", staff="union_worker")
        [later] = [slip for slip in await bench.rows(Payslip) if slip.run_id == april]
        client = bench.client(Role.WORKER, area="320102001", subject="chen")
        path = f"/v1/payslips/{later.payslip_id}/comparison"

        answer = await client.get(path, params={"with": approved.payslip_id})

        compared = {line["code"]: line for line in answer.json()["lines"]}
        assert (compared["overtime_pay"]["before"], compared["overtime_pay"]["difference"]) == (None, "500.00")
        assert compared["base"]["difference"] == "0.00"
        assert answer.json()["before"]["month"] == "2026-03"

    async def test_is_not_compared_with_somebody_elses(self, office: Any, bench: Bench, approved: Payslip) -> None:
        await office.has_worker("qian", area="320102001", staff="union_worker", monthly_pay=Decimal("6000.00"))
        await office.pays("2026-04", area="320102001", staff="union_worker")
        other = next(slip for slip in await bench.rows(Payslip) if slip.worker_id == "qian")

        answer = await bench.client(Role.FINANCE, area="320102").get(
            f"/v1/payslips/{approved.payslip_id}/comparison", params={"with": other.payslip_id}
        )

        assert answer.status_code == 404


def root_by(proof: dict[str, Any]) -> str:
    """The root that a path leads to, by the algorithm of the RFC and nothing of ours."""
    index, last, node = proof["index"], proof["size"] - 1, bytes.fromhex(proof["leaf"])
    for sibling in map(bytes.fromhex, proof["path"]):
        if index % 2 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not index % 2 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return node.hex()


@pytest.mark.usefixtures("left_to_counties")
class TestChoice:
    """What a document leaves to a county, the county chooses within the bounds and as the rule wants it."""

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
            ("POST", "/v1/payroll-runs/r/calculation", Role.AUDITOR),
            ("POST", "/v1/payroll-runs/r/review", Role.STREET_OFFICE),
            ("POST", "/v1/payroll-runs/r/approval", Role.STREET_OFFICE),
            ("POST", "/v1/payroll-runs/r/closing", Role.AUDITOR),
            ("GET", "/v1/payroll-runs", Role.WORKER),
            ("GET", "/v1/payroll-runs/r", Role.WORKER),
            ("GET", "/v1/payroll-runs/r/batches", Role.WORKER),
            ("GET", "/v1/payroll-runs/r/payslips", Role.WORKER),
            ("GET", "/v1/payroll-runs/r/set-aside", Role.WORKER),
            ("GET", "/v1/payslips", Role.FINANCE),
            ("GET", "/v1/payslips/p/proof", Role.STREET_OFFICE),
            ("GET", "/v1/payslips/p/comparison", Role.STREET_OFFICE),
            ("GET", "/v1/payslips/p", Role.APPLICANT),
        ],
    )
    async def test_is_not_for(self, bench: Bench, method: str, path: str, role: Role) -> None:
        answers = [
            await bench.client(role, area="320102").request(method, path, json={}),
            await bench.client().request(method, path, json={}),
        ]

        assert [answer.status_code for answer in answers] == [403, 401]
