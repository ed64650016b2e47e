"""That the routes are wired: status, body, who may call."""

from decimal import Decimal

import pytest
from fastapi.routing import APIRoute

from common.access import access_matrix
from common.actors import Role
from common.fields import mask_identity
from recruitment.main import service
from recruitment.models import Application
from recruitment.tests.conftest import identity_number

COUNTY = "320102"
FIGURES = {"economy": "980.5", "staff_gap": 3, "enterprises": 1200, "workers": 34000, "funds": "860000.00"}
NUMBER = identity_number(order=31)


def an_application(**other):
    return {
        "name": "张三",
        "identity_number": NUMBER,
        "education": "bachelor",
        "statuses": ["social_work_certificate"],
        "certificate_level": "social_worker",
        "phone": "13800000000",
        "on": "2024-09-04",
        **other,
    }


@pytest.fixture
def say(bench):
    async def say(method, path, body=None, *, role=Role.LEAD_DEPARTMENT, area=COUNTY, subject="clerk", language="zh"):
        async with bench.client(role, area=area, subject=subject, language=language) as client:
            return await client.request(method, f"/v1{path}", json=body)

    return say


async def published(say, desk):
    await desk.open_posts("post-1")
    request = await say(
        "POST",
        "/headcount-requests",
        {
            "area": COUNTY,
            "staff": "union_worker",
            "organisation_id": "org-1",
            "positions": 1,
            "figures": FIGURES,
            "on": "2024-08-20",
        },
    )
    assert request.status_code == 201, request.text
    union = {"role": Role.SUPERIOR_UNION, "area": "3201", "subject": "union"}
    path = f"/headcount-requests/{request.json()['request_id']}/approvals"
    assert (await say("POST", path, {"on": "2024-08-20"}, **union)).json()["status"] == "approved"
    plan = await say(
        "POST",
        "/plans",
        {
            "title": "招聘方案",
            "area": COUNTY,
            "staff": "union_worker",
            "organisation_id": "org-1",
            "post_ids": ["post-1"],
            "oldest_age": 35,
            "on": "2024-08-20",
        },
    )
    assert plan.status_code == 201, plan.text
    path = f"/plans/{plan.json()['plan_id']}"
    assert (await say("POST", f"{path}/approvals", {"on": "2024-08-26"}, **union)).json()["status"] == "approved"
    notice = await say("POST", f"{path}/notice", {"published_on": "2024-09-02", "closes_on": "2024-09-11"})
    assert notice.json()["status"] == "published"
    return path


async def test_plays_a_whole_recruitment(say, desk):
    path = await published(say, desk)
    applied = await say("POST", f"{path}/applications", an_application(), role=Role.APPLICANT, subject="zhang")
    assert applied.status_code == 201, applied.text
    application = f"/applications/{applied.json()['application_id']}"
    for body in (
        {"stage": "qualification_review"},
        {"stage": "written_exam", "score": "81.25"},
        {"stage": "second_review", "passed": True},
        {"stage": "interview", "score": 77},
    ):
        recorded = await say("POST", f"{application}/stages", {"on": "2024-09-14", **body})
        assert recorded.status_code == 200, recorded.text
    ranking = await say("POST", f"{path}/ranking", {"on": "2024-09-14"})
    assert ranking.json()["clause"] == "JS-5a"
    assert [(one["rank"], one["total"]) for one in ranking.json()["order"]] == [(1, "79.13")]
    for stage in ("background_check", "medical"):
        await say("POST", f"{application}/stages", {"on": "2024-09-14", "stage": stage, "passed": True})
    notice = await say("POST", f"{path}/public-notice", {"starts_on": "2024-09-18", "working_days": 5})
    assert notice.json()["ends_on"] == "2024-09-25"
    objection = await say(
        "POST", f"{application}/objections", {"on": "2024-09-20", "content": "情况不实"}, role=Role.WORKER, subject="li"
    )
    assert objection.status_code == 201
    assert "name" not in objection.json()
    answers = f"/objections/{objection.json()['objection_id']}/answers"
    answer = await say("POST", answers, {"on": "2024-09-23", "upheld": False, "answer": "经核查属实"})
    assert answer.json()["status"] == "dismissed"
    hired = await say("POST", f"{application}/hiring", {"on": "2024-09-26", "post_id": "post-1"})
    assert hired.status_code == 200, hired.text
    assert hired.json()["worker_id"].startswith("worker-")
    plan = (await say("GET", path)).json()
    assert (plan["status"], plan["hired"], len(plan["approvals"]), len(plan["applications"])) == ("completed", 1, 1, 1)


