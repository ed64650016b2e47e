"""What a run leaves behind is counted in its row and listed in pages of its own."""

from datetime import date
from typing import Any

import httpx
import pytest

from common.actors import Role
from common.testing import Bench
from payroll.models import PayrollBatch
from payroll.tests.commands.test_payments import has_account, seals
from payroll.tests.paged import pages
from payroll.tests.sealed import approved_run, has_worker

COUNTY, STREET_2 = "320102", "320102002"
RUN = "/v1/payroll-runs/run-2026-03"
SWING = {"period": "2026-03", "code": "pay_swing", "zh": "差额较大", "en": "a large difference", "clause": "LAW-LV-19"}
ADVANCED = {"period": "2026-03", "code": "advanced_by_employer", "zh": "单位垫付", "en": "laid out", "clause": None}


def finance(bench: Bench) -> httpx.AsyncClient:
    return bench.client(Role.FINANCE, area=COUNTY)


async def listed(client: httpx.AsyncClient, path: str, **asked: Any) -> list[Any]:
    return [one async for page in pages(client, path, **({"limit": 1} | asked)) for one in page]


async def noted(bench: Bench, street: str, *findings: dict[str, Any]) -> None:
    async with bench.session() as session, session.begin():
        batch = await session.get_one(PayrollBatch, f"batch-run-2026-03-{street}")
        batch.findings = list(findings)


@pytest.fixture
async def run(bench: Bench) -> None:
    """Five people of two streets; zhang and sun have accounts."""
    bench.set_today(date(2026, 12, 31))
    streets = {"320102001": ("li", "wang", "zhang"), STREET_2: ("chen", "sun")}
    for street, workers in streets.items():
        for worker_id in workers:
            await has_worker(bench, worker_id, area=street)
        await approved_run(bench, {one: {"base": 400_000} for one in workers}, area=street, run_area=COUNTY)
    for worker_id in ("zhang", "sun"):
        await has_account(bench, worker_id)


class TestHeldBack:
    async def test_is_counted_in_the_file_and_listed_by_page(self, bench: Bench, run: None) -> None:
        await has_account(bench, "chen", confirmed=False)
        async with finance(bench) as client:
            sealed = (await client.post(f"{RUN}/payment-files", json={"on": "2026-03-26"})).json()
            file = f"/v1/payment-files/{sealed['file_id']}"
            by_page = [page async for page in pages(client, f"{file}/held-back", limit=2)]
            [row] = await listed(client, f"{RUN}/payment-files")

        assert (sealed["held_back"], row) == (3, sealed)
        assert [[(one["worker_id"], one["reason"], one["amount"]) for one in page] for page in by_page] == [
            [("li", "account_missing", "4000.00"), ("wang", "account_missing", "4000.00")],
            [("chen", "account_not_confirmed", "4000.00")],
        ]

    async def test_of_a_later_file_are_its_own(self, bench: Bench, run: None) -> None:
        first = await seals(bench)
        await has_account(bench, "li")
        second = await seals(bench)
        async with finance(bench) as client:
            numbers = [[one["number"] for one in page] async for page in pages(client, f"{RUN}/payment-files", limit=1)]
            held_back = [
                [one["worker_id"] for one in await listed(client, f"/v1/payment-files/{file.file_id}/held-back")]
                for file in (first, second)
            ]

        assert numbers == [[1], [2]]
        assert held_back == [["li", "wang", "chen"], ["wang", "chen"]]

    async def test_a_cursor_goes_on_with_its_own_file_alone(self, bench: Bench, run: None) -> None:
        first = await seals(bench)
        await has_account(bench, "li")
        second = await seals(bench)
        async with finance(bench) as client:
            place = f"/v1/payment-files/{first.file_id}/held-back"
            cursor = (await client.get(place, params={"limit": 1})).json()["next"]
            other = f"/v1/payment-files/{second.file_id}/held-back"
            answer = await client.get(other, params={"cursor": cursor})

        assert answer.status_code == 400


