"""An uploaded spreadsheet as a grid of typed cells. What might be a trap is refused before anything reads it."""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO, StringIO
from typing import IO, Any, Literal
from xml.etree.ElementTree import Element

import openpyxl
from defusedxml.ElementTree import iterparse
from openpyxl.utils.cell import range_boundaries

from payroll.files.faults import Fault, fault

LONGEST_FILE = 1 << 20  # what the door lets through
MOST_UNPACKED = 16 << 20
MOST_PARTS = 200
MOST_ROWS = 10_000
MOST_COLUMNS = 60

Found = Literal["empty", "text", "number", "formula", "boolean", "date", "error"]


class NotReadable(Exception):
    """The file is not one that is read here; `code` says why, `zh` and `en` what to do."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Read:
    """A cell: what kind of thing stands in it, and the thing itself where it is of use."""

    found: Found
    value: str | int | float | date | None = None


EMPTY = Read("empty")
GridRow = tuple[int, tuple[Read, ...]]


@dataclass(frozen=True)
class Grid:
    """A sheet's rows that are not empty, with their numbers, and what is wrong with the sheet as such.

    `merged`: the last row and the first column of each merged range.
    """

    name: str
    rows: list[GridRow]
    faults: list[Fault] = field(default_factory=list)
    merged: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class _Outline:
    """What a reader of cells does not see: merged ranges, hidden parts, how far the sheet goes."""

    merged: list[str] = field(default_factory=list)
    hidden: bool = False
    last_row: int = 0
    last_column: int = 0


def read_grids(content: bytes) -> list[Grid]:
    """The sheets of an xlsx file, or the one of a csv file (UTF-8 or GB 18030)."""
    if len(content) > LONGEST_FILE:
        raise NotReadable("FILE_TOO_LARGE", "文件超过 1 MB，请分成几个文件。", "The file is larger than 1 MB.")
    if content.startswith(b"PK"):
        return _workbook(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotReadable(
            "OLD_OR_LOCKED",
            "不读取旧版 xls 文件和加密文件，请另存为不加密的 xlsx。",
            "Old xls files and locked files are not read; save as xlsx without a password.",
        )
    return [_csv(content)]


def _csv(content: bytes) -> Grid:
    rows: list[GridRow] = []
    name = "csv"
    for number, line in enumerate(_lines(content), start=1):
        if number > MOST_ROWS:
            return Grid(name, [], [fault("TOO_MANY_ROWS", name, most=MOST_ROWS)])
        if len(line) > MOST_COLUMNS:
            return Grid(name, [], [fault("TOO_MANY_COLUMNS", name, row=number, most=MOST_COLUMNS)])
        if any(cell.strip() for cell in line):
            rows.append((number, tuple(_of_text(cell) for cell in line)))
    return Grid(name, rows)


def _lines(content: bytes) -> Iterator[list[str]]:
    reader = csv.reader(StringIO(_decoded(content), newline=""), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise NotReadable(
            "CSV_BROKEN",
            f"第 {reader.line_num} 行读不下去：引号没有成对，或一格的内容过长。请更正，或另存为 xlsx 后再导入。",
            f"Line {reader.line_num} cannot be read: a quotation mark without its pair, or a cell that is far too long."
            " Mend it, or save the file as xlsx.",
        ) from error


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotReadable(
        "NOT_A_SPREADSHEET", "不是 xlsx 或 csv 文件，请使用下载的模板。", "This is neither an xlsx nor a csv file."
    )


def _of_text(cell: str) -> Read:
    """A csv has no types: what begins like a formula is one, a leading apostrophe was put there against that."""
    text = cell.strip()
    if not text:
        return EMPTY
    if text.startswith(("=", "@")):
        return Read("formula")
    return Read("text", text.removeprefix("'"))


def _workbook(content: bytes) -> list[Grid]:
    outlines = _outlines(content)
    try:
        book = openpyxl.load_workbook(BytesIO(content), read_only=True, keep_links=False)
        sheets = [(sheet, outline) for sheet, outline in zip(book.worksheets, outlines, strict=True)]
        return [_grid(sheet, outline) for sheet, outline in sheets]
    except Exception as error:  # a broken file breaks its reader in any way it likes
        raise _broken() from error


def _grid(sheet: Any, outline: _Outline) -> Grid:
    name = str(sheet.title)
    if sheet.sheet_state != "visible" or outline.hidden:
        return Grid(name, [], [fault("HIDDEN", name)])
    if outline.last_row > MOST_ROWS:
        return Grid(name, [], [fault("TOO_MANY_ROWS", name, most=MOST_ROWS)])
    if outline.last_column > MOST_COLUMNS:
        return Grid(name, [], [fault("TOO_MANY_COLUMNS", name, most=MOST_COLUMNS)])
    sheet.reset_dimensions()  # what the file says of its own size need not be so
    rows = []
    for number, line in enumerate(sheet.iter_rows(), start=1):
        cells = tuple(_read(cell) for cell in line)
        if any(cell is not EMPTY for cell in cells):
            rows.append((number, cells))
    ranges = [range_boundaries(reference) for reference in outline.merged]
    return Grid(
        name, rows, merged=[(int(last_row or 0), int(first_column or 0)) for first_column, _, _, last_row in ranges]
    )


def _read(cell: Any) -> Read:
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return EMPTY
    match cell.data_type:
        case "f":
            return Read("formula")
        case "e":
            return Read("error")
        case "b":
            return Read("boolean")
        case "d":
            return Read("date", value) if isinstance(value, date) else Read("error")
        case "n":
            return Read("number", value)
        case _:
            return Read("text", str(value).strip())


def _outlines(content: bytes) -> list[_Outline]:
    """One for each sheet, in the workbook's order; refuses what is no plain workbook before it is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as parts:
            _require_plain(parts)
            sheets = _sheet_parts(parts)
            _require_no_entities(parts, besides=sheets)
            return [_outline(parts, name) for name in sheets]
    except NotReadable:
        raise
    except Exception as error:
        raise _broken() from error


