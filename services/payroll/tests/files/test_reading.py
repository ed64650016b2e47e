import zipfile
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from payroll.files import grid
from payroll.files.faults import WORDS, fault
from payroll.files.grid import NotReadable, read_grids
from payroll.files.variables import Variable, read_filled, write_template
from payroll.tests.files.reading import by_libreoffice, formulas_and_hidden_parts, needs_libreoffice, values

PAY = Variable("performance_pay", "业绩考评工资（元）", most=100_000_000, in_halves=True)
HOURS = Variable("overtime_rest_day", "休息日加班（小时）", most=74_400)
KNOWN = (PAY, HOURS)
HEADINGS = ["人员编号", "姓名", "月份", "结算周期", PAY.heading, HOURS.heading]


def workbook(*rows: list[Any], headings: list[Any] | None = None, sheet: str = "月度变量", change=None) -> bytes:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.title = sheet
    for row in [headings or HEADINGS, *rows]:
        page.append(row)
    if change:
        change(book)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def filled(content: bytes):
    return read_filled(read_grids(content), KNOWN)


def entered(content: bytes) -> list[tuple[Any, ...]]:
    read = filled(content)
    assert read.faults == []
    return [(one.worker_id, one.month, one.cycle, one.code, one.amount) for one in read.entries]


def found(content: bytes) -> list[tuple[Any, ...]]:
    return [(one.code, one.row, one.column, one.heading) for one in filled(content).faults]


class TestFigures:
    @pytest.mark.parametrize(
        ("written", "hundredths"),
        [
            pytest.param(1200.5, 120_050, id="a number"),
            pytest.param(1200, 120_000, id="a whole number"),
            pytest.param(0, 0, id="nothing, said"),
            pytest.param(0.1 + 0.2, 30, id="a number with the noise of binary fractions behind what is shown"),
            pytest.param("1,200.50", 120_050, id="text with a comma between thousands"),
            pytest.param("１，２００．５０", 120_050, id="full-width digits"),
            pytest.param(" 1200.5 ", 120_050, id="text with spaces around"),
            pytest.param("￥1,200.50", 120_050, id="with a yuan sign"),
            pytest.param("1200.5元", 120_050, id="with the word yuan"),
            pytest.param(1_000_000, 100_000_000, id="the most that is allowed"),
        ],
    )
    def test_are_read_as_people_write_them(self, written, hundredths):
        assert entered(workbook(["worker-1", None, "2026-03", None, written, None])) == [
            ("worker-1", "2026-03", "month", "performance_pay", hundredths)
        ]

    @pytest.mark.parametrize(
        ("written", "code"),
        [
            pytest.param("=1200+1", "FORMULA", id="a formula"),
            pytest.param("#N/A", "ERROR_VALUE", id="an error value"),
            pytest.param(True, "TRUE_FALSE", id="a truth value"),
            pytest.param(date(2026, 3, 1), "DATE", id="a date"),
            pytest.param("一千二百", "NOT_A_NUMBER", id="a number in words"),
            pytest.param("无", "NOT_A_NUMBER", id="the word for none"),
            pytest.param("-", "NOT_A_NUMBER", id="a dash for none"),
            pytest.param("1,20", "NOT_A_NUMBER", id="a comma that parts no thousands"),
            pytest.param("1.200,50", "NOT_A_NUMBER", id="commas and points exchanged"),
            pytest.param("1e3", "NOT_A_NUMBER", id="an exponent"),
            pytest.param("NaN", "NOT_A_NUMBER", id="what only machines call a number"),
            pytest.param(".", "NOT_A_NUMBER", id="a point alone"),
            pytest.param(12.345, "TOO_MANY_PLACES", id="three decimal places"),
            pytest.param(-0.01, "NEGATIVE", id="one fen below nothing"),
            pytest.param("-12", "NEGATIVE", id="a negative number in text"),
            pytest.param(1_000_000.01, "TOO_LARGE", id="one fen more than allowed"),
            pytest.param("9" * 400, "TOO_LARGE", id="more digits than anything has"),
        ],
    )
    def test_that_are_none_are_named_by_row_column_and_heading(self, written, code):
        content = workbook(["worker-1", None, "2026-03", None, written, 3])

        assert found(content) == [(code, 2, "E", PAY.heading)]

    @pytest.mark.parametrize("secret", ["320102199001011234", "王小明", "6222021234567890128"])
    def test_that_are_wrong_are_never_repeated(self, secret):
        """It may be somebody's number or name that stands in the wrong column."""
        for faulty in filled(workbook([secret, secret, secret, secret, f"{secret}号", secret])).faults:
            assert secret not in faulty.detail("zh") + faulty.detail("en") + faulty.pointer

    def test_that_are_wrong_are_said_in_both_languages(self):
        [one] = filled(workbook(["worker-1", None, "2026-03", None, "无", None])).faults

        assert one.detail("zh") == (
            "工作表“月度变量”第 2 行 E 列（业绩考评工资（元））：填的不是数；须为数，可带千分位逗号；没有的请留空。"
        )
        assert one.detail("en").startswith("sheet 月度变量, row 2, column E (业绩考评工资（元）): this is no number;")
        assert one.pointer == "#/sheets/月度变量/E2"

    def test_left_empty_are_not_entered(self):
        assert entered(workbook(["worker-1", "王小明", "2026-03", "整月", None, None])) == []

    def test_of_one_row_are_all_looked_at(self):
        assert [code for code, *_ in found(workbook(["", None, "3月", "周", "无", -1]))] == [
            *("WORKER_MISSING", "MONTH", "CYCLE", "NOT_A_NUMBER", "NEGATIVE"),
        ]


