"""What is written of a whole batch at once is what the event classes would have written, byte for byte."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import orjson
import pytest

from common.events.payroll import PayslipIssued, PoolShared
from common.money import in_yuan
from common.testing import Bench
from common.transaction import LARGEST_EVENT, About, Transaction
from payroll import rules
from payroll.commands.issuing import MOST_SHARES, issued_bodies, pool_bodies
from payroll.commands.slip_rows import payslip_id_of
from payroll.engine import work_out
from payroll.engine.columns import Batch, Pool, Results
from payroll.engine.rows import MOST_PAY
from payroll.models import PayrollRun
from payroll.tests.engine.streets import Person
from payroll.tests.engine.streets import batch_of as batch_of_people
from payroll.tests.oracle.batches import batch_of
from payroll.tests.oracle.people import random_streets

LONGEST_ID = 60
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
        columns = {**results.columns, "tax": results.columns["tax"] + results.columns["bonus_tax"]}
        amounts = {name: in_yuan(int(columns[name][slip])) for name in ("gross", "contributions", "tax", "net")}
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

            assert pool_bodies(RUN, batch, pool) == [orjson.dumps(event.model_dump(mode="json"))]

    @pytest.mark.parametrize(
        ("people", "parts"),
        [
            pytest.param(MOST_SHARES, [MOST_SHARES], id="as many as an event takes"),
            pytest.param(MOST_SHARES + 1, [MOST_SHARES, 1], id="one more"),
        ],
    )
    def test_of_a_large_street_are_said_in_parts(self, people: int, parts: list[int]) -> None:
        batch, pool = large_pool(people)

        bodies = pool_bodies(RUN, batch, pool)

        events = [PoolShared.model_validate_json(body) for body in bodies]
        assert [len(event.shares) for event in events] == parts
        assert {event.total for event in events} == {in_yuan(people)}
        said = [(worker_id, share) for event in events for worker_id, share in event.shares.items()]
        assert said == [(worker_id, in_yuan(MOST_PAY)) for worker_id in batch.inputs.worker_ids]

    def test_whoever_has_two_slips_stands_in_one_part(self) -> None:
        batch, pool = large_pool(MOST_SHARES)
        twice = replace(pool, slips=np.append(pool.slips, 0), shares=np.append(pool.shares, 1))

        [body] = pool_bodies(RUN, batch, twice)

        first = batch.inputs.worker_ids[0]
        assert PoolShared.model_validate_json(body).shares[first] == in_yuan(MOST_PAY + 1)

    def test_with_the_longest_ids_and_the_largest_pay_fit_the_bus(self) -> None:
        bodies = pool_bodies(RUN, *large_pool(MOST_SHARES))

        assert LARGEST_EVENT * 0.8 < max(map(len, bodies)) <= LARGEST_EVENT


def large_pool(people: int) -> tuple[Batch, Pool]:
    """One that everybody takes out the most from."""
    batch = batch_of_people(*[Person(f"{number:0>{LONGEST_ID}}") for number in range(people)])
    each = np.ones(people, dtype=np.int64)
    return batch, Pool("990101001", RUN.month, np.arange(people), each, each, each * MOST_PAY)


class TestSeal:
    """LAW-LV-19: the decision that seals a batch is no larger for a larger street."""

    @pytest.mark.parametrize("slips", [1, 13_000, 1_000_000])
    async def test_of_a_street_of_any_size_fits_the_bus(self, bench: Bench, slips: int) -> None:
        async def seals(tx: Transaction) -> None:
            decision = await tx.decide(
                rules.seal_batch,
                about=About(area="220102001", staff="community_worker"),
                on=date(2026, 3, 1),
                run_id="run",
                batch_id="batch",
                engine="engine",
                inputs="0" * 64,
                terms_digests={f"2026-{month:02} rule {rule}": "1" * 64 for month in range(12) for rule in range(30)},
                root="2" * 64,
                slips=slips,
            )
            tx.record(decision, subject="run")

        await bench.run(seals)

        [recorded] = await bench.decisions("payroll.batch_sealed")
        assert recorded.outcome == {"root": "2" * 64, "slips": slips}
        assert len(recorded.model_dump_json()) < LARGEST_EVENT / 5
