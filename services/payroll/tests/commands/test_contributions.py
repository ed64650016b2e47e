from datetime import date
from decimal import Decimal

import pytest

from common.areas import within
from common.errors import SamePerson, WrongState
from common.events.payroll import ContributionOverdue
from payroll.commands import bases, contributions
from payroll.models import Change, ContributionBase, ContributionDue
from payroll.queries import contributions as queries
from payroll.tests.sealed import STREET, UNION, approved_run, chief, clerk, has_worker

ZHANG = {
    "base": 600_000,
    "pension_worker": 48_000,
    "pension_employer": 96_000,
    "housing_fund_worker": 48_000,
    "housing_fund_employer": 48_000,
}


async def written(bench, *batch_ids: str) -> dict[tuple[str, str], ContributionDue]:
    for batch_id in batch_ids:
        await bench.run(contributions.write_dues, batch_id=batch_id)
    return {(due.scheme, due.period): due for due in await bench.rows(ContributionDue)}


async def one_due(bench) -> ContributionDue:
    batch = await approved_run(bench, {"zhang": {"pension_worker": 48_000, "pension_employer": 96_000}})
    [due] = (await written(bench, batch)).values()
    return due


class TestWriteDues:
    """JS-6c: what an employer owes is listed by scheme, with the day by which it is paid."""

    async def test_adds_up_both_sides_of_everybody(self, bench):
        batch = await approved_run(bench, {"zhang": ZHANG, "li": ZHANG})
        dues = await written(bench, batch)

        found = {scheme: (due.people, due.worker, due.employer, due.due_on) for (scheme, _), due in dues.items()}
        assert found == {
            "pension": (2, 96_000, 192_000, date(2026, 3, 31)),
            "housing_fund": (2, 96_000, 96_000, date(2026, 4, 5)),
        }
        assert {(due.organisation_id, due.clause) for due in dues.values()} == {(UNION, "LAW-SI-DUE")}

    async def test_puts_differences_under_the_month_they_are_for(self, bench):
        batch = await approved_run(bench, {"zhang": ZHANG | {"pension_worker@2026-01": 1_000}})
        dues = await written(bench, batch)

        assert {period: due.worker for (scheme, period), due in dues.items() if scheme == "pension"} == {
            "2026-01": 1_000,
            "2026-03": 48_000,
        }

    async def test_adds_the_batches_of_a_run_together(self, bench):
        first = await approved_run(bench, {"zhang": ZHANG})
        second = await approved_run(bench, {"li": ZHANG}, area="320102002")
        dues = await written(bench, first, second)

        assert (dues["pension", "2026-03"].people, dues["pension", "2026-03"].employer) == (2, 192_000)

    async def test_says_by_which_clause_once_a_batch(self, bench):
        await written(bench, await approved_run(bench, {"zhang": ZHANG}))

        assert [one.subject for one in await bench.decisions("contributions.due_on")] == ["run-2026-03"]

    async def test_where_nothing_is_owed_nothing_is_listed(self, bench):
        assert await written(bench, await approved_run(bench, {"zhang": {"base": 600_000}})) == {}


class TestCountDuesFromPayday:
    """LAW-SI-DUE: the housing fund is due five days after the pay was really paid."""

    async def test_moves_what_is_counted_from_payday_and_not_yet_paid(self, bench):
        await written(bench, await approved_run(bench, {"zhang": ZHANG}))
        await bench.run(contributions.count_dues_from_payday, run_id="run-2026-03", payday=date(2026, 3, 25))

        days = {due.scheme: due.due_on for due in await bench.rows(ContributionDue)}
        assert days == {"pension": date(2026, 3, 31), "housing_fund": date(2026, 3, 30)}


class TestRecordContributionPayment:
    async def test_marks_it_paid_once(self, bench):
        due = await one_due(bench)
        given = {"due_id": due.due_id, "on": date(2026, 3, 30), "reference": "凭证0001"}
        await bench.run(contributions.record_contribution_payment, actor=clerk, **given)

        [kept] = await bench.rows(ContributionDue)
        assert (kept.paid_on, kept.paid_by, kept.reference) == (date(2026, 3, 30), clerk.account, "凭证0001")
        with pytest.raises(WrongState):
            await bench.run(contributions.record_contribution_payment, actor=clerk, **given)

    async def test_not_before_the_month_it_is_for(self, bench):
        due = await one_due(bench)

        with pytest.raises(contributions.PaidBeforeItWasOwed):
            await bench.run(
                contributions.record_contribution_payment, due_id=due.due_id, on=date(2026, 2, 28), reference="x"
            )


