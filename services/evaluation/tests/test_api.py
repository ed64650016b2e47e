from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.testing import Bench
from evaluation.models import Consequence, Training, Worker

COUNTY = "220102"
STREET = "220102001"
COMMUNITY = "220102001002"

WEIGHTS = {"results": 35, "satisfaction": 35, "organisation_review": 20, "daily_record": 10}
THRESHOLDS = {"excellent": 90, "qualified": 70, "basically_qualified": 60}
GRADING = {
    "worker_id": "worker-li",
    "year": 2024,
    "scores": {"results": "92.5", "satisfaction": 95, "organisation_review": "88", "daily_record": 90},
    "on": "2025-01-10",
}


@pytest.fixture(autouse=True)
async def _known(bench: Bench) -> None:
    for term, value in (("weights", WEIGHTS), ("thresholds", THRESHOLDS)):
        await bench.choose("JL-9a", term, value, area=COUNTY, starts_on=date(2024, 1, 1))
    await bench.save(
        Worker(
            worker_id="worker-li",
            area=COMMUNITY,
            staff="community_worker",
            post_class="head",
            hired_on=date(2024, 3, 15),
            left_on=None,
        )
    )


async def graded(bench: Bench, **changes: Any) -> Any:
    async with bench.client(Role.STREET_OFFICE, area=STREET, subject="grader") as client:
        return await client.post("/v1/evaluations", json={**GRADING, **changes})


