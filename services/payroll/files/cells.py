"""Cells that stay what they are: text is never taken for a formula, an amount is a number, an id is text."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "amount", "count", "number"]

# What a spreadsheet takes for the beginning of a formula, also in full width, and what it skips before one.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Column:
    """A heading and what stands below it: `amount` in fen, `count` whole, `number` in hundredths, else text."""

    heading: str
    kind: Kind = "text"
    width: int = 12


Cell = str | int | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet: lines of title (each a cell or several), headings, rows, a row of totals. None is an empty cell."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    title: tuple[tuple[str, ...], ...] = ()
    totals: Row | None = None


def may_be_formula(text: str) -> bool:
    """Whether a spreadsheet might run `text`, as it stands or as `plain` leaves it; spaces before the sign do not make
    it harmless.
    """
    return any(one.startswith(_STARTS_FORMULA) for one in (text, text.lstrip(), plain(text).lstrip()))


def plain(text: str) -> str:
    """One line without control characters, half characters or marks that turn the direction of writing.

    Rare characters of names stay, also those that this Python does not know yet.
    """
    kept = (" " if letter in "\t\r\n" else letter for letter in text)
    return "".join(
        letter
        for letter in kept
        if unicodedata.category(letter) not in ("Cc", "Cf", "Cs") and letter not in "\ufffe\uffff"
    )


def harmless(text: str) -> str:
    """`text` for a file that has no types: what might be a formula begins with an apostrophe (OWASP, CSV injection)."""
    clean = plain(text)
    return f"'{clean}" if may_be_formula(text) else clean


def yuan(fen: int) -> str:
    """1234567 → `12345.67`, for machines."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def yuan_to_read(fen: int) -> str:
    """1234567 → `12,345.67`, for people."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def totals_of(columns: Sequence[Column], rows: Sequence[Row], *, label: str = "合计") -> Row:
    """The sum of each column of amounts or counts, the label in the first."""
    sums: list[Cell] = [
        sum(value for row in rows if isinstance(value := row[place], int)) if column.kind != "text" else None
        for place, column in enumerate(columns)
    ]
    sums[0] = label
    return tuple(sums)


def letter_of(column: int) -> str:
    """The name of a column: 1 → A, 28 → AB."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
