"""What the state wrote, as dated data: documents, their clauses and the terms each clause fixes."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from common.areas import AREA_CODE, Level, within
from common.policy.faults import read_yaml, told
from common.policy.rules import RULES, Rule, Terms
from common.words import word


class NoClause(Exception):
    """No document in force answers the question here: nothing may be assumed, the command refuses."""

    def __init__(self, *, rule: str, area: str, staff: str, on: date) -> None:
        self.rule = rule
        self.zh = (
            f"{on}，没有在本地区（{area}）对“{word(staff)}”生效的文件条款规定此事项（{rule}），不能办理。"
            "请先将有关文件录入政策库。"
        )
        self.en = f"No clause in force on {on} in area {area} for {staff} answers {rule}. Add the document first."
        super().__init__(self.en)


class NotChosen(Exception):
    """The clause leaves a value to the county (or another level), which has not chosen it yet."""

    def __init__(self, *, rule: str, clause: str, term: str, level: Level, area: str) -> None:
        self.rule = rule
        self.clause = clause
        title = getattr(RULES[rule].terms.model_fields.get(term), "title", None) or term
        self.zh = f"条款 {clause} 将“{title}”交由{_LEVELS[level]}自定，本地区（{area}）尚未选定。请先由其作出选定。"
        self.en = f"Clause {clause} leaves '{term}' to the {level}; area {area} has not chosen it yet."
        super().__init__(self.en)


_LEVELS = {
    Level.NATION: "国家",
    Level.PROVINCE: "省",
    Level.CITY: "设区市",
    Level.COUNTY: "县（市、区）",
    Level.STREET: "街道（乡镇）",
    Level.COMMUNITY: "社区",
}


class LeftOpen(BaseModel):
    """A value the document leaves to a lower level, within bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chosen_by: Level
    between: tuple[Any, Any] | None = None
    among: tuple[Any, ...] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "LeftOpen":
        if (self.between is None) == (self.among is None):
            raise ValueError("say either `between: [lowest, highest]` or `among: [...]`")
        return self

    def allows(self, value: Any) -> bool:
        """Whether `value` lies within the bounds; of a mapping, whether each of its values does."""
        values = list(value.values()) if isinstance(value, Mapping) else [value]
        if self.among is not None:
            return all(one in self.among for one in values)
        assert self.between is not None  # noqa: S101  # the validator saw to it
        lowest, highest = self.between
        try:
            # Amounts arrive as decimal strings too; bounds that are numbers are compared with their numbers.
            if not isinstance(lowest, str):
                values = [Decimal(one) if isinstance(one, str) else one for one in values]
            return all(lowest <= one <= highest for one in values)
        except (TypeError, InvalidOperation):
            return False


@dataclass(frozen=True)
class Dated:
    """One value of a term, from its day until the next one's; None ends the term."""

    starts_on: date
    value: Any
    by: str = ""
    confidence: str = ""


