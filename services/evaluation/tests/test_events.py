from datetime import date
from typing import Any

import pytest

from common.events.contracts import WorkerLeft, WorkerTransferred
from common.events.evaluation import TrainingDue
from common.events.recruitment import WorkerHired
from common.tables import ParkedMessage
from common.testing import Bench
from evaluation.models import Training, Worker

COMMUNITY = "220102001002"
NANJING = "320102001"


def hired(**changes: Any) -> WorkerHired:
    given: dict[str, Any] = {
        "worker_id": "worker-li",
        "application_id": "application-1",
        "plan_id": "plan-1",
        "organisation_id": "organisation-1",
        "post_id": "post-1",
        "area": COMMUNITY,
        "staff": "community_worker",
        "post_class": "head",
        "name": "李强",
        "account": "http://127.0.0.1:8000/dev|li",
        "identity_masked": "220***********0011",
        "identity_sealed": "v1.k1.c2VhbGVk",
        "hired_on": date(2024, 3, 15),
    }
    return WorkerHired(**given | changes)


def left(**changes: Any) -> WorkerLeft:
    given: dict[str, Any] = {
        "worker_id": "worker-li",
        "case_id": "case-1",
        "area": COMMUNITY,
        "staff": "community_worker",
        "ground": "resignation",
        "clause": "LAW-LC-37",
        "left_on": date(2024, 9, 1),
    }
    return WorkerLeft(**given | changes)


class TestKeepWorker:
    """WorkerHired: the worker is known, and the duty to be trained opens by itself where a document speaks."""

    @pytest.mark.clause("JL-7")
    async def test_opens_the_training_of_a_community_head(self, bench: Bench) -> None:
        await bench.hear(hired())

        [training] = await bench.rows(Training)
        assert (training.clause, training.due_on, training.status) == ("JL-7", date(2025, 3, 15), "open")
        [said] = await bench.sent(TrainingDue)
        assert (said.training_id, said.worker_id, said.due_on) == (training.training_id, "worker-li", date(2025, 3, 15))
        [decision] = await bench.decisions("training.due")
        assert (decision.subject, decision.decision_id) == ("worker-li", training.decision_id)

    @pytest.mark.clause("JS-7")
    async def test_opens_the_training_of_a_union_worker_within_one_year(self, bench: Bench) -> None:
        await bench.hear(hired(area=NANJING, staff="union_worker", post_class="ordinary", hired_on=date(2024, 2, 29)))

        [training] = await bench.rows(Training)
        assert (training.clause, training.due_on) == ("JS-7", date(2025, 2, 28))

    async def test_opens_nothing_where_no_document_speaks(self, bench: Bench) -> None:
        await bench.hear(hired(area="420103001", staff="public_welfare"))

        assert len(await bench.rows(Worker)) == 1
        assert await bench.rows(Training) == []
        assert await bench.decisions() == []

    async def test_opens_nothing_for_somebody_hired_before_the_document(self, bench: Bench) -> None:
        await bench.hear(hired(hired_on=date(2020, 5, 5)))
        await bench.hear(hired(worker_id="worker-wu", hired_on=date(2020, 5, 6)), sequence=2)

        [training] = await bench.rows(Training)
        assert training.worker_id == "worker-wu"

    async def test_is_the_same_when_told_twice(self, bench: Bench) -> None:
        event_id = await bench.hear(hired())
        await bench.hear(hired(), event_id=event_id)
        await bench.hear(hired(), sequence=2)

        assert len(await bench.rows(Worker)) == 1
        assert len(await bench.rows(Training)) == 1
        assert len(await bench.sent(TrainingDue)) == 1
        assert await bench.rows(ParkedMessage) == []

    async def test_keeps_nothing_personal(self, bench: Bench) -> None:
        await bench.hear(hired())

        [row] = await bench.rows(Worker)
        assert "李强" not in str(vars(row))
        [decision] = await bench.decisions()
        assert set(decision.facts) == {"post_class", "hired_on", "last_trained_on"}


class TestCloseTrainings:
    """WorkerLeft: nobody who has left is due for training."""

    async def test_closes_what_is_open_and_leaves_what_is_done(self, bench: Bench) -> None:
        await bench.hear(hired())
        [due] = await bench.rows(Training)
        done = Training(
            training_id="training-done",
            worker_id="worker-li",
            area=COMMUNITY,
            staff="community_worker",
            clause="JL-7",
            decision_id="decision-1",
            opened_on=date(2024, 3, 15),
            due_on=date(2025, 3, 15),
            status="completed",
            completed_on=date(2024, 5, 1),
        )
        await bench.save(done)

        await bench.hear(left())

        statuses = {row.training_id: row.status for row in await bench.rows(Training)}
        assert statuses == {due.training_id: "closed", "training-done": "completed"}
        [worker] = await bench.rows(Worker)
        assert (worker.left_on, worker.active) == (date(2024, 9, 1), False)

    async def test_is_the_same_when_told_twice(self, bench: Bench) -> None:
        await bench.hear(hired())
        event_id = await bench.hear(left())
        await bench.hear(left(), event_id=event_id)
        await bench.hear(left(), sequence=2)

        [training] = await bench.rows(Training)
        assert training.status == "closed"
        assert await bench.rows(ParkedMessage) == []

    async def test_may_be_told_before_the_hiring(self, bench: Bench) -> None:
        await bench.hear(left())
        await bench.hear(hired())

        [worker] = await bench.rows(Worker)
        assert (worker.hired_on, worker.left_on) == (date(2024, 3, 15), date(2024, 9, 1))
        assert await bench.rows(Training) == []
        assert await bench.rows(ParkedMessage) == []


class TestMoveWorker:
    @pytest.mark.parametrize("order", [[0, 1], [1, 0], [1, 0, 1, 0]])
    async def test_the_new_place_evaluates_from_now_on(self, bench: Bench, order: list[int]) -> None:
        moved = WorkerTransferred(
            transfer_id="transfer-1", worker_id=hired().worker_id, from_area=hired().area, area="320106001",
            staff=hired().staff, organisation_id="organisation-2", post_class="ordinary", starts_on=date(2024, 7, 1),
        )  # fmt: skip

        for number, one in enumerate(order, start=1):
            await bench.hear((hired(), moved)[one], sequence=number)

        [worker] = await bench.rows(Worker)
        assert (worker.area, worker.hired_on) == ("320106001", date(2024, 3, 15))
