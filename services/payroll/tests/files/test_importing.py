from io import BytesIO
from typing import Any

import openpyxl
import pytest

from common.actors import Role
from common.testing import somebody
from payroll.commands import importing
from payroll.commands.importing import FaultsInFile, FileNotReadable, TooManyWorkers
from payroll.models import Change, Entry
from payroll.tests.files.reading import values
from payroll.tests.sealed import STREET, clerk, has_worker

Row = tuple[Any, ...]

PAY, HOURS, BONUS = "业绩考评工资（元）", "休息日加班（小时）", "全年一次性奖金（元）"


def sheet(*rows: Row, headings: Row = ("人员编号", "姓名", "月份", PAY, HOURS)) -> bytes:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.title = "三月"
    for row in (headings, *rows):
        page.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


ZHANG = ("zhang", "zhang的姓名", "2026-03", "1,200.50", 8)
LI = ("li", None, "2026-03", 900, None)


@pytest.fixture
async def two(bench) -> None:
    await has_worker(bench, "zhang")
    await has_worker(bench, "li")


async def brings_in(bench, content: bytes, actor=clerk, **changes):
    return await bench.run(importing.import_variables, actor=actor, content=content, **changes)


async def kept(bench) -> dict[tuple[str, str, str], int]:
    return {(row.worker_id, row.month, row.code): row.amount for row in await bench.rows(Entry)}


async def refused(bench, *rows: Row, **changes) -> list[Row]:
    with pytest.raises(FaultsInFile) as faults:
        await brings_in(bench, sheet(*rows, **changes))
    assert await kept(bench) == {}
    return [(one.code, one.row, one.column) for one in faults.value.faults]


class TestImport:
    async def test_brings_in_every_figure_and_notes_what_it_changes(self, bench, two):
        done = await brings_in(bench, sheet(ZHANG, LI))

        assert (done.rows, done.entries, done.written, done.faults) == (2, 3, True, [])
        assert await kept(bench) == {
            ("zhang", "2026-03", "performance_pay"): 120_050,
            ("zhang", "2026-03", "overtime_rest_day"): 800,
            ("li", "2026-03", "performance_pay"): 90_000,
        }
        assert {change.worker_id for change in await bench.rows(Change)} == {"zhang", "li"}

    async def test_brings_in_nothing_where_one_cell_is_wrong(self, bench, two):
        assert await refused(bench, ZHANG, ("li", None, "2026-03", "无", 1)) == [("NOT_A_NUMBER", 3, "D")]
        assert await bench.rows(Change) == []

    async def test_brings_in_the_good_rows_where_that_is_asked(self, bench, two):
        done = await brings_in(bench, sheet(ZHANG, ("li", None, "2026-03", "无", 1)), partial=True)

        assert (done.rows, done.entries, [one.code for one in done.faults]) == (1, 2, ["NOT_A_NUMBER"])
        assert {worker_id for worker_id, *_ in await kept(bench)} == {"zhang"}

    async def test_writes_nothing_when_it_only_looks(self, bench, two):
        done = await brings_in(bench, sheet(ZHANG, ("li", None, "2026-03", "无", 1)), dry_run=True)

        assert (done.rows, done.written, [one.row for one in done.faults]) == (1, False, [3])
        assert await kept(bench) == {}
        assert await bench.rows(Change) == []

    async def test_gives_the_same_twice(self, bench, two):
        await brings_in(bench, sheet(ZHANG))
        changes = len(await bench.rows(Change))
        again = await brings_in(bench, sheet(ZHANG))

        assert again.entries == 2
        assert len(await bench.rows(Change)) == changes

    async def test_leaves_what_the_file_leaves_empty(self, bench, two):
        await brings_in(bench, sheet(ZHANG))
        await brings_in(bench, sheet(("zhang", None, "2026-03", None, 10)))

        assert (await kept(bench))["zhang", "2026-03", "performance_pay"] == 120_050

    async def test_takes_open_ended_codes_by_their_code(self, bench, two):
        content = sheet(("zhang", "2026-03", 100), headings=("人员编号", "月份", "deduction.court_order"))
        await brings_in(bench, content)

        assert await kept(bench) == {("zhang", "2026-03", "deduction.court_order"): 10_000}


