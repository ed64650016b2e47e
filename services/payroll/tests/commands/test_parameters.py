"""Figures are entered with their source by one person, checked by another, and hold from their day."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.actors import Actor, Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.payroll import ParameterChecked
from common.policy import ParameterMissing, ParameterRow, Parameters, load_seeds
from common.settings import ROOT
from common.testing import Bench, somebody
from common.transaction import About
from payroll import rules
from payroll.__main__ import main
from payroll.commands.parameters import (
    ParameterInvalid,
    ParametersCollide,
    ParameterUnverified,
    UnknownParameter,
    WageUnlikeTier,
    check_parameters,
    enter_parameter,
    reject_parameter,
)
from payroll.models import Change, Parameter
from payroll.operating.loading import enter_rows, with_ends
from payroll.queries.parameters import parameters_in_force

NANJING, STREET = "3201", "320102001"
CLERK = somebody(Role.FINANCE, area=NANJING, subject="clerk")
CHIEF = somebody(Role.FINANCE, area=NANJING, subject="chief")
NATION_CLERK = somebody(Role.HUMAN_RESOURCES, area="", subject="nation")
NATION_CHIEF = somebody(Role.HUMAN_RESOURCES, area="", subject="nation-chief")
DAY = date(2026, 3, 1)
FLOOR = {"monthly": "2660.00", "hourly": "25.00", "tier": None}


class Register:
    """Who enters and who checks, on a bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    async def enters(self, *, actor: Actor = CLERK, **changes: Any) -> str:
        given: dict[str, Any] = {
            "code": "wage.floor", "area": NANJING, "staff": "", "starts_on": DAY, "value": FLOOR,
            "source": "某文〔2026〕1号", "confidence": "H", "on": date(2026, 2, 10),
        } | changes  # fmt: skip
        row: Parameter = await self.bench.run(enter_parameter, actor=actor, **given)
        return row.parameter_id

    async def checks(self, *parameter_ids: str, actor: Actor = CHIEF) -> list[Parameter]:
        found: list[Parameter] = await self.bench.run(
            check_parameters, actor=actor, parameter_ids=parameter_ids, on=date(2026, 2, 11)
        )
        return found

    async def has(self, *, by: Actor = CLERK, checked_by: Actor = CHIEF, **changes: Any) -> str:
        parameter_id = await self.enters(actor=by, **changes)
        await self.checks(parameter_id, actor=checked_by)
        return parameter_id

    async def statuses(self) -> list[tuple[Any, str]]:
        rows = await self.bench.rows(Parameter)
        return sorted(((row.value, row.status) for row in rows), key=str)

    async def in_force(self, *, area: str = STREET, actor: Actor | None = None) -> Parameters:
        async with self.bench.session(actor) as session:
            return await parameters_in_force(session, codes=None, area=area)


@pytest.fixture
def register(bench: Bench) -> Register:
    return Register(bench)


