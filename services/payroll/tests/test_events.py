from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.events import Event
from common.events.contracts import AgreementSigned, WorkerLeft
from common.events.evaluation import ConsequenceDecided, EvaluationGraded
from common.events.payroll import GradeChanged
from common.events.recruitment import WorkerHired
from common.events.registry import CertificateRegistered
from common.testing import Bench
from payroll.models import Agreement, Certificate, EvaluationScore, GradeStep, Payee

PLACE = {"worker_id": "li", "area": "220102001002"}
POST = PLACE | {"staff": "community_worker", "organisation_id": "community-2", "post_class": "ordinary"}

HIRED = WorkerHired(
    **POST, application_id="a", plan_id="p", post_id="post", name="李某", account="issuer|li",
    identity_masked="220***********1234", identity_sealed="v1.k1.x", certificate_level="assistant_social_worker",
    hired_on=date(2025, 1, 1),
)  # fmt: skip
SIGNED = AgreementSigned(
    **POST, agreement_id="agreement-1", kind="service_agreement", starts_on=date(2025, 1, 1),
    ends_on=date(2030, 1, 1), signed_on=date(2024, 12, 20), monthly_pay=Decimal("3900.00"),
)  # fmt: skip
LEFT = WorkerLeft(
    **PLACE, staff="community_worker", case_id="case", ground="resigned", clause="JL-10", left_on=date(2026, 6, 1)
)


def certificate(level: str, on: date) -> CertificateRegistered:
    return CertificateRegistered(
        **PLACE, certificate_id=f"{level}-{on}", kind="social_work", level=level, registered_on=on
    )


def step(consequence_id: str, on: date, **changes: Any) -> ConsequenceDecided:
    given = PLACE | {"staff": "community_worker", "year": 2025, "kind": "pay_step_up", "approved": True}
    return ConsequenceDecided(consequence_id=consequence_id, decided_on=on, **(given | changes))


async def hear(bench: Bench, *events: Event) -> None:
    for number, event in enumerate(events, start=1):
        await bench.hear(event, sequence=number)


class TestPayee:
    @pytest.mark.parametrize(
        "order", [pytest.param([0, 1, 2], id="in order"), pytest.param([2, 1, 0], id="in reverse"),
                  pytest.param([1, 2, 0, 1, 0, 2], id="twice and mixed")]
    )  # fmt: skip
    async def test_is_the_same_in_whatever_order_it_is_told(self, bench: Bench, order: list[int]) -> None:
        await hear(bench, *[(HIRED, SIGNED, LEFT)[number] for number in order])

        [payee] = await bench.rows(Payee)
        [agreement] = await bench.rows(Agreement)
        assert (payee.account, payee.hired_on, payee.left_on) == ("issuer|li", date(2025, 1, 1), date(2026, 6, 1))
        assert (payee.area, agreement.monthly_pay) == ("220102001002", Decimal("3900.00"))

    async def test_keeps_no_name_and_no_number(self) -> None:
        assert not {"name", "identity_masked", "identity_sealed"} & set(Payee.__table__.columns.keys())


class TestCertificate:
    async def test_each_level_counts_from_its_earliest_day(self, bench: Bench) -> None:
        await hear(
            bench,
            certificate("social_worker", date(2026, 3, 9)),
            HIRED,
            certificate("social_worker", date(2025, 9, 1)),
        )

        assert {row.level: row.registered_on for row in await bench.rows(Certificate)} == {
            "assistant_social_worker": date(2025, 1, 1),
            "social_worker": date(2025, 9, 1),
        }


class TestGradeStep:
    async def test_begins_with_the_month_after_the_decision(self, bench: Bench) -> None:
        await hear(bench, step("c-1", date(2025, 12, 31)), step("c-2", date(2026, 2, 1)))

        assert [row.starts_on for row in await bench.rows(GradeStep)] == [date(2026, 1, 1), date(2026, 3, 1)]
        assert await bench.sent(GradeChanged) == [
            GradeChanged(worker_id="li", area="220102001002", grade=2, starts_on=date(2026, 1, 1)),
            GradeChanged(worker_id="li", area="220102001002", grade=3, starts_on=date(2026, 3, 1)),
        ]

    @pytest.mark.parametrize(
        ("decided_on", "starts_on"),
        [(date(9999, 11, 30), date(9999, 12, 1)), (date(9999, 12, 15), date(9999, 12, 31))],
    )
    async def test_does_not_leave_the_calendar(self, bench: Bench, decided_on: date, starts_on: date) -> None:
        await hear(bench, step("c-1", decided_on))

        assert [row.starts_on for row in await bench.rows(GradeStep)] == [starts_on]

    async def test_is_one_step_when_told_twice(self, bench: Bench) -> None:
        event_id = await bench.hear(step("c-1", date(2026, 2, 1)))
        await bench.hear(step("c-1", date(2026, 2, 1)), event_id=event_id)
        await bench.hear(step("c-1", date(2026, 2, 1)), sequence=2)

        assert len(await bench.rows(GradeStep)) == 1
        assert len(await bench.sent(GradeChanged)) == 1

    @pytest.mark.parametrize("changes", [{"approved": False}, {"kind": "admonition_talk"}])
    async def test_is_not_taken_for(self, bench: Bench, changes: dict[str, Any]) -> None:
        await hear(bench, step("c-1", date(2026, 2, 1), **changes))

        assert await bench.rows(GradeStep) == []
        assert await bench.sent() == []


class TestEvaluationScore:
    async def test_is_kept_by_year(self, bench: Bench) -> None:
        def graded(year: int, score: str) -> EvaluationGraded:
            return EvaluationGraded(
                **PLACE, evaluation_id=f"e-{year}", staff="community_worker", year=year, score=Decimal(score),
                grade="qualified", passed=True, clause="JL-9a",
            )  # fmt: skip

        await hear(bench, graded(2025, "88.50"), graded(2024, "70"), graded(2025, "88.50"))

        assert {row.year: row.score for row in await bench.rows(EvaluationScore)} == {
            2025: Decimal("88.50"),
            2024: Decimal("70.00"),
        }
