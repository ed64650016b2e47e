from datetime import date
from typing import Any

import numpy as np
import pytest

from common.testing import Bench, empty_tables
from payroll.engine.leaving import leave_out
from payroll.engine.working import work_out
from payroll.models import (
    Attribute,
    Certificate,
    ContributionBase,
    Entry,
    EvaluationScore,
    GradeStep,
    Leave,
    Placement,
    StandingEntry,
)
from payroll.rules.cycles import PART_TIME
from payroll.tests.offices import ALLOWANCES, certificate_allowances
from payroll.tests.queries.conftest import EMPLOYER, PLACE, STREET, Street, figures, words


def said(model: Any, **columns: Any) -> Any:
    return model(**({"worker_id": "li", "area": PLACE} | columns))


class TestWhoIsPaid:
    """Whoever has a day of the period in the street by a signed agreement, cut to the day of leaving."""

    @pytest.mark.parametrize(
        ("changes", "days"),
        [
            pytest.param({}, [(1, 31)], id="all of the month"),
            pytest.param({"starts_on": date(2026, 3, 31)}, [(31, 31)], id="from its last day"),
            pytest.param({"starts_on": date(2026, 4, 1)}, [], id="not from the day after"),
            pytest.param({"ends_on": date(2026, 3, 2)}, [(1, 1)], id="until its first day"),
            pytest.param({"ends_on": date(2026, 3, 1)}, [], id="not until the day before"),
            pytest.param({"left_on": date(2026, 3, 16)}, [(1, 15)], id="until the day of leaving"),
            pytest.param(
                {"left_on": date(2026, 3, 16), "signed_on": date(2026, 3, 16)}, [(1, 31)],
                id="leaving ends no agreement that was signed on that day",
            ),
            pytest.param({"area": "220102002001"}, [], id="not who serves in another street"),
            pytest.param({"staff": "public_welfare"}, [], id="not another kind of staff"),
        ],
    )  # fmt: skip
    async def test_by_the_days_of_the_agreement(
        self, street: Street, changes: dict[str, Any], days: list[tuple[int, int]]
    ) -> None:
        await street.has("li", **changes)

        inputs = await street.reads()

        assert list(zip(inputs.first_day.tolist(), inputs.last_day.tolist(), strict=True)) == days
        assert inputs.worker_ids == ("li",) * len(days)

    async def test_a_renewal_goes_on_in_the_same_slip(self, street: Street) -> None:
        await street.has("li", ends_on=date(2026, 3, 16))
        await street.has("li", starts_on=date(2026, 3, 16), post_class="committee_member")

        inputs = await street.reads()

        assert inputs.size == 1
        assert (inputs.slip.tolist(), inputs.first_day.tolist(), inputs.last_day.tolist()) == (
            [0, 0],
            [1, 16],
            [15, 31],
        )
        assert words(inputs.keys["post_class"]) == ["ordinary", "committee_member"]
        assert (inputs.weekdays.tolist(), inputs.days.tolist()) == ([10, 12], [15, 16])
        assert (inputs.month_weekdays, inputs.month_days) == (22, 31)

    async def test_a_gap_is_not_paid(self, street: Street) -> None:
        await street.has("li", ends_on=date(2026, 3, 3))
        await street.has("li", starts_on=date(2026, 3, 30))

        inputs = await street.reads()

        assert list(zip(inputs.first_day.tolist(), inputs.last_day.tolist(), strict=True)) == [(1, 2), (30, 31)]

    async def test_slips_stand_in_the_order_of_ids(self, street: Street) -> None:
        for worker_id in ("zhao", "Bai", "li", "an"):
            await street.has(worker_id)

        assert (await street.reads()).worker_ids == ("Bai", "an", "li", "zhao")

    async def test_an_area_above_the_streets_stands_by_itself(self, street: Street) -> None:
        await street.has("li", area="220102")
        await street.has("wang")

        assert (await street.reads(street="220102")).worker_ids == ("li",)


