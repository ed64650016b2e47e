import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from common.actors import Role
from common.errors import NotFound, Refused, SamePerson, WrongState
from common.events.contracts import WorkerLeft, WorkerTransferred
from common.events.payroll import ParameterChecked
from common.events.payroll_benefits import BenefitGranted, BenefitWithdrawn
from common.policy import NoClause, ParameterMissing
from common.testing import Bench, somebody
from payroll.commands import benefits as commands
from payroll.commands.parameters import ParameterInvalid, check_parameters, enter_parameter
from payroll.models import BenefitGrant, Change, Payee
from payroll.tests.benefits import (
    COMMUNITY,
    COUNTY,
    NEXT_COMMUNITY,
    NEXT_COUNTY,
    ON,
    STAFF,
    county_figures,
    grants,
    grants_otherwise,
    neighbour,
    registrar,
)
from payroll.tests.offices import Office

ALLOWANCE: dict[str, Any] = {"benefit": "emergency_allowance", "amount": Decimal("800.00"), "evidence": "审批表3号"}
CHECK_AFTER_SIX = [{"benefit": "medical_check", "label_zh": "体检", "after_months": 6}]


@pytest.fixture
async def li(office: Office, bench: Bench) -> str:
    """In service since January 2025 in a county that grants a check every two years."""
    await bench.save(*county_figures())
    await office.has_worker("li", account="http://issuer.example|li")
    return "li"


async def refusal(bench: Bench, **changes: Any) -> str:
    """The one finding that stands in the way; nothing is kept but the decision."""
    before = len(await bench.rows(BenefitGrant))
    with pytest.raises(Refused) as refused:
        await grants(bench, **changes)
    assert len(await bench.rows(BenefitGrant)) == before
    [finding] = [one for decision in refused.value.decisions for one in decision.value]
    assert refused.value.decisions[0].clause == "JL-5c"
    return str(finding.code)


async def serves_elsewhere_from(bench: Bench, day: date) -> None:
    place = {"area": NEXT_COMMUNITY, "staff": STAFF, "organisation_id": "next", "post_class": "ordinary"}
    said = {"transfer_id": "transfer-1", "worker_id": "li", "from_area": COMMUNITY, "starts_on": day}
    await bench.hear(WorkerTransferred(**said, **place))


@pytest.mark.clause("JL-5c")
class TestGrantBenefit:
    """JL-5c: a free medical check and an emergency allowance, by the figures of the county."""

    async def test_is_kept_decided_and_said(self, bench: Bench, li: str) -> None:
        grant = await grants(bench, note="与社区同批")

        [entitlement] = await bench.decisions("benefit.entitlement")
        [interval] = await bench.decisions("benefit.interval")
        [said] = await bench.sent(BenefitGranted)
        assert (grant.area, grant.staff, grant.organisation_id) == (COMMUNITY, STAFF, f"community-{COMMUNITY}")
        assert (grant.clause, grant.decision_id) == ("JL-5c", entitlement.decision_id)
        assert {entitlement.subject, interval.subject} == {grant.grant_id}
        assert (grant.amount, grant.note, grant.granted_by) == (None, "与社区同批", registrar.account)
        assert (said.grant_id, said.worker_id, said.granted_on, said.amount) == (grant.grant_id, "li", ON, None)
        assert said.clause == "JL-5c"
        assert await bench.decisions("benefit.limit") == []

    async def test_money_is_kept_in_fen_and_is_no_pay(self, bench: Bench, li: str) -> None:
        noted = len(await bench.rows(Change))
        grant = await grants(bench, **ALLOWANCE)

        [limit] = await bench.decisions("benefit.limit")
        [said] = await bench.sent(BenefitGranted)
        assert (grant.amount, said.amount, limit.subject) == (80_000, Decimal("800.00"), grant.grant_id)
        assert await bench.decisions("benefit.interval") == []
        assert len(await bench.rows(Change)) == noted

    @pytest.mark.parametrize(
        ("amount", "found"), [("2000.00", None), pytest.param("2000.01", "above_limit", id="no fen more")]
    )
    async def test_no_more_than_the_limit(self, bench: Bench, li: str, amount: str, found: str | None) -> None:
        given = ALLOWANCE | {"amount": Decimal(amount)}
        if found is None:
            assert (await grants(bench, **given)).amount == 200_000
        else:
            assert await refusal(bench, **given) == found

    @pytest.mark.parametrize(
        ("changes", "found"),
        [
            ({"benefit": "gym"}, "benefit_not_granted_here"),
            ({"benefit": "paid_leave"}, "recorded_as_leave"),
            ({"amount": Decimal("1.00")}, "not_paid_in_money"),
            (ALLOWANCE | {"amount": None}, "amount_missing"),
            pytest.param({"granted_on": date(2024, 12, 31)}, "not_in_service", id="the day before the first"),
        ],
    )
    async def test_refused_by_the_clause(self, bench: Bench, li: str, changes: dict[str, Any], found: str) -> None:
        assert await refusal(bench, **changes) == found
        assert [one.permits for one in await bench.decisions("benefit.entitlement")] == [False]
        assert await bench.sent(BenefitGranted) == []

    async def test_on_the_first_day_of_service(self, bench: Bench, li: str) -> None:
        assert (await grants(bench, granted_on=date(2025, 1, 1))).granted_on == date(2025, 1, 1)

    async def test_until_the_day_of_leaving(self, bench: Bench, li: str) -> None:
        case = {"case_id": "case-1", "ground": "resigned", "clause": "JL-10", "left_on": date(2026, 3, 1)}
        await bench.hear(WorkerLeft(worker_id="li", area=COMMUNITY, staff=STAFF, **case))

        assert await refusal(bench, granted_on=date(2026, 3, 1)) == "not_in_service"
        assert (await grants(bench, granted_on=date(2026, 2, 28))).granted_on == date(2026, 2, 28)

    async def test_not_on_a_day_to_come(self, bench: Bench, li: str) -> None:
        with pytest.raises(commands.GrantedInFuture):
            await grants(bench, granted_on=date(2026, 3, 21))

    async def test_not_by_who_receives_it(self, bench: Bench, li: str) -> None:
        async with bench.session() as session, session.begin():
            await session.execute(update(Payee).values(account=registrar.account))

        with pytest.raises(SamePerson):
            await grants(bench)

    async def test_not_where_no_document_speaks(self, office: Office, bench: Bench) -> None:
        await office.has_worker("wang", area="320102001001")
        elsewhere = somebody(Role.HUMAN_RESOURCES, area="3201")

        with pytest.raises(NoClause):
            await grants(bench, "wang", actor=elsewhere)

    async def test_not_before_the_county_has_said_how_often(self, office: Office, bench: Bench) -> None:
        await office.has_worker("li")
        with pytest.raises(ParameterMissing, match=r"benefit\.interval"):
            await grants(bench)
        with pytest.raises(ParameterMissing, match=r"benefit\.limit"):
            await grants(bench, **ALLOWANCE)

    async def test_not_to_somebody_of_another_county(self, bench: Bench, li: str) -> None:
        for worker_id in ("li", "nobody"):
            with pytest.raises(NotFound):
                await grants(bench, worker_id, actor=neighbour)


