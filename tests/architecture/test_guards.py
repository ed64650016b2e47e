"""Habits that a machine keeps. Each guard is shown to bite on a piece of code made for it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from common.access import MATRIX, access_matrix
from common.actors import Role
from common.choices import may_choose
from common.events import event_classes
from common.openapi import merged_document
from common.policy import RULES, load_policies
from common.policy.__main__ import import_all_rules

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/main.py"))
_CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
LONGEST_FUNCTION = 50
LONGEST_MODULE = 400


def sources(*patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return [path for path in found if "versions" not in path.parts and "__pycache__" not in path.parts]


def code() -> list[Path]:
    return [path for path in sources("services/**/*.py", "libs/**/*.py") if "tests" not in path.parts]


# ── the guards: each yields what it found ────────────────────────────────────────────────────────────────────────────


def commits(tree: ast.AST) -> Iterator[int]:
    """Calls of `.commit()` on anything but a savepoint or a Kafka consumer."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield node.lineno


def clock_readings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _CLOCKS:
            yield node.lineno


def long_functions(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.name} ({length} lines)"


def words_of_documents(text: str, *, clause_ids: set[str], titles: set[str]) -> Iterator[str]:
    for clause_id in clause_ids:
        if re.search(rf"(?<![\w-]){re.escape(clause_id)}(?![\w-])", text):
            yield clause_id
    yield from (title for title in titles if title in text)
    yield from re.findall(r"[\"'](?:22|32|33|42)(?:\d{2}|\d{4}|\d{7})?[\"']", text)


# ── what they must not find ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def policies():
    import_all_rules()
    return load_policies(ROOT / "policies", strict=True)


class TestTransactions:
    def test_only_the_boundary_commits(self):
        allowed = {"transaction.py", "consumer.py", "env.py"}
        found = [
            f"{path.relative_to(ROOT)}:{line}"
            for path in code()
            if path.name not in allowed and "embedded" not in path.parts
            for line in commits(ast.parse(path.read_text("utf-8")))
        ]

        assert found == []

    def test_bites(self):
        assert list(commits(ast.parse("await session.commit()"))) == [1]


class TestClock:
    def test_nobody_outside_the_chassis_reads_it(self):
        found = [
            f"{path.relative_to(ROOT)}:{line}"
            for path in sources("services/**/*.py")
            if "tests" not in path.parts
            for line in clock_readings(ast.parse(path.read_text("utf-8")))
        ]

        assert found == []

    def test_bites(self):
        assert list(clock_readings(ast.parse("x = date.today()"))) == [1]


class TestSize:
    def test_functions_stay_readable(self):
        found = [
            f"{path.relative_to(ROOT)}: {name}"
            for path in code()
            for name in long_functions(ast.parse(path.read_text("utf-8")))
        ]

        assert found == []

    def test_modules_stay_readable(self):
        lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in code()}

        assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}

    def test_bites(self):
        body = "\n".join(["def f():", *["    x = 1"] * LONGEST_FUNCTION])

        assert list(long_functions(ast.parse(body))) == ["f (51 lines)"]


class TestRulesKnowNoDocument:
    def test_no_clause_area_or_title_stands_in_a_service(self, policies):
        clause_ids = {clause_id for document in policies.documents for clause_id in document.clauses}
        titles = {document.title for document in policies.documents if document.area}
        found = {
            str(path.relative_to(ROOT)): words
            for path in sources("services/**/*.py")
            if "tests" not in path.parts
            and (words := sorted(words_of_documents(_without_examples(path), clause_ids=clause_ids, titles=titles)))
        }

        assert found == {}

    def test_bites(self):
        branch = 'if area == "320102" and clause == "JL-10":'
        found = list(words_of_documents(branch, clause_ids={"JL-10"}, titles=set()))

        assert found == ["JL-10", '"320102"']


def _without_examples(path: Path) -> str:
    """The code without docstrings and without the examples and descriptions of the API."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.keywords = [one for one in node.keywords if one.arg not in ("examples", "description")]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(value=None)
    return ast.unparse(tree)


class TestCatalogue:
    def test_every_rule_is_used_by_a_clause(self, policies):
        # The chassis's own rule is used by every clause that leaves a term to a level below.
        assert sorted(set(RULES) - set(policies.answers) - {may_choose.name}) == []

    def test_every_event_is_said_by_its_publisher(self):
        silent = [
            name
            for name, cls in event_classes().items()
            if cls.stream == "events"
            and not any(_says(path.read_text("utf-8"), cls.__name__) for path in code() if cls.publisher in path.parts)
        ]

        assert silent == []

    def test_bites(self):
        assert _says("tx.emit(Told(a=1))", "Told")
        assert _says("tx.emit_ready(Told, keys, bodies)", "Told")
        assert not _says("from events import Told\ntx.emit(Untold())", "Told")


def _says(code: str, event: str) -> bool:
    """One built, or many whose bodies are ready."""
    return re.search(rf"\b{event}\(|emit_ready\({event},", code) is not None


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
class TestReadme:
    def test_names_every_event_said(self, service):
        readme = (service / "README.md").read_text("utf-8")
        said = [cls for cls in event_classes().values() if cls.publisher == service.name and cls.stream == "events"]

        assert [cls for cls in said if cls.__name__ not in readme and cls.type_name() not in readme] == []

    def test_names_every_rule_and_its_clauses(self, service, policies):
        readme = (service / "README.md").read_text("utf-8")
        owned = [rule for rule in RULES.values() if rule.function.__module__.split(".")[0] == service.name]
        clauses = {
            answer.clause.clause_id
            for rule in owned
            for answer in policies.answers.get(rule.name, ())
            if not answer.clause.clause_id.startswith(("LAW-MW-", "LAW-SI-"))
        }

        assert [rule.name for rule in owned if rule.name not in readme] == []
        assert sorted(clause for clause in clauses if clause not in readme) == []


class TestAccessMatrix:
    def test_holds_every_operation_and_no_other(self):
        document = merged_document()
        operations = {
            operation["operationId"]
            for methods in document["paths"].values()
            for operation in methods.values()
            if isinstance(operation, dict) and "operationId" in operation
        }

        assert sorted(operations - set(access_matrix())) == []
        assert sorted(set(access_matrix()) - operations) == []

    def test_lists_no_operation_twice(self):
        keys = re.findall(r"^(\w+):", MATRIX.read_text("utf-8"), re.MULTILINE)

        assert sorted({key for key in keys if keys.count(key) > 1}) == []
        assert yaml.safe_load(MATRIX.read_text("utf-8"))

    def test_every_role_may_do_something(self):
        used = {role for roles in access_matrix().values() for role in roles}

        assert sorted(set(Role) - used) == []
