"""The questions the platform can answer, each written once and knowing no document."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

T = TypeVar("T")
P = ParamSpec("P")


class Terms(BaseModel):
    """What a clause fixes for a rule. Each field's title and description stand in the catalogue of rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(BaseModel):
    """One thing that stands in the way; an empty list of findings permits."""

    model_config = ConfigDict(frozen=True)

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Rule(Generic[T]):
    name: str
    version: int
    every: bool
    question: str
    terms: type[Terms]
    facts: type[BaseModel]
    answer: TypeAdapter[T]
    function: Callable[..., T]

    def __call__(self, terms: Terms, **facts: Any) -> T:
        return self.function(terms, **facts)


RULES: dict[str, Rule[Any]] = {}
_VERSIONS: dict[tuple[str, int], Rule[Any]] = {}


def rule_of(name: str, *, version: int) -> Rule[Any]:
    """The rule as it was in that version; LookupError where this release no longer has it."""
    found = _VERSIONS.get((name, version))
    if found is None:
        newest = f"at version {RULES[name].version}" if name in RULES else "not known"
        raise LookupError(f"{name} is {newest}, the decision used {version}: compute it with the release of its day")
    return found


def rule(name: str, *, version: int = 1, every: bool = False) -> Callable[[Callable[..., T]], Rule[T]]:
    """Register a pure function of terms and keyword-only facts as the question `name`.

    An earlier version of a rule may stand beside the newest one, so that what it decided computes again.
    `every`: clauses that answer it add up, and each one in force is asked; otherwise the nearest alone decides.
    """

    def register(function: Callable[..., T]) -> Rule[T]:
        hints = get_type_hints(function, include_extras=True)
        answer = hints.pop("return")
        first, *facts = inspect.signature(function).parameters.values()
        if any(fact.kind is not inspect.Parameter.KEYWORD_ONLY for fact in facts):
            raise TypeError(f"{name}: facts are keyword-only")
        fields: dict[str, Any] = {
            fact.name: (hints[fact.name], ... if fact.default is inspect.Parameter.empty else fact.default)
            for fact in facts
        }
        made = Rule(
            name=name,
            version=version,
            every=every,
            question=inspect.getdoc(function) or "",
            terms=hints[first.name],
            facts=create_model(f"{name} facts", __config__=ConfigDict(extra="forbid"), **fields),
            answer=TypeAdapter(answer),
            function=function,
        )
        if RULES.setdefault(name, made) is not made and RULES[name].function.__module__ != function.__module__:
            raise ValueError(f"two rules are named {name}")
        _VERSIONS[name, version] = made
        RULES[name] = max(made, RULES[name], key=lambda one: one.version)
        return made

    return register
