from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.events import Event
from common.events.contracts import AgreementSigned, LeaveRecorded, WorkerLeft, WorkerTransferred
from common.events.evaluation import ConsequenceDecided, EvaluationGraded
from common.events.payroll import GradeChanged
from common.events.recruitment import WorkerHired
from common.events.registry import CertificateRegistered, OrganisationRegistered
from common.testing import Bench
from payroll.models import (
    Agreement,
    Attribute,
    Certificate,
    Change,
    EvaluationScore,
    GradeStep,
    Leave,
    Organisation,
    Payee,
    Placement,
)

PLACE = {"worker_id": "li", "area": "220102001002"}
POST = PLACE | {"staff": "community_worker", "organisation_id": "community-2", "post_class": "ordinary"}

HIRED = WorkerHired(
    **POST, application_id="a", plan_id="p", post_id="post", name="李某", account="issuer|li",
    identity_masked="220***********1234", identity_sealed="v1.k1.x", certificate_level="assistant_social_worker",
    education="bachelor", hired_on=date(2025, 1, 1),
)  # fmt: skip
SIGNED = AgreementSigned(
    **POST, agreement_id="agreement-1", kind="service_agreement", starts_on=date(2025, 1, 1),
    ends_on=date(2030, 1, 1), signed_on=date(2024, 12, 20), monthly_pay=Decimal("3900.00"),
    probation_ends_on=date(2025, 3, 1),
)  # fmt: skip
LEFT = WorkerLeft(
    **PLACE, staff="community_worker", case_id="case", ground="resigned", clause="JL-10", left_on=date(2026, 6, 1)
)

MOVED = WorkerTransferred(
    worker_id="li", transfer_id="transfer-1", from_area="220102001002", area="220102002001", staff="community_worker",
    organisation_id="community-9", post_class="committee_member", starts_on=date(2026, 4, 10),
)  # fmt: skip
LEAVE = LeaveRecorded(**PLACE, leave_id="leave-1", kind="sick", starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 9))


async def changes(bench: Bench) -> list[tuple[str, str]]:
    """What was noted, in the order of causes and months: the cause, and the month from which pay may differ."""
    return sorted((row.cause, row.from_month) for row in await bench.rows(Change))


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

    async def test_the_files_that_are_sent_out_have_name_and_sealed_number(self, bench: Bench) -> None:
        await hear(bench, HIRED)

        [payee] = await bench.rows(Payee)
        assert (payee.name, payee.identity_masked, payee.identity_sealed) == ("李某", "220***********1234", "v1.k1.x")

    async def test_probation_and_kind_come_from_the_agreement(self, bench: Bench) -> None:
        await hear(bench, SIGNED)

        [agreement] = await bench.rows(Agreement)
        assert (agreement.kind, agreement.probation_ends_on) == ("service_agreement", date(2025, 3, 1))

    @pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 3, 4, 1, 2, 4, 0, 1]])
    async def test_each_new_thing_is_noted_once_from_the_month_it_may_matter(
        self, bench: Bench, order: list[int]
    ) -> None:
        await hear(bench, *[(HIRED, SIGNED, LEFT, MOVED, LEAVE)[number] for number in order])

        assert await changes(bench) == [
            ("agreement", "2025-01"),
            ("attribute", "2025-01"),
            ("certificate", "2025-01"),
            ("leave", "2026-03"),
            ("left", "2026-06"),
            ("transfer", "2026-04"),
        ]


class TestPlacement:
    @pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [2, 0, 2, 1]])
    async def test_the_payee_lies_where_the_latest_transfer_leads(self, bench: Bench, order: list[int]) -> None:
        later = MOVED.model_copy(
            update={"transfer_id": "transfer-2", "area": "220102003001", "starts_on": date(2026, 9, 1)}
        )

        await hear(bench, *[(HIRED, MOVED, later)[number] for number in order])

        [payee] = await bench.rows(Payee)
        assert payee.area == "220102003001"
        assert sorted((row.starts_on, row.area) for row in await bench.rows(Placement)) == [
            (date(2026, 4, 10), "220102002001"),
            (date(2026, 9, 1), "220102003001"),
        ]


class TestLeave:
    async def test_a_withdrawn_leave_has_no_end_and_is_a_change_of_its_own(self, bench: Bench) -> None:
        await hear(bench, LEAVE, LEAVE.model_copy(update={"ends_on": None}))

        [leave] = await bench.rows(Leave)
        assert (leave.kind, leave.ends_on) == ("sick", None)
        assert await changes(bench) == [("leave", "2026-03"), ("leave", "2026-03")]


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

    async def test_a_later_day_for_the_same_level_changes_nothing(self, bench: Bench) -> None:
        await hear(
            bench, certificate("social_worker", date(2025, 9, 1)), certificate("social_worker", date(2026, 3, 9))
        )

        assert await changes(bench) == [("certificate", "2025-09")]

    async def test_a_professional_title_is_a_thing_the_scheme_may_pay_for(self, bench: Bench) -> None:
        titled = certificate("intermediate", date(2025, 9, 15)).model_copy(update={"kind": "professional_title"})

        await hear(bench, titled)

        [title] = await bench.rows(Attribute)
        assert (title.kind, title.value, title.starts_on) == ("title", "intermediate", date(2025, 9, 15))
        assert await bench.rows(Certificate) == []


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


class TestOrganisation:
    async def test_is_known_with_where_it_lies_as_last_told(self, bench: Bench) -> None:
        def registered(area: str, **figures: int) -> OrganisationRegistered:
            return OrganisationRegistered(
                organisation_id="union-1", name="某街道总工会", kind="street_union", area=area, **figures
            )

        await hear(bench, registered("320102001"), registered("320102001", workers=9), registered("320102002"))

        assert [(row.organisation_id, row.area) for row in await bench.rows(Organisation)] == [("union-1", "320102002")]
        assert await changes(bench) == []


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
        assert {row.grade for row in await bench.rows(EvaluationScore)} == {"qualified"}
        assert await changes(bench) == [("evaluation", "2025-01"), ("evaluation", "2026-01")]
