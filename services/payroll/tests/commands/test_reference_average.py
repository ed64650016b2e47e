"""The average of a run beside the reference that a document names, and a level that is kept."""

from datetime import date
from typing import Any

import pytest

from payroll.commands import entries
from payroll.models import Parameter
from payroll.tests.offices import Office

COUNTY = "220102"


async def reference(office: Office, amount: str) -> None:
    when = {"starts_on": date(2026, 1, 1), "entered_on": date(2026, 1, 5), "checked_on": date(2026, 1, 6)}
    who = {"entered_by": "http://issuer.example|a", "checked_by": "http://issuer.example|b", "status": "in_force"}
    row = {"code": "amount.managers_average", "area": COUNTY, "staff": "community_worker", "value": amount}
    await office.bench.save(
        Parameter(parameter_id="reference", source="某统计（虚构）", confidence="H", **row, **who, **when)
    )


async def findings(office: Office) -> dict[str, dict[str, Any]]:
    """Of a run with two people, on 4,000.00 and on 4,300.00 with the pool shared evenly."""
    await office.has_standard("4000.00")
    await office.has_standard("4300.00", grade=1, post_class="head")
    await office.has_worker("li")
    await office.has_worker("sun", post_class="head")
    run_id = await office.opens()
    await office.scores(run_id, li=80, sun=80)
    run = await office.calculates(run_id)
    assert (run.workers, run.gross_total) == (2, 830000)
    return {one["code"]: one for one in run.findings}


class TestTheAverageOfAScheme:
    """JL-4b: average pay is set by a local reference, and what is higher already stays."""

    @pytest.mark.clause("JL-4b")
    @pytest.mark.parametrize(
        ("amount", "short"),
        [
            pytest.param("4150.00", None, id="the reference itself is enough"),
            pytest.param("4149.99", None, id="more than the reference stands"),
            pytest.param("4150.01", "0.01", id="a fen below it is shown"),
        ],
    )
    async def test_is_held_against_the_reference(self, office: Office, amount: str, short: str | None) -> None:
        await reference(office, amount)

        found = await findings(office)

        assert ("below_reference" in found) is (short is not None)
        if short:
            assert f"低 {short} 元" in found["below_reference"]["zh"]
            assert found["below_reference"]["clause"] == "JL-4b"

    @pytest.mark.clause("JL-4b")
    async def test_without_a_reference_stops_nobody_and_names_the_figure(self, office: Office) -> None:
        found = await findings(office)

        assert "amount.managers_average" in found["reference_unknown"]["en"]

    @pytest.mark.clause("JL-4b")
    @pytest.mark.parametrize(
        ("kept", "line"),
        [
            pytest.param(400000, None, id="as much as now"),
            pytest.param(400001, "0.01", id="a fen more than now"),
            pytest.param(450000, "500.00", id="more than now"),
        ],
    )
    async def test_nobody_falls_below_what_he_had(self, office: Office, kept: int, line: str | None) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        standing: dict[str, Any] = {"worker_id": "li", "code": "kept_level", "from_month": "2026-01", "amount": kept}
        await office.run(entries.enter_standing, **standing)
        run_id = await office.opens()
        await office.scores(run_id, li=80)
        await office.calculates(run_id)

        lines = await office.lines((await office.slips(run_id))["li"], "earning")

        assert str(lines.get("kept_level")) == str(line)