class TestFiguresOfTheCounty:
    @pytest.mark.parametrize(
        ("code", "value", "noted"),
        [
            ("benefit.interval", {"medical_check": 1}, 0),
            ("benefit.limit", {"emergency_allowance": "500.00"}, 0),
            ("table.level_step", {"social_worker": "1.00"}, 1),
        ],
    )
    async def test_change_nobodys_pay(self, bench: Bench, code: str, value: Any, noted: int) -> None:
        entered = {"code": code, "area": COUNTY, "staff": STAFF, "starts_on": date(2026, 1, 1), "value": value}
        row = await bench.run(
            enter_parameter, actor=registrar, **entered, source="县办法（虚构）", confidence="H", on=ON
        )
        chief = somebody(Role.HUMAN_RESOURCES, area=COUNTY, subject="chief")
        await bench.run(check_parameters, actor=chief, parameter_ids=(row.parameter_id,), on=ON)

        assert (len(await bench.rows(Change)), len(await bench.sent(ParameterChecked))) == (noted, 1)

    @pytest.mark.parametrize("years", [0, 21, "two"])
    async def test_are_years_that_make_sense(self, bench: Bench, years: Any) -> None:
        entered = {"code": "benefit.interval", "area": COUNTY, "staff": STAFF, "value": {"medical_check": years}}
        told: dict[str, Any] = {"starts_on": ON, "source": "县办法（虚构）", "confidence": "H", "on": ON}
        with pytest.raises(ParameterInvalid):
            await bench.run(enter_parameter, actor=registrar, **entered, **told)


