"""Every worked example that was handed out agrees, by its clause; and what a file of examples may be told."""

import copy
import json
import random
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.policy import load_policies, load_seeds
from common.policy.__main__ import POLICIES, import_all_rules
from payroll.__main__ import main
from payroll.operating import tax_kinds
from payroll.operating.comparing import Desk, Shown, differences
from payroll.operating.examples import Vector, read_vectors
from payroll.operating.tax_kinds import Employers, MonthOfPay, Wages
from payroll.operating.vectors import answer_to, hold, kind_of

import_all_rules()

FOLDER = Path(__file__).parent / "vectors"
TAX = {vector.name: vector for vector in read_vectors(FOLDER / "iit_vectors.json")}
LAW = {vector.name: vector for vector in read_vectors(FOLDER / "law_vectors.json")}
ON = date(2026, 12, 1)
DESK = Desk(load_policies(POLICIES, strict=True), "", "labour_contract", ON, load_seeds(POLICIES))


def examples(*kinds: str) -> Any:
    """Parameters: the examples of these kinds."""
    found = [one for one in (*TAX.values(), *LAW.values()) if one.kind in kinds]
    return pytest.mark.parametrize("vector", [pytest.param(one, id=one.name) for one in found])


def clauses_behind(ours: Any) -> set[str]:
    if isinstance(ours, Shown):
        return {ours.by.split()[0]}
    values = ours.values() if isinstance(ours, Mapping) else ours
    return set().union(*(clauses_behind(value) for value in values))


def agrees(vector: Vector) -> set[str]:
    """The clauses by which an example was found to agree."""
    report = hold([vector], DESK)
    assert (report.compared, report.disagreements) == (1, [])
    kind = kind_of(vector)
    assert kind is not None
    return clauses_behind(answer_to(vector, kind, DESK)[1])