class TestTransfer:
    """Within the month, from one employer to another: two slips, each where its last day is served."""

    async def transfer(self, street: Street, **changes: Any) -> None:
        await street.has("li")
        moved = {
            "area": "220102002001", "staff": "community_worker", "organisation_id": "community-9",
            "post_class": "committee_member",
        }  # fmt: skip
        await street.bench.save(said(Placement, starts_on=date(2026, 3, 11), transfer_id="t", **(moved | changes)))

    async def test_each_employer_pays_its_days(self, street: Street) -> None:
        await self.transfer(street)

        here, there = await street.reads(), await street.reads(street="220102002")

        assert [(i.organisation_ids, i.first_day.tolist(), i.last_day.tolist()) for i in (here, there)] == [
            ((f"community-{PLACE}",), [1], [10]),
            (("community-9",), [11], [31]),
        ]
        assert (await street.reads("2026-04")).size == 0
        assert words((await street.reads("2026-04", street="220102002")).keys["post_class"]) == ["committee_member"]

    async def test_what_is_the_persons_goes_to_the_last_employer(self, street: Street) -> None:
        await self.transfer(street)
        await street.bench.save(
            said(Entry, month="2026-03", cycle="month", code="annual_bonus", amount=500000, entered_by="c")
        )

        here, there = await street.reads(), await street.reads(street="220102002")

        assert (here.entered, figures(there.entered["annual_bonus"])) == ({}, [500000])
        assert (here.insured.tolist(), there.insured.tolist()) == ([False], [True])

    async def test_one_employer_with_two_places_is_one_slip_where_the_last_day_is_served(self, street: Street) -> None:
        await street.has_standard("4000.00", area="220102001")
        await street.has_standard("5000.00", area="220102002", post_class="committee_member")
        await self.transfer(street, organisation_id=f"community-{PLACE}")

        there = await street.reads(street="220102002")

        assert (await street.reads()).size == 0
        assert (there.slip.tolist(), figures(there.standard)) == ([0, 0], [400000, 500000])

    @pytest.mark.parametrize(
        ("signed_on", "street_of", "post_class"),
        [
            pytest.param(date(2025, 12, 20), "220102003", "head", id="agreed after it: where the agreement says"),
            pytest.param(date(2025, 6, 1), "220102003", "head", id="agreed on its day: where the agreement says"),
            pytest.param(date(2025, 5, 31), "220102002", "ordinary", id="agreed before it: moved with the others"),
        ],
    )
    async def test_holds_for_what_was_agreed_before_it(
        self, street: Street, signed_on: date, street_of: str, post_class: str
    ) -> None:
        await street.has("li", ends_on=date(2026, 1, 1))
        moved = {"area": "220102002001", "organisation_id": "community-2", "post_class": "ordinary"}
        await street.bench.save(
            said(Placement, starts_on=date(2025, 6, 1), transfer_id="t", staff="community_worker", **moved)
        )
        following = {"area": "220102003001", "organisation_id": "community-3", "post_class": "head"}
        if signed_on < date(2025, 6, 1):
            following |= {"organisation_id": EMPLOYER}
        await street.has("li", starts_on=date(2026, 1, 1), signed_on=signed_on, **following)

        seen = {
            place: words(inputs.keys["post_class"])
            for place in (STREET, "220102002", "220102003")
            if (inputs := await street.reads(street=place)).size
        }

        assert seen == {street_of: [post_class]}
        assert (await street.reads("2025-12", street="220102002")).size == 1

    async def test_holds_for_its_own_kind_of_staff_alone(self, street: Street) -> None:
        await self.transfer(street, staff="public_welfare")

        assert (await street.reads()).last_day.tolist() == [31]
        assert (await street.reads(street="220102002")).size == 0

    async def test_of_two_employers_it_is_the_last_one_that_somebody_leaves(self, street: Street) -> None:
        await street.has("li", agreement_id="first", kind=PART_TIME, area="220102001003", starts_on=date(2024, 1, 1))
        await self.transfer(street, organisation_id="community-9", area="220102001009")

        assert (await street.reads("2026-04")).organisation_ids == ("community-220102001003", "community-9")


