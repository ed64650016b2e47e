"""What a document leaves to a county (or another level) is chosen by a command, within bounds, as a decision."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field, ValidationError

from common.areas import Level, area_at
from common.errors import BusinessError, NotFound
from common.policy.decisions import Decision, decide_by
from common.policy.documents import Answer, Dated, LeftOpen, Policies, left_open
from common.policy.parameters import ParameterMissing, Parameters
from common.policy.rules import Finding, Terms, rule
from common.tables import PolicyChoice
from common.transaction import Transaction


class Bounds(Terms):
    term: str = Field(title="留待选定的项")
    chosen_by: Level = Field(title="选定层级")
    between: list[Any] | None = Field(default=None, title="范围")
    among: list[Any] | None = Field(default=None, title="可选项")


@rule("policy.choice_within_bounds")
def may_choose(
    bounds: Bounds,
    *,
    value: Annotated[Any, Field(title="选定的取值")],
    faults: Annotated[list[str], Field(title="与条款其他取值不合之处")],
) -> list[Finding]:
    """Whether a level may choose this value for a term that a clause leaves to it.

    Of a mapping, each value must lie within the bounds; `faults` is what the rule that uses the term has against it.
    """
    open_term = LeftOpen(
        chosen_by=bounds.chosen_by,
        between=tuple(bounds.between) if bounds.between else None,
        among=tuple(bounds.among) if bounds.among else None,
    )
    findings = [Finding(code="does_not_fit", zh=fault, en=fault) for fault in faults]
    if not open_term.allows(value):
        allowed = bounds.between or bounds.among
        findings.append(Finding(code="out_of_bounds", zh=f"取值须在 {allowed} 之内", en=f"must lie within {allowed}"))
    return findings


class NotTheirChoice(BusinessError):
    status = 403
    zh = "条款 {clause} 将此项交由{level}选定，您不在该级。"
    en = "Clause {clause} leaves this to the {level} level, which is not yours."


class NothingToChoose(BusinessError):
    zh = "条款 {clause} 没有把“{term}”留给下级选定。"
    en = "Clause {clause} leaves no '{term}' open."


async def choose_term(
    tx: Transaction, *, clause: str, term: str, area: str, starts_on: date, value: Any
) -> PolicyChoice:
    """Set a term left open by `clause` for `area` from a day on; choosing again for that day replaces it."""
    answer = _open_answer(tx.policies, clause=clause, term=term, on=starts_on)
    open_term = left_open(answer.values_on(starts_on)[term])
    assert open_term is not None  # noqa: S101  # _open_answer saw to it
    if area_at(area, open_term.chosen_by) != area or tx.actor.area != area:
        raise NotTheirChoice(clause=clause, level=open_term.chosen_by)

    parameters = await tx.parameters_for(answer, area=area, on=starts_on)
    faults = _faults(answer, parameters, term=term, area=area, on=starts_on, value=value)
    decision = _decide(answer, tx.policies, term=term, area=area, on=starts_on, value=value, faults=faults)
    tx.require(decision, subject=f"{clause}/{term}/{area}")

    key = (clause, term, area, starts_on)
    choice = await tx.session.get(PolicyChoice, key, with_for_update=True)
    if choice is None:
        choice = PolicyChoice(clause=clause, term=term, area=area, starts_on=starts_on)
        tx.session.add(choice)
    choice.value = value
    choice.decision_id = decision.decision_id
    return choice


def _open_answer(policies: Policies, *, clause: str, term: str, on: date) -> Answer:
    if policies.clause(clause) is None:
        raise NotFound(what=f"条款 {clause}")
    for answers in policies.answers.values():
        for answer in answers:
            if answer.clause.clause_id == clause and left_open(answer.values_on(on).get(term)):
                return answer
    raise NothingToChoose(clause=clause, term=term)


def _decide(
    answer: Answer, policies: Policies, *, term: str, area: str, on: date, value: Any, faults: list[str]
) -> Decision[list[Finding]]:
    """The clause itself decides over the choice it leaves: its bounds are the terms."""
    bounds = {"term": term, **answer.values_on(on)[term]}
    series = {name: (Dated(answer.starts_on, given),) for name, given in bounds.items()}
    leaving = Answer(answer.document, answer.clause, may_choose.name, series)
    facts = {"value": value, "faults": faults}
    staff = "、".join(answer.staff)
    return decide_by(leaving, policies, may_choose, area=area, staff=staff, on=on, choices={}, facts=facts)


def _faults(answer: Answer, parameters: Parameters, *, term: str, area: str, on: date, value: Any) -> list[str]:
    """What the rule has against the value, beside the other terms; nothing while a figure of those is missing."""
    others = {
        name: found.among[0] if found.among else found.between[0]  # type: ignore[index]
        for name, given in answer.values_on(on).items()
        if (found := left_open(given))
    }
    try:
        answer.filled_on(on, {**others, term: value}, parameters, area=area, staff="")
    except ParameterMissing:
        return []
    except ValidationError as error:
        return [fault["msg"] for fault in error.errors() if fault["loc"][:1] in ((term,), ())]
    return []
