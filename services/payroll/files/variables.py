"""The sheet of monthly variables: the template people fill in, and what a filled one says, cell by cell."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from payroll.files.cells import Column, Row, Sheet, letter_of, yuan_to_read
from payroll.files.faults import Fault, fault
from payroll.files.grid import EMPTY, Grid, GridRow, Read
from payroll.files.writing import write_xlsx

WORKER, NAME, MONTH, CYCLE = "人员编号", "姓名", "月份", "结算周期"
_FIXED = (WORKER, NAME, MONTH, CYCLE)
_REQUIRED = (WORKER, MONTH)
_CYCLES = {"整月": "month", "上半月": "first_half", "下半月": "second_half"}
_LOOKED_THROUGH = 10  # rows in which the headings may stand: a title or two are often above them

_ID = re.compile(r"^[A-Za-z0-9._-]{1,60}$")
_IDENTITY = re.compile(r"^\d{17}[\dXx]$")
_GROUPED = re.compile(r"^\d{1,3}(,\d{3})+(\.\d*)?$")
_PLAIN = re.compile(r"^\d*\.?\d*$")
_YEAR_AND_MONTH = re.compile(r"^(20\d{2})\s*[-/.年]\s*(\d{1,2})\s*月?$|^(20\d{2})(\d{2})$")


@dataclass(frozen=True)
class Variable:
    """What may be entered: `heading` with its unit, as in the template; limits in hundredths, like what is kept."""

    code: str
    heading: str
    most: int
    least: int = 0
    in_halves: bool = False


@dataclass(frozen=True)
class Entered:
    """A figure that may be imported, and where it stands."""

    worker_id: str
    month: str
    cycle: str
    code: str
    amount: int
    sheet: str
    row: int
    column: str
    heading: str


@dataclass(frozen=True)
class FilledRow:
    """A row with figures for a worker; `name` only to be held against the worker's. Columns by their letters."""

    worker_id: str
    name: str | None
    sheet: str
    row: int
    worker_column: str
    name_column: str | None


@dataclass
class Filled:
    """What a file says, good and bad apart."""

    rows: list[FilledRow] = field(default_factory=list)
    entries: list[Entered] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass
class _Headed:
    """A sheet with its headings found: columns by fixed heading and by variable."""

    grid: Grid
    row: int
    fixed: dict[str, int]
    variables: dict[int, Variable]


def write_template(
    variables: Sequence[Variable], *, month: str, workers: Sequence[tuple[str, str]], cycle: str = "month"
) -> bytes:
    """The sheet to fill in, with these workers (id, name) already in it, and a page of instructions."""
    columns = (
        Column(WORKER, width=24),
        Column(NAME, width=12),
        Column(MONTH, width=10),
        Column(CYCLE, width=10),
        *(Column(variable.heading, "number", 14) for variable in variables),
    )
    words = next(said for said, code in _CYCLES.items() if code == cycle)
    rows: list[Row] = [(worker_id, name, month, words, *(None for _ in variables)) for worker_id, name in workers]
    return write_xlsx([Sheet("月度变量", columns, rows), _instructions(variables)])


def _instructions(variables: Sequence[Variable]) -> Sheet:
    columns = (Column("项目", width=30), Column("可填范围", width=34))
    said: list[Row] = [
        ("人员编号一列", "本平台的编号；姓名只作核对，不一致的不导入"),
        ("月份一列", "如 2026-03"),
        ("结算周期一列", "整月、上半月、下半月；留空即整月"),
    ]
    said += [
        (
            variable.heading,
            f"{yuan_to_read(variable.least)} 至 {yuan_to_read(variable.most)}，最多两位小数",
        )
        for variable in variables
    ]
    said.append(("说明", "留空即不填报该项；只填数值，不填公式；不要合并单元格"))
    return Sheet("填表说明", columns, said)