class TestRefusal:
    async def test_names_who_is_not_known(self, bench, two):
        assert await refused(bench, ZHANG, ("wang", None, "2026-03", 1, None)) == [("WORKER_UNKNOWN", 3, "A")]

    async def test_names_who_is_not_of_the_area(self, bench, two):
        with pytest.raises(FaultsInFile) as faults:
            await brings_in(bench, sheet(ZHANG), actor=somebody(Role.FINANCE, area="3301"))

        assert [one.code for one in faults.value.faults] == ["WORKER_UNKNOWN"]

    async def test_names_rows_that_have_slipped(self, bench, two):
        """The name stands beside another worker's id: a column was sorted without the others."""
        assert await refused(bench, ("zhang", "li的姓名", "2026-03", 1, None)) == [("NAME_DIFFERS", 2, "B")]

    @pytest.mark.parametrize("name", ["zhang的姓名", " zhang 的姓名 ", "ｚhang的姓名", None])
    async def test_lets_a_name_be_written_as_people_do(self, bench, two, name):
        assert (await brings_in(bench, sheet(("zhang", name, "2026-03", 1, None)))).written

    async def test_names_a_month_in_which_somebody_did_not_serve_once_a_row(self, bench, two):
        assert await refused(bench, ("zhang", None, "2023-12", 1, 2)) == [("REFUSED", 2, None)]

    async def test_names_who_enters_his_own_pay(self, bench):
        await has_worker(bench, "zhang", account=clerk.account)

        assert await refused(bench, ZHANG) == [("REFUSED", 2, None)]

    async def test_names_a_half_that_is_not_entered_by_halves(self, bench, two):
        headings = ("人员编号", "结算周期", "月份", BONUS)

        assert ("REFUSED", 2, "D") in await refused(bench, ("zhang", "上半月", "2026-03", 1), headings=headings)

    async def test_counts_every_fault_of_the_file(self, bench, two):
        codes = await refused(bench, ("zhang", None, "3月", "无", -1), ("wang", None, "2026-03", "=1+1", 1))

        assert codes == [
            ("MONTH", 2, "C"),
            ("NOT_A_NUMBER", 2, "D"),
            ("NEGATIVE", 2, "E"),
            ("WORKER_UNKNOWN", 3, "A"),
            ("FORMULA", 3, "D"),
        ]

    async def test_says_nothing_of_what_stood_there(self, bench, two):
        with pytest.raises(FaultsInFile) as faults:
            await brings_in(bench, sheet(("320102199001011234", "王小明", "王小明", "王小明", "王小明")))

        said = str(faults.value.members("zh")) + str(faults.value.members("en"))
        assert "320102199001011234" not in said
        assert "王小明" not in said

    async def test_names_what_is_no_spreadsheet(self, bench):
        with pytest.raises(FileNotReadable) as refusal:
            await brings_in(bench, b"\x89PNG\r\n\0")

        assert refusal.value.members("zh") == {"params": {"reason": "NOT_A_SPREADSHEET"}}
        assert "xlsx" in refusal.value.detail("zh")


class TestTemplate:
    async def asks(self, bench, cycle: str = "month") -> list[list[Any]]:
        content = await bench.run(
            importing.import_template, actor=clerk, area=STREET, staff="union_worker", month="2026-03", cycle=cycle
        )
        return values(content)

    async def test_names_the_workers_of_the_area(self, bench, two):
        await has_worker(bench, "wang", area="320102002")

        headings, *rows = await self.asks(bench)

        assert [row[:4] for row in rows] == [
            ["li", "li的姓名", "2026-03", "整月"],
            ["zhang", "zhang的姓名", "2026-03", "整月"],
        ]
        assert {PAY, HOURS, BONUS} <= set(headings)

    async def test_of_a_half_offers_what_is_entered_by_halves(self, bench, two):
        headings, *_ = await self.asks(bench, "first_half")

        assert PAY in headings
        assert BONUS not in headings

    async def test_is_refused_for_more_than_a_file_takes(self, bench, two, monkeypatch):
        monkeypatch.setattr(importing, "MOST_ROWS", 1)
        with pytest.raises(TooManyWorkers):
            await self.asks(bench)
