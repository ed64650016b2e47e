"""Conditions, bars and categories, through the policy files themselves."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.testing import decide_every_here, decide_here
from recruitment import rules
from recruitment.rules import OwnConditions

JIANGSU, JILIN, JIANGHAN = "320102", "220102", "420103"
DAY = date(2024, 9, 2)
FIGURES = dict.fromkeys(("economy", "staff_gap", "enterprises", "workers", "funds"), Decimal(1))
USUAL = [
    "notice",
    "application",
    "qualification_review",
    "written_exam",
    "second_review",
    "interview",
    "background_check",
    "medical",
    "public_notice",
    "hiring",
]
TENDER = ["tender_notice", "application", "professional_review", "bidding", "public_notice", "contract", "start"]


def codes(outcome):
    return [finding["code"] for finding in outcome]


@pytest.mark.clause("JL-3b", "JL-3c", "JH-4b", "JS-5a", "LAW-RC-18")
class TestPlanConditions:
    """JL-3b, JH-4b, JS-5a, LAW-RC-18: a plan may be stricter than the document; JL-3c: for whom age may be relaxed."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause", "own", "found"),
        [
            pytest.param(
                JILIN, "community_worker", "JL-3b", {"oldest_age": 40}, [], id="40 is the document's own limit"
            ),
            pytest.param(
                JILIN, "community_worker", "JL-3b", {"oldest_age": 41}, ["age_above_document"], id="41 is above"
            ),
            pytest.param(JILIN, "community_worker", "JL-3b", {"oldest_age": 35}, [], id="35 is stricter"),
            pytest.param(
                JILIN,
                "community_worker",
                "JL-3b",
                {"lowest_education": "senior_secondary"},
                ["education_below_document"],
                id="school is below college",
            ),
            pytest.param(
                JIANGHAN, "open_recruitment", "JH-4b", {"lowest_education": "bachelor"}, [], id="bachelor will do"
            ),
            pytest.param(
                JIANGHAN,
                "open_recruitment",
                "JH-4b",
                {"lowest_education": "junior_college"},
                ["education_below_document"],
                id="college is below bachelor",
            ),
            pytest.param(JIANGSU, "union_worker", "JS-5a", {"oldest_age": 55}, [], id="no figure: the plan's own"),
            pytest.param(JIANGHAN, "public_welfare", "LAW-RC-18", {"oldest_age": 55}, [], id="no clause of its own"),
        ],
    )
    def test_keeps_to_the_document(self, area, staff, clause, own, found):
        decision = decide_here(rules.plan_conditions, area=area, staff=staff, on=DAY, **own)

        assert decision.clause == clause
        assert codes(decision.outcome["findings"]) == found

    @pytest.mark.parametrize(
        ("statuses", "found"),
        [
            pytest.param(["veteran", "sociology_graduate"], [], id="those named"),
            pytest.param(["social_work_degree"], ["not_relaxable"], id="nobody else"),
        ],
    )
    def test_relaxes_age_for_those_named(self, statuses, found):
        decision = decide_here(rules.age_relaxation, area=JILIN, staff="community_worker", on=DAY, statuses=statuses)

        assert decision.clause == "JL-3c"
        assert codes(decision.outcome) == found


@pytest.mark.clause("JL-3b", "JL-3c", "JH-2b", "JH-4b", "JS-5a")
class TestApplicantQualified:
    """JL-3b, JL-3c, JH-2b, JH-4b, JS-5a: the document's conditions and the plan's, both."""

    @pytest.mark.parametrize(
        ("age", "own", "statuses", "found"),
        [
            pytest.param(40, {}, [], [], id="forty is within forty"),
            pytest.param(41, {}, [], ["too_old"], id="forty-one is beyond"),
            pytest.param(36, {"oldest_age": 35}, [], ["too_old"], id="the plan's stricter limit holds too"),
            pytest.param(35, {"oldest_age": 35}, [], [], id="the plan's limit itself is within"),
            pytest.param(41, {}, ["veteran"], ["too_old"], id="no relaxation unless the plan says so"),
            pytest.param(50, {"age_relaxed_for": ["veteran"]}, ["veteran"], [], id="relaxed without a limit"),
            pytest.param(50, {"age_relaxed_for": ["veteran"]}, [], ["too_old"], id="relaxed for others only"),
            pytest.param(
                45, {"age_relaxed_for": ["veteran"], "relaxed_oldest_age": 45}, ["veteran"], [], id="the relaxed limit"
            ),
            pytest.param(
                46,
                {"age_relaxed_for": ["veteran"], "relaxed_oldest_age": 45},
                ["veteran"],
                ["too_old"],
                id="one year beyond the relaxed limit",
            ),
        ],
    )
    def test_age(self, age, own, statuses, found):
        decision = self._decided(JILIN, "community_worker", age=age, statuses=statuses, plan=OwnConditions(**own))

        assert decision.clause == "JL-3b"
        assert codes(decision.outcome) == found

    @pytest.mark.parametrize(
        ("area", "staff", "education", "statuses", "own", "found"),
        [
            pytest.param(JILIN, "community_worker", "junior_college", [], {}, [], id="college in Jilin"),
            pytest.param(
                JILIN, "community_worker", "senior_secondary", [], {}, ["education_too_low"], id="school in Jilin"
            ),
            pytest.param(JIANGHAN, "open_recruitment", "bachelor", [], {}, [], id="bachelor in Jianghan"),
            pytest.param(
                JIANGHAN, "open_recruitment", "junior_college", [], {}, ["education_too_low"], id="college is less"
            ),
            pytest.param(
                JIANGHAN,
                "purchased_service",
                "junior_college",
                ["social_work_certificate"],
                {},
                [],
                id="with certificate",
            ),
            pytest.param(
                JIANGHAN, "purchased_service", "junior_college", ["social_work_degree"], {}, [], id="or with the degree"
            ),
            pytest.param(
                JIANGHAN, "purchased_service", "bachelor", ["veteran"], {}, ["certificate_missing"], id="or not at all"
            ),
            pytest.param(JIANGSU, "union_worker", "senior_secondary", [], {}, [], id="Jiangsu gives no figure"),
            pytest.param(
                JIANGSU,
                "union_worker",
                "junior_college",
                [],
                {"lowest_education": "bachelor"},
                ["education_too_low"],
                id="but the plan may",
            ),
        ],
    )
    def test_education_and_certificates(self, area, staff, education, statuses, own, found):
        plan = OwnConditions(**own)
        decision = self._decided(area, staff, education=education, statuses=statuses, plan=plan)

        assert codes(decision.outcome) == found

    def test_further_conditions_are_the_reviewers_finding(self):
        decision = self._decided(JIANGSU, "union_worker", further_conditions_met=False)

        assert codes(decision.outcome) == ["further_conditions_not_met"]

    def _decided(self, area, staff, **facts):
        given: dict[str, Any] = {"age": 30, "education": "bachelor", "statuses": [], "plan": OwnConditions()}
        return decide_here(rules.applicant_qualified, area=area, staff=staff, on=DAY, **(given | facts))


