import io
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pypdf
import pytest

from common.actors import Role
from common.errors import NotFound, WrongState
from common.events.payroll import TaxSheetExported
from common.testing import somebody
from payroll.commands import entries, exporting
from payroll.commands.exporting import FileKind, FormatNotOffered, NothingInPart, TaxSheet, TooManySlips
from payroll.files import payslips
from payroll.files.figures import RunOfSlips
from payroll.models import Change, Payee, PayslipLine
from payroll.queries import files
from payroll.tests.files.reading import csv_rows, formulas_and_hidden_parts, values
from payroll.tests.files.test_pages import text_of
from payroll.tests.sealed import STREET, UNION, approved_run, clerk, has_worker

RUN = "run-2026-03"
COUNTY, STREET_2 = "320102", "320102002"
NUMBER = "320102199001011234"
MARCH = {
    "base": 400_000,
    "pension_worker": 32_000,
    "pension_employer": 64_000,
    "housing_fund_worker": 32_000,
    "housing_fund_employer": 32_000,
    "tax": 1_234,
}


async def has_person(bench, worker_id: str, *, number: str | None = NUMBER, **changes) -> None:
    await has_worker(bench, worker_id, **changes)
    if number is None:
        return
    sealed = bench.runtime.sealer.seal(number, place=f"person|identity_number|{worker_id}")
    async with bench.session() as session, session.begin():
        payee = await session.get(Payee, worker_id)
        payee.identity_sealed = sealed


@pytest.fixture
async def run(bench) -> str:
    """Two people of a union in a county, and a third one in another street, without a known identity number."""
    await has_person(bench, "zhang", name="=1+1")
    await has_person(bench, "li")
    await has_person(bench, "wang", number=None, area=STREET_2, organisation_id="union-2")
    await approved_run(bench, {"zhang": MARCH, "li": MARCH}, run_area=COUNTY)
    await approved_run(bench, {"wang": MARCH}, area=STREET_2, organisation_id="union-2")
    return RUN


async def written(bench, kind: FileKind, written_as="xlsx", actor=clerk, **changes) -> bytes:
    content: bytes = await bench.run(
        exporting.write_run_file, actor=actor, run_id=RUN, kind=kind, written_as=written_as, **changes
    )
    return content


async def exported(bench, sheet=TaxSheet.WAGES, reason="2026年3月扣缴申报", **changes) -> list[dict[str, Any]]:
    given = {"actor": clerk, "run_id": RUN, "written_as": "xlsx", "sealer": bench.runtime.sealer} | changes
    content = await bench.run(exporting.export_tax_sheet, sheet=sheet, reason=reason, **given)
    assert list(formulas_and_hidden_parts(content)) == []
    headings, *rows = values(content)
    return [dict(zip(headings, row, strict=True)) for row in rows]


class TestPayrollSheet:
    async def test_holds_every_slip_with_its_lines(self, bench, run):
        rows = values(await written(bench, FileKind.PAYROLL_SHEET), "工资表")

        assert [(row[4], row[5]) for row in rows[3:6]] == [
            ("li", "li的姓名"),
            ("zhang", "=1+1"),
            ("wang", "wang的姓名"),
        ]
        assert rows[3][6:] == [4000, 4000, 320, 320, 12.34, 3347.66, 640, 320, 960]
        assert rows[6][6] == 12000

    async def test_holds_an_area_alone_where_it_is_asked(self, bench, run):
        rows = values(await written(bench, FileKind.PAYROLL_SHEET, area=STREET_2), "工资表")

        assert [row[4] for row in rows[3:]] == ["wang", None]

    async def test_shows_an_office_what_lies_in_its_area_alone(self, bench, run):
        """The run lies above a street; whoever sees the street alone does not find it."""
        with pytest.raises(NotFound):
            await written(bench, FileKind.PAYROLL_SHEET, actor=somebody(Role.FINANCE, area="3301"))

    async def test_never_holds_an_identity_number(self, bench, run):
        for kind in FileKind:
            for row in csv_rows(await written(bench, kind, "csv")) if kind is not FileKind.PAYSLIPS else []:
                assert NUMBER not in row

    async def test_gives_earlier_months_with_their_cause(self, bench, run):
        await bench.save(
            Change(
                worker_id="zhang",
                area=STREET,
                from_month="2026-01",
                cause="grade",
                reference="step-1",
                noted_at=datetime(2026, 3, 1, tzinfo=UTC),
                noted_by="somebody",
            )
        )
        [change] = await bench.rows(Change)
        async with bench.session() as session, session.begin():
            slip_no = min([line.slip_no for line in await bench.rows(PayslipLine)])
            session.add(
                PayslipLine(
                    slip_no=slip_no,
                    ordinal=99,
                    code="base",
                    amount=12_345,
                    period="2026-01",
                    change_id=change.change_id,
                    area=STREET,
                )
            )

        rows = values(await written(bench, FileKind.PAYROLL_SHEET), "以前月份")

        assert rows[3][1:] == ["zhang", "=1+1", "2026-01", "基本工资", 123.45, "等级变动"]