class TestEntering:
    async def test_counts_for_nothing_until_it_is_checked(self, register: Register, bench: Bench) -> None:
        await register.enters()

        assert (await register.in_force()).rows == ()
        assert await bench.sent() == []
        assert await bench.rows(Change) == []

    async def test_keeps_the_figure_its_source_and_who_entered_it(self, register: Register, bench: Bench) -> None:
        await register.enters(value={"monthly": 2660, "hourly": None})

        (row,) = await bench.rows(Parameter)
        assert row.value == {"monthly": "2660.00", "hourly": None, "tier": None}
        assert (row.source, row.confidence, row.status) == ("某文〔2026〕1号", "H", "entered")
        assert (row.entered_by, row.entered_on) == (CLERK.account, date(2026, 2, 10))

    @pytest.mark.parametrize(
        ("code", "value", "place"),
        [
            pytest.param("wage.floor", {"monthly": "0.00", "hourly": None}, ["monthly"], id="nothing as a wage"),
            pytest.param("wage.floor", {"monthly": "2660.005", "hourly": None}, ["monthly"], id="part of a fen"),
            pytest.param("wage.floor", {"monthly": "2660.00"}, ["hourly"], id="nothing said of the hour"),
            pytest.param(
                "contribution.pension.limits", {"floor": "2.01", "ceiling": "2.00"}, [], id="a floor above the ceiling"
            ),
            pytest.param(
                "contribution.pension.rates",
                {"employer": "1.01", "worker": "0.08", "unit": "0.5", "rounding": "even"},
                ["employer", "unit", "rounding"],
                id="a rate above one, a unit and a rounding that nobody uses",
            ),
            pytest.param("tax.year_table", [{"up_to": None, "rate": "2", "quick": "0.00"}], [0, "rate"], id="a rate"),
            pytest.param(
                "tax.month_table",
                [
                    {"up_to": "3000.00", "rate": "0.03", "quick": "0.00"},
                    {"up_to": None, "rate": "0.10", "quick": "211.00"},
                ],
                [],
                id="a table whose tax jumps",
            ),
            pytest.param("table.standards", {}, [], id="an empty table"),
            pytest.param(
                "table.certificate_allowance",
                {"assistant_social_worker": "300.00", "social_worker": "300.00", "senior_social_worker": "450.00"},
                [],
                id="allowances that do not rise",
            ),
            pytest.param(
                "table.certificate_allowance",
                {"assistant_social_worker": "200.00", "social_worker": "300.00"},
                [],
                id="a level of certificate left out",
            ),
            pytest.param("budget.payroll", {"amount": "-0.01"}, ["amount"], id="a budget below nothing"),
        ],
    )
    async def test_refuses(self, register: Register, bench: Bench, code: str, value: Any, place: list[Any]) -> None:
        with pytest.raises(ParameterInvalid) as refusal:
            await register.enters(code=code, value=value)

        pointers = [fault["pointer"] for fault in refusal.value.members("zh")["errors"]]
        assert all(any(str(part) in pointer for pointer in pointers) for part in place)
        assert all(pointer.startswith("#/body/value") for pointer in pointers)
        assert await bench.rows(Parameter) == []

    async def test_refuses_a_code_that_nobody_knows(self, register: Register) -> None:
        with pytest.raises(UnknownParameter):
            await register.enters(code="wage.flor")

    @pytest.mark.parametrize("area", ["32", "3202", ""])
    async def test_is_for_ones_own_area_only(self, register: Register, area: str) -> None:
        with pytest.raises(NotFound):
            await register.enters(area=area)


class TestChecking:
    async def test_puts_it_in_force_notes_the_month_and_says_so(self, register: Register, bench: Bench) -> None:
        parameter_id = await register.has(starts_on=date(2026, 3, 15), staff="union_worker")

        (row,) = await bench.rows(Parameter)
        assert (row.status, row.checked_by, row.checked_on) == ("in_force", CHIEF.account, date(2026, 2, 11))
        (change,) = await bench.rows(Change)
        assert (change.area, change.worker_id, change.staff) == (NANJING, None, "union_worker")
        assert (change.from_month, change.cause, change.reference) == ("2026-03", "parameter", parameter_id)
        assert await bench.sent() == [
            ParameterChecked(
                parameter_id=parameter_id,
                code="wage.floor",
                area=NANJING,
                staff="union_worker",
                starts_on=date(2026, 3, 15),
                value=FLOOR,
            )
        ]

    async def test_is_not_done_by_whoever_entered_it(self, register: Register) -> None:
        parameter_id = await register.enters()

        with pytest.raises(SamePerson):
            await register.checks(parameter_id, actor=CLERK)
        assert await register.statuses() == [(FLOOR, "entered")]

    async def test_refuses_a_proposal_that_was_not_verified(self, register: Register) -> None:
        parameter_id = await register.enters(confidence="L")

        with pytest.raises(ParameterUnverified):
            await register.checks(parameter_id)
        assert await register.statuses() == [(FLOOR, "entered")]

    @pytest.mark.parametrize("confidence", ["H", "M"])
    async def test_takes_what_is_sure_enough(self, register: Register, confidence: str) -> None:
        await register.has(confidence=confidence)

        assert await register.statuses() == [(FLOOR, "in_force")]

    async def test_does_all_or_none(self, register: Register, bench: Bench) -> None:
        sure = await register.enters()
        proposal = await register.enters(starts_on=date(2026, 7, 1), confidence="L")

        with pytest.raises(ParameterUnverified):
            await register.checks(sure, proposal)
        assert {status for _, status in await register.statuses()} == {"entered"}
        assert await bench.sent() == []

    async def test_is_done_once(self, register: Register) -> None:
        parameter_id = await register.has()

        with pytest.raises(WrongState):
            await register.checks(parameter_id)

    async def test_replaces_what_stood_or_waited_for_that_day_and_no_other(self, register: Register) -> None:
        await register.has(value={"monthly": "1.00", "hourly": None})
        await register.has(value={"monthly": "2.00", "hourly": None}, starts_on=DAY - timedelta(1))
        await register.enters(value={"monthly": "3.00", "hourly": None}, confidence="L")
        await register.has(value={"monthly": "4.00", "hourly": None}, staff="union_worker")
        await register.has(value={"monthly": "5.00", "hourly": None})

        assert [(value["monthly"], status) for value, status in await register.statuses()] == [
            ("1.00", "replaced"),
            ("2.00", "in_force"),
            ("3.00", "replaced"),
            ("4.00", "in_force"),
            ("5.00", "in_force"),
        ]

    async def test_of_an_end_leaves_the_proposal_for_that_day(self, register: Register) -> None:
        await register.enters(confidence="L")
        await register.has(value=None)

        assert await register.statuses() == [(None, "in_force"), (FLOOR, "entered")]

    async def test_of_two_rows_for_one_day_is_not_done_at_once(self, register: Register) -> None:
        both = [await register.enters(), await register.enters(value={"monthly": "1.00", "hourly": None})]

        with pytest.raises(ParametersCollide):
            await register.checks(*both)

    async def test_is_for_ones_own_area_only(self, register: Register) -> None:
        parameter_id = await register.enters()

        with pytest.raises(NotFound):
            await register.checks(parameter_id, actor=somebody(Role.FINANCE, area="3202", subject="neighbour"))


