import asyncio
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from common.actors import Role
from common.errors import NotFound, SamePerson, WrongState
from common.events.payroll import OneOffPaymentApproved
from common.policy import ParameterMissing
from common.testing import ISSUER, Bench, somebody
from payroll.commands import one_off_payments as commands
from payroll.models import OneOffKind, OneOffPayment, Organisation, Parameter, Payslip
from payroll.rules import tax_severance, withhold_from_intern, withhold_from_remuneration
from payroll.tests.sealed import STREET, UNION, has_parameters, has_worker

COUNTY, OTHER = "320102", "union-320102002"
ON = date(2026, 9, 20)
VECTORS = Path(__file__).parents[1] / "operating" / "vectors" / "iit_vectors.json"
clerk = somebody(Role.FINANCE, area=COUNTY, subject="clerk")
chief = somebody(Role.FINANCE, area=COUNTY, subject="chief")
zhang = somebody(Role.FINANCE, area=COUNTY, subject="zhang")
LABOUR = {
    "area": STREET,
    "staff": "union_worker",
    "organisation_id": UNION,
    "kind": "labour_remuneration",
    "payee_id": "expert-017",
    "paid_in": "2026-09",
    "gross": "3000.00",
}
INTERN = LABOUR | {"kind": "internship", "payee_id": "intern-1", "begun_in": "2026-07"}
SEVERANCE = LABOUR | {"kind": "severance", "payee_id": "former-1"}


def example(vector_id: str) -> dict[str, Any]:
    given = json.loads(VECTORS.read_text(encoding="utf-8"))
    vectors = given["vectors"] if isinstance(given, dict) else given
    expected: dict[str, Any] = next(one for one in vectors if one["id"] == vector_id)["expected"]
    return expected


def average(yearly: str, **changes: Any) -> Parameter:
    given: dict[str, Any] = {
        "parameter_id": f"average-{yearly}",
        "code": "wage.average",
        "area": "3201",
        "staff": "",
        "starts_on": date(2026, 1, 1),
        "value": {"monthly": "8333.33", "yearly": yearly},
        "source": "（虚构）",
        "confidence": "H",
        "status": "in_force",
        "entered_by": "x|clerk",
        "entered_on": date(2026, 1, 1),
    }
    return Parameter(**given | changes)


@pytest.fixture
async def ready(bench: Bench) -> Bench:
    bench.set_today(date(2026, 12, 31))
    await has_parameters(bench)
    async with bench.session() as session:
        await session.execute(delete(Parameter).where(Parameter.code == "wage.average"))
        await session.commit()
    await bench.save(average("100000.00"), Organisation(organisation_id=UNION, area=STREET))
    await bench.save(Organisation(organisation_id=OTHER, area=COUNTY))
    return bench


def finance(bench: Bench, subject: str = "clerk"):
    return bench.client(Role.FINANCE, area=COUNTY, subject=subject)


async def enters(bench: Bench, given: Mapping[str, Any] = LABOUR, *, actor=clerk, **changes: Any) -> OneOffPayment:
    asked = {"worker_id": None, "payee_id": None, "project": None, "begun_in": None} | {**given, **changes}
    asked |= {"gross": Decimal(asked["gross"]), "kind": OneOffKind(asked["kind"])}
    payment: OneOffPayment = await bench.run(commands.enter_one_off_payment, actor=actor, **asked)
    return payment


async def approves(bench: Bench, payment: OneOffPayment, *, actor=chief) -> None:
    await bench.run(commands.approve_one_off_payment, actor=actor, payment_id=payment.payment_id, on=ON)


async def pays(bench: Bench, given: Mapping[str, Any] = LABOUR, **changes: Any) -> int:
    """Entered and approved; answers the tax in fen."""
    payment = await enters(bench, given, **changes)
    await approves(bench, payment)
    return payment.tax


