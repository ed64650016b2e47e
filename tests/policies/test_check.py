"""What `python -m common.policy check` says of a folder with a fault: the file, the clause, the day, what to do."""

from pathlib import Path
from textwrap import dedent, indent

import pytest

from common.policy.__main__ import check, import_all_rules

HEAD = """\
id: {id}
title: 某省办法（虚构，供测试）
area: "99"
staff: [village_aide]
starts_on: 2025-01-01
clauses:
"""

CLAUSE = """\
{id}:
  at: 第一条
  says: {{zh: 测试, en: a test}}
"""

import_all_rules()


def write(folder: Path, rules: str, *, file: str = "a.yaml", document: str = "A", clause: str = "A-1", **more: str):
    """One document of one clause; `more` are further keys of the clause."""
    body = CLAUSE.format(id=clause) + "".join(f"  {key}: {value}\n" for key, value in more.items())
    body += "  rules:\n" + indent(dedent(rules), "    ")
    (folder / file).write_text(HEAD.format(id=document) + indent(body, "  "), "utf-8")


@pytest.fixture
def said(tmp_path, capsys):
    """What the check prints of the folder, after its verdict was asked."""

    def run() -> str:
        assert check(tmp_path) == 1
        words: str = capsys.readouterr().out
        return words

    return run


def test_a_folder_without_a_fault_passes(tmp_path, capsys):
    write(tmp_path, "filing.required: {receiver: city}")

    assert check(tmp_path) == 0
    assert "1 份文件、1 条条款，无误" in capsys.readouterr().out


class TestOneFault:
    @pytest.mark.parametrize(
        ("rules", "told"),
        [
            pytest.param(
                "filing.requird: {receiver: city}",
                "a.yaml: A-1: filing.requird: no such rule; `make rules` lists them",
                id="an unknown rule",
            ),
            pytest.param(
                "filing.required: {reciever: city}",
                "a.yaml: A-1: filing.required: from 2025-01-01: reciever: not known here; did you mean receiver?",
                id="a misspelt term",
            ),
            pytest.param(
                "filing.required: {}",
                "a.yaml: A-1: filing.required: from 2025-01-01: receiver: missing; add it",
                id="a missing term",
            ),
            pytest.param(
                """\
                wage.floor:
                  monthly:
                    - {from: 2025-01-01, value: "1900.00"}
                    - {from: 2026-01-01, value: null}
                  hourly:
                    - {from: 2025-01-01, value: "20.00"}
                """,
                "a.yaml: A-1: wage.floor: from 2026-01-01: monthly: missing; add it",
                id="a term missing from a later day on",
            ),
            pytest.param(
                "public_notice.working_days: {at_least: [{from: 2026-01-01, value: 5}, {from: 2025-01-01, value: 7}]}",
                "a.yaml: A-1: public_notice.working_days: at_least: the days 2026-01-01, 2025-01-01: "
                "put them in rising order, each once",
                id="days out of order",
            ),
            pytest.param(
                "public_notice.working_days: {at_least: [{from: 2025-01-01, value: 5}, {from: 2025-01-01, value: 7}]}",
                "at_least: the days 2025-01-01, 2025-01-01: put them in rising order, each once",
                id="two values for one day",
            ),
            pytest.param(
                "public_notice.working_days: {at_least: [{from: '2025-01-01', value: 5}]}",
                "at_least: from: '2025-01-01' is not a day; write YYYY-MM-DD without quotes",
                id="a day in quotes",
            ),
            pytest.param(
                "public_notice.working_days: {at_least: [{from: 2025-01-01, value: 5, bye: 第一条}]}",
                "at_least: unknown key 'bye' beside from, value, by, confidence",
                id="a misspelt key beside a value",
            ),
            pytest.param(
                "renewal.longest_months: {months: {chosen_by: county}}",
                "a.yaml: A-1: renewal.longest_months: from 2025-01-01: "
                "months: say either `between: [lowest, highest]` or `among: [...]`",
                id="a choice without bounds",
            ),
            pytest.param(
                "renewal.longest_months: {months: {chosen_by: country, between: [12, 36]}}",
                "a.yaml: A-1: renewal.longest_months: from 2025-01-01: months: must be one of nation, province, city",
                id="a choice left to no level",
            ),
            pytest.param(
                "renewal.longest_months: {months: [{from: 2025-01-01, value: 36}, {from: 2026-01-01, value: 0}]}",
                "a.yaml: A-1: renewal.longest_months: from 2026-01-01: months: Input should be greater than 0",
                id="a value out of the rule's bounds",
            ),
            pytest.param(
                "plan.approvers: {approvers: [{office: applicant, level: street}]}",
                "a.yaml: A-1: plan.approvers: from 2025-01-01: approvers.0.office: "
                "must be one of lead_department, street_office, finance",
                id="an approver that is no office",
            ),
            pytest.param(
                "agreement.parties: {parties: [auditor, worker]}",
                "a.yaml: A-1: agreement.parties: from 2025-01-01: parties.0: must be one of lead_department",
                id="a party that cannot sign",
            ),
            pytest.param(
                """\
                recruitment.stage_in_order:
                  stages: [{stage: notice}, {stage: application}, {stage: qualification_review}, {stage: hiring}]
                """,
                "from 2025-01-01: terms: exactly one stage does public_notice, not 0",
                id="stages that cannot be carried out",
            ),
        ],
    )
    def test_is_told_with_its_place_and_what_to_do(self, tmp_path, said, rules, told):
        write(tmp_path, rules)

        words = said()

        assert f"✗ {told}" in words if told.startswith("a.yaml") else told in words

    def test_area_outside_the_document(self, tmp_path, said):
        write(tmp_path, "filing.required: {receiver: city}", area='"3201"')

        assert "✗ a.yaml: A-1: area 3201 lies outside the document's 99; narrow it or write it into" in said()

    def test_not_yaml(self, tmp_path, said):
        (tmp_path / "a.yaml").write_text("id: [A\ntitle: x", "utf-8")

        words = said()

        assert "✗ a.yaml: not readable YAML" in words
        assert "line 2" in words

    def test_clause_id_twice_in_a_file(self, tmp_path, said):
        write(tmp_path, "filing.required: {receiver: city}")
        with (tmp_path / "a.yaml").open("a", encoding="utf-8") as file:
            file.write("\n" + indent(CLAUSE.format(id="A-1"), "  "))

        assert "A-1 stands twice; give each its own name" in said()

    def test_clause_without_its_place(self, tmp_path, said):
        write(tmp_path, "filing.required: {receiver: city}")
        file = tmp_path / "a.yaml"
        file.write_text(file.read_text("utf-8").replace("    at: 第一条\n", ""), "utf-8")

        assert "✗ a.yaml: clauses.A-1.at: missing; add it" in said()

    def test_folder_without_a_file(self, said):
        assert "no policy file (*.yaml) here" in said()