class TestTier:
    """A minimum wage that names its tier has the amounts of that tier on its day."""

    TIERS = {"1": {"monthly": "2660.00", "hourly": None}, "2": {"monthly": "2400.00", "hourly": "22.00"}}  # noqa: RUF012

    @pytest.fixture
    async def tiers(self, register: Register) -> None:
        await register.has(by=NATION_CLERK, checked_by=NATION_CHIEF, area="32", code="wage.tiers", value=self.TIERS)

    @pytest.mark.parametrize(
        ("changes", "fits"),
        [
            pytest.param({"tier": 2}, True, id="its amounts"),
            pytest.param({"tier": 2, "monthly": "2400.01"}, False, id="a fen more"),
            pytest.param({"tier": 2, "hourly": None}, False, id="no hourly amount"),
            pytest.param({"tier": 1}, False, id="those of another tier"),
            pytest.param({"tier": 1, "monthly": "2660.00"}, True, id="with an hourly amount that the list lacks"),
            pytest.param({"tier": 3}, True, id="a tier that is not listed"),
            pytest.param({"monthly": "1.00"}, True, id="no tier"),
        ],
    )
    async def test_is_held_to(self, register: Register, tiers: None, changes: dict[str, Any], fits: bool) -> None:
        value = {"monthly": "2400.00", "hourly": "22.00"} | changes

        if fits:
            await register.has(value=value)
        else:
            with pytest.raises(WageUnlikeTier):
                await register.has(value=value)

    async def test_does_not_bind_the_day_before_the_list(self, register: Register, tiers: None) -> None:
        await register.has(value={"monthly": "1.00", "hourly": None, "tier": 1}, starts_on=DAY - timedelta(1))


class TestRejecting:
    async def test_keeps_the_row_and_never_lets_it_count(self, register: Register, bench: Bench) -> None:
        parameter_id = await register.enters()
        await bench.run(reject_parameter, actor=CLERK, parameter_id=parameter_id, on=DAY)

        assert await register.statuses() == [(FLOOR, "rejected")]
        with pytest.raises(WrongState):
            await register.checks(parameter_id)

    async def test_does_not_undo_what_is_in_force(self, register: Register, bench: Bench) -> None:
        parameter_id = await register.has()

        with pytest.raises(WrongState):
            await bench.run(reject_parameter, actor=CHIEF, parameter_id=parameter_id, on=DAY)


class TestInForce:
    """What a street works by: the rows of its own place and of those above it."""

    async def test_holds_from_its_day_until_it_is_ended(self, register: Register) -> None:
        await register.has()
        await register.has(value=None, starts_on=date(2026, 9, 1))
        figures = await register.in_force()

        def found(on: date) -> bool:
            return figures.find("wage.floor", area=STREET, staff="", on=on) is not None

        assert [found(DAY - timedelta(1)), found(DAY)] == [False, True]
        assert [found(date(2026, 8, 31)), found(date(2026, 9, 1))] == [True, False]

    async def test_reaches_down_from_the_nation_and_not_across(self, register: Register) -> None:
        await register.has(by=NATION_CLERK, checked_by=NATION_CHIEF, area="", code="tax.basic_monthly", value="5000")
        await register.has()
        nation_wide = somebody(Role.OPERATOR, area="")
        street, elsewhere = somebody(Role.FINANCE, area=STREET), somebody(Role.FINANCE, area="220102001")

        def codes(figures: Parameters) -> list[str]:
            return [row.code for row in figures.rows]

        assert codes(await register.in_force(actor=street)) == ["tax.basic_monthly", "wage.floor"]
        assert codes(await register.in_force(actor=nation_wide)) == ["tax.basic_monthly", "wage.floor"]
        assert codes(await register.in_force(area="220102001", actor=elsewhere)) == ["tax.basic_monthly"]

    async def test_shows_a_street_nothing_that_waits_above_it(self, register: Register, bench: Bench) -> None:
        await register.enters()

        async with bench.session(somebody(Role.FINANCE, area=STREET)) as session:
            assert (await parameters_in_force(session, codes=None, area=STREET)).rows == ()
            assert list(await session.scalars(Parameter.__table__.select())) == []