class TestRows:
    @pytest.mark.parametrize(
        "written",
        ["2026-03", "2026年3月", "2026/3", "2026.03", "202603", 202603, date(2026, 3, 1), date(2026, 3, 31)],
    )
    def test_name_their_month_in_any_usual_way(self, written):
        assert [one[1] for one in entered(workbook(["worker-1", None, written, None, 1, None]))] == ["2026-03"]

    @pytest.mark.parametrize("written", [None, "3月", "2026-13", "2026-00", "1999-03", "26-03", 3, True, "=A1"])
    def test_with_no_month_are_named(self, written):
        [(code, row, column, heading)] = found(workbook(["worker-1", None, written, None, 1, None]))

        assert code in ("MONTH", "FORMULA")
        assert (row, column, heading) == (2, "C", "月份")

    @pytest.mark.parametrize(
        ("written", "cycle"), [(None, "month"), ("整月", "month"), ("上半月", "first_half"), ("下半月", "second_half")]
    )
    def test_name_their_cycle(self, written, cycle):
        assert [one[2] for one in entered(workbook(["worker-1", None, "2026-03", written, 1, None]))] == [cycle]

    @pytest.mark.parametrize(
        ("written", "code"),
        [
            pytest.param(None, "WORKER_MISSING", id="nobody"),
            pytest.param("合计", "WORKER_ID", id="a row of totals"),
            pytest.param("320102199001011234", "WORKER_ID", id="an identity number"),
            pytest.param("=A1", "FORMULA", id="a formula"),
            pytest.param("x" * 61, "WORKER_ID", id="more than an id has"),
        ],
    )
    def test_that_name_no_worker_are_named(self, written, code):
        assert found(workbook([written, None, "2026-03", None, 1, None])) == [(code, 2, "A", "人员编号")]

    def test_that_say_the_same_again_are_named_with_the_first(self):
        rows = [["worker-1", None, "2026-03", None, amount, None] for amount in (1, 2)]
        [one] = filled(workbook(*rows)).faults

        assert (one.code, one.row, one.column) == ("DUPLICATE", 3, "A")
        assert "工作表“月度变量”第 2 行" in one.detail("zh")

    def test_of_the_two_halves_of_a_month_are_not_the_same(self):
        rows = [["worker-1", None, "2026-03", half, 1, None] for half in ("上半月", "下半月")]

        assert len(entered(workbook(*rows))) == 2

    def test_may_stand_below_a_title_and_an_empty_row(self):
        content = workbook([], HEADINGS, ["worker-1", None, "2026-03", None, 1, None], headings=["三月份变量表"])

        assert len(entered(content)) == 1

    def test_of_several_sheets_are_read_together(self):
        def add(book):
            page = book.create_sheet("第二街道")
            page.append(HEADINGS)
            page.append(["worker-2", None, "2026-03", None, "无", None])
            book.create_sheet("说明").append(["请勿填写"])

        content = workbook(["worker-1", None, "2026-03", None, 1, None], change=add)

        assert [(one.sheet, one.row) for one in filled(content).faults] == [("第二街道", 2)]
        assert [one.worker_id for one in filled(content).entries] == ["worker-1"]