def read_filled(
    grids: Sequence[Grid], variables: Sequence[Variable], *, by_code: Callable[[str], Variable | None] | None = None
) -> Filled:
    """Every sheet that has the headings; a workbook in which none has them is a fault as such.

    `by_code` knows headings that are codes, beside those of `variables`.
    """
    known = _Known({_normal(variable.heading): variable for variable in variables}, by_code)
    filled = Filled()
    headed = [found for grid in grids if (found := _headings(grid, known, filled.faults)) is not None]
    broken = [one for grid in grids for one in grid.faults]
    filled.faults.extend(broken)
    if not headed and not filled.faults:
        filled.faults.append(fault("NO_HEADINGS", grids[0].name if grids else "", rows=_LOOKED_THROUGH))
    seen: dict[tuple[str, str, str], tuple[str, int]] = {}
    for sheet in headed:
        _read_sheet(sheet, filled, seen)
    return filled


@dataclass(frozen=True)
class _Known:
    by_heading: Mapping[str, Variable]
    by_code: Callable[[str], Variable | None] | None

    def find(self, text: str) -> Variable | None:
        return self.by_heading.get(text) or (self.by_code(text) if self.by_code else None)


def _headings(grid: Grid, known: _Known, faults: list[Fault]) -> _Headed | None:
    """The first row that names the workers' column, with what is wrong in it; None where no row does."""
    for number, cells in grid.rows:
        texts = [_normal(str(cell.value)) if cell.found == "text" else "" for cell in cells]
        if number > _LOOKED_THROUGH:
            return None
        if WORKER in texts:
            break
    else:
        return None
    headed = _Headed(grid, number, {}, {})
    for place, text in enumerate(texts):
        if cells[place] is not EMPTY:
            faults.extend(_take_heading(headed, place, text, known))
    missing = [heading for heading in _REQUIRED if heading not in headed.fixed]
    faults.extend(fault("HEADING_MISSING", grid.name, row=number, heading=heading) for heading in missing)
    across = [(row, column) for row, column in grid.merged if row >= number]
    faults.extend(fault("MERGED", grid.name, row=row, column=letter_of(column)) for row, column in across)
    return None if missing else headed


def _take_heading(headed: _Headed, place: int, text: str, known: _Known) -> list[Fault]:
    where = {"row": headed.row, "column": letter_of(place + 1)}
    variable = known.find(text)
    if text not in _FIXED and variable is None:
        return [fault("HEADING_UNKNOWN", headed.grid.name, **where)]
    if text in headed.fixed or variable in headed.variables.values():
        return [fault("HEADING_TWICE", headed.grid.name, heading=text, **where)]
    if variable is None:
        headed.fixed[text] = place
    else:
        headed.variables[place] = variable
    return []


def _read_sheet(sheet: _Headed, filled: Filled, seen: dict[tuple[str, str, str], tuple[str, int]]) -> None:
    for row in sheet.grid.rows:
        if row[0] > sheet.row:
            _read_row(sheet, row, filled, seen)


def _read_row(sheet: _Headed, row: GridRow, filled: Filled, seen: dict[tuple[str, str, str], tuple[str, int]]) -> None:
    number, cells = row
    before = len(filled.faults)
    worker_id = _worker_id(sheet, row, filled.faults)
    month = _month(sheet, row, filled.faults)
    cycle = _cycle(sheet, row, filled.faults)
    figures = [
        (place, variable, _figure(sheet, row, place, variable, filled.faults))
        for place, variable in sheet.variables.items()
    ]
    if worker_id is None or month is None or cycle is None:
        return
    key = (worker_id, month, cycle)
    if key in seen:
        first_sheet, first_row = seen[key]
        filled.faults.append(_fault("DUPLICATE", sheet, row, WORKER, first_sheet=first_sheet, first_row=first_row))
        return
    seen[key] = (sheet.grid.name, number)
    entries = [
        Entered(*key, variable.code, amount, sheet.grid.name, number, letter_of(place + 1), variable.heading)
        for place, variable, amount in figures
        if amount is not None
    ]
    if not entries and len(filled.faults) == before:
        return  # a row of the template that nobody filled in
    at = sheet.fixed.get(NAME)
    name = _cell(cells, at)
    filled.rows.append(
        FilledRow(
            worker_id=worker_id,
            name=str(name.value) if name.found == "text" else None,
            sheet=sheet.grid.name,
            row=number,
            worker_column=letter_of(sheet.fixed[WORKER] + 1),
            name_column=letter_of(at + 1) if at is not None else None,
        )
    )
    filled.entries.extend(entries)