class TestTwoEmployersAtOnce:
    """Neither agreement ends the other: each employer pays its own, and tax adds up with each by itself."""

    OTHER = "220102001003"

    async def test_each_pays_all_its_days(self, street: Street) -> None:
        await street.has("li", monthly_pay="3000.00")
        await street.has("li", area=self.OTHER, starts_on=date(2026, 3, 11), monthly_pay="2000.00")

        inputs = await street.reads()

        assert inputs.organisation_ids == (EMPLOYER, f"community-{self.OTHER}")
        assert list(zip(inputs.first_day.tolist(), inputs.last_day.tolist(), strict=True)) == [(1, 31), (11, 31)]
        assert figures(inputs.standard) == [300000, 200000]

    async def test_an_agreement_gives_way_to_the_next_one_with_the_same_employer(self, street: Street) -> None:
        await street.has("li")
        await street.has("li", area=self.OTHER, starts_on=date(2025, 2, 1), ends_on=date(2026, 3, 21))
        await street.has("li", starts_on=date(2026, 3, 11), post_class="head")

        inputs = await street.reads()

        assert inputs.slip.tolist() == [0, 0, 1]
        assert list(zip(inputs.first_day.tolist(), inputs.last_day.tolist(), strict=True)) == [
            (1, 10), (11, 31), (1, 20)
        ]  # fmt: skip

    async def test_what_is_the_persons_goes_to_the_one_that_began_last(self, street: Street) -> None:
        await street.has("li", monthly_pay="3000.00")
        await street.has("li", area=self.OTHER, starts_on=date(2025, 6, 1), monthly_pay="2000.00")
        await street.bench.save(
            said(Entry, month="2026-03", cycle="month", code="additional", amount=100000, entered_by="c"),
            said(Entry, month="2026-03", cycle="month", code="score", amount=9000, entered_by="c"),
        )

        inputs = await street.reads()

        assert figures(inputs.entered["additional"]) == [None, 100000]
        assert inputs.insured.tolist() == [False, True]

    async def test_contributions_and_tax_are_each_employers_own(self, street: Street) -> None:
        await street.has("li", monthly_pay="20000.00")
        await street.has("li", area=self.OTHER, starts_on=date(2025, 6, 1), monthly_pay="10000.00")
        await street.bench.save(said(Entry, month="2026-03", cycle="month", code="score", amount=9000, entered_by="c"))
        await street.was_paid("2026-01", {"li": {}}, income=5000000, special=100000)

        loaded = (await street.loads()).batch
        columns = work_out(loaded).columns

        assert figures(loaded.year.income) == [5000000, 0]
        contributions, tax = columns["contributions"].tolist(), columns["tax"].tolist()
        assert contributions[0] == 0 < contributions[1]
        assert tax[0] > 0
        alone = leave_out(loaded, np.array([True, False]))
        assert work_out(alone).columns["tax"].tolist() == tax[1:]


class TestStandard:
    """The approved one of the nearest area, there of the latest day; else what the agreement says."""

    @pytest.mark.parametrize(
        ("standards", "amount"),
        [
            pytest.param([{}], 400000, id="of the city"),
            pytest.param([{}, {"area": "220102", "yuan": "4100.00"}], 410000, id="of the county before the city"),
            pytest.param(
                [{"starts_on": date(2026, 3, 1), "yuan": "4200.00"}, {}], 420000, id="the latest, from the first day"
            ),
            pytest.param(
                [{}, {"starts_on": date(2026, 3, 2), "yuan": "4200.00"}], 400000, id="not from the second day"
            ),
            pytest.param([{"status": "drafted"}], 350000, id="none approved: as agreed"),
            pytest.param([{"grade": 2}], 350000, id="none of the grade: as agreed"),
            pytest.param([{"area": "2202"}], 350000, id="none of another city: as agreed"),
        ],
    )
    async def test_which_amount_holds(self, street: Street, standards: list[dict[str, Any]], amount: int) -> None:
        await street.has("li", monthly_pay="3500.00")
        for standard in standards:
            given = {"yuan": "4000.00"} | standard
            await street.has_standard(given.pop("yuan"), **given)

        inputs = await street.reads()

        assert figures(inputs.standard) == [amount]
        assert (words(inputs.standard_source) == ["agreement"]) is (amount == 350000)

    async def test_none_at_all_is_absent_and_not_zero(self, street: Street) -> None:
        await street.has("li")

        inputs = await street.reads()

        assert (figures(inputs.standard), words(inputs.standard_source)) == ([None], [None])


