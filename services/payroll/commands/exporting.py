"""The files of a run, and the sheets that leave the house with identity numbers opened in them."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from common.areas import within
from common.errors import BusinessError, NotFound
from common.events.payroll import TaxSheetExported
from common.fields import Sealer
from common.money import in_yuan, whole_fen
from common.transaction import About, Transaction, seeing
from payroll import rules
from payroll.files import dues, payroll_sheet, payslips, tax
from payroll.files.cells import Sheet
from payroll.files.figures import FundOfEmployer, RunOfSlips, Slip, TaxedSlip
from payroll.files.form import Format
from payroll.files.writing import write_csv, write_xlsx
from payroll.models import PayrollRun, RunStatus
from payroll.models.runs import SEALED
from payroll.queries import files as queries
from payroll.queries import payslips as own
from payroll.queries import runs
from payroll.queries.contributions import Side
from payroll.queries.files import SlipsOf
from payroll.rules.cycles import first_day

MOST_SLIPS = 20_000  # in one file, all of them in memory; a larger run is taken out by area


class FileKind(StrEnum):
    PAYROLL_SHEET = "payroll_sheet"
    PAYSLIPS = "payslips"
    CONTRIBUTIONS = "contributions"
    UNION_DUES = "union_dues"
    UNION_FUND = "union_fund"


class TaxSheet(StrEnum):
    WAGES = "wages"
    BONUSES = "bonuses"


FileFormat = Literal["xlsx", "csv", "pdf"]

_OFFERED: Mapping[FileKind, tuple[FileFormat, ...]] = {
    FileKind.PAYROLL_SHEET: ("xlsx", "csv"),
    FileKind.PAYSLIPS: ("xlsx", "pdf"),
    FileKind.CONTRIBUTIONS: ("xlsx", "csv"),
    FileKind.UNION_DUES: ("xlsx", "csv"),
    FileKind.UNION_FUND: ("xlsx", "csv"),
}
# What is declared to others is declared of what counts; the rest may be looked at before.
_OF_WHAT_COUNTS = {FileKind.CONTRIBUTIONS, FileKind.UNION_DUES, FileKind.UNION_FUND}
_CALCULATED = (RunStatus.CALCULATED, RunStatus.REVIEWED, *SEALED)


class FormatNotOffered(BusinessError):
    status = 422
    zh = "此文件没有 {format} 格式；可选：{offered}。"
    en = "This file does not come as {format}; it comes as {offered}."


class TooManySlips(BusinessError):
    status = 422
    zh = "共 {slips} 份工资条，超过一个文件的上限（{most}）；请用参数 area 按街道（乡镇）分别导出。"
    en = "{slips} payslips are more than a file takes ({most}); take them out by street with `area`."


class AreaNotOfRun(BusinessError):
    status = 422
    zh = "地区 {area} 不在该工资核算的范围（{of}）内；请用参数 area 填写其中的街道（乡镇）或更大的地区。"
    en = "Area {area} is not within that of the run ({of}); give a street of it, or more, as `area`."


class NothingInPart(BusinessError):
    status = 422
    zh = "没有第 {part} 部分；共 {parts} 部分。"
    en = "There is no part {part}; there are {parts}."


async def write_run_file(
    tx: Transaction,
    *,
    run_id: str,
    kind: FileKind,
    written_as: FileFormat,
    area: str = "",
    by_street: bool = False,
    part: int = 1,
) -> bytes:
    """A file of a run as far as the actor sees it. Nothing changes, nothing is kept."""
    run = await _run(tx, run_id)
    if written_as not in _OFFERED[kind]:
        raise FormatNotOffered(format=written_as, offered=", ".join(_OFFERED[kind]))
    run.require(*(SEALED if kind in _OF_WHAT_COUNTS else _CALCULATED))
    wanted = _wanted(run, area)
    if written_as == "pdf":
        return await _part_of_payslips(tx, run, wanted, part)
    await _require_room(tx, wanted)
    slips = await queries.run_of_slips(tx.session, run=run, wanted=wanted)
    if kind is FileKind.PAYSLIPS:
        return await asyncio.to_thread(payslips.write_strips, slips)
    if kind is FileKind.PAYROLL_SHEET:
        if written_as == "csv":
            return await asyncio.to_thread(payroll_sheet.write_payroll_csv, slips)
        return await asyncio.to_thread(payroll_sheet.write_payroll_sheet, slips, by_street=by_street)
    sheets = await _declared(tx, run, slips, kind)
    if written_as == "csv":
        return await asyncio.to_thread(write_csv, sheets[0])
    return await asyncio.to_thread(write_xlsx, sheets)


def _wanted(run: PayrollRun, area: str, *, bonuses: bool = False) -> SlipsOf:
    if not within(area or run.area, run.area):
        raise AreaNotOfRun(area=area, of=run.area)
    return SlipsOf(run.run_id, area, bonuses=bonuses)


async def _require_room(tx: Transaction, wanted: SlipsOf) -> None:
    """Before anything of them is read."""
    counted = await queries.count_slips(tx.session, wanted)
    if counted > MOST_SLIPS:
        raise TooManySlips(slips=counted, most=MOST_SLIPS)


async def _part_of_payslips(tx: Transaction, run: PayrollRun, wanted: SlipsOf, part: int) -> bytes:
    """A hundred of them, and of the others nothing is read: so it takes a run of any size."""
    most = payslips.MOST_IN_A_PDF
    parts = -(-await queries.count_slips(tx.session, wanted) // most)
    if not 1 <= part <= parts:
        raise NothingInPart(part=part, parts=parts)
    slips = await queries.run_of_slips(tx.session, run=run, wanted=wanted.page(part, of=most))
    return await _pages(slips, await queries.explained_lines(tx.session, slips.slips))


async def _pages(slips: RunOfSlips, explained: queries.Explained) -> bytes:
    pages = []
    for slip in slips.slips:
        lines = explained.get(slip.payslip_id, ())
        words = {(line.code, line.period): line.words_zh for line in lines}
        pages.append(payslips.explained(slips, slip, words))
    return await asyncio.to_thread(payslips.write_pages, pages)


async def _declared(tx: Transaction, run: PayrollRun, slips: RunOfSlips, kind: FileKind) -> list[Sheet]:
    if kind is FileKind.UNION_DUES:
        members = [slip for slip in slips.slips if queries.pays_dues(slip)]
        explained = await queries.explained_lines(tx.session, members)
        return [dues.union_dues_sheet(slips, queries.members_dues(slips.with_slips(members), explained))]
    if kind is FileKind.CONTRIBUTIONS:
        sides = await queries.sides_of_schemes(tx.session, run_id=run.run_id)
        explained = await queries.explained_lines(tx.session, slips.slips)
        return dues.contribution_sheets(slips, queries.dues_of_employers(slips, sides, explained))
    return [dues.union_fund_sheet(slips, await _funds(tx, run, slips))]


async def _funds(tx: Transaction, run: PayrollRun, slips: RunOfSlips) -> list[FundOfEmployer]:
    """By the clause in force where the employer is; where none is, nothing is asked of it."""
    on = first_day(run.month)
    found = []
    for organisation_id, people, wages in queries.wages_of_employers(slips):
        about = About(slips.area, run.staff, organisation_id)
        decided = await tx.decide_where_ruled(rules.fund_of_employer, about=about, on=on, wages=in_yuan(wages))
        if decided is not None:
            found.append(FundOfEmployer(organisation_id, people, wages, whole_fen(decided.value), decided.clause))
    return found


async def export_tax_sheet(
    tx: Transaction,
    *,
    run_id: str,
    sheet: TaxSheet,
    written_as: Format,
    reason: str,
    sealer: Sealer,
    area: str = "",
) -> bytes:
    """The sheet that the withholding client imports, identity numbers opened; who took it out, and why, is said."""
    run = await _run(tx, run_id)
    run.require(*SEALED)
    wanted = _wanted(run, area, bonuses=sheet is TaxSheet.BONUSES)
    await _require_room(tx, wanted)
    slips = await queries.run_of_slips(tx.session, run=run, wanted=wanted)
    sealed = await queries.sealed_identities(tx.session, wanted)
    reported = await queries.reported_in_year(tx.session, wanted)
    sides = await queries.sides_of_schemes(tx.session, run_id=run_id)
    taxed = [_taxed(slip, sealed, sealer, reported, sides) for slip in slips.slips]

    write = tax.write_wages if sheet is TaxSheet.WAGES else tax.write_bonuses
    content = await asyncio.to_thread(write, taxed, month=run.month, written_as=written_as)
    tx.emit(
        TaxSheetExported(
            run_id=run_id,
            area=area or run.area,
            sheet=sheet,
            people=sum(1 for one in taxed if one.identity_number),
            reason=reason,
            exported_by=tx.actor.account,
        )
    )
    return content


def _taxed(
    slip: Slip,
    sealed: Mapping[str, str],
    sealer: Sealer,
    reported: queries.Reported,
    sides: Mapping[str, Side],
) -> TaxedSlip:
    place = f"person|identity_number|{slip.worker_id}"
    number = sealer.open(sealed[slip.worker_id], place=place) if slip.worker_id in sealed else ""
    schemes: dict[str, int] = {}
    lines = [*slip.amounts.items(), *((one.code, one.amount) for one in slip.differences)]
    for code, amount in lines:
        side = sides.get(code)
        if side is not None and not side.of_employer:
            schemes[side.scheme] = schemes.get(side.scheme, 0) + amount
    said = reported.get((slip.worker_id, slip.organisation_id), {})
    return TaxedSlip(
        slip=slip,
        identity_number=number,
        schemes=schemes,
        additional=_under("additional", said),
        other=_under("other", said),
    )


def _under(name: str, said: Mapping[str, int]) -> dict[str, int]:
    """`additional.housing_rent` → `housing_rent`; the plain code keeps its name."""
    return {
        code.removeprefix(f"{name}."): amount
        for code, amount in said.items()
        if code == name or code.startswith(f"{name}.")
    }


async def write_own_payslip(tx: Transaction, *, payslip_id: str, account: str) -> bytes:
    """A worker's own slip, once it is approved."""
    slip = await own.own_payslip(tx.session, payslip_id=payslip_id, account=account)
    if slip is None:
        raise NotFound(what=f"payslip {payslip_id}")
    async with seeing(tx.session, area=""):
        run = await _run(tx, slip.run_id)
        slips = await queries.run_of_slips(tx.session, run=run, wanted=SlipsOf(run.run_id, slip_no=slip.slip_no))
        explained = await queries.explained_lines(tx.session, slips.slips)
    return await _pages(slips, explained)


async def _run(tx: Transaction, run_id: str) -> PayrollRun:
    run = await runs.run(tx.session, run_id=run_id)
    if run is None:
        raise NotFound(what=f"run {run_id}")
    return run
