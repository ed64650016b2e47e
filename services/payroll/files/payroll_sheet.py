"""The payroll sheet of a run: a row for each slip, a column for each line, sums that can be followed."""

from collections.abc import Sequence
from itertools import groupby

from common.words import word
from payroll.files.cells import Cell, Column, Row, Sheet, totals_of
from payroll.files.figures import CAUSES, CYCLES, Item, RunOfSlips, Slip
from payroll.files.writing import write_csv, write_xlsx

_WHO = (
    Column("序号", width=6),
    Column("街道（乡镇）", width=14),
    Column("社区（村）", width=16),
    Column("用人单位", width=22),
    Column("人员编号", width=22),
    Column("姓名", width=12),
)
_DIFFERENCES = (
    Column("街道（乡镇）", width=14),
    Column("人员编号", width=22),
    Column("姓名", width=12),
    Column("所属月份", width=10),
    Column("项目", width=20),
    Column("补发（扣）金额", "amount", 14),
    Column("起因", width=24),
)
_STREET = 9


def payroll_sheets(run: RunOfSlips, *, by_street: bool) -> list[Sheet]:
    """Totals by street first, then the slips on one sheet or on one a street, then what was paid for earlier months."""
    streets = {street: list(slips) for street, slips in groupby(run.slips, key=_street)}
    pages = streets if by_street else {"工资表": list(run.slips)}
    return [
        _summary(run, streets),
        *(_page(run, name, slips) for name, slips in pages.items()),
        *_differences(run),
    ]


def write_payroll_sheet(run: RunOfSlips, *, by_street: bool = False) -> bytes:
    return write_xlsx(payroll_sheets(run, by_street=by_street))


def write_payroll_csv(run: RunOfSlips) -> bytes:
    return write_csv(_page(run, "工资表", list(run.slips)))


def _street(slip: Slip) -> str:
    return slip.area[:_STREET]


def title_of(run: RunOfSlips, what: str) -> tuple[tuple[str, ...], ...]:
    cycle = f"（{CYCLES[run.cycle]}）" if run.cycle in CYCLES else ""
    state = "已批准" if run.settled else "未批准，仅供复核"
    return (
        (f"{what}：{word(run.staff)}，{run.month}{cycle}，{run.paid_in} 发放",),
        (f"地区 {run.area}；核算编号 {run.run_id}；{state}；金额单位：元",),
    )


def columns_of(items: Sequence[Item], slips: Sequence[Slip]) -> list[tuple[str, str, Column]]:
    """Each column of money as (where its figure comes from, code, heading)."""
    late = {difference.code for slip in slips for difference in slip.differences}

    def of_kind(kind: str) -> list[tuple[str, str, Column]]:
        found = []
        for item in items:
            if item.kind == kind:
                found.append(("line", item.code, Column(item.label, "amount")))
                if item.code in late:
                    found.append(("late", item.code, Column(f"{item.label}（以前月份）", "amount", 14)))
        return found

    return [
        *of_kind("earning"),
        ("slip", "gross", Column("应发合计", "amount", 14)),
        *of_kind("deduction"),
        ("slip", "net", Column("实发合计", "amount", 14)),
        *of_kind("employer"),
        ("slip", "employer_contributions", Column("单位缴纳合计", "amount", 14)),
    ]


def figure(slip: Slip, source: str, code: str) -> Cell:
    if source == "line":
        return slip.amounts.get(code)
    if source == "late":
        found = [difference.amount for difference in slip.differences if difference.code == code]
        return sum(found) if found else None
    amount: int = getattr(slip, code)
    return amount


def _page(run: RunOfSlips, name: str, slips: Sequence[Slip]) -> Sheet:
    money = columns_of(run.items, run.slips)
    columns = (*_WHO, *(column for _, _, column in money))
    rows: list[Row] = [
        (
            str(number),
            _street(slip),
            slip.area,
            slip.organisation_id,
            slip.worker_id,
            slip.name,
            *(figure(slip, source, code) for source, code, _ in money),
        )
        for number, slip in enumerate(slips, start=1)
    ]
    return Sheet(name, columns, rows, title_of(run, "工资表"), totals_of(columns, rows))


def _summary(run: RunOfSlips, streets: dict[str, list[Slip]]) -> Sheet:
    money = columns_of(run.items, run.slips)
    columns = (
        Column("街道（乡镇）", width=14),
        Column("人数", "count", 8),
        *(column for _, _, column in money),
    )
    rows: list[Row] = [
        (
            street,
            len(slips),
            *(sum(int(figure(slip, source, code) or 0) for slip in slips) for source, code, _ in money),
        )
        for street, slips in streets.items()
    ]
    return Sheet("合计", columns, rows, title_of(run, "工资汇总表"), totals_of(columns, rows))


def _differences(run: RunOfSlips) -> list[Sheet]:
    labels = {item.code: item.label for item in run.items}
    rows: list[Row] = [
        (
            _street(slip),
            slip.worker_id,
            slip.name,
            difference.period,
            labels.get(difference.code, difference.code),
            difference.amount,
            CAUSES.get(difference.cause, difference.cause),
        )
        for slip in run.slips
        for difference in slip.differences
    ]
    title = title_of(run, "以前月份补发（扣）明细")
    return [Sheet("以前月份", _DIFFERENCES, rows, title, totals_of(_DIFFERENCES, rows))] if rows else []