class TestTellOverdue:
    """JS-6c and LAW-SI-DUE: what is not paid on time is told of, once."""

    @pytest.mark.clause("JS-6c", "LAW-SI-DUE")
    async def test_the_first_day_late_and_not_again(self, bench):
        due = await one_due(bench)
        told = []
        for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2)):
            await bench.run(contributions.tell_overdue, on=day)
            told.append(len(await bench.sent(ContributionOverdue)))

        assert told == [0, 1, 1]
        [said] = await bench.sent(ContributionOverdue)
        assert (said.due_id, said.employer, said.worker) == (due.due_id, Decimal("960.00"), Decimal("480.00"))
        assert sorted(said.clauses) == ["JS-6c", "LAW-SI-DUE"]
        decisions = await bench.decisions("contributions.in_time")
        assert {(one.clause, one.permits) for one in decisions} == {("JS-6c", False), ("LAW-SI-DUE", False)}

    async def test_is_silent_about_what_was_paid(self, bench):
        due = await one_due(bench)
        await bench.run(
            contributions.record_contribution_payment, due_id=due.due_id, on=date(2026, 4, 1), reference="x"
        )
        await bench.run(contributions.tell_overdue, on=date(2026, 5, 1))

        assert await bench.sent(ContributionOverdue) == []

    async def test_goes_through_however_many_there_are(self, bench):
        await written(bench, await approved_run(bench, {"zhang": ZHANG}))
        after, looks = "", 0
        while after is not None:
            after, looks = (
                await bench.run(contributions.tell_overdue, on=date(2026, 5, 1), after=after, limit=1),
                looks + 1,
            )

        assert (len(await bench.sent(ContributionOverdue)), looks) == (2, 3)

    async def test_a_process_beside_the_consumer_looks(self, bench):
        await one_due(bench)
        bench.set_today(date(2026, 4, 1))
        await contributions.look_once(bench.runtime, after="")

        assert len(await bench.sent(ContributionOverdue)) == 1


class TestListDues:
    @pytest.mark.parametrize(
        ("on", "paid_on", "listed"),
        [
            pytest.param(date(2026, 3, 31), None, False, id="not on its last day"),
            pytest.param(date(2026, 4, 1), None, True, id="on the day after"),
            pytest.param(date(2026, 4, 1), date(2026, 4, 1), False, id="not when it was paid that day"),
            pytest.param(date(2026, 4, 1), date(2026, 4, 2), True, id="still then, though it was paid later"),
        ],
    )
    async def test_shows_what_was_overdue_on_a_day(self, bench, on, paid_on, listed):
        due = await one_due(bench)
        if paid_on is not None:
            await bench.run(contributions.record_contribution_payment, due_id=due.due_id, on=paid_on, reference="x")
        nothing = dict.fromkeys(("paid", "organisation_id", "run_id", "scheme", "cursor"))
        async with bench.session() as session:
            page = await queries.dues(session, overdue_on=on, limit=50, key=b"k", **nothing)

        assert len(page.items) == (1 if listed else 0)


async def paid_year(bench, **months: int) -> None:
    for month, gross in months.items():
        number = month.removeprefix("m")
        await approved_run(bench, {"zhang": {"base": gross}}, month=f"2025-{number}", run_id=f"run-2025-{number}")


