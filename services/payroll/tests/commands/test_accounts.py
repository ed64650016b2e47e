from datetime import date

import pytest
from sqlalchemy import select

from common.actors import Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.contracts import WorkerTransferred
from common.events.payroll import BankAccountChanged
from common.testing import somebody
from payroll.commands import accounts, payments
from payroll.models import BankAccount, PaymentFile, PayrollRun, Payslip
from payroll.queries.accounts import accounts as list_accounts
from payroll.queries.accounts import accounts_paid_to, count_waiting, somebody_payable
from payroll.queries.files import SlipsOf, run_of_slips
from payroll.queries.payments import workers_paid_by
from payroll.tests.sealed import STREET, approved_run, chief, clerk, has_worker

CARD = "6222021234567890128"
PAID_ON = date(2026, 3, 26)
worker = somebody(Role.WORKER, area=STREET, subject="zhang")
there = somebody(Role.FINANCE, area="320104", subject="chief")


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


async def moves(bench, worker_id: str, *, on: date = date(2026, 4, 1)) -> None:
    """To another county."""
    place = {"area": "320104001", "organisation_id": "union-320104001", "post_class": "ordinary"}
    await bench.hear(
        WorkerTransferred(
            transfer_id="transfer-1",
            worker_id=worker_id,
            from_area=STREET,
            staff="union_worker",
            starts_on=on,
            **place,
        )
    )


async def pays(bench, run_id: str, *, by, account_id: str) -> PaymentFile:
    """The one slip of a run to that account."""
    file: PaymentFile = await bench.run(
        payments.seal_payment_file, actor=by, run_id=run_id, sealer=bench.runtime.sealer, on=PAID_ON
    )
    assert (file.people, file.held_back) == (1, 0)
    _, content = await bench.run(
        payments.open_payment_file, actor=by, file_id=file.file_id, sealer=bench.runtime.sealer
    )
    assert CARD in content.decode("utf-8-sig")
    return file


class TestTransfer:
    async def test_a_confirmed_account_is_paid_to_by_the_new_county_at_once(self, bench, zhang):
        account_id = (await enters(bench, zhang)).account.account_id
        await bench.run(accounts.confirm_bank_account, actor=chief, account_id=account_id)
        await moves(bench, zhang)
        moved = {"area": "320104001", "organisation_id": "union-320104001", "run_id": "run-there"}
        await approved_run(bench, {"zhang": {"base": 400_000}}, month="2026-04", **moved)

        await pays(bench, "run-there", by=there, account_id=account_id)

        assert [row.confirmed_by for row in await bench.rows(BankAccount)] == [chief.account]

    @pytest.mark.parametrize("on", [date(2026, 4, 1), date(2027, 1, 1)], ids=["moved", "moving later"])
    async def test_what_the_old_county_has_still_to_pay_goes_to_the_same_account(self, bench, zhang, on):
        account_id = (await enters(bench, zhang)).account.account_id
        await bench.run(accounts.confirm_bank_account, actor=chief, account_id=account_id)
        await approved_run(bench, {"zhang": {"base": 400_000}})
        await moves(bench, zhang, on=on)

        file = await pays(bench, "run-2026-03", by=clerk, account_id=account_id)

        async with bench.session(clerk) as session:
            assert await count_waiting(session, workers=workers_paid_by(file.file_id)) == 0
            run = await session.get_one(PayrollRun, "run-2026-03")
            [slip] = (await run_of_slips(session, run=run, wanted=SlipsOf(run.run_id))).slips
            assert slip.name == "张三"
        await bench.run(payments.record_payment, actor=clerk, file_id=file.file_id, on=PAID_ON, reference="0001")

    async def test_a_newer_one_entered_there_holds_back_what_the_old_county_has_still_to_pay(self, bench, zhang):
        account_id = (await enters(bench, zhang)).account.account_id
        await bench.run(accounts.confirm_bank_account, actor=chief, account_id=account_id)
        await approved_run(bench, {"zhang": {"base": 400_000}})
        await moves(bench, zhang)
        await enters(bench, zhang, actor=there)

        with pytest.raises(payments.NothingToPay):
            await pays(bench, "run-2026-03", by=clerk, account_id=account_id)
        async with bench.session(clerk) as session:
            assert await count_waiting(session, workers=select(Payslip.worker_id)) == 1
            assert not await somebody_payable(session, run_id="run-2026-03")

    async def test_only_the_new_county_is_shown_it(self, bench, zhang):
        await enters(bench, zhang)
        await moves(bench, zhang)
        shown = {}
        for name, actor in {"old": clerk, "new": there}.items():
            async with bench.session(actor) as session:
                page = await list_accounts(session, worker_id=None, waiting=None, cursor=None, limit=9, key=b"k")
                shown[name] = [row.worker_id for row in page.items]

        assert shown == {"old": [], "new": ["zhang"]}
        with pytest.raises(NotFound):
            await enters(bench, zhang)

    async def test_the_account_is_seen_where_the_worker_went(self, bench, zhang):
        await enters(bench, zhang)
        await moves(bench, zhang)
        [account] = await bench.rows(BankAccount)
        await bench.run(accounts.confirm_bank_account, actor=there, account_id=account.account_id)

        assert account.area == "320104001"