class TestAccountsWaiting:
    async def test_are_counted_where_the_file_is_paid_and_listed_by_page(self, bench: Bench, run: None) -> None:
        file = await seals(bench)
        path = f"/v1/payment-files/{file.file_id}"
        async with finance(bench) as client:
            none = await client.get(f"{path}/content"), await listed(client, f"{path}/accounts-waiting")
            for worker_id in ("zhang", "sun", "li"):  # li is not in the file
                await has_account(bench, worker_id, confirmed=False)
            opened = await client.get(f"{path}/content")
            by_page = [page async for page in pages(client, f"{path}/accounts-waiting", limit=1)]
            paid = await client.post(f"{path}/payment", json={"on": "2026-03-26", "reference": "1"})

        assert ("x-accounts-waiting-count" in none[0].headers, none[1]) == (False, [])
        assert opened.headers["x-accounts-waiting-count"] == "2"
        assert by_page == [[{"worker_id": "sun"}], [{"worker_id": "zhang"}]]
        assert (paid.status_code, paid.json()["accounts_waiting"]) == (200, 2)


class TestBatches:
    async def test_say_how_much_was_noted_and_list_it_by_page(self, bench: Bench, run: None) -> None:
        await noted(bench, "320102001", SWING | {"worker_id": "li"}, ADVANCED | {"worker_id": "li"})
        await noted(bench, STREET_2, SWING | {"worker_id": "sun"})
        async with finance(bench) as client:
            batches = [page async for page in pages(client, f"{RUN}/batches", limit=1)]
            found = [page async for page in pages(client, f"{RUN}/noted", limit=2)]
            swings = await listed(client, f"{RUN}/noted", code="pay_swing")

        assert [[(one["area"], one["noted"]) for one in page] for page in batches] == [
            [("320102001", 2)],
            [(STREET_2, 1)],
        ]
        assert found == [
            [SWING | {"worker_id": "li", "area": "320102001"}, ADVANCED | {"worker_id": "li", "area": "320102001"}],
            [SWING | {"worker_id": "sun", "area": STREET_2}],
        ]
        assert [one["worker_id"] for one in swings] == ["li", "sun"]

    async def test_of_a_street_alone_are_shown_to_its_office(self, bench: Bench, run: None) -> None:
        await noted(bench, "320102001", SWING | {"worker_id": "li"})
        await noted(bench, STREET_2, SWING | {"worker_id": "sun"})
        async with bench.client(Role.STREET_OFFICE, area=STREET_2) as client:
            batches = await listed(client, f"{RUN}/batches")
            found = await listed(client, f"{RUN}/noted")

        assert ([one["area"] for one in batches], [one["worker_id"] for one in found]) == ([STREET_2], ["sun"])


@pytest.mark.parametrize(
    "path",
    [
        *("payment-files/none/held-back", "payment-files/none/accounts-waiting"),
        *("one-off-files/none/held-back", "one-off-files/none/accounts-waiting"),
        *("payroll-runs/none/noted", "payroll-runs/none/batches", "payroll-runs/none/payment-files"),
    ],
)
@pytest.mark.parametrize(("role", "status"), [(Role.FINANCE, 404), (Role.WORKER, 403), (Role.HUMAN_RESOURCES, 403)])
async def test_of_nothing_there_is_no_list(bench: Bench, path: str, role: Role, status: int) -> None:
    async with bench.client(role, area=COUNTY) as client:
        assert (await client.get(f"/v1/{path}")).status_code == status


async def test_a_file_of_another_county_is_not_listed(bench: Bench, run: None) -> None:
    file = await seals(bench)
    async with bench.client(Role.FINANCE, area="320104") as client:
        answers = [
            await client.get(f"/v1/payment-files/{file.file_id}/{of}") for of in ("held-back", "accounts-waiting")
        ]

    assert [one.status_code for one in answers] == [404, 404]
