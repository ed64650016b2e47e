from datetime import date
from typing import Any

import httpx
import pytest

from common.access import access_matrix
from common.actors import Role
from common.testing import Bench
from contracts.models import Organisation

DRAFT = {
    "worker_id": "worker-1",
    "starts_on": "2024-03-01",
    "ends_on": "2025-03-01",
    "probation_months": 2,
    "monthly_pay": "4200.00",
    "duties": "负责辖区企业建会和职工维权服务",
    "place": "梅园新村街道总工会",
    "on": "2024-02-28",
}
EXIT = {
    "worker_id": "worker-1",
    "ground": "breach_of_rules",
    "legal_ground": "R-39-2",
    "evidence": "见调查笔录",
    "on": "2024-06-03",
}
OFFICE = {"area": "320102"}


@pytest.fixture(autouse=True)
async def _hired(jiangsu: Any) -> None:
    await jiangsu.hire(on=date(2024, 2, 20))


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"/v1{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestAgreements:
    async def test_from_draft_to_renewal(self, bench: Bench, jiangsu: Any) -> None:
        await jiangsu.grade(y2024=True)
        async with bench.client(Role.LEAD_DEPARTMENT, **OFFICE) as office, self.worker(bench) as worker:
            draft = await post(office, "/agreements", DRAFT)
            path = f"/agreements/{draft['agreement_id']}"
            await post(office, f"{path}/signatures", {"party": "lead_department", "on": "2024-02-28"})
            signed = await post(worker, f"{path}/signatures", {"party": "worker", "on": "2024-02-29"})
            shown = (await worker.get(f"/v1{path}")).json()
            days = {"starts_on": "2025-03-01", "ends_on": "2026-03-01", "on": "2025-02-20"}
            renewal = await post(office, f"{path}/renewals", days)

        assert (draft["status"], draft["kind"], draft["clause"]) == ("drafted", "labour_fixed", "LAW-LCL-12")
        assert (signed["status"], signed["signed_on"], signed["monthly_pay"]) == ("signed", "2024-02-29", "4200.00")
        assert signed["signatures"] == [
            {"party": "lead_department", "on": "2024-02-28"},
            {"party": "worker", "on": "2024-02-29"},
        ]
        assert shown == signed
        assert (renewal["status"], renewal["renewal_of"]) == ("drafted", draft["agreement_id"])
        assert renewal["probation_months"] == 0

    async def test_a_worker_sees_only_what_is_his_own(self, bench: Bench, jiangsu: Any) -> None:
        draft = await jiangsu.draft(date(2024, 3, 1), date(2025, 3, 1))
        path = f"/v1/agreements/{draft.agreement_id}"

        async with bench.client(Role.WORKER, area="320102", subject="wang") as another:
            assert (await another.get(path)).status_code == 404
        async with bench.client(Role.FINANCE, area="320104") as elsewhere:
            assert (await elsewhere.get(path)).status_code == 404
        async with bench.client(Role.FINANCE, area="320102") as finance:
            assert (await finance.get(path)).status_code == 200

    @pytest.mark.parametrize("office", [Role.OPERATOR, Role.PARTY_COMMITTEE, Role.APPLICANT])
    async def test_an_office_that_may_not_read_it_opens_nothing_to_a_worker(
        self, bench: Bench, jiangsu: Any, office: Role
    ) -> None:
        draft = await jiangsu.draft(date(2024, 3, 1), date(2025, 3, 1))
        shown = (f"agreements/{draft.agreement_id}", "workers/worker-1/leaves", "workers/worker-1/transfers")

        async with bench.client(Role.WORKER, office, area="320102", subject="wang") as another:
            for path in shown:
                assert (await another.get(f"/v1/{path}")).status_code == 404, path

    async def test_a_refusal_names_its_clause_in_either_language(self, bench: Bench) -> None:
        body = {**DRAFT, "probation_months": 3}
        async with bench.client(Role.LEAD_DEPARTMENT, **OFFICE) as office:
            chinese = await office.post("/v1/agreements", json=body)
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102", language="en") as office:
            english = await office.post("/v1/agreements", json=body)

        assert (chinese.status_code, chinese.json()["clause"]) == (409, "LAW-LCL-19")
        assert "试用期最长 2 个月" in chinese.json()["detail"]
        assert "at most 2 months of probation" in english.json()["detail"]

    @pytest.mark.parametrize(
        ("wrong", "status"),
        [
            pytest.param({"starts_on": "1024-03-01"}, 422, id="a day before any calendar of ours"),
            pytest.param({"ends_on": "9999-12-31"}, 422, id="a day after it"),
            pytest.param({"ends_on": "2024-02-29"}, 422, id="an end before the beginning"),
            pytest.param({"monthly_pay": "4200.001"}, 422, id="pay finer than the fen"),
            pytest.param({"monthly_pay": "0"}, 422, id="no pay at all"),
            pytest.param({"monthly_pay": "NaN"}, 422, id="pay that is no number"),
            pytest.param({"probation_months": -1}, 422, id="a negative probation"),
            pytest.param({"duties": "a\u0000b"}, 422, id="a zero byte"),
            pytest.param({"kind": "labour_fixed"}, 422, id="a field that is not accepted"),
            pytest.param({"worker_id": "worker-2"}, 404, id="a worker nobody knows"),
        ],
    )
    async def test_a_body_that_is_not_right_is_turned_down(
        self, bench: Bench, wrong: dict[str, Any], status: int
    ) -> None:
        async with bench.client(Role.LEAD_DEPARTMENT, **OFFICE) as office:
            answer = await office.post("/v1/agreements", json={**DRAFT, **wrong})

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")

    def worker(self, bench: Bench) -> httpx.AsyncClient:
        return bench.client(Role.WORKER, area="320102", subject="chen")


