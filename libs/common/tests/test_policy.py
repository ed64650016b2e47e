"""A rule, clauses in files, the nearest one in force, and a decision that can be computed again."""

from datetime import date
from typing import Any

import pytest

from common.policy import RULES, Decision, Finding, NoClause, NotChosen, Terms, load_policies, rule
from common.policy.decisions import decide, decide_by, recompute
from common.policy.faults import PolicyFault
from common.tests.diary import registered


class Limit(Terms):
    most: int | None = None
    least: int = 0


class Bar(Terms):
    barred: tuple[str, ...] = ()


@rule("trial.limit", version=2)
def limit(terms: Limit, *, given: int) -> bool:
    return terms.most is not None and terms.least <= given <= terms.most


@rule("trial.revised")
def revised_once(terms: Limit, *, given: int) -> bool:
    return given == terms.least


@rule("trial.revised", version=2)
def revised(terms: Limit, *, given: int) -> bool:
    return given >= terms.least


@rule("trial.bars", every=True)
def bars(terms: Bar, *, name: str, on: date | None = None) -> list[Finding]:
    return [Finding(code="barred", zh=name, en=name)] if name in terms.barred else []


for own in (limit, bars, revised):
    RULES.pop(own.name)


@pytest.fixture(autouse=True)
def rules():
    with registered(limit, bars):
        yield


def clause(clause_id, terms, *, rule_name="trial.limit", more=""):
    return f"  {clause_id}:\n    at: x\n    says: {{zh: 某, en: some}}\n{more}    rules: {{{rule_name}: {terms}}}\n"


def document(name, *clauses, area="", staff="", starts_on="2024-01-01", more=""):
    return (
        f'id: {name}\ntitle: {name}\narea: "{area}"\nstaff: [{staff}]\nstarts_on: {starts_on}\n{more}clauses:\n'
        + "".join(clauses)
    )


@pytest.fixture
def load(tmp_path):
    def write(**documents):
        for name, content in documents.items():
            (tmp_path / f"{name}.yaml").write_text(content)
        return load_policies(tmp_path, strict=True)

    return write


def limited(policies, *, area="320102", staff="clerk", on=date(2024, 6, 1), given=5, **more):
    return decide(limit, policies=policies, area=area, staff=staff, on=on, given=given, **more)


class TestWhichClause:
    @pytest.mark.parametrize(
        ("area", "asked"), [("320102001", "C"), ("320102", "C"), ("320105", "B"), ("32", "B"), ("33", "A"), ("", "A")]
    )
    def test_the_nearest_area_decides(self, load, area, asked):
        policies = load(
            C=document("C", clause("C-1", "{most: 3}"), area="320102"),
            B=document("B", clause("B-1", "{most: 2}"), area="32"),
            A=document("A", clause("A-1", "{most: 1}")),
        )

        assert limited(policies, area=area).document == asked

    def test_a_nearer_area_comes_before_a_narrower_staff(self, load):
        policies = load(
            A=document("A", clause("A-1", "{most: 1}"), area="32", staff="clerk"),
            B=document("B", clause("B-1", "{most: 2}"), area="3201"),
        )

        assert limited(policies).clause == "B-1"

    @pytest.mark.parametrize(("staff", "asked"), [("clerk", "B-1"), ("cook", "A-1")])
    def test_the_narrower_staff_decides_in_the_same_area(self, load, staff, asked):
        policies = load(
            A=document("A", clause("A-1", "{most: 1}"), area="32"),
            B=document("B", clause("B-1", "{most: 2}"), area="32", staff="clerk"),
        )

        assert limited(policies, staff=staff).clause == asked

    @pytest.mark.parametrize(
        ("on", "in_force"),
        [("2023-12-31", False), ("2024-01-01", True), ("2024-12-31", True), ("2025-01-01", False)],
    )
    def test_from_its_first_day_to_the_day_before_its_end(self, load, on, in_force):
        policies = load(A=document("A", clause("A-1", "{most: 9}"), more="ends_on: 2025-01-01\n"))

        if in_force:
            assert limited(policies, on=date.fromisoformat(on)).permits
        else:
            with pytest.raises(NoClause):
                limited(policies, on=date.fromisoformat(on))

    def test_a_clause_may_be_narrower_and_later_than_its_document(self, load):
        narrower = '    area: "3201"\n    staff: [cook]\n    starts_on: 2024-03-01\n    ends_on: 2024-09-01\n'
        policies = load(A=document("A", clause("A-1", "{most: 9}", more=narrower), area="32"))

        assert limited(policies, staff="cook").permits
        for elsewhere in (
            {"staff": "clerk"},
            {"staff": "cook", "area": "3202"},
            {"staff": "cook", "on": date(2024, 2, 29)},
            {"staff": "cook", "on": date(2024, 9, 1)},
        ):
            with pytest.raises(NoClause):
                limited(policies, **elsewhere)


