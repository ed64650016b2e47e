"""Monthly variables out of a spreadsheet: every bad cell is named, nothing comes in in part unless that is asked."""

import asyncio
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.errors import BusinessError
from common.transaction import Transaction
from payroll.commands.entries import EntryRow, enter_many
from payroll.files.faults import OF_THE_SHEET, Fault, fault
from payroll.files.grid import MOST_ROWS, NotReadable, read_grids
from payroll.files.variables import NAME, WORKER, Entered, Filled, FilledRow, Variable, read_filled, write_template
from payroll.models import Cycle
from payroll.queries import files as queries
from payroll.rules.entries import CODES, EntryCode, code_of

MOST_FAULTS_SHOWN = 500

_OF_A_FIGURE = {"unknown_code", "wrong_way", "not_in_halves", "out_of_range", "twice"}


def _importable(code: EntryCode) -> Variable:
    return Variable(code.code, code.heading, most=code.most, least=code.least, in_halves=code.in_halves)


IMPORTABLE = tuple(_importable(code) for code in CODES.values() if code.monthly)


def _by_code(text: str) -> Variable | None:
    """A heading that is a code itself: how the open-ended ones, `deduction.court_order` and the like, come in."""
    found = code_of(text)
    return _importable(found) if found is not None and found.monthly else None


class FileNotReadable(BusinessError):
    """The file as such is refused, before a cell of it is looked at."""

    status = 422
    zh = "{zh}"
    en = "{en}"

    def __init__(self, refused: NotReadable) -> None:
        super().__init__(zh=refused.zh, en=refused.en)
        self.reason = refused.code

    def members(self, language: str) -> dict[str, Any]:
        return {"params": {"reason": self.reason}}


class TooManyWorkers(BusinessError):
    status = 422
    zh = "该地区共 {workers} 人，超过一个文件的上限（{most}）；请按街道（乡镇）分别下载。"
    en = "{workers} people are more than a file takes ({most}); take the template street by street."


class FaultsInFile(BusinessError):
    """Cells are wrong, and nothing was imported."""

    status = 422
    zh = "文件中有 {count} 处错误，未导入任何内容；请逐处更正后重新导入。"
    en = "The file has {count} faults; nothing was imported. Correct them and import again."

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__(count=len(faults))

    def members(self, language: str) -> dict[str, Any]:
        return {"params": self.params, "errors": [shown(one, language) for one in self.faults[:MOST_FAULTS_SHOWN]]}


def shown(one: Fault, language: str) -> dict[str, Any]:
    return {"pointer": one.pointer, "code": one.code, "detail": one.detail(language)} | {
        "sheet": one.sheet,
        "row": one.row,
        "column": one.column,
        "heading": one.heading,
    }


@dataclass(frozen=True)
class Imported:
    """What came in, or would: `digest` is SHA-256 of the file, hexadecimal; `written` says whether anything was."""

    digest: str
    rows: int
    entries: int
    faults: list[Fault]
    written: bool


async def import_variables(
    tx: Transaction, *, content: bytes, dry_run: bool = False, partial: bool = False
) -> Imported:
    """All of the file, or nothing of it; with `partial`, the rows in which nothing is wrong.

    `dry_run` writes nothing and answers what would have come of it. A worker's row goes in whole or not at all.
    """
    try:
        filled = await asyncio.to_thread(_read, content)
    except NotReadable as refused:
        raise FileNotReadable(refused) from refused
    filled.faults.extend(await _against_workers(tx, filled.rows))
    entries = _without_faults(filled.entries, filled.faults)

    attempt = await tx.session.begin_nested() if dry_run else None
    said_before = len(tx.outgoing)
    faults, kept = await _enter(tx, entries, filled.faults)
    if attempt is not None:
        await attempt.rollback()
        del tx.outgoing[said_before:]
    elif faults and not partial:
        raise FaultsInFile(faults)
    return Imported(
        digest=hashlib.sha256(content).hexdigest(),
        rows=len({(entry.sheet, entry.row) for entry in kept}),
        entries=len(kept),
        faults=faults,
        written=not dry_run and bool(kept),
    )


def _read(content: bytes) -> Filled:
    return read_filled(read_grids(content), IMPORTABLE, by_code=_by_code)


async def _against_workers(tx: Transaction, rows: Sequence[FilledRow]) -> list[Fault]:
    """Who is not known in the actor's area, and where a name stands beside another's id: rows may have slipped."""
    known = await queries.names_of(tx.session, worker_ids=sorted({row.worker_id for row in rows}))
    faults = []
    for row in rows:
        if row.worker_id not in known:
            faults.append(fault("WORKER_UNKNOWN", row.sheet, row=row.row, column=row.worker_column, heading=WORKER))
            continue
        name = known[row.worker_id]
        if row.name is not None and name is not None and _same(row.name) != _same(name):
            faults.append(fault("NAME_DIFFERS", row.sheet, row=row.row, column=row.name_column, heading=NAME))
    return faults


def _same(name: str) -> str:
    return unicodedata.normalize("NFKC", name).replace(" ", "")


def _without_faults(entries: Sequence[Entered], faults: Sequence[Fault]) -> list[Entered]:
    """The entries of rows in which nothing is wrong; none of a sheet that is wrong as such or in its headings."""
    bad = {(one.sheet, one.row) for one in faults}
    headings = {one.sheet for one in faults if one.code in OF_THE_SHEET}
    return [entry for entry in entries if entry.sheet not in headings and (entry.sheet, entry.row) not in bad]


async def _enter(
    tx: Transaction, entries: Sequence[Entered], faults: Sequence[Fault]
) -> tuple[list[Fault], list[Entered]]:
    """All faults in the order of the file, and what was entered; a refused figure takes its row along."""
    refused: list[Fault] = []
    said: set[tuple[str, int, str]] = set()
    for place, found in await enter_many(tx, [_row(entry) for entry in entries]):
        entry = entries[place]
        what = entry.code if found.code in _OF_A_FIGURE else ""
        if (entry.sheet, entry.row, found.code + what) in said:
            continue  # what is wrong with the person is said once a row
        said.add((entry.sheet, entry.row, found.code + what))
        where = {"row": entry.row, "column": entry.column, "heading": entry.heading} if what else {"row": entry.row}
        refused.append(fault("REFUSED", entry.sheet, **where, zh=found.zh, en=found.en))
    every = sorted([*faults, *refused], key=lambda one: (one.sheet, one.row or 0, one.column or ""))
    if not refused:
        return every, list(entries)
    kept = _without_faults(entries, refused)
    await enter_many(tx, [_row(entry) for entry in kept])
    return every, kept


def _row(entry: Entered) -> EntryRow:
    return EntryRow(entry.worker_id, entry.month, entry.cycle, entry.code, entry.amount)


async def import_template(tx: Transaction, *, area: str, staff: str, month: str, cycle: str) -> bytes:
    """The sheet to fill in for the workers of an area."""
    workers = await queries.names_in(tx.session, area=area, staff=staff)
    if len(workers) > MOST_ROWS:
        raise TooManyWorkers(workers=len(workers), most=MOST_ROWS)
    variables = [one for one in IMPORTABLE if cycle == Cycle.MONTH or one.in_halves]
    return await asyncio.to_thread(write_template, variables, month=month, workers=workers, cycle=cycle)