class TestChangesInsideAMonth:
    async def test_cut_a_stretch_where_the_fact_begins(self, street: Street) -> None:
        await street.has_standard("4000.00")
        await street.has_standard("4300.00", grade=2)
        await street.has("li")
        await street.bench.save(
            said(GradeStep, consequence_id="c", starts_on=date(2026, 3, 10)),
            said(Certificate, level="assistant_social_worker", registered_on=date(2025, 6, 1)),
            said(Certificate, level="senior_social_worker", registered_on=date(2026, 3, 20)),
            said(Certificate, level="accountant", registered_on=date(2026, 3, 1)),
            said(Attribute, kind="education", starts_on=date(2026, 3, 20), value="master", said_by="c"),
            said(Attribute, kind="seat", starts_on=date(2025, 3, 20), value="front", said_by="c"),
        )

        inputs = await street.reads(own=[certificate_allowances()])

        assert list(zip(inputs.first_day.tolist(), inputs.last_day.tolist(), strict=True)) == [
            (1, 9),
            (10, 19),
            (20, 31),
        ]
        assert figures(inputs.standard) == [400000, 430000, 430000]
        keys = {kind: words(coded) for kind, coded in inputs.keys.items()}
        assert keys["grade"] == ["1", "2", "2"]
        assert keys["certificate"] == ["assistant_social_worker"] * 2 + ["senior_social_worker"]
        assert (keys["education"], keys["seat"]) == ([None, None, "master"], ["front"] * 3)

    @pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 4, 1)])
    async def test_not_at_the_edges_of_the_month(self, street: Street, day: date) -> None:
        await street.has("li")
        await street.bench.save(said(GradeStep, consequence_id="c", starts_on=day))

        inputs = await street.reads()

        assert (inputs.first_day.tolist(), words(inputs.keys["grade"])) == ([1], ["2" if day.month == 3 else "1"])

    @pytest.mark.parametrize(
        ("years_from", "years"),
        [
            pytest.param(None, 1, id="from the hiring"),
            pytest.param("2016-03-01", 10, id="full on the first day"),
            pytest.param("2016-03-02", 9, id="a day short of it"),
            pytest.param("2026-04-01", 0, id="not begun"),
        ],
    )
    async def test_full_years_of_service(self, street: Street, years_from: str | None, years: int) -> None:
        await street.has("li")
        if years_from:
            await street.bench.save(
                said(Attribute, kind="years_from", starts_on=date(2025, 1, 1), value=years_from, said_by="c")
            )

        inputs = await street.reads()

        assert inputs.years.tolist() == [years]
        assert "years_from" not in inputs.keys