class TestTheAccountantsFigures:
    """LAW-IIT-LABOUR, LAW-IIT-INTERN, LAW-IIT-SEV: the worked examples, each as somebody enters it."""

    @pytest.mark.clause("LAW-IIT-LABOUR")
    async def test_labour_remuneration(self, ready):
        async with finance(ready) as client:
            for case in example("IIT-18")["cases"]:
                answer = (await client.post("/v1/one-off-payments", json=LABOUR | {"gross": case["income"]})).json()
                assert (answer["tax"], answer["clause"]) == (case["tax"], "LAW-IIT-LABOUR"), case["income"]
                assert Decimal(answer["net"]) == Decimal(case["income"]) - Decimal(case["tax"])

        assert len(await ready.decisions(withhold_from_remuneration.name)) == len(example("IIT-18")["cases"])

    @pytest.mark.clause("LAW-IIT-INTERN")
    async def test_an_intern_month_by_month(self, ready):
        months = example("IIT-19")["months"]
        before = Decimal(0)
        async with finance(ready) as client, finance(ready, "chief") as checker:
            for one in months:
                gross, before = Decimal(one["cum_income"]) - before, Decimal(one["cum_income"])
                body = INTERN | {"paid_in": f"2026-{one['month']:02}", "gross": str(gross)}
                answer = (await client.post("/v1/one-off-payments", json=body)).json()
                assert (answer["tax"], answer["clause"]) == (one["tax"], "LAW-IIT-INTERN"), one["month"]
                place = f"/v1/one-off-payments/{answer['payment_id']}/approval"
                assert (await checker.post(place, json={"on": str(ON)})).status_code == 200

        facts = [decision.facts["months"] for decision in await ready.decisions(withhold_from_intern.name)]
        assert sorted(facts) == [1, 2, 3]

    @pytest.mark.clause("LAW-IIT-SEV")
    async def test_severance(self, ready):
        async with finance(ready) as client:
            for number, case in enumerate(example("IIT-20")["cases"]):
                body = SEVERANCE | {"payee_id": f"former-{number}", "gross": case["amount"]}
                answer = (await client.post("/v1/one-off-payments", json=body)).json()
                assert (answer["tax"], answer["clause"]) == (case["tax"], "LAW-IIT-SEV"), case["amount"]
                assert answer["parameter_id"] == "average-100000.00"

        assert len(await ready.decisions(tax_severance.name)) == len(example("IIT-20")["cases"])


class TestTax:
    @pytest.mark.parametrize(
        ("given", "gross", "tax"),
        [
            pytest.param(LABOUR, "800.00", 0, id="a payment of 800 bears none"),
            pytest.param(LABOUR, "800.03", 1, id="three fen more bear the first"),
            pytest.param(LABOUR, "25000.00", 400_000, id="20,000 after expenses"),
            pytest.param(LABOUR, "25000.02", 400_001, id="two fen more, in the next bracket"),
            pytest.param(INTERN | {"begun_in": "2026-09"}, "6250.00", 0, id="an intern's 5,000 after expenses"),
            pytest.param(INTERN | {"begun_in": "2026-09"}, "6250.21", 1, id="what lies above it"),
            pytest.param(SEVERANCE, "300000.00", 0, id="three times the average wage"),
            pytest.param(SEVERANCE, "300000.17", 1, id="what lies above three times"),
        ],
    )
    async def test_begins_at_the_limit(self, ready, given, gross, tax):
        payment = await enters(ready, given, gross=gross)

        assert (payment.tax, payment.net) == (tax, int(Decimal(gross).scaleb(2)) - tax)
        [decision] = [one for one in await ready.decisions() if one.decision_id == payment.decision_id]
        assert (decision.subject, decision.clause) == (payment.payment_id, payment.clause)
        assert await ready.rows(Payslip) == []

    async def test_of_one_project_within_a_month_is_that_on_the_sum(self, ready):
        taxes = [await pays(ready, project="春训", gross=gross) for gross in ("800.00", "3200.00", "21000.02")]

        # 800, 4,000 and 25,000.02 together
        assert taxes == [0, 64_000, 400_001 - 64_000]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"project": "秋训"}, id="of another project"),
            pytest.param({"project": None}, id="of no project"),
            pytest.param({"paid_in": "2026-10"}, id="of another month"),
            pytest.param({"organisation_id": "union-320102002"}, id="from another unit"),
            pytest.param({"payee_id": "expert-018"}, id="of another person"),
        ],
    )
    async def test_stands_by_itself(self, ready, other):
        await pays(ready, project="春训", gross="800.00")

        assert await pays(ready, LABOUR | {"project": "春训", "gross": "800.00"} | other) == 0

    async def test_of_an_intern_begins_again_with_the_year(self, ready):
        assert await pays(ready, INTERN, paid_in="2026-12", gross="80000.00") > 0

        # one month of the new year: 6,250 less a fifth is the basic deduction
        assert await pays(ready, INTERN, paid_in="2027-01", gross="6250.00") == 0

    async def test_withheld_too_much_is_not_paid_back(self, ready):
        assert await pays(ready, INTERN, paid_in="2026-07", gross="7500.00") == 3_000

        assert await pays(ready, INTERN, paid_in="2026-08", gross="1000.00") == 0
        # 8,500 and 10,250 less a fifth, less 15,000; then with 1 yuan more than 18,750
        assert await pays(ready, INTERN, paid_in="2026-09", gross="10250.00") == 0
        assert await pays(ready, INTERN, paid_in="2026-09", gross="1250.00") == 0
        assert await pays(ready, INTERN, paid_in="2026-09", gross="1.25") == 3

    async def test_of_severance_in_parts_is_that_on_the_whole(self, ready):
        assert await pays(ready, SEVERANCE, gross="300000.00") == 0

        assert await pays(ready, SEVERANCE, paid_in="2026-10", gross="150000.00") == 1_308_000


