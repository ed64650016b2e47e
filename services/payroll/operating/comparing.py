"""What a file states beside what the rules answer, figure by figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from pydantic import BaseModel

from common.policy import NO_PARAMETERS, RULES, Decision, Parameters, Policies
from common.policy.decisions import decide
from payroll.operating.examples import Unreadable


@dataclass(frozen=True)
class Shown:
    """A figure of ours and what decided it."""

    value: Any
    by: str


@dataclass(frozen=True)
class Disagreement:
    place: str
    stated: str
    ours: str
    by: str


@dataclass(frozen=True)
class Desk:
    """Where and when the questions are asked; every answer is a decision by the policy files."""

    policies: Policies
    area: str
    staff: str
    on: date
    parameters: Parameters = NO_PARAMETERS

    def ask(self, rule: str, *, on: date | None = None, **facts: Any) -> Decision[Any]:
        """Raises NoClause, NotChosen, ParameterMissing, pydantic's ValidationError."""
        given: dict[str, Any] = {"policies": self.policies, "parameters": self.parameters}
        return decide(RULES[rule], area=self.area, staff=self.staff, on=on or self.on, **given, **facts)

    def in_month(self, month: int) -> date:
        return self.on.replace(month=month, day=1)


def shown(decision: Decision[Any], value: Any) -> Shown:
    return Shown(value, f"{decision.clause} {decision.at}")


def shown_fields(decision: Decision[Any], **names: str) -> dict[str, Shown]:
    """Fields of an answer under the names that the file has for them: `stated_name="field"`."""
    return {stated: shown(decision, getattr(decision.value, field)) for stated, field in names.items()}


def own_fields(decision: Decision[Any], *names: str) -> dict[str, Shown]:
    return shown_fields(decision, **{name: name for name in names})


def differences(stated: Any, ours: Any, *, where: str, place: str = "") -> Iterator[Disagreement]:
    """Every figure that is stated, with ours where they differ.

    Months are matched by their number, other rows one by one; a figure that no rule gives is Unreadable.
    """
    if isinstance(ours, Shown):
        if not _same(stated, ours.value, f"{where}.{place}"):
            yield Disagreement(place, _told(stated), _told(ours.value), ours.by)
    elif isinstance(ours, Mapping):
        if not isinstance(stated, Mapping):
            raise Unreadable(f"{where}.{place}", zh="应为对象", en="must be an object")
        for key, value in stated.items():
            inner = f"{place}.{key}" if place else str(key)
            if key not in ours:
                raise Unreadable(f"{where}.{inner}", zh="没有规则给出这一项", en="no rule gives this figure")
            yield from differences(value, ours[key], where=where, place=inner)
    else:
        yield from _rows(stated, ours, where=where, place=place)


def _rows(stated: Any, ours: list[Any], *, where: str, place: str) -> Iterator[Disagreement]:
    if not isinstance(stated, list):
        raise Unreadable(f"{where}.{place}", zh="应为列表", en="must be a list")
    by_month = {row["month"].value: row for row in ours if isinstance(row, Mapping) and "month" in row}
    if not by_month and len(stated) != len(ours):
        yield Disagreement(place, f"{len(stated)} 项 (rows)", f"{len(ours)} 项 (rows)", _any_clause(ours))
        return
    for number, row in enumerate(stated):
        inner = f"{place}[{number}]"
        if not by_month:
            yield from differences(row, ours[number], where=where, place=inner)
            continue
        month = row.get("month") if isinstance(row, Mapping) else None
        if not isinstance(month, int) or month not in by_month:
            raise Unreadable(f"{where}.{inner}.month", zh="算例中没有这个月", en="no such month among the inputs")
        yield from differences(row, by_month[month], where=where, place=inner)


def _any_clause(tree: Any) -> str:
    if isinstance(tree, Shown):
        return tree.by
    values = tree.values() if isinstance(tree, Mapping) else tree
    return next((by for value in values if (by := _any_clause(value))), "")


def _same(stated: Any, ours: Any, where: str) -> bool:
    if stated is None or ours is None or isinstance(ours, bool) or isinstance(stated, bool):
        return stated is ours
    if isinstance(ours, date):
        return bool(stated == ours.isoformat())
    if isinstance(ours, str):
        return bool(stated == ours)
    try:
        return bool(Decimal(str(stated)) == ours)
    except InvalidOperation:
        raise Unreadable(where, zh=f"“{stated}”不是数", en="not a number") from None


def _told(value: Any) -> str:
    if value is None:
        return "无 (none)"
    if isinstance(value, bool):
        return "是 (yes)" if value else "否 (no)"
    return str(value)


class Given(BaseModel, extra="forbid"):
    """What a kind of example brings; anything else in its inputs is a fault."""

    @classmethod
    def of(cls, inputs: dict[str, Any], stated: dict[str, Any]) -> Self:
        """Raises pydantic's ValidationError. `stated` is looked at only where the question stands in the answer."""
        return cls.model_validate(inputs)
