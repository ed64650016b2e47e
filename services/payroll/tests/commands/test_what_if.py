from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.policy import ParameterMissing
from common.transaction import reading
from payroll.commands import what_if
from payroll.commands.what_if import Proposal, ProposedStandard, StreetCost
from payroll.models import Certificate, Parameter, PayrollRun, PayStandard

STREET, OTHER = "220102001", "220102002"
HIGHER = (ProposedStandard("ordinary", 1, Decimal("5000.00")),)


async def reckons(office, **changes: Any) -> list[StreetCost]:
    given = {"area": "220102", "staff": "community_worker", "month": "2026-03"} | changes
    proposal = Proposal(**given)
    async with reading(office.bench.runtime.sessions, actor=office.chief) as session:
        streets = await what_if.streets_of(session, proposal)
        policies = office.bench.runtime.policies
        return [one async for one in what_if.reckon(session, policies, proposal, streets=streets)]


def more(cost: StreetCost) -> tuple[int, int]:
    """Gross and contributions of the employer, in fen."""
    assert cost.before is not None
    return cost.after.gross - cost.before.gross, cost.after.employer - cost.before.employer


@pytest.fixture
async def street(office):
    """Two people of one street and one of another, at 4,000 yuan a month."""
    await office.has_standard("4000.00")
    for worker_id, area in (("zhang", STREET), ("li", STREET), ("wang", OTHER)):
        await office.has_worker(worker_id, area=f"{area}002")
        await office.enters(worker_id, score="90")
    return office


class TestReckon:
    async def test_is_what_a_real_run_would_come_to(self, street):
        run_id = await street.opens(area="220102")
        run = await street.calculates(run_id)
        costs = await reckons(street)

        assert {one.area: one.after.workers for one in costs} == {STREET: 2, OTHER: 1}
        total = what_if.NO_COST
        for one in costs:
            assert one.before == one.after
            assert one.people == ()
            total = total.plus(one.after)
        assert (total.workers, total.gross, total.employer) == (run.workers, run.gross_total, run.employer_total)

    async def test_a_higher_standard_costs_more_in_each_street(self, street):
        costs = await reckons(street, standards=HIGHER)

        assert {one.area: more(one)[0] for one in costs} == {STREET: 200_000, OTHER: 100_000}
        assert all(more(one)[1] > 0 for one in costs)
        gains = {one.worker_id: one.gross_after - one.gross_before for cost in costs for one in cost.people}
        assert gains == {"li": 100_000, "zhang": 100_000, "wang": 100_000}

    async def test_a_lower_one_names_who_would_lose_and_how_much(self, street):
        costs = await reckons(street, area=OTHER, standards=(ProposedStandard("ordinary", 1, Decimal("3000.00")),))

        [person] = costs[0].people
        assert person.worker_id == "wang"
        assert person.change == person.net_after - person.net_before < 0

    async def test_a_parameter_reckons_as_if_it_were_in_force(self, street):
        rates = {"employer": "0.2600", "worker": "0.08", "unit": "0.01", "rounding": "half_up"}
        costs = await reckons(street, area=OTHER, parameters={"contribution.pension.rates": rates})

        [cost] = costs
        floor = 430_710  # the year's floor of the base here, in fen
        assert more(cost)[1] == floor // 10
        assert cost.people == ()

    @pytest.mark.usefixtures("left_to_counties")
    async def test_a_choice_of_the_county_reckons_as_if_it_were_made(self, street):
        amounts = {"assistant_social_worker": "200.00", "social_worker": "300.00", "senior_social_worker": "500.00"}
        dearer = amounts | {"social_worker": "400.00"}
        await street.bench.choose("JL-4d", "amounts", amounts, area="220102", starts_on=date(2020, 1, 1))
        await street.bench.save(
            Certificate(worker_id="wang", level="social_worker", area=OTHER, registered_on=date(2025, 1, 1))
        )
        [cost] = await reckons(street, area=OTHER, choices={"JL-4d": {"amounts": dearer}})

        assert more(cost)[0] == 10_000

    @pytest.mark.usefixtures("left_to_counties")
    @pytest.mark.parametrize(
        "choices",
        [
            pytest.param({"JL-4d": {"amounts": {"assistant_social_worker": "0.01"}}}, id="out of its bounds"),
            pytest.param({"ZZ-1": {"amounts": 1}}, id="under a clause that is not there"),
        ],
    )
    async def test_a_choice_will_not_do(self, street, choices):
        with pytest.raises(what_if.ProposedValueWrong):
            await reckons(street, choices=choices)

    async def test_a_parameter_that_nobody_knows_will_not_do(self, street):
        with pytest.raises(what_if.ParameterNotKnown):
            await reckons(street, parameters={"wage.roof": {"monthly": "1.00"}})

    async def test_a_value_in_the_wrong_form_will_not_do(self, street):
        with pytest.raises(what_if.ProposedValueWrong, match=r"wage\.floor"):
            await reckons(street, parameters={"wage.floor": {"monthly": "-1.00", "hourly": None}})

    async def test_a_figure_that_is_ended_is_missing(self, street):
        with pytest.raises(ParameterMissing):
            await reckons(street, parameters={"contribution.pension.limits": None})

    async def test_what_was_paid_for_the_month_does_not_count_as_paid_before(self, street):
        """Else the cumulative tax would take the month twice."""
        taxed = (ProposedStandard("ordinary", 1, Decimal("20000.00")),)
        fresh = await reckons(street, standards=taxed)
        await street.pays("2026-03", area="220102")
        again = await reckons(street, standards=taxed)

        assert [one.people for one in again] == [one.people for one in fresh]
        assert all(person.net_after < person.gross_after for one in fresh for person in one.people)

    async def test_leaves_nothing_behind(self, street):
        before = len(await street.bench.rows(Parameter)), len(await street.bench.rows(PayStandard))
        said = len(await street.bench.sent())
        await reckons(street, standards=HIGHER)

        assert (len(await street.bench.rows(Parameter)), len(await street.bench.rows(PayStandard))) == before
        assert await street.bench.rows(PayrollRun) == []
        assert len(await street.bench.sent()) == said