class TestALargeRun:
    """Every file of it comes by area; what a file cannot hold is counted, and nothing of it is read."""

    @pytest.fixture
    def read(self, monkeypatch) -> list[str]:
        """Whose slips are read; a file holds two of them."""
        monkeypatch.setattr(exporting, "MOST_SLIPS", 2)
        monkeypatch.setattr(payslips, "MOST_IN_A_PDF", 2)
        found: list[str] = []

        async def noted(*given: Any, **wanted: Any) -> RunOfSlips:
            slips = await files.run_of_slips(*given, **wanted)
            found.extend(slip.worker_id for slip in slips.slips)
            return slips

        queries = SimpleNamespace(**vars(files) | {"run_of_slips": noted})
        monkeypatch.setattr(exporting, "queries", queries)
        return found

    @pytest.mark.parametrize("kind", FileKind)
    async def test_one_more_than_a_file_takes_is_refused_before_anything_is_read(self, bench, run, read, kind):
        with pytest.raises(TooManySlips) as refused:
            await written(bench, kind)

        assert (refused.value.params, read) == ({"slips": 3, "most": 2}, [])

    @pytest.mark.parametrize("kind", FileKind)
    async def test_as_many_as_a_file_takes_come_by_area(self, bench, run, read, kind):
        assert await written(bench, kind, area=STREET)
        assert read == ["li", "zhang"]

    async def test_has_a_tax_sheet_for_each_street(self, bench, run, read):
        with pytest.raises(TooManySlips):
            await exported(bench)
        assert read == []
        sheets = [[row["工号"] for row in await exported(bench, area=area)] for area in (STREET, STREET_2)]

        assert sheets == [["li", "zhang"], ["wang"]]
        assert [(said.area, said.people) for said in await bench.sent(TaxSheetExported)] == [(STREET, 2), (STREET_2, 0)]

    async def test_of_a_sheet_of_bonuses_the_bonuses_are_counted(self, bench, run, read):
        await has_person(bench, "chen", area=STREET_2)
        await approved_run(bench, {"chen": MARCH}, area="320102003", of_slips={"bonus": 1, "bonus_tax": 0})

        assert [row["工号"] for row in await exported(bench, TaxSheet.BONUSES)] == ["chen"]
        assert read == ["chen"]

    async def test_of_pages_each_part_reads_its_own(self, bench, run, read):
        parts = [await written(bench, FileKind.PAYSLIPS, "pdf", part=number) for number in (1, 2)]

        assert [len(pypdf.PdfReader(io.BytesIO(part)).pages) for part in parts] == [2, 1]
        assert read == ["li", "zhang", "wang"]
        with pytest.raises(NothingInPart) as refused:
            await written(bench, FileKind.PAYSLIPS, "pdf", part=3)
        assert refused.value.params == {"part": 3, "parts": 2}

    @pytest.mark.parametrize(
        ("area", "inside"),
        [
            pytest.param(COUNTY, True, id="the run's own area"),
            pytest.param(STREET + "001", True, id="a community of it, though nobody is paid there"),
            pytest.param("3201", False, id="an area above"),
            pytest.param("320103001", False, id="a street beside it"),
        ],
    )
    async def test_the_area_is_one_of_the_run(self, bench, run, area, inside):
        if inside:
            assert await exported(bench, area=area) is not None
            assert await written(bench, FileKind.PAYROLL_SHEET, area=area)
            return
        with pytest.raises(exporting.AreaNotOfRun):
            await exported(bench, area=area)
        with pytest.raises(exporting.AreaNotOfRun) as refused:
            await written(bench, FileKind.PAYROLL_SHEET, area=area)
        assert refused.value.params == {"area": area, "of": COUNTY}
        assert await bench.sent(TaxSheetExported) == []


