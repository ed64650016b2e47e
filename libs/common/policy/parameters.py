"""Figures of a place that hold from a day on: rows which the terms of a clause refer to by their code.

A clause says `{parameter: CODE}` where a figure belongs, or `{parameter: CODE, of: KEY}` for one part of it. Which rows
there are is the caller's to say: those of a database that a second person has checked, or those of a folder.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from common.words import word

EVERYBODY = ""
_LENGTHS = (12, 9, 6, 4, 2, 0)


@dataclass(frozen=True)
class ParameterRow:
    """A figure of a place and a kind of staff (`""` for all) from a day until the next row of its kind.

    `value` is plain JSON; None ends the figure.
    """

    parameter_id: str
    code: str
    area: str
    staff: str
    starts_on: date
    value: Any
    source: str = ""
    confidence: str = ""


class ParameterMissing(Exception):
    """No row gives the figure there and on that day: nothing is assumed, no other place or year is asked."""

    def __init__(
        self, *, code: str, area: str, staff: str, on: date, clause: str | None = None, ended_on: date | None = None
    ) -> None:
        self.code, self.area, self.staff, self.on, self.clause = code, area, staff, on, clause
        kind = kind_of(code)
        title = f"“{kind.title}”（{code}）" if kind else code
        by = f"条款 {clause} 以此为准，" if clause else ""
        ended = f"已自 {ended_on} 起停止执行" if ended_on else "没有已复核并生效的数值"
        place = f"地区 {area or '全国'}，人员类别“{word(staff) if staff else '全部'}”，{on}"
        self.zh = f"参数{title}{ended}：{place}。{by}不能办理。请先按文件录入该参数，并由另一人复核。"
        ended = f"ended on {ended_on}" if ended_on else "has no checked figure in force"
        self.en = (
            f"Parameter {code} {ended}: area {area or 'nation'}, staff {staff or 'all'}, {on}."
            + (f" Clause {clause} goes by it." if clause else "")
            + " Enter it from its document and let another person check it first."
        )
        super().__init__(self.en)


class FiguresUnfit(Exception):
    """Figures that were checked, and that the clause which goes by them cannot take on the day."""

    def __init__(self, *, clause: str, codes: Iterable[str], reason: str) -> None:
        self.clause, self.codes = clause, sorted(codes)
        named = "、".join(self.codes)
        self.zh = f"条款 {clause} 不能以已录入的数值（{named}）执行：{reason}。请更正该数值，由另一人复核后再办理。"
        self.en = f"Clause {clause} cannot go by the figures entered ({named}): {reason}. Correct and check them first."
        super().__init__(self.en)


class Parameters:
    """Rows, and which of them has the say in a place on a day."""

    def __init__(self, rows: Iterable[ParameterRow] = ()) -> None:
        self.rows = tuple(sorted(rows, key=lambda row: (row.code, row.area, row.staff, row.starts_on)))
        self._series: dict[tuple[str, str, str], list[ParameterRow]] = {}
        for row in self.rows:
            self._series.setdefault((row.code, row.area, row.staff), []).append(row)

    def begun(self, code: str, *, area: str, staff: str, on: date) -> ParameterRow | None:
        """The row that has the say: of the nearest area, there of the kind of staff before everybody. It may end it.

        An ended figure is not taken from the area above: that one was not meant for the place.
        """
        for length in _LENGTHS:
            if length > len(area):
                continue
            for kind in dict.fromkeys((staff, EVERYBODY)):
                rows = self._series.get((code, area[:length], kind), ())
                begun = [row for row in rows if row.starts_on <= on]
                if begun:
                    return begun[-1]
        return None

    def find(self, code: str, *, area: str, staff: str, on: date) -> ParameterRow | None:
        """The row in force; None where there is none, or where it has ended."""
        row = self.begun(code, area=area, staff=staff, on=on)
        return row if row is not None and row.value is not None else None

    def get(self, code: str, *, area: str, staff: str, on: date, clause: str | None = None) -> ParameterRow:
        """The row in force, or ParameterMissing."""
        row = self.begun(code, area=area, staff=staff, on=on)
        if row is None or row.value is None:
            raise ParameterMissing(
                code=code, area=area, staff=staff, on=on, clause=clause, ended_on=row.starts_on if row else None
            )
        return row

    def with_rows(self, rows: Iterable[ParameterRow]) -> "Parameters":
        """These rows and the present ones, but for those of the same code, area, staff and day."""
        later = {(row.code, row.area, row.staff, row.starts_on): row for row in (*self.rows, *rows)}
        return Parameters(later.values())


NO_PARAMETERS = Parameters()


# ── what a term says ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Placeholder:
    """Where a term refers to a parameter: its place within the value, the code, and the part wanted of a mapping."""

    path: tuple[Any, ...]
    code: str
    of: str | None = None


def is_placeholder(value: Any) -> bool:
    return isinstance(value, Mapping) and "parameter" in value


def placeholders(value: Any, path: tuple[Any, ...] = ()) -> Iterator[Placeholder]:
    """Each reference to a parameter, wherever in `value` it stands. ValueError where one says anything else beside."""
    if is_placeholder(value):
        unknown = sorted(value.keys() - {"parameter", "of"})
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r} beside parameter; only `of` may stand there")
        yield Placeholder(path, str(value["parameter"]), value.get("of"))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from placeholders(one, (*path, key))
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from placeholders(one, (*path, index))


def fill(value: Any, figure: Callable[[Placeholder], Any], path: tuple[Any, ...] = ()) -> Any:
    """`value` with every reference replaced by what `figure` gives for it."""
    if is_placeholder(value):
        return figure(Placeholder(path, str(value["parameter"]), value.get("of")))
    if isinstance(value, Mapping):
        return {key: fill(one, figure, (*path, key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [fill(one, figure, (*path, index)) for index, one in enumerate(value)]
    return value


# ── the catalogue ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ParameterKind:
    """What a code stands for. `*` in the code is any one name, `{}` in the title its word in `names`, or the name.

    `by_platform`: the platform asks for it or shows it, though no clause refers to it.
    """

    code: str
    title: str
    unit: str
    shape: TypeAdapter[Any]
    by_platform: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def validated(self, value: Any) -> Any:
        """`value` as plain JSON in the form of its code, every part named; None ends the figure. ValidationError."""
        return None if value is None else self.shape.dump_python(self.shape.validate_python(value), mode="json")

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.code).replace(r"\*", r"([a-z][a-z0-9_]*)"))


PARAMETERS: dict[str, ParameterKind] = {}


def parameter(
    code: str, shape: Any, *, title: str, unit: str, by_platform: bool = False, names: Mapping[str, str] | None = None
) -> ParameterKind:
    """Register what a code stands for."""
    kind = ParameterKind(code, title, unit, TypeAdapter(shape), by_platform, names or {})
    return PARAMETERS.setdefault(code, kind)


def kind_of(code: str) -> ParameterKind | None:
    """The kind that a code is of, its title with the name in it; None for a code that the platform does not know."""
    for kind in PARAMETERS.values():
        found = kind.pattern.fullmatch(code)
        if found:
            return replace(kind, code=code, title=kind.title.format(*(kind.names.get(n, n) for n in found.groups())))
    return None
