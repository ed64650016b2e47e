from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from common.actors import Role
from common.clock import utc_now
from common.testing import Bench, somebody
from payroll import commands
from payroll.commands.entries import EntryFaulty, EntryRow
from payroll.models import Payee, PayrollBatch, PayrollRun, Payslip
from payroll.rules.cycles import PART_TIME

MONEY_OF_SLIP = (
    "gross", "contributions", "employer_contributions", "tax", "net", "income", "exempt", "special", "additional",
    "other", "relief", "bonus", "bonus_tax",
)  # fmt: skip


class TestMonthsAlreadyPaid:
    """Pay that comes in late is paid as a difference. Tax of a paid month is not worked out again, so what only tax or
    the deductions of that month go by is refused there and entered for a month not yet paid: what was missed of the
    special additional deductions may be made up within the year.
    """

    @pytest.fixture(autouse=True)
    async def _january_is_paid(self, office: Any) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        for month in ("2026-01", "2026-02"):
            await office.enters("li", month, score="90")
        await office.enters("li", "2026-01", additional__housing_rent="1500.00")
        await office.pays("2026-01")

    async def enter(self, office: Any, month: str, **values: int | None) -> list[str]:
        """The codes of what was refused."""
        named = {code.replace("__", "."): amount for code, amount in values.items()}
        try:
            await office.run(commands.enter_variables, worker_id="li", month=month, values=named)
        except EntryFaulty as refused:
            return [fault.code for fault in refused.faults]
        return []

    @pytest.mark.parametrize(
        ("code", "refused"),
        [
            ("additional", True),
            ("additional__elderly_support", True),
            ("other__personal_pension", True),
            ("relief", True),
            ("deduction__rent", True),
            ("annual_bonus", True),
            ("overtime_pay", False),
            ("performance_pay", False),
            ("exempt_income", False),
        ],
    )
    async def test_what_may_be_entered_late(self, office: Any, code: str, refused: bool) -> None:
        assert await self.enter(office, "2026-01", **{code: 100}) == (["already_paid"] if refused else [])
        assert await self.enter(office, "2026-02", **{code: 100}) == []

    @pytest.mark.parametrize("code", ["annual_bonus", "relief", "deduction.rent"])
    async def test_says_for_which_month_it_can_be_entered(self, office: Any, code: str) -> None:
        for values, month in (({"score": "90"}, "2026-03"), ({}, "2026-02")):
            await office.enters("li", month, **values)
        await office.pays("2026-02")

        with pytest.raises(EntryFaulty) as refused:
            await office.run(commands.enter_variables, worker_id="li", month="2026-01", values={code: 100})
        [fault] = refused.value.faults
        assert fault.code == "already_paid"
        assert "2026-01的工资已定稿" in fault.zh
        assert "请填入2026-03（尚未定稿的最早月份）" in fault.zh
        assert "2026-01 is paid" in fault.en
        assert "enter it for 2026-03, the first month not yet paid" in fault.en
        await office.run(commands.enter_variables, worker_id="li", month="2026-03", values={code: 100})

    async def test_says_so_where_there_is_no_such_month(self, office: Any, bench: Bench) -> None:
        async with bench.session() as session, session.begin():
            await session.execute(update(Payee).values(left_on=date(2026, 2, 1)))

        with pytest.raises(EntryFaulty) as refused:
            await office.run(commands.enter_variables, worker_id="li", month="2026-01", values={"annual_bonus": 100})
        [fault] = refused.value.faults
        assert (fault.code, "没有在岗的月份" in fault.zh) == ("already_paid", True)

    async def test_taking_back_is_too_late_as_well_and_a_repeat_is_not(self, office: Any) -> None:
        assert await self.enter(office, "2026-01", additional__housing_rent=None) == ["already_paid"]
        assert await self.enter(office, "2026-01", additional__housing_rent=150000) == []

    async def test_many_at_once(self, office: Any) -> None:
        rows = [
            EntryRow("li", "2026-02", "month", "relief", 100),
            EntryRow("li", "2026-01", "month", "relief", 100),
            EntryRow("li", "2026-01", "month", "overtime_pay", 100),
        ]

        faults = await office.run(commands.enter_many, rows=rows)

        assert [(one.row, one.fault.code) for one in faults] == [(1, "already_paid")]

    @pytest.mark.parametrize(
        ("code", "from_month", "refused"),
        [
            pytest.param("additional", "2025-12", True, id="since before a paid month"),
            pytest.param("additional", "2026-01", True, id="since a paid month"),
            pytest.param("additional", "2026-02", False, id="since the first one that is not paid"),
            pytest.param("kept_level", "2026-01", False, id="pay comes out as a difference"),
        ],
    )
    async def test_what_holds_every_month_begins_with_one_not_paid(
        self, office: Any, code: str, from_month: str, refused: bool
    ) -> None:
        entry = {"worker_id": "li", "code": code, "from_month": from_month, "amount": 100}

        if refused:
            with pytest.raises(EntryFaulty) as fault:
                await office.run(commands.enter_standing, **entry)
            assert [one.code for one in fault.value.faults] == ["already_paid"]
        else:
            await office.run(commands.enter_standing, **entry)

    async def test_a_street_office_sees_that_a_month_is_paid(self, office: Any) -> None:
        here = somebody(Role.STREET_OFFICE, area="220102001")

        with pytest.raises(EntryFaulty):
            await office.run(
                commands.enter_variables, actor=here, worker_id="li", month="2026-01", values={"relief": 1}
            )

    async def test_what_part_timers_are_entered_for_the_month_counts_in_its_second_half(
        self, office: Any, bench: Bench
    ) -> None:
        await office.has_worker("wang", kind=PART_TIME, area="220102002001")
        entry = {"worker_id": "wang", "month": "2026-03", "values": {"relief": 100}}
        place = {"area": "220102002", "staff": "community_worker"}
        for cycle in ("first_half", "second_half"):
            await office.run(commands.enter_variables, **entry)
            entry["values"] = {"relief": 200}
            await bench.save(
                PayrollRun(
                    run_id=cycle, month="2026-03", cycle=cycle, paid_in="2026-03", opened_by="c",
                    opened_on=date(2026, 3, 1), **place,
                )
            )  # fmt: skip
            await bench.save(PayrollBatch(batch_id=cycle, run_id=cycle, attempt=1, issued_at=utc_now(), **place))
            zeros = dict.fromkeys(MONEY_OF_SLIP, 0)
            await bench.save(
                Payslip(
                    payslip_id=cycle, run_id=cycle, batch_id=cycle, leaf=0, worker_id="wang", organisation_id="o",
                    month="2026-03", cycle=cycle, paid_in="2026-03", **place, **zeros,
                )
            )  # fmt: skip

        with pytest.raises(EntryFaulty):
            await office.run(commands.enter_variables, **(entry | {"values": {"relief": 300}}))
