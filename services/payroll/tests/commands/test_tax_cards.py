from datetime import date
from decimal import Decimal

import pytest

from common.actors import Role
from common.errors import NotFound, SamePerson
from common.testing import somebody
from payroll.commands import tax_cards
from payroll.models import Change, TaxCard
from payroll.tests.sealed import STREET, UNION, approved_run, clerk, has_parameters, has_worker

worker = somebody(Role.WORKER, area=STREET, subject="zhang")
PLACE = {"worker_id": "zhang", "organisation_id": UNION, "year": 2026}
ON = date(2026, 1, 5)


@pytest.fixture(autouse=True)
async def zhang(bench) -> None:
    await has_parameters(bench)
    await has_worker(bench, "zhang", account=worker.account)


async def paid(bench, year: int, *months: int, gross: int = 500_000, **of_slips: int) -> None:
    for month in months:
        name = f"{year}-{month:02d}"
        await approved_run(bench, {"zhang": {"base": gross}}, month=name, of_slips=of_slips)


async def paid_next_door(bench, *, month: str = "2026-01", status: str = "approved", **of_slips: int) -> None:
    next_door = {"run_id": "next-door", "area": "320103001", "organisation_id": "union-320103001"}
    await approved_run(bench, {"zhang": {"base": 100}}, month=month, status=status, of_slips=of_slips, **next_door)


async def sets(bench, **changes) -> TaxCard:
    given = {
        "paid_before_this_year": True,
        "whole_last_year_here": False,
        "income_last_year": Decimal("0.00"),
        "ordinary_agreed": False,
        "evidence": "本人声明",
        "opening": {},
        "on": ON,
    } | PLACE
    card: TaxCard = await bench.run(tax_cards.set_tax_card, **({"actor": clerk} | given | changes))
    return card


class TestSetTaxCard:
    """LAW-IIT-BASIC: how the months of the basic deduction count is settled for a person and a year."""

    @pytest.mark.clause("LAW-IIT-BASIC")
    @pytest.mark.parametrize(
        ("facts", "mode"),
        [
            pytest.param({}, "employment_months", id="paid elsewhere before: by months of employment"),
            pytest.param(
                {"paid_before_this_year": False}, "first_job_of_year", id="first pay of the year: from January"
            ),
            pytest.param(
                {"whole_last_year_here": True, "income_last_year": Decimal("60000.00")},
                "annual_60000",
                id="here all last year on no more than the limit: the year at once",
            ),
            pytest.param(
                {"whole_last_year_here": True, "income_last_year": Decimal("60000.01")},
                "employment_months",
                id="a fen more: by months",
            ),
        ],
    )
    async def test_follows_from_the_facts_and_is_kept_as_a_decision(self, bench, facts, mode):
        card = await sets(bench, **facts)

        [decision] = await bench.decisions("tax.basic_mode")
        assert (card.mode, card.decision_id) == (mode, decision.decision_id)
        assert (decision.subject, decision.clause) == ("zhang", "LAW-IIT-BASIC")

    async def test_is_not_for_ones_own(self, bench):
        own = somebody(Role.FINANCE, area="320102", subject="zhang")

        with pytest.raises(SamePerson):
            await sets(bench, actor=own, opening={"withheld": Decimal("50000.00")})
        assert await bench.rows(TaxCard) == []

    async def test_notes_whose_doing_it_is(self, bench):
        await sets(bench)

        [change] = await bench.rows(Change)
        assert (change.cause, change.noted_by) == ("tax_card", clerk.account)

    @pytest.mark.parametrize(
        ("gross", "mode"),
        [
            pytest.param(500_000, "annual_60000", id="sixty thousand in all"),
            pytest.param(500_001, "employment_months", id="twelve fen more"),
        ],
    )
    async def test_a_whole_last_year_is_read_from_the_slips(self, bench, gross, mode):
        await paid(bench, 2025, *range(1, 13), gross=gross)

        assert (await sets(bench, whole_last_year_here=False, income_last_year=Decimal("1.00"))).mode == mode

    async def test_stays_for_the_year_once_something_was_withheld(self, bench):
        await sets(bench)
        await paid(bench, 2026, 1)

        with pytest.raises(tax_cards.ModeFixed):
            await sets(bench, paid_before_this_year=False)

    async def test_what_follows_from_last_year_by_itself_stays_as_well(self, bench):
        """Without a card, or with one that says how a bonus goes and no more."""
        await paid(bench, 2025, *range(1, 13), gross=500_000)
        await bench.run(tax_cards.choose_bonus_way, actor=worker, way="merged", on=ON, **PLACE)
        await paid(bench, 2026, 1)

        with pytest.raises(tax_cards.ModeFixed):
            await sets(bench, ordinary_agreed=True)
        assert (await sets(bench)).mode == "annual_60000"

    async def test_otherwise_than_last_year_would_have_it_where_agreed_in_time(self, bench):
        await paid(bench, 2025, *range(1, 13), gross=500_000)

        assert (await sets(bench, ordinary_agreed=True)).mode == "employment_months"

    async def test_what_was_paid_before_may_still_be_corrected(self, bench):
        await sets(bench)
        await paid(bench, 2026, 1)
        card = await sets(bench, opening={"income": Decimal("8000.50"), "months": 2})

        assert card.opening == {"income": 800_050, "months": 2}

    async def test_touches_only_runs_that_are_not_sealed(self, bench):
        await paid(bench, 2026, 1, 2)
        await sets(bench)

        assert [(one.from_month, one.cause) for one in await bench.rows(Change)] == [("2026-03", "tax_card")]

    async def test_needs_an_employer_of_the_worker(self, bench):
        with pytest.raises(NotFound):
            await sets(bench, organisation_id="union-elsewhere")


