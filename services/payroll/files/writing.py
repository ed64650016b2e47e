"""Sheets as bytes: xlsx with types, nothing hidden and no formula in it; csv that a spreadsheet reads in Chinese."""

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

from payroll.files.cells import Cell, Column, Kind, Row, Sheet, harmless, may_be_formula, plain, yuan

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

# Equal rows give equal bytes: nothing in a file depends on when it was written.
_NO_TIME = datetime(2000, 1, 1)  # noqa: DTZ001  # xlsxwriter takes no zone

_NUMBERS: dict[Kind, str] = {"text": "@", "amount": "#,##0.00", "count": "0", "number": "0.00"}
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """One workbook with these sheets, at least one."""
    stream = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"created": _NO_TIME})
        formats = _Formats(book)
        for name, sheet in zip(_names(sheets), sheets, strict=True):
            _write_sheet(book.add_worksheet(name), sheet, formats)
    return stream.getvalue()


def write_csv(sheet: Sheet) -> bytes:
    """UTF-8 with a byte order mark, comma, CRLF (RFC 4180), amounts with two places and no separators."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for line in sheet.title:
        writer.writerow([harmless(part) for part in line])
    writer.writerow([harmless(column.heading) for column in sheet.columns])
    for row in (*sheet.rows, *((sheet.totals,) if sheet.totals else ())):
        writer.writerow([_in_text(cell, column) for cell, column in zip(row, sheet.columns, strict=True)])
    return stream.getvalue().encode("utf-8-sig")


def _in_text(cell: Cell, column: Column) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return harmless(cell)
    return str(cell) if column.kind == "count" else yuan(cell)


class _Formats:
    """The formats of a workbook, one for each look."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}
        self.title = book.add_format({"bold": True, "num_format": "@"})
        self.heading = book.add_format(
            {"bold": True, "num_format": "@", "border": 1, "text_wrap": True, "align": "center", "bg_color": "#E8EEF4"}
        )

    def cell(self, kind: Kind, *, quoted: bool = False, bold: bool = False) -> Any:
        """`quoted`: the text stays text when somebody edits the cell."""
        key = (kind, quoted, bold)
        if key not in self._made:
            made = self._book.add_format({"num_format": _NUMBERS[kind], "border": 1, "bold": bold})
            if quoted:
                made.set_quote_prefix()
            self._made[key] = made
        return self._made[key]


def _write_sheet(page: Any, sheet: Sheet, formats: _Formats) -> None:
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
    for at, line in enumerate(sheet.title):
        for place, part in enumerate(line):
            page.write_string(at, place, plain(part), formats.title)
    top = len(sheet.title)
    for place, column in enumerate(sheet.columns):
        page.write_string(top, place, plain(column.heading), formats.heading)
    page.freeze_panes(top + 1, 0)
    for at, row in enumerate(sheet.rows, start=top + 1):
        _write_row(page, at, row, sheet.columns, formats)
    if sheet.totals:
        _write_row(page, top + 1 + len(sheet.rows), sheet.totals, sheet.columns, formats, bold=True)


def _write_row(
    page: Any, at: int, row: Row, columns: Sequence[Column], formats: _Formats, *, bold: bool = False
) -> None:
    for place, (cell, column) in enumerate(zip(row, columns, strict=True)):
        if cell is None:
            page.write_blank(at, place, None, formats.cell("text", bold=bold))
        elif isinstance(cell, str):
            page.write_string(at, place, plain(cell), formats.cell("text", quoted=may_be_formula(cell), bold=bold))
        else:
            value = cell if column.kind == "count" else cell / 100
            page.write_number(at, place, value, formats.cell(column.kind, bold=bold))


def _names(sheets: Sequence[Sheet]) -> list[str]:
    """Names a workbook takes: short, without its signs, no two alike."""
    names: list[str] = []
    for sheet in sheets:
        wanted = _NOT_IN_A_NAME.sub("_", plain(sheet.name))[:_LONGEST_NAME] or "表"
        number, name = 1, wanted
        while name.casefold() in (taken.casefold() for taken in names):
            number += 1
            name = f"{wanted[: _LONGEST_NAME - 4]}({number})"
        names.append(name)
    return names
