"""A document that came late is held against the months already paid: those that it changes are paid again, once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound
from common.policy import ParameterMissing
from common.policy.documents import Dated
from common.testing import Bench, somebody
from payroll.commands import check_parameters, enter_parameter
from payroll.commands.policy_changes import note_policy_changes
from payroll.commands.reviewing import CalculationOutdated
from payroll.models import Change, Payslip, PayslipLine
from payroll.queries.policy_changes import ChangedMonth
from payroll.tests.commands.test_arrears import STAFF, differences

STREET = "220102001"
SENIORITY = {"component": "seniority", "label_zh": "年功工资", "kind": "share_of", "of": ["base"], "share": "0.10"}

Reads = Callable[..., None]


@pytest.fixture
def reads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """As if the documents said another value of a term from a day on; without one, what they say in the files."""
    filed = bench.runtime.policies

    def reads(rule: str = "", term: str = "", value: Any = None, *, since: date = date(2026, 2, 1)) -> None:
        said = filed
        if rule:
            changed = tuple(
                replace(one, series={**one.series, term: (*one.series[term], Dated(since, value(one)))})
                if one.document.id == "JL" or one.document.id.startswith("LAW")
                else one
                for one in filed.answers[rule]
            )
            said = replace(filed, answers={**filed.answers, rule: changed})
        monkeypatch.setattr(bench.runtime, "policies", said)
        monkeypatch.setattr(bench.runtime.consumer, "policies", said)

    return reads


def with_seniority(answer: Any) -> list[Any]:
    return [*answer.series["components"][-1].value, SENIORITY]


async def notes(office: Any, *, actor: Any = None, **asked: Any) -> list[ChangedMonth]:
    given: dict[str, Any] = {"area": None, "staff": None, "since": None, "dry_run": False} | asked
    return list(await office.run(note_policy_changes, actor=actor or office.clerk, **given))


async def noted(bench: Bench) -> list[tuple[str, str | None, str]]:
    return [(row.area, row.staff, row.from_month) for row in await bench.rows(Change) if row.cause == "policy_changed"]


@pytest.fixture
async def paid(office: Any) -> None:
    """Li and Wang, from January to March."""
    await office.has_standard("4000.00")
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id)
        for month in ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"):
            await office.enters(worker_id, month, score="90")
    for month in ("2026-01", "2026-02", "2026-03"):
        await office.pays(month)
        await office.ages()


@pytest.mark.usefixtures("paid")
class TestNotePolicyChanges:
    async def test_nothing_is_noted_as_long_as_clauses_say_the_same(self, office: Any, bench: Bench) -> None:
        assert await notes(office) == []
        assert await noted(bench) == []

    async def test_the_months_from_its_day_on_are_named_with_the_rule(self, office: Any, reads: Reads) -> None:
        reads("pay.composition", "components", with_seniority)

        changed = await notes(office)

        assert [(one.area, one.staff, one.period) for one in changed] == [
            (STREET, STAFF, "2026-02"),
            (STREET, STAFF, "2026-03"),
        ]
        [rule] = changed[0].rules
        assert (rule.rule, rule.clause_before, rule.clause_now) == ("pay.composition", "JL-4c", "JL-4c")

    async def test_the_next_run_pays_the_difference_of_those_months_alone(
        self, office: Any, bench: Bench, reads: Reads
    ) -> None:
        reads("pay.composition", "components", with_seniority)
        await notes(office)

        april = await office.pays("2026-04")

        raised = {"2026-02": Decimal("280.00"), "2026-03": Decimal("280.00")}
        assert await differences(office, april, "li") == raised
        slips = {slip.slip_no for slip in await bench.rows(Payslip) if slip.run_id == april}
        lines = [row for row in await bench.rows(PayslipLine) if row.slip_no in slips and row.period]
        causes = {row.change_id: row.cause for row in await bench.rows(Change)}
        assert {causes[row.change_id] for row in lines if row.change_id} == {"policy_changed"}
        assert await differences(office, await office.pays("2026-05"), "li") == {}

    async def test_nothing_is_noted_twice(self, office: Any, bench: Bench, reads: Reads) -> None:
        reads("pay.composition", "components", with_seniority)
        await notes(office)
        assert await notes(office) == []

        await office.pays("2026-04")

        assert await notes(office) == []
        assert await noted(bench) == [(STREET, STAFF, "2026-02"), (STREET, STAFF, "2026-03")]

    async def test_what_is_taken_back_later_is_noted_again_and_paid_back(
        self, office: Any, bench: Bench, reads: Reads
    ) -> None:
        reads("pay.composition", "components", with_seniority)
        await notes(office)
        await office.pays("2026-04")
        await office.ages()
        reads()

        changed = await notes(office)
        may = await office.pays("2026-05")

        # April was sealed by the new words, the two before it were paid by them.
        assert [one.period for one in changed] == ["2026-02", "2026-03", "2026-04"]
        taken = dict.fromkeys(("2026-02", "2026-03", "2026-04"), Decimal("-280.00"))
        assert await differences(office, may, "li") == taken
        assert await notes(office) == []

    async def test_a_month_between_two_versions_stays_as_it_is(self, office: Any, reads: Reads) -> None:
        """A clause that said something else in February alone."""
        reads("pay.composition", "components", with_seniority)
        filed = office.bench.runtime.policies
        ended = tuple(
            replace(
                one,
                series={**one.series, "components": (*one.series["components"], replace(
                    one.series["components"][-2], starts_on=date(2026, 3, 1)
                ))},
            )
            if one.document.id == "JL"
            else one
            for one in filed.answers["pay.composition"]
        )  # fmt: skip
        for place in (office.bench.runtime, office.bench.runtime.consumer):
            place.policies = replace(filed, answers={**filed.answers, "pay.composition": ended})

        assert [one.period for one in await notes(office)] == ["2026-02"]
        assert await differences(office, await office.pays("2026-04"), "li") == {"2026-02": Decimal("280.00")}

    async def test_a_new_figure_is_not_the_clause_s(self, office: Any, bench: Bench) -> None:
        """It notes itself when it is checked."""
        value = {"floor": "5000.00", "ceiling": "21535.50"}
        entered = await office.run(
            enter_parameter, code="contribution.pension.limits", area="2201", staff="", starts_on=date(2025, 1, 1),
            value=value, source="虚构", confidence="H", on=date(2026, 3, 1),
        )  # fmt: skip
        await office.run(
            check_parameters, actor=office.chief, parameter_ids=[entered.parameter_id], on=date(2026, 3, 2)
        )

        assert await notes(office) == []
        april = await office.slips(await office.pays("2026-04"))
        assert any("pension_worker@2026-01" in code for code in await office.lines(april["li"]))
        assert await notes(office) == []

    async def test_a_dry_run_only_looks(self, office: Any, bench: Bench, reads: Reads) -> None:
        reads("pay.composition", "components", with_seniority)

        assert len(await notes(office, dry_run=True)) == 2
        assert await noted(bench) == []
        assert len(await notes(office)) == 2

    @pytest.mark.parametrize(
        ("asked", "periods"),
        [
            pytest.param({"area": "220102"}, ["2026-02", "2026-03"], id="the county"),
            pytest.param({"area": "220103"}, [], id="not another county"),
            pytest.param({"staff": STAFF}, ["2026-02", "2026-03"], id="the kind of staff"),
            pytest.param({"staff": "public_welfare"}, [], id="not another kind"),
            pytest.param({"since": "2026-03"}, ["2026-03"], id="since March"),
            pytest.param({"since": "2026-04"}, [], id="not before April"),
        ],
    )
    async def test_of_what_is_asked_for(
        self, office: Any, reads: Reads, asked: dict[str, Any], periods: list[str]
    ) -> None:
        reads("pay.composition", "components", with_seniority)

        assert [one.period for one in await notes(office, **asked)] == periods

    async def test_not_what_lies_outside_one_s_area(self, office: Any, reads: Reads) -> None:
        reads("pay.composition", "components", with_seniority)
        elsewhere = somebody(Role.FINANCE, area="220103", subject="elsewhere")

        assert await notes(office, actor=elsewhere) == []
        with pytest.raises(NotFound):
            await notes(office, actor=elsewhere, area="220102")

    async def test_a_clause_that_lacks_a_figure_is_named_and_nothing_noted(
        self, office: Any, bench: Bench, reads: Reads
    ) -> None:
        def by_figure(answer: Any) -> list[Any]:
            return [*answer.series["components"][-1].value, {**SENIORITY, "share": {"parameter": "amount.years_step"}}]

        reads("pay.composition", "components", by_figure)

        with pytest.raises(ParameterMissing, match=r"amount\.years_step"):
            await notes(office)
        assert await noted(bench) == []

    async def test_whoever_asked_may_still_approve_what_comes_of_it(self, office: Any, reads: Reads) -> None:
        """The document is nobody's doing here."""
        reads("pay.composition", "components", with_seniority)
        await notes(office, actor=office.chief)

        assert await differences(office, await office.pays("2026-04"), "li") != {}

    async def test_makes_a_run_calculated_before_it_outdated(self, office: Any, bench: Bench, reads: Reads) -> None:
        april = await office.opens("2026-04")
        reads("pay.composition", "components", with_seniority)
        await office.calculates(april)
        await notes(office)

        with pytest.raises(CalculationOutdated):
            await office.approves(april)
        await office.calculates(april)
        await office.approves(april)
        assert set(await differences(office, april, "li")) == {"2026-02", "2026-03"}