class TestChooseBonusWay:
    """LAW-IIT-BONUS: once a person and year, to the end of 2027; the person chooses."""

    @staticmethod
    async def chooses(bench, way, *, actor=worker, **changes) -> TaxCard:
        card: TaxCard = await bench.run(tax_cards.choose_bonus_way, actor=actor, way=way, on=ON, **(PLACE | changes))
        return card

    async def test_the_worker_chooses_for_himself(self, bench):
        card = await self.chooses(bench, "separate")

        assert (card.bonus_way, card.mode, card.set_by) == ("separate", None, worker.account)

    async def test_nobody_chooses_for_another(self, bench):
        await has_worker(bench, "li")

        with pytest.raises(NotFound):
            await self.chooses(bench, "separate", worker_id="li")

    async def test_keeps_the_rest_of_the_card(self, bench):
        await sets(bench, paid_before_this_year=False)

        assert (await self.chooses(bench, "merged")).mode == "first_job_of_year"

    @pytest.mark.parametrize(
        ("year", "is_open"), [pytest.param(2027, True, id="still in 2027"), pytest.param(2028, False, id="not in 2028")]
    )
    async def test_taxing_apart_ends_with_its_clause(self, bench, year, is_open):
        if is_open:
            assert (await self.chooses(bench, "separate", year=year)).bonus_way == "separate"
            return
        with pytest.raises(tax_cards.WayNotOpen):
            await self.chooses(bench, "separate", year=year)

    async def test_not_twice_in_a_year(self, bench):
        await paid(bench, 2026, 1, bonus=3_600_000)

        with pytest.raises(tax_cards.WayNotOpen):
            await self.chooses(bench, "separate")

    @pytest.mark.parametrize("actor", [worker, clerk], ids=["himself", "the office"])
    async def test_not_twice_in_a_year_wherever_the_first_was(self, bench, actor):
        """An employer in the next county taxed a bonus apart: the street sees no slip of it, and counts it as a batch
        does.
        """
        await paid_next_door(bench, bonus=3_600_000)

        with pytest.raises(tax_cards.WayNotOpen) as refused:
            await self.chooses(bench, "separate", actor=actor)
        assert refused.value.params == {"year": 2026, "times": 1}
        assert (await self.chooses(bench, "merged", actor=actor)).bonus_way == "merged"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            pytest.param({"month": "2025-12"}, id="in the year before"),
            pytest.param({"status": "reviewed"}, id="in a run that nobody approved"),
        ],
    )
    async def test_is_open_after_a_bonus_elsewhere_that_does_not_count(self, bench, elsewhere):
        await paid_next_door(bench, bonus=3_600_000, **elsewhere)

        assert (await self.chooses(bench, "separate")).bonus_way == "separate"


