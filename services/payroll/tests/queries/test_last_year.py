"""LAW-IIT-BASIC: who was paid here in all months of last year, 60,000 yuan at the most, has this one's at once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from common.policy import Policies, load_policies
from common.settings import ROOT
from payroll.models import PayrollRun, TaxCard
from payroll.tests.queries.conftest import EMPLOYER, PLACE, Street, figures, words

MONTHS = [f"2025-{number:02}" for number in range(1, 13)]
AT_THE_LIMIT = 500_000  # fen a month


async def was_paid_last_year(street: Street, gross: int = AT_THE_LIMIT, **changes: Any) -> list[str]:
    return [await street.was_paid(month, {"li": {}}, gross=gross, **changes) for month in MONTHS]


async def mode(street: Street, month: str = "2026-01", **others: Any) -> tuple[list[str | None], list[int | None]]:
    year = (await street.loads(month, **others)).batch.year
    return words(year.mode), figures(year.income_last_year)


BY_MONTHS: tuple[list[str | None], list[int | None]] = (["employment_months"], [None])
AT_ONCE: tuple[list[str | None], list[int | None]] = (["annual_60000"], [6_000_000])


@pytest.fixture(autouse=True)
async def li(street: Street) -> None:
    await street.has("li")


@pytest.mark.clause("LAW-IIT-BASIC")
class TestWholeLastYear:
    async def test_of_sixty_thousand_is_enough(self, street: Street) -> None:
        await was_paid_last_year(street)

        assert await mode(street) == AT_ONCE
        assert await mode(street, "2026-03") == AT_ONCE

    async def test_of_a_fen_more_is_not(self, street: Street) -> None:
        await was_paid_last_year(street)
        await street.was_paid("2024-11", {"li": {}}, paid_in="2025-12", gross=1)

        assert await mode(street) == BY_MONTHS

    async def test_counts_all_wages_before_any_deduction(self, street: Street) -> None:
        """An annual bonus taxed apart and exempt pay stand in the gross pay of their slips and nowhere else."""
        await was_paid_last_year(street, gross=AT_THE_LIMIT + 1, income=1, exempt=499_999, bonus=499_999)

        assert await mode(street) == BY_MONTHS

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"paid_in": "2025-11"}, id="in eleven months, twice in one"),
            pytest.param({"paid_in": "2026-01"}, id="in eleven months and the next year"),
            pytest.param({"employer": "another"}, id="in one month by another"),
            pytest.param({"status": "reviewed"}, id="in one month by a run not sealed"),
        ],
    )
    async def test_is_twelve_months_of_payment_by_this_employer(self, street: Street, changes: dict[str, Any]) -> None:
        for month in MONTHS[:-1]:
            await street.was_paid(month, {"li": {}}, gross=100)
        await street.was_paid("2025-12", {"li": {}}, gross=100, **changes)

        assert (await mode(street, "2026-02"))[0] == ["employment_months"]

    async def test_is_that_of_the_slip_s_own_employer(self, street: Street) -> None:
        await was_paid_last_year(street, employer="another")

        assert await mode(street) == BY_MONTHS

    async def test_half_months_make_one_month_of_payment(self, street: Street) -> None:
        for month in MONTHS:
            for cycle in ("first_half", "second_half"):
                await street.was_paid(month, {"li": {}}, cycle=cycle, gross=AT_THE_LIMIT // 2)

        assert await mode(street) == AT_ONCE

    async def test_is_the_year_before_the_one_of_payment(self, street: Street) -> None:
        """December, paid in January, goes by the new year's mode."""
        for month, paid_in in zip(["2024-12", *MONTHS[:-1]], MONTHS, strict=True):
            await street.was_paid(month, {"li": {}}, paid_in=paid_in, gross=AT_THE_LIMIT)

        assert await mode(street, "2025-12", paid_in="2026-01") == AT_ONCE
        assert await mode(street, "2026-12", paid_in="2027-01") == BY_MONTHS

    async def test_sealed_after_the_first_pay_of_the_year_comes_too_late(self, street: Street) -> None:
        """The mode stays for the year: what January went by is what December goes by."""
        runs = await was_paid_last_year(street, gross=100)
        january = await street.was_paid("2026-01", {"li": {}}, gross=100)
        await _approved(street, january, datetime(2026, 1, 20, tzinfo=UTC))
        for run_id in runs:
            await _approved(street, run_id, datetime(2025, 12, 20, tzinfo=UTC))
        assert (await mode(street, "2026-02"))[0] == ["annual_60000"]

        await _approved(street, runs[-1], datetime(2026, 1, 21, tzinfo=UTC))
        assert await mode(street, "2026-02") == BY_MONTHS

        await _approved(street, runs[-1], datetime(2025, 12, 20, tzinfo=UTC))
        late = await street.was_paid("2024-12", {"li": {}}, paid_in="2025-12", gross=6_000_000)
        await _approved(street, late, datetime(2026, 1, 21, tzinfo=UTC))
        assert (await mode(street, "2026-02"))[0] == ["annual_60000"]