class TestHeadings:
    ROW = ("worker-1", None, "2026-03", None, 1, None)

    @pytest.mark.parametrize(
        ("headings", "faults"),
        [
            pytest.param([*HEADINGS, "奖金"], [("HEADING_UNKNOWN", 1, "G", None)], id="one that is not known"),
            pytest.param([*HEADINGS, PAY.heading], [("HEADING_TWICE", 1, "G", None)], id="one that stands twice"),
            pytest.param([*HEADINGS, "月份"], [("HEADING_TWICE", 1, "G", None)], id="a fixed one that stands twice"),
            pytest.param(
                ["人员编号", "姓名", PAY.heading], [("HEADING_MISSING", 1, None, "月份")], id="one that is missing"
            ),
            pytest.param(["编号", "姓名", "月份"], [("NO_HEADINGS", None, None, None)], id="none at all"),
        ],
    )
    def test_are_held_against_the_template(self, headings, faults):
        known = [
            (code, row, column, heading if code == "HEADING_MISSING" else None)
            for code, row, column, heading in found(workbook(list(self.ROW), headings=headings))
        ]

        assert known == faults

    @pytest.mark.parametrize("heading", ["业绩考评工资(元)", " 业绩考评工资（元） "])
    def test_may_be_written_in_half_width_or_with_spaces(self, heading):
        assert len(entered(workbook(list(self.ROW), headings=[*HEADINGS[:4], heading]))) == 1

    def test_may_be_codes_where_the_caller_knows_them(self):
        court = Variable("deduction.court", "扣款：court（元）", most=100)
        content = workbook(["worker-1", "2026-03", 1], headings=["人员编号", "月份", "deduction.court"])
        read = read_filled(read_grids(content), KNOWN, by_code={"deduction.court": court}.get)

        assert [(one.code, one.amount) for one in read.entries] == [("deduction.court", 100)]

    def test_and_rows_are_not_merged(self):
        content = workbook(list(self.ROW), list(self.ROW), change=lambda book: book.active.merge_cells("A2:A3"))

        assert ("MERGED", 3, "A", None) in found(content)

    def test_may_have_a_merged_title_above(self):
        def merge(book):
            book.active.merge_cells("A1:F1")

        content = workbook(HEADINGS, list(self.ROW), headings=["三月份变量表"], change=merge)

        assert len(entered(content)) == 1


class TestHiddenParts:
    """PSNI 2023: what nobody sees is not brought in either."""

    @pytest.mark.parametrize(
        "hide",
        [
            pytest.param(lambda book: setattr(book.create_sheet("暗表"), "sheet_state", "hidden"), id="a sheet"),
            pytest.param(
                lambda book: setattr(book.create_sheet("暗表"), "sheet_state", "veryHidden"), id="a very hidden sheet"
            ),
            pytest.param(lambda book: setattr(book.active.row_dimensions[2], "hidden", True), id="a row"),
            pytest.param(lambda book: setattr(book.active.column_dimensions["F"], "hidden", True), id="a column"),
        ],
    )
    def test_are_refused(self, hide):
        content = workbook(["worker-1", None, "2026-03", None, 1, None], change=hide)

        assert "HIDDEN" in [one.code for one in filled(content).faults]