class TestEvaluations:
    async def test_answers_with_the_grade_and_what_is_proposed(self, bench: Bench) -> None:
        answer = await graded(bench)

        assert answer.status_code == 201
        body = answer.json()
        assert (body["score"], body["grade"], body["passed"], body["clause"]) == ("92.23", "excellent", True, "JL-9a")
        assert body["scores"]["results"] == "92.5"
        assert [(one["kind"], one["status"], one["clause"]) for one in body["consequences"]] == [
            ("pay_step_up", "proposed", "JL-9b"),
            ("renewal", "proposed", "JL-9b"),
            ("reward", "proposed", "JL-9b"),
        ]
        assert answer.headers["Position"].startswith("evaluation:")

    async def test_reads_it_again(self, bench: Bench) -> None:
        kept = (await graded(bench)).json()

        async with bench.client(Role.CIVIL_AFFAIRS, area=COUNTY) as client:
            answer = await client.get(f"/v1/evaluations/{kept['evaluation_id']}")
        async with bench.client(Role.CIVIL_AFFAIRS, area="220103") as client:
            elsewhere = await client.get(f"/v1/evaluations/{kept['evaluation_id']}")

        assert answer.status_code == 200
        assert answer.json() == kept
        assert elsewhere.status_code == 404

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            pytest.param("/v1/evaluations", GRADING, id="of grading"),
            pytest.param("/v1/consequences/c/decisions", {"approve": True, "reason": "同意"}, id="of a decision"),
            pytest.param("/v1/trainings/t/completions", {"course": "社区治理", "hours": "24"}, id="of a training"),
        ],
    )
    async def test_takes_days_of_a_working_life(self, bench: Bench, path: str, body: dict[str, Any]) -> None:
        async with bench.client(Role.CIVIL_AFFAIRS, area=COUNTY) as client:
            answer = await client.post(path, json={**body, "on": "1949-09-30"})

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")

    @pytest.mark.parametrize(
        ("language", "words"), [("en", "No evaluation evaluation-0 found."), ("zh", "没有找到考核 evaluation-0。")]
    )
    async def test_names_what_was_not_found_in_the_readers_language(
        self, bench: Bench, language: str, words: str
    ) -> None:
        async with bench.client(Role.CIVIL_AFFAIRS, area=COUNTY, language=language) as client:
            answer = await client.get("/v1/evaluations/evaluation-0")

        assert answer.json()["detail"].startswith(words)

    async def test_names_a_dimension_that_is_not_asked_for(self, bench: Bench) -> None:
        scores: dict[str, Any] = {**GRADING["scores"], "looks": 100}  # type: ignore[dict-item]

        answer = await graded(bench, scores=scores)

        assert answer.status_code == 422
        assert answer.json()["code"] == "SCORES_DO_NOT_FIT"
        assert "多出 looks" in answer.json()["detail"]

    @pytest.mark.parametrize(
        "score",
        [
            pytest.param("100.01", id="above a hundred"),
            pytest.param("-0.01", id="below nothing"),
            pytest.param("80.123", id="three decimal places"),
            pytest.param("NaN", id="not a number"),
        ],
    )
    async def test_takes_scores_from_nothing_to_a_hundred(self, bench: Bench, score: str) -> None:
        answer = await graded(bench, scores={**GRADING["scores"], "results": score})  # type: ignore[dict-item]

        assert answer.status_code == 422
        assert answer.json()["code"] == "VALIDATION_FAILED"

    async def test_writes_scores_out(self, bench: Bench) -> None:
        answer = await graded(bench, scores={**GRADING["scores"], "results": "1E+2"})  # type: ignore[dict-item]

        assert answer.json()["scores"]["results"] == "100"

    async def test_says_so_where_the_county_has_not_chosen(self, bench: Bench) -> None:
        await bench.save(
            Worker(
                worker_id="worker-far",
                area="220103001001",
                staff="community_worker",
                post_class="ordinary",
                hired_on=date(2024, 3, 15),
            )
        )
        async with bench.client(Role.LEAD_DEPARTMENT, area="220103") as client:
            answer = await client.post("/v1/evaluations", json={**GRADING, "worker_id": "worker-far"})

        assert answer.status_code == 409
        assert answer.json()["code"] == "NOT_CHOSEN"

    async def test_is_kept_once_under_one_idempotency_key(self, bench: Bench) -> None:
        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            answers = [
                await client.post("/v1/evaluations", json=GRADING, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
            ]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()

    async def test_refuses_a_second_grade_in_english_on_request(self, bench: Bench) -> None:
        await graded(bench)

        async with bench.client(Role.STREET_OFFICE, area=STREET, language="en") as client:
            answer = await client.post("/v1/evaluations", json=GRADING)

        assert answer.status_code == 409
        assert "one evaluation a year" in answer.json()["detail"]


class TestConsequences:
    async def test_are_decided_by_another_person(self, bench: Bench) -> None:
        await graded(bench)
        row = next(one for one in await bench.rows(Consequence) if one.kind == "renewal")
        place = f"/v1/consequences/{row.consequence_id}/decisions"
        body = {"approve": True, "reason": "同意", "on": "2025-01-20"}

        async with bench.client(Role.STREET_OFFICE, area=STREET, subject="grader") as client:
            own = await client.post(place, json=body)
        async with bench.client(Role.LEAD_DEPARTMENT, area=COUNTY, subject="decider") as client:
            other = await client.post(place, json=body)
            again = await client.post(place, json=body)

        assert (own.status_code, own.json()["code"]) == (409, "SAME_PERSON")
        assert other.status_code == 200
        assert (other.json()["status"], other.json()["decided_on"]) == ("approved", "2025-01-20")
        assert (again.status_code, again.json()["code"]) == (409, "WRONG_STATE")


class TestTrainings:
    async def save(self, bench: Bench, number: int, *, due_on: date, status: str = "open") -> None:
        await bench.save(
            Training(
                training_id=f"training-{number}",
                worker_id="worker-li",
                area=COMMUNITY,
                staff="community_worker",
                clause="JL-7",
                decision_id="decision-1",
                opened_on=date(2024, 3, 15),
                due_on=due_on,
                status=status,
            )
        )

    async def test_are_completed_and_come_again(self, bench: Bench) -> None:
        await self.save(bench, 1, due_on=date(2025, 3, 15))

        async with bench.client(Role.STREET_OFFICE, area=STREET) as client:
            answer = await client.post(
                "/v1/trainings/training-1/completions", json={"course": "社区治理", "hours": "24", "on": "2025-03-16"}
            )
            listed = await client.get("/v1/trainings", params={"status": "open"})

        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["late"], answer.json()["hours"]) == ("completed", True, "24")
        assert [(one["due_on"], one["late"]) for one in listed.json()["items"]] == [("2026-03-16", None)]

    async def test_list_those_due_by_a_day(self, bench: Bench) -> None:
        await self.save(bench, 1, due_on=date(2025, 3, 15))
        await self.save(bench, 2, due_on=date(2025, 3, 16))
        await self.save(bench, 3, due_on=date(2025, 3, 1), status="closed")

        async with bench.client(Role.LEAD_DEPARTMENT, area=COUNTY) as client:
            answer = await client.get("/v1/trainings", params={"status": "open", "due_by": "2025-03-15"})

        assert [one["training_id"] for one in answer.json()["items"]] == ["training-1"]

    async def test_list_in_pages(self, bench: Bench) -> None:
        for number in range(1, 4):
            await self.save(bench, number, due_on=date(2025, 3, 15))

        async with bench.client(Role.LEAD_DEPARTMENT, area=COUNTY) as client:
            first = (await client.get("/v1/trainings", params={"limit": 2})).json()
            second = (await client.get("/v1/trainings", params={"limit": 2, "cursor": first["next"]})).json()
            other = await client.get("/v1/trainings", params={"status": "open", "cursor": first["next"]})

        assert [one["training_id"] for one in first["items"] + second["items"]] == [f"training-{n}" for n in (1, 2, 3)]
        assert second["next"] is None
        assert other.status_code == 400


