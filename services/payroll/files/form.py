"""A form that another house prescribes, as a file of its own: which columns, in which order, under which headings.

So a bank's or a tax office's sheet is data: a further one is a further file in `forms`.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from payroll.files.cells import Cell, Column, Row, Sheet, harmless, yuan
from payroll.files.writing import write_xlsx

FORMS = Path(__file__).with_name("forms")

Format = Literal["xlsx", "csv"]


class FormNotKnown(LookupError):
    """No such form is kept here."""


class FieldNotKnown(ValueError):
    """A form asks for a field that the file of its kind does not have."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FormColumn(_Part):
    """Either a `field` of the rows, or the same `text` in each row."""

    heading: str = Field(min_length=1, max_length=100)
    field: str | None = None
    text: str | None = None
    kind: Literal["text", "amount", "count"] = "text"
    width: int = Field(default=14, ge=2, le=80)
    zero: Literal["shown", "left_out"] = "shown"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.field is None) == (self.text is None):
            raise ValueError(f"column {self.heading}: either a field or a text")
        return self


class Form(_Part):
    """`summary` stands above the headings: `{field}` is replaced by what the file sums up (people, total, month …).

    `words`: the form's own words for codes, by kind of code. Without `headings` a csv begins with the rows.
    """

    name: str
    title: str
    source: str = Field(description="where the form is prescribed, and on which day it was looked at")
    sheet: str = "Sheet1"
    summary: tuple[tuple[str, ...], ...] = ()
    columns: tuple[FormColumn, ...] = Field(min_length=1)
    encoding: Literal["utf-8-sig", "utf-8", "gb18030"] = "utf-8-sig"
    separator: Literal[",", "|", "\t"] = ","
    headings: bool = True
    amounts: Literal["yuan", "fen"] = "yuan"
    words: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)

    def word(self, kind: str, value: str) -> str:
        """The form's own word for `value`: that of the longest beginning it has a word for."""
        known = self.words.get(kind, {})
        fitting = [code for code in known if value.startswith(code)]
        return known[max(fitting, key=len)] if fitting else value


@cache
def form(name: str) -> Form:
    if name not in form_names():
        raise FormNotKnown(name)
    return read_form((FORMS / f"{name}.yaml").read_text("utf-8"))


def form_names(kind: str = "") -> list[str]:
    """The forms that are kept, or those of a kind: their names begin with it."""
    return sorted(path.stem for path in FORMS.glob(f"{kind}*.yaml"))


def read_form(text: str) -> Form:
    return Form.model_validate(yaml.safe_load(text))


def fill(
    form: Form,
    rows: Sequence[Mapping[str, Cell]],
    *,
    fields: frozenset[str],
    summary: Mapping[str, str],
    written_as: Format,
) -> bytes:
    """The file: amounts in `rows` are whole fen. `fields` are those that the kind of file has."""
    asked = {column.field for column in form.columns if column.field is not None}
    if asked - fields:
        raise FieldNotKnown(f"form {form.name}: {', '.join(sorted(asked - fields))}")
    filled = [tuple(_cell(column, row) for column in form.columns) for row in rows]
    above = [[part.format_map(summary) for part in line] for line in form.summary]
    return _xlsx(form, filled, above) if written_as == "xlsx" else _csv(form, filled, above)


def _cell(column: FormColumn, row: Mapping[str, Cell]) -> Cell:
    value = row.get(column.field) if column.field is not None else column.text
    return None if value == 0 and column.zero == "left_out" else value


def _xlsx(form: Form, rows: Sequence[Row], above: Sequence[Sequence[str]]) -> bytes:
    fen = form.amounts == "fen"
    columns = tuple(
        Column(column.heading, "count" if fen and column.kind == "amount" else column.kind, column.width)
        for column in form.columns
    )
    return write_xlsx([Sheet(name=form.sheet, columns=columns, rows=rows, title=tuple(map(tuple, above)))])


def _csv(form: Form, rows: Sequence[Row], above: Sequence[Sequence[str]]) -> bytes:
    stream = StringIO()
    writer = csv.writer(stream, delimiter=form.separator, lineterminator="\r\n")
    for line in above:
        writer.writerow([harmless(part) for part in line])
    if form.headings:
        writer.writerow([column.heading for column in form.columns])
    for row in rows:
        writer.writerow([_text(form, column, cell) for column, cell in zip(form.columns, row, strict=True)])
    return stream.getvalue().encode(form.encoding)


def _text(form: Form, column: FormColumn, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return harmless(cell)
    return yuan(cell) if column.kind == "amount" and form.amounts == "yuan" else str(cell)
