"""The sample of an old payroll sheet in `data/samples`: held against a run made from the facts on its second sheet."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from common.settings import ROOT
from common.transaction import reading
from payroll.models import (
    Agreement,
    Attribute,
    Certificate,
    ContributionBase,
    EvaluationScore,
    Leave,
    Payee,
    StandingEntry,
    TaxCard,
)
from payroll.operating import parallel
from payroll.operating.old_sheet import read_map
from payroll.tests.offices import Office, checked, own_figure

SHEET = ROOT / "data" / "samples" / "old-payroll.xlsx"
COLUMNS = ROOT / "data" / "samples" / "old-payroll-columns.yaml"
COUNTY, STAFF = "320102", "union_worker"
FEDERATION = "federation-320102"
SCHEME: dict[str, Any] = {
    "table.level_step": {"assistant_social_worker": "200.00", "social_worker": "400.00"},
    "amount.years_step": "30.00",
    "table.education_step": {"bachelor": "150.00", "master": "300.00"},
    "table.post_step": {"head": "500.00"},
    "table.title_step": {"intermediate": "260.00"},
    "table.results_step": {"excellent": "350.00", "qualified": "150.00"},
}
SCHEMES = ("pension", "medical", "unemployment", "housing_fund")

Facts = Mapping[str, Any]


def facts() -> list[Facts]:
    """What the county knows of its people, a row each."""
    book = openpyxl.load_workbook(SHEET, data_only=True)
    headings, *rows = book["人员情况"].iter_rows(values_only=True)
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows]


def fen(amount: Any) -> int:
    return int(Decimal(str(amount or 0)).scaleb(2))


def day(value: datetime) -> date:
    return value.date()


def rows_of(known: Facts) -> list[Any]:
    """Somebody's rows in payroll's tables, as the other services and the county would have told them."""
    worker_id = name = known["姓名"]
    of = {"worker_id": worker_id, "area": known["街道"]}
    place, hired = {"area": known["街道"], "staff": STAFF}, day(known["入职"])
    left_on = day(known["离岗"]) if known["离岗"] else None
    rows: list[Any] = [
        Payee(worker_id=worker_id, name=name, hired_on=hired, left_on=left_on, **place),
        Agreement(
            agreement_id=f"agreement-{name}",
            worker_id=worker_id,
            organisation_id=FEDERATION,
            post_class=known["岗位"],
            kind="labour_fixed",
            starts_on=hired,
            signed_on=hired,
            **place,
        ),
        Attribute(kind="education", value=known["学历"], starts_on=hired, said_by="registrar", **of),
        *(
            ContributionBase(
                scheme=one, from_month="2026-01", amount=fen(known["缴费基数"]), source="s", set_by="a", **of
            )
            for one in SCHEMES
        ),
    ]
    if known["证书"]:
        rows.append(Certificate(level=known["证书"], registered_on=date(2025, 6, 1), **of))
    if known["考核"]:
        rows.append(EvaluationScore(year=2025, score=Decimal(90), grade=known["考核"], **of))
    if known["事假"]:
        first = day(known["事假"])
        next_day = first + timedelta(days=1)
        rows.append(Leave(leave_id=f"leave-{name}", kind="personal", starts_on=first, ends_on=next_day, **of))
    if known["专项附加扣除"]:
        amount = fen(known["专项附加扣除"])
        code = "additional.children_education"
        rows.append(StandingEntry(code=code, from_month="2026-01", amount=amount, entered_by="a", **of))
    if known["1至2月收入"]:
        rows.append(_tax_card(known, of))
    return rows


def _tax_card(known: Facts, of: Mapping[str, str]) -> TaxCard:
    opening = {
        "income": fen(known["1至2月收入"]),
        "special": fen(known["1至2月个人缴费"]),
        "additional": 2 * fen(known["专项附加扣除"]),
        "withheld": fen(known["1至2月已扣税"]),
        "months": 2,
    }
    mode = {"mode": "employment_months", "evidence": "旧账", "set_by": "a"}
    return TaxCard(organisation_id=FEDERATION, year=2026, opening=opening, **mode, **of)


@pytest.fixture
async def run_id(office: Office) -> str:
    """The run of March 2026, worked out from what the county knows."""
    figures = [own_figure(code, value, area=COUNTY, staff=STAFF) for code, value in SCHEME.items()]
    await office.bench.save(*checked(figures))
    for post, amount in (("ordinary", "5200.00"), ("head", "6800.00")):
        await office.has_standard(amount, area=COUNTY, staff=STAFF, post_class=post)
    people = facts()
    await office.bench.save(*[row for one in people for row in rows_of(one)])
    for one in people:
        if one["离岗"]:
            continue
        await office.enters(one["姓名"], performance_pay=str(one["业绩考评工资"]))
    run_id = await office.opens(area=COUNTY, staff=STAFF)
    await office.calculates(run_id)
    return run_id


# By habit of the old sheet, who it touches; what else differs on their rows follows from it.
KNOWN = {
    "rounding": {"李秀兰", "卫秀兰", "严海涛"},
    "base": {"陈晓燕", "陶建国"},
    "fixed": {"吕春梅"},
    "month_of_employment": {"王丽华"},
    "partial_month": {"尤海涛"},
    "leave": {"金志强"},
    "not_cumulative": {"韩建国", "孔明远"},
    "additional": {"许秀兰"},
    "unexplained": {"谢晓燕"},
}


class TestSample:
    async def test_differs_by_its_known_habits_and_in_nothing_else(self, office: Office, run_id: str) -> None:
        known = read_map(COLUMNS.read_text("utf-8"))
        async with reading(office.bench.runtime.sessions, actor=office.chief) as session:
            report = await parallel.compare(session, run_id, SHEET.read_bytes(), known)

        assert report is not None
        assert (report.people, report.only_ours) == (len(facts()) - 1, [])
        found: dict[str, set[str]] = {}
        for one in report.differences:
            found.setdefault(one.reason, set()).add(one.worker_id)
        assert found.pop("follows") == set().union(*KNOWN.values())
        assert found == KNOWN
        [typed] = [one for one in report.differences if not one.explained]
        assert (typed.heading, typed.theirs, typed.ours) == ("学历", 51000, 30000)
        [still_paid] = report.only_theirs.items()
        assert still_paid == (40, None)  # who has left and is paid on the old sheet all the same
        assert report.unexplained == 2

    async def test_the_command_says_so(
        self, office: Office, run_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", office.bench.runtime.settings.database_url)

        code = await asyncio.to_thread(parallel.main, [str(SHEET), "--run", run_id, "--columns", str(COLUMNS)])

        told = capsys.readouterr().out
        assert code == parallel.DISAGREED
        assert "第 32 行 金志强 基本工资：旧表 5200.00，本平台 5020.69，差 179.31。旧表未扣请假" in told
        assert "比对 39 人" in told
        assert "未能解释 2 处" in told
