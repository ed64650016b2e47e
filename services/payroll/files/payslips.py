"""Payslips: strips in a workbook, and pages that a worker can read, with the typeface inside the file."""

from collections.abc import Sequence
from typing import Any

import orjson

from payroll.files import typeface
from payroll.files.cells import Cell, Column, Row, Sheet, plain, yuan_to_read
from payroll.files.figures import CAUSES, CYCLES, ExplainedSlip, RunOfSlips, Slip, SlipLine, Words
from payroll.files.payroll_sheet import columns_of, figure, title_of
from payroll.files.setting import set_pages
from payroll.files.writing import write_xlsx

PDF = "application/pdf"

MOST_IN_A_PDF = 100  # a page takes about half a megabyte of memory while it is set

_KINDS = {"earning": "", "deduction": "扣：", "employer": "单位：", "note": "说明："}


def write_strips(run: RunOfSlips) -> bytes:
    """A strip a slip, headings above each, to be cut apart."""
    money = columns_of(run.items, run.slips)
    columns = (Column("姓名", width=12), Column("人员编号", width=22), *(column for _, _, column in money))
    headings: Row = tuple(column.heading for column in columns)
    blank: Row = (None,) * len(columns)
    rows: list[Row] = []
    for slip in run.slips:
        figures: list[Cell] = [figure(slip, source, code) for source, code, _ in money]
        rows += [headings, (slip.name, slip.worker_id, *figures), blank]
    # Headings stand in the rows; the sheet's own would be one strip too many.
    first, rest = (rows[0], rows[1:]) if rows else (headings, [])
    named = tuple(
        Column(str(heading), column.kind, column.width) for heading, column in zip(first, columns, strict=True)
    )
    return write_xlsx([Sheet("工资条", named, rest, title_of(run, "工资条"))])


def explained(run: RunOfSlips, slip: Slip, words: Words | None = None) -> ExplainedSlip:
    """The slip's lines in the order of the layout; `words` by code and earlier month say how a figure came about."""
    said = words or {}
    lines = []
    for item in run.items:
        paid = [(None, "", slip.amounts[item.code])] if item.code in slip.amounts else []
        late = [(one.period, one.cause, one.amount) for one in slip.differences if one.code == item.code]
        for period, cause, amount in [*paid, *late]:
            because = f"以前月份差额：{CAUSES.get(cause, cause)}" if cause else ""
            text = "；".join(part for part in (said.get((item.code, period), ""), because) if part)
            lines.append(SlipLine(item.label, item.kind, amount, text, item.clause, period))
    return ExplainedSlip(slip, tuple(lines), "工资条", run.month, run.cycle, run.paid_in, draft=not run.settled)


def write_pages(slips: Sequence[ExplainedSlip]) -> bytes:
    """A PDF, a slip a page, tagged, with the typeface embedded; at most `MOST_IN_A_PDF` slips."""
    if not 0 < len(slips) <= MOST_IN_A_PDF:
        raise ValueError(f"{len(slips)} slips: from 1 to {MOST_IN_A_PDF} go into a file")
    return set_pages(orjson.dumps([_page_of(slip) for slip in slips]))


def _page_of(explained: ExplainedSlip) -> dict[str, Any]:
    slip = explained.slip
    month = explained.month + (f" {CYCLES[explained.cycle]}" if explained.cycle in CYCLES else "")
    sums = [
        f"应发合计：{yuan_to_read(slip.gross)}",
        f"个人缴费：{yuan_to_read(slip.contributions)}",
        f"个人所得税：{yuan_to_read(slip.tax + slip.bonus_tax)}",
        f"其他扣款：{yuan_to_read(slip.gross - slip.contributions - slip.tax - slip.bonus_tax - slip.net)}",
        f"实发合计：{yuan_to_read(slip.net)}",
        f"单位缴纳：{yuan_to_read(slip.employer_contributions)}",
    ]
    if slip.bonus:
        sums.append(f"其中年终奖 {yuan_to_read(slip.bonus)}，税 {yuan_to_read(slip.bonus_tax)}")
    return {
        "title": _shown(explained.title),
        "head": [
            f"姓名：{_shown(slip.name)}",
            f"人员编号：{_shown(slip.worker_id)}",
            f"所属月份：{month}",
            f"发放月份：{explained.paid_in}",
            f"用人单位：{_shown(slip.organisation_id)}",
            f"地区：{slip.area}",
        ],
        "lines": [_line_of(line) for line in explained.lines],
        "sums": sums,
        "note": "尚未批准，金额可能变动。" if explained.draft else "",
        "foot": f"工资条 {_shown(slip.payslip_id)}",
        "draft": explained.draft,
    }


def _line_of(line: SlipLine) -> dict[str, str]:
    label = f"{_KINDS.get(line.kind, '')}{line.label}" + (f"（{line.period}）" if line.period else "")
    words = line.words + (f"（{line.clause}）" if line.clause else "")
    return {"label": _shown(label), "amount": yuan_to_read(line.amount), "words": _shown(words)}


def _shown(text: str) -> str:
    return typeface.showable(plain(text))
