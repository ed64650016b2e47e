from dataclasses import replace

import numpy as np
import pytest

from payroll.engine import ABSENT, snapshot, work_out
from payroll.engine.columns import Past
from payroll.engine.leaving import leave_out
from payroll.tests.engine.streets import PLAIN, Person, Stretch, batch_of, column, inputs_of

LI = Person("li", score="90", entered={"overtime_pay": "100.00"}, year={"income": "8000.00"})
WANG = Person(
    "wang",
    (Stretch(1, 15, keys={"certificate": "social_worker"}), Stretch(16, 31, standard="5000.00")),
    leave={"sick": 2},
)
ZHAO = Person("zhao", (Stretch(10, 31),), bases={"pension": "4000.00"})


class TestLeaveOut:
    @pytest.mark.parametrize(
        ("gone", "left"),
        [
            pytest.param([True, False, False], (WANG, ZHAO), id="the first"),
            pytest.param([False, True, False], (LI, ZHAO), id="one of two stretches"),
            pytest.param([False, False, True], (LI, WANG), id="the last"),
        ],
    )
    def test_works_out_as_if_he_had_not_been_asked_for(self, gone, left):
        kept = leave_out(batch_of(LI, WANG, ZHAO), np.array(gone))

        assert kept.inputs.worker_ids == tuple(one.name for one in left)
        assert work_out(kept).leaves == work_out(batch_of(*left)).leaves

    def test_of_nobody_changes_no_byte(self):
        batch = batch_of(LI, WANG, ZHAO)

        assert snapshot.write(leave_out(batch, np.zeros(3, dtype=bool))) == snapshot.write(batch)

    def test_of_everybody_leaves_an_empty_batch(self):
        results = work_out(leave_out(batch_of(LI, WANG), np.ones(2, dtype=bool)))

        assert (results.paid.size, results.leaves) == (0, ())

    def test_gives_differences_of_earlier_months_to_those_who_are_left(self):
        february = inputs_of((LI, WANG, ZHAO), month="2026-02")
        paid = {"base": column([400000, ABSENT, 400000])}
        past = Past(february, PLAIN, paid, mine=column([0, 1, -1]), change_id=column([7, 8, 9]))

        kept = leave_out(replace(batch_of(LI, WANG, ZHAO), past=(past,)), np.array([True, False, False]))

        assert kept.past[0].mine.tolist() == [-1, 0, -1]
        assert kept.past[0].inputs is february
