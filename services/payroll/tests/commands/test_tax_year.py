"""From entries to slips: what a tax year's deductions come to, whatever is paid late, twice or all at once."""

from decimal import Decimal
from typing import Any

import pytest

from payroll import queries
from payroll.commands import entries, tax_cards
from payroll.models import PayrollBatch
from payroll.queries.files import SlipsOf, explained_lines, reported_in_year, run_of_slips
from payroll.queries.payslips import opened

UNION: dict[str, Any] = {"staff": "union_worker", "area": "320102001"}
EMPLOYER = "community-320102001"


@pytest.fixture(autouse=True)
async def chen(office: Any) -> None:
    await office.has_worker("chen", **UNION, monthly_pay=Decimal("10000.00"))


async def stands(office: Any, code: str, amount: str, since: str = "2025-01") -> None:
    values = {"code": code, "from_month": since, "amount": int(Decimal(amount).scaleb(2))}
    await office.run(entries.enter_standing, worker_id="chen", **values)


async def additional(office: Any, month: str, **changes: Any) -> int:
    run_id = await office.pays(month, **(UNION | changes))
    slip = (await office.slips(run_id))["chen"]
    assert (await _recomputed(office, run_id)) == slip.additional
    return int(slip.additional)


async def _recomputed(office: Any, run_id: str) -> int:
    [batch] = [one for one in await office.bench.rows(PayrollBatch) if one.run_id == run_id]
    _, results = queries.recompute(batch.snapshot or b"")
    assert results.root == batch.root
    return int(results.columns["additional"][0])


class TestDeductions:
    """LAW-IIT: one month of payment is one month's deductions."""

    @pytest.mark.clause("LAW-IIT")
    async def test_december_and_january_paid_in_january_count_one_month(self, office: Any) -> None:
        await stands(office, "additional.infant_care", "2000.00")

        assert await additional(office, "2025-12", paid_in="2026-01") == 200_000
        assert await additional(office, "2026-01") == 0
        assert await additional(office, "2026-02") == 200_000

    async def test_less_reported_for_january_takes_back_what_december_s_pay_had_too_much(self, office: Any) -> None:
        await office.enters("chen", "2025-12", additional="3000.00")
        await office.enters("chen", "2026-01", additional="1000.00")

        assert await additional(office, "2025-12", paid_in="2026-01") == 300_000
        assert await additional(office, "2026-01") == -200_000

    async def test_the_tax_sheet_says_what_tax_went_by(self, office: Any) -> None:
        await stands(office, "additional.infant_care", "2000.00")
        await office.enters("chen", "2026-02", other__personal_pension="1000.00")
        for month, paid_in in (("2025-12", "2026-01"), ("2026-01", "2026-01"), ("2026-02", "2026-02")):
            run_id = await office.pays(month, **UNION, paid_in=paid_in)
        await office.run(
            entries.enter_standing, worker_id="chen", code="additional.infant_care", from_month="2026-03", amount=1
        )

        run = await office.the_run(run_id)
        async with office.bench.session() as session:
            reported = await reported_in_year(session, SlipsOf(run.run_id))

        assert reported == {("chen", EMPLOYER): {"additional.infant_care": 400_000, "other.personal_pension": 100_000}}


