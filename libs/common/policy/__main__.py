"""`python -m common.policy rules | clauses | check DIR`: what a person who writes a policy file needs.

`rules` prints the catalogue of rules, `clauses` which clauses are carried out and which not yet, `check` every fault of
a folder of policy files that nobody here wrote. `recompute FILE` is for an auditor: a decision as `get_decision` gives
it, decided once more; exits with 1 where the outcome is another, 2 where it cannot be computed.
"""

import argparse
import ast
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from common.policy.decisions import Decision, recompute
from common.policy.documents import Policies
from common.policy.faults import PolicyFault
from common.policy.loading import load_policies
from common.policy.parameters import PARAMETERS
from common.policy.rules import RULES, Rule

ROOT = Path(__file__).resolve().parents[3]
POLICIES = ROOT / "policies"


def import_all_rules() -> None:
    """Register every service's rules. A rules folder registers its modules in its own `__init__`."""
    for path in sorted((ROOT / "services").glob("*/rules*")):
        if path.suffix in ("", ".py") and path.name != "__pycache__":
            importlib.import_module(f"{path.parent.name}.rules")


def service_of(rule: Rule[Any]) -> str:
    return rule.function.__module__.split(".")[0]


LEGEND = """\
How a policy file is laid out: policies/README.md. Below, each rule, what a clause fixes for it (terms), what the
platform brings (facts). `?` may be left out, and so may what has a default. Codes are a-z, 0-9 and _, amounts and rates
decimals in quotes. Where a command needs an answer and no clause in force gives one, it refuses.
"""


def print_rules(policies: Policies) -> Iterator[str]:
    yield LEGEND
    for name, rule in sorted(RULES.items()):
        clauses = sorted({answer.clause.clause_id for answer in policies.answers.get(name, ())})
        every = ", every clause in force is asked" if rule.every else ""
        yield f"{name}  (version {rule.version}, {service_of(rule)}{every})"
        for line in rule.question.splitlines():
            yield f"    {line}".rstrip()
        yield from _fields("terms", rule.terms)
        yield from _fields("facts", rule.facts)
        yield f"    answer: {_short(rule.answer.json_schema(mode='serialization'))}"
        yield f"    clauses: {', '.join(clauses) or 'none'}"
        yield ""
    yield from print_parameters()


def print_parameters() -> Iterator[str]:
    yield "parameters  (`{parameter: CODE}` in a term; `*` is any one name)"
    for code, kind in sorted(PARAMETERS.items()):
        yield f"    {code}: {kind.title.format('…')}（{kind.unit}）"
        shape = kind.shape.json_schema(mode="serialization")
        yield f"        {_short(_resolved(shape, shape))}"


def _fields(kind: str, model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    yield f"    {kind}:" if schema["properties"] else f"    {kind}: none"
    for name, shape in schema["properties"].items():
        title = shape.pop("title", "")
        words = shape.pop("description", "")
        default = "" if name in required else f" (default {shape.pop('default', None)!r})"
        yield f"      {name}: {_short(_resolved(shape, schema))}{default}  {title}{'：' + words if words else ''}"


def _resolved(shape: Any, schema: dict[str, Any]) -> Any:
    if isinstance(shape, dict):
        if "$ref" in shape:
            return _resolved(schema["$defs"][shape["$ref"].split("/")[-1]], schema)
        return {key: _resolved(value, schema) for key, value in shape.items()}
    return [_resolved(item, schema) for item in shape] if isinstance(shape, list) else shape


_BOUNDS = {
    "minimum": "≥",
    "maximum": "≤",
    "exclusiveMinimum": ">",
    "exclusiveMaximum": "<",
    "minLength": "length ≥",
    "maxLength": "length ≤",
    "minItems": "items ≥",
    "maxItems": "items ≤",
    "pattern": "like ",
}


def _short(shape: Any) -> str:
    """A JSON schema in one line of words."""
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"])
    if "const" in shape:
        return str(shape["const"])
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(_short(one) for one in shape["anyOf"]))
    if shape.get("type") == "array":
        return f"list of {_short(shape.get('items', {}))}"
    if "properties" in shape:
        required = shape.get("required", ())
        fields = (
            f"{name}{'' if name in required else '?'}: {_short(one)}" for name, one in shape["properties"].items()
        )
        return "{" + ", ".join(fields) + "}"
    if "patternProperties" in shape:
        ((keys, one),) = shape["patternProperties"].items()
        return f"mapping of keys like {keys} to {_short(one)}"
    if shape.get("type") == "object":
        keys = _short(shape["propertyNames"]) if "propertyNames" in shape else "string"
        return f"mapping of {keys} to {_short(shape.get('additionalProperties') or {})}"
    bounds = [f"{sign}{shape[key]}" for key, sign in _BOUNDS.items() if key in shape]
    return " ".join([shape.get("format") or shape.get("type", "any"), *bounds])


