from dataclasses import replace
from io import BytesIO

import openpyxl
import pytest

from payroll.files.bank import BankRow, NotPayable, write
from payroll.files.cells import Column, Sheet, harmless, letter_of, may_be_formula, plain, totals_of, yuan, yuan_to_read
from payroll.files.form import FieldNotKnown, FormNotKnown, form, form_names, read_form
from payroll.files.writing import write_csv, write_xlsx
from payroll.tests.files.reading import (
    CANARIES,
    by_libreoffice,
    cells,
    csv_rows,
    formulas_and_hidden_parts,
    needs_libreoffice,
    values,
)

NAMES = Sheet(
    "名册",
    (Column("姓名"), Column("证件号码", width=22), Column("金额", "amount"), Column("人数", "count")),
    [(name, "320102199001011234", 123_456, 1) for name in CANARIES],
)


class TestText:
    """OWASP ASVS 1.2.10: what somebody typed is never run by the program that opens the file."""

    @pytest.mark.parametrize("canary", CANARIES)
    def test_that_may_be_a_formula_is_known(self, canary):
        assert may_be_formula(canary)

    @pytest.mark.parametrize("name", ["王小明", "O'Brien", "A=B", "3-1组", "", "1+1"])
    def test_that_is_none_stays_as_it_is(self, name):
        assert not may_be_formula(name)
        assert harmless(name) == name

    @pytest.mark.parametrize("canary", CANARIES)
    def test_of_a_canary_is_text_in_a_workbook(self, canary):
        [_, row] = cells(write_xlsx([replace(NAMES, rows=[(canary, "1", 1, 1)])]))

        assert row[0].data_type in ("s", "n")  # a cell of nothing but spaces is empty
        assert row[0].value == (plain(canary) or None)
        assert row[0].quotePrefix

    @pytest.mark.parametrize("canary", CANARIES)
    def test_of_a_canary_begins_with_an_apostrophe_in_a_csv(self, canary):
        [_, row] = csv_rows(write_csv(replace(NAMES, rows=[(canary, "1", 1, 1)])))

        assert row[0] == "'" + plain(canary)

    @pytest.mark.parametrize("canary", CANARIES)
    def test_of_a_canary_begins_with_an_apostrophe_in_titles_headings_and_totals_too(self, canary):
        sheet = Sheet("表", (Column(canary),), [("1",)], title=((canary, canary),), totals=(canary,))

        rows = csv_rows(write_csv(sheet))

        guarded = "'" + plain(canary)
        assert rows == [[guarded, guarded], [guarded], ["1"], [guarded]]

    @pytest.mark.parametrize("hidden", ["\u202e=1+1", "\u200b@SUM(A1)", "\x00=1", "\x1b+1"])
    def test_of_a_formula_behind_what_is_taken_out_begins_with_an_apostrophe(self, hidden):
        assert may_be_formula(hidden)
        assert harmless(hidden) == "'" + plain(hidden)

    @pytest.mark.parametrize("hidden", ["\u202e=1+1", "\u200b@SUM(A1)", "\u2066 +1"])
    def test_of_a_formula_behind_what_is_taken_out_stays_text_in_a_workbook(self, hidden):
        [*_, row] = cells(write_xlsx([replace(NAMES, rows=[(hidden, "1", 1, 1)])]))

        assert (row[0].data_type, row[0].value, row[0].quotePrefix) == ("s", plain(hidden), True)

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            pytest.param("王\u202e小明", "王小明", id="a mark that turns the direction"),
            pytest.param("王\x00小\x1b明", "王小明", id="control characters"),
            pytest.param("王\n小明", "王 小明", id="a line break becomes a space"),
            pytest.param("王\U00030edd明", "王\U00030edd明", id="a rare character stays"),
            pytest.param("王\ue864明", "王\ue864明", id="a character of a private area stays"),
        ],
    )
    def test_is_one_line_without_control_characters(self, written, kept):
        assert plain(written) == kept

    def test_of_an_identity_number_is_text_with_every_digit(self):
        [_, row, *_] = cells(write_xlsx([NAMES]))

        assert (row[1].data_type, row[1].value) == ("s", "320102199001011234")


