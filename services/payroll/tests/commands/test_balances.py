"""What a worker owes: seen as a list, repaid or written off by two people, and then recovered by nobody."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from common.actors import Role
from common.errors import NotFound, Refused, SamePerson, WrongState
from common.events.contracts import LeaveRecorded, WorkerLeft, WorkerTransferred
from common.events.decisions import DecisionRecorded
from common.events.payroll import BalanceSettled
from common.testing import Bench, somebody
from payroll.commands import balances
from payroll.commands.reviewing import CalculationOutdated
from payroll.commands.turns import Turn
from payroll.models import BalanceSettlement, Payee, PayrollRun
from payroll.operating.recomputing import recompute_run
from payroll.queries import debts
from payroll.queries.payslips import explained_slip
from payroll.tests.commands.test_advances import ADVANCED, PLACE, RECOVERED, WELFARE

EMPLOYER = f"community-{PLACE}"
ON = date(2026, 2, 20)
REPAID, WRITTEN_OFF = "repaid", "written_off"


async def away(bench: Bench, begins: date, ends: date, worker_id: str = "li") -> None:
    """On maternity leave from a day to the one before another."""
    leave = {"leave_id": f"{worker_id}-{begins}", "worker_id": worker_id, "area": PLACE, "kind": "maternity"}
    await bench.hear(LeaveRecorded(**leave, starts_on=begins, ends_on=ends))


JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


async def listed(bench: Bench, *, seen_from: str = "", **asked: Any) -> list[debts.OpenBalance]:
    given: dict[str, Any] = {"area": None, "organisation_id": None, "worker_id": None, "cursor": None, "limit": 50}
    async with bench.session(somebody(Role.FINANCE, area=seen_from)) as session:
        rows = await debts.open_balances(session, seen_from=seen_from, key=b"k", **(given | asked))
    return list(rows.items)


async def drafts(office: Any, amount: Decimal | str, kind: str = WRITTEN_OFF, **changes: Any) -> BalanceSettlement:
    given: dict[str, Any] = {"worker_id": "li", "organisation_id": EMPLOYER, "on": ON} | changes
    drafted: BalanceSettlement = await office.run(
        balances.draft_balance_settlement,
        kind=kind,
        amount=Decimal(amount),
        reason="本人生活困难",
        reference="会议纪要〔2026〕2号",
        **given,
    )
    return drafted


async def approves(office: Any, settlement: BalanceSettlement, actor: Any = None) -> BalanceSettlement:
    approved: BalanceSettlement = await office.run(
        balances.approve_balance_settlement,
        actor=actor or office.chief,
        settlement_id=settlement.settlement_id,
        on=ON,
    )
    return approved


async def settles(office: Any, amount: Decimal | str, kind: str = WRITTEN_OFF) -> None:
    await approves(office, await drafts(office, amount, kind))


@pytest.fixture
async def owed(office: Any, bench: Bench) -> Decimal:
    """Of Li, on leave all January: what her insurance came to."""
    for worker_id in ("li", "wang"):
        await office.has_worker(worker_id, **WELFARE, organisation_id=EMPLOYER, monthly_pay=Decimal("4000.00"))
    await away(bench, JANUARY, FEBRUARY)
    slip = (await office.slips(await office.pays("2026-01", **WELFARE)))["li"]
    amount: Decimal = -(await office.lines(slip))[ADVANCED]
    return amount


async def of_li(office: Any, month: str) -> dict[str, Decimal]:
    """What of her balance the slip of a month names."""
    run_id = await office.pays(month, **WELFARE)
    lines = await office.lines((await office.slips(run_id))["li"])
    return {code: lines[code] for code in (ADVANCED, RECOVERED, REPAID, WRITTEN_OFF) if code in lines}


class TestOpenBalances:
    async def test_say_who_owes_how_much_since_which_run(self, office: Any, bench: Bench, owed: Decimal) -> None:
        await away(bench, FEBRUARY, MARCH)
        february = await office.pays("2026-02", **WELFARE)
        recovered = (await of_li(office, "2026-03"))[RECOVERED]
        assert owed < recovered < 2 * owed

        [one] = await listed(bench)

        assert (one.worker_id, one.organisation_id, one.area) == ("li", EMPLOYER, PLACE)
        assert [one.owed, one.advanced, one.recovered] == [
            int(amount * 100) for amount in (2 * owed - recovered, 2 * owed, recovered)
        ]
        assert (one.since_run_id, one.since_month, one.left_on, one.waiting) == (february, "2026-02", None, 0)

    async def test_count_what_is_settled_beside_pay(self, office: Any, bench: Bench, owed: Decimal) -> None:
        await settles(office, "1.00")
        await settles(office, "2.00", REPAID)
        await drafts(office, "3.00")

        [one] = await listed(bench)

        assert (one.written_off, one.repaid, one.waiting) == (100, 200, 300)
        assert one.owed == int(owed * 100) - 300

    async def test_are_gone_when_nothing_is_open(self, office: Any, bench: Bench, owed: Decimal) -> None:
        await settles(office, owed)

        assert await listed(bench) == []

    async def test_begin_with_the_oldest_advance_that_is_not_covered(
        self, office: Any, bench: Bench, owed: Decimal
    ) -> None:
        await away(bench, FEBRUARY, MARCH)
        february = await office.pays("2026-02", **WELFARE)
        await settles(office, owed - Decimal("0.01"))
        assert [one.since_month for one in await listed(bench)] == ["2026-01"]

        await settles(office, "0.01")

        assert [(one.since_month, one.since_run_id) for one in await listed(bench)] == [("2026-02", february)]

    async def test_do_not_count_a_run_that_nobody_has_approved(self, office: Any, bench: Bench, owed: Decimal) -> None:
        await away(bench, FEBRUARY, MARCH)
        await office.calculates(await office.opens("2026-02", **WELFARE))

        assert [one.owed for one in await listed(bench)] == [int(owed * 100)]

    async def test_of_somebody_who_has_left_stay_open(self, office: Any, bench: Bench, owed: Decimal) -> None:
        left = {"worker_id": "li", "case_id": "case", "ground": "resigned", "clause": "JL-10"}
        await bench.hear(WorkerLeft(**WELFARE, **left, left_on=date(2026, 2, 1)))
        await office.pays("2026-02", **WELFARE)

        assert [(one.left_on, one.owed) for one in await listed(bench)] == [(date(2026, 2, 1), int(owed * 100))]

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            pytest.param({"seen_from": "420103"}, 1, id="from the county"),
            pytest.param({"seen_from": "420104"}, 0, id="not from another one"),
            pytest.param({"area": "420103001"}, 1, id="of the street"),
            pytest.param({"area": "420103002"}, 0, id="not of another street"),
            pytest.param({"seen_from": "420104", "area": "420103"}, 0, id="not by asking for another county"),
            pytest.param({"organisation_id": EMPLOYER}, 1, id="of the employer"),
            pytest.param({"organisation_id": "another"}, 0, id="not of another employer"),
            pytest.param({"worker_id": "wang"}, 0, id="not of who owes nothing"),
        ],
    )
    async def test_are_listed(self, bench: Bench, owed: Decimal, asked: dict[str, Any], found: int) -> None:
        assert len(await listed(bench, **asked)) == found

    async def test_stay_with_the_old_county_when_the_worker_moves(
        self, office: Any, bench: Bench, owed: Decimal
    ) -> None:
        await bench.hear(
            WorkerTransferred(
                transfer_id="t", worker_id="li", from_area=PLACE, area="420104001", staff="public_welfare",
                organisation_id="community-420104001", post_class="ordinary", starts_on=FEBRUARY,
            )
        )  # fmt: skip

        assert [one.owed for one in await listed(bench, seen_from="420103")] == [int(owed * 100)]
        assert await listed(bench, seen_from="420104") == []
        clerk, chief = (somebody(Role.FINANCE, area="420103", subject=name) for name in ("cashier", "head"))
        drafted = await drafts_as(office, clerk, owed)
        await approves(office, drafted, chief)
        assert await listed(bench) == []

    async def test_come_in_pages(self, office: Any, bench: Bench, owed: Decimal) -> None:
        new = {"organisation_id": EMPLOYER, "monthly_pay": Decimal("4000.00"), "starts_on": FEBRUARY}
        await office.has_worker("sun", **WELFARE, **new)
        await away(bench, FEBRUARY, MARCH, "sun")
        await settles(office, "1.00")  # else her February gives all of it back
        await away(bench, FEBRUARY, MARCH)
        await office.pays("2026-02", **WELFARE)
        asked: dict[str, Any] = {"area": None, "seen_from": "", "organisation_id": None, "worker_id": None}

        async with bench.session() as session:
            first = await debts.open_balances(session, **asked, cursor=None, limit=1, key=b"k")
            second = await debts.open_balances(session, **asked, cursor=first.next, limit=1, key=b"k")

        assert [[one.worker_id for one in page.items] for page in (first, second)] == [["li"], ["sun"]]
        assert second.next is None


async def drafts_as(office: Any, actor: Any, amount: Decimal) -> BalanceSettlement:
    drafted: BalanceSettlement = await office.run(
        balances.draft_balance_settlement,
        actor=actor,
        worker_id="li",
        organisation_id=EMPLOYER,
        kind=WRITTEN_OFF,
        amount=amount,
        reason="已调离",
        reference="区财政局批复",
        on=ON,
    )
    return drafted


class TestSettlement:
    """LAW-LV-21: paid, or remitted in whole or in part."""

    @pytest.mark.parametrize("kind", [REPAID, WRITTEN_OFF])
    async def test_is_recovered_by_no_later_run(self, office: Any, bench: Bench, owed: Decimal, kind: str) -> None:
        await settles(office, owed - Decimal("10.00"), kind)

        assert await of_li(office, "2026-02") == {RECOVERED: Decimal("10.00"), kind: owed - Decimal("10.00")}
        assert await of_li(office, "2026-03") == {}
        for run in await bench.rows(PayrollRun):
            assert await recompute_run(bench.runtime.sessions, run.run_id) == 0

    async def test_changes_neither_gross_pay_nor_tax_nor_contributions(
        self, office: Any, bench: Bench, owed: Decimal
    ) -> None:
        await settles(office, owed)
        slips = await office.slips(await office.pays("2026-02", **WELFARE))

        figures = ("gross", "contributions", "employer_contributions", "tax", "income", "net")
        assert [getattr(slips["li"], name) for name in figures] == [getattr(slips["wang"], name) for name in figures]

    async def test_is_said_in_words_on_the_next_slip(self, office: Any, bench: Bench, owed: Decimal) -> None:
        await settles(office, owed)
        slip = (await office.slips(await office.pays("2026-02", **WELFARE)))["li"]

        async with bench.session() as session:
            explained = await explained_slip(session, slip)

        [words] = [line.words_zh for line in explained.lines if line.code == WRITTEN_OFF]
        assert f"已核销垫付款{owed}元" in words
        assert "核销后待还0.00元" in words

    async def test_is_decided_by_a_clause_and_said_once(self, office: Any, bench: Bench, owed: Decimal) -> None:
        drafted = await drafts(office, owed)
        assert await bench.sent(BalanceSettled) == []
        settlement = await approves(office, drafted)

        [said] = await bench.sent(BalanceSettled)
        assert (said.kind, said.amount, said.clause, said.worker_id) == (WRITTEN_OFF, owed, "LAW-LV-21", "li")
        [_, decision] = [one for one in await bench.sent(DecisionRecorded) if one.subject == drafted.settlement_id]
        assert (decision.decision_id, decision.permits) == (settlement.decision_id, True)
        assert decision.facts == {"kind": WRITTEN_OFF, "amount": str(owed), "owed": str(owed)}
        with pytest.raises(WrongState):
            await approves(office, drafted)

    async def test_makes_a_run_calculated_before_it_outdated(self, office: Any, bench: Bench, owed: Decimal) -> None:
        run_id = await office.opens("2026-02", **WELFARE)
        await office.calculates(run_id)
        await settles(office, owed)

        with pytest.raises(CalculationOutdated):
            await office.approves(run_id)
        await office.calculates(run_id)
        await office.approves(run_id)

        lines = await office.lines((await office.slips(run_id))["li"])
        assert (lines[WRITTEN_OFF], RECOVERED in lines) == (owed, False)

    async def test_also_a_run_of_a_month_before_it(self, office: Any, bench: Bench, owed: Decimal) -> None:
        """Approved in February, it counts in what January's late run for another cycle or month recovers."""
        run_id = await office.opens("2025-12", **WELFARE)
        await office.calculates(run_id)
        assert RECOVERED in await office.lines((await office.slips(run_id))["li"])
        await settles(office, owed)

        with pytest.raises(CalculationOutdated):
            await office.approves(run_id)

    async def test_rejected_changes_nothing(self, office: Any, owed: Decimal) -> None:
        drafted = await drafts(office, owed)
        await office.run(balances.reject_balance_settlement, settlement_id=drafted.settlement_id, on=ON)

        assert (await of_li(office, "2026-02"))[RECOVERED] > 0
        with pytest.raises(WrongState):
            await approves(office, drafted)

    @pytest.mark.parametrize("kind", [REPAID, WRITTEN_OFF])
    async def test_is_no_more_than_is_open(self, office: Any, bench: Bench, owed: Decimal, kind: str) -> None:
        with pytest.raises(Refused) as refused:
            await drafts(office, owed + Decimal("0.01"), kind)
        assert "超过尚可了结的待还金额" in refused.value.detail("zh")

        await settles(office, owed, kind)
        with pytest.raises(Refused) as refused:
            await drafts(office, "0.01", kind)
        assert "没有待还金额" in refused.value.detail("zh")
        assert len(await bench.rows(BalanceSettlement)) == 1

    async def test_is_no_more_than_nobody_has_drafted_already(self, office: Any, owed: Decimal) -> None:
        await drafts(office, owed - Decimal("1.00"))

        with pytest.raises(Refused):
            await drafts(office, "1.01")
        await drafts(office, "1.00")

    async def test_is_refused_when_pay_has_recovered_it_meanwhile(
        self, office: Any, bench: Bench, owed: Decimal
    ) -> None:
        drafted = await drafts(office, owed)
        await of_li(office, "2026-02")

        with pytest.raises(Refused):
            await approves(office, drafted)
        assert await bench.sent(BalanceSettled) == []

    async def test_is_approved_by_neither_who_drafted_it_nor_the_worker(
        self, office: Any, bench: Bench, owed: Decimal
    ) -> None:
        drafted = await drafts(office, owed)
        async with bench.session() as session, session.begin():
            (await session.get_one(Payee, "li")).account = office.deputy.account

        for actor in (office.clerk, office.deputy):
            with pytest.raises(SamePerson):
                await approves(office, drafted, actor)
        with pytest.raises(SamePerson):
            await drafts_as(office, office.deputy, owed)

    async def test_is_not_for_another_county(self, office: Any, owed: Decimal) -> None:
        elsewhere = somebody(Role.FINANCE, area="420104", subject="elsewhere")
        with pytest.raises(NotFound):
            await drafts_as(office, elsewhere, owed)
        drafted = await drafts(office, owed)
        with pytest.raises(NotFound):
            await approves(office, drafted, elsewhere)

    async def test_bars_nobody_who_approved_it_from_the_run(self, office: Any, owed: Decimal) -> None:
        await settles(office, owed)

        run_id = await office.opens("2026-02", **WELFARE)
        await office.calculates(run_id)
        await office.approves(run_id)  # the chief, as the settlement

        assert (await office.the_run(run_id)).status == "approved"