class TestShowBonusWays:
    """LAW-IIT-BONUS and LAW-IIT: both ways are shown; by IIT-16 and IIT-17 of the handbook over a whole year."""

    @staticmethod
    async def shown(bench, bonus: str, **changes):
        given = {"bonus": Decimal(bonus), "paid_in": "2026-12"} | PLACE | changes
        return await bench.run(tax_cards.show_bonus_ways, actor=worker, **given)

    @pytest.mark.clause("LAW-IIT-BONUS")
    @pytest.mark.parametrize(
        ("gross", "own", "additional", "bonus", "separate", "merged"),
        [
            pytest.param(520_000, 80_000, 0, "20000.00", "600.00", "384.00", id="a low wage: merged is better"),
            pytest.param(1_500_000, 250_000, 100_000, "36000.00", "6360.00", "8880.00", id="a higher one: apart is"),
        ],
    )
    async def test_by_a_whole_year(self, bench, gross, own, additional, bonus, separate, merged):
        await paid(bench, 2026, *range(1, 13), gross=gross, special=own, additional=additional)
        ways = (await self.shown(bench, bonus)).so_far

        assert (ways.separate, ways.merged) == (Decimal(separate), Decimal(merged))

    async def test_looks_ahead_as_if_the_last_month_went_on(self, bench):
        await paid(bench, 2026, 1, 2, 3, gross=1_500_000, special=250_000, additional=100_000)
        shown = await self.shown(bench, "36000.00", paid_in="2026-03")

        assert shown.whole_year is not None
        assert (shown.whole_year.separate, shown.whole_year.merged) == (Decimal("6360.00"), Decimal("8880.00"))
        assert shown.so_far.merged < shown.whole_year.merged

    async def test_counts_what_was_paid_before_the_platform(self, bench):
        await sets(bench, opening={"income": Decimal("62400.00"), "special": Decimal("9600.00"), "months": 12})
        ways = (await self.shown(bench, "20000.00")).so_far

        assert (ways.separate, ways.merged) == (Decimal("600.00"), Decimal("384.00"))

    @pytest.mark.parametrize(("gross", "merged"), [(500_000, "0.00"), (500_001, "2480.00")])
    async def test_by_the_mode_that_follows_from_last_year(self, bench, gross, merged):
        await paid(bench, 2025, *range(1, 13), gross=gross)
        await paid(bench, 2026, 1, gross=500_000)
        ways = (await self.shown(bench, "50000.00", paid_in="2026-01")).so_far

        assert ways.merged == Decimal(merged)

    async def test_shows_no_way_apart_once_its_clause_has_ended(self, bench):
        shown = await self.shown(bench, "20000.00", year=2028, paid_in="2028-12")

        assert (shown.so_far.separate, shown.so_far.better) == (None, "merged")

    async def test_shows_no_way_apart_once_it_was_gone_in_another_county(self, bench):
        before = await self.shown(bench, "36000.00")
        await paid_next_door(bench, bonus=3_600_000)
        after = await self.shown(bench, "36000.00")

        assert before.so_far.separate is not None
        assert (after.so_far.separate, after.so_far.merged) == (None, before.so_far.merged)

    async def test_adds_what_the_same_employer_paid_in_another_county(self, bench):
        await paid(bench, 2026, 1, gross=2_000_000)
        before = await self.shown(bench, "36000.00")
        next_door = {"run_id": "next-door", "area": "320103001"}
        await approved_run(bench, {"zhang": {"base": 2_000_000}}, month="2026-02", **next_door)

        assert (await self.shown(bench, "36000.00")).so_far.merged > before.so_far.merged

    async def test_keeps_nothing(self, bench):
        await paid(bench, 2026, 1)
        await self.shown(bench, "20000.00")

        assert await bench.decisions() == []
        assert await bench.rows(TaxCard) == []
