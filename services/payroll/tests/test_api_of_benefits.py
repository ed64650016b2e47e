from datetime import date
from typing import Any

import httpx
import pytest

from common.actors import Role
from common.testing import ISSUER, Bench
from payroll.models import BenefitGrant
from payroll.tests.benefits import COMMUNITY, COUNTY, NEXT_COMMUNITY, NEXT_COUNTY, STAFF, county_figures
from payroll.tests.offices import Office

TODAY = "2026-03-25"
GRANTS = "/v1/benefit-grants"


@pytest.fixture
async def li(office: Office, bench: Bench) -> str:
    bench.set_today(date.fromisoformat(TODAY))
    await bench.save(*county_figures(), *county_figures(NEXT_COUNTY))
    await office.has_worker("li", account=f"{ISSUER}|li")
    await office.has_worker("wang", account=f"{ISSUER}|wang")
    await office.has_worker("zhao", area=NEXT_COMMUNITY)
    return "li"


def office_of(bench: Bench, role: Role = Role.HUMAN_RESOURCES, area: str = COUNTY, **given: str) -> httpx.AsyncClient:
    return bench.client(role, area=area, **given)


def check(worker_id: str = "li", **changes: Any) -> dict[str, Any]:
    given = {"worker_id": worker_id, "benefit": "medical_check", "granted_on": "2026-03-20", "on": TODAY}
    return given | {"evidence": "体检通知〔2026〕1号"} | changes


def money(worker_id: str = "li", amount: str = "800.00", **changes: Any) -> dict[str, Any]:
    return check(worker_id, benefit="emergency_allowance", amount=amount, evidence="审批表3号", **changes)


class TestGrants:
    @pytest.mark.clause("JL-5c")
    async def test_from_the_due_list_and_back_onto_it(self, bench: Bench, li: str) -> None:
        asked = {"area": COUNTY, "staff": STAFF, "benefit": "medical_check", "on": TODAY}
        async with office_of(bench) as clerk:
            before = (await clerk.get("/v1/due-benefits", params=asked)).json()
            granted = await clerk.post(GRANTS, json=check())
            path = f"{GRANTS}/{granted.json()['grant_id']}"
            between = (await clerk.get("/v1/due-benefits", params=asked)).json()
            corrected = await clerk.post(f"{path}/correction", json=_told(check(granted_on="2026-03-19")))
            path = f"{GRANTS}/{corrected.json()['grant_id']}"
            withdrawn = await clerk.post(f"{path}/withdrawal", json={"reason": "未参加", "on": TODAY})
            after = (await clerk.get("/v1/due-benefits", params=asked)).json()

        assert [one["worker_id"] for one in before["items"]] == ["li", "wang"]
        assert (granted.status_code, granted.json()["clause"], granted.json()["amount"]) == (201, "JL-5c", None)
        assert [one["worker_id"] for one in between["items"]] == ["wang"]
        assert (corrected.status_code, corrected.json()["corrects"]) == (201, granted.json()["grant_id"])
        assert (withdrawn.status_code, withdrawn.json()["withdrawal_reason"]) == (200, "未参加")
        assert after == before

    async def test_a_refusal_names_the_clause_in_both_languages(self, bench: Bench, li: str) -> None:
        async with office_of(bench) as clerk, office_of(bench, language="en") as english:
            zh = await clerk.post(GRANTS, json=money(amount="2000.01"))
            en = await english.post(GRANTS, json=money(amount="2000.01"))

        assert (zh.status_code, zh.json()["clause"]) == (409, "JL-5c")
        assert "“应急补贴”每次最多2000.00元，2000.01元超出" in zh.json()["detail"]
        assert "at most 2000.00 yuan each time" in en.json()["detail"]

    async def test_a_day_to_come_is_refused(self, bench: Bench, li: str) -> None:
        async with office_of(bench) as clerk:
            told = await clerk.post(GRANTS, json=check(on="2026-03-26"))
            given = await clerk.post(GRANTS, json=check(granted_on="2026-03-26"))
            today = await clerk.post(GRANTS, json=check(granted_on=TODAY))

        assert (told.status_code, told.json()["code"]) == (422, "NOT_YET_THAT_DAY")
        assert (given.status_code, given.json()["code"]) == (422, "GRANTED_IN_FUTURE")
        assert today.status_code == 201

    async def test_told_twice_is_one_with_the_key_and_without(self, bench: Bench, li: str) -> None:
        async with office_of(bench) as clerk:
            answers = [await clerk.post(GRANTS, json=money(), headers={"Idempotency-Key": "a"}) for _ in range(2)]
            answers.append(await clerk.post(GRANTS, json=money()))

        assert [answer.status_code for answer in answers] == [201, 201, 201]
        assert len({answer.json()["grant_id"] for answer in answers}) == 1
        assert len(await bench.rows(BenefitGrant)) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount": "0.00"},
            {"amount": "0.001"},
            {"evidence": " "},
            {"benefit": "体检"},
            {"granted_on": "1949-09-30"},
            {"note": "文" * 401},
            {"diagnosis": "x"},
        ],
    )
    async def test_a_malformed_body_is_refused(self, bench: Bench, li: str, wrong: dict[str, Any]) -> None:
        async with office_of(bench) as clerk:
            answer = await clerk.post(GRANTS, json=check() | wrong)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