@pytest.mark.clause("LAW-RC-15")
class TestWorkingAge:
    """LAW-RC-15: nobody under sixteen."""

    @pytest.mark.parametrize(("age", "permitted"), [(16, True), (15, False)])
    def test_begins_at_sixteen(self, age, permitted):
        decision = decide_here(rules.applicant_of_working_age, area=JIANGSU, staff="union_worker", on=DAY, age=age)

        assert decision.permits is permitted


@pytest.mark.clause("JH-5", "JS-5a", "LAW-RC-12")
class TestBars:
    """JH-5: seven bars in every channel; JS-5a: politics; LAW-RC-12: criminal record and discredit, everywhere."""

    @pytest.mark.parametrize("staff", ["purchased_service", "public_welfare", "open_recruitment"])
    @pytest.mark.parametrize(
        "code",
        [
            "against_party_line",
            "unlawful_assembly",
            "unable_to_face_public",
            "under_investigation",
            "under_punishment",
            "service_term_owed",
            "barred_by_law",
        ],
    )
    def test_any_of_the_seven_bars_in_every_channel(self, staff, code):
        decisions = self._decided(JIANGHAN, staff, found=[code])

        assert {one.clause: codes(one.outcome) for one in decisions} == {"JH-5": [code], "LAW-RC-12": []}

    @pytest.mark.parametrize(
        ("area", "staff", "clauses"),
        [
            pytest.param(JIANGSU, "union_worker", ["JS-5a", "LAW-RC-12"], id="Jiangsu adds its own"),
            pytest.param(JILIN, "community_worker", ["LAW-RC-12"], id="Jilin has none of its own"),
        ],
    )
    def test_bars_of_several_documents_add_up(self, area, staff, clauses):
        decisions = self._decided(area, staff, declared=["criminal_record"])

        assert [one.clause for one in decisions] == clauses
        assert [one.permits for one in decisions] == [*[True] * (len(clauses) - 1), False]

    def test_nobody_is_barred_by_nothing(self):
        assert all(one.permits for one in self._decided(JIANGHAN, "open_recruitment"))

    def _decided(self, area, staff, declared=(), found=()):
        return decide_every_here(
            rules.applicant_bars, area=area, staff=staff, on=DAY, declared=[*declared], found=[*found]
        )


@pytest.mark.clause("JH-3b")
class TestCategory:
    """JH-3b: who is hard to employ, of the Jianghan register."""

    @pytest.mark.parametrize(
        ("facts", "category"),
        [
            pytest.param({"months_since_graduation": 12}, "unemployed_graduate", id="a year since graduating"),
            pytest.param({"months_since_graduation": 11}, None, id="a month less"),
            pytest.param(
                {"months_since_graduation": 12, "education": "senior_secondary"},
                None,
                id="a school leaver is no graduate",
            ),
            pytest.param({"age": 40, "female": True}, "older_unemployed", id="a woman of forty"),
            pytest.param({"age": 39, "female": True}, None, id="a woman of thirty-nine"),
            pytest.param({"age": 50}, "older_unemployed", id="a man of fifty"),
            pytest.param({"age": 49}, None, id="a man of forty-nine"),
            pytest.param({"unemployed_months": 12}, "long_unemployed", id="a year without work"),
            pytest.param({"unemployed_months": 11}, None, id="eleven months without work"),
            pytest.param({"age": 55, "unemployed_months": None}, None, id="somebody in work"),
            pytest.param({"age": 55, "household_area": "420102"}, None, id="another district's register"),
            pytest.param({"age": 55, "household_area": None}, None, id="no register given"),
        ],
    )
    def test_is_found_from_the_facts(self, facts, category):
        given: dict[str, Any] = {
            "household_area": "420103001",
            "age": 30,
            "female": False,
            "education": "bachelor",
            "unemployed_months": 1,
            "months_since_graduation": None,
        }
        decision = decide_here(
            rules.applicant_category, area=JIANGHAN, staff="public_welfare", on=DAY, **(given | facts)
        )

        assert decision.outcome == {"category": category}
