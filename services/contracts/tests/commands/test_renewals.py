from datetime import date, timedelta
from typing import Any

import pytest

from common.errors import Refused
from common.events.contracts import AgreementSigned
from common.events.registry import OrganisationRegistered
from common.testing import Bench
from contracts.commands.agreements import (
    AlreadyRenewed,
    TermsOverlap,
)
from contracts.models import Agreement, AgreementNotInState

MARCH = date(2024, 3, 1)
NEXT_MARCH = date(2025, 3, 1)
TERM_END = date(2026, 12, 1)


def found_in(refused: Refused) -> list[str]:
    return [finding["code"] for decision in refused.decisions for finding in decision.outcome]


class TestRenewAgreement:
    @pytest.mark.clause("JH-11a", "LAW-PW-04")
    async def test_goes_on_after_a_passed_evaluation_with_pay_and_duties_and_without_probation(
        self, jianghan: Any, bench: Bench
    ) -> None:
        signed = await self.signed_for_a_year(jianghan, probation_months=2)
        await jianghan.grade(y2024=True)

        renewal = await jianghan.renew(signed, NEXT_MARCH, date(2026, 3, 1))

        assert (renewal.status, renewal.renewal_of) == ("drafted", signed.agreement_id)
        assert (renewal.monthly_pay, renewal.duties) == (signed.monthly_pay, signed.duties)
        assert renewal.probation_months == 0
        decided = [(one.rule, one.clause) for one in await bench.decisions() if one.rule.startswith("renewal")]
        assert decided == [("renewal.permitted", "JH-11a"), ("renewal.longest_months", "LAW-PW-04")]
        signed_again = await jianghan.sign_all(renewal)
        assert (signed_again.status, signed_again.warnings) == ("signed", [])
        assert (await bench.sent(AgreementSigned))[-1].renewal_of == signed.agreement_id

    @pytest.mark.parametrize(
        ("grades", "found"),
        [
            pytest.param({}, "not_evaluated", id="without an evaluation"),
            pytest.param({"y2024": False}, "evaluation_failed", id="after a failed evaluation"),
        ],
    )
    @pytest.mark.parametrize(
        ("desk", "clause"),
        [
            pytest.param("jianghan", "JH-11a", marks=pytest.mark.clause("JH-11a")),
            pytest.param("jiangsu", "JS-8b", marks=pytest.mark.clause("JS-8b")),
        ],
    )
    async def test_is_refused_and_the_refusal_kept(
        self, request: pytest.FixtureRequest, bench: Bench, desk: str, clause: str, grades: Any, found: str
    ) -> None:
        office = request.getfixturevalue(desk)
        signed = await self.signed_for_a_year(office)
        await office.grade(**grades)

        with pytest.raises(Refused) as refused:
            await office.renew(signed, NEXT_MARCH, date(2026, 3, 1))

        assert found_in(refused.value) == [found]
        assert [one.status for one in await bench.rows(Agreement)] == ["signed"]
        (kept,) = await bench.decisions("renewal.permitted")
        assert (kept.clause, kept.permits, kept.subject) == (clause, False, "worker-1")

    @pytest.mark.clause("LAW-PW-04")
    async def test_public_welfare_ends_after_36_months(self, jianghan: Any) -> None:
        signed = await self.signed_for_a_year(jianghan)
        await jianghan.grade(y2024=True, y2025=True, y2026=True)
        for year in (2025, 2026):
            renewal = await jianghan.renew(signed, date(year, 3, 1), date(year + 1, 3, 1))
            signed = await jianghan.sign_all(renewal)

        with pytest.raises(Refused) as refused:
            await jianghan.renew(signed, date(2027, 3, 1), date(2028, 3, 1))

        assert found_in(refused.value) == ["over_longest_months"]
        assert refused.value.decisions[0].clause == "LAW-PW-04"

    @pytest.mark.clause("JH-11a")
    async def test_a_renewal_is_for_a_year_again(self, jianghan: Any) -> None:
        signed = await self.signed_for_a_year(jianghan)
        await jianghan.grade(y2024=True)

        with pytest.raises(Refused) as refused:
            await jianghan.renew(signed, NEXT_MARCH, date(2026, 2, 28))

        assert found_in(refused.value) == ["not_exact_months"]

    @pytest.mark.clause("JL-5a", "JL-9b")
    async def test_a_service_agreement_is_renewed_for_the_next_term_only(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=TERM_END)
        signed = await jilin.sign_all(await jilin.draft(date(2021, 12, 1), TERM_END))
        await jilin.grade(y2026=True)
        next_end = date(2031, 12, 1)

        with pytest.raises(Refused) as refused:
            await jilin.renew(signed, TERM_END, next_end)
        await self.say_term_ends(bench, next_end)
        renewal = await jilin.renew(signed, TERM_END, next_end)

        assert found_in(refused.value) == ["not_committee_term_end", "already_agreed_this_term"]
        assert (renewal.ends_on, renewal.kind) == (next_end, "service_agreement")

    async def test_openly_recruited_staff_renew_freely_under_labour_law(self, jianghan: Any) -> None:
        jianghan.staff = "open_recruitment"
        signed = await self.signed_for_a_year(jianghan)

        renewal = await jianghan.renew(signed, NEXT_MARCH, date(2028, 3, 1))

        assert renewal.clause == "LAW-LCL-12"

    async def test_only_the_latest_signed_agreement_is_renewed(self, jianghan: Any) -> None:
        signed = await self.signed_for_a_year(jianghan)
        await jianghan.grade(y2024=True)
        draft = await jianghan.renew(signed, NEXT_MARCH, date(2026, 3, 1))
        with pytest.raises(AgreementNotInState):
            await jianghan.renew(draft, date(2026, 3, 1), date(2027, 3, 1))
        await jianghan.sign_all(draft)

        with pytest.raises(AlreadyRenewed):
            await jianghan.renew(signed, date(2026, 3, 1), date(2027, 3, 1))

    async def test_does_not_begin_before_the_earlier_one_ends(self, jianghan: Any) -> None:
        signed = await self.signed_for_a_year(jianghan)
        await jianghan.grade(y2024=True)

        with pytest.raises(TermsOverlap):
            await jianghan.renew(signed, NEXT_MARCH - timedelta(days=1), date(2026, 2, 28))

    async def signed_for_a_year(self, desk: Any, **given: Any) -> Agreement:
        await desk.hire(on=MARCH)
        signed: Agreement = await desk.sign_all(await desk.draft(MARCH, NEXT_MARCH, **given))
        return signed

    async def say_term_ends(self, bench: Bench, day: date) -> None:
        said = {"organisation_id": "organisation-1", "name": "社区", "kind": "community", "area": "220102001002"}
        await bench.hear(OrganisationRegistered(**said, committee_term_ends_on=day))