def asserted_clauses(root: Path = ROOT) -> set[str]:
    """Clauses named by `@pytest.mark.clause(...)` in the tests: those whose decision a test asserts."""
    found: set[str] = set()
    for file in [*root.glob("services/*/tests/**/*.py"), *root.glob("tests/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.clause"):
                found |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    return found


def deciding_functions(root: Path = ROOT) -> set[str]:
    """The rule functions that a command or a handler hands to `decide…`, and the rules that an engine asks by name."""
    found: set[str] = set()
    for file in root.glob("services/*/**/*.py"):
        if "tests" in file.parts or "rules" in file.parts or file.name == "rules.py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Constant) and node.value in RULES:
                found.add(str(node.value))
    return found


def carried_out(policies: Policies) -> dict[str, list[str]]:
    """Clause id -> the rules it decides by. A clause counts when each step from file to test is there."""
    deciding = deciding_functions()
    asserted = asserted_clauses()
    found: dict[str, list[str]] = {}
    for name, answers in policies.answers.items():
        for answer in answers:
            clause_id = answer.clause.clause_id
            if {name, RULES[name].function.__name__} & deciding and clause_id in asserted:
                found.setdefault(clause_id, []).append(name)
    return found


def print_clauses(policies: Policies) -> Iterator[str]:
    done = carried_out(policies)
    total = 0
    for document in policies.documents:
        yield f"{document.id}  {document.title}"
        for clause_id, clause in document.clauses.items():
            total += 1
            mark = "✓" if clause_id in done else " "
            by = ", ".join(sorted(done.get(clause_id, []))) or "not yet"
            yield f"  {mark} {clause_id:<14} {clause.at:<12} {by}"
        yield ""
    yield f"{len(done)} of {total} clauses are carried out: a command decides by each and a test asserts the decision."


def check(folder: Path) -> int:
    try:
        policies = load_policies(folder, strict=True)
    except PolicyFault as fault:
        for line in fault.faults:
            sys.stdout.write(f"✗ {line}\n")
        sys.stdout.write(f"{len(fault.faults)} 处错误 (faults)\n")
        return 1
    clauses = sum(len(document.clauses) for document in policies.documents)
    sys.stdout.write(f"✓ {len(policies.documents)} 份文件、{clauses} 条条款，无误 (no faults)\n")
    return 0


def recompute_from(file: Path) -> int:
    """Decide once more what a file with a decision as JSON says was decided."""
    try:
        decision: Decision[Any] = Decision.model_validate(_stated(json.loads(file.read_text("utf-8"))))
        outcome = recompute(decision)
    except (OSError, ValueError, LookupError) as error:
        sys.stderr.write(f"无法重新计算 (cannot be computed): {error}\n")
        return 2
    same = outcome == decision.outcome
    by = f"{decision.rule}（版本 {decision.rule_version}），{decision.clause}，{decision.on}"
    sys.stdout.write(f"{'✓ 结果相同 (the same)' if same else '✗ 结果不同 (another)'}：{by}\n")
    if not same:
        for words, value in (("所载 (stated)", decision.outcome), ("重算 (computed)", outcome)):
            sys.stdout.write(f"  {words}: {json.dumps(value, ensure_ascii=False)}\n")
    return 0 if same else 1


def _stated(content: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError where the content was withheld or erased: there is nothing to compute from."""
    if content.get("facts") is None:
        raise ValueError("内容已抹除或无权查看 (the facts are erased or withheld)")
    return {name: content[name] for name in Decision.model_fields if name in content}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m common.policy", description=__doc__)
    parser.add_argument("what", choices=["rules", "clauses", "check", "recompute"])
    parser.add_argument("folder", nargs="?", type=Path, default=POLICIES)
    arguments = parser.parse_args()
    import_all_rules()
    if arguments.what == "recompute":
        return recompute_from(arguments.folder)
    if arguments.what == "check":
        return check(arguments.folder)
    policies = load_policies(arguments.folder, strict=True)
    lines = print_rules(policies) if arguments.what == "rules" else print_clauses(policies)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
