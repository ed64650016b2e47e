"""What the state wrote, as dated data: documents, their clauses and the terms each clause fixes."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from common.areas import AREA_CODE, Level, within
from common.policy.parameters import (
    FiguresUnfit,
    ParameterMissing,
    ParameterRow,
    Parameters,
    Placeholder,
    fill,
    placeholders,
)
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

    def codes_on(self, on: date) -> frozenset[str]:
        """The parameters that the terms of the day refer to."""
        return frozenset(one.code for one in placeholders(self.values_on(on)))

    def filled_on(
        self, on: date, choices: Mapping[str, Any], parameters: Parameters, *, area: str, staff: str
    ) -> "Filled":
        """The terms in force, what was left open from `choices` by term, figures from `parameters`.

        Raises NotChosen, ParameterMissing, and ValidationError where the terms cannot take what they are filled with.
        """
        since = self.since(on)
        rows: dict[str, ParameterRow] = {}
        values: dict[str, Any] = {}
        for term, value in self.values_on(on).items():
            open_term = left_open(value)
            if open_term is not None and term not in choices:
                clause, level = self.clause.clause_id, open_term.chosen_by
                raise NotChosen(rule=self.rule, clause=clause, term=term, level=level, area=self.area)

            def figure(one: Placeholder, term: str = term) -> Any:
                clause = self.clause.clause_id
                row = parameters.get(one.code, area=area, staff=staff, on=on, clause=clause)
                if one.of is not None and one.of not in row.value:
                    raise ParameterMissing(code=one.code, area=area, staff=staff, on=on, clause=clause)
                rows[one.code] = row
                since[term] = max(since[term], row.starts_on)
                return row.value if one.of is None else row.value[one.of]

            values[term] = choices[term] if open_term is not None else fill(value, figure)
        terms = RULES[self.rule].terms.model_validate(
            {term: value for term, value in values.items() if value is not None}
        )
        return Filled(terms, since, {code: row.parameter_id for code, row in rows.items()})

    def require_on(
        self, on: date, choices: Mapping[str, Any], parameters: Parameters, *, area: str, staff: str
    ) -> "Filled":
        """As `filled_on`, for whoever goes by the terms: FiguresUnfit instead of ValidationError."""
        try:
            return self.filled_on(on, choices, parameters, area=area, staff=staff)
        except ValidationError as fault:
            first = fault.errors()[0]
            reason = f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
            raise FiguresUnfit(clause=self.clause.clause_id, codes=self.codes_on(on), reason=reason) from None


@dataclass(frozen=True)
class Filled:
    """Terms as they hold on a day; from which day each does; by code, the id of each row that filled them."""

    terms: Terms
    since: Mapping[str, date]
    parameters: Mapping[str, str]


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
