from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, WrongState
from common.events.evaluation import TrainingCompleted, TrainingDue
from common.testing import Bench, somebody
from evaluation import commands
from evaluation.models import Training, Worker

COMMUNITY = "220102001002"
OFFICE = somebody(Role.STREET_OFFICE, area="220102001")


def worker(**changes: Any) -> Worker:
    given: dict[str, Any] = {
        "worker_id": "worker-li",
        "area": COMMUNITY,
        "staff": "community_worker",
        "post_class": "head",
        "hired_on": date(2024, 3, 15),
        "left_on": None,
    }
    return Worker(**given | changes)


def training(**changes: Any) -> Training:
    given: dict[str, Any] = {
        "training_id": "training-1",
        "worker_id": "worker-li",
        "area": COMMUNITY,
        "staff": "community_worker",
        "clause": "JL-7",
        "decision_id": "decision-1",
        "opened_on": date(2024, 3, 15),
        "due_on": date(2025, 3, 15),
        "status": "open",
    }
    return Training(**given | changes)


class TestCompleteTraining:
    """JL-7 comes round again; JS-7 is done once."""

    async def complete(self, bench: Bench, **changes: Any) -> Training:
        given: dict[str, Any] = {
            "training_id": "training-1",
            "course": "社区治理",
            "hours": Decimal("24"),
            "on": date(2024, 11, 5),
        }
        return await bench.run(commands.complete_training, actor=OFFICE, **given | changes)

    async def save(self, bench: Bench, of: Worker, due: Training) -> None:
        await bench.save(of)
        await bench.save(due)

    @pytest.mark.clause("JL-7")
    async def test_opens_the_next_duty_of_a_head_one_year_on(self, bench: Bench) -> None:
        await self.save(bench, worker(), training())

        done = await self.complete(bench)

        assert (done.status, done.late) == ("completed", False)
        [said] = await bench.sent(TrainingCompleted)
        assert (said.training_id, said.course, said.completed_on) == ("training-1", "社区治理", date(2024, 11, 5))
        [due] = await bench.sent(TrainingDue)
        assert (due.due_on, due.clause) == (date(2025, 11, 5), "JL-7")
        assert sorted(row.status for row in await bench.rows(Training)) == ["completed", "open"]

    @pytest.mark.clause("JS-7")
    async def test_opens_no_further_duty_where_once_is_enough(self, bench: Bench) -> None:
        area = "320102001"
        await self.save(bench, worker(area=area, staff="union_worker"), training(area=area, staff="union_worker"))

        office = somebody(Role.LEAD_DEPARTMENT, area=area)
        await bench.run(
            commands.complete_training,
            actor=office,
            training_id="training-1",
            course="工会业务",
            hours=Decimal("8.5"),
            on=date(2024, 11, 5),
        )

        assert await bench.sent(TrainingDue) == []
        [decision] = await bench.decisions("training.due")
        assert (decision.clause, decision.outcome) == ("JS-7", None)

    @pytest.mark.parametrize(
        ("on", "late"),
        [
            pytest.param(date(2025, 3, 15), False, id="on the last day"),
            pytest.param(date(2025, 3, 16), True, id="one day after"),
        ],
    )
    async def test_allows_being_late_and_shows_it(self, bench: Bench, on: date, late: bool) -> None:
        await self.save(bench, worker(), training())

        done = await self.complete(bench, on=on)

        assert done.late is late

    async def test_is_done_once(self, bench: Bench) -> None:
        await self.save(bench, worker(), training())
        await self.complete(bench)

        with pytest.raises(WrongState):
            await self.complete(bench)

        assert len(await bench.rows(Training)) == 2

    async def test_is_refused_once_the_worker_has_left(self, bench: Bench) -> None:
        await self.save(bench, worker(left_on=date(2024, 6, 1)), training(status="closed"))

        with pytest.raises(WrongState):
            await self.complete(bench)

    async def test_does_not_lie_before_the_duty_began(self, bench: Bench) -> None:
        await self.save(bench, worker(), training())

        with pytest.raises(commands.TrainedBeforeOpened):
            await self.complete(bench, on=date(2024, 3, 14))

    async def test_does_not_find_what_does_not_exist(self, bench: Bench) -> None:
        with pytest.raises(NotFound):
            await self.complete(bench, training_id="training-none")
