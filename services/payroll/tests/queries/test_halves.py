from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from common.policy import Policies, load_policies
from common.settings import ROOT
from payroll.models import Entry, StandingEntry
from payroll.rules.cycles import PART_TIME, PayPeriod, cycle_of_pay
from payroll.tests.queries.conftest import PLACE, Street, figures

HALVES = """
id: MADE-UP
title: 虚构：非全日制人员每月结算两次
area: "22"
starts_on: 2020-01-01
clauses:
  MADE-UP-1:
    at: 第一条
    says: {zh: 非全日制人员每半月结算一次。, en: Part-time staff are paid each half month.}
    service: payroll
    rules:
      pay.cycle: {part_time: half_month}
"""


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    folder: Path = tmp_path_factory.mktemp("policies")
    for file in (ROOT / "policies").glob("*.yaml"):
        folder.joinpath(file.name).write_bytes(file.read_bytes())
    folder.joinpath("made-up.yaml").write_text(HALVES, "utf-8")
    return load_policies(folder)


class TestPayPeriod:
    @pytest.mark.parametrize(
        ("cycle", "begins", "ends", "name"),
        [
            ("month", date(2026, 2, 1), date(2026, 3, 1), "2026-02"),
            ("first_half", date(2026, 2, 1), date(2026, 2, 16), "2026-02.1"),
            ("second_half", date(2026, 2, 16), date(2026, 3, 1), "2026-02.2"),
        ],
    )
    def test_days(self, cycle: str, begins: date, ends: date, name: str) -> None:
        period = PayPeriod("2026-02", cycle)

        assert (period.begins, period.ends, period.name) == (begins, ends, name)

    @pytest.mark.parametrize(
        ("period", "before"),
        [
            (("2026-01", "month"), ("2025-12", "month")),
            (("2026-02", "second_half"), ("2026-02", "first_half")),
            (("2026-01", "first_half"), ("2025-12", "second_half")),
        ],
    )
    def test_the_one_before(self, period: tuple[str, str], before: tuple[str, str]) -> None:
        assert PayPeriod(*period).before == PayPeriod(*before)

    def test_the_first_half_goes_before_the_rest_of_its_month(self) -> None:
        whole, first, second = (PayPeriod("2026-02", cycle) for cycle in ("month", "first_half", "second_half"))

        assert first.is_before(second)
        assert first.is_before(whole)
        assert not second.is_before(first)
        assert not whole.is_before(second)
        assert second.is_before(PayPeriod("2026-03", "first_half"))


class TestHalves:
    """Where a clause has part-time staff paid twice a month, runs of halves pay them and nobody else."""

    async def test_each_run_pays_its_own(self, street: Street, halves: Policies) -> None:
        await street.has("li", kind=PART_TIME, starts_on=date(2026, 3, 15))
        await street.has("wang")

        seen = {
            cycle: (await street.reads(cycle=cycle, policies=halves))
            for cycle in ("month", "first_half", "second_half")
        }

        assert {cycle: inputs.worker_ids for cycle, inputs in seen.items()} == {
            "month": ("wang",), "first_half": ("li",), "second_half": ("li",)
        }  # fmt: skip
        first, second = seen["first_half"], seen["second_half"]
        assert [(i.first_day.tolist(), i.last_day.tolist(), i.days.tolist()) for i in (first, second)] == [
            ([15], [15], [1]), ([16], [31], [16])
        ]  # fmt: skip
        assert (second.weekdays.tolist(), second.month_weekdays, second.month_days) == ([12], 22, 31)
        assert (first.part_time.tolist(), seen["month"].part_time.tolist()) == ([True], [False])

    async def test_where_no_clause_says_so_everybody_is_paid_by_the_month(self, street: Street) -> None:
        await street.has("li", kind=PART_TIME)

        assert (await street.reads()).part_time.tolist() == [True]
        assert (await street.reads(cycle="first_half")).size == 0

    async def test_hours_are_those_of_the_half(self, street: Street, halves: Policies) -> None:
        await street.has("li", kind=PART_TIME)
        for cycle, hours in (("first_half", 4000), ("second_half", 3000)):
            await street.bench.save(
                Entry(
                    worker_id="li", area=PLACE, month="2026-03", cycle=cycle, code="hours", amount=hours, entered_by="c"
                )
            )

        seen = [(await street.reads(cycle=cycle, policies=halves)).entered for cycle in ("first_half", "second_half")]

        assert [figures(entered["hours"]) for entered in seen] == [[4000], [3000]]

    async def test_what_holds_for_the_month_counts_in_its_second_half_alone(
        self, street: Street, halves: Policies
    ) -> None:
        await street.has("li", kind=PART_TIME)
        for code in ("additional.housing_rent", "deduction.rent", "union_member"):
            await street.bench.save(
                StandingEntry(worker_id="li", area=PLACE, code=code, from_month="2026-01", amount=100, entered_by="c")
            )
        for cycle, code, amount in (
            ("month", "annual_bonus", 7), ("month", "overtime_pay", 5), ("second_half", "overtime_pay", 6)
        ):  # fmt: skip
            await street.bench.save(
                Entry(
                    worker_id="li", area=PLACE, month="2026-03", cycle=cycle, code=code, amount=amount, entered_by="c"
                )
            )

        first, second = [
            (await street.reads(cycle=cycle, policies=halves)).entered for cycle in ("first_half", "second_half")
        ]

        assert {code: figures(column) for code, column in first.items()} == {"union_member": [100]}
        assert {code: figures(column) for code, column in second.items()} == {
            "additional.housing_rent": [100], "annual_bonus": [7], "deduction.rent": [100], "overtime_pay": [6],
            "union_member": [100],
        }  # fmt: skip

    async def test_a_half_is_owed_by_the_runs_of_halves_alone(self, street: Street, halves: Policies) -> None:
        await street.has("li", kind=PART_TIME)
        await street.has("wang")
        await street.was_paid("2026-02", {"li": {"hourly_pay": 80000}}, cycle="first_half")
        await street.was_paid(
            "2026-02",
            {"li": {"hourly_pay": 60000}},
            cycle="second_half",
            later={("li", "hourly_pay", "2026-02.1"): 500},
        )
        change = await street.changed("li", "2026-02")

        loaded = await street.loads(cycle="first_half", policies=halves)

        assert [(past.inputs.period, past.paid["hourly_pay"].tolist()) for past in loaded.batch.past] == [
            ("2026-02.1", [80500]), ("2026-02.2", [60000])
        ]  # fmt: skip
        assert loaded.considered == [change]
        of_month = await street.loads(policies=halves)
        assert (of_month.considered, of_month.batch.past) == ([], ())

    async def test_the_second_half_comes_back_to_the_first(self, street: Street, halves: Policies) -> None:
        await street.has("li", kind=PART_TIME)
        await street.was_paid("2026-03", {"li": {"hourly_pay": 1}}, cycle="first_half", income=400)
        await street.changed("li", "2026-03", noted_at=datetime(2026, 6, 1, tzinfo=UTC))

        batch = (await street.loads(cycle="second_half", policies=halves)).batch

        assert [past.inputs.period for past in batch.past] == ["2026-03.1"]
        assert figures(batch.year.income) == [400]

    def test_the_rule_names_who_is_paid_by_the_half(self) -> None:
        terms = cycle_of_pay.terms.model_validate({"part_time": "half_month"})

        assert [cycle_of_pay(terms, agreement=kind) for kind in (PART_TIME, "labour_fixed")] == ["half_month", "month"]
