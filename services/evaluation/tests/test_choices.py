from datetime import date
from typing import Any

import pytest

from common import choices
from common.actors import Role
from common.errors import Refused
from common.tables import PolicyChoice
from common.testing import Bench, somebody

COUNTY = "220102"
STREET = "220102001"
NEW_YEAR = date(2024, 1, 1)

WEIGHTS = {"results": 35, "satisfaction": 35, "organisation_review": 20, "daily_record": 10}
THRESHOLDS = {"excellent": 90, "qualified": 70, "basically_qualified": 60}


class TestChooseTheMethod:
    """JL-9a leaves weights and thresholds to the county, within bounds and results and satisfaction above all."""

    async def choose(self, bench: Bench, term: str, value: Any, *, clause: str = "JL-9a", area: str = COUNTY) -> None:
        office = somebody(Role.LEAD_DEPARTMENT, area=area)
        await bench.run(
            choices.choose_term, actor=office, clause=clause, term=term, area=area, starts_on=NEW_YEAR, value=value
        )

    @pytest.mark.parametrize(
        ("term", "value"),
        [
            pytest.param("weights", WEIGHTS, id="weights that make a hundred"),
            pytest.param(
                "weights",
                {"results": 5, "satisfaction": 70, "organisation_review": 20, "daily_record": 5},
                id="weights at both bounds",
            ),
            pytest.param(
                "weights",
                {"results": 25, "satisfaction": 25, "organisation_review": 25, "daily_record": 25},
                id="leading ones at just half",
            ),
            pytest.param("thresholds", THRESHOLDS, id="thresholds that fall"),
            pytest.param(
                "thresholds",
                {"excellent": 95, "qualified": 51, "basically_qualified": 50},
                id="thresholds at both bounds",
            ),
        ],
    )
    async def test_is_kept_as_a_decision(self, bench: Bench, term: str, value: Any) -> None:
        await self.choose(bench, term, value)

        [choice] = await bench.rows(PolicyChoice)
        assert choice.value == value
        [decision] = await bench.decisions(choices.may_choose.name)
        assert (decision.clause, decision.permits) == ("JL-9a", True)

    @pytest.mark.parametrize(
        ("term", "value"),
        [
            pytest.param("weights", WEIGHTS | {"results": 34}, id="weights that make ninety-nine"),
            pytest.param("weights", WEIGHTS | {"results": 36}, id="weights that make a hundred and one"),
            pytest.param(
                "weights",
                {"results": 71, "satisfaction": 19, "organisation_review": 5, "daily_record": 5},
                id="a weight above the highest",
            ),
            pytest.param(
                "weights",
                {"results": 66, "satisfaction": 20, "organisation_review": 10, "daily_record": 4},
                id="a weight below the lowest",
            ),
            pytest.param(
                "weights",
                {"results": 25, "satisfaction": 24, "organisation_review": 26, "daily_record": 25},
                id="leading ones under half",
            ),
            pytest.param("weights", {"results": 50, "satisfaction": 50}, id="a dimension left out"),
            pytest.param("weights", 50, id="no mapping at all"),
            pytest.param("weights", {}, id="an empty mapping"),
            pytest.param("thresholds", THRESHOLDS | {"qualified": 90}, id="thresholds that do not fall"),
            pytest.param("thresholds", THRESHOLDS | {"excellent": 96}, id="a threshold above the highest"),
            pytest.param("thresholds", THRESHOLDS | {"basically_qualified": 49}, id="a threshold below the lowest"),
        ],
    )
    async def test_is_refused_and_the_refusal_kept(self, bench: Bench, term: str, value: Any) -> None:
        with pytest.raises(Refused):
            await self.choose(bench, term, value)

        assert await bench.rows(PolicyChoice) == []
        [decision] = await bench.decisions(choices.may_choose.name)
        assert not decision.permits

    async def test_is_not_a_street_s_to_make(self, bench: Bench) -> None:
        with pytest.raises(choices.NotTheirChoice):
            await self.choose(bench, "weights", WEIGHTS, area=STREET)

    async def test_is_the_county_federation_s_in_jiangsu(self, bench: Bench) -> None:
        weights = {"ethics": 40, "practical_skill": 40, "results": 10, "satisfaction": 10}

        await self.choose(bench, "weights", weights, clause="JS-8b", area="320102")

        [choice] = await bench.rows(PolicyChoice)
        assert choice.value == weights