def _cell(cells: tuple[Read, ...], place: int | None) -> Read:
    return cells[place] if place is not None and place < len(cells) else EMPTY


def _fault(code: str, sheet: _Headed, row: GridRow, heading: str, **words: object) -> Fault:
    """At the cell of the row under a fixed heading."""
    column = letter_of(sheet.fixed[heading] + 1)
    return fault(code, sheet.grid.name, row=row[0], column=column, heading=heading, **words)


def _worker_id(sheet: _Headed, row: GridRow, faults: list[Fault]) -> str | None:
    cell = _cell(row[1], sheet.fixed[WORKER])
    text = _normal(str(cell.value)) if cell.found in ("text", "number") else ""
    if cell.found == "formula":
        code = "FORMULA"
    elif cell is EMPTY:
        code = "WORKER_MISSING"
    elif not _ID.match(text) or _IDENTITY.match(text):
        code = "WORKER_ID"
    else:
        return text
    faults.append(_fault(code, sheet, row, WORKER))
    return None


def _month(sheet: _Headed, row: GridRow, faults: list[Fault]) -> str | None:
    cell = _cell(row[1], sheet.fixed[MONTH])
    if isinstance(cell.value, date):
        return f"{cell.value.year:04}-{cell.value.month:02}"
    text = _normal(str(cell.value)) if cell.found in ("text", "number") else ""
    said = _YEAR_AND_MONTH.match(text)
    year, month = (said[1] or said[3], int(said[2] or said[4])) if said else ("", 0)
    if 1 <= month <= 12:
        return f"{year}-{month:02}"
    faults.append(_fault("FORMULA" if cell.found == "formula" else "MONTH", sheet, row, MONTH))
    return None


def _cycle(sheet: _Headed, row: GridRow, faults: list[Fault]) -> str | None:
    cell = _cell(row[1], sheet.fixed.get(CYCLE))
    if cell is EMPTY:
        return "month"
    found = _CYCLES.get(_normal(str(cell.value))) if cell.found == "text" else None
    if found is None:
        faults.append(_fault("CYCLE", sheet, row, CYCLE))
    return found


_NO_FIGURE = {"formula": "FORMULA", "error": "ERROR_VALUE", "boolean": "TRUE_FALSE", "date": "DATE"}


def _figure(sheet: _Headed, row: GridRow, place: int, variable: Variable, faults: list[Fault]) -> int | None:
    """The figure in hundredths, or None where nothing stands or a fault was found."""
    cell = _cell(row[1], place)
    if cell is EMPTY:
        return None
    amount = None if cell.found in _NO_FIGURE else _number(cell)
    hundredths = amount * 100 if amount is not None else None
    words: dict[str, str] = {}
    if hundredths is None:
        code = _NO_FIGURE.get(cell.found, "NOT_A_NUMBER")
    elif hundredths < 0 <= variable.least:
        code = "NEGATIVE"
    elif hundredths < variable.least:
        code, words = "TOO_SMALL", {"least": yuan_to_read(variable.least)}
    elif hundredths > variable.most:
        code, words = "TOO_LARGE", {"most": yuan_to_read(variable.most)}
    elif hundredths != hundredths.to_integral_value():
        code = "TOO_MANY_PLACES"
    else:
        return int(hundredths)
    where = {"row": row[0], "column": letter_of(place + 1), "heading": variable.heading}
    faults.append(fault(code, sheet.grid.name, **where, **words))
    return None


def _number(cell: Read) -> Decimal | None:
    """A number as people write it: full-width digits, commas between thousands, a yuan sign before or after."""
    if isinstance(cell.value, float):
        return _decimal(format(cell.value, ".15g"))  # a spreadsheet shows fifteen digits; what lies behind is noise
    text = _normal(str(cell.value)).removeprefix("¥").removesuffix("元").strip()
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    if not (_GROUPED.match(text) or _PLAIN.match(text)):
        return None
    return _decimal(sign + text.replace(",", ""))


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _normal(text: str) -> str:
    """Full width to half width, and no space at the ends."""
    return unicodedata.normalize("NFKC", text).strip()
