"""Policy files as they are read and checked: every fault of a folder at once, with file, clause and day."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from common.areas import within
from common.policy.documents import Answer, Dated, Document, LeftOpen, Policies, left_open
from common.policy.faults import NOT_KNOWN, PolicyFault, read_yaml, told
from common.policy.parameters import (
    EVERYBODY,
    NO_PARAMETERS,
    ParameterMissing,
    Parameters,
    fill,
    kind_of,
    placeholders,
)
from common.policy.rules import RULES
from common.policy.seeds import FOLDER, read_seeds


def load_policies(folder: Path, *, strict: bool = False) -> Policies:
    """Read every policy file of a folder, check each clause against its rule at each day its terms change.

    `strict` also refuses clauses whose rule is not registered, and looks at the folder's own parameter rows: the whole
    catalogue must then have been imported. Raises PolicyFault with every fault: file, clause, day, and what to do.
    """
    faults: list[str] = []
    seeds = Parameters(read_seeds(folder, faults)) if strict else NO_PARAMETERS
    documents: list[Document] = []
    digests: dict[str, str] = {}
    answers: dict[str, list[Answer]] = {}
    owners: dict[str, str] = {}
    files = sorted(folder.glob("*.yaml"))
    if not files:
        faults.append(f"{folder.name}: no policy file (*.yaml) here")
    for file in files:
        document = _read(file, faults)
        if document is None:
            continue
        if document.id in digests:
            faults.append(f"{file.name}: id {document.id}: another file has it already; ids are unique")
        documents.append(document)
        digests[document.id] = _digest(document)
        for clause_id in document.clauses:
            if owners.setdefault(clause_id, file.name) != file.name:
                faults.append(f"{file.name}: {clause_id}: the id also stands in {owners[clause_id]}; ids are unique")
        for answer in _answers(document, file.name, faults, strict=strict):
            answers.setdefault(answer.rule, []).append(answer)
            faults.extend(_term_faults(answer, file.name, seeds, strict=strict))
    faults.extend(_ties(answers, owners))
    faults.extend(_unused(seeds, answers))
    if faults:
        raise PolicyFault(faults)
    engaged_by = {staff: kind for document in documents for staff, kind in document.engaged_by.items()}
    by_rule = {name: tuple(found) for name, found in answers.items()}
    return Policies(tuple(documents), digests, by_rule, engaged_by)


def _read(file: Path, faults: list[str]) -> Document | None:
    try:
        content = read_yaml(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        faults.append(f"{file.name}: not readable YAML: {' '.join(str(error).split())}")
        return None
    if not isinstance(content, dict):
        faults.append(f"{file.name}: a document is a mapping with id, title, area, starts_on, clauses")
        return None
    for clause_id, clause in (content.get("clauses") or {}).items():
        if isinstance(clause, dict):
            clause["clause_id"] = str(clause_id)
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        faults.extend(f"{file.name}: {place}: {words}" for place, words in told(error, Document))
        return None


def _digest(document: Document) -> str:
    canonical = json.dumps(document.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _answers(document: Document, file: str, faults: list[str], *, strict: bool) -> Iterator[Answer]:
    for clause_id, clause in document.clauses.items():
        if clause.area is not None and not within(clause.area, document.area):
            faults.append(
                f"{file}: {clause_id}: area {clause.area} lies outside the document's {document.area}; narrow it or "
                "write it into the document of that area"
            )
        for name, terms in clause.rules.items():
            if name not in RULES:
                if strict:
                    faults.append(f"{file}: {clause_id}: {name}: no such rule; `make rules` lists them")
                continue
            try:
                begins = clause.starts_on or document.starts_on
                series = {term: _series(term, value, begins) for term, value in (terms or {}).items()}
                answer = Answer(document, clause, name, series)
                _codes(answer)
            except (ValueError, TypeError) as error:
                faults.append(f"{file}: {clause_id}: {name}: {error}")
                continue
            yield answer


def _series(term: str, value: Any, begins: date) -> tuple[Dated, ...]:
    """A dated series is a list of {from, value}; anything else holds from the clause's first day."""
    dated = (
        isinstance(value, list) and value and all(isinstance(v, dict) and {"from", "value"} <= v.keys() for v in value)
    )
    if not dated:
        return (Dated(begins, value),)
    for item in value:
        unknown = item.keys() - {"from", "value", "by", "confidence"}
        if unknown:
            raise ValueError(f"{term}: unknown key {sorted(unknown)[0]!r} beside from, value, by, confidence")
        if not isinstance(item["from"], date):
            raise ValueError(f"{term}: from: {item['from']!r} is not a day; write YYYY-MM-DD without quotes")
    days = [item["from"] for item in value]
    if days != sorted(set(days)):
        raise ValueError(f"{term}: the days {', '.join(map(str, days))}: put them in rising order, each once")
    return tuple(
        Dated(item["from"], item["value"], str(item.get("by", "")), str(item.get("confidence", ""))) for item in value
    )


