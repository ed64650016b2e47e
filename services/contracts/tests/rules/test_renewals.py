from datetime import date
from typing import Any

import pytest

from common.policy import Decision
from common.testing import decide_here
from contracts import rules

JIANGHAN, JIANGSU, JILIN = "420103001", "320102002", "220102001002"


def codes(decision: Decision[Any]) -> list[str]:
    return [finding["code"] for finding in decision.outcome]


class TestRenewal:
    """JH-11a, JS-8b, JL-9b: the latest evaluation decides whether an agreement is renewed."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause"),
        [
            pytest.param(JIANGHAN, "public_welfare", "JH-11a", marks=pytest.mark.clause("JH-11a")),
            pytest.param(JIANGSU, "union_worker", "JS-8b", marks=pytest.mark.clause("JS-8b")),
            pytest.param(JILIN, "community_worker", "JL-9b", marks=pytest.mark.clause("JL-9b")),
        ],
    )
    @pytest.mark.parametrize(
        ("evaluated", "failed", "declined", "found"),
        [
            pytest.param([2024], [], [], [], id="last year passed"),
            pytest.param([2025], [], [], [], id="this year passed"),
            pytest.param([2024], [2024], [], ["evaluation_failed"], id="last year failed"),
            pytest.param([2023, 2024], [2023], [], [], id="failed before, passed since"),
            pytest.param([2024, 2025], [2025], [], ["evaluation_failed"], id="passed before, failed since"),
            pytest.param([2023], [], [], ["not_evaluated"], id="passed two years ago, nothing since"),
            pytest.param([2026], [], [], ["not_evaluated"], id="a year after the renewal begins"),
            pytest.param([], [], [], ["not_evaluated"], id="never evaluated"),
            pytest.param([2024], [], [2024], ["renewal_declined"], id="passed, and the renewal declined"),
            pytest.param([2023, 2024], [], [2023], [], id="declined on an earlier evaluation"),
        ],
    )
    def test_goes_by_the_latest_evaluation(
        self,
        area: str,
        staff: str,
        clause: str,
        evaluated: list[int],
        failed: list[int],
        declined: list[int],
        found: list[str],
    ) -> None:
        facts: dict[str, Any] = {"evaluated_years": evaluated, "failed_years": failed, "declined_years": declined}
        starts_on = date(2025, 3, 1)
        decision = decide_here(
            rules.renewal_findings, area=area, staff=staff, on=starts_on, starts_on=starts_on, **facts
        )

        assert (decision.clause, codes(decision)) == (clause, found)


@pytest.mark.clause("LAW-PW-04")
class TestThreeYearsInAll:
    """LAW-PW-04: a public-welfare post is held for at most 36 months in all."""

    @pytest.mark.parametrize(
        ("starts", "ends_on", "found"),
        [
            pytest.param([2021, 2022], date(2024, 3, 1), [], id="36 months"),
            pytest.param([2021, 2022], date(2024, 3, 2), ["over_longest_months"], id="a day more"),
            pytest.param([2020, 2021, 2022], date(2024, 3, 1), ["over_longest_months"], id="48 months"),
            pytest.param([2020, 2022], date(2024, 3, 1), [], id="36 months with a gap between them"),
        ],
    )
    def test_the_renewal_stays_within_three_years(self, starts: list[int], ends_on: date, found: list[str]) -> None:
        earlier = [{"starts_on": date(year, 3, 1), "ends_on": date(year + 1, 3, 1)} for year in starts]
        facts: dict[str, Any] = {"earlier": earlier, "starts_on": date(2023, 3, 1), "ends_on": ends_on}
        decision = decide_here(
            rules.renewal_length_findings, area=JIANGHAN, staff="public_welfare", on=date(2023, 3, 1), **facts
        )

        assert (decision.clause, codes(decision)) == ("LAW-PW-04", found)
