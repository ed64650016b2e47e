import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition

import gateway.events
from common.events import Event, event_classes
from common.events.affairs import DutyRosterKept
from common.events.contracts import ExitCaseDismissed, ExitCaseOpened
from common.events.evaluation import ConsequenceDecided, ConsequenceProposed, TrainingDue
from common.events.payroll import PayStandardSet, RunBlocked
from common.events.recruitment import (
    ApplicationReceived,
    ObjectionAnswered,
    ObjectionRaised,
    PlanApproved,
    PlanReturned,
    PlanStepApproved,
    PublicNoticeStarted,
    StageRecorded,
    WorkerHired,
)
from common.testing import Bench, empty_tables
from gateway import queries
from gateway.events import folds
from gateway.models import Change, Organisation, Plan, Run, Worker
from gateway.tests.life import STREET, WORKER, Hear, decided, hired, life, organisation, payslip


async def seen(bench: Bench) -> dict[str, Any]:
    """Everything the views hold, without the order in which it came."""
    async with bench.session() as session:
        view = await queries.worker_view(session, worker_id=WORKER, caller="")
    worker = next(iter(await bench.rows(Worker)))
    return {
        "view": view,
        "columns": (worker.area, worker.organisation_id, worker.account, worker.hired_on, worker.left_on),
        "pending": worker.pending,
        "subjects": worker.subjects,
        "organisations": [(o.area, o.name, o.figures, o.quotas, o.posts) for o in await bench.rows(Organisation)],
        "plans": [(plan.area, plan.in_progress, plan.body) for plan in await bench.rows(Plan)],
        "runs": [(run.area, run.body) for run in await bench.rows(Run)],
    }


def shuffled(seed: int) -> list[Event]:
    """Every service's events in its own order, the services mixed at random."""
    dice = random.Random(seed)
    waiting = {name: list(events) for name, events in life().items()}
    told = []
    while waiting:
        name = dice.choice(sorted(waiting))
        told.append(waiting[name].pop(0))
        if not waiting[name]:
            del waiting[name]
    return told


class TestTheViews:
    async def test_are_the_same_whichever_service_is_heard_first(self, bench: Bench, hear: Hear):
        for event in (event for events in life().values() for event in events):
            await hear(event)
        expected = await seen(bench)

        for seed in range(4):
            await empty_tables(bench)
            for event in shuffled(seed):
                await hear(event)
            assert await seen(bench) == expected, f"seed {seed}"

    async def test_are_the_same_when_told_twice(self, bench: Bench, hear: Hear):
        told = [(event, await hear(event)) for event in shuffled(7)]
        expected, changes = await seen(bench), len(await bench.rows(Change))

        for event, event_id in told:
            await bench.hear(event, event_id=event_id)

        assert await seen(bench) == expected
        assert len(await bench.rows(Change)) == changes

    async def test_are_equal_after_a_rebuild_that_announces_nothing_again(self, bench: Bench, hear: Hear):
        told = [(event, await hear(event)) for event in shuffled(3)]
        expected, changes = await seen(bench), [row.change_id for row in await bench.rows(Change)]

        await bench.runtime.consumer.ask_for_rebuild()
        await bench.runtime.consumer._rebuild_if_asked(OnePartition())
        assert await bench.rows(Worker) == []
        assert await bench.rows(Plan) == []
        for event, event_id in told:
            await bench.hear(event, event_id=event_id)

        assert await seen(bench) == expected
        assert [row.change_id for row in await bench.rows(Change)] == changes

    def test_know_every_event_or_leave_it_to_the_stream_on_purpose(self):
        only_announced = {cls.__name__ for cls in event_classes().values() if cls not in folds}

        not_for_the_views = {"DecisionRecorded", "DecisionsTallied"}
        announced = only_announced - not_for_the_views
        assert announced == {"HeadcountRequested", "HeadcountApproved", "PayStandardSet"}


class OnePartition:
    """A consumer of the bus that holds all there is of it."""

    def __init__(self) -> None:
        self.there_is = {TopicPartition("registry.events", 0)}

    def subscription(self) -> set[str]:
        return {partition.topic for partition in self.there_is}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {partition.partition for partition in self.there_is if partition.topic == topic}

    def assignment(self) -> set[TopicPartition]:
        return self.there_is

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        pass

    async def position(self, partition: TopicPartition) -> int:
        return 0

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        pass


