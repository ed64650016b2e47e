"""Refusals and codes as an office reads them."""

from datetime import date
from typing import Any

from common.actors import Role
from common.areas import Level
from common.errors import NotAllowed
from common.ids import new_id
from common.policy.__main__ import import_all_rules
from common.policy.decisions import Decision
from common.policy.documents import NotChosen, Says
from common.policy.rules import RULES
from common.wording import describe_decision
from common.words import WORDS, word

# Articles of law are called by their number in every language.
_UNTRANSLATED = ("E-", "R-", "T-", "W-")


def a_decision(**changes: Any) -> Decision[Any]:
    stages = [{"stage": "notice", "zh": "公告", "scored": False}, {"stage": "trial", "zh": "试讲", "scored": True}]
    fields: dict[str, Any] = {
        "decision_id": new_id("decision"),
        "rule": "example.question",
        "rule_version": 1,
        "document": "EX",
        "document_title": "示例办法",
        "policy_digest": "sha256:0",
        "clause": "EX-1",
        "at": "第一条",
        "says": Says(zh="依次办理。", en="In order."),
        "area": "320102",
        "staff": "union_worker",
        "on": date(2024, 5, 9),
        "terms": {"stages": stages, "level": "county"},
        "facts": {"done": ["notice"], "stage": "trial", "agreed": stages, "given": []},
        "outcome": [{"code": "early", "zh": "2024-05-09 尚不能办理", "en": "not yet on 2024-05-09"}],
        "permits": False,
    }
    return Decision(**{**fields, **changes})


class TestDescribeDecision:
    def test_says_what_stands_in_the_way_first(self):
        assert describe_decision(a_decision()).startswith(
            "不予办理：2024年5月9日尚不能办理。依据《示例办法》第一条（EX-1）："
        )

    def test_names_codes_as_the_document_does_and_then_as_the_platform_does(self):
        words = describe_decision(a_decision())

        assert "done＝公告；stage＝试讲" in words.replace("环节", "stage")
        assert "层级＝县级" in words

    def test_does_not_say_a_list_twice(self):
        assert "agreed" not in describe_decision(a_decision())

    def test_shows_an_empty_list_as_none(self):
        assert "given＝无" in describe_decision(a_decision())

    def test_keeps_a_number_that_a_term_happens_to_have_too(self):
        words = describe_decision(a_decision(terms={"lowest": 2}, facts={"waiting": 2}))

        assert "waiting＝2" in words

    def test_says_the_same_in_english(self):
        words = describe_decision(a_decision(), "en")

        assert words.startswith("refused under EX-1")
        assert "not yet on 2024-05-09" in words


class TestWords:
    def test_stand_for_every_code_that_a_rule_knows(self):
        import_all_rules()
        codes = {code for rule in RULES.values() for model in (rule.terms, rule.facts) for code in _codes(model)}
        codes |= {str(role) for role in Role} | {str(level) for level in Level}

        assert sorted(code for code in codes - WORDS.keys() if not code.startswith(_UNTRANSLATED)) == []

    def test_leave_an_unknown_code_as_it_is(self):
        assert word("trial") == "trial"


class TestErrors:
    def test_name_roles_as_offices_are_called(self):
        assert "财政部门、民政部门" in NotAllowed(operation="hire", roles="finance, civil_affairs").detail("zh")

    def test_name_the_term_that_is_left_open(self):
        import_all_rules()
        error = NotChosen(rule="post.may_open", clause="EX-1", term="county_cap", level=Level.COUNTY, area="220102")

        assert "“县（市、区）总量”" in error.zh


def _codes(model: Any) -> set[str]:
    found: set[str] = set()
    _collect(model.model_json_schema(), found)
    return found


def _collect(shape: Any, found: set[str]) -> None:
    if isinstance(shape, dict):
        found |= {code for code in shape.get("enum", []) if isinstance(code, str)}
        for part in shape.values():
            _collect(part, found)
    elif isinstance(shape, list):
        for part in shape:
            _collect(part, found)
