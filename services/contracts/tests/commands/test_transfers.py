from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, Refused, SamePerson
from common.events.contracts import WorkerTransferred
from common.testing import ISSUER, Bench, somebody
from contracts import commands
from contracts.commands.transfers import NoAgreementToCarry, NowhereNew, TransferBeforeLast, TransferDuringExit
from contracts.models import Agreement, Engagement, Organisation, Transfer, YearlyGrade

MARCH, JULY = date(2024, 3, 1), date(2024, 7, 1)
CITY = somebody(Role.LEAD_DEPARTMENT, area="3201", subject="city clerk")


@pytest.fixture(autouse=True)
async def _engaged(jiangsu: Any, bench: Bench) -> None:
    await jiangsu.hire(on=MARCH)
    await jiangsu.agrees(MARCH, date(2026, 3, 1))
    await bench.save(
        Organisation(organisation_id="organisation-2", area="320106001", committee_term_ends_on=None),
        Organisation(organisation_id="organisation-3", area="320506001", committee_term_ends_on=None),
    )


async def transfer(bench: Bench, **given: Any) -> Transfer:
    usual: dict[str, Any] = {
        "worker_id": "worker-1", "organisation_id": "organisation-2", "post_class": "ordinary", "starts_on": JULY,
        "consented_on": date(2024, 6, 20), "consent": "见本人签字的调动同意书", "on": date(2024, 6, 25),
    }  # fmt: skip
    actor = given.pop("actor", CITY)
    moved: Transfer = await bench.run(commands.transfer_worker, actor=actor, **(usual | given))
    return moved


class TestTransferWorker:
    """JS-4d: within the city, with the consent of both sides; the agreement goes on."""

    @pytest.mark.clause("JS-4d")
    async def test_moves_the_worker_and_says_so(self, bench: Bench) -> None:
        moved = await transfer(bench)

        [engagement] = await bench.rows(Engagement)
        assert (engagement.area, engagement.organisation_id) == ("320106001", "organisation-2")
        assert moved.clause == "JS-4d"
        assert await bench.sent(WorkerTransferred) == [
            WorkerTransferred(
                transfer_id=moved.transfer_id, worker_id="worker-1", from_area="320102002", area="320106001",
                staff="union_worker", organisation_id="organisation-2", post_class="ordinary", starts_on=JULY,
            )
        ]  # fmt: skip
        assert [(one.rule, one.permits) for one in await bench.decisions("transfer.permitted")] == [
            ("transfer.permitted", True)
        ]

    @pytest.mark.clause("JS-4d")
    async def test_refuses_another_city_and_keeps_the_refusal(self, bench: Bench) -> None:
        with pytest.raises(Refused):
            await transfer(bench, organisation_id="organisation-3", actor=somebody(Role.LEAD_DEPARTMENT, area="32"))

        assert await bench.rows(Transfer) == []
        assert [one.permits for one in await bench.decisions("transfer.permitted")] == [False]

    async def test_only_an_office_that_answers_for_both_places(self, bench: Bench) -> None:
        for area in ("320102", "320106"):
            with pytest.raises(NotFound):
                await transfer(bench, actor=somebody(Role.LEAD_DEPARTMENT, area=area))

    async def test_the_new_office_goes_on_with_the_agreement(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.grade(y2025=True)
        await transfer(bench)
        [agreement] = await bench.rows(Agreement)
        there = somebody(Role.LEAD_DEPARTMENT, area="320106")

        renewal = await bench.run(
            commands.renew_agreement, actor=there, agreement_id=agreement.agreement_id,
            starts_on=date(2026, 3, 1), ends_on=date(2027, 3, 1), on=date(2026, 2, 20),
        )  # fmt: skip

        assert (agreement.organisation_id, renewal.organisation_id) == ("organisation-1", "organisation-2")
        assert [grade.area for grade in await bench.rows(YearlyGrade)] == ["320106001"]

    async def test_a_draft_of_another_agreement_is_dropped(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.grade(y2025=True)
        [agreement] = await bench.rows(Agreement)
        await jiangsu.renew(agreement, date(2026, 3, 1), date(2027, 3, 1))

        await transfer(bench)

        assert sorted(one.status for one in await bench.rows(Agreement)) == ["signed", "withdrawn"]

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            pytest.param({"organisation_id": "organisation-1"}, NowhereNew, id="where the worker is already"),
            pytest.param({"starts_on": date(2024, 2, 29)}, NoAgreementToCarry, id="before the agreement begins"),
            pytest.param({"starts_on": date(2026, 3, 1)}, NoAgreementToCarry, id="on the day after its end"),
            pytest.param({"organisation_id": "organisation-9"}, NotFound, id="to an organisation nobody knows"),
            pytest.param(
                {"actor": somebody(Role.LEAD_DEPARTMENT, area="3201", subject="chen")}, SamePerson, id="by oneself"
            ),
        ],
    )
    async def test_is_not_possible(self, bench: Bench, given: dict[str, Any], error: type[Exception]) -> None:
        assert f"{ISSUER}|chen" in {one.account for one in await bench.rows(Engagement)}

        with pytest.raises(error):
            await transfer(bench, **given)

        assert await bench.rows(Transfer) == []

    async def test_one_after_the_other(self, bench: Bench) -> None:
        await transfer(bench)

        with pytest.raises(TransferBeforeLast):
            await transfer(bench, organisation_id="organisation-1")
        await transfer(bench, organisation_id="organisation-1", starts_on=date(2024, 7, 2))

        assert len(await bench.rows(Transfer)) == 2

    async def test_not_while_an_exit_is_being_decided(self, jiangsu: Any, bench: Bench) -> None:
        await jiangsu.open_exit("breach_of_rules", on=date(2024, 6, 3), legal_ground="R-39-2")

        with pytest.raises(TransferDuringExit):
            await transfer(bench)
