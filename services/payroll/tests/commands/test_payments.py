import hashlib
from datetime import date

import pytest

from common.errors import WrongState
from common.events.payroll import PaymentFileOpened, PaymentFileSealed, RunPaid
from payroll.commands import accounts, payments, reviewing
from payroll.commands.checks import SlipsNotIssued
from payroll.commands.contributions import write_dues
from payroll.models import ContributionDue, HeldBackSlip, PaymentFile, PayrollRun
from payroll.tests.sealed import approved_run, chief, clerk, has_worker, run_of

RUN = "run-2026-03"
ON = date(2026, 3, 26)


async def has_account(bench, worker_id: str, *, confirmed: bool = True) -> str:
    entered = await bench.run(
        accounts.enter_bank_account,
        actor=clerk,
        worker_id=worker_id,
        bank="工商银行",
        holder=f"{worker_id}的姓名",
        number="6222021234567890128",
        sealer=bench.runtime.sealer,
    )
    if confirmed:
        await bench.run(accounts.confirm_bank_account, actor=chief, account_id=entered.account.account_id)
    account_id: str = entered.account.account_id
    return account_id


async def seals(bench, **changes) -> PaymentFile:
    file: PaymentFile = await bench.run(
        payments.seal_payment_file, actor=clerk, run_id=RUN, sealer=bench.runtime.sealer, on=ON, **changes
    )
    return file


async def content(bench, file: PaymentFile) -> str:
    _, found = await bench.run(
        payments.open_payment_file, actor=clerk, file_id=file.file_id, sealer=bench.runtime.sealer
    )
    assert hashlib.sha256(found).hexdigest() == file.digest
    text: str = found.decode("utf-8-sig")
    return text


@pytest.fixture
async def run(bench) -> str:
    """Three people: one with an account, one whose change waits, one without any."""
    for worker_id in ("zhang", "li", "wang"):
        await has_worker(bench, worker_id)
    await has_account(bench, "zhang")
    await has_account(bench, "li")
    await has_account(bench, "li", confirmed=False)
    await approved_run(bench, {worker_id: {"base": 400_000, "tax": 1_234} for worker_id in ("zhang", "li", "wang")})
    return RUN


class TestSealPaymentFile:
    async def test_pays_confirmed_accounts_and_names_who_is_held_back(self, bench, run):
        file = await seals(bench)

        assert (file.number, file.people, file.total, file.held_back) == (1, 1, 398_766, 2)
        assert {one.worker_id: (one.file_id, one.reason, one.amount) for one in await bench.rows(HeldBackSlip)} == {
            "li": (file.file_id, "account_not_confirmed", 398_766),
            "wang": (file.file_id, "account_missing", 398_766),
        }
        assert (await run_of(bench, run)).status == "file_sealed"
        [said] = await bench.sent(PaymentFileSealed)
        assert (said.people, said.held_back, said.digest) == (1, 2, file.digest)

    async def test_holds_number_name_and_amount(self, bench, run):
        found = await content(bench, await seals(bench))

        assert "6222021234567890128,zhang的姓名,工商银行,3987.66,2026-03工资" in found
        assert "li的姓名" not in found

    async def test_is_sealed_in_the_database(self, bench, run):
        await seals(bench)

        [kept] = await bench.rows(PaymentFile)
        assert b"6222021234567890128" not in kept.content_sealed

    async def test_says_who_took_it_out(self, bench, run):
        await content(bench, await seals(bench))

        assert [said.opened_by for said in await bench.sent(PaymentFileOpened)] == [clerk.account]

    async def test_a_second_file_pays_whom_the_first_held_back(self, bench, run):
        first = await seals(bench)
        await has_account(bench, "wang")
        second = await seals(bench)

        assert (second.number, second.people) == (2, 1)
        assert not set(first.payslip_nos) & set(second.payslip_nos)
        assert "wang的姓名" in await content(bench, second)
        held_back = [one.worker_id for one in await bench.rows(HeldBackSlip) if one.file_id == second.file_id]
        assert (second.held_back, held_back) == (1, ["li"])

    async def test_nobody_is_paid_twice(self, bench, run):
        await seals(bench)

        with pytest.raises(payments.NothingToPay):
            await seals(bench)

    async def test_a_slip_of_nothing_is_neither_paid_nor_held_back(self, bench):
        await has_worker(bench, "zhang")
        await approved_run(bench, {"zhang": {"base": 0}})

        with pytest.raises(payments.NothingToPay) as refused:
            await seals(bench)
        assert refused.value.params == {"held_back": 0}

    async def test_waits_until_every_street_has_issued_its_slips(self, bench):
        await has_worker(bench, "zhang")
        await has_account(bench, "zhang")
        await approved_run(bench, {"zhang": {"base": 400_000}})
        await approved_run(bench, {"li": {"base": 400_000}}, area="320102002", issued_at=None)

        with pytest.raises(SlipsNotIssued) as refused:
            await seals(bench)
        assert refused.value.params["streets"] == "320102002"
        assert await bench.rows(PaymentFile) == []

    @pytest.mark.parametrize("status", ["open", "calculating", "calculated", "reviewed"])
    async def test_needs_an_approved_run(self, bench, status):
        await approved_run(bench, {"zhang": {"base": 400_000}}, status=status)

        with pytest.raises(WrongState):
            await seals(bench)

    async def test_a_form_that_is_not_kept_is_named(self, bench, run):
        with pytest.raises(payments.PaymentFormNotKnown):
            await seals(bench, form_name="bank_of_nowhere")


