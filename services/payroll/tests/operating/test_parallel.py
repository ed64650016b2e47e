import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import select

from common.transaction import reading
from payroll.commands import bases, exporting
from payroll.models import Payee
from payroll.operating import parallel
from payroll.operating.old_sheet import Key, SheetFault, SheetMap, as_fen, read_old_sheet

YUAN = Decimal(1)
HEADINGS = {
    "岗位工资": ("base",),
    "绩效工资": ("performance",),
    "应发合计": "gross",
    "养老保险": "pension_worker",
    "医疗保险": "medical_worker",
    "失业保险": "unemployment_worker",
    "住房公积金": "housing_fund_worker",
    "个人所得税": "tax",
    "实发合计": "net",
}
MAP = SheetMap(sheet="2026年3月", key=Key.NAME, key_heading="姓名", columns=HEADINGS)
Row = dict[str, Any]


def a_county_sheet(rows: Mapping[str, Row]) -> bytes:
    """As counties keep it: a title, the unit, headings with breaks in them, one amount as text, sums as formulas."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.add_worksheet("说明").write_string(0, 0, "本表由街道办事处填报")
        page = book.add_worksheet("2026年3月")
        page.merge_range(0, 0, 0, len(HEADINGS) + 1, "某街道社区专职工作者2026年3月工资表")
        page.write_string(1, 0, "单位：元")
        for place, heading in enumerate(("序号", "姓名", *HEADINGS)):
            page.write_string(2, place, heading if len(heading) < 5 else f"{heading[:2]}\n{heading[2:]}")
        for number, (name, row) in enumerate(rows.items()):
            at = 3 + number
            page.write_number(at, 0, number + 1)
            page.write_string(at, 1, f"{name[0]} {name[1:]}" if len(name) == 2 else name)
            for place, heading in enumerate(HEADINGS, start=2):
                amount = row[heading]
                if heading == "应发合计":
                    page.write_formula(at, place, f"=C{at + 1}+D{at + 1}", None, float(amount))
                elif heading == "岗位工资" and number == 0:
                    page.write_string(at, place, f"￥{amount:,}")
                elif amount:
                    page.write_number(at, place, float(amount))
        page.write_string(3 + len(rows), 0, "合计")
        page.write_formula(3 + len(rows), 2, f"=SUM(C4:C{3 + len(rows)})", None, 1.0)
    return stream.getvalue()


@pytest.fixture
async def street(office):
    """Six people: one came in mid-month, one earns enough for tax, one has no score and is set aside."""
    await office.has_standard("4000.00")
    await office.has_standard("12000.00", post_class="head")
    for worker_id in ("张三", "李四", "赵六"):
        await office.has_worker(worker_id)
    await office.has_worker("王五", starts_on=date(2026, 3, 16))
    await office.has_worker("钱七", post_class="head")
    await office.has_worker("孙八")
    for worker_id in ("张三", "李四", "赵六", "王五", "钱七"):
        await office.enters(worker_id, score="90")
    office.run_id = await office.opens()
    await office.calculates(office.run_id)
    return office


async def own_rows(office) -> dict[str, Row]:
    """The sheet that agrees with us in everything."""
    rows = {}
    for worker_id, slip in (await office.slips()).items():
        lines = await office.lines(slip)
        totals = {"gross": slip.gross, "net": slip.net, "tax": slip.tax}
        rows[worker_id] = {
            heading: Decimal(totals[codes]).scaleb(-2)
            if isinstance(codes, str) and codes in totals
            else lines.get(codes if isinstance(codes, str) else codes[0], Decimal("0.00"))
            for heading, codes in HEADINGS.items()
        }
    return rows


def changes(row: Row, **theirs: Decimal) -> None:
    """Their figures in a row, and what they then add up to."""
    row |= theirs
    row["应发合计"] = row["岗位工资"] + row["绩效工资"]
    own = sum(row[one] for one in ("养老保险", "医疗保险", "失业保险", "住房公积金"))
    row["实发合计"] = row["应发合计"] - own - row["个人所得税"]


async def compared(office, rows: Mapping[str, Row], known: SheetMap | None = MAP) -> parallel.Report:
    async with reading(office.bench.runtime.sessions, actor=office.chief) as session:
        report = await parallel.compare(session, office.run_id, a_county_sheet(rows), known)
    assert report is not None
    return report


def reasons(report: parallel.Report, worker_id: str) -> dict[str, str]:
    return {one.heading: one.reason for one in report.differences if one.worker_id == worker_id}


class TestCompare:
    async def test_finds_nothing_where_all_agree(self, street):
        report = await compared(street, await own_rows(street))

        assert (report.people, report.differences, report.unexplained) == (5, [], 0)

    async def test_contributions_rounded_to_the_yuan(self, street):
        rows = await own_rows(street)
        insured = ("养老保险", "医疗保险", "失业保险")
        changes(rows["李四"], **{one: rows["李四"][one].quantize(YUAN, rounding=ROUND_HALF_UP) for one in insured})
        report = await compared(street, rows)

        found = reasons(report, "李四")
        assert {found[one] for one in insured if one in found} == {"rounding"}
        assert found["实发合计"] == "follows"
        assert report.unexplained == 0

    async def test_a_whole_month_for_somebody_who_came_in_mid_month(self, street):
        rows = await own_rows(street)
        changes(rows["王五"], 岗位工资=Decimal("2800.00"))
        report = await compared(street, rows)

        assert reasons(report, "王五")["岗位工资"] == "month_of_employment"
        assert reasons(report, "王五")["应发合计"] == "follows"

    async def test_another_base_that_two_schemes_bear_out(self, street):
        rows = await own_rows(street)
        changes(rows["赵六"], 养老保险=Decimal("440.00"), 医疗保险=Decimal("110.00"))  # both of 5,500
        report = await compared(street, rows)

        assert reasons(report, "赵六") == {"养老保险": "base", "医疗保险": "base", "实发合计": "follows"}
        assert "5500.00" in report.differences[0].zh

    async def test_one_scheme_alone_bears_nothing_out(self, street):
        rows = await own_rows(street)
        changes(rows["赵六"], 养老保险=Decimal("440.00"))
        report = await compared(street, rows)

        assert reasons(report, "赵六")["养老保险"] == "unexplained"
        assert report.unexplained == 1

    async def test_the_pay_of_the_month_as_base(self, street):
        rows = await own_rows(street)
        assert rows["钱七"]["养老保险"] == Decimal("960.00")
        for scheme in ("pension", "medical"):
            given = {"worker_id": "钱七", "scheme": scheme, "from_month": "2026-01", "amount": Decimal("8000.00")}
            await street.run(bases.set_contribution_base, source="x", **given)
        await street.calculates(street.run_id)
        report = await compared(street, rows)

        found = reasons(report, "钱七")
        assert (found["养老保险"], found["医疗保险"]) == ("base", "base")
        assert any("当月工资" in one.zh for one in report.differences)

    async def test_tax_of_the_month_by_itself(self, street):
        rows = await own_rows(street)
        own = sum(rows["钱七"][one] for one in ("养老保险", "医疗保险", "失业保险", "住房公积金"))
        alone = ((rows["钱七"]["应发合计"] - own - 5000) * Decimal("0.03")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert rows["钱七"]["个人所得税"] == 0
        changes(rows["钱七"], 个人所得税=alone)
        report = await compared(street, rows)

        assert reasons(report, "钱七") == {"个人所得税": "not_cumulative", "实发合计": "follows"}

    async def test_somebody_set_aside_is_told_with_the_reason(self, street):
        rows = await own_rows(street)
        rows["孙八"] = dict(rows["张三"])
        report = await compared(street, rows)

        [reason] = report.only_theirs.values()
        assert reason is not None
        assert report.unexplained == 0

    async def test_somebody_on_one_side_only_is_not_explained(self, street):
        rows = await own_rows(street)
        rows["无名氏"] = rows.pop("张三")
        report = await compared(street, rows)

        assert (list(report.only_theirs.values()), report.only_ours) == ([None], ["张三"])
        assert report.unexplained == 2

    async def test_what_nothing_explains_stays_open_and_total_follows(self, street):
        rows = await own_rows(street)
        changes(rows["张三"], 岗位工资=rows["张三"]["岗位工资"] + Decimal("123.45"))
        report = await compared(street, rows)

        assert reasons(report, "张三") == {"岗位工资": "unexplained", "应发合计": "follows", "实发合计": "follows"}
        assert report.unexplained == 1
        assert report.differences[0].formula != ""

    async def test_a_total_that_its_parts_do_not_make_up_is_not_explained(self, street):
        rows = await own_rows(street)
        rows["张三"]["实发合计"] += Decimal("200.00")
        report = await compared(street, rows)

        assert reasons(report, "张三") == {"实发合计": "unexplained"}

    async def test_nor_one_that_they_make_up_only_in_part(self, street):
        rows = await own_rows(street)
        changes(rows["王五"], 岗位工资=Decimal("2800.00"))
        rows["王五"]["实发合计"] += Decimal("200.00")
        report = await compared(street, rows)

        assert (reasons(report, "王五")["应发合计"], reasons(report, "王五")["实发合计"]) == ("follows", "unexplained")

    async def test_two_people_of_one_name_are_a_fault(self, street):
        await street.has_worker("张三之二", area="220102001003")
        rows = await own_rows(street)
        async with street.bench.session() as session, session.begin():
            for payee in await session.scalars(select(Payee).where(Payee.worker_id == "李四")):
                payee.name = "张三"

        with pytest.raises(SheetFault, match="同名"):
            await compared(street, rows)

    async def test_prints_both_figures_reason_and_formula(self, street):
        rows = await own_rows(street)
        changes(rows["张三"], 岗位工资=rows["张三"]["岗位工资"] + Decimal("123.45"))
        told = "\n".join(parallel.told(await compared(street, rows)))

        assert "旧表 2923.45，本平台 2800.00，差 123.45" in told
        assert "本平台：" in told
        assert "未能解释 1 处" in told


class TestOwnMap:
    async def test_our_own_payroll_sheet_agrees_with_us(self, street):
        content = await street.run(
            exporting.write_run_file, run_id=street.run_id, kind=exporting.FileKind.PAYROLL_SHEET, written_as="xlsx"
        )
        async with reading(street.bench.runtime.sessions, actor=street.chief) as session:
            report = await parallel.compare(session, street.run_id, content, None)

        assert report is not None
        assert (report.people, report.differences, report.only_theirs, report.only_ours) == (5, [], {}, [])


class TestMain:
    """`python -m payroll parallel FILE --run RUN_ID`: 0 all explained, 1 something is not, 2 not done."""

    @pytest.mark.parametrize(
        ("more", "code"),
        [pytest.param("0.00", 0, id="agrees"), pytest.param("123.45", 1, id="something is not explained")],
    )
    async def test_ends_by_what_was_found(self, street, tmp_path, monkeypatch, capsys, more, code):
        rows = await own_rows(street)
        changes(rows["张三"], 岗位工资=rows["张三"]["岗位工资"] + Decimal(more))
        (tmp_path / "old.xlsx").write_bytes(a_county_sheet(rows))
        (tmp_path / "map.yaml").write_text(MAP.model_dump_json(), "utf-8")
        monkeypatch.setenv("DATABASE_URL", street.bench.runtime.settings.database_url)
        given = [str(tmp_path / "old.xlsx"), "--run", street.run_id, "--columns", str(tmp_path / "map.yaml")]

        assert await asyncio.to_thread(parallel.main, given) == code
        assert "比对 5 人" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("file", "run", "words"),
        [
            pytest.param("old.xlsx", "run-nowhere", "run-nowhere", id="no such run"),
            pytest.param("absent.xlsx", None, "absent.xlsx", id="no such file"),
            pytest.param("broken.xlsx", None, "xlsx", id="no workbook"),
        ],
    )
    async def test_says_what_it_cannot_do(self, street, tmp_path, monkeypatch, capsys, file, run, words):
        (tmp_path / "old.xlsx").write_bytes(a_county_sheet(await own_rows(street)))
        (tmp_path / "broken.xlsx").write_bytes(b"not a workbook")
        monkeypatch.setenv("DATABASE_URL", street.bench.runtime.settings.database_url)
        given = [str(tmp_path / file), "--run", run or street.run_id]

        assert await asyncio.to_thread(parallel.main, given) == 2
        assert words in capsys.readouterr().err

    def test_needs_a_database(self, tmp_path, monkeypatch, capsys):
        monkeypatch.delenv("DATABASE_URL", raising=False)

        assert parallel.main([str(tmp_path / "old.xlsx"), "--run", "run-1"]) == 2
        assert "DATABASE_URL" in capsys.readouterr().err


class TestReadOldSheet:
    @pytest.mark.parametrize(
        ("cell", "fen"),
        [
            pytest.param(4000.1, 400_010, id="a number"),
            pytest.param(333.335, 33_334, id="a number with more places, half up"),
            pytest.param("1,200.50", 120_050, id="text with a separator"),
            pytest.param("￥ １２００．５ 元", 120_050, id="full width, with sign and unit"),
            pytest.param("-12.30", -1_230, id="taken back"),
            pytest.param("—", 0, id="a dash is nothing"),
            pytest.param(None, 0, id="an empty cell is nothing"),
            pytest.param("见附表", None, id="words are no amount"),
            pytest.param("#REF!", None, id="a broken formula is none"),
            pytest.param(True, None, id="a tick is none"),
        ],
    )
    def test_reads_amounts_as_people_write_them(self, cell, fen):
        assert as_fen(cell) == fen

    @staticmethod
    def sheet(*lines: tuple[Any, ...]) -> bytes:
        stream = BytesIO()
        with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
            page = book.add_worksheet()
            for number, line in enumerate(lines):
                page.write_row(number, 0, line)
        return stream.getvalue()

    known = SheetMap(key_heading="编号", columns={"应发": "gross", "实发": "net"})

    def test_leaves_out_sums_and_blank_rows(self):
        content = self.sheet(("标题",), ("编号", "应发", "实发"), ("a", 1, 1), ("",), ("小计", 1, 1), ("合计", 9, 9))

        assert [(row.number, row.key) for row in read_old_sheet(content, self.known)] == [(3, "a")]

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            pytest.param([("编号", "应发"), ("a", 1)], "缺少列.*实发", id="a column that is not there"),
            pytest.param([("姓名", "应发", "实发")], "没有“编号”", id="no heading of the key"),
            pytest.param(
                [("编号", "应发", "实发"), ("a", "见附表", 1)], "第 2 行“应发”", id="a cell that is no amount"
            ),
            pytest.param([("编号", "应发", "实发"), ("a", 1, 1), ("a", 1, 1)], "第 3 行与第 2 行", id="a person twice"),
        ],
    )
    def test_names_the_place_of_what_is_wrong(self, lines, words):
        with pytest.raises(SheetFault, match=words):
            read_old_sheet(self.sheet(*lines), self.known)

    def test_what_is_no_workbook_is_said_so(self):
        with pytest.raises(SheetFault, match="xlsx"):
            read_old_sheet(b"PK\x03\x04 nothing", self.known)

    def test_a_sheet_that_is_not_there_is_named(self):
        known = self.known.model_copy(update={"sheet": "三月"})
        with pytest.raises(SheetFault, match="三月"):
            read_old_sheet(self.sheet(("编号",)), known)