def _require_plain(parts: zipfile.ZipFile) -> None:
    entries = parts.infolist()
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_PARTS or len(names) < len(entries) or unpacked > MOST_UNPACKED:
        raise NotReadable("TOO_LARGE_INSIDE", "文件解压后过大，不予读取。", "The file is too large inside.")
    if any(entry.flag_bits & 1 for entry in entries) or "xl/workbook.xml" not in names:
        raise _broken()
    if any("vbaproject" in name.lower() or "externallinks/" in name.lower() for name in names):
        raise NotReadable(
            "MACROS_OR_LINKS",
            "文件含宏或外部链接，请另存为普通 xlsx 后再导入。",
            "The file has macros or links to other files; save it as a plain xlsx.",
        )


def _require_no_entities(parts: zipfile.ZipFile, *, besides: list[str]) -> None:
    """The reader of cells opens these parts with a parser that follows entities; the sheets are looked at apart."""
    for name in parts.namelist():
        if name.endswith((".xml", ".rels", ".vml")) and name not in besides:
            for element in _elements(parts.open(name)):
                element.clear()


def _broken() -> NotReadable:
    return NotReadable(
        "NOT_A_SPREADSHEET", "文件已损坏或不是 xlsx，请使用下载的模板。", "The file is broken or no xlsx."
    )


def _sheet_parts(parts: zipfile.ZipFile) -> list[str]:
    """The part of each sheet, as workbook and relationships name them."""
    targets = {}
    for element in _elements(parts.open("xl/_rels/workbook.xml.rels")):
        if element.get("Id"):
            targets[element.get("Id")] = str(element.get("Target"))
    found = []
    for element in _elements(parts.open("xl/workbook.xml")):
        if _tag(element) == "sheet":
            relation = next(value for key, value in element.attrib.items() if key.endswith("}id"))
            target = targets[relation]
            found.append(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
    return found


def _outline(parts: zipfile.ZipFile, name: str) -> _Outline:
    """Stops where a sheet goes beyond what is read anyway."""
    outline = _Outline()
    for element in _elements(parts.open(name)):
        match _tag(element):
            case "mergeCell":
                outline.merged.append(str(element.get("ref")))
            case "row":
                outline.last_row = max(outline.last_row + 1, int(element.get("r") or 0))
                outline.last_column = max(outline.last_column, _width(element))
                outline.hidden = outline.hidden or element.get("hidden") in ("1", "true")
                element.clear()
            case "col":
                outline.hidden = outline.hidden or element.get("hidden") in ("1", "true")
        if outline.last_row > MOST_ROWS or outline.last_column > MOST_COLUMNS:
            break
    return outline


def _width(row: Element) -> int:
    """How far the cells go that have something in them; a form's empty frames may go further."""
    places = [
        range_boundaries(str(cell.get("r")))[0] if cell.get("r") else place
        for place, cell in enumerate(row, start=1)
        if len(cell)
    ]
    return max((place or 0 for place in places), default=0)


def _elements(part: IO[bytes]) -> Iterator[Element]:
    """Each element when it is whole; entities and document types are refused (XXE, exponential growth)."""
    for _, element in iterparse(part, forbid_dtd=True):
        yield element


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]
