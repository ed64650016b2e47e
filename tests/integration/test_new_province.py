"""A further province is a file: two aides of an invented one, from plan to payslip, with no line of code for it.

The policies are the national laws of this repository and the invented files of `new_province/`, nothing else.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.policy.__main__ import POLICIES, check, import_all_rules
from lives import paying, sample
from lives.recruiting import Applicant, apply
from lives.teller import INSPECTOR, Person, Teller
from tests.integration import exchange

INVENTED = Path(__file__).parent / "new_province"

CITY, COUNTY, TOWNSHIP, VILLAGE = "9901", "990101", "990101001", "990101001001"
STAFF = "village_aide"
ORGANISATION = f"village-{VILLAGE}"

CLERK = Person("县牵头部门经办人", "invented-clerk", ("lead_department",), COUNTY)
TOWNSHIP_OFFICE = Person("乡政府", "invented-township", ("street_office",), TOWNSHIP)
TOWNSHIP_PARTY = Person("乡党委", "invented-township-party", ("party_committee",), TOWNSHIP)
COUNTY_PARTY = Person("县委", "invented-county-party", ("party_committee",), COUNTY)
GOVERNMENT = Person("县政府", "invented-government", ("government",), COUNTY)
FINANCE = Person("县财政局", "invented-finance", ("finance",), COUNTY)
DESK = paying.Desk(maker=TOWNSHIP_OFFICE, reviewer=CLERK, approver=FINANCE)
CITY_LEAD = Person("市牵头部门", "invented-city", ("lead_department",), CITY)
CITY_REGISTRAR = Person("市备案岗", "invented-city-registrar", ("provincial_registrar",), CITY)
PROVINCE_REGISTRAR = Person("省备案岗", "invented-registrar", ("provincial_registrar",), "99")
ELSEWHERE = Person("无文件地区经办人", "nowhere-clerk", ("lead_department",), "980101")

STEADY = Applicant("甲某", "aide-steady", COUNTY, "1985-03-03", 12, education="senior_secondary")
VETERAN = Applicant("乙某", "aide-veteran", COUNTY, "1990-06-01", 33, education="bachelor", statuses=("veteran",))
RELATIVE = Applicant("丙某", "aide-relative", COUNTY, "1991-07-07", 45, declared_bars=("relative_of_cadre",))
OUTVOTED = Applicant("丁某", "aide-outvoted", COUNTY, "1992-08-08", 56)
AIDES = (VETERAN, STEADY)


@dataclass
class Witness(Teller):
    """A teller who keeps the decisions behind each step."""

    kept: list[dict[str, Any]] = field(default_factory=list)

    def _tell_decisions(self, ids: str) -> None:
        for decision_id in filter(None, ids.split(",")):
            path = f"/v1/decisions/{decision_id}"
            self.kept.append(self.finds(INSPECTOR, path, lambda answer: answer))

    def asks(self, person: Person, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._command(person, method, path, body)

    def clauses(self, rule: str) -> set[str]:
        return {decision["clause"] for decision in self.kept if decision["rule"] == rule}


@pytest.fixture(scope="module")
def policies_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    for file in (*POLICIES.glob("law-*.yaml"), *INVENTED.glob("*.yaml")):
        shutil.copy(file, folder)
    (folder / "parameters").mkdir()
    shutil.copy(POLICIES / "parameters" / "nation.yaml", folder / "parameters")
    return folder


@pytest.fixture(scope="module")
def witness(policies_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    folder = tmp_path_factory.mktemp("platform")
    with (
        exchange.start_platform(folder, POLICIES_DIR=str(policies_dir)) as platform,
        httpx.Client(base_url=platform.service_url("gateway"), timeout=30, trust_env=False) as gateway,
    ):
        sample.load_figures(platform, lambda _: None, folder=policies_dir)
        sample.check_figures(Teller(gateway, "figures", lambda _: None))
        yield Witness(gateway, "new-province", lambda _: None)


@dataclass
class Life:
    """What the platform answered, step by step."""

    quota: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    reviews: dict[str, str] = field(default_factory=dict)
    ranking: list[str] = field(default_factory=list)
    notice_ends_on: str = ""
    agreement: dict[str, Any] = field(default_factory=dict)
    filing: dict[str, Any] = field(default_factory=dict)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    slips: dict[str, Any] = field(default_factory=dict)
    why: dict[str, dict[str, str]] = field(default_factory=dict)
    trainings: list[str] = field(default_factory=list)
    grades: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    consequences: dict[str, set[str]] = field(default_factory=dict)
    refusals: dict[str, dict[str, Any]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def life(witness: Witness) -> Life:
    told = Life()
    posts = _posts(witness, told)
    plan_id = _plan(witness, told, posts[:2])
    _select(witness, told, plan_id)
    _hire(witness, told, plan_id, posts)
    _file(witness, told)
    agreement_id = _agree(witness, told)
    _pay(witness, told)
    _train(witness, told)
    _evaluate(witness, told)
    _renew(witness, told, agreement_id)
    return told


def _posts(witness: Witness, told: Life) -> list[str]:
    witness.today("2025-02-10")
    village = {"organisation_id": ORGANISATION, "name": "某村", "kind": "village", "area": VILLAGE, "households": 2100}
    witness.does(CLERK, "登记某村", "POST", "/organisations", village)
    office = {"organisation_id": "office-1", "name": "某乡政府", "kind": "street_office", "area": TOWNSHIP}
    witness.does(CLERK, "登记某乡政府", "POST", "/organisations", office)
    asked = {"staff": STAFF, "on": "2025-02-10"}
    told.quota = witness.does(CLERK, "核定", "POST", f"/organisations/{ORGANISATION}/quotas", asked)
    witness.does(CLERK, "核定", "POST", "/organisations/office-1/quotas", asked)
    post = {"organisation_id": ORGANISATION, "staff": STAFF, "post_class": "ordinary", "on": "2025-02-10"}
    told.refusals["post outside a village"] = witness.is_refused(
        CLERK, "乡里设岗", "POST", "/posts", post | {"organisation_id": "office-1"}, clause="XU-1"
    )
    posts = [witness.does(CLERK, "设岗", "POST", "/posts", post)["post_id"] for _ in range(3)]
    told.refusals["post above the quota"] = witness.is_refused(CLERK, "超额设岗", "POST", "/posts", post, clause="XU-1")
    witness.does(CLERK, "说明理由后设岗", "POST", "/posts", post | {"reason": "汛期值守"})
    return posts


def _plan(witness: Witness, told: Life, posts: list[str]) -> str:
    witness.today("2025-02-17")
    body = {
        "title": "某村村务协理员招聘方案",
        "area": VILLAGE,
        "staff": STAFF,
        "organisation_id": ORGANISATION,
        "post_ids": posts,
        "oldest_age": 50,
        "on": "2025-02-17",
    }
    witness.is_refused(TOWNSHIP_OFFICE, "年龄放到五十", "POST", "/plans", body, clause="XU-3")
    drafted = witness.does(TOWNSHIP_OFFICE, "拟订方案", "POST", "/plans", body | {"oldest_age": 40})
    plan_id: str = drafted["plan_id"]
    path, on = f"/plans/{plan_id}/approvals", {"on": "2025-02-18"}
    for name, office in (("government first", GOVERNMENT), ("another level", COUNTY_PARTY)):
        told.refusals[name] = witness.is_refused(office, "越级审批", "POST", path, on, clause="XU-2")
    witness.does(TOWNSHIP_PARTY, "同意", "POST", path, on)
    told.plan = witness.does(GOVERNMENT, "批准", "POST", path, on)
    short = {"published_on": "2025-02-20", "closes_on": "2025-03-05"}
    path = f"/plans/{plan_id}/notice"
    told.refusals["notice of nine days"] = witness.is_refused(CLERK, "九天公告", "POST", path, short, clause="XU-4")
    witness.does(CLERK, "公告", "POST", path, short | {"closes_on": "2025-03-06"})
    return plan_id


def _record(witness: Witness, applicant: Applicant, stage: str, on: str, **result: Any) -> str:
    path = f"/applications/{applicant.application_id}/stages"
    status: str = witness.does(CLERK, stage, "POST", path, {"stage": stage, "on": on, **result})["status"]
    return status


def _select(witness: Witness, told: Life, plan_id: str) -> None:
    witness.today("2025-03-03")
    everyone = (STEADY, VETERAN, RELATIVE, OUTVOTED)
    for applicant in everyone:
        apply(witness, plan_id, applicant, on="2025-03-03")
    for applicant in everyone:
        told.reviews[applicant.name] = _record(witness, applicant, "qualification_review", "2025-03-10")
    path = f"/applications/{STEADY.application_id}/stages"
    for stage, result in (("written_exam", {"score": "80.0"}), ("medical", {"passed": True})):
        body = {"stage": stage, "on": "2025-03-11", **result}
        told.refusals[stage] = witness.is_refused(CLERK, "按国家通行次序", "POST", path, body, clause="XU-4")
    scores = ((STEADY, ("90", "75", "80")), (VETERAN, ("80", "80", "90")), (OUTVOTED, ("95", "69.9", None)))
    for applicant, given in scores:
        for stage, score in zip(("interview", "residents_vote", "written_exam"), given, strict=True):
            if score is not None:
                told.reviews[applicant.name] = _record(witness, applicant, stage, "2025-03-18", score=score)
    ranking = witness.does(CLERK, "排名", "POST", f"/plans/{plan_id}/ranking", {"on": "2025-03-20"})
    names = {applicant.application_id: applicant.name for applicant in everyone}
    told.ranking = [f"{names[one['application_id']]} {one['total']}" for one in ranking["order"]]


def _hire(witness: Witness, told: Life, plan_id: str, posts: list[str]) -> None:
    for applicant in AIDES:
        _record(witness, applicant, "trial_week", "2025-03-28", passed=True)
    path, notice = f"/plans/{plan_id}/public-notice", {"starts_on": "2025-03-31", "working_days": 5}
    witness.is_refused(CLERK, "公示五天", "POST", path, notice, clause="XU-4")
    told.notice_ends_on = witness.does(CLERK, "公示", "POST", path, notice | {"working_days": 6})["ends_on"]
    witness.today("2025-04-10")
    for applicant, post_id in zip(AIDES, posts, strict=False):
        path = f"/applications/{applicant.application_id}/hiring"
        hired = witness.does(CLERK, "聘用", "POST", path, {"on": "2025-04-10", "post_id": post_id})
        applicant.worker_id = hired["worker_id"]


def _file(witness: Witness, told: Life) -> None:
    view = f"/v1/workers/{VETERAN.worker_id}"
    opened = witness.finds(CLERK, view, lambda view: view["filings"])[0]
    told.filing = {"opened under": opened["clause"]}
    path, on = f"/filings/{opened['filing_id']}", {"on": "2025-04-14"}
    witness.does(CLERK, "报送", "POST", f"{path}/submissions", on)
    witness.is_refused(PROVINCE_REGISTRAR, "省里受理", "POST", f"{path}/acceptances", on, clause="XU-6")
    accepted = witness.does(CITY_REGISTRAR, "市里受理", "POST", f"{path}/acceptances", on)
    told.filing |= {"status": accepted["status"], "receipt": accepted["receipt_number"]}


def _agree(witness: Witness, told: Life) -> dict[str, str]:
    witness.today("2025-04-21")
    agreements = {}
    for applicant in AIDES:
        body = {
            "worker_id": applicant.worker_id,
            "starts_on": "2025-05-01",
            "ends_on": "2026-05-01",
            "probation_months": 0,
            "duties": "村务协理",
            "place": "某村",
            "on": "2025-04-21",
        }
        witness.is_refused(TOWNSHIP_OFFICE, "一年一签", "POST", "/agreements", body, clause="XU-7")
        told.agreement = witness.does(
            TOWNSHIP_OFFICE, "十八个月", "POST", "/agreements", body | {"ends_on": "2026-11-01"}
        )
        path = f"/agreements/{told.agreement['agreement_id']}/signatures"
        witness.does(TOWNSHIP_OFFICE, "签字", "POST", path, {"party": "street_office", "on": "2025-04-22"})
        witness.does(applicant.as_worker, "签字", "POST", path, {"party": "worker", "on": "2025-04-22"})
        agreements[applicant.name] = told.agreement["agreement_id"]
    return agreements


def _standard(witness: Witness, amount: str) -> None:
    body = {"area": COUNTY, "staff": STAFF, "post_class": "ordinary", "grade": 1}
    body |= {"monthly_amount": amount, "starts_on": "2025-05-01", "source": "县薪酬办法第五条（虚构）"}
    standard = witness.does(CLERK, "拟订标准", "POST", "/pay-standards", body)
    witness.does(
        FINANCE, "批准标准", "POST", f"/pay-standards/{standard['standard_id']}/approvals", {"on": "2025-06-03"}
    )


def _pay(witness: Witness, told: Life) -> None:
    witness.today("2025-06-03")
    _standard(witness, "2000.00")
    for number, applicant in enumerate(AIDES, start=1):
        paying.enter_account(witness, applicant, f"622200000000000020{number}", confirmed_by=FINANCE)
    run = {"area": TOWNSHIP, "staff": STAFF, "month": "2025-05", "paid_in": "2025-06", "on": "2025-06-03"}
    path = paying.open_run(witness, DESK, "开立", run)
    for applicant, score in ((VETERAN, "90"), (STEADY, "70")):
        entered = f"/payroll-entries/{applicant.worker_id}/2025-05"
        witness.does(TOWNSHIP_OFFICE, "评分", "PUT", entered, {"values": {"score": score}})
    paying.calculate(witness, DESK, path, "核算", on="2025-06-03", expected=(0, 2))
    told.set_aside = witness.reads(CLERK, f"/v1{path}/set-aside")["items"]
    _standard(witness, "3333.33")
    paying.calculate(witness, DESK, path, "重新核算", on="2025-06-03", expected=(2, 0))
    paying.approve(witness, DESK, path, on="2025-06-04")
    for applicant in AIDES:
        slip = paying.read_slip(witness, applicant, "2025-05")
        told.slips[applicant.name] = slip
        why = witness.reads(applicant.as_worker, f"/v1/payslips/{slip['payslip_id']}")["lines"]
        told.why[applicant.name] = {line["code"]: line["clause"] for line in why}
    paying.pay_out(witness, DESK, path, on="2025-06-04")


def _train(witness: Witness, told: Life) -> None:
    witness.today("2025-09-01")
    view = f"/v1/workers/{VETERAN.worker_id}"
    training = witness.finds(CLERK, view, lambda view: view["trainings"])[0]
    done = {"course": "村务协理实务", "hours": 16, "on": "2025-09-01"}
    witness.does(CLERK, "培训", "POST", f"/trainings/{training['training_id']}/completions", done)
    both = witness.finds(CLERK, view, lambda view: view["trainings"] if len(view["trainings"]) == 2 else None)
    told.trainings = sorted(one["due_on"] for one in both)


def _evaluate(witness: Witness, told: Life) -> None:
    witness.today("2026-01-15")
    path = "/evaluation/choices/XU-9/thresholds"
    choice = {"area": CITY, "starts_on": "2026-01-01", "value": {"good": 88, "fair": 50}}
    told.refusals["lines below the bounds"] = witness.is_refused(
        CITY_LEAD, "五十分为一般", "PUT", path, choice, clause="XU-9"
    )
    witness.does(CITY_LEAD, "定分数线", "PUT", path, choice | {"value": {"good": 88, "fair": 65}})
    for applicant, scores in ((VETERAN, (92, 85, 90)), (STEADY, (60, 60, 60))):
        given = dict(zip(("household_visits", "mediation", "attendance"), map(str, scores), strict=True))
        body = {"worker_id": applicant.worker_id, "year": 2025, "scores": given, "on": "2026-01-15"}
        graded = witness.does(TOWNSHIP_OFFICE, "考核", "POST", "/evaluations", body)
        told.grades[applicant.name] = (graded["score"], graded["grade"], graded["passed"])
        proposed = witness.finds(CLERK, f"/v1/workers/{applicant.worker_id}", lambda view: view["consequences"])
        told.consequences[applicant.name] = {one["kind"] for one in proposed}


def _renew(witness: Witness, told: Life, agreements: dict[str, str]) -> None:
    witness.today("2026-10-12")
    body = {"starts_on": "2026-11-01", "ends_on": "2028-05-01", "on": "2026-10-12"}
    path = f"/agreements/{agreements[STEADY.name]}/renewals"
    told.refusals["renewal after a poor year"] = witness.is_refused(
        TOWNSHIP_OFFICE, "考核为差而续签", "POST", path, body, clause="XU-7"
    )
    witness.does(TOWNSHIP_OFFICE, "续签", "POST", f"/agreements/{agreements[VETERAN.name]}/renewals", body)


def test_the_folder_has_no_fault(policies_dir, capsys):
    import_all_rules()

    assert check(policies_dir) == 0
    assert "无误" in capsys.readouterr().out
    assert sorted(file.stem for file in policies_dir.glob("*.yaml") if not file.stem.startswith("law-")) == [
        "measures",
        "standards",
    ]


class TestANewProvince:
    """XU-1 to XU-10, XU-S1, XU-S2: each stage of a working life under clauses that no code knows."""

    def test_sets_posts_by_its_own_figure_and_kind_of_organisation(self, life):
        # 2,100 households: the second tier, and one more for the whole 400 above 1,600.
        assert (life.quota["lowest"], life.quota["highest"], life.quota["obligation"]) == (2, 3, "should")
        assert life.quota["clause"] == "XU-1"
        assert "超过定额上限 3 个" in life.refusals["post above the quota"]["detail"]

    def test_has_its_plan_approved_by_its_own_offices_in_their_order(self, life):
        assert life.plan["status"] == "approved"
        assert life.plan["approvers"] == [
            {"office": "party_committee", "level": "street"},
            {"office": "government", "level": "county"},
        ]
        for name in ("government first", "another level"):
            assert "街道（乡镇）级党委" in life.refusals[name]["detail"]

    def test_selects_in_its_own_order_of_stages(self, life):
        assert [stage["stage"] for stage in life.plan["process"]] == [
            "notice",
            "application",
            "qualification_review",
            "interview",
            "residents_vote",
            "written_exam",
            "trial_week",
            "public_notice",
            "hiring",
        ]
        assert "下一环节应为“面试”" in life.refusals["written_exam"]["detail"]
        assert "没有环节“medical”" in life.refusals["medical"]["detail"]

    def test_turns_away_by_its_own_bar_and_its_own_pass_mark(self, life):
        assert {name: status for name, status in life.reviews.items() if status == "rejected"} == {
            RELATIVE.name: "rejected",
            OUTVOTED.name: "rejected",
        }

    def test_weighs_by_its_own_weights_and_parts_equals_by_its_own_preference(self, life):
        assert life.ranking == [f"{VETERAN.name} 82.0", f"{STEADY.name} 82.0"]

    def test_counts_its_own_notices_on_the_nations_calendar(self, life):
        assert "至少应为10个工作日" in life.refusals["notice of nine days"]["detail"]
        # Six working days from 31 March; 4 April is a holiday.
        assert life.notice_ends_on == "2025-04-09"

    def test_files_with_the_level_it_names(self, life):
        assert life.filing["opened under"] == "XU-6"
        assert life.filing["status"] == "accepted"
        assert life.filing["receipt"].startswith("99-2025-")

    def test_signs_for_its_own_term_between_its_own_parties(self, life):
        assert life.agreement["kind"] == "service_agreement"
        assert life.agreement["clause"] == "XU-7"
        assert life.agreement["parties"] == ["street_office", "worker"]

    def test_holds_pay_to_its_own_minimum_wage(self, life):
        # Of 2,000.00 the worker's 213.00 do not count: 1,787.00 and less lie below 1,900.00.
        assert {(one["code"], one["clause"]) for one in life.set_aside} == {("below_floor", "XU-8")}
        assert sum("1900.00" in one["zh"] for one in life.set_aside) == len(AIDES)

    @pytest.mark.parametrize(
        ("aide", "fixed", "pooled", "gross", "net"),
        [
            # 60 % of 3,333.33 is 1,999.998; the pool is twice 1,333.33, shared 90 to 70.
            pytest.param(VETERAN, "2000.00", "1500.00", "3500.00", "3263.67", id="the higher score"),
            pytest.param(STEADY, "2000.00", "1166.66", "3166.66", "2930.33", id="the lower score"),
        ],
    )
    def test_pays_to_the_fen_by_its_own_split_and_contributions(self, life, aide, fixed, pooled, gross, net):
        slip = life.slips[aide.name]
        lines = {line["code"]: line["amount"] for line in slip["lines"]}

        assert (lines["fixed_part"], lines["pooled_part"], slip["gross"]) == (fixed, pooled, gross)
        # 7 % of 3,333.33 and 3.00 of mutual aid.
        assert (lines["pension_worker"], lines["mutual_aid_worker"], slip["contributions"]) == (
            "233.33",
            "3.00",
            "236.33",
        )
        assert (slip["tax"], slip["net"]) == ("0.00", net)

    @pytest.mark.parametrize(
        ("line", "clause"),
        [
            pytest.param("fixed_part", "XU-8", id="the fixed part"),
            pytest.param("pooled_part", "XU-8", id="the share of the pool"),
            pytest.param("pension_worker", "XU-S2", id="pension"),
            pytest.param("mutual_aid_worker", "XU-S2", id="mutual aid"),
        ],
    )
    def test_says_by_which_of_its_own_clauses_each_line_is_paid(self, life, line, clause):
        assert {aide: why[line] for aide, why in life.why.items()} == dict.fromkeys(life.why, clause)
        assert len(life.why) == len(AIDES)

    def test_trains_every_half_year(self, life):
        assert life.trainings == ["2025-10-10", "2026-03-01"]

    def test_grades_by_its_own_dimensions_and_grades(self, life):
        assert life.grades == {VETERAN.name: ("89.50", "good", True), STEADY.name: ("60.00", "poor", False)}
        assert life.consequences == {VETERAN.name: {"reward", "renewal"}, STEADY.name: {"admonition_talk"}}
        assert "最近一次（2025 年度）考核不合格" in life.refusals["renewal after a poor year"]["detail"]

    @pytest.mark.parametrize(
        ("rule", "clauses"),
        [
            ("quota.for_organisation", {"XU-1"}),
            ("post.place", {"XU-1"}),
            ("post.may_open", {"XU-1"}),
            ("plan.approvers", {"XU-2"}),
            ("plan.conditions", {"XU-3"}),
            ("applicant.qualified", {"XU-3"}),
            ("applicant.bars", {"XU-3", "LAW-RC-12"}),
            ("applicant.working_age", {"LAW-RC-15"}),
            ("recruitment.stage_in_order", {"XU-4"}),
            ("notice.working_days", {"XU-4"}),
            ("public_notice.working_days", {"XU-4"}),
            ("calendar.working_days", {"LAW-WD"}),
            ("score.total", {"XU-5"}),
            ("ranking.order", {"XU-5"}),
            ("public_notice.permits_hiring", {"LAW-RC-17"}),
            ("filing.may_accept", {"XU-6"}),
            ("agreement.term", {"XU-7"}),
            ("agreement.parties", {"XU-7"}),
            ("renewal.permitted", {"XU-7"}),
            ("evaluation.grade", {"XU-9"}),
            ("evaluation.consequences", {"XU-9"}),
            ("training.due", {"XU-10"}),
            ("policy.choice_within_bounds", {"XU-9"}),
        ],
    )
    def test_decides_by_its_own_clauses_and_the_nations_where_it_is_silent(self, life, witness, rule, clauses):
        assert witness.clauses(rule) == clauses


class TestWhereNoDocumentSpeaks:
    def test_a_command_is_refused_and_says_so(self, witness):
        witness.today("2025-02-10")
        office = {"organisation_id": "office-nowhere", "name": "某街道", "kind": "street_office", "area": "980101001"}
        witness.does(ELSEWHERE, "登记", "POST", "/organisations", office)

        asked = {"staff": STAFF, "on": "2025-02-10"}
        answer = witness.asks(ELSEWHERE, "POST", "/organisations/office-nowhere/quotas", asked)

        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["rule"]) == (409, "NO_CLAUSE", "quota.for_organisation")
        assert "没有在本地区（980101001）对“village_aide”生效的文件条款" in problem["detail"]

    def test_neither_for_staff_that_the_province_does_not_know(self, witness, life):
        asked = {"staff": "union_worker", "on": "2025-02-10"}
        answer = witness.asks(CLERK, "POST", f"/organisations/{ORGANISATION}/quotas", asked)

        assert (answer.status_code, answer.json()["code"]) == (409, "NO_CLAUSE")