class TestAmounts:
    @pytest.mark.parametrize(
        ("fen", "for_machines", "to_read"),
        [
            (0, "0.00", "0.00"),
            (1, "0.01", "0.01"),
            (-1, "-0.01", "-0.01"),
            (-100_050, "-1000.50", "-1,000.50"),
            (123_456_789, "1234567.89", "1,234,567.89"),
        ],
    )
    def test_are_written_to_the_fen(self, fen, for_machines, to_read):
        assert (yuan(fen), yuan_to_read(fen)) == (for_machines, to_read)

    @pytest.mark.parametrize("fen", [1, -1, 7, 123_456, 99_999_999_999, 100_000_000_000_01])
    def test_are_numbers_in_a_workbook_and_come_back_to_the_fen(self, fen):
        [_, row] = cells(write_xlsx([replace(NAMES, rows=[("王小明", "1", fen, 1)])]))

        assert row[2].data_type == "n"
        assert row[2].number_format == "#,##0.00"
        assert round(row[2].value * 100) == fen

    def test_below_zero_stay_numbers_in_a_csv(self):
        [_, row] = csv_rows(write_csv(replace(NAMES, rows=[("王小明", "1", -1250, 1)])))

        assert row[2] == "-12.50"

    def test_add_up_in_the_row_of_totals(self):
        columns = (Column("姓名"), Column("单位"), Column("金额", "amount"))

        assert totals_of(columns, [("甲", "a", 150), ("乙", "b", None), ("丙", "c", -50)]) == ("合计", None, 100)


class TestWorkbook:
    """PSNI 2023: nothing in a file that its reader does not see."""

    def test_has_no_formula_no_link_and_nothing_hidden(self):
        assert list(formulas_and_hidden_parts(write_xlsx([NAMES, NAMES]))) == []

    def test_is_the_same_bytes_for_the_same_rows(self):
        assert write_xlsx([NAMES]) == write_xlsx([NAMES])

    @pytest.mark.parametrize(
        ("named", "shown"),
        [
            pytest.param(["a/b:c"], ["a_b_c"], id="without the signs that names may not have"),
            pytest.param(["街道"] * 2, ["街道", "街道(2)"], id="no two alike"),
            pytest.param(["长" * 40], ["长" * 31], id="no longer than a workbook takes"),
            pytest.param([""], ["表"], id="never without a name"),
        ],
    )
    def test_names_its_sheets(self, named, shown):
        content = write_xlsx([replace(NAMES, name=name) for name in named])

        assert openpyxl.load_workbook(BytesIO(content)).sheetnames == shown

    @needs_libreoffice
    def test_opens_in_libreoffice_with_every_canary_as_text(self, tmp_path):
        shown = by_libreoffice(write_xlsx([NAMES]), tmp_path)["名册"]

        assert [row[0].strip() for row in shown[1:]] == [plain(canary).strip() for canary in CANARIES]
        assert {tuple(row[1:]) for row in shown[1:]} == {("320102199001011234", "1,234.56", "1")}

    @needs_libreoffice
    def test_of_the_checks_is_bitten_by_a_formula(self, tmp_path):
        """A workbook that holds a formula is found by the scan and shows its result in LibreOffice."""
        book = openpyxl.Workbook()
        book.create_sheet("公式", 0).append(["=1+1"])
        stream = BytesIO()
        book.save(stream)

        assert list(formulas_and_hidden_parts(stream.getvalue())) == ["xl/worksheets/sheet1.xml: f"]
        assert by_libreoffice(stream.getvalue(), tmp_path)["公式"] == [["2"]]


@pytest.mark.parametrize(("column", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (703, "AAA")])
def test_columns_are_named_as_spreadsheets_name_them(column, letters):
    assert letter_of(column) == letters