async def _approved(street: Street, run_id: str, at: datetime) -> None:
    async with street.bench.session() as session, session.begin():
        await session.execute(update(PayrollRun).where(PayrollRun.run_id == run_id).values(approved_at=at))


class TestTheCard:
    """Goes first where it says something of the mode."""

    @pytest.mark.parametrize(
        ("said", "found"),
        [
            pytest.param("employment_months", BY_MONTHS, id="by months, as was agreed"),
            pytest.param("first_job_of_year", (["first_job_of_year"], [None]), id="another mode"),
            pytest.param("annual_60000", (["annual_60000"], [None]), id="the same, by evidence of its own"),
            pytest.param(None, AT_ONCE, id="not where it speaks of a bonus alone"),
        ],
    )
    async def test_before_last_year_s_slips(self, street: Street, said: str | None, found: Any) -> None:
        await was_paid_last_year(street)
        card = {"worker_id": "li", "organisation_id": EMPLOYER, "year": 2026, "area": PLACE, "mode": said}
        await street.bench.save(TaxCard(**card, bonus_way="merged", evidence="e", set_by="c"))

        assert await mode(street) == found


class TestTheTerms:
    """Of 1 January of the tax year, as the policy files have them."""

    @pytest.fixture
    def policies(self, tmp_path: Path) -> Policies:
        """The limit rises to 70,000 in July 2026 and ends with 2027."""
        for file in (ROOT / "policies").glob("*.yaml"):
            tmp_path.joinpath(file.name).write_bytes(file.read_bytes())
        law = tmp_path / "law-tax.yaml"
        limit = '          - {from: 2021-01-01, value: "60000.00", by: "国家税务总局公告2020年第19号", confidence: M}\n'
        text = law.read_text("utf-8")
        assert limit in text
        raised = limit.replace("2021-01-01", "2026-07-01").replace("60000.00", "70000.00")
        ended = limit.replace("2021-01-01", "2028-01-01").replace('"60000.00"', "null")
        law.write_text(text.replace(limit, limit + raised + ended), "utf-8")
        return load_policies(tmp_path)

    @pytest.mark.parametrize(
        ("year", "found"),
        [
            pytest.param(2026, "employment_months", id="not what begins within the year"),
            pytest.param(2027, "annual_60000", id="what was in force on its first day"),
            pytest.param(2028, "employment_months", id="not what has ended"),
        ],
    )
    async def test_hold_for_the_year(self, street: Street, policies: Policies, year: int, found: str) -> None:
        for number in range(1, 13):
            await street.was_paid(f"{year - 1}-{number:02}", {"li": {}}, gross=583_333)
        paid_in = f"{year}-08"

        assert (await mode(street, "2026-08", paid_in=paid_in, policies=policies))[0] == [found]

    async def test_stand_in_the_snapshot(self, street: Street) -> None:
        batch = (await street.loads("2026-08")).batch

        assert batch.tax_answers["tax.basic_mode"].clause == "LAW-IIT-BASIC"
