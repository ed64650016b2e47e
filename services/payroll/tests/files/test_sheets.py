from typing import Any

import pytest

from payroll.files import dues, payroll_sheet, payslips, tax
from payroll.files.figures import DueOfEmployer, FundOfEmployer, MemberDues, TaxedSlip
from payroll.files.writing import write_csv, write_xlsx
from payroll.tests.files.props import late, run, slip
from payroll.tests.files.reading import (
    by_libreoffice,
    cells,
    csv_rows,
    formulas_and_hidden_parts,
    needs_libreoffice,
    values,
)

TWO_STREETS = run(
    slip("worker-1"),
    slip("worker-2", name="=1+1", area="320102001003"),
    slip("worker-3", area="320102002001", differences=(late("base", "2026-01", 12_345), late("base", "2026-02", -45))),
)
HEADINGS = ["序号", "街道（乡镇）", "社区（村）", "用人单位", "人员编号", "姓名"]


class TestPayrollSheet:
    def test_has_a_column_for_each_line_and_the_sums_between(self):
        rows = values(payroll_sheet.write_payroll_sheet(run(slip())), "工资表")

        assert rows[2] == [
            *HEADINGS,
            *("基本工资", "绩效工资", "应发合计", "养老保险（个人）", "个人所得税", "实发合计"),
            *("养老保险（单位）", "单位缴纳合计"),
        ]
        assert rows[3][6:] == [4000, 1234.56, 5234.56, 320, 0.01, 4914.55, 640, 640]
        assert rows[4][0] == "合计"

    def test_sums_every_column_to_the_fen(self):
        rows = values(payroll_sheet.write_payroll_sheet(TWO_STREETS), "工资表")

        for place in range(6, len(rows[2])):
            column = [round((row[place] or 0) * 100) for row in rows[3:6]]
            assert round(rows[6][place] * 100) == sum(column)

    def test_gives_what_is_paid_for_earlier_months_a_column_and_a_sheet(self):
        content = payroll_sheet.write_payroll_sheet(TWO_STREETS)
        rows = values(content, "工资表")
        place = rows[2].index("基本工资（以前月份）")

        assert [row[place] for row in rows[3:6]] == [None, None, 123]
        detail = values(content, "以前月份")
        assert [row[3:] for row in detail[3:]] == [
            ["2026-01", "基本工资", 123.45, "等级变动"],
            ["2026-02", "基本工资", -0.45, "等级变动"],
            [None, None, 123, None],
        ]

    def test_sums_by_street_first(self):
        rows = values(payroll_sheet.write_payroll_sheet(TWO_STREETS), "合计")

        assert [row[:2] for row in rows[3:]] == [["320102001", 2], ["320102002", 1], ["合计", 3]]

    def test_comes_with_a_sheet_for_each_street(self):
        content = payroll_sheet.write_payroll_sheet(TWO_STREETS, by_street=True)

        assert [row[4] for row in values(content, "320102001")[3:5]] == ["worker-1", "worker-2"]
        assert [row[4] for row in values(content, "320102002")[3:4]] == ["worker-3"]

    @pytest.mark.parametrize(("settled", "said"), [(True, "已批准"), (False, "未批准，仅供复核")])
    def test_says_whether_it_counts(self, settled, said):
        rows = values(payroll_sheet.write_payroll_sheet(run(slip(), settled=settled)), "工资表")

        assert said in rows[1][0]

    def test_has_no_formula_and_nothing_hidden(self):
        assert list(formulas_and_hidden_parts(payroll_sheet.write_payroll_sheet(TWO_STREETS))) == []

    def test_of_nobody_is_headings_alone(self):
        assert values(payroll_sheet.write_payroll_sheet(run()), "工资表")[3][0] == "合计"

    def test_comes_as_csv(self):
        rows = csv_rows(payroll_sheet.write_payroll_csv(TWO_STREETS))

        assert rows[4][4:7] == ["worker-2", "'=1+1", "4000.00"]

    @needs_libreoffice
    def test_shows_the_same_figures_in_libreoffice(self, tmp_path):
        sheets = by_libreoffice(payroll_sheet.write_payroll_sheet(TWO_STREETS), tmp_path)

        assert set(sheets) == {"合计", "工资表", "以前月份"}
        assert sheets["工资表"][4][4:8] == ["worker-2", "=1+1", "4,000.00", ""]
        assert sheets["工资表"][6][6] == "12,000.00"


class TestStrips:
    def test_have_their_headings_above_each(self):
        rows = values(payslips.write_strips(run(slip("worker-1"), slip("worker-2"))))

        assert [row[0] for row in rows[2:]] == ["姓名", "王小明", None, "姓名", "王小明", None]
        assert rows[3][1:4] == ["worker-1", 4000, 1234.56]
        assert rows[6][1] == "worker-2"

    def test_hold_headings_as_text_and_figures_as_numbers(self):
        rows = cells(payslips.write_strips(run(slip("worker-1"), slip("worker-2"))))

        assert [row[2].data_type for row in rows[3:7]] == ["n", "n", "s", "n"]

    def test_of_nobody_are_empty(self):
        assert values(payslips.write_strips(run()))[2][0] == "姓名"


