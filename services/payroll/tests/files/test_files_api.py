import pytest

from common.actors import Role
from common.events.payroll import TaxSheetExported
from common.tables import IdempotentAnswer
from payroll.commands import exporting
from payroll.files.writing import CSV, XLSX
from payroll.models import Entry, Payee
from payroll.tests.files.test_importing import LI, ZHANG, sheet
from payroll.tests.sealed import approved_run, has_worker

RUN = "run-2026-03"


@pytest.fixture
async def run(bench) -> None:
    await has_worker(bench, "zhang", account="http://127.0.0.1:8000/dev|zhang")
    await has_worker(bench, "li")
    await approved_run(bench, {"zhang": {"base": 400_000}, "li": {"base": 400_000}}, run_area="320102")


class TestFiles:
    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("payroll_sheet", XLSX),
            ("payroll_sheet?format=csv", CSV),
            ("payslips?format=pdf", "application/pdf"),
            ("contributions", XLSX),
            ("union_dues?format=csv", CSV),
            ("union_fund", XLSX),
        ],
    )
    async def test_are_taken_out_as_attachments_that_nobody_stores(self, bench, run, path, kind):
        async with bench.client(Role.FINANCE, area="320102") as client:
            answer = await client.get(f"/v1/payroll-runs/{RUN}/files/{path}")

        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="{RUN}-{path.split("?")[0]}')

    @pytest.mark.parametrize("role", [Role.WORKER, Role.STREET_OFFICE, Role.HUMAN_RESOURCES])
    async def test_are_closed_to_whoever_may_not_see_slips(self, bench, run, role):
        async with bench.client(role, area="320102") as client:
            assert (await client.get(f"/v1/payroll-runs/{RUN}/files/payroll_sheet")).status_code == 403

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("payroll-runs/run-9/files/payroll_sheet", 404),
            (f"payroll-runs/{RUN}/files/secrets", 422),
            (f"payroll-runs/{RUN}/files/payslips?format=csv", 422),
            (f"payroll-runs/{RUN}/files/payroll_sheet?area=abc", 422),
            (f"payroll-runs/{RUN}/files/payroll_sheet?area=320103", 422),
            (f"payroll-runs/{RUN}/tax-sheets/wages", 422),
            (f"payroll-runs/{RUN}/tax-sheets/wages?reason=2026年3月申报&area=320103", 422),
        ],
    )
    async def test_that_there_are_not_are_said_so(self, bench, run, path, status):
        async with bench.client(Role.FINANCE, area="320102") as client:
            assert (await client.get(f"/v1/{path}")).status_code == status

    async def test_with_identity_numbers_need_a_reason_and_are_never_kept_under_a_key(self, bench, run):
        async with bench.client(Role.FINANCE, area="320102") as client:
            answer = await client.get(
                f"/v1/payroll-runs/{RUN}/tax-sheets/wages?reason=2026年3月扣缴申报",
                headers={"Idempotency-Key": "export-1"},
            )

        assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
        assert len(await bench.sent(TaxSheetExported)) == 1
        assert await bench.rows(IdempotentAnswer) == []

    async def test_of_a_run_too_large_come_by_the_area_that_the_refusal_names(self, bench, run, monkeypatch):
        await has_worker(bench, "sun", area="320102002")
        await approved_run(bench, {"sun": {"base": 1}}, area="320102002")
        monkeypatch.setattr(exporting, "MOST_SLIPS", 2)
        answers = []
        async with bench.client(Role.FINANCE, area="320102", language="en") as client:
            for path in ("tax-sheets/wages?reason=2026年3月申报", "files/payroll_sheet?by_street=true"):
                refused = await client.get(f"/v1/payroll-runs/{RUN}/{path}")
                answers.append((refused.json()["code"], "`area`" in refused.json()["detail"]))
                by_area = await client.get(f"/v1/payroll-runs/{RUN}/{path}&area=320102001")
                answers.append((by_area.status_code, "-320102001." in by_area.headers["content-disposition"]))

        assert answers == [("TOO_MANY_SLIPS", True), (200, True)] * 2

    @pytest.mark.parametrize("role", [Role.LEAD_DEPARTMENT, Role.AUDITOR, Role.WORKER])
    async def test_with_identity_numbers_are_for_finance_alone(self, bench, run, role):
        async with bench.client(role, area="320102") as client:
            answer = await client.get(f"/v1/payroll-runs/{RUN}/tax-sheets/wages?reason=2026年3月扣缴申报")

        assert answer.status_code == 403

    @pytest.mark.parametrize(("subject", "status"), [("zhang", 200), ("li", 404)])
    async def test_of_a_worker_are_his_own_slips(self, bench, run, subject, status):
        """A worker signs in where he works; his run lies above."""
        async with bench.client(Role.WORKER, area="320102001", subject=subject) as client:
            answer = await client.get(f"/v1/payslips/payslip-{RUN}-zhang/page")

        assert answer.status_code == status


class TestImport:
    async def test_takes_the_file_as_it_is_and_once_under_a_key(self, bench, run):
        async with bench.client(Role.STREET_OFFICE, area="320102001") as client:
            asked = {"content": sheet(ZHANG, LI), "headers": {"Content-Type": XLSX, "Idempotency-Key": "march"}}
            first = await client.post("/v1/payroll-imports", **asked)
            again = await client.post("/v1/payroll-imports", **asked)

        assert (first.status_code, first.json()["entries"], first.json()["written"]) == (200, 3, True)
        assert again.headers["idempotent-replayed"] == "true"
        assert len(await bench.rows(Entry)) == 3

    async def test_names_each_bad_cell_and_brings_in_nothing(self, bench, run):
        async with bench.client(Role.STREET_OFFICE, area="320102001") as client:
            answer = await client.post("/v1/payroll-imports", content=sheet(ZHANG, ("li", None, "2026-03", "无", 1)))

        assert (answer.status_code, answer.json()["code"]) == (422, "FAULTS_IN_FILE")
        [fault] = answer.json()["errors"]
        assert {name: fault[name] for name in ("pointer", "code", "sheet", "row", "column", "heading")} == {
            "pointer": "#/sheets/三月/D3",
            "code": "NOT_A_NUMBER",
            "sheet": "三月",
            "row": 3,
            "column": "D",
            "heading": "业绩考评工资（元）",
        }
        assert await bench.rows(Entry) == []

    async def test_shows_the_faults_of_a_file_it_only_looks_at(self, bench, run):
        async with bench.client(Role.STREET_OFFICE, area="320102001", language="en") as client:
            answer = await client.post(
                "/v1/payroll-imports?dry_run=true", content=sheet(("li", None, "2026-03", "无", 1))
            )

        assert (answer.status_code, answer.json()["written"], answer.json()["faults_found"]) == (200, False, 1)
        assert answer.json()["faults"][0]["detail"].startswith("sheet 三月, row 2, column D")

    async def test_refuses_an_empty_request(self, bench, run):
        async with bench.client(Role.STREET_OFFICE, area="320102001") as client:
            assert (await client.post("/v1/payroll-imports")).status_code == 422

    async def test_gives_a_template(self, bench, run):
        async with bench.client(Role.STREET_OFFICE, area="320102001") as client:
            answer = await client.get(
                "/v1/payroll-import-templates?area=320102001&staff=union_worker&month=2026-03&cycle=month"
            )

        assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
        assert {payee.worker_id for payee in await bench.rows(Payee)} == {"zhang", "li"}