class TestTheWholeYearAtOnce:
    """LAW-IIT-BASIC: without an application, from the sealed slips of the year before."""

    @pytest.fixture(autouse=True)
    async def paid_last_year(self, office: Any) -> None:
        await office.has_worker("li", **UNION, monthly_pay=Decimal("5000.00"))
        await office.has_worker("wang", **UNION, monthly_pay=Decimal("5000.01"))
        for number in range(1, 13):
            await office.pays(f"2025-{number:02}", **UNION)

    @pytest.mark.clause("LAW-IIT-BASIC")
    async def test_from_january_on_and_the_words_say_why(self, office: Any) -> None:
        run_id = await office.pays("2026-01", **UNION)
        async with office.bench.session() as session:
            slips = await run_of_slips(session, run=await office.the_run(run_id), wanted=SlipsOf(run_id))
            lines = await explained_lines(session, slips.slips)
        [batch] = [one for one in await office.bench.rows(PayrollBatch) if one.run_id == run_id]
        columns = opened(batch.snapshot)

        modes = [columns.year.mode.words[code] for code in columns.year.mode.codes]
        assert modes == ["employment_months", "annual_60000", "employment_months"]
        assert columns.year.income_last_year.tolist()[1] == 6_000_000
        by_worker = {slip.worker_id: lines[slip.payslip_id] for slip in slips.slips}
        assert [line.code for line in by_worker["li"] if line.code == "tax"] == []
        words = [line for line in by_worker["chen"] if line.code == "tax"]
        assert "按在本单位任职月数，1个月" in words[0].words_zh

    async def test_with_enough_pay_to_bear_tax(self, office: Any) -> None:
        await office.enters("li", "2026-01", overtime_pay="62000.00")
        run_id = await office.pays("2026-01", **UNION)
        async with office.bench.session() as session:
            slips = await run_of_slips(session, run=await office.the_run(run_id), wanted=SlipsOf(run_id))
            lines = await explained_lines(session, slips.slips)

        [slip] = [one for one in slips.slips if one.worker_id == "li"]
        [tax] = [line for line in lines[slip.payslip_id] if line.code == "tax"]
        assert tax.inputs["basic"] == "60000.00"
        assert tax.inputs["income_last_year"] == "60000.00"
        assert (
            "从一月起按全年一次扣足：上年各月均由本单位发放，工资合计60000.00元，不超过60000.00元，LAW-IIT-BASIC"
            in tax.words_zh
        )

    async def test_a_card_of_the_year_must_agree_once_something_was_withheld(self, office: Any) -> None:
        given: dict[str, Any] = {
            "worker_id": "li", "organisation_id": EMPLOYER, "year": 2026, "paid_before_this_year": True,
            "whole_last_year_here": False, "income_last_year": Decimal(0), "evidence": "e", "opening": {},
            "on": None,
        }  # fmt: skip
        await office.pays("2026-01", **UNION)

        with pytest.raises(tax_cards.ModeFixed):
            await office.run(tax_cards.set_tax_card, **given, ordinary_agreed=True)
        card = await office.run(tax_cards.set_tax_card, **given, ordinary_agreed=False)

        assert card.mode == "annual_60000"


class TestDuesOfAMonthPaidLate:
    """LAW-TU-01: a member set aside in a month pays its dues with its pay; they lower no tax."""

    @pytest.mark.clause("LAW-TU-01")
    async def test_are_taken_with_the_difference(self, office: Any) -> None:
        await office.has_standard("4000.00")
        for worker_id in ("li", "wang"):
            await office.has_worker(worker_id)
            await office.run(
                entries.enter_standing, worker_id=worker_id, code="union_member", from_month="2026-01", amount=100
            )
        for month in ("2026-01", "2026-02"):
            await office.enters("wang", month, score="90")
        await office.pays("2026-01")
        await office.ages()
        for month in ("2026-01", "2026-02"):
            await office.enters("li", month, score="90")

        slip = (await office.slips(february := await office.pays("2026-02")))["li"]
        await office.ages()
        await office.enters("li", "2026-01", overtime_pay="100.00")
        await office.enters("li", "2026-03", score="90")
        march = (await office.slips(await office.pays("2026-03")))["li"]

        lines = await office.lines(slip)
        wang = await office.lines((await office.slips(february))["wang"])
        assert lines["union_dues@2026-01"] == lines["union_dues"] == wang["union_dues"] > 0
        own = sum(amount for code, amount in lines.items() if "_worker" in code)
        assert Decimal(slip.special).scaleb(-2) == Decimal(slip.contributions).scaleb(-2) == own
        off = own + lines["union_dues@2026-01"] + lines["union_dues"] + lines.get("tax", 0)
        assert Decimal(slip.net).scaleb(-2) == Decimal(slip.gross).scaleb(-2) - off
        assert "union_dues@2026-01" not in await office.lines(march)
