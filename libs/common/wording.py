"""Decisions in the words of the people who have to live with them."""

from typing import Any

from pydantic import BaseModel

from common.policy.decisions import Decision
from common.policy.rules import RULES


def describe_decision(decision: Decision[Any], language: str = "zh") -> str:
    """Which clause, which value, which fact; the outcome last."""
    rule = RULES.get(decision.rule)
    terms = _listed(decision.terms, rule.terms if rule else None, language)
    facts = _listed(decision.facts, rule.facts if rule else None, language)
    if language == "en":
        verdict = "permitted" if decision.permits else "refused"
        found = "; ".join(f["en"] for f in _findings(decision))
        return (
            f"{verdict} under {decision.clause} ({decision.document_title}, {decision.at}): {decision.says.en} "
            f"Terms: {terms or 'none'}. Facts: {facts or 'none'}." + (f" Findings: {found}." if found else "")
        )
    verdict = "符合规定" if decision.permits else "不予办理"
    found = "；".join(f["zh"] for f in _findings(decision))
    return (
        f"{verdict}。依据《{decision.document_title}》{decision.at}（{decision.clause}）：{decision.says.zh}"
        + (f"条款取值：{terms}。" if terms else "")
        + (f"本次情况：{facts}。" if facts else "")
        + (f"问题：{found}。" if found else "")
    )


def _findings(decision: Decision[Any]) -> list[dict[str, str]]:
    outcome = decision.outcome
    findings = (
        outcome if isinstance(outcome, list) else outcome.get("findings", []) if isinstance(outcome, dict) else []
    )
    return [one for one in findings if isinstance(one, dict) and {"zh", "en"} <= one.keys()]


def _listed(values: dict[str, Any], model: type[BaseModel] | None, language: str) -> str:
    parts = []
    for name, value in values.items():
        if value is None:
            continue
        field = model.model_fields.get(name) if model else None
        label = field.title if field and field.title and language != "en" else name.replace("_", " ")
        parts.append(f"{label}{': ' if language == 'en' else '＝'}{_shown(value, language)}")
    return ("; " if language == "en" else "，").join(parts)


def _shown(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return str(value).lower() if language == "en" else ("是" if value else "否")
    if isinstance(value, dict):
        named = value.get("en" if language == "en" else "zh") or value.get("label_zh")
        if isinstance(named, str):
            return named
        return "{" + ", ".join(f"{key}: {_shown(one, language)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        shown = "、".join(_shown(one, language) for one in value[:12])
        return f"[{shown}{'…' if len(value) > 12 else ''}]"
    return str(value)
