"""A scheme nobody has seen yet is a folder of policy files: every kind of component, paid without a line of code.

The policies are the national laws of this repository and the invented files beside this module, nothing else. All
figures below are worked out by hand.
"""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.errors import Refused
from common.policy import Policies, load_policies, load_seeds
from common.policy.__main__ import check, import_all_rules
from common.settings import ROOT
from common.testing import Bench
from payroll.commands import entries
from payroll.commands.runs import ParametersMissing
from payroll.models import Attribute, Certificate, EvaluationScore, GradeStep, Parameter, Payee
from payroll.tests.offices import Office

HERE = Path(__file__).parent
STREET = "970101001"
VILLAGE = "970101001001"
STAFF = "town_guide"
MONTH = "2026-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("policies")
    (made / "parameters").mkdir()
    for file in (*(ROOT / "policies").glob("law-*.yaml"), HERE / "scheme.yaml"):
        shutil.copy(file, made)
    for file in (ROOT / "policies" / "parameters" / "nation.yaml", HERE / "parameters" / "figures.yaml"):
        shutil.copy(file, made / "parameters")
    return made


@pytest.fixture(scope="module")
def policies(folder: Path) -> Policies:
    return load_policies(folder)


def checked(folder: Path) -> list[Parameter]:
    """The folder's figures, as if a second person had looked at each."""
    return [
        Parameter(
            parameter_id=row.parameter_id,
            code=row.code,
            area=row.area,
            staff=row.staff,
            starts_on=row.starts_on,
            value=row.value,
            source=row.source,
            confidence=row.confidence,
            status="in_force",
            entered_by="http://issuer.example|seeds",
            entered_on=row.starts_on,
            checked_by="http://issuer.example|checker",
            checked_on=row.starts_on,
        )
        for row in load_seeds(folder).rows
    ]