class TestFactsOfTheMonth:
    async def test_the_entered_score_goes_before_the_latest_result_of_an_earlier_year(self, street: Street) -> None:
        for worker_id in ("an", "li", "wang"):
            await street.has(worker_id)
        graded = [("an", 2026, 99), ("li", 2024, 70), ("li", 2025, 80), ("wang", 2025, 60)]
        await street.bench.save(
            *(
                said(EvaluationScore, worker_id=w, year=year, score=score, grade=f"g{year}")
                for w, year, score in graded
            ),
            said(Entry, worker_id="wang", month="2026-03", cycle="month", code="score", amount=9250, entered_by="c"),
        )

        inputs = await street.reads()

        assert figures(inputs.score) == [None, 8000, 9250]
        assert words(inputs.keys["result"]) == [None, "g2025", "g2025"]
        assert "score" not in inputs.entered

    async def test_weekdays_of_leave_on_days_in_the_post(self, street: Street) -> None:
        await street.has("li", ends_on=date(2026, 3, 31))
        for number, (kind, first, after) in enumerate(
            [
                ("sick", date(2026, 2, 20), date(2026, 3, 3)),  # Monday and Tuesday of March... the 2nd
                ("personal", date(2026, 3, 6), date(2026, 3, 10)),  # Friday, the weekend, Monday
                ("sick", date(2026, 3, 30), date(2026, 4, 30)),  # Monday; the post ends with it
                ("annual", date(2026, 3, 17), None),  # withdrawn
                ("maternity", date(2026, 4, 1), date(2026, 6, 1)),
            ]
        ):
            await street.bench.save(said(Leave, leave_id=f"leave-{number}", kind=kind, starts_on=first, ends_on=after))

        inputs = await street.reads()

        assert {kind: column.tolist() for kind, column in inputs.leave.items()} == {"personal": [2], "sick": [2]}

    @pytest.mark.clause("LAW-WD-LEAVE")
    @pytest.mark.parametrize(
        ("first", "after", "days"),
        [
            pytest.param(date(2026, 10, 1), date(2026, 10, 10), 2, id="the holidays of October are paid"),
            pytest.param(date(2026, 10, 1), date(2026, 10, 11), 3, id="a Saturday to be worked is a day of leave"),
            pytest.param(date(2026, 10, 1), date(2026, 10, 8), 0, id="a leave of holidays alone is none"),
            pytest.param(date(2026, 9, 1), date(2026, 11, 1), 22, id="away all month: no day of it is paid"),
            pytest.param(date(2026, 10, 1), date(2026, 10, 30), 17, id="present on the last working day"),
        ],
    )
    async def test_leave_is_counted_in_working_days(self, street: Street, first: date, after: date, days: int) -> None:
        await street.has("li")
        await street.bench.save(said(Leave, leave_id="l", kind="personal", starts_on=first, ends_on=after))

        assert (await street.reads("2026-10")).leave["personal"].tolist() == [days]

    async def test_beyond_the_published_calendar_by_monday_to_friday(self, street: Street) -> None:
        await street.has("li")
        leave = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 1, 5)}
        await street.bench.save(said(Leave, leave_id="l", kind="personal", **leave))

        assert (await street.reads("2027-01")).leave["personal"].tolist() == [2]

    async def test_entries_of_the_month_go_before_standing_ones(self, street: Street) -> None:
        await street.has("li")
        await street.has("wang")
        standing = [
            ("additional", "2025-01", 100000),
            ("kept_level", "2025-01", 450000),
            ("kept_level", "2026-03", None),
        ]
        await street.bench.save(
            *(said(StandingEntry, code=c, from_month=m, amount=a, entered_by="c") for c, m, a in standing),
            said(StandingEntry, code="deduction.rent", from_month="2026-04", amount=1, entered_by="c"),
            said(Entry, month="2026-03", cycle="month", code="additional", amount=0, entered_by="c"),
            said(Entry, month="2026-02", cycle="month", code="overtime_pay", amount=5, entered_by="c"),
            said(
                StandingEntry, worker_id="wang", code="additional", from_month="2026-03", amount=200000, entered_by="c"
            ),
        )

        inputs = await street.reads()

        assert {code: figures(column) for code, column in inputs.entered.items()} == {"additional": [0, 200000]}

    async def test_bases_of_contributions_hold_from_their_month(self, street: Street) -> None:
        await street.has("li")
        await street.bench.save(
            *(
                said(ContributionBase, scheme=scheme, from_month=month, amount=amount, source="s", set_by="c")
                for scheme, month, amount in (
                    ("pension", "2025-07", 1), ("pension", "2026-03", 2), ("pension", "2026-04", 3),
                    ("medical", "2026-04", 4),
                )
            )
        )  # fmt: skip

        assert {scheme: figures(column) for scheme, column in (await street.reads()).bases.items()} == {"pension": [2]}

    @pytest.mark.parametrize("value", ["pensioner", "elsewhere", "yes", None])
    async def test_how_somebody_is_insured(self, street: Street, value: str | None) -> None:
        await street.has("li")
        await street.bench.save(
            said(Attribute, kind="insured", starts_on=date(2026, 3, 31), value=value, said_by="c"),
        )

        assert words((await street.reads()).insurance) == [value]
        assert words((await street.reads("2026-02")).insurance) == [None]

    @pytest.mark.parametrize(
        ("value", "months"),
        [("2026-03-31", [1, 2, None]), ("2026-02-01", [2, 3, None]), ("2025-04-30", [12, 13, None])],
    )
    async def test_which_month_of_a_first_job_it_is(self, street: Street, value: str, months: list[int | None]) -> None:
        await street.has("li")
        await street.bench.save(
            said(Attribute, kind="first_employed_on", starts_on=date(2026, 3, 2), value=value, said_by="c"),
        )

        found = [await street.reads(month) for month in ("2026-03", "2026-04", "2026-02")]
        assert [figures(one.month_of_first_job)[0] for one in found] == months
        assert all("first_employed_on" not in one.keys for one in found)

    @pytest.mark.parametrize(
        ("probation_ends_on", "on_probation"),
        [(None, False), (date(2026, 3, 31), False), (date(2026, 4, 1), True)],
    )
    async def test_probation_when_the_whole_month_lies_in_it(
        self, street: Street, probation_ends_on: date | None, on_probation: bool
    ) -> None:
        await street.has("li", probation_ends_on=probation_ends_on)

        assert (await street.reads()).probation.tolist() == [on_probation]


