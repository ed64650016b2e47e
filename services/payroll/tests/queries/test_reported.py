"""LAW-IIT: the deductions of a tax year are those of its months of employment, however often one is paid in a month."""

from datetime import date
from typing import Any

import pytest

from common.policy import Policies
from payroll.models import Entry, Placement, StandingEntry, TaxCard
from payroll.rules.cycles import PART_TIME
from payroll.tests.queries.conftest import EMPLOYER, PLACE, Street, figures
from payroll.tests.queries.test_halves import halves  # noqa: F401  # a fixture

RENT = "additional.housing_rent"
PENSION = "other.personal_pension"


async def stands(street: Street, since: str, amount: int | None, code: str = RENT, worker_id: str = "li") -> None:
    row = StandingEntry(worker_id=worker_id, code=code, from_month=since, amount=amount, entered_by="c", area=PLACE)
    await street.bench.save(row)


async def enters(street: Street, month: str, amount: int, code: str = RENT, cycle: str = "month") -> None:
    row = Entry(worker_id="li", month=month, cycle=cycle, code=code, amount=amount, entered_by="c", area=PLACE)
    await street.bench.save(row)


async def reported(street: Street, month: str, **others: Any) -> dict[str, list[int | None]]:
    year = (await street.loads(month, **others)).batch.year
    return {code: figures(amounts) for code, amounts in year.reported.items()}


class TestMonthsOfEmployment:
    @pytest.mark.parametrize(
        ("terms", "month", "paid_in", "counted"),
        [
            pytest.param({}, "2026-01", "2026-01", 100, id="January"),
            pytest.param({}, "2026-03", "2026-03", 300, id="also those before anything was paid here"),
            pytest.param({}, "2026-03", "2026-05", 500, id="up to the month of payment"),
            pytest.param({"starts_on": date(2026, 2, 28)}, "2026-03", "2026-03", 200, id="since the first day"),
            pytest.param({"ends_on": date(2026, 2, 2)}, "2026-02", "2026-05", 200, id="until the last day"),
            pytest.param({}, "2025-12", "2026-01", 100, id="of the year of payment, not of the pay"),
        ],
    )
    @pytest.mark.clause("LAW-IIT")
    async def test_count_what_stands(
        self, street: Street, terms: dict[str, Any], month: str, paid_in: str, counted: int
    ) -> None:
        await street.has("li", **terms)
        await stands(street, "2025-01", 100)

        assert await reported(street, month, paid_in=paid_in) == {RENT: [counted]}

    async def test_what_was_entered_goes_before_what_stands(self, street: Street) -> None:
        await street.has("li")
        await street.has("wang")
        await stands(street, "2025-01", 100)
        await stands(street, "2026-03", None)
        await enters(street, "2026-02", 7)
        await enters(street, "2026-04", 1)  # not yet
        await enters(street, "2026-03", 5, PENSION)

        assert await reported(street, "2026-03") == {RENT: [107, 0], PENSION: [5, 0]}

    async def test_not_of_another_code(self, street: Street) -> None:
        await street.has("li")
        for code in ("relief", "overtime_pay", "deduction.rent", "component.additional"):
            await enters(street, "2026-01", 9, code)

        assert await reported(street, "2026-01") == {}


