from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import Refused
from common.events.contracts import AgreementDrafted, AgreementSigned
from common.policy import NoClause
from common.testing import Bench, somebody
from contracts import commands
from contracts.commands.agreements import (
    AgreementMade,
    NoProbationForeseen,
    StartsBeforeHiring,
    TermTurnedAround,
)
from contracts.models import Agreement, AgreementNotInState, Engagement, PartTime, WorkerHasLeft
from contracts.queries import WorkerNotFound

MARCH = date(2024, 3, 1)
NEXT_MARCH = date(2025, 3, 1)
TERM_END = date(2026, 12, 1)


def found_in(refused: Refused) -> list[str]:
    return [finding["code"] for decision in refused.decisions for finding in decision.outcome]


class TestPartTime:
    """Part-time work is paid by the hour, has few hours and no probation."""

    @pytest.mark.clause("LAW-LCL-68")
    @pytest.mark.parametrize(
        ("a_day", "a_week", "probation_months", "found"),
        [
            pytest.param("4", "24", 0, [], id="up to its limits"),
            pytest.param("4.01", "24", 0, ["too_many_hours"], id="not longer a day"),
            pytest.param("4", "24.01", 0, ["too_many_hours"], id="not longer a week"),
            pytest.param("4", "20", 1, ["probation_too_long"], id="not on probation"),
        ],
    )
    async def test_is_agreed_on(
        self, jianghan: Any, bench: Bench, a_day: str, a_week: str, probation_months: int, found: list[str]
    ) -> None:
        await jianghan.hire(on=MARCH)
        given = {"part_time": PartTime(Decimal(a_day), Decimal(a_week)), "probation_months": probation_months}

        if found:
            with pytest.raises(Refused) as refused:
                await jianghan.draft(MARCH, NEXT_MARCH, **given)
            assert found_in(refused.value) == found
        else:
            agreement = await jianghan.agrees(MARCH, NEXT_MARCH, **given)
            assert (agreement.kind, agreement.part_time) == ("labour_part_time", given["part_time"])
            assert [said.kind for said in await bench.sent(AgreementSigned)] == ["labour_part_time"]

    async def test_goes_on_in_its_renewal(self, jianghan: Any) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.grade(y2024=True)
        first = await jianghan.agrees(MARCH, NEXT_MARCH, part_time=PartTime(Decimal(4), Decimal(20)))

        renewal = await jianghan.renew(first, NEXT_MARCH, date(2026, 3, 1))

        assert (renewal.kind, renewal.hours_a_week) == ("labour_part_time", Decimal(20))

    async def test_is_not_known_where_no_labour_contract_is_made(self, jilin: Any) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=TERM_END)

        with pytest.raises(NoClause):
            await jilin.draft(date(2021, 12, 1), TERM_END, part_time=PartTime(Decimal(4), Decimal(20)))