class TestEnterOneOffPayment:
    @pytest.mark.clause("LAW-IIT-SEV")
    async def test_names_the_average_wage_that_is_missing(self, ready):
        async with ready.session() as session:
            await session.execute(update(Parameter).where(Parameter.code == "wage.average").values(status="entered"))
            await session.commit()
        async with finance(ready) as client:
            answer = await client.post("/v1/one-off-payments", json=SEVERANCE)

        found = answer.json()
        assert (answer.status_code, found["code"], found["clause"]) == (409, "PARAMETER_MISSING", "LAW-IIT-SEV")
        assert found["params"]["code"] == "wage.average"
        assert "当地上年职工平均工资" in found["detail"]
        assert await ready.rows(OneOffPayment) == []
        with pytest.raises(ParameterMissing):
            await enters(ready, SEVERANCE)

    async def test_waits_for_the_payment_it_is_taxed_with(self, ready):
        first = await enters(ready, project="春训", gross="800.00")
        with pytest.raises(commands.EarlierPaymentWaits):
            await enters(ready, project="春训")

        taken_back = {"actor": clerk, "payment_id": first.payment_id, "on": ON}
        await ready.run(commands.reject_one_off_payment, **taken_back)
        assert await pays(ready, project="春训", gross="800.00") == 0

    async def test_takes_those_of_a_chain_in_turn(self, ready):
        asked = (enters(ready, project="春训", gross="800.00") for _ in range(2))
        answers = await asyncio.gather(*asked, return_exceptions=True)

        assert [type(one) for one in answers if isinstance(one, Exception)] == [commands.EarlierPaymentWaits]

    async def test_adds_up_what_was_entered_for_a_place_above(self, ready):
        await pays(ready, INTERN, area=COUNTY, paid_in="2026-07", gross="6250.00")
        street = somebody(Role.STREET_OFFICE, area=STREET, subject="street")

        payment = await enters(ready, INTERN, actor=street, paid_in="2026-07", gross="1.25")
        assert payment.tax == 3

    async def test_not_before_a_later_month_of_the_year(self, ready):
        await pays(ready, INTERN, paid_in="2026-09")

        with pytest.raises(commands.LaterPaymentEntered):
            await enters(ready, INTERN, paid_in="2026-08")

    async def test_own_staff_are_paid_wages(self, ready):
        await has_worker(ready, "zhang", starts_on=date(2026, 9, 30))
        whose: dict[str, Any] = {"payee_id": None, "worker_id": "zhang"}
        with pytest.raises(commands.OwnStaffPaidWages):
            await enters(ready, **whose)

        # the month before the agreement, and another unit
        assert (await enters(ready, **whose, paid_in="2026-08")).worker_id == "zhang"
        assert (await enters(ready, **whose, organisation_id="union-320102002")).worker_id == "zhang"
        assert (await enters(ready, SEVERANCE, **whose)).worker_id == "zhang"

    async def test_not_for_oneself_nor_for_somebody_unknown(self, ready):
        await has_worker(ready, "zhang", account=zhang.account)
        whose: dict[str, Any] = {"payee_id": None, "organisation_id": "union-320102002"}
        with pytest.raises(SamePerson):
            await enters(ready, actor=zhang, worker_id="zhang", **whose)
        with pytest.raises(NotFound):
            await enters(ready, worker_id="li", **whose)

    async def test_not_outside_the_own_area(self, ready):
        with pytest.raises(NotFound):
            await enters(ready, area="320104")

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(LABOUR | {"worker_id": "zhang"}, id="two payees"),
            pytest.param(LABOUR | {"payee_id": None}, id="no payee"),
            pytest.param(LABOUR | {"payee_id": "110101199003077715"}, id="an identity number for a reference"),
            pytest.param(LABOUR | {"begun_in": "2026-07"}, id="an internship's month with labour remuneration"),
            pytest.param(SEVERANCE | {"project": "春训"}, id="a project with severance"),
            pytest.param(INTERN | {"begun_in": None}, id="an internship without its first month"),
            pytest.param(INTERN | {"begun_in": "2026-10"}, id="an internship that begins later"),
            pytest.param(LABOUR | {"gross": "0.00"}, id="nothing to pay"),
        ],
    )
    async def test_refuses_what_does_not_belong_together(self, ready, body):
        async with finance(ready) as client:
            answer = await client.post("/v1/one-off-payments", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
        assert "110101199003077715" not in answer.text


class TestFromEnteredToPaid:
    async def test_by_two_people_and_once(self, ready):
        payment = await enters(ready)
        given = {"payment_id": payment.payment_id, "on": ON}
        with pytest.raises(SamePerson):
            await ready.run(commands.approve_one_off_payment, actor=clerk, **given)
        with pytest.raises(WrongState):
            await ready.run(commands.record_one_off_payment, actor=clerk, **given, reference="0001")
        await approves(ready, payment)

        [said] = await ready.sent(OneOffPaymentApproved)
        assert (said.kind, said.gross, said.tax, said.net) == (
            "labour_remuneration",
            Decimal("3000.00"),
            Decimal("440.00"),
            Decimal("2560.00"),
        )
        assert "expert-017" not in said.model_dump_json()
        for again in (commands.approve_one_off_payment, commands.reject_one_off_payment):
            with pytest.raises(WrongState):
                await ready.run(again, actor=chief, **given)
        paid = await ready.run(commands.record_one_off_payment, actor=clerk, **given, reference="0001")
        assert (paid.paid_on, paid.paid_by, paid.reference) == (ON, clerk.account, "0001")
        with pytest.raises(WrongState):
            await ready.run(commands.record_one_off_payment, actor=clerk, **given, reference="0002")

    async def test_not_approved_by_whom_it_is_paid_to(self, ready):
        await has_worker(ready, "zhang", account=zhang.account)
        payment = await enters(ready, SEVERANCE, payee_id=None, worker_id="zhang")

        with pytest.raises(SamePerson):
            await approves(ready, payment, actor=zhang)

    async def test_rejected_it_is_neither_approved_nor_paid(self, ready):
        payment = await enters(ready)
        await ready.run(commands.reject_one_off_payment, actor=chief, payment_id=payment.payment_id, on=ON)

        with pytest.raises(WrongState):
            await approves(ready, payment)


class TestListOneOffPayments:
    async def test_by_page_and_by_what_is_asked(self, ready):
        await pays(ready)
        await enters(ready, SEVERANCE, paid_in="2026-10")
        place = "/v1/one-off-payments"
        async with finance(ready) as client:
            first = (await client.get(place, params={"limit": 1})).json()
            second = (await client.get(place, params={"limit": 1, "cursor": first["next"]})).json()
            asked = [
                (await client.get(place, params=params)).json()["items"]
                for params in ({"kind": "severance"}, {"paid_in": "2026-09"}, {"paid": True}, {"worker_id": "zhang"})
            ]

        kinds = {one["kind"] for page in (first, second) for one in page["items"]}
        assert (kinds, second["next"]) == ({"labour_remuneration", "severance"}, None)
        assert [[one["kind"] for one in found] for found in asked] == [["severance"], ["labour_remuneration"], [], []]

    async def test_a_worker_sees_his_own_approved_ones_alone(self, ready):
        for worker_id in ("zhang", "li"):
            await has_worker(ready, worker_id, account=f"{ISSUER}|{worker_id}")
            await pays(ready, SEVERANCE, payee_id=None, worker_id=worker_id)
        await pays(ready)
        async with ready.client(Role.WORKER, area=STREET, subject="zhang") as worker:
            seen = (await worker.get("/v1/one-off-payments")).json()["items"]
            asked = (await worker.get("/v1/one-off-payments", params={"worker_id": "li"})).json()["items"]
            refused = await worker.post("/v1/one-off-payments", json=LABOUR)

        assert ([one["worker_id"] for one in seen], asked, refused.status_code) == (["zhang"], [], 403)

    async def test_a_neighbour_sees_none(self, ready):
        payment = await enters(ready)
        neighbour = somebody(Role.FINANCE, area="320104", subject="neighbour")

        with pytest.raises(NotFound):
            await approves(ready, payment, actor=neighbour)
        async with ready.client(Role.FINANCE, area="320104") as client:
            assert (await client.get("/v1/one-off-payments")).json()["items"] == []