class TestLimits:
    def test_of_rows_hold_at_the_limit_and_not_beyond(self):
        rows = [[f"worker-{number}", None, "2026-03", None, 1, None] for number in range(grid.MOST_ROWS)]

        assert len(entered(workbook(*rows[:-1]))) == grid.MOST_ROWS - 1  # the headings are a row too
        assert [code for code, *_ in found(workbook(*rows))] == ["TOO_MANY_ROWS"]

    def test_of_columns_hold_at_the_limit_and_not_beyond(self):
        wide = [*HEADINGS, *(None for _ in range(grid.MOST_COLUMNS - len(HEADINGS)))]
        row = ["worker-1", None, "2026-03", None, 1, None]

        assert len(entered(workbook(row, headings=wide))) == 1
        assert [code for code, *_ in found(workbook(row, headings=[*wide, "奖金"]))] == ["TOO_MANY_COLUMNS"]

    def test_are_met_by_a_row_far_below(self):
        """A sheet may name its row 1,048,576; nobody counts up to it."""
        content = workbook(
            ["worker-1", None, "2026-03", None, 1, None], change=lambda book: book.active.cell(1_048_576, 1, "x")
        )

        assert [code for code, *_ in found(content)] == ["TOO_MANY_ROWS"]


def repacked(content: bytes, **parts: bytes | None) -> bytes:
    """The workbook with parts put in, replaced, or (None) taken out; names with `__` for a slash."""
    changed = {name.replace("__", "/").replace("_dot_", "."): part for name, part in parts.items()}
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, part in changed.items():
            if part is not None:
                new.writestr(name, part)
    return stream.getvalue()


GOOD = workbook(["worker-1", None, "2026-03", None, 1, None])
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    b'<c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
)
_OUTSIDE = b'<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


class TestTraps:
    """OWASP ASVS 5.2 and 1.5.1: size, what is inside, and who the parser would ask."""

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            pytest.param(b"x" * (grid.LONGEST_FILE + 1), "FILE_TOO_LARGE", id="too large a file"),
            pytest.param(
                repacked(GOOD, xl__media__a=b"\0" * (grid.MOST_UNPACKED + 1)), "TOO_LARGE_INSIDE", id="a bomb"
            ),
            pytest.param(
                repacked(GOOD, **{f"xl__part{number}": b"" for number in range(grid.MOST_PARTS)}),
                "TOO_LARGE_INSIDE",
                id="too many parts",
            ),
            pytest.param(
                repacked(GOOD, xl__worksheets__sheet1_dot_xml=_ENTITIES + _SHEET), "NOT_A_SPREADSHEET", id="entities"
            ),
            pytest.param(
                repacked(GOOD, xl__worksheets__sheet1_dot_xml=_OUTSIDE + _SHEET), "NOT_A_SPREADSHEET", id="a file read"
            ),
            pytest.param(
                repacked(GOOD, xl__sharedStrings_dot_xml=_ENTITIES + b"<sst>&b;</sst>"),
                "NOT_A_SPREADSHEET",
                id="entities in another part",
            ),
            pytest.param(repacked(GOOD, xl__vbaProject_dot_bin=b"x"), "MACROS_OR_LINKS", id="macros"),
            pytest.param(
                repacked(GOOD, xl__externalLinks__externalLink1_dot_xml=b"<x/>"), "MACROS_OR_LINKS", id="other files"
            ),
            pytest.param(repacked(GOOD, xl__workbook_dot_xml=None), "NOT_A_SPREADSHEET", id="no workbook inside"),
            pytest.param(
                repacked(GOOD, xl__worksheets__sheet1_dot_xml=None), "NOT_A_SPREADSHEET", id="a sheet that is missing"
            ),
            pytest.param(
                repacked(GOOD, xl__worksheets__sheet1_dot_xml=b"<broken"), "NOT_A_SPREADSHEET", id="broken inside"
            ),
            pytest.param(GOOD[: len(GOOD) // 2], "NOT_A_SPREADSHEET", id="cut off"),
            pytest.param(b"PK\x03\x04", "NOT_A_SPREADSHEET", id="the beginning alone"),
            pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", "OLD_OR_LOCKED", id="an old or a locked file"),
            pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "NOT_A_SPREADSHEET", id="a picture"),
            pytest.param(b"\xff\xfe\xff", "NOT_A_SPREADSHEET", id="no text at all"),
        ],
    )
    def test_are_refused_before_anything_is_read(self, content, code):
        with pytest.raises(NotReadable) as refused:
            read_grids(content)

        assert refused.value.code == code

    def test_of_the_size_bite_at_the_limit_alone(self):
        roomy = repacked(GOOD, xl__media__a=b"\0" * (grid.MOST_UNPACKED - 100_000))

        assert len(entered(roomy)) == 1