class TestPayslips:
    async def test_are_strips_or_pages(self, bench, run):
        assert values(await written(bench, FileKind.PAYSLIPS))[3][:2] == ["li的姓名", "li"]
        pages = pypdf.PdfReader(io.BytesIO(await written(bench, FileKind.PAYSLIPS, "pdf"))).pages
        assert ["zhang" in text_of(page) for page in pages] == [False, True, False]

    async def test_have_no_more_parts_than_there_are(self, bench, run):
        with pytest.raises(NothingInPart):
            await written(bench, FileKind.PAYSLIPS, "pdf", part=2)

    async def test_do_not_come_as_csv(self, bench, run):
        with pytest.raises(FormatNotOffered):
            await written(bench, FileKind.PAYSLIPS, "csv")

    @pytest.mark.parametrize("account", ["x|zhang", "x|li"])
    async def test_are_read_by_their_worker_alone(self, bench, account):
        await has_person(bench, "zhang", account="x|zhang")
        await has_person(bench, "li", account="x|li")
        await approved_run(bench, {"zhang": MARCH})
        worker = somebody(Role.WORKER, area="320102001002")
        asked = {"actor": worker, "payslip_id": f"payslip-{RUN}-zhang", "account": account}

        if account == "x|zhang":
            assert (await bench.run(exporting.write_own_payslip, **asked)).startswith(b"%PDF")
        else:
            with pytest.raises(NotFound):
                await bench.run(exporting.write_own_payslip, **asked)


class TestDeclarations:
    async def test_give_contributions_by_employer_and_scheme(self, bench, run):
        rows = values(await written(bench, FileKind.CONTRIBUTIONS), "缴费申报")

        assert rows[3:] == [
            ["union-2", "养老保险", "2026-03", "当期", 1, None, 640, 320, 960],
            ["union-2", "住房公积金", "2026-03", "当期", 1, None, 320, 320, 640],
            [UNION, "养老保险", "2026-03", "当期", 2, None, 1280, 640, 1920],
            [UNION, "住房公积金", "2026-03", "当期", 2, None, 640, 640, 1280],
        ]

    async def test_give_the_union_fund_by_the_clause_in_force(self, bench, run):
        """LAW-TU-02: two per cent of all wages, rounded to the fen."""
        rows = csv_rows(await written(bench, FileKind.UNION_FUND, "csv"))

        assert rows[3:] == [
            ["union-2", "1", "4000.00", "80.00", "LAW-TU-02"],
            [UNION, "2", "8000.00", "160.00", "LAW-TU-02"],
            ["合计", "3", "12000.00", "240.00", ""],
        ]

    @pytest.mark.parametrize("kind", [FileKind.CONTRIBUTIONS, FileKind.UNION_DUES, FileKind.UNION_FUND])
    async def test_are_made_of_an_approved_run_alone(self, bench, kind):
        await has_worker(bench, "zhang")
        await approved_run(bench, {"zhang": MARCH}, status="reviewed")

        with pytest.raises(WrongState):
            await written(bench, kind)
        assert "未批准" in values(await written(bench, FileKind.PAYROLL_SHEET), "工资表")[1][0]


class TestTaxSheet:
    """B7; PI-05, G4: identity numbers are opened for a purpose that is said, and who did it is known."""

    async def test_opens_the_numbers_and_says_who_took_them_out(self, bench, run):
        rows = await exported(bench)

        assert [(row["工号"], row["*证件号码"]) for row in rows] == [("li", NUMBER), ("zhang", NUMBER), ("wang", None)]
        [said] = await bench.sent(TaxSheetExported)
        assert (said.people, said.reason, said.exported_by) == (2, "2026年3月扣缴申报", clerk.account)
        assert NUMBER not in said.model_dump_json()

    async def test_also_of_whoever_has_moved_to_another_county_since(self, bench, run):
        async with bench.session() as session, session.begin():
            (await session.get_one(Payee, "zhang")).area = "320104001"

        moved = next(row for row in await exported(bench) if row["工号"] == "zhang")
        sheet = values(await written(bench, FileKind.PAYROLL_SHEET), "工资表")

        assert moved["*证件号码"] == NUMBER
        assert "=1+1" in [row[5] for row in sheet]

    async def test_gives_income_and_contributions_of_the_month(self, bench, run):
        [row, *_] = await exported(bench)

        assert (row["本期收入"], row["基本养老保险费"], row["住房公积金"], row["基本医疗保险费"]) == (4000, 320, 320, 0)

    async def test_sums_up_what_was_reported_in_the_tax_year(self, office):
        """By month of payment: December's, paid in January, is of this year; standing reports count each month."""
        place = {"area": "320102001", "staff": "union_worker"}
        await office.has_worker("li", **place, monthly_pay=Decimal("6000.00"))
        await office.enters("li", "2025-12", additional__housing_rent="1500.00")
        reported = {"additional__housing_rent": "1100.00", "other__personal_pension": "1000.00"}
        await office.enters("li", "2026-03", **reported)
        for month, amount in (("2026-02", 200_000), ("2026-04", None)):
            standing = {"worker_id": "li", "code": "additional.infant_care", "from_month": month, "amount": amount}
            await office.run(entries.enter_standing, **standing)
        await office.pays("2025-12", **place, paid_in="2026-01")
        await office.pays("2026-02", **place)

        [row] = await exported(office.bench, run_id=await office.pays("2026-03", **place))

        assert row["累计住房租金"] == 2600
        assert row["累计3岁以下婴幼儿照护"] == 4000
        assert row["累计个人养老金"] == 1000

    async def test_holds_bonuses_on_their_own(self, bench):
        await has_person(bench, "zhang")
        await has_person(bench, "li")
        await approved_run(bench, {"zhang": MARCH}, of_slips={"bonus": 3_600_000, "bonus_tax": 108_000})
        await approved_run(bench, {"li": MARCH}, area=STREET_2)

        [row] = await exported(bench, TaxSheet.BONUSES)

        assert (row["工号"], row["*全年一次性奖金额"]) == ("zhang", 36000)
        assert [one.people for one in await bench.sent(TaxSheetExported)] == [1]

    async def test_is_made_of_an_approved_run_alone(self, bench):
        await has_person(bench, "zhang")
        await approved_run(bench, {"zhang": MARCH}, status="reviewed")

        with pytest.raises(WrongState):
            await exported(bench)
        assert await bench.sent(TaxSheetExported) == []


