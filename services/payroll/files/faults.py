"""What is wrong with a file somebody filled in: where, what stands there, what may stand there.

What stands there is named by its kind and never repeated: it may be somebody's number or pay.
"""

from dataclasses import dataclass
from typing import Any

# code: (what was found, what is allowed), each in Chinese and in English
WORDS: dict[str, tuple[str, str, str, str]] = {
    "FORMULA": (
        "填的是公式",
        "请选择性粘贴为数值后再导入",
        "a formula stands here",
        "paste it as a value first",
    ),
    "MERGED": ("单元格已合并", "请取消合并，每格只填一项", "the cells are merged", "split them, one figure a cell"),
    "ERROR_VALUE": ("填的是错误值", "请改为数值或留空", "an error value stands here", "a number, or leave it empty"),
    "TRUE_FALSE": ("填的是逻辑值", "请改为数值或留空", "a truth value stands here", "a number, or leave it empty"),
    "DATE": (
        "填的是日期",
        "请将单元格格式改为常规后重填数值",
        "a date stands here",
        "set the cell's format to general and enter the number",
    ),
    "NOT_A_NUMBER": (
        "填的不是数",
        "须为数，可带千分位逗号；没有的请留空",
        "this is no number",
        "a number, with commas between thousands if you like; leave it empty where there is none",
    ),
    "TOO_MANY_PLACES": ("小数超过两位", "最多两位小数", "more than two decimal places", "at most two decimal places"),
    "NEGATIVE": ("填的是负数", "不得小于 0", "a negative number stands here", "0 or more"),
    "TOO_LARGE": ("填的数过大", "不得大于 {most}", "the number is too large", "at most {most}"),
    "TOO_SMALL": ("填的数过小", "不得小于 {least}", "the number is too small", "at least {least}"),
    "MONTH": ("填的不是月份", "须为月份，如 2026-03", "this is no month", "a month such as 2026-03"),
    "CYCLE": (
        "填的不是结算周期",
        "须为“整月”“上半月”或“下半月”，或留空",
        "this is no cycle",
        "整月, 上半月 or 下半月, or empty",
    ),
    "WORKER_MISSING": ("没有人员编号", "须填人员编号", "no worker id", "the worker's id"),
    "WORKER_ID": (
        "填的不是人员编号",
        "须为本平台的人员编号，不是姓名或证件号码",
        "this is no worker id",
        "the id this platform gave, no name and no identity number",
    ),
    "WORKER_UNKNOWN": (
        "没有此人员",
        "须为您管辖地区内人员的编号",
        "no such worker",
        "the id of a worker in your area",
    ),
    "NAME_DIFFERS": (
        "姓名与人员编号不符",
        "请核对是否错行",
        "the name is not that of the id",
        "check whether rows have slipped",
    ),
    "DUPLICATE": (
        "同一人员同一月份已在工作表“{first_sheet}”第 {first_row} 行填报",
        "每人每月每周期只填一行",
        "this worker and month stand in sheet {first_sheet}, row {first_row} already",
        "one row for each worker, month and cycle",
    ),
    "HEADING_UNKNOWN": (
        "表头不是可导入的项目",
        "请使用下载的模板；不导入的列请删去表头和内容",
        "the heading is not known",
        "use the template; delete columns that are not to be imported",
    ),
    "HEADING_TWICE": ("同一表头出现两次", "每个项目只有一列", "the heading stands twice", "one column for each item"),
    "HEADING_MISSING": (
        "缺少表头“{heading}”",
        "请使用下载的模板",
        "the heading {heading} is missing",
        "use the template",
    ),
    "NO_HEADINGS": (
        "没有找到表头（前 {rows} 行内须有“人员编号”）",
        "请使用下载的模板",
        "no headings found (人员编号 must stand in the first {rows} rows)",
        "use the template",
    ),
    "HIDDEN": ("含隐藏的工作表、行或列", "请取消隐藏后再导入", "something is hidden", "show it first"),
    "TOO_MANY_ROWS": ("行数超过 {most}", "请分成几个文件", "more than {most} rows", "send it in parts"),
    "TOO_MANY_COLUMNS": ("列数超过 {most}", "请使用下载的模板", "more than {most} columns", "use the template"),
    "REFUSED": ("此项不能填报", "{zh}", "this cannot be entered", "{en}"),
}


# With one of these, no row of the sheet can be trusted to say what it seems to say.
OF_THE_SHEET = frozenset(
    {
        *("HEADING_UNKNOWN", "HEADING_TWICE", "HEADING_MISSING", "NO_HEADINGS", "MERGED", "HIDDEN"),
        *("TOO_MANY_ROWS", "TOO_MANY_COLUMNS"),
    }
)


@dataclass(frozen=True)
class Fault:
    """`row` from 1, `column` by its letter; both None where the whole sheet is meant. `heading` only where known."""

    code: str
    sheet: str
    row: int | None = None
    column: str | None = None
    heading: str | None = None
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def pointer(self) -> str:
        place = f"{self.column or ''}{self.row or ''}"
        return f"#/sheets/{self.sheet}" + (f"/{place}" if place else "")

    def detail(self, language: str) -> str:
        words = {"heading": self.heading, **dict(self.params)}
        found_zh, allowed_zh, found_en, allowed_en = (part.format(**words) for part in WORDS[self.code])
        if language == "en":
            where = f"sheet {self.sheet}"
            where += f", row {self.row}" if self.row else ""
            where += f", column {self.column}" if self.column else ""
            where += f" ({self.heading})" if self.heading else ""
            return f"{where}: {found_en}; allowed: {allowed_en}."
        where = f"工作表“{self.sheet}”"
        where += f"第 {self.row} 行" if self.row else ""
        where += f" {self.column} 列" if self.column else ""
        where += f"（{self.heading}）" if self.heading else ""
        return f"{where}：{found_zh}；{allowed_zh}。"


def fault(code: str, sheet: str, **place: Any) -> Fault:
    """`row`, `column` and `heading` say where; the rest fills the words."""
    where = {name: place.pop(name) for name in ("row", "column", "heading") if name in place}
    return Fault(code, sheet, **where, params=tuple(sorted(place.items())))
