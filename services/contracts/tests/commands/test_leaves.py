from datetime import date
from typing import Any

import pytest

from common.errors import SamePerson
from common.events.contracts import AgreementSigned, LeaveRecorded
from common.testing import Bench
from contracts import commands
from contracts.commands.leaves import LeaveOutsideAgreement, LeavesOverlap, LeaveTurnedAround
from contracts.models import Leave, LeaveKind, LeaveWithdrawn

MARCH, NEXT_MARCH = date(2024, 3, 1), date(2025, 3, 1)
MONDAY, SATURDAY = date(2024, 6, 3), date(2024, 6, 8)


async def record(desk: Any, starts_on: date, ends_on: date, **given: Any) -> Leave:
    usual: dict[str, Any] = {
        "worker_id": "worker-1", "kind": LeaveKind.SICK, "grounds": "见诊断证明", "on": starts_on
    }  # fmt: skip
    actor = given.pop("actor", desk.office)
    days = {"starts_on": starts_on, "ends_on": ends_on}
    leave: Leave = await desk.bench.run(commands.record_leave, actor=actor, **(usual | days | given))
    return leave


class TestRecordLeave:
    async def test_is_said_with_its_first_day_and_the_day_after_it(self, jianghan: Any, bench: Bench) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.agrees(MARCH, NEXT_MARCH)

        leave = await record(jianghan, MONDAY, SATURDAY)

        assert await bench.sent(LeaveRecorded) == [
            LeaveRecorded(
                leave_id=leave.leave_id, worker_id="worker-1", area="420103001", kind="sick", starts_on=MONDAY,
                ends_on=SATURDAY,
            )
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("starts_on", "ends_on", "allowed"),
        [
            pytest.param(MARCH, NEXT_MARCH, True, id="all of the agreement"),
            pytest.param(date(2024, 2, 29), MONDAY, False, id="from a day before it"),
            pytest.param(MONDAY, date(2025, 3, 2), False, id="to a day after it"),
        ],
    )
    async def test_within_the_agreement(
        self, jianghan: Any, bench: Bench, starts_on: date, ends_on: date, allowed: bool
    ) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.agrees(MARCH, NEXT_MARCH)

        if allowed:
            await record(jianghan, starts_on, ends_on)
        else:
            with pytest.raises(LeaveOutsideAgreement):
                await record(jianghan, starts_on, ends_on)
        assert len(await bench.rows(Leave)) == int(allowed)

    async def test_over_an_agreement_and_its_renewal(self, jianghan: Any) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.grade(y2024=True)
        first = await jianghan.agrees(MARCH, NEXT_MARCH)
        await jianghan.sign_all(await jianghan.renew(first, NEXT_MARCH, date(2026, 3, 1)))

        leave = await record(jianghan, date(2025, 2, 1), date(2025, 5, 10), kind=LeaveKind.MATERNITY)

        assert leave.kind == "maternity"

    async def test_not_by_an_agreement_that_nobody_signed(self, jianghan: Any) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.draft(MARCH, NEXT_MARCH)

        with pytest.raises(LeaveOutsideAgreement):
            await record(jianghan, MONDAY, SATURDAY)

    @pytest.mark.parametrize(
        ("starts_on", "ends_on", "overlaps"),
        [
            pytest.param(SATURDAY, date(2024, 6, 10), False, id="on the day after"),
            pytest.param(date(2024, 6, 7), date(2024, 6, 10), True, id="on its last day"),
            pytest.param(date(2024, 6, 1), MONDAY, False, id="until the day before"),
            pytest.param(date(2024, 6, 1), date(2024, 6, 4), True, id="until its first day"),
        ],
    )
    async def test_one_leave_at_a_time(self, jianghan: Any, starts_on: date, ends_on: date, overlaps: bool) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.agrees(MARCH, NEXT_MARCH)
        await record(jianghan, MONDAY, SATURDAY)

        if overlaps:
            with pytest.raises(LeavesOverlap):
                await record(jianghan, starts_on, ends_on)
        else:
            await record(jianghan, starts_on, ends_on)

    async def test_not_turned_around_and_not_by_oneself(self, jianghan: Any) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.agrees(MARCH, NEXT_MARCH)

        with pytest.raises(LeaveTurnedAround):
            await record(jianghan, MONDAY, MONDAY)
        with pytest.raises(SamePerson):
            await record(jianghan, MONDAY, SATURDAY, actor=jianghan.worker)


class TestWithdrawLeave:
    async def test_is_said_again_without_an_end_and_makes_room(self, jianghan: Any, bench: Bench) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.agrees(MARCH, NEXT_MARCH)
        leave = await record(jianghan, MONDAY, SATURDAY)

        await bench.run(commands.withdraw_leave, actor=jianghan.office, leave_id=leave.leave_id, on=SATURDAY)
        await record(jianghan, MONDAY, date(2024, 6, 5))

        assert [said.ends_on for said in await bench.sent(LeaveRecorded)] == [SATURDAY, None, date(2024, 6, 5)]
        with pytest.raises(LeaveWithdrawn):
            await bench.run(commands.withdraw_leave, actor=jianghan.office, leave_id=leave.leave_id, on=SATURDAY)


class TestProbation:
    @pytest.mark.parametrize(("months", "ends_on"), [(2, date(2024, 5, 1)), (0, None)])
    async def test_its_end_is_said_with_the_agreement(
        self, jianghan: Any, bench: Bench, months: int, ends_on: date | None
    ) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.agrees(MARCH, NEXT_MARCH, probation_months=months)

        assert [said.probation_ends_on for said in await bench.sent(AgreementSigned)] == [ends_on]