class TestOfAClosedRun:
    """Whoever was held back when it was closed is paid all the same."""

    @pytest.fixture
    async def closed(self, bench, run) -> str:
        file = await seals(bench)
        await bench.run(payments.record_payment, actor=clerk, file_id=file.file_id, on=ON, reference="1")
        given = {"run_id": run, "on": ON, "set_aside": 0}
        await bench.run(reviewing.close_payroll_run, actor=chief, held_back=2, **given)
        return RUN

    async def test_a_later_file_pays_and_the_run_stays_closed(self, bench, closed):
        await has_account(bench, "wang")
        later = await seals(bench)
        assert (later.people, (await run_of(bench, closed)).status) == (1, "closed")

        await bench.run(payments.record_payment, actor=clerk, file_id=later.file_id, on=ON, reference="2")
        assert (await run_of(bench, closed)).status == "closed"
        assert [said.people for said in await bench.sent(RunPaid)] == [1, 2]

    async def test_nobody_is_paid_twice(self, bench, closed):
        with pytest.raises(payments.NothingToPay):
            await seals(bench)


class TestClosing:
    @staticmethod
    async def closes(bench, held_back: int) -> PayrollRun:
        given = {"run_id": RUN, "on": ON, "set_aside": 0, "held_back": held_back}
        run: PayrollRun = await bench.run(reviewing.close_payroll_run, actor=chief, **given)
        return run

    async def test_of_a_run_whose_people_are_all_held_back_states_how_many(self, bench):
        for worker_id in ("li", "wang"):
            await has_worker(bench, worker_id)
        await has_account(bench, "li", confirmed=False)
        await approved_run(bench, {"li": {"base": 400_000}, "wang": {"base": 400_000}})

        with pytest.raises(reviewing.NotSeen):
            await self.closes(bench, held_back=0)
        assert (await self.closes(bench, held_back=2)).status == "closed"

    async def test_is_refused_while_somebody_could_be_paid(self, bench, run):
        with pytest.raises(WrongState):
            await self.closes(bench, held_back=3)

    @pytest.mark.parametrize("status", ["approved", "paid"])
    async def test_is_refused_while_a_street_has_not_issued_its_slips(self, bench, status):
        await approved_run(bench, {"zhang": {"base": 400_000}}, issued_at=None, status=status)

        with pytest.raises(SlipsNotIssued):
            await self.closes(bench, held_back=1)


class TestRecordPayment:
    @staticmethod
    async def pays(bench, file: PaymentFile, on: date = ON) -> None:
        await bench.run(payments.record_payment, actor=clerk, file_id=file.file_id, on=on, reference="20260326-000123")

    async def test_the_last_file_makes_the_run_paid(self, bench, run):
        first = await seals(bench)
        await has_account(bench, "wang")
        second = await seals(bench)
        states = []
        for file in (first, second):
            await self.pays(bench, file)
            states.append((await run_of(bench, run)).status)

        assert states == ["file_sealed", "paid"]
        [said] = await bench.sent(RunPaid)
        assert (said.people, str(said.total), said.held_back) == (2, "7975.32", 1)

    async def test_a_later_file_opens_the_payment_again(self, bench, run):
        await self.pays(bench, await seals(bench))
        await has_account(bench, "wang")
        later = await seals(bench)

        assert (await run_of(bench, run)).status == "file_sealed"
        await self.pays(bench, later)
        assert (await run_of(bench, run)).status == "paid"

    async def test_once(self, bench, run):
        file = await seals(bench)
        await self.pays(bench, file)

        with pytest.raises(WrongState):
            await self.pays(bench, file)

    async def test_the_housing_fund_is_due_from_the_real_payday(self, bench):
        await has_worker(bench, "zhang")
        await has_account(bench, "zhang")
        batch = await approved_run(bench, {"zhang": {"base": 400_000, "housing_fund_worker": 100}})
        await bench.run(write_dues, batch_id=batch)
        await self.pays(bench, await seals(bench))

        assert [due.due_on for due in await bench.rows(ContributionDue)] == [date(2026, 3, 31)]

    @pytest.mark.parametrize("told_late", [False, True], ids=["dues written first", "dues written after payment"])
    async def test_a_later_file_for_the_rest_does_not_put_it_off(self, bench, told_late):
        for worker_id in ("zhang", "li"):
            await has_worker(bench, worker_id)
        await has_account(bench, "zhang")
        lines = {"base": 400_000, "housing_fund_worker": 100}
        batch = await approved_run(bench, {"zhang": lines, "li": lines})
        if not told_late:
            await bench.run(write_dues, batch_id=batch)
        await self.pays(bench, await seals(bench))
        await has_account(bench, "li")
        await self.pays(bench, await seals(bench), on=date(2026, 3, 30))
        if told_late:
            await bench.run(write_dues, batch_id=batch)

        assert [due.due_on for due in await bench.rows(ContributionDue)] == [date(2026, 3, 31)]

    @pytest.mark.parametrize(
        ("on", "codes"),
        [
            pytest.param(date(2026, 3, 31), [], id="within the month of payment"),
            pytest.param(date(2026, 4, 1), ["paid_in_another_month"], id="a day after it"),
        ],
    )
    async def test_another_month_than_tax_went_by_is_found(self, bench, run, on, codes):
        await self.pays(bench, await seals(bench), on=on)

        assert [one["code"] for one in (await run_of(bench, run)).findings] == codes
