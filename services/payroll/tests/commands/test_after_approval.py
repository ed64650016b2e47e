"""A whole month in an office: calculated, approved, owed to the schemes, paid by the bank in two files, closed."""

from datetime import date
from decimal import Decimal

import pytest

from common.events.payroll import BankAccountChanged, PaymentFileSealed, RunClosed, RunPaid
from common.money import in_yuan
from payroll import commands
from payroll.commands import accounts, bases, payments
from payroll.commands.reviewing import NotSeen
from payroll.models import ContributionDue, PayslipLine

ON = date(2026, 3, 28)


async def has_account(office, worker_id: str) -> None:
    given = {"bank": "工商银行", "holder": worker_id, "number": "6222021234567890128"}
    sealer = office.bench.runtime.sealer
    entered = await office.run(accounts.enter_bank_account, worker_id=worker_id, sealer=sealer, **given)
    await office.run(accounts.confirm_bank_account, actor=office.chief, account_id=entered.account.account_id)


@pytest.fixture
async def approved(office) -> str:
    await office.has_standard("4000.00")
    for worker_id in ("zhang", "li"):
        await office.has_worker(worker_id)
        await office.enters(worker_id, score="90")
    await has_account(office, "zhang")
    run_id: str = await office.pays("2026-03")
    return run_id


async def seals_and_pays(office, run_id: str) -> None:
    sealer = office.bench.runtime.sealer
    file = await office.run(payments.seal_payment_file, run_id=run_id, sealer=sealer, on=ON)
    await office.run(payments.record_payment, file_id=file.file_id, on=ON, reference="0001")


class TestAMonth:
    async def test_what_is_owed_is_what_the_lines_say(self, office, approved):
        owed: dict[str, int] = {}
        for due in await office.bench.rows(ContributionDue):
            owed[f"{due.scheme}_worker"] = due.worker
            owed[f"{due.scheme}_employer"] = due.employer
        lines: dict[str, int] = {}
        for line in await office.bench.rows(PayslipLine):
            lines[line.code] = lines.get(line.code, 0) + line.amount

        assert {code: amount for code, amount in owed.items() if amount} == {
            code: amount for code, amount in lines.items() if code.endswith(("_worker", "_employer"))
        }

    async def test_ends_when_everybody_is_paid_and_counted(self, office, approved):
        await seals_and_pays(office, approved)
        with pytest.raises(NotSeen):
            await office.run(commands.close_payroll_run, run_id=approved, on=ON, set_aside=0, held_back=0)
        await has_account(office, "li")
        await seals_and_pays(office, approved)
        await office.run(commands.close_payroll_run, run_id=approved, on=ON, set_aside=0, held_back=0)

        run = await office.the_run(approved)
        assert [step["status"] for step in run.steps[-5:]] == ["file_sealed", "paid", "file_sealed", "paid", "closed"]
        said = await office.bench.sent(PaymentFileSealed, RunPaid, RunClosed)
        assert [type(one).__name__ for one in said] == [
            "PaymentFileSealed",
            "RunPaid",
            "PaymentFileSealed",
            "RunPaid",
            "RunClosed",
        ]
        assert sum(one.total for one in said if isinstance(one, PaymentFileSealed)) == in_yuan(run.net_total)
        assert len(await office.bench.sent(BankAccountChanged)) == 4

    async def test_may_end_with_somebody_held_back_who_was_counted(self, office, approved):
        await seals_and_pays(office, approved)
        await office.run(commands.close_payroll_run, run_id=approved, on=ON, set_aside=0, held_back=1)

        assert (await office.the_run(approved)).status == "closed"


class TestALateBase:
    async def test_is_owed_under_the_months_it_is_for(self, office, approved):
        """Late figures make differences in the next run, and these are owed for their own month."""
        given = {"worker_id": "zhang", "scheme": "pension", "from_month": "2026-03", "source": "迟到的工资表"}
        await office.run(bases.set_contribution_base, amount=Decimal("5307.10"), **given)
        for worker_id in ("zhang", "li"):
            await office.enters(worker_id, "2026-04", score="90")
        run_id = await office.pays("2026-04")

        pension = {
            due.period: (due.worker, due.employer, due.people)
            for due in await office.bench.rows(ContributionDue)
            if due.run_id == run_id and due.scheme == "pension"
        }
        # 1,000.00 yuan above the floor of 4,307.10: 8 and 16 per cent more for one person in each month
        assert pension == {"2026-03": (8_000, 16_000, 1), "2026-04": (34_457 + 42_457, 68_914 + 84_914, 2)}