class TestExitCases:
    async def test_from_opening_to_decision(self, bench: Bench) -> None:
        async with bench.client(Role.LEAD_DEPARTMENT, **OFFICE) as office:
            case = await post(office, "/exit-cases", EXIT)
            path = f"/exit-cases/{case['case_id']}"
            heard = await post(office, f"{path}/hearings", {"on": "2024-06-05", "statement": "本人无异议"})
            decision = {"on": "2024-06-11", "leaves": True, "left_on": "2024-06-12"}
            same = await office.post(f"/v1{path}/decisions", json=decision)
        async with bench.client(Role.LEAD_DEPARTMENT, area="320102", subject="head") as head:
            decided = await post(head, f"{path}/decisions", decision)
            shown = (await head.get(f"/v1{path}")).json()

        assert (case["status"], case["clause"], case["legal_ground"]) == ("opened", "JS-8e", "R-39-2")
        assert (heard["status"], heard["statement"]) == ("heard", "本人无异议")
        assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON")
        assert (decided["status"], decided["left_on"]) == ("left", "2024-06-12")
        assert shown == decided

    async def test_a_dismissal_needs_no_leaving_day(self, bench: Bench) -> None:
        async with bench.client(Role.LEAD_DEPARTMENT, **OFFICE) as office:
            case = await post(office, "/exit-cases", EXIT)
        async with bench.client(Role.CIVIL_AFFAIRS, area="320102", subject="head") as head:
            path = f"/exit-cases/{case['case_id']}/decisions"
            decided = await post(head, path, {"on": "2024-06-11", "leaves": False})

        assert (decided["status"], decided["left_on"]) == ("dismissed", None)

    async def test_a_ground_nobody_knows_is_no_ground(self, bench: Bench) -> None:
        async with bench.client(Role.LEAD_DEPARTMENT, **OFFICE) as office:
            answer = await office.post("/v1/exit-cases", json={**EXIT, "ground": "bad_luck"})

        assert answer.status_code == 422

    async def test_the_worker_sees_the_case_and_others_do_not(self, bench: Bench, jiangsu: Any) -> None:
        case = await jiangsu.open_exit("breach_of_rules", on=date(2024, 6, 3), legal_ground="R-39-2")
        statuses = []
        for subject in ("chen", "wang"):
            async with bench.client(Role.WORKER, area="320102", subject=subject) as worker:
                statuses.append((await worker.get(f"/v1/exit-cases/{case.case_id}")).status_code)

        assert statuses == [200, 404]


