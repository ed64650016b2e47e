from io import BytesIO
from typing import Any

import pypdf
import pytest

from payroll.files import payslips, setting, typeface
from payroll.files.figures import ExplainedSlip, Words
from payroll.tests.files.props import late, run, slip

WORDS: Words = {("base", None): "月标准 4,000.00 元，出勤 21 天，全月计发"}


def page_of(one=None, *, settled: bool = True) -> ExplainedSlip:
    one = one or slip()
    return payslips.explained(run(one, settled=settled), one, WORDS)


def read(*slips: ExplainedSlip) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(payslips.write_pages(slips)))


def text_of(page) -> str:
    return "".join(page.extract_text().split())


class TestPages:
    def test_are_one_for_each_slip_with_its_own_numbers(self):
        pages = read(*(page_of(slip(f"worker-{number}")) for number in range(3))).pages

        assert len(pages) == 3
        for number, page in enumerate(pages):
            assert f"人员编号：worker-{number}" in text_of(page)
            assert "第1页，共1页" in text_of(page)

    def test_say_in_chinese_how_each_line_came_about_and_by_which_clause(self):
        text = text_of(read(page_of()).pages[0])

        assert "姓名：王小明" in text
        assert "基本工资4,000.00月标准4,000.00元，出勤21天，全月计发（JS-6b）" in text
        assert "应发合计：5,234.56" in text
        assert "实发合计：4,914.55" in text

    def test_name_the_month_and_the_cause_of_a_difference(self):
        text = text_of(read(page_of(slip(differences=(late("base", "2026-01", -12_345),)))).pages[0])

        assert "基本工资（2026-01）-123.45以前月份差额：等级变动（JS-6b）" in text

    def test_have_their_typeface_inside(self):
        """A file without it shows boxes, or another house's letters, on a machine that lacks the typeface."""
        page: Any = read(page_of()).pages[0]
        fonts = page["/Resources"]["/Font"]

        assert fonts
        for font in fonts.values():
            [described] = font["/DescendantFonts"]
            assert "NotoSansSC" in font["/BaseFont"]
            assert "/FontFile3" in described.get_object()["/FontDescriptor"]

    def test_go_on_when_a_slip_is_long(self):
        one = page_of()
        long = ExplainedSlip(one.slip, one.lines * 20, one.title, one.month, one.cycle, one.paid_in)
        pages = read(long, page_of()).pages

        assert len(pages) > 2
        assert f"第2页，共{len(pages) - 1}页" in text_of(pages[1])
        assert "第1页，共1页" in text_of(pages[-1])

    @pytest.mark.parametrize(("settled", "warned"), [(True, False), (False, True)])
    def test_say_when_they_are_not_approved(self, settled, warned):
        assert ("尚未批准" in text_of(read(page_of(settled=settled)).pages[0])) is warned

    def test_show_the_number_of_a_character_the_typeface_lacks(self):
        text = text_of(read(page_of(slip(name="王\U00020007"))).pages[0])

        assert "姓名：王〔U+20007〕" in text

    @pytest.mark.parametrize("name", ['#read("/etc/passwd")', "$x^2$", "*粗*", "= 标题", "\\u{41}", "<end-0>"])
    def test_never_take_a_name_for_an_instruction(self, name):
        assert f"姓名：{''.join(name.split())}" in text_of(read(page_of(slip(name=name))).pages[0])

    @pytest.mark.parametrize("count", [0, payslips.MOST_IN_A_PDF + 1])
    def test_are_not_made_of_too_few_or_too_many(self, count):
        with pytest.raises(ValueError, match=f"{count} slips"):
            payslips.write_pages([page_of()] * count)

    def test_are_made_of_as_many_as_go_into_a_file(self):
        assert len(read(*[page_of()] * payslips.MOST_IN_A_PDF).pages) == payslips.MOST_IN_A_PDF


class TestTypeface:
    @pytest.mark.parametrize("name", ["王小明", "䶮喆堃镕", "𬭎𬬭", "·"])
    def test_has_the_characters_of_names(self, name):
        assert typeface.showable(name) == name


class TestTypesetter:
    def test_works_in_a_process_that_ends(self):
        """What it keeps in memory grows with each page; an office's server must not."""
        assert setting.set_pages(b"[]").startswith(b"%PDF")
        with pytest.raises(setting.PagesNotSet, match="ended with 1"):
            setting.set_pages(b"no json")

    def test_sees_no_file_of_the_machine(self, tmp_path, monkeypatch):
        secret = tmp_path / "secret.typ"
        secret.write_text("secret")
        page = tmp_path / "page.typ"
        page.write_text(f'#include "{secret}"')
        monkeypatch.setattr(setting, "PAGE", page)

        with pytest.raises(RuntimeError):
            setting.compiled(b"[]")
