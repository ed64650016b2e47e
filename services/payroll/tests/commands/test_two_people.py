"""Whoever made anything that a run goes by neither reviews nor approves it."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import SamePerson
from common.tables import PolicyChoice
from common.testing import Bench, somebody
from common.transaction import Transaction
from payroll.commands import bases, entries, open_payroll_run, tax_cards
from payroll.commands.changes import note_choice
from payroll.models import Parameter

CASHIER = somebody(Role.FINANCE, area="", subject="cashier")
EMPLOYER = "community-220102001002"
Doing = Callable[[Any], Awaitable[Any]]


@pytest.fixture
async def paid(office: Any) -> str:
    """Li's February, approved; his March is open."""
    await office.has_standard("4000.00")
    await office.has_worker("li")
    february = await office.opens("2026-02")
    await office.scores(february, li=90)
    await office.calculates(february)
    await office.approves(february)
    march: str = await office.opens("2026-03")
    await office.scores(march, li=90)
    return march


async def enters_for_a_month_already_paid(office: Any) -> None:
    await office.enters("li", "2026-02", overtime_pay="800.00", actor=CASHIER)


async def enters_what_holds_every_month(office: Any) -> None:
    given = {"worker_id": "li", "code": "kept_level", "from_month": "2026-01", "amount": 50_000}
    await office.run(entries.enter_standing, actor=CASHIER, **given)


async def takes_an_entry_back(office: Any) -> None:
    await office.enters("li", "2026-03", deduction__loan="100.00")
    given = {"worker_id": "li", "month": "2026-03", "values": {"deduction.loan": None}}
    await office.run(entries.enter_variables, actor=CASHIER, **given)


async def sets_an_attribute(office: Any) -> None:
    given = {"worker_id": "li", "kind": "education", "starts_on": date(2026, 1, 1), "value": "bachelor"}
    await office.run(entries.set_attribute, actor=CASHIER, **given)


async def sets_a_base(office: Any) -> None:
    given = {"worker_id": "li", "scheme": "pension", "from_month": "2026-01", "source": "工资表"}
    await office.run(bases.set_contribution_base, actor=CASHIER, amount=Decimal("5000.00"), **given)


async def adjusts_the_bases(office: Any) -> None:
    given = {"area": "220102001", "staff": "community_worker", "year": 2025, "schemes": ["pension"]}
    december = await office.opens("2025-12")
    await office.scores(december, li=90)
    await office.calculates(december)
    await office.approves(december)
    await office.run(bases.adjust_contribution_bases, actor=CASHIER, from_month="2026-01", **given)


async def sets_a_tax_card(office: Any) -> None:
    await office.run(
        tax_cards.set_tax_card,
        actor=CASHIER,
        worker_id="li",
        organisation_id=EMPLOYER,
        year=2026,
        paid_before_this_year=True,
        whole_last_year_here=False,
        income_last_year=Decimal("0.00"),
        ordinary_agreed=False,
        evidence="本人声明",
        opening={"withheld": Decimal("50000.00")},
        on=date(2026, 3, 1),
    )


async def chooses_for_the_place(office: Any) -> None:
    async def choose(tx: Transaction) -> None:
        choice = PolicyChoice(
            clause="JL-4c", term="share", area="220102", starts_on=date(2026, 1, 1), value="0.6", decision_id="d"
        )
        await note_choice(tx, choice)

    await office.run(choose, actor=CASHIER)


class TestNeitherReviewsNorApproves:
    @pytest.mark.parametrize(
        "doing",
        [
            enters_for_a_month_already_paid,
            enters_what_holds_every_month,
            takes_an_entry_back,
            sets_an_attribute,
            sets_a_base,
            adjusts_the_bases,
            sets_a_tax_card,
            chooses_for_the_place,
        ],
        ids=lambda doing: doing.__name__.replace("_", " "),
    )
    async def test_who(self, office: Any, paid: str, doing: Doing) -> None:
        await doing(office)
        await office.calculates(paid)

        with pytest.raises(SamePerson):
            await office.reviews(paid, CASHIER)
        await office.reviews(paid)
        with pytest.raises(SamePerson):
            await office.approves(paid, CASHIER)

        assert (await office.approves(paid)).status == "approved"

    async def test_who_opened_it_and_did_nothing_else(self, office: Any, paid: str) -> None:
        given = {"area": "220102001", "staff": "community_worker", "month": "2026-04", "on": date(2026, 4, 30)}
        april = (await office.run(open_payroll_run, actor=CASHIER, **given)).run_id
        await office.scores(april, li=90)
        await office.calculates(paid)
        await office.approves(paid)
        await office.calculates(april)

        with pytest.raises(SamePerson):
            await office.reviews(april, CASHIER)
        await office.reviews(april)
        with pytest.raises(SamePerson):
            await office.approves(april, CASHIER)

        assert (await office.approves(april)).status == "approved"

    async def test_who_set_a_card_that_counts_from_a_later_month(self, office: Any, paid: str) -> None:
        """What was withheld by February stays, so the card is noted for March; January goes by it all the same."""
        january = await office.opens("2026-01")
        await office.scores(january, li=90)
        await sets_a_tax_card(office)
        await office.calculates(january)

        with pytest.raises(SamePerson):
            await office.reviews(january, CASHIER)
        assert (await office.reviews(january)).status == "reviewed"

    async def test_who_entered_it_when_another_run_has_settled_it_since(self, office: Any, bench: Bench) -> None:
        """Both halves of a month: the first one settles what was entered for the second."""
        welfare = {"staff": "public_welfare", "area": "420103001"}
        await bench.save(
            Parameter(
                parameter_id="rate",
                code="hourly.public_welfare",
                area="420103",
                starts_on=date(2026, 1, 1),
                value="30.00",
                source="test",
                confidence="H",
                status="in_force",
                entered_by="a",
                entered_on=date(2026, 1, 1),
            )
        )
        await office.has_worker("tang", kind="labour_part_time", **welfare)
        first = await office.opens("2026-03", cycle="first_half", **welfare)
        second = await office.opens("2026-03", cycle="second_half", **welfare)
        await office.enters("tang", "2026-03", cycle="first_half", hours="20")
        await office.enters("tang", "2026-03", cycle="second_half", hours="90", actor=CASHIER)
        await office.calculates(first)
        await office.approves(first)
        await office.calculates(second)
        assert set(await office.slips(second)) == {"tang"}

        with pytest.raises(SamePerson):
            await office.approves(second, CASHIER)


class TestReviewsAndApproves:
    async def test_who_entered_what_another_has_approved_since(self, office: Any) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        february = await office.opens("2026-02")
        await office.scores(february, li=90, actor=CASHIER)
        await office.calculates(february)
        await office.approves(february)
        march = await office.opens("2026-03")
        await office.scores(march, li=90)
        await office.calculates(march)

        assert (await office.approves(march, CASHIER)).status == "approved"

    async def test_who_was_the_second_one_on_a_standard(self, office: Any, paid: str) -> None:
        """The chief approved it; somebody else drafted it."""
        await office.has_standard("4200.00", starts_on=date(2026, 3, 1))
        await office.calculates(paid)

        assert (await office.approves(paid, office.chief)).status == "approved"
