from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, SamePerson
from common.testing import Bench, somebody
from payroll import commands
from payroll.commands.entries import EntryFaulty, EntryRow
from payroll.models import (
    Attribute,
    Change,
    Entry,
    Payee,
    Placement,
    StandingEntry,
)
from payroll.rules.cycles import PART_TIME

PLACE = "220102001002"


async def entered(bench: Bench) -> dict[tuple[str, str, str, str], int]:
    return {(row.worker_id, row.month, row.cycle, row.code): row.amount for row in await bench.rows(Entry)}


async def noted(bench: Bench) -> list[tuple[str | None, str, str, str]]:
    rows = sorted(await bench.rows(Change), key=lambda row: row.change_id)
    return [(row.worker_id, row.from_month, row.cause, row.reference) for row in rows if row.cause != "agreement"]


class TestEnterVariables:
    """What is entered replaces, by code, what was entered before; for a month already paid it becomes arrears."""

    async def enter(self, office: Any, **given: Any) -> Any:
        return await office.run(commands.enter_variables, **({"worker_id": "li", "month": "2026-03"} | given))

    async def test_a_code_not_named_stays_and_null_takes_back(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")

        await self.enter(office, values={"performance_pay": 120000, "overtime_pay": 300})
        now = await self.enter(office, values={"performance_pay": None, "additional.housing_rent": 150000})

        assert now.values == {"additional.housing_rent": 150000, "overtime_pay": 300}
        assert await entered(bench) == {("li", "2026-03", "month", code): fen for code, fen in now.values.items()}

    async def test_each_difference_is_noted_for_the_month_and_a_repeat_is_none(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")

        await self.enter(office, values={"performance_pay": 120000})
        await self.enter(office, values={"performance_pay": 120000})
        await self.enter(office, values={"performance_pay": 130000, "score": 9250})

        assert await noted(bench) == [
            ("li", "2026-03", "entry", "2026-03 performance_pay"),
            ("li", "2026-03", "entry", "2026-03 performance_pay score"),
        ]

    @pytest.mark.parametrize(
        ("code", "amount", "fault"),
        [
            pytest.param("hours", 74400, None, id="all the hours of the longest month"),
            pytest.param("hours", 74401, "out_of_range", id="a hundredth more"),
            pytest.param("score", 10000, None, id="the full score"),
            pytest.param("score", 10001, "out_of_range", id="more than the full score"),
            pytest.param("performance_pay", -1, "out_of_range", id="less than nothing"),
            pytest.param("performance_pay", 100_000_000, None, id="a million yuan"),
            pytest.param("performance_pay", 100_000_001, "out_of_range", id="a fen more"),
            pytest.param("deduction.court_order", 5, None, id="a deduction by its name"),
            pytest.param("deduction.Court", 5, "unknown_code", id="a name that is none"),
            pytest.param("deduction.", 5, "unknown_code", id="no name"),
            pytest.param("bonus", 5, "unknown_code", id="no such code"),
            pytest.param("kept_level", 5, "wrong_way", id="what holds every month is not entered for one"),
        ],
    )
    async def test_codes_and_limits(self, office: Any, bench: Bench, code: str, amount: int, fault: str | None) -> None:
        await office.has_worker("li")

        if fault is None:
            await self.enter(office, values={code: amount})
        else:
            with pytest.raises(EntryFaulty) as refused:
                await self.enter(office, values={code: amount, "overtime_pay": 1})
            assert [one.code for one in refused.value.faults] == [fault]
        assert (await entered(bench) == {}) is (fault is not None)

    @pytest.mark.parametrize(("hours", "warned"), [(3600, False), (3601, True)])
    async def test_more_overtime_than_law_knows_is_kept_and_warned_of(
        self, office: Any, hours: int, warned: bool
    ) -> None:
        await office.has_worker("li")

        now = await self.enter(office, values={"overtime_rest_day": 1000, "overtime_holiday": hours - 1000})

        assert [warning.code for warning in now.warnings] == (["much_overtime"] if warned else [])

    @pytest.mark.parametrize(
        ("changes", "month"),
        [
            ({"starts_on": date(2026, 4, 1)}, "2026-03"),
            ({"ends_on": date(2026, 3, 1)}, "2026-03"),
            ({"left_on": date(2026, 3, 1)}, "2026-03"),
        ],
    )
    async def test_only_for_a_month_with_a_day_in_the_post(
        self, office: Any, changes: dict[str, Any], month: str
    ) -> None:
        await office.has_worker("li", **changes)

        with pytest.raises(NotFound):
            await self.enter(office, month=month, values={"overtime_pay": 1})

    async def test_an_office_enters_only_for_its_own_area(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        here, there = (somebody(Role.STREET_OFFICE, area=area) for area in ("220102001", "220102002"))

        await self.enter(office, actor=here, values={"overtime_pay": 1})
        with pytest.raises(NotFound):
            await self.enter(office, actor=there, values={"overtime_pay": 2})

        assert list((await entered(bench)).values()) == [1]

    async def test_after_a_transfer_the_new_office_enters(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        new_area = "220102002001"
        await bench.save(
            Placement(
                worker_id="li", starts_on=date(2026, 3, 10), transfer_id="t", area=new_area,
                organisation_id="community-9", post_class="ordinary", staff="community_worker",
            )
        )  # fmt: skip
        async with bench.session() as session, session.begin():
            payee = await session.get_one(Payee, "li")
            payee.area = new_area

        await self.enter(office, actor=somebody(Role.STREET_OFFICE, area="220102002"), values={"overtime_pay": 2})

        assert [row.area for row in await bench.rows(Entry)] == [new_area]

    async def test_an_agreement_signed_after_a_transfer_names_its_own_place(self, office: Any, bench: Bench) -> None:
        await bench.save(
            Placement(
                worker_id="li", starts_on=date(2024, 6, 1), transfer_id="t", area="220102002001",
                organisation_id="community-9", post_class="ordinary", staff="community_worker",
            )
        )  # fmt: skip
        await office.has_worker("li")

        await self.enter(office, values={"overtime_pay": 2})

        assert [row.area for row in await bench.rows(Entry)] == [PLACE]

    async def test_nobody_enters_their_own_pay(self, office: Any) -> None:
        await office.has_worker("li", account=office.clerk.account)

        with pytest.raises(SamePerson):
            await self.enter(office, values={"overtime_pay": 1})

    async def test_nor_for_the_days_before_they_moved_to_another_county(self, office: Any, bench: Bench) -> None:
        clerk = somebody(Role.FINANCE, area=PLACE[:6], subject="clerk")
        await office.has_worker("li", account=clerk.account)
        async with bench.session() as session, session.begin():
            (await session.get_one(Payee, "li")).area = "220104001"

        with pytest.raises(SamePerson):
            await self.enter(office, actor=clerk, values={"overtime_pay": 1})

    @pytest.mark.parametrize(
        ("kind", "code", "fault"),
        [
            pytest.param(PART_TIME, "hours", None, id="hours of part-time staff"),
            pytest.param(PART_TIME, "annual_bonus", "not_in_halves", id="nothing that belongs to a month"),
            pytest.param("service_agreement", "hours", "not_part_time", id="nobody else"),
        ],
    )
    async def test_halves_of_months_are_for_part_time_staff(
        self, office: Any, bench: Bench, kind: str, code: str, fault: str | None
    ) -> None:
        await office.has_worker("li", kind=kind)

        if fault is None:
            await self.enter(office, cycle="first_half", values={code: 4000})
            assert list(await entered(bench)) == [("li", "2026-03", "first_half", "hours")]
        else:
            with pytest.raises(EntryFaulty) as refused:
                await self.enter(office, cycle="first_half", values={code: 4000})
            assert [one.code for one in refused.value.faults] == [fault]


class TestEnterMany:
    ROWS = (
        EntryRow("li", "2026-03", "month", "overtime_pay", 1),
        EntryRow("nobody", "2026-03", "month", "overtime_pay", 2),
        EntryRow("li", "2026-03", "month", "overtime_pay", 3),
        EntryRow("wang", "2026-02", "month", "score", 20000),
        EntryRow("wang", "2026-02", "month", "performance_pay", 4),
    )

    async def test_nothing_is_kept_and_every_fault_is_told(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        await office.has_worker("wang")

        faults = await office.run(commands.enter_many, rows=self.ROWS)

        assert [(one.row, one.fault.code) for one in faults] == [(1, "not_served"), (2, "twice"), (3, "out_of_range")]
        assert await entered(bench) == {}
        assert await noted(bench) == []

    async def test_in_part_when_asked(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        await office.has_worker("wang")

        faults = await office.run(commands.enter_many, rows=self.ROWS, partial=True)

        assert len(faults) == 3
        assert await entered(bench) == {
            ("li", "2026-03", "month", "overtime_pay"): 1,
            ("wang", "2026-02", "month", "performance_pay"): 4,
        }
        assert await noted(bench) == [
            ("wang", "2026-02", "entry", "2026-02 performance_pay"),
            ("li", "2026-03", "entry", "2026-03 overtime_pay"),
        ]

    async def test_thousands_at_once(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        rows = [EntryRow("li", "2026-03", "month", f"deduction.n{number}", number + 1) for number in range(2500)]

        assert await office.run(commands.enter_many, rows=rows) == []

        assert len(await entered(bench)) == 2500

    async def test_not_for_oneself(self, office: Any) -> None:
        await office.has_worker("li", account=office.clerk.account)

        [fault] = await office.run(commands.enter_many, rows=self.ROWS[:1])

        assert fault.fault.code == "own_pay"


class TestStandingEntries:
    async def test_hold_from_their_month_and_are_ended_by_null(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        for month, amount in (("2026-01", 1), ("2026-03", None), ("2026-01", 100000)):
            await office.run(
                commands.enter_standing, worker_id="li", code="additional", from_month=month, amount=amount
            )

        rows = {row.from_month: row.amount for row in await bench.rows(StandingEntry)}
        assert rows == {"2026-01": 100000, "2026-03": None}
        assert [(month, cause) for _, month, cause, _ in await noted(bench)] == [
            ("2026-01", "standing_entry"), ("2026-03", "standing_entry"), ("2026-01", "standing_entry")
        ]  # fmt: skip

    async def test_are_not_for_what_changes_every_month(self, office: Any) -> None:
        await office.has_worker("li")

        with pytest.raises(EntryFaulty):
            await office.run(
                commands.enter_standing, worker_id="li", code="overtime_pay", from_month="2026-01", amount=1
            )


class TestAttributes:
    @pytest.mark.parametrize(
        ("kind", "value", "allowed"),
        [
            ("education", "master", True),
            ("years_from", "2016-07-01", True),
            ("years_from", "2016", False),
            ("years_from", "2020-W10-1", False),
            ("years_from", "20160701", False),
            ("years_from", "２０１６-07-01", False),
            ("years_from", "0001-01-01", False),
            ("years_from", "1955-12-31", False),
            ("years_from", "1956-01-01", True),
            ("years_from", "2027-12-31", True),
            ("years_from", "2028-01-01", False),
            ("first_employed_on", "2026-01-20", True),
            ("first_employed_on", "2026-02-29", False),
            ("insured", "pensioner", True),
            ("insured", "perhaps", False),
            ("insured", None, True),
        ],
    )
    async def test_are_kept_from_their_day(
        self, office: Any, bench: Bench, kind: str, value: str | None, allowed: bool
    ) -> None:
        await office.has_worker("li")
        given = {"worker_id": "li", "kind": kind, "starts_on": date(2026, 3, 15), "value": value}

        if allowed:
            await office.run(commands.set_attribute, **given)
            assert await noted(bench) == [("li", "2026-03", "attribute", kind)]
        else:
            with pytest.raises(EntryFaulty):
                await office.run(commands.set_attribute, **given)
        assert [row.value for row in await bench.rows(Attribute)] == ([value] if allowed else [])


class TestApi:
    """Figures in yuan, hours and points, with two decimals."""

    async def test_enters_and_shows(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        body = {"values": {"performance_pay": "1200.5", "score": "92.5"}}

        async with bench.client(Role.STREET_OFFICE, area="220102001") as client:
            put = await client.put("/v1/payroll-entries/li/2026-03", json=body)
            await client.put(
                "/v1/payroll-standing-entries/li/additional", json={"from_month": "2026-01", "amount": "1000"}
            )
            await client.put(
                "/v1/payroll-attributes/li/education", json={"starts_on": "2026-01-01", "value": "bachelor"}
            )
            seen = await client.get("/v1/payroll-entries/li/2026-03")
            listed = await client.get("/v1/payroll-entries", params={"area": "220102001", "month": "2026-03"})
            codes = await client.get("/v1/payroll-entry-codes")

        assert put.status_code == 200, put.text
        assert put.json()["values"] == {"performance_pay": "1200.50", "score": "92.50"}
        assert seen.json()["standing"] == [{"code": "additional", "from_month": "2026-01", "amount": "1000.00"}]
        assert [one["value"] for one in seen.json()["attributes"]] == ["bachelor"]
        assert [(one["code"], one["amount"]) for one in listed.json()["items"]] == [
            ("performance_pay", "1200.50"), ("score", "92.50")
        ]  # fmt: skip
        assert {"hours", "annual_bonus"} <= {one["code"] for one in codes.json()}

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/v1/payroll-entries/li/2026-13", {"values": {"score": "1"}}, 422),
            ("/v1/payroll-entries/li/2026-03", {"values": {"score": "1.234"}}, 422),
            ("/v1/payroll-entries/li/2026-03", {"values": {"score": "101"}}, 422),
            ("/v1/payroll-entries/li/2026-03", {"values": {}}, 422),
            ("/v1/payroll-entries/wang/2026-03", {"values": {"score": "1"}}, 404),
        ],
    )
    async def test_refuses_in_words(self, office: Any, bench: Bench, path: str, body: Any, status: int) -> None:
        await office.has_worker("li")

        async with bench.client(Role.FINANCE) as client:
            answer = await client.put(path, json=body)

        assert answer.status_code == status, answer.text
        assert answer.json()["detail"]
