import asyncio
from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.errors import Refused, SamePerson
from common.events.contracts import ExitCaseDismissed, ExitCaseOpened, ExitHearingHeld, WorkerLeft
from common.testing import Bench, somebody
from contracts.commands.exit_cases import (
    DayTooEarly,
    ExitCaseAlreadyOpen,
    LeavingDayMissing,
    LeavingDayNotForeseen,
)
from contracts.models import Agreement, Engagement, ExitCase, ExitCaseNotInState, WorkerHasLeft, YearlyGrade
from contracts.queries import ExitCaseNotFound

HIRED = date(2021, 12, 1)
TERM_END = date(2026, 12, 1)
OPENED = date(2024, 3, 1)
HEARD = date(2024, 3, 8)
DECIDED = date(2024, 3, 15)
LEFT = date(2024, 4, 15)


def found_in(refused: Refused) -> list[str]:
    (decision,) = refused.decisions
    outcome = decision.outcome
    findings = outcome if isinstance(outcome, list) else outcome["findings"]
    return [finding["code"] for finding in findings]


class TestOpenExitCase:
    @pytest.mark.clause("JL-10")
    async def test_refuses_after_one_failed_year_and_keeps_the_refusal(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)
        await jilin.grade(y2022=True, y2023=False)

        with pytest.raises(Refused):
            await jilin.open_exit("failed_evaluations", on=OPENED)

        assert await bench.rows(ExitCase) == []
        assert await bench.sent() == []
        (kept,) = await bench.decisions()
        assert (kept.rule, kept.clause, kept.outcome) == ("exit.failed_evaluations", "JL-10", False)
        assert kept.facts == {"evaluated_years": [2022, 2023], "failed_years": [2023]}

    @pytest.mark.clause("JL-10")
    async def test_opens_after_two_years_running(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)
        await jilin.grade(y2022=False, y2023=False)

        case = await jilin.open_exit("failed_evaluations", on=OPENED)

        assert (case.clause, case.status) == ("JL-10", "opened")
        (said,) = await bench.sent(ExitCaseOpened)
        assert said == ExitCaseOpened(
            case_id=case.case_id,
            worker_id="worker-1",
            area="220102001002",
            ground="failed_evaluations",
            clause="JL-10",
            opened_on=OPENED,
        )

    @pytest.mark.parametrize(
        ("desk", "clause", "opens"),
        [
            pytest.param("jilin", "JL-10", True, id="opens in Jilin", marks=pytest.mark.clause("JL-10")),
            pytest.param("jiangsu", "JS-8e", False, id="does not in Jiangsu", marks=pytest.mark.clause("JS-8e")),
        ],
    )
    async def test_three_failed_years_apart(
        self, request: pytest.FixtureRequest, bench: Bench, desk: str, clause: str, opens: bool
    ) -> None:
        office = request.getfixturevalue(desk)
        await office.hire(on=date(2019, 1, 1))
        await office.grade(y2019=False, y2020=True, y2021=False, y2022=True, y2023=False)

        try:
            await office.open_exit("failed_evaluations", on=OPENED, legal_ground="R-40-2")
        except Refused:
            assert not opens

        (kept,) = await bench.decisions("exit.failed_evaluations")
        assert (kept.clause, kept.outcome) == (clause, opens)

    @pytest.mark.clause("JL-10")
    async def test_evidence_stays_out_of_decisions_and_events(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)

        await jilin.open_exit("breach_of_rules", on=OPENED, evidence="张三，电话13900000000")

        told = [one.model_dump_json() for one in (*await bench.sent(), *await bench.decisions())]
        assert not any("张三" in one or "13900000000" in one for one in told)

    @pytest.mark.clause("LAW-LCL-40")
    async def test_a_labour_contract_ends_on_a_legal_ground_that_fits(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=HIRED)
        await jiangsu.grade(y2022=False, y2023=False)

        case = await jiangsu.open_exit("failed_evaluations", on=OPENED, legal_ground="R-40-2")

        assert (case.clause, case.legal_ground) == ("JS-8e", "R-40-2")
        (kept,) = await bench.decisions("exit.legal_ground")
        assert (kept.clause, kept.permits) == ("LAW-LCL-40", True)

    @pytest.mark.parametrize(
        ("legal_ground", "clause", "found"),
        [
            pytest.param(
                None, "LAW-LCL-39", "legal_ground_missing", id="none named", marks=pytest.mark.clause("LAW-LCL-39")
            ),
            pytest.param(
                "R-40-3",
                "LAW-LCL-40",
                "legal_ground_does_not_fit",
                id="one of another kind",
                marks=pytest.mark.clause("LAW-LCL-40"),
            ),
        ],
    )
    async def test_a_labour_contract_does_not_end_without_one(
        self, jiangsu: Any, bench: Bench, legal_ground: str | None, clause: str, found: str
    ) -> None:
        await jiangsu.hire(on=HIRED)
        await jiangsu.grade(y2022=False, y2023=False)

        with pytest.raises(Refused) as refused:
            await jiangsu.open_exit("failed_evaluations", on=OPENED, legal_ground=legal_ground)

        assert found_in(refused.value) == [found]
        assert [(one.rule, one.clause) for one in await bench.decisions()] == [("exit.legal_ground", clause)]

    @pytest.mark.clause("JS-8e", "LAW-LCL-43")
    @pytest.mark.parametrize(
        ("desk", "ground", "clause"),
        [("jiangsu", "not_able", "JS-8e"), ("jianghan", "failed_evaluations", "LAW-LCL-43")],
    )
    async def test_refuses_a_ground_that_is_not_foreseen(
        self, request: pytest.FixtureRequest, bench: Bench, desk: str, ground: str, clause: str
    ) -> None:
        office = request.getfixturevalue(desk)
        await office.hire(on=HIRED)

        with pytest.raises(Refused) as refused:
            await office.open_exit(ground, on=OPENED, legal_ground="R-40-2")

        assert (found_in(refused.value), refused.value.decisions[0].clause) == (["ground_not_foreseen"], clause)
        assert await bench.rows(ExitCase) == []

    @pytest.mark.clause("JL-10")
    async def test_a_committee_head_leaves_by_statutory_procedure_first(self, jilin: Any) -> None:
        await jilin.hire(on=HIRED, post_class="head")
        for done in (None, date(2024, 3, 2)):
            with pytest.raises(Refused) as refused:
                await jilin.open_exit("breach_of_rules", on=OPENED, statutory_procedure_on=done)
            assert found_in(refused.value) == ["statutory_procedure_first"]

        case = await jilin.open_exit("breach_of_rules", on=OPENED, statutory_procedure_on=OPENED)

        assert case.status == "opened"

    async def test_there_is_one_open_case_at_a_time(self, jilin: Any) -> None:
        await jilin.hire(on=HIRED)
        case = await jilin.open_exit("breach_of_rules", on=OPENED)

        with pytest.raises(ExitCaseAlreadyOpen):
            await jilin.open_exit("grave_dereliction", on=OPENED)
        await jilin.decide(case, on=DECIDED, leaves=False, left_on=None)

        assert (await jilin.open_exit("grave_dereliction", on=DECIDED)).status == "opened"

    async def test_two_offices_opening_at_once_open_one(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)
        opening = [jilin.open_exit("breach_of_rules", on=OPENED) for _ in range(2)]

        answers = await asyncio.gather(*opening, return_exceptions=True)

        assert [type(one) for one in answers if isinstance(one, Exception)] == [ExitCaseAlreadyOpen]
        assert len(await bench.rows(ExitCase)) == 1

    async def test_is_not_opened_before_the_hiring(self, jilin: Any) -> None:
        await jilin.hire(on=HIRED)

        with pytest.raises(DayTooEarly):
            await jilin.open_exit("breach_of_rules", on=date(2021, 11, 30))