class TestLists:
    @pytest.fixture
    async def granted(self, bench: Bench, li: str) -> list[str]:
        """Of Li a check and money, of Wang money in the year before and withdrawn now, of Zhao next door a check."""
        told = [check(), money(), money("wang", granted_on="2025-12-31"), money("wang", amount="100.00")]
        async with office_of(bench) as clerk, office_of(bench, area=NEXT_COUNTY) as next_door:
            ids = [(await clerk.post(GRANTS, json=one)).json()["grant_id"] for one in told]
            ids.append((await next_door.post(GRANTS, json=check("zhao"))).json()["grant_id"])
            await clerk.post(f"{GRANTS}/{ids[3]}/withdrawal", json={"reason": "重复", "on": TODAY})
        return ids

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, [2, 0, 1, 3]),
            ({"worker_id": "wang"}, [2, 3]),
            ({"benefit": "medical_check"}, [0]),
            ({"year": "2025"}, [2]),
            ({"year": "2026", "withdrawn": "false"}, [0, 1]),
            ({"withdrawn": "true"}, [3]),
            ({"area": COMMUNITY, "year": "2026", "benefit": "emergency_allowance"}, [1, 3]),
            ({"area": "220102002"}, []),
            ({"area": NEXT_COUNTY}, []),
        ],
    )
    async def test_are_narrowed(
        self, bench: Bench, granted: list[str], asked: dict[str, str], found: list[int]
    ) -> None:
        async with office_of(bench, Role.FINANCE) as finance:
            listed = (await finance.get(GRANTS, params=asked)).json()["items"]

        assert sorted(one["grant_id"] for one in listed) == sorted(granted[number] for number in found)

    async def test_come_page_by_page_in_the_order_of_days(self, bench: Bench, granted: list[str]) -> None:
        pages, asked = [], {"limit": "3"}
        async with office_of(bench, Role.FINANCE) as finance:
            for _ in range(2):
                pages.append((await finance.get(GRANTS, params=asked)).json())
                asked = {"limit": "3", "cursor": pages[-1]["next"]}
            other = await finance.get(GRANTS, params={**asked, "cursor": pages[0]["next"], "year": "2026"})

        listed = [one["grant_id"] for page in pages for one in page["items"]]
        assert (listed[0], sorted(listed)) == (granted[2], sorted(granted[:4]))
        assert (pages[1]["next"], other.status_code) == (None, 400)

    async def test_count_what_stands(self, bench: Bench, granted: list[str]) -> None:
        async with office_of(bench, Role.FINANCE) as finance:
            this_year = (await finance.get("/v1/benefit-counts", params={"year": "2026"})).json()
            before = (await finance.get("/v1/benefit-counts", params={"year": "2025", "area": COMMUNITY})).json()
            elsewhere = await finance.get("/v1/benefit-counts", params={"year": "2026", "area": NEXT_COUNTY})

        assert this_year == [
            {"benefit": "emergency_allowance", "grants": 1, "workers": 1, "amount": "800.00"},
            {"benefit": "medical_check", "grants": 1, "workers": 1, "amount": "0.00"},
        ]
        assert [(one["benefit"], one["amount"]) for one in before] == [("emergency_allowance", "800.00")]
        assert elsewhere.status_code == 404

    async def test_a_worker_sees_his_own_wherever_he_serves(self, bench: Bench, granted: list[str]) -> None:
        async with office_of(bench, Role.WORKER, NEXT_COMMUNITY, subject="li") as worker:
            listed = (await worker.get(GRANTS, params={"worker_id": "wang"})).json()["items"]
            own = (await worker.get(GRANTS)).json()["items"]
        async with office_of(bench, Role.WORKER, COMMUNITY, subject="nobody") as stranger:
            others = (await stranger.get(GRANTS)).json()["items"]

        assert sorted(one["grant_id"] for one in own) == sorted(granted[:2])
        assert (listed, others) == ([], [])

    async def test_the_kinds_are_shown_to_workers_as_well(self, bench: Bench, li: str) -> None:
        asked = {"area": COMMUNITY, "staff": STAFF, "on": TODAY}
        async with office_of(bench, Role.WORKER, COMMUNITY, subject="li") as worker:
            kinds = (await worker.get("/v1/benefit-kinds", params=asked)).json()

        shown = [(one["benefit"], one["recorded_as"], one["every_years"], one["most"]) for one in kinds]
        assert shown == [
            ("medical_check", "grant", 2, None),
            ("paid_leave", "leave", None, None),
            ("emergency_allowance", "grant", None, "2000.00"),
        ]

    async def test_an_office_next_door_sees_and_changes_nothing_of_it(self, bench: Bench, granted: list[str]) -> None:
        path = f"{GRANTS}/{granted[0]}"
        async with office_of(bench, area=NEXT_COUNTY) as other:
            listed = (await other.get(GRANTS)).json()["items"]
            withdrawn = await other.post(f"{path}/withdrawal", json={"reason": "误", "on": TODAY})
            corrected = await other.post(f"{path}/correction", json=_told(check()))

        assert [one["grant_id"] for one in listed] == [granted[4]]
        assert (withdrawn.status_code, corrected.status_code) == (404, 404)


class TestRoles:
    @pytest.mark.parametrize("role", [Role.FINANCE, Role.AUDITOR, Role.WORKER])
    async def test_that_only_read(self, bench: Bench, li: str, role: Role) -> None:
        async with office_of(bench, role) as reader:
            answers = [
                await reader.post(GRANTS, json=check()),
                await reader.post(f"{GRANTS}/benefit-1/withdrawal", json={"reason": "误", "on": TODAY}),
                await reader.post(f"{GRANTS}/benefit-1/correction", json=_told(check())),
            ]

        assert [answer.status_code for answer in answers] == [403, 403, 403]

    async def test_a_worker_sees_no_list_of_others(self, bench: Bench, li: str) -> None:
        asked = {"area": COMMUNITY, "staff": STAFF, "benefit": "medical_check", "on": TODAY}
        async with office_of(bench, Role.WORKER, COMMUNITY, subject="li") as worker:
            due = await worker.get("/v1/due-benefits", params=asked)
            counts = await worker.get("/v1/benefit-counts", params={"year": "2026"})

        assert (due.status_code, counts.status_code) == (403, 403)


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a correction."""
    return {name: value for name, value in body.items() if name not in ("worker_id", "benefit")} | {"reason": "录错"}