class TestAWorker:
    async def test_who_is_only_spoken_of_has_no_person_yet(self, bench: Bench, hear: Hear):
        await hear(payslip())

        worker = (await bench.rows(Worker))[0]
        assert worker.hired_on is None
        assert worker.body["person"] is None
        assert worker.body["payslips"][0]["net"] == "4475.00"

    async def test_never_carries_the_sealed_identity_or_the_account_into_the_view(self, bench: Bench, hear: Hear):
        await hear(hired())

        body = str((await bench.rows(Worker))[0].body)
        assert "320***********1234" in body
        assert "never-shown" not in body
        assert "li-ming" not in body

    async def test_is_named_with_an_organisation_that_is_registered_or_renamed_later(self, bench: Bench, hear: Hear):
        await hear(hired())
        assert (await bench.rows(Worker))[0].body["organisation"]["name"] is None

        await hear(organisation())
        assert (await bench.rows(Worker))[0].body["organisation"]["name"] == "梅园新村街道总工会"

        await hear(organisation(name="梅园新村街道工会联合会"))
        assert (await bench.rows(Worker))[0].body["organisation"]["name"] == "梅园新村街道工会联合会"

    async def test_keeps_the_history_of_a_filing_that_came_back(self, bench: Bench, hear: Hear):
        for event in life()["registry"]:
            await hear(event)

        filing = (await bench.rows(Worker))[0].body["filings"][0]
        assert filing["status"] == "accepted"
        assert filing["receipt_number"] == "R-1"
        assert [(one["status"], one["on"], one["correction"], one["reason"]) for one in filing["history"]] == [
            ("opened", "2024-03-01", False, None),
            ("submitted", "2024-03-04", False, None),
            ("returned", "2024-03-05", False, "缺合同页"),
            ("submitted", "2024-03-05", True, None),
            ("accepted", "2024-03-08", False, None),
        ]

    async def test_has_nothing_pending_from_a_dismissed_exit_case(self, bench: Bench, hear: Hear):
        about = {"worker_id": WORKER, "area": STREET, "case_id": "case-1"}
        await hear(ExitCaseOpened(**about, ground="misconduct", clause="JS-9", opened_on=date(2025, 1, 6)))
        assert [one["what"] for one in (await bench.rows(Worker))[0].pending] == ["exit_case"]

        await hear(ExitCaseDismissed(**about, dismissed_on=date(2025, 2, 3)))

        worker = (await bench.rows(Worker))[0]
        assert worker.pending == []
        assert worker.body["exit_cases"][0]["status"] == "dismissed"
        assert worker.body["exit_cases"][0]["opened_on"] == "2025-01-06"

    @pytest.mark.parametrize(("approved", "status"), [(True, "approved"), (False, "rejected")])
    async def test_shows_what_became_of_a_consequence(self, bench: Bench, hear: Hear, approved: bool, status: str):
        about = {"worker_id": WORKER, "area": STREET, "staff": "union_worker", "consequence_id": "c-1", "year": 2024}
        await hear(ConsequenceProposed(**about, kind="pay_step_up"))
        await hear(ConsequenceDecided(**about, kind="pay_step_up", approved=approved, decided_on=date(2025, 2, 1)))

        assert (await bench.rows(Worker))[0].body["consequences"][0]["status"] == status

    async def test_is_shown_in_the_hall_or_the_grid(self, bench: Bench, hear: Hear):
        await hear(
            DutyRosterKept(
                roster_id="roster-1",
                organisation_id="org-meiyuan",
                area=STREET,
                starts_on=date(2024, 4, 1),
                hall_workers=["worker-wang"],
                grid_workers={"一网格": WORKER},
            )
        )

        places = {row.worker_id: row.body["duties"][0]["place"] for row in await bench.rows(Worker)}
        assert places == {"worker-wang": "hall", WORKER: "一网格"}


class TestDecisions:
    async def test_of_the_application_show_with_the_worker_it_became(self, bench: Bench, hear: Hear):
        await hear(decided("application-li", "decision-0"))
        await hear(decided("application-zhao", "decision-5"))
        await hear(hired())

        async with bench.session() as session:
            view = await queries.worker_view(session, worker_id=WORKER, caller="")
        assert b"decision-0" in (view or b"")
        assert b"decision-5" not in (view or b"")
        assert b"facts" not in (view or b"")


