import asyncio
from datetime import date
from typing import Any

import pytest

from common import waiting
from common.access import access_matrix
from common.actors import Role
from common.bus import Envelope
from common.events.evaluation import TrainingDue
from common.testing import ISSUER, Bench
from gateway.api.office import OfficeView
from gateway.api.worker import WorkerView
from gateway.events import keep
from gateway.rules import COUNTED_FOR_ALL, SHOWN_BY
from gateway.tests.life import STREET, WORKER, Hear, decided, hired, life, organisation, payslip

LEAD = Role.LEAD_DEPARTMENT


@pytest.fixture
async def lived(hear: Hear) -> None:
    for events in life().values():
        for event in events:
            await hear(event)


@pytest.mark.usefixtures("lived")
class TestTheWorkerView:
    async def test_tells_a_whole_life_in_the_shape_that_is_documented(self, bench: Bench):
        async with bench.client(LEAD, area="320102") as client:
            answer = await client.get(f"/v1/workers/{WORKER}")

        assert answer.status_code == 200, answer.text
        view = WorkerView.model_validate_json(answer.content)
        assert view.person is not None
        assert view.person.name == "李明"
        assert [slip.month for slip in view.payslips] == ["2024-04", "2024-05"]
        assert [note.decision_id for note in view.decisions] == ["decision-0", "decision-1"]
        assert view.left is not None
        assert view.trainings[0].status == "completed"
        assert answer.headers["position"] == (
            "contracts.events=3, evaluation.events=4, payroll.events=4, recruitment.decisions=3, "
            "recruitment.events=3, registry.events=9"
        )
        assert answer.headers["cache-control"] == "private, no-cache"

    async def test_is_not_sent_again_while_nothing_changed(self, bench: Bench, hear: Hear):
        async with bench.client(LEAD, area="320102") as client:
            etag = (await client.get(f"/v1/workers/{WORKER}")).headers["etag"]
            same = await client.get(f"/v1/workers/{WORKER}", headers={"If-None-Match": f'"other", W/{etag}'})
            await hear(decided(WORKER, "decision-2"))
            changed = await client.get(f"/v1/workers/{WORKER}", headers={"If-None-Match": etag})

        assert same.status_code == 304
        assert same.content == b""
        assert same.headers["etag"] == etag
        assert changed.status_code == 200

    async def test_is_not_found_outside_the_callers_area(self, bench: Bench):
        async with bench.client(LEAD, area="320103") as client:
            answer = await client.get(f"/v1/workers/{WORKER}")

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_is_found_by_the_worker_himself_and_by_no_colleague(self, bench: Bench):
        async with bench.client(Role.WORKER, area=STREET, subject="li-ming") as client:
            own = await client.get(f"/v1/workers/{WORKER}")
            listed = await client.get("/v1/workers")
        assert own.status_code == 200
        assert [one["worker_id"] for one in listed.json()["items"]] == [WORKER]
        for more in ((), (Role.OPERATOR,), (Role.PARTY_COMMITTEE, Role.APPLICANT)):
            async with bench.client(Role.WORKER, *more, area=STREET, subject="colleague") as client:
                other = await client.get(f"/v1/workers/{WORKER}")
                none = await client.get("/v1/workers")
            assert other.status_code == 404
            assert none.json() == {"items": [], "next": None}

    @pytest.mark.parametrize(
        ("role", "hidden"),
        [
            pytest.param(LEAD, set(), id="the lead department sees all"),
            pytest.param(Role.CIVIL_AFFAIRS, {"payslips", "grades"}, id="civil affairs no pay"),
            pytest.param(Role.STREET_OFFICE, {"payslips", "grades", "filings"}, id="the street office no pay"),
            pytest.param(Role.HUMAN_RESOURCES, {"payslips", "grades", "filings"}, id="human resources no pay"),
            pytest.param(
                Role.FINANCE,
                {"evaluations", "consequences", "trainings", "filings", "exit_cases", "left", "duties"},
                id="finance pay and agreements",
            ),
            pytest.param(
                Role.SUPERIOR_UNION,
                {"payslips", "grades", "agreements", "leaves", "transfers", "exit_cases", "left", "duties"},
                id="the superior union no pay, no agreement, no exit",
            ),
            pytest.param(
                Role.AUDITOR,
                {
                    *("agreements", "leaves", "transfers", "evaluations", "consequences", "trainings"),
                    *("filings", "exit_cases", "left", "duties"),
                },
                id="the auditor pay",
            ),
        ],
    )
    async def test_shows_each_role_the_sections_it_may_read_where_they_are_kept(
        self, bench: Bench, role: Role, hidden: set[str]
    ):
        async with bench.client(role, Role.WORKER, area="320102") as client:
            shown = (await client.get(f"/v1/workers/{WORKER}")).json()

        assert set(WorkerView.model_fields) - shown.keys() == hidden
        WorkerView.model_validate(shown)

    async def test_shows_the_worker_all_of_his_own_whatever_else_he_is(self, bench: Bench):
        for roles in ((Role.WORKER,), (Role.WORKER, Role.SUPERIOR_UNION)):
            async with bench.client(*roles, area=STREET, subject="li-ming") as client:
                shown = (await client.get(f"/v1/workers/{WORKER}")).json()

            assert shown.keys() == WorkerView.model_fields.keys()
            assert shown["agreements"][0]["monthly_pay"] == "5000.00"

    async def test_shows_decisions_of_pay_and_of_exits_with_their_sections_only(self, bench: Bench):
        told = (
            ("payroll", "tax.cumulative_withholding", "decision-tax"),
            ("contracts", "exit.procedure", "decision-exit"),
            ("registry", "post.place", "decision-post"),
        )
        for owner, rule, decision_id in told:
            envelope = Envelope.read(
                {
                    "ce_id": f"event-{decision_id}",
                    "ce_source": f"/{owner}/decisions",
                    "ce_type": "audit.decision_recorded.v1",
                    "ce_sequence": "1",
                    "ce_time": "2024-03-01T00:00:00+00:00",
                }
            )
            async with bench.transaction() as tx:
                await keep(tx, decided(WORKER, decision_id, rule=rule), envelope)

        async def seen(role: Role, **who: str) -> list[str]:
            async with bench.client(role, **{"area": "320102"} | who) as client:
                noted = (await client.get(f"/v1/workers/{WORKER}")).json()["decisions"]
            return [one["decision_id"] for one in noted if one["decision_id"] in {row[2] for row in told}]

        assert await seen(LEAD) == ["decision-exit", "decision-post", "decision-tax"]
        assert await seen(Role.FINANCE) == ["decision-post", "decision-tax"]
        assert await seen(Role.STREET_OFFICE) == ["decision-exit", "decision-post"]
        assert await seen(Role.SUPERIOR_UNION) == ["decision-post"]
        own = await seen(Role.WORKER, area=STREET, subject="li-ming")
        assert own == ["decision-exit", "decision-post", "decision-tax"]

    @pytest.mark.parametrize("role", [Role.APPLICANT, Role.OPERATOR, Role.PROVINCIAL_REGISTRAR])
    async def test_is_closed_to_roles_that_do_not_need_it(self, bench: Bench, role: Role):
        async with bench.client(role, area="32") as client:
            assert (await client.get(f"/v1/workers/{WORKER}")).status_code == 403

    async def test_needs_a_token(self, bench: Bench):
        async with bench.client() as client:
            answer = await client.get(f"/v1/workers/{WORKER}")

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


