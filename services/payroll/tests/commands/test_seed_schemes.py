"""What the seed schemes pay beside the standard: steps that a county sets itself, and an allowance entered by hand."""

from datetime import date
from decimal import Decimal

import pytest

from common.testing import Bench
from payroll.commands.runs import ParametersMissing
from payroll.models import Attribute, Certificate, EvaluationScore, Payee, PayrollRun
from payroll.tests.offices import Office, checked, own_figure, seeded_parameters

XUANWU = "320102"
STREET = "320102002"
STAFF = "union_worker"


STEPS = {
    "table.level_step": {"assistant_social_worker": "200.00", "social_worker": "400.00"},
    "amount.years_step": "30.00",
    "table.education_step": {"bachelor": "150.00", "master": "300.00"},
    "table.post_step": {"head": "500.00"},
    "table.title_step": {"intermediate": "260.00"},
    "table.results_step": {"excellent": "350.00"},
}


async def chen(office: Office) -> dict[str, Decimal]:
    """The lines of an ordinary worker of five years with a certificate, a degree, a title and an excellent year."""
    await office.has_standard("5200.00", area=XUANWU, staff=STAFF)
    await office.has_worker("chen", area=STREET, staff=STAFF, organisation_id="union", kind="labour_fixed")
    whose = {"worker_id": "chen", "area": STREET}
    held = {"said_by": "registrar", "starts_on": date(2025, 1, 1)}
    await office.bench.save(
        Certificate(**whose, level="social_worker", registered_on=date(2025, 1, 1)),
        Attribute(**whose, **held, kind="education", value="bachelor"),
        Attribute(**whose, **held, kind="title", value="intermediate"),
        EvaluationScore(**whose, year=2025, score=Decimal("93.00"), grade="excellent"),
    )
    async with office.bench.session() as session, session.begin():
        payee = await session.get(Payee, "chen")
        assert payee is not None
        payee.hired_on = date(2021, 3, 1)
    run_id = await office.opens(area=STREET, staff=STAFF)
    await office.enters("chen", performance_pay="900.00")
    await office.calculates(run_id)
    return await office.lines((await office.slips(run_id))["chen"], "earning")


class TestStepsOfUnionWorkers:
    """JS-6b: base and performance pay, step by step with level, years, education, post, title and results."""

    @pytest.mark.clause("JS-6b")
    async def test_are_the_countys_own_amounts(self, office: Office) -> None:
        steps = [own_figure(code, value, area=XUANWU, staff=STAFF) for code, value in STEPS.items()]
        await office.bench.save(*checked(steps))

        lines = await chen(office)

        # Five whole years at 30.00; the ordinary post has no amount of its own.
        assert {code: str(amount) for code, amount in lines.items()} == {
            "base": "5200.00",
            "level_step": "400.00",
            "years_step": "150.00",
            "education_step": "150.00",
            "title_step": "260.00",
            "results_step": "350.00",
            "performance": "900.00",
        }

    @pytest.mark.clause("JS-6b")
    async def test_are_none_where_the_county_has_entered_nothing_for_each(self, office: Office) -> None:
        assert {code: str(amount) for code, amount in (await chen(office)).items()} == {
            "base": "5200.00",
            "performance": "900.00",
        }

    @pytest.mark.clause("JS-6b")
    async def test_are_not_taken_as_nothing_where_the_county_has_entered_none(self, bench: Bench) -> None:
        await bench.save(*seeded_parameters(own=()))
        office = Office(bench)

        with pytest.raises(ParametersMissing) as stopped:
            await chen(office)

        assert [one.code for one in stopped.value.missing] == sorted(STEPS)
        [run] = await bench.rows(PayrollRun)
        assert run.status == "open"


class TestEmergencyAllowance:
    """JL-5c: an emergency allowance is paid; how much is entered for the month."""

    @pytest.mark.clause("JL-4c")
    async def test_comes_on_top(self, office: Office) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        run_id = await office.opens()
        await office.scores(run_id, li=80)
        await office.enters("li", component__emergency_allowance="120.50")
        await office.calculates(run_id)

        lines = await office.lines((await office.slips(run_id))["li"], "earning")

        assert {code: str(amount) for code, amount in lines.items()} == {
            "base": "2800.00",
            "performance": "1200.00",
            "emergency_allowance": "120.50",
        }