class TestDraftAgreement:
    @pytest.mark.clause("JH-11a", "LAW-LCL-19")
    async def test_takes_kind_and_parties_from_the_clause(self, jianghan: Any, bench: Bench) -> None:
        await jianghan.hire(on=MARCH)

        agreement = await jianghan.draft(MARCH, NEXT_MARCH, probation_months=2)

        assert (agreement.kind, agreement.clause, agreement.status) == ("labour_fixed", "JH-11a", "drafted")
        assert agreement.parties == ["lead_department", "worker"]
        assert [one.agreement_id for one in await bench.sent(AgreementDrafted)] == [agreement.agreement_id]
        decisions = [(one.rule, one.clause, one.permits, one.subject) for one in await bench.decisions()]
        assert decisions == [
            ("agreement.term", "JH-11a", True, "worker-1"),
            ("probation.longest_months", "LAW-LCL-19", True, "worker-1"),
            ("agreement.parties", "JH-11a", True, "worker-1"),
        ]

    @pytest.mark.clause("JH-11a")
    @pytest.mark.parametrize("ends_on", [NEXT_MARCH - timedelta(days=1), NEXT_MARCH + timedelta(days=1)])
    async def test_refuses_any_other_length_and_keeps_the_refusal(
        self, jianghan: Any, bench: Bench, ends_on: date
    ) -> None:
        await jianghan.hire(on=MARCH)

        with pytest.raises(Refused) as refused:
            await jianghan.draft(MARCH, ends_on)

        assert found_in(refused.value) == ["not_exact_months"]
        assert await bench.rows(Agreement) == []
        assert await bench.sent() == []
        (kept,) = await bench.decisions()
        assert (kept.clause, kept.permits, kept.subject) == ("JH-11a", False, "worker-1")

    @pytest.mark.clause("JL-5a")
    async def test_a_service_agreement_ends_with_the_committees(self, jilin: Any) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=TERM_END)

        agreement = await jilin.draft(date(2021, 12, 1), TERM_END)

        assert (agreement.kind, agreement.parties) == ("service_agreement", ["street_office", "worker"])

    @pytest.mark.clause("JL-5a")
    @pytest.mark.parametrize(
        ("term_ends_on", "ends_on", "found"),
        [
            pytest.param(TERM_END, TERM_END - timedelta(days=1), "not_committee_term_end", id="a day before"),
            pytest.param(TERM_END, TERM_END + timedelta(days=1), "not_committee_term_end", id="a day after"),
            pytest.param(None, TERM_END, "committee_term_unknown", id="when the term is not known"),
        ],
    )
    async def test_a_service_agreement_is_refused(
        self, jilin: Any, bench: Bench, term_ends_on: date | None, ends_on: date, found: str
    ) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=term_ends_on)

        with pytest.raises(Refused) as refused:
            await jilin.draft(date(2021, 12, 1), ends_on)

        assert found_in(refused.value) == [found]
        assert [(one.clause, one.permits) for one in await bench.decisions()] == [("JL-5a", False)]

    @pytest.mark.clause("LAW-LCL-19")
    async def test_probation_at_the_limit_and_one_month_beyond(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)

        with pytest.raises(Refused) as refused:
            await jiangsu.draft(MARCH, NEXT_MARCH, probation_months=3)
        agreement = await jiangsu.draft(MARCH, NEXT_MARCH, probation_months=2)

        assert found_in(refused.value) == ["probation_too_long"]
        assert agreement.probation_months == 2
        assert [one.permits for one in await bench.decisions("probation.longest_months")] == [False, True]

    async def test_no_probation_where_no_clause_foresees_one(self, jilin: Any) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=TERM_END)

        with pytest.raises(NoProbationForeseen):
            await jilin.draft(date(2021, 12, 1), TERM_END, probation_months=1)

    async def test_purchased_staff_have_no_agreement_here(self, jianghan: Any) -> None:
        jianghan.staff = "purchased_service"
        await jianghan.hire(on=MARCH)

        with pytest.raises(NoClause):
            await jianghan.draft(MARCH, NEXT_MARCH)

    async def test_a_new_draft_takes_the_place_of_one_not_signed_by_all(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)
        first = await jiangsu.draft(MARCH, NEXT_MARCH)
        await jiangsu.sign(first, party=Role.LEAD_DEPARTMENT, on=MARCH)

        second = await jiangsu.draft(MARCH, date(2026, 3, 1))

        states = {one.agreement_id: one.status for one in await bench.rows(Agreement)}
        assert states == {first.agreement_id: "withdrawn", second.agreement_id: "drafted"}
        with pytest.raises(AgreementNotInState):
            await jiangsu.sign(first, party=Role.WORKER, on=MARCH)

    @pytest.mark.clause("JL-5a")
    async def test_a_draft_never_signed_does_not_count_as_the_one_of_the_term(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=TERM_END)
        for _ in range(3):
            await jilin.draft(date(2021, 12, 1), TERM_END)

        assert sorted(one.status for one in await bench.rows(Agreement)) == ["drafted", "withdrawn", "withdrawn"]

    async def test_a_refused_draft_leaves_the_old_one_in_place(self, jianghan: Any, bench: Bench) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.draft(MARCH, NEXT_MARCH)

        with pytest.raises(Refused):
            await jianghan.draft(MARCH, date(2026, 3, 1))

        assert [one.status for one in await bench.rows(Agreement)] == ["drafted"]

    async def test_whoever_has_an_agreement_gets_the_next_by_renewal(self, jianghan: Any) -> None:
        await jianghan.hire(on=MARCH)
        await jianghan.sign_all(await jianghan.draft(MARCH, NEXT_MARCH))

        with pytest.raises(AgreementMade):
            await jianghan.draft(NEXT_MARCH, date(2026, 3, 1))

    async def test_days_must_make_sense(self, jiangsu: Any) -> None:
        await jiangsu.hire(on=MARCH)

        with pytest.raises(TermTurnedAround):
            await jiangsu.draft(MARCH, MARCH)
        with pytest.raises(StartsBeforeHiring):
            await jiangsu.draft(MARCH - timedelta(days=1), NEXT_MARCH)

    async def test_a_worker_elsewhere_is_not_found(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)
        given = {"starts_on": MARCH, "ends_on": NEXT_MARCH, "probation_months": 0, "monthly_pay": None}
        words = {"duties": "维权", "place": "街道", "on": MARCH}

        for worker_id, area in (("worker-1", "320104"), ("worker-2", "320102")):
            actor = somebody(Role.LEAD_DEPARTMENT, area=area)
            with pytest.raises(WorkerNotFound):
                await bench.run(commands.draft_agreement, actor=actor, worker_id=worker_id, **given, **words)

    async def test_nobody_who_left_gets_an_agreement(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)
        async with bench.session() as session, session.begin():
            (await session.get_one(Engagement, "worker-1")).left_on = date(2024, 6, 1)

        with pytest.raises(WorkerHasLeft):
            await jiangsu.draft(date(2024, 7, 1), NEXT_MARCH)
