from datetime import date
from typing import Any

import pytest

from payroll.models import Placement, TaxCard
from payroll.tests.queries.conftest import EMPLOYER, PLACE, Street, figures, words


async def year(street: Street, month: str = "2026-03", **others: Any) -> Any:
    return (await street.loads(month, **others)).batch.year


class TestTotals:
    """Tax adds up by the month of payment, over the slips of sealed runs of the same employer."""

    async def test_of_sealed_runs_paid_in_the_year(self, street: Street) -> None:
        await street.has("li")
        columns: dict[str, Any] = {
            "income": 400000,
            "special": 40000,
            "additional": 100000,
            "tax": 1200,
            "other": 5,
            "relief": 7,
        }
        await street.was_paid("2025-12", {"li": {}}, paid_in="2025-12", **columns)
        await street.was_paid("2026-01", {"li": {}}, **columns)
        await street.was_paid("2026-02", {"li": {}}, status="closed", exempt=3, bonus=10, **columns)
        await street.was_paid("2026-04", {"li": {}}, **columns)

        so_far = await year(street)

        assert [figures(getattr(so_far, name)) for name in ("income", "special", "additional", "withheld")] == [
            [800000], [80000], [200000], [2400]
        ]  # fmt: skip
        assert [figures(getattr(so_far, name)) for name in ("exempt", "other", "relief", "bonuses_apart")] == [
            [3], [10], [14], [1]
        ]  # fmt: skip

    async def test_a_december_paid_in_january_belongs_to_the_new_year(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2025-12", {"li": {}}, paid_in="2026-01", income=400000)

        assert figures((await year(street)).income) == [400000]
        assert figures((await year(street, paid_in="2027-01")).income) == [0]

    async def test_not_of_runs_that_are_not_sealed(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {}}, status="calculated", income=400000, gross=400000)

        so_far = await year(street)

        assert (figures(so_far.income), figures(so_far.last_gross)) == ([0], [None])

    async def test_another_employer_begins_anew(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-01", {"li": {}}, income=400000)
        await street.bench.save(
            Placement(
                worker_id="li", starts_on=date(2026, 2, 1), transfer_id="t", area=PLACE, organisation_id="other",
                staff="community_worker", post_class="ordinary",
            )
        )  # fmt: skip

        so_far = await year(street)

        assert (figures(so_far.income), figures(so_far.months)) == ([0], [2])

    async def test_bonuses_taxed_apart_are_counted_over_all_employers(self, street: Street) -> None:
        await street.has("li")
        await street.has("wang")
        await street.was_paid("2026-01", {"li": {}}, employer="another", bonus=10)
        await street.was_paid("2026-02", {"li": {}}, bonus=10)

        so_far = await year(street)

        assert figures(so_far.bonuses_apart) == [2, 0]

    async def test_what_the_month_before_came_to(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2025-12", {"li": {}}, gross=500)

        assert figures((await year(street, "2026-01")).last_gross) == [500]
        assert figures((await year(street, "2026-02")).last_gross) == [None]


class TestMonths:
    @pytest.mark.parametrize(
        ("terms", "paid_in", "months"),
        [
            pytest.param([{}], "2026-03", 3, id="since January"),
            pytest.param([{"starts_on": date(2026, 2, 28)}], "2026-03", 2, id="since the last day of February"),
            pytest.param([{"ends_on": date(2026, 3, 2)}], "2026-05", 3, id="until March, paid in May"),
            pytest.param(
                [{"ends_on": date(2026, 1, 31)}, {"starts_on": date(2026, 3, 1)}], "2026-03", 2, id="not the gap"
            ),
            pytest.param([{}], "2027-01", 1, id="in the year of payment"),
            pytest.param([{"ends_on": date(2026, 3, 31)}], "2027-01", 1, id="whoever is paid has one"),
        ],
    )
    async def test_with_a_day_of_employment(
        self, street: Street, terms: list[dict[str, Any]], paid_in: str, months: int
    ) -> None:
        for term in terms:
            await street.has("li", **term)

        assert figures((await year(street, paid_in=paid_in)).months) == [months]


def card(**columns: Any) -> TaxCard:
    given = {
        "worker_id": "li", "organisation_id": EMPLOYER, "year": 2026, "area": PLACE, "mode": "annual_60000",
        "evidence": "e", "set_by": "c",
    }  # fmt: skip
    return TaxCard(**(given | columns))


class TestTaxCard:
    async def test_says_mode_and_way_of_its_year(self, street: Street) -> None:
        await street.has("li")
        await street.bench.save(card(bonus_way="apart"))

        now, then = await year(street), await year(street, paid_in="2027-01")

        assert (words(now.mode), words(now.bonus_way)) == (["annual_60000"], ["apart"])
        assert (words(then.mode), words(then.bonus_way)) == (["employment_months"], [None])

    async def test_opening_figures_are_added(self, street: Street) -> None:
        await street.has("li", starts_on=date(2026, 3, 1))
        await street.bench.save(card(opening={"income": 800000, "withheld": 900, "months": 2}))

        so_far = await year(street)

        assert [figures(getattr(so_far, name)) for name in ("income", "withheld", "months")] == [[800000], [900], [3]]

    @pytest.mark.parametrize(
        ("starts_on", "months"),
        [
            pytest.param(date(2025, 1, 1), 3, id="months known by the agreement as well count once"),
            pytest.param(date(2026, 2, 1), 3, id="nor can there be more than the year has had"),
        ],
    )
    async def test_months_before_the_platform(self, street: Street, starts_on: date, months: int) -> None:
        await street.has("li", starts_on=starts_on)
        await street.bench.save(card(opening={"months": 2}))

        assert figures((await year(street)).months) == [months]