def _codes(answer: Answer) -> frozenset[str]:
    """Every parameter that the clause refers to, on whatever day."""
    dated = [one.value for series in answer.series.values() for one in series]
    return frozenset(one.code for one in placeholders(dated))


def _unused(seeds: Parameters, answers: Mapping[str, Iterable[Answer]]) -> Iterator[str]:
    used = {code for found in answers.values() for answer in found for code in _codes(answer)}
    for code in sorted({row.code for row in seeds.rows} - used):
        kind = kind_of(code)
        if kind is not None and not kind.by_platform:
            yield f"{FOLDER}: {code}: no clause refers to it; write the clause or take the rows out"


def _term_faults(answer: Answer, file: str, seeds: Parameters, *, strict: bool) -> Iterator[str]:
    codes = _codes(answer)
    place = f"{file}: {answer.clause.clause_id}: {answer.rule}"
    if strict:
        unknown = [code for code in sorted(codes) if kind_of(code) is None]
        yield from (f"{place}: {code}: no such parameter; `make rules` lists their codes" for code in unknown)
    rows = [row for row in seeds.rows if row.code in codes and within(row.area, answer.area)]
    days = {max(day, answer.starts_on) for day in (*answer.days(), *(row.starts_on for row in rows))}
    found = [
        f"{place}: from {day}: {words}"
        for day in sorted(days)
        for area, staff in sorted({(answer.area, EVERYBODY), *((row.area, row.staff) for row in rows)})
        for words in _faults_on(answer, day, seeds, area=area, staff=staff)
    ]
    yield from dict.fromkeys(found)


def _faults_on(answer: Answer, day: date, seeds: Parameters, *, area: str, staff: str) -> Iterator[str]:
    values = answer.values_on(day)
    if all(value is None for value in values.values()) and values:
        return
    choices: dict[str, Any] = {}
    try:
        for term, value in values.items():
            open_term = left_open(value)
            if open_term is not None:
                choices[term] = _sample(open_term)
    except ValidationError as error:
        yield from (f"{term}: {words}" for _, words in told(error, LeftOpen))
        return
    unfilled: list[tuple[str, ...]] = []
    try:
        answer.filled_on(day, choices, seeds, area=area, staff=staff)
        return
    except ValidationError as error:
        fault = error
    except ParameterMissing:
        # Nobody knows the figure yet; what stands around it can be looked at.
        unfilled = [tuple(map(str, one.path)) for one in placeholders(values)]
        shown = {term: choices.get(term, fill(value, lambda _: None)) for term, value in values.items()}
        try:
            RULES[answer.rule].terms.model_validate(shown)
            return
        except ValidationError as error:
            fault = error
    for name, words in told(fault, RULES[answer.rule].terms):
        parts = name.split(".") if name else []
        if (parts and parts[0] in choices) or (choices and not parts):
            continue
        if not words.startswith(NOT_KNOWN) and any(_touches(parts, path) for path in unfilled):
            continue
        yield f"{name or 'terms'}: {words}"


def _touches(parts: list[str], path: tuple[str, ...]) -> bool:
    """Whether a fault lies at an unfilled figure, within it or around it; a union adds names of its own to places."""
    shorter, longer = sorted((parts, list(path)), key=len)
    rest = iter(longer)
    return all(one in rest for one in shorter)


def _sample(open_term: LeftOpen) -> Any:
    return open_term.among[0] if open_term.among else open_term.between[0]  # type: ignore[index]


def _ties(answers: Mapping[str, Iterable[Answer]], owners: Mapping[str, str]) -> Iterator[str]:
    """Two clauses that answer one question for the same area, staff and day cannot both decide."""
    for name, found in answers.items():
        if name not in RULES or RULES[name].every:
            continue
        listed = list(found)
        for index, one in enumerate(listed):
            for other in listed[index + 1 :]:
                if one.area == other.area and _share_staff(one, other) and _overlap(one, other):
                    mine, theirs = one.clause.clause_id, other.clause.clause_id
                    yield (
                        f"{owners[mine]}: {mine}, {owners[theirs]}: {theirs}: both answer {name} in area "
                        f"{one.area or '(nation)'} for the same staff from {max(one.starts_on, other.starts_on)}; "
                        "end one by then or narrow its staff"
                    )


def _share_staff(one: Answer, other: Answer) -> bool:
    return (
        set(one.staff) == set(other.staff) if not (one.staff and other.staff) else bool({*one.staff} & {*other.staff})
    )


def _overlap(one: Answer, other: Answer) -> bool:
    first, second = sorted((one, other), key=lambda answer: answer.starts_on)
    return first.ends_on is None or second.starts_on < first.ends_on
