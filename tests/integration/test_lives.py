"""The three lives, undisturbed: through the gateway, on a real PostgreSQL and a real Kafka, every service a process."""

import json

import httpx

from common.bus import publishers
from common.policy import Decision
from common.policy.__main__ import import_all_rules
from common.policy.decisions import recompute
from lives.__main__ import play
from tests.integration import exchange


class TestLives:
    def test_are_told_with_the_clauses_behind_them(self, told):
        text = "\n".join(told)

        for clause in ("JS-4b", "JS-5a", "JS-5b", "JS-5c", "JS-8b", "JL-2a", "JL-4c", "JL-4d", "JL-5a", "JL-8a"):
            assert f"（{clause}）" in text
        for clause in ("JL-2b", "JL-10", "JH-11a", "JH-8"):
            assert any("不予办理" in line and f"（{clause}）" in line for line in told)

    def test_leave_no_event_lost_or_twice_and_every_decision_in_the_log(self, platform, told):
        exchange.check_invariants(platform)

    def test_played_again_change_nothing(self, platform, told):
        before = exchange.outcome(platform)

        play(platform, say=lambda _: None, explain=False)
        exchange.settle(platform)

        assert exchange.outcome(platform) == before


class TestDecisions:
    def test_each_computes_again_from_what_it_carries(self, platform, undisturbed):
        import_all_rules()
        outcomes = []
        for service in publishers():
            for (body,) in exchange.query(platform, service, exchange.DECISIONS):
                told = json.loads(body)
                outcomes.append((told["decision_id"], told["outcome"], recompute(Decision.model_validate(told))))

        assert len(outcomes) > 200
        assert [one for one in outcomes if one[1] != one[2]] == []


class TestRebuild:
    def test_a_view_thrown_away_comes_back_from_the_topics(self, platform, told):
        before = exchange.outcome(platform)["workers"]
        platform.manage("gateway", "rebuild")

        def came_back() -> bool:
            asked = exchange.query(platform, "gateway", "SELECT 1 FROM rebuild_request")
            return not asked and exchange.missing(platform) == {}

        exchange.until(came_back, lambda: "the views did not come back")

        assert exchange.outcome(platform)["workers"] == before


class TestOutsiders:
    def test_the_docs_page_needs_no_internet(self, platform):
        page = httpx.get(platform.service_url("gateway") + "/docs", trust_env=False).text

        assert "http://" not in page
        assert "https://" not in page

    def test_a_service_asked_around_the_gateway_knows_nobody(self, platform):
        answer = httpx.get(
            platform.service_url("payroll") + "/v1/payslips/x", headers={"X-User": "chief"}, trust_env=False
        )

        assert answer.status_code == 401
