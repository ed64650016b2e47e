from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.events.evaluation import ConsequenceDecided, EvaluationGraded
from common.events.recruitment import WorkerHired
from common.events.registry import OrganisationRegistered
from common.tables import ParkedMessage
from common.testing import Bench
from contracts.models import Engagement, Organisation, RenewalProposal, YearlyGrade

AREA = "220102001002"
TERM_END = date(2026, 12, 1)


def registered(**given: Any) -> OrganisationRegistered:
    usual = {"organisation_id": "community-1", "name": "长春社区", "kind": "community", "area": AREA}
    return OrganisationRegistered(**{**usual, "committee_term_ends_on": TERM_END, **given})


def hired(**given: Any) -> WorkerHired:
    usual: dict[str, Any] = {
        "worker_id": "worker-1",
        "application_id": "application-1",
        "plan_id": "plan-1",
        "organisation_id": "community-1",
        "post_id": "post-1",
        "area": AREA,
        "staff": "community_worker",
        "post_class": "ordinary",
        "name": "陈静",
        "account": "issuer|chen",
        "identity_masked": "220***********1234",
        "identity_sealed": "v1.k1.AAAA",
        "hired_on": date(2021, 12, 1),
    }
    return WorkerHired(**{**usual, **given})


def graded(*, year: int = 2023, passed: bool = True) -> EvaluationGraded:
    return EvaluationGraded(
        evaluation_id="evaluation-1",
        worker_id="worker-1",
        area=AREA,
        staff="community_worker",
        year=year,
        score=Decimal("81.50"),
        grade="qualified" if passed else "not_qualified",
        passed=passed,
        clause="JL-9a",
    )


def decided(kind: str, *, approved: bool) -> ConsequenceDecided:
    return ConsequenceDecided(
        consequence_id="consequence-1",
        worker_id="worker-1",
        area=AREA,
        staff="community_worker",
        year=2023,
        kind=kind,
        approved=approved,
        decided_on=date(2024, 1, 20),
    )


class TestKeepOrganisation:
    async def test_is_the_same_when_told_twice_and_follows_the_latest_figures(self, bench: Bench) -> None:
        for event in (registered(), registered(), registered(committee_term_ends_on=date(2031, 12, 1))):
            await bench.hear(event)

        (row,) = await bench.rows(Organisation)
        assert (row.organisation_id, row.area, row.committee_term_ends_on) == ("community-1", AREA, date(2031, 12, 1))

    async def test_forgets_a_term_that_is_no_longer_said(self, bench: Bench) -> None:
        await bench.hear(registered())
        await bench.hear(registered(committee_term_ends_on=None))

        assert [row.committee_term_ends_on for row in await bench.rows(Organisation)] == [None]


class TestKeepEngagement:
    async def test_is_the_same_when_told_twice(self, bench: Bench) -> None:
        await bench.hear(hired())
        await bench.hear(hired())

        (row,) = await bench.rows(Engagement)
        assert (row.worker_id, row.account, row.hired_on, row.active) == (
            "worker-1",
            "issuer|chen",
            date(2021, 12, 1),
            True,
        )

    async def test_nobody_comes_back_by_being_told_of_again(self, bench: Bench) -> None:
        await bench.hear(hired())
        async with bench.session() as session, session.begin():
            (await session.get_one(Engagement, "worker-1")).left_on = date(2024, 4, 15)

        await bench.hear(hired())

        assert [row.left_on for row in await bench.rows(Engagement)] == [date(2024, 4, 15)]


class TestKeepGrade:
    async def test_keeps_a_grade_that_comes_before_the_hire(self, bench: Bench) -> None:
        await bench.hear(graded(passed=False))
        await bench.hear(hired())

        (row,) = await bench.rows(YearlyGrade)
        assert (row.worker_id, row.year, row.grade, row.passed) == ("worker-1", 2023, "not_qualified", False)
        assert await bench.rows(ParkedMessage) == []

    async def test_keeps_one_grade_for_each_year_and_the_latest_word_on_it(self, bench: Bench) -> None:
        for event in (graded(year=2022), graded(passed=False), graded(passed=False), graded(passed=True)):
            await bench.hear(event)

        rows = sorted((row.year, row.passed) for row in await bench.rows(YearlyGrade))
        assert rows == [(2022, True), (2023, True)]


class TestKeepRenewalProposal:
    @pytest.mark.parametrize(
        ("kind", "approved", "declined"),
        [
            pytest.param("renewal", True, False, id="renewal approved"),
            pytest.param("renewal", False, True, id="renewal not approved"),
            pytest.param("no_renewal", True, True, id="ending approved"),
            pytest.param("no_renewal", False, False, id="ending not approved"),
        ],
    )
    async def test_knows_whether_renewal_was_decided_against(
        self, bench: Bench, kind: str, approved: bool, declined: bool
    ) -> None:
        await bench.hear(decided(kind, approved=approved))
        await bench.hear(decided(kind, approved=approved))

        assert [(row.year, row.declined) for row in await bench.rows(RenewalProposal)] == [(2023, declined)]

    async def test_other_consequences_do_not_matter_here(self, bench: Bench) -> None:
        await bench.hear(decided("pay_step_up", approved=True))

        assert await bench.rows(RenewalProposal) == []