class TestChoices:
    PLACE = "/v1/evaluation/choices/JL-9a/weights"

    async def test_are_the_county_s(self, bench: Bench) -> None:
        body = {"area": COUNTY, "starts_on": "2025-01-01", "value": WEIGHTS}
        async with bench.client(Role.LEAD_DEPARTMENT, area=COUNTY) as client:
            answer = await client.put(self.PLACE, json=body)
        async with bench.client(Role.LEAD_DEPARTMENT, area=STREET) as client:
            below = await client.put(self.PLACE, json=body)

        assert answer.status_code == 200
        assert answer.json()["value"] == WEIGHTS
        assert (below.status_code, below.json()["code"]) == (403, "NOT_THEIR_CHOICE")

    async def test_must_add_up_to_a_hundred(self, bench: Bench) -> None:
        body = {"area": COUNTY, "starts_on": "2025-01-01", "value": WEIGHTS | {"daily_record": 9}}
        async with bench.client(Role.LEAD_DEPARTMENT, area=COUNTY) as client:
            answer = await client.put(self.PLACE, json=body)

        assert (answer.status_code, answer.json()["clause"]) == (409, "JL-9a")


OPERATIONS = [
    pytest.param("POST", "/v1/evaluations", Role.WORKER, id="grade_worker"),
    pytest.param("GET", "/v1/evaluations/evaluation-1", Role.APPLICANT, id="get_evaluation"),
    pytest.param("POST", "/v1/consequences/consequence-1/decisions", Role.FINANCE, id="decide_consequence"),
    pytest.param("POST", "/v1/trainings/training-1/completions", Role.WORKER, id="complete_training"),
    pytest.param("GET", "/v1/trainings", Role.WORKER, id="list_trainings"),
    pytest.param("PUT", TestChoices.PLACE, Role.STREET_OFFICE, id="choose_evaluation_term"),
]


class TestAccess:
    @pytest.mark.parametrize(("method", "place", "role"), OPERATIONS)
    async def test_is_closed_to_other_roles_and_to_strangers(
        self, bench: Bench, method: str, place: str, role: Role
    ) -> None:
        async with bench.client(role, area=COUNTY) as client:
            forbidden = await client.request(method, place, json={})
        async with bench.client() as client:
            unknown = await client.request(method, place, json={})

        assert (forbidden.status_code, unknown.status_code) == (403, 401)