class TestSections:
    def test_are_those_of_the_view_and_of_operations_that_exist(self):
        assert SHOWN_BY.keys() <= WorkerView.model_fields.keys()
        assert COUNTED_FOR_ALL.keys() <= OfficeView.model_fields.keys()
        assert {*SHOWN_BY.values(), *COUNTED_FOR_ALL.values()} <= access_matrix().keys()

    def test_that_may_be_hidden_may_be_left_out_of_the_answer(self):
        optional = {name for name, field in WorkerView.model_fields.items() if not field.is_required()}

        assert optional == SHOWN_BY.keys()


class TestAPartialView:
    async def test_is_shown_to_the_office_but_not_listed(self, bench: Bench, hear: Hear):
        await hear(payslip())

        async with bench.client(LEAD, area="32") as client:
            view = await client.get(f"/v1/workers/{WORKER}")
            listed = await client.get("/v1/workers")

        assert WorkerView.model_validate_json(view.content).person is None
        assert listed.json()["items"] == []


class TestTheList:
    async def test_goes_page_by_page_and_filters(self, bench: Bench, hear: Hear):
        for number in range(5):
            area = STREET if number < 3 else "320102003"
            await hear(hired(worker_id=f"worker-{number}", account=f"{ISSUER}|w{number}", area=area))

        async with bench.client(LEAD, area="320102") as client:
            first = (await client.get("/v1/workers", params={"limit": 2})).json()
            second = (await client.get("/v1/workers", params={"limit": 2, "cursor": first["next"]})).json()
            third = (await client.get("/v1/workers", params={"limit": 2, "cursor": second["next"]})).json()
            street = (await client.get("/v1/workers", params={"area": STREET})).json()
            nobody = (await client.get("/v1/workers", params={"staff": "community_worker"})).json()
            elsewhere = await client.get("/v1/workers", params={"area": STREET, "cursor": first["next"]})

        pages = [[one["worker_id"] for one in page["items"]] for page in (first, second, third)]
        assert pages == [["worker-0", "worker-1"], ["worker-2", "worker-3"], ["worker-4"]]
        assert third["next"] is None
        assert len(street["items"]) == 3
        assert nobody["items"] == []
        assert elsewhere.status_code == 400