class TestMonthsOfService:
    @pytest.mark.parametrize(
        ("granted_on", "found"),
        [(date(2025, 7, 1), None), pytest.param(date(2025, 6, 30), "not_entitled_yet", id="a day too early")],
    )
    async def test_count_from_the_first_agreement(
        self, bench: Bench, li: str, monkeypatch: pytest.MonkeyPatch, granted_on: date, found: str | None
    ) -> None:
        grants_otherwise(bench, monkeypatch, CHECK_AFTER_SIX)
        if found is None:
            assert (await grants(bench, granted_on=granted_on)).granted_on == granted_on
        else:
            assert await refusal(bench, granted_on=granted_on) == found

    async def test_count_from_the_day_of_hiring_where_it_is_known(
        self, bench: Bench, li: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        grants_otherwise(bench, monkeypatch, CHECK_AFTER_SIX)
        async with bench.session() as session, session.begin():
            await session.execute(update(Payee).values(hired_on=date(2024, 8, 15)))

        assert await refusal(bench, granted_on=date(2025, 2, 14)) == "not_entitled_yet"
        assert (await grants(bench, granted_on=date(2025, 2, 15))).clause == "JL-5c"


class TestClausesAddUp:
    """A document of the county beside the province's."""

    async def test_what_the_nearer_does_not_name_the_wider_may(
        self, bench: Bench, li: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gym = [{"benefit": "gym", "label_zh": "健身"}]
        grants_otherwise(bench, monkeypatch, gym, county=COUNTY)

        assert (await grants(bench, benefit="gym")).benefit == "gym"
        assert (await grants(bench)).benefit == "medical_check"
        assert await refusal(bench, benefit="canteen") == "benefit_not_granted_here"

    async def test_what_both_name_goes_by_the_nearer(
        self, bench: Bench, li: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        grants_otherwise(bench, monkeypatch, CHECK_AFTER_SIX, county=COUNTY)

        assert await refusal(bench, granted_on=date(2025, 6, 30)) == "not_entitled_yet"


class TestGrantedAlready:
    @pytest.mark.parametrize(
        ("granted_on", "found"),
        [
            pytest.param(date(2025, 1, 1), "granted_already", id="the year before, recorded late"),
            pytest.param(date(2026, 12, 31), "granted_already", id="the same year"),
            pytest.param(date(2027, 12, 31), "granted_already", id="the year after"),
            pytest.param(date(2028, 1, 1), None, id="when it comes round"),
        ],
    )
    async def test_in_the_period(self, bench: Bench, li: str, granted_on: date, found: str | None) -> None:
        await grants(bench)
        again: dict[str, Any] = {"granted_on": granted_on, "on": date(2028, 1, 1)}

        if found is None:
            await grants(bench, **again)
        else:
            assert await refusal(bench, **again) == found

    async def test_in_another_county(self, bench: Bench, li: str) -> None:
        await bench.save(*county_figures(NEXT_COUNTY))
        await grants(bench)
        await serves_elsewhere_from(bench, date(2026, 6, 1))
        later: dict[str, Any] = {"granted_on": date(2026, 6, 2), "on": date(2026, 6, 2)}

        with pytest.raises(NotFound):
            await grants(bench, **later)
        assert await refusal(bench, actor=neighbour, **later) == "granted_already"

    async def test_what_comes_as_needed_is_given_again(self, bench: Bench, li: str) -> None:
        await grants(bench, **ALLOWANCE)
        await grants(bench, **ALLOWANCE, granted_on=date(2026, 3, 19))

        assert len(await bench.rows(BenefitGrant)) == 2

    @pytest.mark.parametrize("given", [{}, ALLOWANCE], ids=["a check", "money"])
    async def test_told_twice_is_one_grant(self, bench: Bench, li: str, given: dict[str, Any]) -> None:
        first, second = await grants(bench, **given), await grants(bench, **given)

        assert first.grant_id == second.grant_id
        assert (len(await bench.rows(BenefitGrant)), len(await bench.sent(BenefitGranted))) == (1, 1)
        assert len(await bench.decisions("benefit.entitlement")) == 1

    @pytest.mark.parametrize("other", [{"amount": Decimal("900.00")}, {"evidence": "审批表4号"}, {"note": "第二次"}])
    async def test_of_a_day_told_otherwise_is_named(self, bench: Bench, li: str, other: dict[str, Any]) -> None:
        first = await grants(bench, **ALLOWANCE)

        with pytest.raises(commands.GrantedThatDay) as stopped:
            await grants(bench, **(ALLOWANCE | other))
        assert first.grant_id in stopped.value.detail("zh")
        assert "应急补贴" in stopped.value.detail("zh")

    async def test_of_two_at_once_the_second_waits_for_the_first(self, bench: Bench, li: str) -> None:
        async with bench.transaction(registrar) as tx:
            given: dict[str, Any] = {"worker_id": li, "benefit": "medical_check", "evidence": "体检通知〔2026〕1号"}
            await commands.grant_benefit(tx, **given, granted_on=date(2026, 3, 19), on=ON)
            second = asyncio.create_task(grants(bench))
            await asyncio.wait([second], timeout=0.5)
            assert not second.done()

        with pytest.raises(Refused):
            await second
        assert len(await bench.rows(BenefitGrant)) == 1


class TestWithdrawBenefit:
    async def withdraws(self, bench: Bench, grant: BenefitGrant, *, actor: Any = registrar, on: date = ON) -> Any:
        given = {"grant_id": grant.grant_id, "reason": "实际未参加", "on": on}
        return await bench.run(commands.withdraw_benefit, actor=actor, **given)

    async def test_keeps_the_row_with_the_reason_and_frees_the_period(self, bench: Bench, li: str) -> None:
        grant = await grants(bench, note="同批")
        await self.withdraws(bench, grant)
        again = await grants(bench, note="同批")

        kept = {row.grant_id: row for row in await bench.rows(BenefitGrant)}
        first = kept[grant.grant_id]
        assert (first.note, first.granted_on, first.decision_id) == ("同批", ON, grant.decision_id)
        assert (first.withdrawn_by, first.withdrawal_reason) == (registrar.account, "实际未参加")
        assert (len(kept), kept[again.grant_id].withdrawn_on) == (2, None)
        [said] = await bench.sent(BenefitWithdrawn)
        assert (said.grant_id, said.benefit, said.withdrawn_on) == (grant.grant_id, "medical_check", ON)
        assert "reason" not in said.model_dump_json()

    async def test_once(self, bench: Bench, li: str) -> None:
        grant = await grants(bench)
        await self.withdraws(bench, grant)

        with pytest.raises(WrongState):
            await self.withdraws(bench, grant)
        assert len(await bench.sent(BenefitWithdrawn)) == 1

    async def test_on_its_day_and_not_before_it(self, bench: Bench, li: str) -> None:
        grant = await grants(bench)
        with pytest.raises(commands.WithdrawnBeforeGranted):
            await self.withdraws(bench, grant, on=date(2026, 3, 19))
        assert (await self.withdraws(bench, grant, on=ON)).withdrawn_on == ON

    async def test_not_by_another_county_nor_by_who_received_it(self, bench: Bench, li: str) -> None:
        grant = await grants(bench)
        with pytest.raises(NotFound):
            await self.withdraws(bench, grant, actor=neighbour)
        async with bench.session() as session, session.begin():
            await session.execute(update(Payee).values(account=registrar.account))
        with pytest.raises(SamePerson):
            await self.withdraws(bench, grant)


class TestCorrectBenefit:
    async def corrects(self, bench: Bench, grant: BenefitGrant, **changes: Any) -> BenefitGrant:
        given = {"granted_on": ON, "evidence": "审批表3号", "reason": "录错", "on": ON} | changes
        corrected: BenefitGrant = await bench.run(
            commands.correct_benefit, actor=registrar, grant_id=grant.grant_id, **given
        )
        return corrected

    async def test_puts_another_in_its_place_and_keeps_the_first(self, bench: Bench, li: str) -> None:
        grant = await grants(bench, **ALLOWANCE)
        corrected = await self.corrects(bench, grant, amount=Decimal("80.00"))

        kept = {row.grant_id: row for row in await bench.rows(BenefitGrant)}
        assert (kept[grant.grant_id].amount, kept[grant.grant_id].withdrawal_reason) == (80_000, "录错")
        assert (corrected.amount, corrected.corrects, corrected.withdrawn_on) == (8_000, grant.grant_id, None)
        assert [said.grant_id for said in await bench.sent(BenefitWithdrawn)] == [grant.grant_id]
        assert [said.corrects for said in await bench.sent(BenefitGranted)] == [None, grant.grant_id]
        assert {one.subject for one in await bench.decisions("benefit.limit")} == {grant.grant_id, corrected.grant_id}

    async def test_the_day_within_the_same_period(self, bench: Bench, li: str) -> None:
        grant = await grants(bench)

        assert (await self.corrects(bench, grant, granted_on=date(2025, 12, 31))).granted_on == date(2025, 12, 31)

    async def test_refused_leaves_the_first_as_it_was(self, bench: Bench, li: str) -> None:
        grant = await grants(bench, **ALLOWANCE)

        with pytest.raises(Refused):
            await self.corrects(bench, grant, amount=Decimal("2000.01"))
        [kept] = await bench.rows(BenefitGrant)
        assert (kept.grant_id, kept.withdrawn_on) == (grant.grant_id, None)
        assert await bench.sent(BenefitWithdrawn) == []

    async def test_not_onto_a_day_that_has_one(self, bench: Bench, li: str) -> None:
        await grants(bench, **ALLOWANCE, granted_on=date(2026, 3, 1))
        grant = await grants(bench, **ALLOWANCE)

        with pytest.raises(commands.GrantedThatDay):
            await self.corrects(bench, grant, granted_on=date(2026, 3, 1), amount=Decimal("700.00"))
        assert [row.withdrawn_on for row in await bench.rows(BenefitGrant)] == [None, None]

    async def test_once(self, bench: Bench, li: str) -> None:
        grant = await grants(bench)
        await self.corrects(bench, grant)

        with pytest.raises(WrongState):
            await self.corrects(bench, grant)
        assert len(await bench.rows(BenefitGrant)) == 2