PAID = [
    BankRow(1, "6222021234567890128", "王小明", "中国工商银行南京玄武支行", 491_455, "2026-03工资"),
    BankRow(2, "6217001234567890123", "=1+1", "建设银行", 50, "2026-03工资"),
]


class TestBankFile:
    def test_is_a_csv_with_byte_order_mark_totals_and_two_decimals(self):
        content = write(PAID)

        assert content.startswith(b"\xef\xbb\xbf")
        assert csv_rows(content) == [
            ["总笔数", "2", "总金额（元）", "4915.05"],
            ["序号", "收款账号", "户名", "开户行", "金额", "备注"],
            ["1", "6222021234567890128", "王小明", "中国工商银行南京玄武支行", "4914.55", "2026-03工资"],
            ["2", "6217001234567890123", "'=1+1", "建设银行", "0.50", "2026-03工资"],
        ]

    def test_is_a_workbook_with_account_numbers_as_text(self):
        content = write(PAID, written_as="xlsx")

        assert values(content)[0][:4] == ["总笔数", "2", "总金额（元）", "4915.05"]
        assert values(content)[2] == [1, PAID[0].account_number, "王小明", PAID[0].bank, 4914.55, "2026-03工资"]
        assert cells(content)[2][1].data_type == "s"
        assert list(formulas_and_hidden_parts(content)) == []

    def test_follows_another_bank_s_form_without_a_line_of_code(self):
        content = write(PAID[:1], form("bank_bare_gb18030"))

        assert content.decode("gb18030") == "1|6222021234567890128|王小明|491455|CNY|2026-03工资\r\n"

    def test_is_the_same_bytes_for_the_same_rows(self):
        assert write(PAID) == write(PAID)
        assert write(PAID, written_as="xlsx") == write(PAID, written_as="xlsx")

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"amount_fen": 0}, id="nothing to pay"),
            pytest.param({"amount_fen": -1}, id="less than nothing"),
            pytest.param({"account_number": ""}, id="no account"),
            pytest.param({"account_number": "62220 21"}, id="an account with a gap"),
        ],
    )
    def test_holds_no_row_that_cannot_be_paid(self, changes):
        with pytest.raises(NotPayable, match="rows \\[1\\]"):
            write([replace(PAID[0], **changes)])

    def test_pays_one_fen(self):
        assert csv_rows(write([replace(PAID[0], amount_fen=1)]))[2][4] == "0.01"

    @needs_libreoffice
    def test_opens_in_libreoffice(self, tmp_path):
        [rows] = by_libreoffice(write(PAID, written_as="xlsx"), tmp_path).values()

        assert rows[2] == ["1", PAID[0].account_number, "王小明", PAID[0].bank, "4,914.55", "2026-03工资"]
        assert rows[3][2] == "=1+1"


class TestForm:
    def test_each_one_that_is_kept_can_be_read(self):
        assert [form(name).name for name in form_names()] == form_names()

    def test_that_is_not_kept_is_refused(self):
        with pytest.raises(FormNotKnown):
            form("../../../etc/passwd")

    def test_that_asks_for_a_field_its_kind_does_not_have_is_refused(self):
        other = read_form("{name: x, title: x, source: x, columns: [{heading: 身份证, field: identity_number}]}")

        with pytest.raises(FieldNotKnown, match="identity_number"):
            write(PAID, other)

    @pytest.mark.parametrize(
        "column",
        [
            pytest.param("{heading: 币种}", id="neither a field nor a text"),
            pytest.param("{heading: 币种, field: bank, text: CNY}", id="both"),
            pytest.param("{heading: 币种, field: bank, formula: A1}", id="something unheard of"),
        ],
    )
    def test_with_a_column_that_says_it_wrongly_is_refused(self, column):
        with pytest.raises(ValueError, match=r"币种|formula"):
            read_form(f"{{name: x, title: x, source: x, columns: [{column}]}}")
