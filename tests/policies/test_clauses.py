"""What must hold of the policy files themselves, whoever writes them."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from common.policy import Clause, Policies, load_policies
from common.policy.__main__ import POLICIES, carried_out, import_all_rules

CATALOGUE = {
    "JH": "1 2a 2b 2c 3a 3b 4a 4b 5 6 7 8 9 9b 10 11a 11b 12 13a 13b 13c 15",
    "JL": "1 2a 2b 2c 3a 3b 3c 3d 4a 4b 4c 4d 5a 5b 5c 6 7 8a 8b 9a 9b 9c 10 11 12 13 14",
    "JS": "2 4a 4b 4c 4d 5a 5b 5c 6a 6b 6c 7 8a 8b 8c 8d 8e 8f 9 9b 11a 11b 11c 12 12b 13",
    "SJM": "1 2 3a 3b 3c 3d 3e 4 5 6 7 8 9 10 11",
    "SX": "1 2 3 4 6 7 8 9 10 11 12 14 15 16 17 21 22 23 25 26 27 28 29 30",
    "LAW": (
        "IIT IIT-BASIC IIT-BONUS IIT-INTERN IIT-LABOUR IIT-SEV IIT-YEAR LCL-10 LCL-12 LCL-16 LCL-19 LCL-36 LCL-37 "
        "LCL-38 LCL-39 LCL-40 LCL-41 LCL-43 LCL-44 LCL-47 LCL-82 LCL-87 LV-03 LV-06 LV-07 LV-09 MW MW-2201 MW-3201 "
        "MW-4201 PAY-PART PW-03 PW-04 RC-01 RC-02 RC-03 RC-07 RC-09 RC-12 RC-15 RC-17 RC-18 RET-1 RET-2 SI-2201 "
        "SI-3201 SI-4201 SI-4201-PW TU-01 WD"
    ),
}

DECIDED_IN_THE_LIVES = {
    "JS": "4a 4b 5a 5b 5c 6b 7 8b 8d",
    "JL": "2a 2b 3b 4a 4b 4c 4d 5a 7 8a 9a 9b 10 12",
    "JH": "3a 3b 5 8 11a 13b",
}

import_all_rules()


@pytest.fixture(scope="module")
def policies() -> Policies:
    return load_policies(POLICIES, strict=True)


@pytest.fixture(scope="module")
def clauses(policies) -> dict[str, Clause]:
    return {clause_id: clause for document in policies.documents for clause_id, clause in document.clauses.items()}


class TestCatalogue:
    def test_ids_are_unique(self, policies):
        counted = Counter(clause_id for document in policies.documents for clause_id in document.clauses)

        assert [clause_id for clause_id, times in counted.items() if times > 1] == []
        assert len(policies.digests) == len(policies.documents)

    @pytest.mark.parametrize(("document", "numbers"), CATALOGUE.items(), ids=list(CATALOGUE))
    def test_every_clause_that_was_read_is_there(self, clauses, document, numbers):
        wanted = {f"{document}-{number}" for number in numbers.split()}

        assert sorted(wanted - clauses.keys()) == []


class TestClause:
    def test_names_its_place(self, clauses):
        assert [clause_id for clause_id, clause in clauses.items() if not clause.at.strip()] == []

    def test_speaks_both_languages(self, clauses):
        chinese = re.compile(r"[\u4e00-\u9fff]")
        assert [c for c, clause in clauses.items() if not chinese.search(clause.says.zh)] == []
        assert [c for c, clause in clauses.items() if not re.search(r"[A-Za-z]{3}", clause.says.en)] == []

    def test_is_told_which_service_carries_it_out(self, clauses):
        assert [c for c, clause in clauses.items() if clause.service is None] == []


def _dated(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) and "from" in row for row in value)


def _figures(value: Any) -> Iterator[Any]:
    """Numbers and amounts, wherever in a term they stand."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _figures(one)
    elif isinstance(value, list):
        for one in value:
            yield from _figures(one)
    elif not isinstance(value, bool) and re.fullmatch(r"\d+(\.\d+)?", str(value)):
        yield value


def _terms(clauses: dict[str, Clause]) -> Iterator[tuple[str, Any]]:
    for clause_id, clause in clauses.items():
        if clause_id.startswith("LAW-"):
            for name, terms in clause.rules.items():
                for term, value in terms.items():
                    yield f"{clause_id} {name} {term}", value


class TestLaw:
    def test_every_figure_stands_in_a_dated_row(self, clauses):
        assert [place for place, value in _terms(clauses) if not _dated(value) and list(_figures(value))] == []

    def test_every_dated_row_carries_its_source_and_how_sure_it_is(self, clauses):
        rows = [(place, row) for place, value in _terms(clauses) if _dated(value) for row in value]

        assert len(rows) > 20
        assert [place for place, row in rows if not str(row.get("by", "")).strip()] == []
        assert [place for place, row in rows if row.get("confidence") not in ("H", "M", "L")] == []

    def test_holds_in_the_whole_nation_or_says_where(self, policies):
        law = [document for document in policies.documents if document.id.startswith("LAW")]

        assert len(law) == 9
        assert {document.area for document in law} == {""}


@pytest.fixture(scope="module")
def done(policies) -> dict[str, list[str]]:
    return carried_out(policies)


class TestCarriedOut:
    @pytest.mark.parametrize(("document", "numbers"), DECIDED_IN_THE_LIVES.items(), ids=list(DECIDED_IN_THE_LIVES))
    def test_what_the_lives_decide_by_is_asserted_by_a_test(self, done, document, numbers):
        assert [number for number in numbers.split() if not done.get(f"{document}-{number}")] == []

    def test_a_clause_without_a_rule_is_not_counted(self, done, clauses):
        assert [clause_id for clause_id in done if not clauses[clause_id].rules] == []