class TestWordsOfARealRun:
    """From facts to paper: what a worker reads is what the sealed batch was worked out from."""

    @pytest.fixture
    async def paid(self, office) -> str:
        await office.has_standard("4000.00")
        for worker_id in ("zhang", "li"):
            await office.has_worker(worker_id)
        await office.run(
            entries.enter_standing, worker_id="zhang", code="union_member", from_month="2026-01", amount=100
        )
        run_id: str = await office.opens("2026-03")
        await office.scores(run_id, zhang=90, li=80)
        await office.calculates(run_id)
        assert await office.set_aside(run_id) == []
        await office.approves(run_id)
        return run_id

    async def files(self, office, run_id: str, kind: FileKind, written_as: str) -> bytes:
        content: bytes = await office.run(
            exporting.write_run_file, run_id=run_id, kind=kind, written_as=written_as, actor=office.chief
        )
        return content

    async def test_stand_on_the_page_with_their_clauses(self, office, paid):
        pages = pypdf.PdfReader(io.BytesIO(await self.files(office, paid, FileKind.PAYSLIPS, "pdf"))).pages
        text = text_of(pages[1])

        assert "人员编号：zhang" in text
        assert "缴费基数" in text
        assert "JL-4c" in text
        assert "月基本收入" in text
        assert "其他扣款：14.00" in text

    async def test_give_the_bases_of_a_declaration(self, office, paid):
        rows = csv_rows(await self.files(office, paid, FileKind.CONTRIBUTIONS, "csv"))
        pension = next(row for row in rows[3:] if row[1] == "养老保险")
        slips = await office.slips(paid)
        lines = [await office.lines(slip) for slip in slips.values()]

        assert pension[4] == "2"
        own = sum(one["pension_worker"] for one in lines)
        assert Decimal(pension[7]) == own
        assert abs(Decimal(pension[5]) * Decimal("0.08") - own) <= Decimal("0.01")  # half a fen a person

    async def test_give_what_dues_were_counted_on(self, office, paid):
        """LAW-TU-01: half a per cent of basic pay, a rest under ten yuan not counted."""
        rows = csv_rows(await self.files(office, paid, FileKind.UNION_DUES, "csv"))

        [member] = rows[3:-1]
        basic_pay, dues = Decimal(member[3]), Decimal(member[4])
        assert member[1] == "zhang"
        assert dues == basic_pay // 10 * 10 * Decimal("0.005") > 0

    async def test_sheet_adds_up_to_the_run(self, office, paid):
        rows = values(await self.files(office, paid, FileKind.PAYROLL_SHEET, "xlsx"), "合计")
        totals = dict(zip(rows[2], rows[-1], strict=True))
        run = await office.the_run(paid)

        assert round(totals["应发合计"] * 100) == run.gross_total
        assert round(totals["实发合计"] * 100) == run.net_total
        assert round(totals["单位缴纳合计"] * 100) == run.employer_total
