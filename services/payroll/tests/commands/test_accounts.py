from datetime import date

import pytest

from common.actors import Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.contracts import WorkerTransferred
from common.events.payroll import BankAccountChanged
from common.testing import somebody
from payroll.commands import accounts
from payroll.models import BankAccount
from payroll.queries.accounts import accounts_paid_to
from payroll.tests.sealed import STREET, approved_run, chief, clerk, has_worker

CARD = "6222021234567890128"
worker = somebody(Role.WORKER, area=STREET, subject="zhang")


@pytest.fixture
async def zhang(bench) -> str:
    await has_worker(bench, "zhang", name="张三", account=worker.account)
    return "zhang"


async def enters(bench, worker_id: str, *, actor=clerk, number: str = CARD, holder: str = "张三"):
    return await bench.run(
        accounts.enter_bank_account,
        actor=actor,
        worker_id=worker_id,
        bank="工商银行",
        holder=holder,
        number=number,
        sealer=bench.runtime.sealer,
    )


class TestEnterBankAccount:
    async def test_keeps_the_number_sealed_and_shows_its_end(self, bench, zhang):
        entered = await enters(bench, zhang)

        [row] = await bench.rows(BankAccount)
        assert row.number_masked == "***************0128"
        assert CARD.encode() not in row.number_sealed
        assert "张三".encode() not in row.holder_sealed
        opened = bench.runtime.sealer.open_bytes(row.number_sealed, place=f"bank_account|number|{row.account_id}")
        assert opened.decode() == CARD
        assert entered.warnings == []

    async def test_says_so_without_the_number(self, bench, zhang):
        await enters(bench, zhang)

        [said] = await bench.sent(BankAccountChanged)
        assert (said.worker_id, said.status, said.number_masked) == ("zhang", "entered", "***************0128")
        assert CARD not in said.model_dump_json()

    @pytest.mark.parametrize(
        ("number", "holder", "codes"),
        [
            pytest.param(CARD, "张 三", [], id="a card of the worker"),
            pytest.param("6222021234567890127", "张三", ["check_digit"], id="a wrong check digit"),
            pytest.param("62220212345671", "张三", ["unusual_length"], id="fourteen digits"),
            pytest.param(CARD, "李四", ["holder_differs"], id="somebody else's name"),
        ],
    )
    async def test_warns_of_what_looks_odd_and_takes_it_in(self, bench, zhang, number, holder, codes):
        entered = await enters(bench, zhang, number=number, holder=holder)

        assert [one.code for one in entered.warnings] == codes
        assert len(await bench.rows(BankAccount)) == 1

    async def test_a_worker_enters_his_own(self, bench, zhang):
        await enters(bench, zhang, actor=worker)

        assert [row.entered_by for row in await bench.rows(BankAccount)] == [worker.account]

    async def test_a_worker_enters_nobody_elses(self, bench, zhang):
        await has_worker(bench, "li")

        with pytest.raises(NotFound):
            await enters(bench, "li", actor=worker)

    async def test_sets_aside_one_that_still_waits(self, bench, zhang):
        first = await enters(bench, zhang)
        second = await enters(bench, zhang)

        waiting = {row.account_id: not row.rejected for row in await bench.rows(BankAccount)}
        assert waiting == {first.account.account_id: False, second.account.account_id: True}


class TestConfirmBankAccount:
    @pytest.mark.parametrize(
        ("entered_by", "confirmed_by"),
        [pytest.param(clerk, clerk, id="who entered it"), pytest.param(clerk, worker, id="the worker himself")],
    )
    async def test_is_not_for(self, bench, zhang, entered_by, confirmed_by):
        entered = await enters(bench, zhang, actor=entered_by)

        with pytest.raises(SamePerson):
            await bench.run(accounts.confirm_bank_account, actor=confirmed_by, account_id=entered.account.account_id)

    async def test_a_second_person_confirms(self, bench, zhang):
        entered = await enters(bench, zhang, actor=worker)
        await bench.run(accounts.confirm_bank_account, actor=clerk, account_id=entered.account.account_id)

        assert [said.status for said in await bench.sent(BankAccountChanged)] == ["entered", "confirmed"]

    @pytest.mark.parametrize("act", [accounts.confirm_bank_account, accounts.reject_bank_account])
    async def test_once(self, bench, zhang, act):
        entered = await enters(bench, zhang)
        await bench.run(act, actor=chief, account_id=entered.account.account_id)

        with pytest.raises(WrongState):
            await bench.run(accounts.confirm_bank_account, actor=chief, account_id=entered.account.account_id)


class TestAccountsPaidTo:
    async def test_a_change_stops_payment_until_it_is_confirmed_or_rejected(self, bench, zhang):
        await approved_run(bench, {"zhang": {"base": 400_000}})
        usable = []

        async def look() -> None:
            async with bench.session() as session:
                found = (await accounts_paid_to(session, run_id="run-2026-03")).get("zhang")
            usable.append(found.usable.account_id if found and found.usable else None)

        first = (await enters(bench, zhang)).account.account_id
        await look()
        await bench.run(accounts.confirm_bank_account, actor=chief, account_id=first)
        await look()
        second = (await enters(bench, zhang)).account.account_id
        await look()
        await bench.run(accounts.reject_bank_account, actor=chief, account_id=second)
        await look()
        third = (await enters(bench, zhang)).account.account_id
        await bench.run(accounts.confirm_bank_account, actor=chief, account_id=third)
        await look()

        assert usable == [None, first, None, first, third]


class TestTransfer:
    async def test_the_account_is_seen_where_the_worker_went(self, bench, zhang):
        await enters(bench, zhang)
        moved = {"from_area": STREET, "area": "320104001", "staff": "union_worker", "post_class": "ordinary"}
        await bench.hear(
            WorkerTransferred(
                transfer_id="transfer-1",
                worker_id=zhang,
                organisation_id="union-320104001",
                starts_on=date(2026, 4, 1),
                **moved,
            )
        )
        there = somebody(Role.FINANCE, area="320104", subject="chief")
        [account] = await bench.rows(BankAccount)
        await bench.run(accounts.confirm_bank_account, actor=there, account_id=account.account_id)

        assert account.area == "320104001"
