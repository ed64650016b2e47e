"""Whose dues a difference for an earlier month is: the employer's of that month, whoever pays the worker now."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from common.events.contracts import WorkerTransferred
from common.testing import Bench
from payroll.commands import bases, contributions, exporting
from payroll.commands.exporting import FileKind
from payroll.models import Agreement, ContributionDue, PayrollBatch, PayslipLine
from payroll.operating.recomputing import recompute_run
from payroll.queries.contributions import contribution_lines
from payroll.tests.files.reading import csv_rows
from payroll.tests.sealed import LAYOUT, STREET, UNION, approved_run

STAFF = "community_worker"
PLACE, OTHER = "220102001002", "220102002001"
THEN, NOW = f"community-{PLACE}", f"community-{OTHER}"


class TestAfterATransfer:
    """Li was with one community to the end of January and is with another, in another street, since February."""

    @pytest.fixture(autouse=True)
    async def _moved(self, office: Any, bench: Bench) -> None:
        await office.has_standard("6000.00")
        await office.has_worker("li", area=PLACE)
        await office.has_worker("qian", area=OTHER)
        for worker_id in ("li", "qian"):
            for month in ("2026-01", "2026-02", "2026-03"):
                await office.enters(worker_id, month, score="90")
        await office.pays("2026-01", area=PLACE[:9])
        await office.ages()
        await bench.hear(
            WorkerTransferred(
                transfer_id="t", worker_id="li", from_area=PLACE, area=OTHER, staff=STAFF,
                organisation_id=NOW, post_class="ordinary", starts_on=date(2026, 2, 1),
            )
        )  # fmt: skip
        given = {"worker_id": "li", "scheme": "pension", "from_month": "2026-01", "source": "x"}
        await office.run(bases.set_contribution_base, amount=Decimal("7000.00"), **given)

    async def test_they_are_the_former_employer_s_and_taken_from_the_slip_of_now(
        self, office: Any, bench: Bench
    ) -> None:
        run_id = await office.pays("2026-02", area=OTHER[:9])

        slip = (await office.slips(run_id))["li"]
        lines = await office.lines(slip)
        assert (slip.organisation_id, lines["pension_worker@2026-01"]) == (NOW, Decimal("80.00"))
        dues = {
            (due.organisation_id, due.period): (due.area, due.people, due.worker, due.employer)
            for due in await bench.rows(ContributionDue)
            if due.run_id == run_id and due.scheme == "pension"
        }
        assert dues == {
            (THEN, "2026-01"): (PLACE[:9], 1, 8_000, 16_000),
            (NOW, "2026-02"): (OTHER[:9], 2, 104_000, 208_000),
        }
        assert await recompute_run(bench.runtime.sessions, run_id) == 0

    async def test_they_stand_with_it_in_the_declaration(self, office: Any) -> None:
        run_id = await office.pays("2026-02", area=OTHER[:9])
        content = await office.run(
            exporting.write_run_file, run_id=run_id, kind=FileKind.CONTRIBUTIONS, written_as="csv"
        )

        pension = [(row[0], row[2], row[3], row[7]) for row in csv_rows(content)[3:] if row[1] == "养老保险"]
        assert pension == [(THEN, "2026-01", "补缴（退）", "80.00"), (NOW, "2026-02", "当期", "1040.00")]

    async def test_they_are_paid_once(self, office: Any, bench: Bench) -> None:
        await office.pays("2026-02", area=OTHER[:9])
        await office.ages()
        await office.changed("li", area=PLACE, staff=STAFF, month="2026-01")
        march = await office.pays("2026-03", area=OTHER[:9])

        lines = await office.lines((await office.slips(march))["li"])
        assert [code for code in lines if "@" in code] == []
        named = {row.organisation_id for row in await bench.rows(PayslipLine) if row.period == "2026-01"}
        assert named == {THEN}


class TestOfTwoFormerEmployers:
    """Li served two communities in January, and a third one since."""

    async def test_what_was_paid_for_each_is_known_of_each(self, office: Any, bench: Bench) -> None:
        await office.has_standard("6000.00")
        await office.has_worker("li", area=PLACE, ends_on=date(2026, 2, 1))
        terms = {"staff": STAFF, "post_class": "ordinary", "kind": "service_agreement", "area": PLACE}
        for number, employer, first_day, after in (
            (2, "community-second", date(2026, 1, 10), date(2026, 2, 1)),
            (3, "community-third", date(2026, 2, 1), None),
        ):
            await bench.save(
                Agreement(
                    agreement_id=f"agreement-{number}", worker_id="li", organisation_id=employer,
                    starts_on=first_day, ends_on=after, signed_on=first_day, **terms,
                )
            )  # fmt: skip
        for month in ("2026-01", "2026-02", "2026-03"):
            await office.enters("li", month, score="90")
        await office.pays("2026-01", area=PLACE[:9])
        await office.ages()
        await office.has_standard("6600.00", starts_on=date(2026, 1, 1), area="220102")
        february = await office.pays("2026-02", area=PLACE[:9])
        await office.ages()
        await office.changed("li", area=PLACE, staff=STAFF, month="2026-01")

        march = await office.pays("2026-03", area=PLACE[:9])

        rows = [row for row in await bench.rows(PayslipLine) if row.period == "2026-01"]
        assert {row.organisation_id for row in rows} == {THEN, "community-second"}
        slips = {run: (await office.slips(run))["li"].slip_no for run in (february, march)}
        assert {row.slip_no for row in rows} == {slips[february]}


class TestWriteDues:
    async def test_differences_of_half_a_month_are_owed_for_the_month(self, bench: Bench) -> None:
        lines = {"pension_worker@2026-01.1": 1_000, "pension_worker@2026-01.2": 500}
        await bench.run(contributions.write_dues, batch_id=await approved_run(bench, {"zhang": lines}))

        [due] = await bench.rows(ContributionDue)
        assert (due.period, due.people, due.worker, due.organisation_id) == ("2026-01", 1, 1_500, UNION)

    async def test_own_and_former_people_of_an_employer_add_up(self, bench: Bench) -> None:
        batch = await approved_run(
            bench, {"zhang": {"pension_worker@2026-01": 1_000}, "li": {"pension_worker@2026-01": 300}}
        )
        async with bench.session() as session:
            await session.execute(
                update(PayslipLine).where(PayslipLine.amount == 300).values(organisation_id="union-there")
            )
            await session.commit()
        streets = {("union-there", "2026-01"): "320102002"}
        await bench.run(contributions.write_dues, batch_id=batch, streets=streets)

        dues = [(due.organisation_id, due.area, due.worker) for due in await bench.rows(ContributionDue)]
        assert sorted(dues) == [(UNION, STREET, 1_000), ("union-there", "320102002", 300)]


ENDED = [
    {"code": f"maternity_{side}", "kind": kind, "label_zh": f"生育保险（{zh}）", "component": None, "rule": None}
    for side, kind, zh in (("worker", "deduction", "个人"), ("employer", "employer", "单位"))
]


class TestAnEndedScheme:
    """What comes back of a scheme that no clause names any more is owed and declared like all others."""

    async def test_stands_in_the_list_and_in_the_declaration(self, bench: Bench, office: Any) -> None:
        lines = {"maternity_employer@2025-12": -2_000, "pension_employer": 96_000}
        batch = await approved_run(bench, {"zhang": lines})
        async with bench.session() as session:
            await session.execute(update(PayrollBatch).values(layout=[*LAYOUT, *ENDED], snapshot=None))
            await session.commit()
        await bench.run(contributions.write_dues, batch_id=batch)

        dues = {(due.scheme, due.period, due.employer) for due in await bench.rows(ContributionDue)}
        assert ("maternity", "2025-12", -2_000) in dues
        content = await office.run(
            exporting.write_run_file, run_id="run-2026-03", kind=FileKind.CONTRIBUTIONS, written_as="csv"
        )
        rows = [(*row[1:4], row[6]) for row in csv_rows(content)[3:]]
        assert ("生育保险", "2025-12", "补缴（退）", "-20.00") in rows

    @pytest.mark.parametrize(
        ("line", "is_one"),
        [
            pytest.param({"code": "a_worker", "kind": "deduction", "rule": None}, True, id="of the worker's side"),
            pytest.param({"code": "a_employer", "kind": "employer", "rule": None}, True, id="of the employer's"),
            pytest.param({"code": "a_worker", "kind": "earning", "rule": "pay.composition"}, False, id="no pay"),
            pytest.param({"code": "a_worker", "kind": "earning", "rule": None}, False, id="nor pay without a rule"),
            pytest.param({"code": "tax", "kind": "deduction", "rule": None}, False, id="nor tax"),
        ],
    )
    def test_a_line_is_one_side_of_a_scheme(self, line: dict[str, Any], is_one: bool) -> None:
        assert bool(contribution_lines([line | {"label_zh": "甲（个人）"}])) is is_one