class TestValues:
    SERIES = "{most: [{from: 2024-01-01, value: 5}, {from: 2024-07-01, value: 7}, {from: 2025-01-01, value: null}]}"

    @pytest.mark.parametrize(("on", "most"), [("2024-01-01", 5), ("2024-06-30", 5), ("2024-07-01", 7)])
    def test_hold_from_their_day(self, load, on, most):
        decision = limited(load(A=document("A", clause("A-1", self.SERIES))), on=date.fromisoformat(on))

        assert decision.terms["most"] == most

    def test_a_clause_whose_values_have_ended_gives_way_to_the_level_above(self, load):
        policies = load(
            A=document("A", clause("A-1", "{most: 1}")),
            B=document("B", clause("B-1", self.SERIES), area="32"),
        )

        assert limited(policies, on=date(2024, 12, 31)).clause == "B-1"
        assert limited(policies, on=date(2025, 1, 1)).clause == "A-1"

    def test_a_value_that_ended_beside_others_falls_back_to_the_rule(self, load):
        terms = "{most: 9, least: [{from: 2024-01-01, value: 5}, {from: 2024-07-01, value: null}]}"
        policies = load(A=document("A", clause("A-1", terms)))

        assert not limited(policies, given=4, on=date(2024, 6, 30)).permits
        assert limited(policies, given=4, on=date(2024, 7, 1)).permits

    def test_what_is_left_open_needs_a_choice(self, load):
        policies = load(A=document("A", clause("A-1", "{most: {chosen_by: county, between: [1, 9]}}")))

        assert limited(policies, choices={"most": 4}).outcome is False
        with pytest.raises(NotChosen) as missing:
            limited(policies)
        assert missing.value.clause == "A-1"


class TestEvery:
    def test_each_clause_in_force_is_asked(self, load):
        policies = load(
            A=document("A", clause("A-1", "{barred: [x]}", rule_name="trial.bars")),
            B=document(
                "B",
                clause("B-1", "{barred: [y]}", rule_name="trial.bars"),
                clause("B-2", "{barred: [x]}", rule_name="trial.bars"),
                area="32",
            ),
            C=document("C", clause("C-1", "{barred: [x]}", rule_name="trial.bars"), area="33"),
        )
        asked: Any = {"area": "3201", "staff": "clerk", "on": date(2024, 6, 1)}
        found = policies.in_force(bars, **asked)
        decisions = [decide_by(one, policies, bars, choices={}, facts={"name": "x"}, **asked) for one in found]

        assert [(one.clause, one.permits) for one in decisions] == [("B-1", True), ("B-2", False), ("A-1", False)]


class TestDecision:
    def test_computes_again_from_its_json(self, load):
        policies = load(A=document("A", clause("A-1", "{most: 5}")))
        for given in (5, 6):
            decision = limited(policies, given=given)
            restored = type(decision).model_validate_json(decision.model_dump_json())

            assert recompute(restored) == restored.outcome == (given == 5)

    def test_a_changed_fact_computes_to_something_else(self, load):
        decision = limited(load(A=document("A", clause("A-1", "{most: 5}"))), given=5)

        assert recompute(decision.model_copy(update={"facts": {"given": 6}})) is False

    def test_findings_and_dates_survive(self, load):
        policies = load(A=document("A", clause("A-1", "{barred: [x]}", rule_name="trial.bars")))
        decision = decide(bars, policies=policies, area="32", staff="", on=date(2024, 1, 1), name="x")
        restored = type(decision).model_validate_json(decision.model_dump_json())

        assert recompute(restored) == [{"code": "barred", "zh": "x", "en": "x"}]
        assert not restored.permits

    def test_of_another_version_of_the_rule_is_not_computed(self, load):
        decision = limited(load(A=document("A", clause("A-1", "{most: 5}"))))

        assert decision.rule_version == 2
        with pytest.raises(LookupError, match="version 2"):
            recompute(decision.model_copy(update={"rule_version": 1}))

    def test_computes_again_by_the_version_of_its_day_while_a_newer_one_decides(self):
        names = ("decision_id", "document", "document_title", "policy_digest", "clause", "at")
        decided: dict[str, Any] = dict.fromkeys(names, "x")
        decided |= {"says": {"zh": "x", "en": "x"}, "area": "", "staff": "", "on": date(2026, 1, 1), "permits": True}
        decided |= {"rule": "trial.revised", "terms": {"least": 1}, "facts": {"given": 2}, "outcome": True}

        assert recompute(Decision(**decided, rule_version=1)) is False
        assert recompute(Decision(**decided, rule_version=2)) is True

    def test_takes_only_the_facts_the_rule_names(self, load):
        policies = load(A=document("A", clause("A-1", "{most: 5}")))

        with pytest.raises(ValueError, match="extra"):
            limited(policies, colour="blue")

    def test_the_digest_changes_with_any_value_and_with_nothing_else(self, load):
        one = load(A=document("A", clause("A-1", "{most: 5}"))).digests["A"]
        spaced = load(A="# a remark\n" + document("A", clause("A-1", "{ most:  5 }"))).digests["A"]
        other = load(A=document("A", clause("A-1", "{most: 6}"))).digests["A"]

        assert one == spaced != other


class TestFaults:
    @pytest.mark.parametrize(
        ("terms", "said"),
        [
            ("{moost: 1}", "moost"),
            ("{most: many}", "most"),
            ("{most: [{from: 2024-07-01, value: 1}, {from: 2024-01-01, value: 2}]}", "rising order"),
            ("{most: [{from: 2024-02-30, value: 1}]}", ""),
            ("{most: {chosen_by: county}}", "between"),
        ],
    )
    def test_are_named_with_file_and_clause(self, load, terms, said):
        with pytest.raises(PolicyFault) as fault:
            load(A=document("A", clause("A-1", terms)))

        assert any("A.yaml" in line and said in line for line in fault.value.faults)

    def test_two_clauses_cannot_both_decide(self, load):
        with pytest.raises(PolicyFault, match="both answer"):
            load(A=document("A", clause("A-1", "{most: 1}"), clause("A-2", "{most: 2}")))
