from datetime import date

import pytest

from common.testing import decide_here
from contracts.rules import transfer_findings

JULY = date(2024, 7, 1)


class TestTransfer:
    """JS-4d: workers are placed across the county and the city, with the consent of both sides."""

    @pytest.mark.clause("JS-4d")
    @pytest.mark.parametrize(
        ("area", "consented_on", "found"),
        [
            pytest.param("320102003", JULY, [], id="another street of the county, consented to on the day"),
            pytest.param("320106001", JULY, [], id="another county of the city"),
            pytest.param("3201", JULY, [], id="the city's own post"),
            pytest.param("320506001", JULY, ["outside_range"], id="another city"),
            pytest.param("32", JULY, ["outside_range"], id="the province's own post"),
            pytest.param("320102003", date(2024, 7, 2), ["consent_too_late"], id="consented to a day later"),
        ],
    )
    def test_within_the_city_and_with_consent(self, area: str, consented_on: date, found: list[str]) -> None:
        decision = decide_here(
            transfer_findings,
            area="320102002",
            staff="union_worker",
            on=date(2024, 6, 25),
            from_area="320102002",
            to_area=area,
            starts_on=JULY,
            consented_on=consented_on,
        )

        assert decision.clause == "JS-4d"
        assert [finding.code for finding in decision.value] == found

    @pytest.mark.clause("LAW-LCL-35")
    def test_where_no_document_bounds_it_consent_is_enough(self) -> None:
        decision = decide_here(
            transfer_findings,
            area="420103001",
            staff="public_welfare",
            on=date(2024, 6, 25),
            from_area="420103001",
            to_area="420502001",
            starts_on=JULY,
            consented_on=JULY,
        )

        assert (decision.clause, decision.value) == ("LAW-LCL-35", [])
