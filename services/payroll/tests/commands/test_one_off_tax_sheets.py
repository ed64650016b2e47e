"""Payments beside wages at the tax office: a form of its own for each kind, identity numbers opened for a reason."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.errors import NotFound
from common.events.payroll import OneOffTaxSheetExported
from common.testing import Bench
from payroll.commands import one_off_payments
from payroll.models import Payee
from payroll.tests.commands.test_one_off_files import (
    NUMBER,
    OTHER_UNIT,
    pays,
    pays_outside,
    pays_worker,
    taken_out,
)
from payroll.tests.commands.test_one_off_payments import INTERN, ON, SEVERANCE, clerk, enters, ready  # noqa: F401
from payroll.tests.files.reading import formulas_and_hidden_parts, values
from payroll.tests.sealed import has_worker


@pytest.fixture
def bench(ready: Bench) -> Bench:  # noqa: F811
    return ready


async def exported(bench: Bench, kind: str, **changes: Any) -> list[dict[str, Any]]:
    sheet = await taken_out(bench, kind, **changes)
    assert list(formulas_and_hidden_parts(sheet)) == []
    headings, *rows = values(sheet)
    return [dict(zip(headings, row, strict=True)) for row in rows]


class TestOneOffTaxSheet:
    """LAW-IIT-LABOUR, LAW-IIT-INTERN, LAW-IIT-SEV; PI-05, G4: a form of its own for each kind."""

    @pytest.mark.clause("LAW-IIT-LABOUR")
    async def test_of_labour_remuneration_has_one_row_for_what_is_one_payment(self, bench: Bench):
        for project, gross in (("春训", "800.00"), ("春训", "3200.00"), (None, "1000.00"), (None, "500.00")):
            await pays_outside(bench, project=project, gross=gross)
        rows = await exported(bench, "labour_remuneration")

        assert sorted(row["本期收入"] for row in rows) == [500, 1000, 4000]
        [joined] = [row for row in rows if row["本期收入"] == 4000]
        assert (joined["工号"], joined["*姓名"], joined["*证件号码"]) == ("expert-017", "钱专家", NUMBER)
        assert (joined["*证件类型"], joined["*所得项目"]) == ("居民身份证", "一般劳务报酬所得")
        assert "640.00 元" in joined["备注"]
        assert "共 2 笔合并为一次" in joined["备注"]

    @pytest.mark.clause("LAW-IIT-SEV")
    @pytest.mark.parametrize(
        ("gross", "exempt"),
        [
            pytest.param(["300000.00"], 300_000, id="three times the average wage"),
            pytest.param(["300000.01"], 300_000, id="a fen more"),
            pytest.param(["200000.00", "150000.00"], 300_000, id="in parts"),
        ],
    )
    async def test_of_severance_says_what_bears_no_tax(self, bench: Bench, gross: list[str], exempt: int):
        for amount in gross:
            await pays_outside(bench, SEVERANCE, gross=amount)

        [row] = await exported(bench, "severance")
        assert Decimal(str(row["*一次性补偿收入"])) == sum(map(Decimal, gross))
        assert row["免税收入"] == exempt

    async def test_of_severance_in_parts_of_two_months_counts_the_exempt_part_once(self, bench: Bench):
        await pays_outside(bench, SEVERANCE, gross="200000.00")
        await pays_outside(bench, SEVERANCE, gross="150000.00", paid_in="2026-10")

        months = [await exported(bench, "severance", paid_in=month) for month in ("2026-09", "2026-10")]
        assert [(row["*一次性补偿收入"], row["免税收入"]) for [row] in months] == [
            (200_000, 200_000),
            (150_000, 100_000),
        ]

    async def test_of_interns_is_their_own(self, bench: Bench):
        await pays_outside(bench, INTERN)
        await pays_outside(bench)

        [row] = await exported(bench, "internship")
        assert (row["工号"], row["*所得项目"], row["本期收入"]) == ("intern-1", "其他连续劳务报酬所得", 3000)

    async def test_opens_a_worker_s_number_and_says_who_took_it_out(self, bench: Bench):
        for worker_id in ("zhang", "li"):
            await has_worker(bench, worker_id)
            await pays_worker(bench, worker_id)
        sealed = bench.runtime.sealer.seal(NUMBER, place="person|identity_number|zhang")
        async with bench.session() as session, session.begin():
            payee = await session.get(Payee, "zhang")
            assert payee is not None
            payee.identity_sealed = sealed
        rows = await exported(bench, "labour_remuneration", organisation_id=OTHER_UNIT)

        assert [(row["工号"], row["*姓名"], row["*证件号码"]) for row in rows] == [
            ("li", "li的姓名", None),
            ("zhang", "zhang的姓名", NUMBER),
        ]
        assert "证件号码未登记" in rows[0]["备注"]
        [said] = await bench.sent(OneOffTaxSheetExported)
        assert (said.people, said.sheet, said.reason) == (1, "labour_remuneration", "2026年9月扣缴申报")
        assert (said.exported_by, NUMBER in said.model_dump_json()) == (clerk.account, False)

    async def test_holds_what_is_approved_of_the_month_alone(self, bench: Bench):
        await pays_outside(bench, paid_in="2026-08")
        await enters(bench)
        rejected = await enters(bench)
        await bench.run(one_off_payments.reject_one_off_payment, actor=clerk, payment_id=rejected.payment_id, on=ON)

        assert await exported(bench, "labour_remuneration") == []

    async def test_says_where_it_was_paid_in_another_month(self, bench: Bench):
        payment = await pays(bench)
        done: dict[str, Any] = {"payment_id": payment.payment_id, "on": date(2026, 10, 9), "reference": "1"}
        await bench.run(one_off_payments.record_one_off_payment, actor=clerk, **done)

        [row] = await exported(bench, "labour_remuneration")
        assert "实际于 2026-10-09 支付" in row["备注"]

    async def test_not_outside_the_own_area(self, bench: Bench):
        with pytest.raises(NotFound):
            await taken_out(bench, "severance", area="320104")
        assert await bench.sent(OneOffTaxSheetExported) == []