class TestAtTheSameTime:
    async def test_a_settlement_waits_for_a_run_that_is_being_approved(
        self, office: Any, bench: Bench, owed: Decimal
    ) -> None:
        """Else both would settle the same: the run by recovering it, and this by writing it off."""
        drafted = await drafts(office, owed)
        async with bench.session() as approving, approving.begin():
            lock = func.pg_advisory_xact_lock(Turn.APPROVAL, func.hashtext("public_welfare"))
            await approving.execute(select(lock))
            waiting = asyncio.create_task(approves(office, drafted))
            done, _ = await asyncio.wait({waiting}, timeout=0.5)
            assert not done
        await waiting

        assert await listed(bench) == []

    async def test_of_two_who_approve_one_comes_too_late(self, office: Any, bench: Bench, owed: Decimal) -> None:
        drafted = await drafts(office, owed)

        both = await asyncio.gather(
            approves(office, drafted), approves(office, drafted, office.deputy), return_exceptions=True
        )

        assert [type(one) for one in both if isinstance(one, Exception)] == [WrongState]
        assert len(await bench.sent(BalanceSettled)) == 1


class TestAcrossYears:
    @pytest.mark.parametrize("settled", [False, True], ids=["recover", "note"])
    async def test_two_runs_do_not_show_the_same(self, office: Any, bench: Bench, owed: Decimal, settled: bool) -> None:
        """One paid in December and one in January, both calculated before either was approved."""
        if settled:
            await settles(office, owed)
        december = await office.opens("2026-12", **WELFARE)
        await office.calculates(december)
        january = await office.opens("2027-01", **WELFARE, on=date(2027, 1, 31))
        await office.calculates(january)
        await office.approves(december)

        with pytest.raises(CalculationOutdated):
            await office.approves(january)
        await office.calculates(january)
        await office.approves(january)
        lines = await office.lines((await office.slips(january))["li"])
        assert not {RECOVERED, WRITTEN_OFF} & lines.keys()
