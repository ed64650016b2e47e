"""A batch as it is sealed: the same bytes from the same facts, a tree over the slips, and words for each line."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll.engine import ENGINE, explain, snapshot, tree, work_out
from payroll.engine.columns import Batch, Coded, Past
from payroll.engine.results import entries_of
from payroll.tests.engine.streets import (
    PLAIN,
    SCHEME,
    STANDARD,
    Person,
    Stretch,
    answers,
    batch_of,
    column,
    inputs_of,
)

SCHEME_OF_MANY: Any = [
    {"component": "base", "label_zh": "基础报酬", "kind": "share_of_standard", "share": "0.70"},
    {"component": "performance", "label_zh": "绩效奖金", "kind": "pooled_share_of_standard", "share": "0.30"},
    {"component": "post", "label_zh": "岗位津贴", "kind": "by_table", "keys": ["post_class"],
     "amounts": {"head": "300.00"}, "else": "100.00"},
    {"component": "seniority", "label_zh": "年功", "kind": "per_year", "amount": "20.00", "most_years": 10},
    {"component": "lift", "label_zh": "保底", "kind": "floor_of", "of": ["post", "seniority"], "amount": "350.00"},
    {"component": "kept", "label_zh": "保留", "kind": "kept_level"},
    {"component": "meals", "label_zh": "餐补", "kind": "entered", "entry": "meals"},
]  # fmt: skip
RICH = answers(
    pay_composition={"components": SCHEME_OF_MANY},
    pay_partial_month={"method": "by_21_75", "paid_days": "21.75"},
    pool_shares={"weigh_by": "score"},
    contributions_amounts={"schemes": [SCHEME | {"worker_fixed": "7.00"}]},
    pay_overtime={"paid_days": "21.75", "hours_a_day": "8", "times": {"rest_day": "2"}},
    leave_pay={"kinds": {"sick": {"share": "0.60", "floor_share": "0.80"}}},
    wage_floor={"monthly": "2000.00"},
    union_dues={"share": "0.005", "unit": "10.00"},
    leave_unused_pay={"paid_days": "21.75", "times": "3", "normal_times": "1"},
)
PEOPLE = [
    Person("li", [Stretch(keys={"post_class": "head"}, years=12)], entered={"component.meals": "30.00"}),
    Person(
        "wang",
        [Stretch(1, 15, "9000.00", 3, {"post_class": "clerk"}), Stretch(16, 30, "9500.00", 4, {"post_class": "head"})],
        entered={"overtime_rest_day": "7.5", "union_member": "1", "annual_bonus": "36000.00", "deduction.court": "9.00",
                 "unused_leave_days": "2", "overtime_pay": "12.00", "exempt_income": "8.00"},
        year={"months": 3, "income": "20000.00"},
    ),
    Person("zhao", leave={"sick": 3}, score="55.5", entered={"kept_level": "5000.00"}),
    Person("zhou", score=None),
]  # fmt: skip


def rich() -> Batch:
    february = Past(
        inputs=inputs_of(PEOPLE[:3], month="2026-02"),
        answers=RICH,
        paid={"base": column([280000, 100, 0]), "pension_worker": column([0, 1, 2])},
        mine=column([0, 1, -1]),
        change_id=column([3, 4, 5]),
    )
    return batch_of(*PEOPLE, by=RICH, past=[february])


def in_another_order(batch: Batch) -> Batch:
    """The same facts: codes numbered otherwise, columns named in another order."""
    inputs = batch.inputs
    keys = {
        name: Coded(np.where(one.codes < 0, -1, len(one.words) - one.codes), ("never", *one.words[::-1]))
        for name, one in reversed(list(inputs.keys.items()))
    }
    return replace(
        batch,
        inputs=replace(inputs, keys=keys, entered=dict(reversed(list(inputs.entered.items())))),
        answers=dict(reversed(list(batch.answers.items()))),
        past=batch.past[::-1],
    )


class TestSnapshot:
    def test_reads_back_to_a_batch_that_works_out_alike(self) -> None:
        batch = rich()
        written = snapshot.write(batch)
        read = snapshot.read(written)

        assert snapshot.write(read) == written
        assert work_out(read).leaves == work_out(batch).leaves
        assert snapshot.engine_of(written) == ENGINE

    def test_and_slips_do_not_depend_on_the_order_of_facts(self) -> None:
        batch = rich()
        other = in_another_order(batch)

        assert snapshot.write(other) == snapshot.write(batch)
        assert work_out(other).leaves == work_out(batch).leaves

    def test_another_fact_makes_other_bytes(self) -> None:
        batch = rich()
        score = batch.inputs.score.copy()
        score[0] += 1

        assert snapshot.write(replace(batch, inputs=replace(batch.inputs, score=score))) != snapshot.write(batch)

    @pytest.mark.parametrize("written", [b"", b"payroll-snapshot-1\n", b"something else\n{}\n"])
    def test_other_bytes_are_no_snapshot(self, written: bytes) -> None:
        with pytest.raises(snapshot.NotASnapshot):
            snapshot.read(written)


# the test vectors of the certificate-transparency project
KNOWN_ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
KNOWN_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


class TestTree:
    def test_has_the_known_root(self) -> None:
        leaves = [tree.hash_leaf(bytes.fromhex(entry)) for entry in KNOWN_ENTRIES]

        assert tree.root_of(leaves).hex() == KNOWN_ROOT

    @given(size=st.integers(1, 70), data=st.data())
    def test_proves_each_leaf_and_no_other(self, size: int, data: st.DataObject) -> None:
        leaves = [tree.hash_leaf(str(number).encode()) for number in range(size)]
        index = data.draw(st.integers(0, size - 1))
        proof: dict[str, Any] = {"size": size, "path": tree.path_of(index, leaves), "root": tree.root_of(leaves)}

        assert tree.is_included(leaves[index], index=index, **proof)
        assert not tree.is_included(tree.hash_leaf(b"x"), index=index, **proof)
        assert size == 1 or not tree.is_included(leaves[index], index=(index + 1) % size, **proof)

    def test_a_leaf_is_the_canonical_json_of_a_paid_slip(self) -> None:
        batch = rich()
        results = work_out(batch)
        entries = entries_of(batch, results)

        assert tuple(tree.hash_leaf(entry) for entry in entries) == results.leaves
        assert results.root == tree.root_of(results.leaves).hex()
        said = json.loads(entries[1])
        assert (said["worker_id"], said["month"], said["gross"]) == (
            "wang",
            "2026-03",
            int(results.columns["gross"][1]),
        )
        assert entries[1] == json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        assert said["lines"][0] == ["base", 625977, None, None]
        assert {(period, change) for _, _, period, change in said["lines"]} == {(None, None), ("2026-02", 4)}


class TestExplained:
    def test_every_line_has_its_figures_words_and_clause(self) -> None:
        batch = rich()
        results = work_out(batch)
        for slip in np.flatnonzero(results.paid).tolist():
            lines = explain.explain(batch, results, slip)
            stored = results.line_amount[results.line_slip == slip].tolist()

            assert [line.amount for line in lines] == stored
            assert all(line.words_zh for line in lines)
            by_rule = [line for line in lines if line.clause]
            assert by_rule
            assert all(line.parameters == ("parameter-1",) for line in by_rule if line.clause == "MADE-UP-1")

    @pytest.mark.parametrize(
        ("slip", "code", "words"),
        [
            (0, "base", "薪酬标准（standard-1）4000.00元的70%，每月2800.00元"),
            (0, "post", "按正职，查金额表，每月300.00元"),
            (0, "seniority", "工作满12年，每满一年20.00元，最多计10年，每月200.00元"),
            (0, "pension_worker", "缴费基数4500.00元×0.08＋定额7.00元"),
            (1, "base", "1日至15日薪酬标准（standard-1）9000.00元的70%，每月6300.00元；16日至30日"),
            (1, "base", "计薪21天，按月计薪21.75天折算"),
            (1, "overtime_rest_day", "÷21.75天÷8小时×2倍×7.5小时"),
            (1, "union_dues", "不足10.00元的尾数不计，×0.005"),
            (2, "performance", "绩效总额"),
            (2, "performance", "本人55.5分，合计235.5分"),
            (2, "leave_sick", "病假3天，按这些天本应得基本工资的60%计发，不低于最低工资的80%"),
            (2, "kept", "原月工资5000.00元"),
        ],
    )
    def test_says(self, slip: int, code: str, words: str) -> None:
        batch = rich()
        line = next(
            one for one in explain.explain(batch, work_out(batch), slip) if one.code == code and one.period is None
        )

        assert words in line.words_zh

    def test_a_difference_says_what_was_paid_and_what_should_have_been(self) -> None:
        batch = rich()
        line = next(one for one in explain.explain(batch, work_out(batch), 0) if one.period and one.code != "base")

        assert line.words_zh.startswith("2026-02按现在的情况重算为")
        assert (line.period, line.change_id) == ("2026-02", 3)

    def test_tax_says_the_whole_formula(self) -> None:
        person = Person(stretches=[Stretch(standard="20000.00")], year={"months": 3, "withheld": "10.00"})
        batch = batch_of(person, by=PLAIN | answers(pay_composition={"components": [STANDARD]}))
        line = next(one for one in explain.explain(batch, work_out(batch), 0) if one.code == "tax")

        assert "减除费用15000.00元（按在本单位任职月数，3个月）" in line.words_zh
        assert "应纳税所得额5000.00元×0.03－速算扣除数0.00元＝150.00元，本年已预扣10.00元" in line.words_zh
        assert (line.amount, line.clause) == (14000, "LAW-IIT")
