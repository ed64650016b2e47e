"""What is written of a whole batch at once is what the event classes would have written, byte for byte."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest

from common.events.payroll import PayslipIssued, PoolShared
from common.money import in_yuan
from payroll.commands.issuing import issued_bodies, pool_body
from payroll.commands.slip_rows import payslip_id_of
from payroll.engine import work_out
from payroll.engine.columns import Batch, Results
from payroll.models import PayrollRun
from payroll.tests.oracle.batches import batch_of
from payroll.tests.oracle.people import random_streets

RUN = PayrollRun(
    run_id="run-“一”",
    area="990101",
    staff="made_up",
    month="2026-03",
    cycle="month",
    paid_in="2026-04",
    opened_by="clerk",
    opened_on=date(2026, 3, 1),
)


def one_by_one(batch: Batch, results: Results, areas: list[str]) -> Iterator[PayslipIssued]:
    """The events as objects, each line looked up by itself."""
    for area, slip in zip(areas, results.paid.nonzero()[0].tolist(), strict=True):
        worker_id, organisation_id = batch.inputs.worker_ids[slip], batch.inputs.organisation_ids[slip]
        amounts = {name: in_yuan(int(results.columns[name][slip])) for name in ("gross", "contributions", "tax", "net")}
        yield PayslipIssued(
            payslip_id=payslip_id_of(RUN.run_id, worker_id, organisation_id),
            run_id=RUN.run_id,
            worker_id=worker_id,
            area=area,
            staff=RUN.staff,
            month=RUN.month,
            cycle=RUN.cycle,
            organisation_id=organisation_id,
            lines=[said(results, place) for place in (results.line_slip == slip).nonzero()[0].tolist()],
            **amounts,
        )


def said(results: Results, place: int) -> dict[str, Any]:
    line, period = results.layout[results.line_code[place]], int(results.line_period[place])
    amount = str(in_yuan(int(results.line_amount[place])))
    shown = {"code": line.code, "kind": line.kind, "label": line.label_zh, "amount": amount}
    return shown | ({"period": results.periods[period]} if period >= 0 else {})


@pytest.fixture(scope="module")
def streets() -> list[tuple[Batch, Results]]:
    """Random people of every made-up scheme, some with differences for earlier months, some set aside."""
    batches = [batch_of(street) for street in random_streets(20_260_301, people=600)]
    return [(batch, work_out(batch)) for batch in batches]


class TestSlips:
    def test_are_written_as_their_events_are(self, streets: list[tuple[Batch, Results]]) -> None:
        written = 0
        for batch, results in streets:
            areas = [f"9901010{number % 90 + 10}" for number in range(int(results.paid.sum()))]
            keys, bodies = issued_bodies(RUN, batch, results, areas)

            events = list(one_by_one(batch, results, areas))
            assert keys == [event.key for event in events]
            assert bodies == [orjson.dumps(event.model_dump(mode="json")) for event in events]
            assert [PayslipIssued.read(orjson.loads(body)) for body in bodies] == events
            written += len(bodies)
        assert written > 400

    def test_are_tried_with_differences_and_with_what_is_taken_back(self, streets: list[tuple[Batch, Results]]) -> None:
        assert any((results.line_period >= 0).any() for _, results in streets)
        assert any((results.line_amount < 0).any() for _, results in streets)
        assert any(not results.paid.all() for _, results in streets)


class TestPools:
    def test_are_written_as_their_events_are(self, streets: list[tuple[Batch, Results]]) -> None:
        pools = [(batch, pool) for batch, results in streets for pool in results.pools]
        assert pools
        for batch, pool in pools:
            shares: dict[str, int] = {}
            for slip, share in zip(pool.slips.tolist(), pool.shares.tolist(), strict=True):
                worker_id = batch.inputs.worker_ids[slip]
                shares[worker_id] = shares.get(worker_id, 0) + share
            event = PoolShared(
                run_id=RUN.run_id,
                area=pool.area,
                month=RUN.month,
                total=in_yuan(int(pool.brought_in.sum())),
                shares={worker_id: in_yuan(share) for worker_id, share in shares.items()},
            )

            assert pool_body(RUN, batch, pool) == orjson.dumps(event.model_dump(mode="json"))
