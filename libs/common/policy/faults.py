"""What is wrong with a policy file, in words that say where and what to do."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


class _EachKeyOnce(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML lets the last of two equal keys win, silently; two clauses of one id would be one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"{key.value} stands twice; give each its own name"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class PolicyFault(Exception):
    """Everything wrong with a folder of policy files, one line each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


NOT_KNOWN = "not known here"
_QUOTED = re.compile(r"'([^']+)'")


def read_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_EachKeyOnce)  # noqa: S506  # a safe loader that looks at keys


def told(error: ValidationError, model: type[BaseModel]) -> Iterable[tuple[str, str]]:
    """Each fault's place, dotted, and what to do about it."""
    for fault in error.errors():
        yield ".".join(str(part) for part in fault["loc"]), _words(fault, model)


def _words(fault: ErrorDetails, model: type[BaseModel]) -> str:
    if fault["type"] == "missing":
        return "missing; add it"
    if fault["type"] in ("enum", "literal_error"):
        return f"must be one of {', '.join(_QUOTED.findall(fault['ctx']['expected']))}"
    if fault["type"] != "extra_forbidden":
        return fault["msg"].removeprefix("Value error, ")
    if len(fault["loc"]) > 1:
        return f"{NOT_KNOWN}; take it out or correct its spelling"
    known = list(model.model_fields)
    near = get_close_matches(str(fault["loc"][0]), known, n=1)
    return f"{NOT_KNOWN}; did you mean {near[0]}?" if near else f"{NOT_KNOWN}; known are {', '.join(known)}"