class TestTheOfficeView:
    async def office(self, bench: Bench, area: str, *, caller: str = "32", **params: Any) -> dict[str, Any]:
        async with bench.client(LEAD, area=caller) as client:
            answer = await client.get(f"/v1/offices/{area}", params=params)
        assert answer.status_code == 200, answer.text
        OfficeView.model_validate_json(answer.content)
        shown: dict[str, Any] = answer.json()
        return shown

    @pytest.mark.usefixtures("lived")
    async def test_counts_who_is_in_post_today_against_the_quota(self, bench: Bench):
        bench.set_today(date(2025, 6, 30))
        before = await self.office(bench, "320102")
        bench.set_today(date(2025, 7, 1))
        after = await self.office(bench, "320102")

        total = {"staff": "union_worker", "lowest": 2, "highest": 3, "posts": 1, "surplus": 0}
        assert before["staff_totals"] == [{**total, "in_post": 1, "shortfall": 1}]
        assert after["staff_totals"] == [{**total, "in_post": 0, "shortfall": 2}]
        assert before["organisations"]["items"][0]["name"] == "梅园新村街道总工会"

    async def test_calls_a_training_overdue_the_day_after_it_is_due(self, bench: Bench, hear: Hear):
        await hear(hired())
        await hear(
            TrainingDue(worker_id=WORKER, area=STREET, training_id="t-1", due_on=date(2024, 6, 1), clause="JS-7")
        )

        bench.set_today(date(2024, 6, 1))
        on_the_day = (await self.office(bench, STREET))["trainings"]
        bench.set_today(date(2024, 6, 2))
        day_after = (await self.office(bench, STREET))["trainings"]

        assert (on_the_day["total"], on_the_day["overdue"]) == (1, 0)
        assert (day_after["total"], day_after["overdue"]) == (1, 1)
        assert day_after["items"][0]["overdue"] is True
        assert day_after["items"][0]["name"] == "李明"

    async def test_lists_what_is_open_below_the_asked_area_only(self, bench: Bench, hear: Hear):
        for event in life()["registry"][:4]:
            await hear(event)
        await hear(hired())
        await hear(life()["recruitment"][0])
        await hear(life()["contracts"][1])

        county = await self.office(bench, "320102")
        other_street = await self.office(bench, "320102003")

        assert county["filings"]["total"] == 1
        assert county["filings"]["items"][0]["status"] == "opened"
        assert county["exit_cases"]["items"][0]["id"] == "case-1"
        assert [plan["step"] for plan in county["plans"]["items"]] == ["drafted"]
        assert other_street["filings"]["total"] == other_street["plans"]["total"] == 0
        assert other_street["organisations"]["items"] == []

    @pytest.mark.parametrize(
        ("role", "named"),
        [
            (LEAD, {"filings", "trainings", "exit_cases"}),
            (Role.STREET_OFFICE, {"trainings", "exit_cases"}),
            (Role.SUPERIOR_UNION, {"filings", "trainings"}),
            (Role.FINANCE, set()),
            (Role.GOVERNMENT, set()),
        ],
    )
    async def test_counts_for_everybody_and_names_people_to_who_may_read_of_them(
        self, bench: Bench, hear: Hear, role: Role, named: set[str]
    ):
        for event in (*life()["registry"][:4], hired(), life()["contracts"][1], life()["evaluation"][0]):
            await hear(event)

        async with bench.client(role, area="320102") as client:
            shown = (await client.get("/v1/offices/320102")).json()

        pending = ("filings", "trainings", "exit_cases")
        OfficeView.model_validate(shown)
        assert [shown[section]["total"] for section in pending] == [1, 1, 1]
        assert {section for section in pending if "items" in shown[section]} == named

    @pytest.mark.usefixtures("lived")
    async def test_shows_the_runs_of_the_latest_month_or_of_the_asked_one(self, bench: Bench):
        latest = (await self.office(bench, "320102"))["pay"]
        none = (await self.office(bench, "320102", month="2023-01"))["pay"]

        assert latest["month"] == "2024-04"
        assert latest["items"][0]["status"] == "approved"
        assert latest["items"][0]["net_total"] == "4475.00"
        assert none == {"month": "2023-01", "total": 0, "items": []}

    async def test_counts_people_of_an_organisation_not_heard_of_yet(self, bench: Bench, hear: Hear):
        await hear(hired())

        found = (await self.office(bench, STREET))["organisations"]["items"]

        assert [(one["organisation_id"], one["area"], one["name"]) for one in found] == [("org-meiyuan", STREET, None)]
        assert found[0]["staffing"][0]["in_post"] == 1

    @pytest.mark.parametrize("area", ["32", "3201", "320103", "22"])
    async def test_is_not_found_above_or_beside_the_callers_area(self, bench: Bench, area: str):
        async with bench.client(LEAD, area="320102") as client:
            assert (await client.get(f"/v1/offices/{area}")).status_code == 404

    async def test_of_a_code_that_is_none_is_refused(self, bench: Bench):
        async with bench.client(LEAD, area="32") as client:
            assert (await client.get("/v1/offices/3201021")).status_code == 422


