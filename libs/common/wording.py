"""Decisions in the words of the people who have to live with them."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from common.policy.decisions import Decision
from common.policy.rules import RULES
from common.words import word

_MOST = 12
_DAY = re.compile(r" ?(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-]) ?")


def describe_decision(decision: Decision[Any], language: str = "zh") -> str:
    """Whether it may be, what stands in the way, which clause, which value, which fact."""
    rule = RULES.get(decision.rule)
    names = dict(_named(decision.terms, language)) | dict(_named(decision.facts, language))
    fixed = {name: value for name, value in decision.terms.items() if value not in ([], {})}
    terms = _listed(fixed, rule.terms if rule else None, names, language)
    facts = _listed(_unlike(decision.facts, decision.terms), rule.facts if rule else None, names, language)
    if language == "en":
        verdict = "permitted" if decision.permits else "refused"
        found = "; ".join(f["en"] for f in _findings(decision))
        return (
            f"{verdict} under {decision.clause} ({decision.document_title}, {decision.at}): {decision.says.en} "
            f"Terms: {terms or 'none'}. Facts: {facts or 'none'}." + (f" Findings: {found}." if found else "")
        )
    found = "；".join(f["zh"] for f in _findings(decision))
    verdict = ("符合规定" if decision.permits else "不予办理") + (f"：{found}" if found else "")
    return _days(
        f"{verdict}。依据《{decision.document_title}》{decision.at}（{decision.clause}）：{decision.says.zh}"
        + (f"适用标准：{terms}。" if terms else "")
        + (f"本次情况：{facts}。" if facts else "")
    )


def _unlike(facts: dict[str, Any], terms: dict[str, Any]) -> dict[str, Any]:
    """Facts without the lists that only say a term once more, such as the stages a plan was drafted with."""
    lists = [value for value in terms.values() if isinstance(value, list) and value]
    return {name: value for name, value in facts.items() if not isinstance(value, list) or value not in lists}


def _findings(decision: Decision[Any]) -> list[dict[str, str]]:
    outcome = decision.outcome
    findings = (
        outcome if isinstance(outcome, list) else outcome.get("findings", []) if isinstance(outcome, dict) else []
    )
    return [one for one in findings if isinstance(one, dict) and {"zh", "en"} <= one.keys()]


def _named(value: Any, language: str) -> Iterator[tuple[str, str]]:
    """What the document itself calls its codes: `{stage: written_exam, zh: 笔试}` names `written_exam`."""
    if isinstance(value, dict):
        name = value.get("en" if language == "en" else "zh") or value.get("label_zh")
        code = next(iter(value.values()), None)
        if isinstance(name, str) and isinstance(code, str):
            yield code, name
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _named(one, language)


def _listed(values: dict[str, Any], model: type[BaseModel] | None, names: dict[str, str], language: str) -> str:
    parts = []
    for name, value in values.items():
        if value is None:
            continue
        field = model.model_fields.get(name) if model else None
        if language == "en":
            parts.append(f"{name.replace('_', ' ')}: {_shown(value, names, language)}")
        else:
            title = field.title if field else None
            parts.append(f"{title or word(name)}＝{_shown(value, names, language)}")
    return ("; " if language == "en" else "；").join(parts)


def _shown(value: Any, names: dict[str, str], language: str) -> str:
    english = language == "en"
    if isinstance(value, bool):
        return str(value).lower() if english else ("是" if value else "否")
    if isinstance(value, str):
        return names.get(value, value if english else word(value))
    if isinstance(value, dict):
        named = value.get("en" if english else "zh") or value.get("label_zh")
        if isinstance(named, str):
            return named
        pairs = [
            (str(names.get(key, key)), _shown(one, names, language)) for key, one in value.items() if one is not None
        ]
        if english:
            return "{" + ", ".join(f"{key}: {shown}" for key, shown in pairs) + "}"
        return "（" + "，".join(f"{word(key)} {shown}" for key, shown in pairs) + "）" if pairs else "无"
    if isinstance(value, list):
        shown = ("; " if english else "、").join(_shown(one, names, language) for one in value[:_MOST])
        rest = f"（共 {len(value)} 项）" if not english else f" ({len(value)} in all)"
        return (shown or ("none" if english else "无")) + (rest if len(value) > _MOST else "")
    return str(value)


def _days(words: str) -> str:
    """2024-05-09 as 2024年5月9日."""
    return _DAY.sub(lambda day: f"{day[1]}年{int(day[2])}月{int(day[3])}日", words)