class TestAdjustContributionBases:
    """Own monthly average of the year before, from the sealed slips; late ones make arrears by themselves."""

    @staticmethod
    async def adjusts(bench, **changes):
        given = {"area": STREET, "staff": "union_worker", "year": 2025, "from_month": "2026-01", "schemes": ["pension"]}
        return await bench.run(bases.adjust_contribution_bases, actor=chief, **(given | changes))

    @pytest.mark.parametrize(
        ("months", "amount"),
        [
            pytest.param({"m11": 400_000, "m12": 500_001}, 450_001, id="rounded half up to the fen"),
            pytest.param({"m12": 500_000}, 500_000, id="by the months that were paid"),
        ],
    )
    async def test_averages_the_months_paid(self, bench, months, amount):
        await has_worker(bench, "zhang")
        await paid_year(bench, **months)
        adjusted = await self.adjusts(bench)

        [kept] = await bench.rows(ContributionBase)
        assert (kept.amount, kept.from_month, adjusted.workers, adjusted.total) == (amount, "2026-01", 1, amount)
        assert "2025年" in kept.source

    @pytest.mark.parametrize(
        ("december", "amount", "months"),
        [
            pytest.param({"base": 400_000, "base@2024-12": 48_000}, 400_000, 2, id="not what was for the year before"),
            pytest.param({"base": 400_000, "base@2025-10": 400_000}, 400_000, 3, id="a month paid later is a month"),
            pytest.param({"base": 400_000, "base@2025-11": -400_000}, 400_000, 1, id="one taken back is none"),
            pytest.param({"base": 400_000, "pension_worker@2025-11": 900}, 400_000, 2, id="earnings alone"),
        ],
    )
    async def test_what_is_paid_late_counts_in_its_month(self, bench, december, amount, months):
        await has_worker(bench, "zhang")
        await approved_run(bench, {"zhang": {"base": 400_000}}, month="2025-11")
        await approved_run(bench, {"zhang": december}, month="2025-12")
        await self.adjusts(bench)

        [kept] = await bench.rows(ContributionBase)
        assert kept.amount == amount
        assert f"2025年{months}个月" in kept.source

    async def test_what_the_next_year_paid_for_it_counts_as_well(self, bench):
        await has_worker(bench, "zhang")
        await approved_run(bench, {"zhang": {"base": 400_000}}, month="2025-12")
        await approved_run(bench, {"zhang": {"base": 400_000, "base@2025-12": 10_000}}, month="2026-01")
        await self.adjusts(bench)

        assert [kept.amount for kept in await bench.rows(ContributionBase)] == [410_000]

    async def test_leaves_out_what_is_not_sealed(self, bench):
        await has_worker(bench, "zhang")
        await approved_run(bench, {"zhang": {"base": 400_000}}, month="2025-12", status="calculated")

        assert (await self.adjusts(bench)).workers == 0

    async def test_leaves_out_other_kinds_of_staff_and_places(self, bench):
        await has_worker(bench, "zhang")
        await paid_year(bench, m12=400_000)

        assert (await self.adjusts(bench, staff="community_worker")).workers == 0
        assert (await self.adjusts(bench, area="320102002")).workers == 0
        assert not within("320102002", STREET)

    async def test_notes_that_pay_may_come_out_differently(self, bench):
        await has_worker(bench, "zhang")
        await paid_year(bench, m12=400_000)
        await self.adjusts(bench, schemes=["pension", "housing_fund"])

        assert [(one.worker_id, one.from_month, one.cause) for one in await bench.rows(Change)] == [
            ("zhang", "2026-01", "contribution_base")
        ]

    async def test_again_puts_the_new_figure_in_the_place_of_the_old(self, bench):
        await has_worker(bench, "zhang")
        await paid_year(bench, m11=400_000)
        await self.adjusts(bench)
        await paid_year(bench, m12=600_000)
        await self.adjusts(bench)

        assert [row.amount for row in await bench.rows(ContributionBase)] == [500_000]

    @pytest.mark.parametrize(
        ("from_month", "refused"),
        [pytest.param("2025-12", True, id="not within the year"), pytest.param("2026-01", False, id="right after it")],
    )
    async def test_needs_a_year_that_is_over(self, bench, from_month, refused):
        if not refused:
            await self.adjusts(bench, from_month=from_month)
            return
        with pytest.raises(bases.YearNotOver):
            await self.adjusts(bench, from_month=from_month)


class TestSetContributionBase:
    async def test_keeps_figure_and_source_and_notes_the_change(self, bench):
        await has_worker(bench, "zhang")
        given = {"worker_id": "zhang", "scheme": "pension", "from_month": "2026-01"}
        for amount in ("6120.50", "6000.00"):
            await bench.run(bases.set_contribution_base, actor=clerk, amount=Decimal(amount), source="工资表", **given)

        assert [(row.amount, row.set_by) for row in await bench.rows(ContributionBase)] == [(600_000, clerk.account)]
        assert len(await bench.rows(Change)) == 2

    async def test_ones_own_is_set_by_nobody(self, bench):
        await has_worker(bench, "zhang", account=clerk.account)
        given = {"worker_id": "zhang", "scheme": "pension", "from_month": "2026-01", "source": "工资表"}

        with pytest.raises(SamePerson):
            await bench.run(bases.set_contribution_base, actor=clerk, amount=Decimal("1.00"), **given)

    async def test_ones_own_is_left_out_when_everybodys_are_adjusted(self, bench):
        await has_worker(bench, "zhang", account=chief.account)
        await has_worker(bench, "li")
        await approved_run(bench, {"zhang": ZHANG, "li": ZHANG}, month="2025-12")
        given = {"area": STREET, "staff": "union_worker", "year": 2025, "from_month": "2026-01", "schemes": ["pension"]}
        adjusted = await bench.run(bases.adjust_contribution_bases, actor=chief, **given)

        assert adjusted.workers == 1
        assert [row.worker_id for row in await bench.rows(ContributionBase)] == ["li"]
        assert {row.noted_by for row in await bench.rows(Change)} == {chief.account}
