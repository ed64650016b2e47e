"""A county's old payroll spreadsheet: found by its headings, read by a map from headings to lines of our slips."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import openpyxl
import yaml
from openpyxl.utils.exceptions import InvalidFileException
from pydantic import BaseModel, ConfigDict, Field

TOTALS = ("gross", "contributions", "tax", "net", "employer_contributions")
HEADINGS_WITHIN = 40  # titles, units and dates stand above the headings
_NOTHING = ("", "-", "—", "－", "/", "无")
_FEN = Decimal(1)


class Key(StrEnum):
    """By what a row of the sheet is known to be somebody's."""

    WORKER_ID = "worker_id"
    IDENTITY = "identity"
    NAME = "name"


class SheetMap(BaseModel):
    """Which column is which. `columns`: by heading, the codes of our lines that it adds up, or one of the totals.

    `totals`: what stands in the key's column, or the first, of rows that are sums.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheet: str | None = None
    key: Key = Key.WORKER_ID
    key_heading: str = Field(min_length=1)
    columns: dict[str, str | tuple[str, ...]] = Field(min_length=1)
    totals: tuple[str, ...] = ("合计", "总计", "小计")

    def codes(self, heading: str) -> tuple[str, ...]:
        said = self.columns[heading]
        return (said,) if isinstance(said, str) else said

    def place(self, heading: str) -> int:
        """Parts before the totals they add up to."""
        codes = self.codes(heading)
        return TOTALS.index(codes[0]) + 1 if len(codes) == 1 and codes[0] in TOTALS else 0


def read_map(text: str) -> SheetMap:
    return SheetMap.model_validate(yaml.safe_load(text))


class SheetFault(Exception):
    """The sheet cannot be compared; each fault names its row and column."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class OldRow:
    """What the old sheet paid somebody: fen by heading."""

    number: int
    key: str
    amounts: Mapping[str, int]


def read_old_sheet(content: bytes, known: SheetMap) -> list[OldRow]:
    """Every row of a person. Formulas count as what they last came to. Raises SheetFault with all that is wrong."""
    try:
        book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, OSError, KeyError, ValueError) as error:
        raise SheetFault(f"不是可读的 xlsx 文件 (not a readable xlsx file): {error}") from error
    try:
        return _rows(_sheet(book, known), known)
    finally:
        book.close()


def _sheet(book: Any, known: SheetMap) -> Any:
    if known.sheet is None:
        return book.worksheets[0]
    if known.sheet not in book.sheetnames:
        raise SheetFault(f"没有工作表 {known.sheet} (no such sheet); 有 (there are): {'、'.join(book.sheetnames)}")
    return book[known.sheet]


def _rows(sheet: Any, known: SheetMap) -> list[OldRow]:
    lines = enumerate(sheet.iter_rows(values_only=True), start=1)
    places = _headings(lines, known)
    found: dict[str, OldRow] = {}
    faults: list[str] = []
    for number, cells in lines:
        key = _plain(_cell(cells, places[known.key_heading]))
        if not key or key in known.totals or _plain(_cell(cells, 0)) in known.totals:
            continue
        amounts = {}
        for heading in known.columns:
            amount = as_fen(_cell(cells, places[heading]))
            if amount is None:
                faults.append(f"第 {number} 行“{heading}”不是金额 (row {number}, {heading}: not an amount)")
            else:
                amounts[heading] = amount
        if key in found:
            faults.append(f"第 {number} 行与第 {found[key].number} 行是同一人 (rows of the same person)")
        found[key] = OldRow(number, key, amounts)
    if faults:
        raise SheetFault(*faults)
    return list(found.values())


def _headings(lines: Iterator[tuple[int, Sequence[Any]]], known: SheetMap) -> dict[str, int]:
    """The column of each heading; the row of headings is the first that has the key's."""
    wanted = {heading: _plain(heading) for heading in (known.key_heading, *known.columns)}
    for number, cells in lines:
        places = {_plain(cell): place for place, cell in reversed(list(enumerate(cells))) if cell is not None}
        if wanted[known.key_heading] in places:
            missing = [heading for heading, plain in wanted.items() if plain not in places]
            if missing:
                raise SheetFault(f"第 {number} 行缺少列 (row {number} lacks columns): {'、'.join(missing)}")
            return {heading: places[plain] for heading, plain in wanted.items()}
        if number >= HEADINGS_WITHIN:
            break
    raise SheetFault(f"前 {HEADINGS_WITHIN} 行中没有“{known.key_heading}”一列 (no such heading in the first rows)")


def _cell(cells: Sequence[Any], place: int) -> Any:
    return cells[place] if place < len(cells) else None


def _plain(cell: Any) -> str:
    """As it is read, without the line breaks and spaces that headings are laid out with."""
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell if cell is not None else "")
    return "".join(unicodedata.normalize("NFKC", text).split())


def as_fen(cell: Any) -> int | None:
    """Yuan in a cell, a number or text such as `1,200.50`, in fen, rounded half up; None where it is no amount."""
    if cell is None:
        return 0
    if isinstance(cell, bool):
        return None
    text = _plain(cell).replace(",", "").removeprefix("¥").removeprefix("￥").removesuffix("元")
    if text in _NOTHING:
        return 0
    try:
        amount = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(text)
    except InvalidOperation:
        return None
    return int(amount.scaleb(2).quantize(_FEN, rounding=ROUND_HALF_UP)) if amount.is_finite() else None
