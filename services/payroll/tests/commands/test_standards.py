from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.payroll import PayStandardSet
from common.testing import Bench, somebody
from payroll import commands

DRAFT: dict[str, Any] = {
    "area": "220102",
    "staff": "community_worker",
    "post_class": "ordinary",
    "grade": 1,
    "monthly_amount": Decimal("4000.00"),
    "starts_on": date(2026, 1, 1),
}


class TestPayStandard:
    async def test_counts_and_is_said_once_somebody_else_approves_it(self, office: Any, bench: Bench) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT)
        assert await bench.sent() == []

        approved = await office.run(
            commands.approve_pay_standard, actor=office.chief, standard_id=drafted.standard_id, on=date(2026, 1, 5)
        )

        assert approved.status == "approved"
        assert await bench.sent() == [PayStandardSet(standard_id=drafted.standard_id, **DRAFT)]

    async def test_is_not_approved_by_whoever_drafted_it(self, office: Any, bench: Bench) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT)

        with pytest.raises(SamePerson):
            await office.run(commands.approve_pay_standard, standard_id=drafted.standard_id, on=date(2026, 1, 5))

        assert [row.status for row in await office.standards()] == ["drafted"]

    async def test_is_approved_once(self, office: Any) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT)
        approval = {"actor": office.chief, "standard_id": drafted.standard_id, "on": date(2026, 1, 5)}
        await office.run(commands.approve_pay_standard, **approval)

        with pytest.raises(WrongState):
            await office.run(commands.approve_pay_standard, **approval)

    async def test_takes_the_place_of_the_one_for_the_same_post_and_day(self, office: Any) -> None:
        await office.has_standard("4000.00")
        await office.has_standard("4100.00")
        await office.has_standard("4200.00", starts_on=date(2026, 1, 1))

        assert sorted((row.monthly_amount, row.status) for row in await office.standards()) == [
            (Decimal("4000.00"), "replaced"),
            (Decimal("4100.00"), "approved"),
            (Decimal("4200.00"), "approved"),
        ]

    async def test_is_set_and_approved_in_ones_own_area_only(self, office: Any) -> None:
        elsewhere = somebody(Role.FINANCE, area="320102", subject="neighbour")
        drafted = await office.run(commands.set_pay_standard, **DRAFT)

        with pytest.raises(NotFound):
            await office.run(commands.set_pay_standard, actor=elsewhere, **DRAFT)
        with pytest.raises(NotFound):
            await office.run(
                commands.approve_pay_standard,
                actor=elsewhere,
                standard_id=drafted.standard_id,
                on=date(2026, 1, 5),
            )