@pytest.fixture
async def office(bench: Bench, folder: Path, policies: Policies, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office of the invented county."""
    monkeypatch.setattr(bench.runtime, "policies", policies)
    monkeypatch.setattr(bench.runtime.consumer, "policies", policies)
    await bench.save(*checked(folder))
    return Office(bench)


async def hires(office: Office, worker_id: str, *, hired_on: date, **agreement: Any) -> None:
    given = {"area": VILLAGE, "staff": STAFF, "organisation_id": "town", "kind": "labour_fixed"} | agreement
    await office.has_worker(worker_id, **({"starts_on": hired_on} | given))
    async with office.bench.session() as session, session.begin():
        payee = await session.get(Payee, worker_id)
        assert payee is not None
        payee.hired_on = hired_on


def attribute(worker_id: str, kind: str, value: str) -> Attribute:
    whose = {"worker_id": worker_id, "area": VILLAGE, "said_by": "registrar"}
    return Attribute(kind=kind, starts_on=date(2025, 7, 1), value=value, **whose)


def judged(worker_id: str, score: str, grade: str) -> EvaluationScore:
    return EvaluationScore(worker_id=worker_id, area=VILLAGE, year=2025, score=Decimal(score), grade=grade)


async def three_people(office: Office) -> None:
    """A head of 22 years, an ordinary one of three, and one who came on the eleventh of the month."""
    await hires(office, "an", hired_on=date(2004, 1, 1), post_class="head", starts_on=date(2025, 7, 1))
    await hires(office, "bai", hired_on=date(2023, 1, 1), starts_on=date(2025, 7, 1))
    await hires(office, "cao", hired_on=date(2026, 1, 11))
    await office.bench.save(
        GradeStep(consequence_id="c-1", worker_id="an", area=VILLAGE, starts_on=date(2025, 9, 1)),
        Certificate(worker_id="an", area=VILLAGE, level="social_worker", registered_on=date(2025, 7, 1)),
        attribute("an", "education", "master"),
        attribute("an", "title", "intermediate"),
        attribute("bai", "education", "bachelor"),
        judged("an", "95.00", "excellent"),
        judged("bai", "80.00", "qualified"),
    )
    await office.enters("cao", MONTH, score="60.50")


def test_the_folder_has_no_fault(folder: Path) -> None:
    import_all_rules()

    assert check(folder) == 0


class TestAMadeUpScheme:
    """XT-1 to XT-7: what the invented county pays in January 2026."""

    @pytest.fixture
    async def run_id(self, office: Office) -> str:
        await three_people(office)
        run_id = await office.opens(MONTH, area=STREET, staff=STAFF)
        await office.calculates(run_id)
        return run_id

    @pytest.mark.parametrize(
        ("worker_id", "earned"),
        [
            pytest.param(
                "an",
                {
                    # Of 6,400.01 four fifths are 5,120.008, the rest 1,280.002: the fen left over goes to the first.
                    "fixed": "5120.01",
                    # 1,280.00 brought in, times 95.
                    "pooled": "1449.44",
                    # Twenty of the twenty-two years.
                    "seniority": "510.00",
                    "education": "300.00",
                    "title": "200.00",
                    "results": "400.00",
                    "certificate_allowance": "250.00",
                    # 5,120.01 + 510.00 + 300.00 + 200.00 are 130.01 above the ceiling.
                    "cut": "-130.01",
                },
                id="a head of 22 years, cut to the ceiling",
            ),
            pytest.param(
                "bai",
                {
                    "fixed": "2880.00",
                    # 720.00 brought in, times 80.
                    "pooled": "686.57",
                    "seniority": "76.50",
                    "education": "150.00",
                    "results": "150.00",
                    # 2,880.00 + 76.50 + 150.00 are 193.50 short of the floor.
                    "lift": "193.50",
                },
                id="an ordinary one of three years, lifted to the floor",
            ),
            pytest.param(
                "cao",
                {
                    # 21 of 31 days of 3,600.00 are 2,438.71, of which four fifths are 1,950.968.
                    "fixed": "1950.97",
                    # 487.74 brought in, times 60.5.
                    "pooled": "351.73",
                    # 21 of 31 days of 420.00.
                    "lift": "284.52",
                },
                id="one who came on the eleventh",
            ),
        ],
    )
    async def test_pays_each_component_to_the_fen(
        self, office: Office, run_id: str, worker_id: str, earned: dict[str, str]
    ) -> None:
        slips = await office.slips(run_id)

        found = await office.lines(slips[worker_id], "earning")

        assert {code: str(amount) for code, amount in found.items()} == earned

    async def test_shares_the_pool_whole(self, office: Office, run_id: str) -> None:
        """1,280.00 + 720.00 + 487.74 come in; 95, 80 and 60.5 times as much weigh 208,708.27 in all."""
        slips = await office.slips(run_id)

        shares = [(await office.lines(slip))["pooled"] for slip in slips.values()]

        assert sum(shares) == Decimal("2487.74")

    @pytest.mark.parametrize(
        ("worker_id", "own", "employers", "tax", "net"),
        [
            # On 7,930.00: 634.40, and 79.30 rounded up to the yuan. Tax: 3 % of 8,099.44 - 5,000.00 - 714.40.
            pytest.param("an", "714.40", "1348.80", "71.55", "7313.49", id="taxed"),
            # On 4,170.00: 333.60, and 41.70 rounded up.
            pytest.param("bai", "375.60", "709.20", "0.00", "3760.97", id="not taxed"),
            # On the whole month's 4,020.00: 321.60, and 40.20 rounded up.
            pytest.param("cao", "362.60", "684.20", "0.00", "2224.62", id="by the whole month's pay"),
        ],
    )
    async def test_takes_contributions_and_tax(
        self, office: Office, run_id: str, worker_id: str, own: str, employers: str, tax: str, net: str
    ) -> None:
        slip = (await office.slips(run_id))[worker_id]

        figures = (slip.contributions, slip.employer_contributions, slip.tax, slip.net)

        assert [f"{Decimal(fen).scaleb(-2):.2f}" for fen in figures] == [own, employers, tax, net]

    async def test_keeps_the_level_somebody_had_and_pays_duty_on_top(self, office: Office) -> None:
        await hires(office, "fu", hired_on=date(2025, 7, 1))
        await office.enters("fu", MONTH, score="70.00", component__duty="88.80")
        standing: dict[str, Any] = {"worker_id": "fu", "code": "kept_level", "from_month": "2025-07", "amount": 450000}
        await office.run(entries.enter_standing, **standing)
        run_id = await office.opens(MONTH, area=STREET, staff=STAFF)
        await office.calculates(run_id)

        assert await office.set_aside(run_id) == []
        found = await office.lines((await office.slips(run_id))["fu"], "earning")

        # 2,880.00 + 720.00 + 420.00 are 480.00 short of the 4,500.00 had before.
        assert {code: str(amount) for code, amount in found.items()} == {
            "fixed": "2880.00",
            "pooled": "720.00",
            "lift": "420.00",
            "duty": "88.80",
            "kept": "480.00",
        }

    async def test_pays_part_timers_by_the_hour_each_half_of_the_month(self, office: Office) -> None:
        await hires(office, "dou", hired_on=date(2025, 9, 1), kind="labour_part_time")
        run_id = await office.opens(MONTH, area=STREET, staff=STAFF, cycle="first_half")
        await office.enters("dou", MONTH, cycle="first_half", hours="31.50")
        await office.calculates(run_id)

        slip = (await office.slips(run_id))["dou"]

        # 31.5 hours at 26.50; long-term care on half the floor of 2,000.00.
        found = {code: str(amount) for code, amount in (await office.lines(slip)).items()}
        assert found == {
            "by_the_hour": "834.75",
            "long_term_care_worker": "10.00",
            "long_term_care_employer": "10.00",
        }
        assert slip.net == 82475

    async def test_sets_aside_whom_its_table_has_no_amount_for(self, office: Office) -> None:
        await three_people(office)
        await hires(office, "eve", hired_on=date(2025, 7, 1), post_class="driver")
        await office.bench.save(judged("eve", "70.00", "qualified"))
        run_id = await office.opens(MONTH, area=STREET, staff=STAFF)

        run = await office.calculates(run_id)

        assert (run.workers, run.set_aside) == (3, 1)
        assert await office.set_aside(run_id) == [("eve", "table_key_unknown")]

    async def test_has_no_standard_for_a_class_that_it_does_not_know(self, office: Office) -> None:
        post = {"area": "970101", "staff": STAFF, "post_class": "driver", "grade": 4}

        with pytest.raises(Refused) as refused:
            await office.has_standard("3000.00", **post, starts_on=date(2025, 7, 1))

        assert refused.value.decisions[0].clause == "XT-1"
        assert [finding.code for finding in refused.value.decisions[0].value] == ["unknown_class", "unknown_grade"]

    async def test_holds_its_average_against_the_citys(self, office: Office, run_id: str) -> None:
        """14,823.23 for three people are 4,941.08 each, 358.92 below 5,300.00."""
        findings = {one["code"]: one for one in (await office.the_run(run_id)).findings}

        assert "358.92" in findings["below_reference"]["zh"]
        assert findings["below_reference"]["clause"] == "XT-4"

    async def test_names_the_figure_that_is_missing_and_begins_nothing(self, office: Office) -> None:
        await three_people(office)
        [row] = [one for one in await office.bench.rows(Parameter) if one.code == "table.education"]
        ended = date(2026, 1, 1)
        await office.bench.save(
            Parameter(
                **{
                    column: getattr(row, column)
                    for column in ("code", "area", "staff", "source", "confidence", "status")
                },
                **{column: getattr(row, column) for column in ("entered_by", "entered_on", "checked_by", "checked_on")},
                parameter_id="ended",
                starts_on=ended,
                value=None,
            )
        )
        run_id = await office.opens(MONTH, area=STREET, staff=STAFF)

        with pytest.raises(ParametersMissing) as missing:
            await office.queues(run_id)

        assert [one.code for one in missing.value.missing] == ["table.education"]
        assert (await office.the_run(run_id)).status == "open"
