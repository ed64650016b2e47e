from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Actor, Role
from common.errors import NotFound, Refused, SamePerson, WrongState
from common.events.payroll import PayStandardSet
from common.testing import Bench, somebody
from payroll import commands
from payroll.models import Change, Parameter

DRAFT: dict[str, Any] = {
    "area": "220102",
    "staff": "community_worker",
    "post_class": "ordinary",
    "grade": 1,
    "monthly_amount": Decimal("4000.00"),
    "starts_on": date(2026, 1, 1),
}
SOURCE = {"source": "区薪酬方案第三条（虚构）"}


class TestPayStandard:
    async def test_counts_and_is_said_once_somebody_else_approves_it(self, office: Any, bench: Bench) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT, **SOURCE)
        assert await bench.sent() == []

        approved = await office.run(
            commands.approve_pay_standard, actor=office.chief, standard_id=drafted.standard_id, on=date(2026, 1, 5)
        )

        assert (approved.status, approved.source) == ("approved", SOURCE["source"])
        assert await bench.sent() == [PayStandardSet(standard_id=drafted.standard_id, **DRAFT)]

    async def test_is_not_approved_by_whoever_drafted_it(self, office: Any, bench: Bench) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT, **SOURCE)

        with pytest.raises(SamePerson):
            await office.run(commands.approve_pay_standard, standard_id=drafted.standard_id, on=date(2026, 1, 5))

        assert [row.status for row in await office.standards()] == ["drafted"]

    async def test_is_approved_once(self, office: Any) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT, **SOURCE)
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

    async def test_notes_that_everybodys_pay_may_change_from_its_month(self, office: Any, bench: Bench) -> None:
        drafted = await office.run(commands.set_pay_standard, **DRAFT | SOURCE | {"starts_on": date(2026, 1, 15)})
        assert await bench.rows(Change) == []

        await office.run(
            commands.approve_pay_standard, actor=office.chief, standard_id=drafted.standard_id, on=date(2026, 1, 20)
        )

        (change,) = await bench.rows(Change)
        assert (change.area, change.staff, change.worker_id, change.from_month) == (
            "220102", "community_worker", None, "2026-01",
        )  # fmt: skip
        assert (change.cause, change.reference) == ("standard", drafted.standard_id)

    async def test_is_set_and_approved_in_ones_own_area_only(self, office: Any) -> None:
        elsewhere = somebody(Role.FINANCE, area="320102", subject="neighbour")
        drafted = await office.run(commands.set_pay_standard, **DRAFT, **SOURCE)

        with pytest.raises(NotFound):
            await office.run(commands.set_pay_standard, actor=elsewhere, **DRAFT, **SOURCE)
        with pytest.raises(NotFound):
            await office.run(
                commands.approve_pay_standard,
                actor=elsewhere,
                standard_id=drafted.standard_id,
                on=date(2026, 1, 5),
            )


class TestNeverLowered:
    """JL-4b: a level once reached is kept and not lowered."""

    @pytest.mark.clause("JL-4b")
    @pytest.mark.parametrize(
        ("amount", "changes", "approved"),
        [
            pytest.param("4500.00", {}, True, id="the same amount"),
            pytest.param("4499.99", {}, False, id="a fen less"),
            pytest.param("4100.00", {"area": "2201"}, True, id="the city's own, above the city's before"),
            pytest.param("3999.99", {"area": "2201"}, False, id="less than the city's before"),
            pytest.param("4499.99", {"area": "220102001"}, False, id="a street's, less than its county's"),
            pytest.param("1.00", {"grade": 2}, True, id="of another grade"),
            pytest.param("1.00", {"post_class": "head"}, True, id="of another class"),
            pytest.param("4100.00", {"starts_on": date(2025, 7, 1)}, True, id="a slip of the pen put right"),
            pytest.param("1.00", {"area": "320102", "staff": "union_worker"}, True, id="where no clause keeps it"),
        ],
    )
    async def test_is_held_to_the_nearest_one_before(
        self, office: Any, bench: Bench, amount: str, changes: dict[str, Any], approved: bool
    ) -> None:
        await office.has_standard("4000.00")
        await office.has_standard("4500.00", area="220102", starts_on=date(2025, 7, 1))
        await office.has_standard("4500.00", area="320102", staff="union_worker")
        given = DRAFT | SOURCE | {"monthly_amount": Decimal(amount)} | changes
        draft = await office.run(commands.set_pay_standard, **given)
        approval = {"actor": office.chief, "standard_id": draft.standard_id, "on": date(2026, 1, 5)}

        if approved:
            assert (await office.run(commands.approve_pay_standard, **approval)).status == "approved"
        else:
            with pytest.raises(Refused):
                await office.run(commands.approve_pay_standard, **approval)
            [*_, decision] = await bench.decisions("standard.never_lowered")
            assert (decision.clause, decision.permits) == ("JL-4b", False)