class TestBetweenClauses:
    """Faults that no file has by itself."""

    def test_two_clauses_answer_one_question(self, tmp_path, said):
        write(tmp_path, "filing.required: {receiver: city}")
        later = {"file": "b.yaml", "document": "B", "clause": "B-1", "starts_on": "2026-01-01"}
        write(tmp_path, "filing.required: {receiver: province}", **later)

        words = said()

        assert (
            "✗ a.yaml: A-1, b.yaml: B-1: both answer filing.required in area 99 for the same staff from 2026-01-01; "
            "end one by then or narrow its staff" in words
        )

    @pytest.mark.parametrize(
        "narrower",
        [
            pytest.param({"ends_on": "2026-01-01"}, id="that ends before"),
            pytest.param({"staff": "[village_driver]"}, id="for other staff"),
            pytest.param({"area": '"9901"'}, id="for a nearer area"),
        ],
    )
    def test_a_clause_does_not_stand_in_the_way_of_one(self, tmp_path, narrower):
        write(tmp_path, "filing.required: {receiver: city}", **narrower)
        later = {"file": "b.yaml", "document": "B", "clause": "B-1", "starts_on": "2026-01-01"}
        write(tmp_path, "filing.required: {receiver: province}", **later)

        assert check(tmp_path) == 0

    def test_answers_that_add_up_are_no_fault(self, tmp_path):
        bars = "applicant.bars: {bars: [{code: relative, zh: 近亲属, en: a close relative}]}"
        write(tmp_path, bars)
        write(tmp_path, bars, file="b.yaml", document="B", clause="B-1")

        assert check(tmp_path) == 0

    def test_clause_id_in_two_files(self, tmp_path, said):
        write(tmp_path, "filing.required: {receiver: city}")
        write(tmp_path, "filing.may_accept: {receiver: city}", file="b.yaml", document="B")

        assert "✗ b.yaml: A-1: the id also stands in a.yaml; ids are unique" in said()

    def test_document_id_in_two_files(self, tmp_path, said):
        write(tmp_path, "filing.required: {receiver: city}")
        write(tmp_path, "filing.may_accept: {receiver: city}", file="b.yaml", clause="B-1")

        assert "✗ b.yaml: id A: another file has it already; ids are unique" in said()


def test_every_fault_of_a_folder_is_told_at_once(tmp_path, said):
    write(tmp_path, "filing.required: {}")
    write(tmp_path, "no.rule: {}", file="b.yaml", document="B", clause="B-1")
    (tmp_path / "c.yaml").write_text("- a list", "utf-8")

    words = said()

    assert "3 处错误" in words
    assert "c.yaml: a document is a mapping with id, title, area, starts_on, clauses" in words
