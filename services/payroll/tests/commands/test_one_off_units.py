"""In whose name somebody is paid beside wages: a registered unit of the place, which does not employ him by then."""

from datetime import date

import pytest

from common.actors import Role
from common.errors import NotFound
from common.testing import somebody
from payroll.commands import one_off_payments as commands
from payroll.models import OneOffPayment, Organisation, Placement
from payroll.tests.commands.test_one_off_payments import COUNTY, OTHER, enters, ready  # noqa: F401
from payroll.tests.sealed import STREET, UNION, has_worker


@pytest.fixture
def bench(ready):  # noqa: F811
    return ready


class TestUnit:
    @pytest.mark.parametrize(
        ("month", "pays_wages"),
        [
            pytest.param("2026-05", [UNION], id="before the transfer"),
            pytest.param("2026-06", [UNION, OTHER], id="both in the month of the transfer"),
            pytest.param("2026-07", [OTHER], id="after it"),
            pytest.param("2026-09", [OTHER], id="in the month of leaving"),
            pytest.param("2026-10", [], id="nobody once he has left"),
        ],
    )
    async def test_own_staff_is_whoever_serves_the_unit_by_then(self, bench, month, pays_wages):
        await has_worker(bench, "zhang", left_on=date(2026, 9, 2))
        moved = {"worker_id": "zhang", "transfer_id": "t", "post_class": "ordinary", "organisation_id": OTHER}
        await bench.save(Placement(**moved, area=STREET, staff="union_worker", starts_on=date(2026, 6, 2)))
        refused = []
        for unit in (UNION, OTHER):
            try:
                await enters(bench, payee_id=None, worker_id="zhang", organisation_id=unit, paid_in=month)
            except commands.OwnStaffPaidWages:
                refused.append(unit)

        assert refused == pays_wages

    @pytest.mark.parametrize(
        ("unit", "area", "actor_area"),
        [
            pytest.param("no-such-unit", STREET, COUNTY, id="that nobody has registered"),
            pytest.param("union-320104001", STREET, COUNTY, id="of another county"),
            pytest.param("union-320102009", STREET, COUNTY, id="of the next street"),
            pytest.param(OTHER, STREET, STREET, id="that lies above the office"),
        ],
    )
    async def test_not_in_the_name_of_a_unit(self, bench, unit, area, actor_area):
        await bench.save(Organisation(organisation_id="union-320104001", area="320104001"))
        await bench.save(Organisation(organisation_id="union-320102009", area="320102009"))
        office = somebody(Role.FINANCE, area=actor_area)
        with pytest.raises(NotFound) as refused:
            await enters(bench, actor=office, organisation_id=unit, area=area)

        assert refused.value.params == {"what": f"organisation {unit}"}
        assert await bench.rows(OneOffPayment) == []

    async def test_in_the_name_of_a_unit_around_the_place_or_within_it(self, bench):
        assert (await enters(bench, organisation_id=OTHER)).area == STREET
        assert (await enters(bench, area=COUNTY)).organisation_id == UNION