class TestApplication:
    async def test_shows_an_applicant_his_own_masked(self, say, desk):
        path = await published(say, desk)
        zhang = {"role": Role.APPLICANT, "subject": "zhang"}
        applied = (await say("POST", f"{path}/applications", an_application(), **zhang)).json()
        shown = await say("GET", f"/applications/{applied['application_id']}", **zhang)

        assert shown.json()["identity_masked"] == mask_identity(NUMBER)
        assert shown.json()["phone_masked"] == "138****0000"
        assert NUMBER not in shown.text

    async def test_hides_it_from_other_applicants_and_evidence_from_the_applicant(self, say, desk):
        path = await published(say, desk)
        zhang = {"role": Role.APPLICANT, "subject": "zhang"}
        applied = (await say("POST", f"{path}/applications", an_application(), **zhang)).json()
        application = f"/applications/{applied['application_id']}"
        body = {
            "stage": "qualification_review",
            "on": "2024-09-14",
            "found_bars": {"criminal_record": "判决书"},
            "note": "已核对",
        }
        recorded = await say("POST", f"{application}/stages", body)
        office, own = await say("GET", application), await say("GET", application, **zhang)

        assert recorded.status_code == 200
        assert recorded.json()["status"] == "rejected"
        assert [one["clause"] for one in recorded.json()["decisions"] if not one["permits"]] == ["LAW-RC-12"]
        assert office.json()["results"][0]["evidence"] == {"criminal_record": "判决书"}
        assert office.json()["results"][0]["note"] == "已核对"
        assert (own.json()["results"][0]["evidence"], own.json()["results"][0]["note"]) == ({}, None)
        assert (await say("GET", application, role=Role.APPLICANT, subject="li")).status_code == 404
        assert (await say("GET", application, area="320104")).status_code == 404

    @pytest.mark.parametrize("office", [Role.OPERATOR, Role.FINANCE, Role.PROVINCIAL_REGISTRAR])
    async def test_an_office_that_may_not_read_it_opens_nothing_to_an_applicant(self, bench, say, desk, office):
        path = await published(say, desk)
        zhang = {"role": Role.APPLICANT, "subject": "zhang"}
        applied = (await say("POST", f"{path}/applications", an_application(), **zhang)).json()

        async with bench.client(Role.APPLICANT, office, area=COUNTY, subject="li") as li:
            seen = await li.get(f"/v1/applications/{applied['application_id']}")
        async with bench.client(Role.APPLICANT, Role.OPERATOR, area=COUNTY, subject="li") as li:
            plan = (await li.get(f"/v1{path}")).json()

        assert (seen.status_code, plan["applications"]) == (404, [])

    async def test_same_number_twice_is_a_conflict_without_an_echo(self, say, desk):
        path = await published(say, desk)
        await say("POST", f"{path}/applications", an_application(), role=Role.APPLICANT, subject="zhang")
        again = await say("POST", f"{path}/applications", an_application(), role=Role.APPLICANT, subject="li")

        assert (again.status_code, again.json()["code"]) == (409, "ALREADY_APPLIED")
        assert NUMBER not in again.text

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"identity_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")}, id="the check digit"),
            pytest.param({"education": "primary"}, id="the education"),
            pytest.param({"name": "张\u0000三"}, id="a character no database holds"),
            pytest.param({"age": 20}, id="a field nobody asked for"),
        ],
    )
    async def test_refuses_a_body_that_is_not_valid_without_an_echo(self, say, desk, wrong):
        path = await published(say, desk)
        refused = await say(
            "POST", f"{path}/applications", an_application(**wrong), role=Role.APPLICANT, subject="zhang"
        )

        assert refused.status_code == 422
        assert NUMBER[:17] not in refused.text


async def test_an_applicant_sees_a_published_plan_without_its_applications(say, desk):
    path = await published(say, desk)
    await say("POST", f"{path}/applications", an_application(), role=Role.APPLICANT, subject="zhang")
    seen = await say("GET", path, role=Role.APPLICANT, subject="li")

    assert (seen.status_code, seen.json()["applications"]) == (200, [])


async def test_an_applicant_does_not_see_a_plan_before_its_notice(say, desk):
    plan = await desk.approved("post-1")

    assert (await say("GET", f"/plans/{plan.plan_id}", role=Role.APPLICANT)).status_code == 404
    assert (await say("GET", f"/plans/{plan.plan_id}")).status_code == 200


