"""Who may do what, asked of every operation by every role; and who sees what, by the API and by the database alone."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.access import access_matrix
from common.actors import Role
from common.embedded.platform import Platform
from tests.integration import exchange

DOCUMENT = Path(__file__).resolve().parents[2] / "services" / "gateway" / "openapi.json"


def operations() -> list[tuple[str, str, str]]:
    """Operation id, method and path, the path's parameters filled with an id that nobody has."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
    return [
        (operation["operationId"], method.upper(), re.sub(r"\{[^}]+\}", "22", path))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "operationId" in operation
    ]


@pytest.fixture(scope="module")
def gateway(platform: Platform):
    with httpx.Client(base_url=platform.service_url("gateway"), timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def signed_in(gateway: httpx.Client):
    known: dict[tuple[str, str], dict[str, str]] = {}

    def headers(role: str, area: str) -> dict[str, str]:
        if (role, area) not in known:
            body = {"subject": f"{role}-{area}", "roles": [role], "area": area}
            token = gateway.post("/dev/tokens", json=body).json()["access_token"]
            known[role, area] = {"Authorization": f"Bearer {token}"}
        return known[role, area]

    return headers


def status_of(gateway: httpx.Client, method: str, path: str, headers: dict[str, str]) -> int:
    with gateway.stream(method, path, headers=headers, json={} if method != "GET" else None) as answer:
        return answer.status_code


@pytest.mark.parametrize(("operation", "method", "path"), operations(), ids=[one[0] for one in operations()])
class TestEveryOperation:
    def test_is_open_to_the_roles_of_the_matrix_and_to_no_other(self, gateway, signed_in, operation, method, path):
        statuses = {role: status_of(gateway, method, path, signed_in(str(role), "22")) for role in Role}

        allowed = {role for role, status in statuses.items() if status != 403}
        assert allowed == set(access_matrix()[operation])
        assert 500 not in statuses.values()

    def test_is_closed_without_a_token(self, gateway, operation, method, path):
        assert status_of(gateway, method, path, {}) == 401


class TestAnotherStreet:
    """What belongs to 320102002 does not exist for 320102003."""

    @pytest.mark.parametrize("role", ["street_office", "lead_department", "finance", "superior_union"])
    def test_finds_no_worker(self, gateway, signed_in, platform, undisturbed, role):
        [(worker_id,)] = exchange.query(platform, "registry", "SELECT worker_id FROM worker WHERE area = '320102002'")

        mine = gateway.get(f"/v1/workers/{worker_id}", headers=signed_in(role, "320102002"))
        theirs = gateway.get(f"/v1/workers/{worker_id}", headers=signed_in(role, "320102003"))
        listed = gateway.get("/v1/workers", headers=signed_in(role, "320102003")).json()["items"]

        assert [mine.status_code, theirs.status_code] == [200, 404]
        assert listed == []

    def test_another_worker_does_not_find_him_either(self, gateway, signed_in, platform, undisturbed):
        [(worker_id,)] = exchange.query(platform, "registry", "SELECT worker_id FROM worker WHERE area = '320102002'")

        answer = gateway.get(f"/v1/workers/{worker_id}", headers=signed_in("worker", "320102"))

        assert answer.status_code == 404

    @pytest.mark.parametrize(
        "service", ["affairs", "audit", "contracts", "evaluation", "gateway", "payroll", "recruitment", "registry"]
    )
    def test_sees_no_row_by_the_database_alone(self, platform, undisturbed, service):
        tables = exchange.query(
            platform,
            service,
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'area' AND table_schema = 'public'",
        )
        assert tables

        for (table,) in tables:
            theirs = f"SELECT count(*) FROM {table} WHERE NOT starts_with(area, '320102003')"  # noqa: S608
            if table in ("policy_choice", "pay_standard", "parameter", "change"):
                # What is set above binds the streets below, and is read by them; what concerns one person is not.
                theirs += " AND NOT starts_with('320102003', area)"
                if (service, table) == ("payroll", "change"):
                    personal = "SELECT count(*) FROM change WHERE worker_id IS NOT NULL"
                    assert exchange.query(platform, service, personal, area="320102003") == [(0,)]
            assert exchange.query(platform, service, theirs, area="320102003") == [(0,)], table