class TestCsv:
    TEXT = "人员编号,姓名,月份,业绩考评工资（元）\r\nworker-1,王小明,2026-03,{}\r\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_is_read_in_the_encodings_that_spreadsheets_write(self, encoding):
        content = self.TEXT.format('"1,200.50"').encode(encoding)

        assert entered(content) == [("worker-1", "2026-03", "month", "performance_pay", 120_050)]

    @pytest.mark.parametrize(
        ("written", "code"), [("=1+1", "FORMULA"), ("@SUM(A1)", "FORMULA"), ("-12", "NEGATIVE"), ("无", "NOT_A_NUMBER")]
    )
    def test_names_its_faults_too(self, written, code):
        assert found(self.TEXT.format(written).encode()) == [(code, 2, "D", PAY.heading)]

    @pytest.mark.parametrize(
        ("cell", "line"),
        [
            pytest.param('"1', 2, id="half a quotation, to the end of the file"),
            pytest.param('"1"2', 2, id="a quotation that ends within the cell"),
            pytest.param("1" * 131_073, 2, id="a cell longer than is read"),
        ],
    )
    def test_that_cannot_be_read_says_in_which_line(self, cell, line):
        with pytest.raises(NotReadable) as refused:
            read_grids(f"人员编号,月份,{PAY.heading}\r\nzhang,2026-03,{cell}".encode())

        assert (refused.value.code, f"第 {line} 行" in refused.value.zh) == ("CSV_BROKEN", True)

    def test_may_quote_a_comma_a_line_and_a_quotation_mark(self):
        read = read_grids('a,"1,000","x\r\ny","say ""no"""'.encode("utf-8-sig"))

        assert [cell.value for cell in read[0].rows[0][1]] == ["a", "1,000", "x\r\ny", 'say "no"']

    def test_takes_off_the_apostrophe_that_made_text_harmless(self):
        assert entered(self.TEXT.format("'1200").encode())[0][-1] == 120_000

    def test_of_nothing_has_no_headings(self):
        assert found(b"")[0][0] == "NO_HEADINGS"


class TestTemplate:
    WORKERS = (("worker-1", "王小明"), ("worker-2", "=1+1"))

    def test_names_workers_and_what_may_be_entered(self):
        content = write_template(KNOWN, month="2026-03", workers=self.WORKERS)

        assert values(content)[:2] == [HEADINGS, ["worker-1", "王小明", "2026-03", "整月", None, None]]
        assert [PAY.heading, "0.00 至 1,000,000.00，最多两位小数"] in values(content, "填表说明")
        assert list(formulas_and_hidden_parts(content)) == []

    def test_comes_back_empty_without_a_fault(self):
        assert entered(write_template(KNOWN, month="2026-03", workers=self.WORKERS)) == []

    def test_is_read_back_once_it_is_filled_in(self):
        book = openpyxl.load_workbook(BytesIO(write_template(KNOWN, month="2026-03", workers=self.WORKERS)))
        book["月度变量"]["E2"] = 1200.5
        book["月度变量"]["F3"] = 8
        stream = BytesIO()
        book.save(stream)

        assert entered(stream.getvalue()) == [
            ("worker-1", "2026-03", "month", "performance_pay", 120_050),
            ("worker-2", "2026-03", "month", "overtime_rest_day", 800),
        ]

    @needs_libreoffice
    def test_is_read_back_as_libreoffice_saves_it(self, tmp_path):
        shown = by_libreoffice(write_template(KNOWN, month="2026-03", workers=self.WORKERS), tmp_path)

        assert shown["月度变量"][2][:4] == ["worker-2", "=1+1", "2026-03", "整月"]


def test_every_fault_has_words_in_both_languages():
    words = {
        "most": 1,
        "least": 1,
        "rows": 1,
        "heading": "月份",
        "first_sheet": "a",
        "first_row": 2,
        "zh": "",
        "en": "",
    }
    for code in WORDS:
        one = fault(code, "a", **words)
        assert one.detail("zh").endswith("。")
        assert one.detail("en").endswith(".")