class TestContributionSheet:
    """C2, C3: what an employer declares, arrears under the month they belong to."""

    DUES = (
        DueOfEmployer("union-1", "pension", "养老保险", "2026-02", 1, None, 1600, 800),
        DueOfEmployer("union-1", "pension", "养老保险", "2026-03", 2, 800_000, 128_000, 64_000),
        DueOfEmployer("union-1", "housing_fund", "住房公积金", "2026-03", 2, 800_000, 64_000, 64_000),
    )

    def test_names_people_base_both_sides_and_period(self):
        rows = values(write_xlsx(dues.contribution_sheets(run(), self.DUES)), "缴费申报")

        assert rows[3:] == [
            ["union-1", "养老保险", "2026-02", "补缴（退）", 1, None, 16, 8, 24],
            ["union-1", "养老保险", "2026-03", "当期", 2, 8000, 1280, 640, 1920],
            ["union-1", "住房公积金", "2026-03", "当期", 2, 8000, 640, 640, 1280],
        ]

    def test_sums_up_the_schemes(self):
        rows = values(write_xlsx(dues.contribution_sheets(run(), self.DUES)), "分险种合计")

        assert rows[3:] == [["养老保险", 1296, 648, 1944], ["住房公积金", 640, 640, 1280], ["合计", 1936, 1288, 3224]]


class TestUnionSheets:
    """LAW-TU-01, LAW-TU-02."""

    def test_list_the_members_with_their_dues(self):
        sheet = dues.union_dues_sheet(run(), [MemberDues("worker-1", "王小明", "union-1", 400_000, 2000)])

        assert csv_rows(write_csv(sheet))[3:] == [
            ["union-1", "worker-1", "王小明", "4000.00", "20.00"],
            ["合计", "", "", "4000.00", "20.00"],
        ]

    def test_give_the_fund_with_its_wages_and_clause(self):
        sheet = dues.union_fund_sheet(run(), [FundOfEmployer("union-1", 2, 1_046_912, 20_938, "LAW-TU-02")])

        assert csv_rows(write_csv(sheet))[3] == ["union-1", "2", "10469.12", "209.38", "LAW-TU-02"]


def taxed(number: str = "320102199001011234", **changes) -> TaxedSlip:
    return TaxedSlip(
        slip(**changes),
        number,
        schemes={"pension": 32_000, "medical": 8_000, "housing_fund": 32_000, "critical_illness": 700},
        additional={"housing_rent": 450_000, "additional": 100_000},
        other={"personal_pension": 100_000, "gift": 5_000},
    )


class TestTaxSheets:
    """B7: everybody, everything, every month, in the form that the withholding client imports."""

    def row(self, one: TaxedSlip) -> dict[str, Any]:
        headings, row = values(tax.write_wages([one], month="2026-03"))
        return dict(zip(headings, row, strict=True))

    def test_give_figures_of_the_month_and_deductions_of_the_year(self):
        row = self.row(taxed(exempt=10_000))

        assert row["*证件号码"] == "320102199001011234"
        assert {name: row[name] for name in ("本期收入", "本期免税收入", "基本养老保险费", "住房公积金")} == {
            "本期收入": 5234.56,
            "本期免税收入": 100,
            "基本养老保险费": 320,
            "住房公积金": 320,
        }
        assert (row["累计住房租金"], row["累计子女教育"], row["累计个人养老金"], row["其他"]) == (4500, 0, 1000, 50)

    def test_say_in_a_remark_what_has_no_column(self):
        said = self.row(taxed())["备注"]

        assert "专项附加扣除（未分项） 1,000.00 元" in said
        assert "其他险种个人缴费 7.00 元" in said

    @pytest.mark.parametrize(
        ("number", "kind"),
        [
            ("320102199001011234", "居民身份证"),
            ("810000199001011234", "港澳居民居住证"),
            ("830000199001011234", "台湾居民居住证"),
            ("911124199001011234", "外国人永久居留身份证"),
        ],
    )
    def test_name_the_kind_of_identity_by_the_number(self, number, kind):
        assert self.row(taxed(number))["*证件类型"] == kind

    def test_leave_open_whose_number_is_not_known_and_say_so(self):
        row = self.row(taxed(""))

        assert (row["*证件类型"], row["*证件号码"]) == (None, None)
        assert row["备注"].startswith("证件号码未登记")

    def test_hold_those_of_whom_nothing_is_withheld_too(self):
        assert len(values(tax.write_wages([taxed(tax=0), taxed()], month="2026-03"))) == 3

    def test_hold_bonuses_taxed_apart_on_a_sheet_of_their_own(self):
        rows = values(tax.write_bonuses([taxed(), taxed(bonus=3_600_000, bonus_tax=108_000)], month="2026-03"))

        assert [row[4] for row in rows] == ["*全年一次性奖金额", 36000]

    def test_have_nothing_that_runs_and_nothing_hidden(self):
        assert list(formulas_and_hidden_parts(tax.write_wages([taxed(name="=1+1")], month="2026-03"))) == []

    def test_come_as_csv(self):
        assert csv_rows(tax.write_wages([taxed()], month="2026-03", written_as="csv"))[1][:5] == [
            *("worker-1", "王小明", "居民身份证", "320102199001011234", "5234.56"),
        ]
