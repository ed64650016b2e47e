from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import WrongState
from common.events.payroll import PayslipIssued, PoolShared, RunBlocked, RunCalculated
from common.policy import NoClause, NotChosen
from common.testing import Bench, somebody
from payroll import commands
from payroll.models import Certificate, EvaluationScore, GradeStep, PayrollRun, Payslip

ALLOWANCES = {"assistant_social_worker": 200, "social_worker": 300, "senior_social_worker": 400}
WELFARE: dict[str, Any] = {"staff": "public_welfare", "area": "420103001"}
UNION: dict[str, Any] = {"staff": "union_worker", "area": "320102001"}


def lines(slip: Payslip, kind: str | None = None) -> dict[str, Decimal]:
    return {line["code"]: Decimal(line["amount"]) for line in slip.lines if kind in (None, line["kind"])}


def codes(run: PayrollRun) -> list[tuple[str, str]]:
    return [(finding["worker_id"], finding["code"]) for finding in run.findings]


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

        li, wang = sorted(await bench.rows(Payslip), key=lambda slip: slip.worker_id)
        assert lines(li, "earning") == {"base": Decimal("2800.00"), "performance": Decimal("1440.00")}
        assert lines(wang, "earning") == {"base": Decimal("2800.00"), "performance": Decimal("960.00")}
        assert await bench.sent(PoolShared, RunCalculated) == [
            PoolShared(
                run_id=run_id,
                area="220102001",
                month="2026-03",
                total=Decimal("2400.00"),
                shares={"li": Decimal("1440.00"), "wang": Decimal("960.00")},
            ),
            RunCalculated(
                run_id=run_id,
                area="220102001",
                month="2026-03",
                workers=2,
                gross_total=Decimal("8000.00"),
                net_total=run.net_total,
            ),
        ]

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
            await bench.save(EvaluationScore(worker_id=worker_id, year=year, area="220102001", score=Decimal(score)))
        run_id = await office.opens()
        await office.scores(run_id, wang=60)

        await office.calculates(run_id)

        [pool] = await bench.sent(PoolShared)
        assert pool.shares == {"li": Decimal("1440.00"), "wang": Decimal("960.00")}

    async def test_a_missing_score_stops_the_pool_and_names_the_worker(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await office.has_worker("wang")
        run_id = await office.opens()
        await office.scores(run_id, li=90)

        run = await office.calculates(run_id)

        assert (run.status, codes(run)) == ("blocked", [("wang", "score_missing")])
        assert await bench.sent(PoolShared) == []

    async def test_a_pool_where_all_scored_nothing_is_not_shared(self, office: Any) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        run_id = await office.opens()
        await office.scores(run_id, li=0)

        assert codes(await office.calculates(run_id)) == [("li", "pool_without_scores")]

    @pytest.mark.clause("JL-4d")
    async def test_the_highest_certificate_counts_from_its_month(self, office: Any, bench: Bench) -> None:
        await bench.choose("JL-4d", "amounts", ALLOWANCES, area="220102", starts_on=date(2025, 1, 1))
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

        [slip] = await bench.rows(Payslip)
        allowance = next(line for line in slip.lines if line["code"] == "certificate_allowance")
        assert (allowance["amount"], allowance["label"], allowance["clause"]) == ("300.00", "社工师补贴", "JL-4d")

    @pytest.mark.clause("JL-4d")
    async def test_an_allowance_the_county_has_not_chosen_is_not_guessed(self, office: Any, bench: Bench) -> None:
        await office.has_standard("4000.00")
        await office.has_worker("li")
        await bench.save(
            Certificate(worker_id="li", level="social_worker", area="220102001", registered_on=date(2025, 6, 1))
        )
        run_id = await office.opens()

        with pytest.raises(NotChosen):
            await office.calculates(run_id)


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

        li, wang = sorted(await bench.rows(Payslip), key=lambda slip: slip.worker_id)
        assert lines(li)["base"] == Decimal("2940.00")
        assert lines(wang)["base"] == Decimal("3500.00")

    async def test_drafted_or_of_another_post_does_not_count(self, office: Any, bench: Bench) -> None:
        await office.has_worker("li")
        await office.has_standard("4000.00", post_class="head")
        await office.run(
            commands.set_pay_standard, area="2201", staff="community_worker", post_class="ordinary", grade=1,
            monthly_amount=Decimal("4000.00"), starts_on=date(2025, 1, 1),
        )  # fmt: skip
        run_id = await office.opens()

        run = await office.calculates(run_id)

        assert (run.status, codes(run)) == ("blocked", [("li", "standard_missing")])
        assert "ordinary" in run.findings[0]["zh"]
        assert "grade 1" in run.findings[0]["en"]
        [blocked] = await bench.sent(RunBlocked)
        assert (blocked.blocked_workers, blocked.findings) == (1, {"standard_missing": 1})
        assert blocked.worker_ids == ["li"]

    @pytest.mark.clause("JS-6b")
    async def test_agreed_pay_stands_in_and_says_so(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"), starts_on=date(2026, 3, 1))
        run_id = await office.opens(**UNION)
        await office.run(
            commands.enter_performance,
            run_id=run_id,
            worker_id="chen",
            performance_pay=Decimal("1200.00"),
            overtime_pay=Decimal("300.00"),
        )

        await office.calculates(run_id)

        [slip] = await bench.rows(Payslip)
        assert lines(slip, "earning") == {
            "base": Decimal("6000.00"),
            "performance": Decimal("1200.00"),
            "overtime_pay": Decimal("300.00"),
        }
        assert "协议约定工资" in slip.lines[0]["formula"]
        assert slip.contributions == Decimal("1120.00")
        assert slip.employer_contributions == Decimal("2010.00")
        assert slip.tax == Decimal("41.40")  # 3 % of 7,500 - 5,000 - 1,120 = 1,380
        assert slip.net == Decimal("6338.60")

    @pytest.mark.clause("JH-13c")
    async def test_performance_pay_is_not_paid_where_no_clause_knows_it(self, office: Any) -> None:
        place = {"staff": "open_recruitment", "area": "420103001"}
        await office.has_worker("sun", **place, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**place)
        await office.run(commands.enter_performance, run_id=run_id, worker_id="sun", performance_pay=Decimal("1.00"))

        assert codes(await office.calculates(run_id)) == [("sun", "performance_not_entered_here")]


class TestFloor:
    """JH-13b and LAW-MW: below the minimum wage nobody of the run is paid, until it is mended."""

    @pytest.mark.clause("JH-13b")
    async def test_blocks_the_run_until_a_new_standard_mends_it(self, office: Any, bench: Bench) -> None:
        await office.has_worker("he", **WELFARE)
        await office.has_worker("guo", **WELFARE, post_class="head")
        await office.has_standard("2399.99", area="420103", staff="public_welfare")
        await office.has_standard("3000.00", area="420103", staff="public_welfare", post_class="head")
        run_id = await office.opens(**WELFARE)

        run = await office.calculates(run_id)

        assert (run.status, codes(run)) == ("blocked", [("he", "below_floor")])
        assert run.findings[0]["clause"] == "JH-13b"
        assert await bench.rows(Payslip) == []
        [refusal] = await bench.decisions("pay.meets_floor")
        assert (refusal.subject, refusal.permits, refusal.decision_id) == ("he", False, run.findings[0]["decision_id"])
        assert [decision.rule for decision in await bench.decisions()] == ["pay.meets_floor"]
        with pytest.raises(WrongState):
            await office.approves(run_id)

        await office.has_standard("2400.00", area="420103", staff="public_welfare", starts_on=date(2026, 3, 1))
        assert (await office.calculates(run_id)).status == "calculated"
        await office.approves(run_id)
        assert sorted(slip.worker_id for slip in await bench.sent(PayslipIssued)) == ["guo", "he"]

    @pytest.mark.clause("LAW-MW")
    @pytest.mark.parametrize(("pay", "status"), [("2660.00", "calculated"), ("2659.99", "blocked")])
    async def test_national_law_holds_in_nanjing(self, office: Any, pay: str, status: str) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal(pay))
        run_id = await office.opens(**UNION)
        await office.run(commands.enter_performance, run_id=run_id, worker_id="chen", overtime_pay=Decimal("1000.00"))

        assert (await office.calculates(run_id)).status == status

    @pytest.mark.clause("LAW-PAY-PART")
    async def test_for_part_of_a_month_is_that_part(self, office: Any, bench: Bench) -> None:
        await office.has_worker("he", **WELFARE, monthly_pay=Decimal("2400.00"), starts_on=date(2026, 3, 16))
        run_id = await office.opens(**WELFARE)

        assert (await office.calculates(run_id)).status == "calculated"

        [slip] = await bench.rows(Payslip)
        assert slip.gross == Decimal("1324.14")  # 2,400 / 21.75 x 12 weekdays
        assert "LAW-PAY-PART" in slip.lines[0]["formula"]

    async def test_net_pay_below_nothing_blocks(self, office: Any) -> None:
        await office.has_worker("he", **WELFARE, monthly_pay=Decimal("2400.00"), starts_on=date(2026, 3, 31))
        run_id = await office.opens(**WELFARE)

        assert codes(await office.calculates(run_id)) == [("he", "net_below_zero")]

    @pytest.mark.clause("JH-13b")
    async def test_part_time_staff_are_held_to_the_hourly_floor(self, office: Any, bench: Bench) -> None:
        await office.has_worker("he", **WELFARE, monthly_pay=Decimal("1200.00"))
        run_id = await office.opens(**WELFARE)
        for hours, status in ((Decimal("50"), "calculated"), (Decimal("50.01"), "blocked")):
            await office.run(commands.enter_performance, run_id=run_id, worker_id="he", hours=hours)

            assert (await office.calculates(run_id)).status == status


class TestBlockedRun:
    async def test_says_how_many_workers_each_finding_concerns(self, office: Any, bench: Bench) -> None:
        """No component takes the performance pay entered for Chen; Sun and Zhou have no standard."""
        place = {"staff": "open_recruitment", "area": "420103001"}
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        await office.has_worker("sun", **place)
        await office.has_worker("zhou", **place)
        run_id = await office.opens(**place)
        await office.run(commands.enter_performance, run_id=run_id, worker_id="chen", performance_pay=Decimal("1.00"))

        await office.calculates(run_id)

        assert await bench.sent(RunBlocked) == [
            RunBlocked(
                run_id=run_id,
                area="420103001",
                month="2026-03",
                blocked_workers=3,
                findings={"performance_not_entered_here": 1, "standard_missing": 2},
                worker_ids=["chen", "sun", "zhou"],
            )
        ]

    async def test_names_two_hundred_in_its_event_and_everybody_in_its_answer(self, office: Any, bench: Bench) -> None:
        for number in range(201):
            await office.has_worker(f"worker-{number:03}")
        run_id = await office.opens()

        run = await office.calculates(run_id)

        [blocked] = await bench.sent(RunBlocked)
        assert (blocked.blocked_workers, blocked.findings) == (201, {"standard_missing": 201})
        assert blocked.worker_ids == [f"worker-{number:03}" for number in range(200)]
        assert len(run.findings) == 201

    async def test_tells_an_office_to_set_the_standard_that_is_missing(self, office: Any) -> None:
        await office.has_worker("li")

        [finding] = (await office.calculates(await office.opens())).findings

        assert finding["zh"].endswith("请由本级或上级机构设定，并由另一人批准")
        assert finding["en"].endswith("set one here or in an area above, and have somebody else approve it")


class TestCalculation:
    async def test_gives_equal_slips_when_done_again(self, office: Any, bench: Bench) -> None:
        await office.has_standard("3333.33")
        for worker_id in ("li", "wang", "zhao"):
            await office.has_worker(worker_id)
        run_id = await office.opens()
        await office.scores(run_id, li=70, wang=70, zhao=70)

        async def slips() -> list[Any]:
            rows = sorted(await bench.rows(Payslip), key=lambda slip: slip.worker_id)
            return [(slip.worker_id, slip.gross, slip.tax, slip.net, lines(slip)) for slip in rows]

        await office.calculates(run_id)
        first = await slips()
        await office.calculates(run_id)

        assert await slips() == first
        assert sum(one[1] for one in first) == Decimal("9999.99")

    async def test_each_line_names_its_decision(self, office: Any, bench: Bench) -> None:
        await office.has_worker("chen", **UNION, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**UNION)

        await office.calculates(run_id)

        [slip] = await bench.rows(Payslip)
        kept = {decision.decision_id: decision for decision in await bench.decisions()}
        for line in slip.lines:
            decision = kept[line["decision_id"]]
            assert (decision.clause, decision.subject) == (line["clause"], "chen")
        assert {line["clause"] for line in slip.lines} == {"JS-6b", "LAW-SI-3201", "LAW-IIT"}

    @pytest.mark.parametrize(
        ("place", "rule"),
        [
            pytest.param({"staff": "union_worker", "area": "320602001"}, "contributions.amounts", id="contributions"),
            pytest.param({"staff": "union_worker", "area": "330602001"}, "pay.composition", id="the make-up of pay"),
        ],
    )
    async def test_stops_where_no_document_rules_on(
        self, office: Any, bench: Bench, place: dict[str, Any], rule: str
    ) -> None:
        await office.has_worker("chen", **place, monthly_pay=Decimal("6000.00"))
        run_id = await office.opens(**place)

        with pytest.raises(NoClause) as stopped:
            await office.calculates(run_id)

        assert stopped.value.rule == rule
        assert [run.status for run in await bench.rows(PayrollRun)] == ["open"]