class TestDecidingByThem:
    """LAW-MW-3201: the minimum wage of Nanjing is the row of the place, and nobody else's."""

    async def decides(self, bench: Bench, *, area: str = STREET, on: date = DAY) -> Any:
        async with bench.transaction(CLERK) as tx:
            return await tx.decide(rules.wage_floor, about=About(area, "union_worker"), on=on)

    async def test_names_the_row_and_its_day(self, register: Register, bench: Bench) -> None:
        parameter_id = await register.has()

        decision = await self.decides(bench)

        assert decision.value.monthly == Decimal("2660.00")
        assert decision.parameters == {"wage.floor": parameter_id}
        assert decision.terms_since == {"monthly": DAY, "hourly": DAY}

    async def test_stops_the_day_before(self, register: Register, bench: Bench) -> None:
        await register.has()

        with pytest.raises(ParameterMissing) as missing:
            await self.decides(bench, on=DAY - timedelta(1))
        assert (missing.value.code, missing.value.area) == ("wage.floor", STREET)
        assert missing.value.clause == "LAW-MW-3201"

    async def test_stops_where_only_a_neighbour_has_it(self, register: Register, bench: Bench) -> None:
        await register.has(area="320105")

        with pytest.raises(ParameterMissing):
            await self.decides(bench)

    async def test_goes_by_them_when_events_are_heard_as_well(self, register: Register, bench: Bench) -> None:
        parameter_id = await register.has()

        async with bench.runtime.consumer.transaction() as tx:
            decision = await tx.decide(rules.wage_floor, about=About(STREET, "union_worker"), on=DAY)

        assert decision.parameters == {"wage.floor": parameter_id}

    async def test_takes_the_longest_code_of_the_place(self, register: Register, bench: Bench) -> None:
        await register.has()
        await register.has(area="320102", value={"monthly": "2700.00", "hourly": None})

        assert (await self.decides(bench)).value.monthly == Decimal("2700.00")
        assert (await self.decides(bench, area="320105001")).value.monthly == Decimal("2660.00")


class TestLoading:
    """The figures of the repository, entered to be checked."""

    SEEDS = load_seeds(ROOT / "policies").rows

    async def load(self, bench: Bench, rows: Any = SEEDS) -> int:
        async with bench.transaction(somebody(Role.OPERATOR, area="", subject="loader")) as tx:
            return await enter_rows(tx, rows, on=DAY)

    async def test_enters_each_once(self, bench: Bench) -> None:
        assert await self.load(bench) >= len(self.SEEDS)
        assert await self.load(bench) == 0

    async def test_is_checked_at_once_by_another_person_but_for_what_is_to_be_verified(
        self, register: Register, bench: Bench
    ) -> None:
        await self.load(bench)
        rows = await bench.rows(Parameter)
        await register.checks(*(row.parameter_id for row in rows if row.confidence != "L"), actor=NATION_CHIEF)

        assert {(row.confidence, row.status) for row in await bench.rows(Parameter)} == {
            ("H", "in_force"), ("M", "in_force"), ("L", "entered"),
        }  # fmt: skip

    def test_ends_a_figure_where_a_proposal_follows_it(self) -> None:
        def row(confidence: str, starts_on: date, value: Any = FLOOR) -> ParameterRow:
            return ParameterRow("x", "wage.floor", NANJING, "", starts_on, value, "某文", confidence)

        first, later = date(2024, 1, 1), date(2026, 1, 1)
        ended = list(with_ends([row("M", first), row("L", later)]))

        assert [(one.starts_on, one.value, one.confidence) for one in ended] == [
            (first, FLOOR, "M"),
            (later, None, "M"),
            (later, FLOOR, "L"),
        ]
        assert list(with_ends([row("L", first)])) == [row("L", first)]
        assert list(with_ends([row("M", first), row("H", later)])) == [row("M", first), row("H", later)]


