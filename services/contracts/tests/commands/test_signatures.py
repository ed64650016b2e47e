from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Role
from common.errors import SamePerson
from common.events.contracts import AgreementSigned
from common.testing import Bench, somebody
from contracts.commands.signatures import NotTheirSignature, SignedBeforeDrafting
from contracts.models import Agreement, AgreementNotInState, AlreadySigned, NotAParty
from contracts.queries import AgreementNotFound

MARCH = date(2024, 3, 1)
NEXT_MARCH = date(2025, 3, 1)
TERM_END = date(2026, 12, 1)


class TestSignAgreement:
    async def test_is_made_when_the_last_party_signs(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)

        half = await jiangsu.sign(draft, party=Role.WORKER, on=date(2024, 3, 5))
        assert (half.status, half.signed_on) == ("drafted", None)
        assert await bench.sent(AgreementSigned) == []
        whole = await jiangsu.sign(draft, party=Role.LEAD_DEPARTMENT, on=date(2024, 3, 4))

        assert (whole.status, whole.signed_on, whole.warnings) == ("signed", date(2024, 3, 5), [])
        (said,) = await bench.sent(AgreementSigned)
        assert said == AgreementSigned(
            agreement_id=draft.agreement_id,
            worker_id="worker-1",
            organisation_id="organisation-1",
            area="320102002",
            staff="union_worker",
            post_class="ordinary",
            kind="labour_fixed",
            starts_on=MARCH,
            ends_on=NEXT_MARCH,
            signed_on=date(2024, 3, 5),
            monthly_pay=Decimal("4200.00"),
        )

    @pytest.mark.clause("LAW-LCL-10")
    @pytest.mark.parametrize(
        ("signed_on", "warnings"),
        [
            pytest.param(date(2024, 3, 31), [], id="on the last day of the month"),
            pytest.param(date(2024, 4, 1), ["late_signing"], id="a day later"),
        ],
    )
    async def test_late_signing_is_kept_and_shown_but_not_refused(
        self, jiangsu: Any, bench: Bench, signed_on: date, warnings: list[str]
    ) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)

        signed = await jiangsu.sign_all(draft, on=signed_on)

        assert (signed.status, signed.warnings) == ("signed", warnings)
        (kept,) = await bench.decisions("agreement.signing_deadline")
        assert (kept.clause, kept.outcome) == ("LAW-LCL-10", not warnings)

    @pytest.mark.clause("LAW-LCL-10")
    async def test_the_month_counts_from_the_hiring_when_the_agreement_begins_later(self, jiangsu: Any) -> None:
        await jiangsu.hire(on=date(2024, 1, 1))

        signed = await jiangsu.sign_all(await jiangsu.draft(MARCH, NEXT_MARCH))

        assert signed.warnings == ["late_signing"]

    async def test_a_service_agreement_has_no_such_deadline(self, jilin: Any, bench: Bench) -> None:
        await jilin.hire(on=date(2021, 12, 1), term_ends_on=TERM_END)

        signed = await jilin.sign_all(await jilin.draft(date(2021, 12, 1), TERM_END), on=date(2022, 6, 1))

        assert signed.warnings == []
        assert await bench.decisions("agreement.signing_deadline") == []

    async def test_nobody_signs_for_another(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)
        other_worker = somebody(Role.WORKER, area="320102", subject="wang")
        other_office = somebody(Role.STREET_OFFICE, area="320102", subject="street")

        for party, actor in (
            (Role.WORKER, other_worker),
            (Role.WORKER, jiangsu.office),
            (Role.LEAD_DEPARTMENT, jiangsu.worker),
            (Role.LEAD_DEPARTMENT, other_office),
        ):
            with pytest.raises(NotTheirSignature):
                await jiangsu.sign(draft, party=party, on=MARCH, actor=actor)
        assert [one.signatures for one in await bench.rows(Agreement)] == [[]]

    async def test_the_worker_never_signs_for_the_office_too(self, jiangsu: Any) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)
        both = somebody(Role.WORKER, Role.LEAD_DEPARTMENT, area="320102", subject="chen")

        with pytest.raises(SamePerson):
            await jiangsu.sign(draft, party=Role.LEAD_DEPARTMENT, on=MARCH, actor=both)

    async def test_nobody_signs_for_two_offices(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)
        async with bench.session() as session, session.begin():
            row = await session.get_one(Agreement, draft.agreement_id)
            row.parties = ["lead_department", "street_office", "worker"]
        both = somebody(Role.LEAD_DEPARTMENT, Role.STREET_OFFICE, area="320102")
        await jiangsu.sign(draft, party=Role.LEAD_DEPARTMENT, on=MARCH, actor=both)

        with pytest.raises(SamePerson):
            await jiangsu.sign(draft, party=Role.STREET_OFFICE, on=MARCH, actor=both)

    async def test_only_parties_sign_and_each_once(self, jiangsu: Any) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)
        await jiangsu.sign(draft, party=Role.LEAD_DEPARTMENT, on=MARCH)

        with pytest.raises(NotAParty):
            await jiangsu.sign(draft, party=Role.STREET_OFFICE, on=MARCH)
        with pytest.raises(AlreadySigned):
            await jiangsu.sign(draft, party=Role.LEAD_DEPARTMENT, on=MARCH, actor=jiangsu.clerk("another"))

    async def test_is_not_signed_twice_or_before_it_was_drafted(self, jiangsu: Any) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)

        with pytest.raises(SignedBeforeDrafting):
            await jiangsu.sign(draft, party=Role.WORKER, on=date(2024, 2, 29))
        await jiangsu.sign_all(draft)
        with pytest.raises(AgreementNotInState):
            await jiangsu.sign(draft, party=Role.WORKER, on=MARCH)

    async def test_an_agreement_elsewhere_is_not_found(self, jiangsu: Any) -> None:
        await jiangsu.hire(on=MARCH)
        draft = await jiangsu.draft(MARCH, NEXT_MARCH)
        elsewhere = somebody(Role.LEAD_DEPARTMENT, area="320104")

        with pytest.raises(AgreementNotFound):
            await jiangsu.sign(draft, party=Role.LEAD_DEPARTMENT, on=MARCH, actor=elsewhere)