class TestPolicy:
    async def test_answers_say_clause_terms_and_rows(self, street: Street, bench: Bench) -> None:
        await street.has("li")

        batch = (await street.loads(paid_in="2026-04")).batch

        assert batch.answers["pool.shares"].clause == "JL-4c"
        assert batch.answers["contributions.amounts"].parameters
        assert "allowance.certificate" not in batch.answers  # nobody has one, so no figure is needed
        assert batch.paid_in == "2026-04"
        assert "tax.cumulative_withholding" in batch.tax_answers

    @pytest.mark.usefixtures("left_to_counties")
    async def test_what_a_county_chose_holds_from_its_day(self, street: Street, bench: Bench) -> None:
        await street.has("li")
        await bench.save(said(Certificate, level="social_worker", registered_on=date(2025, 1, 1)))
        more = ALLOWANCES | {"social_worker": "350.00"}
        await bench.choose("JL-4d", "amounts", ALLOWANCES, area="220102", starts_on=date(2025, 1, 1))
        await bench.choose("JL-4d", "amounts", more, area="220102", starts_on=date(2026, 3, 2))

        spoken = (await street.loads()).batch.answers["allowance.certificate"]

        assert str(spoken.terms.amounts["social_worker"]) == "300.00"  # type: ignore[attr-defined]

    async def test_the_same_facts_in_another_order_are_the_same_columns(self, street: Street, bench: Bench) -> None:
        rows = [
            lambda: said(GradeStep, consequence_id="c", starts_on=date(2026, 3, 10)),
            lambda: said(Certificate, level="social_worker", registered_on=date(2026, 3, 20)),
            lambda: said(Leave, leave_id="l", kind="sick", starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 4)),
        ]
        seen = []
        for order in ([0, 1, 2], [2, 1, 0]):
            await empty_tables(bench)
            await street.has("li")
            for number in order:
                await bench.save(rows[number]())
            seen.append(repr(await street.reads(own=[certificate_allowances()])))

        assert seen[0] == seen[1]


class TestEmptyStreet:
    async def test_has_columns_without_rows(self, street: Street) -> None:
        loaded = await street.loads()

        assert (loaded.batch.inputs.size, loaded.areas, loaded.considered) == (0, (), [])
        assert loaded.batch.inputs.area == STREET
