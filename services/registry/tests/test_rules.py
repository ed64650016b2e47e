from datetime import date

import pytest

from common.testing import decide_here
from registry import rules

XUANWU_STREET = "320102002"
CHANGCHUN_COMMUNITY = "220102001001"
ON = date(2024, 3, 1)


@pytest.mark.clause("JS-4b")
class TestQuotaByUnionsAndWorkers:
    """JS-4b: either count alone lifts to the second tier."""

    @pytest.mark.parametrize(
        ("figures", "quota"),
        [
            pytest.param({"unions": 199, "workers": 4999}, (0, 1, "may"), id="one below both thresholds"),
            pytest.param({"unions": 200, "workers": 100}, (1, 5, "should"), id="unions at the threshold"),
            pytest.param({"unions": 10, "workers": 5000}, (1, 5, "should"), id="workers at the threshold"),
            pytest.param({"unions": 260, "workers": 7300}, (1, 5, "should"), id="both over"),
            pytest.param({}, (0, 1, "may"), id="no figures given"),
        ],
    )
    def test_takes_the_tier_either_count_reaches(self, figures, quota):
        decision = decide_here(
            rules.quota_for_organisation, area=XUANWU_STREET, staff="union_worker", on=ON, figures=figures
        )

        assert decision.clause == "JS-4b"
        assert (decision.value.lowest, decision.value.highest, decision.value.obligation) == quota


@pytest.mark.clause("JL-2a")
class TestQuotaByHouseholds:
    """JL-2a: ten to fifteen up to 3,000 households, one more for each whole step the county chose."""

    @pytest.mark.parametrize(
        ("households", "step", "quota"),
        [
            pytest.param(3000, 500, (10, 15), id="at the line"),
            pytest.param(3499, 500, (10, 15), id="a step begun does not count"),
            pytest.param(3500, 500, (11, 16), id="one whole step"),
            pytest.param(3620, 300, (12, 17), id="two steps of three hundred"),
        ],
    )
    def test_adds_one_for_each_whole_step(self, households, step, quota):
        decision = decide_here(
            rules.quota_for_organisation,
            area=CHANGCHUN_COMMUNITY,
            staff="community_worker",
            on=date(2021, 9, 1),
            choices={"one_extra_per": step},
            figures={"households": households},
        )

        assert decision.clause == "JL-2a"
        assert (decision.value.lowest, decision.value.highest) == quota


@pytest.mark.clause("JS-4a")
class TestMayHoldPosts:
    """JS-4a: posts lie in street, zone and industry unions."""

    @pytest.mark.parametrize(
        ("kind", "allowed"), [("street_union", True), ("industry_federation", True), ("community", False)]
    )
    def test_only_at_the_kinds_named(self, kind, allowed):
        decision = decide_here(
            rules.may_hold_posts, area=XUANWU_STREET, staff="union_worker", on=ON, organisation_kind=kind
        )

        assert decision.permits is allowed


@pytest.mark.clause("JL-2b", "JS-4b")
class TestMayOpenPost:
    """JL-2b: quota and county total both bind. JS-4b: over five needs a reason."""

    @pytest.mark.parametrize(
        ("posts_open", "in_county", "reason", "codes"),
        [
            pytest.param(16, 40, False, [], id="the last post within the quota"),
            pytest.param(17, 40, False, ["over_quota"], id="one over the quota"),
            pytest.param(17, 40, True, ["over_quota"], id="a reason does not lift it"),
            pytest.param(3, 99, False, [], id="the last post of the county"),
            pytest.param(3, 100, False, ["over_county_cap"], id="one over the county's total"),
        ],
    )
    def test_binds_community_and_county(self, posts_open, in_county, reason, codes):
        decision = decide_here(
            rules.may_open_post,
            area=CHANGCHUN_COMMUNITY,
            staff="community_worker",
            on=date(2021, 9, 1),
            choices={"county_cap": 100},
            posts_open=posts_open,
            quota_highest=17,
            posts_open_in_county=in_county,
            reason_given=reason,
        )

        assert decision.clause == "JL-2b"
        assert [finding.code for finding in decision.value] == codes

    @pytest.mark.parametrize(("reason", "permitted"), [(False, False), (True, True)])
    def test_a_sixth_union_worker_needs_a_recorded_reason(self, reason, permitted):
        decision = decide_here(
            rules.may_open_post,
            area=XUANWU_STREET,
            staff="union_worker",
            on=ON,
            posts_open=5,
            quota_highest=5,
            posts_open_in_county=30,
            reason_given=reason,
        )

        assert decision.clause == "JS-4b"
        assert decision.permits is permitted
