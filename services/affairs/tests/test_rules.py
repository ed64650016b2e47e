from datetime import date

import pytest
from pydantic import ValidationError

from affairs import rules
from common.policy.documents import NoClause
from common.testing import decide_here

CHANGCHUN = "220102001002"
APRIL = date(2024, 4, 1)


@pytest.mark.clause("JL-8a")
class TestHallStaffing:
    """JL-8a: two or three in the one-stop hall, everybody else in the grids."""

    @pytest.mark.parametrize(
        ("hall_workers", "workers_without_duty", "codes"),
        [
            pytest.param(2, 0, [], id="two in the hall are enough"),
            pytest.param(3, 0, [], id="three in the hall are not too many"),
            pytest.param(1, 0, ["hall_short"], id="one in the hall is too few"),
            pytest.param(0, 0, ["hall_short"], id="an empty hall is too few"),
            pytest.param(4, 0, ["hall_over"], id="four in the hall are too many"),
            pytest.param(3, 1, ["without_duty"], id="one without a grid is one too many"),
            pytest.param(1, 2, ["hall_short", "without_duty"], id="each fault is named"),
        ],
    )
    def test_names_what_stands_in_the_way(self, hall_workers: int, workers_without_duty: int, codes: list[str]) -> None:
        decision = decide_here(
            rules.hall_staffing,
            area=CHANGCHUN,
            staff="community_worker",
            on=APRIL,
            hall_workers=hall_workers,
            workers_without_duty=workers_without_duty,
        )

        assert decision.clause == "JL-8a"
        assert [finding.code for finding in decision.value] == codes
        assert decision.permits == (not codes)

    def test_says_how_many_are_short_in_both_languages(self) -> None:
        decision = decide_here(
            rules.hall_staffing,
            area=CHANGCHUN,
            staff="community_worker",
            on=APRIL,
            hall_workers=5,
            workers_without_duty=0,
        )

        [finding] = decision.value
        assert "应有 2 人下到网格" in finding.zh
        assert "2 over 3" in finding.en

    def test_is_asked_of_no_other_staff(self) -> None:
        with pytest.raises(NoClause):
            decide_here(
                rules.hall_staffing,
                area=CHANGCHUN,
                staff="public_welfare",
                on=APRIL,
                hall_workers=2,
                workers_without_duty=0,
            )


class TestHallTerms:
    def test_refuse_a_range_that_runs_backwards(self) -> None:
        with pytest.raises(ValidationError, match="above the highest"):
            rules.HallTerms(lowest=3, highest=2, others_in_grids=True)
