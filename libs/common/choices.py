"""What a document leaves to a county (or another level) is chosen by a command, within bounds, as a decision."""

from datetime import date
from typing import Any

from pydantic import ValidationError

from common.areas import Level, area_at, within
from common.errors import BusinessError, NotFound
from common.ids import new_id
from common.policy.decisions import Decision
from common.policy.documents import Answer, Policies, left_open
from common.policy.rules import RULES
from common.tables import PolicyChoice
from common.transaction import Transaction

CHOICE = "policy.choice_within_bounds"


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
    theirs = within(area, tx.actor.area) and tx.actor.level is not Level.NATION
    if area_at(area, open_term.chosen_by) != area or not theirs:
        raise NotTheirChoice(clause=clause, level=open_term.chosen_by)

    decision = _decide(answer, tx.policies, term=term, area=area, on=starts_on, value=value)
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


def _decide(answer: Answer, policies: Policies, *, term: str, area: str, on: date, value: Any) -> Decision[bool]:
    open_term = left_open(answer.values_on(on)[term])
    assert open_term is not None  # noqa: S101  # the caller found it open
    allowed = open_term.allows(value) and _fits(answer, term=term, on=on, value=value)
    return Decision(
        decision_id=new_id("decision"),
        rule=CHOICE,
        rule_version=1,
        document=answer.document.id,
        document_title=answer.document.title,
        policy_digest=policies.digests[answer.document.id],
        clause=answer.clause.clause_id,
        at=answer.clause.at,
        says=answer.clause.says,
        area=area,
        staff="、".join(answer.staff),
        on=on,
        terms={"term": term, **open_term.model_dump(mode="json", exclude_none=True)},
        facts={"value": value},
        outcome=allowed,
        permits=allowed,
        answer=allowed,
    )


def _fits(answer: Answer, *, term: str, on: date, value: Any) -> bool:
    """Whether the rule accepts the value beside the clause's other terms."""
    others = {
        name: found.among[0] if found.among else found.between[0]  # type: ignore[index]
        for name, given in answer.values_on(on).items()
        if (found := left_open(given))
    }
    try:
        answer.terms_on(on, {**others, term: value})
    except ValidationError as error:
        return not any(fault["loc"][:1] in ((term,), ()) for fault in error.errors())
    return answer.rule in RULES
