"""Row-level security shows an office its own area and below, and of what lies above only what binds it."""

from typing import Any

from common.actors import Role
from common.testing import somebody

STREET_OFFICE = somebody(Role.STREET_OFFICE, area="220102001")


class TestWhatAStreetSees:
    async def test_the_approved_standard_of_its_county(self, office: Any) -> None:
        await office.has_standard("4000.00", area="220102")
        await office.has_worker("li")
        run_id = await office.opens()
        await office.scores(run_id, li=90)

        run = await office.calculates(run_id, STREET_OFFICE)

        assert (run.workers, run.set_aside) == (1, 0)

    async def test_not_the_standard_of_another_county(self, office: Any) -> None:
        await office.has_standard("4000.00", area="220103")
        await office.has_worker("li")
        run_id = await office.opens()
        await office.scores(run_id, li=90)

        await office.calculates(run_id, STREET_OFFICE)

        assert await office.set_aside() == [("li", "standard_missing")]