class TestAPlan:
    async def test_goes_forward_and_counts(self, bench: Bench, hear: Hear):
        place = {"plan_id": "plan-1", "area": "320102"}
        for event in (
            life()["recruitment"][0],
            PlanStepApproved(**place, office="finance", level="county"),
            PlanApproved(**place),
            ApplicationReceived(**place, application_id="a-1"),
            ApplicationReceived(**place, application_id="a-2"),
            StageRecorded(**place, application_id="a-1", stage="written_exam", passed=True),
            StageRecorded(**place, application_id="a-2", stage="written_exam", passed=False),
            PublicNoticeStarted(**place, starts_on=date(2024, 2, 1), ends_on=date(2024, 2, 7)),
            StageRecorded(**place, application_id="a-1", stage="inspection", passed=True),
            ObjectionRaised(**place, objection_id="o-1", application_id="a-1", raised_on=date(2024, 2, 2)),
            ObjectionRaised(**place, objection_id="o-2", application_id="a-1", raised_on=date(2024, 2, 2)),
            ObjectionAnswered(**place, objection_id="o-1", application_id="a-1", upheld=False),
        ):
            await hear(event)

        plan = (await bench.rows(Plan))[0]
        assert plan.in_progress
        assert plan.body["step"] == "public_notice"
        assert plan.body["approvals"] == [{"office": "finance", "level": "county"}]
        assert plan.body["applications"] == 2
        assert plan.body["stages"]["written_exam"] == {"passed": 1, "failed": 1}
        assert plan.body["open_objections"] == 1

    async def test_that_was_returned_is_no_longer_in_progress(self, bench: Bench, hear: Hear):
        await hear(life()["recruitment"][0])
        await hear(PlanReturned(plan_id="plan-1", area="320102", office="finance", reason="缺经费来源"))

        plan = (await bench.rows(Plan))[0]
        assert not plan.in_progress
        assert plan.body["returned"] == {"office": "finance", "reason": "缺经费来源"}


class TestARun:
    async def test_shows_how_many_are_in_the_way(self, bench: Bench, hear: Hear):
        await hear(life()["payroll"][0])
        await hear(
            RunBlocked(
                run_id="run-2024-04",
                area="320102",
                month="2024-04",
                blocked_workers=2,
                findings={"below_wage_floor": 2, "no_standard": 1},
                worker_ids=["w-1", "w-2"],
            )
        )

        run = (await bench.rows(Run))[0]
        assert run.body["status"] == "blocked"
        assert run.body["blocked_workers"] == 2


class TestChanges:
    async def test_name_the_event_and_nothing_personal(self, bench: Bench, hear: Hear):
        await hear(hired())

        change = (await bench.rows(Change))[0]
        assert (change.type, change.subject, change.area) == (WorkerHired.type_name(), WORKER, STREET)

    async def test_of_events_without_a_view_are_announced_too(self, bench: Bench, hear: Hear):
        await hear(
            PayStandardSet(
                standard_id="s-1",
                area="320102",
                staff="union_worker",
                post_class="ordinary",
                grade=1,
                monthly_amount="5000.00",
                starts_on=date(2024, 1, 1),
            )
        )

        assert [row.type for row in await bench.rows(Change)] == ["payroll.pay_standard_set.v1"]

    async def test_older_than_a_week_are_thrown_away_and_it_is_remembered(self, bench: Bench, hear: Hear):
        await hear(hired())
        await hear(
            TrainingDue(worker_id=WORKER, area=STREET, training_id="t-1", due_on=date(2024, 6, 1), clause="JS-7")
        )
        older, newer = sorted(row.change_id for row in await bench.rows(Change))
        async with bench.session() as session, session.begin():
            row = await session.get_one(Change, older)
            row.happened_at = datetime.now(UTC) - timedelta(days=8)

        async with bench.transaction() as tx:
            await gateway.events.forget_changes(tx)

        assert [row.change_id for row in await bench.rows(Change)] == [newer]
        async with bench.session() as session:
            assert await queries.forgotten_changes(session) == older