class TestWaitFor:
    async def test_answers_as_soon_as_the_event_is_in_the_view(self, bench: Bench, hear: Hear):
        await hear(organisation(), event_id="event-org")
        async with bench.client(LEAD, area="32") as client:
            positions = "registry:event-org:1, recruitment:event-hired:1, audit:nobody:1"
            asked = asyncio.create_task(
                client.get(
                    f"/v1/workers/{WORKER}",
                    headers={"Wait-For": positions},
                )
            )
            await asyncio.sleep(0.2)
            assert not asked.done()
            await hear(hired(), event_id="event-hired")
            answer = await asyncio.wait_for(asked, 3)

        assert answer.status_code == 200
        assert answer.json()["person"]["name"] == "李明"

    async def test_waits_for_what_came_before_the_event_too(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(waiting, "LONGEST_WAIT", 0.2)
        await bench.hear(hired(), event_id="event-hired", sequence=2)

        async with bench.client(LEAD, area="32") as client:
            behind = await client.get("/v1/workers", headers={"Wait-For": "recruitment:event-hired:2"})
            await bench.hear(life()["recruitment"][0], sequence=1)
            reached = await client.get("/v1/workers", headers={"Wait-For": "recruitment:event-hired:2"})

        assert behind.status_code == 503
        assert behind.headers["retry-after"] == "1"
        assert behind.headers["content-type"] == "application/problem+json"
        assert behind.json()["code"] == "NOT_REFLECTED_YET"
        assert reached.status_code == 200

    async def test_of_something_else_is_refused(self, bench: Bench):
        async with bench.client(LEAD, area="32") as client:
            assert (await client.get("/v1/workers", headers={"Wait-For": "soon"})).status_code == 400