class TestHoldExitHearing:
    async def test_is_held_once_and_not_before_the_opening(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)
        case = await jilin.open_exit("breach_of_rules", on=OPENED)
        with pytest.raises(DayTooEarly):
            await jilin.hear(case, on=date(2024, 2, 29))

        heard = await jilin.hear(case, on=OPENED)

        assert (heard.status, heard.heard_on, heard.statement) == ("heard", OPENED, "本人无异议")
        assert [one.held_on for one in await bench.sent(ExitHearingHeld)] == [OPENED]
        with pytest.raises(ExitCaseNotInState):
            await jilin.hear(case, on=HEARD)

    async def test_a_case_elsewhere_is_not_found(self, jilin: Any, jiangsu: Any) -> None:
        await jilin.hire(on=HIRED)
        case = await jilin.open_exit("breach_of_rules", on=OPENED)

        with pytest.raises(ExitCaseNotFound):
            await jiangsu.hear(case, on=HEARD)


class TestDecideExitCase:
    @pytest.mark.clause("JL-10")
    async def test_the_worker_leaves_and_what_was_agreed_ends(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED, term_ends_on=TERM_END)
        await jilin.sign_all(await jilin.draft(HIRED, TERM_END))
        case = await self.heard(jilin)

        decided = await jilin.decide(case, on=DECIDED, left_on=LEFT)

        assert (decided.status, decided.left_on, decided.decided_on) == ("left", LEFT, DECIDED)
        (agreement,) = await bench.rows(Agreement)
        assert (agreement.status, agreement.ended_on) == ("ended", LEFT)
        (said,) = await bench.sent(WorkerLeft)
        assert said == WorkerLeft(
            worker_id="worker-1",
            case_id=case.case_id,
            area="220102001002",
            staff="community_worker",
            ground="failed_evaluations",
            clause="JL-10",
            left_on=LEFT,
        )
        with pytest.raises(WorkerHasLeft):
            await jilin.draft(LEFT, TERM_END)
        with pytest.raises(WorkerHasLeft):
            await jilin.open_exit("breach_of_rules", on=LEFT)
        with pytest.raises(ExitCaseNotInState):
            await jilin.decide(case, on=DECIDED, left_on=LEFT)

    async def test_a_draft_not_yet_signed_is_withdrawn(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED, term_ends_on=TERM_END)
        draft = await jilin.draft(HIRED, TERM_END)
        await jilin.sign(draft, party=Role.STREET_OFFICE, on=HIRED)

        await jilin.decide(await self.heard(jilin), on=DECIDED, left_on=LEFT)

        assert [one.status for one in await bench.rows(Agreement)] == ["withdrawn"]
        with pytest.raises(WorkerHasLeft):
            await jilin.sign(draft, party=Role.WORKER, on=LEFT)

    @pytest.mark.clause("JL-10")
    async def test_refuses_before_the_hearing_and_keeps_the_refusal(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)
        case = await jilin.open_exit("breach_of_rules", on=OPENED)

        with pytest.raises(Refused) as refused:
            await jilin.decide(case, on=DECIDED, left_on=LEFT)

        assert found_in(refused.value) == ["not_heard"]
        assert [one.status for one in await bench.rows(ExitCase)] == ["opened"]
        assert [one.active for one in await bench.rows(Engagement)] == [True]
        kept = (await bench.decisions("exit.procedure"))[-1]
        assert (kept.clause, kept.permits, kept.subject) == ("JL-10", False, "worker-1")

    @pytest.mark.clause("LAW-LCL-43")
    async def test_is_decided_without_one_where_no_document_asks_for_it(self, jianghan: Any, bench: Bench) -> None:
        await jianghan.hire(on=HIRED)
        case = await jianghan.open_exit("other_by_law", on=OPENED, legal_ground="E-RESIGN")

        await jianghan.decide(case, on=DECIDED, left_on=LEFT)

        assert [one.clause for one in await bench.sent(WorkerLeft)] == ["LAW-LCL-43"]

    async def test_neither_the_opener_nor_the_worker_decides(self, jilin: Any) -> None:
        await jilin.hire(on=HIRED)
        case = await self.heard(jilin)
        the_worker = somebody(Role.STREET_OFFICE, area="220102001", subject="chen")

        for actor in (jilin.office, the_worker):
            for leaves, left_on in ((True, LEFT), (False, None)):
                with pytest.raises(SamePerson):
                    await jilin.decide(case, on=DECIDED, leaves=leaves, left_on=left_on, actor=actor)

    async def test_a_dismissed_case_changes_nothing_for_the_worker(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED, term_ends_on=TERM_END)
        await jilin.sign_all(await jilin.draft(HIRED, TERM_END))
        case = await self.heard(jilin)

        dismissed = await jilin.decide(case, on=DECIDED, leaves=False, left_on=None)

        assert (dismissed.status, dismissed.left_on) == ("dismissed", None)
        assert [one.dismissed_on for one in await bench.sent(ExitCaseDismissed)] == [DECIDED]
        assert await bench.sent(WorkerLeft) == []
        assert [one.status for one in await bench.rows(Agreement)] == ["signed"]
        assert [one.active for one in await bench.rows(Engagement)] == [True]

    @pytest.mark.clause("JL-10")
    async def test_asks_again_whether_the_grounds_hold(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=HIRED)
        case = await self.heard(jilin)
        await self.correct_grade(bench, year=2023)

        with pytest.raises(Refused) as refused:
            await jilin.decide(case, on=DECIDED, left_on=LEFT)

        assert refused.value.decisions[0].rule == "exit.failed_evaluations"

    async def test_the_leaving_day_belongs_to_leaving(self, jilin: Any) -> None:
        await jilin.hire(on=HIRED)
        case = await self.heard(jilin)

        with pytest.raises(LeavingDayMissing):
            await jilin.decide(case, on=DECIDED, left_on=None)
        with pytest.raises(LeavingDayNotForeseen):
            await jilin.decide(case, on=DECIDED, leaves=False, left_on=LEFT)

    async def test_days_follow_one_another(self, jilin: Any) -> None:
        await jilin.hire(on=HIRED)
        case = await self.heard(jilin)

        with pytest.raises(DayTooEarly):
            await jilin.decide(case, on=date(2024, 3, 7), left_on=LEFT)
        with pytest.raises(DayTooEarly):
            await jilin.decide(case, on=DECIDED, left_on=date(2024, 3, 14))
        assert (await jilin.decide(case, on=DECIDED, left_on=DECIDED)).left_on == DECIDED

    @pytest.mark.clause("LAW-LCL-44")
    async def test_an_expired_agreement_may_be_left_on_its_last_day(self, jianghan: Any, bench: Bench) -> None:
        await jianghan.hire(on=date(2023, 3, 1))
        ran_out = date(2024, 3, 1)
        await jianghan.sign_all(await jianghan.draft(date(2023, 3, 1), ran_out))
        case = await jianghan.open_exit("other_by_law", on=DECIDED, legal_ground="T-EXP")

        with pytest.raises(DayTooEarly):
            await jianghan.decide(case, on=DECIDED, left_on=date(2024, 2, 29))
        await jianghan.decide(case, on=DECIDED, left_on=ran_out)

        assert [(one.status, one.ended_on) for one in await bench.rows(Agreement)] == [("signed", None)]
        assert [one.left_on for one in await bench.sent(WorkerLeft)] == [ran_out]

    async def heard(self, desk: Any) -> ExitCase:
        await desk.grade(y2022=False, y2023=False)
        case: ExitCase = await desk.hear(await desk.open_exit("failed_evaluations", on=OPENED), on=HEARD)
        return case

    async def correct_grade(self, bench: Bench, *, year: int) -> None:
        async with bench.session() as session, session.begin():
            (await session.get_one(YearlyGrade, ("worker-1", year))).passed = True
