"""A decision: rule, clause, terms, facts and outcome, complete enough to be computed again."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from common.ids import new_id
from common.policy.documents import Answer, Policies, Says
from common.policy.parameters import NO_PARAMETERS, Parameters
from common.policy.rules import Rule, rule_of

T = TypeVar("T")


class Decision(BaseModel, Generic[T]):
    """Made by the chassis, never by hand. `terms`, `facts` and `outcome` are plain JSON values.

    `terms_since` says of each term from which day its value has been in force, `parameters` by code which row gave a
    figure of the terms; `organisation` whose staff it is about.
    """

    model_config = ConfigDict(frozen=True)

    decision_id: str
    rule: str
    rule_version: int
    document: str
    document_title: str
    policy_digest: str
    clause: str
    at: str
    says: Says
    area: str
    staff: str
    on: date
    terms: dict[str, Any]
    terms_since: dict[str, date] = {}
    parameters: dict[str, str] | None = None
    facts: dict[str, Any]
    outcome: Any
    permits: bool
    organisation: str | None = None
    answer: Any = Field(exclude=True, default=None)

    @property
    def value(self) -> T:
        """The outcome as the rule gave it."""
        return self.answer  # type: ignore[no-any-return]


def permits(outcome: Any) -> bool:
    """Whether an outcome lets a command go on: a list of findings does when empty, a bool when true."""
    if isinstance(outcome, bool):
        return outcome
    if isinstance(outcome, list | tuple):
        return not outcome
    return bool(getattr(outcome, "permitted", True))


def decide_by(
    answer: Answer,
    policies: Policies,
    rule: Rule[T],
    *,
    area: str,
    staff: str,
    on: date,
    choices: Mapping[str, Any],
    facts: Mapping[str, Any],
    chosen_on: Mapping[str, date] | None = None,
    organisation: str | None = None,
    parameters: Parameters = NO_PARAMETERS,
) -> Decision[T]:
    filled = answer.require_on(on, choices, parameters, area=area, staff=staff)
    checked = rule.facts.model_validate(dict(facts))
    outcome = rule(filled.terms, **{name: getattr(checked, name) for name in rule.facts.model_fields})
    return Decision(
        decision_id=new_id("decision"),
        rule=rule.name,
        rule_version=rule.version,
        document=answer.document.id,
        document_title=answer.document.title,
        policy_digest=policies.digests[answer.document.id],
        clause=answer.clause.clause_id,
        at=answer.clause.at,
        says=answer.clause.says,
        area=area,
        staff=staff,
        on=on,
        terms=filled.terms.model_dump(mode="json"),
        terms_since={**filled.since, **(chosen_on or {})},
        parameters=dict(filled.parameters),
        facts=checked.model_dump(mode="json"),
        outcome=rule.answer.dump_python(outcome, mode="json"),
        permits=permits(outcome),
        organisation=organisation,
        answer=outcome,
    )


def decide(
    rule: Rule[T],
    *,
    policies: Policies,
    area: str,
    staff: str,
    on: date,
    choices: Mapping[str, Any] | None = None,
    parameters: Parameters = NO_PARAMETERS,
    **facts: Any,
) -> Decision[T]:
    """The decision of the nearest clause in force; NoClause where there is none, ParameterMissing where a figure is."""
    nearest = policies.nearest(rule, area=area, staff=staff, on=on)
    about: dict[str, Any] = {"area": area, "staff": staff, "on": on, "choices": choices or {}, "facts": facts}
    return decide_by(nearest, policies, rule, parameters=parameters, **about)


def recompute(decision: Decision[Any]) -> Any:
    """The outcome once more, as JSON, from nothing but what the decision carries."""
    rule = rule_of(decision.rule, version=decision.rule_version)
    terms = rule.terms.model_validate(decision.terms)
    facts = rule.facts.model_validate(decision.facts)
    outcome = rule(terms, **{name: getattr(facts, name) for name in rule.facts.model_fields})
    return rule.answer.dump_python(outcome, mode="json")