@pytest.mark.parametrize(("language", "words"), [("zh", "工作日"), ("en", "working days")])
async def test_a_refusal_names_clause_and_value_in_both_languages(say, desk, language, words):
    plan = await desk.approved("post-1")
    body = {"published_on": "2024-09-02", "closes_on": "2024-09-10"}
    refused = await say("POST", f"/plans/{plan.plan_id}/notice", body, language=language)

    assert (refused.status_code, refused.json()["clause"]) == (409, "LAW-RC-02")
    assert words in refused.json()["detail"]
    assert refused.json()["decisions"][0]["facts"] == {"working_days": 6}


async def test_an_error_in_english_has_no_chinese_in_it(say, desk):
    path = await published(say, desk)
    zhang = {"role": Role.APPLICANT, "subject": "zhang"}
    applied = (await say("POST", f"{path}/applications", an_application(), **zhang)).json()
    stages = f"/applications/{applied['application_id']}/stages"
    await say("POST", stages, {"on": "2024-09-14", "stage": "qualification_review"})
    asked = [
        ("GET", "/plans/plan-9", None),
        ("POST", f"{path}/notice", {"published_on": "2024-09-02", "closes_on": "2024-09-11"}),
        ("POST", f"{path}/approvals", {"on": "2024-09-02"}),
        ("POST", f"{path}/ranking", {"on": "2024-09-14"}),
        ("POST", stages, {"on": "2024-09-14", "stage": "written_exam"}),
        ("POST", stages, {"on": "2024-09-01", "stage": "written_exam", "score": 80}),
    ]
    for method, address, body in asked:
        refused = await say(method, address, body, language="en")
        assert refused.status_code in (404, 409, 422), refused.text
        assert refused.json()["detail"].isascii(), refused.text
        assert not (await say(method, address, body)).json()["detail"].isascii()


async def test_what_is_personal_is_in_no_decision_and_in_no_event_but_the_hiring(bench, desk):
    plan = await desk.published("post-1")
    application = await desk.applied(plan, name="欧阳某某", phone="13912345678", identity_number=NUMBER)
    await desk.record(application, "qualification_review", note="只在卷宗里的说明")
    await desk.record(application, "written_exam", score=Decimal(80))
    await desk.record(
        application, "second_review", passed=True, found_bars={"criminal_record": "只在卷宗里的证据"}, note="另一说明"
    )

    decided = await bench.decisions()
    assert {one.rule for one in decided} >= {"applicant.qualified", "applicant.bars", "score.total"}
    said = " ".join(one.model_dump_json() for one in [*decided, *await bench.sent()])
    for personal in ("欧阳某某", "13912345678", NUMBER, "只在卷宗里", "另一说明"):
        assert personal not in said


async def test_closes_and_returns_plans(say, desk):
    plan = await desk.approved("post-1")
    closed = await say("POST", f"/plans/{plan.plan_id}/closing", {"on": "2024-09-02", "reason": "编制调整"})
    assert (closed.json()["status"], closed.json()["end_reason"]) == ("completed", "编制调整")
    await desk.approved_headcount(1)
    again = await desk.drafted("post-1")
    returned = await say(
        "POST",
        f"/plans/{again.plan_id}/returns",
        {"on": "2024-09-02", "reason": "人数过多"},
        role=Role.SUPERIOR_UNION,
        area="3201",
        subject="union",
    )
    assert returned.json()["status"] == "returned"


ROUTES = [
    route
    for router in (service.router, *service.more_routers)
    for route in router.routes
    if isinstance(route, APIRoute)
]


@pytest.mark.parametrize("route", [pytest.param(route, id=route.name) for route in ROUTES])
async def test_each_operation_is_open_to_the_roles_of_the_matrix_alone(bench, route):
    [method] = route.methods
    address = f"/v1{route.path}".replace("{", "").replace("}", "")
    allowed = access_matrix()[route.name]
    async with bench.client() as client:
        assert (await client.request(method, address, json={})).status_code == 401
    for role in Role:
        async with bench.client(role, area=COUNTY) as client:
            assert ((await client.request(method, address, json={})).status_code == 403) is (role not in allowed)


async def test_a_retry_with_the_same_key_applies_once(bench, desk, say):
    path = await published(say, desk)
    async with bench.client(Role.APPLICANT, area=COUNTY, subject="zhang") as client:
        headers = {"Idempotency-Key": "apply-1"}
        first = await client.post(f"/v1{path}/applications", json=an_application(), headers=headers)
        again = await client.post(f"/v1{path}/applications", json=an_application(), headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await bench.rows(Application)) == 1