class TestTaxExamples:
    """LAW-IIT and those beside it."""

    @pytest.mark.clause("LAW-IIT", "LAW-IIT-BASIC")
    @examples("wage_cumulative")
    def test_wages(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT", "LAW-IIT-BASIC"}

    @pytest.mark.clause("LAW-IIT-BONUS")
    @examples("bonus_separate", "bonus_blind_zones")
    def test_a_bonus_taxed_apart(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT-BONUS"}

    @pytest.mark.clause("LAW-IIT-BONUS")
    @examples("bonus_choice")
    def test_a_bonus_apart_or_merged(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT-BONUS", "LAW-IIT"}

    @pytest.mark.clause("LAW-IIT-LABOUR")
    @examples("labour_remuneration")
    def test_labour_remuneration(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT-LABOUR"}

    @pytest.mark.clause("LAW-IIT-INTERN")
    @examples("intern_cumulative")
    def test_an_intern(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT-INTERN"}

    @pytest.mark.clause("LAW-IIT-SEV")
    def test_severance(self) -> None:
        assert agrees(TAX["IIT-20"]) == {"LAW-IIT-SEV"}

    @pytest.mark.clause("LAW-IIT-YEAR")
    @examples("annual_settlement")
    def test_the_settlement_of_a_year_with_two_employers(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT-YEAR", "LAW-IIT"}

    @pytest.mark.clause("LAW-IIT-YEAR")
    @examples("annual_table")
    def test_the_table(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-IIT-YEAR"}


class TestLawExamples:
    @pytest.mark.clause("LAW-RET-1")
    @examples("retirement")
    def test_retirement(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-RET-1"}

    @pytest.mark.clause("LAW-RET-2")
    @examples("min_contribution_years")
    def test_years_of_contribution(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-RET-2"}

    @pytest.mark.clause("LAW-LCL-47", "LAW-LCL-87")
    @pytest.mark.parametrize("vector", [pytest.param(v, id=v.name) for v in LAW.values() if v.kind == "severance"])
    def test_severance_and_damages(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-LCL-47", "LAW-LCL-87"}

    @pytest.mark.clause("LAW-LV-07")
    @examples("annual_leave")
    def test_leave_for_part_of_a_year(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-LV-07"}

    @pytest.mark.clause("LAW-LV-09")
    @examples("unused_leave_pay")
    def test_leave_not_taken(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-LV-09"}

    @pytest.mark.clause("LAW-LV-03")
    @examples("overtime")
    def test_overtime(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-LV-03"}

    @pytest.mark.clause("LAW-LCL-19")
    @examples("probation")
    def test_probation(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-LCL-19"}

    @pytest.mark.clause("LAW-LCL-82")
    @examples("double_pay")
    def test_double_pay(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-LCL-82"}

    @pytest.mark.clause("LAW-TU-01")
    @examples("union_dues")
    def test_union_dues(self, vector: Vector) -> None:
        assert agrees(vector) == {"LAW-TU-01"}

    @examples("id_card", "uscc")
    def test_numbers(self, vector: Vector) -> None:
        assert len(agrees(vector)) == 1


def test_every_handed_out_example_stands_in_a_test_above() -> None:
    assert (len(TAX), len(LAW)) == (24, 75)
    tested = {
        "wage_cumulative", "bonus_separate", "bonus_blind_zones", "bonus_choice", "labour_remuneration",
        "intern_cumulative", "severance", "annual_settlement", "annual_table", "retirement", "min_contribution_years",
        "annual_leave", "unused_leave_pay", "overtime", "probation", "double_pay", "union_dues", "id_card", "uscc",
    }  # fmt: skip
    assert {one.kind for one in (*TAX.values(), *LAW.values())} == tested


def figures(stated: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every figure stated, but the number of a month, by which rows are found."""
    if isinstance(stated, dict | list):
        for key, value in stated.items() if isinstance(stated, dict) else enumerate(stated):
            if key != "month":
                yield from figures(value, (*path, key))
    else:
        yield path


def moved(value: Any) -> Any:
    """A figure a fen away, or another answer."""
    if isinstance(value, bool) or value is None:
        return value is not True
    try:
        return str(Decimal(str(value)) + Decimal("0.01"))
    except ArithmeticError:
        return f"{value}x"


@pytest.mark.parametrize("vector", [pytest.param(one, id=one.name) for one in (*TAX.values(), *LAW.values())])
def test_a_figure_a_fen_away_is_found_wherever_it_stands(vector: Vector) -> None:
    kind = kind_of(vector)
    assert kind is not None
    stated, ours = answer_to(vector, kind, DESK)
    paths = list(figures(stated))

    assert paths
    for *above, last in paths:
        wrong = copy.deepcopy(stated)
        place = wrong
        for key in above:
            place = place[key]
        place[last] = moved(place[last])
        assert len(list(differences(wrong, ours, where="here"))) == 1


def run(capsys: Any, *arguments: str) -> tuple[int, str]:
    code = main(["vectors", *arguments, "--on", "2026-12-01"] if "--on" not in arguments else ["vectors", *arguments])
    written = capsys.readouterr()
    return code, written.out + written.err


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(content: Any) -> str:
        file = tmp_path / "examples.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
        return str(file)

    return write


class TestCommand:
    @pytest.mark.parametrize(("name", "count"), [("iit_vectors.json", 24), ("law_vectors.json", 75)])
    def test_finds_nothing_in_the_handed_out_files(self, capsys: Any, name: str, count: int) -> None:
        code, said = run(capsys, str(FOLDER / name))

        assert code == 0
        assert f"核对 {count} 例 (compared)，不符 0 处 (disagreements)" in said

    def test_tells_both_figures_the_example_and_the_clause(self, capsys: Any, written: Any) -> None:
        content = json.loads((FOLDER / "iit_vectors.json").read_text("utf-8"))
        content["vectors"][0]["expected"]["months"][2]["tax"] = "75.01"

        code, said = run(capsys, written(content))

        assert code == 1
        assert "✗ IIT-01 标准全年" in said
        assert "months[2].tax：算例为 (stated) 75.01，规则得 (ours) 75.00" in said
        assert "依据 (decided by)：LAW-IIT 个人所得税法第三条" in said
        assert "核对 24 例 (compared)，不符 1 处 (disagreements)" in said

    def test_goes_by_the_terms_of_the_policy_files(self, capsys: Any, tmp_path: Path) -> None:
        folder = shutil.copytree(POLICIES, tmp_path / "policies")
        file = folder / "parameters" / "nation.yaml"
        file.write_text(file.read_text("utf-8").replace('value: "5000.00"', 'value: "5001.00"'), "utf-8")

        code, said = run(capsys, str(FOLDER / "iit_vectors.json"), "--policies", str(folder))

        assert code == 1
        assert "months[0].cum_basic：算例为 (stated) 5000.00，规则得 (ours) 5001.00" in said

    @pytest.mark.clause("LAW-IIT-BONUS")
    def test_says_when_no_clause_answers_any_more(self, capsys: Any) -> None:
        """LAW-IIT-BONUS ends with 2027."""
        last_day = run(capsys, str(FOLDER / "iit_vectors.json"), "--on", "2027-12-31")
        code, said = run(capsys, str(FOLDER / "iit_vectors.json"), "--on", "2028-01-01")

        assert last_day[0] == 0
        assert code == 1
        assert "✗ IIT-14" in said
        assert "tax.bonus_apart" in said

    def test_names_a_kind_that_it_does_not_know(self, capsys: Any, written: Any) -> None:
        code, said = run(capsys, written({"union_dues": [{"base": "3000", "dues": "15.00"}], "royalties": [{"a": 1}]}))

        assert code == 2
        assert "? royalties[0]" in said
        assert "不认识的种类 1 种 (unknown kinds): royalties" in said

    def test_a_disagreement_goes_before_a_kind_not_known(self, capsys: Any, written: Any) -> None:
        code, _ = run(capsys, written({"union_dues": [{"base": "3000", "dues": "15.01"}], "royalties": [{"a": 1}]}))

        assert code == 1

    @pytest.mark.parametrize(
        ("content", "where"),
        [
            pytest.param('{"vectors": [', "第1行第14列", id="JSON that breaks off"),
            pytest.param("[]", "最外层应为对象", id="a list"),
            pytest.param("{}", "没有算例", id="nothing in it"),
            pytest.param('{"union_dues": [], "union_dues": []}', "a key stands twice: union_dues", id="a key twice"),
            pytest.param({"vectors": [{"id": "A-1"}]}, "vectors[0].inputs", id="an example without inputs"),
            pytest.param({"union_dues": [{"base": "many", "dues": "1"}]}, "union_dues[0].base", id="no amount"),
            pytest.param({"union_dues": [{"base": "30", "dues": "x"}]}, "union_dues[0].dues", id="a figure not one"),
            pytest.param({"union_dues": [{"base": "30", "fee": "1"}]}, "union_dues[0].fee", id="a figure of no rule"),
            pytest.param({"union_dues": [{"base": "30"}]}, "union_dues[0]", id="nothing stated"),
            pytest.param('{"union_dues": {"base": "30", "dues": NaN}}', "NaN is not a number", id="no number at all"),
            pytest.param(
                {"vectors": [{"id": "A", "inputs": {"kind": "annual_table"}, "expected": {"rows": 3}}]},
                "vectors[0]（A）.rows", id="a number instead of rows",
            ),
            pytest.param({"union_dues": 3}, "union_dues", id="a number instead of examples"),
            pytest.param(
                {"severance": [{"start": "2020-01-01", "last_day": "9999-12-31", "avg12": "1", "local_avg": "1",
                                "min_wage": "1", "n": "1"}]}, "severance[0]", id="a day beyond the calendar",
            ),
            pytest.param(
                {"vectors": [{"id": "A", "inputs": {"kind": "wage_cumulative", "months": [
                    {"month": 1, "income": "1"}, {"month": 1, "income": "1"}]}, "expected": {"withheld_total": "0"}}]},
                "vectors[0]（A）.months", id="a month twice",
            ),
        ],
    )  # fmt: skip
    def test_names_the_place_that_it_cannot_read(self, capsys: Any, written: Any, content: Any, where: str) -> None:
        code, said = run(capsys, written(content))

        assert code == 2
        assert where in said

    def test_names_a_file_that_is_not_there(self, capsys: Any, tmp_path: Path) -> None:
        code, said = run(capsys, str(tmp_path / "none.json"))

        assert code == 2
        assert "none.json" in said


FEN = st.integers(0, 8_000_000).map(lambda fen: Decimal(fen) / 100)
SMALL = st.integers(0, 400_000).map(lambda fen: Decimal(fen) / 100)
YEARS = st.lists(st.tuples(FEN, SMALL, SMALL), min_size=12, max_size=12).map(
    lambda rows: [
        MonthOfPay(month=number, income=income, special=special, additional=additional)
        for number, (income, special, additional) in enumerate(rows, start=1)
    ]
)


class TestAnyYear:
    """LAW-IIT and LAW-IIT-YEAR together, for any year of pay."""

    @pytest.mark.clause("LAW-IIT", "LAW-IIT-YEAR")
    @settings(deadline=None, max_examples=40)
    @given(year=YEARS)
    def test_what_is_withheld_is_the_years_tax_or_leaves_a_carry(self, year: list[MonthOfPay]) -> None:
        withheld = tax_kinds.wage_cumulative(DESK, Wages(months=year))
        settled = tax_kinds.annual_settlement(DESK, Employers.model_validate({"a": {"months": year}}))
        carry = min(withheld["months"][-1]["raw_due"].value, Decimal(0))

        assert settled["refund_or_due"].value == carry
        assert withheld["withheld_total"].value == settled["annual_tax"].value - carry
        assert all(row["tax"].value >= 0 for row in withheld["months"])

    @pytest.mark.clause("LAW-IIT")
    @settings(deadline=None, max_examples=20)
    @given(year=YEARS, seed=st.integers())
    def test_facts_may_come_in_any_order(self, year: list[MonthOfPay], seed: int) -> None:
        mixed = list(year)
        random.Random(seed).shuffle(mixed)

        assert tax_kinds.wage_cumulative(DESK, Wages(months=mixed)) == tax_kinds.wage_cumulative(
            DESK, Wages(months=year)
        )
