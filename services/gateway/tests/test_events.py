import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiokafka import TopicPartition

import gateway.events
from common.events import Event, event_classes
from common.events.affairs import DutyRosterKept
from common.events.contracts import ExitCaseDismissed, ExitCaseOpened, LeaveRecorded, WorkerTransferred
from common.events.evaluation import ConsequenceDecided, ConsequenceProposed, TrainingDue
from common.events.payroll import (
    BatchCalculated,
    PaymentFileSealed,
    PayStandardSet,
    PoolShared,
    RunCalculated,
    RunClosed,
    RunPaid,
    RunReviewed,
)
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

        not_for_the_views = {cls.__name__ for cls in event_classes().values() if cls.stream != "events"}
        assert only_announced - not_for_the_views == {
            "BalanceSettled",
            "BankAccountChanged",
            "BenefitGranted",
            "BenefitWithdrawn",
            "ContractPaymentApproved",
            "ContributionOverdue",
            "HeadcountApproved",
            "HeadcountRequested",
            "OneOffFileOpened",
            "OneOffFileSealed",
            "OneOffPaymentApproved",
            "OneOffTaxSheetExported",
            "ParameterChecked",
            "PayStandardSet",
            "PaymentFileOpened",
            "TaxSheetExported",
        }


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

    async def test_shows_leave_and_that_it_was_withdrawn(self, bench: Bench, hear: Hear):
        leave = {"leave_id": "leave-1", "worker_id": WORKER, "area": STREET, "kind": "annual"}
        await hear(LeaveRecorded(**leave, starts_on=date(2024, 5, 6), ends_on=date(2024, 5, 11)))
        first = (await bench.rows(Worker))[0].body["leaves"]
        await hear(LeaveRecorded(**leave, starts_on=date(2024, 5, 6), ends_on=None))
        second = (await bench.rows(Worker))[0].body["leaves"]

        assert [(one["status"], one["ends_on"]) for one in first] == [("recorded", "2024-05-11")]
        assert [(one["status"], one["ends_on"]) for one in second] == [("withdrawn", None)]

    @pytest.mark.parametrize("hire_first", [True, False], ids=["the hire heard first", "the transfer heard first"])
    async def test_is_where_the_latest_transfer_leads(self, bench: Bench, hear: Hear, hire_first: bool):
        def moved(number: int, street: str, starts_on: date) -> WorkerTransferred:
            place = {"from_area": STREET, "area": street, "organisation_id": f"org-{number}", "post_class": "head"}
            whose = {"transfer_id": f"transfer-{number}", "worker_id": WORKER, "staff": "union_worker"}
            return WorkerTransferred(**whose, **place, starts_on=starts_on)

        # Of two transfers heard in the wrong order the later day counts.
        told: list[Event] = [
            moved(2, "320102009", date(2024, 9, 1)),
            moved(1, "320102005", date(2024, 6, 1)),
        ]
        for event in [hired(), *told] if hire_first else [*told, hired()]:
            await hear(event)

        worker = (await bench.rows(Worker))[0]
        assert (worker.area, worker.organisation_id, worker.body["area"]) == ("320102009", "org-2", "320102009")
        assert worker.body["post"]["post_class"] == "head"
        assert [one["transfer_id"] for one in worker.body["transfers"]] == ["transfer-1", "transfer-2"]

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
    """What an office sees of a run while it goes from one state to the next."""

    @staticmethod
    def of_run(kind: type[Event], **said: Any) -> Event:
        whose = {"run_id": "run-2024-04", "area": "320102", "staff": "union_worker", "month": "2024-04"}
        given = whose | said
        return kind(**{name: value for name, value in given.items() if name in kind.model_fields})

    async def test_shows_its_batches_as_they_are_done(self, bench: Bench, hear: Hear):
        await hear(life()["payroll"][0])
        for done, street in ((1, "320102002"), (2, "320102003")):
            done_so_far = {"batch_id": f"batch-{done}", "area": street, "done": done, "batches": 3}
            counted = {"workers": 5, "set_aside": 0, "gross_total": "25000.00"}
            await hear(self.of_run(BatchCalculated, **done_so_far, **counted))

        run = (await bench.rows(Run))[0]
        assert run.area == "320102"
        assert {name: run.body[name] for name in ("status", "batches", "batches_done")} == {
            "status": "calculating",
            "batches": 3,
            "batches_done": 2,
        }

    async def test_shows_how_many_were_set_aside(self, bench: Bench, hear: Hear):
        await hear(life()["payroll"][0])
        totals = {"gross_total": Decimal("12000.00"), "net_total": Decimal("10000.00")}
        findings = {"below_floor": 2, "standard_missing": 1}
        await hear(self.of_run(RunCalculated, workers=3, set_aside=2, batches=3, findings=findings, **totals))

        run = (await bench.rows(Run))[0]
        assert run.body["status"] == "calculated"
        assert (run.body["set_aside"], run.body["batches_done"]) == (2, 3)

    async def test_adds_up_the_pools_of_its_streets(self, bench: Bench, hear: Hear):
        await hear(life()["payroll"][0])
        for street, total in (("320102002", "3870.00"), ("320102003", "1290.00"), ("320102002", "3870.01")):
            await hear(self.of_run(PoolShared, area=street, total=total, shares={}))

        run = (await bench.rows(Run))[0]
        assert run.body["pools"] == {"320102002": "3870.01", "320102003": "1290.00"}
        assert run.body["pool_total"] == "5160.01"

    @pytest.mark.parametrize(
        ("last", "said", "status", "held_back"),
        [
            pytest.param(RunReviewed, {"workers": 3, "set_aside": 0}, "reviewed", 0, id="reviewed"),
            pytest.param(
                PaymentFileSealed,
                {"file_id": "file-1", "number": 1, "people": 2, "total": "8950.00", "held_back": 1, "digest": "d"},
                "file_sealed",
                1,
                id="with its payment file sealed",
            ),
            pytest.param(
                RunPaid,
                {"paid_on": date(2024, 5, 10), "people": 3, "total": "13425.00", "held_back": 0},
                "paid",
                0,
                id="paid",
            ),
            pytest.param(RunClosed, {"workers": 3, "set_aside": 0, "held_back": 1}, "closed", 1, id="closed"),
        ],
    )
    async def test_is_seen(
        self, bench: Bench, hear: Hear, last: type[Event], said: dict[str, Any], status: str, held_back: int
    ):
        await hear(life()["payroll"][0])
        await hear(self.of_run(last, **said))

        run = (await bench.rows(Run))[0]
        assert (run.body["status"], run.body["held_back"]) == (status, held_back)

    async def test_stays_closed_when_a_later_file_pays_whom_it_held_back(self, bench: Bench, hear: Hear):
        file = {"file_id": "file-2", "number": 2, "people": 1, "total": "4475.00", "held_back": 0, "digest": "d"}
        paid = {"paid_on": date(2024, 6, 10), "people": 3, "total": "13425.00", "held_back": 0}
        await hear(life()["payroll"][0])
        await hear(self.of_run(RunClosed, workers=3, set_aside=0, held_back=1))
        await hear(self.of_run(PaymentFileSealed, **file))
        await hear(self.of_run(RunPaid, **paid))

        run = (await bench.rows(Run))[0]
        assert (run.body["status"], run.body["held_back"]) == ("closed", 0)


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
