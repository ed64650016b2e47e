"""A month's pay by the documents: what each clause comes to in fen, and who is set aside and why."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.events.payroll import PayslipIssued, PoolShared, RunCalculated
from common.policy import FiguresUnfit
from common.testing import Bench, somebody
from payroll import commands
from payroll.commands.runs import ParametersMissing
from payroll.models import Certificate, EvaluationScore, GradeStep, Parameter, Payslip, SetAside
from payroll.tests.offices import certificate_allowances, checked

WELFARE: dict[str, Any] = {"staff": "public_welfare", "area": "420103001"}
UNION: dict[str, Any] = {"staff": "union_worker", "area": "320102001"}
OPEN: dict[str, Any] = {"staff": "open_recruitment", "area": "420103001"}


class TestCommunityWorkers:
    """JL-4c, JL-4d: seven parts by grade, three from the street's pool, an allowance on top."""

    @pytest.mark.clause("JL-4c")
    async def test_a_street_shares_its_pool_by_scores(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await office.has_worker("wang", area="220102001007")
        run_id = await office.opens()
        await office.scores(run_id, li=90, wang=60)

        run = await office.calculates(run_id)

        slips = await office.slips()
        assert await office.lines(slips["li"], "earning") == {
            "base": Decimal("2800.00"),
            "performance": Decimal("1440.00"),
        }
        assert await office.lines(slips["wang"], "earning") == {
            "base": Decimal("2800.00"),
            "performance": Decimal("960.00"),
        }
        [shared] = await bench.sent(PoolShared)
        assert (shared.area, shared.total) == ("220102001", Decimal("2400.00"))
        assert shared.shares == {"li": Decimal("1440.00"), "wang": Decimal("960.00")}
        [calculated] = await bench.sent(RunCalculated)
        assert (calculated.workers, calculated.gross_total) == (2, Decimal("8000.00"))
        assert calculated.net_total == Decimal(run.net_total).scaleb(-2)

    @pytest.mark.clause("JL-4c")
    async def test_a_county_has_a_pool_for_each_street(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await office.has_worker("zhao", area="220102002001")
        run_id = await office.opens(area="220102")
        await office.scores(run_id, li=90, zhao=10)

        await office.calculates(run_id)

        assert {pool.area: pool.shares for pool in await bench.sent(PoolShared)} == {
            "220102001": {"li": Decimal("1200.00")},
            "220102002": {"zhao": Decimal("1200.00")},
        }

    async def test_the_last_evaluation_counts_where_no_score_was_entered(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await office.has_worker("wang")
        for worker_id, year, score in (("li", 2024, 10), ("li", 2025, 90), ("li", 2027, 1), ("wang", 2025, 90)):
            await bench.save(
                EvaluationScore(
                    worker_id=worker_id, year=year, area="220102001", score=Decimal(score), grade="qualified"
                )
            )
        run_id = await office.opens()
        await office.scores(run_id, wang=60)

        await office.calculates(run_id)

        [pool] = await bench.sent(PoolShared)
        assert pool.shares == {"li": Decimal("1440.00"), "wang": Decimal("960.00")}

    async def test_who_has_no_score_is_set_aside_and_brings_nothing_into_the_pool(
        self, office: Any, bench: Bench
    ) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await office.has_worker("wang")
        run_id = await office.opens()
        await office.scores(run_id, li=90)

        run = await office.calculates(run_id)

        assert (run.workers, run.set_aside) == (1, 1)
        assert await office.set_aside() == [("wang", "score_missing")]
        [pool] = await bench.sent(PoolShared)
        assert (pool.total, pool.shares) == (Decimal("1200.00"), {"li": Decimal("1200.00")})

    async def test_a_pool_where_all_scored_nothing_is_not_shared(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        run_id = await office.opens()
        await office.scores(run_id, li=0)

        await office.calculates(run_id)

        assert await office.set_aside() == [("li", "pool_without_scores")]
        assert await bench.sent(PoolShared) == []

    @pytest.mark.clause("JL-4d")
    async def test_the_highest_certificate_counts_from_its_day(self, office: Any, bench: Bench) -> None:
        await bench.save(*checked([certificate_allowances()]))
        await office.has_standard("4000.00", area="220102001")
        await office.has_worker("li")
        for level, on in (
            ("social_worker", date(2026, 3, 31)),
            ("assistant_social_worker", date(2025, 6, 1)),
            ("senior_social_worker", date(2026, 4, 1)),
        ):
            await bench.save(Certificate(worker_id="li", level=level, area="220102001", registered_on=on))
        run_id = await office.opens()
        await office.scores(run_id, li=90)

        await office.calculates(run_id, somebody(Role.FINANCE, area="220102001", subject="clerk"))

        shown = await explained(bench, "li", area="220102001")
        allowance = shown["certificate_allowance"]
        assert (allowance["amount"], allowance["label"], allowance["clause"]) == (
            "204.55",
            "社工师补贴",
            "JL-4d",
        )  # 200 for 21 weekdays, 300 for the last one

    @pytest.mark.clause("JL-4d")
    async def test_an_allowance_the_county_has_not_entered_is_not_guessed(self, office: Any, bench: Bench) -> None:
        await _holds_a_certificate(office, bench)
        run_id = await office.opens()

        with pytest.raises(ParametersMissing, match=r"table\.certificate_allowance"):
            await office.calculates(run_id)

    @pytest.mark.clause("JL-4d")
    async def test_an_allowance_under_the_lowest_stops_the_run_with_the_reason(self, office: Any, bench: Bench) -> None:
        await _holds_a_certificate(office, bench)
        low = {"assistant_social_worker": "199.99", "social_worker": "300.00", "senior_social_worker": "400.00"}
        await bench.save(*checked([certificate_allowances(low)]))
        run_id = await office.opens()

        with pytest.raises(FiguresUnfit) as stopped:
            await office.calculates(run_id)

        assert "JL-4d 不能以已录入的数值（table.certificate_allowance）执行" in stopped.value.zh
        assert "at least 200.00" in stopped.value.en
        assert (await office.the_run(run_id)).status == "open"


async def _holds_a_certificate(office: Any, bench: Bench) -> None:
    await office.has_standard("4000.00")
    await office.has_worker("li")
    await bench.save(
        Certificate(worker_id="li", level="social_worker", area="220102001", registered_on=date(2025, 6, 1))
    )


async def explained(bench: Bench, worker_id: str, *, area: str) -> dict[str, Any]:
    """The lines of a worker's slip by code, as an office reads them."""
    [slip] = [one for one in await bench.rows(Payslip) if one.worker_id == worker_id]
    answer = await bench.client(Role.FINANCE, area=area).get(f"/v1/payslips/{slip.payslip_id}")
    assert answer.status_code == 200, answer.text
    return {line["code"]: line for line in answer.json()["lines"]}


class TestStandard:
    async def test_is_that_of_the_nearest_area_and_latest_day_for_the_grade(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00", area="22")
        await office.has_standard("4100.00", area="220102")
        await office.has_standard("4200.00", area="220102", starts_on=date(2026, 3, 1))
        await office.has_standard("4300.00", area="220102", starts_on=date(2026, 3, 2))
        await office.has_standard("5000.00", area="220102", grade=2)
        for worker_id in ("li", "wang"):
            await office.has_worker(worker_id, monthly_pay=Decimal("3000.00"))
        await bench.save(
            GradeStep(consequence_id="c-1", worker_id="wang", area="220102001", starts_on=date(2026, 3, 1)),
            GradeStep(consequence_id="c-2", worker_id="wang", area="220102001", starts_on=date(2026, 4, 1)),
        )
        run_id = await office.opens()
        await office.scores(run_id, li=90, wang=90)

        await office.calculates(run_id)

        slips = await office.slips()
        assert (await office.lines(slips["li"]))["base"] == Decimal("2940.00")
        assert (await office.lines(slips["wang"]))["base"] == Decimal("3500.00")

    async def test_drafted_or_of_another_post_does_not_count(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        await office.has_standard("4000.00", post_class="head")
        await office.run(
            commands.set_pay_standard, area="2201", staff="community_worker", post_class="ordinary", grade=1,
            monthly_amount=Decimal("4000.00"), starts_on=date(2025, 1, 1), source="s",
        )  # fmt: skip
        run_id = await office.opens()
        await office.scores(run_id, li=90)

        run = await office.calculates(run_id)

        assert (run.workers, await office.set_aside()) == (0, [("li", "standard_missing")])
        [row] = await bench.rows(SetAside)
        assert "ordinary" in row.zh
        assert "grade 1" in row.en
        [calculated] = await bench.sent(RunCalculated)
        assert (calculated.set_aside, calculated.findings) == (1, {"standard_missing": 1})

    @pytest.mark.clause("JS-6b")
    async def test_agreed_pay_stands_in_and_says_so(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"), starts_on=date(2026, 3, 1))
        run_id = await office.opens(**UNION)
        await office.enters("chen", performance_pay="1200.00", overtime_pay="300.00")

        await office.calculates(run_id)

        slip = (await office.slips())["chen"]
        assert await office.lines(slip, "earning") == {
            "base": Decimal("6000.00"),
            "performance": Decimal("1200.00"),
            "overtime_pay": Decimal("300.00"),
        }
        assert "协议约定" in (await explained(bench, "chen", area="320102"))["base"]["words"]
        assert slip.contributions == 112000
        assert slip.employer_contributions == 201000
        assert slip.tax == 4140  # 3 % of 7,500 - 5,000 - 1,120 = 1,380 yuan
        assert slip.net == 633860

    @pytest.mark.clause("JH-13c")
    async def test_performance_pay_is_not_paid_where_no_clause_knows_it(self, office: Any) -> None:
        await office.has_worker("sun", **OPEN, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**OPEN)
        await office.enters("sun", performance_pay="1.00")

        await office.calculates(run_id)

        assert await office.set_aside() == [("sun", "performance_not_entered_here")]


class TestFloor:
    """JH-13b and LAW-MW: nobody is paid below the minimum wage; who would be is set aside until it is mended."""

    @pytest.mark.clause("JH-13b")
    async def test_sets_aside_until_a_new_standard_mends_it(self, office: Any, bench: Bench) -> None:
        await office.has_worker("he", **WELFARE)
        await office.has_worker("guo", **WELFARE, post_class="head")
        await office.has_standard("2399.99", area="420103", staff="public_welfare")
        await office.has_standard("3000.00", area="420103", staff="public_welfare", post_class="head")
        run_id = await office.opens(**WELFARE)

        run = await office.calculates(run_id)

        assert (run.workers, await office.set_aside()) == (1, [("he", "below_floor")])
        [row] = await bench.rows(SetAside)
        assert row.clause == "JH-13b"
        assert list(await office.slips()) == ["guo"]

        await office.has_standard("2400.00", area="420103", staff="public_welfare", starts_on=date(2026, 3, 1))
        await office.calculates(run_id)
        await office.approves(run_id)
        assert sorted(slip.worker_id for slip in await bench.sent(PayslipIssued)) == ["guo", "he"]

    @pytest.mark.clause("LAW-MW")
    @pytest.mark.parametrize(("pay", "aside"), [("2660.00", 0), ("2659.99", 1)], ids=["at the floor", "a fen below"])
    async def test_national_law_holds_in_nanjing(self, office: Any, pay: str, aside: int) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal(pay))
        run_id = await office.opens(**UNION)
        await office.enters("chen", overtime_pay="1000.00")

        assert (await office.calculates(run_id)).set_aside == aside

    @pytest.mark.clause("LAW-PAY-PART")
    async def test_for_part_of_a_month_is_that_part(self, office: Any, bench: Bench) -> None:
        await office.has_worker("he", **WELFARE, monthly_pay=Decimal("2400.00"), starts_on=date(2026, 3, 16))
        run_id = await office.opens(**WELFARE)

        assert (await office.calculates(run_id)).set_aside == 0

        slip = (await office.slips())["he"]
        assert slip.gross == 132414  # 2,400 / 21.75 x 12 weekdays
        assert "12" in (await explained(bench, "he", area="420103"))[next(iter(await office.lines(slip)))]["words"]

    async def test_what_was_entered_beyond_pay_is_set_aside(self, office: Any) -> None:
        await office.has_worker("he", **WELFARE, monthly_pay=Decimal("2400.00"), starts_on=date(2026, 3, 31))
        run_id = await office.opens(**WELFARE)
        await office.enters("he", deduction__court="200.00")

        await office.calculates(run_id)

        assert await office.set_aside() == [("he", "net_below_zero")]

    @pytest.mark.clause("JH-13b")
    @pytest.mark.parametrize(("rate", "aside"), [("24.00", 0), ("23.99", 1)], ids=["at the floor", "a fen below"])
    async def test_part_time_staff_are_held_to_the_hourly_floor(
        self, office: Any, bench: Bench, rate: str, aside: int
    ) -> None:
        day = date(2026, 3, 1)
        await bench.save(
            Parameter(
                parameter_id="rate", code="hourly.public_welfare", area="420103", starts_on=day, value=rate,
                source="test", confidence="H", status="in_force", entered_by="a", entered_on=day,
            )
        )  # fmt: skip
        await office.has_worker("he", **WELFARE, kind="labour_part_time")
        run_id = await office.opens(**WELFARE, cycle="first_half")
        await office.enters("he", cycle="first_half", hours="50.01")

        assert (await office.calculates(run_id)).set_aside == aside


class TestSetAside:
    async def test_says_how_many_people_each_finding_concerns(self, office: Any, bench: Bench) -> None:
        """No component takes the performance pay entered for Chen; Sun and Zhou have no standard; Qian is paid."""
        await office.has_worker("chen", **OPEN, monthly_pay=Decimal("6000.00"))
        await office.has_worker("qian", **OPEN, monthly_pay=Decimal("6000.00"))
        await office.has_worker("sun", **OPEN)
        await office.has_worker("zhou", **OPEN)
        run_id = await office.opens(**OPEN)
        await office.enters("chen", performance_pay="1.00")

        await office.calculates(run_id)

        [calculated] = await bench.sent(RunCalculated)
        assert (calculated.workers, calculated.set_aside) == (1, 3)
        assert calculated.findings == {"performance_not_entered_here": 1, "standard_missing": 2}
        answer = await bench.client(Role.FINANCE, area="420103").get(f"/v1/payroll-runs/{run_id}/set-aside")
        assert [one["worker_id"] for one in answer.json()["items"]] == ["chen", "sun", "zhou"]

    async def test_names_everybody_page_by_page(self, office: Any, bench: Bench) -> None:
        for number in range(3):
            await office.has_worker(f"worker-{number}")
        run_id = await office.opens()
        await office.scores(run_id, **{f"worker-{number}": 80 for number in range(3)})
        await office.calculates(run_id)
        client, path = bench.client(Role.FINANCE, area="220102"), f"/v1/payroll-runs/{run_id}/set-aside"

        first = (await client.get(path, params={"limit": 2})).json()
        rest = (await client.get(path, params={"limit": 2, "cursor": first["next"]})).json()

        assert [one["worker_id"] for one in (*first["items"], *rest["items"])] == ["worker-0", "worker-1", "worker-2"]
        assert rest["next"] is None

    async def test_tells_an_office_to_set_the_standard_that_is_missing(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        run_id = await office.opens()
        await office.scores(run_id, li=80)
        await office.calculates(run_id)

        [row] = await bench.rows(SetAside)

        assert row.zh.endswith("请由本级或上级机构设定，并由另一人批准")
        assert row.en.endswith("set one here or in an area above, and have somebody else approve it")


class TestCalculation:
    async def test_gives_equal_slips_when_done_again(self, office: Any, bench: Bench) -> None:
        await office.has_standard("3333.33")
        for worker_id in ("li", "wang", "zhao"):
            await office.has_worker(worker_id)
        run_id = await office.opens()
        await office.scores(run_id, li=70, wang=70, zhao=70)

        async def slips() -> list[Any]:
            return [
                (worker_id, slip.gross, slip.tax, slip.net, await office.lines(slip))
                for worker_id, slip in sorted((await office.slips()).items())
            ]

        await office.calculates(run_id)
        first = await slips()
        await office.calculates(run_id)

        assert await slips() == first
        assert sum(one[1] for one in first) == 999999

    async def test_each_line_names_its_clause_and_figures(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("8000.00"), starts_on=date(2026, 3, 1))
        run_id = await office.opens(**UNION)

        await office.calculates(run_id)

        lines = await explained(bench, "chen", area="320102")
        assert {line["clause"] for line in lines.values()} == {"JS-6b", "LAW-SI-3201", "LAW-IIT"}
        assert all(line["words"] for line in lines.values())
        assert lines["pension_worker"]["parameters"]