PATHS = {
    "draft_agreement": ("POST", "/agreements"),
    "get_agreement": ("GET", "/agreements/agreement-1"),
    "sign_agreement": ("POST", "/agreements/agreement-1/signatures"),
    "renew_agreement": ("POST", "/agreements/agreement-1/renewals"),
    "open_exit_case": ("POST", "/exit-cases"),
    "get_exit_case": ("GET", "/exit-cases/exit-1"),
    "hold_exit_hearing": ("POST", "/exit-cases/exit-1/hearings"),
    "decide_exit_case": ("POST", "/exit-cases/exit-1/decisions"),
}


class TestWhoMay:
    @pytest.mark.parametrize("operation", sorted(PATHS))
    async def test_only_the_roles_of_the_matrix(self, bench: Bench, operation: str) -> None:
        method, path = PATHS[operation]
        allowed = access_matrix()[operation]
        assert allowed

        for role in Role:
            async with bench.client(role, area="320102") as client:
                answer = await client.request(method, f"/v1{path}", json={} if method == "POST" else None)
            assert (answer.status_code == 403) is (role not in allowed), (role, answer.status_code)

    async def test_nobody_without_a_token(self, bench: Bench) -> None:
        async with bench.client() as client:
            for method, path in PATHS.values():
                assert (await client.request(method, f"/v1{path}")).status_code == 401


class TestLeavesAndTransfers:
    async def test_are_recorded_and_shown(self, bench: Bench, jiangsu: Any) -> None:
        await jiangsu.agrees(date(2024, 3, 1), date(2026, 3, 1))
        await bench.save(Organisation(organisation_id="organisation-2", area="320106001", committee_term_ends_on=None))
        leave = {
            "worker_id": "worker-1", "kind": "sick", "starts_on": "2024-06-03", "ends_on": "2024-06-08",
            "grounds": "见诊断证明", "on": "2024-06-03",
        }  # fmt: skip
        move = {
            "worker_id": "worker-1", "organisation_id": "organisation-2", "post_class": "ordinary",
            "starts_on": "2024-07-01", "consented_on": "2024-06-20", "consent": "见同意书", "on": "2024-06-25",
        }  # fmt: skip
        async with (
            bench.client(Role.LEAD_DEPARTMENT, area="3201") as office,
            bench.client(Role.WORKER, area="320106", subject="chen") as worker,
            bench.client(Role.WORKER, area="320106", subject="somebody else") as other,
        ):
            recorded = await post(office, "/leaves", leave)
            withdrawn = await post(office, f"/leaves/{recorded['leave_id']}/withdrawals", {"on": "2024-06-10"})
            moved = await post(office, "/transfers", move)
            leaves = (await worker.get("/v1/workers/worker-1/leaves")).json()
            transfers = (await worker.get("/v1/workers/worker-1/transfers")).json()
            hidden = await other.get("/v1/workers/worker-1/leaves")

        assert (recorded["withdrawn_on"], withdrawn["withdrawn_on"]) == (None, "2024-06-10")
        assert (moved["from_area"], moved["area"], moved["clause"]) == ("320102002", "320106001", "JS-4d")
        assert [one["leave_id"] for one in leaves] == [recorded["leave_id"]]
        assert [one["transfer_id"] for one in transfers] == [moved["transfer_id"]]
        assert hidden.status_code == 404
