from datetime import date

import pytest

from common.actors import Role
from common.errors import Refused
from common.testing import somebody
from payroll.models import Parameter

NANJING = {"area": "3201", "staff": "union_worker"}


async def published(office, **tables: dict[str, str]) -> None:
    """The city has published guidance, and a second person has checked the rows."""
    for name, value in tables.items():
        await office.bench.save(
            Parameter(
                parameter_id=f"parameter-{name}",
                code=f"table.guidance_{name}",
                area="3201",
                staff="",
                starts_on=date(2026, 1, 1),
                value=value,
                source="市总工会2026年指导标准",
                confidence="H",
                status="in_force",
                entered_by="x|enterer",
                entered_on=date(2026, 1, 1),
            )
        )


class TestGuidance:
    """JS-6a: guidance standards are published from time to time; a pay standard keeps to those in force on its day."""

    @pytest.mark.clause("JS-6a")
    @pytest.mark.parametrize(
        ("amount", "starts_on", "fits"),
        [
            pytest.param("3800.00", date(2026, 2, 1), True, id="the lowest published will do"),
            pytest.param("3799.99", date(2026, 2, 1), False, id="a fen less will not"),
            pytest.param("6000.00", date(2026, 2, 1), True, id="the highest published will do"),
            pytest.param("6000.01", date(2026, 2, 1), False, id="a fen more will not"),
            pytest.param("3799.99", date(2025, 12, 31), True, id="before it was published it holds nobody"),
        ],
    )
    async def test_is_kept_to_at_approval(self, office, amount, starts_on, fits):
        await published(office, lowest={"ordinary": "3800.00"}, highest={"ordinary": "6000.00"})
        if fits:
            await office.has_standard(amount, starts_on=starts_on, **NANJING)
            assert [one.status for one in await office.standards()] == ["approved"]
            return
        with pytest.raises(Refused):
            await office.has_standard(amount, starts_on=starts_on, **NANJING)

        [refusal] = await office.bench.decisions("pay.guidance")
        assert (refusal.clause, refusal.permits) == ("JS-6a", False)
        assert refusal.parameters == {
            "table.guidance_lowest": "parameter-lowest",
            "table.guidance_highest": "parameter-highest",
        }

    async def test_where_none_is_published_nobody_is_held_to_any(self, office):
        await office.has_standard("1.00", **NANJING)

        assert [one.status for one in await office.standards()] == ["approved"]


class TestApprovers:
    """JH-13c: the district's finance department sets the pay of openly recruited staff."""

    @pytest.mark.clause("JH-13c")
    @pytest.mark.parametrize(
        ("role", "area", "may"),
        [
            pytest.param(Role.FINANCE, "420103", True, id="the district's finance department"),
            pytest.param(Role.LEAD_DEPARTMENT, "420103", False, id="not the lead department"),
        ],
    )
    async def test_are_asked_for_at_approval(self, office, role, area, may):
        office.chief = somebody(role, area=area, subject="chief")
        given = {"area": "420103", "staff": "open_recruitment"}
        if may:
            await office.has_standard("6000.00", **given)
            return
        with pytest.raises(Refused):
            await office.has_standard("6000.00", **given)
        assert [one.clause for one in await office.bench.decisions("standard.approvers")] == ["JH-13c"]