class TestOneMonthOfPayment:
    """Counts once, with what was reported for the latest month paid in it."""

    @pytest.fixture(autouse=True)
    async def li(self, street: Street) -> None:
        await street.has("li")

    async def test_with_december_and_january(self, street: Street) -> None:
        await enters(street, "2025-12", 100)
        await enters(street, "2026-01", 150)
        assert await reported(street, "2025-12", paid_in="2026-01") == {RENT: [100]}

        await street.was_paid("2025-12", {"li": {}}, paid_in="2026-01", additional=100)

        assert await reported(street, "2026-01") == {RENT: [150]}
        year = (await street.loads("2026-01")).batch.year
        assert figures(year.additional) == [100]

    async def test_in_february_the_year_has_two(self, street: Street) -> None:
        await stands(street, "2025-01", 100)
        await street.was_paid("2025-12", {"li": {}}, paid_in="2026-01", additional=100)
        await street.was_paid("2026-01", {"li": {}})

        assert await reported(street, "2026-02") == {RENT: [200]}

    async def test_who_is_always_paid_a_month_late_has_twelve(self, street: Street) -> None:
        months = ["2025-12", *(f"2026-{number:02}" for number in range(1, 12))]
        for number, month in enumerate(months, start=1):
            await enters(street, month, 10 * number)
            if month != "2026-11":
                await street.was_paid(month, {"li": {}}, paid_in=f"2026-{number:02}")

        assert await reported(street, "2026-11", paid_in="2026-12") == {RENT: [10 * sum(range(1, 13))]}

    async def test_who_is_paid_in_time_from_june_on_has_six(self, street: Street) -> None:
        for number, month in enumerate(["2025-12", *(f"2026-{number:02}" for number in range(1, 6))], start=1):
            await stands(street, month, number)
            await street.was_paid(month, {"li": {}}, paid_in=f"2026-{number:02}")
        await stands(street, "2026-06", 100)

        # December's to April's, and June's: May was paid in June as well
        assert await reported(street, "2026-06") == {RENT: [1 + 2 + 3 + 4 + 5 + 100]}

    async def test_a_month_that_was_not_paid_counts_by_itself(self, street: Street) -> None:
        """March was set aside; April's run pays both."""
        for number, month in enumerate(("2026-01", "2026-02", "2026-03", "2026-04")):
            await enters(street, month, 10**number)
        for month in ("2026-01", "2026-02"):
            await street.was_paid(month, {"li": {}})

        assert await reported(street, "2026-04") == {RENT: [1111]}

    async def test_who_has_left_before_the_year_has_the_month_that_is_paid(self, street: Street) -> None:
        await street.has("wang", ends_on=date(2026, 1, 1))
        for month, amount in (("2025-12", 100), ("2026-01", 7)):
            await stands(street, month, amount, worker_id="wang")

        year = (await street.loads("2025-12", paid_in="2026-01")).batch.year

        assert (figures(year.months), figures(year.reported[RENT])) == ([1, 1], [0, 100])

    async def test_with_both_halves(self, street: Street, halves: Policies) -> None:  # noqa: F811
        await street.has("zhao", kind=PART_TIME)
        await stands(street, "2026-01", 100, worker_id="zhao")
        first = {"cycle": "first_half", "policies": halves}
        assert (await reported(street, "2026-02", **first))[RENT] == [200]

        await street.was_paid("2026-02", {"zhao": {}}, cycle="first_half", additional=200)

        assert (await reported(street, "2026-02", **(first | {"cycle": "second_half"})))[RENT] == [200]

    async def test_what_is_entered_by_halves_adds_up(self, street: Street, halves: Policies) -> None:  # noqa: F811
        await street.has("wang", kind=PART_TIME)
        for cycle, amount in (("first_half", 3), ("second_half", 4), ("month", 100)):
            row = {"worker_id": "wang", "month": "2026-01", "cycle": cycle, "code": "additional", "amount": amount}
            await street.bench.save(Entry(**row, entered_by="c", area=PLACE))

        found = await reported(street, "2026-01", cycle="second_half", policies=halves)

        assert found["additional"] == [7]


class TestEmployers:
    """What is entered is the person's; in each month it goes to the employer of its last day, who begins anew."""

    async def test_each_has_its_own_months(self, street: Street) -> None:
        await street.has("li")
        await stands(street, "2025-01", 100)
        place = {"area": PLACE, "post_class": "ordinary", "staff": "community_worker", "transfer_id": "t"}
        moved = Placement(worker_id="li", starts_on=date(2026, 3, 15), organisation_id="other", **place)
        await street.bench.save(moved)

        loaded = (await street.loads("2026-03")).batch

        assert loaded.inputs.organisation_ids == (EMPLOYER, "other")
        assert figures(loaded.year.reported[RENT]) == [200, 100]

    async def test_of_two_at_once_the_one_that_ends_last(self, street: Street) -> None:
        await street.has("li")
        await street.has("li", organisation_id="other", starts_on=date(2026, 2, 1), ends_on=date(2026, 3, 16))
        await stands(street, "2025-01", 100)

        year = (await street.loads("2026-03")).batch.year

        # of February, which both end, the one that began last; of March the one that goes on
        assert figures(year.reported[RENT]) == [200, 100]


class TestBeforeThePlatform:
    @pytest.mark.parametrize(
        ("starts_on", "month", "counted"),
        [
            pytest.param(date(2025, 1, 1), "2026-04", 1000 + 100, id="known by the agreement as well, counts once"),
            pytest.param(date(2026, 4, 1), "2026-04", 1000 + 100, id="before the agreement"),
            pytest.param(date(2026, 4, 1), "2026-05", 1000 + 200, id="and the months since"),
            pytest.param(date(2025, 1, 1), "2026-03", 1000, id="paid once more in its last month"),
        ],
    )
    async def test_counts_as_it_was_deducted(self, street: Street, starts_on: date, month: str, counted: int) -> None:
        await street.has("li", starts_on=starts_on)
        await stands(street, "2025-01", 100, "additional")
        opening = {"additional": 1000, "other": 7, "months": 3}
        card = {"worker_id": "li", "organisation_id": EMPLOYER, "year": 2026, "area": PLACE, "opening": opening}
        await street.bench.save(TaxCard(**card, evidence="e", set_by="c"))
        if month == "2026-05":
            await street.was_paid("2026-04", {"li": {}}, additional=100)

        found = await reported(street, month)

        assert found == {"additional": [counted], "other": [7]}