class Says(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class Clause(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clause_id: str = ""
    at: str
    says: Says
    service: str | None = None
    area: str | None = Field(default=None, pattern=AREA_CODE)
    staff: tuple[str, ...] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    number: str | None = None
    issued_by: tuple[str, ...] = ()
    area: str = Field(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})?$")
    staff: tuple[str, ...] = ()
    starts_on: date
    starts_on_note: str | None = None
    ends_on: date | None = None
    engaged_by: dict[str, str] = Field(default_factory=dict)
    clauses: dict[str, Clause]


@dataclass(frozen=True)
class Answer:
    """A clause as the answer to one rule: whom and when it governs, and its terms by day."""

    document: Document
    clause: Clause
    rule: str
    series: Mapping[str, tuple[Dated, ...]]

    @property
    def area(self) -> str:
        return self.clause.area or self.document.area

    @property
    def staff(self) -> tuple[str, ...]:
        return self.document.staff if self.clause.staff is None else self.clause.staff

    @property
    def starts_on(self) -> date:
        return self.clause.starts_on or self.document.starts_on

    @property
    def ends_on(self) -> date | None:
        return self.clause.ends_on or self.document.ends_on

    def governs(self, *, area: str, kinds: Set[str], on: date) -> bool:
        """`kinds`: the kind of staff, and the kind of agreement by which it is engaged."""
        return (
            within(area, self.area)
            and (not self.staff or not kinds.isdisjoint(self.staff))
            and self.starts_on <= on
            and (self.ends_on is None or on < self.ends_on)
            and (not self.series or any(value is not None for value in self.values_on(on).values()))
        )

    def values_on(self, on: date) -> dict[str, Any]:
        values = {}
        for term, series in self.series.items():
            begun = [dated for dated in series if dated.starts_on <= on]
            if begun:
                values[term] = begun[-1].value
        return values

    def since(self, on: date) -> dict[str, date]:
        """By term, the day from which its value holds."""
        begun = {term: [one.starts_on for one in dated if one.starts_on <= on] for term, dated in self.series.items()}
        return {term: days[-1] for term, days in begun.items() if days}

    def days(self) -> list[date]:
        """Each day on which the terms change."""
        return sorted({self.starts_on, *(dated.starts_on for series in self.series.values() for dated in series)})

    def terms_on(self, on: date, choices: Mapping[str, Any]) -> Terms:
        """The terms in force, with what was left open filled from `choices` by term."""
        rule = RULES[self.rule]
        values = {term: value for term, value in self.values_on(on).items() if value is not None}
        for term, value in values.items():
            open_term = left_open(value)
            if open_term is None:
                continue
            if term not in choices:
                raise NotChosen(
                    rule=self.rule,
                    clause=self.clause.clause_id,
                    term=term,
                    level=open_term.chosen_by,
                    area=self.area,
                )
            values[term] = choices[term]
        return rule.terms.model_validate(values)


def left_open(value: Any) -> LeftOpen | None:
    return LeftOpen.model_validate(value) if isinstance(value, dict) and "chosen_by" in value else None


@dataclass(frozen=True)
class Policies:
    documents: tuple[Document, ...]
    digests: Mapping[str, str]
    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    engaged_by: Mapping[str, str] = field(default_factory=dict)

    def in_force(self, rule: Rule[Any], *, area: str, staff: str, on: date) -> list[Answer]:
        """The clauses that answer `rule`, nearest area first, narrowest staff first."""
        kinds = {staff, self.engaged_by.get(staff, staff)}
        found = [a for a in self.answers.get(rule.name, ()) if a.governs(area=area, kinds=kinds, on=on)]
        return sorted(found, key=lambda answer: (-len(answer.area), not answer.staff, -answer.starts_on.toordinal()))

    def nearest(self, rule: Rule[Any], *, area: str, staff: str, on: date) -> Answer:
        found = self.in_force(rule, area=area, staff=staff, on=on)
        if not found:
            raise NoClause(rule=rule.name, area=area, staff=staff, on=on)
        return found[0]

    def clause(self, clause_id: str) -> tuple[Document, Clause] | None:
        for document in self.documents:
            if clause_id in document.clauses:
                return document, document.clauses[clause_id]
        return None


class PolicyFault(Exception):
    """Everything wrong with a folder of policy files, one line each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def load_policies(folder: Path, *, strict: bool = False) -> Policies:
    """Read every policy file of a folder, check each clause against its rule at each day its terms change.

    `strict` also refuses clauses whose rule is not registered: the whole catalogue must then have been imported.
    Raises PolicyFault with every fault: file, clause, day, and what to do.
    """
    faults: list[str] = []
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
    faults.extend(_ties(answers, owners))
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
            except (ValueError, TypeError) as error:
                faults.append(f"{file}: {clause_id}: {name}: {error}")
                continue
            faults.extend(_term_faults(answer, file))
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


def _term_faults(answer: Answer, file: str) -> Iterator[str]:
    for day in answer.days():
        where = f"{file}: {answer.clause.clause_id}: {answer.rule}: from {day}"
        values = answer.values_on(day)
        if all(value is None for value in values.values()) and values:
            continue
        choices: dict[str, Any] = {}
        try:
            for term, value in values.items():
                open_term = left_open(value)
                if open_term is not None:
                    choices[term] = _sample(open_term)
        except ValidationError as error:
            yield from (f"{where}: {term}: {words}" for _, words in told(error, LeftOpen))
            continue
        try:
            answer.terms_on(day, choices)
        except ValidationError as error:
            for place, words in told(error, RULES[answer.rule].terms):
                if place.split(".")[0] in choices or (choices and not place):
                    continue
                yield f"{where}: {place or 'terms'}: {words}"


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
