from datetime import date
from decimal import Decimal

import pytest

from common.actors import Role
from common.errors import NotFound, Refused, SamePerson, WrongState
from common.events.payroll import ContractPaymentApproved
from common.testing import somebody
from payroll.commands import contract_payments as commands
from payroll.models import ContractPayment, Payslip
from payroll.rules.purchases import PaidTo

clerk = somebody(Role.FINANCE, area="420103", subject="clerk")
chief = somebody(Role.FINANCE, area="420103", subject="chief")
ON = date(2026, 3, 20)


async def enters(bench, *, actor=clerk, **changes) -> ContractPayment:
    given = {
        "area": "420103",
        "staff": "purchased_service",
        "organisation_id": "street-420103001",
        "provider": "某社会工作服务中心",
        "contract_reference": "2026-购-017",
        "instalment": 1,
        "amount": Decimal("120000.00"),
        "due_on": date(2026, 3, 31),
        "paid_to": PaidTo.PROVIDER,
        "on": ON,
    }
    payment: ContractPayment = await bench.run(commands.enter_contract_payment, actor=actor, **(given | changes))
    return payment


class TestEnterContractPayment:
    """JH-13a: a bought service is paid to its provider as the contract says; there is no payslip."""

    @pytest.mark.clause("JH-13a")
    async def test_goes_to_the_provider_by_the_clause(self, bench):
        payment = await enters(bench)

        [decision] = await bench.decisions("purchase.payee")
        assert (payment.clause, payment.decision_id) == ("JH-13a", decision.decision_id)
        assert payment.amount == 12_000_000
        assert await bench.rows(Payslip) == []

    @pytest.mark.clause("JH-13a")
    async def test_not_to_the_worker(self, bench):
        with pytest.raises(Refused):
            await enters(bench, paid_to=PaidTo.WORKER)

        assert await bench.rows(ContractPayment) == []
        assert [one.permits for one in await bench.decisions("purchase.payee")] == [False]

    async def test_where_no_document_speaks_it_is_entered_without_one(self, bench):
        elsewhere = somebody(Role.FINANCE, area="320102", subject="clerk")
        payment = await enters(bench, actor=elsewhere, area="320102")

        assert (payment.clause, payment.decision_id) == (None, None)

    async def test_each_instalment_once(self, bench):
        await enters(bench)

        with pytest.raises(commands.InstalmentEnteredAlready):
            await enters(bench)
        assert (await enters(bench, instalment=2)).instalment == 2

    async def test_another_unit_has_contracts_of_its_own(self, bench):
        await enters(bench)

        assert (await enters(bench, organisation_id="street-420103002")).instalment == 1

    async def test_not_outside_the_own_area(self, bench):
        with pytest.raises(NotFound):
            await enters(bench, area="420102")


class TestApproveContractPayment:
    async def test_by_somebody_else(self, bench):
        payment = await enters(bench)
        with pytest.raises(SamePerson):
            await bench.run(commands.approve_contract_payment, actor=clerk, payment_id=payment.payment_id, on=ON)
        await bench.run(commands.approve_contract_payment, actor=chief, payment_id=payment.payment_id, on=ON)

        [said] = await bench.sent(ContractPaymentApproved)
        assert (said.amount, said.instalment) == (Decimal("120000.00"), 1)

    async def test_once(self, bench):
        payment = await enters(bench)
        await bench.run(commands.approve_contract_payment, actor=chief, payment_id=payment.payment_id, on=ON)

        with pytest.raises(WrongState):
            await bench.run(commands.approve_contract_payment, actor=chief, payment_id=payment.payment_id, on=ON)


class TestRecordContractPayment:
    async def test_after_approval_and_once(self, bench):
        payment = await enters(bench)
        given = {"actor": clerk, "payment_id": payment.payment_id, "on": ON}
        with pytest.raises(WrongState):
            await bench.run(commands.record_contract_payment, **given)
        await bench.run(commands.approve_contract_payment, **(given | {"actor": chief}))
        paid = await bench.run(commands.record_contract_payment, **given)

        assert (paid.paid_on, paid.paid_by) == (ON, clerk.account)
        with pytest.raises(WrongState):
            await bench.run(commands.record_contract_payment, **given)