class TestCommand:
    """`python -m payroll parameters load`"""

    async def run(self, *arguments: str) -> int:
        return await asyncio.to_thread(main, ["parameters", "load", *arguments])

    @pytest.fixture
    def environment(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", bench.runtime.settings.database_url)
        monkeypatch.setenv("FOLDER", str(bench.runtime.settings.folder))

    async def test_enters_the_rows_of_a_folder(
        self, bench: Bench, environment: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await self.run(str(ROOT / "policies"), "--account", "operator") == 0

        rows = await bench.rows(Parameter)
        assert {(row.status, row.entered_by) for row in rows} == {("entered", "operator")}
        said = capsys.readouterr().out
        assert f"已录入 {len(rows)} 行参数" in said
        assert "待核 (to be verified): contribution.medical.rates 4201" in said

    async def test_names_every_fault_and_enters_nothing(
        self, bench: Bench, environment: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "parameters").mkdir()
        (tmp_path / "parameters" / "a.yaml").write_text('"32": {wage.flor: []}', "utf-8")

        assert await self.run(str(tmp_path), "--account", "operator") == 2
        assert "wage.flor: no such parameter" in capsys.readouterr().err
        assert await bench.rows(Parameter) == []

    async def test_needs_a_database(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DATABASE_URL", raising=False)

        assert await self.run("--account", "operator") == 2


class TestOverHttp:
    async def test_enters_lists_checks_and_keeps_the_history(self, bench: Bench) -> None:
        bench.set_today(date(2026, 2, 11))
        body = {
            "code": "wage.floor", "area": NANJING, "starts_on": "2026-03-01", "value": FLOOR, "source": "某文",
            "confidence": "H", "on": "2026-02-10",
        }  # fmt: skip
        clerk = bench.client(Role.FINANCE, area=NANJING, subject="clerk")
        chief = bench.client(Role.FINANCE, area=NANJING, subject="chief")
        entered = (await clerk.post("/v1/parameters", json=body)).json()
        waiting = (await chief.get("/v1/parameters", params={"status": "entered", "code": "wage."})).json()["items"]
        assert [one["parameter_id"] for one in waiting] == [entered["parameter_id"]]

        ids = [one["parameter_id"] for one in waiting]
        own = await clerk.post("/v1/parameter-checks", json={"parameter_ids": ids, "on": "2026-02-11"})
        checked = await chief.post("/v1/parameter-checks", json={"parameter_ids": ids, "on": "2026-02-11"})
        assert (own.status_code, own.json()["code"], checked.status_code) == (409, "SAME_PERSON", 201)

        asked = {"area": STREET, "status": "in_force"}
        for on, found in (("2026-02-28", 0), ("2026-03-01", 1)):
            listed = await clerk.get("/v1/parameters", params=asked | {"on": on})
            assert len(listed.json()["items"]) == found
        history = (await clerk.get("/v1/parameter-codes/wage.floor/history")).json()["rows"]
        assert [(one["status"], one["source"]) for one in history] == [("in_force", "某文")]
        assert (await clerk.get(f"/v1/parameters/{ids[0]}")).json()["checked_on"] == "2026-02-11"

    async def test_names_each_fault_of_a_value(self, bench: Bench) -> None:
        bench.set_today(date(2026, 2, 11))
        body = {
            "code": "wage.floor", "area": NANJING, "starts_on": "2026-03-01", "value": {"monthly": "x"},
            "source": "某文", "confidence": "H", "on": "2026-02-10",
        }  # fmt: skip
        answer = await bench.client(Role.FINANCE, area=NANJING).post("/v1/parameters", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "PARAMETER_INVALID")
        assert "最低工资" in answer.json()["detail"]
        assert {one["pointer"] for one in answer.json()["errors"]} == {"#/body/value/monthly", "#/body/value/hourly"}

    async def test_turns_pages(self, register: Register, bench: Bench) -> None:
        for month in (1, 2, 3):
            await register.enters(starts_on=date(2026, month, 1))
        client = bench.client(Role.FINANCE, area=NANJING)
        first = (await client.get("/v1/parameters", params={"limit": 2})).json()
        second = (await client.get("/v1/parameters", params={"limit": 2, "cursor": first["next"]})).json()

        days = [one["starts_on"] for one in (*first["items"], *second["items"])]
        assert days == ["2026-01-01", "2026-02-01", "2026-03-01"]
        assert second["next"] is None

    async def test_lists_the_codes_with_titles_units_and_shapes(self, bench: Bench) -> None:
        answer = await bench.client(Role.STREET_OFFICE, area=STREET).get("/v1/parameter-codes")
        kinds = {one["code"]: one for one in answer.json()["kinds"]}

        assert kinds["wage.floor"]["title"] == "最低工资"
        assert kinds["contribution.*.limits"]["shape"]["required"] == ["floor", "ceiling"]