class TestApprovers:
    """JH-13c: pay of open recruitment goes by a scheme that the district's finance bureau has approved."""

    DRAFT = DRAFT | {"area": "420103", "staff": "open_recruitment"}

    @pytest.mark.clause("JH-13c")
    @pytest.mark.parametrize(
        "office_of",
        [
            pytest.param(somebody(Role.FINANCE, area="420103", subject="district"), id="the district's finance"),
            pytest.param(somebody(Role.FINANCE, area="4201", subject="city"), id="the city's finance"),
        ],
    )
    async def test_are(self, office: Any, bench: Bench, office_of: Actor) -> None:
        drafted = await office.run(commands.set_pay_standard, **self.DRAFT, **SOURCE)
        approved = await office.run(
            commands.approve_pay_standard, actor=office_of, standard_id=drafted.standard_id, on=date(2026, 1, 5)
        )

        assert approved.status == "approved"
        (decision,) = await bench.decisions("standard.approvers")
        assert (decision.clause, decision.permits, decision.subject) == ("JH-13c", True, drafted.standard_id)

    @pytest.mark.clause("JH-13c")
    async def test_are_not_another_office(self, office: Any, bench: Bench) -> None:
        lead = somebody(Role.LEAD_DEPARTMENT, area="420103", subject="lead")
        drafted = await office.run(commands.set_pay_standard, **self.DRAFT, **SOURCE)

        with pytest.raises(Refused):
            await office.run(
                commands.approve_pay_standard, actor=lead, standard_id=drafted.standard_id, on=date(2026, 1, 5)
            )

        assert [row.status for row in await office.standards()] == ["drafted"]
        assert await bench.rows(Change) == []


def guidance(code: str, amount: str) -> Parameter:
    """What the city published for the first grade of ordinary posts."""
    return Parameter(
        parameter_id=code, code=code, area="3201", staff="", starts_on=date(2026, 1, 1), value={"ordinary|1": amount},
        source="某市指导标准", confidence="H", status="in_force", entered_by="clerk", entered_on=date(2026, 1, 1),
    )  # fmt: skip


class TestGuidance:
    """JS-6a: a city may publish standards to go by, each from its day; until it does, none bind."""

    async def approves(self, office: Any, amount: str, starts_on: date) -> Any:
        draft = DRAFT | {"area": "320102", "staff": "union_worker", "starts_on": starts_on}
        drafted = await office.run(commands.set_pay_standard, **draft | SOURCE | {"monthly_amount": Decimal(amount)})
        return await office.run(
            commands.approve_pay_standard, actor=office.chief, standard_id=drafted.standard_id, on=date(2026, 1, 5)
        )

    @pytest.fixture
    async def published(self, bench: Bench) -> None:
        await bench.save(guidance("table.guidance_lowest", "4000.00"), guidance("table.guidance_highest", "6000.00"))

    @pytest.mark.clause("JS-6a")
    @pytest.mark.parametrize(
        ("amount", "within"),
        [
            pytest.param("3999.99", False, id="a fen below the lowest"),
            pytest.param("4000.00", True, id="the lowest"),
            pytest.param("6000.00", True, id="the highest"),
            pytest.param("6000.01", False, id="a fen above the highest"),
        ],
    )
    async def test_bounds(self, office: Any, bench: Bench, published: None, amount: str, within: bool) -> None:
        if within:
            await self.approves(office, amount, date(2026, 1, 1))
        else:
            with pytest.raises(Refused):
                await self.approves(office, amount, date(2026, 1, 1))

        (decision,) = await bench.decisions("pay.guidance")
        assert (decision.clause, decision.permits) == ("JS-6a", within)
        assert decision.parameters == {code: code for code in ("table.guidance_lowest", "table.guidance_highest")}

    async def test_binds_nobody_the_day_before_it_begins(self, office: Any, bench: Bench, published: None) -> None:
        await self.approves(office, "1.00", date(2025, 12, 31))

        assert await bench.decisions("pay.guidance") == []
